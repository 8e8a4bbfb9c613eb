"""What running a page, or a whole book, says is wrong."""

from __future__ import annotations

from pathlib import Path

from books import book_of, examples, python

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


def failures(root: Path, *pages: str) -> str:
    """Run each block, of some pages or all, as pytest does; give what fails and why."""
    said = []
    for page in pages or [str(page.path) for page in Book.load(root).pages]:
        for example in examples(root, page):
            try:
                example.evaluate()
            except AssertionError as error:
                said.append(str(error))
    return "\n".join(said)


def plotted(*codes: str) -> list[str]:
    """Give the pictures that Matplotlib draws, all in one process: it starts slowly."""
    head = "import matplotlib.pyplot as plt\n\n"
    book = book_of("".join(python(head + code) for code in codes))
    with Runner(book, book.pages[0]) as runner:
        return [runner.run(cell).svg for cell in book.pages[0].cells]


def showing(svg: Path) -> str:
    """Give an example that draws what is in a file."""
    code = (
        "from pathlib import Path\n\n\nclass Shown:\n    def _repr_svg_(self):\n"
        f"        return Path({str(svg)!r}).read_text(encoding='utf-8')\n\n\nShown()"
    )
    return python(code)
