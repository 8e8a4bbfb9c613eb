// The words of a text, in the forms in which they are searched and marked.

// Chinese, or a word or name of Latin and Greek letters: load_mnist, np.dot, mini-batch.
const RUN = /[\u3400-\u9fff]+|[\w\u00c0-\u024f\u0370-\u03ff]+(?:[.'’-]\w+)*/g;
const HAN = /^[\u3400-\u9fff]/;
const PART = /[._'’-]+|(?<=[a-z])(?=[A-Z])/;
// Of words in -al only those from -ion: convolutional, but not normal beside norm.
const ENDING = /(izations?|izing|ized?|ation(al(ly)?)?|ion(al(ly)?)?|ing|ed|ly|ive|able|or|er|e)$/;

const stems = new Map();

export function stem(word) {
  if (!stems.has(word)) stems.set(word, cut(word));
  return stems.get(word);
}

// English without its ending: what is left joins normalise, normalized, normalization.
function cut(word) {
  const bare = word.toLowerCase().replace(/['’]s$/, "").replace(/['’-]/g, "");
  if (!/^[a-z]{4,}$/.test(bare)) return bare;
  const one = bare
    .replace(/is(e[sd]?|ing|ations?|er)$/, "iz$1")
    .replace(/ies$/, "y")
    .replace(/(ss|sh|ch|x)es$/, "$1")
    .replace(/([^su])s$/, "$1");
  const rest = one.replace(ENDING, "");
  return rest.length > 3 ? rest : one;
}

// A name counts as a whole and by its parts, Chinese by pairs of letters; each form with
// its place in the text.
export function* forms(text) {
  for (const { 0: run, index } of text.matchAll(RUN)) {
    const end = index + run.length;
    if (!HAN.test(run)) {
      yield [stem(run), index, end];
      const parts = run.split(PART).filter(part => part.length > 1);
      if (parts.length > 1) for (const part of parts) yield [stem(part), index, end];
      continue;
    }
    if (run.length === 1) yield [run, index, end];
    for (let at = index; at + 1 < end; at++) yield [text.slice(at, at + 2), at, at + 2];
  }
}

const read = new Map();

// The same, of a text that is read again at each letter of a query.
function formsOf(text) {
  if (!read.has(text)) read.set(text, [...forms(text)]);
  return read.get(text);
}

// Where a text has the words of a query: whole Chinese words where it has those, otherwise
// the pairs that they share. `also` are other forms that were found for them.
export function places(text, query, also = []) {
  const wanted = new Set(also);
  for (const [form] of forms(query)) wanted.add(form);
  const found = [];
  for (const [run] of query.matchAll(/[\u3400-\u9fff]+/g)) {
    if (!text.includes(run)) continue;
    for (const { index } of text.matchAll(run)) found.push([index, index + run.length]);
    for (const [pair] of forms(run)) wanted.delete(pair);
    for (const form of also) if (form.startsWith(run)) wanted.delete(form);
  }
  for (const [form, start, end] of formsOf(text)) if (wanted.has(form)) found.push([start, end]);
  return joined(found.sort((a, b) => a[0] - b[0]));
}

function joined(found) {
  const all = [];
  for (const [start, end] of found)
    if (all.length && start <= all.at(-1)[1]) all.at(-1)[1] = Math.max(end, all.at(-1)[1]);
    else all.push([start, end]);
  return all;
}
