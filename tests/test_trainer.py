"""Training: SGD, the trainer, what it stores and how it stops."""

from __future__ import annotations

import io
import json
import math
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fishbook.datasets import has_mnist, load_digits, load_mnist
from fishbook.networks import MultiLayerNetExtend, TwoLayerNet
from fishbook.optimizers import SGD, Optimizer, find_optimizer
from fishbook.progress import Bar, History, whole
from fishbook.storage import kept, read_arrays
from fishbook.trainer import Trainer

(X, T), (X_TEST, T_TEST) = load_digits()


def trainer(seed: int = 0, samples: int = 300, **given: Any) -> Trainer:
    net = given.pop("net", None) or TwoLayerNet(64, 8, 10, 0.1, rng=seed)
    given = {"epochs": 3, "mini_batch_size": 64, "optimizer_param": {"lr": 0.3}} | given
    data = X[:samples], T[:samples], X_TEST, T_TEST
    return Trainer(net, *data, rng=seed, **given)


def copies(net: Any) -> dict[str, Any]:
    return {key: values.copy() for key, values in net.params.items()}


def assert_same(one: Any, other: Any) -> None:
    assert one.keys() == other.keys()
    for key, values in one.items():
        np.testing.assert_array_equal(values, other[key])


def test_sgd_steps_against_the_gradient_in_place() -> None:
    W = np.array([1.0, 2.0])
    params, grads = {"W": W}, {"W": np.array([10.0, -10.0])}
    SGD(lr=0.1).update(params, grads)
    np.testing.assert_allclose(W, [0.0, 3.0])
    assert params["W"] is W
    np.testing.assert_array_equal(grads["W"], [10.0, -10.0])
    assert SGD().lr == 0.01


def test_any_keys_are_updated_not_four_known_ones() -> None:
    params = {"gamma7": np.ones(2), "W9": np.ones(3)}
    SGD(1.0).update(params, {key: values.copy() for key, values in params.items()})
    assert not any(values.any() for values in params.values())


def test_float32_stays_float32() -> None:
    params = {"W": np.ones(3, np.float32)}
    SGD(0.1).update(params, {"W": np.ones(3, np.float32)})
    assert params["W"].dtype == np.float32


@pytest.mark.parametrize("lr", [0, -1, math.nan, math.inf, "0.1"])
def test_a_learning_rate_is_a_positive_number(lr: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="lr"):
        SGD(lr)


@pytest.mark.parametrize("name", ["SGD", "sgd", "Sgd"])
def test_an_optimizer_is_found_by_its_name(name: str) -> None:
    found = find_optimizer(name, lr=0.5)
    assert isinstance(found, SGD)
    assert found.lr == 0.5


def test_a_new_kind_is_found_as_soon_as_it_is_defined() -> None:
    class Sleepy(Optimizer):
        def update(self, params: Any, grads: Any) -> None: ...

    try:
        assert isinstance(find_optimizer("SLEEPY"), Sleepy)
    finally:
        del Optimizer.kinds["sleepy"]


def test_an_object_is_taken_as_it_is_and_nonsense_refused() -> None:
    mine = SGD(0.2)
    assert trainer(optimizer=mine).optimizer is mine
    with pytest.raises(ValueError, match="'adagrab', but want one of SGD"):
        find_optimizer("adagrab")
    for wrong in (SGD, 3, None):
        with pytest.raises(TypeError, match="a name or an object"):
            find_optimizer(wrong)
    with pytest.raises(TypeError, match="rate"):
        find_optimizer("sgd", rate=0.1)


@pytest.mark.parametrize(
    ("n", "batch", "steps"), [(1000, 128, 8), (500, 128, 4), (300, 100, 3), (7, 9, 1)]
)
def test_each_epoch_is_evaluated_once_after_its_last_batch(
    n: int, batch: int, steps: int
) -> None:
    run = trainer(samples=n, mini_batch_size=batch, epochs=2)
    for step in range(1, 2 * steps + 1):
        run.train_step()
        assert len(run.train_acc_list) == len(run.test_acc_list) == step // steps
    assert run.test_acc_list[-1] == run.network.accuracy(X_TEST, T_TEST)
    assert run.train_acc_list[-1] == run.network.accuracy(X[:n], T[:n])
    assert len(run.train_loss_list) == 2 * steps


class Watched:
    """A network that notes which samples it sees; each is its own number."""

    def __init__(self) -> None:
        self.params = {"W": np.zeros(1)}
        self.seen: list[Any] = []

    def loss_and_gradient(self, x: Any, t: Any) -> tuple[float, dict[str, Any]]:
        self.seen.append(x[:, 0])
        np.testing.assert_array_equal(x[:, 0], t)
        return 1.0, {"W": np.ones(1)}

    def accuracy(self, x: Any, t: Any) -> float:
        return float(len(x))


def test_an_epoch_takes_each_sample_once_and_the_next_another_order() -> None:
    net, numbers = Watched(), np.arange(250.0)
    x = numbers[:, None]
    run = Trainer(net, x, numbers, x, numbers, 2, mini_batch_size=100, rng=0)
    run.train()
    assert [len(batch) for batch in net.seen] == [100, 100, 50] * 2
    first, second = np.concatenate(net.seen[:3]), np.concatenate(net.seen[3:])
    np.testing.assert_array_equal(np.sort(first), numbers)
    np.testing.assert_array_equal(np.sort(second), numbers)
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, numbers)


def test_the_loss_is_that_of_the_forward_pass_before_the_update() -> None:
    class Counted(TwoLayerNet):
        passes = 0

        def predict(self, x: Any, train: bool = False) -> Any:
            self.passes += 1
            return super().predict(x, train)

    net = Counted(64, 8, 10, 0.1, rng=0)
    run = trainer(net=net)
    before = TwoLayerNet(64, 8, 10, 0.1, rng=0)
    batch = np.random.default_rng(0).permutation(300)[:64]
    assert run.train_step() == run.train_loss_list[0] == before.loss(X[batch], T[batch])
    assert net.passes == 1


def test_some_samples_are_evaluated_if_no_more_are_asked_for() -> None:
    net, numbers = Watched(), np.arange(250.0)
    x = numbers[:, None]
    data = x, numbers, x[:30], numbers[:30]
    run = Trainer(net, *data, 1, evaluate_sample_num_per_epoch=40)
    run.train()
    assert (run.train_acc_list, run.test_acc_list) == ([40], [30])
    assert not np.array_equal(run.seen[1], np.sort(run.seen[1]))


def test_training_returns_its_history_and_goes_on_where_it_stood() -> None:
    run = trainer(epochs=2)
    history = run.train()
    assert isinstance(history, History)
    assert history.loss == run.train_loss_list
    assert history.test_acc == run.test_acc_list
    assert len(run.train().loss) == 10
    run.epochs = 3
    assert len(run.train().loss) == 15
    assert len(repr(history)) < 120
    assert "15 steps" in repr(history) and "3 epochs" in repr(history)
    assert repr(History([], [], [])) == "<0 steps>"


def test_the_same_seed_trains_the_same_network() -> None:
    one, two, other = trainer(1), trainer(1), trainer(1)
    other.rng = np.random.default_rng(2)
    for run in (one, two, other):
        run.train()
    assert_same(one.network.params, two.network.params)
    assert one.train_loss_list == two.train_loss_list != other.train_loss_list


def test_layers_and_params_stay_the_same_arrays_while_training() -> None:
    run = trainer()
    run.train()
    layers, params = run.network.layers, run.network.params
    assert layers["Affine1"].W is params["W1"]
    assert layers["Affine2"].b is params["b2"]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_loss_that_is_no_number_stops_before_the_step(bad: float) -> None:
    x = X[:300].copy()
    run = trainer()
    run.train_step()
    x[:] = bad
    run.x_train = x
    before = copies(run.network)
    with pytest.raises(FloatingPointError, match=r"step 2.*smaller learning rate"):
        run.train()
    assert_same(run.network.params, before)
    assert run.step == len(run.train_loss_list) == 1


def test_a_wild_learning_rate_stops_without_a_warning() -> None:
    with pytest.raises(FloatingPointError, match="learning rate"):
        trainer(optimizer_param={"lr": 1e30}).train()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"epochs": -1}, "epochs"),
        ({"mini_batch_size": 0}, "mini_batch_size"),
        ({"evaluate_sample_num_per_epoch": 0}, "evaluate_sample_num"),
        ({"optimizer": "nothing"}, "nothing"),
    ],
)
def test_wrong_arguments_are_refused_at_once(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        trainer(**given)


def test_samples_and_labels_have_to_go_together() -> None:
    net = TwoLayerNet(64, 8, 10)
    with pytest.raises(ValueError, match="one for each"):
        Trainer(net, X, T[:5], X, T)
    with pytest.raises(ValueError, match="samples = 0"):
        Trainer(net, X[:0], T[:0], X, T)


@pytest.mark.parametrize("step", [0, 3, 5, 7])
def test_a_checkpoint_goes_on_to_the_last_bit(tmp_path: Path, step: int) -> None:
    straight, first = trainer(3), trainer(3)
    straight.train()
    for _ in range(step):
        first.train_step()
    first.save_checkpoint(tmp_path / "half.npz")
    second = trainer(4)
    second.load_checkpoint(tmp_path / "half.npz")
    W1 = second.network.params["W1"]
    second.train()
    assert_same(second.network.params, straight.network.params)
    assert second.network.layers["Affine1"].W is W1
    for name in ("train_loss_list", "train_acc_list", "test_acc_list"):
        assert getattr(second, name) == getattr(straight, name)
    assert second.rng.random() == straight.rng.random()


class Heavy(SGD):
    """An optimizer with memory: of each parameter, and of how often it was called."""

    def __init__(self, lr: float = 0.01) -> None:
        super().__init__(lr)
        self.v: dict[str, Any] = {}
        self.times, self.note = 0, None

    def update(self, params: Any, grads: Any) -> None:
        self.times += 1
        for key, values in params.items():
            self.v[key] = 0.9 * self.v.get(key, 0) - self.lr * grads[key] / self.times
            values += self.v[key]


def test_an_optimizer_with_memory_remembers_in_a_checkpoint(tmp_path: Path) -> None:
    straight, first, second = (trainer(3, optimizer="heavy") for _ in range(3))
    straight.train()
    for _ in range(7):
        first.train_step()
    first.save_checkpoint(tmp_path / "half.npz")
    second.load_checkpoint(tmp_path / "half.npz")
    assert second.optimizer.times == 7
    second.train()
    assert_same(second.network.params, straight.network.params)


@pytest.mark.parametrize("kind", ["MT19937", "PCG64DXSM", "SFC64", "Philox"])
def test_any_generator_goes_on_from_a_checkpoint(tmp_path: Path, kind: str) -> None:
    one, two = (np.random.Generator(getattr(np.random, kind)(s)) for s in (1, 2))
    first, second = trainer(), trainer()
    first.rng, second.rng = one, two
    first.train_step()
    first.save_checkpoint(tmp_path / "c.npz")
    second.load_checkpoint(tmp_path / "c.npz")
    assert one.random() == two.random()


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"samples": 301}, r"training data is \[300, 64\]"),
        ({"mini_batch_size": 50}, "mini_batch_size is 64, but want 50"),
        ({"optimizer": "heavy"}, "optimizer is SGD, but want Heavy"),
        ({"net": TwoLayerNet(64, 9, 10)}, "W1 of shape"),
    ],
)
def test_a_checkpoint_of_another_training_is_refused(
    tmp_path: Path, other: dict[str, Any], words: str
) -> None:
    first = trainer()
    first.train_step()
    first.save_checkpoint(tmp_path / "c.npz")
    second = trainer(**other)
    before = copies(second.network)
    with pytest.raises(ValueError, match=words):
        second.load_checkpoint(tmp_path / "c.npz")
    assert_same(second.network.params, before)
    assert (second.step, second.train_loss_list) == (0, [])


def test_parameters_alone_are_no_checkpoint(tmp_path: Path) -> None:
    run = trainer()
    run.network.save_params(tmp_path / "params.npz")
    with pytest.raises(ValueError, match="is no checkpoint"):
        run.load_checkpoint(tmp_path / "params.npz")


def test_a_checkpoint_with_an_unknown_state_is_refused(tmp_path: Path) -> None:
    run = trainer(optimizer=Heavy(0.1))
    run.optimizer.note = object()
    with pytest.raises(TypeError, match="in the optimizer"):
        run.save_checkpoint(tmp_path / "c.npz")
    assert not list(tmp_path.iterdir())


def test_a_checkpoint_holds_numbers_and_text_alone(tmp_path: Path) -> None:
    run = trainer()
    run.train_step()
    run.save_checkpoint(tmp_path / "c.npz")
    stored = read_arrays(tmp_path / "c.npz")
    assert {array.dtype.kind for array in stored.values()} <= set("fiU")
    assert json.loads(str(stored["about"]))["step"] == 1


class Pressed(SGD):
    """Ctrl-C is pressed in the middle of its third update."""

    times = 0

    def update(self, params: Any, grads: Any) -> None:
        self.times += 1
        for n, (key, values) in enumerate(params.items()):
            values -= self.lr * grads[key]
            if self.times == 3 and n == 0:
                signal.raise_signal(signal.SIGINT)


def test_ctrl_c_stops_between_two_steps() -> None:
    straight, broken = trainer(), trainer(optimizer=Pressed(0.3))
    with pytest.raises(KeyboardInterrupt):
        broken.train()
    for _ in range(3):
        straight.train_step()
    assert_same(broken.network.params, straight.network.params)
    assert broken.step == len(broken.train_loss_list) == 3
    broken.train()
    straight.train()
    assert_same(broken.network.params, straight.network.params)
    assert broken.train_loss_list == straight.train_loss_list
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_pressed_twice_waits_no_more() -> None:
    reached = []
    with pytest.raises(KeyboardInterrupt), whole():
        signal.raise_signal(signal.SIGINT)
        reached.append(1)
        signal.raise_signal(signal.SIGINT)
        reached.append(2)
    assert reached == [1]


class Terminal(io.StringIO):
    """Where a bar is drawn, in the encoding of an old console."""

    encoding = "cp437"

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        text.encode(self.encoding)
        return super().write(text)


def test_a_terminal_shows_a_bar_that_reaches_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    trainer().train()
    shown = screen.getvalue()
    assert shown.startswith("\r[") and shown.endswith("\n")
    assert "100%" in shown and "loss" in shown
    assert max(map(len, shown.split("\r"))) < 80


@pytest.mark.parametrize("how", ["no terminal", "not verbose", "no stream"])
def test_there_is_no_bar_elsewhere(
    how: str, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    screen = io.StringIO() if how == "no terminal" else Terminal()
    monkeypatch.setattr(sys, "stderr", None if how == "no stream" else screen)
    trainer(verbose=how != "not verbose").train()
    assert screen.getvalue() == ""
    assert capfd.readouterr().out == ""


def test_a_bar_of_nothing_is_closed_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    Bar(0).close()
    assert screen.getvalue() == ""


@pytest.mark.skipif(not has_mnist(), reason="needs MNIST: FISHBOOK_DATA")
def test_twelve_hundred_steps_read_94_percent() -> None:
    (x, t), (x_test, t_test) = load_mnist()
    net = TwoLayerNet(input_size=784, hidden_size=50, output_size=10, rng=0)
    data = x, t, x_test, t_test
    run = Trainer(net, *data, epochs=2, optimizer_param={"lr": 0.5}, rng=0)
    run.train()
    assert len(run.train_loss_list) == 1200
    assert abs(run.train_loss_list[0] - 2.301) < 0.01
    assert 0.91 < run.test_acc_list[0] < 0.96
    assert run.test_acc_list[-1] >= 0.94


def test_patience_stops_when_nothing_gets_better() -> None:
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(20, 4)), rng.integers(3, size=20)

    class Scripted:
        """A network whose accuracies are known beforehand."""

        def __init__(self, scores: list[float]) -> None:
            self.params, self.scores = {"W": np.zeros(1)}, iter(scores)

        def loss_and_gradient(self, x: Any, t: Any) -> Any:
            return 1.0, {"W": np.zeros(1)}

        def accuracy(self, x: Any, t: Any) -> float:
            return next(self.scores)

    marks = [0.1, 0.5, 0.4, 0.5, 0.6, 0.6, 0.5, 0.6, 0.9, 0.9]
    for patience, epochs in ((None, 10), (1, 3), (2, 4), (3, 8), (5, 10)):
        both = [mark for mark in marks for _ in range(2)]
        data = x, t, x, t
        trainer = Trainer(Scripted(both), *data, 10, 20, patience=patience)
        assert len(trainer.train().test_acc) == epochs


@pytest.mark.parametrize("bad", [0, -1, 1.5])
def test_patience_has_to_be_a_number_of_epochs(bad: Any) -> None:
    with pytest.raises(ValueError, match="patience"):
        Trainer(None, [[0.0]], [0], [[0.0]], [0], patience=bad)


def drifting(epochs: int = 30, **given: Any) -> Trainer:
    """Return a training that soon gets no better on what it doesn't learn from."""
    net = MultiLayerNetExtend(
        *(64, [20, 20], 10),
        use_batchnorm=True,
        use_dropout=True,
        rng=1,
        dtype=np.float64,
    )
    data = X[:60], T[:60], X_TEST[:90], T_TEST[:90]
    rates = {"lr": 0.5}
    return Trainer(net, *data, epochs, 20, "momentum", rates, rng=2, **given)


def everything(run: Trainer) -> dict[str, Any]:
    """Return parameters and running statistics."""
    return {key: values.copy() for key, values in kept(run.network).items()}


@pytest.mark.parametrize("patience", [3, 50])
def test_patience_leaves_the_parameters_of_the_best_epoch(patience: int) -> None:
    run, plain = drifting(patience=patience), drifting()
    scores, seen = [], []
    for epoch in range(30):
        plain.epochs = epoch + 1
        plain.train()
        seen.append(everything(plain))
        scores.append(plain.test_acc_list[-1])
    run.train()
    length = len(run.test_acc_list)
    best = int(np.argmax(scores[:length]))
    assert (length < 30) == (patience == 3)
    assert best < length - 1
    assert_same(everything(run), seen[best])
    assert run.network.accuracy(*run.new) == max(run.test_acc_list)
    assert run.network.layers["Affine1"].W is run.network.params["W1"]
    assert_same(everything(plain), seen[-1])


@pytest.mark.parametrize("stop", [1, 4, 6, 17])
def test_early_stopping_goes_on_bit_for_bit(tmp_path: Path, stop: int) -> None:
    straight, first, second = (drifting(patience=8) for _ in range(3))
    straight.train()
    for _ in range(stop):
        first.train_step()
    first.save_checkpoint(tmp_path / "part.npz")
    second.load_checkpoint(tmp_path / "part.npz")
    second.train()
    assert second.test_acc_list == straight.test_acc_list
    assert_same(everything(second), everything(straight))


def test_more_epochs_after_the_best_was_put_in_change_nothing(tmp_path: Path) -> None:
    """What was shown at an end, and stored with it, is taken out again to go on."""
    straight, parts = drifting(12, patience=20), drifting(5, patience=20)
    resumed = drifting(12, patience=20)
    straight.train()
    parts.train()
    parts.train()
    parts.save_checkpoint(tmp_path / "end.npz")
    resumed.load_checkpoint(tmp_path / "end.npz")
    assert_same(everything(resumed), everything(parts))
    parts.epochs = 12
    for run in (parts, resumed):
        run.train()
        assert run.train_loss_list == straight.train_loss_list
        assert_same(everything(run), everything(straight))


def test_scores_that_are_nan_stop_an_epoch_as_a_loss_does() -> None:
    x_test = X_TEST.copy()
    x_test[3, 5] = np.nan
    net = TwoLayerNet(64, 8, 10, 0.1, rng=0)
    run = Trainer(net, X[:300], T[:300], x_test, T_TEST, 3, rng=0)
    with pytest.raises(FloatingPointError, match=r"scores are nan after step 3; try a"):
        run.train()
    assert (run.step, run.train_acc_list, run.test_acc_list) == (3, [], [])
    with pytest.raises(ValueError, match="no nan where something is decided"):
        net.accuracy(x_test, T_TEST)
