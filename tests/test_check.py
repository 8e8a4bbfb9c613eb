"""Each rule of the book's grammar, broken alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from fishbook.loom.book import Book
from fishbook.loom.chapter import Chapter
from fishbook.loom.check import check

TWINS = """\
<div lang="zh" markdown>

{}

</div>
<div lang="en" markdown>

{}

</div>
"""


def problems_of(tmp_path: Path, *texts: str) -> list[str]:
    """Check a book of some chapters."""
    (tmp_path / "docs").mkdir(exist_ok=True)
    paths = [Path(f"docs/{n:02}-a.md") for n, _ in enumerate(texts, 1)]
    chapters = [Chapter.parse(t, p) for t, p in zip(texts, paths, strict=True)]
    return [str(problem) for problem in check(Book(tmp_path, chapters))]


def chunk(code: str, target: str = "fishbook/a.py") -> str:
    return f'```python title="{target}"\n{code}\n```\n'


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["# 甲 | A {#a}\n\n# 乙 | B {#a}\n"], "docs/01-a.md:3: anchor {#a} stands at"),
        (
            ["# 甲 | A {#a}\n", "# 乙 | B {#a}\n"],
            "docs/02-a.md:1: anchor {#a} stands at",
        ),
        ([TWINS.format("见 [乙](#b)", "see [B](#b)")], "01-a.md has no anchor #b"),
        ([TWINS.format("见 [乙](x.md)", "see [B](x.md)")], "docs/x.md does not exist"),
        (["Words of one language.\n"], "docs/01-a.md:1: words outside a language div"),
        (["| 甲 | 乙 |\n| --- | --- |\n"], "words outside a language div"),
        ([chunk("def f(): ...") + "\n" + chunk("def f(): ...")], ":6: f is defined in"),
        ([chunk("X = 1"), chunk("X = 2")], "docs/02-a.md:2: X is defined in"),
        (
            ["```python\nfrom fishbook.a import f\n```\n", chunk("def f(): ...")],
            "docs/01-a.md:2: f comes later, at docs/02-a.md:2",
        ),
        (["> ```python\n> x\n> ```\n"], "docs/01-a.md:1: an indented python fence"),
        (
            ["<pre>\n\n```python\nx = 1\n```\n\n</pre>\n"],
            "docs/01-a.md:3: other Markdown tools see no python fence here",
        ),
        (
            ["<!--- invisible-code-block: python\ns = '-->'\n```python\n```\n-->\n"],
            "docs/01-a.md:3: this python fence would not be run",
        ),
        (
            [TWINS.format("见 [甲](../README.md)", "see [A](../README.md)")],
            "link ../README.md: it leaves docs/",
        ),
        (
            ["```python\nx  # (1)!\n```\n\n1. [甲](#b) | [A](#b)\n"],
            "docs/01-a.md:5: link #b: 01-a.md has no anchor #b",
        ),
        (
            ["```python\nfrom fishbook.a import f\n```\n\n" + chunk("def f(): ...")],
            "docs/01-a.md:2: f comes later, at docs/01-a.md:6",
        ),
        (
            ["$$ x \\tag{1.1} $$\n\n$$ y \\tag{1.1} $$\n"],
            "docs/01-a.md:3: formula (1.1) stands at docs/01-a.md:1 too",
        ),
        (
            ["```python\nx\n```\n\n![甲 | A](figures/a.svg)\n\n" * 2],
            "figures/a.svg is drawn at docs/01-a.md:5 too",
        ),
        (['<div lang="en" markdown>\n\nx\n\n</div>\n'], "has no Chinese twin"),
        ([chunk("x = = 1")], "docs/01-a.md:2: not Python"),
    ],
)
def test_a_broken_rule_is_named_with_its_place(
    tmp_path: Path, texts: list[str], said: str
) -> None:
    problems = problems_of(tmp_path, *texts)
    assert any(said in problem for problem in problems), problems
    assert all("; " in problem for problem in problems), "each says what to do"


def test_a_figure_that_nobody_draws_is_named(tmp_path: Path) -> None:
    (tmp_path / "docs" / "figures").mkdir(parents=True)
    (tmp_path / "docs" / "figures" / "old.svg").touch()
    (problem,) = problems_of(tmp_path, "")
    assert (
        problem == "docs/figures/old.svg:1: no block draws this figure; delete the file"
    )


def test_what_may_differ_may_differ(tmp_path: Path) -> None:
    zh = "见 [这里](https://a.org/zh)，`a`、$x$，``b ` c``。\n\n```text\n$y$\n```"
    en = "See [this](https://a.org/en), $x$, `a`, ``b ` c``.\n\n```text\n$z$\n```"
    text = TWINS.format(zh, en) + "\n| $x$ | 0 |\n| --- | --- |\n| 1 | $y$ |\n"
    code = "@overload\ndef f(x: int): ...\n\n\n@overload\ndef f(x: str): ..."
    assert problems_of(tmp_path, f"{text}\n{chunk(code)}") == []


def test_the_books_own_pages_are_sound() -> None:
    root = Path(__file__).parent.parent
    assert check(Book.load(root)) == []
