"""The site in a browser: what a reader does, with and without scripts."""

from __future__ import annotations

import json
import re
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from browsing import Watch, reading, serious, switch
from sites import BOOK, HOME, KINDS

from fishbook.loom.blocks import DetailsOpen, Figure, Formula
from fishbook.loom.edition import EDITIONS
from fishbook.loom.markdown import address

GATE = BOOK.labels["sigmoid"].page
PAGE = address(GATE)
ANCHORS = [heading.anchor for heading in GATE.headings if heading.level == 2]
SOLVED = next(
    page for page in BOOK.pages if any(isinstance(b, DetailsOpen) for b in page.blocks)
)


# Editions


def test_the_edition_of_both_has_them_side_by_side(browser: Any) -> None:
    with reading(browser, f"zh-en/{PAGE}") as page:
        assert page.locator("h1 > [lang=en]").count() == 1
        drift = page.locator(".pair").evaluate_all("""pairs => pairs.flatMap(pair => {
          const [zh, en] = [...pair.children].map(half => [...half.children]);
          const tops = zh.map((e, i) => e.getBoundingClientRect().top
            - (en[i] ?? e).getBoundingClientRect().top);
          return zh.length === en.length ? tops : [];
        })""")
        assert len(drift) > 10
        assert max(map(abs, drift)) < 1
        halves = [page.locator(f".pair > [lang={edition}]") for edition in ("zh", "en")]
        left, right = (half.locator("> p").first.bounding_box() for half in halves)
        assert left["x"] + left["width"] <= right["x"]
        page.set_viewport_size({"width": 700, "height": 800})
        above, below = (half.first.bounding_box() for half in halves)
        assert above["y"] + above["height"] <= below["y"] + 1


@pytest.mark.parametrize(
    ("here", "there", "anchor"),
    [("zh", "en", ANCHORS[0]), ("en", "zh-en", ANCHORS[-1])],
)
def test_the_switcher_keeps_page_and_the_section_that_is_read(
    browser: Any, here: str, there: str, anchor: str
) -> None:
    with reading(browser, f"{here}/{PAGE}#{anchor}") as page:
        switch(page, there)
        page.wait_for_url(f"{HOME}{there}/{PAGE}#{anchor}")
        assert page.locator(f"#{anchor}").bounding_box()["y"] < 900
        page.evaluate(f"document.getElementById('{ANCHORS[1]}').scrollIntoView()")
        switch(page, here)
        page.wait_for_url(f"{HOME}{here}/{PAGE}#{ANCHORS[1]}")


@pytest.mark.parametrize("where", [PAGE, f"{GATE.chapter}/"])
def test_an_address_with_no_name_after_its_hash_breaks_nothing(
    browser: Any, where: str
) -> None:
    watch = Watch()
    with reading(browser, None) as page:
        watch.over(page)
        page.goto(f"{HOME}zh/{where}#50%")
        switch(page, "en")
        page.wait_for_url(f"{HOME}en/{where}")
    assert watch.errors == []


def test_a_visit(browser: Any) -> None:
    """From page to page: colours that stay, another language, the root."""
    scheme = "document.body.dataset.mdColorScheme"
    watch = Watch()
    with reading(browser, None, bypass_csp=False) as page:
        watch.over(page)
        page.goto(f"{HOME}zh/", wait_until="networkidle")
        assert not any(
            address.endswith(("search.json", "find.js")) for address in watch.asked
        )
        page.locator(f".md-nav a[href$='{GATE.chapter}/']").first.click()
        page.wait_for_url(f"{HOME}zh/{GATE.chapter}/")
        page.click("[data-scheme]:visible")
        page.locator(f".contents a[href$='{PAGE.split('/')[-2]}/']").click()
        page.wait_for_url(f"{HOME}zh/{PAGE}")
        page.locator(f"#{ANCHORS[0]}").wait_for()
        assert page.evaluate(scheme) == "slate"
        page.locator(".md-footer__link--next").click()
        page.wait_for_url(lambda url: not url.endswith(PAGE))
        page.go_back()
        page.locator(f"#{ANCHORS[0]}").wait_for()
        switch(page, "en")
        page.wait_for_url(re.compile(f"/en/{PAGE}"))
        page.wait_for_load_state("networkidle")
        assert page.evaluate(scheme) == "slate"
        page.goto(HOME, wait_until="networkidle")
        assert page.url == f"{HOME}en/", "the root forgets the choice"
    assert watch.strangers == []
    assert watch.errors == []


def test_the_switcher_works_by_keyboard_and_focus_is_seen(browser: Any) -> None:
    outline = """() => {
      const style = getComputedStyle(document.activeElement);
      return [style.outlineStyle, parseFloat(style.outlineWidth) >= 2];
    }"""
    with reading(browser, f"en/{PAGE}") as page:
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
        page.locator(".notebook a").focus()
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        assert page.evaluate(outline) == ["solid", True]


@pytest.mark.parametrize(
    ("locale", "edition"), [("zh-CN", "zh"), ("en-GB", "en"), ("fr-FR", "en")]
)
def test_the_root_leads_to_the_readers_language(
    browser: Any, locale: str, edition: str
) -> None:
    with reading(browser, "", locale=locale) as page:
        page.wait_for_url(f"{HOME}{edition}/")


# Old addresses


@pytest.mark.parametrize(
    ("old", "label", "script"),
    [
        ("zh/02a-draw-a-digit/", "draw-a-digit", False),
        ("en/labs/02-recognizing-digits/", "lab-recognizing-digits", True),
        ("zh-en/labs/03-numerical-gradients/", "lab-numerical-gradients", True),
    ],
)
def test_an_old_address_leads_on(
    browser: Any, old: str, label: str, script: bool
) -> None:
    place = f"#{label}" if script else ""
    with reading(browser, old + place, java_script_enabled=script) as page:
        where = address(BOOK.labels[label].page)
        page.wait_for_url(f"{HOME}{old.partition('/')[0]}/{where}{place}")


@pytest.mark.parametrize("label", ["softmax-overflow", "draw-a-digit", "eq-softmax"])
def test_an_old_anchor_of_a_chapter_leads_to_its_page(browser: Any, label: str) -> None:
    page = BOOK.labels[label].page
    with reading(browser, f"en/{page.chapter}/#{label}") as view:
        view.wait_for_url(f"{HOME}en/{address(page)}#{label}")
        assert view.locator(f"#{label}").count() == 1


# A page


def test_all_is_readable_without_scripts(browser: Any) -> None:
    figures = [block for block in GATE.blocks if isinstance(block, Figure)]
    formulas = [block for block in GATE.blocks if isinstance(block, Formula)]
    with reading(browser, f"en/{PAGE}", java_script_enabled=False) as page:
        shown = page.locator(".formula")
        assert shown.count() >= len(formulas)
        assert all(formula.is_visible() for formula in shown.all())
        assert page.locator("figure img[alt]:visible").count() == len(figures)
        assert page.locator(".highlight code:visible").count() > 1
        assert page.locator(".output code:visible").count() > 0
        assert page.locator(".md-nav--primary a:visible").count() >= len(BOOK.chapters)
        for other in EDITIONS:
            link = page.locator(f"a[data-edition={other}]")
            assert link.evaluate("e => e.href") == f"{HOME}{other}/{PAGE}"
        page.goto(HOME)
        hrefs = [a.get_attribute("href") for a in page.locator("a:visible").all()]
        assert hrefs == [f"{edition}/" for edition in EDITIONS]


def test_figures_take_the_schemes_colours_and_print_shows_answers(browser: Any) -> None:
    ink = """async () => {
      const image = [...document.querySelectorAll("figure img")]
        .find(e => getComputedStyle(e).display !== "none");
      image.loading = "eager";
      await image.decode();
      const pen = document.createElement("canvas").getContext("2d");
      pen.drawImage(image, 0, 0);
      return [...pen.getImageData(0, 0, 300, 150).data].join();
    }"""
    with reading(browser, f"zh/{PAGE}", color_scheme="light") as page:
        day = page.evaluate(ink)
        assert len(set(day.split(","))) > 2
        page.click("[data-scheme]:visible")
        assert page.evaluate(ink) != day
        page.emulate_media(media="print")
        assert page.evaluate(ink) == day
        page.emulate_media(media="screen")
        page.goto(f"{HOME}zh/{address(SOLVED)}")
        answers = page.locator("article details > :not(summary)")
        assert not answers.first.is_visible()
        page.emulate_media(media="print")
        assert answers.first.is_visible()
        assert not page.locator(".md-header").is_visible()
        assert not page.locator(".md-footer").is_visible()


def test_a_chunk_leads_to_its_source_and_the_notebook_is_there(browser: Any) -> None:
    with reading(browser, f"zh/{PAGE}") as page:
        with page.expect_download() as download:
            page.click(".notebook a")
        text = Path(download.value.path()).read_text(encoding="utf-8")
        assert json.loads(text)["nbformat"] == 4
        name = f"{GATE.name.replace('/', '-')}.ipynb"
        assert download.value.suggested_filename == name
        title = page.locator(".filename a").last
        target = title.inner_text()
        title.click()
        page.wait_for_url("**/source/**#__codelineno-0-*")
        page.locator("h1", has_text=target).wait_for()
        assert page.locator(":target").bounding_box()["y"] < 900


COVERS = """all => all.filter(mark => {
  const code = mark.closest("code");
  const edge = code.getBoundingClientRect().left;
  const start = edge + parseFloat(getComputedStyle(code).paddingLeft);
  return mark.getBoundingClientRect().right > start;
}).map(mark => mark.parentElement.textContent)"""
"""The code with a mark that isn't before the lines, where no code runs under it."""


def test_notes_and_their_marks_are_in_sight(browser: Any) -> None:
    """Also where the code has to be scrolled; on a phone they lie on none of it."""
    with reading(browser, f"zh/{PAGE}") as page:
        page.add_style_tag(content=".box { content-visibility: visible !important }")
        marks = page.locator(".highlight .note")
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 800})
            places = marks.evaluate_all(
                "all => all.filter(e => !e.closest('details:not([open])'))"
                ".map(e => e.getBoundingClientRect()).map(r => [r.left, r.right])"
            )
            assert len(places) > 2
            assert all(0 <= left < right <= width for left, right in places)
        covers = marks.evaluate_all(COVERS)
        assert covers == []
        names = marks.evaluate_all("all => all.map(e => e.ariaLabel)")
        assert all(re.fullmatch(r"注释 \d", name) for name in names)
        assert page.locator("ol.notes li").count() == len(names)
        assert page.locator("ol.notes").first.is_visible()


@pytest.mark.parametrize(("edition", "wanted"), [("en", 70), ("zh", 40)])
def test_code_fits_and_lines_are_not_too_long(
    browser: Any, edition: str, wanted: int
) -> None:
    count = """all => all.map(e => {
      const lines = e.offsetHeight / parseFloat(getComputedStyle(e).lineHeight);
      return [Math.round(lines), e.innerText.length];
    })"""
    with reading(browser, f"{edition}/{PAGE}") as page:
        page.add_style_tag(content=".box { content-visibility: visible !important }")
        paragraphs = page.locator("article p:not(:has(.katex, code))")
        lengths = paragraphs.evaluate_all(count)
        wide = page.locator("pre > code").evaluate_all(
            "all => all.filter(e => e.scrollWidth > e.clientWidth).length"
        )
        aligned = page.locator(".katex-html:has(> .katex-tag)").evaluate_all(
            "all => all.map(e => getComputedStyle(e).alignItems)"
        )
    means = [letters / (n - 0.5) for n, letters in lengths if n > 2]
    assert abs(median(means) / wanted - 1) < 0.12
    assert wide == 0
    assert set(aligned) == {"baseline"}


def test_an_error_is_read_to_its_end(browser: Any) -> None:
    """However long it is, on a phone."""
    where = f"en/{address(BOOK.labels['rule-of-shapes'].page)}"
    with reading(browser, where, viewport={"width": 390, "height": 800}) as page:
        page.add_style_tag(content=".box { content-visibility: visible !important }")
        error = page.locator(".raises code")
        assert "size 2 is different from 3" in error.inner_text()
        assert error.evaluate("e => e.scrollWidth <= e.clientWidth")


# Addresses without a page


@pytest.mark.parametrize("script", [True, False])
def test_a_wrong_address_is_answered_in_its_language(
    browser: Any, script: bool
) -> None:
    zh, en = "没有这一页", "No such page"
    with reading(browser, None, java_script_enabled=script) as page:
        for where, shown in (
            ("zh/nothing/", {zh}),
            ("en/nothing/", {en}),
            ("zh-en/nothing/", {zh, en}),
            ("nothing/", {zh, en}),
        ):
            page.goto(HOME + where)
            words = page.locator("main").inner_text()
            wanted = shown if script else {zh, en}
            assert {text for text in (zh, en) if text in words} == wanted, where
        links = [a.get_attribute("href") for a in page.locator("main a").all()]
        assert links == ["/book/zh/", "/book/en/"]


# Graphs with steps

GRAPHS = BOOK.labels["computational-graphs"].page
SEEN = """steps => steps.map(step => getComputedStyle(step).visibility === "visible")"""


def test_a_graph_can_be_stepped_through_by_keyboard(browser: Any) -> None:
    watch = Watch()
    with reading(browser, None, bypass_csp=False) as page:
        watch.over(page)
        page.goto(f"{HOME}en/{address(GRAPHS)}", wait_until="networkidle")
        graph, control = (page.locator(kind).first for kind in (".stepping", ".steps"))
        steps, said = graph.locator(".step"), control.locator("[aria-live]")
        many = steps.count()
        assert graph.locator("svg").get_attribute("aria-label").startswith("A graph.")
        assert all(steps.evaluate_all(SEEN)), "at first the graph is finished"
        button = control.get_by_role("button", name="Next step")
        button.focus()
        for at in range(many):
            page.keyboard.press("ArrowRight")
            assert steps.evaluate_all(SEEN) == [i <= at for i in range(many)]
            words = steps.nth(at).locator("desc").text_content()
            assert said.text_content() == f"{at + 1}/{many} {words}"
        page.keyboard.press("Home")
        assert said.text_content().startswith("1/")
        page.keyboard.press("End")
        page.keyboard.press("ArrowLeft")
        assert said.text_content().startswith(f"{many - 1}/")
        button.click()
        assert all(steps.evaluate_all(SEEN))
        assert button.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
        assert serious(page) == []
    assert watch.errors == []
    assert watch.strangers == []


@pytest.mark.parametrize("edition", EDITIONS)
def test_without_scripts_a_graph_is_finished(browser: Any, edition: str) -> None:
    options = {"java_script_enabled": False}
    with reading(browser, f"{edition}/{address(GRAPHS)}", **options) as page:
        assert page.locator(".figure.stepped > img.day").first.is_visible()
        assert page.locator(".steps").count() == 0


def test_a_page_without_steps_loads_nothing_for_them(site: Path) -> None:
    for edition in EDITIONS:
        plain, stepped = (
            (site / edition / address(page) / "index.html").read_text(encoding="utf-8")
            for page in (GATE, GRAPHS)
        )
        assert "assets/steps" not in plain
        assert "assets/steps.js" in stepped


def test_the_themes_own_script_is_at_work(browser: Any) -> None:
    """It comes late: code can be copied, the contents follow, and a way leads back."""
    with reading(browser, f"en/{KINDS['exercises']}") as page:
        page.locator(".md-code__button").first.click()
        page.get_by_text("Copied to clipboard").wait_for()
        page.locator("article h2").nth(1).scroll_into_view_if_needed()
        page.locator(".md-sidebar--secondary .md-nav__link--active").first.wait_for()
        page.mouse.wheel(0, 4000)
        page.mouse.wheel(0, -500)
        page.locator(".md-top:not([hidden])").wait_for()


def test_what_is_far_away_is_not_laid_out(browser: Any) -> None:
    """A long page is light: its parts wait until they come near."""
    with reading(browser, f"en/{KINDS['exercises']}") as page:
        waits = "boxes => boxes.map(e => getComputedStyle(e).contentVisibility)"
        assert set(page.locator(".box").evaluate_all(waits)) == {"auto"}
