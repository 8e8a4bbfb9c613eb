# Tangled from docs/02-neural-network, docs/03-learning, docs/05-training, docs/a-appendix [1f7997f52bda2cf0]
"""Handwritten digits to learn from, and what turns them into batches."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fishbook.checks import Seed, count, flags, labels, number, paired
from fishbook.download import DataError as DataError
from fishbook.download import has_mnist as has_mnist
from fishbook.download import mnist_array

__all__ = [
    "SHADES",
    "Arrays",
    "DataError",
    "batches",
    "has_mnist",
    "load_digits",
    "load_mnist",
    "one_hot",
    "show_digits",
    "shuffle_dataset",
    "train_val_split",
]

Arrays = tuple[NDArray[Any], NDArray[Any]]


def one_hot(t: ArrayLike, num_classes: int = 10) -> NDArray[np.float32]:
    """Return each label as a row of zeros with a 1 at the label's place.

    Parameters
    ----------
    t : array_like of int, shape (N,)
        Labels from 0 to `num_classes` - 1.
    num_classes : int, optional
        The length of a row.

    Returns
    -------
    ndarray of float32, shape (N, num_classes)

    Raises
    ------
    TypeError
        If `t` is not made of numbers.
    ValueError
        If a label is not one of these numbers, or if `t` has another shape.

    Examples
    --------
    >>> one_hot([2, 0], num_classes=3).tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    return np.eye(num_classes, dtype=np.float32)[labels(t, (None, num_classes))]


def batches(
    x: ArrayLike,
    t: ArrayLike,
    batch_size: int,
    rng: Seed = None,
    replace: bool = False,
) -> Iterator[Arrays]:
    """Return an iterator over the samples of one epoch, in random batches.

    Parameters
    ----------
    x : array_like, shape (N, ...)
        The samples.
    t : array_like, shape (N,) or (N, K)
        Their labels or targets.
    batch_size : int
        How many samples a batch has; the last one may have fewer.
    rng : optional
        What `numpy.random.default_rng` takes; chooses the samples.
        `x` and `t` stay as they are.
    replace : bool
        Without replacement, each sample comes exactly once. With it, N samples are
        drawn, some of them again and again, and about 37 % not at all.

    Yields
    ------
    x_batch, t_batch : ndarray
        Copies of rows of `x` and of the same rows of `t`.

    Raises
    ------
    ValueError
        If `x` and `t` differ in length, or if `batch_size` is less than 1.
    """
    x, t = paired(x, t)
    size = count("batch_size", batch_size, least=1)
    order = np.random.default_rng(rng).choice(len(x), len(x), replace=replace)
    parts = (order[at : at + size] for at in range(0, len(x), size))
    return ((x[part], t[part]) for part in parts)


def train_val_split(
    x: ArrayLike,
    t: ArrayLike,
    rng: Seed = None,
    fraction: float = 0.2,
) -> tuple[Arrays, Arrays]:
    """Split samples at random into a training part and a validation part.

    Parameters
    ----------
    x : array_like, shape (N, ...)
        The samples.
    t : array_like, shape (N,) or (N, K)
        Their labels or targets.
    rng : optional
        What `numpy.random.default_rng` takes; shuffles the samples.
        `x` and `t` stay as they are.
    fraction : float
        The share of the validation part, between 0 and 1.

    Returns
    -------
    (x_train, t_train), (x_val, t_val)
        Copies; each sample is in one part only.

    Raises
    ------
    ValueError
        If `x` and `t` differ in length, or if a part would be empty.
    """
    x, t = paired(x, t)
    held_out = round(len(x) * number("fraction", fraction, above=0, below=1))
    if not 0 < held_out < len(x):
        raise ValueError(
            f"got fraction = {fraction} of {len(x)} samples, but want at least one in"
            " either part; try 0.2"
        )
    order = np.random.default_rng(rng).permutation(len(x))
    val, train = order[:held_out], order[held_out:]
    return (x[train], t[train]), (x[val], t[val])


def shuffle_dataset(x: ArrayLike, t: ArrayLike, rng: Seed = None) -> Arrays:
    """Return samples and labels in a new random order, each with its own.

    Parameters
    ----------
    x : array_like, shape (N, ...)
        The samples.
    t : array_like, shape (N,) or (N, K)
        Their labels or targets.
    rng : optional
        What `numpy.random.default_rng` takes. `x` and `t` stay as they are.

    Raises
    ------
    ValueError
        If `x` and `t` differ in length.
    """
    x, t = paired(x, t)
    order = np.random.default_rng(rng).permutation(len(x))
    return x[order], t[order]


def load_mnist(
    normalize: bool = True,
    flatten: bool = True,
    one_hot_label: bool = False,
    *,
    path: str | PathLike[str] | None = None,
) -> tuple[Arrays, Arrays]:
    """Load the 60,000 training and 10,000 test images of MNIST with their labels.

    Parameters
    ----------
    normalize : bool, optional
        Pixels as float32 from 0 to 1; otherwise as uint8 from 0 to 255.
    flatten : bool, optional
        Images as rows of 784 pixels; otherwise of shape (1, 28, 28).
    one_hot_label : bool, optional
        Labels as rows of ten numbers, float32; otherwise as uint8 from 0 to 9.
    path : path, optional
        The folder with the four files; if not given, it is the one that
        FISHBOOK_DATA names, or the cache, to which they are downloaded if needed.

    Returns
    -------
    (x_train, t_train), (x_test, t_test) : pairs of ndarray
        Images (N, 784) or (N, 1, 28, 28), labels (N,) or (N, 10); yours to change.

    Raises
    ------
    TypeError
        If a switch is neither True nor False: a folder is ``path=...``.
    DataError
        If a file can't be had, is damaged, or can't be stored.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-based learning
    applied to document recognition", Proceedings of the IEEE 86(11), 2278-2324,
    1998.
    """
    flags(normalize=normalize, flatten=flatten, one_hot_label=one_hot_label)
    options = (255, normalize, flatten, one_hot_label)
    train, test = (
        (mnist_array(f"{part}-images", path), mnist_array(f"{part}-labels", path))
        for part in ("train", "t10k")
    )
    return _shaped(train, *options), _shaped(test, *options)


def _shaped(
    part: Arrays, top: int, normalize: bool, flatten: bool, one_hot_label: bool
) -> Arrays:
    """Return images and labels in the form asked for."""
    x, t = part
    x = x.reshape(len(x), -1) if flatten else x[:, np.newaxis]
    x = np.divide(x, top, dtype=np.float32) if normalize else x.copy()
    return x, one_hot(t) if one_hot_label else t.copy()


def load_digits(
    normalize: bool = True, flatten: bool = True, one_hot_label: bool = False
) -> tuple[Arrays, Arrays]:
    """Load 1,437 training and 360 test images of 8x8 pixels with their labels.

    The images come shuffled, by a fixed order: ``RandomState(0).permutation(1797)``,
    which no version of NumPy changes. The first 1,437 of it are for training.

    Parameters
    ----------
    normalize : bool, optional
        Pixels as float32 from 0 to 1; otherwise as uint8 from 0 to 16.
    flatten : bool, optional
        Images as rows of 64 pixels; otherwise of shape (1, 8, 8).
    one_hot_label : bool, optional
        Labels as rows of ten numbers, float32; otherwise as uint8 from 0 to 9.

    Returns
    -------
    (x_train, t_train), (x_test, t_test) : pairs of ndarray
        Images (N, 64) or (N, 1, 8, 8), labels (N,) or (N, 10); yours to change.

    Raises
    ------
    TypeError
        If a switch is neither True nor False.

    References
    ----------
    E. Alpaydin and C. Kaynak, "Optical recognition of handwritten digits", UCI
    Machine Learning Repository, 1998.
    """
    file = files("fishbook") / "data" / "digits.npz"
    with file.open("rb") as data, np.load(data, allow_pickle=False) as stored:
        x, t = stored["images"], stored["labels"]
    flags(normalize=normalize, flatten=flatten, one_hot_label=one_hot_label)
    options = (16, normalize, flatten, one_hot_label)
    order = np.random.RandomState(0).permutation(len(x))
    train, test = ((x[part], t[part]) for part in np.split(order, [1437]))
    return _shaped(train, *options), _shaped(test, *options)


SHADES = 6
"""How many shades of ink `show_digits` tells apart."""


def show_digits(x: ArrayLike, t: ArrayLike | None = None, ncols: int = 10) -> Any:
    """Draw images in rows, the brighter a pixel the darker the ink.

    Parameters
    ----------
    x : array_like, shape (N, D), (N, H, W) or (N, 1, H, W)
        Square images; 0 is the background, the largest number full ink.
    t : array_like, shape (N,), optional
        Labels to write under them.
    ncols : int, optional
        How many images stand in a row.

    Returns
    -------
    Picture
        A notebook shows it; ``save("digits.svg")`` writes it.

    Raises
    ------
    ValueError
        If the images aren't square, or there isn't a label for each.
    """
    from html import escape

    from fishbook.diagrams import PALETTE, Picture

    images, ncols = _images(x), count("ncols", ncols, least=1)
    words = [] if t is None else [str(label) for label in paired(images, t)[1]]
    size, gap = 48.0, 10.0
    height = size + gap + (16 if words else 0)
    parts = []
    for at, image in enumerate(images):
        row, column = divmod(at, ncols)
        x0, y0 = column * (size + gap), row * height
        parts.append(f'<g transform="translate({x0:g} {y0:g})">\n')
        parts.append(_ink(image, size, PALETTE["ink"]))
        if words:
            parts.append(
                f'<text x="{size / 2:g}" y="{size + 14:g}" font-size="14"'
                f' font-family="sans-serif" text-anchor="middle"'
                f' fill="{PALETTE["muted"]}">{escape(words[at])}</text>\n'
            )
        parts.append("</g>\n")
    width = min(ncols, len(images)) * (size + gap) - gap
    return Picture(width, -(-len(images) // ncols) * height - gap + 4, "".join(parts))


def _images(x: ArrayLike) -> NDArray[np.float64]:
    """Return images with pixels from 0 to 1, shape (N, side, side)."""
    values = np.asarray(x)
    side = round((values.size / max(len(values), 1)) ** 0.5) if values.ndim else 0
    if values.ndim < 2 or not side or values.size != len(values) * side * side:
        raise ValueError(
            f"got x with shape {values.shape}, but want square images, (N, D) or"
            " (N, 1, H, W); put a single image in a list"
        )
    pixels = np.clip(values.reshape(-1, side, side).astype(np.float64), 0, None)
    return pixels / (pixels.max() or 1.0)


def _ink(image: NDArray[np.float64], size: float, colour: str) -> str:
    """Draw an image; each shade of ink is one path, made of runs of pixels."""
    shades = np.rint(image * SHADES)
    parts = [f'<g transform="scale({size / len(image):.3f})">\n']
    for shade in range(1, SHADES + 1):
        runs = (f"M{x} {y}h{n}v1h-{n}z" for x, y, n in _runs(shades == shade))
        if path := "".join(runs):
            parts.append(
                f'<path d="{path}" fill="{colour}" shape-rendering="crispEdges"'
                f' fill-opacity="{shade / SHADES:.2f}"/>\n'
            )
    return "".join([*parts, "</g>\n"])


def _runs(mask: NDArray[np.bool_]) -> Iterator[tuple[int, int, int]]:
    """Yield x, y and length of each run of marked pixels."""
    for y, line in enumerate(mask):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], line, [0]])))
        for start, end in edges.reshape(-1, 2).tolist():
            yield start, y, end - start
