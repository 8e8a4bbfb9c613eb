"""The book's drawings: one palette, one plot style, a few helpers that write SVG.

A helper gives a `Picture`; a notebook shows it as it is, the book records it.
Labels are written as in a formula: ``w_1`` becomes an italic *w* with a subscript,
a word of two letters or more stays upright. Words in two languages are written
``中文 | English``; room is kept for both of them side by side.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, combinations, pairwise, product
from typing import Any, TypeAlias
from xml.sax.saxutils import escape

__all__ = [
    "DARK",
    "PALETTE",
    "STYLE",
    "Picture",
    "beside",
    "circuit",
    "contrast",
    "matrix",
    "network",
    "sign",
    "table",
]

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

Point: TypeAlias = tuple[float, float]
Line: TypeAlias = tuple[Point, Point]
Pair: TypeAlias = tuple[str, str]
Box: TypeAlias = tuple[float, float, float, float]
Label: TypeAlias = str | float

# sizes in pixels; SMALL is a subscript's share of its letter
LETTER, WORD, SMALL = 18.0, 14.0, 0.72
RADIUS, LINE, MARGIN, FRAME = 21.0, 1.6, 4.0, 8.0


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
    body: str

    def _repr_svg_(self) -> str:
        width, height = _number(self.width), _number(self.height)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img"'
            f' width="{width}" height="{height}" viewBox="0 0 {width} {height}">\n'
            f"{self.body}</svg>\n"
        )


def contrast(one: str, other: str) -> float:
    """Give the contrast of two colours, from 1 (alike) to 21 (black on white).

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
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
        raise ValueError(f"got the colour {colour!r}, but want one such as '#1f2533'")
    shares = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (
        s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


# ---- networks: nodes in columns -------------------------------------------------


def network(
    *columns: Sequence[str],
    weights: Mapping[Pair, Label] | None = None,
    bias: Mapping[str, Label] | None = None,
    edges: Sequence[Pair] | None = None,
    layers: Sequence[str] = (),
    strong: Sequence[Pair] = (),
    frames: Sequence[Sequence[str]] = (),
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

    Returns
    -------
    Picture
        The columns move apart until no label touches a line or a node.

    Raises
    ------
    ValueError
        If a name stands twice, or is used but stands in no column.

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
    place = _columns_of(columns)
    arrows = list(_all_to_all(columns) if edges is None else edges)
    labels = dict(weights or {})
    _require_neighbours(arrows, place)
    for pair in [*labels, *strong]:
        if pair not in arrows:
            raise ValueError(f"got the arrow {pair!r}, but want one of {arrows}")
    for name in (name for frame in frames for name in frame):
        if name not in place:
            raise ValueError(
                f"got {name!r} in a frame, but want one of {', '.join(place)}"
            )
    if layers and len(layers) != len(columns):
        raise ValueError(
            f"got {len(layers)} layer names, but want one a column: {len(columns)}"
        )
    full = [list(column) for column in columns]
    for target, label in (bias or {}).items():
        if not place.get(target):
            raise ValueError(
                f"got a bias for {target!r}, but want a node of the second column"
                " or a later one"
            )
        before = place[target] - 1
        one = f"{_ONE}{before}"
        if one not in full[before]:
            full[before].insert(0, one)
        arrows.append((one, target))
        labels[one, target] = label
    return _draw_network(full, arrows, labels, layers, strong, frames)


_ONE = "\0"
"""Begins the name of a constant-1 node; no label begins so."""


def _columns_of(columns: Sequence[Sequence[str]]) -> dict[str, int]:
    place: dict[str, int] = {}
    for at, column in enumerate(columns):
        if isinstance(column, str) or not column:
            raise ValueError(
                f"got {column!r} for a column, but want a list of names such as"
                " ['x_1', 'x_2']"
            )
        for name in column:
            if name in place:
                raise ValueError(f"got the node {name!r} twice, but want each once")
            place[name] = at
    if not place:
        raise ValueError("got no columns, but want at least one list of names")
    return place


def _all_to_all(columns: Sequence[Sequence[str]]) -> Iterator[Pair]:
    for left, right in pairwise(columns):
        yield from ((a, b) for a in left for b in right)


def _require_neighbours(pairs: Iterable[Pair], place: Mapping[str, int]) -> None:
    for pair in pairs:
        for name in pair:
            if name not in place:
                raise ValueError(
                    f"got the node {name!r}, but want one of {', '.join(place)}"
                )
        if place[pair[1]] - place[pair[0]] != 1:
            raise ValueError(
                f"got the arrow {pair!r}, but want one that leads to the next column"
            )


def _draw_network(
    columns: Sequence[Sequence[str]],
    arrows: Sequence[Pair],
    labels: Mapping[Pair, Label],
    layers: Sequence[str],
    strong: Sequence[Pair],
    frames: Sequence[Sequence[str]],
) -> Picture:
    rooms = [_words_width(words, WORD) for words in layers] or [0.0]
    left = max(RADIUS, rooms[0] / 2) + MARGIN
    where, shares = _arrange(columns, arrows, labels, left, max(rooms) + 12)
    lowest = max(y for _, y in where.values()) + RADIUS + MARGIN
    last = max(x for x, _ in where.values())
    width = last + max(RADIUS, rooms[-1] / 2) + MARGIN
    parts = [_frame([where[name] for name in frame]) for frame in frames]
    parts += [
        _arrow(
            *_rim_to_rim(where[a], where[b]),
            colour=_arrow_colour((a, b), strong),
            label=labels.get((a, b)),
            at=shares.get((a, b), 0.5),
            line=1.6 * LINE if (a, b) in strong else LINE,
        )
        for a, b in sorted(arrows, key=strong.__contains__)
    ]
    for at, column in enumerate(columns):
        parts += [_node(name, where[name], is_input=at == 0) for name in column]
    for words, column in zip(layers, columns, strict=False):
        parts.append(_text(words, (where[column[0]][0], lowest + 14), WORD, "muted"))
    picture = Picture(width, lowest + (26 if layers else 0), "".join(parts))
    return _padded(picture, FRAME) if frames else picture


def _arrow_colour(pair: Pair, strong: Sequence[Pair]) -> str:
    if pair[0].startswith(_ONE):
        return "orange"
    if not strong:
        return "muted"
    return "blue" if pair in strong else "faint"


def _frame(centres: Sequence[Point]) -> str:
    """Draw a rounded frame around nodes."""
    xs, ys = zip(*centres, strict=True)
    room = RADIUS + FRAME
    left, top = min(xs) - room, min(ys) - room
    width, height = max(xs) - left + room, max(ys) - top + room
    return (
        f'<rect x="{_number(left)}" y="{_number(top)}" width="{_number(width)}"'
        f' height="{_number(height)}" rx="{_number(room)}" fill="none"'
        f' stroke="{PALETTE["faint"]}" stroke-width="{LINE}"'
        f' stroke-dasharray="5 4"/>\n'
    )


def _padded(picture: Picture, room: float) -> Picture:
    """Leave room around a picture."""
    body = (
        f'<g transform="translate({_number(room)} {_number(room)})">\n'
        f"{picture.body}</g>\n"
    )
    return Picture(picture.width + 2 * room, picture.height + 2 * room, body)


def _node(name: str, centre: Point, is_input: bool) -> str:
    if name.startswith(_ONE):
        name, line, fill = "1", "orange", "shade-orange"
    else:
        line, fill = ("muted", "shade-grey") if is_input else ("blue", "shade-blue")
    x, y = centre
    circle = (
        f'<circle cx="{_number(x)}" cy="{_number(y)}" r="{_number(RADIUS)}"'
        f' fill="{PALETTE[fill]}" stroke="{PALETTE[line]}" stroke-width="{LINE}"/>\n'
    )
    return circle + _text(name, centre, LETTER)


def _arrange(
    columns: Sequence[Sequence[str]],
    arrows: Sequence[Pair],
    labels: Mapping[Pair, Label],
    left: float,
    room: float,
) -> tuple[dict[str, Point], dict[Pair, float]]:
    """Place nodes and labels; move the nodes apart until every label is free."""
    gaps = [[pair for pair in arrows if pair[1] in to] for to in columns[1:]]
    for lay, row in product((_in_line, _one_by_one), range(64, 144, 8)):
        heights = _centred(columns, row, MARGIN + RADIUS)
        found = [_fit(pairs, labels, heights, room, lay) for pairs in gaps]
        fits = [fit for fit in found if fit]
        if len(fits) == len(gaps):
            break
    else:
        raise ValueError(
            f"got {len(labels)} labels, too many or too long for the room between"
            " these columns; want fewer or shorter ones"
        )
    places = list(accumulate((step for step, _ in fits), initial=left))
    where = {
        name: (x, heights[name])
        for x, column in zip(places, columns, strict=True)
        for name in column
    }
    return where, {pair: at for _, shares in fits for pair, at in shares.items()}


def _centred(
    columns: Sequence[Sequence[str]], row: float, top: float
) -> dict[str, float]:
    """Give each name its height, the columns' middles level."""
    tallest = max(map(len, columns))
    return {
        name: top + row * (i + (tallest - len(column)) / 2)
        for column in columns
        for i, name in enumerate(column)
    }


def _fit(
    pairs: Sequence[Pair],
    labels: Mapping[Pair, Label],
    heights: Mapping[str, float],
    room: float,
    lay: Callable[[Mapping[Pair, Line], Mapping[Pair, Label]], dict[Pair, float]],
) -> tuple[float, dict[Pair, float]] | None:
    """Find how wide a gap between columns is, and how far along labels lie in it."""
    here = {pair: labels[pair] for pair in pairs if pair in labels}
    for step in range(150, 250, 25):
        wide = max(step, room)
        lines = {
            (a, b): _rim_to_rim((0, heights[a]), (wide, heights[b])) for a, b in pairs
        }
        shares = lay(lines, here)
        if len(shares) == len(here):
            return wide, shares
    return None


def _in_line(
    lines: Mapping[Pair, Line], labels: Mapping[Pair, Label]
) -> dict[Pair, float]:
    """Put all labels equally far along their lines, if that leaves them free."""
    for share in (0.48, 0.4, 0.34, 0.28, 0.24, 0.66, 0.72, 0.76):
        boxes = {p: _box(labels[p], _along(*lines[p], share)) for p in labels}
        apart = not any(_meet(a, b) for a, b in combinations(boxes.values(), 2))
        if apart and all(_free(box, pair, lines) for pair, box in boxes.items()):
            return dict.fromkeys(labels, share)
    return {}


def _one_by_one(
    lines: Mapping[Pair, Line], labels: Mapping[Pair, Label]
) -> dict[Pair, float]:
    """Put each label where it is free, those with the least choice first."""
    choices: dict[Pair, dict[float, Box]] = {}
    for pair, label in labels.items():
        shares = (0.48 + side * i / 25 for i in range(9) for side in (-1, 1))
        boxes = {share: _box(label, _along(*lines[pair], share)) for share in shares}
        choices[pair] = {s: box for s, box in boxes.items() if _free(box, pair, lines)}
    found: dict[Pair, float] = {}
    taken: list[Box] = []
    for pair in sorted(choices, key=lambda pair: len(choices[pair])):
        for share, box in choices[pair].items():
            if not any(_meet(box, other) for other in taken):
                found[pair] = share
                taken.append(box)
                break
    return found


def _free(box: Box, own: Pair, lines: Mapping[Pair, Line]) -> bool:
    """Whether a label's box touches neither another line nor the nodes."""
    start, end = lines[own]
    if box[0] < start[0] + 6 or box[2] > end[0] - 14:
        return False
    return not any(_crosses(line, box) for pair, line in lines.items() if pair != own)


# ---- circuits: logic gates and their wires --------------------------------------

GATE_WIDTH, GATE_HEIGHT, BUBBLE = 64.0, 48.0, 5.0
PIN, TRACK, ROW = 12.0, 16.0, 88.0

_GATES = {
    "AND": ("and", False),
    "NAND": ("and", True),
    "OR": ("or", False),
    "NOR": ("or", True),
    "XOR": ("xor", False),
    "XNOR": ("xor", True),
    "NOT": ("not", True),
}


def circuit(gates: Mapping[str, Sequence[str]]) -> Picture:
    """Draw logic gates and the wires between them.

    Parameters
    ----------
    gates : mapping name -> (kind, input, ...)
        What each wire carries: the output of a gate of that kind (AND, NAND, OR,
        NOR, XOR, XNOR with two inputs, NOT with one). Names that no gate puts out
        are the circuit's inputs.

    Returns
    -------
    Picture
        A dot marks a wire that branches; without a dot, wires only cross.

    Raises
    ------
    ValueError
        If a kind is unknown, the number of inputs is wrong, or wires form a loop.

    Examples
    --------
    >>> picture = circuit({"y": ("AND", "x_1", "x_2")})
    """
    depth = _depths(gates)
    inputs = [name for name in depth if name not in gates]
    columns = [
        [name for name in gates if depth[name] == d]
        for d in range(1, max(depth.values()) + 1)
    ]
    return _draw_circuit(gates, inputs, columns)


def _depths(gates: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Give how many gates lie between a wire and the inputs, at most."""
    depth: dict[str, int] = {}
    for name, (kind, *sources) in gates.items():
        if kind not in _GATES:
            raise ValueError(
                f"got a gate {kind!r} for {name!r}, but want one of {', '.join(_GATES)}"
            )
        wanted = 1 if kind == "NOT" else 2
        if len(sources) != wanted:
            raise ValueError(
                f"got {len(sources)} inputs for {name!r}, but {kind} wants {wanted}"
            )
        depth |= {source: 0 for source in sources if source not in gates}
    if not gates:
        raise ValueError(
            "got no gates, but want at least one, such as {'y': ('AND', 'x_1', 'x_2')}"
        )
    waiting = list(gates)
    while waiting:
        ready = [n for n in waiting if all(s in depth for s in gates[n][1:])]
        if not ready:
            raise ValueError(
                f"got a loop through {', '.join(waiting)}, but want wires that lead"
                " from inputs to outputs"
            )
        depth |= {n: 1 + max(depth[s] for s in gates[n][1:]) for n in ready}
        waiting = [n for n in waiting if n not in depth]
    return depth


@dataclass(frozen=True)
class _Gate:
    """A gate and where it stands: its left edge and its centre's height."""

    name: str
    kind: str
    sources: Sequence[str]
    x: float
    y: float

    @property
    def pins(self) -> dict[Point, str]:
        """Where wires come in, and which."""
        x = self.x + _inset(self.kind)
        if len(self.sources) == 1:
            return {(x, self.y): self.sources[0]}
        one, two = self.sources
        return {(x, self.y - PIN): one, (x, self.y + PIN): two}

    @property
    def tip(self) -> Point:
        """Where the output leaves."""
        bubble = 2 * BUBBLE if _GATES[self.kind][1] else 0
        return self.x + GATE_WIDTH + bubble, self.y


def _draw_circuit(
    gates: Mapping[str, Sequence[str]],
    inputs: Sequence[str],
    columns: Sequence[Sequence[str]],
) -> Picture:
    left = MARGIN + max(_label_width(name, LETTER) for name in inputs) + 6
    heights = _centred(columns, ROW, MARGIN + GATE_HEIGHT / 2)
    heights |= _input_heights(gates, inputs, heights)
    placed, turns = _place(gates, columns, heights, left)
    sources = {name: (left, heights[name]) for name in inputs}
    sources |= {gate.name: gate.tip for gate in placed}
    right = max(gate.x for gate in placed) + GATE_WIDTH + 2 * BUBBLE + 18
    nets: dict[str, list[Line]] = {name: [] for name in sources}
    for gate in placed:
        for pin, source in gate.pins.items():
            nets[source] += _wire(sources[source], turns[source, gate.name], pin)
    outputs = [gate for gate in placed if not nets[gate.name]]
    for gate in outputs:
        nets[gate.name].append((gate.tip, (right, gate.y)))
    _require_clear(nets, placed)
    parts = [_wires(lines) for lines in nets.values()]
    parts += [_symbol(gate.kind, gate.x, gate.y) for gate in placed]
    for name, (x, y) in sources.items():
        if name in inputs:
            parts.append(_text(name, (x - 6, y), LETTER, anchor="end"))
        elif any(name == gate.name for gate in outputs):
            parts.append(_text(name, (right + 6, y), LETTER, anchor="start"))
        else:
            parts.append(_text(name, (x + 15, y - 14), LETTER))
    wide = max(_label_width(gate.name, LETTER) for gate in outputs)
    tall = max(gate.y for gate in placed) + GATE_HEIGHT / 2 + MARGIN
    return Picture(right + 6 + wide + MARGIN, tall, "".join(parts))


def _input_heights(
    gates: Mapping[str, Sequence[str]],
    inputs: Sequence[str],
    heights: Mapping[str, float],
) -> dict[str, float]:
    """Put each input level with a pin that it leads to, first on top, last below."""
    pins: dict[str, list[float]] = {name: [] for name in inputs}
    for name, (kind, *sources) in gates.items():
        for (_, y), source in _Gate(name, kind, sources, 0, heights[name]).pins.items():
            if source in pins:
                pins[source].append(y)
    found = {name: sorted(ys)[len(ys) // 2] for name, ys in pins.items()}
    first, last = inputs[0], inputs[-1]
    return found | {last: max(pins[last])} | {first: min(pins[first])}


def _place(
    gates: Mapping[str, Sequence[str]],
    columns: Sequence[Sequence[str]],
    heights: Mapping[str, float],
    left: float,
) -> tuple[list[_Gate], dict[tuple[str, str], float]]:
    """Place the gates, and the upright part of each wire before them."""
    placed: list[_Gate] = []
    turns: dict[tuple[str, str], float] = {}
    for at, column in enumerate(columns):
        first = left + (30 if at else 18)
        flat = [_Gate(n, gates[n][0], gates[n][1:], 0, heights[n]) for n in column]
        tracks = _tracks(flat, heights)
        x = first + TRACK * max(tracks.values(), default=-1) + 18
        for gate in flat:
            placed.append(replace(gate, x=x))
            for source in gate.sources:
                turns[source, gate.name] = first + TRACK * tracks.get(source, 0)
        left = x + GATE_WIDTH + 2 * BUBBLE
    return placed, turns


def _tracks(column: Sequence[_Gate], heights: Mapping[str, float]) -> dict[str, int]:
    """Give the upright wires before a column numbers so that none overlap."""
    spans: dict[str, tuple[float, float]] = {}
    for gate in column:
        for (_, y), source in gate.pins.items():
            if heights[source] != y:
                low, high = spans.get(source, (heights[source],) * 2)
                spans[source] = min(low, y), max(high, y)
    tracks: dict[str, int] = {}
    for name, (low, high) in spans.items():
        taken = {
            track
            for other, track in tracks.items()
            if spans[other][0] <= high + 6 and low <= spans[other][1] + 6
        }
        tracks[name] = next(i for i in range(len(spans)) if i not in taken)
    return tracks


def _wire(start: Point, turn: float, pin: Point) -> list[Line]:
    """Lead from a source to a pin, upright at `turn`."""
    if start[1] == pin[1]:
        return [(start, pin)]
    corner, level = (turn, start[1]), (turn, pin[1])
    return [(start, corner), (corner, level), (level, pin)]


def _require_clear(nets: Mapping[str, Sequence[Line]], gates: Sequence[_Gate]) -> None:
    """Refuse wires that run through a gate or along each other."""
    level = [
        (name, x1, x2, y1)
        for name, lines in nets.items()
        for (x1, y1), (x2, y2) in lines
        if y1 == y2
    ]
    through = [
        name
        for name, x1, x2, y in level
        for gate in gates
        if abs(y - gate.y) <= GATE_HEIGHT / 2 and x1 < gate.x < x2 - 2 * BUBBLE
    ]
    along = [
        one
        for (one, x1, x2, y), (other, x3, x4, z) in combinations(level, 2)
        if one != other and abs(y - z) < 6 and x1 < x4 and x3 < x2
    ]
    for name in through + along:
        raise ValueError(
            f"got a circuit in which the wire {name!r} would run through a gate or"
            " along another wire, but want a free way for each; name the gates or"
            " their inputs in another order, or draw two circuits"
        )


def _wires(lines: Sequence[Line]) -> str:
    """Draw all that hangs on one output, with a dot where it branches."""
    if not lines:
        return ""
    path = " ".join(
        f"M{_number(x1)} {_number(y1)}L{_number(x2)} {_number(y2)}"
        for (x1, y1), (x2, y2) in dict.fromkeys(lines)
    )
    wires = (
        f'<path d="{path}" fill="none" stroke="{PALETTE["muted"]}"'
        f' stroke-width="{LINE}" stroke-linecap="round"/>\n'
    )
    return wires + "".join(
        f'<circle cx="{_number(x)}" cy="{_number(y)}" r="3.5"'
        f' fill="{PALETTE["muted"]}"/>\n'
        for x, y in _branches(lines)
    )


def _branches(lines: Sequence[Line]) -> list[Point]:
    """Find where three or four ends of one wire come together."""
    points = dict.fromkeys(point for line in lines for point in line)
    return [p for p in points if len(_ways(p, lines)) > 2]


def _ways(point: Point, lines: Sequence[Line]) -> set[str]:
    """Give the directions in which a wire leaves a point."""
    x, y = point
    ways = set()
    for (x1, y1), (x2, y2) in lines:
        low_x, high_x, low_y, high_y = *sorted((x1, x2)), *sorted((y1, y2))
        if y1 == y2 == y and low_x <= x <= high_x:
            ways |= {"left"} if low_x < x else set()
            ways |= {"right"} if x < high_x else set()
        if x1 == x2 == x and low_y <= y <= high_y:
            ways |= {"up"} if low_y < y else set()
            ways |= {"down"} if y < high_y else set()
    return ways


def _inset(kind: str) -> float:
    """Give how far the back of a gate bends inwards where its inputs meet it."""
    return {"or": 6.0, "xor": 6.0}.get(_GATES[kind][0], 0.0)


def _symbol(kind: str, x: float, y: float) -> str:
    """Draw a gate's distinctive shape, its kind written in it."""
    shape, bubble = _GATES[kind]
    w, h = GATE_WIDTH, GATE_HEIGHT / 2
    outline, middle = {
        "and": (f"M0 {-h}H{w - h}A{h} {h} 0 0 1 {w - h} {h}H0Z", 0.47),
        "or": (f"M0 {-h}H20Q50 {-h} {w} 0Q50 {h} 20 {h}H0Q16 0 0 {-h}Z", 0.53),
        "xor": (f"M0 {-h}H20Q50 {-h} {w} 0Q50 {h} 20 {h}H0Q16 0 0 {-h}Z", 0.56),
        "not": (f"M0 {-h * 0.8}L{w} 0L0 {h * 0.8}Z", 0.36),
    }[shape]
    fill = PALETTE["shade-blue"]
    strokes = [(outline, fill)]
    if shape == "xor":
        strokes.append((f"M-7 {-h}Q9 0 -7 {h}", "none"))
    line = f'stroke="{PALETTE["blue"]}" stroke-width="{LINE}"'
    parts = [
        f'<path transform="translate({_number(x)} {_number(y)})" d="{_round(d)}"'
        f' fill="{inside}" {line}/>\n'
        for d, inside in strokes
    ]
    if bubble:
        parts.append(
            f'<circle cx="{_number(x + w + BUBBLE)}" cy="{_number(y)}"'
            f' r="{_number(BUBBLE)}" fill="{fill}" {line}/>\n'
        )
    parts.append(_text(kind, (x + w * middle, y), 12.5))
    return "".join(parts)


# ---- tables, and pictures side by side ------------------------------------------


def table(
    head: Sequence[str], rows: Sequence[Sequence[Label]], *, inputs: int = 2
) -> Picture:
    """Draw a truth table: inputs left of a line, outputs right, each 1 on a shade.

    Parameters
    ----------
    head : sequence of str
        A label for each column.
    rows : sequence of sequences
        The values, row by row.
    inputs : int, optional
        How many columns are inputs.

    Returns
    -------
    Picture

    Raises
    ------
    ValueError
        If a row is longer or shorter than the head.

    Examples
    --------
    >>> picture = table(["x", "y"], [(0, 1), (1, 0)], inputs=1)
    """
    for row in rows:
        if len(row) != len(head):
            raise ValueError(
                f"got a row of {len(row)} values, but want {len(head)}, as in the head"
            )
    widths = [max(40.0, _label_width(label, LETTER) + 18) for label in head]
    lefts = [MARGIN + sum(widths[:i]) for i in range(len(widths) + 1)]
    height, top = 28.0, 32.0
    bottom = top + height * len(rows) + MARGIN
    parts = []
    for i, row in enumerate((head, *rows)):
        y = top / 2 if i == 0 else top + height * (i - 0.5)
        for at, value in enumerate(row):
            centre = lefts[at] + widths[at] / 2, y
            if i and at >= inputs and str(value) == "1":
                parts.append(_shade(centre, widths[at] - 6, height - 4))
            parts.append(_text(value, centre, LETTER if i == 0 else LETTER - 1))
    rule = f"M{_number(MARGIN)} {_number(top)}H{_number(lefts[-1])}"
    bar = f"M{_number(lefts[inputs])} 4V{_number(bottom - MARGIN)}"
    parts.append(
        f'<path d="{rule}{bar}" fill="none" stroke="{PALETTE["faint"]}"'
        f' stroke-width="1.2"/>\n'
    )
    return Picture(lefts[-1] + MARGIN, bottom, "".join(parts))


def _shade(centre: Point, width: float, height: float) -> str:
    x, y = centre[0] - width / 2, centre[1] - height / 2
    return (
        f'<rect x="{_number(x)}" y="{_number(y)}" width="{_number(width)}"'
        f' height="{_number(height)}" rx="4" fill="{PALETTE["shade-blue"]}"/>\n'
    )


def beside(*pictures: Picture, titles: Sequence[str] = (), gap: float = 28) -> Picture:
    """Put pictures side by side, each with a title under it.

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

    Raises
    ------
    ValueError
        If there are no pictures, or not a title for each.

    Examples
    --------
    >>> one = circuit({"y": ("AND", "x_1", "x_2")})
    >>> two = circuit({"y": ("OR", "x_1", "x_2")})
    >>> picture = beside(one, two, titles=["与门 | AND gate", "或门 | OR gate"])
    """
    if not pictures:
        raise ValueError("got no pictures, but want at least one")
    if titles and len(titles) != len(pictures):
        raise ValueError(
            f"got {len(titles)} titles, but want one a picture: {len(pictures)}"
        )
    height = max(picture.height for picture in pictures)
    x, parts = 0.0, []
    for at, picture in enumerate(pictures):
        words = titles[at] if titles else ""
        width = max(picture.width, _words_width(words, WORD) + 2 * MARGIN)
        left = x + (width - picture.width) / 2
        top = (height - picture.height) / 2
        parts.append(
            f'<g transform="translate({_number(left)} {_number(top)})">\n'
            f"{picture.body}</g>\n"
        )
        if words:
            parts.append(_text(words, (x + width / 2, height + 14), WORD, "muted"))
        x += width + gap
    return Picture(x - gap, height + (26 if titles else 0), "".join(parts))


# ---- matrices, and the signs between them ---------------------------------------

CELL_WIDTH, CELL_HEIGHT = 36.0, 30.0


def matrix(
    rows: Sequence[Sequence[Label]],
    *,
    shades: Mapping[tuple[int, int], str] | None = None,
    down: Label = "",
    across: Label = "",
    colours: Pair = ("muted", "muted"),
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

    Raises
    ------
    ValueError
        If the rows differ in length, there is no cell, or a shade has no cell.

    Examples
    --------
    >>> picture = matrix([[1, 2], [3, 4]], shades={(0, 1): "shade-blue"})
    """
    lengths = {len(row) for row in rows}
    if len(lengths) != 1 or 0 in lengths:
        raise ValueError(
            f"got rows with {sorted(lengths)} cells, but want one length of 1 or more"
        )
    for i, j in shades or {}:
        if i not in range(len(rows)) or j not in range(min(lengths)):
            raise ValueError(
                f"got a shade for the cell {(i, j)}, but want one of {len(rows)} rows"
                f" and {min(lengths)} columns, counted from 0"
            )
    filled = [value for row in rows for value in row if value != ""]
    wide = max([CELL_WIDTH, *(_label_width(value, LETTER) + 10 for value in filled)])
    left = MARGIN + (_words_width(str(down), WORD) + 24 if down else 0)
    top = MARGIN + (WORD + 20 if across else 0)
    right, bottom = left + wide * min(lengths), top + CELL_HEIGHT * len(rows)
    parts = []
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            corner = left + wide * j, top + CELL_HEIGHT * i
            shade = (shades or {}).get((i, j))
            parts.append(_cell(value, corner, wide, shade))
    if down:
        x, middle = left - 10, (top + bottom) / 2
        parts.append(_arrow((x, top), (x, bottom), colours[0]))
        parts.append(_text(down, (x - 8, middle), WORD, colours[0], anchor="end"))
    if across:
        y, middle = top - 10, (left + right) / 2
        parts.append(_arrow((left, y), (right, y), colours[1]))
        parts.append(_text(across, (middle, y - 14), WORD, colours[1]))
    return Picture(right + MARGIN, bottom + top, "".join(parts))


def _cell(value: Label, corner: Point, wide: float, shade: str | None) -> str:
    """Draw one cell of a matrix, its corner top left."""
    x, y = corner
    fill = PALETTE[shade] if shade else "none"
    box = (
        f'<rect x="{_number(x)}" y="{_number(y)}" width="{_number(wide)}"'
        f' height="{_number(CELL_HEIGHT)}" fill="{fill}"'
        f' stroke="{PALETTE["faint"]}" stroke-width="1"/>\n'
    )
    if value == "":
        return box
    return box + _text(value, (x + wide / 2, y + CELL_HEIGHT / 2), LETTER - 1)


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
    >>> one = matrix([[1, 2]])
    >>> picture = beside(one, sign("="), one, gap=8)
    """
    width, height = _label_width(label, LETTER) + 2 * MARGIN, CELL_HEIGHT
    return Picture(width, height, _text(label, (width / 2, height / 2), LETTER))


# ---- labels ---------------------------------------------------------------------


@dataclass(frozen=True)
class _Run:
    """Letters that are set alike: a variable, a word, or the signs between."""

    text: str
    style: str = "sign"
    level: int = 0
    """-1 for a subscript, 1 for a superscript."""


_TOKEN = re.compile(
    r"([_^])(?:\{(?P<group>[^{}]+)\}|(?P<one>[^{}_^]))"
    r"|(?P<letters>[^\W\d_]+)|(?P<signs>(?:(?![^\W\d_])[^_^])+)"
)


def _math(label: Label) -> list[_Run]:
    """Read a label such as ``w_1``: single letters italic, sub- and superscripts."""
    text = f"{label:g}" if isinstance(label, float) else str(label)
    if " | " in text:
        return [_Run(text, "word")]
    text = re.sub(r"(?<![^\W\d_]{2})-", "\N{MINUS SIGN}", text)
    runs: list[_Run] = []
    end = 0
    while match := _TOKEN.match(text, end):
        end = match.end()
        if raised := match["group"] or match["one"]:
            level = -1 if match[1] == "_" else 1
            runs += [_Run(run.text, run.style, level) for run in _math(raised)]
        elif letters := match["letters"]:
            single = len(letters) == 1 and not _wide(letters)
            runs.append(_Run(letters, "variable" if single else "word"))
        else:
            runs.append(_Run(match["signs"]))
    if end != len(text) or not text:
        raise ValueError(
            f"got the label {text!r}, but want one such as 'w_1', 'x^2' or 'W_{{12}}'"
        )
    return runs


def _label_width(label: Label, size: float) -> float:
    """Estimate a label's width, on the generous side: readers' fonts differ."""
    return sum(
        _words_width(run.text, size * (SMALL if run.level else 1))
        for run in _math(label)
    )


def _words_width(words: str, size: float) -> float:
    """Estimate the width of words, both languages side by side."""
    text = words.replace(" | ", " ")
    return size * sum(1.0 if _wide(character) else 0.58 for character in text)


def _wide(character: str) -> bool:
    """Whether a character is as wide as it is tall, as Chinese ones are."""
    return ord(character) > 0x2E7F


def _text(
    label: Label, at: Point, size: float, colour: str = "ink", anchor: str = "middle"
) -> str:
    """Write a label, its middle at the given height."""
    runs = _math(label)
    family = "sans-serif" if any(run.style == "word" for run in runs) else "serif"
    spans, level = "", 0
    for run in runs:
        spans += _span(run, (level - run.level) * size * 0.22, size, family)
        level = run.level
    return (
        f'<text x="{_number(at[0])}" y="{_number(at[1] + size * 0.34)}"'
        f' font-family="{family}" font-size="{_number(size)}"'
        f' text-anchor="{anchor}" fill="{PALETTE[colour]}">{spans}</text>\n'
    )


def _span(run: _Run, shift: float, size: float, family: str) -> str:
    marks = ""
    if shift:
        marks += f' dy="{_number(shift)}"'
    if run.level:
        marks += f' font-size="{_number(size * SMALL)}"'
    if run.style == "variable":
        marks += ' font-style="italic"'
        marks += ' font-family="serif"' if family != "serif" else ""
    text = escape(run.text)
    return f"<tspan{marks}>{text}</tspan>" if marks else text


# ---- lines ----------------------------------------------------------------------


def _arrow(
    start: Point,
    end: Point,
    colour: str,
    label: Label | None = None,
    at: float = 0.5,
    line: float = LINE,
) -> str:
    """Draw an arrow; a label stands in a gap of its line."""
    lines = [(start, end)]
    if label is not None:
        middle = _along(start, end, at)
        half = _gap(start, end, label)
        length = _distance(start, end)
        lines = [
            (start, _along(start, end, at - half / length)),
            (_along(start, end, at + half / length), end),
        ]
    path = "".join(
        f"M{_number(x1)} {_number(y1)}L{_number(x2)} {_number(y2)}"
        for (x1, y1), (x2, y2) in lines
    )
    parts = [
        f'<path d="{path}" fill="none" stroke="{PALETTE[colour]}"'
        f' stroke-width="{_number(line)}"/>\n',
        _head(start, end, colour),
    ]
    if label is not None:
        parts.append(
            _text(label, middle, LETTER - 1, "orange" if colour == "orange" else "ink")
        )
    return "".join(parts)


def _head(start: Point, end: Point, colour: str) -> str:
    """Draw an arrow's head, its tip at the end."""
    length = _distance(start, end)
    ux, uy = (end[0] - start[0]) / length, (end[1] - start[1]) / length
    back, wide = 9.0, 3.6
    corners = [
        end,
        (end[0] - back * ux - wide * uy, end[1] - back * uy + wide * ux),
        (end[0] - back * ux + wide * uy, end[1] - back * uy - wide * ux),
    ]
    points = " ".join(f"{_number(x)},{_number(y)}" for x, y in corners)
    return f'<polygon points="{points}" fill="{PALETTE[colour]}"/>\n'


def _gap(start: Point, end: Point, label: Label) -> float:
    """Give half the length of line that a label covers."""
    _, _, right, bottom = _box(label, (0, 0))
    length = _distance(start, end)
    ux, uy = abs(end[0] - start[0]) / length, abs(end[1] - start[1]) / length
    ways = [right / ux if ux else length, bottom / uy if uy else length]
    return min(*ways, length / 2)


def _box(label: Label, centre: Point) -> Box:
    """Give the room of a label: left, top, right, bottom."""
    wide = _label_width(label, LETTER - 1) / 2 + 4
    tall = (LETTER - 1) / 2 + 2
    x, y = centre
    return x - wide, y - tall, x + wide, y + tall


def _meet(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _crosses(line: Line, box: Box) -> bool:
    """Whether a line has a point inside a box."""
    (x1, y1), (x2, y2) = line
    low, high = 0.0, 1.0
    for start, way, least, most in (
        (x1, x2 - x1, box[0], box[2]),
        (y1, y2 - y1, box[1], box[3]),
    ):
        if way == 0:
            if not least < start < most:
                return False
            continue
        enter, leave = sorted(((least - start) / way, (most - start) / way))
        low, high = max(low, enter), min(high, leave)
    return low < high


def _rim_to_rim(start: Point, end: Point) -> Line:
    """Shorten the line between two nodes' centres to what shows between them."""
    share = (RADIUS + LINE) / _distance(start, end)
    return _along(start, end, share), _along(start, end, 1 - share)


def _along(start: Point, end: Point, share: float) -> Point:
    return (
        start[0] + share * (end[0] - start[0]),
        start[1] + share * (end[1] - start[1]),
    )


def _distance(start: Point, end: Point) -> float:
    return float(((end[0] - start[0]) ** 2 + (end[1] - start[1]) ** 2) ** 0.5)


def _number(value: float) -> str:
    """Write a coordinate with one decimal at most, alike on every machine."""
    return f"{round(value, 1) + 0:.1f}".removesuffix(".0")


def _round(path: str) -> str:
    return re.sub(r"-?\d+\.\d+", lambda match: _number(float(match[0])), path)
