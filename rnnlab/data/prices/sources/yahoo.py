"""Yahoo's chart service: no key, unofficial, most of the world's markets.

A day is the exchange's local day at the opening of the session. ``close`` is adjusted for splits,
``adjclose`` for splits and dividends.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from urllib.parse import quote
from zoneinfo import ZoneInfo

import numpy as np

from rnnlab.data.prices.bars import Bars, with_close, without_zeros
from rnnlab.data.prices.sources.answers import (
    a_dict,
    a_list,
    check_adjusted,
    check_symbol_of,
    finished,
    floats,
    from_json,
    text_or_none,
)
from rnnlab.data.prices.sources.client import BROWSER, Answer, Request
from rnnlab.data.prices.sources.failures import (
    Blocked,
    NoData,
    NoSuchSymbol,
    RateLimited,
    Unexpected,
    Unreachable,
    first_line,
)
from rnnlab.data.prices.sources.source import PriceSource, Query

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_DAY = (date(1900, 1, 1) - _EPOCH.date()).days
_INDICES = {"^NDQ": "^IXIC"}


def spelling(symbol: str) -> str:
    """Yahoo's name of a symbol: ``BRK.B`` is ``BRK-B``, ``AAPL.US`` is ``AAPL``."""
    if symbol.endswith((".A", ".B")):
        return f"{symbol[:-2]}-{symbol[-1]}"
    return _INDICES.get(symbol, symbol.removesuffix(".US"))


def requests(query: Query, key: str | None) -> list[Request]:
    """Bars of whole days from ``start`` to ``end``, adjusted closes included; Yahoo needs no key.

    A session east of Greenwich may open on the day before in UTC: it is asked for from there on.
    """
    first = (query.start - _EPOCH.date()).days - 1 if query.start else _FIRST_DAY
    return [
        Request(
            f"/v8/finance/chart/{quote(spelling(query.symbol), safe='=')}",
            {
                "period1": str(first * 86400),
                "period2": str(((query.end - _EPOCH.date()).days + 1) * 86400),
                "interval": "1d",
                "events": "div,split",
            },
            {"User-Agent": BROWSER, "Accept": "application/json"},
        )
    ]


def parse(answer: Answer, query: Query) -> Bars:
    """Bars out of an answer, or the reason why there are none.

    Raises
    ------
    SourceError
        Of the class that fits the answer.
    """
    _refuse_text(answer)
    chart = a_dict(a_dict(from_json("yahoo", answer)).get("chart"))
    if chart.get("error"):
        raise _from_error(a_dict(chart["error"]), query, answer)
    results = a_list(chart.get("result"))
    if not results:
        raise Unexpected("yahoo", "a chart without result", answer.text)
    result = a_dict(results[0])
    meta = a_dict(result.get("meta"))
    check_symbol_of("yahoo", meta.get("symbol"), spelling(query.symbol))
    stamps = a_list(result.get("timestamp"))
    if not stamps:
        if meta.get("currency") is None:
            raise NoSuchSymbol("yahoo", f"knows no symbol {query.symbol!r}")
        raise NoData("yahoo", f"has no day of {query.symbol} {query.window}")
    return finished("yahoo", _bars(result, meta, stamps, query, answer), query)


def _refuse_text(answer: Answer) -> None:
    start = answer.text[:2000].lower()
    if "will be right back" in start:
        raise Unreachable("yahoo", "is closed for maintenance (its page says that it will be right back)")
    if start.startswith("too many requests"):
        raise RateLimited("yahoo", "says that there were too many requests")
    if answer.status in (401, 403):
        raise Blocked(
            "yahoo",
            f"refuses to talk to programs today (status {answer.status})",
            hint="Name another --source, or import a file with --from-file.",
        )


def _from_error(error: dict, query: Query, answer: Answer) -> Exception:
    code, description = str(error.get("code")), str(error.get("description"))
    if "doesn't exist for startDate" in description:
        return NoData("yahoo", f"has no day of {query.symbol} {query.window}")
    if code == "Not Found" or answer.status == 404:
        return NoSuchSymbol("yahoo", f"knows no symbol {query.symbol!r}")
    return Unexpected("yahoo", f"an error of status {answer.status}", f"{code}: {description}")


def _bars(result: dict, meta: dict, stamps: list, query: Query, answer: Answer) -> Bars:
    indicators = a_dict(result.get("indicators"))
    quote_lists = a_dict((a_list(indicators.get("quote")) or [{}])[0])
    adjusted = a_dict((a_list(indicators.get("adjclose")) or [{}])[0]).get("adjclose")
    rows = len(stamps)
    columns = {
        name: floats("yahoo", quote_lists.get(name), rows) for name in ("close", "open", "high", "low", "volume")
    }
    if adjusted is not None:
        columns["adj_close"] = floats("yahoo", adjusted, rows)
    elif query.adjustment == "total":
        raise Unexpected("yahoo", "no closes adjusted for dividends", answer.text)
    zone, notes = _zone(meta)
    bars = with_close(Bars(_days(stamps, zone), columns, text_or_none(meta.get("currency")), notes))
    bars = bars.between(query.start, query.end)
    if bars.rows > 1 and bars.dates[-1] == bars.dates[-2]:  # today's quote behind today's bar
        bars = bars.where(np.arange(bars.rows - 1))
    if not bars.rows:
        raise NoData("yahoo", f"has no day of {query.symbol} {query.window}")
    return _adjusted_for_dividends(bars) if query.adjustment == "total" else bars


def _adjusted_for_dividends(bars: Bars) -> Bars:
    """Open, high and low scaled as the close is, so that a file never mixes two adjustments."""
    bars = without_zeros(bars)
    adjusted = bars.columns["adj_close"]
    check_adjusted("yahoo", bars, adjusted)
    with np.errstate(all="ignore"):  # what is not finite is left out with all else that is not
        factor = adjusted / bars.close
        columns = {name: bars.columns[name] * factor for name in ("open", "high", "low")}
    columns |= {"close": adjusted, "volume": bars.columns["volume"]}
    return with_close(replace(bars, columns=columns))


def _days(stamps: list, zone: tzinfo) -> np.ndarray:
    try:
        days = [(_EPOCH + timedelta(seconds=stamp)).astimezone(zone).date() for stamp in stamps]
    except (TypeError, OverflowError, ValueError):
        raise Unexpected("yahoo", "timestamps that are no times") from None
    return np.array(days, dtype="datetime64[D]")


def _zone(meta: dict) -> tuple[tzinfo, tuple[str, ...]]:
    """The exchange's time zone, and a note where it had to be taken from today's offset."""
    name = str(meta.get("exchangeTimezoneName"))
    try:
        return ZoneInfo(name), ()
    except (ValueError, OSError, KeyError):  # unknown name, or no time zone data on this machine
        pass
    shown, offset = first_line(name, 40), meta.get("gmtoffset")
    if isinstance(offset, bool) or not isinstance(offset, int) or abs(offset) >= 86400:
        raise Unexpected("yahoo", f"no time zone that tells the days: its name is {shown!r}, its offset is none")
    zone = timezone(timedelta(seconds=offset))
    return zone, (f"the time zone {shown!r} is not known here; all days are those of {zone}",)


SOURCE = PriceSource(
    name="yahoo",
    hosts=("https://query1.finance.yahoo.com", "https://query2.finance.yahoo.com"),
    adjustments=("split", "total"),
    requests=requests,
    parse=parse,
)
