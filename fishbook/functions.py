# Tangled from docs/02-neural-network, docs/03-learning [e1413e83dde1ebce]
"""Activation, output and loss functions: NumPy arrays in, NumPy arrays out."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fishbook.checks import Floats, decided, floats, labels, rows, scores

__all__ = [
    "cross_entropy_error",
    "identity_function",
    "log_softmax",
    "mean_squared_error",
    "relu",
    "relu_grad",
    "sigmoid",
    "sigmoid_grad",
    "softmax",
    "softmax_loss",
    "step_function",
    "sum_squared_error",
    "tanh_grad",
]


def step_function(x: ArrayLike) -> NDArray[np.int_]:
    """Return 1 where x is positive, otherwise 0.

    Parameters
    ----------
    x : array_like, any shape
        Pre-activations.

    Returns
    -------
    ndarray of int, shape of `x`
        0 at x = 0 itself.

    Raises
    ------
    TypeError
        If `x` is not made of real numbers.
    """
    return np.asarray(decided("x", floats("x", x)) > 0, dtype=np.int_)


def sigmoid(x: ArrayLike) -> Floats:
    """Return 1 / (1 + exp(-x)), without overflow for any x.

    Parameters
    ----------
    x : array_like, any shape
        Pre-activations.

    Returns
    -------
    ndarray, shape of `x`
        Between 0 and 1; float32 stays float32.

    Raises
    ------
    TypeError
        If `x` is not made of real numbers.

    Examples
    --------
    >>> float(sigmoid(0))
    0.5
    """
    a = floats("x", x)
    e: Floats = np.exp(-np.abs(a))
    y: Floats = np.where(a >= 0, 1, e) / (1 + e)
    return y


def relu(x: ArrayLike) -> Floats:
    """Return x where it is positive, otherwise 0.

    Parameters
    ----------
    x : array_like, any shape
        Pre-activations.

    Returns
    -------
    ndarray, shape of `x`
        0 or greater; float32 stays float32.

    Raises
    ------
    TypeError
        If `x` is not made of real numbers.
    """
    y: Floats = np.maximum(floats("x", x), 0)
    return y


def identity_function(x: ArrayLike) -> Floats:
    """Return x itself, as floats: the output activation for regression.

    Parameters
    ----------
    x : array_like, any shape
        Pre-activations.

    Returns
    -------
    ndarray, shape of `x`
        An array of floats is given back as it is, not copied.

    Raises
    ------
    TypeError
        If `x` is not made of real numbers.
    """
    return floats("x", x)


def softmax(a: ArrayLike) -> Floats:
    """Return numbers from 0 to 1 that sum to 1 along the last axis, one for each score.

    Parameters
    ----------
    a : array_like, shape (..., K)
        The scores of K classes, each row on its own.

    Returns
    -------
    ndarray, shape (..., K)
        The probabilities, 0 where a score is so far below the largest that exp
        underflows; float32 stays float32.

    Raises
    ------
    TypeError
        If `a` is not made of real numbers.
    ValueError
        If there are no classes.

    References
    ----------
    J. S. Bridle, "Probabilistic interpretation of feedforward classification
    network outputs, with relationships to statistical pattern recognition",
    in Neurocomputing, NATO ASI Series F68, Springer, 227-236, 1990.
    """
    a = scores("a", a)
    e: Floats = np.exp(a - a.max(axis=-1, keepdims=True))
    y: Floats = e / e.sum(axis=-1, keepdims=True)
    return y


def sigmoid_grad(x: ArrayLike) -> Floats:
    """Return the derivative of the sigmoid, h(x) (1 - h(x)).

    Parameters
    ----------
    x : array_like, any shape
        Pre-activations, not values of the sigmoid.

    Returns
    -------
    ndarray, shape of `x`
        Between 0 and 1/4; float32 stays float32.

    Raises
    ------
    TypeError
        If `x` is not made of real numbers.
    """
    y = sigmoid(x)
    return y * (1 - y)


def tanh_grad(x: ArrayLike) -> Floats:
    """Return the derivative of the hyperbolic tangent, 1 - tanh(x)².

    Parameters
    ----------
    x : array_like, any shape
        Pre-activations, not values of tanh.

    Returns
    -------
    ndarray, shape of `x`
        Between 0 and 1; float32 stays float32.

    Raises
    ------
    TypeError
        If `x` is not made of real numbers.
    """
    y: Floats = np.tanh(floats("x", x))
    return 1 - y**2


def relu_grad(x: ArrayLike) -> Floats:
    """Return the derivative of ReLU: 1 where x is positive, otherwise 0.

    Parameters
    ----------
    x : array_like, any shape
        Pre-activations.

    Returns
    -------
    ndarray, shape of `x`
        0 at x = 0 itself, by convention; float32 stays float32.

    Raises
    ------
    TypeError
        If `x` is not made of real numbers.
    """
    slope: Floats = np.heaviside(floats("x", x), 0)
    return slope


def log_softmax(a: ArrayLike) -> Floats:
    """Return the natural logarithm of `softmax`, right even where that underflows.

    Parameters
    ----------
    a : array_like, shape (..., K)
        The scores of K classes, each row on its own.

    Returns
    -------
    ndarray, shape (..., K)
        Numbers of 0 or less.

    Raises
    ------
    TypeError
        If `a` is not made of real numbers.
    ValueError
        If there are no classes.

    References
    ----------
    P. Blanchard, D. J. Higham and N. J. Higham, "Accurately computing the
    log-sum-exp and softmax functions", IMA Journal of Numerical Analysis 41(4),
    2311-2330, 2021.
    """
    a = scores("a", a)
    a = a - a.max(axis=-1, keepdims=True)
    logarithms: Floats = a - np.log(np.exp(a).sum(axis=-1, keepdims=True))
    return logarithms


def sum_squared_error(y: ArrayLike, t: ArrayLike) -> float:
    """Return half the sum of squared differences, averaged over samples.

    Parameters
    ----------
    y, t : array_like, shape (K,) or (N, K)
        Outputs and targets: of one sample, or of one sample a row.

    Returns
    -------
    float
        Σ (y - t)² / 2 for one sample; the mean of that over N rows.

    Raises
    ------
    TypeError
        If something is not a real number.
    ValueError
        If the shapes differ, are others than those above, or hold nothing.

    Examples
    --------
    >>> sum_squared_error([1.0, 2.0], [1.0, 4.0])
    2.0
    """
    y = rows("y", y)
    t = floats("t", t, shape=y.shape)
    return float(0.5 * np.mean(np.sum((y - t) ** 2, axis=-1)))


def _of_right_class(y: Floats, t: ArrayLike) -> Floats:
    """Return the one entry of each row that stands at its right class."""
    t = labels(t, y.shape)
    return y.reshape(len(t), -1)[np.arange(len(t)), t]


def cross_entropy_error(y: ArrayLike, t: ArrayLike, eps: float = 1e-7) -> float:
    """Return the mean of -ln(probability of the right class).

    Parameters
    ----------
    y : array_like, shape (K,) or (N, K)
        Probabilities of the classes: of one sample, or of one sample a row.
    t : array_like
        Class numbers, an integer or shape (N,); or one-hot, the shape of `y`.
    eps : float
        Added to each probability, so that the logarithm of 0 is never taken. So the
        loss lies between -ln(1 + eps) and -ln(eps); `softmax_loss` is exact.

    Returns
    -------
    float
        The mean over the N rows.

    Raises
    ------
    TypeError
        If `y` is not made of real numbers.
    ValueError
        If an entry of `y` at a right class is not from 0 to 1, or if the labels
        don't fit `y`.

    Examples
    --------
    >>> round(cross_entropy_error([[0.6, 0.4], [0.9, 0.1]], [0, 1]), 4)
    1.4067
    """
    p = _of_right_class(floats("y", y), t)
    if ((p < 0) | (p > 1 + 1e-6)).any():
        raise ValueError(
            f"got y from {p.min()} to {p.max()}, but want probabilities from 0 to 1;"
            " for scores use softmax_loss"
        )
    return float(-np.mean(np.log(p + eps)))


def softmax_loss(a: ArrayLike, t: ArrayLike) -> float:
    """Return the cross-entropy of softmax(a), exactly, from the scores a.

    Parameters
    ----------
    a : array_like, shape (K,) or (N, K)
        Scores of the classes, before softmax.
    t : array_like
        Class numbers, an integer or shape (N,); or one-hot, the shape of `a`.

    Returns
    -------
    float
        The mean over the N rows.

    Raises
    ------
    TypeError
        If `a` is not made of real numbers.
    ValueError
        If `a` has no classes, or if the labels don't fit `a`.

    Examples
    --------
    >>> softmax_loss([0.0, 1000.0], 0)
    1000.0
    """
    return float(-np.mean(_of_right_class(log_softmax(a), t)))


def mean_squared_error(y: ArrayLike, t: ArrayLike) -> float:
    """Return `sum_squared_error`, under a name that is often used for it.

    Half a sum over the outputs, not a mean; the mean is over samples only.

    Parameters
    ----------
    y, t : array_like, shape (K,) or (N, K)
        Outputs and targets.

    Returns
    -------
    float

    Raises
    ------
    TypeError, ValueError
        As `sum_squared_error` does.
    """
    return sum_squared_error(y, t)
