"""Optimizers and schedules: the book's numbers, PyTorch's rules, any array."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import textbook

from fishbook.datasets import load_digits
from fishbook.networks import TwoLayerNet
from fishbook.optimizers import (
    PIECE,
    SGD,
    AdaGrad,
    Adam,
    AdamW,
    CosineDecay,
    Momentum,
    Nesterov,
    RMSprop,
    StepDecay,
    Warmup,
    find_optimizer,
)
from fishbook.trainer import Trainer

KINDS: list[Any] = [SGD, Momentum, Nesterov, AdaGrad, RMSprop, Adam, AdamW]
MEMORIES = {"v", "h", "sums", "squares"}
each = pytest.mark.parametrize("kind", KINDS)
(X, T), (X_TEST, T_TEST) = load_digits()


def walk(optimizer: Any, steps: int) -> list[tuple[float, float]]:
    """Return the path from (-7, 2) over x² / 20 + y², in arrays without an axis."""
    params = {"x": np.array(-7.0), "y": np.array(2.0)}
    path = [(-7.0, 2.0)]
    for _ in range(steps):
        optimizer.update(params, {"x": params["x"] / 10, "y": 2 * params["y"]})
        path.append((float(params["x"]), float(params["y"])))
    return path


def slide(optimizer: Any, steps: int) -> Any:
    """Return the steps taken on a constant slope of 1."""
    params = {"x": np.array(0.0)}
    at = [0.0]
    for _ in range(steps):
        optimizer.update(params, {"x": np.array(1.0)})
        at.append(float(params["x"]))
    return -np.diff(at)


# The book's numbers


@pytest.mark.parametrize(
    ("optimizer", "points"),
    [
        (
            SGD(0.95),
            {1: (-6.335, -1.8), 10: (-2.57979, 0.69736), 30: (-0.350393, 0.084782)},
        ),
        (
            Momentum(0.1),
            {1: (-6.93, 1.6), 10: (-4.34755, 0.0088), 30: (0.896414, 0.088086)},
        ),
        (Nesterov(0.1), {30: (0.689615, -0.00068)}),
        (
            AdaGrad(1.5),
            {1: (-5.5, 0.5), 10: (-1.48939, 0), 30: (-0.120162, 0)},
        ),
        (RMSprop(0.3), {30: (-5e-6, 0)}),
        (
            Adam(0.3),
            {1: (-6.7, 1.7), 10: (-4.05942, -0.49185), 30: (0.136007, 0.318245)},
        ),
    ],
)
def test_paths_over_the_valley(
    optimizer: Any, points: dict[int, tuple[float, float]]
) -> None:
    path = walk(optimizer, 30)
    for step, point in points.items():
        np.testing.assert_allclose(path[step], point, atol=1e-5)


def test_the_speed_of_momentum_has_a_limit() -> None:
    steps = slide(Momentum(0.01), 400)
    assert steps[49] == pytest.approx(0.0995, abs=5e-5)
    assert steps[-1] == pytest.approx(0.1)


def test_the_steps_of_adagrad_shrink_for_ever() -> None:
    steps = slide(AdaGrad(0.1), 100)
    np.testing.assert_allclose(steps, 0.1 / np.sqrt(np.arange(1, 101)), rtol=1e-6)


def test_moments_of_adam() -> None:
    adam, params = Adam(), {"x": np.array(0.0)}
    for m, v in ((0.1, 0.001), (0.19, 0.001999), (0.271, 0.002997001)):
        adam.update(params, {"x": np.array(1.0)})
        assert float(adam.m["x"]) == pytest.approx(m)
        assert float(adam.v["x"]) == pytest.approx(v)
    assert adam.iter == {"x": 3}


def test_adam_takes_steps_of_its_rate_however_steep_it_is() -> None:
    """Its first step is lr times the sign, and a loss times 1000 changes nothing."""
    g = np.array([3.0, -0.02, 500.0])
    for scale in (1.0, 1000.0):
        params = {"w": np.zeros(3)}
        Adam(0.1).update(params, {"w": scale * g})
        np.testing.assert_allclose(params["w"], -0.1 * np.sign(g), rtol=1e-6)


def test_nesterov_moves_the_points_ahead() -> None:
    """The classic rule looks at W + momentum * v; ours keeps that very point."""
    W, v, lr, momentum = np.array([-7.0, 2.0]), np.zeros(2), 0.1, 0.9
    slope = np.array([0.1, 2.0])
    params, ours = {"w": W.copy()}, Nesterov(lr, momentum)
    for _ in range(50):
        v = momentum * v - lr * slope * (W + momentum * v)
        W = W + v
        ours.update(params, {"w": slope * params["w"]})
        np.testing.assert_allclose(params["w"], W + momentum * v, atol=1e-13)


class EpsilonHat(Adam):
    """Adam as some books have it: epsilon is added to the uncorrected root."""

    def update(self, params: Any, grads: Any) -> None:
        kept = {key: p.copy() for key, p in params.items()}
        super().update(params, grads)
        for key, p in params.items():
            t = int(self.iter[key])
            rate = self.lr * np.sqrt(1 - self.beta2**t) / (1 - self.beta1**t)
            p[...] = kept[key] - rate * self.m[key] / (np.sqrt(self.v[key]) + self.eps)


def test_adam_is_the_paper_s_and_not_the_epsilon_hat_form() -> None:
    """They part a little on the valley, and widely where gradients are tiny."""
    hat = walk(EpsilonHat(0.3, eps=1e-7), 30)
    ours = walk(Adam(0.3), 30)
    assert hat[10] == pytest.approx((-4.05942, -0.49185), abs=5e-6)
    assert ours[10] == pytest.approx((-4.05941, -0.49185), abs=5e-6)
    moved = []
    for kind in (Adam, EpsilonHat):
        params = {"x": np.array(0.0)}
        kind(0.1, eps=1e-3).update(params, {"x": np.array(1e-3)})
        moved.append(float(params["x"]))
    assert moved == pytest.approx([-0.05, -0.1 * 0.001**0.5 / (0.001**0.5 + 1)])


def test_decay_inside_the_gradient_is_another_thing_under_adam() -> None:
    inside, apart = {"w": np.array(1.0)}, {"w": np.array(1.0)}
    adam, adamw = Adam(0.01), AdamW(0.01, weight_decay=0.01)
    for _ in range(50):
        adam.update(inside, {"w": 0.01 * inside["w"]})
        adamw.update(apart, {"w": np.array(0.0)})
    assert float(apart["w"]) == pytest.approx((1 - 1e-4) ** 50)
    assert float(inside["w"]) < 0.6


# PyTorch's rules


def rivals() -> list[tuple[Any, str, dict[str, Any]]]:
    """Return optimizers of ours, and PyTorch's names and settings of the same."""
    return [
        (SGD(0.1), "SGD", {"lr": 0.1}),
        (Momentum(0.05, 0.8), "SGD", {"lr": 0.05, "momentum": 0.8}),
        (
            Nesterov(0.05, 0.8),
            "SGD",
            {"lr": 0.05, "momentum": 0.8, "nesterov": True},
        ),
        (AdaGrad(0.1, eps=1e-6), "Adagrad", {"lr": 0.1, "eps": 1e-6}),
        (
            RMSprop(0.02, 0.9, eps=1e-6),
            "RMSprop",
            {"lr": 0.02, "alpha": 0.9, "eps": 1e-6},
        ),
        (Adam(0.02), "Adam", {"lr": 0.02}),
        (
            Adam(0.02, 0.5, 0.7, 1e-3),
            "Adam",
            {"lr": 0.02, "betas": (0.5, 0.7), "eps": 1e-3},
        ),
        (
            AdamW(0.02, weight_decay=0.3),
            "AdamW",
            {"lr": 0.02, "weight_decay": 0.3},
        ),
    ]


@pytest.mark.parametrize(
    ("ours", "name", "settings"), rivals(), ids=lambda v: getattr(v, "lower", str)()
)
def test_equal_to_pytorch_over_a_hundred_steps(
    ours: Any, name: str, settings: dict[str, Any]
) -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    shapes: list[tuple[int, ...]] = [(4, 3), (5,), (), (2, 1, 3)]
    params = {str(s): np.asarray(rng.normal(size=s)) for s in shapes}
    theirs = [torch.nn.Parameter(torch.tensor(p)) for p in params.values()]
    rule = getattr(torch.optim, name)(theirs, **settings)
    for _ in range(100):
        grads = {key: np.asarray(rng.normal(size=p.shape)) for key, p in params.items()}
        for parameter, g in zip(theirs, grads.values(), strict=True):
            parameter.grad = torch.tensor(g)
        ours.update(params, grads)
        rule.step()
    for parameter, p in zip(theirs, params.values(), strict=True):
        np.testing.assert_allclose(p, parameter.detach().numpy(), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("ours", "make"),
    [
        (
            StepDecay(0.3, 7, 0.5),
            lambda t, o: t.optim.lr_scheduler.StepLR(o, 7, 0.5),
        ),
        (
            CosineDecay(0.3, 40, 0.01),
            lambda t, o: t.optim.lr_scheduler.CosineAnnealingLR(o, 40, 0.01),
        ),
    ],
)
def test_schedules_equal_to_pytorch(ours: Any, make: Callable[..., Any]) -> None:
    torch = pytest.importorskip("torch")
    rule = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.3)
    theirs = make(torch, rule)
    for step in range(40):
        assert ours(step) == pytest.approx(theirs.get_last_lr()[0], abs=1e-12)
        rule.step()
        theirs.step()


@pytest.mark.parametrize("kind", KINDS[:-1])
def test_the_textbook_has_the_same_rules(kind: Any) -> None:
    """What the bench compares does the same, but for where Adam's epsilon stands."""
    theirs, ours = getattr(textbook, kind.__name__)(0.01), kind(0.01)
    rng = np.random.default_rng(0)
    one, other = ({"W": np.ones((3, 2))} for _ in range(2))
    for _ in range(20):
        g = {"W": rng.normal(size=(3, 2))}
        ours.update(one, g)
        theirs.update(other, g)
    np.testing.assert_allclose(one["W"], other["W"], rtol=1e-6)


def test_adam_shows_the_means_of_its_sums() -> None:
    adam, params = Adam(), {"w": np.zeros(2)}
    for g in (1.0, 3.0):
        adam.update(params, {"w": np.array([g, -g])})
    np.testing.assert_allclose(adam.m["w"], [0.39, -0.39])
    np.testing.assert_allclose(adam.v["w"], 0.009999)


# Any array


@each
def test_no_matter_how_an_array_lies_in_memory(kind: Any) -> None:
    """Large ones go in pieces, views and turned ones whole, scalars as they are."""
    rng = np.random.default_rng(1)
    big = rng.normal(size=(3, PIECE // 2 + 7))
    base = np.zeros((3, 2 * big.shape[1]))
    holds = {
        "plain": big.copy(),
        "turned": np.asfortranarray(big),
        "view": base[:, ::2],
        "single": np.array(1.5),
        "empty": np.zeros((0, 4)),
    }
    holds["view"][...] = big
    same, optimizer = dict(holds), kind(0.01)
    by_number, alone = {"single": np.array([1.5])}, kind(0.01)
    for _ in range(3):
        g = rng.normal(size=big.shape)
        grads = {"plain": g, "turned": g, "view": g}
        single = np.asarray(rng.normal())
        grads |= {"single": single, "empty": np.zeros((0, 4))}
        before = {key: v.copy() for key, v in grads.items()}
        optimizer.update(holds, grads)
        alone.update(by_number, {"single": single.reshape(1)})
        assert all(np.array_equal(grads[key], before[key]) for key in grads)
    assert all(holds[key] is same[key] for key in holds)
    assert holds["view"].base is base
    assert not base[:, 1::2].any()
    np.testing.assert_allclose(holds["turned"], holds["plain"], rtol=1e-15)
    np.testing.assert_allclose(holds["view"], holds["plain"], rtol=1e-15)
    assert holds["single"] == by_number["single"][0]
    assert not np.array_equal(holds["plain"], big)


@each
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_memories_have_the_parameters_own_dtype(kind: Any, dtype: Any) -> None:
    params = {"W": np.ones((2, 3), dtype)}
    optimizer = kind(0.01)
    for _ in range(2):
        optimizer.update(params, {"W": np.full((2, 3), 0.5, dtype)})
    assert params["W"].dtype == dtype
    for name in MEMORIES & vars(optimizer).keys():
        assert getattr(optimizer, name)["W"].dtype == dtype


@each
def test_a_key_that_comes_later_starts_afresh(kind: Any) -> None:
    late, fresh = kind(0.1), kind(0.1)
    params, alone = {"a": np.ones(2)}, {"b": np.ones(2)}
    for _ in range(5):
        late.update(params, {"a": np.ones(2)})
    params["b"] = np.ones(2)
    for _ in range(3):
        late.update(params, {"a": np.ones(2), "b": np.full(2, 0.3)})
        fresh.update(alone, {"b": np.full(2, 0.3)})
    np.testing.assert_array_equal(params["b"], alone["b"])


# What can't be


@pytest.mark.parametrize("wrong", [0, -0.1, float("nan"), float("inf"), "fast", None])
@each
def test_a_wrong_rate_is_an_error(kind: Any, wrong: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="got lr"):
        kind(lr=wrong)


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (Momentum, {"momentum": 1}),
        (Nesterov, {"momentum": -0.1}),
        (AdaGrad, {"eps": 0}),
        (RMSprop, {"decay_rate": 1.5}),
        (Adam, {"beta1": float("nan")}),
        (Adam, {"beta2": 1}),
        (AdamW, {"weight_decay": -1}),
        (AdamW, {"weight_decay": float("nan")}),
        (StepDecay, {"lr": 0, "every": 3}),
        (StepDecay, {"lr": 1, "every": 0}),
        (StepDecay, {"lr": 1, "every": 2, "factor": 0}),
        (CosineDecay, {"lr": 1, "steps": 0}),
        (CosineDecay, {"lr": 1, "steps": 9, "end": 2}),
        (Warmup, {"steps": 0, "then": 0.1}),
        (Warmup, {"steps": 3, "then": -0.1}),
    ],
)
def test_wrong_settings_are_errors(kind: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="got"):
        kind(**wrong)


@each
@pytest.mark.parametrize("x", [1.0, np.float64(1.0)])
def test_a_number_that_could_not_change_in_place_is_an_error(kind: Any, x: Any) -> None:
    with pytest.raises(TypeError):
        kind(0.1).update({"x": x}, {"x": np.float64(1.0)})


@pytest.mark.parametrize("kind", KINDS[1:])
def test_another_shape_is_an_error_and_nothing_moves(kind: Any) -> None:
    optimizer = kind(0.1)
    params = {"a": np.ones(2), "b": np.ones(3)}
    with pytest.raises(ValueError, match=r"got b of shape \(3,\)"):
        optimizer.update(params, {"a": np.ones(2), "b": np.ones(1)})
    np.testing.assert_array_equal(params["a"], 1)
    optimizer.update(params, {"a": np.ones(2), "b": np.ones(3)})
    if MEMORIES & vars(optimizer).keys():
        with pytest.raises(ValueError, match="new optimizer"):
            optimizer.update({"a": np.ones(4)}, {"a": np.ones(4)})


# In a training


def training(kind: Any, **given: Any) -> Trainer:
    net = TwoLayerNet(64, 8, 10, 0.1, rng=0)
    data = X[:300], T[:300], X_TEST, T_TEST
    return Trainer(net, *data, epochs=2, optimizer=kind(0.01), rng=0, **given)


@each
def test_a_training_goes_on_bit_for_bit(kind: Any, tmp_path: Path) -> None:
    straight, first, second = (training(kind) for _ in range(3))
    straight.train()
    for _ in range(4):
        first.train_step()
    first.save_checkpoint(tmp_path / "part.npz")
    second.load_checkpoint(tmp_path / "part.npz")
    second.train()
    assert second.train_loss_list == straight.train_loss_list
    for key, values in straight.network.params.items():
        assert np.array_equal(values, second.network.params[key])


@each
def test_each_is_found_by_its_name(kind: Any) -> None:
    assert type(find_optimizer(kind.__name__.upper(), lr=0.5)) is kind


def test_a_schedule_sets_the_rate_of_each_step(tmp_path: Path) -> None:
    class Noting(SGD):
        def update(self, params: Any, grads: Any) -> None:
            seen.append(self.lr)
            super().update(params, grads)

    seen: list[float] = []
    schedule = Warmup(2, CosineDecay(0.1, 4))
    first = training(Noting, schedule=schedule)
    for _ in range(4):
        first.train_step()
    first.save_checkpoint(tmp_path / "part.npz")
    second = training(Noting, schedule=schedule)
    second.load_checkpoint(tmp_path / "part.npz")
    second.train()
    assert seen == [schedule(step) for step in range(6)]


def test_the_rates_of_schedules() -> None:
    assert [StepDecay(1.0, 2, 0.5)(s) for s in range(5)] == [1, 1, 0.5, 0.5, 0.25]
    cosine = CosineDecay(1.0, 10, 0.2)
    assert [cosine(s) for s in (0, 10, 99)] == [1.0, 0.2, 0.2]
    assert cosine(5) == pytest.approx(0.6)
    assert [Warmup(4, 0.8)(s) for s in range(6)] == pytest.approx(
        [0.2, 0.4, 0.6, 0.8, 0.8, 0.8]
    )
    after = Warmup(4, StepDecay(1.0, 2, 0.5))
    assert [after(s) for s in (3, 4, 5, 6)] == [1, 1, 1, 0.5]
