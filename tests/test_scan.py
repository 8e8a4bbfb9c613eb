"""A page's text to blocks and back: to the byte, nothing lost, nothing doubled."""

from __future__ import annotations

from decimal import Decimal
from typing import TypeVar

import pytest
from books import TWINS, book_of, page_of
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from fishbook.loom.blocks import (
    Annotations,
    Block,
    Code,
    Comment,
    DetailsClose,
    DetailsOpen,
    Fence,
    Figure,
    Formula,
    Half,
    Heading,
    Output,
    Pair,
    Shared,
    Skip,
    Twins,
    fenced,
)
from fishbook.loom.check import unsound
from fishbook.loom.inline import plain_text, spans, split_twins
from fishbook.loom.scan import scan

Kind = TypeVar("Kind", bound=Block)
PIECES = [
    "# 门 | Gate {#gate}\n",
    "# no twin\n",
    '<div lang="zh" markdown>\n',
    '<div lang="en" markdown>\n',
    "</div>\n",
    TWINS.format("甲 $x$", "a $x$"),
    "```python\nprint(1)\n```\n",
    "```python \nprint(2)\n```\n",
    "```python hidden\nprint(3)\n```\n",
    '```python title="fishbook/a.py"\nx = 1  # (1)!\n```\n',
    "1. 甲 | one\n",
    "```output\n1\n```\n",
    "````text\n```python\nx\n```\n````\n",
    "~~~python\nx\n~~~\n",
    "```\n",
    "````\n",
    "<!--\n```python\nx\n```\n-->\n",
    '<!--- skip: next "why" -->\n',
    "-->\n",
    "$$ x $$\n",
    "$$\nx \\tag{eq-x}\n$$\n",
    "$$\n",
    '![图 | figure](figures/a.svg "甲 | a")\n',
    "<!--- within 2% of the axes -->\n",
    "```output within 2%\n1.5\n```\n",
    "<details markdown><summary>解 | S</summary>\n",
    "</details>\n",
    "- item\n\n  ```python\n  x\n  ```\n",
    "\t```python\n",
    "words 😀 \U0001f41f\n",
    "| a | b |\n| - | - |\n",
    "\n",
    "\r\n",
    "\ufeff",
    "\u2028\x0b\x00\r",
    "no end",
]
texts = st.lists(st.sampled_from(PIECES) | st.text(max_size=12), max_size=30)


@given(texts.map("".join))
def test_blocks_give_the_text_back(text: str) -> None:
    page = page_of(text)
    assert page.text == text
    line = 1
    for block in page.blocks:
        assert block.line == line
        assert block.raw
        line += block.raw.count("\n")


@given(texts.map("".join))
def test_a_sound_page_runs_every_python_fence(text: str) -> None:
    """Where nothing is wrong, another parser counts the same fences, at their lines."""
    if unsound(book_of(text)) or "\r" in text or "\x00" in text:
        return
    tokens = MarkdownIt("commonmark").parse(text)
    theirs = [t.map[0] + 1 for t in tokens if t.type == "fence" and t.map and t.info]
    python = {n for n in theirs if "python" in text.split("\n")[n - 1]}
    assert {cell.code.line for cell in page_of(text).cells} >= python


@given(st.lists(st.sampled_from(["```", "````", "~~~", "x", ""])).map("\n".join))
def test_a_fence_may_hold_any_other(text: str) -> None:
    (block,) = scan(fenced("python", text))
    assert isinstance(block, Code) and block.source == text


def only(text: str, kind: type[Kind]) -> list[Kind]:
    return [block for block in scan(text) if isinstance(block, kind)]


def one(text: str, kind: type[Kind]) -> Kind:
    (block,) = only(text, kind)
    return block


@pytest.mark.parametrize(
    "fence", ["```text\n> ```\nx\n```\n", "> ```text\n> x\n> ```\n"]
)
def test_a_fence_ends_in_the_quote_in_which_it_began(fence: str) -> None:
    first, *_ = scan(f"{fence}after\n")
    assert (first.raw, first.closed) == (fence, True)


PICTURE = "![图 | Figure](figures/a.svg)\n"


@pytest.mark.parametrize(
    "text",
    [
        "<details markdown><summary>解 | S</summary>\n",
        "</details>\n",
        "# 门 | Gate {#gate}\n",
        "$$ x $$\n",
        "$$\nx\n$$\n",
        "<!-- c -->\n",
        '<!--- skip: next "why" -->\n',
        "```python\n1\n```\n",
        "\n\n",
        PICTURE,
        f"<!--- within 2% of the axes -->\n{PICTURE}",
    ],
)
def test_what_follows_a_block_is_none_of_it(text: str) -> None:
    first, *_ = scan(f"{text}after\n")
    assert first.raw == text


MARKS = {
    "</details>": DetailsClose,
    "<details markdown><summary>解 | S</summary>": DetailsOpen,
    '<!--- skip: next "why" -->': Skip,
    '<!--skip:next "why"-->': Skip,
    "<!--- long:next-->": Skip,
    "![图 | figure](figures/a.svg)": Figure,
    f"<!--within 2% of the axes-->\n{PICTURE[:-1]}": Figure,
    TWINS.format("甲", "a")[:-1]: Pair,
}


@pytest.mark.parametrize("mark", MARKS)
def test_blanks_may_follow_a_mark_and_words_make_it_another(mark: str) -> None:
    for blanks in ("", " \t"):
        lines = "".join(f"{line}{blanks}\n" for line in mark.split("\n"))
        assert [type(block) for block in scan(lines)] == [MARKS[mark]]
    first, *_ = scan(mark.replace("\n", " x\n", 1) if "\n" in mark else f"{mark} x")
    assert not isinstance(first, MARKS[mark])


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("#words", Shared),
        ("####### 门", Shared),
        ("# {#gate}", Heading),
        ("</details", Shared),
        ("<details markdown><summary></summary>", DetailsOpen),
        ("![](figures/a.svg)", Figure),
        ('![a](figures/a.svg "")', Figure),
        ("![a]()", Shared),
        ("![a](b c)", Shared),
        ("<!--- skip: nextly -->", Comment),
        ("<!--- skip: next why", Comment),
        ("<!---- skip: next", Comment),
        (f"<!--- within % of the axes -->\n{PICTURE}", Comment),
        (f"<!--- within 1.% of the axes -->\n{PICTURE}", Comment),
        ("```output within .5", Fence),
        ("```output within 1.", Fence),
        ('```python title=""', Code),
        ("```", Fence),
        ("1) ```", Fence),
        (". ```", Shared),
        ("```a`b", Shared),
        ("```a`", Shared),
    ],
)
def test_a_mark_with_something_left_out_may_be_none(
    line: str, kind: type[Block]
) -> None:
    first, *_ = scan(f"{line}\n")
    assert type(first) is kind


def test_an_empty_text_has_no_blocks() -> None:
    assert list(scan("")) == []


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("```python\nx = 1\n```", "x = 1"),
        ("```python  \nx\n```\n", "x"),
        ("~~~python\nx\n~~~\n", "x"),
        ("```python\nif 1:\n\tprint('🐟')\n```\n", "if 1:\n\tprint('🐟')"),
        ("- ```text\n  x\n  ```\n\n```python\nprint(1)\n```\n", "print(1)"),
        ("```python\n```\n", ""),
        ("```python\n'\u2028'\n```\n", "'\u2028'"),
        ("```python\nx\ny", "x\ny"),
    ],
)
def test_code_is_what_stands_in_its_fence(text: str, source: str) -> None:
    assert one(text, Code).source == source


def test_an_indented_fence_is_never_run() -> None:
    fence = one("- item\n\n  ```python\n  x\n  ```\n", Fence)
    assert (fence.info, fence.indent) == ("python", "  ")


def test_the_info_line_says_what_code_is() -> None:
    first, second, third = only(
        '```python\n```\n```python hidden\n```\n```python title="fishbook/a.py"\n```\n',
        Code,
    )
    assert (first.hidden, second.hidden, third.hidden) == (False, True, False)
    assert (first.target, second.target, third.target) == ("", "", "fishbook/a.py")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("````text\n```python\nx\n```\n````\n", Fence),
        ("<!--\n```python\nx\n```\n-->\n", Comment),
        ("  <!--\n```python\nx\n```\n-->\n", Comment),
        (TWINS.format("```text\n```", "> ```text\n> </div>\n> ```"), Pair),
    ],
)
def test_what_is_inside_another_block_is_no_block(text: str, kind: type[Block]) -> None:
    assert [type(block) for block in scan(text)] == [kind]


def test_a_pair_is_one_block() -> None:
    pair = one(TWINS.format("\n甲\n", "\na\n\nb\n"), Pair)
    assert (pair.text, pair.closed) == (Twins("甲", "a\n\nb"), True)


def test_twins_may_be_empty() -> None:
    text = '<div lang="zh" markdown>\n</div>\n<div lang="en" markdown>\n</div>\n'
    assert one(text, Pair).text == Twins("", "")


@pytest.mark.parametrize("between", ["\n", "words\n", "<!-- c -->\n"])
def test_what_stands_between_twins_parts_them(between: str) -> None:
    zh, en = TWINS.format("甲", "a").split("</div>\n", 1)
    halves = only(f"{zh}</div>\n{between}{en}", Half)
    assert [(half.lang, half.text) for half in halves] == [("zh", "甲"), ("en", "a")]


def test_a_div_that_is_not_closed_ends_where_its_twin_begins() -> None:
    text = '<div lang="zh" markdown>\n甲\n\n<div lang="en" markdown>\na\n</div>\n'
    assert [(h.lang, h.closed) for h in only(text, Half)] == [
        ("zh", False),
        ("en", True),
    ]


@pytest.mark.parametrize(
    "inner",
    [
        '<div class="a">x</div>',
        '<div class="b">\ny\n</div>',
        '<div class="b">\n<div>\ny\n</div>\n</div>',
        "```text\n</div>\n```",
    ],
)
def test_other_divs_and_fences_may_stand_in_prose(inner: str) -> None:
    assert one(TWINS.format(inner, "a"), Pair).text.zh == inner


def test_a_div_that_the_page_ends_is_not_closed() -> None:
    text = TWINS.format("甲", "a")
    assert not one(text.removesuffix("</div>\n"), Pair).closed
    assert not one(text.partition("</div>")[0], Half).closed


def test_words_after_a_divs_end_do_not_end_it() -> None:
    first, *_ = scan(TWINS.format("甲", "a").replace("</div>", "</div> lost", 1))
    assert isinstance(first, Half) and not first.closed


def test_a_heading_has_a_level_twins_and_an_anchor() -> None:
    heading = one("## 门 | Gate {#gate}\n", Heading)
    assert (heading.level, heading.title) == (2, Twins("门", "Gate"))
    assert heading.anchor == one("# 门 {#gate} \t\n", Heading).anchor == "gate"
    for end in ("", "{#gate}", " {#a b}", " {#gate} x", " {#}"):
        plain = one(f"# 门 | Gate{end}\n", Heading)
        assert (plain.title.en, plain.anchor) == (f"Gate{end}", "")


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("$$x$$\n", ""),
        ("$$ x $$\n", ""),
        ("$$ x \\tag{eq-x} $$\n", "eq-x"),
        ("$$\nx \\tag{eq-x}\n$$\n", "eq-x"),
    ],
)
def test_a_formula_may_have_a_label(text: str, label: str) -> None:
    formula = one(text, Formula)
    assert (formula.label, formula.closed) == (label, True)


def test_a_formula_of_nothing_is_not_closed() -> None:
    assert not one("$$$$\n", Formula).closed


@pytest.mark.parametrize("text", ["$$\n\n$$ x $$\n", "$$\n```python\n1\n```\n", "$$"])
def test_an_open_formula_swallows_nothing(text: str) -> None:
    first, *rest = scan(text)
    assert isinstance(first, Formula) and not first.closed
    assert "".join(block.raw for block in rest) == text.removeprefix(first.raw)
    assert first.raw.strip() == "$$"


def test_a_figure_has_a_text_to_hear_and_one_to_read() -> None:
    alone = one("![图 | figure](figures/a.svg)\n", Figure)
    assert alone.alt == alone.caption == Twins("图", "figure")
    both = one('![图 | figure](figures/a.svg "看 $x$ | see $x$")\n', Figure)
    assert (both.alt, both.caption) == (alone.alt, Twins("看 $x$", "see $x$"))
    assert both.path == "figures/a.svg"


def test_a_figure_may_shift_by_a_share_that_stands_over_it() -> None:
    text = "<!--- within 2.5% of the axes -->\n![图 | figure](figures/a.svg)\n"
    figure = one(text, Figure)
    assert figure.within and figure.within.is_share
    assert figure.within.amount == Decimal("0.025")
    assert figure.path == "figures/a.svg"
    assert [type(block) for block in scan(text.replace("%", ""))] == [Comment, Figure]
    preview = MarkdownIt().render(text)
    assert preview.endswith('<p><img src="figures/a.svg" alt="图 | figure" /></p>\n')
    assert preview.startswith("<!---")


@pytest.mark.parametrize(
    ("info", "varies", "within", "amount"),
    [
        ("output", False, "", 0),
        ("output varies", True, "", 0),
        ("output within 0.01", False, "0.01", Decimal("0.01")),
        ("output within 2%", False, "2%", Decimal("0.02")),
        ("output within 10", False, "10", 10),
    ],
)
def test_an_output_may_vary_or_be_near(
    info: str, varies: bool, within: str, amount: Decimal
) -> None:
    output = one(fenced(info, "1.5"), Output)
    assert (output.info, output.varies) == (info, varies)
    assert (output.within.text if output.within else "") == within
    assert (output.within.amount if output.within else 0) == amount


def test_line_feeds_alone_part_a_lists_lines() -> None:
    text = (
        "```python\n1  # (1)!\n2  # (2)!\n```\n1. 甲 | a\u2028b\x85\x0bc\n2. 乙 | d\n"
    )
    items = one(text, Annotations).items
    assert items == (Twins("甲", "a\u2028b\x85\x0bc"), Twins("乙", "d"))


def test_a_list_explains_marks_only_right_under_them() -> None:
    marked = "```python\nx  # (1)!\n```\n\n1. 甲 | a\n2. 乙 | b\n"
    annotations = one(marked, Annotations)
    assert annotations.numbers == (1, 2)
    assert annotations.items == (Twins("甲", "a"), Twins("乙", "b"))
    assert one("```python\nx  # (1)!\n```\n1. \n", Annotations).numbers == (1,)
    for text in (
        "1. 甲 | a\n",
        "```python\nx  # (1)!\n```\n. 甲 | a\n",
        marked.replace("# (1)!", ""),
        marked.replace("\n\n1", "\n\nw\n\n1"),
    ):
        assert only(text, Annotations) == []
        assert only(text, Shared)


@pytest.mark.parametrize(
    ("rule", "test", "reason"),
    [
        ('if(not f(), reason="no (data)")', "not f()", "no (data)"),
        ('"always"', "", "always"),
        ("", "", ""),
        ('if(x,reason="y")', "x", "y"),
        ("if(x)", "", ""),
        ('""', "", ""),
        ('if(x, reason="")', "", ""),
        ('if(, reason="x")', "", ""),
    ],
)
def test_a_skip_has_a_test_and_a_reason(rule: str, test: str, reason: str) -> None:
    skip = one(f"<!--- skip: next {rule} -->\n", Skip)
    assert (skip.test, skip.reason, skip.long) == (test, reason, False)
    long = one(f"<!--- long: next {rule} -->\n", Skip)
    understood = bool(reason) or not rule
    assert (long.test, long.reason, long.long) == (test, reason, understood)


@pytest.mark.parametrize(
    ("marks", "varies", "raises"),
    [
        ("", False, False),
        (" varies", True, False),
        (" raises", False, True),
        (" raises varies", True, True),
    ],
)
def test_an_output_may_vary_and_may_end_in_an_error(
    marks: str, varies: bool, raises: bool
) -> None:
    output = one(f"```output{marks}\n```\n", Output)
    assert (output.text, output.varies, output.raises) == ("", varies, raises)


@pytest.mark.parametrize(
    ("text", "twins"),
    [
        ("门 | gate", Twins("门", "gate")),
        ("`a | b` 门 | gate `a | b`", Twins("`a | b` 门", "gate `a | b`")),
        ("$P(a | b)$ 门 | gate", Twins("$P(a | b)$ 门", "gate")),
        ("门", Twins("门", "")),
        ("a | b | c", Twins("a | b | c", "")),
        (" | gate", Twins("", "gate")),
    ],
)
def test_twins_split_outside_code_and_formulas(text: str, twins: Twins) -> None:
    assert split_twins(text) == twins


def test_nothing_in_code_counts_as_a_formula_or_link() -> None:
    text = (
        "`$x$` ``a ` $y$`` $z$ \\$5 [`a`](#b) [](#eq-c) ![d](e.svg)\n\n"
        "```text\n[f](#g) $h$\n```\n"
    )
    assert [(span.kind, span.text) for span in spans(text)] == [
        ("code", "$x$"),
        ("code", "a ` $y$"),
        ("formula", "$z$"),
        ("code", "a"),
        ("link", "#b"),
        ("number", "eq-c"),
        ("link", "e.svg"),
    ]


@pytest.mark.parametrize(
    ("markdown", "heard"),
    [
        ("the line $w_1 x_1 = b$ of `AND`", "the line w1 x1 = b of AND"),
        ("`load_mnist` and [a *link*](#x)", "load_mnist and a link"),
        ("*a* `b * $c$` **d**", "a b * $c$ d"),
        (r"$\mathbf{W}^{\text{a}}_{12}$ [0, 1]", "W^a12 (0, 1)"),
        (r"$\eta$, $\tfrac{1}{2}$, $10^{-5}$, $\ln y$", "η, 1/2, 10⁻⁵, ln y"),
        (
            r"$x_i \leftarrow x_i - \eta\,\frac{\partial f}{\partial x_i}$",
            "xi ← xi - η∂ f/∂ xi",
        ),
    ],
)
def test_what_is_heard_has_no_marks(markdown: str, heard: str) -> None:
    assert plain_text(markdown) == heard
