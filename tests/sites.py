"""Built sites, made once for all workers, and what serves them to a browser."""

from __future__ import annotations

import functools
import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from html import unescape
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from books import TWINS, make_book, write_text

from fishbook.loom.blocks import Pair
from fishbook.loom.book import Book
from fishbook.loom.markdown import address
from fishbook.loom.page import Page
from fishbook.loom.tangle import tangle
from fishbook.loom.weave import source_page

ROOT = Path(__file__).parent.parent
BOOK = Book.load(ROOT)
HOME = "http://fishbook.test/book/"
"""Where the sites say they stand, and where the browser finds them."""
SOURCES = [f"{source_page(target).removesuffix('.md')}/" for target in tangle(BOOK)]
PAGES = [*map(address, BOOK.pages), *SOURCES]
EXERCISES = next(page for page in BOOK.pages if page.has_exercises)
KINDS = {
    "first": "",
    "chapter": f"{EXERCISES.chapter}/",
    "page": next(address(page) for page in BOOK.pages if page.definitions),
    "exercises": address(EXERCISES),
    "lab": next(address(page) for page in BOOK.pages if page.is_lab),
    "source": SOURCES[0],
    "lost": "404.html",
}
"""A page of each kind: what all of them have in common is looked at here."""

ZH = """\
样样都有一点。公式 $a < b$，代码 `x = "$y$"`，见[求和](#sums)、
[](#eq-half)、[](#fig-lab-dot)。

| 甲 | 乙 |
| --- | --- |
| 1 | $x_1$ |"""
EN = """\
A bit of all. Formula $a < b$, code `x = "$y$"`, see [sums](#sums), [](#eq-half), and
[](#fig-lab-dot).

| a | b |
| --- | --- |
| 1 | $x_1$ |"""
LAB = f"# 实验：样样有 | Lab: a bit of all {{#lab-forms}}\n\n{TWINS.format(ZH, EN)}"
LAB += r"""
## 一节 | A part {#lab-part}

$$
y = \frac{1}{2} \tag{eq-half}
$$

```python
from math import floor

print([floor(x) for x in (1.5, 0.5)], "<b>")  # (1)!
```

1. 两个值 | two values

```output
[1, 0] <b>
```

```python hidden
class Dot:
    def _repr_svg_(self):
        dot = '<circle cx="4.5" cy="4.5" r="2" fill="#1f2533"/>'
        return f'<svg width="9" height="9" viewBox="0 0 9 9">{dot}</svg>'


Dot()
```

![“一个”点 | A "round" dot](figures/lab-dot.svg "点在 $x$ | The dot at $x$")

<details markdown><summary>解答 | Solution</summary>

```python
floor("x")
```

```output raises
TypeError: must be real number, not str
```

</details>
"""
MOVED = re.compile(r"(?<=      moved:\n)(?:        .*\n)+")


def once(
    factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]
) -> Path:
    """Give a folder that the first worker to come fills for all others."""
    base = factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, done = shared / name, shared / f"{name}.done"
    try:
        folder.mkdir()
    except FileExistsError:
        while not done.exists():
            time.sleep(0.1)
    else:
        said = "its maker was stopped"
        try:
            make(folder)
            said = ""
        except Exception as error:
            said = repr(error)
        finally:
            write_text(shared / f"{name}.said", said)
            (shared / f"{name}.said").replace(done)
    if said := done.read_text(encoding="utf-8"):
        pytest.fail(f"{name} could not be made: {said}")
    return folder


def configured(root: Path, moved: str = "") -> Path:
    """Let a book be built with the configuration and the theme of this checkout."""
    if not (ROOT / "node_modules" / "katex").exists():
        pytest.skip("needs the site's npm packages: make setup")
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    text = text.replace("custom_dir: ", f"custom_dir: {ROOT.as_posix()}/")
    text = MOVED.sub(moved, text) if moved else text
    write_text(root / "mkdocs.yml", text)
    (root / "node_modules").symlink_to(ROOT / "node_modules")
    return root


def built(root: Path) -> Path:
    """Build a book's site as strictly as can be."""
    from fishbook.loom.site.build import build

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FISHBOOK_SITE_URL", HOME)
        build(root, strict=True)
    return root / "site"


def copy_real(root: Path) -> Path:
    """Copy what a build of the real book reads, so that the book is left alone."""
    shutil.copytree(ROOT / "docs", root / "docs")
    return configured(root)


def build_real(root: Path) -> None:
    """Build the site of a copy of the real book."""
    built(copy_real(root))


def build_small(root: Path) -> None:
    """Build the site of the small book."""
    make_book(root, {"docs/02-sums/lab-forms.md": LAB})
    built(configured(root, "        old/gate: not-formula\n"))


class Html(HTMLParser):
    """One file of a site: its ids, its links, how large it is, what it says."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.text = path.read_text(encoding="utf-8")
        self.ids: list[str] = []
        self.links: list[str] = []
        self.elements = 0
        self.feed(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.elements += 1
        self.ids += filter(None, [attributes.get("id")])
        self.links += filter(None, map(attributes.get, ("href", "src")))

    @cached_property
    def article(self) -> str:
        """The part that belongs to the page alone, as HTML."""
        return self.text.partition("<article")[2].partition("</article>")[0]

    @cached_property
    def words(self) -> str:
        """The article's words without code, figures and formulas."""
        return plain(LEFT_OUT.sub("", self.article))


LEFT_OUT = re.compile(r"<(pre|svg|code|math|script|style)\b.*?</\1>", re.S)


def plain(html: str) -> str:
    """Give the words of HTML, blanks made one."""
    return " ".join(unescape(re.sub(r"<[^>]*>", "", html)).split())


def load(site: Path, edition: str, where: str) -> Html:
    """Give the page at an address of an edition."""
    return Html(site / edition / where / "index.html")


def prose_of(page: Page, language: str) -> str:
    """Give a page's prose in one language, as it was written."""
    pairs = (block for block in page.blocks if isinstance(block, Pair))
    return "\n".join(getattr(pair.text, language) for pair in pairs)


class Handler(SimpleHTTPRequestHandler):
    """Serves a site below a folder as a static host does, with its 404 page."""

    def translate_path(self, path: str) -> str:
        return super().translate_path(path.removeprefix("/book"))

    def send_error(self, code: int, *args: Any, **kwargs: Any) -> None:
        page = Path(self.directory, "404.html").read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(page)

    def log_message(self, *args: Any) -> None:
        """Stay quiet."""


@contextmanager
def served(site: Path) -> Iterator[int]:
    """Serve a site on a free port."""
    handler = functools.partial(Handler, directory=str(site))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()
