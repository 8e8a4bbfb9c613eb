"""The kinds of block that a page is made of.

A block keeps its raw lines, so that joining the blocks gives the page back to the byte.
It says what stands there, right or wrong: `check` says what is wrong.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from tokenize import COMMENT, TokenError, generate_tokens
from typing import NamedTuple

MARKER = re.compile(r"[ \t]*#[ \t]*\((\d+)\)![ \t]*$")
"""The mark `# (1)!` at the end of a line of code, which an annotation explains."""


class Twins(NamedTuple):
    """The same words in Chinese and English; `en` is empty where there is no twin."""

    zh: str
    en: str


@dataclass(frozen=True)
class Block:
    """A run of lines of one kind; `line` is the first one's number, from 1."""

    raw: str
    line: int
    closed: bool = field(default=True, kw_only=True)
    """Whether the line that has to end this block is there."""


@dataclass(frozen=True)
class Blank(Block):
    """Empty lines."""


@dataclass(frozen=True)
class Comment(Block):
    """An HTML comment: kept, never shown."""


@dataclass(frozen=True)
class Shared(Block):
    """Markdown for every edition that is no other block: a table of numbers, say."""


@dataclass(frozen=True)
class Pair(Block):
    """Prose: a zh div and, on the very next line, its en twin."""

    text: Twins


@dataclass(frozen=True)
class Half(Block):
    """A language div without its twin: always a mistake."""

    lang: str
    text: str


@dataclass(frozen=True)
class Heading(Block):
    """A heading for both languages, and its anchor."""

    level: int
    title: Twins
    anchor: str


@dataclass(frozen=True)
class Formula(Block):
    r"""A displayed formula with its `$$`; `label` is what its `\tag` holds."""

    label: str


@dataclass(frozen=True)
class Fence(Block):
    """A fence that is shown and never run; `indent` is what stands before its mark."""

    info: str
    indent: str


@dataclass(frozen=True)
class Code(Block):
    """Python that is run: a chunk (`target` is its file), an example, hidden code."""

    source: str
    target: str = ""
    hidden: bool = False

    @property
    def first_line(self) -> int:
        """The number of the first line inside the fence."""
        return self.line + 1

    @property
    def continues(self) -> bool:
        """Whether this chunk continues the definition before it."""
        first = next((s for s in self.source.split("\n") if s.strip()), "")
        return bool(self.target) and first[:1] in {" ", "\t"}


@dataclass(frozen=True)
class Within:
    """How far a result of training may be off: `0.01`, or a share, `2%`."""

    text: str

    @property
    def is_share(self) -> bool:
        """Whether this is a share: of each number, or of the axes."""
        return self.text.endswith("%")

    @property
    def amount(self) -> Decimal:
        """The amount, or the share: 0.02 for `2%`."""
        return Decimal(self.text.rstrip("%")) / (100 if self.is_share else 1)


@dataclass(frozen=True)
class Output(Block):
    """What the code above prints; `varies` where its numbers are timings.

    With `raises`, the code ends in an exception, whose last lines end the text.
    """

    text: str
    varies: bool = False
    within: Within | None = None
    raises: bool = False

    @property
    def info(self) -> str:
        """What stands after the mark of its fence."""
        within = f" within {self.within.text}" if self.within else ""
        return f"output{' raises' * self.raises}{' varies' * self.varies}{within}"


@dataclass(frozen=True)
class Annotations(Block):
    """The list under a block that explains its `# (1)!` marks."""

    numbers: tuple[int, ...]
    items: tuple[Twins, ...]


@dataclass(frozen=True)
class Figure(Block):
    """A picture drawn by the code above: what it shows, and what to see in it."""

    alt: Twins
    caption: Twins
    path: str
    within: Within | None = None
    """How far what is inside its axes may shift, as a share of them."""


@dataclass(frozen=True)
class DetailsOpen(Block):
    """The start of a folded part."""

    summary: Twins


@dataclass(frozen=True)
class DetailsClose(Block):
    """The end of a folded part."""


@dataclass(frozen=True)
class Skip(Block):
    """The next code is skipped, always or where `test` is true, for a reason.

    If it is `long`, it is skipped unless long code is asked for.
    """

    test: str
    reason: str
    long: bool = False


@dataclass(frozen=True)
class Cell:
    """Code with what belongs to it: a reason to skip, annotations, output, figure."""

    code: Code
    skip: Skip | None = None
    annotations: Annotations | None = None
    output: Output | None = None
    figure: Figure | None = None


def marks(source: str) -> list[int]:
    """Return the numbers of code's `# (1)!` marks, in order of their lines."""
    lines = source.split("\n")
    found = (MARKER.search(lines[row]) for row in _marked_rows(source))
    return [int(match[1]) for match in found if match]


def marked_as(source: str, mark: str) -> str:
    r"""Return code with its `# (1)!` marks written otherwise, as `\1` or not at all."""
    lines = source.split("\n")
    for row in _marked_rows(source):
        lines[row] = MARKER.sub(mark, lines[row])
    return "\n".join(lines)


@lru_cache(maxsize=16384)
def _marked_rows(source: str) -> list[int]:
    """Return the lines that end with a mark; in a string is none."""
    rows = [row for row, line in enumerate(source.split("\n")) if MARKER.search(line)]
    if not rows:  # as mostly: Python's own reader takes its time
        return rows
    try:
        tokens = list(generate_tokens(io.StringIO(source).readline))
    except (TokenError, SyntaxError):
        return rows
    comments = {token.start[0] - 1 for token in tokens if token.type == COMMENT}
    return [row for row in rows if row in comments]


def fenced(info: str, text: str) -> str:
    """Return a fence around a text, of a mark that stands nowhere in it."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    mark = "`" * max(3, longest + 1)
    return f"{mark}{info}\n{text}\n{mark}\n"
