"""Which models diverged, where, and what is said about it."""

from collections.abc import Mapping, Sequence

import numpy as np

from rnnlab.engine.divergence import describe
from rnnlab.engine.training import Training, Update
from rnnlab.experiments.observers.observer import Observer, packed, unpacked
from rnnlab.experiments.observers.warning_log import WarningLog
from rnnlab.runs import RunStore

MOST_SHOWN = 3  # diverged seeds that are shown one by one; all of them are in the log


class DivergenceLog(Observer):
    """Warns of each model that diverges, and names it in run.json at once: whatever ends the run, its readers know.

    Parameters
    ----------
    run : RunStore
    seeds : sequence of int
    warnings : WarningLog

    Attributes
    ----------
    diverged : dict of int to (int, str)
        Model -> the update and the tensor in which it diverged.
    """

    name = "divergence"

    def __init__(self, run: RunStore, seeds: Sequence[int], warnings: WarningLog) -> None:
        self._run, self._seeds, self._warnings = run, list(seeds), warnings
        self.diverged: dict[int, tuple[int, str]] = {}

    def after_update(self, training: Training, update: Update) -> None:
        if not update.diverged:
            return
        for model, tensor in update.diverged.items():
            self.diverged[model] = (update.number, tensor)
        for model in update.diverged:
            self._warnings.warn(self.sentence(model), shown=len(self.diverged) <= MOST_SHOWN)
        self._run.update(diverged=self.record())

    def sentence(self, model: int) -> str:
        """Where a model diverged, for the reader."""
        update, tensor = self.diverged[model]
        return f"seed {self._seeds[model]} diverged at update {update}: {describe(tensor)}."

    def record(self) -> dict[str, dict[str, object]]:
        """Where each seed diverged, for run.json."""
        return {str(self._seeds[m]): {"update": u, "tensor": tensor} for m, (u, tensor) in self.diverged.items()}

    def state(self) -> dict[str, np.ndarray]:
        return {
            "models": np.array(list(self.diverged), np.int64),
            "updates": np.array([update for update, _ in self.diverged.values()], np.int64),
            "tensors": packed(tensor for _, tensor in self.diverged.values()),
        }

    def restore(self, held: Mapping[str, np.ndarray]) -> None:
        if held:
            where = zip(held["updates"].tolist(), unpacked(held["tensors"]), strict=True)
            self.diverged = dict(zip(held["models"].tolist(), where, strict=True))
