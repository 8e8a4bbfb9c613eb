// What a reader may have meant: wrong letters, words taken apart or written as one.
import { stem } from "./words.js";

const HAN = /[\u3400-\u9fff]{2,}/g;
const WORD = /(?<![\w.-])[a-z]{4,}(?![\w.-])/gi;

// The query without its slips. `known` are the book's forms, and how often it has each.
export function meant(text, known) {
  return text
    .replace(WORD, word => (!begins(word, known) && swapped(word, known)) || word)
    .replace(HAN, word => mended(word, known));
}

// Forms to look for besides: words that stand apart and may be one, such as back
// propagation, and the other way round, such as batchnorm.
export function besides(text, known) {
  const pairs = text.matchAll(/([a-z]+)\s+(?=([a-z]+))/gi);
  const joined = Array.from(pairs, ([, one, next]) => stem(one + next));
  const words = (text.match(WORD) ?? []).filter(word => !begins(word, known));
  return [...joined.filter(form => known.has(form)), ...words.flatMap(word => apart(word, known))];
}

// Whether the book has a word, or one that begins like it: the reader may still be typing.
function begins(word, known) {
  const form = stem(word);
  if (known.has(form)) return true;
  for (const one of known.keys()) if (one.startsWith(form)) return true;
  return false;
}

// Two letters in the wrong order: adma.
function swapped(word, known) {
  for (let at = 0; at + 1 < word.length; at++) {
    const other = word.slice(0, at) + word[at + 1] + word[at] + word.slice(at + 2);
    if (known.has(stem(other))) return other;
  }
}

function apart(word, known) {
  for (let at = word.length - 3; at >= 3; at--) {
    const parts = [word.slice(0, at), word.slice(at)].map(stem);
    if (parts.every(part => known.has(part))) return parts;
  }
  return [];
}

// A Chinese word with one character wrong: no pair with it occurs, and with another one
// all do. Of several that which mends most, then the book's most common.
function mended(word, known) {
  const often = (text, at) => known.get(text.slice(at, at + 2)) ?? 0;
  let [best, most, mends] = [word, 0, 0];
  for (let at = 0; at < word.length; at++) {
    const pairs = [at - 1, at].filter(start => start >= 0 && start + 1 < word.length);
    if (pairs.length < mends || pairs.some(start => often(word, start))) continue;
    for (const character of characters(known)) {
      const other = word.slice(0, at) + character + word.slice(at + 1);
      const least = Math.min(...pairs.map(start => often(other, start)));
      if (least && (pairs.length > mends || least > most))
        [best, most, mends] = [other, least, pairs.length];
    }
  }
  return best;
}

const all = new WeakMap();

// The Chinese characters of the book.
function characters(known) {
  if (!all.has(known)) {
    const pairs = [...known.keys()].filter(form => /^[\u3400-\u9fff]{2}$/.test(form));
    all.set(known, new Set(pairs.join("")));
  }
  return all.get(known);
}
