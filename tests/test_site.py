"""The real book's site as files: what every page of every edition has."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin

import pytest
from sites import BOOK, HOME, PAGES, Html, load, plain, prose_of

from fishbook.loom.blocks import Figure, Formula
from fishbook.loom.edition import EDITIONS
from fishbook.loom.markdown import address
from fishbook.loom.page import Page
from fishbook.loom.site.formulas import FONTS

LANGUAGES = {"zh": ("zh",), "en": ("en",), "zh-en": ("zh", "en")}
every_edition = pytest.mark.parametrize("edition", EDITIONS)


@cache
def files(site: Path) -> dict[str, Html]:
    """Give all pages of the site by their addresses."""
    names = {path: path.relative_to(site).as_posix() for path in site.rglob("*.html")}
    return {name.removesuffix("index.html"): Html(p) for p, name in names.items()}


def phrases(page: Page, language: str) -> list[str]:
    """Give stretches of a page's prose in one language, free of marks."""
    alone = {"zh": r"[\u4e00-\u9fff，、]{8,}", "en": r"[A-Za-z]+(?: [A-Za-z]+){4,}"}
    marks = r"`[^`]*`|\$[^$]*\$|\]\([^)]*\)|<[^>]*>|[*|\[\n]"
    pieces = re.split(marks, prose_of(page, language))
    return [found for piece in pieces for found in re.findall(alone[language], piece)]


def search_index(site: Path, edition: str) -> dict[str, list[Any]]:
    text = (site / edition / "search.json").read_text(encoding="utf-8")
    pages: dict[str, list[Any]] = json.loads(text)
    return pages


@every_edition
def test_an_edition_shows_its_languages_alone(site: Path, edition: str) -> None:
    for page in BOOK.pages:
        shown = files(site)[f"{edition}/{address(page)}"]
        assert f'<html lang="{LANGUAGES[edition][0]}"' in shown.text
        for language, other in (("zh", "en"), ("en", "zh")):
            quoted = prose_of(page, other)  # a title in this language, say
            sought = [p for p in phrases(page, language) if p not in quoted]
            assert sought or not prose_of(page, language), page.path
            wanted = language in LANGUAGES[edition]
            wrong = [p for p in sought if (p in shown.words) != wanted]
            assert wrong == [], page.path


@every_edition
def test_formulas_and_figures_are_in_the_page(site: Path, edition: str) -> None:
    for page in BOOK.pages:
        shown = files(site)[f"{edition}/{address(page)}"]
        formulas = sum(isinstance(block, Formula) for block in page.blocks)
        figures = [block for block in page.blocks if isinstance(block, Figure)]
        assert shown.article.count('<div class="formula">') >= formulas
        for look in ("day", "night"):
            names = re.findall(
                rf'<img class="{look} [^>]* alt="([^"]+)"', shown.article
            )
            assert len(names) == len(figures), page.path
        assert "<figcaption><" not in shown.article.replace("<figcaption><a", "")
        assert not re.search(r"\\[(\[]|\$", shown.words), page.path


def test_every_link_leads_somewhere_and_every_place_has_one_name(site: Path) -> None:
    wrong = []
    for name, page in files(site).items():
        wrong += [f"{name}: #{i} twice" for i, n in Counter(page.ids).items() if n > 1]
        for link in page.links:
            goal, place = urldefrag(urljoin(HOME + name, link))
            there = unquote(goal.removeprefix(HOME))
            if not goal.startswith(HOME):
                continue
            if found := files(site).get(there):
                fine = not place or unquote(place) in found.ids
            else:
                fine = (site / there).is_file()
            wrong += [] if fine else [f"{name}: {link}"]
    assert wrong == []


def test_nothing_is_loaded_from_another_host(site: Path) -> None:
    loaded = re.compile(
        r'<(?:script|img|link|iframe)\b[^>]*(?:src|href)="(https?://[^"]+)'
    )
    texts = "".join(page.text for page in files(site).values())
    found = loaded.findall(texts)
    assert found
    assert [link for link in found if not link.startswith(HOME)] == []


def test_each_page_states_what_it_may_load_and_holds_no_style_or_script(
    site: Path,
) -> None:
    code = re.compile(
        r"<style|<[^>]* style=|<script(?! src=| id=\"__config\")|javascript:"
    )
    for name, page in files(site).items():
        head = page.text.partition("<meta")[2].partition("<link")[0]
        found = re.search(r'"Content-Security-Policy" content="(.*?)"', head)
        policy = unescape(found[1]) if found else ""
        assert policy.startswith("default-src 'self'; img-src 'self' data:; "), name
        assert "unsafe" not in policy and policy.count("data:") == 1
        assert code.findall(page.text) == [], name


@every_edition
def test_each_class_of_a_formula_is_in_the_style_sheet(
    site: Path, edition: str
) -> None:
    sheet = (site / edition / "assets" / "made.css").read_text(encoding="utf-8")
    known = set(re.findall(r"\.(k[0-9a-f]{7})\{", sheet))
    for page in BOOK.pages:
        shown = files(site)[f"{edition}/{address(page)}"].article
        assert set(re.findall(r"\bk[0-9a-f]{7}\b", shown)) <= known, page.path


def test_no_page_is_too_large(site: Path) -> None:
    large = []
    for name, page in files(site).items():
        size = len(gzip.compress(page.text.encode(), mtime=0))
        if page.elements > 9000 or size > 60_000:
            large.append((name, page.elements, size))
    assert large == []


@every_edition
def test_a_page_introduces_itself(site: Path, edition: str) -> None:
    own = "zh" if edition == "zh-en" else edition
    for page in BOOK.pages:
        where = address(page)
        head = files(site)[f"{edition}/{where}"].text.partition("</head>")[0]
        described = re.search(r'<meta name="description" content="([^"]{10,})"', head)
        assert described
        assert f'<meta property="og:description" content="{described[1]}"' in head
        assert f'<link rel="canonical" href="{HOME}{own}/{where}">' in head
        assert f'<meta property="og:url" content="{HOME}{own}/{where}">' in head
        assert ("noindex" in head) == (edition == "zh-en")
        pairs = re.findall(r'rel="alternate " hreflang="(.*?)" href="(.*?)"', head)
        known = {lang: f"{HOME}{lang}/{where}" for lang in ("zh", "en")}
        known["x-default"] = known["en"] if where else HOME
        assert dict(pairs) == ({} if edition == "zh-en" else known)


@every_edition
def test_the_search_index_has_the_editions_words_and_no_tex(
    site: Path, edition: str
) -> None:
    pages = search_index(site, edition)
    records = [record for records in pages.values() for record in records]
    texts = " ".join(f"{record['title']} {record['text']}" for record in records)
    for language in ("zh", "en"):
        sought = [p for page in BOOK.pages for p in phrases(page, language)]
        share = sum(phrase in texts for phrase in sought) / len(sought)
        assert share > 0.9 if language in LANGUAGES[edition] else share < 0.01
    blocks = (block for page in BOOK.pages for block in page.blocks)
    formulas = " ".join(block.raw for block in blocks if isinstance(block, Formula))
    commands = set(re.findall(r"\\[a-zA-Z]{4,}", formulas))
    assert commands
    assert [command for command in commands if command in texts] == []
    assert "katex" not in texts and "Copied" not in texts
    assert list(pages) == list(map(address, BOOK.pages))


def test_a_chunks_title_leads_to_its_line_in_the_source(site: Path) -> None:
    chunk = re.compile(
        r'chunk highlight"><span class="filename"><a href="(?P<link>[^"]+)">'
        r"(?P<target>.*?)</a>.*?<code>(?P<code>.*?)</code>",
        re.S,
    )
    for page in (page for page in BOOK.pages if page.definitions):
        name = f"en/{address(page)}"
        found = list(chunk.finditer(files(site)[name].text))
        targets = [cell.code.target for cell in page.cells if cell.code.target]
        assert [match["target"] for match in found] == targets
        for match in found:
            goal, place = urldefrag(urljoin(name, match["link"]))
            line = re.search(f'id="{place}">(.*?)\n', files(site)[goal].text)
            assert line and plain(line[1]), f"{name}: {match['link']}"
            assert plain(line[1]) in map(plain, match["code"].split("\n"))


def test_the_root_leads_on(site: Path) -> None:
    choice = files(site)[""].text
    assert all(f'href="{edition}/"' in choice for edition in EDITIONS)
    sitemap = (site / "sitemap.xml").read_text(encoding="utf-8")
    for edition in ("zh", "en"):
        assert f"{HOME}{edition}/sitemap.xml" in sitemap
        listed = (site / edition / "sitemap.xml").read_text(encoding="utf-8")
        for page in BOOK.pages:
            assert listed.count(f"<loc>{HOME}{edition}/{address(page)}</loc>") == 1
    assert f"{HOME}sitemap.xml" in (site / "robots.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("folder", ["", *(f"{edition}/" for edition in EDITIONS)])
def test_there_is_a_page_for_lost_readers(site: Path, folder: str) -> None:
    html = files(site)[f"{folder}404.html"].text
    assert html.count("<h1") == 1
    assert html.count('<meta name="robots" content="noindex">') == 1
    assert ("No such page" in html) == (folder != "zh/")
    assert ("没有这一页" in html) == (folder != "en/")


def test_fonts_are_the_sites_own(site: Path) -> None:
    assets = site / "en" / "assets"
    css = (assets / "book.css").read_text(encoding="utf-8")
    names = re.findall(r'url\("(fonts/[^"]+)"\)', css)
    assert names
    assert all((assets / name).read_bytes()[:4] == b"wOF2" for name in names)
    assert (assets / "fonts" / "serif-LICENSE.txt").exists()


def test_fonts_of_formulas_within_lines_are_asked_for_at_once(site: Path) -> None:
    """Otherwise lines move when a rare one comes late."""
    wanted = set[str]()
    for where in PAGES:
        page = load(site, "zh-en", where)
        shown = re.sub(r'<div class="formula">.*?</div>', "", page.article, flags=re.S)
        asked = re.findall(r'rel="preload".*?/KaTeX_(.*?)\.woff2"', page.text)
        used = {FONTS[w] for w in FONTS if re.search(rf'class="[^"]*{w}\b', shown)}
        assert used <= set(asked)
        bold = "/serif-bold.woff2" in page.text
        assert bold == ("<strong>" in page.article)
        wanted |= used
    assert {"Main-Bold", "Size1-Regular"} <= wanted


@every_edition
def test_a_lab_brings_nothing_of_jupyters(site: Path, edition: str) -> None:
    labs = [page for page in BOOK.pages if page.is_lab]
    assert labs
    for page in labs:
        html = load(site, edition, address(page)).article
        for foreign in ("<style", "<script", "clipboard-copy", "jp-", "In\xa0["):
            assert foreign not in html
