"""The inside of a page's own process: pieces of code are asked for and answered.

Each line of its input has a piece and those that began its file; each line of its
output the result.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import queue
import select
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from importlib.machinery import ModuleSpec
from json import dumps, loads
from pathlib import Path
from types import ModuleType
from typing import Any, TextIO

from fishbook.loom.capture import Printed
from fishbook.loom.run import GRACE, Namespace, Piece, UnrunError

FONTS = Path(".cache", "fishbook", "matplotlib")
"""Where Matplotlib keeps, in the book's folder, what it found out about fonts."""

CUT_OFF = 113
"""The exit code of a page that closed what it is asked and answers by."""


def use_package(root: Path) -> None:
    """Let `import fishbook` find the package that stands beside the pages."""
    for name in [n for n in sys.modules if n.partition(".")[0] == "fishbook"]:
        del sys.modules[name]
    others = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(root), others]))
    import fishbook

    if (place := str(root / "fishbook")) not in fishbook.__path__:
        fishbook.__path__.insert(0, place)


class Style:
    """Lets Matplotlib, once it is imported, begin with the book's style.

    Its settings are given as a file: it is set on its defaults, and no file of the
    user's is read, nor one in the page's folder, where Matplotlib looks first. Its list
    of fonts is kept in the book's cache.
    """

    def __init__(self, file: Path, cache: Path) -> None:
        self.file = file
        os.environ.setdefault("MPLCONFIGDIR", str(cache))
        sys.meta_path.insert(0, self)

    def find_spec(self, name: str, *where: object) -> ModuleSpec | None:
        """Write the file just before it is read; leave the finding to others."""
        if name != "matplotlib":
            return None
        self.file.write_text("\n".join(settings()), encoding="utf-8")
        os.environ.update(MATPLOTLIBRC=str(self.file), MPLBACKEND="agg")
        sys.meta_path.remove(self)
        found = importlib.util.find_spec(name)
        sys.meta_path.insert(0, self)
        if found and found.loader:
            vars(found.loader)["exec_module"] = self.beside(found.loader.exec_module)
        return found

    def beside(self, execute: Callable[[ModuleType], None]) -> Callable[..., None]:
        """Return what executes a module in the folder of the file."""

        def executed(module: ModuleType) -> None:
            with contextlib.chdir(self.file.parent):
                execute(module)

        return executed


def settings() -> Iterator[str]:
    """Yield the lines of a file that tells Matplotlib to draw in the book's style."""
    from fishbook.diagrams import STYLE

    style = {**STYLE, "backend": "agg", "svg.hashsalt": "fishbook"}
    for name, value in style.items():
        text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
        yield f"{name}: {text}".replace("#", "")  # which begins a comment there


def end_with_parent(scratch: str) -> None:
    """Let a second process end this one and all it began, once no one can ask any more.

    A thread can't where code in C, which may run for ever, keeps Python's lock.
    """
    if sys.platform != "linux":
        return
    page = os.getpid()
    if child := os.fork():
        os.waitpid(child, 0)
        return
    try:
        if os.fork():
            return  # so that the page has no child that it did not begin
        os.closerange(1, 256)
        asking = select.poll()
        asking.register(0, 0)
        asking.poll()
        time.sleep(GRACE)
        with contextlib.suppress(ProcessLookupError):
            os.kill(page, signal.SIGKILL)
        shutil.rmtree(scratch, ignore_errors=True)
        os.killpg(page, signal.SIGKILL)
    finally:
        os._exit(0)


def file_of(number: int) -> tuple[int, int] | None:
    """Return what tells the file that a descriptor is of, if of any."""
    try:
        found = os.fstat(number)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def requests(source: TextIO, scratch: str) -> Iterator[dict[str, Any]]:
    """Yield what is asked; when no one asks any more, end soon, whatever still runs."""
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        for line in source:
            waiting.put(line)
        waiting.put("")
        time.sleep(GRACE)
        shutil.rmtree(scratch, ignore_errors=True)
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    while line := waiting.get():
        yield loads(line)
    shutil.rmtree(scratch, ignore_errors=True)


def main(root: str, scratch: str) -> None:
    """Answer requests until there are no more."""
    source = os.fdopen(os.dup(0), encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    use_package(Path(root))
    Style(Path(scratch, "matplotlibrc"), Path(root, FONTS))
    process = os.getpid()
    printed = Printed(Path(scratch, "printed"))
    namespace = Namespace(printed)
    lines = source.fileno(), answers.fileno(), printed.into
    files = [*map(file_of, lines)]

    def require_whole() -> None:
        if os.getpid() != process:
            os._exit(0)  # a copy of the process that a block made, and let go
        if [*map(file_of, lines)] != files:
            os._exit(CUT_OFF)

    for request in requests(source, scratch):
        piece, *earlier = (Piece(**fields) for fields in request["pieces"])
        answer: dict[str, Any]
        try:
            result = namespace.run(piece, earlier)
            if piece.last:
                require_whole()
                result = namespace.ended(piece, result)
            answer = {"result": asdict(result)}
        except UnrunError as error:
            answer = {"problem": error.args}
        require_whole()
        print(dumps(answer), file=answers, flush=True)
