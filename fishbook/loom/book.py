"""The chapters in order; whose anchor, whose name, whose file."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fishbook.loom.chapter import LABS, Chapter, Code, Heading
from fishbook.loom.problem import LoomError, Problem


@dataclass(frozen=True)
class Definition:
    """A chunk with the chunks that continue it: one piece of a file, in one chapter."""

    chapter: Chapter
    parts: tuple[Code, ...]

    def source_at_its_lines(self, upto: Code | None = None) -> str:
        """Give the parts' code, each line at its line number in the chapter.

        With `upto`, the parts after that one are left out.
        """
        lines: list[str] = []
        for part in self.parts:
            lines += [""] * (part.source_line - 1 - len(lines))
            lines += part.source.split("\n")
            if part is upto:
                break
        return "\n".join(lines)


@dataclass
class Book:
    """All chapters of the book in a folder, in reading order."""

    root: Path
    chapters: list[Chapter]

    @classmethod
    def load(cls, root: Path) -> Book:
        """Read `docs/*.md` and `docs/labs/*.md` under `root`, in reading order."""
        docs = root / "docs"
        files = sorted([*docs.glob("*.md"), *docs.glob(f"{LABS}/*.md")], key=place)
        if not files:
            raise LoomError(
                [f"{docs.name}/: no chapters here; run this in the book's folder"]
            )
        return cls(root, [Chapter.read(path, path.relative_to(root)) for path in files])

    @property
    def problems(self) -> list[Problem]:
        """What is wrong with the chapters taken one by one, and with their order."""
        problems = [p for chapter in self.chapters for p in chapter.problems]
        for chapter in self.chapters:
            problems += _strays(chapter)
            if chapter.is_lab:
                problems += _chunks_of_lab(chapter)
        return problems

    def require_sound(self) -> None:
        """Raise where a chapter can't be understood: nothing may get lost."""
        if problems := self.problems:
            raise LoomError(problems)

    def headings(self) -> Iterator[tuple[Chapter, Heading]]:
        """Yield every heading with its chapter."""
        for chapter in self.chapters:
            for block in chapter.blocks:
                if isinstance(block, Heading):
                    yield chapter, block

    def files(self) -> dict[str, list[Definition]]:
        """Give each tangled file's definitions, in the book's order."""
        files: dict[str, list[Definition]] = {}
        for chapter in self.chapters:
            for target, definitions in definitions_of(chapter).items():
                files.setdefault(target, []).extend(definitions)
        return files


def place(path: Path) -> tuple[bool, str, bool, str]:
    """Give a file's place in the book: the index, then by number, labs last of each."""
    number = re.match(r"\d*", path.name)
    assert number
    return path.stem != "index", number[0], path.parent.name == LABS, path.name


def page_of_link(chapter: Chapter, name: str) -> str:
    """Give the path in `docs/` of the file that a chapter's link names."""
    if not name:
        return f"{chapter.slug}.md"
    return posixpath.normpath(posixpath.join(posixpath.dirname(chapter.slug), name))


def definitions_of(chapter: Chapter) -> dict[str, list[Definition]]:
    """Give the definitions that one chapter adds to each file."""
    files: dict[str, list[Definition]] = {}
    for code in chunks(chapter):
        definitions = files.setdefault(code.target, [])
        if code.continues and definitions:
            last = definitions.pop()
            definitions.append(Definition(chapter, (*last.parts, code)))
        else:
            definitions.append(Definition(chapter, (code,)))
    return files


def chunks(chapter: Chapter) -> list[Code]:
    """Give the code blocks that are tangled."""
    return [b for b in chapter.blocks if isinstance(b, Code) and b.target]


def _chunks_of_lab(chapter: Chapter) -> list[Problem]:
    """Find chunks in a lab, which holds examples only."""
    what = "a lab adds nothing to the package"
    fix = "take the title away, or move the block to a chapter"
    return [Problem(chapter.path, c.line, what, fix) for c in chunks(chapter)]


def _strays(chapter: Chapter) -> list[Problem]:
    """Find continuations with no definition before them in the chapter."""
    return [
        Problem(
            chapter.path,
            definition.parts[0].line,
            "this chunk begins indented but continues nothing",
            "put it after the chunk it continues, in the same chapter and file",
        )
        for definitions in definitions_of(chapter).values()
        for definition in definitions[:1]
        if definition.parts[0].continues
    ]
