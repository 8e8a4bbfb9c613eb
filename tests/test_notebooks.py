"""Each page's notebook is valid, and runs as it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fishbook.datasets import has_mnist
from fishbook.loom.apart import RUNS_LONG, runs_long
from fishbook.loom.book import Book
from fishbook.loom.compare import prints
from fishbook.loom.edition import EDITIONS
from fishbook.loom.notebook import weave_notebook
from fishbook.loom.page import Page

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")

BOOK = Book.load(Path(__file__).parent.parent)
PAGES = [page for page in BOOK.pages if page.cells]


def notebook(page: Page, edition: str) -> Any:
    text = weave_notebook(BOOK, page, edition, "https://example.org/")
    return nbformat.reads(text, as_version=4)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_notebook_is_valid(page: Page) -> None:
    for edition in EDITIONS:
        made = notebook(page, edition)
        nbformat.validate(made)
        assert len(code_of(made)) == len(page.cells)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_notebook_runs_and_prints_what_it_shows(page: Page, tmp_path: Path) -> None:
    skips = [cell.skip for cell in page.cells if cell.skip]
    if not has_mnist() and any(skip.test for skip in skips):
        pytest.skip("needs MNIST: set FISHBOOK_DATA")
    if not runs_long() and any(skip.long for skip in skips):
        pytest.skip(RUNS_LONG)
    shown = notebook(page, "en")
    run = notebook(page, "en")
    resources = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(run, timeout=1200, resources=resources).execute()
    for cell, before, after in zip(
        page.cells, code_of(shown), code_of(run), strict=True
    ):
        output = cell.output and replace(cell.output, text=printed(before))
        assert prints(output, printed(after))


def code_of(made: Any) -> list[Any]:
    """Give the cells with the page's blocks, without those that only import."""
    code = [cell for cell in made.cells if cell.cell_type == "code"]
    return [cell for cell in code if not cell.metadata.get("borrows")]


def printed(cell: Any) -> str:
    """Give what a cell printed to its standard output."""
    streams = [o.text for o in cell.outputs if o.get("name") == "stdout"]
    return "".join(streams)
