"""The networks' weights as a script, for the page where readers draw."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(__file__).parents[3] / "data"
NETWORKS = {
    "dense": DATA / "sample_network.npz",
    "conv": DATA / "sample_conv_net.npz",
}
"""What draw.js calls the networks, and where their weights are."""


def weights_script(networks: Mapping[str, Path] = NETWORKS) -> str:
    """Return a script that sets `fishbookWeights`: of each network the arrays.

    Each has its shape, and as data the float16 numbers as stored, least significant
    byte first, in base64.

    Raises
    ------
    TypeError
        If a file holds numbers that float16 can't.
    """
    arrays = {kind: _arrays(path) for kind, path in networks.items()}
    return f"window.fishbookWeights = {json.dumps(arrays)};\n"


def _arrays(path: Path) -> dict[str, dict[str, Any]]:
    arrays = {}
    with np.load(path, allow_pickle=False) as stored:
        for name, array in stored.items():
            data = array.astype("<f2", casting="safe").tobytes()
            text = base64.b64encode(data).decode("ascii")
            arrays[name] = {"shape": array.shape, "data": text}
    return arrays
