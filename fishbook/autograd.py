# Tangled from docs/a-appendix [e34bfb37c29a1e75]
"""A tape: arrays that remember how they were computed, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fishbook.checks import Floats, floats

__all__ = ["Tensor", "Way"]

Way = tuple["Tensor", Callable[[Floats], Any]]
_places = count()


class Tensor:
    """An array that remembers how it was computed.

    Calculate with tensors as with arrays; plain numbers and arrays may take part, as
    constants. Then `backward` on the result gives each tensor its gradient.

    Parameters
    ----------
    data : array_like, any shape
        The values. An array of floats is kept as it is, not copied, so that what
        changes it in place (``W.data -= ...``) changes the array that was given.
        float32 stays float32, integers become float64.
    name : str
        What a picture of the graph calls it.
    op, ways
        For a result: its operation, and for each operand a pair, the operand and the
        local backward function, which takes dL/d(result) and gives dL/d(operand),
        still as large as the result where the operand was broadcast.

    Attributes
    ----------
    data : ndarray of floats
        The values.
    grad : ndarray or None
        The gradient of what `backward` was last called on, with the shape and dtype
        of `data` and memory of its own; None before, and always None for a constant.
    parents : tuple of Tensor
        What it was computed from, constants too.
    op : str
        ``+ - * / ** @ exp log maximum sum max reshape T []``, or empty.
    constant : bool
        Whether it was a plain number or array, for which no gradient is computed.
    place : int
        Its place on the tape: greater than those of its parents.

    Raises
    ------
    TypeError
        If `data` is not made of real numbers.

    References
    ----------
    R. E. Wengert, "A simple automatic derivative evaluation program",
    Communications of the ACM 7(8), 463-464, 1964.
    """

    __array_ufunc__ = None  # array * tensor: the tensor computes it

    def __init__(
        self,
        data: ArrayLike,
        name: str = "",
        op: str = "",
        ways: tuple[Way, ...] = (),
    ) -> None:
        self.data = floats("data", data)
        self.name, self.op, self.ways = name, op, ways
        self.parents = tuple(parent for parent, _ in ways)
        self.grad: Floats | None = None
        self.constant = False
        self.place = next(_places)

    def operand(self, value: Any) -> Tensor:
        """Return what stands beside this tensor as a tensor, if need be a constant.

        Only an array of floats keeps its dtype; a plain number takes this tensor's.
        """
        if isinstance(value, Tensor):
            return value
        array = floats("operand", value)
        if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
            array = array.astype(self.data.dtype)
        plain = Tensor(array)
        plain.constant = True
        return plain

    def __mul__(self, other: Any) -> Tensor:
        """Return the product, element by element."""
        x, y = self, self.operand(other)
        ways = (x, lambda dout: dout * y.data), (y, lambda dout: dout * x.data)
        return Tensor(x.data * y.data, op="*", ways=ways)

    def __add__(self, other: Any) -> Tensor:
        """Return the sum, element by element."""
        x, y = self, self.operand(other)
        ways = (x, lambda dout: dout), (y, lambda dout: dout)
        return Tensor(x.data + y.data, op="+", ways=ways)

    def backward(self, dout: ArrayLike | None = None) -> None:
        """Compute its gradient with respect to all that it was made from.

        Gradients of an earlier call are replaced, not added to: to sum over several
        results, add them up first and call this once.

        Parameters
        ----------
        dout : array_like, shape of `data`, optional
            The upstream gradient; 1 for a single number.

        Raises
        ------
        ValueError
            If there is no `dout` though this isn't a single number, or if its shape
            is not that of `data`.
        """
        if dout is None and self.data.size != 1:
            raise ValueError(
                f"got a result of shape {self.data.shape}, but backward() starts from"
                " a single number; sum it first, or give dout of that shape"
            )
        start = 1.0 if dout is None else floats("dout", dout, shape=self.data.shape)
        nodes = self.tape()
        for node in nodes:
            node.grad = None
        self.receive(np.broadcast_to(start, self.data.shape))
        for node in reversed(nodes):
            for parent, back in node.ways:
                if not parent.constant and node.grad is not None:
                    parent.receive(back(node.grad))

    def tape(self) -> list[Tensor]:
        """Return all that this was made of and itself, each after its parents."""
        found, waiting = set(), [self]
        while waiting:
            node = waiting.pop()
            if node not in found:
                found.add(node)
                waiting.extend(node.parents)
        return sorted(found, key=lambda node: node.place)

    def receive(self, grad: Floats) -> None:
        """Add to the gradient, summed over the axes that broadcasting repeated."""
        shape = self.data.shape
        extra = grad.ndim - len(shape)
        lengths = (-1,) * extra + shape
        repeated = [i for i, n in enumerate(grad.shape) if n != lengths[i]]
        total = np.asarray(grad.sum(axis=tuple(repeated)), self.data.dtype)
        if self.grad is None:
            self.grad = total.reshape(shape)
        else:
            self.grad += total.reshape(shape)

    def __neg__(self) -> Tensor:
        """Return the product with -1."""
        return self * -1

    def __truediv__(self, other: Any) -> Tensor:
        """Return the quotient, element by element."""
        x, y = self, self.operand(other)
        z = x.data / y.data
        ways = (x, lambda dout: dout / y.data), (y, lambda dout: -dout * z / y.data)
        return Tensor(z, op="/", ways=ways)

    def exp(self) -> Tensor:
        """Return e to the power of each element."""
        y = np.exp(self.data)
        return Tensor(y, op="exp", ways=((self, lambda dout: dout * y),))

    def log(self) -> Tensor:
        """Return the natural logarithm of each element."""
        way = (self, lambda dout: dout / self.data)
        return Tensor(np.log(self.data), op="log", ways=(way,))

    def maximum(self, other: Any) -> Tensor:
        """Return the larger one, element by element; where equal, that is `other`."""
        x, y = self, self.operand(other)
        ways = (
            (x, lambda dout: dout * (x.data > y.data)),
            (y, lambda dout: dout * (x.data <= y.data)),
        )
        return Tensor(np.maximum(x.data, y.data), op="maximum", ways=ways)

    def relu(self) -> Tensor:
        """Return the positive elements, 0 for the others; the slope at 0 is 0."""
        return self.maximum(0)

    def __matmul__(self, other: Any) -> Tensor:
        """Return the matrix product, of vectors and stacks too, as NumPy has it."""
        x, y = self, self.operand(other)
        z = x.data @ y.data
        left = x.data if x.data.ndim > 1 else x.data[np.newaxis]
        right = y.data if y.data.ndim > 1 else y.data[:, np.newaxis]
        lost = [axis for axis, v in ((-2, x), (-1, y)) if v.data.ndim == 1]

        def to_left(dout: Floats) -> Any:
            return np.expand_dims(dout, tuple(lost)) @ right.swapaxes(-1, -2)

        def to_right(dout: Floats) -> Any:
            grad = left.swapaxes(-1, -2) @ np.expand_dims(dout, tuple(lost))
            return grad[..., 0] if y.data.ndim == 1 else grad

        return Tensor(z, op="@", ways=((x, to_left), (y, to_right)))

    def sum(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        """Return the sum over an axis, several or all."""
        total = self.data.sum(axis=axis, keepdims=True)

        def back(dout: Floats) -> Any:
            return np.broadcast_to(dout.reshape(total.shape), self.data.shape)

        z = total if keepdims else total.squeeze(axis)
        return Tensor(z, op="sum", ways=((self, back),))

    def max(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        """Return the largest over an axis, several or all; ties share the gradient."""
        top = self.data.max(axis=axis, keepdims=True)

        def back(dout: Floats) -> Any:
            best = self.data == top
            return dout.reshape(top.shape) * best / best.sum(axis=axis, keepdims=True)

        z = top if keepdims else top.squeeze(axis)
        return Tensor(z, op="max", ways=((self, back),))

    def __getitem__(self, index: Any) -> Tensor:
        """Return what the index picks; gradients of what is picked twice add up."""

        def back(dout: Floats) -> Any:
            grad = np.zeros_like(self.data)
            np.add.at(grad, index, dout)
            return grad

        return Tensor(self.data[index], op="[]", ways=((self, back),))

    def __sub__(self, other: Any) -> Tensor:
        """Return the difference, element by element."""
        x, y = self, self.operand(other)
        ways = (x, lambda dout: dout), (y, lambda dout: -dout)
        return Tensor(x.data - y.data, op="-", ways=ways)

    def __pow__(self, other: Any) -> Tensor:
        """Return the power; the gradient of a tensor exponent wants bases >= 0."""
        x, y = self, self.operand(other)
        z = x.data**y.data

        def to_base(dout: Floats) -> Any:
            below = np.where(y.data == 0, 1, y.data - 1)
            return dout * y.data * x.data**below

        def to_exponent(dout: Floats) -> Any:
            return dout * z * np.log(np.where(x.data == 0, 1, x.data))

        return Tensor(z, op="**", ways=((x, to_base), (y, to_exponent)))

    def reshape(self, *shape: Any) -> Tensor:
        """Return the same elements in another shape."""
        way = (self, lambda dout: dout.reshape(self.data.shape))
        return Tensor(self.data.reshape(*shape), op="reshape", ways=(way,))

    @property
    def T(self) -> Tensor:
        """Return the axes in reverse order."""
        return Tensor(self.data.T, op="T", ways=((self, lambda dout: dout.T),))

    def __radd__(self, other: Any) -> Tensor:
        """Return other + self."""
        return self.operand(other) + self

    def __rsub__(self, other: Any) -> Tensor:
        """Return other - self."""
        return self.operand(other) - self

    def __rmul__(self, other: Any) -> Tensor:
        """Return other * self."""
        return self.operand(other) * self

    def __rtruediv__(self, other: Any) -> Tensor:
        """Return other / self."""
        return self.operand(other) / self

    def __rpow__(self, other: Any) -> Tensor:
        """Return other ** self."""
        return self.operand(other) ** self

    def __rmatmul__(self, other: Any) -> Tensor:
        """Return other @ self."""
        return self.operand(other) @ self

    def __repr__(self) -> str:
        """Return the values, and the name if there is one."""
        name = f", name={self.name!r}" if self.name else ""
        return f"Tensor({np.array2string(self.data, prefix='Tensor(')}{name})"
