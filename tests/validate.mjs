// Reads `{address: HTML}` from its input; prints what is wrong with each page.
import { readFileSync } from "node:fs";
import { HtmlValidate, StaticConfigLoader } from "html-validate/node";

const rules = {
  "valid-id": ["error", { relaxed: true }], // the theme's own begin with "__"
  "unique-landmark": "off", // the theme's navigation holds navigations
  "wcag/h32": "off", // a search that answers at each letter has nothing to submit
  "wcag/h63": "off", // Markdown says no scope; a header's cell is over its column
  "doctype-style": "off",
  "long-title": "off", // two languages in one title are long
  "no-trailing-whitespace": "off",
};
const validator = new HtmlValidate(new StaticConfigLoader({
  root: true,
  extends: ["html-validate:standard", "html-validate:recommended"],
  rules,
}));
for (const [name, html] of Object.entries(JSON.parse(readFileSync(0, "utf8")))) {
  const { results } = await validator.validateString(html, name);
  for (const { line, column, ruleId, message, selector } of results.flatMap(r => r.messages)) {
    console.log(`${name}:${line}:${column}: ${ruleId}: ${message} at ${selector}`);
  }
}
