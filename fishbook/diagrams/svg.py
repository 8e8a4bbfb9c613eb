"""What all drawings are made of: pictures, side by side, and arrows.

A point is a complex number, x + yi: its length is `abs`, and a product turns it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path

from fishbook.diagrams.labels import LETTER, WORD, Label, number, text, width
from fishbook.diagrams.palette import PALETTE

LINE = 1.6
"""How thick a line is, in pixels."""

MARGIN = 4.0
"""Pixels around a picture."""

TITLE = 26.0
"""The height of the words under a picture."""


@dataclass(frozen=True)
class Picture:
    """A drawing: its size and the SVG elements in it.

    Parameters
    ----------
    width, height : float
        Size in pixels.
    body : str
        SVG elements with coordinates from (0, 0) to (width, height).

    Examples
    --------
    >>> Picture(40, 20, '<path d="M0 10H40" stroke="#1f2533"/>').width
    40
    """

    width: float
    height: float
    body: str = field(repr=False)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the drawing to a file, as SVG."""
        Path(path).write_text(self._repr_svg_(), encoding="utf-8", newline="\n")

    def _repr_svg_(self) -> str:
        wide, tall = number(self.width), number(self.height)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img"'
            f' width="{wide}" height="{tall}" viewBox="0 0 {wide} {tall}">\n'
            f"{self.body}</svg>\n"
        )


def beside(*pictures: Picture, titles: Sequence[str] = (), gap: float = 28) -> Picture:
    """Draw pictures side by side, each with a title under it.

    Parameters
    ----------
    *pictures : Picture
        From left to right; their middles are level.
    titles : sequence of str, optional
        Words under the pictures, one for each.
    gap : float, optional
        Pixels between two pictures.

    Returns
    -------
    Picture

    Examples
    --------
    >>> beside(Picture(40, 20, ""), Picture(30, 50, ""), gap=10).width
    80.0
    """
    tall = max(picture.height for picture in pictures)
    left, body = 0.0, ""
    for picture, title in zip(pictures, titles or [""] * len(pictures), strict=True):
        wide = max(picture.width, width(title, WORD) + 2 * MARGIN)
        corner = left + (wide - picture.width) / 2, (tall - picture.height) / 2
        place = " ".join(map(number, corner))
        body += f'<g transform="translate({place})">\n{picture.body}</g>\n'
        if title:
            body += text(title, complex(left + wide / 2, tall + 14), WORD, "muted")
        left += wide + gap
    return Picture(left - gap, tall + (TITLE if titles else 0), body)


def arrow(
    start: complex,
    end: complex,
    colour: str,
    label: Label = "",
    at: float = 0.5,
    line: float = LINE,
) -> str:
    """Return an arrow as SVG; a label, `at` of the way along it, stands in a gap."""
    middle = start + at * (end - start)
    gap = _gap(end - start, label) if label != "" else 0
    path = (
        f"M{_point(start)}L{_point(middle - gap)}M{_point(middle + gap)}L{_point(end)}"
        if gap
        else f"M{_point(start)}L{_point(end)}"
    )
    way = (end - start) / abs(end - start)
    corners = [end, end - way * (9 - 3.6j), end - way * (9 + 3.6j)]
    tip = " ".join(_point(corner).replace(" ", ",") for corner in corners)
    parts = [
        f'<path d="{path}" fill="none" stroke="{PALETTE[colour]}"'
        f' stroke-width="{number(line)}"/>\n',
        f'<polygon points="{tip}" fill="{PALETTE[colour]}"/>\n',
    ]
    if gap:
        ink = "orange" if colour == "orange" else "ink"
        parts.append(text(label, middle, LETTER - 1, ink))
    return "".join(parts)


def _gap(way: complex, label: Label) -> complex:
    """Return half of the way that a label covers of an arrow."""
    wide, tall = width(label, LETTER - 1) / 2 + 4, (LETTER - 1) / 2 + 2
    shares = (wide / abs(way.real or 1e-9), tall / abs(way.imag or 1e-9), 0.5)
    return way * min(shares)


def _point(at: complex) -> str:
    return f"{number(at.real)} {number(at.imag)}"
