// Renders formulas: an array of [TeX, displayed] a line comes in, an array of {html} or {error} goes out.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const { default: katex } = await import(pathToFileURL(process.argv[2]));

function render([tex, displayMode]) {
  try {
    const options = { displayMode, output: "htmlAndMathml", strict: "error" };
    return { html: katex.renderToString(tex, options) };
  } catch (error) {
    return { error: error.message };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(JSON.parse(line).map(render)) + "\n");
}
