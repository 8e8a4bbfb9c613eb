"""Layers: what all of them promise, and the derivatives of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fishbook.functions import relu, relu_grad, softmax, softmax_loss
from fishbook.gradients import check_layer, numerical_gradient, relative_error
from fishbook.layers import (
    AddLayer,
    Affine,
    AveragePooling,
    BatchNormalization,
    Convolution,
    Dropout,
    Flatten,
    GlobalAveragePooling,
    Layer,
    LocalResponseNormalization,
    MulLayer,
    Pooling,
    Relu,
    Sigmoid,
    SoftmaxWithLoss,
    Tanh,
)

Make = Callable[[Any], Any]


def affine(dtype: Any = np.float64, size: tuple[int, int] = (4, 3)) -> Affine:
    rng = np.random.default_rng(7)
    return Affine(rng.normal(size=size).astype(dtype), np.arange(size[1], dtype=dtype))


def batch_norm(dtype: Any = np.float64, size: int = 4, **given: Any) -> Any:
    gamma, beta = np.arange(1, size + 1, dtype=dtype), np.ones(size, dtype)
    return BatchNormalization(gamma, beta, **given)


def convolution(dtype: Any = np.float64, **given: Any) -> Convolution:
    rng = np.random.default_rng(7)
    W, b = rng.normal(size=(4, 3, 3, 2)), rng.normal(size=4)
    return Convolution(W.astype(dtype), b.astype(dtype), **given)


# A layer joins by being listed: how it is made for a dtype, and the shapes it takes
# when the first axis counts samples.
LAYERS: dict[str, tuple[Make, list[tuple[int, ...]]]] = {
    "Relu": (lambda dtype: Relu(), [(3, 4), (2, 3, 4, 5)]),
    "Sigmoid": (lambda dtype: Sigmoid(), [(3, 4), (2, 3, 4, 5)]),
    "Tanh": (lambda dtype: Tanh(), [(3, 4), (2, 3, 4, 5)]),
    "Affine": (affine, [(5, 4), (5, 1, 2, 2), (2, 3, 4)]),
    "Flatten": (lambda dtype: Flatten(), [(3, 4), (2, 3, 4, 5)]),
    "BatchNormalization": (batch_norm, [(3, 4), (2, 4, 3, 5)]),
    "Dropout": (lambda dtype: Dropout(0.3, rng=0), [(3, 4), (2, 3, 4, 5)]),
    "classic Dropout": (lambda dtype: Dropout(0.3, False, 0), [(3, 4), (2, 3, 4)]),
    "Convolution": (convolution, [(2, 3, 5, 4)]),
    "strided Convolution": (
        lambda dtype: convolution(dtype, stride=(2, 1), pad=(1, 2)),
        [(2, 3, 5, 4)],
    ),
    "Pooling": (lambda dtype: Pooling(2, 2), [(2, 3, 4, 4), (2, 3, 5, 7)]),
    "other Pooling": (lambda dtype: Pooling(3, 2, (2, 1), 1), [(2, 3, 5, 4)]),
    "AveragePooling": (lambda dtype: AveragePooling(3, 2, (2, 1), 1), [(2, 3, 5, 4)]),
    "LocalResponseNormalization": (
        lambda dtype: LocalResponseNormalization(alpha=0.5),
        [(2, 7, 3, 2), (2, 1, 3, 2)],
    ),
    "GlobalAveragePooling": (lambda dtype: GlobalAveragePooling(), [(2, 3, 5, 4)]),
}
EACH = [
    pytest.param(make, shape, id=f"{name}-{'x'.join(map(str, shape))}")
    for name, (make, shapes) in LAYERS.items()
    for shape in shapes
]
# Some layers take images alone.
ANY = [k for k, (_, shapes) in LAYERS.items() if any(len(s) == 2 for s in shapes)]
SINGLE = [pytest.param(LAYERS[name][0], id=name) for name in ANY]


def numbers(shape: tuple[int, ...], dtype: Any = np.float64, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("make", "shape"), EACH)
def test_what_every_layer_promises(
    make: Make, shape: tuple[int, ...], dtype: Any
) -> None:
    layer, x = make(dtype), numbers(shape, dtype)
    assert isinstance(layer, Layer)
    kept = {name: values.copy() for name, values in layer.params.items()}
    x.flags.writeable = False
    y = layer.forward(x, train=True)
    dout = np.broadcast_to(numbers(y.shape[1:], dtype, 1), y.shape)  # read-only
    dx = layer.backward(dout)
    assert dx.shape == x.shape
    assert y.dtype == dx.dtype == dtype
    assert layer.grads.keys() == layer.params.keys()
    for name, values in layer.params.items():
        np.testing.assert_array_equal(values, kept[name])
        assert layer.grads[name].shape == values.shape
        assert layer.grads[name].dtype == dtype
    assert len(layer.forward(x)) == len(x)


@pytest.mark.parametrize(("make", "shape"), EACH)
def test_a_layer_changes_nothing_that_it_is_given(
    make: Make, shape: tuple[int, ...]
) -> None:
    layer, x = make(float), numbers(shape)
    y = layer.forward(x)
    dout = numbers(y.shape, seed=1)
    layer.backward(dout)
    np.testing.assert_array_equal(x, numbers(shape))
    np.testing.assert_array_equal(dout, numbers(y.shape, seed=1))


@pytest.mark.parametrize(("make", "shape"), EACH)
def test_backward_is_linear_in_dout(make: Make, shape: tuple[int, ...]) -> None:
    layer, x = make(float), numbers(shape)

    def back(dout: Any) -> list[Any]:
        layer.forward(x)
        return [layer.backward(dout), *layer.grads.values()]

    one, two = (numbers(layer.forward(x).shape, seed=seed) for seed in (1, 2))
    for both, a, b in zip(back(3 * one - two), back(one), back(two), strict=True):
        np.testing.assert_allclose(both, 3 * a - b, atol=1e-12)


@pytest.mark.parametrize(("make", "shape"), EACH)
def test_one_backward_for_each_forward(make: Make, shape: tuple[int, ...]) -> None:
    layer, x = make(float), numbers(shape)
    dout = np.ones_like(make(float).forward(x))
    with pytest.raises(RuntimeError, match="call forward first"):
        layer.backward(dout)
    layer.forward(x)
    layer.backward(dout)
    with pytest.raises(RuntimeError, match=type(layer).__name__):
        layer.backward(dout)


@pytest.mark.parametrize(("make", "shape"), EACH)
def test_strides_make_no_difference(make: Make, shape: tuple[int, ...]) -> None:
    layer, x = make(float), numbers(shape)
    y = layer.forward(x)
    dout = numbers(y.shape, seed=1)
    dx, grads = layer.backward(dout), dict(layer.grads)
    np.testing.assert_array_equal(layer.forward(np.asfortranarray(x)[::-1][::-1]), y)
    np.testing.assert_allclose(layer.backward(np.asfortranarray(dout)), dx, 1e-12)
    for name, values in grads.items():
        np.testing.assert_allclose(layer.grads[name], values, 1e-12, 1e-12)


@pytest.mark.parametrize(("make", "shape"), EACH)
def test_no_samples_make_no_difference(make: Make, shape: tuple[int, ...]) -> None:
    layer, x = make(float), np.zeros((0, *shape[1:]))
    y = layer.forward(x)
    assert len(y) == 0
    assert layer.backward(y).shape == x.shape
    assert all((g == 0).all() for g in layer.grads.values())


@pytest.mark.parametrize("make", SINGLE)
def test_one_sample_is_a_row_of_its_own(make: Make) -> None:
    layer, x = make(float), numbers((4,))
    y = layer.forward(x)
    dout = numbers(y.shape, seed=1)
    dx, grads = layer.backward(dout), dict(layer.grads)
    np.testing.assert_allclose(layer.forward(x[None])[0], y, 1e-12)
    np.testing.assert_allclose(layer.backward(dout[None])[0], dx, 1e-12)
    for name, values in grads.items():
        assert values.shape == layer.params[name].shape
        np.testing.assert_allclose(values, layer.grads[name], 1e-12)


@pytest.mark.parametrize(("make", "shape"), EACH)
def test_what_is_not_numbers_or_does_not_fit_is_refused(
    make: Make, shape: tuple[int, ...]
) -> None:
    layer = make(float)
    with pytest.raises(TypeError, match="want real numbers"):
        layer.forward(np.full(shape, "1"))
    y = layer.forward(numbers(shape))
    with pytest.raises(ValueError, match=r"got dout of shape|reshape"):
        layer.backward(np.ones((*y.shape, 2)))


@pytest.mark.parametrize(("make", "shape"), EACH)
def test_whole_numbers_become_floats(make: Make, shape: tuple[int, ...]) -> None:
    whole = np.arange(np.prod(shape)).reshape(shape) - 3
    assert make(float).forward(whole.tolist()).dtype == np.float64


@pytest.mark.parametrize("make", [Relu, Sigmoid, Tanh])
def test_a_single_number_goes_through_an_activation(make: Any) -> None:
    for value in (1.5, np.float64(1.5), np.array(1.5)):
        layer = make()
        y = layer.forward(value)
        assert np.shape(y) == np.shape(layer.backward(np.array(2.0))) == ()


@pytest.mark.parametrize(("make", "shape"), EACH)
def test_derivatives_agree_with_differences(make: Make, shape: tuple[int, ...]) -> None:
    errors = check_layer(make(float), numbers(shape))
    assert errors.keys() == {"x", *make(float).params}
    assert max(errors.values()) < 1e-7


# Two inputs


def bill(amounts: Any) -> tuple[float, list[float]]:
    """Return the bill for two kinds of fruit, and its derivative by each amount."""
    price, number, other_price, other_number, tax = amounts
    first, second, both, taxed = MulLayer(), MulLayer(), AddLayer(), MulLayer()
    subtotals = first.forward(price, number), second.forward(other_price, other_number)
    total = float(taxed.forward(both.forward(*subtotals), tax))
    dboth, dtax = taxed.backward(1.0)
    dfirst, dsecond = both.backward(dboth)
    return total, [*first.backward(dfirst), *second.backward(dsecond), dtax]


def test_the_bill_and_its_derivatives() -> None:
    amounts = np.array([100, 2, 150, 3, 1.1])
    total, slopes = bill(amounts)
    assert total == pytest.approx(715, rel=1e-14)
    np.testing.assert_allclose(slopes, [2.2, 110, 3.3, 165, 650], rtol=1e-14)
    by_trying = numerical_gradient(lambda x: bill(x)[0], amounts)
    np.testing.assert_allclose(by_trying, slopes, rtol=1e-8)


def test_the_slope_by_tax_is_the_subtotal_not_the_total() -> None:
    total, slopes = bill([100, 2, 0, 0, 1.1])
    assert total == pytest.approx(220, rel=1e-14)
    np.testing.assert_allclose(slopes[:2], [2.2, 110], rtol=1e-14)
    assert slopes[4] == 200


@pytest.mark.parametrize("kind", [MulLayer, AddLayer])
def test_layers_of_two_inputs_keep_the_rules(kind: Any) -> None:
    layer, x, y = kind(), numbers((2, 3)), numbers((2, 3), seed=1)
    dout = numbers((2, 3), seed=2)
    for array in (x, y, dout):
        array.flags.writeable = False
    with pytest.raises(RuntimeError, match=f"{kind.__name__}.* call forward first"):
        layer.backward(dout)
    for _ in range(2):
        layer.forward(x, y)
        dx, dy = layer.backward(dout)
    sides = [(dx, lambda v: layer.forward(v, y)), (dy, lambda v: layer.forward(x, v))]
    for (got, f), at in zip(sides, (x, y), strict=True):
        slow = numerical_gradient(lambda v, f=f: np.sum(f(v) * dout), at.copy())
        np.testing.assert_allclose(got, slow, atol=1e-8)
    layer.forward(x, y)
    with pytest.raises(ValueError, match="got dout of shape"):
        layer.backward(dout[0])
    with pytest.raises(ValueError, match="got y of shape"):
        layer.forward(x, y[0])


# Each layer for itself


def test_relu_is_a_switch() -> None:
    layer = Relu()
    np.testing.assert_array_equal(layer.forward([[1, -0.5], [-2, 3]]), [[1, 0], [0, 3]])
    np.testing.assert_array_equal(layer.backward(np.ones((2, 2))), [[1, 0], [0, 1]])


def test_relu_beside_a_path_that_uses_dout_again() -> None:
    layer, dout = Relu(), np.ones((2, 2))
    layer.forward([[1, -0.5], [-2, 3]])
    np.testing.assert_array_equal(layer.backward(dout) + dout, [[2, 1], [1, 2]])


def test_the_slope_of_relu_at_0_is_0_everywhere() -> None:
    layer = Relu()
    layer.forward(np.zeros(1))
    assert layer.backward(np.ones(1)) == relu_grad(0) == relu(0) == 0


def test_sigmoid_and_tanh_far_out() -> None:
    x = np.array([-1000.0, 1000.0])
    for layer in (Sigmoid(), Tanh()):
        assert np.isfinite(layer.forward(x)).all()
        np.testing.assert_array_equal(layer.backward(np.ones(2)), 0)


def test_affine_by_hand() -> None:
    layer = Affine(np.array([[1.0, 0, 2], [0, -1, 1]]), np.array([1.0, 2, 3]))
    y = layer.forward([[1, 2], [3, -1]])
    np.testing.assert_array_equal(y, [[2, 0, 7], [4, 3, 8]])
    dx = layer.backward([[1, 0, -1], [2, 1, 0]])
    np.testing.assert_array_equal(dx, [[-1, -1], [2, -1]])
    np.testing.assert_array_equal(layer.dW, [[7, 3, -1], [0, -1, -2]])
    np.testing.assert_array_equal(layer.db, [3, 1, -1])
    assert layer.grads["W"] is layer.dW
    assert layer.grads["b"] is layer.db


@pytest.mark.parametrize("shape", [(4,), (7, 4), (2, 3, 4), (0, 4)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_bias_gets_the_plain_sum_over_the_samples(
    shape: tuple[int, ...], dtype: Any
) -> None:
    layer = Affine(numbers((4, 5), dtype), numbers((5,), dtype))
    y = layer.forward(numbers(shape, dtype))
    layer.backward(y)
    plain = y.reshape(-1, 5).sum(axis=0)
    np.testing.assert_allclose(layer.db, plain, rtol=1e-5, atol=1e-6)
    assert layer.db.dtype == dtype


def test_the_loss_layer_agrees_with_the_plain_functions() -> None:
    a, t = 5 * numbers((100, 10)), np.arange(100) % 10
    loss, gradient = loss_and_gradient(a, t)
    assert loss == pytest.approx(softmax_loss(a, t), rel=1e-13)
    plain = (softmax(a) - np.eye(10)[t]) / 100
    np.testing.assert_allclose(gradient, plain, rtol=1e-12, atol=1e-15)


def test_affine_holds_the_arrays_it_is_given() -> None:
    W, b = np.ones((2, 2)), np.zeros(2)
    layer = Affine(W, b)
    assert layer.W is W is layer.params["W"]
    assert layer.b is b is layer.params["b"]
    W -= 0.5
    np.testing.assert_array_equal(layer.forward([1.0, 1.0]), [1, 1])


def test_images_go_through_an_affine_layer_and_come_back() -> None:
    layer = affine(size=(4320, 10))
    x = numbers((2, 30, 12, 12))
    y = layer.forward(x)
    np.testing.assert_allclose(y, layer.forward(x.reshape(2, -1)))
    layer.forward(x)
    assert layer.backward(np.ones((2, 10))).shape == x.shape
    assert layer.dW.shape == layer.W.shape


def test_one_sample_through_a_square_affine_layer_has_a_matrix_of_gradients() -> None:
    layer = affine(size=(2, 2))
    layer.forward([1.0, 2.0])
    layer.backward([3.0, 1.0])
    np.testing.assert_array_equal(layer.dW, [[3, 1], [6, 2]])
    np.testing.assert_array_equal(layer.db, [3, 1])


def test_gradients_of_shared_weights_add_up() -> None:
    W, b, x = numbers((3, 3)), np.zeros(3), numbers((2, 3), seed=1)
    first, second = Affine(W, b), Affine(W, b)

    def total(_: Any) -> float:
        return float(second.forward(first.forward(x)).sum())

    slow = numerical_gradient(total, W)
    total(W)
    first.backward(second.backward(np.ones((2, 3))))
    np.testing.assert_allclose(first.dW + second.dW, slow, atol=1e-8)


def test_gradients_are_those_of_the_last_backward_alone() -> None:
    layer, x = affine(), numbers((5, 4))
    layer.forward(x)
    layer.backward(np.ones((5, 3)))
    first = layer.dW
    layer.forward(x)
    layer.backward(np.ones((5, 3)))
    np.testing.assert_array_equal(layer.dW, first)
    assert layer.dW is not first


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 2, 3), (4, 1)])
def test_an_affine_layer_says_which_shapes_it_takes(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"want \(4,\) for one sample or \(N, 4\)"):
        affine().forward(np.ones(shape))


def test_weights_and_biases_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"got b .* want shape \(3,\)"):
        Affine(np.ones((4, 3)), np.ones(4))
    with pytest.raises(ValueError, match="got W"):
        Affine(np.ones(3), np.ones(3))


# Softmax with loss

SCORES = np.array([0.3, 2.9, 4.0])


@pytest.mark.parametrize(
    ("t", "loss", "gradient"),
    [
        (0, 4.005714464812452, [-0.98178873, 0.24519181, 0.73659691]),
        (1, 1.405714464812452, [0.01821127, -0.75480819, 0.73659691]),
        (2, 0.305714464812452, [0.01821127, 0.24519181, -0.26340309]),
    ],
)
def test_the_gradient_of_the_loss_is_probabilities_minus_truth(
    t: int, loss: float, gradient: list[float]
) -> None:
    layer = SoftmaxWithLoss()
    assert layer.forward(SCORES, t) == pytest.approx(loss, rel=1e-12)
    np.testing.assert_allclose(layer.backward(), gradient, atol=1e-8)


def loss_and_gradient(a: Any, t: Any, dout: Any = 1.0) -> tuple[float, Any]:
    layer = SoftmaxWithLoss()
    return layer.forward(a, t), layer.backward(dout)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_labels_and_one_hot_mean_the_same(n: int) -> None:
    a, t = numbers((n, 3)), np.arange(n) % 3
    loss, gradient = loss_and_gradient(a, t)
    again, same = loss_and_gradient(a, np.eye(3)[t])
    assert loss == again == softmax_loss(a, t)
    np.testing.assert_array_equal(gradient, same)
    np.testing.assert_allclose(gradient, (softmax(a) - np.eye(3)[t]) / n)


def test_a_single_sample_is_a_batch_of_one() -> None:
    a = numbers((10,))
    loss, gradient = loss_and_gradient(a, 3)
    again, batch = loss_and_gradient(a[None], [3])
    assert loss == again
    np.testing.assert_array_equal(gradient, batch[0])
    np.testing.assert_allclose(
        gradient, numerical_gradient(lambda x: softmax_loss(x, 3), a), atol=1e-8
    )


@pytest.mark.parametrize("dout", [2, 2.0, np.array(2.0), np.float32(2)])
def test_the_loss_layer_multiplies_by_dout(dout: Any) -> None:
    a = numbers((2, 3), np.float32)
    single, double = (loss_and_gradient(a, [0, 2], d)[1] for d in (1, dout))
    np.testing.assert_allclose(double, 2 * single)
    assert double.dtype == np.float32


def test_the_loss_is_exact_where_softmax_is_saturated() -> None:
    a = np.array([0.0, 30.0, 3.0])
    loss, gradient = loss_and_gradient(a, 0)
    assert loss == pytest.approx(30.00000000000197, rel=1e-14)
    slopes = numerical_gradient(lambda x: softmax_loss(x, 0), a)
    np.testing.assert_allclose(gradient, slopes, atol=1e-8)
    assert loss_and_gradient([0.0, 1000.0], 0)[0] == 1000


def test_the_loss_layer_keeps_the_rules_too() -> None:
    layer, a, t = SoftmaxWithLoss(), numbers((4, 4)), np.array([0, 1, 2, 2])
    with pytest.raises(RuntimeError, match="SoftmaxWithLoss"):
        layer.backward()
    layer.forward(a, t)
    layer.backward()
    with pytest.raises(RuntimeError, match="call forward first"):
        layer.backward()
    np.testing.assert_array_equal(a, numbers((4, 4)))
    np.testing.assert_array_equal(t, [0, 1, 2, 2])
    assert max(check_layer(layer, a, t=t).values()) < 1e-7


@pytest.mark.parametrize(
    ("a", "t"), [(np.zeros((0, 3)), []), (np.zeros((2, 3)), [0, 3]), (np.eye(3), [0])]
)
def test_a_loss_of_nothing_or_of_wrong_labels_is_refused(a: Any, t: Any) -> None:
    with pytest.raises(ValueError, match=r"got (x|t) "):
        SoftmaxWithLoss().forward(a, t)


def test_the_slopes_of_softmax_itself() -> None:
    y = softmax(SCORES)
    slopes = y[:, None] * (np.eye(3) - y)
    for i in range(3):
        row = numerical_gradient(lambda a, i=i: softmax(a)[i], SCORES)
        np.testing.assert_allclose(slopes[i], row, atol=1e-8)
    np.testing.assert_allclose(
        np.diag(slopes), [0.01788, 0.185073, 0.194022], atol=5e-7
    )
    off = [slopes[0, 1], slopes[0, 2], slopes[1, 2]]
    np.testing.assert_allclose(off, [-0.004465, -0.013414, -0.180608], atol=5e-7)


# Against another library, and over all sorts of arrays

ARRAYS = hnp.arrays(
    st.sampled_from([np.float32, np.float64]),
    hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=4),
    elements=st.floats(-30, 30, width=32),
)


def strided(x: Any, draw: int) -> Any:
    """Return the same numbers, standing otherwise in memory."""
    ways = [x, np.asfortranarray(x), np.repeat(x, 2, axis=-1)[..., ::2]]
    return ways[draw % 3]


@given(
    x=ARRAYS, way=st.integers(0, 2), name=st.sampled_from(["relu", "sigmoid", "tanh"])
)
def test_activations_agree_with_pytorch(x: Any, way: int, name: str) -> None:
    torch = pytest.importorskip("torch")
    layer = {"relu": Relu, "sigmoid": Sigmoid, "tanh": Tanh}[name]()
    x = strided(x, way)
    theirs = torch.tensor(np.float64(x), requires_grad=True)
    y = getattr(torch, name)(theirs)
    dout = numbers(x.shape)
    y.backward(torch.tensor(dout))
    near = {"rtol": 1e-10, "atol": 1e-10} if x.dtype == float else {"atol": 1e-5}
    np.testing.assert_allclose(layer.forward(x), y.detach().numpy(), **near)
    dx = layer.backward(dout.astype(x.dtype))
    assert dx.dtype == x.dtype
    np.testing.assert_allclose(dx, theirs.grad.numpy(), **near)


@given(x=ARRAYS, way=st.integers(0, 2), wide=st.integers(1, 4))
def test_affine_agrees_with_pytorch(x: Any, way: int, wide: int) -> None:
    torch = pytest.importorskip("torch")
    x = strided(np.float64(x), way)
    W, b = numbers((x.shape[-1], wide)), numbers((wide,), seed=1)
    theirs = [torch.tensor(v, requires_grad=True) for v in (x, W, b)]
    y = theirs[0] @ theirs[1] + theirs[2]
    layer, dout = Affine(strided(W, way), b), numbers(tuple(y.shape), seed=2)
    y.backward(torch.tensor(dout))
    np.testing.assert_allclose(layer.forward(x), y.detach().numpy(), 1e-10, 1e-10)
    mine = [layer.backward(strided(dout, way)), layer.dW, layer.db]
    for ours, other in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(ours, other.grad.numpy(), 1e-10, 1e-10)


@settings(max_examples=30)
@given(
    x=hnp.arrays(
        st.sampled_from([np.float32, np.float64, np.int8]),
        hnp.array_shapes(min_dims=1, max_dims=3, max_side=3),
        elements=st.integers(-3, 3),
    ),
    way=st.integers(0, 2),
    name=st.sampled_from(ANY),
)
def test_derivatives_agree_with_differences_for_any_array(
    x: Any, way: int, name: str
) -> None:
    make = LAYERS[name][0]
    layer = affine(size=(x.shape[-1], 2)) if name == "Affine" else make(float)
    if name == "BatchNormalization":
        layer = batch_norm(size=x.shape[1 if x.ndim > 2 else -1])
    assert max(check_layer(layer, strided(x, way)).values()) < 1e-6


@given(
    a=hnp.arrays(
        np.float64,
        hnp.array_shapes(min_dims=2, max_dims=2, max_side=6),
        elements=st.floats(-100, 100),
    ),
    data=st.data(),
)
def test_softmax_with_loss_agrees_with_pytorch(a: Any, data: Any) -> None:
    torch = pytest.importorskip("torch")
    t = data.draw(hnp.arrays(np.int64, len(a), elements=st.integers(0, a.shape[1] - 1)))
    theirs = torch.tensor(a, requires_grad=True)
    loss = torch.nn.functional.cross_entropy(theirs, torch.tensor(t))
    loss.backward()
    ours, gradient = loss_and_gradient(a, t)
    assert ours == pytest.approx(loss.item(), rel=1e-10, abs=1e-10)
    np.testing.assert_allclose(gradient, theirs.grad.numpy(), 1e-10, 1e-10)


# Batch normalization


def normalized_step_by_step(x: Any, gamma: Any, beta: Any, eps: float = 1e-5) -> Any:
    """Return the output, and a function from dout to the gradient, node by node."""
    centred = x - x.mean(axis=0)
    var = (centred**2).mean(axis=0)
    std = np.sqrt(var + eps)

    def back(dout: Any) -> Any:
        dnormal = dout * gamma
        dcentred = dnormal / std
        dstd = -(dnormal * centred / std**2).sum(axis=0)
        dcentred = dcentred + 2 / len(x) * centred * (0.5 * dstd / std)
        return dcentred - dcentred.mean(axis=0)

    return gamma * (centred / std) + beta, back


@pytest.mark.parametrize("seed", range(5))
def test_both_ways_back_through_batch_normalization_agree(seed: int) -> None:
    layer, x = batch_norm(), 3 * numbers((7, 4), seed=seed) + 5
    y, back = normalized_step_by_step(x, layer.gamma, layer.beta)
    np.testing.assert_allclose(layer.forward(x, train=True), y, atol=1e-12)
    dout = numbers((7, 4), seed=seed + 10)
    dx = layer.backward(dout)
    np.testing.assert_allclose(dx, back(dout), rtol=0, atol=1e-12)
    np.testing.assert_allclose(dx.sum(axis=0), 0, atol=1e-12)


def test_batch_normalization_by_hand() -> None:
    layer = BatchNormalization(np.ones(2), np.zeros(2), eps=1e-12)
    y = layer.forward([[1, 10], [2, 20], [3, 30], [4, 40]], train=True)
    column = [-1.34164079, -0.4472136, 0.4472136, 1.34164079]
    np.testing.assert_allclose(y, np.transpose([column, column]), atol=1e-8)
    np.testing.assert_allclose(layer.running_mean, [0.25, 2.5])
    np.testing.assert_allclose(layer.running_var, [0.9 + 0.125, 0.9 + 12.5])


def test_running_statistics_start_at_0_and_1_and_evaluation_leaves_them() -> None:
    layer, x = batch_norm(), numbers((3, 4))
    np.testing.assert_array_equal(layer.running_mean, 0)
    np.testing.assert_array_equal(layer.running_var, 1)
    y = layer.forward(x)
    near = layer.gamma * x / np.sqrt(1 + 1e-5) + layer.beta
    np.testing.assert_allclose(y, near, 1e-12)
    np.testing.assert_array_equal(layer.running_mean, 0)
    np.testing.assert_array_equal(y[:1], layer.forward(x[:1]))
    for _ in range(300):
        layer.forward(2 * x + 7, train=True)
    np.testing.assert_allclose(layer.running_mean, (2 * x + 7).mean(axis=0), 1e-9)
    np.testing.assert_allclose(layer.running_var, (2 * x).var(axis=0), 1e-9)
    trained = layer.forward(2 * x + 7, train=True)
    np.testing.assert_allclose(layer.forward(2 * x + 7), trained, 1e-9, 1e-9)


@pytest.mark.parametrize("shape", [(5, 4), (2, 4, 3, 5), (3, 4, 2), (1, 4, 2, 2)])
def test_training_normalizes_each_feature(shape: tuple[int, ...]) -> None:
    layer, x = batch_norm(), 1e3 + 10 * numbers(shape)
    y = np.moveaxis(layer.forward(x, train=True), 1, -1).reshape(-1, 4)
    np.testing.assert_allclose(y.mean(axis=0), layer.beta, atol=1e-10)
    np.testing.assert_allclose(y.std(axis=0), layer.gamma, 1e-6)
    errors = check_layer(layer, numbers(shape), train=True)
    assert max(errors.values()) < 1e-6


def test_train_flg_is_another_name() -> None:
    x = numbers((5, 4))
    for make in (batch_norm, lambda: Dropout(0.5, rng=0)):
        a, b = make(), make()
        y = a.forward(x, train=True)
        np.testing.assert_array_equal(y, b.forward(x, train_flg=True))
        assert not np.allclose(y, b.forward(x, train_flg=False))


@pytest.mark.parametrize("x", [np.ones((1, 4)), np.ones(4), np.ones((0, 4))])
def test_a_batch_of_one_has_no_spread(x: Any) -> None:
    layer = batch_norm()
    with pytest.raises(ValueError, match="2 samples or more"):
        layer.forward(x, train=True)
    np.testing.assert_array_equal(layer.running_var, 1)
    assert layer.forward(x).shape == x.shape


@pytest.mark.parametrize("shape", [(), (3, 3), (4, 3, 2), (3,)])
def test_batch_normalization_says_which_shapes_it_takes(shape: Any) -> None:
    with pytest.raises(ValueError, match=r"want \(N, 4\)"):
        batch_norm().forward(np.ones(shape))


@pytest.mark.parametrize(
    "bad",
    [{"momentum": 1}, {"momentum": -0.1}, {"eps": 0}, {"running_mean": np.ones(3)}],
)
def test_batch_normalization_refuses_bad_settings(bad: Any) -> None:
    with pytest.raises(ValueError, match="want"):
        batch_norm(**bad)


@pytest.mark.parametrize("shape", [(6, 4), (3, 4, 2, 5)])
def test_batch_normalization_agrees_with_pytorch(shape: tuple[int, ...]) -> None:
    torch = pytest.importorskip("torch")
    layer, m = batch_norm(), np.prod(shape) // 4
    kind = torch.nn.BatchNorm1d if len(shape) == 2 else torch.nn.BatchNorm2d
    theirs = kind(4, eps=1e-5, momentum=0.1, dtype=torch.float64)
    with torch.no_grad():
        theirs.weight.copy_(torch.tensor(layer.gamma))
        theirs.bias.copy_(torch.tensor(layer.beta))
    near = {"rtol": 1e-10, "atol": 1e-10}
    for seed, train in enumerate([True, True, False]):
        theirs.train(train)
        theirs.zero_grad()
        x, dout = 2 * numbers(shape, seed=seed) + 1, numbers(shape, seed=seed + 9)
        given = torch.tensor(x, requires_grad=True)
        y = theirs(given)
        y.backward(torch.tensor(dout))
        if train:
            np.testing.assert_allclose(
                layer.forward(x, train), y.detach().numpy(), **near
            )
            # PyTorch lets the variance with m - 1 into the running one, we that with m
            unbiased = x.var(axis=(0, *range(2, x.ndim))) / (m - 1)
            with torch.no_grad():
                theirs.running_var -= torch.tensor(0.1 * unbiased)
        else:
            np.testing.assert_allclose(layer.forward(x), y.detach().numpy(), **near)
        np.testing.assert_allclose(layer.backward(dout), given.grad.numpy(), **near)
        np.testing.assert_allclose(layer.dgamma, theirs.weight.grad.numpy(), **near)
        np.testing.assert_allclose(layer.dbeta, theirs.bias.grad.numpy(), **near)
        np.testing.assert_allclose(
            layer.running_mean, theirs.running_mean.numpy(), **near
        )
        np.testing.assert_allclose(
            layer.running_var, theirs.running_var.numpy(), **near
        )


# Dropout


@pytest.mark.parametrize("ratio", [0.2, 0.5, 0.9])
def test_dropout_means_the_same_in_training_and_evaluation(ratio: float) -> None:
    x = np.ones((1000, 1000))
    for inverted, mean in ((True, 1), (False, 1 - ratio)):
        layer = Dropout(ratio, inverted, rng=0)
        trained, evaluated = layer.forward(x, train=True), layer.forward(x)
        assert trained.mean() == pytest.approx(mean, rel=0.01)
        np.testing.assert_allclose(evaluated, mean)
        assert (trained == 0).mean() == pytest.approx(ratio, rel=0.01)


@pytest.mark.parametrize("inverted", [True, False])
def test_dropout_goes_back_through_the_mask_of_its_own_forward(inverted: bool) -> None:
    layer, x = Dropout(0.5, inverted, rng=0), np.ones((3, 4))
    for _ in range(3):
        y = layer.forward(x, train=True)
        np.testing.assert_array_equal(layer.backward(np.ones((3, 4))), y)
    layer.forward(x, train=True)
    y = layer.forward(np.ones((2, 4)))
    np.testing.assert_array_equal(layer.backward(np.ones((2, 4))), y)
    np.testing.assert_array_equal(y, 1 if inverted else 0.5)


def test_dropout_draws_anew_and_the_same_for_a_seed() -> None:
    x = np.ones((20, 20))
    one, two = Dropout(0.5, rng=3), Dropout(0.5, rng=3)
    first = one.forward(x, train=True)
    assert not np.array_equal(first, one.forward(x, train=True))
    np.testing.assert_array_equal(first, two.forward(x, train=True))
    np.testing.assert_array_equal(Dropout(0).forward(x, train=True), x)


@pytest.mark.parametrize("ratio", [1, -0.1, 1.5, float("nan")])
def test_dropout_refuses_a_ratio_that_leaves_nothing(ratio: float) -> None:
    with pytest.raises(ValueError, match="from 0 to less than 1"):
        Dropout(ratio)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_dropout_keeps_the_kind_of_float(dtype: Any) -> None:
    for train in (False, True):
        layer = Dropout(0.3, rng=0)
        assert layer.forward(np.ones((3, 4), dtype), train).dtype == dtype
        assert layer.backward(np.ones((3, 4), dtype)).dtype == dtype


# Layers that are wrong


class Broken(Layer):
    """Relu in its forward; what is wrong is in the subclasses."""

    def forward(self, x: Any, train: bool = False) -> Any:
        self.keep(x > 0)
        return np.maximum(x, 0)


class WrittenIntoDout(Broken):
    """Saves an array, and spoils one."""

    def backward(self, dout: Any) -> Any:
        dout *= self.kept()[0]
        return dout


class DoutIgnored(Broken):
    """Knows nothing of what comes after it."""

    def backward(self, dout: Any) -> Any:
        return self.kept()[0] * 1.0


class StaleMask(Broken):
    """Remembers its first batch for ever."""

    mask: Any = None

    def backward(self, dout: Any) -> Any:
        (mask,) = self.kept()
        self.mask = mask if self.mask is None else self.mask
        return dout * self.mask


class WrittenIntoX(Broken):
    """Switches off the caller's numbers."""

    def forward(self, x: Any, train: bool = False) -> Any:
        self.keep(x > 0)
        x[x < 0] = 0
        return x.copy()

    def backward(self, dout: Any) -> Any:
        return dout * self.kept()[0]


class SigmoidOfX(Sigmoid):
    """Takes the slope at x for that at y."""

    def forward(self, x: Any, train: bool = False) -> Any:
        y = super().forward(x)
        self.keep(x)
        return y


class LostTranspose(Affine):
    """Goes back by the way that leads forward."""

    def backward(self, dout: Any) -> Any:
        super().backward(dout)
        return dout @ self.W


class TransposedWeights(Affine):
    """Has rows for columns."""

    def backward(self, dout: Any) -> Any:
        dx = super().backward(dout)
        self.grads["W"] = self.dW.T
        return dx


class NoSumOverTheBatch(Affine):
    """Has as many biases as samples."""

    def backward(self, dout: Any) -> Any:
        dx = super().backward(dout)
        self.grads["b"] = dout
        return dx


class WrongAxis(Affine):
    """Sums over outputs, not samples."""

    def backward(self, dout: Any) -> Any:
        dx = super().backward(dout)
        self.grads["b"] = dout.sum(axis=1)
        return dx


class Accumulated(Affine):
    """Adds to what was there."""

    def backward(self, dout: Any) -> Any:
        before = self.dW
        dx = super().backward(dout)
        self.grads["W"] = self.dW = self.dW + before
        return dx


class ForgottenMean(SoftmaxWithLoss):
    """Is the gradient of a sum."""

    def backward(self, dout: Any = 1.0) -> Any:
        dx = super().backward(dout)
        return dx * len(dx)


class LabelsAsOneHot(SoftmaxWithLoss):
    """Subtracts class numbers."""

    def forward(self, x: Any, t: Any) -> float:
        loss = super().forward(x, t)
        self.keep(softmax(x), np.asarray(t))
        return loss

    def backward(self, dout: Any = 1.0) -> Any:
        y, t = self.kept()
        return (y - t) / len(y) * dout


WRONG: list[Any] = [
    *(DoutIgnored, StaleMask, SigmoidOfX, LostTranspose, TransposedWeights),
    *(NoSumOverTheBatch, WrongAxis, Accumulated, ForgottenMean, LabelsAsOneHot),
]


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_backward_is_caught(wrong: Any) -> None:
    made = (
        wrong(numbers((4, 4)), numbers((4,))) if issubclass(wrong, Affine) else wrong()
    )
    more: Any = {"t": [0, 2, 1, 1]} if issubclass(wrong, SoftmaxWithLoss) else {}
    errors = check_layer(made, numbers((4, 4), seed=2), **more)
    assert max(errors.values()) > 0.01
    right = wrong.__mro__[1]
    if right is not Broken:
        good = right(made.W, made.b) if issubclass(wrong, Affine) else right()
        assert max(check_layer(good, numbers((4, 4), seed=2), **more).values()) < 1e-7


@pytest.mark.parametrize(
    ("wrong", "what"), [(WrittenIntoDout, "dout"), (WrittenIntoX, "x")]
)
def test_a_layer_that_writes_into_what_it_is_given_is_caught(
    wrong: Any, what: str
) -> None:
    with pytest.raises(ValueError, match=f"changed {what};"):
        check_layer(wrong(), numbers((4, 4)))


@pytest.mark.parametrize("near", [0.0, 1e-5, -4e-5, 9.9e-5, 1e-4])
def test_a_right_layer_passes_at_its_kink(near: float) -> None:
    assert check_layer(Relu(), np.full((2, 2), near))["x"] < 1e-7


def test_a_layer_is_wrong_at_its_kink_if_it_lies_outside_both_slopes() -> None:
    class Doubled(Relu):
        def backward(self, dout: Any) -> Any:
            return 2 * super().backward(dout)

    assert check_layer(Doubled(), np.full((2, 2), 1e-5))["x"] > 0.1


def test_a_check_leaves_no_trace() -> None:
    layer, x, dout = affine(), numbers((5, 4)), numbers((5, 3))
    kept = {name: values.copy() for name, values in layer.params.items()}
    check_layer(layer, x, dout)
    np.testing.assert_array_equal(x, numbers((5, 4)))
    np.testing.assert_array_equal(dout, numbers((5, 3)))
    for name, values in layer.params.items():
        np.testing.assert_array_equal(values, kept[name])
    with pytest.raises(RuntimeError):
        layer.backward(dout)


def test_a_large_layer_is_checked_at_a_few_entries() -> None:
    calls = []

    class Counting(Affine):
        def forward(self, x: Any, train: bool = False) -> Any:
            calls.append(1)
            return super().forward(x)

    layer = Counting(numbers((100, 20)), numbers((20,)))
    assert max(check_layer(layer, numbers((2, 100)), sample=5).values()) < 1e-7
    assert len(calls) < 100


def test_a_check_wants_float64_and_says_so() -> None:
    with pytest.raises(ValueError, match="float64"):
        check_layer(affine(np.float32), numbers((5, 4)))
    assert check_layer(Tanh(), numbers((2, 2), np.float32))["x"] < 1e-7


@pytest.mark.parametrize("wrong", [{"h": 0}, {"sample": 0}, {"dout": np.ones(2)}])
def test_a_check_that_cannot_be_made_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="got "):
        check_layer(Relu(), numbers((3, 4)), **wrong)


@pytest.mark.parametrize(
    ("a", "b", "error"),
    [
        ([1.0, 2.0], [1.0, 2.0], 0),
        ([1.0], [-1.0], 1),
        ([1e-9], [-1e-9], 2e-3),
        ([0.0], [0.0], 0),
        ([1.0, 3e-5], [1.0, 1e-5], 0.5),
        ([], [], 0),
    ],
)
def test_relative_error(a: Any, b: Any, error: float) -> None:
    assert relative_error(a, b) == pytest.approx(error)


def test_a_relative_error_of_nan_is_no_pass() -> None:
    assert not relative_error([np.nan, 1.0], [1.0, 1.0]) < 1
    with pytest.raises(ValueError, match="got b"):
        relative_error(np.ones(2), np.ones(3))


@settings(max_examples=20, deadline=None)
@given(
    n=st.sampled_from([1, 3, 5, 9]),
    channels=st.integers(1, 7),
    seed=st.integers(0, 99),
)
def test_local_response_normalization_agrees_with_pytorch(
    n: int, channels: int, seed: int
) -> None:
    torch = pytest.importorskip("torch")
    x, dout = (numbers((2, channels, 3, 2), seed=seed + i) for i in range(2))
    layer = LocalResponseNormalization(n, k=1.5, alpha=0.3, beta=0.6)
    theirs = torch.tensor(x, requires_grad=True)
    given = {"alpha": n * 0.3, "beta": 0.6, "k": 1.5}
    y = torch.nn.functional.local_response_norm(theirs, n, **given)
    y.backward(torch.tensor(dout))
    np.testing.assert_allclose(layer.forward(x), y.detach(), rtol=1e-10)
    np.testing.assert_allclose(layer.backward(dout), theirs.grad, atol=1e-10)


@pytest.mark.parametrize(
    "bad", [{"n": 4}, {"n": 0}, {"k": 0}, {"alpha": -1}, {"beta": -0.5}], ids=repr
)
def test_local_response_normalization_refuses(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        LocalResponseNormalization(**bad)
