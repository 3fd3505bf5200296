"""Nasdaq's quote service: no key, shares and funds listed in the US, adjusted for splits, about ten years."""

import re
from urllib.parse import quote

from rnnlab.data.prices.bars import Bars, with_close
from rnnlab.data.prices.sources.answers import a_dict, a_list, check_symbol_of, finished, from_json, lists_of
from rnnlab.data.prices.sources.client import BROWSER, Answer, Request
from rnnlab.data.prices.sources.failures import Blocked, NoData, NoSuchSymbol, NotOffered, Unexpected
from rnnlab.data.prices.sources.source import PriceSource, Query
from rnnlab.data.reading.numbers import parse_numbers
from rnnlab.data.reading.times import parse_days
from rnnlab.errors import DataError

ROWS = 9999  # the most it gives at once
_US = re.compile(r"[A-Z0-9]+(?:[.-][A-Z])?", re.ASCII)
_UNKNOWN_SYMBOL = 1001


def spelling(symbol: str) -> str:
    """Nasdaq's name of a symbol: ``BRK-B`` is ``BRK.B``."""
    return symbol.removesuffix(".US").replace("-", ".")


def requests(query: Query, key: str | None) -> list[Request]:
    """Rows from ``start`` to ``end``, among shares first, then among funds; Nasdaq needs no key."""
    if not _US.fullmatch(query.symbol.removesuffix(".US")):
        raise NotOffered("nasdaq", f"has shares and funds listed in the US only, not {query.symbol}")
    path = f"/api/quote/{quote(spelling(query.symbol), safe='')}/historical"
    window = {"fromdate": str(query.start or "1970-01-01"), "todate": str(query.end), "limit": str(ROWS)}
    headers = {"User-Agent": BROWSER, "Accept": "application/json, text/plain, */*"}
    return [Request(path, {"assetclass": kind, **window}, headers) for kind in ("stocks", "etf")]


def parse(answer: Answer, query: Query) -> Bars:
    """Bars out of an answer, or the reason why there are none.

    Raises
    ------
    SourceError
        Of the class that fits the answer.
    """
    if answer.status in (401, 403):
        raise Blocked(
            "nasdaq",
            f"refuses to talk to programs today (status {answer.status})",
            hint="Name another --source, or import a file with --from-file.",
        )
    content = a_dict(from_json("nasdaq", answer))
    status = a_dict(content.get("status"))
    _refuse_status(status, answer, query)
    data = a_dict(content.get("data"))
    table = data.get("tradesTable")
    if not data or (not isinstance(table, dict) and data.get("totalRecords") != 0):
        raise Unexpected("nasdaq", "no table of trades", answer.text)
    check_symbol_of("nasdaq", data.get("symbol"), spelling(query.symbol))
    rows = a_list(a_dict(table).get("rows"))
    if not rows:
        raise NoData("nasdaq", f"has no day of {query.symbol} {query.window}")
    return finished("nasdaq", _bars(rows, answer), query)


def _refuse_status(status: dict, answer: Answer, query: Query) -> None:
    if status.get("rCode") == 200:
        return
    reasons = [a_dict(reason) for reason in a_list(status.get("bCodeMessage"))]
    if any(reason.get("code") == _UNKNOWN_SYMBOL for reason in reasons):
        raise NoSuchSymbol("nasdaq", f"knows no symbol {query.symbol!r}")
    said = str(reasons[0].get("errorMessage")) if reasons else answer.text
    raise Unexpected("nasdaq", f"its status is {str(status.get('rCode'))[:12]!r} where 200 is right", said)


def _bars(rows: list, answer: Answer) -> Bars:
    texts = lists_of(rows, ("date", "close", "open", "high", "low", "volume"))
    places = range(1, len(rows) + 1)
    try:
        dates = parse_days(_texts(texts.pop("date")), places, "row", "%m/%d/%Y")
        columns = {
            name: parse_numbers(_texts(cells), places, "row", name, missing=True) for name, cells in texts.items()
        }
    except DataError as problem:
        raise Unexpected("nasdaq", problem.message.rstrip("."), answer.text) from None
    notes = (f"nasdaq gives at most {ROWS} days at once; earlier ones are missing",) if len(rows) >= ROWS else ()
    return with_close(Bars(dates, columns, "USD", notes))


def _texts(cells: list) -> list[str]:
    return ["" if cell is None else str(cell).strip() for cell in cells]


SOURCE = PriceSource(
    name="nasdaq", hosts=("https://api.nasdaq.com",), adjustments=("split",), requests=requests, parse=parse
)
