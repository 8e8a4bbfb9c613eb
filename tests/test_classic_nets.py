"""LeNet and AlexNet: their sizes, their gradients, and what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fishbook.gradients import gradient_check
from fishbook.layers import LocalResponseNormalization, Pooling
from fishbook.networks import AlexNet, LeNet

CLASSIC = [LeNet, AlexNet]


def drawn(side: int, channels: int = 1, dtype: Any = np.float64) -> Any:
    rng = np.random.default_rng(1)
    x = rng.random((4, channels, side, side)).astype(dtype)
    return x, np.array([3, 1, 4, 1])


def test_lenet_has_the_published_size() -> None:
    net = LeNet()
    shapes = {key: values.shape for key, values in net.params.items()}
    weights = {key: shape for key, shape in shapes.items() if key[0] == "W"}
    assert weights == {
        "W1": (6, 1, 5, 5),
        "W2": (16, 6, 5, 5),
        "W3": (400, 120),
        "W4": (120, 84),
        "W5": (84, 10),
    }
    assert sum(values.size for values in net.params.values()) == 61_706


def test_alexnet_has_overlapping_pooling_and_two_normalizations() -> None:
    layers = AlexNet().layers
    pools = [layer for layer in layers.values() if isinstance(layer, Pooling)]
    assert [(p.pool_h, p.pool_w, p.stride) for p in pools] == [(3, 3, (2, 2))] * 3
    norms = [isinstance(k, LocalResponseNormalization) for k in layers.values()]
    assert sum(norms) == 2
    assert not any("Norm" in name for name in AlexNet(lrn=False).layers)
    assert not any("Dropout" in name for name in AlexNet(dropout_ratio=0).layers)


@pytest.mark.parametrize("make", CLASSIC)
@pytest.mark.parametrize("size", [(1, 28, 28), (3, 17, 24)])
def test_sizes_are_computed(make: Any, size: tuple[int, int, int]) -> None:
    net = make(size, output_size=7, rng=0)
    x = np.random.default_rng(0).random((5, *size), dtype=np.float32)
    y = net.predict(x)
    assert y.shape == (5, 7)
    assert y.dtype == np.float32
    np.testing.assert_allclose(net.predict(x[:1]), y[:1], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh"])
@pytest.mark.parametrize("pooling", ["max", "average"])
def test_the_gradients_of_lenet(activation: str, pooling: str) -> None:
    net = LeNet((1, 12, 12), activation, pooling, rng=0, dtype=float)
    x, t = drawn(12)
    errors = gradient_check(net, x, t, h=1e-6, sample=8)
    assert max(errors.values()) < 1e-4


def test_the_gradients_of_alexnet() -> None:
    few = (2, 3, 3, 3, 2)
    net = AlexNet((2, 15, 15), few, 6, dropout_ratio=0, rng=3, dtype=float)
    x, t = drawn(15, 2)
    errors = gradient_check(net, x, t, h=1e-6, sample=8)
    assert max(errors.values()) < 1e-4


@pytest.mark.parametrize("make", CLASSIC)
def test_a_seed_gives_the_same_network(make: Any) -> None:
    one, two = make(rng=4), make(rng=np.random.default_rng(4))
    for key, values in one.params.items():
        np.testing.assert_array_equal(values, two.params[key])


@pytest.mark.parametrize("make", CLASSIC)
def test_they_learn(make: Any) -> None:
    net, (x, t) = make((1, 16, 16), rng=0), drawn(16, dtype=np.float32)
    first = net.loss(x, t)
    for _ in range(40):
        for key, slope in net.gradient(x, t).items():
            net.params[key] -= 0.03 * slope
    assert net.loss(x, t) < first / 2


@pytest.mark.parametrize(
    ("make", "bad", "said"),
    [
        (LeNet, {"activation": "step"}, "activation"),
        (LeNet, {"pooling": "min"}, "pooling"),
        (LeNet, {"input_dim": (28, 28)}, "input_dim"),
        (LeNet, {"input_dim": (1, 8, 8)}, "window of 5"),
        (LeNet, {"output_size": 0}, "size"),
        (AlexNet, {"input_dim": (1, 14, 14)}, "window of 3"),
        (AlexNet, {"filters": (8, 8)}, "filters"),
        (AlexNet, {"dropout_ratio": 1.0}, "dropout_ratio"),
        (AlexNet, {"hidden_size": 0}, "size"),
    ],
)
def test_what_cannot_be_is_refused(make: Any, bad: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make(**bad)
