"""Repeats a stretch of a run and holds it against what was recorded, byte for byte or within a tolerance."""

import csv
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from rnnlab.errors import RunFolderError
from rnnlab.experiments.observers import observe
from rnnlab.experiments.refit import Refitting
from rnnlab.experiments.restoring import lengthened_from, restore
from rnnlab.experiments.setup import Setup, start_training
from rnnlab.experiments.sweep.members import draw_setup, measure, slices_of
from rnnlab.experiments.sweep.rho import asked
from rnnlab.experiments.watch import Watch, watch
from rnnlab.printable import shortened
from rnnlab.runs import tables
from rnnlab.runs.checkpoints import Checkpoint
from rnnlab.runs.files import reading
from rnnlab.runs.in_memory import RunInMemory
from rnnlab.runs.schema import REFIT, RunRecord
from rnnlab.tasks.task import Task
from rnnlab.words import count, listed

KEYS = ("rho", "seed", "epoch", "update", "lag")  # what a row of a table is known by
CLOCKS = ("seconds",)  # no replay repeats them
# Sums in another order, and other approximations of tanh and exp, change a gradient by some 1e-13 of it in float64;
# a handful of updates may carry that up by some powers of ten. What a changed setting does to it begins at about 1e-3.
TOLERANCES = {"float64": 1e-6, "float32": 1e-3}


@dataclass(frozen=True)
class Mismatch:
    """The first place in which a replay differs from the record.

    Attributes
    ----------
    file : str
    row : dict of str to str
        What the place is known by: ``seed``, ``update``, ...
    column : str
        Of the table, or the array of a checkpoint; empty where the row is missing.
    recorded, replayed : str
    relative : float or None
        The difference over the larger of the two; None where they are no numbers.
    """

    file: str
    row: dict[str, str]
    column: str = ""
    recorded: str = ""
    replayed: str = ""
    relative: float | None = None

    def __str__(self) -> str:
        where = ", ".join([self.file, *(f"{key} {value}" for key, value in self.row.items())])
        if not self.column:
            return f"{where}: the row is missing"
        by = "" if self.relative is None else f" (relative difference {self.relative:.1e})"
        return f"{where}, {self.column}: {self.recorded} is recorded, {self.replayed} replayed{by}"


@dataclass
class Comparison:
    """What a replay was held against.

    Attributes
    ----------
    tolerance : float or None
        Largest relative difference that passes; None for bytes that must be equal.
    rows : dict of str to int
        Rows compared, by table.
    worst : float
        The largest relative difference.
    first : Mismatch or None
        The first one beyond the tolerance.
    """

    tolerance: float | None
    rows: dict[str, int] = field(default_factory=dict)
    worst: float = 0.0
    first: Mismatch | None = None

    def differs(self, mismatch: Mismatch) -> None:
        """Take note of a difference, however small."""
        relative = mismatch.relative
        self.worst = max(self.worst, np.inf if relative is None else relative)
        if self.first is None and (self.tolerance is None or relative is None or not relative <= self.tolerance):
            self.first = mismatch

    def hold_table(self, path: Path, columns: Mapping[str, object], start: int = 0) -> None:
        """Hold rows against those of a table that have the same `KEYS`.

        Parameters
        ----------
        path : Path
        columns : mapping of str to array
            The rows that were replayed; of the table's columns, those that were.
        start : int
            Bytes of the table that come before all of these rows.
        """
        header, *rows = csv.reader(io.StringIO(tables.whole(columns), newline=""))
        keys = [place for place, name in enumerate(header) if name in KEYS]
        wanted = {tuple(row[place] for place in keys): row for row in rows}
        recorded = _recorded(path, header, keys, wanted, start)
        self.rows[path.name] = len(rows)
        for key, row in wanted.items():
            at = dict(zip((header[place] for place in keys), key, strict=True))
            if key not in recorded:
                self.differs(Mismatch(path.name, at))
                continue
            for name, old, new in zip(header, recorded[key], row, strict=True):
                if old != new and name not in CLOCKS:
                    self.differs(Mismatch(path.name, at, name, shortened(old), new, _relative(old, new)))

    def hold_arrays(self, file: str, recorded: Mapping[str, np.ndarray], replayed: Mapping[str, np.ndarray]) -> None:
        """Hold arrays against those of a checkpoint; of each, the entry that differs most."""
        for name, new in replayed.items():
            old = recorded.get(name)
            if old is None or old.shape != new.shape or old.dtype != new.dtype:
                self.differs(Mismatch(file, {}, name, "nothing of its kind", f"{new.dtype} of shape {new.shape}"))
            elif old.tobytes() != new.tobytes():
                self.differs(_worst(file, name, old, new))


def replay_training(
    run: Path,
    config,
    task: Task,
    setup: Setup,
    good: Sequence[Checkpoint],
    resumed: Sequence[Mapping[str, object]],
    updates: int,
    comparison: Comparison,
) -> str:
    """Repeat updates of a training: from its last but one checkpoint, or the start where there is only one.

    Parameters
    ----------
    good : sequence of Checkpoint
        Of the run, by update.
    resumed : sequence of mapping
        Entries of its run.json.
    updates : int
        To make at most; it ends with the next checkpoint.

    Returns
    -------
    str
        What was replayed.

    Raises
    ------
    RunFolderError
        If a checkpoint is not one of this training.
    """
    start = _start_of_replay(good)
    end = min(update_of(one) for one in good if start is None or update_of(one) > update_of(start))
    training, watched, memory = take_up(config, task, setup, start)
    first = training.done
    if start is not None and lengthened_from(resumed, first):
        training.lengthen()  # the checkpoint may be of the shorter training
    last = min(first + updates, end)
    if last > first:
        with threadpool_limits(limits=1, user_api="blas"):
            for update in observe(training, watched.saved):
                if update.number >= last and not training.ended:  # one that has ended takes its best parameters
                    break
    for observer in watched.saved:
        observer.flush()
    for filename in memory.tables:
        before = start.metadata["tables"].get(filename, 0) if start else 0
        comparison.hold_table(run / filename, memory.read_table(filename), before)
    state = training.state()
    goals = [one for one in good if update_of(one) == training.done and ("last" in one.arrays) == ("last" in state)]
    if goals:
        comparison.hold_arrays(f"checkpoints/{goals[0].path.stem}.npz", goals[0].arrays, state)
    origin = f"checkpoint {start.path.stem}" if start else "the start"
    held = [f"{count(rows, 'row')} of {name}" for name, rows in comparison.rows.items()]
    held += [f"all arrays of checkpoint {goals[0].path.stem}"] if goals else []
    return f"updates {first + 1} to {training.done} from {origin}: {listed(held)}"


def replay_refit(
    config, task: Task, setup: Setup, last: Checkpoint, good: Sequence[Checkpoint], updates: int, comparison: Comparison
) -> str | None:
    """Repeat the last updates of the training on all rows, from its last but one checkpoint or the start.

    Parameters
    ----------
    last : Checkpoint
        Of the tested networks, at the end.
    good : sequence of Checkpoint
        Of the refit, by update.
    updates : int
        To make at most.

    Returns
    -------
    str or None
        What was replayed; None where there are more updates to its newest checkpoint.
    """
    first, watched, _ = take_up(config, task, setup, last)
    refitting = Refitting(config, task.refit(), first, watched.divergence.diverged)
    if (start := _start_of_replay(good)) is not None:
        refitting.restore(start)
    before, end = refitting.training.done, update_of(good[-1])
    if end - before > updates:
        return None
    with threadpool_limits(limits=1, user_api="blas"):
        for update in refitting.advance():
            if update.number >= end:
                break
    name = good[-1].path.stem
    comparison.hold_arrays(f"checkpoints/{REFIT}/{name}.npz", good[-1].arrays, refitting.state())
    origin = f"its checkpoint {start.path.stem}" if start else "the start"
    return f"updates {before + 1} to {end} on all rows from {origin}: all arrays of its checkpoint {name}"


def first_of_replay(good: Sequence[Checkpoint]) -> int:
    """How many updates had been made where the replay of a training begins."""
    start = _start_of_replay(good)
    return 0 if start is None else update_of(start)


def _start_of_replay(good: Sequence[Checkpoint]) -> Checkpoint | None:
    """The last checkpoint of an update before that of the newest; None for the start of the training."""
    return next((one for one in reversed(good) if update_of(one) < update_of(good[-1])), None)


def replay_sweep(run: Path, config, task: Task, record: RunRecord, updates: int, comparison: Comparison) -> str | None:
    """Measure the first slice of a sweep by rho again that has rows, and make the first updates of its models again.

    Returns
    -------
    str or None
        What was replayed; None where no model was measured before the sweep was stopped.

    Raises
    ------
    RunFolderError
        If run.json does not say what was swept.
    """
    rhos, exact = asked(run, record)
    there = _measured(run)
    slices = slices_of(config, task, rhos)
    members = next((part for part in slices if not there.keys().isdisjoint(part)), None)
    if members is None:
        if there:
            raise RunFolderError("results.csv has no row of a model of this sweep.")
        return None
    rho, seed = np.array([rho for rho, _ in members]), np.array([seed for _, seed in members])
    reached = max(1, int(max(there.get(one, 0) for one in members)))  # of a sweep that was stopped, not the end
    setup = draw_setup(config, task, members, exact)
    training = start_training(config, setup)
    with threadpool_limits(limits=1, user_api="blas"), np.errstate(all="ignore"):
        before = measure(setup)
        made = list(islice(training, min(updates, reached)))
    names = ("spectral_radius", "sigma_max", "lyapunov", "growth_rate", "lag_share", "condition", "saturated", "dead")
    gates = {f"gate_{name}": openness for name, openness in before.gates.items()}
    measured = {name: getattr(before, name) for name in names} | gates
    comparison.hold_table(run / "results.csv", {"rho": rho, "seed": seed, **measured, "loss_first": made[0].loss})
    norms = [np.column_stack([one.norm, one.clip_scale, one.norms]) for one in made]
    rows = np.concatenate(norms).T
    columns = {
        "rho": np.tile(rho, len(made)),
        "seed": np.tile(seed, len(made)),
        "update": np.repeat([one.number for one in made], len(members)),
    } | dict(zip(("total", "clip_scale", *setup.network.layout.names), rows, strict=True))
    moving = np.isfinite(columns["total"])
    comparison.hold_table(run / "gradient_norms.csv", {name: values[moving] for name, values in columns.items()})
    held = listed([f"{count(rows, 'row')} of {name}" for name, rows in comparison.rows.items()])
    all_of_them = len(rhos) * len(config.seeds)
    first = "the first " if members is slices[0] else ""
    which = f"{first}{len(members)} of {all_of_them} models" if len(members) < all_of_them else "all models"
    return f"{which} measured before training, and their updates 1 to {len(made)}: {held}"


def _measured(run: Path) -> dict[tuple[float, int], float]:
    """The models that results.csv has, by rho and seed: how many updates each made; none where there is no file."""
    if not os.path.lexists(run / "results.csv"):
        return {}
    keys = ("rho", "seed", "updates")
    table = tables.read_table(run / "results.csv", numbers=keys)
    rho, seed, updates = (table[key].tolist() for key in keys)
    return dict(zip(zip(rho, seed, strict=True), updates, strict=True))


def take_up(config, task: Task, setup: Setup, checkpoint: Checkpoint | None):
    """The training at a checkpoint, or at its start, with its observers and the memory that they write to."""
    memory = RunInMemory(config.name, now=datetime.now(UTC), fields={"code": {"version": None}})
    training = start_training(config, setup)
    watched: Watch = watch(config, task, setup, memory)
    if checkpoint is not None:
        restore(checkpoint, training, watched.saved)
    return training, watched, memory


def update_of(checkpoint: Checkpoint) -> int:
    """How many updates had been made when it was written."""
    return checkpoint.metadata.get("update", 0)


def _recorded(
    path: Path, header: Sequence[str], keys: Sequence[int], wanted: Mapping[tuple, object], start: int
) -> dict[tuple, list[str]]:
    """The rows of a table that are wanted, with the columns of `header` in its order."""
    found: dict[tuple, list[str]] = {}
    with reading(path) as file:
        try:
            there = next(csv.reader([file.readline().decode()]), [])
            if missing := [name for name in header if name not in there]:
                raise RunFolderError(f"{path.name} must have a column {missing[0]}; it has none.")
            places = [there.index(name) for name in header]
            file.seek(max(start, file.tell()))
            with io.TextIOWrapper(file, "utf-8", newline="") as text:
                for row in _whole_rows(text, len(there)):
                    cells = [row[place] for place in places]
                    if (key := tuple(cells[place] for place in keys)) in wanted:
                        found.setdefault(key, cells)
                        if len(found) == len(wanted):
                            break
        except (UnicodeDecodeError, csv.Error) as error:
            raise RunFolderError(f"{path.name} must be a CSV table; {shortened(str(error), 200)}.") from error
    return found


def _whole_rows(text: io.TextIOBase, length: int) -> Iterator[list[str]]:
    return (row for row in csv.reader(text) if len(row) == length)


def _relative(old: str, new: str) -> float | None:
    try:
        a, b = float(old), float(new)
    except ValueError:
        return None
    return abs(a - b) / max(abs(a), abs(b), np.finfo(float).tiny) if np.isfinite([a, b]).all() else None


def _worst(file: str, name: str, old: np.ndarray, new: np.ndarray) -> Mismatch:
    """The entry of an array that differs most, by the array's largest entry."""
    if old.dtype.kind not in "fc":
        place = tuple(map(int, np.argwhere(old != new)[0]))
        relative = None
    else:
        with np.errstate(invalid="ignore", over="ignore"):
            apart = np.abs(old - new)
            apart = np.where(np.isnan(apart), np.where(np.isnan(old) & np.isnan(new), 0.0, np.inf), apart)
            place = tuple(map(int, np.unravel_index(np.argmax(apart), old.shape)))
            finite = np.isfinite(old[place]) and np.isfinite(new[place])
            size = max(np.nanmax(np.abs(old)), np.nanmax(np.abs(new)), np.finfo(old.dtype).tiny) if finite else 1.0
        relative = float(apart[place] / size) if finite else None
    where = f"{name}[{', '.join(map(str, place))}]" if place else name
    return Mismatch(file, {}, where, repr(old[place].item()), repr(new[place].item()), relative)
