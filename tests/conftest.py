"""Settings and fixtures for all tests."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from books import make_book
from browsing import chromium, launched
from hypothesis import settings
from sites import HOME, ROOT, build_real, build_small, once, served

from fishbook.download import (
    SHA256,
    DataError,
    cache_folder,
    file_name,
    find,
    has_mnist,
    read,
)
from fishbook.loom import disk
from fishbook.loom.inside import FONTS

# Matplotlib's list of fonts is made once, where no other project makes it.
os.environ.setdefault("MPLCONFIGDIR", str(ROOT / FONTS))

# No example fails for being slow on a busy machine.
settings.register_profile("book", deadline=None)
settings.load_profile("book")


UNPACKED = ROOT / ".cache" / "fishbook" / "mnist"
"""Where MNIST lies as it is without compression."""

FIRST = ("test_browser_pages.py", "test_serving.py")
"""Files of tests that take longest; the first builds the site for others."""

SECOND = (
    "test_browser_search.py",
    "test_browser_reading.py",
    "test_draw_board.py",
    "test_draw.py",
    "test_valid_html.py",
)
"""Files that take long once the site is built: whoever began with one would wait."""


def pytest_configure(config: pytest.Config) -> None:
    """Unpack MNIST once for all processes, each of which would take a second for it."""
    if hasattr(config, "workerinput") or not has_mnist():
        return
    given = Path(os.environ.get("FISHBOOK_DATA") or cache_folder())
    with contextlib.suppress(DataError):  # whoever reads it will say what is wrong
        for name in SHA256:
            if found := find(name, given):
                disk.write(UNPACKED / file_name(name), read(name, found))
        os.environ["FISHBOOK_DATA"] = str(UNPACKED)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the workers begin with what takes longest: none is alone at the end.

    While the site is built, the last chapter's pages are run: they train longest.
    """
    chapters = {item: _chapter(item) for item in items}
    last = max(chapters.values(), default="")
    places = {name: place for place, name in enumerate((*FIRST, last, *SECOND))}
    items.sort(key=chapters.__getitem__, reverse=True)
    items.sort(key=lambda i: places.get(chapters[i] or i.path.name, len(places)))


def _chapter(item: pytest.Item) -> str:
    """Return a page's chapter; nothing for an appendix, or for a test."""
    name = item.path.parent.name if item.path.suffix == ".md" else ""
    return name if name[:1].isdigit() else ""


def pytest_xdist_auto_num_workers() -> int:
    """Give one worker more than there are cores: some wait for a browser."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the small book; tests that change it take `book_root` instead."""
    return make_book(tmp_path_factory.mktemp("recorded") / "book")


@pytest.fixture
def book_root(recorded: Path, tmp_path: Path) -> Path:
    """Give a copy of the small book for one test."""
    return shutil.copytree(recorded, tmp_path / "book")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the real book's site, built once for all workers."""
    pytest.importorskip("material", reason="needs the extra `site`")
    return once(tmp_path_factory, "real", build_real) / "site"


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the small book's folder with its site, built once for all workers."""
    pytest.importorskip("material", reason="needs the extra `site`")
    return once(tmp_path_factory, "small", build_small)


@pytest.fixture
def copied(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a copy of the small book with its site, for tests that change it."""
    monkeypatch.setenv("FISHBOOK_SITE_URL", HOME)
    return shutil.copytree(small, tmp_path / "book", symlinks=True)


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Give a Chromium that finds the real book's site at `HOME`."""
    path = chromium()
    with served(request.getfixturevalue("site")) as port, launched(path, port) as found:
        yield found
