"""Deep networks: first weights, weight decay, batch normalization, dropout."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fishbook.gradients import gradient_check
from fishbook.initializers import he, normal, resolve, xavier, zeros
from fishbook.networks import LayeredNet, MultiLayerNet, MultiLayerNetExtend
from fishbook.trainer import Trainer

RNG = np.random.default_rng(1)
X, T = RNG.normal(size=(8, 5)), RNG.integers(3, size=8)


def deep(kind: Any = MultiLayerNet, **given: Any) -> Any:
    return kind(5, [6, 4], 3, **{"rng": 0, "dtype": np.float64, **given})


# First weights


def test_the_rules() -> None:
    assert he(100) == math.sqrt(0.02)
    assert xavier(100) == 0.1
    assert zeros(100) == 0
    assert normal(0.01)(100) == normal(0.01)(7) == 0.01


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        *[("relu", he), ("He", he), ("sigmoid", xavier), ("XAVIER", xavier)],
        *[("tanh", xavier), ("zeros", zeros), (he, he)],
    ],
)
def test_rules_are_found_by_name(name: Any, rule: Any) -> None:
    assert resolve(name) is rule
    assert resolve(0.5)(9) == resolve(np.float32(0.5))(3) == 0.5


@pytest.mark.parametrize("bad", ["relo", -0.1, float("nan"), float("inf"), None, [1]])
def test_a_rule_that_is_none_is_refused(bad: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="want"):
        resolve(bad)


@pytest.mark.parametrize("rule", [he, xavier])
@pytest.mark.parametrize("fan_in", [0, -1, 2.5])
def test_a_layer_without_inputs_is_refused(rule: Any, fan_in: Any) -> None:
    with pytest.raises(ValueError, match="fan_in"):
        rule(fan_in)


@pytest.mark.parametrize(
    ("std", "want"), [("relu", 0.0447), ("sigmoid", 0.0316), (0.01, 0.01), (0, 0)]
)
def test_weights_are_spread_by_the_rule(std: Any, want: float) -> None:
    net = MultiLayerNet(784, [1000, 200], 10, weight_init_std=std, rng=0)
    assert net.params["W2"].std() == pytest.approx(want, rel=0.02)
    assert not net.params["b2"].any()


# MultiLayerNet


def test_the_layers_and_parameters_have_their_names() -> None:
    net = deep(activation="Sigmoid")
    names = ["Affine1", "Sigmoid1", "Affine2", "Sigmoid2", "Affine3"]
    assert list(net.layers) == names
    assert list(net.params) == ["W1", "b1", "W2", "b2", "W3", "b3"]
    assert net.params["W2"] is net.layers["Affine2"].W
    assert net.params["W2"].shape == (6, 4)
    assert isinstance(net, LayeredNet)
    assert MultiLayerNet(5, [], 3).predict(X).shape == (8, 3)


@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh"])
@pytest.mark.parametrize("decay", [0, 0.1])
def test_gradients_agree_with_differences(activation: str, decay: float) -> None:
    net = deep(activation=activation, weight_decay_lambda=decay)
    assert max(gradient_check(net, X, T).values()) < 1e-6
    slow, fast = net.numerical_gradient(X, T), net.gradient(X, T)
    for key, values in fast.items():
        np.testing.assert_allclose(values, slow[key], atol=1e-7)
    assert net.loss_and_gradient(X, T)[0] == pytest.approx(net.loss(X, T), abs=1e-12)


def test_weight_decay_costs_half_the_squares_of_weights_alone() -> None:
    plain, held = deep(), deep(weight_decay_lambda=0.3)
    for net in (plain, held):
        net.params["b1"] += 1
    weights = [plain.params[f"W{i}"] for i in (1, 2, 3)]
    cost = 0.15 * sum((W**2).sum() for W in weights)
    assert held.loss(X, T) - plain.loss(X, T) == pytest.approx(cost)
    a, b = plain.gradient(X, T), held.gradient(X, T)
    for key, values in plain.params.items():
        more = 0.3 * values if key[0] == "W" else 0
        np.testing.assert_allclose(b[key] - a[key], more, atol=1e-12)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"activation": "relo"}, "relu or sigmoid or tanh"),
        ({"weight_init_std": "hee"}, "one of relu"),
        ({"weight_decay_lambda": -1}, "0 or more"),
        ({"hidden_size_list": [0]}, "a layer's size"),
        ({"hidden_size_list": [2.5]}, "a layer's size"),
    ],
)
def test_what_makes_no_network_is_refused(bad: Any, words: str) -> None:
    given = {"input_size": 5, "hidden_size_list": [4], "output_size": 3, **bad}
    for kind in (MultiLayerNet, MultiLayerNetExtend):
        with pytest.raises(ValueError, match=words):
            kind(**given)


def test_deep_networks_agree_with_pytorch() -> None:
    torch = pytest.importorskip("torch")
    net = deep(use_batchnorm=True, kind=MultiLayerNetExtend, weight_decay_lambda=0.2)
    p = {k: torch.tensor(v, requires_grad=True) for k, v in net.params.items()}
    z = torch.tensor(X)
    for i in (1, 2):
        a = z @ p[f"W{i}"] + p[f"b{i}"]
        scale, shift = p[f"gamma{i}"], p[f"beta{i}"]
        a = torch.nn.functional.batch_norm(a, None, None, scale, shift, True)
        z = torch.relu(a)
    a = z @ p["W3"] + p["b3"]
    loss = torch.nn.functional.cross_entropy(a, torch.tensor(T))
    loss = loss + 0.1 * sum((p[f"W{i}"] ** 2).sum() for i in (1, 2, 3))
    loss.backward()
    ours, grads = net.loss_and_gradient(X, T)
    assert abs(ours - loss.item()) < 1e-10
    for key, values in p.items():
        np.testing.assert_allclose(
            grads[key], values.grad.numpy(), rtol=1e-10, atol=1e-10
        )


# MultiLayerNetExtend


def test_where_the_layers_stand() -> None:
    net = deep(MultiLayerNetExtend, use_batchnorm=True, use_dropout=True)
    hidden = ["Affine", "BatchNorm", "Relu", "Dropout"]
    names = [f"{name}{i}" for i in (1, 2) for name in hidden]
    assert list(net.layers) == [*names, "Affine3"]
    assert net.params["gamma2"] is net.layers["BatchNorm2"].gamma
    assert {len(net.params["beta1"]), len(net.params["gamma1"])} == {6}
    plain, same = deep(MultiLayerNet), deep(MultiLayerNetExtend)
    for key, values in plain.params.items():
        np.testing.assert_array_equal(same.params[key], values)


@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
def test_gradients_with_batch_normalization(activation: str) -> None:
    net = deep(MultiLayerNetExtend, use_batchnorm=True, activation=activation)
    net.params["b1"] += 1  # away from the kinks
    errors = gradient_check(net, X, T, train=True)
    # What shifts a whole feature is taken out again: the true gradient is 0.
    assert max(v for k, v in errors.items() if k not in ("b1", "b2")) < 1e-5
    grads = net.gradient(X, T)
    np.testing.assert_allclose(grads["b1"], 0, atol=1e-12)
    slow = net.numerical_gradient(X, T)
    for key, values in grads.items():
        np.testing.assert_allclose(values, slow[key], atol=1e-7)


def test_code_in_the_style_of_the_fish_book_runs() -> None:
    net = MultiLayerNetExtend(
        input_size=5,
        hidden_size_list=[6, 6],
        output_size=3,
        weight_init_std="relu",
        weight_decay_lambda=0.1,
        use_dropout=True,
        dropout_ration=0.2,
        use_batchnorm=True,
    )
    assert net.layers["Dropout1"].dropout_ratio == 0.2
    first = net.loss(X, T, train_flg=True)
    for _ in range(5):
        grads = net.gradient(X, np.eye(3)[T])
        for key in net.params:
            net.params[key] -= 0.01 * grads[key]
    assert np.isfinite([first, net.loss(X, T, train_flg=False)]).all()
    np.testing.assert_array_equal(net.predict(X), net.predict(X, train_flg=False))
    assert 0 <= net.accuracy(X, T) <= 1


def test_evaluation_is_sure_and_takes_one_sample() -> None:
    net = deep(MultiLayerNetExtend, use_batchnorm=True, use_dropout=True)
    net.gradient(X, T)
    np.testing.assert_array_equal(net.predict(X), net.predict(X))
    np.testing.assert_allclose(net.predict(X[0]), net.predict(X)[0], atol=1e-12)
    drawn = net.predict(X, train=True), net.predict(X, train=True)
    assert not np.array_equal(*drawn)
    with pytest.raises(ValueError, match="2 samples or more"):
        net.gradient(X[:1], T[:1])


# Files


def test_params_include_running_statistics(tmp_path: Path) -> None:
    net = deep(MultiLayerNetExtend, use_batchnorm=True)
    for _ in range(10):
        net.gradient(X + 3, T)
    net.save_params(tmp_path / "p.npz")
    other = deep(MultiLayerNetExtend, use_batchnorm=True, rng=5)
    running = other.layers["BatchNorm2"].running_var
    other.load_params(tmp_path / "p.npz")
    np.testing.assert_array_equal(other.predict(X), net.predict(X))
    assert other.layers["BatchNorm2"].running_var is running
    with pytest.raises(ValueError, match="another network"):
        deep().load_params(tmp_path / "p.npz")


def test_a_checkpoint_goes_on_to_the_last_bit(tmp_path: Path) -> None:
    def trainer(epochs: int, seed: int = 0) -> Trainer:
        net = MultiLayerNetExtend(
            *(5, [6, 6], 3), use_batchnorm=True, use_dropout=True, rng=seed
        )
        return Trainer(net, X, T, X, T, epochs, 4, "adam", rng=seed)

    whole, half, rest = trainer(6), trainer(3), trainer(6, seed=9)
    whole.train()
    half.train()
    half.save_checkpoint(tmp_path / "c.npz")
    rest.load_checkpoint(tmp_path / "c.npz")
    rest.train()
    assert rest.train_loss_list == whole.train_loss_list
    np.testing.assert_array_equal(rest.network.predict(X), whole.network.predict(X))
