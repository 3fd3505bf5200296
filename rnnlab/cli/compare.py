"""`rnnlab compare`: runs side by side."""

from itertools import zip_longest
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

import rnnlab
from rnnlab.api.facts import metric_names
from rnnlab.cli import summary
from rnnlab.cli.help import Command
from rnnlab.cli.options import JSON, RUNS_FROM
from rnnlab.display import console, numbers, tables
from rnnlab.printable import on_one_line, shortened
from rnnlab.words import MEDIANS, listed

if TYPE_CHECKING:
    from rnnlab.experiments.compare import Compared, Comparison

EXAMPLES = """\b
Examples:
  rnnlab compare latest 20261121T1703
  rnnlab compare runs/*-gradients-* runs/*-lstm-*"""
LEGEND = "Growth rates in nats per step, before and after training; verdict and horizon, in steps, before training; {}."
MOST_METRICS = 8
MOST_KEYS = 5  # in which runs differ
ORDER = ("run", "verdict", "growth rate", "after", "horizon", "loss", "clipped")
MOST_BESIDE_RATES = 2  # so that a line stays readable


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("compare", cls=Command, epilog=EXAMPLES)(compare)


def compare(
    runs: Annotated[
        list[str], typer.Argument(metavar="RUN...", help="Two or more: paths, ids, beginnings of ids, names, latest.")
    ],
    runs_dir: Annotated[Path, RUNS_FROM] = Path("runs"),
    as_json: Annotated[bool, JSON] = False,
) -> int:
    """Show runs side by side: their metrics, losses and clipping, and what their networks do to gradients."""
    found = rnnlab.compare(runs, runs_dir, on_warning=console.warning)
    for warning in found.warnings:
        console.warning(warning)
    if as_json:
        runs_shown = [one.plain() for one in found.runs]
        console.document({"runs": runs_shown, "differences": found.differences, "warnings": found.warnings})
    else:
        show(found)
        console.next_step(
            f"rnnlab inspect {quote(str(found.runs[0].run))}", "what one of the trainings did to gradients"
        )
    return 0


def show(found: "Comparison") -> None:
    """Print the table, and beneath it which folder each name stands for."""
    names = _names(found.runs)
    places = _places(found.runs)
    rows = [_row(name, one, found.runs, places) for name, one in zip(names, found.runs, strict=True)]
    rows += _baseline_rows(found.runs, places)
    present = dict.fromkeys(title for row in rows for title in row)
    columns = [*(title for title in ORDER if title in present), *(title for title in present if title not in ORDER)]
    cells = [[row.get(title, "") for title in columns] for row in rows]
    for line in tables.render(["" if title == "run" else title for title in columns], cells, console.out.width):
        console.result(line)
    if found.differences:
        console.result()
        console.result(console.out.fold(_differences(found.differences)))
    legend = [f"{MEDIANS}."] * any(one.seeds > 1 for one in found.runs)
    if any(one.looks for one in found.runs):
        shown = [rate for one in found.runs for rate in _rates(one)]
        legend += filter(None, [LEGEND.format(_losses(found.runs)), numbers.infinite_rates(shown)])
    if legend:
        console.result()
        for line in console.out.fold(" ".join(legend)).split("\n"):
            console.result(console.out.style(line, "dim"))
    console.result()
    widest = max(map(len, names))
    for name, one in zip(names, found.runs, strict=True):
        console.result(f"{console.out.style(name.ljust(widest), 'dim')}  {on_one_line(str(one.run))}")


def _losses(runs: "list[Compared]") -> str:
    """What the column of losses shows."""
    fitted = "the one after a fit in closed form"
    if all(one.fitted for one in runs):
        return f"the loss is {fitted}"
    said = "the loss in the first and in the last epoch"
    if any(one.endless for one in runs):
        said += ", of fresh sequences in the first and in the last row of metrics.csv"
    return f"{said}, or {fitted}" if any(one.fitted for one in runs) else said


def _names(runs: "list[Compared]") -> list[str]:
    """Names of the experiments, with the end of the id where two are the same."""
    plain = [shortened(one.name) for one in runs]
    return [
        f"{name} {on_one_line(one.run.name[-4:])}" if plain.count(name) > 1 else name
        for name, one in zip(plain, runs, strict=True)
    ]


def _places(runs: "list[Compared]") -> dict[str, int]:
    """The metrics to show, and the place that all rows of each are written down to: what the middle run needs."""
    most = MOST_BESIDE_RATES if any(one.looks for one in runs) else MOST_METRICS
    ranks = zip_longest(*dict.fromkeys(tuple(one.metrics) for one in runs))  # the first of each kind of run first
    shown = list(dict.fromkeys(name for rank in ranks for name in rank if name is not None))[:most]
    places = {}
    for metric in shown:
        needed = sorted(numbers.place_for(one.metrics[metric].spread) for one in runs if metric in one.metrics)
        places[metric] = needed[len(needed) // 2]
    return places


def _row(name: str, one: "Compared", runs: "list[Compared]", places: dict[str, int]) -> dict[str, str]:
    row = {"run": name}
    if one.looks:
        before, after = one.looks
        rate = before.verdict
        row |= {
            "verdict": rate.word,
            "growth rate": numbers.rate_with_interval(rate.rate, rate.low, rate.high),
            "after": numbers.rate(after.verdict.rate),
            "horizon": numbers.significant(rate.horizon, 2),
        }
    if one.loss and any(other.looks for other in runs):
        row["loss"] = " → ".join(numbers.significant(value, 4) for value in one.loss[one.fitted :])
    if not one.fitted:
        row["clipped"] = numbers.percent(one.clipped) if one.clipped is not None else numbers.MISSING
    names = metric_names(other.task for other in runs)
    for metric in places:
        if metric in one.metrics:
            row[_title(metric, names, runs)] = numbers.with_interval(one.metrics[metric].spread)
    if any(other.diverged for other in runs):
        row["diverged"] = f"{one.diverged} of {one.seeds}"
    return row


def _title(metric: str, names: dict[str, str], runs: "list[Compared]") -> str:
    """What a metric is called, with its unit where all runs have the same."""
    units = {one.units.get(metric) for one in runs if metric in one.metrics}
    return summary.with_unit(summary.label(metric, names), shortened(units.pop() or "") if len(units) == 1 else None)


def _differences(keys: list[str]) -> str:
    """The first few of the keys in a sentence."""
    shown = [shortened(key) for key in keys[: MOST_KEYS if len(keys) > MOST_KEYS + 1 else None]]
    more = [f"{len(keys) - len(shown)} more"] * (len(keys) > len(shown))
    return f"They differ in {listed([*shown, *more])}."


def _rates(one: "Compared") -> list[float]:
    """The growth rates that its row shows."""
    if not one.looks:
        return []
    before, after = (look.verdict for look in one.looks)
    return [before.rate, before.low, before.high, after.rate]


def _baseline_rows(runs: "list[Compared]", places: dict[str, int]) -> list[dict[str, str]]:
    """A row per baseline, where all runs that have any were held against the same rows."""
    runs = [one for one in runs if one.baselines]
    if not runs or any(one.baselines != runs[0].baselines for one in runs):
        return []
    first = runs[0].baselines
    rows, names = [], metric_names(one.task for one in runs)
    for name, values in first.items():
        row = {"run": summary.label(name, names, runs[0].season)}
        for metric, place in places.items():
            row[_title(metric, names, runs)] = numbers.beside(values.get(metric), place)
        rows.append(row)
    return rows
