"""A chapter in each edition: plain Markdown and a notebook."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from books import edit, make_book

from fishbook.loom.book import Book
from fishbook.loom.weave import (
    EDITIONS,
    choose,
    edition_files,
    plain_text,
    weave_edition,
    weave_svg,
)

URL = "https://example.org/"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_book(tmp_path / "book")


def woven(root: Path, edition: str, name: str = "01-gates.md") -> str:
    return edition_files(Book.load(root), edition, URL)[name]


def cells_of(root: Path, edition: str, slug: str) -> list[Any]:
    cells: list[Any] = json.loads(woven(root, edition, f"notebooks/{slug}.ipynb"))[
        "cells"
    ]
    return cells


def test_an_edition_keeps_its_language_and_all_that_is_shared(root: Path) -> None:
    zh, en, both = (woven(root, edition) for edition in EDITIONS)
    assert "非门" in zh and "NOT is" not in zh
    assert "NOT is" in en and "非门" not in en
    assert "非门" in both and "NOT is" in both
    for text in (zh, en, both):
        assert '```python title="fishbook/gates.py"' in text
        assert "{ .text .output }\n1 0 0.333333" in text
    assert "<div" not in zh + en
    assert both.count("<div") == both.count("</div>") == 3


def test_headings_captions_and_notes_have_one_language_or_both(root: Path) -> None:
    assert woven(root, "zh").startswith("# 门 {#gates}\n")
    assert woven(root, "en").startswith("# Gates {#gates}\n")
    both = woven(root, "zh-en")
    assert both.startswith('# 门 <span lang="en">Gates</span> {#gates}\n')
    assert "\n1. 向下取整\n" in woven(root, "zh")
    assert "\n1. rounds down\n" in woven(root, "en")
    second = woven(root, "en", "02-sums.md")
    assert "![A dot](figures/dot.svg)" in second
    assert '<figcaption markdown="span">A dot</figcaption>' in second
    assert "<summary>Solution</summary>" in second


def test_a_number_that_both_titles_begin_with_is_said_once() -> None:
    assert choose("zh-en", "1 感知机", "1 The perceptron") == "1 感知机 The perceptron"
    assert choose("zh-en", "2. 甲", "2. A") == "2. 甲 A"
    assert choose("zh-en", "3 个", "Three") == "3 个 Three"


def test_a_picture_keeps_the_words_of_one_language() -> None:
    svg = '<svg aria-label="线 | line"><text>线 | line</text><text>x</text></svg>'
    zh, en, both = (weave_svg(svg, edition) for edition in EDITIONS)
    assert zh == '<svg aria-label="线"><text>线</text><text>x</text></svg>'
    assert en == '<svg aria-label="line"><text>line</text><text>x</text></svg>'
    assert both == '<svg aria-label="线 line"><text>线 line</text><text>x</text></svg>'


def test_alternative_text_has_no_marks_in_it() -> None:
    assert plain_text("the line $w_1 x_1 = b$ of `AND`") == "the line w1 x1 = b of AND"


def test_the_source_page_shows_the_file_and_links_back(root: Path) -> None:
    page = woven(root, "en", "source/gates.md")
    assert (root / "fishbook/gates.py").read_text(encoding="utf-8") in page
    assert "[Gates](../01-gates.md), [Sums](../02-sums.md)" in page


@pytest.mark.parametrize("edition", EDITIONS)
def test_a_notebook_is_valid_and_leaves_no_link_inside(
    root: Path, edition: str
) -> None:
    nbformat = pytest.importorskip("nbformat")
    for slug in ("01-gates", "02-sums"):
        text = woven(root, edition, f"notebooks/{slug}.ipynb")
        nbformat.validate(nbformat.reads(text, as_version=4))
        assert ".md" not in text
    assert f"{URL}{edition}/02-sums/#sums" in woven(
        root, edition, "notebooks/01-gates.ipynb"
    )


def test_a_notebook_runs_as_it_is(root: Path) -> None:
    """A continued class is whole in each cell, and what it builds on is imported."""
    code = [c for c in cells_of(root, "en", "02-sums") if c["cell_type"] == "code"]
    borrowed, *code = code
    assert borrowed["source"] == "from fishbook.gates import NOT"
    assert borrowed["metadata"]["tags"] == ["hide-input"]
    assert "def __init__" in code[1]["source"] and "def add" in code[1]["source"]
    assert code[3]["outputs"][0]["data"]["image/svg+xml"].startswith("<svg")
    assert code[4]["metadata"]["tags"] == ["hide-input", "raises-exception"]
    assert code[4]["outputs"][0]["ename"] == "TypeError"


def test_only_links_and_pictures_are_made_absolute(root: Path) -> None:
    zh = "见 [下一章](02-sums.md#sums)"
    other = "`[a](b.md)`、[文件](figures/dot.svg)、[外](https://a.org/x.md)、[首页](index.md)"
    edit(root / "docs/01-gates.md", zh, f"{zh}、[这里](#gates)、{other}")
    words = woven(root, "zh", "notebooks/01-gates.ipynb")
    for link in ("02-sums/#sums", "01-gates/#gates", "figures/dot.svg"):
        assert f"]({URL}zh/{link})" in words
    assert f"[首页]({URL}zh/)" in words
    assert "`[a](b.md)`" in words and "https://a.org/x.md" in words


def test_weaving_leaves_alone_what_no_weave_made(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "woven"
    (out / "mine").mkdir(parents=True)
    (out / "mine" / "notes.txt").touch()
    weave_edition(Book.load(root), "zh", out)
    assert (out / "mine" / "notes.txt").exists()


def test_weaving_again_writes_nothing_and_clears_what_is_stale(
    root: Path, tmp_path: Path
) -> None:
    out = tmp_path / "woven"
    weave_edition(Book.load(root), "zh", out)
    before = {p: p.stat().st_mtime_ns for p in out.rglob("*") if p.is_file()}
    (out / "old").mkdir()
    (out / "old" / "page.md").write_text("gone")
    weave_edition(Book.load(root), "zh", out)
    assert {p: p.stat().st_mtime_ns for p in out.rglob("*") if p.is_file()} == before
    assert not (out / "old").exists()
    edit(root / "docs/01-gates.md", "NOT is", "Not is")
    weave_edition(Book.load(root), "zh", out)
    assert {p: p.stat().st_mtime_ns for p in out.rglob("*") if p.is_file()} == before
