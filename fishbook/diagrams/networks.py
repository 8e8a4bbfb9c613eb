"""Networks: nodes in columns, and arrows from each column to the next."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TypeAlias

from fishbook.diagrams.labels import WORD, Label, number, text, width
from fishbook.diagrams.palette import PALETTE
from fishbook.diagrams.svg import LINE, MARGIN, TITLE, Picture, arrow

Pair: TypeAlias = tuple[str, str]

RADIUS, FRAME = 21.0, 8.0
"""Of a node, and between it and its frame, in pixels."""

STEP, ROW = 150.0, 64.0
"""From a column to the next, and from a row to the next."""

ONE = "\0"
"""Begins the name of a node that is always 1; no other name begins so."""


def network(
    *columns: Sequence[str],
    weights: Mapping[Pair, Label] | None = None,
    bias: Mapping[str, Label] | None = None,
    edges: Sequence[Pair] | None = None,
    layers: Sequence[str] = (),
    strong: Sequence[Pair] = (),
    frames: Sequence[Sequence[str]] = (),
    at: float = 0.48,
    spread: float = 1,
    tall: float = 1,
) -> Picture:
    """Draw nodes in columns; arrows lead from each column to the next.

    Parameters
    ----------
    *columns : sequence of str
        The nodes' names, column by column, top to bottom. A name is also its label.
    weights : mapping (from, to) -> str or float, optional
        What stands on an arrow.
    bias : mapping name -> str or float, optional
        The bias of a node: an arrow from a node that is always 1, with this label.
    edges : sequence of (from, to), optional
        The arrows. If not given, each node leads to all nodes of the next column.
    layers : sequence of str, optional
        Words under the columns, one for each.
    strong : sequence of (from, to), optional
        Arrows to bring out; the others, but for those of biases, stay faint.
    frames : sequence of sequences of str, optional
        Nodes to put in one frame.
    at : float, optional
        How far along their arrows labels stand, from 0 to 1: where no lines cross.
    spread : float, optional
        How much farther apart than usual the nodes are.
    tall : float, optional
        How much farther still from top to bottom, where many labels stand together.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If a name stands twice, or a label belongs to no arrow.

    Examples
    --------
    A perceptron with two inputs; its bias is the weight of an input that is always 1:

    >>> picture = network(
    ...     ["x_1", "x_2"],
    ...     ["y"],
    ...     weights={("x_1", "y"): "w_1", ("x_2", "y"): "w_2"},
    ...     bias={"y": "b"},
    ... )
    """
    arrows = _all_to_all(columns) if edges is None else list(edges)
    _require_sound(columns, arrows, [*(weights or {}), *strong], bias or {})
    full, biases = _with_ones(columns, bias or {})
    labels = {**(weights or {}), **biases}
    rooms = [width(words, WORD) / 2 for words in layers] or [0.0]
    margin = MARGIN + (FRAME if frames else 0)
    left, right = (max(RADIUS, room) + margin for room in (rooms[0], rooms[-1]))
    step = max(STEP * spread, 2 * max(rooms) + 12)
    where = _places(full, complex(left, RADIUS + margin), step, ROW * spread * tall)
    lowest = max(place.imag for place in where.values()) + RADIUS + margin
    body = "".join(_frame([where[name] for name in frame]) for frame in frames)
    for pair in sorted([*arrows, *biases], key=strong.__contains__):
        line = 1.6 * LINE if pair in strong else LINE
        ends = _rim_to_rim(*(where[name] for name in pair))
        colour = _colour(pair, strong)
        body += arrow(*ends, colour, labels.get(pair, ""), at, line)
    for column, names in enumerate(full):
        body += "".join(_node(name, where[name], column == 0) for name in names)
    for column, words in enumerate(layers):
        body += text(words, complex(left + step * column, lowest + 14), WORD, "muted")
    wide = left + step * (len(full) - 1) + right
    return Picture(wide, lowest + (TITLE if layers else 0), body)


def _all_to_all(columns: Sequence[Sequence[str]]) -> list[Pair]:
    """Return arrows from each node to all nodes of the next column."""
    return [
        (start, end)
        for left, right in pairwise(columns)
        for start in left
        for end in right
    ]


def _require_sound(
    columns: Sequence[Sequence[str]],
    arrows: Sequence[Pair],
    marked: Iterable[Pair],
    bias: Iterable[str],
) -> None:
    """Raise ValueError for what would be left out, or drawn over something else."""
    names = [name for column in columns for name in column]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"got the node {name!r} twice, but want each once")
    for pair in marked:
        if pair not in arrows:
            raise ValueError(f"got the arrow {pair!r}, but want one of {arrows}")
    later = names[len(columns[0]) :]
    for name in bias:
        if name not in later:
            raise ValueError(f"got a bias for {name!r}, but want one of {later}")


def _with_ones(
    columns: Sequence[Sequence[str]], bias: Mapping[str, Label]
) -> tuple[list[list[str]], dict[Pair, Label]]:
    """Return the columns with nodes that are always 1, and the labels of biases."""
    full: list[list[str]] = [[] for _ in columns]
    labels: dict[Pair, Label] = {}
    for at, column in enumerate(columns):
        biased = [name for name in column if name in bias]
        labels |= {(f"{ONE}{at}", name): bias[name] for name in biased}
        full[at - 1] += [f"{ONE}{at}"] if biased else []
    return [ones + list(c) for ones, c in zip(full, columns, strict=True)], labels


def _places(
    columns: Sequence[Sequence[str]], corner: complex, step: float, row: float
) -> dict[str, complex]:
    """Return each node's centre, the columns' middles level."""
    tallest = max(map(len, columns))
    return {
        name: corner + complex(step * x, row * (y + (tallest - len(column)) / 2))
        for x, column in enumerate(columns)
        for y, name in enumerate(column)
    }


def _rim_to_rim(start: complex, end: complex) -> tuple[complex, complex]:
    """Return the part that shows of a line between two nodes' centres."""
    rim = (RADIUS + LINE) * (end - start) / abs(end - start)
    return start + rim, end - rim


def _colour(pair: Pair, strong: Sequence[Pair]) -> str:
    """Return the name of an arrow's colour."""
    if pair[0].startswith(ONE):
        return "orange"
    if not strong:
        return "muted"
    return "blue" if pair in strong else "faint"


def _node(name: str, centre: complex, is_input: bool) -> str:
    """Return a node as SVG."""
    line, fill = ("muted", "shade-grey") if is_input else ("blue", "shade-blue")
    if name.startswith(ONE):
        name, line, fill = "1", "orange", "shade-orange"
    circle = (
        f'<circle cx="{number(centre.real)}" cy="{number(centre.imag)}"'
        f' r="{number(RADIUS)}" fill="{PALETTE[fill]}" stroke="{PALETTE[line]}"'
        f' stroke-width="{LINE}"/>\n'
    )
    return circle + text(name, centre)


def _frame(centres: Sequence[complex]) -> str:
    """Return a rounded frame around nodes as SVG."""
    xs, ys = [c.real for c in centres], [c.imag for c in centres]
    room = RADIUS + FRAME
    wide, tall = max(xs) - min(xs) + 2 * room, max(ys) - min(ys) + 2 * room
    return (
        f'<rect x="{number(min(xs) - room)}" y="{number(min(ys) - room)}"'
        f' width="{number(wide)}" height="{number(tall)}" rx="{number(room)}"'
        f' fill="none" stroke="{PALETTE["faint"]}" stroke-width="{LINE}"'
        f' stroke-dasharray="5 4"/>\n'
    )
