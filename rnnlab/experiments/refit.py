"""`training.refit: all`: the networks are trained once more, on all rows, when they have been tested.

Model r starts from the initial parameters of its seed and makes as many updates as led to its tested parameters, with
the learning rates of the same updates; scalings are fitted on all rows. Nothing is held out, so nothing is measured.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from threadpoolctl import threadpool_limits

from rnnlab.engine.training import Training, Update
from rnnlab.errors import RunFolderError
from rnnlab.experiments.reports import Progress
from rnnlab.experiments.restoring import restore
from rnnlab.experiments.setup import build_setup, start_training
from rnnlab.experiments.watch import Watch
from rnnlab.runs import RunStore
from rnnlab.runs.checkpoints import Checkpoint
from rnnlab.runs.schema import REFIT
from rnnlab.tasks.forecast.learned import LEARNED, Learned
from rnnlab.tasks.task import Task
from rnnlab.words import count

KEPT = 2  # checkpoints: the newest, and one in case that is damaged
LAST = 10  # updates before the end at which there is a checkpoint, so that `rnnlab verify` can repeat the others
LOST = "refit.lost"  # array of a checkpoint: models that diverged


class Refitting:
    """A training on all rows that stops each model after its own number of updates.

    Parameters
    ----------
    config : Config
    everything : Task
        All rows (`Task.refit`).
    first : Training
        Of the tested networks, at its end.
    diverged : iterable of int
        Places of the models that it lost.

    Attributes
    ----------
    training : Training
    updates : (R,)
        That each model is to make.
    gone : (R,) bool
        Models that diverged in the first training: they are not trained again.
    lost : (R,) bool
        These, and those that diverged here.
    plan : dict
        What all of it follows from besides config and data: checkpoints of another plan are of no use.
    """

    def __init__(self, config, everything: Task, first: Training, diverged: Iterable[int]) -> None:
        whole = config.model_copy(update={"training": config.training.model_copy(update={"early_stopping": None})})
        setup = replace(build_setup(whole, everything), updates=first.updates)
        self._fresh: Callable[[], Training] = lambda: start_training(whole, setup)
        self.updates = first.updates_of_result
        self.gone = np.isin(np.arange(len(self.updates)), list(diverged))
        self.updates[self.gone] = 0
        self.plan = {"total": first.updates, "updates": self.updates.tolist()}
        self.restart()

    @property
    def end(self) -> int:
        """The update after which every model is trained."""
        return int(self.updates.max())

    def restart(self) -> None:
        """Go back to the initial parameters."""
        self.training, self.lost = self._fresh(), self.gone.copy()

    def restore(self, found: Checkpoint) -> None:
        """Take up what a checkpoint of this plan holds; a RunFolderError where that is not what it should be."""
        training = self._fresh()
        restore(found, training, [])
        lost = found.arrays.get(LOST)
        if lost is None or lost.shape != self.lost.shape or lost.dtype != bool or training.done > self.end:
            raise RunFolderError(f"The checkpoint {REFIT}/{found.path.stem} is not one of this training.")
        self.training, self.lost = training, lost.copy()

    def advance(self) -> Iterator[Update]:
        """Make the updates that are left, one by one."""
        training = self.training
        training.active &= self.updates > training.done
        for update in training:
            self.lost[list(update.diverged)] = True
            training.active &= self.updates > training.done
            if training.ended:
                lost = ~np.isfinite(training.theta).all(axis=1)  # by a last update, which no other looks at
                self.lost |= lost
                training.theta[lost] = self._fresh().theta[lost]
            yield update

    def state(self) -> dict[str, np.ndarray]:
        """The arrays of a checkpoint."""
        return self.training.state() | {LOST: self.lost.copy()}


@dataclass(frozen=True)
class Refitted:
    """What came of it.

    Attributes
    ----------
    record : mapping
        The entry `refit` of run.json: checkpoint, rows, updates and the models that diverged, by seed.
    sentence : str
    """

    record: Mapping[str, object]
    sentence: str


def refit(
    config, task: Task, first: Training, run: RunStore, watch: Watch, should_stop: Callable[[], bool]
) -> Refitted | None:
    """Train on all rows, from the newest checkpoint of this refit where there is one.

    Parameters
    ----------
    config : Config
    task : Task
        The one that the networks were tested on.
    first : Training
        Of the tested networks, at its end.
    run : RunStore
        Gets `checkpoints/refit/`, and in `task.json` what is learned of all rows.
    watch : Watch
    should_stop : callable
        Asked after every update; True keeps the state in a checkpoint.

    Returns
    -------
    Refitted or None
        None where it was stopped before its end.
    """
    everything = task.refit()
    refitting = Refitting(config, everything, first, watch.divergence.diverged)
    saved = _Saved(refitting, run, config.training.checkpoint, _take_up(refitting, run, watch))
    began = time.monotonic()
    with threadpool_limits(limits=1, user_api="blas"):
        for update in refitting.advance():
            if refitting.training.ended:
                break
            _tell(watch, update.number, refitting.end, time.monotonic() - began)
            stops = should_stop()
            if stops or update.number == refitting.end - LAST or saved.is_due(update.number):
                saved.save()
            if stops:
                return None
    saved.end()
    run.write_json(LEARNED, {**task.learned, REFIT: dict(everything.learned)})
    return _result(config.seeds, everything, refitting, saved.newest, watch)


def theta_of(run: RunStore, like: np.ndarray) -> np.ndarray:
    """Parameters of the networks that were trained on all rows, NaN for those that diverged.

    Parameters
    ----------
    run : RunStore
        Of which run.json has an entry `refit`.
    like : array of shape (R, P)
        Parameters of the tested ones.

    Raises
    ------
    RunFolderError
        The checkpoint that run.json names is gone, or damaged.
    """
    name = str((run.record.refit or {}).get("checkpoint"))
    found = run.read_checkpoint(name, REFIT, {"theta": np.zeros_like(like), LOST: np.zeros(len(like), bool)})
    theta = found.arrays["theta"].copy()
    theta[found.arrays[LOST]] = np.nan
    return theta


def learned_of(run: RunStore) -> Learned:
    """What these networks learned of the data besides their parameters.

    Raises
    ------
    RunFolderError
        `task.json` does not hold it, or is damaged.
    """
    content = run.read_json(LEARNED).get(REFIT)
    if not isinstance(content, Mapping):
        raise RunFolderError(f"{LEARNED} does not hold what they learned of the data besides.")
    return Learned.of(content, LEARNED)


def is_lost(run: RunStore) -> bool:
    """Whether run.json says that there are networks of all rows, and what they learned cannot be read."""
    if run.record.refit is None:
        return False
    try:
        tested = run.latest_checkpoint()
        if tested is None:  # nothing is left to go on from
            return False
        theta_of(run, tested.arrays["theta"])
        learned_of(run)
    except (RunFolderError, KeyError):
        return True
    return False


class _Saved:
    """The checkpoints of a refit."""

    def __init__(self, refitting: Refitting, run: RunStore, section, newest: str) -> None:
        self._refitting, self._run, self._section = refitting, run, section
        self._at, self._kept = time.monotonic(), refitting.training.done
        self.newest = newest

    def is_due(self, update: int) -> bool:
        every, seconds = self._section.updates, self._section.seconds
        if every is not None:
            return update % every == 0
        return seconds is not None and time.monotonic() - self._at >= seconds

    def save(self) -> None:
        metadata = {"update": self._refitting.training.done, "plan": self._refitting.plan}
        self.newest = self._run.save_checkpoint(self._refitting.state(), metadata, REFIT).stem
        self._run.keep_checkpoints(KEPT, best=False, part=REFIT)
        self._at, self._kept = time.monotonic(), self._refitting.training.done

    def end(self) -> None:
        """Keep the end, where the newest checkpoint is not of it already."""
        if not self.newest or self._kept != self._refitting.training.done:
            self.save()


def _take_up(refitting: Refitting, run: RunStore, watch: Watch) -> str:
    """Go on from the newest good checkpoint of this plan, whose name is returned.

    Where there is none, from the start, with an empty folder and no name.
    """

    def restored(found: Checkpoint) -> None:
        if found.metadata.get("plan") == refitting.plan:
            refitting.restore(found)

    try:
        found = run.latest_checkpoint(restored, REFIT)
    except RunFolderError as error:
        watch.warnings.warn(f"The training on all rows starts over: {error.message}")
        found = None
    if found is None or found.metadata.get("plan") != refitting.plan:  # that of a training that was lengthened since
        refitting.restart()
        run.cut_checkpoints(None, REFIT)
        return ""
    if found.skipped:
        run.cut_checkpoints(found, REFIT)
    for sentence in found.skipped:
        watch.warnings.warn(sentence)
    return found.path.stem


def _result(seeds, everything: Task, refitting: Refitting, checkpoint: str, watch: Watch) -> Refitted:
    rows = int(everything.learned["rows"])  # type: ignore[call-overload]
    lost = [seed for seed, gone in zip(seeds, refitting.lost & ~refitting.gone, strict=True) if gone]
    if lost:
        watch.warnings.warn(
            f"On all rows, {count(len(lost), 'seed')} of {len(seeds)} diverged: `rnnlab forecast` does without."
        )
    made = refitting.updates[refitting.updates > 0]
    low, high = int(made.min()), int(made.max())
    updates = count(high, "update") if low == high else f"{low:,} to {high:,} updates"
    record = {
        "checkpoint": checkpoint,
        "rows": rows,
        "updates": {str(seed): of for seed, of in zip(seeds, refitting.updates.tolist(), strict=True)},
        "diverged": lost,
    }
    use = "uses these networks, which no test measures"
    if refitting.lost.all():
        use = "uses the tested networks, since all of these diverged"
    return Refitted(record, f"Trained once more on all {rows:,} rows, for {updates}: `rnnlab forecast` {use}.")


def _tell(watch: Watch, update: int, end: int, elapsed: float) -> None:
    if watch.tell is not None:
        nothing, words = float("nan"), f"on all rows: update {update} of {end}"
        elapsed += watch.recorder.seconds
        watch.tell(Progress(update, end, 1, 1, nothing, nothing, 0.0, elapsed, words=words))
