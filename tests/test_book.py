"""The real book: no fence is left out, the package equals the chapters."""

from __future__ import annotations

import compileall
import re
import subprocess
import sys
from pathlib import Path

from markdown_it import MarkdownIt

from fishbook.loom.book import Book
from fishbook.loom.tangle import differences

ROOT = Path(__file__).parent.parent


def test_pytest_collects_every_python_fence_once() -> None:
    """Counted by another parser on one side, by pytest itself on the other."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "docs"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8")
    collected = re.findall(r"^docs/(.+\.md)::line:(\d+),", done.stdout, re.M)
    assert len(collected) == len(set(collected))
    for path in sorted((ROOT / "docs").glob("*.md")):
        text = path.read_text(encoding="utf-8")
        tokens = MarkdownIt("commonmark").parse(text)
        fences = {
            token.map[0] + 1
            for token in tokens
            if token.type == "fence" and token.map and token.info.startswith("py")
        }
        hidden = {
            text.count("\n", 0, match.start()) + 1
            for match in re.finditer(r"^<!---? *invisible-code-block", text, re.M)
        }
        lines = {int(line) for name, line in collected if name == path.name}
        assert lines == fences | hidden, path.name


def test_the_package_equals_the_chapters() -> None:
    assert differences(Book.load(ROOT)) == []


def test_the_package_compiles() -> None:
    assert compileall.compile_dir(ROOT / "fishbook", quiet=1)
