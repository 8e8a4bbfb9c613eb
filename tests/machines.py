"""All blocks of all pages as other processors would run them: prints a table.

OpenBLAS has a kernel for each kind of processor, NumPy has code for each set of vector
instructions; both can be told to take another. With `--quick`, only the one that is
furthest from this machine's own runs, without the labs.
"""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from fishbook.datasets import has_mnist

ROOT = Path(__file__).parent.parent
KERNELS = {
    "x86": ("Haswell", "SkylakeX", "Zen", "Prescott"),
    "arm": ("NEOVERSEN1", "ARMV8"),
}
"""OpenBLAS's kernels by the kind of processor, the plainest last."""
ILLEGAL = {-signal.SIGILL, 0xC000001D}
"""How a process ends, on Unix and on Windows, that used an unknown instruction."""
PROBE = """
import ctypes, json, pathlib
import numpy as np
from numpy._core import _multiarray_umath as umath

for dtype in "fd":
    a = np.linspace(-1, 1, 40_000, dtype=dtype).reshape(200, 200)
    a @ a, a @ a[0], np.exp(a), np.tanh(a)
root = pathlib.Path(np.__file__).parent
found = [*root.parent.glob("numpy.libs/*openblas*"), *root.glob(".dylibs/*openblas*")]
core = ""
for name in ("scipy_openblas_get_corename64_", "scipy_openblas_get_corename"):
    if found and not core and hasattr(library := ctypes.CDLL(str(found[0])), name):
        ask = getattr(library, name)
        ask.restype = ctypes.c_char_p
        core = ask().decode()
on = [name for name in umath.__cpu_dispatch__ if umath.__cpu_features__.get(name)]
print(json.dumps([core, on]))
"""
"""Uses the kernels, so that it dies of one that can't run; says which ones they are."""


@dataclass(frozen=True)
class Machine:
    """A processor to play: what it is called, and what tells NumPy so."""

    name: str
    settings: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Kernels:
    """What NumPy computes with: OpenBLAS's kernel, and its own vector instructions."""

    core: str
    vectors: tuple[str, ...]

    def __str__(self) -> str:
        """Return both, as the table shows them."""
        return f"{self.core or 'no OpenBLAS'}, {'+'.join(self.vectors) or 'no vectors'}"


def probe(machine: Machine) -> Kernels | str:
    """Ask NumPy what it computes with on a machine; a text says why it can't."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE],
        env={**os.environ, **machine.settings},
        capture_output=True,
        encoding="utf-8",
    )
    if done.returncode:
        return f"not run here: {cause(done)}"
    core, vectors = json.loads(done.stdout)
    return Kernels(core, tuple(vectors))


def cause(done: subprocess.CompletedProcess[str]) -> str:
    """Say what ended a process: a signal, or the last line of an error."""
    if done.returncode in ILLEGAL:
        return "this processor lacks the instructions (SIGILL)"
    if done.returncode < 0:
        return f"it ended with {signal.Signals(-done.returncode).name}"
    last = done.stderr.strip().rpartition("\n")[2]
    return last or f"it ended with {done.returncode:#x}"


def machines(own: Kernels, processor: str) -> Iterator[Machine]:
    """Yield this machine and those that it may be able to play, the furthest last."""
    yield Machine("this machine")
    kind = "arm" if processor.lower() in {"arm64", "aarch64"} else "x86"
    kernels = KERNELS[kind] if own.core else ()
    for kernel in kernels:
        yield Machine(f"OpenBLAS {kernel}", {"OPENBLAS_CORETYPE": kernel})
    plain = {"NPY_DISABLE_CPU_FEATURES": " ".join(own.vectors)}
    if own.vectors:
        yield Machine("NumPy without vectors", plain)
    if own.vectors and kernels:
        both = {**plain, "OPENBLAS_CORETYPE": kernels[-1]}
        yield Machine(f"{kernels[-1]} without vectors", both)


def playable(machine: Machine, seen: dict[Kernels, str]) -> str:
    """Say why a machine need not or can't be run, or nothing; remember it as seen."""
    kernels = probe(machine)
    if isinstance(kernels, str):
        return kernels
    if kernels in seen:
        return f"not run: computes as {seen[kernels]} ({kernels})"
    seen[kernels] = machine.name
    return ""


def run(machine: Machine, threads: int, data: str, *more: str) -> tuple[bool, str]:
    """Run the pages' blocks; tell whether all passed, and how many."""
    workers = max(1, (os.cpu_count() or 1) // threads)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, f"--numprocesses={workers}", *more, "docs"],
        cwd=ROOT,
        env={
            **os.environ,
            **machine.settings,
            "OPENBLAS_NUM_THREADS": str(threads),
            "FISHBOOK_DATA": data,
        },
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )
    passed = done.returncode == 0
    result = done.stdout.strip().rpartition("\n")[2] or cause(done)
    if not passed:
        print(done.stdout, done.stderr, sep="\n")
    return passed, result


def row(machine: Machine, threads: object, data: object, result: str) -> None:
    """Print one line of the table."""
    print(f"{machine.name:26}{threads!s:>8}  {data!s:9}{result}", flush=True)


def main(quick: bool) -> bool:
    """Run what there is to run; tell whether all passed."""
    own = probe(Machine("this machine"))
    if isinstance(own, str):
        raise SystemExit(f"NumPy does not run here: {own}")
    print(f"{platform.machine()}: {own}")
    row(Machine("machine"), "threads", "MNIST", "result")
    seen: dict[Kernels, str] = {}
    found = []
    for machine in machines(own, platform.machine()):
        if reason := playable(machine, seen):
            row(machine, "", "", reason)
        else:
            found.append(machine)
    here = os.environ.get("FISHBOOK_DATA", "")
    if quick:
        return not found[1:] or all_pass(
            [(found[-1], 1, here)], "--ignore-glob=*/lab-*"
        )
    with tempfile.TemporaryDirectory() as empty:
        # What runs without MNIST runs with it too: only what is skipped differs.
        full = here if has_mnist() else empty
        runs = [(machine, threads, full) for machine in found for threads in (1, 2)]
        return all_pass([*runs, (found[0], 1, empty)] if has_mnist() else runs)


def all_pass(runs: list[tuple[Machine, int, str]], *more: str) -> bool:
    """Run one machine after another; tell whether all passed."""
    passed = []
    for machine, threads, data in runs:
        good, result = run(machine, threads, data, *more)
        row(machine, threads, "yes" if has_mnist(data or None) else "no", result)
        passed.append(good)
    return all(passed)


if __name__ == "__main__":
    sys.exit(not main("--quick" in sys.argv[1:]))
