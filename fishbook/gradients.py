# Tangled from docs/03-learning, docs/04-backpropagation, docs/a-appendix [2275481712a47e8d]
"""Derivatives from differences, and descent along them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fishbook.checks import Floats, Seed, count, floats, number

__all__ = [
    "check_layer",
    "gradient_check",
    "gradient_descent",
    "numerical_diff",
    "numerical_gradient",
    "relative_error",
    "tangent_line",
]


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


def relative_error(a: ArrayLike, b: ArrayLike, floor: float = 1e-6) -> float:
    """Return the largest |a - b| / (|a| + |b|) of all pairs of entries.

    Parameters
    ----------
    a, b : array_like, one shape
        Two answers to the same question, such as a gradient and its difference
        quotients.
    floor : float
        What is divided by at least: entries that are both far smaller count as equal.

    Returns
    -------
    float
        From 0, no difference, to 1, not even the sign is right; NaN if one is NaN,
        and 0 for empty arrays.

    Raises
    ------
    TypeError
        If something is not a real number.
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> round(relative_error([1.0, 2.0], [1.0, 2.002]), 6)
    0.0005
    """
    a = floats("a", a)
    b = floats("b", b, a.shape)
    sizes = np.maximum(np.abs(a) + np.abs(b), floor)
    return float(np.max(np.abs(a - b) / sizes, initial=0))


def _slopes(f: Callable[[], Floats], values: Floats, few: Any, h: float) -> Floats:
    """Return four slopes of sum(f()) at a few entries: for steps -h, h, -h/2, h/2."""
    here, slopes = f(), np.empty((4, len(few)))
    for k, i in enumerate(few):
        old = values.flat[i]
        try:
            for j, step in enumerate((-h, h, -h / 2, h / 2)):
                values.flat[i] = old + step
                slopes[j, k] = np.sum(f() - here) / step
        finally:
            values.flat[i] = old
    return slopes


def _gap(grad: Floats, shape: tuple[int, ...], few: Any, slopes: Floats) -> float:
    """Return the error of a gradient at a few entries; infinite for a wrong shape."""
    if grad.shape != shape:
        return np.inf
    got, low, high = grad.ravel()[few], slopes.min(axis=0), slopes.max(axis=0)
    wide, narrow = slopes[:2].mean(axis=0), slopes[2:].mean(axis=0)
    size = np.abs(low) + np.abs(high)
    kink = (high - low > 0.01 * size) | (np.abs(wide - narrow) > 1e-6 * size)
    return relative_error(got, np.where(kink, np.clip(got, low, high), narrow))


def check_layer(
    layer: Any,
    x: ArrayLike,
    dout: ArrayLike | None = None,
    h: float = 1e-4,
    sample: int | None = None,
    rng: Seed = 0,
    **given: Any,
) -> dict[str, float]:
    """Return how far a layer's backward is from difference quotients.

    A layer that keeps the rules of all layers and has the right derivatives gets less
    than 1e-5 everywhere.

    Parameters
    ----------
    layer : Layer
        Its parameters are of float64; they are moved, and put back.
    x : array_like
        The input; not changed, and computed with in float64.
    dout : array_like, optional
        The upstream gradient, of the output's shape; random numbers if left out.
    h : float
        How far each entry is moved to either side.
    sample : int, optional
        Try so many entries of each array, drawn at random, instead of all.
    rng : optional
        What `numpy.random.default_rng` takes, for all that is drawn.
    **given
        Passed to `forward`, such as the labels ``t=...`` of a loss.

    Returns
    -------
    dict of float
        For "x" and each parameter the largest relative error; infinite where a
        gradient has the wrong shape. At a kink, where the slopes to the left and right
        are far apart or change as `h` is halved, any number between them is right.

    Raises
    ------
    TypeError
        If something is not made of real numbers.
    ValueError
        If a parameter is not of float64, if `dout` does not fit the output, or if the
        layer changes what it is given.
    """
    rng, h = np.random.default_rng(rng), number("h", h, above=0)
    sample = None if sample is None else count("sample", sample, least=1)
    x = floats("x", x).astype(np.float64)
    y = np.array(layer.forward(rng.permuted(x), **given))
    dout = rng.normal(size=y.shape) if dout is None else floats("dout", dout, y.shape)
    layer.backward(-dout)
    arrays = {"x": x, **layer.params, "dout": np.array(dout, np.float64)}
    if any(v.dtype != np.float64 for v in arrays.values()):
        raise ValueError("got parameters not of float64; check a layer in float64")

    def weighted() -> Floats:
        return np.array(layer.forward(x, **given) * arrays["dout"])

    before = {k: v.copy() for k, v in arrays.items()}
    few = {k: rng.permutation(v.size)[:sample] for k, v in arrays.items()}
    moved = {k: v for k, v in arrays.items() if k != "dout"}
    slopes = {k: _slopes(weighted, v, few[k], h) for k, v in moved.items()}
    weighted()
    grads = {"x": layer.backward(arrays["dout"]), **layer.grads}
    for k, v in arrays.items():
        if not np.array_equal(v, before[k], equal_nan=True):
            raise ValueError(f"the layer changed {k}; let it make a new array")
    return {k: _gap(grads[k], v.shape, few[k], slopes[k]) for k, v in moved.items()}


def gradient_check(
    net: Any,
    x: ArrayLike,
    t: ArrayLike,
    h: float = 1e-4,
    sample: int | None = None,
    rng: Seed = 0,
    **given: Any,
) -> dict[str, float]:
    """Return how far a network's gradient is from difference quotients.

    Parameters
    ----------
    net : network
        With `params` of float64 and the methods `loss` and `gradient`; its
        parameters are moved, and put back.
    x, t : array_like
        A few samples and their labels.
    h : float
        How far each parameter is moved to either side.
    sample : int, optional
        Try so many entries of each array, drawn at random, instead of all: each
        costs two losses.
    rng : optional
        What `numpy.random.default_rng` takes; draws the entries.
    **given
        Passed to `loss`, such as ``train=True`` where training is another computation.

    Returns
    -------
    dict of float
        For each parameter the largest relative error; infinite where the gradient
        has the wrong shape. Less than 1e-5 is right. At a kink, any number between
        the slopes to the left and right is right.

    Raises
    ------
    ValueError
        If a parameter is not of float64.
    """
    rng, h = np.random.default_rng(rng), number("h", h, above=0)
    sample = None if sample is None else count("sample", sample, least=1)
    wrong = [k for k, v in net.params.items() if v.dtype != np.float64]
    if wrong:
        raise ValueError(
            f"got {', '.join(wrong)} not of float64, in which differences would be"
            " mostly rounding; make the network with dtype=np.float64"
        )

    def loss_now() -> Floats:
        return np.array(net.loss(x, t, **given))

    grads, errors = net.gradient(x, t), {}
    for name, values in net.params.items():
        few = rng.permutation(values.size)[:sample]
        slopes = _slopes(loss_now, values, few, h)
        errors[name] = _gap(grads[name], values.shape, few, slopes)
    return errors
