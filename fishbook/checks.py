# Tangled from docs/a-appendix [030736d56b98cd72]
"""What comes in, turned into what is wanted, or an error that says what to do."""

from __future__ import annotations

import math
import operator
import reprlib
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Floats",
    "Seed",
    "Shape",
    "T",
    "Undecided",
    "amount",
    "an_array",
    "came",
    "count",
    "decided",
    "fits",
    "flags",
    "floats",
    "images",
    "labels",
    "number",
    "one_hot_rows",
    "pair",
    "paired",
    "reals",
    "rows",
    "scores",
    "share",
    "spelled",
    "vectors",
]

Floats = NDArray[np.floating[Any]]
Seed = np.random.Generator | int | None
Shape = tuple[int | None, ...]
T = TypeVar("T")


def came(name: str, value: Any, wanted: str = "") -> str:
    """Return a few words on what came, and on what was wanted and what to do."""
    but = f", but want {wanted}" if wanted else ""
    if isinstance(value, np.ndarray) and value.ndim:
        first = reprlib.repr(value.ravel()[:4].tolist())
        return f"got {name} of shape {value.shape}, {value.dtype}, {first}{but}"
    plain = value.item() if isinstance(value, np.ndarray | np.generic) else value
    return f"got {name} = {reprlib.repr(plain)}{but}"


def an_array(name: str, values: ArrayLike) -> NDArray[Any]:
    """Return the values as an array of any kind, a given array as it is."""
    if type(values) is np.ndarray:
        return values
    if np.ma.isMaskedArray(values):
        raise TypeError(came(name, values, "real numbers; fill a masked array"))
    try:
        return np.asarray(values)
    except ValueError:
        wanted = "an array; give all rows the same length"
        raise TypeError(came(name, values, wanted)) from None


def reals(name: str, values: ArrayLike) -> NDArray[Any]:
    """Return the values as an array of real numbers, whole ones or floats."""
    array = an_array(name, values)
    if array.dtype.kind not in "biuf":
        wanted = "real numbers; convert text with float(), fill a masked array"
        raise TypeError(came(name, values, wanted))
    return array


def floats(name: str, values: ArrayLike, shape: Shape | None = None) -> Floats:
    """Return the values as an array of floats; `None` in `shape` is any length."""
    array = reals(name, values)
    if shape is not None and not fits(array.shape, shape):
        raise ValueError(came(name, array, f"shape {spelled(shape)}; reshape it"))
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def fits(shape: tuple[int, ...], wanted: Shape) -> bool:
    """Return whether a shape is the wanted one, in which `None` is any length."""
    if shape == wanted or len(shape) != len(wanted):
        return shape == wanted
    return all(w in (s, None) for s, w in zip(shape, wanted, strict=True))


def spelled(shape: Shape) -> str:
    """Return a shape as text, with N for any length."""
    return str(tuple(shape)).replace("None", "N")


def rows(name: str, x: ArrayLike, width: int | None = None) -> Floats:
    """Return one sample (width,) or one a row (N, width) as floats; not empty."""
    array = floats(name, x)
    if array.size and array.ndim in (1, 2) and width in (None, array.shape[-1]):
        return array
    size = "D" if width is None else width
    wanted = f"({size},) for one sample or (N, {size}) for N of them"
    raise ValueError(came(name, array, f"{wanted}; flatten images, one sample a row"))


def vectors(name: str, x: ArrayLike, width: int) -> Floats:
    """Return samples of `width` floats along the last axis, (N, C, H, W) laid flat."""
    array = floats(name, x)
    if array.ndim and array.shape[-1] == width:
        return array
    if array.ndim > 2 and math.prod(array.shape[1:]) == width:
        return array.reshape(len(array), width)
    raise ValueError(
        f"{came(name, array)}, but want ({width},) for one sample or (N, {width})"
        f" for N of them, or (N, ...) with {width} numbers in each"
    )


def images(name: str, x: ArrayLike, channels: int | str = "C") -> Floats:
    """Return images (N, C, H, W) as floats, if they have so many channels."""
    array = floats(name, x)
    if array.ndim == 4 and channels in ("C", array.shape[1]):
        return array
    raise ValueError(came(name, array, f"images of shape (N, {channels}, H, W)"))


def scores(name: str, a: ArrayLike) -> Floats:
    """Return scores (..., K) of one class or more as floats."""
    array = floats(name, a)
    if array.ndim and array.shape[-1]:
        return array
    wanted = "scores of shape (..., K), K of 1 or more"
    fix = "put a single sample's scores in a list"
    raise ValueError(came(name, array, f"{wanted}; {fix}"))


class Undecided(ValueError, FloatingPointError):
    """Something is to be decided by a value that is nan."""


def decided(name: str, values: T) -> T:
    """Return the values if none is NaN, since a decision hangs on them."""
    if np.isnan(np.asarray(values)).any():
        wanted = "no nan where something is decided; look for missing values"
        raise Undecided(came(name, values, wanted))
    return values


def number(name: str, value: Any, above: Any = None, below: Any = None) -> float:
    """Return a single real number; with a limit it must be finite, and within."""
    if isinstance(value, float) and above is below is None:
        return value
    single = float(floats(name, value, shape=()))
    low = -np.inf if above is None else above
    high = np.inf if below is None else below
    if not (above is below is None or low < single < high):
        raise ValueError(came(name, single, f"it between {low} and {high}"))
    return single


def share(name: str, value: Any) -> float:
    """Return a number from 0 to less than 1, such as how much of a memory is kept."""
    if not 0 <= (part := number(name, value)) < 1:
        raise ValueError(came(name, part, "it from 0 to less than 1"))
    return part


def amount(name: str, value: Any) -> float:
    """Return a finite number of 0 or more."""
    if not 0 <= (single := number(name, value)) < np.inf:
        raise ValueError(came(name, single, "a finite number of 0 or more"))
    return single


def count(name: str, value: Any, least: int = 0) -> int:
    """Return a whole number that is not less than `least`."""
    try:
        whole = operator.index(value)
    except TypeError:
        whole = least - 1
        number(name, value)
    if whole < least:
        raise ValueError(came(name, value, f"a whole number of {least} or more"))
    return whole


def pair(name: str, value: int | tuple[int, int], least: int = 0) -> tuple[int, int]:
    """Return (height, width), given as two whole numbers or as one for both."""
    both = value if isinstance(value, tuple | list) else (value, value)
    if len(both) != 2:
        raise ValueError(came(name, value, "a whole number or (height, width)"))
    return count(name, both[0], least), count(name, both[1], least)


def flags(**switches: Any) -> None:
    """Raise TypeError if something is neither True nor False."""
    for name, value in switches.items():
        if not isinstance(value, bool | int | np.bool_) or value not in (0, 1):
            wanted = "True or False; name your argument (a folder is path=...)"
            raise TypeError(came(name, value, wanted))


def labels(t: ArrayLike, outputs: Shape) -> NDArray[np.intp]:
    """Return class numbers (N,) from class numbers or one-hot for `outputs` (N, K)."""
    got = reals("t", t)
    if not outputs or 0 in outputs or len(outputs) > 2:
        raise ValueError(came("outputs", outputs, "(K,) or (N, K), not empty"))
    if fits(got.shape, outputs) and one_hot_rows(got):
        return np.atleast_1d(got.argmax(axis=-1))
    if not fits(got.shape, outputs[:-1]):
        wanted = f"class numbers of shape {spelled(outputs[:-1])} or one-hot rows"
        raise ValueError(came("t", got, f"{wanted} for outputs {spelled(outputs)}"))
    classes = outputs[-1] or 0
    if got.dtype.kind != "f" and got.astype(np.uintp).max(initial=0) < classes:
        return got.astype(np.intp).reshape(-1)
    wrong = (got < 0) | (got >= classes)
    if got.dtype.kind == "f":
        wrong |= got != np.floor(got)
    if wrong.any():
        wanted = f"labels from 0 to {classes - 1}, whole numbers"
        fix = f"not {got[wrong].flat[0]:g}; renumber the classes"
        raise ValueError(came("t", got, f"{wanted}, {fix}"))
    return got.astype(np.intp).reshape(-1)


def one_hot_rows(t: NDArray[Any]) -> bool:
    """Return whether each row is zeros with a single 1."""
    return bool(((t == 0) | (t == 1)).all() and (t.sum(axis=-1) == 1).all())


def paired(x: ArrayLike, t: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return samples and labels as arrays, equally many."""
    samples, targets = an_array("x", x), an_array("t", t)
    many = [len(array) if array.ndim else "no" for array in (samples, targets)]
    if many[0] != many[1] or "no" in many:
        raise ValueError(
            f"got {many[0]} samples and {many[1]} labels, but want one for each sample"
        )
    return samples, targets
