"""The built site in a browser: what a reader sees, with and without scripts."""

from __future__ import annotations

import functools
import json
import re
import shutil
import statistics
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from fishbook.loom.chapter import Chapter, Figure, Formula, Heading, Prose

from fishbook.loom.book import Book, chunks
from fishbook.loom.tangle import tangle
from fishbook.loom.weave import EDITIONS, source_page

api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
site_module = pytest.importorskip("fishbook.loom.site", reason="needs mkdocs")

ROOT = Path(__file__).parent.parent
BOOK = Book.load(ROOT)
TANGLED = tangle(BOOK)
LANGUAGES = {"zh": ("zh",), "en": ("en",), "zh-en": ("zh", "en")}
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SEARCHES = [
    ("zh", "感知机"),
    ("zh", "异或门"),
    ("zh", "单层感知机"),
    ("zh", "线性"),
    ("zh", "perceptron"),
    ("zh", "XOR"),
    ("en", "perceptron"),
    ("en", "linear"),
    ("zh-en", "感知机"),
    ("zh-en", "perceptron"),
]


def page_of(chapter: Chapter) -> str:
    """Give a chapter's address within its edition."""
    return "" if chapter.slug == "index" else f"{chapter.slug}/"


PAGES = [page_of(chapter) for chapter in BOOK.chapters] + [
    source_page(target).removesuffix(".md") + "/" for target in TANGLED
]
CHAPTER = next(c for c in BOOK.chapters if c.slug == "01-perceptron")
PERCEPTRON = page_of(CHAPTER)
ANCHORS = [b.anchor for b in CHAPTER.blocks if isinstance(b, Heading) and b.level == 2]
every_page = pytest.mark.parametrize("page", PAGES)
every_edition = pytest.mark.parametrize("edition", EDITIONS)


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder as a static host does, the root's 404 page included."""

    def send_error(self, code: int, *args: Any, **kwargs: Any) -> None:
        page = Path(self.directory, "404.html").read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(page)

    def log_message(self, *args: Any) -> None:
        """Stay quiet."""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Build the site and serve it; give its address."""
    if not (ROOT / "node_modules" / "katex").exists():
        pytest.skip("needs the packages of package.json: npm ci")
    folder = tmp_path_factory.mktemp("site")
    handler = functools.partial(Handler, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    address = f"http://127.0.0.1:{server.server_port}/"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FISHBOOK_SITE_URL", address)
        site_module.build(ROOT, strict=True, site_dir=folder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield address
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Start Chromium."""
    with api.sync_playwright() as playwright:
        names = ("chromium", "chromium-browser", "google-chrome", "chrome")
        path = next(filter(None, map(shutil.which, names)), None)
        if not path and not Path(playwright.chromium.executable_path).exists():
            pytest.skip("needs a Chromium")
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Watch:
    """What went wrong in a page while it was looked at."""

    home: str
    errors: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def over(self, page: Any) -> None:
        page.on("console", self.hear)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self.ask(request.url))

    def hear(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.errors.append(f"{message.text} at {message.location}")

    def ask(self, address: str) -> None:
        if not address.startswith((self.home, "data:", "blob:")):
            self.strangers.append(address)


@contextmanager
def reading(browser: Any, address: str, **options: Any) -> Iterator[Any]:
    """Open an address in a context of its own."""
    context = browser.new_context(**options)
    context.set_default_timeout(10_000)
    page = context.new_page()
    page.goto(address)
    yield page
    context.close()


def prose_of(chapter: Chapter, language: str) -> str:
    """Give a chapter's prose in one language, as it was written."""
    blocks = [b for b in chapter.blocks if isinstance(b, Prose)]
    return "\n".join(b.body for b in blocks if b.lang == language)


def phrases(chapter: Chapter, language: str) -> list[str]:
    """Give stretches of a chapter's prose in one language, free of marks."""
    plain = {"zh": r"[\u4e00-\u9fff，、]{8,}", "en": r"[A-Za-z]+(?: [A-Za-z]+){4,}"}
    marked = r"`[^`]*`|\$[^$]*\$|\]\([^)]*\)|<[^>]*>|[*|\[\n]"
    return [
        match
        for piece in re.split(marked, prose_of(chapter, language))
        for match in re.findall(plain[language], piece)
    ]


def words_of(page: Any) -> str:
    """Give a page's words, also those that are folded, without its code and figures."""
    text: str = page.locator("article").evaluate("""article => {
      const copy = article.cloneNode(true);
      copy.querySelectorAll("pre, svg").forEach(e => e.remove());
      return copy.textContent;
    }""")
    return " ".join(text.split())


# Languages


@every_edition
@pytest.mark.parametrize("chapter", BOOK.chapters, ids=lambda c: c.slug)
def test_an_edition_shows_its_languages_alone(
    browser: Any, url: str, edition: str, chapter: Chapter
) -> None:
    with reading(browser, f"{url}{edition}/{page_of(chapter)}") as page:
        words = words_of(page)
        assert page.evaluate("document.documentElement.lang") == LANGUAGES[edition][0]
    for language, other in (("zh", "en"), ("en", "zh")):
        foreign = prose_of(chapter, other)  # it may quote a title in this language
        sought = [p for p in phrases(chapter, language) if p not in foreign]
        assert sought, "the chapter has no plain prose to look for"
        wanted = language in LANGUAGES[edition]
        assert all((phrase in words) == wanted for phrase in sought), language


def test_the_edition_of_both_marks_its_english(browser: Any, url: str) -> None:
    with reading(browser, f"{url}zh-en/{PERCEPTRON}") as page:
        assert page.locator("h1 > [lang=en]").count() == 1
        assert page.locator(".pair > [lang=zh] + [lang=en]").count() > 1
        left, right = (
            page.locator(f".pair > [lang={language}] > p").first.bounding_box()
            for language in ("zh", "en")
        )
        assert left["x"] + left["width"] <= right["x"]
        assert abs(left["y"] - right["y"]) < 2
        drift = page.locator(".pair").evaluate_all("""pairs => pairs.flatMap(pair => {
          const [zh, en] = [...pair.children].map(half => [...half.children]);
          const tops = zh.map((e, i) => e.getBoundingClientRect().top
            - (en[i] ?? e).getBoundingClientRect().top);
          return zh.length === en.length ? tops : [];
        })""")
        assert len(drift) > 10
        assert max(map(abs, drift)) < 1
        page.set_viewport_size({"width": 700, "height": 800})
        left, right = (
            page.locator(f".pair > [lang={language}]").first.bounding_box()
            for language in ("zh", "en")
        )
        assert left["y"] + left["height"] <= right["y"] + 1


@pytest.mark.parametrize("anchor", [ANCHORS[0], ANCHORS[-1]])
@pytest.mark.parametrize(("here", "there"), [("zh", "en"), ("en", "zh-en")])
def test_the_switcher_keeps_page_and_anchor(
    browser: Any, url: str, here: str, there: str, anchor: str
) -> None:
    with reading(browser, f"{url}{here}/{PERCEPTRON}#{anchor}") as page:
        switch(page, there)
        page.wait_for_url(f"{url}{there}/{PERCEPTRON}#{anchor}")
        assert page.locator(f"#{anchor}").bounding_box()["y"] < 900


def test_the_switcher_keeps_the_section_that_is_read(browser: Any, url: str) -> None:
    with reading(browser, f"{url}zh/{PERCEPTRON}") as page:
        page.evaluate(f"document.getElementById('{ANCHORS[0]}').scrollIntoView()")
        switch(page, "en")
        page.wait_for_url(f"{url}en/{PERCEPTRON}#{ANCHORS[0]}")


def test_the_switcher_follows_instant_navigation(browser: Any, url: str) -> None:
    with reading(browser, f"{url}zh/") as page:
        page.evaluate("window.sameDocument = true")
        page.locator(f".md-nav a[href$='/zh/{PERCEPTRON}']").first.click()
        page.wait_for_url(f"{url}zh/{PERCEPTRON}")
        page.locator(f"#{ANCHORS[0]}").wait_for()
        assert page.evaluate("window.sameDocument"), "navigation.instant is off"
        switch(page, "en")
        page.wait_for_url(f"{url}en/{PERCEPTRON}")


def switch(page: Any, edition: str) -> None:
    """Choose another edition in the header."""
    page.click("[data-editions] summary")
    page.click(f"a[data-edition={edition}]")


def test_the_switcher_works_by_keyboard(browser: Any, url: str) -> None:
    with reading(browser, f"{url}en/{PERCEPTRON}") as page:
        summary = page.locator("[data-editions] summary")
        link = page.locator("a[data-edition=zh]")
        summary.focus()
        page.keyboard.press("Enter")
        assert link.is_visible()
        page.keyboard.press("Tab")
        page.keyboard.press("Escape")
        assert not link.is_visible()
        assert summary.evaluate("e => e === document.activeElement")
        page.keyboard.press("Enter")
        page.click("article p")
        assert not link.is_visible()


@pytest.mark.parametrize(
    ("locale", "edition"), [("zh-CN", "zh"), ("en-GB", "en"), ("fr-FR", "en")]
)
def test_the_root_leads_to_the_readers_language(
    browser: Any, url: str, locale: str, edition: str
) -> None:
    with reading(browser, url, locale=locale) as page:
        page.wait_for_url(f"{url}{edition}/")


def test_the_root_remembers_a_choice(browser: Any, url: str) -> None:
    with reading(browser, f"{url}zh/", locale="zh-CN") as page:
        switch(page, "zh-en")
        page.wait_for_url(f"{url}zh-en/")
        page.goto(url)
        page.wait_for_url(f"{url}zh-en/")


@every_edition
@pytest.mark.parametrize("page", ["", PERCEPTRON])
def test_search_engines_learn_the_twins(
    browser: Any, url: str, edition: str, page: str
) -> None:
    with reading(browser, f"{url}{edition}/{page}", java_script_enabled=False) as view:
        links = view.locator("link[rel~=alternate]")
        twins = {
            link.get_attribute("hreflang"): link.get_attribute("href")
            for link in links.all()
        }
        canonical = view.locator("link[rel=canonical]").get_attribute("href")
        hidden = view.locator("meta[name=robots][content=noindex]").count()
    if edition == "zh-en":
        assert (canonical, hidden, twins) == (f"{url}zh/{page}", 1, {})
    else:
        assert (canonical, hidden) == (f"{url}{edition}/{page}", 0)
        default = f"{url}en/{page}" if page else url
        want = {"zh": f"{url}zh/{page}", "en": f"{url}en/{page}", "x-default": default}
        assert twins == want


# Search


@pytest.mark.parametrize(("edition", "query"), SEARCHES)
def test_search_finds_the_chapter(
    browser: Any, url: str, edition: str, query: str
) -> None:
    with reading(browser, f"{url}{edition}/") as page:
        page.click(".md-search__input")
        page.keyboard.type(query)
        found = page.locator(".md-search-result__link")
        found.first.wait_for()
        links = [link.get_attribute("href") for link in found.all()]
    assert any(f"/{edition}/{PERCEPTRON}" in link for link in links), links


@every_edition
def test_the_search_index_holds_no_tex(browser: Any, url: str, edition: str) -> None:
    formulas = " ".join(b.body for b in CHAPTER.blocks if isinstance(b, Formula))
    commands = set(re.findall(r"\\[a-zA-Z]{4,}", formulas))
    assert commands
    with reading(browser, f"{url}{edition}/") as page:
        answer = page.request.get(f"{url}{edition}/search/search_index.json")
        texts = " ".join(entry["text"] for entry in answer.json()["docs"])
    assert [command for command in commands if command in texts] == []


def test_the_index_waits_for_a_search(browser: Any, url: str) -> None:
    asked: list[str] = []
    with reading(browser, "about:blank") as page:
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{url}en/", wait_until="networkidle")
        assert not any("search_index" in address for address in asked)
        page.keyboard.press("/")
        page.keyboard.type("perceptron")
        page.locator(".md-search-result__link").first.wait_for()
        assert any("search_index" in address for address in asked)
        meta = page.locator(".md-search-result__meta")
        assert meta.get_attribute("role") == "status"
        page.goto(f"{url}en/?q=perceptron")
        page.locator(".md-search-result__link").first.wait_for()


def test_escape_leads_from_the_search_to_where_it_began(browser: Any, url: str) -> None:
    with reading(browser, f"{url}en/{PERCEPTRON}") as page:
        page.locator(".notebook a").focus()
        page.keyboard.press("/")
        page.wait_for_function("document.activeElement.matches('.md-search__input')")
        page.keyboard.press("Escape")
        page.wait_for_function("document.activeElement.matches('.notebook a')")


# Requests and errors


@every_edition
def test_nothing_leaves_the_host_and_nothing_complains(
    browser: Any, url: str, edition: str
) -> None:
    watch = Watch(url)
    page = browser.new_context().new_page()
    watch.over(page)
    for name in PAGES:
        page.goto(f"{url}{edition}/{name}", wait_until="networkidle")
    page.goto(f"{url}{edition}/")
    page.click("label[for^=__palette]:visible")
    page.locator(".md-footer__link--next").click()
    page.wait_for_url(f"{url}{edition}/*/")
    page.wait_for_timeout(500)  # Material closes the search after each navigation
    page.click(".md-search__input")
    page.keyboard.type("perceptron")
    page.locator(".md-search-result__link").first.wait_for()
    page.keyboard.press("Escape")
    switch(page, "en" if edition == "zh" else "zh")
    page.wait_for_load_state("networkidle")
    page.goto(url, wait_until="networkidle")
    page.context.close()
    assert watch.strangers == []
    assert watch.errors == []


def test_the_watch_notices(browser: Any, url: str) -> None:
    watch = Watch(url)
    page = browser.new_context().new_page()
    watch.over(page)
    page.goto(f"{url}zh/")
    page.evaluate("fetch('http://127.0.0.1:9/').catch(() => console.error('heard'))")
    page.wait_for_timeout(300)
    page.context.close()
    assert watch.strangers == ["http://127.0.0.1:9/"]
    assert any("heard" in error for error in watch.errors)


# What stands on a page


@every_edition
def test_all_is_readable_without_scripts(browser: Any, url: str, edition: str) -> None:
    address = f"{url}{edition}/{PERCEPTRON}"
    figures = [b for b in CHAPTER.blocks if isinstance(b, Figure)]
    formulas = [b for b in CHAPTER.blocks if isinstance(b, Formula)]
    with reading(browser, address, java_script_enabled=False) as page:
        assert page.locator(".formula .katex-html").count() == len(formulas)
        unfolded = page.locator("article > .formula")
        assert unfolded.count() > 1
        assert all(formula.is_visible() for formula in unfolded.all())
        assert page.locator("figure svg[role=img]:visible").count() == len(figures)
        prose = " ".join(page.locator("article :is(p, li)").all_inner_texts())
        assert not re.search(r"\\[(\[]|\$", prose)
        assert page.locator(".highlight code:visible").count() > 1
        assert page.locator(".output code:visible").count() > 0
        assert page.locator(".md-nav--primary a:visible").count() >= len(BOOK.chapters)
        for other in EDITIONS:
            link = page.locator(f"a[data-edition={other}]")
            assert link.evaluate("e => e.href") == f"{url}{other}/{PERCEPTRON}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_root_is_a_choice_without_scripts(
    browser: Any, url: str, scheme: str
) -> None:
    options = {"java_script_enabled": False, "color_scheme": scheme}
    with reading(browser, url, **options) as page:
        links = page.locator("a:visible")
        assert [a.get_attribute("href") for a in links.all()] == [
            f"{edition}/" for edition in EDITIONS
        ]


def test_figures_are_named_and_their_ids_unique(browser: Any, url: str) -> None:
    with reading(browser, f"{url}zh/{PERCEPTRON}") as page:
        names = page.locator("figure svg").evaluate_all(
            "figures => figures.map(f => f.getAttribute('aria-label'))"
        )
        ids = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    captions = [b.zh for b in CHAPTER.blocks if isinstance(b, Figure)]
    assert len(names) == len(captions)
    assert all(names)
    assert len(ids) == len(set(ids))


def test_figures_take_the_schemes_colours(browser: Any, url: str) -> None:
    ink = "getComputedStyle(document.body).getPropertyValue('--fig-ink')"
    used = """() => [...document.querySelectorAll('figure svg *')]
        .flatMap(e => [getComputedStyle(e).fill, getComputedStyle(e).stroke])"""
    with reading(browser, f"{url}zh/{PERCEPTRON}") as page:
        light = page.evaluate(ink), page.evaluate(used)
        page.click("label[for^=__palette]:visible")
        dark = page.evaluate(ink), page.evaluate(used)
    assert light[0] != dark[0]
    assert light[1] != dark[1]


def test_a_chunks_title_leads_to_its_place(browser: Any, url: str) -> None:
    wanted = chunks(CHAPTER)
    assert wanted
    for number, chunk in [(0, wanted[0]), (len(wanted) - 1, wanted[-1])]:
        with reading(browser, f"{url}zh/{PERCEPTRON}") as page:
            title = page.locator(".filename a").nth(number)
            title.scroll_into_view_if_needed()
            page.wait_for_timeout(200)  # Material notes where the page was left
            title.click()
            page.wait_for_url("**/source/**#__codelineno-0-*")
            line = int(page.url.rpartition("-")[2])
            text = page.locator(".source code").text_content().split("\n")
            target = page.locator(":target")
            target.wait_for(state="attached")
            assert target.get_attribute("id") == f"__codelineno-0-{line}"
        place = TANGLED[chunk.target].places[CHAPTER.path, chunk.line]
        assert line == place[0]
        tangled = TANGLED[chunk.target].text.split("\n")
        assert text[line - 1].rstrip() == tangled[line - 1]


@every_edition
def test_the_notebook_can_be_downloaded(browser: Any, url: str, edition: str) -> None:
    with reading(browser, f"{url}{edition}/{PERCEPTRON}") as page:
        with page.expect_download() as download:
            page.click(".notebook a")
        notebook = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert download.value.suggested_filename == "01-perceptron.ipynb"
    assert notebook["nbformat"] == 4
    assert any(cell["cell_type"] == "code" for cell in notebook["cells"])


@pytest.mark.parametrize("width", [390, 1280])
def test_notes_and_their_marks_are_in_sight(browser: Any, url: str, width: int) -> None:
    """Also where the code has to be scrolled."""
    size = {"width": width, "height": 800}
    with reading(browser, f"{url}zh/{PERCEPTRON}", viewport=size) as page:
        page.add_style_tag(content=".box { content-visibility: visible !important }")
        marks = page.locator(".highlight .note")
        places = marks.evaluate_all(
            "all => all.filter(e => !e.closest('details:not([open])'))"
            ".map(e => e.getBoundingClientRect()).map(r => [r.left, r.right])"
        )
        assert len(places) > 5
        assert all(0 <= left < right <= width for left, right in places)
        names = marks.evaluate_all("all => all.map(e => e.ariaLabel)")
        assert all(re.fullmatch(r"注释 \d", name) for name in names)
        assert page.locator("ol.notes li").count() == len(names)
        assert page.locator("ol.notes").first.is_visible()


def test_code_fits_and_lines_are_not_too_long(browser: Any, url: str) -> None:
    count = """all => all.map(e => {
      const lines = e.offsetHeight / parseFloat(getComputedStyle(e).lineHeight);
      return [Math.round(lines), e.innerText.length];
    })"""
    for edition, wanted in (("en", 70), ("zh", 40)):
        with reading(browser, f"{url}{edition}/{PERCEPTRON}") as page:
            paragraphs = page.locator("article > p:not(:has(.katex, code))")
            lengths = paragraphs.evaluate_all(count)
            wide = page.locator("pre > code").evaluate_all(
                "all => all.filter(e => e.scrollWidth > e.clientWidth).length"
            )
        means = [letters / (n - 0.5) for n, letters in lengths if n > 2]
        assert abs(statistics.median(means) / wanted - 1) < 0.12
        assert wide == 0


def test_numbers_of_formulas_share_their_line(browser: Any, url: str) -> None:
    with reading(browser, f"{url}en/{PERCEPTRON}") as page:
        aligned = page.locator(".katex-html:has(> .katex-tag)").evaluate_all(
            "all => all.map(e => getComputedStyle(e).alignItems)"
        )
    assert set(aligned) == {"baseline"}


def test_print_shows_the_answers_and_no_navigation(browser: Any, url: str) -> None:
    with reading(browser, f"{url}zh/{PERCEPTRON}") as page:
        answers = page.locator("article details > :not(summary)")
        assert answers.count() > 0
        assert not answers.first.is_visible()
        page.emulate_media(media="print")
        assert answers.first.is_visible()
        assert not page.locator(".md-header").is_visible()
        assert not page.locator(".md-footer").is_visible()


# Addresses without a page


@pytest.mark.parametrize(
    ("path", "shown", "not_shown"),
    [
        ("zh/nothing/", "没有这一页", "No such page"),
        ("en/nothing/", "No such page", "没有这一页"),
        ("zh-en/nothing/", "没有这一页", ""),
        ("nothing/", "No such page", ""),
    ],
)
def test_a_wrong_address_is_answered_in_its_language(
    browser: Any, url: str, path: str, shown: str, not_shown: str
) -> None:
    with reading(browser, f"{url}{path}") as page:
        words = page.locator("main").inner_text()
    assert shown in words
    assert not not_shown or not_shown not in words


def test_a_wrong_address_without_scripts(browser: Any, url: str) -> None:
    with reading(browser, f"{url}zh/nothing/", java_script_enabled=False) as page:
        words = page.locator("main").inner_text()
        links = [a.get_attribute("href") for a in page.locator("main a").all()]
    assert "没有这一页" in words
    assert "No such page" in words
    assert links == ["/zh/", "/en/"]


@every_edition
def test_each_edition_has_a_404_page(browser: Any, url: str, edition: str) -> None:
    with reading(browser, f"{url}{edition}/404.html") as page:
        words = page.locator("article").inner_text()
        home = page.locator("article p a").evaluate("e => e.href")
    assert home == f"{url}{edition}/"
    assert ("没有这一页" in words) == ("zh" in edition)
    assert ("No such page" in words) == ("en" in edition)


# Phones, and readers who don't see or don't point


@every_edition
@every_page
def test_a_phone_needs_no_sideways_scrolling(
    browser: Any, url: str, edition: str, page: str
) -> None:
    size = {"width": 360, "height": 740}
    with reading(browser, f"{url}{edition}/{page}", viewport=size) as view:
        assert view.evaluate("document.documentElement.scrollWidth") <= 360
        assert view.evaluate(OUTSIDE) == []


COLOURS = ("color-contrast", "link-in-text-block")
OUTSIDE = """() => {
  const scrolls = e => e && (/auto|scroll/.test(getComputedStyle(e).overflowX)
    || scrolls(e.parentElement));
  const words = "article :is(p, li, td, th, h1, h2, h3, summary, figcaption)";
  return [...document.querySelectorAll(words)]
    .filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !scrolls(e))
    .map(e => e.textContent.slice(0, 60));
}"""


@every_edition
@every_page
def test_axe_finds_nothing_serious(
    browser: Any, url: str, edition: str, page: str
) -> None:
    with reading(browser, f"{url}{edition}/{page}", color_scheme="light") as view:
        assert view.locator("body").get_attribute("data-md-color-scheme") == "default"
        assert serious(view) == []
        view.click("label[for^=__palette]:visible")
        assert view.locator("body").get_attribute("data-md-color-scheme") == "slate"
        assert serious(view, *COLOURS) == []


@pytest.mark.parametrize("path", ["404.html", "zh/404.html", "en/404.html", "nowhere"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_elsewhere(
    browser: Any, url: str, path: str, scheme: str
) -> None:
    with reading(browser, f"{url}{path}", color_scheme=scheme) as view:
        assert serious(view) == []


def test_axe_finds_nothing_serious_at_the_root(browser: Any, url: str) -> None:
    """The root page leads away at once, so its choice is laid out by hand here."""
    with reading(browser, f"{url}404.html") as view:
        text = view.request.get(url).text()
        view.set_content(re.sub(r"<script>.*?</script>", "", text, flags=re.S))
        assert serious(view) == []


def test_axe_finds_nothing_serious_in_open_search(browser: Any, url: str) -> None:
    with reading(browser, f"{url}zh/") as view:
        view.click(".md-search__input")
        view.keyboard.type("感知机")
        view.locator(".md-search-result__link").first.wait_for()
        view.wait_for_timeout(400)
        assert serious(view) == []


def test_axe_can_find_something(browser: Any, url: str) -> None:
    with reading(browser, f"{url}zh/") as view:
        view.evaluate("document.querySelector('article').innerHTML += '<img src>'")
        assert serious(view) != []
        assert serious(view, *COLOURS) == []
        view.add_style_tag(content="p { color: #999 !important }")
        assert serious(view, *COLOURS) != []


def serious(page: Any, *rules: str) -> list[str]:
    """Let axe-core judge a page by all rules or by some; give what is serious."""
    axe = ROOT / "node_modules" / "axe-core" / "axe.min.js"
    if not axe.exists():
        pytest.skip("needs axe-core: npm ci")
    page.evaluate(axe.read_text(encoding="utf-8"))
    options = {"resultTypes": ["violations"]} | ({"runOnly": rules} if rules else {})
    found = page.evaluate("o => axe.run(o).then(r => r.violations)", options)
    return [
        f"{rule['id']}: {node['html'][:120]} {node['failureSummary']}"
        for rule in found
        if rule["impact"] in {"serious", "critical"}
        for node in rule["nodes"]
    ]


def test_keyboard_focus_is_seen(browser: Any, url: str) -> None:
    outline = """() => {
      const style = getComputedStyle(document.activeElement);
      return [style.outlineStyle, parseFloat(style.outlineWidth)];
    }"""
    with reading(browser, f"{url}zh/{PERCEPTRON}") as page:
        page.locator(".notebook a").focus()
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        style, width = page.evaluate(outline)
    assert style == "solid"
    assert width >= 2
