"""Each chapter's notebook is valid, and runs as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fishbook.loom.chapter import Chapter

from fishbook.datasets import has_mnist
from fishbook.loom.book import Book
from fishbook.loom.compare import same_output
from fishbook.loom.weave import EDITIONS, weave_notebook

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")

BOOK = Book.load(Path(__file__).parent.parent)
CHAPTERS = [chapter for chapter in BOOK.chapters if chapter.cells]


def notebook(chapter: Chapter, edition: str) -> Any:
    text = weave_notebook(BOOK, chapter, edition, "https://example.org/")
    return nbformat.reads(text, as_version=4)


@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda c: c.slug)
def test_a_notebook_is_valid(chapter: Chapter, edition: str) -> None:
    made = notebook(chapter, edition)
    nbformat.validate(made)
    assert len(code_of(made)) == len(chapter.cells)


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda c: c.slug)
def test_a_notebook_runs_and_prints_what_it_shows(
    chapter: Chapter, tmp_path: Path
) -> None:
    if not has_mnist() and any(cell.skip for cell in chapter.cells):
        pytest.skip("needs MNIST: set FISHBOOK_DATA")
    shown = notebook(chapter, "en")
    run = notebook(chapter, "en")
    resources = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(run, timeout=1200, resources=resources).execute()
    cells = zip(chapter.cells, code_of(shown), code_of(run), strict=True)
    for cell, before, after in cells:
        varies = bool(cell.output and cell.output.varies)
        assert same_output(printed(before), printed(after), varies=varies)


def code_of(made: Any) -> list[Any]:
    """Give the cells with the chapter's blocks, without those that only import."""
    code = [cell for cell in made.cells if cell.cell_type == "code"]
    return [cell for cell in code if not cell.metadata.get("borrows")]


def printed(cell: Any) -> str:
    """Give what a cell printed to its standard output."""
    streams = [o.text for o in cell.outputs if o.get("name") == "stdout"]
    return "".join(streams)
