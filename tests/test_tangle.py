"""The package that the chapters make, and the edits it respects."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from books import FIRST, edit, make_book, write_text
from hypothesis import given, settings
from hypothesis import strategies as st

from fishbook.loom.book import Book
from fishbook.loom.chapter import Chapter
from fishbook.loom.problem import LoomError
from fishbook.loom.tangle import differences, tangle, write

GATES = Path("fishbook", "gates.py")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_book(tmp_path / "book")


def book_of(*texts: str) -> Book:
    """Give a book of chapters that are on no disk."""
    paths = [Path(f"docs/{n:02}-a.md") for n, _ in enumerate(texts, 1)]
    pairs = zip(texts, paths, strict=True)
    return Book(Path(), [Chapter.parse(text, path) for text, path in pairs])


def chunk(code: str) -> str:
    return f'```python title="fishbook/a.py"\n{code}\n```\n\n'


def body_of(*codes: str) -> str:
    """Give the tangled file of some chunks, without its first line."""
    text = tangle(book_of("".join(map(chunk, codes))))["fishbook/a.py"].text
    return text.partition("\n")[2]


def test_the_package_is_clean_python(root: Path) -> None:
    text = (root / GATES).read_text(encoding="utf-8")
    first, _, body = text.partition("\n")
    assert first.startswith("# Tangled from docs/01-gates.md, docs/02-sums.md [")
    assert body == (
        '"""Gates."""\n\nfrom math import floor\n\n\n'
        "def NOT(x: float) -> int:\n    return 1 - floor(x)\n\n\n"
        "class Total:\n    def __init__(self) -> None:\n        self.value = NOT(1)\n\n"
        "    def add(self, x: float) -> None:\n        self.value += NOT(x)\n"
    )


def test_tangling_again_changes_nothing(root: Path) -> None:
    before = (root / GATES).stat().st_mtime_ns
    assert write(Book.load(root)) == []
    assert differences(Book.load(root)) == []
    assert (root / GATES).stat().st_mtime_ns == before


def test_line_endings_and_byte_order_mark_change_nothing(root: Path) -> None:
    write_text(root / "docs/01-gates.md", "\ufeff" + FIRST.replace("\n", "\r\n"))
    assert differences(Book.load(root)) == []


def test_line_endings_of_the_package_are_no_edit(root: Path) -> None:
    text = (root / GATES).read_text(encoding="utf-8")
    write_text(root / GATES, text.replace("\n", "\r\n"))
    assert differences(Book.load(root)) == []
    edit(root / "docs/01-gates.md", "return 1 -", "return 2 -")
    assert write(Book.load(root)) == ["fishbook/gates.py"]


def test_the_last_line_break_counts(root: Path) -> None:
    text = (root / GATES).read_text(encoding="utf-8")
    write_text(root / GATES, text.rstrip("\n"))
    (diff,) = differences(Book.load(root))
    assert diff.startswith("--- fishbook/gates.py")


def test_only_the_first_chunk_gives_the_files_docstring() -> None:
    assert body_of("x = 1", '"""A note."""\n\ny = 2') == (
        'x = 1\n\n\n"""A note."""\n\ny = 2\n'
    )
    assert body_of('"""Doc."""', "import os", "x = 1") == (
        '"""Doc."""\n\nimport os\n\nx = 1\n'
    )


def test_an_edited_file_that_no_chapter_makes_is_named(root: Path) -> None:
    write_text(root / "docs/01-gates.md", chunk("x = 1"))
    (root / "docs/02-sums.md").unlink()
    edit(root / GATES, "return 1 -", "return 3 -")
    write(Book.load(root))
    (said,) = differences(Book.load(root))
    assert said.startswith("fishbook/gates.py:1: ")
    assert "edited by hand; carry the edit into a chapter, or delete it" in said


def test_the_index_comes_first(root: Path) -> None:
    write_text(root / "docs/index.md", "")
    write_text(root / "docs/00-a.md", "")
    slugs = [chapter.slug for chapter in Book.load(root).chapters]
    assert slugs == ["index", "00-a", "01-gates", "02-sums"]


def test_a_changed_chapter_shows_as_a_diff_and_is_tangled(root: Path) -> None:
    edit(root / "docs/01-gates.md", "return 1 - floor(x)", "return 2 - floor(x)")
    (diff,) = differences(Book.load(root))
    assert "-    return 1 - floor(x)" in diff and "+    return 2 - floor(x)" in diff
    assert write(Book.load(root)) == ["fishbook/gates.py"]
    assert differences(Book.load(root)) == []


def test_an_edit_by_hand_is_never_overwritten_unseen(root: Path) -> None:
    edit(root / GATES, "return 1 - floor(x)", "return 1 - floor(x)  # mine")
    edit(root / "docs/02-sums.md", "self.value += NOT(x)", "self.value -= NOT(x)")
    before = (root / GATES).read_bytes()
    with pytest.raises(LoomError, match=r"(?s)edited by hand.*--force.*# mine"):
        write(Book.load(root))
    assert (root / GATES).read_bytes() == before
    assert write(Book.load(root), force=True) == ["fishbook/gates.py"]
    assert b"# mine" not in (root / GATES).read_bytes()


def test_a_file_that_was_not_tangled_is_never_overwritten_unseen(root: Path) -> None:
    write_text(root / "fishbook/own.py", "mine = 1\n")
    text = FIRST.replace("fishbook/gates.py", "fishbook/own.py")
    write_text(root / "docs/01-gates.md", text)
    with pytest.raises(LoomError, match="was not tangled"):
        write(Book.load(root))
    assert (root / "fishbook/own.py").read_text(encoding="utf-8") == "mine = 1\n"


def test_where_one_file_is_refused_nothing_is_written(root: Path) -> None:
    edit(root / GATES, "return 1 -", "return 3 -")
    text = (root / "docs/02-sums.md").read_text(encoding="utf-8")
    write_text(root / "docs/02-sums.md", text + "\n" + chunk("new = 1"))
    with pytest.raises(LoomError):
        write(Book.load(root))
    assert not (root / "fishbook/a.py").exists()


def test_a_file_no_chapter_makes_goes_only_if_it_is_as_it_was_tangled(
    root: Path,
) -> None:
    for name in ("01-gates.md", "02-sums.md"):
        path = root / "docs" / name
        text = path.read_text(encoding="utf-8")
        write_text(path, text.replace("fishbook/gates.py", "fishbook/doors.py"))
    assert any("no chapter makes" in text for text in differences(Book.load(root)))
    assert "fishbook/gates.py" in write(Book.load(root))
    assert not (root / GATES).exists()
    edit(root / "fishbook/doors.py", "return 1 -", "return 3 -")
    for name in ("01-gates.md", "02-sums.md"):
        (root / "docs" / name).unlink()
    write_text(root / "docs/01-a.md", "words\n")
    assert write(Book.load(root)) == []
    assert (root / "fishbook/doors.py").exists()


def test_a_failing_write_leaves_the_old_file(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(root / "docs/01-gates.md", "return 1 -", "return 4 -")
    before = (root / GATES).read_bytes()

    def fail(*args: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write(Book.load(root))
    assert (root / GATES).read_bytes() == before
    assert sorted(p.name for p in (root / "fishbook").iterdir()) == ["gates.py"]


def test_places_name_the_lines_of_each_chunk(root: Path) -> None:
    book = Book.load(root)
    file = tangle(book)["fishbook/gates.py"]
    lines = file.text.split("\n")
    starts = sorted(first for first, _ in file.places.values())
    assert [lines[n - 1].strip() for n in starts] == [
        "def NOT(x: float) -> int:",
        "class Total:",
        "def add(self, x: float) -> None:",
    ]


def test_an_import_with_a_comment_is_refused_not_lost() -> None:
    with pytest.raises(LoomError, match=r"docs/01-a\.md:2: this import has a comment"):
        body_of("import os  # needed")
    with pytest.raises(LoomError, match="this import shares its line"):
        body_of("import os; x = 1")
    with pytest.raises(LoomError, match="this import hides which names"):
        body_of("from os import *")


def test_code_that_is_not_python_is_named_with_its_line() -> None:
    with pytest.raises(LoomError, match=r"docs/01-a\.md:3: not Python"):
        body_of("x = 1\ny = = 2")


def test_a_continuation_of_nothing_is_refused() -> None:
    with pytest.raises(LoomError, match="continues nothing"):
        body_of("    def f(self): ...")


MODULES = [
    "os",
    "sys",
    "collections.abc",
    "numpy",
    "numpy.typing",
    "Xlib",
    "layers2",
    "layers10",
    "fishbook.a",
]
NAMES = ["abc", "ABC", "Abc", "a_b", "A1", "zeta", "Zeta", "x", "X", "x2", "x10"]
NAMES += ["abc as b", "Zeta as z", *(f"a_rather_long_name_{n}" for n in range(4))]
imports = st.lists(
    st.builds("import {}".format, st.sampled_from(MODULES))
    | st.builds("import numpy as {}".format, st.sampled_from(["np", "n"]))
    | st.builds(
        "from {} import {}".format,
        st.sampled_from([*MODULES, "__future__"]),
        st.lists(st.sampled_from(NAMES), min_size=1, unique=True).map(", ".join),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=15, deadline=None)
@given(imports, st.integers(0, 8))
def test_imports_stand_as_ruff_would_sort_them(lines: list[str], cut: int) -> None:
    lines = [s for s in lines if "__future__" not in s] + ["from os import path"]
    body = body_of(
        "\n".join(lines[:cut] or ["x = 0"]), "\n".join([*lines[cut:], "y = 1"])
    )
    ruff = pytest.importorskip("ruff").find_ruff_bin()
    known = 'lint.isort.known-first-party = ["fishbook"]'
    sort = [ruff, "check", "--isolated", "--select=I", "--config", known, "--fix", "-q"]
    layout = [ruff, "format", "--isolated", "-q"]
    text = body.encode()
    for command in (sort, layout):
        text = subprocess.run([*command, "-"], input=text, capture_output=True).stdout
    assert text.decode() == body
