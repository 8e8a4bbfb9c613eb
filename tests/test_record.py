"""What blocks print and draw, written into the pages."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from books import (
    DOT,
    GATES,
    MORE,
    SUMS,
    edit,
    examples,
    problems_of,
    python,
    raising,
    read_text,
    write_text,
)
from running import failures, plotted, showing

from fishbook.loom.book import Book
from fishbook.loom.problem import LoomError
from fishbook.loom.record import record
from fishbook.loom.tangle import write

SHOWN = python("print(NOT(0), NOT(1), 1 / 3)", "1 0 0.333333")


def test_recording_again_changes_nothing(book_root: Path) -> None:
    assert record(Book.load(book_root)) == []


def test_record_writes_outputs_and_figures(book_root: Path) -> None:
    edit(book_root / SUMS, "print(total.value)", "print(total.value / 2)")
    edit(book_root / SUMS, 'r="2"', 'r="3"')
    assert record(Book.load(book_root)) == [DOT, SUMS]
    shown = "print(total.value / 2)\n```\n\n```output\n0.5\n```\n"
    assert shown in read_text(book_root / SUMS)
    assert 'r="3"' in read_text(book_root / DOT)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (python("1\nprint(2)"), python("1\nprint(2)", "2")),
        (python("print()"), python("print()")),
        (python("1", "old"), python("1") + "\n"),
        (python("print('a ')\n'b'", "a"), python("print('a ')\n'b'", "a")),
        (python("print(1 / 3)", "0.3333"), python("print(1 / 3)", "0.3333")),
        (
            python("print(1 / 3)", "0.333"),
            python("print(1 / 3)", "0.3333333333333333"),
        ),
        (
            python("print(1 / 3)", "0.325").replace("output", "output within 0.01"),
            python("print(1 / 3)", "0.325").replace("output", "output within 0.01"),
        ),
        (
            python("print(0.34)", "0.325").replace("output", "output within 0.01"),
            python("print(0.34)", "0.34").replace("output", "output within 0.01"),
        ),
        (
            python("print(0.34)", "0.335").replace("output", "output within 1%"),
            python("print(0.34)", "0.34").replace("output", "output within 1%"),
        ),
        (python("print('1.10')", "1.1"), python("print('1.10')", "1.10")),
        (python("print(0.5)", ".5"), python("print(0.5)", "0.5")),
        (python("print(1.0)", "+1.0"), python("print(1.0)", "1.0")),
        (
            python("print('a  1.0 b')", "a 1.0 b"),
            python("print('a  1.0 b')", "a  1.0 b"),
        ),
        (
            python("print('1.5672 b')", "1.567 b"),
            python("print('1.5672 b')", "1.5672 b"),
        ),
        (
            python("print('0.567')", "0.57").replace("output", "output within 0.01"),
            python("print('0.567')", "0.567").replace("output", "output within 0.01"),
        ),
        (
            python("print('```')", "old"),
            "```python\nprint('```')\n```\n\n````output\n```\n````\n\n",
        ),
        (
            "```python\nprint(1)  # (1)!\n```\n\n1. 甲 | a\n",
            "```python\nprint(1)  # (1)!\n```\n\n1. 甲 | a\n\n```output\n1\n```\n",
        ),
        ("```python\nprint(1)\n```", "```python\nprint(1)\n```\n\n```output\n1\n```\n"),
        (python("print(1)", "0").rstrip(), python("print(1)", "1").rstrip()),
        (
            python("print('1.5 ms')", "2.5 s").replace("output", "output varies"),
            python("print('1.5 ms')", "1.5 ms").replace("output", "output varies"),
        ),
    ],
)
def test_an_output_is_written_where_it_differs(
    book_root: Path, old: str, new: str
) -> None:
    words = "words, which stay as they are   \n\n"
    write_text(book_root / MORE, words + old)
    changed = record(Book.load(book_root), [book_root / MORE])
    assert read_text(book_root / MORE) == words + new
    assert changed == [MORE] * (old != new)
    assert record(Book.load(book_root), [book_root / MORE]) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Dot()\n```", "Dots()\n```", r"NameError: name 'Dots' is not defined"),
        ("Dot()\n```", "1\n```", "but the block drew nothing; draw one, or add a line"),
        ("Dot()\n```", "print(7)\nDot()\n```", "this hidden code prints:\n7"),
        ("print(NOT(0))", "import nowhere", "pip install 'fishbook[plot]'"),
        (
            "print(NOT(0))\n```\n\n```output\n1",
            "1\n```\n\n```output raises\nValueError: x",
            "the page shows an error, but the block raised none",
        ),
    ],
)
def test_a_page_with_a_block_that_fails_is_left_alone(
    book_root: Path, old: str, new: str, said: str
) -> None:
    edit(book_root / SUMS, "print(total.value)", "print(total.value + 1)")
    edit(book_root / SUMS, old, new)
    before = read_text(book_root / SUMS)
    with pytest.raises(LoomError) as refused:
        record(Book.load(book_root))
    assert str(refused.value).startswith(f"{SUMS}:")
    assert said in str(refused.value)
    assert read_text(book_root / SUMS) == before


def test_a_figure_of_training_stays_while_it_lies_within_its_share(
    book_root: Path,
) -> None:
    curve = "plt.ylim(0, 1)\n_ = plt.plot([0.2, {}])"
    first, near, far = plotted(*(curve.format(y) for y in (0.5, 0.515, 0.525)))
    drawn = book_root.parent / "drawn.svg"
    shown = "![一条线 | A line](figures/line.svg)\n"
    page, figure = book_root / SUMS, "docs/02-sums/figures/line.svg"
    mark = "<!--- within 2% of the axes -->\n"
    write_text(page, f"# 线 | Line {{#line}}\n\n{showing(drawn)}{mark}{shown}")
    write(Book.load(book_root))
    write_text(drawn, first)
    assert record(Book.load(book_root), [page]) == [figure]
    write_text(drawn, near)
    assert record(Book.load(book_root), [page]) == []
    (example,) = examples(book_root, SUMS)
    example.evaluate()
    edit(page, mark, "")
    (example,) = examples(book_root, SUMS)
    with pytest.raises(AssertionError, match=r"figures/line.svg is not what"):
        example.evaluate()
    edit(page, shown, mark + shown)
    write_text(drawn, far)
    (example,) = examples(book_root, SUMS)
    with pytest.raises(AssertionError, match=r"figures/line.svg is not what"):
        example.evaluate()
    assert record(Book.load(book_root), [page]) == [figure]


@pytest.mark.parametrize("data", [b"<svg>\xff</svg>", "<svg/>".encode("utf-16")])
def test_a_figure_that_cannot_be_read_is_drawn_anew(
    book_root: Path, data: bytes
) -> None:
    before = read_text(book_root / DOT)
    (book_root / DOT).write_bytes(data)
    assert f"{DOT}:1: " in failures(book_root, SUMS)
    assert record(Book.load(book_root), [book_root / SUMS]) == [DOT]
    assert read_text(book_root / DOT) == before
    (book_root / DOT).write_bytes(before.replace("<", "\r\n<").encode())
    assert record(Book.load(book_root), [book_root / SUMS]) == [DOT]


def test_a_figure_of_another_matplotlib_is_drawn_anew(book_root: Path) -> None:
    before = read_text(book_root / DOT)
    edit(book_root / DOT, "</svg>", "<!--Matplotlib v3.0--></svg>")
    assert record(Book.load(book_root), [book_root / SUMS]) == [DOT]
    assert read_text(book_root / DOT) == before


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no such files")
def test_a_figure_that_is_no_file_is_not_waited_for(book_root: Path) -> None:
    (book_root / DOT).unlink()
    os.mkfifo(book_root / DOT)
    assert f"{DOT}:1: this is no file" in failures(book_root, SUMS)
    assert record(Book.load(book_root), [book_root / SUMS]) == [DOT]
    assert (book_root / DOT).is_file()


def test_record_leaves_skipped_outputs_alone(book_root: Path) -> None:
    skipped = '<!--- skip: next "why" -->\n\n' + SHOWN.replace("0.333333", "old")
    edit(book_root / GATES, SHOWN.rstrip("\n"), skipped.rstrip("\n"))
    assert record(Book.load(book_root)) == []


def test_pages_and_folders_can_be_recorded_alone(book_root: Path) -> None:
    edit(book_root / GATES, "1 0 0.333333", "old")
    assert record(Book.load(book_root), [book_root / "docs/02-sums"]) == []
    assert record(Book.load(book_root), [book_root / "docs/01-gates"]) == [GATES]


@pytest.mark.parametrize("place", ["fishbook", DOT, "docs/conftest.py", "../x.md"])
def test_what_is_no_page_is_not_recorded(book_root: Path, place: str) -> None:
    with pytest.raises(LoomError, match="this is no page of the book, and holds none"):
        record(Book.load(book_root), [book_root / GATES, book_root / place])
    assert record(Book.load(book_root), [book_root / "docs/index.md"]) == []


def test_an_unsound_book_is_not_recorded(book_root: Path) -> None:
    edit(book_root / SUMS, "```python hidden", "```python hiding")
    with pytest.raises(LoomError, match="fence 'python hiding' would not be run"):
        record(Book.load(book_root), [book_root / GATES])


ODD = [
    (raising, "raise ValueError('one\\ntwo: three')"),
    (raising, "raise ValueError('')"),
    (raising, "error = ValueError('x')\nerror.add_note('a note')\nraise error"),
    (raising, "raise ExceptionGroup('both', [ValueError('a'), TypeError('b')])"),
    (raising, "class Stop(Exception):\n    pass\n\n\nraise Stop('here')"),
    (raising, "raise KeyboardInterrupt"),
    (raising, "raise SystemExit(3)"),
    (raising, "exit()"),
    (raising, "x = = 1"),
    (raising, "def f():\nreturn 1"),
    (raising, "raise ValueError('\\ud800 \\0 \\x1b[1mbold\\x1b[0m')"),
    (raising, "print('\\ud800')"),
    (raising, "print('ValueError: printed', end='')\nraise TypeError('raised')"),
    (python, "print('ValueError: printed, not raised')"),
    (python, "print('KeyboardInterrupt')"),
    (python, "for n in range(3):\n    print(f'\\r{n} of 3', end='')"),
    (python, "print('1\\r\\n2\\r')"),
    (python, "print('\\0 \\x1b[31mred\\x1b[0m \\x07 \\x85 \\x0c')"),
    (python, "import os\n\nos.write(1, b'\\xff\\n')"),
    (python, "print('```\\n```output\\n~~~\\n</div>\\n<!---')"),
    (python, "print('\\n\\n  x  \\n\\n')"),
    (python, "print('\\ufeff\\u2028|')"),
]


def test_whatever_is_recorded_is_sound_and_passes(book_root: Path) -> None:
    text = "# 怪 | Odd {#odd}\n\n" + "".join(make(code, "-") for make, code in ODD)
    write_text(book_root / MORE, text)
    assert record(Book.load(book_root)) == [MORE]
    book = Book.load(book_root)
    assert problems_of(book) == []
    assert failures(book_root) == ""
    assert record(book) == []
    shown = [
        c.output.text
        for p in book.pages
        if p.path.as_posix() == MORE
        for c in p.cells
        if c.output
    ]
    assert len(shown) == len(ODD)
    assert shown[0] == "ValueError: one\ntwo: three"
    assert shown[2] == "ValueError: x\na note"
    assert shown[4] == "Stop: here"
    assert shown[9].endswith("function definition on line 1")
    assert shown[10] == "ValueError: \\ud800 \\x00 bold"
    assert shown[12] == "ValueError: printed\nTypeError: raised"
    assert shown[15:19] == ["2 of 3", "1\n2", "\\x00 red \\x07 \\x85 \\x0c", "\\xff"]


def test_pages_are_recorded_where_nobody_hears_their_errors(
    book_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import sys\n\n_ = sys.stderr.write('unheard')\nprint(1)"
    write_text(book_root / MORE, python(code, "old"))
    monkeypatch.setattr("sys.stderr", None)
    assert record(Book.load(book_root), [book_root / MORE]) == [MORE]


def test_a_new_file_may_be_read_by_whom_the_umask_lets(book_root: Path) -> None:
    (book_root / DOT).unlink()
    before = os.umask(0o027)
    try:
        record(Book.load(book_root), [book_root / SUMS])
    finally:
        os.umask(before)
    if os.name == "posix":
        assert (book_root / DOT).stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (python("1 / 0", "ZeroDivisionError: division by zero"), "`output raises`"),
        (raising("print('ValueError: no')", "ValueError: no"), "the block raised none"),
    ],
)
def test_that_a_block_raises_is_known_and_not_read_from_the_text(
    book_root: Path, text: str, said: str
) -> None:
    write_text(book_root / MORE, text)
    with pytest.raises(LoomError, match=said):
        record(Book.load(book_root))
    assert said in failures(book_root)


def test_the_pages_beside_one_that_fails_are_recorded_and_named(
    book_root: Path,
) -> None:
    for n, code in enumerate(["print(3)", "1 / 0", "print(5)"], 3):
        write_text(book_root / f"docs/{n:02}-x/index.md", python(code))
    told: list[str] = []
    with pytest.raises(LoomError) as refused:
        record(Book.load(book_root), tell=told.append)
    assert str(refused.value).startswith("docs/04-x/index.md:1: this block raised")
    assert told == ["docs/03-x/index.md", "docs/05-x/index.md"]
    assert "```output\n5" in read_text(book_root / told[1])
