"""`rnnlab train`: train the networks of a config, one per seed, measure them, and leave a run folder."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from rnnlab.config import dump
from rnnlab.engine.training import Training
from rnnlab.errors import DivergedError, RnnlabError
from rnnlab.experiments.memory import check_memory
from rnnlab.experiments.problems import Evaluation, Problem, build_problem
from rnnlab.experiments.recording import Recorder
from rnnlab.experiments.reports import Progress, Spread, TrainSummary
from rnnlab.experiments.setup import Setup, architecture_of, build_setup, start_training, threads
from rnnlab.runs import RunFolder

SHOW_EVERY = 0.1  # seconds between two looks at the progress
TOLD = 3  # diverged seeds that are told one by one; all of them are in the log


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
        Asked between updates; True ends training with a checkpoint.

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
    _check_memory(config, problem)
    setup = build_setup(config, problem)
    run = RunFolder.create(
        runs_dir,
        config.name,
        now=datetime.now(UTC),
        fields={"kind": config.data.kind, "command": command, "seeds": config.seeds, "data": problem.record},
        files={"config.yaml": dump(config)},
    )
    with run:
        try:
            return _run(config, problem, setup, run, on_progress, on_warning, should_stop or (lambda: False))
        except DivergedError:
            raise
        except BaseException as error:
            _mark_failed(run, error)
            raise


def _check_memory(config, problem: Problem) -> None:
    steps = min(problem.sequences.steps, config.training.truncate or problem.sequences.steps)
    check_memory(
        architecture_of(config, problem),
        models=len(config.seeds),
        steps=steps,
        itemsize=np.dtype(config.model.dtype).itemsize,
        threads=threads(),
    )


def _run(config, problem: Problem, setup: Setup, run: RunFolder, on_progress, on_warning, should_stop) -> TrainSummary:
    say = _Sayings(run, on_warning)
    run.log(f"Training on {problem.description}")
    for warning in problem.warnings:
        say.warn(warning)
    training = start_training(config, setup)
    recorder = Recorder(run, config.seeds, setup.network.layout.names)
    stopped = _train(config, training, run, recorder, on_progress, should_stop, say)
    recorder.write()
    _checkpoint(run, training)
    if stopped:
        return _interrupted(config, run, training, say)
    if len(recorder.diverged) == len(config.seeds):
        raise _diverged(config, run, recorder)
    return _finish(config, problem, setup, run, recorder, say)


def _train(config, training: Training, run: RunFolder, recorder: Recorder, on_progress, should_stop, say) -> bool:
    """Run the update loop; True where it was asked to stop before the end."""
    began = shown = time.perf_counter()
    checkpoint_every = config.training.checkpoint_every
    # Blocks go to threads of their own; BLAS threads on top of them would only get in each other's way.
    with threadpool_limits(limits=1, user_api="blas"):
        for update in training:
            now = time.perf_counter()
            recorder.add(update, now - began)
            for model, tensor in update.diverged.items():
                say.warn(_divergence(config.seeds[model], update.number, tensor), told=len(recorder.diverged) <= TOLD)
            if on_progress is not None and (now - shown >= SHOW_EVERY or update.number in (1, training.updates)):
                on_progress(_progress(training, update, recorder, now - began))
                shown = now
            if checkpoint_every and update.number % checkpoint_every == 0:
                recorder.write()
                _checkpoint(run, training)
            if should_stop() and update.number < training.updates:
                return True
    return False


def _progress(training: Training, update, recorder: Recorder, elapsed: float) -> Progress:
    alive = np.isfinite(update.norm)
    middle = (lambda values: float(np.median(values[alive]))) if alive.any() else (lambda values: float("nan"))
    per_epoch = training.sampling.updates_per_epoch
    return Progress(
        update=update.number,
        updates=training.updates,
        epoch=update.epoch,
        epochs=-(-training.updates // per_epoch),
        loss=middle(update.loss),
        gradient_norm=middle(update.norm),
        clipped_share=recorder.clipped_share,
        elapsed=elapsed,
    )


def _checkpoint(run: RunFolder, training: Training) -> None:
    run.save_checkpoint(training.state(), {"update": training.done, "tables": run.table_sizes()})


def _interrupted(config, run: RunFolder, training: Training, say: "_Sayings") -> TrainSummary:
    sentence = f"Stopped after update {training.done} of {training.updates}; the state is kept in a checkpoint."
    run.log(sentence)
    run.finish("interrupted", datetime.now(UTC))
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


def _diverged(config, run: RunFolder, recorder: Recorder) -> DivergedError:
    sentences = [_divergence(config.seeds[m], *recorder.diverged[m]) for m in sorted(recorder.diverged)]
    others = len(sentences) - 1
    more = f" So did the other {f'{others} seeds' if others > 1 else 'seed'}; log.txt says where." if others else ""
    clip = config.training.clip
    calmer = "clip: {kind: norm, threshold: 1.0}" if clip.kind == "none" else "a smaller training.clip.threshold"
    error = DivergedError(
        f"Training diverged: {sentences[0]}{more} The last finite state is kept in '{run.path}'.",
        hint=f"Try a smaller training.optimizer.learning_rate, or {calmer}.",
        run=run.path,
    )
    run.log(f"error: {error.message}")
    run.finish("diverged", datetime.now(UTC))
    return error


def _divergence(seed: int, update: int, tensor: str) -> str:
    return f"seed {seed} diverged at update {update}: {tensor} is not finite."


def _finish(
    config, problem: Problem, setup: Setup, run: RunFolder, recorder: Recorder, say: "_Sayings"
) -> TrainSummary:
    with np.errstate(over="ignore", invalid="ignore"), threadpool_limits(limits=1, user_api="blas"):
        evaluation = problem.evaluate(setup.network, setup.theta)
    metrics = {name: _spread(values, recorder.diverged) for name, values in evaluation.metrics.items()}
    for filename, columns in evaluation.tables.items():
        run.append_columns(filename, _long(config.seeds, columns))
    _draw(config, run, recorder, setup.network.layout.names, evaluation)
    if len(recorder.diverged) > TOLD:
        say.warn(f"{len(recorder.diverged)} of {len(config.seeds)} seeds diverged; log.txt names them all.")
    for warning in evaluation.warnings:
        say.warn(warning)
    notes = [f"Trained on {problem.description}", *_clipping_note(config, recorder)]
    for sentence in (evaluation.headline, *notes):
        run.log(sentence)
    run.finish(
        "completed",
        datetime.now(UTC),
        metrics={name: _plain(spread) for name, spread in metrics.items()},
        baselines=evaluation.baselines,
        clipped_share=recorder.clipped_share,
        diverged={str(config.seeds[m]): {"update": u, "tensor": t} for m, (u, t) in recorder.diverged.items()},
        headline=evaluation.headline,
        warnings=say.warnings,
    )
    return TrainSummary(
        run.path,
        config.name,
        config.data.kind,
        config.seeds,
        metrics,
        evaluation.units,
        evaluation.baselines,
        evaluation.headline,
        notes,
        say.warnings,
        run.record,
    )


def _clipping_note(config, recorder: Recorder) -> list[str]:
    clip = config.training.clip
    if clip.kind == "none":
        return ["Gradients were not clipped."]
    U, R = len(recorder.updates), len(config.seeds)
    seeds = "" if R == 1 else f" x {R} seeds"
    share = f"{100 * recorder.clipped_share:.1f} % of {U} updates{seeds}"
    return [f"Clipping ({clip.kind}, threshold {clip.threshold:g}) fired in {share}."]


def _draw(config, run: RunFolder, recorder: Recorder, names: tuple[str, ...], evaluation: Evaluation) -> None:
    """The plots of the run folder."""
    from rnnlab.plots.canvas import render
    from rnnlab.plots.gradient_norms import gradient_norms
    from rnnlab.plots.training import training

    clip, norm, norms = config.training.clip, recorder.curve("norm"), recorder.curve("norms")
    threshold = clip.threshold if clip.kind == "norm" else None
    loss_name = config.training.loss.kind.replace("_", " ")
    figures = {
        "training.png": lambda: training(
            recorder.epochs,
            recorder.loss,
            recorder.updates,
            norm,
            recorder.curve("clip_scale"),
            threshold,
            loss_name,
            recorder.validation,
            title=f"{config.name}: training",
        ),
        "gradient_norms.png": lambda: gradient_norms(
            recorder.updates,
            {name: norms[..., k] for k, name in enumerate(names)} | {"total": norm},
            title=f"{config.name}: gradient norm per parameter",
        ),
    } | dict(evaluation.figures)
    for filename, draw in figures.items():
        run.write(f"plots/{filename}", render(draw()))


def _spread(values: np.ndarray, diverged: dict) -> Spread:
    """Mean and spread over the seeds that did not diverge."""
    kept = [None if m in diverged or not np.isfinite(v) else float(v) for m, v in enumerate(values)]
    finite = np.array([v for v in kept if v is not None])
    mean = float(finite.mean()) if finite.size else float("nan")
    return Spread(mean, float(finite.std(ddof=1)) if finite.size > 1 else None, kept)


def _plain(spread: Spread) -> dict[str, object]:
    return {"mean": spread.mean, "sd": spread.sd, "per_seed": list(spread.per_seed)}


def _long(seeds: list[int], columns) -> dict[str, np.ndarray]:
    """Columns (N,) shared by all seeds and (R, N) of each, as rows of seed after seed."""
    N, R = max(np.shape(column)[-1] for column in columns.values()), len(seeds)
    long = {"seed": np.repeat(seeds, N)}
    for name, column in columns.items():
        column = np.asarray(column)
        long[name] = column.reshape(-1) if column.ndim == 2 else np.tile(column, R)
    return long


def _mark_failed(run: RunFolder, error: BaseException) -> None:
    """Leave a word in the run folder where it can still be written."""
    try:
        reason = error.message if isinstance(error, RnnlabError) else f"{type(error).__name__}: {error}"
        run.log(f"error: {reason}")
        interrupted = isinstance(error, (KeyboardInterrupt, SystemExit))
        run.finish("interrupted" if interrupted else "failed", datetime.now(UTC))
    except (RnnlabError, OSError):
        pass


class _Sayings:
    """Warnings, told at once, written to the log and kept for the summary."""

    def __init__(self, run: RunFolder, on_warning: Callable[[str], None] | None) -> None:
        self.warnings: list[str] = []
        self._run, self._tell = run, on_warning

    def warn(self, sentence: str, *, told: bool = True) -> None:
        """Keep a warning; tell it too, unless there are too many of its kind."""
        self._run.log(f"warning: {sentence}")
        if not told:
            return
        self.warnings.append(sentence)
        if self._tell is not None:
            self._tell(sentence)
