"""The fast ways to convolve: equal to the plain one, and safe to use."""

from __future__ import annotations

import multiprocessing
import os
import platform
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import convnets
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fishbook import layers
from fishbook.convolutions import (
    POINTS,
    WAYS,
    Filters,
    convolve,
    find_way,
    set_threads,
    strips,
    transforms,
    windows_down,
)
from fishbook.layers import Convolution
from fishbook.networks import ConvNet

NAMES = ["y", "dx", "dW", "db"]


def results(
    way: str | None,
    x: Any,
    W: Any,
    b: Any,
    stride: Any = 1,
    pad: Any = 0,
    seed: int = 5,
) -> list[Any]:
    """Return what a layer gives, forward and backward."""
    layer = Convolution(W, b, stride, pad, way=way)
    y = layer.forward(x)
    dout = np.random.default_rng(seed).normal(size=y.shape).astype(y.dtype)
    return [y, layer.backward(dout), layer.dW, layer.db]


def drawn(*shapes: tuple[int, ...], dtype: Any = np.float64, seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape).astype(dtype) for shape in shapes]


def near(one: list[Any], two: list[Any], share: float) -> None:
    """Assert that results differ by no more than a share of the largest number."""
    for name, a, b in zip(NAMES, one, two, strict=True):
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        worst = np.abs(a - b).max(initial=0)
        assert worst <= share * max(1, np.abs(a).max(initial=0)), name


@pytest.fixture
def threads() -> Iterator[Callable[[int], None]]:
    """Set how many threads share rows, and one again afterwards."""
    yield set_threads
    set_threads(1)


@pytest.mark.parametrize("way", ["rows", "tiles"])
@pytest.mark.parametrize("many", [2, 3, 20])
def test_threads_that_share_rows_change_nothing(
    way: str, many: int, threads: Callable[[int], None]
) -> None:
    case = drawn((16, 16, 9, 10), (17, 16, 3, 3), (17,))
    alone = results(way, *case, pad=1)
    threads(many)
    near(alone, results(way, *case, pad=1), 1e-13)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no process can be forked off here")
def test_a_forked_process_has_no_threads_to_wait_for(
    threads: Callable[[int], None],
) -> None:
    case = drawn((2, 3, 6, 6), (4, 3, 3, 3), (4,))
    threads(2)
    results("rows", *case)
    with multiprocessing.get_context("fork").Pool(1) as pool:
        y = pool.apply_async(results, ("rows", *case)).get(timeout=60)
    near(y, results("rows", *case), 1e-13)


@pytest.mark.parametrize("many", [0, -1, 1.5, "two"])
def test_threads_are_a_whole_number(many: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="many"):
        set_threads(many)


STEPS = """
import resource

import numpy as np

from fishbook.networks import SimpleConvNet

net, x, t = SimpleConvNet(rng=0), np.ones((100, 1, 28, 28)), np.zeros(100, int)
for steps in (3, 5):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(steps):
        net.gradient(x, t)
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
print(faults / steps)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's memory only")
def test_memory_that_is_given_back_stays_at_hand() -> None:
    clean = {k: v for k, v in os.environ.items() if "MALLOC" not in k}
    done = subprocess.run(
        [sys.executable, "-c", STEPS], env=clean, capture_output=True, text=True
    )
    assert float(done.stdout) < 100, done.stderr


few = st.integers(1, 4)


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.tuples(st.integers(0, 4), few, few),
    kernel=st.tuples(few, few),
    extra=st.tuples(st.integers(0, 6), st.integers(0, 6)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    pad=st.tuples(st.integers(0, 2), st.integers(0, 2)),
    seed=st.integers(0, 9),
)
def test_strips_give_what_the_plain_way_gives(
    sizes: Any, kernel: Any, extra: Any, stride: Any, pad: Any, seed: int
) -> None:
    N, C, FN = sizes
    size = [k + e for k, e in zip(kernel, extra, strict=True)]
    x, W, b = drawn((N, C, *size), (FN, C, *kernel), (FN,), seed=seed)
    plain = results("im2col", x, W, b, stride, pad)
    near(plain, results("rows", x, W, b, stride, pad), 1e-9)


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.tuples(st.integers(0, 4), few, few),
    size=st.tuples(st.integers(3, 11), st.integers(3, 11)),
    pad=st.tuples(st.integers(0, 2), st.integers(0, 2)),
    seed=st.integers(0, 9),
)
def test_tiles_give_what_the_plain_way_gives(
    sizes: Any, size: Any, pad: Any, seed: int
) -> None:
    N, C, FN = sizes
    x, W, b = drawn((N, C, *size), (FN, C, 3, 3), (FN,), seed=seed)
    plain = results("im2col", x, W, b, 1, pad)
    near(plain, results("tiles", x, W, b, 1, pad), 1e-9)


@pytest.mark.parametrize(("C", "FN", "size", "pad"), [(16, 16, 28, 1), (64, 32, 8, 2)])
def test_how_far_float32_is_from_the_truth(
    C: int, FN: int, size: int, pad: int
) -> None:
    low = drawn((16, C, size, size), (FN, C, 3, 3), (FN,), dtype=np.float32)
    exact = results("im2col", *[v.astype(float) for v in low], pad=pad)
    for way, share in (("rows", 5e-6), ("tiles", 3e-5)):
        got = results(way, *low, pad=pad)
        assert all(v.dtype == np.float32 for v in got)
        near(exact, [v.astype(float) for v in got], share)


@pytest.mark.parametrize(("outputs", "taps"), [(2, 2), (2, 3), (4, 3), (3, 4), (1, 6)])
def test_transforms_let_each_number_meet_its_weight(outputs: int, taps: int) -> None:
    A, G, B = transforms(outputs, taps)
    assert len(A) == outputs + taps - 1 <= len(POINTS) + 1
    switch = np.einsum("ik,iu,mi->kum", A, G, B)
    k, u, m = np.indices(switch.shape)
    np.testing.assert_allclose(switch, m == k + u, atol=1e-12)


def test_a_convolution_goes_the_fastest_way_that_fits() -> None:
    def way(
        x: tuple[int, ...], W: tuple[int, ...], stride: int = 1, pad: int = 1
    ) -> Any:
        asked = Filters(np.zeros(W), np.zeros(W[0]), (stride,) * 2, (pad,) * 2)
        found = find_way(None, asked, x)
        return next(name for name, known in WAYS.items() if known is found)

    assert way((100, 16, 28, 28), (16, 16, 3, 3)) == "tiles"
    assert way((100, 16, 28, 28), (16, 16, 3, 3), stride=2) == "rows"
    assert way((100, 16, 28, 28), (16, 16, 5, 5)) == "rows"
    assert way((100, 16, 28, 28), (16, 16, 3, 3), pad=3) == "rows"
    assert way((100, 1, 28, 28), (16, 1, 3, 3)) == "rows"
    assert way((100, 4, 28, 28), (16, 4, 3, 3)) == "im2col"
    assert way((1, 1, 28, 28), (16, 1, 3, 3)) == "im2col"
    assert way((32, 16, 14, 14), (16, 16, 3, 3)) == "tiles"
    assert way((4, 16, 28, 28), (16, 16, 3, 3)) == "rows"
    assert way((1, 16, 28, 28), (16, 16, 3, 3)) == "rows"


@pytest.mark.parametrize(
    ("kernel", "stride", "pad"), [((5, 5), 1, 1), ((3, 3), 2, 1), ((3, 3), 1, 3)]
)
def test_tiles_refuse_what_they_cannot_do(kernel: Any, stride: int, pad: int) -> None:
    x, W, b = drawn((2, 3, 8, 8), (4, 3, *kernel), (4,))
    with pytest.raises(ValueError, match=r"want 3 x 3 filters.*leave way out"):
        Convolution(W, b, stride, pad, way="tiles").forward(x)


@pytest.mark.parametrize("way", ["rows", "tiles"])
def test_memory_goes_channels_innermost_and_is_nobody_elses(way: str) -> None:
    x, W, b = drawn((16, 16, 12, 12), (16, 16, 3, 3), (16,))
    layer = Convolution(W, b, pad=1, way=way)
    y = layer.forward(x)
    assert sorted(y.strides, reverse=True) == [y.strides[i] for i in (2, 3, 0, 1)]
    dx = layer.backward(np.ones_like(y))
    mine = y.copy(), dx.copy(), layer.dW.copy(), layer.db.copy()
    held = y, dx, layer.dW, layer.db
    again = layer.forward(-x)
    layer.backward(again)
    for before, now in zip(mine, held, strict=True):
        np.testing.assert_array_equal(before, now)
    assert not any(np.shares_memory(v, again) for v in held)


def test_windows_down_a_strip_are_a_view() -> None:
    (x,) = drawn((2, 3, 7, 5))
    made = strips(x, 2, 1, (1, 0))
    view = windows_down(made, 3, 2)
    assert np.shares_memory(view, made)
    assert not view.flags.writeable
    np.testing.assert_array_equal(view[1, 0].reshape(3, 2, 3), made[0, 0, 2:5])


def test_threads_do_not_share_scratch() -> None:
    x, W, b = drawn((16, 16, 16, 16), (16, 16, 3, 3), (16,))
    inputs = [(1 + k) * x for k in range(4)]
    wanted = [results("tiles", v, W, b, pad=1) for v in inputs]
    wrong: list[int] = []

    def work(k: int) -> None:
        for _ in range(5):
            got = results("tiles", inputs[k], W, b, pad=1)
            same = [np.array_equal(a, w) for a, w in zip(got, wanted[k], strict=True)]
            wrong.extend([] if all(same) else [k])

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_window_of_zeros_gives_the_bias_exactly() -> None:
    x, W, b = drawn((16, 16, 10, 9), (16, 16, 3, 3), (16,), dtype=np.float32)
    x[:, :, 1:] = 0
    b[::2] = 0
    raw, _ = convolve(x, W, b, (1, 1))
    assert (raw[:, ::2, 2:4, :9] != 0).any()  # what the layer mends
    y = Convolution(W, b, pad=1, way="tiles").forward(x)
    np.testing.assert_array_equal(
        y[:, :, 2:], np.broadcast_to(b[:, None, None], y[:, :, 2:].shape)
    )
    plain = Convolution(W, b, pad=1, way="im2col").forward(x)
    np.testing.assert_allclose(y[:, :, :2], plain[:, :, :2], 1e-4, 1e-4)


@pytest.mark.parametrize("biases", ["zero", "drawn"])
def test_a_deep_network_learns_the_same_by_any_way(biases: str) -> None:
    rng = np.random.default_rng(3)
    x, t = rng.random((16, 1, 28, 28)), rng.integers(10, size=16)
    x[:, :, :7], x[:, :, :, 20:] = 0, 0

    def gradient(dtype: Any, **way: str) -> dict[str, Any]:
        made = convnets.layers_of(convnets.DEEP[:-3], layers, dtype, **way)
        net = ConvNet(made, layers.SoftmaxWithLoss())
        drawn = np.random.default_rng(4)
        for name, b in net.params.items():
            if name[0] == "b":
                b[...] = 0 if biases == "zero" else drawn.normal(size=b.shape)
        return net.gradient(x, t)

    plain = gradient(np.float64, way="im2col")
    for name, g in gradient(np.float64).items():
        assert np.abs(g - plain[name]).max() <= 1e-9 * np.abs(plain[name]).max(), name
    low = gradient(np.float32)
    for name in ("b1", "b2", "b3", "W1"):
        off = np.abs(low[name] - plain[name]).max()
        assert off <= 2e-2 * np.abs(plain[name]).max(), name
