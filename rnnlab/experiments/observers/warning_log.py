"""The warnings of a run."""

from collections.abc import Callable, Mapping

import numpy as np

from rnnlab.experiments.observers.observer import Observer, packed, unpacked
from rnnlab.runs import RunStore


class WarningLog(Observer):
    """Shows warnings at once, appends them to log.txt and keeps them for the summary.

    Parameters
    ----------
    run : RunStore
    on_warning : function, optional
        Shows a sentence.

    Attributes
    ----------
    shown : list of str
        The warnings for the summary and run.json, in their order.
    """

    name = "warnings"

    def __init__(self, run: RunStore, on_warning: Callable[[str], None] | None = None) -> None:
        self.shown: list[str] = []
        self._run, self._show = run, on_warning

    def warn(self, sentence: str, *, shown: bool = True) -> None:
        """Log a warning; show it too, unless there are too many of its kind."""
        if shown:
            self.shown.append(sentence)
            if self._show is not None:
                self._show(sentence)
        self._run.log(f"warning: {sentence}")

    def state(self) -> dict[str, np.ndarray]:
        return {"shown": packed(self.shown)}

    def restore(self, held: Mapping[str, np.ndarray]) -> None:
        if held:
            self.shown = unpacked(held["shown"])
