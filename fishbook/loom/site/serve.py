"""Serving: what a reader looks at follows the pages, and a mistake is shown there."""

from __future__ import annotations

import re
import signal
import socket
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import click
from mkdocs.commands.serve import serve as mkdocs_serve
from mkdocs.livereload import LiveReloadServer
from watchdog.events import FileModifiedEvent, FileSystemEventHandler

from fishbook.loom import disk
from fishbook.loom.problem import LoomError
from fishbook.loom.site.build import messages


def serve(root: Path, *, host: str, port: int) -> None:
    """Serve all editions as `mkdocs serve` does, and reload them on a change.

    Raises
    ------
    LoomError
        If nothing can listen there, or the book can't be built to begin with. Later
        mistakes are shown in the browser.
    """
    name, number = free_address(host, port)
    place = f"[{name}]:{number}" if ":" in name else f"{name}:{number}"
    print(f"building; then serving http://{place}/, Ctrl+C stops", flush=True)
    with messages():
        mkdocs_serve(str(root / "mkdocs.yml"), dev_addr=place)


def free_address(host: str, port: int) -> tuple[str, int]:
    """Return the numbers of an address that can be listened on.

    Raises
    ------
    LoomError
        If the host is not known, or nothing can listen there.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, OverflowError):
        fix = "name one of this computer's, such as 127.0.0.1"
        raise LoomError([f"host {host!r}: there is no such host; {fix}"]) from None
    family, _, _, _, address = found[0]
    try:
        with socket.socket(family, socket.SOCK_STREAM) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)
    except OSError as error:
        what = f"port {port} of {host}: {error.strerror}"
        raise LoomError([f"{what}; choose another port, or another host"]) from None
    return str(address[0]), port


def follows() -> bool:
    """Return whether MkDocs is to follow changes: `--no-livereload` forbids it."""
    context = click.get_current_context(silent=True)
    return not context or context.params.get("livereload") is not False


def bracketed(url: str) -> str:
    """Return an address whose host, if it has colons of its own, stands in brackets."""
    return re.sub(r"//([^/\[\]]*:[^/\[\]]*)(?=:\d+(?:/|$))", r"//[\1]", url)


def end_in_order() -> None:
    """Let what ends a process end it as Ctrl+C does, so that nothing is left behind."""
    if threading.current_thread() is threading.main_thread():
        for name in {"SIGTERM", "SIGHUP"} & set(dir(signal)):
            number = getattr(signal, name)
            if signal.getsignal(number) is signal.SIG_DFL:  # nohup ignores one of them
                signal.signal(number, signal.default_int_handler)


class Watcher(threading.Thread):
    """Sees what changes in folders, which may go and come back, as when git works.

    It stands in for an observer of watchdog, which a folder that goes ends for good.
    It doesn't look while someone else holds its lock, and makes something: the two
    would wait for one another at every file.
    """

    def __init__(self, lock: threading.RLock) -> None:
        super().__init__(daemon=True)
        self.lock = lock
        self.handlers: dict[str, FileSystemEventHandler] = {}
        self.seen: dict[str, dict[str, disk.Stamp]] = {}
        self.last: dict[str, disk.Stamp] = {}
        self.stopped = threading.Event()

    def schedule(
        self, handler: FileSystemEventHandler, path: str, recursive: bool = True
    ) -> str:
        self.handlers[path], self.seen[path] = handler, disk.stamps(Path(path))
        return path

    def stop(self) -> None:
        self.stopped.set()

    def run(self) -> None:
        """Look at all as often as takes a tenth of a processor, at the last at once."""
        due = 0.0
        while not self.stopped.wait(0.1):
            if time.monotonic() < due and not self.edited():
                continue
            if self.lock.acquire(timeout=1):  # who was ended may never let go of it
                start = time.thread_time()
                try:
                    for path, handler in list(self.handlers.items()):
                        self.look(path, handler)
                finally:
                    self.lock.release()
                due = time.monotonic() + 9 * (time.thread_time() - start)

    def edited(self) -> bool:
        """Return whether what changed last has changed again, as is most likely."""
        return any(disk.stamp(path) != was for path, was in self.last.items())

    def look(self, path: str, handler: FileSystemEventHandler) -> None:
        try:
            now = disk.stamps(Path(path))
        except OSError:
            return  # It goes just now: the next look sees what came of it.
        old = self.seen.get(path, {})
        if now != old:
            self.seen[path] = now
            self.last = {file: now[file] for file in now if now[file] != old.get(file)}
            handler.dispatch(FileModifiedEvent(path))


def watch(
    server: LiveReloadServer,
    old: Iterable[str],
    new: Iterable[str],
    lock: threading.RLock,
) -> None:
    """Watch paths with a `Watcher`, and no more with what MkDocs has for that."""
    for path in old:
        server.unwatch(path)
    server.observer = Watcher(lock)  # type: ignore[assignment]
    for path in new:
        server.watch(path)
