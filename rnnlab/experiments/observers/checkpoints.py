"""Saves a training together with its observers."""

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from rnnlab.engine.training import Training, Update
from rnnlab.experiments.observers import observer as interface
from rnnlab.experiments.observers.observer import Observer
from rnnlab.experiments.observers.recorder import Recorder
from rnnlab.runs import RunStore


class Checkpoints(Observer):
    """Writes a checkpoint every so many seconds or updates, and one at the end; keeps the newest and the best.

    A checkpoint holds the arrays of `Training.state`, those of the observers as ``observer.<name>.<array>``, and in
    its metadata the number of the update, the loss of the last epoch (median of the seeds; on the validation tail
    where there is one) and the sizes of the observers' tables at this point, 0 for one that has not begun: what
    `RunFolder.cut_tables` goes back to.

    Parameters
    ----------
    run : RunStore
    section : Checkpoint
        `training.checkpoint` of the config.
    recorder : Recorder
        Knows the losses.
    observers : sequence of Observer
        Whose states are saved. They come before this one, so that they have seen the update that it saves.
    clock : function
        Seconds since any moment.

    Attributes
    ----------
    newest : str
        Name of the last checkpoint; empty where there is none yet.
    """

    name = "checkpoints"

    def __init__(
        self,
        run: RunStore,
        section,
        recorder: Recorder,
        observers: Sequence[Observer],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._run, self._section, self._recorder, self._observers = run, section, recorder, tuple(observers)
        self._clock, self._saved_at = clock, clock()
        self.newest = ""

    def after_update(self, training: Training, update: Update) -> None:
        if update.number < training.updates and self._is_due(update.number):
            self.save(training)

    def end(self, training: Training) -> None:
        self.save(training)

    def state(self) -> dict[str, np.ndarray]:
        return {}

    def restore(self, held: Mapping[str, np.ndarray]) -> None:
        """Nothing to do: the next checkpoint takes the next number in the folder."""

    def save(self, training: Training) -> None:
        """Write a checkpoint now.

        Raises
        ------
        RunWriteError
            If the run folder does not take it; earlier checkpoints stay.
        """
        for observer in self._observers:
            observer.flush()
        tables = {name: 0 for observer in self._observers for name in observer.tables} | self._run.table_sizes()
        arrays = training.state() | interface.state(self._observers)
        metadata = {"update": training.done, "loss": self._recorder.loss, "tables": tables}
        self.newest = self._run.save_checkpoint(arrays, metadata).stem
        self._run.keep_checkpoints(self._section.keep, best=self._section.best)
        self._saved_at = self._clock()

    def _is_due(self, update: int) -> bool:
        every, seconds = self._section.updates, self._section.seconds
        if every is not None:
            return update % every == 0
        return seconds is not None and self._clock() - self._saved_at >= seconds
