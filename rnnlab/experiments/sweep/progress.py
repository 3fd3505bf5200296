"""How far a sweep is, counted over slices that run side by side."""

import threading
import time

from rnnlab.experiments.reports import Progress
from rnnlab.experiments.sweep.members import Slice

SHOW_EVERY = 0.1  # seconds between two looks at the progress


class Counter:
    """Counts the updates of all slices, whichever thread makes them, and shows how far they are."""

    def __init__(self, show, should_stop, models: int) -> None:
        self._show, self._should_stop, self._models = show, should_stop, models
        self._lock = threading.Lock()
        self._began = self._shown = time.perf_counter()
        self._done = 0
        self.stopped = should_stop()  # from now on there is something to keep, and a signal is asked about

    def tick(self, part: Slice, training) -> bool:
        """Take note that a slice is about to make its next update."""
        with self._lock:
            if self.stopped or self._should_stop():
                self.stopped = True
                return False
            self._done += (training.done - part.counted) * len(part.rho)
            part.counted = training.done
            now = time.perf_counter()
            if self._show is not None and now - self._shown >= SHOW_EVERY:
                self._shown = now
                share = self._done / (self._models * training.updates)
                self._show(self._look(share, now - self._began))
        return True

    def _look(self, share: float, elapsed: float) -> Progress:
        nan = float("nan")
        done = min(round(share * self._models), self._models)
        words = f"{done} of {self._models} models"
        return Progress(done, self._models, 1, 1, nan, nan, 0.0, elapsed, words)
