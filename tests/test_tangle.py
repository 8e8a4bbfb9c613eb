"""The package that the pages make, and the edits it respects."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from books import (
    GATES,
    NOWHERE,
    SUMS,
    book_at,
    book_of,
    chunk,
    edit,
    read_text,
    write_text,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fishbook.loom import names
from fishbook.loom.book import Book
from fishbook.loom.check import check
from fishbook.loom.problem import LoomError
from fishbook.loom.tangle import differences, tangle, write
from fishbook.loom.weave import edition_files

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


def test_a_page_of_no_chapter_is_named_itself_as_where_a_file_comes_from() -> None:
    book = book_at(
        {"00-first": chunk("ONE = 1"), "01-a/01-p": chunk("TWO = 2")}, NOWHERE
    )
    head = tangle(book)["fishbook/a.py"].text.partition("\n")[0]
    assert head.startswith("# Tangled from docs/00-first.md, docs/01-a [")


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
    assert '__all__ = ["sep", "x"]' in body_of("from os import sep as sep\n\nx = 1")
    own = '__all__ = ["x"]\n\nx = y = 1'
    assert body_of(own) == f"{FUTURE}{own}\n"


@pytest.mark.parametrize("code", ["# A note.\nx = 1", "# A note.\n\n\ndef f(): ..."])
def test_a_comment_at_the_top_stays_with_its_code(code: str) -> None:
    assert body_of(f"import os\n\n{code}").endswith(code + "\n")


def test_a_comment_over_a_function_stands_as_far_from_the_head_as_that() -> None:
    code = "# A note.\ndef f(): ..."
    assert body_of(f"import os\n\n\n{code}").endswith(f'__all__ = ["f"]\n\n\n{code}\n')


def test_marks_are_left_out_and_all_else_stays() -> None:
    code = "x = [  # (1)!\n    1,  # one\n    2,\t# (2)! \n]  # (a)!"
    strings = 'y = """  # (3)!\n""", \' # (4)!\''
    text = chunk(f"{code}\n{strings}") + "1. 甲 | a\n2. 乙 | b\n"
    body = tangle(book_of(text))["fishbook/a.py"].text
    assert body.endswith(f"x = [\n    1,  # one\n    2,\n]  # (a)!\n{strings}\n")


def test_where_a_chunk_stands_in_its_file_is_known(book_root: Path) -> None:
    file = tangle(Book.load(book_root))[FILE]
    lines = file.text.split("\n")
    assert [lines[file.line_of(p.code) - 1].strip() for p in file.pieces] == [
        "def NOT(x: float) -> int:",
        "class Total:",
        "def add(self, x: float) -> None:",
    ]
    for piece in file.pieces:
        below = "\n".join(lines[piece.line - 1 :])
        assert f"{below}\n".startswith(f"{piece.text}\n")


def test_a_chunk_of_imports_alone_stands_where_its_file_begins() -> None:
    (file,) = tangle(book_of(chunk("import os") + chunk("x = 1"))).values()
    assert [file.line_of(piece.code) for piece in file.pieces] == [1, 8]


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
    kept, *written = write(Book.load(book_root), force=True)
    assert written == [FILE, "fishbook/guards.py"]
    assert "# mine" not in read_text(book_root / FILE)
    assert kept.startswith(".cache/fishbook/kept/fishbook/gates.py.")
    assert read_text(book_root / kept) == before[0], "what was overwritten is kept"


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
    kept, gone = write(Book.load(book_root))
    assert gone == "fishbook/guards.py" and read_text(book_root / kept) == text
    assert not guards.exists() and (book_root / "fishbook/own.py").exists()


def without_more_files(root: Path, count: int) -> Book:
    """Tangle a page that makes some files; give the book without that page."""
    more = "".join(chunk("x = 1", f"fishbook/m{n}.py") for n in range(count))
    page = root / "docs/01-gates/02-more.md"
    write_text(page, f"# 多 | More {{#m}}\n\n{more}")
    write(Book.load(root))
    page.unlink()
    return Book.load(root)


def test_a_few_files_go_unasked(book_root: Path) -> None:
    gone = write(without_more_files(book_root, 2))
    assert gone[2:] == ["fishbook/m0.py", "fishbook/m1.py"]
    assert not (book_root / "fishbook/m0.py").exists()


def test_many_files_never_go_at_once_unasked(book_root: Path) -> None:
    book = without_more_files(book_root, 3)
    names = sorted(p.name for p in (book_root / "fishbook").iterdir())
    with pytest.raises(LoomError, match=r"no page makes these files now: .*m0\.py, f"):
        write(book)
    assert sorted(p.name for p in (book_root / "fishbook").iterdir()) == names
    write(book, force=True)
    assert not (book_root / "fishbook/m0.py").exists()


def test_the_last_file_never_goes_unasked(book_root: Path) -> None:
    shutil.rmtree(book_root / "docs/02-sums")
    shutil.rmtree(book_root / "docs/a-extras")
    (book_root / GATES).unlink()
    with pytest.raises(LoomError, match="no page makes these files now"):
        write(Book.load(book_root))
    assert (book_root / FILE).exists()


@pytest.mark.parametrize("name", ["fishbook", "fishbook/gates.py"])
def test_nothing_is_written_through_a_link_that_leaves_the_book(
    book_root: Path, tmp_path: Path, name: str
) -> None:
    away = tmp_path / "away"
    (book_root / name).rename(away)
    (book_root / name).symlink_to(away)
    edit(book_root / GATES, "return 1 -", "return 4 -")
    with pytest.raises(LoomError, match=r"gates\.py:1: a link leads from here out of"):
        write(Book.load(book_root))
    assert "return 4" not in read_text(book_root / FILE)


def test_a_link_inside_the_book_stays_one(book_root: Path) -> None:
    (book_root / FILE).rename(book_root / "elsewhere.py")
    (book_root / FILE).symlink_to("../elsewhere.py")
    edit(book_root / GATES, "return 1 -", "return 4 -")
    assert write(Book.load(book_root)) == [FILE]
    assert (book_root / FILE).is_symlink()
    assert "return 4" in read_text(book_root / "elsewhere.py")


def test_pages_behind_a_link_make_the_same_package(book_root: Path) -> None:
    (book_root / "docs").rename(book_root / "pages")
    (book_root / "docs").symlink_to("pages")
    assert write(Book.load(book_root)) == []
    assert check(Book.load(book_root)) == []


def test_files_whose_names_begin_with_a_dot_are_no_files_of_the_book(
    book_root: Path,
) -> None:
    """Such are copies that editors and other systems keep."""
    text = read_text(book_root / FILE)
    write_text(book_root / "fishbook/.gates.py", text)
    write_text(book_root / "docs/01-gates/.#01-not.md", "\0")
    write_text(book_root / "docs/01-gates/._01-not.md", "\0")
    write_text(book_root / "docs/02-sums/figures/._dot.svg", "\0")
    (book_root / "docs/.draft.md").symlink_to("nowhere")
    book = Book.load(book_root)
    assert write(book) == differences(book) == check(book) == []
    edition_files(book, "zh")


def test_what_is_put_together_has_to_be_python(book_root: Path) -> None:
    more = chunk("NOT_YET = 1") + chunk("global NOT_YET")
    write_text(book_root / "docs/02-sums/03-x.md", f"# 多 | More {{#m}}\n\n{more}")
    with pytest.raises(LoomError, match=r"a\.py:1: put together, this is not Python"):
        write(Book.load(book_root))


def test_a_coding_line_changes_nothing() -> None:
    body = body_of("# -*- coding: latin-1 -*-\nx = 'é'")
    space: dict[str, object] = {}
    exec(compile(f"# header\n{body}".encode(), "a.py", "exec"), space)
    assert space["x"] == "é"


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


def test_what_python_keeps_of_an_older_module_goes(book_root: Path) -> None:
    """It can't tell two texts of one length that are written in one second."""
    kept = book_root / "fishbook/__pycache__"
    for name in ("gates.cpython-311.pyc", "guards.cpython-311.pyc"):
        write_text(kept / name, "old")
    edit(book_root / GATES, "return 1 -", "return 4 -")
    write(Book.load(book_root))
    assert [path.name for path in kept.iterdir()] == ["guards.cpython-311.pyc"]


def test_what_a_killed_run_left_is_swept(book_root: Path) -> None:
    """The temporary file has a name that the next run knows."""
    left: list[Path] = []

    def fail(part: Path, path: Path) -> None:
        left.append(part)
        shutil.copy(part, book_root / "copy")
        raise KeyboardInterrupt

    edit(book_root / GATES, "return 1 -", "return 4 -")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", fail)
        with pytest.raises(KeyboardInterrupt):
            write(Book.load(book_root))
    (book_root / "copy").rename(left[0])
    assert write(Book.load(book_root)) == [FILE]
    assert [p for p in (book_root / "fishbook").iterdir() if p.name[0] == "."] == []


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


def agreeing(lines: list[str]) -> list[str]:
    """Leave out the imports by which a name would mean two things."""
    meant: dict[str, str] = {}
    return [
        line
        for line in lines
        if all(
            meant.setdefault(name, meaning) == meaning
            for name, meaning, _ in names.bindings(line)
        )
    ]


@settings(max_examples=20)
@example([f"from os import {', '.join(NAMES)}"], 1, NAMES)
@given(imports, st.integers(0, 8), st.lists(st.sampled_from(NAMES), unique=True))
def test_a_files_head_stands_as_ruff_would_sort_it(
    lines: list[str], cut: int, public: list[str]
) -> None:
    lines = agreeing(lines)
    constants = "\n".join(f"{name}_ = 1" for name in [*public, "_own"])
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
