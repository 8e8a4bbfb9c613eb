"""A test that the tests can fail: each slip in a sound book is caught."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from books import DOT, GATES, SUMS, edit, problems_of, read_text
from running import failures

from fishbook.loom.book import Book
from fishbook.loom.tangle import differences

pytest.importorskip("sybil")
EXERCISES = "docs/02-sums/02-exercises.md"


def run_pytest(root: Path) -> tuple[int, str]:
    """Run pytest on the book as its maintainer would."""
    (root / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "docs"]
    done = subprocess.run(command, cwd=root, capture_output=True, encoding="utf-8")
    return done.returncode, done.stdout


def place_of(root: Path, code: str) -> str:
    """Give file:line of the block that holds some code."""
    for page in Book.load(root).pages:
        for cell in page.cells:
            if code in cell.code.source:
                return f"{page.path}:{cell.code.line}"
    raise LookupError(code)


def test_the_sound_book_passes_everything(book_root: Path) -> None:
    code, said = run_pytest(book_root)
    assert code == 0, said
    assert "10 passed" in said
    assert failures(book_root) == ""
    assert differences(Book.load(book_root)) == []
    assert problems_of(Book.load(book_root)) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "block", "said"),
    [
        (GATES, "1 0 0.333333", "1 0 0.333433", "print(NOT", "- 1 0 0.333433"),
        (GATES, "1 0 0.333333", "1 1 0.333333", "print(NOT", "- 1 1 0.333333"),
        (GATES, "1 - floor(", "2 - floor(", "print(NOT", "+ 2 1 0.33333"),
        (GATES, "from math import floor\n", "", "print(NOT", "NameError"),
        (SUMS, "+= NOT(x)", "-= NOT(x)", "total.add(", "- 1"),
        (
            EXERCISES,
            "is no number",
            "is a word",
            'add("x")',
            "- TypeError: 'x' is a wo",
        ),
        (EXERCISES, 'Total().add("x")', "Total().add(1)", "add(1)", "raised none"),
        (SUMS, 'r="2"', 'r="3"', "class Dot", "figures/dot.svg is not what"),
        (SUMS, "\n\nDot()", "", "class Dot", "but the block drew nothing"),
        (DOT, "#1f2533", "#2f2533", "class Dot", 'fill="#2f2533"/>'),
    ],
)
def test_a_blocks_test_catches_a_slip_at_its_line(
    book_root: Path, file: str, old: str, new: str, block: str, said: str
) -> None:
    edit(book_root / file, old, new)
    place = place_of(book_root, block)
    failed = failures(book_root, place.partition(":")[0])
    assert said in failed
    assert f"{place}: " in failed


def test_pytest_fails_with_the_line_in_the_page(book_root: Path) -> None:
    edit(book_root / SUMS, "total.add(0)", "total.add(None)")
    code, output = run_pytest(book_root)
    line = read_text(book_root / SUMS).split("\n").index("total.add(None)") + 1
    assert code == 1
    assert f'01-total.md", line {line}, in' in output
    assert "total.add(None)" in output
