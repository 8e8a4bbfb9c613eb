# Tangled from docs/04-backpropagation [a5692b3743ae25c0]
"""Steps of a computation that can also go backward."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fishbook.checks import Floats, floats, labels, number, rows, vectors
from fishbook.functions import log_softmax, sigmoid

__all__ = [
    "AddLayer",
    "Affine",
    "Flatten",
    "Layer",
    "MulLayer",
    "Relu",
    "Sigmoid",
    "SoftmaxWithLoss",
    "Tanh",
]


class Layer:
    """A step of a computation that can also go backward.

    Attributes
    ----------
    params : dict of ndarray
        What is learned, by name; empty for most layers.
    grads : dict of ndarray
        The derivatives of the loss, by the same names.
    """

    def __init__(self) -> None:
        self.params: dict[str, Floats] = {}
        self.grads: dict[str, Floats] = {}
        self._kept: tuple[Any, ...] | None = None

    def keep(self, *values: Any) -> None:
        """Remember what backward needs: the last act of forward."""
        self._kept = values

    def kept(self) -> tuple[Any, ...]:
        """Return what was kept, once: the first act of backward."""
        kept, self._kept = self._kept, None
        if kept is None:
            name = type(self).__name__
            raise RuntimeError(
                f"{name}.backward has nothing to go back from;"
                " call forward first, once for each backward"
            )
        return kept


class MulLayer(Layer):
    """The product of two inputs of one shape."""

    def forward(self, x: ArrayLike, y: ArrayLike) -> Floats:
        """Return x * y, element by element."""
        x = floats("x", x)
        y = floats("y", y, x.shape)
        self.keep(x, y)
        return x * y

    def backward(self, dout: ArrayLike) -> tuple[Floats, Floats]:
        """Return the gradients of x and y: dout times the other."""
        x, y = self.kept()
        dout = floats("dout", dout, x.shape)
        return dout * y, dout * x


class AddLayer(Layer):
    """The sum of two inputs of one shape."""

    def forward(self, x: ArrayLike, y: ArrayLike) -> Floats:
        """Return x + y, element by element."""
        x = floats("x", x)
        y = floats("y", y, x.shape)
        self.keep(x.shape)
        return x + y

    def backward(self, dout: ArrayLike) -> tuple[Floats, Floats]:
        """Return the gradients of x and y: dout for both."""
        (shape,) = self.kept()
        dout = floats("dout", dout, shape)
        return dout, dout


class Relu(Layer):
    """A switch for each number: x where x is positive, otherwise 0."""

    def forward(self, x: ArrayLike, train: bool = False) -> Floats:
        """Return max(x, 0), element by element."""
        x = floats("x", x)
        self.keep(x > 0)
        y: Floats = np.maximum(x, 0)
        return y

    def backward(self, dout: ArrayLike) -> Floats:
        """Return dout where x was positive, otherwise 0; a new array."""
        (mask,) = self.kept()
        dx: Floats = floats("dout", dout, mask.shape) * mask
        return dx


class Sigmoid(Layer):
    """The sigmoid, 1 / (1 + exp(-x))."""

    def forward(self, x: ArrayLike, train: bool = False) -> Floats:
        """Return the sigmoid of x, element by element."""
        y = sigmoid(x)
        self.keep(y)
        return y

    def backward(self, dout: ArrayLike) -> Floats:
        """Return dout times the slope y (1 - y)."""
        (y,) = self.kept()
        dx: Floats = floats("dout", dout, y.shape) * y * (1 - y)
        return dx


class Tanh(Layer):
    """The hyperbolic tangent."""

    def forward(self, x: ArrayLike, train: bool = False) -> Floats:
        """Return tanh(x), element by element."""
        y: Floats = np.tanh(floats("x", x))
        self.keep(y)
        return y

    def backward(self, dout: ArrayLike) -> Floats:
        """Return dout times the slope 1 - y²."""
        (y,) = self.kept()
        dx: Floats = floats("dout", dout, y.shape) * (1 - y * y)
        return dx


class Affine(Layer):
    """A matrix product and a bias: x @ W + b.

    Parameters
    ----------
    W : array_like, shape (D, M)
        The weights, of floats. An array is held, not copied: change it in place, and
        the layer computes with the change.
    b : array_like, shape (M,)
        The biases, held as well.

    Attributes
    ----------
    W, b : ndarray
        The same arrays as ``params["W"]`` and ``params["b"]``.
    dW, db : ndarray
        The gradients of the last `backward`, also ``grads["W"]`` and ``grads["b"]``;
        zeros before.
    """

    def __init__(self, W: ArrayLike, b: ArrayLike) -> None:
        super().__init__()
        self.W = floats("W", W, (None, None))
        self.b = floats("b", b, self.W.shape[1:])
        self.dW, self.db = np.zeros_like(self.W), np.zeros_like(self.b)
        self.params = {"W": self.W, "b": self.b}
        self.grads = {"W": self.dW, "b": self.db}

    def forward(self, x: ArrayLike, train: bool = False) -> Floats:
        """Return x @ W + b, for samples of D numbers along the last axis, or axes.

        Parameters
        ----------
        x : array_like, shape (..., D), or (N, ...) with D numbers a sample
            One sample (D,), or one a row (N, D). Images (N, C, H, W) are laid flat.
        train : bool
            Makes no difference to this layer.

        Returns
        -------
        ndarray, shape (..., M) or (N, M)
        """
        rows = vectors("x", x, len(self.W))
        self.keep(rows, np.shape(x))
        y: Floats = rows @ self.W + self.b
        return y

    def backward(self, dout: ArrayLike) -> Floats:
        """Return the gradient of x, in its shape; leave those of W and b in grads."""
        rows, shape = self.learn(dout)
        dx: Floats = (rows @ self.W.T).reshape(shape)
        return dx

    def learn(self, dout: ArrayLike) -> tuple[Floats, tuple[int, ...]]:
        """Leave the gradients of W and b in grads; return dout in rows, x's shape."""
        x, shape = self.kept()
        D, M = self.W.shape
        rows = floats("dout", dout, (*x.shape[:-1], M)).reshape(-1, M)
        self.dW = self.grads["W"] = x.reshape(-1, D).T @ rows
        self.db = self.grads["b"] = rows.sum(axis=0)
        return rows, shape


class Flatten(Layer):
    """Each sample laid flat: (N, C, H, W) becomes (N, C * H * W)."""

    def forward(self, x: ArrayLike, train: bool = False) -> Floats:
        """Return x with one sample a row; one sample (D,) stays as it is."""
        x = floats("x", x)
        self.keep(x.shape)
        return x.reshape(*x.shape[:1], math.prod(x.shape[1:])) if x.ndim > 1 else x

    def backward(self, dout: ArrayLike) -> Floats:
        """Return dout in the shape of x."""
        (shape,) = self.kept()
        return floats("dout", dout).reshape(shape)


class SoftmaxWithLoss(Layer):
    """Scores and right answers in, the mean cross-entropy out."""

    def forward(self, x: ArrayLike, t: ArrayLike) -> float:
        """Return the loss, exact however far apart the scores are.

        Parameters
        ----------
        x : array_like, shape (K,) or (N, K)
            The scores of K classes, of one sample or of one a row.
        t : array_like
            Class numbers, an integer or shape (N,); or one-hot, the shape of `x`.

        Returns
        -------
        float
            The mean over the samples.
        """
        x = rows("x", x)
        right = np.arange(x.size // x.shape[-1]), labels(t, x.shape)
        logs = log_softmax(x).reshape(-1, x.shape[-1])
        self.keep(logs, right, x.shape)
        return float(-logs[right].sum() / len(logs))

    def backward(self, dout: ArrayLike = 1.0) -> Floats:
        """Return the gradient of the scores, dout (y - t) / N."""
        logs, right, shape = self.kept()
        dx: Floats = np.exp(logs)
        dx[right] -= 1
        dx *= number("dout", dout) / len(dx)
        return dx.reshape(shape)
