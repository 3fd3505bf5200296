"""Shows how far a training is."""

import time
from collections.abc import Callable, Mapping

import numpy as np

from rnnlab.engine.training import Training, Update
from rnnlab.experiments.observers.observer import Observer
from rnnlab.experiments.observers.recorder import Recorder
from rnnlab.experiments.reports import Progress
from rnnlab.seeds import spread

SHOW_EVERY = 0.1  # seconds


class ProgressReport(Observer):
    """Reports the first update, then one about every tenth of a second, and the last one of a complete training.

    Parameters
    ----------
    show : function of a Progress
    loss_name : str
        What to call the loss, such as "bits per character".
    loss_of : function
        Turns the loss of a sequence into the one that is shown.
    recorder : Recorder
        Knows the share of the updates in which clipping fired.
    clock : function
        Seconds since any moment.
    """

    name = "progress"

    def __init__(
        self,
        show: Callable[[Progress], None],
        loss_name: str,
        loss_of: Callable[[float], float],
        recorder: Recorder,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._show, self._recorder, self._clock = show, recorder, clock
        self._loss_name, self._loss_of = loss_name, loss_of
        self._began: float | None = None
        self._shown = 0.0
        self._newest: Update | None = None

    def before_update(self, training: Training) -> None:
        if self._began is None:
            self._shown = self._clock()
            self._began = self._shown - self._recorder.seconds  # of the sessions before

    def after_update(self, training: Training, update: Update) -> None:
        self._newest, now = update, self._clock()
        if training.ended:  # `end` shows the last one
            return
        if now - self._shown >= SHOW_EVERY or update.number == 1:
            self._show(self._progress(training, update, now))
            self._shown = now

    def end(self, training: Training) -> None:
        if training.ended and self._newest is not None:
            self._show(self._progress(training, self._newest, self._clock()))

    def state(self) -> dict[str, np.ndarray]:
        return {}

    def restore(self, held: Mapping[str, np.ndarray]) -> None:
        """Nothing to do: the recorder knows the time of the sessions before."""

    def _progress(self, training: Training, update: Update, now: float) -> Progress:
        alive = np.isfinite(update.loss)
        per_epoch, whole = training.sampling.updates_per_epoch, training.sampling.has_epochs
        return Progress(
            update=update.number,
            updates=training.updates,
            epoch=update.epoch,
            epochs=training.updates // per_epoch if whole and not training.updates % per_epoch else 1,
            loss=self._loss_of(spread(update.loss[alive]).median / update.fraction),
            gradient_norm=spread(update.norm[alive]).median,
            clipped_share=self._recorder.clipped_share,
            elapsed=now - (self._began or now),
            loss_name=self._loss_name,
        )
