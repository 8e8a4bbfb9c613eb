"""The colours of the book, on light pages and on dark ones, and its plot style."""

import re
from typing import Any

PALETTE = {
    # for words and for shapes: 4.5:1 and better on white, and on every shade below
    "ink": "#1f2533",
    "muted": "#565e6e",
    "blue": "#1a5fb4",
    "orange": "#a64b00",
    "green": "#1c6e3d",
    "red": "#b3261e",
    "purple": "#7439a8",
    # for shapes alone: 3:1 and better
    "faint": "#868d9c",
    # for areas behind the others
    "shade-grey": "#eceef3",
    "shade-blue": "#dfeafb",
    "shade-orange": "#fde9d6",
    "shade-green": "#ddf2e4",
    "shade-red": "#fce3e0",
}
"""Name -> colour on a light page. A figure uses these colours and no others."""

DARK = {
    "ink": "#e4e7ee",
    "muted": "#aab1c0",
    "blue": "#84b5f5",
    "orange": "#f0a868",
    "green": "#79cf9b",
    "red": "#f79c94",
    "purple": "#caa6f0",
    "faint": "#7a8294",
    "shade-grey": "#2f3440",
    "shade-blue": "#20344f",
    "shade-orange": "#402d1f",
    "shade-green": "#1f4030",
    "shade-red": "#4b2a2b",
}
"""The same names on a dark page (Material's slate, #1e2129)."""

STYLE: dict[str, Any] = {
    "figure.figsize": (5.6, 3.4),
    "figure.facecolor": "none",
    "figure.edgecolor": "none",
    "figure.constrained_layout.use": True,
    "savefig.facecolor": "none",
    "savefig.edgecolor": "none",
    "savefig.pad_inches": 0.05,
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 11,
    "mathtext.fontset": "stix",
    "text.color": PALETTE["ink"],
    "axes.facecolor": "none",
    "axes.edgecolor": PALETTE["muted"],
    "axes.labelcolor": PALETTE["ink"],
    "axes.titlecolor": PALETTE["ink"],
    "axes.titlesize": 11,
    "axes.labelsize": 11,
    "axes.linewidth": 0.9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.prop_cycle": "cycler('color', {})".format(
        [PALETTE[name] for name in ("blue", "orange", "green", "red", "purple")]
    ),
    "grid.color": PALETTE["shade-grey"],
    "grid.linewidth": 0.9,
    "xtick.color": PALETTE["muted"],
    "ytick.color": PALETTE["muted"],
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "lines.linewidth": 2.0,
    "lines.markersize": 7,
    "patch.edgecolor": PALETTE["ink"],
    "hatch.color": PALETTE["faint"],
    "legend.frameon": False,
    "legend.fontsize": 10,
    "image.cmap": "Greys",
}
"""Matplotlib settings of every plot in the book (`plt.rcParams.update(STYLE)`)."""


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours: 1 if alike, 21 for black on white.

    Parameters
    ----------
    one, other : str
        Colours as ``#rrggbb``.

    Returns
    -------
    float
        The ratio that WCAG 2 defines; text should have 4.5 and better.

    Raises
    ------
    ValueError
        If a colour is not written ``#rrggbb``.

    Examples
    --------
    >>> round(contrast("#000000", "#ffffff"))
    21
    """
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    """Return how bright a colour is, from 0 to 1."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
        raise ValueError(f"got the colour {colour!r}, but want one such as '#1f2533'")
    shares = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (
        s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
