"""Blocks run, compared and recorded."""

from __future__ import annotations

from pathlib import Path

import pytest
from books import edit, make_book, write_text

from fishbook.loom.book import Book
from fishbook.loom.chapter import Chapter
from fishbook.loom.compare import same_output, svg_difference
from fishbook.loom.problem import LoomError
from fishbook.loom.run import Runner, needed_names, record, verdict


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("1", "1", True),
        ("1", "2", False),
        ("1", "1.0", False),
        ("10000000", "10000001", False),
        ("0.333", "0.334", True),
        ("0.333", "0.335", False),
        ("1234567.0", "1234568.0", True),
        ("1e-16", "2e-16", True),
        ("1.5e-16", "1.7e-16", False),
        ("-0.5", "0.5", False),
        ("nan", "nan", True),
        ("inf", "-inf", False),
        ("Python 3.11.7", "Python 3.11.8", False),
        ("[0.5 0. ]", "[0.5 0.]", True),
        ("[ 0.77  1.5]", "[0.77 1.5]", True),
        ("loss 0.25", "loss  0.25", True),
        ("loss 0.25", "Loss 0.25", False),
        ("x1 = 2", "x2 = 2", False),
        ("    a", "a", False),
        ("a\nb", "a", False),
        ("a\n", "a", True),
        ("3.", "3.5", True),
        ("0.1, 0.2", "0.1, 0.35", False),
    ],
)
def test_outputs_agree_within_the_last_digit_shown(
    shown: str, printed: str, same: bool
) -> None:
    assert same_output(shown, printed) is same


def test_timings_vary_but_their_words_do_not() -> None:
    assert same_output("12.5 ms of 3 runs", "99.1 ms of 4 runs", varies=True)
    assert not same_output("12.5 ms", "12.5 s", varies=True)


SVG = '<svg id="{}" width="9"><g clip-path="url(#{})"><path d="M {} 2"/></g>{}</svg>'


@pytest.mark.parametrize(
    ("drawn", "same"),
    [
        (SVG.format("p", "p", "1.0", "<text>a</text>"), True),
        (SVG.format("q", "q", "1.01", "<text>a</text>"), True),
        (SVG.format("p", "p", "2.0", "<text>a</text>"), False),
        (SVG.format("p", "p", "1.0", "<text>b</text>"), False),
        (SVG.format("p", "p", "1.0", '<text fill="#000">a</text>'), False),
        (SVG.format("p", "p", "1.0", ""), False),
        ("<svg", False),
    ],
)
def test_pictures_agree_where_a_reader_sees_no_difference(
    drawn: str, same: bool
) -> None:
    shown = SVG.format("p", "p", "1.0", "<text>a</text>")
    assert (svg_difference(shown, drawn) == "") is same


def verdicts(root: Path, text: str) -> list[str]:
    """Run a chapter from its text; give what is wrong, block by block."""
    book = Book(root, [Chapter.parse(text, Path("docs/01-a.md"))])
    runner = Runner(book, book.chapters[0])
    said = []
    for cell in book.chapters[0].cells:
        result = runner.run(cell)
        said.append(result.skipped or verdict(runner, cell, result))
    return said


def test_a_skipped_block_takes_those_with_it_that_need_its_names(
    tmp_path: Path,
) -> None:
    text = (
        '<!--- skip: next if(1 + 1 == 2, reason="no data here") -->\n\n'
        "```python\nx, y = load()\n```\n\n"
        "```python\nprint(x)\n```\n\n```output\n5\n```\n\n"
        "```python\nz = y\n```\n\n"
        "```python\nprint(z)\n```\n\n"
        "```python\nx = 3\nprint(x)\n```\n\n```output\n3\n```\n\n"
        '<!--- skip: next if(x > 5, reason="never") -->\n\n'
        "```python\nprint(x)\n```\n\n```output\n3\n```\n"
    )
    assert verdicts(tmp_path, text) == [
        "no data here",
        "needs x from the block skipped at line 3",
        "needs y from the block skipped at line 3",
        "needs z from the block skipped at line 15",
        "",
        "",
    ]


def test_needed_names_are_those_read_before_they_are_set() -> None:
    assert "a" in needed_names("b = a")
    assert "a" not in needed_names("a = 1\nb = a")
    assert "a" in needed_names("def f():\n    return a\n")


def test_a_chunk_sees_its_file_alone(tmp_path: Path) -> None:
    text = (
        "```python\nimport os\n```\n\n"
        '```python title="fishbook/a.py"\ncwd = os.getcwd()\n```\n'
    )
    first, second = verdicts(tmp_path, text)
    assert first == ""
    assert "NameError: name 'os' is not defined" in second


def test_a_warning_from_the_page_is_an_error(tmp_path: Path) -> None:
    text = "```python\nimport numpy as np\n\nnp.exp(np.array([1000.0]))\n```\n"
    (said,) = verdicts(tmp_path, text)
    assert "RuntimeWarning: overflow" in said


def test_what_is_printed_or_drawn_has_to_be_shown(tmp_path: Path) -> None:
    (said,) = verdicts(tmp_path, "```python\nprint(1)\n```\n")
    assert "+ 1" in said
    draw = "```python\nimport matplotlib.pyplot as plt\n\n_ = plt.plot([1, 2])\n```\n"
    (said,) = verdicts(tmp_path, draw)
    assert "a figure that the page doesn't show" in said


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_book(tmp_path / "book")


def test_recording_again_changes_nothing(root: Path) -> None:
    assert record(Book.load(root)) == []


def test_record_writes_outputs_and_figures(root: Path) -> None:
    path = root / "docs/02-sums.md"
    edit(path, "print(total.value)\n```\n\n```output\n1\n```", "print(7.5)\n```")
    edit(path, 'r="2"', 'r="3"')
    assert record(Book.load(root)) == ["docs/02-sums.md", "docs/figures/dot.svg"]
    text = path.read_text(encoding="utf-8")
    assert "print(7.5)\n```\n\n```output\n7.5\n```\n" in text
    figure = (root / "docs/figures/dot.svg").read_text(encoding="utf-8")
    assert 'r="3"' in figure


def test_record_keeps_line_endings_and_the_rest_of_the_text(root: Path) -> None:
    path = root / "docs/01-gates.md"
    text = path.read_text(encoding="utf-8").replace("\n", "\r\n")
    write_text(path, "\ufeff" + text.replace("0.333333", "0.9"))
    record(Book.load(root))
    now = path.read_bytes().decode("utf-8")
    assert now == "\ufeff" + text.replace("0.333333", "0.3333333333333333")


def test_record_leaves_a_chapter_alone_whose_block_fails(root: Path) -> None:
    path = root / "docs/02-sums.md"
    edit(path, "print(total.value)", "print(total.value + 1)")
    edit(path, "Dot()\n```", "Dots()\n```")
    before = path.read_bytes()
    with pytest.raises(
        LoomError, match=r"(?s)02-sums\.md:\d+: .*NameError: name 'Dots'"
    ):
        record(Book.load(root))
    assert path.read_bytes() == before


def test_record_leaves_skipped_outputs_alone(root: Path) -> None:
    path = root / "docs/01-gates.md"
    edit(
        path,
        "```python\nprint(NOT",
        '<!--- skip: next "why" -->\n\n```python\nprint(NOT',
    )
    edit(path, "1 0 0.333333", "old")
    assert record(Book.load(root)) == []


def test_an_output_with_a_fence_in_it_gets_a_longer_fence(root: Path) -> None:
    path = root / "docs/01-gates.md"
    edit(path, "print(NOT(0), NOT(1), 1 / 3)", 'print("```")')
    record(Book.load(root))
    assert "````output\n```\n````\n" in path.read_text(encoding="utf-8")
    assert record(Book.load(root)) == []


def test_one_chapter_can_be_recorded_alone(root: Path) -> None:
    edit(root / "docs/01-gates.md", "1 0 0.333333", "old")
    assert record(Book.load(root), [root / "docs/02-sums.md"]) == []
    assert record(Book.load(root), [root / "docs/01-gates.md"]) == ["docs/01-gates.md"]
