"""What convolutional networks cost, in processes of their own. Asserts nothing."""

from __future__ import annotations

import importlib.util
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from convnets import NETS

ROUNDS = 7
TURN = 0.4
NAMES = ["fishbook", "eager", "tuned", "textbook"]
TARGETS = {
    ("SimpleConvNet", "train"): ((0.3, 0.4), (0.5, 0.65), 14),
    ("SimpleConvNet", "infer"): ((0.3, 0.45), (0.6, 0.9), 22),
    ("DeepConvNet", "train"): ((0.5, 0.6), (0.7, 0.9), 25),
    ("DeepConvNet", "infer"): ((0.5, 0.7), (0.75, 1.0), 38),
}
"""Shares of PyTorch eager's and tuned's time at 1 and 2 threads; times faster."""


def known() -> list[str]:
    """Return the contenders that can run here."""
    return NAMES if importlib.util.find_spec("torch") else ["fishbook", "textbook"]


class Contender:
    """A process that works when told to."""

    def __init__(self, name: str, net: str, deed: str, threads: int, size: int) -> None:
        count = str(threads)
        env = os.environ | {"BENCH_THREADS": count, "OMP_NUM_THREADS": count}
        env["OPENBLAS_NUM_THREADS"] = "1" if name == "fishbook" else count
        if name == "tuned":
            env |= {f"MALLOC_{k}_THRESHOLD_": str(2**30) for k in ("MMAP", "TRIM")}
        command = [sys.executable, str(Path(__file__).with_name("contender.py"))]
        self.process = subprocess.Popen(
            [*command, name, net, deed, str(size)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=env,
        )
        assert self.process.stdout
        assert self.process.stdout.readline() == "ready\n"

    def turn(self, seconds: float) -> list[float]:
        """Return milliseconds a step, by the clock and the processor, and peak kB."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        return [float(word) for word in self.process.stdout.readline().split()]

    def stop(self) -> None:
        """Let the process end."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()


def race(
    net: str, deed: str, threads: int = 1, size: int = 100
) -> dict[str, list[list[float]]]:
    """Return for each contender what its turns gave; they alternate."""
    runners = {name: Contender(name, net, deed, threads, size) for name in known()}
    turns: dict[str, list[list[float]]] = {name: [] for name in runners}
    for _ in range(ROUNDS):
        for name, runner in runners.items():
            turns[name].append(runner.turn(TURN))
    for runner in runners.values():
        runner.stop()
    return turns


def report(label: str, turns: dict[str, list[list[float]]], which: int = 0) -> None:
    """Print medians of milliseconds, and of fishbook's share in each round."""
    print(f"  {label:24}", end="")
    ours = [turn[which] for turn in turns["fishbook"]]
    for name, theirs in turns.items():
        other = [turn[which] for turn in theirs]
        share = statistics.median(a / b for a, b in zip(ours, other, strict=True))
        print(f"  {name} {statistics.median(other):.2f} ({share:.2f})", end="")
    print(flush=True)


def cnn(_: Path) -> None:
    """Race training steps and inference against PyTorch and the textbook's code."""
    print("milliseconds a batch of 100, median of rounds; in brackets fishbook's share")
    print("  tuned: channels last, Adam fused, inference mode, malloc's thresholds up")
    for threads in (1, 2):
        for (net, deed), (eager, tuned, faster) in TARGETS.items():
            turns = race(net, deed, threads)
            report(f"{net} {deed}, {threads}", turns)
            report("  of processor time", turns, 1)
            want = eager[threads - 1], tuned[threads - 1], 1 / faster
            print("    targets: eager {}, tuned {}, textbook {:.2f}".format(*want))
    for net in NETS:
        report(f"{net}, one image", race(net, "infer", size=1))


def memory(_: Path) -> None:
    """Print peak memory of processes that evaluate 10,000 images by 100."""
    print("peak megabytes, 10,000 images by 100; target: at most 0.4 of PyTorch's")
    for net in NETS:
        for name in known():
            runner = Contender(name, net, "evaluate", 1, 100)
            peak = runner.turn(0.001)[2] / 1000
            runner.stop()
            print(f"  {net:14} {name:10}{peak:8.0f}", flush=True)


def windows(_: Path) -> None:
    """Time im2col and col2im beside the textbook's, which make the same matrix."""
    import numpy as np
    import textbook

    from fishbook import im2col as ours

    x = np.random.default_rng(0).random((100, 16, 14, 14), np.float32)
    col = ours.im2col(x, 3, 3, 1, 1)
    runs: dict[str, Callable[[], object]] = {
        "im2col": lambda: ours.im2col(x, 3, 3, 1, 1),
        "textbook's im2col": lambda: textbook.im2col(x, 3, 3, 1, 1),
        "col2im": lambda: ours.col2im(col, x.shape, 3, 3, 1, 1),
        "textbook's col2im": lambda: textbook.col2im(col, x.shape, 3, 3, 1, 1),
    }
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(15):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            taken[name].append(1000 * (time.perf_counter() - start))
    middle = {name: statistics.median(times) for name, times in taken.items()}
    print("milliseconds; targets: 7 and 2.5 times faster")
    for name in ("im2col", "col2im"):
        mine, theirs = middle[name], middle[f"textbook's {name}"]
        print(
            f"  {name} {mine:.2f}, textbook's {theirs:.2f}: {theirs / mine:.1f} times"
        )
