"""Each page in a browser: nothing complains, jumps, sticks out, shuts readers out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from browsing import COLOURS, LEFT_OUT, SETTLED, THROUGH, Watch, reading, serious
from sites import HOME, KINDS, PAGES

STRANGER = "http://127.0.0.1:9/"
PHONE = {"width": 360, "height": 740}
SHIFTS = """window.shifts = 0;
new PerformanceObserver(list => list.getEntries().forEach(entry => {
  if (!entry.hadRecentInput) window.shifts += entry.value;
})).observe({type: "layout-shift", buffered: true});"""
LIGHTER = """() => {
  const drawn = [...document.querySelectorAll(".katex-html")];
  const widths = drawn.map(e => e.getBoundingClientRect().width);
  drawn.forEach((e, i) => {
    e.replaceChildren();
    e.style.cssText = `display: inline-block; width: ${widths[i]}px; height: 1em`;
  });
  const inner = document.querySelectorAll(".katex-mathml > *");
  inner.forEach(e => e.remove());
}"""
"""Leaves out what readers of a screen don't hear, two thirds of all elements."""
ALONE = """() => document
  .querySelectorAll(".md-header, .md-sidebar--primary, .md-footer")
  .forEach(e => e.remove())"""
"""Leaves out what all pages have in common."""
STYLED = {"avoid-inline-spacing": {"enabled": False}}
"""Takes long too, and on any page html-validate finds the styles that it is about."""
OUTSIDE = """() => {
  document.querySelectorAll(".box").forEach(e => e.style.contentVisibility = "visible");
  const scrolls = e => e && (/auto|scroll/.test(getComputedStyle(e).overflowX)
    || scrolls(e.parentElement));
  const words = "article :is(p, li, td, th, h1, h2, h3, summary, figcaption)";
  const wide = [...document.querySelectorAll(words)]
    .filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !scrolls(e))
    .map(e => "sticks out: " + e.textContent.slice(0, 60));
  const width = document.documentElement.scrollWidth;
  return width > innerWidth ? [...wide, `is ${width} pixels wide`] : wide;
}"""


@pytest.fixture(scope="module")
def phone(browser: Any) -> Iterator[Any]:
    """Give one page on a phone for all addresses: what they share is read once."""
    with reading(browser, None, viewport=PHONE, bypass_csp=False) as page:
        page.add_init_script(SHIFTS)
        page.goto(f"{HOME}zh-en/{KINDS['page']}", wait_until="networkidle")
        yield page


def complaints(page: Any, where: str, most: float) -> list[str]:
    """Look at one address, from its top to its end; give what is wrong.

    Its parts may shift by `most`.
    """
    watch = Watch()
    watch.over(page)
    page.goto(HOME + where)
    shifts = page.evaluate(THROUGH)
    found = [] if shifts <= most else [f"shifts by {shifts:.3f}"]
    found += page.evaluate(OUTSIDE)
    page.evaluate(LIGHTER)
    if where.partition("/")[2] in KINDS.values():
        found += serious(page, rules=LEFT_OUT)
    else:
        page.evaluate(ALONE)
        found += serious(page, "body", rules=LEFT_OUT | STYLED)
    watch.leave(page)
    return [*watch.errors, *(f"asks {who}" for who in watch.strangers), *found]


@pytest.mark.parametrize("where", PAGES)
def test_nothing_is_wrong_with_a_page(phone: Any, where: str) -> None:
    """In the edition that has the words of both languages."""
    assert complaints(phone, f"zh-en/{where}", 0.02) == []


@pytest.mark.parametrize(("edition", "kind"), [("zh", "page"), ("en", "lab")])
def test_nothing_is_wrong_on_a_first_visit_to_another_edition(
    browser: Any, edition: str, kind: str
) -> None:
    """The fonts may come after the words here, on a busy machine long after them."""
    with reading(browser, None, viewport=PHONE, bypass_csp=False) as page:
        page.add_init_script(SHIFTS)
        assert complaints(page, f"{edition}/{KINDS[kind]}", 0.1) == []


@pytest.mark.parametrize("kind", KINDS)
def test_colours_can_be_told_apart(browser: Any, kind: str) -> None:
    with reading(browser, f"en/{KINDS[kind]}", color_scheme="light") as page:
        page.evaluate(LIGHTER)
        body = page.locator("body")
        assert body.get_attribute("data-md-color-scheme") == "default"
        assert serious(page, runOnly=COLOURS) == []
        page.click("[data-scheme]:visible")
        page.evaluate(SETTLED)
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
        page.evaluate(SETTLED)
        assert serious(page) == []


def test_what_is_wrong_is_noticed(browser: Any) -> None:
    with reading(browser, "zh/", viewport=PHONE) as page:
        watch = Watch()
        watch.over(page)
        with page.expect_console_message(lambda message: message.text == "heard"):
            page.evaluate(f"fetch('{STRANGER}').catch(() => console.error('heard'))")
        page.evaluate("document.querySelector('article').innerHTML += '<img src>'")
        page.add_style_tag(content="p { color: #999 !important }")
        assert serious(page, runOnly=["image-alt"]) != []
        assert serious(page, runOnly=COLOURS) != []
        page.add_style_tag(content="p { width: 500px }")
        assert page.evaluate(OUTSIDE) != []
    assert watch.strangers == [STRANGER]
    assert any("heard" in error for error in watch.errors)
    with reading(browser, None, viewport=PHONE, bypass_csp=False) as page:
        page.add_init_script(SHIFTS)
        page.goto(f"{HOME}zh/")
        page.evaluate("document.querySelector('article').style.marginTop = '200px'")
        page.wait_for_function("window.shifts > 0.02")
