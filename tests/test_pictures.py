"""Pictures of training: near enough passes; another shape, place or curve is caught."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from books import book_of, python

from fishbook.loom.apart import Runner
from fishbook.loom.blocks import Within
from fishbook.loom.curves import Frame, near
from fishbook.loom.pictures import svg_difference

TWO = Within("2%")
CODE = """\
import matplotlib.pyplot as plt
import numpy as np

x = np.arange(0, 10.01, {step})
y = 2 * np.exp(-x / 3)
fig, ax = plt.subplots(figsize=(6, 3))
ax.plot(x, {y}, color="#1a5fb4", marker="{marker}", label="{label}")
ax.fill_between(x, 0, {fill}, alpha=0.3)
ax.scatter([2, 4], [0.5, {dot}])
ax.bar([8], [{bar}])
ax.set(xlim=(0, 10), ylim=(0, {top}), yticks=[0, 1, 2])
ax.legend()
{more}"""
USUAL = {
    "step": 0.5,
    "y": "y",
    "marker": "",
    "label": "loss",
    "fill": "y / 4",
    "dot": 0.5,
    "bar": 0.5,
    "top": 2,
    "more": "",
}


@pytest.fixture(scope="module")
def draw() -> Iterator[Callable[[str], str]]:
    """Give what draws a block's picture, in one process for all."""
    book = book_of(python("1"))

    def drawn(code: str) -> str:
        result = runner.run(book_of(python(code)).pages[0].cells[0])
        assert result.svg, result.trace
        return result.svg

    with Runner(book, book.pages[0]) as runner:
        yield drawn


@pytest.fixture(scope="module")
def plot(draw: Callable[[str], str]) -> Callable[..., str]:
    """Give what draws a picture of training, all but what is changed as usual."""
    return lambda **changed: draw(CODE.format(**{**USUAL, **changed}))


@pytest.fixture(scope="module")
def shown(plot: Callable[..., str]) -> str:
    """Give the picture on the page."""
    return plot()


INSIDE = [
    {"y": "y + 0.039"},
    {"y": "y - 0.039"},
    {"y": "np.where(x == 5, y + 0.03, y)"},
    {"fill": "y / 4 + 0.039"},
    {"dot": 0.539},
    {"bar": 0.539},
    {"step": 0.25},
]
"""Two per cent of the axes' height is 0.04."""
OUTSIDE = [
    {"y": "y + 0.041"},
    {"y": "y - 0.041"},
    {"y": "np.where(x == 9, y + 0.06, y)"},
    {"y": "2 - y"},
    {"y": "np.minimum(y, 1)"},
    {"y": "y + 0.1 * np.sin(6 * x)"},
    {"y": "np.where(x > 9, np.nan, y)"},
    {"y": "y + 5"},
    {"fill": "y / 4 + 0.05"},
    {"dot": 0.541},
    {"dot": 0.459},
    {"bar": 0.541},
    {"top": 2.1},
    {"top": 2.01},
    {"label": "Loss"},
    {"marker": "o"},
    {"more": "ax.plot([0, 9], [1, 1])"},
    {"more": "ax.lines[0].remove()"},
    {"more": "ax.lines[0].set_color('#1a5fb5')"},
    {"more": "ax.lines[0].set_linestyle('--')"},
    {"more": "ax.set_title('loss')"},
    {"more": "ax.set_xticks([0, 5.01, 10])"},
    {"more": "ax.set_yticks([0, 1, 2], ['0', '1', '3'])"},
]


@pytest.mark.parametrize("changed", INSIDE, ids=str)
def test_what_lies_within_the_share_passes(
    plot: Callable[..., str], shown: str, changed: dict[str, object]
) -> None:
    drawn = plot(**changed)
    assert svg_difference(shown, drawn), "without a share it is a difference"
    assert svg_difference(shown, drawn, TWO) == ""
    assert svg_difference(drawn, shown, TWO) == ""


@pytest.mark.parametrize("changed", OUTSIDE, ids=str)
def test_what_lies_outside_the_share_is_caught(
    plot: Callable[..., str], shown: str, changed: dict[str, object]
) -> None:
    drawn = plot(**changed)
    assert svg_difference(shown, drawn, TWO)
    assert svg_difference(drawn, shown, TWO)


def test_limits_that_follow_the_data_are_named_as_the_fault(
    draw: Callable[[str], str],
) -> None:
    code = "import matplotlib.pyplot as plt\n\nplt.plot([1, 2, {}])"
    said = svg_difference(draw(code.format(3)), draw(code.format(3.03)), TWO)
    assert said.endswith(
        "; only what is inside the axes may shift: set their limits and ticks"
    )


def test_a_curve_elsewhere_is_no_fault_of_the_axes(
    plot: Callable[..., str], shown: str
) -> None:
    assert "set their limits" not in svg_difference(shown, plot(y="y + 5"), TWO)


def test_long_words_are_cut_where_a_difference_is_named() -> None:
    tag = "<svg><text>{}</text></svg>".format
    fits, cut = "a" * 60, "b" * 61
    said = svg_difference(tag(fits), tag(cut))
    assert said == f"'{fits}' on the page, '{cut[:57]}…' drawn"


@pytest.mark.parametrize("words", ["0.5{}", 'r="0.5{}"'])
def test_numbers_in_words_are_compared_to_the_letter(words: str) -> None:
    svg = f'<svg><text x="1">{words}</text></svg>'
    assert svg_difference(svg.format(0), svg.format(1))
    assert svg_difference(svg.format(0), svg.format(1), TWO)


def test_what_stands_after_a_picture_is_a_difference() -> None:
    said = "2 tags and texts on the page, 1 drawn"
    assert svg_difference("<svg/>\nmore", "<svg/>\n") == said


def test_marks_may_shift_by_the_share(plot: Callable[..., str]) -> None:
    shown = plot(marker="o")
    assert svg_difference(shown, plot(marker="o", y="y + 0.039"), TWO) == ""
    assert svg_difference(shown, plot(marker="o", y="y + 0.041"), TWO)
    assert svg_difference(shown, plot(marker="o", step=0.25), TWO), "more marks"


def test_a_curve_of_many_points_may_be_simplified_otherwise(
    plot: Callable[..., str],
) -> None:
    noisy = "y + 5e-3 * np.random.default_rng({}).normal(size=x.size)".format
    shown, drawn = plot(step=0.01, y=noisy(0)), plot(step=0.01, y=noisy(1))
    assert shown.count("L") != drawn.count("L")
    assert svg_difference(shown, drawn, TWO) == ""
    assert svg_difference(shown, plot(step=0.01, y=f"{noisy(0)} - 0.06"), TWO)


def test_regions_may_have_their_borders_a_little_elsewhere(
    draw: Callable[[str], str],
) -> None:
    code = """\
import matplotlib.pyplot as plt
import numpy as np

x, y = np.meshgrid(np.linspace(-1, 1, 41), np.linspace(-1, 1, 41))
plt.contourf(x, y, x**2 + y**2, levels=[0, {}, 3], colors=["w", "k"])"""
    shown = draw(code.format(0.5))
    assert svg_difference(shown, draw(code.format(0.52)), TWO) == ""
    assert svg_difference(shown, draw(code.format(0.7)), TWO)


def test_the_pixels_of_a_sample_may_differ_by_the_share(
    draw: Callable[[str], str],
) -> None:
    code = (
        "import matplotlib.pyplot as plt\n\nplt.imshow([[0, 1], [1, {}]], cmap='gray')"
    )
    shown = draw(code.format(0))
    assert svg_difference(shown, draw(code.format(0.015)))
    assert svg_difference(shown, draw(code.format(0.015)), TWO) == ""
    assert svg_difference(shown, draw(code.format(0.03)), TWO)


def test_a_picture_without_axes_is_compared_as_ever() -> None:
    svg = '<svg><path d="M 0 0 L 9 {}"/></svg>'
    assert svg_difference(svg.format(9), svg.format(9.1), TWO)


def test_bent_paths_are_followed_and_odd_ones_are_not_near() -> None:
    frame, tag = Frame(0, 0, 100, 100), '<path d="{}"/>'
    bow = tag.format("M 0 0 Q 50 100 100 0")
    assert near(bow, tag.format("M 0 0 C 33.3 66.7 66.7 66.7 100 0"), frame, 0.02)
    assert not near(bow, tag.format("M 0 0 L 100 0"), frame, 0.02)
    assert not near(bow, tag.format("M 0 0 A 5 5 0 0 1 9 9"), frame, 0.02)
    assert not near(bow, tag.format(""), frame, 0.02)
    assert near(
        tag.format("M 0 0 L 9 0 L 9 9 z"),
        tag.format("M 0 0 L 9 0 L 9 9 L 0 0"),
        frame,
        0.02,
    )


ARCH = "M 0 0 L 10 18 L 20 32 L 30 42 L 40 48 L 50 50 L 60 48 L 70 42 L 80 32 L 90 18"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("M 0 0 Q 50 100 100 0", f"{ARCH} L 100 0", True),
        ("M 0 0 Q 50 100 100 0", f"{ARCH} L 95 9", False),
        ("M 0 0 Q 25 50 50 0 75 50 99 0", "M 0 0 Q 25 50 50 0 Q 75 50 99 0", True),
        ("M 0 0 Q 25 50 50 0 75 50 99 0", "M 0 0 Q 25 50 50 0 Q 75 10 99 0", False),
        (
            "M 0 0 C 10 40 40 40 50 0 60 40 90 40 99 0",
            "M 0 0 C 10 40 40 40 50 0 C 60 40 90 40 99 0",
            True,
        ),
        ("M 0 9 L 0 99", "M 9 0 L 99 0", False),
        ("M 100 9 L 100 99", "M 9 100 L 99 100", False),
        ("M 150 9 L 150 99", "M 190 9 L 160 99", True),
        ("M 0 9 L 99 9", "M 0 10.9 L 50 10.9 L 99 10.9", True),
        ("M 0 9 L 99 9", "M 0 11.1 L 50 11.1 L 99 11.1", False),
        ("M 0 9 L 99 9", "M 1 9 L 98 9", True),
        ("M 0 9 L 99 9", "M 3 9 L 99 9", False),
        ("M 0 9 L 99 9", "M 0 9 L 96 9", False),
        ("M 0 9 L 99 9", "M 0 9 L 40 9 M 60 9 L 99 9", False),
        ("M 0 9 L 99 9", "M 0 9 L 99 9 M 50 50 L 50.1 50", False),
        ("M 0 9 L 99 9", "M 0 9 L 99 9 M 50 50 z", False),
        ("M 0 9 L 99 9", "M 0 11 L 99 11", True),
        ("M 0 9 L 99 9", "", False),
    ],
)
def test_a_path_is_near_another_all_along(one: str, other: str, same: bool) -> None:
    frame, tags = Frame(0, 0, 100, 100), [f'<path d="{way}"/>' for way in (one, other)]
    assert near(*tags, frame, 0.02) is same
    assert near(*reversed(tags), frame, 0.02) is same


def test_a_mark_has_one_place_in_the_frame() -> None:
    frame, tag = Frame(50, 50, 100, 200), '<use x="{}" y="{}"/>'.format
    assert near(tag(60, 60), tag(62, 64), frame, 0.02)
    assert not near(tag(60, 60), tag(62.1, 60), frame, 0.02)
    assert not near(tag(60, 60), tag(60, 64.1), frame, 0.02)
    half = '<use x="60"/>'
    assert not near(half, tag(60, 60), frame, 0.02)
    assert not near(tag(60, 60), half, frame, 0.02)
    assert not near(half, '<use x="61"/>', frame, 0.02)


def test_a_place_outside_the_frame_is_not_looked_at() -> None:
    frame, tag = Frame(0, 0, 100, 100), '<path d="M 0 50 L 150 50 L {} {}"/>'
    assert near(tag.format(150, 900), tag.format(190, 400), frame, 0.02)
    assert not near(tag.format(150, 900), tag.format(50, 90), frame, 0.02)
