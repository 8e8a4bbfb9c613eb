"""Titles, labels and links: each label once, each link to one."""

from __future__ import annotations

from collections.abc import Iterator

from fishbook.loom import blocks
from fishbook.loom.book import Book
from fishbook.loom.check.files import Rule, file_of
from fishbook.loom.check.form import problem, spans_of
from fishbook.loom.inline import Span, is_outside
from fishbook.loom.problem import Problem

EMPTY = {blocks.Blank, blocks.Comment}


def titles(book: Book) -> Iterator[Problem]:
    """A page begins with its title, by which lists and links name it."""
    for page in book.pages:
        block = next((b for b in page.blocks if type(b) not in EMPTY), None)
        if not (isinstance(block, blocks.Heading) and block.level == 1):
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
    fix = "link to (#label) of a heading, formula or figure"
    for page in book.pages:
        for block, span in spans_of(page):
            if wrong := _broken(book, page.chapter, span):
                yield problem(page, block, wrong, fix)


def _broken(book: Book, folder: str, span: Span) -> str:
    link = span.text
    if span.kind not in {"link", "number"} or is_outside(link):
        return ""
    label = link.removeprefix("#")
    if span.kind == "number" or link.startswith("#"):
        if label not in book.labels:
            return f"link #{label}: no such label in the book"
        if span.kind == "number" and not book.number(label):
            return f"link #{label}: it has no number, so the link needs words"
        return ""
    if link.partition("#")[0].endswith(".md"):
        return f"link {link}: pages move, labels stay"
    file = file_of(folder, link)
    if file.startswith(("..", "/")):
        return f"link {link}: it leaves docs/"
    there = (book.docs / file).is_file()
    return "" if there else f"link {link}: there is no such file"


RULES: tuple[Rule, ...] = (titles, labels_once, known_links)
