"""The plots of a training's course: from what its recorder holds, or from the tables that it left."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rnnlab.engine.training import Training
from rnnlab.experiments.drawing import Figures
from rnnlab.experiments.observers.curves import Curve
from rnnlab.experiments.observers.recorder import CLIP_SCALE, LOSS, NORM, PARAMETERS, TRAINING, VALIDATION, Recorder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from rnnlab.plots.bands import Thinned

FEW_EPOCHS = 10  # below this the loss is drawn for every update


@dataclass(frozen=True)
class Course:
    """How R models were trained, as far as the plots show it.

    Attributes
    ----------
    names : tuple of str
        Of the parameters.
    updates, epochs : Curve
        As of `rnnlab.experiments.observers.recorder`.
    epoch_size : int
        Updates of an epoch; where there are no epochs, of a row of metrics.csv.
    done : int
        Updates that were made.
    clipped_share : float
        Share of the updates in which clipping fired, over all models.
    stopped : (R,) of bool
        Models that early stopping ended.
    """

    names: tuple[str, ...]
    updates: Curve
    epochs: Curve
    epoch_size: int
    done: int
    clipped_share: float
    stopped: np.ndarray


def course_of(config, recorder: Recorder, training: Training) -> Course:
    """The course of a training that has just ended."""
    return Course(
        training.network.layout.names,
        recorder.updates,
        recorder.epochs,
        training.sampling.updates_per_epoch,
        training.done,
        recorder.clipped_share,
        np.isin(np.arange(len(config.seeds)), list(training.stopped_early)),
    )


def course_figures(config, course: Callable[[], Course]) -> Figures:
    """File name -> what draws the figure: how training went, whatever came of it; a single step has no course."""
    if config.training.fit.kind == "ridge":
        return {}
    return {
        "training.png": lambda: _draw_training(config, course()),
        "gradient_norms.png": lambda: _draw_norms(config, course()),
    }


def _draw_training(config, course: Course) -> "Figure":
    from rnnlab.plots import training as plot

    updates, epochs = course.updates, course.epochs
    few, every = epochs.count < FEW_EPOCHS, config.model.readout == "every"
    has_epochs = not config.data.endless
    places = (updates if few else epochs).places + 1
    clip, validates = config.training.clip, config.training.early_stopping is not None
    return plot.training(
        places if few or has_epochs else np.minimum(places * course.epoch_size, course.done),
        _thinned(updates, LOSS) if few else _thinned(epochs, TRAINING),
        updates.places + 1,
        _thinned(updates, NORM),
        _thinned(updates, CLIP_SCALE),
        clip.threshold if clip.kind == "norm" else None,
        config.training.loss.kind.replace("_", " ") + (" (sum over the steps)" if every else ""),
        _thinned(epochs, VALIDATION) if validates and not few else None,
        clipped_share=None if updates.stride == 1 else course.clipped_share,
        loss_axis="epoch" if has_epochs and not few else "update",
        stopped=course.stopped,
        title=f"{config.name}: training",
    )


def _draw_norms(config, course: Course) -> "Figure":
    from rnnlab.plots import gradient_norms as plot

    updates = course.updates
    norms = {name: _thinned(updates, PARAMETERS + k) for k, name in enumerate(course.names)}
    return plot.gradient_norms(
        updates.places + 1,
        norms | {"total": _thinned(updates, NORM)},
        unclipped=config.training.clip.kind == "none",
        title=f"{config.name}: gradient norm per parameter",
    )


def _thinned(curve: Curve, column: int) -> "Thinned":
    """One column of a curve as it is drawn: (R, points)."""
    from rnnlab.plots.bands import Thinned

    if curve.stride == 1:
        return Thinned.whole(curve.values[..., column].T)
    return Thinned(*(values[..., column].T for values in (curve.values, curve.lowest, curve.highest)))
