"""A page's lines to blocks: one walk, one reader a kind.

A reader takes the cursor at its block's first line and moves it past the last one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

from fishbook.loom import blocks
from fishbook.loom.blocks import Block, Twins, Within
from fishbook.loom.inline import split_twins

FENCE = re.compile(
    r"^(?P<indent>(?:[ \t>]|(?:[-*+]|\d+[.)])[ \t])*)"
    r"(?P<mark>~{3,}|`{3,}(?=[^`]*$))(?P<info>.*)$"
)
DIV = re.compile(r'^<div lang="(zh|en)" markdown>[ \t]*$')
END = re.compile(r"^</div>[ \t]*$")
ITEM = re.compile(r"^(\d+)\. (.*)$")
TITLE = re.compile(r'python title="([^"]*)"')
TAG = re.compile(r"\\tag\{([^}]*)\}")
SKIP = re.compile(
    r"^<!---? *(?P<word>skip|long): *next(?: +(?P<rule>.*?))? *-->[ \t]*$"
)
OUTPUT = re.compile(
    r"output(?P<raises> raises)?"
    r"(?: (?P<varies>varies)| within (?P<within>\d+(?:\.\d+)?%?))?"
)
FIGURE = re.compile(r'^!\[(.*)\]\(([^()\s]+)(?: "(.*)")?\)[ \t]*$')
SKIP_RULE = re.compile(
    r'(?:if\((?P<test>.+), *reason="(?P<why>[^"]+)"\)|"(?P<always>[^"]+)")'
)

Match: TypeAlias = re.Match[str]


class Cursor:
    """A page's lines, and how far they have been read."""

    def __init__(self, text: str) -> None:
        # Line feeds alone end a line: other marks may stand in words.
        self.raw = re.findall(r"[^\n]*\n|[^\n]+", text)
        self.at = 0
        self.marked = False
        """Whether the code just read has `# (1)!` marks, so that a list explains it."""

    @property
    def done(self) -> bool:
        """Whether all lines have been read."""
        return self.at >= len(self.raw)

    def line(self, ahead: int = 0) -> str:
        """Return a line without its end; nothing after the last one."""
        at = self.at + ahead
        return self.raw[at].removesuffix("\n") if at < len(self.raw) else ""

    def take(self, count: int) -> tuple[str, int]:
        """Move past some lines; return their text and the first one's number."""
        start = self.at
        self.at += count
        return "".join(self.raw[start : self.at]), start + 1

    def through(
        self, ends: Callable[[str], object], first: int = 1
    ) -> tuple[int, bool]:
        """Return the lines up to the first that ends the block, and if there is one."""
        left = len(self.raw) - self.at
        for count in range(first, left):
            if ends(self.line(count)):
                return count + 1, True
        return left, False


def scan(text: str) -> Iterator[Block]:
    """Yield a page's blocks; every line is in just one of them."""
    cursor = Cursor(text)
    while not cursor.done:
        block = read_block(cursor)
        if isinstance(block, blocks.Code):
            cursor.marked = bool(blocks.marks(block.source))
        elif not isinstance(block, blocks.Blank):
            cursor.marked = False
        yield block


def read_block(cursor: Cursor) -> Block:
    """Read the block that starts at the present line."""
    line = cursor.line()
    if cursor.marked and (match := ITEM.match(line)):
        return notes(cursor, match)
    for pattern, read in READERS:
        if match := pattern.match(line):
            return read(cursor, match)
    return shared(cursor)


def blank(cursor: Cursor, match: Match) -> Block:
    """Read empty lines."""
    count, ended = cursor.through(str.strip)
    return blocks.Blank(*cursor.take(count - ended))


def skip(cursor: Cursor, match: Match) -> Block:
    """Read what says that the next code is skipped, or that it runs long."""
    rule = SKIP_RULE.fullmatch(match["rule"] or "")
    test, reason = (rule["test"], rule["why"] or rule["always"]) if rule else ("", "")
    long = match["word"] == "long" and bool(rule or not match["rule"])
    return blocks.Skip(*cursor.take(1), test or "", reason, long)


def comment(cursor: Cursor, match: Match) -> Block:
    """Read an HTML comment."""
    count, closed = cursor.through(lambda line: "-->" in line, first=0)
    return blocks.Comment(*cursor.take(count), closed=closed)


def fence(cursor: Cursor, match: Match) -> Block:
    """Read a fence, and tell by its info line what kind it is."""
    count, closed = cursor.through(closing(match).match)
    raw, line = cursor.take(count)
    inside = raw.split("\n")[1 : count - 1 if closed else count]
    text = "\n".join(inside)
    info = match["info"].strip()
    if not match["indent"]:
        if info in {"python", "python hidden"}:
            return blocks.Code(raw, line, text, hidden=info != "python", closed=closed)
        if title := TITLE.fullmatch(info):
            return blocks.Code(raw, line, text, title[1], closed=closed)
        if marks := OUTPUT.fullmatch(info):
            varies, raises = bool(marks["varies"]), bool(marks["raises"])
            within = Within(marks["within"]) if marks["within"] else None
            return blocks.Output(raw, line, text, varies, within, raises, closed=closed)
    return blocks.Fence(raw, line, info, match["indent"], closed=closed)


def closing(fence: Match) -> re.Pattern[str]:
    """Return the pattern of the line that closes a fence."""
    before = r"[ \t>]*" if ">" in fence["indent"] else r"[ \t]*"
    mark = fence["mark"]
    return re.compile(rf"^{before}{re.escape(mark[0])}{{{len(mark)},}}[ \t]*$")


def prose(cursor: Cursor, match: Match) -> Block:
    """Read a language div, and its twin on the very next line."""
    count, closed = end_of_div(cursor)
    raw, line = cursor.take(count)
    twin = DIV.match(cursor.line())
    if not closed or match[1] != "zh" or not twin or twin[1] != "en":
        return blocks.Half(raw, line, match[1], inside_div(raw), closed=closed)
    count, closed = end_of_div(cursor)
    other, _ = cursor.take(count)
    text = Twins(inside_div(raw), inside_div(other))
    return blocks.Pair(raw + other, line, text, closed=closed)


def end_of_div(cursor: Cursor) -> tuple[int, bool]:
    """Return the lines up to a div's end; no fence or div inside ends it."""
    depth, close = 1, None
    for count in range(1, len(cursor.raw) - cursor.at):
        line = cursor.line(count)
        if close:
            close = None if close.match(line) else close
        elif found := FENCE.match(line):
            close = closing(found)
        elif DIV.match(line):
            return count, False
        elif line.startswith("<div"):
            depth += "</div>" not in line
        elif END.match(line):
            depth -= 1
            if not depth:
                return count + 1, True
    return len(cursor.raw) - cursor.at, False


def inside_div(raw: str) -> str:
    """Return what stands between the first and the last line of a div."""
    return raw.partition("\n")[2].removesuffix("\n").rpartition("\n")[0].strip("\n")


def details(cursor: Cursor, match: Match) -> Block:
    """Read the start of a folded part."""
    return blocks.DetailsOpen(*cursor.take(1), split_twins(match[1]))


def details_close(cursor: Cursor, match: Match) -> Block:
    """Read the end of a folded part."""
    return blocks.DetailsClose(*cursor.take(1))


def heading(cursor: Cursor, match: Match) -> Block:
    """Read a heading."""
    level, title, anchor = match.groups()
    return blocks.Heading(*cursor.take(1), len(level), split_twins(title), anchor or "")


def formula(cursor: Cursor, match: Match) -> Block:
    """Read a displayed formula, of one line or more."""
    line = cursor.line().rstrip()
    if len(line) > 4 and line.endswith("$$"):
        count, closed = 1, True
    else:
        count, closed = cursor.through(ends_formula)
        if not cursor.line(count - 1).rstrip().endswith("$$"):
            count, closed = 1, False
    raw, at = cursor.take(count)
    tag = TAG.search(raw)
    return blocks.Formula(raw, at, tag[1] if tag else "", closed=closed)


def ends_formula(line: str) -> bool:
    """Return whether a displayed formula can't go on after this line."""
    return line.rstrip().endswith("$$") or not line.strip() or bool(FENCE.match(line))


def figure(cursor: Cursor, match: Match, within: Within | None = None) -> Block:
    """Read a picture; where it has no caption of its own, the words serve twice."""
    alt, path, caption = match.groups()
    shown = split_twins(caption or alt)
    raw, line = cursor.take(2 if within else 1)
    return blocks.Figure(raw, line, split_twins(alt), shown, path, within)


def within_axes(cursor: Cursor, match: Match) -> Block:
    """Read how far a picture may shift, and the picture on the very next line."""
    picture = FIGURE.match(cursor.line(1))
    if not picture:
        return comment(cursor, match)
    return figure(cursor, picture, Within(match[1]))


def notes(cursor: Cursor, match: Match) -> Block:
    """Read the list that explains a block's marks."""
    count, ended = cursor.through(lambda line: not ITEM.match(line))
    raw, line = cursor.take(count - ended)
    items = [found for row in raw.split("\n") if (found := ITEM.match(row))]
    numbers = tuple(int(item[1]) for item in items)
    twins = tuple(split_twins(item[2]) for item in items)
    return blocks.Annotations(raw, line, numbers, twins)


def shared(cursor: Cursor) -> Block:
    """Read lines up to a blank one or the start of another block."""
    count, ended = cursor.through(
        lambda line: any(pattern.match(line) for pattern, _ in READERS)
    )
    return blocks.Shared(*cursor.take(count - ended))


READERS: tuple[tuple[re.Pattern[str], Callable[[Cursor, Match], Block]], ...] = (
    (re.compile(r"^\s*$"), blank),
    (SKIP, skip),
    (
        re.compile(r"^<!---? *within (\d+(?:\.\d+)?%) of the axes *-->[ \t]*$"),
        within_axes,
    ),
    (re.compile(r"^ {0,3}<!--"), comment),
    (FENCE, fence),
    (DIV, prose),
    (re.compile(r"^<details markdown><summary>(.*)</summary>[ \t]*$"), details),
    (re.compile(r"^</details>[ \t]*$"), details_close),
    (re.compile(r"^(#{1,6})[ \t]+(.*?)(?:[ \t]+\{#([^\s{}]+)\})?[ \t]*$"), heading),
    (re.compile(r"^\$\$"), formula),
    (FIGURE, figure),
)
"""Tried in this order at a line where a block starts."""
