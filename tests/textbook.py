"""Networks and rules as textbooks write them: plain, float64. For comparison."""

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
        self.shape = x.shape
        self.x = x.reshape(len(x), -1)
        return np.dot(self.x, self.W) + self.b

    def backward(self, dout: Array) -> Array:
        dx = np.dot(dout, self.W.T)
        self.dW = np.dot(self.x.T, dout)
        self.db = np.sum(dout, axis=0)
        return dx.reshape(self.shape)


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


class Net:
    """Affine layers with ReLU between them, softmax with loss."""

    def __init__(self, sizes: tuple[int, ...], std: float, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.params: dict[str, Array] = {}
        self.layers: OrderedDict[str, Any] = OrderedDict()
        for i in range(1, len(sizes)):
            W = self.params[f"W{i}"] = std * rng.normal(size=sizes[i - 1 : i + 1])
            b = self.params[f"b{i}"] = np.zeros(sizes[i])
            self.layers[f"Affine{i}"] = Affine(W, b)
            self.layers[f"Relu{i}"] = Relu()
        self.layers.popitem()
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
        grads = {}
        for i in range(1, len(self.params) // 2 + 1):
            layer = self.layers[f"Affine{i}"]
            grads |= {f"W{i}": layer.dW, f"b{i}": layer.db}
        return grads


Arrays = dict[str, Array]


class SGD:
    """Each parameter, one after the other."""

    def __init__(self, lr: float) -> None:
        self.lr = lr

    def update(self, params: Arrays, grads: Arrays) -> None:
        for key in params:
            params[key] -= self.lr * grads[key]


class Momentum:
    """A velocity for each parameter."""

    def __init__(self, lr: float) -> None:
        self.lr, self.momentum = lr, 0.9
        self.v: Arrays = {}

    def update(self, params: Arrays, grads: Arrays) -> None:
        for key in params:
            v = self.v.get(key, np.zeros_like(params[key]))
            self.v[key] = self.momentum * v - self.lr * grads[key]
            params[key] += self.v[key]


class Nesterov(Momentum):
    """The same, with the gradient of the point ahead."""

    def update(self, params: Arrays, grads: Arrays) -> None:
        for key in params:
            v = self.v.get(key, np.zeros_like(params[key]))
            params[key] += self.momentum * self.momentum * v
            params[key] -= (1 + self.momentum) * self.lr * grads[key]
            self.v[key] = self.momentum * v - self.lr * grads[key]


class AdaGrad:
    """A sum of squares for each parameter."""

    def __init__(self, lr: float) -> None:
        self.lr = lr
        self.h: Arrays = {}

    def update(self, params: Arrays, grads: Arrays) -> None:
        for key in params:
            h = self.h.get(key, np.zeros_like(params[key]))
            self.h[key] = h + grads[key] * grads[key]
            params[key] -= self.lr * grads[key] / (np.sqrt(self.h[key]) + 1e-7)


class RMSprop(AdaGrad):
    """A fading mean of squares for each parameter."""

    def update(self, params: Arrays, grads: Arrays) -> None:
        for key in params:
            h = self.h.get(key, np.zeros_like(params[key]))
            self.h[key] = 0.99 * h + 0.01 * grads[key] * grads[key]
            params[key] -= self.lr * grads[key] / (np.sqrt(self.h[key]) + 1e-7)


class Adam:
    """Two fading means for each parameter."""

    def __init__(self, lr: float) -> None:
        self.lr, self.steps = lr, 0
        self.m: Arrays = {}
        self.v: Arrays = {}

    def update(self, params: Arrays, grads: Arrays) -> None:
        self.steps += 1
        lr = self.lr * np.sqrt(1 - 0.999**self.steps) / (1 - 0.9**self.steps)
        for key in params:
            m = self.m.get(key, np.zeros_like(params[key]))
            v = self.v.get(key, np.zeros_like(params[key]))
            self.m[key] = m + 0.1 * (grads[key] - m)
            self.v[key] = v + 0.001 * (grads[key] ** 2 - v)
            params[key] -= lr * self.m[key] / (np.sqrt(self.v[key]) + 1e-7)


def im2col(x: Array, filter_h: int, filter_w: int, stride: int, pad: int) -> Array:
    """Copy every place of the window, for all windows at once; float64."""
    N, C, H, W = x.shape
    OH = (H + 2 * pad - filter_h) // stride + 1
    OW = (W + 2 * pad - filter_w) // stride + 1
    padded = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)], "constant")
    col = np.zeros((N, C, filter_h, filter_w, OH, OW))
    for i in range(filter_h):
        down = slice(i, i + stride * OH, stride)
        for j in range(filter_w):
            across = slice(j, j + stride * OW, stride)
            col[:, :, i, j, :, :] = padded[:, :, down, across]
    return col.transpose(0, 4, 5, 1, 2, 3).reshape(N * OH * OW, -1)


def col2im(
    col: Array,
    shape: tuple[int, ...],
    filter_h: int,
    filter_w: int,
    stride: int,
    pad: int,
) -> Array:
    """Add every place of the window, for all windows at once; float64."""
    N, C, H, W = shape
    OH = (H + 2 * pad - filter_h) // stride + 1
    OW = (W + 2 * pad - filter_w) // stride + 1
    col = col.reshape(N, OH, OW, C, filter_h, filter_w).transpose(0, 3, 4, 5, 1, 2)
    x = np.zeros((N, C, H + 2 * pad + stride - 1, W + 2 * pad + stride - 1))
    for i in range(filter_h):
        down = slice(i, i + stride * OH, stride)
        for j in range(filter_w):
            x[:, :, down, j : j + stride * OW : stride] += col[:, :, i, j, :, :]
    return x[:, :, pad : H + pad, pad : W + pad]


class Convolution:
    """One product of a matrix of windows with a matrix of filters."""

    def __init__(self, W: Array, b: Array, stride: int = 1, pad: int = 0) -> None:
        self.W, self.b, self.stride, self.pad = W, b, stride, pad

    def forward(self, x: Array) -> Array:
        FN, _, FH, FW = self.W.shape
        N, _, H, W = x.shape
        OH = 1 + (H + 2 * self.pad - FH) // self.stride
        OW = 1 + (W + 2 * self.pad - FW) // self.stride
        self.x, self.col = x, im2col(x, FH, FW, self.stride, self.pad)
        self.col_W = self.W.reshape(FN, -1).T
        out = np.dot(self.col, self.col_W) + self.b
        return out.reshape(N, OH, OW, -1).transpose(0, 3, 1, 2)

    def backward(self, dout: Array) -> Array:
        FN, C, FH, FW = self.W.shape
        dout = dout.transpose(0, 2, 3, 1).reshape(-1, FN)
        self.db = np.sum(dout, axis=0)
        self.dW = np.dot(self.col.T, dout).transpose(1, 0).reshape(FN, C, FH, FW)
        dcol = np.dot(dout, self.col_W.T)
        return col2im(dcol, self.x.shape, FH, FW, self.stride, self.pad)


class Pooling:
    """Windows as rows, and the largest number of each row."""

    def __init__(self, pool_h: int, pool_w: int, stride: int = 2, pad: int = 0) -> None:
        self.pool_h, self.pool_w, self.stride, self.pad = pool_h, pool_w, stride, pad

    def forward(self, x: Array) -> Array:
        N, C, H, W = x.shape
        OH = 1 + (H + 2 * self.pad - self.pool_h) // self.stride
        OW = 1 + (W + 2 * self.pad - self.pool_w) // self.stride
        col = im2col(x, self.pool_h, self.pool_w, self.stride, self.pad)
        col = col.reshape(-1, self.pool_h * self.pool_w)
        self.x, self.arg_max = x, np.argmax(col, axis=1)
        return np.max(col, axis=1).reshape(N, OH, OW, C).transpose(0, 3, 1, 2)

    def backward(self, dout: Array) -> Array:
        dout = dout.transpose(0, 2, 3, 1)
        size = self.pool_h * self.pool_w
        dmax = np.zeros((dout.size, size))
        dmax[np.arange(dout.size), self.arg_max] = dout.flatten()
        dcol = dmax.reshape(dout.shape[0] * dout.shape[1] * dout.shape[2], -1)
        place = self.pool_h, self.pool_w, self.stride, self.pad
        return col2im(dcol, self.x.shape, *place)


class Dropout:
    """Leaves some numbers out by a mask, and makes all smaller in evaluation."""

    def __init__(self, ratio: float = 0.5) -> None:
        self.ratio = ratio

    def forward(self, x: Array, train: bool = False) -> Array:
        if not train:
            return x * (1 - self.ratio)
        self.mask = np.random.default_rng().random(x.shape) > self.ratio
        return x * self.mask

    def backward(self, dout: Array) -> Array:
        return dout * self.mask


class ImagesNet:
    """Layers in a row; those with W and b are numbered."""

    def __init__(self, layers: OrderedDict[str, Any]) -> None:
        self.layers, self.last_layer = layers, SoftmaxWithLoss()
        self.learned = [v for v in layers.values() if hasattr(v, "W")]
        self.params: dict[str, Array] = {}
        for i, layer in enumerate(self.learned, 1):
            self.params |= {f"W{i}": layer.W, f"b{i}": layer.b}

    def predict(self, x: Array, train: bool = False) -> Array:
        for layer in self.layers.values():
            more = {"train": train} if isinstance(layer, Dropout) else {}
            x = layer.forward(x, **more)
        return x

    def gradient(self, x: Array, t: Array) -> dict[str, Array]:
        self.last_layer.forward(self.predict(x, train=True), t)
        dout = self.last_layer.backward(1)
        for layer in reversed(list(self.layers.values())):
            dout = layer.backward(dout)
        grads = {}
        for i, layer in enumerate(self.learned, 1):
            grads |= {f"W{i}": layer.dW, f"b{i}": layer.db}
        return grads
