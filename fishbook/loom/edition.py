"""The editions, and every word that the site itself says, in both languages."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TypeAlias

from fishbook.loom.blocks import Twins
from fishbook.loom.inline import split_twins

EDITIONS = ("zh", "en", "zh-en")
NAMES = {"zh": "中文", "en": "English", "zh-en": "中文 · English"}

IN_SVG = re.compile(r'(?<=>)[^<>]* \| [^<>]*(?=<)|(?<=aria-label=")[^"]* \| [^"]*(?=")')
"""Words in a picture that stand there in both languages."""

Words: TypeAlias = dict[str, Twins]

OF_FIGURES: dict[str, Words] = {
    kind: {key: Twins(*pair) for key, pair in said.items()}
    for kind, said in tomllib.loads(
        Path(__file__).with_name("words.toml").read_text(encoding="utf-8")
    ).items()
}
"""The words of each kind of figure that readers work with."""
WORDS = OF_FIGURES.pop("site")
"""All other words of the site."""


def words(edition: str, said: Words = WORDS) -> dict[str, str]:
    """Return words in an edition; the one of both says both."""
    return {key: choose(edition, twins) for key, twins in said.items()}


def language(edition: str) -> str:
    """Return the language that an edition's pages are in first of all."""
    return "en" if edition == "en" else "zh"


def choose(edition: str, twins: Twins, both: str = "{zh} {en}") -> str:
    """Return the words of an edition; `both` shapes those of the bilingual one."""
    if edition == "zh" or twins.zh == twins.en:
        return twins.zh
    if edition == "en":
        return twins.en
    return both.format(zh=twins.zh, en=twins.en)


def marked(edition: str, twins: Twins) -> str:
    """Return words in an edition as HTML, the English beside Chinese marked as such."""
    return choose(edition, twins, '{zh} <span lang="en">{en}</span>')


def titled(edition: str, number: str, twins: Twins, word: str = "") -> str:
    """Return a title with its number; `word` says of what: `Figure 2.7 …`."""
    if not number:
        return marked(edition, twins)
    if not word:
        return f"{number} {marked(edition, twins)}"
    zh, en = (form.format(number) for form in WORDS[word])
    return marked(edition, Twins(f"{zh} {twins.zh}", f"{en} {twins.en}"))


def weave_svg(svg: str, edition: str) -> str:
    """Return a picture with the words of one edition; the text stays text."""

    def said(match: re.Match[str]) -> str:
        twins = split_twins(match[0])
        return choose(edition, twins) if twins.en else match[0]

    return IN_SVG.sub(said, svg)


def draw_words(edition: str) -> dict[str, list[tuple[str, str]]]:
    """Return the words of the board for drawing: pairs of language and text."""
    languages = edition.split("-")
    return {
        key: [pair for pair in twins._asdict().items() if pair[0] in languages]
        for key, twins in OF_FIGURES["draw"].items()
    }
