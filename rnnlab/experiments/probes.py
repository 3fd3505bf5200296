"""The few sequences on which a network is looked at: their gradients by lag, their Jacobians."""

import numpy as np

from rnnlab.engine.architecture import Architecture
from rnnlab.engine.batch import Batch
from rnnlab.engine.network import States
from rnnlab.engine.sampling import Source
from rnnlab.engine.shards import Shard
from rnnlab.engine.training import Training

# A few sequences show what gradients do; all of a large batch would cost more than the training itself.
SEQUENCES = 4


def top(architecture: Architecture) -> int:
    """Index of the recurrence that is looked at: the top layer's, forward in time."""
    return len(architecture.recurrences()) - architecture.directions


def probe(sampling: Source, sequences: int = SEQUENCES) -> Batch:
    """The first few of the training sequences that have all steps, without a model axis."""
    everything = sampling.sequences
    size = min(sequences, sampling.batch_size or sequences, everything.sequences)
    if everything.lengths is None:
        return everything.take(slice(0, size), sampling.readout)
    longest = int(everything.lengths.max())
    rows = np.flatnonzero(everything.lengths == longest)[:size]
    last = sampling.readout == "last"
    targets = everything.targets
    assert targets is not None
    targets, weights = (
        None if array is None else array[rows] if last else array[:longest, rows]
        for array in (targets, everything.weights)
    )
    return Batch(everything.inputs[:longest, rows], targets, weights=weights, ignored=everything.ignored)


def looked_at(sampling: Source) -> str:
    """Which sequences `probe` takes: "the first 4 training sequences"."""
    few, kind = probe(sampling).sequences, "training" if sampling.has_epochs else "fresh"
    ragged = sampling.sequences.lengths is not None
    which = f"of the longest {kind} sequences" if ragged else f"{kind} sequence{'s' * (few > 1)}"
    return f"the first {f'{few} ' * (few > 1)}{which}" if sampling.has_epochs else f"{few} {which}"


def long_probe(sampling: Source, steps: int) -> Batch | None:
    """At least so many steps of the stream that the training sequences make up; None where they make up none."""
    everything, streams = sampling.sequences, sampling.batch_size or 1
    if not sampling.stateful or everything.lengths is not None:
        return None
    chunks = everything.inputs[:, ::streams][:, : -(-steps // everything.steps)]
    return Batch(np.concatenate(list(np.moveaxis(chunks, 1, 0)))[:, None])


def next_batch(training: Training) -> tuple[Batch, States | None]:
    """A few sequences of the next update's batch, and the states that they start from.

    Lags are counted from the last step, which sequences of different lengths do not share: where there are such, the
    same few of the longest ones are looked at each time, in the segment of the update.
    """
    minibatch, sampling = training.sampling.minibatch(training.done), training.sampling
    if sampling.sequences.lengths is not None or minibatch.batch.lengths is not None:
        longest, (start, stop) = probe(sampling), sampling.span(training.done)
        states = None
        if start:
            _, states = training.network.outputs(training.theta, longest.steps_between(0, start, sampling.readout))
        return longest.steps_between(start, min(stop, longest.steps), sampling.readout), states
    states = minibatch.initial_states(training.network, training.theta, training.states)
    few = slice(0, min(SEQUENCES, minibatch.batch.sequences))
    batch = minibatch.batch.cut(Shard(None, few), training.sampling.readout)
    return batch, None if states is None else [[state[:, few] for state in layer] for layer in states]
