"""Long work: how far it has come, what it has seen, and Ctrl-C between its steps."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fishbook.checks import count

__all__ = ["Bar", "History", "some", "whole"]

WIDTH = 24
"""Of the bar, in characters."""

PAUSE = 0.1
"""Seconds between two states of the bar: drawing costs time too."""


class Bar:
    """A line on a terminal that is written again and again; silent elsewhere.

    Plain ASCII and a carriage return: any console shows it, in any encoding.

    Parameters
    ----------
    total : int
        How many steps there will be.
    show : bool
        False keeps it silent on a terminal too.
    """

    def __init__(self, total: int, show: bool = True) -> None:
        out = sys.stderr
        self.out = out if show and out is not None and out.isatty() else None
        self.total, self.next, self.length = max(total, 1), 0.0, 0

    def at(self, done: int, words: str = "") -> None:
        """Show that so many steps are done, with a few words."""
        if self.out is None or (time.monotonic() < self.next and done < self.total):
            return
        self.next = time.monotonic() + PAUSE
        filled = "#" * (WIDTH * done // self.total)
        line = f"[{filled:.<{WIDTH}}] {100 * done // self.total:3}% {words}"[:78]
        self.out.write("\r" + line.ljust(self.length))
        self.out.flush()
        self.length = len(line)

    def close(self) -> None:
        """End the line, so that what follows stands below it."""
        if self.out is not None and self.length:
            self.out.write("\n")
            self.out.flush()


@contextmanager
def whole() -> Iterator[None]:
    """Let Ctrl-C wait until what is inside is done; pressed twice, it waits no more."""
    mine = threading.current_thread() is threading.main_thread()
    if not mine or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    presses = []

    def note(number: int, frame: Any) -> None:
        presses.append(number)
        if len(presses) > 1:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if presses:
        raise KeyboardInterrupt


@dataclass
class History:
    """What a training saw: the loss of each step, the accuracies after each epoch."""

    loss: list[float]
    train_acc: list[float]
    test_acc: list[float]

    def __repr__(self) -> str:
        """Return the first and the last of it in one line."""
        words = f"{len(self.loss)} steps"
        if self.loss:
            words += f", loss {self.loss[0]:.2f} to {self.loss[-1]:.2f}"
        if self.test_acc:
            words += f"; {len(self.test_acc)} epochs, accuracy in training"
            words += f" {self.train_acc[-1]:.2f}, in the test {self.test_acc[-1]:.2f}"
        return f"<{words}>"


def some(
    x: NDArray[Any], t: NDArray[Any], most: int | None
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return samples and labels, or so many of them at random, always the same."""
    if most is None or count("evaluate_sample_num_per_epoch", most, 1) >= len(x):
        return x, t
    drawn = np.random.default_rng(0).permutation(len(x))[:most]
    return x[drawn], t[drawn]
