"""A verb that is stopped at any write leaves old files or new ones, and can go on."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from books import GATES, SUMS, edit, write_text

from fishbook.loom import disk
from fishbook.loom.book import Book
from fishbook.loom.record import record
from fishbook.loom.tangle import write
from fishbook.loom.weave import weave_edition

Tree = dict[str, bytes]
VERBS: dict[str, Callable[[Path], object]] = {
    "tangle": lambda root: write(Book.load(root)),
    "record": lambda root: record(Book.load(root)),
    "weave": lambda root: weave_edition(Book.load(root), "en", root / "out"),
}


class Stopped(BaseException):
    """What stops a verb, as a signal would."""


@contextmanager
def stopping(patch: pytest.MonkeyPatch, at: int) -> Iterator[list[str]]:
    """Stop at a change of the disk, counted from 0; give the changes that were made."""
    made: list[str] = []

    def counted(change: Callable[..., Any]) -> Callable[..., Any]:
        def changed(path: Path, *args: Any, **options: Any) -> Any:
            # Sweeping its own temporary file is part of stopping.
            if not options:
                if len(made) == at:
                    raise Stopped
                made.append(str(path))
            return change(path, *args, **options)

        return changed

    with patch.context() as patched:
        patched.setattr(os, "replace", counted(os.replace))
        patched.setattr(Path, "unlink", counted(Path.unlink))
        patched.setattr(Path, "rmdir", counted(Path.rmdir))
        yield made


def tree(root: Path) -> Tree:
    """Give all files of a book with their bytes, copies apart that a verb keeps."""
    files = {p.relative_to(root): p for p in root.rglob("*") if p.is_file()}
    return {
        name.as_posix(): path.read_bytes()
        for name, path in files.items()
        if not {"__pycache__", disk.KEPT.parts[0]} & set(name.parts)
    }


def prepare(root: Path, verb: str) -> None:
    """Change pages so that a verb has several files to write, and one to delete."""
    if verb == "weave":
        VERBS["weave"](root)
    edit(root / GATES, "1 0 0.333333", "changed")
    if verb == "record":
        edit(root / SUMS, 'r="2"', 'r="3"')
        edit(root / SUMS, "total.add(0)", "total.add(1)")
        return
    edit(root / GATES, "return 1 -", "return 4 -")
    edit(root / GATES, "from fishbook.guards", "from numpy")
    edit(root / SUMS, 'fishbook/gates.py"\nclass', 'fishbook/sums.py"\nclass')
    edit(root / SUMS, 'gates.py"\n    def', 'sums.py"\n    def')
    shutil.rmtree(root / "docs/a-extras")


@pytest.mark.parametrize(
    ("verb", "folder"),
    [("tangle", "fishbook"), ("record", "docs"), ("weave", "out")],
)
def test_what_a_killed_run_began_is_swept_once_it_is_old(
    book_root: Path, verb: str, folder: str
) -> None:
    """Also that of a file which is never written again."""
    VERBS["weave"](book_root)
    new, old = (book_root / folder / name for name in (".a.part", "deep/.b.part"))
    for path in (new, old):
        write_text(path, "left")
    os.utime(old, (0, 0))
    VERBS[verb](book_root)
    assert (new.exists(), old.exists()) == (True, False)


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_stopped_at_any_write_can_be_run_again(
    book_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    prepare(book_root, verb)
    before = tree(book_root)
    whole = shutil.copytree(book_root, tmp_path / "whole")
    with stopping(monkeypatch, -1) as changes:
        VERBS[verb](whole)
    after = tree(whole)
    assert len(changes) > 2
    for at in range(len(changes)):
        root = shutil.copytree(book_root, tmp_path / str(at))
        with stopping(monkeypatch, at), pytest.raises(Stopped):
            VERBS[verb](root)
        now = tree(root)
        for name in now.keys() | before.keys() | after.keys():
            if name != "out/.woven":
                assert now.get(name) in (before.get(name), after.get(name)), name
        VERBS[verb](root)
        assert tree(root) == after
