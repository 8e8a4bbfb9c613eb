"""Numerical derivatives and descent: exact enough, any shape, nothing left changed."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

from fishbook.functions import sigmoid, sigmoid_grad
from fishbook.gradients import (
    gradient_descent,
    numerical_diff,
    numerical_gradient,
    tangent_line,
)


def bowl(x: Any) -> float:
    return float(np.sum(np.asarray(x) ** 2))


def parabola(x: Any) -> Any:
    return 0.01 * x**2 + 0.1 * x


def test_known_slopes() -> None:
    assert numerical_diff(parabola, 5) == pytest.approx(0.1999999999990898, abs=1e-12)
    assert numerical_diff(parabola, 10) == pytest.approx(0.2999999999986347, abs=1e-12)
    assert isinstance(numerical_diff(parabola, 5), float)


@pytest.mark.parametrize(
    ("h", "central", "forward"),
    [(1e-1, 1.6e-4, 3.0e-3), (1e-2, 1.6e-6, 2.9e-4), (1e-4, 1.6e-10, 2.9e-6)],
)
def test_the_central_difference_errs_by_the_square_of_the_step(
    h: float, central: float, forward: float
) -> None:
    true = float(sigmoid_grad(0.5))
    error = abs(numerical_diff(lambda x: float(sigmoid(x)), 0.5, h) - true)
    assert error == pytest.approx(central, rel=0.05)
    one_sided = abs(float(sigmoid(0.5 + h) - sigmoid(0.5)) / h - true)
    assert one_sided == pytest.approx(forward, rel=0.05)


def test_a_step_too_small_sees_nothing() -> None:
    assert np.float32(1e-50) == 0
    assert numerical_diff(parabola, 5, h=1e-16) == 0


@pytest.mark.parametrize("h", [0, -1e-4, float("nan"), float("inf")])
def test_a_step_that_is_none_is_refused(h: float) -> None:
    with pytest.raises(ValueError, match="h"):
        numerical_diff(parabola, 5, h)
    with pytest.raises(ValueError, match="h"):
        numerical_gradient(bowl, np.ones(2), h)


def test_the_slope_at_many_places_comes_in_an_array() -> None:
    x = np.array([[0, 5], [10, 20]])
    slopes = numerical_diff(parabola, x)
    np.testing.assert_allclose(slopes, 0.02 * x + 0.1)
    np.testing.assert_allclose(numerical_diff(parabola, np.float32(x)), slopes)


@pytest.mark.parametrize("value", [np.ones(1), np.ones(3), [1.0, 2.0]], ids=repr)
def test_a_gradient_is_that_of_a_number(value: Any) -> None:
    x = np.array([3.0, 4.0])
    with pytest.raises(ValueError, match=r"got f\(x\) of shape|got f\(x\) ="):
        numerical_gradient(lambda _: value, x)
    np.testing.assert_array_equal(x, [3, 4])


def test_the_precision_of_small_floats_is_told() -> None:
    assert "float32" in (numerical_gradient.__doc__ or "")
    x = np.array([3.0, 4.0], np.float32)
    assert numerical_gradient(bowl, x).dtype == np.float64


def test_the_tangent_touches() -> None:
    line = tangent_line(parabola, 5)
    assert line(5) == pytest.approx(parabola(5))
    assert line(6) - line(5) == pytest.approx(0.2)
    np.testing.assert_allclose(line(np.array([5.0, 7.0])), [0.75, 1.15])


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 3, 4), (0,)])
def test_the_gradient_of_a_sum_of_squares_is_twice_the_array(shape: Any) -> None:
    x = np.random.default_rng(0).normal(size=shape)
    gradient = numerical_gradient(bowl, x)
    assert gradient.shape == shape
    assert gradient.dtype == np.float64
    np.testing.assert_allclose(gradient, 2 * x, atol=1e-8)


@pytest.mark.parametrize(
    ("x", "wanted"), [((3, 4), [6, 8]), ((0, 2), [0, 4]), ((3, 0), [6, 0])]
)
@pytest.mark.parametrize("kind", [list, np.array], ids=["list", "array"])
def test_whole_numbers_are_not_cut_off(x: Any, wanted: Any, kind: Any) -> None:
    np.testing.assert_allclose(numerical_gradient(bowl, kind(x)), wanted, atol=1e-8)


def test_the_array_itself_is_moved_and_put_back() -> None:
    """A layer reads its own array: a copy would make its gradient zero."""
    w = np.array([[1.0, -2.0], [0.5, 3.0]])
    kept = w.copy()
    gradient = numerical_gradient(lambda _: bowl(w), w)
    np.testing.assert_allclose(gradient, 2 * kept, atol=1e-8)
    np.testing.assert_array_equal(w, kept)


def test_the_array_is_put_back_when_the_function_fails() -> None:
    x = np.array([3.0, 4.0])

    def fails(p: Any) -> float:
        raise RuntimeError(f"at {p}")

    with pytest.raises(RuntimeError):
        numerical_gradient(fails, x)
    np.testing.assert_array_equal(x, [3.0, 4.0])


def test_views_and_other_memory_orders_are_restored_too() -> None:
    base = np.arange(12.0).reshape(3, 4)
    for view in (base[:, ::2], base.T, np.asfortranarray(base)):
        kept = view.copy()
        np.testing.assert_allclose(numerical_gradient(bowl, view), 2 * kept, atol=1e-7)
        np.testing.assert_array_equal(view, kept)


def test_an_array_that_cannot_be_written_is_refused_or_copied() -> None:
    x = np.array([3.0, 4.0])
    x.flags.writeable = False
    try:
        gradient = numerical_gradient(bowl, x)
    except ValueError as error:
        assert "read-only" in str(error) or "writ" in str(error)
    else:
        np.testing.assert_allclose(gradient, [6, 8], atol=1e-8)


def test_each_entry_costs_two_calls() -> None:
    calls = []
    numerical_gradient(lambda x: calls.append(1) or 0.0, np.zeros((3, 5)))
    assert len(calls) == 2 * 15


@pytest.mark.parametrize("bad", ["abc", [1j, 2], None], ids=repr)
def test_a_gradient_of_no_numbers_is_refused(bad: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="want"):
        numerical_gradient(bowl, bad)


def test_the_gradient_points_uphill() -> None:
    """It is the descent that goes against it."""
    rng = np.random.default_rng(4)
    for _ in range(50):
        x = rng.normal(size=3)

        def f(p: Any) -> float:
            return float(np.sin(p[0]) + p[1] * p[2] + bowl(p) / 3)

        step = 1e-4 * numerical_gradient(f, x)
        assert f(x + step) > f(x) > f(x - step)


def test_no_direction_is_steeper_than_the_gradients() -> None:
    x = np.array([3.0, 4.0])
    gradient = numerical_gradient(bowl, x)
    angles = np.linspace(0, 2 * np.pi, 361)
    slopes = gradient @ np.array([np.cos(angles), np.sin(angles)])
    assert slopes.max() <= np.linalg.norm(gradient) + 1e-12
    best = angles[slopes.argmax()]
    assert best == pytest.approx(np.arctan2(4, 3), abs=0.02)


@pytest.mark.parametrize(
    ("lr", "steps", "wanted"),
    [
        (0.1, 100, [-6.11110793e-10, 8.14814391e-10]),
        (0.1, 20, [-0.03458765, 0.04611686]),
        (0.01, 100, [-0.39785867, 0.53047822]),
        (1e-10, 100, [-2.99999994, 3.99999992]),
        (10, 100, [-2.58983747e13, -1.29524862e12]),
    ],
)
def test_known_descents(lr: float, steps: int, wanted: Any) -> None:
    got = gradient_descent(bowl, np.array([-3.0, 4.0]), lr=lr, step_num=steps)
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-9)


def test_a_rate_of_one_stays_as_far_away() -> None:
    got = gradient_descent(bowl, np.array([-3.0, 4.0]), lr=1.0, step_num=100)
    assert np.linalg.norm(got) == pytest.approx(5, abs=1e-6)


def test_the_descent_follows_its_closed_form() -> None:
    _, path = gradient_descent(bowl, [-3.0, 4.0], lr=0.1, step_num=20, history=True)
    assert path.shape == (21, 2)
    wanted = np.outer(0.8 ** np.arange(21), [-3, 4])
    np.testing.assert_allclose(path, wanted, atol=1e-9)


def test_the_start_is_left_where_it_was() -> None:
    start = np.array([-3.0, 4.0])
    first = gradient_descent(bowl, start, lr=0.1)
    np.testing.assert_array_equal(start, [-3, 4])
    assert first is not start
    np.testing.assert_array_equal(first, gradient_descent(bowl, start, lr=0.1))


def test_the_start_may_be_whole_numbers() -> None:
    got = gradient_descent(bowl, [-3, 4], lr=0.1, step_num=20)
    np.testing.assert_allclose(got, [-0.03458765, 0.04611686], atol=1e-8)


@pytest.mark.parametrize("steps", [-1, 1.5])
def test_a_number_of_steps_that_is_none_is_refused(steps: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="step_num"):
        gradient_descent(bowl, [1.0], step_num=steps)


@pytest.mark.parametrize("lr", [0, -0.1, float("nan"), float("inf")])
def test_a_learning_rate_that_is_none_is_refused(lr: float) -> None:
    with pytest.raises(ValueError, match="lr"):
        gradient_descent(bowl, [1.0], lr=lr)


def test_the_path_is_kept_only_when_asked_for() -> None:
    assert isinstance(gradient_descent(bowl, [1.0, 2.0]), np.ndarray)
    tracemalloc.start()
    try:
        gradient_descent(lambda _: 0.0, np.ones(500), step_num=50)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 25 * 500 * 8


def test_a_number_of_steps_may_come_out_of_an_array() -> None:
    (steps,) = np.array([20])
    got = gradient_descent(bowl, [-3.0, 4.0], lr=0.1, step_num=steps)
    np.testing.assert_allclose(got, [-0.03458765, 0.04611686], atol=1e-8)
