"""What the plots of a training show, read back from the tables of its run."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rnnlab.errors import RunFolderError
from rnnlab.experiments.figures import FEW_EPOCHS, Course
from rnnlab.experiments.gradient_flow import Looks
from rnnlab.experiments.observers.curves import Curve
from rnnlab.experiments.observers.recorder import curve_of_epochs, curve_of_updates
from rnnlab.experiments.trained import update_of
from rnnlab.runs import RunStore
from rnnlab.seeds import places_of

GAP = 1024  # updates without a row that are taken into a curve at a time
MOST_MISSING = 10_000_000  # of them, one after the other
FINAL = ("completed", "interrupted", "diverged")  # statuses of a training that wrote every row before it ended
NO_PARAMETERS = ("seed", "update", "total", "clip_scale", "loss")  # columns of gradient_norms.csv


class StoredTraining:
    """The tables of a run of `rnnlab train`, in memory that does not grow with their rows.

    Parameters
    ----------
    config : Config
    run : RunStore
    warn : function
        Is told what the plots lack because the tables do.
    """

    def __init__(self, config, run: RunStore, warn: Callable[[str], None]) -> None:
        self._config, self._run, self._warn = config, run, warn
        self._seeds = np.asarray(config.seeds)
        self._final = run.record.status in FINAL
        ends = run.record.diverged if isinstance(run.record.diverged, dict) else {}
        self._diverged = np.array([update_of(ends.get(str(seed))) for seed in config.seeds])

    @cached_property
    def course(self) -> Course:
        """The course of the training, as its recorder had it at the end."""
        header = next(iter(self._run.read_blocks("gradient_norms.csv")))
        names = tuple(name for name in header if name not in NO_PARAMETERS)
        has_loss = "loss" in header
        columns = ("loss" if has_loss else "total", "total", "clip_scale", *names)
        updates, rows = curve_of_updates(len(self._seeds), len(names)), _Rows(len(self._seeds))
        for first, values in self._by_time("gradient_norms.csv", "update", columns):
            rows.add(first, values)
            if not has_loss:
                values[..., 0] = np.nan
            updates.extend(values)
        if self._final and self._last_divergence > updates.count:  # of every model: the update left no row
            updates.extend(np.full((1, *updates.values.shape[1:]), np.nan))
        epochs, epoch_size = self._epochs(updates.count)
        if not has_loss and epochs.count < FEW_EPOCHS:
            self._warn("gradient_norms.csv has no column loss, as in runs of old: training.png shows no loss.")
        stopped = self._stopped(rows.last < updates.count)
        going = ~stopped & ~np.isfinite(self._diverged)
        if (going & (rows.last < updates.count)).any() or (rows.count < rows.last).any():
            self._warn("gradient_norms.csv lacks rows, as where a disk was full: the plots show those that it has.")
        share = self._run.record.clipped_share
        share = rows.clipped / max(rows.count.sum(), 1) if share is None else share
        return Course(names, updates, epochs, epoch_size, updates.count, share, stopped)

    @cached_property
    def looks(self) -> Looks:
        """The looks at the gradients by lag."""
        looks, before = Looks(), np.ones(len(self._seeds), bool)
        for rows, newest in self._whole_times("gradient_flow.csv", "update", ("lag", "transport")):
            for update in np.unique(rows[:, 1]):
                places, lags, norms = rows[rows[:, 1] == update][:, [0, 2, 3]].T
                transport = np.full((len(self._seeds), int(lags.max()) + 1), np.nan)
                transport[places.astype(int), lags.astype(int)] = norms
                there = np.bincount(places.astype(int), minlength=len(self._seeds)) == transport.shape[1]
                if newest and self._is_cut(there, before, update):
                    continue
                looks.add(int(update), transport)
                before = there
        return looks

    @property
    def _last_divergence(self) -> float:
        return self._diverged[np.isfinite(self._diverged)].max(initial=0)

    def _epochs(self, done: int) -> tuple[Curve, int]:
        """The curve of metrics.csv, and how many updates an epoch has."""
        columns = ("train_loss", *["validation_loss"] * (self._config.training.early_stopping is not None), "update")
        curve, size, last = curve_of_epochs(len(self._seeds)), 1, 0
        try:
            for first, values in self._by_time("metrics.csv", "epoch", columns):
                ends = values[..., -1]
                if np.isfinite(ends).any():
                    last = int(np.nanmax(ends))
                if first == 1 and np.isfinite(ends[0]).any():
                    size = int(np.nanmax(ends[0]))
                shown = np.full((*values.shape[:2], 2), np.nan)
                shown[..., : len(columns) - 1] = values[..., :-1]
                curve.extend(shown)
        except RunFolderError as error:
            if self._run.has("metrics.csv") or (self._final and self._last_divergence != done):
                self._warn(f"{error.message} training.png shows the loss of each update.")
            curve = curve_of_epochs(len(self._seeds))  # no epoch was over yet, or what there was cannot be read
        if self._final and self._last_divergence == done > last:  # every model diverged within the epoch
            curve.extend(np.full((1, len(self._seeds), 2), np.nan))
        return curve, size

    def _stopped(self, short: np.ndarray) -> np.ndarray:
        """Which models early stopping ended: by run.json at its end, and those whose rows end before the others'."""
        said = np.isin(self._seeds.astype(str), list(self._run.record.stopped_early))
        return said | (short & ~np.isfinite(self._diverged) & (self._config.training.early_stopping is not None))

    def _by_time(self, filename: str, time: str, columns: Sequence[str]) -> Iterator[tuple[int, np.ndarray]]:
        """A table whose times count from 1: the first time of a stretch, and its values (times, R, columns).

        No time is left out, and a model without a row is NaN; but where the training was killed while it wrote the
        rows of a time, that one is not there.
        """
        expected, before = 1, np.ones(len(self._seeds), bool)
        for rows, newest in self._whole_times(filename, time, columns):
            times, inverse = np.unique(rows[:, 1].astype(np.int64), return_inverse=True)
            values = np.full((len(times), len(self._seeds), len(columns)), np.nan)
            there = np.zeros(values.shape[:2], bool)
            values[inverse, rows[:, 0].astype(int)] = rows[:, 2:]
            there[inverse, rows[:, 0].astype(int)] = True
            if newest and self._is_cut(there[-1], before, times[-1]):
                return
            before = there[-1]
            for stretch in np.split(np.arange(len(times)), np.flatnonzero(np.diff(times) > 1) + 1):
                missing = times[stretch[0]] - expected
                if missing > MOST_MISSING:
                    raise RunFolderError(f"'{filename}' must have a row for each {time}; it lacks {missing:,}.")
                for start in range(0, missing, GAP):
                    gap = min(GAP, missing - start)
                    yield expected + start, np.full((gap, *values.shape[1:]), np.nan)
                yield int(times[stretch[0]]), values[stretch]
                expected = int(times[stretch[-1]]) + 1

    def _is_cut(self, there: np.ndarray, before: np.ndarray, time: float) -> bool:
        """Whether rows of the newest time are missing because the training was killed while it wrote them."""
        return not self._final and bool((before & ~there & (self._diverged > time)).any())

    def _whole_times(self, filename: str, time: str, columns: Sequence[str]) -> Iterator[tuple[np.ndarray, bool]]:
        """Rows (n, 2 + columns) with all of a time together: place of the model, time, columns; the newest time last.

        Yields
        ------
        ndarray, and whether it is the newest time, alone
        """
        held = np.empty((0, 2 + len(columns)))
        newest = 0.0
        for block in self._run.read_blocks(filename):
            if missing := [name for name in ("seed", time, *columns) if name not in block]:
                raise RunFolderError(f"'{filename}' must have a column {missing[0]}; it has none.")
            rows = np.column_stack([block[name] for name in ("seed", time, *columns)])
            if not len(rows):
                continue
            try:
                rows[:, 0] = places_of(rows[:, 0], self._seeds)
            except ValueError as error:
                raise RunFolderError(f"'{filename}' must have the seeds of the run: {error}.") from error
            rows = np.concatenate([held, rows])
            steps = np.diff(rows[:, 1], prepend=newest)
            if not (steps >= 0).all() or rows[0, 1] < 1 or (rows[:, 1] % 1).any():
                raise RunFolderError(f"'{filename}' must have its rows in the order of the column {time}.")
            newest = rows[-1, 1]
            whole = rows[:, 1] < newest
            held = rows[~whole]
            if whole.any():
                yield rows[whole], False
        if len(held):
            yield held, True


@dataclass
class _Rows:
    """Which rows gradient_norms.csv has of R models."""

    models: int

    def __post_init__(self) -> None:
        self.count, self.last, self.clipped = np.zeros(self.models, int), np.zeros(self.models, int), 0

    def add(self, first: int, values: np.ndarray) -> None:
        """Count the rows of a stretch of updates, with norm and clip scale in the columns 1 and 2."""
        there = ~np.isnan(values[..., 1])
        ends = first + len(there) - np.argmax(there[::-1], axis=0) - 1
        self.last = np.where(there.any(axis=0), ends, self.last)
        self.count += there.sum(axis=0)
        self.clipped += int((values[..., 2] < 1).sum())
