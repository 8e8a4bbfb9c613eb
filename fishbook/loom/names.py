"""What a piece of Python sets, reads and imports."""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import PurePosixPath
from textwrap import dedent

KNOWN = {*dir(builtins), "__name__", "__doc__", "__file__"}
"""Names that any code has."""
HOLDS = (ast.stmt, ast.ExceptHandler, ast.match_case)
"""What stands in the body of a statement."""
DEFINES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
DELETED = "del"
NOT_PYTHON = (SyntaxError, ValueError, RecursionError, MemoryError)
"""What Python raises where it can't read code, or not so deep."""


def parse(source: str) -> ast.Module:
    """Return the tree of code; what isn't Python on its own has an empty one."""
    try:
        return ast.parse(dedent(source))
    except NOT_PYTHON:
        return ast.Module([], [])


@lru_cache(maxsize=16384)
def bindings(source: str) -> tuple[tuple[str, str, int], ...]:
    """Return each name that code binds for all to see, what it means, and the line.

    What an import binds means `module.name`; a value means nothing, so to say; a name
    that is taken back means DELETED.
    """
    return tuple(_bindings(parse(source)))


def _bindings(tree: ast.AST) -> Iterator[tuple[str, str, int]]:
    for node in _top_level(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name, "", node.lineno
            case ast.Name(ctx=ast.Store()):
                yield node.id, "", node.lineno
            case (
                ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
                | ast.MatchMapping(rest=str(name))
            ):
                yield name, "", node.lineno
            case ast.Name(ctx=ast.Del()):
                yield node.id, DELETED, node.lineno
            case ast.Import() | ast.ImportFrom():
                for name, meaning in imported(node):
                    yield name, meaning, node.lineno


def imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    """Yield each name that an import binds, and the dotted name that it stands for."""
    before = ""
    if isinstance(node, ast.ImportFrom):
        before = "." * node.level + (f"{node.module}." if node.module else "")
    for alias in node.names:
        first = alias.name.partition(".")[0]
        name = alias.asname or first
        yield name, before + (alias.name if alias.asname or before else first)


def assigned_names(source: str) -> set[str]:
    """Return the names that code sets for all to see, imports left out."""
    return {name for name, meaning, _ in bindings(source) if not meaning}


def changed_names(source: str) -> set[str]:
    """Return the names that code sets or deletes for all to see."""
    found = bindings(source)
    return {name for name, meaning, _ in found if meaning in {"", DELETED}}


def made_names(source: str) -> set[str]:
    """Return the names that code sets or imports for all to see."""
    return {name for name, meaning, _ in bindings(source) if meaning != DELETED}


@lru_cache(maxsize=16384)
def used_names(source: str) -> frozenset[str]:
    """Return the names that code reads from outside its functions."""
    try:
        tables = [symtable.symtable(dedent(source), "code", "exec")]
    except NOT_PYTHON:
        return frozenset()
    found = set[str]()
    for table in tables:
        tables += table.get_children()
        found |= {
            symbol.get_name()
            for symbol in table.get_symbols()
            if symbol.is_referenced() and symbol.is_global()
        }
    return frozenset(found)


@lru_cache(maxsize=4096)
def needed_names(source: str) -> frozenset[str]:
    """Return the names that code reads before it sets them."""
    return frozenset(_needed(parse(source).body, set()))


def _needed(nodes: Sequence[ast.AST], made: set[str]) -> Iterator[str]:
    """Yield the names that statements need; add to `made` what they set."""
    for node in nodes:
        parts = list(ast.iter_child_nodes(node))
        inner = [part for part in parts if isinstance(part, HOLDS)]
        if not inner or isinstance(node, DEFINES):
            alone = ast.unparse(node)
            sets = made_names(alone)
            again = sets if isinstance(node, ast.AugAssign) else set[str]()
            known = sets | made if isinstance(node, DEFINES) else made
            yield from (used_names(alone) | again) - known
            made |= sets
            continue
        for part in (part for part in parts if part not in inner):
            for name in ast.walk(part):
                if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Load):
                    yield from {name.id} - made
            made |= {name for name, _, _ in _bindings(part)}
        if isinstance(node, ast.ExceptHandler) and node.name:
            made.add(node.name)
        yield from _needed(inner, made)


def set_by(node: ast.stmt) -> set[str]:
    """Return the names to which a statement gives a value; an overload has none."""
    decorators = node.decorator_list if isinstance(node, DEFINES) else []
    if any("overload" in ast.unparse(decorator) for decorator in decorators):
        return set()
    found = _bindings(node)
    return {name for name, meaning, _ in found if not meaning}


def definitions(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield the functions, classes and constants that code defines, and their lines."""
    for node in tree.body:
        if isinstance(node, (*DEFINES, ast.Assign, ast.AnnAssign)):
            yield from ((name, node.lineno) for name in sorted(set_by(node)))


def reached(
    source: str, module: str, known: dict[str, str]
) -> Iterator[tuple[int, str]]:
    """Yield the dotted names that code reaches in modules, each with its line.

    Relative imports start from the dotted path of its file, `module`. What names stand
    for is `known`; those that the code imports are added.
    """
    tree = parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for name, meaning in imported(node):
                known[name] = absolute(meaning, module)
                yield node.lineno, known[name].removesuffix(".*")
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            first, rest = _attributes(node)
            if first in known:
                yield node.lineno, known[first] + rest


def _attributes(node: ast.expr) -> tuple[str, str]:
    """Return `a` and `.b.c` of the code `a.b.c`."""
    rest = ""
    while isinstance(node, ast.Attribute):
        rest = f".{node.attr}{rest}"
        node = node.value
    return (node.id, rest) if isinstance(node, ast.Name) else ("", rest)


def absolute(dotted: str, module: str) -> str:
    """Return a dotted name without the dots by which it starts from a module."""
    name = dotted.lstrip(".")
    up = len(dotted) - len(name)
    return ".".join([*module.split(".")[:-up], name]) if up else name


def module_name(target: str) -> str:
    """Return the name by which a file of the package is imported."""
    parts = PurePosixPath(target).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


@lru_cache(maxsize=16384)
def light(source: str) -> str:
    """Return code with the first line alone of each docstring.

    Where that line doesn't end the docstring well, the code stays as it is.
    """
    lines = source.split("\n")
    nodes = [
        n for n in ast.walk(parse(source)) if isinstance(n, (ast.Module, *DEFINES))
    ]
    found = [node.body[0] for node in nodes if ast.get_docstring(node)]
    for node in sorted(found, key=lambda node: -node.lineno):
        first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
        quote = '"""' if '"""' in lines[first] else "'''"
        if last > first and not lines[first].endswith(quote):
            lines[first : last + 1] = [lines[first].rstrip() + quote]
    short = "\n".join(lines)
    return short if parse(short).body else source


def _top_level(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes whose names stay when the code has run."""
    nodes: list[ast.AST] = [tree]
    while nodes:
        node = nodes.pop()
        yield node
        if not isinstance(node, (*DEFINES, ast.Lambda, ast.comprehension)):
            nodes += ast.iter_child_nodes(node)
