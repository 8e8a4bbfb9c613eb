"""Trials run here or on any executor, each written down as it ends."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, as_completed
from typing import Any, Self, TypedDict

import numpy as np

from fishbook.checks import Seed, came, count, number
from fishbook.progress import Bar, whole
from fishbook.storage import PathLike
from fishbook.trials import Params, Trial, add_trial, read_trials, the_same

__all__ = ["Runner", "Space", "TrainFn", "Where", "attempt", "checked"]

Space = Mapping[str, tuple[float, float] | Callable[[np.random.Generator], Any]]
TrainFn = Callable[[Params], Any]


class Where(TypedDict, total=False):
    """Where trials run, are written down and are shown; `Runner` says more."""

    executor: Executor | None
    path: PathLike | None
    verbose: bool


def checked(space: Space, drawn: bool = True) -> Space:
    """Return the space if each setting has a range, or a function if one may be drawn.

    Raises
    ------
    TypeError
        If a setting has anything else.
    ValueError
        If a range is not 0 < low < high.
    """
    for name, among in space.items():
        if isinstance(among, tuple) and len(among) == 2:
            low = number(f"low of {name}", among[0], above=0)
            number(f"high of {name}", among[1], above=low)
        elif not (drawn and callable(among)):
            wanted = "(low, high), to be drawn on the log scale"
            wanted += ", or a function of a random generator" if drawn else ""
            raise TypeError(came(f"the range of {name}", among, wanted))
    return space


class Runner:
    """Runs trials, writes each down as it ends, and knows those already in the file.

    Parameters
    ----------
    train_fn : callable
        Takes a dict of settings; returns a score, the higher the better, or a dict
        with `score` and whatever else is to be kept: numbers, text, lists of them.
    trials : int
        How many there will be.
    rng : optional
        What `numpy.random.default_rng` takes; a search with a file needs a seed.
    executor : concurrent.futures.Executor, optional
        Where trials run; here, one after another, if left out.
    path : path-like, optional
        A file of JSON lines, one a trial, to which each is added as it ends.
    verbose : bool
        Whether a terminal shows a bar.
    """

    def __init__(
        self,
        train_fn: TrainFn,
        trials: int,
        rng: Seed,
        *,
        executor: Executor | None = None,
        path: PathLike | None = None,
        verbose: bool = True,
    ) -> None:
        if rng is None and path is not None:
            raise ValueError(
                f"got no rng, but a search that is to be resumed from {path} has to"
                " draw the same again; give a seed, such as rng=0"
            )
        self.bar = Bar(count("trials", trials, least=1), verbose)
        self.rng = np.random.default_rng(rng)
        self.train_fn, self.executor, self.path = train_fn, executor, path
        self.stored = {} if path is None else read_trials(path)
        self.trials: list[Trial] = []
        self.started = 0

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *error: object) -> None:
        """End the line of the bar."""
        self.bar.close()

    def run(self, wanted: Sequence[Params]) -> list[Trial]:
        """Return a trial of each of these settings, in their order.

        Raises
        ------
        ValueError
            If the file has a trial of that number with other settings.
        Exception
            If the executor itself fails; what has ended is in the file.
        """
        first = self.started
        self.started += len(wanted)
        fresh = []
        for at, params in enumerate(map(_plain, wanted), first):
            if at in self.stored:
                self._note(the_same(self.stored[at], params, self.path))
            else:
                fresh.append((at, params))
        for trial in self._ended(fresh):
            with whole():
                if self.path is not None:
                    add_trial(self.path, trial)
                self._note(trial)
        self.trials.sort(key=lambda trial: trial.number)
        return self.trials[first:]

    def _ended(self, fresh: list[tuple[int, Params]]) -> Iterable[Trial]:
        """Yield trials as they end, in whatever order."""
        if self.executor is None:
            for at, params in fresh:
                yield attempt(self.train_fn, at, params)
            return
        jobs = [self.executor.submit(attempt, self.train_fn, *job) for job in fresh]
        try:
            for job in as_completed(jobs):
                yield job.result()
        except Exception as error:
            error.add_note(
                "The executor could not run a trial. Functions for other processes"
                " stand at the top level of a module that they can import."
            )
            raise
        finally:
            for job in jobs:
                job.cancel()

    def _note(self, trial: Trial) -> None:
        """Count a trial, and show how far the search has come."""
        self.trials.append(trial)
        best = max(trial.score for trial in self.trials)
        words = f"best score {best:.3f}" if math.isfinite(best) else "no score yet"
        self.bar.at(len(self.trials), words)


def _plain(params: Params) -> Params:
    """Return settings as JSON has them."""
    plain = {k: v.item() if isinstance(v, np.generic) else v for k, v in params.items()}
    for name, value in plain.items():
        if not isinstance(value, bool | int | float | str):
            raise TypeError(came(name, value, "a number, text, True or False"))
    return plain


def attempt(train_fn: TrainFn, number: int, params: Params) -> Trial:
    """Return a trial, whatever happens in it short of an interruption."""
    try:
        got = train_fn(dict(params))
        kept = dict(got) if isinstance(got, Mapping) else {"score": got}
        score = float(kept.pop("score"))
        if not math.isfinite(score):
            raise ValueError(f"got score = {score}, but want a finite number")
        kept = json.loads(json.dumps(kept, allow_nan=False))
        return Trial(number, params, score, kept=kept)
    except Exception as error:
        return Trial(number, params, error=f"{type(error).__name__}: {error}"[:500])
