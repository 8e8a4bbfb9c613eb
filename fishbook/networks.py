# Tangled from docs/02-neural-network, docs/03-learning, docs/04-backpropagation, docs/05-training, docs/06-cnn, docs/a-appendix [36d68dc1e3863918]
"""The book's networks, from a hand-set one to those that learn."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from importlib.resources import files
from itertools import pairwise, zip_longest
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from fishbook.checks import (
    Floats,
    Seed,
    amount,
    came,
    count,
    decided,
    floats,
    labels,
    paired,
    rows,
    share,
)
from fishbook.functions import identity_function, sigmoid, softmax, softmax_loss
from fishbook.gradients import numerical_gradient
from fishbook.im2col import conv_output_size
from fishbook.initializers import Rule, resolve
from fishbook.layers import (
    Affine,
    AveragePooling,
    BatchNormalization,
    Convolution,
    Dropout,
    Layer,
    LocalResponseNormalization,
    Pooling,
    Relu,
    Sigmoid,
    SoftmaxWithLoss,
    Tanh,
)
from fishbook.storage import Saveable

__all__ = [
    "ACTIVATIONS",
    "CONV_PARAM",
    "POOLINGS",
    "AlexNet",
    "ConvNet",
    "LayeredNet",
    "LeNet",
    "MultiLayerNet",
    "MultiLayerNetExtend",
    "Network",
    "SigmoidNet",
    "SimpleConvNet",
    "SimpleNet",
    "TwoLayerNet",
    "accuracy",
    "filter_sizes",
    "first_weights",
    "forward",
    "image_sizes",
    "init_network",
    "load_sample_network",
    "predict",
    "simpleNet",
]

Network = dict[str, Floats]


def init_network() -> Network:
    """Return the weights and biases of a small 2-3-2-2 network.

    Returns
    -------
    dict
        W1 (2, 3), b1 (3,), W2 (3, 2), b2 (2,), W3 (2, 2), b3 (2,); new arrays
        with each call.
    """
    return {
        "W1": np.array([[0.1, 0.3, 0.5], [0.2, 0.4, 0.6]]),
        "b1": np.array([0.1, 0.2, 0.3]),
        "W2": np.array([[0.1, 0.4], [0.2, 0.5], [0.3, 0.6]]),
        "b2": np.array([0.1, 0.2]),
        "W3": np.array([[0.1, 0.3], [0.2, 0.4]]),
        "b3": np.array([0.1, 0.2]),
    }


def forward(network: Network, x: ArrayLike) -> Floats:
    """Return the outputs of three layers: sigmoid, sigmoid, identity.

    Parameters
    ----------
    network : dict
        W1, b1, W2, b2, W3, b3, as `init_network` gives them.
    x : array_like, shape (D,) or (N, D)
        One sample, or one a row.

    Returns
    -------
    ndarray, shape (K,) or (N, K)
        The outputs, one sample a row as in `x`.

    Raises
    ------
    KeyError
        If a parameter is missing.
    TypeError
        If `x` is not made of real numbers.
    ValueError
        If the shape of `x` doesn't fit the network.
    """
    x = rows("x", x, width=len(network["W1"]))
    z1 = sigmoid(x @ network["W1"] + network["b1"])
    z2 = sigmoid(z1 @ network["W2"] + network["b2"])
    return identity_function(z2 @ network["W3"] + network["b3"])


def predict(network: Network, x: ArrayLike) -> Floats:
    """Return the probabilities of the classes (not scores): sigmoid, sigmoid, softmax.

    Parameters
    ----------
    network : dict
        W1, b1, W2, b2, W3, b3, as `load_sample_network` gives them.
    x : array_like, shape (D,) or (N, D)
        One sample, or one a row.

    Returns
    -------
    ndarray, shape (K,) or (N, K)
        Each row sums to 1.

    Raises
    ------
    KeyError
        If a parameter is missing.
    TypeError
        If `x` is not made of real numbers.
    ValueError
        If `x` does not fit the first layer.
    """
    return softmax(forward(network, x))


def accuracy(y: ArrayLike, t: ArrayLike) -> float:
    """Return the fraction of rows of y whose largest entry stands at the right class.

    Parameters
    ----------
    y : array_like, shape (N, K)
        Scores or probabilities.
    t : array_like, shape (N,) or (N, K)
        Class numbers, or one-hot rows.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    TypeError
        If `y` or `t` is not made of real numbers.
    ValueError
        If `y` and `t` do not go together, if a label is no class or a row is not
        one-hot, if something is NaN, or if there are no samples.
    """
    y = decided("y", floats("y", y, shape=(None, None)))
    return float(np.mean(y.argmax(axis=1) == labels(t, y.shape)))


class SimpleNet:
    """One layer without bias, 2 inputs to 3 classes: small enough to see whole.

    Parameters
    ----------
    rng : optional
        What `numpy.random.default_rng` takes: where the first weights come from.

    Attributes
    ----------
    W : ndarray of float64, shape (2, 3)
        The weights.
    """

    def __init__(self, rng: Seed = None) -> None:
        self.W: Floats = np.random.default_rng(rng).normal(size=(2, 3))

    def predict(self, x: ArrayLike) -> Floats:
        """Return the scores, shape (3,) or (N, 3), for x of shape (2,) or (N, 2)."""
        return rows("x", x, width=len(self.W)) @ self.W

    def loss(self, x: ArrayLike, t: ArrayLike) -> float:
        """Return the mean cross-entropy after softmax, for labels or one-hot t."""
        return softmax_loss(self.predict(x), t)


simpleNet = SimpleNet


class SigmoidNet:
    """Two layers, the sigmoid in the hidden one and softmax at the output.

    Parameters
    ----------
    input_size, hidden_size, output_size : int
        How many inputs, hidden neurons and classes.
    weight_init_std : float
        Standard deviation of the first weights; biases start at 0.
    rng : optional
        What `numpy.random.default_rng` takes: where the first weights come from.
    dtype : optional
        Of the parameters; take float64 to check gradients.

    Attributes
    ----------
    params : dict of ndarray
        `W1` (inputs, hidden), `b1`, `W2` (hidden, classes) and `b2`.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        output_size: int,
        weight_init_std: float = 0.01,
        rng: Seed = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        rng, std = np.random.default_rng(rng), weight_init_std
        params = {
            "W1": std * rng.normal(size=(input_size, hidden_size)),
            "b1": np.zeros(hidden_size),
            "W2": std * rng.normal(size=(hidden_size, output_size)),
            "b2": np.zeros(output_size),
        }
        self.params: Network = {k: v.astype(dtype) for k, v in params.items()}

    def scores(self, x: ArrayLike) -> Floats:
        """Return the scores of the classes, for one sample or one a row."""
        p = self.params
        z = sigmoid(rows("x", x, width=len(p["W1"])) @ p["W1"] + p["b1"])
        return z @ p["W2"] + p["b2"]

    def predict(self, x: ArrayLike) -> Floats:
        """Return the probabilities of the classes."""
        return softmax(self.scores(x))

    def loss(self, x: ArrayLike, t: ArrayLike) -> float:
        """Return the mean cross-entropy, for class numbers or one-hot t."""
        return softmax_loss(self.scores(x), t)

    def accuracy(self, x: ArrayLike, t: ArrayLike) -> float:
        """Return the share of right answers, for class numbers or one-hot t."""
        return accuracy(self.scores(x), t)

    def numerical_gradient(self, x: ArrayLike, t: ArrayLike) -> Network:
        """Return the gradient of the loss by differences, with the keys of params.

        It takes two losses for each parameter, and wants parameters of float64.
        """

        def loss_now(_: Floats) -> float:
            return self.loss(x, t)

        return {k: numerical_gradient(loss_now, v) for k, v in self.params.items()}

    def gradient(self, x: ArrayLike, t: ArrayLike) -> Network:
        """Return the gradient of the loss by backpropagation, with the same keys."""
        p = self.params
        x = rows("x", x, width=len(p["W1"]))
        t = labels(t, (*x.shape[:-1], len(p["b2"])))
        x = np.atleast_2d(x)
        z = sigmoid(x @ p["W1"] + p["b1"])
        delta = softmax(z @ p["W2"] + p["b2"])
        delta[np.arange(len(t)), t] -= 1
        delta /= len(t)
        hidden = delta @ p["W2"].T * z * (1 - z)
        return {
            "W1": x.T @ hidden,
            "b1": hidden.sum(axis=0),
            "W2": z.T @ delta,
            "b2": delta.sum(axis=0),
        }


class LayeredNet(Saveable):
    """Layers in a row, and a last one that makes a loss of the scores.

    Parameters
    ----------
    layers : dict of Layer
        In the order in which data goes through them.
    last_layer : SoftmaxWithLoss
        Takes scores and labels, gives the loss.

    Attributes
    ----------
    params : dict of ndarray
        What is learned: the very arrays of the layers, so a change in place reaches
        both. The first layer's W is called `W1`, the next one's `W2`, and so on.
    layers, last_layer
        As above.
    """

    def __init__(self, layers: dict[str, Any], last_layer: SoftmaxWithLoss) -> None:
        self.layers, self.last_layer = layers, last_layer
        self.params: Network = {}
        self._owners: dict[str, tuple[Layer, str]] = {}
        times: dict[str, int] = {}
        for layer in layers.values():
            for name, values in layer.params.items():
                times[name] = times.get(name, 0) + 1
                key = f"{name}{times[name]}"
                self.params[key] = values
                self._owners[key] = layer, name

    def predict(self, x: ArrayLike, train: bool = False) -> Floats:
        """Return the scores of the classes (not probabilities)."""
        like = next(iter(self.params.values()))
        a = floats("x", x).astype(like.dtype, copy=False)
        for layer in self.layers.values():
            a = layer.forward(a, train)
        return a

    def loss(self, x: ArrayLike, t: ArrayLike, train: bool = False) -> float:
        """Return the mean cross-entropy, for class numbers or one-hot t."""
        return self.last_layer.forward(self.predict(x, train), t)

    def loss_and_gradient(self, x: ArrayLike, t: ArrayLike) -> tuple[float, Network]:
        """Return the loss, and its gradient with the keys of params."""
        loss = self.last_layer.forward(self.predict(x, train=True), t)
        dout = self.last_layer.backward()
        first, *later = self.layers.values()
        for layer in reversed(later):
            dout = layer.backward(dout)
        getattr(first, "learn", first.backward)(dout)
        return loss, {k: layer.grads[n] for k, (layer, n) in self._owners.items()}

    def gradient(self, x: ArrayLike, t: ArrayLike) -> Network:
        """Return the gradient of the loss, with the keys of params."""
        return self.loss_and_gradient(x, t)[1]

    def accuracy(self, x: ArrayLike, t: ArrayLike) -> float:
        """Return the share of right answers, for class numbers or one-hot t."""
        y = np.atleast_2d(decided("scores", self.predict(x)))
        return float(np.mean(y.argmax(axis=1) == labels(t, y.shape)))

    def numerical_gradient(self, x: ArrayLike, t: ArrayLike) -> Network:
        """Return the gradient of the loss by differences; wants dtype=np.float64."""

        def loss_now(_: Floats) -> float:
            return self.loss(x, t, train=True)

        return {k: numerical_gradient(loss_now, v) for k, v in self.params.items()}


class TwoLayerNet(LayeredNet):
    """Affine, ReLU, affine; softmax with cross-entropy gives the loss.

    Parameters
    ----------
    input_size, hidden_size, output_size : int
        How many inputs, hidden neurons and classes.
    weight_init_std : float
        Standard deviation of the first weights; biases start at 0.
    rng : optional
        What `numpy.random.default_rng` takes: where the first weights come from.
    dtype : optional
        Of the parameters; take float64 to check gradients.

    Attributes
    ----------
    params : dict of ndarray
        `W1` (inputs, hidden), `b1`, `W2` (hidden, classes) and `b2`: the same arrays
        as the layers'. Change them in place, ``params["W1"] -= ...``.
    layers : dict of Layer
        `Affine1`, `Relu1` and `Affine2`.
    last_layer : SoftmaxWithLoss
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        output_size: int,
        weight_init_std: float = 0.01,
        rng: Seed = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        rng = np.random.default_rng(rng)

        def affine(D: int, M: int) -> Affine:
            W = weight_init_std * rng.normal(size=(D, M))
            return Affine(W.astype(dtype), np.zeros(M, dtype))

        layers = {
            "Affine1": affine(input_size, hidden_size),
            "Relu1": Relu(),
            "Affine2": affine(hidden_size, output_size),
        }
        super().__init__(layers, SoftmaxWithLoss())


ACTIVATIONS: dict[str, type[Layer]] = {"relu": Relu, "sigmoid": Sigmoid, "tanh": Tanh}


class MultiLayerNet(LayeredNet):
    """Any number of affine layers, an activation after each but the last.

    Parameters
    ----------
    input_size : int
        How many inputs.
    hidden_size_list : sequence of int
        How many neurons each hidden layer has.
    output_size : int
        How many classes.
    activation : str
        "relu", "sigmoid" or "tanh".
    weight_init_std : str, float or callable
        How far the first weights are spread, for `fishbook.initializers.resolve`.
        Biases start at 0.
    weight_decay_lambda : float
        How much large weights cost; 0 for nothing.
    rng : optional
        What `numpy.random.default_rng` takes: where the first weights come from.
    dtype : optional
        Of the parameters; take float64 to check gradients.

    Attributes
    ----------
    params : dict of ndarray
        `W1`, `b1`, `W2`, ...: the layers' own arrays.
    layers : dict of Layer
        `Affine1`, `Relu1`, `Affine2`, ...
    last_layer : SoftmaxWithLoss
    """

    def __init__(
        self,
        input_size: int,
        hidden_size_list: Sequence[int],
        output_size: int,
        activation: str = "relu",
        weight_init_std: str | float | Rule = "relu",
        weight_decay_lambda: float = 0.0,
        rng: Seed = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        if (kind := ACTIVATIONS.get(str(activation).lower())) is None:
            raise ValueError(came("activation", activation, " or ".join(ACTIVATIONS)))
        rng, spread = np.random.default_rng(rng), resolve(weight_init_std)
        self.weight_decay_lambda = amount("weight_decay_lambda", weight_decay_lambda)
        sizes = [input_size, *hidden_size_list, output_size]
        sizes = [count("a layer's size", size, least=1) for size in sizes]
        layers: dict[str, Any] = {}
        for i, (D, M) in enumerate(pairwise(sizes), 1):
            W = spread(D) * rng.normal(size=(D, M))
            layers[f"Affine{i}"] = Affine(W.astype(dtype), np.zeros(M, dtype))
            layers[f"{kind.__name__}{i}"] = kind()
        layers.popitem()
        super().__init__(layers, SoftmaxWithLoss())

    def penalty(self) -> float:
        """Return what the weights cost: half of lambda times their squares."""
        if not self.weight_decay_lambda:
            return 0.0
        squares = [np.sum(W * W) for k, W in self.params.items() if k[0] == "W"]
        return 0.5 * self.weight_decay_lambda * float(sum(squares))

    def loss(self, x: ArrayLike, t: ArrayLike, train: bool = False) -> float:
        """Return the mean cross-entropy, and what the weights cost."""
        return super().loss(x, t, train) + self.penalty()

    def loss_and_gradient(self, x: ArrayLike, t: ArrayLike) -> tuple[float, Network]:
        """Return the same loss in training, and its gradient."""
        loss, grads = super().loss_and_gradient(x, t)
        for key, W in self.params.items():
            if key[0] == "W" and self.weight_decay_lambda:
                grads[key] = grads[key] + self.weight_decay_lambda * W
        return loss + self.penalty(), grads


class MultiLayerNetExtend(MultiLayerNet):
    """A `MultiLayerNet` with batch normalization or dropout in its hidden layers.

    Parameters
    ----------
    input_size, hidden_size_list, output_size, activation, weight_init_std,
    weight_decay_lambda, rng, dtype
        As `MultiLayerNet` takes them.
    use_dropout : bool
        Whether a Dropout follows each activation.
    dropout_ratio : float
        The share that it leaves out; `dropout_ration` means the same.
    use_batchnorm : bool
        Whether a BatchNormalization stands before each activation.

    Attributes
    ----------
    params : dict of ndarray
        `W1`, `b1`, ..., and `gamma1`, `beta1`, ... with batch normalization.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size_list: Sequence[int],
        output_size: int,
        activation: str = "relu",
        weight_init_std: str | float | Rule = "relu",
        weight_decay_lambda: float = 0.0,
        use_dropout: bool = False,
        dropout_ratio: float = 0.5,
        use_batchnorm: bool = False,
        rng: Seed = None,
        dtype: DTypeLike = np.float32,
        dropout_ration: float | None = None,
    ) -> None:
        rng = np.random.default_rng(rng)
        sizes = input_size, hidden_size_list, output_size
        rules = activation, weight_init_std, weight_decay_lambda
        super().__init__(*sizes, *rules, rng=rng, dtype=dtype)
        ratio = dropout_ratio if dropout_ration is None else dropout_ration
        layers: dict[str, Any] = {}
        for i, M in enumerate(hidden_size_list, 1):
            layers[f"Affine{i}"] = self.layers.pop(f"Affine{i}")
            if use_batchnorm:
                gamma, beta = np.ones(M, dtype), np.zeros(M, dtype)
                layers[f"BatchNorm{i}"] = BatchNormalization(gamma, beta)
            name = next(iter(self.layers))
            layers[name] = self.layers.pop(name)
            if use_dropout:
                layers[f"Dropout{i}"] = Dropout(ratio, rng=rng)
        LayeredNet.__init__(self, layers | self.layers, self.last_layer)

    def predict(
        self, x: ArrayLike, train: bool = False, train_flg: bool | None = None
    ) -> Floats:
        """Return the scores of the classes; `train_flg` means `train`."""
        return super().predict(x, train if train_flg is None else train_flg)

    def loss(
        self,
        x: ArrayLike,
        t: ArrayLike,
        train: bool = False,
        train_flg: bool | None = None,
    ) -> float:
        """Return the loss and what the weights cost; `train_flg` means `train`."""
        return super().loss(x, t, train if train_flg is None else train_flg)


def first_weights(
    shape: tuple[int, ...], rule: Rule, rng: np.random.Generator, dtype: DTypeLike
) -> tuple[Floats, Floats]:
    """Return weights (D, M) or filters (FN, C, FH, FW), drawn; and biases of 0."""
    filters = len(shape) == 4
    fan_in = math.prod(shape[1:]) if filters else shape[0]
    W = rule(fan_in) * rng.normal(size=shape)
    return W.astype(dtype), np.zeros(shape[0 if filters else 1], dtype)


class ConvNet(LayeredNet):
    """A network of layers for images (N, C, H, W), with accuracy in batches."""

    def predict(self, x: ArrayLike, train: bool = False) -> Floats:
        """Return the scores of the classes (not probabilities)."""
        a = floats("x", x).astype(next(iter(self.params.values())).dtype, copy=False)
        layers, floor = [*self.layers.values()], {}
        for layer, after in zip_longest(layers, layers[1:]):
            if type(layer) is Relu and type(after) is Pooling:
                layer.keep(np.broadcast_to(a.dtype.type(1), a.shape))
                floor = {"floor": 0.0}
            else:
                a, floor = layer.forward(a, train, **floor), {}
        return a

    def accuracy(self, x: ArrayLike, t: ArrayLike, batch_size: int = 100) -> float:
        """Return the share of right answers, for class numbers or one-hot t.

        Parameters
        ----------
        x : array_like, shape (N, C, H, W)
            Images.
        t : array_like, shape (N,) or (N, K)
            Their labels.
        batch_size : int
            How many go through the layers at a time: as much memory is needed as
            for so many, however large N is.
        """
        (x, t), size = paired(x, t), count("batch_size", batch_size, least=1)
        starts = range(0, max(len(x), 1), size)
        scores = [self.predict(x[start : start + size]) for start in starts]
        return accuracy(np.concatenate(scores), t)


class SimpleConvNet(ConvNet):
    """Convolution, ReLU, pooling; affine, ReLU, affine; softmax with cross-entropy.

    Parameters
    ----------
    input_dim : (int, int, int)
        Channels, height and width of the images.
    conv_param : mapping, optional
        `filter_num`, `filter_size`, `pad` and `stride` of the convolution. What is
        left out is 30, 5, 0 and 1.
    hidden_size, output_size : int
        How many hidden neurons and classes.
    weight_init_std, rng, dtype
        As `MultiLayerNet` takes them; "he" suits this network.

    Attributes
    ----------
    params : dict of ndarray
        `W1` (filters, channels, height, width), `b1`, `W2` (pooled, hidden), `b2`,
        `W3` (hidden, classes), `b3`: the layers' own arrays.
    layers : dict of Layer
        `Conv1`, `Relu1`, `Pool1`, `Affine1`, `Relu2` and `Affine2`.
    last_layer : SoftmaxWithLoss

    Raises
    ------
    TypeError, ValueError
        If a size is no whole number, too small, or has an unknown name; if the window
        or the pooling doesn't fit into the image.
    """

    def __init__(
        self,
        input_dim: tuple[int, int, int] = (1, 28, 28),
        conv_param: Mapping[str, int] | None = None,
        hidden_size: int = 100,
        output_size: int = 10,
        weight_init_std: float | str | Rule = 0.01,
        rng: Seed = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        C, H, W = image_sizes(input_dim)
        FN, F, pad, stride = filter_sizes(conv_param or {})
        hidden = count("hidden_size", hidden_size, least=1)
        classes = count("output_size", output_size, least=1)
        conv = [conv_output_size(size, F, stride, pad) for size in (H, W)]
        pool = [conv_output_size(size, 2, stride=2) for size in conv]
        D = FN * math.prod(pool)
        rng, rule = np.random.default_rng(rng), resolve(weight_init_std)
        first = partial(first_weights, rule=rule, rng=rng, dtype=dtype)
        layers = {
            "Conv1": Convolution(*first((FN, C, F, F)), stride, pad),
            "Relu1": Relu(),
            "Pool1": Pooling(2, 2, stride=2),
            "Affine1": Affine(*first((D, hidden))),
            "Relu2": Relu(),
            "Affine2": Affine(*first((hidden, classes))),
        }
        super().__init__(layers, SoftmaxWithLoss())


CONV_PARAM = {"filter_num": 30, "filter_size": 5, "pad": 0, "stride": 1}


def filter_sizes(conv_param: Mapping[str, int]) -> list[int]:
    """Return filter_num, filter_size, pad and stride, those given and the usual."""
    if wrong := set(conv_param) - set(CONV_PARAM):
        got = ", ".join(sorted(map(str, wrong)))
        raise ValueError(f"got conv_param with {got}, but want {', '.join(CONV_PARAM)}")
    sizes = CONV_PARAM | dict(conv_param)
    return [count(name, sizes[name], least=name != "pad") for name in CONV_PARAM]


def image_sizes(input_dim: tuple[int, int, int]) -> list[int]:
    """Return channels, height and width of images, each at least 1."""
    sizes = list(input_dim) if isinstance(input_dim, tuple | list) else []
    if len(sizes) != 3:
        raise ValueError(came("input_dim", input_dim, "(channels, height, width)"))
    names = "channels", "height", "width"
    return [count(name, size, 1) for name, size in zip(names, sizes, strict=True)]


class _Stack:
    """Layers put one on another; it knows the shape after the last of them."""

    def __init__(
        self,
        input_dim: tuple[int, int, int],
        kind: type[Layer],
        rule: Rule,
        rng: Seed,
        dtype: DTypeLike,
    ) -> None:
        self.C, self.H, self.W = image_sizes(input_dim)
        self.kind, self.rng = kind, np.random.default_rng(rng)
        self.first = partial(first_weights, rule=rule, rng=self.rng, dtype=dtype)
        self.layers: dict[str, Any] = {}

    def add(self, name: str, layer: Any) -> None:
        """Put a layer on top, numbered among its like."""
        alike = sum(other.rstrip("0123456789") == name for other in self.layers)
        self.layers[f"{name}{alike + 1}"] = layer

    def _shrink(self, size: int, stride: int = 1, pad: int = 0) -> None:
        """Compute how high and wide the images are after a window of this size."""
        self.H = conv_output_size(self.H, size, stride, pad)
        self.W = conv_output_size(self.W, size, stride, pad)

    def conv(self, filters: int, size: int, pad: int) -> None:
        """Add a convolution and its activation."""
        W, b = self.first((filters, self.C, size, size))
        self._shrink(size, pad=pad)
        self.add("Conv", Convolution(W, b, pad=pad))
        self.add(self.kind.__name__, self.kind())
        self.C = filters

    def pool(self, kind: Any, size: int, stride: int) -> None:
        """Add a pooling."""
        self._shrink(size, stride)
        self.add("Pool", kind(size, size, stride))

    def dense(self, sizes: Sequence[int], dropout: float = 0.0) -> None:
        """Add affine layers, an activation and a dropout after each but the last."""
        sizes = [count("a layer's size", size, least=1) for size in sizes]
        *hidden, last = [self.C * self.H * self.W, *sizes]
        for D, M in pairwise(hidden):
            self.add("Affine", Affine(*self.first((D, M))))
            self.add(self.kind.__name__, self.kind())
            if dropout:
                self.add("Dropout", Dropout(dropout, rng=self.rng))
        self.add("Affine", Affine(*self.first((hidden[-1], last))))


POOLINGS: dict[str, type[Layer]] = {"max": Pooling, "average": AveragePooling}


class LeNet(ConvNet):
    """Two convolutions, each with a pooling, then three affine layers.

    Parameters
    ----------
    input_dim : (int, int, int)
        Channels, height and width of an image.
    activation : str
        "relu", "sigmoid" or "tanh".
    pooling : str
        "max" or "average".
    output_size : int
        How many classes.
    rng : optional
        What `numpy.random.default_rng` takes: where the first weights come from.
    dtype : optional
        Of the parameters; take float64 to check gradients.

    Attributes
    ----------
    params : dict of ndarray
        `W1` (6, C, 5, 5), `b1`, `W2` (16, 6, 5, 5), `b2`, then those of the affine
        layers, `W3` to `b5`.

    References
    ----------
    Y. LeCun et al., "Gradient-based learning applied to document recognition",
    Proceedings of the IEEE 86 (11), 1998.
    """

    def __init__(
        self,
        input_dim: tuple[int, int, int] = (1, 28, 28),
        activation: str = "relu",
        pooling: str = "max",
        output_size: int = 10,
        rng: Seed = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        if (kind := ACTIVATIONS.get(str(activation).lower())) is None:
            raise ValueError(came("activation", activation, " or ".join(ACTIVATIONS)))
        if (pool := POOLINGS.get(str(pooling).lower())) is None:
            raise ValueError(came("pooling", pooling, " or ".join(POOLINGS)))
        stack = _Stack(input_dim, kind, resolve(activation), rng, dtype)
        for filters, pad in (6, 2), (16, 0):
            stack.conv(filters, 5, pad)
            stack.pool(pool, 2, 2)
        stack.dense([120, 84, output_size])
        super().__init__(stack.layers, SoftmaxWithLoss())


class AlexNet(ConvNet):
    """Five convolutions with three overlapping poolings, then three affine layers.

    Parameters
    ----------
    input_dim : (int, int, int)
        Channels, height and width of an image, at least 15 each way.
    filters : sequence of int
        How many filters each of the five convolutions has.
    hidden_size, output_size : int
        How many neurons the two hidden affine layers have, and how many classes.
    lrn : bool
        Whether the first two convolutions are normalized across channels.
    dropout_ratio : float
        The share that is left out in the hidden affine layers.
    rng : optional
        What `numpy.random.default_rng` takes: for first weights and dropout.
    dtype : optional
        Of the parameters; take float64 to check gradients.

    Attributes
    ----------
    params : dict of ndarray
        `W1`, `b1` to `W5`, `b5` of the filters, `W6` to `b8` of the affine layers.

    References
    ----------
    A. Krizhevsky, I. Sutskever, G. E. Hinton, "ImageNet classification with deep
    convolutional neural networks", NIPS 2012.
    """

    def __init__(
        self,
        input_dim: tuple[int, int, int] = (1, 28, 28),
        filters: Sequence[int] = (16, 32, 32, 32, 32),
        hidden_size: int = 128,
        output_size: int = 10,
        lrn: bool = True,
        dropout_ratio: float = 0.5,
        rng: Seed = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        if len(filters) != 5:
            raise ValueError(came("filters", filters, "five numbers"))
        ratio = share("dropout_ratio", dropout_ratio)
        stack = _Stack(input_dim, Relu, resolve("he"), rng, dtype)
        for i, many in enumerate(filters, 1):
            size = 5 if i <= 2 else 3
            stack.conv(count("filters", many, 1), size, pad=size // 2)
            if lrn and i <= 2:
                stack.add("Norm", LocalResponseNormalization())
            if i in (1, 2, 5):
                stack.pool(Pooling, 3, 2)
        stack.dense([hidden_size, hidden_size, output_size], ratio)
        super().__init__(stack.layers, SoftmaxWithLoss())


def load_sample_network() -> Network:
    """Load the weights of a 784-50-100-10 network that reads digits.

    Its weights were learned from MNIST's 60,000 training images, with pixels
    from 0 to 1.

    Returns
    -------
    dict
        W1 (784, 50), b1 (50,), W2 (50, 100), b2 (100,), W3 (100, 10), b3 (10,),
        float32.
    """
    file = files("fishbook") / "data" / "sample_network.npz"
    with file.open("rb") as data, np.load(data, allow_pickle=False) as stored:
        return {name: stored[name].astype(np.float32) for name in stored.files}
