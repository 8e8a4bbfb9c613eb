# Tangled from docs/04-backpropagation, docs/05-training [69a7bb6e7d20eb3d]
"""Rules that move parameters against their gradients."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fishbook.checks import Floats, amount, count, number, share

__all__ = [
    "PIECE",
    "SGD",
    "AdaGrad",
    "Adam",
    "AdamW",
    "CosineDecay",
    "Memory",
    "Momentum",
    "Nesterov",
    "Optimizer",
    "RMSprop",
    "StepDecay",
    "Warmup",
    "find_optimizer",
    "pieces",
]


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
            values[...] -= self.lr * grads[key]


PIECE = 2**16
"""Numbers that are worked on at a time: a few such pieces fit in the cache."""

Memory = dict[str, Floats]


def pieces(
    params: dict[str, Floats], grads: dict[str, Floats], *memories: Memory
) -> Iterator[tuple[Any, ...]]:
    """Yield each key with pieces of its parameter, gradient and memories.

    Parameters
    ----------
    params, grads : dict
        Arrays of any shape, under the same keys.
    *memories : dict
        Get an array of zeros for each key that they don't have yet.

    Raises
    ------
    TypeError
        If a parameter is no array, so that it can't change in place.
    ValueError
        If a shape is another one; nothing is changed then.
    """
    todo = []
    for key, values in params.items():
        if not isinstance(values, np.ndarray):
            kind = type(values).__name__
            raise TypeError(
                f"got a {kind} as {key}, but want an array, which can change in"
                " place; write np.array(...)"
            )
        for memory in memories:
            if key not in memory:
                memory[key] = np.zeros(values.shape, values.dtype)
        arrays = [values, np.asarray(grads[key]), *[m[key] for m in memories]]
        if any(array.shape != values.shape for array in arrays):
            raise ValueError(
                f"got {key} of shape {values.shape}, its gradient and memories of"
                f" {[array.shape for array in arrays[1:]]}, but want one shape;"
                " take a new optimizer for a new network"
            )
        todo.append((key, arrays))
    for key, arrays in todo:
        if not all([array.flags.c_contiguous for array in arrays]):
            yield key, *arrays
            continue
        flat = [array.reshape(-1) for array in arrays]
        for at in range(0, flat[0].size, PIECE):
            yield key, *[array[at : at + PIECE] for array in flat]


class Momentum(Optimizer):
    """A ball with friction: it gathers speed where the slope stays the same.

    Parameters
    ----------
    lr : float
        The learning rate.
    momentum : float
        The share of the velocity that a step keeps, from 0 to less than 1.

    Attributes
    ----------
    v : dict
        The velocity of each parameter.

    References
    ----------
    B. T. Polyak, "Some methods of speeding up the convergence of iteration methods",
    USSR Computational Mathematics and Mathematical Physics 4(5), 1-17, 1964.
    """

    def __init__(self, lr: float = 0.01, momentum: float = 0.9) -> None:
        self.lr = number("lr", lr, above=0)
        self.momentum = share("momentum", momentum)
        self.v: Memory = {}

    def update(self, params: dict[str, Floats], grads: dict[str, Floats]) -> None:
        """Push the velocities against the gradients, and let the parameters roll."""
        for _, p, g, v in pieces(params, grads, self.v):
            v *= self.momentum
            v -= self.lr * g
            p += v


class Nesterov(Momentum):
    """Momentum that looks at the slope ahead; the parameters are the points ahead.

    Parameters and attributes are those of `Momentum`.

    References
    ----------
    Y. Nesterov, "A method for solving a convex programming problem with convergence
    rate O(1/k²)", Soviet Mathematics Doklady 27, 372-376, 1983.
    """

    def update(self, params: dict[str, Floats], grads: dict[str, Floats]) -> None:
        """Move the velocities, and the parameters to the next points ahead."""
        for _, p, g, v in pieces(params, grads, self.v):
            push = self.lr * g
            v *= self.momentum
            v -= push
            p += self.momentum * v
            p -= push


class AdaGrad(Optimizer):
    """Steps that shrink with the squares of all gradients so far.

    Parameters
    ----------
    lr : float
        The learning rate: also the length of the first step in each direction.
    eps : float
        Keeps the division from one by 0.

    Attributes
    ----------
    h : dict
        The sum of the squares, for each parameter.

    References
    ----------
    J. Duchi, E. Hazan, Y. Singer, "Adaptive subgradient methods for online learning
    and stochastic optimization", JMLR 12, 2121-2159, 2011.
    """

    def __init__(self, lr: float = 0.01, eps: float = 1e-7) -> None:
        self.lr = number("lr", lr, above=0)
        self.eps = number("eps", eps, above=0)
        self.h: Memory = {}

    def gather(self, h: Floats, squares: Floats) -> None:
        """Add the squares of a new gradient to those so far."""
        h += squares

    def update(self, params: dict[str, Floats], grads: dict[str, Floats]) -> None:
        """Step against the gradients, each divided by the root of h."""
        for _, p, g, h in pieces(params, grads, self.h):
            self.gather(h, g * g)
            p -= self.lr * g / (np.sqrt(h) + self.eps)


class RMSprop(AdaGrad):
    """Steps divided by the root of a fading mean of the gradients' squares.

    Parameters
    ----------
    lr : float
        The learning rate.
    decay_rate : float
        The share of the old mean that a step keeps, from 0 to less than 1.
    eps : float
        Keeps the division from one by 0.

    Attributes
    ----------
    h : dict
        The mean of the squares, for each parameter.

    References
    ----------
    T. Tieleman, G. Hinton, "Lecture 6.5: rmsprop", Coursera, 2012.
    """

    def __init__(
        self, lr: float = 0.01, decay_rate: float = 0.99, eps: float = 1e-7
    ) -> None:
        super().__init__(lr, eps)
        self.decay_rate = share("decay_rate", decay_rate)

    def gather(self, h: Floats, squares: Floats) -> None:
        """Let a share of the old mean go, and as much of the new squares in."""
        h *= self.decay_rate
        h += (1 - self.decay_rate) * squares


class Adam(Optimizer):
    """Momentum whose steps are divided by the root of the mean square.

    Parameters
    ----------
    lr : float
        The learning rate: about the length of a step in each direction.
    beta1, beta2 : float
        The shares of the old means that a step keeps, from 0 to less than 1.
    eps : float
        Is added to the root of the corrected mean square.

    Attributes
    ----------
    iter : dict
        How many steps each parameter has taken.
    sums, squares : dict
        Fading sums of the gradients and of their squares.

    References
    ----------
    D. P. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015.
    """

    def __init__(
        self,
        lr: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
    ) -> None:
        self.lr = number("lr", lr, above=0)
        self.beta1, self.beta2 = share("beta1", beta1), share("beta2", beta2)
        self.eps = number("eps", eps, above=0)
        self.iter: dict[str, NDArray[Any]] = {}
        self.sums: Memory = {}
        self.squares: Memory = {}

    @property
    def m(self) -> Memory:
        """The means of the gradients, not corrected."""
        return {k: (1 - self.beta1) * values for k, values in self.sums.items()}

    @property
    def v(self) -> Memory:
        """The means of their squares, not corrected."""
        return {k: (1 - self.beta2) * values for k, values in self.squares.items()}

    def update(self, params: dict[str, Floats], grads: dict[str, Floats]) -> None:
        """Move each parameter along its mean gradient, by about lr."""
        last, s = None, np.empty(0)
        for key, p, g, m, v in pieces(params, grads, self.sums, self.squares):
            if (s.shape, s.dtype) != (m.shape, m.dtype):
                s = np.empty_like(m)
            if key != last:
                last, t = key, int(self.iter.get(key, 0)) + 1
                self.iter[key] = np.array(t)
                many = (1 - self.beta1**t) / (1 - self.beta1)
                root = math.sqrt((1 - self.beta2**t) / (1 - self.beta2))
            m *= self.beta1
            m += g
            v *= self.beta2
            v += np.multiply(g, g, out=s)
            np.sqrt(v, out=s)
            s += self.eps * root
            np.divide(m, s, out=s)
            s *= self.lr * root / many
            p -= s


class StepDecay:
    """A rate that is multiplied by a factor every so many steps."""

    def __init__(self, lr: float, every: int, factor: float = 0.1) -> None:
        self.lr, self.every = number("lr", lr, above=0), count("every", every, least=1)
        self.factor = number("factor", factor, above=0)

    def __call__(self, step: int) -> float:
        """Return the rate of a step."""
        return self.lr * self.factor ** (step // self.every)


class CosineDecay:
    """A rate that slides from lr to end in so many steps, and stays there."""

    def __init__(self, lr: float, steps: int, end: float = 0.0) -> None:
        self.lr, self.steps = number("lr", lr, above=0), count("steps", steps, least=1)
        self.end = number("end", end)
        if not 0 <= self.end <= self.lr:
            raise ValueError(f"got end = {end}, but want it from 0 to lr = {lr}")

    def __call__(self, step: int) -> float:
        """Return the rate of a step."""
        turn = math.pi * min(step / self.steps, 1)
        return self.end + (self.lr - self.end) * (1 + math.cos(turn)) / 2


class Warmup:
    """A rate that grows in even steps, and then follows another schedule.

    Parameters
    ----------
    steps : int
        How many steps it takes to grow.
    then : callable or float
        The schedule that begins after that, or a rate that stays.
    """

    def __init__(self, steps: int, then: Callable[[int], float] | float) -> None:
        self.steps = count("steps", steps, least=1)
        self.then = then if callable(then) else number("then", then, above=0)

    def __call__(self, step: int) -> float:
        """Return the rate of a step."""
        after = max(step - self.steps, 0)
        rate = self.then(after) if callable(self.then) else self.then
        return rate * min((step + 1) / self.steps, 1)


class AdamW(Adam):
    """Adam that also shrinks every parameter by a share of it in each step.

    Parameters
    ----------
    lr, beta1, beta2, eps : float
        As `Adam` has them.
    weight_decay : float
        Times `lr`: the share that is taken off. Biases are shrunk too.

    References
    ----------
    I. Loshchilov, F. Hutter, "Decoupled weight decay regularization", ICLR 2019.
    """

    def __init__(
        self,
        lr: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(lr, beta1, beta2, eps)
        self.weight_decay = amount("weight_decay", weight_decay)

    def update(self, params: dict[str, Floats], grads: dict[str, Floats]) -> None:
        """Shrink each parameter, then move it as Adam does."""
        for _, p, _ in pieces(params, grads):
            p *= 1 - self.lr * self.weight_decay
        super().update(params, grads)
