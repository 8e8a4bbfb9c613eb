"""An edition's files, on disk: for a site engine, or for Jupyter."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from fishbook.loom import disk
from fishbook.loom.blocks import Twins, fenced
from fishbook.loom.book import Book, relative
from fishbook.loom.edition import WORDS, choose, marked
from fishbook.loom.markdown import Weaver, address, woven_file
from fishbook.loom.notebook import weave_notebook
from fishbook.loom.page import Page
from fishbook.loom.svg import weave_svg
from fishbook.loom.tangle import Tangled, tangle

WOVEN = {".md", ".ipynb", ".svg"}


@dataclass(frozen=True)
class Part:
    """A file of an edition: all that its text depends on, and what makes the text."""

    of: Hashable
    text: Callable[[], str]


def weave_edition(book: Book, edition: str, folder: Path, base_url: str = "") -> None:
    """Write an edition: pages, figures, notebooks, pages of tangled source.

    Only files that differ are written. What else a weave may have left is removed.
    """
    files = edition_files(book, edition, base_url)
    for name, text in files.items():
        disk.write(folder / name, text)
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif path.suffix in WOVEN and path.relative_to(folder).as_posix() not in files:
            path.unlink()


def edition_files(book: Book, edition: str, base_url: str = "") -> dict[str, str]:
    """Return the texts of an edition's files by their paths."""
    parts = edition_parts(book, edition, base_url)
    return {name: part.text() for name, part in parts.items()}


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
            beside = tuple(book.chapters[page.chapter]) if page.opens else (page,)
            text = Weaver(book, page, edition).text
            parts[woven_file(page)] = Part((beside, book.places), text)
        if page.cells:
            parts[notebook_file(page)] = Part(of, partial(notebook, base))
    for target, file in tangle(book).items():
        text = partial(weave_source, target, file, edition)
        parts[source_page(target)] = Part(file, text)
    for path, stamp in sorted(book.stamps.items()):
        if path.endswith(".svg") and Path(path).parent.name == "figures":
            name = Path(path).relative_to(book.docs).as_posix()
            parts[name] = Part(stamp, partial(_picture, Path(path), edition))
    return parts


def _of_notebook(book: Book, page: Page) -> Hashable:
    """Return what a page's notebooks depend on: on its files' earlier parts too."""
    targets = sorted({definition.target for definition in page.definitions})
    earlier = tuple(d for target in targets for _, d in book.earlier(page, target))
    figures = (cell.figure for cell in page.cells if cell.figure)
    stamps = tuple(book.stamp(page, figure) for figure in figures)
    return page, book.places, earlier, stamps


def _picture(path: Path, edition: str) -> str:
    return weave_svg(disk.read(path) or "", edition)


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
        "---\nsearch:\n  exclude: true\n---\n\n"
        f"# `{target}` {{#source}}\n\n{choose(edition, Twins(*WORDS['source_note']))}"
        f" {', '.join(links)}\n\n"
        + fenced('python linenums="1"', file.text.rstrip("\n"))
    )
