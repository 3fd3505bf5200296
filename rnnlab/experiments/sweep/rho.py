"""`rnnlab sweep-rho`: what gradients do through time as the recurrent weights grow, with a verdict per scale rho."""

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import accumulate
from pathlib import Path

import numpy as np

from rnnlab.config import bundled, dump, fingerprint
from rnnlab.config.registry import brought_in
from rnnlab.dynamics import spectra
from rnnlab.errors import RnnlabError, RunFolderError, RunWriteError, UsageError
from rnnlab.experiments.drawing import draw_plots
from rnnlab.experiments.reports import Progress
from rnnlab.experiments.restoring import STARTING_OVER
from rnnlab.experiments.setup import architecture_of, check_network, threads
from rnnlab.experiments.sweep import checkpoints
from rnnlab.experiments.sweep import sentences as sentences_of
from rnnlab.experiments.sweep.alternatives import Alternative, alternatives
from rnnlab.experiments.sweep.checkpoints import Standing
from rnnlab.experiments.sweep.members import Failure, Slice, remove_folders, run_slices, slice_folders, slices_of
from rnnlab.experiments.sweep.plots import stored_curves, sweep_figures
from rnnlab.experiments.sweep.progress import Counter
from rnnlab.experiments.sweep.results import RhoSummary, stored_results, summarise
from rnnlab.experiments.sweep.tables import TABLES, SweepTables
from rnnlab.experiments.train import failing_well
from rnnlab.files import name_of
from rnnlab.plain import timestamp
from rnnlab.printable import described
from rnnlab.runs import RunFolder
from rnnlab.runs.checkpoints import Checkpoint
from rnnlab.runs.schema import SWEEP_RHO, RunRecord
from rnnlab.tasks.task import Task, build_task, pinned
from rnnlab.words import QUANTILES, count, listed

STARTER = bundled.configs()["gradients"]  # what is swept where no config is named
MOST_MODELS = 100_000


@dataclass(frozen=True)
class SweepSummary:
    """What `rnnlab sweep-rho` prints when it is done.

    Attributes
    ----------
    run : Path
    name : str
    config : Config
    steps : int
        T, over which the verdicts are meant.
    rhos : list of RhoSummary
    edge : float or None
        Mean field's edge for the activation in use.
    sentences : tuple of str
        Where these settings stand, and what would change the verdict.
    warnings : tuple of str
    record : dict
        The content of run.json.
    summary : dict
        The content of summary.json.
    """

    run: Path
    name: str
    config: object
    steps: int
    rhos: list[RhoSummary]
    edge: float | None
    sentences: tuple[str, ...]
    warnings: tuple[str, ...]
    record: dict
    summary: dict = field(default_factory=dict)


def check_rhos(rhos: Sequence[float]) -> list[float]:
    """The rhos in ascending order, each once.

    Raises
    ------
    UsageError
        For none, or one that is negative or not finite.
    """
    if not rhos:
        raise UsageError("a sweep needs at least one RHO; got none.", hint="Example: rnnlab sweep-rho 0.9 0.99 1.2")
    for rho in rhos:
        try:
            is_scale = math.isfinite(rho) and rho >= 0
        except (TypeError, OverflowError):  # no number, or an int beyond the floats
            is_scale = False
        if not is_scale:
            raise UsageError(f"RHO must be a finite number of at least 0; got {described(rho)}.")
    return sorted({float(rho) + 0.0 for rho in rhos})


def sweep_rho(
    config,
    rhos: Sequence[float],
    *,
    exact: bool = False,
    runs_dir: Path,
    command: list[str],
    on_progress: Callable[[Progress], None] | None = None,
    on_warning: Callable[[str], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> SweepSummary:
    """Train and measure a model for every rho and seed.

    Parameters
    ----------
    config : Config
        Of what is swept; its own scale of W_hh is replaced by each rho.
    rhos : sequence of float
        Standard deviations of W_hh times sqrt(h); the spectral radius itself where `exact`.
    exact : bool
    runs_dir, command, on_progress, on_warning, should_stop
        As for :func:`rnnlab.experiments.train.train`.

    Raises
    ------
    UsageError, ConfigError, DataError
        Before a run folder is made.
    RunFolderError
        Where the run folder cannot be written.
    """
    if config.training.fit.kind != "gradient":
        raise UsageError(
            f"a sweep measures what training does to gradients; training.fit must be gradient, got "
            f"{config.training.fit.kind}.",
            hint="Set training.fit to gradient.",
        )
    given, rhos = [float(rho) for rho in rhos], check_rhos(rhos)
    models = len(rhos) * len(config.seeds)
    if models > MOST_MODELS:
        raise UsageError(f"a sweep must have at most {MOST_MODELS:,} models; {len(rhos):,} rhos times "
                         f"{len(config.seeds):,} seeds are {models:,}.")  # fmt: skip
    task = build_task(config)
    at_once = config.model_copy(update={"seeds": config.seeds[: threads()]})  # a slice per thread, of one model or more
    check_network(at_once, task)
    config = pinned(config, task)
    text = dump(config)
    run = RunFolder.create(
        runs_dir,
        config.name,
        now=datetime.now(UTC),
        fields={
            "kind": SWEEP_RHO,
            "verb": SWEEP_RHO,
            "command": command,
            "seeds": config.seeds,
            "rhos": rhos,
            "exact": exact,
            "data": task.record,
            "config": {"sha256": fingerprint(text)},
            **brought_in(config),
        },
        files={"config.yaml": text},
    )
    with run, failing_well(run):
        sweep = _Sweep(config, task, rhos, exact, run, on_progress, on_warning, should_stop)
        sweep.note_order(given)
        sweep.note_data()
        return sweep.execute()


def resume_sweep(
    run: RunFolder,
    config,
    task: Task,
    *,
    command: list[str],
    on_progress: Callable[[Progress], None] | None = None,
    on_warning: Callable[[str], None] | None = None,
    on_note: Callable[[str], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    notes: Sequence[str] = (),
) -> SweepSummary:
    """Go on with a sweep that stopped: what it leaves is what it would have left had it never stopped.

    Parameters
    ----------
    run : RunFolder
        Held, its record as its last holder left it; the caller closes it.
    config : Config
        Of its config.yaml.
    task : Task
        Of the config, with the data of the sweep.
    on_note : callable, optional
        Is told where the sweep continues.
    command, on_progress, on_warning, should_stop
        As for :func:`sweep_rho`.
    notes : sequence of str
        What is to be known of going on here.

    Raises
    ------
    RunFolderError
        If its run.json or all of its checkpoints are damaged, or the run folder cannot be written.
    """
    rhos, exact = asked(run.path, run.record)
    sweep = _Sweep(config, task, rhos, exact, run, on_progress, on_warning, should_stop)
    standing, found = checkpoints.find(run, sweep.slices)
    if len(standing.failures) == sweep.models:  # memory that ran out may be there again
        standing, found = Standing(), None
    with failing_well(run):
        said = sweep.go_on(standing, found, command, notes)
        if on_note is not None:
            on_note(said)
        return sweep.execute()


def asked(run: Path, record: RunRecord) -> tuple[list[float], bool]:
    """The rhos of a sweep, and whether they are exact, from its run.json.

    Raises
    ------
    RunFolderError
        If it has none.
    """
    rhos, exact = record.rhos, record.exact
    try:
        if isinstance(rhos, list) and isinstance(exact, bool | None) and check_rhos(rhos) == rhos:
            return check_rhos(rhos), bool(exact)
    except UsageError:
        pass
    raise RunFolderError(
        f"'{name_of(run / 'run.json')}' is damaged: it must hold the rhos of the sweep, ascending, and exact."
    )


@dataclass(frozen=True)
class _Behind:
    """A model in the tables that no checkpoint of the sweep knows of, since it or one before it was stopped.

    Attributes
    ----------
    rho : float
    done, updates : int
        Updates that it made, and was to make.
    over : bool
        Whether its training is over: it made all updates, was stopped early or diverged.
    """

    rho: float
    done: int
    updates: int
    over: bool


class _Sweep:
    """One sweep from its first slice to its plots."""

    def __init__(self, config, task, rhos, exact, run, on_progress, on_warning, should_stop) -> None:
        self.config, self.task, self.rhos, self.exact, self.run = config, task, rhos, exact, run
        self.slices = slices_of(config, task, rhos)
        self.models = len(rhos) * len(config.seeds)
        self.tables = SweepTables(run, architecture_of(config, task).layout().names)
        self.standing = Standing()
        self._stopped = False  # before all slices were whole
        self._behind: list[_Behind] = []
        self._tell = on_warning or (lambda _sentence: None)
        self._should_stop = should_stop or (lambda: False)
        self._on_progress = on_progress

    @property
    def warnings(self) -> list[str]:
        """What was warned of."""
        return self.standing.warnings

    @property
    def _left(self) -> list[list[tuple[float, int]]]:
        """The slices that are not whole yet."""
        ends = accumulate(map(len, self.slices))
        return [part for part, end in zip(self.slices, ends, strict=True) if end > self.standing.done]

    def note_order(self, given: list[float]) -> None:
        """Say so where the rhos are not measured as they were given."""
        if given == self.rhos:
            return
        twice = [f"{rho:g}" for rho in self.rhos if given.count(rho) > 1]
        sorted_too = list(dict.fromkeys(given)) != self.rhos
        ordered = "The rhos were sorted." if sorted_too else ""
        once = f"Given more than once and measured once: rho {', '.join(twice)}." if twice else ""
        self._warn(" ".join(filter(None, (ordered, once))))

    def note_data(self) -> None:
        """Warn of what is known of the data."""
        for warning in self.task.warnings:
            self._warn(warning)

    def go_on(self, standing: Standing, found: Checkpoint | None, command: list[str], notes: Sequence[str] = ()) -> str:
        """Take the run over: its record, and its tables as they were after the last whole slice.

        Returns
        -------
        str
            Where the sweep continues, as a sentence.
        """
        went_on = {
            "at": timestamp(datetime.now(UTC)),
            "from_model": standing.done,
            "checkpoint": found.path.stem if found else None,
            "models": self.models,
            "command": command,
        }
        self.standing = standing
        self.run.take_over(resumed=[*self.run.record.resumed, went_on], headline=None, diverged={})
        self.run.cut_checkpoints(found)
        self.run.cut_tables(dict.fromkeys(TABLES, 0) if found is None else found.metadata["tables"])
        remove_folders(self.run.path, keep=self._left)
        for sentence in (*notes, *(found.skipped if found else ())):
            self.run.log(f"warning: {sentence}")
            self._tell(sentence)
        said = f"Continuing after {standing.done:,} of {count(self.models, 'model')}."
        if not standing.done:
            begun = slice_folders(self.run.path)
            said = f"None of {count(self.models, 'model')} is finished: continuing those that have a checkpoint."
            said = said if begun else STARTING_OVER
        self.run.log(said)
        return said

    def execute(self) -> SweepSummary:
        """Run the slices that are left, then write the summary, and the plots last."""
        self.run.log(f"Sweeping over {len(self.rhos)} rhos with {self.task.description}")
        self._save()
        progress = Counter(self._on_progress, self._should_stop, self.models, self.standing.done)
        self._measure(progress)
        if len(self.standing.failures) == self.models:
            raise RnnlabError(f"Every model of the sweep failed: {self.standing.failures[0].reason}.")
        if not progress.stopped:
            progress.finish()
        return self._finish(progress)

    def _measure(self, progress: Counter) -> None:
        """Write down slice after slice; from the first that was stopped, checkpoints are left besides."""
        parts = run_slices(
            self.config,
            self.task,
            self._left,
            exact=self.exact,
            folder=self.run.path,
            tick=progress.tick,
            stopped=lambda: progress.stopped,
        )
        for part in parts:
            if isinstance(part, Slice) and part.whole and not self._stopped:
                self._add(part)
            elif isinstance(part, Failure) and not self._stopped:
                self._note_failure(part)
            else:
                self._stopped = True
                if isinstance(part, Slice) and part.training.done:
                    part.save()
                    self._add_behind(part)

    def _add(self, part: Slice) -> None:
        """Take a whole slice into the tables."""
        try:
            self.tables.add(part)
            self.standing.done += len(part.rho)
            self._save()
        except RunWriteError:
            with suppress(RunWriteError):  # a last attempt: what stopped a table may leave room for this
                part.save()
            raise
        part.checkpoints.remove()

    def _add_behind(self, part: Slice) -> None:
        """Take what there is of a slice into the tables, beyond what checkpoints know of them: `go_on` cuts it off."""
        self.tables.add(part)
        done, updates, diverged = part.training.done, part.training.updates, part.course.diverged
        self._behind += [
            _Behind(rho, done, updates, over=part.whole or model in diverged)
            for model, rho in enumerate(part.rho.tolist())
        ]

    def _note_failure(self, failure: Failure) -> None:
        """Take note of a model that failed; with the last one of its slice, in a checkpoint."""
        self.standing.failures.append(failure)
        self.standing.done += 1
        self._warn(f"rho {failure.rho:g}, seed {failure.seed} failed: {failure.reason}.")
        if self.standing.done in accumulate(map(len, self.slices)):
            self._save()
            remove_folders(self.run.path, keep=self._left)

    def _save(self) -> None:
        checkpoints.save(self.run, self.standing, self.config.training.checkpoint.keep)

    def _finish(self, progress: Counter) -> SweepSummary:
        """Summarise what is in the tables: all of it, or what there is of a sweep that was stopped."""
        config, measured_all = self.config, self.standing.done == self.models
        found, curves, steps = self._found()
        edge = spectra.mean_field_edge(config.model.activation) if self._has_theory() else None
        if found:
            self._warn_of_divergence(found)
        others = self._alternatives(found, steps, progress) if measured_all else []
        stopped = not measured_all or self._should_stop()
        sentences = () if measured_all else (self._so_far(),)
        if found:
            stand = sentences_of.stand(config, found, steps, edge, exact=self.exact, alternatives=others, curves=curves)
            sentences = (*sentences, *stand)
        if measured_all and stopped:
            sentences = (*sentences, "Stopped while measuring what would change the verdict.")
        summary = {
            "complete": not stopped,
            "models": {"measured": self._measured, "trained": self._trained, "of": self.models},
            "cell": config.model.cell.kind,
            "activation": config.model.activation,
            "hidden_size": config.model.hidden_size,
            "steps": steps,
            "seeds": config.seeds,
            "exact": self.exact,
            "interval": QUANTILES,
            "mean_field_edge": edge,
            "measured_edge": sentences_of.measured_edge(found),
            "headline": " ".join(sentences),
            "alternatives": [asdict(one) for one in others],
            "warnings": self.warnings,
            "failed": [asdict(failure) for failure in self.standing.failures],
            "rhos": [one.plain() for one in found],
        }
        self.run.write_json("summary.json", summary)
        for sentence in sentences:
            self.run.log(sentence)
        lost = sum(len(one.diverged) for one in found)
        status = "diverged" if lost == sum(one.seeds for one in found) else "completed"
        status = "interrupted" if stopped else status
        told = len(self.warnings)
        self.run.finish(status, datetime.now(UTC), headline=summary["headline"], warnings=self.warnings, diverged=lost)
        if found:
            draw_plots(self.run, sweep_figures(config, self.run), self._warn)
        if len(self.warnings) > told:  # of plots that failed
            with suppress(RunFolderError):
                self.run.write_json("summary.json", summary)
        self.run.seal()
        return SweepSummary(
            self.run.path, config.name, config, steps, found, edge, sentences, tuple(self.warnings),
            self.run.record.plain(), summary,
        )  # fmt: skip

    def _found(self) -> tuple[list[RhoSummary], dict[float, np.ndarray], int]:
        """What the tables say: of each rho, its log Jacobians by lag, and the steps over which both are meant."""
        if not self._measured:
            return [], {}, self.task.sequences.steps
        curves = stored_curves(self.run)
        steps = next(iter(curves.values())).shape[-1] - 1
        rate = partial(spectra.mean_field_rate, activation=self.config.model.activation)
        return summarise(stored_results(self.run), steps, rate if self._has_theory() else None), curves, steps

    def _alternatives(self, found: list[RhoSummary], steps: int, progress: Counter) -> list[Alternative]:
        return alternatives(
            self.config,
            self.task,
            found,
            steps,
            exact=self.exact,
            should_stop=self._should_stop,
            on_start=progress.measuring,
        )

    @property
    def _measured(self) -> int:
        """Models in results.csv."""
        return self.standing.measured + len(self._behind)

    @property
    def _trained(self) -> int:
        """Those of them whose training is over."""
        return self.standing.measured + sum(one.over for one in self._behind)

    def _so_far(self) -> str:
        """How far a sweep was that was stopped."""
        models, failed = count(self.models, "model"), len(self.standing.failures)
        if not self._measured + failed:
            return f"Stopped before any of {models} was measured."
        part_way = [one.done for one in self._behind if not one.over]
        said = [f"{self._trained:,} {'is' if self._trained == 1 else 'are'} done"] if self._trained else []
        if part_way:
            span = f"{min(part_way):,}" + (f" to {max(part_way):,}" if max(part_way) > min(part_way) else "")
            said.append(f"{len(part_way):,} made {span} of {self._behind[0].updates:,} updates")
        said += [f"{failed:,} failed"] if failed else []
        not_begun = self.models - self._measured - failed
        said += [f"{not_begun:,} had not begun"] if not_begun else []
        members = [rho for part in self.slices for rho, _ in part]
        known = {*members[: self.standing.done], *(one.rho for one in self._behind)}
        missing = [rho for rho in self.rhos if rho not in known]
        where = f"; nothing is known of rho {sentences_of.values_shown(missing)}" if missing else ""
        return f"Stopped before the end: of {models}, {listed(said)}{where}."

    def _has_theory(self) -> bool:
        """Mean field speaks of vanilla cells with random weights."""
        layer = architecture_of(self.config, self.task).layer
        return layer.additive and (self.exact or self.config.model.init.W_hh.kind != "identity")

    def _warn_of_divergence(self, found: list[RhoSummary]) -> None:
        lost = [one for one in found if one.diverged]
        few = len(lost) <= sentences_of.FEW
        for sentence in (
            [sentences_of.divergence(one) for one in lost] if few else [sentences_of.many_divergences(found)]
        ):
            self._warn(sentence)

    def _warn(self, sentence: str) -> None:
        self.warnings.append(sentence)
        self._tell(sentence)
        self.run.log(f"warning: {sentence}")
