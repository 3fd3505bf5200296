"""Fetching again and again: only what is new is asked for, what is kept is never harmed."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from urllib.parse import quote

import numpy as np
import pytest

from rnnlab.data.prices import load_prices
from rnnlab.data.prices.sources.failures import (
    Blocked,
    LessThanKept,
    NoSuchSymbol,
    NotOffered,
    RateLimited,
    SourceError,
    Unexpected,
)
from rnnlab.errors import DataError, FetchError, UsageError
from rnnlab.experiments.fetch import fetch, import_prices
from rnnlab.experiments.prices import list_prices
from tests.data.prices.replay import History, Reply
from tests.data.prices.test_sources import PHANTOM, UNKNOWN

FIRST = datetime(2024, 2, 10, 12, tzinfo=UTC)  # a Saturday
LATER = datetime(2024, 3, 1, 12, tzinfo=UTC)  # a Friday
EARLY = History(last=date(2024, 2, 9))
NOT_FOUND = Reply('{"chart":{"result":null,"error":{"code":"Not Found","description":"No data found"}}}', 404)


@pytest.fixture
def get(replay, client, folder):  # noqa: ARG001 - the sources that are asked
    def run(symbol="AAPL", **options):
        return fetch(symbol, **{"data_dir": folder, "client": client, "now": FIRST, **options})

    return run


@pytest.fixture
def contents(folder):
    def read():
        return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}

    return read


def window(asked):
    days = [datetime.fromtimestamp(int(asked.query[f"period{n}"]), UTC).date() for n in (1, 2)]
    return tuple(map(str, days))


def test_the_first_fetch_keeps_all_there_is_up_to_yesterday(get, replay, contents):
    replay.scenes["yahoo"] = EARLY.yahoo
    done = get()
    assert (done.change, done.added, done.origin["rows"]) == ("new", 30, 30)
    assert set(contents()) == {"AAPL.csv", "AAPL.json"}
    assert contents()["AAPL.csv"].startswith(b"date,close,open,high,low,volume,adj_close\n2024-01-01,100,")
    origin = json.loads(contents()["AAPL.json"])
    assert origin["source"] == "yahoo"
    assert origin["adjustment"] == "split"
    assert origin["currency"] == "USD"
    assert origin["fetched_at"] == "2024-02-10T12:00:00Z"
    assert origin["requested"] == {"start": None, "end": "2024-02-09"}
    assert (origin["first"], origin["last"]) == ("2024-01-01", "2024-02-09")
    assert origin["address"].startswith(f"{replay.address}/v8/finance/chart/AAPL?period1=-2208988800&")
    assert window(replay.asked[0])[1] == "2024-02-10"


def test_what_was_fetched_is_what_is_loaded(get, replay, folder):
    replay.scenes["yahoo"] = EARLY.yahoo
    done = get("aapl")
    series = load_prices("AAPL", data_dir=folder)
    assert (series.source, series.adjustment, series.currency) == ("yahoo", "split", "USD")
    assert series.sha256 == done.origin["sha256"]
    assert series.path == folder / "AAPL.csv"
    assert series.values.tolist() == [close for _, close in EARLY.rows()]
    adjusted = load_prices("AAPL", "adj_close", folder)
    np.testing.assert_array_equal(adjusted.values, 0.9 * series.values)


def test_a_second_fetch_asks_only_for_what_is_new(get, replay):
    replay.scenes["yahoo"] = History().yahoo
    whole = get(now=LATER, data_dir=get().path.parent / "other").path.read_bytes()
    replay.asked.clear()
    done = get(now=LATER)
    assert (done.change, done.added) == ("continued", 14)
    assert [window(asked) for asked in replay.asked] == [("2024-02-01", "2024-03-01")]
    assert done.path.read_bytes() == whole


def test_the_same_day_again_changes_nothing_and_asks_nothing(get, replay, contents):
    replay.scenes["yahoo"] = History().yahoo
    get()
    before = contents()
    replay.asked.clear()
    assert get().change == "unchanged"
    assert not replay.asked
    assert contents() == before


def test_history_that_moved_is_replaced_whole(get, replay):
    replay.scenes["yahoo"] = EARLY.yahoo
    get()
    replay.scenes["yahoo"] = History(scale=0.5).yahoo  # a split 2 for 1
    done = get(now=LATER)
    assert (done.change, done.added) == ("replaced", 44)
    assert [window(asked)[0] for asked in replay.asked[1:]] == ["2024-02-01", "1900-01-01"]
    assert b"\n2024-01-01,50,50," in done.path.read_bytes()


def test_a_dividend_moves_the_adjusted_history_alone(get, replay):
    replay.scenes["yahoo"] = EARLY.yahoo
    get()
    replay.scenes["yahoo"] = History(adjusted=0.895).yahoo
    assert get(now=LATER).change == "replaced"


def test_an_unfinished_last_day_is_taken_anew(get, replay):
    morning = datetime(2024, 2, 9, 15, tzinfo=UTC)

    def unfinished(asked):
        body = json.loads(EARLY.yahoo(asked).content)
        body["chart"]["result"][0]["indicators"]["quote"][0]["close"][-1] = 99.0
        return Reply(json.dumps(body))

    replay.scenes["yahoo"] = unfinished
    assert b"\n2024-02-09,99," in get(end=date(2024, 2, 9), now=morning).path.read_bytes()
    replay.scenes["yahoo"] = History().yahoo
    done = get()
    assert (done.change, done.added) == ("continued", 0)
    assert b"\n2024-02-09,104.875," in done.path.read_bytes()
    assert len(done.path.read_bytes().splitlines()) == 31


def test_an_earlier_first_day_gets_all_and_a_later_one_gives_nothing_up(get, replay):
    replay.scenes["yahoo"] = History().yahoo
    assert get(start=date(2024, 1, 15)).origin["first"] == "2024-01-15"
    assert get(start=date(2024, 2, 1), now=LATER).origin["first"] == "2024-01-15"
    done = get(start=date(2024, 1, 8), now=LATER)
    assert (done.change, done.origin["first"], done.origin["last"]) == (
        "replaced",
        "2024-01-08",
        "2024-02-29",
    )
    assert get(now=LATER).change == "unchanged"


def test_sources_and_adjustments_are_never_mixed(get, replay):
    replay.scenes.update(yahoo=EARLY.yahoo, nasdaq=History(scale=2).nasdaq)
    get()
    done = get(source="nasdaq", now=LATER)
    assert (done.change, done.origin["source"]) == ("replaced", "nasdaq")
    assert replay.asked[-1].query["fromdate"] == "1970-01-01"
    assert b"\n2024-01-01,200," in done.path.read_bytes()
    done = get(source="yahoo", adjust="total")
    assert (done.change, done.origin["adjustment"]) == ("replaced", "total")
    assert b"\n2024-01-01,90," in done.path.read_bytes()


def test_what_is_kept_decides_where_auto_asks_first_and_for_which_adjustment(get, replay, monkeypatch):
    monkeypatch.setenv("TIINGO_API_KEY", "key")
    replay.scenes.update(yahoo=History().yahoo, tiingo=History().tiingo)
    get(source="tiingo", adjust="total")
    done = get(now=LATER)
    assert (done.change, done.origin["source"], done.origin["adjustment"]) == ("continued", "tiingo", "total")
    assert replay.sources() == ["tiingo", "tiingo"]


BROKEN = [
    Reply("Too Many Requests", 429),
    Reply("<html>502</html>", 502, {"Retry-After": "0"}),
    Reply(is_reset=True),
    Reply("{", is_cut=True),
    Reply('{"chart": {"result": [{'),
    Reply("\x00\xff\x1b[2J"),
    NOT_FOUND,
]


@pytest.mark.parametrize("reply", BROKEN)
def test_the_old_files_survive_any_failure(get, replay, contents, reply):
    replay.scenes["yahoo"] = EARLY.yahoo
    get()
    before = contents()
    replay.scenes["yahoo"] = reply
    with pytest.raises(FetchError):
        get(source="yahoo", now=LATER)
    assert contents() == before


@pytest.mark.parametrize("reply", BROKEN)
def test_a_failed_first_fetch_leaves_nothing(get, replay, folder, reply):
    replay.scenes["yahoo"] = reply
    with pytest.raises(FetchError):
        get(source="yahoo")
    assert not folder.exists()


def test_an_answer_with_less_than_is_kept_replaces_nothing(get, replay, contents):
    replay.scenes["yahoo"] = History().yahoo
    get()
    before = contents()
    replay.scenes["yahoo"] = History(first=date(2024, 2, 1), scale=2).yahoo
    with pytest.raises(LessThanKept, match=r"2024-02-01 to 2024-02-29.*kept from 2024-01-01"):
        get(source="yahoo", now=LATER)
    assert contents() == before


def test_auto_goes_on_when_a_source_refuses_and_says_why(get, replay):
    replay.scenes.update(yahoo=Reply("Too Many Requests", 429), nasdaq=EARLY.nasdaq)
    skipped = []
    done = get(on_skip=skipped.append)
    assert done.origin["source"] == "nasdaq"
    assert replay.sources() == ["yahoo", "nasdaq"]
    assert [(f.source, type(f)) for f in skipped] == [("yahoo", RateLimited)]


@pytest.mark.parametrize("broken", BROKEN[:-1])
def test_auto_falls_through_every_kind_of_trouble(get, replay, broken):
    replay.scenes.update(yahoo=broken, nasdaq=EARLY.nasdaq)
    assert get().origin["source"] == "nasdaq"


def test_auto_asks_keyed_sources_in_order_where_their_key_is_set(get, replay, monkeypatch):
    broken = Reply("", 403)
    replay.scenes.update(yahoo=broken, nasdaq=broken, tiingo=broken, twelvedata=broken, stooq=EARLY.stooq)
    for name in ("TIINGO_API_KEY", "TWELVEDATA_API_KEY", "STOOQ_API_KEY"):
        monkeypatch.setenv(name, "key")
    done = get()
    assert replay.sources() == ["yahoo", "nasdaq", "tiingo", "twelvedata", "stooq"]
    assert (done.origin["source"], done.origin["adjustment"]) == ("stooq", "total")
    assert "key" not in (done.path.parent / "AAPL.json").read_text()


def test_auto_believes_that_a_symbol_is_unknown_when_two_sources_say_so(get, replay):
    replay.scenes.update(yahoo=NOT_FOUND, nasdaq=Reply(UNKNOWN))
    with pytest.raises(NoSuchSymbol, match="yahoo and nasdaq: know no symbol 'AAPX'") as caught:
        get("AAPX")
    assert "AAPL" in caught.value.hint
    assert set(replay.sources()) == {"yahoo", "nasdaq"}


def test_auto_does_not_believe_one_source_alone(get, replay):
    replay.scenes.update(yahoo=Reply(PHANTOM), nasdaq=EARLY.nasdaq)
    assert get().origin["source"] == "nasdaq"
    replay.scenes["nasdaq"] = Reply("", 403)
    with pytest.raises(
        FetchError, match="No source gave prices of AAPX: yahoo knows no symbol 'AAPX'; nasdaq"
    ) as caught:
        get("AAPX")
    assert not isinstance(caught.value, NoSuchSymbol)
    assert "TIINGO_API_KEY" in caught.value.hint


def test_auto_does_not_let_another_source_take_columns_away(get, replay, contents):
    replay.scenes["yahoo"] = EARLY.yahoo
    get()
    before = contents()
    replay.scenes.update(yahoo=Reply("", 403), nasdaq=History().nasdaq)
    with pytest.raises(FetchError, match="no adj_close of AAPL") as caught:
        get(now=LATER)
    assert "name the --source that is to replace it" in caught.value.hint
    assert contents() == before


def test_one_source_alone_fails_as_what_it_is(get, replay):
    replay.scenes["yahoo"] = Reply("", 302, {"Location": "https://consent.yahoo.com/"})
    with pytest.raises(Blocked):
        get(source="yahoo")
    with pytest.raises(NotOffered, match="--adjust raw"):
        get(source="yahoo", adjust="raw")
    replay.scenes["yahoo"] = Reply("nonsense")
    with pytest.raises(Unexpected):
        get(source="yahoo")


@pytest.mark.parametrize(
    "options",
    [
        {"source": "google"},
        {"adjust": "dividends"},
        {"start": date(2024, 2, 2), "end": date(2024, 2, 1)},
        {"api_key": "key"},
    ],
)
def test_requests_that_make_no_sense(get, replay, options):
    with pytest.raises(UsageError):
        get(**options)
    assert not replay.asked


HOSTILE = [
    *("../../etc/passwd", "a b", "", "A" * 10_000, "%0d%0a", "https://example.org/x"),
    *("A\x00", "..", "AAPL\n", "-x", ".", "A..B", "AAPL.", "ＡＡＰＬ", "ıbm", "A/B", "A\\B", "~"),
]


@pytest.mark.parametrize("symbol", HOSTILE)
def test_hostile_symbols_are_refused_before_any_request(get, replay, folder, symbol):
    with pytest.raises(DataError) as caught:
        get(symbol)
    assert not isinstance(caught.value, FetchError)
    assert len(caught.value.message) < 200
    assert not replay.asked
    assert not folder.exists()


@pytest.mark.parametrize("symbol", ["^SPX", "BRK.B", "EURUSD=X", "BTC-USD", "0700.HK", "M&M.NS", "con", "AUX.L"])
def test_unusual_symbols_are_kept_under_their_own_name(get, replay, folder, symbol):
    replay.scenes["yahoo"] = EARLY.yahoo
    done = get(symbol)
    assert done.path.parent == folder
    assert list_prices(folder).kept[0].symbol == symbol.upper()
    assert load_prices(symbol, data_dir=folder).rows == 30
    reserved = symbol.upper().split(".")[0] in ("CON", "AUX")
    assert done.path.name == f"{symbol.upper()}{'~' if reserved else ''}.csv"


@pytest.mark.parametrize("filler", ["", "x" * 61])
@pytest.mark.parametrize("secret", ["s3cr3t-key", "s3c+r3t/key="])
def test_the_failure_of_a_keyed_source_never_shows_the_key(get, replay, filler, secret):
    replay.scenes["stooq"] = Reply(f"<p>{filler}key {secret} of ?apikey={quote(secret, safe='')} is wrong</p>")
    with pytest.raises(SourceError) as caught:
        get(source="stooq", api_key=secret)
    assert "s3c" not in caught.value.message + str(caught.value.hint)


def test_an_import_is_replaced_by_a_fetch_that_has_as_much(get, replay, tmp_path, folder):
    file = tmp_path / "mine.csv"
    file.write_text("date,close\n2024-01-02,1\n2024-01-03,1.1\n")
    import_prices("AAPL", file, data_dir=folder, now=FIRST)
    replay.scenes["yahoo"] = EARLY.yahoo
    assert get().change == "replaced"
    import_prices("AAPL", file, data_dir=folder, now=FIRST)
    replay.scenes["yahoo"] = replace(EARLY, first=date(2024, 2, 1)).yahoo
    with pytest.raises(FetchError, match="kept from 2024-01-02"):
        get()


def test_a_symbol_that_is_no_longer_traded_is_remarked_upon(get, replay):
    replay.scenes["yahoo"] = EARLY.yahoo
    assert get().origin["notes"] == []
    (note,) = get("XYZ", now=LATER).origin["notes"]
    assert "2024-02-09, 20 days before" in note


def test_a_file_that_was_put_there_by_hand_is_not_replaced(get, replay, folder, tmp_path):
    folder.mkdir()
    mine = folder / "AAPL.csv"
    mine.write_text("Date,Close\n2024-01-02,1\n2024-01-03,1.1\n")
    replay.scenes["yahoo"] = EARLY.yahoo
    with pytest.raises(DataError, match=r"AAPL\.csv: was put there by hand"):
        get()
    (tmp_path / "other.csv").write_text(mine.read_text())
    with pytest.raises(DataError, match="by hand"):
        import_prices("AAPL", tmp_path / "other.csv", data_dir=folder)
    assert load_prices("AAPL", data_dir=folder).values.tolist() == [1.0, 1.1]
    assert not replay.asked
    assert import_prices("AAPL", mine, data_dir=folder, now=FIRST).change == "new"
    assert load_prices("AAPL", data_dir=folder).source == "file AAPL.csv"
