"""How a training ends: what the networks are worth, and what is said about it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, astuple, replace
from datetime import UTC, datetime

import numpy as np
from threadpoolctl import threadpool_limits

from rnnlab.config.schema.experiment import EPOCHS
from rnnlab.engine.network import Network
from rnnlab.engine.training import Training
from rnnlab.errors import RunWriteError
from rnnlab.experiments.drawing import Figures, draw_plots
from rnnlab.experiments.observers.divergence import MOST_SHOWN
from rnnlab.experiments.observers.recorder import TRAINING, Recorder
from rnnlab.experiments.refit import Refitted
from rnnlab.experiments.reports import Measured, TrainSummary
from rnnlab.experiments.watch import Watch
from rnnlab.runs import RunStore
from rnnlab.seeds import spread
from rnnlab.tasks.task import Completed, Evaluation, Task, evaluate, task_figures
from rnnlab.words import count, listed, spread_aside

ALWAYS = 0.9  # share of the updates from which on clipping is no exception any more
REFIT_STOPPED = "Stopped while training on all rows; the state is kept in a checkpoint."
FEW_EPOCHS = 10  # below this nothing is said of the last tenth
STILL_FALLING = 0.01  # share of the loss that the last tenth of the training took off it


def finish(
    config,
    task: Task,
    training: Training,
    run: RunStore,
    watch: Watch,
    figures: Figures,
    *,
    stopped: bool = False,
    full: RunWriteError | None = None,
    further: Sequence[np.ndarray] | None = (),
    refit: Callable[[], Refitted | None] | None = None,
) -> TrainSummary:
    """Measure the trained networks on held-out data, close the run, and draw its plots.

    Of a training that was `stopped` before its end, the status is written first: whoever stopped it may not wait for
    the measuring. `further` are the models of the folds of a rolling origin; None where these are not all there, and
    nothing is measured. `refit` trains once more, after the measuring.

    Raises
    ------
    RunWriteError
        Where the run folder takes no more, as `full` says that it did not: with the summary.
    """
    recorder, warnings, diverged = watch.recorder, watch.warnings, watch.divergence.diverged
    so_far = ""
    if stopped:
        so_far = f"Stopped after update {training.done} of {training.updates}; the state is kept in a checkpoint."
        run.log(so_far)
        run.finish("interrupted", datetime.now(UTC), headline=so_far, warnings=warnings.shown)
    if further is None and not stopped and full is None:
        stopped = True
        so_far = "Stopped among the folds of the evaluation: nothing is measured. The state is kept in a checkpoint."
    evaluation = Evaluation({}, {}, {}, "")
    if further is not None:
        evaluation = worth(task, training.network, training.result, diverged, further)
    metrics = {name: _measured(values) for name, values in evaluation.metrics.items()}
    combined = _combined(config.seeds, evaluation)
    headline = " ".join(filter(None, (so_far, evaluation.headline)))
    notes = [
        f"Trained on {task.description}",
        *evaluation.notes,
        *_held_out_note(task, training),
        *_fitting_note(config, recorder),
        *([] if stopped else _course_notes(config, training, recorder)),
    ]
    summary = TrainSummary(
        run.path,
        config.name,
        config.data.kind,
        config.seeds,
        metrics,
        evaluation.units,
        evaluation.baselines,
        headline,
        notes,
        warnings.shown,
        run.record.plain(),
        combined=combined,
    )
    try:
        if full is not None:
            raise full
        if len(diverged) > MOST_SHOWN:
            warnings.warn(f"{len(diverged)} of {len(config.seeds)} seeds diverged; log.txt names them all.")
        for warning in evaluation.warnings:
            warnings.warn(warning)
        for filename, columns in evaluation.tables.items():
            run.write_table(filename, _long(config.seeds, columns))
        for sentence in (evaluation.headline, *notes):
            run.log(sentence)
        again = None
        if refit is not None and not stopped:
            again = refit()
            stopped = again is None
            said = REFIT_STOPPED if again is None else again.sentence
            notes.append(said)
            run.log(said)
        run.finish(
            "interrupted" if stopped else "completed",
            datetime.now(UTC),
            metrics={name: asdict(measured) for name, measured in metrics.items()},
            units={name: unit for name, unit in evaluation.units.items() if unit},
            **({} if combined is None else {"combined": combined}),
            baselines=evaluation.baselines,
            clipped_share=recorder.clipped_share,
            diverged=watch.divergence.record(),
            stopped_early=stopped_early(config, training),
            tests=evaluation.tests,
            **({} if again is None else {"refit": again.record}),
            headline=headline,
            warnings=warnings.shown,
        )
    except RunWriteError as error:
        error.summary = summary
        raise
    measured = {} if further is None else task_figures(config, Completed(run.record.plain(), run.read_table))
    draw_plots(run, {**figures, **measured, **evaluation.figures}, warnings.warn)
    run.seal()
    return replace(summary, record=run.record.plain())


def _combined(seeds: list[int], evaluation: Evaluation) -> dict[str, object] | None:
    """The one answer of all models, for run.json."""
    if (found := evaluation.combined) is None:
        return None
    return {"rule": found.rule, "seeds": [seeds[model] for model in found.models], "metrics": dict(found.metrics)}


def stopped_early(config, training: Training) -> dict[str, int]:
    """The seeds that early stopping ended, with the epoch whose parameters remain, for run.json."""
    return {str(config.seeds[model]): epoch for model, epoch in training.stopped_early.items()}


def worth(
    task: Task, network: Network, theta: np.ndarray, diverged: Iterable[int], further: Sequence[np.ndarray] = ()
) -> Evaluation:
    """What the networks with the parameters theta (R, P) are worth on held-out data; those that diverged are NaN.

    `further` are the models of the folds of a rolling origin, in which they are NaN already.
    """
    with np.errstate(over="ignore", invalid="ignore"), threadpool_limits(limits=1, user_api="blas"):
        theta = theta.copy()
        theta[list(diverged)] = np.nan  # a network that diverged has nothing to say
        return evaluate(task, network, theta, *further)


def _held_out_note(task: Task, training: Training) -> list[str]:
    """How many of the training sequences early stopping took for its validation."""
    total, rest = task.sequences.sequences, training.sampling.sequences.sequences
    if rest == total:
        return []
    return [f"Early stopping held out the last {total - rest} of these {total}; {rest} were trained on."]


def _fitting_note(config, recorder: Recorder) -> list[str]:
    clip, fit = config.training.clip, config.training.fit
    if fit.kind == "ridge":
        said = (
            f"The readout was fitted in closed form, by ridge regression with alpha {fit.alpha:g}; "
            "everything below it is as it was drawn."
        )
        return [said, *_unused_note(config.training)]
    if clip.kind == "none":
        return ["Gradients were not clipped."]
    U, R = recorder.update_count, len(config.seeds)
    seeds = "" if R == 1 else f" x {R} seeds"
    made = f"{count(U, 'update')}{seeds}"
    if recorder.made != U * R:
        made = f"{count(recorder.made, 'update')} that {R} seeds made"
    share = recorder.clipped_share
    percent = f"{100 * share:.1f}"
    if percent in ("0.0", "100.0") and share not in (0, 1):  # neither never nor always
        percent = "less than 0.1" if share < 0.5 else "more than 99.9"
    said = [f"Clipping ({clip.kind}, threshold {clip.threshold:g}) fired in {percent} % of {made}."]
    return said + _constant_clipping(config, recorder) if share >= ALWAYS else said


def _unused_note(training) -> list[str]:
    """The keys of a descent that a fit in closed form does without."""
    told = (
        ("optimizer", training.optimizer.kind != "adam"),
        ("schedule", training.schedule.kind != "constant"),
        ("clip", training.clip.kind != "none"),
        ("updates", training.updates is not None),
        ("epochs", training.epochs not in (None, EPOCHS)),
    )
    unused = [f"training.{name}" for name, differs in told if differs]
    return [f"{listed(unused)} had no effect: the fit takes a single step."] if unused else []


def _constant_clipping(config, recorder: Recorder) -> list[str]:
    """What clipping in nearly every update means, from the norms of the run."""
    clip, middle, mean = config.training.clip, recorder.median_norm, recorder.mean_norm
    which = "every update" if recorder.clipped_share == 1 else "nearly every update"
    summed = ", of a loss summed over the steps," if config.model.readout == "every" else ""
    said = f"The median gradient norm{summed} was {middle:.3g}"
    if clip.kind != "norm":
        return [f"{said}: clipping changed the gradient of {which}."]
    said += (
        f", {middle / clip.threshold:.3g} times the threshold; after clipping, the gradient of {which} had a norm of "
        f"{clip.threshold:g}."
    )
    if not np.isfinite(mean):
        return [said]
    return [f"{said} Thresholds of 0.5 to 10 times the mean norm are usual (Pascanu et al. 2013): here "
            f"{0.5 * mean:.3g} to {10 * mean:.3g}."]  # fmt: skip


def _course_notes(config, training: Training, recorder: Recorder) -> list[str]:
    """What the loss says about how long was trained."""
    if config.training.early_stopping is not None:
        best, R = training.stopped_early, len(config.seeds)
        if not best:
            return ["Early stopping never fired; the parameters are those of the best epoch."]
        epoch, low, high = (f"{one:.0f}" for one in astuple(spread(best.values())))
        ended = f"{len(best)} of {R} seeds; their parameters are" if R > 1 else "training; the parameters are"
        which = f"epoch {epoch}" if low == high else f"their best epochs: {epoch}{spread_aside(len(best), low, high)}"
        return [f"Early stopping ended {ended} those of {which}."]
    epochs, source = recorder.epochs, training.sampling
    updates = None if source.has_epochs else source.updates_per_epoch
    if updates is not None and training.done % updates:  # the last row is the loss of fewer: it proves nothing
        return []
    return _falling_note(epochs.lowest[..., TRAINING].T, recorder.last_loss, epochs.ends, updates)


def _falling_note(
    loss: np.ndarray, last: np.ndarray | None = None, ends: np.ndarray | None = None, updates: int | None = None
) -> list[str]:
    """Which seeds were still learning at the end, by their loss per epoch (R, E).

    Of many epochs, a column may be the least loss of several: `ends` (E,) says which epoch each column ends with, and
    `last` (R,) is the loss of the last epoch of all. The last tenth then begins where a column does. Where an epoch is
    nothing but so many `updates`, these are told.

    A loss counts as falling where it ends lower, by a hundredth or more, than it ever was before the last tenth of the
    epochs: a noisy loss that only comes back from a rise does not.
    """
    ends = np.arange(1, loss.shape[1] + 1) if ends is None else ends
    last = loss[:, -1] if last is None else last
    if not len(ends) or (epochs := int(ends[-1])) < FEW_EPOCHS:
        return []
    early = ends <= epochs - max(1, epochs // 10)
    before, tenth = loss[:, early].min(axis=1), epochs - int(ends[early][-1])
    with np.errstate(invalid="ignore"):
        falling = last < (1 - STILL_FALLING) * before  # NaN where a network diverged: not falling
    if not falling.any():
        return []
    by, low, high = (f"{100 * fall:.0f}" for fall in astuple(spread(1 - last[falling] / before[falling])))
    by += f" %{spread_aside(int(falling.sum()), low, high, ' %')}"
    where = f" in {falling.sum()} of {len(loss)} seeds" if len(loss) > 1 else ""
    over = count(tenth, "epoch") if updates is None else count(tenth * updates, "update")
    return [f"The training loss was still falling{where}, by {by} over the last {over}."]


def _measured(values: np.ndarray) -> Measured:
    """A metric with its mean and standard deviation over the seeds that did not diverge."""
    kept = [float(v) if np.isfinite(v) else None for v in values]
    finite = np.array([v for v in kept if v is not None])
    if not finite.size:
        return Measured(float("nan"), None, kept)
    # Divided by a power of two, which is exact: sums and squares neither overflow nor vanish.
    exponent = np.frexp(np.abs(finite).max())[1]
    scaled = np.ldexp(finite, -exponent)
    mean = float(np.ldexp(scaled.mean(), exponent))
    return Measured(mean, float(np.ldexp(scaled.std(ddof=1), exponent)) if finite.size > 1 else None, kept)


def _long(seeds: list[int], columns) -> dict[str, np.ndarray]:
    """Columns (N,) shared by all seeds and (R, N) of each, as rows of seed after seed; of the shared alone, N rows."""
    if all(np.ndim(column) < 2 for column in columns.values()):
        return dict(columns)
    N, R = max(np.shape(column)[-1] for column in columns.values()), len(seeds)
    long = {"seed": np.repeat(seeds, N)}
    for name, column in columns.items():
        column = np.asarray(column)
        long[name] = column.reshape(-1) if column.ndim == 2 else np.tile(column, R)
    return long
