"""Two convolutional networks, built by several hands alike: for benches and tests."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np

from fishbook.im2col import conv_output_size

Spec = tuple[Any, ...]

SIMPLE: list[Spec] = [
    ("conv", 30, 5, 0),
    ("relu",),
    ("pool",),
    ("affine", 100),
    ("relu",),
    ("affine", 10),
]
DEEP: list[Spec] = [
    *[("conv", 16, 3, 1), ("relu",), ("conv", 16, 3, 1), ("relu",), ("pool",)],
    *[("conv", 32, 3, 1), ("relu",), ("conv", 32, 3, 2), ("relu",), ("pool",)],
    *[("conv", 64, 3, 1), ("relu",), ("conv", 64, 3, 1), ("relu",), ("pool",)],
    *[("affine", 50), ("relu",), ("dropout",), ("affine", 10), ("dropout",)],
]
NETS = {"SimpleConvNet": SIMPLE, "DeepConvNet": DEEP}


def parameters(spec: list[Spec], seed: int = 0) -> list[tuple[Any, Any]]:
    """Return W and b for each layer that has some, for images (1, 28, 28).

    Biases are small, but not 0: so they are but for the first step of a training.
    """
    rng, made = np.random.default_rng(seed), []
    C, size = 1, 28
    for kind, *sizes in spec:
        if kind == "conv":
            F, K, pad = sizes
            W = rng.normal(size=(F, C, K, K)) * np.sqrt(2 / (C * K * K))
            made.append((W, rng.normal(scale=0.01, size=F)))
            C, size = F, conv_output_size(size, K, 1, pad)
        elif kind == "pool":
            size //= 2
        elif kind == "affine":
            D = C * size * size
            W = rng.normal(size=(D, sizes[0])) * np.sqrt(2 / D)
            made.append((W, rng.normal(scale=0.01, size=sizes[0])))
            C, size = sizes[0], 1
    return made


def layers_of(spec: list[Spec], module: Any, dtype: Any, **way: str) -> Any:
    """Return a network's layers by name, made by the classes of a module."""
    values, layers = iter(parameters(spec)), OrderedDict()
    for i, (kind, *sizes) in enumerate(spec, 1):
        if kind in ("conv", "affine"):
            W, b = (v.astype(dtype) for v in next(values))
        layers[f"{kind}{i}"] = (
            module.Convolution(W, b, 1, sizes[2], **way)
            if kind == "conv"
            else module.Affine(W, b)
            if kind == "affine"
            else module.Relu()
            if kind == "relu"
            else module.Pooling(2, 2, 2)
            if kind == "pool"
            else module.Dropout(0.5)
        )
    return layers


def pytorch(spec: list[Spec], torch: Any) -> Any:
    """Return the same network as PyTorch's modules."""
    nn, values, layers = torch.nn, iter(parameters(spec)), []
    flat = False
    for kind, *sizes in spec:
        if kind in ("conv", "affine"):
            W, b = (torch.tensor(v, dtype=torch.float32) for v in next(values))
        if kind == "affine" and not flat:
            layers.append(nn.Flatten())
            flat = True
        if kind == "conv":
            layers.append(nn.Conv2d(W.shape[1], W.shape[0], sizes[1], padding=sizes[2]))
        elif kind == "affine":
            layers.append(nn.Linear(*W.shape))
        if kind in ("conv", "affine"):
            layers[-1].weight.data = W if kind == "conv" else W.T.contiguous()
            layers[-1].bias.data = b
        else:
            simple = {"relu": nn.ReLU, "pool": lambda: nn.MaxPool2d(2)}
            layers.append(simple.get(kind, nn.Dropout)())
    return nn.Sequential(*layers)
