"""A book in many times its size: its chapters copied, with names of their own."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from books import read_text, write_text

from fishbook.loom.book import Book


def copy_many(source: Path, root: Path, times: int) -> Path:
    """Write a book of so many times the pages of another one."""
    shutil.copytree(source / "docs", root / "docs")
    book = Book.load(source)
    modules = "|".join(re.escape(Path(target).stem) for target in book.files)
    labels = "|".join(
        re.escape(name) for name, label in book.labels.items() if label.page.chapter
    )
    named = re.compile(
        rf"(?<=fishbook[./])({modules})\b|(?:(?<={{#)|(?<=]\(#)|(?<=\\tag{{))({labels})\b(?!-)"
    )
    for n in range(1, times):
        for chapter in filter(None, book.chapters):
            _copy(book.docs / chapter, root / "docs" / _numbered(chapter, n), n, named)
    return root


def _numbered(chapter: str, n: int) -> str:
    """Give the folder of a chapter's copy, whose number no other chapter has."""
    number, _, name = chapter.partition("-")
    return f"{n}{number}-{name}" if number.isdigit() else f"{number}-{name}-{n:02}"


def _copy(source: Path, goal: Path, n: int, named: re.Pattern[str]) -> None:
    """Copy a chapter: its pages and figures by new names, other files as they are."""
    shutil.copytree(source, goal, ignore=shutil.ignore_patterns("figures"))
    for page in goal.glob("*.md"):
        text = named.sub(
            lambda m: f"{m[0]}_{n}" if m[1] else f"{m[0]}-{n}", read_text(page)
        )
        text = re.sub(r"(figures/[\w-]+)\.svg", rf"\1-{n}.svg", text)
        write_text(page, text)
    for figure in source.glob("figures/*.svg"):
        (goal / "figures").mkdir(exist_ok=True)
        shutil.copy(figure, goal / "figures" / f"{figure.stem}-{n}.svg")
