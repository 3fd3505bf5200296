"""Stooq: markets of many countries, indices, currencies; a key is needed since 2026. For personal use.

Its prices are adjusted for splits and dividends as of today, or raw.
"""

import re

from rnnlab.data.prices.bars import Bars
from rnnlab.data.prices.imports import bars_from
from rnnlab.data.prices.sources.answers import finished
from rnnlab.data.prices.sources.client import Answer, Request
from rnnlab.data.prices.sources.failures import (
    Blocked,
    KeyRequired,
    NoData,
    NoSuchSymbol,
    RateLimited,
    Unexpected,
)
from rnnlab.data.prices.sources.source import PriceSource, Query
from rnnlab.data.reading.layout import parse_text_table
from rnnlab.errors import DataError

_INDICES = {"^GSPC": "^spx", "^IXIC": "^ndq"}
_MARKETS = {".L": ".uk", ".T": ".jp", ".BD": ".hu", ".WA": "", ".PL": ""}  # Warsaw has no ending
_ANTI_BOT = ("requires javascript to verify your browser", "__verify", "crypto.subtle.digest")
_RAW = "1111111"  # skip every kind of adjustment


def spelling(symbol: str) -> str:
    """Stooq's name of a symbol: ``aapl.us``, ``brk-b.us``, ``^spx``, ``eurusd``, ``btcusd``, ``vod.uk``."""
    if symbol.startswith("^"):
        return _INDICES.get(symbol, symbol.lower())
    if symbol.endswith("=X"):
        return symbol.removesuffix("=X").lower()
    if re.fullmatch(r"[A-Z]{3,5}-[A-Z]{3}", symbol):
        return symbol.replace("-", "").lower()
    for ending, market in _MARKETS.items():
        if symbol.endswith(ending):
            return symbol.removesuffix(ending).lower() + market
    if re.search(r"\.[AB]$", symbol):
        return f"{symbol[:-2]}-{symbol[-1]}.us".lower()
    return symbol.lower() if "." in symbol else f"{symbol.lower()}.us"


def requests(query: Query, key: str | None) -> list[Request]:
    """Rows from ``start`` to ``end``, both included; the key travels in the query, as Stooq wants it.

    Without a key Stooq is asked all the same: it says itself what it wants.
    """
    parameters = {"s": spelling(query.symbol), "d2": f"{query.end:%Y%m%d}", "i": "d"}
    if query.start is not None:
        parameters["d1"] = f"{query.start:%Y%m%d}"
    if query.adjustment == "raw":
        parameters["o"] = _RAW
    return [Request("/q/d/l/", parameters, {"Accept": "text/csv, text/plain, */*"}, key)]


def parse(answer: Answer, query: Query) -> Bars:
    """Bars out of an answer, or the reason why there are none; errors come with status 200.

    Raises
    ------
    SourceError
        Of the class that fits the answer.
    """
    text = answer.text.lstrip()
    _refuse_text(text, answer.status, query)
    if not re.match(r"(?:date|data)[,;]", text, re.IGNORECASE):
        raise Unexpected("stooq", "no table of prices", text)
    if not text.partition("\n")[2].strip():
        raise _nothing(query)
    try:
        table = parse_text_table(answer.body.lstrip(), "answer")
        bars = bars_from(table, decimal="point" if table.has_bare_commas else None).bars
    except DataError as problem:
        raise Unexpected("stooq", problem.message.rstrip(".")) from None
    return finished("stooq", bars, query)


def _refuse_text(text: str, status: int, query: Query) -> None:
    start = text[:20_000].lower()
    if start.startswith("get your apikey"):
        raise _key_required(query)
    if any(sign in start for sign in _ANTI_BOT):
        raise Blocked(
            "stooq",
            "shows an anti-bot page that only a browser can pass, and rnnlab does not try to",
            hint=f"Download the file from {_page(query)} in a browser,"
            f" then rnnlab fetch {query.symbol} --from-file FILE.",
        )
    if "daily hits limit" in start:
        raise RateLimited("stooq", "gives no more today: its daily limit of requests is used up", later="tomorrow")
    if "www@stooq.com" in start or start.startswith(("access denied", "odmowa dost")):
        raise Blocked(
            "stooq",
            "denies access from this address",
            hint="Name another --source, or import a file with --from-file.",
        )
    if not start.strip() or start.strip() in ("no data", "n/d", "brak danych"):
        raise _nothing(query)
    if status != 200:
        raise Unexpected("stooq", f"status {status}", text)


def _key_required(query: Query) -> KeyRequired:
    """Stooq's demand for a key, with the address that gives one."""
    return KeyRequired(
        "stooq",
        "wants a key",
        hint=f"Open {_page(query)}&get_apikey in a browser, then set STOOQ_APIKEY.",
    )


def _page(query: Query) -> str:
    return f"https://stooq.com/q/d/?s={spelling(query.symbol)}"


def _nothing(query: Query) -> Exception:
    """Stooq says the same of a symbol it does not know and of an empty window."""
    if query.start is None:
        return NoSuchSymbol("stooq", f"knows no symbol {query.symbol!r}")
    return NoData("stooq", f"has no day of {query.symbol} {query.window}, or does not know the symbol")


SOURCE = PriceSource(
    name="stooq",
    hosts=("https://stooq.com",),
    adjustments=("total", "raw"),
    requests=requests,
    parse=parse,
    key_variables=("STOOQ_APIKEY", "STOOQ_API_KEY"),
    key_address="https://stooq.com/q/d/?s=aapl.us&get_apikey",
)
