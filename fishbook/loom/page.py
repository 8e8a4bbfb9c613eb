"""One Markdown file of the book: its blocks, its cells, its text back to the byte."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import PurePosixPath

from fishbook.loom.blocks import (
    Annotations,
    Blank,
    Block,
    Cell,
    Code,
    Figure,
    Heading,
    Output,
    Skip,
    Twins,
)
from fishbook.loom.scan import scan


@dataclass(frozen=True)
class Definition:
    """A chunk with the chunks that continue it: one piece of one file."""

    target: str
    parts: tuple[Code, ...]

    def source(self, upto: Code | None = None) -> str:
        """Return the parts' code, each line at its line number in the page.

        With `upto`, the parts after that one are left out.
        """
        return self.whole if upto is None else self._joined(upto)

    @cached_property
    def whole(self) -> str:
        """All parts' code: put together once."""
        return self._joined(None)

    def _joined(self, upto: Code | None) -> str:
        lines: list[str] = []
        for part in self.parts:
            lines += [""] * (part.first_line - 1 - len(lines))
            lines += part.source.split("\n")
            if part is upto:
                break
        return "\n".join(lines)


@dataclass(frozen=True, eq=False)
class Page:
    """One page. The same text at the same path is the same page: see `parse`."""

    path: PurePosixPath
    """Where it stands in the book: `docs/02-neural-network/02-arrays.md`."""
    blocks: tuple[Block, ...]

    @cached_property
    def text(self) -> str:
        """The page's text, to the byte."""
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

    @cached_property
    def headings(self) -> list[Heading]:
        """The headings in order."""
        return [block for block in self.blocks if isinstance(block, Heading)]

    @property
    def title(self) -> Twins:
        """The first heading's words."""
        return self.headings[0].title if self.headings else Twins(self.name, self.name)

    @property
    def anchor(self) -> str:
        """The first heading's anchor, which leads to the whole page."""
        return self.headings[0].anchor if self.headings else ""

    @cached_property
    def cells(self) -> list[Cell]:
        """The code in order, each with what belongs to it."""
        return list(_cells([b for b in self.blocks if not isinstance(b, Blank)]))

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

    def definition(self, code: Code) -> Definition:
        """Return the definition that a chunk is part of."""
        return next(d for d in self.definitions if code in d.parts)

    def source(self, code: Code) -> str:
        """Return code at its lines, with what it continues before it."""
        if code.target:
            return self.definition(code).source(upto=code)
        return "\n" * (code.first_line - 1) + code.source


@lru_cache(maxsize=4096)
def parse(text: str, path: PurePosixPath) -> Page:
    """Return the page of a text; nothing is too wrong to be parsed."""
    return Page(path, tuple(scan(text)))


def _cells(blocks: list[Block]) -> Iterator[Cell]:
    for i, code in enumerate(blocks):
        if not isinstance(code, Code):
            continue
        before = blocks[i - 1] if i else None
        after = iter([*blocks[i + 1 : i + 4], None, None, None])
        block = next(after)
        annotations = output = figure = None
        if isinstance(block, Annotations):
            annotations, block = block, next(after)
        if isinstance(block, Output):
            output, block = block, next(after)
        if isinstance(block, Figure):
            figure = block
        skip = before if isinstance(before, Skip) else None
        yield Cell(code, skip, annotations, output, figure)
