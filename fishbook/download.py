"""The files of MNIST: found in a folder or fetched from a mirror, always checked."""

from __future__ import annotations

import hashlib
import os
import secrets
import sys
import threading
import urllib.request
import zlib
from concurrent.futures import Future
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["DataError", "has_mnist", "mnist_array"]

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://raw.githubusercontent.com/fgnt/mnist/master/",
)
"""Where the four files lie, compressed; asked in turn."""

TIMEOUT = 9.0
"""Seconds to wait for a mirror's answer, and as many for more of it; in all < 60."""


class DataError(RuntimeError):
    """A data file can't be had, or is not what it should be."""


SHA256 = {
    "train-images": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
"""Of the uncompressed bytes of each file."""

LARGEST = 50_000_000
"""Bytes of which no file has more."""


def file_name(part: str) -> str:
    """Return the name of the file with images, of three axes, or labels, of one."""
    return f"{part}-idx{3 if part.endswith('images') else 1}-ubyte"


ADVICE = (
    "put these four files, as they are or as .gz, into a folder that can be read:"
    f" {', '.join(map(file_name, SHA256))}; and set the environment variable"
    " FISHBOOK_DATA to its absolute path"
)


def mnist_array(
    name: str, path: str | os.PathLike[str] | None = None
) -> NDArray[np.uint8]:
    """Return the images or the labels of one part of MNIST.

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
    if name not in SHA256:
        raise ValueError(f"got {name!r}, but want one of {', '.join(SHA256)}")
    own = _own_folder(path)
    folder = own or cache_folder()
    if found := find(name, folder):
        data = read(name, found)
    elif own:
        raise DataError(f"{file_name(name)} can't be found in {folder}; {ADVICE}")
    else:
        data = download(name, folder)
    # The header: two zeros, 8 for unsigned bytes, the number of axes, their lengths.
    axes = data[3]
    shape = np.frombuffer(data, ">u4", count=axes, offset=4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * axes).reshape(shape)


def has_mnist(path: str | os.PathLike[str] | None = None) -> bool:
    """Return whether all four files are here; nothing is downloaded or checked.

    Parameters
    ----------
    path : path-like, optional
        The folder to look in, as in `mnist_array`.
    """
    try:
        folder = _own_folder(path) or cache_folder()
    except DataError:
        return False
    return all(find(name, folder) for name in SHA256)


def _own_folder(path: str | os.PathLike[str] | None) -> Path | None:
    """Return the folder that the reader names, if any."""
    if path is None:
        path = os.environ.get("FISHBOOK_DATA") or None
    return None if path is None else Path(path)


def cache_folder() -> Path:
    """Return the folder for downloaded files, where each system keeps such things."""
    variable, place = {
        "win32": ("LOCALAPPDATA", "AppData/Local"),
        "darwin": ("", "Library/Caches"),
    }.get(sys.platform, ("XDG_CACHE_HOME", ".cache"))
    try:
        return Path(os.environ.get(variable) or Path.home() / place, "fishbook")
    except RuntimeError:
        raise DataError(f"there is no home folder for a cache; {ADVICE}") from None


def find(name: str, folder: Path) -> Path | None:
    """Return the path of a file, compressed or not, under either of its spellings."""
    plain = file_name(name)
    for spelling in (plain, plain.replace("-idx", ".idx")):
        for path in (folder / spelling, folder / f"{spelling}.gz"):
            if os.path.isfile(path):  # a path's own method may raise
                return path
    return None


def read(name: str, path: Path) -> bytes:
    """Return the bytes of a file on this computer, uncompressed and checked."""
    try:
        return checked(name, path.read_bytes())
    except (DataError, OSError) as error:
        raise DataError(
            f"{path}: {error}; put a good copy in its place, one that can be read;"
            " in the cache, deleting it will do: it is downloaded anew"
        ) from None


def checked(name: str, data: bytes) -> bytes:
    """Return data without their compression, if they are the file."""
    if data[:2] == b"\x1f\x8b":
        try:
            data = zlib.decompressobj(wbits=31).decompress(data, LARGEST)
        except zlib.error as error:
            raise DataError(f"damaged: {error}") from None
    digest = hashlib.sha256(data).hexdigest()
    if digest != SHA256[name]:
        raise DataError(
            f"damaged, or not {file_name(name)}: read {len(data):,} bytes that begin"
            f" with {data[:15]!r}; their SHA-256 is {digest}, want {SHA256[name]}"
        )
    return data


def download(name: str, folder: Path) -> bytes:
    """Fetch a file from a mirror and store it, whole or not at all."""
    target = folder / file_name(name)
    unfinished = folder / f".{file_name(name)}.{secrets.token_hex(8)}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Where nothing can be stored, say so before megabytes are fetched.
        with unfinished.open("xb") as out:
            data = fetch(name)
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        unfinished.replace(target)
    except OSError as error:
        if found := find(name, folder):  # another process was quicker and has it open
            return read(name, found)
        raise DataError(
            f"{target}: can't be stored: {error}; make room, or make the folder"
            f" writable, or {ADVICE}"
        ) from None
    finally:
        with suppress(OSError):
            unfinished.unlink()
    return data


def fetch(name: str) -> bytes:
    """Fetch the bytes of a file from the first mirror that has it whole."""
    failures = []
    for mirror in MIRRORS:
        address = f"{mirror}{file_name(name)}.gz"
        try:
            return checked(name, _body(name, address))
        except (DataError, OSError, HTTPException, ValueError) as error:
            failures.append(f"  {address}: {str(error) or type(error).__name__}\n")
    raise DataError(
        f"{file_name(name)} is not on this computer, and no mirror gave it:\n"
        f"{''.join(failures)}Connect to the network and try again, or {ADVICE}."
        " load_digits() needs none of them."
    )


def _body(name: str, address: str) -> bytes:
    """Fetch what is at an address, with a bar on a terminal and a line elsewhere."""
    data = bytearray()
    moving = sys.stderr.isatty()
    with _answer(address) as response:
        total = response.length or LARGEST
        print(f"downloading {file_name(name)}", file=sys.stderr)
        try:
            while len(data) < LARGEST and (chunk := response.read(1 << 16)):
                data += chunk
                if moving:
                    bar = ("#" * round(30 * len(data) / total)).ljust(30, ".")
                    line = f"\r[{bar}] {len(data) / 1e6:5.1f} MB"
                    print(line, end="", file=sys.stderr, flush=True)
        finally:
            if moving:
                print(file=sys.stderr)
    return bytes(data)


def _answer(address: str) -> Any:
    """Return the response from an address, or raise if it doesn't come in time.

    A thread waits for it, since no time-out of Python's ends a look-up of names.
    """
    answer: Future[Any] = Future()
    opener = urllib.request.build_opener()  # with the proxies of now
    request = urllib.request.Request(address, headers={"User-Agent": "fishbook"})

    def ask() -> None:
        try:
            answer.set_result(opener.open(request, timeout=TIMEOUT))
        except BaseException as error:
            answer.set_exception(error)

    threading.Thread(target=ask, daemon=True).start()
    return answer.result(TIMEOUT)
