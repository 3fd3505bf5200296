"""The networks of a run that forecast: those that were tested, and those that were trained once more on all rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rnnlab.config import load
from rnnlab.config.schema.series import SeriesData
from rnnlab.data.missing import filled
from rnnlab.data.series import Series
from rnnlab.engine.network import Network
from rnnlab.errors import RunFolderError
from rnnlab.experiments.refit import learned_of, theta_of
from rnnlab.experiments.setup import Sizes, architecture_of
from rnnlab.experiments.trained import Trained, config_file, diverged_places
from rnnlab.files import name_of
from rnnlab.runs import RunFolder, RunStore, checkpoints
from rnnlab.runs.schema import REFIT, TRAIN
from rnnlab.tasks.forecast.ahead import Forecaster
from rnnlab.tasks.forecast.learned import LEARNED, Learned, columns_read
from rnnlab.tasks.forecast.outlook import Fitted


@dataclass(frozen=True, eq=False)
class Networks:
    """Models of one training, and what it learned of the data besides.

    Attributes
    ----------
    theta : (R, P)
        NaN for models that diverged.
    learned : Learned
    """

    theta: np.ndarray
    learned: Learned

    @property
    def alive(self) -> int:
        """How many have not diverged."""
        return int(np.isfinite(self.theta).all(axis=1).sum())

    def before(self, series: Series, network: Network, missing: Any) -> Fitted:
        """These models, and the columns that they read, filled in as `missing` says and their training would have."""
        encoding, known = self.learned.encoding, self.learned.known(series)
        return Fitted(
            Forecaster(network, self.theta, encoding, self.learned.lookback),
            {name: filled(values, missing, known) for name, values in columns_read(series, encoding).items()},
            known,
        )


@dataclass(frozen=True, eq=False)
class Loaded:
    """A run of `rnnlab train` on a series, as far as a forecast needs it.

    Attributes
    ----------
    store : RunStore
    config : Config
    checkpoint : str
        Of those that forecast.
    tested : Networks
    refit : Networks or None
        Those that were trained on all rows.
    lost : str or None
        Why there is no `refit` where there should be.
    warnings : list of str
    """

    store: RunStore
    config: Any
    checkpoint: str
    tested: Networks
    refit: Networks | None
    lost: str | None
    warnings: list[str]

    @property
    def used(self) -> Networks:
        """Those that forecast."""
        return self.refit or self.tested


def load_networks(run: Path | Trained) -> Loaded:
    """Neither the data of the training nor its state is needed: the file may have grown since, or be gone.

    Raises
    ------
    RunFolderError
        The run forecasts no series, or its parameters cannot be read.
    """
    if isinstance(run, Trained):
        config, name, theta = _on_a_series(run.config, run.record.name), run.record.name, run.theta.copy()
        theta[run.diverged] = np.nan
        tested = Networks(theta, _learned(run.store, name))
        return _with_refit(run.store, config, run.checkpoint, tested, run.warnings)
    store = RunFolder.open(run)
    if store.record.verb != TRAIN:
        raise RunFolderError(f"'{name_of(run)}' must be a run of `rnnlab train`; it is a sweep.")
    config: Any = _on_a_series(load(config_file(run)), name_of(run))
    learned = _learned(store, name_of(run))
    sizes = Sizes(learned.encoding.features, learned.encoding.targets)
    size = architecture_of(config, sizes).layout().size
    like = {"theta": np.zeros((len(config.seeds), size), config.model.dtype)}
    found = checkpoints.latest(run / "checkpoints", like)
    if found is None:
        raise RunFolderError(f"'{name_of(run)}' has no checkpoint.", hint="Train it again, or name another run.")
    theta = found.arrays["theta"].copy()
    theta[diverged_places(store.record, config.seeds, found.metadata.get("update", 0))] = np.nan
    return _with_refit(store, config, found.path.stem, Networks(theta, learned), found.skipped)


def _with_refit(store: RunStore, config: Any, checkpoint: str, tested: Networks, warnings: Sequence[str]) -> Loaded:
    """With the networks of all rows, where there are some."""
    if store.record.refit is None:
        lost = None
        if config.training.refit == "all":
            why = "the training on all rows has not come to its end"
            lost = f"The networks of training.refit do not forecast: {why}."
        return Loaded(store, config, checkpoint, tested, None, lost, [*warnings])
    try:
        refit = Networks(theta_of(store, tested.theta), learned_of(store))
    except RunFolderError as error:
        lost = f"The tested networks forecast, since those of all rows cannot be read: {error.message}"
        return Loaded(store, config, checkpoint, tested, None, lost, [*warnings])
    if not refit.alive:
        diverged = "The tested networks forecast, since every one that was trained on all rows diverged."
        return Loaded(store, config, checkpoint, tested, None, None, [*warnings, diverged])
    name = f"{REFIT}/{store.record.refit['checkpoint']}"
    return Loaded(store, config, name, tested, refit, None, [*warnings])


def _on_a_series(config: Any, name: str) -> Any:
    if not isinstance(config.data, SeriesData):
        raise RunFolderError(
            f"'{name}' forecasts no series: its data are of kind {config.data.kind}.",
            hint="`rnnlab runs --where kind=csv` lists runs that do.",
        )
    return config


def _learned(store: RunStore, name: str) -> Learned:
    """Of the tested networks."""
    if not store.has(LEARNED):
        raise RunFolderError(
            f"'{name}' has no {LEARNED}, which holds the scaling of its data.",
            hint="It is of an earlier version, or was damaged: train it again.",
        )
    return Learned.of(store.read_json(LEARNED), f"{name}/{LEARNED}")
