"""The drawings: readable in both schemes, valid, the same each time."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

from fishbook.diagrams import (
    DARK,
    PALETTE,
    STYLE,
    Picture,
    beside,
    contrast,
    matrix,
    network,
    sign,
)

MINUS = "\N{MINUS SIGN}"
SVG = "{http://www.w3.org/2000/svg}"
GROUNDS = [("#ffffff", PALETTE), ("#1e2129", DARK)]
WORDS = ("ink", "muted", "blue", "orange", "green", "red", "purple")
SHADES = tuple(name for name in PALETTE if name.startswith("shade-"))


def xor_network() -> Picture:
    inputs, hidden = ["x_1", "x_2"], ["s_1", "s_2"]
    weights = dict.fromkeys(product(inputs, hidden), 0.5)
    return network(
        inputs,
        hidden,
        ["y"],
        weights=weights | dict.fromkeys(product(hidden, ["y"]), -0.5),
        bias={"s_1": 0.7, "s_2": -0.2, "y": -0.7},
        layers=["第 0 层 | Layer 0", "第 1 层 | Layer 1", "第 2 层 | Layer 2"],
        at=0.28,
        spread=1.4,
    )


def opened_network() -> Picture:
    inputs, sums, outputs = ["x_1", "x_2"], ["a_1", "a_2"], ["z_1", "z_2"]
    inside = list(zip(sums, outputs, strict=True))
    return network(
        inputs,
        sums,
        outputs,
        weights=dict.fromkeys(inside, "h()"),
        bias={"a_1": "b_1"},
        edges=[*product(inputs, sums), *inside],
        strong=[("x_1", "a_1")],
        frames=inside,
    )


PICTURES: dict[str, Callable[[], Picture]] = {
    "network": xor_network,
    "opened network": opened_network,
    "matrices": lambda: beside(
        matrix([[1, 2.5]], shades={(0, 1): "shade-blue"}, across=2),
        sign("<"),
        matrix([[""], ["y_1"]], down="轴 0 | axis 0", colours=("blue", "orange")),
    ),
}


def parse(picture: Picture) -> ET.Element:
    return ET.fromstring(picture._repr_svg_())


def texts(picture: Picture) -> list[str]:
    return ["".join(text.itertext()) for text in parse(picture).iter(f"{SVG}text")]


@pytest.mark.parametrize(("ground", "palette"), GROUNDS, ids=["light", "dark"])
def test_colours_stand_out(ground: str, palette: dict[str, str]) -> None:
    assert contrast(palette["faint"], ground) >= 3
    for word, behind in product(WORDS, (ground, *(palette[s] for s in SHADES))):
        assert contrast(palette[word], behind) >= 4.5, (word, behind)


def test_each_colour_has_one_name() -> None:
    assert list(PALETTE) == list(DARK) == [*WORDS, "faint", *SHADES]
    assert len({*PALETTE.values(), *DARK.values()}) == 2 * len(PALETTE)


def test_contrast_is_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#FFFFFF") == pytest.approx(4.54, abs=0.005)


def test_plots_use_the_palette_alone() -> None:
    matplotlib = pytest.importorskip("matplotlib")
    with matplotlib.rc_context(STYLE):
        import matplotlib.pyplot as plt

        figure, axes = plt.subplots()
        axes.plot([0, 1], label="a")
        axes.bar([0, 1], [1, 2])
        axes.set(xlabel="$x_1$", title="b")
        axes.grid()
        axes.legend()
        out = io.StringIO()
        figure.savefig(out, format="svg")
        plt.close(figure)
    found = set(re.findall("#[0-9a-f]{6}", out.getvalue()))
    assert found <= set(PALETTE.values())


@pytest.mark.parametrize("name", PICTURES)
def test_svg_is_sound(name: str) -> None:
    picture = PICTURES[name]()
    svg = picture._repr_svg_()
    root = ET.fromstring(svg)
    assert root.get("role") == "img"
    assert root.get("viewBox") == f"0 0 {root.get('width')} {root.get('height')}"
    assert {e.get(key) for e in root.iter() for key in ("fill", "stroke")} <= {
        None,
        "none",
        *PALETTE.values(),
    }
    assert not root.findall(".//*[@id]"), "ids of two pictures on a page could clash"
    assert not re.search(r"\d\.\d\d|nan|inf", re.sub("#[0-9a-f]+", "", svg))
    assert svg == PICTURES[name]()._repr_svg_()


def test_labels_are_all_there() -> None:
    shown = texts(xor_network())
    assert set(shown) >= {"x1", "x2", "s1", "s2", "y", "1", "0.7", f"{MINUS}0.2"}
    assert shown.count("0.5") == 4
    assert shown.count(f"{MINUS}0.5") == 2
    assert "第 1 层 | Layer 1" in shown


def test_math_labels() -> None:
    root = parse(network(["w_1"], ["AND"]))
    letter, index = next(root.iter(f"{SVG}text"))
    assert (letter.text, letter.get("font-style")) == ("w", "italic")
    assert (index.text, index.get("font-style")) == ("1", None)
    assert float(index.get("dy", 0)) > 0
    assert "baseline-shift" not in ET.tostring(root, "unicode")
    word = list(root.iter(f"{SVG}text"))[1]
    assert (word.text, len(word)) == ("AND", 0), "a word stays upright"


@pytest.mark.parametrize("picture", [xor_network, opened_network])
def test_no_label_touches_a_line(picture: Callable[[], Picture]) -> None:
    """Measured in the picture itself: every label keeps away from every line."""
    root = parse(picture())
    labels = [
        (float(text.get("x", 0)), float(text.get("y", 0)) - 5)
        for text in root.iter(f"{SVG}text")
    ]
    for path in root.iter(f"{SVG}path"):
        numbers = [float(n) for n in re.findall(r"-?[\d.]+", path.get("d", ""))]
        for x1, y1, x2, y2 in zip(*[iter(numbers)] * 4, strict=True):
            steps = [i / 50 for i in range(51)]
            points = [(x1 + s * (x2 - x1), y1 + s * (y2 - y1)) for s in steps]
            for (x, y), (left, top) in product(points, labels):
                assert abs(x - left) > 12 or abs(y - top) > 8


def test_strong_arrows_stand_out_and_frames_lie_inside() -> None:
    root = parse(opened_network())
    strokes = [path.get("stroke") for path in root.iter(f"{SVG}path")]
    assert [strokes.count(PALETTE[n]) for n in ("blue", "orange", "faint")] == [1, 1, 5]
    assert strokes[-1] == PALETTE["blue"], "drawn over the others"
    frames = list(root.iter(f"{SVG}rect"))
    assert len(frames) == 2
    assert all(float(frame.get("y", 0)) + 8 >= 0 for frame in frames)


def test_a_matrix_has_its_cells_in_the_middle() -> None:
    """So that the cells of pictures side by side are level."""
    plain, pointed = matrix([[1], [2]]), matrix([[1], [2]], across=1, down=2)
    for picture in (plain, pointed):
        tops = [float(r.get("y", 0)) for r in parse(picture).iter(f"{SVG}rect")]
        assert (min(tops) + max(tops) + 30) / 2 == pytest.approx(picture.height / 2)
    assert texts(pointed) == ["1", "2", "2", "1"]


def test_room_for_both_languages() -> None:
    one = sign("=")
    long = "很长很长很长很长的中文名称 | and a long English name"
    assert beside(one, titles=[long]).width > one.width + 100
    assert beside(one, one).width == pytest.approx(2 * one.width + 28)


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: network(["x"], ["x"]), "'x' twice.* want each once"),
        (lambda: network(["x"], ["y"], weights={("x", "z"): 1}), "'z'.* want one of"),
        (lambda: network(["x"], ["y"], strong=[("x", "x")]), "'x'.* want one of"),
        (lambda: network(["x"], ["y"], bias={"x": 1}), "bias for 'x'.* want one of"),
        (lambda: contrast("white", "#000000"), "'white'.* want one such as"),
    ],
)
def test_wrong_input_is_explained(draw: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draw()


def test_importing_needs_no_matplotlib() -> None:
    code = "import sys, fishbook.diagrams; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_picture_is_named_in_a_line_and_saved_as_it_shows(tmp_path: Path) -> None:
    picture = xor_network()
    assert repr(picture) == f"Picture(width={picture.width}, height={picture.height})"
    picture.save(tmp_path / "xor.svg")
    assert (tmp_path / "xor.svg").read_text(encoding="utf-8") == picture._repr_svg_()
