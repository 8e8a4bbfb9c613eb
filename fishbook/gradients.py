# Tangled from docs/03-learning [fb0f50ba1313eef1]
"""Derivatives from differences, and descent along them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fishbook.checks import count, floats, number

__all__ = ["gradient_descent", "numerical_diff", "numerical_gradient", "tangent_line"]


def numerical_diff(f: Callable[[Any], Any], x: ArrayLike, h: float = 1e-4) -> Any:
    """Return the slope of f at x, by the central difference.

    Parameters
    ----------
    f : callable
        Takes and gives a number; if `x` is an array, takes and gives arrays.
    x : float or array_like
        Where, computed in float64; an array asks for the slope at each entry.
    h : float
        How far to look to either side.

    Returns
    -------
    float, or ndarray of the shape of `x`
        (f(x + h) - f(x - h)) / 2h. Its error falls with h² until rounding, which
        grows with 1/h, takes over.

    Raises
    ------
    TypeError
        If `x` or `h` is not made of real numbers.
    ValueError
        If `h` is not a positive finite number.

    Examples
    --------
    >>> round(numerical_diff(lambda x: x**2, 3), 6)
    6.0
    """
    h, at = number("h", h, above=0), floats("x", x).astype(np.float64)
    x = at if at.ndim else at.item()
    slope = (f(x + h) - f(x - h)) / (2 * h)
    return slope if at.ndim else number("the slope", slope)


def tangent_line(f: Callable[[float], float], x: float) -> Callable[[Any], Any]:
    """Return the function whose graph is the tangent to f at x.

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
    """Return all partial derivatives of f at x, by central differences.

    Calls `f` twice for each entry of `x`.

    Parameters
    ----------
    f : callable
        Takes an array like `x`, gives a number.
    x : array_like, any shape
        A float array is changed entry by entry while f runs, and restored whatever
        happens: so f may also read the array elsewhere, as a layer does. Anything
        else is copied to float64 first. Take float64: in float32 about three digits
        are right with this `h`, in float16 none, since x + h is rounded to x.
    h : float
        Half the width of the step.

    Returns
    -------
    ndarray of float64, shape of `x`

    Raises
    ------
    TypeError
        If `x` or what `f` gives is not made of real numbers.
    ValueError
        If `h` is not a positive number, if `x` is a read-only float array, or if
        `f` gives an array with axes instead of a number.
    """
    x, h = floats("x", x), number("h", h, above=0)
    grad = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        old = x[index]
        try:
            x[index] = old + h
            above = number("f(x)", f(x))
            x[index] = old - h
            below = number("f(x)", f(x))
        finally:
            x[index] = old
        grad[index] = (above - below) / (2 * h)
    return grad


def gradient_descent(
    f: Callable[[NDArray[Any]], float],
    init_x: ArrayLike,
    lr: float = 0.01,
    step_num: int = 100,
    history: bool = False,
) -> Any:
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
        Also return the path, which is not kept otherwise.

    Returns
    -------
    x : ndarray of float64, shape of `init_x`
        Where the walk ends: the point, not the value of f. It comes alone unless
        `history` is asked for, so code that unpacks two results wants
        ``history=True``: a point of two numbers would unpack too.
    path : ndarray, shape (step_num + 1, ...)
        Only with `history`: every point, the first included.

    Raises
    ------
    TypeError
        If something is not made of real numbers.
    ValueError
        If `step_num` is not a whole number of 0 or more, or `lr` not above 0.

    References
    ----------
    A. Cauchy, "Méthode générale pour la résolution des systèmes d'équations
    simultanées", Comptes rendus 25, 536-538, 1847.
    """
    x, lr = np.array(floats("init_x", init_x), np.float64), number("lr", lr, above=0)
    path = [x.copy()] if history else []
    for _ in range(count("step_num", step_num)):
        x -= lr * numerical_gradient(f, x)
        if history:
            path.append(x.copy())
    return (x, np.array(path)) if history else x
