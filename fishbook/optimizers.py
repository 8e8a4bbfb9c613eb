# Tangled from docs/04-backpropagation [accfedc33cee4270]
"""Rules that move parameters against their gradients."""

from __future__ import annotations

from typing import Any, ClassVar

from fishbook.checks import Floats, number

__all__ = ["SGD", "Optimizer", "find_optimizer"]


class Optimizer:
    """A rule that moves parameters; each kind is found by its name."""

    kinds: ClassVar[dict[str, type[Any]]] = {}

    def __init_subclass__(cls) -> None:
        """Note a new kind under its name."""
        Optimizer.kinds[cls.__name__.lower()] = cls

    def update(self, params: dict[str, Floats], grads: dict[str, Floats]) -> None:
        """Move each parameter in place, given its gradient."""
        raise NotImplementedError


def find_optimizer(name: Any, **settings: Any) -> Any:
    """Return an optimizer: made by its name, upper or lower case, or as it is given.

    Parameters
    ----------
    name : str or object
        Such as "sgd"; an object with a method `update` comes back as it is.
    **settings
        What the named kind takes, such as ``lr=0.1``; an object has its own.

    Raises
    ------
    TypeError
        If it has no method `update`, or if a setting is unknown.
    ValueError
        If no kind has that name.
    """
    if isinstance(name, str):
        kind = Optimizer.kinds.get(name.lower())
        if kind is None:
            known = ", ".join(k.__name__ for k in Optimizer.kinds.values())
            raise ValueError(f"got optimizer {name!r}, but want one of {known}")
        return kind(**settings)
    if isinstance(name, type) or not callable(getattr(name, "update", None)):
        raise TypeError(f"got optimizer {name!r}, but want a name or an object")
    return name


class SGD(Optimizer):
    """Stochastic gradient descent: a step of lr times the gradient, backwards.

    Parameters
    ----------
    lr : float
        The learning rate.
    """

    def __init__(self, lr: float = 0.01) -> None:
        self.lr = number("lr", lr, above=0)

    def update(self, params: dict[str, Floats], grads: dict[str, Floats]) -> None:
        """Move each parameter in place, against its gradient."""
        for key, values in params.items():
            values -= self.lr * grads[key]
