"""The site as files: editions, what stands above them, and how it follows an edit."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

pytest.importorskip("material")

from fishbook.loom.edition import EDITIONS
from fishbook.loom.problem import LoomError
from fishbook.loom.site import Desk, EditionsServer, build

ROOT = Path(__file__).parent.parent
URL = "https://example.org/fishbook/"
CHAPTER = """\
# 门 | Gates {#gates}

<div lang="zh" markdown>

感知机与异或门，见 [下文](#more)；公式 $x_1$。

</div>
<div lang="en" markdown>

Perceptrons and XOR, see [below](#more); formula $x_1$.

</div>

$$ y = x_1 \\tag{1.1} $$

## 更多 | More {#more}

```python title="fishbook/gates.py"
def NOT(x: int) -> int:
    return 1 - x
```
"""


def copy_book(root: Path, chapter: str = CHAPTER) -> Path:
    """Make a book of one chapter with the real configuration."""
    (root / "docs").mkdir(parents=True)
    (root / "docs" / "index.md").write_text("# 书 | Book {#book}\n", encoding="utf-8")
    (root / "docs" / "01-gates.md").write_text(chapter, encoding="utf-8")
    shutil.copy(ROOT / "mkdocs.yml", root)
    theme = Path("fishbook", "loom", "site", "theme")
    shutil.copytree(ROOT / theme, root / theme)
    if not (ROOT / "node_modules").exists():
        pytest.skip("the site's npm packages are not installed: run `make setup`")
    (root / "node_modules").symlink_to(ROOT / "node_modules")
    return root


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the small book once."""
    root = copy_book(tmp_path_factory.mktemp("site") / "book")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FISHBOOK_SITE_URL", URL)
        build(root, strict=True)
    return root / "site"


def page(site: Path, edition: str) -> str:
    return (site / edition / "01-gates" / "index.html").read_text(encoding="utf-8")


def test_each_edition_has_its_language_and_its_words(site: Path) -> None:
    zh, en, both = (page(site, edition) for edition in EDITIONS)
    assert (
        '<html lang="zh"' in zh and "感知机与异或门" in zh and "Perceptrons" not in zh
    )
    assert '<html lang="en"' in en and "Perceptrons" in en and "感知机" not in en
    assert '<html lang="zh"' in both
    assert "感知机与异或门" in both and "Perceptrons and XOR" in both


def test_links_between_editions_are_absolute_and_true(site: Path) -> None:
    zh, en, both = (page(site, edition) for edition in EDITIONS)
    for html in (zh, en):
        assert f'hreflang="zh" href="{URL}zh/01-gates/"' in html
        assert f'hreflang="en" href="{URL}en/01-gates/"' in html
        assert "noindex" not in html
    assert '<meta name="robots" content="noindex">' in both
    assert f'<link rel="canonical" href="{URL}zh/01-gates/">' in both


def test_formulas_are_rendered_and_stay_out_of_the_search_index(site: Path) -> None:
    html = page(site, "zh")
    assert html.count('class="katex"') == 2
    assert "\\tag" not in re.sub(r"<annotation.*?</annotation>", "", html)
    index = (site / "zh" / "search" / "search_index.json").read_text(encoding="utf-8")
    assert "x_1" not in index and "katex" not in index


def test_each_edition_has_its_own_search_index(site: Path) -> None:
    texts = {}
    for edition in EDITIONS:
        file = site / edition / "search" / "search_index.json"
        index = json.loads(file.read_text(encoding="utf-8"))
        texts[edition] = " ".join(doc["title"] + doc["text"] for doc in index["docs"])
    assert "Perceptrons" not in texts["zh"] and "感知" not in texts["en"]
    assert "Perceptrons" in texts["en"] and "感知" in texts["zh"]


def test_a_chunks_title_leads_to_its_line_in_the_source(site: Path) -> None:
    link = re.search(
        r'<a href="([^"#]*)#([^"]+)">fishbook/gates.py</a>', page(site, "en")
    )
    assert link
    source = (site / "en" / "01-gates" / link[1] / "index.html").resolve()
    html = source.read_text(encoding="utf-8")
    line = html[html.index(f'id="{link[2]}"') :].partition("\n")[0]
    words = unescape(re.sub(r"<[^>]*>", "", f"<{line}")).strip()
    assert words == "def NOT(x: int) -> int:"


def test_the_root_leads_on(site: Path) -> None:
    for name in ("index.html", "404.html", "sitemap.xml", "robots.txt"):
        assert (site / name).exists()
    choice = (site / "index.html").read_text(encoding="utf-8")
    assert all(f'href="{edition}/"' in choice for edition in EDITIONS)
    sitemap = (site / "sitemap.xml").read_text(encoding="utf-8")
    assert f"{URL}zh/sitemap.xml" in sitemap and f"{URL}en/sitemap.xml" in sitemap


def test_no_page_names_another_host(site: Path) -> None:
    """Only links that a reader follows may leave; nothing is loaded from elsewhere."""
    loaded = re.compile(
        r'<(?:script|img|link|iframe)\b[^>]*(?:src|href)="(https?://[^"]+)'
    )
    for file in site.rglob("*.html"):
        for address in loaded.findall(file.read_text(encoding="utf-8")):
            assert address.startswith(URL), f"{file}: {address}"


@pytest.mark.parametrize("edition", EDITIONS)
def test_a_page_introduces_itself(site: Path, edition: str) -> None:
    html = page(site, edition)
    words = "感知机与异或门" if edition != "en" else "Perceptrons and XOR"
    assert f'<meta name="description" content="{words}' in html
    assert f'<meta property="og:description" content="{words}' in html
    assert '<meta property="og:type" content="article">' in html
    own = "zh" if edition == "zh-en" else edition
    assert f'<meta property="og:url" content="{URL}{own}/01-gates/">' in html


@pytest.mark.parametrize("folder", ["", *EDITIONS])
def test_lost_pages_have_one_title_and_stay_out_of_search_engines(
    site: Path, folder: str
) -> None:
    html = (site / folder / "404.html").read_text(encoding="utf-8")
    assert html.count("<h1") == 1
    assert html.count('<meta name="robots" content="noindex">') == 1


def test_fonts_are_the_sites_own(site: Path) -> None:
    css = (site / "en" / "assets" / "book.css").read_text(encoding="utf-8")
    for font in re.findall(r'url\("(fonts/[^"]+)"\)', css):
        assert (site / "en" / "assets" / font).read_bytes()[:4] == b"wOF2"
    assert (site / "en" / "assets" / "fonts" / "serif-LICENSE.txt").exists()


def test_titles_in_both_languages_are_parted(site: Path) -> None:
    html = page(site, "zh-en")
    nav = html[html.index('data-md-level="0"') :]
    assert re.search(r'门\s<span lang="en">Gates</span>', nav)
    assert re.search(r'更多\s<span lang="en">More</span>', nav)
    assert "搜索 Search" in html


@pytest.mark.parametrize("edition", EDITIONS)
def test_there_is_a_page_for_lost_readers(site: Path, edition: str) -> None:
    html = (site / edition / "404.html").read_text(encoding="utf-8")
    assert ("No such page" in html) == (edition != "zh")
    assert ("没有这一页" in html) == (edition != "en")


def test_plain_mkdocs_builds_all_editions_too(tmp_path: Path) -> None:
    root = copy_book(tmp_path / "book")
    env = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"]
    done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for edition in EDITIONS:
        assert "katex" in page(root / "site", edition)
    assert (root / "site" / "index.html").exists()


def test_a_strict_build_wants_a_book_without_problems(tmp_path: Path) -> None:
    """A lone div would leave the page of both languages in pieces."""
    alone = '# 一 | One {#one}\n\n<div lang="zh" markdown>\n\n中文\n\n</div>\n'
    root = copy_book(tmp_path / "book", alone)
    with pytest.raises(LoomError, match="has no English twin"):
        build(root, strict=True)


def test_a_wrong_formula_is_an_error_that_names_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = copy_book(tmp_path / "book", CHAPTER.replace("x_1$", "\\frac{1$"))
    with pytest.raises(LoomError, match="not built"):
        build(root)
    said = capsys.readouterr().err
    assert "01-gates.md" in said and "frac" in said


def test_missing_npm_packages_are_an_error_that_says_what_to_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = copy_book(tmp_path / "book")
    (root / "node_modules").unlink()
    with pytest.raises(LoomError, match="not built"):
        build(root)
    assert "make setup" in capsys.readouterr().err


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Give a served site in its first state."""
    root = copy_book(tmp_path / "book")
    (tmp_path / "served").mkdir()
    desk = Desk(root, tmp_path / "served", "http://127.0.0.1:8000/")
    assert desk.refresh() == list(EDITIONS)
    return desk


def edit(desk: Desk, old: str, new: str) -> None:
    path = desk.root / "docs" / "01-gates.md"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_an_edit_rebuilds_only_what_it_changes(desk: Desk) -> None:
    assert desk.refresh() == []
    edit(desk, "Perceptrons and XOR", "Perceptrons and NAND")
    assert desk.refresh() == ["en", "zh-en"]
    assert "and NAND" in page(desk.site, "en")


def test_a_mistake_keeps_the_last_good_site(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(desk, "</div>\n<div lang", "<div lang")
    desk.follow()
    assert "docs/01-gates.md:3:" in capsys.readouterr().err
    assert "Perceptrons and XOR" in page(desk.site, "en")
    edit(desk, "感知机与异或门，见 [下文](#more)；公式 $x_1$。\n\n", "新。\n\n</div>\n")
    desk.follow()
    assert "新。" in page(desk.site, "zh")


@pytest.fixture
def server(desk: Desk) -> Iterator[str]:
    """Serve a site on a free port of this machine."""
    server = EditionsServer(desk.follow, "127.0.0.1", 0, str(desk.site))
    server.server_bind()
    server.server_activate()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    super(EditionsServer, server).shutdown()


def test_the_server_answers_and_has_a_page_for_wrong_addresses(
    desk: Desk, server: str
) -> None:
    with urllib.request.urlopen(f"{server}/en/01-gates/", timeout=10) as answer:
        assert "Perceptrons" in answer.read().decode()
    for path, words in [("/en/x/", "No such page"), ("/zh/x/", "没有这一页")]:
        with pytest.raises(urllib.error.HTTPError) as wrong:
            urllib.request.urlopen(server + path, timeout=10)
        assert wrong.value.code == 404
        assert words in wrong.value.read().decode()
