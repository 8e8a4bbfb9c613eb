"""Stated tolerances: each says something, and leaves something to say."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from fishbook.loom import disk
from fishbook.loom.blocks import Figure, Output, Within
from fishbook.loom.book import Book
from fishbook.loom.check.files import Rule
from fishbook.loom.check.form import problem
from fishbook.loom.numbers import floats
from fishbook.loom.problem import Problem

MOST = Decimal("0.1")
"""The largest share of what is shown that a tolerance may be."""
AXES = '<g id="axes_1">', "<clipPath "
"""What Matplotlib writes where it draws axes, and something inside them."""


def of_outputs(book: Book) -> Iterator[Problem]:
    """A tolerance of numbers is about floats, and far smaller than the largest."""
    for page, block in book.all(Output):
        if not block.within:
            continue
        numbers = [abs(number) for number in floats(block.text)]
        if not numbers:
            what = f"`within {block.within.text}`, but there are no floats here"
            yield problem(page, block, what, "write `output`: integers are exact")
            continue
        whole = Decimal(1) if block.within.is_share else max(numbers)
        if wrong := out_of_range(block.within, whole):
            yield problem(page, block, wrong, "print fewer digits, or state less")


def of_figures(book: Book) -> Iterator[Problem]:
    """A figure that may shift within its axes has axes, and it shifts little."""
    for page, block in book.all(Figure):
        if not block.within:
            continue
        if wrong := out_of_range(block.within, Decimal(1)):
            yield problem(page, block, wrong, "state less: 2% of the axes, say")
        svg = disk.read(book.root / page.path.parent / block.path)
        if svg is not None and not all(tag in svg for tag in AXES):
            what = f"{block.path} has no axes that it could shift in"
            yield problem(page, block, what, "take away the comment above it")


def out_of_range(within: Within, whole: Decimal) -> str:
    """Say that a tolerance is nothing, or too much, or say nothing."""
    most = MOST * whole
    if 0 < within.amount <= most:
        return ""
    shown = f"{MOST:.0%}" if within.is_share else f"{most.normalize():f}"
    return f"`within {within.text}` is not between 0 and {shown}"


RULES: tuple[Rule, ...] = (of_outputs, of_figures)
