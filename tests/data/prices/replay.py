"""A server on loopback that plays the price sources, their successes and their failures, over real HTTP."""

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

PLACES = {
    "/v8/finance/chart/": "yahoo",
    "/api/quote/": "nasdaq",
    "/q/d/l/": "stooq",
    "/tiingo/daily/": "tiingo",
    "/time_series": "twelvedata",
}
KEYS = ("STOOQ_APIKEY", "STOOQ_API_KEY", "TIINGO_API_KEY", "TWELVEDATA_API_KEY")


@dataclass(frozen=True)
class Asked:
    """A request as it arrived."""

    source: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Reply:
    """What to answer, and how badly."""

    body: str | bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    wait: float = 0.0  # before the first byte
    drip: float = 0.0  # between two bytes
    is_cut: bool = False  # fewer bytes than announced
    is_reset: bool = False  # no answer: the connection is reset

    @property
    def content(self) -> bytes:
        return self.body.encode() if isinstance(self.body, str) else self.body


Scene = Reply | Callable[[Asked], Reply]


class Replay:
    """The server; ``scenes`` says what each source answers, ``asked`` what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.scenes: dict[str, Scene] = {}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        self.server.block_on_close = False
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def environment(self) -> dict[str, str]:
        """Variables that send every source here, and no proxy in between."""
        names = sorted(set(PLACES.values()))
        return {f"RNNLAB_{name.upper()}_URL": self.address for name in names} | {"NO_PROXY": "127.0.0.1"}

    def sources(self) -> list[str]:
        return [asked.source for asked in self.asked]


def _handler(replay: Replay) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            source = next((name for place, name in PLACES.items() if parts.path.startswith(place)), "?")
            query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
            asked = Asked(source, unquote(parts.path), query, {k.lower(): v for k, v in self.headers.items()})
            replay.asked.append(asked)
            scene = replay.scenes.get(source, Reply("nobody plays this source", 500, {"Retry-After": "0"}))
            reply = scene if isinstance(scene, Reply) else scene(asked)
            try:
                self._send(reply)
            except OSError:  # the client gave up
                self.close_connection = True

        def _send(self, reply: Reply) -> None:
            if reply.is_reset:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                return
            time.sleep(reply.wait)
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.content) + (1000 if reply.is_cut else 0)))
            self.send_header("Connection", "close")
            self.end_headers()
            if not reply.drip:
                self.wfile.write(reply.content)
                return
            for byte in reply.content:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(reply.drip)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


@dataclass(frozen=True)
class History:
    """A made-up symbol with a price for every weekday, served in each source's own format."""

    first: date = date(2024, 1, 1)
    last: date = date(2024, 3, 29)
    scale: float = 1.0  # what later splits divide the past by
    adjusted: float = 0.9  # adjusted close over close

    def rows(self, start: str | None = None, end: str | None = None) -> list[tuple[date, float]]:
        """Days and closes in a window, both ends included."""
        days = (self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1))
        weekdays = [day for day in days if day.weekday() < 5]
        closes = [round(100 + (day - self.first).days / 8, 4) * self.scale for day in weekdays]
        chosen = zip(weekdays, closes, strict=True)
        return [(d, c) for d, c in chosen if (start or "0") <= d.isoformat() <= (end or "9")]

    def yahoo(self, asked: Asked) -> Reply:
        if "Mozilla" not in asked.headers.get("user-agent", ""):
            return Reply("Too Many Requests\r\n", 429)
        start, end = (
            (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(asked.query[f"period{n}"]))).date().isoformat()
            for n in (1, 2)
        )
        rows = [(day, close) for day, close in self.rows(start, end) if day.isoformat() < end]
        return Reply(yahoo_body(rows, self.adjusted, asked.path.rpartition("/")[2]))

    def nasdaq(self, asked: Asked) -> Reply:
        rows = self.rows(asked.query["fromdate"], asked.query["todate"])
        return Reply(nasdaq_body(rows, asked.path.split("/")[3]))

    def stooq(self, asked: Asked) -> Reply:
        start, end = (_dashed(asked.query.get(name)) for name in ("d1", "d2"))
        return Reply(stooq_body(self.rows(start, end)))

    def tiingo(self, asked: Asked) -> Reply:
        rows = self.rows(asked.query["startDate"], asked.query["endDate"])
        return Reply(tiingo_body(rows, self.adjusted))

    def twelvedata(self, asked: Asked) -> Reply:
        rows = self.rows(asked.query.get("start_date"), asked.query["end_date"])
        return Reply(twelvedata_body(rows, asked.query["symbol"]))


def yahoo_body(rows: list[tuple[date, float]], adjusted: float = 1.0, symbol: str = "AAPL") -> str:
    opens = [int(datetime(d.year, d.month, d.day, 14, 30, tzinfo=UTC).timestamp()) for d, _ in rows]
    closes = [close for _, close in rows]
    result = {
        "meta": {"symbol": symbol, "currency": "USD", "gmtoffset": -18000, "exchangeTimezoneName": "America/New_York"},
        "timestamp": opens,
        "indicators": {
            "quote": [
                {
                    "open": closes,
                    "high": [c + 1 for c in closes],
                    "low": [c - 1 for c in closes],
                    "close": closes,
                    "volume": [1000 for _ in closes],
                }
            ],
            "adjclose": [{"adjclose": [c * adjusted for c in closes]}],
        },
    }
    return json.dumps({"chart": {"result": [result], "error": None}})


def nasdaq_body(rows: list[tuple[date, float]], symbol: str = "AAPL") -> str:
    cells = [
        {
            "date": f"{d:%m/%d/%Y}",
            "close": f"${c:,.4f}",
            "volume": "58,414,460",
            "open": f"${c:,.4f}",
            "high": f"${c + 1:,.4f}",
            "low": "N/A",
        }
        for d, c in reversed(rows)
    ]
    data = {
        "symbol": symbol,
        "totalRecords": len(rows),
        "tradesTable": {"asOf": None, "headers": {}, "rows": cells or None},
    }
    return json.dumps({"data": data, "message": None, "status": {"rCode": 200, "bCodeMessage": None}})


def stooq_body(rows: list[tuple[date, float]]) -> str:
    lines = [f"{d},{c},{c + 1},{c - 1},{c},1000" for d, c in rows]
    return "\r\n".join(["Date,Open,High,Low,Close,Volume", *lines, ""])


def tiingo_body(
    rows: list[tuple[date, float]], adjusted: float = 1.0, splits: Mapping[date, float] | None = None
) -> str:
    return json.dumps(
        [
            {
                "date": f"{d}T00:00:00+00:00",
                "close": c,
                "open": c,
                "high": c + 1,
                "low": c - 1,
                "volume": 1000,
                **{f"adj{n}": c * adjusted for n in ("Close", "Open", "High", "Low")},
                "splitFactor": (splits or {}).get(d, 1.0),
                "divCash": 0.0,
            }
            for d, c in rows
        ]
    )


def twelvedata_body(rows: list[tuple[date, float]], symbol: str = "AAPL") -> str:
    values = [
        {
            "datetime": f"{d}",
            "open": f"{c:.5f}",
            "high": f"{c + 1:.5f}",
            "low": f"{c - 1:.5f}",
            "close": f"{c:.5f}",
        }
        for d, c in reversed(rows)
    ]
    return json.dumps({"meta": {"symbol": symbol, "currency": "USD"}, "values": values, "status": "ok"})


def _dashed(text: str | None) -> str | None:
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if text else None
