"""The map to walk over: its paths are the package's, and anyone can use it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest
from browsing import RULES, THROUGH, Watch, reading, serious
from sites import BOOK

from fishbook.loom.edition import EDITIONS
from fishbook.loom.markdown import address
from fishbook.optimizers import find_optimizer

PAGE = address(BOOK.labels["adaptive-rates"].page)
OTHER = address(BOOK.labels["sgd-and-momentum"].page)
NAMES = ["SGD", "Momentum", "Nesterov", "AdaGrad", "RMSprop", "Adam"]
RATES = [0.003, 0.05, 0.3, 0.9]
WALK = (
    "([terrain, name, lr, start]) => fishbookPaths.walk(terrain, name, lr, start, 100)"
)


@pytest.fixture
def view(browser: Any) -> Iterator[Any]:
    """Open the page under its own strict policy, and look out for errors."""
    watch = Watch()
    with reading(browser, f"en/{PAGE}", watch, bypass_csp=False) as page:
        page.locator("optimizer-paths svg").wait_for()
        yield page
    assert watch.errors == []
    assert watch.strangers == []


def slopes(terrain: str, x: float, y: float) -> tuple[float, float]:
    """Return the gradient of a terrain, by differences of the complex kind."""

    def f(x: complex, y: complex) -> complex:
        if terrain == "valley":
            return x**2 / 20 + y**2
        return (x - 6) ** 2 / 20 + (y - x**2 / 16 + 2) ** 2

    h = 1e-100
    return f(x + h * 1j, y).imag / h, f(x, y + h * 1j).imag / h


def walk(terrain: str, name: str, lr: float, start: tuple[float, float]) -> Any:
    """Return what the package makes of a path, until it leaves the map for good."""
    optimizer = find_optimizer(name, lr=lr)
    params = {"x": np.array(start[0]), "y": np.array(start[1])}
    path = [start]
    while len(path) <= 100:
        dx, dy = slopes(terrain, *path[-1])
        optimizer.update(params, {"x": np.array(dx), "y": np.array(dy)})
        path.append((float(params["x"]), float(params["y"])))
        if max(map(abs, path[-1])) >= 1e6:
            return path[:-1]
    return path


def said(view: Any) -> str:
    return str(view.locator("optimizer-paths .said").inner_text())


@pytest.mark.parametrize("terrain", ["valley", "curve"])
def test_paths_are_those_of_the_package(view: Any, terrain: str) -> None:
    for how in product(NAMES, RATES, ((-7.0, 2.0), (3.25, -3.5))):
        theirs, ours = view.evaluate(WALK, [terrain, *how]), walk(terrain, *how)
        assert len(theirs) == len(ours), how
        np.testing.assert_allclose(theirs, ours, rtol=1e-9, atol=1e-9, err_msg=str(how))


def test_choosing_changes_the_path_and_what_is_said(view: Any) -> None:
    assert said(view) == "Step 30: x = −0.350, y = 0.085, height 0.013"
    trail = view.locator(".path-trail")
    before = trail.get_attribute("d")
    view.get_by_role("button", name="Adam", exact=True).click()
    assert said(view) == "Step 30: x = 0.136, y = 0.318, height 0.102"
    assert trail.get_attribute("d") != before
    pressed = view.locator("optimizer-paths [aria-pressed=true]").all_inner_texts()
    assert pressed == ["Long valley", "Adam"]
    view.get_by_role("button", name="Curved valley").click()
    assert "Step 30" in said(view)
    assert "0.102" not in said(view)


def test_the_step_and_the_rate_are_sliders(view: Any) -> None:
    step = view.get_by_role("slider", name="Step")
    step.fill("1")
    assert said(view).startswith("Step 1: x = −6.335, y = −1.800")
    assert view.locator(".path-dots circle").count() == 2
    step.press("ArrowRight")
    assert said(view).startswith("Step 2:")
    rate = view.get_by_role("slider", name="Learning rate")
    rate.fill("-1")
    assert rate.get_attribute("aria-valuetext") == "0.10"
    assert said(view).startswith("Step 2: x = −6.861, y = 1.280")
    step.fill("100")
    rate.fill("0.5")
    assert said(view).startswith("Lost in space at step ")


def test_the_start_moves_by_a_click_and_by_keys(view: Any) -> None:
    view.get_by_role("slider", name="Step").fill("0")
    board = view.get_by_role("application")
    box = board.bounding_box()
    board.click(position={"x": box["width"] / 2, "y": box["height"] / 4})
    assert said(view).startswith("Step 0: x = 0.0")
    for key in ("ArrowLeft", "ArrowLeft", "ArrowUp"):
        board.press(key)
    x, y = (
        float(part.split("=")[1].replace("−", "-").split(",")[0])
        for part in said(view).split(", ")[:2]
    )
    assert x == pytest.approx(-0.5, abs=0.06)
    assert y == pytest.approx(2.25, abs=0.06)
    for _ in range(40):
        board.press("ArrowRight")
    assert "x = 8.000" in said(view)


@pytest.mark.parametrize("edition", EDITIONS)
def test_the_map_is_fit_for_all(browser: Any, edition: str) -> None:
    options = {"viewport": {"width": 390, "height": 800}}
    with reading(browser, f"{edition}/{PAGE}", **options) as page:
        page.locator("optimizer-paths svg").wait_for()
        page.evaluate(THROUGH)
        assert serious(page, rules=RULES[edition]) == []
        assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_without_scripts_the_recorded_figure_stays(browser: Any) -> None:
    options = {"java_script_enabled": False}
    with reading(browser, f"en/{PAGE}", **options) as page:
        assert page.locator("img.day[src*=optimizer-paths]").is_visible()
        assert page.locator("optimizer-paths *").count() == 0


def test_no_other_page_loads_the_script(site: Any) -> None:
    for edition in EDITIONS:
        other, page = (
            (site / edition / where / "index.html").read_text(encoding="utf-8")
            for where in (OTHER, PAGE)
        )
        assert "assets/paths" not in other
        assert "assets/paths.js" in page
