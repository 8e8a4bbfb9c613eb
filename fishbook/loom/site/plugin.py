"""The one door to the site: points MkDocs at a woven edition, and finishes its pages.

Whoever starts MkDocs comes through here. The book is read anew for each build; MkDocs
builds the first edition itself, and the others after it, into folders beside it; where
it serves, they are built when a browser asks for them, see `live`. Where
FISHBOOK_EDITION names another edition, that one is built alone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import partial
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jinja2
from mkdocs.config import config_options
from mkdocs.config.base import Config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.livereload import LiveReloadServer
from mkdocs.plugins import BasePlugin, event_priority
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page as SitePage

from fishbook.loom.book import relative
from fishbook.loom.edition import EDITIONS, choose, language, words
from fishbook.loom.markdown import Weaver, address, first_sentences
from fishbook.loom.page import Page
from fishbook.loom.problem import LoomError
from fishbook.loom.site import build, figures, formulas, html, labs, nav, serve, settle
from fishbook.loom.site.assets import UNUSED, assets
from fishbook.loom.site.live import Live
from fishbook.loom.site.made import Made
from fishbook.loom.weave import notebook_file, source_page

CACHE = Path(".cache", "fishbook")


class Options(Config):
    """What mkdocs.yml may say about the plugin."""

    edition = config_options.Choice(EDITIONS, default=EDITIONS[0])
    moved = config_options.DictOfItems(config_options.Type(str), default={})
    """Addresses that pages once had, each with the label it leads to now."""


class FishbookPlugin(BasePlugin[Options]):
    """Weaves the edition that MkDocs builds, and finishes its pages."""

    made: Made
    """The edition that is being made: MkDocs has one plugin for all of a process."""

    def __init__(self) -> None:
        self.serves = False
        self.live: Live | None = None

    def on_startup(self, *, command: str, **_: Any) -> None:
        """Remember whether MkDocs builds, or serves and follows the pages."""
        self.serves, self.live = command == "serve" and serve.follows(), None
        if self.serves:
            serve.end_in_order()

    def on_shutdown(self) -> None:
        """Let no thread go on making pages."""
        if self.live:
            self.live.close()

    @event_priority(100)
    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Weave the edition as the book is now, and point MkDocs at it."""
        root, edition = root_of(config), self.config.edition
        site = Path(config.site_dir)
        woven = site / ".woven" if self.serves else root / CACHE / "woven"
        with plugin_errors():
            if self.serves and not self.live:
                serve.free_address(*config.dev_addr)
            settle.require_settings(config)
            url = serve.bracketed(config.site_url or "/").rstrip("/") + "/"
            moved = self.config.moved
            self.made = Made(root, edition, woven / edition, url, moved, config)
        labs.use_our_template()
        settle.read_code_once()
        book = self.made.book
        config.docs_dir = str(woven / edition)
        config.site_url = f"{url}{edition}/"
        config.site_dir = str(site / edition)
        config.nav = nav.nav_of(book, edition, self.made.tangled)
        settle.set_language(config, edition, choose(edition, book.pages[0].title))
        config.extra["root"] = urlsplit(url).path
        config.extra["root_url"] = url
        config.extra["alternate"] = True
        config.extra["policy"] = settle.policy(served=self.serves)
        return config

    def on_files(self, files: Files, *, config: MkDocsConfig) -> Files:
        """Finish figures; add what is made, comes from npm, or leads old links on."""
        for file in list(files):
            if UNUSED.match(file.src_uri):
                files.remove(file)
            else:
                self.made.finish(file)
        with plugin_errors():
            made = {f"assets/{n}": part for n, part in assets(root_of(config))}
            made |= {f"{old}/index.html": self.moved(old) for old in self.config.moved}
            for name, content in (made | self.made.whole()).items():
                files.append(File.generated(config, name, content=content))
        return files

    def moved(self, old: str) -> str:
        """Return the page that leads from an old address to where it is now."""
        return build.page_of_root(
            "moved.html",
            goal=nav.moved_to(self.made.book, old, self.config.moved[old]),
            assets="../" * (old.count("/") + 1) + "assets",
            policy=settle.policy(served=self.serves),
            lang=language(self.config.edition),
        )

    def on_nav(self, found: Navigation, /, *, files: Files, **_: Any) -> Navigation:
        """Let the last page end the book: the source comes after it, apart."""
        for page in found.pages:
            following = page.next_page
            if following and is_source(following) and not is_source(page):
                page.next_page = following.previous_page = None
        self.made.files, self.made.nav = files, found
        return found

    def on_env(
        self, env: jinja2.Environment, *, config: MkDocsConfig, **_: Any
    ) -> jinja2.Environment:
        """Compile the theme's templates once for all editions: half of the time."""
        folder = root_of(config) / CACHE / "templates"
        folder.mkdir(parents=True, exist_ok=True)
        env.filters["twins"] = html.twins
        env.bytecode_cache = jinja2.FileSystemBytecodeCache(str(folder))
        self.made.env = env
        return env

    def on_page_content(
        self, text: str, /, *, page: SitePage, config: MkDocsConfig, **_: Any
    ) -> str:
        """Finish what Markdown or mkdocs-jupyter made of a page."""
        if self.live and self.live.closed:
            raise PluginError("stopped")
        edition, book = self.made.edition, self.made.book
        said, shown = words(edition), self.made.pages.get(page.file.src_uri)
        link = None
        if shown:
            link = partial(self.link, shown)
            page.meta["description"] = escape(choose(edition, first_sentences(shown)))
            page.meta["moved"] = nav.moved_anchors(book, shown)
            weaver = Weaver(book, shown, edition)
            if shown.is_lab:
                labels = settle.numbered(book, shown)
                marked = [(h.anchor, weaver.heading(h)) for h in shown.headings]
                text = labs.finish(text, marked, labels, said)
                page.title = nav.title_of(book, shown.headings[0], edition)
            page.toc = nav.toc_of(book, shown, edition)
            page.meta["notebook"] = notebook_file(shown) if shown.cells else None
            page.meta["lab"] = shown.is_lab
        text, taken = formulas.take(text)
        text = html.boxed(html.finish(text, said, link))
        with plugin_errors(shown.path.as_posix() if shown else page.file.src_uri):
            rendered = formulas.katex(root_of(config)).render(taken)
            page.meta["fonts"] = formulas.fonts(taken, rendered)
            text = formulas.put(text, taken, rendered)
            return figures.put(text, self.made.picture(page.file.src_uri))

    def on_post_page(self, output: str, /, **_: Any) -> str:
        """Take out what the theme writes and HTML doesn't know."""
        return html.valid(output)

    on_post_template = on_post_page  # of the page for lost readers

    @event_priority(-100)
    def on_post_build(self, *, config: MkDocsConfig) -> None:
        """Build the other editions after the first, and what stands above them."""
        made, site = self.made, Path(config.site_dir).parent
        if self.config.edition != EDITIONS[0]:
            return
        if not self.serves:
            for edition in EDITIONS[1:]:
                build.build_edition(config, edition, site, made.root_url)
        build.write_root(made.book, made.root_url, site, config.extra["policy"])

    def on_serve(
        self, server: LiveReloadServer, *, config: MkDocsConfig, **_: Any
    ) -> LiveReloadServer:
        """Keep the editions up to date; `old` is what MkDocs would watch."""
        old = [config.docs_dir, str(config.config_file_path)]
        server.url = serve.bracketed(server.url)
        self.live = Live(server, Path(config.site_dir).parent, self.made, old)
        return server

    def link(self, page: Page, target: str, number: int) -> str:
        """Return the way from a page to the place of its chunk in a tangled file."""
        codes = [cell.code for cell in page.cells if cell.code.target == target]
        line = self.made.tangled[target].line_of(codes[number])
        goal = source_page(target).removesuffix(".md")
        return f"{relative(address(page), goal)}/#__codelineno-0-{line}"


def root_of(config: MkDocsConfig) -> Path:
    """Return the book's folder: that of mkdocs.yml."""
    return Path(config.config_file_path).parent


def is_source(page: SitePage) -> bool:
    """Return whether a page shows a tangled file."""
    return page.file.src_uri.startswith("source/")


@contextlib.contextmanager
def plugin_errors(source: str = "") -> Iterator[None]:
    """Turn a problem of the book into an error that MkDocs shows without traceback."""
    try:
        yield
    except LoomError as error:
        place = f"{source}: " if source else ""
        raise PluginError(f"{place}{error}") from None
