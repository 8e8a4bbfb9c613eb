"""What breaks the book's grammar, each with file:line and what to do."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from textwrap import dedent

from fishbook.loom.book import Book, Definition, definitions_of, page_of_link
from fishbook.loom.chapter import (
    LANGUAGES_NEVER_RUN,
    Annotations,
    Block,
    Chapter,
    Figure,
    Formula,
    Prose,
    Shared,
    language_of,
)
from fishbook.loom.problem import LoomError, Problem
from fishbook.loom.tangle import parse_definition

CODE_SPAN = re.compile(r"(`+)(?!`)(.*?)(?<!`)\1(?!`)", re.S)
INLINE_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,}).*?^[ \t]*\1[ \t]*$", re.S | re.M)
MATH = re.compile(r"\$\$.*?\$\$|\$[^$]+\$", re.S)
LINK = re.compile(r"!?\[[^\]]*\]\(([^()\s]+)[^)]*\)")
TAG = re.compile(r"\\tag\{([^}]+)\}")
CJK = re.compile(r"[\u3400-\u9fff\uff00-\uffef\u3000-\u303f]")
WORD = re.compile(r"[A-Za-z]{2,}")


def check(book: Book) -> list[Problem]:
    """Find everything that breaks the grammar, in the order of the chapters."""
    problems = list(book.problems)
    problems += _anchors(book)
    for chapter in book.chapters:
        problems += _twins(chapter)
        problems += _loose_words(chapter)
        problems += _links(book, chapter)
        problems += _fences(chapter)
    problems += _figures(book)
    problems += _tags(book)
    problems += _names(book)
    order = {chapter.path: i for i, chapter in enumerate(book.chapters)}
    return sorted(set(problems), key=lambda p: (order.get(p.path, len(order)), p))


def _twins(chapter: Chapter) -> Iterator[Problem]:
    """Each zh div is followed at once by its en twin, with the same facts in it."""
    blocks = chapter.blocks
    for i, block in enumerate(blocks):
        if not isinstance(block, Prose):
            continue
        beside = (
            blocks[i + 1 : i + 2] if block.lang == "zh" else blocks[max(i - 1, 0) : i]
        )
        twin = next(
            (b for b in beside if isinstance(b, Prose) and b.lang != block.lang), None
        )
        if twin is None:
            yield _unpaired(chapter, block)
        elif block.lang == "zh":
            yield from _twin_facts(chapter, block, twin)
        if not block.body.strip():
            fix = "write it, or delete both"
            yield Problem(chapter.path, block.line, "this div is empty", fix)


def _unpaired(chapter: Chapter, block: Prose) -> Problem:
    names = {"zh": "Chinese", "en": "English"}
    other = "en" if block.lang == "zh" else "zh"
    where = "right after" if block.lang == "zh" else "right before"
    return Problem(
        chapter.path,
        block.line,
        f"this {names[block.lang]} div has no {names[other]} twin",
        f'put <div lang="{other}" markdown> {where} it, with no blank line between',
    )


def _twin_facts(chapter: Chapter, zh: Prose, en: Prose) -> Iterator[Problem]:
    left, right = facts(zh.body), facts(en.body)
    for kind in left:
        if left[kind] != right[kind]:
            only_zh = sorted((left[kind] - right[kind]).elements())
            only_en = sorted((right[kind] - left[kind]).elements())
            yield Problem(
                chapter.path,
                zh.line,
                f"{kind} differ between the twins:"
                f" only zh {only_zh or 'none'}, only en {only_en or 'none'}",
                "say the same in both",
            )


def facts(body: str) -> dict[str, Counter[str]]:
    """Count what twins must share: formulas, inline code, links inside the book."""
    rest = INLINE_FENCE.sub("", body)
    code = Counter(m[2].strip() for m in CODE_SPAN.finditer(rest))
    rest = CODE_SPAN.sub("", rest)
    math = Counter(re.sub(r"\s+", " ", m[0]) for m in MATH.finditer(rest))
    rest = MATH.sub("", rest)
    links = Counter(m[1] for m in LINK.finditer(rest) if is_internal(m[1]))
    return {"formulas": math, "inline code": code, "links": links}


def is_internal(link: str) -> bool:
    """Whether a link stays inside the book."""
    return not re.match(r"[a-z][a-z0-9+.-]*:|//", link)


def _loose_words(chapter: Chapter) -> Iterator[Problem]:
    """Words stand in language divs; outside are only tables of numbers, and HTML."""
    for block in chapter.blocks:
        if not isinstance(block, Shared):
            continue
        bare = MATH.sub("", CODE_SPAN.sub("", block.body))
        table_or_html = block.body.lstrip().startswith(("|", "<"))
        if CJK.search(bare) or (not table_or_html and WORD.search(bare)):
            yield Problem(
                chapter.path,
                block.line,
                "words outside a language div",
                "put them in a zh div and its en twin",
            )


def _anchors(book: Book) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for chapter, heading in book.headings():
        if not heading.anchor:
            continue
        if heading.anchor in seen:
            yield Problem(
                chapter.path,
                heading.line,
                f"anchor {{#{heading.anchor}}} stands at {seen[heading.anchor]} too",
                "give this heading another one",
            )
        seen.setdefault(heading.anchor, f"{chapter.path.as_posix()}:{heading.line}")


def _links(book: Book, chapter: Chapter) -> Iterator[Problem]:
    anchors: dict[str, set[str]] = {f"{c.slug}.md": set() for c in book.chapters}
    for owner, heading in book.headings():
        anchors[f"{owner.slug}.md"].add(heading.anchor)
    for block in chapter.blocks:
        text = CODE_SPAN.sub("", INLINE_FENCE.sub("", _words(block)))
        for link in LINK.findall(text):
            if is_internal(link) and (wrong := _broken(book, chapter, link, anchors)):
                fix = "link to FILE.md#anchor, or to a file in docs/"
                yield Problem(chapter.path, block.line, wrong, fix)


def _words(block: Block) -> str:
    """Give the words of a block that may hold links."""
    match block:
        case Prose() | Shared():
            return block.body
        case Annotations():
            return "\n".join(text for item in block.items for text in item)
        case Figure():
            return f"{block.zh}\n{block.en}"
    return ""


def _broken(
    book: Book, chapter: Chapter, link: str, anchors: dict[str, set[str]]
) -> str:
    name, _, anchor = link.partition("#")
    page = page_of_link(chapter, name)
    if page in anchors:
        known = not anchor or anchor in anchors[page]
        return "" if known else f"link {link}: {page} has no anchor #{anchor}"
    docs = (book.root / "docs").resolve()
    file = (docs / page).resolve()
    if not file.is_relative_to(docs):
        return f"link {link}: it leaves docs/"
    return "" if file.is_file() else f"link {link}: docs/{page} does not exist"


def _fences(chapter: Chapter) -> Iterator[Problem]:
    """Another Markdown parser must find the python fences that are run, no others."""
    from markdown_it import MarkdownIt

    tokens = MarkdownIt("commonmark").parse(chapter.render().removeprefix("\ufeff"))
    python = {"python", *LANGUAGES_NEVER_RUN}
    standing = {
        token.map[0] + 1
        for token in tokens
        if token.type == "fence"
        and token.map
        and language_of(token.info).lower() in python
    }
    run = {cell.code.line for cell in chapter.cells if not cell.code.hidden}
    known = {problem.line for problem in chapter.problems}
    for line in standing - run - known:
        fix = "move it to column 0, outside lists, quotes and comments"
        yield Problem(chapter.path, line, "this python fence would not be run", fix)
    for line in run - standing - known:
        what = "other Markdown tools see no python fence here"
        fix = "put a blank line before it, and don't put it inside HTML"
        yield Problem(chapter.path, line, what, fix)


def _figures(book: Book) -> Iterator[Problem]:
    used: dict[str, str] = {}
    for chapter in book.chapters:
        for block in chapter.blocks:
            if isinstance(block, Figure):
                if block.path in used:
                    what = f"{block.path} is drawn at {used[block.path]} too"
                    fix = "give each figure a file of its own"
                    yield Problem(chapter.path, block.line, what, fix)
                used.setdefault(block.path, f"{chapter.path.as_posix()}:{block.line}")
    for path in sorted((book.root / "docs" / "figures").glob("*")):
        if f"figures/{path.name}" not in used:
            shown = path.relative_to(book.root)
            yield Problem(shown, 1, "no block draws this figure", "delete the file")


def _tags(book: Book) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for chapter in book.chapters:
        for block in chapter.blocks:
            if not isinstance(block, Formula):
                continue
            for tag in TAG.findall(block.body):
                if tag in seen:
                    what = f"formula ({tag}) stands at {seen[tag]} too"
                    fix = "number it anew"
                    yield Problem(chapter.path, block.line, what, fix)
                seen.setdefault(tag, f"{chapter.path.as_posix()}:{block.line}")


def _names(book: Book) -> Iterator[Problem]:
    """Find names defined twice in a file, or used before they are defined."""
    defined: dict[tuple[str, str], tuple[int, int, str]] = {}
    for number, chapter in enumerate(book.chapters):
        for target, definition in _definitions(chapter):
            try:
                tree = parse_definition(definition)
            except LoomError as error:
                yield from (p for p in error.problems if isinstance(p, Problem))
                continue
            for name, line in defined_names(tree):
                place = f"{chapter.path.as_posix()}:{line}"
                *_, first = defined.setdefault((target, name), (number, line, place))
                if first != place:
                    what = f"{name} is defined in {target} at {first} too"
                    fix = "keep one; a first, naive version is an untitled example"
                    yield Problem(chapter.path, line, what, fix)
    yield from _early_uses(book, defined)


def _definitions(chapter: Chapter) -> Iterator[tuple[str, Definition]]:
    for target, definitions in definitions_of(chapter).items():
        for definition in definitions:
            yield target, definition


def defined_names(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield the functions, classes and constants a piece of code defines."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            decorators = [ast.unparse(d) for d in node.decorator_list]
            if not any("overload" in d for d in decorators):
                yield node.name, node.lineno
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    yield target.id, node.lineno
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id, node.lineno


def _early_uses(
    book: Book, defined: dict[tuple[str, str], tuple[int, int, str]]
) -> Iterator[Problem]:
    for number, chapter in enumerate(book.chapters):
        for cell in chapter.cells:
            for line, target, name in _imported_names(cell.code.source):
                later, row, place = defined.get((target, name), (number, 0, ""))
                at = cell.code.source_line + line - 1
                if (later, row) > (number, at):
                    what = f"{name} comes later, at {place}"
                    fix = "use only what this or an earlier chapter defines"
                    yield Problem(chapter.path, at, what, fix)


def _imported_names(source: str) -> Iterator[tuple[int, str, str]]:
    """Yield line, file and name of what code imports by `from … import …`."""
    for node in ast.walk(parse_or_nothing(dedent(source))):
        if isinstance(node, ast.ImportFrom) and node.module:
            target = node.module.replace(".", "/") + ".py"
            yield from ((node.lineno, target, alias.name) for alias in node.names)


def parse_or_nothing(source: str) -> ast.Module:
    """Parse code; what isn't Python on its own has no names."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError):
        return ast.Module([], [])
