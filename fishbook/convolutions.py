# Tangled from docs/06-cnn [5b60e565c8647352]
"""Ways to compute one and the same convolution."""

from __future__ import annotations

from typing import Any

from fishbook.checks import Floats, came
from fishbook.im2col import col2im, conv_output_size, im2col

__all__ = ["WAYS", "Both", "Im2col", "Way", "find_way"]

Both = tuple[int, int]


class Way:
    """A way to do the sums of a convolution; the definition of one lists it in WAYS.

    In `forward` and `backward`, images and filters fit, `stride` and `pad` are pairs
    (height, width), and nothing that is given may be changed.
    """

    def __init_subclass__(cls, name: str) -> None:
        """List the way by its name."""
        WAYS[name] = cls()

    def fits(
        self, W: Floats, stride: Both, pad: Both, x_shape: tuple[int, ...]
    ) -> bool:
        """Return whether this is a way, and a good one, for these."""
        raise NotImplementedError

    def forward(
        self, x: Floats, W: Floats, b: Floats, stride: Both, pad: Both
    ) -> tuple[Floats, Any]:
        """Return the output (N, FN, OH, OW), and what backward needs."""
        raise NotImplementedError

    def backward(
        self,
        dout: Floats,
        kept: Any,
        W: Floats,
        stride: Both,
        pad: Both,
        need_dx: bool = True,
    ) -> tuple[Floats | None, Floats, Floats]:
        """Return the gradients of x, W and b; None for x unless it is needed."""
        raise NotImplementedError


WAYS: dict[str, Way] = {}


def find_way(
    name: str | None, W: Floats, stride: Both, pad: Both, x_shape: tuple[int, ...]
) -> Way:
    """Return the way of that name, or else the latest defined that fits."""
    if name is not None and name not in WAYS:
        raise ValueError(came("way", name, f"None, {' or '.join(WAYS)}"))
    if name is not None:
        return WAYS[name]
    latest = reversed(WAYS.values())
    return next(way for way in latest if way.fits(W, stride, pad, x_shape))


class Im2col(Way, name="im2col"):
    """All windows as the rows of one matrix, and a single product."""

    def fits(
        self, W: Floats, stride: Both, pad: Both, x_shape: tuple[int, ...]
    ) -> bool:
        """Return True: this way is always open."""
        return True

    def forward(
        self, x: Floats, W: Floats, b: Floats, stride: Both, pad: Both
    ) -> tuple[Floats, Any]:
        """Return the output, and the matrix of windows."""
        FN, C, FH, FW = W.shape
        OH = conv_output_size(x.shape[2], FH, stride[0], pad[0])
        OW = conv_output_size(x.shape[3], FW, stride[1], pad[1])
        col = im2col(x, FH, FW, stride, pad)
        rows = col @ W.reshape(FN, C * FH * FW).T + b
        y = rows.reshape(len(x), OH, OW, FN).transpose(0, 3, 1, 2)
        return y, (col, x.shape)

    def backward(
        self,
        dout: Floats,
        kept: Any,
        W: Floats,
        stride: Both,
        pad: Both,
        need_dx: bool = True,
    ) -> tuple[Floats | None, Floats, Floats]:
        """Return the gradients: those of an affine layer, and col2im."""
        col, x_shape = kept
        FN, C, FH, FW = W.shape
        rows = dout.transpose(0, 2, 3, 1).reshape(len(col), FN)
        dW, db = (rows.T @ col).reshape(W.shape), rows.sum(axis=0)
        if not need_dx:
            return None, dW, db
        dcol = rows @ W.reshape(FN, C * FH * FW)
        return col2im(dcol, x_shape, FH, FW, stride, pad), dW, db
