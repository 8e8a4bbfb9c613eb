"""A small sound book to test the loom with."""

from __future__ import annotations

from pathlib import Path

from fishbook.loom.book import Book
from fishbook.loom.run import record
from fishbook.loom.tangle import write

FIRST = """\
# 门 | Gates {#gates}

<div lang="zh" markdown>

非门写作 `NOT`，公式 $1 - x$，见 [下一章](02-sums.md#sums)。

</div>
<div lang="en" markdown>

NOT is `NOT`, formula $1 - x$, see [the next chapter](02-sums.md#sums).

</div>

```python title="fishbook/gates.py"
\"\"\"Gates.\"\"\"

from math import floor


def NOT(x: float) -> int:
    return 1 - floor(x)  # (1)!
```

1. 向下取整 | rounds down

```python
print(NOT(0), NOT(1), 1 / 3)
```

```output
1 0 0.333333
```
"""
SECOND = """\
# 求和 | Sums {#sums}

```python title="fishbook/gates.py"
class Total:
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

```python
class Dot:
    def _repr_svg_(self):
        return '<svg viewBox="0 0 9 9"><circle cx="4.5" r="2" fill="#1f2533"/></svg>'


Dot()
```

![一个点 | A dot](figures/dot.svg)

<details markdown><summary>解答 | Solution</summary>

```python
Total().add("x")
```

```output
TypeError: must be real number, not str
```

</details>
"""
CONFTEST = """\
from pathlib import Path

from fishbook.loom.run import collector

pytest_collect_file = collector(Path(__file__).parent.parent)
"""


def make_book(root: Path) -> Path:
    """Write the book of two chapters, its package and its figure."""
    (root / "docs").mkdir(parents=True)
    write_text(root / "docs" / "01-gates.md", FIRST)
    write_text(root / "docs" / "02-sums.md", SECOND)
    write_text(root / "docs" / "conftest.py", CONFTEST)
    book = Book.load(root)
    write(book)
    record(book)
    return root


def write_text(path: Path, text: str) -> None:
    """Write a text with its line endings as they are."""
    path.write_text(text, encoding="utf-8", newline="")


def edit(path: Path, old: str, new: str) -> None:
    """Replace one place of a file."""
    text = path.read_bytes().decode("utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
    write_text(path, text.replace(old, new))
