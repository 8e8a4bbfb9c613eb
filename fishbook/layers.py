# Tangled from docs/04-backpropagation, docs/05-training, docs/06-cnn [0ca79bc715b616d8]
"""Steps of a computation that can also go backward."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fishbook.checks import (
    Floats,
    Seed,
    amount,
    came,
    count,
    floats,
    images,
    labels,
    number,
    pair,
    rows,
    share,
    vectors,
)
from fishbook.convolutions import Filters, find_way
from fishbook.functions import sigmoid
from fishbook.im2col import conv_output_size

__all__ = [
    "AddLayer",
    "Affine",
    "AveragePooling",
    "BatchNormalization",
    "Convolution",
    "Dropout",
    "Flatten",
    "GlobalAveragePooling",
    "Layer",
    "LocalResponseNormalization",
    "MulLayer",
    "Pooling",
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
        y: Floats = np.clip(x, 0, np.inf)
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
        self.db = self.grads["b"] = np.ones(len(rows), rows.dtype) @ rows
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
        a = x.reshape(-1, x.shape[-1]).T.copy()
        right = labels(t, x.shape), np.arange(a.shape[1])
        a -= a.max(axis=0)
        y = np.exp(a)
        total = y.sum(axis=0)
        y /= total
        self.keep(y, right, x.shape)
        return float((np.log(total) - a[right]).sum()) / len(total)

    def backward(self, dout: ArrayLike = 1.0) -> Floats:
        """Return the gradient of the scores, dout (y - t) / N."""
        y, right, shape = self.kept()
        y[right] -= 1
        y *= number("dout", dout) / y.shape[1]
        dx: Floats = y.T.reshape(shape)
        return dx


class BatchNormalization(Layer):
    """Each feature made to have mean 0 and variance 1, then scaled and shifted.

    Parameters
    ----------
    gamma, beta : array_like, shape (D,)
        Scale and shift of each feature, held as `Affine` holds its weights. Images
        (N, C, H, W) have C features: each channel is one.
    momentum : float
        The share of the running statistics that a training batch leaves as it is.
    running_mean, running_var : array_like, shape (D,), optional
        What evaluation normalizes with; 0 and 1 if left out. Arrays are held.
    eps : float
        Is added to the variance, so that nothing is divided by 0.

    Attributes
    ----------
    dgamma, dbeta : ndarray
        The gradients of the last `backward`, also in `grads`.
    running_mean, running_var : ndarray
        The statistics so far, also in `state`.

    References
    ----------
    S. Ioffe, C. Szegedy, "Batch normalization: accelerating deep network training by
    reducing internal covariate shift", ICML 2015.
    """

    def __init__(
        self,
        gamma: ArrayLike,
        beta: ArrayLike,
        momentum: float = 0.9,
        running_mean: ArrayLike | None = None,
        running_var: ArrayLike | None = None,
        eps: float = 1e-5,
    ) -> None:
        super().__init__()
        self.gamma = floats("gamma", gamma, (None,))
        self.beta = floats("beta", beta, self.gamma.shape)
        self.dgamma, self.dbeta = np.zeros_like(self.gamma), np.zeros_like(self.beta)
        self.params = {"gamma": self.gamma, "beta": self.beta}
        self.grads = {"gamma": self.dgamma, "beta": self.dbeta}
        self.momentum, self.eps = share("momentum", momentum), number("eps", eps, 0)
        mean = np.zeros_like(self.gamma) if running_mean is None else running_mean
        var = np.ones_like(self.gamma) if running_var is None else running_var
        self.running_mean = floats("running_mean", mean, self.gamma.shape)
        self.running_var = floats("running_var", var, self.gamma.shape)
        self.state = {"mean": self.running_mean, "var": self.running_var}

    def forward(
        self, x: ArrayLike, train: bool = False, train_flg: bool | None = None
    ) -> Floats:
        """Return x normalized, scaled and shifted.

        Parameters
        ----------
        x : array_like, shape (N, D) or (N, D, ...)
            One sample a row; further axes belong to the features, as in images. In
            evaluation (D,) too.
        train : bool
            Whether to normalize with the batch's own mean and variance, and let them
            into the running ones, instead of using those.
        train_flg : bool, optional
            Another name for `train`.

        Raises
        ------
        ValueError
            If the features aren't as many as those of gamma, or if in training a
            feature has fewer than two values.
        """
        x = floats("x", x)
        axes, wide = self._along(x)
        train = train if train_flg is None else train_flg
        mean, var = self.running_mean, self.running_var
        if train:
            mean, var = self._measure(x, axes)
        std = np.sqrt(var + self.eps).reshape(wide)
        normal = (x - mean.reshape(wide)) / std
        self.keep(normal, std, axes, wide, train)
        y: Floats = self.gamma.reshape(wide) * normal + self.beta.reshape(wide)
        return y

    def _measure(self, x: Floats, axes: tuple[int, ...]) -> tuple[Floats, Floats]:
        """Return a batch's mean and variance, and let them into the running ones."""
        if (many := x.size // max(len(self.gamma), 1)) < 2:
            raise ValueError(
                f"got {many} value of each feature in training, which has no spread;"
                " take batches of 2 samples or more (is the last batch smaller?), or"
                " evaluate with train=False"
            )
        mean, var = x.mean(axis=axes), x.var(axis=axes)
        for running, new in ((self.running_mean, mean), (self.running_var, var)):
            running *= self.momentum
            running += (1 - self.momentum) * new
        return mean, var

    def _along(self, x: Floats) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return the axes to average over, and the shape that gamma gets."""
        D, axis = len(self.gamma), 1 if x.ndim > 2 else x.ndim - 1
        if not x.ndim or x.shape[axis] != D:
            raise ValueError(came("x", x, f"(N, {D}) or (N, {D}, ...), or one ({D},)"))
        axes = tuple(i for i in range(x.ndim) if i != axis)
        return axes, tuple(D if i == axis else 1 for i in range(x.ndim))

    def backward(self, dout: ArrayLike) -> Floats:
        """Return the gradient of x; leave those of gamma and beta in grads."""
        normal, std, axes, wide, train = self.kept()
        dout = floats("dout", dout, normal.shape)
        self.dbeta = self.grads["beta"] = dout.sum(axis=axes)
        self.dgamma = self.grads["gamma"] = (dout * normal).sum(axis=axes)
        if train:
            N = dout.size // len(self.gamma)
            along = self.dbeta.reshape(wide) + normal * self.dgamma.reshape(wide)
            dout = dout - along / N
        dx: Floats = dout * (self.gamma.reshape(wide) / std)
        return dx


class Dropout(Layer):
    """In training, each number is left out with some probability.

    Parameters
    ----------
    dropout_ratio : float
        The probability that a number becomes 0, from 0 to less than 1.
    inverted : bool
        Whether those that stay are made larger in training, so that evaluation does
        nothing. Otherwise evaluation makes all numbers smaller instead.
    rng : optional
        What `numpy.random.default_rng` takes: it chooses who stays.

    References
    ----------
    N. Srivastava and others, "Dropout: a simple way to prevent neural networks from
    overfitting", JMLR 15, 1929-1958, 2014.
    """

    def __init__(
        self, dropout_ratio: float = 0.5, inverted: bool = True, rng: Seed = None
    ) -> None:
        super().__init__()
        self.dropout_ratio = share("dropout_ratio", dropout_ratio)
        self.inverted, self.rng = inverted, np.random.default_rng(rng)

    def forward(
        self, x: ArrayLike, train: bool = False, train_flg: bool | None = None
    ) -> Floats:
        """Return x with numbers left out in training; `train_flg` means `train`."""
        x, stay = floats("x", x), 1 - self.dropout_ratio
        scale: Floats = np.array(1 if self.inverted else stay, x.dtype)
        if train if train_flg is None else train_flg:
            mask = self.rng.random(x.shape) < stay
            scale = mask.astype(x.dtype)
            if self.inverted:
                scale /= stay
        self.keep(scale, x.shape)
        y: Floats = x * scale
        return y

    def backward(self, dout: ArrayLike) -> Floats:
        """Return dout through the mask that forward used."""
        scale, shape = self.kept()
        dx: Floats = floats("dout", dout, shape) * scale
        return dx


class _Windows(Layer):
    """What the layers that pool have in common: where the windows are.

    Parameters
    ----------
    pool_h, pool_w : int
        How high and wide a window is.
    stride : int or (int, int)
        How far the window moves from place to place, downward and to the right.
    pad : int or (int, int)
        How many rows and columns are added on each side; less than the window.
    """

    filler = 0.0

    def __init__(
        self,
        pool_h: int,
        pool_w: int,
        stride: int | tuple[int, int] = 2,
        pad: int | tuple[int, int] = 0,
    ) -> None:
        super().__init__()
        self.pool_h, self.pool_w = pair("pool size", (pool_h, pool_w), 1)
        self.stride, self.pad = pair("stride", stride, 1), pair("pad", pad)
        if self.pad[0] >= self.pool_h or self.pad[1] >= self.pool_w:
            wanted = f"less than the window, {pool_h} by {pool_w}"
            raise ValueError(came("pad", pad, wanted))

    def _padded(self, x: ArrayLike) -> tuple[Floats, tuple[int, int]]:
        """Return the padded images, and how many windows fit downward and across."""
        x = images("x", x)
        (ph, pw), (sh, sw) = self.pad, self.stride
        OH = conv_output_size(x.shape[2], self.pool_h, sh, ph)
        OW = conv_output_size(x.shape[3], self.pool_w, sw, pw)
        if ph or pw:
            around = (0, 0), (0, 0), (ph, ph), (pw, pw)
            x = np.pad(x, around, constant_values=self.filler)
        return x, (OH, OW)

    def _places(self, x: Floats, size: tuple[int, int]) -> Iterator[Floats]:
        """Yield for each place in the window what all windows see there, as views."""
        (OH, OW), (sh, sw) = size, self.stride
        for i in range(self.pool_h):
            for j in range(self.pool_w):
                yield x[:, :, i : i + sh * OH : sh, j : j + sw * OW : sw]

    def _inside(self, x: Floats) -> Floats:
        """Return the images without their padding."""
        (ph, pw), (H, W) = self.pad, x.shape[2:]
        return x[:, :, ph : H - ph, pw : W - pw]


class Pooling(_Windows):
    """The largest number of each window, channel by channel.

    Parameters
    ----------
    pool_h, pool_w, stride, pad
        The window, its steps and the padding, which never wins: it is minus infinity.
    """

    filler = -np.inf

    def forward(
        self, x: ArrayLike, train: bool = False, floor: float | None = None
    ) -> Floats:
        """Return the maxima (N, C, OH, OW) of images (N, C, H, W), none below floor.

        Parameters
        ----------
        x : array_like, shape (N, C, H, W)
            Images.
        train : bool
            Makes no difference to this layer.
        floor : float, optional
            Takes part in each window: with 0, this is a ReLU before the pooling, too.
        """
        x, size = self._padded(x)
        first, *others = self._places(x, size)
        y = first.copy("K") if floor is None else np.clip(first, floor, np.inf)
        for values in others:
            np.maximum(y, values, out=y)
        free = np.ones_like(y, bool) if floor is None else y > floor
        self.keep(x, y, free)
        return y

    def backward(self, dout: ArrayLike) -> Floats:
        """Return dout where the maxima were, the first one of equals; elsewhere 0."""
        x, y, free = self.kept()
        given = floats("dout", dout, y.shape)
        dout = np.empty_like(y, given.dtype)
        dout[...] = given
        apart = self.stride[0] >= self.pool_h and self.stride[1] >= self.pool_w
        all_seen = apart and y.size * self.pool_h * self.pool_w == x.size
        dx: Floats = (np.empty_like if all_seen else np.zeros_like)(x, dout.dtype)
        places = zip(*(self._places(a, y.shape[2:]) for a in (x, dx)), strict=True)
        for values, place in places:
            wins = free & (values == y)
            if apart:
                np.multiply(dout, wins, out=place)
            else:
                place += dout * wins
            free = free ^ wins
        return self._inside(dx)


class AveragePooling(_Windows):
    """The mean of each window, channel by channel; padding counts as zeros.

    Parameters
    ----------
    pool_h, pool_w, stride, pad
        The window, its steps and the padding.
    """

    def forward(self, x: ArrayLike, train: bool = False) -> Floats:
        """Return the means (N, C, OH, OW) of images (N, C, H, W)."""
        x, size = self._padded(x)
        first, *others = self._places(x, size)
        y = first.copy("K")
        for values in others:
            y += values
        y /= self.pool_h * self.pool_w
        self.keep(x.shape, y.shape)
        return y

    def backward(self, dout: ArrayLike) -> Floats:
        """Return each window's dout in equal shares to its numbers."""
        shape, y_shape = self.kept()
        share = floats("dout", dout, y_shape) / (self.pool_h * self.pool_w)
        dx: Floats = np.zeros_like(share, shape=shape)
        for part in self._places(dx, y_shape[2:]):
            part += share
        return self._inside(dx)


class GlobalAveragePooling(Layer):
    """The mean of each whole channel: (N, C, H, W) becomes (N, C)."""

    def forward(self, x: ArrayLike, train: bool = False) -> Floats:
        """Return the means (N, C) of images (N, C, H, W) that have pixels."""
        x = images("x", x)
        N, C, H, W = x.shape
        if not H * W:
            raise ValueError(came("x", x, "images of at least one pixel"))
        self.keep(x.shape)
        y: Floats = x.reshape(N, C, H * W).mean(axis=2)
        return y

    def backward(self, dout: ArrayLike) -> Floats:
        """Return each channel's dout in equal shares to its pixels."""
        (shape,) = self.kept()
        share = floats("dout", dout, shape[:2]) / (shape[2] * shape[3])
        return np.broadcast_to(share[:, :, None, None], shape).copy()


class Convolution(Layer):
    """Filters that slide over images.

    Parameters
    ----------
    W : array_like, shape (FN, C, FH, FW)
        FN filters for C channels, held as `Affine` holds its weights.
    b : array_like, shape (FN,)
        The biases, held as well.
    stride : int or (int, int)
        How far the filters move from place to place, downward and to the right.
    pad : int or (int, int)
        How many rows of zeros are added above and below, and columns on both sides.
    way : str, optional
        The name in `fishbook.convolutions.WAYS` of how to do the sums; if left out,
        each input goes the latest way that fits.

    Attributes
    ----------
    W, b, dW, db : ndarray
        As in `Affine`.
    """

    def __init__(
        self,
        W: ArrayLike,
        b: ArrayLike,
        stride: int | tuple[int, int] = 1,
        pad: int | tuple[int, int] = 0,
        way: str | None = None,
    ) -> None:
        super().__init__()
        self.W = floats("W", W, (None, None, None, None))
        self.b = floats("b", b, self.W.shape[:1])
        self.stride, self.pad = pair("stride", stride, 1), pair("pad", pad)
        self.way = way
        self.dW, self.db = np.zeros_like(self.W), np.zeros_like(self.b)
        self.params = {"W": self.W, "b": self.b}
        self.grads = {"W": self.dW, "b": self.db}

    @property
    def asked(self) -> Filters:
        """What a way has to know of the layer."""
        return Filters(self.W, self.b, self.stride, self.pad)

    def forward(self, x: ArrayLike, train: bool = False) -> Floats:
        """Return the maps (N, FN, OH, OW) of images (N, C, H, W)."""
        FN, C, FH, FW = self.W.shape
        x = images("x", x, C)
        OH = conv_output_size(x.shape[2], FH, self.stride[0], self.pad[0])
        OW = conv_output_size(x.shape[3], FW, self.stride[1], self.pad[1])
        way = find_way(self.way, self.asked, x.shape)
        y, kept = way.forward(x, self.asked)
        self.keep(way, kept, (len(x), FN, OH, OW))
        return y

    def backward(self, dout: ArrayLike) -> Floats:
        """Return the gradient of x; leave those of W and b in grads."""
        dx: Floats = self.learn(dout, need_dx=True)
        return dx

    def learn(self, dout: ArrayLike, need_dx: bool = False) -> Any:
        """Leave the gradients of W and b in grads; return that of x if needed."""
        way, kept, shape = self.kept()
        dout = floats("dout", dout, shape)
        dx, self.dW, self.db = way.backward(dout, kept, self.asked, need_dx)
        self.grads = {"W": self.dW, "b": self.db}
        return dx


class LocalResponseNormalization(Layer):
    """Each channel made smaller where channels next to it are large.

    Parameters
    ----------
    n : int
        How many neighbouring channels count, the channel itself among them; odd.
    k, alpha, beta : float
        The channel is divided by the sum (k + alpha * squares) to the power of beta.
        The sum isn't divided by n: what PyTorch calls alpha is n times this one.

    References
    ----------
    A. Krizhevsky, I. Sutskever, G. E. Hinton, "ImageNet classification with deep
    convolutional neural networks", NIPS 2012.
    """

    def __init__(
        self, n: int = 5, k: float = 2.0, alpha: float = 1e-4, beta: float = 0.75
    ) -> None:
        super().__init__()
        self.n = count("n", n, least=1)
        if self.n % 2 == 0:
            raise ValueError(came("n", n, "an odd number, as many on either side"))
        self.k, self.alpha = number("k", k, above=0), amount("alpha", alpha)
        self.beta = amount("beta", beta)

    def _around(self, x: Floats) -> Floats:
        """Return for each channel the sum over it and its neighbours."""
        total = x.copy("K")
        for far in range(1, min(self.n // 2 + 1, x.shape[1])):
            total[:, far:] += x[:, :-far]
            total[:, :-far] += x[:, far:]
        return total

    def forward(self, x: ArrayLike, train: bool = False) -> Floats:
        """Return images (N, C, H, W) with their channels toned down."""
        x = images("x", x)
        s = self.k + self.alpha * self._around(x * x)
        power = s**-self.beta
        self.keep(x, s, power)
        y: Floats = x * power
        return y

    def backward(self, dout: ArrayLike) -> Floats:
        """Return the gradient of x, along both ways."""
        x, s, power = self.kept()
        dout = floats("dout", dout, x.shape)
        through = self._around(dout * x * power / s)
        dx: Floats = dout * power - 2 * self.alpha * self.beta * x * through
        return dx
