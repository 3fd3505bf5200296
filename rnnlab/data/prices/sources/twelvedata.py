"""Twelve Data: many countries, currencies and crypto, with a key; adjusted for splits, 5000 days at once."""

import re

from rnnlab.data.prices.bars import Bars, with_close
from rnnlab.data.prices.sources.answers import (
    a_dict,
    a_list,
    check_symbol_of,
    finished,
    from_json,
    lists_of,
    text_or_none,
)
from rnnlab.data.prices.sources.client import Answer, Request
from rnnlab.data.prices.sources.failures import (
    KeyRequired,
    NoData,
    NoSuchSymbol,
    RateLimited,
    SourceError,
    Unexpected,
)
from rnnlab.data.prices.sources.source import PriceSource, Query
from rnnlab.data.reading.numbers import parse_numbers
from rnnlab.data.reading.times import parse_days
from rnnlab.errors import DataError

ROWS = 5000
ADDRESS = "https://twelvedata.com/account/api-keys"


def spelling(symbol: str) -> str:
    """Twelve Data's name of a symbol: ``EURUSD=X`` is ``EUR/USD``, ``BTC-USD`` is ``BTC/USD``."""
    currencies = re.fullmatch(r"([A-Z]{3})([A-Z]{3})=X|([A-Z]{3,5})-([A-Z]{3})", symbol)
    if currencies:
        return "/".join(part for part in currencies.groups() if part)
    return symbol.removesuffix(".US").lstrip("^").replace("-", ".")


def requests(query: Query, key: str | None) -> list[Request]:
    """Rows from ``start`` to ``end``; the key travels in the query, as Twelve Data wants it."""
    if key is None:
        raise _key_required("wants a key")
    parameters = {
        "symbol": spelling(query.symbol),
        "interval": "1day",
        "outputsize": str(ROWS),
        "end_date": str(query.end),
    }
    if query.start is not None:
        parameters["start_date"] = str(query.start)
    return [Request("/time_series", parameters, {"Accept": "application/json"}, key)]


def parse(answer: Answer, query: Query) -> Bars:
    """Bars out of an answer, or the reason why there are none; errors often come with status 200.

    Raises
    ------
    SourceError
        Of the class that fits the answer.
    """
    content = a_dict(from_json("twelvedata", answer))
    if content.get("status") == "error" or answer.status != 200:
        raise _from_error(content.get("code", answer.status), str(content.get("message", "")), query)
    check_symbol_of("twelvedata", a_dict(content.get("meta")).get("symbol"), spelling(query.symbol))
    rows = content.get("values")
    if not isinstance(rows, list):
        raise Unexpected("twelvedata", "no list of values", answer.text)
    if not rows:
        raise NoData("twelvedata", f"has no day of {query.symbol} {query.window}")
    return finished("twelvedata", _bars(a_list(rows), a_dict(content.get("meta")), answer), query)


def _from_error(code: object, message: str, query: Query) -> SourceError:
    if code == 401:
        return _key_required("refuses the key")
    if code == 403:
        return _key_required("does not give this symbol to this key")
    if code == 429:
        return RateLimited("twelvedata", "says that the key has used up its requests", _wait(message))
    if code == 400 and "no data" in message.lower():
        return NoData("twelvedata", f"has no day of {query.symbol} {query.window}")
    if code == 404 or (code == 400 and "symbol" in message.lower()):
        return NoSuchSymbol("twelvedata", f"knows no symbol {query.symbol!r}")
    return Unexpected("twelvedata", f"an error of code {str(code)[:12]!r}", message)


def _wait(message: str) -> float | None:
    """Requests are counted by the minute and by the day; the message says which."""
    return 60.0 if "minute" in message else 24 * 3600.0 if "day" in message else None


def _bars(rows: list, meta: dict, answer: Answer) -> Bars:
    lists = lists_of(rows, ("datetime", "close", "open", "high", "low", "volume"))
    texts = {name: ["" if cell is None else str(cell) for cell in cells] for name, cells in lists.items()}
    places = range(1, len(rows) + 1)
    try:
        dates = parse_days(texts.pop("datetime"), places, "row")
        columns = {name: parse_numbers(cells, places, "row", name, missing=True) for name, cells in texts.items()}
    except DataError as problem:
        raise Unexpected("twelvedata", problem.message.rstrip("."), answer.text) from None
    notes = (f"twelvedata gives at most {ROWS} days at once; earlier ones are missing",) if len(rows) >= ROWS else ()
    return with_close(Bars(dates, columns, text_or_none(meta.get("currency")), notes))


def _key_required(reason: str) -> KeyRequired:
    return KeyRequired("twelvedata", reason, hint=f"Get a key at {ADDRESS}, then set TWELVEDATA_API_KEY.")


SOURCE = PriceSource(
    name="twelvedata",
    hosts=("https://api.twelvedata.com",),
    adjustments=("split",),
    requests=requests,
    parse=parse,
    key_variables=("TWELVEDATA_API_KEY",),
    key_address=ADDRESS,
)
