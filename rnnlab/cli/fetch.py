"""`rnnlab fetch`: daily prices into the price folder."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rnnlab.cli import console, tables
from rnnlab.cli.help import Command
from rnnlab.errors import RnnlabError, UsageError

if TYPE_CHECKING:
    from rnnlab.experiments.fetch import Fetched

FAILED = 4
EXAMPLES = """\b
Examples:
  rnnlab fetch AAPL
  rnnlab fetch AAPL MSFT ^GSPC --start 2015-01-01
  rnnlab fetch AAPL --source tiingo --adjust total
  rnnlab fetch AAPL --from-file ~/Downloads/aapl_us_d.csv
  rnnlab fetch --list"""
ADJUSTED = {
    "split": "adjusted for splits",
    "total": "adjusted for splits and dividends",
    "raw": "not adjusted",
}
CHANGES = {"new": "new", "replaced": "replaced what was kept", "unchanged": "nothing new"}


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
            help="auto, yahoo, nasdaq, stooq, tiingo or twelvedata; auto tries one after the other.",
        ),
    ] = "auto",
    start: Annotated[str | None, typer.Option(metavar="DAY", help="First day; all there are if left out.")] = None,
    end: Annotated[str | None, typer.Option(metavar="DAY", help="Last day; yesterday if left out.")] = None,
    adjust: Annotated[
        str | None,
        typer.Option(
            metavar="HOW",
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
    date_format: Annotated[
        str | None,
        typer.Option(metavar="FORMAT", help="Dates of that file: DD/MM/YYYY, MM/DD/YYYY, %d.%m.%y."),
    ] = None,
    decimal: Annotated[
        str | None, typer.Option(metavar="MARK", help="Decimal mark of that file: point or comma.")
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(metavar="DIR", envvar="RNNLAB_DATA", show_envvar=True, help="The price folder; data if left out."),
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="Show what is kept.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Standard output is one JSON document.")] = False,
) -> int:
    """Get daily prices, or only the days that are new, and keep them with a record of their origin."""
    if list_:
        return _list(symbols, data_dir, as_json)
    names = list(dict.fromkeys(symbols or ()))
    _check(names, source, api_key, from_file, date_format, decimal)
    window = {
        "start": _day("--start", start),
        "end": _day("--end", end),
        "adjust": adjust,
        "data_dir": data_dir,
    }
    reports = _Reports(as_json)
    try:
        for name in names:
            _one(name, source, api_key, from_file, date_format, decimal, window, reports)
    finally:
        reports.clear()
    return reports.close()


def _one(name, source, api_key, from_file, date_format, decimal, window, reports: "_Reports") -> None:
    """Fetch or import one symbol; a failure is reported, and the others go on."""
    try:
        if from_file is not None:
            reports.fetched.append(_import(name, from_file, date_format, decimal, window))
        else:
            reports.fetched.append(_fetch(name, source, api_key, window, reports))
    except UsageError:
        raise
    except RnnlabError as failure:
        reports.fail(name, failure)
    else:
        reports.show_last()


def _fetch(name: str, source: str, api_key: str | None, window: dict, reports: "_Reports") -> "Fetched":
    from rnnlab.experiments.fetch import fetch as run

    return run(
        name,
        source=source,
        api_key=api_key,
        on_ask=lambda asked: reports.asking(name, asked),
        on_skip=lambda f: reports.skip(name, f),
        **window,
    )


def _import(name: str, file: Path, date_format: str | None, decimal: str | None, window: dict) -> "Fetched":
    from rnnlab.experiments.fetch import import_file

    return import_file(name, file, date_format=date_format, decimal=decimal, **window)


class _Reports:
    """What came of each symbol: shown as it happens, or gathered for the one JSON document."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self.fetched: list[Fetched] = []
        self.skipped: list[dict[str, object]] = []
        self.failed: list[dict[str, object]] = []

    def asking(self, symbol: str, source: str) -> None:
        """A passing line, where there is a screen to take it from again."""
        if console.err.is_terminal:
            self._pass(console.err.style(console.printable(f"{symbol}: asking {source} ..."), "dim"))

    def skip(self, symbol: str, failure) -> None:
        self.skipped.append({"symbol": symbol, "source": failure.source, **_content(failure)})
        self.clear()
        console.note(console.err.fold(console.printable(f"{symbol}: skipped {failure.source}: {failure.reason}")))

    def fail(self, symbol: str, failure: RnnlabError) -> None:
        self.failed.append({"symbol": symbol, **_content(failure)})
        self.clear()
        console.error(failure.message, failure.hint)

    def show_last(self) -> None:
        self.clear()
        done = self.fetched[-1]
        if not self.as_json:
            console.result(_sentence(done))
        for note in done.origin["notes"]:
            console.warning(f"{done.symbol}: {note}")

    def clear(self) -> None:
        """Take the passing line away."""
        self._pass("")

    def _pass(self, text: str) -> None:
        if console.err.is_terminal:
            console.err.file.write(f"\x1b[2K{text}\r")
            console.err.file.flush()

    def close(self) -> int:
        if self.as_json:
            fetched = [
                {"change": done.change, "added": done.added, "path": str(done.path), **done.origin}
                for done in self.fetched
            ]
            console.document({"fetched": fetched, "skipped": self.skipped, "failed": self.failed})
        return FAILED if self.failed else 0


def _sentence(done: "Fetched") -> str:
    """Two lines: the days and what became of them; where they came from and where they are."""
    origin = done.origin
    told = [origin["source"], ADJUSTED.get(origin["adjustment"], "adjustment unknown"), origin["currency"]]
    change = f"{done.added:,} added" if done.change == "continued" else CHANGES[done.change]
    lines = (
        f"{done.symbol}: {_days(origin['rows'])}, {origin['first']} to {origin['last']}, {change}",
        f"{' ' * len(done.symbol)}  {', '.join(filter(None, told))}: {done.path}",
    )
    return "\n".join(map(console.printable, lines))


def _days(count: int) -> str:
    return f"{count:,} day{'s' * (count != 1)}"


def _content(failure: RnnlabError) -> dict[str, object]:
    return {
        "kind": type(failure).__name__,
        "exit_code": failure.exit_code,
        "message": failure.message,
        "hint": failure.hint,
        "retry_after": getattr(failure, "retry_after", None),
    }


def _list(symbols: Sequence[str] | None, data_dir: Path | None, as_json: bool) -> int:
    from rnnlab.experiments.fetch import BUNDLED, list_kept

    if symbols:
        raise UsageError("--list shows everything that is kept, and takes no symbols.")
    folder, kept = list_kept(data_dir)
    if as_json:
        entries = [{name: _plain(value) for name, value in vars(entry).items()} for entry in kept]
        console.document({"folder": str(folder), "kept": entries, "bundled": list(BUNDLED)})
        return 0
    now = datetime.now(UTC)
    header = ("symbol", "source", "adjusted", "days", "first", "last", "age")
    good = [entry for entry in kept if entry.problem is None]
    rows = [
        (
            e.symbol,
            e.source or "unknown",
            e.adjustment or "unknown",
            f"{e.rows:,}",
            str(e.first),
            str(e.last),
            _age(e, now),
        )
        for e in good
    ]
    if rows:
        console.result("\n".join(tables.render(header, rows, console.out.width)))
    for entry in kept:
        if entry.problem is not None:
            console.warning(entry.problem)
    empty = "nothing is kept in" if not kept else "kept in"
    console.note(console.printable(f"{empty} {folder}; bundled with rnnlab: {', '.join(BUNDLED)}"))
    return 0


def _age(entry, now: datetime) -> str:
    if entry.fetched_at is None:
        return "unknown"
    seconds = max(0, int((now - entry.fetched_at).total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _plain(value: object) -> object:
    return value if isinstance(value, int | None) else value.isoformat() if isinstance(value, date) else str(value)


def _check(names, source, api_key, from_file, date_format, decimal) -> None:
    if not names:
        raise UsageError("Name at least one symbol, or --list.", hint="Example: rnnlab fetch AAPL")
    if from_file is None and (date_format or decimal):
        raise UsageError("--date-format and --decimal are about the file of --from-file, which is missing.")
    if from_file is not None and len(names) > 1:
        raise UsageError(f"--from-file holds one symbol; got {len(names)}: {', '.join(names[:5])}.")
    if from_file is not None and (source != "auto" or api_key):
        raise UsageError("--from-file asks no source; leave out --source and --api-key.")
    if decimal not in (None, "point", "comma"):
        raise UsageError(f"--decimal must be point or comma; got {decimal!r}.")


def _day(option: str, text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option} must be a day such as 2019-01-02; got {text!r}.") from None
