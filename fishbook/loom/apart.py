"""Each page's cells run in a process of its own, within limits of time and output."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any, TypeAlias

import fishbook
from fishbook.loom import names
from fishbook.loom.blocks import Cell, Code
from fishbook.loom.book import Book
from fishbook.loom.capture import LARGEST
from fishbook.loom.copies import POSSIBLE, Copy, Original
from fishbook.loom.inside import CUT_OFF, FONTS
from fishbook.loom.page import Page
from fishbook.loom.problem import LoomError, Problem
from fishbook.loom.run import Piece, Result

LOOM = str(Path(fishbook.__file__).parents[1])
SCRIPT = """\
import sys

_, loom, book, scratch = sys.argv
sys.path.insert(0, loom)
from fishbook.loom import inside

sys.path[0], sys.argv[1:] = book, []
inside.end_with_parent(scratch)
inside.main(book, scratch)
"""
"""Runs this loom, and lets pages import from the package beside them before others."""

LIMIT = "FISHBOOK_BLOCK_SECONDS"
"""The environment variable with the seconds that a block may take."""

FEW = 5
"""Pages that are run before there is a process to copy, which takes time itself."""

SECONDS = 1800.0
"""What a block may take otherwise; one that is marked as long takes ten times that."""

FOREIGN = {
    "PYTHONOPTIMIZE",
    "PYTHONWARNINGS",
    "PYTHONDEVMODE",
    "PYTHONINSPECT",
    "PYTHONINTMAXSTRDIGITS",
}
"""Environment variables that change what a page's code does."""

MISUSED = "closed, or wrote to, files that it did not open; let it use its own"
"""What is wrong where a page's process and this one don't understand one another."""

RUNS_LONG = "runs long: `make test-long`, or FISHBOOK_LONG=1, runs it"


Around: TypeAlias = frozenset[tuple[str, str]]
"""An environment: its variables and what they are set to."""


def runs_long() -> bool:
    """Return whether blocks that are marked as long are to be run."""
    return os.environ.get("FISHBOOK_LONG", "0") not in {"", "0"}


def surroundings() -> dict[str, str]:
    """Return this process's environment, without what gives code another meaning."""
    return {name: os.environ[name] for name in os.environ if name not in FOREIGN}


def seconds() -> float:
    """Return how long a block may take."""
    text = os.environ.get(LIMIT) or str(SECONDS)
    with contextlib.suppress(ValueError):
        if (limit := float(text)) > 0:
            return limit
    raise LoomError(
        [f"got {LIMIT}={text}, but want a number of seconds, as in {SECONDS:.0f}"]
    )


class Runner:
    """Runs a page's cells in order, in one namespace, in a process of their own.

    The process begins with the first cell and ends with `close`.
    """

    def __init__(self, book: Book, page: Page) -> None:
        self.book = book
        self.page = page
        self.path = book.root.resolve() / page.path
        self.folder = self.path.parent
        self.process: Process | None = None
        self.ended = ""
        """Why nothing is run any more, if so."""

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End the page's process."""
        if self.process:
            self.process.close()
            self.process = None

    def run(self, cell: Cell) -> Result:
        """Run a cell's code, or say why it is skipped."""
        if self.ended:
            return Result(skipped=self.ended)
        if not self.process:
            self.process = Process(self.book.root.resolve(), self.folder)
        long = cell.skip and cell.skip.long
        answer = self.process.ask(self._pieces(cell), seconds() * (10 if long else 1))
        if "problem" in answer:
            raise LoomError([self._problem(cell, *answer["problem"])])
        result = Result(**answer["result"])
        if "ended" in answer:
            what = result.fault.partition(";")[0]
            self.ended = f"not run: the block at line {cell.code.line} {what}"
            self.process = None
        return result

    def _pieces(self, cell: Cell) -> list[Piece]:
        """Return a cell's code, and what earlier pages put into the same file."""
        skip, code = cell.skip, cell.code
        test, reason = (skip.test, skip.reason) if skip else ("", "")
        if skip and skip.long and not runs_long():
            test, reason = "", RUNS_LONG
        source = self.page.source(code)
        piece = Piece(source, str(self.path), code.line, code.target, test, reason)
        keeps = kept(self.page, code) if code.hidden else ()
        pieces = [replace(piece, keeps=keeps, last=cell is self.page.cells[-1])]
        for page, part in self.book.earlier(self.page, code.target):
            path = str(self.book.root.resolve() / page.path)
            pieces.append(Piece(part.source, path, part.parts[0].line))
        return pieces

    def _problem(self, cell: Cell, path: str, line: int, what: str) -> Problem:
        """Return what kept a cell from being tried: an earlier page, or its skip."""
        if path:
            place = Path(path).relative_to(self.book.root.resolve())
            fix = f"mend it first; {self.page.path} builds on it"
            return Problem(place, line, what, fix)
        line = cell.skip.line if cell.skip else cell.code.line
        return Problem(self.page.path, line, what, "mend the test")


def kept(page: Page, hidden: Code) -> tuple[str, ...]:
    """Return the names that code in sight sets before hidden code, reads after it.

    Names that begin with an underscore are a module's own business, a counter for one.
    """
    read, made = set[str](), set[str]()
    for code in (cell.code for cell in reversed(page.cells) if not cell.code.hidden):
        if code.line > hidden.line:
            read -= names.assigned_names(code.source)
            read |= names.needed_names(code.source)
            continue
        for node in names.parse(code.source).body:
            if isinstance(node, names.DEFINES) and node.name in read:
                read |= names.used_names(ast.unparse(node))
    for code in (cell.code for cell in page.cells if cell.code.line < hidden.line):
        new = names.assigned_names(code.source)
        made = made - new if code.hidden else made | new
    return tuple(sorted(name for name in read & made if name[0] != "_"))


class Starter:
    """Starts pages' processes: after the first few, as copies of one that is ready.

    A copy has the environment of what it is copied from, so each has its own.
    """

    def __init__(self) -> None:
        self.started = Counter[Around]()
        self.originals: dict[Around, Original] = {}

    def start(
        self, root: Path, folder: Path, scratch: Path, errors: int
    ) -> subprocess.Popen[str] | Copy:
        """Start a process for a page in a folder; what goes wrong goes to `errors`."""
        around = {"MPLCONFIGDIR": str(root / FONTS), **surroundings()}
        around.pop("PYTEST_CURRENT_TEST", None)
        kind = frozenset(around.items())
        self.started[kind] += 1
        if self.started[kind] > FEW and POSSIBLE:
            # Whatever has become of it, a process of its own is as good.
            with contextlib.suppress(OSError, ValueError):
                return self._original(kind).copy(root, folder, scratch, errors)
        return subprocess.Popen(
            [sys.executable, "-P", "-c", SCRIPT, LOOM, str(root), str(scratch)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=folder,
            env=surroundings(),
            encoding="utf-8",
            errors="replace",  # of what the page may write there itself
            # Ctrl+C is for the parent, which then ends the page with all it began.
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )

    def _original(self, around: Around) -> Original:
        """Return what can be copied in an environment."""
        found = self.originals.get(around)
        if not found or found.ended:
            found = self.originals[around] = Original(LOOM, dict(around))
        return found


STARTER = Starter()


def read_answer(text: str) -> dict[str, Any]:
    """Return a page's answer; nothing where the text is none."""
    with contextlib.suppress(ValueError):
        answer = json.loads(text)
        return answer if isinstance(answer, dict) else {}
    return {}


class Process:
    """A process of its own for a page's code, and the files that it prints into."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.scratch = TemporaryDirectory(
            prefix="fishbook-", ignore_cleanup_errors=True
        )
        place = Path(self.scratch.name)
        self.printed = place / "printed"
        self.printed.touch()
        self.before = 0
        folder = folder if folder.is_dir() else place
        with (place / "errors").open("ab") as errors:
            self.python = STARTER.start(root, folder, place, errors.fileno())
        self.errors = (place / "errors").open("rb")
        self.answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in self.python.stdout or ():
            self.answers.put(line)

    def ask(self, pieces: list[Piece], allowed: float) -> dict[str, Any]:
        """Return the answer to code and what began its file, or what went wrong."""
        end = monotonic() + allowed
        with contextlib.suppress(OSError):  # where it is gone, as is seen below
            self.before = self.printed.stat().st_size
        request = json.dumps({"pieces": [asdict(piece) for piece in pieces]})
        with contextlib.suppress(OSError):  # where it has ended, as is seen below
            print(request, file=self.python.stdin, flush=True)
        answer = fault = ""
        while not answer and not fault:
            with contextlib.suppress(queue.Empty):
                answer = self.answers.get(timeout=0.1)
            self._pass_on()
            fault = self._flood() or ("" if answer else self._over(end, allowed))
        if not fault and (answered := read_answer(answer)):
            return answered
        self.close()
        return {"result": {"fault": fault or MISUSED}, "ended": True}

    def _pass_on(self) -> None:
        """Show what the page's code wrote to its standard error."""
        said = self.errors.read().decode("utf-8", "replace")
        if sys.stderr:  # which may be closed
            sys.stderr.write(said)

    def _flood(self) -> str:
        try:
            large = self.printed.stat().st_size - self.before > LARGEST
        except OSError:
            return "deleted the file that it prints into; let it delete only its own"
        if not large and self.errors.tell() <= 100 * LARGEST:
            return ""
        return f"printed more than {LARGEST:,} bytes; print less"

    def _over(self, end: float, allowed: float) -> str:
        code = self.python.poll()
        if code == CUT_OFF:
            return MISUSED
        if code is not None:
            how = f"exit code {code}" if code >= 0 else signal.strsignal(-code)
            return f"ended its process ({how}); take out, or mend, what ends it"
        if monotonic() > end:
            fix = f"let it end, or mark it as long, or raise {LIMIT}"
            return f"ran for more than {allowed:g} seconds; {fix}"
        return ""

    def close(self) -> None:
        """End the process, and delete its files."""
        with contextlib.suppress(OSError):
            assert self.python.stdin
            self.python.stdin.close()
        with contextlib.suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(self.python.pid, signal.SIGKILL)
        self.python.kill()
        self.python.wait()
        self._pass_on()
        self.errors.close()
        self.scratch.cleanup()
