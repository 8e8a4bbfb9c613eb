"""The frame: one version, a closed lock, NumPy alone, the whole wheel, two READMEs."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import fishbook

ROOT = Path(__file__).parent.parent
NUMPY_ALONE = """
import importlib.abc
import sys

class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        known = sys.stdlib_module_names | {"fishbook", "numpy"}
        if name.partition(".")[0] not in known:
            raise ModuleNotFoundError(f"{name} is more than NumPy", name=name)

sys.meta_path.insert(0, Refuse())
for name in sys.argv[1:]:
    __import__(name)
"""


def read(name: str) -> str:
    """Give the text of one of the project's files."""
    return (ROOT / name).read_text(encoding="utf-8")


def run(*arguments: str) -> str:
    """Run Python; give what it printed about what went wrong."""
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stderr


@pytest.mark.parametrize(
    ("name", "line"),
    [("CITATION.cff", "version: {}\n"), ("docs/00-reading.md", "{{Version {}}}")],
)
def test_the_version_is_the_same_everywhere(name: str, line: str) -> None:
    assert line.format(fishbook.__version__) in read(name)


def test_every_locked_package_is_pinned_and_hashed() -> None:
    packages = read("requirements.txt").replace("\\\n", "").splitlines()
    assert len(packages) > 50
    closed = re.compile(r"[\w.-]+==[\w.]+ (?:; [^#]+? )? *(?:--hash=sha256:\w{64} *)+")
    assert [package for package in packages if not closed.fullmatch(package)] == []


def test_every_locked_npm_package_is_hashed_and_names_no_address() -> None:
    packages = json.loads(read("package-lock.json"))["packages"]
    packages.pop("")
    assert all("integrity" in package for package in packages.values())
    assert not any("resolved" in package for package in packages.values())


def test_the_library_needs_numpy_alone() -> None:
    modules = [
        f"fishbook.{path.stem}" for path in (ROOT / "fishbook").glob("[a-z]*.py")
    ]
    assert modules
    assert run("-c", NUMPY_ALONE, *modules) == ""
    assert "is more than NumPy" in run("-c", NUMPY_ALONE, "pytest")


def files_in(*folders: str) -> set[str]:
    """Give the names of all files in folders of this checkout."""
    paths = (path for folder in folders for path in (ROOT / folder).rglob("*"))
    names = {path.relative_to(ROOT).as_posix() for path in paths if path.is_file()}
    return {name for name in names if "__pycache__" not in name}


def test_the_wheel_holds_the_whole_package(tmp_path: Path) -> None:
    pytest.importorskip("hatchling", reason="needs hatchling")
    run("-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path))
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        held = {name for name in wheel.namelist() if name.startswith("fishbook/")}
    assert held == files_in("fishbook")
    assert {"fishbook/py.typed", "fishbook/loom/site/theme/main.html"} <= held


def test_what_is_built_from_holds_all_that_checks_it(tmp_path: Path) -> None:
    pytest.importorskip("hatchling", reason="needs hatchling")
    run("-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path))
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as packed:
        held = {name.partition("/")[2] for name in packed.getnames()}
    single = {"Makefile", "mkdocs.yml", "package-lock.json", "requirements.txt"}
    wanted = files_in("fishbook", "docs", "tests", ".ci", ".github") | single
    assert wanted <= held


@pytest.mark.skipif(not shutil.which("make"), reason="needs make")
def test_make_serves_at_the_port_that_is_asked_for() -> None:
    command = ["make", "--just-print", "serve"]
    said = [
        subprocess.run([*command, *more], cwd=ROOT, capture_output=True, text=True)
        for more in ([], ["PORT=8123"])
    ]
    assert ["--port 8123" in done.stdout for done in said] == [False, True]


def test_both_readmes_give_the_same_commands() -> None:
    chinese, english = map(commands, (read("README.zh.md"), read("README.md")))
    assert chinese == english
    assert chinese[:2] == ["make serve", "make test"]


def commands(text: str) -> list[str]:
    """Give the commands that a README shows, without their comments."""
    fences = re.findall(r"^```(?:sh|powershell)\n(.*?)^```", text, re.M | re.S)
    lines = "".join(fences).splitlines()
    return [re.sub(r" *#.*", "", line) for line in lines]
