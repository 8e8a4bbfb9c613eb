"""Convolution and pooling: equal to loops, to the textbook, to PyTorch."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
import textbook
from hypothesis import given, settings
from hypothesis import strategies as st
from test_im2col import cases

from fishbook.convolutions import WAYS, Filters, find_way
from fishbook.gradients import check_layer
from fishbook.layers import (
    AveragePooling,
    Convolution,
    GlobalAveragePooling,
    Pooling,
    Relu,
)

NEAR = {"rtol": 1e-10, "atol": 1e-10}


def numbers(shape: tuple[int, ...], seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape)


def in_other_orders(x: Any) -> list[Any]:
    """Return the same numbers in other orders of memory."""
    innermost = np.ascontiguousarray(x.transpose(2, 3, 0, 1)).transpose(2, 3, 0, 1)
    return [np.asfortranarray(x), x[:, ::-1].copy()[:, ::-1], innermost]


def conv2d_naive(x: Any, W: Any, b: Any, stride: int, pad: int) -> Any:
    """Return the convolution by loops over each number of the output."""
    FN, _, FH, FW = W.shape
    x = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    OH, OW = ((n - f) // stride + 1 for n, f in zip(x.shape[2:], (FH, FW), strict=True))
    y = np.zeros((len(x), FN, OH, OW))
    for n, f, i, j in product(*map(range, y.shape)):
        top, left = stride * i, stride * j
        window = x[n, :, top : top + FH, left : left + FW]
        y[n, f, i, j] = np.sum(window * W[f]) + b[f]
    return y


# Convolution


@pytest.mark.parametrize("way", [None, *WAYS])
@pytest.mark.parametrize(("stride", "pad"), [(1, 0), (1, 1), (2, 0), (2, 2), (3, 1)])
def test_a_convolution_is_that_of_the_loops(
    stride: int, pad: int, way: str | None
) -> None:
    x, W, b = numbers((2, 3, 7, 8)), numbers((4, 3, 3, 3), 1), numbers((4,), 2)
    asked = Filters(W, b, (stride, stride), (pad, pad))
    if way and not WAYS[way].fits(asked, x.shape):
        return
    layer = Convolution(W, b, stride, pad, way)
    y, near = conv2d_naive(x, W, b, stride, pad), 1e-12 if way == "im2col" else 1e-9
    np.testing.assert_allclose(layer.forward(x), y, rtol=0, atol=near)
    assert max(check_layer(layer, x).values()) < 1e-7


def test_a_convolution_by_hand() -> None:
    x = [[3, 1, 0, 2], [1, 2, 4, 0], [0, 1, 3, 1], [2, 0, 1, 2]]
    w = [[1.0, 0, -1], [2, 0, -2], [1, 0, -1]]
    y = Convolution([[w]], [3.0]).forward([[x]])
    np.testing.assert_allclose(y, [[[[-3, 6], [-5, 3]]]], atol=1e-12)
    padded = Convolution([[w]], [0.0], pad=1).forward([[x]])[0, 0]
    same = [[-4, 3, 0, 4], [-6, -6, 3, 11], [-4, -8, 0, 11], [-1, -1, -4, 5]]
    np.testing.assert_allclose(padded, same, atol=1e-12)


@given(case=cases(), filters=st.integers(1, 4), order=st.integers(0, 2))
@settings(deadline=None, max_examples=50)
def test_convolution_agrees_with_pytorch(case: Any, filters: int, order: int) -> None:
    torch = pytest.importorskip("torch")
    shape, FH, FW, stride, pad = case
    W, b = numbers((filters, shape[1], FH, FW), 1), numbers((filters,))
    arrays = numbers(shape), W, b
    theirs = [torch.tensor(v, requires_grad=True) for v in arrays]
    y = torch.nn.functional.conv2d(*theirs, stride, pad)
    dout = numbers(tuple(y.shape), 3)
    y.backward(torch.tensor(dout))
    x = in_other_orders(arrays[0])[order]
    layer = Convolution(W, b, stride, pad, way="im2col")
    np.testing.assert_allclose(layer.forward(x), y.detach().numpy(), **NEAR)
    mine = layer.backward(in_other_orders(dout)[order]), layer.dW, layer.db
    for ours, other in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(ours, other.grad.numpy(), **NEAR)


def test_convolution_agrees_with_the_textbook() -> None:
    x, W, b = numbers((2, 3, 7, 7)), numbers((4, 3, 3, 3), 1), numbers((4,), 2)
    ours, theirs = Convolution(W, b, 2, 1), textbook.Convolution(W, b, 2, 1)
    y = theirs.forward(x)
    np.testing.assert_allclose(ours.forward(x), y, **NEAR)
    dout = numbers(y.shape, 3)
    np.testing.assert_allclose(ours.backward(dout), theirs.backward(dout), **NEAR)
    np.testing.assert_allclose(ours.dW, theirs.dW, **NEAR)
    np.testing.assert_allclose(ours.db, theirs.db, **NEAR)


def test_a_convolution_holds_its_filters_and_learns_without_dx() -> None:
    W, b, x = numbers((2, 1, 3, 3)), np.zeros(2), numbers((2, 1, 5, 5), 1)
    layer = Convolution(W, b)
    assert layer.params["W"] is layer.W is W
    assert layer.params["b"] is layer.b is b
    before = layer.forward(x)
    dout = numbers(before.shape, 2)
    layer.backward(dout)
    grads = dict(layer.grads)
    assert grads["W"] is layer.dW
    layer.forward(x)
    assert layer.learn(dout) is None
    np.testing.assert_array_equal(layer.dW, grads["W"])
    np.testing.assert_array_equal(layer.grads["b"], grads["b"])
    W *= 2
    np.testing.assert_allclose(layer.forward(x), 2 * before)


def test_what_a_convolution_gives_stays_as_it_was() -> None:
    layer = Convolution(numbers((2, 3, 3, 3)), np.zeros(2), pad=1)
    x, other = numbers((2, 3, 6, 6)), numbers((2, 3, 6, 6), 1)
    y = layer.forward(x)
    dx, dW = layer.backward(np.ones_like(y)), layer.dW
    kept = y.copy(), dx.copy(), dW.copy()
    layer.backward(layer.forward(other))
    for now, then in zip((y, dx, dW), kept, strict=True):
        np.testing.assert_array_equal(now, then)


def test_an_impossible_convolution_is_named() -> None:
    layer = Convolution(np.ones((2, 3, 5, 3)), np.zeros(2))
    with pytest.raises(ValueError, match="a window of 5 for an input of 4 with 0 "):
        layer.forward(np.ones((1, 3, 4, 4)))
    with pytest.raises(ValueError, match=r"want images of shape \(N, 3, H, W\)"):
        layer.forward(np.ones((1, 2, 8, 8)))
    with pytest.raises(ValueError, match=r"want shape \(2,\)"):
        Convolution(np.ones((2, 3, 5, 3)), np.zeros(3))
    with pytest.raises(ValueError, match="want shape"):
        Convolution(np.ones((3, 5, 3)), np.zeros(3))


def test_a_way_is_found_by_its_name_or_by_what_fits() -> None:
    where = Filters(np.ones((2, 3, 4, 4)), np.zeros(2), (2, 3), (0, 1)), (1, 3, 9, 9)
    assert find_way("im2col", *where) is WAYS["im2col"]
    assert find_way(None, *where).fits(*where)
    layer = Convolution(np.ones((2, 3, 1, 1)), np.zeros(2), way="guess")
    with pytest.raises(ValueError, match="got way = 'guess', but want None, im2col"):
        layer.forward(np.ones((1, 3, 4, 4)))


# Pooling


@pytest.mark.parametrize("size", [(2, 2, 2, 0), (3, 2, 1, 0), (3, 3, 2, 1)])
def test_a_floor_of_zero_is_a_relu_before_the_pooling(size: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(-2, 3, size=(4, 3, 8, 8)).astype(float)  # ties, zeros, all below
    relu, pool, both = Relu(), Pooling(*size), Pooling(*size)
    y = pool.forward(relu.forward(x))
    np.testing.assert_array_equal(both.forward(x, floor=0.0), y)
    dout = rng.normal(size=y.shape)
    wanted = relu.backward(pool.backward(dout))
    np.testing.assert_array_equal(both.backward(dout), wanted)


def test_pooling_by_hand() -> None:
    x = [[[[1, 3, 2, 1], [4, 6, 5, 0], [7, 2, 9, 8], [0, 1, 3, 4]]]]
    layer = Pooling(2, 2)
    np.testing.assert_array_equal(layer.forward(x)[0, 0], [[6, 5], [7, 9]])
    dx = layer.backward([[[[1, 2], [3, 4]]]])[0, 0]
    rows = [[0, 0, 0, 0], [0, 1, 2, 0], [3, 0, 4, 0], [0, 0, 0, 0]]
    np.testing.assert_array_equal(dx, rows)
    mean = AveragePooling(2, 2).forward(x)[0, 0]
    np.testing.assert_array_equal(mean, [[3.5, 2.0], [2.5, 6.0]])
    assert GlobalAveragePooling().forward(x) == np.mean(x)


def test_windows_follow_each_other_by_themselves() -> None:
    assert Pooling(2, 2).forward(np.ones((1, 1, 4, 4))).shape == (1, 1, 2, 2)
    assert Pooling(2, 2, stride=1).forward(np.ones((1, 1, 4, 4))).shape == (1, 1, 3, 3)


def test_the_padding_of_a_maximum_never_wins() -> None:
    x = np.full((1, 1, 3, 3), -1.0)
    np.testing.assert_array_equal(Pooling(3, 3, 3, 1).forward(x), -1)
    y = Pooling(2, 2, 2, 1).forward(np.full((1, 1, 28, 28), -1.0))
    assert y.shape == (1, 1, 15, 15)
    np.testing.assert_array_equal(y, -1)
    assert Pooling(2, 2, 3, 1).forward(np.ones((1, 1, 5, 5))).shape == (1, 1, 2, 2)


@pytest.mark.parametrize("size", [(2, 2, 2), (3, 3, 1), (2, 3, 2)])
def test_the_first_of_equals_wins(size: tuple[int, int, int]) -> None:
    layer = Pooling(*size)
    y = layer.forward(np.zeros((1, 1, 6, 6)))
    dx = layer.backward(np.ones_like(y))[0, 0]
    firsts = np.zeros((6, 6))
    firsts[: y.shape[2] * size[2] : size[2], : y.shape[3] * size[2] : size[2]] = 1
    np.testing.assert_array_equal(dx, firsts)


@given(case=cases(), ties=st.booleans(), order=st.integers(0, 2))
@settings(deadline=None, max_examples=50)
def test_pooling_agrees_with_pytorch(case: Any, ties: bool, order: int) -> None:
    torch = pytest.importorskip("torch")
    (N, *shape), FH, FW, stride, (ph, pw) = case
    pad = min(ph, FH // 2), min(pw, FW // 2)  # PyTorch wants no more
    x = numbers((N + 1, *shape))
    if shape[1] + 2 * pad[0] < FH or shape[2] + 2 * pad[1] < FW:
        return
    x = np.round(x) if ties else x
    for kind, function in (
        (Pooling, torch.nn.functional.max_pool2d),
        (AveragePooling, torch.nn.functional.avg_pool2d),
    ):
        theirs = torch.tensor(x, requires_grad=True)
        y = function(theirs, (FH, FW), stride, pad)
        dout = numbers(tuple(y.shape), 3)
        y.backward(torch.tensor(dout))
        layer: Any = kind(FH, FW, stride, pad)
        mine = layer.forward(in_other_orders(x)[order])
        np.testing.assert_allclose(mine, y.detach().numpy(), **NEAR)
        dx = layer.backward(in_other_orders(dout)[order])
        np.testing.assert_allclose(dx, theirs.grad.numpy(), **NEAR)


@pytest.mark.parametrize("shape", [(2, 3, 4, 4), (2, 3, 5, 7)])
@pytest.mark.parametrize("ties", [False, True])
def test_pooling_agrees_with_the_textbook(shape: tuple[int, ...], ties: bool) -> None:
    x = np.round(numbers(shape)) if ties else numbers(shape)
    for size in [(2, 2, 2), (3, 3, 1), (3, 2, 2), (1, 1, 1)]:
        ours, theirs = Pooling(*size), textbook.Pooling(*size)
        y = theirs.forward(x)
        np.testing.assert_array_equal(ours.forward(x), y)
        dout = numbers(y.shape, 3)
        np.testing.assert_allclose(ours.backward(dout), theirs.backward(dout), **NEAR)


def test_global_averages_agree_with_pytorch() -> None:
    torch = pytest.importorskip("torch")
    x, dout = numbers((2, 3, 4, 5)), numbers((2, 3), 1)
    theirs = torch.tensor(x, requires_grad=True)
    y = torch.nn.functional.adaptive_avg_pool2d(theirs, 1)[:, :, 0, 0]
    y.backward(torch.tensor(dout))
    layer = GlobalAveragePooling()
    np.testing.assert_allclose(layer.forward(x), y.detach().numpy(), **NEAR)
    np.testing.assert_allclose(layer.backward(dout), theirs.grad.numpy(), **NEAR)
    with pytest.raises(ValueError, match="at least one pixel"):
        layer.forward(np.ones((2, 3, 0, 5)))


def test_each_channel_is_pooled_for_itself() -> None:
    x = numbers((1, 3, 6, 6))
    y = Pooling(2, 2).forward(x)
    other = x.copy()
    other[:, 1] += 100
    again = Pooling(2, 2).forward(other)
    np.testing.assert_array_equal(again[:, ::2], y[:, ::2])
    assert (again[:, 1] > y[:, 1] + 90).all()


@pytest.mark.parametrize("kind", [Pooling, AveragePooling])
def test_an_impossible_pooling_is_named(kind: Any) -> None:
    with pytest.raises(ValueError, match="a window of 3 for an input of 2 with 0 "):
        kind(3, 3).forward(np.ones((1, 1, 2, 2)))
    with pytest.raises(ValueError, match="less than the window, 2 by 2"):
        kind(2, 2, 2, 2)
    with pytest.raises(ValueError, match="pool size"):
        kind(0, 2)
    with pytest.raises(ValueError, match="want images of shape"):
        kind(2, 2).forward(np.ones((4, 4)))


@pytest.mark.parametrize("kind", [Relu, Pooling, AveragePooling])
def test_the_order_of_memory_stays(kind: Any) -> None:
    x = in_other_orders(numbers((2, 3, 6, 8)))[-1]
    layer = kind() if kind is Relu else kind(2, 2)
    y = layer.forward(x)
    dx = layer.backward(np.ones_like(y))
    for made in (y, dx):
        assert np.argsort(made.strides).tolist() == np.argsort(x.strides).tolist()


def test_a_window_of_one_gives_an_array_of_its_own() -> None:
    x = numbers((1, 2, 3, 3))
    for layer in (Pooling(1, 1, 1), AveragePooling(1, 1, 1)):
        y = layer.forward(x)
        np.testing.assert_array_equal(y, x)
        dout = np.ones_like(y)
        dx = layer.backward(dout)
        assert not np.shares_memory(y, x)
        assert not np.shares_memory(dx, dout)
