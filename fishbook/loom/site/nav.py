"""Where a reader goes: titles, navigation, tables of contents, old addresses."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from markdown.extensions.toc import nest_toc_tokens
from mkdocs.structure.toc import TableOfContents, get_toc

from fishbook.loom.blocks import Heading
from fishbook.loom.book import Book, relative
from fishbook.loom.edition import WORDS, choose
from fishbook.loom.inline import plain_text
from fishbook.loom.markdown import address, woven_file
from fishbook.loom.page import Page
from fishbook.loom.problem import LoomError
from fishbook.loom.weave import source_page


def nav_of(book: Book, edition: str, targets: Iterable[str]) -> list[dict[str, Any]]:
    """Return the chapters with their pages in order, then the tangled files."""
    nav: list[dict[str, Any]] = []
    for chapter, pages in groupby(book.pages, lambda page: page.chapter):
        rows: list[Any] = [
            {title_of(book, page.headings[0], edition): woven_file(page)}
            for page in pages
        ]
        if chapter:
            title, first = next(iter(rows[0].items()))
            rows = [{title: [first, *rows[1:]]}]
        nav += rows
    files = [{target: source_page(target)} for target in targets]
    source = choose(edition, WORDS["source"], "{zh} | {en}")
    return nav + ([{source: files}] if files else [])


def title_of(book: Book, heading: Heading, edition: str) -> str:
    """Return a heading with its number, for lists: two languages are joined by |."""
    title = plain_text(choose(edition, heading.title, "{zh} | {en}"))
    return f"{book.number(heading.anchor)} {title}".strip()


def toc_of(book: Book, page: Page, edition: str) -> TableOfContents:
    """Return a page's table of contents: the book's anchors, titles without marks."""
    titles = [(x, title_of(book, x, edition)) for x in page.headings]
    tokens = [{"level": x.level, "id": x.anchor, "name": name} for x, name in titles]
    return get_toc(nest_toc_tokens(tokens))


def moved_anchors(book: Book, page: Page) -> dict[str, str]:
    """Return where a chapter's labels are now, for old addresses of one page each."""
    if not page.opens or not page.chapter:
        return {}
    return {
        label.name: f"{relative(address(page), address(label.page))}/#{label.name}"
        for label in book.labels.values()
        if label.page is not page and label.page.chapter == page.chapter
    }


def moved_to(book: Book, old: str, label: str) -> str:
    """Return the way from an old address to where a label is now."""
    found = book.labels.get(label)
    if not found:
        raise LoomError([f"mkdocs.yml: moved: {old}: no label #{label} in the book"])
    goal = f"{relative(f'{old}/', address(found.page))}/"
    return goal if found.block is found.page.headings[0] else f"{goal}#{label}"
