"""Trials of a search: a table, best first, and a file of them, one a line."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fishbook.checks import came
from fishbook.storage import PathLike

__all__ = ["Params", "Trial", "Trials", "add_trial", "read_trials", "the_same"]

Params = dict[str, Any]

SHOWN = 10
"""How many rows a table prints before it says how many more there are."""

HEAD = b'{"number": '
"""How each line of a file of trials begins."""


@dataclass(frozen=True)
class Trial:
    """One try: what was set, and what came of it."""

    number: int
    params: Params
    score: float = -math.inf
    """The higher the better; lowest of all if the trial failed."""
    error: str = ""
    """Why it failed, or nothing."""
    kept: dict[str, Any] = field(default_factory=dict)
    """What the training gave back besides its score."""


class Trials(list[Trial]):
    """Trials, the best first and those that failed last; prints as a table.

    Parameters
    ----------
    trials : iterable of Trial
        In the order in which equal ones stay.
    first : str
        A setting that counts before the score: who was trained longer, say.
    """

    def __init__(self, trials: Iterable[Trial] = (), first: str = "") -> None:
        def rank(trial: Trial) -> tuple[bool, float, float]:
            return not trial.error, trial.params.get(first, 0), trial.score

        super().__init__(sorted(trials, key=rank, reverse=True))

    @property
    def best(self) -> Trial:
        """The trial with the highest score; ValueError if none has any."""
        if not self or self[0].error:
            failed = f"all failed, the first with {self[0].error}" if self else ""
            why = failed or "there is none"
            raise ValueError(f"there is no best trial, since {why}")
        return self[0]

    def __repr__(self) -> str:
        """Return a narrow table of the best, and how many more and failed there are."""
        good = [trial for trial in self if not trial.error]
        failed = [trial for trial in self if trial.error]
        table = [["trial", "score", *(self[0].params if self else ())]]
        for t in good[:SHOWN]:
            row = [str(t.number), f"{t.score:.3f}"]
            table.append(row + [_short(value) for value in t.params.values()])
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = ["  ".join(map(str.rjust, row, widths)) for row in table]
        if len(good) > SHOWN:
            lines.append(f"and {len(good) - SHOWN} more")
        if failed:
            lines.append(f"{len(failed)} failed: {failed[0].error}"[:60])
        return "\n".join(lines)

    def plot(self) -> Any:
        """Draw the scores against each setting that is a number; return the axes."""
        import matplotlib.pyplot as plt

        from fishbook.diagrams import PALETTE

        good = [trial for trial in self if not trial.error]
        names = [n for n, v in self.best.params.items() if isinstance(v, int | float)]
        size = (4.6, 2.3 * len(names))
        _, axes = plt.subplots(len(names), squeeze=False, figsize=size)
        for ax, name in zip(axes[:, 0], names, strict=True):
            values = [trial.params[name] for trial in good]
            ax.plot(values, [t.score for t in good], "o", ms=5, color=PALETTE["blue"])
            ax.set(xscale="log" if min(values) > 0 else "linear", xlabel=name)
            ax.set_ylabel("score")
        return axes[:, 0]


def _short(value: Any) -> str:
    """Return a setting with three digits, or as it is."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def read_trials(path: PathLike) -> dict[int, Trial]:
    """Return the trials in a file by their numbers; an unfinished last line goes.

    Raises
    ------
    ValueError
        If a line is no trial: then nothing is changed.
    OSError
        If the file can't be read, or a new one can't be written there.
    """
    place = Path(path)
    text = place.read_bytes() if place.exists() else b""
    end = text.rfind(b"\n") + 1
    lines, rest = text[:end].splitlines(), text[end:]
    trials = [_trial(line, f"{path}:{at}") for at, line in enumerate(lines, 1)]
    if rest[: len(HEAD)] != HEAD[: len(rest)]:
        _trial(rest, f"{path}:{len(lines) + 1}")
    with place.open("ab") as file:
        file.truncate(end)
    return {trial.number: trial for trial in trials}


def _trial(line: bytes, place: str) -> Trial:
    """Return the trial of a line."""
    try:
        got = json.loads(line)
        score = -math.inf if got["score"] is None else float(got["score"])
        return Trial(**got | {"score": score})
    except (KeyError, TypeError, ValueError):
        raise ValueError(
            f"{place} is no trial of a search: {line[:60]!r}; name another file"
        ) from None


def add_trial(path: PathLike, trial: Trial) -> None:
    """Add a trial to a file as one line of JSON, and see that it reaches the disk."""
    values = asdict(trial) | {"score": None if trial.error else trial.score}
    line = json.dumps(values, allow_nan=False)
    with Path(path).open("ab") as file:
        file.write(f"{line}\n".encode())
        file.flush()
        os.fsync(file.fileno())


def the_same(trial: Trial, params: Params, path: PathLike | None) -> Trial:
    """Return a stored trial if it has the settings that are wanted now."""
    alike = trial.params.keys() == params.keys() and all(
        _close(trial.params[name], value) for name, value in params.items()
    )
    if not alike:
        raise ValueError(
            f"{path} is of another search: its trial {trial.number} has"
            f" {came('params', trial.params)}, but want {params}; give the same space"
            " and rng as then, or name another file"
        )
    return trial


def _close(old: Any, new: Any) -> bool:
    """Return whether settings are equal, but for the last digits of a number."""
    numbers = isinstance(old, float) and isinstance(new, float)
    return math.isclose(old, new, rel_tol=1e-6) if numbers else old == new
