# Tangled from docs/02-neural-network, docs/03-learning [ad621d2a869f0805]
"""The book's networks, from a hand-set one to those that learn."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
from numpy.typing import ArrayLike

from fishbook.functions import Floats, identity_function, sigmoid, softmax, softmax_loss

__all__ = [
    "Network",
    "SimpleNet",
    "accuracy",
    "forward",
    "init_network",
    "load_sample_network",
    "predict",
    "simpleNet",
]

Network = dict[str, Floats]


def init_network() -> Network:
    """Give the weights and biases of a small network with 2-3-2-2 neurons.

    Returns
    -------
    dict
        W1 (2, 3), b1 (3,), W2 (3, 2), b2 (2,), W3 (2, 2), b3 (2,); new arrays
        with each call.
    """
    return {
        "W1": np.array([[0.1, 0.3, 0.5], [0.2, 0.4, 0.6]]),
        "b1": np.array([0.1, 0.2, 0.3]),
        "W2": np.array([[0.1, 0.4], [0.2, 0.5], [0.3, 0.6]]),
        "b2": np.array([0.1, 0.2]),
        "W3": np.array([[0.1, 0.3], [0.2, 0.4]]),
        "b3": np.array([0.1, 0.2]),
    }


def _inputs(network: Network, x: ArrayLike) -> Floats:
    """Give inputs that fit the network, or say what is wrong."""
    names = ["W1", "b1", "W2", "b2", "W3", "b3"]
    if missing := [name for name in names if name not in network]:
        raise KeyError(
            f"got a network with {sorted(network)}, but want {missing} too;"
            " store and read parameters under the same names"
        )
    inputs = identity_function(x)
    wanted = len(network["W1"])
    if inputs.ndim not in (1, 2) or inputs.shape[-1] != wanted:
        raise ValueError(
            f"got x with shape {inputs.shape}, but want ({wanted},) for one sample or"
            f" (N, {wanted}) for N of them; flatten images, one sample a row"
        )
    return inputs


def forward(network: Network, x: ArrayLike) -> Floats:
    """Pass inputs through three layers: sigmoid, sigmoid, identity.

    Parameters
    ----------
    network : dict
        W1, b1, W2, b2, W3, b3, as `init_network` gives them.
    x : array_like, shape (D,) or (N, D)
        One sample, or one a row.

    Returns
    -------
    ndarray, shape (K,) or (N, K)
        The outputs, one sample a row as in `x`.

    Raises
    ------
    KeyError
        If a parameter is missing.
    TypeError
        If `x` holds something else than real numbers.
    ValueError
        If the shape of `x` doesn't fit the network.
    """
    z1 = sigmoid(_inputs(network, x) @ network["W1"] + network["b1"])
    z2 = sigmoid(z1 @ network["W2"] + network["b2"])
    return identity_function(z2 @ network["W3"] + network["b3"])


def load_sample_network() -> Network:
    """Give the weights of a network with 784-50-100-10 neurons that reads digits.

    Its weights were learned from MNIST's 60,000 training images, with pixels
    from 0 to 1.

    Returns
    -------
    dict
        W1 (784, 50), b1 (50,), W2 (50, 100), b2 (100,), W3 (100, 10), b3 (10,),
        float32.
    """
    file = files("fishbook") / "data" / "sample_network.npz"
    with file.open("rb") as data, np.load(data, allow_pickle=False) as stored:
        return {name: stored[name].astype(np.float32) for name in stored.files}


def predict(network: Network, x: ArrayLike) -> Floats:
    """Give the probabilities of the classes: sigmoid, sigmoid, softmax.

    Parameters
    ----------
    network : dict
        W1, b1, W2, b2, W3, b3, as `load_sample_network` gives them.
    x : array_like, shape (D,) or (N, D)
        One sample, or one a row.

    Returns
    -------
    ndarray, shape (K,) or (N, K)
        Each row sums to 1.

    Raises
    ------
    KeyError
        If a parameter is missing.
    ValueError
        If `x` does not fit the first layer.
    """
    return softmax(forward(network, x))


def accuracy(y: ArrayLike, t: ArrayLike) -> float:
    """Give the fraction of rows of y whose largest entry stands at the right class.

    Parameters
    ----------
    y : array_like, shape (N, K)
        Scores or probabilities.
    t : array_like, shape (N,) or (N, K)
        Class numbers, or one-hot rows.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    ValueError
        If `y` and `t` do not go together, or there are no samples.
    """
    rows, labels = np.asarray(y), np.asarray(t)
    fits = labels.shape in (rows.shape, rows.shape[:1])
    if rows.ndim != 2 or rows.size == 0 or not fits:
        raise ValueError(
            f"got y with shape {rows.shape} and t with shape {labels.shape}, but want"
            " y (N, K) and t (N,) or (N, K), with at least one sample"
        )
    if labels.ndim == 2:
        labels = labels.argmax(axis=1)
    if labels.min() < 0 or labels.max() >= rows.shape[1]:
        raise ValueError(
            f"got labels from {labels.min()} to {labels.max()}, but want 0 to"
            f" {rows.shape[1] - 1}: one number for each class"
        )
    return float(np.mean(rows.argmax(axis=1) == labels))


class SimpleNet:
    """One layer without bias, 2 inputs to 3 classes: small enough to see whole.

    Parameters
    ----------
    rng : numpy.random.Generator, optional
        Where the first weights come from.

    Attributes
    ----------
    W : ndarray of float64, shape (2, 3)
        The weights.
    """

    def __init__(self, rng: np.random.Generator | None = None) -> None:
        self.W = (rng or np.random.default_rng()).normal(size=(2, 3))

    def predict(self, x: ArrayLike) -> Floats:
        """Give the scores, shape (3,) or (N, 3), for x of shape (2,) or (N, 2)."""
        inputs, size = identity_function(x), len(self.W)
        if inputs.ndim not in (1, 2) or inputs.shape[-1] != size:
            raise ValueError(
                f"got x with shape {inputs.shape}, but want ({size},) for one sample"
                f" or (N, {size}) for N of them, one in each row"
            )
        return identity_function(inputs @ self.W)

    def loss(self, x: ArrayLike, t: ArrayLike) -> float:
        """Give the mean cross-entropy after softmax, for labels or one-hot t."""
        return softmax_loss(self.predict(x), t)


simpleNet = SimpleNet
