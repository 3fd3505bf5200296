"""`rnnlab sweep-rho`: what gradients do through time as the recurrent weights grow, with a verdict per scale rho."""

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from rnnlab.config import bundled, dump
from rnnlab.config.registry import brought_in
from rnnlab.dynamics import spectra
from rnnlab.errors import RnnlabError, RunFolderError, UsageError
from rnnlab.experiments.drawing import draw_plots
from rnnlab.experiments.reports import Progress
from rnnlab.experiments.setup import architecture_of, check_network, threads
from rnnlab.experiments.sweep import sentences as sentences_of
from rnnlab.experiments.sweep.alternatives import alternatives
from rnnlab.experiments.sweep.members import Failure, run_slices
from rnnlab.experiments.sweep.plots import stored_curves, sweep_figures
from rnnlab.experiments.sweep.progress import Counter
from rnnlab.experiments.sweep.results import RhoSummary, summarise
from rnnlab.experiments.sweep.tables import SweepTables
from rnnlab.printable import described
from rnnlab.runs import RunFolder
from rnnlab.runs.log import libraries_warnings
from rnnlab.runs.schema import SWEEP_RHO
from rnnlab.tasks.task import build_task
from rnnlab.words import QUANTILES

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
            hint="Say --set training.fit=gradient.",
        )
    given, rhos = [float(rho) for rho in rhos], check_rhos(rhos)
    models = len(rhos) * len(config.seeds)
    if models > MOST_MODELS:
        raise UsageError(f"a sweep must have at most {MOST_MODELS:,} models; {len(rhos):,} rhos times "
                         f"{len(config.seeds):,} seeds are {models:,}.")  # fmt: skip
    task = build_task(config)
    at_once = config.model_copy(update={"seeds": config.seeds[: threads()]})  # a slice per thread, of one model or more
    check_network(at_once, task)
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
            **brought_in(config),
        },
        files={"config.yaml": dump(config)},
    )
    with run, libraries_warnings(run.log):
        try:
            sweep = _Sweep(config, task, rhos, exact, run, on_progress, on_warning, should_stop)
            sweep.note_order(given)
            return sweep.execute()
        except BaseException as error:
            run.mark_failed(error, datetime.now(UTC))
            raise


class _Sweep:
    """One sweep from its first slice to its plots."""

    def __init__(self, config, task, rhos, exact, run, on_progress, on_warning, should_stop) -> None:
        self.config, self.task, self.rhos, self.exact, self.run = config, task, rhos, exact, run
        self.tables = SweepTables(run, architecture_of(config, task).layout().names)
        self.steps = task.sequences.steps  # of the sequences that are measured, as soon as one was
        self.failures: list[Failure] = []
        self.warnings: list[str] = []
        self._tell = on_warning or (lambda _sentence: None)
        self._should_stop = should_stop or (lambda: False)
        self._progress = Counter(on_progress, self._should_stop, len(rhos) * len(config.seeds))

    def note_order(self, given: list[float]) -> None:
        """Say so where the rhos are not measured as they were given."""
        if given == self.rhos:
            return
        twice = [f"{rho:g}" for rho in self.rhos if given.count(rho) > 1]
        sorted_too = list(dict.fromkeys(given)) != self.rhos
        ordered = "The rhos were sorted." if sorted_too else ""
        once = f"Given more than once and measured once: rho {', '.join(twice)}." if twice else ""
        self._warn(" ".join(filter(None, (ordered, once))))

    def execute(self) -> SweepSummary:
        """Run all slices, then write the summary, and the plots last."""
        self.run.log(f"Sweeping over {len(self.rhos)} rhos with {self.task.description}")
        slices = run_slices(
            self.config, self.task, self.rhos, exact=self.exact, folder=self.run.path, tick=self._progress.tick
        )
        for part in slices:
            if isinstance(part, Failure):
                self._note_failure(part)
            elif self._progress.stopped:
                break
            else:
                self.tables.add(part)
                self.steps = part.diagnostics.log_jacobian.shape[-1] - 1
        if self._progress.stopped:
            return self._interrupted()
        if len(self.failures) == len(self.rhos) * len(self.config.seeds):
            raise RnnlabError(f"Every model of the sweep failed: {self.failures[0].reason}.")
        self._progress.finish()
        return self._finish()

    def _note_failure(self, failure: Failure) -> None:
        self.failures.append(failure)
        self._warn(f"rho {failure.rho:g}, seed {failure.seed} failed: {failure.reason}.")

    def _finish(self) -> SweepSummary:
        config, steps = self.config, self.steps
        rate = partial(spectra.mean_field_rate, activation=config.model.activation) if self._has_theory() else None
        columns = self.tables.results()
        found = summarise(columns, steps, rate)
        edge = spectra.mean_field_edge(config.model.activation) if self._has_theory() else None
        self._warn_of_divergence(found)
        others = alternatives(
            config,
            self.task,
            found,
            steps,
            exact=self.exact,
            should_stop=self._should_stop,
            on_start=self._progress.measuring,
        )
        stopped = self._should_stop()
        curves = stored_curves(self.run)
        sentences = sentences_of.stand(config, found, steps, edge, exact=self.exact, alternatives=others, curves=curves)
        if stopped:
            sentences = (*sentences, "Stopped while it was measured what would change the verdict.")
        summary = {
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
            "failed": [asdict(failure) for failure in self.failures],
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
        draw_plots(self.run, sweep_figures(config, self.run), self._warn)
        if len(self.warnings) > told:  # of plots that failed
            with suppress(RunFolderError):
                self.run.write_json("summary.json", summary)
        return SweepSummary(
            self.run.path, config.name, config, steps, found, edge, sentences, tuple(self.warnings),
            self.run.record.plain(), summary,
        )  # fmt: skip

    def _interrupted(self) -> SweepSummary:
        done, models = self.tables.models, len(self.rhos) * len(self.config.seeds)
        sentence = f"Stopped before the end: results.csv has {done} of {models} models."
        if not done:
            sentence = f"Stopped before any of the {models} models was done."
        self.run.log(sentence)
        self.run.finish("interrupted", datetime.now(UTC), headline=sentence, warnings=self.warnings)
        return SweepSummary(self.run.path, self.config.name, self.config, self.steps, [], None, (sentence,),
                            tuple(self.warnings), self.run.record.plain())  # fmt: skip

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
