"""The files under docs/: each a page, a figure that a block draws, or linked to."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TypeAlias
from unicodedata import normalize
from urllib.parse import unquote

from fishbook.loom import disk
from fishbook.loom.blocks import Figure
from fishbook.loom.book import Book
from fishbook.loom.check.form import problem, spans_of
from fishbook.loom.inline import is_outside
from fishbook.loom.page import Page
from fishbook.loom.problem import LoomError, Problem

Rule: TypeAlias = Callable[[Book], Iterator[Problem]]

PAGE = re.compile(r"docs/((\d+|[a-z])-[\w-]+/)?(index|lab-[\w-]+|\d+[a-z]?-[\w-]+)\.md")


def page_names(book: Book) -> Iterator[Problem]:
    """A page's path gives it its place: `NN-chapter/NN-page.md`, an index, a lab."""
    for page in book.pages:
        if not PAGE.fullmatch(page.path.as_posix()):
            what = "a file of this name has no place in the book"
            fix = "name it docs/NN-chapter/NN-page.md, or move it out of docs/"
            yield problem(page, 1, what, fix)


def places_once(book: Book) -> Iterator[Problem]:
    """No two pages are woven to one file, nor to one that some disks take for it."""
    first: dict[str, Page] = {}
    for page in book.pages:
        for place in {page.name, page.name.removesuffix("/index")}:
            found = first.setdefault(folded(place.replace("/", "-")), page)
            if found is not page:
                what = f"this page would be woven to the same file as {found.path}"
                yield problem(page, 1, what, "give it another name")


def folded(name: str) -> str:
    """Return a name as a disk may see it that knows no case and one Unicode form."""
    return normalize("NFKC", name).casefold()


def figures_once(book: Book) -> Iterator[Problem]:
    """No two blocks draw into one file."""
    first: dict[str, str] = {}
    for page, block in book.all(Figure):
        here = f"{page.path}:{block.line}"
        file = folded(f"{page.chapter}/{block.path}")
        if (there := first.setdefault(file, here)) != here:
            what = f"{block.path} is drawn at {there} too"
            yield problem(page, block, what, "give this one another name")


def nothing_besides(book: Book) -> Iterator[Problem]:
    """Every file under docs/ is a page, or a page uses it."""
    pages = {page.name + ".md" for page in book.pages}
    used = pages | drawn(book) | linked_files(book) | {"conftest.py"}
    for path in disk.files(book.docs):
        name = path.relative_to(book.docs).as_posix()
        if path.is_dir():
            what, fix = "a link to a folder is not followed", "put the folder here"
        elif name in used:
            continue
        elif "figures" in name.split("/")[:-1]:
            what, fix = "no block draws this figure", "delete the file"
        else:
            what = "this file is no page, and no page links to it"
            fix = "name a page …/NN-name.md; move what else it is out of docs/"
        yield Problem(PurePosixPath("docs", name), 1, what, fix)


def opening_pages(book: Book) -> Iterator[Problem]:
    """The book and each of its chapters open with a page `index.md`."""
    for chapter in dict.fromkeys(["", *book.chapters]):
        if not any(page.opens for page in book.chapters.get(chapter, [])):
            what = f"{'a chapter' if chapter else 'the book'} opens with this page"
            fix = "write it: # 中文 | English {#anchor}"
            path = PurePosixPath("docs", chapter, "index.md")
            yield Problem(path, 1, f"{what}, which is not there", fix)


def figures_there(book: Book) -> Iterator[Problem]:
    """The figures that pages show are there, and each is plain text."""
    for page, block in book.all(Figure):
        path = page.path.parent / block.path
        if not (book.root / path).exists():
            what = f"{block.path}: there is no such file"
            yield problem(page, block, what, "let `fishbook record` draw it")
            continue
        try:
            disk.read_text(book.root, path)
        except LoomError as error:
            yield from (p for p in error.problems if isinstance(p, Problem))


def drawn(book: Book) -> set[str]:
    """Return the figures that blocks draw, by their paths in docs/."""
    return {
        posixpath.normpath(f"{page.chapter or '.'}/{block.path}")
        for page, block in book.all(Figure)
    }


def linked_files(book: Book) -> set[str]:
    """Return the files that pages link to, by their paths in docs/."""
    return set().union(*map(_linked_from, book.pages))


@lru_cache(maxsize=2048)
def _linked_from(page: Page) -> set[str]:
    names = {
        file_of(page.chapter, span.text)
        for _, span in spans_of(page)
        if span.kind == "link" and not is_outside(span.text) and span.text[0] != "#"
    }
    return {name for name in names if not name.startswith("..")}


def file_of(folder: str, link: str) -> str:
    """Return the path in docs/ to which a link on a chapter's page leads."""
    return posixpath.normpath(f"{folder or '.'}/{unquote(re.split('[#?]', link)[0])}")


SOUND: tuple[Rule, ...] = (places_once, figures_once)
RULES: tuple[Rule, ...] = (*SOUND, page_names, nothing_besides)
WHOLE: tuple[Rule, ...] = (opening_pages, figures_there)
