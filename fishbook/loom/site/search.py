"""What the search of an edition knows: a record for each section of each page.

A page's records depend on the page, the edition and the numbers that the book gives.
`theme/assets/find.js` searches them in the reader's browser.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import NotRequired, TypedDict

from fishbook.loom import blocks
from fishbook.loom.blocks import Block, Heading, Twins
from fishbook.loom.book import Book, label_of
from fishbook.loom.check.form import twins_of
from fishbook.loom.edition import WORDS, choose, language
from fishbook.loom.inline import linked, plain_text, words
from fishbook.loom.markdown import address
from fishbook.loom.names import light
from fishbook.loom.page import Page

# An emphasized word, and its English if that follows: *卷积*（convolution）.
EMPHASIS = re.compile(r"(?<!\*)\*([^*\n]{1,40})\*(?!\*)(?:（([A-Za-z][\w -]{1,39}))?")
DEFINED = re.compile(r"^(?:def|class) (\w+)|^([A-Z]\w+) = ", re.M)
NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
RAISED = re.compile(r"^\w+(?:Error|Warning)\b.*", re.M)
MARKS = re.compile(r"^(?:[-#>]|\d+\.) |\|?[ :|-]*\||</?[a-z][^>]*>", re.M)


class Record(TypedDict):
    """What a section is found by, and what is shown of it."""

    anchor: str
    """Empty where a page begins."""
    number: str
    exercise: NotRequired[str]
    """An exercise's number with its word: a section may have the same number."""
    title: str
    other: NotRequired[str]
    """What it is called in the language that the edition doesn't have."""
    terms: str
    """What the section explains: its emphasized words, the names that it defines."""
    text: str
    code: str
    labels: dict[str, str]
    """The numbers of its formulas and figures by their labels."""


def index(entries: Iterable[str]) -> str:
    """Return the index of an edition, made of the entries of its pages."""
    return f"{{{','.join(entries)}}}"


def entry(book: Book, page: Page, edition: str) -> str:
    """Return a page's address and its records as JSON."""
    found = {address(page): records(book, page, edition)}
    return json.dumps(found, ensure_ascii=False, separators=(",", ":"))[1:-1]


def records(book: Book, page: Page, edition: str) -> list[Record]:
    """Return a page's sections in order."""
    sections: list[tuple[Heading, list[Block]]] = []
    for block in page.blocks:
        if isinstance(block, Heading):
            sections.append((block, []))
        elif sections:
            sections[-1][1].append(block)
    return [_record(book, edition, *section) for section in sections]


def _record(book: Book, edition: str, heading: Heading, body: list[Block]) -> Record:
    texts = [choose(edition, text) for block in body for text in _texts(block)]
    code = [b.source for b in body if isinstance(b, blocks.Code) and not b.hidden]
    defined = ["".join(names) for part in code for names in DEFINED.findall(part)]
    found = [names for text in texts for names in EMPHASIS.findall(words(text))]
    named = [plain_text(name) for names in found for name in names if name]
    said = (plain_text(MARKS.sub(" ", linked(t, str, book.cited))) for t in texts)
    record: Record = {
        "anchor": "" if heading.level == 1 else heading.anchor,
        "number": book.number(heading.anchor),
        "title": plain_text(choose(edition, heading.title, "{zh} | {en}")),
        "terms": " · ".join(dict.fromkeys(defined + named)),
        "text": " ".join(" ".join(said).split()),
        "code": " ".join(dict.fromkeys(NAME.findall("\n".join(map(light, code))))),
        "labels": {label: book.number(label) for b in body if (label := label_of(b))},
    }
    if book.labels[heading.anchor].page.has_exercises and heading.level == 3:
        word = choose(language(edition), WORDS["exercise"])
        record["exercise"] = word.format(record["number"])
    if other := _other(edition, heading.title):
        record["other"] = other
    return record


def _other(edition: str, title: Twins) -> str:
    """Return a title in the language that the edition leaves out, if it has another."""
    left_out = {"zh": "en", "en": "zh"}.get(edition, edition)
    said, other = (plain_text(choose(e, title)) for e in (edition, left_out))
    return other if other != said else ""


def _texts(block: Block) -> Iterator[Twins]:
    yield from (said for name, said in twins_of(block) if name != "alternative text")
    match block:
        case blocks.Output():
            yield from (Twins(line, line) for line in RAISED.findall(block.text))
        case blocks.Fence():
            lines = "\n".join(block.raw.strip().split("\n")[1:-1])
            yield Twins(lines, lines)
        case blocks.Shared():
            yield Twins(block.raw, block.raw)
