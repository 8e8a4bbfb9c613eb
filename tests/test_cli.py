"""The command `fishbook` as a maintainer meets it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from books import edit, make_book
from click.testing import CliRunner, Result

from fishbook.loom.cli import main


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a sound book and stand in it."""
    root = make_book(tmp_path / "book")
    monkeypatch.chdir(root)
    return root


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.mark.parametrize("verb", [["tangle"], ["tangle", "--check"], ["record"]])
def test_a_sound_book_needs_nothing(root: Path, verb: list[str]) -> None:
    result = run(*verb)
    assert (result.exit_code, result.output) == (0, "")


def test_check_counts_what_it_checked(root: Path) -> None:
    result = run("check")
    assert (result.exit_code, result.output) == (
        0,
        "2 chapters, 7 blocks: no problems\n",
    )


def test_verbs_say_what_they_wrote(root: Path) -> None:
    edit(root / "docs/01-gates.md", "1 - floor(x)", "2 - floor(x)")
    assert run("tangle").output == "wrote fishbook/gates.py\n"
    assert "wrote docs/01-gates.md" in run("record").output
    out = run("weave", "out", "--site-url", "https://example.org/").output
    assert out.splitlines() == [
        f"wrote {Path('out', edition)}" for edition in ("zh", "en", "zh-en")
    ]
    assert (root / "out/en/notebooks/01-gates.ipynb").exists()


@pytest.mark.parametrize(
    ("old", "new", "verb", "said"),
    [
        (
            "1 - floor(x)",
            "2 - floor(x)",
            ["tangle", "--check"],
            "run `fishbook tangle`",
        ),
        ("NOT is `NOT`", "NOT", ["check"], "docs/01-gates.md:3: inline code differ"),
        ("```python\nprint", "```py\nprint", ["record"], "would not be run"),
        ("</div>\n<div", "<div", ["weave"], "docs/01-gates.md:3:"),
        ("fishbook/gates.py", "../gates.py", ["tangle"], "points outside fishbook/"),
    ],
)
def test_a_mistake_ends_in_a_message_not_a_traceback(
    root: Path, old: str, new: str, verb: list[str], said: str
) -> None:
    edit(root / "docs/01-gates.md", old, new)
    result = run(*verb)
    assert result.exit_code == 1
    assert said in result.output
    assert "Traceback" not in result.output


def test_outside_a_book_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("check")
    assert result.exit_code == 1
    assert "run this in the book's folder" in result.output


def test_a_folder_that_is_a_file_is_no_place_to_weave_into(root: Path) -> None:
    result = run("weave", "docs/01-gates.md")
    assert result.exit_code == 2
    assert "is a file" in result.output


def test_what_the_disk_refuses_is_said_without_a_traceback(root: Path) -> None:
    (root / "docs" / "03-folder.md").mkdir()
    result = run("check")
    assert result.exit_code == 1
    assert "03-folder.md" in result.output
    assert isinstance(result.exception, SystemExit)


def test_without_its_extra_it_says_what_to_install(root: Path) -> None:
    code = (
        "import sys; sys.modules['click'] = None\n"
        "from fishbook.loom.__main__ import main\nmain()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert "pip install 'fishbook[loom]'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("module", "verb", "extra"),
    [
        ("markdown_it", "check", "loom"),
        ("mkdocs", "build", "site"),
        ("jinja2", "build", "site"),
    ],
)
def test_without_a_verbs_extra_it_says_what_to_install(
    root: Path, module: str, verb: str, extra: str
) -> None:
    code = (
        f"import sys; sys.modules[{module!r}] = None\n"
        f"sys.argv = ['fishbook', {verb!r}]\n"
        "from fishbook.loom.__main__ import main\nmain()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert f"pip install 'fishbook[{extra}]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_help_names_every_verb() -> None:
    output = run("--help").output
    for verb in ("tangle", "check", "record", "weave", "build", "serve"):
        assert f"  {verb} " in output
