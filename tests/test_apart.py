"""A page runs in a process of its own, within limits, and reaches no other page."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from books import NOWHERE, book_of, python, raising, read_text, write_text
from running import verdicts

from fishbook.loom import apart, copies
from fishbook.loom.apart import LIMIT, LOOM, Process, Runner
from fishbook.loom.problem import LoomError
from fishbook.loom.run import Piece


@pytest.fixture(params=["alone", "copied"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start each page's process as the first ones of a book, then as later ones."""
    if request.param == "copied" and not copies.POSSIBLE:
        pytest.skip("a process can't be copied safely here")
    monkeypatch.setattr(apart, "FEW", 0 if request.param == "copied" else 1e9)


either_way = pytest.mark.usefixtures("way")


@either_way
@pytest.mark.parametrize("end", ["os._exit(0)", "os._exit(3)", "os.abort()"])
def test_a_block_that_ends_the_process_fails_and_takes_the_page_along(end: str) -> None:
    text = python("x = 1") + python(f"import os\n\n{end}") + python("x")
    first, second, third = verdicts(text)
    assert first == ""
    assert second.startswith("this block ended its process (")
    assert third.startswith("not run: the block at line 5 ended its process (")


@pytest.mark.parametrize(
    "code", ["exit()", "import sys\n\nsys.exit('no')", "raise KeyboardInterrupt"]
)
def test_a_block_that_asks_for_an_end_raises_an_error(code: str) -> None:
    first, second = verdicts(python(code) + python("print(1)", "1"))
    assert first.startswith("this block raised an error the page doesn't show")
    assert second == ""


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("while True:\n    pass", "ran for more than 2 seconds; let it end"),
        ("while True:\n    print('x' * 999)", "printed more than 1,000,000 bytes"),
    ],
)
def test_a_block_without_an_end_is_ended(
    code: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What prints endlessly is ended for that, on however slow a machine.
    monkeypatch.setenv(LIMIT, "2" if "2 seconds" in said else "600")
    first, second = verdicts(python(code) + python("1"))
    assert first.startswith(f"this block {said}")
    assert second.startswith("not run: the block at line 1 ")


def test_a_block_that_prints_too_much_fails_even_if_it_ends() -> None:
    first, second = verdicts(python("print('x' * 1_000_001)") + python("1"))
    assert first == "this block printed more than 1,000,000 bytes; print less"
    assert second == "not run: the block at line 1 printed more than 1,000,000 bytes"


@pytest.mark.parametrize("value", ["soon", "0", "-1", "nan"])
def test_a_limit_that_is_none_is_refused(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LIMIT, value)
    with pytest.raises(LoomError, match=f"got {LIMIT}={value}, but want a number"):
        verdicts(python("1"))


PLT = "import matplotlib.pyplot as plt\n\n"
DRAWN = """\
class Drawn:
    def _repr_svg_(self):
        return {}


Drawn()"""


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (DRAWN.format("b'<svg/>'"), "is no SVG: bytes, not str; mend its _repr_svg_"),
        (DRAWN.format("'<svg>'"), "drew a picture that is no SVG: no element found"),
        (DRAWN.format("1 / 0"), "ZeroDivisionError: division by zero"),
        (DRAWN.format("None"), ""),
        (DRAWN.format("'<svg/>'").removesuffix("()"), ""),
    ],
)
def test_a_block_draws_one_picture_or_none(code: str, said: str) -> None:
    (wrong,) = verdicts(python(code))
    assert said in wrong and bool(said) == bool(wrong)


def test_a_block_does_not_draw_two_pictures() -> None:
    two = python(f"{PLT}plt.plot([1])\nplt.figure()\nplt.plot([2])")
    other = python(f"plt.plot([1])\n\n\n{DRAWN.format(repr('<svg/>'))}")
    assert all("drew 2 figures; split it" in said for said in verdicts(two + other))


@either_way
@pytest.mark.parametrize(
    "code",
    [
        "sys.stdout.close()",
        "sys.stdout = None",
        "sys.__stdout__ = sys.stdout = open(os.devnull, 'w')",
        "sys.stderr.close()",
        "os.close(1)",
        "sys.stdin.close()",
    ],
)
def test_what_a_block_does_to_its_streams_ends_with_it(code: str) -> None:
    text = python(f"import os\nimport sys\n\n{code}") + python("print(1)", "1")
    assert verdicts(text) == ["", ""]


@either_way
def test_all_that_reaches_the_output_is_taken_in_order(
    capfd: pytest.CaptureFixture[str],
) -> None:
    code = (
        "import os\nimport subprocess\nimport sys\n\n"
        "print('一')\nos.write(1, b'2\\n')\n"
        "subprocess.run([sys.executable, '-c', 'print(3)'])\n"
        "print('beside', file=sys.stderr)\nos.write(2, b'as well\\n')\nprint(4)"
    )
    assert verdicts(python(code, "一\n2\n3\n4")) == [""]
    assert capfd.readouterr() == ("", "beside\nas well\n")


@either_way
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_copy_of_the_process_answers_for_no_block() -> None:
    fork = "import os\n\nif child := os.fork():\n    _ = os.waitpid(child, 0)"
    text = python(f"{fork}\nelse:\n    print('copy')", "copy")
    assert verdicts(text + python("print(2)", "2") + python("3")) == ["", "", ""]
    assert verdicts(text) == [""]


@either_way
def test_a_block_cannot_ask() -> None:
    (said,) = verdicts(raising("input()", "EOFError: EOF when reading a line"))
    assert said == ""


RUDE = """\
import builtins
import os

import matplotlib.pyplot as plt
import numpy as np

builtins.sum = max
np.set_printoptions(precision=1)
np.random.seed(1)
plt.rcParams["lines.linewidth"] = 9
os.environ["RUDE"] = "yes"
os.chdir("/")"""
POLITE = """\
import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

print(sum([1, 2]), np.array([1 / 3]), plt.rcParams["lines.linewidth"])
print(np.random.random() == 0.417022004702574, "RUDE" in os.environ)
print(Path.cwd() == Path("/"))"""


@either_way
def test_what_a_page_changes_no_other_page_notices() -> None:
    shown = "3 [0.33333333] 2.0\nFalse False\nFalse"
    for text, said in ((python(RUDE), ""), (python(POLITE, shown), "")):
        assert verdicts(text) == [said]


def test_a_block_that_changes_the_folder_does_so_for_itself() -> None:
    where = "from pathlib import Path\n\nprint(Path.cwd() == Path('/'))"
    text = python("import os\n\nos.chdir('/')") + python(where, "False")
    assert verdicts(text) == ["", ""]


def drawn(root: Path = NOWHERE) -> str:
    """Give the picture of a plot."""
    book = book_of(python(f"{PLT}_ = plt.plot([-1, 2])"), root=root)
    with Runner(book, book.pages[0]) as runner:
        return runner.run(book.pages[0].cells[0]).svg


@pytest.fixture(scope="module")
def shown() -> str:
    """Give the picture that no settings change."""
    svg = drawn()
    assert "−1" in svg
    return svg


OWN = "axes.unicode_minus: False\nlines.linewidth: 9\nbackend: pdf\n"


@either_way
@pytest.mark.parametrize("variable", ["MATPLOTLIBRC", "MPLCONFIGDIR", "HOME"])
def test_the_users_own_settings_change_no_figure(
    shown: str, variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in (".", ".config/matplotlib", ".matplotlib"):
        write_text(tmp_path / folder / "matplotlibrc", OWN)
    for name in ("MATPLOTLIBRC", "MPLCONFIGDIR", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MPLBACKEND", "pdf")
    monkeypatch.setenv(variable, str(tmp_path))
    # Where a process is copied it is one that was started with these settings.
    monkeypatch.setattr(apart, "STARTER", apart.Starter())
    assert drawn() == shown


@either_way
def test_settings_in_the_pages_folder_change_no_figure(
    shown: str, tmp_path: Path
) -> None:
    write_text(tmp_path / "docs/01-a/matplotlibrc", OWN)
    assert drawn(tmp_path) == shown


@either_way
@pytest.mark.parametrize("variable", ["PYTHONOPTIMIZE", "PYTHONWARNINGS"])
def test_the_users_own_settings_change_no_meaning(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "1" if "OPT" in variable else "error")
    monkeypatch.setattr(apart, "STARTER", apart.Starter())
    warn = "import warnings\n\nwarnings.warn_explicit('no', Warning, 'another.py', 1)"
    failing = raising("assert 1 == 2", "AssertionError")
    assert verdicts(failing + python(warn)) == ["", ""]


CLOSING = "import os\n\nos.closerange(3, 256)"
OPENING = "\nfiles = [open({!r}, 'a') for _ in range(99)]"


@either_way
@pytest.mark.parametrize("opens", [False, True])
def test_a_block_that_closes_what_it_did_not_open_is_ended(
    opens: bool, tmp_path: Path
) -> None:
    file = str(tmp_path / "own.txt")
    text = python(CLOSING + OPENING.format(file) * opens)
    (alone,) = verdicts(text)
    first, second = verdicts(text + python("print(1)", "1"))
    assert first == alone
    assert first.startswith("this block closed, or wrote to, files that it did not op")
    assert second.startswith("not run: the block at line 1 closed, or wrote to, files")
    assert not opens or read_text(Path(file)) == ""


@either_way
@pytest.mark.parametrize("written", [b"1\n", b"\xff", b"{}\n"])
def test_a_block_that_writes_to_what_it_did_not_open_is_ended(written: bytes) -> None:
    code = (
        "import contextlib\nimport os\n\nfor number in range(3, 30):\n"
        f"    with contextlib.suppress(OSError):\n        os.write(number, {written!r})"
    )
    first, second = verdicts(python(code) + python("print(1)", "1"))
    assert first.startswith("this block closed, or wrote to, files that it did not op")
    assert second.startswith("not run: the block at line 1 closed, or wrote to, files")


@either_way
def test_a_block_that_deletes_the_folder_of_its_process_fails() -> None:
    code = (
        "import glob\nimport os\nimport shutil\nimport tempfile\n\n"
        "for file in glob.glob(f'{tempfile.gettempdir()}/fishbook-*/printed'):\n"
        "    if os.path.samestat(os.stat(file), os.fstat(1)):\n"
        "        shutil.rmtree(os.path.dirname(file))"
    )
    first, second = verdicts(python(code) + python("1"))
    assert first.startswith("this block deleted the file that it prints into; let it")
    assert second.startswith("not run: the block at line 1 deleted the file")


@either_way
def test_matplotlib_is_imported_only_where_it_is_asked_for() -> None:
    code = "import sys\n\nprint({'matplotlib', 'numpy'} & {*sys.modules})"
    assert verdicts(python(code, "set()")) == [""]


@either_way
def test_a_page_imports_from_the_package_beside_it(tmp_path: Path) -> None:
    write_text(tmp_path / "fishbook/__init__.py", '__version__ = "of another checkout"')
    code = (
        "import os\nimport subprocess\nimport sys\n\nimport fishbook\n\n"
        "print(fishbook.__version__, len(fishbook.__path__), os.sep in sys.path[0])\n"
        "ask = 'import fishbook; print(fishbook.__version__)'\n"
        "subprocess.run([sys.executable, '-c', ask])"
    )
    shown = "of another checkout 1 True\nof another checkout"
    book = book_of(python(code, shown), root=tmp_path)
    with Runner(book, book.pages[0]) as runner:
        assert runner.run(book.pages[0].cells[0]).text == f"{shown}\n"


@either_way
def test_a_page_leaves_no_process_behind() -> None:
    threads = (
        "import subprocess\nimport sys\nimport threading\nimport time\n\n"
        "threading.Thread(target=time.sleep, args=(9999,)).start()\n"
        "wait = 'import time; time.sleep(9999)'\n"
        "print(subprocess.Popen([sys.executable, '-c', wait]).pid)"
    )
    book = book_of(python(threads))
    with Runner(book, book.pages[0]) as runner:
        result = runner.run(book.pages[0].cells[0])
        assert result.error == ""
        process = runner.process
    assert process and process.python.poll() is not None
    assert not process.printed.parent.exists()
    if hasattr(os, "killpg"):
        wait_until_gone(int(result.text))


PARENT = """\
import sys
import threading
from pathlib import Path

from fishbook.loom import apart
from fishbook.loom.run import Piece

apart.FEW = 1
for _ in "alone", "copied":
    process = apart.Process(Path(), Path())
    begun = process.printed.with_name("begun")
    piece = Piece(f"open({str(begun)!r}, 'w').close(); {sys.argv[1]}", "x.md", 1)
    threading.Thread(target=process.ask, args=([piece], 9999)).start()
    while not begun.exists():
        pass
    print(process.python.pid, process.printed.parent, flush=True)
"""


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="asks for a process by its id")
def test_pages_end_when_their_parent_is_killed() -> None:
    # Where that can be helped, even if no other thread has a moment.
    in_c = "import itertools; sum(itertools.repeat(0))"
    endless = in_c if copies.POSSIBLE else "import time; time.sleep(9999)"
    command = [sys.executable, "-c", PARENT, endless]
    with subprocess.Popen(command, cwd=LOOM, stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        pages = [parent.stdout.readline().decode().split() for _ in range(2)]
        for page, _ in pages:
            os.kill(int(page), 0)
        parent.kill()
    for page, scratch in pages:
        wait_until_gone(int(page))
        assert not Path(scratch).exists()


def wait_until_gone(process: int) -> None:
    """Wait for the end of a process that is nobody's child, as long as it takes."""
    runs = f"kill -0 {process} && ! grep -q 'State:.Z' /proc/{process}/status"
    wait = f"while {runs}; do sleep 0.1; done 2>/dev/null"
    subprocess.run(["sh", "-c", wait], check=True)


def test_an_answer_is_plain_data() -> None:
    process = Process(Path(), Path())
    try:
        answer = process.ask([Piece("print('一')", "x.md", 1)], 600)
    finally:
        process.close()
    assert json.loads(json.dumps(answer))["result"]["printed"] == "一\n"


@either_way
def test_an_interrupt_ends_the_page_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    book = book_of(python("while True:\n    pass"))
    runner = Runner(book, book.pages[0])

    def interrupt(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(Process, "_over", interrupt)
    with pytest.raises(KeyboardInterrupt), runner:
        runner.run(book.pages[0].cells[0])
    assert runner.process is None
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.skipif(not copies.POSSIBLE, reason="a process can't be copied safely here")
def test_later_pages_are_copies_where_the_surroundings_are_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    starter = apart.Starter()
    monkeypatch.setattr(apart, "STARTER", starter)
    monkeypatch.setattr(apart, "FEW", 1)
    kinds = [started() for _ in range(3)]
    (original,) = starter.originals.values()
    os.kill(original.python.pid, signal.SIGKILL)
    original.python.wait()
    kinds.append(started())
    monkeypatch.setenv("RUDE", "yes")
    kinds += [started(), started()]
    monkeypatch.delenv("RUDE")
    kinds.append(started())
    others = ["Popen", "Copy"]
    assert kinds == ["Popen", "Copy", "Copy", "Copy", *others, "Copy"]


@pytest.mark.skipif(not copies.POSSIBLE, reason="a process can't be copied safely here")
def test_where_nothing_can_be_copied_a_process_is_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(apart, "STARTER", apart.Starter())
    monkeypatch.setattr(apart, "FEW", 0)
    monkeypatch.setattr(copies, "SCRIPT", "raise SystemExit")
    monkeypatch.setattr(copies.Original, "ended", False)
    assert started() == "Popen"


@pytest.mark.skipif(not copies.POSSIBLE, reason="a process can't be copied safely here")
def test_a_package_that_cant_be_imported_is_missed_only_where_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_text(tmp_path / "matplotlib" / "__init__.py", "raise ImportError('broken')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(apart, "STARTER", apart.Starter())
    monkeypatch.setattr(apart, "FEW", 0)
    assert started() == "Copy"
    assert verdicts(raising("import matplotlib", "ImportError: broken")) == [""]


@pytest.mark.skipif(not copies.POSSIBLE, reason="a process can't be copied safely here")
@pytest.mark.parametrize("stream", [0, 1])
def test_copies_do_without_a_stream_of_their_parents(stream: int) -> None:
    code = f"import os; os.close({stream})\n{COPIED}"
    done = subprocess.run([sys.executable, "-c", code], cwd=LOOM)
    assert done.returncode == 7


COPIED = """\
from pathlib import Path

from fishbook.loom import apart
from fishbook.loom.run import Piece

apart.FEW = 0
process = apart.Process(Path(), Path())
answer = process.ask([Piece("print(1)", "x.md", 1)], 600)
process.close()
raise SystemExit(7 if answer["result"]["printed"] == "1\\n" else 1)
"""


@either_way
def test_pages_that_sow_nothing_have_chances_of_their_own(tmp_path: Path) -> None:
    book = book_of(python("import numpy as np\n\nprint(np.random.random())"))
    shown = set()
    for _ in range(3):
        with Runner(book, book.pages[0]) as runner:
            shown.add(runner.run(book.pages[0].cells[0]).printed)
    assert len(shown) == 3


def started() -> str:
    """Start a page's process, and see that it answers; give what kind it is."""
    process = Process(Path(), Path())
    try:
        assert process.ask([Piece("print(1)", "x.md", 1)], 600)["result"]["printed"]
    finally:
        process.close()
    return type(process.python).__name__


@pytest.mark.skipif(not copies.POSSIBLE, reason="a process can't be copied safely here")
def test_a_copy_whose_answers_are_broken_off_is_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An answer that nobody took is never taken for the next one."""
    starter = apart.Starter()
    monkeypatch.setattr(apart, "STARTER", starter)
    monkeypatch.setattr(apart, "FEW", 0)
    process = Process(Path(), Path())
    (original,) = starter.originals.values()

    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("fishbook.loom.copies.json.loads", interrupt)
        with pytest.raises(KeyboardInterrupt):
            process.python.poll()
    assert original.ended
    process.close()
    wait_until_gone(process.python.pid)
    assert started() == "Copy"
