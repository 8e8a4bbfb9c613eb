"""A page in each edition: plain Markdown and a notebook."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from books import (
    DOT,
    GATES,
    SUMS,
    TWINS,
    bare_tree,
    book_at,
    book_of,
    chunk,
    edit,
    python,
    raising,
    read_text,
    write_text,
)

from fishbook.loom import names
from fishbook.loom.blocks import fenced
from fishbook.loom.book import Book
from fishbook.loom.check import check
from fishbook.loom.edition import EDITIONS, weave_svg
from fishbook.loom.markdown import Weaver, address
from fishbook.loom.notebook import runnable, weave_notebook
from fishbook.loom.problem import LoomError
from fishbook.loom.weave import edition_files, weave_edition

ROOT = Path(__file__).parent.parent
URL = "https://example.org/"
NOT, TOTAL = "01-gates/01-not.md", "02-sums/01-total.md"


def woven(root: Path, edition: str, name: str) -> str:
    return edition_files(Book.load(root), edition, URL)[name]


def markdown(text: str, edition: str = "en") -> str:
    """Weave a page alone."""
    book = book_of(text)
    return Weaver(book, book.pages[0], edition).text()


def cells_of(text: str) -> list[Any]:
    cells: list[Any] = json.loads(text)["cells"]
    return cells


def test_an_edition_has_a_file_for_each_page_figure_module_and_notebook(
    recorded: Path,
) -> None:
    pages = "01-gates/index 01-gates/01-not 02-sums/index 02-sums/01-total index"
    pages += " 02-sums/02-exercises a-extras/index a-extras/01-guards source/gates"
    code = "01-gates-01-not 02-sums-01-total 02-sums-02-exercises 02-sums-lab-many"
    assert set(edition_files(Book.load(recorded), "zh")) == {
        *(f"{name}.md" for name in f"{pages} source/guards".split()),
        *(f"notebooks/{name}.ipynb" for name in f"{code} a-extras-01-guards".split()),
        *("02-sums/lab-many.ipynb", "02-sums/figures/dot.svg"),
    }


def test_an_edition_keeps_its_language_and_all_that_is_shared(recorded: Path) -> None:
    zh, en, both = (woven(recorded, edition, NOT) for edition in EDITIONS)
    assert "非门" in zh and "see [" not in zh
    assert "see [" in en and "非门" not in en
    assert "非门" in both and "see [" in both
    for text in (zh, en, both):
        assert '```python title="fishbook/gates.py"' in text
        assert "``` { .text .output }\n1 0 0.333333\n```" in text
    assert 'lang="' not in zh + en
    assert both.count("<div") == both.count("</div>") == 4


def test_headings_captions_and_notes_have_one_language_or_both(recorded: Path) -> None:
    assert woven(recorded, "zh", NOT).startswith("# 1.1 非门 {#not}\n")
    assert woven(recorded, "en", NOT).startswith("# 1.1 The gate NOT {#not}\n")
    both = woven(recorded, "zh-en", NOT)
    title = '# 1.1 非门 <span lang="en">The gate NOT</span> {#not}\n'
    assert both.startswith(title)
    assert "\n1. 向下取整\n" in woven(recorded, "zh", NOT)
    assert "\n1. rounds down\n" in woven(recorded, "en", NOT)
    exercises = woven(recorded, "en", "02-sums/02-exercises.md")
    assert "### Exercise 2.1 A word {#ex-word}" in exercises
    assert "<summary>Solution</summary>" in exercises
    assert "### 练习 2.1 词 {#ex-word}" in woven(
        recorded, "zh", "02-sums/02-exercises.md"
    )


def test_a_figure_has_its_number_its_caption_and_what_is_heard(recorded: Path) -> None:
    text = woven(recorded, "en", TOTAL)
    assert '<figure id="fig-dot" markdown="span">\n![A dot](figures/dot.svg)\n' in text
    assert '">Figure 2.1 The dot at $x$</figcaption>' in text
    assert "class Dot" not in text, "hidden code is left out"


def test_links_lead_to_the_woven_files_and_labels_give_numbers(recorded: Path) -> None:
    text = woven(recorded, "en", TOTAL)
    assert "[(1.1)](../01-gates/01-not.md#eq-not)" in text
    assert "[2.1](#fig-dot)" in text
    assert "[NOT](../01-gates/01-not.md)," not in text
    assert "[NOT](../01-gates/01-not.md)." in text
    assert "[sums](../02-sums/index.md)" in woven(recorded, "en", NOT)
    formula = woven(recorded, "en", NOT)
    assert "y = 1 - x \\tag{1.1}" in formula and '<div id="eq-not"' in formula


def test_a_label_without_a_number_leaves_no_empty_tag() -> None:
    book = book_at({"00-x": "# 甲 | X {#x}\n\n$$ y \\tag{eq-y} $$\n"})
    assert "\\tag" not in Weaver(book, book.pages[0], "zh").text()


def test_a_chapter_opens_with_a_list_of_its_pages(recorded: Path) -> None:
    zh, en, both = (woven(recorded, e, "02-sums/index.md") for e in EDITIONS)
    assert en.endswith(
        '<div class="contents" markdown>\n\n'
        "- [2.1 A total](01-total.md)<br>By formula (1.1), a dot in 2.1, x in NOT.\n"
        "- [2.2 Exercises](02-exercises.md)<br>What does adding a word do?\n"
        "- [Lab: many](lab-many.ipynb)<br>After the total.\n\n</div>\n"
    )
    assert "- [实验：很多](lab-many.ipynb)<br>接着总和。\n" in zh
    assert '[2.2 练习 <span lang="en">Exercises</span>](02-exercises.md)' in both
    first = woven(recorded, "zh", "01-gates/index.md")
    assert first.count("- [") == 1
    assert "contents" not in woven(recorded, "zh", "01-gates/01-not.md")


def test_the_book_opens_with_a_list_of_all_its_pages(recorded: Path) -> None:
    text = woven(recorded, "en", "index.md")
    links = re.findall(r"^( *)- \[(.*?)\]\((.*?)\)<br>", text, re.M)
    assert links == [
        ("", "1 Gates", "01-gates/index.md"),
        ("    ", "1.1 The gate NOT", "01-gates/01-not.md"),
        ("", "2 Sums", "02-sums/index.md"),
        ("    ", "2.1 A total", "02-sums/01-total.md"),
        ("    ", "2.2 Exercises", "02-sums/02-exercises.md"),
        ("    ", "Lab: many", "02-sums/lab-many.ipynb"),
        ("", "A Extras", "a-extras/index.md"),
        ("    ", "A.1 Guards", "a-extras/01-guards.md"),
    ]
    assert text.endswith("\n\n</div>\n")


def test_a_page_that_lists_none_has_no_list() -> None:
    book = book_at({"index": "# 书 | Book {#book}\n"})
    assert "contents" not in Weaver(book, book.pages[0], "zh").text()


@pytest.mark.parametrize(
    ("zh", "en", "said"),
    [
        (
            "这里说的不多，只有一点。还有。",
            "No 1.5 more words. And\nso on.",
            ("这里说的不多，只有一点。", "No 1.5 more words."),
        ),
        (
            "先看。再把它一点一点拆开。完。",
            "Look. Then\ntake it apart. Done.",
            ("先看。再把它一点一点拆开。", "Look. Then take it apart."),
        ),
    ],
)
def test_a_list_of_pages_has_the_first_words_of_each(
    zh: str, en: str, said: tuple[str, str]
) -> None:
    first = f"# 甲 | X {{#x}}\n\n{TWINS.format(zh, en)}"
    book = book_at({"01-a/index": "# 乙 | Y {#y}\n", "01-a/01-x": first})
    for edition, words in zip(("zh", "en"), said, strict=True):
        assert f"<br>{words}\n" in Weaver(book, book.pages[0], edition).text()


@pytest.mark.parametrize(
    ("name", "where"),
    [("index", ""), ("01-a/index", "01-a/"), ("01-a/02-index", "01-a/02-index/")],
)
def test_a_page_has_an_address(name: str, where: str) -> None:
    assert address(book_at({name: ""}).pages[0]) == where


def test_code_is_woven_with_the_first_line_of_its_docstrings(recorded: Path) -> None:
    text = woven(recorded, "zh", NOT)
    assert '    """Return the opposite of x."""\n    return 1' in text
    assert "Parameters" not in text
    assert "Parameters" in woven(recorded, "zh", "source/gates.md")


def test_woven_code_has_the_syntax_tree_of_the_pages(recorded: Path) -> None:
    for book in (Book.load(recorded), Book.load(ROOT)):
        for page in book.pages:
            for cell in page.cells:
                code = runnable(page, cell.code)
                if not cell.output or "SyntaxError" not in cell.output.text:
                    assert bare_tree(names.light(code)) == bare_tree(code)
                shown = "" if cell.code.hidden else names.light(cell.code.source)
                assert shown in Weaver(book, page, "en").block(cell.code)


def test_a_fence_in_code_or_output_ends_no_block() -> None:
    code, output = "s = '''\n```text\n'''", "a\n~~~\n```"
    text = fenced("python", code) + fenced("output", output)
    (cell,) = book_of(markdown(text)).pages[0].cells
    assert cell.code.source == code
    assert fenced(" { .text .output }", output) in markdown(text)
    assert "``` { .text .output }\n1\n```" in markdown("~~~output\n1\n~~~\n")


def test_a_picture_keeps_the_words_of_one_language() -> None:
    svg = '<svg aria-label="线 | line"><text>线 | line</text><text>x</text></svg>'
    zh, en, both = (weave_svg(svg, edition) for edition in EDITIONS)
    assert zh == '<svg aria-label="线"><text>线</text><text>x</text></svg>'
    assert en == '<svg aria-label="line"><text>line</text><text>x</text></svg>'
    assert both == '<svg aria-label="线 line"><text>线 line</text><text>x</text></svg>'


def test_the_source_page_shows_the_file_and_links_back(recorded: Path) -> None:
    page = woven(recorded, "en", "source/gates.md")
    assert (recorded / "fishbook/gates.py").read_text(encoding="utf-8") in page
    assert f"[The gate NOT](../{NOT}), [A total](../{TOTAL})" in page


def test_a_notebook_leaves_no_link_inside_and_no_unnumbered_label(
    recorded: Path,
) -> None:
    for name, text in edition_files(Book.load(recorded), "en", URL).items():
        if name.startswith("notebooks/"):
            assert ".md" not in text and "](#" not in text and "tag{eq" not in text
    total = woven(recorded, "en", "notebooks/02-sums-01-total.ipynb")
    assert f"[(1.1)]({URL}en/01-gates/01-not/#eq-not)" in total
    assert f"[NOT]({URL}en/01-gates/01-not/)" in total
    assert f"[2.1]({URL}en/02-sums/01-total/#fig-dot)" in total
    lab = woven(recorded, "en", "02-sums/lab-many.ipynb")
    assert "[the total](../../02-sums/01-total/)" in lab
    first = woven(recorded, "en", "notebooks/01-gates-01-not.ipynb")
    assert "\\\\tag{1.1}" in first and "<div" not in first


def test_links_and_nothing_else_are_made_absolute() -> None:
    links = "[甲](#x)、`[a](#x)`、[乙](../c.csv)、![](figures/d.svg)、[丁](//a.org)"
    book = book_at({"01-a/01-x": "# 甲 | X {#x}\n\n" + TWINS.format(links, "a")})
    base = f"{URL}zh/"
    text = weave_notebook(book, book.pages[0], "zh", base)
    assert cells_of(text)[0]["source"].endswith(
        f"[甲]({base}01-a/01-x/)、`[a](#x)`、[乙]({base}c.csv)、"
        f"![]({base}01-a/figures/d.svg)、[丁](//a.org)"
    )


def test_a_notebooks_cells_are_whole(recorded: Path) -> None:
    """A continued class is whole in each cell; solutions and hidden code are folded."""
    cells = cells_of(woven(recorded, "en", "notebooks/01-gates-01-not.ipynb"))
    words, code, note, example = (cell["source"] for cell in cells)
    assert words.startswith("# 1.1 The gate NOT\n\nTo run this notebook you need")
    assert "# (1)\n" in f"{code}\n" and note == "1. rounds down"
    assert example == "print(NOT(0), NOT(1), 1 / 3)"
    assert cells[-1]["outputs"][0]["text"] == "1 0 0.333333\n"
    cells = cells_of(woven(recorded, "en", "notebooks/02-sums-01-total.ipynb"))
    _, first, second, _, dot = (c for c in cells if c["cell_type"] == "code")
    assert "def __init__" in first["source"] and "def add" not in first["source"]
    assert "def __init__" in second["source"] and "def add" in second["source"]
    assert dot["metadata"]["tags"] == ["hide-input"]
    assert dot["outputs"][0]["data"]["image/svg+xml"].startswith("<svg")
    cells = cells_of(woven(recorded, "en", "notebooks/02-sums-02-exercises.ipynb"))
    (solution,) = (c for c in cells if c["cell_type"] == "code")
    assert solution["metadata"]["tags"] == ["hide-input", "raises-exception"]
    assert solution["outputs"][0]["ename"] == "TypeError"


@pytest.mark.parametrize(
    ("shown", "printed", "error"),
    [
        ("ValueError: no", "", "ValueError: no"),
        ("half\nValueError: no\ntwo", "half\n", "ValueError: no\ntwo"),
        ("TypeError: told\nValueError: no", "TypeError: told\n", "ValueError: no"),
        ("1\n\nStop: here\n  indented", "1\n", "Stop: here\n  indented"),
        ("KeyboardInterrupt", "", "KeyboardInterrupt"),
    ],
)
def test_a_notebook_keeps_an_error_apart(shown: str, printed: str, error: str) -> None:
    book = book_of(raising("1 / 0", shown))
    (cell,) = cells_of(weave_notebook(book, book.pages[0], "en", URL))
    assert cell["metadata"]["tags"] == ["raises-exception"]
    *streams, failure = cell["outputs"]
    assert "".join(stream["text"] for stream in streams) == printed
    assert "\n".join(failure["traceback"]) == error
    assert failure["ename"] == error.partition(":")[0]


def test_what_only_looks_like_an_error_is_none_in_a_notebook() -> None:
    book = book_of(python("print('ValueError: no')", "ValueError: no"))
    (cell,) = cells_of(weave_notebook(book, book.pages[0], "en", URL))
    (stream,) = cell["outputs"]
    assert (stream["text"], cell["metadata"]) == ("ValueError: no\n", {})


def test_a_notebook_borrows_what_a_chunk_has_from_elsewhere_in_its_file() -> None:
    book = book_of(
        chunk("x = 1\n\n\ndef f(): ..."),
        chunk("y = f(x)") + chunk("z = x") + python("x"),
        chunk("def g():\n    h(i())") + chunk("def h(): ..."),
        chunk("def i(): ..."),
    )
    files = edition_files(book, "en")
    code = [cell["source"] for cell in cells_of(files["notebooks/01-a-02-p.ipynb"])]
    assert code == ["from fishbook.a import f, x", "y = f(x)", "z = x", "x"]
    first, *_ = cells_of(files["notebooks/01-a-03-p.ipynb"])
    assert first["source"] == "from fishbook.a import h, i"


def test_weaving_writes_only_what_differs_and_clears_what_is_stale(
    book_root: Path, tmp_path: Path
) -> None:
    out = tmp_path / "woven"
    weave_edition(Book.load(book_root), "zh", out)
    before = {p: p.stat().st_mtime_ns for p in out.rglob("*") if p.is_file()}
    edit(book_root / SUMS, "By formula", "From formula")
    weave_edition(Book.load(book_root), "zh", out)
    assert {p: p.stat().st_mtime_ns for p in out.rglob("*") if p.is_file()} == before
    shutil.rmtree(book_root / "docs/a-extras")
    edit(book_root / GATES, "from fishbook.guards", "from numpy")
    (out / "01-gates/notes.md").touch()
    weave_edition(Book.load(book_root), "zh", out)
    left = {p.relative_to(out).as_posix() for p in before if not p.exists()}
    assert left == {
        "a-extras/index.md",
        "a-extras/01-guards.md",
        "notebooks/a-extras-01-guards.ipynb",
        "source/guards.md",
    }
    assert not (out / "a-extras").exists()
    assert (out / "01-gates/notes.md").exists(), "what no weave made is left alone"


@pytest.mark.parametrize("own", ["notes.md", "01-gates/01-not.md", "x/a.ipynb"])
def test_a_folder_with_own_files_is_refused(
    book_root: Path, tmp_path: Path, own: str
) -> None:
    write_text(tmp_path / "out" / own, "mine")
    with pytest.raises(LoomError, match="out: this folder holds files that no weave"):
        weave_edition(Book.load(book_root), "zh", tmp_path / "out")
    files = [p for p in (tmp_path / "out").rglob("*") if p.is_file()]
    assert [read_text(p) for p in files] == ["mine"]


def test_an_empty_repository_may_be_woven_into(book_root: Path, tmp_path: Path) -> None:
    write_text(tmp_path / "out/.git/objects/x.md", "a")
    weave_edition(Book.load(book_root), "zh", tmp_path / "out")
    weave_edition(Book.load(book_root), "zh", tmp_path / "out")
    assert read_text(tmp_path / "out/.git/objects/x.md") == "a"


def test_an_own_file_is_never_overwritten(book_root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    weave_edition(Book.load(book_root), "zh", out)
    new = "02-sums/03-new.md"
    write_text(book_root / "docs" / new, "# 新 | New {#new}\n")
    write_text(out / new, "mine")
    with pytest.raises(LoomError, match=r"03-new\.md: no weave wrote this file; move"):
        weave_edition(Book.load(book_root), "zh", out)
    assert read_text(out / new) == "mine"


def test_nothing_is_woven_among_pages_or_through_a_link(
    book_root: Path, tmp_path: Path
) -> None:
    book = Book.load(book_root)
    with pytest.raises(LoomError, match="docs/ holds the book's own files"):
        weave_edition(book, "zh", book_root / "docs/zh")
    out, away = tmp_path / "out", tmp_path / "away"
    out.mkdir()
    away.mkdir()
    (out / ".woven").touch()
    (out / "01-gates").symlink_to(away)
    with pytest.raises(LoomError, match="a link leads from here out of the folder"):
        weave_edition(book, "zh", out)
    assert not list(away.iterdir())


def test_a_linked_file_is_woven_too(book_root: Path, tmp_path: Path) -> None:
    (book_root / "docs/02-sums/数.bin").write_bytes(b"\0\xff")
    edit(book_root / SUMS, "点在图", "点在[数](%E6%95%B0.bin)图")
    edit(book_root / SUMS, "a dot in", "a [dot](%E6%95%B0.bin) in")
    assert check(Book.load(book_root)) == []
    weave_edition(Book.load(book_root), "zh", tmp_path / "out")
    assert (tmp_path / "out/02-sums/数.bin").read_bytes() == b"\0\xff"


def test_a_link_to_a_page_or_out_of_docs_copies_nothing(
    book_root: Path, tmp_path: Path
) -> None:
    goals = "[a](../01-gates/01-not.md) [b](../../fishbook/gates.py) [c](%2e%2e/../x)"
    edit(book_root / SUMS, "点在图", goals)
    weave_edition(Book.load(book_root), "zh", tmp_path / "out")
    assert '<div lang="en"' not in read_text(tmp_path / "out" / NOT)
    assert not list(tmp_path.rglob("out/**/gates.py"))


def test_a_figure_that_is_no_text_is_named(book_root: Path) -> None:
    (book_root / DOT).write_bytes(b"<svg>\xff</svg>")
    with pytest.raises(LoomError, match=r"dot\.svg:1: byte 0xff is not UTF-8"):
        edition_files(Book.load(book_root), "zh")


@pytest.mark.parametrize("text", ["P(y | x)", "a[x | y]", "x | y | z"])
def test_a_bar_that_parts_no_languages_stays(text: str) -> None:
    svg = f'<svg aria-label="{text}"><text>{text}</text></svg>'
    assert {weave_svg(svg, edition) for edition in EDITIONS} == {svg}


def test_a_bar_in_brackets_is_part_of_a_language() -> None:
    assert weave_svg("<t>甲 P(y | x) | a P(y | x)</t>", "en") == "<t>a P(y | x)</t>"


def test_a_mark_in_a_string_stays_in_a_notebook() -> None:
    page = "# 甲 | X {#x}\n\n" + python('x = " # (1)!"  # (1)!') + "\n1. 甲 | a\n"
    book = book_of(page)
    cells = cells_of(weave_notebook(book, book.pages[0], "en", URL))
    assert cells[1]["source"] == 'x = " # (1)!"  # (1)'
