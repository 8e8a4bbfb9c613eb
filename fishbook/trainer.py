# Tangled from docs/04-backpropagation [4243078df98901c2]
"""The four steps of learning, again and again."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fishbook.checkpoint import Resumable
from fishbook.checks import Seed, Undecided, count, paired
from fishbook.optimizers import find_optimizer
from fishbook.progress import Bar, History, some, whole
from fishbook.stopping import Best

__all__ = ["ADVICE", "Trainer"]

ADVICE = (
    "try a smaller learning rate or smaller first weights, and look for nan or huge"
    " numbers in the data"
)


class Trainer(Resumable):
    """Trains a network epoch by epoch, and keeps a record of it.

    Parameters
    ----------
    network : network
        With `params`, `loss_and_gradient` and `accuracy`.
    x_train, t_train : array_like
        The samples, and their labels or targets.
    x_test, t_test : array_like
        What the network does not learn from: give the validation set as long as
        you choose by what you see.
    epochs : int
        How many times each sample is used.
    mini_batch_size : int
        Samples a step; the last batch of an epoch may have fewer.
    optimizer : str or object
        A name, upper or lower case, or an object with ``update(params, grads)``.
    optimizer_param : mapping, optional
        What the named optimizer takes; ``{"lr": 0.01}`` if left out.
    evaluate_sample_num_per_epoch : int, optional
        Evaluate on so many samples of either set, drawn at random once, instead of
        all.
    verbose : bool
        Whether a terminal shows a bar.
    rng : optional
        What `numpy.random.default_rng` takes: it shuffles the samples.
    schedule : callable, optional
        Gives the optimizer's `lr` for the step with a number, counted from 0.
    patience : int, optional
        Stop when so many epochs in a row have brought nothing better on `x_test`;
        `train` then leaves the network with the parameters of its best epoch.

    Attributes
    ----------
    train_loss_list : list of float
        The loss of each step, before its update.
    train_acc_list, test_acc_list : list of float
        The accuracies after each whole epoch.
    """

    def __init__(
        self,
        network: Any,
        x_train: ArrayLike,
        t_train: ArrayLike,
        x_test: ArrayLike,
        t_test: ArrayLike,
        epochs: int = 20,
        mini_batch_size: int = 100,
        optimizer: Any = "SGD",
        optimizer_param: Mapping[str, Any] | None = None,
        evaluate_sample_num_per_epoch: int | None = None,
        verbose: bool = True,
        rng: Seed = None,
        schedule: Callable[[int], float] | None = None,
        patience: int | None = None,
    ) -> None:
        self.network, self.schedule, self.verbose = network, schedule, verbose
        self.x_train, self.t_train = paired(x_train, t_train)
        self.x_test, self.t_test = paired(x_test, t_test)
        self.epochs = count("epochs", epochs)
        self.patience = None if patience is None else count("patience", patience, 1)
        self.batch_size = count("mini_batch_size", mini_batch_size, least=1)
        if optimizer_param is None:
            optimizer_param = {"lr": 0.01}
        self.optimizer = find_optimizer(optimizer, **optimizer_param)
        self.rng = np.random.default_rng(rng)
        samples = count("samples", len(self.x_train), least=1)
        self.steps_per_epoch = math.ceil(samples / self.batch_size)
        self.step, self.order, self.early = 0, np.arange(0), Best(network)
        self.train_loss_list: list[float] = []
        self.train_acc_list: list[float] = []
        self.test_acc_list: list[float] = []
        self.seen = some(self.x_train, self.t_train, evaluate_sample_num_per_epoch)
        self.new = some(self.x_test, self.t_test, evaluate_sample_num_per_epoch)

    def train_step(self) -> float:
        """Take a batch and a step against its gradient; return the batch's loss.

        Raises
        ------
        FloatingPointError
            If the loss is no finite number, and then the step is not taken; or if
            the scores at the end of an epoch are none.
        """
        at = self.step % self.steps_per_epoch * self.batch_size
        with whole(), np.errstate(over="ignore", invalid="ignore"):
            self.early.take_out()
            if at == 0:
                self.order = self.rng.permutation(len(self.x_train))
            batch = self.order[at : at + self.batch_size]
            x, t = self.x_train.take(batch, axis=0), self.t_train[batch]
            loss, grads = self.network.loss_and_gradient(x, t)
            if not math.isfinite(loss):
                where = f"in step {self.step + 1}, before its update"
                raise FloatingPointError(f"the loss is {loss} {where}; {ADVICE}")
            if self.schedule:
                self.optimizer.lr = self.schedule(self.step)
            self.optimizer.update(self.network.params, grads)
            self.train_loss_list.append(loss)
            self.step += 1
            if self.step % self.steps_per_epoch == 0:
                self.evaluate()
        return float(loss)

    def train(self) -> History:
        """Train to the end of the last epoch, from wherever it stands.

        Returns
        -------
        History
            The record so far. Ctrl-C ends the step that is under way and stops;
            call `train` again to go on.

        Raises
        ------
        FloatingPointError
            If the loss or the scores are no finite numbers any more.
        """
        last = self.epochs * self.steps_per_epoch
        bar = Bar(last, self.verbose)
        try:
            while self.step < last and not self.enough():
                bar.at(self.step + 1, f"loss {self.train_step():.3f}")
        finally:
            bar.close()
        self.early.put_in()
        return History(self.train_loss_list, self.train_acc_list, self.test_acc_list)

    def evaluate(self) -> None:
        """Note the accuracies on both sets, and which epoch is the best so far."""
        try:
            scores = [self.network.accuracy(*s) for s in (self.seen, self.new)]
        except Undecided:
            where = f"after step {self.step}"
            raise FloatingPointError(f"the scores are nan {where}; {ADVICE}") from None
        self.train_acc_list.append(scores[0])
        self.test_acc_list.append(scores[1])
        if self.patience:
            self.early.note(self.test_acc_list)

    def enough(self) -> bool:
        """Return whether the last epochs, as many as patience, were no better."""
        seen = self.test_acc_list
        if self.patience is None or len(seen) <= self.patience:
            return False
        return max(seen[-self.patience :]) <= max(seen[: -self.patience])
