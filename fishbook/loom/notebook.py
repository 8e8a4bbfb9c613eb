"""A page in one edition as a notebook with its recorded outputs."""

from __future__ import annotations

import json
import posixpath
import re
from typing import Any

from fishbook.loom import blocks, disk, names
from fishbook.loom.blocks import Block, Twins, marked_as
from fishbook.loom.book import Book, figure_label
from fishbook.loom.edition import WORDS, choose, marked, weave_svg
from fishbook.loom.inline import is_outside
from fishbook.loom.markdown import Weaver, address, numbered_tex
from fishbook.loom.page import Page

ERROR = re.compile(
    r"^[\w.]*(?:Error|Exception|Group|Warning|Interrupt|Exit)(?=:|$)", re.M
)
"""Where an exception's last lines most likely begin: notebooks keep them apart."""

TWINS = re.compile(r'(?<=")([^"\n]*[\u4e00-\u9fff][^"\n]*) \| ([^"\n]*)(?=")')
"""Words for a picture in both languages, between the quotes of a string."""


class NotebookWeaver(Weaver):
    """Writes a page's words for a notebook, whose links lead to `base`."""

    reads = ""

    def __init__(self, book: Book, page: Page, edition: str, base: str) -> None:
        super().__init__(book, page, edition)
        self.base = base
        self.near = None

    def block(self, block: Block) -> str:
        match block:
            case blocks.Heading():
                return f"{'#' * block.level} {self.linked(self.heading(block))}"
            case blocks.Figure():
                return f"*{self.caption(block)}*"
            case blocks.DetailsOpen():
                return f"**{marked(self.edition, block.summary)}**"
            case blocks.Output() | blocks.DetailsClose():
                return ""
            case blocks.Fence():
                return block.raw.rstrip("\n")
        return super().block(block)

    def formula(self, block: blocks.Formula) -> str:
        """Return a formula with its number; the notebook keeps no place for it."""
        return numbered_tex(self.book, block)

    def link(self, goal: str) -> str:
        """Return where a link leads to, a file's address too."""
        if is_outside(goal) or goal.startswith("#"):
            return super().link(goal)
        return self.base + posixpath.normpath(f"{self.page.chapter or '.'}/{goal}")

    def to_file(self, page: Page) -> str:
        return f"{self.base}{address(page)}"


def weave_notebook(book: Book, page: Page, edition: str, base: str) -> str:
    """Return a page as the JSON of a notebook; `base` is its edition's address."""
    weaver = NotebookWeaver(book, page, edition, base)
    cells: list[dict[str, Any]] = []
    of_code = {cell.code.line: cell for cell in page.cells}
    there = set(names.KNOWN)
    depth = 0

    def say(text: str) -> None:
        if cells and cells[-1]["cell_type"] == "markdown":
            cells[-1]["source"] += f"\n\n{text}"
        else:
            cells.append({"cell_type": "markdown", "metadata": {}, "source": text})

    for block in page.blocks:
        depth += isinstance(block, blocks.DetailsOpen)
        depth -= isinstance(block, blocks.DetailsClose)
        if isinstance(block, blocks.Code):
            if borrowed := _borrowed(book, page, block, there):
                cells.append(_folded(_new_code(borrowed, borrows=True)))
            folded = depth > 0 or block.hidden
            cells.append(_code_cell(book, page, of_code[block.line], edition, folded))
        elif text := weaver.block(block):
            say(text)
            if isinstance(block, blocks.Heading) and block.level == 1:
                say(weaver.prose(WORDS["run_note"]))
    return _json([{"id": f"cell-{n}", **cell} for n, cell in enumerate(cells)])


def _new_code(source: str, **metadata: Any) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": metadata,
        "outputs": [],
        "source": source,
    }


def _json(cells: list[dict[str, Any]]) -> str:
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def runnable(page: Page, code: blocks.Code) -> str:
    """Return a block's code so that it runs alone, with what it continues."""
    return "\n\n".join(part.source.strip("\n") for part in page.upto(code).parts)


def spoken(source: str, edition: str) -> str:
    """Return code whose pictures speak the language of an edition."""
    return TWINS.sub(lambda m: choose(edition, Twins(m[1], m[2])), source)


def _borrowed(book: Book, page: Page, code: blocks.Code, there: set[str]) -> str:
    """Return the import of what a chunk has from other parts of its file.

    They may stand on earlier pages, or only come later: what a chunk defines may be
    called before. The names that the code makes are added to those that are `there`.
    """
    source = runnable(page, code)
    made = names.made_names(source)
    parts = book.files.get(code.target, [])
    of_file = set().union(*(names.made_names(part.source) for _, part in parts))
    wanted = sorted((names.used_names(source) - made - there) & of_file)
    there |= made | set(wanted)
    if not wanted:
        return ""
    return f"from {names.module_name(code.target)} import {', '.join(wanted)}"


def _folded(cell: dict[str, Any]) -> dict[str, Any]:
    """Hide a cell's code, as far as a notebook can."""
    hidden = {"jupyter": {"source_hidden": True}, "tags": ["hide-input"]}
    return {**cell, "metadata": {**cell["metadata"], **hidden}}


def _code_cell(
    book: Book, page: Page, cell: blocks.Cell, edition: str, folded: bool
) -> dict[str, Any]:
    """Return a code cell with its outputs; hidden code and solutions are folded."""
    source = spoken(names.light(runnable(page, cell.code)), edition)
    code = _new_code(marked_as(source, r"  # (\1)"))
    if folded:
        code = _folded(code)
    if cell.output:
        code["outputs"] += _outputs(cell.output)
        if cell.output.raises:
            code["metadata"].setdefault("tags", []).append("raises-exception")
    if cell.figure:
        svg = disk.read(book.root / page.path.parent / cell.figure.path)
        if svg is not None:
            code["outputs"].append(_drawn(cell.figure, svg, edition))
    return code


def _drawn(figure: blocks.Figure, svg: str, edition: str) -> dict[str, Any]:
    """Return a picture as an output; the metadata say which one, for the site."""
    alt, label = choose(edition, figure.alt), figure_label(figure)
    return {
        "output_type": "display_data",
        "data": {"image/svg+xml": weave_svg(svg, edition)},
        "metadata": {"figure": figure.path, "label": label, "alt": alt},
    }


def _outputs(output: blocks.Output) -> list[dict[str, Any]]:
    """Return what a block printed, and what it raised, as outputs of a cell."""
    printed, failure = output.text, []
    if output.raises:
        *_, start = [0, *(m.start() for m in re.finditer(r"^\S", printed, re.M))]
        *_, start = [start, *(m.start() for m in ERROR.finditer(printed))]
        printed, error = printed[:start].rstrip("\n"), printed[start:].rstrip("\n")
        name, _, value = error.partition(": ")
        what = {"ename": name, "evalue": value, "traceback": error.split("\n")}
        failure = [{"output_type": "error", **what}]
    stream = {"output_type": "stream", "name": "stdout", "text": printed + "\n"}
    return ([stream] if printed else []) + failure
