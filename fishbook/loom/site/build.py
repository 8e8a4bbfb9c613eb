"""Building: what an edition needs beside its pages, and what stands above them all."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import urlsplit

import jinja2
from mkdocs.commands.build import build as mkdocs_build
from mkdocs.config import load_config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import Abort

from fishbook.loom import disk
from fishbook.loom.blocks import Figure, Formula, Heading, Twins
from fishbook.loom.book import Book, relative
from fishbook.loom.check import check
from fishbook.loom.check.links import texts
from fishbook.loom.edition import NAMES, WORDS, choose, draw_words, words
from fishbook.loom.inline import plain_text, spans
from fishbook.loom.markdown import address, numbered_tex, woven_file
from fishbook.loom.page import Page
from fishbook.loom.problem import LoomError, Problem
from fishbook.loom.site.figures import opened
from fishbook.loom.site.formulas import Katex, WrongFormulasError
from fishbook.loom.weave import source_page

SITE = Path(__file__).parent
SEARCHED = {"zh": ["zh"], "en": ["en"], "zh-en": ["zh"]}


def build(root: Path, *, strict: bool = False) -> None:
    """Build the site, all editions, as `mkdocs build` does.

    Parameters
    ----------
    root : Path
        The book's folder.
    strict : bool
        Let a warning stop the build, and whatever `fishbook check` finds.

    Raises
    ------
    LoomError
        If the book is not sound, a formula is wrong, or something is not installed.
    """
    if strict and (problems := check(Book.load(root))):
        raise LoomError(problems)
    with messages():
        config = load_config(str(root / "mkdocs.yml"), strict=strict)
        config.plugins.on_startup(command="build", dirty=False)
        mkdocs_build(config)
        config.plugins.on_shutdown()


@contextlib.contextmanager
def messages() -> Iterator[None]:
    """Show MkDocs' warnings and errors; let its stop be a problem of the book."""
    os.environ["NO_MKDOCS_2_WARNING"] = "1"
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


def build_edition(config: MkDocsConfig, edition: str, site: Path, url: str) -> None:
    """Build one more edition of a site beside the one that MkDocs builds."""
    other = load_config(
        config.config_file_path, strict=config.strict, site_dir=str(site), site_url=url
    )
    other.plugins["fishbook"].config["edition"] = edition
    other.plugins.on_startup(command="build", dirty=False)
    mkdocs_build(other)
    other.plugins.on_shutdown()


def nav_of(book: Book, edition: str, targets: Iterable[str]) -> list[dict[str, Any]]:
    """Return the chapters with their pages in order, then the tangled files."""
    nav: list[dict[str, Any]] = []
    for chapter, pages in groupby(book.pages, lambda page: page.chapter):
        rows: list[Any] = [
            {title_of(book, page.headings[0], edition): woven_file(page)}
            for page in pages
        ]
        if chapter:
            title, first = next(iter(rows[0].items()))
            rows = [{title: [first, *rows[1:]]}]
        nav += rows
    files = [{target: source_page(target)} for target in targets]
    source = choose(edition, Twins(*WORDS["source"]), "{zh} | {en}")
    return nav + ([{source: files}] if files else [])


def title_of(book: Book, heading: Heading, edition: str) -> str:
    """Return a heading with its number, for lists: two languages are joined by |."""
    title = plain_text(choose(edition, heading.title, "{zh} | {en}"))
    return f"{book.number(heading.anchor)} {title}".strip()


def require_settings(config: MkDocsConfig) -> None:
    """Raise where mkdocs.yml lacks what the plugin sets for each edition."""
    wanted = {
        "theme: name: material": config.theme.name == "material",
        "theme: palette: two, each with a toggle": [
            bool(option.get("toggle")) for option in config.theme.get("palette") or []
        ]
        == [True, True],
        "plugins: search": "material/search" in config.plugins,
        "plugins: mkdocs-jupyter": "mkdocs-jupyter" in config.plugins,
        "markdown_extensions: toc: permalink": "toc" in config.mdx_configs,
    }
    if missing := [setting for setting, there in wanted.items() if not there]:
        raise LoomError(f"mkdocs.yml: set {setting}" for setting in missing)


def set_language(config: MkDocsConfig, edition: str, title: str) -> None:
    """Set all that depends on the edition in configuration and theme."""
    said = words(edition)
    config.site_name = title
    config.site_description = said["description"]
    config.theme["language"] = edition
    for option, key in zip(config.theme["palette"], ("dark", "light"), strict=True):
        option["toggle"]["name"] = said[key]
    config.mdx_configs["toc"]["permalink_title"] = said["permalink"]
    config.plugins["material/search"].config["lang"] = SEARCHED[edition]
    config.extra |= {"edition": edition, "words": said, "editions": NAMES}
    config.extra["draw_words"] = draw_words(edition)


def require_figures(book: Book) -> None:
    """Raise where a page can't hold one of its figures, or it isn't there."""
    problems = []
    for page in book.pages:
        for block in page.blocks:
            if not isinstance(block, Figure):
                continue
            svg = disk.read(book.root / page.path.parent / block.path)
            try:
                opened(svg or "")
            except ValueError as error:
                what = f"{block.path}: {error if svg else 'there is no such file'}"
                fix = "let `fishbook record` draw it anew"
                problems.append(Problem(page.path, block.line, what, fix))
    if problems:
        raise LoomError(problems)


def render_formulas(book: Book, katex: Katex) -> None:
    """Render every formula of the book in one call, or say where one is wrong."""
    places = dict(_formulas(book))
    try:
        katex.render(places)
    except WrongFormulasError as error:
        raise LoomError(
            Problem(*places[formula], why, f"mend the formula {formula[0]!r}")
            for formula, why in error.wrong.items()
        ) from None


def _formulas(book: Book) -> Iterator[tuple[tuple[str, bool], tuple[PurePath, int]]]:
    """Yield each formula, as the site asks for it, with its page and line."""
    for page in book.pages:
        for block in page.blocks:
            here = page.path, block.line
            if isinstance(block, Formula):
                yield (numbered_tex(book, block).strip("$").strip(), True), here
            for text in texts(block):
                for span in spans(text):
                    if span.kind == "formula":
                        displayed = span.text.startswith("$$")
                        yield (span.text.strip("$").strip(), displayed), here


def numbered(book: Book, page: Page) -> dict[str, str]:
    """Return the labels of a page's formulas by their numbers."""
    formulas = (block for block in page.blocks if isinstance(block, Formula))
    return {book.number(f.label): f.label for f in formulas if f.label}


def moved_anchors(book: Book, page: Page) -> dict[str, str]:
    """Return where a chapter's labels are now, for old addresses of one page each."""
    if not page.opens or not page.chapter:
        return {}
    return {
        label.name: f"{relative(address(page), address(label.page))}/#{label.name}"
        for label in book.labels.values()
        if label.page is not page and label.page.chapter == page.chapter
    }


def moved_page(book: Book, old: str, label: str) -> str:
    """Return the page at an old address: it leads on to where a label is now."""
    found = book.labels.get(label)
    if not found:
        raise LoomError([f"mkdocs.yml: moved: {old}: no label #{label} in the book"])
    goal = f"{relative(f'{old}/', address(found.page))}/"
    return environment().get_template("moved.html").render(goal=goal)


def environment() -> jinja2.Environment:
    """Return the templates of what stands above the editions."""
    loader = jinja2.FileSystemLoader(SITE / "root")
    return jinja2.Environment(loader=loader, autoescape=True)


def write_root(book: Book, root_url: str, site: Path) -> None:
    """Write what stands above the editions: choice of language, 404, sitemap."""
    for name in ("index.html", "404.html", "sitemap.xml", "robots.txt"):
        text = (
            environment()
            .get_template(name)
            .render(
                root=urlsplit(root_url).path,
                root_url=root_url,
                title=[book.pages[0].title.zh, book.pages[0].title.en],
                words=WORDS,
                fish=(SITE / "theme" / ".icons" / "fish.svg").read_text(
                    encoding="utf-8"
                ),
            )
        )
        (site / name).write_text(text, encoding="utf-8")
    shutil.copy(SITE / "theme" / "assets" / "favicon.svg", site / "favicon.svg")
