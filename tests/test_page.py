"""A page: its cells, its definitions, its place; and what its code sets and reads."""

from __future__ import annotations

import ast

import pytest
from books import bare_tree, chunk, page_of, python

from fishbook.loom import names
from fishbook.loom.blocks import Twins
from fishbook.loom.page import parse


def test_the_same_text_at_the_same_place_is_the_same_page() -> None:
    page = page_of("# 门 | Gate {#gate}\n")
    assert parse(page.text, page.path) is page
    assert page_of(page.text, "02-b/01-p") is not page


@pytest.mark.parametrize(
    ("name", "chapter", "opens", "is_lab", "has_exercises"),
    [
        ("index", "", True, False, False),
        ("00-reading", "", False, False, False),
        ("01-a/index", "01-a", True, False, False),
        ("01-a/02-index", "01-a", False, False, False),
        ("01-a/lab-b", "01-a", False, True, False),
        ("01-a/07-exercises", "01-a", False, False, True),
    ],
)
def test_a_pages_place_says_what_it_is(
    name: str, chapter: str, opens: bool, is_lab: bool, has_exercises: bool
) -> None:
    page = page_of("", name)
    assert (page.name, page.chapter) == (name, chapter)
    assert (page.opens, page.is_lab) == (opens, is_lab)
    assert page.has_exercises == has_exercises


def test_the_first_heading_is_the_title() -> None:
    page = page_of("# 门 | Gate {#gate}\n\n# 乙 | B {#b}\n")
    assert (page.title, page.anchor) == (Twins("门", "Gate"), "gate")
    assert page_of("").title == Twins("01-a/01-p", "01-a/01-p")


def test_code_takes_what_belongs_to_it() -> None:
    page = page_of(
        '<!--- skip: next if(False, reason="no data") -->\n\n'
        "```python\nx = 1  # (1)!\n```\n\n1. 甲 | one\n\n```output varies\n1\n```\n\n"
        "![图 | figure](figures/a.svg)\n\n```python\n2\n```\n"
        "words\n```output\n2\n```\n"
    )
    first, second = page.cells
    assert first.skip and first.skip.reason == "no data"
    assert first.annotations and first.annotations.numbers == (1,)
    assert first.output and first.output.varies
    assert first.figure and first.figure.path == "figures/a.svg"
    assert (second.skip, second.annotations, second.output, second.figure) == (
        (None,) * 4
    )


def test_a_chunk_that_begins_indented_continues_the_one_before_in_its_file() -> None:
    page = page_of(
        chunk("class A:\n    a = 1")
        + chunk("x = 1", "fishbook/b.py")
        + chunk("\n    b = 2")
        + chunk("c = 3")
    )
    first, other, second, last = (cell.code for cell in page.cells)
    assert [d.parts for d in page.definitions] == [(first, second), (other,), (last,)]
    assert page.upto(second).parts == (first, second)
    assert not page.upto(first).source.count("b = 2")


def test_code_keeps_its_lines_where_it_is_put_together() -> None:
    page = page_of(chunk("class A:\n    a = 1") + python("z = 0") + chunk("    b = 2"))
    rows = page.text.split("\n")
    for cell in page.cells:
        for row, line in enumerate(page.source(cell.code).split("\n")):
            assert not line or rows[row] == line
    assert ast.parse(page.source(page.cells[-1].code)).body[0].lineno == 2


CODE = """\
import os.path as p
from a import b as c, d

X: int = 1
y, (z, *w) = f(X)
for i in range(3):
    if (q := i):
        pass
try:
    pass
except ValueError as wrong:
    print(wrong)


class K(L):
    inner = 1


def g(h=m):
    local = 1
    return outer + local + (lambda t: t)(h)


[u for u in z]
"""


def test_what_code_changes_within_a_value_defines_nothing() -> None:
    tree = names.parse("a[i] = b.c = 1\n(d, a[j]), *e = f")
    assert [name for name, _ in names.definitions(tree)] == ["d", "e"]


def test_what_code_imports_sets_and_deletes_is_kept_apart() -> None:
    code = "import a\nb = 1\ndel c"
    assert names.made_names(code) == {"a", "b"}
    assert names.assigned_names(code) == {"b"}
    assert names.changed_names(code) == {"b", "c"}
    sets = [names.set_by(node) for node in names.parse(code).body]
    assert sets == [set(), {"b"}, set()]


def test_a_file_is_imported_by_its_place_and_a_package_by_its_folder() -> None:
    assert names.module_name("fishbook/a/b.py") == "fishbook.a.b"
    assert names.module_name("fishbook/a/__init__.py") == "fishbook.a"


def test_overloads_define_nothing_by_themselves() -> None:
    code = "@t.overload\ndef f(x: int) -> int: ...\n\n\ndef f(x):\n    return x"
    tree = names.parse(code)
    assert [*names.definitions(tree)] == [("f", 5)]
    assert [names.set_by(node) for node in tree.body] == [set(), {"f"}]


@pytest.mark.parametrize(
    ("code", "needed"),
    [
        ("x = y\nx + y", "y"),
        ("x += 1", "x"),
        ("x = 1\nx += 1", ""),
        ("if a:\n    b\nelse:\n    c = b\nc", "ab"),
        ("for i in a:\n    i + b\n    d = i\nd", "ab"),
        ("with a as b:\n    b + c", "ac"),
        ("try:\n    a\nexcept E as e:\n    e + f\nfinally:\n    g", "Eafg"),
        ("import a, b.c as d\na + d + b", "b"),
        ("match a:\n    case [b, *c] if d:\n        b, c, e", "ade"),
        ("class A(B):\n    x = y\n    z = x, lambda: (A, u)", "Buy"),
        ("@d\ndef f(x=y):\n    return f() + g + x\n\n\nf()", "dgy"),
        ("a[b] = c.d = e", "abce"),
        ("[x for x in y if x in z]", "yz"),
    ],
)
def test_code_needs_what_it_reads_before_it_sets_it(code: str, needed: str) -> None:
    assert names.needed_names(code) == {*needed}


def test_what_code_sets_reads_and_imports() -> None:
    assert names.made_names(CODE) == {*"pcdXyzwiqKg", "wrong"}
    assert names.assigned_names(CODE) == {*"XyzwiqKg", "wrong"}
    outside = names.used_names(CODE) - names.assigned_names(CODE) - names.KNOWN
    assert outside == {"f", "L", "m", "outer"}
    tree = names.parse(CODE)
    assert sorted(name for name, _ in names.definitions(tree)) == sorted("XyzwKg")
    assert {b for b in names.bindings(CODE) if b[1]} == {
        ("p", "os.path", 1),
        ("c", "a.b", 2),
        ("d", "a.d", 2),
    }


def test_what_code_reaches_in_modules_is_known_by_its_whole_name() -> None:
    known: dict[str, str] = {}
    code = "import a.b\nfrom . import c as d\nfrom ..e import f\nfrom g import *\n"
    code += "a.b.x\nd.y.z\nf().u"
    assert sorted(names.reached(code, "p.q.r", known)) == [
        (1, "a"),
        (1, "a.b"),
        (2, "p.q.c"),
        (3, "p.e.f"),
        (4, "g"),
        (5, "a.b"),
        (5, "a.b.x"),
        (6, "p.q.c.y"),
        (6, "p.q.c.y.z"),
    ]
    later = set(names.reached("d.w", "p.q.r", known))
    assert later == {(1, "p.q.c.w")}, "names last from block to block"


def test_what_is_no_python_alone_has_no_names() -> None:
    for code in ("x = = 1", "else:\n    x = 1", "x = '\0'"):
        assert names.assigned_names(code) == names.used_names(code) == frozenset()
    assert names.assigned_names("    x = 1") == {"x"}


DOCSTRINGS = [
    '"""One line."""',
    '"""First.\n\n    More.\n    """',
    "'''First.\n\n    More.\n    '''",
    'r"""First \\d.\n\n    More.\n    """',
    '"""\n    Late.\n    """',
    '"""Ends in a "quote"\n    and goes on."""',
    '"""\\\n    Continued.\n    """',
]


@pytest.mark.parametrize("docstring", DOCSTRINGS)
def test_a_light_docstring_leaves_the_code_as_it_is(docstring: str) -> None:
    code = f"def f():\n    {docstring}\n    return 1\n\n\nx = '''\n    a\n'''"
    light = names.light(code)
    assert bare_tree(light) == bare_tree(code)
    assert light.endswith("    return 1\n\n\nx = '''\n    a\n'''")


@pytest.mark.parametrize("quote", ['"""', "'''"])
def test_a_light_docstring_is_its_first_line(quote: str) -> None:
    code = f"class A:\n    {quote}First.\n\n    More.\n    {quote}\n\n    a = 1"
    assert names.light(code) == f"class A:\n    {quote}First.{quote}\n\n    a = 1"


def test_a_docstring_of_one_line_keeps_no_other_from_being_short() -> None:
    code = 'def f():\n    """F."""  # a note\n\n\ndef g():\n    """G.{}"""\n'
    assert names.light(code.format("\n\n    More.\n    ")) == code.format("")
