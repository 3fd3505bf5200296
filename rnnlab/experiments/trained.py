"""A run of `rnnlab train` loaded again: its config, its data, its parameters before and after training."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rnnlab.config import load
from rnnlab.errors import RunFolderError
from rnnlab.experiments.needs import missing_packages
from rnnlab.experiments.setup import Setup, build_setup, check_network
from rnnlab.files import name_of
from rnnlab.printable import shortened
from rnnlab.runs import RunFolder, RunStore, checkpoints
from rnnlab.runs.files import reading
from rnnlab.runs.find import newest_first
from rnnlab.runs.schema import SWEEP_RHO, TRAIN, RunRecord
from rnnlab.tasks.task import Task, build_task

SHOWN = 12  # names of checkpoints in a message


@dataclass(frozen=True)
class Trained:
    """A run with its networks: of one that has just ended, or loaded again.

    Attributes
    ----------
    store : RunStore
        The run folder, or the run in memory.
    config : Config
    task : Task
    setup : Setup
        Its `theta` (R, P) are the parameters before training, drawn again from the seeds.
    theta : (R, P)
        Parameters of the checkpoint.
    update : int
        Updates that were made when the checkpoint was written.
    checkpoint : str
        Its name.
    warnings : tuple of str
    """

    store: RunStore
    config: object
    task: Task
    setup: Setup
    theta: np.ndarray
    update: int
    checkpoint: str
    warnings: tuple[str, ...] = ()

    @property
    def run(self) -> Path | None:
        """The run folder; None for a run in memory."""
        return self.store.path

    @property
    def record(self) -> RunRecord:
        """The content of run.json."""
        return self.store.record

    @property
    def diverged(self) -> list[int]:
        """Places of the models that had diverged when the checkpoint was written: `theta` has what came before."""
        return diverged_places(self.record, self.config.seeds, self.update)  # type: ignore[attr-defined]


def load_run(run: Path, checkpoint: str | None = None) -> Trained:
    """Read a run and build its network and data again.

    Parameters
    ----------
    run : Path
        A run folder.
    checkpoint : str, optional
        Number or name of a checkpoint, such as 3 or 0003; the newest that is whole if left out.

    Raises
    ------
    RunFolderError
        If it is no run of `rnnlab train`, needs a package that is not installed, or has no such checkpoint.
    ConfigError, DataError
        If its config or its data can no longer be read.
    """
    store = RunFolder.open(run)
    record = store.record
    if record.verb == SWEEP_RHO:
        latest = latest_training(run.parent)
        other = "`rnnlab train CONFIG` makes a run to inspect"
        if latest:
            other = f"the latest run of train is {latest}: `rnnlab inspect {latest}`"
        raise RunFolderError(
            f"'{name_of(run)}' must be a run of `rnnlab train`; it is a sweep, which keeps no parameters.",
            hint=f"Its measurements are in results.csv and summary.json; {other}.",
        )
    if needed := missing_packages(record):
        raise RunFolderError(f"'{name_of(run)}' needs {needed}.", hint="Install it.")
    config = load(config_file(run))
    task = build_task(config)
    check_network(config, task)
    setup = build_setup(config, task)
    found = _checkpoint(run, checkpoint, {"theta": setup.theta})
    warnings = list(found.skipped)
    old, new = record.data and record.data.sha256, task.record.get("sha256")
    if old != new:
        warnings.append("The data are not those of the training any more: their sha256 differs.")
    update = found.metadata.get("update", 0)
    theta = found.arrays["theta"]
    return Trained(store, config, task, setup, theta, update, found.path.stem, tuple(warnings))


def config_file(run: Path) -> Path:
    """The config.yaml of a run, a regular file: a pipe in its place would be waited for.

    Raises
    ------
    RunFolderError
        Where there is none.
    """
    with reading(run / "config.yaml"):
        return run / "config.yaml"


def latest_training(runs_dir: Path) -> str | None:
    """The path of the latest run of `rnnlab train` in a folder, as messages name it."""
    found = (one.path for one in newest_first(runs_dir) if one.record is not None and one.record.verb == TRAIN)
    latest = next(found, None)
    return None if latest is None else name_of(latest)


def _checkpoint(run: Path, wanted: str | None, like: dict[str, np.ndarray]) -> checkpoints.Checkpoint:
    folder = run / "checkpoints"
    if wanted is None:
        try:
            latest = checkpoints.latest(folder, like)
        except RunFolderError as error:
            hint = "Config and data must be those of the training; or train it again."
            raise RunFolderError(f"'{name_of(run)}' has no good checkpoint: {error.message}", hint=hint) from error
        if latest is None:
            raise RunFolderError(f"'{name_of(run)}' has no checkpoint.", hint="Train it again, or name another run.")
        return latest
    names = sorted(path.stem for path in folder.glob("*.json"))
    name = wanted.removesuffix(".json").removesuffix(".npz")
    name = name.lstrip("0").rjust(4, "0") if name.isdecimal() else name
    if name not in names:
        there = f"there are {_some(names)}" if names else "there are none"
        raise RunFolderError(
            f"--checkpoint must name a checkpoint of '{name_of(run)}'; got {shortened(wanted)!r}, {there}."
        )
    return checkpoints.load(folder / f"{name}.json", like)


def _some(names: list[str]) -> str:
    return ", ".join(names if len(names) <= SHOWN else [*names[:2], "...", *names[-2:]])


def diverged_places(record: RunRecord, seeds: list[int], update: int) -> list[int]:
    """Places of the models that had diverged after so many updates."""
    ends = record.diverged
    if not isinstance(ends, dict):  # of a sweep, or damaged
        return []
    return [place for place, seed in enumerate(seeds) if update_of(ends.get(str(seed))) <= update]


def update_of(end: object) -> float:
    """The update at which a seed diverged; infinite where run.json says none."""
    update = end.get("update") if isinstance(end, dict) else None
    return update if isinstance(update, (int, float)) else np.inf
