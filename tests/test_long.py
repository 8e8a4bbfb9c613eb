"""Blocks that run long: run where that is asked for, and their results kept."""

from __future__ import annotations

import unittest
from pathlib import Path

import pytest
from books import MORE, examples, python, read_text, write_text
from running import failures, verdicts

from fishbook.loom.book import Book
from fishbook.loom.problem import LoomError
from fishbook.loom.record import record

LONG = """\
<!--- long: next -->

```python
import numpy as np

w = np.arange(3.0)
np.savez_compressed("learned.npz", w=w)
print("learned", w.sum())
```

```output
learned {}
```

```python
import numpy as np

with np.load("learned.npz") as stored:
    w = stored["w"]
print(w.sum())
```

```output
{}
```
"""


def test_what_runs_long_is_run_where_it_is_asked_for(
    book_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FISHBOOK_LONG", raising=False)
    page = book_root / MORE
    write_text(page, LONG.format("0.0", "0.0"))
    with pytest.raises(LoomError, match="No such file"):
        record(Book.load(book_root), [page])
    monkeypatch.setenv("FISHBOOK_LONG", "1")
    assert record(Book.load(book_root), [page]) == [MORE]
    assert read_text(page) == LONG.format("3.0", "3.0")
    write_text(page, LONG.format("7.0", "0.0"))
    assert "learned 7.0" in failures(book_root)
    monkeypatch.setenv("FISHBOOK_LONG", "0")
    assert record(Book.load(book_root), [page]) == [MORE]
    assert read_text(page) == LONG.format("7.0", "3.0")
    first, second = examples(book_root, MORE)
    with pytest.raises(unittest.SkipTest, match="runs long: `make test-long`"):
        first.evaluate()
    second.evaluate()


def test_a_long_block_may_also_need_what_is_not_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mark = '<!--- long: next if({}, reason="no data") -->\n\n'
    text = mark.format("1 > 0") + python("1 / 0") + mark.format("1 < 0") + python("1")
    monkeypatch.setenv("FISHBOOK_LONG", "1")
    assert verdicts(text) == ["no data", ""]
    monkeypatch.delenv("FISHBOOK_LONG")
    assert all(said.startswith("runs long") for said in verdicts(text))
