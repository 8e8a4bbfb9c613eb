"""What a block printed and drew beside what the page shows, within a tolerance."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

from fishbook.loom import numbers
from fishbook.loom.blocks import Cell, Figure, Output, Within
from fishbook.loom.numbers import MEASURE, NUMBER, decimals, is_float, same_number
from fishbook.loom.pictures import drawn_by, svg_difference
from fishbook.loom.run import Result

MOST, WIDEST = 20, 200
"""How many lines of a difference are shown, and how many characters of each."""


def verdict(folder: Path, cell: Cell, result: Result) -> str:
    """Say what the page shows and the run did not give, or nothing."""
    if wrong := unfit(folder, cell, result):
        return "; ".join(wrong)
    if not prints(cell.output, result.text):
        head = "page (-) and run (+) differ; if the run is right, `fishbook record`:"
        return f"{head}\n{diff(cell.output, result.text)}"
    return figure_verdict(folder, cell.figure, result.svg)


def unfit(folder: Path, cell: Cell, result: Result) -> tuple[str, str] | None:
    """Say what a block did that its page has no room for, and what to do."""
    raises = bool(cell.output and cell.output.raises)
    if result.fault:
        what, _, fix = result.fault.rpartition("; ")
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
    found = svg_difference(path.read_text(encoding="utf-8"), svg, figure.within)
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


def prints(output: Output | None, printed: str) -> bool:
    """Return whether a page's output, which may be none, is what was printed."""
    if not output:
        return same_output("", printed)
    return same_output(output.text, printed, varies=output.varies, within=output.within)


def same_output(
    shown: str, printed: str, *, varies: bool = False, within: Within | None = None
) -> bool:
    """Compare a text with what was printed.

    Words and integers to the letter, floats as far as they are certain, or within a
    stated tolerance; with `varies`, numbers only have to be there. Runs of spaces count
    as one, and those beside a number not at all, since NumPy pads its columns by the
    length of the numbers.
    """
    left, right = _lines(shown), _lines(printed)
    return len(left) == len(right) and all(
        _same_line(a, b, varies, within) for a, b in zip(left, right, strict=True)
    )


def same_form(output: Output | None, printed: str) -> bool:
    """Return whether what was printed, which is the same, is written in the same way.

    Numbers and the spaces between them may look otherwise as far as the run decides it.
    """
    if not output or output.varies:
        return True
    pairs = zip(_lines(output.text), _lines(printed), strict=True)
    return all(_same_look(a, b, output.within) for a, b in pairs)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip("\n").split("\n")]


def _same_look(shown: str, printed: str, within: Within | None) -> bool:
    left, right = NUMBER.findall(shown), NUMBER.findall(printed)
    # With a tolerance, the numbers of a list that is cut short may end in a zero.
    lengths = [{*map(decimals, filter(is_float, line))} for line in (left, right)]
    trimmed = within is not None and max(map(len, lengths)) > 1
    pairs = [*zip(left, right, strict=True)]
    if not all(numbers.same_form(a, b, trimmed=trimmed) for a, b in pairs):
        return False
    padded = any(len(a) != len(b) for a, b in pairs)
    return padded or NUMBER.sub("\0", shown) == NUMBER.sub("\0", printed)


def _same_line(shown: str, printed: str, varies: bool, within: Within | None) -> bool:
    number = MEASURE if varies else NUMBER
    if _words(shown, number) != _words(printed, number):
        return False
    pairs = zip(number.findall(shown), number.findall(printed), strict=True)
    return varies or all(same_number(a, b, within) for a, b in pairs)


def _words(line: str, number: re.Pattern[str]) -> str:
    """Return the line with each number as one mark, without what pads it."""
    indent = line[: len(line) - len(line.lstrip())]
    marked = re.sub(r" +", " ", number.sub("\0", line.strip()))
    return indent + re.sub(r" ?\0 ?", "\0", marked)


def diff(output: Output | None, printed: str) -> str:
    """Show the lines from the first that differs on, as many as can be read.

    `-` stands on the page, `+` was printed. What is near enough counts as alike.
    """
    output = output or Output("", 0, text="")
    old, new = (text.rstrip("\n").split("\n") for text in (output.text, printed))
    pairs = enumerate(zip(old, new, strict=False))
    differ = (n for n, pair in pairs if not _alike(*pair, output))
    first = next(differ, min(len(old), len(new)))
    ends = [*old, ""][first], [*new, ""][first]
    letters = enumerate(zip(*ends, strict=False))
    place = next((n for n, (a, b) in letters if a != b), min(map(len, ends)))
    seen = slice(max(first - 2, 0), first + MOST)
    more = max(len(old), len(new)) - seen.stop
    old, new = old[seen], new[seen]
    for n, pair in enumerate(zip(old, new, strict=False)):
        if _alike(*pair, output):
            new[n] = old[n]
    lines = [*difflib.unified_diff(old, new, n=len(old), lineterm="")][3:]
    shown = [f"{line[0]} {_part(line[1:], place)}" for line in lines]
    if more > 0:
        shown.append(f"… and {more:,} more lines")
    return "\n".join(shown)


def _alike(shown: str, printed: str, output: Output) -> bool:
    return _same_line(shown.rstrip(), printed.rstrip(), output.varies, output.within)


def _part(line: str, place: int) -> str:
    """Return a line, or what of a long one stands around a place."""
    start, end = max(place - WIDEST // 2, 0), max(place, WIDEST // 2) + WIDEST // 2
    return "…" * bool(start) + line[start:end] + "…" * (len(line) > end)
