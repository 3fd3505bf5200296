"""Any CSV file with a date and a value column; every fault in one sentence with its place."""

# ruff: noqa: E501 (a case of the tables below is a line)

import gzip
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from rnnlab.data.reading.reader import load_csv
from rnnlab.errors import DataError

DAYS = ["2024-01-02", "2024-01-03", "2024-01-04"]


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Write the content to `f.csv` in the working folder, and load it."""
    monkeypatch.chdir(tmp_path)

    def run(content, **options):
        (tmp_path / "f.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
        return load_csv("f.csv", **options)

    return run


def rows(*values, header="date,close", delimiter=","):
    return "\n".join([header, *(f"{day}{delimiter}{value}" for day, value in zip(DAYS, values, strict=False)), ""])


@pytest.mark.usefixtures("tmp_path")
def test_a_plain_file(load):
    series = load(rows(1.5, "2", "1e1"))
    assert series.stamps.astype(str).tolist() == DAYS
    assert series.stamps.dtype == np.dtype("datetime64[D]")
    assert series.values.tolist() == [1.5, 2.0, 10.0]
    assert (series.name, series.source, str(series.path)) == ("close", "file f.csv", "f.csv")
    assert (series.rows, str(series.first), str(series.last)) == (3, "2024-01-02", "2024-01-04")
    assert len(series.sha256) == 64
    assert series.notes == ()


def test_rows_that_run_newest_first_are_turned_round_and_a_note_says_so(load):
    series = load("date,close\n2024-01-04,3\n2024-01-03,2\n2024-01-02,1\n")
    assert series.values.tolist() == [1.0, 2.0, 3.0]
    assert series.notes == ("rows ran newest first and were turned round",)


@pytest.mark.parametrize(
    "content",
    [
        "\ufeffDate,Close\r\n2024-01-02,1.5\r\n2024-01-03,2\r\n",
        b"\xff\xfe" + "Date\tClose\n2024-01-02\t1.5\n2024-01-03\t2\n".encode("utf-16-le"),
        "Date;Close\n2024-01-02;1,5\n2024-01-03;2\n",
        "Date|Close\n2024-01-02|1.5\n2024-01-03|2\n",
        '# a comment\nDate,Close,\n"2024-01-02","1.5",\n\n2024-01-03, 2 ,\n',
        "observation_date,SP500\n2024-01-02,1.5\n2024-01-03,2\n",
        "timestamp,open,high,low,close,volume\n2024-01-02,9,9,9,1.5,9\n2024-01-03,9,9,9,2,9\n",
        "Date,Close,Adj Close\n2024-01-02,1.5,9\n2024-01-03,2,9\n",
        "when,what,x\n20240102,text,1.5\n20240103,text,2\n",
        ",Date,x\n0,2024-01-02,1.5\n1,2024-01-03,2\n",
        "Date,Close\n2024-01-02 00:00:00-05:00,1.5\n2024-01-03 00:00:00-05:00,2\n",
        "Date,Close\n2024/1/2,1.5\n2024/1/3,2\n",
        'Date,Close\n"Jan 2, 2024",1.5\n"Jan 3, 2024",2\n',
        "Date,Close\n2 January 2024,1.5\n3 January 2024,2\n",
        "prix,jour\n1.5,2024-01-02\n2,2024-01-03\n".encode("latin-1"),
    ],
)
def test_every_common_dress(load, content):
    series = load(content)
    assert series.values.tolist() == [1.5, 2.0]
    assert series.stamps.astype(str).tolist() == DAYS[:2]


def test_columns_can_be_named_in_any_case(load):
    content = "Day,Low,High\n2024-01-02,1,5\n2024-01-03,2,6\n"
    assert load(content, date="day", value="HIGH").values.tolist() == [5.0, 6.0]


def test_days_above_12_tell_day_from_month(load):
    assert load("date,x\n05/01/2024,1\n13/01/2024,2\n").stamps.astype(str).tolist() == [
        "2024-01-05",
        "2024-01-13",
    ]
    assert load("date,x\n01.05.2024,1\n01.13.2024,2\n").stamps.astype(str).tolist() == [
        "2024-01-05",
        "2024-01-13",
    ]


@pytest.mark.parametrize(("date_format", "second"), [("DD/MM/YYYY", "2024-02-01"), ("%m/%d/%Y", "2024-01-02")])
def test_a_date_format_decides(load, date_format, second):
    series = load("date,x\n01/01/2024,1\n01/02/2024,2\n", date_format=date_format)
    assert str(series.last) == second


def test_values_of_any_sign_are_fine(load):
    assert load(rows(1, -2, 0)).values.tolist() == [1.0, -2.0, 0.0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "f.csv: is empty; a header line and rows of a date and a value are needed."),
        ("\n \n", "f.csv: is empty; a header line and rows of a date and a value are needed."),
        (b"a,b\n1,\x00\n", "f.csv:2: must be text; found the control code \\x00: a binary file?"),
        (b"PK\x03\x04...", "an Excel workbook"),
        (gzip.compress(b"date,close", mtime=0), "compressed with gzip; unpack it first"),
        ("<!DOCTYPE html>\n<p>", "f.csv: a CSV file is needed; this is a web page"),
        ('{"a": 1}', "f.csv: a CSV file is needed; this is JSON."),
        ("date,close\n", "f.csv: holds one line and no rows under it; that line is 'date,close'."),
        ("Exceeded the daily hits limit", "that line is 'Exceeded the daily hits limit'."),
        ("date,close\n2024-01-02,1\n", "f.csv: must hold at least 2 rows; holds 1."),
        ("2024-01-02,1,2\n2024-01-03,2,3\n", "f.csv: more than one column could hold the values; name one; the columns are column 1, column 2, column 3."),
        ("a,b\nx,2\ny,4\n", "f.csv: no column holds dates; the columns are a, b."),
        ("a,b\n1,2\n3,4\n", "f.csv: more than one column could hold the values; name one; the columns are a, b."),
        ("date,a,b\n2024-01-02,1,2\n", "more than one column could hold the values; name one; the columns are date, a, b."),
        ("date,close,close\n2024-01-02,1,2\n", "f.csv: 2 columns are called 'close'"),
        (rows("x", "y"), "f.csv:2: 'close' must be a number; got 'x'."),
        (rows("١٢", "1_000"), "f.csv:2: 'close' must be a number; got '١٢'."),
        (rows("y" * 500, "x"), "y…'."),
        ("date,close\n2024-01-02,1\n2024-01-03,2\n2024-01-02,3\n", "f.csv:4: each time must have one value; 2024-01-02 has two, on line 2 and on line 4."),
        ("date,close\n2024-02-30,1\n2024-03-01,2\n", "f.csv:2: must be a day of the calendar; got '2024-02-30'."),
        ("date,close\n2024-01-02,1\n03/01/2024,2\n", "f.csv:3: must be a date written like '2024-01-02'; got '03/01/2024'."),
        ("date,close\nyesterday,1\n2024-01-03,2\n", "f.csv:2: must be a date such as 2024-01-31; got 'yesterday'."),
        ("date,close\n01/02/24,1\n01/03/24,2\n", "f.csv:2: must be a date such as 2024-01-31; got '01/02/24'."),
        ("date,close\n01/02/2024,1\n01/03/2024,2\n", "f.csv: '01/02/2024' could be 1 Feb 2024 or 2 Jan 2024"),
        ("date,close\n01/13/2024,1\n13/01/2024,2\n", "f.csv: dates must all be written one way"),
        ("date;close\n2024-01-02;1,234\n2024-01-03;1,240\n", "f.csv: '1,234' could be 1.234 or 1234"),
        ("date,close\n2024-01-02,1,5\n2024-01-03,2\n", "f.csv:2: must hold 2 cells as the header does; holds 3"),
        ('date,close\n2024-01-02,"1\n2024-01-03,2\n', "f.csv:3: cannot be read as CSV: unexpected end of data."),
    ],
)  # fmt: skip
def test_every_fault_is_one_sentence_with_its_place(load, content, message):
    """What is no fault of the file as a whole costs a cell; see test_layouts."""
    with pytest.raises(DataError) as caught:
        load(content)
    assert message in caught.value.message
    assert caught.value.exit_code == 4
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 250


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"value": "clsoe"},
            "f.csv: no column 'clsoe' to take the values from; did you mean 'close'? the columns are date",
        ),
        ({"date": "dat"}, "f.csv: no column 'dat' to take the dates from; did you mean 'date'?"),
        ({"value": "date"}, "f.csv: dates and values must be two columns; both are 'date'."),
        ({"date_format": "DD/MM"}, "The date format must name month and year; got 'DD/MM'."),
        ({"date_format": "DD/MM/YYYY"}, "f.csv:2: must be a date of the form '%d/%m/%Y'; got '2024-01-02'."),
        ({"date_format": "%d%m%Y%Q"}, "f.csv:2: must be a date of the form"),
        ({"at_least": 30}, "f.csv: must hold at least 30 rows; holds 3."),
    ],
)
def test_faults_in_what_was_asked_for(load, options, message):
    with pytest.raises(DataError) as caught:
        load(rows(1, 2, 3), **options)
    assert message in caught.value.message


def test_files_that_are_not_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "AAPL.csv").write_text(rows(1, 2))
    with pytest.raises(DataError, match=r"^APL\.csv: no such file\.$") as caught:
        load_csv("APL.csv")
    assert caught.value.hint == "Near it: AAPL.csv."
    with pytest.raises(DataError, match=r"this is a folder") as caught:
        load_csv(tmp_path)
    assert caught.value.hint == "Inside it: AAPL.csv."
    with pytest.raises(DataError, match="no such file"):
        load_csv("nowhere/x.csv")
    with pytest.raises(DataError, match="cannot be read"):
        load_csv("x\0y")
    with pytest.raises(DataError, match="a device or a pipe"):
        load_csv("/dev/zero")


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1,234.5", "1,2"], None),
        (["1,234,567", "1,234"], [1234567.0, 1234.0]),
        (["1.234,5", "2.234,5"], [1234.5, 2234.5]),
        (["1234,50", "1,234"], [1234.5, 1.234]),
        (["0,123", "1,234"], [0.123, 1.234]),
        (["$1,187.15", "$987.00"], [1187.15, 987.0]),
        (["-$1,187.15", "$-987.00"], [-1187.15, -987.0]),
        (["187,15", "1.5"], None),
        (["1 234,5", "1 234"], [1234.5, 1234.0]),
        (["1 234.5", "1 234"], [1234.5, 1234.0]),
    ],
)
@pytest.mark.parametrize("exchange", [False, True])
def test_marks_are_read_one_way_in_all_rows(load, cells, values, exchange):
    """What holds of commas holds of points."""
    if exchange:
        cells = [cell.translate({44: ".", 46: ","}) for cell in cells]
    content = rows(*cells, header="date;close", delimiter=";")
    if values is None:
        with pytest.raises(DataError, match=r"has a decimal (comma|point), .* a decimal"):
            load(content)
    else:
        assert load(content).values.tolist() == values


UNCLEAR = [
    ["1.011", "1.012"],
    ["900", "937", "1.011"],
    ["1.234", "1,234"],
    ["12.345", "123.456", "1 234"],
    ["-1.234", "+1.234"],
    ["1.234", "0", "1.234"],
]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
@pytest.mark.parametrize("cells", [*UNCLEAR, *([cell.replace(".", ",") for cell in cells] for cells in UNCLEAR)])
def test_a_mark_that_nothing_tells_is_asked_about(load, cells, delimiter):
    unclear = next(cell for cell in cells if {*".,"} & {*cell})
    with pytest.raises(DataError) as caught:
        load(rows(*cells, header=f"date{delimiter}close", delimiter=delimiter))
    either = f"{unclear.replace(',', '.')} or {unclear.replace(',', '').replace('.', '')}"
    assert caught.value.message == f"f.csv: {unclear!r} could be {either}, and no other row tells which."
    assert "--decimal" in caught.value.hint


@pytest.mark.parametrize(
    ("told", "value"),
    [
        ("0.123", 1.234),
        ("12.34", 1.234),
        ("1.2345", 1.234),
        ("1234.567", 1.234),
        ("1.", 1.234),
        (".5", 1.234),
        ("1.5e3", 1.234),
        ("1.234e1", 1.234),
        ("1,234.567", 1.234),
        ("12,345,678", 1.234),
        ("1.234.567", 1234.0),
        ("1.234,567", 1234.0),
        ("12,34", 1234.0),
        ("0,123", 1234.0),
        ("1234,567", 1234.0),
    ],
)
def test_one_figure_tells_the_mark_of_all(load, told, value):
    assert load(rows("1.234", told, header="date;close", delimiter=";")).values[0] == value
    assert load(rows(told, "1.234", header="date;close", delimiter=";")).values[1] == value


def test_another_column_tells_the_mark_where_the_values_do_not(load):
    content = "date;open;close;volume\n2024-01-02;{};1.234;1.5\n2024-01-03;{};1.240;2.5\n"
    assert load(content.format("1.199,9", "1.233")).values[0] == 1234.0
    assert load(content.format("1.19", "1.233")).values[0] == 1.234
    with pytest.raises(DataError, match="could be"):  # a volume is written its own way
        load(content.format("1.199", "1.233"))


def test_between_commas_a_figure_out_of_quotes_has_a_decimal_point(load):
    assert load(rows("1.234", "5.678", "0")).values.tolist() == [1.234, 5.678, 0.0]
    assert load('"date","close"\n"2024-01-02",1.234\n"2024-01-03",5.678\n').values.tolist() == [1.234, 5.678]
    with pytest.raises(DataError, match=r"'1\.234' could be 1\.234 or 1234"):
        load('"date","close"\n"2024-01-02","1.234"\n"2024-01-03","5.678"\n')


def test_whole_numbers_below_a_thousand_are_never_followed_by_one_point_something(load):
    with pytest.raises(DataError, match=r"'1\.011' could be 1\.011 or 1011"):
        load(rows("937", "974", "1.011"))
    assert load(rows("937", "974", "1.011"), decimal="comma").values[-1] == 1011.0
    assert load(rows("937", "974.5", "1.011")).values[-1] == 1.011


@pytest.mark.parametrize("mark", [",", "."])
@pytest.mark.parametrize("decimal", ["comma", "point"])
def test_a_decimal_mark_can_be_stated(load, decimal, mark):
    content = rows(f"1{mark}234", f"1{mark}240", header="date;close", delimiter=";")
    is_decimal = (decimal == "comma") == (mark == ",")
    assert load(content, decimal=decimal).values[0] == (1.234 if is_decimal else 1234.0)


def test_a_leading_zero_parts_no_thousands(load):
    content = rows("0,123", "0,124", header="date;close", delimiter=";")
    with pytest.raises(DataError, match=r"f\.csv:2: 'close' must be a number; got '0,123'"):
        load(content, decimal="point")


LONG = 100_000
NUMBERS = ["1" * LONG, "1" * LONG + "x", "1." * LONG, "1," * LONG, "1.000" * LONG, " " * LONG + "1x", "$" * LONG]
NUMBERS += ["-" * LONG, "1" * LONG + "." + "1" * LONG + "x", "1e" + "9" * LONG, "\u00a0" * LONG + "x", "1,000" * LONG]


@pytest.mark.usefixtures("tmp_path")
@pytest.mark.parametrize("column", ["date", "close"])
def test_a_cell_of_any_length_takes_no_time(column):
    """Each of these cells takes a pattern that goes back and forth longer than the suite; the limit is generous."""
    code = """
        import csv, sys
        from rnnlab.data.reading.reader import series_from
        from rnnlab.data.reading.cells import TextTable
        from rnnlab.errors import DataError
        for cell in eval(sys.stdin.read()):
            for row in ([cell, "1"], ["2024-01-02", cell]):
                try:
                    series_from(TextTable("f", ("date", "close"), [row, row], [2, 3], ""))
                except DataError as refused:
                    assert len(refused.message) < 300, refused.message
    """
    cells = [f"{(column == 'date' and '2024-01-02 00:00:00.') or ''}{cell}" for cell in NUMBERS]
    answer = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], input=repr(cells), capture_output=True, text=True, timeout=60
    )
    assert (answer.returncode, answer.stderr) == (0, "")


def test_a_name_in_another_script_is_no_other_name(load):
    """Names without a Latin letter are not all the same one."""
    content = "date,数量,**\n2024-01-02,1,5\n2024-01-03,2,6\n"
    assert load(content, value="数量").values.tolist() == [1, 2]
    assert load(content, value="**").values.tolist() == [5, 6]
    for other in ("価格", "", "++"):
        with pytest.raises(DataError, match="no column"):
            load(content, value=other)
