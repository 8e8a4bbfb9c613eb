"""The networks of chapters 2 to 4 and 6: known numbers, batches, bad input, PyTorch."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fishbook
from fishbook.datasets import has_mnist, load_mnist
from fishbook.functions import cross_entropy_error, softmax
from fishbook.gradients import gradient_check, numerical_gradient
from fishbook.layers import Affine, Layer, SoftmaxWithLoss
from fishbook.networks import (
    LayeredNet,
    SigmoidNet,
    SimpleConvNet,
    SimpleNet,
    TwoLayerNet,
    accuracy,
    forward,
    init_network,
    load_sample_network,
    predict,
    simpleNet,
)
from fishbook.trainer import Trainer

SHAPES = {
    "W1": (784, 50),
    "b1": (50,),
    "W2": (50, 100),
    "b2": (100,),
    "W3": (100, 10),
    "b3": (10,),
}
W = np.array(
    [[0.47355232, 0.9977393, 0.84668094], [0.85557411, 0.03563661, 0.69422093]]
)
X, T = np.array([0.6, 0.9]), np.array([0, 0, 1])


def test_the_small_network_gives_the_known_numbers() -> None:
    y = forward(init_network(), np.array([1.0, 0.5]))
    np.testing.assert_allclose(y, [0.31682708, 0.69627909], atol=5e-9)
    np.testing.assert_array_equal(forward(init_network(), [1.0, 0.5]), y)


def test_the_small_network_takes_a_batch() -> None:
    y = forward(init_network(), [[1.0, 0.5], [1.0, 0.5], [0, 0]])
    np.testing.assert_allclose(y[0], y[1])
    np.testing.assert_allclose(y[0], forward(init_network(), [1.0, 0.5]))
    assert y.shape == (3, 2)


def test_the_names_that_are_stored_are_those_that_are_read() -> None:
    assert sorted(init_network()) == sorted(load_sample_network()) == sorted(SHAPES)


@pytest.mark.parametrize(
    "bad", [[1.0], [1.0, 0.5, 2.0], np.ones((2, 3)), "ab"], ids=repr
)
@pytest.mark.parametrize("run", [forward, predict])
def test_inputs_of_another_width_are_refused(run: Any, bad: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="want"):
        run(init_network(), bad)


def test_a_network_without_a_layer_is_refused() -> None:
    network = init_network()
    network["w2"] = network.pop("W2")
    with pytest.raises((KeyError, ValueError), match="W2"):
        forward(network, [1.0, 0.5])


def test_the_sample_network_has_the_stated_shapes() -> None:
    network = load_sample_network()
    assert {name: value.shape for name, value in network.items()} == SHAPES
    assert {value.dtype for value in network.values()} == {np.dtype(np.float32)}
    assert sum(value.size for value in network.values()) == 45_360


def test_nothing_in_the_package_needs_unpickling() -> None:
    for path in (Path(fishbook.__file__).parent / "data").glob("*.npz"):
        with np.load(path, allow_pickle=False) as stored:
            assert all(stored[name].dtype.kind in "fu" for name in stored.files)


def test_predictions_are_rows_of_probabilities() -> None:
    network = load_sample_network()
    x = np.random.default_rng(0).random((7, 784), dtype=np.float32)
    y = predict(network, x)
    assert y.shape == (7, 10)
    np.testing.assert_allclose(y.sum(axis=1), 1, atol=1e-6)
    for row, image in zip(y, x, strict=True):
        np.testing.assert_allclose(predict(network, image), row, atol=1e-6)


def test_prediction_leaves_network_and_input_alone() -> None:
    network = load_sample_network()
    x = np.ones(784, np.float32)
    for value in [*network.values(), x]:
        value.flags.writeable = False
    predict(network, x)


needs_mnist = pytest.mark.skipif(not has_mnist(), reason="needs MNIST: FISHBOOK_DATA")


@needs_mnist
def test_the_sample_network_reads_digits() -> None:
    _, (x, t) = load_mnist()
    network = load_sample_network()
    y = predict(network, x)
    assert accuracy(y, t) >= 0.93
    assert y[0].argmax() == t[0] == 7
    parts = [predict(network, x[i : i + 100]) for i in range(0, len(x), 100)]
    np.testing.assert_array_equal(np.concatenate(parts).argmax(1), y.argmax(1))


@needs_mnist
def test_pixels_that_were_not_scaled_give_no_warning_and_less() -> None:
    (_, _), (x, t) = load_mnist(normalize=False)
    network = load_sample_network()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        worse = accuracy(predict(network, x[:2000]), t[:2000])
    assert worse < accuracy(predict(network, x[:2000] / 255), t[:2000])


def test_accuracy_counts_right_answers() -> None:
    y = [[0.1, 0.8, 0.1], [0.3, 0.1, 0.6], [0.2, 0.5, 0.3], [0.8, 0.1, 0.1]]
    assert accuracy(y, [1, 2, 0, 0]) == 0.75
    assert accuracy(y, np.eye(3)[[1, 2, 0, 0]]) == 0.75
    assert isinstance(accuracy(y, [1, 2, 0, 0]), float)


@pytest.mark.parametrize(
    ("y", "t"),
    [
        (np.ones((4, 3)), [0, 1, 2]),
        (np.ones((4, 3)), np.zeros((4, 1), int)),
        (np.ones((4, 3)), np.eye(4)),
        (np.ones(3), 1),
        (np.ones((0, 3)), []),
        (np.ones((4, 3)), [0, 1, 2, 9]),
    ],
    ids=["fewer", "column", "square", "one sample", "none", "no such class"],
)
def test_accuracy_refuses_what_does_not_fit(y: Any, t: Any) -> None:
    with pytest.raises(ValueError, match="want"):
        accuracy(y, t)


def test_accuracy_refuses_rows_that_are_not_one_hot() -> None:
    with pytest.raises(ValueError, match="one-hot"):
        accuracy(np.ones((2, 3)), [[0.2, 0.3, 0.5], [1, 0, 0]])


def simple_net() -> SimpleNet:
    net = SimpleNet()
    net.W = W.copy()
    return net


def test_the_simple_net_gives_the_known_numbers() -> None:
    net = simple_net()
    scores = net.predict(X)
    np.testing.assert_allclose(scores, [1.05414809, 0.63071653, 1.1328074], atol=5e-9)
    assert net.loss(X, T) == pytest.approx(0.9280685387482351)
    assert net.loss(X, 2) == net.loss(X, T) == net.loss([X, X], [2, 2])


def test_the_simple_nets_gradient_has_its_closed_form() -> None:
    net = simple_net()
    gradient = numerical_gradient(lambda _: net.loss(X, T), net.W)
    known = [
        [0.21924763, 0.14356247, -0.36281009],
        [0.32887144, 0.2153437, -0.54421514],
    ]
    np.testing.assert_allclose(gradient, known, atol=1e-8)
    np.testing.assert_allclose(gradient.sum(axis=1), 0, atol=1e-9)
    closed = np.outer(X, softmax(net.predict(X)) - T)
    np.testing.assert_allclose(gradient, closed, atol=1e-9)
    np.testing.assert_array_equal(net.W, W)


@pytest.mark.parametrize("bad", [[1.0], [1.0, 2, 3], np.ones((2, 3)), "ab"], ids=repr)
def test_the_simple_net_refuses_what_does_not_fit(bad: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="want"):
        simple_net().predict(bad)


def test_the_simple_net_has_the_name_of_other_books_too() -> None:
    assert simpleNet is SimpleNet


def test_the_same_seed_gives_the_same_net() -> None:
    one, two = (SimpleNet(rng=np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(one.W, two.W)
    assert not np.array_equal(one.W, SimpleNet(rng=np.random.default_rng(6)).W)
    np.testing.assert_array_equal(SimpleNet(rng=0).W, SimpleNet(rng=0).W)
    np.testing.assert_array_equal(SimpleNet(rng=5).W, one.W)
    assert one.W.shape == (2, 3)
    assert one.W.dtype == np.float64


def test_losses_and_gradients_agree_with_pytorch() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    from fishbook.functions import (
        cross_entropy_error,
        log_softmax,
        sigmoid,
        softmax_loss,
    )

    rng = np.random.default_rng(7)
    a, t = rng.normal(scale=5, size=(8, 10)), rng.integers(10, size=8)
    scores = torch.tensor(a, requires_grad=True)
    loss = torch.nn.functional.cross_entropy(scores, torch.tensor(t))
    loss.backward()
    assert softmax_loss(a, t) == pytest.approx(loss.item(), abs=1e-12)
    assert cross_entropy_error(softmax(a), t, eps=0) == pytest.approx(loss.item())
    gradient = numerical_gradient(lambda p: softmax_loss(p, t), a)
    np.testing.assert_allclose(gradient, scores.grad.numpy(), atol=1e-9)
    pairs = [
        (sigmoid, torch.sigmoid),
        (softmax, lambda v: torch.softmax(v, dim=-1)),
        (log_softmax, lambda v: torch.log_softmax(v, dim=-1)),
    ]
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours(a), theirs(torch.tensor(a)).numpy(), atol=1e-12)


def test_the_sample_network_agrees_with_pytorch() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    network = load_sample_network()
    x = np.random.default_rng(8).random((20, 784), dtype=np.float32)
    z = torch.tensor(x)
    for i in (1, 2, 3):
        z = z @ torch.tensor(network[f"W{i}"]) + torch.tensor(network[f"b{i}"])
        z = torch.sigmoid(z) if i < 3 else torch.softmax(z, dim=-1)
    np.testing.assert_allclose(predict(network, x), z.numpy(), atol=1e-5)


def test_two_layers_have_the_stated_shapes_and_start_small() -> None:
    net = SigmoidNet(784, 100, 10, rng=0)
    shapes = {name: value.shape for name, value in net.params.items()}
    assert shapes == {"W1": (784, 100), "b1": (100,), "W2": (100, 10), "b2": (10,)}
    assert {value.dtype for value in net.params.values()} == {np.dtype(np.float32)}
    assert abs(net.params["W1"].std() - 0.01) < 0.001
    assert not net.params["b1"].any() and not net.params["b2"].any()
    again = SigmoidNet(784, 100, 10, rng=0)
    np.testing.assert_array_equal(net.params["W2"], again.params["W2"])


@pytest.mark.parametrize("hot", [False, True], ids=["numbers", "one-hot"])
def test_both_gradients_of_two_layers_agree(hot: bool) -> None:
    net = SigmoidNet(5, 4, 3, weight_init_std=1, rng=0, dtype=np.float64)
    x, t = np.random.default_rng(1).normal(size=(6, 5)), np.array([0, 2, 1, 1, 0, 2])
    kept = {name: value.copy() for name, value in net.params.items()}
    slow = net.numerical_gradient(x, np.eye(3)[t] if hot else t)
    fast = net.gradient(x, np.eye(3)[t] if hot else t)
    assert list(slow) == list(fast) == list(net.params)
    for name, value in net.params.items():
        assert fast[name].shape == value.shape
        np.testing.assert_allclose(fast[name], slow[name], atol=1e-8)
        np.testing.assert_array_equal(value, kept[name])


def test_one_sample_is_a_batch_of_one() -> None:
    net = SigmoidNet(5, 4, 3, weight_init_std=1, rng=0, dtype=np.float64)
    x = np.random.default_rng(1).normal(size=5)
    assert net.predict(x).shape == (3,)
    assert net.loss(x, 2) == pytest.approx(net.loss([x], [2]))
    for name, value in net.gradient(x, 2).items():
        np.testing.assert_allclose(value, net.gradient([x], [2])[name])


@pytest.mark.parametrize(
    ("x", "t"),
    [(np.ones((2, 4)), [0, 1]), (np.ones((2, 5)), [0]), (np.ones((2, 5)), [0, 3])],
    ids=["width", "fewer labels", "no such class"],
)
def test_two_layers_refuse_what_does_not_fit(x: Any, t: Any) -> None:
    net = SigmoidNet(5, 4, 3, rng=0)
    for run in (net.loss, net.gradient):
        with pytest.raises(ValueError, match="want"):
            run(x, t)


def test_two_layers_learn() -> None:
    net = SigmoidNet(2, 8, 2, weight_init_std=1, rng=0, dtype=np.float64)
    x, t = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
    for _ in range(2000):
        grads = net.gradient(x, t)
        for name in net.params:
            net.params[name] -= grads[name]
    assert net.accuracy(x, t) == 1


def two_layers(**given: Any) -> TwoLayerNet:
    given = {"weight_init_std": 0.5, "rng": 0, "dtype": np.float64} | given
    return TwoLayerNet(5, 4, 3, **given)


X5, T5 = np.random.default_rng(1).normal(size=(6, 5)), np.array([0, 2, 1, 1, 0, 2])


def test_code_in_the_style_of_the_fish_book_runs() -> None:
    rng = np.random.default_rng(0)
    x, t = rng.random((100, 784)), np.eye(10)[rng.integers(10, size=100)]
    network, lr, losses = (
        TwoLayerNet(input_size=784, hidden_size=50, output_size=10),
        0.1,
        [],
    )
    for _ in range(5):
        grad = network.gradient(x, t)
        for key in ("W1", "b1", "W2", "b2"):
            network.params[key] -= lr * grad[key]
        losses.append(network.loss(x, t))
    assert losses == sorted(losses, reverse=True)
    assert abs(losses[0] - np.log(10)) < 0.05
    assert network.predict(x).shape == (100, 10)
    assert 0 <= network.accuracy(x, t) <= 1
    assert list(network.layers) == ["Affine1", "Relu1", "Affine2"]
    assert type(network.last_layer).__name__ == "SoftmaxWithLoss"
    assert network.params["W1"].dtype == np.float32


def test_params_are_the_very_arrays_of_the_layers() -> None:
    net = two_layers()
    first, second = net.layers["Affine1"], net.layers["Affine2"]
    pairs = {"W1": first.W, "b1": first.b, "W2": second.W, "b2": second.b}
    assert list(net.params) == list(pairs)
    assert all(net.params[key] is values for key, values in pairs.items())
    net.params["W1"] -= 0.1
    assert net.params["W1"] is net.layers["Affine1"].W


def test_predict_gives_scores_not_probabilities() -> None:
    net = two_layers()
    p, a = net.params, net.predict(X5)
    by_hand = np.maximum(X5 @ p["W1"] + p["b1"], 0) @ p["W2"] + p["b2"]
    np.testing.assert_allclose(a, by_hand, atol=1e-12)
    assert not np.allclose(a.sum(axis=1), 1)


@pytest.mark.parametrize("form", ["numbers", "one-hot", "one sample"])
def test_all_ways_to_the_gradient_agree(form: str) -> None:
    net = two_layers()
    x, t = (X5[0], T5[0]) if form == "one sample" else (X5, T5)
    t = np.eye(3)[t] if form == "one-hot" else t
    before = {key: values.copy() for key, values in net.params.items()}
    slow, fast = net.numerical_gradient(x, t), net.gradient(x, t)
    loss, both = net.loss_and_gradient(x, t)
    assert loss == net.loss(x, t)
    assert list(slow) == list(fast) == list(net.params)
    for key, values in net.params.items():
        assert fast[key].shape == values.shape
        np.testing.assert_allclose(fast[key], slow[key], atol=1e-8)
        np.testing.assert_array_equal(fast[key], both[key])
        np.testing.assert_array_equal(values, before[key])


def test_two_layers_agree_with_pytorch_to_ten_digits() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    rng = np.random.default_rng(2)
    net = TwoLayerNet(30, 20, 10, weight_init_std=0.5, rng=rng, dtype=np.float64)
    x, t = rng.normal(size=(16, 30)), rng.integers(10, size=16)
    theirs = {k: torch.tensor(v, requires_grad=True) for k, v in net.params.items()}
    z = torch.relu(torch.tensor(x) @ theirs["W1"] + theirs["b1"])
    scores = z @ theirs["W2"] + theirs["b2"]
    loss = torch.nn.functional.cross_entropy(scores, torch.tensor(t))
    loss.backward()
    ours, grads = net.loss_and_gradient(x, t)
    assert abs(ours - loss.item()) < 1e-10
    np.testing.assert_allclose(net.predict(x), scores.detach().numpy(), atol=1e-10)
    for key, values in theirs.items():
        np.testing.assert_allclose(grads[key], values.grad.numpy(), atol=1e-10)


def test_two_layers_agree_with_the_textbooks() -> None:
    import textbook

    theirs = textbook.Net((30, 20, 10), std=0.5, seed=3)
    ours = TwoLayerNet(30, 20, 10, weight_init_std=0.5, rng=3, dtype=np.float64)
    rng = np.random.default_rng(4)
    x, t = rng.normal(size=(16, 30)), rng.integers(10, size=16)
    for key, values in theirs.gradient(x, t).items():
        np.testing.assert_array_equal(ours.params[key], theirs.params[key])
        np.testing.assert_allclose(ours.gradient(x, t)[key], values, atol=1e-12)


def test_the_first_layer_finds_what_it_would_with_the_gradient_of_its_input() -> None:
    net = two_layers()
    fast = net.gradient(X5, T5)
    net.loss(X5, T5)
    dout = net.last_layer.backward()
    for layer in reversed(net.layers.values()):
        dout = layer.backward(dout)
    first = net.layers["Affine1"]
    np.testing.assert_array_equal(fast["W1"], first.dW)
    np.testing.assert_array_equal(fast["b1"], first.db)


def test_inputs_are_converted_to_the_parameters_kind() -> None:
    net = two_layers(dtype=np.float32)
    for x in (X5, X5.astype(np.float32), (9 * X5).astype(int), X5.tolist()):
        assert net.predict(x).dtype == np.float32
        assert {v.dtype for v in net.gradient(x, T5).values()} == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    ("x", "t"),
    [
        (X5[:, :4], T5),
        (X5, T5[:4]),
        (X5, T5 + 1),
        (X5[:0], T5[:0]),
        (X5.astype(str), T5),
    ],
    ids=["width", "fewer labels", "no such class", "none", "text"],
)
def test_a_network_of_layers_refuses_what_does_not_fit(x: Any, t: Any) -> None:
    net = two_layers()
    for run in (net.loss, net.gradient, net.accuracy):
        with pytest.raises((TypeError, ValueError), match="want"):
            run(x, t)


def test_accuracy_of_scores_that_are_nan_is_refused() -> None:
    net = two_layers()
    net.params["b2"][:] = np.nan
    with pytest.raises(ValueError, match="nan"):
        net.accuracy(X5, T5)


def test_layers_with_other_parameters_are_numbered_by_name() -> None:
    class Scale(Layer):
        def __init__(self) -> None:
            super().__init__()
            self.params = {"gamma": np.ones(4), "W": np.ones(4)}

    layers = {"A": Affine(np.ones((5, 4)), np.ones(4)), "S": Scale(), "T": Scale()}
    net = LayeredNet(layers, SoftmaxWithLoss())
    assert list(net.params) == ["W1", "b1", "gamma1", "W2", "gamma2", "W3"]
    assert net.params["W3"] is layers["T"].params["W"]


def test_a_sound_gradient_passes_and_a_slightly_wrong_one_fails() -> None:
    class Wrong(TwoLayerNet):
        def gradient(self, x: Any, t: Any) -> Any:
            grads = super().gradient(x, t)
            grads["W2"][1, 2] *= 1.001
            grads["b1"] = grads["b1"][:2]
            return grads

    assert max(gradient_check(two_layers(), X5, T5).values()) < 1e-5
    wrong = gradient_check(Wrong(5, 4, 3, 0.5, rng=0, dtype=np.float64), X5, T5)
    assert wrong["W1"] < 1e-5 and wrong["b2"] < 1e-5
    assert wrong["W2"] > 1e-4
    assert wrong["b1"] == np.inf


def test_the_check_of_a_network_leaves_it_as_it_was() -> None:
    net = two_layers()
    before = {key: values.copy() for key, values in net.params.items()}
    some = gradient_check(net, X5, T5, sample=3, rng=1)
    assert some == gradient_check(net, X5, T5, sample=3, rng=1)
    for key, values in net.params.items():
        np.testing.assert_array_equal(values, before[key])


def test_the_check_of_a_network_wants_float64() -> None:
    with pytest.raises(ValueError, match=r"W1, b1, W2, b2 .*dtype=np.float64"):
        gradient_check(two_layers(dtype=np.float32), X5, T5)


@pytest.fixture(scope="module")
def three_digits() -> Any:
    (x, t), _ = load_mnist()
    return x[:3], t[:3]


@needs_mnist
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_gradients_of_real_digits_agree_with_differences(
    seed: int, three_digits: Any
) -> None:
    x, t = three_digits
    net = TwoLayerNet(784, 50, 10, rng=seed, dtype=np.float64)
    errors = gradient_check(net, x, t, sample=200)
    assert max(errors.values()) < 1e-5
    b2, grad = net.params["b2"], net.gradient(x, t)["b2"]

    def exact(_: Any) -> float:
        return net.loss(x, t)

    def blurred(_: Any) -> float:
        return cross_entropy_error(softmax(net.predict(x)), t)

    gaps = [abs(numerical_gradient(f, b2) - grad).mean() for f in (exact, blurred)]
    assert gaps[0] < 1e-8 and gaps[1] < 1e-6
    assert gaps[1] > 300 * gaps[0]


def small_conv(**changed: Any) -> SimpleConvNet:
    given: dict[str, Any] = {
        "input_dim": (2, 10, 9),
        "conv_param": {"filter_num": 4, "filter_size": 3},
        "hidden_size": 6,
        "output_size": 3,
        "weight_init_std": "he",
        "rng": 0,
        "dtype": np.float64,
    }
    return SimpleConvNet(**given | changed)


def fish_books_conv() -> SimpleConvNet:
    return SimpleConvNet(
        input_dim=(1, 28, 28),
        conv_param={"filter_num": 30, "filter_size": 5, "pad": 0, "stride": 1},
        hidden_size=100,
        output_size=10,
        weight_init_std=0.01,
    )


X_CONV, T_CONV = np.random.default_rng(1).normal(size=(5, 2, 10, 9)), [0, 2, 1, 1, 0]


def test_a_relu_and_the_pooling_after_it_are_one_step_that_changes_nothing() -> None:
    net = small_conv()
    x, t = X_CONV, T_CONV
    net.params["b1"] -= 0.5
    apart = LayeredNet(net.layers, SoftmaxWithLoss())
    np.testing.assert_array_equal(net.predict(x), apart.predict(x))
    alone = apart.gradient(x, t)
    for name, g in net.gradient(x, t).items():
        np.testing.assert_array_equal(g, alone[name])
    seen = []
    for one in (net, apart):
        dout = np.ones_like(one.predict(x))
        for layer in reversed(net.layers.values()):
            dout = layer.backward(dout)
        seen.append(dout)
    np.testing.assert_array_equal(*seen)


def test_the_convolutional_network_has_the_fish_books_parameters_and_layers() -> None:
    net = fish_books_conv()
    shapes = {key: values.shape for key, values in net.params.items()}
    assert shapes == {
        "W1": (30, 1, 5, 5),
        "b1": (30,),
        "W2": (4320, 100),
        "b2": (100,),
        "W3": (100, 10),
        "b3": (10,),
    }
    assert sum(values.size for values in net.params.values()) == 433_890
    assert list(net.layers) == [
        "Conv1",
        "Relu1",
        "Pool1",
        "Affine1",
        "Relu2",
        "Affine2",
    ]
    assert isinstance(net.last_layer, SoftmaxWithLoss)
    assert {values.dtype for values in net.params.values()} == {np.dtype(np.float32)}
    assert net.params["W2"].std() == pytest.approx(0.01, rel=0.01)
    assert net.params["W1"] is net.layers["Conv1"].W


@pytest.mark.parametrize(
    ("size", "conv_param", "flat"),
    [
        ((28, 28), {}, 4320),
        ((28, 28), {"filter_size": 4}, 4320),
        ((28, 28), {"stride": 2}, 1080),
        ((27, 27), {}, 3630),
        ((28, 28), {"pad": 1, "stride": 2}, 1080),
        ((28, 20), {}, 30 * 12 * 8),
        ((6, 6), {"filter_num": 7}, 7),
    ],
    ids=str,
)
def test_sizes_are_computed(size: Any, conv_param: Any, flat: int) -> None:
    net = SimpleConvNet((1, *size), conv_param, hidden_size=5, rng=0)
    assert net.params["W2"].shape == (flat, 5)
    x = np.ones((3, 1, *size))
    assert net.predict(x).shape == (3, 10)
    grads = net.gradient(x, [1, 2, 3])
    assert {k: g.shape for k, g in grads.items()} == {
        k: p.shape for k, p in net.params.items()
    }


@pytest.mark.parametrize("seed", [0, 1])
def test_the_convolutional_networks_gradient_agrees_with_differences(seed: int) -> None:
    net = small_conv(rng=seed)
    assert max(gradient_check(net, X_CONV, T_CONV).values()) < 1e-6
    slow, fast = net.numerical_gradient(X_CONV, T_CONV), net.gradient(X_CONV, T_CONV)
    assert list(slow) == list(fast) == list(net.params)
    for key, values in fast.items():
        np.testing.assert_allclose(values, slow[key], atol=1e-8)


def test_the_convolutional_network_agrees_with_the_textbooks_layers() -> None:
    import textbook

    net = small_conv()
    p = net.params
    theirs = [
        textbook.Convolution(p["W1"], p["b1"]),
        textbook.Relu(),
        textbook.Pooling(2, 2),
        textbook.Affine(p["W2"], p["b2"]),
        textbook.Relu(),
        textbook.Affine(p["W3"], p["b3"]),
    ]
    a = X_CONV
    for k, layer in enumerate(theirs):
        a = layer.forward(a.reshape(len(a), -1) if k == 3 else a)
    last = textbook.SoftmaxWithLoss()
    last.forward(a, np.array(T_CONV))
    dout = last.backward()
    for k, layer in reversed([*enumerate(theirs)]):
        dout = layer.backward(dout.reshape(5, 4, 4, 3) if k == 2 else dout)
    grads = net.gradient(X_CONV, T_CONV)
    np.testing.assert_allclose(net.predict(X_CONV), a, atol=1e-12)
    for i, layer in enumerate((theirs[0], theirs[3], theirs[5]), 1):
        np.testing.assert_allclose(grads[f"W{i}"], layer.dW, atol=1e-12)
        np.testing.assert_allclose(grads[f"b{i}"], layer.db, atol=1e-12)


def test_the_convolutional_network_agrees_with_pytorch() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    net = small_conv()
    p = {k: torch.tensor(v, requires_grad=True) for k, v in net.params.items()}
    f = torch.nn.functional
    z = f.max_pool2d(torch.relu(f.conv2d(torch.tensor(X_CONV), p["W1"], p["b1"])), 2)
    z = torch.relu(z.flatten(1) @ p["W2"] + p["b2"]) @ p["W3"] + p["b3"]
    loss = f.cross_entropy(z, torch.tensor(T_CONV))
    loss.backward()
    assert net.loss(X_CONV, T_CONV) == pytest.approx(loss.item(), abs=1e-10)
    np.testing.assert_allclose(net.predict(X_CONV), z.detach().numpy(), atol=1e-10)
    for key, grad in net.gradient(X_CONV, T_CONV).items():
        np.testing.assert_allclose(grad, p[key].grad.numpy(), atol=1e-10)


def test_accuracy_is_counted_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    net, many = small_conv(), []
    x = np.random.default_rng(2).normal(size=(250, 2, 10, 9))
    t = net.predict(x).argmax(axis=1)
    t[:50] = (t[:50] + 1) % 3
    predict_all = net.predict

    def watched(x: Any, train: bool = False) -> Any:
        many.append(len(x))
        return predict_all(x, train)

    monkeypatch.setattr(net, "predict", watched)
    assert net.accuracy(x, t) == 0.8 == net.accuracy(x, np.eye(3)[t], batch_size=1000)
    assert many == [100, 100, 50, 250]
    with pytest.raises(ValueError, match="batch_size"):
        net.accuracy(x, t, batch_size=0)
    for wrong in (x[:0], t[:0]), (x, t[:9]), (x, t + 9):
        with pytest.raises(ValueError, match="want"):
            net.accuracy(*wrong)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"input_dim": (28, 28)}, r"input_dim.*want \(channels, height, width\)"),
        ({"input_dim": 28}, "input_dim"),
        ({"input_dim": (1, 0, 28)}, "height"),
        ({"conv_param": {"filters": 30}}, "filters, but want filter_num"),
        ({"conv_param": {"filter_size": 11}}, "window of 11 for an input of 10"),
        ({"conv_param": {"filter_size": 9}}, "window of 2 for an input of 1"),
        ({"conv_param": {"stride": 0}}, "stride"),
        ({"conv_param": {"filter_num": 0}}, "filter_num"),
        ({"conv_param": {"pad": -1}}, "pad"),
        ({"hidden_size": 0}, "hidden_size"),
        ({"output_size": 2.5}, "output_size"),
        ({"weight_init_std": "large"}, "want"),
    ],
    ids=str,
)
def test_a_convolutional_network_that_cannot_be_is_refused(
    changed: Any, said: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=said):
        small_conv(**changed)


def test_images_that_were_laid_flat_are_refused() -> None:
    with pytest.raises(ValueError, match="want images of shape"):
        SimpleConvNet().predict(np.ones((3, 784)))


def test_settings_of_one_convolutional_network_do_not_reach_the_next() -> None:
    given = {"filter_num": 2}
    SimpleConvNet(conv_param=given)
    assert given == {"filter_num": 2}
    assert SimpleConvNet().params["W1"].shape == (30, 1, 5, 5)


def test_a_convolutional_network_is_saved_and_loaded(tmp_path: Path) -> None:
    net, other = small_conv(), small_conv(rng=7)
    arrays = dict(other.params)
    net.save_params(tmp_path / "params.npz")
    other.load_params(tmp_path / "params.npz")
    np.testing.assert_array_equal(other.predict(X_CONV), net.predict(X_CONV))
    assert all(other.params[key] is values for key, values in arrays.items())
    assert other.layers["Conv1"].W is other.params["W1"]
    with pytest.raises(ValueError, match=r"ends in \.npz"):
        net.save_params(tmp_path / "params.pkl")
    with pytest.raises(ValueError, match="another network"):
        small_conv(hidden_size=7).load_params(tmp_path / "params.npz")


def test_training_in_the_style_of_the_fish_book_runs(tmp_path: Path) -> None:
    import pickle

    rng = np.random.default_rng(0)
    t_train = rng.integers(10, size=300)
    x_train = 0.1 * rng.random((300, 1, 28, 28))
    for image, k in zip(x_train, t_train, strict=True):
        image[0, 2 * k + 4 : 2 * k + 7, 5:20] = 1
    x_test, t_test = x_train[200:], t_train[200:]
    network = fish_books_conv()
    trainer = Trainer(
        network,
        x_train,
        t_train,
        x_test,
        t_test,
        epochs=4,
        mini_batch_size=100,
        optimizer="Adam",
        optimizer_param={"lr": 0.001},
        evaluate_sample_num_per_epoch=1000,
    )
    trainer.train()
    losses = trainer.train_loss_list
    assert losses[0] == pytest.approx(np.log(10), abs=0.05)
    assert losses[-1] < losses[0] - 0.05
    network.save_params(tmp_path / "params.npz")
    network.load_params(tmp_path / "params.npz")
    (tmp_path / "params.pkl").write_bytes(pickle.dumps(network.params))
    with pytest.raises(ValueError, match=r"is a pickle.*np\.savez\("):
        network.load_params(tmp_path / "params.pkl")
