"""A two-layer network as textbooks write it: plain layers, float64. For comparison."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Relu:
    """Zeros the negative numbers, by a mask."""

    def forward(self, x: Array) -> Array:
        self.mask = x <= 0
        out = x.copy()
        out[self.mask] = 0
        return out

    def backward(self, dout: Array) -> Array:
        dout[self.mask] = 0
        return dout


class Affine:
    """A matrix product and a bias."""

    def __init__(self, W: Array, b: Array) -> None:
        self.W, self.b = W, b

    def forward(self, x: Array) -> Array:
        self.x = x
        return np.dot(x, self.W) + self.b

    def backward(self, dout: Array) -> Array:
        dx = np.dot(dout, self.W.T)
        self.dW = np.dot(self.x.T, dout)
        self.db = np.sum(dout, axis=0)
        return dx


class SoftmaxWithLoss:
    """Softmax, then cross-entropy with a small number in its logarithm."""

    def forward(self, x: Array, t: Array) -> Any:
        self.t = t
        shifted = x.T - np.max(x.T, axis=0)
        self.y = (np.exp(shifted) / np.sum(np.exp(shifted), axis=0)).T
        right = self.y[np.arange(len(t)), t]
        return -np.sum(np.log(right + 1e-7)) / len(t)

    def backward(self, dout: Any = 1) -> Array:
        dx = self.y.copy()
        dx[np.arange(len(self.t)), self.t] -= 1
        return dx / len(self.t)


class TwoLayerNet:
    """Affine, ReLU, affine, softmax with loss."""

    def __init__(self, sizes: tuple[int, int, int], std: float, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.params = {
            "W1": std * rng.normal(size=sizes[:2]),
            "b1": np.zeros(sizes[1]),
            "W2": std * rng.normal(size=sizes[1:]),
            "b2": np.zeros(sizes[2]),
        }
        self.layers: OrderedDict[str, Any] = OrderedDict()
        self.layers["Affine1"] = Affine(self.params["W1"], self.params["b1"])
        self.layers["Relu1"] = Relu()
        self.layers["Affine2"] = Affine(self.params["W2"], self.params["b2"])
        self.last_layer = SoftmaxWithLoss()

    def predict(self, x: Array) -> Array:
        for layer in self.layers.values():
            x = layer.forward(x)
        return x

    def loss(self, x: Array, t: Array) -> Any:
        return self.last_layer.forward(self.predict(x), t)

    def gradient(self, x: Array, t: Array) -> dict[str, Array]:
        self.loss(x, t)
        dout = self.last_layer.backward(1)
        for layer in reversed(list(self.layers.values())):
            dout = layer.backward(dout)
        first, second = self.layers["Affine1"], self.layers["Affine2"]
        return {"W1": first.dW, "b1": first.db, "W2": second.dW, "b2": second.db}


class SGD:
    """Each parameter, one after the other."""

    def __init__(self, lr: float) -> None:
        self.lr = lr

    def update(self, params: dict[str, Array], grads: dict[str, Array]) -> None:
        for key in params:
            params[key] -= self.lr * grads[key]
