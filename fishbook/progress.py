"""Long work: a bar that shows how far it has come, and Ctrl-C between its steps."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["Bar", "whole"]

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
