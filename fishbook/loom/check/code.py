"""The code: Python that can be tangled, each name and each module once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache

from fishbook.loom import names
from fishbook.loom.blocks import Fence, Half, Pair, marked_as
from fishbook.loom.book import Book
from fishbook.loom.check import form
from fishbook.loom.check.fences import RUN, language_of
from fishbook.loom.check.files import Rule, folded
from fishbook.loom.check.form import problem
from fishbook.loom.page import Definition, Page
from fishbook.loom.problem import Problem


def valid_python(page: Page) -> Iterator[Problem]:
    """Every chunk is Python, its imports in lines of their own."""
    for definition in page.definitions:
        try:
            compile(definition.source, "chunk", "exec", dont_inherit=True)
        except names.NOT_PYTHON as error:
            line = getattr(error, "lineno", None) or definition.parts[0].first_line
            what = f"not Python: {getattr(error, 'msg', error)}"
            yield problem(page, line, what, "mend this line")
        else:
            yield from _import_problems(page, definition.source)


def _import_problems(page: Page, source: str) -> Iterator[Problem]:
    """An import moves to the file's top, so nothing may share its line."""
    lines, tree = source.split("\n"), names.parse(source)
    for node in tree.body:
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        rows = lines_of(node)
        wrong = fix = ""
        if any(other is not node and lines_of(other) & rows for other in tree.body):
            wrong, fix = "shares its line with other code", "give it a line of its own"
        elif any("#" in marked_as(lines[row - 1], "") for row in rows):
            wrong, fix = "has a comment", "say it in the prose, or in an annotation"
        elif any(alias.name == "*" for alias in node.names):
            wrong, fix = "hides which names it brings", "name them instead of *"
        if wrong:
            yield problem(page, node.lineno, f"this import {wrong}", fix)


def lines_of(node: ast.stmt) -> set[int]:
    """Return the numbers of a statement's lines."""
    return set(range(node.lineno, (node.end_lineno or node.lineno) + 1))


def other_parsers(page: Page) -> Iterator[Problem]:
    """Another Markdown parser finds the python fences that are run, and no others."""
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
    for line in standing - run - known:
        yield problem(page, line, "this python fence would not be run", unseen)
    for line in run - standing - known:
        yield problem(
            page, line, "other Markdown tools see no python fence here", alone
        )


def defined_once(book: Book) -> Iterator[Problem]:
    """A name is set in a file by one statement."""
    for target, parts in book.files.items():
        first: dict[str, str] = {}
        for page, definition in parts:
            for node in names.parse(definition.source).body:
                here = f"{page.path}:{node.lineno}"
                for name in sorted(names.set_by(node)):
                    there = first.setdefault(name, here)
                    if there != here:
                        what = f"{name} is defined in {target} at {there} too"
                        fix = "keep one; a first, naive version is an untitled example"
                        yield problem(page, node.lineno, what, fix)


def own_modules(book: Book) -> Iterator[Problem]:
    """No two files of the package are one module, or one file on some disk."""
    first: dict[str, str] = {}
    for target, parts in book.files.items():
        page, definition = parts[0]
        other = first.setdefault(folded(names.module_name(target)), target)
        package = target.removesuffix(".py")
        if target != other:
            what = f"{target} and {other} are one module, or one file on some disks"
        elif any(name.startswith(f"{package}/") for name in book.files) or (
            (book.root / package / "__init__.py").exists()
        ):
            what = f"{target} stands beside the package {package}/: one hides the other"
        else:
            continue
        yield problem(page, definition.parts[0], what, "give it another name")


def one_meaning(book: Book) -> Iterator[Problem]:
    """What a file imports means the same in all of it: its imports move to the top."""
    for target, parts in book.files.items():
        bound = [
            (page, *binding)
            for page, definition in parts
            for binding in names.bindings(definition.source)
        ]
        moved: dict[str, tuple[str, str]] = {}
        for page, name, meaning, line in bound:
            if meaning and line in import_lines(page, target):
                moved.setdefault(name, (meaning, f"{page.path}:{line}"))
        for page, name, meaning, line in bound:
            imported, where = moved.get(name, (meaning, ""))
            if meaning != imported:
                what = f"{name} is what {target} imports at {where}"
                yield problem(page, line, what, "give this one another name")


@lru_cache(maxsize=4096)
def import_lines(page: Page, target: str) -> frozenset[int]:
    """Return the lines of a page whose imports move to the top of a file."""
    return frozenset(
        node.lineno
        for definition in page.definitions
        if definition.target == target
        for node in names.parse(definition.source).body
        if isinstance(node, ast.Import | ast.ImportFrom)
    )


def nothing_foreseen(book: Book) -> Iterator[Problem]:
    """No part of a file reads what a later one imports: that moves above it."""
    for target, parts in book.files.items():
        read: dict[str, str] = {}
        bound: set[str] = set()
        for page, definition in parts:
            here = f"{page.path}:{definition.parts[0].line}"
            early = read | dict.fromkeys(_needs_before_imports(definition), here)
            own = names.bindings(definition.source)
            for name, meaning, line in own:
                where = "" if name in bound else early.get(name, "")
                if meaning and where and line in import_lines(page, target):
                    what = f"{name} moves to the top of {target}, above {where}"
                    fix = "import it there, which reads it, or rename it here"
                    yield problem(page, line, what, fix)
            bound |= {name for name, _, _ in own}
            used = names.used_names(definition.source)
            read = dict.fromkeys(used - bound, here) | read


@lru_cache(maxsize=4096)
def _needs_before_imports(definition: Definition) -> frozenset[str]:
    """Return what a definition needs, where imports stand below other code in it."""
    body = names.parse(definition.source).body
    moves = [isinstance(node, ast.Import | ast.ImportFrom) for node in body]
    if moves == sorted(moves, reverse=True):  # as nearly always
        return frozenset()
    return names.needed_names(definition.source)


def nothing_deleted(page: Page) -> Iterator[Problem]:
    """A chunk deletes no name: the file would offer what isn't there."""
    for definition in page.definitions:
        for name, meaning, line in names.bindings(definition.source):
            if meaning == names.DELETED:
                what = f"this chunk deletes {name}, which other chunks may use"
                yield problem(page, line, what, "keep it, or set it in a function")


def future_first(book: Book) -> Iterator[Problem]:
    """What comes from `__future__` changes all of a file, so its first chunk says so.

    The tangler imports annotations from there for every file.
    """
    for target, parts in book.files.items():
        for page, definition in parts[1:]:
            for _, meaning, line in names.bindings(definition.source):
                if meaning.startswith("__future__."):
                    what = f"this __future__ import changes all of {target}"
                    yield problem(page, line, what, "put it into the first chunk")


SOUND_PAGE: tuple[form.Rule, ...] = (valid_python, nothing_deleted)
SOUND: tuple[Rule, ...] = (own_modules, one_meaning, nothing_foreseen, future_first)
RULES: tuple[Rule, ...] = (*SOUND, defined_once)
