"""`rnnlab inspect`: what a trained network does to gradients, before training against after."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from rnnlab.dynamics.diagnostics import Diagnostics, diagnose
from rnnlab.dynamics.verdict import Verdict, growth_rate, judge
from rnnlab.errors import RunWriteError
from rnnlab.experiments.by_lag import (
    complex_of,
    curves_of,
    eigenvalue_columns,
    lag_columns,
    transport_of,
    where,
)
from rnnlab.experiments.drawing import Figures, draw_into, into_plots
from rnnlab.experiments.probes import long_probe, looked_at, probe
from rnnlab.experiments.sweep.members import LYAPUNOV_STEPS
from rnnlab.experiments.trained import Trained, load_run
from rnnlab.printable import shortened
from rnnlab.runs import RunStore
from rnnlab.seeds import Spread, spread
from rnnlab.words import QUANTILES, count

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NUMBERS, LAGS, EIGENVALUES = "inspect.json", "inspect_lags.csv", "inspect_eigenvalues.csv"
MOMENTS = ("before", "after")  # training


@dataclass(frozen=True)
class Look:
    """One recurrence at one moment: its verdict, its quantities over the seeds, and the diagnostics they come from."""

    verdict: Verdict
    quantities: dict[str, Spread]
    diagnostics: Diagnostics

    def plain(self) -> dict[str, object]:
        """For JSON."""
        return {
            "verdict": self.verdict.word,
            "horizon": self.verdict.horizon,
            **{name: asdict(value) for name, value in self.quantities.items()},
        }


@dataclass(frozen=True)
class Inspection:
    """What `rnnlab inspect` prints.

    Attributes
    ----------
    trained : Trained
    steps : int
        T, over which the verdicts are meant.
    sample : str
        The sequences that were measured on, for a sentence.
    looks : dict of str to (Look, Look)
        Recurrence -> before training, after.
    plots : list of Path
    warnings : list of str
        Of the run, of seeds that diverged, and of what could not be kept or drawn.
    """

    trained: Trained
    steps: int
    sample: str
    looks: dict[str, tuple[Look, Look]]
    plots: list[Path]
    warnings: list[str]

    def plain(self) -> dict[str, object]:
        """For JSON."""
        trained = self.trained
        return {
            "run": trained.run and str(trained.run),
            "checkpoint": trained.checkpoint,
            "update": trained.update,
            "networks": "trained" if trained.record.refit is None else "tested",
            "steps": self.steps,
            "sample": self.sample,
            "seeds": trained.config.seeds,  # type: ignore[attr-defined]
            "interval": QUANTILES,
            "recurrences": {
                name: {"before": before.plain(), "after": after.plain()} for name, (before, after) in self.looks.items()
            },
            "warnings": self.warnings,
        }


def inspect(run: Path | Trained, *, checkpoint: str | None = None) -> Inspection:
    """Measure a run's networks on a few sequences (`probe`), with initial and with trained parameters.

    Leaves `inspect.json`, `inspect_lags.csv`, `inspect_eigenvalues.csv` and `plots/inspect_*.png` in the run folder,
    where there is one, or a warning where it cannot be written.

    Parameters
    ----------
    run : Path or Trained
        A run folder of `rnnlab train`, or what was loaded from one.
    checkpoint : str, optional
        See :func:`rnnlab.experiments.trained.load_run`.

    Raises
    ------
    RunFolderError, ConfigError, DataError
        If the run cannot be loaded.
    """
    trained = run if isinstance(run, Trained) else load_run(run, checkpoint)
    with threadpool_limits(limits=1, user_api="blas"):
        looks = {
            name: (measure(trained, trained.setup.theta, place), measure_trained(trained, place))
            for place, (name, _, _) in enumerate(trained.setup.network.architecture.recurrences())
        }
    sampling = trained.setup.sampling
    warnings = [*trained.warnings, *divergence_warning(trained)]
    found = Inspection(trained, probe(sampling).steps, looked_at(sampling), looks, [], warnings)
    try:
        tables = _tables(found)
        with trained.store as store, store.rewriting(_is_own):
            for filename, columns in tables.items():
                store.write_table(filename, columns)
            store.write_json(NUMBERS, found.plain())
            if store.path is not None:
                found.plots.extend(_draw(found, store))
    except RunWriteError as error:
        found.warnings.append(f"Not all plots and numbers are kept: {error.message}")
    return found


def measure_trained(trained: Trained, recurrence: int) -> Look:
    """One recurrence after training: of the models that did not diverge; of all where every one did."""
    return measure(trained, trained.theta[_kept(trained)], recurrence)


def _kept(trained: Trained) -> np.ndarray:
    """Places of the models that are measured after training."""
    everyone = np.arange(len(trained.theta))
    kept = np.setdiff1d(everyone, trained.diverged)
    return kept if len(kept) else everyone


def divergence_warning(trained: Trained) -> list[str]:
    """Which models are not among those measured after training."""
    lost, seeds = trained.diverged, trained.config.seeds  # type: ignore[attr-defined]
    if not lost:
        return []
    if len(lost) == len(seeds):
        every = "every seed" if len(seeds) > 1 else "the seed"
        return [f"{every} diverged: what stands for after training is the state before it.".capitalize()]
    names = ", ".join(str(seeds[place]) for place in lost[:10]) + ", ..." * (len(lost) > 10)
    return [f"{len(lost)} of {len(seeds)} seeds diverged ({names}): after training the others are measured alone."]


def measure(trained: Trained, theta: np.ndarray, recurrence: int) -> Look:
    """One recurrence of the run's networks, or of some of them, with the parameters theta (R, P)."""
    setup = trained.setup
    batch = probe(setup.sampling)
    diagnostics = diagnose(
        setup.network,
        theta,
        batch,
        setup.loss,
        np.random.default_rng(0),
        long=long_probe(setup.sampling, LYAPUNOV_STEPS),
        recurrence=recurrence,
    )
    missing = np.full(len(trained.theta) - len(theta), np.nan)
    rates = np.concatenate([diagnostics.growth_rate, missing])
    verdict = judge(rates, batch.steps)
    return Look(verdict, _quantities(diagnostics), diagnostics)


def _quantities(p: Diagnostics) -> dict[str, Spread]:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = p.transport[:, -1] / p.transport[:, 0]
    arrays = {
        "growth_rate": p.growth_rate,
        "lyapunov": p.lyapunov,
        "transport_ratio": ratio,
        "lag_share": p.lag_share,
        "spectral_radius": p.spectral_radius,
        "sigma_max": p.sigma_max,
        "condition": p.condition,
        "saturated": p.saturated,
        "dead": p.dead,
        **{f"gate_{name}": openness for name, openness in p.gates.items()},
    }
    return {name: spread(values) for name, values in arrays.items()}


def _draw(found: Inspection, store: RunStore) -> list[Path]:
    """Its plots; the log is another's, who may be training the run."""
    told = len(found.warnings)
    plots = draw_into(
        into_plots(store),
        inspection_figures(store),
        lambda sentence, _error: found.warnings.append(sentence),
        shown_in="plots/",
    )
    if len(found.warnings) > told:
        with suppress(RunWriteError):  # the disk that took no plot may not take this either
            store.write_json(NUMBERS, found.plain())
    return plots


def _is_own(filename: str) -> bool:
    """Whether an inspection leaves a file of this name."""
    return filename == NUMBERS or filename.startswith(("inspect_", "plots/inspect_"))


def _tables(found: Inspection) -> dict[str, dict[str, np.ndarray]]:
    """File name -> columns: what the plots show."""
    parts: dict[str, list[dict[str, np.ndarray]]] = {LAGS: [], EIGENVALUES: []}
    seeds = np.asarray(found.trained.config.seeds)  # type: ignore[attr-defined]
    after = _kept(found.trained)
    for name, looks in found.looks.items():
        for moment, look, models in zip(MOMENTS, looks, (slice(None), after), strict=True):
            keys = {"recurrence": name, "moment": moment, "seed": seeds[models]}
            parts[LAGS].append(lag_columns(keys, look.diagnostics))
            parts[EIGENVALUES].append(eigenvalue_columns(keys, look.diagnostics))
    return {
        filename: {name: np.concatenate([part[name] for part in of_file]) for name in of_file[0]}
        for filename, of_file in parts.items()
    }


def inspection_figures(run: RunStore) -> Figures:
    """File name -> what draws the figure, of the last inspection of a run that its files tell of."""
    if not run.has(NUMBERS):
        return {}
    said = run.read_json(NUMBERS)
    figures: dict[str, Callable[[], Figure]] = {}
    for recurrence in said["recurrences"]:
        suffix = f"_{recurrence}" if len(said["recurrences"]) > 1 else ""
        title = f"{shortened(run.record.name)}{f', {recurrence}' if suffix else ''}"
        figures[f"inspect_transport{suffix}.png"] = partial(_draw_transport, run, said, recurrence, title)
        figures[f"inspect_spectrum{suffix}.png"] = partial(_draw_spectrum, run, recurrence, title)
    return figures


def _draw_transport(run: RunStore, said: dict[str, Any], recurrence: str, title: str) -> "Figure":
    from rnnlab.plots.gradient_flow import transport_by_lag

    rows, steps = where(run.read_table(LAGS), recurrence=recurrence), said["steps"]
    curves = {}
    for moment in MOMENTS:
        of_moment = where(rows, moment=moment)
        rates = growth_rate(curves_of(of_moment, "log_jacobian"))
        curves[moment] = transport_of(of_moment, judge(rates, steps).rate)
    return transport_by_lag(
        np.arange(steps + 1),
        curves,
        title=f"{title}: gradient through time, before and after {count(said['update'], 'update')}",
    )


def _draw_spectrum(run: RunStore, recurrence: str, title: str) -> "Figure":
    from rnnlab.plots.spectrum import spectrum

    rows = where(run.read_table(EIGENVALUES), recurrence=recurrence)
    return spectrum(
        {f"{moment} training": complex_of(where(rows, moment=moment)) for moment in MOMENTS},
        title=f"{title}: eigenvalues of the recurrent weights",
    )
