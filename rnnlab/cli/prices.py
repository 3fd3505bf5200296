"""What `rnnlab fetch` shows: each symbol as it is done, or the list of what is kept."""

from datetime import UTC, date, datetime
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import rnnlab
from rnnlab.cli.home import STARTER
from rnnlab.display import console, tables
from rnnlab.errors import RnnlabError
from rnnlab.words import count

if TYPE_CHECKING:
    from rnnlab.experiments.fetch import Fetched

FAILED = 4
ADJUSTED = {"split": "adjusted for splits", "total": "adjusted for splits and dividends", "raw": "not adjusted"}
CHANGES = {"new": "new", "replaced": "replaced what was kept", "unchanged": "nothing new"}


class Reports:
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
        """Say that a source was passed over, and why."""
        self.skipped.append({"symbol": symbol, "source": failure.source, **_content(failure)})
        self.clear()
        console.note(console.err.fold(console.printable(f"{symbol}: skipped {failure.source}: {failure.reason}")))

    def fail(self, symbol: str, failure: RnnlabError) -> None:
        """Say why a symbol could not be fetched; the others go on."""
        self.failed.append({"symbol": symbol, **_content(failure)})
        self.clear()
        console.error(failure.message, failure.hint)

    def done(self, done: "Fetched") -> None:
        """Say what became of a symbol, and the notes on its prices."""
        self.fetched.append(done)
        self.clear()
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
        """Print the JSON document where it was asked for, and return the exit code."""
        if self.as_json:
            fetched = [
                {"change": done.change, "added": done.added, "path": str(done.path), **done.origin}
                for done in self.fetched
            ]
            console.document({"fetched": fetched, "skipped": self.skipped, "failed": self.failed})
        elif self.fetched:
            symbol = quote(f"data.symbol={self.fetched[0].symbol}")
            console.next_step(f"rnnlab train {STARTER} --set {symbol}", "forecast it")
        return FAILED if self.failed else 0


def _sentence(done: "Fetched") -> str:
    """The days and what became of them; where they came from and where they are; of a file, how it was read."""
    origin = done.origin
    told = [origin["source"], ADJUSTED.get(origin["adjustment"], "adjustment unknown"), origin["currency"]]
    change = f"{done.added:,} added" if done.change == "continued" else CHANGES[done.change]
    lines = (
        f"{done.symbol}: {count(origin['rows'], 'day')}, {origin['first']} to {origin['last']}, {change}",
        f"{' ' * len(done.symbol)}  {', '.join(filter(None, told))}: {done.path}",
    )
    if origin.get("understood") is not None:
        indent = len(done.symbol) + 2
        read = console.out.fold(console.printable(f"read as {origin['understood']}"), indent=indent)
        return "\n".join((*map(console.printable, lines), " " * indent + read))
    return "\n".join(map(console.printable, lines))


def _content(failure: RnnlabError) -> dict[str, object]:
    return {
        "kind": type(failure).__name__,
        "exit_code": failure.exit_code,
        "message": failure.message,
        "hint": failure.hint,
        "retry_after": getattr(failure, "retry_after", None),
    }


def show_kept(data_dir: Path | None, as_json: bool) -> None:
    """The list of what the price folder keeps."""
    found = rnnlab.list_prices(data_dir)
    folder, kept = found.path, found.kept
    if as_json:
        entries = [{name: _plain(value) for name, value in vars(entry).items()} for entry in kept]
        console.document({"folder": str(folder), "kept": entries, "bundled": list(found.bundled)})
        return
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
        console.result("\n".join(map(console.printable, tables.render(header, rows, console.out.width))))
    for entry in kept:
        if entry.problem is not None:
            console.warning(entry.problem)
    empty = "nothing is kept in" if not kept else "kept in"
    console.note(console.printable(f"{empty} {folder}; bundled with rnnlab: {', '.join(found.bundled)}"))
    symbols = " ".join(quote(entry.symbol) for entry in good[:5])
    console.next_step(f"rnnlab fetch {symbols or 'AAPL'}", "add the days since" if good else "get daily prices")


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
