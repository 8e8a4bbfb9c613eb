"""Arrays in one .npz file: written whole or not at all, read without running code."""

from __future__ import annotations

import os
import secrets
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["PathLike", "Saveable", "fill", "kept", "read_arrays", "write_arrays"]

PathLike = str | os.PathLike[str]

CONVERT = 'np.savez("params.npz", **pickle.load(open("params.pkl", "rb")))'
"""How the parameters in a pickle get into an .npz file."""

DAMAGES = (
    OSError,
    EOFError,
    KeyError,
    RuntimeError,
    SyntaxError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What a damaged archive may raise when it is read."""


class Saveable:
    """What has parameters and can keep them in a file."""

    params: dict[str, NDArray[Any]]

    def save_params(self, path: PathLike = "params.npz") -> None:
        """Write parameters and running statistics into a file, whole or not at all.

        Parameters
        ----------
        path : path-like
            Has to end in ``.npz``; a file that is there is replaced.

        Raises
        ------
        ValueError
            If the path has another ending, or a parameter is not finite.
        OSError
            If the file can't be written there.
        """
        write_arrays(path, kept(self))

    def load_params(self, path: PathLike = "params.npz") -> None:
        """Copy the parameters in a file into the network's own arrays, all or none.

        Parameters
        ----------
        path : path-like
            What `save_params` or `numpy.savez` wrote for the same kind of network.

        Raises
        ------
        TypeError, ValueError
            If the file is of another kind (a pickle, say) or damaged, if names or
            shapes don't fit, or if a number is not finite.
        OSError
            If there is no file that can be read.
        """
        fill(kept(self), read_arrays(path), path)


def kept(network: Any) -> dict[str, NDArray[Any]]:
    """Return what a network has to keep: parameters, and what its layers measured."""
    arrays = dict(network.params)
    for name, layer in getattr(network, "layers", {}).items():
        for key, values in getattr(layer, "state", {}).items():
            arrays[f"{name}.{key}"] = values
    return arrays


def write_arrays(path: PathLike, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays into a file; whoever reads sees the old ones or the new.

    Parameters
    ----------
    path : path-like
        Has to end in ``.npz``; a file that is there is replaced.
    arrays : mapping of str to ndarray
        Numbers, all of them finite, or text.

    Raises
    ------
    TypeError
        If an array holds anything else.
    ValueError
        If the path has another ending, or a number is not finite.
    OSError
        If the file can't be written there.
    """
    place = Path(os.path.realpath(path))
    if place.suffix != ".npz":
        raise ValueError(f"got {path}, but want a name that ends in .npz")
    if not place.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {place.parent}; make it first")
    _not_a_folder(place)
    for name, array in arrays.items():
        _plain(f"{name}, to be stored in {path}", array)
    unfinished = place.with_name(f".{place.name}.{secrets.token_hex(8)}")
    try:
        with unfinished.open("xb") as out:
            np.savez(out, **dict(arrays))  # type: ignore[arg-type]
            out.flush()
            os.fsync(out.fileno())
        if place.exists():
            unfinished.chmod(place.stat().st_mode & 0o777)
        unfinished.replace(place)
    finally:
        with suppress(OSError):
            unfinished.unlink()


def read_arrays(path: PathLike) -> dict[str, NDArray[Any]]:
    """Return the arrays of a file by their names, all of them finite.

    Parameters
    ----------
    path : path-like
        A file that `write_arrays` or `numpy.savez` wrote.

    Raises
    ------
    TypeError
        If an array holds anything but numbers or text.
    ValueError
        If it is another kind of file, is damaged, or a number is not finite.
    OSError
        If there is no file that can be read.
    """
    place = Path(path)
    _not_a_folder(place)
    with place.open("rb") as file:
        begin = file.read(4)
        file.seek(0)
        if begin[:2] != b"PK":
            raise ValueError(f"{path} {_kind(begin)}")
        try:
            with np.load(file, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
        except DAMAGES as error:
            raise ValueError(
                f"{path} is damaged, or no .npz of plain arrays ({error}); take"
                " another copy, or save it again"
            ) from error
    for name, array in arrays.items():
        _plain(f"{name} in {path}", array)
    return arrays


def fill(
    targets: Mapping[str, NDArray[Any]],
    stored: Mapping[str, NDArray[Any]],
    path: PathLike,
) -> None:
    """Copy stored arrays into those of the same names, in place; all or none.

    Raises
    ------
    ValueError
        If names or shapes differ, or a number is too large for its new place.
    """
    wrong = [f"no {name}" for name in targets if name not in stored]
    wrong += [
        f"{name}, for which nothing asks" for name in stored if name not in targets
    ]
    for name, target in targets.items():
        got = stored[name].shape if name in stored else target.shape
        if got != target.shape:
            wrong.append(f"{name} of shape {got}, but want {target.shape}")
        elif name in stored and stored[name].dtype.kind == "U":
            wrong.append(f"{name} made of text, but want numbers")
    if wrong:
        raise ValueError(f"{path} is of another network: it has {'; '.join(wrong)}")
    fitting = {}
    for name, target in targets.items():
        with np.errstate(over="ignore"):
            fitting[name] = stored[name].astype(target.dtype)
        _plain(f"{name} in {path}, as {target.dtype},", fitting[name])
    for name, target in targets.items():
        target[...] = fitting[name]


def _kind(begin: bytes) -> str:
    """Say what a file is that begins like this, and what to do."""
    if not begin:
        return "is empty; take another copy, or save it again"
    if begin[:1] == b"\x80" or begin[:2] in (b"(d", b"(l", b"}q"):
        return (
            "is a pickle, which runs whatever code is in it; if you made it yourself,"
            f" convert it once: import pickle; {CONVERT}"
        )
    if begin == b"\x93NUM":
        return 'is one array, an .npy; name it: np.savez("params.npz", W1=array)'
    return f"is no .npz file: it begins with {begin!r}; save one with save_params"


def _not_a_folder(place: Path) -> None:
    """Raise IsADirectoryError for a folder, on Windows too."""
    if place.is_dir():
        raise IsADirectoryError(f"{place} is a folder, but want an .npz file")


def _plain(what: str, array: NDArray[Any]) -> None:
    """Raise unless an array holds finite numbers, or text."""
    if array.dtype.kind not in "biufU":
        raise TypeError(f"got {what} of {array.dtype}, but want numbers")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError(
            f"got {what} with nan or inf in it, but want finite numbers; a network"
            " whose training went wrong has nothing worth keeping"
        )
