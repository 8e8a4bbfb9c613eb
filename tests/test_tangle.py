"""The package that the pages make, and the edits it respects."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from books import GATES, SUMS, book_of, chunk, edit, read_text, write_text
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fishbook.loom.book import Book
from fishbook.loom.problem import LoomError
from fishbook.loom.tangle import differences, tangle, write

FILE = "fishbook/gates.py"
FUTURE = "from __future__ import annotations\n\n"


def body_of(*codes: str) -> str:
    """Give the tangled file of some chunks, without its first line."""
    text = tangle(book_of("".join(map(chunk, codes))))["fishbook/a.py"].text
    return text.partition("\n")[2]


def test_the_package_is_clean_python(book_root: Path) -> None:
    first, _, body = read_text(book_root / FILE).partition("\n")
    assert first.startswith("# Tangled from docs/01-gates, docs/02-sums [")
    assert body == (
        f'"""Gates."""\n\n{FUTURE}from math import floor\n\n'
        'from fishbook.guards import real\n\n__all__ = ["NOT", "Total"]\n\n\n'
        'def NOT(x: float) -> int:\n    """Return the opposite of x.\n\n'
        '    Parameters\n    ----------\n    x : float\n        A number.\n    """\n'
        "    return 1 - floor(real(x))\n\n\n"
        'class Total:\n    """Return what has been added."""\n\n'
        "    def __init__(self) -> None:\n        self.value = NOT(1)\n\n"
        "    def add(self, x: float) -> None:\n        self.value += NOT(x)\n"
    )


def test_tangling_again_changes_nothing(book_root: Path) -> None:
    before = (book_root / FILE).stat().st_mtime_ns
    assert write(Book.load(book_root)) == differences(Book.load(book_root)) == []
    assert (book_root / FILE).stat().st_mtime_ns == before


def test_line_endings_of_the_package_are_no_edit(book_root: Path) -> None:
    text = read_text(book_root / FILE)
    write_text(book_root / FILE, text.replace("\n", "\r\n"))
    assert write(Book.load(book_root)) == [FILE]
    assert read_text(book_root / FILE) == text


def test_the_last_line_break_counts(book_root: Path) -> None:
    write_text(book_root / FILE, read_text(book_root / FILE).rstrip("\n"))
    (diff,) = differences(Book.load(book_root))
    assert diff.startswith("--- fishbook/gates.py")


def test_a_files_head_is_its_docstring_its_imports_and_its_names() -> None:
    names = '__all__ = ["x"]\n\n'
    assert body_of("x = 1", '"""A note."""\n\ny = 2') == (
        f'{FUTURE}__all__ = ["x", "y"]\n\nx = 1\n\n\n"""A note."""\n\ny = 2\n'
    )
    assert body_of('"""Doc."""', "import os", "x = 1") == (
        f'"""Doc."""\n\n{FUTURE}import os\n\n{names}x = 1\n'
    )
    assert body_of("from __future__ import annotations", "x = 1") == (
        f"{FUTURE}{names}x = 1\n"
    )
    assert body_of("_x = 1") == f"{FUTURE}__all__ = []\n\n_x = 1\n"
    own = '__all__ = ["x"]\n\nx = y = 1'
    assert body_of(own) == f"{FUTURE}{own}\n"


@pytest.mark.parametrize("code", ["# A note.\nx = 1", "# A note.\n\n\ndef f(): ..."])
def test_a_comment_at_the_top_stays_with_its_code(code: str) -> None:
    assert body_of(f"import os\n\n{code}").endswith(code + "\n")


def test_marks_are_left_out_and_all_else_stays() -> None:
    code = "x = [  # (1)!\n    1,  # one\n    2,\t# (2)! \n]  # (a)!"
    text = chunk(code) + "1. 甲 | a\n2. 乙 | b\n"
    body = tangle(book_of(text))["fishbook/a.py"].text
    assert body.endswith("x = [\n    1,  # one\n    2,\n]  # (a)!\n")


def test_where_a_chunk_stands_in_its_file_is_known(book_root: Path) -> None:
    file = tangle(Book.load(book_root))[FILE]
    lines = file.text.split("\n")
    assert [lines[file.line_of(p.code) - 1].strip() for p in file.pieces] == [
        "def NOT(x: float) -> int:",
        "class Total:",
        "def add(self, x: float) -> None:",
    ]
    for piece in file.pieces:
        first, last = piece.lines
        assert "\n".join(lines[first - 1 : last]) == piece.text


def test_a_changed_page_shows_as_a_diff_and_is_tangled(book_root: Path) -> None:
    edit(book_root / GATES, "return 1 - floor", "return 2 - floor")
    (diff,) = differences(Book.load(book_root))
    assert "-    return 1 - floor(real(x))" in diff
    assert "+    return 2 - floor(real(x))" in diff
    assert write(Book.load(book_root)) == [FILE]
    assert differences(Book.load(book_root)) == []


def test_an_edit_by_hand_is_never_overwritten_unseen(book_root: Path) -> None:
    edit(book_root / FILE, "floor(real(x))", "floor(real(x))  # mine")
    edit(book_root / SUMS, "self.value += NOT(x)", "self.value -= NOT(x)")
    edit(book_root / "docs/a-extras/01-guards.md", "return x", "return +x")
    before = read_text(book_root / FILE), read_text(book_root / "fishbook/guards.py")
    with pytest.raises(LoomError, match=r"(?s)edited by hand.*--force.*# mine"):
        write(Book.load(book_root))
    now = read_text(book_root / FILE), read_text(book_root / "fishbook/guards.py")
    assert now == before, "where one file is refused nothing is written"
    assert write(Book.load(book_root), force=True) == [FILE, "fishbook/guards.py"]
    assert "# mine" not in read_text(book_root / FILE)


def test_a_file_that_was_not_tangled_is_never_overwritten_unseen(
    book_root: Path,
) -> None:
    write_text(book_root / FILE, "mine = 1\n")
    with pytest.raises(LoomError, match="was not tangled"):
        write(Book.load(book_root))
    assert read_text(book_root / FILE) == "mine = 1\n"


def test_a_file_no_page_makes_goes_only_if_it_is_as_it_was_tangled(
    book_root: Path,
) -> None:
    guards = book_root / "fishbook/guards.py"
    (book_root / "docs/a-extras/01-guards.md").unlink()
    (said,) = differences(Book.load(book_root))
    assert said == (
        "fishbook/guards.py:1: no page makes this file now; run `fishbook tangle`"
    )
    text = read_text(guards)
    edit(guards, "return x", "return -x")
    (said,) = differences(Book.load(book_root))
    assert "edited by hand; carry the edit into a page, or delete it" in said
    assert write(Book.load(book_root)) == []
    write_text(guards, text)
    write_text(book_root / "fishbook/own.py", "mine = 1\n")
    assert write(Book.load(book_root)) == ["fishbook/guards.py"]
    assert not guards.exists() and (book_root / "fishbook/own.py").exists()


def test_a_failing_write_leaves_the_old_file(
    book_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(book_root / GATES, "return 1 -", "return 4 -")
    before = read_text(book_root / FILE)

    def fail(*args: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write(Book.load(book_root))
    assert read_text(book_root / FILE) == before
    left = sorted(p.name for p in (book_root / "fishbook").glob("[!_]*"))
    assert left == ["gates.py", "guards.py"]


def test_a_file_keeps_its_permissions_and_a_new_one_has_those_of_any(
    book_root: Path,
) -> None:
    (book_root / FILE).chmod(0o640)
    edit(book_root / GATES, "return 1 -", "return 4 -")
    write(Book.load(book_root))
    assert (book_root / FILE).stat().st_mode & 0o777 == 0o640
    (book_root / FILE).unlink()
    write(Book.load(book_root))
    (book_root / "new").touch()
    assert (book_root / FILE).stat().st_mode == (book_root / "new").stat().st_mode


def test_an_unsound_book_is_not_tangled(book_root: Path) -> None:
    edit(book_root / SUMS, "```python hidden", "```python hiding")
    with pytest.raises(LoomError, match=r"01-total\.md:\d+: fence 'python hiding'"):
        write(Book.load(book_root))


MODULES = ["os", "sys", "collections.abc", "numpy", "numpy.typing", "Xlib"]
MODULES += ["layers2", "layers10", "fishbook.a"]
NAMES = ["abc", "ABC", "Abc", "a_b", "A1", "zeta", "Zeta", "x", "X", "x2", "x10"]
NAMES += [f"a_rather_long_name_{n}" for n in range(4)]
imports = st.lists(
    st.builds("import {}".format, st.sampled_from(MODULES))
    | st.just("import numpy as np")
    | st.builds(
        "from {} import {}".format,
        st.sampled_from(MODULES),
        st.lists(st.sampled_from(NAMES), min_size=1, unique=True).map(", ".join),
    ),
    max_size=8,
)


@settings(max_examples=20)
@example([f"from os import {', '.join(NAMES)}"], 1, NAMES)
@given(imports, st.integers(0, 8), st.lists(st.sampled_from(NAMES), unique=True))
def test_a_files_head_stands_as_ruff_would_sort_it(
    lines: list[str], cut: int, public: list[str]
) -> None:
    constants = "\n".join(f"{name} = 1" for name in [*public, "_own"])
    pieces = "\n".join(lines[:cut]), "\n".join([*lines[cut:], constants])
    body = body_of(*(piece for piece in pieces if piece))
    ruff = pytest.importorskip("ruff").find_ruff_bin()
    known = 'lint.isort.known-first-party = ["fishbook"]'
    rules = ["--select=I,RUF022", "--preview", "--config", known, "--fix", "-q"]
    text = body.encode()
    for command in (["check", "--isolated", *rules], ["format", "--isolated", "-q"]):
        done = subprocess.run([ruff, *command, "-"], input=text, capture_output=True)
        text = done.stdout
    assert text.decode() == body
