"""`rnnlab forecast`: the next values of a run's series, or of another file."""

import csv
import json
from datetime import date, timedelta

import numpy as np
import pytest

CONFIG = """\
name: small
seeds: 3
data: {{kind: csv, path: series.csv, lookback: 4{data}}}
model: {{hidden_size: 3}}
training: {{optimizer: {{kind: adam, learning_rate: 0.02}}, epochs: 5{training}}}
"""


def write(path, values, start=date(2020, 1, 1)):
    path.write_text("date,value\n" + "".join(f"{start + timedelta(days=k)},{v}\n" for k, v in enumerate(values)))


@pytest.fixture
def values():
    rng = np.random.default_rng(0)
    return np.round(20 + 3 * np.sin(0.9 * np.arange(120)) + rng.normal(size=120), 4)


@pytest.fixture
def trained(rnnlab, tmp_path, values):
    def train(data="", training=""):
        write(tmp_path / "series.csv", values)
        (tmp_path / "small.yaml").write_text(CONFIG.format(data=data, training=training))
        done = rnnlab("train", "small.yaml", "--quiet")
        assert done.returncode == 0, done.stderr
        return tmp_path / done.stdout.strip()

    return train


def rows_of(path):
    with path.open() as file:
        return list(csv.DictReader(file))


def test_the_next_values_with_their_dates_intervals_and_baselines(rnnlab, trained):
    run = trained()
    done = rnnlab("forecast", "latest", "--steps", "3")
    assert (done.returncode, done.stderr) == (0, "")
    assert "date        forecast" in done.stdout
    assert "2020-04-30" in done.stdout
    assert "step 1 is direct, the others are recursive" in done.stdout
    assert "Made in the same way for the last 24 rows" in done.stdout
    table = rows_of(run / "forecast.csv")
    assert [row["date"] for row in table] == ["2020-04-30", "2020-05-01", "2020-05-02"]
    for row in table:
        assert float(row["forecast_low"]) < float(row["forecast"]) < float(row["forecast_high"])
        seeds = sorted(float(row[f"seed_{seed}"]) for seed in range(3))
        assert float(row["forecast"]) == seeds[1]
        assert float(row["naive"]) == float(table[0]["naive"])
    document = json.loads((run / "forecast.json").read_text())
    assert document["rows_ahead"][0]["date"] == "2020-04-30"
    assert document["level"] == 90
    assert (run / "plots" / "ahead.png").exists()
    as_json = rnnlab("forecast", "latest", "--steps", "3", "--json")
    assert json.loads(as_json.stdout) == {"schema_version": 1, **json.loads((run / "forecast.json").read_text())}


@pytest.mark.parametrize("data", ["", ", target: difference", ", horizon: 3"])
@pytest.mark.parametrize("training", ["", ", early_stopping: {patience: 1}"])
def test_training_and_forecasting_agree_on_the_same_rows_to_the_last_digit(
    rnnlab, trained, tmp_path, values, data, training
):
    """Cut after any test row, the series is forecast as the training forecast the row that followed."""
    run = trained(data, training)
    table = rows_of(run / "predictions.csv")
    horizon = 3 if "horizon" in data else 1
    for row in (96, 105, 119):
        write(tmp_path / "cut.csv", values[: row - horizon + 1])
        done = rnnlab("forecast", "latest", "--data", "cut.csv", "--steps", str(horizon))
        assert done.returncode == 0, done.stderr
        last = rows_of(run / "forecast.csv")[-1]
        for seed in range(3):
            trained_for = next(r for r in table if r["seed"] == str(seed) and r["date"] == last["date"])
            assert last[f"seed_{seed}"] == trained_for["predicted"]
            assert float(last["naive"]) == float(trained_for["naive"])
        assert last["forecast"] == trained_for["median"]


def test_rows_that_came_since_are_forecast_from_and_the_scaling_stays(rnnlab, trained, tmp_path, values):
    run = trained()
    before = (run / "task.json").read_bytes()
    write(tmp_path / "series.csv", [*values, 40.0, 41.0])
    done = rnnlab("forecast", "latest", "--steps", "2")
    assert done.returncode == 0
    assert "The models were trained before the last 2 rows came; they have not learned from them." in done.stderr
    assert [row["date"] for row in rows_of(run / "forecast.csv")] == ["2020-05-02", "2020-05-03"]
    assert "for the last 26 rows" in done.stdout
    assert (run / "task.json").read_bytes() == before
    assert rnnlab("verify", "latest").returncode in (0, 7)


def test_the_data_of_the_training_may_be_gone(rnnlab, trained, tmp_path):
    trained()
    (tmp_path / "series.csv").rename(tmp_path / "moved.csv")
    done = rnnlab("forecast", "latest")
    assert (done.returncode, done.stdout) == (4, "")
    assert "series.csv: no such file" in done.stderr
    assert rnnlab("forecast", "latest", "--data", "moved.csv").returncode == 0


def test_too_few_rows_for_a_level_have_no_interval_and_say_so(rnnlab, trained):
    run = trained()
    done = rnnlab("forecast", "latest", "--steps", "9", "--level", "95")
    assert "Steps from 7 on have no interval of 95 %: it needs at least 19 forecasts" in done.stderr
    table = rows_of(run / "forecast.csv")
    assert [row["forecast_low"] == "" for row in table] == [False] * 6 + [True] * 3
    done = rnnlab("forecast", "latest", "--steps", "1", "--level", "99")
    assert "No step has an interval of 99 %: it needs at least 99 forecasts" in done.stderr


@pytest.mark.parametrize(("level", "message", "hint"), [
    (".9", "level must be in percent, at least 1 and below 100; got 0.9.", "Did you mean 90?"),
    ("100", "level must be in percent, at least 1 and below 100; got 100.", ""),
    ("-5", "level must be in percent", ""),
    ("nan", "level must be in percent", ""),
])  # fmt: skip
def test_a_level_is_in_percent(rnnlab, trained, level, message, hint):
    trained()
    done = rnnlab("forecast", "latest", "--level", level)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert hint in done.stderr


def test_what_is_no_run_of_a_series_is_refused(rnnlab, trained, tmp_path):
    run = trained()
    (run / "task.json").write_text("{}")
    done = rnnlab("forecast", "latest")
    assert (done.returncode, done.stdout) == (2, "")
    assert "task.json' is damaged" in done.stderr
    (run / "task.json").unlink()
    done = rnnlab("forecast", "latest")
    assert "has no task.json, which holds the scaling of its data" in done.stderr
    (tmp_path / "text.yaml").write_text(
        "name: text\ndata: {kind: text, text: abcabcabc, repeat: 20, chunk: 5}\ntraining: {updates: 3}\n"
    )
    assert rnnlab("train", "text.yaml", "--quiet").returncode == 0
    done = rnnlab("forecast", "text")
    assert "forecasts no series: its data are of kind text" in done.stderr
    assert done.stdout == ""


def test_months_go_on_as_months_and_irregular_rows_without_dates(rnnlab, trained, tmp_path, values):
    run = trained()
    months = [f"{2000 + k // 12}-{k % 12 + 1:02d},{v}" for k, v in enumerate(values)]
    (tmp_path / "months.csv").write_text("month,value\n" + "\n".join(months) + "\n")
    done = rnnlab("forecast", "latest", "--data", "months.csv", "--steps", "2")
    assert done.returncode == 0, done.stderr
    assert "2010-01" in done.stdout
    days = np.datetime64("2021-01-01") + np.cumsum(np.random.default_rng(1).integers(1, 60, 120))
    (tmp_path / "odd.csv").write_text("date,value\n" + "".join(f"{d},{v}\n" for d, v in zip(days, values, strict=True)))
    done = rnnlab("forecast", "latest", "--data", "odd.csv", "--steps", "2")
    assert "The series is irregular: when the next rows come is not known." in done.stderr
    assert [row["date"] for row in rows_of(run / "forecast.csv")] == ["+1", "+2"]
    (tmp_path / "steps.csv").write_text("t,value\n" + "".join(f"{k},{v}\n" for k, v in enumerate(values)))
    done = rnnlab("forecast", "latest", "--data", "steps.csv")
    assert "has numbered rows; the run was trained on a series with dates" in done.stderr


def test_models_that_diverged_have_no_say(rnnlab, trained):
    trained()
    keys = ("training.optimizer=sgd", "training.optimizer.learning_rate=1e12", "training.epochs=20")
    settings = [word for key in keys for word in ("--set", key)]
    assert rnnlab("train", "small.yaml", *settings, "--name", "boom", "--quiet").returncode == 3
    done = rnnlab("forecast", "boom")
    assert (done.returncode, done.stdout) == (2, "")
    assert "'boom' forecasts nothing: every model diverged." in done.stderr
