"""What blocks print and draw, written into the pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from fishbook.loom import disk
from fishbook.loom.apart import Runner
from fishbook.loom.blocks import Cell, Figure, Output, fenced
from fishbook.loom.book import Book
from fishbook.loom.compare import prints, same_form, unfit
from fishbook.loom.page import Page, parse
from fishbook.loom.pictures import drawn_by, svg_difference
from fishbook.loom.problem import LoomError, Problem, refuse
from fishbook.loom.run import Result
from fishbook.loom.tangle import differences

Files: TypeAlias = dict[PurePosixPath, disk.Stamp]
TRANSIENT = re.compile(r"^\.|~$")
"""Names of files that programs keep for a while."""
LOGS = {".log", ".out", ".txt"}
"""Endings of files in the book's folder that may hold what a verb just says."""


class TouchedError(LoomError):
    """Something changed the files of the book while a page ran."""


def record(
    book: Book,
    only: Iterable[Path] = (),
    tell: Callable[[str], object] = lambda name: None,
    note: Callable[[str], object] = lambda said: None,
) -> list[str]:
    """Run pages and write what they printed and drew; return the files changed.

    A page that fails is left as it is, and the others are recorded all the same.

    Parameters
    ----------
    book : Book
        The book; it has to be sound, and its package tangled.
    only : iterable of Path
        The pages to run, or folders of pages; all of them where none is given.
    tell : callable
        Called with the name of each file once it is written.
    note : callable
        Called with what may be wrong, or an author's doing: other pages changed while
        one ran.

    Raises
    ------
    LoomError
        At the end, with all that failed; at once where pages can't be run at all, a
        place holds none, or other files of the book changed while a page ran.
    """
    pages = _wanted(book, only)
    if differences(book):
        what = "the package is not what the pages make, and pages import from it"
        raise LoomError([f"{what}; run `fishbook tangle` first"])
    disk.sweep(book.docs)
    changed: list[str] = []
    problems: list[Problem | str] = []
    for page in pages:
        try:
            names = _record_page(book, page, note)
        except LoomError as error:
            problems += error.problems
            if isinstance(error, TouchedError):
                break
        else:
            changed += names
            for name in names:
                tell(name)
    refuse(dict.fromkeys(problems))
    return changed


def _wanted(book: Book, only: Iterable[Path]) -> list[Page]:
    """Return the pages with code at some places, or all; a place has to hold pages."""
    paths = {page: (book.root / page.path).resolve() for page in book.pages}
    at = {
        place: {page for page in paths if paths[page].is_relative_to(place.resolve())}
        for place in only
    }
    fix = "name a page under docs/, or a folder of pages"
    what = f"this is no page of the book, and holds none; {fix}"
    refuse(f"{place}: {what}" for place, pages in at.items() if not pages)
    wanted = set().union(*at.values()) if at else paths.keys()
    return [page for page in book.pages if page in wanted and page.cells]


def _record_page(book: Book, page: Page, note: Callable[[str], object]) -> list[str]:
    """Run one page and write it; nothing of it is written where a block fails."""
    root = book.root.resolve()
    folder = (root / page.path).parent
    before = _files(root)
    try:
        results = _results(book, page)
    finally:
        _require_untouched(page, before, _files(root), note)
    page = _as_it_is_now(root, page)
    texts: dict[int, str] = {}
    files: dict[Path, str] = {}
    for cell, result in zip(page.cells, results, strict=True):
        if not result.skipped:
            texts |= _output(cell, result)
            if cell.figure and _moved(folder, cell.figure, result.svg):
                files[folder / cell.figure.path] = result.svg
    text = "".join(texts.get(block.line, block.raw) for block in page.blocks)
    files[root / page.path] = text
    changed = [path for path, new in files.items() if disk.write(path, new)]
    return [path.relative_to(root).as_posix() for path in changed]


def _results(book: Book, page: Page) -> list[Result]:
    results = []
    with Runner(book, page) as runner:
        for cell in page.cells:
            result = runner.run(cell)
            if not result.skipped and (wrong := unfit(runner.folder, cell, result)):
                raise LoomError([Problem(page.path, cell.code.line, *wrong)])
            results.append(result)
    return results


def _files(root: Path) -> Files:
    """Return the files of the book, without those that programs keep for a while."""
    beside = (path for path in root.glob("*") if path.suffix not in LOGS)
    below = (disk.files(root / name) for name in ("docs", "fishbook"))
    return {
        PurePosixPath(path.relative_to(root).as_posix()): disk.stamp(path)
        for path in chain(beside, *below)
        if path.is_file() and not TRANSIENT.search(path.name)
    }


def _require_untouched(
    page: Page, before: Files, after: Files, note: Callable[[str], object]
) -> None:
    """Refuse to go on where files went or changed; note pages: an author saves them."""
    long = any(cell.skip and cell.skip.long for cell in page.cells)
    kept = {".md", ".npz"} if long else {".md"}
    new = [path for path, state in after.items() if state != before.get(path)]
    touched = [path for path in before if path not in after]
    touched += [path for path in new if path.suffix not in kept]
    saved = [path for path in new if path.suffix == ".md" and path in before]
    if saved := [path for path in saved if path != page.path]:
        what = f"while this page ran, these texts changed: {_listed(saved)}"
        fix = "if a block did that, restore them"
        note(str(Problem(page.path, 1, what, fix)))
    if touched:
        what = f"while this page ran, these files went or changed: {_listed(touched)}"
        fix = "if a block did that, restore them, and let it use a temporary folder"
        raise TouchedError([Problem(page.path, 1, what, fix)])


def _listed(paths: list[PurePosixPath]) -> str:
    more = f" and {len(paths) - 9} more" if len(paths) > 9 else ""
    return ", ".join(map(str, sorted(paths)[:9])) + more


def _as_it_is_now(root: Path, page: Page) -> Page:
    """Return the page as its author may have saved it while it ran."""
    now = parse(disk.read_text(root, page.path), page.path)
    if [*map(_request, now.cells)] == [*map(_request, page.cells)]:
        return now
    what = "the code of this page changed while it ran, so nothing is written into it"
    raise LoomError([Problem(page.path, 1, what, "run `fishbook record` again")])


def _request(cell: Cell) -> list[str]:
    """Return what of a page tells a cell's code and what is wanted of it."""
    skip = cell.skip.raw if cell.skip else ""
    fence = cell.output.raw.partition("\n")[0] if cell.output else ""
    return [cell.code.raw, skip, fence, cell.figure.path if cell.figure else ""]


def _moved(folder: Path, figure: Figure, svg: str) -> bool:
    try:
        old = disk.read_text(folder, PurePosixPath(figure.path))
    except LoomError:
        return True
    differs = svg_difference(old, svg, figure.within)
    return drawn_by(old) != drawn_by(svg) or bool(differs)


def _output(cell: Cell, result: Result) -> dict[int, str]:
    """Return the new text of a cell's output by its line, where it isn't the same."""
    old = cell.output
    if prints(old, result.text) and same_form(old, result.text):
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
