"""Matrices as tables of cells, and the signs between them."""

from collections.abc import Mapping, Sequence

from fishbook.diagrams.labels import LETTER, WORD, Label, number, text, width
from fishbook.diagrams.palette import PALETTE
from fishbook.diagrams.svg import MARGIN, Picture, arrow

WIDE, TALL = 36.0, 30.0
"""The size of a cell; a long label makes it wider."""


def matrix(
    rows: Sequence[Sequence[Label]],
    *,
    shades: Mapping[tuple[int, int], str] | None = None,
    down: Label = "",
    across: Label = "",
    colours: tuple[str, str] = ("muted", "muted"),
) -> Picture:
    """Draw a table of numbers, with arrows along its sides.

    Parameters
    ----------
    rows : sequence of sequences
        What stands in the cells, row by row; an empty text leaves a cell empty.
    shades : mapping (row, column) -> str, optional
        Cells to bring out: the name of a shade in `PALETTE`.
    down, across : str or float, optional
        What stands at the arrow along the left side, and along the top.
    colours : (str, str), optional
        Names of the colours of these two, `down` and `across`.

    Returns
    -------
    Picture
        The cells lie in the middle of its height, wherever an arrow is.

    Examples
    --------
    >>> picture = matrix([[1, 2], [3, 4]], shades={(0, 1): "shade-blue"})
    """
    wide = max([WIDE, *(width(value) + 10 for row in rows for value in row)])
    left = MARGIN + (width(down, WORD) + 24 if down else 0)
    top = MARGIN + (WORD + 20 if across else 0)
    right, bottom = left + wide * len(rows[0]), top + TALL * len(rows)
    body = ""
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            shade = PALETTE[shades[i, j]] if shades and (i, j) in shades else "none"
            body += _cell(value, complex(left + wide * j, top + TALL * i), wide, shade)
    if down:
        x, middle = left - 10, complex(left - 18, (top + bottom) / 2)
        body += arrow(complex(x, top), complex(x, bottom), colours[0])
        body += text(down, middle, WORD, colours[0], anchor="end")
    if across:
        y, middle = top - 10, complex((left + right) / 2, top - 24)
        body += arrow(complex(left, y), complex(right, y), colours[1])
        body += text(across, middle, WORD, colours[1])
    return Picture(right + MARGIN, bottom + top, body)


def sign(label: Label) -> Picture:
    """Draw what stands between two pictures side by side, such as ``=``.

    Parameters
    ----------
    label : str or float

    Returns
    -------
    Picture

    Examples
    --------
    >>> sign("=").height == matrix([["y"]]).height - 8
    True
    """
    wide = width(label) + 2 * MARGIN
    return Picture(wide, TALL, text(label, complex(wide, TALL) / 2))


def _cell(value: Label, corner: complex, wide: float, fill: str) -> str:
    """Return a cell as SVG, its corner top left."""
    box = (
        f'<rect x="{number(corner.real)}" y="{number(corner.imag)}"'
        f' width="{number(wide)}" height="{number(TALL)}" fill="{fill}"'
        f' stroke="{PALETTE["faint"]}" stroke-width="1"/>\n'
    )
    if value == "":
        return box
    return box + text(value, corner + complex(wide, TALL) / 2, LETTER - 1)
