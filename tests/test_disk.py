"""Files: which are seen, and what a write leaves."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Thread

import pytest
from books import DOT, GATES, SUMS, edit, examples, read_text, run_cli, write_text

from fishbook.loom import disk
from fishbook.loom.book import Book
from fishbook.loom.problem import LoomError
from fishbook.loom.record import record
from fishbook.loom.tangle import write
from fishbook.loom.weave import weave_edition


def test_files_come_in_order_without_those_of_editors_and_caches(
    tmp_path: Path,
) -> None:
    seen = ["a.md", "b/x.md", "b/y.md", "c"]
    for name in [*seen[:3], ".a.md", ".git/x", "b/._x.md", "__pycache__/x.pyc"]:
        write_text(tmp_path / name, "")
    (tmp_path / "c").symlink_to(tmp_path / "b")
    found = [path.relative_to(tmp_path).as_posix() for path in disk.files(tmp_path)]
    assert sorted(found) == seen


def test_each_verb_sweeps_what_killed_runs_began_long_ago(book_root: Path) -> None:
    book, out = Book.load(book_root), book_root / "woven"
    weave_edition(book, "en", out)
    folders = (book_root / "fishbook", book_root / "docs/01-gates", out)
    for folder in folders:
        for name in (".old.part", ".new.part", "old.part"):
            write_text(folder / name, "")
            if "old" in name:
                os.utime(folder / name, (0, 0))
    write(book)
    record(book, [book_root / "docs/index.md"])
    weave_edition(book, "en", out)
    for folder in folders:
        left = sorted(path.name for path in folder.glob("*.part"))
        assert left == [".new.part", "old.part"]


def test_a_page_behind_a_link_is_written_where_it_is(book_root: Path) -> None:
    (book_root / GATES).rename(book_root / "real.md")
    (book_root / GATES).symlink_to(book_root / "real.md")
    edit(book_root / "real.md", "1 0 0.333333", "old")
    assert record(Book.load(book_root)) == [GATES]
    assert (book_root / GATES).is_symlink()
    assert "1 0 0.333333" in read_text(book_root / "real.md")


def test_pages_behind_links_are_tested(book_root: Path) -> None:
    """As a page, or as all of them, which lie elsewhere."""
    (book_root / GATES).rename(book_root.parent / "real.md")
    (book_root / GATES).symlink_to(book_root.parent / "real.md")
    assert len(examples(book_root, GATES)) == 2
    (book_root / "docs").rename(book_root.parent / "real")
    (book_root / "docs").symlink_to(book_root.parent / "real")
    assert len(examples(book_root, GATES)) == 2


def test_whatever_is_no_page_is_said_at_once(book_root: Path) -> None:
    (book_root / GATES).write_bytes(b"a\xff")
    (book_root / "docs/index.md").write_bytes(b"a\r\n")
    (book_root / "docs/02-x.md").symlink_to("02-x.md")
    with pytest.raises(LoomError) as refused:
        Book.load(book_root)
    said = "\n".join(sorted(map(str, refused.value.problems)))
    first, second, third = said.split("\n")
    assert first.startswith(f"{GATES}:1: byte 0xff is not UTF-8; ")
    assert second.startswith("docs/02-x.md:1: this is no file that can be read, or a")
    assert third.startswith("docs/index.md:1: a carriage return stands here; ")


def test_who_writes_one_file_together_writes_it_whole(tmp_path: Path) -> None:
    path = tmp_path / "a"
    texts = [letter * 99_999 for letter in "abcd"]
    threads = [Thread(target=disk.write, args=(path, text)) for text in texts * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read_text(path) in texts
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_copies_of_two_texts_are_two(tmp_path: Path) -> None:
    kept = []
    for text in ("one", "two", "one"):
        write_text(tmp_path / "a.py", text)
        kept.append(disk.keep(tmp_path, "a.py"))
    assert kept[0] == kept[2] != kept[1]
    assert [read_text(tmp_path / name) for name in kept] == ["one", "two", "one"]


def test_a_folder_in_a_files_place_is_named_and_stays(book_root: Path) -> None:
    (book_root / DOT).unlink()
    write_text(book_root / DOT / "mine", "all I have")
    edit(book_root / SUMS, "print(NOT(0))", "print(NOT(1))")
    with pytest.raises(LoomError, match=r"dot\.svg: a folder stands where this file"):
        record(Book.load(book_root))
    assert "print(NOT(1))\n```\n\n```output\n1\n" in read_text(book_root / SUMS)
    assert read_text(book_root / DOT / "mine") == "all I have"
    assert not [*book_root.rglob("*.part")]


def test_a_folder_that_may_not_be_read_is_not_taken_for_none(
    book_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = os.scandir

    def refused(folder: str) -> object:
        if folder.endswith("02-sums"):  # chmod keeps no superuser out
            raise PermissionError(13, "Permission denied", folder)
        return scan(folder)

    monkeypatch.setattr(os, "scandir", refused)
    for verb in ("tangle", "check", "record"):
        monkeypatch.chdir(book_root)
        result = run_cli(verb)
        assert result.exit_code == 1
        assert "Permission denied" in result.output and "02-sums" in result.output
