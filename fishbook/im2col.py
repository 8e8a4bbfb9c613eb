# Tangled from docs/06-cnn [a9def915067ba826]
"""Windows that slide over images, laid out as a matrix, and back."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fishbook.checks import Floats, count, floats, images, pair

__all__ = [
    "Pair",
    "col2im",
    "conv_output_size",
    "im2col",
    "pad_images",
    "window_indices",
]


def conv_output_size(
    input_size: int, filter_size: int, stride: int = 1, pad: int = 0
) -> int:
    """Return how many places a window has along one axis.

    Parameters
    ----------
    input_size, filter_size : int
        How long the input and the window are.
    stride : int
        How far the window moves from place to place.
    pad : int
        How much is added at each end of the input.

    Returns
    -------
    int
        (input_size + 2 pad - filter_size) / stride + 1, rounded down: what is left
        over at the end is not looked at.

    Raises
    ------
    ValueError
        If the window is longer than the padded input.
    """
    size, window = count("input_size", input_size), count("filter_size", filter_size, 1)
    stride, pad = count("stride", stride, 1), count("pad", pad)
    room = size + 2 * pad - window
    if room < 0:
        raise ValueError(
            f"got a window of {window} for an input of {size} with {pad} added at each"
            f" end, {size + 2 * pad} in all; take a smaller window or more padding"
        )
    return room // stride + 1


Pair = int | tuple[int, int]


def window_indices(
    shape: tuple[int, ...], filter_h: int, filter_w: int, stride: Pair, pad: Pair
) -> NDArray[np.intp]:
    """Return a window a row: the numbers of the pixels that it sees.

    The pixels of a padded image (C, H + 2 pad, W + 2 pad) are numbered channel by
    channel, row by row; `shape` is (C, H, W).
    """
    (sh, sw), (ph, pw) = pair("stride", stride, 1), pair("pad", pad)
    C, H, W = shape
    OH = conv_output_size(H, filter_h, sh, ph)
    OW = conv_output_size(W, filter_w, sw, pw)
    H, W = H + 2 * ph, W + 2 * pw
    pixels = np.arange(C * H * W).reshape(C, H, W)
    corners = pixels[0, ::sh, ::sw][:OH, :OW].reshape(OH * OW, 1)
    inside = pixels[:, :filter_h, :filter_w].ravel()
    return np.asarray(corners + inside)


def pad_images(x: Floats, pad: Pair) -> Floats:
    """Return images (N, C, H, W) with a border of zeros, rows and columns."""
    (N, C, H, W), (ph, pw) = x.shape, pair("pad", pad)
    if not (ph or pw):
        return x
    padded = np.zeros((N, C, H + 2 * ph, W + 2 * pw), x.dtype)
    padded[:, :, ph : ph + H, pw : pw + W] = x
    return padded


def im2col(
    input_data: ArrayLike,
    filter_h: int,
    filter_w: int,
    stride: Pair = 1,
    pad: Pair = 0,
) -> Floats:
    """Return each window of the images as a row.

    Parameters
    ----------
    input_data : array_like, shape (N, C, H, W)
        Images; not changed.
    filter_h, filter_w : int
        How high and wide a window is.
    stride : int or (int, int)
        How far the window moves from place to place, downward and to the right.
    pad : int or (int, int)
        How many rows of zeros are added above and below, and columns on both sides.

    Returns
    -------
    ndarray, shape (N * OH * OW, C * filter_h * filter_w)
        A new array, of the same kind of float. Rows go along the first image, window
        by window, then the second; a row has channel after channel.
    """
    x = images("input_data", input_data)
    index = window_indices(x.shape[1:], filter_h, filter_w, stride, pad)
    padded = pad_images(x, pad)
    flat = padded.reshape(len(x), math.prod(padded.shape[1:]))
    col = np.take(flat, index, axis=1, mode="clip")
    return col.reshape(len(x) * len(index), index.shape[1])


def col2im(
    col: ArrayLike,
    input_shape: tuple[int, int, int, int],
    filter_h: int,
    filter_w: int,
    stride: Pair = 1,
    pad: Pair = 0,
) -> Floats:
    """Return images in which each number of the rows is back where it came from.

    Parameters
    ----------
    col : array_like, shape (N * OH * OW, C * filter_h * filter_w)
        A window a row, as `im2col` makes them.
    input_shape : (N, C, H, W)
        Of the images, without padding.
    filter_h, filter_w, stride, pad
        As `im2col` takes them.

    Returns
    -------
    ndarray, shape (N, C, H, W)
        A new array; where windows overlap, their numbers are added.
    """
    N, C, H, W = input_shape
    index = window_indices((C, H, W), filter_h, filter_w, stride, pad)
    col = floats("col", col, (N * len(index), index.shape[1])).reshape(N, index.size)
    ph, pw = pair("pad", pad)
    x: Floats = np.empty((N, C, H + 2 * ph, W + 2 * pw), col.dtype)
    for image, numbers in zip(x, col, strict=True):
        sums = np.bincount(index.ravel(), numbers, image.size)
        image[...] = sums.reshape(image.shape)
    return x[:, :, ph : ph + H, pw : pw + W]
