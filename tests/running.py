"""What running a page, or a whole book, says is wrong."""

from __future__ import annotations

from pathlib import Path

from books import book_of, examples

from fishbook.loom.apart import Runner
from fishbook.loom.book import Book
from fishbook.loom.compare import verdict


def verdicts(*texts: str) -> list[str]:
    """Run the last of some pages; give what is wrong, block by block."""
    book = book_of(*texts)
    said = []
    with Runner(book, book.pages[-1]) as runner:
        for cell in book.pages[-1].cells:
            result = runner.run(cell)
            said.append(result.skipped or verdict(Path(), cell, result))
    return said


def failures(root: Path) -> str:
    """Run each block as pytest does; give what is said of those that fail."""
    said = []
    for page in Book.load(root).pages:
        for example in examples(root, str(page.path)):
            try:
                example.evaluate()
            except AssertionError as error:
                said.append(str(error))
    return "\n".join(said)
