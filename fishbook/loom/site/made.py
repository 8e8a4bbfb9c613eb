"""One edition as it was last made: what it was made from, and what has to be redone."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
from mkdocs.commands.build import _build_page, _populate_page
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation

from fishbook.loom import disk
from fishbook.loom.blocks import Figure
from fishbook.loom.book import Book
from fishbook.loom.edition import language, words
from fishbook.loom.markdown import woven_file
from fishbook.loom.page import Page
from fishbook.loom.site import figures, formulas, nav, search, settle
from fishbook.loom.site.assets import style_sheet
from fishbook.loom.tangle import Tangled, tangle
from fishbook.loom.weave import LIST, Part, edition_parts, weave_edition

SITE = Path(__file__).parent
FIGURE = re.compile(r"(?:.*/)?figures/[^/]+\.svg")


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
    todo: set[str] = field(default_factory=set)
    """Woven files that changed; their pages are made when someone asks for them."""

    def __post_init__(self) -> None:
        """Weave all of the edition, once the book is known to be sound."""
        self.styles: dict[Page, frozenset[str]] = {}
        self.found: dict[Page, tuple[Hashable, str]] = {}
        self.read()
        self.settle()
        weave_edition(self.book, self.edition, self.woven, self.root_url)
        self.of = {name: part.of for name, part in self.parts().items()}
        self.beyond = self.beyond_texts()
        self.frame = self.framed()

    def read(self) -> None:
        book = Book.load(self.root)
        self.tangled: dict[str, Tangled] = tangle(book)
        self.book = book
        self.pages: dict[str, Page] = {woven_file(page): page for page in book.pages}

    def parts(self) -> dict[str, Part]:
        return edition_parts(self.book, self.edition, self.root_url)

    def settle(self) -> None:
        """Raise where a page that changed has a figure or a formula that is wrong."""
        pages = [
            page
            for name, page in self.pages.items()
            if name in self.todo or page not in self.styles
        ]
        settle.require_figures(self.book, pages)
        katex = formulas.katex(self.root)
        self.styles |= settle.render_formulas(self.book, pages, katex)

    def whole(self) -> dict[str, str]:
        """Return the files of the site that are made of all pages."""
        of = self.book.places
        for page in self.book.pages:
            if page not in self.found or self.found[page][0] is not of:
                self.found[page] = of, search.entry(self.book, page, self.edition)
        styles = frozenset().union(*(self.styles[page] for page in self.book.pages))
        output = words(self.edition)["output"]
        return {
            "assets/made.css": style_sheet(self.root, output, styles),
            "search.json": search.index(self.found[p][1] for p in self.book.pages),
        }

    def finish(self, file: File) -> None:
        """Give a figure the form in which the site shows it."""
        if FIGURE.fullmatch(file.src_uri):
            svg = (self.woven / file.src_uri).read_text(encoding="utf-8")
            file.content_string = figures.finish(svg, language(self.edition))

    def picture(self, name: str) -> Callable[[str], str]:
        """Return what gives the texts of a woven file's figures by their addresses."""
        folder = (self.woven / name).parent / "figures"
        return lambda address: (folder / address.rpartition("/")[2]).read_text("utf-8")

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

    def beyond_texts(self) -> dict[str, Hashable]:
        """Return what each page shows that its woven text doesn't say."""
        return {name: self.beyond_text(page) for name, page in self.pages.items()}

    def beyond_text(self, page: Page) -> Hashable:
        places = self.book.places if page.opens else ()
        stamps = tuple(self.book.stamp(page, figure) for figure in page.all(Figure))
        chunks = (cell.code for cell in page.cells if cell.code.target)
        lines = tuple(self.tangled[code.target].line_of(code) for code in chunks)
        return places, stamps, lines

    # Once more

    def update(self) -> bool:
        """Take in what changed, but for pages; return False where all is to be made."""
        self.read()
        parts = self.parts()
        there = (self.woven / LIST).exists()  # or swept away with old temporary files
        if not there or self.frame != self.framed() or parts.keys() != self.of.keys():
            return False
        self.weave(parts)
        self.settle()
        self.build()
        return True

    def weave(self, parts: dict[str, Part]) -> None:
        """Write the woven files whose text changed, and note what is to be done."""
        for name, part in parts.items():
            if part.of != self.of[name]:
                if disk.write(self.woven / name, part.content()):
                    self.todo.add(name)
                self.of[name] = part.of
        now = self.beyond_texts()
        self.todo |= {name for name in now if now[name] != self.beyond[name]}
        self.beyond = now

    def build(self) -> None:
        """Make anew what changed and is no page."""
        for name in sorted(self.todo):
            file = self.files.get_file_from_path(name)
            if file and not file.page:
                self.finish(file)
                file.copy_file()
                self.todo.discard(name)
        for name, content in self.whole().items():
            if made := self.files.get_file_from_path(name):
                made.content_string = content
                made.copy_file()

    def build_page(self, name: str) -> None:
        """Let MkDocs make a page of the site, if it changed, as in a whole build."""
        goal = Path(self.config.site_dir, name)
        files = filter(None, map(self.files.get_file_from_path, self.todo))
        file = next((file for file in files if Path(file.abs_dest_path) == goal), None)
        if not file or not file.page:
            return
        plugin: Any = self.config.plugins["fishbook"]
        plugin.made = self
        documents = self.files.documentation_pages()
        _populate_page(file.page, self.config, self.files)
        _build_page(file.page, self.config, documents, self.nav, self.env)
        level = self.config.validation.links.anchors
        file.page.validate_anchor_links(files=self.files, log_level=level)
        self.todo.discard(file.src_uri)
