"""The sample network's weights as a script, for the page where readers draw."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np

SAMPLE = Path(__file__).parents[3] / "data" / "sample_network.npz"


def weights_script(path: Path = SAMPLE) -> str:
    """Return a script that sets `fishbookWeights`: for each array its shape and data.

    The data are the float16 numbers as stored, least significant byte first, in base64.

    Raises
    ------
    TypeError
        If the file holds numbers that float16 can't.
    """
    with np.load(path, allow_pickle=False) as stored:
        arrays = {name: _packed(stored[name]) for name in stored.files}
    return f"window.fishbookWeights = {json.dumps(arrays)};\n"


def _packed(array: np.ndarray[Any, Any]) -> dict[str, Any]:
    data = array.astype("<f2", casting="safe").tobytes()
    return {"shape": array.shape, "data": base64.b64encode(data).decode("ascii")}
