"""Every rule of the book's grammar, each finding with file:line and what to do.

`form` and `fences` judge the blocks of a page, `words` the two languages, `files` what
lies under docs/, `links` where they lead, `code` what is tangled, `order` what is run,
`tolerances` how far numbers and figures may be off. A rule is a function from the book,
or from a page, to problems; add it to the list of its kind. Those of SOUND and
SOUND_PAGE hold before anything is tangled, run or built; the others are only reported.
Those of OF_A_WHOLE_BOOK say what is missing, as it may be while a book is begun.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import PurePath

from fishbook.loom.book import Book
from fishbook.loom.check import (
    code,
    fences,
    files,
    form,
    links,
    order,
    tolerances,
    words,
)
from fishbook.loom.page import Page
from fishbook.loom.problem import Problem, refuse

SOUND_PAGE = (*form.RULES, *fences.RULES, *code.SOUND_PAGE)
OF_A_PAGE = (*SOUND_PAGE, *words.RULES, code.other_parsers)
OF_THE_BOOK = (
    *files.RULES,
    *links.RULES,
    *code.RULES,
    *order.RULES,
    *tolerances.RULES,
)
OF_A_WHOLE_BOOK = files.WHOLE
SOUND = (*files.SOUND, *code.SOUND)


def check(book: Book) -> list[Problem]:
    """Return everything that breaks the grammar, in the order of the pages."""
    found = _of_pages(book, OF_A_PAGE) + [p for rule in OF_THE_BOOK for p in rule(book)]
    place: dict[PurePath, int] = {page.path: i for i, page in enumerate(book.pages)}
    last = len(place)
    return sorted({*found}, key=lambda p: (place.get(p.path, last), p.line, p.what))


def missing(book: Book) -> list[Problem]:
    """Return what a whole book has, and this one lacks."""
    return [problem for rule in OF_A_WHOLE_BOOK for problem in rule(book)]


def unsound(book: Book) -> list[Problem]:
    """Return what keeps the book's blocks from being run and tangled."""
    found = _of_pages(book, SOUND_PAGE)
    return sorted({*found, *(p for rule in SOUND for p in rule(book))})


def require_sound(book: Book) -> None:
    """Raise where a block can't be understood: nothing may get lost."""
    refuse(unsound(book))


def _of_pages(book: Book, rules: tuple[form.Rule, ...]) -> list[Problem]:
    return [p for page in book.pages for p in _of_page(page, rules)]


@lru_cache(maxsize=16384)
def _of_page(page: Page, rules: tuple[form.Rule, ...]) -> list[Problem]:
    return [p for rule in rules for p in rule(page)]
