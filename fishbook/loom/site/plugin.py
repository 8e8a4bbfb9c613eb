"""The one door to the site: points MkDocs at a woven edition, and finishes its pages.

Whoever starts MkDocs comes through here. The book is read anew for each build; MkDocs
builds the first edition itself, and the others after it, into folders beside it. Where
FISHBOOK_EDITION names another edition, that one is built alone.
"""

from __future__ import annotations

import contextlib
import posixpath
from collections.abc import Callable, Iterator
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
from mkdocs.utils.templates import TemplateContext

from fishbook.loom.book import Book
from fishbook.loom.edition import EDITIONS, choose, words
from fishbook.loom.markdown import Weaver, first_sentences, woven_file
from fishbook.loom.page import Page
from fishbook.loom.problem import LoomError
from fishbook.loom.site import (
    build,
    figures,
    formulas,
    html,
    labs,
    nav,
    search,
    serve,
    settle,
)
from fishbook.loom.site.assets import UNUSED, assets
from fishbook.loom.tangle import Tangled, tangle
from fishbook.loom.weave import notebook_file, source_page, weave_edition

CACHE = Path(".cache", "fishbook")


class Options(Config):
    """What mkdocs.yml may say about the plugin."""

    edition = config_options.Choice(EDITIONS, default=EDITIONS[0])
    moved = config_options.DictOfItems(config_options.Type(str), default={})
    """Addresses that pages once had, each with the label it leads to now."""


class FishbookPlugin(BasePlugin[Options]):
    """Weaves the edition that MkDocs builds, and finishes its pages."""

    book: Book
    pages: dict[str, Page]
    tangled: dict[str, Tangled]

    def __init__(self) -> None:
        self.command = "build"
        self.root_url = ""
        self.formulas: dict[str, list[formulas.Formula]] = {}

    def on_startup(self, *, command: str, dirty: bool) -> None:
        """Remember whether MkDocs builds or serves."""
        self.command = command

    @event_priority(100)
    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Weave the edition as the book is now, and point MkDocs at it."""
        root = root_of(config)
        edition = self.config.edition
        self.root_url = (config.site_url or "/").rstrip("/") + "/"
        woven = root / CACHE / self.command / edition
        with plugin_errors():
            settle.require_settings(config)
            self.book = Book.load(root)
            self.tangled = tangle(self.book)
            self.pages = {woven_file(page): page for page in self.book.pages}
            settle.require_figures(self.book)
            rendered = settle.render_formulas(self.book, formulas.katex(root))
            self.style = formulas.style_sheet(rendered)
            weave_edition(self.book, edition, woven, self.root_url)
        labs.use_our_template()
        config.docs_dir = str(woven)
        config.site_url = f"{self.root_url}{edition}/"
        config.site_dir = str(Path(config.site_dir, edition))
        config.nav = nav.nav_of(self.book, edition, self.tangled)
        settle.set_language(config, edition, choose(edition, self.book.pages[0].title))
        config.extra["root"] = urlsplit(self.root_url).path
        config.extra["root_url"] = self.root_url
        config.extra["alternate"] = True
        config.extra["policy"] = settle.policy(self.command)
        return config

    def on_files(self, files: Files, *, config: MkDocsConfig) -> Files:
        """Finish figures; add what is made, comes from npm, or leads old links on."""
        for file in list(files):
            if UNUSED.match(file.src_uri):
                files.remove(file)
            elif file.src_uri.endswith(".svg") and "figures/" in file.src_uri:
                lang = "en" if self.config.edition == "en" else "zh"
                file.content_string = figures.finish(file.content_string, lang)
        policy = config.extra["policy"]
        with plugin_errors():
            output = words(self.config.edition)["output"]
            style = f':root{{--word-output:"{output}"}}' + self.style
            for name, content in assets(root_of(config), style):
                files.append(File.generated(config, f"assets/{name}", content=content))
            records = search.index(self.book, self.config.edition)
            files.append(File.generated(config, "search.json", content=records))
            for old, label in self.config.moved.items():
                goal = nav.moved_to(self.book, old, label)
                lang = "en" if self.config.edition == "en" else "zh"
                up = "../" * (old.count("/") + 1)
                page = build.page_of_root(
                    "moved.html",
                    goal=goal,
                    assets=f"{up}assets",
                    policy=policy,
                    lang=lang,
                )
                files.append(File.generated(config, f"{old}/index.html", content=page))
        return files

    def on_nav(
        self, found: Navigation, /, *, config: MkDocsConfig, files: Files
    ) -> Navigation:
        """Let the last page end the book: the source comes after it, apart."""
        for page in found.pages:
            following = page.next_page
            if following and is_source(following) and not is_source(page):
                page.next_page = following.previous_page = None
        return found

    def on_env(
        self, env: jinja2.Environment, *, config: MkDocsConfig, files: Files
    ) -> jinja2.Environment:
        """Compile the theme's templates once for all editions: half of the time."""
        folder = root_of(config) / CACHE / "templates"
        folder.mkdir(parents=True, exist_ok=True)
        env.filters["twins"] = html.twins
        env.bytecode_cache = jinja2.FileSystemBytecodeCache(str(folder))
        return env

    def on_page_content(
        self, text: str, /, *, page: SitePage, config: MkDocsConfig, files: Files
    ) -> str:
        """Finish what Markdown or mkdocs-jupyter made, and take the formulas out."""
        edition, said = self.config.edition, words(self.config.edition)
        shown = self.pages.get(page.file.src_uri)
        link = None
        if shown:
            link = self.linker(shown)
            page.meta["description"] = escape(choose(edition, first_sentences(shown)))
            page.meta["moved"] = nav.moved_anchors(self.book, shown)
            weaver = Weaver(self.book, shown, edition)
            if shown.is_lab:
                labels = settle.numbered(self.book, shown)
                marked = [(h.anchor, weaver.heading(h)) for h in shown.headings]
                text = labs.finish(text, marked, labels, said)
                page.title = nav.title_of(self.book, shown.headings[0], edition)
            titles = [
                (h.anchor, nav.title_of(self.book, h, edition)) for h in shown.headings
            ]
            nav.set_toc(page.toc, titles)
        text, self.formulas[page.file.src_uri] = formulas.take(text)
        page.meta["formulas"] = bool(self.formulas[page.file.src_uri])
        return html.finish(text, said, link)

    @event_priority(-100)
    def on_page_context(
        self,
        context: TemplateContext,
        *,
        page: SitePage,
        config: MkDocsConfig,
        nav: Navigation,
    ) -> TemplateContext:
        """Put in formulas and figures."""
        taken = self.formulas.pop(page.file.src_uri)
        folder = Path(config.docs_dir, page.file.src_uri).parent
        shown = self.pages.get(page.file.src_uri)
        with plugin_errors(shown.path.as_posix() if shown else page.file.src_uri):
            rendered = formulas.katex(root_of(config)).render(taken)
            text = formulas.put(html.boxed(page.content or ""), taken, rendered)
            page.content = figures.put(text, partial(picture, folder))
        if shown and shown.cells:
            page.meta["notebook"] = notebook_file(shown)
            page.meta["lab"] = shown.is_lab
        return context

    def on_post_page(
        self, output: str, /, *, page: SitePage, config: MkDocsConfig
    ) -> str:
        """Take out what the theme writes and HTML doesn't know."""
        return html.valid(output)

    @event_priority(-100)
    def on_post_build(self, *, config: MkDocsConfig) -> None:
        """Build the other editions after the first, and what stands above them."""
        if self.config.edition != EDITIONS[0]:
            return
        site = Path(config.site_dir).parent
        for edition in EDITIONS[1:]:
            build.build_edition(config, edition, site, self.root_url)
        build.write_root(self.book, self.root_url, site, config.extra["policy"])

    def on_serve(
        self, server: LiveReloadServer, *, config: MkDocsConfig, builder: Any
    ) -> LiveReloadServer:
        """Watch the pages instead of what is woven from them."""
        server.unwatch(config.docs_dir)
        serve.follow(server, root_of(config))
        return server

    def linker(self, page: Page) -> Callable[[str, int], str]:
        """Return what gives the place of a page's chunk in its tangled file."""

        def link(target: str, number: int) -> str:
            codes = [cell.code for cell in page.cells if cell.code.target == target]
            line = self.tangled[target].line_of(codes[number])
            here = posixpath.dirname(f"{page.name}/".removesuffix("index/"))
            goal = source_page(target).removesuffix(".md")
            return f"{posixpath.relpath(goal, here or '.')}/#__codelineno-0-{line}"

        return link


def root_of(config: MkDocsConfig) -> Path:
    """Return the book's folder: that of mkdocs.yml."""
    return Path(config.config_file_path).parent


def is_source(page: SitePage) -> bool:
    """Return whether a page shows a tangled file."""
    return page.file.src_uri.startswith("source/")


def picture(folder: Path, address: str) -> str:
    """Return the text of a figure by its address on a page."""
    name = address.rpartition("/")[2]
    return Path(folder, "figures", name).read_text(encoding="utf-8")


@contextlib.contextmanager
def plugin_errors(source: str = "") -> Iterator[None]:
    """Turn a problem of the book into an error that MkDocs shows without traceback."""
    try:
        yield
    except LoomError as error:
        place = f"{source}: " if source else ""
        raise PluginError(f"{place}{error}") from None
