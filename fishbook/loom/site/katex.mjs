// Renders formulas: [TeX, displayed] pairs come in as JSON, {html} or {error} go out.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { default: katex } = await import(pathToFileURL(process.argv[2]));

// A cell of MathML has no width of its own. And KaTeX writes <mi><munder>…</munder></mi> for \underset, but a token of MathML holds text
// alone: where it holds elements, it becomes a row.
function validMathml(html) {
  const open = [];
  return html.replaceAll('<mtd width="50%">', "<mtd>").replace(/<(\/?)(mi|mo|mn|mtext)\b([^>]*)>(?=(<(?!\/))?)/g, (tag, end, name, attributes, nested) => {
    if (!end) open.push(nested ? "mrow" : name);
    const kept = end ? open.pop() : open.at(-1);
    return kept === name ? tag : `<${end}${kept}>`;
  });
}

function render([tex, displayMode]) {
  try {
    const options = { displayMode, output: "htmlAndMathml", strict: "error" };
    return { html: validMathml(katex.renderToString(tex, options)) };
  } catch (error) {
    return { error: error.message };
  }
}

process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, "utf-8")).map(render)));
