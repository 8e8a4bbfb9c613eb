"""Settings and fixtures for all tests."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from books import make_book, make_importable
from hypothesis import settings

# No example fails for being slow on a busy machine.
settings.register_profile("book", deadline=None)
settings.load_profile("book")


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the small book; tests that change it take `book_root` instead."""
    return make_book(tmp_path_factory.mktemp("recorded") / "book")


@pytest.fixture
def book_root(recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a copy of the small book for one test, its package importable."""
    root = shutil.copytree(recorded, tmp_path / "book")
    make_importable(root, monkeypatch)
    return root
