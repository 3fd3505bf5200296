"""`rnnlab compare`: runs side by side: metrics, losses, clipping, and what their networks do to gradients."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from rnnlab.config import registry
from rnnlab.errors import RunFolderError, UsageError
from rnnlab.experiments.differences import differing_keys
from rnnlab.experiments.inspect import Look, divergence_warning, measure, measure_trained
from rnnlab.experiments.needs import missing_packages
from rnnlab.experiments.probes import probe, top
from rnnlab.experiments.reports import Measured, recorded_season
from rnnlab.experiments.trained import latest_training, load_run
from rnnlab.files import name_of
from rnnlab.printable import on_one_line
from rnnlab.runs.record import load_record
from rnnlab.runs.schema import SWEEP_RHO, RunRecord
from rnnlab.runs.tables import read_table
from rnnlab.seeds import spread


@dataclass(frozen=True)
class Compared:
    """One run of a comparison.

    Attributes
    ----------
    run : Path
    name, kind, task, status : str
    data : str or None
        sha256 of what it learnt from.
    metrics : dict of str to Measured
    baselines : mapping of str to mapping of str to float
    clipped : float or None
        Share of the updates in which clipping fired; None with a fit in closed form.
    loss : (float, float) or None
        Training loss of the first and the last row of metrics.csv, median of the seeds.
    looks : (Look, Look) or None
        The top recurrence before and after training, where it is measured.
    steps : int or None
        T, over which the verdicts are meant.
    seeds, diverged : int
    fitted : bool
        Whether its readout was fitted in closed form: there is one loss, the one after the fit, and no clipping.
    endless : bool
        Whether it was trained on fresh sequences: its metrics.csv has no epochs.
    season : int or None
        Rows in the season of the seasonal baseline.
    units : mapping of str to str
        Of the metrics that have one.
    """

    run: Path
    name: str
    kind: str
    task: str
    status: str
    data: str | None
    metrics: dict[str, Measured]
    baselines: Mapping[str, Mapping[str, float | None]]
    clipped: float | None
    loss: tuple[float, float] | None
    looks: tuple[Look, Look] | None
    steps: int | None
    seeds: int
    diverged: int
    fitted: bool = False
    endless: bool = False
    season: int | None = None
    units: Mapping[str, str] = field(default_factory=dict)

    def plain(self) -> dict[str, object]:
        """For JSON."""
        before, after = self.looks or (None, None)
        return {
            "run": str(self.run),
            "name": self.name,
            "kind": self.kind,
            "status": self.status,
            "seeds": self.seeds,
            "diverged": self.diverged,
            "metrics": {name: asdict(one) for name, one in self.metrics.items()},
            "baselines": self.baselines,
            "clipped_share": self.clipped,
            "loss_first": self.loss[0] if self.loss and not self.fitted else None,
            "loss_last": self.loss and self.loss[1],
            "steps": self.steps,
            "before": before and before.plain(),
            "after": after and after.plain(),
        }


@dataclass(frozen=True)
class Comparison:
    """What `rnnlab compare` prints: runs in the order in which they were named, what to mind, keys that differ."""

    runs: list[Compared]
    warnings: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)


def compare(runs: Sequence[Path]) -> Comparison:
    """Read runs and measure their networks.

    Raises
    ------
    UsageError
        For fewer than two runs.
    RunFolderError, ConfigError, DataError
        If one of them cannot be read.
    """
    runs = list(dict.fromkeys(runs))
    sweeps = [run for run in runs if load_record(run).verb == SWEEP_RHO]
    runs = [run for run in runs if run not in sweeps]
    if sweeps and len(runs) < 2:
        latest = latest_training(sweeps[0].parent)
        raise RunFolderError(
            f"'{name_of(sweeps[0])}' must be a run of `rnnlab train`; it is a sweep.",
            hint="Its own table is in results.csv" + (f"; the latest run of train is {latest}." if latest else "."),
        )
    if len(runs) < 2:
        raise UsageError(f"a comparison needs at least two different runs; got {len(runs)}.")
    warnings = [
        f"{on_one_line(run.name)} is a sweep and left out; its own table is in its results.csv." for run in sweeps
    ]
    with threadpool_limits(limits=1, user_api="blas"):
        found = [_read(run, warnings) for run in runs]
    baselines = [one.baselines for one in found if one.baselines]
    if len({one.data for one in found}) > 1:
        warnings.append("These runs did not learn from the same data: their metrics do not measure the same thing.")
    # A run that diverged has no baselines, and was measured on no rows.
    elif len({repr(sorted((name, sorted(of.items())) for name, of in one.items())) for one in baselines}) > 1:
        warnings.append(
            "These runs were measured on different rows of the same data, or against other baselines: their metrics "
            "cannot be compared."
        )
    return Comparison(found, warnings, differing_keys(runs))


def _read(run: Path, warnings: list[str]) -> Compared:
    record = load_record(run)
    status, section = record.current_status, registry.section_of(_task_of(record))
    if status != "completed":
        warnings.append(
            f"{on_one_line(run.name)} is {status}: what it has of metrics is not that of a finished training."
        )
    looks, steps, endless = None, None, False
    if section.compared and status == "completed" and (needed := missing_packages(record)):
        warnings.append(f"{on_one_line(run.name)} needs {needed}: install it to see what its networks do to gradients.")
    elif section.compared and status == "completed":
        trained = load_run(run)
        place = top(trained.setup.network.architecture)
        looks = measure(trained, trained.setup.theta, place), measure_trained(trained, place)
        steps, endless = probe(trained.setup.sampling).steps, trained.task.endless
        notes = (*trained.warnings, *divergence_warning(trained))
        warnings += [f"{on_one_line(run.name)}: {warning}" for warning in notes]
    loss, fitted = _course(run)
    return Compared(
        run,
        record.name,
        str(record.kind),
        _task_of(record),
        status,
        record.data.sha256 if record.data else None,
        {name: Measured(_number(one.mean), one.sd, one.per_seed) for name, one in record.metrics.items()},
        record.baselines,
        None if fitted else record.clipped_share,
        loss,
        looks,
        steps,
        len(record.seeds),
        record.diverged if isinstance(record.diverged, int) else len(record.diverged),
        fitted,
        endless,
        recorded_season(record.plain()),
        record.units,
    )


def _task_of(record: RunRecord) -> str:
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


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
