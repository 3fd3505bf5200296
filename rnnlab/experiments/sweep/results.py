"""What a sweep found: a row for each model, and for each rho the medians of its seeds with a verdict."""

from dataclasses import asdict, dataclass

import numpy as np

from rnnlab.dynamics.verdict import Verdict, decisive_rate, judge
from rnnlab.experiments.sweep.course import LOSS, RECURRENT
from rnnlab.experiments.sweep.members import Slice
from rnnlab.runs import RunStore
from rnnlab.seeds import Spread, spread


@dataclass(frozen=True)
class Divergence:
    """A model that left the finite numbers: its seed, in which update, in which tensor first."""

    seed: int
    update: int
    tensor: str


@dataclass(frozen=True)
class RhoSummary:
    """All seeds of one rho.

    Attributes
    ----------
    rho : float
    verdict : Verdict
    mean_field_rate : float or None
        Where there is a prediction.
    quantities : dict of str to Spread
        Column of results.csv -> its median and interval; of a first and a last value, over the models that did not
        diverge, the first over all where every one did.
    vanishing, exploding : int
        Seeds whose own gradient shrinks, or grows, by a factor of ten or more over the chunk.
    diverged : list of Divergence
    seeds : int
    """

    rho: float
    verdict: Verdict
    mean_field_rate: float | None
    quantities: dict[str, Spread]
    vanishing: int
    exploding: int
    diverged: list[Divergence]
    seeds: int

    def plain(self) -> dict[str, object]:
        """For summary.json."""
        v = self.verdict
        return {
            "rho": self.rho,
            "verdict": v.word,
            "growth_rate": {"median": v.rate, "low": v.low, "high": v.high},
            "horizon": v.horizon,
            "mean_field_rate": self.mean_field_rate,
            **{
                name: asdict(value) for name, value in self.quantities.items() if name not in ("growth_rate", "horizon")
            },
            "seeds": self.seeds,
            "seeds_vanishing": self.vanishing,
            "seeds_exploding": self.exploding,
            "diverged": [asdict(one) for one in self.diverged],
        }


def result_columns(part: Slice) -> dict[str, np.ndarray]:
    """Rows of results.csv: measured before the first update where the name does not say otherwise."""
    p, R = part.diagnostics, len(part.rho)
    with np.errstate(divide="ignore", invalid="ignore"):
        horizon = 1 / np.abs(p.growth_rate)
    first, last = part.course.ends()
    ends = [part.diverged.get(model, (None, None)) for model in range(R)]
    return {
        "rho": part.rho,
        "seed": part.seed,
        "spectral_radius": p.spectral_radius,
        "sigma_max": p.sigma_max,
        "lyapunov": p.lyapunov,
        "growth_rate": p.growth_rate,
        "horizon": horizon,
        "grad_norm_first": first[:, RECURRENT],
        "grad_norm_last": last[:, RECURRENT],
        "lag_share": p.lag_share,
        "loss_first": first[:, LOSS],
        "loss_last": last[:, LOSS],
        "diverged": np.array([update is not None for update, _ in ends]),
        "diverged_update": np.array([update for update, _ in ends], object),
        "diverged_tensor": np.array([tensor or "" for _, tensor in ends], object),
        "updates": np.array([part.course.updates if update is None else update for update, _ in ends]),
        "transport_ratio": p.transport[:, -1] / np.where(p.transport[:, 0] > 0, p.transport[:, 0], np.nan),
        "condition": p.condition,
        "saturated": p.saturated,
        "dead": p.dead,
        "clipped": part.course.clipped / max(part.course.updates, 1),
        **{f"gate_{name}": openness for name, openness in p.gates.items()},
    }


def stored_results(run: RunStore) -> dict[str, np.ndarray]:
    """All of results.csv as `result_columns` has it, read back."""
    columns = run.read_table("results.csv")
    return columns | {"diverged": columns["diverged"] == "true"}


def summarise(columns: dict[str, np.ndarray], steps: int, mean_field) -> list[RhoSummary]:
    """Medians, intervals and verdict per rho, in the order in which the rhos came.

    Parameters
    ----------
    columns : dict of str to (models,)
        All of results.csv.
    steps : int
        T, over which the verdict is meant.
    mean_field : function of rho, or None
    """
    rho = np.asarray(columns["rho"])
    measured = [name for name in columns if name not in ("rho", "seed", "updates") and not name.startswith("diverged")]
    found = []
    for value in dict.fromkeys(rho.tolist()):
        rows = np.flatnonzero(rho == value)
        rates = np.asarray(columns["growth_rate"])[rows]
        decisive, diverged = decisive_rate(steps), _diverged(columns, rows)
        found.append(
            RhoSummary(
                value,
                judge(rates, steps),
                None if mean_field is None else float(mean_field(value)),
                {name: _quantity(columns, name, rows) for name in measured},
                int((rates < -decisive).sum()),
                int((rates > decisive).sum()),
                diverged,
                len(rows),
            )
        )
    return found


def _quantity(columns, name: str, rows: np.ndarray) -> Spread:
    """What has a first and a last value has both of the models that reached the end; the first of all if none did."""
    if name.endswith(("_first", "_last")):
        reached = rows[~np.asarray(columns["diverged"], bool)[rows]]
        rows = reached if reached.size or name.endswith("_last") else rows
    return spread(np.asarray(columns[name])[rows])


def _diverged(columns, rows: np.ndarray) -> list[Divergence]:
    return [
        Divergence(
            int(columns["seed"][row]), int(columns["diverged_update"][row]), str(columns["diverged_tensor"][row])
        )
        for row in rows
        if columns["diverged"][row]
    ]
