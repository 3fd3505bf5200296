"""`rnnlab resume`: a run goes on from its last good checkpoint, to the bytes of one that never stopped."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote

from rnnlab.config import dump, fingerprint, load
from rnnlab.engine.training import Training
from rnnlab.errors import DataError, RunFolderError, UsageError
from rnnlab.experiments.needs import missing_packages
from rnnlab.experiments.observers import Observer
from rnnlab.experiments.observers.observer import PREFIX
from rnnlab.experiments.refit import is_lost
from rnnlab.experiments.reports import Progress, TrainSummary
from rnnlab.experiments.restoring import STARTING_OVER, lengthened_from, restore
from rnnlab.experiments.setup import Setup, build_setup, check_network, schedule_of, start_training
from rnnlab.experiments.sweep.rho import SweepSummary, resume_sweep
from rnnlab.experiments.train import carry_out, failing_well, warn_at_start
from rnnlab.experiments.trained import config_file
from rnnlab.experiments.watch import Watch, check_further, watch
from rnnlab.files import name_of
from rnnlab.plain import timestamp
from rnnlab.printable import shortened
from rnnlab.runs import RunFolder, environment, process
from rnnlab.runs.checkpoints import Checkpoint
from rnnlab.runs.files import reading
from rnnlab.runs.schema import SWEEP_RHO, RunRecord
from rnnlab.runs.trash import running_in
from rnnlab.tasks.task import Task, build_task
from rnnlab.words import count, listed


@dataclass(frozen=True)
class Length:
    """A new total of a training, in epochs or in updates; neither leaves it as it is.

    Raises
    ------
    UsageError
        For both, or a total below 1.
    """

    epochs: int | None = None
    updates: int | None = None

    def __post_init__(self) -> None:
        if self.epochs is not None and self.updates is not None:
            raise UsageError("a new total is given in epochs or in updates; got both.")
        for name, value in vars(self).items():
            if value is not None and value < 1:
                raise UsageError(f"{name} must be a whole number of at least 1; got {value}.")

    def __bool__(self) -> bool:
        return self.epochs is not None or self.updates is not None

    @property
    def overrides(self) -> list[str]:
        """What to set in the config."""
        if not self:
            return []
        written = [f"{name}={'null' if value is None else value}" for name, value in vars(self).items()]
        return [f"training.{one}" for one in written]


def resume(
    run: Path,
    *,
    length: Length = Length(),
    command: list[str],
    on_progress: Callable[[Progress], None] | None = None,
    on_warning: Callable[[str], None] | None = None,
    on_note: Callable[[str], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    observers: Sequence[Observer] = (),
) -> TrainSummary | SweepSummary:
    """Go on with a training or a sweep that was interrupted, lost or failed, or lengthen a training.

    Parameters
    ----------
    run : Path
        The run folder.
    length : Length
        The new total, which stands in config.yaml from then on.
    on_note : callable, optional
        Is told where the run continues.
    command, on_progress, on_warning, should_stop, observers
        As for :func:`rnnlab.experiments.train.train`.

    Raises
    ------
    UsageError
        If there is nothing to do, or the new total is none.
    RunBusyError
        If another process holds the run.
    RunFolderError
        If the run cannot be read or written, its config has changed, or no checkpoint of it is good.
    DataError
        If the data have changed.
    DivergedError
        Where every model diverged.
    """
    check_further(observers)
    with RunFolder.open(run) as store:
        _check_holder(store.record, run)
        store.hold()
        store.refresh()  # as its last holder left it
        _check_status(store, run, length)
        began = _begun(store.record, run)
        elsewhere = _elsewhere(store.record)
        before = load(config_file(run))
        config = load(config_file(run), overrides=length.overrides) if length else before
        if length and config.training.fit.kind != "gradient":
            raise UsageError(f"'{name_of(run)}' was fitted in closed form and cannot be lengthened.")
        task = build_task(config)
        check_same_data(store.record, task, run)
        if store.record.verb == SWEEP_RHO:
            return resume_sweep(store, config, task, command=command, on_progress=on_progress, on_warning=on_warning,
                                on_note=on_note, should_stop=should_stop, notes=elsewhere)  # fmt: skip
        check_network(config, task)
        setup = build_setup(config, task)
        taken = _take_up(config, task, setup, store, length, on_progress, on_warning, observers)
        taken.notes.extend(elsewhere)
        if length:
            _lengthen(taken, before, config, run, length)
        elif began.lengthened is False:
            taken.notes.append("The earlier attempt to lengthen this run was cut short; the old total still holds.")
        elif began.lengthened or lengthened_from(store.record.resumed, taken.training.done):
            taken.training.lengthen()  # which changes nothing that a checkpoint of the longer training holds
        with failing_well(store):
            _begin(store, taken, config, setup, began, length, command, on_note)
            if taken.checkpoint is None:
                warn_at_start(task, setup, taken.watch)
            _go_on(store, taken, lengthens=bool(length or began.lengthened))
            return carry_out(config, task, setup, store, taken.training, taken.watch, should_stop)


@dataclass(frozen=True)
class _TakenUp:
    """A training as a checkpoint left it; None for one that begins anew."""

    training: Training
    watch: Watch
    checkpoint: Checkpoint | None
    notes: list[str]


def _take_up(
    config, task: Task, setup: Setup, store: RunFolder, length: Length, on_progress, on_warning, further
) -> _TakenUp:
    """The training at the newest checkpoint that is good."""

    def fresh() -> _TakenUp:
        watched = watch(config, task, setup, store, on_progress, on_warning, further)
        return _TakenUp(start_training(config, setup), watched, None, [])

    good: list[_TakenUp] = []

    def take_up(found: Checkpoint) -> None:
        taken = fresh()
        _check_tables(found, store, taken.watch)
        restore(found, taken.training, taken.watch.saved)
        if taken.training.done > setup.updates:
            raise _too_short(taken.training, store.path, length, setup.updates)
        good.append(taken)

    try:
        checkpoint = store.latest_checkpoint(take_up)
    except RunFolderError as error:
        hint = f"`rnnlab train {name_of(store.path / 'config.yaml')}` repeats the run from the start."
        raise RunFolderError(f"'{name_of(store.path)}' has no good checkpoint: {error.message}", hint=hint) from error
    taken = good[-1] if checkpoint is not None else fresh()
    return _TakenUp(taken.training, taken.watch, checkpoint, taken.notes)


def _check_tables(found: Checkpoint, store: RunFolder, watched: Watch) -> None:
    """Refuse a checkpoint whose tables are not there to their length."""
    known = {name: observer.name for observer in watched.saved for name in observer.tables}
    sizes = found.metadata.get("tables", {})
    for name, of in known.items():  # an observer that is new has written no rows yet
        if name not in sizes and any(array.startswith(f"{PREFIX}.{of}.") for array in found.arrays):
            raise RunFolderError(
                f"The checkpoint {found.path.stem} is not one of this training: it does not say how long {name} was."
            )
    if unknown := sorted(sizes.keys() - known):
        raise RunFolderError(
            f"The checkpoint {found.path.stem} names tables of another run: {shortened(listed(unknown), 200)}."
        )
    for name, size in sizes.items():
        path = store.path / name
        has = path.stat().st_size if path.is_file() else 0
        if has < size:
            raise RunFolderError(
                f"'{name_of(path)}' has {has:,} bytes and had {shortened(f'{size:,}', 30)} at the checkpoint "
                f"{found.path.stem}: rows are missing."
            )


def _check_holder(record: RunRecord, run: Path) -> None:
    """Refuse a run that another process of this machine is at; in this one, the lock of the run tells."""
    holder = record.process.model_dump() if record.process else {}
    if record.status == "running" and holder.get("pid") != os.getpid() and process.is_alive(holder):
        raise running_in(run, holder["pid"])


def _check_status(store: RunFolder, run: Path, length: Length) -> None:
    """Refuse what is no training, or has nothing left to do."""
    record = store.record
    if needed := missing_packages(record):
        raise RunFolderError(f"'{name_of(run)}' needs {needed}.", hint="Install it.")
    if record.verb == SWEEP_RHO and length:
        raise UsageError(f"'{name_of(run)}' is a sweep, which cannot be lengthened.",
                         hint="Start a new sweep with another training.updates.")  # fmt: skip
    if record.status == "diverged" and record.verb != SWEEP_RHO:
        raise UsageError(
            f"'{name_of(run)}' diverged in every seed: no update is left to make.",
            hint=f"Train it anew with other settings: rnnlab train {name_of(run / 'config.yaml')} --set KEY=VALUE",
        )
    if record.status in ("completed", "diverged") and not length and not is_lost(store):
        hint = None if record.verb == SWEEP_RHO else "A new total, in epochs or in updates, lengthens it."
        raise UsageError(f"'{name_of(run)}' is completed: nothing is left to do.", hint=hint)


@dataclass(frozen=True)
class _Begun:
    """What the last process left of the run's config.

    Attributes
    ----------
    sha256 : str or None
        Of the config that is there; None where the run has none on record.
    lengthened : bool or None
        Whether config.yaml has the new total already, where that process ended while it lengthened the run; None where
        it did not.
    """

    sha256: str | None
    lengthened: bool | None = None


def _begun(record: RunRecord, run: Path) -> _Begun:
    """Refuse a run whose config is not the one that it began with."""
    with reading(config_file(run)) as file:
        found = fingerprint(file.read().decode("utf-8", "replace"))
    expected, before = _text(record.config, "sha256"), _text(record.config, "before")
    is_being_lengthened = isinstance(record.config, Mapping) and "before" in record.config
    if expected is None or found == expected:
        return _Begun(expected, True if is_being_lengthened else None)
    if is_being_lengthened and before in (None, found):
        return _Begun(before, False)
    new = f"rnnlab train {name_of(run / 'config.yaml')}"
    if record.verb == SWEEP_RHO:
        new = f"rnnlab sweep-rho RHO... --config {name_of(run / 'config.yaml')}"
    other = "" if record.verb == SWEEP_RHO else "; --epochs N or --updates N gives the run a new total"
    raise RunFolderError(
        f"'{name_of(run / 'config.yaml')}' has changed since the run began: its sha256 was "
        f"{shortened(expected, 12)}, it is {shortened(found, 12)}.",
        hint=f"Bring it back, or start a new run with it: {new}{other}.",
    )


def _text(entry: object, key: str) -> str | None:
    value = entry.get(key) if isinstance(entry, Mapping) else None
    return value if isinstance(value, str) else None


def _elsewhere(record: RunRecord) -> list[str]:
    """What is not as it was when the run was computed, so that its bytes cannot be promised."""
    found = environment.differences(record)
    if not found:
        return []
    hint = environment.kernel_hint(found)
    return [f"The last digits may differ from those of an uninterrupted run, since this has changed: "
            f"{shortened(listed([str(one) for one in found]), 400)}.{f' {hint}' if hint else ''}"]  # fmt: skip


def check_same_data(record: RunRecord, task: Task, run: Path) -> None:
    """Refuse to go on from other data (DataError)."""
    old, new = record.data and record.data.sha256, task.record.get("sha256")
    if old != new:
        raise DataError(
            f"The data of '{name_of(run)}' have changed since its training: their sha256 was {old}, it is {new}.",
            hint=other_data_hint(run, task),
        )


def other_data_hint(run: Path, task: Task) -> str:
    """What to do about data that are no longer those of a run."""
    source = shortened(str(task.record.get("source") or "the data"), 200)
    return (
        f"Put back the old content of {source}, or train a new run on the new data: "
        f"`rnnlab train {quote(str(run / 'config.yaml'))}`."
    )


def _too_short(training: Training, run: Path, length: Length, updates: int) -> UsageError:
    """The error for a total that the training has reached, in the unit of the new total."""
    made, got = count(training.done, "update"), count(updates, "update")
    if length.epochs is not None:
        epochs, rest = divmod(training.done, training.sampling.updates_per_epoch)
        made, got = "more than " * bool(rest) + count(epochs, "epoch"), count(length.epochs, "epoch")
    return UsageError(f"'{name_of(run)}' has already made {made}; the new total must be larger, got {got}.")


def _lengthen(taken: _TakenUp, before, config, run: Path, length: Length) -> None:
    """Let a training go on to a new total, and note what that changes."""
    training = taken.training
    if training.updates <= training.done:
        raise _too_short(training, run, length, training.updates)
    training.lengthen()
    taken.notes.extend(_stretched(before, config, training))
    if training.sampling.has_epochs and training.done % training.sampling.updates_per_epoch:
        taken.notes.append("The old total ended within an epoch, which has a row for each of its parts in metrics.csv.")


def _begin(
    store: RunFolder, taken: _TakenUp, config, setup: Setup, began: _Begun, length: Length, command, on_note
) -> None:
    """Take the run over: its record, its config, its tables as they were at the checkpoint.

    A process may be killed between any two of these writes. While a run is lengthened its record has the hashes of both
    configs, so that it fits whichever is there, and tells who goes on that the lengthening is not done (`_Begun`).
    """
    training, checkpoint = taken.training, taken.checkpoint
    went_on = {
        "at": timestamp(datetime.now(UTC)),
        "from_update": training.done,
        "checkpoint": checkpoint.path.stem if checkpoint else None,
        "updates": setup.updates,
        "lengthened": bool(length or began.lengthened),
        "command": command,
    }
    changed: dict[str, object] = {"diverged": taken.watch.divergence.record()}
    text = dump(config) if length else ""
    if length:
        changed["config"] = {"sha256": fingerprint(text), "before": began.sha256}
    if length or began.lengthened:
        changed |= {"metrics": {}, "baselines": {}, "headline": None}  # of the shorter training
    if store.record.refit is not None:
        changed["refit"] = None
    before = store.record.resumed
    if began.lengthened is False:
        before = [*before[:-1], *({**one, "lengthened": False} for one in before[-1:])]
        if not length:
            changed["config"] = {"sha256": began.sha256}
    store.take_over(resumed=[*before, went_on], **changed)
    if length:
        store.write("config.yaml", text)
    store.cut_checkpoints(checkpoint)
    sizes = {name: 0 for observer in taken.watch.saved for name in observer.tables}
    store.cut_tables(sizes | (checkpoint.metadata.get("tables", {}) if checkpoint else {}))
    place = f"after update {training.done:,} of {setup.updates:,}"
    said = f"Continuing {place}, from checkpoint {checkpoint.path.stem}." if checkpoint else STARTING_OVER
    store.log(said)
    if on_note is not None:
        on_note(said)


def _go_on(store: RunFolder, taken: _TakenUp, *, lengthens: bool) -> None:
    """Say what is to be known of the checkpoint, and end a lengthening with one of the longer training."""
    for sentence in (*(taken.checkpoint.skipped if taken.checkpoint else ()), *taken.notes):
        taken.watch.warnings.warn(sentence)
    if lengthens:
        taken.watch.checkpoints.save(taken.training)
        store.update(config={"sha256": _text(store.record.config, "sha256")})


def _stretched(before, config, training: Training) -> list[str]:
    """What a new total does to a schedule that ends with the last update."""
    if config.training.schedule.kind != "cosine" or not training.done:
        return []
    old_total = before.training.updates or before.training.epochs * training.sampling.updates_per_epoch
    old, new = schedule_of(before, old_total), schedule_of(config, training.updates)
    return [f"The cosine schedule now ends with update {training.updates:,}: the learning rate goes from "
            f"{old(training.done - 1):.3g} to {new(training.done):.3g}."]  # fmt: skip
