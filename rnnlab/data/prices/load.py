"""The prices of a symbol as a series: what the price folder keeps, else the bundled snapshot."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np

from rnnlab.data.prices.bars import from_csv
from rnnlab.data.prices.checks import remarks
from rnnlab.data.prices.kept import at_hand, by_hand
from rnnlab.data.prices.snapshots import SYMBOLS as SNAPSHOTS
from rnnlab.data.prices.snapshots import load_snapshot
from rnnlab.data.prices.store import Kept, data_folder, read_kept
from rnnlab.data.prices.symbols import check_symbol
from rnnlab.data.reading.cells import content_hash, shown
from rnnlab.data.series import Series
from rnnlab.errors import DataError
from rnnlab.files import name_of
from rnnlab.suggestions import did_you_mean


def load_prices(
    symbol: str,
    column: str = "close",
    data_dir: Path | None = None,
    start: date | str | None = None,
    end: date | str | None = None,
    beside: Sequence[str] = (),
) -> Series:
    """The prices of a symbol: those in the price folder if there are any, else the bundled snapshot.

    Parameters
    ----------
    symbol : str
        Upper or lower case.
    column : str
        ``close``, or whatever else the stored file has: ``open``, ``high``, ``low``, ``volume``,
        ``adj_close``.
    data_dir : Path, optional
        The price folder where ``RNNLAB_DATA`` names none; ``data`` in the working folder if left out.
    start, end : date or ISO text, optional
        First and last day to use, both included.
    beside : sequence of str
        Further columns to read.

    Returns
    -------
    Series
        Strictly increasing days, finite values.

    Raises
    ------
    DataError
        No prices of that symbol (it lists what there is, near names first), no such column, no rows between
        ``start`` and ``end``, or a damaged file.
    """
    symbol, folder = check_symbol(symbol), data_folder(data_dir)
    kept = read_kept(folder, symbol)
    if kept is None and symbol not in SNAPSHOTS:
        raise DataError(f"No prices of {symbol} are kept{_what_there_is(symbol, folder)}.", hint=_get(symbol))
    if kept is not None:
        return between(_from_folder(kept, column, beside), start, end)
    lacking = [name for name in (column, *beside) if name != "close"]
    if lacking:
        raise DataError(
            f"The bundled snapshot of {symbol} has no column {shown(lacking[0])}; it has close.",
            hint=_get(symbol),
        )
    return between(load_snapshot(symbol), start, end)


def _from_folder(kept: Kept, column: str, beside: Sequence[str]) -> Series:
    origin = kept.origin or {}
    label = name_of(kept.path)
    names = list(dict.fromkeys([column, *beside]))
    bars = by_hand(kept, names) if kept.origin is None else from_csv(kept.content, label)
    for name in names:
        if name not in bars.columns:
            guess = did_you_mean(name, tuple(bars.columns), cutoff=0.6, shown=repr)
            listed = ", ".join(bars.columns)
            raise DataError(f"{label}: no column {shown(name)}{guess or ';'} the columns are {listed}.")
    values = bars.columns[column]
    remarkable = column != "volume" and not np.isnan(values).any()
    return Series(
        bars.dates,
        {name: bars.columns[name] for name in names},
        kept.symbol,
        origin.get("source") or f"file {kept.path.name} of unknown origin",
        content_hash(kept.content),
        column,
        path=kept.path,
        currency=origin.get("currency"),
        adjustment=origin.get("adjustment"),
        notes=(
            *bars.notes,
            *(remarks(bars.dates, values) if remarkable else ()),
        ),
    )


def between(series: Series, start: date | str | None, end: date | str | None) -> Series:
    """The rows from the day `start` to the day `end`, both included; DataError where there are none, or no days."""
    if start is None and end is None:
        return series
    if not np.issubdtype(series.stamps.dtype, np.datetime64):
        raise DataError(f"{series.name}: its rows are numbered, and have no days to start or end at.")
    days = series.stamps.astype("datetime64[D]")
    lower = days[0] if start is None else _day(start, "start")
    upper = days[-1] if end is None else _day(end, "end")
    keep = (days >= lower) & (days <= upper)
    if not keep.any():
        asked = [f"from {lower}"] * (start is not None) + [f"to {upper}"] * (end is not None)
        raise DataError(
            f"{series.name}: no days {' '.join(asked)}; the {series.source} runs from {series.first} to {series.last}."
        )
    return series.where(keep)


def _day(day: date | str, name: str) -> np.datetime64:
    try:
        return np.datetime64(day if isinstance(day, date) else date.fromisoformat(day), "D")
    except ValueError:
        raise DataError(f"The {name!r} must be a day such as 2019-01-02; got {shown(str(day))}.") from None


def _what_there_is(symbol: str, folder: Path) -> str:
    names = at_hand(symbol, folder)
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return f" in {name_of(folder)} or bundled; there is {', '.join(names[:10])}{more}"


def _get(symbol: str) -> str:
    return f"`rnnlab fetch {symbol}` gets them; `rnnlab fetch {symbol} --from-file FILE` imports a CSV file."
