"""A chapter's text to blocks and back, to the byte.

One scanner walks the lines once. Every line ends up in just one block, and a block
keeps its raw text, so joining the blocks gives the chapter back. What is wrong is noted
as a `Problem` on the way; parsing itself never fails.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from fishbook.loom.problem import LoomError, Problem

PACKAGE = "fishbook"

FENCE = re.compile(
    r"^(?P<indent>(?:[ \t>]|(?:[-*+]|\d+[.)])[ \t])*)"
    r"(?P<mark>~{3,}|`{3,}(?=[^`]*$))(?P<info>.*)$"
)
DIV = re.compile(r'^<div lang="(zh|en)" markdown(?:="(?:1|block)")?>[ \t]*$')
DETAILS = re.compile(
    r"^<details markdown(?:=\"(?:1|block)\")?><summary>(.*)</summary>[ \t]*$"
)
HEADING = re.compile(r"^(#{1,6})[ \t]+(.*?)(?:[ \t]+\{#([^\s{}]+)\})?[ \t]*$")
LABS = "labs"
"""The folder in `docs/` for labs."""
FIGURE = re.compile(r"^!\[(.*)\]\(((?:\.\./)?)(figures/[^()\s]+)\)[ \t]*$")
HIDDEN = re.compile(r"^<!---? *invisible-code-block: *python *$")
SKIP = re.compile(r"^<!---? *skip: *next(?: +(.*?))? *-->[ \t]*$")
SKIP_IF = re.compile(r'^if\((?P<test>.+), *reason="(?P<reason>[^"]+)"\)$')
SKIP_WHY = re.compile(r'^"(?P<reason>[^"]+)"$')
ANNOTATION = re.compile(r"^(\d+)\. (.*)$")
MARKER = re.compile(r"[ \t]*#[ \t]*\((\d+)\)![ \t]*$", re.M)
ATTRIBUTE = re.compile(r'\s*([\w-]+)="([^"]*)"')
CODE_OR_FORMULA = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)|\$[^$]*\$", re.S)
LANGUAGES_NEVER_RUN = {"py", "python3", "py3", "pycon", "ipython", "ipython3"}


@dataclass(frozen=True)
class Block:
    """A run of lines of one kind; `raw` is their text to the byte."""

    raw: str
    line: int


@dataclass(frozen=True)
class Blank(Block):
    """Empty lines."""


@dataclass(frozen=True)
class Comment(Block):
    """An HTML comment that isn't code: kept, never shown."""


@dataclass(frozen=True)
class Shared(Block):
    """Markdown for every edition that is no other block: a table of numbers, say."""

    body: str


@dataclass(frozen=True)
class Prose(Block):
    """A language div: `lang` is zh or en, `body` the Markdown inside."""

    lang: str
    body: str
    body_line: int


@dataclass(frozen=True)
class Heading(Block):
    """A heading with both titles and its anchor."""

    level: int
    zh: str
    en: str
    anchor: str


@dataclass(frozen=True)
class Formula(Block):
    """A displayed formula, with its `$$`."""

    body: str


@dataclass(frozen=True)
class Fence(Block):
    """A fence that is shown and never run."""

    info: str
    body: str


@dataclass(frozen=True)
class Code(Block):
    """Python that is run: a chunk (`target` is its file), an example, hidden code."""

    target: str
    hidden: bool
    source: str
    source_line: int

    @property
    def continues(self) -> bool:
        """Whether this chunk continues the definition before it."""
        first = next((s for s in self.source.split("\n") if s.strip()), "")
        return bool(self.target) and first[:1] in {" ", "\t"}


@dataclass(frozen=True)
class Output(Block):
    """What the code above prints; `varies` where its numbers are timings."""

    body: str
    varies: bool


@dataclass(frozen=True)
class Annotations(Block):
    """The list under a block that explains its `# (1)!` marks, as (zh, en) pairs."""

    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Figure(Block):
    """A picture drawn by the code above, with a caption in both languages."""

    zh: str
    en: str
    path: str


@dataclass(frozen=True)
class DetailsOpen(Block):
    """The start of a folded part, with its two summaries."""

    zh: str
    en: str


@dataclass(frozen=True)
class DetailsClose(Block):
    """The end of a folded part."""


@dataclass(frozen=True)
class Skip(Block):
    """The next code is skipped, always or where `test` is true, for a reason."""

    test: str
    reason: str


@dataclass(frozen=True)
class Cell:
    """Code with what belongs to it: annotations, output, figure, a reason to skip."""

    code: Code
    annotations: Annotations | None = None
    output: Output | None = None
    figure: Figure | None = None
    skip: Skip | None = None


@dataclass
class Chapter:
    """One Markdown file of the book."""

    path: Path
    blocks: list[Block]
    problems: list[Problem] = field(default_factory=list)

    @classmethod
    def parse(cls, text: str, path: Path = Path("chapter.md")) -> Chapter:
        """Read a chapter from its text; what is wrong with it is in `problems`."""
        scanner = _Scanner(text, path)
        chapter = cls(path, list(scanner.blocks()), scanner.problems)
        chapter._find_strays()
        return chapter

    @classmethod
    def read(cls, path: Path, shown: Path | None = None) -> Chapter:
        """Read a chapter from a file; `shown` is the path for messages."""
        try:
            text = path.read_bytes().decode("utf-8")
        except UnicodeDecodeError as error:
            line = path.read_bytes()[: error.start].count(b"\n") + 1
            what = f"byte 0x{error.object[error.start]:02x} is not UTF-8"
            fix = "save the file as UTF-8"
            raise LoomError([Problem(shown or path, line, what, fix)]) from None
        return cls.parse(text, shown or path)

    @property
    def is_lab(self) -> bool:
        """Whether this is a lab: it stands in `labs/`, and is shown as a notebook."""
        return self.path.parent.name == LABS

    @property
    def slug(self) -> str:
        """The file's name in `docs/` without its ending, as in `01-perceptron`."""
        return f"{LABS}/{self.path.stem}" if self.is_lab else self.path.stem

    def render(self) -> str:
        """Give the chapter's text back, to the byte."""
        return "".join(block.raw for block in self.blocks)

    @property
    def cells(self) -> list[Cell]:
        """The chapter's code in order, each with what belongs to it."""
        return [cell for cell, _ in self._cells()]

    def _cells(self) -> Iterator[tuple[Cell, set[int]]]:
        """Yield each cell with the lines of the blocks that belong to it."""
        blocks = [b for b in self.blocks if not isinstance(b, Blank)]
        for i, code in enumerate(blocks):
            if not isinstance(code, Code):
                continue
            before = blocks[i - 1] if i else None
            skip = before if isinstance(before, Skip) else None
            after = iter(blocks[i + 1 :])
            block = next(after, None)
            annotations = output = figure = None
            if isinstance(block, Annotations):
                annotations, block = block, next(after, None)
            if isinstance(block, Output):
                output, block = block, next(after, None)
            if isinstance(block, Figure):
                figure = block
            parts = (skip, annotations, output, figure)
            lines = {part.line for part in parts if part}
            yield Cell(code, annotations, output, figure, skip), lines

    def _find_strays(self) -> None:
        """Note outputs, figures, skips beside no code; unbalanced details."""
        owned = set[int]().union(*(lines for _, lines in self._cells()))
        advice: dict[type[Block], tuple[str, str]] = {
            Output: (
                "this output follows no code",
                "put it right after the python fence that prints it",
            ),
            Figure: (
                "this figure follows no code",
                "put it right after the python fence that draws it",
            ),
            Annotations: (
                "this list follows no marked code",
                "put it right after the python fence with the # (1)! marks",
            ),
            Skip: (
                "this skip precedes no code",
                "put it right before the python fence to be skipped",
            ),
        }
        for cell in self.cells:
            if not cell.annotations and MARKER.search(cell.code.source):
                fix = "put a list right after it: 1. 中文 | English"
                self._note(cell.code.line, "nothing explains this block's marks", fix)
        open_details: list[int] = []
        for block in self.blocks:
            if type(block) in advice and block.line not in owned:
                self._note(block.line, *advice[type(block)])
            elif isinstance(block, DetailsOpen):
                open_details.append(block.line)
            elif isinstance(block, DetailsClose):
                if open_details:
                    open_details.pop()
                else:
                    fix = "write <details markdown><summary>中文 | English</summary>"
                    self._note(block.line, "</details> without its start", fix)
        for line in open_details:
            self._note(line, "this <details> is never closed", "add </details>")
        self.problems.sort()

    def _note(self, line: int, what: str, fix: str) -> None:
        self.problems.append(Problem(self.path, line, what, fix))


def split_twins(text: str) -> tuple[str, str] | None:
    """Split `中文 | English` at its one ` | ` outside code and formulas.

    Returns None where there is no such place, or more than one.
    """
    hidden = CODE_OR_FORMULA.sub(lambda m: "x" * len(m[0]), text)
    if hidden.count(" | ") != 1:
        return None
    at = hidden.index(" | ")
    zh, en = text[:at].strip(), text[at + 3 :].strip()
    return (zh, en) if zh and en else None


def bad_target(target: str) -> str:
    """Say what is wrong with a chunk's title, or nothing."""
    path = PurePosixPath(target)
    if "\\" in target or ":" in target or path.is_absolute() or ".." in path.parts:
        return f"title {target!r} points outside {PACKAGE}/"
    if path.parts[:1] != (PACKAGE,) or len(path.parts) < 2:
        return f"title {target!r} is not under {PACKAGE}/"
    names = [*path.parts[1:-1], path.name.removesuffix(".py")]
    if path.suffix != ".py" or not all(name.isidentifier() for name in names):
        return f"title {target!r} is not a Python module's path"
    if str(path) != target:
        return f"title {target!r} is not written plainly as {str(path)!r}"
    return ""


def without_markers(source: str) -> str:
    """Take the `# (1)!` marks out of a piece of code."""
    return MARKER.sub("", source)


class _Scanner:
    """Walks a chapter's lines once and yields its blocks."""

    def __init__(self, text: str, path: Path) -> None:
        self.raw = re.findall(r"[^\n]*\n|[^\n]+", text)
        self.lines = [line.removesuffix("\n").removesuffix("\r") for line in self.raw]
        if self.lines:
            self.lines[0] = self.lines[0].removeprefix("\ufeff")
        self.path = path
        self.problems: list[Problem] = []
        self.check_characters()
        self.at = 0
        self.marked: set[int] = set()

    def note(self, line: int, what: str, fix: str) -> None:
        self.problems.append(Problem(self.path, line, what, fix))

    def check_characters(self) -> None:
        """Note what other tools would take for the end of a line or of the file."""
        for number, line in enumerate(self.lines, 1):
            if "\r" in line:
                what = "a carriage return stands inside this line"
                self.note(number, what, "save the file with LF line ends")
            if "\0" in line:
                self.note(number, "a NUL character stands here", "delete it")

    def blocks(self) -> Iterator[Block]:
        while self.at < len(self.lines):
            block = self.block()
            if isinstance(block, Code):
                self.marked = {int(m[1]) for m in MARKER.finditer(block.source)}
            elif not isinstance(block, Blank):
                self.marked = set()
            yield block

    def block(self) -> Block:
        """Read the block that starts at the present line."""
        line = self.lines[self.at]
        for pattern, read in self.readers():
            if match := pattern.match(line):
                return read(match)
        return self.shared()

    def readers(self) -> list[tuple[re.Pattern[str], Callable[[re.Match[str]], Block]]]:
        readers: list[tuple[re.Pattern[str], Callable[[re.Match[str]], Block]]] = [
            (re.compile(r"^\s*$"), self.blank),
            (HIDDEN, self.hidden),
            (SKIP, self.skip),
            (re.compile(r"^ {0,3}<!--"), self.comment),
            (FENCE, self.fence),
            (DIV, self.prose),
            (DETAILS, self.details),
            (re.compile(r"^</details>[ \t]*$"), self.details_close),
            (HEADING, self.heading),
            (re.compile(r"^\$\$"), self.formula),
            (FIGURE, self.figure),
        ]
        if self.marked:
            readers.append((ANNOTATION, self.annotations))
        return readers

    def take(self, count: int) -> tuple[str, int]:
        """Move past some lines; give their raw text and the first one's number."""
        start, self.at = self.at, self.at + count
        return "".join(self.raw[start : self.at]), start + 1

    def span(self, ends: Callable[[str], bool], start: int) -> int | None:
        """Give the index of the first line from `start` on that ends the block."""
        return next(
            (i for i in range(start, len(self.lines)) if ends(self.lines[i])), None
        )

    def enclosed(
        self, ends: Callable[[str], bool], what: str, fix: str, skip: int = 1
    ) -> tuple[str, str, int]:
        """Take a block up to its end line; give raw text, inside and first line."""
        start = self.at
        end = self.span(ends, start + skip)
        if end is None:
            self.note(start + 1, what, fix)
            end = len(self.lines)
        inside = "\n".join(self.lines[start + 1 : end])
        raw, line = self.take(min(end + 1, len(self.lines)) - start)
        return raw, inside, line

    def blank(self, match: re.Match[str]) -> Block:
        count = 1
        while self.at + count < len(self.lines):
            if self.lines[self.at + count].strip():
                break
            count += 1
        return Blank(*self.take(count))

    def hidden(self, match: re.Match[str]) -> Block:
        raw, inside, line = self.enclosed(
            lambda s: s.strip() == "-->",
            "this hidden code is never closed",
            "add a line with -->",
        )
        return Code(raw, line, "", True, inside, line + 1)

    def skip(self, match: re.Match[str]) -> Block:
        raw, line = self.take(1)
        rule = match[1] or ""
        found = SKIP_IF.match(rule) or SKIP_WHY.match(rule)
        if not found:
            form = '<!--- skip: next if(TEST, reason="WHY") -->'
            self.note(line, "this skip gives no reason", f"write {form}")
            return Skip(raw, line, "", "no reason given")
        return Skip(raw, line, found.groupdict().get("test") or "", found["reason"])

    def comment(self, match: re.Match[str]) -> Block:
        if "invisible-code" in self.lines[self.at] or " skip:" in self.lines[self.at]:
            form = "<!--- invisible-code-block: python or <!--- skip: next if(…) -->"
            self.note(self.at + 1, "this comment is almost code", f"write {form}")
        raw, _, line = self.enclosed(
            lambda s: "-->" in s, "this comment is never closed", "add -->", skip=0
        )
        return Comment(raw, line)

    def fence(self, match: re.Match[str]) -> Block:
        mark, info = match["mark"], match["info"].strip()
        close = closing(match)
        raw, inside, line = self.enclosed(
            lambda s: bool(close.match(s)),
            "this fence is never closed",
            f"add a line with {mark}",
        )
        language = language_of(info)
        if match["indent"] and language.lower() in {"python", *LANGUAGES_NEVER_RUN}:
            self.note(
                line,
                "an indented python fence would not be run",
                "move it to column 0, outside lists and quotes",
            )
            return Fence(raw, line, info, inside)
        return self.fence_of(info, language, raw, inside, line)

    def fence_of(
        self, info: str, language: str, raw: str, inside: str, line: int
    ) -> Block:
        """Tell the kinds of fence apart by the info line."""
        if language.lower() in LANGUAGES_NEVER_RUN or language.lower() == "python":
            if language == "python" and info == "python":
                return Code(raw, line, "", False, inside, line + 1)
            rest = info.removeprefix("python")
            title = ATTRIBUTE.fullmatch(rest)
            if language != "python" or not title or title[1] != "title":
                form = f'`python` or `python title="{PACKAGE}/….py"`'
                self.note(line, f"fence {info!r} would not be run", f"write {form}")
                return Fence(raw, line, info, inside)
            if wrong := bad_target(title[2]):
                self.note(line, wrong, f'write title="{PACKAGE}/NAME.py"')
                return Fence(raw, line, info, inside)
            return Code(raw, line, title[2], False, inside, line + 1)
        if language == "output":
            if info not in {"output", "output varies"}:
                self.note(
                    line, f"unknown fence {info!r}", "write `output` or `output varies`"
                )
            return Output(raw, line, inside, info == "output varies")
        return Fence(raw, line, info, inside)

    def prose(self, match: re.Match[str]) -> Block:
        """Take a language div; fences inside it can't end it."""
        start, depth, close = self.at, 1, None
        end = after = len(self.lines)
        for i in range(start + 1, len(self.lines)):
            line = self.lines[i]
            if close:
                close = None if close.match(line) else close
            elif fence := FENCE.match(line):
                close = closing(fence)
                self.check_fence_in_prose(fence, i + 1)
            elif DIV.match(line):
                end = after = i
                break
            elif re.match(r"^<div\b", line):
                depth += "</div>" not in line
            elif re.match(r"^</div>", line):
                depth -= 1
                if not depth:
                    end, after = i, i + 1
                    break
        if end == after:
            self.note(start + 1, "this div is never closed", "add </div> at column 0")
        body = "\n".join(self.lines[start + 1 : end])
        raw, line_number = self.take(after - start)
        return Prose(raw, line_number, match[1], body, line_number + 1)

    def check_fence_in_prose(self, fence: re.Match[str], line: int) -> None:
        language = language_of(fence["info"]).lower()
        if language in {"python", "output", *LANGUAGES_NEVER_RUN}:
            self.note(
                line,
                f"a {language} fence inside a language div would not be run",
                "move it out: code is shared by both languages",
            )

    def details(self, match: re.Match[str]) -> Block:
        raw, line = self.take(1)
        zh, en = self.twins(match[1], line, "summary")
        return DetailsOpen(raw, line, zh, en)

    def details_close(self, match: re.Match[str]) -> Block:
        return DetailsClose(*self.take(1))

    def heading(self, match: re.Match[str]) -> Block:
        raw, line = self.take(1)
        zh, en = self.twins(match[2], line, "heading")
        if not match[3]:
            self.note(line, "this heading has no anchor", "end it with {#anchor}")
        return Heading(raw, line, len(match[1]), zh, en, match[3] or "")

    def formula(self, match: re.Match[str]) -> Block:
        start = self.at
        text = self.lines[start].rstrip()
        one_line = len(text) > 4 and text.endswith("$$")
        end = start if one_line else self.span(ends_formula, start + 1)
        if end is None or not self.lines[end].rstrip().endswith("$$"):
            self.note(start + 1, "this formula is never closed", "add a line with $$")
            end = start
        raw, line = self.take(end + 1 - start)
        return Formula(raw, line, "\n".join(self.lines[start : self.at]))

    def figure(self, match: re.Match[str]) -> Block:
        raw, line = self.take(1)
        zh, en = self.twins(match[1], line, "caption")
        up = "../" if self.path.parent.name == LABS else ""
        if match[2] != up:
            what = f"from here, {match[2]}{match[3]} leads nowhere"
            self.note(line, what, f"write {up}{match[3]}")
        return Figure(raw, line, zh, en, match[3])

    def annotations(self, match: re.Match[str]) -> Block:
        end = self.span(lambda s: not ANNOTATION.match(s), self.at)
        end = len(self.lines) if end is None else end
        items = []
        numbers = []
        for i in range(self.at, end):
            item = ANNOTATION.match(self.lines[i])
            assert item
            items.append(self.twins(item[2], i + 1, "annotation"))
            numbers.append(int(item[1]))
        marked = sorted(self.marked)
        if not numbers == marked == list(range(1, len(marked) + 1)):
            self.note(
                self.at + 1,
                f"annotations {numbers}, marks {marked}",
                "give each # (1)! mark one line of the list, in order from 1",
            )
        raw, line = self.take(end - self.at)
        return Annotations(raw, line, tuple(items))

    def shared(self) -> Block:
        """Take lines up to the next blank one or the start of another block."""
        start = self.at
        self.at += 1
        while self.at < len(self.lines) and not self.starts_block(self.lines[self.at]):
            self.at += 1
        count, self.at = self.at - start, start
        body = "\n".join(self.lines[start : start + count])
        raw, line = self.take(count)
        return Shared(raw, line, body)

    def starts_block(self, line: str) -> bool:
        return any(pattern.match(line) for pattern, _ in self.readers())

    def twins(self, text: str, line: int, what: str) -> tuple[str, str]:
        """Split a line for both languages, or note that it can't be split."""
        pair = split_twins(text)
        if pair is None:
            self.note(
                line, f"this {what} is not for both languages", "write 中文 | English"
            )
            return text.strip(), text.strip()
        return pair


def language_of(info: str) -> str:
    """Give the language of a fence from its info line: `python`, `{.python …}`."""
    return re.split(r"[\s{}]", info.strip().lstrip("{. "), maxsplit=1)[0]


def ends_formula(line: str) -> bool:
    """Whether a displayed formula can't go on after this line."""
    return line.rstrip().endswith("$$") or not line.strip() or bool(FENCE.match(line))


def closing(fence: re.Match[str]) -> re.Pattern[str]:
    """Give the pattern of the line that closes a fence."""
    before = r"[ \t>]*" if ">" in fence["indent"] else r"[ \t]*"
    mark = fence["mark"]
    return re.compile(rf"^{before}{re.escape(mark[0])}{{{len(mark)},}}[ \t]*$")
