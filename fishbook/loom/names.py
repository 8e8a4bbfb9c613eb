"""What a piece of Python sets, reads and imports."""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Iterator
from functools import lru_cache
from pathlib import PurePosixPath
from textwrap import dedent

KNOWN = {*dir(builtins), "__name__", "__doc__", "__file__"}
"""Names that any code has."""


def parse(source: str) -> ast.Module:
    """Return the tree of code; what isn't Python on its own has an empty one."""
    try:
        return ast.parse(dedent(source))
    except (SyntaxError, ValueError):
        return ast.Module([], [])


@lru_cache(maxsize=16384)
def assigned_names(source: str) -> frozenset[str]:
    """Return the names that code sets for all to see, imports left out."""
    found = set[str]()
    for node in _top_level(parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return frozenset(found)


@lru_cache(maxsize=16384)
def imported_names(source: str) -> frozenset[str]:
    """Return the names that code imports for all to see."""
    return frozenset(
        (node.asname or node.name).partition(".")[0]
        for node in _top_level(parse(source))
        if isinstance(node, ast.alias)
    )


@lru_cache(maxsize=16384)
def used_names(source: str) -> frozenset[str]:
    """Return the names that code reads from outside its functions."""
    try:
        tables = [symtable.symtable(dedent(source), "code", "exec")]
    except (SyntaxError, ValueError):
        return frozenset()
    found = set[str]()
    for table in tables:
        tables += table.get_children()
        found |= {
            symbol.get_name()
            for symbol in table.get_symbols()
            if symbol.is_referenced()
            and (symbol.is_global() or table.get_type() == "module")
        }
    return frozenset(found)


def definitions(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield the functions, classes and constants that code defines, and their lines."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if not any("overload" in ast.unparse(d) for d in node.decorator_list):
                yield node.name, node.lineno
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                for name in ast.walk(target):
                    if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store):
                        yield name.id, node.lineno


def imports_from(source: str) -> Iterator[tuple[int, str, str]]:
    """Yield line, module and name of what code imports by `from … import …`."""
    for node in ast.walk(parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.lineno, node.module, alias.name) for alias in node.names)


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
    for node in sorted(_docstrings(parse(source)), key=lambda n: -n.lineno):
        first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
        quote = '"""' if '"""' in lines[first] else "'''"
        if last > first and not lines[first].endswith(quote):
            lines[first : last + 1] = [lines[first].rstrip() + quote]
    short = "\n".join(lines)
    return short if parse(short).body else source


def _docstrings(tree: ast.Module) -> Iterator[ast.Expr]:
    holders = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    for node in ast.walk(tree):
        if isinstance(node, holders) and ast.get_docstring(node, clean=False):
            first = node.body[0]
            assert isinstance(first, ast.Expr)
            yield first


def _top_level(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield the nodes whose names stay when the code has run."""
    nodes: list[ast.AST] = [tree]
    while nodes:
        node = nodes.pop()
        yield node
        inner = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
        if not isinstance(node, inner | ast.Lambda | ast.comprehension):
            nodes += ast.iter_child_nodes(node)
