"""Two curves, or points, in the same axes: how far they lie apart."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Points: TypeAlias = NDArray[np.float64]

WAY = re.compile(r' d="([^"]*)"')
PLACE = re.compile(r' (?:x|y)="([^"]*)"')
STEP = re.compile(r"([MLQCz])([^MLQCz]*)")
BENDS = {"Q": 2, "C": 3}
"""How many points a bent piece of a path has after the one where it begins."""
GRAIN = 0.25
"""How near to one another the points of a curve are that are looked at: tolerances."""


class Frame(NamedTuple):
    """The part of a picture that axes show."""

    x: float
    y: float
    width: float
    height: float


def near(old: str, new: str, frame: Frame, share: float) -> bool:
    """Return whether what two tags draw is as near as a share of the frame.

    A mark has to be near its place, a path near the other path all along: so much of
    each as the frame shows. The tags have to be alike in all else.
    """
    if PLACE.sub("", WAY.sub("", old)) != PLACE.sub("", WAY.sub("", new)):
        return False
    scale = np.array([frame.width, frame.height]) * share
    corner = np.array([frame.x, frame.y])
    if (one := WAY.search(old)) and (other := WAY.search(new)):
        try:
            a, b = ((path(way[1]) - corner) / scale for way in (one, other))
        except ValueError:  # No path that Matplotlib writes.
            return False
        return all_near(seen(a, 1 / share), b) and all_near(seen(b, 1 / share), a)
    places = [np.array(PLACE.findall(tag), dtype=float) for tag in (old, new)]
    if len(places[0]) != 2 or len(places[1]) != 2:
        return False
    return bool(np.all(np.abs(places[0] - places[1]) <= scale))


def path(way: str) -> Points:
    """Return the straight pieces of a path as (n, 2, 2): from where to where."""
    pieces: list[Points] = []
    start = here = np.zeros(2)
    for letter, numbers in STEP.findall(way):
        points = np.array(numbers.split(), dtype=float).reshape(-1, 2)
        if letter == "M":
            start, line = points[0], points[[0, *range(len(points))]]
        elif letter == "z":
            line = np.array([here, start])
        elif letter == "L":
            line = np.array([here, *points])
        else:
            line = bent(np.array([here, *points]), BENDS[letter])
        pieces.append(np.stack([line[:-1], line[1:]], axis=1))
        here = line[-1]
    return np.concatenate(pieces) if pieces else np.empty((0, 2, 2))


def bent(points: Points, degree: int) -> Points:
    """Return points along Bézier curves that are joined to one another."""
    line = [points[:1]]
    t = np.linspace(0, 1, 9)[1:, None]
    for i in range(0, len(points) - 1, degree):
        curve = [np.tile(point, (len(t), 1)) for point in points[i : i + degree + 1]]
        while len(curve) > 1:
            curve = [(1 - t) * a + t * b for a, b in pairwise(curve)]
        line.append(curve[0])
    return np.concatenate(line)


def seen(pieces: Points, size: float) -> Points:
    """Return points all along a path, so far as the frame shows them."""
    found = [np.empty((0, 2))]
    for start, end in pieces:
        steps = int(np.ceil(np.hypot(*(end - start)) / GRAIN))
        found.append(np.linspace(start, end, steps + 1))
    points = np.concatenate(found)
    return points[np.all((points >= 0) & (points <= size), axis=1)]


def all_near(points: Points, pieces: Points) -> bool:
    """Return whether each point is no further than 1 from some piece of a path."""
    if not len(points) or not len(pieces):
        return not len(points)
    start, along = pieces[:, 0], pieces[:, 1] - pieces[:, 0]
    length = np.maximum((along**2).sum(axis=1), 1e-12)
    for some in np.array_split(points, len(points) // 500 + 1):
        away = some[:, None] - start
        share = np.clip((away * along).sum(axis=2) / length, 0, 1)
        distance = np.linalg.norm(away - share[..., None] * along, axis=2)
        if (distance.min(axis=1) > 1 + 1e-9).any():
            return False
    return True
