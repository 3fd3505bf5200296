"""Layouts of files as sites, spreadsheets and programs write them: what is read, and over which calendar."""

# ruff: noqa: E501 (a layout is a line)

import numpy as np
import pytest

from rnnlab.data.reading.layout import parse_text_table
from rnnlab.data.reading.reader import series_from, understood
from rnnlab.errors import DataError


def read(content, **options):
    return series_from(
        parse_text_table(content if isinstance(content, bytes) else content.encode(), "f.csv"), **options
    )


def table(header, stamps, values=(1, 2, 3, 4, 5, 6), delimiter=","):
    return "\n".join(
        [*([header] if header else []), *(f"{s}{delimiter}{v}" for s, v in zip(stamps, values, strict=True)), ""]
    )


DAYS = [f"2024-01-{day:02d}" for day in (1, 2, 3, 4, 5, 8)]
HOURS = [f"2024-01-01 {hour:02d}:00" for hour in range(6)]
SIX = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]

CALENDARS = {
    "years": (table("year,x", range(2000, 2006)), "yearly", "2000", "2005"),
    "years as floats": (table("Year,x", [f"{y}.0" for y in range(2000, 2006)]), "yearly", "2000", "2005"),
    "first days of years": (table("date,x", [f"{y}-01-01" for y in range(2000, 2006)]), "yearly", "2000-01-01", "2005-01-01"),
    "quarters": (table("quarter,x", ["2024-Q1", "2024-Q2", "2024-Q3", "2024-Q4", "2025-Q1", "2025-Q2"]), "quarterly", "2024-Q1", "2025-Q2"),
    "quarters without a mark": (table("period,x", ["2024Q1", "2024Q2", "2024Q3", "2024Q4", "2025Q1", "2025Q2"]), "quarterly", "2024-Q1", "2025-Q2"),
    "quarters first": (table("when,x", ["Q1 2024", "Q2 2024", "Q3 2024", "Q4 2024", "Q1 2025", "Q2 2025"]), "quarterly", "2024-Q1", "2025-Q2"),
    "quarters as numbers first": (table("when,x", ["1Q2024", "2Q2024", "3Q2024", "4Q2024", "1Q2025", "2Q2025"]), "quarterly", "2024-Q1", "2025-Q2"),
    "months": (table("Month,Passengers", [f"1949-{m:02d}" for m in range(1, 7)]), "monthly", "1949-01", "1949-06"),
    "months by name": (table("when,x", ["Jan 2000", "Feb 2000", "Mar 2000", "Apr 2000", "May 2000", "Jun 2000"]), "monthly", "2000-01", "2000-06"),
    "long months by name": (table("when,x", ["January 2000", "February 2000", "March 2000", "April 2000", "May 2000", "June 2000"]), "monthly", "2000-01", "2000-06"),
    "months by name with a dash": (table("when,x", ["Jan-2000", "Feb-2000", "Mar-2000", "Apr-2000", "May-2000", "Jun-2000"]), "monthly", "2000-01", "2000-06"),
    "year and month by name": (table("when,x", ["2000 Jan", "2000 Feb", "2000 Mar", "2000 Apr", "2000 May", "2000 Jun"]), "monthly", "2000-01", "2000-06"),
    "Eurostat's months": (table("TIME_PERIOD,x", [f"2000M{m:02d}" for m in range(1, 7)]), "monthly", "2000-01", "2000-06"),
    "month before year": (table("when,x", [f"{m:02d}/2000" for m in range(1, 7)]), "monthly", "2000-01", "2000-06"),
    "month, point, year": (table("month,x", [f"{m:02d}.2000" for m in range(1, 7)]), "monthly", "2000-01", "2000-06"),
    "compact months": (table("YYYYMM,x", [f"2000{m:02d}" for m in range(1, 7)]), "monthly", "2000-01", "2000-06"),
    "months of years 1 to 3": (table("Month,Sales", [f"1-{m:02d}" for m in range(1, 7)]), "monthly", "0001-01", "0001-06"),
    "months as decimal years": (table("time,value", [f"{1949 + m / 12:.6f}" for m in range(6)]), "monthly", "1949-01", "1949-06"),
    "quarters as decimal years": (table("time,value", [1949, 1949.25, 1949.5, 1949.75, 1950, 1950.25]), "quarterly", "1949-Q1", "1950-Q2"),
    "ends of months": (table("date,x", ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30", "2024-05-31", "2024-06-30"]), "monthly", "2024-01-31", "2024-06-30"),
    "year and month apart": ("Year,Month,x\n" + "".join(f"2000,{m},{m}\n" for m in range(1, 7)), "monthly", "2000-01", "2000-06"),
    "year, month, day and hour apart": ("No,year,month,day,hour,x\n" + "".join(f"{h + 1},2010,1,1,{h},{h + 1}\n" for h in range(6)), "hourly", "2010-01-01 00:00", "2010-01-01 05:00"),
    "ISO weeks": (table("week,x", [f"2024-W{w:02d}" for w in range(5, 11)]), "weekly", "2024-W05", "2024-W10"),
    "weeks by their first day": (table("date,x", ["2024-01-01", "2024-01-08", "2024-01-15", "2024-01-22", "2024-01-29", "2024-02-05"]), "weekly", "2024-01-01", "2024-02-05"),
    "a week that came a day early": (table("date,x", ["2024-01-05", "2024-01-12", "2024-01-19", "2024-01-25", "2024-02-02", "2024-02-09"]), "weekly", "2024-01-05", "2024-02-09"),
    "business days": (table("date,x", DAYS), "business days", "2024-01-01", "2024-01-08"),
    "days": (table("date,x", [f"2024-01-{d:02d}" for d in range(1, 7)]), "daily", "2024-01-01", "2024-01-06"),
    "days for Prophet": (table("ds,y", [f"2024-01-{d:02d}" for d in range(1, 7)]), "daily", "2024-01-01", "2024-01-06"),
    "days with the name of the day": (table("when;x", [f"Mon, 0{d} January 2024" for d in range(1, 7)], delimiter=";"), "daily", "2024-01-01", "2024-01-06"),
    "hours": (table("time,x", HOURS), "hourly", "2024-01-01 00:00", "2024-01-01 05:00"),
    "hours with T and Z": (table("time,x", [hour.replace(" ", "T") + ":00Z" for hour in HOURS]), "hourly", "2024-01-01 00:00", "2024-01-01 05:00"),
    "hours before and after noon": (table("time,x", ["01/13/2024 10:00 AM", "01/13/2024 11:00 AM", "01/13/2024 12:00 PM", "01/13/2024 1:00 PM", "01/13/2024 2:00 PM", "01/13/2024 3:00 PM"]), "hourly", "2024-01-13 10:00", "2024-01-13 15:00"),
    "date and time apart": ("<DATE>\t<TIME>\t<CLOSE>\n" + "".join(f"2024.01.02\t0{h}:00:00\t{h + 1}\n" for h in range(6)), "hourly", "2024-01-02 00:00", "2024-01-02 05:00"),
    "minutes": (table("time,x", [f"2024-01-01 00:{m:02d}" for m in range(0, 90, 15)[:4]] + ["2024-01-01 01:00", "2024-01-01 01:15"]), "every 15 minutes", "2024-01-01 00:00", "2024-01-01 01:15"),
    "seconds": (table("time,x", [f"2024-01-01 00:00:{s:02d}" for s in range(0, 30, 5)]), "every 5 seconds", "2024-01-01 00:00", "2024-01-01 00:00:25"),
    "fractions of a second": (table("time,x", [f"2024-01-01 00:00:00.{s}00" for s in range(6)]), "every 100 milliseconds", "2024-01-01 00:00", "2024-01-01 00:00:00.5"),
    "epoch seconds": (table("timestamp,x", [1704067200 + 3600 * h for h in range(6)]), "hourly", "2024-01-01 00:00", "2024-01-01 05:00"),
    "epoch milliseconds": (table("timestamp,x", [1704067200000 + 3600000 * h for h in range(6)]), "hourly", "2024-01-01 00:00", "2024-01-01 05:00"),
    "epoch seconds of days": (table("unix,x", [1704067200 + 86400 * d for d in range(6)]), "daily", "2024-01-01", "2024-01-06"),
    "compact times": (table("time,x", [f"202401010{h}00" for h in range(6)]), "hourly", "2024-01-01 00:00", "2024-01-01 05:00"),
    "irregular days": (table("date,x", ["2024-01-01", "2024-01-04", "2024-01-05", "2024-02-19", "2024-02-20", "2024-05-01"]), "irregular", "2024-01-01", "2024-05-01"),
    "steps": (table("t,x", range(6)), "steps", "0", "5"),
    "steps that look like years": (table("step,x", range(2000, 2006)), "steps", "2000", "2005"),
    "every tenth step": (table("step,x", range(0, 60, 10)), "steps of 10", "0", "50"),
    "seconds since the start": (table("time,x", [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]), "steps of 0.1", "0", "0.5"),
    "values alone": ("laser\n1\n2\n3\n4\n5\n6\n", "steps", "1", "6"),
    "values alone, no header": ("1\n2\n3\n4\n5\n6\n", "steps", "1", "6"),
    "no header": (table("", DAYS), "business days", "2024-01-01", "2024-01-08"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "words", "first", "last"), CALENDARS.values(), ids=CALENDARS)
def test_a_calendar_of_any_kind(content, words, first, last):
    series = read(content)
    assert (series.calendar.words, series.first, series.last) == (words, first, last)
    assert series.values.tolist() == SIX
    assert understood(series).startswith(f"6 rows, {words}, {first} to {last}")


ABOVE = {
    "a title": "Sales of the shop\n",
    "an address": "https://example.com/data.csv\n",
    "the delimiter": "sep=;\n",
    "a block of metadata": 'Title;"Sales, all of them"\nSource;Shop\nUnits;USD\nUpdated;2024-02-01\n\n',
    "a page of text": "FRED Graph Observations\nFederal Reserve Economic Data\nLink: https://example.com\n\nSALES  Sales of the shop\nFrequency: Daily\n\n",
    "comments": "# one\n# two\n",
}


@pytest.mark.parametrize("above", ABOVE.values(), ids=ABOVE)
def test_lines_above_the_header(above):
    series = read(above + table("date;sales", DAYS, delimiter=";"))
    assert (series.name, series.values.tolist(), series.stamps.astype(str).tolist()) == ("sales", SIX, DAYS)
    lines = sum(1 for line in above.splitlines() if line) if not above.startswith(("#", "sep")) else 0
    were = {0: (), 1: ("1 line above the header was left out",)}.get(
        lines, (f"{lines} lines above the header were left out",)
    )
    assert series.notes == were


def test_the_lines_of_rows_are_counted_from_the_top_of_the_file():
    assert read("a title\n\n" + table("date,x", DAYS)).lines.tolist() == [4, 5, 6, 7, 8, 9]
    assert read("sep=;\n" + table("date;x", DAYS, delimiter=";")).lines.tolist() == [3, 4, 5, 6, 7, 8]


def test_lines_below_the_rows_are_left_out():
    series = read(table("date,x", DAYS) + "\nSource: the shop\nAll rights reserved\n")
    assert (series.values.tolist(), series.notes) == (SIX, ("2 lines below the rows were left out",))


@pytest.mark.parametrize("content", [
    "date,x,\n2024-01-01,1\n2024-01-02,2\n",
    "date,x\n2024-01-01,1,\n2024-01-02,2,\n",
    "date,x,\n2024-01-01,1,\n2024-01-02,2,\n",
    "date;x;;;\n2024-01-01;1;;;\n2024-01-02;2;;;\n",
])  # fmt: skip
def test_a_delimiter_at_the_end_of_a_line_is_no_column(content):
    series = read(content)
    assert (series.values.tolist(), list(series.columns)) == ([1.0, 2.0], ["x"])


PANDAS = {
    "columns over tickers": "Price,Close,High,Low,Open,Volume\nTicker,AAPL,AAPL,AAPL,AAPL,AAPL\nDate,,,,,\n",
    "tickers over columns": "Ticker,AAPL,AAPL,AAPL,AAPL,AAPL\nPrice,Close,High,Low,Open,Volume\nDate,,,,,\n",
    "columns over nameless tickers": ",Close,High,Low,Open,Volume\n,AAPL,AAPL,AAPL,AAPL,AAPL\nDate,,,,,\n",
    "tickers beside the date": "Date,Close,High,Low,Open,Volume\n,AAPL,AAPL,AAPL,AAPL,AAPL\n",
    "the index on a line of its own": ",Close,High,Low,Open,Volume\nDate,,,,,\n",
    "one header": "Date,Close,High,Low,Open,Volume\n",
}  # fmt: skip


@pytest.mark.parametrize("header", PANDAS.values(), ids=PANDAS)
def test_a_pandas_dump_with_a_ticker_row_in_either_order(header):
    series = read(header + "".join(f"{day},{v},9,0,1,{100 + v}\n" for day, v in zip(DAYS, SIX, strict=True)))
    assert (series.name, series.values.tolist(), series.notes) == ("Close", SIX, ())
    assert series.stamps.astype(str).tolist() == DAYS


def test_a_pandas_dump_of_several_tickers_is_asked_about():
    content = "Price,Close,Close\nTicker,AAPL,MSFT\nDate,,\n2024-01-01,1,7\n2024-01-02,2,8\n"
    with pytest.raises(DataError, match="more than one column could hold the values") as caught:
        read(content)
    assert "AAPL Close, MSFT Close" in caught.value.message
    assert read(content, value="MSFT Close").values.tolist() == [7.0, 8.0]


def test_an_unnamed_choice_among_numeric_columns_is_asked():
    content = "date,temp,rain\n2024-01-01,1,7\n2024-01-02,2,8\n"
    with pytest.raises(DataError, match="more than one column could hold the values; name one") as caught:
        read(content)
    assert caught.value.hint == "Say which: data.value_column in a config, --column on the command line, e.g. 'temp'."
    assert read(content, value="rain").values.tolist() == [7.0, 8.0]
    with pytest.raises(DataError, match="more than one column"):
        read("date,close,temperature\n2024-01-01,1,7\n2024-01-02,2,8\n")
    assert read("date,close,open,volume\n2024-01-01,1,7,3\n2024-01-02,2,8,4\n").name == "close"


def test_of_two_columns_of_dates_one_is_asked_for():
    content = "seen,valid,sold\n2024-01-01,2024-02-01,1\n2024-01-02,2024-02-02,2\n"
    with pytest.raises(DataError, match="more than one column could hold the dates") as caught:
        read(content)
    assert caught.value.hint == "Say which: data.date_column in a config, 'seen' or 'valid'."
    assert read(content, date="valid").first == "2024-02-01"


def test_names_of_columns_that_are_numbers():
    content = "date,0,1,OT\n2016-07-01 00:00:00,1,7,3\n2016-07-01 01:00:00,2,8,4\n"
    assert read(content, value="OT").values.tolist() == [3.0, 4.0]
    assert read(content, value="1").values.tolist() == [7.0, 8.0]


def test_columns_without_names_are_numbered():
    content = "0.7855,1.611,0.861\n0.7818,1.610,0.861\n0.7867,1.6293,0.861\n"
    series = read(content, value="column 2")
    assert series.values.tolist() == [1.611, 1.610, 1.6293]
    assert "no line names the columns; they are called column 1, column 2, ..." in series.notes
    assert "no column holds times; the rows are numbered from 1" in series.notes


FIGURES = {
    "euros behind": ("100,00 €", "1.100,50 €", 100.0, 1100.5),
    "parentheses": ("(100.00)", "100.50", -100.0, 100.5),
    "dollars behind the sign": ("-$100.00", "$1,100.00", -100.0, 1100.0),
    "dollars in parentheses": ("($100.00)", "$7.25", -100.0, 7.25),
    "apostrophes": ("1'200.50", "12'345'678.25", 1200.5, 12345678.25),
    "curly apostrophes": ("1\u2019200.50", "900.25", 1200.5, 900.25),
    "blanks": ("1 200.50", "900.25", 1200.5, 900.25),
    "blanks and commas": ("1\u202f200,50", "900,25", 1200.5, 900.25),
    "lakhs": ("1,23,456.78", "12,34,56,789.5", 123456.78, 123456789.5),
    "a minus sign": ("\u2212100.5", "7.5", -100.5, 7.5),
    "a minus behind": ("100.5-", "7.5", -100.5, 7.5),
    "percent": ("12.5%", "-3.25 %", 12.5, -3.25),
    "percent with commas": ("12,5 %", "-3,25%", 12.5, -3.25),
    "codes": ("USD 12.5", "EUR -3.25", 12.5, -3.25),
    "kroner": ("kr 1.200,50", "900,25 kr", 1200.5, 900.25),
    "rupees": ("Rs. 1,23,456.78", "\u20b9 5.25", 123456.78, 5.25),
    "an exponent": ("1.5e3", "-2.5E-3", 1500.0, -0.0025),
    "a plus": ("+1.5", "2.5", 1.5, 2.5),
}  # fmt: skip


@pytest.mark.parametrize(("one", "two", "first", "second"), FIGURES.values(), ids=FIGURES)
def test_figures_in_every_dress(one, two, first, second):
    content = f"date;x\n2024-01-01;{one}\n2024-01-02;{two}\n"
    assert read(content).values.tolist() == [first, second]
    assert read(content.replace(";", "\t")).values.tolist() == [first, second]
    quoted = f'date,x\n2024-01-01,"{one}"\n2024-01-02,"{two}"\n'
    assert read(quoted).values.tolist() == [first, second]


@pytest.mark.parametrize(
    "figure",
    ["(-1)", "--1", "-1-", "1-2", "$", "()", "1.2.3", "1,23,45", "1'23", "12 34", "0x1", "1_0", "%5", "5%%", "(5"],
)
def test_what_is_no_figure_counts_as_missing_with_a_note(figure):
    series = read(f"date;x\n2024-01-01;1\n2024-01-02;{figure}\n2024-01-03;3\n")
    assert np.isnan(series.values).tolist() == [False, True, False]
    assert series.notes == (f"{figure!r} on line 3 is no number in 'x' and counts as missing",)


def test_the_marks_are_said():
    assert understood(read("date;x\n2024-01-01;1.200,5\n2024-01-02;900\n")).endswith(
        "column 'x', decimal comma, thousands point"
    )
    assert understood(read("date;x\n2024-01-01;1'200.5\n2024-01-02;900\n")).endswith(
        "column 'x', decimal point, thousands apostrophe"
    )
    assert understood(read("date;x\n2024-01-01;1200\n2024-01-02;900\n")).endswith("column 'x'")


def test_two_marks_in_one_column_are_asked_about():
    with pytest.raises(DataError, match=r"'187,15' has a decimal comma, '1\.5' a decimal point"):
        read("date;x\n2024-01-01;187,15\n2024-01-02;1.5\n")


def test_days_at_one_time_of_day_are_days_whatever_the_clocks_do():
    content = table(
        "Date,x",
        [
            "2024-03-08 00:00:00-05:00",
            "2024-03-09 00:00:00-05:00",
            "2024-03-10 00:00:00-05:00",
            "2024-03-11 00:00:00-04:00",
            "2024-03-12 00:00:00-04:00",
            "2024-03-13 00:00:00-04:00",
        ],
    )
    series = read(content)
    assert (series.calendar.words, series.first, series.zone) == ("daily", "2024-03-08", None)


def test_hours_across_the_end_of_summer_time_are_told_apart_in_utc():
    stamps = [
        "2024-11-03 00:00:00-04:00",
        "2024-11-03 01:00:00-04:00",
        "2024-11-03 01:00:00-05:00",
        "2024-11-03 02:00:00-05:00",
        "2024-11-03 03:00:00-05:00",
        "2024-11-03 04:00:00-05:00",
    ]
    series = read(table("time,x", stamps))
    assert (series.calendar.words, series.first, series.last, series.zone) == (
        "hourly",
        "2024-11-03 04:00",
        "2024-11-03 09:00",
        "UTC",
    )
    assert "(UTC)" in understood(series)
    assert (
        read(table("time,x", [s.replace("-04:00", "-05:00") for s in stamps][2:] + stamps[:0], (1, 2, 3, 4))).zone
        == "-05:00"
    )


@pytest.mark.parametrize(("date_format", "second"), [("excel", "2024-01-02"), ("step", "45293")])
def test_day_numbers_of_excel_are_asked_about(date_format, second):
    content = table("date,x", range(45292, 45298))
    with pytest.raises(
        DataError, match=r"the dates could be the day numbers of Excel \(45292 is 2024-01-01\), or plain numbers"
    ):
        read(content)
    assert read(content, date_format=date_format).label(read(content, date_format=date_format).stamps[1]) == second


def test_a_format_without_a_day_gives_months():
    series = read(
        table("when;x", ["Jan-00", "Feb-00", "Mar-00", "Apr-00", "May-00", "Jun-00"], delimiter=";"),
        date="when",
        date_format="%b-%y",
    )
    assert (series.calendar.words, series.first, series.last) == ("monthly", "2000-01", "2000-06")


@pytest.mark.parametrize(("text", "message"), [
    ("2024-13", "must be a month of the calendar; got '2024-13'"),
    ("2024-W54", "must be a week of the calendar; got '2024-W54'"),
    ("2024-01-01 25:00", "must be a time of day; got '2024-01-01 25:00'"),
    ("2024-01-01 13:00 PM", "must be a time of day"),
    ("2024-02-30 10:00", "must be a day of the calendar"),
])  # fmt: skip
def test_times_that_are_not_in_the_calendar(text, message):
    with pytest.raises(DataError) as caught:
        read(f"date,x\n{text},1\n{text},2\n")
    assert message in caught.value.message
    assert caught.value.message.startswith("f.csv:2: ")


def test_rows_out_of_order_are_sorted_and_repeated_ones_left_out():
    series = read("date,x\n2024-01-03,3\n2024-01-01,1\n2024-01-02,2\n2024-01-02,2\n")
    assert (series.values.tolist(), series.lines.tolist()) == ([1.0, 2.0, 3.0], [3, 4, 2])
    assert series.notes == (
        "rows were not in the order of time and were sorted",
        "1 row that repeats another was left out",
    )
    with pytest.raises(
        DataError, match=r"f\.csv:4: each time must have one value; 2024-01-02 has two, on line 3 and on line 4\."
    ):
        read("date,x\n2024-01-01,1\n2024-01-02,2\n2024-01-02,3\n")


def test_a_fred_file_of_spreads():
    series = read("observation_date,T10Y2Y\n2024-01-01,.\n2024-01-02,-0.38\n2024-01-03,0.00\n2024-01-04,0.12\n")
    assert series.values[1:].tolist() == [-0.38, 0.0, 0.12]
    assert np.isnan(series.values[0])
    assert series.notes == ()


def test_a_column_called_data_holds_dates_where_they_are_written_as_dates():
    assert read("time,data\n0,5\n1,6\n2,7\n").values.tolist() == [5.0, 6.0, 7.0]
    assert read("t,data\n0,5\n1,6\n2,7\n").values.tolist() == [5.0, 6.0, 7.0]
    assert read("data\n5\n6\n7\n").values.tolist() == [5.0, 6.0, 7.0]
    assert read("Data;kurs\n2024-01-01;5\n2024-01-02;6\n").values.tolist() == [5.0, 6.0]
