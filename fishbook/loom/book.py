"""The pages in order: chapters, labels and their numbers, definitions."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from fishbook.loom import disk
from fishbook.loom.blocks import Block, Figure, Formula, Heading
from fishbook.loom.page import Definition, Kind, Page, parse
from fishbook.loom.problem import LoomError


@dataclass(frozen=True)
class Label:
    """A place that links may lead to: its page, its block, and its number if any."""

    name: str
    page: Page
    block: Block
    number: str


Places: TypeAlias = tuple[tuple[str, type[Block], str, PurePosixPath], ...]
"""What links to labels show: each label, what it names, its number, its page."""


@dataclass(frozen=True, eq=False)
class Book:
    """All pages of the book in a folder, in reading order."""

    root: Path
    pages: list[Page]

    @classmethod
    def load(cls, root: Path) -> Book:
        """Read every page under `docs/`, in the order of the paths.

        Raises
        ------
        LoomError
            If there are no pages, or a file is not plain UTF-8 text with LF line ends.
        """
        files = [f for f in disk.files(root / "docs") if f.suffix == ".md"]
        if not files:
            raise LoomError(["docs/: no pages here; run this in the book's folder"])
        paths = [PurePosixPath(path.relative_to(root).as_posix()) for path in files]
        texts = disk.read_all(root, sorted(paths, key=place))
        return cls(root, [parse(text, path) for path, text in texts.items()])

    @cached_property
    def docs(self) -> Path:
        return self.root / "docs"

    @cached_property
    def chapters(self) -> dict[str, list[Page]]:
        """The pages of each chapter's folder; those outside are under ''."""
        chapters: dict[str, list[Page]] = {}
        for page in self.pages:
            chapters.setdefault(page.chapter, []).append(page)
        return chapters

    def listed(self, page: Page) -> list[Page]:
        """Return the pages that one lists: a chapter's first, the book's first all."""
        if not page.opens:
            return []
        pages = self.chapters[page.chapter] if page.chapter else self.pages
        return pages[1:]

    @cached_property
    def labels(self) -> dict[str, Label]:
        """Every place that can be linked to, by its name; the first of equal ones."""
        labels: dict[str, Label] = {}
        for label in self.all_labels():
            labels.setdefault(label.name, label)
        return labels

    def all_labels(self) -> Iterator[Label]:
        """Yield the labels of sections, formulas, figures and exercises in order."""
        for chapter, pages in self.chapters.items():
            yield from _labels(chapter_number(chapter), tuple(pages))

    @cached_property
    def places(self) -> Places:
        """All that other pages show of labels: the same object for equal ones."""
        found = self.labels.values()
        return _same(
            tuple((x.name, type(x.block), x.number, x.page.path) for x in found)
        )

    def all(self, kind: type[Kind]) -> Iterator[tuple[Page, Kind]]:
        """Yield the blocks of a kind with their pages, in order."""
        return ((page, block) for page in self.pages for block in page.all(kind))

    def number(self, label: str) -> str:
        """Return a label's number; nothing where it has none."""
        return self.labels[label].number if label in self.labels else ""

    def cited(self, label: str) -> str:
        """Return a label's number as texts cite it: a formula's is in brackets."""
        found = self.labels.get(label)
        formula = found and isinstance(found.block, Formula)
        return f"({self.number(label)})" if formula else self.number(label)

    @cached_property
    def files(self) -> dict[str, list[tuple[Page, Definition]]]:
        """Each tangled file's definitions with their pages, in the book's order."""
        files: dict[str, list[tuple[Page, Definition]]] = {}
        for page in self.pages:
            for definition in page.definitions:
                files.setdefault(definition.target, []).append((page, definition))
        return files

    def earlier(self, page: Page, target: str) -> list[tuple[Page, Definition]]:
        """Return a file's definitions on the pages before one."""
        at = self.order[page]
        parts = self.files.get(target, [])
        return [part for part in parts if self.order[part[0]] < at]

    @cached_property
    def stamps(self) -> dict[str, disk.Stamp]:
        """What changes when a page or a figure is written, by its path in `docs/`."""
        above = f"{self.docs.as_posix()}/"
        found = disk.stamps(self.docs).items()
        return {path.removeprefix(above): stamp for path, stamp in found}

    def stamp(self, page: Page, figure: Figure) -> disk.Stamp:
        """Return what changes when a page's figure is drawn anew."""
        return self.stamps.get(f"{page.chapter}/{figure.path}".lstrip("/"))

    @cached_property
    def order(self) -> dict[Page, int]:
        """Each page's place in the order of the book, from 0."""
        return {page: i for i, page in enumerate(self.pages)}


@lru_cache(maxsize=8)
def _same(places: Places) -> Places:
    return places


def place(path: PurePosixPath) -> tuple[str, ...]:
    """Return a page's place in the book: the order of the paths, `index.md` first."""
    return (*path.parts[:-1], "" if path.stem == "index" else path.name)


def chapter_number(folder: str) -> str:
    """Return a chapter's number, 2 for `02-…`; an appendix's is A for `a-…`."""
    found = re.match(r"(\d+|[a-z])-", folder)
    return found[1].lstrip("0").upper() if found else ""


def is_appendix(page: Page) -> bool:
    """Return whether a page stands in an appendix, which any page may use."""
    return chapter_number(page.chapter).isalpha()


@lru_cache(maxsize=65536)
def relative(page: str, other: str) -> str:
    """Return the way from one file or address to another."""
    return posixpath.relpath(other, posixpath.dirname(page) or ".")


def figure_label(figure: Figure) -> str:
    """Return the name under which a figure is linked to."""
    return f"fig-{PurePosixPath(figure.path).stem}"


def label_of(block: Block) -> str:
    """Return the name under which a block is linked to; nothing where it has none."""
    match block:
        case Heading():
            return block.anchor
        case Formula():
            return block.label
        case Figure():
            return figure_label(block)
    return ""


@lru_cache(maxsize=2048)
def _labels(chapter: str, pages: tuple[Page, ...]) -> list[Label]:
    """Return a chapter's labels; pages, formulas, figures, exercises count alone."""
    labels: list[Label] = []
    seen = Counter[str]()

    def count(kind: str, owner: str = chapter) -> str:
        seen[f"{owner}{kind}"] += 1
        return f"{owner}.{seen[f'{owner}{kind}']}" if owner else ""

    for page in pages:
        counted = not page.opens and not page.is_lab
        section = count("page") if counted else ""
        for block in page.blocks:
            match block:
                case Heading(level=1):
                    number = chapter if page.opens else section
                case Heading(level=2):
                    number = count("section", section) if section else ""
                case Heading(level=3) if page.has_exercises:
                    number = count("exercise")
                case Heading():
                    number = ""
                case Formula() if block.label:
                    number = count("formula")
                case Figure():
                    number = count("figure")
                case _:
                    continue
            labels.append(Label(label_of(block), page, block, number))
    return labels
