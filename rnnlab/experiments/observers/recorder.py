"""Writes the tables of a training, and keeps the curves and the figures for its plots and sentences."""

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from rnnlab.engine.training import Training, Update
from rnnlab.experiments.observers.curves import Curve
from rnnlab.experiments.observers.observer import Observer
from rnnlab.runs import RunStore

WRITE_EVERY = 1.0  # seconds
MOST_WAITING = 1000  # updates that wait in memory to be written
LOSS, NORM, CLIP_SCALE, PARAMETERS = 0, 1, 2, 3  # columns of the curve over updates; a column per parameter follows
TRAINING, VALIDATION = 0, 1  # columns of the curve over epochs


def curve_of_updates(models: int, parameters: int) -> Curve:
    """What is drawn over the updates: loss, norm, clip scale, and the norm of each parameter's gradient."""
    return Curve((models, PARAMETERS + parameters))


def curve_of_epochs(models: int) -> Curve:
    """What is drawn over the epochs: training and validation loss."""
    return Curve((models, 2))


class Recorder(Observer):
    """Appends updates and epochs to `gradient_norms.csv` and `metrics.csv`, about once a second.

    Its memory is bounded: curves are thinned beyond some thousands of updates (see `Curve`); counts and the mean are
    exact for any number of updates; so is the median of the norms while no curve is thinned, and beyond that it is the
    median over the updates that the curve shows, evenly drawn: a thousand or more, fewer where the seeds are many.

    Parameters
    ----------
    run : RunStore
    seeds : sequence of int
    parameter_names : sequence of str
    validates : bool
        Whether there is a validation loss at the end of each epoch.
    clock : function
        Seconds since any moment.
    """

    name = "recorder"
    tables = ("metrics.csv", "gradient_norms.csv")

    def __init__(
        self,
        run: RunStore,
        seeds: Sequence[int],
        parameter_names: Sequence[str],
        *,
        validates: bool = False,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._run, self._seeds, self._names = run, np.asarray(seeds), tuple(parameter_names)
        self.validates, self._clock = validates, clock
        R = len(seeds)
        self.updates, self.epochs = curve_of_updates(R, len(self._names)), curve_of_epochs(R)
        self.last_loss = np.full(R, np.nan)
        self.last_validation = np.full(R, np.nan)
        self._waiting: list[Update] = []
        self._blocks: list[np.ndarray] = []  # values of those that wait, (updates, R, 3 + n), as far as collected
        self._collected = 0
        self._waiting_epochs: list[tuple[Update, np.ndarray, float]] = []
        self._newest: Update | None = None
        self._began: float | None = None
        self._seconds = self._last_write = 0.0
        self._loss_sum, self._weight = np.zeros(R), 0.0
        self._fired = self._made = 0
        self._norm_sum = 0.0

    def before_update(self, training: Training) -> None:
        if self._began is None:
            self._began = self._clock() - self._seconds

    def after_update(self, training: Training, update: Update) -> None:
        self._waiting.append(update)
        self._newest = update
        self._loss_sum = self._loss_sum + update.loss * update.sequences
        self._weight += update.fraction * update.sequences
        self._seconds = self._clock() - (self._began or 0.0)
        if update.ends_epoch:
            self._end_epoch()
        if self._seconds - self._last_write >= WRITE_EVERY:
            self.flush()
            self._last_write = self._seconds
        elif len(self._waiting) >= MOST_WAITING:
            self._append_rows()

    @property
    def seconds(self) -> float:
        """Seconds of training so far, those before a resumption too, pauses between them left out."""
        return self._seconds

    def flush(self) -> None:
        """Append what has not been written yet; rows of models that stand still are left out."""
        self._append_rows()
        self._run.flush()

    def end(self, training: Training) -> None:
        self.close()

    def close(self) -> None:
        """Write everything down, with a row for the epoch in hand where training ended within one."""
        if self._weight:
            self._end_epoch()
        self.flush()

    def state(self) -> dict[str, np.ndarray]:
        self._collect()
        held = {
            "loss_sum": self._loss_sum,
            "weight": self._weight,
            "fired": self._fired,
            "made": self._made,
            "norm_sum": self._norm_sum,
            "last_loss": self.last_loss,
            "last_validation": self.last_validation,
            "seconds": self._seconds,
        }
        if self._weight and (newest := self._newest) is not None:
            for name in ("number", "epoch", "learning_rate", "norm", "clip_scale"):
                held[f"newest_{name}"] = getattr(newest, name)
        for name, curve in (("updates", self.updates), ("epochs", self.epochs)):
            held |= {f"{name}_{key}": value for key, value in curve.state().items()}
        return {name: np.array(value) for name, value in held.items()}

    def restore(self, held: Mapping[str, np.ndarray]) -> None:
        if not held:
            return
        self._loss_sum, self._weight = held["loss_sum"].copy(), float(held["weight"])
        self._fired, self._made, self._norm_sum = int(held["fired"]), int(held["made"]), float(held["norm_sum"])
        self.last_loss = held["last_loss"].copy()
        self.last_validation = held.get("last_validation", self.last_validation).copy()  # old checkpoints have none
        self._seconds = self._last_write = float(held["seconds"])
        if self._weight:
            nothing = np.full(len(self._seeds), np.nan)
            self._newest = Update(
                number=int(held["newest_number"]),
                epoch=int(held["newest_epoch"]),
                ends_epoch=False,
                sequences=0,
                fraction=0.0,
                loss=nothing,
                learning_rate=float(held["newest_learning_rate"]),
                norm=held["newest_norm"].copy(),
                clip_scale=held["newest_clip_scale"].copy(),
                norms=nothing[:, None],
                clipped=np.zeros(len(self._seeds), bool),
            )
        for name, curve in (("updates", self.updates), ("epochs", self.epochs)):
            prefix = f"{name}_"
            curve.restore({key.removeprefix(prefix): value for key, value in held.items() if key.startswith(prefix)})

    @property
    def loss(self) -> float:
        """Median over the seeds of the newest validation loss, else of the newest training loss of an epoch; or NaN."""
        losses = self.last_validation if self.validates else self.last_loss
        known = losses[np.isfinite(losses)]
        return float(np.median(known)) if known.size else float("nan")

    @property
    def update_count(self) -> int:
        """Updates recorded."""
        return self.updates.count + len(self._waiting) - self._collected

    @property
    def epoch_count(self) -> int:
        """Epochs recorded, with the one that training ended within."""
        return self.epochs.count + len(self._waiting_epochs)

    @property
    def made(self) -> int:
        """Updates made, over all models; one that stands still makes none."""
        self._collect()
        return self._made

    @property
    def clipped_share(self) -> float:
        """Share of the updates in which clipping fired, over all models, in [0, 1]."""
        return self._fired / self.made if self.made else 0.0

    @property
    def mean_norm(self) -> float:
        """Mean gradient norm over all updates and models; infinite where the sum is."""
        return self._norm_sum / self.made if self.made else float("nan")

    @property
    def median_norm(self) -> float:
        """Median gradient norm over updates and models: of all, or, of many updates, of those that the curve shows."""
        self._collect()
        norms = self.updates.values[..., NORM]
        norms = norms[np.isfinite(norms)]
        return float(np.median(norms)) if norms.size else float("nan")

    def _end_epoch(self) -> None:
        assert self._newest is not None
        self.last_loss = self._loss_sum / self._weight
        self.last_validation = self._validation_of(self._newest)
        self._waiting_epochs.append((self._newest, self.last_loss, self._seconds))
        self._loss_sum, self._weight = np.zeros(len(self._seeds)), 0.0

    def _collect(self) -> None:
        """Take the updates that wait into the curve and the counts."""
        new = self._waiting[self._collected :]
        if not new:
            return
        heads = [
            [update.loss for update in new],
            [update.norm for update in new],
            [update.clip_scale for update in new],
        ]
        block = np.concatenate(
            [np.moveaxis(np.array(heads, float), 0, -1), np.array([update.norms for update in new], float)], axis=-1
        )
        norms = block[..., NORM]
        norms = norms[np.isfinite(norms)]
        self._fired += int(np.sum([update.clipped for update in new]))
        self._made += norms.size
        with np.errstate(over="ignore"):
            # One after the other: the sum must not depend on the blocks in which the updates came.
            self._norm_sum = float(np.cumsum([self._norm_sum, *norms.tolist()])[-1])
        self.updates.extend(block)
        self._blocks.append(block)
        self._collected = len(self._waiting)

    def _append_rows(self) -> None:
        """Hand the rows that wait to the tables; they are in the curves whatever becomes of the tables."""
        self._collect()
        updates, blocks, epochs = self._waiting, self._blocks, self._waiting_epochs
        self._waiting, self._blocks, self._collected, self._waiting_epochs = [], [], 0, []
        if epochs:
            validation = [self._validation_of(update) for update, _, _ in epochs]
            losses = [loss for _, loss, _ in epochs]
            self.epochs.extend(np.stack([np.array(losses, float), np.array(validation, float)], axis=-1))
        try:
            if epochs:
                self._append_epochs(epochs, np.concatenate(validation))
        finally:  # each table keeps the rows that a full disk did not take
            if updates:
                self._append_updates(updates, np.concatenate(blocks))

    def _validation_of(self, update: Update) -> np.ndarray:
        return np.full(len(self._seeds), np.nan) if update.validation_loss is None else update.validation_loss

    def _append_epochs(self, epochs: list[tuple[Update, np.ndarray, float]], validation: np.ndarray) -> None:
        R = len(self._seeds)
        columns = {
            "seed": np.tile(self._seeds, len(epochs)),
            "epoch": np.repeat([update.epoch for update, _, _ in epochs], R),
            "update": np.repeat([update.number for update, _, _ in epochs], R),
            "train_loss": np.concatenate([loss for _, loss, _ in epochs]),
            "learning_rate": np.repeat([update.learning_rate for update, _, _ in epochs], R),
            "grad_norm": np.concatenate([update.norm for update, _, _ in epochs]),
            "clip_scale": np.concatenate([update.clip_scale for update, _, _ in epochs]),
            "seconds": np.repeat([round(seconds, 4) for _, _, seconds in epochs], R),
        }
        if self.validates:
            columns["validation_loss"] = validation
        self._append("metrics.csv", columns, np.isfinite(columns["train_loss"]))

    def _append_updates(self, updates: list[Update], block: np.ndarray) -> None:
        values = block.reshape(-1, block.shape[-1]).T
        columns = {
            "seed": np.tile(self._seeds, len(updates)),
            "update": np.repeat([update.number for update in updates], len(self._seeds)),
            "total": values[NORM],
            "clip_scale": values[CLIP_SCALE],
        } | dict(zip(self._names, values[PARAMETERS:], strict=True))
        columns["loss"] = values[LOSS]
        self._append("gradient_norms.csv", columns, np.isfinite(columns["total"]))

    def _append(self, filename: str, columns: dict[str, np.ndarray], rows: np.ndarray) -> None:
        shown = columns if rows.all() else {name: values[rows] for name, values in columns.items()}
        if rows.any():
            self._run.append_columns(filename, shown)
