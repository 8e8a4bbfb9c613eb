"""The digits: their form, their bytes, and what turns them into batches."""

from __future__ import annotations

import hashlib
import math
import tracemalloc
from typing import Any

import numpy as np
import pytest

from fishbook import datasets
from fishbook.datasets import (
    batches,
    has_mnist,
    load_digits,
    load_mnist,
    one_hot,
    show_digits,
    shuffle_dataset,
    train_val_split,
)

needs_mnist = pytest.mark.skipif(not has_mnist(), reason="needs MNIST: FISHBOOK_DATA")
SUMS = {
    "x_train": "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
    "t_train": "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
    "x_test": "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
    "t_test": "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
}
DIGITS = "0113aa32bd8e58750a54bcdae2a9bf5194cfb4bae3ad71eb5b1be3553b9c0c54"
LOADERS = [
    pytest.param(load_digits, (1437, 360, 8, 16), id="digits"),
    pytest.param(load_mnist, (60_000, 10_000, 28, 255), id="MNIST", marks=needs_mnist),
]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize(("load", "form"), LOADERS)
def test_images_come_in_rows_from_0_to_1(load: Any, form: Any) -> None:
    n_train, n_test, side, _ = form
    (x, t), (x_test, t_test) = load()
    assert x.shape == (n_train, side**2)
    assert x_test.shape == (n_test, side**2)
    assert (t.shape, t_test.shape) == ((n_train,), (n_test,))
    assert x.dtype == np.float32
    assert (x.min(), x.max()) == (0, 1)
    assert t.dtype == np.uint8
    assert set(t.tolist()) == set(range(10))


@pytest.mark.parametrize(("load", "form"), LOADERS)
def test_images_may_stay_whole_numbers_with_four_axes(load: Any, form: Any) -> None:
    n_train, _, side, top = form
    (x, _), _ = load(normalize=False, flatten=False)
    assert x.shape == (n_train, 1, side, side)
    assert x.dtype == np.uint8
    assert x.max() == top
    (rows, _), _ = load()
    np.testing.assert_allclose(x[:50].reshape(50, -1) / top, rows[:50], atol=1e-7)


@pytest.mark.parametrize(("load", "form"), LOADERS)
def test_labels_may_be_one_hot(load: Any, form: Any) -> None:
    (_, t), _ = load(one_hot_label=True)
    (_, labels), _ = load()
    assert t.shape == (form[0], 10)
    assert (t.sum(axis=1) == 1).all()
    np.testing.assert_array_equal(t.argmax(axis=1), labels)


@needs_mnist
def test_mnist_is_mnist() -> None:
    (x_train, t_train), (x_test, t_test) = load_mnist(normalize=False)
    arrays = {
        "x_train": x_train,
        "t_train": t_train,
        "x_test": x_test,
        "t_test": t_test,
    }
    assert {
        n: hashlib.sha256(a.tobytes()).hexdigest() for n, a in arrays.items()
    } == SUMS
    assert t_train[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert t_test[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(t_train).tolist() == counts
    assert (np.count_nonzero(x_train[0]), int(x_train[0].sum())) == (166, 27525)


@needs_mnist
def test_loading_holds_no_second_copy_in_memory() -> None:
    """Bytes come in, float32 goes out: no float64 on the way."""
    load_mnist()
    tracemalloc.start()
    try:
        (x_train, _), (x_test, _) = load_mnist()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1.6 * (x_train.nbytes + x_test.nbytes)


def test_one_hot_writes_a_1_at_the_labels_place() -> None:
    rows = one_hot([2, 0], num_classes=3)
    assert rows.tolist() == [[0, 0, 1], [1, 0, 0]]
    assert rows.dtype == np.float32
    assert one_hot(np.array([], int)).shape == (0, 10)


@pytest.mark.parametrize("bad", [[10], [-1], [1.5], [[1]], "3", 3], ids=repr)
def test_one_hot_refuses_what_is_no_label(bad: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="but want"):
        one_hot(bad)


@pytest.mark.parametrize(("load", "form"), LOADERS)
@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("one_hot_label", [True, False])
def test_what_is_loaded_is_yours_to_change(
    load: Any, form: Any, normalize: bool, one_hot_label: bool
) -> None:
    for x, t in load(normalize=normalize, one_hot_label=one_hot_label):
        assert x.flags.writeable and t.flags.writeable
        assert x.base is None or x.base.flags.writeable


@pytest.mark.parametrize("load", [load_digits, load_mnist])
def test_a_folder_is_no_switch(load: Any) -> None:
    with pytest.raises(TypeError, match=r"normalize = '/data'.*path="):
        load("/data")


def test_the_error_of_the_data_is_at_hand() -> None:
    with pytest.raises(datasets.DataError):
        load_mnist(path="/no/such/folder")
    assert issubclass(datasets.DataError, RuntimeError)


def test_the_small_digits_are_shuffled_by_an_order_that_stays() -> None:
    (x, t), (x_test, t_test) = load_digits(normalize=False)
    whole = b"".join(part.tobytes() for part in (x, x_test, t, t_test))
    assert hashlib.sha256(whole).hexdigest() == DIGITS
    assert t[:12].tolist() == [2, 8, 2, 6, 6, 7, 1, 9, 8, 5, 2, 8]


def test_the_test_digits_are_like_the_training_digits() -> None:
    """The last rows of the file, as they lie, are unlike the rest: 0.956 and 0.85."""
    (x, t), (x_test, t_test) = load_digits()
    distances = (x_test**2).sum(axis=1)[:, None] + (x**2).sum(axis=1)
    nearest = t[(distances - 2 * x_test @ x.T).argmin(axis=1)]
    assert np.mean(nearest == t_test) > 0.97
    means = np.array([x[t == k].mean(axis=0) for k in range(10)])
    answers = ((x_test[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    assert np.mean(answers == t_test) > 0.88


@pytest.mark.parametrize("size", [1, 7, 10, 25, 99])
def test_an_epoch_has_each_sample_once(size: int) -> None:
    """Drawing with replacement would miss a third of them."""
    x, t = np.arange(50).reshape(25, 2), np.arange(25)
    parts = list(batches(x, t, size, rng()))
    assert [len(t) for _, t in parts[:-1]] == [size] * (len(parts) - 1)
    seen = np.concatenate([t for _, t in parts])
    assert sorted(seen.tolist()) == list(range(25))
    assert len(set(seen[:9].tolist()) - set(range(9))) > 0
    for xs, ts in parts:
        np.testing.assert_array_equal(xs[:, 0], 2 * ts)


def test_with_replacement_an_epoch_misses_a_third() -> None:
    n = 60_000
    t = np.arange(n)
    drawn = np.concatenate([b for _, b in batches(t, t, 100, rng(), replace=True)])
    assert len(drawn) == n
    assert len(np.unique(drawn)) / n == pytest.approx(1 - np.exp(-1), abs=0.01)


def test_each_epoch_has_an_order_of_its_own_and_a_seed_repeats_it() -> None:
    x = np.arange(20)

    def order(generator: np.random.Generator) -> list[int]:
        return [int(v) for xs, _ in batches(x, x, 6, generator) for v in xs]

    generator = rng()
    first, second = order(generator), order(generator)
    assert first != second
    assert first == order(rng())
    assert x.tolist() == list(range(20))


@pytest.mark.parametrize("size", [0, -1, 1.5])
def test_a_batch_has_a_sample_at_least(size: Any) -> None:
    """It is the call that fails, not the loop."""
    with pytest.raises(ValueError, match="batch_size"):
        batches(np.ones(3), np.ones(3), size, rng())


def test_lists_are_samples_too() -> None:
    ((x, t),) = batches([[1, 2], [3, 4]], [0, 1], 2, 0)
    assert (x.shape, t.shape) == ((2, 2), (2,))
    (x, _), (_, t) = train_val_split([[1, 2], [3, 4]], [0, 1], 0, 0.5)
    assert (x.shape, t.shape) == ((1, 2), (1,))


@pytest.mark.parametrize("seed", [0, 1, np.int64(2)])
def test_a_seed_may_be_a_number(seed: Any) -> None:
    x = np.arange(50)
    for use in (
        lambda r: next(batches(x, x, 9, r))[0],
        lambda r: train_val_split(x, x, r)[1][0],
    ):
        np.testing.assert_array_equal(use(seed), use(rng(seed)))


@pytest.mark.parametrize(
    "use",
    [lambda *a: batches(*a, 2, rng()), lambda *a: train_val_split(*a, rng())],
)
def test_samples_without_labels_are_refused(use: Any) -> None:
    with pytest.raises(ValueError, match="got 5 samples and 4 labels"):
        use(np.ones((5, 2)), np.ones(4))


def test_a_split_parts_the_samples() -> None:
    x, t = np.arange(20).reshape(10, 2), np.arange(10)
    (x_train, t_train), (x_val, t_val) = train_val_split(x, t, rng(), fraction=0.3)
    assert (len(t_train), len(t_val)) == (7, 3)
    assert sorted([*t_train.tolist(), *t_val.tolist()]) == list(range(10))
    np.testing.assert_array_equal(x_train[:, 0], 2 * t_train)
    np.testing.assert_array_equal(x_val[:, 0], 2 * t_val)
    x_train[:] = -1
    assert (x >= 0).all()


@pytest.mark.parametrize("fraction", [0, 1, 0.01, -0.5, 2, float("nan")])
def test_a_split_leaves_no_part_empty(fraction: float) -> None:
    with pytest.raises(ValueError, match="fraction"):
        train_val_split(np.ones((10, 2)), np.ones(10), rng(), fraction)


@pytest.mark.parametrize(
    "shape", [(3, 64), (3, 8, 8), (3, 1, 8, 8), (1, 784), (12, 28, 28)]
)
def test_digits_are_drawn_in_any_form(shape: Any) -> None:
    x = rng().random(shape)
    svg = show_digits(x, range(shape[0]), ncols=5)._repr_svg_()
    assert svg.count("<text") == shape[0]
    assert "<path" in svg


def test_a_picture_does_not_depend_on_the_scale_of_the_pixels() -> None:
    (x, _), _ = load_digits(normalize=False)
    (scaled, _), _ = load_digits()
    assert show_digits(x[:4])._repr_svg_() == show_digits(scaled[:4])._repr_svg_()


@pytest.mark.parametrize(
    ("x", "t", "ncols"),
    [
        (np.ones(64), None, 10),
        (np.ones((2, 63)), None, 10),
        (np.ones((2, 64)), [1], 10),
        (np.ones((2, 64)), None, 0),
        (np.ones((0, 64)), None, 10),
    ],
    ids=["one image alone", "not square", "a label too few", "no columns", "none"],
)
def test_what_is_no_row_of_images_is_refused(x: Any, t: Any, ncols: int) -> None:
    with pytest.raises(ValueError, match="want"):
        show_digits(x, t, ncols)


@pytest.mark.parametrize("shape", [(12, 5), (12, 1, 2, 2)])
def test_shuffled_samples_keep_their_labels(shape: tuple[int, ...]) -> None:
    x = np.arange(math.prod(shape)).reshape(shape)
    t = np.arange(12)
    mixed, labels = shuffle_dataset(x, t, rng=0)
    assert sorted(labels) == list(t) != list(labels)
    assert np.array_equal(mixed, x[labels])
    assert np.array_equal(t, np.arange(12))
    again = shuffle_dataset(x, t, rng=0)
    assert np.array_equal(again[0], mixed)
    with pytest.raises(ValueError, match="12 samples and 3 labels"):
        shuffle_dataset(x, t[:3])
