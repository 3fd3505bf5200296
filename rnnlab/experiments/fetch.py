"""Fetch prices into the price folder, import them from a file, list what is kept."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from rnnlab.data.prices.auto import update_from_any
from rnnlab.data.prices.imports import bars_from
from rnnlab.data.prices.kept import at_hand, check_own, held
from rnnlab.data.prices.sources import SOURCES
from rnnlab.data.prices.sources.client import Client
from rnnlab.data.prices.sources.failures import NoSuchSymbol, SourceError
from rnnlab.data.prices.sources.source import ADJUSTMENTS
from rnnlab.data.prices.symbols import check_symbol
from rnnlab.data.prices.update import Fetched, Wanted, keep, update
from rnnlab.data.prices.writing import locked
from rnnlab.data.reading.cells import shown
from rnnlab.data.reading.reader import read_text_table
from rnnlab.errors import DataError, UsageError
from rnnlab.experiments.prices import price_folder
from rnnlab.files import name_of, user_path

__all__ = ["Fetched", "fetch", "import_prices"]


def fetch(
    symbol: str,
    *,
    source: str = "auto",
    start: date | None = None,
    end: date | None = None,
    adjust: str | None = None,
    api_key: str | None = None,
    data_dir: Path | None = None,
    on_ask: Callable[[str], None] = lambda _source: None,
    on_skip: Callable[[SourceError], None] = lambda _failure: None,
    client: Client | None = None,
    now: datetime | None = None,
) -> Fetched:
    """Get a symbol's daily prices into the price folder; only the days that are new where that is possible.

    Parameters
    ----------
    symbol : str
    source : str
        A name, or ``auto``: the source of what is kept, then the others in order.
    start, end : date, optional
        First and last day. Left out: the first as kept before, else all there are; the last is yesterday
        (UTC), so that no unfinished day is kept.
    adjust : {"split", "total", "raw"}, optional
        Left out: as kept before, else the source's own default.
    api_key : str, optional
        Goes before the source's environment variable; needs ``source`` to be named.
    data_dir : Path, optional
        The price folder; left out, ``RNNLAB_DATA``, else ``data`` in the working folder.
    on_ask : callable
        Called with the name of each source before it is asked.
    on_skip : callable
        Called with each source's failure as ``auto`` goes on to the next.
    client : Client, optional
        Limits of time and size.
    now : datetime, optional
        The time in UTC, where it is not to be the clock's.

    Returns
    -------
    Fetched

    Raises
    ------
    UsageError
        Unknown source or adjustment, a window that ends before it begins, a key for no source in particular.
    DataError
        What is no symbol, or a folder that cannot be written.
    FetchError
        No prices; of the class of the failure where one source was named.
    """
    symbol, now = check_symbol(symbol), now or datetime.now(UTC)
    _check(source, start, end, adjust, api_key)
    folder = price_folder(data_dir)
    last = end or now.date() - timedelta(days=1)
    wanted = Wanted(symbol, start, last, adjust, api_key, source == "auto", folder, now)
    client = client or Client()
    try:
        with locked(folder, symbol):
            check_own(folder, symbol)
            if source == "auto":
                return update_from_any(client, wanted, held(folder, symbol), on_ask, on_skip)
            on_ask(source)
            return update(SOURCES[source], client, wanted, held(folder, symbol))
    except NoSuchSymbol as failure:
        failure.hint = (
            f"At hand: {', '.join(at_hand(symbol, folder)[:8])}. Other markets are written like VOD.L, ^GSPC,"
            " EURUSD=X, BTC-USD."
        )
        raise


def import_prices(
    symbol: str,
    file: Path,
    *,
    column: str | None = None,
    date_format: str | None = None,
    decimal: str | None = None,
    start: date | None = None,
    end: date | None = None,
    adjust: str | None = None,
    data_dir: Path | None = None,
    now: datetime | None = None,
) -> Fetched:
    """Keep the prices of a file that somebody downloaded by hand; they replace what was kept.

    Parameters
    ----------
    symbol : str
        What to call them.
    file : Path
    column, date_format, decimal : str, optional
        See :func:`rnnlab.data.prices.imports.bars_from`.
    start, end : date, optional
        First and last day to keep.
    adjust : {"split", "total", "raw"}, optional
        How the prices are adjusted; left out, what the file's format tells, else unknown.
    data_dir, now
        As for :func:`fetch`.

    Returns
    -------
    Fetched

    Raises
    ------
    UsageError
        As for :func:`fetch`.
    DataError
        The file cannot be read, or leaves a question open.
    """
    symbol, now = check_symbol(symbol), now or datetime.now(UTC)
    _check("auto", start, end, adjust, None)
    file = user_path(file)
    table = read_text_table(file)
    found = bars_from(table, date_format, decimal, column)
    bars = found.bars.between(start, end)
    if found.symbol and found.symbol.upper() != symbol:
        bars = replace(bars, notes=(f"the file calls its symbol {shown(found.symbol)}", *bars.notes))
    if not bars.rows:
        raise DataError(
            f"{name_of(file)}: has no day from --start to --end; it runs from {found.bars.first} to {found.bars.last}."
        )
    origin = {
        "symbol": symbol,
        "source": f"file {''.join(filter(str.isprintable, file.name))}",
        "address": None,
        "adjustment": adjust or found.adjustment,
        "format": found.site,
        "understood": found.understood,
        "file_sha256": table.sha256,
    }
    folder = price_folder(data_dir)
    with locked(folder, symbol):
        check_own(folder, symbol, imported=file)
        return keep(folder, origin, bars, held(folder, symbol), now)


def _check(source: str, start: date | None, end: date | None, adjust: str | None, api_key: str | None) -> None:
    if source != "auto" and source not in SOURCES:
        raise UsageError(f"--source must be auto or one of {', '.join(SOURCES)}; got {source!r}.")
    if adjust is not None and adjust not in ADJUSTMENTS:
        raise UsageError(f"--adjust must be one of {', '.join(ADJUSTMENTS)}; got {adjust!r}.")
    if start and end and start > end:
        raise UsageError(f"--start must not be after --end; got {start} and {end}.")
    if api_key and source == "auto":
        raise UsageError("--api-key needs the --source it is for.", hint="Example: --source tiingo --api-key KEY")
