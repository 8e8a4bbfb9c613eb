"""A chapter's blocks run, compared, recorded; what pytest collects."""

from __future__ import annotations

import ast
import contextlib
import io
import linecache
import os
import traceback
import types
import unittest
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
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
        return self.printed + self.error


class Runner:
    """Runs a chapter's cells in order, in one namespace."""

    def __init__(self, book: Book, chapter: Chapter) -> None:
        self.book = book
        self.chapter = chapter
        self.path = book.root / chapter.path
        self.names: Namespace = {"__name__": "__main__", "__builtins__": __builtins__}
        self.modules: dict[str, Namespace] = {}
        self.missing: dict[str, int] = {}

    def run(self, cell: Cell) -> Result:
        """Run a cell's code, or say why it is skipped."""
        if reason := self.reason_to_skip(cell):
            for name in bound_names(cell.code.source):
                self.missing[name] = cell.code.line
            return Result(skipped=reason)
        for name in bound_names(cell.code.source):
            self.missing.pop(name, None)
        return self.run_chunk(cell.code) if cell.code.target else self.run_example(cell)

    def reason_to_skip(self, cell: Cell) -> str:
        """Say why a cell can't be run here, or nothing."""
        if cell.skip and (not cell.skip.test or self.true(cell.skip.test)):
            return cell.skip.reason
        for name in needed_names(cell.code.source):
            if name in self.missing:
                return (
                    f"needs {name} from the block skipped at line {self.missing[name]}"
                )
        return ""

    def true(self, test: str) -> bool:
        return bool(eval(test, self.names))

    def run_example(self, cell: Cell) -> Result:
        code = cell.code
        source = "\n" * (code.source_line - 1) + code.source
        return self.execute(source, self.names)

    def run_chunk(self, code: Code) -> Result:
        """Run a chunk as part of its file, then hand its names to the chapter."""
        names = self.module(code.target)
        definition = next(
            d for d in definitions_of(self.chapter)[code.target] if code in d.parts
        )
        before = dict(names)
        result = self.execute(definition.source_at_its_lines(upto=code), names)
        for name, value in names.items():
            if not name.startswith("__") and before.get(name, self) is not value:
                self.names[name] = value
        return result

    def module(self, target: str) -> Namespace:
        """Give a file's namespace as earlier chapters left it."""
        if target not in self.modules:
            path = PurePosixPath(target)
            name = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
            module = types.ModuleType(name)
            package = name if path.stem == "__init__" else name.rpartition(".")[0]
            module.__dict__.update(__package__=package, __file__=target)
            self.modules[target] = module.__dict__
            for definition in self.earlier(target):
                path_name = str(self.book.root / definition.chapter.path)
                code = compile(definition.source_at_its_lines(), path_name, "exec")
                exec(code, module.__dict__)
        return self.modules[target]

    def earlier(self, target: str) -> Iterator[Definition]:
        """Yield the file's definitions in the chapters before this one."""
        for chapter in self.book.chapters:
            if chapter.path == self.chapter.path:
                return
            yield from definitions_of(chapter).get(target, [])

    def execute(self, source: str, names: Namespace) -> Result:
        """Run code; catch what it prints, raises and draws."""
        out = io.StringIO()
        error = trace = ""
        value: object = None
        linecache.checkcache(str(self.path))
        with drawing(), strict_warnings(), contextlib.redirect_stdout(out):
            try:
                value = self.evaluate(source, names)
            except Exception as exception:
                error, trace = self.explain(exception)
            svg = "" if error else picture(value)
        return Result(out.getvalue(), error, trace, svg)

    def evaluate(self, source: str, names: Namespace) -> object:
        """Execute code; give the value of its last line if that is an expression."""
        tree = ast.parse(source, str(self.path))
        last = tree.body[-1] if tree.body else None
        if not isinstance(last, ast.Expr):
            exec(compile(tree, str(self.path), "exec"), names)
            return None
        tree.body.pop()
        exec(compile(tree, str(self.path), "exec"), names)
        return eval(compile(ast.Expression(last.value), str(self.path), "eval"), names)

    def explain(self, exception: Exception) -> tuple[str, str]:
        """Give an exception's last lines, and its traceback from the chapter on."""
        error = "".join(traceback.format_exception_only(exception))
        frames = traceback.extract_tb(exception.__traceback__)
        own = str(Path(__file__))
        shown = [frame for frame in frames if frame.filename != own]
        return error, "".join(traceback.format_list(shown)) + error


@contextlib.contextmanager
def strict_warnings() -> Iterator[None]:
    """Make warnings that the book's own code causes errors; leave others alone."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", module=r"__main__|fishbook\b")
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
        # Matplotlib's own font has no Chinese; the reader's browser draws the text.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        plt.gcf().savefig(
            out, format="svg", metadata={"Date": None}, bbox_inches="tight"
        )
    return out.getvalue()


def bound_names(source: str) -> set[str]:
    """Give the names that a block defines at its top level."""
    tree = parse_or_nothing(source)
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
            continue
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                names.add(inner.id)
            elif isinstance(inner, ast.alias):
                names.add((inner.asname or inner.name).split(".")[0])
    return names


def needed_names(source: str) -> set[str]:
    """Give the names that a block reads before it has set them itself."""
    tree = parse_or_nothing(source)
    needed: set[str] = set()
    known: set[str] = set()
    for node in tree.body:
        reads = {
            inner.id
            for inner in ast.walk(node)
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load)
        }
        needed |= reads - known
        known |= bound_names(ast.unparse(node))
    return needed


def parse_or_nothing(source: str) -> ast.Module:
    """Parse code; what isn't Python on its own has no names."""
    try:
        return ast.parse(source)
    except SyntaxError:
        return ast.Module([], [])


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
    shown = path.read_text(encoding="utf-8")
    if drawn_by(shown) != drawn_by(svg):
        return ""
    found = svg_difference(shown, svg)
    head = f"docs/{figure.path} is not what the block draws"
    return (
        f"{head}; if the block is right, `fishbook record`:\n{found}" if found else ""
    )


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
        _note_output(cell, result, replaced)
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


def _note_output(cell: Cell, result: Result, replaced: dict[int, str]) -> None:
    """Plan the new text of a cell's output fence, added or taken out as needed."""
    if cell.output:
        old = cell.output
        if same_output(old.body, result.text, varies=old.varies):
            return
        replaced[old.line] = _output_fence(old, result.text) if result.text else ""
    elif result.text and not cell.code.hidden:
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
        from sybil import Region

        book = Book.load(root)
        path = Path(document.path).resolve().relative_to(root.resolve())
        chapter = next(c for c in book.chapters if c.path == path)
        if chapter.problems:
            raise LoomError(chapter.problems)
        runner = Runner(book, chapter)
        starts = _line_starts(document.text)
        for cell in chapter.cells:
            start = starts[cell.code.line - 1]
            end = min(start + len(cell.code.raw), len(document.text))
            yield Region(start, end, cell, _evaluator(runner))

    return parse


def _line_starts(text: str) -> list[int]:
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    return starts


def _evaluator(runner: Runner) -> Callable[[Example], str | None]:
    def evaluate(example: Example) -> str | None:
        cell: Cell = example.parsed
        result = runner.run(cell)
        if result.skipped:
            raise unittest.SkipTest(result.skipped)
        if wrong := verdict(runner, cell, result):
            return f"{runner.chapter.path.as_posix()}:{cell.code.line}: {wrong}"
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


def blocks_run(chapter: Chapter) -> int:
    """Count the python fences of a chapter that are run."""
    return sum(not cell.code.hidden for cell in chapter.cells)
