"""The head of a tangled file: its imports in order, and the names it offers."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable


def sorted_imports(nodes: Iterable[ast.Import | ast.ImportFrom]) -> str:
    """Return import statements sorted and joined as ruff wants them."""
    import isort

    future = "from __future__ import annotations"
    lines = "\n".join([future, *(ast.unparse(node) for node in nodes)])
    return isort.code(lines, profile="black", known_first_party=["fishbook"]).strip()


def exported(names: Iterable[str]) -> str:
    """Return the list `__all__` of public names: CONSTANTS, Classes, others."""
    public = sorted((n for n in names if not n.startswith("_")), key=_by_kind)
    quoted = [f'"{name}"' for name in public]
    line = f"__all__ = [{', '.join(quoted)}]"
    if len(line) <= 88:
        return line
    return "\n".join(["__all__ = [", *(f"    {name}," for name in quoted), "]"])


def _by_kind(name: str) -> tuple[int, list[str | int]]:
    constant = name.isupper() and len(name) > 1
    parts = re.split(r"(\d+)", name)
    natural = [int(part) if part.isdecimal() else part for part in parts]
    return 0 if constant else 1 if name[0].isupper() else 2, natural
