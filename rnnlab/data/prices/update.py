"""One symbol from one source into the price folder: the new days where that is possible, else all of them."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from rnnlab.data.prices.bars import Bars, merged, to_csv
from rnnlab.data.prices.checks import remarks
from rnnlab.data.prices.kept import Held
from rnnlab.data.prices.sources.client import Client
from rnnlab.data.prices.sources.failures import LessThanKept, NoData, NoSuchSymbol
from rnnlab.data.prices.sources.source import PriceSource, Query
from rnnlab.data.prices.store import file_of
from rnnlab.data.prices.writing import write_pair

OVERLAP = 6  # days asked for again, to see whether history was adjusted
_MISSING_END = timedelta(days=10)  # longer than any holiday
_MISSING_START = timedelta(days=7)  # a source may begin a few days off another and still have the same history


@dataclass(frozen=True)
class Wanted:
    """What a person asked for.

    Attributes
    ----------
    symbol : str
        Checked.
    start : date or None
    end : date
    adjustment : str or None
        None for whatever is kept, else the source's default.
    api_key : str or None
    is_auto : bool
        Whether the source was left open.
    folder : Path
    now : datetime
        In UTC.
    """

    symbol: str
    start: date | None
    end: date
    adjustment: str | None
    api_key: str | None
    is_auto: bool
    folder: Path
    now: datetime


@dataclass(frozen=True)
class Fetched:
    """What a fetch or an import did.

    Attributes
    ----------
    symbol : str
    path : Path
        The CSV file.
    change : str
        ``new``, ``continued``, ``replaced``, or ``unchanged``.
    added : int
        Rows that were not there before.
    origin : dict
        Content of the JSON file.
    """

    symbol: str
    path: Path
    change: str
    added: int
    origin: dict


def update(source: PriceSource, client: Client, wanted: Wanted, held: Held | None) -> Fetched:
    """Ask one source, and keep what it gives; call with the symbol's lock held.

    Parameters
    ----------
    source : PriceSource
    client : Client
    wanted : Wanted
    held : Held or None
        What is kept of the symbol. Rows of the same source and adjustment are continued; others are replaced.

    Raises
    ------
    SourceError
        The source gave nothing, or less than is kept.
    DataError
        The folder cannot be written, or a setting of the source is wrong.
    """
    adjustment = source.offer(_adjustment(source, wanted, held))
    mine = held if held and (held.source, held.adjustment) == (source.name, adjustment) else None
    query = Query(wanted.symbol, _first_day(wanted, mine), _last_day(wanted, mine), adjustment)
    if mine and query.start == mine.start and query.end <= mine.bars.last and mine.is_finished:
        return Fetched(wanted.symbol, file_of(wanted.folder, wanted.symbol), "unchanged", 0, mine.origin)
    key = source.key(wanted.api_key)
    bars = _continued(source, client, query, key, mine) if mine else None
    change = "continued" if bars is not None else "replaced"
    if bars is None:
        bars = source.ask(client, query, key)
    _refuse_loss(source, wanted, held, mine, bars)
    bars = replace(bars, notes=(*bars.notes, *_stale(bars, query)))
    origin = {
        "symbol": wanted.symbol,
        "source": source.name,
        "address": bars.address,
        "adjustment": adjustment,
        "requested": {"start": str(query.start) if query.start else None, "end": str(query.end)},
    }
    return keep(wanted.folder, origin, bars, held, wanted.now, change)


def keep(folder: Path, origin: dict, bars: Bars, held: Held | None, now: datetime, change: str = "replaced") -> Fetched:
    """Write bars with their origin, and say what that changed; call with the symbol's lock held.

    Raises
    ------
    DataError
        The folder cannot be written.
    """
    content = to_csv(bars)
    added = bars.rows - (held.bars.rows if held and change == "continued" else 0)
    if held is None:
        change = "new"
    elif to_csv(held.bars) == content and (held.source, held.adjustment) == (
        origin["source"],
        origin["adjustment"],
    ):
        change, added = "unchanged", 0
    record = origin | {
        "currency": bars.currency,
        "fetched_at": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "rows": bars.rows,
        "first": str(bars.first),
        "last": str(bars.last),
        "notes": [*bars.notes, *remarks(bars.dates, bars.close)],
    }
    record = write_pair(folder, origin["symbol"], content, record)
    return Fetched(origin["symbol"], file_of(folder, origin["symbol"]), change, added, record)


def _adjustment(source: PriceSource, wanted: Wanted, held: Held | None) -> str | None:
    """As asked; else as kept, where this source is to carry on what is kept."""
    if wanted.adjustment is None and held and (wanted.is_auto or held.source == source.name):
        return held.adjustment
    return wanted.adjustment


def _first_day(wanted: Wanted, mine: Held | None) -> date | None:
    """The first day to have: what is kept is never given up."""
    if mine is None or mine.start is None:
        return None if mine else wanted.start
    return min(wanted.start or mine.start, mine.start)


def _last_day(wanted: Wanted, mine: Held | None) -> date:
    return max(wanted.end, mine.bars.last) if mine else wanted.end


def _continued(source: PriceSource, client: Client, query: Query, key: str | None, mine: Held) -> Bars | None:
    """What is kept with the days that are new, or None where all must be fetched anew."""
    if query.start != mine.start or mine.bars.rows < OVERLAP:
        return None
    since = mine.bars.dates[-OVERLAP].item()
    try:
        return merged(mine.bars, source.ask(client, replace(query, start=since), key))
    except (NoData, NoSuchSymbol):
        return None


def _stale(bars: Bars, query: Query) -> tuple[str, ...]:
    days = (query.end - bars.last).days
    if days <= _MISSING_END.days:
        return ()
    return (f"the last day is {bars.last}, {days} days before the end of what was asked for: no longer traded?",)


def _refuse_loss(source: PriceSource, wanted: Wanted, held: Held | None, mine: Held | None, bars: Bars) -> None:
    """Days that are kept must not be lost to an answer without them, unless the user named another source."""
    if held is None or (mine is None and not wanted.is_auto):
        return
    if bars.first > held.bars.first + _MISSING_START or bars.last < held.bars.last:
        raise LessThanKept(
            source.name,
            f"runs from {bars.first} to {bars.last}, while {wanted.symbol} is kept from {held.bars.first}"
            f" to {held.bars.last}: nothing was replaced",
            hint=_begin_anew(wanted, mine),
        )
    missing = set(held.bars.columns) - set(bars.columns)
    if missing and mine is None:
        raise LessThanKept(
            source.name,
            f"has no {' or '.join(sorted(missing))} of {wanted.symbol}, which is kept; nothing was replaced",
            hint=_begin_anew(wanted, mine),
        )


def _begin_anew(wanted: Wanted, mine: Held | None) -> str:
    other = ", or name the --source that is to replace it" if mine is None else ""
    return f"To begin anew, delete {file_of(wanted.folder, wanted.symbol)} first{other}."
