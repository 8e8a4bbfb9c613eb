"""Labels as in a formula, and words in two languages.

``w_{12}^{(1)}`` becomes an italic *w* with a subscript and a superscript; a word of
two letters or more stays upright. Words are written ``中文 | English``: a page shows
one of the two, and there is room for both.
"""

import re
from typing import TypeAlias
from xml.sax.saxutils import escape

from fishbook.diagrams.palette import PALETTE

Label: TypeAlias = str | float

LETTER, WORD = 18.0, 14.0
"""Sizes in pixels, of formulas and of words."""

SMALL = 0.72
"""A subscript's share of its letter's size."""

PIECE = re.compile(r"([_^]?)(?:\{(.+?)\}|([^\W\d_]+|.))")


def text(
    label: Label,
    at: complex,
    size: float = LETTER,
    colour: str = "ink",
    anchor: str = "middle",
) -> str:
    """Return a label as SVG, the middle of its height at a point."""
    spans, before = "", 0
    for level, piece in _pieces(label):
        spans += _span(piece, level, (before - level) * size * 0.22, size)
        before = level
    family = "sans-serif" if _is_words(label) else "serif"
    return (
        f'<text x="{number(at.real)}" y="{number(at.imag + size * 0.34)}"'
        f' font-family="{family}" font-size="{number(size)}"'
        f' text-anchor="{anchor}" fill="{PALETTE[colour]}">{spans}</text>\n'
    )


def width(label: Label, size: float = LETTER) -> float:
    """Return a label's width, rather too large: readers' fonts differ."""
    return sum(
        size * (SMALL if level else 1) * (1 if ord(character) > 0x2E7F else 0.58)
        for level, piece in _pieces(label)
        for character in piece.replace(" | ", " ")
    )


def number(value: float) -> str:
    """Return a coordinate with one decimal at most, alike on every machine."""
    return f"{round(value, 1) + 0:.1f}".removesuffix(".0")


def _is_words(label: Label) -> bool:
    return " | " in str(label)


def _pieces(label: Label) -> list[tuple[int, str]]:
    """Return a label's parts with their levels: -1 is a subscript, 1 a superscript."""
    if _is_words(label):
        return [(0, str(label))]
    signs = f"{label:g}" if isinstance(label, float) else str(label)
    parts = PIECE.findall(signs.replace("-", "\N{MINUS SIGN}"))
    return [("_ ^".find(mark or " ") - 1, group or one) for mark, group, one in parts]


def _span(piece: str, level: int, shift: float, size: float) -> str:
    marks = f' dy="{number(shift)}"' if shift else ""
    if level:
        marks += f' font-size="{number(size * SMALL)}"'
    if len(piece) == 1 and piece.isalpha():
        marks += ' font-style="italic"'
    return f"<tspan{marks}>{escape(piece)}</tspan>" if marks else escape(piece)
