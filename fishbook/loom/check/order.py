"""The order of the code: nothing used before its page, nothing hidden or rebound."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from fishbook.loom import names
from fishbook.loom.book import Book, is_appendix
from fishbook.loom.check.files import Rule
from fishbook.loom.check.form import problem
from fishbook.loom.page import Page
from fishbook.loom.problem import Problem

Place: TypeAlias = tuple[int, int, Page]
"""A page's place in the book, the line there, the page."""


def nothing_early(book: Book) -> Iterator[Problem]:
    """A page imports what it or an earlier page defines; appendices serve all.

    An example on a page that opens the book, or a chapter, may show where it leads.
    """
    defined = _places(book)
    for place, page in enumerate(book.pages):
        known: dict[str, str] = {}
        for cell in page.cells:
            if page.opens and not cell.code.target:
                continue
            file = cell.code.target.removesuffix(".py").replace("/", ".")
            for row, dotted in names.reached(cell.code.source, file, known):
                at = cell.code.first_line + row - 1
                found = defined.get(dotted)
                if found and found[:2] > (place, at):
                    name = dotted.rpartition(".")[2]
                    what = f"{name} comes later, at {found[2].path}:{found[1]}"
                    fix = "use only what this or an earlier page defines"
                    yield problem(page, at, what, fix)


def _places(book: Book) -> dict[str, Place]:
    """Return where each module, and each name in it, first stands in a chapter."""
    found: dict[str, Place] = {}
    for target, parts in book.files.items():
        module = names.module_name(target)
        for page, definition in parts:
            if is_appendix(page):
                found.setdefault(module, (-1, 0, page))
                continue
            line = definition.parts[0].first_line
            found.setdefault(module, (book.order[page], line, page))
            for name, line in names.definitions(names.parse(definition.source)):
                found.setdefault(f"{module}.{name}", (book.order[page], line, page))
    return found


def nothing_hidden(book: Book) -> Iterator[Problem]:
    """Visible code runs if it is copied in order: it needs nothing from hidden code."""
    for page in book.pages:
        hidden: dict[str, int] = {}
        for cell in page.cells:
            source = cell.code.source
            made = names.made_names(source)
            if cell.code.hidden:
                hidden |= dict.fromkeys(made, cell.code.line)
                continue
            # What is needed is found out statement by statement, which takes longest.
            named = hidden.keys() & (names.used_names(source) | made)
            for name in sorted(named and named & names.needed_names(source)):
                what = f"{name} is set by hidden code at line {hidden[name]}"
                fix = "define or import it in sight"
                yield problem(page, cell.code, what, fix)
            hidden = {name: at for name, at in hidden.items() if name not in made}


def nothing_rebound(book: Book) -> Iterator[Problem]:
    """An example leaves alone what the page's chunks use: a notebook has one space."""
    for page in book.pages:
        used: dict[str, int] = {}
        for cell in page.cells:
            source = cell.code.source
            if cell.code.target:
                made = names.made_names(source)
                used |= dict.fromkeys(made & names.used_names(source), cell.code.line)
                continue
            for name in sorted(names.changed_names(source) & used.keys()):
                what = f"{name} is also what the chunk at line {used[name]} uses"
                yield problem(page, cell.code, what, "give this one another name")


RULES: tuple[Rule, ...] = (nothing_early, nothing_hidden, nothing_rebound)
