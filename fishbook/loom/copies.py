"""A process that has NumPy and Matplotlib ready, and is copied for each page.

To import both takes a second; a page's process that is a copy begins at once. A page
still has to import what it uses: what is ready is laid aside until then.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Mapping, Sequence
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import IO

from fishbook.loom.run import GRACE

POSSIBLE = sys.platform == "linux"
"""Whether a process that has loaded much can be copied safely here."""

READY = {
    "numpy": ["numpy.random", "numpy.linalg", "numpy.lib.stride_tricks"],
    "matplotlib": ["matplotlib.pyplot", "matplotlib.backends.backend_svg"],
}
"""Packages that are ready, and what of them a page is likely to want."""

SCRIPT = """\
import sys

_, loom, number = sys.argv
sys.path.insert(0, loom)
from fishbook.loom import copies, inside

sys.argv[1:] = []
if page := copies.original(int(number)):
    sys.path[0] = page[0]
    inside.main(*page)
"""
"""Answers requests; goes on only in the copies, each of which is a page's process."""


# What a page's parent sees


class Original:
    """The process that is copied. It ends when nobody can ask it any more."""

    def __init__(self, loom: str, around: Mapping[str, str]) -> None:
        self.line, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with other:
            self.python = subprocess.Popen(
                [sys.executable, "-P", "-c", SCRIPT, loom, str(other.fileno())],
                stdin=subprocess.DEVNULL,
                env=around,
                pass_fds=[other.fileno()],
                start_new_session=True,
            )

    @property
    def ended(self) -> bool:
        """Whether nothing can be copied any more."""
        return self.line.fileno() < 0 or self.python.poll() is not None

    def ask(self, request: object, files: Sequence[int] = ()) -> int | None:
        """Return the answer to a request; after an interrupt there are no more."""
        try:
            socket.send_fds(self.line, [json.dumps(request).encode()], files)
            answer: int | None = json.loads(self.line.recv(64))
        except BaseException:
            self.line.close()
            raise
        return answer

    def copy(self, root: Path, folder: Path, scratch: Path, errors: int) -> Copy:
        (asked, asking), (answers, answering) = os.pipe(), os.pipe()
        try:
            where = [str(root), str(folder), str(scratch)]
            pid = self.ask(where, [asked, answering, errors])
        except BaseException:
            os.close(asking)
            os.close(answers)
            raise
        finally:
            os.close(asked)
            os.close(answering)
        return Copy(self, pid or 0, asking, answers)


class Copy:
    """A copy, with what is asked of `subprocess.Popen` for a process of its own."""

    def __init__(self, original: Original, pid: int, asking: int, answers: int) -> None:
        self.original = original
        self.pid = pid
        self.stdin: IO[str] = os.fdopen(asking, "w", encoding="utf-8")
        self.stdout: IO[str] = os.fdopen(answers, encoding="utf-8", errors="replace")
        self.code: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, or None while the copy runs."""
        if self.code is None:
            try:
                self.code = self.original.ask(self.pid)
            except (OSError, ValueError):  # nobody knows it any more
                self.code = -9
        return self.code

    def wait(self, seconds: float = float("inf")) -> int:
        """Return the exit code, once there is one.

        Raises
        ------
        subprocess.TimeoutExpired
            If there is none after some seconds.
        """
        end = time.monotonic() + seconds
        while (code := self.poll()) is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired("a page", seconds)
            time.sleep(0.005)
        return code

    def kill(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, 9)


# The process itself


class Laid(Loader):
    """Modules that were imported, and laid aside until a page asks for their package.

    Those of the standard library stay where they are: there is only one of each.
    """

    def __init__(self, package: str) -> None:
        self.package = package
        before = {*sys.modules}
        for name in [package, *READY[package]]:
            importlib.import_module(name)
        self.modules = {
            name: module
            for name, module in sys.modules.items()
            if name not in before
            and name.partition(".")[0] not in sys.stdlib_module_names
        }
        self.spec = sys.modules[package].__spec__
        self.origin = self.spec.origin if self.spec else None

    def find_spec(self, name: str, *where: object) -> ModuleSpec | None:
        """Say that the package is here, when it is asked for."""
        if name != self.package:
            return None
        return ModuleSpec(name, self, origin=self.origin)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Put the modules back."""
        sys.meta_path.remove(self)
        sys.modules.update(self.modules | sys.modules)
        return self.modules[self.package]

    def exec_module(self, module: ModuleType) -> None:
        """Leave the package as it was made, but for its settings and its chance."""
        module.__spec__ = self.spec
        if self.package == "numpy":
            module.random.seed()
        if self.package == "matplotlib":
            file = os.environ["MATPLOTLIBRC"]
            module.rcParams.update(module.rc_params_from_file(file))
            module.rcParamsOrig.update(module.rcParams)


def lay_aside() -> None:
    """Import what is to be ready, with no settings of the user's, and hide it."""
    kept = dict(os.environ)
    os.environ.update(MATPLOTLIBRC=os.devnull, MPLBACKEND="agg")
    laid = []
    for name in READY:
        with contextlib.suppress(Exception):  # a page that asks for it will hear why
            laid.append(Laid(name))
    os.environ.clear()
    os.environ.update(kept)
    for name in [name for package in laid for name in package.modules]:
        del sys.modules[name]
    sys.meta_path[:0] = laid


def original(number: int) -> tuple[str, str] | None:
    """Answer how copies fare, and make new ones; in a copy, return what it is for."""
    lay_aside()
    pages: dict[int, str] = {}
    with socket.socket(fileno=number) as line, contextlib.suppress(ConnectionError):
        while message := (received := socket.recv_fds(line, 65536, 3))[0]:
            request = json.loads(message)
            if isinstance(request, int):
                answer = fares(request)
                if answer is not None:
                    del pages[request]
            elif not (answer := copied(received[1])):
                root, folder, scratch = request
                os.chdir(folder)
                return root, scratch
            else:
                pages[answer] = request[2]
            line.send(json.dumps(answer).encode())
    end(pages)
    return None


def fares(pid: int) -> int | None:
    """Return the exit code of a copy, or None while it runs."""
    ended, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


def end(pages: Mapping[int, str]) -> None:
    """End copies, and all they began, once no one can ask any more."""
    if pages:
        time.sleep(GRACE)
    for pid, scratch in pages.items():
        os.killpg(pid, signal.SIGKILL)
        shutil.rmtree(scratch, ignore_errors=True)


def copied(files: Sequence[int]) -> int:
    """Return a new copy's process; 0 in the copy, whose streams the files are now."""
    import fcntl  # which Windows hasn't

    with warnings.catch_warnings():
        # It is said of threads; those that NumPy's products have know what to do.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if not pid:
        os.setsid()
        # Where a stream was closed, a file may have come in its place.
        higher = [fcntl.fcntl(file, fcntl.F_DUPFD, 3) for file in files]
        for stream, file in enumerate(higher):
            os.dup2(file, stream)
            os.close(file)
    for file in files:
        if pid or file > 2:
            os.close(file)
    return pid
