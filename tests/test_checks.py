"""What comes in: one policy for kinds, values, shapes and NaN, in short words."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fishbook import checks, functions, gradients, networks, perceptron
from fishbook.checks import (
    amount,
    came,
    count,
    decided,
    flags,
    floats,
    labels,
    number,
    paired,
    rows,
    scores,
    share,
)

Call = Callable[..., Any]
KINDS = ["1", None, [1j], [[1], [2, 3]], {}, np.ma.masked_array([1.0], [True])]
NAN = float("nan")


@pytest.mark.parametrize("bad", KINDS, ids=repr)
@pytest.mark.parametrize(
    "use",
    [
        functions.step_function,
        functions.sigmoid,
        functions.relu,
        functions.softmax,
        lambda v: functions.softmax_loss(v, 0),
        lambda v: functions.softmax_loss([1.0, 2.0], v),
        lambda v: functions.cross_entropy_error([0.5, 0.5], v),
        lambda v: functions.sum_squared_error(v, [1.0]),
        lambda v: gradients.numerical_gradient(np.sum, v),
        lambda v: gradients.gradient_descent(np.sum, v),
        lambda v: gradients.numerical_diff(np.sin, v),
        lambda v: perceptron.fires(v, [1.0], 0.0),
        lambda v: perceptron.fires([1.0], v, 0.0),
        lambda v: perceptron.fires([1.0], [1.0], v),
        lambda v: perceptron.gate(v, 0.0),
        lambda v: perceptron.perceptron_train(v, [1]),
        lambda v: networks.accuracy(v, [1]),
        lambda v: networks.accuracy([[1.0, 2.0]], v),
        lambda v: networks.forward(networks.init_network(), v),
        lambda v: networks.SimpleNet().predict(v),
    ],
)
def test_the_wrong_kind_of_thing_is_a_type_error_everywhere(
    use: Call, bad: Any
) -> None:
    with pytest.raises(TypeError, match=r"got .* but want"):
        use(bad)


@pytest.mark.parametrize(
    "use",
    [
        lambda: functions.step_function([1.0, NAN]),
        lambda: perceptron.AND(NAN, 1),
        lambda: perceptron.fires([1.0], [NAN], 0),
        lambda: perceptron.gate([1.0], NAN),
        lambda: perceptron.perceptron_train([[NAN]], [1]),
        lambda: networks.accuracy([[NAN, NAN]], [0]),
        lambda: networks.accuracy([[1.0, 2.0]], [NAN]),
        lambda: labels([NAN], (1, 3)),
        lambda: gradients.gradient_descent(np.sum, [1.0], lr=NAN),
    ],
)
def test_nothing_is_decided_by_nan(use: Call) -> None:
    with pytest.raises(ValueError, match=r"nan"):
        use()


@pytest.mark.parametrize(
    "function",
    [
        functions.sigmoid,
        functions.sigmoid_grad,
        functions.tanh_grad,
        functions.relu,
        functions.relu_grad,
        functions.identity_function,
    ],
)
def test_nan_goes_through_a_computation(function: Call) -> None:
    y = function([NAN, 1.0])
    assert np.isnan(y[0])
    assert not np.isnan(y[1])


@pytest.mark.parametrize(
    "use",
    [
        lambda v: floats("x", v, shape=(3,)),
        lambda v: rows("x", v, 3),
        lambda v: labels(v, (None, 10)),
        lambda v: decided("x", v * NAN),
        lambda v: functions.cross_entropy_error(v, np.full(60_000, 9)),
        lambda v: functions.sum_squared_error(v, v[:-1]),
    ],
)
def test_a_message_is_short_however_large_the_array(use: Call) -> None:
    with pytest.raises(ValueError, match=r"got ") as caught:
        use(np.full(60_000, 10.5))
    assert len(str(caught.value)) < 250


def test_a_long_list_of_text_is_not_quoted_whole() -> None:
    with pytest.raises(TypeError) as caught:
        floats("x", ["a"] * 60_000)
    assert len(str(caught.value)) < 250


def test_what_came_is_told_with_shape_kind_and_excerpt() -> None:
    assert (
        came("x", np.arange(9.0))
        == "got x of shape (9,), float64, [0.0, 1.0, 2.0, 3.0]"
    )
    assert came("x", np.array(3)) == came("x", 3) == "got x = 3"


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_stay_themselves(dtype: Any) -> None:
    x = np.ones(3, dtype)
    assert floats("x", x) is x
    assert floats("x", [True, False]).dtype == np.float64
    assert floats("x", x.astype(np.uint8)).dtype == np.float64


def test_rows_and_scores_have_their_shapes() -> None:
    assert rows("x", [1, 2], 2).shape == (2,)
    assert rows("x", [[1, 2]], 2).shape == (1, 2)
    for bad in (1.0, [], [1, 2, 3], np.ones((1, 1, 2)), np.ones((0, 2))):
        with pytest.raises(ValueError, match=r"\(N, 2\)"):
            rows("x", bad, 2)
    for nothing in (1.0, [], np.ones((2, 0))):
        with pytest.raises(ValueError, match="scores of shape"):
            scores("a", nothing)


def test_labels_come_as_numbers_or_one_hot() -> None:
    for t in ([2, 0], [2.0, 0.0], np.eye(3)[[2, 0]], np.uint8([2, 0])):
        got = labels(t, (2, 3))
        assert got.tolist() == [2, 0]
        assert got.dtype == np.intp
    assert labels(2, (3,)).tolist() == labels([0, 0, 1], (3,)).tolist() == [2]
    assert labels([], (None, 3)).shape == (0,)


@pytest.mark.parametrize(
    "t",
    [
        [0.5, 1],
        [0, 3],
        [-1, 0],
        np.int8([-1, 0]),
        [NAN, 0],
        [[1, 1, 0], [0, 0, 1]],
        [[0.5, 0.5, 0]] * 2,
    ],
    ids=repr,
)
def test_labels_that_are_none_are_refused(t: Any) -> None:
    with pytest.raises(ValueError, match="want"):
        labels(t, (2, 3))
    with pytest.raises(ValueError, match="want"):
        networks.accuracy(np.ones((2, 3)), t)


def test_numbers_have_limits() -> None:
    assert number("h", np.float32(0.5), above=0) == 0.5
    assert number("h", np.array(2)) == 2
    assert np.isnan(number("loss", NAN))
    for bad in (0, -1, NAN, np.inf, [1.0]):
        with pytest.raises(ValueError, match="h"):
            number("h", bad, above=0)
    with pytest.raises(ValueError, match="fraction"):
        number("fraction", 1, above=0, below=1)


def test_counts_are_whole() -> None:
    assert count("n", np.int64(3)) == 3
    for bad in (-1, 1.5, np.inf, NAN):
        with pytest.raises(ValueError, match="n"):
            count("n", bad)
    with pytest.raises(TypeError, match="n"):
        count("n", "3")


def test_flags_are_no_folders() -> None:
    flags(normalize=True, flatten=np.bool_(False), one_hot_label=0)
    with pytest.raises(TypeError, match=r"normalize = '/data'.*path="):
        flags(normalize="/data")


def test_samples_go_in_pairs() -> None:
    x, t = paired([[1], [2]], [0, 1])
    assert (x.shape, t.shape) == ((2, 1), (2,))
    for bad in ([0], 3):
        with pytest.raises(ValueError, match="want one for each sample"):
            paired([[1], [2]], bad)
    with pytest.raises(TypeError, match="same length"):
        paired([[1], [2, 3]], [0, 1])


def test_no_module_keeps_guards_of_its_own() -> None:
    for module in (functions, gradients, networks, perceptron):
        names = {n for n in vars(module) if n.startswith("_") and n[1] != "_"}
        assert names <= {"_of_right_class", "_slopes", "_gap", "_Stack"}
    assert not [n for n in vars(checks) if n.startswith("_") and n[1] != "_"]


def test_the_digits_need_no_xml_parser() -> None:
    import subprocess

    code = "import sys, fishbook.datasets; print('xml.sax' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("bad", [-0.1, 1, 1.5, NAN, float("inf")])
def test_a_share_is_from_0_to_less_than_1(bad: float) -> None:
    assert share("p", 0) == 0
    with pytest.raises(ValueError, match=r"got p = .* from 0 to less than 1"):
        share("p", bad)


@pytest.mark.parametrize("bad", [-0.1, NAN, float("inf")])
def test_an_amount_is_finite_and_not_negative(bad: float) -> None:
    assert amount("p", 0) == 0
    assert amount("p", np.float32(7)) == 7
    with pytest.raises(ValueError, match=r"got p = .* 0 or more"):
        amount("p", bad)
