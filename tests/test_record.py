"""What blocks print and draw, written into the pages."""

from __future__ import annotations

import os
import unittest
from pathlib import Path

import pytest
from books import (
    DOT,
    GATES,
    SUMS,
    edit,
    examples,
    failures,
    problems_of,
    python,
    raising,
    read_text,
    verdicts,
    write_text,
)

from fishbook.loom.book import Book
from fishbook.loom.problem import LoomError
from fishbook.loom.record import record

MORE = "docs/03-more/index.md"
SHOWN = python("print(NOT(0), NOT(1), 1 / 3)", "1 0 0.333333")


def test_recording_again_changes_nothing(book_root: Path) -> None:
    assert record(Book.load(book_root)) == []


def test_record_writes_outputs_and_figures(book_root: Path) -> None:
    edit(book_root / SUMS, "print(total.value)", "print(total.value / 2)")
    edit(book_root / SUMS, 'r="2"', 'r="3"')
    assert record(Book.load(book_root)) == [SUMS, DOT]
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
        (python("print(1 / 3)", "0.3"), python("print(1 / 3)", "0.3")),
        (
            python("print('```')", "old"),
            "```python\nprint('```')\n```\n\n````output\n```\n````\n\n",
        ),
        (
            "```python\nprint(1)  # (1)!\n```\n\n1. 甲 | a\n",
            "```python\nprint(1)  # (1)!\n```\n\n1. 甲 | a\n\n```output\n1\n```\n",
        ),
        ("```python\nprint(1)\n```", "```python\nprint(1)\n```\n\n```output\n1\n```\n"),
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


def test_record_leaves_skipped_outputs_alone(book_root: Path) -> None:
    skipped = '<!--- skip: next "why" -->\n\n' + SHOWN.replace("0.333333", "old")
    edit(book_root / GATES, SHOWN.rstrip("\n"), skipped.rstrip("\n"))
    assert record(Book.load(book_root)) == []


def test_pages_and_folders_can_be_recorded_alone(book_root: Path) -> None:
    edit(book_root / GATES, "1 0 0.333333", "old")
    assert record(Book.load(book_root), [book_root / "docs/02-sums"]) == []
    assert record(Book.load(book_root), [book_root / "docs/01-gates"]) == [GATES]


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


SAVE = """\
from pathlib import Path

old, new = (bytes.fromhex(text).decode() for text in ({!r}, {!r}))
page = Path("index.md")
_ = page.write_bytes(page.read_bytes().replace(old.encode(), new.encode()))
print(2)"""


def saving(old: str, new: str) -> str:
    """Give an example that does what an author may do in the middle of a run."""
    return python(SAVE.format(old.encode().hex(), new.encode().hex()))


def test_words_that_are_saved_while_a_page_runs_are_kept(book_root: Path) -> None:
    text = "Words.\n\n" + saving("Words.", "Words.\n\nMore words.")
    write_text(book_root / MORE, text)
    record(Book.load(book_root), [book_root / MORE])
    kept = text.replace("Words.", "Words.\n\nMore words.") + "```output\n2\n```\n\n"
    assert read_text(book_root / MORE) == kept


@pytest.mark.parametrize("new", ["print(4)", "print(3)\r"])
def test_code_that_is_saved_while_a_page_runs_is_left_alone(
    book_root: Path, new: str
) -> None:
    text = saving("print(3)", new) + python("print(3)", "old")
    write_text(book_root / MORE, text)
    with pytest.raises(LoomError, match=r"03-more/index\.md:\d+: "):
        record(Book.load(book_root), [book_root / MORE])
    assert read_text(book_root / MORE) == text.replace("print(3)", new)


def test_the_book_is_the_one_that_record_began_with(
    book_root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_text(book_root / MORE, python("import os\n\nos.chdir('/')\nprint(1)", "old"))
    monkeypatch.chdir(book_root)
    assert record(Book.load(Path())) == [MORE]
    assert "```output\n1\n```" in read_text(book_root / MORE)


def test_a_package_that_is_not_tangled_is_not_run(book_root: Path) -> None:
    edit(book_root / GATES, "return 1 -", "return 2 -")
    with pytest.raises(LoomError, match="run `fishbook tangle` first"):
        record(Book.load(book_root), [book_root / SUMS])


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import shutil\n\nshutil.rmtree('..')", "docs/01-gates/01-not.md"),
        ("open('../new.txt', 'w').close()", "docs/new.txt"),
        ("open('../02-sums/figures/dot.svg', 'w').close()", DOT),
        ("open('lot.npz', 'w').close()", "docs/03-more/lot.npz"),
        ("1 / (Path('../02-sums/index.md').unlink() or 0)", "docs/02-sums/index.md"),
    ],
)
def test_a_block_that_touches_the_book_ends_the_recording(
    book_root: Path, code: str, said: str
) -> None:
    write_text(book_root / MORE, python(f"from pathlib import Path\n\n{code}"))
    later = book_root / "docs/04-later/index.md"
    write_text(later, python("print(1)", "old"))
    with pytest.raises(LoomError) as refused:
        record(Book.load(book_root))
    assert str(refused.value).startswith(f"{MORE}:1: while this page ran, ")
    assert said in str(refused.value)
    assert not later.exists() or "old" in read_text(later)


def test_files_that_editors_keep_for_a_while_are_not_the_books(book_root: Path) -> None:
    code = "from pathlib import Path\n\n"
    code += "\n".join(f"Path({n!r}).touch()" for n in (".x.md.swp", "x.md~", "new.md"))
    code += "\nPath('__pycache__').mkdir()\nPath('__pycache__/x.pyc').touch()"
    write_text(book_root / MORE, python(f"{code}\nprint(1)"))
    assert record(Book.load(book_root), [book_root / MORE]) == [MORE]


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


LONG = """\
<!--- long: next -->

```python
import numpy as np

w = np.arange(3.0)
np.savez_compressed("learned.npz", w=w)
print("learned", w.sum())
```

```output
learned {}
```

```python
import numpy as np

with np.load("learned.npz") as stored:
    w = stored["w"]
print(w.sum())
```

```output
{}
```
"""


def test_what_runs_long_is_run_where_it_is_asked_for(
    book_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FISHBOOK_LONG", raising=False)
    page = book_root / MORE
    write_text(page, LONG.format("0.0", "0.0"))
    with pytest.raises(LoomError, match="No such file"):
        record(Book.load(book_root), [page])
    monkeypatch.setenv("FISHBOOK_LONG", "1")
    assert record(Book.load(book_root), [page]) == [MORE]
    assert read_text(page) == LONG.format("3.0", "3.0")
    write_text(page, LONG.format("7.0", "0.0"))
    assert "learned 7.0" in failures(book_root)
    monkeypatch.setenv("FISHBOOK_LONG", "0")
    assert record(Book.load(book_root), [page]) == [MORE]
    assert read_text(page) == LONG.format("7.0", "3.0")
    first, second = examples(book_root, MORE)
    with pytest.raises(unittest.SkipTest, match="runs long: `make test-long`"):
        first.evaluate()
    second.evaluate()


def test_a_long_block_may_also_need_what_is_not_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mark = '<!--- long: next if({}, reason="no data") -->\n\n'
    text = mark.format("1 > 0") + python("1 / 0") + mark.format("1 < 0") + python("1")
    monkeypatch.setenv("FISHBOOK_LONG", "1")
    assert verdicts(text) == ["no data", ""]
    monkeypatch.delenv("FISHBOOK_LONG")
    assert all(said.startswith("runs long") for said in verdicts(text))
