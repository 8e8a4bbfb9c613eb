"""The page where readers draw: in a browser it sees what Python sees."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fishbook.datasets import has_mnist, load_digits, load_mnist
from fishbook.loom.site.draw.weights import weights_script
from fishbook.loom.weave import EDITIONS
from fishbook.networks import accuracy, load_sample_network, predict

pytest.importorskip("playwright.sync_api", reason="needs playwright")
pytest.importorskip("mkdocs", reason="needs mkdocs")

import test_browser
from test_browser import Watch, reading, serious

browser = test_browser.browser
url = test_browser.url

PAGE = "02a-draw-a-digit/"
ASSETS = Path(test_browser.ROOT, "fishbook", "loom", "site", "draw")
NO_MNIST = "needs MNIST: set FISHBOOK_DATA, or run load_mnist() once"
SEVEN = [[(0.3, 0.25), (0.7, 0.25), (0.46, 0.8)]]
THROUGH = """([images, scale, left, top]) => images.map(pixels => {
  const canvas = side => Object.assign(document.createElement("canvas"), {
    width: side, height: side,
  });
  const [small, big] = [canvas(28), canvas(280)];
  const data = new ImageData(28, 28);
  pixels.forEach((v, i) => (data.data[4 * i + 3] = v));
  small.getContext("2d").putImageData(data, 0, 0);
  const context = big.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(small, left, top, 28 * scale, 28 * scale);
  return [...fishbookDraw.toMnist(fishbookDraw.inkOf(big), 280, 280)];
})"""
PREDICT = "images => images.map(image => [...fishbookDraw.predict(image)])"
IMAGES = """lists => lists.map(strokes => {
  const image = fishbookDraw.imageOf(strokes);
  return image && [...image];
})"""


@pytest.fixture(scope="module")
def page(browser: Any, url: str) -> Iterator[Any]:
    """Open the page once, for the tests of its functions."""
    with reading(browser, f"{url}en/{PAGE}") as page:
        page.locator("draw-digit canvas").first.wait_for()
        yield page


def evaluate(page: Any, script: str, *values: Any) -> Any:
    """Call a function of the page with arrays, which arrive as lists."""
    plain = [v.tolist() if isinstance(v, np.ndarray) else v for v in values]
    return page.evaluate(script, plain[0] if len(plain) == 1 else plain)


def upscaled_digits(count: int) -> Any:
    """Give images of 28 x 28 made of the shipped ones of 8 x 8, one a row, 0 to 1."""
    images = load_digits(flatten=False)[1][0][:count, 0]
    large = images.repeat(3, axis=1).repeat(3, axis=2)
    return np.pad(large, ((0, 0), (2, 2), (2, 2))).reshape(count, 784)


def edge_cases() -> Any:
    """Give images that no one draws: empty, full, noise, a single pixel."""
    noise = np.random.default_rng(0).random((10, 784))
    pixel = np.eye(784)[[0, 400, 783]]
    return np.concatenate([np.zeros((1, 784)), np.ones((1, 784)), noise, pixel])


def mnist(count: int) -> tuple[Any, Any]:
    """Give test images of MNIST, 0 to 255, one a row, with their labels."""
    if not has_mnist():
        pytest.skip(NO_MNIST)
    _, (images, labels) = load_mnist(normalize=False)
    return images[:count], labels[:count]


def boxed(images: Any) -> tuple[Any, Any]:
    """Give the height and width of the ink in each image."""
    ink = np.asarray(images).reshape(-1, 28, 28) > 0
    return tuple(
        28 - line.argmax(axis=1) - line[:, ::-1].argmax(axis=1)
        for line in (ink.any(axis=2), ink.any(axis=1))
    )


def centres(images: Any) -> Any:
    """Give the centres of mass, (row, column), pixels counted from 0."""
    ink = np.asarray(images, dtype=float).reshape(-1, 28, 28)
    grid = np.arange(28)
    mass = ink.sum(axis=(1, 2))
    rows, columns = ink.sum(axis=2) @ grid / mass, ink.sum(axis=1) @ grid / mass
    return np.stack([rows, columns], axis=1)


def moved(strokes: Any, scale: float = 1.0, x: float = 0.0, y: float = 0.0) -> Any:
    """Give strokes scaled about the board's middle, then moved."""
    return [
        [[0.5 + scale * (a - 0.5) + x, 0.5 + scale * (b - 0.5) + y] for a, b in stroke]
        for stroke in strokes
    ]


# The network


def test_the_weights_are_those_of_the_package() -> None:
    name, _, value = weights_script().rstrip(";\n").partition(" = ")
    assert name == "window.fishbookWeights"
    for key, array in load_sample_network().items():
        packed = json.loads(value)[key]
        stored = np.frombuffer(base64.b64decode(packed["data"]), dtype="<f2")
        assert (stored.reshape(packed["shape"]) == array).all(), key


def test_weights_that_float16_cannot_hold_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "fine.npz", W1=np.ones((2, 2), dtype=np.float32))
    with pytest.raises(TypeError, match="float16"):
        weights_script(tmp_path / "fine.npz")


def test_the_page_needs_less_than_300_kilobytes() -> None:
    own = sum((ASSETS / name).stat().st_size for name in ("draw.js", "draw.css"))
    assert own + len(weights_script()) < 300_000


def test_half_precision_is_read_to_the_bit(page: Any) -> None:
    script = "n => Array.from({length: n}, (_, i) => String(fishbookDraw.fromHalf(i)))"
    got = np.array(page.evaluate(script, 65536), dtype=float)
    want = np.arange(65536, dtype=np.uint16).view(np.float16).astype(float)
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("source", ["mnist", "digits", "edge cases"])
def test_the_browser_predicts_as_python_does(page: Any, source: str) -> None:
    if source == "mnist":
        images = mnist(100)[0] / 255
    else:
        images = upscaled_digits(100) if source == "digits" else edge_cases()
    got = np.array(evaluate(page, PREDICT, images))
    want = predict(load_sample_network(), images)
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-5)
    np.testing.assert_allclose(got.sum(axis=1), 1, atol=1e-12)


def test_images_of_another_size_are_refused(page: Any) -> None:
    with pytest.raises(Exception, match="got 64 numbers, but want 784"):
        evaluate(page, PREDICT, np.zeros((1, 64)))


# From ink to an MNIST image


def test_an_mnist_image_comes_back(page: Any) -> None:
    """Ten times as large, it goes through the canvas and comes out as it was.

    MNIST's ink is 20 pixels in its longer direction and its centre of mass is nearest
    to pixel 14, so cropping, scaling and centring have nothing to change; what is left
    is rounding. The three images in 10,000 that are 19 pixels grow by a twentieth.
    """
    images = mnist(300)[0]
    images = images[np.maximum(*boxed(images)) == 20]
    assert len(images) > 290
    out = np.array(evaluate(page, THROUGH, images, 10, 0, 0))
    np.testing.assert_allclose(out, images / 255, rtol=0, atol=1e-5)


def test_an_image_made_here_comes_back_too(page: Any) -> None:
    images = np.array(page.evaluate(f"({IMAGES})(fishbookDraw.samples)"))
    images = np.ceil(images * 255 - 1e-3)  # faint ink must not round to none
    out = np.array(evaluate(page, THROUGH, images, 10, 0, 0))
    np.testing.assert_allclose(out, images / 255, rtol=0, atol=1e-5)


def test_every_image_fills_the_box_and_is_centred(page: Any) -> None:
    images = np.array(evaluate(page, THROUGH, upscaled_digits(100) * 255, 4, 11, 160))
    assert (np.maximum(*boxed(images)) == 20).all()
    assert abs(centres(images) - 14).max() <= 0.5 + 1e-6
    assert images.min() >= 0
    assert images.max() <= 1 + 1e-6


def test_neither_place_nor_size_changes_an_image(page: Any) -> None:
    digits = upscaled_digits(20) * 255
    large = np.array(evaluate(page, THROUGH, digits, 6, 50, 50))
    for scale, left, top in [(6, -10, 120), (3, 0, 0), (3, 190, 7), (1, 100, 251)]:
        out = np.array(evaluate(page, THROUGH, digits, scale, left, top))
        np.testing.assert_allclose(out, large, rtol=0, atol=1e-5)


def test_neither_place_nor_size_changes_what_strokes_mean(page: Any) -> None:
    """A move by whole pixels changes nothing; other moves, and a smaller size, little.

    The pen keeps its width, so a digit that is drawn small is bolder.
    """
    samples = page.evaluate("fishbookDraw.samples")
    middle, corner, between, small = (
        np.array(evaluate(page, IMAGES, [moved(s, *how) for s in samples]))
        for how in [(0.6,), (0.6, -0.2, 0.2), (0.6, -0.2013, 0.1987), (0.8,)]
    )
    assert abs(middle - corner).max() < 0.02
    for images in (between, small):
        outputs = predict(load_sample_network(), images)
        assert outputs.argmax(axis=1).tolist() == list(range(10))


def test_an_empty_board_is_no_image(page: Any) -> None:
    assert evaluate(page, IMAGES, [[]]) == [None]
    empty = "fishbookDraw.toMnist(new Float32Array(100), 10, 10)"
    assert page.evaluate(empty) is None


@pytest.mark.parametrize(
    "strokes",
    [
        [[[0.5, 0.5]]],
        [[[0.0, 0.0]]],
        [[[0.0, 0.5], [1.0, 0.5]]],
        [[[-0.5, 0.5], [1.5, 0.5]], [[0.01, 0.3], [0.01, 0.7]]],
    ],
    ids=["dot", "dot in the corner", "line", "lopsided"],
)
def test_what_is_no_digit_still_is_an_image(page: Any, strokes: Any) -> None:
    image = np.array(evaluate(page, IMAGES, [strokes]))
    assert max(*boxed(image)) == 20
    assert np.isfinite(image).all()
    assert np.isclose(np.array(evaluate(page, PREDICT, image)).sum(), 1)


def test_a_single_pixel_fills_the_box(page: Any) -> None:
    script = "[...fishbookDraw.toMnist([0, 0, 0, 0.5, 0, 0], 3, 2)]"
    image = np.array(page.evaluate(script)).reshape(28, 28)
    assert (image > 0).sum() == 400
    assert np.isclose(image.max(), 0.5)


@pytest.mark.parametrize("scale", [10, 5])
def test_mnist_is_read_through_the_canvas(page: Any, scale: int) -> None:
    images, labels = mnist(100)
    inputs = np.array(evaluate(page, THROUGH, images, scale, 0, 0))
    right = accuracy(np.array(evaluate(page, PREDICT, inputs)), labels)
    print(f"accuracy of 100 MNIST images, {scale} times as large: {right:.2f}")
    assert right >= 0.9


def test_the_samples_are_recognized(page: Any) -> None:
    images = np.array(page.evaluate(f"({IMAGES})(fishbookDraw.samples)"))
    outputs = predict(load_sample_network(), images)
    assert outputs.argmax(axis=1).tolist() == list(range(10))
    assert outputs.max(axis=1).min() > 0.9


# The board


@pytest.fixture
def view(browser: Any, url: str) -> Iterator[Any]:
    """Open the page in English, afresh."""
    with reading(browser, f"{url}en/{PAGE}") as view:
        watch = Watch(url)
        watch.over(view)
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
    shown = view.locator(".draw-frame canvas").evaluate(f"c => [...({ink})(c)]")
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


@pytest.mark.parametrize("digit", range(10))
def test_a_sample_can_be_chosen(view: Any, digit: int) -> None:
    press(view, str(digit))
    says(view, f"Most likely {'an' if digit == 8 else 'a'} {digit}")


def test_a_sample_stays_as_it_is(view: Any) -> None:
    before = view.evaluate("JSON.stringify(fishbookDraw.samples)")
    press(view, "1")
    draw(view)
    assert view.evaluate("JSON.stringify(fishbookDraw.samples)") == before


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


def test_a_finger_draws_and_does_not_scroll(browser: Any, url: str) -> None:
    size = {"width": 390, "height": 740}
    options = {"viewport": size, "has_touch": True, "is_mobile": True}
    options["device_scale_factor"] = 3
    with reading(browser, f"{url}zh/{PAGE}", **options) as view:
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


@pytest.mark.parametrize("width", [320, 360, 390])
def test_buttons_are_as_large_as_a_finger(browser: Any, url: str, width: int) -> None:
    options = {"viewport": {"width": width, "height": 740}}
    for edition in EDITIONS:
        with reading(browser, f"{url}{edition}/{PAGE}", **options) as view:
            boxes = [b.bounding_box() for b in view.locator(".draw-button").all()]
            assert len(boxes) == 12
            assert min(min(b["width"], b["height"]) for b in boxes) >= 44
            assert view.evaluate("document.documentElement.scrollWidth") <= width


# Languages, colours, readers who don't see


@pytest.mark.parametrize("edition", EDITIONS)
def test_the_board_speaks_the_editions_languages(
    browser: Any, url: str, edition: str
) -> None:
    with reading(browser, f"{url}{edition}/{PAGE}") as view:
        draw(view)
        says(view, "7", ".draw-status")
        words = view.locator("draw-digit").inner_text()
        names = " ".join(
            view.locator("draw-digit [aria-label]").evaluate_all(
                "all => all.map(e => e.getAttribute('aria-label'))"
            )
        )
        english = view.locator("draw-digit [lang=en]").count()
    for text, zh, en in [
        (words, "最可能是 7", "Most likely a 7"),
        (names, "画板", "Board"),
    ]:
        assert (zh in text) == ("zh" in edition)
        assert (en in text) == ("en" in edition)
    assert bool(english) == ("en" in edition)


@pytest.mark.parametrize("edition", EDITIONS)
def test_axe_finds_nothing_serious_in_a_drawing(
    browser: Any, url: str, edition: str
) -> None:
    with reading(browser, f"{url}{edition}/{PAGE}", color_scheme="light") as view:
        draw(view)
        says(view, "7", ".draw-status")
        assert serious(view) == []
        view.click("label[for^=__palette]:visible")
        view.wait_for_timeout(400)
        assert serious(view) == []


def test_the_ink_takes_the_schemes_colour(browser: Any, url: str) -> None:
    brightest = """([...all]) => all.map(c => Math.max(...c.getContext("2d")
      .getImageData(0, 0, c.width, c.height).data.filter((_, i) => i % 4 == 0)))"""
    with reading(browser, f"{url}zh/{PAGE}", color_scheme="light") as view:
        draw(view)
        says(view, "7")
        canvases = view.locator("draw-digit canvas")
        assert max(canvases.evaluate_all(brightest)) < 100
        view.click("label[for^=__palette]:visible")
        view.wait_for_timeout(200)
        assert min(canvases.evaluate_all(brightest)) > 180


# Where it runs


def test_it_works_without_a_server(browser: Any, tmp_path: Path) -> None:
    """Opened from a folder: no host is asked for anything."""
    test_browser.site_module.build(test_browser.ROOT, strict=True, site_dir=tmp_path)
    context = browser.new_context(offline=True)
    view = context.new_page()
    watch = Watch("file:")
    view.on("request", lambda request: watch.ask(request.url))
    view.on("pageerror", lambda error: watch.errors.append(str(error)))
    view.goto((tmp_path / "zh" / PAGE / "index.html").as_uri())
    draw(view)
    says(view, "最可能是 7")
    context.close()
    assert watch.strangers == []
    assert watch.errors == []


def test_it_lives_through_instant_navigation(browser: Any, url: str) -> None:
    watch = Watch(url)
    asked: list[str] = []
    with reading(browser, f"{url}en/") as view:
        watch.over(view)
        view.on("request", lambda request: asked.append(request.url))
        view.evaluate("window.sameDocument = true")
        for _ in range(2):
            view.locator(f".md-nav a[href$='/en/{PAGE}']").first.click()
            view.wait_for_url(f"{url}en/{PAGE}")
            says(view, "Draw a digit from 0 to 9")
            draw(view)
            says(view, "Most likely a 7")
            assert view.locator("draw-digit .draw-board").count() == 1
            view.locator(".md-nav a[href$='/en/00-reading/']").first.click()
            view.wait_for_url(f"{url}en/00-reading/")
            view.locator("#blocks").wait_for()
        view.go_back()
        view.wait_for_url(f"{url}en/{PAGE}")
        draw(view)
        says(view, "Most likely a 7")
        assert view.evaluate("window.sameDocument")
    assert any("assets/draw.js" in address for address in asked)
    assert watch.errors == []
    assert watch.strangers == []


def test_other_pages_load_none_of_it(browser: Any, url: str) -> None:
    asked: list[str] = []
    context = browser.new_context()
    view = context.new_page()
    view.on("request", lambda request: asked.append(request.url))
    view.goto(f"{url}zh/00-reading/", wait_until="networkidle")
    context.close()
    assert asked
    assert not [address for address in asked if "draw" in address.rpartition("/")[2]]


@pytest.mark.parametrize(
    ("edition", "shown"),
    [
        ("zh", ["需要 JavaScript"]),
        ("en", ["needs JavaScript"]),
        ("zh-en", ["需要 JavaScript", "needs JavaScript"]),
    ],
)
def test_without_scripts_the_page_says_so(
    browser: Any, url: str, edition: str, shown: list[str]
) -> None:
    address = f"{url}{edition}/{PAGE}"
    with reading(browser, address, java_script_enabled=False) as view:
        words = view.locator("article").inner_text()
        assert not view.locator("draw-digit").is_visible()
    assert all(text in words for text in shown)
    with reading(browser, address) as view:
        words = view.locator("article").inner_text()
    assert not any(text in words for text in shown)


@pytest.mark.parametrize("width", [320, 390, 800, 1280])
def test_nothing_jumps_when_the_board_appears(
    browser: Any, url: str, width: int
) -> None:
    below = "document.querySelector('#strokes-to-mnist').getBoundingClientRect().top"
    options = {"viewport": {"width": width, "height": 740}}
    for edition in EDITIONS:
        address = f"{url}{edition}/{PAGE}"
        with reading(browser, address, **options) as view:
            view.locator("draw-digit canvas").first.wait_for()
            after = view.evaluate(below)
            view.route("**/draw.js", lambda route: route.abort())
            view.goto(address)
            assert abs(view.evaluate(below) - after) < 180
