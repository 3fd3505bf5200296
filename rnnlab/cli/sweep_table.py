"""What `rnnlab sweep-rho` prints when it is done."""

import math
from typing import TYPE_CHECKING

from rnnlab.api.facts import has_activations
from rnnlab.display import console, numbers, tables
from rnnlab.words import MEDIANS, count

if TYPE_CHECKING:
    from rnnlab.experiments.sweep.results import RhoSummary
    from rnnlab.experiments.sweep.rho import SweepSummary


def show(swept: "SweepSummary") -> None:
    """Print title, table, sentences and the path of the run."""
    model = swept.config.model  # type: ignore[attr-defined]
    unit = model.activation if has_activations(model.cell.kind) else model.cell.kind
    seeds = len(swept.config.seeds)  # type: ignore[attr-defined]
    rhos = count(len(swept.record["rhos"]), "rho")
    stopped = swept.record["status"] == "interrupted"
    mark = f", {console.out.style('interrupted', 'yellow')}" if stopped else ""
    console.result(
        f"{console.out.style(swept.name, 'bold')}: {rhos}, "
        f"{count(seeds, 'seed')} each, {unit}, {count(model.hidden_size, 'unit')}, "
        f"{count(swept.steps, 'step')}{mark}"
    )
    if swept.rhos:
        console.result()
        for line in tables.render(*table(swept.rhos, seeds if stopped else None), console.out.width):
            console.result(line)
        console.result()
        for line in console.out.fold(legend(swept.rhos)).split("\n"):
            console.result(console.out.style(line, "dim"))
    console.result()
    for sentence in swept.sentences:
        console.result(console.out.fold(console.printable(sentence)))
    console.result()
    console.result(f"{console.out.style('run', 'dim')}  {swept.run}")


def legend(found: "list[RhoSummary]") -> str:
    """What the table shows: of the models that there are."""
    several, lost = any(one.seeds > 1 for one in found), any(one.diverged for one in found)
    rates = [rate for one in found for rate in (one.verdict.rate, one.verdict.low, one.verdict.high)]
    infinite = numbers.infinite_rates(rates)
    return (
        (f"{MEDIANS}, before training" if several else "Before training")
        + "; where there is an arrow, at the first and at the last update"
        + ", of the models that did not diverge" * lost
        + " (the first of all, where every one did)" * any(len(one.diverged) == one.seeds for one in found)
        + ". Rates in nats per step, the horizon in steps."
        + f" {infinite}" * bool(infinite)
    )


def table(found: "list[RhoSummary]", seeds: int | None = None) -> tuple[list[str], list[list[str]]]:
    """Header and rows; where `seeds` is given, with how many of so many were measured."""
    theory = any(one.mean_field_rate is not None for one in found)
    lost = any(one.diverged for one in found)
    rows = [_row(one, theory, lost, seeds) for one in found]
    return list(rows[0]), [list(row.values()) for row in rows]


def _row(one: "RhoSummary", theory: bool, lost: bool, seeds: int | None) -> dict[str, str]:
    verdict, middle = one.verdict, {name: value.median for name, value in one.quantities.items()}
    row = {"rho": f"{one.rho:.4g}"}
    if seeds is not None:
        row["seeds"] = f"{one.seeds} of {seeds}"
    row |= {
        "verdict": verdict.word,
        "growth rate": numbers.rate_with_interval(verdict.rate, verdict.low, verdict.high),
        "horizon": numbers.significant(verdict.horizon, 2),
    }
    if theory:
        row["theory"] = numbers.rate(one.mean_field_rate)
    row |= {
        "Lyapunov": numbers.rate(middle["lyapunov"]),
        "radius": numbers.significant(middle["spectral_radius"]),
        "sigma": numbers.significant(middle["sigma_max"]),
        "|dL/dW_hh|": _course(middle["grad_norm_first"], middle["grad_norm_last"], 2),
        "lag>=5": numbers.percent(middle["lag_share"]) if math.isfinite(middle["lag_share"]) else numbers.MISSING,
        "loss": _course(middle["loss_first"], middle["loss_last"], 4),
    }
    return row | ({"diverged": f"{len(one.diverged)} of {one.seeds}"} if lost else {})


def _course(first: float, last: float, digits: int) -> str:
    shown = (numbers.significant(value, digits if abs(value) < 1e5 else 2) for value in (first, last))
    return " → ".join(shown)
