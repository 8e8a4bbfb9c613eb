"""What is settled before a build clears anything: settings, formulas, figures."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path, PurePath
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from pygments.lexer import RegexLexer
from pygments.lexers.python import PythonLexer

from fishbook.loom import disk
from fishbook.loom.blocks import Figure, Formula
from fishbook.loom.book import Book
from fishbook.loom.check.form import spans_of
from fishbook.loom.edition import NAMES, OF_FIGURES, draw_words, words
from fishbook.loom.markdown import numbered_tex
from fishbook.loom.page import Page
from fishbook.loom.problem import LoomError, Problem, refuse
from fishbook.loom.site.figures import size
from fishbook.loom.site.formulas import Katex, WrongFormulasError, styles

POLICY = {
    "default-src": "'self'",
    "img-src": "'self' data:",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
}
"""What a page may load: our own files; as pictures, icons in style sheets and bitmaps
in figures too."""


def require_settings(config: MkDocsConfig) -> None:
    """Raise where mkdocs.yml lacks what the plugin sets for each edition."""
    wanted = {
        "theme: name: material": config.theme.name == "material",
        "theme: custom_dir: fishbook/loom/site/theme": Path(
            config.theme.custom_dir or "", ".icons", "fish.svg"
        ).is_file(),
        "plugins: mkdocs-jupyter": "mkdocs-jupyter" in config.plugins,
        "markdown_extensions: toc: permalink": "toc" in config.mdx_configs,
    }
    missing = (setting for setting, there in wanted.items() if not there)
    refuse(f"mkdocs.yml: set {setting}" for setting in missing)


def set_language(config: MkDocsConfig, edition: str, title: str) -> None:
    """Set all that depends on the edition in configuration and theme."""
    said = words(edition)
    config.site_name = title
    config.site_description = said["description"]
    config.theme["language"] = edition
    config.mdx_configs["toc"]["permalink_title"] = said["permalink"]
    config.extra |= {"edition": edition, "words": said, "editions": NAMES}
    config.extra["draw_words"] = draw_words(edition)
    of_figures = {kind: words(edition, found) for kind, found in OF_FIGURES.items()}
    config.extra["figure_words"] = of_figures


def policy(*, served: bool) -> str:
    """Return a page's Content-Security-Policy; served pages have a script to reload."""
    more = {"script-src": "'self' 'unsafe-inline'"} if served else {}
    return "; ".join(f"{name} {value}" for name, value in (POLICY | more).items())


def require_figures(book: Book, pages: Iterable[Page]) -> None:
    """Raise where a page can't hold one of its figures, or it isn't there."""
    problems = []
    shown = [(page, block) for page in pages for block in page.all(Figure)]
    for page, block in shown:
        svg = disk.read(book.root / page.path.parent / block.path)
        try:
            size(svg or "")
        except ValueError as error:
            what = f"{block.path}: {error if svg else 'there is no such file'}"
            fix = "let `fishbook record` draw it anew"
            problems.append(Problem(page.path, block.line, what, fix))
    refuse(problems)


def render_formulas(
    book: Book, pages: Iterable[Page], katex: Katex
) -> dict[Page, frozenset[str]]:
    """Render every formula of pages in one call; return the styles of each page.

    Raises a problem for each formula that is wrong.
    """
    # Where a formula stands more than once, its first place counts.
    found = {page: dict(reversed([*_formulas(book, page)])) for page in pages}
    places = {formula: at for here in found.values() for formula, at in here.items()}
    try:
        rendered = katex.render(places)
    except WrongFormulasError as error:
        raise LoomError(
            Problem(*places[formula], why, f"mend the formula {formula[0]!r}")
            for formula, why in sorted(error.wrong.items(), key=lambda w: places[w[0]])
        ) from None
    return {page: styles(rendered[f] for f in here) for page, here in found.items()}


def _formulas(
    book: Book, page: Page
) -> Iterator[tuple[tuple[str, bool], tuple[PurePath, int]]]:
    """Yield each formula, as the site asks for it, with its page and line."""
    for block in page.all(Formula):
        tex = numbered_tex(book, block).strip("$").strip()
        below = block.raw.startswith("$$\n")
        yield (tex, True), (page.path, block.line + below)
    for prose, span in spans_of(page):
        if span.kind == "formula":
            displayed = span.text.startswith("$$")
            above = prose.raw.partition(span.text)[0].count("\n")
            at = page.path, prose.line + above
            yield (span.text.strip("$").strip(), displayed), at


def read_code_once() -> None:
    """Let Pygments keep how it reads Python: all editions have the same code."""
    kept: Any = PythonLexer
    kept.get_tokens_unprocessed = lambda lexer, *of: _tokens(lexer.__class__, *of)


@lru_cache(maxsize=8192)
def _tokens(lexer: type, text: str, *stack: Hashable) -> list[Any]:
    return list(RegexLexer.get_tokens_unprocessed(lexer(), text, *stack))


def numbered(book: Book, page: Page) -> dict[str, str]:
    """Return the labels of a page's formulas by their numbers."""
    labels = (formula.label for formula in page.all(Formula))
    return {book.number(label): label for label in labels if label}
