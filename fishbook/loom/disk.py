"""Files: read as UTF-8 with LF line ends; written at once, and only what differs."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import time
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO, TypeAlias

from fishbook.loom.problem import LoomError, Problem, refuse

KEPT = PurePosixPath(".cache", "fishbook", "kept")
"""Where a text stays that no verb wrote, and that is overwritten all the same."""
Stamp: TypeAlias = tuple[int, int, int] | None
"""What changes when a file is written or replaced; None where there is none."""
OLD = 60.0
"""Seconds after which no one writes a file any more that was begun."""
WRITTEN = re.compile(r"(?s).*\.(?!(?:sw.|tmp|bak|orig|pyc)$)[A-Za-z0-9]+")
"""Names of files that someone wrote, not an editor or a cache for itself."""


def files(folder: Path) -> Iterator[Path]:
    """Yield all files below a folder in order; no name that begins with a dot.

    A link to a folder is yielded too, and not followed.
    """
    return map(Path, _paths(str(folder)))


def _paths(folder: str) -> Iterator[str]:
    try:
        with os.scandir(folder) as found:
            entries = sorted(filter(_is_seen, found), key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return  # It went while it was looked through, or was never there.
    folders = [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
    yield from (entry.path for entry in entries if entry not in folders)
    for entry in folders:
        yield from _paths(entry.path)


def _is_seen(entry: os.DirEntry[str]) -> bool:
    return not entry.name.startswith(".") and entry.name != "__pycache__"


def read_all(root: Path, paths: Iterable[PurePosixPath]) -> dict[PurePosixPath, str]:
    """Return the texts of files, or raise with all that can't be taken as text."""
    texts: dict[PurePosixPath, str] = {}
    problems: list[Problem | str] = []
    for path in paths:
        try:
            texts[path] = read_text(root, path)
        except LoomError as error:
            problems += error.problems
    refuse(problems)
    return texts


def read_bytes(root: Path, path: PurePosixPath) -> bytes:
    """Return what is in a file; raise where there is none, or it has no plain name."""
    file = f"{root}/{path}"
    if not os.path.isfile(file):
        what = "this is no file that can be read, or a link that leads to none"
        raise LoomError([Problem(path, 1, what, "put a plain file here")])
    try:
        file.encode()
    except UnicodeEncodeError:
        what = "this name is not UTF-8, so no text can hold it"
        raise LoomError([Problem(path, 1, what, "give it another name")]) from None
    with open(file, "rb") as stream:
        return stream.read()


def read_text(root: Path, path: PurePosixPath) -> str:
    """Return what is in a file as text, or raise with why it is no plain text."""
    data = read_bytes(root, path)

    def problem(at: int, what: str, fix: str) -> LoomError:
        return LoomError([Problem(path, data[:at].count(b"\n") + 1, what, fix)])

    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        what = f"byte 0x{data[error.start]:02x} is not UTF-8"
        raise problem(error.start, what, "save the file as UTF-8") from None
    if data.startswith(b"\xef\xbb\xbf"):
        what = "the file begins with a BOM"
        raise problem(0, what, "save it as UTF-8 without BOM")
    if (at := data.find(b"\r")) >= 0:
        what = "a carriage return stands here"
        raise problem(at, what, "save the file with LF line ends")
    if (at := data.find(b"\0")) >= 0:
        raise problem(at, "a NUL character stands here", "delete it")
    return text


def read(path: Path) -> str | None:
    """Return a file's text as far as it is one; None where there is no file."""
    return path.read_bytes().decode("utf-8", "replace") if path.is_file() else None


def stamp(path: str | Path) -> Stamp:
    """Return a file's stamp."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def stamps(folder: Path) -> dict[str, Stamp]:
    """Return the stamps of a folder's files by their paths, or of a file alone."""
    if not folder.is_dir():
        return {folder.as_posix(): stamp(folder)}
    written = filter(WRITTEN.fullmatch, _paths(str(folder)))
    return {path.replace(os.sep, "/"): stamp(path) for path in written}


def write(path: Path, content: str | bytes) -> bool:
    """Replace a file at once, if it differs; return whether it did.

    Whoever reads sees the old content or the new, never a part. A link stays: the file
    that it leads to is written. Raises LoomError where a folder has its place.
    """
    if path.is_dir():
        raise LoomError([f"{path}: a folder stands where this file goes; move it away"])
    data = content.encode("utf-8") if isinstance(content, str) else content
    path = Path(os.path.realpath(path))
    if path.is_file() and path.read_bytes() == data:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    file = _begun(part)
    try:
        with file:
            file.write(data)
        if path.exists():
            part.chmod(path.stat().st_mode & 0o777)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return True


def sweep(folder: Path) -> None:
    """Delete what runs that were killed began to write, and nobody writes now."""
    for part in folder.rglob(".*.part"):
        with contextlib.suppress(OSError):
            if part.is_file() and time.time() - part.stat().st_mtime > OLD:
                part.unlink(missing_ok=True)


def _begun(part: Path) -> BinaryIO:
    """Open a new file; one that stays as it is was left by a run that was killed."""
    seen, times = None, 0
    while times < 40:
        try:
            return part.open("xb")
        except FileExistsError:
            now = stamp(part)
            seen, times = now, times + 1 if now == seen else 0
            time.sleep(0.05)
    part.unlink(missing_ok=True)
    return part.open("xb")


def keep(root: Path, name: str) -> str:
    """Copy a file to where it stays when it is overwritten; return where."""
    data = (root / name).read_bytes()
    kept = f"{KEPT}/{name}.{hashlib.sha256(data).hexdigest()[:8]}"
    write(root / kept, data)
    return kept


def outside(folder: Path, names: Iterable[str]) -> list[str]:
    """Return which names lead out of a folder, by way of a link."""
    home = os.path.realpath(folder)
    return [
        name
        for name in names
        if not Path(os.path.realpath(folder / name)).is_relative_to(home)
    ]
