"""The small book's site: its order, its numbers, its labs, its old addresses."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sites import Html, load, plain

from fishbook.loom.edition import EDITIONS

NOT, SUMS, LAB = "01-gates/01-not", "02-sums", "02-sums/lab-forms"
ORDER = [
    ("", "A small book"),
    ("01-gates/", "1 Gates"),
    ("01-gates/01-not/", "1.1 The gate NOT"),
    ("02-sums/", "2 Sums"),
    ("02-sums/01-total/", "2.1 A total"),
    ("02-sums/02-exercises/", "2.2 Exercises"),
    ("02-sums/lab-forms/", "Lab: a bit of all"),
    ("02-sums/lab-many/", "Lab: many"),
    ("a-extras/", "A Extras"),
    ("a-extras/01-guards/", "A.1 Guards"),
]
CHAPTERS = ["A small book", "1 Gates", "2 Sums", "A Extras", "Source"]
every_edition = pytest.mark.parametrize("edition", EDITIONS)


def titles(page: Html) -> list[str]:
    """Give the entries of a page's navigation, in order, without its own contents."""
    nav = page.text.partition("md-nav--primary")[2].partition("md-sidebar--sec")[0]
    nav = re.sub(r'<nav class="md-nav md-nav--secondary".*?</nav>', "", nav, flags=re.S)
    links = re.findall(r'<a [^>]*class="md-nav__link[^>]*>(.*?)</a>', nav, re.S)
    return [plain(link) for link in links]


def contents(page: Html) -> list[str]:
    """Give the entries of a page's own table of contents."""
    toc = page.text.partition("md-sidebar--secondary")[2].partition("md-content")[0]
    return [plain(a) for a in re.findall(r'<a href="#[^>]*>(.*?)</a>', toc, re.S)]


def footer(page: Html, way: str) -> tuple[str, str]:
    """Give the address and the title that a page's foot leads to."""
    found = re.search(
        rf'<a href="([^"]*)" class="[^"]*link--{way}"[^>]*>(.*?)</a>', page.text, re.S
    )
    if not found:
        return "", ""
    title = re.search(r'<div class="md-ellipsis">(.*?)</div>', found[2], re.S)
    return found[1], plain(title[1]) if title else ""


# Order


@pytest.mark.parametrize("where", [where for where, _ in ORDER])
def test_the_navigation_shows_chapters_and_the_pages_of_the_open_one(
    small: Path, where: str
) -> None:
    chapter = where.partition("/")[0]
    want = CHAPTERS[:]
    if chapter:
        first = next(title for place, title in ORDER if place == f"{chapter}/")
        pages = [title for place, title in ORDER if place.startswith(f"{chapter}/")]
        want[want.index(first) : want.index(first) + 1] = pages
    assert titles(load(small / "site", "en", where)) == want


def test_the_navigation_speaks_the_editions_languages(small: Path) -> None:
    zh, both = (titles(load(small / "site", e, NOT)) for e in ("zh", "zh-en"))
    assert zh[:3] == ["小书", "1 门", "1.1 非门"]
    assert zh[-1] == "源代码"
    assert both[:3] == ["小书 A small book", "1 门 Gates", "1.1 非门 The gate NOT"]
    html = load(small / "site", "zh-en", NOT).text
    assert re.search(r'1\.1 非门\s<span lang="en">The gate NOT</span>', html)
    assert " | " not in plain(html.partition("<body")[2].partition("<script")[0])


@every_edition
def test_previous_and_next_go_over_the_pages(small: Path, edition: str) -> None:
    site = small / "site"
    places = [where for where, _ in ORDER]
    for before, after in pairwise(places):
        link, title = footer(load(site, edition, before), "next")
        assert (site / edition / before / link).resolve() == site / edition / after
        back, _ = footer(load(site, edition, after), "prev")
        assert (site / edition / after / back).resolve() == site / edition / before
        if edition == "en":
            assert title == dict(ORDER)[after]
    assert footer(load(site, edition, places[0]), "prev") == ("", "")
    assert footer(load(site, edition, places[-1]), "next") == ("", "")
    assert footer(load(site, edition, "source/gates"), "prev") == ("", "")


def test_a_chapter_begins_with_a_list_of_its_pages(small: Path) -> None:
    html = load(small / "site", "en", SUMS).article
    rows = re.findall(r'<li><a href="([^"]*)">(.*?)</a><br>(.*?)</li>', html)
    assert rows == [
        ("01-total/", "2.1 A total", "By formula (1.1), a dot in 2.1, x in NOT."),
        ("02-exercises/", "2.2 Exercises", "What does adding a word do?"),
        ("lab-forms/", "Lab: a bit of all", "A bit of all."),
        ("lab-many/", "Lab: many", "After the total."),
    ]


# Numbers


def test_numbers_stand_in_headings_navigation_contents_and_search(small: Path) -> None:
    site = small / "site"
    for edition, page_title, section in (
        ("zh", "1.1 非门", "1.1.1 公式"),
        ("en", "1.1 The gate NOT", "1.1.1 The formula"),
        ("zh-en", "1.1 非门 The gate NOT", "1.1.1 公式 The formula"),
    ):
        page = load(site, edition, NOT)
        heads = re.findall(r"<h[12][^>]*>(.*?)<a", page.article, re.S)
        assert [plain(head) for head in heads] == [page_title, section]
        assert contents(page) == [section]
        assert page_title in titles(page)
        found = [
            (record["anchor"], f"{record['number']} {record['title']}")
            for record in index(site, edition)[f"{NOT}/"]
        ]
        assert [(anchor, title.replace(" | ", " ")) for anchor, title in found] == [
            ("", page_title),
            ("not-formula", section),
        ]
        assert f"<title>{page_title.replace('门 ', '门 | ')} - " in page.text


def index(site: Path, edition: str) -> dict[str, list[Any]]:
    """Give what the search of an edition knows, by the addresses of pages."""
    text = (site / edition / "search.json").read_text(encoding="utf-8")
    pages: dict[str, list[Any]] = json.loads(text)
    return pages


def test_formulas_figures_and_exercises_are_numbered_and_linked(small: Path) -> None:
    site = small / "site"
    formula = load(site, "en", NOT).article
    assert re.search(r'<div id="eq-not">\s*<div class="formula">', formula)
    assert "1.1" in formula.partition('<div id="eq-not">')[2].partition("</div>")[0]
    assert "eq-not}" not in formula
    total = load(site, "en", "02-sums/01-total").article
    assert '<a href="../../01-gates/01-not/#eq-not">(1.1)</a>' in total
    assert '<a href="#fig-dot">2.1</a>' in total
    assert '<figure id="fig-dot">' in total and "<figcaption>Figure 2.1 The" in total
    assert 'alt="A dot" src="../figures/dot.svg" width="9" height="9"' in total
    assert (site / "en" / "02-sums" / "figures" / "dot.svg").is_file()
    exercises = load(site, "en", "02-sums/02-exercises")
    assert '<h3 id="ex-word">Exercise 2.1 A word' in exercises.article
    assert "图 2.1" in load(site, "zh", "02-sums/01-total").article


# Labs


@every_edition
def test_a_labs_page_is_made_as_others_are(small: Path, edition: str) -> None:
    page = load(small / "site", edition, LAB)
    html = page.article
    assert html.count('class="katex"') == (7 if edition == "zh-en" else 4)
    assert "<code>x = &quot;$y$&quot;</code>" in html
    assert '<h1 id="lab-forms">' in html
    assert '<h2 id="lab-part">' in html
    assert '<div id="eq-half"><div class="formula">' in html
    assert '<figure id="fig-lab-dot">' in html
    assert 'src="../figures/lab-dot.svg#night"' in html
    assert html.count("<summary>") == 2 and "<summary></summary>" not in html
    assert 'href="../../02-sums/"' in html
    assert 'href="../../notebooks/02-sums-lab-forms.ipynb" download' in html
    assert "&lt;b&gt;" in html
    assert re.search(r'data-note="1".*?</div>\s*<ol class="notes">', html, re.S)
    assert {"eq-half", "fig-lab-dot"} <= {
        link.rpartition("#")[2] for link in page.links if LAB in link or link[0] == "#"
    }
    alt = {"zh": "“一个”点", "en": "A &#34;round&#34; dot"}
    said = alt.get(edition) or f"{alt['zh']} {alt['en']}"
    assert f'alt="{said}" src="../figures/lab-dot.svg"' in html
    caption = {"zh": "图 2.2 点在", "en": "Figure 2.2 The dot"}
    assert f"<figcaption>{caption.get(edition, caption['zh'])}" in html


def test_a_labs_table_of_contents_has_its_titles(small: Path) -> None:
    for edition, title in (("zh", "一节"), ("en", "A part"), ("zh-en", "一节 A part")):
        assert contents(load(small / "site", edition, LAB)) == [title]


def test_a_labs_words_are_in_the_index_once_without_tex(small: Path) -> None:
    found = index(small / "site", "zh")[f"{LAB}/"]
    assert [record["anchor"] for record in found] == ["", "lab-part"]
    words = " ".join(record["text"] + record["code"] for record in found)
    assert words.count("floor") == 1
    assert "TypeError: must be real number" in words
    assert "a < b" in words and "frac" not in words
    assert found[1]["labels"] == {"eq-half": "2.1", "fig-lab-dot": "2.2"}


# Old addresses


@every_edition
def test_an_old_address_leads_on(small: Path, edition: str) -> None:
    page = load(small / "site", edition, "old/gate")
    goal = "../../01-gates/01-not/#not-formula"
    assert page.links == [goal, "../../assets/moved.js", goal]
    assert (small / "site" / edition / "assets" / "moved.js").is_file()
    assert 'content="0; url=../../01-gates/01-not/#not-formula"' in page.text
    assert '<meta name="robots" content="noindex">' in page.text


@every_edition
def test_old_anchors_of_a_chapter_are_known_on_its_first_page(
    small: Path, edition: str
) -> None:
    html = load(small / "site", edition, SUMS).text
    found = re.search(r'<template id="moved">(\{.*?\})</template>', html)
    assert found
    moved = json.loads(found[1])
    assert moved["fig-dot"] == "01-total/#fig-dot"
    assert moved["lab-part"] == "lab-forms/#lab-part"
    assert "sums" not in moved and "not" not in moved
    for goal in moved.values():
        where, _, place = goal.partition("#")
        assert place in load(small / "site", edition, f"{SUMS}/{where}").ids
    assert 'id="moved"' not in load(small / "site", edition, "02-sums/01-total").text
