"""`rnnlab inspect`: what a trained network does to gradients."""

import math
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

import rnnlab
from rnnlab.cli.help import Command
from rnnlab.cli.interrupts import raising
from rnnlab.cli.options import JSON, RUN, RUNS_FROM
from rnnlab.display import console, numbers, tables
from rnnlab.printable import on_one_line, shortened
from rnnlab.words import MEDIANS, count

if TYPE_CHECKING:
    from rnnlab.experiments.inspect import Inspection, Look
    from rnnlab.seeds import Spread

EXAMPLES = """\b
Examples:
  rnnlab inspect latest
  rnnlab inspect runs/RUN --checkpoint 1"""
LABELS = {
    "growth_rate": "growth rate (nats/step)",
    "lyapunov": "Lyapunov exponent",
    "transport_ratio": "log10 left at step 1",
    "lag_share": "lag >= 5 in dL/dW_hh",
    "spectral_radius": "spectral radius",
    "sigma_max": "largest singular value",
    "condition": "log10 s_1 / s_median",
    "saturated": "saturated states",
    "dead": "dead units",
}
RATES = ("growth_rate", "lyapunov")
BEYOND_ROUNDING = 1e15  # a singular value that much below the largest is rounding error
SHARES = ("lag_share", "saturated", "dead")


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("inspect", cls=Command, epilog=EXAMPLES)(inspect)


def inspect(
    run: Annotated[str, RUN],
    checkpoint: Annotated[
        str | None, typer.Option("--checkpoint", metavar="N", help="Number of a checkpoint; the newest if left out.")
    ] = None,
    runs_dir: Annotated[Path, RUNS_FROM] = Path("runs"),
    as_json: Annotated[bool, JSON] = False,
) -> int:
    """Measure gradients through time in a trained network, before training and after."""
    with raising():
        found = rnnlab.inspect(run, runs_dir, checkpoint=checkpoint, on_warning=console.warning)
    for warning in found.warnings:
        console.warning(warning)
    if as_json:
        console.document(found.plain())
    else:
        show(found)
        console.next_step(f"rnnlab compare {quote(str(found.trained.run))} RUN", "this run next to another")
    return 0


def show(found: "Inspection") -> None:
    """Print a table per recurrence and the paths of the plots."""
    trained = found.trained
    seeds = len(trained.config.seeds)  # type: ignore[attr-defined]
    console.result(
        f"{console.out.style(shortened(trained.record.name), 'bold')}: {count(seeds, 'seed')}, "
        f"update {trained.update} (checkpoint {trained.checkpoint}), {count(found.steps, 'step')}"
    )
    for name, (before, after) in found.looks.items():
        console.result()
        header = [name if len(found.looks) > 1 else "", "before training", "after"]
        for line in tables.render(header, _rows(before, after), console.out.width):
            console.result(line)
    console.result()
    legend = (
        f"On {found.sample}. "
        + ("Of the tested networks, not of those that were trained on all rows. " * (trained.record.refit is not None))
        + (f"{MEDIANS}. " * (seeds > 1))
        + _infinities(found)
        + "Left at step 1: of the gradient of a loss at the last step. s_1 / s_median: singular values of the Jacobian "
        "over all steps."
    )
    for line in console.out.fold(legend).split("\n"):
        console.result(console.out.style(line, "dim"))
    console.result()
    for plot in found.plots:
        console.result(f"{console.out.style('plot', 'dim')}  {on_one_line(str(plot))}")


def _infinities(found: "Inspection") -> str:
    looks = [look for pair in found.looks.values() for look in pair]
    said = numbers.infinite_rates(rate for look in looks for rate in vars(look.quantities["growth_rate"]).values())
    return said and f"{said} "


def _rows(before: "Look", after: "Look") -> list[list[str]]:
    rows = [["verdict", before.verdict.word, after.verdict.word]]
    for name, value in before.quantities.items():
        if not (math.isnan(value.median) and math.isnan(after.quantities[name].median)):
            label = LABELS.get(name, f"gate {name.removeprefix('gate_')}, openness")
            rows.append([label, *(_cell(name, one) for one in (value, after.quantities[name]))])
        if name == "growth_rate":
            horizons = (f"{numbers.significant(look.verdict.horizon, 2)}" for look in (before, after))
            rows.append(["horizon (steps)", *horizons])
    return rows


def _cell(name: str, value: "Spread") -> str:
    three = (value.median, value.low, value.high)
    if name in RATES:
        return numbers.rate_with_interval(*three)
    return numbers.bracketed(*(_write(name, one) for one in three))


def _write(name: str, value: float, digits: int = 3) -> str:
    if not math.isfinite(value):
        return numbers.significant(value)
    if name in RATES:
        return numbers.rate(value, digits)
    if name in SHARES:
        return numbers.percent(value)
    if name == "condition":
        return f"{math.log10(value):.1f}" if value < BEYOND_ROUNDING else ">15"
    if name == "transport_ratio":
        return f"{math.log10(value):.1f}" if value > 0 else "-inf"
    return numbers.significant(value, digits)
