"""What a page's HTML gets at the build: formulas, figures, links to the source."""

from __future__ import annotations

import atexit
import functools
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from html import escape, unescape
from pathlib import Path
from typing import TypeAlias

from fishbook.diagrams import DARK, PALETTE
from fishbook.loom.problem import LoomError

THEME = Path(__file__).parent / "theme"
KATEX = "node_modules/katex"

FORMULA = re.compile(
    r'<(?P<tag>span|div) class="arithmatex">\\[(\[](?P<tex>.*?)\\[)\]]</(?P=tag)>', re.S
)
FIGURE = re.compile(
    r'<img alt="(?P<alt>[^"]*)" src="(?:[^"]*/)?(?P<path>figures/[^"/]+\.svg)" ?/?>'
)
CHUNK_TITLE = re.compile(
    r'(?<=<span class="filename">)(?P<target>fishbook/[\w/]+\.py)(?=</span>)'
)
CODE_ANCHOR = re.compile(
    r'<a id="(__codelineno-[\d-]+)" name="[^"]*" href="[^"]*"></a>'
)
NOTES = re.compile(r"(\(\d+\)!(?:(?!</pre>).)*</pre></div>\s*)<ol>", re.S)
SVG_ID = re.compile(r'(?<=[ \n]id=")|(?<=href="#)|(?<=url\(#)')
SVG_NOISE = re.compile(
    r"<\?xml.*?\?>|<!DOCTYPE[^>]*>|<!--.*?-->|<metadata>.*?</metadata>", re.S
)
SVG_STYLE = re.compile(r"<defs>\s*<style[^>]*>(?P<rules>.*?)</style>\s*</defs>", re.S)
SVG_ROOT = re.compile(r"<svg\b(?P<attributes>[^>]*)>")
SVG_DIGITS = re.compile(r"(?<=\.\d\d)\d{3,}(?=[^<>]*>)")
"""Digits beyond a hundredth of a pixel, which make half of a plot's bytes."""
SVG_COLOUR = re.compile(r"#[0-9a-fA-F]{6}\b(?=[^<>]*>)")
PLACE = re.compile(
    r"(?P<before>[（「『“‘(]?)<!--formula (?P<number>\d+)-->"
    r"(?P<after>[，。、；：？！）」』”’,.;:?!)]*)"
)
SHORT = 30
"""Formulas with no more TeX than this stay on one line with the marks beside them."""
LATIN_EMPHASIS = re.compile(r"<em>(?=[^\u3400-\u9fff<]+</em>)")
PIXELS = {"": 1.0, "px": 1.0, "pt": 4 / 3}
TIMES = "STIXGeneral,'Times New Roman',Times,'Liberation Serif',serif"
"""Fonts as wide as the one that Matplotlib measured formulas with."""
SMALLEST = 0.54
"""How far a figure may shrink on a phone before it scrolls instead."""

Formula: TypeAlias = tuple[str, bool]


class Katex:
    """KaTeX in one Node process, for all pages and editions; keeps what it rendered."""

    def __init__(self, root: Path) -> None:
        self._pool = ThreadPoolExecutor(1)
        self._node = self._pool.submit(start_node, root)
        self._known: dict[Formula, dict[str, str]] = {}
        atexit.register(self._close)

    def render(self, formulas: Iterable[Formula]) -> Future[list[str]]:
        """Begin to render formulas, each (TeX, displayed); the future gives HTML.

        Its result raises `LoomError` where TeX is wrong.
        """
        return self._pool.submit(self._render, list(formulas))

    def _render(self, formulas: list[Formula]) -> list[str]:
        new = [f for f in dict.fromkeys(formulas) if f not in self._known]
        if new:
            self._known.update(zip(new, self._ask(new), strict=True))
        wrong = [f for f in formulas if "error" in self._known[f]]
        if wrong:
            raise LoomError(
                f"{self._known[f]['error']}; mend the formula {f[0]!r}" for f in wrong
            )
        return [self._known[f]["html"] for f in formulas]

    def _ask(self, formulas: list[Formula]) -> list[dict[str, str]]:
        node = self._node.result()
        assert node.stdin and node.stdout
        node.stdin.write(json.dumps(formulas) + "\n")
        node.stdin.flush()
        answer = node.stdout.readline()
        if not answer:
            raise LoomError(["Node stopped; run `npm ci` and build again"])
        answers: list[dict[str, str]] = json.loads(answer)
        return answers

    def _close(self) -> None:
        if self._node.exception() is None:
            with self._node.result() as node:
                node.terminate()


@functools.cache
def katex(root: Path) -> Katex:
    """Give the one KaTeX of this process."""
    return Katex(root)


def start_node(root: Path) -> subprocess.Popen[str]:
    """Start the process that renders formulas, or say what is missing."""
    beside = shutil.which("node", path=str(Path(sys.executable).parent))
    node = beside or shutil.which("node")
    module = root / KATEX / "dist" / "katex.mjs"
    if not node:
        raise LoomError(["formulas need Node; run `make setup`"])
    if not module.exists():
        raise LoomError([f"formulas need {KATEX}; run `make setup` or `npm ci`"])
    return subprocess.Popen(
        [node, str(THEME / "katex.mjs"), str(module)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def take_formulas(html: str) -> tuple[str, list[Formula]]:
    """Take the formulas out of a page, so that the search index stays free of TeX."""
    formulas: list[Formula] = []

    def take(match: re.Match[str]) -> str:
        formulas.append((unescape(match["tex"]).strip(), match["tag"] == "div"))
        return f"<!--formula {len(formulas) - 1}-->"

    return FORMULA.sub(take, html), formulas


def put_formulas(html: str, formulas: list[Formula], rendered: list[str]) -> str:
    """Put rendered formulas in the places of those that were taken out."""

    def put(match: re.Match[str]) -> str:
        tex, displayed = formulas[int(match["number"])]
        html = rendered[int(match["number"])]
        if displayed:
            html = f'<div class="formula">{html}</div>'
        html = f"{match['before']}{html}{match['after']}"
        short = not displayed and len(tex) <= SHORT
        return f'<span class="short">{html}</span>' if short else html

    return PLACE.sub(put, html)


def put_figures(html: str, folder: Path) -> str:
    """Put the SVG files of a page's figures into the page itself."""
    count = 0

    def put(match: re.Match[str]) -> str:
        nonlocal count
        count += 1
        svg = (folder / match["path"]).read_text(encoding="utf-8")
        try:
            inline = inline_svg(svg, match["alt"], f"figure-{count}-")
        except ValueError as error:
            raise LoomError([f"{match['path']}: {error}"]) from None
        return f'<span class="figure">{inline}</span>'

    return FIGURE.sub(put, html)


def inline_svg(svg: str, alt: str, prefix: str) -> str:
    """Give a picture for a page: ids unique, colours the theme's, size flexible.

    `alt` is HTML already. Raises ValueError where the picture's own style sheet would
    change the page around it.
    """
    text = SVG_NOISE.sub("", svg).strip()
    root = SVG_ROOT.search(text)
    if not root:
        raise ValueError("not an SVG picture")
    text = SVG_ID.sub(prefix, text[root.end() :])
    text = SVG_STYLE.sub("", text)
    if "<style" in text:
        raise ValueError("a style sheet in a picture reaches the page; use attributes")
    text = SVG_COLOUR.sub(themed, SVG_DIGITS.sub("", text))
    text = text.replace("'STIXGeneral'", TIMES)
    text = re.sub(r"\n\s*", "\n", text)
    return svg_root(root["attributes"], alt, joins="*{stroke-linejoin" in svg) + text


def svg_root(attributes: str, alt: str, *, joins: bool) -> str:
    """Give the picture's first tag, with its name for those who don't see it."""
    kept = dict(re.findall(r'([\w:-]+)="([^"]*)"', attributes))
    width = pixels(kept.pop("width"))
    for name in ("height", "role", "aria-label", "version", "style"):
        kept.pop(name, None)
    shown = "".join(f' {name}="{value}"' for name, value in kept.items())
    style = f"width:{width:.0f}px;min-width:{width * SMALLEST:.0f}px"
    if joins:
        style += ";stroke-linejoin:round;stroke-linecap:butt"
    return f'<svg{shown} role="img" aria-label="{alt}" style="{style}">'


def pixels(length: str) -> float:
    """Give an SVG length, in points or pixels, in pixels."""
    match = re.fullmatch(r"([\d.]+)(pt|px|)", length)
    if not match:
        raise ValueError(f"width {length!r} is in neither points nor pixels")
    return float(match[1]) * PIXELS[match[2]]


def themed(match: re.Match[str]) -> str:
    """Give a colour of the palette by its name, so that it changes with the theme."""
    name = NAMES.get(match[0].lower())
    return f"var(--fig-{name},{match[0]})" if name else match[0]


NAMES = {colour.lower(): name for name, colour in PALETTE.items()}


def figure_css() -> str:
    """Give the style sheet with the palette's colours in light and dark."""
    light = "".join(f"--fig-{name}:{colour};" for name, colour in PALETTE.items())
    dark = "".join(f"--fig-{name}:{colour};" for name, colour in DARK.items())
    return (
        f':root{{{light}}}\n@media screen{{[data-md-color-scheme="slate"]{{{dark}}}}}\n'
    )


def mark_notes(html: str) -> str:
    """Mark the lists that explain a block, so that they don't shift the page later."""
    return NOTES.sub(r'\1<ol class="notes">', html)


def mark_latin(html: str) -> str:
    """Mark emphasis without Chinese in it, so that it stays italic among Chinese."""
    return LATIN_EMPHASIS.sub('<em lang="en">', html)


def code_anchors(html: str, *, kept: bool) -> str:
    """Keep the lines' anchors where links lead to them; no line is a link itself."""
    return CODE_ANCHOR.sub(r'<a id="\1"></a>' if kept else "", html)


def link_chunks(html: str, link: Callable[[str, int], str]) -> str:
    """Link the titles over a page's chunks to their places in the source pages.

    `link` gets a file and the number of its chunk on this page.
    """
    seen: dict[str, int] = {}

    def put(match: re.Match[str]) -> str:
        target = match["target"]
        seen[target] = seen.get(target, -1) + 1
        return f'<a href="{escape(link(target, seen[target]))}">{target}</a>'

    return CHUNK_TITLE.sub(put, html)
