"""Each block of each page a test: what pytest collects, by way of Sybil."""

from __future__ import annotations

import os
import unittest
from collections.abc import Callable, Iterator
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fishbook.loom import disk
from fishbook.loom.apart import Runner
from fishbook.loom.blocks import Cell
from fishbook.loom.book import Book
from fishbook.loom.check import unsound
from fishbook.loom.compare import other_matplotlib, verdict
from fishbook.loom.problem import LoomError, Problem, refuse

if TYPE_CHECKING:
    from sybil import Document, Example, Region


def collector(root: Path) -> Callable[..., Any]:
    """Return the `pytest_collect_file` hook for the pages of the book in `root`."""
    from sybil import Sybil

    docs = str(root / "docs")
    sybil = Sybil(parsers=[page_tests(root)], patterns=["*.md"], path=docs)
    hook: Callable[..., Any] = sybil.pytest()
    return hook


def page_tests(root: Path) -> Callable[[Document], Iterator[Region]]:
    """Return the Sybil parser that yields every code block of a page as a test."""

    @cache
    def judged() -> tuple[Book, list[Problem]]:
        book = Book.load(root)
        return book, unsound(book)

    def parse(document: Document) -> Iterator[Region]:
        import pytest
        from sybil import Region

        try:
            runner = _runner(*judged(), Path(document.path))
        except LoomError as error:
            raise pytest.Collector.CollectError(str(error)) from None
        lines = document.text.split("\n")
        starts = [0, *accumulate(len(line) + 1 for line in lines)]
        evaluate = _evaluator(runner)
        for cell in runner.page.cells:
            start = starts[cell.code.line - 1]
            yield Region(start, start + len(cell.code.raw), cell, evaluate)

    return parse


def _runner(book: Book, unsound: list[Problem], file: Path) -> Runner:
    """Return what runs a page, which has to be sound."""
    path = Path(os.path.abspath(file)).relative_to(os.path.abspath(book.root))
    refuse(p for p in unsound if Path(p.path) == path)
    page = next((page for page in book.pages if Path(page.path) == path), None)
    if not page:
        what = "this file is no page, so nothing in it is run"
        raise LoomError([Problem(path, 1, what, "rename it so that it is one")])
    return Runner(book, page)


def _evaluator(runner: Runner) -> Callable[[Example], str | None]:
    folder = runner.path.parent

    def evaluate(example: Example) -> str | None:
        cell: Cell = example.parsed
        try:
            result = runner.run(cell)
            if cell.figure and (folder / cell.figure.path).exists():
                figure = runner.page.path.parent / cell.figure.path
                disk.read_text(runner.book.root, figure)  # or raise why it can't be
        except LoomError as error:
            return str(error)
        finally:
            if cell is runner.page.cells[-1]:
                runner.close()
        if result.skipped:
            raise unittest.SkipTest(result.skipped)
        if wrong := verdict(folder, cell, result):
            return f"{runner.page.path}:{cell.code.line}: {wrong}"
        if reason := other_matplotlib(folder, cell.figure, result.svg):
            raise unittest.SkipTest(reason)
        return None

    return evaluate
