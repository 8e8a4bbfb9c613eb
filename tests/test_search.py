"""Searches: what is drawn, where it runs, what is kept, and how it goes on."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fishbook.search import (
    GaussianProcess,
    bayes_search,
    expected_improvement,
    log_uniform,
    propose,
    random_search,
    successive_halving,
)
from fishbook.trials import Trial, Trials, read_trials

SPACE = {"lr": (1e-4, 1e2), "decay": (1e-6, 1.0)}
LAB = Path(__file__).parent.parent / "docs" / "05-training" / "lab-5-search.md"
SEARCHES = [random_search, bayes_search, successive_halving]


def hill(params: dict[str, Any]) -> float:
    """Best at 0.1; too large a rate is an error, as in a training."""
    if params["lr"] > 30:
        raise FloatingPointError("the loss is nan")
    longer = math.log10(params.get("epochs", 1)) / 10
    return longer - math.log10(params["lr"] / 0.1) ** 2


class Backwards(Executor):
    """Runs nothing until all is there, then the last first."""

    def __init__(self) -> None:
        self.jobs: list[tuple[Future[Any], Any]] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        job = Late(self)
        self.jobs.append((job, partial(fn, *args, **kwargs)))
        return job

    def run(self) -> None:
        while self.jobs:
            job, work = self.jobs.pop()
            job.set_result(work())


class Late(Future[Any]):
    """A job that is done once someone waits for any of them."""

    def __init__(self, pool: Backwards) -> None:
        super().__init__()
        self.pool = pool

    def cancel(self) -> bool:
        return False


# --- What is drawn -------------------------------------------------------------------


@given(st.floats(-300, 299), st.floats(0.01, 9), st.integers(0, 2**32))
def test_log_uniform_stays_within(low: float, more: float, seed: int) -> None:
    ends = 10**low, 10 ** (low + more)
    got = log_uniform(*ends, seed)
    assert ends[0] * (1 - 1e-9) <= got <= ends[1] * (1 + 1e-9)


def test_each_power_of_ten_is_as_likely() -> None:
    rng = np.random.default_rng(0)
    drawn = np.log10([log_uniform(1e-4, 1, rng) for _ in range(4000)])
    shares = np.histogram(drawn, bins=4, range=(-4, 0))[0] / 4000
    np.testing.assert_allclose(shares, 0.25, atol=0.03)


@pytest.mark.parametrize("ends", [(0, 1), (-1, 1), (1, 1), (2, 1), (1, math.inf)])
def test_log_uniform_wants_a_range(ends: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match=r"low|high"):
        log_uniform(*ends, 0)


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("bad", [[1, 2], (1, 2, 3), "log", 3])
def test_a_setting_has_a_range(search: Any, bad: Any) -> None:
    with pytest.raises(TypeError, match=r"range of lr.*want \(low, high\)"):
        search(hill, {"lr": bad}, 3, 0)


def test_a_function_may_draw_too() -> None:
    space = {"lr": (1e-3, 1), "hidden": lambda rng: rng.choice([16, 32])}
    table = random_search(hill, space, 8, rng=0)
    assert {trial.params["hidden"] for trial in table} == {16, 32}
    assert all(type(trial.params["hidden"]) is int for trial in table)
    with pytest.raises(TypeError, match="range of hidden"):
        bayes_search(hill, space, 4, rng=0)
    with pytest.raises(TypeError, match=r"got w of .*want a number, text"):
        random_search(hill, {"w": lambda rng: rng.normal(size=2)}, 4, rng=0)


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("trials", [0, -1])
def test_there_is_a_trial_at_least(search: Any, trials: int) -> None:
    with pytest.raises(ValueError, match=r"trials.*1 or more"):
        search(hill, SPACE, trials, 0)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_more_trials_begin_with_the_same(seed: int) -> None:
    few, many = (random_search(hill, SPACE, n, rng=seed) for n in (5, 9))
    assert sorted(few, key=number) == sorted(many, key=number)[:5]


def number(trial: Trial) -> int:
    return trial.number


# --- The table -----------------------------------------------------------------------


def test_the_best_comes_first_and_failures_last() -> None:
    table = random_search(hill, SPACE, 30, rng=0)
    failed = [trial for trial in table if trial.error]
    scores = [trial.score for trial in table if not trial.error]
    assert scores == sorted(scores, reverse=True)
    assert failed == table[-len(failed) :]
    assert failed[0].error == "FloatingPointError: the loss is nan"
    assert table.best is table[0]
    assert table.best.score == max(scores)
    assert repr(table).splitlines()[-1].startswith(f"{len(failed)} failed: Floating")
    assert max(map(len, repr(table).splitlines())) <= 60


def test_a_table_is_aligned_and_says_how_many_more() -> None:
    trials = [Trial(n, {"lr": 10.0**-n, "name": "relu"}, n / 100) for n in range(12)]
    lines = repr(Trials(trials)).splitlines()
    assert lines[0] == "trial  score      lr  name"
    assert lines[1] == "   11  0.110   1e-11  relu"
    assert lines[-1] == "and 2 more"


def test_equal_scores_stay_in_their_order() -> None:
    assert [t.number for t in Trials(Trial(n, {}, 0.5) for n in range(4))] == [
        *range(4)
    ]


def test_no_table_has_no_best() -> None:
    with pytest.raises(ValueError, match="there is no best trial, since there is none"):
        _ = Trials().best
    with pytest.raises(ValueError, match="all failed, the first with KeyError: 'lr'"):
        _ = random_search(hill, {"x": (1, 2)}, 2, rng=0).best


def test_a_table_plots_itself() -> None:
    pytest.importorskip("matplotlib")
    axes = random_search(hill, SPACE, 20, rng=0).plot()
    assert [ax.get_xlabel() for ax in axes] == ["lr", "decay"]
    assert [ax.get_xscale() for ax in axes] == ["log", "log"]


@pytest.mark.parametrize("score", [math.nan, math.inf, "good", None, {"loss": 1}])
def test_a_score_that_is_none_is_an_error(score: Any) -> None:
    trial = random_search(lambda params: score, SPACE, 1, rng=0)[0]
    assert trial.score == -math.inf
    assert trial.error


def test_what_a_training_gives_besides_is_kept(tmp_path: Path) -> None:
    def trained(params: Any) -> dict[str, Any]:
        return {"score": 0.5, "curve": (1, 2.5)}

    path = tmp_path / "s.jsonl"
    first = random_search(trained, SPACE, 2, rng=0, path=path)
    assert first[0].kept == {"curve": [1, 2.5]}
    assert random_search(trained, SPACE, 2, rng=0, path=path) == first


def test_a_training_cannot_change_what_it_was_given() -> None:
    def greedy(params: dict[str, Any]) -> float:
        return float(params.pop("lr"))

    assert set(random_search(greedy, SPACE, 1, rng=0)[0].params) == {"lr", "decay"}


# --- Wherever it runs ----------------------------------------------------------------


@pytest.mark.parametrize("search", SEARCHES)
def test_threads_come_to_the_same(search: Any) -> None:
    with ThreadPoolExecutor(3) as pool:
        assert search(hill, SPACE, 9, 0, executor=pool) == search(hill, SPACE, 9, 0)


def test_the_order_of_finishing_does_not_matter(monkeypatch: Any) -> None:
    pool = Backwards()
    order = []

    def late(jobs: Any) -> Any:
        pool.run()
        for job in reversed(list(jobs)):
            order.append(job)
            yield job

    monkeypatch.setattr("fishbook.runner.as_completed", late)
    for search in (*SEARCHES, partial(bayes_search, at_once=3)):
        assert search(hill, SPACE, 9, 0, executor=pool) == search(hill, SPACE, 9, 0)
    equal = random_search(lambda params: 0.5, SPACE, 5, 0, executor=pool)
    assert [trial.number for trial in equal] == [0, 1, 2, 3, 4]
    assert len(order) > 9


def test_processes_come_to_the_same() -> None:
    """Begun anew, as on Windows."""
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        for search in SEARCHES:
            space = {"lr": (1e-4, 1e4)}
            table = search(hill, space, 9, 0, executor=pool)
            assert table == search(hill, space, 9, 0)
            assert any(trial.error for trial in table)


def test_what_other_processes_cannot_import_says_so() -> None:
    with ProcessPoolExecutor(1) as pool, pytest.raises(Exception, match="pickle") as e:
        random_search(lambda params: 1.0, SPACE, 2, rng=0, executor=pool)
    assert any("top level of a module" in note for note in e.value.__notes__)


def listing(name: str) -> str:
    """Return a file that the lab shows."""
    text = LAB.read_text(encoding="utf-8")
    return text.split(f'{name} = """\n', 1)[1].split('"""', 1)[0]


def test_a_cluster_comes_to_the_same(tmp_path: Path) -> None:
    """The lab's own two files, on a cluster within one process, and without any."""
    pytest.importorskip("distributed")
    (tmp_path / "rates.py").write_text(listing("processes"), encoding="utf-8")
    (tmp_path / "cluster.py").write_text(
        listing("cluster").replace(
            "Client(", "Client(processes=False, dashboard_address=None, "
        ),
        encoding="utf-8",
    )
    (tmp_path / "here.py").write_text("import rates; print(rates.search(None))")
    got = [
        subprocess.run(
            [sys.executable, name],
            cwd=tmp_path,
            capture_output=True,
            check=True,
            text=True,
            timeout=300,
        ).stdout
        for name in ("cluster.py", "here.py")
    ]
    assert got[0] == got[1]
    assert got[0].startswith("trial  score")


# --- Stopped, and taken up again -----------------------------------------------------


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("stop", [0, 1, 4, 8])
def test_a_stopped_search_goes_on(search: Any, stop: int, tmp_path: Path) -> None:
    path, calls = tmp_path / "s.jsonl", []

    def stopped(params: dict[str, Any]) -> float:
        if len(calls) == stop:
            raise KeyboardInterrupt
        calls.append(params)
        return hill(params)

    def counted(params: dict[str, Any]) -> float:
        calls.append(params)
        return hill(params)

    with pytest.raises(KeyboardInterrupt):
        search(stopped, SPACE, 9, 0, path=path)
    lines = path.read_text().splitlines()
    assert [json.loads(line)["params"] for line in lines] == calls
    whole = search(counted, SPACE, 9, 0, path=path)
    assert whole == search(hill, SPACE, 9, 0)
    assert len(calls) == len(path.read_text().splitlines())
    assert search(stopped, SPACE, 9, 0, path=path) == whole


def test_a_torn_last_line_goes(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    table = random_search(hill, SPACE, 4, rng=0, path=path)
    text = path.read_bytes()
    last = text.rstrip(b"\n").rfind(b"\n") + 1
    for cut in range(last + 1, len(text)):
        path.write_bytes(text[:cut])
        assert len(read_trials(path)) == 3
    assert random_search(hill, SPACE, 4, rng=0, path=path) == table
    assert path.read_bytes() == text


@pytest.mark.parametrize(
    "text", ["my poem", "my poem\n", "{}\n", '{"number": 0}\n', "[1]\n", "\n"]
)
def test_another_file_stays_as_it_is(text: str, tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_bytes(text.encode())
    with pytest.raises(ValueError, match=r"s\.jsonl:1 is no trial .* another file"):
        random_search(hill, SPACE, 2, rng=0, path=path)
    assert path.read_bytes() == text.encode()


@pytest.mark.parametrize(
    ("space", "seed"), [(SPACE, 1), ({"lr": (1e-4, 1)}, 0), ({"x": (1, 2)}, 0)]
)
def test_another_search_is_told(space: Any, seed: int, tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    random_search(hill, SPACE, 2, rng=0, path=path)
    text = path.read_bytes()
    with pytest.raises(ValueError, match="of another search: its trial 0 has"):
        random_search(hill, space, 2, rng=seed, path=path)
    assert path.read_bytes() == text


def test_a_file_wants_a_seed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="give a seed, such as rng=0"):
        random_search(hill, SPACE, 2, path=tmp_path / "s.jsonl")
    assert not list(tmp_path.iterdir())


def test_a_worker_that_dies_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    with (
        ProcessPoolExecutor(1, get_context("spawn")) as pool,
        pytest.raises(Exception, match="terminated abruptly"),
    ):
        random_search(fatal, {"lr": (0.1, 10)}, 9, rng=0, executor=pool, path=path)
    kept = read_trials(path)
    assert all(trial.score == trial.params["lr"] for trial in kept.values())
    assert len(kept) < 9


SLOW = """
import sys, time
from concurrent.futures import ProcessPoolExecutor
from fishbook.search import random_search

def slow(params):
    time.sleep(0.05)
    return params["lr"]

if __name__ == "__main__":
    with ProcessPoolExecutor(2) as pool:
        options = {"executor": pool, "path": "s.jsonl"}
        random_search(slow, {"lr": (1e-3, 1)}, int(sys.argv[1]), 0, **options)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals to groups")
def test_ctrl_c_leaves_the_file_whole(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    (tmp_path / "slow.py").write_text(SLOW)
    command = [sys.executable, "slow.py"]
    running = subprocess.Popen(
        [*command, "2000"],
        cwd=tmp_path,
        start_new_session=True,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not path.exists() or path.read_bytes().count(b"\n") < 5:
        assert running.poll() is None
        time.sleep(0.05)
    os.killpg(running.pid, signal.SIGINT)
    assert "KeyboardInterrupt" in running.communicate(timeout=120)[1]
    text = path.read_bytes()
    kept = len(read_trials(path))
    assert path.read_bytes() == text
    assert kept == text.count(b"\n") >= 5
    subprocess.run([*command, str(kept + 9)], cwd=tmp_path, check=True, timeout=120)
    assert path.read_bytes().startswith(text)
    after = read_trials(path)
    assert len(after) == path.read_bytes().count(b"\n")
    assert set(after) >= set(range(kept + 9))


def fatal(params: dict[str, Any]) -> float:
    """End the process that runs it, one time in two."""
    if params["lr"] > 1:
        os._exit(1)
    return float(params["lr"])


def test_the_bar_says_how_far_it_is(monkeypatch: Any) -> None:
    import io

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    random_search(hill, SPACE, 5, rng=0)
    shown = sys.stderr.getvalue()  # type: ignore[attr-defined]
    assert "100% best score" in shown
    assert shown.endswith("\n")
    monkeypatch.setattr(sys, "stderr", Terminal())
    random_search(hill, SPACE, 5, rng=0, verbose=False)
    assert not sys.stderr.getvalue()  # type: ignore[attr-defined]


# --- The model -----------------------------------------------------------------------


def test_the_model_goes_through_what_it_knows() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(size=(8, 2))
    y = np.sin(3 * x).sum(axis=1)
    model = GaussianProcess(x, y, width=0.5, noise=1e-8)
    mean, std = model.predict(x)
    np.testing.assert_allclose(mean, y, atol=1e-4)
    assert std.max() < 1e-3
    far, unsure = model.predict([[30.0, 30.0]])
    np.testing.assert_allclose([far[0], unsure[0]], [y.mean(), y.std()])


def test_the_model_is_the_textbook_formula() -> None:
    """Against the joint normal distribution, by its inverse."""
    rng = np.random.default_rng(1)
    x, new = rng.uniform(size=(6, 1)), rng.uniform(size=(4, 1))
    y = rng.normal(size=6)
    every = np.vstack([x, new])
    K = np.exp(-((every - every.T) ** 2) / (2 * 0.3**2)) + 1e-2 * np.eye(10)
    precision = np.linalg.inv(K)[6:, 6:]
    z = (y - y.mean()) / y.std()
    mean = -np.linalg.solve(precision, np.linalg.inv(K)[6:, :6] @ z)
    variance = np.diag(np.linalg.inv(precision)) - 1e-2
    got = GaussianProcess(x, y, 0.3, 1e-2).predict(new)
    np.testing.assert_allclose(got[0], y.mean() + y.std() * mean)
    np.testing.assert_allclose(got[1], y.std() * np.sqrt(variance))


def test_equal_values_give_a_flat_model() -> None:
    mean, std = GaussianProcess([[0.1], [0.9]], [2.0, 2.0]).predict([[0.5]])
    assert mean[0] == 2
    assert np.isfinite(std).all()


@given(st.floats(-2, 2), st.floats(0.01, 2), st.floats(-2, 2))
def test_expected_improvement_is_the_integral(m: float, s: float, best: float) -> None:
    z = np.linspace(-9, 9, 20_001)
    bell = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    want = np.trapezoid(np.maximum(m + s * z - best, 0) * bell, z)
    np.testing.assert_allclose(expected_improvement(m, s, best), want, atol=1e-6)


def test_bayes_search_needs_fewer_trials() -> None:
    """On a smooth hill, whatever the seed."""
    for seed in range(5):
        table = bayes_search(hill, {"lr": (1e-4, 10)}, 8, rng=seed)
        assert table.best.score > -0.05
    random = [random_search(hill, {"lr": (1e-4, 10)}, 8, rng=s) for s in range(5)]
    assert np.mean([table.best.score for table in random]) < -0.02


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_several_at_once_are_apart(seed: int) -> None:
    space = {"lr": (1e-4, 10)}
    done = random_search(hill, space, 3, rng=seed)
    wanted = propose(done, space, np.random.default_rng(seed), many=4)
    assert np.ptp([math.log10(params["lr"]) for params in wanted]) > 0.2
    table = bayes_search(hill, space, 13, rng=seed, at_once=5)
    assert len(table) == 13
    assert table.best.score > -0.05


@pytest.mark.filterwarnings("error")
def test_bayes_search_lives_with_failures() -> None:
    table = bayes_search(hill, {"lr": (1e-4, 1e4)}, 15, rng=0)
    assert table.best.score > -0.1
    all_failed = bayes_search(hill, {"lr": (100, 1000)}, 5, rng=0)
    assert len(all_failed) == 5


def test_who_was_trained_longer_stands_before_others() -> None:
    def tired(params: dict[str, Any]) -> float:
        return hill({"lr": params["lr"]}) - params["epochs"]

    table = successive_halving(tired, {"lr": (1e-4, 10)}, 9, rng=0)
    assert [trial.params["epochs"] for trial in table[:4]] == [9, 3, 3, 1]


def test_halving_trains_ever_fewer_ever_longer() -> None:
    seen: list[int] = []

    def counted(params: dict[str, Any]) -> float:
        seen.append(params["epochs"])
        return hill(params)

    table = successive_halving(counted, {"lr": (1e-4, 10)}, 27, rng=0)
    assert [seen.count(epochs) for epochs in (1, 3, 9, 27)] == [27, 9, 3, 1]
    assert len(table) == 27
    assert [trial.params["epochs"] for trial in table[:4]] == [27, 9, 9, 3]
    best = max(table, key=lambda trial: hill({"lr": trial.params["lr"]}))
    assert table.best is best
    two = successive_halving(hill, {"lr": (1e-4, 1)}, 8, 0, epochs=2, factor=2)
    assert [trial.params["epochs"] for trial in two] == [16, 8, 4, 4, 2, 2, 2, 2]


def test_halving_drops_what_failed() -> None:
    def late(params: dict[str, Any]) -> float:
        if params["epochs"] > 1:
            raise FloatingPointError("late")
        return hill(params)

    table = successive_halving(late, {"lr": (1e-4, 1)}, 9, rng=0)
    assert sum(bool(trial.error) for trial in table) == 3
    assert len(table) == 9
    assert not table.best.error
