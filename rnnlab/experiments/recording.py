"""What a training writes down while it runs: the tables of the run folder, and the curves for its plots."""

from collections.abc import Sequence

import numpy as np

from rnnlab.engine.training import Update
from rnnlab.runs import RunFolder

WRITE_EVERY = 1.0  # seconds


class Recorder:
    """Collects updates and appends them to `metrics.csv` and `gradient_norms.csv`, about once a second.

    Parameters
    ----------
    run : RunFolder
    seeds : sequence of int
    parameter_names : sequence of str
    """

    def __init__(self, run: RunFolder, seeds: Sequence[int], parameter_names: Sequence[str]) -> None:
        self._run, self._seeds, self._names = run, np.asarray(seeds), tuple(parameter_names)
        self._updates: list[Update] = []
        self._epochs: list[tuple] = []
        self._written_updates = self._written_epochs = 0
        self._last_write = 0.0
        self._loss_sum = np.zeros(len(seeds))
        self._weight = self._seconds = 0.0
        self._fired = self._made = 0
        self.diverged: dict[int, tuple[int, str]] = {}  # model -> (update, tensor)

    def add(self, update: Update, seconds: float) -> None:
        """Take one update, `seconds` after training began."""
        self._updates.append(update)
        self._loss_sum = self._loss_sum + update.loss * update.sequences
        self._weight += update.fraction * update.sequences
        self._fired += int(update.clipped.sum())
        self._made += int(np.isfinite(update.norm).sum())
        for model, tensor in update.diverged.items():
            self.diverged[model] = (update.number, tensor)
        self._seconds = seconds
        if update.ends_epoch:
            self._end_epoch()
        if seconds - self._last_write >= WRITE_EVERY:
            self.write()
            self._last_write = seconds

    def close(self) -> None:
        """Write everything down, with a row for the epoch in hand where training ended within one."""
        if self._weight:
            self._end_epoch()
        self.write()

    def _end_epoch(self) -> None:
        self._epochs.append((self._updates[-1], self._loss_sum / self._weight, self._seconds))
        self._loss_sum, self._weight = np.zeros(len(self._seeds)), 0.0

    def write(self) -> None:
        """Append what has not been written yet; rows of models that stand still are left out."""
        self._write_epochs(self._epochs[self._written_epochs :])
        self._write_updates(self._updates[self._written_updates :])
        self._written_epochs, self._written_updates = len(self._epochs), len(self._updates)
        self._run.flush()

    @property
    def updates(self) -> np.ndarray:
        """Numbers of the updates recorded, (U,)."""
        return np.array([update.number for update in self._updates])

    @property
    def epochs(self) -> np.ndarray:
        """Numbers of the epochs recorded, (E,)."""
        return np.array([update.epoch for update, _, _ in self._epochs])

    def curve(self, name: str) -> np.ndarray:
        """An attribute of every update: (R, U), or (R, U, n) for `norms`."""
        return np.stack([getattr(update, name) for update in self._updates], axis=1)

    @property
    def loss(self) -> np.ndarray:
        """Training loss per epoch, (R, E)."""
        return np.stack([loss for _, loss, _ in self._epochs], axis=1)

    @property
    def validation(self) -> np.ndarray | None:
        """Validation loss per epoch, (R, E); None without a validation tail."""
        values = [update.validation_loss for update, _, _ in self._epochs]
        if all(value is None for value in values):
            return None
        nothing = np.full(len(self._seeds), np.nan)
        return np.stack([nothing if value is None else value for value in values], axis=1)

    @property
    def made(self) -> int:
        """Updates made, over all models; one that stands still makes none."""
        return self._made

    @property
    def clipped_share(self) -> float:
        """Share of the updates in which clipping fired, over all models, in [0, 1]."""
        return self._fired / self._made if self._made else 0.0

    def _write_epochs(self, epochs: list[tuple]) -> None:
        if not epochs:
            return
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
        if any(update.validation_loss is not None for update, _, _ in epochs):
            nothing = np.full(R, np.nan)
            columns["validation_loss"] = np.concatenate(
                [nothing if u.validation_loss is None else u.validation_loss for u, _, _ in epochs]
            )
        self._append("metrics.csv", columns, np.isfinite(columns["grad_norm"]))

    def _write_updates(self, updates: list[Update]) -> None:
        if not updates:
            return
        norms = np.concatenate([update.norms for update in updates])
        columns = {
            "seed": np.tile(self._seeds, len(updates)),
            "update": np.repeat([update.number for update in updates], len(self._seeds)),
            "total": np.concatenate([update.norm for update in updates]),
            "clip_scale": np.concatenate([update.clip_scale for update in updates]),
        } | dict(zip(self._names, norms.T, strict=True))
        self._append("gradient_norms.csv", columns, np.isfinite(columns["total"]))

    def _append(self, filename: str, columns: dict[str, np.ndarray], rows: np.ndarray) -> None:
        kept = columns if rows.all() else {name: values[rows] for name, values in columns.items()}
        if rows.any():
            self._run.append_columns(filename, kept)
