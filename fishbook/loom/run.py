"""Code run in order, in the namespace of a page or of a file of the package."""

from __future__ import annotations

import ast
import atexit
import builtins
import contextlib
import hashlib
import linecache
import pickle
import re
import sys
import threading
import traceback
import types
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import dropwhile
from pathlib import PurePosixPath
from typing import Any

from fishbook.loom import names
from fishbook.loom.capture import (
    LARGEST,
    NO_GLYPH,
    Printed,
    UnfitError,
    close_figures,
    picture,
    plain,
)

FUTURE = annotations.compiler_flag
"""Marks code that imported annotations from `__future__`, as this file does."""

FIXED = (type, types.FunctionType, types.BuiltinFunctionType, types.ModuleType)

GRACE = 2.0
"""Seconds in which a page's threads may end when the page does."""

LINE = re.compile(r"(?<=\bon line )\d+")


@dataclass(frozen=True)
class Piece:
    """Code to run: each line at its line in the page, and where it belongs."""

    source: str
    path: str
    line: int
    target: str = ""
    """The file that the code is part of, if any."""
    test: str = ""
    reason: str = ""
    """Why the code is skipped, if so: where `test` is true, or always without one."""
    keeps: tuple[str, ...] = ()
    """Names whose values hidden code has to leave as they are."""
    last: bool = False
    """Whether the page ends with it."""


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
    fault: str = ""
    """What the block did that no page can show, to follow the words "this block"."""

    @property
    def text(self) -> str:
        """What an output fence shows: what was printed, then the exception."""
        joined = self.error and self.printed and not self.printed.endswith("\n")
        return self.printed + "\n" * bool(joined) + self.error


class UnrunError(Exception):
    """A piece can't even be tried: path and line of what is wrong, and what it is."""


@dataclass
class Space:
    """Where code runs: a module, and what it imported from `__future__`."""

    module: types.ModuleType
    flags: int = 0

    def __post_init__(self) -> None:
        self.names["__builtins__"] = vars(sys.modules["builtins"])

    @property
    def names(self) -> dict[str, Any]:
        """The names that the code sees."""
        return self.module.__dict__


class Namespace:
    """A page's namespace, and those of the files that its chunks are part of."""

    def __init__(self, printed: Printed) -> None:
        self.printed = printed
        # What a page does to Python's own functions is done to copies, not to ours.
        sys.modules["builtins"] = types.ModuleType("builtins")
        vars(sys.modules["builtins"]).update(vars(builtins))
        self.space = Space(types.ModuleType("__main__"))
        sys.modules["__main__"] = self.space.module
        self.files: dict[str, Space] = {}
        self.missing: dict[str, int] = {}
        self.unheard: list[BaseException] = []
        threading.excepthook = sys.unraisablehook = self.hear

    def hear(self, found: Any) -> None:
        """Keep an error that ends no code: one of a thread, or of a `__del__`.

        A file left open doesn't count: what is swept away late may be anyone's.
        """
        least = SystemExit | ResourceWarning
        if found.exc_value and not isinstance(found.exc_value, least):
            self.unheard.append(found.exc_value)

    def run(self, piece: Piece, earlier: list[Piece]) -> Result:
        """Run a piece, or say why it is skipped; `earlier` ones began its file."""
        reason = self.reason_to_skip(piece)
        result = Result(skipped=reason) if reason else self.run_kept(piece, earlier)
        if result.skipped:
            self.forget(piece)
        return result

    def reason_to_skip(self, piece: Piece) -> str:
        """Say why a piece is not even tried, or nothing."""
        if not piece.reason or not piece.test:
            return piece.reason
        try:
            return piece.reason if eval(piece.test, self.space.names) else ""
        except Exception as error:
            what = f"this skip's test raised {type(error).__name__}: {error}"
            raise UnrunError("", 0, what) from None

    def ended(self, piece: Piece, result: Result) -> Result:
        """End as a script ends; what is printed or raised now is the last piece's."""
        with strict_warnings(), self.printed:
            ending = threading.Thread(target=end, daemon=True)
            ending.start()
            ending.join(GRACE)
        said = self.printed.text() + self.heard(piece)
        if ending.is_alive():
            said += "something that the page began still runs"
        if not said:
            return result
        what = f"is the page's last, and this came after it:\n{said.rstrip()}"
        fault = result.fault or f"{what}; let it wait for what it began"
        return replace(result, skipped="", fault=fault)

    def heard(self, piece: Piece) -> str:
        """Return the errors that ended no code since one asked last."""
        found, self.unheard = self.unheard, []
        return "".join(plain(explain(error, piece)[1]) for error in found)

    def forget(self, piece: Piece) -> None:
        """Leave no older value where a skipped block would have set a new one."""
        lost = names.made_names(piece.source)
        self.missing |= dict.fromkeys(lost, piece.line)
        for space in (self.space, self.files.get(piece.target, self.space)):
            for name in names.assigned_names(piece.source):
                space.names.pop(name, None)

    def run_kept(self, piece: Piece, earlier: list[Piece]) -> Result:
        """Run a piece, which has to leave alone what it keeps."""
        there = [name for name in piece.keeps if name in self.space.names]
        values = [self.space.names[name] for name in there]
        before = list(map(state, values))
        result = self.run_piece(piece, earlier)
        after = zip(there, before, map(state, values), strict=True)
        if changed := ", ".join(name for name, was, now in after if was != now):
            what = f"is out of sight and changes {changed}, which code in sight reads"
            result = replace(result, fault=f"{what}; let it work on a copy")
        return result

    def run_piece(self, piece: Piece, earlier: list[Piece]) -> Result:
        """Run an example in the page, a chunk in its file."""
        if not piece.target:
            return self.execute(piece, self.space)
        space = self.file(piece.target, earlier)
        before = dict(space.names)
        with standing(space.module):
            result = self.execute(piece, space)
        made = names.made_names(piece.source)
        for name, value in space.names.items():
            changed = name in made or before.get(name, self) is not value
            if changed and not name.startswith("__"):
                self.space.names[name] = value
        return result

    def file(self, target: str, earlier: list[Piece]) -> Space:
        """Return a file's names as earlier pages left them."""
        if target in self.files:
            return self.files[target]
        space = Space(types.ModuleType(names.module_name(target)))
        is_package = PurePosixPath(target).stem == "__init__"
        package = space.module.__name__
        package = package if is_package else package.rpartition(".")[0]
        space.names.update(__package__=package, __file__=target)
        for piece in earlier:
            with standing(space.module):
                result = self.execute(piece, space)
            if result.error:
                what = f"this block raised an error:\n{result.trace}"
                raise UnrunError(piece.path, piece.line, what)
        self.files[target] = space
        return space

    def execute(self, piece: Piece, space: Space) -> Result:
        """Run code; catch what it prints, raises and draws."""
        error = trace = svg = fault = reason = ""
        linecache.checkcache(piece.path)
        close_figures()
        with strict_warnings(), self.printed:
            try:
                svg = picture(evaluate(piece.source, space, piece.path))
            except UnfitError as unfit:
                fault = str(unfit)
            except BaseException as exception:
                reason = self.missed(exception)
                error, trace = map(plain, explain(exception, piece))
        printed, said = self.printed.text(), self.heard(piece)
        if reason:
            return Result(skipped=reason)
        if said:
            what = f"raised an error in a thread, or in `__del__`:\n{said.rstrip()}"
            fault = fault or f"{what}; mend it, or catch it there"
        if len(error) > LARGEST:
            error = trace = ""
            fault = f"raised an error of more than {LARGEST:,} characters; say less"
        return Result(printed, error, trace, svg, fault=fault)

    def missed(self, exception: BaseException) -> str:
        """Say which skipped block would have set the name that wasn't found."""
        if type(exception) is not NameError or exception.name not in self.missing:
            return ""
        name, line = exception.name, self.missing[exception.name]
        return f"needs {name} from the block skipped at line {line}"


class State(pickle.Pickler):
    """Tells what a value holds; of what code can't change, only which it is."""

    def persistent_id(self, value: Any) -> str | None:
        """Return what stands for a function, a class or a module."""
        return str(id(value)) if isinstance(value, FIXED) else None


def state(value: object) -> str:
    """Return what tells a changed value from the old one; nothing where none can."""
    digest = hashlib.sha256()
    try:
        State(types.SimpleNamespace(write=digest.update), 5).dump(value)
    except Exception:
        return ""
    return digest.hexdigest()


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


def explain(exception: BaseException, piece: Piece) -> tuple[str, str]:
    """Return an exception's last lines, and the way to it from the page on."""
    lines = traceback.format_exception_only(exception)
    frames = traceback.extract_tb(exception.__traceback__)
    shown = dropwhile(lambda frame: frame.filename != piece.path, frames)
    trace = "".join([*traceback.format_list(shown), *lines])
    if not isinstance(exception, SyntaxError):
        return "".join(lines), trace
    # Where Python can't read the code, it names the file, which differs by machine,
    # and perhaps a line, which differs by what stands above the block.
    error = "".join(dropwhile(lambda line: line.startswith(" "), lines))
    return LINE.sub(lambda found: str(int(found[0]) - piece.line), error), trace


def end() -> None:
    """Wait for threads, but for those that wait for work; run what is left for last."""
    for let_go in getattr(threading, "_threading_atexits", ()):
        let_go()
    for thread in threading.enumerate():
        if not thread.daemon and thread is not threading.main_thread():
            thread.join()
    atexit._run_exitfuncs()


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
