"""The two languages: the same facts in both, and no words outside them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fishbook.loom.blocks import Pair, Shared
from fishbook.loom.check.form import Rule, problem
from fishbook.loom.inline import facts, words
from fishbook.loom.page import Page
from fishbook.loom.problem import Problem

CHINESE = re.compile(r"[\u3400-\u9fff\uff00-\uffef\u3000-\u303f]")
LATIN = re.compile(r"[A-Za-z]{2,}")


def same_facts(page: Page) -> Iterator[Problem]:
    """Twins have the same formulas, inline code and links in them."""
    for block in page.blocks:
        if not isinstance(block, Pair):
            continue
        zh, en = facts(block.text.zh), facts(block.text.en)
        for kind in zh:
            if zh[kind] != en[kind]:
                only_zh = sorted((zh[kind] - en[kind]).elements())
                only_en = sorted((en[kind] - zh[kind]).elements())
                what = (
                    f"{kind} differ between the twins:"
                    f" only zh {only_zh or 'none'}, only en {only_en or 'none'}"
                )
                yield problem(page, block, what, "say the same in both")


def no_empty_pairs(page: Page) -> Iterator[Problem]:
    """A pair says something, in both languages."""
    for block in page.blocks:
        if isinstance(block, Pair) and not (block.text.zh and block.text.en):
            what, fix = "this div is empty", "write it, or delete both"
            yield problem(page, block, what, fix)


def no_loose_words(page: Page) -> Iterator[Problem]:
    """Words stand in language divs; outside are tables of numbers, and HTML."""
    for block in page.blocks:
        if not isinstance(block, Shared):
            continue
        table_or_html = block.raw.lstrip().startswith(("|", "<"))
        bare = words(block.raw)
        if CHINESE.search(bare) or (not table_or_html and LATIN.search(bare)):
            what = "words outside a language div"
            yield problem(page, block, what, "put them in a zh div and its en twin")


RULES: tuple[Rule, ...] = (same_facts, no_empty_pairs, no_loose_words)
