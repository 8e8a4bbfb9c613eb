"""The two languages: the same facts in both, and no words outside them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fishbook.loom.blocks import DetailsOpen, Heading, Pair, Shared
from fishbook.loom.check.form import Rule, problem, spans_of, texts, twins_of
from fishbook.loom.inline import SPAN, facts, spans, tokens, words
from fishbook.loom.page import Page
from fishbook.loom.problem import Problem

CHINESE = re.compile(r"[\u3400-\u9fff\uff00-\uffef\u3000-\u303f]")
TAG_WHOLE = re.compile(r"</?[A-Za-z][^<>]*>|<!--.*?-->", re.S)
TAG = re.compile(r"<([A-Za-z][\w-]*)([^>]*)")
TAGS = {"br", "div", "draw-digit", "kbd", "noscript", "optimizer-paths", "p"}
TAGS |= {"span", "sub", "sup", "window-rows", "window-sum"}
ANCHOR = re.compile(r"\b(?:id|name)\s*=", re.I)
LOST = {
    "heading_open": (
        "a heading stands in a language div",
        "move it out, for both languages: ## 中文 | English {#anchor}",
    ),
    "image": (
        "a picture stands among words",
        "let a block draw it, and give it a line of its own",
    ),
    "reference": ("a link's goal stands apart from it", "write [words](#label)"),
}
BEGINS = {"bullet_list_open", "ordered_list_open", "table_open"}
BAR = re.compile(r"(?<!\\)\|")
QUOTED = re.compile(r'"[^"]*"|“[^”]*”')
GOAL = re.compile(r"\]\([^()]*\)")
ANY = re.compile(r"\S")
WORD = re.compile(r"[^\W\d_]")
REFERENCE = re.compile(r"(?<![A-Za-z0-9_)\]])\[[^\[\]]+\]\[[^\[\]]*\]")
FOOTNOTE = re.compile(r"\[\^[^\]\s]+\]")
BRACES = re.compile(r"\{:?[^{}]*#[\w-]+[^{}]*\}")
BY_HAND = "an anchor is set by hand", "link to a heading, formula or figure"


def same_facts(page: Page) -> Iterator[Problem]:
    """Twins have the same formulas, inline code, links, numbers and parts in them."""
    for block in page.blocks:
        for _, twins in twins_of(block):
            if not all(twins):
                continue
            zh, en = map(facts, twins)
            for kind in (kind for kind in zh if zh[kind] != en[kind]):
                only_zh = sorted((zh[kind] - en[kind]).elements())
                only_en = sorted((en[kind] - zh[kind]).elements())
                what = (
                    f"{kind} differ between the twins:"
                    f" only zh {only_zh or 'none'}, only en {only_en or 'none'}"
                )
                yield problem(page, block, what, "say the same in both")


def own_language(page: Page) -> Iterator[Problem]:
    """What stands for Chinese is Chinese, and English holds it only as a quotation."""
    for block in page.blocks:
        for name, twins in twins_of(block):
            zh, en = map(_said, twins)
            if CHINESE.search(en):
                what = f"the English {name} holds Chinese"
                yield problem(page, block, what, 'say it in English, or "quote" it')
            elif en and zh != en and WORD.search(zh) and not CHINESE.search(zh):
                what = f"the Chinese {name} holds no Chinese"
                yield problem(page, block, what, "say it in Chinese")


def _said(text: str) -> str:
    """Return a text's own words: no code, no quotation, no goals of links."""
    return QUOTED.sub("", GOAL.sub("]", words(text)))


def no_empty_pairs(page: Page) -> Iterator[Problem]:
    """A pair says something, in both languages."""
    for block in page.all(Pair):
        if not all(block.text):
            what, fix = "this div is empty", "write it, or delete both"
            yield problem(page, block, what, fix)


def no_loose_words(page: Page) -> Iterator[Problem]:
    """Words stand in language divs; outside are tables of numbers, and HTML."""
    for block in page.all(Shared):
        bare = TAG_WHOLE.sub("", words(block.raw))
        own = {"|": CHINESE, "<": WORD}.get(block.raw.lstrip()[0], ANY)
        if own.search(bare):
            what = "words outside a language div"
            yield problem(page, block, what, "put them in a zh div and its en twin")


def plain_titles(page: Page) -> Iterator[Problem]:
    """Headings and summaries are words and code: lists of pages show them too."""
    for block in page.blocks:
        if isinstance(block, Heading | DetailsOpen):
            for text in texts(block):
                if {span.kind for span in spans(text)} - {"code"}:
                    what = "a formula or a link stands in a heading or summary"
                    yield problem(page, block, what, "move it into the prose")


def known_markdown(page: Page) -> Iterator[Problem]:
    """Words hold no Markdown or HTML that an edition would lose, or show as it is."""
    for block in page.blocks:
        for text in texts(block):
            for token in tokens(text):
                if wrong := LOST.get(token.type) or _raw(token.type, token.content):
                    yield problem(page, block, *wrong)
            for wrong in _read_otherwise(text):
                yield problem(page, block, *wrong)
            if _lost_links(text):
                what = "a link here is none that the book can follow"
                yield problem(page, block, what, "write [words](#label)")
    for block, span in spans_of(page):
        if isinstance(block, Pair) and span.text.startswith("$$"):
            what = "a displayed formula stands in a language div"
            yield problem(page, block, what, "move it out: both languages share it")


def _read_otherwise(text: str) -> Iterator[tuple[str, str]]:
    """Yield what the site's Markdown shows as it is written, or leaves out."""
    rows = SPAN.sub(lambda m: "\n" * m[0].count("\n"), text).split("\n")
    for token in tokens(text):
        first, end = token.map or (0, 0)
        begins = token.type in BEGINS and first and not token.level
        if begins and rows[first - 1].strip():
            what = "a list or table right after words is shown as it is written"
            yield what, "put a blank line before it"
        if token.type == "ordered_list_open" and token.markup == ")":
            yield "a list of 1) and 2) is shown as it is written", "write 1. and 2."
        cells = {len(BAR.findall(_cells(row))) for row in rows[first:end]}
        if token.type == "table_open" and len(cells) > 1:
            what = "a row of this table has not as many cells as its head"
            yield what, "what is beyond is left out: give each as many"


def _cells(row: str) -> str:
    return row.strip().removeprefix("|").removesuffix("|")


def _lost_links(text: str) -> bool:
    """Whether another parser finds other links in a text than the weave does."""
    kinds = [token.type for token in tokens(text) if token.markup != "autolink"]
    ours = sum(span.kind in {"link", "number"} for span in spans(text))
    theirs = kinds.count("link_open") + kinds.count("image")
    return ours != theirs and "reference" not in kinds


def _raw(kind: str, text: str) -> tuple[str, str] | None:
    """Say what some edition would show as it is written, or nothing."""
    if kind == "text" and FOOTNOTE.search(text):
        return "the book has no footnotes", "say it in the text"
    if kind == "text" and BRACES.search(text):
        return BY_HAND
    if kind == "text" and REFERENCE.search(text):
        return LOST["reference"]
    if kind not in {"html_inline", "html_block"}:
        return None
    if text.startswith("<!--") and text.partition("-->")[2].strip():
        what = "what follows this comment on its line is not shown"
        return what, "give it a line of its own"
    for tag in TAG.finditer(re.sub("<!--.*?-->", "", text, flags=re.S)):
        if tag[1].lower() not in TAGS:
            return f"the book knows no <{tag[1]}>", "say it in Markdown"
        if ANCHOR.search(tag[2]):
            return BY_HAND
    return None


RULES: tuple[Rule, ...] = (
    same_facts,
    own_language,
    no_empty_pairs,
    no_loose_words,
    plain_titles,
    known_markdown,
)
