"""The imports at the top of a tangled file, sorted as ruff sorts them."""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import dataclass, field


@dataclass
class Imports:
    """What a file imports: whole modules, and names from modules."""

    modules: set[str] = field(default_factory=set)
    names: dict[str, set[str]] = field(default_factory=dict)

    def add(self, node: ast.Import | ast.ImportFrom) -> None:
        """Take one statement in."""
        for alias in node.names:
            name = f"{alias.name} as {alias.asname}" if alias.asname else alias.name
            if isinstance(node, ast.Import):
                self.modules.add(name)
            else:
                module = "." * node.level + (node.module or "")
                self.names.setdefault(module, set()).add(name)

    def sections(self) -> list[str]:
        """Return the lines of __future__, standard, other, our, relative imports."""
        sections: list[list[str]] = [[], [], [], [], []]
        for name in sorted(self.modules, key=_by_name):
            sections[_section(name)].append(f"import {name}")
        for module in sorted(self.names, key=_by_name):
            lines = [_from_line(module, part) for part in _parts(self.names[module])]
            sections[_section(module)] += lines
        return ["\n".join(section) for section in sections if section]


def exported(names: set[str]) -> str:
    """Return the list `__all__` of a file's public names."""
    public = sorted((n for n in names if not n.startswith("_")), key=by_kind)
    quoted = [f'"{name}"' for name in public]
    line = f"__all__ = [{', '.join(quoted)}]"
    if len(line) <= 88:
        return line
    return "\n".join(["__all__ = [", *(f"    {name}," for name in quoted), "]"])


def _parts(names: set[str]) -> list[list[str]]:
    """Part the names imported from a module: each renamed one stands alone."""
    parts = [[name] for name in names if " as " in name]
    if plain := sorted((n for n in names if " as " not in n), key=by_kind):
        parts.append(plain)
    return sorted(parts, key=lambda part: by_kind(part[0]))


def _section(name: str) -> int:
    top = re.split(r"[. ]", name, maxsplit=1)[0]
    if name.startswith("."):
        return 4
    if top == "fishbook":
        return 3
    if top == "__future__":
        return 0
    return 1 if top in sys.stdlib_module_names else 2


def _by_name(name: str) -> tuple[list[str | int], str, str]:
    """Order names by their letters, and the numbers in them by value."""
    plain, _, alias = name.partition(" as ")
    parts = re.split(r"(\d+)", plain.lower())
    return [int(part) if part.isdecimal() else part for part in parts], plain, alias


def by_kind(name: str) -> tuple[int, tuple[list[str | int], str, str]]:
    """Order names: CONSTANTS, then Classes, then the rest."""
    plain = name.partition(" ")[0]
    kind = 0 if plain.isupper() and len(plain) > 1 else 1 if plain[:1].isupper() else 2
    return kind, _by_name(name)


def _from_line(module: str, names: list[str]) -> str:
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= 88:
        return line
    return "\n".join([f"from {module} import (", *(f"    {n}," for n in names), ")"])
