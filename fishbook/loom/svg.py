"""The words in a picture: one edition's are kept, and the text stays text."""

from __future__ import annotations

import re

from fishbook.loom.blocks import Twins
from fishbook.loom.edition import choose

WORDS = re.compile(r"(?<=>)([^<>]*?) \| ([^<>]*)(?=<)")
LABEL = re.compile(r'(?<=aria-label=")([^"]*?) \| ([^"]*)(?=")')


def weave_svg(svg: str, edition: str) -> str:
    """Return a picture with the words of one edition."""

    def words(match: re.Match[str]) -> str:
        return choose(edition, Twins(match[1], match[2]))

    return LABEL.sub(words, WORDS.sub(words, svg))
