"""How far a sweep is, counted over slices that run side by side."""

import threading
import time

from rnnlab.experiments.reports import Progress
from rnnlab.experiments.sweep.members import Slice

SHOW_EVERY = 0.1  # seconds between two looks at the progress
NAN = float("nan")


class Counter:
    """Counts the updates of all slices, whichever thread makes them, and shows how far they are."""

    def __init__(self, show, should_stop, models: int, before: int = 0) -> None:
        self._show, self._should_stop, self._models = show, should_stop, models
        self._before = before  # models that an earlier process measured
        self._lock = threading.Lock()
        self._began = self._shown = time.perf_counter()
        self._done = 0
        self.stopped = should_stop()  # from now on there is something to keep, and a signal is asked about

    def tick(self, part: Slice) -> bool:
        """Take note that a slice is about to make its next update."""
        with self._lock:
            if self.stopped or self._should_stop():
                self.stopped = True
                return False
            training = part.training
            self._done += (training.done - part.counted) * len(part.rho)
            part.counted = training.done
            now = time.perf_counter()
            if self._show is not None and now - self._shown >= SHOW_EVERY:
                self._shown = now
                # A slice is counted when it goes on: the last model is done when `finish` says so.
                done = self._before + int(self._done / training.updates)
                self._tell(min(done, self._models - 1), now - self._began)
        return True

    def finish(self) -> None:
        """Show that all models are done."""
        self._tell(self._models, time.perf_counter() - self._began)

    def measuring(self) -> None:
        """Show what is done after the models, which takes a time of its own."""
        self._tell(self._models, NAN, "measuring what would change the verdict")

    def _tell(self, done: int, elapsed: float, words: str = "") -> None:
        words = words or f"{done} of {self._models} models"
        if self._show is not None:
            self._show(Progress(done, self._models, 1, 1, NAN, NAN, 0.0, elapsed, words))
