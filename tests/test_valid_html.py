"""All pages are HTML as its standard knows it, and nothing that readers trip over."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sites import BOOK, KINDS, ROOT

from fishbook.loom.edition import EDITIONS
from fishbook.loom.problem import Problem
from fishbook.loom.site.build import page_of_root

SETTINGS = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
MOVED = re.search(r"\n      moved:\n +([^:]+):", SETTINGS)


def wrong(pages: dict[str, str]) -> list[str]:
    """Give what html-validate says is wrong with pages, in one process for all."""
    if not (ROOT / "node_modules" / "html-validate").exists():
        pytest.skip("needs html-validate: npm ci")
    beside = shutil.which("node", path=str(Path(sys.executable).parent))
    done = subprocess.run(
        [beside or "node", ROOT / "tests" / "validate.mjs"],
        input=json.dumps(pages),
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def read(site: Path, names: list[str]) -> dict[str, str]:
    """Give pages of a site; an address with a slash is the folder's first one."""
    files = [name + "index.html" * (not name.endswith("html")) for name in names]
    return {name: (site / name).read_text(encoding="utf-8") for name in files}


def lighter(html: str) -> str:
    """Leave out the pieces of formulas and of code, half of all there is to read."""
    html = re.sub(r"<math.*?</math>", "", html, flags=re.S)
    return re.sub(r'<span( class="[^"]*")?>([^<]*)</span>', r"\2", html)


def test_every_page_is_valid(site: Path) -> None:
    assert MOVED
    both = [p.relative_to(site).as_posix() for p in site.glob("zh-en/**/*.html")]
    kinds = [f"{e}/{w}" for e in EDITIONS for w in [*KINDS.values(), f"{MOVED[1]}/"]]
    pages = {name: lighter(html) for name, html in read(site, both).items()}
    pages |= read(site, [*kinds, "", "404.html"])
    assert len(pages) > len(BOOK.pages) + len(kinds)
    assert wrong(pages) == []


def test_the_page_with_a_books_mistakes_is_valid() -> None:
    problem = Problem("docs/index.md", 3, "what <is> wrong", "mend it")
    shown = {"place": problem.path, "what": problem.what, "fix": problem.fix}
    page = page_of_root("error.html", root="/", problems=[shown, shown])
    assert wrong({"error.html": page}) == []


def test_what_is_not_valid_is_said() -> None:
    bad = {
        "no-implicit-close": "<p><div></div></p>",
        "no-dup-id": '<p id="a"></p><p id="a"></p>',
        "element-permitted-content": "<ul><p>one</p></ul>",
        "valid-autocomplete": '<input type="checkbox" autocomplete="off">',
        "no-raw-characters": "<p>a & b</p>",
        "no-inline-style": '<p style="letter-spacing: 0 !important">a</p>',
        "wcag/h37": '<img src="a.svg">',
        "wcag/h30": '<a href="#a"></a>',
        "text-content": '<button type="button"></button>',
        "empty-heading": "<h2></h2>",
        "element-required-content": "<details>a</details>",
        "element-permitted-parent": "<div><li>one</li></div>",
        "aria-label-misuse": '<p aria-label="a">b</p>',
        "hidden-focusable": '<p aria-hidden="true"><a href="#a">a</a></p>',
        "multiple-labeled-controls": '<label>a<input type="text"><input></label>',
        "no-abstract-role": '<p role="command">a</p>',
    }
    said = "\n".join(wrong(bad))
    assert [
        rule for rule in bad if not re.search(f"^{rule}:.*: {rule}:", said, re.M)
    ] == []
