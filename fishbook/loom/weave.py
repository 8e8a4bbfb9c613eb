"""A chapter in one edition: plain Markdown, and a notebook."""

from __future__ import annotations

import ast
import builtins
import json
import re
from pathlib import Path, PurePosixPath
from typing import Any

from fishbook.loom.book import Book, definitions_of, page_of_link
from fishbook.loom.chapter import (
    LABS,
    MARKER,
    Annotations,
    Block,
    Cell,
    Chapter,
    Code,
    DetailsClose,
    DetailsOpen,
    Fence,
    Figure,
    Formula,
    Heading,
    Output,
    Prose,
    Shared,
)
from fishbook.loom.run import looks_like_error, top_level_names
from fishbook.loom.tangle import Tangled, tangle, write_atomically

EDITIONS = ("zh", "en", "zh-en")
LINK = re.compile(
    r"(?P<mark>`+)(?!`).*?(?<!`)(?P=mark)(?!`)"
    r"|(?<=\]\()(?P<file>[^()\s#:]*)(?P<anchor>#[^()\s]+)?(?=[\s)])",
    re.S,
)
WOVEN = {".md", ".ipynb", ".svg"}
NUMBER = re.compile(r"\d[\d.]* ")
SVG_WORDS = re.compile(r"(?<=>)([^<>]*?) \| ([^<>]*)(?=<)")
SVG_LABEL = re.compile(r'(?<=aria-label=")([^"]*?) \| ([^"]*)(?=")')
RUN_NOTE = {
    "zh": "运行这份笔记本需要软件包 `fishbook` 和 Matplotlib；怎样安装，见本书首页。",
    "en": "To run this notebook you need the package `fishbook` and Matplotlib; the"
    " book's first page says how to install them.",
}
SOURCE_NOTE = {
    "zh": "这个文件由以下章节中的代码块织成：",
    "en": "This file is made of the code blocks in:",
}


def weave_edition(book: Book, edition: str, folder: Path, base_url: str = "") -> None:
    """Write a whole edition: chapters, figures, notebooks, pages of tangled source.

    Only files that differ are written. What else a weave may have left is removed.
    """
    files = edition_files(book, edition, base_url)
    for name, text in files.items():
        path = folder / name
        if not path.exists() or path.read_bytes() != text.encode():
            write_atomically(path, text)
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif path.suffix in WOVEN and path.relative_to(folder).as_posix() not in files:
            path.unlink()


def edition_files(book: Book, edition: str, base_url: str = "") -> dict[str, str]:
    """Give the texts of an edition's files by their paths."""
    tangled = tangle(book)
    files = {}
    for chapter in book.chapters:
        if not chapter.is_lab:
            files[f"{chapter.slug}.md"] = weave_markdown(chapter, edition)
        if chapter.cells or chapter.is_lab:
            notebook = weave_notebook(book, chapter, edition, base_url)
            files[notebook_file(chapter.slug)] = notebook
            if chapter.is_lab:
                files[page_file(chapter)] = notebook
    for target, file in tangled.items():
        files[source_page(target)] = weave_source(book, target, file, edition)
    for path in sorted((book.root / "docs" / "figures").glob("*.svg")):
        svg = path.read_text(encoding="utf-8")
        files[f"figures/{path.name}"] = weave_svg(svg, edition)
    return files


def page_file(chapter: Chapter) -> str:
    """Give the woven file that the site shows: Markdown, or a lab's notebook."""
    return f"{chapter.slug}.ipynb" if chapter.is_lab else f"{chapter.slug}.md"


def notebook_file(slug: str) -> str:
    """Give the notebook that readers download."""
    return f"notebooks/{slug.replace('/', '-')}.ipynb"


def choose(edition: str, zh: str, en: str, both: str = "{zh} {en}") -> str:
    """Give the words of one edition; `both` shapes those of the bilingual one.

    A number that begins both is said once.
    """
    if edition == "zh" or zh == en:
        return zh
    if edition == "en":
        return en
    number = NUMBER.match(zh)
    return both.format(zh=zh, en=en.removeprefix(number[0] if number else ""))


def heading_text(edition: str, zh: str, en: str) -> str:
    """Give a heading, caption or summary in an edition, its English marked as such."""
    return choose(edition, zh, en, '{zh} <span lang="en">{en}</span>')


def weave_svg(svg: str, edition: str) -> str:
    """Keep the words of one edition in a picture; the text stays text."""

    def words(match: re.Match[str]) -> str:
        return choose(edition, match[1], match[2])

    return SVG_LABEL.sub(words, SVG_WORDS.sub(words, svg))


def weave_markdown(chapter: Chapter, edition: str) -> str:
    """Give a chapter as plain Markdown in one edition."""
    parts = [text for block in chapter.blocks if (text := _markdown(block, edition))]
    return LINK.sub(_to_notebook, "\n\n".join(parts)) + "\n"


def _to_notebook(match: re.Match[str]) -> str:
    """Lead a link to a lab to its notebook."""
    file = match["file"] or ""
    if not file.startswith(f"{LABS}/") or not file.endswith(".md"):
        return match[0]
    return f"{file.removesuffix('.md')}.ipynb{match['anchor'] or ''}"


def _markdown(block: Block, edition: str) -> str:
    match block:
        case Heading():
            title = heading_text(edition, block.zh, block.en)
            return f"{'#' * block.level} {title} {{#{block.anchor}}}"
        case Prose():
            return _prose(block.lang, block.body, edition, mark=" markdown")
        case Code(hidden=False) | Fence():
            return _plain(block.raw)
        case Output():
            return _plain(block.raw).replace(_info(block), "{ .text .output }", 1)
        case Annotations():
            return _annotations(block, edition)
        case Figure():
            return _figure(block, edition)
        case DetailsOpen():
            title = heading_text(edition, block.zh, block.en)
            return f'<details class="solution" markdown><summary>{title}</summary>'
        case DetailsClose():
            return "</details>"
        case Formula() | Shared():
            return block.body
    return ""


def _plain(raw: str) -> str:
    return raw.removeprefix("\ufeff").replace("\r\n", "\n").rstrip("\n")


def _info(block: Output) -> str:
    return "output varies" if block.varies else "output"


def _prose(lang: str, body: str, edition: str, mark: str = "") -> str:
    """Give a text if its language is the edition's; in a div where both are.

    `mark` on a div lets Python-Markdown read what is in it; notebooks do anyway.
    """
    body = body.strip("\n")
    if edition in {"zh", "en"}:
        return body if lang == edition else ""
    div = f'<div lang="{lang}"{mark}>\n\n{body}\n\n</div>'
    return f'<div class="pair"{mark}>\n\n{div}' if lang == "zh" else f"{div}\n\n</div>"


def _annotations(block: Annotations, edition: str) -> str:
    items = (choose(edition, zh, en, "{zh} {en}") for zh, en in block.items)
    return "\n".join(f"{n}. {item}" for n, item in enumerate(items, 1))


def _figure(block: Figure, edition: str) -> str:
    caption = heading_text(edition, block.zh, block.en)
    alt = plain_text(choose(edition, block.zh, block.en))
    return (
        f'<figure markdown="span">\n![{alt}]({block.path})\n'
        f'<figcaption markdown="span">{caption}</figcaption>\n</figure>'
    )


def plain_text(markdown: str) -> str:
    """Take marks and TeX out of a line, for a reader who hears it."""
    text = re.sub(r"[`*]|\$", "", markdown)
    text = re.sub(r"\\(?:mathbf|mathrm|text)\{([^}]*)\}", r"\1", text)
    text = re.sub(r"_\{?(\w+)\}?", r"\1", text)
    return re.sub(r"\\[a-z]+ ?", "", text).replace("[", "(").replace("]", ")")


def source_page(target: str) -> str:
    """Give the path of the page that shows a tangled file."""
    path = PurePosixPath(target)
    return PurePosixPath("source", *path.with_suffix(".md").parts[1:]).as_posix()


def weave_source(book: Book, target: str, file: Tangled, edition: str) -> str:
    """Give the page that shows a tangled file, with links back to its chapters."""
    up = "../" * (len(PurePosixPath(source_page(target)).parts) - 1)
    note = choose(edition, SOURCE_NOTE["zh"], SOURCE_NOTE["en"])
    links = []
    for chapter in book.chapters:
        if any(path == chapter.path for path, _ in file.places):
            title = next((b for b in chapter.blocks if isinstance(b, Heading)), None)
            name = heading_text(edition, title.zh, title.en) if title else chapter.slug
            links.append(f"[{name}]({up}{page_file(chapter)})")
    return (
        "---\nsearch:\n  exclude: true\n---\n\n"
        f"# `{target}` {{#source}}\n\n{note} {', '.join(links)}\n\n"
        f'```python linenums="1"\n{file.text}```\n'
    )


def weave_notebook(book: Book, chapter: Chapter, edition: str, base_url: str) -> str:
    """Give a chapter as a notebook with its recorded outputs."""
    cells: list[dict[str, Any]] = []
    words: list[str] = []
    by_line = {cell.code.line: cell for cell in chapter.cells}
    there = known_names()
    depth = 0

    def flush() -> None:
        if words:
            text = _absolute_links("\n\n".join(words), base_url, edition, chapter)
            cells.append({"cell_type": "markdown", "metadata": {}, "source": text})
            words.clear()

    for block in chapter.blocks:
        depth += isinstance(block, DetailsOpen) - isinstance(block, DetailsClose)
        if isinstance(block, Code):
            flush()
            if borrowed := _borrowed(book, chapter, block, there):
                cells.append(_folded(_new_code(borrowed, borrows=True)))
            code = by_line[block.line]
            cells.append(_code_cell(book, chapter, code, edition, folded=depth > 0))
        elif text := _notebook_words(block, edition):
            words.append(text)
            if isinstance(block, Heading) and block.level == 1:
                notes = (_prose(*note, edition) for note in RUN_NOTE.items())
                words += filter(None, notes)
    flush()
    return _notebook_json([{"id": f"cell-{n}", **c} for n, c in enumerate(cells)])


def _new_code(source: str, **metadata: Any) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": metadata,
        "outputs": [],
        "source": source,
    }


def _notebook_json(cells: list[dict[str, Any]]) -> str:
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    notebook = {
        "cells": cells,
        "metadata": metadata,
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def runnable(chapter: Chapter, code: Code) -> str:
    """Give a block's code so that it runs alone, with what it continues."""
    if not code.continues:
        return code.source
    definition = next(
        d for d in definitions_of(chapter)[code.target] if code in d.parts
    )
    upto = definition.parts[: definition.parts.index(code) + 1]
    return "\n\n".join(part.source.strip("\n") for part in upto)


def known_names() -> set[str]:
    """Give the names that any code has."""
    return {*dir(builtins), "__name__", "__doc__"}


def _borrowed(book: Book, chapter: Chapter, code: Code, there: set[str]) -> str:
    """Give the import of what a chunk has from its file's part in earlier chapters.

    The names that the code makes are added to those that are `there`.
    """
    made = set[str]().union(*top_level_names(runnable(chapter, code)))
    earlier = names_before(book, chapter, code.target) if code.target else set()
    wanted = sorted((used_names(runnable(chapter, code)) - made - there) & earlier)
    there |= made | set(wanted)
    if not wanted:
        return ""
    module = PurePosixPath(code.target).with_suffix("").as_posix().replace("/", ".")
    return f"from {module} import {', '.join(wanted)}"


def names_before(book: Book, chapter: Chapter, target: str) -> set[str]:
    """Give the names that a file has from the chapters before one."""
    before = book.chapters[: book.chapters.index(chapter)]
    return {
        name
        for earlier in before
        for definition in definitions_of(earlier).get(target, [])
        for names in top_level_names(definition.source_at_its_lines())
        for name in names
    }


def used_names(source: str) -> set[str]:
    """Give the names that code reads."""
    nodes = ast.walk(ast.parse(source))
    return {n.id for n in nodes if isinstance(n, ast.Name)}


def _folded(cell: dict[str, Any]) -> dict[str, Any]:
    """Hide a cell's code, as far as a notebook can."""
    hidden = {"jupyter": {"source_hidden": True}, "tags": ["hide-input"]}
    return {**cell, "metadata": {**cell["metadata"], **hidden}}


def _code_cell(
    book: Book, chapter: Chapter, cell: Cell, edition: str, *, folded: bool
) -> dict[str, Any]:
    """Give a code cell with its outputs; hidden code and solutions are folded."""
    source = runnable(chapter, cell.code).strip("\n")
    code = _new_code(MARKER.sub(r"  # (\1)", source))
    if cell.code.hidden or folded:
        code = _folded(code)
    if cell.output:
        code["outputs"] += _outputs(cell.output.body)
        if looks_like_error(cell.output.body):
            code["metadata"].setdefault("tags", []).append("raises-exception")
    if cell.figure:
        path = book.root / "docs" / cell.figure.path
        if path.exists():
            svg = weave_svg(path.read_text(encoding="utf-8"), edition)
            drawn = {
                "output_type": "display_data",
                "data": {"image/svg+xml": svg},
                "metadata": {"figure": cell.figure.path},
            }
            code["outputs"].append(drawn)
    return code


def _outputs(shown: str) -> list[dict[str, Any]]:
    printed, failure = shown, []
    if looks_like_error(shown):
        printed, _, error = shown.rstrip("\n").rpartition("\n")
        name, _, value = error.partition(": ")
        what = {"ename": name, "evalue": value, "traceback": [error]}
        failure = [{"output_type": "error", **what}]
    stream = {"output_type": "stream", "name": "stdout", "text": printed + "\n"}
    return ([stream] if printed else []) + failure


def _notebook_words(block: Block, edition: str) -> str:
    match block:
        case Heading():
            title = choose(edition, block.zh, block.en, "{zh} · {en}")
            return f"{'#' * block.level} {title}"
        case Prose():
            return _prose(block.lang, block.body, edition)
        case Figure():
            return f"*{heading_text(edition, block.zh, block.en)}*"
        case DetailsOpen():
            return f"**{choose(edition, block.zh, block.en, '{zh} · {en}')}**"
        case Annotations() | Fence() | Formula() | Shared():
            return _markdown(block, edition)
    return ""


def _absolute_links(text: str, base_url: str, edition: str, chapter: Chapter) -> str:
    """Point links inside the book at the site, which a notebook has left."""

    def absolute(match: re.Match[str]) -> str:
        if match["mark"] or not match[0]:
            return match[0]
        page = page_of_link(chapter, match["file"])
        if page.endswith(".md"):
            page = f"{page.removesuffix('.md')}/".removeprefix("index/")
        return f"{base_url.rstrip('/')}/{edition}/{page}{match['anchor'] or ''}"

    return LINK.sub(absolute, text)
