"""One way to write a workload's training step on one side."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Candidate:
    """A training step ready to be timed.

    Attributes
    ----------
    name : str
        What distinguishes it from the other ways on the same side.
    step : function
        One training step: forward, backward, clip, update; done when it returns.
    gradients : function
        Loss, (), and dL/dtheta, (P,), of the first model as drawn, in the engine's layout; None where the
        side computes none (the floor).
    models : int
        Models that one call of `step` trains.
    """

    name: str
    step: Callable[[], object]
    gradients: Callable[[], tuple[float, np.ndarray]] | None
    models: int = 1
