# Tangled from docs/06-cnn [bbfaf60631339c43]
"""Ways to compute one and the same convolution."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.polynomial.polynomial import polyfromroots

from fishbook.checks import Floats, T, came, count
from fishbook.im2col import col2im, conv_output_size, im2col

__all__ = [
    "GG",
    "POINTS",
    "SCRATCH",
    "TEAM",
    "WAYS",
    "A",
    "B",
    "Both",
    "Filters",
    "G",
    "Gradients",
    "Im2col",
    "Rows",
    "Scratch",
    "Team",
    "Tiles",
    "Way",
    "aligned",
    "convolve",
    "find_way",
    "framed",
    "from_strips",
    "keep_memory",
    "pixels_first",
    "row_of_outputs",
    "row_of_tiles",
    "set_threads",
    "settle",
    "shared",
    "strips",
    "transforms",
    "windows_down",
]

Both = tuple[int, int]
Gradients = tuple[Floats | None, Floats, Floats]


class Filters(NamedTuple):
    """What a convolution is asked for; stride and padding are (height, width)."""

    W: Floats
    b: Floats
    stride: Both
    pad: Both


class Way:
    """A way to do the sums of a convolution; the definition of one lists it in WAYS.

    In `forward` and `backward`, images and filters fit; nothing that is given may be
    changed.
    """

    def __init_subclass__(cls, name: str) -> None:
        """List the way by its name."""
        WAYS[name] = cls()

    def fits(self, asked: Filters, x_shape: tuple[int, ...]) -> bool:
        """Return whether this is a way, and a good one, for these."""
        raise NotImplementedError

    def forward(self, x: Floats, asked: Filters) -> tuple[Floats, Any]:
        """Return the output (N, FN, OH, OW), and what backward needs."""
        raise NotImplementedError

    def backward(
        self, dout: Floats, kept: Any, asked: Filters, need_dx: bool = True
    ) -> Gradients:
        """Return the gradients of x, W and b; None for x unless it is needed."""
        raise NotImplementedError


WAYS: dict[str, Way] = {}


def find_way(name: str | None, asked: Filters, x_shape: tuple[int, ...]) -> Way:
    """Return the way of that name, or else the latest defined that fits."""
    if name is not None and name not in WAYS:
        raise ValueError(came("way", name, f"None, {' or '.join(WAYS)}"))
    if name is not None:
        return WAYS[name]
    latest = reversed(WAYS.values())
    return next(way for way in latest if way.fits(asked, x_shape))


class Im2col(Way, name="im2col"):
    """All windows as the rows of one matrix, and a single product."""

    def fits(self, asked: Filters, x_shape: tuple[int, ...]) -> bool:
        """Return True: this way is always open."""
        return True

    def forward(self, x: Floats, asked: Filters) -> tuple[Floats, Any]:
        """Return the output, and the matrix of windows."""
        W, b, stride, pad = asked
        FN, C, FH, FW = W.shape
        OH = conv_output_size(x.shape[2], FH, stride[0], pad[0])
        OW = conv_output_size(x.shape[3], FW, stride[1], pad[1])
        col = im2col(x, FH, FW, stride, pad)
        rows = col @ W.reshape(FN, C * FH * FW).T + b
        y = rows.reshape(len(x), OH, OW, FN).transpose(0, 3, 1, 2)
        return y, (col, x.shape)

    def backward(
        self, dout: Floats, kept: Any, asked: Filters, need_dx: bool = True
    ) -> Gradients:
        """Return the gradients: those of an affine layer, and col2im."""
        (col, x_shape), (W, _, stride, pad) = kept, asked
        FN, C, FH, FW = W.shape
        rows = dout.transpose(0, 2, 3, 1).reshape(len(col), FN)
        dW, db = (rows.T @ col).reshape(W.shape), rows.sum(axis=0)
        if not need_dx:
            return None, dW, db
        dcol = rows @ W.reshape(FN, C * FH * FW)
        return col2im(dcol, x_shape, FH, FW, stride, pad), dW, db


def pixels_first(x: Floats) -> Floats:
    """Return images (N, C, H, W) laid out in memory as (H, W, N, C)."""
    return np.ascontiguousarray(x.transpose(2, 3, 0, 1))


def strips(x: Floats, width: int, stride: int, pad: Both) -> Floats:
    """Return each vertical strip of the padded images, (OW, N, H, width, C)."""
    (N, C, H, W), (top, left) = x.shape, pad
    tall = np.zeros((W + 2 * left, N, H + 2 * top, C), x.dtype)
    tall[left : left + W, :, top : top + H] = x.transpose(3, 0, 2, 1)
    OW = (len(tall) - width) // stride + 1
    made = np.empty((OW, N, H + 2 * top, width, C), x.dtype)
    for v in range(width):
        made[:, :, :, v] = tall[v : v + stride * OW : stride]
    return made


def windows_down(strips: Floats, height: int, stride: int) -> Floats:
    """Return a view of all windows as rows, (OH, OW * N, height * width * C)."""
    OW, N, H, width, C = strips.shape
    OH, row = (H - height) // stride + 1, width * C
    shape = OH, OW * N, height * row
    steps = np.multiply((stride * row, H * row, 1), strips.itemsize)
    view: Floats = as_strided(strips, shape, tuple(steps.tolist()), writeable=False)
    return view


class Team:
    """Threads that share the rows of convolutions; at first it is just one."""

    def __init__(self) -> None:
        self.resize(1)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=lambda: self.resize(1))

    def resize(self, many: int) -> None:
        """Be so many threads from now on."""
        self.many = count("many", many, least=1)
        self.pool = ThreadPoolExecutor(self.many)


TEAM = Team()


def set_threads(many: int) -> None:
    """Let so many threads share the rows of each convolution."""
    TEAM.resize(many)


def shared(work: Callable[[slice], T], rows: int) -> list[T]:
    """Return what work makes of each stretch of rows, one for each thread."""
    ends = [rows * i // TEAM.many for i in range(TEAM.many + 1)]
    mine, *parts = [slice(start, end) for start, end in pairwise(ends)]
    later = [TEAM.pool.submit(work, part) for part in parts]
    return [work(mine), *[task.result() for task in later]]


class Rows(Way, name="rows"):
    """Vertical strips are copied; the windows down a strip are a mere view of it."""

    def fits(self, asked: Filters, x_shape: tuple[int, ...]) -> bool:
        """Return whether rows are long, and pixels have 1 channel or more than 4."""
        N, C, _, W = x_shape
        return N * C * W >= 400 and (C == 1 or C > 4)

    def forward(self, x: Floats, asked: Filters) -> tuple[Floats, Any]:
        """Return the output, whose memory is (OH, OW, N, FN), and the strips."""
        W, b, stride, pad = asked
        FN, C, FH, FW = W.shape
        x = x.astype(np.result_type(x, W), copy=False)
        copied = strips(x, FW, stride[1], pad)
        windows = windows_down(copied, FH, stride[0])
        filters = W.transpose(2, 3, 1, 0).reshape(FH * FW * C, FN)
        line = np.tile(b, len(x))
        rows = np.empty((*windows.shape[:2], FN), x.dtype)

        def some(part: slice) -> None:
            for window, row in zip(windows[part], rows[part], strict=True):
                np.matmul(window, filters, out=row)
                row.reshape(len(copied), line.size)[...] += line

        shared(some, len(rows))
        y = rows.reshape(len(rows), len(copied), len(x), FN)
        return y.transpose(2, 3, 0, 1), (copied, x.shape)

    def backward(
        self, dout: Floats, kept: Any, asked: Filters, need_dx: bool = True
    ) -> Gradients:
        """Return the gradients: a product for each row of dout."""
        (copied, x_shape), (W, _, stride, pad) = kept, asked
        FN, C, FH, FW = W.shape
        windows = windows_down(copied, FH, stride[0])
        rows = pixels_first(dout).reshape(*windows.shape[:2], FN)

        def some(part: slice) -> Floats:
            products = windows[part].transpose(0, 2, 1) @ rows[part]
            total: Floats = products.sum(axis=0)
            return total

        dW = np.sum(shared(some, len(rows)), axis=0)
        dW = dW.reshape(FH, FW, C, FN).transpose(3, 2, 0, 1)
        db = np.ones(rows[..., 0].size, dout.dtype) @ rows.reshape(-1, FN)
        if not need_dx:
            return None, dW, db
        dstrips = np.zeros_like(copied)
        flat = dstrips.reshape(rows.shape[1], copied.shape[2] * FW * C)
        spread = W.transpose(0, 2, 3, 1).reshape(FN, FH * FW * C)
        for i, row in enumerate(rows):
            at = i * stride[0] * FW * C
            flat[:, at : at + FH * FW * C] += row @ spread
        return from_strips(dstrips, x_shape, stride[1], pad), dW, db


def from_strips(
    strips: Floats, x_shape: tuple[int, ...], stride: int, pad: Both
) -> Floats:
    """Return images in which the numbers of all strips are added where they belong."""
    (OW, N, tall, width, C), (H, W), (top, left) = strips.shape, x_shape[2:], pad
    x = np.zeros((tall, W + 2 * left, N, C), strips.dtype)
    for v in range(width):
        x[:, v : v + stride * OW : stride] += strips[:, :, :, v].transpose(2, 0, 1, 3)
    return x[top : top + H, left : left + W].transpose(2, 3, 0, 1)


def keep_memory() -> None:
    """Show the C library a large block that is given back, so that it keeps such ones.

    With glibc, up to 64 MB of free memory then stay with the process; elsewhere nothing
    changes. Its manual says why: mallopt(3), M_MMAP_THRESHOLD.
    """
    np.empty(2**25 - 2**14, np.uint8)


keep_memory()


POINTS = 0.0, 1.0, -1.0, 0.5, -2.0


def transforms(outputs: int, taps: int) -> tuple[Floats, Floats, Floats]:
    """Return A, G and B: outputs are A^T [(G g) * (B^T d)], by the first POINTS."""
    size = outputs + taps - 1
    points = POINTS[: size - 1]
    A, G = np.zeros((size, outputs)), np.zeros((size, taps))
    B = np.zeros((size, size))
    for i, p in enumerate(points):
        others = [q for q in points if q != p]
        A[i] = [p**k for k in range(outputs)]
        G[i] = [p**k / np.prod(np.subtract(p, others)) for k in range(taps)]
        B[:-1, i] = polyfromroots(others)
    A[-1, -1] = G[-1, -1] = 1
    B[:, -1] = polyfromroots(points)
    return A, G, B


def aligned(shape: tuple[int, ...], dtype: Any) -> Floats:
    """Return a new array, not filled, that begins where a cache line does."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    raw = np.empty(size + 64, np.uint8)
    start = -raw.ctypes.data % 64
    array: Floats = raw[start : start + size].view(dtype).reshape(shape)
    return array


class Scratch(threading.local):
    """Memory for what is forgotten at once; each thread has its own."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, Any], Floats] = {}

    def take(self, name: str, shape: tuple[int, ...], dtype: Any) -> Floats:
        """Return the array of that name, in this shape, with anything in it."""
        size, key = math.prod(shape), (name, dtype)
        if key not in self.held or self.held[key].size < size:
            self.held[key] = aligned((size,), dtype)
        return self.held[key][:size].reshape(shape)


SCRATCH = Scratch()


A, G, B = transforms(4, 3)
GG = np.kron(G, G)


def framed(x: Floats, pad: Both, first: int, size: Both) -> Floats:
    """Return rows of the padded images, from the first on, (high, wide, N, C)."""
    (N, C, _, W), left, top = x.shape, pad[1], pad[0] - first
    some = x.transpose(2, 3, 0, 1)[max(-top, 0) : size[0] - top]
    rows, top = SCRATCH.take("rows", (*size, N, C), x.dtype), max(top, 0)
    rows[:top] = rows[top + len(some) :] = 0
    rows[:, :left] = rows[:, left + W :] = 0
    rows[top : top + len(some), left : left + W] = some
    return rows


def row_of_tiles(rows: Floats, matrix: Floats, many: int) -> Floats:
    """Return matrix @ tile @ matrix.T of a row's tiles, (36, many * N, C)."""
    (high, W, N, C), (six, side) = rows.shape, matrix.shape
    matrix = matrix.astype(rows.dtype)
    down = SCRATCH.take("down", (six, W, N * C), rows.dtype)
    np.matmul(matrix, rows.reshape(high, -1), out=down.reshape(six, -1))
    a, b, c = down.strides
    tiles = as_strided(down, (six, many, side, N * C), (a, 4 * b, b, c))
    both = SCRATCH.take(f"tiles {side}", (six, six, many, N * C), rows.dtype)
    np.matmul(matrix, tiles, out=both.transpose(0, 2, 1, 3))
    return both.reshape(six * six, many * N, C)


def row_of_outputs(products: Floats, y: Floats) -> None:
    """Write A^T @ products @ A of a row of tiles to images, (4, many, 4, N * FN)."""
    AT, (_, many, _, line) = A.T.astype(y.dtype), y.shape
    down = SCRATCH.take("down", (4, 6, many, line), y.dtype)
    np.matmul(AT, products.reshape(6, -1), out=down.reshape(4, -1))
    np.matmul(AT, down.transpose(0, 2, 1, 3), out=y)


def convolve(
    x: Floats, W: Floats, b: Floats | None, pad: Both, other: Floats | None = None
) -> tuple[Floats, Any]:
    """Return the convolution of images, tile by tile, (N, FN, OH, OW).

    With other images, return also their tiles times those of x, summed: (36, D, C).
    """
    (FN, C), N, W = W.shape[:2], len(x), W.astype(x.dtype, copy=False)
    U = GG.astype(x.dtype) @ W.transpose(2, 3, 1, 0).reshape(9, C * FN)
    OH, OW = (n + 2 * p - 2 for n, p in zip(x.shape[2:], pad, strict=True))
    high, wide = -(-OH // 4), -(-OW // 4)
    y = aligned((high, 4, wide, 4, N * FN), x.dtype)

    def some(part: slice) -> Any:
        dU: Any = 0
        for r in range(high)[part]:
            V = row_of_tiles(framed(x, pad, 4 * r, (6, 4 * wide + 2)), B.T, wide)
            if other is not None:
                rows = framed(other, (0, 0), 4 * r, (4, 4 * wide))
                dU = dU + row_of_tiles(rows, A, wide).transpose(0, 2, 1) @ V
            M = SCRATCH.take("products", (36, wide * N, FN), x.dtype)
            np.matmul(V, U.reshape(36, C, FN), out=M)
            if b is not None:
                M[7].reshape(wide, N * FN)[...] += np.tile(b, N)
            row_of_outputs(M, y[r])
        return dU

    dU = sum(shared(some, high))
    y = y.reshape(4 * high, 4 * wide, N, FN)[:OH, :OW]
    return y.transpose(2, 3, 0, 1), dU


class Tiles(Way, name="tiles"):
    """3 x 3 filters, 4 x 4 outputs at a time: 36 multiplications instead of 144.

    References
    ----------
    A. Lavin, S. Gray, "Fast algorithms for convolutional neural networks", CVPR 2016.
    """

    def fits(self, asked: Filters, x_shape: tuple[int, ...]) -> bool:
        """Return whether filters are 3 x 3, go step by step, and channels are many."""
        shape, many = asked.W.shape, min(x_shape[0], *asked.W.shape[:2]) >= 16
        slow = asked.stride == (1, 1) and max(asked.pad) < 3
        return many and slow and shape[2:] == (3, 3)

    def forward(self, x: Floats, asked: Filters) -> tuple[Floats, Any]:
        """Return the output, whose memory is (OH, OW, N, FN), and x."""
        W, b, stride, pad = asked
        if W.shape[2:] != (3, 3) or stride != (1, 1) or max(pad) > 2:
            wanted = "3 x 3 filters, stride 1 and pad 0 to 2; leave way out otherwise"
            raise ValueError(came("W", W, f"{wanted} (stride {stride}, pad {pad})"))
        x = x.astype(np.result_type(x, W), copy=False)
        y, _ = convolve(x, W, b, pad)
        if not b.all():
            settle(y, x, b, pad)
        return y, x

    def backward(
        self, dout: Floats, kept: Any, asked: Filters, need_dx: bool = True
    ) -> Gradients:
        """Return the gradients; that of x is a convolution with flipped filters."""
        (FN, C), (W, _, _, pad) = asked.W.shape[:2], asked
        flipped = W[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
        dx, dU = convolve(dout, flipped, None, (2 - pad[0], 2 - pad[1]), kept)
        dW = GG.T.astype(dU.dtype) @ dU.reshape(36, C * FN)
        dW = dW.reshape(3, 3, C, FN)[::-1, ::-1].transpose(3, 2, 0, 1)
        db = np.ones(dout[:, 0].size, dout.dtype) @ pixels_first(dout).reshape(-1, FN)
        return dx if need_dx else None, dW, db


def settle(y: Floats, x: Floats, b: Floats, pad: Both) -> None:
    """Write b where a window sees nothing but zeros: there y is to be b exactly."""
    OH, OW = y.shape[2:]
    (top, left), lit = pad, (x.transpose(2, 3, 0, 1) != 0).any(axis=3)
    frame = np.pad(lit, ((top, top), (left, left), (0, 0)))
    seen = np.zeros((OH, OW, len(x)), bool)
    for i in range(3):
        for j in range(3):
            seen |= frame[i : i + OH, j : j + OW]
    np.copyto(y.transpose(2, 3, 0, 1), b, where=~seen[..., np.newaxis])
