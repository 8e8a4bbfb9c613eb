"""Figures as files beside a page: small, in the colours of day and of night."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from functools import lru_cache

from fishbook.diagrams import DARK, PALETTE

IMAGE = re.compile(
    r'<img alt="(?P<alt>[^"]*)" src="(?P<src>[^"]*figures/[^"/]+\.svg)" ?/?>'
)
NOISE = re.compile(
    r"<\?xml.*?\?>|<!DOCTYPE[^>]*>|<!--.*?-->|<metadata>.*?</metadata>", re.S
)
ROOT = re.compile(r"<svg\b(?P<attributes>[^>]*)>")
TAG = re.compile(r"(<[^>]*>)")
LINK = re.compile(r'(?<=href="#)[^"]+|(?<=url\(#)[^)]+|(?<=labelledby=")[^"]+')
ID = re.compile(r' id="([^"]*)"')
UNSEEN = re.compile(r'<path (?!id=)[^>]*style="(?:fill: none|[^"]*opacity: 0)"/>')
NUMBER = re.compile(r"(?P<kept>(?:scale|matrix)\([^)]*\))|(?<![\d.])-?\d*\.\d{3,}")
"""Digits beyond a hundredth of a pixel, which make half of a plot's bytes."""
COLOUR = re.compile(r"#[0-9a-fA-F]{6}\b")
PATH = re.compile(r'(?<= d=")[^"]*')
LETTER = re.compile(r" *([A-Za-z]) *")
PIXELS = {"": 1.0, "px": 1.0, "pt": 4 / 3}
TIMES = "STIXGeneral,'Times New Roman',Times,'Liberation Serif',serif"
"""Fonts as wide as the one that Matplotlib measured formulas with."""
FORMULA = f"{TIMES};font-size-adjust:.45"
"""Where a reader has none of them, a wider font is drawn smaller: each letter's
place is fixed, and must hold it."""
NAMES = {colour.lower(): name for name, colour in PALETTE.items()}
SMALLEST = 0.54
"""How far a figure may shrink on a phone before it scrolls instead."""
STEP = 20
"""Pixels between one least width and the next."""


def put(html: str, read: Callable[[str], str]) -> str:
    """Let a page's figures be shown by day and by night; `read` gives their texts.

    A browser fetches only what is in sight, and knows each size before.
    """

    def shown(match: re.Match[str]) -> str:
        svg = read(match["src"])
        width, height = size(svg)
        kind = "figure stepped" if '<g class="step">' in svg else "figure"
        image = (
            f'<img class="{{}} least-{round(width * SMALLEST / STEP)}"'
            f' alt="{match["alt"]}" src="{match["src"]}{{}}"'
            f' width="{width}" height="{height}" loading="lazy">'
        )
        both = image.format("day", "") + image.format("night", "#night")
        return f'<span class="{kind}">{both}</span>'

    return IMAGE.sub(shown, html)


def size(svg: str) -> tuple[int, int]:
    """Return a picture's width and height in pixels.

    Raises ValueError where it is no picture, or has neither.
    """
    root = ROOT.search(NOISE.sub("", svg))
    if not root:
        raise ValueError("this is no SVG picture")
    attributes = dict(re.findall(r'([\w:-]+)="([^"]*)"', root["attributes"]))
    _, _, *seen = re.split(r"[\s,]+", attributes.get("viewBox", "- -").strip())
    named = dict(zip(("width", "height"), seen, strict=False)) | attributes
    width, height = (pixels(s, named.get(s, "")) for s in ("width", "height"))
    return round(width), round(height)


def pixels(name: str, length: str) -> float:
    """Return an SVG length, in points or pixels, in pixels."""
    match = re.fullmatch(r"([\d.]+)(pt|px|)", length)
    if not match:
        raise ValueError(f"{name} {length!r} is in neither points nor pixels")
    return float(match[1]) * PIXELS[match[2]]


@lru_cache(maxsize=1024)
def finish(svg: str, lang: str) -> str:
    """Return the file of a picture: small, its words in a language, both its colours.

    Its address with #night gives the colours for a dark page.
    """
    text = slim(NOISE.sub("", svg))
    day, night = _colours([name for name in PALETTE if f"var(--{name})" in text])
    style = (
        f"svg{{{day}}}svg:target{{{night}}}image{{image-rendering:pixelated}}"
        f'[font-family="serif"]{{font-family:{TIMES}}}'
    )
    root = ROOT.search(text)
    if not root:
        raise ValueError("this is no SVG picture")
    attributes = ID.sub("", root["attributes"])
    return (
        f'<svg id="night" xml:lang="{lang}"{attributes}>'
        f"<style>{style}</style>{text[root.end() :]}"
    )


def _colours(used: Collection[str]) -> list[str]:
    """Return the declarations of colours, by day and by night."""
    return [
        "".join(f"--{name}:{palette[name]};" for name in used)
        for palette in (PALETTE, DARK)
    ]


def slim(svg: str) -> str:
    """Leave out what isn't seen: digits, blanks, ids without links, groups of nothing.

    One pass over the tags, whose time grows as the picture does.
    """
    linked = set(LINK.findall(svg))
    parts: list[str] = []
    groups: list[bool] = []
    in_text = False
    for number, part in enumerate(TAG.split(svg)):
        if not number % 2:
            parts.append(part if in_text or part.strip() else "")
            continue
        in_text = part.startswith("<text") or (in_text and part != "</text>")
        tag = _tag(part, linked)
        if tag.startswith(("<g>", "<g ")):
            groups.append(tag != "<g>")
            shown = groups[-1]
        else:
            shown = groups.pop() if tag == "</g>" else True
        parts.append(tag if shown else "")
    return "".join(parts)


def _tag(tag: str, linked: set[str]) -> str:
    tag = re.sub(r"\s*\n\s*", "" if "base64" in tag else " ", tag)
    return _short(ID.sub(lambda name: name[0] if name[1] in linked else "", tag))


@lru_cache(maxsize=65536)  # the editions' pictures differ in their words alone
def _short(tag: str) -> str:
    tag = NUMBER.sub(_rounded, COLOUR.sub(_themed, tag))
    tag = PATH.sub(lambda d: LETTER.sub(r"\1", d[0]).strip(), tag)
    tag = tag.replace("'STIXGeneral'", FORMULA).replace(" />", "/>")
    return "" if UNSEEN.fullmatch(tag) else tag


def _rounded(match: re.Match[str]) -> str:
    if match["kept"]:
        return match[0]
    return f"{round(float(match[0]), 2) + 0:.2f}".rstrip("0").rstrip(".")


def _themed(match: re.Match[str]) -> str:
    name = NAMES.get(match[0].lower())
    return f"var(--{name})" if name else match[0]


def colours_css(element: str) -> str:
    """Return the colours of a figure that has become part of its page."""
    day, night = _colours(PALETTE)
    return (
        f'{element}{{{day}}}{element} [font-family="serif"]{{font-family:{TIMES}}}'
        f'@media screen{{[data-md-color-scheme="slate"] {element}{{{night}}}}}\n'
    )


def widths_css() -> str:
    """Return the style sheet of least widths."""
    return "".join(f".least-{n}{{min-width:{STEP * n}px}}" for n in range(1, 50))
