"""A page's cells run in order, in one namespace: what they print, raise and draw."""

from __future__ import annotations

import ast
import contextlib
import io
import linecache
import os
import sys
import traceback
import types
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import dropwhile
from pathlib import Path, PurePosixPath
from typing import Any

from fishbook.loom import names
from fishbook.loom.blocks import Cell, Code
from fishbook.loom.book import Book
from fishbook.loom.page import Page
from fishbook.loom.problem import LoomError, Problem

Namespace = dict[str, Any]

FUTURE = annotations.compiler_flag
"""Marks code that imported annotations from `__future__`, as this file does."""

NO_GLYPH = "Glyph .* missing from font"
"""Matplotlib's own font has no Chinese; the reader's browser draws the text."""


@dataclass
class Space:
    """Where code runs: a module, and what it imported from `__future__`."""

    module: types.ModuleType
    flags: int = 0

    @property
    def names(self) -> Namespace:
        """The names that the code sees."""
        return self.module.__dict__


@dataclass(frozen=True)
class Result:
    """What running a block gave."""

    printed: str = ""
    error: str = ""
    """The exception's last lines as Python shows them, or nothing."""
    trace: str = ""
    """The way to the exception, from the page's line on."""
    svg: str = ""
    skipped: str = ""

    @property
    def text(self) -> str:
        """What an output fence shows: what was printed, then the exception."""
        joined = self.error and self.printed and not self.printed.endswith("\n")
        return self.printed + "\n" * bool(joined) + self.error


class Runner:
    """Runs a page's cells in order, in one namespace."""

    def __init__(self, book: Book, page: Page) -> None:
        self.book = book
        self.page = page
        self.path = book.root / page.path
        self.space = Space(types.ModuleType("__main__"))
        self.files: dict[str, Space] = {}
        self.missing: dict[str, int] = {}

    def run(self, cell: Cell) -> Result:
        """Run a cell's code, or say why it is skipped."""
        reason = self.reason_to_skip(cell)
        result = Result(skipped=reason) if reason else self.run_code(cell.code)
        if result.skipped:
            self.forget(cell.code)
        return result

    def reason_to_skip(self, cell: Cell) -> str:
        """Say why a cell is not even tried, or nothing."""
        skip = cell.skip
        if not skip:
            return ""
        try:
            applies = not skip.test or bool(eval(skip.test, self.space.names))
        except Exception as error:
            what = f"this skip's test raised {type(error).__name__}: {error}"
            problem = Problem(self.page.path, skip.line, what, "mend the test")
            raise LoomError([problem]) from None
        return skip.reason if applies else ""

    def forget(self, code: Code) -> None:
        """Leave no older value where a skipped block would have set a new one."""
        source = self.page.source(code)
        assigned = names.assigned_names(source)
        lost = assigned | names.imported_names(source)
        self.missing |= dict.fromkeys(lost, code.line)
        for space in (self.space, self.files.get(code.target, self.space)):
            for name in assigned:
                space.names.pop(name, None)

    def run_code(self, code: Code) -> Result:
        """Run an example in the page, a chunk in its file."""
        source = self.page.source(code)
        if not code.target:
            return self.execute(source, self.space, self.path)
        space = self.file(code.target)
        before = dict(space.names)
        with standing(space.module):
            result = self.execute(source, space, self.path)
        made = names.assigned_names(source) | names.imported_names(source)
        for name, value in space.names.items():
            changed = name in made or before.get(name, self) is not value
            if changed and not name.startswith("__"):
                self.space.names[name] = value
        return result

    def file(self, target: str) -> Space:
        """Return a file's names as earlier pages left them."""
        if target in self.files:
            return self.files[target]
        space = Space(types.ModuleType(names.module_name(target)))
        is_package = PurePosixPath(target).stem == "__init__"
        package = space.module.__name__
        package = package if is_package else package.rpartition(".")[0]
        space.names.update(__package__=package, __file__=target)
        for page, definition in self.book.earlier(self.page, target):
            path = self.book.root / page.path
            with standing(space.module):
                result = self.execute(definition.source(), space, path)
            if result.error:
                what = f"this block raised an error:\n{result.trace}"
                fix = f"mend it first; {self.page.path} builds on it"
                raise LoomError(
                    [Problem(page.path, definition.parts[0].line, what, fix)]
                )
        self.files[target] = space
        return space

    def execute(self, source: str, space: Space, path: Path) -> Result:
        """Run code; catch what it prints, raises and draws."""
        out = io.StringIO()
        error = trace = svg = ""
        linecache.checkcache(str(path))
        with drawing(), strict_warnings(), contextlib.redirect_stdout(out):
            try:
                svg = picture(evaluate(source, space, str(path)))
            except (Exception, SystemExit) as exception:
                if reason := self.missed(exception):
                    return Result(skipped=reason)
                error, trace = explain(exception, str(path))
        return Result(out.getvalue(), error, trace, svg)

    def missed(self, exception: BaseException) -> str:
        """Say which skipped block would have set the name that wasn't found."""
        if type(exception) is not NameError or exception.name not in self.missing:
            return ""
        name, line = exception.name, self.missing[exception.name]
        return f"needs {name} from the block skipped at line {line}"


def evaluate(source: str, space: Space, path: str) -> object:
    """Execute code; give the value of its last line if that is an expression."""
    tree = ast.parse(source, path)
    last = tree.body.pop() if tree.body else None
    if last and not isinstance(last, ast.Expr):
        tree.body.append(last)
    code = compile(tree, path, "exec", space.flags, dont_inherit=True)
    space.flags |= code.co_flags & FUTURE
    exec(code, space.names)
    if not isinstance(last, ast.Expr):
        return None
    value = ast.Expression(last.value)
    code = compile(value, path, "eval", space.flags, dont_inherit=True)
    return eval(code, space.names)


def explain(exception: BaseException, path: str) -> tuple[str, str]:
    """Return an exception's last lines, and the way to it from the page on."""
    lines = traceback.format_exception_only(exception)
    frames = traceback.extract_tb(exception.__traceback__)
    shown = dropwhile(lambda frame: frame.filename != path, frames)
    trace = "".join([*traceback.format_list(shown), *lines])
    # Where Python can't read the code, it names the file, which differs by machine.
    error = lines[-1] if isinstance(exception, SyntaxError) else "".join(lines)
    return error, trace


@contextlib.contextmanager
def standing(module: types.ModuleType) -> Iterator[None]:
    """Let code find the module that it is in, as dataclasses do."""
    old = sys.modules.get(module.__name__)
    sys.modules[module.__name__] = module
    try:
        yield
    finally:
        del sys.modules[module.__name__]
        if old:
            sys.modules[module.__name__] = old


@contextlib.contextmanager
def strict_warnings() -> Iterator[None]:
    """Make warnings that the book's own code causes errors; leave others alone."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", module=r"__main__|fishbook\b")
        warnings.filterwarnings("ignore", NO_GLYPH)
        yield


@contextlib.contextmanager
def drawing() -> Iterator[None]:
    """Draw into memory, in the book's style, the same bytes each time."""
    os.environ.setdefault("MPLBACKEND", "Agg")
    try:
        import matplotlib
        import matplotlib.pyplot as plt
    except ModuleNotFoundError:
        yield
        return
    from fishbook.diagrams import STYLE

    style: Any = {**STYLE, "svg.hashsalt": "fishbook"}
    with matplotlib.rc_context(style):
        plt.switch_backend("agg")
        try:
            yield
        finally:
            plt.close("all")


def picture(value: object) -> str:
    """Return the SVG that a block drew, or nothing."""
    draw: Callable[[], str] | None = getattr(value, "_repr_svg_", None)
    if draw:
        return draw()
    try:
        import matplotlib.pyplot as plt
    except ModuleNotFoundError:
        return ""
    if not plt.get_fignums():
        return ""
    out = io.StringIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", NO_GLYPH)
        plt.gcf().savefig(
            out, format="svg", metadata={"Date": None}, bbox_inches="tight"
        )
    return out.getvalue()
