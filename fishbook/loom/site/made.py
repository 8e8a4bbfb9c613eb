"""One edition as it was last made: what it was made from, and what has to be redone."""

from __future__ import annotations

import contextlib
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
from mkdocs.commands.build import _build_page, _populate_page
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page as SitePage

from fishbook.loom import disk
from fishbook.loom.blocks import Figure
from fishbook.loom.book import Book
from fishbook.loom.markdown import woven_file
from fishbook.loom.page import Page
from fishbook.loom.site import formulas, nav, settle
from fishbook.loom.tangle import Tangled, tangle
from fishbook.loom.weave import Part, edition_parts, weave_edition

SITE = Path(__file__).parent


@dataclass
class Made:
    """An edition of a book, woven into a folder and made a site by MkDocs.

    MkDocs' own `files`, `nav` and `env` are kept, so that one page can be made anew.
    """

    root: Path
    edition: str
    woven: Path
    root_url: str
    moved: dict[str, str]
    config: MkDocsConfig
    files: Files = field(init=False)
    nav: Navigation = field(init=False)
    env: jinja2.Environment = field(init=False)
    index: Any = field(init=False)
    """The search plugin's index of this edition."""
    todo: set[str] = field(default_factory=set)
    """Woven files that changed, and are not in the site yet."""

    def __post_init__(self) -> None:
        """Weave all of the edition, once the book is known to be sound."""
        self.settled: dict[str, Page] = {}
        self.read()
        self.settle()
        weave_edition(self.book, self.edition, self.woven, self.root_url)
        self.of = {name: part.of for name, part in self.parts().items()}
        self.beyond = {
            name: self.beyond_text(page) for name, page in self.pages.items()
        }
        self.frame = self.framed()

    def read(self) -> None:
        """Read the book as it is now."""
        book = Book.load(self.root)
        self.tangled: dict[str, Tangled] = tangle(book)
        self.book = book
        self.pages: dict[str, Page] = {woven_file(page): page for page in book.pages}

    def parts(self) -> dict[str, Part]:
        """Return the edition's files as the book is now."""
        return edition_parts(self.book, self.edition, self.root_url)

    def settle(self) -> None:
        """Raise where a page that changed has a figure or a formula that is wrong."""
        pages = [
            page
            for name, page in self.pages.items()
            if name in self.todo or self.settled.get(name) is not page
        ]
        settle.require_figures(self.book, pages)
        settle.render_formulas(self.book, pages, formulas.katex(self.root))
        self.settled = self.pages

    def framed(self) -> tuple[Any, ...]:
        """Return what every page shows, so that a change of it concerns them all."""
        goals = [nav.moved_to(self.book, *pair) for pair in self.moved.items()]
        settings = [disk.stamps(Path(path)) for path in self.settings]
        return nav.nav_of(self.book, self.edition, self.tangled), goals, settings

    @property
    def settings(self) -> list[str]:
        """The files, and folders of them, that the site needs beside the book."""
        theme = filter(None, [self.config.theme.custom_dir])
        configured = [str(self.config.config_file_path), *self.config.watch]
        return list(dict.fromkeys([*configured, str(SITE), *theme]))

    def beyond_text(self, page: Page) -> Hashable:
        """Return what a page shows that its woven text doesn't say."""
        places = self.book.places if page.opens else ()
        figures = (block for block in page.blocks if isinstance(block, Figure))
        stamps = tuple(self.book.stamp(page, figure) for figure in figures)
        chunks = (cell.code for cell in page.cells if cell.code.target)
        lines = tuple(self.tangled[code.target].line_of(code) for code in chunks)
        return places, stamps, lines

    # Once more

    def update(self) -> bool:
        """Make anew the pages that changed; return False where all have to be."""
        self.read()
        parts = self.parts()
        if self.frame != self.framed() or parts.keys() != self.of.keys():
            return False
        self.weave(parts)
        self.settle()
        self.build()
        return True

    def weave(self, parts: dict[str, Part]) -> None:
        """Write the woven files whose text changed, and note what is to be done."""
        for name, part in parts.items():
            if part.of != self.of[name]:
                if disk.write(self.woven / name, part.text()):
                    self.todo.add(name)
                self.of[name] = part.of
        for name, page in self.pages.items():
            if (now := self.beyond_text(page)) != self.beyond[name]:
                self.todo.add(name)
                self.beyond[name] = now

    def build(self) -> None:
        """Let MkDocs make what is to be done, as in a whole build."""
        plugin: Any = self.config.plugins["fishbook"]
        plugin.made = self
        found = map(self.files.get_file_from_path, sorted(self.todo))
        pages: list[SitePage] = []
        for file in filter(None, found):
            if file.page:
                _populate_page(file.page, self.config, self.files)
                pages.append(file.page)
            else:
                file.copy_file()
        documents = self.files.documentation_pages()
        with self.searched(pages, [file.page for file in documents if file.page]):
            for page in pages:
                _build_page(page, self.config, documents, self.nav, self.env)
        level = self.config.validation.links.anchors
        for page in pages:
            page.validate_anchor_links(files=self.files, log_level=level)
        self.todo.clear()

    @contextlib.contextmanager
    def searched(
        self, pages: list[SitePage], all_pages: list[SitePage]
    ) -> Iterator[None]:
        """Take what is found on pages into the index anew, in the order of all pages.

        MkDocs has one search plugin for all editions, and gives it this one's index.
        """
        search: Any = self.config.plugins["material/search"]
        index = self.index
        again, order = {page.url for page in pages}, [page.url for page in all_pages]
        places = {url: place for place, url in enumerate(order)}
        before, index.entries, search.search_index = index.entries, [], index
        try:
            yield
        except BaseException:
            index.entries = before
            raise
        index.entries += [entry for entry in before if page_of(entry) not in again]
        index.entries.sort(key=lambda entry: places[page_of(entry)])
        search.on_post_build(config=self.config)


def page_of(entry: dict[str, str]) -> str:
    """Return the address of the page that an entry of the search index is of."""
    return entry["location"].partition("#")[0]
