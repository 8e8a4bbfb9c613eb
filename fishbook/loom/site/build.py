"""Building: all editions, and what stands above them."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jinja2
from mkdocs.commands.build import build as mkdocs_build
from mkdocs.config import load_config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import Abort

from fishbook.loom import disk
from fishbook.loom.book import Book
from fishbook.loom.check import check, missing
from fishbook.loom.edition import WORDS
from fishbook.loom.problem import LoomError, refuse
from fishbook.loom.site.made import Made

SITE = Path(__file__).parent


def build(root: Path, *, strict: bool = False) -> None:
    """Build the site, all editions, as `mkdocs build` does.

    If it is `strict`, a warning stops the build, and whatever `fishbook check` finds.

    Raises
    ------
    LoomError
        If the book is not sound, a formula is wrong, or something is not installed.
    """
    if strict:
        book = Book.load(root)
        refuse([*check(book), *missing(book)])
    with messages():
        config = load_config(str(root / "mkdocs.yml"), strict=strict)
        if "fishbook" not in config.plugins:
            raise LoomError(["mkdocs.yml: set plugins: fishbook"])
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


def build_edition(config: MkDocsConfig, edition: str, site: Path, url: str) -> Made:
    """Build one more edition of a site beside the one that MkDocs builds."""
    other = load_config(
        config.config_file_path, strict=config.strict, site_dir=str(site), site_url=url
    )
    plugin: Any = other.plugins["fishbook"]
    plugin.config["edition"] = edition
    mkdocs_build(other)
    made: Made = plugin.made
    return made


def page_of_root(name: str, **values: Any) -> str:
    """Return one of the pages that stand above the editions, or lead to them."""
    loader = jinja2.FileSystemLoader(SITE / "root")
    env = jinja2.Environment(loader=loader, autoescape=True)
    fish = (SITE / "theme" / ".icons" / "fish.svg").read_text(encoding="utf-8")
    return env.get_template(name).render(words=WORDS, fish=fish, **values)


def write_root(book: Book, root_url: str, site: Path, policy: str) -> None:
    """Write what stands above the editions: choice of language, 404, sitemap."""
    for name in ("index.html", "404.html", "sitemap.xml", "robots.txt"):
        text = page_of_root(
            name,
            root=urlsplit(root_url).path,
            root_url=root_url,
            title=book.pages[0].title,
            policy=policy,
        )
        disk.write(site / name, text)
    shutil.copy(SITE / "theme" / "assets" / "favicon.svg", site / "favicon.svg")
    for name in ("root.css", "root.js"):
        shutil.copy(SITE / "root" / name, site / name)
