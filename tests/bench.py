"""What the loom costs, and what a step of training. Asserts nothing."""

from __future__ import annotations

import json
import logging
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from pathlib import Path

from bench_cnn import cnn, memory, windows
from bench_training import adam, steps
from books import read_text, write_text
from large import copy_many
from mkdocs.commands.build import build as mkdocs_build
from mkdocs.config import load_config
from serving import FISHBOOK, Served, serving
from sites import ROOT, configured, copy_real

from fishbook.loom.book import Book
from fishbook.loom.edition import EDITIONS
from fishbook.loom.site.build import build
from fishbook.loom.weave import weave_edition

ROUNDS = 3
FEATURES = ["content.code.annotate", "content.code.copy"]
ACTIVATIONS = "02-neural-network/01-neurons-and-activations"
EDITS = {
    "prose": (ACTIVATIONS, "First comes"),
    "code": (ACTIVATIONS, "x = np.array([-1.0, 1.0, 2.0])\n"),
    "chunk": (ACTIVATIONS, "from fishbook.checks import decided, floats\n\n"),
    "lab": ("02-neural-network/lab-recognizing-digits", '<div lang="en" markdown>\n\n'),
}
"""For each kind of edit a page, and the text after which something is put in."""


def main() -> None:
    """Print the tables that are asked for by name, or all of them."""
    os.environ["NO_MKDOCS_2_WARNING"] = "1"
    logging.disable(logging.ERROR)
    tables = {"edits": edits, "builds": builds, "checks": checks, "rivals": rivals}
    tables |= {"steps": steps, "adam": adam}
    tables |= {"cnn": cnn, "windows": windows, "memory": memory}
    print(f"{os.cpu_count()} cores; load, where the system tells:", *load())
    wanted = sys.argv[1:] or list(tables)
    if unknown := set(wanted) - set(tables):
        sys.exit(
            f"no table is called {', '.join(unknown)}; there are {', '.join(tables)}"
        )
    for name in wanted:
        with tempfile.TemporaryDirectory() as folder:
            tables[name](Path(folder))


def load() -> list[str]:
    """Give how many processes want to run: a busy machine makes all times longer."""
    return (
        [f"{x:.1f}" for x in os.getloadavg()[:1]] if hasattr(os, "getloadavg") else []
    )


def edits(folder: Path) -> None:
    """Time what a reader waits for after a save, in a browser's place."""
    print(f"edit to page: seconds, median of {ROUNDS}; the worst")
    for times in (1, 10):
        root = configured(copy_many(ROOT, folder / str(times), times))
        os.environ["FISHBOOK_EDITION"] = "en"
        with serving(root, FISHBOOK) as served:
            for kind, (page, text) in EDITS.items():
                taken = [seconds_to_page(served, page, text) for _ in range(ROUNDS)]
                middle, worst = statistics.median(taken), max(taken)
                print(f"  {times:2} x  {kind:6}{middle:7.2f}{worst:7.2f}", flush=True)
        del os.environ["FISHBOOK_EDITION"]


def seconds_to_page(served: Served, page: str, after: str) -> float:
    """Give the time from a save to the new page, told to the browser and served."""
    path = served.root / "docs" / f"{page}.md"
    before = read_text(path)
    mark = f"edited{time.monotonic_ns()}"
    new = f"{mark} = 1\n" if "= " in after or "import" in after else f" {mark} "
    poll = re.findall(r"livereload\((\d+), (\d+)\);", served.raw(f"en/{page}/"))[-1]
    assert before.count(after)
    start = time.perf_counter()
    write_text(path, before.replace(after, after + new, 1))
    while float(served.raw(f"/livereload/{'/'.join(poll)}")) <= float(poll[0]):
        pass
    html = served.raw(f"en/{page}/")
    taken = time.perf_counter() - start
    assert mark in html, f"{page}: not there yet"
    write_text(path, before)
    served.wait(lambda: mark not in served.get(f"en/{page}/"))
    return taken


def builds(folder: Path) -> None:
    """Time a build of all editions beside MkDocs alone, taken in turn."""
    root = copy_real(folder / "book")
    book = Book.load(root)
    for edition in EDITIONS:
        weave_edition(book, edition, root / "woven" / edition)

    def plain() -> None:
        for edition in EDITIONS:
            build_plainly(root, edition)

    times = timed(plain, lambda: build(root))
    print(
        f"builds: seconds, median of {ROUNDS} taken in turn, {len(EDITIONS)} editions"
    )
    for name, seconds in zip(
        ("mkdocs build, of the woven trees", "fishbook build"), times, strict=True
    ):
        print(f"  {name:34}{seconds:7.2f}{seconds / times[0]:7.2f} times the first")


def build_plainly(root: Path, edition: str) -> None:
    """Build one woven tree as MkDocs would without the loom."""
    config = load_config(
        str(root / "mkdocs.yml"),
        docs_dir=str(root / "woven" / edition),
        site_dir=str(root / "plain" / edition),
        plugins=["search"],
        theme={"name": "material", "font": False, "features": FEATURES},
    )
    mkdocs_build(config)


def timed(*runs: Callable[[], None]) -> list[float]:
    """Give each run's median time; they take turns, the first round is a warm-up."""
    times: list[list[float]] = [[] for _ in runs]
    for _ in range(ROUNDS + 1):
        for run, taken in zip(runs, times, strict=True):
            start = time.perf_counter()
            run()
            taken.append(time.perf_counter() - start)
    return [statistics.median(taken[1:]) for taken in times]


def checks(folder: Path) -> None:
    """Time the verbs that read all pages, in books of several sizes."""
    print(f"verbs: seconds of processor time, median of {ROUNDS}")
    for times in (1, 10, 50):
        root = configured(copy_many(ROOT, folder / str(times), times))
        fishbook = [sys.executable, "-m", "fishbook.loom"]
        processor(root, [*fishbook, "tangle", "--force"])
        for verb in (["tangle", "--check"], ["check"]):
            taken = [processor(root, [*fishbook, *verb]) for _ in range(ROUNDS)]
            words = " ".join(verb)
            print(
                f"  {times:2} x  {words:16}{statistics.median(taken):7.2f}", flush=True
            )


def processor(root: Path, command: list[str]) -> float:
    """Give the processor time of a command in a folder, which has to succeed."""
    before = os.times()
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    after = os.times()
    return sum(after[2:4]) - sum(before[2:4])


def rivals(folder: Path) -> None:
    """Time tangling the same chunks with Entangled and nbdev, where pip has them."""
    root = copy_real(folder / "book")
    chunks = {
        target: [part.source for _, definition in parts for part in definition.parts]
        for target, parts in Book.load(root).files.items()
    }
    venv.create(folder / "env", with_pip=True)
    tools = folder / "env" / ("Scripts" if os.name == "nt" else "bin")
    install = [str(tools / "python"), "-m", "pip", "install", "-q"]
    commands = {"fishbook tangle": (root, [sys.executable, "-m", "fishbook.loom"])}
    commands["fishbook tangle"][1].extend(["tangle", "--force"])
    for name, package, command, write in (
        ("entangled tangle", "entangled-cli", ["entangled", "tangle"], for_entangled),
        ("nbdev-export", "nbdev", ["nbdev-export"], for_nbdev),
    ):
        if subprocess.run([*install, package], capture_output=True).returncode:
            print(f"  {name}: pip can't install {package} here")
            continue
        place = folder / package
        write(place, chunks)
        commands[name] = place, [str(tools / command[0]), *command[1:]]
    count = sum(map(len, chunks.values()))
    print(f"{count} chunks to {len(chunks)} files, from nothing, then once more")
    for name, (place, words) in commands.items():
        made = [path for target in chunks for path in place.rglob(Path(target).name)]
        for path in made:
            path.unlink()
        first, again = processor(place, words), processor(place, words)
        print(f"  {name:18}{first:7.2f}{again:7.2f} s of processor time")


def for_entangled(folder: Path, chunks: dict[str, list[str]]) -> None:
    """Write chunks as Entangled reads them."""
    write_text(folder / "entangled.toml", 'version = "2.0"\nwatch_list = ["*.md"]\n')
    blocks = [
        f"``` {{.python {'' if n else f'file={target} '}#{target}}}\n{text}\n```\n"
        for target, texts in chunks.items()
        for n, text in enumerate(texts)
    ]
    write_text(folder / "book.md", "\n".join(blocks))


def for_nbdev(folder: Path, chunks: dict[str, list[str]]) -> None:
    """Write chunks as nbdev reads them: a notebook for each file, whole statements."""
    settings = '[project]\nname = "book"\nversion = "0.1"\n'
    settings += '[tool.nbdev]\nlib_path = "fishbook"\nnbs_path = "nbs"\n'
    write_text(folder / "pyproject.toml", settings)
    kernel = {"display_name": "python3", "language": "python", "name": "python3"}
    for target, sources in chunks.items():
        name = Path(target).stem
        texts = [f"#| default_exp {name}"]
        for source in sources:
            if source[:1].isspace():  # it continues the class above
                texts[-1] += f"\n{source}"
            else:
                texts.append(f"#| export\n{source}")
        cells = [
            {
                "cell_type": "code",
                "execution_count": None,
                "id": f"cell-{n}",
                "metadata": {},
                "outputs": [],
                "source": text,
            }
            for n, text in enumerate(texts)
        ]
        notebook = {"cells": cells, "metadata": {"kernelspec": kernel}}
        notebook |= {"nbformat": 4, "nbformat_minor": 5}
        write_text(folder / "nbs" / f"{name}.ipynb", json.dumps(notebook))


if __name__ == "__main__":
    main()
