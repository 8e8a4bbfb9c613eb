"""What a block prints, by whatever way, and what it draws."""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import warnings
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any, TextIO

LARGEST = 1_000_000
"""Bytes that a block may print."""

NO_GLYPH = "Glyph .* missing from font"
"""Matplotlib's own font has no Chinese; the reader's browser draws the text."""

ESCAPE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\n\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])"
)
UNSEEN = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


class UnfitError(Exception):
    """A block did what no page can show."""


class Printed:
    """Takes all that goes to the standard output, by whatever way, into a file."""

    def __init__(self, file: Path) -> None:
        self.file = file
        binary = getattr(os, "O_BINARY", 0)
        self.into = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | binary)
        self.taken = 0
        """How much of it belongs to earlier blocks."""
        self.stdout, self.stderr = on(1), on(2)
        self.folder = os.getcwd()

    def __enter__(self) -> None:
        """Begin with the right streams and folder."""
        os.dup2(self.into, 1)
        self.stdout = on(1) if self.stdout.closed else self.stdout
        self.stderr = on(2) if self.stderr.closed else self.stderr
        sys.stdout = sys.__stdout__ = self.stdout  # type: ignore[misc, assignment]
        sys.stderr = sys.__stderr__ = self.stderr  # type: ignore[misc, assignment]
        with contextlib.suppress(OSError):  # where it has been moved away
            os.chdir(self.folder)

    def __exit__(self, *exception: object) -> None:
        """Put everything into the file."""
        for stream in (sys.stdout, self.stdout):
            with contextlib.suppress(Exception):
                stream.flush()

    def text(self) -> str:
        """Return what was printed since, as far as a page has room for it."""
        with self.file.open("rb") as file:
            file.seek(self.taken)
            printed = file.read(LARGEST + 1)
        self.taken += len(printed)
        return plain(printed.decode("utf-8", "backslashreplace"))


def on(number: int) -> TextIO:
    """Return a stream of text to a file descriptor."""
    errors = "strict" if number == 1 else "backslashreplace"
    return open(
        number, "w", 1, encoding="utf-8", errors=errors, newline="\n", closefd=False
    )


def plain(text: str) -> str:
    """Return what a text leaves on a screen; what can't be seen is written out."""
    text = ESCAPE.sub("", text.replace("\r\n", "\n"))
    # Of a line that is written over, what was written last is left.
    lines = (line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    text = "\n".join(lines)
    return UNSEEN.sub(lambda found: ascii(found[0])[1:-1], text)


def picture(value: object) -> str:
    """Return the SVG that a block drew, or nothing."""
    draw = getattr(type(value), "_repr_svg_", None)
    drawn = [draw(value)] if draw else []
    drawn = [svg for svg in drawn if svg is not None]
    if plt := sys.modules.get("matplotlib.pyplot"):
        drawn += [_saved(plt.figure(number)) for number in plt.get_fignums()]
    if len(drawn) > 1:
        raise UnfitError(f"drew {len(drawn)} figures; split it, a figure each")
    for svg in drawn:
        try:
            ET.fromstring(svg if isinstance(svg, str) else "")
        except ET.ParseError as error:
            got = error if isinstance(svg, str) else f"{type(svg).__name__}, not str"
            fix = "mend its _repr_svg_"
            raise UnfitError(f"drew a picture that is no SVG: {got}; {fix}") from None
    return drawn[0].replace("\r\n", "\n") if drawn else ""


def _saved(figure: Any) -> str:
    out = io.StringIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", NO_GLYPH)
        figure.savefig(out, format="svg", metadata={"Date": None}, bbox_inches="tight")
    return out.getvalue()


def close_figures() -> None:
    """Let the next block begin without figures."""
    if plt := sys.modules.get("matplotlib.pyplot"):
        plt.close("all")
