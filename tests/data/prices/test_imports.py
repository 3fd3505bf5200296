"""Files downloaded by hand, in every dress, recognised by themselves."""

import json
import os
from datetime import date

import pytest

from rnnlab.data.prices import load_prices
from rnnlab.errors import DataError
from rnnlab.experiments.fetch import import_prices

STOOQ = "Date,Open,High,Low,Close,Volume\r\n2024-01-02,1,3,1,2,900\r\n2024-01-03,1,3,1,2.5,900\r\n"
STOOQ_PL = "\ufeffData;Otwarcie;Najwyzszy;Najnizszy;Zamkniecie;Wolumen\r\n2024-01-02;1,0;3,0;1,0;2,0;900\r\n2024-01-03;1,0;3,0;1,0;2,5;900\r\n"  # noqa: E501
YAHOO = "Date,Open,High,Low,Close,Adj Close,Volume\n2024-01-02,1,3,1,2,1.9,900\n2024-01-03,1,3,1,2.5,2.4,900\n"
NASDAQ = "Date,Close/Last,Volume,Open,High,Low\n01/03/2024,$2.50,900,$1.00,$3.00,$1.00\n01/02/2024,$2.00,900,$1.00,$3.00,$1.00\n"  # noqa: E501
TIMESTAMP = "timestamp,open,high,low,close,volume\n2024-01-03,1,3,1,2.5,900\n2024-01-02,1,3,1,2,900\n"
FRED = "observation_date,SP500\n2024-01-01,\n2024-01-02,2\n2024-01-03,2.5\n2024-01-04,.\n"
PANDAS = "Date,Open,High,Low,Close,Volume,Dividends,Stock Splits\n2024-01-02 00:00:00-05:00,1,3,1,2,900,0.0,0.0\n2024-01-03 00:00:00-05:00,1,3,1,2.5,900,0.0,0.0\n"  # noqa: E501
NUMBERED = ",Date,Close\n0,2024-01-02,2\n1,2024-01-03,2.5\n"
TWO_HEADERS = (
    "Price,Close,High,Low,Open,Volume\nTicker,X,X,X,X,X\nDate,,,,,\n2024-01-02,2,3,1,1,900\n2024-01-03,2.5,3,1,1,900\n"
)
INVESTING = "Date,Price,Open,High,Low,Vol.,Change %\n01/15/2024,2.50,1,3,1,1.2M,1%\n01/12/2024,2.00,1,3,1,1.1M,0%\n"


@pytest.fixture
def bring(tmp_path, folder):
    def run(content, **options):
        file = tmp_path / "down.csv"
        file.write_bytes(content.encode())
        return import_prices("MINE", file, data_dir=folder, **options)

    return run


@pytest.mark.parametrize(
    ("content", "site", "adjustment", "columns"),
    [
        (STOOQ, None, None, {"open", "high", "low", "volume"}),
        (STOOQ_PL, "stooq (Polish)", None, {"open", "high", "low", "volume"}),
        (YAHOO, "yahoo", "split", {"open", "high", "low", "volume", "adj_close"}),
        (NASDAQ, "nasdaq", "split", {"open", "high", "low", "volume"}),
        (TIMESTAMP, None, None, {"open", "high", "low", "volume"}),
        (FRED, "fred", None, set()),
        (PANDAS, None, None, {"open", "high", "low", "volume"}),
        (NUMBERED, None, None, set()),
        (TWO_HEADERS, None, None, {"open", "high", "low", "volume"}),
    ],
)
def test_every_format_gives_the_same_prices(bring, folder, content, site, adjustment, columns):
    done = bring(content)
    assert (done.change, done.origin["format"], done.origin["adjustment"]) == ("new", site, adjustment)
    assert done.origin["source"] == "file down.csv"
    series = load_prices("MINE", data_dir=folder)
    assert series.stamps.astype(str).tolist() == ["2024-01-02", "2024-01-03"]
    assert series.values.tolist() == [2.0, 2.5]
    header = (folder / "MINE.csv").read_text().splitlines()[0].split(",")
    assert set(header) == {"date", "close", *columns}
    if "high" in columns:
        assert load_prices("MINE", "high", folder).values.tolist() == [3.0, 3.0]
        assert load_prices("MINE", "volume", folder).values.tolist() == [900.0, 900.0]


@pytest.mark.parametrize(
    ("header", "adjustment"),
    [
        ("Date,Open,High,Low,Close,Adj Close,Volume", "split"),
        ("Date,Adj Close,Close,High,Low,Open,Volume", "split"),
        ("Date,Open,High,Low,Close,Volume,Adj Close", None),
        ("Date,Open,High,Low,Close,Volume,Ex-Dividend,Split Ratio,Adj. Close", None),
    ],
)
def test_adjusted_closes_behind_the_volume_do_not_tell_how_the_closes_are_adjusted(bring, header, adjustment):
    """Yahoo's old files and Quandl's have raw closes, and the adjusted ones behind the volume."""
    numbers = ",".join(["1"] * header.count(","))
    assert bring(f"{header}\n2024-01-02,{numbers}\n2024-01-03,{numbers}\n").origin["adjustment"] == adjustment


def test_an_open_that_nobody_recorded_may_be_zero_and_one_below_is_left_out(bring):
    content = "Date,Open,Close\n2024-01-02,0,1\n2024-01-03,{},1\n"
    assert bring(content.format("0.00")).origin["notes"] == []
    done = bring(content.format("-1"))
    assert done.origin["notes"] == ["open cannot be right on 1 day (2024-01-03) and was left out there"]
    assert done.path.read_text().splitlines()[1:] == ["2024-01-02,1,0", "2024-01-03,1,"]


OIL = """Date,Open,High,Low,Close,Adj Close,Volume
2020-04-17,19.87,20.0,17.31,18.27,18.27,10
2020-04-20,17.73,17.85,-40.32,-37.63,-37.63,20
2020-04-21,-14.0,13.86,-16.74,10.01,10.01,30
"""


def test_oil_cost_less_than_nothing(bring, folder):
    done = bring(OIL)
    assert done.origin["notes"][0] == "1 price of 0 or below, on 2020-04-20 (-37.63): log returns cannot be taken"
    assert load_prices("MINE", data_dir=folder).values.tolist() == [18.27, -37.63, 10.01]
    assert load_prices("MINE", "adj_close", folder).values.tolist() == [18.27, -37.63, 10.01]
    assert load_prices("MINE", "low", folder).values.tolist() == [17.31, -40.32, -16.74]


SIX = ["2024-01-02,1", "2024-01-03,2", "2024-01-04,3", "2024-01-05,4", "2024-01-08,5", "2024-01-09,6"]


@pytest.mark.parametrize(
    ("lines", "closes", "note"),
    [
        (
            [*SIX[:2], SIX[3], SIX[2], *SIX[4:]],
            [1, 2, 3, 4, 5, 6],
            "rows were not in the order of days and were sorted",
        ),
        ([*SIX[:3], *SIX[2:]], [1, 2, 3, 4, 5, 6], "1 day (2024-01-04) stood there more than once with one close"),
        (
            [*SIX[:3], "2024-01-04,9", *SIX[3:]],
            [1, 2, 4, 5, 6],
            "1 day (2024-01-04) with two different closes was left out",
        ),
        ([*SIX[:3], "2024-01-05,0", *SIX[4:]], [1, 2, 3, 5, 6], "1 day (2024-01-05) with a close of 0 was left out"),
    ],
)
def test_a_few_rows_at_fault_are_mended_or_left_out_with_a_note(bring, folder, lines, closes, note):
    assert bring("\n".join(["date,close", *lines])).origin["notes"][0] == note
    assert load_prices("MINE", data_dir=folder).values.tolist() == closes
    assert note in bring("\n".join(["date,close", *lines[::-1]])).origin["notes"]
    assert load_prices("MINE", data_dir=folder).values.tolist() == closes


@pytest.mark.usefixtures("folder")
def test_adjusted_closes_that_hold_for_some_days_only_are_left_out(bring):
    done = bring(YAHOO.replace(",1.9,", ",-1.9,"))
    assert done.origin["notes"][0] == "adjusted closes were left out: 1 day (2024-01-02) had none that can be right"
    assert "adj_close" not in done.path.read_text()
    assert bring(YAHOO.replace(",1.9,", ",,")).origin["notes"] == done.origin["notes"]


def test_a_file_that_names_another_symbol_is_imported_with_a_note(bring):
    content = "Date,Close,Symbol\n2024-01-02,1,{0}\n2024-01-03,1,{0}\n"
    assert bring(content.format("TSLA")).origin["notes"][0] == "the file calls its symbol 'TSLA'"
    assert bring(content.format("mine")).origin["notes"] == []


@pytest.mark.parametrize("name", [b"down\xff.csv", b"down\x1b[31m\x07.csv", b"down\n.csv"])
def test_the_record_holds_what_can_be_shown_of_a_file_name(tmp_path, folder, name):
    file = tmp_path / os.fsdecode(name)
    file.write_text(STOOQ)
    done = import_prices("MINE", file, data_dir=folder)
    assert done.origin["source"] in ("file down.csv", "file down[31m.csv")
    assert sorted(os.listdir(folder)) == ["MINE.csv", "MINE.json"]


def test_what_was_done_to_the_rows_is_noted(bring):
    assert bring(FRED).origin["notes"] == ["2 days without a value were left out"]
    assert "rows ran newest first and were turned round" in bring(NASDAQ).origin["notes"]
    assert "the volume is not written in numbers and was left out" in bring(INVESTING).origin["notes"]


def test_the_adjustment_can_be_stated_and_the_days_be_cut(bring):
    done = bring(STOOQ, adjust="total", start=date(2024, 1, 3))
    assert done.origin["adjustment"] == "total"
    assert (done.origin["first"], done.origin["rows"]) == ("2024-01-03", 1)
    with pytest.raises(DataError, match="it runs from 2024-01-02 to 2024-01-03"):
        bring(STOOQ, start=date(2025, 1, 1))


def test_thousands_in_volumes_and_decimal_commas_in_prices(bring, folder):
    bring("Date;Close;Volume\n2024-01-02;2,0;58,414,460\n2024-01-03;2,5;1,234\n")
    assert load_prices("MINE", "volume", folder).values.tolist() == [58414460.0, 1234.0]
    bring("Date;Close;Volume\n2024-01-02;2.0;58.414.460\n2024-01-03;2.5;1.234\n")
    assert load_prices("MINE", "volume", folder).values.tolist() == [58414460.0, 1234.0]


@pytest.mark.parametrize(
    ("content", "message", "hint"),
    [
        ("Date,Close\n01/02/2024,1\n02/02/2024,2\n", "could be 1 Feb 2024 or 2 Jan 2024", "--date-format"),
        ("Date;Close\n2024-01-02;1,234\n2024-01-03;1,235\n", "could be 1.234 or 1234", "--decimal"),
        ("Date;Close\n2024-01-02;974\n2024-01-03;1.011\n", "could be 1.011 or 1011", "--decimal"),
        ("Date,Open,Close\n2024-01-02,974,1.002\n2024-01-03,1.002,1.011\n", "could be 1.002 or 1002", "--decimal"),
        ("Open,Close\n1,2\n3,4\n", "no column holds dates", "save it with the index"),
        (TWO_HEADERS.replace("X,X,X,X,X", "X,X,Y,Y,Y"), "the columns are Date, X Close, X High, Y Low", "--column"),
        (STOOQ.replace(",2.5,", ",0,").replace(",2,", ",0,"), "down.csv:2: 'Close' must not be 0; got 0 (and 1", ""),
        ("Date,Close,Symbol\n2024-01-02,1,X\n2024-01-03,1,Y\n", "holds several symbols (X, Y)", ""),
        (STOOQ.replace("2024-01-03", "2024-01-02"), "2024-01-02 stands on line 2 and on line 3", ""),
        ("observation_date,SP500\n2024-01-01,.\n2024-01-02,\n", "no day has a value under 'SP500'", ""),
        ("Get your apikey:\n1. Open https://...\n", "no column holds dates", ""),
        ("<html>\n<body>\n", "a web page", ""),
    ],
)
def test_a_wrong_guess_is_worse_than_a_question(bring, folder, content, message, hint):
    with pytest.raises(DataError) as caught:
        bring(content)
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")
    assert not folder.exists()


def test_a_failed_import_leaves_what_was_kept(bring, folder):
    bring(STOOQ)
    before = (folder / "MINE.json").read_bytes(), (folder / "MINE.csv").read_bytes()
    with pytest.raises(DataError):
        bring("rubbish")
    assert ((folder / "MINE.json").read_bytes(), (folder / "MINE.csv").read_bytes()) == before
    assert json.loads(before[0])["rows"] == 2
