"""The page where readers draw: the board, for mouse, finger, keyboard and ear."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsing import COLOURS, FRAME, RULES, Watch, reading, serious
from sites import BOOK, HOME

from fishbook.loom.edition import EDITIONS
from fishbook.loom.markdown import address
from fishbook.loom.site.draw.weights import NETWORKS

PAGE = address(BOOK.labels["draw-a-digit"].page)
PLAIN = address(BOOK.pages[1])
SEVEN = [[(0.3, 0.25), (0.7, 0.25), (0.46, 0.8)]]
FOUND = "document.querySelector('draw-digit').found"
INK = ".draw-board, .draw-pictures div:first-child canvas"
PLACES = [
    ["top left", "at the top", "top right"],
    ["on the left", "in the middle", "on the right"],
    ["bottom left", "at the bottom", "bottom right"],
]
every_edition = pytest.mark.parametrize("edition", EDITIONS)


@pytest.fixture
def view(browser: Any) -> Iterator[Any]:
    """Open the page in English, afresh."""
    watch = Watch()
    with reading(browser, f"en/{PAGE}", watch) as view:
        view.locator("draw-digit canvas").first.wait_for()
        yield view
    assert watch.errors == []
    assert watch.strangers == []


def draw(view: Any, strokes: Any = SEVEN) -> None:
    """Draw with the mouse; places are parts of the board's side."""
    board = view.locator(".draw-board")
    board.scroll_into_view_if_needed()
    box = board.bounding_box()
    for stroke in strokes:
        first, *rest = [
            (box["x"] + x * box["width"], box["y"] + y * box["height"])
            for x, y in stroke
        ]
        view.mouse.move(*first)
        view.mouse.down()
        for point in rest:
            view.mouse.move(*point, steps=5)
        view.mouse.up()


def press(view: Any, name: str) -> None:
    """Click one of the board's buttons."""
    board = view.locator("draw-digit")
    board.get_by_role("button", name=name, exact=True).click()


def choose(view: Any, number: int) -> None:
    """Choose the network: 0 is the one of chapter 2, 1 the convolutional one."""
    view.locator("draw-digit .choices button").nth(number).click()


def says(view: Any, words: str, part: str = ".draw-answer") -> None:
    """Wait until a part of the page holds some words."""
    script = (
        "([part, words]) => document.querySelector(part)?.innerText.includes(words)"
    )
    view.wait_for_function(script, arg=[part, words])


def numbers(view: Any) -> list[str]:
    """Give the bars' values as text."""
    texts: list[str] = view.locator(".draw-number").all_inner_texts()
    return texts


def test_a_drawing_is_answered_shown_and_announced(view: Any) -> None:
    assert view.locator(".draw-answer").inner_text() == "Draw a digit from 0 to 9"
    assert numbers(view) == ["–"] * 10
    draw(view)
    says(view, "Most likely a 7")
    says(view, "Most likely a 7", ".draw-status")
    best = view.locator(".draw-best")
    assert best.locator("th").inner_text() == "7"
    assert best.locator("td").last.inner_text() == numbers(view)[7]
    width = best.locator(".draw-bar").evaluate("e => parseFloat(e.style.width)")
    assert width > 50
    ink = """canvas => canvas.getContext("2d").getImageData(0, 0, 28, 28).data
      .filter((_, i) => i % 4 == 3)"""
    shown = view.locator(".draw-pictures canvas").first.evaluate(
        f"c => [...({ink})(c)]"
    )
    image = view.evaluate("[...document.querySelector('draw-digit').image]")
    assert abs(np.array(shown) / 255 - image).max() < 0.01


def test_undo_and_clear(view: Any) -> None:
    draw(view)
    says(view, "a 7")
    before = numbers(view)
    draw(view, [[(0.2, 0.9), (0.9, 0.9)]])
    press(view, "Undo")
    view.wait_for_function(
        "([n]) => document.querySelectorAll('.draw-number')[7].innerText === n",
        arg=[before[7]],
    )
    assert numbers(view) == before
    press(view, "Clear")
    says(view, "Draw a digit")
    says(view, "The board is empty", ".draw-status")
    assert numbers(view) == ["–"] * 10
    press(view, "Undo")
    says(view, "a 7")
    for _ in range(3):
        press(view, "Undo")
    says(view, "Draw a digit")


def test_samples_can_be_chosen_and_stay_as_they_are(view: Any) -> None:
    before = view.evaluate("JSON.stringify(fishbookInk.samples)")
    for digit in range(10):
        press(view, str(digit))
        says(view, f"Most likely {'an' if digit == 8 else 'a'} {digit}")
    press(view, "1")
    draw(view)
    assert view.evaluate("JSON.stringify(fishbookInk.samples)") == before


def test_the_keyboard_draws(view: Any) -> None:
    view.locator(".draw-board").focus()
    view.keyboard.press("ArrowUp")
    view.keyboard.press("Space")
    says(view, "Pen down", ".draw-status")
    for _ in range(15):
        view.keyboard.press("ArrowDown")
    view.keyboard.press("Space")
    says(view, "Pen up", ".draw-status")
    says(view, "Most likely a 1")
    says(view, "Most likely a 1", ".draw-status")
    for _ in range(5):
        view.keyboard.press("ArrowLeft")
    view.keyboard.press("Enter")
    for _ in range(10):
        view.keyboard.press("ArrowRight")
    view.keyboard.press("Enter")
    assert view.evaluate("document.querySelector('draw-digit').strokes.length") == 2
    view.keyboard.press("Backspace")
    assert view.evaluate("document.querySelector('draw-digit').strokes.length") == 1
    view.keyboard.press("Escape")
    says(view, "Draw a digit")


def test_the_keyboard_can_leave(view: Any) -> None:
    board = view.locator(".draw-board")
    board.focus()
    view.keyboard.press("Space")
    view.keyboard.press("Tab")
    assert view.evaluate("document.activeElement.innerText") == "Undo"
    assert not view.evaluate("document.querySelector('draw-digit').down")
    board.focus()
    view.keyboard.press("Shift+Tab")
    assert view.evaluate("document.activeElement !== document.querySelector('canvas')")


def test_a_finger_draws_and_does_not_scroll(browser: Any) -> None:
    size = {"width": 390, "height": 740}
    options = {"viewport": size, "has_touch": True, "is_mobile": True}
    options["device_scale_factor"] = 3
    with reading(browser, f"zh/{PAGE}", **options) as view:
        board = view.locator(".draw-board")
        board.scroll_into_view_if_needed()
        assert board.evaluate("e => getComputedStyle(e).touchAction") == "none"
        assert view.evaluate("getComputedStyle(document.body).touchAction") == "auto"
        box, top = board.bounding_box(), view.evaluate("scrollY")
        touch = view.context.new_cdp_session(view)
        path = [(0.5, 0.2 + 0.06 * i) for i in range(11)]
        for i, (x, y) in enumerate(path):
            point = {
                "x": box["x"] + x * box["width"],
                "y": box["y"] + y * box["height"],
            }
            kind = "touchMove" if i else "touchStart"
            message = {"type": kind, "touchPoints": [point]}
            touch.send("Input.dispatchTouchEvent", message)
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        says(view, "最可能是 1")
        assert view.evaluate("scrollY") == top
        sharp = "e => [e.width, Math.round(e.clientWidth * devicePixelRatio)]"
        assert len(set(board.evaluate(sharp))) == 1


@every_edition
def test_buttons_are_as_large_as_a_finger(browser: Any, edition: str) -> None:
    with reading(browser, f"{edition}/{PAGE}") as view:
        for width in (320, 360, 390):
            view.set_viewport_size({"width": width, "height": 740})
            boxes = [b.bounding_box() for b in view.locator("draw-digit button").all()]
            assert len(boxes) == 14
            assert min(min(b["width"], b["height"]) for b in boxes) >= 44
            assert view.evaluate("document.documentElement.scrollWidth") <= width


@every_edition
def test_the_board_speaks_the_editions_languages_and_shuts_no_one_out(
    browser: Any, edition: str
) -> None:
    with reading(browser, f"{edition}/{PAGE}", color_scheme="light") as view:
        draw(view)
        choose(view, 1)
        says(view, "7", ".draw-status")
        words = view.locator("draw-digit").inner_text()
        names = " ".join(
            view.locator("draw-digit [aria-label]").evaluate_all(
                "all => all.map(e => e.getAttribute('aria-label'))"
            )
        )
        english = view.locator("draw-digit [lang=en]").count()
        assert serious(view, rules=RULES[edition]) == []
        if edition == "zh-en":
            view.click("[data-scheme]:visible")
            assert serious(view, runOnly=COLOURS) == []
    for text, zh, en in [
        (words, "最可能是 7", "Most likely a 7"),
        (words, "特征图", "feature maps"),
        (names, "画板", "Board"),
        (names, "响应最强", "answers most"),
    ]:
        assert (zh in text) == ("zh" in edition)
        assert (en in text) == ("en" in edition)
    assert bool(english) == ("en" in edition)


def test_the_ink_takes_the_schemes_colour(browser: Any) -> None:
    brightest = """([...all]) => all.map(c => Math.max(...c.getContext("2d")
      .getImageData(0, 0, c.width, c.height).data.filter((_, i) => i % 4 == 0)))"""
    with reading(browser, f"zh/{PAGE}", color_scheme="light") as view:
        draw(view)
        says(view, "7")
        canvases = view.locator(INK)
        assert max(canvases.evaluate_all(brightest)) < 100
        view.click("[data-scheme]:visible")
        view.wait_for_function(
            f"Math.min(...({brightest})(document.querySelectorAll('{INK}'))) > 180"
        )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_ink_for_and_against_the_answer_has_two_colours(
    browser: Any, scheme: str
) -> None:
    """Each pixel is as orange or as blue as its ink speaks for or against."""
    script = "c => [...c.getContext('2d').getImageData(0, 0, 28, 28).data]"
    with reading(browser, f"en/{PAGE}", color_scheme=scheme) as view:
        effects = view.locator(".draw-pictures canvas").last
        assert not any(effects.evaluate(script))
        press(view, "3")
        says(view, "Most likely a 3")
        shown = np.array(effects.evaluate(script)).reshape(784, 4)
        why = np.array(view.evaluate(f"[...{FOUND}.why]"))
        red, blue, alpha = shown[:, 0], shown[:, 2], shown[:, 3]
        clear = alpha > 60
        assert 50 < clear.sum() < 300
        np.testing.assert_array_equal((red > blue)[clear], (why > 0)[clear])
        assert 0.1 < (why > 0)[clear].mean() < 0.9
        want = 255 * (abs(why) / abs(why).max()) ** 0.4
        np.testing.assert_allclose(alpha, want, rtol=0, atol=1.5)
        press(view, "Clear")
        says(view, "Draw a digit")
        assert not any(effects.evaluate(script))


def test_the_reasons_are_told_to_those_who_cannot_see_them(view: Any) -> None:
    effects = view.locator(".draw-pictures canvas").last
    key = "Orange ink speaks for the answer, blue ink against it"
    assert effects.get_attribute("aria-label") == key
    assert view.locator(".draw-pictures p").last.inner_text() == key
    thirds = np.arange(28) * 3 // 28
    for digit in (3, 7, 8):
        press(view, str(digit))
        says(view, f"{digit}:")
        why = np.array(view.evaluate(f"[...{FOUND}.why]"))
        ninths = np.zeros((3, 3))
        np.add.at(ninths, (thirds[:, None], thirds), why.reshape(28, 28))
        top, low = (
            PLACES[flat // 3][flat % 3] for flat in (ninths.argmax(), ninths.argmin())
        )
        said = effects.get_attribute("aria-label")
        assert ninths.min() < 0
        assert said == (
            f"Where the ink speaks most for the {digit}: {top}; most against it: {low}"
        )
    press(view, "Clear")
    says(view, "Draw a digit")
    assert effects.get_attribute("aria-label") == key
    assert view.evaluate("fishbookDraw.mostlyAt(new Float64Array(784))") == 9


# The convolutional network

ROWS = """([...rows]) => rows.map(row => [...row.children].map(canvas => {
  const copy = new OffscreenCanvas(canvas.width, canvas.height);
  const context = copy.getContext("2d", {willReadFrequently: true});
  context.drawImage(canvas, 0, 0);
  return [...context.getImageData(0, 0, copy.width, copy.height).data];
}))"""


def shown_maps(view: Any) -> list[Any]:
    """Give the pixels of each row: filters, feature maps, pooled."""
    rows = view.locator(".draw-row").evaluate_all(ROWS)
    return [np.array(row).reshape(len(row), -1, 4) for row in rows]


def test_another_network_is_chosen_and_answers(view: Any) -> None:
    pressed = "all => all.map(e => e.getAttribute('aria-pressed'))"
    buttons = view.locator("draw-digit .choices button")
    assert view.locator(".draw-maps").count() == 0
    draw(view)
    says(view, "a 7")
    before, seen = numbers(view), view.locator(".draw-pictures canvas").first
    image = seen.evaluate("c => c.toDataURL()")
    choose(view, 1)
    assert buttons.evaluate_all(pressed) == ["false", "true"]
    view.wait_for_function(f"{FOUND}.outs[1].length === 8 * 24 * 24")
    assert view.locator(".draw-maps").is_visible()
    assert seen.evaluate("c => c.toDataURL()") == image
    says(view, "Most likely a 7", ".draw-status")
    choose(view, 0)
    view.wait_for_function(f"{FOUND}.outs[1].length === 50")
    assert not view.locator(".draw-maps").is_visible()
    assert numbers(view) == before


def test_the_maps_follow_the_pen_and_are_what_the_filters_answer(view: Any) -> None:
    """Each pixel is as dense as its share of the row's largest; without ink, none."""
    choose(view, 1)
    filters, maps, pooled = shown_maps(view)
    assert filters.shape == (8, 25, 4)
    assert maps.max() == pooled.max() == 0
    box = view.locator(".draw-board").bounding_box()
    view.mouse.move(box["x"] + 80, box["y"] + 60)
    view.mouse.down()
    for right, down in [(220, 60), (150, 240)]:
        view.mouse.move(box["x"] + right, box["y"] + down, steps=5)
        view.evaluate(f"() => {{ {FRAME} return frame(); }}")
        for row, n in zip(shown_maps(view)[1:], (2, 3), strict=True):
            values = np.array(view.evaluate(f"[...{FOUND}.outs[{n}]]")).reshape(8, -1)
            assert row.shape == (*values.shape, 4)
            want = 255 * values / values.max()
            np.testing.assert_allclose(row[..., 3], want, rtol=0, atol=1.5)
    view.mouse.up()
    press(view, "Clear")
    says(view, "Draw a digit")
    assert max(row.max() for row in shown_maps(view)[1:]) == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_filter_is_orange_where_it_is_positive(browser: Any, scheme: str) -> None:
    with reading(browser, f"zh/{PAGE}", color_scheme=scheme) as view:
        choose(view, 1)
        shown = shown_maps(view)[0]
    with np.load(NETWORKS["conv"]) as stored:
        weights = stored["W1"].astype(float).reshape(8, 25)
    clear = shown[..., 3] > 60
    assert clear.sum() > 50
    red, blue = shown[..., 0], shown[..., 2]
    np.testing.assert_array_equal((red > blue)[clear], (weights > 0)[clear])


def test_the_keyboard_chooses_the_network(view: Any) -> None:
    view.locator(".draw-board").focus()
    view.keyboard.press("Shift+Tab")
    view.keyboard.press("Space")
    assert view.locator(".draw-maps").is_visible()
    view.keyboard.press("Shift+Tab")
    view.keyboard.press("Enter")
    assert not view.locator(".draw-maps").is_visible()


def test_the_maps_are_told_to_those_who_cannot_see_them(view: Any) -> None:
    choose(view, 1)
    rows = view.locator(".draw-row")
    key = "Their feature maps, 24×24, after ReLU"
    view.wait_for_function("document.querySelectorAll('.draw-row[aria-label]').length")
    assert rows.nth(1).get_attribute("aria-label") == key
    assert rows.nth(0).get_attribute("aria-label").startswith("Eight filters")
    for digit in (1, 7):
        press(view, str(digit))
        says(view, f"{digit}:")
        maps = np.array(view.evaluate(f"[...{FOUND}.outs[2]]")).reshape(8, 24, 24)
        n, row, column = np.unravel_index(maps.argmax(), maps.shape)
        where = PLACES[row // 8][column // 8]
        said = f"{key}. Number {n + 1} from the left answers most, {where}"
        assert rows.nth(1).get_attribute("aria-label") == said


@every_edition
def test_board_and_maps_fit_on_a_phone_together(browser: Any, edition: str) -> None:
    size = {"width": 390, "height": 844}
    with reading(browser, f"{edition}/{PAGE}", viewport=size) as view:
        choose(view, 1)
        board = view.locator(".draw-board").bounding_box()
        maps = view.locator(".draw-maps").bounding_box()
        assert maps["y"] + maps["height"] - board["y"] < 844 - 60  # the header's
        widths = [
            c.bounding_box()["width"] for c in view.locator(".draw-row > *").all()
        ]
        assert min(widths) > 38
        assert view.evaluate("document.documentElement.scrollWidth") <= 390


def test_it_works_without_a_server(browser: Any, site: Path) -> None:
    """Opened from a folder: no host is asked for anything."""
    context = browser.new_context(offline=True)
    view = context.new_page()
    watch = Watch("file:")
    view.on("request", watch.ask)
    view.on("pageerror", watch.fail)
    view.goto((site / "zh" / PAGE / "index.html").as_uri())
    draw(view)
    says(view, "最可能是 7")
    context.close()
    assert watch.strangers == []
    assert watch.errors == []


def test_only_the_boards_page_asks_for_what_it_needs(browser: Any) -> None:
    watch = Watch()
    with reading(browser, None) as view:
        watch.over(view)
        view.goto(f"{HOME}en/{PLAIN}", wait_until="networkidle")
        assert not any("/draw" in address for address in watch.asked)
        view.goto(f"{HOME}en/{PAGE}")
        draw(view)
        says(view, "Most likely a 7")
        view.go_back()
        view.go_forward()
        draw(view)
        says(view, "Most likely a 7")
    assert watch.errors == []
