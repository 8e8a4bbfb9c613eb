"""Code, formulas, links and words within a text, read in one place."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from fishbook.loom.blocks import Twins

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

SPAN = re.compile(
    r"(?P<fence>^[ \t]*(?P<mark>`{3,}|~{3,}).*?^[ \t]*(?P=mark)[ \t]*$)"
    r"|(?P<escape>\\[\\$`])"
    r"|(?P<code>(?P<tick>`+)(?!`)(?P<inside>.*?)(?<!`)(?P=tick)(?!`))"
    r"|(?P<formula>\$\$.*?\$\$|\$[^$]+\$)"
    r"|\[\]\(#(?P<number>[^()\s]+)\)"
    r"|(?<=\]\()(?P<link>[^()\s]+)(?=[^()]*\))",
    re.S | re.M,
)
"""Tried from left to right, so that nothing in code counts as a formula or a link."""
OUTSIDE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")
NAMED = re.compile(r"\\(?:mathbf|mathrm|text|boldsymbol|tilde)\{([^{}]*)\}")
FRACTION = re.compile(
    r"\\[dt]?frac\{((?:[^{}]|\{[^{}]*\})*)\}\{((?:[^{}]|\{[^{}]*\})*)\}"
)
POWER = re.compile(r"\^(?:\{([-\d]+)\}|(\d))")
RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
COMMAND = re.compile(r"\\(?:([A-Za-z]+)|.)")
SIGNS = {
    **dict.fromkeys(("ln", "exp", "log", "max", "min", "lim", "arg", "tanh")),
    **{"cdot": "·", "times": "×", "le": "≤", "ge": "≥", "approx": "≈", "top": "ᵀ"},
    **{"to": "→", "leftarrow": "←", "partial": "∂", "nabla": "∇", "sum": "∑"},
    **{"dots": "…", "ldots": "…", "cdots": "…", "infty": "∞", "ell": "ℓ"},
    **{"lVert": "‖", "rVert": "‖", "lvert": "|", "rvert": "|"},
    **{"varepsilon": "ε", "varphi": "φ"},
}
"""TeX's commands as letters; those without are words that are read as they stand."""
BRACKETS = re.compile(r"\([^()\n]*\)|\[[^\[\]\n]*\]")
NUMBER = re.compile(
    r"(?:(?<![A-Za-z0-9_)\]])[-−]|负\s?|\bminus\s)?"
    r"\d+(?:,\d{3})*(?:\.\d+)?(?:[eE][-+−]?\d+)?(?:\s?[%％])?"
)
PLAIN = str.maketrans(
    {"％": "%", ",": "", " ": "", "\u00a0": "", "\u202f": "", "−": "-", "负": "-"}
)
SPELT = {str(n) for n in range(11)}
PARTS = {
    "paragraph_open": "paragraph",
    "list_item_open": "list item",
    "th_open": "table cell",
    "td_open": "table cell",
}


class Span(NamedTuple):
    """A piece of a text: `code`, `formula`, `link`, or `number` (a link without text).

    `text` is what matters of it: the code, the TeX with its dollars, where it leads.
    """

    kind: str
    text: str


def spans(text: str) -> Iterator[Span]:
    """Yield the code, formulas and links of a text in order."""
    for match in SPAN.finditer(text):
        kind = match.lastgroup or ""
        if kind in {"formula", "number", "link"}:
            yield Span(kind, match[kind])
        elif kind == "code":
            yield Span(kind, match["inside"].strip())


def facts(text: str) -> dict[str, Counter[str]]:
    """Count what twins must share: formulas, code, links inside, numbers, parts.

    Numbers up to ten don't count, since a language may write them as words.
    """
    kinds = ("formulas", "inline code", "links", "numbers", "parts")
    found = {kind: Counter[str]() for kind in kinds}
    for span in spans(text):
        if span.kind == "formula":
            found["formulas"][re.sub(r"\s+", " ", span.text)] += 1
        elif span.kind == "code":
            found["inline code"][span.text] += 1
        elif not is_outside(span.text):
            found["links"][span.text.removeprefix("#")] += 1
    for token in tokens(text):
        if token.type in PARTS:
            found["parts"][PARTS[token.type]] += 1
        elif token.type == "text":
            read = NUMBER.findall(token.content)
            numbers = (n.replace("minus", "-").translate(PLAIN) for n in read)
            found["numbers"].update(n for n in numbers if n.strip("-") not in SPELT)
    return found


def is_outside(link: str) -> bool:
    """Return whether a link leaves the book."""
    return bool(OUTSIDE.match(link))


def linked(text: str, link: Callable[[str], str], number: Callable[[str], str]) -> str:
    """Return a text with `link` of each link's goal, and `number` of bare labels."""

    def put(match: re.Match[str]) -> str:
        if match["link"] is not None:
            return link(match["link"])
        return number(match["number"]) if match["number"] is not None else match[0]

    return SPAN.sub(put, text) if "](" in text else text


def words(text: str) -> str:
    """Return a text without its code and formulas: what a reader reads as words."""
    return SPAN.sub(lambda m: m[0] if m.lastgroup in {"link", "number"} else "", text)


def split_twins(text: str) -> Twins:
    """Split `中文 | English` at its one ` | ` outside code, formulas and brackets.

    Where there is no such place, or more than one, all of it is `zh`, and `en` empty.
    """
    masked = BRACKETS.sub(_crosses, SPAN.sub(_crosses, text))
    at = masked.find(" | ")
    if at < 0 or masked.count(" | ") > 1:
        return Twins(text.strip(), "")
    return Twins(text[:at].strip(), text[at + 3 :].strip())


def _crosses(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", "x", match[0])


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable("table")


@lru_cache(maxsize=16384)
def tokens(text: str) -> tuple[Token, ...]:
    """Return what another Markdown parser finds in a text, formulas left out.

    The pieces of each line follow it. A reference that is defined counts as a piece of
    the type `reference`.
    """
    from markdown_it.token import Token

    def plain(match: re.Match[str]) -> str:
        return _crosses(match) if match.lastgroup == "formula" else match[0]

    env: dict[str, Any] = {}
    found: list[Token] = []
    for token in _parser().parse(SPAN.sub(plain, text), env):
        found += [token, *(token.children or [])]
    found += [Token("reference", "", 0, content=r) for r in env.get("references", {})]
    return tuple(found)


@lru_cache(maxsize=16384)
def plain_text(markdown: str) -> str:
    """Return a line without marks and TeX, for a reader who hears it."""
    text = re.sub(r"\[([^\]]*)\]\([^()]*\)", r"\1", markdown)
    pieces = re.split(r"`([^`]*)`", text)
    for n, piece in enumerate(pieces[::2]):
        read = re.sub(r"\$([^$]*)\$", lambda match: _read(match[1]), piece)
        pieces[2 * n] = read.replace("*", "")
    return "".join(pieces).replace("[", "(").replace("]", ")")


def _read(tex: str) -> str:
    """Return a short formula as letters and signs alone."""

    def sign(command: re.Match[str]) -> str:
        name = command[1] or ""
        if name in SIGNS:
            return SIGNS[name] or name
        try:
            return unicodedata.lookup(f"greek small letter {name}")
        except KeyError:
            return ""

    text = NAMED.sub(r"\1", NAMED.sub(r"\1", tex))  # one may hold another
    text = FRACTION.sub(r"\1/\2", text)
    text = POWER.sub(lambda m: (m[1] or m[2]).translate(RAISED), text)
    text = re.sub(r"_(\{\w+\}|\w)", r"\1", text)
    return re.sub(r"[{}]", "", COMMAND.sub(sign, text))
