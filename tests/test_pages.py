"""Each page's visible examples run alone if they are copied in order."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from books import book_of, chunk, python, raising

from fishbook.loom import names
from fishbook.loom.apart import Runner
from fishbook.loom.blocks import Cell, Code, Skip
from fishbook.loom.book import Book
from fishbook.loom.compare import verdict
from fishbook.loom.page import Page

BOOK = Book.load(Path(__file__).parent.parent)
PAGES = [p for p in BOOK.pages if any(c.code.hidden for c in p.cells) and not p.is_lab]
SKIPS = {"has_mnist": lambda: False}
"""What needs MNIST runs with the page itself; here it would only take long."""


def complaints(book: Book, page: Page) -> list[str]:
    """Run what a reader sees, as a reader would; give what doesn't go as shown."""
    found = []
    with Runner(book, page) as reader:
        for cell in (cell for cell in page.cells if not cell.code.hidden):
            seen = replace(cell, code=code_of(page, cell), skip=skip_of(cell))
            result = reader.run(seen)
            if result.skipped:
                continue
            seen = replace(seen, figure=None)
            if wrong := verdict(reader.folder, seen, replace(result, svg="")):
                found.append(f"{page.path}:{cell.code.line}: {wrong}")
    return found


def skip_of(cell: Cell) -> Skip | None:
    """Skip what needs MNIST or runs long: it runs with the page itself."""
    skip = cell.skip
    if skip and (skip.long or not skip.test or eval(skip.test, {**SKIPS})):
        return replace(skip, test="", reason="why", long=False)
    return None


def code_of(page: Page, cell: Cell) -> Code:
    """Give an example as it is; of a chunk, the names that the package has of it."""
    code = cell.code
    if not code.target:
        return code
    source = page.source(code)
    made = names.assigned_names(source) | names.imported_names(source)
    module = names.module_name(code.target)
    names_in = ", ".join(sorted(made)) or "__doc__"
    return replace(code, source=f"from {module} import {names_in}", target="")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_needs_nothing_that_is_out_of_sight(page: Page) -> None:
    found = complaints(BOOK, page)
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("```python hidden\nx = 1\n```\n" + python("x"), ["name 'x' is not defined"]),
        (python("print(1)", "2"), ["- 2"]),
        (raising("1 / 0", "ZeroDivisionError: division by zero"), []),
        (raising("1", "ValueError: no"), ["the block raised none"]),
        ('<!--- skip: next "why" -->\n\n' + python("x = 1") + python("x"), []),
    ],
)
def test_what_a_page_keeps_out_of_sight_is_missed(text: str, said: list[str]) -> None:
    book = book_of(chunk("x = 1"), text)
    found = complaints(book, book.pages[1])
    assert len(found) == len(said)
    assert all(part in line for part, line in zip(said, found, strict=True))


def misformatted(pages: list[Page], folder: Path) -> str:
    """Give how ruff would write the examples; chunks it sees in the package."""
    for page in pages:
        for code in (cell.code for cell in page.cells if not cell.code.target):
            place = f"{page.name.replace('/', '_')}_{code.line}"
            (folder / f"{place}.py").write_text(code.source + "\n", encoding="utf-8")
    settings = BOOK.root / "pyproject.toml"
    ruff = [sys.executable, "-m", "ruff", "format", "--diff", "--config", str(settings)]
    done = subprocess.run([*ruff, "."], cwd=folder, capture_output=True, check=False)
    return done.stdout.decode()


def test_examples_are_formatted(tmp_path: Path) -> None:
    wrong = misformatted(list(BOOK.pages), tmp_path)
    assert not wrong, wrong


def test_an_example_in_another_form_is_noticed(tmp_path: Path) -> None:
    pages = book_of(python("x = [ 1 ]")).pages
    assert "+x = [1]" in misformatted(list(pages), tmp_path)
