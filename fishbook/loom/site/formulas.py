"""Formulas: taken out of a page, rendered by KaTeX at the build, put back."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from html import unescape
from pathlib import Path
from typing import TypeAlias

from fishbook.loom import disk
from fishbook.loom.problem import LoomError

KATEX = "node_modules/katex"
SCRIPT = Path(__file__).with_name("katex.mjs")
MARKED = re.compile(
    r'<(?P<tag>span|div) class="arithmatex">\\[(\[](?P<tex>.*?)\\[)\]]</(?P=tag)>', re.S
)
PLACE = re.compile(
    r"(?P<before>[（「『“‘(]?)<!--formula (?P<number>\d+)-->"
    r"(?P<after>[，。、；：？！）」』”’,.;:?!)]*)"
)
STYLED = re.compile(r'(?: class="(?P<class>[^"]*)")? style="(?P<style>[^"]*)"')
FONTS = {
    "katex": "Main-Regular",
    "mathnormal": "Math-Italic",
    "mathbf": "Main-Bold",
    "mathit": "Main-Italic",
    "boldsymbol": "Math-BoldItalic",
    "mathbb": "AMS-Regular",
    "amsrm": "AMS-Regular",
    "mathcal": "Caligraphic-Regular",
    "mathtt": "Typewriter-Regular",
    "op-symbol small-op": "Size1-Regular",
    "delimsizing size1": "Size1-Regular",
    "delimsizing size2": "Size2-Regular",
    "delimsizing size3": "Size3-Regular",
    "delimsizing size4": "Size4-Regular",
}
"""KaTeX's fonts, by the classes that ask for them."""
SHORT = 30
"""Formulas with no more TeX than this stay on one line with the marks beside them."""

Formula: TypeAlias = tuple[str, bool]
"""TeX, and whether it is displayed."""


def take(html: str) -> tuple[str, list[Formula]]:
    """Take the formulas out of a page, to be rendered together, and put back."""
    formulas: list[Formula] = []

    def taken(match: re.Match[str]) -> str:
        formulas.append((unescape(match["tex"]).strip(), match["tag"] == "div"))
        return f"<!--formula {len(formulas) - 1}-->"

    return MARKED.sub(taken, html), formulas


def put(html: str, formulas: list[Formula], rendered: Mapping[Formula, str]) -> str:
    """Put rendered formulas in the places of those that were taken out."""

    def shown(match: re.Match[str]) -> str:
        tex, displayed = formula = formulas[int(match["number"])]
        html = STYLED.sub(_classed, rendered[formula])
        if displayed:
            return f'{match["before"]}<div class="formula">{html}</div>{match["after"]}'
        html = f"{match['before']}{html}{match['after']}"
        return f'<span class="short">{html}</span>' if len(tex) <= SHORT else html

    return PLACE.sub(shown, html)


def fonts(formulas: Iterable[Formula], rendered: Mapping[Formula, str]) -> list[str]:
    """Return the fonts of formulas within lines, which move when one comes late."""
    lines = " ".join(rendered[formula] for formula in formulas if not formula[1])
    found = (name for word, name in FONTS.items() if re.search(rf"\b{word}\b", lines))
    return list(dict.fromkeys(found))


def _classed(match: re.Match[str]) -> str:
    names = [match["class"] or "", style_class(match["style"])]
    return f' class="{" ".join(filter(None, names))}"'


def style_class(style: str) -> str:
    """Return the name of a style."""
    return "k" + hashlib.sha256(style.encode()).hexdigest()[:7]


def styles(rendered: Iterable[str]) -> frozenset[str]:
    """Return the styles that rendered formulas have."""
    found = (match["style"] for html in rendered for match in STYLED.finditer(html))
    return frozenset(found)


def style_sheet(styles: Iterable[str]) -> str:
    """Return the style sheet of classes that stand for styles."""
    return "".join(
        f".{style_class(style)}{{{style.rstrip(';').replace(';', '!important;')}"
        "!important}"
        for style in sorted(styles)
    )


class WrongFormulasError(LoomError):
    """TeX that KaTeX can't read: `wrong` says for each formula why."""

    def __init__(self, wrong: Mapping[Formula, str]) -> None:
        self.wrong = wrong
        super().__init__(
            f"{why}; mend the formula {tex!r}" for (tex, _), why in wrong.items()
        )


class Katex:
    """KaTeX of a book's folder; what was rendered is kept, in memory and on disk."""

    def __init__(self, root: Path) -> None:
        self.folder = root / KATEX
        self.kept = root / ".cache" / "fishbook" / "formulas.json"
        self.known: dict[str, str] = {}

    def render(self, formulas: Iterable[Formula]) -> dict[Formula, str]:
        """Return the HTML of formulas; call Node once for all that are new.

        Raises
        ------
        LoomError
            If TeX is wrong, or Node or KaTeX is not installed.
        """
        module = self.folder / "dist" / "katex.mjs"
        if not module.exists():
            raise LoomError([f"formulas need {KATEX}; run `make setup` or `npm ci`"])
        maker = (self.folder / "package.json").read_bytes() + SCRIPT.read_bytes()
        keys = {
            formula: hashlib.sha256(maker + repr(formula).encode()).hexdigest()
            for formula in formulas
        }
        if not self.known and self.kept.exists():
            self.known = json.loads(self.kept.read_text(encoding="utf-8"))
        new = [formula for formula, key in keys.items() if key not in self.known]
        if new:
            made = zip(new, ask_node(module, new), strict=True)
            self.known |= {keys[formula]: html for formula, html in made}
            disk.write(self.kept, json.dumps(self.known, ensure_ascii=False))
        return {formula: self.known[key] for formula, key in keys.items()}


@cache
def katex(root: Path) -> Katex:
    """Return the one KaTeX of a book's folder."""
    return Katex(root)


def ask_node(module: Path, formulas: list[Formula]) -> list[str]:
    """Render formulas in one run of Node; name those whose TeX is wrong."""
    beside = shutil.which("node", path=str(Path(sys.executable).parent))
    node = beside or shutil.which("node")
    if not node:
        raise LoomError(["formulas need Node; run `make setup`"])
    done = subprocess.run(
        [node, str(SCRIPT), str(module)],
        input=json.dumps(formulas),
        capture_output=True,
        encoding="utf-8",
    )
    if done.returncode:
        raise LoomError([f"Node stopped: {done.stderr.strip()}; run `npm ci`"])
    answers: list[dict[str, str]] = json.loads(done.stdout)
    pairs = zip(formulas, answers, strict=True)
    if wrong := {f: answer["error"] for f, answer in pairs if "error" in answer}:
        raise WrongFormulasError(wrong)
    return [answer["html"] for answer in answers]
