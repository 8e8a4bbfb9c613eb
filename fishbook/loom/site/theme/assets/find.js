// Finds sections of this edition; loaded when the reader first uses the field.
import MiniSearch from "./minisearch.js";
import { besides, meant } from "./slips.js";
import { forms, places } from "./words.js";

const FIELDS = { title: 4, other: 3, terms: 3, text: 1, code: 0.7 };
const NUMBER = /^([^\d\s(]*?)\s*(\(?)((?:\d+|[A-Z])(?:[.。–-]\d+)*)\)?\s*[章节]?$/;
const KINDS = [
  ["eq", /^(公式|式|formula|equation|eqn?\.?)$/i],
  ["fig", /^(图|figure|fig\.?)$/i],
  ["exercise", /^(练习题?|习题|exercise|ex\.?)$/i],
  ["section", /^(第|章|节|附录|chapter|ch\.?|section|sec\.?|appendix|§)$/i],
];
const SHOWN = 20;
const HAN = /[\u3400-\u9fff]/;

const tokenize = text => Array.from(forms(text), ([form]) => form);
const flat = text => tokenize(text).join(" ");

export async function load(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return new Finder(await answer.json());
}

export class Finder {
  // `pages` are those of search.py: records of sections by the addresses of pages.
  constructor(pages) {
    const all = Object.entries(pages).flatMap(([address, sections]) =>
      sections.map(section => ({ ...section, address, page: sections[0].title })),
    );
    this.sections = all.map((section, id) => ({ ...section, id }));
    this.heads = this.sections.map(({ title, other }) =>
      [...title.split(" | "), ...(other ? [other] : [])].map(flat),
    );
    this.explained = this.sections.map(({ terms }) => terms.split(" · ").map(flat));
    // The forms that the book has, and how often: what is none of them may be a slip.
    this.known = new Map();
    const processTerm = form => this.known.set(form, (this.known.get(form) ?? 0) + 1) && form;
    this.engine = new MiniSearch({ fields: Object.keys(FIELDS), tokenize, processTerm });
    this.engine.addAll(this.sections);
  }

  // The best sections for a query: first those with just this number, this heading, or
  // this word among those that they explain.
  find(query) {
    const said = query.normalize("NFKC").trim();
    const text = meant(said, this.known);
    const numbered = this.numbered(said);
    const others = this.engine
      .search(text, {
        boost: FIELDS,
        tokenize: words => [...tokenize(words), ...besides(words, this.known)],
        processTerm: form => form,
        prefix: form => /^[a-z]\w|^[\u3400-\u9fff]$/.test(form),
        fuzzy: form => /^[a-z_]{4,}$/.test(form) && !this.known.has(form) && 0.2,
      })
      .map(({ id, terms }) => ({ section: this.sections[id], terms }))
      .filter(({ section }) => !numbered.some(one => one.section === section));
    const asked = [flat(text), flat(text.replace(/\s/g, ""))];
    const named = by => ({ section }) => by[section.id].some(name => asked.includes(name));
    const explained = firstThose(others, named(this.explained));
    const hits = [...numbered, ...firstThose(explained, named(this.heads))];
    return { count: hits.length, hits: hits.slice(0, SHOWN).map(hit => shown(hit, text)) };
  }

  // What has a number: `3.4`, `(3.21)`, `figure 3.22`, `fig3-22`, `练习 4.5`.
  numbered(text) {
    const [, word, bracket, number] = text.match(NUMBER) ?? [];
    const bare = bracket ? "eq" : "section";
    const kind = word ? KINDS.find(([, names]) => names.test(word))?.[0] : bare;
    if (!number || !kind) return [];
    const wanted = number.replace(/[。–-]/g, ".");
    const found = this.sections.flatMap(section =>
      Object.entries({ "": section.number, ...section.labels })
        .filter(([, own]) => own === wanted)
        .map(([label]) => ({ section, label })),
    );
    return firstThose(found, one => kindOf(one) === kind);
  }
}

function kindOf({ section, label }) {
  return label ? label.split("-")[0] : section.exercise ? "exercise" : "section";
}

function firstThose(all, wanted) {
  return [...all.filter(wanted), ...all.filter(one => !wanted(one))];
}

function shown({ section, label, terms }, query) {
  const anchor = label || section.anchor;
  const title = `${section.exercise ?? section.number} ${section.title.replace(" | ", " ")}`.trim();
  return {
    address: section.address + (anchor && `#${anchor}`),
    page: section.anchor && section.page.replace(" | ", " "),
    title: pieces(title, query, terms),
    excerpt: excerpt(section, query, terms),
  };
}

// A text in pieces: every second one is to be marked.
function pieces(text, query, terms) {
  const parts = [];
  let at = 0;
  for (const [start, end] of places(text, query, terms)) {
    parts.push(text.slice(at, start), text.slice(start, end));
    at = end;
  }
  return [...parts, text.slice(at)];
}

// The stretch of a section's text, or of its code, that has most of what was sought.
function excerpt(section, query, terms) {
  let text = section.text;
  let found = places(text, query, terms);
  const inCode = found.length ? [] : places(section.code, query, terms);
  if (inCode.length) [text, found] = [section.code, inCode];
  const length = HAN.test(text.slice(0, 99)) ? 90 : 180;
  let [best, most] = [0, 0];
  for (const [start] of found) {
    const near = found.filter(([a, b]) => a >= start && b <= start + length);
    const kinds = new Set(near.map(([a, b]) => text.slice(a, b).toLowerCase()));
    if (kinds.size > most) [best, most] = [start, kinds.size];
  }
  // Begin a few words before it, where a word begins.
  const near = Math.max(0, best - length / 4);
  const from = near && near + 1 + Math.max(-1, text.slice(near, best).search(/[\s，。；：、]/));
  const part = text.slice(from, from + length).trim();
  return pieces(`${from ? "…" : ""}${part}${from + length < text.length ? "…" : ""}`, query, terms);
}
