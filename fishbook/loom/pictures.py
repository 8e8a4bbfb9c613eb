"""Two pictures beside each other: they agree where a reader sees no difference."""

from __future__ import annotations

import base64
import io
import math
import re
import xml.etree.ElementTree as ET

import numpy as np

from fishbook.loom.blocks import Within
from fishbook.loom.curves import Frame, near

SVG_NUMBER = re.compile(
    r"#[0-9a-fA-F]{3,8}\b|[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
)
ATTRIBUTE = re.compile(r"""([\w:.-]+)\s*=\s*("[^"]*"|'[^']*')""")
PLACES = re.compile(
    r"d|[cdfr]?[xy]|[xy][12]|r|width|height|points|viewBox|translate"
    r"|font-size|stroke-(?:width|dasharray|dashoffset)"
)
"""Attributes whose numbers are places and lengths, in the units of the picture."""
SHARES = re.compile(r"offset|(?:.*-)?opacity")
SHARE_TOLERANCE = 0.0101
SIZES = {"style", "transform"}
"""Attributes whose numbers are near by their own size; in all others they are words."""
SIZE_TOLERANCE = 1e-3
TRANSLATE = re.compile(r"translate\(([^)]*)\)")
VIEW = re.compile(r"""<svg\b[^>]*\bviewBox\s*=\s*["']([^"']*)""")
REFERENCE = re.compile(r'(?<= id=")[^"]*|(?<=url\(#)[^)]*|(?<=href="#)[^"]*')
METADATA = re.compile(r"<metadata>.*?</metadata>|<!--.*?-->|<\?.*?\?>", re.S)
PIECE = re.compile(r"<[^>]*>|[^<]+")
BITMAP = re.compile(r"data:image/png;base64,([^\"]*)")
SVG_TOLERANCE = 0.05
PAGE = 500
"""How many units wide a page is."""
PIXEL_TOLERANCE = 2 / 255
CLIP = re.compile(r'clip-path="url\(#([^)]*)\)"')
FRAME = re.compile(
    r'<clipPath id="([^"]*)">\s*'
    r'<rect x="([^"]*)" y="([^"]*)" width="([^"]*)" height="([^"]*)"'
)
FIX_AXES = "only what is inside the axes may shift: set their limits and ticks"


def drawn_by(svg: str) -> str:
    """Return the Matplotlib version that drew a picture, or nothing."""
    match = re.search(r"Matplotlib v([\d.]+\w*)", svg)
    return match[1] if match else ""


def svg_difference(shown: str, drawn: str, within: Within | None = None) -> str:
    """Say where two pictures differ by more than a reader could see, or nothing.

    With a share, what is drawn inside the axes may be off by as much of their width
    and height; the axes, with their ticks and words, stay where they are.
    """
    try:
        ET.fromstring(drawn)
    except ET.ParseError as error:
        return f"the picture is not valid SVG ({error})"
    share = float(within.amount) if within else 0.0
    shown, drawn = (_numbered(METADATA.sub("", svg)) for svg in (shown, drawn))
    frames, group = _frames(shown) if within else {}, None
    left, right = _pieces(shown), _pieces(drawn)
    unit = _unit(shown)
    for a, b in zip(left, right, strict=False):
        clip = CLIP.search(a)
        frame = frames.get(clip[1]) if clip else group
        if a.startswith(("<g", "</g")):
            group = frame if clip else None
        same = a == b or _same_piece(a, b, unit, share)
        if not same and not (frame and near(a, b, frame, share)):
            found = f"{_short(a)} on the page, {_short(b)} drawn"
            return f"{found}; {FIX_AXES}" if within and not frame else found
    if len(left) != len(right):
        return f"{len(left)} tags and texts on the page, {len(right)} drawn"
    return ""


def _pieces(svg: str) -> list[str]:
    """Return the tags and texts of a picture."""
    return [piece.strip() for piece in PIECE.findall(svg) if piece.strip()]


def _numbered(svg: str) -> str:
    """Return a picture with its ids numbered in their order."""
    ids = {name: f"id{i}" for i, name in enumerate(re.findall(r' id="([^"]*)"', svg))}
    return REFERENCE.sub(lambda match: ids.get(match[0], match[0]), svg)


def _frames(svg: str) -> dict[str, Frame]:
    """Return the frames of the axes by the names that clip what is drawn in them."""
    found = FRAME.findall(svg)
    return {name: Frame(*map(float, numbers)) for name, *numbers in found}


def _unit(svg: str) -> float:
    """Return by how much places may differ: less where a picture has few units."""
    view = VIEW.search(svg)
    sides = [float(n) for n in SVG_NUMBER.findall(view[1])[2:]] if view else []
    return SVG_TOLERANCE * min(1, max(sides, default=PAGE) / PAGE)


def _same_piece(old: str, new: str, unit: float, share: float) -> bool:
    if not old.startswith("<"):
        return False
    if (bitmap := BITMAP.search(old)) and (other := BITMAP.search(new)):
        if not _same_bitmap(bitmap[1], other[1], max(PIXEL_TOLERANCE, share)):
            return False
        old, new = BITMAP.sub("", old), BITMAP.sub("", new)
    if ATTRIBUTE.sub(r"\1=", old) != ATTRIBUTE.sub(r"\1=", new):
        return False
    pairs = zip(ATTRIBUTE.findall(old), ATTRIBUTE.findall(new), strict=True)
    return all(
        a == b or _same_value(name, a, b, unit, share) for (name, a), (_, b) in pairs
    )


def _same_value(name: str, old: str, new: str, unit: float, share: float) -> bool:
    """Return whether two values of an attribute are near; in words no number is."""
    if name == "transform":
        way, other = (" ".join(TRANSLATE.findall(value)) for value in (old, new))
        if not _same_value("translate", way, other, unit, share):
            return False
        old, new = (TRANSLATE.sub("translate", value) for value in (old, new))
    slack = _slack(name, unit, share)
    if not slack or SVG_NUMBER.sub("\0", old) != SVG_NUMBER.sub("\0", new):
        return False
    pairs = zip(SVG_NUMBER.findall(old), SVG_NUMBER.findall(new), strict=True)
    return all(a == b or _near(a, b, *slack) for a, b in pairs)


def _slack(name: str, unit: float, share: float) -> tuple[float, float] | None:
    """Return how far an attribute's numbers may be apart, and as a share of each."""
    if PLACES.fullmatch(name):
        return unit, 0
    if SHARES.fullmatch(name):
        return max(SHARE_TOLERANCE, share), 0
    return (2e-6, SIZE_TOLERANCE) if name in SIZES else None


def _near(old: str, new: str, far: float, share: float) -> bool:
    """Return whether two numbers are near; a colour is no number."""
    if "#" in old + new:
        return False
    return math.isclose(float(old), float(new), rel_tol=share, abs_tol=far)


def _same_bitmap(old: str, new: str, tolerance: float) -> bool:
    import matplotlib.image

    left, right = (
        matplotlib.image.imread(io.BytesIO(base64.b64decode(data)))
        for data in (old, new)
    )
    if left.shape != right.shape:
        return False
    return bool(np.max(np.abs(left - right), initial=0) <= tolerance)


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "…")
