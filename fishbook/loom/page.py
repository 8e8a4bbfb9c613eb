"""One Markdown file of the book: its blocks, its cells, its text back to the byte."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import PurePosixPath
from typing import TypeVar

from fishbook.loom import blocks
from fishbook.loom.blocks import Block, Cell, Code, Heading, Twins
from fishbook.loom.scan import scan

Kind = TypeVar("Kind", bound=Block)


@dataclass(frozen=True)
class Definition:
    """A chunk with the chunks that continue it: one piece of one file."""

    target: str
    parts: tuple[Code, ...]

    @cached_property
    def source(self) -> str:
        """The parts' code, each line at its line number in the page."""
        lines: list[str] = []
        for part in self.parts:
            lines += [""] * (part.first_line - 1 - len(lines))
            lines += part.source.split("\n")
        return "\n".join(lines)


@dataclass(frozen=True, eq=False)
class Page:
    """One page. The same text at the same path is the same page: see `parse`."""

    path: PurePosixPath
    """Where it stands in the book: `docs/02-neural-network/02-arrays.md`."""
    blocks: tuple[Block, ...]

    @cached_property
    def text(self) -> str:
        return "".join(block.raw for block in self.blocks)

    @cached_property
    def name(self) -> str:
        """The path in `docs/` without its ending."""
        return self.path.relative_to("docs").with_suffix("").as_posix()

    @property
    def chapter(self) -> str:
        """The chapter's folder; nothing for a page that stands in no chapter."""
        return self.name.rpartition("/")[0]

    @property
    def opens(self) -> bool:
        """Whether this is the first page of a chapter, or of the book."""
        return self.path.stem == "index"

    @property
    def is_lab(self) -> bool:
        """Whether this is a lab, which the site shows as a notebook."""
        return self.path.stem.startswith("lab-")

    @property
    def has_exercises(self) -> bool:
        """Whether the third-level headings of this page are exercises."""
        return self.path.stem.endswith("exercises")

    def all(self, kind: type[Kind]) -> list[Kind]:
        return [block for block in self.blocks if isinstance(block, kind)]

    @cached_property
    def headings(self) -> list[Heading]:
        return self.all(Heading)

    @property
    def title(self) -> Twins:
        return self.headings[0].title if self.headings else Twins(self.name, self.name)

    @property
    def anchor(self) -> str:
        """The first heading's anchor, which leads to the whole page."""
        return self.headings[0].anchor if self.headings else ""

    @cached_property
    def cells(self) -> list[Cell]:
        """The code in order, each with what belongs to it."""
        shown = [b for b in self.blocks if not isinstance(b, blocks.Blank)]
        return list(_cells(shown))

    @cached_property
    def definitions(self) -> list[Definition]:
        """The chunks, each with those that continue it."""
        found: list[Definition] = []
        for code in (cell.code for cell in self.cells if cell.code.target):
            last = next((d for d in found[::-1] if d.target == code.target), None)
            if code.continues and last:
                parts = (*last.parts, code)
                found[found.index(last)] = Definition(code.target, parts)
            else:
                found.append(Definition(code.target, (code,)))
        return found

    def upto(self, code: Code) -> Definition:
        found = (d.parts for d in self.definitions if code in d.parts)
        parts = next(found, (code,))
        return Definition(code.target, parts[: parts.index(code) + 1])

    def source(self, code: Code) -> str:
        """Return code at its lines, with what it continues before it."""
        return self.upto(code).source


@lru_cache(maxsize=4096)
def parse(text: str, path: PurePosixPath) -> Page:
    """Return the page of a text; nothing is too wrong to be parsed."""
    return Page(path, tuple(scan(text)))


def _cells(shown: list[Block]) -> Iterator[Cell]:
    for i, code in enumerate(shown):
        if not isinstance(code, Code):
            continue
        before = shown[i - 1] if i else None
        after = iter([*shown[i + 1 : i + 4], None, None, None])
        block = next(after)
        annotations = output = figure = None
        if isinstance(block, blocks.Annotations):
            annotations, block = block, next(after)
        if isinstance(block, blocks.Output):
            output, block = block, next(after)
        if isinstance(block, blocks.Figure):
            figure = block
        skip = before if isinstance(before, blocks.Skip) else None
        yield Cell(code, skip, annotations, output, figure)
