"""A page in one edition as Markdown that needs no plugin of ours."""

from __future__ import annotations

import re
from collections.abc import Callable

from fishbook.loom import blocks, names
from fishbook.loom.blocks import Block, Twins, fenced
from fishbook.loom.book import Book, figure_label, relative
from fishbook.loom.edition import choose, marked, titled
from fishbook.loom.inline import is_outside, linked, plain_text
from fishbook.loom.page import Page
from fishbook.loom.scan import TAG

SENTENCE = re.compile(r".+?(?:[。！？]|[.!?](?=\s|$))", re.S)
TELLING = 12
"""Letters without which a sentence alone says too little of a page."""


def woven_file(page: Page) -> str:
    """Return the file that the site makes a page of: Markdown, or a lab's notebook."""
    return f"{page.name}.ipynb" if page.is_lab else f"{page.name}.md"


def address(page: Page) -> str:
    """Return a page's address below its edition's."""
    place = page.chapter if page.opens else page.name
    return f"{place}/" if place else ""


class Weaver:
    """Writes the blocks of one page in one edition; links lead to woven files."""

    reads = " markdown"
    """What lets Python-Markdown read the words in a div; notebooks do so anyway."""

    def __init__(self, book: Book, page: Page, edition: str) -> None:
        self.book = book
        self.page = page
        self.edition = edition
        self.near: Page | None = page
        """The page whose labels need no file in a link."""

    def text(self) -> str:
        parts = [text for b in self.page.blocks if (text := self.block(b))]
        if listed := self.book.listed(self.page):
            parts.append(self.contents(listed))
        return "\n\n".join(parts) + "\n"

    def block(self, block: Block) -> str:
        """Return one block as Markdown; nothing where it isn't shown."""
        match block:
            case blocks.Heading():
                title = self.linked(self.heading(block))
                return f"{'#' * block.level} {title} {{#{block.anchor}}}"
            case blocks.Pair():
                return self.prose(block.text)
            case blocks.Code(hidden=False):
                title = f' title="{block.target}"' if block.target else ""
                return fenced(f"python{title}", names.light(block.source)).rstrip()
            case blocks.Output():
                kind = " .raises" if block.raises else ""
                return fenced(f" {{ .text .output{kind} }}", block.text).rstrip()
            case blocks.Formula():
                return self.formula(block)
            case blocks.Annotations():
                items = (self.linked(choose(self.edition, t)) for t in block.items)
                return "\n".join(f"{n}. {item}" for n, item in enumerate(items, 1))
            case blocks.Figure():
                return self.figure(block)
            case blocks.DetailsOpen():
                title = self.linked(marked(self.edition, block.summary))
                return f'<details class="solution" markdown><summary>{title}</summary>'
            case blocks.DetailsClose():
                return "</details>"
            case blocks.Fence() | blocks.Shared():
                return self.linked(block.raw.rstrip("\n"))
        return ""

    def heading(self, block: blocks.Heading) -> str:
        word = "exercise" if block.level == 3 else ""
        return titled(self.edition, self.book.number(block.anchor), block.title, word)

    def prose(self, text: Twins) -> str:
        """Return prose in the edition's language; side by side where it has both."""
        zh, en = self.linked(text.zh), self.linked(text.en)
        if self.edition != "zh-en":
            return choose(self.edition, Twins(zh, en))
        return (
            f'<div class="pair"{self.reads}>\n\n<div lang="zh"{self.reads}>\n\n{zh}\n\n'
            f'</div>\n<div lang="en"{self.reads}>\n\n{en}\n\n</div>\n\n</div>'
        )

    def formula(self, block: blocks.Formula) -> str:
        """Return a formula, its label made a number and a place to link to."""
        text = numbered_tex(self.book, block)
        if not block.label:
            return text
        return f'<div id="{block.label}"{self.reads}>\n\n{text}\n\n</div>'

    def caption(self, block: blocks.Figure) -> str:
        number = self.book.number(figure_label(block))
        return self.linked(titled(self.edition, number, block.caption, "figure"))

    def figure(self, block: blocks.Figure) -> str:
        alt = plain_text(choose(self.edition, block.alt))
        return (
            f'<figure id="{figure_label(block)}" markdown="span">\n'
            f"![{alt}]({block.path})\n"
            f'<figcaption markdown="span">{self.caption(block)}</figcaption>\n</figure>'
        )

    def contents(self, pages: list[Page]) -> str:
        """Return a list of pages, a line each; those of other chapters under these."""
        rows = []
        for page in pages:
            first = self.book.chapters[page.chapter][0]
            inner = page.chapter != self.page.chapter and page is not first
            title = titled(self.edition, self.book.number(page.anchor), page.title)
            line = plain_text(marked(self.edition, first_sentences(page, self.linked)))
            row = f"- [{title}]({self.to_file(page)})<br>{line}"
            rows.append("    " * inner + row)
        return '<div class="contents" markdown>\n\n' + "\n".join(rows) + "\n\n</div>"

    def linked(self, text: str) -> str:
        """Return a text whose links lead where the labels are now."""
        return linked(text, self.link, self.number)

    def number(self, label: str) -> str:
        """Return the link that a label without words stands for."""
        number = self.book.cited(label) if label in self.book.labels else label
        return f"[{number}]({self.to(label)})"

    def link(self, goal: str) -> str:
        """Return where a link leads to."""
        if is_outside(goal) or not goal.startswith("#"):
            return goal
        return self.to(goal[1:])

    def to(self, label: str) -> str:
        """Return the way to a label: its page's file, its anchor there."""
        found = self.book.labels.get(label)
        if not found or found.page is self.near:
            return f"#{label}"
        top = label == found.page.anchor
        return self.to_file(found.page) + ("" if top else f"#{label}")

    def to_file(self, page: Page) -> str:
        return relative(woven_file(self.page), woven_file(page))


def numbered_tex(book: Book, block: blocks.Formula) -> str:
    """Return a displayed formula with its number in place of its label."""
    number = book.number(block.label)
    tag = rf"\tag{{{number}}}" if number else ""
    return TAG.sub(lambda _: tag, block.raw.rstrip("\n"))


def first_sentences(page: Page, linked: Callable[[str], str] = str) -> Twins:
    """Return the first words of a page, a sentence or more, without marks.

    With a weaver's `linked`, labels without words are shown as their numbers.
    """
    _, text = opening(page)
    if not text:
        return page.title
    return Twins(_sentence(linked(text.zh)), _sentence(linked(text.en)))


def opening(page: Page) -> tuple[Twins, Twins | None]:
    """Return what a list of pages shows of one: its title, its first words if any."""
    texts = (block.text for block in page.blocks if isinstance(block, blocks.Pair))
    return page.title, next(texts, None)


def _sentence(text: str) -> str:
    first = plain_text(text.partition("\n\n")[0]).replace("\n", " ")
    end = 0
    for sentence in SENTENCE.finditer(first):
        end = sentence.end()
        if end >= TELLING:
            break
    return first[:end] or first
