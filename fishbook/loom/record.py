"""What blocks print and draw, written into the pages."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from fishbook.loom import disk
from fishbook.loom.blocks import Cell, Figure, Output, fenced
from fishbook.loom.book import Book
from fishbook.loom.check import require_sound
from fishbook.loom.compare import figure_verdict, looks_like_error, prints
from fishbook.loom.page import Page
from fishbook.loom.pictures import drawn_by, svg_difference
from fishbook.loom.problem import LoomError, Problem
from fishbook.loom.run import Result, Runner


def record(book: Book, only: Iterable[Path] = ()) -> list[str]:
    """Run pages and write what they printed and drew; return the files changed.

    Parameters
    ----------
    book : Book
        The book; it has to be sound.
    only : iterable of Path
        The pages to run, or folders of pages; all of them where none is given.
    """
    require_sound(book)
    wanted = [path.resolve() for path in only]
    changed: list[str] = []
    for page in book.pages:
        path = (book.root / page.path).resolve()
        if not wanted or any(path.is_relative_to(place) for place in wanted):
            changed += _record_page(book, page)
    return changed


def _record_page(book: Book, page: Page) -> list[str]:
    """Run one page; nothing of it is written where a block fails."""
    runner = Runner(book, page)
    folder = (book.root / page.path).parent
    texts: dict[int, str] = {}
    figures: dict[Path, str] = {}
    for cell in page.cells:
        result = runner.run(cell)
        if result.skipped:
            continue
        if wrong := _unexpected(folder, cell, result):
            raise LoomError([Problem(page.path, cell.code.line, *wrong)])
        texts |= _output(cell, result)
        if cell.figure and _moved(folder, cell.figure, result.svg):
            figures[folder / cell.figure.path] = result.svg
    text = "".join(texts.get(block.line, block.raw) for block in page.blocks)
    files = {book.root / page.path: text, **figures}
    changed = [path for path, new in files.items() if disk.write(path, new)]
    return [path.relative_to(book.root).as_posix() for path in changed]


def _unexpected(folder: Path, cell: Cell, result: Result) -> tuple[str, str] | None:
    """Say what a block did that its page has no room for, and what to do."""
    shown = cell.output.text if cell.output else ""
    if result.error and not looks_like_error(shown):
        what = f"this block raised an error the page doesn't show:\n{result.trace}"
        if result.error.startswith("ModuleNotFoundError"):
            return what, "pip install 'fishbook[plot]' brings what pages draw with"
        return what, "mend it, or show the error in an output fence that ends with it"
    if looks_like_error(shown) and not result.error:
        what = "the page shows an error, but the block raised none"
        return what, "mend the block, or take the error out of the output fence"
    if cell.code.hidden and result.text and not cell.output:
        what = f"this hidden code prints:\n{result.text}"
        return what, "take the print out, or put an output fence after it"
    if bool(cell.figure) != bool(result.svg):
        fix = "draw one, or add a line ![中文 | English](figures/NAME.svg)"
        return figure_verdict(folder, cell.figure, result.svg), fix
    return None


def _moved(folder: Path, figure: Figure, svg: str) -> bool:
    """Return whether a picture is not the one in its file."""
    file = folder / figure.path
    if not file.exists():
        return True
    old = file.read_text(encoding="utf-8")
    differs = svg_difference(old, svg, figure.within)
    return drawn_by(old) != drawn_by(svg) or bool(differs)


def _output(cell: Cell, result: Result) -> dict[int, str]:
    """Return the new text of a cell's output by its line, where it isn't the same."""
    old = cell.output
    if prints(old, result.text):
        return {}
    if old:
        return {old.line: _fence(old, result.text) if result.text else ""}
    above = cell.annotations or cell.code
    raw = above.raw if above.raw.endswith("\n") else f"{above.raw}\n"
    return {above.line: f"{raw}\n{_fence(None, result.text)}"}


def _fence(old: Output | None, text: str) -> str:
    info = old.info if old else "output"
    body = "\n".join(line.rstrip() for line in text.rstrip("\n").split("\n"))
    fence = fenced(info, body)
    return fence if not old or old.raw.endswith("\n") else fence.removesuffix("\n")
