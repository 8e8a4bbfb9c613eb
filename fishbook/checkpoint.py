"""A training put aside: all that it needs to go on, in one .npz file."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from fishbook.storage import PathLike, fill, kept, read_arrays, write_arrays

__all__ = ["Resumable", "load_checkpoint", "save_checkpoint"]

LISTS = ("train_loss_list", "train_acc_list", "test_acc_list")


class Resumable:
    """What trains a network step by step, and can be put aside and taken up again."""

    def save_checkpoint(self, path: PathLike) -> None:
        """Write all that is needed to go on, bit for bit, into an .npz file.

        Raises
        ------
        TypeError
            If the optimizer has something that is neither number nor array.
        ValueError
            If the path does not end in ``.npz``, or a parameter is not finite.
        OSError
            If the file can't be written there.
        """
        save_checkpoint(self, path)

    def load_checkpoint(self, path: PathLike) -> None:
        """Go back to where the trainer was that wrote this file.

        Raises
        ------
        TypeError, ValueError
            If it is no checkpoint, is damaged, or is of another network, optimizer or
            size of data; nothing is changed then.
        OSError
            If there is no file that can be read.
        """
        load_checkpoint(self, path)


def save_checkpoint(trainer: Any, path: PathLike) -> None:
    """Write parameters, optimizer, random numbers, place and lists of a trainer."""
    arrays = {f"params/{k}": v for k, v in kept(trainer.network).items()}
    numbers: dict[str, Any] = {}
    for name, value in vars(trainer.optimizer).items():
        if isinstance(value, dict):
            numbers[name] = {}
            arrays |= {f"optimizer/{name}/{k}": v for k, v in value.items()}
        else:
            numbers[name] = value
    for name in ("best", "last"):
        early = getattr(trainer.early, name)
        arrays |= {f"{name}/{k}": v for k, v in early.items()}
    for name in LISTS:
        arrays[name] = np.array(getattr(trainer, name), np.float64)
    about = {
        "fits": _fits(trainer),
        "step": trainer.step,
        "optimizer": numbers,
        "rng": trainer.rng.bit_generator.state,
        "layers": {k: rng.bit_generator.state for k, rng in _chance(trainer).items()},
    }
    arrays |= {"order": trainer.order, "about": np.array(json.dumps(about, default=_j))}
    write_arrays(path, arrays)


def load_checkpoint(trainer: Any, path: PathLike) -> None:
    """Put a trainer back to where another one of the same kind was; all or nothing."""
    arrays = read_arrays(path)
    try:
        about = json.loads(str(arrays.pop("about")))
        order = arrays.pop("order")
        lists = {name: arrays.pop(name).tolist() for name in LISTS}
        fits, step, numbers, state = (
            about[name] for name in ("fits", "step", "optimizer", "rng")
        )
    except (KeyError, TypeError, ValueError):
        raise ValueError(
            f"{path} is no checkpoint; make one with save_checkpoint, or load"
            " parameters alone with network.load_params"
        ) from None
    for what, want in _fits(trainer).items():
        if fits.get(what) != want:
            raise ValueError(
                f"{path} is of another training: its {what} is {fits.get(what)}, but"
                f" want {want}; make the trainer as that one was made"
            )
    for name in [name for name in arrays if name.startswith("optimizer/")]:
        _, attribute, key = name.split("/", 2)
        numbers[attribute][key] = arrays.pop(name)
    early: dict[str, dict[str, Any]] = {"best": {}, "last": {}}
    for name in [name for name in arrays if name[:5] in ("best/", "last/")]:
        early[name[:4]][name[5:]] = arrays.pop(name)
    stored = {name.removeprefix("params/"): v for name, v in arrays.items()}
    fill(kept(trainer.network), stored, path)
    vars(trainer.optimizer).update(numbers)
    vars(trainer.early).update(early)
    trainer.rng.bit_generator.state = state
    for name, rng in _chance(trainer).items():
        rng.bit_generator.state = about["layers"][name]
    trainer.order, trainer.step = order, step
    for name in LISTS:
        getattr(trainer, name)[:] = lists[name]


def _fits(trainer: Any) -> dict[str, Any]:
    """Return what has to be the same before and after."""
    return {
        "training data": list(trainer.x_train.shape),
        "mini_batch_size": trainer.batch_size,
        "optimizer": type(trainer.optimizer).__name__,
        "random generator": type(trainer.rng.bit_generator).__name__,
        "layers that draw": sorted(_chance(trainer)),
    }


def _chance(trainer: Any) -> dict[str, Any]:
    """Return the random generators of layers, such as Dropout, by their names."""
    layers = getattr(trainer.network, "layers", {}).items()
    return {name: layer.rng for name, layer in layers if hasattr(layer, "rng")}


def _j(value: Any) -> Any:
    """Return an array or a NumPy number as JSON knows them."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"got {value!r} in the optimizer, but can store numbers and arrays")
