"""What holds for every book: nothing lost, nothing touched that is not ours."""

from __future__ import annotations

import ast
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from books import book_at, book_of, page_of, write_text
from generated import books
from hypothesis import given, settings
from hypothesis import strategies as st
from test_scan import texts

from fishbook.loom.book import Book
from fishbook.loom.check import check, unsound
from fishbook.loom.problem import LoomError
from fishbook.loom.tangle import differences, write
from fishbook.loom.weave import edition_files, weave_edition

FOREIGN = ["notes.md", ".git/config", "01-a/own.md", "01-a/01-p.md", "source/x.md"]
FOREIGN += ["notebooks/own.ipynb", "new/figures/own.svg", ".woven-own"]


@contextmanager
def on_disk(pages: dict[str, str]) -> Iterator[Path]:
    """Write a book into a folder of its own, with the figures that it shows."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in pages.items():
            page = Path(folder, "docs", f"{name}.md")
            write_text(page, text)
            for figure in re.findall(r"\((figures/\w+\.svg)\)", text):
                write_text(page.parent / figure, "<svg/>")
        yield Path(folder)


def held(folder: Path) -> dict[Path, bytes]:
    """Give all files of a folder."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def statements(source: str) -> list[str]:
    """Give what code does, its imports apart."""
    imports = ast.Import | ast.ImportFrom
    return [
        ast.dump(node)
        for node in ast.parse(source).body
        if not isinstance(node, imports) and not ast.unparse(node).startswith("__all__")
    ]


@settings(max_examples=60)
@given(books())
def test_a_book_of_valid_blocks_is_sound_and_keeps_its_text(
    pages: dict[str, str],
) -> None:
    book = book_at(pages)
    assert {page.name: page.text for page in book.pages} == pages
    assert [str(problem) for problem in check(book)] == []


@settings(max_examples=40)
@given(books())
def test_what_is_tangled_defines_what_the_chunks_define(pages: dict[str, str]) -> None:
    with on_disk(pages) as root:
        book = Book.load(root)
        assert set(write(book)) == set(book.files)
        assert write(book) == differences(book) == []
        for target, parts in book.files.items():
            text = (root / target).read_text(encoding="utf-8")
            sources = [definition.source for _, definition in parts]
            made = [node for source in sources for node in statements(source)]
            assert statements(text) == made
            space: dict[str, Any] = {"__name__": "builtins"}
            exec(compile(text, target, "exec"), space)
            assert space.keys() >= set(space["__all__"])
            assert len(space["__all__"]) >= len(parts)


@settings(max_examples=25)
@given(books(), books(), st.lists(st.sampled_from(FOREIGN), unique=True))
def test_weaving_never_touches_what_it_did_not_write(
    first: dict[str, str], second: dict[str, str], foreign: list[str]
) -> None:
    with on_disk(first) as one, on_disk(second) as two:
        out = one / "out"
        weave_edition(Book.load(one), "zh", out)
        own = {out / name for name in foreign if not (out / name).exists()}
        for path in own:
            write_text(path, "mine")
        before = held(out)
        try:
            weave_edition(Book.load(two), "zh", out)
        except LoomError:
            assert held(out) == before
            return
        after = held(out)
        assert all(after[path] == b"mine" for path in own)
        woven = {out / name for name in edition_files(Book.load(two), "zh")}
        assert after.keys() == woven | own | {out / ".woven"}


@settings(max_examples=60)
@given(texts.map("".join))
def test_no_text_is_too_odd_to_be_judged(text: str) -> None:
    assert page_of(text).text == text
    book = book_of(text)
    assert all(problem.what and problem.fix for problem in check(book))
    if not unsound(book):
        edition_files(book, "en")


@given(st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
def test_a_file_is_read_to_the_byte_or_refused(data: bytes) -> None:
    with on_disk({}) as root:
        (root / "docs").mkdir()
        (root / "docs/index.md").write_bytes(data)
        try:
            (page,) = Book.load(root).pages
        except LoomError:
            return
        assert page.text.encode() == data
