"""The book to the package: chunks gathered to files; edits by hand are kept."""

from __future__ import annotations

import ast
import difflib
import hashlib
import re
from collections.abc import Container
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from fishbook.loom import disk, names
from fishbook.loom.blocks import Code, marked_as
from fishbook.loom.book import Book
from fishbook.loom.check import require_sound
from fishbook.loom.check.code import lines_of
from fishbook.loom.imports import exported, sorted_imports
from fishbook.loom.page import Definition, Page
from fishbook.loom.problem import refuse

HEADER = re.compile(r"^# Tangled from (?P<pages>.+) \[(?P<sum>[0-9a-f]{16})\]$")
MANY = 2
"""How many files go at once without a question."""


@dataclass(frozen=True)
class Piece:
    """A chunk's code in its file, and the line where it begins there."""

    page: Page
    code: Code
    text: str
    line: int


@dataclass(frozen=True)
class Tangled:
    """One file of the package: its text, and the pieces it is made of."""

    text: str
    pieces: tuple[Piece, ...]

    def line_of(self, code: Code) -> int:
        return next(piece.line for piece in self.pieces if piece.code is code)


@lru_cache(maxsize=1)
def tangle(book: Book) -> dict[str, Tangled]:
    """Return the text of every file that the book's chunks make."""
    require_sound(book)
    files = sorted(book.files.items())
    return {name: _tangle_file(tuple(parts)) for name, parts in files}


@lru_cache(maxsize=4096)
def _tangle_file(parts: tuple[tuple[Page, Definition], ...]) -> Tangled:
    """Put a file together: docstring, imports, `__all__`, then piece after piece."""
    imports: list[ast.Import | ast.ImportFrom] = []
    public: set[str] = set()
    docstring = ""
    pieces: list[tuple[Page, Code, str]] = []
    for page, definition in parts:
        tree = names.parse(definition.source)
        public |= {name for name, _ in names.definitions(tree)}
        taken: set[int] = set()
        for node in tree.body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                imports.append(node)
                taken |= lines_of(node)
                public |= {a.name for a in node.names if a.asname == a.name}
        if not pieces and ast.get_docstring(tree):
            taken |= lines_of(tree.body[0])
            docstring = ast.get_source_segment(definition.source, tree.body[0]) or ""
        pieces += [(page, code, _rest(code, taken)) for code in definition.parts]
    head = [docstring] if docstring else []
    head.append(sorted_imports(imports))
    if "__all__" not in public:
        head.append(exported(public))
    return _laid_out("\n\n".join(head).split("\n"), pieces)


def _rest(part: Code, taken: set[int]) -> str:
    """Return a part's code without the lines taken out and without marks."""
    lines = marked_as(part.source, "").split("\n")
    numbered = enumerate(lines, part.first_line)
    kept = [line for number, line in numbered if number not in taken]
    return "\n".join(kept).strip("\n").rstrip()


def _laid_out(head: list[str], pieces: list[tuple[Page, Code, str]]) -> Tangled:
    """Lay pieces out under a file's head, with as many blank lines as ruff wants."""
    lines = ["", *head]
    placed: list[Piece] = []
    for page, code, text in pieces:
        if not text:
            placed.append(Piece(page, code, text, 1))
            continue
        at_top = len(lines) == 1 + len(head)
        between = 1 if code.continues else 2
        lines += [""] * (_gap_at_top(text) if at_top else between)
        placed.append(Piece(page, code, text, len(lines) + 1))
        lines += text.split("\n")
    body = "\n".join(lines[1:]) + "\n"
    places = dict.fromkeys(
        (page.path.parent if page.chapter else page.path).as_posix()
        for page, _, _ in pieces
    )
    first = f"# Tangled from {', '.join(places)} [{checksum(body)}]"
    return Tangled(f"{first}\n{body}", tuple(placed))


def _gap_at_top(text: str) -> int:
    code = next((s for s in text.split("\n") if not s.startswith("#")), "")
    return 2 if re.match(r"(?:def|class|async)\b|@", code) else 1


def checksum(body: str) -> str:
    """Return the short SHA-256 that tells an edit by hand from a changed page."""
    return hashlib.sha256(body.encode()).hexdigest()[:16]


def write(book: Book, *, force: bool = False) -> list[str]:
    """Write the package's tangled files; return the names of those that changed.

    What is overwritten by `force`, and what is deleted, is kept: its copy, in the
    folder `disk.KEPT`, is among the names.

    Raises
    ------
    LoomError
        Before anything is written, where a file leads out of the book, and unless
        `force` is given, where one holds what `tangle` didn't write, or many would go.
    """
    files = tangle(book)
    root = book.root
    edited = _edited(root, files)
    gone = orphans(root, files)
    what = "a link leads from here out of the book's folder; put a folder in its place"
    away = disk.outside(root, ["fishbook", *files, *gone])
    refuse([*(f"{name}:1: {what}" for name in away), *_uncompiled(files)])
    if not force:
        refuse([*edited.values(), *_many(gone, files)])
    disk.sweep(root / "fishbook")
    changed = [disk.keep(root, name) for name in [*edited, *gone]]
    changed += [n for n, file in files.items() if _put(root / n, file.text)]
    for name in gone:
        (root / name).unlink()
    return changed + gone


def _put(path: Path, text: str) -> bool:
    """Write a module, if it differs, and let go what Python keeps of the old one.

    Python tells the two by second and size alone, which a changed digit leaves equal.
    """
    written = disk.write(path, text)
    for kept in (path.parent / "__pycache__").glob(f"{path.stem}.*") if written else ():
        kept.unlink(missing_ok=True)
    return written


def _uncompiled(files: dict[str, Tangled]) -> list[str]:
    found = []
    for name, file in files.items():
        try:
            compile(file.text, name, "exec")
        except names.NOT_PYTHON as error:
            what = f"put together, this is not Python: {error}"
            found.append(f"{name}:1: {what}; mend its chunks")
    return found


def _many(gone: list[str], files: dict[str, Tangled]) -> list[str]:
    """Refuse to delete many files at once, or all: pages may be gone by mistake."""
    if len(gone) <= MANY and (files or not gone):
        return []
    what = "no page makes these files now"
    fix = "bring the pages back, or delete the files with `fishbook tangle --force`"
    return [f"{what}: {', '.join(gone)}; {fix}"]


def differences(book: Book) -> list[str]:
    """Return as diffs where the package differs from the pages."""
    files = tangle(book)
    shown = []
    for name, tangled in files.items():
        old = disk.read(book.root / name) or ""
        if old != tangled.text:
            shown.append(_diff(name, old, tangled.text))
    gone = "no page makes this file now"
    for name in orphans(book.root, files):
        shown.append(f"{name}:1: {gone}; run `fishbook tangle`")
    for name in orphans(book.root, files, intact=False):
        fix = "carry the edit into a page, or delete it"
        shown.append(f"{name}:1: {gone}, and it was edited by hand; {fix}")
    return shown


def _edited(root: Path, files: dict[str, Tangled]) -> dict[str, str]:
    """Say of each file that holds what `fishbook tangle` didn't write what to do."""
    found = {}
    for name, tangled in files.items():
        old = disk.read(root / name)
        if old is None or old == tangled.text or _intact(old):
            continue
        ours = HEADER.match(old.partition("\n")[0])
        what = "was edited by hand" if ours else "was not tangled"
        fix = "carry the edit into the page, or overwrite it with `fishbook tangle"
        diff = _diff(name, old, tangled.text)
        found[name] = f"{name}:1: this file {what}; {fix} --force`\n{diff}"
    return found


def orphans(root: Path, files: Container[str], *, intact: bool = True) -> list[str]:
    """Return tangled files that no page makes now: untouched ones, or edited."""
    found = []
    for path in disk.files(root / "fishbook"):
        name = path.relative_to(root).as_posix()
        if path.suffix == ".py" and name not in files:
            text = disk.read(path) or ""
            if HEADER.match(text.partition("\n")[0]) and _intact(text) == intact:
                found.append(name)
    return found


def _intact(text: str) -> bool:
    """Return whether a text is as `fishbook tangle` wrote it."""
    first, _, body = text.replace("\r\n", "\n").partition("\n")
    match = HEADER.match(first)
    return match is not None and match["sum"] == checksum(body)


def _diff(name: str, old: str, new: str) -> str:
    here, there = f"{name} (now)", f"{name} (pages)"
    sides = old.split("\n"), new.split("\n")
    return "\n".join(difflib.unified_diff(*sides, here, there, lineterm=""))
