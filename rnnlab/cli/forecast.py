"""`rnnlab forecast`: the values that come next."""

import math
from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

import rnnlab
from rnnlab.cli.help import Command
from rnnlab.cli.interrupts import raising
from rnnlab.cli.options import JSON, RUN, RUNS_FROM
from rnnlab.display import console, tables
from rnnlab.printable import on_one_line, shortened

if TYPE_CHECKING:
    from rnnlab.experiments.forecast import Forecasts

EXAMPLES = """\b
Examples:
  rnnlab forecast stock
  rnnlab forecast stock --steps 20 --level 95
  rnnlab forecast stock --data ~/Downloads/aapl_us_d.csv"""
MOST_SHOWN = 40  # steps; the file has all


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("forecast", cls=Command, epilog=EXAMPLES)(forecast)


def forecast(
    run: Annotated[str, RUN],
    data: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Forecast from this file, in place of the run's data.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(metavar="N", min=1, max=1000, help="Values to forecast; a season, or 10, if left out.")
    ] = None,
    level: Annotated[float, typer.Option(metavar="P", help="Level of the intervals, in percent.")] = 90,
    runs_dir: Annotated[Path, RUNS_FROM] = Path("runs"),
    as_json: Annotated[bool, JSON] = False,
) -> int:
    """Forecast the next values of a run's series, with intervals and beside baselines."""
    with raising():
        found = rnnlab.forecast(run, runs_dir, data=data, steps=steps, level=level, on_warning=console.warning)
    for warning in found.warnings:
        console.warning(warning)
    if as_json:
        console.document(found.plain())
    else:
        show(found)
        console.next_step(f"rnnlab show {quote(str(found.run))}", "what the network was worth on the test rows")
    return 0


def show(found: "Forecasts") -> None:
    """Print the table of the steps, what the forecasts have been worth, and the files."""
    out = found.outlook
    unit = f" ({found.series.currency})" if found.series.currency else ""
    console.result(f"{console.out.style(shortened(found.name), 'bold')}: {shortened(found.series.target)}{unit}")
    console.result()
    rivals = list(dict.fromkeys(["naive", out.best]))
    header = [found.time_name, "forecast", f"{100 * found.level:g} %", *(found.title(name) for name in rivals)]
    places = _places([*out.network.values, *(value for name in rivals for value in out.rivals[name].values)])
    half = out.network.half_widths(found.level)
    rows = [
        [
            label,
            _number(out.network.values[step], places),
            _interval(out.network.values[step], half[step], places),
            *(_number(out.rivals[name].values[step], places) for name in rivals),
        ]
        for step, label in enumerate(found.labels[:MOST_SHOWN])
    ]
    for line in tables.render(header, rows, console.out.width):
        console.result(line)
    if out.steps > MOST_SHOWN:
        console.result(console.out.style(f"... and {out.steps - MOST_SHOWN} more steps", "dim"))
    console.result()
    for sentence in found.sentences:
        console.result(console.out.fold(on_one_line(sentence)))
    console.result()
    for file in found.files:
        console.result(f"{console.out.style('file', 'dim')}  {on_one_line(str(file))}")


def _places(values: Sequence[float]) -> int | None:
    """Decimals that show four digits of the largest value; None where it is too large or small for that."""
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    if largest and not 1e-4 <= largest < 1e9:
        return None
    return max(0, 3 - math.floor(math.log10(largest))) if largest else 0


def _interval(value: float, half: float, places: int | None) -> str:
    if math.isnan(half):
        return "-"
    return f"{_number(value - half, places)} to {_number(value + half, places)}"


def _number(value: float, places: int | None) -> str:
    if not math.isfinite(value):
        return "not finite"
    return f"{value:.4g}" if places is None else f"{value:.{places}f}"
