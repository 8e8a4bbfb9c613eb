"""What building the site costs beside MkDocs itself: prints ratios, asserts nothing."""

from __future__ import annotations

import logging
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from books import read_text, write_text
from mkdocs.commands.build import build as mkdocs_build
from mkdocs.config import load_config
from sites import copy_real

from fishbook.loom.book import Book
from fishbook.loom.edition import EDITIONS
from fishbook.loom.site.build import build
from fishbook.loom.weave import weave_edition

ROUNDS = 3
FEATURES = ["content.code.annotate", "content.code.copy", "navigation.instant"]


def main() -> None:
    """Time both builds and one after an edit, in turn."""
    os.environ["NO_MKDOCS_2_WARNING"] = "1"
    logging.disable(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        root = copy_real(Path(folder, "book"))
        book = Book.load(root)
        for edition in EDITIONS:
            weave_edition(book, edition, root / "woven" / edition)
        edited = root / book.labels["sigmoid"].page.path

        def plain() -> None:
            for edition in EDITIONS:
                build_plainly(root, edition)

        def after_edit() -> None:
            write_text(
                edited, read_text(edited).replace("\n</div>\n", ".\n</div>\n", 1)
            )
            build(root)

        def whole() -> None:
            build(root)

        times = timed(plain, whole, after_edit)
    print(f"seconds, median of {ROUNDS} rounds taken in turn, {len(EDITIONS)} editions")
    for name, seconds in zip(
        (
            "mkdocs build, of the woven trees",
            "fishbook build",
            "the same after an edit",
        ),
        times,
        strict=True,
    ):
        print(f"  {name:34}{seconds:6.2f}  {seconds / times[0]:5.2f} times the first")


def timed(*runs: Callable[[], None]) -> list[float]:
    """Give each run's median time; they take turns, the first round is a warm-up."""
    times: list[list[float]] = [[] for _ in runs]
    for _ in range(ROUNDS + 1):
        for run, taken in zip(runs, times, strict=True):
            start = time.perf_counter()
            run()
            taken.append(time.perf_counter() - start)
    return [statistics.median(taken[1:]) for taken in times]


def build_plainly(root: Path, edition: str) -> None:
    """Build one woven tree as MkDocs would without the loom."""
    config = load_config(
        str(root / "mkdocs.yml"),
        docs_dir=str(root / "woven" / edition),
        site_dir=str(root / "plain" / edition),
        plugins=["search"],
        theme={"name": "material", "font": False, "features": FEATURES},
    )
    mkdocs_build(config)


if __name__ == "__main__":
    main()
