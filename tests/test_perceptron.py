"""The gates against their truth tables, against bad input, against known mistakes."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fishbook.perceptron import AND, NAND, OR, XOR, gate, perceptron_train, truth_table

ROWS = [(0, 0), (1, 0), (0, 1), (1, 1)]
TABLES: dict[Callable[..., int], list[int]] = {
    AND: [0, 0, 0, 1],
    NAND: [1, 1, 1, 0],
    OR: [0, 1, 1, 1],
    XOR: [0, 1, 1, 0],
}


def name_of(value: object) -> str:
    return getattr(value, "__name__", str(value))


@pytest.mark.parametrize("function", TABLES, ids=name_of)
@pytest.mark.parametrize("kind", [int, float, bool, np.float32, np.int8], ids=name_of)
def test_a_gate_gives_its_truth_table_as_ints(
    function: Callable[..., int], kind: Callable[[int], float]
) -> None:
    got = [function(kind(a), kind(b)) for a, b in ROWS]
    assert got == TABLES[function]
    assert all(type(y) is int for y in got)


@pytest.mark.parametrize("function", TABLES, ids=name_of)
def test_truth_table_has_the_books_order(function: Callable[..., int]) -> None:
    rows = [(*row, y) for row, y in zip(ROWS, TABLES[function], strict=True)]
    assert truth_table(function) == rows


@pytest.mark.parametrize("function", TABLES, ids=name_of)
@pytest.mark.parametrize("position", [0, 1])
def test_a_gate_refuses_nan_and_says_so(
    function: Callable[..., int], position: int
) -> None:
    inputs = [1.0, 1.0]
    inputs[position] = float("nan")
    with pytest.raises(ValueError, match=re.compile("nan", re.I)):
        function(*inputs)


@pytest.mark.parametrize("function", [AND, NAND, OR], ids=name_of)
@pytest.mark.parametrize("bad", ["1", None, [0, 1], np.array([0, 1])], ids=repr)
def test_a_gate_refuses_what_is_no_number(
    function: Callable[..., int], bad: object
) -> None:
    with pytest.raises((TypeError, ValueError)):
        function(bad, 1)


def test_a_gate_is_total_for_real_inputs() -> None:
    rng = np.random.default_rng(0)
    for x1, x2 in rng.normal(scale=10, size=(200, 2)):
        assert {AND(x1, x2), NAND(x1, x2), OR(x1, x2)} <= {0, 1}


def test_nand_is_not_a_not_gate() -> None:
    """NAND has two inputs and negates AND; NOT has one."""
    for x1, x2 in ROWS:
        assert NAND(x1, x2) == 1 - AND(x1, x2)
    invert = gate([-1.0], 0.5)
    assert [invert(0), invert(1)] == [1, 0]


def test_nand_negates_all_of_ands_parameters_and_or_changes_the_bias_alone() -> None:
    for x1, x2 in itertools.product(np.linspace(-1, 2, 13), repeat=2):
        s = 0.5 * x1 + 0.5 * x2
        if min(abs(s - 0.7), abs(s - 0.2)) < 1e-9:
            continue
        assert AND(x1, x2) == int(s > 0.7)
        assert NAND(x1, x2) == int(-s > -0.7)
        assert OR(x1, x2) == int(s > 0.2)


def test_no_gate_is_an_exclusive_or() -> None:
    weights = range(-20, 21)
    w1, w2, b = np.meshgrid(weights, weights, weights, indexing="ij")
    sums = [b + w1 * x1 + w2 * x2 for x1, x2 in ROWS]
    tables = sum((s > 0).astype(int) << k for k, s in enumerate(sums))
    counts = np.bincount(tables.ravel(), minlength=16)

    def count(table: list[int]) -> int:
        return int(counts[sum(y << k for k, y in enumerate(table))])

    assert count(TABLES[AND]) == 1540
    assert count(TABLES[NAND]) == 1330
    assert count(TABLES[OR]) == 2870
    assert count(TABLES[XOR]) == 0
    assert count([1, 0, 0, 1]) == 0
    assert np.count_nonzero(counts) == 14


@pytest.mark.parametrize(
    ("w", "b"),
    [([0.5, float("nan")], 0.0), ([0.5, 0.5], float("nan")), ([[1.0], [2.0]], 0.0)],
    ids=["nan weight", "nan bias", "matrix"],
)
def test_gate_refuses_bad_parameters(w: object, b: float) -> None:
    with pytest.raises(ValueError):
        gate(w, b)  # type: ignore[arg-type]


def test_a_perceptron_learns_and_shuffles_from_a_seed() -> None:
    x, t = ROWS, [0, 0, 0, 1]
    w, b, mistakes = perceptron_train(x, t)
    assert [int(w @ row + b > 0) for row in x] == t
    assert mistakes[-1] == 0
    one, two = (perceptron_train(x, t, shuffle=True, rng=0) for _ in range(2))
    assert one[2] == two[2]
    generator = np.random.default_rng(0)
    assert perceptron_train(x, t, shuffle=True, rng=generator)[2] == one[2]
    assert perceptron_train(x, t, rng=5)[2] == mistakes


@pytest.mark.parametrize(
    "wrong",
    [
        {"epochs": -5},
        {"epochs": 1.5},
        {"lr": 0},
        {"lr": float("nan")},
        {"t": [0, 0, 0, 2]},
    ],
    ids=repr,
)
def test_training_refuses_what_makes_no_sense(wrong: Any) -> None:
    arguments: Any = {"t": [0, 0, 0, 1], **wrong}
    with pytest.raises(ValueError, match=next(iter(wrong))):
        perceptron_train(ROWS, **arguments)


def test_a_gate_refuses_the_wrong_number_of_inputs() -> None:
    with pytest.raises((TypeError, ValueError)):
        gate([0.5, 0.5], -0.7)(1)
