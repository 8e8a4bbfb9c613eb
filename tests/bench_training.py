"""What a step of training costs, beside PyTorch and a textbook. Asserts nothing."""

from __future__ import annotations

import itertools
import os
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import textbook

from fishbook.networks import MultiLayerNet, TwoLayerNet
from fishbook.optimizers import SGD, Adam, find_optimizer
from fishbook.trainer import Trainer

THREADS = os.environ.get("OPENBLAS_NUM_THREADS", "as many as cores")
Runs = dict[str, Callable[[], object]]


def steps(_: Path) -> None:
    """Time a training step of a shallow and of a deep network."""
    rng = np.random.default_rng(0)
    x, t = rng.random((60000, 784), np.float32), rng.integers(10, size=60000)
    orders = [rng.permutation(60000) for _ in range(2)]
    parts = [o[at : at + 100] for o in orders for at in range(0, 60000, 100)]
    print(f"a step, 784-50-10, batches of 100, SGD; threads: {THREADS}")
    print("  milliseconds, median of the quietest quarter, of all; fishbook's share")
    show(in_turns(dict(contenders(x, t, parts)), 250, 20))
    print(f"a step, 784-100x4-10, batches of 100; threads: {THREADS}")
    for name in RIVALS:
        print(f" {name}")
        show(in_turns(dict(deep(name, x, t, parts)), 60, 10))


def in_turns(runs: Runs, rounds: int, times: int) -> dict[str, list[float]]:
    """Return the milliseconds of each run, all of them taken in turn."""
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            start = time.perf_counter()
            for _ in range(times):
                run()
            taken[name].append((time.perf_counter() - start) * 1000 / times)
    return taken


def show(taken: dict[str, list[float]]) -> None:
    """Print the quiet and the middle time of each, and the first one's share."""
    quiet = {n: statistics.median(sorted(t)[: len(t) // 4]) for n, t in taken.items()}
    first = next(iter(quiet.values()))
    for name, times in taken.items():
        middle = statistics.median(times)
        print(f"  {name:22}{quiet[name]:7.3f}{middle:7.3f}{first / quiet[name]:7.2f}")


RIVALS: dict[str, tuple[str, dict[str, Any]]] = {
    "SGD": ("SGD", {}),
    "Momentum": ("SGD", {"momentum": 0.9}),
    "Nesterov": ("SGD", {"momentum": 0.9, "nesterov": True}),
    "AdaGrad": ("Adagrad", {"eps": 1e-7}),
    "RMSprop": ("RMSprop", {"eps": 1e-7}),
    "Adam": ("Adam", {}),
    "AdamW": ("AdamW", {}),
}
"""For each optimizer, PyTorch's name for it and its settings."""


def deep(
    name: str, x: Any, t: Any, parts: list[Any]
) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield steps of a deep network with an optimizer, by three ways to write it."""
    sizes, lr = (784, *[100] * 4, 10), 0.001
    turns = [itertools.cycle(parts) for _ in range(3)]
    net, rule = MultiLayerNet(784, [100] * 4, 10, rng=0), find_optimizer(name, lr=lr)

    def ours() -> None:
        part = next(turns[0])
        _, grads = net.loss_and_gradient(x.take(part, axis=0), t[part])
        rule.update(net.params, grads)

    yield "fishbook", ours
    if book := getattr(textbook, name, None):
        plain, plain_rule, x64 = textbook.Net(sizes, 0.1, 0), book(lr), x.astype(float)

        def theirs() -> None:
            part = next(turns[1])
            plain_rule.update(plain.params, plain.gradient(x64[part], t[part]))

        yield "textbook", theirs
    yield from eager(sizes, *RIVALS[name], lr, (x, t), turns[2])


def eager(
    sizes: tuple[int, ...],
    name: str,
    settings: dict[str, Any],
    lr: float,
    samples: tuple[Any, Any],
    parts: Iterator[Any],
) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield PyTorch's step of the same network, if it is installed."""
    try:
        import torch
    except ImportError:
        print("  PyTorch is not installed")
        return
    torch.set_num_threads(int(os.environ.get("OPENBLAS_NUM_THREADS", "2")))
    x, t = (torch.from_numpy(values) for values in samples)
    nn, layers = torch.nn, []
    for n, m in itertools.pairwise(sizes):
        layers += [nn.Linear(n, m), nn.ReLU()]
    model, loss = nn.Sequential(*layers[:-1]), nn.CrossEntropyLoss()
    rule = getattr(torch.optim, name)(model.parameters(), lr=lr, **settings)

    def step() -> None:
        part = torch.from_numpy(next(parts))
        rule.zero_grad()
        loss(model(x[part]), t[part]).backward()
        rule.step()

    yield f"PyTorch {torch.__version__}", step


def contenders(
    x: Any, t: Any, parts: list[Any]
) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield steps that gather a batch, find the gradient and move the parameters."""
    turns = [itertools.cycle(parts) for _ in range(3)]
    net, sgd = TwoLayerNet(784, 50, 10, rng=0), SGD(0.1)

    def ours() -> None:
        part = next(turns[0])
        _, grads = net.loss_and_gradient(x.take(part, axis=0), t[part])
        sgd.update(net.params, grads)

    yield "fishbook", ours
    trained = TwoLayerNet(784, 50, 10, rng=0)
    trainer = Trainer(trained, x, t, x[:9], t[:9], 999, optimizer=SGD(0.1), rng=0)
    trainer.seen = trainer.new
    yield "fishbook's Trainer", trainer.train_step
    plain, rule = textbook.Net((784, 50, 10), 0.01, 0), textbook.SGD(0.1)
    x64 = x.astype(np.float64)

    def theirs() -> None:
        part = next(turns[1])
        rule.update(plain.params, plain.gradient(x64[part], t[part]))

    yield "textbook", theirs
    yield from eager((784, 50, 10), "SGD", {}, 0.1, (x, t), turns[2])


SIMPLE = [(30, 1, 5, 5), (30,), (4320, 100), (100,), (100, 10), (10,)]
DEEP = [
    *((16, 1, 3, 3), (16,), (16, 16, 3, 3), (16,), (32, 16, 3, 3), (32,)),
    *((32, 32, 3, 3), (32,), (64, 32, 3, 3), (64,), (64, 64, 3, 3), (64,)),
    *((1024, 50), (50,), (50, 10), (10,)),
]
"""Shapes of the parameters of two convolutional networks, with 433,890 and 123,552."""


def adam(_: Path) -> None:
    """Time Adam's update alone beside PyTorch's, taken in turn."""
    print(f"an update of Adam, float32; threads: {THREADS}")
    for shapes in (SIMPLE, DEEP):
        taken = in_turns(dict(adams(shapes)), 100, 5)
        ours = statistics.median(taken["fishbook"])
        for name, times in taken.items():
            middle, quiet = statistics.median(times), min(times)
            print(f"  {len(shapes):2} arrays  {name:22}{middle:7.3f} ms", end=", ")
            print(f"at best {quiet:.3f}; fishbook takes {ours / middle:.2f}", end=", ")
            print(f"at best {min(taken['fishbook']) / quiet:.2f} of it")


def adams(shapes: list[tuple[int, ...]]) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield updates of parameters with these shapes."""
    rng = np.random.default_rng(0)

    def arrays() -> dict[str, Any]:
        return {
            str(i): rng.normal(size=shape).astype(np.float32)
            for i, shape in enumerate(shapes)
        }

    ours, params, grads = Adam(), arrays(), arrays()
    yield "fishbook", lambda: ours.update(params, grads)
    try:
        import torch
    except ImportError:
        print("  PyTorch is not installed")
        return
    torch.set_num_threads(int(os.environ.get("OPENBLAS_NUM_THREADS", "2")))
    for name, options in (("", {}), (", fused", {"fused": True})):
        theirs = [torch.nn.Parameter(torch.tensor(p)) for p in arrays().values()]
        for parameter, g in zip(theirs, grads.values(), strict=True):
            parameter.grad = torch.tensor(g)
        rule = torch.optim.Adam(theirs, **options)
        yield f"PyTorch {torch.__version__}{name}", rule.step
