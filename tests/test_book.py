"""Pages in order, their labels and numbers; the real book beside its package."""

from __future__ import annotations

import compileall
import re
import subprocess
import sys
from pathlib import Path

import pytest
from books import TWINS, book_at, chunk, python, write_text
from markdown_it import MarkdownIt

from fishbook.loom.book import Book, chapter_number, is_appendix, relative
from fishbook.loom.problem import LoomError
from fishbook.loom.tangle import differences

ROOT = Path(__file__).parent.parent
ORDER = [
    "index",
    "00-reading",
    "01-a/index",
    "01-a/01-x",
    "01-a/02-y",
    "01-a/lab-l",
    "02-b/index",
    "02-b/01-z",
    "10-c/index",
    "a-extras/index",
    "a-extras/01-u",
]


def test_pages_stand_in_the_order_of_their_paths_the_index_first(
    tmp_path: Path,
) -> None:
    for name in [*ORDER, ".hidden/x", "01-a/.y/z"]:
        write_text(tmp_path / "docs" / f"{name}.md", "")
    book = Book.load(tmp_path)
    assert [page.name for page in book.pages] == ORDER
    assert list(book.chapters) == ["", "01-a", "02-b", "10-c", "a-extras"]
    assert [page.name for page in book.pages if is_appendix(page)] == ORDER[-2:]


@pytest.mark.parametrize(
    ("folder", "number"),
    [("02-sums", "2"), ("10-c", "10"), ("a-extras", "A"), ("", ""), ("notes", "")],
)
def test_a_chapter_has_its_folders_number(folder: str, number: str) -> None:
    assert chapter_number(folder) == number


def test_an_empty_folder_is_no_book(tmp_path: Path) -> None:
    with pytest.raises(LoomError, match="run this in the book's folder"):
        Book.load(tmp_path)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("一\n二\n".encode() + "三".encode("gb18030"), "3: byte 0xc8 is not UTF-8"),
        (b"\xef\xbb\xbfa\n", "1: the file begins with a BOM; save it as UTF-8 with"),
        (b"a\nb\r\n", "2: a carriage return stands here; save the file with LF"),
        (b"a\n\nb\0", "3: a NUL character stands here; delete it"),
    ],
)
def test_what_is_no_plain_text_is_refused_with_its_line(
    tmp_path: Path, data: bytes, said: str
) -> None:
    write_text(tmp_path / "docs" / "index.md", "")
    (tmp_path / "docs" / "01-a.md").write_bytes(data)
    with pytest.raises(LoomError) as refused:
        Book.load(tmp_path)
    (problem,) = refused.value.problems
    assert str(problem).startswith(f"docs/01-a.md:{said}")


def figure(name: str) -> str:
    return f"{python('1')}![图 | figure](figures/{name}.svg)\n\n"


NUMBERED = {
    "00-reading": "# 读 | Reading {#reading}\n\n## 一 | One {#reading-one}\n",
    "02-b/index": f"# 乙 | B {{#b}}\n\n{figure('first')}## 在 | In {{#b-in}}\n",
    "02-b/01-x": (
        "# 甲 | X {#x}\n\n## 子 | Xa {#xa}\n\n### 孙 | Xaa {#xaa}\n\n"
        f"$$ y \\tag{{eq-y}} $$\n\n$$ z $$\n\n## 丑 | Xb {{#xb}}\n\n{figure('second')}"
    ),
    "02-b/02-exercises": (
        "# 练 | E {#e}\n\n$$ w \\tag{eq-w} $$\n\n### 题 | Ea {#ea}\n\n"
        "## 组 | G {#g}\n\n### 题 | Eb {#eb}\n"
    ),
    "02-b/lab-l": f"# 实 | L {{#l}}\n\n## 子 | La {{#la}}\n\n{figure('third')}",
    "a-extras/01-u": "# 附 | U {#u}\n\n$$ v \\tag{eq-v} $$\n",
}
NUMBERS = {
    **{"reading": "", "reading-one": "", "b": "2", "b-in": "", "fig-first": "2.1"},
    **{"x": "2.1", "xa": "2.1.1", "xaa": "", "eq-y": "2.1", "xb": "2.1.2"},
    **{"fig-second": "2.2", "e": "2.2", "eq-w": "2.2", "ea": "2.1", "g": "2.2.1"},
    **{"eb": "2.2", "l": "", "la": "", "fig-third": "2.3", "u": "A.1", "eq-v": "A.1"},
}


def test_sections_formulas_figures_and_exercises_are_numbered_alone() -> None:
    book = book_at(NUMBERED)
    assert {label.name: label.number for label in book.all_labels()} == NUMBERS
    assert {name: book.number(name) for name in NUMBERS} == NUMBERS
    assert book.number("nowhere") == ""


def test_of_equal_labels_the_first_counts() -> None:
    book = book_at({"01-a/01-x": "# 甲 | X {#x}\n", "02-b/01-y": "# 乙 | Y {#x}\n"})
    assert book.number("x") == "1.1"
    assert len(list(book.all_labels())) == 2


def test_a_files_pieces_come_from_pages_in_their_order() -> None:
    first, second = {"02-b/01-x": chunk("x = 1")}, {"01-a/01-y": chunk("y = 1")}
    book = book_at(first | second | {"03-c/01-z": TWINS.format("字", "words")})
    y, x, z = book.pages
    assert [page for page, _ in book.files["fishbook/a.py"]] == [y, x]
    assert book.earlier(y, "fishbook/a.py") == []
    assert [page for page, _ in book.earlier(x, "fishbook/a.py")] == [y]
    assert [page for page, _ in book.earlier(z, "fishbook/a.py")] == [y, x]
    assert book.earlier(z, "fishbook/b.py") == []


@pytest.mark.parametrize(
    ("here", "there", "way"),
    [
        ("index.md", "01-a/01-x.md", "01-a/01-x.md"),
        ("01-a/01-x.md", "02-b/index.md", "../02-b/index.md"),
        ("01-a/01-x.md", "01-a/02-y.md", "02-y.md"),
    ],
)
def test_the_way_from_a_file_to_another(here: str, there: str, way: str) -> None:
    assert relative(here, there) == way


def test_pytest_collects_every_python_fence_once() -> None:
    """Counted by another parser on one side, by pytest itself on the other."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "docs"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8")
    collected = re.findall(r"^docs/(.+\.md)::line:(\d+),", done.stdout, re.M)
    fences = [
        (path.relative_to(ROOT / "docs").as_posix(), str(token.map[0] + 1))
        for path in (ROOT / "docs").rglob("*.md")
        for token in MarkdownIt("commonmark").parse(path.read_text(encoding="utf-8"))
        if token.type == "fence" and token.map and token.info.startswith("py")
    ]
    assert sorted(collected) == sorted(fences)
    assert fences


def test_the_package_equals_the_pages() -> None:
    assert differences(Book.load(ROOT)) == []


def test_the_package_compiles() -> None:
    assert compileall.compile_dir(ROOT / "fishbook", quiet=1)
