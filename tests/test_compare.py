"""What is printed and drawn beside what the page shows."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import pytest
from books import NOWHERE, page_of, python, raising, write_text
from running import plotted

from fishbook.loom.blocks import Cell, Output, Within, fenced
from fishbook.loom.capture import LARGEST, plain
from fishbook.loom.compare import (
    MOST,
    WIDEST,
    diff,
    other_matplotlib,
    prints,
    same_form,
    same_output,
    unfit,
    verdict,
)
from fishbook.loom.pictures import drawn_by, svg_difference
from fishbook.loom.run import Result


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("1", "1", True),
        ("1", "2", False),
        ("1.0001ms", "1.0002ms", False),
        ("1\n2", "1\n2", True),
        ("1\n", "1", True),
        ("1", "1\n", True),
        ("1", "1\n2", False),
        ("a\n    b", "a\n  b", False),
        ("1", "1.0", False),
        ("10000000", "10000001", False),
        ("0.333", "0.334", False),
        ("0.3333", "0.3334", True),
        ("1.23456789", "1.23456794", True),
        ("1.23456789", "1.23456801", False),
        ("0.3333", "0.3335", False),
        ("0.3333", "-0.3333", False),
        ("1.001", "1.002", True),
        ("1.000", "1.001", False),
        ("1234567.0", "1234567.1", True),
        ("1234567.0", "1234567.2", False),
        ("12345678.0", "12345679.1", False),
        ("0.25", "0.25000000000000006", True),
        ("0.26894142", "0.26894143", True),
        ("0.26894142", "0.26894124", False),
        ("3.004166023946433", "3.0041660239464334", True),
        ("3.004166023946433", "3.004166323946433", False),
        ("1e-16", "1e-16", True),
        ("1e-16", "2e-16", False),
        ("1.5e-16", "1.6e-16", False),
        ("1.50000e-16", "1.50001e-16", True),
        ("1.50000e-16", "1.50000e-15", False),
        ("1e400", "1e401", False),
        ("1e-400", "0e0", False),
        ("[1. 0.]", "[0. 1.]", False),
        ("1.0", "0.9", False),
        ("1.", "1.0000001", False),
        ("1.", "1.", True),
        ("0.0", "-0.0", False),
        ("-0.0", "0.0", False),
        ("0.0", "1e-17", False),
        ("0.000", "0.001", False),
        ("-nan", "nan", False),
        ("inf", "1e308", False),
        ("1.500000+2.500000j", "1.500000+2.500001j", True),
        ("1.500000+2.500000j", "1.500000-2.500000j", False),
        ("1.5+2.5j", "1.5+2.6j", False),
        ("three", "3", False),
        ("float32", "float64", False),
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
        ("3.", "3.5", False),
        ("0.1, 0.2", "0.1, 0.35", False),
        ("a 1 b", "a b", False),
        ("1 2", "12", False),
        ("1", "", False),
        ("率0.2500", "率0.2501", True),
        ("率0.25", "率0.26", False),
        ("1e400 1.5", "1e400 1.7", False),
        ("1.5e+03", "1.6e+03", False),
        ("1.5000e+03", "1.5001e+03", True),
        ("1.5000e+03", "1.5002e+03", False),
        ("2026-03-05", "2026-03-06", False),
        ("[ 1 10]", "[1 10]", True),
    ],
)
def test_outputs_agree_as_far_as_they_are_certain(
    shown: str, printed: str, same: bool
) -> None:
    assert same_output(shown, printed) is same


def test_timings_vary_but_their_words_do_not() -> None:
    assert same_output("12.5 ms of 3 runs", "99.1 ms of 4 runs", varies=True)
    assert not same_output("12.5 ms", "12.5 s", varies=True)
    assert same_output("0.52s, 1,024 runs.", "0.7s, 99 runs.", varies=True)
    assert not same_output("0.52s", "0.52s 1", varies=True)
    assert not same_output("0.52s", "0.53s")


@pytest.mark.parametrize(
    ("within", "shown", "printed", "same"),
    [
        ("0.02", "loss 0.56, step 7", "loss 0.58, step 7", True),
        ("0.02", "loss 0.56, step 7", "loss 0.54, step 7", True),
        ("0.02", "loss 0.56, step 7", "loss 0.581, step 7", False),
        ("0.02", "loss 0.56, step 7", "loss 0.539, step 7", False),
        ("0.02", "loss 0.56, step 7", "loss 0.56, step 8", False),
        ("0.02", "loss 0.56, step 7", "Loss 0.56, step 7", False),
        ("0.02", "loss 0.56", "loss nan", False),
        ("0.02", "0.01", "-0.01", True),
        ("0.02", "0.56789", "0.57", True),
        ("2%", "100.0", "102.0", True),
        ("2%", "100.0", "98.0", True),
        ("2%", "100.0", "102.1", False),
        ("2%", "100.0", "97.9", False),
        ("2%", "-100.0", "100.0", False),
        ("2%", "100.0 1.0", "101.0 1.03", False),
    ],
)
def test_a_stated_tolerance_is_for_floats_alone_and_has_an_edge(
    within: str, shown: str, printed: str, same: bool
) -> None:
    assert same_output(shown, printed, within=Within(within)) is same


@pytest.mark.parametrize(
    ("within", "shown", "printed", "same"),
    [
        (None, "loss 1.1", "loss 1.10", False),
        (None, "1.2345", "1.2346", True),
        (None, "1.234", "1.2345", False),
        (None, "0.25", "0.25000000000000006", True),
        (None, "0.1", "0.10000001", True),
        (None, "0.25", "0.2500000000", False),
        (None, "0.333333", "0.3333333333333333", True),
        (None, ".5", "0.5", False),
        (None, "+1.0", "1.0", False),
        (None, "1.5e-3", "1.5E-3", False),
        (None, "1.5000e-3", "1.5001e-3", True),
        (None, "a  1.2345", "a 1.2346", False),
        (None, "[ 0.25 -1.5]", "[0.25000000000000006 -1.5]", True),
        ("0.02", "9.99 0.01", "10.01 -0.01", True),
        ("0.02", "[0.91 0.95]", "[0.9  0.95]", True),
        ("0.02", "0.94 0.95", "0.943 0.951", False),
        ("0.02", "0.90", "0.9", False),
        ("0.02", "a  0.91", "a 0.92", False),
    ],
)
def test_a_form_is_what_the_code_decides(
    within: str | None, shown: str, printed: str, same: bool
) -> None:
    output = Output("", 1, text=shown, within=Within(within) if within else None)
    assert prints(output, printed)
    assert same_form(output, printed) is same


def test_where_no_number_is_shown_any_form_will_do() -> None:
    assert same_form(None, "")
    assert same_form(Output("", 1, text="1.5 ms", varies=True), "2.25 ms")


def shown(text: str) -> Output:
    return Output("", 1, text=text)


def test_a_difference_begins_where_the_first_one_is() -> None:
    same = "same\n" * 1000
    page, run = f"{same}0.3333\n1\n2\n{same}", f"{same}0.3334\n1\n3\n{same}"
    found = diff(shown(page), run).split("\n")
    assert found[:6] == ["  0.3333", "  1", "- 2", "+ 3", "  same", "  same"]
    assert found[6:] == ["  same"] * 17 + ["… and 981 more lines"]
    assert diff(None, "1\n") == "- \n+ 1"
    assert diff(shown("1"), "1\n2") == "  1\n+ 2"


def test_how_many_lines_are_left_out_is_said_where_there_are_any() -> None:
    for left_out, last in [(0, "+ z"), (1, "… and 1 more lines")]:
        lines = "\n".join(["z"] * (MOST + left_out))
        assert diff(shown("\n".join(["a"] * MOST)), lines).split("\n")[-1] == last


def test_of_a_long_line_the_part_that_differs_is_shown() -> None:
    found = diff(shown("x" * 999 + "a" + "y" * 999), "x" * 999 + "b" + "y" * 999)
    line = f"…{'x' * 100}{{}}{'y' * 99}…"
    assert found == f"- {line.format('a')}\n+ {line.format('b')}"


def test_a_line_that_just_fits_is_shown_whole() -> None:
    fits, cut = "b" + "x" * (WIDEST - 1), "b" + "x" * WIDEST
    assert diff(shown("a"), fits) == f"- a\n+ {fits}"
    assert diff(shown("a"), cut) == f"- a\n+ {fits}…"


LONG = {
    "a line": "x",
    "spaces": " ",
    "digits": "1",
    "numbers": "1.5 ",
    "lines": "y\n",
    "carriage returns": "\r",
    "titles of windows without an end": "\x1b]",
    "colours without an end": "\x1b[",
    "marks of fences": "`",
}


@pytest.mark.parametrize("piece", LONG.values(), ids=LONG)
def test_whatever_may_be_printed_is_read_in_no_time(piece: str) -> None:
    text = plain("a" + piece * (LARGEST // len(piece)) + "b")
    other = shown(text.replace("1.5", "2.5").replace("x", "z").replace("y", "z"))
    if not same_output(other.text, text + "c"):
        assert len(diff(other, text + "c")) < 20_000
    assert fenced("output", text).startswith("```")


def cell_of(text: str) -> Cell:
    """Give the one cell of a text."""
    (cell,) = page_of(text).cells
    return cell


PICTURE = "![线 | line](figures/line.svg)\n"
HIDDEN = "```python hidden\n1\n```\n\n"
DIFFER = "page (-) and run (+) differ; if the run is right, `fishbook record`:\n"
UNSHOWN = "this block raised an error the page doesn't show:\n"


@pytest.mark.parametrize(
    ("text", "result", "said"),
    [
        (python("1"), Result(), ""),
        (python("1", "2"), Result("2\n"), ""),
        (python("1", "2"), Result("3\n"), f"{DIFFER}- 2\n+ 3"),
        (python("1"), Result("3\n"), f"{DIFFER}- \n+ 3"),
        (python("1"), Result(fault="drew 2; split it"), "this block drew 2; split it"),
        (
            python("1", "2"),
            Result("2\n\n", "E: x", "p.md, line 1\nE: x\n"),
            f"{UNSHOWN}2\np.md, line 1\nE: x; "
            "mend it, or show the error in an `output raises` fence",
        ),
        (
            python("1"),
            Result("", "ModuleNotFoundError: x", "trace"),
            f"{UNSHOWN}trace; pip install 'fishbook[plot]' brings what pages draw with",
        ),
        (raising("1", "2\nE: x"), Result("2", "E: x", "trace"), ""),
        (raising("1", "E: x"), Result("", "E: y"), f"{DIFFER}- E: x\n+ E: y"),
        (
            raising("1", "E: x"),
            Result("E: x\n"),
            "the page shows an error, but the block raised none; "
            "mend the block, or write `output` in place of `output raises`",
        ),
        (HIDDEN, Result("\n"), ""),
        (
            HIDDEN,
            Result("1\n2\n"),
            "this hidden code prints:\n1\n2; "
            "take the print out, or put an output fence after it",
        ),
        (f"{HIDDEN}```output\n1\n```\n", Result("1\n"), ""),
        (
            python("1"),
            Result(svg="<svg/>"),
            "this block draws a figure that the page doesn't show; "
            "draw one, or add a line ![中文 | English](figures/NAME.svg)",
        ),
        (
            python("1") + PICTURE,
            Result(),
            "the page shows figures/line.svg, but the block drew nothing; "
            "draw one, or add a line ![中文 | English](figures/NAME.svg)",
        ),
        (
            python("1") + PICTURE,
            Result(svg="<svg/>"),
            "figures/line.svg does not exist; run `fishbook record`",
        ),
    ],
)
def test_the_verdict_says_what_is_wrong_and_what_to_do(
    text: str, result: Result, said: str
) -> None:
    assert verdict(NOWHERE, cell_of(text), result) == said


DRAWN = '<svg><!--{}--><circle r="{}"/></svg>'
OLD, NEW = "Created with Matplotlib v3.1", "Created with Matplotlib v3.2"


@pytest.mark.parametrize(
    ("page", "run", "said", "reason"),
    [
        ((OLD, 1), (OLD, 1), "", ""),
        ((OLD, 1), (OLD, 2), "is not what the block draws", ""),
        ((OLD, 1), (NEW, 2), "", "was drawn by Matplotlib 3.1, which differs from 3.2"),
        (("", 1), (NEW, 2), "is not what the block draws", ""),
        ((OLD, 1), ("", 2), "is not what the block draws", ""),
        (("", 1), ("", 1), "", ""),
    ],
)
def test_the_verdict_on_a_picture_is_that_of_the_same_matplotlib(
    tmp_path: Path, page: tuple[str, int], run: tuple[str, int], said: str, reason: str
) -> None:
    write_text(tmp_path / "figures/line.svg", DRAWN.format(*page))
    cell, svg = cell_of(python("1") + PICTURE), DRAWN.format(*run)
    assert unfit(tmp_path, cell, Result(svg=svg)) is None
    found = verdict(tmp_path, cell, Result(svg=svg))
    assert found.partition(";")[0] == (said and f"figures/line.svg {said}")
    assert ('<circle r="2"/>' in found) == bool(said)
    other = other_matplotlib(tmp_path, cell.figure, svg)
    assert other == (reason and f"figures/line.svg {reason}")


def test_what_shows_no_picture_is_of_no_matplotlib() -> None:
    assert other_matplotlib(NOWHERE, None, "") == ""


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


BOX = '<svg viewBox="0 0 {} {}">{}</svg>'


@pytest.mark.parametrize(
    ("size", "shown", "drawn", "same"),
    [
        (1, '<circle r="0.10"/>', '<circle r="0.14"/>', False),
        (1, '<circle r="0.10"/>', '<circle r="0.10005"/>', True),
        (9999, '<circle r="0.10"/>', '<circle r="0.14"/>', True),
        (9999, '<circle r="0.10"/>', '<circle r="0.16"/>', False),
        (
            9999,
            '<path d="M0 0A1 1 0 0 1 2 2"/>',
            '<path d="M0 0A1 1 0 0 0 2 2"/>',
            False,
        ),
        (500, '<g aria-label="right: 0.91"/>', '<g aria-label="right: 0.95"/>', False),
        (500, "<g aria-label='right: 0.91'/>", "<g aria-label='right: 0.92'/>", False),
        (500, '<g data-value="0.91"/>', '<g data-value="0.95"/>', False),
        (500, '<g class="c1.00"/>', '<g class="c1.04"/>', False),
        (500, '<g transform="scale(0.01)"/>', '<g transform="scale(0.05)"/>', False),
        (500, '<g transform="scale(0.01)"/>', '<g transform="scale(0.010001)"/>', True),
        (
            500,
            '<g transform="translate(1 2)"/>',
            '<g transform="translate(1 2.04)"/>',
            True,
        ),
        (
            500,
            '<g transform="translate(1 2)"/>',
            '<g transform="translate(1 2.1)"/>',
            False,
        ),
        (
            500,
            '<g transform="scale(1) translate(1)"/>',
            '<g transform="translate(1) scale(1)"/>',
            False,
        ),
        (500, '<g opacity="0.01"/>', '<g opacity="0.06"/>', False),
        (500, '<g fill-opacity="0.33"/>', '<g fill-opacity="0.34"/>', True),
        (
            500,
            '<g style="stroke-width: 0.01"/>',
            '<g style="stroke-width: 0.05"/>',
            False,
        ),
        (
            500,
            '<g style="stroke-width: 1.5"/>',
            '<g style="stroke-width: 1.5001"/>',
            True,
        ),
        (500, '<g fill="rgb(10, 0, 0)"/>', '<g fill="rgb(10.01, 0, 0)"/>', False),
        (500, '<g x="1"/>', '<g y="1"/>', False),
    ],
)
def test_the_numbers_of_a_picture_are_near_by_what_they_mean(
    size: int, shown: str, drawn: str, same: bool
) -> None:
    one, other = (BOX.format(size, size, inner) for inner in (shown, drawn))
    assert (svg_difference(one, other) == "") is same


@pytest.mark.parametrize(
    ("sides", "same"), [("500 1", True), ("1 500", True), ("9 9", False)]
)
def test_the_longer_side_of_a_picture_says_how_small_its_units_are(
    sides: str, same: bool
) -> None:
    svg = f'<svg viewBox="0 0 {sides}"><circle r="0.1{{}}"/></svg>'
    assert (svg_difference(svg.format(0), svg.format(4)) == "") is same


def test_what_is_no_picture_is_named_though_it_is_the_same() -> None:
    assert svg_difference("<svg", "<svg").startswith("the picture is not valid SVG (")


LINE = 'plt.plot([1, 2, {}], color="{}")\nplt.title("{}")'
USUAL = (3, "#1a5fb4", "线 | line")


def test_a_plot_is_drawn_the_same_each_time() -> None:
    (shown,) = plotted(LINE.format(*USUAL))
    changes = [(3.0001, *USUAL[1:]), (3.1, *USUAL[1:])]
    changes += [(3, "#1a5fb5", USUAL[2]), (*USUAL[:2], "线 | lines")]
    again, near, *others = plotted(*(LINE.format(*all) for all in [USUAL, *changes]))
    assert shown == again
    assert drawn_by(shown)
    assert "线 | line</text>" in shown
    assert svg_difference(shown, near) == ""
    assert all(svg_difference(shown, other) for other in others)
    assert "lines" in svg_difference(shown, others[-1])


def test_a_bitmap_in_a_plot_is_compared_by_its_pixels() -> None:
    code = "plt.imshow([[0, 1], [1, {}]], vmax=1)"
    shown, near, other = plotted(*(code.format(value) for value in (0, 0.004, 0.5)))
    assert "data:image/png" in shown
    assert svg_difference(shown, near) == ""
    assert svg_difference(shown, other)


def test_bitmaps_of_different_sizes_differ() -> None:
    image = pytest.importorskip("matplotlib.image")

    def svg(width: int) -> str:
        out = io.BytesIO()
        image.imsave(out, [[0.5] * width], format="png")
        data = base64.b64encode(out.getvalue()).decode()
        return f'<svg><image href="data:image/png;base64,{data}"/></svg>'

    assert svg_difference(svg(2), svg(2)) == ""
    assert svg_difference(svg(2), svg(1))
