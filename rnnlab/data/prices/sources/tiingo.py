"""Tiingo: shares and funds listed in the US, with a key; raw, or adjusted for splits and dividends.

Prices adjusted for splits are worked out here: raw prices over the product of later split factors.
"""

from dataclasses import replace
from urllib.parse import quote

import numpy as np

from rnnlab.data.prices.bars import Bars, ascending, with_close, without_zeros
from rnnlab.data.prices.sources.answers import a_dict, a_list, check_adjusted, finished, floats, from_json, lists_of
from rnnlab.data.prices.sources.client import Answer, Request
from rnnlab.data.prices.sources.failures import (
    KeyRequired,
    NoData,
    NoSuchSymbol,
    NotOffered,
    RateLimited,
    Unexpected,
)
from rnnlab.data.prices.sources.source import PriceSource, Query
from rnnlab.data.reading.times import parse_days
from rnnlab.errors import DataError

ADDRESS = "https://www.tiingo.com/account/api/token"
_PRICES = ("close", "open", "high", "low")


def requests(query: Query, key: str | None) -> list[Request]:
    """Rows from ``start`` to ``end``; the key travels in a header."""
    if query.symbol.startswith("^") or "=" in query.symbol:
        raise NotOffered("tiingo", f"has shares and funds only, not {query.symbol}")
    if key is None:
        raise _key_required("wants a key")
    symbol = query.symbol.removesuffix(".US").replace(".", "-")
    return [
        Request(
            f"/tiingo/daily/{quote(symbol, safe='')}/prices",
            {"startDate": str(query.start or "1900-01-01"), "endDate": str(query.end), "format": "json"},
            {"Authorization": f"Token {key}", "Accept": "application/json"},
        )
    ]


def parse(answer: Answer, query: Query) -> Bars:
    """Bars out of an answer, or the reason why there are none.

    Raises
    ------
    SourceError
        Of the class that fits the answer.
    """
    if answer.text.lstrip().lower().startswith("you have run over"):
        raise RateLimited("tiingo", "says that the key has used up its requests")
    if answer.status in (401, 403):
        raise _key_required(f"refuses the key (status {answer.status})")
    content = from_json("tiingo", answer)
    detail = str(a_dict(content).get("detail", ""))
    if answer.status == 404 or "not found" in detail.lower():
        raise NoSuchSymbol("tiingo", f"knows no symbol {query.symbol!r}")
    if answer.status != 200 or not isinstance(content, list):
        raise Unexpected("tiingo", f"no list of prices (status {answer.status})", detail or answer.text)
    if not content:
        raise NoData("tiingo", f"has no day of {query.symbol} {query.window}")
    return finished("tiingo", _bars(a_list(content), query, answer), query)


def _bars(rows: list, query: Query, answer: Answer) -> Bars:
    names = ("date", *_PRICES, "volume", "adjClose", "adjOpen", "adjHigh", "adjLow", "splitFactor")
    lists = lists_of(rows, names)
    try:
        dates = parse_days([str(text) for text in lists.pop("date")], range(1, len(rows) + 1), "row")
    except DataError as problem:
        raise Unexpected("tiingo", problem.message.rstrip("."), answer.text) from None
    columns = {name: floats("tiingo", values, len(rows)) for name, values in lists.items()}
    bars = without_zeros(with_close(ascending(Bars(dates, columns, "USD"))))
    if query.adjustment == "total":
        check_adjusted("tiingo", bars, bars.columns["adjClose"])
    return with_close(replace(bars, columns=_adjusted(bars.columns, query.adjustment)))


def _adjusted(columns, adjustment: str) -> dict[str, np.ndarray]:
    if adjustment == "raw":
        return {name: columns[name] for name in (*_PRICES, "volume")}
    factor = np.ones(len(columns["close"]))
    splits = np.nan_to_num(columns["splitFactor"], nan=1.0)
    splits = np.where(splits > 0, splits, 1.0)
    with np.errstate(all="ignore"):
        factor[:-1] = np.cumprod(splits[:0:-1])[::-1]
        volume = {"volume": columns["volume"] * factor}
        if adjustment == "total":
            return {name: columns[f"adj{name.capitalize()}"] for name in _PRICES} | volume
        return {name: columns[name] / factor for name in _PRICES} | volume


def _key_required(reason: str) -> KeyRequired:
    return KeyRequired("tiingo", reason, hint=f"Get a key at {ADDRESS}, then set TIINGO_API_KEY.")


SOURCE = PriceSource(
    name="tiingo",
    hosts=("https://api.tiingo.com",),
    adjustments=("split", "total", "raw"),
    requests=requests,
    parse=parse,
    key_variables=("TIINGO_API_KEY",),
    key_address=ADDRESS,
)
