"""Tables read back to the very numbers that went in, and a file only ever holds whole lines."""

import csv
import math
import os
import time
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnlab.errors import RunFolderError, RunWriteError
from rnnlab.runs import tables
from rnnlab.runs.tables import Table, read_table


def test_header_comes_once_and_later_blocks_may_name_columns_in_any_order(tmp_path):
    table = Table(tmp_path / "t.csv")
    table.append_columns({"seed": np.arange(2), "epoch": 0, "loss": [0.5, None]})
    table.append_columns({"loss": (math.nan, math.inf), "epoch": 1, "seed": [0, 1]})
    table.close()
    assert (tmp_path / "t.csv").read_bytes() == b"seed,epoch,loss\n0,0,0.5\n1,0,\n0,1,\n1,1,inf\n"


@given(st.lists(st.floats(), min_size=1))
def test_every_float_reads_back_bit_for_bit(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("t") / "t.csv"
    table = Table(path)
    table.append_columns({"x": np.array(values), "row": np.arange(len(values)) + 0.5})
    table.close()
    read = read_table(path)["x"].astype(float)
    np.testing.assert_array_equal(read, np.array(values))
    assert list(np.signbit(read[read == 0])) == [math.copysign(1, v) < 0 for v in values if v == 0]


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=1))
def test_text_reads_back_whatever_it_holds(tmp_path_factory, texts):
    path = tmp_path_factory.mktemp("t") / "t.csv"
    table = Table(path)
    table.append_columns({"n": np.arange(len(texts)), "text": texts})
    table.close()
    with open(path, encoding="utf-8", newline="") as file:
        assert [row["text"] for row in csv.DictReader(file)] == texts


def test_types_read_back(tmp_path):
    table = Table(tmp_path / "t.csv")
    dates = np.array(["2005-03-01", "2005-03-02"], dtype="datetime64[D]")
    table.append_columns({"date": dates, "day": [date(2005, 3, 1), None], "seed": [0, 2**53 + 1], "x": [1, None]})
    table.close()
    read = read_table(tmp_path / "t.csv")
    assert list(read["date"]) == ["2005-03-01", "2005-03-02"]
    assert list(read["day"]) == ["2005-03-01", ""]
    assert read["seed"].dtype == np.int64
    assert read["seed"][1] == 2**53 + 1
    np.testing.assert_array_equal(read["x"], [1.0, math.nan])


def test_empty_block_writes_the_header_only(tmp_path):
    table = Table(tmp_path / "t.csv")
    table.append_columns({"seed": [], "loss": np.empty(0)})
    table.close()
    assert (tmp_path / "t.csv").read_text() == "seed,loss\n"
    assert [len(column) for column in read_table(tmp_path / "t.csv").values()] == [0, 0]


def test_columns_that_do_not_fit_are_refused(tmp_path):
    table = Table(tmp_path / "t.csv")
    table.append_columns({"seed": [0], "loss": [0.5]})
    with pytest.raises(ValueError, match=r"must be .*'seed', 'loss'.* got .*'seed'"):
        table.append_columns({"seed": [0]})
    with pytest.raises(ValueError, match="one length"):
        table.append_columns({"seed": [0, 1], "loss": [0.5]})
    table.close()


def test_rows_wait_but_not_long(tmp_path, monkeypatch):
    clock = 100.0
    monkeypatch.setattr(tables.time, "monotonic", lambda: clock)
    table = Table(tmp_path / "t.csv")
    table.append_columns({"x": [1]})
    assert (tmp_path / "t.csv").read_text() == ""
    clock += 1.0
    table.append_columns({"x": [2]})
    assert (tmp_path / "t.csv").read_text() == "x\n1\n2\n"
    table.close()


def test_a_line_left_unfinished_is_cut_off_when_the_table_is_opened_again(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("seed,loss\n0,0.5\n1,0.2")
    table = Table(path)
    table.append_columns({"seed": [2], "loss": [0.1]})
    table.close()
    assert path.read_text() == "seed,loss\n0,0.5\n2,0.1\n"


def test_an_unfinished_line_longer_than_one_block_is_cut_off_too(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x\n1\n" + "9" * 200_000)
    Table(path).close()
    assert path.read_text() == "x\n1\n"


def test_cut_goes_back_to_an_earlier_size(tmp_path):
    table = Table(tmp_path / "t.csv")
    table.append_columns({"x": [1, 2]})
    size = table.size
    table.append_columns({"x": [3]})
    table.flush()
    table.append_columns({"x": [4]})
    table.cut(size)
    table.append_columns({"x": [5]})
    table.close()
    assert list(read_table(tmp_path / "t.csv")["x"]) == [1, 2, 5]


@pytest.mark.parametrize("content", ["a,b\n1\n", "a,b\n1,2,3\n"])
def test_ragged_rows_are_an_error_that_names_the_file(tmp_path, content):
    path = tmp_path / "t.csv"
    path.write_text(content)
    with pytest.raises(RunFolderError, match=r"t\.csv.*rows of one length"):
        read_table(path)


def test_missing_table_is_an_error_that_names_the_file(tmp_path):
    with pytest.raises(RunFolderError, match=r"no\.csv"):
        read_table(tmp_path / "no.csv")


def test_a_sweep_of_620_models_is_written_in_a_moment(tmp_path):
    rows = 620 * 200
    values = np.random.default_rng(0).standard_normal((4, rows))
    columns = {"seed": np.arange(rows) % 620, "update": np.arange(rows) // 620}
    columns |= {f"p{i}": row for i, row in enumerate(values)}
    table = Table(tmp_path / "t.csv")
    began = time.process_time()
    table.append_columns(columns)
    table.close()
    # 0.15 s of processor time on a slow core; one repr per number alone takes 0.4.
    assert time.process_time() - began < 1.0
    np.testing.assert_array_equal(read_table(tmp_path / "t.csv")["p3"], values[3])


@pytest.mark.parametrize("kind", ["link", "dangling link", "pipe", "folder"])
def test_what_a_link_leads_to_is_not_cut(tmp_path, kind):
    outside, path = tmp_path / "outside.csv", tmp_path / "metrics.csv"
    outside.write_text("a\n1\nunfinished")
    {
        "link": lambda: path.symlink_to(outside),
        "dangling link": lambda: path.symlink_to(tmp_path / "nowhere.csv"),
        "pipe": lambda: os.mkfifo(path),
        "folder": path.mkdir,
    }[kind]()
    with pytest.raises(
        RunWriteError, match=r"metrics\.csv' must be a file; it is a link, a folder, a pipe or a device\.$"
    ):
        Table(path)
    assert outside.read_text() == "a\n1\nunfinished"
    assert not (tmp_path / "nowhere.csv").exists()


@pytest.mark.parametrize("first", [b"other,names\n", b"\xff\xfe\n", b'"' + b"x" * 140_000 + b"\n"])
def test_rows_cannot_follow_a_first_line_that_is_damaged(tmp_path, first):
    path = tmp_path / "metrics.csv"
    path.write_bytes(first)
    with pytest.raises(RunFolderError, match=r"metrics\.csv' must begin with the names"):
        Table(path).append_columns({"seed": [0], "loss": [1.0]})
    assert path.read_bytes() == first
