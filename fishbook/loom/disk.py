"""Files: read as UTF-8 with LF line ends; written at once, and only what differs."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from fishbook.loom.problem import LoomError, Problem

Stamp: TypeAlias = tuple[int, int, int] | None
"""What changes when a file is written or replaced; None where there is none."""
WRITTEN = re.compile(r"(?![.#]).*\.(?!(?:sw.|tmp|bak|orig|pyc)$)[A-Za-z0-9]+")
"""Names of files that someone wrote, not an editor or a cache for itself."""


def read_all(root: Path, paths: Iterable[PurePosixPath]) -> dict[PurePosixPath, str]:
    """Return the texts of files, or raise with all that can't be taken as text."""
    texts: dict[PurePosixPath, str] = {}
    problems: list[Problem] = []
    for path in paths:
        data = (root / path).read_bytes()
        if found := _not_plain(path, data):
            problems.append(found)
        else:
            texts[path] = data.decode("utf-8")
    if problems:
        raise LoomError(problems)
    return texts


def _not_plain(path: PurePosixPath, data: bytes) -> Problem | None:
    """Say why bytes are no plain text, or nothing."""

    def problem(at: int, what: str, fix: str) -> Problem:
        return Problem(path, data[:at].count(b"\n") + 1, what, fix)

    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        what = f"byte 0x{data[error.start]:02x} is not UTF-8"
        return problem(error.start, what, "save the file as UTF-8")
    if data.startswith(b"\xef\xbb\xbf"):
        return problem(0, "the file begins with a BOM", "save it as UTF-8 without BOM")
    if (at := data.find(b"\r")) >= 0:
        what = "a carriage return stands here"
        return problem(at, what, "save the file with LF line ends")
    if (at := data.find(b"\0")) >= 0:
        return problem(at, "a NUL character stands here", "delete it")
    return None


def read(path: Path) -> str | None:
    """Return a file's text as far as it is one; None where there is no file."""
    return path.read_bytes().decode("utf-8", "replace") if path.exists() else None


def stamp(path: Path | os.DirEntry[str]) -> Stamp:
    """Return a file's stamp."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def stamps(folder: Path) -> dict[str, Stamp]:
    """Return the stamps of a folder's files by their paths, or of a file alone."""
    if not folder.is_dir():
        return {str(folder): stamp(folder)}
    found: dict[str, Stamp] = {}
    folders = [str(folder)]
    for name in folders:
        with os.scandir(name) as entries:
            for entry in entries:
                if entry.is_dir():
                    folders += (
                        [] if entry.name.startswith((".", "__")) else [entry.path]
                    )
                elif WRITTEN.fullmatch(entry.name):
                    found[entry.path.replace(os.sep, "/")] = stamp(entry)
    return found


def write(path: Path, text: str) -> bool:
    """Replace a file at once, if it differs; return whether it did.

    Whoever reads sees the old text or the new, never a part.
    """
    data = text.encode("utf-8")
    if path.exists() and path.read_bytes() == data:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(name, _mode(path))
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return True


def _mode(path: Path) -> int:
    """Return a file's permissions, or those that a new file has here."""
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
