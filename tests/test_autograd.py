"""The tape: every operation against differences and PyTorch, and what may go wrong."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fishbook.autograd import Tensor
from fishbook.functions import softmax
from fishbook.gradients import numerical_gradient
from fishbook.layers import Affine, Flatten, Relu, Sigmoid, SoftmaxWithLoss, Tanh
from fishbook.networks import TwoLayerNet

Shape = tuple[int, ...]
Operation = Callable[..., Any]

ALONE: dict[str, Operation] = {
    "neg": lambda x: -x,
    "exp": lambda x: x.exp(),
    "log": lambda x: (x * x + 0.5).log(),
    "relu": lambda x: x.relu(),
    "sum": lambda x: x.sum(),
    "sum, last axis": lambda x: x.sum(axis=-1),
    "sum, two axes kept": lambda x: x.sum(axis=(0, -1), keepdims=True) * x,
    "max": lambda x: x.max(),
    "max, last axis": lambda x: x.max(axis=-1),
    "max, first axis kept": lambda x: x.max(axis=0, keepdims=True) * x,
    "reshape": lambda x: x.reshape(-1, 2) * x.reshape((2, -1))[0, 0],
    "T": lambda x: x.T * 2.0,
    "index": lambda x: x[0],
    "slice": lambda x: x[..., ::-2],
    "numbers after numbers": lambda x: 1.5 - 2.0 / (3.0 + x * x) + 2.0**x - 2.0 * x,
    "powers": lambda x: x**2 + x**3 + x**0 + (x * x + 1.0) ** 0.5,
    "used twice": lambda x: x.relu() + x * x.exp() + x,
}
SHAPES: list[Shape] = [(2, 2), (2, 4), (4, 1, 2), (2, 3, 4)]
BETWEEN: dict[str, Operation] = {
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "*": lambda x, y: x * y,
    "/": lambda x, y: x / (y * y + 1.0),
    "**": lambda x, y: (x * x + 0.5) ** y,
    "maximum": lambda x, y: x.maximum(y),
    "the same value on both sides": lambda x, y: (x + y) * (x - y),
}
MATRICES: list[tuple[Shape, Shape]] = [
    ((2, 3), (3, 4)),
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 4)),
    ((1, 1), (1, 1)),
    ((5, 2, 3), (3, 4)),
    ((2, 3), (5, 3, 4)),
    ((5, 2, 3), (5, 3, 4)),
    ((5, 2, 3), (3,)),
    ((3,), (5, 3, 4)),
    ((6, 1, 2, 3), (5, 3, 4)),
]


def drawn(seed: int, *shapes: Shape) -> list[Any]:
    """Give arrays whose entries differ by 0.01 at least, none of them near a kink."""
    rng = np.random.default_rng(seed)
    count = sum(int(np.prod(shape)) for shape in shapes)
    values = 0.005 + 0.01 * rng.permutation(np.arange(count) - count // 2)
    cuts = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]
    pieces = np.split(values, cuts)
    return [piece.reshape(s) for piece, s in zip(pieces, shapes, strict=True)]


def gradients(f: Operation, arrays: list[Any], weight: Any) -> list[Any]:
    """Give the gradients of sum(weight * f(arrays)) by the tape."""
    tensors = [Tensor(array) for array in arrays]
    f(*tensors).backward(weight)
    return [tensor.grad for tensor in tensors]


def check(f: Operation, arrays: list[Any]) -> None:
    """Compare with difference quotients."""
    shape = f(*map(Tensor, arrays)).data.shape
    weight = np.random.default_rng(1).normal(size=shape)

    def total(_: Any) -> float:
        return float((f(*map(Tensor, arrays)).data * weight).sum())

    for array, grad in zip(arrays, gradients(f, arrays, weight), strict=True):
        assert grad.shape == array.shape
        want = numerical_gradient(total, array, h=1e-5)
        np.testing.assert_allclose(grad, want, rtol=1e-6, atol=1e-8)


def check_torch(f: Operation, theirs: Operation, arrays: list[Any]) -> None:
    """Compare value and gradients with PyTorch's."""
    torch = pytest.importorskip("torch")
    tensors = [torch.tensor(array, requires_grad=True) for array in arrays]
    out = theirs(*tensors)
    weight = np.random.default_rng(1).normal(size=tuple(out.shape))
    out.backward(torch.tensor(weight))
    value = f(*map(Tensor, arrays)).data
    np.testing.assert_allclose(value, out.detach().numpy(), rtol=1e-12, atol=1e-12)
    ours = gradients(f, arrays, weight)
    for grad, tensor in zip(ours, tensors, strict=True):
        np.testing.assert_allclose(grad, tensor.grad.numpy(), rtol=1e-10, atol=1e-12)


# Every operation


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", ALONE)
def test_operations_agree_with_differences(name: str, shape: Shape) -> None:
    check(ALONE[name], drawn(0, shape))


@pytest.mark.parametrize("name", BETWEEN)
@pytest.mark.parametrize(
    "shapes",
    [((), ()), ((3,), ()), ((2, 3), (3,)), ((2, 1), (1, 3)), ((4, 1), (2, 1, 3))],
    ids=str,
)
def test_operations_between_two_agree_with_differences(
    name: str, shapes: tuple[Shape, Shape]
) -> None:
    check(BETWEEN[name], drawn(0, *shapes))
    check(BETWEEN[name], drawn(1, *shapes[::-1]))


@pytest.mark.parametrize("shapes", MATRICES, ids=str)
def test_matrix_products_agree_with_differences(shapes: tuple[Shape, Shape]) -> None:
    check(lambda x, y: x @ y, drawn(0, *shapes))


@st.composite
def broadcastable(draw: Any) -> tuple[Shape, Shape]:
    """Give two shapes that broadcast together, some axes missing or of length 1."""
    full = draw(st.lists(st.integers(1, 4), max_size=4))
    one = [draw(st.sampled_from([n, 1])) for n in full]
    other = [draw(st.sampled_from([n, 1])) for n in full]
    return (
        tuple(one[draw(st.integers(0, len(full))) :]),
        tuple(other[draw(st.integers(0, len(full))) :]),
    )


@given(
    st.sampled_from(sorted(set(BETWEEN) - {"maximum"})),
    broadcastable(),
    st.integers(0, 9),
)
@settings(deadline=None, max_examples=100)
def test_broadcasting_agrees_with_pytorch(
    name: str, shapes: tuple[Shape, Shape], seed: int
) -> None:
    check_torch(BETWEEN[name], BETWEEN[name], drawn(seed, *shapes))


@given(broadcastable(), st.integers(0, 9))
@settings(deadline=None, max_examples=30)
def test_maximum_agrees_with_pytorch(shapes: tuple[Shape, Shape], seed: int) -> None:
    torch = pytest.importorskip("torch")
    check_torch(BETWEEN["maximum"], torch.maximum, drawn(seed, *shapes))


@pytest.mark.parametrize("shapes", MATRICES, ids=str)
def test_matrix_products_agree_with_pytorch(shapes: tuple[Shape, Shape]) -> None:
    check_torch(lambda x, y: x @ y, lambda x, y: x @ y, drawn(0, *shapes))


@given(
    st.sampled_from(["sum", "max"]),
    st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple),
    st.booleans(),
    st.data(),
)
@settings(deadline=None, max_examples=60)
def test_sums_and_maxima_over_axes_agree_with_pytorch(
    name: str, shape: Shape, keepdims: bool, data: Any
) -> None:
    axes = data.draw(st.sets(st.integers(0, len(shape) - 1), min_size=1).map(tuple))
    theirs = {"sum": "sum", "max": "amax"}[name]
    check_torch(
        lambda x: getattr(x, name)(axis=axes, keepdims=keepdims),
        lambda x: getattr(x, theirs)(dim=axes, keepdim=keepdims),
        drawn(2, shape),
    )


def test_equal_maxima_share_the_gradient_as_in_pytorch() -> None:
    x = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])
    check_torch(lambda x: x.max(axis=1), lambda x: x.amax(dim=1), [x])
    tensor = Tensor(x)
    tensor.max().backward()
    assert tensor.grad is not None
    assert tensor.grad.tolist() == [[0, 0.5, 0.5], [0, 0, 0]]


@pytest.mark.parametrize(
    "index",
    [
        1,
        -1,
        (0, 2),
        slice(None, None, 2),
        (..., 0),
        (None, 1),
        [0, 2, 0, 0],
        np.array([[0, 1], [1, 1]]),
        ([0, 0, 2], [1, 1, 3]),
        np.arange(12).reshape(3, 4) % 3 == 0,
    ],
    ids=str,
)
def test_indexing_agrees_with_pytorch(index: Any) -> None:
    check_torch(lambda x: x[index], lambda x: x[index], drawn(0, (3, 4)))
    check(lambda x: x[index], drawn(0, (3, 4)))


def test_powers_at_zero() -> None:
    for base, exponent, slope in [(0.0, 2, 0), (0.0, 1, 1), (0.0, 0, 0), (-2.0, 3, 12)]:
        x = Tensor(base)
        (x**exponent).backward()
        assert x.grad == slope
    y = Tensor([2.0, 0.5])
    (0.0**y).sum().backward()
    assert y.grad is not None
    assert y.grad.tolist() == [0, 0]


def test_the_slope_of_relu_at_zero_is_zero() -> None:
    x = Tensor([-1.0, 0.0, 2.0])
    x.relu().sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0, 0, 1]


def test_of_equals_the_second_is_the_maximum() -> None:
    x, y = Tensor([1.0, 2.0, 3.0]), Tensor([2.0, 2.0, 2.0])
    x.maximum(y).sum().backward()
    assert x.grad is not None and y.grad is not None
    assert x.grad.tolist() == [0, 0, 1]
    assert y.grad.tolist() == [1, 1, 0]


# The graph


def test_the_shopping_bill() -> None:
    price, number, tax = Tensor(100, "price"), Tensor(2, "number"), Tensor(1.1, "tax")
    total = price * number
    bill = total * tax
    assert bill.parents == (total, tax)
    assert total.parents == (price, number)
    assert (bill.op, total.op, tax.op, price.parents) == ("*", "*", "", ())
    bill.backward()
    grads = [t.grad for t in (bill, total, price, number, tax)]
    np.testing.assert_allclose(np.array(grads), [1, 1.1, 2.2, 110, 200], rtol=1e-14)
    assert repr(tax) == "Tensor(1.1, name='tax')"


@pytest.mark.parametrize(
    ("f", "op", "first"),
    [
        (lambda x: x + 2, "+", False),
        (lambda x: 2 + x, "+", True),
        (lambda x: x - 2, "-", False),
        (lambda x: 2 - x, "-", True),
        (lambda x: x * 2, "*", False),
        (lambda x: 2 * x, "*", True),
        (lambda x: x / 2, "/", False),
        (lambda x: 2 / x, "/", True),
        (lambda x: x**2, "**", False),
        (lambda x: 2**x, "**", True),
        (lambda x: x @ [2, 2], "@", False),
        (lambda x: [2, 2] @ x, "@", True),
        (lambda x: np.array([2, 2]) * x, "*", True),
        (lambda x: np.array([2.0, 2.0]) @ x, "@", True),
        (lambda x: np.float64(2) - x, "-", True),
        (lambda x: x.maximum(2), "maximum", False),
    ],
)
def test_plain_operands_are_parents_in_their_place(
    f: Operation, op: str, first: bool
) -> None:
    x = Tensor([3.0, 1.0])
    y = f(x)
    assert isinstance(y, Tensor)
    plain, tensor = y.parents if first else y.parents[::-1]
    assert tensor is x
    assert plain.constant
    assert (plain.data == 2).all()
    assert y.op == op
    assert not (x.constant or y.constant)
    y.sum().backward()
    assert x.grad is not None
    assert plain.grad is None


def test_values_used_twice_add_their_gradients() -> None:
    x = Tensor([[1.0, -0.5], [-2.0, 3.0]])
    (x.relu() + x).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[2, 1], [1, 2]]
    y = Tensor(3.0)
    z = y * y
    (z * z + z + y).backward()
    assert isinstance(y.grad, np.ndarray)
    assert y.grad == 4 * 27 + 6 + 1


@pytest.mark.parametrize("count", [10_000, 100_000])
def test_long_chains_need_no_recursion(count: int) -> None:
    x = Tensor(1.0)
    y = x
    for _ in range(count):
        y = y + x
    y.backward()
    assert x.grad == count + 1


def test_many_ways_through_a_graph_are_walked_once() -> None:
    """Two to the hundredth ways lead from the end to the beginning."""
    x = Tensor(1.0)
    y = x
    for _ in range(100):
        y = y + y
    y.backward()
    assert x.grad == 2.0**100


def test_a_graph_goes_with_its_result() -> None:
    gc.disable()
    try:
        x = Tensor(np.ones(3))
        y = (x * 2).exp().sum()
        inner = weakref.ref(y.parents[0])
        y.backward()
        del y
        assert inner() is None
    finally:
        gc.enable()


# backward, again and wrongly


def test_a_second_backward_begins_afresh() -> None:
    x = Tensor(3.0)
    y = x * x
    for _ in range(3):
        y.backward()
        assert x.grad == 6
    (5 * x).backward()
    assert x.grad == 5
    assert y.grad == 1  # not part of that graph: what it was
    y.backward(10.0)
    assert x.grad == 60


def test_backward_wants_a_number_or_dout() -> None:
    y = Tensor(np.ones((2, 3))) * 2
    with pytest.raises(ValueError, match=r"shape \(2, 3\).*sum it first, or give dout"):
        y.backward()
    for dout in (1.0, np.ones(3), np.ones((3, 2))):
        with pytest.raises(ValueError, match=r"dout.*want shape \(2, 3\)"):
            y.backward(dout)
    with pytest.raises(TypeError, match="dout"):
        y.backward("1")
    assert y.grad is None
    x = Tensor([[4.0]])
    x.backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[1]]


def test_dout_is_multiplied() -> None:
    x = Tensor([1.0, 2.0])
    (x * x).backward([3.0, 10])
    assert x.grad is not None
    assert x.grad.tolist() == [6, 40]


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x + np.ones(2),
        lambda x: x * np.ones((2, 2)),
        lambda x: x @ np.ones(4),
        lambda x: x @ 2,
        lambda x: x.reshape(5),
        lambda x: x.maximum([1, 2]),
    ],
)
def test_shapes_that_do_not_fit_are_errors(f: Operation) -> None:
    with pytest.raises(ValueError, match=r"\(|shape|dimension"):
        f(Tensor(np.ones(3)))


@pytest.mark.parametrize("bad", ["2", None, 1j, [[1], [1, 2]], Tensor(1.0), object()])
def test_only_real_numbers_are_data(bad: Any) -> None:
    with pytest.raises(TypeError, match="got data"):
        Tensor(bad)
    if not isinstance(bad, Tensor):
        with pytest.raises(TypeError, match=r"got operand|multiply"):
            Tensor(1.0) * bad


# Arrays


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dtypes_are_kept(dtype: Any) -> None:
    x, W = Tensor(np.ones((2, 3), dtype)), Tensor(np.ones((3, 2), dtype))
    y = ((x @ W + 1) * np.float64(2) / 3 - np.arange(2)).relu() ** 2
    z = (1 + (-y).exp()).log().max(axis=1, keepdims=True).reshape(2).sum()
    z.backward()
    for node in z.tape():
        assert node.data.dtype == dtype, node.op
        assert node.constant or (node.grad is not None and node.grad.dtype == dtype)


def test_gradients_have_the_dtype_of_their_data() -> None:
    x = Tensor(np.ones(2, np.float32))
    y = x * np.ones(2) * x
    y.sum().backward()
    assert y.data.dtype == np.float64
    assert x.grad is not None
    assert x.grad.dtype == np.float32
    assert Tensor([1, 2]).data.dtype == np.float64


def odd_arrays() -> list[Any]:
    """Give 3 x 3 arrays as they may come: read-only, strided, reversed, repeated."""
    base = np.arange(1.0, 37).reshape(6, 6)
    fixed = np.array(base[:3, :3])
    fixed.flags.writeable = False
    repeated = np.broadcast_to(np.arange(1.0, 4), (3, 3))
    return [
        fixed,
        base[::2, ::2],
        base[2::-1, 3:].T,
        repeated,
        np.asfortranarray(fixed),
    ]


@pytest.mark.parametrize("number", range(5))
def test_any_memory_will_do_and_none_is_changed(number: int) -> None:
    x = odd_arrays()[number]
    dout = np.broadcast_to(np.float64(2), (3, 3))
    before, tensor = x.copy(), Tensor(x)
    other = Tensor(np.ones((3, 3)))
    y = (tensor @ other + tensor * other)[[0, 1, 2]].T.reshape(3, 3)
    y.backward(dout)
    np.testing.assert_array_equal(x, before)
    plain = Tensor(np.array(before))
    same = Tensor(np.ones((3, 3)))
    (plain @ same + plain * same).T.backward(np.full((3, 3), 2.0))
    np.testing.assert_array_equal(tensor.grad, plain.grad)
    np.testing.assert_array_equal(other.grad, same.grad)


def test_gradients_have_memory_of_their_own() -> None:
    """What is done to one gradient, in place, touches neither data nor another one."""
    x, y = Tensor(np.ones((2, 2))), Tensor(np.full((2, 2), 3.0))
    dout = np.ones((2, 2))
    z = (x + y).T.reshape(2, 2) - x.sum() * y
    z.backward(dout)
    nodes = z.tape()
    arrays = [dout, *(n.data for n in nodes), *(n.grad for n in nodes)]
    grads = [node.grad for node in nodes if node.grad is not None]
    assert len(grads) == len(nodes) == 8
    for grad in grads:
        assert grad.flags.writeable
        assert not any(grad is not a and np.shares_memory(grad, a) for a in arrays)


def test_an_array_is_kept_as_it_is_so_that_steps_reach_it() -> None:
    params = {"W": np.ones((2, 2))}
    W = Tensor(params["W"])
    (W * W).sum().backward()
    W.data -= 0.5 * W.grad  # type: ignore[operator]
    assert params["W"].tolist() == [[0, 0], [0, 0]]


def test_empty_arrays() -> None:
    x, b = Tensor(np.ones((0, 3))), Tensor(np.ones(3))
    (x * 2 + b).sum().backward()
    assert x.grad is not None and b.grad is not None
    assert x.grad.shape == (0, 3)
    assert b.grad.tolist() == [0, 0, 0]


# What is caught


def test_a_missing_sum_over_a_broadcast_axis_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def naive(self: Tensor, grad: Any) -> None:
        self.grad = np.array(grad) if self.grad is None else self.grad + grad

    monkeypatch.setattr(Tensor, "receive", naive)
    check(BETWEEN["*"], drawn(0, (2, 3), (2, 3)))
    for shapes in [((2, 3), (3,)), ((2, 3), (2, 1))]:
        with pytest.raises(AssertionError):
            check(BETWEEN["*"], drawn(0, *shapes))


def test_a_gradient_that_replaces_another_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = Tensor.receive

    def replacing(self: Tensor, grad: Any) -> None:
        self.grad = None
        whole(self, grad)

    monkeypatch.setattr(Tensor, "receive", replacing)
    with pytest.raises(AssertionError):
        check(ALONE["used twice"], drawn(0, (2, 2)))


def test_a_wrong_order_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """A node that is passed before all of its gradient has come passes too little."""
    right = Tensor.tape

    def shuffled(self: Tensor) -> list[Tensor]:
        *inner, last = right(self)
        return [*inner[::-1], last]

    monkeypatch.setattr(Tensor, "tape", shuffled)
    with pytest.raises((AssertionError, AttributeError)):
        check(lambda x: (x.exp() * x.exp()).exp(), drawn(0, (2, 2)))


# Chapter 4's layers, with no backward of their own


def sigmoid(x: Tensor) -> Tensor:
    return 1 / (1 + (-x).exp())


def loss_of(a: Tensor, t: Any) -> Tensor:
    a = a - a.max(axis=1, keepdims=True)
    logs = a - a.exp().sum(axis=1, keepdims=True).log()
    return -logs[np.arange(len(t)), t].sum() / len(t)


@pytest.mark.parametrize(
    ("layer", "f"),
    [
        (Relu(), lambda x: x.relu()),
        (Sigmoid(), sigmoid),
        (Tanh(), lambda x: 2 * sigmoid(2 * x) - 1),
        (Flatten(), lambda x: x.reshape(len(x.data), -1)),
    ],
)
def test_activations_agree_with_the_layers(layer: Any, f: Operation) -> None:
    x = 4 * drawn(3, (5, 2, 3))[0]
    X = Tensor(x)
    y, out = f(X), layer.forward(x)
    dout = np.random.default_rng(0).normal(size=out.shape)
    y.backward(dout)
    np.testing.assert_allclose(y.data, out, rtol=1e-12, atol=1e-12)
    assert X.grad is not None
    np.testing.assert_allclose(X.grad, layer.backward(dout), rtol=0, atol=1e-12)


@pytest.mark.parametrize("shape", [(5, 4), (1, 4), (4,), (2, 3, 4)], ids=str)
def test_affine_agrees_with_the_layer(shape: Shape) -> None:
    x, W, b = drawn(3, shape, (4, 3), (3,))
    tensors = [Tensor(x), Tensor(W), Tensor(b)]
    rows = tensors[0].reshape(len(x), -1) if len(shape) > 1 else tensors[0]
    if len(shape) == 3:
        W = np.concatenate([W, 2 * W, 3 * W])
        tensors[1] = Tensor(W)
    layer = Affine(W, b)
    out = layer.forward(x)
    y = rows @ tensors[1] + tensors[2]
    dout = np.random.default_rng(0).normal(size=out.shape)
    y.backward(dout)
    dx = layer.backward(dout)
    np.testing.assert_allclose(y.data, out, rtol=1e-12, atol=1e-12)
    for tensor, want in zip(tensors, [dx, layer.dW, layer.db], strict=True):
        assert tensor.grad is not None
        np.testing.assert_allclose(tensor.grad, want, rtol=0, atol=1e-12)


@pytest.mark.parametrize("scale", [1, 100, 10_000])
def test_softmax_with_loss_agrees_with_layer_and_formula(scale: float) -> None:
    a, t = scale * drawn(4, (6, 5))[0], np.array([0, 1, 2, 3, 4, 0])
    A, layer = Tensor(a), SoftmaxWithLoss()
    loss = loss_of(A, t)
    loss.backward()
    np.testing.assert_allclose(loss.data, layer.forward(a, t), rtol=1e-14)
    assert A.grad is not None
    np.testing.assert_allclose(A.grad, layer.backward(), rtol=0, atol=1e-12)
    want = (softmax(a) - np.eye(5)[t]) / 6
    np.testing.assert_allclose(A.grad, want, rtol=0, atol=1e-12)


def test_a_network_agrees_with_two_layer_net() -> None:
    net = TwoLayerNet(6, 5, 3, 0.5, rng=0, dtype=np.float64)
    x, t = drawn(5, (7, 6))[0], np.array([0, 1, 2, 0, 1, 2, 2])
    p = {name: Tensor(values) for name, values in net.params.items()}
    for _ in range(3):
        z = (x @ p["W1"] + p["b1"]).relu()
        loss = loss_of(z @ p["W2"] + p["b2"], t)
        loss.backward()
        assert abs(float(loss.data) - net.loss(x, t)) < 1e-12
        for name, want in net.gradient(x, t).items():
            grad = p[name].grad
            assert grad is not None
            np.testing.assert_allclose(grad, want, rtol=0, atol=1e-12)
            net.params[name] -= 0.5 * grad  # the same arrays as the tensors'
