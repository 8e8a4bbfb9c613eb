# Tangled from docs/05-training [45327fd8850bd831]
"""Which settings are best: tried at random, or where a model hopes for most."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike

from fishbook.checks import Floats, Seed, count, floats, number
from fishbook.runner import Runner, Space, TrainFn, Where, checked
from fishbook.trials import Params, Trial, Trials

__all__ = [
    "GaussianProcess",
    "bayes_search",
    "draw",
    "erf",
    "expected_improvement",
    "log_uniform",
    "propose",
    "random_search",
    "rbf",
    "successive_halving",
]


def log_uniform(low: float, high: float, rng: Seed = None) -> float:
    """Return a random number between two others, each power of ten as likely.

    Parameters
    ----------
    low, high : float
        The limits, 0 < low < high.
    rng : optional
        What `numpy.random.default_rng` takes.

    Raises
    ------
    ValueError
        If the limits are no such numbers.
    """
    low = number("low", low, above=0)
    ends = math.log10(low), math.log10(number("high", high, above=low))
    return float(10 ** np.random.default_rng(rng).uniform(*ends))


def draw(space: Space, rng: np.random.Generator) -> Params:
    """Return a value for each setting, drawn from its range.

    Parameters
    ----------
    space : mapping of str to range
        ``(low, high)``, drawn with `log_uniform`; or a function of a generator.
    rng : numpy.random.Generator
        Where the random numbers come from.
    """
    return {
        name: among(rng) if callable(among) else log_uniform(*among, rng)
        for name, among in checked(space).items()
    }


def random_search(
    train_fn: TrainFn,
    space: Space,
    trials: int = 20,
    rng: Seed = None,
    **where: Unpack[Where],
) -> Trials:
    """Try settings drawn at random; return the trials, the best first.

    Parameters
    ----------
    train_fn : callable
        Takes a dict of settings; returns a score, the higher the better, or a dict
        with `score` and what else each trial is to keep.
    space : mapping of str to range
        ``(low, high)``, drawn with `log_uniform`; or a function of a generator.
    trials : int
        How many; the first ones stay the same if there are more.
    rng : optional
        What `numpy.random.default_rng` takes: it alone decides what is tried.
    **where
        ``executor``, a `concurrent.futures.Executor` that runs the trials: threads,
        processes, a cluster's client; ``path``, a file to which each trial is added as
        it ends, a line of JSON, and whose trials are not run again; ``verbose=False``
        for no bar on a terminal.

    Returns
    -------
    Trials
        A list with `best`; a trial that failed is in it, with its error.

    Raises
    ------
    TypeError, ValueError
        If the space or a number makes no sense, or the file is of another search.
    """
    with Runner(train_fn, trials, rng, **where) as runner:
        wanted = [draw(space, runner.rng) for _ in range(trials)]
        return Trials(runner.run(wanted))


def rbf(a: Floats, b: Floats, width: float) -> Floats:
    """Return how alike the rows of a and b are: 1 if equal, 0 if far apart."""
    square = ((a[:, np.newaxis] - b) ** 2).sum(axis=2)
    alike: Floats = np.exp(-square / (2 * width**2))
    return alike


class GaussianProcess:
    """A function guessed from some of its values, and how sure the guess is.

    Parameters
    ----------
    x : array_like, shape (N, D)
        Where it is known.
    y : array_like, shape (N,)
        Its values there.
    width : float
        How far one value tells about others.
    noise : float
        The variance of the noise in `y`, as a share of the variance of `y`.
    """

    def __init__(
        self, x: ArrayLike, y: ArrayLike, width: float = 0.2, noise: float = 1e-4
    ) -> None:
        self.x = floats("x", x, shape=(None, None))
        y = floats("y", y, shape=(len(self.x),))
        self.width = number("width", width, above=0)
        self.mean, self.std = y.mean(), y.std() or 1.0
        K = rbf(self.x, self.x, width) + noise * np.eye(len(y))
        self.inverse = np.linalg.inv(K)
        self.weights = self.inverse @ ((y - self.mean) / self.std)

    def predict(self, x: ArrayLike) -> tuple[Floats, Floats]:
        """Return mean and standard deviation at each row of x, (N, D)."""
        k = rbf(floats("x", x, shape=(None, self.x.shape[1])), self.x, self.width)
        variance = 1 - (k @ self.inverse * k).sum(axis=1)
        std = np.sqrt(np.maximum(variance, 1e-12))
        return self.mean + self.std * (k @ self.weights), self.std * std


erf = np.vectorize(math.erf, otypes=[float])


def expected_improvement(mean: ArrayLike, std: ArrayLike, best: float) -> Floats:
    """Return by how much normal numbers beat the best on average, 0 if they don't.

    Parameters
    ----------
    mean, std : array_like
        Of the numbers; `std` has to be positive.
    best : float
        What is to be beaten.
    """
    gain, std = floats("mean", mean) - best, floats("std", std)
    z = gain / std
    area: Floats = (1 + erf(z / math.sqrt(2))) / 2
    bell = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    return np.maximum(gain * area + std * bell, 0)


def propose(
    done: Sequence[Trial], space: Space, rng: np.random.Generator, many: int = 1
) -> list[Params]:
    """Return the settings that are worth trying after those that are done."""
    low, high = np.log10(np.array(list(space.values()))).T
    settings = [[trial.params[name] for name in space] for trial in done]
    x = (np.log10(settings) - low) / (high - low)
    y = np.array([trial.score for trial in done])
    worst = min((score for score in y if score > -np.inf), default=0)
    y = np.maximum(y, worst)
    for _ in range(many):
        places = rng.uniform(size=(1000, len(space)))
        mean, std = GaussianProcess(x, y).predict(places)
        best = np.argmax(expected_improvement(mean, std, y.max()))
        x, y = np.vstack([x, places[best]]), np.append(y, mean[best])
    chosen = 10 ** (low + x[len(done) :] * (high - low))
    return [dict(zip(space, row, strict=True)) for row in chosen.tolist()]


def bayes_search(
    train_fn: TrainFn,
    space: Space,
    trials: int = 20,
    rng: Seed = None,
    *,
    start: int = 3,
    at_once: int = 1,
    **where: Unpack[Where],
) -> Trials:
    """Try settings where a model of the scores hopes for most; return the trials.

    Parameters
    ----------
    train_fn, trials, rng, **where
        As for `random_search`.
    space : mapping of str to (low, high)
        The ranges, searched on the log scale.
    start : int
        How many are drawn at random before the model is asked.
    at_once : int
        How many are tried at a time, for an executor to share.

    Returns
    -------
    Trials
        The best first, those that failed last.

    Raises
    ------
    TypeError, ValueError
        If the space or a number makes no sense, or the file is of another search.
    """
    checked(space, drawn=False)
    start, at_once = count("start", start, 1), count("at_once", at_once, 1)
    with Runner(train_fn, trials, rng, **where) as runner:
        first = min(start, trials)
        done = runner.run([draw(space, runner.rng) for _ in range(first)])
        while len(done) < trials:
            many = min(at_once, trials - len(done))
            done += runner.run(propose(done, space, runner.rng, many))
    return Trials(done)


def successive_halving(
    train_fn: TrainFn,
    space: Space,
    trials: int = 27,
    rng: Seed = None,
    *,
    epochs: int = 1,
    factor: int = 3,
    **where: Unpack[Where],
) -> Trials:
    """Train many settings a little, and ever fewer of them ever longer.

    Parameters
    ----------
    train_fn, space, rng, **where
        As for `random_search`; the settings have one more, `epochs`, and a training
        begins from the beginning each time.
    trials : int
        With how many settings to begin.
    epochs : int
        For how long each is trained at first.
    factor : int
        One of so many gets through, and is trained so many times longer.

    Returns
    -------
    Trials
        The last trial of each setting; the longer it was trained the nearer the front.

    Raises
    ------
    TypeError, ValueError
        If the space or a number makes no sense, or the file is of another search.
    """
    trials, factor = count("trials", trials, 1), count("factor", factor, 2)
    epochs = count("epochs", epochs, 1)
    total = sum(trials // factor**i for i in range(trials))
    out: list[Trial] = []
    with Runner(train_fn, total, rng, **where) as runner:
        left = [draw(space, runner.rng) for _ in range(trials)]
        while left:
            done = Trials(runner.run([{**params, "epochs": epochs} for params in left]))
            through = [t for t in done[: len(left) // factor] if not t.error]
            out += [trial for trial in done if trial not in through]
            left = [trial.params for trial in through]
            epochs *= factor
    return Trials(out, first="epochs")
