"""Serving the small book: edits, mistakes, folders that go, and what is left behind."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from books import DOT, GATES, SUMS, edit, read_text, run_cli, write_text
from serving import FISHBOOK, MKDOCS, Served, serving
from watchdog.events import FileSystemEvent, FileSystemEventHandler

pytest.importorskip("material", reason="needs the extra `site`")

from fishbook.loom import disk
from fishbook.loom.book import Book
from fishbook.loom.edition import EDITIONS
from fishbook.loom.site import serve
from fishbook.loom.site.build import build
from fishbook.loom.site.live import Live
from fishbook.loom.site.serve import Watcher, bracketed
from fishbook.loom.weave import edition_files

TOTAL, LAB = "02-sums/01-total/", "docs/02-sums/lab-forms.md"
OLD, NEW, NEWER = "a dot in", "a spot in", "a speck in"


def change_all(root: Path) -> None:
    """Edit prose, code, a chunk, a lab and a figure of the small book."""
    edit(root / SUMS, OLD, NEW)
    edit(root / SUMS, "self.value = NOT(1)", "self.value = NOT(1)\n        self.n = 0")
    edit(
        root / GATES,
        "return 1 - floor(real(x))",
        "y = floor(real(x))\n    return 1 - y",
    )
    edit(root / LAB, "A bit of all.", "A bit more.")
    edit(root / LAB, "print([floor(x)", "# floors\nprint([floor(x)")
    edit(root / DOT, 'r="2"', 'r="3"')


def left_behind(served: Served, name: str) -> list[Path]:
    """End a server by a signal; give its folders that are still there."""
    if os.name == "nt":  # which has other signals
        return []
    folders = [path for path in (served.root / "tmp").iterdir() if path.is_dir()]
    assert folders
    served.process.send_signal(getattr(signal, name))
    served.process.wait(timeout=60)
    return [path for path in folders if path.exists()]


def test_what_is_served_after_edits_is_what_a_build_gives(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(copied, FISHBOOK) as served:
        for edition in EDITIONS:
            assert OLD in served.get(f"en/{TOTAL}")
            assert "<article" in served.get(f"{edition}/{TOTAL}")
        (lab,) = (copied / "tmp").glob("*/en/02-sums/lab-forms/index.html")
        before = lab.read_bytes()
        change_all(copied)
        served.wait(lambda: NEW in served.get(f"en/{TOTAL}"))
        assert lab.read_bytes() == before, "made before anyone asks for it"
        served.wait(lambda: 'r="3"' in served.get("zh/02-sums/figures/dot.svg"))
        served.wait(lambda: "bit more" in served.get("zh-en/02-sums/lab-forms/"))
        monkeypatch.setenv("FISHBOOK_SITE_URL", served.url)
        build(copied)
        site = copied / "site"
        paths = [path for path in site.rglob("*") if path.is_file()]
        names = {path.relative_to(site).as_posix() for path in paths}
        assert "en/search.json" in names and len(names) > 100
        assert [
            name
            for name in sorted(names)
            if not name.endswith("sitemap.xml.gz")
            and served.bytes_of(name) != (site / name).read_bytes()
        ] == []
        assert left_behind(served, "SIGHUP") == []


def test_a_mistake_is_shown_in_the_browser_at_its_line(copied: Path) -> None:
    page, line = f"en/{TOTAL}", 9
    with serving(copied, FISHBOOK) as served:
        edit(copied / SUMS, "$x$ in", "$\\frac{x<b>$ in")
        told = [f"{SUMS}:{line}", "frac{x&lt;b&gt;", "var livereload = "]
        served.wait(lambda: all(words in served.get(page) for words in told))
        shown = served.get(page)
        assert "KaTeX parse error" in shown and "mend the formula" in shown
        assert "frac{x&lt;b&gt;" in shown and "frac{x<b>" not in shown
        assert "这一页还不能显示" in shown and "can&#39;t be shown yet" in shown
        assert "var livereload = " in shown
        served.wait(lambda: "<article" not in served.get("zh/a-extras/"))
        assert "var livereload = " not in served.get("en/assets/book.css")
        edit(copied / SUMS, "$\\frac{x<b>$ in", "$x$ in")
        edit(copied / SUMS, OLD, NEW)
        served.wait(lambda: NEW in served.get(page))
        served.wait(lambda: "<article" in served.get("zh/a-extras/"))
        modules = (copied / "node_modules").readlink()
        (copied / "node_modules").unlink()
        edit(copied / SUMS, NEW, NEWER)
        edit(copied / SUMS, "$x$ in", "$x_{77}$ in")
        served.wait(lambda: "run `make setup`" in served.get(page))
        (copied / "node_modules").symlink_to(modules)
        served.wait(lambda: NEWER in served.get(page))
        write_text(copied / DOT, "<svg/>")
        served.wait(lambda: "figures/dot.svg: width" in served.get(page))
        edit(copied / "mkdocs.yml", "name: material", "name: nothing")
        served.wait(lambda: "theme name: &#39;nothing&#39;" in served.get(page))


def test_pages_may_be_new_and_go_and_come_back(copied: Path) -> None:
    page = f"en/{TOTAL}"
    with serving(copied, FISHBOOK) as served:
        assert OLD in served.get(page)
        write_text(copied / "docs/01-gates/lab-new.md", "# 新 | Quite new {#new}\n")
        served.wait(lambda: "Quite new" in served.get(f"en/{GATES[5:-3]}/"))
        edit(copied / SUMS, "A total", "A grand total")
        served.wait(lambda: "A grand total" in served.get("en/02-sums/"))
        assert "A grand total" in served.get("zh-en/02-sums/lab-many/")
        (copied / "docs").rename(copied / "away")
        served.wait(lambda: "no pages here" in served.get(page))
        (copied / "away").rename(copied / "docs")
        served.wait(lambda: OLD in served.get(page))
        edit(copied / SUMS, OLD, NEW)
        served.wait(lambda: NEW in served.get(page))
        assert left_behind(served, "SIGTERM") == []


def test_what_is_cleared_away_while_it_is_served_is_made_again(copied: Path) -> None:
    with serving(copied, FISHBOOK) as served:
        assert OLD in served.get(f"en/{TOTAL}")
        for folder in filter(Path.is_dir, [*(copied / "tmp").iterdir()]):
            shutil.rmtree(folder)
        edit(copied / SUMS, OLD, NEW)
        served.wait(lambda: NEW in served.get(f"en/{TOTAL}"), tries=300)
        assert "<article" in served.get(f"zh/{TOTAL}")
        assert served.get("en/assets/made.css")
        assert "Traceback" not in read_text(served.said)


SCRATCH = [".#01-total.md", "._01-total.md", ".draft.md", "01-total.md~", "4913"]
SCRATCH += ["#01-total.md#", ".01-total.md.swp", "01-total.md.tmp", ".hidden/x.md"]


def test_an_editors_own_files_change_nothing(copied: Path) -> None:
    before, files = disk.stamps(copied / "docs"), edition_files(Book.load(copied), "en")
    for name in SCRATCH:
        write_text(copied / "docs" / "02-sums" / name, "\0")
        write_text(copied / "docs" / "02-sums" / "figures" / name, "\0")
    for folder in ("02-sums", "02-sums/figures"):
        (copied / "docs" / folder / ".#gone.svg").symlink_to("nobody@nowhere:1")
        (copied / "docs" / folder / ".#gone.md").symlink_to("nobody@nowhere:1")
    assert disk.stamps(copied / "docs") == before
    assert edition_files(Book.load(copied), "en") == files
    write_text(copied / SUMS, read_text(copied / SUMS) + "\n")
    assert disk.stamps(copied / "docs") != before


def test_who_looks_for_changes_waits_for_who_makes_the_pages(tmp_path: Path) -> None:
    seen: list[str] = []

    class Lock:
        def acquire(self, timeout: float) -> bool:
            seen.append("taken")
            return True

        def release(self) -> None:
            seen.append("given back")

    class Told(FileSystemEventHandler):
        def dispatch(self, event: FileSystemEvent) -> None:
            seen.append("told")
            watcher.stop()

    lock: Any = Lock()
    watcher = Watcher(lock)
    watcher.schedule(Told(), str(tmp_path))
    write_text(tmp_path / "page.md", "")
    watcher.start()
    watcher.join()
    assert seen == ["taken", "told", "given back"]


def test_a_page_that_is_edited_again_doesnt_wait_for_a_look_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = threading.Semaphore(0)

    class Told(FileSystemEventHandler):
        def dispatch(self, event: FileSystemEvent) -> None:
            told.release()

    cost = itertools.count(step=10**6)  # a look takes a million seconds: the next waits
    monkeypatch.setattr(serve.time, "thread_time", lambda: next(cost))
    watcher = Watcher(threading.RLock())
    watcher.schedule(Told(), str(tmp_path))
    write_text(tmp_path / "page.md", "")
    watcher.start()
    assert told.acquire(timeout=60)
    write_text(tmp_path / "page.md", "edited again")
    assert told.acquire(timeout=60)
    watcher.stop()
    watcher.join()


def test_who_looks_for_changes_ends_though_a_lock_is_never_given_back() -> None:
    lock = threading.RLock()
    with lock:
        watcher = Watcher(lock)
        watcher.start()
        watcher.stop()
        watcher.join(timeout=60)
        assert not watcher.is_alive()


def test_an_address_that_no_file_can_have_is_only_not_found() -> None:
    asked: list[str] = []
    server = SimpleNamespace(
        mount_path="/", serve_request=lambda environ, _: asked.append(*environ.values())
    )
    live: Any = SimpleNamespace(server=server, editions=())
    Live.answer(live, {"PATH_INFO": "/en/\0/"}, print)
    assert asked == ["/en/?/"]


def test_two_servers_keep_their_links_apart(copied: Path) -> None:
    notebook = "en/notebooks/02-sums-01-total.ipynb"
    with serving(copied, FISHBOOK) as one, serving(copied, MKDOCS) as other:
        for served in (one, other):
            assert f"{served.url}en/01-gates/01-not/" in served.get(notebook)
        edit(copied / SUMS, OLD, NEW)
        for served in (one, other):
            served.wait(lambda served=served: NEW in served.get(f"en/{TOTAL}"))
            assert f"{served.url}en/01-gates/01-not/" in served.get(notebook)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--port", "99999"), "99999"),
        (("--port", "0"), "0"),
        (("--host", "no.such.host.invalid"), "no.such.host.invalid"),
        (("--host", "192.0.2.1"), "192.0.2.1"),
    ],
)
def test_an_impossible_address_is_named_before_anything_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run_cli("serve", *options)
    assert result.exit_code and said in result.output
    assert "mkdocs.yml" not in result.output


def test_a_busy_port_is_named_before_anything_is_built(copied: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        for command in (FISHBOOK, MKDOCS):
            words = [sys.executable, *(word.format(port=port) for word in command)]
            done = subprocess.run(words, cwd=copied, capture_output=True, text=True)
            assert done.returncode
            assert f"port {port} of 127.0.0.1: " in done.stderr
            assert "choose another port" in done.stderr


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://::1:8000/book/", "http://[::1]:8000/book/"),
        ("http://[::1]:8000/", "http://[::1]:8000/"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000/"),
        ("https://book.example/", "https://book.example/"),
        ("/", "/"),
    ],
)
def test_a_host_with_colons_stands_in_brackets(url: str, shown: str) -> None:
    assert bracketed(url) == shown
