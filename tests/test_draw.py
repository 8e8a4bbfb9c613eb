"""The page where readers draw: its functions compute what Python computes."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsing import reading
from sites import BOOK, ROOT

from fishbook.autograd import Tensor
from fishbook.datasets import has_mnist, load_digits, load_mnist
from fishbook.functions import softmax
from fishbook.loom.markdown import address
from fishbook.loom.site.draw.weights import NETWORKS, weights_script
from fishbook.networks import (
    SimpleConvNet,
    accuracy,
    forward,
    load_sample_network,
    predict,
)

PAGE = address(BOOK.labels["draw-a-digit"].page)
ASSETS = Path(ROOT, "fishbook", "loom", "site", "draw")
NO_MNIST = "needs MNIST: set FISHBOOK_DATA, or run load_mnist() once"
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
  return [...fishbookInk.toMnist(fishbookInk.inkOf(big), 280, 280)];
})"""
READ = """([images, kind, wanted]) => images.map(image => {
  const found = fishbookNets.read(image, kind);
  return wanted
    .flatMap(part => part === "outs" ? found.outs.slice(1) : [found[part]])
    .map(values => [...values]);
})"""
IMAGES = """lists => lists.map(strokes => {
  const image = fishbookInk.imageOf(strokes);
  return image && [...image];
})"""
SAMPLES = f"({IMAGES})(fishbookInk.samples)"
every_network = pytest.mark.parametrize("kind", NETWORKS)
every_source = pytest.mark.parametrize("source", ["mnist", "digits", "edge cases"])


@pytest.fixture(scope="module")
def page(browser: Any) -> Iterator[Any]:
    """Open the page once, for the tests of its functions."""
    with reading(browser, f"en/{PAGE}") as page:
        page.locator("draw-digit canvas").first.wait_for()
        yield page


def evaluate(page: Any, script: str, *values: Any) -> Any:
    """Call a function of the page with arrays, which arrive as lists.

    They go there and back as text: a message with many numbers takes long.
    """
    plain = [v.tolist() if isinstance(v, np.ndarray) else v for v in values]
    text = json.dumps(plain[0] if len(plain) == 1 else plain)
    call = f"text => JSON.stringify(({script})(JSON.parse(text)))"
    return json.loads(page.evaluate(call, text))


def read(page: Any, images: Any, kind: str, *wanted: str) -> list[Any]:
    """Let the page read images; give what is wanted of what it made of them."""
    found = evaluate(page, READ, images, kind, wanted)
    return [np.array(values) for values in zip(*found, strict=True)]


def probabilities(page: Any, images: Any, kind: str = "dense") -> Any:
    """Give what the page takes images for."""
    return read(page, images, kind, "probabilities")[0]


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


def some(source: str) -> Any:
    """Give a hundred images, or a few odd ones, one a row, 0 to 1."""
    if source == "mnist":
        return mnist(100)[0] / 255
    return upscaled_digits(100) if source == "digits" else edge_cases()


def conv_net() -> SimpleConvNet:
    """Give the convolutional network, in numbers as long as the browser's."""
    sizes: Any = {"conv_param": {"filter_num": 8}, "hidden_size": 32}
    network = SimpleConvNet(**sizes, dtype=np.float64)
    network.load_params(NETWORKS["conv"])
    return network


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


@every_network
def test_the_weights_are_those_of_the_package(kind: str) -> None:
    name, _, value = weights_script().rstrip(";\n").partition(" = ")
    assert name == "window.fishbookWeights"
    want = load_sample_network() if kind == "dense" else conv_net().params
    arrays = json.loads(value)[kind]
    assert sorted(arrays) == sorted(want)
    for key, array in want.items():
        packed = arrays[key]
        stored = np.frombuffer(base64.b64decode(packed["data"]), dtype="<f2")
        assert (stored.reshape(packed["shape"]) == array).all(), key


def test_the_convolutional_networks_weights_are_those_that_the_lab_saves() -> None:
    lab = ROOT / BOOK.labels["lab-cnn-board"].page.path
    saved = lab.with_name("sample_conv_net.npz")
    assert saved.read_bytes() == NETWORKS["conv"].read_bytes()


def test_weights_that_float16_cannot_hold_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "fine.npz", W1=np.ones((2, 2), dtype=np.float32))
    with pytest.raises(TypeError, match="float16"):
        weights_script({"fine": tmp_path / "fine.npz"})


def test_the_page_needs_less_than_300_kilobytes() -> None:
    own = sum(path.stat().st_size for path in ASSETS.glob("*.[jc]s*"))
    assert 200_000 < own + len(weights_script()) < 300_000


def test_half_precision_is_read_to_the_bit(page: Any) -> None:
    script = "n => Array.from({length: n}, (_, i) => String(fishbookNets.fromHalf(i)))"
    got = np.array(page.evaluate(script, 65536), dtype=float)
    want = np.arange(65536, dtype=np.uint16).view(np.float16).astype(float)
    np.testing.assert_array_equal(got, want)


@every_source
def test_the_browser_predicts_as_python_does(page: Any, source: str) -> None:
    images = some(source)
    got = probabilities(page, images)
    want = predict(load_sample_network(), images)
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-5)
    np.testing.assert_allclose(got.sum(axis=1), 1, atol=1e-12)


@every_source
def test_each_layer_of_the_browsers_cnn_makes_what_pythons_makes(
    page: Any, source: str
) -> None:
    """Feature maps, before and after ReLU, pooled, and scores, to ten decimals."""
    images = some(source)
    *outs, sure = read(page, images, "conv", "outs", "probabilities")
    layers = conv_net().layers
    assert len(outs) == len(layers)
    want = images.reshape(-1, 1, 28, 28)
    for (name, layer), got in zip(layers.items(), outs, strict=True):
        want = layer.forward(want)
        flat = want.reshape(len(want), -1)
        np.testing.assert_allclose(got, flat, rtol=0, atol=1e-10, err_msg=name)
    np.testing.assert_allclose(sure, softmax(want), rtol=0, atol=1e-10)


@pytest.mark.parametrize("source", ["mnist", "drawn", "noise"])
def test_the_browsers_cnn_finds_the_gradient_to_the_input_that_python_finds(
    page: Any, source: str
) -> None:
    """Of the answer's lead, to ten decimals, and ink times it, to tell the reasons.

    Where a filter answers equally to neighbouring pixels full of ink, rounding decides
    which of them pooling takes; so there is no large patch of equal ink among these.
    """
    if source == "mnist":
        images = mnist(100)[0] / 255
    else:
        noise = np.random.default_rng(0).random((20, 784))
        images = noise if source == "noise" else np.array(page.evaluate(SAMPLES))
    slopes, why = read(page, images, "conv", "slopes", "why")
    network = conv_net()
    best = np.eye(10)[network.predict(images.reshape(-1, 1, 28, 28)).argmax(axis=1)]
    want = best - (1 - best) / 9
    for layer in reversed(network.layers.values()):
        want = layer.backward(want)
    want = want.reshape(len(images), 784)
    assert np.abs(want).max() > 1
    np.testing.assert_allclose(slopes, want, rtol=0, atol=1e-10)
    np.testing.assert_allclose(why, want * images, rtol=0, atol=1e-10)


def reasons(images: Any) -> Any:
    """Give ink times the gradient of the answer's lead, by the tape."""
    network = {k: v.astype(np.float64) for k, v in load_sample_network().items()}
    x = z = Tensor(images)
    for i in "12":
        z = 1 / (1 + (-(z @ network["W" + i] + network["b" + i])).exp())
    scores = z @ network["W3"] + network["b3"]
    best = np.eye(10)[scores.data.argmax(axis=1)]
    (scores * (best - (1 - best) / 9)).sum().backward()
    assert x.grad is not None
    return x.grad * images


@every_source
def test_the_browser_reasons_as_python_does(page: Any, source: str) -> None:
    images = some(source)
    got, want = read(page, images, "dense", "why")[0], reasons(images)
    assert np.abs(want).max() > 0.1
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-5)
    assert (got[images == 0] == 0).all()


def test_less_ink_where_it_speaks_against_the_answer_helps(page: Any) -> None:
    """A little less orange ink shrinks the lead, a little less blue ink widens it."""
    network = {k: v.astype(np.float64) for k, v in load_sample_network().items()}
    images = upscaled_digits(100)
    why = read(page, images, "dense", "why")[0]

    answer = np.eye(10)[forward(network, images).argmax(axis=1)]

    def lead(x: Any) -> Any:  # of this answer, even if another is close behind
        return (forward(network, x) * (answer - (1 - answer) / 9)).sum(axis=1)

    for side in (1, -1):
        chosen = side * why > 0
        less = lead(np.where(chosen, 0.999, 1) * images) - lead(images)
        assert (side * less < 0).all()
        np.testing.assert_allclose(less, -0.001 * (why * chosen).sum(axis=1), rtol=0.05)


@every_network
def test_images_of_another_size_are_refused(page: Any, kind: str) -> None:
    with pytest.raises(Exception, match="got 64 numbers, but want 784"):
        read(page, np.zeros((1, 64)), kind, "why")


# From ink to an MNIST image


def test_an_mnist_image_comes_back(page: Any) -> None:
    """Ten times as large, it goes through the canvas and comes out as it was.

    MNIST's ink is 20 pixels in its longer direction and its centre of mass is nearest
    to pixel 14, so cropping, scaling and centring have nothing to change; what is left
    is rounding. The three images in 10,000 that are 19 pixels grow by a twentieth.
    """
    images = mnist(100)[0]
    images = images[np.maximum(*boxed(images)) == 20]
    assert len(images) > 95
    out = np.array(evaluate(page, THROUGH, images, 10, 0, 0))
    np.testing.assert_allclose(out, images / 255, rtol=0, atol=1e-5)


def test_an_image_made_here_comes_back_too(page: Any) -> None:
    images = np.array(page.evaluate(SAMPLES))
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
    samples = page.evaluate("fishbookInk.samples")
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
    empty = "fishbookInk.toMnist(new Float32Array(100), 10, 10)"
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
    assert np.isclose(probabilities(page, image).sum(), 1)


def test_a_single_pixel_fills_the_box(page: Any) -> None:
    script = "[...fishbookInk.toMnist([0, 0, 0, 0.5, 0, 0], 3, 2)]"
    image = np.array(page.evaluate(script)).reshape(28, 28)
    assert (image > 0).sum() == 400
    assert np.isclose(image.max(), 0.5)


@pytest.mark.parametrize("scale", [10, 5])
def test_mnist_is_read_through_the_canvas(page: Any, scale: int) -> None:
    images, labels = mnist(100)
    inputs = np.array(evaluate(page, THROUGH, images, scale, 0, 0))
    for kind in NETWORKS:
        assert accuracy(probabilities(page, inputs, kind), labels) >= 0.9, kind


@every_network
def test_the_samples_are_recognized(page: Any, kind: str) -> None:
    outputs = probabilities(page, np.array(page.evaluate(SAMPLES)), kind)
    assert outputs.argmax(axis=1).tolist() == list(range(10))
    assert outputs.max(axis=1).min() > 0.9
