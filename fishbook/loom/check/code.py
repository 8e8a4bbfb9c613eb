"""The code: Python that can be tangled, each name once, nothing used too early."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache

from fishbook.loom import names
from fishbook.loom.blocks import MARKER, Fence, Half, Pair
from fishbook.loom.book import Book, is_appendix
from fishbook.loom.check.form import RUN, language_of, problem
from fishbook.loom.check.links import Rule
from fishbook.loom.page import Definition, Page
from fishbook.loom.problem import Problem


def valid_python(book: Book) -> Iterator[Problem]:
    """Every chunk is Python, its imports in lines of their own."""
    for page in book.pages:
        for definition in page.definitions:
            yield from _definition_problems(page, definition)


@lru_cache(maxsize=4096)
def _definition_problems(page: Page, definition: Definition) -> tuple[Problem, ...]:
    try:
        tree = ast.parse(definition.source())
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or definition.parts[0].first_line
        what = f"not Python: {getattr(error, 'msg', error)}"
        return (problem(page, line, what, "mend this line"),)
    return tuple(_import_problems(page, definition.source().split("\n"), tree))


def _import_problems(
    page: Page, lines: list[str], tree: ast.Module
) -> Iterator[Problem]:
    """An import moves to the file's top, so nothing may share its line."""
    for node in tree.body:
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        rows = lines_of(node)
        wrong = fix = ""
        if any(other is not node and lines_of(other) & rows for other in tree.body):
            wrong, fix = "shares its line with other code", "give it a line of its own"
        elif any("#" in MARKER.sub("", lines[row - 1]) for row in rows):
            wrong, fix = "has a comment", "say it in the prose, or in an annotation"
        elif any(alias.name == "*" for alias in node.names):
            wrong, fix = "hides which names it brings", "name them instead of *"
        if wrong:
            yield problem(page, node.lineno, f"this import {wrong}", fix)


def lines_of(node: ast.stmt) -> set[int]:
    """Return the numbers of a statement's lines."""
    return set(range(node.lineno, (node.end_lineno or node.lineno) + 1))


def other_parsers(book: Book) -> Iterator[Problem]:
    """Another Markdown parser finds the python fences that are run, and no others."""
    for page in book.pages:
        yield from _fence_problems(page)


@lru_cache(maxsize=4096)
def _fence_problems(page: Page) -> tuple[Problem, ...]:
    from markdown_it import MarkdownIt

    standing = {
        token.map[0] + 1
        for token in MarkdownIt("commonmark").parse(page.text)
        if token.type == "fence" and token.map and language_of(token.info) in RUN
    }
    run = {cell.code.line for cell in page.cells}
    known = {block.line for block in page.blocks if isinstance(block, Fence)} | {
        number
        for block in page.blocks
        for number in range(block.line, block.line + block.raw.count("\n") + 1)
        if isinstance(block, Pair | Half) or not block.closed
    }
    unseen = "move it to column 0, outside lists, quotes and comments"
    alone = "put a blank line before it, and don't put it inside HTML"
    return (
        *(
            problem(page, line, "this python fence would not be run", unseen)
            for line in standing - run - known
        ),
        *(
            problem(page, line, "other Markdown tools see no python fence here", alone)
            for line in run - standing - known
        ),
    )


def defined_once(book: Book) -> Iterator[Problem]:
    """A name is defined in a file once."""
    first: dict[tuple[str, str], str] = {}
    for target, parts in book.files.items():
        for page, definition in parts:
            for name, line in names.definitions(names.parse(definition.source())):
                here = f"{page.path}:{line}"
                there = first.setdefault((target, name), here)
                if there != here:
                    what = f"{name} is defined in {target} at {there} too"
                    fix = "keep one; a first, naive version is an untitled example"
                    yield problem(page, line, what, fix)


def nothing_early(book: Book) -> Iterator[Problem]:
    """A page imports what it or an earlier page defines; appendices serve all."""
    order = {page: i for i, page in enumerate(book.pages)}
    defined: dict[tuple[str, str], tuple[int, int, Page]] = {}
    for target, parts in book.files.items():
        module = names.module_name(target)
        for page, definition in parts:
            if not is_appendix(page):
                tree = names.parse(definition.source())
                for name, line in names.definitions(tree):
                    defined.setdefault((module, name), (order[page], line, page))
    for page in book.pages:
        for cell in page.cells:
            for row, module, name in names.imports_from(cell.code.source):
                at = cell.code.first_line + row - 1
                found = defined.get((module, name))
                if found and found[:2] > (order[page], at):
                    what = f"{name} comes later, at {found[2].path}:{found[1]}"
                    fix = "use only what this or an earlier page defines"
                    yield problem(page, at, what, fix)


def nothing_hidden(book: Book) -> Iterator[Problem]:
    """Visible code runs if it is copied in order: it needs nothing from hidden code."""
    for page in book.pages:
        hidden: dict[str, int] = {}
        seen = set[str]()
        for cell in page.cells:
            source = cell.code.source
            made = names.assigned_names(source) | names.imported_names(source)
            if cell.code.hidden:
                hidden |= dict.fromkeys(made - seen, cell.code.line)
                continue
            used = names.used_names(source) - names.KNOWN - seen - made
            for name in sorted(used & hidden.keys()):
                what = f"{name} is set by hidden code at line {hidden[name]}"
                fix = "define or import it in sight"
                yield problem(page, cell.code, what, fix)
            seen |= made


def nothing_rebound(book: Book) -> Iterator[Problem]:
    """An example leaves alone what the page's chunks use: a notebook has one space."""
    for page in book.pages:
        used: dict[str, int] = {}
        for cell in page.cells:
            source = cell.code.source
            if cell.code.target:
                made = names.assigned_names(source) | names.imported_names(source)
                used |= dict.fromkeys(made & names.used_names(source), cell.code.line)
                continue
            for name in sorted(names.assigned_names(source) & used.keys()):
                what = f"{name} is also what the chunk at line {used[name]} uses"
                yield problem(page, cell.code, what, "give this one another name")


SOUND: tuple[Rule, ...] = (valid_python,)
RULES: tuple[Rule, ...] = (
    *SOUND,
    other_parsers,
    defined_once,
    nothing_early,
    nothing_hidden,
    nothing_rebound,
)
