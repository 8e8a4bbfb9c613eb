"""SVG figures in the page itself: small, named, in the theme's colours."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from fishbook.diagrams import DARK, PALETTE

IMAGE = re.compile(
    r'<img alt="(?P<alt>[^"]*)" src="(?P<src>[^"]*figures/[^"/]+\.svg)" ?/?>'
)
NOISE = re.compile(
    r"<\?xml.*?\?>|<!DOCTYPE[^>]*>|<!--.*?-->|<metadata>.*?</metadata>"
    r"|<defs>\s*<style[^>]*>[^<]*</style>\s*</defs>",
    re.S,
)
ROOT = re.compile(r"<svg\b(?P<attributes>[^>]*)>")
TAG = re.compile(r"(<[^>]*>)")
LINK = re.compile(r'(?<=href="#)[^"]+|(?<=url\(#)[^)]+|(?<=labelledby=")[^"]+')
ID = re.compile(r' id="([^"]*)"')
UNSEEN = re.compile(r'<path [^>]*style="(?:fill: none|[^"]*opacity: 0)"/>')
NUMBER = re.compile(r"(?P<kept>(?:scale|matrix)\([^)]*\))|(?<![\d.])-?\d*\.\d{3,}")
"""Digits beyond a hundredth of a pixel, which make half of a plot's bytes."""
COLOUR = re.compile(r"#[0-9a-fA-F]{6}\b")
PATH = re.compile(r'(?<= d=")[^"]*')
VIEW = re.compile(r"\s*\S+[\s,]+\S+[\s,]+(\S+)[\s,]+\S+\s*")
PIXELS = {"": 1.0, "px": 1.0, "pt": 4 / 3}
TIMES = "STIXGeneral,'Times New Roman',Times,'Liberation Serif',serif"
"""Fonts as wide as the one that Matplotlib measured formulas with."""
SMALLEST = 0.54
"""How far a figure may shrink on a phone before it scrolls instead."""
NAMES = {colour.lower(): name for name, colour in PALETTE.items()}


def put(html: str, read: Callable[[str], str]) -> str:
    """Put a page's figures into it; `read` gives the SVG text of an address."""
    count = 0

    def inlined(match: re.Match[str]) -> str:
        nonlocal count
        count += 1
        svg = inline(read(match["src"]), match["alt"], f"figure-{count}-")
        return f'<span class="figure">{svg}</span>'

    return IMAGE.sub(inlined, html)


def inline(svg: str, alt: str, prefix: str) -> str:
    """Return a picture for a page: ids unique, colours the theme's, size flexible.

    `alt` is HTML already. Raises ValueError where a page can't hold the picture.
    """
    first, rest = opened(svg)
    joins = "*{stroke-linejoin" in svg
    return _root(first, alt, joins) + slim(rest, prefix)


def opened(svg: str) -> tuple[dict[str, str], str]:
    """Return the attributes of a picture's first tag, and what comes after it.

    Raises ValueError where there is no such tag or no width, or where the picture's own
    style sheet would change the page around it.
    """
    text = NOISE.sub("", svg)
    root = ROOT.search(text)
    if not root:
        raise ValueError("this is no SVG picture")
    if "<style" in text:
        raise ValueError("a style sheet in a picture changes the page around it")
    attributes = dict(re.findall(r'([\w:-]+)="([^"]*)"', root["attributes"]))
    wide = VIEW.sub(r"\1", attributes.get("viewBox", ""))
    pixels(attributes.setdefault("width", wide))
    return attributes, text[root.end() :]


@lru_cache(maxsize=1024)
def slim(svg: str, prefix: str) -> str:
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
        tag = _tag(part, prefix, linked)
        if tag.startswith(("<g>", "<g ")):
            groups.append(tag != "<g>")
        shown = groups[-1] if tag.startswith(("<g>", "<g ")) or tag == "</g>" else True
        if tag == "</g>":
            groups.pop()
        parts.append(tag if shown else "")
    return "".join(parts)


def _tag(tag: str, prefix: str, linked: set[str]) -> str:
    def named(match: re.Match[str]) -> str:
        return f' id="{prefix}{match[1]}"' if match[1] in linked else ""

    tag = re.sub(r"\s*\n\s*", "" if "base64" in tag else " ", tag)
    tag = LINK.sub(lambda link: prefix + link[0], ID.sub(named, tag))
    tag = NUMBER.sub(_rounded, COLOUR.sub(_themed, tag))
    tag = PATH.sub(_path, tag).replace("'STIXGeneral'", TIMES).replace(" />", "/>")
    return "" if UNSEEN.fullmatch(tag) else tag


def _rounded(match: re.Match[str]) -> str:
    if match["kept"]:
        return match[0]
    return f"{round(float(match[0]), 2) + 0:.2f}".rstrip("0").rstrip(".")


def _path(match: re.Match[str]) -> str:
    return re.sub(r" *([A-Za-z]) *", r"\1", match[0]).strip()


def _themed(match: re.Match[str]) -> str:
    """Return a colour of the palette by its name, so that it changes with the theme."""
    name = NAMES.get(match[0].lower())
    return f"var(--fig-{name},{match[0]})" if name else match[0]


def _root(attributes: dict[str, str], alt: str, joins: bool) -> str:
    """Return the picture's first tag, with its name for those who don't see it."""
    kept = dict(attributes)
    width = pixels(kept.pop("width"))
    for name in ("height", "role", "aria-label", "version", "style"):
        kept.pop(name, None)
    shown = "".join(f' {name}="{value}"' for name, value in kept.items())
    style = f"width:{width:.0f}px;min-width:{width * SMALLEST:.0f}px"
    if joins:
        style += ";stroke-linejoin:round;stroke-linecap:butt"
    return f'<svg{shown} role="img" aria-label="{alt}" style="{style}">'


def pixels(length: str) -> float:
    """Return an SVG length, in points or pixels, in pixels."""
    match = re.fullmatch(r"([\d.]+)(pt|px|)", length)
    if not match:
        raise ValueError(f"width {length!r} is in neither points nor pixels")
    return float(match[1]) * PIXELS[match[2]]


def palette_css() -> str:
    """Return the style sheet with the palette's colours in light and dark."""
    light = "".join(f"--fig-{name}:{colour};" for name, colour in PALETTE.items())
    dark = "".join(f"--fig-{name}:{colour};" for name, colour in DARK.items())
    return (
        f':root{{{light}}}\n@media screen{{[data-md-color-scheme="slate"]{{{dark}}}}}\n'
    )
