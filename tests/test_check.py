"""Each rule of the book's grammar, broken alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from books import (
    DOT,
    GATES,
    SUMS,
    TWINS,
    book_at,
    book_of,
    chunk,
    edit,
    problems_of,
    python,
    write_text,
)
from large import copy_many

from fishbook.loom.book import Book
from fishbook.loom.check import (
    OF_A_PAGE,
    OF_THE_BOOK,
    check,
    missing,
    require_sound,
)
from fishbook.loom.check.form import bad_target
from fishbook.loom.problem import LoomError
from fishbook.loom.tangle import write

ROOT = Path(__file__).parent.parent
ZH, EN = '<div lang="zh" markdown>\n', '<div lang="en" markdown>\n'
FIGURE = "![图 | figure](figures/a.svg)\n\n"
PLOT = f"{python('1')}<!--- within 2% of the axes -->\n{FIGURE}"
SEE = TWINS.format("见[甲]({0})", "see [A]({0})").format


def stated(output: str, within: str) -> str:
    """Give an example whose output has a stated tolerance."""
    return python("1", output).replace("output", f"output within {within}")


FORM = [
    ("```text\nx\n", "3: this fence is never closed; add a line with ```"),
    ("<!-- x\n", "3: this comment is never closed; add -->"),
    ("$$\n| $x$ |\n", "3: this formula is never closed; add a line with $$"),
    ("$$ x $$ (1)\n", "3: this formula is never closed"),
    (f"{ZH}\n字\n", "3: this div is never closed; add </div> at column 0"),
    (f"{ZH}字\n</div>\n{EN}a\nb\n", "3: this pair's English div is never closed"),
    (f"{ZH}字\n</div>\n", "3: this Chinese div has no English twin; put <div lang"),
    (f"{EN}a\n</div>\n", "3: this English div has no Chinese twin"),
    ("## 门 {#g}\n", "3: this heading is not for both languages; write 中文 | English"),
    ("## 门 | a | b {#g}\n", "3: this heading is not for both languages"),
    (
        f'{python("1")}![图](figures/a.svg "图 | a")\n',
        "7: this alternative text is not",
    ),
    (
        f'{python("1")}![图 | a](figures/a.svg "图")\n',
        "7: this caption is not for both",
    ),
    ("<details markdown><summary>解</summary>\n</details>\n", "3: this summary is not"),
    ("```python\n1  # (1)!\n```\n1. 甲\n", "6: this annotation is not for both"),
    ("## 门 | Gate\n", "3: this heading has no anchor; end it with {#anchor}"),
    ("$$ x \\tag{1.1} $$\n", "3: the formula's tag '1.1' is no label; write \\tag{eq-"),
    ("```py\nx\n```\n", "3: fence 'py' would not be run; write `python`,"),
    ("```python3\nx\n```\n", "fence 'python3' would not be run"),
    ("```Python\nx\n```\n", "fence 'Python' would not be run"),
    ('```python name="a"\nx\n```\n', "would not be run"),
    ("``` {.python}\nx\n```\n", "fence '{.python}' would not be run"),
    ("~~~ { .py title=a }\nx\n~~~\n", "would not be run"),
    ("- ```python\n  x\n  ```\n", "3: an indented python fence would not be run"),
    ("> ```python\n> x\n> ```\n", "3: an indented python fence"),
    ("    ```python\n    x\n    ```\n", "3: an indented python fence"),
    (TWINS.format("```python\nx\n```", "``` text\nx\n```"), "5: fence 'python' insid"),
    (TWINS.format("```pyhton\nx\n```", "```text\nx\n```"), "5: unknown fence 'pyhton'"),
    (TWINS.format("```Output\n1\n```", "```text\n1\n```"), "5: fence 'output' inside"),
    ("```text\nx = f(1)\n```\n", "3: this text is Python, and would not be run"),
    *(
        (f"```{language}\n{code}\n```\n", "3: this text is Python, and would not be")
        for language, code in [
            ("text", "if x:\n    y"),
            ("text", "while x:\n    y"),
            ("text", "x += 1"),
            ("text", "x: int = 1"),
            ("text", ">>> print(1)\n1"),
            ("sh", "print(1)"),
            ("sh", "import os"),
            ("json", "x = 1"),
        ]
    ),
    ("```python3.11\nx\n```\n", "3: unknown fence 'python3.11'"),
    ("```python\u200b\nx\n```\n", "3: unknown fence 'python\\u200b'"),
    ('```text title="a"\nx\n```\n', "3: unknown fence 'text title=\"a\"'"),
    ("## 门 | Gate {#门}\n", "3: the anchor {#门} is not of a-z, 0-9 and -; write it"),
    ("```\nx\n```\n", "3: unknown fence ''"),
    ("```ruby\nx\n```\n", "3: unknown fence 'ruby'; write `python`, `python hidden`"),
    ("```output twice\n1\n```\n", "unknown fence 'output twice'"),
    ("```output within\n1.5\n```\n", "unknown fence 'output within'; write"),
    ("```output within 0.1 m\n1.5\n```\n", "`output within 0.01`"),
    ("```output within -0.1\n1.5\n```\n", "`output within 0.01`"),
    ("```output varies within 0.1\n1.5\n```\n", "unknown fence 'output varies w"),
    (f"<!--- within 2 of the axes -->\n\n{PLOT}", "3: this comment is almost code"),
    ("```output\n1\n```\n", "3: this output follows no code; put it right after"),
    (FIGURE, "3: this figure follows no code"),
    ('<!--- skip: next "why" -->\n\n$$ x $$\n', "3: this skip precedes no code"),
    ("```python\nx  # (1)!\n```\n", "3: nothing explains this block's marks"),
    (
        "```python\nx # (1)!\n```\n1. 甲 | a\n2. 乙 | b\n",
        "6: annotations [1, 2], marks",
    ),
    (
        "```python\nx # (1)!\ny # (2)!\n```\n2. 乙 | b\n1. 甲 | a\n",
        "7: annotations [2, 1], marks [1, 2]; give each # (1)! mark one line",
    ),
    (
        "<details markdown><summary>解 | S</summary>\n",
        "3: this <details> is never clos",
    ),
    ("</details>\n", "3: </details> without its start"),
    ("<!--- skip: next -->\n\n```python\nx\n```\n", "3: this skip gives no reason"),
    ("<!--- long: next x -->\n\n```python\nx\n```\n", "3: this skip gives no reason"),
    ("<!--- long: nxt -->\n\n```python\nx\n```\n", "3: this comment is almost code"),
    (chunk("    # note"), "3: this chunk begins indented but continues nothing; put"),
    ("<!-- invisible-code: python\nx\n-->\n", "3: this comment is almost code"),
    ('<!--- skip: next if(a) "b"\n-->\n', "3: this comment is almost code"),
    ("<!-- a --> $$ x $$\n", "3: what follows this comment on its line is not shown"),
    (
        f"{python('1')}![甲 | a](b.png)\n",
        "7: b.png is no picture of the book; write fig",
    ),
    *(
        (f"{python('1')}![甲 | a]({path})\n", f"7: {path} is no picture of the book")
        for path in ("figures/../../../evil.svg", "figures/../01-gates.md")
    ),
    (
        f"{python('1')}![甲 $x$ | a $x$](figures/a.svg)\n",
        "7: an alternative text is heard:",
    ),
]
WORDS = [
    (TWINS.format("`a`", "`b`"), "3: inline code differ between the twins: only zh"),
    (TWINS.format("字 $x$", "w $x$ $x$"), "formulas differ between the twins: only zh"),
    (
        TWINS.format("[甲](#title-1)", "a"),
        "links differ between the twins: only zh ['t",
    ),
    (TWINS.format("字 1e-3", "w 1e-4"), "only zh ['1e-3'], only en ['1e-4']"),
    (TWINS.format("字 -15", "w 15"), "only zh ['-15'], only en ['15']"),
    (TWINS.format("Words.", "字。"), "3: the English prose holds Chinese; say it in"),
    (TWINS.format("字。", "Words，字."), "3: the English prose holds Chinese"),
    (TWINS.format("A word.", "Words."), "3: the Chinese prose holds no Chinese; say"),
    ("## 门 | 门 {#g}\n", "3: the English heading holds Chinese"),
    ("## Gate | 门 {#g}\n", "3: the English heading holds Chinese"),
    (
        "<details markdown><summary>A | B</summary>\n</details>\n",
        "3: the Chinese summary holds no Chinese",
    ),
    (TWINS.format("[甲][b]", "[a][b]"), "3: a link's goal stands apart from it"),
    (TWINS.format("字", ""), "3: this div is empty; write it, or delete both"),
    ("Words of one language.\n", "3: words outside a language div; put them in a zh"),
    ("| 甲 | 乙 |\n| --- | --- |\n", "3: words outside a language div"),
    ("1 $$ x $$\n", "3: words outside a language div"),
    *(
        (TWINS.format(f"甲\n{added}", f"a\n{added}"), "3: a list or table right after")
        for added in ("- $x$", "1. $x$", "| $x$ |\n| --- |")
    ),
    (
        TWINS.format("甲\n\n1) 乙\n2) 丙", "a\n\n1) b\n2) c"),
        "3: a list of 1) and 2) is shown as it is written; write 1. and 2.",
    ),
    *(
        (table + "\n", "3: a row of this table has not as many cells as its head")
        for table in ("| 1 |\n| - |\n| 2 | 3 |", "| 1 | 2 |\n| - | - |\n| 3 |")
    ),
    ("<p>Words of one language.</p>\n", "3: words outside a language div"),
    ("<div>\nWords.\n</div>\n", "3: words outside a language div"),
    (
        TWINS.format("[甲](a(b))", "[a](a(b))"),
        "3: a link here is none that the book can",
    ),
    (
        TWINS.format("字 98%", "w 89%"),
        "numbers differ between the twins: only zh ['98%']",
    ),
    (
        TWINS.format("- 甲\n- 乙", "- a"),
        "parts differ between the twins: only zh ['list",
    ),
    (TWINS.format("甲\n\n乙", "a"), "3: parts differ between the twins: only zh ['par"),
    ("## 门 `a` | Gate {#g}\n", "3: inline code differ between the twins: only zh ['a"),
    (
        f'{python("1")}![图 | a](figures/a.svg "看 $x$ | see")\n',
        "7: formulas differ between the twins: only zh ['$x$'], only en none",
    ),
    ("## $x$ 门 | Gate $x$ {#g}\n", "3: a formula or a link stands in a heading"),
    (
        "<details markdown><summary>`a` $x$ | `a` $x$</summary>\n</details>\n",
        "3: a formula or a link stands in a heading or summary; move it",
    ),
    (
        TWINS.format("甲[^1]", "a[^1]"),
        "3: the book has no footnotes; say it in the text",
    ),
    (TWINS.format("甲", "a[^1]"), "3: the book has no footnotes"),
    (
        TWINS.format("$$ x $$ 甲", "$$ x $$ a"),
        "3: a displayed formula stands in a lang",
    ),
    (
        TWINS.format("## 甲", "## a"),
        "3: a heading stands in a language div; move it out",
    ),
    (TWINS.format("甲\n===", "a\n==="), "3: a heading stands in a language div"),
    (
        TWINS.format("[甲][b]\n\n[b]: /x", "[a][b]\n\n[b]: /x"),
        "a link's goal stands ap",
    ),
    (
        TWINS.format('<a href="#x">甲</a>', "a"),
        "3: the book knows no <a>; say it in Mark",
    ),
    (TWINS.format("甲", 'a <img src="a.png">'), "3: the book knows no <img>"),
    (TWINS.format("<pre>\nx = 1\n</pre>", "<pre>\nx = 1\n</pre>"), "knows no <pre>"),
    ("<pre>\n1\n</pre>\n", "3: the book knows no <pre>"),
    (
        TWINS.format('<span id="b">甲</span>', "a"),
        "3: an anchor is set by hand; link to",
    ),
    (TWINS.format("甲 {#b}", "a {#b}"), "3: an anchor is set by hand"),
    (
        TWINS.format("甲\n\n<!-- c --> 乙", "a"),
        "3: what follows this comment on its line",
    ),
    (
        TWINS.format("![1](https://a.org/a.png)", "a"),
        "3: a picture stands among words; let a block draw it",
    ),
]
LINKS = [
    ("# 乙 | B {#b}\n", "3: a second title: a page is about one thing"),
    ("## 乙 | B {#title-1}\n", "3: {#title-1} stands at docs/01-a/01-p.md:1 too; give"),
    ("$$ x \\tag{eq-a} $$\n\n$$ y \\tag{eq-a} $$\n", "5: {#eq-a} stands at"),
    (SEE("#b"), "3: link #b: no such label in the book; link to (#label)"),
    (TWINS.format("见 [](#eq-b)", "see [](#eq-b)"), "3: link #eq-b: no such label in"),
    (
        "### 乙 | B {#b}\n" + TWINS.format("见 [](#b)", "see [](#b)"),
        "4: link #b: it has no number, so the link needs words",
    ),
    (SEE("02-p.md#b"), "3: link 02-p.md#b: pages move, labels stay"),
    (SEE("../../README.md"), "3: link ../../README.md: pages move"),
    (SEE("../../Makefile"), "3: link ../../Makefile: it leaves docs/"),
    (SEE("x.csv"), "3: link x.csv: there is no such file"),
    ("```python\n1  # (1)!\n```\n\n1. [甲](#b) | [A](#b)\n", "7: link #b: no such lab"),
    (
        f'{python("1")}![甲 | a](figures/a.svg "[甲](#b) | [a](#b)")\n',
        "7: link #b: no such label",
    ),
    ("| [1](#b) |\n| --- |\n", "3: link #b: no such label"),
]
TOLERANCES = [
    (stated("12", "0.1"), "7: `within 0.1`, but there are no floats here; write"),
    (stated("nan step 3", "1%"), "7: `within 1%`, but there are no floats here"),
    (stated("0.5 0.25", "0.051"), "7: `within 0.051` is not between 0 and 0.05;"),
    (stated("0.5 -200.0", "20.1"), "7: `within 20.1` is not between 0 and 20; print"),
    (stated("0.5", "0"), "7: `within 0` is not between 0 and 0.05"),
    (stated("0.5", "0%"), "7: `within 0%` is not between 0 and 10%"),
    (stated("0.5", "11%"), "7: `within 11%` is not between 0 and 10%"),
    (PLOT.replace("2%", "0.0%"), "7: `within 0.0%` is not between 0 and 10%; state"),
    (PLOT.replace("2%", "50%"), "7: `within 50%` is not between 0 and 10%; state less"),
]
IMPORT = "from fishbook.a import f"
CODE = [
    (
        [chunk("x = 1\ny = = 2")],
        "01-p.md:5: not Python: invalid syntax; mend this line",
    ),
    ([chunk("import os  # needed")], "01-p.md:4: this import has a comment"),
    ([chunk("import os; x = 1")], "01-p.md:4: this import shares its line"),
    ([chunk("from os import *")], "01-p.md:4: this import hides which names"),
    (["<div>\n```python\n1\n```\n</div>\n"], "01-p.md:4: other Markdown tools see"),
    (
        ["- ```text\n```python\n1\n```\n"],
        "01-p.md:4: this python fence would not be run",
    ),
    ([chunk("def f(): ...") * 2], "01-p.md:8: f is defined in fishbook/a.py at docs/"),
    ([chunk("X = 1"), chunk("X = 2")], "02-p.md:4: X is defined in"),
    (
        [python(IMPORT), chunk("def f(): ...")],
        "01-p.md:4: f comes later, at docs/01-a/02-p.md:4; use only what this",
    ),
    ([python(IMPORT) + chunk("def f(): ...")], "01-p.md:4: f comes later, at docs/01"),
    (["```python hidden\nx = 1\n```\n" + python("x")], "6: x is set by hidden code at"),
    *(
        ([python("x = 1") + "```python hidden\nx = 2\n```\n" + python(code)], hidden)
        for hidden in ["x is set by hidden code at line"]
        for code in [
            "x",
            "x += 1",
            "x = x",
            "for i in x:\n    x = i",
            "if x:\n    x = 2",
        ]
    ),
    (
        ["```python hidden\nimport os\n```\n" + chunk("os.sep")],
        "6: os is set by hidden",
    ),
    (
        [
            chunk("from math import floor\n\n\ndef low(x):\n    return floor(x)")
            + python("floor = 1")
        ],
        "floor is also what the chunk at line",
    ),
    (
        [chunk("import os\n\nx = os.sep") + python("del os")],
        "9: os is also what the chunk at line 3 uses",
    ),
    (
        [chunk("from math import floor"), chunk("from numpy import floor")],
        "02-p.md:4: floor is what fishbook/a.py imports at docs/01-a/01-p.md:4; give",
    ),
    (
        [chunk("import numpy as np") + chunk("for np in (1,): ...")],
        "01-p.md:8: np is what fishbook/a.py imports at docs/01-a/01-p.md:4",
    ),
    *(
        ([chunk(f"import os\n\nmatch [1]:\n    case {each}:\n        pass")], said)
        for each in ("os", "[*os]", "{1: 2, **os}", "[int() as os]")
        for said in ["01-p.md:7: os is what fishbook/a.py imports at docs/01-a/01-p.m"]
    ),
    (
        [chunk("x = pow(2, 3, 5)"), chunk("from math import pow")],
        "02-p.md:4: pow moves to the top of fishbook/a.py, above docs/01-a/01-p.md:3",
    ),
    (
        [chunk("def total(x):\n    return sum(x)"), chunk("from numpy import sum")],
        "02-p.md:4: sum moves to the top of fishbook/a.py, above docs/01-a/01-p.md:3",
    ),
    (
        [
            chunk("try:\n    x = os.sep\nexcept NameError:\n    x = 1")
            + chunk("import os.path")
        ],
        "01-p.md:11: os moves to the top of fishbook/a.py, above docs/01-a/01-p.md:3",
    ),
    (
        [chunk("x = pow(2, 3, 5)\nfrom math import pow")],
        "01-p.md:5: pow moves to the top of fishbook/a.py, above docs/01-a/01-p.md:3",
    ),
    (
        [chunk("x = 1\ndel x")],
        "01-p.md:5: this chunk deletes x, which other chunks may",
    ),
    (
        [chunk("x = 1"), chunk("from __future__ import annotations")],
        "02-p.md:4: this __future__ import changes all of fishbook/a.py; put it into",
    ),
    (
        [chunk("x = 1\nfrom __future__ import annotations")],
        "01-p.md:5: not Python: from __future__ imports must occur at the beginning",
    ),
    ([chunk("x = " + "-" * 9999 + "1")], "01-p.md:4: not Python: "),
    ([chunk("a, (b, c) = 1, (2, 3)"), chunk("c = 1")], "02-p.md:4: c is defined in"),
    ([chunk("x = 1"), chunk("if x:\n    x = 2")], "02-p.md:4: x is defined in"),
    ([chunk("x = 1"), chunk("x += 2")], "02-p.md:4: x is defined in"),
    (
        [chunk("x = 1", "fishbook/a.py"), chunk("y = 1", "fishbook/A.py")],
        "fishbook/A.py and fishbook/a.py are one module, or one file on some disks",
    ),
    (
        [chunk("x = 1", "fishbook/m.py"), chunk("y = 1", "fishbook/m/b.py")],
        "01-p.md:3: fishbook/m.py stands beside the package fishbook/m/: one hides",
    ),
    (
        [python("import fishbook.a"), chunk("x = 1")],
        "01-p.md:4: a comes later, at docs/01-a/02-p.md:4",
    ),
    (
        [python("from fishbook import a"), chunk("x = 1")],
        "01-p.md:4: a comes later, at docs/01-a/02-p.md:4",
    ),
    (
        [chunk("from .a import x", "fishbook/b.py"), chunk("x = 1")],
        "01-p.md:4: x comes later, at docs/01-a/02-p.md:4",
    ),
    (
        [chunk("from ..a import x", "fishbook/m/__init__.py"), chunk("x = 1")],
        "01-p.md:4: x comes later, at docs/01-a/02-p.md:4",
    ),
    (
        [chunk("x = 1") + python("import fishbook.a as b\n\nb.y"), chunk("y = 1")],
        "01-p.md:10: y comes later, at docs/01-a/02-p.md:4",
    ),
]
CASES = [([text], said) for text, said in FORM + WORDS + LINKS + TOLERANCES] + CODE


def titled(texts: list[str]) -> list[str]:
    """Give each page a title, so that it is sound up to its third line."""
    return [f"# 题 | T {{#title-{n}}}\n\n{text}" for n, text in enumerate(texts, 1)]


@pytest.mark.parametrize(("texts", "said"), CASES)
def test_a_broken_rule_is_named_with_its_place(texts: list[str], said: str) -> None:
    (problem,) = problems_of(book_of(*titled(texts)))
    assert said in problem
    assert problem.startswith("docs/01-a/0")
    assert problem.partition("; ")[2], "a message ends with what to do"


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [
        (
            TWINS.format("甲\n\n    x = 1", "a\n\n    x"),
            "7: indented code",
            "13: inden",
        ),
        ("    x = 1\n", "3: indented code would not be run; put", "3: words outside"),
        ("<pre>\n\n```python\n1\n```\n\n</pre>\n", "no <pre>", ":5: other Markdown"),
        (chunk("import os\ndel os"), "os is what fishbook/a.py imp", "deletes os, wh"),
        (chunk("    x = 1"), "begins indented but continues", "4: not Python: unexpe"),
        (TWINS.format("> ```output\n> ```", "> ```output\n> ```"), ":5: ", ":10: "),
        ("<details markdown><summary>解 | a | b</summary>\n", "<details>", "summary"),
        (PLOT.replace("2% of the", "2% of"), "7: this comment is", "follows no code"),
        (PLOT.replace("--- within", "-- is within"), "7: this comment", "no code"),
        (PLOT.replace("-->\n", "-->\n\n"), "7: this comment is almost", "no code"),
        (
            "## [甲](#b) | [A](#b) {#a}\n",
            "a formula or a link",
            "link #b: no such label",
        ),
        (f"{python('1')}{FIGURE}" * 2, "drawn at", "13: {#fig-a} stands at docs/01-a/"),
        (TWINS.format("[甲](#b)", "a"), "link #b: no such label", "links differ"),
    ],
)
def test_where_more_is_wrong_each_is_named(text: str, first: str, second: str) -> None:
    problems = problems_of(book_of(*titled([text])))
    assert all(said in p for p, said in zip(problems, (first, second), strict=True))


def test_each_rule_has_a_page_here_that_breaks_it() -> None:
    books = [book_of(*titled(texts)) for texts, _ in CASES]
    pages = [page for book in books for page in book.pages]
    broken = {rule.__name__ for rule in OF_A_PAGE for p in pages if list(rule(p))}
    broken |= {rule.__name__ for rule in OF_THE_BOOK for b in books if list(rule(b))}
    rules = {rule.__name__ for rule in (*OF_A_PAGE, *OF_THE_BOOK)}
    own_test = {"page_names", "places_once", "figures_once", "nothing_besides"}
    assert broken == rules - own_test


def test_a_page_begins_with_its_title() -> None:
    for text in ("", "## 门 | Gate {#gate}\n", "$$ x $$\n\n# 门 | Gate {#gate}\n"):
        (problem, *_) = problems_of(book_of(text))
        assert "01-p.md:1: this page does not begin with its title; begin" in problem
    assert problems_of(book_of("<!-- note -->\n\n# 门 | Gate {#gate}\n")) == []


def test_an_anchor_of_another_page_is_taken() -> None:
    (problem,) = problems_of(book_of("# 甲 | A {#a}\n", "# 乙 | B {#a}\n"))
    assert problem.startswith("docs/01-a/02-p.md:1: {#a} stands at docs/01-a/01-p.md:1")


@pytest.mark.parametrize(
    "name",
    ["README", "extra/01-x", "01-a/x", "01-a/b/01-x", "01-a/01 x", "A-x/01-a"],
)
def test_a_page_of_another_name_has_no_place(name: str) -> None:
    (text,) = titled([""])
    (problem,) = problems_of(book_at({name: text}))
    assert problem.startswith(f"docs/{name}.md:1: a file of this name has no place")


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("01-a/01-x", "01-a/01-X"),
        ("01-a/01-é", "01-a/01-e\u0301"),
        ("01-a", "01-a/index"),
        ("01-a-b", "01-a/b"),
    ],
)
def test_two_pages_are_never_woven_to_one_file(one: str, two: str) -> None:
    book = book_at(dict(zip((one, two), titled(["", ""]), strict=True)))
    with pytest.raises(LoomError, match="woven to the same file as docs/01-"):
        require_sound(book)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("01-a/02-x.MD", "this file is no page, and no page links to it; name a page"),
        ("01-a/data.csv", "this file is no page, and no page links to it"),
        ("notes.txt", "this file is no page"),
        ("figures/old.svg", "no block draws this figure; delete the file"),
    ],
)
def test_every_file_under_docs_is_used(tmp_path: Path, name: str, said: str) -> None:
    write_text(tmp_path / "docs" / name, "")
    for ignored in (".draft.md", "01-a/._01-p.md", "conftest.py", "__pycache__/a.pyc"):
        write_text(tmp_path / "docs" / ignored, "")
    (problem,) = problems_of(book_of(*titled([""]), root=tmp_path))
    assert problem.startswith(f"docs/{name}:1: {said}")


def test_a_linked_folder_under_docs_is_named(tmp_path: Path) -> None:
    write_text(tmp_path / "elsewhere" / "01-x.md", "")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "02-b").symlink_to(tmp_path / "elsewhere")
    (problem,) = problems_of(book_of(*titled([""]), root=tmp_path))
    assert (
        problem
        == "docs/02-b:1: a link to a folder is not followed; put the folder here"
    )


def test_a_module_never_stands_beside_a_package_by_hand(tmp_path: Path) -> None:
    write_text(tmp_path / "fishbook" / "m" / "__init__.py", "")
    book = book_of(*titled([chunk("x = 1", "fishbook/m.py")]), root=tmp_path)
    (problem,) = problems_of(book)
    assert "fishbook/m.py stands beside the package fishbook/m/" in problem


def test_a_figure_that_nobody_draws_is_named(tmp_path: Path) -> None:
    write_text(tmp_path / "docs/01-a/figures/old.svg", "")
    (problem,) = problems_of(book_of(*titled([""]), root=tmp_path))
    said = "docs/01-a/figures/old.svg:1: no block draws this figure; delete the file"
    assert problem == said
    text = f"{python('1')}![旧 | old](figures/old.svg)\n"
    assert problems_of(book_of(*titled([text]), root=tmp_path)) == []


def test_a_share_of_the_axes_needs_axes(tmp_path: Path) -> None:
    for name, svg in [("a", "<svg/>"), ("b", '<g id="axes_1"><clipPath id="x">')]:
        write_text(tmp_path / f"docs/01-a/figures/{name}.svg", svg)
    texts = titled([PLOT, PLOT.replace("a.svg", "b.svg")])
    (said,) = problems_of(book_of(*texts, root=tmp_path))
    assert said.startswith("docs/01-a/01-p.md:7: figures/a.svg has no axes that it")


def test_a_sensible_tolerance_is_no_problem() -> None:
    text = stated("0.5 -20.0 7", "2") + stated("0.001", "10%") + stated("1e-3", "5%")
    assert problems_of(book_of(*titled([text + PLOT]))) == []


def test_a_lab_adds_nothing_to_the_package() -> None:
    (text,) = titled([chunk("x = 1")])
    (problem,) = problems_of(book_at({"01-a/lab-b": text}))
    assert (
        "lab-b.md:3: a lab adds nothing to the package; take the title away" in problem
    )


@pytest.mark.parametrize("name", ["index", "01-a/index"])
def test_an_opening_page_may_show_where_it_leads(name: str) -> None:
    early, late = titled([python("from fishbook.a import f"), chunk("def f(): ...")])
    assert problems_of(book_at({name: early, "02-b/01-y": late})) == []
    code = "from fishbook.a import f\n\ng = f"
    (early,) = titled([chunk(code, "fishbook/b.py")])
    (problem,) = problems_of(book_at({name: early, "02-b/01-y": late}))
    assert "f comes later, at docs/02-b/01-y.md:4" in problem


def test_an_appendix_serves_the_pages_before_it() -> None:
    early, late = titled([python("from fishbook.a import f"), chunk("def f(): ...")])
    assert problems_of(book_at({"01-a/01-x": early, "a-extras/01-u": late})) == []
    (problem,) = problems_of(book_at({"01-a/01-x": early, "02-b/01-y": late}))
    assert "f comes later, at docs/02-b/01-y.md:4" in problem


def test_bars_in_code_and_formulas_part_no_cells() -> None:
    table = "| `a|b` | $|x|$ | a \\| b |\n| - | - | - |\n| | | |\n|1|2|3\n"
    text = f"- 甲\n  - 乙\n\n{table}", f"- a\n  - b\n\n{table}"
    page = f"# 题 | T {{#t}}\n\n{TWINS.format(*text)}\n<draw-digit></draw-digit>\n"
    assert problems_of(book_of(page)) == []


def test_what_may_differ_may_differ(tmp_path: Path) -> None:
    write_text(tmp_path / "docs" / "01-a" / "b.csv", "")
    write_text(tmp_path / "docs" / "01-a" / "数 据.csv", "")
    zh = "见 [这里](https://a.org/zh)，`a`、$x$，``b ` c``、[表](b.csv)，三个，\\$5。"
    en = "See [a](mailto:a@b.org), $x$, `a`, ``b ` c`` [t](b.csv), 3, \\$5."
    zh += "[数](%E6%95%B0%20%E6%8D%AE.csv)、[站](HTTPS://a.org/%E5%9B%BE)、`<pre>`"
    en += " [d](%E6%95%B0%20%E6%8D%AE.csv), [s](HTTPS://a.org), `<pre>`, 1 < 2"
    zh += "从-15到负 0.5，10-20，1e-3，`门`"
    en += 'from −15 to minus 0.5, 10-20, 1e-3: `门`, "门", “门”'
    text = "## `a` ReLU 1 | `a` ReLU 1 {#relu}\n\n```text\nloss: 0.5\nx\n```\n\n"
    text += '```sh\nX=1\n```\n\n```json\n{"x": [1]}\n```\n\n'
    text += TWINS.format(f"{zh}\n\n```text\n$y$\n```", f"{en}\n\n```text\n$z$\n```")
    text += "\n| $x$ | 0 | `OR` |\n| --- | --- | --- |\n| 1 | $y$ | AND |\n\n"
    text += chunk("@overload\ndef f(x: int): ...\n\n\n@overload\ndef f(x: str): ...")
    text += chunk("def f(): ...", "fishbook/b.py")
    assert problems_of(book_of(*titled([text]), root=tmp_path)) == []


def test_what_a_file_imports_may_be_imported_and_read_again() -> None:
    first = "import os\n\nx = os.sep\n\n\ndef f(floor):\n    return floor"
    later = "import os\nfrom math import floor\n\ny = os.sep, floor(1.5)"
    assert problems_of(book_of(*titled([chunk(first), chunk(later)]))) == []


@pytest.mark.parametrize(
    "text",
    [
        "```python hidden\nx = 1\n```\n" + python("x = 2") + python("x"),
        "```python hidden\nx = 1\n```\n" + python("for x in [2]:\n    x += 1"),
        "```python hidden\nx = 1\nx\n```\n" + python("x = 2\nx"),
        "```python hidden\nx = 1\n```\n" + python("def f(x):\n    return x"),
        "```python hidden\nx = 1\n```\n```python hidden\nx\n```\n",
    ],
)
def test_a_name_that_is_set_in_sight_is_not_hidden(text: str) -> None:
    assert problems_of(book_of(*titled([text]))) == []


ELSEWHERE = (
    "../x.py fishbook/../x.py /etc/x.py C:/fishbook/x.py fishbook\\x.py x.py other/x.py"
    " fishbook/x.txt fishbook/a-b.py fishbook//x.py fishbook/./x.py fishbook"
    " fishbook/class.py fishbook/\ufb01.py fishbook/if/x.py"
)


@pytest.mark.parametrize("title", ELSEWHERE.split())
def test_a_title_that_points_elsewhere_is_refused(title: str) -> None:
    (problem,) = problems_of(book_of(*titled([chunk("x = 1", title)])))
    assert ":3: title " in problem and problem.endswith(
        'write title="fishbook/NAME.py"'
    )


def test_a_good_title_is_a_file_of_the_package() -> None:
    assert bad_target("fishbook/layers.py") == bad_target("fishbook/loom/x.py") == ""


def test_an_unsound_book_is_refused_with_all_that_is_wrong() -> None:
    book = book_of("```py\n```\n", "words\n", chunk("x = = 1"))
    with pytest.raises(LoomError) as refused:
        require_sound(book)
    first, second = map(str, refused.value.problems)
    assert first.startswith("docs/01-a/01-p.md:1: fence 'py'")
    assert second.startswith("docs/01-a/03-p.md:2: not Python")


def test_a_book_in_many_times_its_size_is_sound(
    book_root: Path, tmp_path: Path
) -> None:
    """The benchmarks measure such books, with all that their pages link to."""
    edit(book_root / GATES, "见[求和](#sums)", "见[表](table.csv)")
    edit(book_root / GATES, "see [sums](#sums)", "see [the table](table.csv)")
    write_text(book_root / "docs" / "01-gates" / "table.csv", "1,0\n")
    many = Book.load(copy_many(book_root, tmp_path / "many", 3))
    assert len(many.pages) == 3 * len(Book.load(book_root).pages) - 2
    write(many)
    assert check(many) == []


def test_problems_come_in_the_order_of_the_pages() -> None:
    text = "# 题 | T\n\n```py\n```\n"
    book = book_at({"10-b/index": text, "index": text, "a-x/01-u": text})
    places = [(p.path.as_posix(), p.line) for p in check(book)]
    names = ("docs/index.md", "docs/10-b/index.md", "docs/a-x/01-u.md")
    assert places == [(name, line) for name in names for line in (1, 3)]


def test_a_whole_book_and_each_chapter_open_with_a_page() -> None:
    texts = titled(["", "", ""])
    names = ["index", "01-a/index", "02-b/01-p"]
    whole = dict(zip(names, texts, strict=True))
    (said,) = map(str, missing(book_at(whole)))
    assert said.startswith("docs/02-b/index.md:1: a chapter opens with this page, whi")
    del whole["index"], whole["02-b/01-p"]
    (said,) = map(str, missing(book_at(whole)))
    assert said.startswith("docs/index.md:1: the book opens with this page, which is")


def test_a_whole_book_has_the_figures_that_it_shows(book_root: Path) -> None:
    assert missing(Book.load(book_root)) == []
    (book_root / DOT).write_bytes(b"<svg>\r\n</svg>")
    (said,) = map(str, missing(Book.load(book_root)))
    assert said.startswith(f"{DOT}:1: a carriage return stands here")
    (book_root / DOT).unlink()
    (said,) = map(str, missing(Book.load(book_root)))
    assert said.startswith(f"{SUMS}:")
    assert said.endswith(
        "figures/dot.svg: there is no such file; let `fishbook record` draw it"
    )
    (book_root / DOT).mkdir()
    (said,) = map(str, missing(Book.load(book_root)))
    assert said.startswith(f"{DOT}:1: this is no file that can be read")


def test_the_books_own_pages_are_sound() -> None:
    book = Book.load(ROOT)
    found = [*problems_of(book), *map(str, missing(book))]
    assert not found, "\n".join(found)
