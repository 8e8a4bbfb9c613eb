"""A small sound book to test the loom with, and what tests do to books."""

from __future__ import annotations

import ast
import tempfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fishbook.loom.book import Book, place
from fishbook.loom.check import check
from fishbook.loom.cli import main
from fishbook.loom.collect import page_tests
from fishbook.loom.page import Page, parse
from fishbook.loom.record import record
from fishbook.loom.tangle import write

TWINS = """\
<div lang="zh" markdown>

{}
</div>
<div lang="en" markdown>

{}
</div>
"""
HOLDERS = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
NOWHERE = Path(tempfile.gettempdir(), "fishbook-nowhere")
"""The folder of books that are on no disk."""
GATES = "docs/01-gates/01-not.md"
SUMS = "docs/02-sums/01-total.md"
MORE = "docs/03-more/index.md"
"""A page that some tests add."""
DOT = "docs/02-sums/figures/dot.svg"
FILES = {
    "docs/index.md": f"""\
# 小书 | A small book {{#top}}

{TWINS.format("先看[门](#gates)。", "Begin with [gates](#gates).")}""",
    "docs/01-gates/index.md": f"""\
# 门 | Gates {{#gates}}

{TWINS.format("门用 `NOT` 连起来。不多。", "Gates are joined by `NOT`. No more.")}""",
    GATES: f"""\
# 非门 | The gate NOT {{#not}}

{TWINS.format("非门 `NOT` 见[求和](#sums)。", "On `NOT`, see [sums](#sums).")}
## 公式 | The formula {{#not-formula}}

$$
y = 1 - x \\tag{{eq-not}}
$$

```python title="fishbook/gates.py"
\"\"\"Gates.\"\"\"

from math import floor

from fishbook.guards import real


def NOT(x: float) -> int:
    \"\"\"Return the opposite of x.

    Parameters
    ----------
    x : float
        A number.
    \"\"\"
    return 1 - floor(real(x))  # (1)!
```

1. 向下取整 | rounds down

```python
print(NOT(0), NOT(1), 1 / 3)
```

```output
1 0 0.333333
```
""",
    "docs/02-sums/index.md": f"""\
# 求和 | Sums {{#sums}}

{TWINS.format("加起来。", "Adding up.")}""",
    SUMS: f"""\
# 总和 | A total {{#total}}

{
        TWINS.format(
            "由公式 [](#eq-not)，点在图 [](#fig-dot)，$x$ 见[非门](#not)。",
            "By formula [](#eq-not), a dot in [](#fig-dot), $x$ in [NOT](#not).",
        )
    }
```python
from fishbook.gates import NOT

print(NOT(0))
```

```output
1
```

```python title="fishbook/gates.py"
class Total:
    \"\"\"Return what has been added.\"\"\"

    def __init__(self) -> None:
        self.value = NOT(1)
```

```python title="fishbook/gates.py"
    def add(self, x: float) -> None:
        self.value += NOT(x)
```

```python
total = Total()
total.add(0)
print(total.value)
```

```output
1
```

```python hidden
class Dot:
    def _repr_svg_(self):
        return '<svg viewBox="0 0 9 9"><circle r="2" fill="#1f2533"/></svg>'


Dot()
```

![一个点 | A dot](figures/dot.svg "点在 $x$ | The dot at $x$")
""",
    "docs/02-sums/02-exercises.md": f"""\
# 练习 | Exercises {{#sums-exercises}}

### 词 | A word {{#ex-word}}

{TWINS.format("加一个词会怎样？", "What does adding a word do?")}
<details markdown><summary>解答 | Solution</summary>

```python
from fishbook.gates import Total

Total().add("x")
```

```output raises
TypeError: 'x' is no number
```

</details>
""",
    "docs/02-sums/lab-many.md": f"""\
# 实验：很多 | Lab: many {{#lab-many}}

{TWINS.format("接着[总和](#total)。", "After [the total](#total).")}
```python
from fishbook.gates import Total

print(Total().value)
```

```output
0
```
""",
    "docs/a-extras/index.md": f"""\
# 附录 | Extras {{#extras}}

{TWINS.format("旁边的东西。", "Things beside.")}""",
    "docs/a-extras/01-guards.md": f"""\
# 检查 | Guards {{#guards}}

{TWINS.format("拒绝不是数的东西。", "What is no number is refused.")}
```python title="fishbook/guards.py"
def real(x: float) -> float:
    if not isinstance(x, (int, float)):
        raise TypeError(f"{{x!r}} is no number")
    return x
```
""",
    "docs/conftest.py": """\
from pathlib import Path

from fishbook.loom.collect import collector

pytest_collect_file = collector(Path(__file__).parent.parent)
""",
}


def make_book(root: Path, more: Mapping[str, str] = MappingProxyType({})) -> Path:
    """Write the small book and more pages, its package, its outputs, its figures."""
    for name, text in {**FILES, **more}.items():
        write_text(root / name, text)
    book = Book.load(root)
    write(book)
    record(book)
    return root


def page_of(text: str, name: str = "01-a/01-p") -> Page:
    """Give the page of a text that is on no disk."""
    return parse(text, PurePosixPath("docs", f"{name}.md"))


def book_at(texts: dict[str, str], root: Path = NOWHERE) -> Book:
    """Give a book of texts by the names of their pages."""
    pages = [page_of(text, name) for name, text in texts.items()]
    return Book(root, sorted(pages, key=lambda page: place(page.path)))


def book_of(*texts: str, root: Path = NOWHERE) -> Book:
    """Give a book of one chapter's pages."""
    return book_at({f"01-a/{n:02}-p": t for n, t in enumerate(texts, 1)}, root)


def problems_of(book: Book) -> list[str]:
    """Give what `check` says."""
    return [str(problem) for problem in check(book)]


def python(code: str, output: str = "", marks: str = "") -> str:
    """Give an example as it stands on a page, with its output."""
    return f"```python\n{code}\n```\n\n" + (
        f"```output{marks}\n{output}\n```\n\n" if output else ""
    )


def raising(code: str, output: str) -> str:
    """Give an example that raises an error, and shows it."""
    return python(code, output, " raises")


def chunk(code: str, target: str = "fishbook/a.py") -> str:
    """Give a block that is tangled."""
    return f'```python title="{target}"\n{code}\n```\n\n'


def examples(root: Path, name: str) -> list[Any]:
    """Give a page's blocks as pytest gets them."""
    sybil = pytest.importorskip("sybil").Sybil([page_tests(root)])
    return list(sybil.parse(root / name).examples())


@lru_cache(maxsize=256)
def bare_tree(code: str) -> str:
    """Give the tree of code without its docstrings."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, HOLDERS) and ast.get_docstring(node, clean=False):
            node.body[:1] = []
    return ast.dump(tree)


def run_cli(*arguments: str) -> Result:
    """Run the command `fishbook`."""
    return CliRunner().invoke(main, arguments)


def read_text(path: Path) -> str:
    """Read a text with its line endings as they are."""
    return path.read_bytes().decode("utf-8")


def write_text(path: Path, text: str) -> None:
    """Write a text with its line endings as they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")


def edit(path: Path, old: str, new: str) -> None:
    """Replace one place of a file."""
    text = read_text(path)
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
    write_text(path, text.replace(old, new))
