"""A chapter's blocks run, compared, recorded; what pytest collects."""

from __future__ import annotations

import ast
import contextlib
import io
import linecache
import os
import sys
import traceback
import types
import unittest
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import dropwhile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from fishbook.loom.book import Book, Definition, definitions_of
from fishbook.loom.chapter import Cell, Chapter, Code, Figure, Output
from fishbook.loom.compare import diff, drawn_by, same_output, svg_difference
from fishbook.loom.problem import LoomError, Problem
from fishbook.loom.tangle import write_atomically

if TYPE_CHECKING:
    from sybil import Document, Example, Region

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
    """The way to the exception, from the chapter's line on."""
    svg: str = ""
    skipped: str = ""

    @property
    def text(self) -> str:
        """What an output fence shows: what was printed, then the exception."""
        joined = self.error and self.printed and not self.printed.endswith("\n")
        return self.printed + "\n" * bool(joined) + self.error


class Runner:
    """Runs a chapter's cells in order, in one namespace."""

    def __init__(self, book: Book, chapter: Chapter) -> None:
        self.book = book
        self.chapter = chapter
        self.path = book.root / chapter.path
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
            problem = Problem(self.chapter.path, skip.line, what, "mend the test")
            raise LoomError([problem]) from None
        return skip.reason if applies else ""

    def forget(self, code: Code) -> None:
        """Leave no older value where a skipped block would have set a new one."""
        spaces = [self.space, self.files.get(code.target, self.space)]
        assigned, imported = top_level_names(self.source(code))
        self.missing |= dict.fromkeys(assigned | imported, code.line)
        for space in spaces:
            for name in assigned:
                space.names.pop(name, None)

    def source(self, code: Code) -> str:
        """Give a block's code at its lines, with the definition it continues."""
        if not code.target:
            return "\n" * (code.source_line - 1) + code.source
        definitions = definitions_of(self.chapter)[code.target]
        definition = next(d for d in definitions if code in d.parts)
        return definition.source_at_its_lines(upto=code)

    def run_code(self, code: Code) -> Result:
        """Run an example in the chapter, a chunk in its file."""
        if not code.target:
            return self.execute(self.source(code), self.space, self.path)
        space = self.file(code.target)
        before = dict(space.names)
        with standing(space.module):
            result = self.execute(self.source(code), space, self.path)
        for name, value in space.names.items():
            if not name.startswith("__") and before.get(name, self) is not value:
                self.space.names[name] = value
        return result

    def file(self, target: str) -> Space:
        """Give a file's names as earlier chapters left them."""
        if target in self.files:
            return self.files[target]
        path = PurePosixPath(target)
        name = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
        package = name if path.stem == "__init__" else name.rpartition(".")[0]
        space = Space(types.ModuleType(name))
        space.names.update(__package__=package, __file__=target)
        for definition in self.earlier(target):
            chapter = definition.chapter.path
            source = definition.source_at_its_lines()
            with standing(space.module):
                result = self.execute(source, space, self.book.root / chapter)
            if result.error:
                what = f"this block raised an error:\n{result.trace}"
                fix = f"mend it first; {self.chapter.path.as_posix()} builds on it"
                line = definition.parts[0].line
                raise LoomError([Problem(chapter, line, what, fix)])
        self.files[target] = space
        return space

    def earlier(self, target: str) -> Iterator[Definition]:
        """Yield the file's definitions in the chapters before this one."""
        for chapter in self.book.chapters:
            if chapter.path == self.chapter.path:
                return
            yield from definitions_of(chapter).get(target, [])

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
    """Give an exception's last lines, and the way to it from the chapter on."""
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
    """Give the SVG that a block drew, or nothing."""
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


def top_level_names(source: str) -> tuple[set[str], set[str]]:
    """Give the names that code sets and those that it imports, for all to see."""
    assigned, imported = set[str](), set[str]()
    try:
        nodes: list[ast.AST] = [ast.parse(source)]
    except (SyntaxError, ValueError):
        nodes = []
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            assigned.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            assigned.add(node.id)
        elif isinstance(node, ast.alias):
            imported.add((node.asname or node.name).partition(".")[0])
        elif not isinstance(node, ast.Lambda | ast.comprehension):
            nodes += ast.iter_child_nodes(node)
    return assigned, imported


def verdict(runner: Runner, cell: Cell, result: Result) -> str:
    """Say what the page shows and the run did not give, or nothing."""
    shown = cell.output.body if cell.output else ""
    varies = bool(cell.output and cell.output.varies)
    expects_error = looks_like_error(shown)
    if result.error and not expects_error:
        head = "this block raised an error the page doesn't show:"
        return "\n".join(filter(None, [head, result.printed, result.trace]))
    if expects_error and not result.error:
        return f"the page shows an error, but the block raised none:\n{shown}"
    if not same_output(shown, result.text, varies=varies):
        head = "page (-) and run (+) differ; if the run is right, `fishbook record`:"
        return f"{head}\n{diff(shown, result.text)}"
    return figure_verdict(runner.book.root, cell.figure, result.svg)


def looks_like_error(shown: str) -> bool:
    """Whether an output ends as an exception does: `SomeError: what happened`."""
    last = shown.rstrip().rpartition("\n")[2]
    name = last.partition(":")[0]
    return name.replace(".", "").isidentifier() and name.endswith(
        ("Error", "Exception", "Warning", "Interrupt")
    )


def figure_verdict(root: Path, figure: Figure | None, svg: str) -> str:
    """Say how a drawn picture differs from the one on the page, or nothing."""
    if not figure:
        return "this block draws a figure that the page doesn't show" if svg else ""
    if not svg:
        return f"the page shows {figure.path}, but the block drew nothing"
    path = root / "docs" / figure.path
    if not path.exists():
        return f"docs/{figure.path} does not exist; run `fishbook record`"
    if other_matplotlib(root, figure, svg):
        return ""
    found = svg_difference(path.read_text(encoding="utf-8"), svg)
    head = f"docs/{figure.path} is not what the block draws"
    return (
        f"{head}; if the block is right, `fishbook record`:\n{found}" if found else ""
    )


def other_matplotlib(root: Path, figure: Figure | None, svg: str) -> str:
    """Say why a drawn picture can't be compared with the page's here, or nothing."""
    if not figure:
        return ""
    shown = drawn_by((root / "docs" / figure.path).read_text(encoding="utf-8"))
    here = drawn_by(svg)
    if not shown or not here or shown == here:
        return ""
    return f"{figure.path} was drawn by Matplotlib {shown}, which differs from {here}"


def record(book: Book, only: Iterable[Path] = ()) -> list[str]:
    """Run chapters and write what they printed and drew; give the files changed."""
    book.require_sound()
    wanted = {path.resolve() for path in only}
    changed: list[str] = []
    for chapter in book.chapters:
        path = book.root / chapter.path
        if not wanted or path.resolve() in wanted:
            changed += _record_chapter(book, chapter, path)
    return changed


def _record_chapter(book: Book, chapter: Chapter, path: Path) -> list[str]:
    """Run one chapter; nothing of it is written where a block fails."""
    runner = Runner(book, chapter)
    replaced: dict[int, str] = {}
    figures: dict[str, str] = {}
    for cell in chapter.cells:
        result = runner.run(cell)
        if result.skipped:
            continue
        shown = cell.output.body if cell.output else ""
        if bool(result.error) != looks_like_error(shown):
            raise LoomError([_failure(chapter, cell, result)])
        _note_output(chapter, cell, result, replaced)
        if cell.figure and result.svg:
            figures[cell.figure.path] = result.svg
        elif cell.figure or result.svg:
            what = figure_verdict(book.root, cell.figure, result.svg)
            fix = "draw one, or add a line ![中文 | English](figures/NAME.svg)"
            line = cell.code.line
            raise LoomError([Problem(chapter.path, line, what, fix)])
    text = "".join(replaced.get(block.line, block.raw) for block in chapter.blocks)
    changed = []
    if text != chapter.render():
        write_atomically(path, text)
        changed.append(chapter.path.as_posix())
    for name, svg in figures.items():
        file = book.root / "docs" / name
        if not file.exists() or _moved(file.read_text(encoding="utf-8"), svg):
            write_atomically(file, svg)
            changed.append(f"docs/{name}")
    return changed


def _moved(old: str, new: str) -> bool:
    return drawn_by(old) != drawn_by(new) or bool(svg_difference(old, new))


def _failure(chapter: Chapter, cell: Cell, result: Result) -> Problem:
    if result.error:
        what = f"this block raised an error the page doesn't show:\n{result.trace}"
        fix = "mend it, or show the error in an output fence that ends with it"
    else:
        what = "the page shows an error, but the block raised none"
        fix = "mend the block, or take the error out of the output fence"
    return Problem(chapter.path, cell.code.line, what, fix)


def _note_output(
    chapter: Chapter, cell: Cell, result: Result, replaced: dict[int, str]
) -> None:
    """Plan the new text of a cell's output fence, added or taken out as needed."""
    old = cell.output
    if same_output(
        old.body if old else "", result.text, varies=bool(old and old.varies)
    ):
        return
    if old:
        replaced[old.line] = _output_fence(old, result.text) if result.text else ""
        return
    if cell.code.hidden:
        what = f"this hidden code prints:\n{result.text}"
        fix = "take the print out, or put an output fence after it"
        raise LoomError([Problem(chapter.path, cell.code.line, what, fix)])
    above = cell.annotations or cell.code
    ending = "\r\n" if above.raw.endswith("\r\n") else "\n"
    raw = above.raw if above.raw.endswith("\n") else above.raw + ending
    fence = _fence("output", result.text).replace("\n", ending)
    replaced[above.line] = f"{raw}{ending}{fence}"


def _output_fence(old: Output, text: str) -> str:
    ending = "\r\n" if old.raw.endswith("\r\n") else "\n"
    info = "output varies" if old.varies else "output"
    fence = _fence(info, text).replace("\n", ending)
    return fence if old.raw.endswith("\n") else fence.removesuffix(ending)


def _fence(info: str, text: str) -> str:
    mark = "```"
    while mark in text:
        mark += "`"
    body = "\n".join(line.rstrip() for line in text.rstrip("\n").split("\n"))
    return f"{mark}{info}\n{body}\n{mark}\n"


def chapter_tests(root: Path) -> Callable[[Document], Iterator[Region]]:
    """Give the Sybil parser that yields every code block of a chapter as a test."""

    def parse(document: Document) -> Iterator[Region]:
        import pytest
        from sybil import Region

        try:
            runner = _runner(root, Path(document.path))
        except LoomError as error:
            raise pytest.Collector.CollectError(str(error)) from None
        starts = _line_starts(document.text)
        for cell in runner.chapter.cells:
            first = cell.code.line - 1
            after = first + len(cell.code.raw.rstrip("\n").split("\n"))
            end = min(starts[after], len(document.text))
            yield Region(starts[first], end, cell, _evaluator(runner))

    return parse


def _runner(root: Path, file: Path) -> Runner:
    """Give what runs a chapter, which has to be sound."""
    book = Book.load(root)
    path = file.resolve().relative_to(root.resolve())
    chapter = next((c for c in book.chapters if c.path == path), None)
    if not chapter:
        what, fix = "this file is no chapter, so nothing in it is run", "move it"
        raise LoomError([Problem(path, 1, what, f"{fix} to docs/ itself")])
    if problems := [p for p in book.problems if p.path == path]:
        raise LoomError(problems)
    return Runner(book, chapter)


def _line_starts(text: str) -> list[int]:
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    return starts


def _evaluator(runner: Runner) -> Callable[[Example], str | None]:
    def evaluate(example: Example) -> str | None:
        cell: Cell = example.parsed
        try:
            result = runner.run(cell)
        except LoomError as error:
            return str(error)
        if result.skipped:
            raise unittest.SkipTest(result.skipped)
        if wrong := verdict(runner, cell, result):
            return f"{runner.chapter.path.as_posix()}:{cell.code.line}: {wrong}"
        if reason := other_matplotlib(runner.book.root, cell.figure, result.svg):
            raise unittest.SkipTest(reason)
        return None

    return evaluate


def collector(root: Path) -> Callable[..., Any]:
    """Give the `pytest_collect_file` hook for the chapters of the book in `root`."""
    from sybil import Sybil

    sybil = Sybil(
        parsers=[chapter_tests(root)], patterns=["*.md"], path=str(root / "docs")
    )
    hook: Callable[..., Any] = sybil.pytest()
    return hook
