"""The command `fishbook` as a maintainer meets it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from books import DOT, GATES, SUMS, edit, python, read_text, run_cli, write_text


@pytest.fixture
def root(book_root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a sound book."""
    monkeypatch.chdir(book_root)
    return book_root


@pytest.mark.parametrize("verb", [["tangle"], ["tangle", "--check"], ["record"]])
def test_a_sound_book_needs_nothing(root: Path, verb: list[str]) -> None:
    result = run_cli(*verb)
    assert (result.exit_code, result.output) == (0, "")


def test_check_counts_what_it_checked(root: Path) -> None:
    result = run_cli("check")
    assert (result.exit_code, result.output) == (0, "9 pages, 10 blocks: no problems\n")


def test_verbs_say_what_they_wrote(root: Path) -> None:
    edit(root / GATES, "return 1 -", "return 2 -")
    edit(root / GATES, "1 0 0.333333", "old")
    assert run_cli("tangle").output == "wrote fishbook/gates.py\n"
    assert run_cli("record", "docs/01-gates").output == f"wrote {GATES}\n"
    out = run_cli("weave", "out", "--site-url", "https://example.org/").output
    assert out.splitlines() == [
        f"wrote {Path('out', edition)}" for edition in ("zh", "en", "zh-en")
    ]
    notebook = root / "out/en/notebooks/01-gates-01-not.ipynb"
    assert "https://example.org/en/02-sums/" in notebook.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "verb", "said"),
    [
        ("return 1 -", "return 2 -", ["tangle", "--check"], "run `fishbook tangle`"),
        ("On `NOT`", "On NOT", ["check"], f"{GATES}:3: inline code differ"),
        ("```python\nprint", "```py\nprint", ["record"], "would not be run"),
        ("</div>\n<div", "<div", ["weave"], f"{GATES}:3: this div is never closed"),
        ("fishbook/gates.py", "../gates.py", ["tangle"], "points outside fishbook/"),
        ("非门 `", "\r非门 `", ["check"], f"{GATES}:5: a carriage return stands here"),
    ],
)
def test_a_mistake_ends_in_a_message_not_a_traceback(
    root: Path, old: str, new: str, verb: list[str], said: str
) -> None:
    edit(root / GATES, old, new)
    result = run_cli(*verb)
    assert result.exit_code == 1
    assert said in result.output
    assert "Traceback" not in result.output


def test_an_edit_by_hand_is_overwritten_only_by_force(root: Path) -> None:
    edit(root / "fishbook/gates.py", "return 1 -", "return 3 -")
    assert "this file was edited by hand" in run_cli("tangle").output
    first, second = run_cli("tangle", "--force").output.splitlines()
    kept = first.removeprefix("kept the old text in ")
    assert "return 3 -" in read_text(root / kept)
    assert second == "wrote fishbook/gates.py"
    (root / "docs/a-extras/01-guards.md").unlink()
    assert "deleted fishbook/guards.py\n" in run_cli("tangle").output


def test_outside_a_book_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run_cli("check")
    assert result.exit_code == 1
    assert "run this in the book's folder" in result.output


def test_a_folder_that_is_a_file_is_no_place_to_weave_into(root: Path) -> None:
    result = run_cli("weave", GATES)
    assert result.exit_code == 2
    assert "is a file" in result.output


def test_what_the_disk_refuses_is_said_without_a_traceback(root: Path) -> None:
    (root / "fishbook/gates.py").unlink()
    (root / "fishbook/gates.py").mkdir()
    result = run_cli("tangle")
    assert result.exit_code == 1
    assert "gates.py" in result.output
    assert isinstance(result.exception, SystemExit)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no such files")
@pytest.mark.parametrize("verb", ["check", "tangle", "weave"])
def test_what_is_no_file_is_named_and_not_waited_for(root: Path, verb: str) -> None:
    os.mkfifo(root / "docs/01-gates/02-pipe.md")
    (root / "docs/01-gates/03-link.md").symlink_to("nowhere")
    result = run_cli(verb)
    assert result.exit_code == 1
    for name in ("02-pipe", "03-link"):
        assert f"docs/01-gates/{name}.md:1: this is no file that can" in result.output


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no such files")
@pytest.mark.parametrize(
    "make", [getattr(os, "mkfifo", None), Path.mkdir, lambda path: None]
)
def test_what_a_page_links_to_is_woven_only_from_a_file(
    root: Path, make: Callable[[Path], object]
) -> None:
    edit(root / SUMS, "点在图", "点在[表](x.csv)图")
    edit(root / SUMS, "a dot in", "a [dot](x.csv) in")
    make(root / "docs/02-sums/x.csv")
    result = run_cli("weave")
    assert result.exit_code == 1
    assert "docs/02-sums/x.csv:1: a page links to this file, and" in result.output
    assert not (root / "woven").exists()


def test_a_figure_that_is_not_there_is_missed(root: Path) -> None:
    (root / DOT).unlink()
    for verb in ("check", "weave"):
        assert "figures/dot.svg: there is no such file" in run_cli(verb).output
    assert run_cli("record").output == f"wrote {DOT}\n"
    (root / "docs/index.md").rename(root / "old.md")
    assert "docs/index.md:1: the book opens with" in run_cli("check").output


@pytest.mark.parametrize("folder", [".", "fishbook", "fishbook/x", "docs"])
def test_nothing_is_woven_among_the_books_own_files(root: Path, folder: str) -> None:
    result = run_cli("weave", folder)
    assert result.exit_code == 1
    assert "book's own" in result.output
    assert not [*root.rglob(".woven")]


def test_a_name_that_no_text_can_hold_is_refused(root: Path) -> None:
    name = os.fsdecode(b"docs/03-\xff")
    try:
        (root / name).mkdir()
    except (OSError, UnicodeError):
        pytest.skip("this disk has no such names")
    write_text(root / name / "index.md", "# 多 | More {#more}\n")
    result = run_cli("weave")
    assert result.exit_code == 1
    assert "index.md:1: this name is not UTF-8" in result.output


def test_the_command_may_be_run_as_a_module(root: Path) -> None:
    """What the terminal can't show is written out, not an error."""
    (root / "docs/01-gates/02-二.md").touch()
    command = [sys.executable, "-m", "fishbook.loom.cli", "check"]
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252"}
    done = subprocess.run(command, capture_output=True, env=environment)
    assert done.returncode == 1
    assert rb"docs/01-gates/02-\u4e8c.md:1: this page does not begin" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("module", "verb", "extra"),
    [
        ("click", "check", "loom"),
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


def run_module(name: str, *arguments: str, **more: str) -> tuple[int, str, str]:
    """Run a module as a program, with more in the environment."""
    command = [sys.executable, "-m", name, *arguments]
    done = subprocess.run(command, capture_output=True, env={**os.environ, **more})
    return done.returncode, done.stdout.decode("cp1252"), done.stderr.decode("cp1252")


def test_a_name_that_the_terminal_cannot_show_is_written_out(root: Path) -> None:
    write_text(root / "docs/03-多/index.md", python("print('多')"))
    encoding = {"PYTHONIOENCODING": "cp1252"}
    wrote = (0, f"wrote docs/03-\\u591a/index.md{os.linesep}", "")
    assert run_module("fishbook.loom", "record", **encoding) == wrote
    assert "```output\n多" in read_text(root / "docs/03-多/index.md")


def test_the_verbs_are_there_by_the_name_of_their_module_too(root: Path) -> None:
    code, output, _ = run_module("fishbook.loom.cli", "check")
    assert (code, output.split()[1]) == (0, "pages,")


def test_record_says_what_it_wrote_even_if_a_page_fails(root: Path) -> None:
    edit(root / GATES, "1 0 0.333333", "old")
    write_text(root / "docs/00-first.md", python("1 / 0"))
    result = run_cli("record", "docs/00-first.md", "docs/01-gates")
    assert result.exit_code == 1
    assert result.output.startswith(f"wrote {GATES}\nError: docs/00-first.md:1: ")


def test_help_names_every_verb() -> None:
    output = run_cli("--help").output
    for verb in ("tangle", "check", "record", "weave", "build", "serve"):
        assert f"  {verb} " in output
