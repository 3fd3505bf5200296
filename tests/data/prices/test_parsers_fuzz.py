"""Random and mutated bodies: a parser gives good bars or one of its own failures, and nothing bad is kept."""

import copy
import json
from datetime import UTC, date, datetime
from types import ModuleType

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rnnlab.data.prices.bars import Bars, fault, from_csv, to_csv
from rnnlab.data.prices.imports import bars_from
from rnnlab.data.prices.sources import nasdaq, stooq, tiingo, twelvedata, yahoo
from rnnlab.data.prices.sources.client import Answer
from rnnlab.data.prices.sources.connection import retry_after
from rnnlab.data.prices.sources.failures import SourceError, first_line
from rnnlab.data.prices.sources.source import Query
from rnnlab.data.prices.symbols import check_symbol, file_stem, symbol_of
from rnnlab.data.reading.layout import parse_text_table
from rnnlab.errors import DataError
from rnnlab.words import rough_duration
from tests.data.prices import replay

PARSERS = (yahoo, nasdaq, stooq, tiingo, twelvedata)
ROWS = replay.History(last=date(2024, 1, 12)).rows()
BODIES = {
    yahoo: replay.yahoo_body(ROWS),
    nasdaq: replay.nasdaq_body(ROWS),
    stooq: replay.stooq_body(ROWS),
    tiingo: replay.tiingo_body(ROWS),
    twelvedata: replay.twelvedata_body(ROWS),
}
ODD = st.sampled_from(
    [
        None,
        True,
        "",
        "x",
        "NaN",
        -1,
        0,
        1e308,
        10**400,
        [],
        {},
        [[]],
        "\x1b[2J",
        "2024-02-30",
        "٣",
        {"date": 1},
    ]
).map(copy.deepcopy)  # else lists come to hold each other
CUTS = st.tuples(st.integers(0, 2000), st.integers(0, 40), st.binary(max_size=12))


def parse(source: ModuleType, body: bytes, status: int = 200, adjustment: str | None = None) -> Bars | None:
    """The bars, checked, or None where the parser refused with a failure of its own."""
    query = Query("AAPL", date(2024, 1, 1), date(2024, 1, 31), adjustment or source.SOURCE.adjustments[0])
    try:
        bars = source.parse(Answer(status, {}, body), query)
    except SourceError as failure:
        told = failure
    else:
        check(bars)
        return bars
    assert f"{told.message}{told.hint}".isprintable()
    assert len(told.message) < 400
    return None


def check(bars: Bars) -> None:
    """Good to keep, and read back as they are."""
    assert fault(bars) is None
    assert bars.first >= date(2024, 1, 1)
    assert bars.last <= date(2024, 1, 31)
    content = to_csv(bars)
    assert to_csv(from_csv(content, "stored")) == content


@pytest.mark.parametrize("source", PARSERS)
def test_the_bodies_are_good_before_they_are_mutated(source):
    bars = parse(source, BODIES[source].encode())
    assert bars is not None
    assert bars.rows == len(ROWS)


@pytest.mark.parametrize("source", PARSERS)
@given(body=st.binary(max_size=300), status=st.sampled_from([200, 204, 400, 401, 403, 404, 418]))
@settings(max_examples=60)
def test_random_bytes(source, body, status):
    parse(source, body, status)


@pytest.mark.parametrize("source", PARSERS)
@given(cuts=st.lists(CUTS, min_size=1, max_size=4))
@settings(max_examples=80)
def test_bodies_with_bytes_cut_out_and_put_in(source, cuts):
    body = BODIES[source].encode()
    for at, length, filler in cuts:
        at %= len(body) + 1
        body = body[:at] + filler + body[at + length :]
    parse(source, body)


def _paths(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _paths(item, (*path, key))


@pytest.mark.parametrize("source", [yahoo, nasdaq, tiingo, twelvedata])
@given(data=st.data())
@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
def test_json_with_a_part_replaced_or_taken_out(source, data):
    content = json.loads(BODIES[source])
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from([path for path in _paths(content) if path]))
        owner = content
        for key in path[:-1]:
            owner = owner[key]
        if isinstance(owner, dict) and data.draw(st.booleans()):
            del owner[path[-1]]
        else:
            owner[path[-1]] = data.draw(ODD)
        if not content:
            break
    adjustment = data.draw(st.sampled_from(source.SOURCE.adjustments))
    parse(source, json.dumps(content).encode(), adjustment=adjustment)


CELLS = st.sampled_from(
    [
        *("2024-01-02", "2024-01-03", "01/02/2024", "13/01/2024", "0001-01-01", "9999-12-31", "9" * 400),
        *("1.5", "-2", "1,5", "1.234,5", "$1", "", ".", "nan", "0", "1e999"),
        *('"', ";", "Date", "Close", "Ticker", "\ufeff", "\x00", "é"),
    ]
)


@given(
    rows=st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=6),
    header=st.sampled_from(
        ["Date,Close", "Date;Close", "Date,Close/Last,Volume", "observation_date,X", "Price,Close", ""]
    ),
    delimiter=st.sampled_from([",", ";", "\t"]),
    encoding=st.sampled_from(["utf-8", "utf-16", "latin-1"]),
)
@settings(max_examples=250)
@example(rows=[["2024-01-02", "1"], ["0001-01-01", "2"]], header="Date,Close", delimiter=",", encoding="utf-8")
def test_files_made_of_odd_cells(rows, header, delimiter, encoding):
    text = "\n".join([header, *(delimiter.join(row) for row in rows)])
    check_import(text.encode(encoding, "replace"))


@given(st.binary(max_size=400))
@settings(max_examples=200)
def test_files_of_random_bytes(content):
    check_import(content)


def check_import(content: bytes) -> None:
    try:
        bars = bars_from(parse_text_table(content, "file.csv")).bars
    except DataError:
        return
    assert fault(bars) is None
    np.testing.assert_array_equal(from_csv(to_csv(bars), "stored").close, bars.close)


@given(st.text(max_size=40))
@example("A~")
@example("CON")
@example("com1.x")
@settings(max_examples=300)
def test_symbols_and_file_names_are_one_to_one(text):
    try:
        symbol = check_symbol(text)
    except DataError:
        return
    stem = file_stem(symbol)
    assert symbol_of(stem) == symbol
    assert check_symbol(symbol) == symbol
    assert stem == stem.upper()
    assert not set(stem) & set('/\\:*?"<>|% ')
    assert stem.strip(".") == stem


@given(st.text(max_size=300))
@example("\xa0a\u2009b\x1b[31mc\u202e")
def test_the_first_line_of_anything_can_be_shown(text):
    line = first_line(text)
    assert line.isprintable()
    assert len(line) <= 80


@given(st.text(max_size=40))
@example("99999999999999999999")
@example("Wed, 21 Oct 2015 07:28:00 GMT")
@example("-5")
@example("1\x1f")
def test_any_retry_after_is_nothing_or_a_time(text):
    wait = retry_after(text, datetime(2026, 1, 1, tzinfo=UTC))
    assert wait is None or 0 <= wait < 4e11
    if wait is not None:
        assert rough_duration(wait).split()[1].rstrip("s") in ("second", "minute", "hour", "day")


@given(
    st.lists(st.floats(1e-6, 1e9), min_size=1, max_size=20),
    st.lists(st.one_of(st.just(float("nan")), st.floats(0, 1e15)), min_size=20, max_size=20),
)
def test_a_stored_file_reads_back_bit_for_bit(closes, volumes):
    days = np.datetime64("2024-01-01") + np.arange(len(closes))
    bars = Bars(days, {"close": np.array(closes), "volume": np.array(volumes[: len(closes)])})
    again = from_csv(to_csv(bars), "stored")
    np.testing.assert_array_equal(again.dates, bars.dates)
    for name, values in bars.columns.items():
        np.testing.assert_array_equal(again.columns[name], values)
