"""The further trainings of a rolling origin: on what came before each fold, afresh or from where the last one ended."""

import time
from collections.abc import Callable

import numpy as np
from threadpoolctl import threadpool_limits

from rnnlab.engine.training import Training
from rnnlab.experiments.reports import Progress
from rnnlab.experiments.setup import build_setup, start_training
from rnnlab.experiments.watch import Watch
from rnnlab.tasks.task import Task
from rnnlab.words import count


def train_folds(
    config, task: Task, first: Training, watch: Watch, should_stop: Callable[[], bool]
) -> list[np.ndarray] | None:
    """The parameters (R, P) of each further training, NaN for models that diverged; None where it was asked to stop.

    Nothing of a further training is recorded but what it forecasts; a run that goes on makes them again, and they come
    out the same.
    """
    found: list[np.ndarray] = []
    began = time.perf_counter()
    before = _result(first, watch.divergence.diverged)
    for number, fold in enumerate(task.folds(), start=2):
        training = _started(config, fold, before)
        lost: dict[int, str] = {}
        with threadpool_limits(limits=1, user_api="blas"):
            for update in training:
                lost.update(update.diverged)
                if should_stop():
                    return None
        before = _result(training, lost)
        found.append(before)
        if lost:
            watch.warnings.warn(f"Training {number}: {count(len(lost), 'seed')} of {len(config.seeds)} diverged.")
        if watch.tell is not None:
            served = min(config.evaluation.folds, number * config.evaluation.retrain_every)
            watch.tell(_progress(served, config, first, watch.recorder.seconds + time.perf_counter() - began))
    return found


def _started(config, fold: Task, before: np.ndarray) -> Training:
    """The training of a fold: as the run's own, or `retrain_epochs` from the parameters of the one before."""
    epochs = config.evaluation.retrain_epochs
    if epochs is None:
        return start_training(config, build_setup(config, fold))
    shorter = config.model_copy(
        update={"training": config.training.model_copy(update={"epochs": epochs, "updates": None})}
    )
    setup = build_setup(shorter, fold)
    alive = np.isfinite(before).all(axis=1)
    setup.theta[alive] = before[alive]  # one that diverged begins afresh
    return start_training(shorter, setup)


def _result(training: Training, diverged) -> np.ndarray:
    theta = training.result.copy()
    theta[list(diverged)] = np.nan
    return theta


def _progress(served: int, config, training: Training, elapsed: float) -> Progress:
    """So many folds have networks."""
    nothing, total = float("nan"), config.evaluation.folds
    epochs = config.training.epochs or 1
    words = f"fold {served} of {total}"
    return Progress(training.updates, training.updates, epochs, epochs, nothing, nothing, 0.0, elapsed, words=words)
