"""Early stopping: which epoch was the best, and what the network was then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from fishbook.storage import kept

__all__ = ["Best"]

Arrays = Mapping[str, NDArray[Any]]


class Best:
    """The parameters of the best epoch, put in and taken out of a network.

    Parameters
    ----------
    network : network
        Whose parameters, and running statistics, are kept.

    Attributes
    ----------
    best : mapping
        Those of the best epoch so far; nothing before the first.
    last : mapping
        Those of the last step, while the network has the best ones.
    """

    def __init__(self, network: Any) -> None:
        self.network = network
        self.best: Arrays = {}
        self.last: Arrays = {}

    def note(self, scores: list[float]) -> None:
        """Keep what the network is now, if its score is better than all before."""
        if scores[-1] > max(scores[:-1], default=-1.0):
            self.best = self._copies()

    def put_in(self) -> None:
        """Give the network its best parameters."""
        if self.best and not self.last:
            self.last = self._copies()
            self._fill(self.best)

    def take_out(self) -> None:
        """Give it back those of its last step, to go on with."""
        if self.last:
            self._fill(self.last)
            self.last = {}

    def _copies(self) -> Arrays:
        return {key: values.copy() for key, values in kept(self.network).items()}

    def _fill(self, arrays: Arrays) -> None:
        for key, values in kept(self.network).items():
            values[...] = arrays[key]
