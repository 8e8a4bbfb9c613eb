"""Windows as rows of a matrix, and back: `fishbook.im2col`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import textbook
from hypothesis import given
from hypothesis import strategies as st

from fishbook.checks import pair
from fishbook.im2col import col2im, conv_output_size, im2col, pad_images


def numbers(shape: tuple[int, ...], seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape)


@st.composite
def cases(draw: Any) -> tuple[Any, ...]:
    """Draw images and windows that fit: (shape, filter_h, filter_w, stride, pad)."""
    side = st.integers(1, 4)
    (fh, fw), (ph, pw) = (draw(st.tuples(side, side)) for _ in range(2))
    ph, pw = ph - 1, pw - 1
    H = draw(st.integers(max(1, fh - 2 * ph), 8))
    W = draw(st.integers(max(1, fw - 2 * pw), 8))
    shape = draw(st.integers(0, 3)), draw(st.integers(1, 3)), H, W
    stride = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    return shape, fh, fw, stride, (ph, pw)


def window_by_window(
    x: Any, fh: int, fw: int, stride: tuple[int, int], pad: tuple[int, int]
) -> Any:
    """Return what im2col should, in the slowest and plainest way."""
    (sh, sw), (ph, pw) = stride, pad
    x = np.pad(x, [(0, 0), (0, 0), (ph, ph), (pw, pw)])
    rows = [
        image[:, i : i + fh, j : j + fw].ravel()
        for image in x
        for i in range(0, x.shape[2] - fh + 1, sh)
        for j in range(0, x.shape[3] - fw + 1, sw)
    ]
    return np.array(rows).reshape(len(rows), x.shape[1] * fh * fw)


# The size of the output


@pytest.mark.parametrize(
    ("given", "size"),
    [
        ((4, 3, 1, 1), 4),
        ((7, 3, 2, 0), 3),
        ((28, 5, 3, 2), 10),
        ((31, 5, 3, 2), 11),
        ((28, 5), 24),
        ((24, 2, 2), 12),
        ((28, 3, 1, 1), 28),
        ((224, 11, 4, 2), 55),  # 55.25
        ((224, 7, 2, 3), 112),  # 112.5
        ((3, 3), 1),
        ((1, 3, 1, 1), 1),
    ],
)
def test_the_size_of_the_output(given: tuple[int, ...], size: int) -> None:
    got = conv_output_size(*given)
    assert got == size
    assert type(got) is int


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((2, 5, 2), "a window of 5 for an input of 2 with 0 added at each end, 2 in"),
        ((2, 5, 1, 1), "a window of 5 for an input of 2 with 1 added at each end, 4"),
        ((0, 1), "an input of 0"),
        ((4, 0), "filter_size = 0"),
        ((4, 2, 0), "stride = 0"),
        ((4, 2, 1, -1), "pad = -1"),
        ((4.5, 2), "input_size = 4.5"),
    ],
)
def test_an_impossible_size_is_named(given: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        conv_output_size(*given)


@given(*(st.integers(least, 30) for least in (0, 1, 1, 0)))
def test_windows_counted_one_by_one(H: int, F: int, S: int, P: int) -> None:
    many = len(range(0, H + 2 * P - F + 1, S))
    if many:
        assert conv_output_size(H, F, S, P) == many
    else:
        with pytest.raises(ValueError, match=f"window of {F} for an input of {H} "):
            conv_output_size(H, F, S, P)


def test_a_pair_is_two_numbers_or_one_for_both() -> None:
    assert pair("stride", 2) == (2, 2)
    assert pair("stride", [1, np.int64(2)]) == (1, 2)
    for wrong in ((1, 2, 3), (1,), -1, (0, -1), 1.5):
        with pytest.raises(ValueError, match="got stride"):
            pair("stride", wrong)  # type: ignore[arg-type]


# There


def test_nine_numbers_and_back() -> None:
    x = np.arange(1.0, 10).reshape(1, 1, 3, 3)
    col = im2col(x, 2, 2)
    rows = [[1, 2, 4, 5], [2, 3, 5, 6], [4, 5, 7, 8], [5, 6, 8, 9]]
    np.testing.assert_array_equal(col, rows)
    counts = col2im(np.ones((4, 4)), x.shape, 2, 2)
    np.testing.assert_array_equal(counts[0, 0], [[1, 2, 1], [2, 4, 2], [1, 2, 1]])
    back = col2im(col, x.shape, 2, 2)
    np.testing.assert_array_equal(back[0, 0], [[1, 4, 3], [8, 20, 12], [7, 16, 9]])


def test_the_shapes_of_the_book() -> None:
    assert im2col(np.random.rand(1, 3, 7, 7), 5, 5, stride=1, pad=0).shape == (9, 75)
    assert im2col(np.random.rand(10, 3, 7, 7), 5, 5, stride=1, pad=0).shape == (90, 75)


@given(cases())
def test_im2col_has_each_window_in_its_row(case: Any) -> None:
    shape, *how = case
    x = numbers(shape)
    before = x.copy()
    col = im2col(x, *how)
    np.testing.assert_array_equal(col, window_by_window(x, *how))
    np.testing.assert_array_equal(x, before)
    assert not np.shares_memory(col, x)


@given(cases())
def test_col2im_is_the_adjoint_of_im2col(case: Any) -> None:
    shape, *how = case
    x = numbers(shape)
    col = im2col(x, *how)
    z = numbers(col.shape, seed=1)
    back = col2im(z, shape, *how)
    assert back.shape == shape
    assert abs(np.sum(col * z) - np.sum(x * back)) < 1e-12 * max(1, col.size)


@pytest.mark.parametrize(
    ("stride", "pad", "shape"),
    [(1, 0, (70, 18)), (2, 1, (40, 18)), (3, 2, (24, 18)), (2, 0, (24, 18))],
)
def test_the_adjoint_of_given_windows(
    stride: int, pad: int, shape: tuple[int, int]
) -> None:
    x, z = numbers((2, 3, 7, 8)), numbers(shape, seed=1)
    col = im2col(x, 3, 2, stride, pad)
    assert col.shape == shape
    back = col2im(z, x.shape, 3, 2, stride, pad)
    assert abs(np.sum(col * z) - np.sum(x * back)) < 1e-13 * 100


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("pad", [0, 2])
def test_the_matrix_is_the_textbooks(stride: int, pad: int) -> None:
    x = numbers((3, 2, 9, 9))
    col = textbook.im2col(x, 5, 3, stride, pad)
    np.testing.assert_array_equal(im2col(x, 5, 3, stride, pad), col)
    z = numbers(col.shape, seed=1)
    back = textbook.col2im(z, x.shape, 5, 3, stride, pad)
    np.testing.assert_allclose(
        col2im(z, x.shape, 5, 3, stride, pad), back, rtol=0, atol=1e-13
    )


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_kind_of_float_stays(dtype: Any) -> None:
    x = np.ones((2, 3, 4, 5), dtype)
    col = im2col(x, 2, 2, pad=1)
    assert col.dtype == dtype
    assert col2im(col, x.shape, 2, 2, pad=1).dtype == dtype
    assert im2col(np.ones((1, 1, 2, 2), int), 1, 1).dtype == np.float64


def test_the_memory_order_of_images_makes_no_difference() -> None:
    x = numbers((2, 3, 6, 5))
    col = im2col(x, 3, 2, 2, 1)
    for other in (np.asfortranarray(x), x[:, :, ::-1, ::-1].copy()[:, :, ::-1, ::-1]):
        np.testing.assert_array_equal(im2col(other, 3, 2, 2, 1), col)
    np.testing.assert_array_equal(
        col2im(np.asfortranarray(col), x.shape, 3, 2, 2, 1),
        col2im(col, x.shape, 3, 2, 2, 1),
    )


def test_a_border_of_zeros() -> None:
    x = np.ones((1, 1, 1, 2))
    padded = pad_images(x, (1, 2))[0, 0]
    np.testing.assert_array_equal(padded, np.pad(x[0, 0], [(1, 1), (2, 2)]))


def test_what_does_not_fit_is_named() -> None:
    x = np.ones((1, 3, 4, 4))
    with pytest.raises(ValueError, match="a window of 5 for an input of 4 with 0 "):
        im2col(x, 2, 5)
    with pytest.raises(ValueError, match="a window of 7 for an input of 4 with 1 "):
        im2col(x, 7, 2, pad=1)
    with pytest.raises(ValueError, match=r"want images of shape \(N, C, H, W\)"):
        im2col(x[0], 2, 2)
    with pytest.raises(ValueError, match=r"want shape \(9, 12\)"):
        col2im(np.ones((9, 4)), x.shape, 2, 2)
    with pytest.raises(TypeError, match="real numbers"):
        im2col(x.astype(str), 2, 2)
