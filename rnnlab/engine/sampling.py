"""Which sequences an update sees: all of them, shuffled minibatches, the next TBPTT segment of a stream, fresh ones.

Everything follows from the number of the update, so that a run can be taken up again at any of them.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import numpy as np

from rnnlab.engine.batch import Batch
from rnnlab.engine.network import Network, States

Orders = Callable[[int], np.ndarray]
Draw = Callable[[int, int], Batch]


@dataclass(frozen=True)
class Minibatch:
    """What one update works on.

    Attributes
    ----------
    batch : Batch
    fraction : float
        How much of its sequences the batch is: below 1 for a TBPTT segment of them.
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
    fraction: float
    epoch: int
    ends_epoch: bool
    fresh: bool
    lead_in: Iterable[Batch] = ()

    def initial_states(self, network: Network, theta: np.ndarray, states: States | None) -> States | None:
        """The states to start from, given those that the minibatch before left; None for the network's own."""
        initial = None if self.fresh else states
        for part in self.lead_in:
            _, initial = network.outputs(theta, part, states=initial)
        return initial


class Source(ABC):
    """Minibatches by the number of the update: batches of whole sequences, each cut into TBPTT segments or not.

    Attributes
    ----------
    sequences : Batch
        All training sequences, or some of them where there is no end of them; without a model axis.
    readout : str
        last or every.
    batch_size : int or None
        Sequences in an update; None takes all of them.
    stateful : bool
        Batch k + 1 continues the sequences of batch k.
    tbptt_steps : int or None
        Truncated BPTT: where there is an output at every step, a sequence is cut into segments of so many steps, one
        update each, the state carried from one to the next; where there is one at the last step, the gradient flows
        through the last so many steps only.
    has_epochs : bool
        Whether every sequence is seen once in an epoch; else an epoch is so many batches, and means nothing more.
    """

    has_epochs: ClassVar[bool] = True

    sequences: Batch
    readout: str
    batch_size: int | None
    stateful: bool
    tbptt_steps: int | None

    @property
    @abstractmethod
    def batches_per_epoch(self) -> int:
        """Batches of whole sequences in an epoch."""

    @abstractmethod
    def batch(self, number: int, start: int, stop: int) -> Batch:
        """The steps start..stop - 1 of batch `number`, counted from 0."""

    @property
    def steps(self) -> int:
        """Steps of the longest sequence."""
        return self.sequences.steps

    @cached_property
    def _segments(self) -> list[tuple[int, int]]:
        T, k = self.steps, self.tbptt_steps
        if k is None or k >= T:
            return [(0, T)]
        if self.readout == "last":
            return [(T - k, T)]
        return [(start, min(start + k, T)) for start in range(0, T, k)]

    @property
    def updates_per_epoch(self) -> int:
        """Updates in which every sequence of an epoch is seen once."""
        return self.batches_per_epoch * len(self._segments)

    @property
    def carries(self) -> bool:
        """Whether any update starts from where the one before left off."""
        return self.stateful or len(self._segments) > 1

    def span(self, update: int) -> tuple[int, int]:
        """The steps start..stop - 1 of its sequences that update number `update` works on."""
        return self._segments[update % len(self._segments)]

    def minibatch(self, update: int) -> Minibatch:
        """What update number `update`, counted from 0, works on."""
        number, segment = divmod(update, len(self._segments))
        epoch, within = divmod(number, self.batches_per_epoch)
        start, stop = self.span(update)
        fraction = (stop - start) / (self._segments[-1][1] - self._segments[0][0])
        fresh = segment == 0 and not (self.stateful and within > 0)
        ends_epoch = update % self.updates_per_epoch == self.updates_per_epoch - 1
        lead_in = self._lead_in(number) if segment == 0 else ()
        return Minibatch(self.batch(number, start, stop), fraction, epoch, ends_epoch, fresh, lead_in)

    def _lead_in(self, number: int) -> Iterator[Batch]:
        """The steps before the first segment."""
        k, stop = self.tbptt_steps or 1, self._segments[0][0]
        for start in range(0, stop, k):
            yield self.batch(number, start, min(start + k, stop))


@dataclass(frozen=True)
class Sampling(Source):
    """Training sequences, all of them there, dealt to updates epoch by epoch.

    Attributes
    ----------
    sequences : Batch
        All N training sequences, without a model axis.
    readout, batch_size, stateful, tbptt_steps
        See :class:`Source`. What is left at the end of an epoch is a smaller batch.
    orders : function of the epoch, or None
        Gives the order of the sequences for each model, (R, N) int, at every update; None takes them as they stand.

    Raises
    ------
    ValueError
        For sequences of different lengths that are cut, with an output at the last step: their last steps lie apart.
    """

    sequences: Batch
    readout: str
    batch_size: int | None = None
    orders: Orders | None = None
    stateful: bool = False
    tbptt_steps: int | None = None

    def __post_init__(self) -> None:
        _check_truncation(self)

    @cached_property
    def _size(self) -> int:
        return min(self.batch_size or self.sequences.sequences, self.sequences.sequences)

    @property
    def batches_per_epoch(self) -> int:
        return -(-self.sequences.sequences // self._size)

    def batch(self, number: int, start: int, stop: int) -> Batch:
        """Steps first, then sequences: what is copied is never longer than a segment."""
        part = self.sequences
        if stop - start < part.steps:
            part = part.steps_between(start, stop, self.readout)
        rows = self._rows(*divmod(number, self.batches_per_epoch))
        return part if rows is None else part.take(rows, self.readout)

    def _rows(self, epoch: int, which: int) -> slice | np.ndarray | None:
        """The sequences of a batch: None for all of them as they stand."""
        total, size = self.sequences.sequences, self._size
        if self.orders is not None:
            return self.orders(epoch)[:, which * size : (which + 1) * size]
        return None if size == total else slice(which * size, min((which + 1) * size, total))


@dataclass(frozen=True)
class Endless(Source):
    """Fresh sequences for every update and every model: no sequence is seen twice.

    Attributes
    ----------
    sequences : Batch
        Some of them, without a model axis: for those who look at a few.
    readout, batch_size, tbptt_steps
        See :class:`Source`.
    draw : function of (model, number)
        The batch `number`, counted from 0, of one model, without a model axis; it may have fewer steps than the longest
        where lengths differ.
    models : int
        R.
    longest : int
        Steps of the longest sequence that there can be.
    batches_per_epoch : int
        There are no epochs; what is recorded once in an epoch is recorded once in so many batches.

    Raises
    ------
    ValueError
        As :class:`Sampling`.
    """

    has_epochs: ClassVar[bool] = False

    sequences: Batch
    readout: str
    batch_size: int
    draw: Draw
    models: int
    longest: int
    batches_per_epoch: int = 1
    tbptt_steps: int | None = None
    stateful: bool = field(default=False, init=False)
    _kept: dict[int, Batch] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check_truncation(self)

    @property
    def steps(self) -> int:
        return self.longest

    def batch(self, number: int, start: int, stop: int) -> Batch:
        whole = self._whole(number)
        return whole if stop - start == whole.steps else whole.steps_between(start, stop, self.readout)

    def _whole(self, number: int) -> Batch:
        """The batch of all models, kept until another is asked for: its segments come one after the other."""
        if number not in self._kept:
            drawn = [self.draw(model, number) for model in range(self.models)]
            self._kept.clear()
            self._kept[number] = stack(drawn, self.longest, self.readout)
        return self._kept[number]


def stack(batches: Sequence[Batch], steps: int, readout: str) -> Batch:
    """Batches of one model each, side by side as one with a model axis, zeros at the steps that they do not have.

    Parameters
    ----------
    batches : sequence of R Batch
        Of the same number of sequences, at most `steps` long.
    steps : int
    readout : str

    Raises
    ------
    ValueError
        For a batch that is longer.
    """
    if max(batch.steps for batch in batches) > steps:
        longest = max(batch.steps for batch in batches)
        raise ValueError(f"Fresh sequences must have at most the {steps} steps of the longest; got {longest}.")

    def padded(array: np.ndarray) -> np.ndarray:
        rest = [(0, steps - len(array)), *[(0, 0)] * (array.ndim - 1)]
        return np.pad(array, rest) if len(array) < steps else array

    def side_by_side(arrays: list[np.ndarray | None]) -> np.ndarray | None:
        """Targets or weights: of every step, or of the last alone."""
        kept = [array for array in arrays if array is not None]
        if not kept:
            return None
        return np.stack([padded(one) for one in kept], axis=1) if readout == "every" else np.stack(kept)

    ragged = any(batch.lengths is not None or batch.steps < steps for batch in batches)
    lengths = [np.full(b.sequences, b.steps) if b.lengths is None else b.lengths for b in batches]
    return Batch(
        np.stack([padded(batch.inputs) for batch in batches], axis=1),
        side_by_side([batch.targets for batch in batches]),
        np.stack(lengths) if ragged else None,
        per_model=True,
        weights=side_by_side([batch.weights for batch in batches]),
        ignored=batches[0].ignored,
    )


def _check_truncation(source: Source) -> None:
    if source.tbptt_steps is not None and source.readout == "last" and source.sequences.lengths is not None:
        raise ValueError("Sequences of different lengths cannot be truncated where the output is at the last step.")
