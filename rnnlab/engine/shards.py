"""A large computation cut into shards of models and sequences that fit the caches, handed to threads.

Where the cuts lie depends on the shapes alone, never on the number of threads, and partial sums are added in the order
of the shards: the result is the same bit for bit on one thread or sixteen. NumPy releases the interpreter's lock inside
its operations, so shards of large operations run side by side.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np

# Measured on two cores with 2 MiB of cache each: the knee is flat between half and double these values. What a smaller
# shard gains in the caches it loses in calls: a shard has a call for each operation of each step.
SHARD_BYTES = 8 << 20  # of one model; of an ensemble, whose operations are long anyway, half of it
LEAST_SEQUENCES = 64  # that are kept together whatever they take: threads that meet at every few microseconds lose
SPLIT_STEP_WORK = 2_000_000  # multiplications a step from which half a shard keeps a thread busy

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True)
class Shard:
    """A range of models and a range of sequences. `models` is None where there is no model axis."""

    models: slice | None
    sequences: slice

    @property
    def which(self) -> slice | int:
        """Index on the model axis: a single model is taken without the axis, for the lone model's faster products."""
        models = self.models or slice(None)
        return models.start if models.stop == models.start + 1 else models

    def whole_model_axis(self) -> bool:
        """Whether the shard's results have the model axis of the parameters."""
        return self.models is None or not isinstance(self.which, int)


def plan(models: int | None, sequences: int, bytes_per_sequence: int, step_work_per_sequence: int) -> list[Shard]:
    """Cut models x sequences into shards, an even number of them where there are several.

    Parameters
    ----------
    models : int or None
        Length of the model axis, None without one.
    sequences : int
        Batch size, B.
    bytes_per_sequence : int
        Bytes that one sequence of one model needs for its whole pass.
    step_work_per_sequence : int
        Multiplications of one step of one sequence.
    """
    fits = max(1, SHARD_BYTES // bytes_per_sequence)
    if models is None or fits < 4 * sequences:
        pieces = math.ceil(sequences / max(fits, LEAST_SEQUENCES))
        large = sequences >= LEAST_SEQUENCES and sequences * step_work_per_sequence >= SPLIT_STEP_WORK
        if models is None and pieces == 1 and large:
            pieces = 2
        rows = _even(sequences, pieces)
        which = [None] if models is None else [slice(m, m + 1) for m in range(models)]
        return [Shard(m, r) for m in which for r in rows]
    group = fits // (2 * sequences)
    return [Shard(m, slice(0, sequences)) for m in _even(models, math.ceil(models / group))]


def run(work: Callable[[T], U], items: Sequence[T], executor: ThreadPoolExecutor | None) -> Iterable[U]:
    """`work` on every item, results in the items' order; on the executor's threads where there are several."""
    if executor is None or len(items) == 1:
        return map(work, items)
    # A thread starts without the caller's context, to which NumPy's handling of overflow belongs.
    pending = [executor.submit(copy_context().run, work, item) for item in items]
    return (future.result() for future in pending)


def assemble(parts: Sequence[np.ndarray], shards: Sequence[Shard], *, ensemble: bool, time: bool) -> np.ndarray:
    """The shards' arrays ([T,] [models,] sequences, F) as one array over all models and sequences."""
    first = parts[0]
    if len(parts) == 1 and first.ndim == time + ensemble + 2:
        return first
    models = (max(shard.models.stop for shard in shards if shard.models),) if ensemble else ()
    whole = np.empty(
        (*first.shape[:time], *models, max(b.sequences.stop for b in shards), first.shape[-1]), first.dtype
    )
    for shard, part in zip(shards, parts, strict=True):
        index = (slice(None),) * time + ((shard.which,) if ensemble else ()) + (shard.sequences,)
        whole[index] = part
    return whole


def _even(total: int, pieces: int) -> list[slice]:
    """range(total) in contiguous pieces, an even number of them or one, whose sizes differ by at most one."""
    pieces = min(pieces + (pieces > 1 and pieces % 2), total)
    cuts = [round(total * k / pieces) for k in range(pieces + 1)]
    return [slice(a, b) for a, b in pairwise(cuts)]
