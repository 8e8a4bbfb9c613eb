"""Serving: the site at one address, built anew and shown again when a page changes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from mkdocs.commands.serve import serve as mkdocs_serve
from mkdocs.exceptions import MkDocsException
from mkdocs.livereload import LiveReloadServer

from fishbook.loom.problem import LoomError
from fishbook.loom.site.build import messages


def serve(root: Path, *, host: str, port: int) -> None:
    """Serve all editions as `mkdocs serve` does, and reload them on a change.

    Parameters
    ----------
    root : Path
        The book's folder.
    host, port : str, int
        Where to listen.

    Raises
    ------
    LoomError
        If the book can't be built to begin with, or the port is taken. Later
        mistakes in a page are only shown.
    """
    print(f"building; then serving http://{host}:{port}/, Ctrl+C stops")
    try:
        with messages():
            mkdocs_serve(
                str(root / "mkdocs.yml"),
                dev_addr=f"{host}:{port}",
            )
    except OSError as error:
        raise LoomError([f"port {port}: {error.strerror}; choose another"]) from None


def follow(server: LiveReloadServer, root: Path) -> None:
    """Watch the pages and the package; keep the last good site where one is broken."""
    for path in (root / "docs", root / "fishbook"):
        server.watch(str(path))
    server.builder = _careful(server.builder)


def _careful(builder: Callable[[], None]) -> Callable[[], None]:
    def build() -> None:
        try:
            builder()
        except (MkDocsException, LoomError) as error:
            print(f"{error}\nstill showing the last good site", file=sys.stderr)

    return build
