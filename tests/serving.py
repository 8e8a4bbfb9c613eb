"""A server of a book, in a process of its own."""

from __future__ import annotations

import gc
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sites import HOME

FISHBOOK = ["-m", "fishbook.loom", "serve", "--port", "{port}"]
MKDOCS = ["-m", "mkdocs", "serve", "--dev-addr", "127.0.0.1:{port}"]
QUOTE = r"(?:'|&#39;)"
RELOAD = re.compile(rb"<script>\nvar livereload = .*?</script>", re.S)
ALLOWED = re.compile(
    f"; script-src {QUOTE}self{QUOTE} {QUOTE}unsafe-inline{QUOTE}".encode()
)
"""What a served page has more than one that is built."""


@dataclass
class Served:
    """A site that is served by a process of its own."""

    root: Path
    url: str
    process: subprocess.Popen[bytes]
    said: Path

    def raw(self, where: str) -> str:
        """Give an answer as it comes; an address with a slash is the server's."""
        url = urllib.parse.urljoin(self.url, where)
        with urllib.request.urlopen(url, timeout=600) as answer:
            return str(answer.read().decode())

    def bytes_of(self, where: str) -> bytes:
        """Give a file as it was built, also that of a wrong address."""
        try:
            with urllib.request.urlopen(self.url + where, timeout=60) as answer:
                return ALLOWED.sub(b"", RELOAD.sub(b"", answer.read()))
        except urllib.error.HTTPError as error:
            with error:
                return ALLOWED.sub(b"", error.read())
        except OSError:
            return b""

    def get(self, where: str) -> str:
        """Give a page; nothing where no one answers."""
        return self.bytes_of(where).decode()

    def wait(self, until: Callable[[], bool], tries: int = 1200) -> None:
        """Wait for something to happen while the server runs, a while at most."""
        for _ in range(tries):
            if until():
                return
            assert self.process.poll() is None, self.said.read_text(encoding="utf-8")
            time.sleep(0.1)
        raise TimeoutError(self.said.read_text(encoding="utf-8"))


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def serving(root: Path, command: list[str]) -> Iterator[Served]:
    """Serve a book on a free port; its temporary files go to `root/tmp`."""
    port, said = free_port(), root / f"said-{time.monotonic_ns()}.txt"
    (root / "tmp").mkdir(exist_ok=True)
    env = {**os.environ, "TMPDIR": str(root / "tmp"), "NO_MKDOCS_2_WARNING": "1"}
    env["FISHBOOK_SITE_URL"] = HOME
    words = [sys.executable, *(word.format(port=port) for word in command)]
    with said.open("wb") as stream:
        process = subprocess.Popen(
            words, cwd=root, env=env, stdout=stream, stderr=stream
        )
    served = Served(root, f"http://127.0.0.1:{port}/book/", process, said)
    try:
        served.wait(lambda: bool(served.get("")), tries=9000)
        yield served
    finally:
        process.kill()
        process.wait()
        gc.collect()  # a socket that is left over is this test's, not a later one's
