"""`rnnlab train`: train the networks of a config, one per seed, measure them, and leave a run folder."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from rnnlab.config import dump
from rnnlab.config.registry import brought_in
from rnnlab.engine.divergence import describe
from rnnlab.engine.training import Training
from rnnlab.errors import DivergedError, RnnlabError, RunWriteError
from rnnlab.experiments.drawing import Figures, draw_plots
from rnnlab.experiments.gradient_flow import FlowTable
from rnnlab.experiments.loss_units import LossUnit, loss_unit
from rnnlab.experiments.outcome import TOLD, Sayings, course_figures, diverged_record, finish
from rnnlab.experiments.problems import Problem, build_problem
from rnnlab.experiments.recording import Recorder
from rnnlab.experiments.reports import Progress, TrainSummary
from rnnlab.experiments.setup import Setup, build_setup, check_network, start_training
from rnnlab.runs import RunFolder
from rnnlab.runs.log import libraries_warnings

FEW_SEQUENCES = 30
SHOW_EVERY = 0.1  # seconds between two looks at the progress


def train(
    config,
    *,
    runs_dir: Path,
    command: list[str],
    on_progress: Callable[[Progress], None] | None = None,
    on_warning: Callable[[str], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> TrainSummary:
    """Run the experiment of a config from data to plots.

    Parameters
    ----------
    config : Config
    runs_dir : Path
        Where the run folder is made.
    command : list of str
        What the user typed, for the record.
    on_progress, on_warning : callables, optional
        Are told how training goes, and what the reader must know as soon as it is known.
    should_stop : callable, optional
        Asked once before the first update, then after each; True after an update ends training with a checkpoint.

    Raises
    ------
    ConfigError, DataError
        Before a run folder is made.
    RunFolderError
        Where the run folder cannot be written.
    DivergedError
        Where every model diverged; its attribute `run` is the run folder.
    """
    problem = build_problem(config)
    check_network(config, problem)
    setup = build_setup(config, problem)
    run = RunFolder.create(
        runs_dir,
        config.name,
        now=datetime.now(UTC),
        fields={
            "kind": config.data.kind,
            "command": command,
            "seeds": config.seeds,
            "data": problem.record,
            **brought_in(config),
        },
        files={"config.yaml": dump(config)},
    )
    with run, libraries_warnings(run.log):
        try:
            return _run(config, problem, setup, run, on_progress, on_warning, should_stop or (lambda: False))
        except DivergedError:
            raise
        except BaseException as error:
            _mark_failed(run, error)
            raise


def _run(config, problem: Problem, setup: Setup, run: RunFolder, on_progress, on_warning, should_stop) -> TrainSummary:
    say = Sayings(run, on_warning)
    for warning in problem.warnings:
        say.warn(warning)
    left = setup.sampling.sequences.sequences
    if left < min(FEW_SEQUENCES, problem.sequences.sequences):
        say.warn(f"Early stopping leaves only {left} of {problem.sequences.sequences} sequences to train on.")
    training = start_training(config, setup)
    recorder = Recorder(run, config.seeds, setup.network.layout.names)
    flow = FlowTable(config, setup.loss, run)
    full: RunWriteError | None = None
    try:
        stopped = _train(config, problem, training, run, recorder, flow, on_progress, should_stop, say)
        try:
            recorder.write()
            _checkpoint(run, training)  # before the row of an epoch that is not done
            recorder.close()
        except RunWriteError as error:
            if stopped or len(recorder.diverged) == len(config.seeds):
                raise
            full = error
    except (KeyboardInterrupt, SystemExit):
        recorder.close()
        raise
    figures = course_figures(config, recorder, training) | flow.figures()
    if stopped:
        return _interrupted(config, run, training, say, figures)
    if len(recorder.diverged) == len(config.seeds):
        raise _diverged(config, training, run, recorder, say, figures)
    return finish(config, problem, training, run, recorder, say, figures, full)


def _train(
    config,
    problem: Problem,
    training: Training,
    run: RunFolder,
    recorder: Recorder,
    flow: FlowTable,
    on_progress,
    should_stop,
    say,
) -> bool:
    """Run the update loop; True where it was asked to stop before the end."""
    began = shown = time.perf_counter()
    update, unit = None, loss_unit(config, problem)
    checkpoint_every = config.training.checkpoint_every
    # Blocks go to threads of their own; BLAS threads on top of them would only get in each other's way.
    with threadpool_limits(limits=1, user_api="blas"):
        should_stop()  # from now on a signal waits for the end of an update, of which there must be one to keep
        flow.look(training)
        for update in training:
            now = time.perf_counter()
            recorder.add(update, now - began)
            flow.look(training)
            for model, tensor in update.diverged.items():
                say.warn(_divergence(config.seeds[model], update.number, tensor), told=len(recorder.diverged) <= TOLD)
            if update.diverged:  # at once: whatever ends the run, its readers leave these networks out
                run.update(diverged=diverged_record(config.seeds, recorder))
            if on_progress is not None and (now - shown >= SHOW_EVERY or update.number == 1):
                on_progress(_progress(training, update, recorder, unit, now - began))
                shown = now
            if checkpoint_every and update.number % checkpoint_every == 0 and update.number < training.updates:
                recorder.write()
                _checkpoint(run, training)
            if should_stop() and update.number < training.updates:
                return True
    if on_progress is not None and update is not None:
        on_progress(_progress(training, update, recorder, unit, time.perf_counter() - began))
    return False


def _progress(training: Training, update, recorder: Recorder, unit: LossUnit, elapsed: float) -> Progress:
    alive = np.isfinite(update.norm)
    middle = (lambda values: float(np.median(values[alive]))) if alive.any() else (lambda _values: float("nan"))
    per_epoch = training.sampling.updates_per_epoch
    return Progress(
        update=update.number,
        updates=training.updates,
        epoch=update.epoch,
        epochs=1 if training.updates % per_epoch else training.updates // per_epoch,
        loss=unit.of(middle(update.loss) / update.share),
        gradient_norm=middle(update.norm),
        clipped_share=recorder.clipped_share,
        elapsed=elapsed,
        loss_name=unit.name,
    )


def _checkpoint(run: RunFolder, training: Training) -> None:
    run.save_checkpoint(training.state(), {"update": training.done, "tables": run.table_sizes()})


def _interrupted(config, run: RunFolder, training: Training, say: Sayings, figures: Figures) -> TrainSummary:
    sentence = f"Stopped after update {training.done} of {training.updates}; the state is kept in a checkpoint."
    run.log(sentence)
    run.finish("interrupted", datetime.now(UTC), warnings=say.warnings)
    draw_plots(run, figures, say.warn)
    return TrainSummary(
        run.path,
        config.name,
        config.data.kind,
        config.seeds,
        {},
        {},
        {},
        sentence,
        (),
        say.warnings,
        run.record,
    )


def _diverged(
    config, training: Training, run: RunFolder, recorder: Recorder, say: Sayings, figures: Figures
) -> DivergedError:
    sentences = [_divergence(config.seeds[m], *recorder.diverged[m]) for m in sorted(recorder.diverged)]
    others = len(sentences) - 1
    more = f" So did the other {f'{others} seeds' if others > 1 else 'seed'}; log.txt says where." if others else ""
    clip = config.training.clip
    calmer = "clip: {kind: norm, threshold: 1.0}" if clip.kind == "none" else "a smaller training.clip.threshold"
    hint = f"Try a smaller training.optimizer.learning_rate, or {calmer}."
    if training.updates > 1 and {update for update, _ in recorder.diverged.values()} == {1}:
        hint = "No update had been made: give smaller initial weights in model.init."
    error = DivergedError(
        f"Training diverged: {sentences[0]}{more} The last finite state is kept in '{run.path}'.",
        hint=hint,
        run=run.path,
    )
    run.log(f"error: {error.message}")
    run.finish("diverged", datetime.now(UTC), diverged=diverged_record(config.seeds, recorder), warnings=say.warnings)
    draw_plots(run, figures, say.warn)
    return error


def _divergence(seed: int, update: int, tensor: str) -> str:
    return f"seed {seed} diverged at update {update}: {describe(tensor)}."


def _mark_failed(run: RunFolder, error: BaseException) -> None:
    """Leave a word in the run folder where it can still be written."""
    interrupted = isinstance(error, (KeyboardInterrupt, SystemExit))
    reason = error.message if isinstance(error, RnnlabError) else f"{type(error).__name__}: {error}"
    try:
        run.log(f"error: {'interrupted' if interrupted else reason}")
        if run.record["status"] != "running":  # done, but for its plots
            return
        run.finish("interrupted" if interrupted else "failed", datetime.now(UTC))
    except (RnnlabError, OSError):
        pass
