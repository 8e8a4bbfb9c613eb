"""The served site: the edition that is looked at is kept up to date, at once."""

from __future__ import annotations

import gc
import posixpath
import sys
import threading
import traceback
from collections.abc import Callable, Iterable
from logging import ERROR, getLogger
from logging.handlers import BufferingHandler
from pathlib import Path
from typing import Any

from mkdocs.exceptions import MkDocsException
from mkdocs.livereload import LiveReloadServer

from fishbook.loom import disk
from fishbook.loom.edition import EDITIONS
from fishbook.loom.problem import LoomError, Problem
from fishbook.loom.site import build, serve, settle
from fishbook.loom.site.made import Made


class Live:
    """Editions that follow the book: each is made when a browser asks for it.

    After a change the page that was asked for last is made at once, and what is no page
    of its edition; all others are made when they are asked for.
    """

    def __init__(
        self, server: LiveReloadServer, site: Path, first: Made, old: Iterable[str]
    ) -> None:
        self.server, self.site, self.root = server, site, first.root
        self.make: Callable[[str], Made] = lambda edition: build.build_edition(
            first.config, edition, site, first.root_url
        )
        whole = first.edition == EDITIONS[0]
        self.editions = EDITIONS if whole else (first.edition,)
        self.made = {first.edition: first}
        self.behind = set(self.editions) - {first.edition}
        self.broken: set[str] = set()
        self.looked_at = first.edition, ""
        self.lock = threading.RLock()
        # What MkDocs says before it stops: its error says only that it did.
        self.heard = BufferingHandler(1000)
        self.heard.setLevel(ERROR)
        getLogger("mkdocs").addHandler(self.heard)
        self.closed = False
        new = [str(first.book.docs), *first.settings]
        serve.watch(server, old, new, self.lock)
        server.builder = self.follow
        server.set_app(self.answer)
        put_aside()
        self.follow()

    def follow(self) -> None:
        """Take a change of the book into the page that is looked at."""
        with self.lock:
            self.behind = set(self.editions)
            self.refresh(*self.looked_at)

    def refresh(self, edition: str, name: str) -> None:
        """Bring a page up to date, or let its edition say what keeps it from that."""
        self.heard.flush()
        try:
            if edition in self.behind:
                self.behind.discard(edition)
                self.update(edition)
            self.made[edition].build_page(name)
            self.mend(edition)
        except Exception as error:
            if not isinstance(error, MkDocsException | LoomError):
                self.made.pop(edition, None)  # what it was made of may be gone
                self.behind.add(edition)
            if not isinstance(error, MkDocsException | LoomError | OSError):
                traceback.print_exc()
            print(f"{error}\nnot shown until it is mended", file=sys.stderr)
            disk.write(self.site / error_page(edition), self.explained(error))
            self.broken.add(edition)

    def update(self, edition: str) -> None:
        """Take all changes into an edition, or make it anew."""
        made = self.made.get(edition)
        if not made or not made.update():
            self.made.pop(edition, None)
            self.made[edition] = self.make(edition)
            put_aside()

    def mend(self, edition: str) -> None:
        """Show an edition again; whoever is just getting its error asks once more."""
        if edition in self.broken:
            self.broken.discard(edition)
            again = '<meta http-equiv="refresh" content="0">'
            disk.write(self.site / error_page(edition), again)

    def explained(self, error: BaseException) -> str:
        """Return the page that shows an error, with the lines that it is about."""
        heard = [record.getMessage() for record in self.heard.buffer]
        problems = problems_of(error) or heard or [f"{type(error).__name__}: {error}"]
        return build.page_of_root(
            "error.html",
            problems=[shown(problem, self.root) for problem in problems],
            root=self.server.mount_path,
            policy=settle.policy(served=True),
        )

    def answer(
        self, environ: dict[str, Any], start: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer a browser: make the edition first, where it is behind."""
        # No file has this letter in its name, and Python refuses to look for one.
        environ = {**environ, "PATH_INFO": environ["PATH_INFO"].replace("\0", "?")}
        path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "ignore")
        below = path.removeprefix(self.server.mount_path)
        edition, _, name = file_of(below).partition("/")
        if edition in self.editions and below != path:
            with self.lock:
                is_page = name.endswith(".html")
                if is_page:
                    self.looked_at = edition, name
                    # What is wrong may be mended where no one looks for changes.
                    self.behind |= self.broken & {edition}
                if edition in self.behind or edition not in self.broken:
                    self.refresh(edition, name)
                broken = is_page and edition in self.broken
            if broken:
                return self.answer_broken(environ, start, edition)
        return self.server.serve_request(environ, start)

    def answer_broken(
        self, environ: dict[str, Any], start: Callable[..., Any], edition: str
    ) -> Iterable[bytes]:
        """Answer with what is wrong, in a page that reloads when it is mended."""
        page = self.server.mount_path + error_page(edition)

        def failed(status: str, headers: list[tuple[str, str]]) -> Any:
            return start("500 Internal Server Error", headers)

        return self.server.serve_request({**environ, "PATH_INFO": page}, failed)

    def close(self) -> None:
        """Stop what is being made, and make nothing more."""
        self.closed = True
        self.lock.acquire()


def put_aside() -> None:
    """Let no edit wait while Python looks through all that is kept for garbage."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def shown(problem: Problem | str, root: Path) -> dict[str, str]:
    """Return a problem as a page shows it, with the line that it is about."""
    if isinstance(problem, str):
        return {"what": problem}
    lines = (disk.read(root / problem.path) or "").split("\n")
    line = lines[problem.line - 1] if problem.line <= len(lines) else ""
    place = f"{problem.path.as_posix()}:{problem.line}"
    return {"place": place, "what": problem.what, "fix": problem.fix, "line": line}


def problems_of(error: BaseException) -> list[Problem | str]:
    """Return the problems of the book that an error is about; none if it isn't."""
    cause: BaseException | None = error
    while cause:
        if isinstance(cause, LoomError):
            return cause.problems
        cause = cause.__cause__ or cause.__context__
    return []


def file_of(address: str) -> str:
    """Return the file, in the site, that is served at an address."""
    name = f"{address}index.html" if address.endswith("/") else address
    return posixpath.normpath(f"/{name}").lstrip("/")


def error_page(edition: str) -> str:
    """Return the file, in the site, that says what is wrong with an edition."""
    return f".wrong-{edition}.html"
