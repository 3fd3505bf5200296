"""Early stopping: the loss on a validation tail, epoch by epoch, and the best parameters so far."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from rnnlab.engine.batch import Batch
from rnnlab.engine.network import Loss, Network
from rnnlab.engine.sampling import Sampling, Source


@dataclass(frozen=True)
class EarlyStopping:
    """Stop a model whose loss on the validation tail has not fallen by `min_delta` for `patience` epochs.

    The parameters of its best epoch are what remains.
    """

    validation: Batch
    patience: int
    min_delta: float = 0.0


class Validation:
    """What early stopping knows of R models: the loss on the tail, the best epoch of each, and who is out of patience.

    The tail is read as training reads its sequences: where training carries the state on from batch to batch or from
    segment to segment, so does the loss on the tail.

    Parameters
    ----------
    stopping : EarlyStopping
    sampling : Source
        The training's.
    theta : (R, P)
        Initial parameters.

    Raises
    ------
    ValueError
        For an endless source, of which nothing can be held out.
    """

    def __init__(self, stopping: EarlyStopping, sampling: Source, theta: np.ndarray) -> None:
        if not isinstance(sampling, Sampling):
            raise ValueError("Early stopping needs training sequences to hold some out; they are drawn without end.")
        size = sampling.batch_size if sampling.stateful else None
        self._tail = replace(sampling, sequences=stopping.validation, batch_size=size, orders=None)
        self._stopping = stopping
        R = len(theta)
        self._best = theta.copy()
        self._best_loss = np.full(R, np.inf)
        self._best_epoch = np.zeros(R, np.int64)
        self._stale = np.zeros(R, np.int64)
        self.out_of_patience = np.zeros(R, bool)

    @property
    def stopped(self) -> dict[int, int]:
        """Models that ran out of patience, with the epoch, counted from 1, whose parameters remain."""
        which = np.flatnonzero(self.out_of_patience & np.isfinite(self._best_loss))
        return dict(zip(which.tolist(), self._best_epoch[which].tolist(), strict=True))

    @property
    def best_epochs(self) -> np.ndarray:
        """The epoch, counted from 1, whose parameters remain of each model, (R,); 0 where no loss was finite."""
        return self._best_epoch.copy()

    def look(self, network: Network, theta: np.ndarray, loss: Loss, active: np.ndarray, epoch: int) -> np.ndarray:
        """Loss on the tail after an epoch, (R,); of the `active` models (R,) bool, remember the best and the stale."""
        value = self._loss(network, theta, loss)
        better = active & (value < self._best_loss - self._stopping.min_delta)
        self._best[better], self._best_loss[better], self._best_epoch[better] = theta[better], value[better], epoch
        self._stale = np.where(better, 0, self._stale + 1)
        self.out_of_patience |= active & (self._stale >= self._stopping.patience)
        return value

    def renew(self) -> np.ndarray:
        """Give models that ran out of patience all of it back, and return which, (R,) bool."""
        which, self.out_of_patience = self.out_of_patience, np.zeros_like(self.out_of_patience)
        self._stale = np.where(which, 0, self._stale)
        return which

    def take_best(self, theta: np.ndarray) -> None:
        """Write the best parameters of each model into theta; one whose loss never was finite keeps what it has."""
        kept = np.isfinite(self._best_loss)
        theta[kept] = self._best[kept]

    def _loss(self, network: Network, theta: np.ndarray, loss: Loss) -> np.ndarray:
        """Mean over the sequences of the tail, (R,)."""
        total, states = np.zeros(len(theta)), None
        for number in range(self._tail.updates_per_epoch):
            minibatch = self._tail.minibatch(number)
            initial = minibatch.initial_states(network, theta, states)
            value = network.loss(theta, minibatch.batch, loss, states=initial)
            total += value * (minibatch.batch.sequences / self._tail.sequences.sequences)
            if self._tail.carries:
                _, states = network.outputs(theta, minibatch.batch, states=initial)
        return total

    def state(self) -> dict[str, np.ndarray]:
        """What a checkpoint holds."""
        return {
            "best": self._best,
            "best_loss": self._best_loss,
            "best_epoch": self._best_epoch,
            "stale": self._stale,
            "out_of_patience": self.out_of_patience,
        }

    def restore(self, held: Mapping[str, np.ndarray]) -> None:
        """Take up where `state` left it."""
        self._best[...], self._best_loss = held["best"], held["best_loss"].copy()
        self._best_epoch, self._stale = held["best_epoch"].copy(), held["stale"].copy()
        self.out_of_patience = held["out_of_patience"].copy()
