"""An edition's files, on disk: for a site engine, or for Jupyter."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from fishbook.loom import disk
from fishbook.loom.blocks import fenced
from fishbook.loom.book import Book, relative
from fishbook.loom.check.files import drawn, figures_there, linked_files
from fishbook.loom.edition import WORDS, choose, marked, weave_svg
from fishbook.loom.markdown import Weaver, address, opening, woven_file
from fishbook.loom.notebook import weave_notebook
from fishbook.loom.page import Page
from fishbook.loom.problem import LoomError, Problem, refuse
from fishbook.loom.tangle import Tangled, tangle

LIST = ".woven"
"""The file in an edition's folder that names what was woven there, a line each."""


@dataclass(frozen=True)
class Part:
    """A file of an edition: all that it depends on, and what makes its content."""

    of: Hashable
    content: Callable[[], str | bytes]


def weave_edition(book: Book, edition: str, folder: Path, base_url: str = "") -> None:
    """Write an edition: pages, figures, notebooks, pages of source, linked files.

    Only files that differ are written, and of those that an earlier weave wrote, the
    ones that the book no longer makes are removed.

    Raises
    ------
    LoomError
        Before anything is written, where the folder holds what no weave wrote, or a
        figure or a linked file isn't there.
    """
    require_files(book)
    files = edition_files(book, edition, base_url)
    listed = (disk.read(folder / LIST) or "").split("\n")
    old = {name for name in listed if name and (folder / name).is_file()}
    require_own(book, folder, old, files)
    disk.sweep(folder)
    disk.write(folder / LIST, "\n".join(sorted(old | files.keys())) + "\n")
    for name, content in files.items():
        disk.write(folder / name, content)
    for name in sorted(old - files.keys()):
        (folder / name).unlink()
        for parent in PurePosixPath(name).parents[:-1]:
            if not any((folder / parent).iterdir()):
                (folder / parent).rmdir()
    disk.write(folder / LIST, "\n".join(sorted(files)) + "\n")


def require_files(book: Book) -> None:
    """Raise where a figure or a linked file is none that can be read."""
    missing = list(figures_there(book))
    for name in sorted(linked_files(book)):
        if not (book.docs / name).is_file():
            what = "a page links to this file, and there is none"
            fix = "put it here, or take the link out"
            missing.append(Problem(PurePosixPath("docs", name), 1, what, fix))
    refuse(missing)


def require_own(book: Book, folder: Path, old: set[str], files: Iterable[str]) -> None:
    """Raise where weaving would touch what no weave wrote."""
    for name in ("docs", "fishbook"):
        if folder.resolve().is_relative_to((book.root / name).resolve()):
            what = f"{name}/ holds the book's own files; weave into another folder"
            raise LoomError([f"{folder}: {what}"])
    if not (folder / LIST).exists() and next(disk.files(folder), None):
        what = "this folder holds files that no weave wrote"
        raise LoomError([f"{folder}: {what}; name a new folder, or empty this one"])
    what = "a link leads from here out of the folder; delete it"
    away = disk.outside(folder, {*old, *files})
    refuse(f"{folder / name}: {what}" for name in away)
    what = "no weave wrote this file; move it, or weave into another folder"
    own = (n for n in files if n not in old and (folder / n).exists())
    refuse(f"{folder / name}: {what}" for name in own)


def edition_files(
    book: Book, edition: str, base_url: str = ""
) -> dict[str, str | bytes]:
    """Return what is in an edition's files by their paths."""
    parts = edition_parts(book, edition, base_url)
    return {name: part.content() for name, part in parts.items()}


def edition_parts(book: Book, edition: str, base_url: str = "") -> dict[str, Part]:
    """Return an edition's files by their paths, none of them made yet.

    A part that depends on the same in two books has the same text in both.
    """
    parts = {}
    base = f"{base_url.rstrip('/')}/{edition}/"
    for page in book.pages:
        of = _of_notebook(book, page) if page.cells or page.is_lab else None
        notebook = partial(weave_notebook, book, page, edition)
        if page.is_lab:
            up = relative(address(page), ".") + "/"
            parts[woven_file(page)] = Part(of, partial(notebook, up))
        else:
            of = page, book.places, *map(opening, book.listed(page))
            parts[woven_file(page)] = Part(of, Weaver(book, page, edition).text)
        if page.cells:
            parts[notebook_file(page)] = Part(of, partial(notebook, base))
    for target, file in tangle(book).items():
        text = partial(weave_source, target, file, edition)
        parts[source_page(target)] = Part(file, text)
    for name in sorted(drawn(book)):
        if found := book.stamps.get(name):
            parts[name] = Part(found, partial(_picture, book, name, edition))
    for name in sorted(linked_files(book) - parts.keys()):
        if found := disk.stamp(book.docs / name):
            path = PurePosixPath("docs", name)
            parts[name] = Part(found, partial(disk.read_bytes, book.root, path))
    return parts


def _of_notebook(book: Book, page: Page) -> Hashable:
    """Return what a page's notebooks depend on: on its files' other parts too."""
    targets = sorted({definition.target for definition in page.definitions})
    parts = tuple(d for target in targets for _, d in book.files[target])
    figures = (cell.figure for cell in page.cells if cell.figure)
    stamps = tuple(book.stamp(page, figure) for figure in figures)
    return page, book.places, parts, stamps


def _picture(book: Book, name: str, edition: str) -> str:
    text = disk.read_text(book.root, PurePosixPath("docs", name))
    return weave_svg(text, edition)


def notebook_file(page: Page) -> str:
    """Return the notebook that readers download."""
    return f"notebooks/{page.name.replace('/', '-')}.ipynb"


def source_page(target: str) -> str:
    """Return the path of the page that shows a tangled file."""
    path = PurePosixPath(target)
    return PurePosixPath("source", *path.with_suffix(".md").parts[1:]).as_posix()


def weave_source(target: str, file: Tangled, edition: str) -> str:
    """Return the page that shows a tangled file, with links back to its pages."""
    pages = dict.fromkeys(piece.page for piece in file.pieces)
    links = (
        f"[{marked(edition, page.title)}]"
        f"({relative(source_page(target), woven_file(page))})"
        for page in pages
    )
    return (
        f"# `{target}` {{#source}}\n\n{choose(edition, WORDS['source_note'])}"
        f" {', '.join(links)}\n\n"
        + fenced('python linenums="1"', file.text.rstrip("\n"))
    )
