# Tangled from docs/01-perceptron [c2aceb8c60f2b249]
"""Perceptrons: logic gates as weighted sums, and how one of them learns."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "AND",
    "NAND",
    "NOT",
    "OR",
    "XOR",
    "fires",
    "gate",
    "perceptron_train",
    "truth_table",
]


def truth_table(f: Callable[[int, int], int]) -> list[tuple[int, int, int]]:
    """List what a gate with two inputs gives for each of its four inputs.

    Parameters
    ----------
    f : callable
        A gate: takes `x1` and `x2`, gives 0 or 1.

    Returns
    -------
    list of (x1, x2, y)
        In the order (0, 0), (1, 0), (0, 1), (1, 1).

    Examples
    --------
    >>> truth_table(max)
    [(0, 0, 0), (1, 0, 1), (0, 1, 1), (1, 1, 1)]
    """
    return [(x1, x2, f(x1, x2)) for x2 in (0, 1) for x1 in (0, 1)]


def _real(name: str, values: ArrayLike, ndim: int = 1) -> NDArray[np.float64]:
    """Give the values as finite numbers, or say what is wrong."""
    try:
        array = np.asarray(values)
    except ValueError:
        array = np.array(None)
    if array.ndim != ndim or array.dtype.kind not in "biuf":
        wanted = ("a real number", "real numbers", "rows of real numbers")
        raise ValueError(
            f"got {name} = {values!r}, but want {wanted[ndim]};"
            " check the shape, and convert text with float()"
        )
    if not np.isfinite(array).all():
        raise ValueError(
            f"got {name} = {values!r}, but want finite numbers; replace nan or inf"
        )
    return array.astype(np.float64)


def fires(x: ArrayLike, w: ArrayLike, b: float) -> int:
    """Give the output of a perceptron: 1 if it fires, otherwise 0.

    Parameters
    ----------
    x : array_like, shape (D,)
        The inputs, any finite real numbers.
    w : array_like, shape (D,)
        The weights, one for each input.
    b : float
        The bias, which is the threshold with its sign changed.

    Returns
    -------
    int
        1 if ``w @ x + b`` exceeds 0, otherwise 0.

    Raises
    ------
    ValueError
        If something is not a finite real number, or if `x` and `w` differ
        in length.

    References
    ----------
    F. Rosenblatt, "The perceptron: a probabilistic model for information
    storage and organization in the brain", Psychological Review 65(6),
    386-408, 1958.
    """
    inputs, weights = _real("x", x), _real("w", w)
    bias = float(_real("b", b, ndim=0))
    if len(inputs) != len(weights):
        raise ValueError(
            f"got {len(inputs)} inputs and {len(weights)} weights;"
            " give each weight one input"
        )
    return int(weights @ inputs + bias > 0)


def AND(x1: float, x2: float) -> int:
    """Give 1 if both inputs are 1, otherwise 0.

    Parameters
    ----------
    x1, x2 : float
        The inputs, usually 0 or 1.

    Returns
    -------
    int
        0 or 1.

    Raises
    ------
    ValueError
        If an input is not a finite real number.
    """
    return fires([x1, x2], [0.5, 0.5], -0.7)


def NAND(x1: float, x2: float) -> int:
    """Give 0 if both inputs are 1, otherwise 1.

    Parameters
    ----------
    x1, x2 : float
        The inputs, usually 0 or 1.

    Returns
    -------
    int
        0 or 1.

    Raises
    ------
    ValueError
        If an input is not a finite real number.
    """
    return fires([x1, x2], [-0.5, -0.5], 0.7)


def OR(x1: float, x2: float) -> int:
    """Give 1 if at least one input is 1, otherwise 0.

    Parameters
    ----------
    x1, x2 : float
        The inputs, usually 0 or 1.

    Returns
    -------
    int
        0 or 1.

    Raises
    ------
    ValueError
        If an input is not a finite real number.
    """
    return fires([x1, x2], [0.5, 0.5], -0.2)


def gate(w: ArrayLike, b: float) -> Callable[..., int]:
    """Make a gate: a perceptron with fixed weights and bias.

    Parameters
    ----------
    w : array_like, shape (D,)
        The weights, one for each input.
    b : float
        The bias.

    Returns
    -------
    callable
        Takes D inputs, gives 0 or 1; raises ValueError as `fires` does.

    Raises
    ------
    ValueError
        If a weight or the bias is not a finite real number.

    Examples
    --------
    >>> NOR = gate([-1, -1], 0.5)
    >>> NOR(0, 0), NOR(1, 0)
    (1, 0)
    """
    weights = _real("w", w)
    bias = float(_real("b", b, ndim=0))

    def fire(*x: float) -> int:
        return fires(x, weights, bias)

    return fire


def NOT(x: float) -> int:
    """Give 1 if the input is 0, and 0 if it is 1.

    Parameters
    ----------
    x : float
        The input, usually 0 or 1.

    Returns
    -------
    int
        0 or 1.

    Raises
    ------
    ValueError
        If the input is not a finite real number.
    """
    return fires([x], [-1], 0.5)


def XOR(x1: float, x2: float) -> int:
    """Give 1 if the inputs differ, otherwise 0: two layers of perceptrons.

    Parameters
    ----------
    x1, x2 : float
        The inputs, usually 0 or 1.

    Returns
    -------
    int
        0 or 1.

    Raises
    ------
    ValueError
        If an input is not a finite real number.

    References
    ----------
    M. Minsky and S. Papert, "Perceptrons", MIT Press, 1969, chapter 3: why
    one layer can't do this (XOR is the parity of two inputs).
    """
    s1 = NAND(x1, x2)
    s2 = OR(x1, x2)
    return AND(s1, s2)


def _samples(
    x: ArrayLike, t: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give samples and labels as arrays, or say what is wrong."""
    samples, labels = _real("x", x, ndim=2), _real("t", t)
    if len(samples) != len(labels):
        raise ValueError(
            f"got {len(samples)} samples and {len(labels)} labels;"
            " give each sample one label"
        )
    if not np.isin(labels, (0, 1)).all():
        raise ValueError(f"got t = {t!r}, but want 0 and 1; recode the labels")
    return samples, labels


def perceptron_train(
    x: ArrayLike,
    t: ArrayLike,
    epochs: int = 100,
    lr: float = 1.0,
    rng: np.random.Generator | None = None,
) -> tuple[NDArray[np.float64], float, list[int]]:
    """Learn the weights and the bias of one perceptron from samples.

    Starts from zeros, and stops after the first epoch without a mistake.

    Parameters
    ----------
    x : array_like, shape (N, D)
        The inputs, one row for each sample.
    t : array_like, shape (N,)
        The labels, 0 or 1.
    epochs : int, optional
        How many passes through the samples at most.
    lr : float, optional
        The learning rate, greater than 0.
    rng : numpy.random.Generator, optional
        Shuffles the samples anew in each epoch; without it, they keep their
        order.

    Returns
    -------
    w : ndarray, shape (D,)
        The weights.
    b : float
        The bias.
    mistakes : list of int
        How many samples were answered wrongly in each epoch.

    Raises
    ------
    ValueError
        If something is not a finite real number, if `x` and `t` differ in
        length, if a label is neither 0 nor 1, or if `lr` is not greater than 0.

    References
    ----------
    F. Rosenblatt, "The perceptron: a probabilistic model for information
    storage and organization in the brain", Psychological Review 65(6),
    386-408, 1958. A rule that corrects mistakes: F. Rosenblatt, "Principles
    of Neurodynamics", Spartan Books, 1962.
    """
    samples, labels = _samples(x, t)
    rate = float(_real("lr", lr, ndim=0))
    if rate <= 0:
        raise ValueError(f"got lr = {lr}, but want more than 0; try 1.0")
    count, size = samples.shape
    w, b = np.zeros(size), 0.0
    mistakes = []
    for _ in range(epochs):
        order = np.arange(count) if rng is None else rng.permutation(count)
        wrong = 0
        for i in order:
            error = float(labels[i]) - fires(samples[i], w, b)
            w += rate * error * samples[i]
            b += rate * error
            wrong += int(error != 0)
        mistakes.append(wrong)
        if wrong == 0:
            break
    return w, b, mistakes
