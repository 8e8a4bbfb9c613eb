"""The book's drawings: one palette, one plot style, a few helpers that write SVG.

A helper returns a `Picture`; a notebook shows it as it is, the book records it.
The pages use this package, and what shows their pictures; what a single page needs
stands on that page.
"""

from fishbook.diagrams.graphs import graph
from fishbook.diagrams.matrices import matrix, sign
from fishbook.diagrams.networks import network
from fishbook.diagrams.palette import DARK, PALETTE, STYLE, contrast
from fishbook.diagrams.svg import Picture, beside

__all__ = [
    "DARK",
    "PALETTE",
    "STYLE",
    "Picture",
    "beside",
    "contrast",
    "graph",
    "matrix",
    "network",
    "sign",
]
