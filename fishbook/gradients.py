# Tangled from docs/03-learning [65c4db140d018009]
"""Derivatives from differences, and descent along them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["gradient_descent", "numerical_diff", "numerical_gradient", "tangent_line"]


def numerical_diff(f: Callable[[float], float], x: float, h: float = 1e-4) -> float:
    """Give the slope of f at x, by the central difference.

    Parameters
    ----------
    f : callable
        Takes and gives a number.
    x : float
        Where; an integer is taken as a float.
    h : float
        How far to look to either side.

    Returns
    -------
    float
        (f(x + h) - f(x - h)) / 2h. Its error falls with h² until rounding, which
        grows with 1/h, takes over.

    Raises
    ------
    ValueError
        If `h` is not a positive finite number.

    Examples
    --------
    >>> round(numerical_diff(lambda x: x**2, 3), 6)
    6.0
    """
    _require_step(h)
    x = float(x)
    return float((f(x + h) - f(x - h)) / (2 * h))


def _require_step(h: float) -> None:
    if not 0 < h < float("inf"):
        raise ValueError(f"got h = {h!r}, but want a small positive number; try 1e-4")


def tangent_line(f: Callable[[float], float], x: float) -> Callable[[Any], Any]:
    """Give the function whose graph is the tangent to f at x.

    Parameters
    ----------
    f : callable
        Takes and gives a number.
    x : float
        Where the line touches.

    Returns
    -------
    callable
        Takes a number or an array and gives the height of the line there.

    Examples
    --------
    >>> line = tangent_line(lambda x: x**2, 1)
    >>> round(line(3), 6)
    5.0
    """
    slope, height = numerical_diff(f, x), f(x)
    return lambda t: height + slope * (t - x)


def numerical_gradient(
    f: Callable[[NDArray[Any]], float], x: ArrayLike, h: float = 1e-4
) -> NDArray[np.float64]:
    """Give all partial derivatives of f at x, by central differences.

    Calls `f` twice for each entry of `x`.

    Parameters
    ----------
    f : callable
        Takes an array like `x`, gives a number.
    x : array_like, any shape
        A float array is changed entry by entry while f runs, and restored whatever
        happens: so f may also read the array elsewhere, as a layer does. Anything
        else is copied to float64 first.
    h : float
        Half the width of the step.

    Returns
    -------
    ndarray of float64, shape of `x`

    Raises
    ------
    TypeError
        If `x` holds something else than real numbers.
    ValueError
        If `h` is not a positive number, or if `x` is a read-only float array.
    """
    _require_step(h)
    point = np.asarray(x)
    if point.dtype.kind not in "biuf":
        raise TypeError(
            f"got x = {x!r}, but want real numbers in an array of any shape; convert"
            " text with float()"
        )
    if point.dtype.kind != "f":
        point = point.astype(np.float64)
    if not point.flags.writeable:
        raise ValueError("got a read-only array x, but want to move it; pass x.copy()")
    grad = np.zeros(point.shape)
    for index in np.ndindex(point.shape):
        old = point[index]
        try:
            point[index] = old + h
            above = f(point)
            point[index] = old - h
            below = f(point)
        finally:
            point[index] = old
        grad[index] = (above - below) / (2 * h)
    return grad


def gradient_descent(
    f: Callable[[NDArray[Any]], float],
    init_x: ArrayLike,
    lr: float = 0.01,
    step_num: int = 100,
    history: bool = False,
) -> NDArray[np.float64] | tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Walk step_num steps against the numerical gradient of f.

    Parameters
    ----------
    f : callable
        Takes an array like `init_x`, gives a number.
    init_x : array_like, any shape
        Where to start; not changed.
    lr : float
        The learning rate: each step is lr times the gradient, backwards.
    step_num : int
        How many steps.
    history : bool
        Also give the path.

    Returns
    -------
    x : ndarray of float64, shape of `init_x`
        Where the walk ends: the point, not the value of f.
    path : ndarray, shape (step_num + 1, ...)
        Only with `history`: every point, the first included.

    Raises
    ------
    ValueError
        If `step_num` is not a whole number of 0 or more.

    References
    ----------
    A. Cauchy, "Méthode générale pour la résolution des systèmes d'équations
    simultanées", Comptes rendus 25, 536-538, 1847.
    """
    if not isinstance(step_num, int | np.integer) or step_num < 0:
        raise ValueError(f"got step_num = {step_num!r}, but want a whole number ≥ 0")
    x = np.array(init_x, dtype=np.float64)
    path = [x.copy()]
    for _ in range(step_num):
        x -= lr * numerical_gradient(f, x)
        path.append(x.copy())
    return (x, np.array(path)) if history else x
