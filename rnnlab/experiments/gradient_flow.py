"""Gradients by lag while a training runs: which sequences are looked at, and the rows of `gradient_flow.csv`."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from rnnlab.dynamics.portrait import Flow, take_flow
from rnnlab.engine.architecture import Architecture
from rnnlab.engine.batch import Batch
from rnnlab.engine.network import Loss, States
from rnnlab.engine.sampling import Sampling
from rnnlab.engine.shards import Shard
from rnnlab.engine.training import Training
from rnnlab.runs import RunFolder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# A few sequences show what gradients do; all of a large batch would cost more than the training itself.
SEQUENCES = 4


class FlowLog:
    """Gradients by lag of the updates to come, every so many updates, for the models that still move.

    Parameters
    ----------
    loss : function
        One of `rnnlab.engine.losses`.
    every : int
        Updates between two looks, the first at update 1; 0 for none.

    Attributes
    ----------
    updates : list of int
        Numbers of the updates that were looked at, counted from 1.
    flows : list of Flow
    """

    def __init__(self, loss: Loss, every: int) -> None:
        self._loss, self._every = loss, every
        self.updates: list[int] = []
        self.flows: list[Flow] = []

    def look(self, training: Training) -> bool:
        """Measure the update that the training makes next, if one is due; True where it was measured."""
        if (
            not self._every
            or training.done % self._every
            or training.done >= training.updates
            or not training.active.any()
        ):
            return False
        batch, states = _next_batch(training)
        network = training.network
        flow = take_flow(
            network, training.theta, batch, self._loss, states=states, recurrence=top(network.architecture)
        )
        still = ~training.active
        for norms in (flow.transport, flow.jacobian, flow.total):
            norms[still] = np.nan
        self.updates.append(training.done + 1)
        self.flows.append(flow)
        return True

    def curve(self, name: str) -> np.ndarray:
        """`transport`, `jacobian` or `total` of every look: (R, looks, T); NaN beyond the steps of a shorter one."""
        curves = [getattr(flow, name) for flow in self.flows]
        longest = max(curve.shape[-1] for curve in curves)
        padded = np.full((len(curves[0]), len(curves), longest), np.nan)
        for place, curve in enumerate(curves):
            padded[:, place, : curve.shape[-1]] = curve
        return padded


class FlowTable(FlowLog):
    """A `FlowLog` that writes `gradient_flow.csv` as it goes, and can draw what it saw.

    Parameters
    ----------
    config : Config
        `training.log_gradient_flow_every` says how often to look.
    loss : function
    run : RunFolder
    """

    def __init__(self, config, loss: Loss, run: RunFolder) -> None:
        super().__init__(loss, config.training.log_gradient_flow_every)
        self._name, self._seeds, self._run = config.name, config.seeds, run

    def look(self, training: Training) -> bool:
        """Measure where a look is due, and append its rows to gradient_flow.csv."""
        looked = super().look(training)
        if looked:
            columns = flow_columns(self._seeds, self.updates[-1:], self.flows[-1:])
            self._run.append_columns("gradient_flow.csv", columns)
        return looked

    def figures(self) -> dict[str, "Callable[[], Figure]"]:
        """File name -> what draws the figure, where there was anything to see."""
        return {"gradient_flow.png": self._draw} if self.updates else {}

    def _draw(self) -> "Figure":
        from rnnlab.plots.gradient_flow import gradient_flow

        curve = self.curve("transport")
        title = f"{self._name}: gradient flow through time"
        return gradient_flow(self.updates, np.arange(curve.shape[-1]), curve, title=title)


def flow_columns(seeds: ArrayLike, updates: Sequence[int], flows: Sequence[Flow]) -> dict[str, np.ndarray]:
    """Rows of `gradient_flow.csv`, a row per look, model and lag; models that stand still have none."""
    seeds, steps = np.asarray(seeds), [flow.transport.shape[-1] for flow in flows]
    columns: dict[str, np.ndarray] = {
        "seed": np.concatenate([np.repeat(seeds, T) for T in steps]),
        "update": np.repeat(np.asarray(updates), [len(seeds) * T for T in steps]),
        "lag": np.concatenate([np.tile(np.arange(T), len(seeds)) for T in steps]),
    }
    for name in ("transport", "jacobian", "total"):
        columns[name] = np.concatenate([getattr(flow, name).ravel() for flow in flows])
    kept = ~np.isnan(columns["total"])
    return columns if kept.all() else {name: values[kept] for name, values in columns.items()}


def top(architecture: Architecture) -> int:
    """Index of the recurrence that is looked at: the top layer's, forward in time."""
    return len(architecture.recurrences()) - architecture.directions


def probe(sampling: Sampling, sequences: int = SEQUENCES) -> Batch:
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
    targets = targets[rows] if last else targets[:longest, rows]
    return Batch(everything.inputs[:longest, rows], targets)


def long_probe(sampling: Sampling, steps: int) -> Batch | None:
    """At least so many steps of the stream that the training sequences make up; None where they make up none."""
    everything, streams = sampling.sequences, sampling.batch_size or 1
    if not sampling.carry_state or everything.lengths is not None:
        return None
    chunks = everything.inputs[:, ::streams][:, : -(-steps // everything.steps)]
    return Batch(np.concatenate(list(np.moveaxis(chunks, 1, 0)))[:, None])


def _next_batch(training: Training) -> tuple[Batch, States | None]:
    """A few sequences of the next update's batch, and the states that they start from."""
    pick = training.sampling.pick(training.done)
    if pick.batch.lengths is not None:
        return probe(training.sampling), None
    states = pick.initial_states(training.network, training.theta, training.states)
    few = slice(0, min(SEQUENCES, pick.batch.sequences))
    batch = pick.batch.cut(Shard(None, few), training.sampling.readout)
    return batch, None if states is None else [[state[:, few] for state in layer] for layer in states]
