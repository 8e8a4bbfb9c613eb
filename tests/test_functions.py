"""Activation, output and loss functions: values, shapes, limits, known mistakes."""

from __future__ import annotations

import inspect
import itertools
import warnings
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from fishbook import checks, datasets, functions, gradients, networks, perceptron
from fishbook.functions import (
    cross_entropy_error,
    identity_function,
    log_softmax,
    mean_squared_error,
    relu,
    relu_grad,
    sigmoid,
    sigmoid_grad,
    softmax,
    softmax_loss,
    step_function,
    sum_squared_error,
    tanh_grad,
)

Function = Callable[..., Any]
ELEMENTWISE: list[Function] = [
    identity_function,
    relu,
    relu_grad,
    sigmoid,
    sigmoid_grad,
    step_function,
    tanh_grad,
]
Y1 = [0.1, 0.05, 0.6, 0.0, 0.05, 0.1, 0.0, 0.1, 0.0, 0.0]
Y2 = [0.1, 0.05, 0.1, 0.0, 0.05, 0.1, 0.0, 0.6, 0.0, 0.0]
TWO = [0, 0, 1, 0, 0, 0, 0, 0, 0, 0]


def floats(size: float = 1e3) -> st.SearchStrategy[float]:
    return st.floats(-size, size)


def tables(size: float = 1e3) -> st.SearchStrategy[Any]:
    return arrays(
        np.float64, array_shapes(min_dims=1, max_dims=3), elements=floats(size)
    )


@pytest.fixture(autouse=True)
def _no_warning() -> Any:
    """Let no overflow and no division by zero pass unseen."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.mark.parametrize(
    ("function", "wanted"),
    [
        (sigmoid, [0.26894142, 0.73105858, 0.88079708]),
        (sigmoid_grad, [0.19661193, 0.19661193, 0.10499359]),
        (step_function, [0, 1, 1]),
        (relu, [0, 1, 2]),
        (relu_grad, [0, 1, 1]),
        (tanh_grad, [0.41997434, 0.41997434, 0.07065082]),
        (identity_function, [-1, 1, 2]),
    ],
)
def test_an_activation_gives_the_known_values(function: Function, wanted: Any) -> None:
    np.testing.assert_allclose(function([-1.0, 1.0, 2.0]), wanted, atol=5e-9)


@pytest.mark.parametrize("function", ELEMENTWISE)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3), (2, 3, 4)])
def test_an_activation_keeps_the_shape(function: Function, shape: Any) -> None:
    assert np.shape(function(np.ones(shape))) == shape


@pytest.mark.parametrize("function", ELEMENTWISE)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_an_activation_keeps_the_kind_of_float(function: Function, dtype: Any) -> None:
    kind = function(np.ones(3, dtype)).dtype
    assert kind == (np.dtype(int) if function is step_function else dtype)


@pytest.mark.parametrize("function", ELEMENTWISE)
def test_an_activation_takes_integers_as_floats(function: Function) -> None:
    np.testing.assert_array_equal(function([-2, 0, 3]), function([-2.0, 0.0, 3.0]))


@pytest.mark.parametrize("function", [*ELEMENTWISE, softmax, log_softmax])
def test_the_argument_is_left_alone(function: Function) -> None:
    x = np.array([[-2.0, 0.0, 3.0]])
    kept = x.copy()
    x.flags.writeable = False
    function(x)
    np.testing.assert_array_equal(x, kept)


@pytest.mark.parametrize("function", [*ELEMENTWISE, softmax, log_softmax])
@pytest.mark.parametrize("bad", ["1", None, [1j], [[1], [2, 3]], {}], ids=repr)
def test_what_is_no_number_is_refused(function: Function, bad: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"got .* but want"):
        function(bad)


@pytest.mark.parametrize("function", [step_function, relu_grad])
def test_zero_counts_as_not_positive(function: Function) -> None:
    """The step and the slope of ReLU at 0 are 0, everywhere in the book."""
    assert function(0.0) == function(-0.0) == 0


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_sigmoid_never_overflows(dtype: Any) -> None:
    y = sigmoid(np.array([-np.inf, -6e4, -100, 0, 100, 6e4, np.inf], dtype))
    np.testing.assert_array_equal(y[[0, 1, 3, 5, 6]], [0, 0, 0.5, 1, 1])
    assert y.dtype == dtype


@pytest.mark.parametrize(
    ("dtype", "limit"), [(np.float16, 11.1), (np.float32, 88.8), (np.float64, 709.8)]
)
def test_the_plain_formula_does_overflow(dtype: Any, limit: float) -> None:
    """Else the stable form would not be needed."""
    x = dtype(limit)
    with pytest.raises(RuntimeWarning, match="overflow"):
        1 / (1 + np.exp(x))
    assert sigmoid(-x) < 1e-4


@given(tables())
def test_the_sigmoid_has_its_symmetries(x: Any) -> None:
    np.testing.assert_allclose(1 - sigmoid(x), sigmoid(-x), atol=1e-15)
    np.testing.assert_allclose(np.tanh(x), 2 * sigmoid(2 * x) - 1, atol=1e-15)
    assert (sigmoid_grad(x) <= 0.25).all()


@pytest.mark.parametrize(
    ("function", "slope"),
    [(sigmoid, sigmoid_grad), (np.tanh, tanh_grad), (relu, relu_grad)],
)
def test_a_slope_is_the_limit_of_differences(function: Any, slope: Function) -> None:
    x = np.random.default_rng(0).normal(scale=2, size=200)
    x = x[np.abs(x) > 1e-3]
    differences = (function(x + 1e-5) - function(x - 1e-5)) / 2e-5
    np.testing.assert_allclose(slope(x), differences, atol=1e-9)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_sigmoid_has_one_numerator_for_each_sign(dtype: Any) -> None:
    x = np.random.default_rng(5).normal(scale=9, size=1000).astype(dtype)
    e = np.exp(-np.abs(x))
    np.testing.assert_array_equal(sigmoid(x), np.where(x >= 0, 1, e) / (1 + e))


def test_without_an_activation_layers_collapse_into_one() -> None:
    rng = np.random.default_rng(1)
    x, w1, w2 = (rng.normal(size=s) for s in [(5, 4), (4, 3), (3, 2)])
    b1, b2 = rng.normal(size=3), rng.normal(size=2)
    one = x @ (w1 @ w2) + (b1 @ w2 + b2)
    np.testing.assert_allclose((x @ w1 + b1) @ w2 + b2, one)
    assert not np.allclose(sigmoid(x @ w1 + b1) @ w2 + b2, one)


def test_softmax_gives_the_known_values() -> None:
    wanted = [0.01821127, 0.24519181, 0.73659691]
    np.testing.assert_allclose(softmax([0.3, 2.9, 4.0]), wanted, atol=5e-9)
    big = [9.99954600e-01, 4.53978686e-05, 2.06106005e-09]
    np.testing.assert_allclose(softmax([1010, 1000, 990]), big, rtol=1e-8)


@given(tables())
def test_softmax_rows_are_positive_and_sum_to_one(a: Any) -> None:
    y = softmax(a)
    np.testing.assert_allclose(y.sum(axis=-1), 1, atol=1e-12)
    assert (y >= 0).all()


@given(tables())
def test_softmax_keeps_the_place_of_the_maximum(a: Any) -> None:
    picked = np.take_along_axis(a, softmax(a).argmax(axis=-1)[..., None], axis=-1)
    np.testing.assert_allclose(picked[..., 0], a.max(axis=-1), rtol=1e-12, atol=1e-12)


@given(tables(), floats())
def test_softmax_stands_a_constant_added(a: Any, c: float) -> None:
    np.testing.assert_allclose(softmax(a + c), softmax(a), atol=1e-9)


@given(tables(1e4))
def test_softmax_treats_each_row_on_its_own(a: Any) -> None:
    """A sum or a maximum over the whole array would mix the rows."""
    rows = a.reshape(-1, a.shape[-1])
    for row, y in zip(rows, softmax(rows), strict=True):
        np.testing.assert_allclose(softmax(row), y, rtol=1e-12)


def test_a_large_row_does_not_silence_the_others() -> None:
    y = softmax([[0.3, 2.9, 4.0], [1010, 1000, 990]])
    np.testing.assert_allclose(y.sum(axis=1), 1)
    np.testing.assert_allclose(y[0], softmax([0.3, 2.9, 4.0]))


@given(tables(30))
def test_log_softmax_is_the_logarithm_of_softmax(a: Any) -> None:
    np.testing.assert_allclose(np.exp(log_softmax(a)), softmax(a), atol=1e-12)


def test_log_softmax_is_exact_where_softmax_is_zero() -> None:
    assert softmax([0.0, 1000.0])[0] == 0
    np.testing.assert_array_equal(log_softmax([0.0, 1000.0]), [-1000, 0])


@pytest.mark.parametrize("function", [softmax, log_softmax])
@pytest.mark.parametrize("bad", [1.0, [], np.ones((2, 0))], ids=repr)
def test_scores_without_a_class_are_refused(function: Function, bad: Any) -> None:
    with pytest.raises(ValueError, match=r"want scores of shape"):
        function(bad)


def test_the_squared_error_is_half_a_sum() -> None:
    assert sum_squared_error(Y1, TWO) == pytest.approx(0.0975)
    assert sum_squared_error(Y2, TWO) == pytest.approx(0.5975)
    assert mean_squared_error(Y1, TWO) == sum_squared_error(Y1, TWO)


def test_the_squared_error_does_not_grow_with_the_batch() -> None:
    y, t = [0.6, 0.3, 0.1], [0.2, 0.5, 0.3]
    one = sum_squared_error(y, t)
    assert sum_squared_error([y] * 5, [t] * 5) == pytest.approx(one)


@pytest.mark.parametrize(
    ("y", "t"),
    [([0.1, 0.9], 1), ([0.1, 0.9], [1]), ([[0.1, 0.9]], [0, 1]), (0.5, 0.5)],
    ids=repr,
)
def test_the_squared_error_refuses_other_shapes(y: Any, t: Any) -> None:
    with pytest.raises(ValueError, match="want"):
        sum_squared_error(y, t)


def test_cross_entropy_gives_the_known_values() -> None:
    assert cross_entropy_error(Y1, TWO) == pytest.approx(0.510825457099338)
    assert cross_entropy_error(Y2, TWO) == pytest.approx(2.302584092994546)
    assert cross_entropy_error(Y1, TWO, eps=0) == pytest.approx(0.5108256237659907)
    assert cross_entropy_error([1.0, 0.0], 1) == pytest.approx(16.11809565095832)


@pytest.mark.parametrize("label", range(3))
def test_no_class_is_free_and_none_counts_twice(label: int) -> None:
    """A label picks a probability; it is no factor."""
    y = np.full(3, 1 / 3)
    assert cross_entropy_error(y, label, eps=0) == pytest.approx(np.log(3))


def test_labels_and_one_hot_rows_give_the_same_loss() -> None:
    rng = np.random.default_rng(2)
    for n, k in itertools.product([1, 3, 10], [1, 3, 10]):
        a = rng.normal(size=(n, k))
        labels = rng.integers(k, size=n)
        for loss, y in [(cross_entropy_error, softmax(a)), (softmax_loss, a)]:
            wanted = np.mean([loss(row, t) for row, t in zip(y, labels, strict=True)])
            assert loss(y, labels) == pytest.approx(wanted)
            assert loss(y, np.eye(k)[labels]) == pytest.approx(wanted)
            assert loss(y, np.eye(k, dtype=int)[labels]) == pytest.approx(wanted)


def test_whole_floats_are_labels_too() -> None:
    """As they come out of a table of numbers."""
    y = softmax(np.random.default_rng(2).normal(size=(4, 3)))
    assert cross_entropy_error(y, [0.0, 1.0, 2.0, 0.0]) == cross_entropy_error(
        y, [0, 1, 2, 0]
    )


def test_only_the_probabilities_that_count_are_looked_at() -> None:
    """N numbers are checked, not N times K."""
    assert cross_entropy_error([[1.0, 7.0]], [0], eps=0) == 0
    with pytest.raises(ValueError, match="want probabilities"):
        cross_entropy_error([[1.0, 7.0]], [1])


def test_known_batches() -> None:
    y = [[0.1, 0.7, 0.2], [0.8, 0.1, 0.1]]
    assert cross_entropy_error(y, [1, 2]) == pytest.approx(1.3296, abs=1e-4)
    assert cross_entropy_error(y, [0, 0]) == pytest.approx(1.2629, abs=1e-4)
    assert cross_entropy_error([Y1, Y2], [2, 2]) == pytest.approx(1.406704775046942)
    assert cross_entropy_error([Y1, Y2], [7, 7]) == pytest.approx(1.406704775046942)


@pytest.mark.parametrize("loss", [cross_entropy_error, softmax_loss])
def test_a_loss_is_a_mean(loss: Function) -> None:
    """Twice the same batch is no worse than once."""
    y, t = softmax(np.random.default_rng(3).normal(size=(4, 5))), [0, 1, 2, 4]
    assert loss(np.tile(y, (2, 1)), t * 2) == pytest.approx(loss(y, t))


def test_the_exact_loss_has_no_ceiling() -> None:
    assert softmax_loss([0.0, 1000.0], 0) == 1000
    assert softmax_loss([0.0, 1000.0], 1) == 0
    assert softmax_loss(np.zeros(10), 3) == pytest.approx(np.log(10))


@pytest.mark.parametrize("loss", [cross_entropy_error, softmax_loss])
@pytest.mark.parametrize(
    ("shape", "t"),
    [
        ((4, 3), np.zeros((4, 1), int)),
        ((4, 3), np.zeros(3, int)),
        ((4, 3), np.full(4, 0.5)),
        ((4, 3), np.full(4, np.nan)),
        ((4, 3), 0),
        ((4, 3), np.zeros((3, 4))),
        ((4, 3), [0, 1, 2, 3]),
        ((4, 3), [0, 1, 2, -1]),
        ((3,), [0]),
        ((3,), 3),
        ((3,), 1.5),
        ((1,), [0, 0]),
    ],
    ids=repr,
)
def test_labels_that_do_not_fit_are_refused(loss: Function, shape: Any, t: Any) -> None:
    """A column of labels, say, must not be gathered into a table without a word."""
    with pytest.raises((TypeError, ValueError), match="want"):
        loss(softmax(np.zeros(shape)), t)


def test_a_zero_slope_does_not_mean_that_nothing_changes() -> None:
    """At a minimum the update is zero; moving still raises the loss."""
    w, h = 0.0, 1e-3
    assert ((w + h) ** 2 - (w - h) ** 2) / (2 * h) == 0
    assert (w + h) ** 2 > w**2


MODULES = [checks, datasets, functions, gradients, networks, perceptron]


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.__name__)
def test_the_first_line_of_a_docstring_says_all(module: Any) -> None:
    """It is the only one that a page shows."""
    public = {
        f.__name__: inspect.getdoc(f) or ""
        for f in vars(module).values()
        if isinstance(f, FunctionType) and f.__module__ == module.__name__
    }
    first = {name: text.split("\n")[0] for name, text in public.items()}
    verbs = (
        "Return ",
        "Draw ",
        "Load ",
        "Learn ",
        "Split ",
        "Walk ",
        "Raise ",
        "Yield ",
    )
    assert first
    assert not {n: line for n, line in first.items() if not line.startswith(verbs)}
    assert not {n: line for n, line in first.items() if not line.endswith(".")}
