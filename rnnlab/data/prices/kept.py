"""What is kept: a stored series in a form that can be continued, listed and named."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from shlex import quote

import numpy as np

from rnnlab.data.prices.bars import COLUMNS, Bars, from_csv
from rnnlab.data.prices.imports import bars_from
from rnnlab.data.prices.snapshots import SYMBOLS as SNAPSHOTS
from rnnlab.data.prices.store import Kept, file_of, kept_symbols, pending, read_kept
from rnnlab.data.reading.layout import parse_text_table
from rnnlab.data.reading.numbers import UnclearMark
from rnnlab.errors import DataError
from rnnlab.files import name_of
from rnnlab.suggestions import nearest


@dataclass(frozen=True, eq=False)
class Held:
    """A stored series whose file is the one its origin describes.

    Attributes
    ----------
    bars : Bars
    origin : dict
        Content of its JSON file.
    """

    bars: Bars
    origin: dict

    @property
    def source(self) -> str | None:
        """Name of the source, or ``file NAME``."""
        return self.origin.get("source")

    @property
    def adjustment(self) -> str | None:
        """``split``, ``total``, ``raw``, or None where nobody says."""
        return self.origin.get("adjustment")

    @property
    def start(self) -> date | None:
        """The first day that was asked for; None for all there are."""
        requested = self.origin.get("requested")
        return _day(requested.get("start")) if isinstance(requested, dict) else None

    @property
    def is_finished(self) -> bool:
        """Whether its last day was over when it was fetched."""
        fetched = _day(str(self.origin.get("fetched_at"))[:10])
        return fetched is not None and fetched > self.bars.last


@dataclass(frozen=True)
class Listing:
    """A line of the list of what is kept; where a file is not usable only ``problem``, which says why."""

    symbol: str
    path: Path
    source: str | None = None
    adjustment: str | None = None
    currency: str | None = None
    rows: int | None = None
    first: date | None = None
    last: date | None = None
    fetched_at: datetime | None = None
    problem: str | None = None


def held(folder: Path, symbol: str) -> Held | None:
    """What is kept of a checked symbol, if it is in order and says where it came from; else None."""
    try:
        kept = read_kept(folder, symbol, patience=0)
        if kept is None or kept.origin is None:
            return None
        bars = from_csv(kept.content, name_of(kept.path))
    except DataError:
        return None
    return Held(replace(bars, currency=kept.origin.get("currency")), kept.origin)


def check_own(folder: Path, symbol: str, imported: Path | None = None) -> None:
    """Refuse to replace a CSV file that was put into the folder by hand, unless it is the one that is imported.

    Raises
    ------
    DataError
        There is such a file.
    """
    path = file_of(folder, symbol)
    if not path.exists() or path.with_suffix(".json").exists() or pending(path.with_suffix(".json")).exists():
        return
    if imported is None or not path.samefile(imported):
        raise DataError(
            f"{name_of(path)}: was put there by hand (no {path.stem}.json beside it), and is not replaced.",
            hint=f"Move it away, or make it ours: {_import(symbol, path)}.",
        )


def entries(folder: Path) -> Iterator[Listing]:
    """Everything the folder keeps, by symbol."""
    for symbol in kept_symbols(folder):
        try:
            kept = read_kept(folder, symbol)
            if kept is None:  # taken away just now
                continue
            bars = from_csv(kept.content, name_of(kept.path)) if kept.origin else by_hand(kept)
        except DataError as problem:
            yield Listing(symbol, file_of(folder, symbol), problem=problem.message)
            continue
        origin = kept.origin or {}
        yield Listing(
            symbol,
            kept.path,
            origin.get("source"),
            origin.get("adjustment"),
            origin.get("currency"),
            bars.rows,
            bars.first,
            bars.last,
            _moment(origin.get("fetched_at")),
        )


def by_hand(kept: Kept, columns: Sequence[str] = ("close",)) -> Bars:
    """The bars of a file that somebody put into the folder, read as an import of it is; with columns of other names.

    Raises
    ------
    DataError
        The file cannot be read, or leaves a question open.
    """
    try:
        table = parse_text_table(kept.content, name_of(kept.path))
        others = {name: bars_from(table, column=name).bars for name in columns if name not in COLUMNS}
        known = len(others) < len(columns)
        bars = bars_from(table).bars if known else replace(others[columns[0]], columns={})
        if not all(np.array_equal(one.dates, bars.dates) for one in others.values()):
            raise DataError(f"{table.label}: the columns {', '.join(columns)} do not have the same days.")
        return replace(bars, columns={**bars.columns, **{name: one.close for name, one in others.items()}})
    except UnclearMark as question:  # a config has no key to answer it for a symbol
        question.hint = f"Say which: {_import(kept.symbol, kept.path)} --decimal point (or comma)."
        raise


def _import(symbol: str, path: Path) -> str:
    return f"rnnlab fetch {symbol} --from-file {quote(str(path))}"


def at_hand(symbol: str, folder: Path) -> list[str]:
    """Symbols in the folder or bundled, those that look like ``symbol`` first."""
    names = sorted({*kept_symbols(folder), *SNAPSHOTS})
    near = nearest(symbol, names, most=len(names), cutoff=0.5)
    return [*near, *(name for name in names if name not in near)]


def _day(text: object) -> date | None:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        return None


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
