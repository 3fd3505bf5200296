"""`rnnlab fetch`: daily prices into the price folder."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import rnnlab
from rnnlab.cli.help import Command
from rnnlab.cli.interrupts import raising
from rnnlab.cli.options import DATE_FORMAT, DECIMAL, JSON
from rnnlab.cli.prices import Reports, show_kept
from rnnlab.errors import RnnlabError, UsageError

if TYPE_CHECKING:
    from rnnlab.experiments.fetch import Fetched

SOURCES = ("auto", "yahoo", "nasdaq", "stooq", "tiingo", "twelvedata")
EXAMPLES = """\b
Examples:
  rnnlab fetch AAPL
  rnnlab fetch AAPL MSFT ^GSPC --start 2015-01-01
  rnnlab fetch AAPL --source tiingo --adjust total
  rnnlab fetch AAPL --from-file ~/Downloads/aapl_us_d.csv
  rnnlab fetch --list"""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("fetch", cls=Command, epilog=EXAMPLES)(fetch)


def fetch(
    symbols: Annotated[
        list[str] | None,
        typer.Argument(metavar="SYMBOL...", show_default=False, help="AAPL, BRK.B, ^GSPC, EURUSD=X, BTC-USD, VOD.L."),
    ] = None,
    source: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            autocompletion=lambda: SOURCES,
            help="auto, yahoo, nasdaq, stooq, tiingo or twelvedata; auto tries one after the other.",
        ),
    ] = "auto",
    start: Annotated[str | None, typer.Option(metavar="DAY", help="First day; all there are if left out.")] = None,
    end: Annotated[str | None, typer.Option(metavar="DAY", help="Last day; yesterday if left out.")] = None,
    adjust: Annotated[
        str | None,
        typer.Option(
            metavar="HOW",
            autocompletion=lambda: ("split", "total", "raw"),
            help="split, total (splits and dividends) or raw; split if left out, where there is a choice.",
        ),
    ] = None,
    api_key: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="Key of the named source; its environment variable keeps it off the screen."),
    ] = None,
    from_file: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Import a file that was downloaded by hand.")
    ] = None,
    column: Annotated[
        str | None, typer.Option(metavar="NAME", help="Column of that file to take, where several hold numbers.")
    ] = None,
    date_format: Annotated[str | None, DATE_FORMAT] = None,
    decimal: Annotated[str | None, DECIMAL] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(metavar="DIR", envvar="RNNLAB_DATA", show_envvar=True, help="The price folder; data if left out."),
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="Show what is kept.")] = False,
    as_json: Annotated[bool, JSON] = False,
) -> int:
    """Download daily prices, or only the days that are new, and keep them with a record of their origin."""
    if list_:
        if symbols:
            raise UsageError("--list shows everything that is kept, and takes no symbols.")
        show_kept(data_dir, as_json)
        return 0
    names = list(dict.fromkeys(symbols or ()))
    _check(names, source, api_key, from_file, {"--column": column, "--date-format": date_format, "--decimal": decimal})
    window = {
        "start": _day("--start", start),
        "end": _day("--end", end),
        "adjust": adjust,
        "data_dir": data_dir,
    }
    reports = Reports(as_json)

    def get(name: str) -> "Fetched":
        if from_file is not None:
            return rnnlab.import_prices(
                name, from_file, column=column, date_format=date_format, decimal=decimal, **window
            )
        return rnnlab.fetch(
            name,
            source=source,
            api_key=api_key,
            on_ask=lambda asked: reports.asking(name, asked),
            on_skip=lambda failure: reports.skip(name, failure),
            **window,
        )

    try:
        for name in names:
            try:
                with raising():
                    found = get(name)
                reports.done(found)
            except UsageError:
                raise
            except RnnlabError as failure:  # the other symbols go on
                reports.fail(name, failure)
    finally:
        reports.clear()
    return reports.close()


def _check(names, source, api_key, from_file, reading) -> None:
    if not names:
        raise UsageError("Name at least one symbol, or --list.", hint="Example: rnnlab fetch AAPL")
    if from_file is None and any(reading.values()):
        given = next(option for option, value in reading.items() if value)
        raise UsageError(f"{given} is about the file of --from-file, which is missing.")
    if from_file is not None and len(names) > 1:
        raise UsageError(f"--from-file holds one symbol; got {len(names)}: {', '.join(names[:5])}.")
    if from_file is not None and (source != "auto" or api_key):
        raise UsageError("--from-file asks no source; leave out --source and --api-key.")
    if reading["--decimal"] not in (None, "point", "comma"):
        raise UsageError(f"--decimal must be point or comma; got {reading['--decimal']!r}.")


def _day(option: str, text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option} must be a day such as 2019-01-02; got {text!r}.") from None
