"""The search in a browser: what readers find, and how they get there."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from browsing import THROUGH, Watch, reading, serious
from sites import BOOK, HOME, ROOT

from fishbook.loom.blocks import Heading
from fishbook.loom.book import Label
from fishbook.loom.edition import EDITIONS, WORDS, choose
from fishbook.loom.inline import plain_text
from fishbook.loom.markdown import address
from fishbook.loom.site.search import records

SETS = tomllib.loads((ROOT / "tests" / "searches.toml").read_text(encoding="utf-8"))
LEAST = {45: 40, 20: 18, 15: 13}
"""How many of so many queries have to be answered."""
FIELD = ".md-search__input"
LINK = ".md-search-result__link"
SAID = ".md-search-result__meta"
TYPED = """async queries => {
  const field = document.querySelector(".md-search__input");
  const said = document.querySelector(".md-search-result__meta");
  const list = document.querySelector(".md-search-result__list");
  const found = [];
  list.style.display = "none";
  field.focus();
  for (const query of queries) {
    list.replaceChildren();
    said.textContent = "";
    field.value = query;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    while (!said.textContent) await new Promise(go => setTimeout(go));
    found.push([...list.querySelectorAll("a")].slice(0, 3).map(link => link.href));
  }
  list.style.display = "";
  return found;
}"""
"""Types queries, gives the first three links for each; only the last are laid out."""


def place(label: Label) -> str:
    """Give the address of a label below an edition."""
    anchor = "" if label.name == label.page.anchor else f"#{label.name}"
    return address(label.page) + anchor


def typed(page: Any, queries: list[str]) -> list[list[str]]:
    """Type queries; give for each the places below the edition that come first."""
    found = [map(urlsplit, links) for links in page.evaluate(TYPED, queries)]
    edition = urlsplit(page.url).path.split("/")[2]
    return [
        [
            url.path.partition(f"/{edition}/")[2]
            + (f"#{url.fragment}" if url.fragment else "")
            for url in links
        ]
        for links in found
    ]


def numbered() -> dict[str, list[Label]]:
    """Give the labels that have numbers by what they are."""
    kinds: dict[str, list[Label]] = {}
    for label in BOOK.labels.values():
        kind = type(label.block).__name__.lower()
        if isinstance(label.block, Heading):
            exercise = label.page.has_exercises and label.block.level == 3
            kind = "exercise" if exercise else "section"
        if label.number:
            kinds.setdefault(kind, []).append(label)
    return kinds


@pytest.fixture(scope="module")
def opened(browser: Any) -> Iterator[Callable[[str], Any]]:
    """Give what gives an open page of an edition; each loads its index once."""
    with ExitStack() as stack:
        yield cache(lambda e: stack.enter_context(reading(browser, f"{e}/")))


@pytest.fixture
def view(opened: Callable[[str], Any]) -> Any:
    """Give an open page of the edition that has both languages."""
    return opened("zh-en")


# What is found


@pytest.mark.parametrize("edition", EDITIONS)
def test_readers_find_the_section(opened: Callable[[str], Any], edition: str) -> None:
    """In both languages where the edition has both."""
    for name, queries in SETS.items():
        if name.rpartition("-")[2] not in edition.split("-"):
            continue
        found = typed(opened(edition), list(queries))
        missed = [
            (query, links)
            for (query, wanted), links in zip(queries.items(), found, strict=True)
            if not {place(BOOK.labels[label]) for label in wanted} & set(links)
        ]
        assert len(queries) - len(missed) >= LEAST[len(queries)], (name, missed)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_heading_finds_its_section_first(view: Any, language: str) -> None:
    """Of headings that are alike, any."""
    alike: dict[str, set[str]] = {}
    for label in BOOK.labels.values():
        if isinstance(label.block, Heading):
            title = plain_text(choose(language, label.block.title))
            alike.setdefault(title, set()).add(place(label))
    found = zip(alike.items(), typed(view, list(alike)), strict=True)
    assert [
        (title, links)
        for (title, places), links in found
        if not links or links[0] not in places
    ] == []


@pytest.mark.parametrize("edition", EDITIONS)
def test_a_word_finds_where_it_is_explained(
    opened: Callable[[str], Any], edition: str
) -> None:
    """Or a section that is called so; names of code aside."""
    places: dict[str, set[str]] = {}
    words = set()
    for page in BOOK.pages:
        for record in records(BOOK, page, edition):
            here = place(BOOK.labels[record["anchor"] or page.anchor])
            terms = {term for term in record["terms"].split(" · ") if term}
            words |= {term.lower() for term in terms - {*record["code"].split()}}
            titles = {*record["title"].split(" | "), record.get("other", "")}
            for word in terms | titles:
                places.setdefault(word.lower(), set()).add(here)
    found = zip(sorted(words), typed(opened(edition), sorted(words)), strict=True)
    assert [(word, links) for word, links in found if not places[word] & {*links}] == []


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        ("section", "{}"),
        ("section", "section {}"),
        ("section", "第 {} 节"),
        ("exercise", "exercise {}"),
        ("exercise", "练习 {}"),
        ("exercise", "ex{}"),
        ("exercise", "习题{-}"),
        ("formula", "({})"),
        ("formula", "formula {}"),
        ("formula", "公式{-}"),
        ("figure", "图 {}"),
        ("figure", "图{-}"),
        ("figure", "fig.{}"),
    ],
)
def test_a_number_finds_its_place_first(view: Any, kind: str, form: str) -> None:
    """Of a section, an exercise and a figure of one number, that which is asked for."""
    labels = numbered()[kind]
    forms = form.replace("{-}", "{0}")
    queries = [
        forms.format(one.number.replace(".", "-" if "{-}" in form else "."))
        for one in labels
    ]
    first = [links[:1] for links in typed(view, queries)]
    assert first == [[place(label)] for label in labels]


def test_an_exercise_is_shown_with_its_word(view: Any) -> None:
    typed(view, ["exercise 4.5"])
    title = view.locator(f"{LINK} >> nth=0").locator("h2").inner_text()
    assert title.startswith("练习 4.5 ")


@pytest.mark.parametrize(
    "query", ["偏置", "转置", "线性可分", "与门", "normalize", "tanh"]
)
def test_whole_words_are_marked(view: Any, query: str) -> None:
    typed(view, [query])
    marks = view.locator(f"{LINK} >> nth=0").locator("mark").all_inner_texts()
    word = "(?i)(normaliz|.*tanh)" if query.isascii() else query
    assert marks
    assert [mark for mark in marks if not re.match(word, mark)] == []
    assert query.isascii() or set(marks) == {query}


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("sofmax", "identity-and-softmax"),
        ("sigmod", "sigmoid"),
        ("gradiant", "gradient"),
        ("梯队下降", "gradient-descent"),
        ("双曲正玄", "tanh-from-sigmoid"),
        ("adma", "adam"),
        ("fliter", "convolution"),
        ("卷机", "convolution-layer"),
        ("卷机层", "convolution-layer"),
        ("池话层", "pooling"),
    ],
)
def test_a_slip_finds_what_was_meant(
    opened: Callable[[str], Any], slip: str, meant: str
) -> None:
    page = opened("en" if slip.isascii() else "zh")
    assert place(BOOK.labels[meant]) in typed(page, [slip])[0]


@pytest.mark.parametrize(
    ("form", "meant"),
    [
        ("convolutional layer", "convolution-layer"),
        ("convolutional layers", "convolution-layer"),
        ("back propagation", "backpropagation"),
        ("drop out", "dropout"),
        ("maxpool", "max-pooling-layer"),
        ("learning rate decay", "schedules"),
        ("regularization", "weight-decay"),
        ("正则化", "weight-decay"),
        ("L2", "weight-decay"),
        ("receptive field", "sliding-window"),
        ("感受野", "sliding-window"),
        ("批归一化", "batch-normalization"),
        ("调参", "hyperparameters"),
    ],
)
def test_another_form_finds_what_is_meant(
    opened: Callable[[str], Any], form: str, meant: str
) -> None:
    page = opened("en" if form.isascii() else "zh")
    assert place(BOOK.labels[meant]) in typed(page, [form])[0]


def test_a_form_finds_no_other_word(opened: Callable[[str], Any]) -> None:
    """Where endings are left away, `norm` is not `normal`."""
    page = opened("en")
    assert (
        page.evaluate(
            """async () => {
          const { stem } = await import(new URL("assets/words.js", location));
          const pairs = [["norm", "normal"], ["form", "formal"], ["ratio", "rational"]];
          return pairs.filter(([one, other]) => stem(one) === stem(other));
        }"""
        )
        == []
    )


@pytest.mark.parametrize(
    ("english", "meant"),
    [
        ("learning rate", {"lab-learning-rates", "learning-rule"}),
        ("weight decay", {"weight-decay", "overfitting"}),
        ("dropout", {"dropout"}),
        ("pooling", {"pooling"}),
        ("padding", {"padding"}),
        ("stride", {"stride"}),
        ("momentum", {"momentum"}),
        ("learning rate decay", {"schedules"}),
        ("back propagation", {"backpropagation"}),
    ],
)
def test_english_finds_the_chinese_page(
    opened: Callable[[str], Any], english: str, meant: set[str]
) -> None:
    places = {place(BOOK.labels[label]) for label in meant}
    assert places <= set(typed(opened("zh"), [english])[0])


def test_the_other_language_is_not_shown(opened: Callable[[str], Any]) -> None:
    page = opened("zh")
    typed(page, ["dropout"])
    title = page.locator(f"{LINK} >> nth=0").locator("h2").inner_text()
    assert title == "5.7 暂退法"


def test_formulas_are_readable_in_what_is_shown(view: Any) -> None:
    typed(view, ["η"])
    said = view.locator(".md-search-result__list").inner_text()
    assert "η" in said
    assert not re.search(r"\\[a-z]+|[{}$]", said)


@pytest.mark.parametrize("query", [".*+?(", "[", "\\", "<img src=x onerror=alert(1)>"])
def test_signs_are_no_pattern_and_no_html(view: Any, query: str) -> None:
    with_errors = Watch()
    with_errors.over(view)
    typed(view, [query, "perceptron"])
    assert view.locator(f"{LINK} img").count() == 0
    with_errors.leave(view)
    assert with_errors.errors == []


# How readers get there


def test_the_index_comes_with_the_first_use_from_here_alone(browser: Any) -> None:
    """Under the page's own policy."""
    late = ("find.js", "words.js", "slips.js", "minisearch.js", "search.json")
    watch = Watch()
    with reading(browser, None, bypass_csp=False) as page:
        watch.over(page)
        page.goto(f"{HOME}en/", wait_until="networkidle")
        page.evaluate("new Promise(go => requestIdleCallback(() => go()))")
        assert not [url for url in watch.asked if url.endswith(late)]
        page.click(FIELD)
        page.keyboard.type("perceptron")
        page.locator(LINK).first.wait_for()
        asked = {url.rpartition("/")[2] for url in watch.asked}
        assert asked >= set(late)
    assert watch.strangers == []
    assert watch.errors == []


def test_the_keyboard_leads_to_a_section_and_back(browser: Any) -> None:
    focused = "e => e === document.activeElement"
    with reading(browser, f"en/{address(BOOK.labels['sigmoid'].page)}") as page:
        page.locator(".notebook a").focus()
        page.keyboard.press("/")
        page.wait_for_function("document.activeElement.matches('.md-search__input')")
        page.keyboard.type("saddle")
        links = page.locator(LINK)
        links.first.wait_for()
        assert re.match(r"\d+ ", page.locator(SAID).inner_text())
        page.keyboard.press("ArrowDown")
        assert links.first.evaluate(focused)
        page.keyboard.press("ArrowUp")
        assert page.locator(FIELD).evaluate(focused)
        page.keyboard.press("Escape")
        assert page.locator(".notebook a").evaluate(focused)
        page.keyboard.press("/")
        goal = links.first.get_attribute("href")
        page.keyboard.press("Enter")
        page.wait_for_url(goal)
        page.wait_for_function("CSS.highlights.get('found')?.size > 0")
        assert not page.locator("#__search").is_checked()


def test_tab_leads_on_past_results_out_of_sight(browser: Any) -> None:
    with reading(browser, "en/") as page:
        page.click(FIELD)
        page.keyboard.type("saddle")
        page.locator(LINK).first.wait_for()
        page.keyboard.press("Tab")
        assert page.evaluate("!document.activeElement.closest('.md-search')")
        page.keyboard.press("Shift+Tab")
        assert page.locator(FIELD).evaluate("e => e === document.activeElement")


def test_a_search_may_be_in_the_address(browser: Any) -> None:
    with reading(browser, "en/?q=perceptron") as page:
        page.locator(LINK).first.wait_for()
        assert page.locator(SAID).get_attribute("role") == "status"


def test_a_phone_shows_the_search_alone_and_gives_it_back(browser: Any) -> None:
    phone = {"width": 390, "height": 844}
    with reading(browser, "zh/", viewport=phone, color_scheme="dark") as page:
        page.evaluate(THROUGH)
        page.click(".md-header__button[for=__search]")
        page.wait_for_function("document.activeElement.matches('.md-search__input')")
        page.keyboard.insert_text("感知机")
        page.locator(LINK).first.wait_for()
        assert serious(page) == []
        box = page.locator(".md-search__inner").bounding_box()
        assert (box["x"], box["width"]) == (0, 390)
        page.click(".md-search__form label[for=__search]")
        page.locator(LINK).first.wait_for(state="hidden")


def test_an_index_that_cant_be_read_is_said_and_asked_for_again(browser: Any) -> None:
    with reading(browser, "en/") as page:
        page.route("**/search.json", lambda route: route.abort())
        page.click(FIELD)
        page.keyboard.type("saddl")
        failed = WORDS["search_failed"][1]
        page.wait_for_function(
            f"document.querySelector('{SAID}').textContent === {failed!r}"
        )
        page.unroute("**/search.json")
        page.keyboard.type("e")
        page.locator(LINK).first.wait_for()


def test_a_page_opened_as_a_file_says_why_it_cant_search(
    browser: Any, site: Path
) -> None:
    with reading(browser, None) as page:
        page.goto((site / "en" / "index.html").as_uri())
        page.click(FIELD)
        page.keyboard.type("saddle")
        said = WORDS["search_file"][1]
        page.wait_for_function(
            f"document.querySelector('{SAID}').textContent === {said!r}"
        )
        assert "python -m http.server" in said


def test_without_scripts_there_is_no_field(browser: Any) -> None:
    phone = {"width": 390, "height": 844}
    with reading(browser, "en/", java_script_enabled=False, viewport=phone) as page:
        assert page.locator(FIELD).count() == 1
        assert not page.locator(FIELD).is_visible()
        assert page.locator("[for=__search]:visible").count() == 0
