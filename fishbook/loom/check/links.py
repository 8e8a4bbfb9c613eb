"""Titles, labels and links: each label once, each link to one, each figure drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import TypeAlias

from fishbook.loom.blocks import (
    Annotations,
    Blank,
    Block,
    Comment,
    DetailsOpen,
    Figure,
    Heading,
    Pair,
    Shared,
    Twins,
)
from fishbook.loom.book import Book
from fishbook.loom.check.form import problem
from fishbook.loom.inline import Span, is_outside, spans
from fishbook.loom.problem import Problem

Rule: TypeAlias = Callable[[Book], Iterator[Problem]]


def titles(book: Book) -> Iterator[Problem]:
    """A page begins with its title, by which lists and links name it."""
    for page in book.pages:
        block = next((b for b in page.blocks if type(b) not in {Blank, Comment}), None)
        if not (isinstance(block, Heading) and block.level == 1):
            what = "this page does not begin with its title"
            yield problem(page, 1, what, "begin with # 中文 | English {#anchor}")
        for heading in page.headings:
            if heading.level == 1 and heading is not block:
                what = "a second title: a page is about one thing"
                yield problem(page, heading, what, "write ##, or begin another page")


def labels_once(book: Book) -> Iterator[Problem]:
    """Anchors, formulas and figures have names that no other place has."""
    for label in book.all_labels():
        first = book.labels[label.name]
        if label.name and first.block is not label.block:
            where = f"{first.page.path}:{first.block.line}"
            what = f"{{#{label.name}}} stands at {where} too"
            yield problem(label.page, label.block, what, "give this one another name")


def known_links(book: Book) -> Iterator[Problem]:
    """A link leads outside, to a label, or to a file under docs/."""
    for page in book.pages:
        for block in page.blocks:
            for span in (span for text in texts(block) for span in spans(text)):
                if wrong := _broken(book, page.chapter, span):
                    fix = "link to (#label) of a heading, formula or figure"
                    yield problem(page, block, wrong, fix)


def texts(block: Block) -> Iterator[str]:
    """Yield the words of a block, which may hold links."""
    twins: list[Twins] = []
    match block:
        case Pair():
            twins = [block.text]
        case Heading():
            twins = [block.title]
        case Figure():
            twins = [block.caption]
        case DetailsOpen():
            twins = [block.summary]
        case Annotations():
            twins = list(block.items)
        case Shared():
            yield block.raw
    for pair in twins:
        yield from (pair.zh, pair.en)


def _broken(book: Book, folder: str, span: Span) -> str:
    """Say what is wrong with a link, or nothing."""
    link, label = span.text, span.text.removeprefix("#")
    if span.kind not in {"link", "number"} or is_outside(link):
        return ""
    if span.kind == "number" or link.startswith("#"):
        if label not in book.labels:
            return f"link #{label}: no such label in the book"
        if span.kind == "number" and not book.number(label):
            return f"link #{label}: it has no number, so the link needs words"
        return ""
    if link.partition("#")[0].endswith(".md"):
        return f"link {link}: pages move, labels stay"
    file = (book.docs / folder / link).resolve()
    if not file.is_relative_to(book.docs.resolve()):
        return f"link {link}: it leaves docs/"
    return "" if file.is_file() else f"link {link}: there is no such file"


def drawn_figures(book: Book) -> Iterator[Problem]:
    """Every file in a figures folder is drawn by a block."""
    drawn = {
        PurePosixPath(page.path.parent, block.path)
        for page in book.pages
        for block in page.blocks
        if isinstance(block, Figure)
    }
    for path in sorted(book.docs.rglob("figures/*")):
        shown = PurePosixPath(path.relative_to(book.root).as_posix())
        if shown not in drawn:
            yield Problem(shown, 1, "no block draws this figure", "delete the file")


RULES: tuple[Rule, ...] = (titles, labels_once, known_links, drawn_figures)
