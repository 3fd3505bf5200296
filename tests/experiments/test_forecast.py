"""A forecast of a run whose data are written otherwise, have other rows, or are another file."""

from pathlib import Path

import numpy as np
import pytest

from rnnlab.config import load
from rnnlab.errors import DataError
from rnnlab.experiments.forecast import forecast
from rnnlab.experiments.train import train

DAYS = np.datetime64("2024-01-01") + np.arange(60)
VALUES = 50 + np.random.default_rng(4).normal(size=60).cumsum() / 10


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(columns, name="series.csv", days=DAYS):
    lines = [",".join(["Date", *columns])]
    lines += [",".join(map(str, row)) for row in zip(days, *columns.values(), strict=True)]
    Path(name).write_text("\n".join(lines) + "\n")


def trained(*overrides):
    Path("one.yaml").write_text(
        "data: {kind: csv, path: series.csv, value_column: close, lookback: 4}\n"
        "model: {hidden_size: 3}\ntraining: {epochs: 3}\nseeds: 2\n"
    )
    run = train(load("one.yaml", overrides=overrides), runs_dir=Path("runs"), command=[]).run
    assert run is not None
    return run


def told(found, words):
    return [one for one in found.warnings if words in one]


def test_a_column_is_the_same_one_however_a_file_or_a_config_writes_it():
    both = ["data.inputs=[open, close]", "data.outputs=[open, close]"]
    write({"Open": VALUES[::-1], "Close": VALUES})
    run = trained(*both)
    write({"open": VALUES[::-1], "CLOSE": VALUES}, "other.csv")
    own, other = forecast(run, steps=3), forecast(run, data=Path("other.csv"), steps=3)
    assert np.isfinite(own.outlook.network.values).all()
    np.testing.assert_array_equal(own.outlook.network.values, other.outlook.network.values)
    assert not other.warnings
    write({"open": VALUES[::-1], "close": VALUES})
    asked_to_the_letter = forecast(trained(*both), steps=3)
    np.testing.assert_array_equal(own.outlook.network.values, asked_to_the_letter.outlook.network.values)


def test_rows_that_came_before_the_first_are_not_rows_that_came_after_the_last():
    write({"close": VALUES[5:]}, days=DAYS[5:])
    run = trained()
    write({"close": VALUES}, days=DAYS)
    found = forecast(run, steps=2)
    assert len(told(found, "there are 49 rows, and there were 44")) == 1
    assert not told(found, "came; they have not learned")


def test_rows_that_came_since_are_told():
    write({"close": VALUES[:-2]}, days=DAYS[:-2])
    run = trained()
    write({"close": VALUES})
    assert forecast(run, steps=2).warnings == [
        "The models were trained before the last 2 rows came; they have not learned from them."
    ]


@pytest.mark.parametrize("column", ["open", "close"])
def test_values_without_a_log_return_are_told_whichever_column_and_file_they_are_in(column):
    columns = {"open": VALUES, "close": VALUES}
    write(columns)
    run = trained("data.inputs=[open, close]", "data.target=log_return")
    assert not told(forecast(run, steps=1), "not positive")
    spoilt = np.where(np.arange(60) == 55, -1, VALUES)
    write({**columns, column: spoilt})
    assert len(told(forecast(run, steps=1), "1 row has a value that is not positive")) == 1
    write({"open": VALUES, "price": VALUES} | {"price" if column == "close" else "open": spoilt}, "other.csv")
    Path("other.csv").write_text(Path("other.csv").read_text().replace("price", "Close"))
    months = (np.datetime64("2000-01") + np.arange(60)).astype("datetime64[D]")
    write({**columns, column: spoilt}, "months.csv", months)
    for name in ("other.csv", "months.csv"):
        found = forecast(run, data=Path(name), steps=1)
        assert len(told(found, "1 row has a value that is not positive")) == 1
    assert len(told(found, "may be worth nothing")) == 1


@pytest.mark.parametrize("column", ["open", "close"])
def test_values_near_the_largest_float_are_refused_before_the_training(column):
    write({"open": VALUES, "close": VALUES} | {column: np.where(np.arange(60) == 7, -2e305, VALUES)})
    with pytest.raises(DataError, match=rf"at most 1e\+305 in size; got 2e\+305 in '{column}'\.") as refused:
        trained("data.inputs=[open, close]")
    assert refused.value.hint == "Divide them by a power of ten."
