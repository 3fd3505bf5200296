"""Gradients by lag while a training runs, and the rows of `gradient_flow.csv`."""

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from rnnlab.dynamics.diagnostics import Flow, take_flow
from rnnlab.engine.network import Loss
from rnnlab.engine.training import Training
from rnnlab.errors import RunFolderError
from rnnlab.experiments.drawing import Figures
from rnnlab.experiments.observers import Observer
from rnnlab.experiments.probes import next_batch, probe, top
from rnnlab.runs import RunStore
from rnnlab.runs.spool import Spool

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from rnnlab.experiments.setup import Setup

# What is kept of a long training for its plot, whose heat map has 800 columns.
MOST_LOOKS, LEAST_LOOKS = 1600, 16
MOST_NUMBERS = 1 << 21


def look(training: Training, loss: Loss, every: int) -> Flow | None:
    """Gradients by lag of the update that the training makes next, for the models that still move.

    Parameters
    ----------
    training : Training
    loss : function
        One of `rnnlab.engine.losses`.
    every : int
        Updates between two looks, the first at update 1; None where none is due, as with 0, and where the update works
        on steps that no sequence to look at has.
    """
    if not every or training.done % every or training.ended:
        return None
    batch, states = next_batch(training)
    if not batch.steps:
        return None
    network = training.network
    flow = take_flow(network, training.theta, batch, loss, states=states, recurrence=top(network.architecture))
    still = ~training.active
    for norms in (flow.transport, flow.jacobian, flow.total):
        norms[still] = np.nan
    return flow


class FlowLog:
    """Keeps every look, in memory that does not grow with their number.

    Parameters
    ----------
    loss : function
        One of `rnnlab.engine.losses`.
    every : int
        Updates between two looks, the first at update 1.
    folder : Path
        The run folder.

    Attributes
    ----------
    updates : sequence of int
        Numbers of the updates that were looked at, counted from 1.
    """

    def __init__(self, loss: Loss, every: int, folder: Path) -> None:
        self._loss, self._every, self._spool = loss, every, Spool(folder)
        self.updates = array("q")

    def look(self, training: Training) -> None:
        """Measure the update that the training makes next, if one is due."""
        flow = look(training, self._loss, self._every)
        if flow is not None:
            self.updates.append(training.done + 1)
            self._spool.append(np.stack([flow.transport, flow.jacobian, flow.total]))

    @property
    def flows(self) -> Iterator[Flow]:
        """Every look."""
        return (Flow(*norms) for norms in self._spool)


class Looks:
    """The transport of the looks that the plot of a training shows.

    Its memory is bounded: every look is kept while they are few, then every second one, every fourth, ..., and the
    newest.

    Attributes
    ----------
    updates : list of int
        Numbers of the updates whose transport is kept.
    """

    def __init__(self) -> None:
        self._count, self._stride = 0, 1
        self.updates: list[int] = []
        self._transport: list[np.ndarray] = []  # of each of `updates`

    def add(self, update: int, transport: np.ndarray) -> None:
        """Take a look in, transport (R, T)."""
        if self._count and (self._count - 1) % self._stride:  # the newest so far was kept for being the newest alone
            del self.updates[-1], self._transport[-1]
        self.updates.append(update)
        self._transport.append(transport)
        self._count += 1
        most = min(MOST_LOOKS, max(LEAST_LOOKS, MOST_NUMBERS // transport.size))
        if len(self.updates) > most and (self._count - 1) % self._stride == 0:
            newest = (self.updates[-1], self._transport[-1])
            self.updates, self._transport = self.updates[::2], self._transport[::2]
            self._stride *= 2
            if (self._count - 1) % self._stride:
                self.updates.append(newest[0])
                self._transport.append(newest[1])

    @property
    def transport(self) -> np.ndarray:
        """Of the looks at `updates`: (R, looks, T); NaN beyond the steps of a shorter one."""
        return _side_by_side(self._transport)

    def state(self) -> dict[str, np.ndarray]:
        """Everything it holds."""
        held = {"looks": np.array(self._count), "stride": np.array(self._stride)}
        kept = {"updates": np.array(self.updates), "transport": self.transport} if self.updates else {}
        return held | kept

    def restore(self, held: Mapping[str, np.ndarray]) -> None:
        """Continue from a `state`."""
        if held:
            self._count, self._stride = int(held["looks"]), int(held["stride"])
        if "updates" in held:
            self.updates = held["updates"].tolist()
            self._transport = list(np.moveaxis(held["transport"], 1, 0).copy())


class FlowTable(Observer):
    """Writes `gradient_flow.csv` as it goes, every look of it, and keeps the `looks` of its plot.

    Parameters
    ----------
    config : Config
        `training.log_gradient_flow_every` says how often to look.
    loss : function
    run : RunStore
    """

    name = "gradient_flow"

    def __init__(self, config, loss: Loss, run: RunStore) -> None:
        self._loss, self._every = loss, config.training.log_gradient_flow_every
        self.tables = ("gradient_flow.csv",) if self._every else ()
        self._seeds, self._run = config.seeds, run
        self.looks = Looks()

    def before_update(self, training: Training) -> None:
        flow = look(training, self._loss, self._every)
        if flow is None:
            return
        columns = flow_columns(self._seeds, [training.done + 1], [flow])
        self._run.append_columns("gradient_flow.csv", columns)
        if len(columns["lag"]):
            self.looks.add(training.done + 1, in_table(flow))

    def state(self) -> dict[str, np.ndarray]:
        return self.looks.state()

    def restore(self, held: Mapping[str, np.ndarray]) -> None:
        self.looks.restore(held)


def flow_figures(config, looks: Callable[[], Looks], *, ragged: bool) -> Figures:
    """File name -> what draws the figure of a training that looked at its gradients.

    Parameters
    ----------
    config : Config
    looks : function
    ragged : bool
        Whether the sequences differ in length, so that some of the longest were looked at.
    """
    return {"gradient_flow.png": lambda: _draw(config, looks(), ", longest sequences" * ragged)}


def _draw(config, looks: Looks, which: str) -> "Figure":
    from rnnlab.plots.gradient_flow import gradient_flow

    if not looks.updates:
        raise RunFolderError("gradient_flow.csv has no rows.")
    transport = looks.transport
    title = f"{config.name}: gradient flow through time{which}"
    return gradient_flow(looks.updates, np.arange(transport.shape[-1]), transport, title=title)


def flow_of(setup: "Setup", theta: np.ndarray, seeds: Sequence[int]) -> dict[str, np.ndarray]:
    """Gradients by lag of the networks with the parameters theta (R, P) on the first training sequences (`probe`).

    Returns
    -------
    dict of str to (R T,) array
        ``seed``, ``lag``, ``transport``, ``jacobian``, ``total``, as in `gradient_flow.csv`.
    """
    network = setup.network
    flow = take_flow(network, theta, probe(setup.sampling), setup.loss, recurrence=top(network.architecture))
    columns = flow_columns(seeds, [0], [flow])
    return {name: values for name, values in columns.items() if name != "update"}


def _side_by_side(curves: Sequence[np.ndarray]) -> np.ndarray:
    """Curves (R, T) of different lengths as (R, curves, longest), NaN beyond their ends."""
    longest = max(curve.shape[-1] for curve in curves)
    together = np.full((len(curves[0]), len(curves), longest), np.nan)
    for place, curve in enumerate(curves):
        together[:, place, : curve.shape[-1]] = curve
    return together


def in_table(flow: Flow) -> np.ndarray:
    """The transport as `gradient_flow.csv` has it, (R, T): NaN where there is no row."""
    return np.where(np.isnan(flow.total), np.nan, flow.transport)


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
