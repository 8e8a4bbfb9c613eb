"""The numbers in what a block prints, and how near two of them have to be."""

from __future__ import annotations

import re
from decimal import Decimal

from fishbook.loom.blocks import Within

NUMBER = re.compile(
    r"(?<![\w.])[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d{1,4})?(?!(?!j\b)\w|\.\d)",
    re.A,
)
"""A number on its own, or a part of a complex one; nan and inf are words."""
MEASURE = re.compile(
    r"(?<![\w.])[-+]?(?:\d+(?:,\d{3})*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", re.A
)
"""A number that may have its unit right after it, as timings do."""
CERTAIN = 8
"""How many digits of a number are compared; rounding differs in later ones."""


def floats(text: str) -> list[Decimal]:
    """Return the numbers in a text that have a point or an exponent."""
    return [Decimal(number) for number in NUMBER.findall(text) if is_float(number)]


def is_float(number: str) -> bool:
    """Return whether a number has a point or an exponent."""
    return any(c in number for c in ".eE")


def same_number(shown: str, printed: str, within: Within | None = None) -> bool:
    """Return whether a printed number is the one that the page shows.

    Integers, and floats without digits after the point, are exact. Other floats may be
    one unit of the last digit apart where that is under a thousandth of the number,
    and of the eighth digit in any case; 0.0 is not -0.0. A stated tolerance takes the
    place of all this, but for integers.
    """
    if shown == printed or not (is_float(shown) and is_float(printed)):
        return shown == printed
    expected, got = Decimal(shown), Decimal(printed)
    if within:
        return abs(got - expected) <= allowed(expected, within)
    if got.is_signed() != expected.is_signed():
        return False
    return abs(got - expected) <= certain_to(shown)


def same_form(shown: str, printed: str, *, trimmed: bool) -> bool:
    """Return whether a number that is as good as the shown one is written as it is.

    How many digits there are is chance where rounding reaches the last of many, and
    where zeros at the end are `trimmed`.
    """
    if Decimal(shown) == Decimal(printed):
        return shown == printed
    many = max(len(re.sub(r"^\D*0*|\D|[eE].*", "", n)) for n in (shown, printed))
    return trimmed or many >= CERTAIN or decimals(shown) == decimals(printed)


def decimals(number: str) -> int:
    """Return how many digits stand after the point."""
    return len(re.sub(r"^[^.]*\.?|[eE].*", "", number))


def allowed(expected: Decimal, within: Within) -> Decimal:
    """Return how far from a number a stated tolerance reaches."""
    return within.amount * abs(expected) if within.is_share else within.amount


def certain_to(shown: str) -> Decimal:
    """Return how far from a number as it is shown another one may be."""
    number = Decimal(shown)
    if not number or not re.search(r"\.\d", shown):
        return Decimal(0)
    last = Decimal(1).scaleb(int(number.as_tuple().exponent))
    eighth = Decimal(1).scaleb(number.adjusted() + 1 - CERTAIN)
    return last if eighth < last < abs(number) / 1000 else eighth
