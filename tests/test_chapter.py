"""A chapter's text to blocks and back: to the byte, nothing lost, nothing doubled."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from fishbook.loom.chapter import (
    Annotations,
    Chapter,
    Code,
    Comment,
    Fence,
    Figure,
    Formula,
    Heading,
    Output,
    Prose,
    bad_target,
    split_twins,
)
from fishbook.loom.problem import LoomError

PIECES = [
    "# 门 | Gate {#gate}\n",
    "# no twin\n",
    '<div lang="zh" markdown>\n',
    '<div lang="en" markdown>\n',
    "</div>\n",
    "```python\nprint(1)\n```\n",
    "```python \nprint(2)\n```\n",
    '```python title="fishbook/a.py"\nx = 1  # (1)!\n```\n',
    "1. 甲 | one\n",
    "```output\n1\n```\n",
    "````text\n```python\nx\n```\n````\n",
    "~~~python\nx\n~~~\n",
    "```\n",
    "````\n",
    "<!--\n```python\nx\n```\n-->\n",
    "<!--- invisible-code-block: python\nx = 1\n-->\n",
    '<!--- skip: next "why" -->\n',
    "-->\n",
    "$$ x $$\n",
    "$$\nx\n$$\n",
    "$$\n",
    "![图 | figure](figures/a.svg)\n",
    "<details markdown><summary>解 | S</summary>\n",
    "</details>\n",
    "- item\n\n  ```python\n  x\n  ```\n",
    "\t```python\n",
    "words 😀 \U0001f41f\n",
    "| a | b |\n| - | - |\n",
    "\n",
    "\r\n",
    "\u2028\x0b\x00\r",
    "no end",
]
texts = st.lists(st.sampled_from(PIECES) | st.text(max_size=12), max_size=30)


@given(texts.map("".join), st.sampled_from(["", "\ufeff"]), st.booleans())
def test_blocks_give_the_text_back(text: str, mark: str, crlf: bool) -> None:
    text = mark + (text.replace("\n", "\r\n") if crlf else text)
    chapter = Chapter.parse(text)
    assert chapter.render() == text
    line = 1
    for block in chapter.blocks:
        assert block.line == line
        assert block.raw
        line += block.raw.count("\n")


@given(texts.map("".join))
def test_a_sound_chapter_runs_every_python_fence(text: str) -> None:
    """Where nothing is wrong, another parser counts the same fences, at their lines."""
    chapter = Chapter.parse(text)
    if chapter.problems or "\r" in text or "\x00" in text:
        return
    tokens = MarkdownIt("commonmark").parse(text)
    theirs = [t.map[0] + 1 for t in tokens if t.type == "fence" and t.map and t.info]
    python = [n for n in theirs if "python" in text.split("\n")[n - 1]]
    ours = [cell.code.line for cell in chapter.cells if not cell.code.hidden]
    assert set(ours) >= set(python)


def only(text: str, kind: type) -> list:  # type: ignore[type-arg]
    return [block for block in Chapter.parse(text).blocks if isinstance(block, kind)]


def complaint(text: str) -> str:
    """Give the one complaint about a chapter."""
    problems = Chapter.parse(text, Path("docs/01-a.md")).problems
    assert len(problems) == 1, problems
    return str(problems[0])


def test_crlf_and_a_byte_order_mark_hide_nothing() -> None:
    text = "\ufeff```python\r\nprint(1)\r\n```\r\n\r\n```output\r\n1\r\n```\r\n"
    (cell,) = Chapter.parse(text).cells
    assert cell.code.source == "print(1)"
    assert cell.output and cell.output.body == "1"


def test_an_empty_file_is_an_empty_chapter() -> None:
    assert Chapter.parse("").blocks == []
    assert Chapter.parse("").problems == []


def test_a_missing_final_newline_loses_nothing() -> None:
    (code,) = only("```python\nx = 1\n```", Code)
    assert code.source == "x = 1"


def test_tabs_and_letters_beyond_the_basic_plane_survive() -> None:
    (code,) = only("```python\nif 1:\n\tprint('🐟')\n```\n", Code)
    assert code.source == "if 1:\n\tprint('🐟')"


def test_a_fence_inside_a_longer_fence_is_text() -> None:
    text = "````text\n```python\nx\n```\n````\n"
    assert only(text, Code) == []
    assert len(only(text, Fence)) == 1
    assert Chapter.parse(text).problems == []


def test_a_fence_inside_a_comment_is_not_run() -> None:
    text = "<!--\n```python\nx\n```\n-->\n"
    assert only(text, Code) == []
    assert len(only(text, Comment)) == 1


def test_a_trailing_blank_after_python_hides_nothing() -> None:
    assert len(only("```python  \nx\n```\n", Code)) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\n\n```python\nx\n", "docs/01-a.md:3: this fence is never closed"),
        ('<div lang="zh" markdown>\n\n字\n', ":1: this div is never closed"),
        ("- a\n\n  ```python\n  x\n  ```\n", ":3: an indented python fence"),
        (
            '<div lang="zh" markdown>\n```python\nx\n```\n</div>\n',
            ":2: a python fence inside a language div",
        ),
        ("```py\nx\n```\n", "fence 'py' would not be run"),
        ("```python3\nx\n```\n", "fence 'python3' would not be run"),
        ("```Python\nx\n```\n", "fence 'Python' would not be run"),
        ('```python name="a"\nx\n```\n', "would not be run"),
        ("```output\n1\n```\n", ":1: this output follows no code"),
        ("![图 | f](figures/a.svg)\n", "this figure follows no code"),
        ("```output twice\n1\n```\n", "unknown fence"),
        ("<details markdown><summary>解 | S</summary>\n", "is never closed"),
        ("</details>\n", "without its start"),
        ("$$\nx\n", "this formula is never closed"),
        ("<!-- x\n", "this comment is never closed"),
        ("# 门 {#gate}\n", "this heading is not for both languages"),
        ("# 门 | a | b {#gate}\n", "this heading is not for both languages"),
        ("# 门 | gate\n", "this heading has no anchor"),
        ("<!--- skip: next -->\n\n```python\nx\n```\n", "gives no reason"),
        ("```python\nx  # (1)!\n```\n\n1. 甲 | a\n2. 乙 | b\n", "annotations [1, 2]"),
        ("<!-- invisible-code: python\nx\n-->\n", "is almost code"),
        ("```python\nx  # (1)!\n```\n", ":1: nothing explains this block's marks"),
        (
            "```python\nx  # (1)!\ny  # (2)!\n```\n\n2. 乙 | b\n1. 甲 | a\n",
            ":6: annotations [2, 1], marks [1, 2]",
        ),
        ("``` {.python}\nx\n```\n", "fence '{.python}' would not be run"),
        ("~~~ { .py title=a }\nx\n~~~\n", "would not be run"),
        ("- ```python\n  x\n  ```\n", ":1: an indented python fence"),
        ("> ```python\n> x\n> ```\n", ":1: an indented python fence"),
        ("1. a\n2.  ~~~python\n    x\n    ~~~\n", ":2: an indented python fence"),
        (
            '<div lang="zh" markdown>\n\n- ```python\n  x\n  ```\n\n</div>\n',
            ":3: a python fence inside a language div",
        ),
        ("| a | b |\r| - | - |\n", ":1: a carriage return stands inside this line"),
        ("```text\n\0\n```\n", ":2: a NUL character stands here"),
        ("$$ x $$ (1)\n", ":1: this formula is never closed"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, said: str) -> None:
    message = (
        complaint(text)
        if "output twice" not in text
        else "; ".join(map(str, Chapter.parse(text, Path("docs/01-a.md")).problems))
    )
    assert said in message
    assert ";" in message, "a message ends with what to do"


@pytest.mark.parametrize(
    "title",
    [
        "../x.py",
        "fishbook/../x.py",
        "/etc/x.py",
        "C:/fishbook/x.py",
        "fishbook\\x.py",
        "x.py",
        "other/x.py",
        "fishbook/x.txt",
        "fishbook/a-b.py",
        "fishbook//x.py",
        "fishbook/./x.py",
        "fishbook",
    ],
)
def test_a_title_that_points_elsewhere_is_refused(title: str) -> None:
    assert bad_target(title)
    assert "fishbook/" in complaint(f'```python title="{title}"\nx = 1\n```\n')


def test_a_good_title_is_a_file_of_the_package() -> None:
    assert bad_target("fishbook/layers.py") == ""
    assert bad_target("fishbook/loom/chapter.py") == ""


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("门 | gate", ("门", "gate")),
        ("`a | b` 门 | gate `a | b`", ("`a | b` 门", "gate `a | b`")),
        ("$P(a | b)$ 门 | gate", ("$P(a | b)$ 门", "gate")),
        ("门", None),
        ("a | b | c", None),
        (" | gate", None),
    ],
)
def test_twins_split_outside_code_and_formulas(
    text: str, pair: tuple[str, str] | None
) -> None:
    assert split_twins(text) == pair


def test_a_block_takes_what_belongs_to_it() -> None:
    text = (
        '<!--- skip: next if(False, reason="no data") -->\n\n'
        "```python\nx = 1  # (1)!\n```\n\n1. 甲 | one\n\n```output varies\n1\n```\n\n"
        "![图 | figure](figures/a.svg)\n"
    )
    chapter = Chapter.parse(text)
    (cell,) = chapter.cells
    assert chapter.problems == []
    assert cell.skip and (cell.skip.test, cell.skip.reason) == ("False", "no data")
    assert cell.annotations and cell.annotations.items == (("甲", "one"),)
    assert cell.output and cell.output.varies
    assert cell.figure and (cell.figure.zh, cell.figure.en) == ("图", "figure")
    kinds = {type(block) for block in chapter.blocks}
    assert {Annotations, Output, Figure} <= kinds


def test_a_fence_in_a_list_swallows_nothing_after_it() -> None:
    (code,) = only("- ```text\n  x\n  ```\n\n```python\nprint(1)\n```\n", Code)
    assert code.source == "print(1)"


def test_a_quoted_fence_in_prose_ends_in_the_quote() -> None:
    text = '<div lang="zh" markdown>\n\n> ```text\n> x\n> ```\n\n</div>\n\n$$ x $$\n'
    assert Chapter.parse(text).problems == []
    assert len(only(text, Formula)) == 1


def test_a_div_that_is_not_closed_ends_where_its_twin_begins() -> None:
    zh, en = (f'<div lang="{lang}" markdown>\n\nx\n\n' for lang in ("zh", "en"))
    text = f"{zh}{en}</div>\n"
    assert "docs/01-a.md:1: this div is never closed" in complaint(text)
    assert [prose.lang for prose in only(text, Prose)] == ["zh", "en"]


def test_other_divs_may_stand_in_prose() -> None:
    inner = '<div class="a">x</div>\n<div class="b">\ny\n</div>\n'
    text = f'<div lang="zh" markdown>\n{inner}</div>\n$$ x $$\n'
    assert Chapter.parse(text).problems == []
    (prose,) = only(text, Prose)
    assert prose.body == inner.rstrip()


def test_a_comment_may_be_indented_as_html_may() -> None:
    assert only("  <!--\n```python\nx\n```\n-->\n", Code) == []


def test_headings_and_prose_keep_their_parts() -> None:
    text = (
        "## 门 | Gate {#gate}\n\n"
        '<div lang="zh" markdown>\n\n```text\n</div>\n```\n\n</div>\n'
    )
    (heading,) = only(text, Heading)
    assert (heading.level, heading.zh, heading.anchor) == (2, "门", "gate")
    (prose,) = only(text, Prose)
    assert prose.lang == "zh"
    assert prose.body.strip() == "```text\n</div>\n```"


def test_a_file_that_is_not_utf8_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_bytes("一\n二\n".encode() + "三".encode("gb18030"))
    with pytest.raises(LoomError, match=r"a\.md:3: byte 0x.* is not UTF-8"):
        Chapter.read(path)
