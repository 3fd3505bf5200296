"""`rnnlab forecast`: the next values of a run's series, of another file, or of a file for which a run is made."""

import csv
import json
import re
from datetime import date, timedelta

import numpy as np
import pytest

from rnnlab.forecasting.baselines import BASELINES

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


FAST = ("--seeds", "3", "--set", "training.epochs=5")


@pytest.fixture
def file(tmp_path, values):
    write(tmp_path / "daily sales.csv", values)
    return "daily sales.csv"


def test_a_file_is_all_that_is_needed_and_leaves_a_run_like_any_other(rnnlab, tmp_path, file):
    done = rnnlab("forecast", file, "--steps", "3", *FAST)
    assert done.returncode == 0, done.stderr
    assert re.search(
        r"One step ahead, over the last 24 rows, .* baseline: RMSE [\d.]+ against [\d.]+ \(Diebold", done.stdout
    )
    assert re.search(r"from the older half of these rows cover \d+ % of the newer half", done.stdout)
    (run,) = (tmp_path / "runs").iterdir()
    assert f"file  runs/{run.name}/forecast.csv" in done.stdout
    document = json.loads((run / "forecast.json").read_text())
    assert [row["date"] for row in document["rows_ahead"]] == ["2020-04-30", "2020-05-01", "2020-05-02"]
    assert len(document["verdict"]) == 2
    assert (run / "plots" / "ahead.png").exists()
    record = json.loads((run / "run.json").read_text())
    assert (record["name"], record["status"], record["seeds"]) == ("daily-sales", "completed", [0, 1, 2])
    table = (run / "forecast.csv").read_bytes()
    assert rnnlab("forecast", "daily-sales", "--steps", "3").returncode == 0
    assert (run / "forecast.csv").read_bytes() == table
    assert json.loads((run / "forecast.json").read_text()) == document
    for command in ("verify", "show"):
        assert rnnlab(command, "daily-sales").returncode == 0
    assert rnnlab("resume", "daily-sales", "--epochs", "7").returncode == 0
    again = rnnlab("train", str(run / "config.yaml"), "--quiet").stdout.strip()
    assert json.loads((tmp_path / again / "run.json").read_text())["metrics"] != {}


def test_the_verdict_is_the_headline_of_the_run(rnnlab, tmp_path, file):
    document = json.loads(rnnlab("forecast", file, "--json", *FAST).stdout)
    record = json.loads((tmp_path / document["run"] / "run.json").read_text())
    best = record["tests"]["diebold_mariano"]["against"]
    test = record["tests"]["diebold_mariano"]["median"][best]
    said = re.search(r"RMSE (\S+) against (\S+) \(Diebold-Mariano test, p = (\S+) after", document["verdict"][0])
    assert said is not None, document["verdict"]
    told = [record["combined"]["metrics"]["rmse"], record["baselines"][best]["rmse"], test["holm_p_value"]]
    assert [float(number) for number in said.groups()] == pytest.approx(told, rel=6e-3)
    claim = record["headline"].partition(",")[0].removeprefix("The network ")
    assert claim in document["verdict"][0] or "is worse than" in document["verdict"][0]


def test_the_coverage_is_counted_by_hand(rnnlab, tmp_path, file):
    run = tmp_path / rnnlab("forecast", file, "--quiet", "--steps", "1", *FAST).stdout.strip()
    rows = [row for row in rows_of(run / "predictions.csv") if row["seed"] == "0"]
    errors = [abs(float(row["actual"]) - float(row["median"])) for row in rows]
    half = sorted(errors[:12])[11]  # rank ceil(13 * 0.9) of 12
    covered = sum(error <= half for error in errors[12:])
    verdict = json.loads((run / "forecast.json").read_text())["verdict"][1]
    assert f"from the older half of these rows cover {100 * covered / 12:.0f} % of the newer half" in verdict


def test_of_few_rows_nothing_is_claimed_about_intervals(rnnlab, tmp_path, values):
    write(tmp_path / "few.csv", values[:30])
    verdict = json.loads(rnnlab("forecast", "few.csv", "--json", *FAST).stdout)["verdict"]
    assert verdict[1] == (
        "What intervals of 90 % are worth is not known: the check needs at least 18 forecasts of rows that came "
        "after those that were trained on; there are 10."
    )


@pytest.mark.parametrize(("words", "code", "message", "hint"), [
    (["sles.csv"], 4, "sles.csv: no such file.", "Near it: sales.csv, "),
    (["nowhere"], 2, "There is no run 'nowhere'", ""),
    (["sales.csv", "--data", "sales.csv"], 2, "--data takes the place of a run's data; a FILE was given too.", ""),
    (["sales.csv", "--set", "model.hiden=3"], 2, "--set model.hiden=3: model.hiden: no such key", ""),
    (["two.csv"], 4, "more than one column could hold the values; name one", "--column on the command line"),
    (["short.csv"], 4, "short.csv: a forecast needs at least 20 rows; got 19.", "Give more rows"),
    (["small.yaml"], 2, "small.yaml is a config; a run or a CSV file is needed.", "`rnnlab train small.yaml` trains"),
    (["small", "--column", "value", "--seeds", "3"], 2, "--column and --seeds are for a CSV file", "Name the file"),
])  # fmt: skip
def test_what_can_be_no_file_or_does_not_go_with_one_is_refused(
    rnnlab, trained, tmp_path, values, words, code, message, hint
):
    trained()
    write(tmp_path / "sales.csv", values)
    write(tmp_path / "short.csv", values[:19])
    rows = (tmp_path / "sales.csv").read_text().splitlines()
    (tmp_path / "two.csv").write_text("\n".join(["date,a,b", *(f"{row},{k % 9}" for k, row in enumerate(rows[1:]))]))
    runs = sorted((tmp_path / "runs").iterdir())
    done = rnnlab("forecast", *words)
    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr
    assert hint in done.stderr
    assert sorted((tmp_path / "runs").iterdir()) == runs


def test_a_word_means_what_is_there(rnnlab, trained, tmp_path, values):
    """A run named like a table, a file without a suffix beside a run of that name, and the same file by its path."""
    run = trained()
    named = tmp_path / "runs" / "20300101T000000Z-old.csv-0000"
    run.rename(named)
    (named / "run.json").write_text((named / "run.json").read_text().replace('"name": "small"', '"name": "old.csv"'))
    assert rnnlab("forecast", "old.csv", "--quiet").stdout == f"runs/{named.name}\n"
    write(tmp_path / "old.csv", values)
    done = rnnlab("forecast", "./old.csv", "--quiet", *FAST)
    assert done.returncode == 0, done.stderr
    assert done.stdout != f"runs/{named.name}\n"
    write(tmp_path / "plain", values)
    made = rnnlab("forecast", "plain", "--quiet", *FAST).stdout
    assert re.fullmatch(r"runs/\S+-plain-\w{4}\n", made)
    assert rnnlab("forecast", "plain", "--quiet").stdout == made
    assert rnnlab("forecast", "./plain", "--quiet", *FAST).stdout != made


def test_another_file_of_another_series_is_told_and_named(rnnlab, trained, tmp_path, values):
    run = trained()
    rows = [f"{2000 + k // 12}-{k % 12 + 1:02d},{value}\n" for k, value in enumerate(values)]
    (tmp_path / "other.csv").write_text("Month,Sales\n" + "".join(rows))
    done = rnnlab("forecast", "latest", "--data", "other.csv")
    assert done.returncode == 0
    assert "The networks of 'small' learned 'value' (daily) of series.csv, and this is 'Sales' (monthly)" in done.stderr
    assert "Read other.csv: 120 rows, monthly" in done.stdout
    assert "of the first 96 rows of series.csv" in done.stdout
    assert json.loads((run / "forecast.json").read_text())["source"] == "file other.csv"
    write(tmp_path / "same.csv", values)
    assert rnnlab("forecast", "latest", "--data", "same.csv").stderr == ""


def test_the_forecast_follows_the_last_value(rnnlab, trained, tmp_path, values):
    run = trained(data=", missing: interpolate")
    assert rnnlab("forecast", "latest", "--steps", "4").returncode == 0
    before = (run / "forecast.csv").read_bytes()
    write(tmp_path / "series.csv", [*values, "", ""])
    done = rnnlab("forecast", "latest", "--steps", "4")
    assert "2 rows after the last value were left out" in done.stderr
    assert (run / "forecast.csv").read_bytes() == before


def test_the_marks_of_a_file_can_be_said(rnnlab, tmp_path, values):
    rows = [f"01/{k % 12 + 1:02d}/{2000 + k // 12};1,{100 + k % 7}\n" for k in range(len(values))]
    (tmp_path / "unclear.csv").write_text("date;value\n" + "".join(rows))
    quick = ["--seeds", "1", "--set", "training.epochs=1", "--json"]
    assert "Say which: --date-format" in rnnlab("forecast", "unclear.csv", *quick).stderr
    said = ["--date-format", "%d/%m/%Y"]
    assert "Say which: --decimal" in rnnlab("forecast", "unclear.csv", *quick, *said).stderr
    done = rnnlab("forecast", "unclear.csv", *quick, *said, "--decimal", "comma")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["frequency"] == "monthly"
    done = rnnlab("forecast", "latest", "--decimal", "comma")
    assert done.returncode == 2
    assert "--decimal is for a CSV file" in done.stderr


def test_the_baselines_shown_are_those_that_the_sentences_name(rnnlab, trained, tmp_path):
    trained()
    rng = np.random.default_rng(5)
    write(tmp_path / "series.csv", np.round(100 + np.cumsum(rng.normal(0.3, 1, 120)) + rng.normal(size=120), 4))
    assert rnnlab("train", "small.yaml", "--quiet").returncode == 0
    done = rnnlab("forecast", "latest", "--steps", "12")
    run = max((tmp_path / "runs").glob("*/forecast.json"))
    found = json.loads(run.read_text())
    for name, errors in (("best_baseline", "rmse"), ("best_baseline_one_step", "rmse_one_step")):
        rivals = {key: value for key, value in found[errors].items() if key != "forecast"}
        assert found[name] == min(rivals, key=lambda key: rivals[key])
    assert found["best_baseline"] != found["best_baseline_one_step"], "else this proves nothing"
    table = next(line for line in done.stdout.splitlines() if line.lstrip().startswith("date"))
    for name in (found["best_baseline"], found["best_baseline_one_step"], "naive"):
        assert BASELINES[name].title_with(7).removeprefix("the ").removeprefix("a ") in table


@pytest.mark.parametrize(("value", "half", "written"), [
    (393.3412, 8.0, "393.3"), (393.3412, 0.31, "393.34"), (1234.5, 90.0, "1234"), (0.012346, 0.002, "0.01235"),
    (9.87654321e9, 40.0, "9876543210"), (9.87654321e9, 4.0, "9876543210.0"), (12.0, float("nan"), "12.00"),
    (5.0, 0.0, "5.000"), (3e-7, 1e-7, "3e-07"), (2.5e20, 1e19, "2.5e+20"), (0.0, 0.0, "0"),
        (12345.0, 1e-10, "12345.00000000"), (0.0, 0.3, "0.00"),
])  # fmt: skip
def test_figures_have_the_digits_that_their_intervals_need(value, half, written):
    from rnnlab.cli.forecast import _number, _places

    assert _number(value, _places([value, -value / 2], half)) == written


def test_values_without_a_log_return_are_told(rnnlab, trained, tmp_path, values):
    trained(data=", target: log_return")
    write(tmp_path / "later.csv", [*values, -1.0])
    done = rnnlab("forecast", "latest", "--data", "later.csv", "--steps", "1")
    assert done.returncode == 0
    assert "1 row has a value that is not positive, of which there is no log return" in done.stderr
    assert re.search(r"2020-05-01  not finite +- ", done.stdout)


@pytest.mark.parametrize("header", ["date,x,x", "date,,"])
def test_columns_that_cannot_be_named_are_to_be_given_names(rnnlab, tmp_path, header):
    rows = [f"{date(2020, 1, 1) + timedelta(days=k)},{k % 7},{k % 5}\n" for k in range(60)]
    (tmp_path / "file.csv").write_text(header + "\n" + "".join(rows))
    for more in ([], ["--column", "x"]):
        done = rnnlab("forecast", "file.csv", *more)
        assert done.returncode == 4
        if header.endswith("x") or not more:
            assert "hint: Give each column a name of its own, in the header." in done.stderr


def test_a_file_that_has_got_another_column_of_numbers_is_read_by_the_one_that_was_learned(
    rnnlab, trained, tmp_path, values
):
    run = trained()
    expected = rnnlab("forecast", "latest", "--steps", "2", "--json")
    days = [date(2020, 1, 1) + timedelta(days=k) for k in range(len(values))]
    lines = [f"{day},{value},{2 * value}\n" for day, value in zip(days, values, strict=True)]
    (tmp_path / "series.csv").write_text("date,value,other\n" + "".join(lines))
    (tmp_path / "none.csv").write_text("date,one,other\n" + "".join(lines))
    done = rnnlab("forecast", "latest", "--steps", "2", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == json.loads(expected.stdout)
    assert json.loads(done.stdout)["checkpoint"] == max(run.glob("checkpoints/*.npz")).stem
    refused = rnnlab("forecast", "latest", "--data", "none.csv")
    assert refused.returncode == 4
    assert "more than one column could hold the values" in refused.stderr
