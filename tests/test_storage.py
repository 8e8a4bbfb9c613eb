"""Parameters in a file: whole, without running code, and back into the same arrays."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fishbook.networks import TwoLayerNet
from fishbook.storage import read_arrays, write_arrays

X5 = np.random.default_rng(1).normal(size=(6, 5))


def two_layers(**given: Any) -> TwoLayerNet:
    given = {"weight_init_std": 0.5, "rng": 0, "dtype": np.float64} | given
    return TwoLayerNet(5, 4, 3, **given)


def test_parameters_come_back_from_a_file_into_the_same_arrays(tmp_path: Path) -> None:
    one, two = two_layers(rng=1), two_layers(rng=2)
    path = tmp_path / "params.npz"
    one.save_params(path)
    W1 = two.params["W1"]
    two.load_params(str(path))
    assert two.params["W1"] is W1 is two.layers["Affine1"].W
    np.testing.assert_array_equal(two.predict(X5), one.predict(X5))
    one.params["b2"] += 1
    one.save_params(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["params.npz"]
    two.load_params(path)
    np.testing.assert_array_equal(two.params["b2"], one.params["b2"])


def test_a_network_of_float32_takes_parameters_of_float64(tmp_path: Path) -> None:
    one, two = two_layers(), two_layers(rng=2, dtype=np.float32)
    one.save_params(tmp_path / "p.npz")
    two.load_params(tmp_path / "p.npz")
    assert two.params["W1"].dtype == np.float32
    np.testing.assert_allclose(two.params["W1"], one.params["W1"], rtol=1e-6)


def stored(path: Path, **changes: Any) -> None:
    """Store the parameters of a network with some of them changed, or left out."""
    arrays: dict[str, Any] = {**two_layers(rng=1).params, **changes}
    np.savez(path, **{k: v for k, v in arrays.items() if v is not None})


BAD_PARAMS = {
    "no W2": {"W2": None},
    "W3, for which nothing asks": {"W3": np.ones(2)},
    r"b1 of shape \(7,\), but want \(4,\)": {"b1": np.ones(7)},
    r"W1 of shape \(4, 5\)": {"W1": np.ones((4, 5))},
    "b2.*with nan or inf": {"b2": np.array([1, np.nan, 2])},
    "W2.*with nan or inf": {"W2": np.full((4, 3), np.inf)},
    "b1 .*complex128": {"b1": np.ones(4, complex)},
    "b1 made of text": {"b1": np.array(list("abcd"))},
}


@pytest.mark.parametrize("words", BAD_PARAMS)
def test_parameters_that_do_not_fit_change_nothing(words: str, tmp_path: Path) -> None:
    stored(tmp_path / "p.npz", **BAD_PARAMS[words])
    net = two_layers()
    before = {key: values.copy() for key, values in net.params.items()}
    with pytest.raises((TypeError, ValueError), match=words):
        net.load_params(tmp_path / "p.npz")
    for key, values in net.params.items():
        np.testing.assert_array_equal(values, before[key])


def test_numbers_too_large_for_float32_change_nothing(tmp_path: Path) -> None:
    stored(tmp_path / "p.npz", b2=np.full(3, 1e300))
    net = two_layers(dtype=np.float32)
    before = {key: values.copy() for key, values in net.params.items()}
    with pytest.raises(ValueError, match=r"b2.*float32"):
        net.load_params(tmp_path / "p.npz")
    for key, values in net.params.items():
        np.testing.assert_array_equal(values, before[key])


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_is_not_opened_but_said_how_to_convert(
    protocol: int, tmp_path: Path
) -> None:
    import pickle

    data = pickle.dumps(two_layers().params, protocol)
    (tmp_path / "params.pkl").write_bytes(data)
    with pytest.raises(ValueError, match=r"is a pickle.*np\.savez\("):
        two_layers().load_params(tmp_path / "params.pkl")


def test_files_that_hold_something_else_say_what_they_are(tmp_path: Path) -> None:
    net, path = two_layers(), tmp_path / "p.npz"
    with pytest.raises(FileNotFoundError, match=r"p\.npz"):
        net.load_params(path)
    with pytest.raises(IsADirectoryError, match="is a folder"):
        net.load_params(tmp_path)
    for data, words in [
        (b"", "is empty"),
        (b"W1,b1\n", "is no .npz file"),
        (b"PK\x03\x04 and no more", "is damaged"),
    ]:
        path.write_bytes(data)
        with pytest.raises(ValueError, match=re.escape(words)):
            net.load_params(path)
    np.save(tmp_path / "one.npy", np.ones(3))
    with pytest.raises(ValueError, match="is one array"):
        net.load_params(tmp_path / "one.npy")
    np.savez(path, W1=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="of plain arrays"):
        net.load_params(path)


def test_a_damaged_file_is_noticed_wherever_it_is_cut(tmp_path: Path) -> None:
    net, path = two_layers(), tmp_path / "p.npz"
    net.save_params(path)
    data = path.read_bytes()
    for at in [*range(2, len(data), 97), len(data) - 1]:
        path.write_bytes(data[:at])
        with pytest.raises(ValueError, match="is damaged"):
            net.load_params(path)
    spoilt = bytearray(data)
    spoilt[data.index(net.params["W1"].tobytes()) + 8] ^= 1
    path.write_bytes(spoilt)
    with pytest.raises(ValueError, match="is damaged"):
        net.load_params(path)


def test_parameters_are_not_stored_where_they_would_be_lost(tmp_path: Path) -> None:
    net = two_layers()
    with pytest.raises(ValueError, match=r"ends in \.npz"):
        net.save_params(tmp_path / "params.pkl")
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        net.save_params(tmp_path / "none" / "params.npz")
    (tmp_path / "folder.npz").mkdir()
    with pytest.raises(IsADirectoryError, match="is a folder"):
        net.save_params(tmp_path / "folder.npz")
    net.save_params(tmp_path / "good.npz")
    good = (tmp_path / "good.npz").read_bytes()
    net.params["W1"][0, 0] = np.nan
    with pytest.raises(ValueError, match="W1"):
        net.save_params(tmp_path / "good.npz")
    assert (tmp_path / "good.npz").read_bytes() == good


def test_arrays_are_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.npz"
    write_arrays(path, {"a": np.ones(3)})

    def full(file: Any, **arrays: Any) -> None:
        file.write(b"PK")
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="disk full"):
        write_arrays(path, {"a": np.zeros(3)})
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.npz"]
    np.testing.assert_array_equal(read_arrays(path)["a"], np.ones(3))
