"""Which processors are played, and that they are others."""

from __future__ import annotations

import subprocess

import pytest
from machines import Kernels, Machine, cause, machines, playable, probe

OWN = Kernels("Zen", ("X86_V3", "X86_V4"))


def test_the_machines_differ_by_their_settings_and_the_furthest_is_last() -> None:
    found = list(machines(OWN, "x86_64"))
    settings = [frozenset(machine.settings.items()) for machine in found]
    assert len(set(settings)) == len(found) == 7
    assert found[0].settings == {}
    assert found[-1].settings == {
        "OPENBLAS_CORETYPE": "Prescott",
        "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4",
    }


@pytest.mark.parametrize(
    ("own", "processor", "names"),
    [
        (Kernels("neoversen1", ("SVE",)), "aarch64", ["NEOVERSEN1", "ARMV8"]),
        (Kernels("armv8", ()), "arm64", ["NEOVERSEN1", "ARMV8"]),
        (Kernels("", ("ASIMDHP",)), "arm64", []),
        (Kernels("", ()), "riscv64", []),
    ],
)
def test_other_processors_have_kernels_of_their_own(
    own: Kernels, processor: str, names: list[str]
) -> None:
    found = [machine.settings for machine in machines(own, processor)]
    assert [s.get("OPENBLAS_CORETYPE") for s in found][1 : len(names) + 1] == names
    assert len(found) == 1 + len(names) + bool(own.vectors) * (1 + bool(names))


def test_numpy_takes_the_settings() -> None:
    own = probe(Machine("this machine"))
    assert isinstance(own, Kernels), own
    for machine in list(machines(own, "x86_64"))[1:]:
        found = probe(machine)
        if "NPY_DISABLE_CPU_FEATURES" in machine.settings:
            assert isinstance(found, Kernels), found
            assert found.vectors == ()
    seen = {own: "this machine"}
    assert playable(Machine("twin"), seen).startswith("not run: computes as this mach")
    assert len(seen) == 1


def test_a_machine_that_cannot_be_played_says_why() -> None:
    broken = Machine("broken", {"PYTHONHOME": "/nowhere"})
    assert playable(broken, {}).startswith("not run here: ")
    for code, said in [
        (-4, "this processor lacks the instructions (SIGILL)"),
        (0xC000001D, "this processor lacks the instructions (SIGILL)"),
        (-11, "it ended with SIGSEGV"),
        (5, "it ended with 0x5"),
    ]:
        assert cause(subprocess.CompletedProcess([], code, "", "")) == said
    assert cause(subprocess.CompletedProcess([], 1, "", "a\nb\n")) == "b"
