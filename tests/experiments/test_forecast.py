"""A forecast of a run whose data are written otherwise, have other rows, or are another file."""

import re
from pathlib import Path

import numpy as np
import pytest

import rnnlab
from rnnlab.config import load
from rnnlab.errors import ConfigError, DataError
from rnnlab.experiments.forecast import forecast
from rnnlab.experiments.train import train
from rnnlab.tasks.task import build_task

DAYS = np.datetime64("2024-01-01") + np.arange(60)
VALUES = 50 + np.random.default_rng(4).normal(size=60).cumsum() / 10


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(columns, name="series.csv", days=DAYS):
    lines = [",".join(["Date", *columns])]
    lines += [",".join(map(str, row)) for row in zip(days, *columns.values(), strict=True)]
    Path(name).write_text("\n".join(lines) + "\n")


def load_config(*overrides):
    Path("one.yaml").write_text(
        "data: {kind: csv, path: series.csv, value_column: close, lookback: 4}\n"
        "model: {hidden_size: 3}\ntraining: {epochs: 3}\nseeds: 2\n"
    )
    return load("one.yaml", overrides=overrides)


def trained(*overrides):
    run = train(load_config(*overrides), runs_dir=Path("runs"), command=[]).run
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


def test_other_rows_are_told_of_a_run_without_a_folder_too():
    write({"close": VALUES})
    result = rnnlab.train(load_config(), progress=False)
    assert result.path is None
    write({"close": VALUES + 1})
    (said,) = told(rnnlab.forecast(result, steps=2), "are not those that the networks were trained on")
    assert said.endswith("their values are others.")


def test_rows_that_came_since_are_told():
    write({"close": VALUES[:-2]}, days=DAYS[:-2])
    run = trained()
    write({"close": VALUES})
    assert forecast(run, steps=2).warnings == [
        "The models were trained before the last 2 rows came; they have not learned from them."
    ]


def test_what_to_do_about_lost_networks_depends_on_whether_the_data_are_as_they_were():
    write({"close": VALUES[:-2]}, days=DAYS[:-2])
    run = trained("training.refit=all")
    assert forecast(run, steps=2).checkpoint == "refit/0001"
    for path in (run / "checkpoints" / "refit").iterdir():
        path.unlink()
    gone = "The tested networks forecast, since those of all rows cannot be read: The checkpoint refit/0001 is not "
    gone += "there. "
    resume = f"`rnnlab resume {run}` trains them"
    found = forecast(run, steps=2)
    assert (found.checkpoint, found.networks) == ("0001", "tested")
    assert told(found, "cannot be read") == [f"{gone}{resume}."]
    write({"close": VALUES}, "other.csv")
    (said,) = told(forecast(run, data=Path("other.csv"), steps=2), "cannot be read")
    assert said == f"{gone}{resume}, if the data of the run are as they were."
    write({"close": VALUES})
    (said,) = told(forecast(run, steps=2), "cannot be read")
    anew = f"`rnnlab train {run}/config.yaml`"
    assert said == f"{gone}Since the data have changed, only a new run has such networks: {anew}."


def test_a_name_differs_from_another_where_the_file_has_both():
    write({"close": VALUES, "close %": VALUES[::-1]})
    judged = "data.outputs must hold data.value_column, close, which is judged; got close %."
    for keys, message in (
        (["data.inputs=[close %]", "data.scaler=window"], "needs every forecast column among data.inputs, which lacks"),
        (["data.inputs=[close, close %]", "data.strategy=recursive", "data.horizon=2"], "data.outputs lacks close %"),
        (["data.outputs=[close %]"], judged),
    ):
        with pytest.raises(ConfigError, match=re.escape(message)):
            build_task(load_config(*keys))
    build_task(load_config("data.inputs=[close, close %]", "data.outputs=[close %, close]", "data.strategy=recursive"))


def test_another_file_may_write_the_column_in_its_own_way():
    write({"Close": VALUES})
    run = trained()
    write({"<CLOSE>": VALUES}, "other.csv")
    assert not forecast(run, data=Path("other.csv"), steps=1).warnings


def test_only_the_steps_that_were_measured_are_said_to_be():
    write({"close": VALUES})
    found = forecast(trained(), steps=40)
    assert found.outlook.measured_steps == 12
    assert "over the first 12 steps, " in found.sentences[-1]
    assert found.sentences[-1].endswith("the best baseline over the first 12 steps.")
    all_of_them = forecast(trained(), steps=12).sentences[-1]
    assert all_of_them.endswith("the best baseline over all steps.")
    one = forecast(trained("data.test_rows=1"), steps=5).sentences[-1]
    assert one.endswith("the best baseline over the first step.")


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
def test_values_near_the_largest_float_are_refused_and_a_training_on_them_says_so(column):
    write({"open": VALUES, "close": VALUES} | {column: np.where(np.arange(60) == 7, -2e305, VALUES)})
    config = load_config("data.inputs=[open, close]")
    said = [one for one in build_task(config).warnings if "refuses those above" in one]
    assert said == [
        f"Values of up to 2e+305 in '{column}': `rnnlab forecast` refuses those above 1e+305. Divide them by a power "
        "of ten."
    ]
    run = trained("data.inputs=[open, close]")
    with pytest.raises(DataError, match=rf"at most 1e\+305 in size; got 2e\+305 in '{column}'\.") as refused:
        forecast(run)
    assert refused.value.hint == "Divide them by a power of ten."
