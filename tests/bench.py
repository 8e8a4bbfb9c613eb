"""What building the site costs beside MkDocs itself: prints ratios, asserts nothing."""

from __future__ import annotations

import logging
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from mkdocs.commands.build import build as mkdocs_build
from mkdocs.config import load_config

from fishbook.loom.book import Book
from fishbook.loom.site import Desk, build
from fishbook.loom.weave import EDITIONS, weave_edition

ROOT = Path(__file__).parent.parent
ROUNDS = 5
FEATURES = ["content.code.annotate", "content.code.copy", "navigation.instant"]
EDITED = "01-perceptron.md"


def main() -> None:
    """Time both builds in turn, then what follows an edit of one line."""
    os.environ["NO_MKDOCS_2_WARNING"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "book")
        copy_book(root)
        logging.disable(logging.ERROR)
        plain, whole = timed(lambda: plain_builds(root), lambda: build(root))
        desk = Desk(root, root / "served", "http://127.0.0.1:8000/")
        desk.site.mkdir()
        desk.refresh()
        (edit,) = timed(lambda: edit_and_refresh(desk))
    print(f"seconds, median of {ROUNDS} rounds taken in turn")
    print(f"  mkdocs build of the woven trees, {len(EDITIONS)} editions  {plain:6.2f}")
    print(f"  fishbook build, {len(EDITIONS)} editions                   {whole:6.2f}")
    print(f"  serve: rebuild after a line of one language    {edit:6.2f}")
    print(f"ratio fishbook build / mkdocs build              {whole / plain:6.2f}")
    print(f"ratio rebuild after an edit / fishbook build     {edit / whole:6.2f}")


def timed(*runs: Callable[[], None]) -> list[float]:
    """Give each run's median time; they take turns, the first round is a warm-up."""
    times: list[list[float]] = [[] for _ in runs]
    for _ in range(ROUNDS + 1):
        for run, taken in zip(runs, times, strict=True):
            start = time.perf_counter()
            run()
            taken.append(time.perf_counter() - start)
    return [statistics.median(taken[1:]) for taken in times]


def copy_book(root: Path) -> None:
    """Copy what a build reads, so that the real book is left alone."""
    for name in ("docs", "fishbook"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, root / name, ignore=ignore)
    shutil.copy(ROOT / "mkdocs.yml", root)
    katex = Path("node_modules", "katex")
    shutil.copytree(ROOT / katex, root / katex)
    book = Book.load(root)
    for edition in EDITIONS:
        weave_edition(book, edition, root / "woven" / edition)


def plain_builds(root: Path) -> None:
    """Build the woven trees as MkDocs would without the loom."""
    for edition in EDITIONS:
        config = load_config(
            str(root / "mkdocs.yml"),
            docs_dir=str(root / "woven" / edition),
            site_dir=str(root / "plain" / edition),
            plugins=["search"],
            theme={"name": "material", "font": False, "features": FEATURES},
        )
        mkdocs_build(config)


def edit_and_refresh(desk: Desk) -> None:
    """Change one line of English prose, and build what that changes."""
    path = desk.root / "docs" / EDITED
    text = path.read_text(encoding="utf-8")
    start = text.index("\n", text.index('<div lang="en" markdown>')) + 2
    path.write_text(f"{text[:start]}Edited. {text[start:]}", encoding="utf-8")
    if desk.refresh() != ["en", "zh-en"]:
        raise RuntimeError("an English line changed other editions than the two")


if __name__ == "__main__":
    main()
