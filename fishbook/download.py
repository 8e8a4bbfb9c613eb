"""The files of MNIST: found in a folder or fetched from a mirror, always checked."""

from __future__ import annotations

import hashlib
import http.client
import math
import os
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")
Folder = str | os.PathLike[str]

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://raw.githubusercontent.com/fgnt/mnist/master/",
)
"""Where the four files lie, compressed; asked in turn."""

PATIENCE = 45.0
"""Seconds to wait for answers, over all mirrors; time that brings data is free."""

SILENCE = 10.0
"""Seconds of silence after which a mirror is given up."""

SLOWEST = 2_000
"""Bytes a second below which a download is given up, after that patience."""

TRIES = 2
"""How often a mirror is asked that answers, but not well."""


class DataError(RuntimeError):
    """A data file can't be had, or is not what it should be."""


@dataclass(frozen=True)
class IdxFile:
    """A file of unsigned bytes in the IDX format: big-endian header, then the bytes."""

    name: str
    shape: tuple[int, ...]
    sha256: str
    """Of the uncompressed file."""

    @property
    def magic(self) -> int:
        """The first four bytes: 08 says unsigned bytes, then the number of axes."""
        return 0x0800 + len(self.shape)

    @property
    def header_size(self) -> int:
        """Four bytes for the magic number, and four for the length of each axis."""
        return 4 + 4 * len(self.shape)

    @property
    def size(self) -> int:
        """The number of bytes of the uncompressed file."""
        return self.header_size + math.prod(self.shape)


FILES = {
    "train-images": IdxFile(
        "train-images-idx3-ubyte",
        (60_000, 28, 28),
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    "train-labels": IdxFile(
        "train-labels-idx1-ubyte",
        (60_000,),
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    "t10k-images": IdxFile(
        "t10k-images-idx3-ubyte",
        (10_000, 28, 28),
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    "t10k-labels": IdxFile(
        "t10k-labels-idx1-ubyte",
        (10_000,),
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
}


def mnist_array(name: str, path: Folder | None = None) -> NDArray[np.uint8]:
    """Give the images or the labels of one part of MNIST.

    Parameters
    ----------
    name : str
        ``train-images``, ``train-labels``, ``t10k-images`` or ``t10k-labels``.
    path : path-like, optional
        The folder with the files. Without it, the folder that the environment variable
        ``FISHBOOK_DATA`` names; without that, the cache, into which a file that is
        missing is downloaded.

    Returns
    -------
    ndarray of uint8, shape (N, 28, 28) or (N,)
        Read-only.

    Raises
    ------
    ValueError
        If there is no part of that name.
    DataError
        If the file can't be had, is damaged, or can't be stored.
    """
    if name not in FILES:
        raise ValueError(f"got {name!r}, but want one of {', '.join(FILES)}")
    file = FILES[name]
    folder, why = _folder(path)
    found = find(file, folder)
    if found:
        data = read(file, found)
    elif why:
        raise DataError(_missing(file, folder, why))
    else:
        data = download(file, folder)
    values = np.frombuffer(data, np.uint8, offset=file.header_size)
    return values.reshape(file.shape)


def has_mnist(path: Folder | None = None) -> bool:
    """Whether all four files are on this computer; nothing is downloaded or checked."""
    folder, _ = _folder(path)
    return all(find(file, folder) for file in FILES.values())


def cache_folder() -> Path:
    """Give the folder for downloaded files, where each system keeps such things."""
    home = Path.home()
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or home / ".cache"
    return Path(base, "fishbook")


def _folder(path: Folder | None) -> tuple[Path, str]:
    """Give the folder to look in, and who named it; nobody named the cache."""
    if path is not None:
        return Path(path), "path"
    if named := os.environ.get("FISHBOOK_DATA"):
        return Path(named), "FISHBOOK_DATA"
    return cache_folder(), ""


def find(file: IdxFile, folder: Path) -> Path | None:
    """Give the path of a file, compressed or not, under either of its spellings."""
    for name in (file.name, file.name.replace("-idx", ".idx")):
        for path in (folder / name, folder / f"{name}.gz"):
            if path.is_file():
                return path
    return None


def read(file: IdxFile, path: Path) -> bytes:
    """Read a file, compressed or not, and check it."""
    fix = "delete it, so that it is downloaded anew, or put a good one there"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: can't be read: {error.strerror}; {fix}") from None
    try:
        return checked(file, decompressed(file, data) if path.suffix == ".gz" else data)
    except DataError as error:
        raise DataError(f"{path}: {error}; {fix}") from None


def decompressed(file: IdxFile, data: bytes) -> bytes:
    """Take the gzip off, but no more bytes than the file has."""
    if data[:2] != b"\x1f\x8b":
        raise DataError(f"not compressed by gzip: it begins with {data[:15]!r}")
    unpacker = zlib.decompressobj(wbits=31)
    try:
        raw = unpacker.decompress(data, file.size + 1)
    except zlib.error as error:
        raise DataError(f"damaged: {error}") from None
    if not unpacker.eof and len(raw) <= file.size:
        raise DataError(f"cut off after {len(raw):,} of {file.size:,} bytes")
    return raw


def checked(file: IdxFile, data: bytes) -> bytes:
    """Give the data back if it is the file, or say what it is instead."""
    digest = hashlib.sha256(data).hexdigest()
    if digest == file.sha256:
        return data
    for other in FILES.values():
        if digest == other.sha256:
            raise DataError(f"the wrong file: this is {other.name}, want {file.name}")
    magic = int.from_bytes(data[:4], "big")
    if magic != file.magic:
        raise DataError(
            f"not the right kind of file: the magic number is {magic}, want"
            f" {file.magic}; it begins with {data[:15]!r}"
        )
    if len(data) != file.size:
        size = (
            f"{len(data):,}" if len(data) <= file.size else f"more than {file.size:,}"
        )
        raise DataError(f"of the wrong size: {size} bytes, want {file.size:,}")
    raise DataError(f"damaged: SHA-256 is {digest}, want {file.sha256}")


def download(file: IdxFile, folder: Path) -> bytes:
    """Fetch a file from the mirrors in turn, check it, and store it uncompressed.

    Nothing is left in the folder unless all of it went well.
    """
    target = folder / file.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Where nothing can be stored, say so before megabytes are fetched.
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{file.name}.")
    except OSError as error:
        raise DataError(_unstored(target, error)) from None
    try:
        with os.fdopen(handle, "wb") as out:
            data = fetch(file, folder)
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        os.replace(temporary, target)
    except OSError as error:
        if find(file, folder):  # another process was quicker and has it open
            return read(file, target)
        raise DataError(_unstored(target, error)) from None
    finally:
        Path(temporary).unlink(missing_ok=True)
    return data


def fetch(file: IdxFile, folder: Path) -> bytes:
    """Give a file's bytes from the first mirror that has it whole."""
    patience = _Patience(PATIENCE)
    failures = []
    for address in (f"{mirror}{file.name}.gz" for mirror in MIRRORS):
        for last in (*[False] * (TRIES - 1), True):
            try:
                return checked(file, decompressed(file, _get(file, address, patience)))
            except (DataError, OSError, http.client.HTTPException) as error:
                why = _reason(error)
                if last or patience.left <= 0 or not _worth_another_try(error):
                    failures.append(f"  {address}: {why}")
                    break
    raise DataError(_unfetched(file, folder, failures))


class _Patience:
    """The seconds left for waiting: silence uses them up, data doesn't."""

    def __init__(self, seconds: float) -> None:
        self.left = seconds

    def wait(self, work: Callable[[], T]) -> T:
        """Do some work, for as long as a mirror may be silent and no longer.

        A thread does it, since no time-out of Python's ends a look-up of names.
        """
        limit = min(SILENCE, self.left)
        if limit <= 0:
            raise TimeoutError(f"no time left of {PATIENCE:.0f} s")
        results: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()

        def run() -> None:
            try:
                results.put((work(), None))
            except BaseException as error:
                results.put((None, error))

        start = time.monotonic()
        threading.Thread(target=run, daemon=True).start()
        try:
            result, error = results.get(timeout=limit)
        except Empty:
            raise TimeoutError(f"no answer in {limit:.0f} s") from None
        finally:
            self.left -= time.monotonic() - start
        if error:
            raise error
        return result  # type: ignore[return-value]


def _get(file: IdxFile, address: str, patience: _Patience) -> bytes:
    """Give what is at an address, with its progress shown."""
    request = urllib.request.Request(address, headers={"User-Agent": "fishbook"})
    response = patience.wait(lambda: urllib.request.urlopen(request, timeout=SILENCE))
    with response:
        expected = int(response.headers.get("Content-Length") or 0)
        with _Progress(file.name, expected) as progress:
            return b"".join(_chunks(file, response, expected, progress))


def _chunks(
    file: IdxFile, response: Any, expected: int, progress: _Progress
) -> Iterator[bytes]:
    """Yield what arrives, and make sure that it is all, and no more than can be."""
    got = 0
    start = time.monotonic()
    while chunk := response.read1(1 << 16):
        yield chunk
        got += len(chunk)
        progress.draw(got)
        if got > file.size + 1024:
            raise DataError(f"too long: more than {file.size:,} bytes")
        if time.monotonic() - start > PATIENCE + got / SLOWEST:
            raise TimeoutError(f"too slow: less than {SLOWEST:,} bytes a second")
    if got < expected:
        raise DataError(f"cut off after {got:,} of {expected:,} bytes")


class _Progress:
    """A bar on a terminal, a line elsewhere; plain letters, which any console has."""

    def __init__(self, name: str, expected: int) -> None:
        self.name, self.expected = name, expected
        self.moving = sys.stderr.isatty()

    def __enter__(self) -> _Progress:
        if not self.moving:
            print(f"downloading {self.name}", file=sys.stderr)
        return self

    def __exit__(self, *_: object) -> None:
        if self.moving:
            print(file=sys.stderr)

    def draw(self, got: int) -> None:
        """Draw how much has come."""
        if self.moving:
            share = min(got / self.expected, 1) if self.expected else 0
            bar = ("#" * round(30 * share)).ljust(30, ".")
            line = f"\r{self.name} [{bar}] {got / 1e6:5.1f} MB"
            print(line, end="", file=sys.stderr, flush=True)


def _worth_another_try(error: Exception) -> bool:
    """Whether the same mirror may do better: not where it is silent or says no."""
    if isinstance(error, urllib.error.HTTPError):
        return error.code >= 500
    if isinstance(error, urllib.error.URLError):
        return isinstance(error.reason, ConnectionResetError)
    return not isinstance(error, TimeoutError)


def _reason(error: Exception) -> str:
    """Say in a few words why an address gave nothing."""
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP {error.code} {error.reason}".splitlines()[0]
    if isinstance(error, urllib.error.URLError):
        return str(error.reason)
    return str(error) or type(error).__name__


def _missing(file: IdxFile, folder: Path, why: str) -> str:
    state = "" if folder.is_dir() else ", which is no folder"
    return (
        f"{file.name} is not in {folder}{state} (from {why}); put these there, as they"
        f" are or as .gz: {', '.join(f.name for f in FILES.values())}"
    )


def _unfetched(file: IdxFile, folder: Path, failures: list[str]) -> str:
    lines = "\n".join(failures)
    return (
        f"{file.name} is not in the cache {folder}, and no mirror gave it:\n{lines}\n"
        "Connect to the network and try again. Or put these four files, as they are or"
        " as .gz, into a folder, and set the environment variable FISHBOOK_DATA to its"
        f" absolute path: {', '.join(f.name for f in FILES.values())}."
        " load_digits() needs none of them."
    )


def _unstored(target: Path, error: OSError) -> str:
    return (
        f"{target}: can't be stored: {error.strerror or error}; make room or make the"
        " folder writable, or set FISHBOOK_DATA to a folder with the four files"
    )
