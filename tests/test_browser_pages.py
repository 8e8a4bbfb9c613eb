"""Each page in a browser: nothing complains, jumps, sticks out, shuts readers out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from browsing import (
    COLOURS,
    FRAME,
    LEFT_OUT,
    STOPPED,
    THROUGH,
    Watch,
    reading,
    serious,
)
from sites import HOME, KINDS, PAGES, load

STRANGER = "http://127.0.0.1:9/"
LATE = 0.1
PHONE = {"width": 360, "height": 740}
SHIFTS = """window.shifts = 0;
new PerformanceObserver(list => list.getEntries().forEach(entry => {
  if (!entry.hadRecentInput) window.shifts += entry.value;
})).observe({type: "layout-shift", buffered: true});"""
SHIFTED = f"""async () => {{
  {FRAME}
  for (let frames = 0; frames < 300 && !window.shifts; frames++) await frame();
  return window.shifts;
}}"""
ONCE = """() => {
  const seen = new Set();
  const kind = e => e && `${kind(e.parentElement)} ${e.tagName}.${e.classList}`;
  for (const e of [...document.querySelectorAll("body *")].reverse())
    if (!e.children.length) seen.has(kind(e)) ? e.remove() : seen.add(kind(e));
  return document.querySelectorAll("body *").length;
}"""
"""Leaves one element of each kind in each place: the others have its colours."""
OUTSIDE = """() => {
  document.querySelectorAll(".box").forEach(e => e.style.contentVisibility = "visible");
  const scrolls = e => e && (/auto|scroll/.test(getComputedStyle(e).overflowX)
    || scrolls(e.parentElement));
  const words = "article :is(p, li, td, th, h1, h2, h3, summary, figcaption)";
  const wide = [...document.querySelectorAll(words)]
    .filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !scrolls(e))
    .map(e => "sticks out: " + e.textContent.slice(0, 60));
  const stuck = [...document.querySelectorAll("article *")]
    .filter(e => e.scrollWidth > e.clientWidth + 13 && e.tabIndex < 0)
    .filter(e => /auto|scroll/.test(getComputedStyle(e).overflowX))
    .filter(e => e.checkVisibility())
    .filter(e => !e.querySelector("a[href], button, input, [tabindex='0']"))
    .map(e => "no key scrolls: " + e.textContent.slice(0, 60));
  wide.push(...stuck);
  const width = document.documentElement.scrollWidth;
  return width > innerWidth ? [...wide, `is ${width} pixels wide`] : wide;
}"""


@pytest.fixture(scope="module")
def phone(browser: Any) -> Iterator[Any]:
    """Give a context on a phone for all addresses."""
    with newcomer(browser) as page:
        yield page.context


@contextmanager
def newcomer(browser: Any) -> Iterator[Any]:
    """Open a window on a phone that has been on one page: it has what all share."""
    with reading(browser, None, viewport=PHONE, bypass_csp=False) as page:
        page.context.add_init_script(SHIFTS)
        page.goto(f"{HOME}zh-en/{KINDS['page']}", wait_until="networkidle")
        yield page


@pytest.fixture(scope="module")
def judged(site: Path) -> set[str]:
    """Give pages that have between them each kind of element that any page has."""
    seen, chosen = set[str](), set(KINDS.values())
    for where in [*KINDS.values(), *PAGES]:
        if where.endswith("/") or not where:
            kinds = elements(load(site, "zh-en", where).article)
            chosen |= {where} if kinds - seen else set()
            seen |= kinds
    return chosen


def elements(html: str) -> set[str]:
    """Give the kinds of elements: names, roles and classes, and what else they have.

    The pieces of formulas and of code have nothing but a class.
    """
    html = re.sub(
        r"<math.*?</math>|<span( class=\"[^\"]*\")?>|-\d+", "", html, flags=re.S
    )
    found = re.findall(r"<(\w[^\s>]*)([^>]*)>", html)
    told = r"(?:role|class)=\"[^\"]*\"|[\w-]+(?==)"
    return {" ".join([tag, *re.findall(told, rest)]) for tag, rest in found}


def test_kinds_of_elements_are_told_apart() -> None:
    tall, taller, other = '<p class="tall-1">', '<p class="tall-2">', '<p role="note">'
    assert elements(tall + "<span>") == elements(taller + "</p>") == {'p class="tall"'}
    assert elements(tall + other) - elements(tall) == {'p role="note"'}


def shifted(page: Any, where: str) -> float:
    """Go through one address, from its top to its end; give by how much it shifts."""
    page.goto(HOME + where)
    shifts: float = page.evaluate(THROUGH)
    return shifts


def complaints(page: Any, where: str, most: float, *, whole: bool) -> list[str]:
    """Look at one address, from its top to its end; give what is wrong.

    Its parts may shift by `most`; by `LATE` if they don't for the next newcomer, since
    something came late on a busy machine. If it is judged as a `whole`, axe-core does.
    """
    watch = Watch()
    watch.over(page)
    shifts = shifted(page, where)
    if most < shifts < LATE:
        with newcomer(page.context.browser) as other:
            shifts = shifted(other, where)
    found = [] if shifts <= most else [f"shifts by {shifts:.3f}"]
    found += page.evaluate(OUTSIDE)
    if whole:
        found += serious(page, rules=LEFT_OUT)
    watch.leave(page)
    return [*watch.errors, *(f"asks {who}" for who in watch.strangers), *found]


def seen(context: Any, where: str, most: float, *, whole: bool) -> list[str]:
    """Look at one address in a window of a context, in a new one if that stopped."""
    look = partial(complaints, where=where, most=most, whole=whole)
    try:
        return look(context.pages[-1])
    except Exception as error:
        if STOPPED not in str(error):
            raise
        return look(context.new_page())


def test_a_window_that_draws_no_more_is_left_for_a_new_one(browser: Any) -> None:
    with reading(browser, None, viewport=PHONE, bypass_csp=False) as page:
        page.context.add_init_script(SHIFTS)
        page.add_init_script(
            "window.requestAnimationFrame = () => 0;"
            "window.setTimeout = (then, after, ...more) => then(...more);"
        )
        assert seen(page.context, "404.html", LATE, whole=False) == []
        assert page.context.pages[0] is page and len(page.context.pages) == 2


def test_a_small_shift_counts_if_the_next_newcomer_sees_it_too(
    browser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, shifts = [], iter([0.05, 0.04, 0.05, 0.0])

    def shift(page: Any, where: str) -> float:
        page.goto(HOME + where)
        asked.append(page.context)
        return next(shifts)

    monkeypatch.setitem(globals(), "shifted", shift)
    with newcomer(browser) as page:
        looks = [complaints(page, "404.html", 0.02, whole=False) for _ in range(2)]
    assert looks == [["shifts by 0.040"], []]
    assert len(set(asked)) == 3


@pytest.mark.parametrize("where", PAGES)
def test_nothing_is_wrong_with_a_page(phone: Any, judged: set[str], where: str) -> None:
    """In the edition that has the words of both languages.

    That a page's own words and pictures shut no one out is seen by html-validate.
    """
    found = seen(phone, f"zh-en/{where}", 0.02, whole=where in judged)
    assert found == []


@pytest.mark.parametrize(("edition", "kind"), [("zh", "page"), ("en", "lab")])
def test_nothing_is_wrong_on_a_first_visit_to_another_edition(
    browser: Any, edition: str, kind: str
) -> None:
    """The fonts may come after the words here, on a busy machine long after them."""
    with reading(browser, None, viewport=PHONE, bypass_csp=False) as page:
        page.add_init_script(SHIFTS)
        assert complaints(page, f"{edition}/{KINDS[kind]}", LATE, whole=True) == []


@pytest.mark.parametrize("kind", KINDS)
def test_colours_can_be_told_apart(browser: Any, kind: str) -> None:
    with reading(browser, f"en/{KINDS[kind]}", color_scheme="light") as page:
        page.evaluate(ONCE)
        body = page.locator("body")
        assert body.get_attribute("data-md-color-scheme") == "default"
        assert serious(page, runOnly=COLOURS) == []
        page.click("[data-scheme]:visible")
        assert body.get_attribute("data-md-color-scheme") == "slate"
        assert serious(page, runOnly=COLOURS) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_above_the_editions_shut_no_one_out(browser: Any, scheme: str) -> None:
    with reading(browser, "nowhere/", color_scheme=scheme) as page:
        assert serious(page) == []
        # The root leads away at once, so its choice is laid out by hand here.
        text = page.evaluate(f"fetch('{HOME}').then(answer => answer.text())")
        page.set_content(re.sub(r"<script.*?</script>", "", text))
        assert serious(page) == []


def test_open_search_shuts_no_one_out(browser: Any) -> None:
    with reading(browser, "zh/") as page:
        page.click(".md-search__input")
        page.keyboard.type("感知机")
        page.locator(".md-search-result__link").first.wait_for()
        assert serious(page) == []


def test_what_is_wrong_is_noticed(browser: Any) -> None:
    with reading(browser, "zh/", viewport=PHONE) as page:
        watch = Watch()
        watch.over(page)
        with page.expect_console_message(lambda message: message.text == "heard"):
            page.evaluate(f"fetch('{STRANGER}').catch(() => console.error('heard'))")
        page.evaluate("document.querySelector('article').innerHTML += '<img src>'")
        page.evaluate(ONCE)
        page.add_style_tag(content="p { color: #999 !important }")
        assert serious(page, runOnly=["image-alt"]) != []
        assert serious(page, runOnly=COLOURS) != []
        page.add_style_tag(content="p { width: 500px }")
        assert any("sticks out" in said for said in page.evaluate(OUTSIDE))
        page.evaluate(
            "document.querySelector('article').innerHTML = "
            '\'<div style="overflow: auto"><pre style="width: 900px">1</pre></div>\''
        )
        assert ["no key" in said for said in page.evaluate(OUTSIDE)] == [True]
    assert watch.strangers == [STRANGER]
    assert any("heard" in error for error in watch.errors)
    with reading(browser, None, viewport=PHONE, bypass_csp=False) as page:
        page.add_init_script(SHIFTS)
        page.goto(f"{HOME}zh/")
        page.evaluate("document.querySelector('article').style.marginTop = '200px'")
        assert page.evaluate(SHIFTED) > 0.02
