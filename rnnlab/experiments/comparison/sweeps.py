"""Sweeps side by side: of each rho verdict and growth rate, as results.csv and summary.json hold them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rnnlab.dynamics.verdict import Verdict, judge
from rnnlab.errors import RunFolderError
from rnnlab.experiments.comparison.differences import config_of
from rnnlab.runs.record import read_json
from rnnlab.runs.schema import RunRecord
from rnnlab.runs.tables import read_table


@dataclass(frozen=True)
class ComparedSweep:
    """One sweep of a comparison.

    Attributes
    ----------
    run : Path
    label : str
    record : RunRecord
    config : mapping or None
    status : str
    rates : dict of float to (R,)
        rho -> growth rates of its seeds before training, in nats per step.
    steps : int or None
        T, over which the verdicts are meant; None where summary.json does not say it.
    edge : float or None
        The rho at which the median rate rises through zero.
    """

    run: Path
    label: str
    record: RunRecord
    config: Mapping[str, object] | None
    status: str
    rates: dict[float, np.ndarray]
    steps: int | None
    edge: float | None

    @property
    def seeds(self) -> int:
        """Models for each rho."""
        return len(self.record.seeds)

    def verdict(self, rho: float) -> Verdict | None:
        """Of the seeds at this rho; its word stands for nothing where T is not known."""
        return judge(self.rates[rho], self.steps or 1) if rho in self.rates else None

    def word(self, rho: float) -> str | None:
        """Vanishing, critical, mixed or exploding; None where it is not known."""
        verdict = self.verdict(rho)
        return verdict.word if verdict and self.steps else None

    def plain(self) -> dict[str, object]:
        """For JSON."""
        found = {rho: self.verdict(rho) for rho in self.rates}
        return {
            "run": str(self.run),
            "name": self.record.name,
            "label": self.label,
            "status": self.status,
            "seeds": self.seeds,
            "steps": self.steps,
            "measured_edge": self.edge,
            "rhos": [
                {
                    "rho": rho,
                    "seeds": len(self.rates[rho]),
                    "verdict": self.word(rho),
                    "growth_rate": {"median": one.rate, "low": one.low, "high": one.high},
                }
                for rho, one in found.items()
                if one is not None
            ],
        }


def read_sweep(run: Path, record: RunRecord, label: str, warnings: list[str]) -> ComparedSweep:
    """What there is of a sweep; what is damaged is left out, with a warning.

    Parameters
    ----------
    run : Path
    record : RunRecord
    label : str
    warnings : list of str
        Written to.
    """
    rates, steps, edge = {}, None, None
    try:
        rates = _rates(run)
    except RunFolderError as error:
        warnings.append(f"{label}: its growth rates are unknown: {error.message}")
    try:
        summary = read_json(run / "summary.json")
        said, edge = _positive(summary.get("steps")), _positive(summary.get("measured_edge"))
        steps = None if said is None else round(said)
    except RunFolderError as error:
        warnings.append(f"{label}: its verdicts are unknown: {error.message}")
    return ComparedSweep(run, label, record, config_of(run), record.current_status, rates, steps, edge)


def _rates(run: Path) -> dict[float, np.ndarray]:
    table = read_table(run / "results.csv", numbers=("rho", "growth_rate"))
    return {rho: table["growth_rate"][table["rho"] == rho].astype(float) for rho in np.unique(table["rho"]).tolist()}


def _positive(value: object) -> float | None:
    """A number of summary.json, if it is one."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else None
