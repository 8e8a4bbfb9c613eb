# Tangled from docs/01-perceptron [d08644907de180d9]
"""Perceptrons: logic gates as weighted sums, and how one of them learns."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fishbook.checks import Seed, count, decided, floats, labels, number

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
    """Return what a gate with two inputs gives for each of its four inputs.

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


def fires(x: ArrayLike, w: ArrayLike, b: float) -> int:
    """Return 1 if a perceptron fires, that is if w @ x + b exceeds 0, otherwise 0.

    Parameters
    ----------
    x : array_like, shape (D,)
        The inputs, any real numbers.
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
    TypeError
        If something is not made of real numbers.
    ValueError
        If `x` and `w` differ in length, or if the sum is NaN.

    References
    ----------
    F. Rosenblatt, "The perceptron: a probabilistic model for information
    storage and organization in the brain", Psychological Review 65(6),
    386-408, 1958.
    """
    w = floats("w", w, shape=(None,))
    x = floats("x", x, shape=w.shape)
    return int(decided("w @ x + b", w @ x + number("b", b)) > 0)


def AND(x1: float, x2: float) -> int:
    """Return 1 if both inputs are 1, otherwise 0.

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
    TypeError
        If an input is not a real number.
    ValueError
        If an input is NaN.
    """
    return fires([x1, x2], [0.5, 0.5], -0.7)


def NAND(x1: float, x2: float) -> int:
    """Return 0 if both inputs are 1, otherwise 1.

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
    TypeError
        If an input is not a real number.
    ValueError
        If an input is NaN.
    """
    return fires([x1, x2], [-0.5, -0.5], 0.7)


def OR(x1: float, x2: float) -> int:
    """Return 1 if at least one input is 1, otherwise 0.

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
    TypeError
        If an input is not a real number.
    ValueError
        If an input is NaN.
    """
    return fires([x1, x2], [0.5, 0.5], -0.2)


def NOT(x: float) -> int:
    """Return 1 if the input is 0, and 0 if it is 1.

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
    TypeError
        If the input is not a real number.
    ValueError
        If the input is NaN.
    """
    return fires([x], [-1], 0.5)


def gate(w: ArrayLike, b: float) -> Callable[..., int]:
    """Return a gate: a perceptron with fixed weights and bias.

    Parameters
    ----------
    w : array_like, shape (D,)
        The weights, one for each input.
    b : float
        The bias.

    Returns
    -------
    callable
        Takes D inputs, gives 0 or 1; raises what `fires` raises.

    Raises
    ------
    TypeError
        If a weight or the bias is not a real number.
    ValueError
        If `w` has another shape, or if something is NaN.

    Examples
    --------
    >>> NOR = gate([-1, -1], 0.5)
    >>> NOR(0, 0), NOR(1, 0)
    (1, 0)
    """
    weights = decided("w", floats("w", w, shape=(None,)))
    bias = decided("b", number("b", b))

    def fire(*x: float) -> int:
        return fires(x, weights, bias)

    return fire


def XOR(x1: float, x2: float) -> int:
    """Return 1 if the inputs differ, otherwise 0: two layers of perceptrons.

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
    TypeError
        If an input is not a real number.
    ValueError
        If an input is NaN.

    References
    ----------
    M. Minsky and S. Papert, "Perceptrons", MIT Press, 1969, chapter 3: why
    one layer can't do this (XOR is the parity of two inputs).
    """
    s1 = NAND(x1, x2)
    s2 = OR(x1, x2)
    return AND(s1, s2)


def perceptron_train(
    x: ArrayLike,
    t: ArrayLike,
    epochs: int = 100,
    lr: float = 1.0,
    shuffle: bool = False,
    rng: Seed = None,
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
    shuffle : bool, optional
        Take the samples in a new random order in each epoch.
    rng : optional
        What `numpy.random.default_rng` takes; chooses that order.

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
    TypeError
        If something is not made of real numbers.
    ValueError
        If `x` holds NaN, if `x` and `t` differ in length, if a label is neither
        0 nor 1, if `lr` is not a number above 0, or `epochs` not 0 or more.

    References
    ----------
    F. Rosenblatt, "The perceptron: a probabilistic model for information
    storage and organization in the brain", Psychological Review 65(6),
    386-408, 1958. A rule that corrects mistakes: F. Rosenblatt, "Principles
    of Neurodynamics", Spartan Books, 1962.
    """
    x = decided("x", floats("x", x, shape=(None, None)))
    t = labels(t, (len(x), 2))
    lr, epochs = number("lr", lr, above=0), count("epochs", epochs)
    rng = np.random.default_rng(rng)
    w, b = np.zeros(x.shape[1]), 0.0
    mistakes = []
    for _ in range(epochs):
        wrong = 0
        for i in rng.permutation(len(x)) if shuffle else range(len(x)):
            error = int(t[i]) - int(w @ x[i] + b > 0)
            w += lr * error * x[i]
            b += lr * error
            wrong += int(error != 0)
        mistakes.append(wrong)
        if wrong == 0:
            break
    return w, b, mistakes
