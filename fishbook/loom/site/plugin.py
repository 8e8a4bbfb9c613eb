"""The editions to a site: MkDocs plugin, build, serve."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jinja2
from mkdocs.commands.build import build as mkdocs_build
from mkdocs.config import config_options, load_config
from mkdocs.config.base import Config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import Abort, PluginError
from mkdocs.livereload import LiveReloadServer
from mkdocs.plugins import BasePlugin, event_priority
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page
from mkdocs.utils.templates import TemplateContext

from fishbook.loom.book import Book, chunks
from fishbook.loom.chapter import Chapter, Heading
from fishbook.loom.check import check
from fishbook.loom.edition import EDITIONS, NAMES, WORDS, draw_words, words
from fishbook.loom.problem import LoomError
from fishbook.loom.site import figures, formulas, html, labs
from fishbook.loom.site.assets import UNUSED, assets
from fishbook.loom.tangle import Tangled, tangle
from fishbook.loom.weave import (
    choose,
    heading_text,
    notebook_file,
    page_file,
    plain_text,
    source_page,
    weave_edition,
)

ROOM = Path(__file__).parent
THEME = ROOM / "theme"
CACHE = Path(".cache", "fishbook")
TEMPLATES = CACHE / "templates"
SEARCHED = {"zh": ["zh"], "en": ["en"], "zh-en": ["zh"]}


class Options(Config):
    """What mkdocs.yml may say about the plugin."""

    edition = config_options.Choice(EDITIONS, default="zh")


class FishbookPlugin(BasePlugin[Options]):
    """Points MkDocs at one woven edition, and finishes its pages."""

    def __init__(self) -> None:
        self.command = "build"
        self.book: Book | None = None
        self.woven: Path | None = None
        self.led = False
        self.root_url = ""
        self.tangled: dict[str, Tangled] = {}
        self.formulas: dict[str, list[formulas.Formula]] = {}
        self.rendered: dict[formulas.Formula, str] = {}

    def on_startup(self, *, command: str, dirty: bool) -> None:
        """Remember whether MkDocs builds or serves."""
        self.command = command

    @event_priority(100)
    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Weave the edition, and point MkDocs at it."""
        root = root_of(config)
        edition = self.config.edition
        self.root_url = (config.site_url or "/").rstrip("/") + "/"
        with plugin_errors():
            self.book = self.book or Book.load(root)
            self.woven = self.woven or weave(self.book, edition, self.root_url)
            self.tangled = tangle(self.book)
        logging.getLogger("jieba").setLevel(logging.WARNING)
        labs.use_our_template()
        config.docs_dir = str(self.woven)
        if self.command == "build":
            config.site_url = f"{self.root_url}{edition}/"
            config.site_dir = str(Path(config.site_dir, edition))
        config.nav = nav_of(self.book, edition, self.tangled)
        set_language(config, edition, title_of(self.book, edition))
        config.extra["root"] = urlsplit(self.root_url).path
        config.extra["root_url"] = self.root_url
        config.extra["alternate"] = self.command == "build"
        return config

    def on_files(self, files: Files, *, config: MkDocsConfig) -> Files:
        """Add the assets that are made or come from npm; leave out the unused."""
        for file in list(files):
            if UNUSED.match(file.src_uri):
                files.remove(file)
        with plugin_errors():
            for name, content in assets(root_of(config)):
                files.append(File.generated(config, f"assets/{name}", content=content))
        return files

    def on_nav(
        self, nav: Navigation, *, config: MkDocsConfig, files: Files
    ) -> Navigation:
        """Let the last chapter end the book: the source comes after it, apart."""
        for page in nav.pages:
            following = page.next_page
            if following and is_source(following) and not is_source(page):
                page.next_page = following.previous_page = None
        return nav

    def on_env(
        self, env: jinja2.Environment, *, config: MkDocsConfig, files: Files
    ) -> jinja2.Environment:
        """Render all formulas; compile the theme's templates once for all editions."""
        root = root_of(config)
        together = [f for taken in self.formulas.values() for f in taken]
        with contextlib.suppress(LoomError):  # the loop says which page is wrong
            katex(root).render(together)
        for source, taken in self.formulas.items():
            with plugin_errors(source):
                self.rendered |= katex(root).render(taken)
        folder = root / TEMPLATES
        folder.mkdir(parents=True, exist_ok=True)
        env.filters["twins"] = html.twins
        env.bytecode_cache = jinja2.FileSystemBytecodeCache(str(folder))
        return env

    def on_page_content(
        self, text: str, /, *, page: Page, config: MkDocsConfig, files: Files
    ) -> str:
        """Finish what Markdown or mkdocs-jupyter made, and take the formulas out."""
        assert self.book
        edition = self.config.edition
        said = words(edition)
        lab = page_of_lab(self.book, page)
        chapter = lab or (None if is_source(page) else chapter_of(self.book, page))
        headings = (
            [b for b in chapter.blocks if isinstance(b, Heading)] if chapter else []
        )
        if chapter:
            titles = [(h.anchor, title_words(edition, h)) for h in headings]
            labs.set_toc(page.toc, titles)
        if lab:
            shown = [(h.anchor, heading_text(edition, h.zh, h.en)) for h in headings]
            text = labs.finish(text, shown, said)
            page.title = heading_of(lab, edition)
            text = text.replace(f'href="{config.site_url}', 'href="../../')
        text, taken = formulas.take(text)
        if taken:
            self.formulas[page.file.src_uri] = taken
            page.meta["formulas"] = True
        text = html.finish(text, said, partial(self.source_url, page, files))
        page.meta.setdefault("description", html.description(text))
        return text

    @event_priority(-100)
    def on_page_context(
        self,
        context: TemplateContext,
        *,
        page: Page,
        config: MkDocsConfig,
        nav: Navigation,
    ) -> TemplateContext:
        """Put in what the search index, which has read the page by now, leaves out."""
        text = html.boxed(page.content or "")
        taken = self.formulas.get(page.file.src_uri, [])
        text = formulas.put(text, taken, self.rendered)
        with plugin_errors(page.file.src_uri):
            page.content = figures.put(text, partial(svg_text, Path(config.docs_dir)))
        notebook = notebook_file(page.file.src_uri.rpartition(".")[0])
        if not is_source(page) and Path(config.docs_dir, notebook).exists():
            page.meta["notebook"] = notebook
            page.meta["lab"] = page.file.src_uri.endswith(".ipynb")
        return context

    def on_post_build(self, *, config: MkDocsConfig) -> None:
        """Build the other editions too, where MkDocs was started by itself."""
        if self.command != "build" or self.led:
            return
        assert self.book
        site = Path(config.site_dir).parent
        for edition in EDITIONS:
            if edition != self.config.edition:
                build_edition(self.book, edition, site, strict=config.strict)
        write_root(self.book, self.root_url, site)

    def on_serve(
        self, server: LiveReloadServer, *, config: MkDocsConfig, builder: Any
    ) -> LiveReloadServer:
        """Watch the chapters instead of what is woven from them."""
        server.unwatch(config.docs_dir)
        server.watch(str(root_of(config) / "docs"))
        server.watch(str(ROOM))
        return server

    def source_url(self, page: Page, files: Files, target: str, number: int) -> str:
        """Give the place in the tangled file of a page's chunk, counted from 0."""
        assert self.book
        chapter = chapter_of(self.book, page)
        parts = [c for c in chunks(chapter) if c.target == target]
        line, _ = self.tangled[target].places[chapter.path, parts[number].line]
        file = files.get_file_from_path(source_page(target))
        assert file
        return f"{file.url_relative_to(page.file)}#__codelineno-0-{line}"


def root_of(config: MkDocsConfig) -> Path:
    """Give the book's folder: that of mkdocs.yml."""
    return Path(config.config_file_path).parent


def chapter_of(book: Book, page: Page) -> Chapter:
    """Give the chapter that a page shows."""
    return next(c for c in book.chapters if f"{c.slug}.md" == page.file.src_uri)


def page_of_lab(book: Book, page: Page) -> Chapter | None:
    """Give the lab that a page shows, if it does."""
    labs = (chapter for chapter in book.chapters if chapter.is_lab)
    return next((lab for lab in labs if page_file(lab) == page.file.src_uri), None)


def is_source(page: Page) -> bool:
    """Whether a page shows a tangled file."""
    return page.file.src_uri.startswith("source/")


@contextlib.contextmanager
def plugin_errors(source: str = "") -> Iterator[None]:
    """Turn a problem of the book into an error that MkDocs shows without traceback."""
    try:
        yield
    except LoomError as error:
        place = f"docs/{source}: " if source else ""
        raise PluginError(f"{place}{error}") from None


def weave(book: Book, edition: str, root_url: str, use: str = "weave") -> Path:
    """Weave an edition into its folder of the cache; give the folder."""
    folder = book.root / CACHE / use / edition
    weave_edition(book, edition, folder, root_url)
    return folder


@cache
def katex(root: Path) -> formulas.Katex:
    """Give the one KaTeX of this process."""
    return formulas.Katex(root)


def svg_text(folder: Path, address: str) -> str:
    """Give the text of a figure by its address on a page."""
    name = address.rpartition("/")[2]
    return Path(folder, "figures", name).read_text(encoding="utf-8")


def heading_of(chapter: Chapter, edition: str) -> str:
    """Give a chapter's title without marks."""
    heading = next((b for b in chapter.blocks if isinstance(b, Heading)), None)
    if not heading:
        return chapter.slug
    return plain_text(title_words(edition, heading))


def title_words(edition: str, heading: Heading) -> str:
    """Give a heading for the navigation, which parts two languages by a mark."""
    return choose(edition, heading.zh, heading.en, "{zh} | {en}")


def title_of(book: Book, edition: str) -> str:
    """Give the book's title: that of its first page."""
    return heading_of(book.chapters[0], edition)


def nav_of(book: Book, edition: str, targets: Iterable[str]) -> list[dict[str, Any]]:
    """Give the chapters in order, then the tangled files."""
    nav: list[dict[str, Any]] = [
        {heading_of(chapter, edition): page_file(chapter)} for chapter in book.chapters
    ]
    files = [{target: source_page(target)} for target in targets]
    return nav + ([{words(edition)["source"]: files}] if files else [])


def set_language(config: MkDocsConfig, edition: str, title: str) -> None:
    """Set all that depends on the edition in configuration and theme."""
    said = words(edition)
    config.site_name = title
    config.site_description = said["description"]
    config.theme["language"] = edition
    for option, key in zip(config.theme["palette"], ("dark", "light"), strict=True):
        option["toggle"]["name"] = said[key]
    if edition == "zh-en":
        config.theme["features"].append("toc.integrate")
    config.mdx_configs["toc"]["permalink_title"] = said["permalink"]
    config.plugins["material/search"].config["lang"] = SEARCHED[edition]
    config.extra["edition"] = edition
    config.extra["words"] = said
    config.extra["draw_words"] = draw_words(edition)
    config.extra["editions"] = NAMES


def write_root(book: Book, root_url: str, site: Path) -> None:
    """Write what stands above the editions: choice of language, 404, sitemap."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROOM / "root"), autoescape=True
    )
    for name in ("index.html", "404.html", "sitemap.xml", "robots.txt"):
        text = env.get_template(name).render(
            root=urlsplit(root_url).path,
            root_url=root_url,
            title=[title_of(book, edition) for edition in ("zh", "en")],
            words=WORDS,
            fish=(THEME / ".icons" / "fish.svg").read_text(encoding="utf-8"),
        )
        (site / name).write_text(text, encoding="utf-8")
    shutil.copy(THEME / "assets" / "favicon.svg", site / "favicon.svg")


def load(root: Path, edition: str, site: Path, strict: bool) -> MkDocsConfig:
    """Load mkdocs.yml for one edition."""
    os.environ["NO_MKDOCS_2_WARNING"] = "1"
    config = load_config(str(root / "mkdocs.yml"), strict=strict, site_dir=str(site))
    plugin_of(config).config.edition = edition
    return config


def plugin_of(config: MkDocsConfig) -> FishbookPlugin:
    """Give the configuration's instance of our plugin."""
    plugin = config.plugins["fishbook"]
    assert isinstance(plugin, FishbookPlugin)
    return plugin


def build_edition(
    book: Book,
    edition: str,
    site: Path,
    *,
    strict: bool = False,
    site_url: str = "",
    woven: Path | None = None,
) -> str:
    """Build one edition into its folder of a site; give the site's URL."""
    config = load(book.root, edition, site, strict)
    if site_url:
        config.site_url = site_url
    plugin = plugin_of(config)
    plugin.book, plugin.woven, plugin.led = book, woven, True
    config.plugins.on_startup(command="build", dirty=False)
    mkdocs_build(config)
    config.plugins.on_shutdown()
    return plugin.root_url


@contextlib.contextmanager
def messages() -> Iterator[None]:
    """Show MkDocs' warnings and errors; let its stop be a problem of the book."""
    handler = logging.StreamHandler()
    handler.setLevel(logging.WARNING)
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger = logging.getLogger("mkdocs")
    logger.addHandler(handler)
    try:
        yield
    except Abort as error:
        raise LoomError([f"the site is not built; {error}"]) from None
    finally:
        logger.removeHandler(handler)


def build(root: Path, *, strict: bool = False, site_dir: Path | None = None) -> None:
    """Build all editions and what stands above them.

    Parameters
    ----------
    root : Path
        The book's folder.
    strict : bool
        Let a warning stop the build, and whatever `fishbook check` finds.
    site_dir : Path, optional
        Where to; `site` under the root unless given.

    Raises
    ------
    LoomError
        If the book is not sound, a formula is wrong, or something is not installed.
    """
    site = site_dir or root / "site"
    book = Book.load(root)
    if strict and (problems := check(book)):
        raise LoomError(problems)
    root_url = ""
    with messages():
        for edition in EDITIONS:
            root_url = build_edition(book, edition, site, strict=strict)
    write_root(book, root_url, site)


class Desk:
    """A site that follows its chapters: what `serve` shows."""

    def __init__(self, root: Path, site: Path, url: str) -> None:
        self.root = root
        self.site = site
        self.url = url
        self.built: dict[str, object] = {}

    def refresh(self) -> list[str]:
        """Build the editions that changed; give their names.

        An edition takes the place of the last good one only when it is whole.
        """
        book = Book.load(self.root)
        theme = stamps(ROOM), stamps(self.root / "mkdocs.yml")
        changed = []
        for edition in EDITIONS:
            woven = weave(book, edition, self.url, "serve")
            now = stamps(woven), theme
            if self.built.get(edition) != now:
                self.replace(book, edition, woven)
                self.built[edition] = now
                changed.append(edition)
        return changed

    def replace(self, book: Book, edition: str, woven: Path) -> None:
        """Build an edition beside the one shown, then put it in its place."""
        with tempfile.TemporaryDirectory(dir=self.site.parent) as folder:
            with messages():
                build_edition(
                    book, edition, Path(folder), site_url=self.url, woven=woven
                )
            shown = self.site / edition
            if shown.exists():
                shown.rename(Path(folder, "old"))
            Path(folder, edition).rename(shown)
            write_root(book, self.url, self.site)

    def follow(self) -> None:
        """Refresh after a change; keep the last good site where that fails."""
        try:
            changed = self.refresh()
        except Exception as error:
            print(f"{error}\nstill showing the last good site", file=sys.stderr)
        else:
            print(f"built {', '.join(changed) or 'nothing: no page changed'}")


def stamps(path: Path) -> dict[str, tuple[int, int]]:
    """Give time and size of each file under a path: what tells a change."""
    files = path.rglob("*") if path.is_dir() else [path]
    found = ((str(file), file.stat()) for file in files if file.is_file())
    return {name: (stat.st_mtime_ns, stat.st_size) for name, stat in found}


class EditionsServer(LiveReloadServer):
    """A live reload server that answers a wrong address in its edition's language."""

    def _serve_request(self, environ: Any, start_response: Any) -> Any:
        found = super()._serve_request(environ, start_response)
        if found is not None:
            return found
        page = lost_page(Path(self.root), environ["PATH_INFO"])
        start_response("404 Not Found", [("Content-Type", "text/html; charset=utf-8")])
        return [page.read_bytes()]


def lost_page(site: Path, path: str) -> Path:
    """Give the 404 page for a path: its edition's, or the root's."""
    edition = path.strip("/").split("/")[0]
    return site / (edition if edition in EDITIONS else "") / "404.html"


def serve(root: Path, *, host: str, port: int, open_browser: bool = False) -> None:
    """Serve all editions, and reload them in the browser on a change.

    Parameters
    ----------
    root : Path
        The book's folder.
    host, port : str, int
        Where to listen.
    open_browser : bool
        Show the site in a browser.

    Raises
    ------
    LoomError
        If the book can't be built to begin with, or the port is taken. Later
        mistakes in a chapter are only shown.
    """
    with tempfile.TemporaryDirectory(prefix="fishbook-") as folder:
        site = Path(folder, "site")
        site.mkdir()
        desk = Desk(root, site, f"http://{host}:{port}/")
        desk.refresh()
        server = EditionsServer(desk.follow, host, port, str(site))
        for path in (root / "docs", root / "mkdocs.yml", root / "fishbook"):
            server.watch(str(path))
        print(f"serving {server.url}, Ctrl+C stops")
        try:
            server.serve(open_in_browser=open_browser)  # type: ignore[no-untyped-call]
        except OSError as error:
            raise LoomError(
                [f"port {port}: {error.strerror}; choose another"]
            ) from None
        except KeyboardInterrupt:
            print("stopped")
        finally:
            server.shutdown()
