"""Building and serving the small book: mistakes, edits, and what MkDocs does itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from books import DOT, GATES, SUMS, edit, write_text
from sites import load

pytest.importorskip("material", reason="needs the extra `site`")

from fishbook.loom.problem import LoomError
from fishbook.loom.site.build import build

FIGURE = f"{SUMS}:54: figures/dot.svg:"
OLD, NEW, NEWER = "a dot in", "a spot in", "a speck in"


def files(folder: Path) -> dict[str, bytes]:
    """Give the files of a site, but for those that hold the time."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    names = {path.relative_to(folder).as_posix(): path for path in paths}
    return {
        name: b"" if name.endswith("sitemap.xml.gz") else path.read_bytes()
        for name, path in names.items()
    }


def total(root: Path, edition: str = "en") -> str:
    return load(root / "site", edition, "02-sums/01-total").words


def failure(root: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Build a book that can't be built; give what is said."""
    capsys.readouterr()
    with pytest.raises(LoomError, match="the site is not built"):
        build(root)
    return capsys.readouterr().err


def test_mkdocs_builds_the_same_files(small: Path, copied: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"]
    env = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=copied, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    ours, theirs = files(small / "site"), files(copied / "site")
    assert sorted(ours) == sorted(theirs)
    assert [name for name in ours if ours[name] != theirs[name]] == []


def test_one_process_builds_again_after_edits_and_mistakes(
    copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(copied / SUMS, OLD, NEW)
    build(copied)
    assert NEW in total(copied) and NEW in total(copied, "zh-en")
    edit(copied / SUMS, "$x$ in", "$\\frac{x$ in")
    edit(copied / SUMS, NEW, NEWER)
    failure(copied, capsys)
    assert NEW in total(copied)
    edit(copied / SUMS, "$\\frac{x$ in", "$x$ in")
    (copied / GATES).with_name("lab-new.md").write_text("# 新 | New {#new}\n")
    build(copied)
    assert NEWER in total(copied)
    assert "New" in load(copied / "site", "en", "01-gates/lab-new").words


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        (GATES, "y = 1 - x", "y = \\frac{1", f"{GATES}:15: KaTeX parse error"),
        (SUMS, "，$x$ 见", "，$x_{1$ 见", f"{SUMS}:5: KaTeX parse error"),
        (SUMS, "，$x$ 见", "，$\\nosuch$ 见", "mend the formula '\\\\nosuch'"),
        ("mkdocs.yml", "not-formula", "nothing", "moved: old/gate: no label #nothing"),
        (DOT, 'viewBox="0 0 9 9"', "", f"{FIGURE} width ''"),
    ],
)
def test_a_mistake_is_named_with_its_place(
    copied: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    old: str,
    new: str,
    said: str,
) -> None:
    edit(copied / name, old, new)
    assert said in failure(copied, capsys)


def test_a_strict_build_wants_a_book_without_problems(copied: Path) -> None:
    edit(copied / SUMS, "[NOT](#not)", "[NOT](#nowhere)")
    with pytest.raises(LoomError, match=f"{SUMS}:\\d+: link #nowhere"):
        build(copied, strict=True)


def test_missing_npm_packages_are_an_error_that_says_what_to_run(
    copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (copied / "node_modules").unlink()
    assert "run `make setup`" in failure(copied, capsys)


def test_a_bare_configuration_hears_what_is_wanted(
    copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_text(copied / "mkdocs.yml", "site_name: Book\nplugins: [fishbook]\n")
    said = failure(copied, capsys)
    assert "mkdocs.yml: set theme: name: material" in said
    assert "theme: custom_dir: fishbook/loom/site/theme" in said
    assert "plugins: mkdocs-jupyter" in said and "toc: permalink" in said


def test_without_the_plugin_nothing_is_built(copied: Path) -> None:
    """MkDocs alone would make a site of the pages as they stand."""
    write_text(copied / "mkdocs.yml", "site_name: Book\nplugins: []\n")
    with pytest.raises(LoomError, match="set plugins: fishbook"):
        build(copied)
