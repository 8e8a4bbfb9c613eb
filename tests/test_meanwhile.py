"""What is saved, or done to the book, while `record` runs its pages."""

from __future__ import annotations

from pathlib import Path

import pytest
from books import DOT, GATES, MORE, SUMS, edit, python, read_text, write_text

from fishbook.loom.book import Book
from fishbook.loom.problem import LoomError
from fishbook.loom.record import record

SAVE = """\
from pathlib import Path

old, new = (bytes.fromhex(text).decode() for text in ({!r}, {!r}))
page = Path("index.md")
_ = page.write_bytes(page.read_bytes().replace(old.encode(), new.encode()))
print(2)"""


def saving(old: str, new: str) -> str:
    """Give an example that does what an author may do in the middle of a run."""
    return python(SAVE.format(old.encode().hex(), new.encode().hex()))


def test_words_that_are_saved_while_a_page_runs_are_kept(book_root: Path) -> None:
    text = "Words.\n\n" + saving("Words.", "Words.\n\nMore words.")
    write_text(book_root / MORE, text)
    record(Book.load(book_root), [book_root / MORE])
    kept = text.replace("Words.", "Words.\n\nMore words.") + "```output\n2\n```\n\n"
    assert read_text(book_root / MORE) == kept


SHOWN = "```output\nold\n```\n"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("print(3)", "print(4)"),
        ("```python\nprint(3)", '<!--- skip: next "why" -->\n\n```python\nprint(3)'),
        (SHOWN, SHOWN.replace("output", "output varies")),
        (SHOWN, f"{SHOWN}\n![图 | figure](figures/new.svg)\n"),
    ],
)
def test_what_is_wanted_anew_while_a_page_runs_is_not_answered(
    book_root: Path, old: str, new: str
) -> None:
    text = saving(old, new) + python("print(3)", "old")
    write_text(book_root / MORE, text)
    said = f"^{MORE}:1: the code of this page changed while it ran, so nothing"
    with pytest.raises(LoomError, match=said):
        record(Book.load(book_root), [book_root / MORE])
    assert read_text(book_root / MORE) == text.replace(old, new)


def test_a_page_that_is_saved_in_another_form_while_it_runs_is_left_alone(
    book_root: Path,
) -> None:
    text = saving("print(3)", "print(3)\r") + python("print(3)", "old")
    write_text(book_root / MORE, text)
    line = text[: text.index("print(3)")].count("\n") + 1
    with pytest.raises(LoomError, match=rf"^{MORE}:{line}: "):
        record(Book.load(book_root), [book_root / MORE])
    assert read_text(book_root / MORE) == text.replace("print(3)", "print(3)\r")


def test_the_book_is_the_one_that_record_began_with(
    book_root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_text(book_root / MORE, python("import os\n\nos.chdir('/')\nprint(1)", "old"))
    monkeypatch.chdir(book_root)
    assert record(Book.load(Path())) == [MORE]
    assert "```output\n1\n```" in read_text(book_root / MORE)


def test_a_package_that_is_not_tangled_is_not_run(book_root: Path) -> None:
    edit(book_root / GATES, "return 1 -", "return 2 -")
    with pytest.raises(LoomError, match="run `fishbook tangle` first"):
        record(Book.load(book_root), [book_root / SUMS])


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import shutil\n\nshutil.rmtree('..')", "docs/01-gates/01-not.md"),
        ("open('../new.txt', 'w').close()", "docs/new.txt"),
        ("open('../02-sums/figures/dot.svg', 'w').close()", DOT),
        ("open('lot.npz', 'w').close()", "docs/03-more/lot.npz"),
        ("_ = [Path(f'{n}.csv').touch() for n in range(10, 21)]", "18.csv and 2 more;"),
        ("_ = [Path(f'{n}.csv').touch() for n in range(10, 19)]", "more/18.csv;"),
        ("1 / (Path('../02-sums/index.md').unlink() or 0)", "docs/02-sums/index.md"),
    ],
)
def test_a_block_that_touches_the_book_ends_the_recording(
    book_root: Path, code: str, said: str
) -> None:
    write_text(book_root / MORE, python(f"from pathlib import Path\n\n{code}"))
    later = book_root / "docs/04-later/index.md"
    write_text(later, python("print(1)", "old"))
    with pytest.raises(LoomError) as refused:
        record(Book.load(book_root))
    assert str(refused.value).startswith(f"{MORE}:1: while this page ran, ")
    assert said in str(refused.value)
    assert not later.exists() or "old" in read_text(later)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("Path('../../fishbook/gates.py').unlink()", "fishbook/gates.py"),
        ("_ = Path('../../fishbook/__init__.py').write_text('')", "__init__.py"),
        ("_ = Path('../../mkdocs.yml').write_text('')", "mkdocs.yml"),
    ],
)
def test_a_block_that_touches_what_stands_beside_the_pages_is_named(
    book_root: Path, code: str, said: str
) -> None:
    for name in ("mkdocs.yml", "fishbook/__init__.py"):
        write_text(book_root / name, "# by hand\n")
    write_text(book_root / MORE, python(f"from pathlib import Path\n\n{code}"))
    with pytest.raises(LoomError, match=f"went or changed: .*{said}; if a block"):
        record(Book.load(book_root), [book_root / MORE])


def test_texts_that_change_while_a_page_runs_are_named(book_root: Path) -> None:
    """An author may save them: so the recording goes on."""
    names = ("README.md", "notes.log", "new.txt")
    write_text(book_root / "README.md", "By hand.\n")
    writing = "\n".join(f"_ = Path('../../{n}').write_text('gone')" for n in names)
    code = f"{writing}\n_ = Path('../index.md').write_text('gone')\nprint(1)"
    write_text(book_root / MORE, python(f"from pathlib import Path\n\n{code}"))
    noted: list[str] = []
    assert record(Book.load(book_root), [book_root / MORE], note=noted.append) == [MORE]
    (said,) = noted
    assert said.startswith(f"{MORE}:1: while this page ran, these texts changed: ")
    assert "changed: README.md, docs/index.md; if a block did that, " in said


@pytest.mark.parametrize("gone", ["..", "../.."])
def test_a_book_that_is_moved_while_a_page_runs_is_named(
    book_root: Path, gone: str
) -> None:
    code = f"from pathlib import Path\n\n_ = Path({gone!r}).resolve().rename('/{{}}')"
    away = book_root.parent / "away"
    write_text(book_root / MORE, python(code.replace("/{}", str(away))) + python("1"))
    before = read_text(book_root / MORE)
    with pytest.raises(LoomError, match="while this page ran, these files went"):
        record(Book.load(book_root))
    (page,) = away.rglob("03-more/index.md")
    assert read_text(page) == before
    assert not (book_root / "docs").exists()


def test_files_that_editors_keep_for_a_while_are_not_the_books(book_root: Path) -> None:
    code = "from pathlib import Path\n\n"
    code += "\n".join(f"Path({n!r}).touch()" for n in (".x.md.swp", "x.md~", "new.md"))
    code += "\nPath('__pycache__').mkdir()\nPath('__pycache__/x.pyc').touch()"
    write_text(book_root / MORE, python(f"{code}\nprint(1)"))
    noted: list[str] = []
    assert record(Book.load(book_root), [book_root / MORE], note=noted.append) == [MORE]
    assert noted == []
