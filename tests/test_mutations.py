"""A test that the tests can fail: each slip in a sound book is caught."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from books import edit, make_book

from fishbook.loom.book import Book
from fishbook.loom.check import check
from fishbook.loom.tangle import differences

pytest.importorskip("sybil")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_book(tmp_path / "book")


def run_pytest(root: Path, *arguments: str) -> tuple[int, str]:
    """Run pytest on the book as its maintainer would."""
    (root / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "docs"]
    done = subprocess.run(
        [*command, *arguments], cwd=root, capture_output=True, encoding="utf-8"
    )
    return done.returncode, done.stdout


def place_of(root: Path, code: str) -> str:
    """Give file:line of the block that holds some code."""
    for chapter in Book.load(root).chapters:
        for cell in chapter.cells:
            if code in cell.code.source:
                return f"{chapter.path.as_posix()}:{cell.code.line}"
    raise LookupError(code)


def test_the_sound_book_passes_everything(root: Path) -> None:
    code, said = run_pytest(root)
    assert code == 0, said
    assert "7 passed" in said
    assert differences(Book.load(root)) == []
    assert check(Book.load(root)) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "block", "said"),
    [
        ("01-gates.md", "1 0 0.333333", "1 0 0.333433", "print(NOT", "- 1 0 0.333433"),
        ("01-gates.md", "1 0 0.333333", "1 1 0.333333", "print(NOT", "- 1 1 0.333333"),
        ("01-gates.md", "1 - floor(x)", "2 - floor(x)", "print(NOT", "+ 2 1 0.33333"),
        ("01-gates.md", "from math import floor\n", "", "print(NOT", "NameError"),
        (
            "02-sums.md",
            "self.value += NOT(x)",
            "self.value -= NOT(x)",
            "total.add(",
            "- 1",
        ),
        (
            "02-sums.md",
            "must be real number",
            "must be a number",
            "Total().add(",
            "must be a number",
        ),
        (
            "02-sums.md",
            'Total().add("x")',
            "Total().add(1)",
            "Total().add(",
            "raised none",
        ),
        ("02-sums.md", 'r="2"', 'r="3"', "class Dot", "figures/dot.svg is not what"),
        ("02-sums.md", "\n\nDot()", "", "class Dot", "but the block drew nothing"),
        (
            "figures/dot.svg",
            "#1f2533",
            "#2f2533",
            "class Dot",
            "fill '#2f2533' on the page",
        ),
    ],
)
def test_pytest_catches_a_slip_at_its_line(
    root: Path, file: str, old: str, new: str, block: str, said: str
) -> None:
    edit(root / "docs" / file, old, new)
    code, output = run_pytest(root)
    assert code == 1, output
    assert said in output
    assert f"{place_of(root, block)}: " in output


def test_a_traceback_points_at_the_line_in_the_chapter(root: Path) -> None:
    edit(root / "docs/02-sums.md", "total.add(0)", "total.add(None)")
    _, output = run_pytest(root)
    text = (root / "docs/02-sums.md").read_text(encoding="utf-8")
    line = text.split("\n").index("total.add(None)") + 1
    assert f'02-sums.md", line {line}, in' in output
    assert "total.add(None)" in output


def test_the_package_check_catches_a_changed_chunk(root: Path) -> None:
    edit(root / "docs/01-gates.md", "1 - floor(x)", "1 - int(x)")
    (diff,) = differences(Book.load(root))
    assert "+    return 1 - int(x)" in diff


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("NOT is `NOT`", "NOT is `AND`", "inline code differ"),
        ("formula $1 - x$", "formula $1 + x$", "formulas differ"),
        ("[the next chapter](02-sums.md#sums)", "the next chapter", "links differ"),
        (
            '<div lang="en" markdown>\n\nNOT',
            '\n<div lang="en" markdown>\n\nNOT',
            "no Eng",
        ),
        (
            "NOT is `NOT`, formula $1 - x$, see [the next chapter](02-sums.md#sums).\n",
            "",
            "is empty",
        ),
    ],
)
def test_the_grammar_check_catches_a_changed_twin(
    root: Path, old: str, new: str, said: str
) -> None:
    edit(root / "docs/01-gates.md", old, new)
    problems = [str(problem) for problem in check(Book.load(root))]
    assert any(said in problem for problem in problems), problems
    assert all(problem.startswith("docs/01-gates.md:") for problem in problems)
