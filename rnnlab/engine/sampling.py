"""Which sequences an update sees: full batches, shuffled mini-batches, or the next stretch of a stream.

Everything follows from the number of the update, so that a run can be taken up again at any of them.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rnnlab.engine.batch import Batch
from rnnlab.engine.network import Network, States

Orders = Callable[[int], np.ndarray]


@dataclass(frozen=True)
class Pick:
    """What one update works on.

    Attributes
    ----------
    batch : Batch
    share : float
        How much of its sequences the batch is: below 1 for a stretch of them.
    epoch : int
        Counted from 0.
    ends_epoch : bool
    fresh : bool
        Start from the architecture's own initial state; otherwise from where the last update left off.
    lead_in : iterable of Batch
        Steps to run through first, without gradient, to come to the initial state: in pieces no longer than what the
        gradient flows through, made as they are asked for, so that they need no more memory.
    """

    batch: Batch
    share: float
    epoch: int
    ends_epoch: bool
    fresh: bool
    lead_in: Iterable[Batch] = ()

    def initial_states(self, network: Network, theta: np.ndarray, states: States | None) -> States | None:
        """The states to start from, given those that the pick before left; None for the network's own."""
        initial = None if self.fresh else states
        for part in self.lead_in:
            _, initial = network.outputs(theta, part, states=initial)
        return initial


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
        Gives the order of the sequences for each model, (R, N) int, at every update; None takes them as they stand.
    carry_state : bool
        Batch k + 1 continues the sequences of batch k.
    truncate : int or None
        Truncated BPTT: where there is an output at every step, a sequence is cut into stretches of so many steps, one
        update each, the state carried from one to the next; where there is one at the last step, the gradient flows
        through the last so many steps only.

    Raises
    ------
    ValueError
        For sequences of different lengths that are cut, with an output at the last step: their last steps lie apart.
    """

    sequences: Batch
    readout: str
    batch_size: int | None = None
    orders: Orders | None = None
    carry_state: bool = False
    truncate: int | None = None

    def __post_init__(self) -> None:
        if self.truncate is not None and self.readout == "last" and self.sequences.lengths is not None:
            raise ValueError("Sequences of different lengths cannot be truncated where the output is at the last step.")

    @cached_property
    def _stretches(self) -> list[tuple[int, int]]:
        T, k = self.sequences.steps, self.truncate
        if k is None or k >= T:
            return [(0, T)]
        if self.readout == "last":
            return [(T - k, T)]
        return [(start, min(start + k, T)) for start in range(0, T, k)]

    @cached_property
    def _size(self) -> int:
        return min(self.batch_size or self.sequences.sequences, self.sequences.sequences)

    @property
    def updates_per_epoch(self) -> int:
        """Updates in which every sequence is seen once."""
        return -(-self.sequences.sequences // self._size) * len(self._stretches)

    @property
    def carries(self) -> bool:
        """Whether any update starts from where the one before left off."""
        return self.carry_state or len(self._stretches) > 1

    def pick(self, update: int) -> Pick:
        """What update number `update`, counted from 0, works on."""
        epoch, within = divmod(update, self.updates_per_epoch)
        which, stretch = divmod(within, len(self._stretches))
        rows, (start, stop) = self._rows(epoch, which), self._stretches[stretch]
        share = (stop - start) / (self._stretches[-1][1] - self._stretches[0][0])
        fresh = stretch == 0 and not (self.carry_state and which > 0)
        ends_epoch = within == self.updates_per_epoch - 1
        lead_in = self._lead_in(rows) if stretch == 0 else ()
        return Pick(self._cut(rows, start, stop), share, epoch, ends_epoch, fresh, lead_in)

    def _lead_in(self, rows: slice | np.ndarray | None) -> Iterator[Batch]:
        """The steps before the first stretch."""
        k, stop = self.truncate or 1, self._stretches[0][0]
        for start in range(0, stop, k):
            yield self._cut(rows, start, min(start + k, stop))

    def _cut(self, rows: slice | np.ndarray | None, start: int, stop: int) -> Batch:
        """Steps first, then sequences: what is copied is never longer than a stretch."""
        part = self.sequences
        if stop - start < part.steps:
            part = part.steps_between(start, stop, self.readout)
        return part if rows is None else part.take(rows, self.readout)

    def _rows(self, epoch: int, which: int) -> slice | np.ndarray | None:
        """The sequences of a batch: None for all of them as they stand."""
        total, size = self.sequences.sequences, self._size
        if self.orders is not None:
            return self.orders(epoch)[:, which * size : (which + 1) * size]
        return None if size == total else slice(which * size, min((which + 1) * size, total))
