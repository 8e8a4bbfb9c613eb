"""Each page's examples: nothing out of sight changes them, and one form for all."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from books import book_of, python

from fishbook.loom.book import Book
from fishbook.loom.names import module_name
from fishbook.loom.page import Page

BOOK = Book.load(Path(__file__).parent.parent)
SETTING = re.compile(
    r"\b(?:np|numpy)\.(?:random\.seed|seterr|set_printoptions)\b|rcParams|warnings\."
    r"|\b(?:environ|setattr|globals|reload)\b|^\s*global\b"
    r"|^\s*(?:np|plt|[A-Z]\w*)\.[\w.]+ [-+*/|&]?= ",
    re.M,
)
"""Code that changes what is no name of the page: settings, attributes."""


def test_hidden_code_changes_no_settings() -> None:
    """What it changes by name is told by `fishbook check` and by each run."""
    hidden = [(p, c.code) for p in BOOK.pages for c in p.cells if c.code.hidden]
    found = [f"{p.path}:{c.line}" for p, c in hidden if SETTING.search(c.source)]
    assert found == []


@pytest.mark.parametrize(
    "code",
    [
        "np.random.seed(0)",
        "np.set_printoptions(precision=2)",
        'plt.rcParams["axes.grid"] = True',
        "Net.forward = slow",
        "for _ in x:\n    SGD.lr *= 2",
        "os.environ['A'] = 'b'",
    ],
)
def test_code_that_changes_settings_is_noticed(code: str) -> None:
    assert SETTING.search(code)


def test_each_module_of_the_book_can_be_imported() -> None:
    for target in BOOK.files:
        importlib.import_module(module_name(target))


def misformatted(pages: list[Page], folder: Path) -> str:
    """Give how ruff would write the examples; chunks it sees in the package."""
    for page in pages:
        for code in (cell.code for cell in page.cells if not cell.code.target):
            place = f"{page.name.replace('/', '_')}_{code.line}"
            (folder / f"{place}.py").write_text(code.source + "\n", encoding="utf-8")
    settings = BOOK.root / "pyproject.toml"
    ruff = [sys.executable, "-m", "ruff", "format", "--diff", "--config", str(settings)]
    done = subprocess.run([*ruff, "."], cwd=folder, capture_output=True, check=False)
    return done.stdout.decode()


def test_examples_are_formatted(tmp_path: Path) -> None:
    wrong = misformatted(list(BOOK.pages), tmp_path)
    assert not wrong, wrong


def test_an_example_in_another_form_is_noticed(tmp_path: Path) -> None:
    pages = book_of(python("x = [ 1 ]")).pages
    assert "+x = [1]" in misformatted(list(pages), tmp_path)


def test_labs_stand_in_the_order_of_the_pages_that_lead_to_them() -> None:
    for pages in BOOK.chapters.values():
        way = [p for p in pages if not p.is_lab and not p.opens]
        led = [a for p in way for a in re.findall(r"\]\(#([\w-]+)\)", p.text)]
        labs = [p for p in pages if p.is_lab]
        first = [
            min(led.index(h.anchor) for h in lab.headings if h.anchor in led)
            for lab in labs
            if any(h.anchor in led for h in lab.headings)
        ]
        assert first == sorted(first), [str(lab.path) for lab in labs]
