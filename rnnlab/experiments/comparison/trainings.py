"""A run of `rnnlab train` in a comparison: metrics, losses, clipping, and what its networks do to gradients."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from rnnlab.errors import RnnlabError, RunFolderError
from rnnlab.experiments.comparison.differences import config_of
from rnnlab.experiments.comparison.seed_tests import LEVEL
from rnnlab.experiments.comparison.verdicts import BETTER_HIGH, BETTER_LOW
from rnnlab.experiments.inspect import Look, divergence_warning, measure, measure_trained
from rnnlab.experiments.needs import missing_packages
from rnnlab.experiments.probes import probe, top
from rnnlab.experiments.reports import Measured, recorded_season
from rnnlab.experiments.trained import load_run
from rnnlab.runs.schema import RunRecord
from rnnlab.runs.tables import read_table
from rnnlab.seeds import spread

Outcome = Literal["better", "equal", "worse"]


@dataclass(frozen=True)
class Compared:
    """One run of a comparison.

    Attributes
    ----------
    run : Path
    label : str
        Its name, with what tells it from others of that name.
    record : RunRecord
    config : mapping or None
        The values of config.yaml; None where it cannot be read.
    task, status : str
    metrics : dict of str to Measured
    clipped : float or None
        Share of the updates in which clipping fired; None with a fit in closed form.
    loss : (float, float) or None
        Training loss of the first and the last row of metrics.csv, median of the seeds.
    looks : (Look, Look) or None
        The top recurrence before and after training, where it is measured.
    steps : int or None
        T, over which the verdicts are meant.
    fitted : bool
        Whether its readout was fitted in closed form: there is one loss, the one after the fit, and no clipping.
    endless : bool
        Whether it was trained on fresh sequences: its metrics.csv has no epochs.
    """

    run: Path
    label: str
    record: RunRecord
    config: Mapping[str, object] | None
    task: str
    status: str
    metrics: dict[str, Measured]
    clipped: float | None
    loss: tuple[float, float] | None
    looks: tuple[Look, Look] | None
    steps: int | None
    fitted: bool = False
    endless: bool = False

    @property
    def seeds(self) -> int:
        """How many models it has."""
        return len(self.record.seeds)

    @property
    def diverged(self) -> int:
        """How many of them diverged."""
        found = self.record.diverged
        return found if isinstance(found, int) else len(found)

    @property
    def baselines(self) -> Mapping[str, Mapping[str, float | None]]:
        """Baseline -> metric -> value."""
        return self.record.baselines

    @property
    def season(self) -> int | None:
        """Rows in the season of the seasonal baseline."""
        return recorded_season(self.record.plain())

    def per_seed(self, metric: str) -> dict[int, float]:
        """The metric of each seed that has one."""
        values = self.metrics[metric].per_seed if metric in self.metrics else ()
        return {seed: value for seed, value in zip(self.record.seeds, values, strict=False) if value is not None}

    def combined(self, metric: str) -> float | None:
        """The metric of the one forecast that is made of all seeds; None where there is none."""
        return self.record.combined.metrics.get(metric) if self.record.combined else None

    def best_baseline(self, metric: str) -> tuple[str, float] | None:
        """The baseline with the best metric, and that metric; None where it is not known what is best."""
        values = {name: value for name, of in self.baselines.items() if (value := of.get(metric)) is not None}
        if not values or metric not in BETTER_LOW + BETTER_HIGH:
            return None
        best = (min if metric in BETTER_LOW else max)(values, key=lambda name: values[name])
        return best, values[best]

    @property
    def beside_baseline(self) -> Outcome | None:
        """How the combined forecast does against the best baseline, as the headline says; None without a test."""
        tests = self.record.plain().get("tests")
        made = tests.get("diebold_mariano") if isinstance(tests, Mapping) else None
        each = made.get("median") if isinstance(made, Mapping) else None
        if not isinstance(made, Mapping) or not isinstance(each, Mapping):
            return None
        return _outcome(each, made.get("against"))

    def plain(self) -> dict[str, object]:
        """For JSON."""
        before, after = self.looks or (None, None)
        return {
            "run": str(self.run),
            "name": self.record.name,
            "label": self.label,
            "kind": self.record.kind,
            "task": self.task,
            "status": self.status,
            "seeds": self.seeds,
            "diverged": self.diverged,
            "metrics": {name: asdict(one) for name, one in self.metrics.items()},
            "combined": self.record.combined and self.record.combined.metrics,
            "baselines": self.baselines,
            "beside_best_baseline": self.beside_baseline,
            "clipped_share": self.clipped,
            "loss_first": self.loss[0] if self.loss and not self.fitted else None,
            "loss_last": self.loss and self.loss[1],
            "steps": self.steps,
            "before": before and before.plain(),
            "after": after and after.plain(),
        }


def read_training(run: Path, record: RunRecord, label: str, warnings: list[str]) -> Compared:
    """What there is of a run; what is damaged or cannot be measured is left out, with a warning.

    Parameters
    ----------
    run : Path
    record : RunRecord
    label : str
    warnings : list of str
        Written to.
    """
    status = record.current_status
    looks, steps, endless = None, None, False
    if status == "completed":
        looks, steps, endless = _measure(run, record, label, warnings)
    loss, fitted = None, False
    try:
        loss, fitted = _course(run)
    except RunFolderError as error:
        warnings.append(f"{label}: its losses are unknown: {error.message}")
    config = config_of(run)
    if config is None:
        warnings.append(f"{label}: its config.yaml cannot be read, so no key of its config is compared.")
    return Compared(
        run,
        label,
        record,
        config,
        task_of(record),
        status,
        {name: Measured(_number(one.mean), one.sd, one.per_seed) for name, one in record.metrics.items()},
        None if fitted else record.clipped_share,
        loss,
        looks,
        steps,
        fitted,
        endless,
    )


def _measure(
    run: Path, record: RunRecord, label: str, warnings: list[str]
) -> tuple[tuple[Look, Look] | None, int | None, bool]:
    """Its networks before and after training, T, and whether its sequences are endless; nothing where it is in vain."""
    if needed := missing_packages(record):
        warnings.append(f"{label} needs {needed}: install it to see what its networks do to gradients.")
        return None, None, False
    try:
        trained = load_run(run)
    except RnnlabError as error:
        warnings.append(f"{label}: what its networks do to gradients cannot be measured: {error.message}")
        return None, None, False
    place = top(trained.setup.network.architecture)
    looks = measure(trained, trained.setup.theta, place), measure_trained(trained, place)
    warnings += [f"{label}: {warning}" for warning in (*trained.warnings, *divergence_warning(trained))]
    return looks, probe(trained.setup.sampling).steps, trained.task.endless


def task_of(record: RunRecord) -> str:
    """The task of a run, or the kind of its data where an old run.json does not say it."""
    return (record.data.task if record.data else None) or str(record.kind)


def _course(run: Path) -> tuple[tuple[float, float] | None, bool]:
    """Medians over the seeds of each one's first and last training loss, and whether it was a fit in closed form."""
    if not (run / "metrics.csv").exists():
        return None, False
    table = read_table(run / "metrics.csv", numbers=("seed", "epoch", "train_loss"))
    known = np.isfinite(table["epoch"]) & np.isfinite(table["seed"]) & np.isfinite(table["train_loss"])
    seed, epoch, loss = (table[name][known] for name in ("seed", "epoch", "train_loss"))
    if not len(epoch):
        return None, False
    rate = table.get("learning_rate")  # a fit has none
    fitted = rate is not None and rate.dtype.kind == "f" and bool(np.isnan(rate).all())
    in_order = np.argsort(epoch, kind="stable")
    _, first = np.unique(seed[in_order], return_index=True)
    _, last = np.unique(seed[in_order][::-1], return_index=True)
    loss = loss[in_order]
    return (spread(loss[first]).median, spread(loss[::-1][last]).median), fitted


def _outcome(tests: Mapping[str, object], best: object) -> Outcome | None:
    """What the tests of a forecast against each baseline say of the best one, by the rule of `judge_forecast`."""
    numbers: dict[object, list[float]] = {}
    for name, test in tests.items():
        found = [test.get(key) for key in ("statistic", "p_value", "holm_p_value")] if isinstance(test, Mapping) else []
        numbers[name] = [float(one) for one in found if isinstance(one, int | float)]
    if best not in numbers or any(len(found) != 3 for found in numbers.values()):
        return None
    if all(statistic < 0 and p_value < LEVEL for statistic, p_value, _ in numbers.values()):
        return "better"
    statistic, _, corrected = numbers[best]
    return "equal" if corrected >= LEVEL else "better" if statistic < 0 else "worse"


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
