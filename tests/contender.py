"""One contender of the table `cnn`, in a process of its own: runs when told to.

`python contender.py NAME NET DEED [SIZE]` says "ready", then waits for lines. For each
it works for so many seconds and prints what a batch took: milliseconds by the clock,
and of processor time.
"""

from __future__ import annotations

import itertools
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from convnets import NETS, layers_of, pytorch

THREADS = int(os.environ.get("BENCH_THREADS", "1"))


def batches(many: int, size: int = 100) -> tuple[Any, Any, Any]:
    """Return drawn images that are black for the greater part, labels, and orders."""
    rng = np.random.default_rng(0)
    x = rng.random((many, 1, 28, 28), np.float32)
    x *= x > 0.8
    parts = np.array_split(rng.permutation(many), max(many // size, 1))
    return x, rng.integers(10, size=many), itertools.cycle(parts)


def fishbook(spec: list[Any], deed: str, size: int) -> Callable[[], Any]:
    """Return a step of this book's layers, whose rows threads share."""
    from fishbook import layers
    from fishbook.convolutions import set_threads
    from fishbook.networks import ConvNet
    from fishbook.optimizers import Adam

    set_threads(THREADS)
    net = ConvNet(layers_of(spec, layers, np.float32), layers.SoftmaxWithLoss())
    x, t, parts = batches(10_000 if deed == "evaluate" else 2000, size)
    rule = Adam()

    def train() -> None:
        part = next(parts)
        _, grads = net.loss_and_gradient(x[part], t[part])
        rule.update(net.params, grads)

    return train if deed == "train" else lambda: net.predict(x[next(parts)])


def textbook(spec: list[Any], deed: str, size: int) -> Callable[[], Any]:
    """Return a step of layers as the textbook has them, in float64."""
    import textbook

    layers = layers_of(spec, textbook, np.float64)
    net = textbook.ImagesNet(layers)
    x, t, parts = batches(10_000 if deed == "evaluate" else 2000, size)
    x, rule = x.astype(np.float64), textbook.Adam(0.001)

    def train() -> None:
        part = next(parts)
        rule.update(net.params, net.gradient(x[part], t[part]))

    return train if deed == "train" else lambda: net.predict(x[next(parts)])


def eager(
    spec: list[Any], deed: str, size: int, tuned: bool = False
) -> Callable[[], Any]:
    """Return a step of PyTorch as it comes."""
    import torch

    torch.set_num_threads(THREADS)
    model = pytorch(spec, torch)
    images, labels, parts = batches(10_000 if deed == "evaluate" else 2000, size)
    x, t = torch.from_numpy(images), torch.from_numpy(labels)
    if tuned:
        model = model.to(memory_format=torch.channels_last)
        x = x.to(memory_format=torch.channels_last)
    loss, kind = torch.nn.CrossEntropyLoss(), {"fused": True} if tuned else {}
    rule = torch.optim.Adam(model.parameters(), **kind)

    def train() -> None:
        part = torch.from_numpy(next(parts))
        rule.zero_grad()
        loss(model(x[part]), t[part]).backward()
        rule.step()

    def infer() -> None:
        with torch.inference_mode() if tuned else torch.no_grad():
            model(x[torch.from_numpy(next(parts))])

    model.train(deed == "train")
    return train if deed == "train" else infer


def tuned(spec: list[Any], deed: str, size: int) -> Callable[[], Any]:
    """Return a step of PyTorch with channels last, and Adam fused."""
    return eager(spec, deed, size, tuned=True)


MAKERS = {f.__name__: f for f in (fishbook, textbook, eager, tuned)}


def peak() -> int:
    """Return the most memory this process had, in kB; Linux tells it exactly."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().split("VmHWM:")[1].split()[0])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    """Make the step, then take turns."""
    name, net, deed, *size = sys.argv[1:]
    step = MAKERS[name](NETS[net], deed, int(size[0]) if size else 100)
    if deed == "evaluate":
        one, count = step, 10_000 // 100

        def step() -> None:
            for _ in range(count):
                one()

    else:
        for _ in range(3):
            step()
    print("ready", flush=True)
    for line in sys.stdin:
        start, worked, done = time.perf_counter(), time.process_time(), 0
        while time.perf_counter() - start < float(line):
            step()
            done += 1
        wall, work = time.perf_counter() - start, time.process_time() - worked
        print(1000 * wall / done, 1000 * work / done, peak(), flush=True)


if __name__ == "__main__":
    main()
