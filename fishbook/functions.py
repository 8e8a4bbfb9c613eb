# Tangled from docs/02-neural-network, docs/03-learning [701058fa629ace39]
"""Activation, output and loss functions: NumPy arrays in, NumPy arrays out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Floats",
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

Floats = NDArray[np.floating[Any]]


def _floats(name: str, values: ArrayLike) -> Floats:
    """Give the values as an array of floats, or say what is wrong."""
    try:
        array = np.asarray(values)
    except ValueError:
        array = np.array(None)
    if array.dtype.kind not in "biuf":
        raise TypeError(
            f"got {name} = {values!r}, but want real numbers in an array of any"
            " shape; convert text with float(), give all rows the same length"
        )
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def step_function(x: ArrayLike) -> NDArray[np.int_]:
    """Give 1 where x is positive, otherwise 0.

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
        If `x` holds something else than real numbers.
    """
    return np.asarray(_floats("x", x) > 0, dtype=np.int_)


def sigmoid(x: ArrayLike) -> Floats:
    """Give 1 / (1 + exp(-x)), without overflow for any x.

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
        If `x` holds something else than real numbers.

    Examples
    --------
    >>> float(sigmoid(0))
    0.5
    """
    a = _floats("x", x)
    e: Floats = np.exp(-np.abs(a))
    return np.where(a >= 0, 1, e) / (1 + e)


def sigmoid_grad(x: ArrayLike) -> Floats:
    """Give the derivative of the sigmoid, h(x) (1 - h(x)).

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
        If `x` holds something else than real numbers.
    """
    y = sigmoid(x)
    return y * (1 - y)


def tanh_grad(x: ArrayLike) -> Floats:
    """Give the derivative of the hyperbolic tangent, 1 - tanh(x)².

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
        If `x` holds something else than real numbers.
    """
    y: Floats = np.tanh(_floats("x", x))
    return 1 - y**2


def relu(x: ArrayLike) -> Floats:
    """Give x where it is positive, otherwise 0.

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
        If `x` holds something else than real numbers.
    """
    y: Floats = np.maximum(_floats("x", x), 0)
    return y


def relu_grad(x: ArrayLike) -> Floats:
    """Give the derivative of ReLU: 1 where x is positive, otherwise 0.

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
        If `x` holds something else than real numbers.
    """
    a = _floats("x", x)
    return (a > 0).astype(a.dtype)


def identity_function(x: ArrayLike) -> Floats:
    """Give x itself, as floats: the output activation for regression.

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
        If `x` holds something else than real numbers.
    """
    return _floats("x", x)


def _scores(a: ArrayLike) -> Floats:
    """Give scores as floats with at least one class, or say what is wrong."""
    scores = _floats("a", a)
    if scores.ndim == 0 or scores.shape[-1] == 0:
        raise ValueError(
            f"got a with shape {scores.shape}, but want scores of shape (..., K) with"
            " K of 1 or more; put a single sample's scores in a list"
        )
    return scores


def softmax(a: ArrayLike) -> Floats:
    """Turn scores into positive numbers that sum to 1, along the last axis.

    Parameters
    ----------
    a : array_like, shape (..., K)
        The scores of K classes, each row on its own.

    Returns
    -------
    ndarray, shape (..., K)
        The probabilities; float32 stays float32.

    Raises
    ------
    TypeError
        If `a` holds something else than real numbers.
    ValueError
        If there are no classes.

    References
    ----------
    J. S. Bridle, "Probabilistic interpretation of feedforward classification
    network outputs, with relationships to statistical pattern recognition",
    in Neurocomputing, NATO ASI Series F68, Springer, 227-236, 1990.
    """
    scores = _scores(a)
    e: Floats = np.exp(scores - scores.max(axis=-1, keepdims=True))
    y: Floats = e / e.sum(axis=-1, keepdims=True)
    return y


def log_softmax(a: ArrayLike) -> Floats:
    """Give the natural logarithm of `softmax`, right even where that underflows.

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
        If `a` holds something else than real numbers.
    ValueError
        If there are no classes.

    References
    ----------
    P. Blanchard, D. J. Higham and N. J. Higham, "Accurately computing the
    log-sum-exp and softmax functions", IMA Journal of Numerical Analysis 41(4),
    2311-2330, 2021.
    """
    scores = _scores(a)
    scores = scores - scores.max(axis=-1, keepdims=True)
    logarithms: Floats = scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))
    return logarithms


def sum_squared_error(y: ArrayLike, t: ArrayLike) -> float:
    """Give half the sum of squared differences, averaged over samples.

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
    got, wanted = _floats("y", y), _floats("t", t)
    if got.shape != wanted.shape or got.ndim not in (1, 2) or got.size == 0:
        raise ValueError(
            f"got y with shape {got.shape} and t with shape {wanted.shape}, but want"
            " both (K,) or both (N, K), not empty; make labels one-hot first"
        )
    rows = len(got) if got.ndim == 2 else 1
    return float(0.5 * np.sum((got - wanted) ** 2) / rows)


def mean_squared_error(y: ArrayLike, t: ArrayLike) -> float:
    """Give `sum_squared_error`, under a name that is often used for it.

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


def _labels(t: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.intp]:
    """Give class numbers, one for each row of that shape, from numbers or one-hot."""
    labels = np.asarray(t)
    if labels.shape == shape and _is_one_hot(labels):
        labels = labels.argmax(axis=-1)
    fits = labels.shape == shape[:-1] and labels.dtype.kind in "iu"
    if len(shape) not in (1, 2) or 0 in shape or not fits:
        raise ValueError(
            f"got t with shape {labels.shape} and dtype {labels.dtype} for outputs of"
            f" shape {shape}, but want integer labels of shape {shape[:-1]}, or"
            f" one-hot rows of shape {shape}"
        )
    if not 0 <= labels.min() <= labels.max() < shape[-1]:
        raise ValueError(
            f"got labels from {labels.min()} to {labels.max()}, but want 0 to"
            f" {shape[-1] - 1}: one number for each class"
        )
    return labels.reshape(-1).astype(np.intp)


def _is_one_hot(t: NDArray[Any]) -> bool:
    """Say whether each row is zeros with a single 1."""
    return bool(np.isin(t, (0, 1)).all() and (t.sum(axis=-1) == 1).all())


def _of_right_class(values: Floats, t: ArrayLike) -> Floats:
    """Give the one value of each row that stands at the row's right class."""
    labels = _labels(t, values.shape)
    rows = values.reshape(len(labels), -1)
    return rows[np.arange(len(labels)), labels]


def cross_entropy_error(y: ArrayLike, t: ArrayLike, eps: float = 1e-7) -> float:
    """Give the mean of -ln(probability of the right class).

    Parameters
    ----------
    y : array_like, shape (K,) or (N, K)
        Probabilities of the classes: of one sample, or of one sample a row.
    t : array_like
        Class numbers, an integer or shape (N,); or one-hot, the shape of `y`.
    eps : float
        Added to each probability, so that the logarithm of 0 is never taken. It
        shifts the loss slightly and keeps it below -ln(eps); `softmax_loss` is exact.

    Returns
    -------
    float
        The mean over the N rows.

    Raises
    ------
    TypeError
        If `y` is not made of real numbers.
    ValueError
        If `y` is no probability, or if the labels don't fit `y`.

    Examples
    --------
    >>> round(cross_entropy_error([[0.6, 0.4], [0.9, 0.1]], [0, 1]), 4)
    1.4067
    """
    probabilities = _floats("y", y)
    if not ((probabilities >= 0) & (probabilities <= 1 + 1e-6)).all():
        raise ValueError(
            f"got y from {probabilities.min()} to {probabilities.max()}, but want"
            " probabilities from 0 to 1; for scores use softmax_loss"
        )
    return float(-np.mean(np.log(_of_right_class(probabilities, t) + eps)))


def softmax_loss(a: ArrayLike, t: ArrayLike) -> float:
    """Give the cross-entropy of softmax(a), exactly, from the scores a.

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
