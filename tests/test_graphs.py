"""Graphs of computations: their numbers are those computed, and nothing crosses."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from itertools import combinations

import numpy as np
import pytest
from sites import BOOK

from fishbook.autograd import Tensor
from fishbook.diagrams import Picture, graph
from fishbook.diagrams.sayings import shares, written
from fishbook.loom.blocks import Figure
from fishbook.loom.site.figures import put

SVG = "{http://www.w3.org/2000/svg}"
PHONE = 358
"""Pixels for a figure on a screen of 390."""


def bill() -> Tensor:
    total = Tensor(100.0, "苹果 | apple") * Tensor(2.0, "count") * Tensor(1.1, "tax")
    total.name = "L"
    total.backward()
    return total


def fruit() -> Tensor:
    apples = Tensor(100.0, "apple") * Tensor(2.0, "count")
    oranges = Tensor(150.0, "orange") * Tensor(3.0, "count")
    total = (apples + oranges) * Tensor(1.1, "tax")
    total.backward()
    return total


def square() -> Tensor:
    z = (Tensor(1.0, "x") + Tensor(2.0, "y")) ** 2
    z.backward()
    return z


def sigmoid() -> Tensor:
    y = 1 / (1 + (-Tensor(1.0, "x")).exp())
    y.backward()
    return y


def softmax_with_loss() -> Tensor:
    exps = Tensor(np.array([0.3, 2.9, 4.0]), "a").exp()
    target = Tensor(np.array([0.0, 1.0, 0.0]), "t")
    target.constant = True
    loss = -(target * (exps * (1 / exps.sum())).log()).sum()
    loss.backward()
    return loss


def affine() -> Tensor:
    x, W = Tensor(np.ones((4, 2)), "X"), Tensor(np.ones((2, 3)), "W")
    y = x @ W + Tensor(np.ones(3), "b")
    y.backward(np.ones((4, 3)))
    return y


def used_twice() -> Tensor:
    x = Tensor(3.0, "x")
    z = x * Tensor(2.0, "y") + x
    z.backward()
    return z


def squared_by_itself() -> Tensor:
    x = Tensor(3.0, "x")
    z = x * x
    z.backward()
    return z


MADE: list[Callable[[], Tensor]] = [
    bill,
    fruit,
    square,
    sigmoid,
    softmax_with_loss,
    affine,
    used_twice,
    squared_by_itself,
]
each = pytest.mark.parametrize("made", MADE)
both_ways = pytest.mark.parametrize("down", [False, True])


def elements(picture: Picture, tag: str) -> list[ET.Element]:
    return list(ET.fromstring(picture._repr_svg_()).iter(SVG + tag))


def texts(picture: Picture) -> list[str]:
    return ["".join(e.itertext()) for e in elements(picture, "text")]


def words(picture: Picture) -> list[str]:
    return [element.text or "" for element in elements(picture, "desc")]


def edges(picture: Picture) -> Iterator[tuple[complex, complex]]:
    """Yield the straight parts of what leads forward."""
    for path in elements(picture, "path"):
        if path.get("stroke-width") == "1.6":
            numbers = re.findall(r"-?[\d.]+", path.get("d", ""))
            yield tuple(map(complex, *[iter(map(float, numbers))] * 2))  # type: ignore[misc]


def cross(one: tuple[complex, complex], other: tuple[complex, complex]) -> bool:
    """Return whether two lines cross within both."""

    def side(line: tuple[complex, complex], point: complex) -> float:
        way, off = line[1] - line[0], point - line[0]
        return way.real * off.imag - way.imag * off.real

    parts = side(one, other[0]) * side(one, other[1])
    return parts < -1 and side(other, one[0]) * side(other, one[1]) < -1


# What is drawn


@each
@both_ways
def test_each_number_is_one_that_was_computed(
    made: Callable[[], Tensor], down: bool
) -> None:
    result = made()
    tape = [value for value in result.tape() if not value.constant]
    drawn = texts(graph(result, down=down))
    for value in tape:
        for numbers in (value.data, value.grad):
            for line in written(numbers, column=down).split("\n"):
                assert line in drawn
    signs = {"apple", "count", "orange", "tax", "×", "+", "L"}
    known = {
        line
        for value in tape
        for numbers in (value.data, value.grad, *shares(value))
        if numbers is not None
        for line in written(numbers, column=down).split("\n")
    }
    figures = [t for t in drawn if re.fullmatch(r"[(\N{MINUS SIGN}\d][^×+÷]*", t)]
    assert set(figures) - signs - known - {"( )²"} == set()


@each
@both_ways
def test_no_two_edges_cross(made: Callable[[], Tensor], down: bool) -> None:
    lines = list(edges(graph(made(), down=down)))
    assert len(lines) > 1
    assert [pair for pair in combinations(lines, 2) if cross(*pair)] == []


@each
@both_ways
def test_no_edge_goes_through_a_node(made: Callable[[], Tensor], down: bool) -> None:
    picture = graph(made(), down=down)
    for box in elements(picture, "rect"):
        x, y, wide, tall = (float(box.get(k, 0)) for k in ("x", "y", "width", "height"))
        for start, end in edges(picture):
            points = [start + (end - start) * share for share in np.linspace(0, 1, 50)]
            inside = [
                p
                for p in points
                if x + 4 < p.real < x + wide - 4 and y + 4 < p.imag < y + tall - 4
            ]
            assert inside == []


def test_crossing_lines_would_be_seen() -> None:
    assert cross((0j, 10 + 10j), (10j, 10 + 0j))


@each
@both_ways
def test_labels_stand_apart(made: Callable[[], Tensor], down: bool) -> None:
    anchors = {"start": 0.0, "middle": 0.5, "end": 1.0}
    boxes = []
    for element in elements(graph(made(), down=down), "text"):
        size = float(element.get("font-size", 0))
        wide = size * 0.5 * len("".join(element.itertext()))
        left = (
            float(element.get("x", 0)) - wide * anchors[element.get("text-anchor", "")]
        )
        top = float(element.get("y", 0)) - size * 0.75
        boxes.append((left, top, left + wide, top + size * 0.78))
    for (a, b, c, d), (e, f, g, h) in combinations(boxes, 2):
        assert not (a < g and e < c and b < h and f < d)


def test_before_backward_there_are_values_alone() -> None:
    total = Tensor(100.0, "apple") * Tensor(2.0, "count")
    assert texts(graph(total)) == ["apple", "count", "×", "100", "2", "200"]
    assert len(elements(graph(total), "polygon")) == 3


def test_plain_numbers_and_constants_stand_in_the_node() -> None:
    x = Tensor(4.0, "x")
    drawn = texts(graph(1 / (3 - x**2 * 2)))
    assert {"( )²", "× 2", "3 \N{MINUS SIGN}", "1 ÷"} <= set(drawn)
    assert "t ×" in texts(graph(softmax_with_loss()))


def test_what_comes_back_to_a_value_used_twice_adds_up() -> None:
    result = used_twice()
    x, y = (v for v in result.tape() if v.name)
    drawn = texts(graph(result))
    assert (drawn.count("1"), drawn.count("2")) == (3, 2), "both ways, and y itself"
    back = [float(s) for value in result.tape()[2:] for s in shares(value)]
    assert sorted(back) == [1.0, 1.0, 2.0, 3.0]
    assert x.grad == 1.0 + 2.0
    assert y.grad == 3.0


def test_shares_of_what_was_broadcast_have_its_shape() -> None:
    product, summed = affine().parents[0], affine()
    assert product.grad.shape == (4, 3)
    assert [share.shape for share in shares(summed)] == [(4, 3), (3,)]


def test_what_is_folded_is_a_cloud() -> None:
    rest = Tensor(1500.0) + Tensor(2500.0)
    rest.name = "rest"
    drawn = graph(rest + Tensor(200.0, "apples"), folded=[rest])
    assert "1500" not in texts(drawn)
    assert len(elements(drawn, "ellipse")) == 5
    assert "rest 4000" in words(drawn)[0]


def test_symbols_can_take_the_place_of_numbers() -> None:
    z = Tensor(1.0, "x") + Tensor(2.0, "y")
    z.name = "z"
    drawn = graph(z, over=lambda v: v.name, under=lambda v: f"d{v.name}")
    assert {"dx", "dy", "dz"} < set(texts(drawn))
    assert words(drawn) == []


# What is said


def test_the_alternative_text_says_the_computation_and_its_derivatives() -> None:
    zh, en = words(graph(bill()))[0].split(" | ")
    assert en == (
        "A graph. Inputs: apple 100, count 2, tax 1.1. Steps: 100 × 2 = 200,"
        " 200 × 1.1 = 220. Derivatives: apple 2.2, count 110, tax 200, L 1"
    )
    assert zh.endswith("导数：苹果 2.2，count 110，tax 200，L 1")


def test_steps_go_forward_node_by_node_and_backward_in_reverse() -> None:
    said = [text.split(" | ")[1] for text in words(graph(bill(), steps=True))[1:]]
    assert said == [
        "The inputs",
        "Forward: 100 × 2 = 200",
        "Forward: 200 × 1.1 = 220",
        "Backward from the result: its derivative with respect to itself is 1",
        "Back through ×: 1 arrives; handed on: 1 × 1.1 = 1.1, 1 × 200 = 200",
        "Back through ×: 1.1 arrives; handed on: 1.1 × 2 = 2.2, 1.1 × 100 = 110",
    ]
    last = words(graph(used_twice(), steps=True))[-1]
    assert last.endswith("where the paths part, they add up to 3")


@each
def test_steps_change_nothing_that_is_seen_in_the_end(
    made: Callable[[], Tensor],
) -> None:
    assert texts(graph(made(), steps=True)) == texts(graph(made()))


def test_only_a_figure_with_steps_is_marked_for_the_script() -> None:
    image = '<img alt="a" src="figures/a.svg" />'
    stepped = put(image, lambda _: graph(bill(), steps=True)._repr_svg_())
    plain = put(image, lambda _: graph(bill())._repr_svg_())
    assert 'class="figure stepped"' in stepped
    assert "stepped" not in plain


# In the book


def drawn_graphs() -> list[tuple[str, Figure, ET.Element, list[str]]]:
    """Return the book's figures that say what they show, and what they say."""
    found = []
    for page in BOOK.pages:
        for block in page.blocks:
            if isinstance(block, Figure):
                path = BOOK.root / page.path.parent / block.path
                root = ET.fromstring(path.read_text(encoding="utf-8"))
                steps = {id(desc) for desc in root.iterfind(f".//{SVG}g[@class]/*")}
                descs = [d for d in root.iter(f"{SVG}desc") if id(d) not in steps]
                said = [desc.text or "" for desc in descs]
                found += [(f"{page.path}:{block.line}", block, root, said)]
    return [entry for entry in found if entry[-1]]


def numbers(text: str) -> set[str]:
    return set(re.findall(r"\d+(?:\.\d+)?", text))


def test_alternative_texts_are_what_the_computations_say() -> None:
    """As the tool has it, or in an author's words, with no number of their own."""
    figures = drawn_graphs()
    assert len(figures) > 5
    for place, figure, root, said in figures:
        written = f"{figure.alt.zh} | {figure.alt.en}"
        if written.startswith("计算图。"):
            assert [written] == said, f"{place}: write {said[0]}"
        known = numbers(" ".join([*said, *root.itertext()]))
        for alt in (figure.alt.zh, figure.alt.en):
            assert numbers(alt) <= known, f"{place}: {said}"


def test_graphs_can_be_read_on_a_phone() -> None:
    for place, _, root, _ in drawn_graphs():
        shrunk = min(1, PHONE / float(root.get("width", 0)))
        sizes = [float(text.get("font-size", 0)) for text in root.iter(f"{SVG}text")]
        assert min(sizes) * shrunk >= 11, place
