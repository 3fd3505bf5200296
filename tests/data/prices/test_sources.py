"""Every answer a source is known to give, over real HTTP: prices, or the right failure."""

import dataclasses
import gzip
import json
import logging
from datetime import date

import numpy as np
import pytest

from rnnlab.data.prices.sources import SOURCES
from rnnlab.data.prices.sources.client import Request
from rnnlab.data.prices.sources.failures import (
    Blocked,
    KeyRequired,
    NoData,
    NoSuchSymbol,
    NotOffered,
    RateLimited,
    Unexpected,
    Unreachable,
)
from rnnlab.data.prices.sources.source import Query
from rnnlab.errors import DataError
from tests.data.prices.replay import (
    History,
    Reply,
    nasdaq_body,
    stooq_body,
    tiingo_body,
    twelvedata_body,
    yahoo_body,
)

KEY = "s3cr3t-key"
START, END = date(2024, 1, 2), date(2024, 1, 31)
ROWS = [(date(2024, 1, 2), 10.0), (date(2024, 1, 3), 11.0), (date(2024, 1, 4), 10.5)]
FORTNIGHT = [(date(2024, 1, day), 10 + n / 2) for n, day in enumerate((2, 3, 4, 5, 8, 9, 10, 11, 12, 15))]
NOW = {"Retry-After": "0"}


@pytest.fixture
def ask(replay, client):
    def run(source, scene, symbol="AAPL", adjustment=None, start=START, end=END, key=KEY):
        replay.scenes[source] = scene
        found = SOURCES[source]
        query = Query(symbol, start, end, adjustment or found.adjustments[0])
        return found.ask(client, query, key)

    return run


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_gives_the_days_of_the_window_in_order(ask, source):
    history = History()
    bars = ask(source, getattr(history, source))
    expected = history.rows("2024-01-02", "2024-01-31")
    assert bars.dates.tolist() == [day for day, _ in expected]
    np.testing.assert_allclose(bars.close, [close for _, close in expected], rtol=1e-12)


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_is_asked_for_all_there_is_where_no_first_day_is_named(ask, source):
    bars = ask(source, getattr(History(), source), start=None, end=date(2024, 12, 31))
    assert (bars.first, bars.last) == (date(2024, 1, 1), date(2024, 3, 29))


def test_yahoo_is_asked_as_a_browser_for_whole_days(ask, replay):
    ask("yahoo", History().yahoo, symbol="BRK.B")
    (asked,) = replay.asked
    assert asked.path == "/v8/finance/chart/BRK-B"
    assert asked.query == {
        "period1": "1704067200",  # 2024-01-01 00:00 UTC, a day early
        "period2": "1706745600",  # 2024-02-01 00:00 UTC, exclusive
        "interval": "1d",
        "events": "div,split",
    }
    assert "Mozilla/5.0" in asked.headers["user-agent"]


@pytest.mark.parametrize(
    ("symbol", "path"),
    [
        ("^GSPC", "^GSPC"),
        ("EURUSD=X", "EURUSD=X"),
        ("BTC-USD", "BTC-USD"),
        ("VOD.L", "VOD.L"),
        ("AAPL.US", "AAPL"),
    ],
)
def test_yahoo_spells_symbols_its_own_way(ask, replay, symbol, path):
    ask("yahoo", History().yahoo, symbol=symbol)
    assert replay.asked[0].path == f"/v8/finance/chart/{path}"


def test_yahoo_nulls_a_doubled_day_and_a_late_bar_are_dropped(ask):
    body = json.loads(yahoo_body([*ROWS, (date(2024, 1, 4), 10.6), (date(2024, 2, 1), 12.0)]))
    result = body["chart"]["result"][0]
    result["indicators"]["quote"][0]["close"][1] = None
    bars = ask("yahoo", Reply(json.dumps(body)))
    assert bars.dates.astype(str).tolist() == ["2024-01-02", "2024-01-04"]
    assert bars.close.tolist() == [10.0, 10.5]


def test_yahoo_days_are_those_of_the_exchange(ask):
    """Tokyo opens at 09:00, which is 00:00 UTC; Auckland at 10:00, which is 21:00 UTC of the day before."""
    body = json.loads(yahoo_body([(date(2024, 1, 2), 10.0)]))
    result = body["chart"]["result"][0]
    result["meta"]["exchangeTimezoneName"] = "Pacific/Auckland"
    result["timestamp"] = [1704229200]  # 2024-01-02 21:00 UTC
    assert ask("yahoo", Reply(json.dumps(body))).first == date(2024, 1, 3)
    result["meta"].update(exchangeTimezoneName="Nowhere/At_All", gmtoffset=46800)
    bars = ask("yahoo", Reply(json.dumps(body)))
    assert bars.first == date(2024, 1, 3)
    assert bars.notes == ("the time zone 'Nowhere/At_All' is not known here; all days are those of UTC+13:00",)


@pytest.mark.parametrize(
    "name", ["Nowhere/At_All", "", "../../etc/passwd", "America", "x" * 5000, None, 7, "\x00", "\ud800"]
)
@pytest.mark.parametrize("offset", [None, "46800", True, 1e9, 10**30, 86400, [], float("nan")])
def test_yahoo_days_of_no_time_zone_are_not_guessed(ask, name, offset):
    body = json.loads(yahoo_body(ROWS))
    body["chart"]["result"][0]["meta"].update(exchangeTimezoneName=name, gmtoffset=offset)
    with pytest.raises(Unexpected, match="no time zone that tells the days"):
        ask("yahoo", Reply(json.dumps(body)))


def test_yahoo_is_asked_early_enough_for_the_first_session_in_the_east(ask):
    """The session of 3 January in Auckland opens on 2 January at 21:00 UTC."""
    days = {1704142800: 9.0, 1704229200: 10.0, 1704315600: 11.0}

    def auckland(asked):
        stamps = [at for at in days if int(asked.query["period1"]) <= at < int(asked.query["period2"])]
        body = json.loads(yahoo_body([(date(2024, 1, 2), days[at]) for at in stamps], symbol="AIR.NZ"))
        body["chart"]["result"][0]["meta"]["exchangeTimezoneName"] = "Pacific/Auckland"
        body["chart"]["result"][0]["timestamp"] = stamps
        return Reply(json.dumps(body))

    bars = ask("yahoo", auckland, symbol="AIR.NZ", start=date(2024, 1, 3), end=date(2024, 1, 3))
    assert (bars.dates.astype(str).tolist(), bars.close.tolist()) == (["2024-01-03"], [10.0])


def test_yahoo_can_be_asked_for_the_first_day_of_the_calendar(ask):
    assert ask("yahoo", Reply(yahoo_body(ROWS)), start=date.min).rows == 3


def test_yahoo_arrays_of_different_length_are_cut_to_the_days(ask):
    body = json.loads(yahoo_body(ROWS))
    body["chart"]["result"][0]["indicators"]["quote"][0]["close"].append(99.0)
    body["chart"]["result"][0]["indicators"]["quote"][0]["open"] = [10.0]
    del body["chart"]["result"][0]["indicators"]["adjclose"]
    bars = ask("yahoo", Reply(json.dumps(body)))
    assert bars.close.tolist() == [10.0, 11.0, 10.5]
    assert np.isnan(bars.columns["open"]).tolist() == [False, True, True]
    assert "adj_close" not in bars.columns


def _changed(column, row, value):
    """A fortnight from Yahoo with one value changed."""
    body = json.loads(yahoo_body(FORTNIGHT))
    indicators = body["chart"]["result"][0]["indicators"]
    owner = indicators["adjclose"][0] if column == "adjclose" else indicators["quote"][0]
    owner[column][row] = value
    return Reply(json.dumps(body).replace("Infinity", "1e999"))


@pytest.mark.parametrize("adjustment", ["split", "total"])
def test_yahoo_closes_of_0_are_left_out_with_a_note(ask, adjustment):
    bars = ask("yahoo", _changed("close", 4, 0), adjustment=adjustment)
    assert bars.dates.tolist() == [day for day, _ in FORTNIGHT if day != FORTNIGHT[4][0]]
    assert bars.notes == (f"1 day ({FORTNIGHT[4][0]}) with a close of 0 was left out",)


@pytest.mark.parametrize("value", [-1.5, 0, None, 1e999])
def test_yahoo_adjusted_closes_that_cannot_be_right_are_left_out_with_a_note(ask, value):
    bars = ask("yahoo", _changed("adjclose", 4, value))
    assert bars.close.tolist() == [close for _, close in FORTNIGHT]
    assert "adj_close" not in bars.columns
    day = FORTNIGHT[4][0]
    assert bars.notes == (f"adjusted closes were left out: 1 day ({day}) had none that can be right",)


@pytest.mark.parametrize("value", [-1.5, 0])
def test_yahoo_adjusted_closes_that_cannot_be_right_are_refused_where_they_are_wanted(ask, value):
    with pytest.raises(Unexpected, match=rf"the adjusted close is {value} and the close 12 on {FORTNIGHT[4][0]}"):
        ask("yahoo", _changed("adjclose", 4, value), adjustment="total")


@pytest.mark.parametrize(("column", "value"), [("open", -3), ("low", 1e999), ("volume", -1)])
def test_yahoo_prices_that_cannot_be_right_are_left_out_of_their_day(ask, column, value):
    bars = ask("yahoo", _changed(column, 4, value))
    assert np.flatnonzero(np.isnan(bars.columns[column])).tolist() == [4]
    assert bars.notes == (f"{column} cannot be right on 1 day ({FORTNIGHT[4][0]}) and was left out there",)


BODIES = {
    "yahoo": yahoo_body,
    "nasdaq": nasdaq_body,
    "tiingo": tiingo_body,
    "twelvedata": twelvedata_body,
    "stooq": stooq_body,
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    ("rows", "kept", "note"),
    [
        (lambda r: [*r[:4], r[5], r[4], *r[6:]], lambda r: r, "rows were not in the order of days and were sorted"),
        (lambda r: [*r[:5], *r[4:]], lambda r: r, "1 day ({}) stood there more than once with one close"),
        (
            lambda r: [*r[:5], (r[4][0], 13.0), *r[5:]],
            lambda r: [*r[:4], *r[5:]],
            "1 day ({}) with two different closes was left out",
        ),
        (
            lambda r: [*r[:4], (r[4][0], 0.0), *r[5:]],
            lambda r: [*r[:4], *r[5:]],
            "1 day ({}) with a close of 0 was left out",
        ),
        (lambda r: [*r[:4], (r[4][0], -37.63), *r[5:]], lambda r: [*r[:4], (r[4][0], -37.63), *r[5:]], None),
    ],
    ids=["swapped", "doubled", "torn", "zero", "negative"],
)
def test_one_odd_row_does_not_cost_the_others(ask, source, rows, kept, note):
    bars = ask(source, Reply(BODIES[source](rows(FORTNIGHT))))
    assert list(zip(bars.dates.tolist(), bars.close.tolist(), strict=True)) == kept(FORTNIGHT)
    assert bars.notes == ((note.format(FORTNIGHT[4][0]),) if note else ())


@pytest.mark.parametrize("source", SOURCES)
def test_an_answer_with_more_faults_than_days_is_refused(ask, source):
    rows = [(day, 0.0 if n % 4 else close) for n, (day, close) in enumerate(FORTNIGHT)]
    with pytest.raises(Unexpected, match=r"prices that cannot be right: close is 0 on|must not be 0"):
        ask(source, Reply(BODIES[source](rows)))


@pytest.mark.parametrize("source", ["yahoo", "nasdaq", "twelvedata"])
def test_prices_of_another_symbol_are_refused_by_every_source_that_names_one(ask, source):
    body = BODIES[source]
    with pytest.raises(Unexpected, match="prices of 'TSLA' where 'AAPL' was asked for"):
        ask(source, Reply(body(ROWS, symbol="TSLA")))
    for name in ("aapl", " AAPL ", "", None):
        assert ask(source, Reply(body(ROWS, symbol=name))).rows == 3
    assert ask(source, Reply(body(ROWS, symbol="BRK/B")), symbol="BRK-B").rows == 3


def test_tiingo_adjusted_closes_that_cannot_be_right_are_refused_where_they_are_wanted(ask):
    body = tiingo_body(ROWS).replace('"adjClose": 11.0', '"adjClose": -1.0')
    assert ask("tiingo", Reply(body)).close.tolist() == [10.0, 11.0, 10.5]
    with pytest.raises(Unexpected, match="the adjusted close is -1 and the close 11 on 2024-01-03"):
        ask("tiingo", Reply(body), adjustment="total")


def test_yahoo_total_scales_every_price_alike(ask):
    bars = ask("yahoo", History(adjusted=0.9).yahoo, adjustment="total")
    split = ask("yahoo", History(adjusted=0.9).yahoo, adjustment="split")
    for name in ("close", "open", "high", "low"):
        np.testing.assert_allclose(bars.columns[name], 0.9 * split.columns[name], rtol=1e-12)
    assert "adj_close" not in bars.columns


def _chart_error(code: str, description: str) -> str:
    return json.dumps({"chart": {"result": None, "error": {"code": code, "description": description}}})


PHANTOM = json.dumps(
    {"chart": {"result": [{"meta": {"currency": None}, "indicators": {"quote": [{}]}}], "error": None}}
)
QUIET = PHANTOM.replace('"currency": null', '"currency": "USD"')


@pytest.mark.parametrize(
    ("reply", "failure", "said"),
    [
        (
            Reply(_chart_error("Not Found", "No data found, symbol may be delisted"), 404),
            NoSuchSymbol,
            "'AAPL'",
        ),
        (
            Reply(_chart_error("Bad Request", "Data doesn't exist for startDate = 1, endDate = 2"), 400),
            NoData,
            "2024-01",
        ),
        (Reply(_chart_error("Bad Request", "invalid interval"), 400), Unexpected, "invalid interval"),
        (Reply("Too Many Requests\r\n", 429, {"Retry-After": "120"}), RateLimited, "2 minutes"),
        (Reply(_chart_error("Unauthorized", "Invalid Crumb"), 401), Blocked, "401"),
        (Reply(PHANTOM), NoSuchSymbol, "'AAPL'"),
        (Reply(QUIET), NoData, "2024-01-02"),
        (Reply("<html>Will be right back...</html>"), Unreachable, "maintenance"),
        (
            Reply("", 302, {"Location": "https://consent.yahoo.com/v2/collectConsent?x=1"}),
            Blocked,
            "consent.yahoo.com",
        ),
        (Reply("<html><h1>502 Bad Gateway</h1></html>", 502, NOW), Unreachable, "502"),
        (Reply(yahoo_body(ROWS)[:-40]), Unexpected, "JSON"),
        (Reply(yahoo_body(ROWS, symbol="TSLA")), Unexpected, "prices of 'TSLA' where 'AAPL' was asked for"),
        (Reply(yahoo_body(ROWS, symbol="\x1b[31mX\u202e")), Unexpected, "prices of 'X' where"),
        (Reply(yahoo_body(ROWS).replace("10.5", '"10.5"')), Unexpected, "no number"),
        (Reply(yahoo_body(ROWS).replace("10.5", "1e999")), Unexpected, "close is inf on 2024-01-04"),
        (Reply("\x1b[31m\x07<b>hello\x1b[0m</b>\nmore"), Unexpected, "<b>hello</b>"),
        (Reply(yahoo_body(ROWS).replace("10.5", "1" * 30_000)), Unexpected, "close is inf on 2024-01-04"),
        (Reply(""), Unexpected, "JSON"),
        (Reply("[[[[" * 50_000), Unexpected, "JSON"),
    ],
)
def test_yahoo_failures(ask, reply, failure, said):
    with pytest.raises(failure) as caught:
        ask("yahoo", reply)
    assert said in caught.value.message
    assert "\x1b" not in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.hint or failure is NoSuchSymbol  # that one is given where the folder is known


def test_nasdaq_is_asked_as_a_browser(ask, replay):
    ask("nasdaq", History().nasdaq, symbol="BRK-B")
    (asked,) = replay.asked
    assert asked.path == "/api/quote/BRK.B/historical"
    assert asked.query == {
        "assetclass": "stocks",
        "fromdate": "2024-01-02",
        "todate": "2024-01-31",
        "limit": "9999",
    }
    assert "Mozilla/5.0" in asked.headers["user-agent"]
    assert asked.headers["accept"] == "application/json, text/plain, */*"


def _nasdaq_error(code: int, message: str) -> str:
    status = {
        "rCode": 400,
        "bCodeMessage": [{"code": code, "errorMessage": message}],
        "developerMessage": None,
    }
    return json.dumps({"data": None, "message": None, "status": status})


UNKNOWN = _nasdaq_error(1001, "Symbol not exists.")


def test_nasdaq_looks_among_funds_after_shares(ask, replay):
    def play(asked):
        return History().nasdaq(asked) if asked.query["assetclass"] == "etf" else Reply(UNKNOWN)

    assert ask("nasdaq", play, symbol="SPY").rows
    assert [asked.query["assetclass"] for asked in replay.asked] == ["stocks", "etf"]


@pytest.mark.parametrize("symbol", ["^GSPC", "EURUSD=X", "BTC-USD", "VOD.LN"])
def test_nasdaq_is_not_asked_for_what_it_cannot_have(ask, replay, symbol):
    with pytest.raises(NotOffered):
        ask("nasdaq", History().nasdaq, symbol=symbol)
    assert not replay.asked


@pytest.mark.parametrize(
    ("reply", "failure", "said"),
    [
        (Reply(UNKNOWN), NoSuchSymbol, "'AAPL'"),
        (Reply(_nasdaq_error(1002, "Bad\x1b[1m luck")), Unexpected, "Bad luck"),
        (Reply(nasdaq_body([])), NoData, "2024-01-02"),
        (Reply(nasdaq_body(ROWS).replace("01/04/2024", "13/04/2024")), Unexpected, "13/04/2024"),
        (Reply(nasdaq_body(ROWS).replace("$10.5000", "$ten")), Unexpected, "ten"),
        (Reply(nasdaq_body(ROWS).replace("$10.5000", "1" * 30_000 + "x")), Unexpected, "must be a number; got '111"),
        (Reply('{"data": null, "status": {"rCode": 200}}'), Unexpected, "table"),
        (Reply("<html>Access Denied</html>", 403), Blocked, "403"),
        (Reply("null"), Unexpected, ""),
    ],
)
def test_nasdaq_failures(ask, reply, failure, said):
    with pytest.raises(failure) as caught:
        ask("nasdaq", reply)
    assert said in caught.value.message


def test_nasdaq_days_without_a_close_are_dropped(ask):
    bars = ask("nasdaq", Reply(nasdaq_body(ROWS).replace('"close": "$11.0000"', '"close": "N/A"')))
    assert bars.dates.astype(str).tolist() == ["2024-01-02", "2024-01-04"]


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("AAPL", "aapl.us"),
        ("BRK.B", "brk-b.us"),
        ("BRK-B", "brk-b.us"),
        ("^SPX", "^spx"),
        ("^GSPC", "^spx"),
        ("EURUSD=X", "eurusd"),
        ("BTC-USD", "btcusd"),
        ("VOD.L", "vod.uk"),
        ("SAP.DE", "sap.de"),
        ("KGH.WA", "kgh"),
    ],
)
def test_stooq_spells_symbols_its_own_way(ask, replay, symbol, name):
    ask("stooq", History().stooq, symbol=symbol)
    assert replay.asked[0].query["s"] == name


def test_stooq_is_asked_with_the_key_and_the_adjustment(ask, replay):
    ask("stooq", History().stooq, adjustment="raw")
    ask("stooq", History().stooq, key=None)
    raw, plain = (asked.query for asked in replay.asked)
    assert raw == {
        "s": "aapl.us", "d1": "20240102", "d2": "20240131", "i": "d", "o": "1111111", "apikey": KEY
    }  # fmt: skip
    assert plain == {"s": "aapl.us", "d1": "20240102", "d2": "20240131", "i": "d"}


@pytest.mark.parametrize(
    "body",
    [
        "\ufeffData,Otwarcie,Najwyzszy,Najnizszy,Zamkniecie,Wolumen\r\n2024-01-02,1,3,1,2,9\r\n2024-01-03,1,3,1,2.5,9\r\n",
        "Date,Open,High,Low,Close\r\n2024-01-02,1,3,1,2\r\n2024-01-03,1,3,1,2.5\r\n",
        "Data;Otwarcie;Najwyzszy;Najnizszy;Zamkniecie\n2024-01-02;1;3;1;2\n2024-01-03;1;3;1;2,5\n",
    ],
)
def test_stooq_tables_in_every_dress(ask, body):
    bars = ask("stooq", Reply(body))
    assert bars.close.tolist() == [2.0, 2.5]
    assert bars.columns["high"].tolist() == [3.0, 3.0]


@pytest.mark.parametrize(
    ("body", "failure", "said"),
    [
        ("No data", NoData, "2024-01-02"),
        ("N/D", NoData, "2024-01-02"),
        ("", NoData, "2024-01-02"),
        ("Date,Open,High,Low,Close,Volume\r\n", NoData, "2024-01-02"),
        ("Exceeded the daily hits limit", RateLimited, "today"),
        ("Write to www@stooq.com if you want to use our data", Blocked, "denies"),
        ("Get your apikey:\n1. Open https://stooq.com/q/d/?s=spy.us&get_apikey\n", KeyRequired, "key"),
        ("\ufeffAccess denied", Blocked, "denies"),
        ("\ufeffOdmowa dostepu", Blocked, "denies"),
        ("<html>This site requires JavaScript to verify your browser</html>", Blocked, "anti-bot"),
        ("<html><script>window.__verify()</script>", Blocked, "anti-bot"),
        ("<html><script>crypto.subtle.digest('SHA-256')</script>", Blocked, "anti-bot"),
        ("<html><body>Sorry</body></html>", Unexpected, "Sorry"),
        ("Date,Open,High,Low,Close\r\n2024-01-02,1,3,1,abc\r\n", Unexpected, "abc"),
        ("Date,Open,High,Low,Close\r\n2024-01-02,1,3\r\n", Unexpected, "cells"),
    ],
)
def test_stooq_failures_come_with_status_200(ask, replay, body, failure, said):
    with pytest.raises(failure) as caught:
        ask("stooq", Reply(body))
    assert said in caught.value.message
    assert len(replay.asked) == 1


def test_stooq_says_no_such_symbol_where_no_window_was_asked_for(ask):
    with pytest.raises(NoSuchSymbol):
        ask("stooq", Reply("No data"), start=None)


def test_stooq_tells_where_to_get_a_key(ask):
    with pytest.raises(KeyRequired) as caught:
        ask("stooq", Reply("Get your apikey: ..."), key=None)
    assert "https://stooq.com/q/d/?s=aapl.us&get_apikey" in caught.value.hint
    assert "STOOQ_APIKEY" in caught.value.hint


def test_tiingo_is_asked_with_the_key_in_a_header(ask, replay):
    ask("tiingo", History().tiingo, symbol="BRK.B")
    (asked,) = replay.asked
    assert asked.path == "/tiingo/daily/BRK-B/prices"
    assert asked.query == {"startDate": "2024-01-02", "endDate": "2024-01-31", "format": "json"}
    assert asked.headers["authorization"] == f"Token {KEY}"


def test_tiingo_split_prices_divide_the_past_by_later_splits(ask):
    body = tiingo_body(ROWS, splits={date(2024, 1, 4): 4.0, date(2024, 1, 2): 2.0})
    assert ask("tiingo", Reply(body), adjustment="split").close.tolist() == [2.5, 2.75, 10.5]
    assert ask("tiingo", Reply(body), adjustment="raw").close.tolist() == [10.0, 11.0, 10.5]
    np.testing.assert_allclose(
        ask("tiingo", Reply(tiingo_body(ROWS, 0.5)), adjustment="total").close, [5.0, 5.5, 5.25], rtol=1e-15
    )


@pytest.mark.parametrize(
    ("adjustment", "volumes"), [("raw", [1000] * 3), ("split", [4000, 4000, 1000]), ("total", [4000, 4000, 1000])]
)
def test_tiingo_volumes_are_adjusted_for_splits_wherever_prices_are(ask, adjustment, volumes):
    body = tiingo_body(ROWS, splits={date(2024, 1, 4): 4.0})
    assert ask("tiingo", Reply(body), adjustment=adjustment).columns["volume"].tolist() == volumes


@pytest.mark.parametrize(
    ("reply", "failure", "said"),
    [
        (Reply('{"detail":"Error: Ticker \'xxxx\' not found"}', 404), NoSuchSymbol, "'AAPL'"),
        (Reply('{"detail":"Invalid token."}', 401), KeyRequired, "refuses the key"),
        (Reply("You have run over your 500 symbol look up for this month"), RateLimited, "used up"),
        (Reply("[]"), NoData, "2024-01-02"),
        (Reply("[1, 2, null]"), Unexpected, ""),
        (Reply('{"detail": "Something else"}'), Unexpected, "Something else"),
    ],
)
def test_tiingo_failures(ask, reply, failure, said):
    with pytest.raises(failure) as caught:
        ask("tiingo", reply)
    assert said in caught.value.message


def test_twelvedata_is_asked_with_the_key_in_the_query(ask, replay):
    ask("twelvedata", History().twelvedata, symbol="EURUSD=X")
    (asked,) = replay.asked
    assert asked.path == "/time_series"
    assert asked.query == {
        "symbol": "EUR/USD", "interval": "1day", "outputsize": "5000", "apikey": KEY,
        "start_date": "2024-01-02", "end_date": "2024-01-31",
    }  # fmt: skip


def _twelve_error(code: int, message: str) -> str:
    return json.dumps({"code": code, "message": message, "status": "error"})


@pytest.mark.parametrize(
    ("reply", "failure", "said"),
    [
        (Reply(_twelve_error(401, "**apikey** parameter is incorrect")), KeyRequired, "refuses the key"),
        (Reply(_twelve_error(403, "upgrade your plan")), KeyRequired, "this key"),
        (Reply(_twelve_error(404, "**symbol** not found: AAPLX")), NoSuchSymbol, "'AAPL'"),
        (Reply(_twelve_error(429, "out of API credits for the current minute"), 429), RateLimited, "429"),
        (Reply(_twelve_error(429, "out of API credits for the current minute")), RateLimited, "60 seconds"),
        (Reply(_twelve_error(400, "No data is available on the specified dates")), NoData, "2024-01-02"),
        (Reply(_twelve_error(400, "**interval** is wrong")), Unexpected, "interval"),
        (Reply(_twelve_error(500, "oops")), Unexpected, "oops"),
        (Reply('{"values": [], "status": "ok"}'), NoData, "2024-01-02"),
        (Reply(twelvedata_body(ROWS).replace("10.50000", "ten")), Unexpected, "ten"),
        (Reply("[]"), Unexpected, ""),
    ],
)
def test_twelvedata_failures(ask, reply, failure, said):
    with pytest.raises(failure) as caught:
        ask("twelvedata", reply)
    assert said in caught.value.message


@pytest.mark.parametrize("source", ["tiingo", "twelvedata"])
def test_no_key_means_no_request(ask, replay, source):
    with pytest.raises(KeyRequired) as caught:
        ask(source, Reply(""), key=None)
    assert not replay.asked
    assert f"{source.upper()}_API_KEY" in caught.value.hint
    assert "https://" in caught.value.hint


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(is_reset=True), "reset"),
        (Reply("{" * 50, is_cut=True), "cut short"),
        (Reply("oops", 503, NOW), "503"),
    ],
)
def test_network_failures_are_tried_three_times(ask, replay, source, reply, said):
    with pytest.raises(Unreachable) as caught:
        ask(source, reply)
    assert said in caught.value.message
    assert len(replay.asked) == 3
    assert KEY not in repr(caught.value) + caught.value.message + (caught.value.hint or "")


def test_a_slow_answer_is_tried_three_times(ask, replay):
    with pytest.raises(Unreachable, match="no answer in time"):
        ask("stooq", Reply("x" * 100, wait=1.0))
    assert len(replay.asked) == 3


def test_a_slow_drip_is_given_up_after_the_total_time(ask):
    with pytest.raises(Unreachable, match=r"longer than 1\.5 s"):
        ask("yahoo", Reply("x" * 1000, drip=0.05))


def test_a_failure_that_passes_is_not_told(ask, replay):
    replies = iter([Reply("oops", 502, NOW), Reply(is_reset=True)])
    bars = ask("yahoo", lambda asked: next(replies, None) or History().yahoo(asked))
    assert bars.rows
    assert len(replay.asked) == 3


def test_refusals_are_not_tried_again(ask, replay):
    with pytest.raises(RateLimited) as caught:
        ask("yahoo", Reply("Too Many Requests", 429))
    assert caught.value.retry_after is None
    assert len(replay.asked) == 1


def test_a_server_that_asks_for_hours_is_believed(ask, replay):
    with pytest.raises(RateLimited, match="3 hours"):
        ask("yahoo", Reply("busy", 503, {"Retry-After": "10800"}))
    assert len(replay.asked) == 1


def test_nothing_listens(ask, replay):
    replay.close()
    with pytest.raises(Unreachable, match="refused"):
        ask("yahoo", Reply(""))


@pytest.mark.parametrize("source", ["stooq", "tiingo", "twelvedata"])
@pytest.mark.parametrize("header", [{}, {"Broken\r\n no name\r\n:": "x"}])
def test_keys_stay_out_of_every_log(ask, source, header, caplog):
    def scene(asked):
        return dataclasses.replace(getattr(History(), source)(asked), headers=header)

    with caplog.at_level(logging.DEBUG):
        ask(source, scene)
    assert KEY not in caplog.text


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    ("value", "got"),
    [
        ("ftp://s3cr3t-key", "no http:// or https:// in front"),
        ("s3cr3t-key:80", "no http:// or https:// in front"),
        ("http://s3cr3t-key:p@host", "a user's name or password"),
        ("http://s3cr3t-key@host", "a user's name or password"),
        ("http://host/s3cr3t-key", "a path"),
        ("http://host/#s3cr3t-key", "a path"),
        ("http://host?token=s3cr3t-key", "a query"),
        ("http://host/?apikey=s3cr3t-key", "a query"),
        ("http://host/v1?s3cr3t-key", "a query"),
        ("http://host;s3cr3t-key", "no usable port or host"),
        ("http://host:s3cr3t-key", "no usable port or host"),
        ("http://[s3cr3t-key", "no usable port or host"),
        ("http://ho st/s3cr3t-key", "blanks or signs that no address has"),
        ("http://host\x9b/s3cr3t-key", "blanks or signs that no address has"),
        ("http://h\u00f6st/s3cr3t-key", "blanks or signs that no address has"),
        ("http://", "no usable port or host"),
        ("http:///s3cr3t-key", "no usable port or host"),
        ("http://host:0", "no usable port or host"),
    ],
)
def test_an_address_must_be_scheme_host_and_port_and_is_never_shown(ask, monkeypatch, source, value, got):
    monkeypatch.setenv(f"RNNLAB_{source.upper()}_URL", value)
    with pytest.raises(DataError) as caught:
        ask(source, Reply(""))
    must = f"RNNLAB_{source.upper()}_URL must be scheme, host and port, e.g. http://127.0.0.1:8080"
    assert caught.value.message == f"{must}; got {got}."
    assert caught.value.hint is None


def test_a_key_that_cannot_stand_in_a_header_is_not_shown(monkeypatch):
    monkeypatch.setenv("TIINGO_API_KEY", "secret\r\nX-Other: 1")
    with pytest.raises(DataError, match="TIINGO_API_KEY") as caught:
        SOURCES["tiingo"].key(None)
    assert "secret" not in str(caught.value)


def test_a_given_key_goes_before_the_environment(monkeypatch):
    monkeypatch.setenv("STOOQ_API_KEY", "second")
    assert SOURCES["stooq"].key(None) == "second"
    monkeypatch.setenv("STOOQ_APIKEY", "first")
    assert SOURCES["stooq"].key(None) == "first"
    assert SOURCES["stooq"].key("given") == "given"


def test_a_retry_goes_to_the_mirror(replay, client):
    replay.scenes["yahoo"] = Reply("here")
    answer = client.get("yahoo", ("http://127.0.0.1:9", replay.address), Request("/v8/finance/chart/A", {}))
    assert answer.text == "here"


def test_the_password_file_of_the_person_stays_out_of_it(ask, replay, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password mine\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    ask("tiingo", History().tiingo)
    ask("yahoo", History().yahoo)
    assert [asked.headers.get("authorization") for asked in replay.asked] == [f"Token {KEY}", None]


def test_a_body_without_end_is_cut_off(replay, client):
    replay.scenes["yahoo"] = Reply(gzip.compress(b" " * 3_000_000), headers={"Content-Encoding": "gzip"})
    small = dataclasses.replace(client, largest=2**20)
    with pytest.raises(Unexpected, match="more than 1 MiB"):
        small.get("yahoo", (replay.address,), Request("/v8/finance/chart/A", {}))
