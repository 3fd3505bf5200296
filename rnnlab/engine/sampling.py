"""Which sequences an update sees: full batches, shuffled mini-batches, or the next stretch of a stream.

Everything follows from the number of the update, so that a run can be taken up again at any of them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from rnnlab.engine.batch import Batch

Orders = Callable[[int], np.ndarray]


@dataclass(frozen=True)
class Pick:
    """What one update works on.

    Attributes
    ----------
    batch : Batch
    epoch : int
        Counted from 0.
    ends_epoch : bool
    fresh : bool
        Start from the architecture's own initial state; otherwise from where the last update left off.
    lead_in : Batch or None
        Steps to run through first, without gradient, to come to the initial state.
    """

    batch: Batch
    epoch: int
    ends_epoch: bool
    fresh: bool
    lead_in: Batch | None = None


@dataclass(frozen=True)
class Sampling:
    """How the training sequences are dealt to updates.

    Attributes
    ----------
    sequences : Batch
        All N training sequences, without a model axis.
    readout : str
        last or every.
    batch_size : int or None
        Sequences in an update; None takes all of them. What is left at the end of an epoch is a smaller batch.
    orders : function of the epoch, or None
        Gives the order of the sequences for each model, (R, N) int; None takes them as they stand.
    carry_state : bool
        Batch k + 1 continues the sequences of batch k.
    truncate : int or None
        Truncated BPTT: where there is an output at every step, a sequence is cut into stretches of so many steps, one
        update each, the state carried from one to the next; where there is one at the last step, the gradient flows
        through the last so many steps only.
    """

    sequences: Batch
    readout: str
    batch_size: int | None = None
    orders: Orders | None = None
    carry_state: bool = False
    truncate: int | None = None

    @cached_property
    def _stretches(self) -> list[tuple[int, int]]:
        T, k = self.sequences.steps, self.truncate
        if k is None or self.readout == "last":
            return [(0, T)]
        return [(start, min(start + k, T)) for start in range(0, T, k)]

    @cached_property
    def _size(self) -> int:
        return min(self.batch_size or self.sequences.sequences, self.sequences.sequences)

    @property
    def updates_per_epoch(self) -> int:
        """Updates in which every sequence is seen once."""
        return -(-self.sequences.sequences // self._size) * len(self._stretches)

    def pick(self, update: int) -> Pick:
        """What update number `update`, counted from 0, works on."""
        epoch, within = divmod(update, self.updates_per_epoch)
        which, stretch = divmod(within, len(self._stretches))
        batch = self._batch(epoch, which)
        start, stop = self._stretches[stretch]
        lead_in = None
        if self.readout == "last" and self.truncate is not None and self.truncate < batch.steps:
            cut = batch.steps - self.truncate
            lead_in = replace(batch, targets=None).steps_between(0, cut, "last")
            batch = batch.steps_between(cut, batch.steps, "last")
        elif len(self._stretches) > 1:
            batch = batch.steps_between(start, stop, "every")
        fresh = stretch == 0 and not (self.carry_state and which > 0)
        return Pick(batch, epoch, within == self.updates_per_epoch - 1, fresh, lead_in)

    def _batch(self, epoch: int, which: int) -> Batch:
        everything, size = self.sequences, self._size
        if size == everything.sequences and self.orders is None:
            return everything
        rows = slice(which * size, min((which + 1) * size, everything.sequences))
        if self.orders is None:
            return everything.take(rows, self.readout)
        return everything.take(self._order(epoch)[:, rows], self.readout)

    def _order(self, epoch: int) -> np.ndarray:
        kept = self.__dict__.get("_kept_order")
        if kept is None or kept[0] != epoch:
            assert self.orders is not None
            kept = (epoch, self.orders(epoch))
            self.__dict__["_kept_order"] = kept
        return kept[1]

