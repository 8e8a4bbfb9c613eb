"""Blocks run, compared and recorded."""

from __future__ import annotations

import base64
import io
import sys
import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from books import edit, make_book, write_text

from fishbook.loom.book import Book
from fishbook.loom.chapter import Chapter
from fishbook.loom.compare import drawn_by, same_output, svg_difference
from fishbook.loom.problem import LoomError
from fishbook.loom.run import Runner, chapter_tests, record, verdict


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("1", "1", True),
        ("1", "2", False),
        ("1", "1.0", False),
        ("10000000", "10000001", False),
        ("0.333", "0.334", True),
        ("0.333", "0.335", False),
        ("1234567.0", "1234568.0", True),
        ("1234567.0", "1234569.0", False),
        ("1e-16", "2e-16", True),
        ("1.5e-16", "1.7e-16", False),
        ("-0.5", "0.5", False),
        ("nan", "nan", True),
        ("inf", "-inf", False),
        ("Python 3.11.7", "Python 3.11.8", False),
        ("[0.5 0. ]", "[0.5 0.]", True),
        ("[ 0.77  1.5]", "[0.77 1.5]", True),
        ("loss 0.25", "loss  0.25", True),
        ("loss 0.25", "Loss 0.25", False),
        ("x1 = 2", "x2 = 2", False),
        ("    a", "a", False),
        ("a\nb", "a", False),
        ("a\n", "a", True),
        ("3.", "3.5", True),
        ("0.1, 0.2", "0.1, 0.35", False),
        ("a 1 b", "a b", False),
        ("1 2", "12", False),
        ("1", "", False),
        ("率0.25", "率0.26", True),
        ("1e400 1.5", "1e400 1.7", False),
        ("1.5e+03", "1.6e+03", True),
        ("1.5e+03", "1.7e+03", False),
        ("2026-03-05", "2026-03-06", False),
        ("[ 1 10]", "[1 10]", True),
    ],
)
def test_outputs_agree_within_the_last_digit_shown(
    shown: str, printed: str, same: bool
) -> None:
    assert same_output(shown, printed) is same


def test_timings_vary_but_their_words_do_not() -> None:
    assert same_output("12.5 ms of 3 runs", "99.1 ms of 4 runs", varies=True)
    assert not same_output("12.5 ms", "12.5 s", varies=True)
    assert same_output("0.52s, 1,024 runs.", "0.7s, 99 runs.", varies=True)
    assert not same_output("0.52s", "0.52s 1", varies=True)
    assert not same_output("0.52s", "0.53s")


SVG = '<svg id="{}" width="9"><g clip-path="url(#{})"><path d="M {} 2"/></g>{}</svg>'


@pytest.mark.parametrize(
    ("drawn", "same"),
    [
        (SVG.format("p", "p", "1.0", "<text>a</text>"), True),
        (SVG.format("q", "q", "1.01", "<text>a</text>"), True),
        (SVG.format("p", "p", "2.0", "<text>a</text>"), False),
        (SVG.format("p", "p", "1.0", "<text>b</text>"), False),
        (SVG.format("p", "p", "1.0", '<text fill="#000">a</text>'), False),
        (SVG.format("p", "p", "1.0", ""), False),
        ("<svg", False),
    ],
)
def test_pictures_agree_where_a_reader_sees_no_difference(
    drawn: str, same: bool
) -> None:
    shown = SVG.format("p", "p", "1.0", "<text>a</text>")
    assert (svg_difference(shown, drawn) == "") is same


def plot(code: str) -> str:
    """Give the picture that Matplotlib draws."""
    book = Book(Path(), [Chapter.parse(f"```python\n{code}\n```\n")])
    (cell,) = book.chapters[0].cells
    return Runner(book, book.chapters[0]).run(cell).svg


LINE = """\
import matplotlib.pyplot as plt

plt.plot([1, 2, {}], color="{}")
plt.title("{}")"""


def test_a_plot_is_drawn_the_same_each_time() -> None:
    shown = plot(LINE.format(3, "#1a5fb4", "线 | line"))
    assert shown == plot(LINE.format(3, "#1a5fb4", "线 | line"))
    assert drawn_by(shown)
    assert "线 | line</text>" in shown
    assert (
        svg_difference(shown, plot(LINE.format(3.0001, "#1a5fb4", "线 | line"))) == ""
    )
    for other in [(3.1, "#1a5fb4", "线 | line"), (3, "#1a5fb5", "线 | line")]:
        assert svg_difference(shown, plot(LINE.format(*other)))
    assert "text" in svg_difference(
        shown, plot(LINE.format(3, "#1a5fb4", "线 | lines"))
    )


def test_a_bitmap_in_a_plot_is_compared_by_its_pixels() -> None:
    code = "import matplotlib.pyplot as plt\n\nplt.imshow([[0, 1], [1, {}]], vmax=1)"
    shown = plot(code.format(0))
    assert "data:image/png" in shown
    assert svg_difference(shown, plot(code.format(0.004))) == ""
    assert svg_difference(shown, plot(code.format(0.5)))


def test_bitmaps_of_different_sizes_differ() -> None:
    image = pytest.importorskip("matplotlib.image")

    def svg(width: int) -> str:
        out = io.BytesIO()
        image.imsave(out, [[0.5] * width], format="png")
        data = base64.b64encode(out.getvalue()).decode()
        return f'<svg><image href="data:image/png;base64,{data}"/></svg>'

    assert svg_difference(svg(2), svg(2)) == ""
    assert svg_difference(svg(2), svg(1))


def verdicts(root: Path, text: str) -> list[str]:
    """Run a chapter from its text; give what is wrong, block by block."""
    book = Book(root, [Chapter.parse(text, Path("docs/01-a.md"))])
    runner = Runner(book, book.chapters[0])
    said = []
    for cell in book.chapters[0].cells:
        result = runner.run(cell)
        said.append(result.skipped or verdict(runner, cell, result))
    return said


def test_a_skipped_block_takes_those_with_it_that_need_its_names(
    tmp_path: Path,
) -> None:
    text = (
        '<!--- skip: next if(1 + 1 == 2, reason="no data here") -->\n\n'
        "```python\nx, y = load()\n```\n\n"
        "```python\nprint(x)\n```\n\n```output\n5\n```\n\n"
        "```python\nz = y\n```\n\n"
        "```python\nprint(z)\n```\n\n"
        "```python\nx = 3\nprint(x)\n```\n\n```output\n3\n```\n\n"
        '<!--- skip: next if(x > 5, reason="never") -->\n\n'
        "```python\nprint(x)\n```\n\n```output\n3\n```\n"
    )
    assert verdicts(tmp_path, text) == [
        "no data here",
        "needs x from the block skipped at line 3",
        "needs y from the block skipped at line 3",
        "needs z from the block skipped at line 15",
        "",
        "",
    ]


def test_a_name_of_its_own_needs_no_skipped_block(tmp_path: Path) -> None:
    text = (
        '<!--- skip: next "why" -->\n\n```python\ni = x = 1\n```\n\n'
        "```python\nfor i in (1,):\n    print(i, (lambda x: x)(2))\n```\n\n"
        "```output\n1 2\n```\n\n```python\nx += 1\n```\n"
    )
    assert verdicts(tmp_path, text) == [
        "why",
        "",
        "needs x from the block skipped at line 3",
    ]


def test_a_skipped_import_takes_nothing_away(tmp_path: Path) -> None:
    text = (
        "```python\nimport os\n\nx = 1\n```\n\n"
        '<!--- skip: next "why" -->\n\n'
        "```python\nimport os\n\ny = [x for x in os.sep]\n```\n\n"
        "```python\ny = [y for y in os.sep * x]\n```\n"
    )
    assert verdicts(tmp_path, text) == ["", "why", ""]


def test_a_skipped_block_leaves_no_older_value_behind(tmp_path: Path) -> None:
    text = (
        "```python\nx = 1\n```\n\n"
        '<!--- skip: next "why" -->\n\n```python\nx = 2\n```\n\n'
        "```python\nprint(x)\n```\n\n```output\n2\n```\n"
    )
    assert verdicts(tmp_path, text) == [
        "",
        "why",
        "needs x from the block skipped at line 7",
    ]


def test_a_chunk_sees_its_file_alone(tmp_path: Path) -> None:
    text = (
        "```python\nimport os\n```\n\n"
        '```python title="fishbook/a.py"\ncwd = os.getcwd()\n```\n'
    )
    first, second = verdicts(tmp_path, text)
    assert first == ""
    assert "NameError: name 'os' is not defined" in second


def test_a_warning_from_the_page_is_an_error(tmp_path: Path) -> None:
    text = "```python\nimport numpy as np\n\nnp.exp(np.array([1000.0]))\n```\n"
    (said,) = verdicts(tmp_path, text)
    assert "RuntimeWarning: overflow" in said


def test_what_is_printed_or_drawn_has_to_be_shown(tmp_path: Path) -> None:
    (said,) = verdicts(tmp_path, "```python\nprint(1)\n```\n")
    assert "+ 1" in said
    draw = "```python\nimport matplotlib.pyplot as plt\n\n_ = plt.plot([1, 2])\n```\n"
    (said,) = verdicts(tmp_path, draw)
    assert "a figure that the page doesn't show" in said


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
def test_whatever_a_block_raises_is_its_own_failure(
    tmp_path: Path, code: str, said: str
) -> None:
    (wrong,) = verdicts(tmp_path, f"```python\n{code}\n```\n")
    assert wrong.startswith("this block raised an error the page doesn't show")
    assert said in wrong
    assert "run.py" not in wrong


def test_a_syntax_error_is_shown_without_the_folder_of_this_machine(
    tmp_path: Path,
) -> None:
    text = "```python\nx = = 1\n```\n\n```output\nSyntaxError: invalid syntax\n```\n"
    assert verdicts(tmp_path, text) == [""]


def test_an_error_begins_a_line_of_its_own(tmp_path: Path) -> None:
    text = (
        '```python\nprint("half", end="")\n1 / 0\n```\n\n'
        "```output\nhalf\nZeroDivisionError: division by zero\n```\n"
    )
    assert verdicts(tmp_path, text) == [""]


def test_a_block_sees_only_the_future_that_it_imports(tmp_path: Path) -> None:
    now = "def f(x: int): ...\n\n\nprint(f.__annotations__)"
    later = f"from __future__ import annotations\n\n\n{now}"
    text = (
        f"```python\n{now}\n```\n\n```output\n{{'x': <class 'int'>}}\n```\n\n"
        f"```python\n{later}\n```\n\n```output\n{{'x': 'int'}}\n```\n"
    )
    assert verdicts(tmp_path, text) == ["", ""]


def test_a_chunk_can_hold_a_dataclass(tmp_path: Path) -> None:
    chunk = '```python title="fishbook/a_b.py"\n{}\n```\n\n'
    text = chunk.format(
        "from __future__ import annotations\n\nfrom dataclasses import dataclass"
    ) + chunk.format("@dataclass\nclass A:\n    x: Later")
    assert verdicts(tmp_path, text) == ["", ""]
    assert "fishbook.a_b" not in sys.modules


def test_a_chunk_sees_what_earlier_chapters_put_in_its_file(tmp_path: Path) -> None:
    chunk = '```python title="fishbook/a.py"\n{}\n```\n'
    texts = chunk.format("x = 1\nprint(x)"), chunk.format("y = x + 1")
    book = Book(
        tmp_path, [Chapter.parse(t, Path(f"docs/{n}.md")) for n, t in enumerate(texts)]
    )
    second = book.chapters[1]
    result = Runner(book, second).run(second.cells[0])
    assert (result.text, result.error) == ("", "")


def test_where_an_earlier_chapter_fails_its_line_is_named(tmp_path: Path) -> None:
    chunk = '```python title="fishbook/a.py"\n{}\n```\n'
    texts = chunk.format("1 / 0"), chunk.format("x = 1")
    book = Book(
        tmp_path, [Chapter.parse(t, Path(f"docs/{n}.md")) for n, t in enumerate(texts)]
    )
    second = book.chapters[1]
    with pytest.raises(
        LoomError, match=r"(?s)docs/0\.md:1: .*ZeroDivisionError.*1\.md"
    ):
        Runner(book, second).run(second.cells[0])


def test_a_skip_whose_test_fails_is_named_with_its_line(tmp_path: Path) -> None:
    text = '\n<!--- skip: next if(no_such, reason="why") -->\n```python\n1\n```\n'
    with pytest.raises(
        LoomError, match=r"01-a\.md:2: this skip's test raised NameError"
    ):
        verdicts(tmp_path, text)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_book(tmp_path / "book")


def test_recording_again_changes_nothing(root: Path) -> None:
    assert record(Book.load(root)) == []


def test_record_writes_outputs_and_figures(root: Path) -> None:
    path = root / "docs/02-sums.md"
    edit(path, "print(total.value)\n```\n\n```output\n1\n```", "print(7.5)\n```")
    edit(path, 'r="2"', 'r="3"')
    assert record(Book.load(root)) == ["docs/02-sums.md", "docs/figures/dot.svg"]
    text = path.read_text(encoding="utf-8")
    assert "print(7.5)\n```\n\n```output\n7.5\n```\n" in text
    figure = (root / "docs/figures/dot.svg").read_text(encoding="utf-8")
    assert 'r="3"' in figure


def test_record_keeps_line_endings_and_the_rest_of_the_text(root: Path) -> None:
    path = root / "docs/01-gates.md"
    text = path.read_text(encoding="utf-8").replace("\n", "\r\n")
    write_text(path, "\ufeff" + text.replace("0.333333", "0.9"))
    record(Book.load(root))
    now = path.read_bytes().decode("utf-8")
    assert now == "\ufeff" + text.replace("0.333333", "0.3333333333333333")


def test_record_leaves_a_chapter_alone_whose_block_fails(root: Path) -> None:
    path = root / "docs/02-sums.md"
    edit(path, "print(total.value)", "print(total.value + 1)")
    edit(path, "Dot()\n```", "Dots()\n```")
    before = path.read_bytes()
    with pytest.raises(
        LoomError, match=r"(?s)02-sums\.md:\d+: .*NameError: name 'Dots'"
    ):
        record(Book.load(root))
    assert path.read_bytes() == before


def test_record_leaves_skipped_outputs_alone(root: Path) -> None:
    path = root / "docs/01-gates.md"
    edit(
        path,
        "```python\nprint(NOT",
        '<!--- skip: next "why" -->\n\n```python\nprint(NOT',
    )
    edit(path, "1 0 0.333333", "old")
    assert record(Book.load(root)) == []


def test_an_output_with_a_fence_in_it_gets_a_longer_fence(root: Path) -> None:
    path = root / "docs/01-gates.md"
    edit(path, "print(NOT(0), NOT(1), 1 / 3)", 'print("```")')
    record(Book.load(root))
    assert "````output\n```\n````\n" in path.read_text(encoding="utf-8")
    assert record(Book.load(root)) == []


def test_one_chapter_can_be_recorded_alone(root: Path) -> None:
    edit(root / "docs/01-gates.md", "1 0 0.333333", "old")
    assert record(Book.load(root), [root / "docs/02-sums.md"]) == []
    assert record(Book.load(root), [root / "docs/01-gates.md"]) == ["docs/01-gates.md"]


def test_hidden_code_must_not_print_unseen(root: Path) -> None:
    path = root / "docs/01-gates.md"
    text = path.read_text(encoding="utf-8")
    hidden = "\n<!--- invisible-code-block: python\nprint(7)\n-->\n"
    write_text(path, text + hidden)
    with pytest.raises(LoomError, match=r"(?s)01-gates\.md:\d+: this hidden .* prints"):
        record(Book.load(root))


def test_an_empty_line_printed_needs_no_output(root: Path) -> None:
    path = root / "docs/01-gates.md"
    write_text(path, path.read_text(encoding="utf-8") + "\n```python\nprint()\n```\n")
    assert record(Book.load(root)) == []


def examples(root: Path, name: str) -> Iterator[Any]:
    """Give a chapter's blocks as pytest gets them."""
    sybil = pytest.importorskip("sybil").Sybil([chapter_tests(root)])
    yield from sybil.parse(root / "docs" / name).examples()


def test_blocks_of_a_crlf_chapter_stand_apart(root: Path) -> None:
    path = root / "docs/01-gates.md"
    lines = "".join(f"x{n} = {n}\n" for n in range(20))
    write_text(
        path, f"\ufeff```python\n{lines}```\n```python\n1\n```".replace("\n", "\r\n")
    )
    assert [example.line for example in examples(root, path.name)] == [1, 23]


def test_an_unsound_chapter_is_not_collected(root: Path) -> None:
    edit(root / "docs/02-sums.md", "class Dot:", "```\n```py\nclass Dot:")
    with pytest.raises(pytest.Collector.CollectError, match=r"02-sums\.md:\d+: fence"):
        list(examples(root, "02-sums.md"))
    assert len(list(examples(root, "01-gates.md"))) == 2


def test_a_markdown_file_that_is_no_chapter_is_named(root: Path) -> None:
    (root / "docs" / "more").mkdir()
    write_text(root / "docs" / "more" / "x.md", "```python\n1\n```\n")
    with pytest.raises(pytest.Collector.CollectError, match="is no chapter"):
        list(examples(root, "more/x.md"))


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
    root: Path, version: str, value: int, skipped: bool, said: str
) -> None:
    path, figure = root / "docs/03-line.md", root / "docs/figures/line.svg"
    code = "```python\nimport matplotlib.pyplot as plt\n\n_ = plt.plot([1, 2])\n```"
    write_text(path, f"{code}\n\n![线 | Line](figures/line.svg)\n")
    record(Book.load(root))
    here = drawn_by(figure.read_text(encoding="utf-8"))
    edit(figure, f"Matplotlib v{here}", f"Matplotlib v{version.format(here)}")
    edit(path, "[1, 2]", f"[1, {value}]")
    (example,) = examples(root, path.name)
    try:
        example.evaluate()
    except (unittest.SkipTest, AssertionError) as error:
        assert isinstance(error, unittest.SkipTest) == skipped
        assert said and said in str(error)
    else:
        assert not said
