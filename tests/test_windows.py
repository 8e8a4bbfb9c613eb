"""Filters to slide and windows to unfold: the package's numbers, fit for anyone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from browsing import RULES, THROUGH, Watch, reading, serious
from sites import BOOK

from fishbook.im2col import im2col
from fishbook.layers import Convolution
from fishbook.loom.edition import EDITIONS
from fishbook.loom.markdown import address

PAGES = {
    f"window-{kind}": address(BOOK.labels[label].page)
    for kind, label in (("sum", "convolution"), ("rows", "im2col"))
}
OTHER = address(BOOK.labels["channels"].page)
SHAPES = [  # channels, height, width; filter's height, width; stride, pad
    (1, 4, 4, 3, 3, 1, 0),
    (3, 8, 8, 3, 3, 2, 1),
    (2, 7, 5, 2, 3, 3, 2),
    (1, 8, 8, 3, 3, 3, 0),
]


@contextmanager
def opened(browser: Any, name: str, edition: str = "en", **options: Any) -> Iterator:
    """Open a figure under the page's own strict policy, and look out for errors."""
    watch = Watch()
    where = f"{edition}/{PAGES[name]}"
    with reading(browser, where, watch, bypass_csp=False, **options) as page:
        page.locator(f"{name} svg").first.wait_for()
        yield page.locator(name)
    assert watch.errors == []
    assert watch.strangers == []


@pytest.fixture
def sums(browser: Any) -> Iterator[Any]:
    with opened(browser, "window-sum") as figure:
        yield figure


@pytest.fixture
def rows(browser: Any) -> Iterator[Any]:
    with opened(browser, "window-rows") as figure:
        yield figure


def choose(figure: Any, what: str, name: object) -> None:
    group = figure.get_by_role("group", name=what)
    group.get_by_role("button", name=str(name), exact=True).click()


def grid(figure: Any, name: str) -> Any:
    return figure.get_by_role("application", name=name, exact=True)


def numbers(figure: Any, name: str) -> Any:
    """Give what stands in a table's cells, row by row."""
    table = grid(figure, name)
    texts = table.locator("text").all_text_contents()
    wide = round(float(table.get_attribute("viewBox").split()[2]) / 30)
    return np.array([int(t.replace("−", "-")) for t in texts]).reshape(-1, wide)


def image(figure: Any, channel: int, pad: int) -> Any:
    """Give the pixels of a painted channel, without its padding."""
    kinds = (
        grid(figure, f"Channel {channel}")
        .locator("rect")
        .evaluate_all("all => all.map(e => e.getAttribute('class'))")
    )
    pixels = [kind for kind in kinds if kind in {"ink", "paper"}]
    assert kinds.count("outside") == (8 + 2 * pad) ** 2 - 64
    return np.array([kind == "ink" for kind in pixels], float).reshape(8, 8)


def point(figure: Any, name: str, row: int, column: int, act: str = "hover") -> None:
    table = grid(figure, name)
    table.scroll_into_view_if_needed()
    _, _, wide, tall = map(float, table.get_attribute("viewBox").split())
    box = table.bounding_box()
    across, down = (30 * (n + 0.5) + 2 for n in (column, row))
    place = {"x": across * box["width"] / wide, "y": down * box["height"] / tall}
    getattr(table, act)(position=place)


def said(figure: Any) -> str:
    return str(figure.get_by_role("status").inner_text())


def result(figure: Any, channels: int = 1, stride: int = 1, pad: int = 0) -> Any:
    """Return what the package makes of the image and the filter that are shown."""
    x = np.array([[image(figure, c, pad) for c in range(channels)]])
    w = np.array([[numbers(figure, f"Filter {c}") for c in range(channels)]], float)
    return Convolution(w, np.zeros(1), stride, pad).forward(x)[0, 0]


def test_the_formulas_are_the_packages(sums: Any) -> None:
    for shape in SHAPES:
        C, H, W, FH, FW, stride, pad = shape
        rng = np.random.default_rng(sum(shape))
        x, w = rng.normal(size=(C, H, W)), rng.normal(size=(C, FH, FW))
        given = [x.tolist(), w.tolist(), [FH, FW], stride, pad]
        theirs, matrix = sums.page.evaluate(
            """([x, w, filter, stride, pad]) => [
              fishbookWindows.slide(x, w, stride, pad),
              fishbookWindows.unfold(x, filter, stride, pad)]""",
            given,
        )
        layer = Convolution(w[np.newaxis], np.zeros(1), stride, pad)
        ours = layer.forward(x[np.newaxis]).ravel()
        np.testing.assert_allclose(theirs, ours, atol=1e-12)
        unfolded = im2col(x[np.newaxis], FH, FW, stride, pad)
        np.testing.assert_array_equal(matrix, unfolded)


def test_what_is_shown_is_the_sum(sums: Any) -> None:
    for chosen in [(1, 1, 0), (3, 1, 1), (2, 3, 2), (1, 2, 0)]:
        shows_the_sum(sums, *chosen)


def shows_the_sum(sums: Any, channels: int, stride: int, pad: int) -> None:
    choose(sums, "Channels", channels)
    choose(sums, "Stride", stride)
    choose(sums, "Padding", pad)
    y = result(sums, channels, stride, pad)
    np.testing.assert_array_equal(numbers(sums, "Result"), y)
    point(sums, "Result", 1, 2)
    assert said(sums) == f"Row 1, column 2: {y[1, 2]:.0f}".replace("-", "−")
    terms, _, total = sums.locator(".terms").inner_text().rpartition("=")
    products = re.findall(r"(\d)·\(?(−?\d)\)?", terms)
    assert len(products) == 9 * channels
    values = [int(x) * int(w.replace("−", "-")) for x, w in products]
    assert sum(values) == int(total.replace("−", "-")) == y[1, 2]


def test_the_page_prints_what_the_figure_shows(sums: Any) -> None:
    """Its first state is the page's own example."""
    page = BOOK.labels["slide-the-filter"].page
    shown = numbers(sums, "Result")
    assert any(
        cell.output and np.array_str(shown) == cell.output.text for cell in page.cells
    )


def test_painting_and_changing_a_weight(sums: Any) -> None:
    choose(sums, "Image", "Clear")
    assert not image(sums, 0, 0).any()
    point(sums, "Channel 0", 3, 4, "click")
    assert said(sums) == "Channel 0, row 3, column 4: 1"
    point(sums, "Filter 0", 0, 1, "click")
    pressed = sums.locator("[aria-pressed=true]").all_inner_texts()
    assert pressed == ["1", "0", "1"], "the filter is none of those offered"
    assert numbers(sums, "Filter 0")[0].tolist() == [1, 1, -1]
    y = result(sums)
    assert y.any()
    np.testing.assert_array_equal(numbers(sums, "Result"), y)
    point(sums, "Channel 0", 3, 4, "click")
    assert not numbers(sums, "Result").any()
    choose(sums, "Filter", "All ones")
    assert (numbers(sums, "Filter 0") == 1).all()


def test_a_stroke_paints_its_way(sums: Any) -> None:
    choose(sums, "Image", "Clear")
    board = grid(sums, "Channel 0")
    board.scroll_into_view_if_needed()
    box, mouse = board.bounding_box(), sums.page.mouse
    step = box["width"] / 8
    mouse.move(box["x"] + 2.5 * step, box["y"] + 1.5 * step)
    mouse.down()
    mouse.move(box["x"] + 2.5 * step, box["y"] + 6.5 * step, steps=20)
    mouse.up()
    mouse.move(box["x"] + 5.5 * step, box["y"] + 6.5 * step, steps=5)
    wanted = np.zeros((8, 8))
    wanted[1:7, 2] = 1
    np.testing.assert_array_equal(image(sums, 0, 0), wanted)


def test_all_of_it_goes_by_keys(sums: Any) -> None:
    choose(sums, "Image", "Clear")
    board = grid(sums, "Channel 0")
    board.focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "ArrowUp", "ArrowUp", " "):
        board.press(key)
    assert said(sums) == "Channel 0, row 0, column 2: 1"
    assert np.argwhere(image(sums, 0, 0)).tolist() == [[0, 2]]
    grid(sums, "Filter 0").press("Enter")
    assert numbers(sums, "Filter 0")[0, 0] == 2
    table = grid(sums, "Result")
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        table.press(key)
    assert said(sums) == "Row 1, column 2: 0"
    for _ in range(9):
        table.press("ArrowRight")
    assert said(sums).startswith("Row 1, column 5:")


def test_the_matrix_is_im2cols(rows: Any) -> None:
    for channels, stride, pad in [(1, 1, 0), (2, 1, 1), (2, 2, 0)]:
        choose(rows, "Channels", channels)
        choose(rows, "Stride", stride)
        choose(rows, "Padding", pad)
        x = np.arange(1, 16 * channels + 1).reshape(1, channels, 4, 4)
        wanted = im2col(x, 2, 2, stride, pad)
        np.testing.assert_array_equal(numbers(rows, "Matrix of im2col"), wanted)


def marked(rows: Any, name: str) -> list[str]:
    """Give the numbers that are brought out as those of the chosen pixel."""
    return rows.page.evaluate(
        """svg => [...svg.querySelectorAll(".chosen")].map(
          e => e.nextElementSibling.textContent)""",
        grid(rows, name).element_handle(),
    )


def test_an_entry_shows_its_pixel_and_a_pixel_its_entries(rows: Any) -> None:
    point(rows, "Matrix of im2col", 4, 1)
    where = "Row 4, column 1 of the matrix is 7: channel 0, row 1, column 2"
    assert said(rows) == f"{where}, which is in 4 of the windows"
    assert marked(rows, "Channel 0") == ["7"]
    assert marked(rows, "Matrix of im2col") == ["7"] * 4
    ring = grid(rows, "Channel 0").locator(".ring")
    assert [ring.get_attribute(side) for side in "xy"] == ["30", "30"]
    point(rows, "Channel 0", 2, 2)
    assert said(rows).startswith("Row 4, column 3 of the matrix is 11:")
    point(rows, "Channel 0", 0, 0)
    assert said(rows).startswith("Row 0, column 0 of the matrix is 1:")
    assert said(rows).endswith("in 1 of the windows")
    table = grid(rows, "Matrix of im2col")
    table.focus()
    for key in ("ArrowDown", "ArrowRight"):
        table.press(key)
    assert said(rows).startswith("Row 1, column 1 of the matrix is 3:")
    choose(rows, "Padding", 1)
    point(rows, "Channel 0", 0, 0)
    assert "a 0 of the padding, which is in 1" in said(rows)


@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize("name", PAGES)
def test_the_figures_are_fit_for_all(browser: Any, name: str, edition: str) -> None:
    options = {"viewport": {"width": 390, "height": 800}}
    with reading(browser, f"{edition}/{PAGES[name]}", **options) as page:
        figure = page.locator(name)
        figure.locator("svg").first.wait_for()
        page.evaluate(THROUGH)
        figure.locator("[role=group]").nth(1).locator("button").last.click()
        assert serious(page, rules=RULES[edition]) == []
        assert page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize("name", PAGES)
def test_a_finger_chooses(browser: Any, name: str) -> None:
    options = {"viewport": {"width": 390, "height": 800}, "has_touch": True}
    with opened(browser, name, **options) as figure:
        before = said(figure)
        table = "Result" if name == "window-sum" else "Matrix of im2col"
        point(figure, table, 3, 2, "tap")
        assert said(figure) != before
        assert said(figure).startswith("Row 3, column 2")


@pytest.mark.parametrize("name", PAGES)
def test_without_scripts_pictures_stay(browser: Any, name: str) -> None:
    options = {"java_script_enabled": False}
    with reading(browser, f"en/{PAGES[name]}", **options) as page:
        assert page.locator(f"{name} *").count() == 0
        assert page.locator("noscript p").first.is_visible()


def test_no_other_page_loads_the_script(site: Any) -> None:
    for edition in EDITIONS:
        other, page = (
            (site / edition / where / "index.html").read_text(encoding="utf-8")
            for where in (OTHER, PAGES["window-sum"])
        )
        assert "assets/windows" not in other
        assert "assets/controls" not in other
        assert page.count("assets/controls.js") == 1
        assert "assets/windows.js" in page
