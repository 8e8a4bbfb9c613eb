"""What a block printed and drew beside what the page shows, within a tolerance."""

from __future__ import annotations

import base64
import difflib
import io
import re
import xml.etree.ElementTree as ET
from pathlib import Path

from fishbook.loom.blocks import Cell, Figure
from fishbook.loom.run import Result

NUMBER = re.compile(
    r"(?<![\w.])[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?(?!\w|\.\d)", re.A
)
MEASURE = re.compile(
    r"(?<![\w.])[-+]?(?:\d+(?:,\d{3})*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", re.A
)
"""A number that may have its unit right after it, as timings do."""
SVG_NUMBER = re.compile(
    r"#[0-9a-fA-F]{3,8}\b|[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
)
REFERENCE = re.compile(r'(?<= id=")[^"]*|(?<=url\(#)[^)]*|(?<=href="#)[^"]*')
METADATA = re.compile(r"<metadata>.*?</metadata>|<!--.*?-->|<\?.*?\?>", re.S)
PIECE = re.compile(r"<[^>]*>|[^<]+")
BITMAP = re.compile(r"data:image/png;base64,([^\"]*)")
SVG_TOLERANCE = 0.05
PIXEL_TOLERANCE = 2


def verdict(folder: Path, cell: Cell, result: Result) -> str:
    """Say what the page shows and the run did not give, or nothing."""
    if wrong := unfit(folder, cell, result):
        return "; ".join(wrong)
    shown = cell.output.text if cell.output else ""
    varies = bool(cell.output and cell.output.varies)
    if not same_output(shown, result.text, varies=varies):
        head = "page (-) and run (+) differ; if the run is right, `fishbook record`:"
        return f"{head}\n{diff(shown, result.text)}"
    return figure_verdict(folder, cell.figure, result.svg)


def unfit(folder: Path, cell: Cell, result: Result) -> tuple[str, str] | None:
    """Say what a block did that its page has no room for, and what to do."""
    raises = bool(cell.output and cell.output.raises)
    if result.fault:
        what, _, fix = result.fault.partition("; ")
        return f"this block {what}", fix
    if result.error and not raises:
        said = f"{result.printed.rstrip()}\n{result.trace}".strip("\n")
        what = f"this block raised an error the page doesn't show:\n{said}"
        if result.error.startswith("ModuleNotFoundError"):
            return what, "pip install 'fishbook[plot]' brings what pages draw with"
        return what, "mend it, or show the error in an `output raises` fence"
    if raises and not result.error:
        what = "the page shows an error, but the block raised none"
        return what, "mend the block, or write `output` in place of `output raises`"
    if cell.code.hidden and result.text.strip() and not cell.output:
        what = f"this hidden code prints:\n{result.text.rstrip()}"
        return what, "take the print out, or put an output fence after it"
    if bool(cell.figure) != bool(result.svg):
        fix = "draw one, or add a line ![中文 | English](figures/NAME.svg)"
        return figure_verdict(folder, cell.figure, result.svg), fix
    return None


def figure_verdict(folder: Path, figure: Figure | None, svg: str) -> str:
    """Say how a drawn picture differs from the one on the page, or nothing."""
    if not figure:
        return "this block draws a figure that the page doesn't show" if svg else ""
    if not svg:
        return f"the page shows {figure.path}, but the block drew nothing"
    path = folder / figure.path
    if not path.exists():
        return f"{figure.path} does not exist; run `fishbook record`"
    if other_matplotlib(folder, figure, svg):
        return ""
    found = svg_difference(path.read_text(encoding="utf-8"), svg)
    head = f"{figure.path} is not what the block draws"
    return (
        f"{head}; if the block is right, `fishbook record`:\n{found}" if found else ""
    )


def other_matplotlib(folder: Path, figure: Figure | None, svg: str) -> str:
    """Say why a drawn picture can't be compared with the page's here, or nothing."""
    if not figure:
        return ""
    shown = drawn_by((folder / figure.path).read_text(encoding="utf-8"))
    here = drawn_by(svg)
    if not shown or not here or shown == here:
        return ""
    return f"{figure.path} was drawn by Matplotlib {shown}, which differs from {here}"


def same_output(shown: str, printed: str, *, varies: bool = False) -> bool:
    """Compare a page's output with what was printed.

    Words and integers to the letter, floats to one unit of the last digit shown or
    1e-6 relative; with `varies`, numbers only have to be there. Runs of spaces count
    as one, and those beside a number not at all, since NumPy pads its columns by the
    length of the numbers.
    """
    left, right = shown.rstrip("\n").split("\n"), printed.rstrip("\n").split("\n")
    return len(left) == len(right) and all(
        _same_line(a.rstrip(), b.rstrip(), varies)
        for a, b in zip(left, right, strict=True)
    )


def _same_line(shown: str, printed: str, varies: bool) -> bool:
    if shown == printed:
        return True
    number = MEASURE if varies else NUMBER
    if _words(shown, number) != _words(printed, number):
        return False
    pairs = zip(number.findall(shown), number.findall(printed), strict=True)
    return varies or all(_same_number(a, b) for a, b in pairs)


def _words(line: str, number: re.Pattern[str]) -> str:
    """Return the line with each number as one mark, without what pads it."""
    indent = line[: len(line) - len(line.lstrip())]
    marked = re.sub(r" *\0 *", "\0", number.sub("\0", line.strip()))
    return indent + re.sub(r" +", " ", marked)


def _same_number(shown: str, printed: str) -> bool:
    if shown == printed or not (_is_float(shown) and _is_float(printed)):
        return shown == printed
    expected, got = float(shown), float(printed)
    mantissa, _, exponent = shown.lower().partition("e")
    digits = len(mantissa.partition(".")[2])
    unit = float(f"1e{int(exponent or 0) - digits}")
    return abs(expected - got) <= max(unit * 1.000001, 1e-6 * abs(expected))


def _is_float(number: str) -> bool:
    return any(c in number for c in ".eE")


def diff(shown: str, printed: str) -> str:
    """Show both texts line by line: `-` stands on the page, `+` was printed."""
    lines = difflib.ndiff(
        shown.rstrip("\n").split("\n"), printed.rstrip("\n").split("\n")
    )
    return "\n".join(line.rstrip("\n") for line in lines)


def drawn_by(svg: str) -> str:
    """Return the Matplotlib version that drew a picture, or nothing."""
    match = re.search(r"Matplotlib v([\d.]+\w*)", svg)
    return match[1] if match else ""


def svg_difference(shown: str, drawn: str) -> str:
    """Say where two pictures differ by more than a reader could see, or nothing."""
    try:
        ET.fromstring(drawn)
    except ET.ParseError as error:
        return f"the picture is not valid SVG ({error})"
    left, right = _pieces(shown), _pieces(drawn)
    for a, b in zip(left, right, strict=False):
        if a != b and not _same_piece(a, b):
            return f"{_short(a)} on the page, {_short(b)} drawn"
    if len(left) != len(right):
        return f"{len(left)} tags and texts on the page, {len(right)} drawn"
    return ""


def _pieces(svg: str) -> list[str]:
    """Return the tags and texts of a picture, its ids numbered in their order."""
    svg = METADATA.sub("", svg)
    ids = {name: f"id{i}" for i, name in enumerate(re.findall(r' id="([^"]*)"', svg))}
    svg = REFERENCE.sub(lambda match: ids.get(match[0], match[0]), svg)
    return [piece.strip() for piece in PIECE.findall(svg) if piece.strip()]


def _same_piece(old: str, new: str) -> bool:
    if not old.startswith("<"):
        return False
    if (bitmap := BITMAP.search(old)) and (other := BITMAP.search(new)):
        if not _same_bitmap(bitmap[1], other[1]):
            return False
        old, new = BITMAP.sub("", old), BITMAP.sub("", new)
    if SVG_NUMBER.sub("\0", old) != SVG_NUMBER.sub("\0", new):
        return False
    pairs = zip(SVG_NUMBER.findall(old), SVG_NUMBER.findall(new), strict=True)
    return all(a == b or _near(a, b) for a, b in pairs)


def _near(old: str, new: str) -> bool:
    """Return whether two numbers are near; a colour is no number."""
    if "#" in old + new:
        return False
    return abs(float(old) - float(new)) <= SVG_TOLERANCE


def _same_bitmap(old: str, new: str) -> bool:
    import matplotlib.image
    import numpy as np

    left, right = (
        matplotlib.image.imread(io.BytesIO(base64.b64decode(data)))
        for data in (old, new)
    )
    if left.shape != right.shape:
        return False
    return bool(np.max(np.abs(left - right), initial=0) <= PIXEL_TOLERANCE / 255)


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "…")
