"""The form of a page's blocks: what is left open, astray, or written otherwise."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from keyword import iskeyword
from pathlib import PurePosixPath
from typing import TypeAlias
from unicodedata import normalize

from fishbook.loom import blocks
from fishbook.loom.blocks import Block, Twins
from fishbook.loom.inline import Span, spans
from fishbook.loom.page import Page
from fishbook.loom.problem import Problem

Rule: TypeAlias = Callable[[Page], Iterator[Problem]]

SHARE = "<!--- within 2% of the axes -->"
ALMOST = re.compile(r"invisible-code| (?:skip|long):|\bwithin\b.*\baxes\b")
ANCHOR = re.compile(r"[a-z0-9-]+")
SVG = re.compile(r"figures/[\w-]+\.svg")


def problem(page: Page, block: Block | int, what: str, fix: str) -> Problem:
    """Return a problem at a block, or at a line, of a page."""
    line = block if isinstance(block, int) else block.line
    return Problem(page.path, line, what, fix)


def open_blocks(page: Page) -> Iterator[Problem]:
    """Every block that has an end reaches it."""
    ends: dict[type[Block], tuple[str, str]] = {
        blocks.Comment: ("comment", "add -->"),
        blocks.Formula: ("formula", "add a line with $$"),
        blocks.Pair: ("pair's English div", "add </div> at column 0"),
        blocks.Half: ("div", "add </div> at column 0"),
    }
    for block in page.blocks:
        if not block.closed:
            name, fix = ends.get(type(block), ("fence", "add a line with ```"))
            yield problem(page, block, f"this {name} is never closed", fix)


def halves(page: Page) -> Iterator[Problem]:
    """Each zh div is followed at once by its en twin."""
    language = {"zh": "Chinese", "en": "English"}
    for block in page.blocks:
        if isinstance(block, blocks.Half) and block.closed:
            other = "en" if block.lang == "zh" else "zh"
            where = "right after" if other == "en" else "right before"
            what = f"this {language[block.lang]} div has no {language[other]} twin"
            fix = f'put <div lang="{other}" markdown> {where} it, with no blank line'
            yield problem(page, block, what, f"{fix} between")


def lines_for_both(page: Page) -> Iterator[Problem]:
    """Headings, captions, summaries and annotations are for both languages."""
    for block in page.blocks:
        for name, twins in twins_of(block):
            if name != "prose" and not (twins.en and twins.zh):
                what = f"this {name} is not for both languages"
                yield problem(page, block, what, "write 中文 | English")


def twins_of(block: Block) -> Iterator[tuple[str, Twins]]:
    """Yield the words of a block that stand in both languages, each with its name."""
    match block:
        case blocks.Pair():
            yield "prose", block.text
        case blocks.Heading():
            yield "heading", block.title
        case blocks.Figure():
            yield "alternative text", block.alt
            yield "caption", block.caption
        case blocks.DetailsOpen():
            yield "summary", block.summary
        case blocks.Annotations():
            yield from (("annotation", item) for item in block.items)


def texts(block: Block) -> Iterator[str]:
    """Yield the words of a block, which may hold links."""
    if isinstance(block, blocks.Shared):
        yield block.raw
    for _, twins in twins_of(block):
        yield from twins


def spans_of(page: Page) -> Iterator[tuple[Block, Span]]:
    """Yield the code, formulas and links in a page's words, each with its block."""
    for block in page.blocks:
        for text in texts(block):
            yield from ((block, span) for span in spans(text))


def anchors(page: Page) -> Iterator[Problem]:
    """Each heading has an anchor, each numbered formula a label."""
    for block in page.headings:
        if not block.anchor:
            what, fix = "this heading has no anchor", "end it with {#anchor}"
            yield problem(page, block, what, fix)
        elif not ANCHOR.fullmatch(block.anchor):
            what = f"the anchor {{#{block.anchor}}} is not of a-z, 0-9 and -"
            yield problem(page, block, what, "write it so: it serves both languages")
    for formula in page.all(blocks.Formula):
        if formula.label and not re.fullmatch(r"eq-[a-z0-9-]+", formula.label):
            what = f"the formula's tag {formula.label!r} is no label"
            yield problem(page, formula, what, r"write \tag{eq-name}")


def bad_target(target: str) -> str:
    """Say what is wrong with a chunk's title, or nothing."""
    if not target:
        return ""
    path = PurePosixPath(target)
    if "\\" in target or ":" in target or path.is_absolute() or ".." in path.parts:
        return f"title {target!r} points outside fishbook/"
    if path.parts[:1] != ("fishbook",) or len(path.parts) < 2:
        return f"title {target!r} is not under fishbook/"
    parts = [*path.parts[1:-1], path.name.removesuffix(".py")]
    named = all(part.isidentifier() and not iskeyword(part) for part in parts)
    if path.suffix != ".py" or not named:
        return f"title {target!r} is not a Python module's path"
    if (plain := normalize("NFKC", str(path))) != target:
        return f"title {target!r} is not written plainly as {plain!r}"
    return ""


def titles(page: Page) -> Iterator[Problem]:
    """The title of a chunk is the path of a module in the package."""
    for block in page.all(blocks.Code):
        if wrong := bad_target(block.target):
            yield problem(page, block, wrong, 'write title="fishbook/NAME.py"')


def strays(page: Page) -> Iterator[Problem]:
    """What belongs to code stands beside code."""
    owned: set[Block | None] = set()
    for cell in page.cells:
        owned |= {cell.skip, cell.annotations, cell.output, cell.figure}
    advice: dict[type[Block], tuple[str, str]] = {
        blocks.Output: ("output follows", "after the python fence that prints it"),
        blocks.Figure: ("figure follows", "after the python fence that draws it"),
        blocks.Skip: ("skip precedes", "before the python fence to be skipped"),
    }
    for block in page.blocks:
        if type(block) in advice and block not in owned:
            what, place = advice[type(block)]
            yield problem(page, block, f"this {what} no code", f"put it right {place}")


def notes(page: Page) -> Iterator[Problem]:
    """Each mark in a block of code has its line in the list under it, in order."""
    for cell in page.cells:
        marks = sorted(set(blocks.marks(cell.code.source)))
        listed = list(cell.annotations.numbers) if cell.annotations else []
        if marks and not listed:
            fix = "put a list right after it: 1. 中文 | English"
            yield problem(page, cell.code, "nothing explains this block's marks", fix)
        elif not listed == marks == list(range(1, len(marks) + 1)):
            what = f"annotations {listed}, marks {marks}"
            fix = "give each # (1)! mark one line of the list, in order from 1"
            yield problem(page, cell.annotations or cell.code, what, fix)


def folds(page: Page) -> Iterator[Problem]:
    """Folded parts begin and end."""
    begun: list[Block] = []
    for block in page.blocks:
        if isinstance(block, blocks.DetailsOpen):
            begun.append(block)
        elif isinstance(block, blocks.DetailsClose) and begun:
            begun.pop()
        elif isinstance(block, blocks.DetailsClose):
            fix = "write <details markdown><summary>中文 | English</summary>"
            yield problem(page, block, "</details> without its start", fix)
    for block in begun:
        yield problem(page, block, "this <details> is never closed", "add </details>")


def comments(page: Page) -> Iterator[Problem]:
    """No comment is almost an instruction, or hides words; each skip has a reason."""
    form = '<!--- skip: next if(TEST, reason="WHY") -->'
    for skip in page.all(blocks.Skip):
        if not (skip.reason or skip.long):
            fix = f"write {form}, or <!--- long: next -->"
            yield problem(page, skip, "this skip gives no reason", fix)
    for block in page.all(blocks.Comment):
        if ALMOST.search(block.raw):
            fix = f"write a `python hidden` fence, {form}, or {SHARE} over a figure"
            yield problem(page, block, "this comment is almost code", fix)
        elif block.raw.partition("-->")[2].strip():
            what = "what follows this comment on its line is not shown"
            yield problem(page, block, what, "give it a line of its own")


def pictures(page: Page) -> Iterator[Problem]:
    """A figure is an SVG in the chapter's figures/; its alternative text has no TeX."""
    for block in page.all(blocks.Figure):
        if not SVG.fullmatch(block.path):
            what = f"{block.path} is no picture of the book"
            yield problem(page, block, what, "write figures/NAME.svg")
        if any(span.kind == "formula" for span in spans(" ".join(block.alt))):
            what = "an alternative text is heard: this one has a formula"
            fix = 'say it in words: ![words | words](figures/NAME.svg "caption")'
            yield problem(page, block, what, fix)


def chunks(page: Page) -> Iterator[Problem]:
    """A chunk continues something or begins; a lab adds nothing to the package."""
    for definition in page.definitions:
        first = definition.parts[0]
        if first.continues:
            what = "this chunk begins indented but continues nothing"
            fix = "put it after the chunk it continues, on the same page"
            yield problem(page, first, what, fix)
        if page.is_lab:
            what = "a lab adds nothing to the package"
            fix = "take the title away, or move the block to a page"
            yield problem(page, first, what, fix)


RULES: tuple[Rule, ...] = (
    open_blocks,
    halves,
    lines_for_both,
    anchors,
    titles,
    strays,
    notes,
    folds,
    comments,
    pictures,
    chunks,
)
