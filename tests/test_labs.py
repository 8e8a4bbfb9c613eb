"""Labs: bilingual Markdown in docs/labs/, shown as notebooks on pages of their own."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from books import edit, make_book, write_text

from fishbook.loom.book import Book
from fishbook.loom.check import check
from fishbook.loom.problem import LoomError
from fishbook.loom.run import record
from fishbook.loom.tangle import tangle
from fishbook.loom.weave import EDITIONS, edition_files

ROOT = Path(__file__).parent.parent
LAB = """\
# 实验：门 | Lab: gates {#lab-gates}

<div lang="zh" markdown>

公式 $a < b$，代码 `x = "$y$"`，见[求和](../02-sums.md#sums)和[下面](#lab-part)。

| 甲 | 乙 |
| --- | --- |
| 1 | $x_1$ |

</div>
<div lang="en" markdown>

A formula $a < b$, code `x = "$y$"`, see [sums](../02-sums.md#sums) and
[below](#lab-part).

| a | b |
| --- | --- |
| 1 | $x_1$ |

</div>

## 一节 | A part {#lab-part}

$$
y = \\frac{1}{2} \\tag{L.1}
$$

```python
from math import floor

print([floor(x) for x in (1.5, 0.5)], "<b>")  # (1)!
```

1. 两个值 | two values

```output
[1, 0] <b>
```

<!--- invisible-code-block: python
class Dot:
    def _repr_svg_(self):
        return (
            '<svg width="9" height="9" viewBox="0 0 9 9">'
            '<circle cx="4.5" cy="4.5" r="2" fill="#1a5fb4"/></svg>'
        )


Dot()
-->

![一个点 $x$ | A dot $x$](../figures/lab-dot.svg)

<details markdown><summary>解答 | Solution</summary>

```python
floor("x")
```

```output
TypeError: must be real number, not str
```

</details>
"""
PATH = Path("docs", "labs", "01-try.md")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give a book of two chapters and a lab to the first."""
    root = make_book(tmp_path / "book")
    (root / "docs" / "labs").mkdir()
    write_text(root / PATH, LAB)
    edit(
        root / "docs" / "01-gates.md",
        "[下一章](02",
        "[实验](labs/01-try.md)与[下一章](02",
    )
    edit(root / "docs" / "01-gates.md", "[the next", "[lab](labs/01-try.md), [the next")
    record(Book.load(root))
    return root


def problems(root: Path) -> str:
    return "\n".join(str(problem) for problem in check(Book.load(root)))


def test_a_lab_comes_after_its_chapter(root: Path) -> None:
    book = Book.load(root)
    assert [c.slug for c in book.chapters] == ["01-gates", "labs/01-try", "02-sums"]
    assert not any(
        "labs" in str(path) for t in tangle(book).values() for path in t.places
    )


def test_a_lab_is_run_recorded_and_checked(root: Path) -> None:
    assert problems(root) == ""
    assert (root / "docs" / "figures" / "lab-dot.svg").exists()
    edit(root / PATH, "[1, 0] <b>", "[0, 0] <b>")
    assert record(Book.load(root), [root / PATH]) == [PATH.as_posix()]
    assert "[1, 0] <b>" in (root / PATH).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "```python\nfloor",
            '```python title="fishbook/a.py"\nfloor',
            "adds nothing to the",
        ),
        ("(../figures/lab-dot", "(figures/lab-dot", "write ../figures/lab-dot.svg"),
        ("{#lab-part}", "{#sums}", "anchor {#sums} stands at"),
        ("see [sums](../02-sums.md#sums)", "see sums", "links differ"),
        ("(../02-sums.md#sums)和", "(../02-sums.md#nowhere)和", "no anchor #nowhere"),
        ("(../02-sums.md#sums)和", "(02-sums.md#sums)和", "labs/02-sums.md does not"),
        ("(../02-sums.md#sums)和", "(../../02.md)和", "leaves docs/"),
    ],
)
def test_a_mistake_in_a_lab_is_found(
    root: Path, old: str, new: str, words: str
) -> None:
    edit(root / PATH, old, new)
    assert words in problems(root)
    assert PATH.as_posix() in problems(root)


def test_a_chapter_may_not_reach_up_for_figures(root: Path) -> None:
    edit(root / "docs" / "02-sums.md", "(figures/dot", "(../figures/dot")
    with pytest.raises(LoomError, match=r"write figures/dot\.svg"):
        record(Book.load(root))


def test_a_link_from_a_chapter_to_no_lab_is_found(root: Path) -> None:
    edit(root / "docs" / "01-gates.md", "[lab](labs/01-try.md)", "[lab](labs/9.md)")
    assert "docs/labs/9.md does not exist" in problems(root)


@pytest.mark.parametrize("edition", EDITIONS)
def test_a_lab_is_woven_to_a_notebook(root: Path, edition: str) -> None:
    nbformat = pytest.importorskip("nbformat")
    files = edition_files(Book.load(root), edition, "https://example.org/")
    assert files["labs/01-try.ipynb"] == files["notebooks/labs-01-try.ipynb"]
    assert "labs/01-try.md" not in files
    made = nbformat.reads(files["labs/01-try.ipynb"], as_version=4)
    nbformat.validate(made)
    words = "\n".join(c.source for c in made.cells if c.cell_type == "markdown")
    assert f"(https://example.org/{edition}/02-sums/#sums)" in words
    assert f"(https://example.org/{edition}/labs/01-try/#lab-part)" in words
    assert ("公式" in words) is (edition != "en")
    assert ("A formula" in words) is (edition != "zh")
    marked = [words.count(f'<div lang="{lang}">') for lang in ("zh", "en")]
    assert marked[0] == marked[1] == words.count('<div class="pair">')
    assert bool(marked[0]) is (edition == "zh-en")
    assert "{#" not in words
    assert "](labs/01-try.ipynb)" in files["01-gates.md"]


def test_the_downloaded_notebook_runs(root: Path) -> None:
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    made = edition_files(Book.load(root), "en")["notebooks/labs-01-try.ipynb"]
    run = nbformat.reads(made, as_version=4)
    nbclient.NotebookClient(
        run, timeout=1200, resources={"metadata": {"path": str(root)}}
    ).execute()
    code = [cell for cell in run.cells if cell.cell_type == "code"]
    assert code[0].outputs[0].text == "[1, 0] <b>\n"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site of the small book with its lab."""
    pytest.importorskip("mkdocs_jupyter")
    if not (ROOT / "node_modules" / "katex").exists():
        pytest.skip("the site's npm packages are not installed: make setup")
    from fishbook.loom.site import build

    root = make_book(tmp_path_factory.mktemp("labs") / "book")
    (root / "docs" / "labs").mkdir()
    write_text(root / PATH, LAB)
    write_text(root / "docs" / "index.md", "# 书 | Book {#book}\n")
    edit(
        root / "docs" / "01-gates.md",
        "[下一章](02",
        "[实验](labs/01-try.md)与[下一章](02",
    )
    edit(root / "docs" / "01-gates.md", "[the next", "[lab](labs/01-try.md), [the next")
    edit(
        root / "docs" / "02-sums.md",
        '<svg viewBox="0 0 9 9">',
        '<svg width="9" height="9" viewBox="0 0 9 9">',
    )
    shutil.copy(ROOT / "mkdocs.yml", root)
    theme = "custom_dir: fishbook/loom/site/theme"
    edit(root / "mkdocs.yml", theme, f"custom_dir: {ROOT / 'fishbook/loom/site/theme'}")
    (root / "node_modules").symlink_to(ROOT / "node_modules")
    record(Book.load(root))
    build(root, strict=True)
    return root / "site"


def page(site: Path, edition: str) -> str:
    """Give the article of the lab's page."""
    html = (site / edition / "labs" / "01-try" / "index.html").read_text(
        encoding="utf-8"
    )
    article = re.search(r"<article.*?</article>", html, re.S)
    assert article
    return article[0]


@pytest.mark.parametrize("edition", EDITIONS)
def test_a_labs_page_is_made_as_a_chapters(site: Path, edition: str) -> None:
    html = page(site, edition)
    assert html.count('class="katex"') == (7 if edition == "zh-en" else 4)
    assert '<code>x = "$y$"</code>' in html
    assert '<h1 id="lab-gates">' in html
    assert '<h2 id="lab-part">' in html
    assert "var(--fig-blue,#1a5fb4)" in html
    assert re.search(r"<figcaption>[^<]*(一个点|A dot)", html)
    assert html.count("<summary>") == 2
    assert "<summary></summary>" not in html
    assert 'href="../../02-sums/#sums"' in html
    assert 'href="../../notebooks/labs-01-try.ipynb" download' in html
    assert "&lt;b&gt;" in html
    assert re.search(r'data-note="1".*?</div>\s*<ol class="notes">', html, re.S)


@pytest.mark.parametrize("edition", EDITIONS)
def test_a_labs_page_brings_nothing_of_jupyters(site: Path, edition: str) -> None:
    html = page(site, edition)
    for foreign in ("<style", "<script", "clipboard-copy", "jp-", "In\xa0[", "MathJax"):
        assert foreign not in html
    assert len(html) < 100_000
    addresses = re.findall(r'(?:src|href)="(https?://[^"/]+)', html)
    assert addresses == []


@pytest.mark.parametrize("edition", EDITIONS)
def test_the_contents_lead_to_the_anchors(site: Path, edition: str) -> None:
    html = (site / edition / "labs" / "01-try" / "index.html").read_text(
        encoding="utf-8"
    )
    assert html.count('href="#lab-part"') >= 2
    assert "Lab: gates" not in html if edition == "zh" else "Lab: gates" in html
    assert "门 · Lab" not in html


def test_the_index_has_words_once_and_no_tex(site: Path) -> None:
    text = (site / "zh" / "search" / "search_index.json").read_text(encoding="utf-8")
    found = [d for d in json.loads(text)["docs"] if d["location"].startswith("labs/")]
    assert [d["location"] for d in found] == ["labs/01-try/", "labs/01-try/#lab-part"]
    words = " ".join(d["text"] for d in found)
    assert words.count("from math import floor") == 1
    assert "frac" not in words
    assert "Copied" not in words


def test_a_chapter_leads_to_its_lab(site: Path) -> None:
    html = (site / "en" / "01-gates" / "index.html").read_text(encoding="utf-8")
    assert 'href="../labs/01-try/"' in html
    assert (site / "en" / "sitemap.xml").read_text().count("labs/01-try/") == 1
