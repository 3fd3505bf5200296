"""Prices by symbol: the folder first, then the bundled snapshots."""

import hashlib
from importlib.resources import files

import numpy as np
import pytest

from rnnlab.data.prices import data_folder, load_prices
from rnnlab.data.prices import snapshots as bundled
from rnnlab.data.prices.kept import entries
from rnnlab.errors import DataError
from rnnlab.experiments.fetch import import_prices


@pytest.mark.parametrize(
    ("symbol", "rows", "first", "train", "rmse", "mae"),
    [("AAPL", 2015, "2005-03-01", 1612, 10.149, 7.203), ("GOOG", 2148, "2004-08-19", 1718, 10.376, 7.236)],
)
def test_the_snapshots_are_what_their_note_says(folder, symbol, rows, first, train, rmse, mae):
    """Persistence over the last fifth, one step ahead; the numbers are known from the publisher's file."""
    series = load_prices(symbol, data_dir=folder)
    assert (series.rows, str(series.first), str(series.last)) == (rows, first, "2013-03-01")
    assert (series.source, series.currency, series.adjustment) == ("bundled snapshot", "USD", "raw")
    assert series.sha256 in (files(bundled) / "ORIGIN.md").read_text()
    assert series.sha256 == hashlib.sha256((files(bundled) / f"{symbol}.csv").read_bytes()).hexdigest()
    error = series.values[train:] - series.values[train - 1 : -1]
    assert round(float(np.sqrt(np.mean(error**2))), 3) == rmse
    assert round(float(np.mean(np.abs(error))), 3) == mae


def test_the_folder_goes_before_the_snapshot(folder):
    folder.mkdir()
    (folder / "AAPL.csv").write_text("date,close\n2024-01-02,1\n2024-01-03,2\n")
    assert load_prices("aapl", data_dir=folder).values.tolist() == [1.0, 2.0]


def test_the_environment_names_the_folder(folder, monkeypatch):
    assert str(data_folder()) == "data"
    assert data_folder(folder) == folder
    monkeypatch.setenv("RNNLAB_DATA", str(folder / "x"))
    assert data_folder(folder) == folder / "x"


def test_a_window(folder):
    series = load_prices("GOOG", data_dir=folder, start="2012-12-31", end="2013-01-04")
    assert series.stamps.astype(str).tolist() == ["2012-12-31", "2013-01-02", "2013-01-03", "2013-01-04"]
    with pytest.raises(DataError, match=r"GOOG: no days from 2020-01-01.*runs from 2004-08-19 to 2013-03-01"):
        load_prices("GOOG", data_dir=folder, start="2020-01-01", end="2021-01-01")
    with pytest.raises(DataError, match="The 'start' must be a day such as 2019-01-02; got '2020-13-01'"):
        load_prices("GOOG", data_dir=folder, start="2020-13-01")


def test_an_unknown_symbol_lists_what_there_is_and_the_command(folder):
    folder.mkdir()
    for name in ("APLE", "ZZZ", "lower", "a b"):
        (folder / f"{name}.csv").write_text("date,close\n2024-01-02,1\n2024-01-03,2\n")
    with pytest.raises(DataError) as caught:
        load_prices("APPL", data_dir=folder)
    assert caught.value.message.endswith("there is APLE, AAPL, GOOG, ZZZ.")
    assert "`rnnlab fetch APPL`" in str(caught.value.hint)


def test_a_column_that_is_not_there(folder):
    with pytest.raises(DataError, match="bundled snapshot of AAPL has no column 'open'; it has close"):
        load_prices("AAPL", "open", data_dir=folder)
    folder.mkdir()
    (folder / "AAPL.csv").write_text("date,close\n2024-01-02,1\n2024-01-03,2\n")
    with pytest.raises(DataError, match=r"AAPL\.csv: no column 'clse' .* did you mean 'close'\?"):
        load_prices("AAPL", "clse", data_dir=folder)


def test_prices_are_not_0_and_a_likely_split_is_remarked_upon(folder):
    folder.mkdir()
    (folder / "X.csv").write_text("date,close\n2024-01-02,100\n2024-01-03,50\n2024-01-04,51\n")
    (note,) = load_prices("X", data_dir=folder).notes
    assert "on 2024-01-03 (100 to 50): a split" in note
    (folder / "X.csv").write_text("date,close\n2024-01-02,100\n2024-01-03,0\n")
    series = load_prices("X", data_dir=folder)
    assert series.values.tolist() == [100.0]
    assert series.notes[0] == "1 day (2024-01-03) with a close of 0 was left out"
    (folder / "X.csv").write_text("date,close\n2024-01-02,0\n2024-01-03,0\n")
    with pytest.raises(DataError, match=r"X\.csv:2: 'close' must not be 0; got 0 \(and 1 more rows\)\."):
        load_prices("X", data_dir=folder)


def test_a_file_put_there_by_hand_may_hold_any_column_and_any_sign(folder):
    folder.mkdir()
    (folder / "SPREAD.csv").write_text("observation_date,T10Y2Y\n2024-01-01,.\n2024-01-02,-0.5\n2024-01-03,0\n")
    assert load_prices("SPREAD", data_dir=folder).values.tolist() == [-0.5, 0.0]
    (folder / "TWO.csv").write_text("date,close,vwap\n2024-01-02,1,7\n2024-01-03,2,8\n")
    assert load_prices("TWO", "vwap", data_dir=folder).values.tolist() == [7.0, 8.0]
    with pytest.raises(DataError, match="more than one column could hold the values"):
        load_prices("TWO", data_dir=folder)
    (folder / "OPEN.csv").write_text("date,open,close\n2024-01-02,1,7\n2024-01-03,2,8\n")
    assert load_prices("OPEN", "open", data_dir=folder).values.tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("closes", "notes"),
    [
        ([18.27, -37.63, 10.01], ["1 price of 0 or below, on 2024-01-02 (-37.63): log returns cannot be taken"]),
        ([1.0, 1e308, 1.0], ["2 changes of more than 25 % in a day, the largest on 2024-01-02 (1 to 1e+308): a split"]),
        ([5e-324, 1.7e308, -1.7e308], ["1 price of 0 or below", "a change of more than 25 % in a day"]),
    ],
)
def test_a_price_may_have_any_sign_and_size(folder, closes, notes):
    folder.mkdir()
    lines = [f"2024-01-0{day},{close!r}" for day, close in enumerate(closes, 1)]
    (folder / "CL=F.csv").write_text("\n".join(["date,close", *lines]))
    series = load_prices("CL=F", data_dir=folder)
    assert series.values.tolist() == closes
    assert len(series.notes) == len(notes)
    assert all(note.startswith(start) for note, start in zip(series.notes, notes, strict=True))


HALF_SAID = "date;close\n2024-01-02;974\n2024-01-03;1.011\n"


def test_a_file_put_there_by_hand_is_asked_about_where_its_marks_could_be_either(folder):
    folder.mkdir()
    (folder / "AAPL.csv").write_text(HALF_SAID)
    with pytest.raises(DataError, match=r"'1\.011' could be 1\.011 or 1011") as caught:
        load_prices("AAPL", data_dir=folder)
    assert f"rnnlab fetch AAPL --from-file {folder}/AAPL.csv --decimal point (or comma)" in str(caught.value.hint)
    import_prices("AAPL", folder / "AAPL.csv", decimal="comma", data_dir=folder)
    assert load_prices("AAPL", data_dir=folder).values.tolist() == [974.0, 1011.0]


def test_what_was_stored_is_never_asked_about(folder, tmp_path):
    (tmp_path / "down.csv").write_text(HALF_SAID)
    import_prices("AAPL", tmp_path / "down.csv", decimal="point", data_dir=folder)
    assert load_prices("AAPL", data_dir=folder).values.tolist() == [974.0, 1.011]


def test_the_list_reads_a_file_put_there_by_hand_as_training_does(folder):
    folder.mkdir()
    (folder / "AAPL.csv").write_text("Date;Close\n03.01.2024;1,5\n15.01.2024;2\n")
    (entry,) = entries(folder)
    assert (entry.problem, entry.rows, str(entry.first)) == (None, 2, "2024-01-03")
