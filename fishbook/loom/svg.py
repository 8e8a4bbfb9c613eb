"""The words in a picture: one edition's are kept, and the text stays text."""

from __future__ import annotations

import re

from fishbook.loom.edition import choose
from fishbook.loom.inline import split_twins

WORDS = re.compile(r'(?<=>)[^<>]* \| [^<>]*(?=<)|(?<=aria-label=")[^"]* \| [^"]*(?=")')


def weave_svg(svg: str, edition: str) -> str:
    """Return a picture with the words of one edition."""

    def words(match: re.Match[str]) -> str:
        twins = split_twins(match[0])
        return choose(edition, twins) if twins.en else match[0]

    return WORDS.sub(words, svg)
