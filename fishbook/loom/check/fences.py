"""Code that looks as if it were run, but isn't."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from fishbook.loom import blocks, names
from fishbook.loom.blocks import Block
from fishbook.loom.check.form import Rule, problem
from fishbook.loom.inline import tokens
from fishbook.loom.page import Page
from fishbook.loom.problem import Problem
from fishbook.loom.scan import DIV, END

if TYPE_CHECKING:
    from markdown_it.token import Token

RUN = {"python", "py", "python3", "py3", "pycon", "ipython", "ipython3"}
"""Languages that a reader takes for Python that was run."""
SHOWN = {"text", "sh", "powershell", "toml", "yaml", "json", "bibtex", "markdown"}
"""Languages of fences that are shown and never run."""
NEVER_PYTHON = {"text", "sh", "powershell", "json"}
"""Those that hold nothing which reads as a statement of Python."""
PROMPT = re.compile(r"^>>> ", re.M)
FORMS = '`python`, `python hidden` or `python title="fishbook/….py"`'
OUTPUTS = (
    "`output`, `output raises`, `output varies`, "
    "`output within 0.01` or `output within 2%`"
)
HOW = f"write {FORMS}, {OUTPUTS}, or a fence that is not run: " + ", ".join(
    sorted(SHOWN)
)
SUSPECT = re.compile(r"```|~~~|    |\t")
"""Without one of these no code stands among words."""
SHOWN_PYTHON = "this text is Python, and would not be run"


def fences(page: Page) -> Iterator[Problem]:
    """No code looks as if it were run, but isn't."""
    for block in page.blocks:
        match block:
            case blocks.Fence():
                yield from _fence(page, block)
            case blocks.Pair() | blocks.Half() | blocks.Shared():
                suspect = SUSPECT.search(block.raw)
                for token in tokens(_inside(block)) if suspect else ():
                    line = block.line + (token.map or [0])[0]
                    if wrong := _code_in_words(token):
                        yield problem(page, line, *wrong)


def _inside(block: Block) -> str:
    """Return a block of words at its lines, without the ends of its divs."""
    rows = block.raw.split("\n")
    return "\n".join("" if DIV.match(r) or END.match(r) else r for r in rows)


def _code_in_words(token: Token) -> tuple[str, str] | None:
    language = language_of(token.info)
    move = "move it out: code is shared by both languages"
    if token.type == "code_block":
        return "indented code would not be run", "put it into a fence at column 0"
    if token.type != "fence":
        return None
    if language in RUN | {"output"}:
        return f"fence {language!r} inside a language div would not be run", move
    if token.info.strip() not in SHOWN:
        return f"unknown fence {token.info.strip()!r}", HOW
    return (SHOWN_PYTHON, move) if _is_shown_python(token) else None


def _fence(page: Page, block: blocks.Fence) -> Iterator[Problem]:
    language = language_of(block.info)
    if language in RUN and block.indent:
        fix = "move it to column 0, outside lists and quotes"
        yield problem(page, block, "an indented python fence would not be run", fix)
    elif language in RUN:
        what = f"fence {block.info!r} would not be run"
        yield problem(page, block, what, f"write {FORMS}")
    elif block.info not in SHOWN:
        yield problem(page, block, f"unknown fence {block.info!r}", HOW)
    elif any(_is_shown_python(token) for token in tokens(block.raw)):
        yield problem(page, block, SHOWN_PYTHON, f"write {FORMS}")


def _is_shown_python(token: Token) -> bool:
    """Whether a fence of something else holds Python that does something."""
    language = token.info.strip()
    if token.type != "fence" or language not in NEVER_PYTHON:
        return False
    body = names.parse(token.content).body
    if language == "sh":  # which may set a variable so
        body = [node for node in body if not isinstance(node, ast.Assign)]
    return bool(PROMPT.search(token.content)) or any(map(_does, body))


def _does(node: ast.stmt) -> bool:
    """Whether a statement is more than a value that stands there, as words may."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Call)
    return not isinstance(node, ast.AnnAssign) or node.value is not None


def language_of(info: str) -> str:
    """Return the language of a fence from its info line: `python`, `{.python …}`."""
    first = re.split(r"[\s{}]", info.strip().lstrip("{. "), maxsplit=1)[0]
    return first.lower()


RULES: tuple[Rule, ...] = (fences,)
