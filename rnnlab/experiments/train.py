"""`rnnlab train`: train the networks of a config, one per seed, measure them, and leave a run folder."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from threadpoolctl import threadpool_limits

from rnnlab.config import dump, fingerprint, registry
from rnnlab.config.registry import brought_in
from rnnlab.engine.training import Training
from rnnlab.errors import DivergedError, RunWriteError
from rnnlab.experiments.drawing import Figures, draw_plots
from rnnlab.experiments.figures import course_figures, course_of
from rnnlab.experiments.folds import train_folds
from rnnlab.experiments.gradient_flow import flow_figures
from rnnlab.experiments.observers import Observer, end, observe
from rnnlab.experiments.observers.divergence import DivergenceLog
from rnnlab.experiments.observers.warning_log import WarningLog
from rnnlab.experiments.outcome import finish
from rnnlab.experiments.refit import refit
from rnnlab.experiments.reports import Progress, TrainSummary
from rnnlab.experiments.setup import Setup, build_setup, check_network, ragged, start_training
from rnnlab.experiments.trained import Trained
from rnnlab.experiments.watch import Watch, check_further, watch
from rnnlab.runs import RunFolder, RunStore
from rnnlab.runs.in_memory import RunInMemory
from rnnlab.runs.log import libraries_warnings
from rnnlab.runs.schema import TRAIN
from rnnlab.tasks.forecast.learned import LEARNED
from rnnlab.tasks.task import Task, build_task, evaluate, pinned

FEW_SEQUENCES = 30


def train(
    config,
    *,
    runs_dir: Path | None,
    command: list[str],
    on_progress: Callable[[Progress], None] | None = None,
    on_warning: Callable[[str], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    observers: Sequence[Observer] = (),
) -> TrainSummary:
    """Run the experiment of a config from data to plots.

    Parameters
    ----------
    config : Config
    runs_dir : Path or None
        Where the run folder is made; None keeps the run in memory, without plots.
    command : list of str
        What the user typed, for the record.
    on_progress, on_warning : callables, optional
        Are told how training goes, and what the reader must know as soon as it is known.
    should_stop : callable, optional
        Asked once before the first update, then after each; True after an update ends training with a checkpoint.
    observers : sequence of Observer, optional
        Told of every update beside those that fill the run folder; checkpoints hold their states too, by their names.

    Raises
    ------
    ConfigError, DataError, ValueError
        Before a run folder is made; a ValueError for observers whose names clash.
    RunFolderError
        Where the run folder cannot be written.
    DivergedError
        Where every model diverged; its attribute `run` is the run folder.
    """
    check_further(observers)
    task = build_task(config)
    check_network(config, task)
    setup = build_setup(config, task)
    if registry.task_entry(config.data).origin:  # what a package brings is known to measure before anything is trained
        evaluate(task, setup.network, setup.theta)
    if config.training.refit == "all":  # what would stop it is known before anything is trained, too
        task.refit()
    config = pinned(config, task)
    text = dump(config)
    fields = {
        "kind": config.data.kind,
        "verb": TRAIN,
        "command": command,
        "seeds": config.seeds,
        "data": {**task.record, "task": config.data.task_name, "ragged": ragged(setup)},
        "config": {"sha256": fingerprint(text)},
        **brought_in(config),
    }
    now = datetime.now(UTC)
    if runs_dir is None:
        run: RunStore = RunInMemory(config.name, now=now, fields=fields)
    else:
        run = RunFolder.create(runs_dir, config.name, now=now, fields=fields, files={"config.yaml": text})
    with run, failing_well(run):
        watched = watch(config, task, setup, run, on_progress, on_warning, observers)
        warn_at_start(task, setup, watched)
        return carry_out(config, task, setup, run, start_training(config, setup), watched, should_stop)


def warn_at_start(task: Task, setup: Setup, watch: Watch) -> None:
    """Warn of what is known before the first update."""
    left, total = setup.sampling.sequences.sequences, task.sequences.sequences
    few = f"Early stopping leaves only {left} of {total} sequences to train on."
    for warning in [*task.warnings, *([few] if left < min(FEW_SEQUENCES, total) else [])]:
        watch.warnings.warn(warning)


@contextmanager
def failing_well(run: RunStore) -> Iterator[None]:
    """Log what the libraries warn of, and close the run as failed or interrupted by what the block raises."""
    with libraries_warnings(run.log):
        try:
            yield
        except DivergedError:
            raise
        except BaseException as error:
            run.mark_failed(error, datetime.now(UTC))
            raise


def carry_out(
    config,
    task: Task,
    setup: Setup,
    run: RunStore,
    training: Training,
    watch: Watch,
    should_stop: Callable[[], bool] | None = None,
) -> TrainSummary:
    """Make the updates that are left of a training, measure its networks, and close its run.

    Raises
    ------
    RunFolderError, DivergedError
        As for :func:`train`.
    """
    diverged, full = watch.divergence.diverged, None
    if task.learned:
        run.write_json(LEARNED, dict(task.learned))
    try:
        stopped = _train(training, watch.observers, should_stop or (lambda: False))
        try:
            end(training, watch.observers)
        except RunWriteError as error:
            if stopped or len(diverged) == len(config.seeds):
                raise
            full = error
    except RunWriteError:
        with suppress(RunWriteError):  # a last attempt: what stopped a table may leave room for this
            watch.checkpoints.save(training)
        raise
    except (KeyboardInterrupt, SystemExit):
        watch.recorder.close()
        raise
    figures = course_figures(config, lambda: course_of(config, watch.recorder, training))
    if watch.flow.looks.updates:
        figures = {**figures, **flow_figures(config, lambda: watch.flow.looks, ragged=ragged(setup))}
    if len(diverged) == len(config.seeds):
        raise _diverged(config, training, run, watch.divergence, watch.warnings, figures)
    further: list | None = []
    if task.further_trainings:
        ends = stopped or full is not None
        further = None if ends else train_folds(config, task, training, watch, should_stop or (lambda: False))
    again = None
    if config.training.refit == "all":
        again = partial(refit, config, task, training, run, watch, should_stop or (lambda: False))
    summary = finish(
        config, task, training, run, watch, figures, stopped=stopped, full=full, further=further, refit=again
    )
    trained = Trained(run, config, task, setup, training.theta, training.done, watch.checkpoints.newest)
    return replace(summary, trained=trained)


def _train(training: Training, observers: Sequence[Observer], should_stop) -> bool:
    """Run the update loop; True where it was asked to stop before the end."""
    # Shards go to threads of their own; BLAS threads on top of them would only get in each other's way.
    with threadpool_limits(limits=1, user_api="blas"):
        should_stop()  # from now on a signal waits for the end of an update, of which there must be one to keep
        for update in observe(training, observers):
            if should_stop() and update.number < training.updates:
                return True
    return False


def _diverged(
    config, training: Training, run: RunStore, divergence: DivergenceLog, warnings: WarningLog, figures: Figures
) -> DivergedError:
    sentences = [divergence.sentence(model) for model in sorted(divergence.diverged)]
    others = len(sentences) - 1
    more = f" So did the other {f'{others} seeds' if others > 1 else 'seed'}; log.txt says where." if others else ""
    clip = config.training.clip
    calmer = "clip: {kind: norm, threshold: 1.0}" if clip.kind == "none" else "a smaller training.clip.threshold"
    hint = f"Try a smaller training.optimizer.learning_rate, or {calmer}."
    if training.updates > 1 and {update for update, _ in divergence.diverged.values()} == {1}:
        hint = "No update had been made: give smaller initial weights in model.init."
    if config.training.fit.kind == "ridge":
        hint = "Nothing had been fitted: give smaller initial weights in model.init."
    kept = "" if run.path is None else f" The last finite state is kept in '{run.path}'."
    error = DivergedError(
        f"Training diverged: {sentences[0]}{more}{kept}",
        hint=hint,
        run=run.path,
    )
    run.log(f"error: {error.message}")
    run.finish("diverged", datetime.now(UTC), diverged=divergence.record(), warnings=warnings.shown)
    draw_plots(run, figures, warnings.warn)
    run.seal()
    return error
