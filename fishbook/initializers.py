# Tangled from docs/05-training [1fb62bba4750edea]
"""Rules for first weights: how far they are spread, given a layer's inputs."""

from __future__ import annotations

import math
from collections.abc import Callable

from fishbook.checks import amount, came, count

__all__ = ["RULES", "Rule", "he", "normal", "resolve", "xavier", "zeros"]


def xavier(fan_in: int) -> float:
    """Return the standard deviation that suits tanh, 1 / √n.

    Parameters
    ----------
    fan_in : int
        n, how many inputs each neuron of the layer has.

    References
    ----------
    X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward
    neural networks", AISTATS 2010; their own rule is √(2 / (inputs + outputs)).
    """
    return math.sqrt(1 / count("fan_in", fan_in, least=1))


def he(fan_in: int) -> float:
    """Return the standard deviation that suits ReLU, √(2 / n).

    Parameters
    ----------
    fan_in : int
        n, how many inputs each neuron of the layer has; in a convolution, the
        channels times the height and width of a filter.

    References
    ----------
    K. He, X. Zhang, S. Ren, J. Sun, "Delving deep into rectifiers", ICCV 2015.
    """
    return math.sqrt(2 / count("fan_in", fan_in, least=1))


Rule = Callable[[int], float]


def normal(std: float) -> Rule:
    """Return a rule that spreads the weights by `std` whatever the layer.

    Parameters
    ----------
    std : float
        The standard deviation, 0 or more.

    Returns
    -------
    callable
        Takes the number of a layer's inputs, returns the standard deviation.
    """
    spread = amount("std", std)
    return lambda fan_in: spread


def zeros(fan_in: int) -> float:
    """Return 0: all weights alike, which is for trying out what goes wrong."""
    return 0.0


RULES: dict[str, Rule] = {
    "relu": he,
    "he": he,
    "sigmoid": xavier,
    "tanh": xavier,
    "xavier": xavier,
    "zeros": zeros,
}


def resolve(name: str | float | Rule) -> Rule:
    """Return the rule that has this name or suits this activation.

    Parameters
    ----------
    name : str, float or callable
        "relu" or "he", "sigmoid", "tanh" or "xavier", "zeros"; a number is a
        standard deviation for all layers; a rule comes back as it is.

    Raises
    ------
    TypeError, ValueError
        If it is none of these.
    """
    if callable(name):
        return name
    if not isinstance(name, str):
        return normal(name)
    if name.lower() not in RULES:
        raise ValueError(came("name", name, f"a number or one of {', '.join(RULES)}"))
    return RULES[name.lower()]
