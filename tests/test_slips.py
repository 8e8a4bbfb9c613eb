"""Every number that the book shows is compared: a slip in it is caught."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from books import book_of, python

from fishbook.loom.blocks import Output
from fishbook.loom.book import Book
from fishbook.loom.compare import prints
from fishbook.loom.numbers import CERTAIN, NUMBER, allowed, is_float
from fishbook.loom.page import Page

BOOK = Book.load(Path(__file__).parent.parent)
OPPOSITE = {"1.": "0.", "0.": "1.", "1.0": "0.0", "0.0": "1.0"}


def outputs(page: Page) -> list[Output]:
    """Give a page's outputs whose numbers are compared."""
    shown = [cell.output for cell in page.cells if cell.output]
    return [output for output in shown if not output.varies]


def slips(number: str, output: Output) -> Iterator[str]:
    """Yield what a slip of the hand, or of the code, makes of a number."""
    if output.within and is_float(number):
        value = Decimal(number)
        beyond = allowed(value, output.within) * Decimal("1.01")
        yield from (f"{value + beyond:f}", f"{value - beyond:f}")
        return
    yield number[1:] if number[0] in "+-" else f"-{number}"
    if number in OPPOSITE:
        yield OPPOSITE[number]
    before, digits, after = certain_digits(number)
    if swapped := re.sub(r"(\d)(\.?)(\d)(\.?)$", r"\3\2\1\4", digits):
        yield from [before + swapped + after] * (swapped != digits)
    for more in (10, -10):
        yield moved(before, digits, more) + after


def certain_digits(number: str) -> tuple[str, str, str]:
    """Split a number after its last digit that is compared: sign, digits, the rest."""
    mantissa, mark, exponent = re.split(r"([eE]|$)", number, maxsplit=1)
    sign = mantissa[:1] if mantissa[0] in "+-" else ""
    body = mantissa[len(sign) :]
    leading = len(body) - len(body.lstrip("0."))
    count, end = 0, len(body)
    for i in range(leading, len(body)):
        count += body[i] != "."
        if count == CERTAIN and "." in body[:i]:
            end = i + 1
            break
    return sign, body[:end], body[end:] + mark + exponent


def moved(sign: str, digits: str, units: int) -> str:
    """Add units of the last digit."""
    places = len(digits.partition(".")[2])
    value = Decimal(sign + digits) + units * Decimal(1).scaleb(-places)
    text = f"{value:.{places}f}"
    return text + "." * digits.endswith(".")


def passed(output: Output) -> Iterator[str]:
    """Yield the slips in an output that would not be caught."""
    for match in NUMBER.finditer(output.text):
        for slip in slips(match[0], output):
            text = output.text[: match.start()] + slip + output.text[match.end() :]
            if prints(output, text):
                yield f"line {output.line}: {slip} for {match[0]} in {output.text!r}"


@pytest.mark.parametrize("page", BOOK.pages, ids=lambda page: page.name)
def test_a_slip_in_a_number_is_caught(page: Page) -> None:
    assert [slip for output in outputs(page) for slip in passed(output)] == []


def test_the_book_shows_many_numbers_and_each_may_slip() -> None:
    shown = [
        (number, output)
        for page in BOOK.pages
        for output in outputs(page)
        for number in NUMBER.findall(output.text)
    ]
    assert len(shown) > 1500
    assert all(len(set(slips(*pair)) - {pair[0]}) > 1 for pair in shown)


@pytest.mark.parametrize(
    ("number", "wrong"),
    [
        ("0.26894142", {"-0.26894142", "0.26894124", "0.26894152", "0.26894132"}),
        ("-1.5", {"1.5", "-5.1", "-0.5", "-2.5"}),
        ("1.", {"-1.", "0.", "11.", "-9."}),
        ("12", {"-12", "21", "22", "2"}),
        ("3.30e-05", {"-3.30e-05", "3.03e-05", "3.40e-05", "3.20e-05"}),
        (
            "3.004166023946433",
            {
                "-3.004166023946433",
                "3.004160623946433",
                "3.004167023946433",
                "3.004165023946433",
            },
        ),
    ],
)
def test_these_are_the_slips(number: str, wrong: set[str]) -> None:
    (output,) = outputs(book_of(python("1", "1")).pages[0])
    assert set(slips(number, output)) == wrong


def test_a_slip_that_passes_is_named() -> None:
    (output,) = outputs(book_of(python("1", "0.0 0.5")).pages[0])
    assert list(passed(output)) == []
    loose = replace(output, varies=True)
    assert any("0.6 for 0.5" in slip or "1.5 for 0.5" in slip for slip in passed(loose))
