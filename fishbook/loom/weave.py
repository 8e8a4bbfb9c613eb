"""An edition's files, on disk: for a site engine, or for Jupyter."""

from __future__ import annotations

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
    files = {}
    base = f"{base_url.rstrip('/')}/{edition}/"
    for page in book.pages:
        if page.is_lab:
            up = relative(address(page), ".") + "/"
            files[woven_file(page)] = weave_notebook(book, page, edition, up)
        else:
            files[woven_file(page)] = Weaver(book, page, edition).text()
        if page.cells:
            notebook = weave_notebook(book, page, edition, base)
            files[notebook_file(page)] = notebook
    for target, file in tangle(book).items():
        files[source_page(target)] = weave_source(target, file, edition)
    for path in sorted(book.docs.rglob("figures/*.svg")):
        name = path.relative_to(book.docs).as_posix()
        files[name] = weave_svg(path.read_text(encoding="utf-8"), edition)
    return files


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
        f"# `{target}` {{#source}}\n\n{choose(edition, Twins(*WORDS['source_note']))}"
        f" {', '.join(links)}\n\n"
        + fenced('python linenums="1"', file.text.rstrip("\n"))
    )
