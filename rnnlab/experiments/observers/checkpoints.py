"""Saves a training together with its observers."""

from collections.abc import Mapping, Sequence

import numpy as np

from rnnlab.engine.training import Training, Update
from rnnlab.experiments.observers import observer as interface
from rnnlab.experiments.observers.observer import Observer
from rnnlab.runs import RunStore


class Checkpoints(Observer):
    """Writes a checkpoint every so many updates, and one at the end.

    A checkpoint holds the arrays of `Training.state`, those of the observers as ``observer.<name>.<array>``, and in
    its metadata the number of the update and the sizes of the observers' tables at this point, 0 for one that has not
    begun: what `RunFolder.cut_tables` goes back to.

    Parameters
    ----------
    run : RunStore
    every : int or None
        Updates from one to the next; none before the end where it is left out.
    observers : sequence of Observer
        Whose states are saved. They come before this one, so that they have seen the update that it saves.

    Attributes
    ----------
    newest : str
        Name of the last checkpoint; empty where there is none yet.
    """

    name = "checkpoints"

    def __init__(self, run: RunStore, every: int | None, observers: Sequence[Observer]) -> None:
        self._run, self._every, self._observers = run, every, tuple(observers)
        self.newest = ""

    def after_update(self, training: Training, update: Update) -> None:
        if self._every and update.number % self._every == 0 and update.number < training.updates:
            self._save(training)

    def end(self, training: Training) -> None:
        self._save(training)

    def state(self) -> dict[str, np.ndarray]:
        return {}

    def restore(self, held: Mapping[str, np.ndarray]) -> None:
        """Nothing to do: the next checkpoint takes the next number in the folder."""

    def _save(self, training: Training) -> None:
        for observer in self._observers:
            observer.flush()
        tables = {name: 0 for observer in self._observers for name in observer.tables} | self._run.table_sizes()
        arrays = training.state() | interface.state(self._observers)
        self.newest = self._run.save_checkpoint(arrays, {"update": training.done, "tables": tables}).stem
