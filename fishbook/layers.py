# Tangled from docs/04-backpropagation [eec68d4ad528bc70]
"""Steps of a computation that can also go backward."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from fishbook.checks import Floats, floats

__all__ = ["AddLayer", "Layer", "MulLayer"]


class Layer:
    """A step of a computation that can also go backward.

    Attributes
    ----------
    params : dict of ndarray
        What is learned, by name; empty for most layers.
    grads : dict of ndarray
        The loss's derivatives by the same names, of the same shapes.
    """

    def __init__(self) -> None:
        self.params: dict[str, Floats] = {}
        self.grads: dict[str, Floats] = {}
        self._kept: tuple[Any, ...] | None = None

    def keep(self, *values: Any) -> None:
        """Remember what backward will need: the last act of forward."""
        self._kept = values

    def kept(self) -> tuple[Any, ...]:
        """Return what forward kept, once: the first act of backward."""
        kept, self._kept = self._kept, None
        if kept is None:
            raise RuntimeError(
                f"{type(self).__name__}.backward has nothing to go back from;"
                " call forward first, once for each backward"
            )
        return kept


class MulLayer(Layer):
    """The product of two inputs of one shape."""

    def forward(self, x: ArrayLike, y: ArrayLike) -> Floats:
        """Return x * y, element by element."""
        x = floats("x", x)
        y = floats("y", y, x.shape)
        self.keep(x, y)
        return x * y

    def backward(self, dout: ArrayLike) -> tuple[Floats, Floats]:
        """Return the gradients of x and y: dout times the other input."""
        x, y = self.kept()
        dout = floats("dout", dout, x.shape)
        return dout * y, dout * x


class AddLayer(Layer):
    """The sum of two inputs of one shape."""

    def forward(self, x: ArrayLike, y: ArrayLike) -> Floats:
        """Return x + y, element by element."""
        x = floats("x", x)
        y = floats("y", y, x.shape)
        self.keep(x.shape)
        return x + y

    def backward(self, dout: ArrayLike) -> tuple[Floats, Floats]:
        """Return the gradients of x and y: dout for both."""
        (shape,) = self.kept()
        dout = floats("dout", dout, shape)
        return dout, dout
