"""The book to the package: chunks gathered to files, imports first, edits respected."""

from __future__ import annotations

import ast
import difflib
import hashlib
import os
import re
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from fishbook.loom.book import Book, Definition
from fishbook.loom.chapter import PACKAGE, Chapter, Code, without_markers
from fishbook.loom.problem import LoomError, Problem

HEADER = re.compile(r"^# Tangled from (?P<chapters>.+) \[(?P<sum>[0-9a-f]{16})\]$")


@dataclass
class Tangled:
    """One file of the package: its text, and where each chunk stands in it."""

    text: str
    places: dict[tuple[Path, int], tuple[int, int]]
    """(chapter, chunk's line) to the first and last line in the file."""


@dataclass
class _File:
    """What is gathered for one file on the way."""

    docstring: str = ""
    plain: set[str] = field(default_factory=set)
    names: dict[str, set[str]] = field(default_factory=dict)
    bodies: list[tuple[Chapter, list[tuple[Code, str]]]] = field(default_factory=list)


def tangle(book: Book) -> dict[str, Tangled]:
    """Give the text of every file that the book's chunks make."""
    book.require_sound()
    return {name: _weave_file(parts) for name, parts in sorted(book.files().items())}


def _weave_file(definitions: list[Definition]) -> Tangled:
    file = _File()
    for definition in definitions:
        _gather(file, definition)
    top = [file.docstring] if file.docstring else []
    top += [section for section in _import_sections(file) if section]
    head = "\n\n".join(top)
    places: dict[tuple[Path, int], tuple[int, int]] = {}
    lines = [""] + (head.split("\n") if head else [])
    at_top = True
    for chapter, parts in file.bodies:
        first = True
        for code, text in parts:
            if not text:
                places[chapter.path, code.line] = (1, len(lines))
                continue
            if len(lines) > 1:
                lines += [""] * gap(text, first=first, at_top=at_top)
            first = at_top = False
            start = len(lines) + 1
            lines += text.split("\n")
            places[chapter.path, code.line] = (start, len(lines))
    body = "\n".join(lines[1:]) + "\n"
    chapters = list(dict.fromkeys(d.chapter.path.as_posix() for d in definitions))
    return Tangled(f"{header(chapters, body)}\n{body}", places)


def gap(text: str, *, first: bool, at_top: bool) -> int:
    """Give the blank lines before a part: as many as ruff wants there."""
    if at_top:
        code = next((s for s in text.split("\n") if not s.startswith("#")), "")
        return 2 if re.match(r"(?:def|class|async)\b|@", code) else 1
    return 2 if first else 1


def header(chapters: Iterable[str], body: str) -> str:
    """Give a tangled file's first line: its chapters, and a checksum of the rest."""
    return f"# Tangled from {', '.join(chapters)} [{checksum(body)}]"


def checksum(body: str) -> str:
    """Give the short SHA-256 that tells an edit by hand from a changed chapter."""
    return hashlib.sha256(body.encode()).hexdigest()[:16]


def _gather(file: _File, definition: Definition) -> None:
    """Take docstring and imports out of a definition; keep the rest part by part."""
    tree = parse_definition(definition)
    taken: set[int] = set()
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            _take_import(file, definition, node, tree, taken)
    first = tree.body[0] if tree.body else None
    if not file.bodies and not file.docstring and first and _is_docstring(first):
        taken |= _lines(first)
        file.docstring = _text(definition, _lines(first))
    parts = [
        (part, _rest(part, taken if i == 0 else set()))
        for i, part in enumerate(definition.parts)
    ]
    file.bodies.append((definition.chapter, parts))


def parse_definition(definition: Definition) -> ast.Module:
    """Parse a definition's code, or say at which line of the chapter it fails."""
    try:
        return ast.parse(definition.source_at_its_lines())
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or definition.parts[0].source_line
        what = f"not Python: {getattr(error, 'msg', error)}"
        problem = Problem(definition.chapter.path, line, what, "mend this line")
        raise LoomError([problem]) from None


def _is_docstring(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _lines(node: ast.stmt) -> set[int]:
    return set(range(node.lineno, (node.end_lineno or node.lineno) + 1))


def _text(definition: Definition, lines: set[int]) -> str:
    source = definition.source_at_its_lines().split("\n")
    return without_markers("\n".join(source[n - 1] for n in sorted(lines)))


def _take_import(
    file: _File,
    definition: Definition,
    node: ast.Import | ast.ImportFrom,
    tree: ast.Module,
    taken: set[int],
) -> None:
    """Move an import to the file's top; refuse to lose what shares its line."""
    lines = _lines(node)
    wrong = fix = ""
    if any(other is not node and _lines(other) & lines for other in tree.body):
        wrong, fix = "shares its line with other code", "give it a line of its own"
    elif "#" in _text(definition, lines):
        wrong, fix = "has a comment", "say it in the prose, or in an annotation"
    elif any(alias.name == "*" for alias in node.names):
        wrong, fix = "hides which names it brings", "name them instead of *"
    if wrong:
        path = definition.chapter.path
        raise LoomError([Problem(path, node.lineno, f"this import {wrong}", fix)])
    taken |= lines
    for alias in node.names:
        name = f"{alias.name} as {alias.asname}" if alias.asname else alias.name
        if isinstance(node, ast.Import):
            file.plain.add(name)
        else:
            module = "." * node.level + (node.module or "")
            file.names.setdefault(module, set()).add(name)


def _rest(part: Code, taken: set[int]) -> str:
    """Give a part's code without the lines taken out and without marks."""
    numbered = enumerate(part.source.split("\n"), part.source_line)
    kept = [line for number, line in numbered if number not in taken]
    return without_markers("\n".join(kept)).strip("\n").rstrip()


def _import_sections(file: _File) -> list[str]:
    """Sort imports as ruff does: __future__, standard, others, ours, relative."""
    sections: list[list[str]] = [[], [], [], [], []]
    for name in sorted(file.plain, key=_by_name):
        sections[_section(name)].append(f"import {name}")
    for module in sorted(file.names, key=_by_name):
        lines = [_from_line(module, part) for part in _parted(file.names[module])]
        sections[_section(module)] += lines
    return ["\n".join(section) for section in sections]


def _parted(names: set[str]) -> list[list[str]]:
    """Part the names imported from a module: each renamed one stands alone."""
    parts = [[name] for name in names if " as " in name]
    if plain := sorted((n for n in names if " as " not in n), key=_by_kind):
        parts.append(plain)
    return sorted(parts, key=lambda part: _by_kind(part[0]))


def _section(name: str) -> int:
    top = re.split(r"[. ]", name, maxsplit=1)[0]
    if name.startswith("."):
        return 4
    if top == PACKAGE:
        return 3
    if top == "__future__":
        return 0
    return 1 if top in sys.stdlib_module_names else 2


def _by_name(name: str) -> tuple[list[str | int], str, str]:
    """Order names by their letters, and the numbers in them by value."""
    plain, _, alias = name.partition(" as ")
    parts = re.split(r"(\d+)", plain.lower())
    return [int(part) if part.isdecimal() else part for part in parts], plain, alias


def _by_kind(name: str) -> tuple[int, tuple[list[str | int], str, str]]:
    """Order imported names: CONSTANTS, then Classes, then the rest."""
    plain = name.partition(" ")[0]
    kind = 0 if plain.isupper() and len(plain) > 1 else 1 if plain[:1].isupper() else 2
    return kind, _by_name(name)


def _from_line(module: str, names: list[str]) -> str:
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= 88:
        return line
    return "\n".join([f"from {module} import (", *(f"    {n}," for n in names), ")"])


def write(book: Book, *, force: bool = False) -> list[str]:
    """Write the package's tangled files; give the names of those that changed.

    Nothing is written where a file was edited by hand, unless forced.
    """
    files = tangle(book)
    if not force and (edited := _edited(book.root, files)):
        raise LoomError(edited)
    changed = []
    for name, tangled in files.items():
        if _read(book.root / name) != tangled.text:
            write_atomically(book.root / name, tangled.text)
            changed.append(name)
    for path in orphans(book.root, files):
        path.unlink()
        changed.append(path.relative_to(book.root).as_posix())
    return changed


def differences(book: Book) -> list[str]:
    """Show as diffs where the package differs from the chapters."""
    files = tangle(book)
    shown = []
    for name, tangled in files.items():
        old = _read(book.root / name) or ""
        if old != tangled.text:
            shown.append(_diff(name, old, tangled.text))
    for path in orphans(book.root, files):
        name = path.relative_to(book.root).as_posix()
        shown.append(f"{name}:1: no chapter makes this file now; run `fishbook tangle`")
    for path in orphans(book.root, files, intact=False):
        name = path.relative_to(book.root).as_posix()
        what = "no chapter makes this file now, and it was edited by hand"
        shown.append(f"{name}:1: {what}; carry the edit into a chapter, or delete it")
    return shown


def _edited(root: Path, files: dict[str, Tangled]) -> list[Problem | str]:
    """Find files that hold something which `fishbook tangle` didn't write."""
    problems: list[Problem | str] = []
    for name, tangled in files.items():
        old = _read(root / name)
        if old is None or old == tangled.text or _intact(old):
            continue
        tangled_once = HEADER.match(old.partition("\n")[0])
        what = "was edited by hand" if tangled_once else "was not tangled"
        problems.append(
            f"{name}:1: this file {what}; carry the edit into the chapter,"
            " or overwrite it with `fishbook tangle --force`\n"
            + _diff(name, old, tangled.text)
        )
    return problems


def orphans(
    root: Path, files: dict[str, Tangled], *, intact: bool = True
) -> list[Path]:
    """Find tangled files that no chapter makes any more: untouched ones, or edited."""
    found = []
    for path in sorted((root / PACKAGE).rglob("*.py")):
        if path.relative_to(root).as_posix() not in files:
            text = _read(path) or ""
            if HEADER.match(text.partition("\n")[0]) and _intact(text) == intact:
                found.append(path)
    return found


def _intact(text: str) -> bool:
    """Whether a text is as `fishbook tangle` wrote it."""
    first, _, body = text.partition("\n")
    match = HEADER.match(first)
    return match is not None and match["sum"] == checksum(body)


def _read(path: Path) -> str | None:
    if not path.exists():
        return None
    return path.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")


def _diff(name: str, old: str, new: str) -> str:
    lines = difflib.unified_diff(
        old.split("\n"),
        new.split("\n"),
        f"{name} (now)",
        f"{name} (chapters)",
        "",
        "",
        3,
        "",
    )
    return "\n".join(lines)


def write_atomically(path: Path, text: str) -> None:
    """Replace a file at once: a reader sees the old text or the new, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode("utf-8"))
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
        os.chmod(name, mode)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
