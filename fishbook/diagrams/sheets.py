"""A planned computation drawn: edges, nodes and names, and the numbers beside them.

Places are complex numbers, along the computation and across it; `down` lets it run
from top to bottom.
"""

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import TypeAlias

from fishbook.diagrams.labels import WORD, Label, number, text, width
from fishbook.diagrams.palette import PALETTE
from fishbook.diagrams.plans import Plan, Use
from fishbook.diagrams.sayings import Tensor, sign
from fishbook.diagrams.svg import LINE, MARGIN, arrow

Labels: TypeAlias = Mapping[tuple[str, int], Label]

RADIUS, SIZE, OFF = 16.0, 15.0, 10.0
"""Of a node; of a label, and how far it stands from its edge; in pixels."""

BEND, ROOM, ROW = 16.0, 5.0, 58.0
"""Where an edge changes rows; beside a label; from a row to the next."""

BACK, LEADING = 6.0, 18.0
"""From an edge to the way back beside it; from a line to the next."""


class Sheet:
    """The places of a plan in pixels, and what is drawn there."""

    def __init__(
        self,
        plan: Plan,
        labels: Labels,
        down: bool,
        folded: Collection[Tensor],
    ) -> None:
        self.plan, self.labels, self.down = plan, labels, down
        self.folded = [id(value) for value in folded]
        self.result = plan.order[-1]
        self.columns = [
            [v for v in plan.order if plan.column[id(v)] == c]
            for c in range(max(plan.column.values()) + 1)
        ]
        names = [self.name_width(v) for v in self.columns[0]]
        self.before = MARGIN + (SIZE + 12 if down else max(names) + 6)
        self._along()
        self._across(max([*names, self.name_width(self.result)]))

    def name_width(self, value: Tensor) -> float:
        """Return how wide a name is, with its cloud if it has one."""
        room = 34 if id(value) in self.folded else 4
        return width(value.name, WORD) + room

    def room(self, kinds: Sequence[str]) -> float:
        """Return the widest label of some kinds."""
        found = [_wide(v) for (k, _), v in self.labels.items() if k in kinds]
        return max([*found, 0.0])

    def extent(self, kind: str, things: Collection[Tensor | Use]) -> float:
        """Return how far labels reach along their edges."""
        signs = [self.labels.get((kind, id(thing)), "") for thing in things]
        long = [
            _tall(label) if self.down else _wide(label)
            for label in signs
            if label != ""
        ]
        return max(long) + 2 * ROOM if long else 0.0

    def half(self, value: Tensor) -> float:
        """Return half the width of a node; an input has none."""
        if not self.plan.column[id(value)]:
            return 0.0
        return max(RADIUS, width(sign(value), WORD) / 2 + 7)

    def _along(self) -> None:
        """Set each column's centre, its rim, and where its stems end."""
        self.centre, self.rim, self.stem = [], [], []
        at = self.before
        for c, column in enumerate(self.columns):
            halves = [min(self.half(v), RADIUS) for v in column]
            half = max(halves if self.down else map(self.half, column))
            into = [use for use in self.plan.uses if use.by in column]
            bends = any(use.row != self.plan.row[id(use.by)] for use in into)
            at += half + ((BEND if bends else 0) + 12 if c else 0)
            self.centre.append(at)
            at += half
            self.rim.append(at)
            at += max(self.extent(kind, column) for kind in ("over", "under"))
            self.stem.append(at)
            spread = [u for v in column for u in self.plan.of(v)]
            if any(len(self.plan.of(v)) > 1 for v in column):
                at += BEND + self.extent("share", spread)
        self.end = self.stem[-1] + 12

    def _across(self, names: float) -> None:
        """Set the rows' distance, the first row's place, and the whole height."""
        rows = [*self.plan.row.values(), *(use.row for use in self.plan.uses)]
        low, high = min(rows), max(rows)
        left, right = OFF + SIZE, OFF + SIZE
        self.pitch = ROW
        if self.down:
            left = max(self.room(["over"]) + ROOM, names / 2, 2 * RADIUS)
            right = max(self.room(["under", "share"]) + 2 * ROOM, left / 2)
            self.pitch = left + right + ROOM
        self.first = left + MARGIN - low * self.pitch
        self.height = left + right + 2 * MARGIN + (high - low) * self.pitch

    def size(self) -> tuple[float, float]:
        """Return the width and the height of it all."""
        name = self.result.name
        room = (SIZE + 8 if self.down else width(name, WORD) + 8) if name else 0
        along = self.end + room + MARGIN
        return (self.height, along) if self.down else (along, self.height)

    def at(self, along: float, row: float) -> complex:
        """Return a place in the picture."""
        across = self.first + row * self.pitch
        return complex(across, along) if self.down else complex(along, across)

    def node(self, value: Tensor) -> complex:
        """Return the centre of a value's node."""
        return self.at(
            self.centre[self.plan.column[id(value)]], self.plan.row[id(value)]
        )

    def shapes(self) -> str:
        """Draw all but the numbers: edges, nodes, names."""
        edges = "".join(map(self.edge, self.plan.uses)) + self.out()
        return edges + "".join(map(self.box, self.plan.order))

    def edge(self, use: Use) -> str:
        """Draw an edge: along its value's row, in its own, into its operation."""
        start, end = self.plan.column[id(use.value)], self.plan.column[id(use.by)]
        row = self.plan.row[id(use.value)]
        corners = [self.at(self.start(use.value), row), self.at(self.stem[start], row)]
        if use.row != row:
            corners.append(self.at(self.stem[start] + BEND, use.row))
        aim, goal = self.node(use.by), self.plan.row[id(use.by)]
        reach = RADIUS if self.down else max(map(self.half, self.columns[end]))
        if use.row != goal:
            corners.append(self.at(self.centre[end] - reach - BEND, use.row))
        spare = self.half(use.by) - RADIUS
        side = corners[-1].real - aim.real
        aim += max(-spare, min(spare, side))
        way = (aim - corners[-1]) / abs(aim - corners[-1])
        lines = [_line(a, b) for a, b in pairwise(corners) if abs(a - b) > 0.1]
        dot = _dot(corners[1]) if len(self.plan.of(use.value)) > 1 else ""
        return "".join(lines) + dot + _arrow(corners[-1], aim - way * (RADIUS + 1))

    def start(self, value: Tensor) -> float:
        """Return where a value's edges begin."""
        half = min(self.half(value), RADIUS) if self.down else self.half(value)
        return self.centre[self.plan.column[id(value)]] + half

    def out(self) -> str:
        """Draw the result's edge, and its name."""
        row = self.plan.row[id(self.result)]
        ends = self.at(self.start(self.result), row), self.at(self.end, row)
        name = self.at(self.end + (SIZE if self.down else 6), row)
        anchor = "middle" if self.down else "start"
        words = text(self.result.name, name, WORD, "ink", anchor)
        return _arrow(*ends) + (words if self.result.name else "")

    def box(self, value: Tensor) -> str:
        """Draw an operation in its node, or an input's name, in a cloud if folded."""
        at, wide = self.node(value), self.name_width(value)
        if self.plan.column[id(value)]:
            return _pill(at, self.half(value)) + text(sign(value), at, WORD)
        at -= 14j if self.down else 5
        middle = at if self.down else at - wide / 2
        if id(value) in self.folded:
            return _cloud(middle, wide - 8) + text(value.name, middle, WORD)
        anchor = "middle" if self.down else "end"
        return text(value.name, at, WORD, "ink", anchor) if value.name else ""

    def label(self, kind: str, thing: Tensor | Use, label: Label) -> str:
        """Draw a number beside its edge, or a ring around the node that computes."""
        if kind == "ring" and not isinstance(thing, Use):
            return _pill(self.node(thing), self.half(thing), ring=True)
        if isinstance(thing, Use):
            start, row = self.stem[self.plan.column[id(thing.value)]] + BEND, thing.row
            end = start + self.extent("share", [thing])
        else:
            column, row = self.plan.column[id(thing)], self.plan.row[id(thing)]
            start, end = self.start(thing), self.stem[column]
        middle, side = self.at((start + end) / 2, row), -1 if kind == "over" else 1
        drawn = "" if side < 0 else self.back(start, end, row)
        colour = "blue" if side < 0 else "orange"
        if not self.down:
            off = OFF + 1 if side < 0 else OFF + BACK + 2
            return drawn + text(label, middle + side * 1j * off, SIZE, colour)
        at, lines = middle + side * (ROOM + (side > 0) * BACK), str(label).split("\n")
        at -= 0.5j * LEADING * (len(lines) - 1)
        anchor = "end" if side < 0 else "start"
        return drawn + "".join(
            text(line, at + 1j * LEADING * i, SIZE, colour, anchor)
            for i, line in enumerate(lines)
        )

    def back(self, start: float, end: float, row: float) -> str:
        """Draw the way of a derivative, beside its edge."""
        beside = BACK if self.down else 1j * BACK
        near, far = self.at(start + 4, row) + beside, self.at(end - 4, row) + beside
        return arrow(far, near, "orange", line=1.1)


def _wide(label: Label) -> float:
    return max(width(line, SIZE) for line in str(label).split("\n"))


def _tall(label: Label) -> float:
    return LEADING * (1 + str(label).count("\n"))


def _line(start: complex, end: complex) -> str:
    ends = " ".join(f"{number(p.real)} {number(p.imag)}" for p in (start, end))
    return (
        f'<path d="M{ends}" fill="none" stroke="{PALETTE["muted"]}"'
        f' stroke-width="{LINE}"/>\n'
    )


def _dot(at: complex) -> str:
    """Return where a value goes several ways."""
    place = f'cx="{number(at.real)}" cy="{number(at.imag)}"'
    return f'<circle {place} r="3.2" fill="{PALETTE["muted"]}"/>\n'


def _pill(at: complex, half: float, ring: bool = False) -> str:
    """Return a node; its ring is seen only where a page steps through the graph."""
    look = f'fill="{PALETTE["shade-blue"]}" stroke="{PALETTE["blue"]}"'
    if ring:
        look = 'class="ring" fill="none" stroke="none"'
    tall = RADIUS + (4 if ring else 0)
    half += tall - RADIUS
    return (
        f'<rect x="{number(at.real - half)}" y="{number(at.imag - tall)}"'
        f' width="{number(2 * half)}" height="{number(2 * tall)}" rx="{number(tall)}"'
        f' {look} stroke-width="{LINE}"/>\n'
    )


def _cloud(at: complex, wide: float) -> str:
    """Return a cloud, as wide as the words in it."""
    puffs = [(-0.34, 0, 15), (-0.15, -9, 17), (0.14, -8, 18), (0.34, 1, 15), (0, 8, 16)]
    circles = [
        f'<ellipse cx="{number(at.real + x * wide)}" cy="{number(at.imag + y)}"'
        f' rx="{number(max(r, wide / 5))}" ry="{r}" fill="{PALETTE["shade-grey"]}"/>\n'
        for x, y, r in puffs
    ]
    return "".join(circles)


def _arrow(start: complex, end: complex) -> str:
    return arrow(start, end, "muted")
