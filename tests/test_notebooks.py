"""Each page's notebook is valid and holds its page's code; one of each kind is run.

The same code prints the same, so a notebook is run in Jupyter only for what the page's
own test can't show: that Jupyter takes this kind of cell, and that one namespace does
where the page has one for each file.
"""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from books import bare_tree, book_of, chunk, python
from sites import BOOK

from fishbook.datasets import has_mnist
from fishbook.loom import names
from fishbook.loom.apart import RUNS_LONG, runs_long
from fishbook.loom.compare import prints
from fishbook.loom.edition import EDITIONS
from fishbook.loom.notebook import spoken, weave_notebook
from fishbook.loom.page import Page

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")

PAGES = [page for page in BOOK.pages if page.cells]


def notebook(page: Page, edition: str = "en") -> Any:
    text = weave_notebook(BOOK, page, edition, "https://example.org/")
    return nbformat.reads(text, as_version=4)


def split(made: Any) -> tuple[list[Any], list[Any]]:
    """Give the cells with the page's blocks, and those that only import."""
    code = [cell for cell in made.cells if cell.cell_type == "code"]
    borrow = [cell for cell in code if cell.metadata.get("borrows")]
    return [cell for cell in code if cell not in borrow], borrow


def printed(cell: Any) -> str:
    """Give what a cell printed to its standard output."""
    return "".join(o.text for o in cell.outputs if o.get("name") == "stdout")


def shown(cell: Any) -> str:
    """Give what a cell shows in words, an error's too."""
    errors = ("\n".join(o.traceback) for o in cell.outputs if o.output_type == "error")
    return "\n".join(filter(None, [printed(cell).removesuffix("\n"), *errors]))


def rebound(page: Page) -> set[str]:
    """Give the names of a page's chunks that its examples set, for all code to see."""
    chunks = [page.source(cell.code) for cell in page.cells if cell.code.target]
    if not chunks:
        return set()
    examples = [cell.code.source for cell in page.cells if not cell.code.target]
    of_chunks = {
        n for c in chunks for n in names.used_names(c) | names.changed_names(c)
    }
    return of_chunks & {n for e in examples for n in names.changed_names(e)}


def kinds(page: Page) -> set[str]:
    """Give what Jupyter has to cope with in a page's notebook."""
    found = set[str]()
    for cell in page.cells:
        found |= {"adds"} if BOOK.earlier(page, cell.code.target) else set()
        found |= {"hidden"} if cell.code.hidden else set()
        found |= {"raises"} if cell.output and cell.output.raises else set()
        found |= {"draws"} if cell.figure else set()
        found |= {"continues"} if cell.code.source[:1].isspace() else set()
        found |= {"skips"} if cell.skip and not cell.skip.long else set()
    return found


def chosen() -> list[Page]:
    """Give pages that have each kind between them, and all with rebound names."""
    found = {page: kinds(page) for page in PAGES}
    wanted = set().union(*found.values())
    # The longest go first, where the others do without them.
    for page in sorted(
        PAGES, key=lambda page: -sum(len(c.code.raw) for c in page.cells)
    ):
        rest = set().union(*(found[other] for other in found if other is not page))
        if rest == wanted and not rebound(page):
            del found[page]
    return list(found)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_notebook_is_valid_and_holds_the_pages_code(page: Page) -> None:
    for edition in EDITIONS:
        made = notebook(page, edition)
        nbformat.validate(made)
        code, borrow = split(made)
        for cell, there in zip(code, page.cells, strict=True):
            code_there = spoken(page.source(there.code).strip(), edition)
            assert bare_tree(cell.source) == bare_tree(code_there)
            assert edition == "zh-en" or not re.search("[一-鿿] \\| ", cell.source)
            assert shown(cell) == (there.output.text if there.output else "")
            drawn = [o for o in cell.outputs if "data" in o]
            assert len(drawn) == bool(there.figure)
        for cell in borrow:
            tree = ast.parse(cell.source)
            assert all(isinstance(node, ast.ImportFrom) for node in tree.body)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_notebooks_code_has_all_names_when_it_uses_them(page: Page) -> None:
    code = [c.source for c in notebook(page).cells if c.cell_type == "code"]
    chunks = (page.source(cell.code) for cell in page.cells if cell.code.target)
    of_chunks = set().union(*map(names.assigned_names, chunks))
    used, there = set[str](), set(names.KNOWN)
    for c in code:
        used |= names.used_names(c)
        there |= names.made_names(c)
        assert not used & of_chunks - there
    assert used <= there


@pytest.mark.parametrize("page", chosen(), ids=lambda page: page.name)
def test_a_notebook_runs_and_prints_what_it_shows(page: Page, tmp_path: Path) -> None:
    skips = [cell.skip for cell in page.cells if cell.skip]
    if not has_mnist() and any(skip.test for skip in skips):
        pytest.skip("needs MNIST: set FISHBOOK_DATA")
    if not runs_long() and any(skip.long for skip in skips):
        pytest.skip(RUNS_LONG)
    before, run = notebook(page), notebook(page)
    resources = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(run, timeout=1200, resources=resources).execute()
    for cell, old, new in zip(page.cells, split(before)[0], split(run)[0], strict=True):
        output = cell.output and replace(cell.output, text=printed(old))
        assert prints(output, printed(new))


def test_pages_that_need_a_run_are_told_from_others() -> None:
    adds = chunk("step = 1\n\n\ndef add(x):\n    return x + step")
    quiet = python("print(add(1), step)")
    for example, names_in in [(quiet, set()), (python("step = 2"), {"step"})]:
        assert rebound(book_of(adds + example).pages[0]) == names_in
    assert {"raises", "draws"} <= {kind for page in chosen() for kind in kinds(page)}
    assert any(split(notebook(page))[1] for page in chosen()), "none borrows"
