"""Books made of valid blocks in any order, for properties that hold for each."""

from __future__ import annotations

from itertools import count

from books import TWINS, chunk, python
from hypothesis import strategies as st

TARGETS = ("fishbook/a.py", "fishbook/b.py", "fishbook/deep/c.py")
IMPORTS = ("import os", "import numpy as np", "from math import floor, pi", "")
words = st.sampled_from(
    [
        ("甲 `a`、$x_1$，98%。", "Words `a`, $x_1$, 98%."),
        ("- 一\n- 二，见[题](#title-1)", "- one\n- two, see [the title](#title-1)"),
        ("三个 \\$5 <br> 甲", "3 of \\$5 <br> a"),
        ("> 引\n\n```text\n</div>\n```", "> quoted\n\n```text\n</div>\n```"),
        ("| 甲 | `b` |\n| - | - |\n| 12 | 乙 |", "| a | `b` |\n| - | - |\n| 12 | b |"),
    ]
)
FORMS = {
    "heading": "## 节 {n} | Section {n} {{#section-{n}}}\n\n",
    "formula": "$$\ny = {n} \\tag{{eq-{n}}}\n$$\n\n",
    "comment": "<!-- note {n}\n```python\n-->\n\n",
    "shown": "````sh\nmake {n}\n```\n````\n\n",
    "table": "| $x$ | {n} |\n| --- | --- |\n| 1 | `y` |\n\n",
    "hidden": "```python hidden\n_h{n} = {n}\n```\n\n",
    "solution": "<details markdown><summary>解 | Solution</summary>\n\n"
    "```python\ns{n} = {n}\n```\n\n</details>\n\n",
    "output": python("print({n})", "{n}"),
    "notes": python("v{n} = '# (2)!'  # (1)!") + "1. 甲 `{n}` | a `{n}`\n\n",
    "figure": python("None") + "![图 | figure](figures/f{n}.svg)\n\n",
}
CHUNKS = (
    "X{n} = Y{n} = {n}",
    "def f{n}(x: float) -> float:\n    return x + {n}",
    "@dataclass\nclass C{n}:\n    x: int = {n}",
    "a{n}, (b{n}, *c{n}) = 1, (2, 3)",
    "# A note.\nz{n} = '''\n    # (1)!\n'''",
)
MORE = "\n    def more(self) -> int:\n        return {n}"


@st.composite
def blocks(draw: st.DrawFn, numbers: count[int]) -> str:
    """Draw one block."""
    kind = draw(st.sampled_from(["prose", "chunk", "class", *FORMS]))
    n = next(numbers)
    target = draw(st.sampled_from(TARGETS))
    if kind == "prose":
        return TWINS.format(*draw(words)) + "\n"
    if kind == "chunk":
        code = draw(st.sampled_from(CHUNKS)).format(n=n)
        first = draw(st.sampled_from(IMPORTS))
        if "dataclass" in code:
            first = "from dataclasses import dataclass"
        return chunk(f"{first}\n\n{code}", target)
    if kind == "class":
        begun = chunk(f"class K{n}:\n    x = {n}", target)
        return begun + chunk(MORE.format(n=n).lstrip("\n"), target)
    return FORMS[kind].format(n=n)


@st.composite
def books(draw: st.DrawFn) -> dict[str, str]:
    """Draw the texts of a sound book by the names of their pages."""
    numbers = count(1)
    texts = {}
    for page in range(1, draw(st.integers(2, 4))):
        parts = draw(st.lists(blocks(numbers), max_size=8))
        texts[f"{page:02}-a/01-p"] = f"# 题 | T {{#title-{page}}}\n\n{''.join(parts)}"
    return texts
