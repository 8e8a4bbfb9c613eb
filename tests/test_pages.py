"""Each page's visible examples run alone if they are copied in order."""

from __future__ import annotations

from pathlib import Path

import pytest
from books import book_of, chunk, python

from fishbook.loom import names
from fishbook.loom.blocks import Cell
from fishbook.loom.book import Book
from fishbook.loom.compare import looks_like_error, prints
from fishbook.loom.page import Page
from fishbook.loom.run import Runner

BOOK = Book.load(Path(__file__).parent.parent)
PAGES = [p for p in BOOK.pages if any(c.code.hidden for c in p.cells) and not p.is_lab]
SKIPS = {"has_mnist": lambda: False}
"""What needs MNIST runs with the page itself; here it would only take long."""


def complaints(book: Book, page: Page) -> list[str]:
    """Run what a reader sees, as a reader would; give what doesn't go as shown."""
    reader = Runner(book, page)
    found = []
    for cell in (cell for cell in page.cells if not cell.code.hidden):
        if cell.skip and (not cell.skip.test or eval(cell.skip.test, {**SKIPS})):
            reader.forget(cell.code)
            continue
        result = reader.execute(code_of(page, cell), reader.space, reader.path)
        if result.skipped:
            reader.forget(cell.code)
            continue
        place = f"{page.path}:{cell.code.line}: "
        shown = cell.output.text if cell.output else ""
        if bool(result.error) != looks_like_error(shown):
            found.append(place + (result.trace or f"raised no {shown}"))
        elif not prints(cell.output, result.text):
            found.append(f"{place}{shown!r} is shown, {result.text!r} printed")
    return found


def code_of(page: Page, cell: Cell) -> str:
    """Give an example as it is; of a chunk, the names that the package has of it."""
    source = page.source(cell.code)
    if not cell.code.target:
        return source
    made = names.assigned_names(source) | names.imported_names(source)
    module = names.module_name(cell.code.target)
    return f"from {module} import {', '.join(sorted(made)) or '__doc__'}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_needs_nothing_that_is_out_of_sight(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = complaints(BOOK, page)
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("```python hidden\nx = 1\n```\n" + python("x"), ["name 'x' is not defined"]),
        (python("print(1)", "2"), ["'2' is shown, '1\\n' printed"]),
        (python("1 / 0", "ZeroDivisionError: division by zero"), []),
        (python("1", "ValueError: no"), ["raised no ValueError: no"]),
        ('<!--- skip: next "why" -->\n\n' + python("x = 1") + python("x"), []),
    ],
)
def test_what_a_page_keeps_out_of_sight_is_missed(text: str, said: list[str]) -> None:
    book = book_of(chunk("x = 1"), text)
    found = complaints(book, book.pages[1])
    assert len(found) == len(said)
    assert all(part in line for part, line in zip(said, found, strict=True))
