"""`rnnlab forecast`: the values that come next."""

import json
import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

import rnnlab
from rnnlab.cli.help import Command
from rnnlab.cli.interrupts import raising
from rnnlab.cli.options import DATE_FORMAT, DECIMAL, JSON, QUIET, runs_dir
from rnnlab.cli.outcome import carry_out
from rnnlab.display import console, tables
from rnnlab.errors import UsageError
from rnnlab.printable import on_one_line, shortened

if TYPE_CHECKING:
    from rnnlab import Run
    from rnnlab.experiments.forecast import Forecasts

EXAMPLES = """\b
Examples:
  rnnlab forecast sales.csv
  rnnlab forecast prices.csv --steps 20 --level 95
  rnnlab forecast stock
  rnnlab forecast stock --data ~/Downloads/aapl_us_d.csv"""
WHAT = "A run (a path, an id, the beginning of one, a name, or latest), or a CSV file to train on first."
MOST_SHOWN = 40  # steps; the file has all
MOST_DIGITS, SMALLEST = 13, 1e-4  # of figures that are written out; others have an exponent


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("forecast", cls=Command, epilog=EXAMPLES)(forecast)


def forecast(
    run: Annotated[str, typer.Argument(metavar="RUN|FILE", help=WHAT)],
    data: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Forecast from this file, in place of the run's data.")
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, max=1000, help="Values to forecast; a season, else 10, if left out."),
    ] = None,
    level: Annotated[float, typer.Option(metavar="P", help="Level of the intervals, in percent.")] = 90,
    column: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of a FILE: column of values, if several hold numbers.")
    ] = None,
    date_format: Annotated[str | None, DATE_FORMAT] = None,
    decimal: Annotated[str | None, DECIMAL] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Of a FILE: set a key of the config; repeatable."),
    ] = None,
    seeds: Annotated[
        str | None, typer.Option("--seeds", metavar="N|LIST", help="Of a FILE: how many models, or their seeds (5).")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="Of a FILE: name of the run, else that of the file.")
    ] = None,
    runs_dir: Annotated[Path, runs_dir("Where run folders are, and go.")] = Path("runs"),
    as_json: Annotated[bool, JSON] = False,
    quiet: Annotated[bool, QUIET] = False,
) -> int:
    """Forecast the next values of a run's series, or of a CSV file, with intervals and beside baselines."""
    from rnnlab.api.forecasting import config_of_file, file_meant, refuse

    file = file_meant(run, runs_dir)
    if file is None:
        given = {"--column": column, "--date-format": date_format, "--decimal": decimal, "--set": overrides,
                 "--seeds": seeds, "--name": name}  # fmt: skip
        refuse([option for option, value in given.items() if value])
        with raising():
            found = rnnlab.forecast(run, runs_dir, data=data, steps=steps, level=level, on_warning=console.warning)
        _tell(found, found.warnings, as_json=as_json, quiet=quiet)
        return 0
    if data is not None:
        raise UsageError("--data takes the place of a run's data; a FILE was given too.")
    reading = {"data.date_format": date_format, "data.decimal": decimal}
    words = [f"{key}={json.dumps(value)}" for key, value in reading.items() if value is not None]
    config = config_of_file(
        file, column=column, steps=steps, level=level, overrides=words + (overrides or []), seeds=seeds, name=name
    )
    after = partial(_after_training, steps=steps, level=level, as_json=as_json, quiet=quiet)
    return carry_out(partial(rnnlab.train, config, runs_dir), as_json=as_json, quiet=quiet, then=after)


def _after_training(run: "Run", *, steps: int | None, level: float, as_json: bool, quiet: bool) -> None:
    """Forecast with networks that were trained for it, and say what came of them; their warnings were shown."""
    with raising():
        found = rnnlab.forecast(run, steps=steps, level=level)
    _tell(found, [one for one in found.warnings if one not in run.warnings], as_json=as_json, quiet=quiet)


def _tell(found: "Forecasts", warnings: Sequence[str], *, as_json: bool, quiet: bool) -> None:
    if quiet and not as_json:
        console.result(str(found.run))
        return
    for warning in warnings:
        console.warning(warning)
    if as_json:
        console.document(found.plain())
    else:
        show(found)
        console.next_step(f"rnnlab show {quote(str(found.run))}", "what the networks were worth on the test rows")


def show(found: "Forecasts") -> None:
    """Print the table of the steps, what the forecasts have been worth, how they were made, and the files."""
    out = found.outlook
    unit = f" ({found.series.currency})" if found.series.currency else ""
    console.result(f"{console.out.style(shortened(found.name), 'bold')}: {shortened(found.series.target)}{unit}")
    console.result()
    rivals = list(dict.fromkeys(["naive", out.best_at(out.judged_step), out.best]))
    interval = f"{100 * found.level:g} %{' (uncalibrated)' * (found.refit is not None)}"
    header = [found.time_name, "forecast", interval, *(found.title(name) for name in rivals)]
    half = out.network.half_widths(found.level)
    shown = [*out.network.values, *(value for name in rivals for value in out.rivals[name].values)]
    places = _places(shown, min((float(one) for one in half if one > 0), default=math.inf))
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
    for sentence in found.verdict:
        for line in console.out.fold(on_one_line(sentence)).split("\n"):
            console.result(console.out.style(line, "bold"))
    if found.verdict:
        console.result()
    for sentence in found.sentences:
        console.result(console.out.fold(on_one_line(sentence)))
    console.result()
    for file in found.files:
        console.result(f"{console.out.style('file', 'dim')}  {on_one_line(str(file))}")


def _places(values: Sequence[float], spread: float) -> int | None:
    """Decimals that show four digits of the largest value and two of a smaller spread, as far as they fit a column;
    None where the values alone are too large or too small for that.

    Values near 1e10 that differ by 50 need whole numbers, where four digits would make them all alike.
    """
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    has_spread = math.isfinite(spread) and spread > 0
    if not largest:
        return 0 if not has_spread else min(MOST_DIGITS, max(0, 1 - _exponent(spread)))
    before = max(0, _exponent(largest))
    if largest < SMALLEST or before >= MOST_DIGITS:
        return None
    base = max(0, 3 - _exponent(largest))
    wanted = max(base, 1 - _exponent(spread)) if has_spread else base
    return min(wanted, max(base, MOST_DIGITS - 1 - before))


def _exponent(value: float) -> int:
    return math.floor(math.log10(value))


def _interval(value: float, half: float, places: int | None) -> str:
    if math.isnan(half) or not math.isfinite(value):
        return "-"
    return f"{_number(value - half, places)} to {_number(value + half, places)}"


def _number(value: float, places: int | None) -> str:
    if not math.isfinite(value):
        return "not finite"
    return f"{value:.4g}" if places is None else f"{value:.{places}f}"
