"""Blocks run in order, in one namespace, and each of them is a test."""

from __future__ import annotations

import sys
import time
import unittest
from pathlib import Path

import pytest
from books import (
    GATES,
    SUMS,
    book_of,
    chunk,
    edit,
    examples,
    python,
    raising,
    read_text,
    write_text,
)
from running import plotted, showing, verdicts

from fishbook.loom.apart import Runner
from fishbook.loom.pictures import drawn_by
from fishbook.loom.problem import LoomError

SKIP = '<!--- skip: next "why" -->\n\n'


def test_a_skipped_block_takes_those_with_it_that_need_its_names() -> None:
    text = (
        '<!--- skip: next if(1 + 1 == 2, reason="no data here") -->\n\n'
        + python("x, y = load()")
        + python("print(x)", "5")
        + python("z = y")
        + python("print(z)")
        + python("x = 3\nprint(x)", "3")
        + '<!--- skip: next if(x > 5, reason="never") -->\n\n'
        + python("print(x)", "3")
    )
    assert verdicts(text) == [
        "no data here",
        "needs x from the block skipped at line 3",
        "needs y from the block skipped at line 3",
        "needs z from the block skipped at line 15",
        "",
        "",
    ]


def test_a_name_of_its_own_needs_no_skipped_block() -> None:
    loop = python("for i in (1,):\n    print(i, (lambda x: x)(2))", "1 2")
    text = SKIP + python("i = x = 1") + loop + python("x += 1")
    assert verdicts(text) == ["why", "", "needs x from the block skipped at line 3"]


def test_a_skipped_import_takes_nothing_away() -> None:
    text = (
        python("import os\n\nx = 1")
        + SKIP
        + python("import os\n\ny = [x for x in os.sep]")
        + python("y = [y for y in os.sep * x]")
    )
    assert verdicts(text) == ["", "why", ""]


def test_a_skipped_block_leaves_no_older_value_behind() -> None:
    text = python("x = 1") + SKIP + python("x = 2") + python("print(x)", "2")
    assert verdicts(text) == ["", "why", "needs x from the block skipped at line 7"]


def test_a_skip_whose_test_fails_is_named_with_its_line() -> None:
    text = '\n<!--- skip: next if(no_such, reason="why") -->\n' + python("1")
    with pytest.raises(LoomError, match=r"p\.md:2: this skip's test raised NameError"):
        verdicts(text)


def test_a_chunk_sees_its_file_alone() -> None:
    first, second = verdicts(python("import os") + chunk("cwd = os.getcwd()"))
    assert first == ""
    assert "NameError: name 'os' is not defined" in second


def test_the_page_sees_what_its_chunks_make_but_not_what_earlier_ones_did() -> None:
    texts = chunk("x = y = 1"), chunk("z = x + 1") + python("print(z)", "2")
    assert verdicts(*texts) == ["", ""]
    _, said = verdicts(texts[0], chunk("z = x") + python("x"))
    assert "NameError: name 'x' is not defined" in said


def test_a_continuation_runs_with_what_it_continues() -> None:
    text = chunk("class A:\n    b = 1") + python("a = A") + chunk("    c = 2")
    assert verdicts(text + python("print(A.b, A.c, a is A)", "1 2 False")) == [""] * 4


def test_where_an_earlier_page_fails_its_line_is_named() -> None:
    with pytest.raises(
        LoomError, match=r"(?s)01-p\.md:1: .*ZeroDivisionError.*02-p\.md"
    ):
        verdicts(chunk("1 / 0"), chunk("x = 1"))


def test_a_chunk_can_hold_a_dataclass() -> None:
    head = "from __future__ import annotations\n\nfrom dataclasses import dataclass"
    text = chunk(head, "fishbook/a_b.py")
    text += chunk("@dataclass\nclass A:\n    x: Later", "fishbook/a_b.py")
    assert verdicts(text) == ["", ""]
    assert "fishbook.a_b" not in sys.modules


def test_a_block_sees_only_the_future_that_it_imports() -> None:
    now = "def f(x: int): ...\n\n\nprint(f.__annotations__)"
    later = f"from __future__ import annotations\n\n\n{now}"
    text = python(now, "{'x': <class 'int'>}") + python(later, "{'x': 'int'}")
    assert verdicts(text) == ["", ""]


def test_a_warning_from_the_page_is_an_error() -> None:
    (said,) = verdicts(python("import numpy as np\n\nnp.exp(np.array([1000.0]))"))
    assert "RuntimeWarning: overflow" in said


DRAWN = "class Drawn:\n    def _repr_svg_(self):\n        return '<svg/>'\n\n\nDrawn()"


def test_what_is_printed_or_drawn_has_to_be_shown() -> None:
    (said,) = verdicts(python("print(1)"))
    assert "+ 1" in said
    draw = python(DRAWN)
    (said,) = verdicts(draw)
    assert "a figure that the page doesn't show" in said
    (said,) = verdicts(f"{draw}![线 | line](figures/no-such.svg)\n")
    assert said == "figures/no-such.svg does not exist; run `fishbook record`"


def hidden(code: str) -> str:
    return python(code).replace("python", "python hidden")


TOUCHED = "import numpy as np\n\nx, rng = np.zeros(2), np.random.default_rng(0)"
TOUCHED += "\nnet = {'w': [x]}\n\n\ndef first():\n    return x[0]"


@pytest.mark.parametrize(
    ("touch", "read", "said"),
    [
        ("x[0] = 1", "x", "changes x, which"),
        ("rng.normal()", "rng", "changes rng, which"),
        ("x += 1", "net['w']", "changes net, which"),
        ("net['w'].append(2)", "net", "changes net, which"),
        ("x[0] = 1", "first()", "changes x, which"),
        ("y = x + rng.integers(1)", "x", ""),
        ("y = x.copy()\ny[0] = 1", "x", ""),
    ],
)
def test_hidden_code_leaves_alone_what_code_in_sight_reads_later(
    touch: str, read: str, said: str
) -> None:
    text = python(TOUCHED) + hidden(touch) + python(f"_ = {read}")
    first, second, third = verdicts(text)
    assert (first, third) == ("", "")
    assert said in second and bool(said) == bool(second)


def test_hidden_code_may_move_a_modules_own_counter() -> None:
    text = python("_next = iter(range(9))") + hidden("next(_next)")
    assert verdicts(text + python("_ = list(_next)")) == [""] * 3


def test_hidden_code_may_change_what_it_set() -> None:
    text = python("x = [1]") + hidden("x = [2]") + hidden("x[0] = 3")
    assert verdicts(text + python("x = [4]\n_ = x")) == [""] * 4


def test_hidden_code_may_print_what_is_shown() -> None:
    text = hidden("print(1)")
    (said,) = verdicts(text)
    assert said.startswith("this hidden code prints:\n1")
    assert verdicts(f"{text}```output\n1\n```\n") == [""]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("def f(:", "SyntaxError: invalid syntax"),
        (
            "import matplotlib.pyplot as plt\n\nplt.title(r'$\\frac$')",
            "Expected \\frac{num}{den}",
        ),
    ],
)
def test_whatever_a_block_raises_is_its_own_failure(code: str, said: str) -> None:
    (wrong,) = verdicts(python(code))
    assert wrong.startswith("this block raised an error the page doesn't show")
    assert said in wrong
    assert "run.py" not in wrong


IN_A_THREAD = """\
import threading

thread = threading.Thread(target=lambda: {})
thread.start()
thread.join()"""
IN_DEL = """\
class Held:
    def __del__(self):
        raise ValueError("here; and there")


held = Held()
del held"""


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (IN_A_THREAD.format("1 / 0"), "ZeroDivisionError: division by zero"),
        (IN_A_THREAD.format("__import__('warnings').warn('no')"), "Warning: no"),
        (IN_A_THREAD.format("exit()"), ""),
        (IN_DEL, "ValueError: here; and there"),
        ("open(__import__('os').devnull).read()", ""),
    ],
)
def test_an_error_that_ends_no_code_is_the_blocks_all_the_same(
    code: str, said: str
) -> None:
    first, second = verdicts(python(f"{code}\nNone") + python("1"))
    head = "this block raised an error in a thread, or in `__del__`:\n"
    assert first.startswith(head if said else "")
    assert first.endswith(f"{said}; mend it, or catch it there" if said else "")
    assert "threading.py" not in first
    assert second == ""


LATE = """\
import atexit
import threading
import time


def late(seconds=0.2):
    time.sleep(seconds)
    {}


"""
BEGUN = "threading.Thread(target=late{}).start()"
POOL = "\nfrom concurrent.futures import ThreadPoolExecutor\n\npool = "
POOL += "ThreadPoolExecutor(2)\n_ = pool.submit(late)"


@pytest.mark.parametrize(
    ("does", "begun", "said"),
    [
        ("1 / 0", BEGUN.format(""), "in late\nZeroDivisionError: division by zero"),
        ("print('late')", BEGUN.format(""), "after it:\nlate"),
        ("print('late')", POOL, "after it:\nlate"),
        ("1 / 0", "_ = atexit.register(late)", "ZeroDivisionError: division by zero"),
        ("print('late')", "_ = atexit.register(late)", "after it:\nlate"),
        ("exit()", BEGUN.format(""), ""),
        ("", POOL, ""),
        ("", BEGUN.format(", args=[9999]"), "something that the page began still runs"),
        ("", BEGUN.format(", args=[9999], daemon=True"), ""),
    ],
)
@pytest.mark.parametrize("last", ["", '<!--- skip: next "why" -->\n\n'])
def test_what_comes_after_the_last_block_is_its_own(
    does: str, begun: str, said: str, last: str
) -> None:
    text = python(f"{LATE.format(does)}{begun}")
    *first, wrong = verdicts(text + (f"{last}{python('1')}" if last else ""))
    head = "this block is the page's last, and this came after it:\n"
    if said:
        assert wrong.startswith(head)
        assert wrong.endswith(f"{said}; let it wait for what it began")
    else:
        assert wrong == ("why" if last else "")
    assert first == [""] * bool(last)


def test_what_is_printed_between_two_blocks_is_not_lost() -> None:
    code = f"{LATE.format('print(7)')}{BEGUN.format('')}"
    book = book_of(python(code) + python("print(8)", "7\n8"))
    with Runner(book, book.pages[0]) as runner:
        first, second = book.pages[0].cells
        assert runner.run(first).text == ""
        assert runner.process
        while not runner.process.printed.stat().st_size:
            time.sleep(0.01)
        assert runner.run(second).text == "7\n8\n"


@pytest.mark.parametrize(
    "change",
    [
        *(f"builtins.{name}" for name in ("eval", "isinstance", "print", "str")),
        "json.dumps",
    ],
)
def test_what_a_block_does_to_python_hides_no_error(change: str) -> None:
    module = change.partition(".")[0]
    code = f"import {module}\n\n{change} = lambda *x, **y: None\n1 / 0"
    assert all("ZeroDivisionError" in said for said in verdicts(python(code) * 2))


def test_python_as_a_block_changed_it_is_the_pages_own() -> None:
    change = "import builtins\n\nbuiltins.sum = max"
    use = "n = sum([1, 2])\nprint(n)"
    text = python(change) + chunk("N = sum([1, 2])") + python(use, "2")
    assert verdicts(text + python("print(N)", "2")) == [""] * 4


def test_an_error_that_no_page_has_room_for_is_named() -> None:
    (said,) = verdicts(raising("raise ValueError('x' * 2_000_000)", "ValueError: x"))
    assert (
        said == "this block raised an error of more than 1,000,000 characters; say less"
    )


@pytest.mark.parametrize(
    ("code", "output"),
    [
        ("x = = 1", "SyntaxError: invalid syntax"),
        ('print("half", end="")\n1 / 0', "half\nZeroDivisionError: division by zero"),
    ],
)
def test_an_error_is_shown_on_a_line_of_its_own_without_a_folder(
    code: str, output: str
) -> None:
    assert verdicts(raising(code, output)) == [""]


def test_each_block_is_a_test_at_its_line(book_root: Path) -> None:
    lines = read_text(book_root / SUMS).split("\n")
    starts = [n for n, line in enumerate(lines, 1) if line.startswith("```python")]
    assert [example.line for example in examples(book_root, SUMS)] == starts
    write_text(book_root / SUMS, "```python\nx = 1\n```\n```python\n1\n```")
    assert [example.line for example in examples(book_root, SUMS)] == [1, 4]


def test_an_unsound_page_is_not_collected(book_root: Path) -> None:
    edit(book_root / SUMS, "```python hidden", "```python hiding")
    with pytest.raises(pytest.Collector.CollectError, match=r"total\.md:\d+: fence"):
        examples(book_root, SUMS)
    assert len(examples(book_root, GATES)) == 2


def test_a_markdown_file_that_is_no_page_is_named(book_root: Path) -> None:
    write_text(book_root / "docs/.more/x.md", python("1"))
    with pytest.raises(pytest.Collector.CollectError, match="is no page"):
        examples(book_root, "docs/.more/x.md")


@pytest.fixture(scope="module")
def plots() -> dict[int, str]:
    """Give the pictures of two lines by where they end."""
    return dict(
        zip((2, 5), plotted("plt.plot([1, 2])", "plt.plot([1, 5])"), strict=True)
    )


@pytest.mark.parametrize(
    ("version", "value", "skipped", "said"),
    [
        ("{}", 2, False, ""),
        ("{}", 5, False, "is not what the block draws"),
        ("", 5, False, "is not what the block draws"),
        ("1.5.3", 5, True, "figures/line.svg was drawn by Matplotlib 1.5.3"),
    ],
)
def test_a_figure_of_another_matplotlib_is_skipped_with_the_reason(
    book_root: Path,
    plots: dict[int, str],
    version: str,
    value: int,
    skipped: bool,
    said: str,
) -> None:
    path, drawn = book_root / "docs/03-line/index.md", book_root / "drawn.svg"
    figure = path.parent / "figures/line.svg"
    write_text(path, f"{showing(drawn)}![线 | Line](figures/line.svg)\n")
    here = drawn_by(plots[2])
    write_text(figure, plots[2])
    edit(figure, f"Matplotlib v{here}", f"Matplotlib v{version.format(here)}")
    write_text(drawn, plots[value])
    (example,) = examples(book_root, "docs/03-line/index.md")
    try:
        example.evaluate()
    except (unittest.SkipTest, AssertionError) as error:
        assert isinstance(error, unittest.SkipTest) == skipped
        assert said and said in str(error)
    else:
        assert not said
