"""Rolling origin and intervals of a forecast, held against trainings of their own and against plain loops."""

import math
from typing import Any

import numpy as np
import pytest

from rnnlab.config import load
from rnnlab.errors import ConfigError
from rnnlab.experiments.setup import build_setup
from rnnlab.experiments.train import train
from rnnlab.runs import RunFolder
from rnnlab.tasks.forecast.folds import Fold, folds_of, places, trained
from rnnlab.tasks.task import build_task

ROWS = 90
VALUES = np.random.default_rng(5).normal(size=ROWS).cumsum()
BASE = (
    "data: {kind: csv, path: walk.csv, lookback: 4, test_rows: 24, target: difference}\n"
    "model: {hidden_size: 3}\ntraining: {epochs: 6, optimizer: adam}\nseeds: 2\n"
)


@pytest.fixture(autouse=True)
def series(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(VALUES)


def write(values, name="walk.csv"):
    days = np.datetime64("2020-01-01") + np.arange(len(values))
    lines = [f"{day},{float(value)!r}\n" for day, value in zip(days, values, strict=True)]
    with open(name, "w", encoding="utf-8") as file:
        file.write("date,value\n" + "".join(lines))


def config_of(*overrides, **options):
    with open("walk.yaml", "w", encoding="utf-8") as file:
        file.write(BASE)
    return load("walk.yaml", overrides=overrides, **options)


def run_of(*overrides, **options):
    summary = train(config_of(*overrides), runs_dir=None, command=[], **options)
    assert summary.trained is not None
    return summary.trained.store, summary


def rolling(**options):
    return "evaluation={kind: rolling, " + ", ".join(f"{name}: {value}" for name, value in options.items()) + "}"


def test_folds_share_out_the_test_rows():
    config = config_of(rolling(folds=5, window="sliding", levels=[80], calibration=0.25))
    folds = folds_of(ROWS, 66, config.evaluation)
    assert [fold.train_rows for fold in folds] == [66, 71, 76, 81, 86]
    assert [fold.last for fold in folds] == [70, 75, 80, 85, 89]
    assert [fold.first for fold in folds] == [0, 5, 10, 15, 20]
    assert {fold.train_rows - fold.fit_rows for fold in folds} == {16}
    assert trained(folds, 2) == [Fold(0, 50, 66, 75), Fold(10, 60, 76, 85), Fold(20, 70, 86, 89)]
    assert places(folds, np.array([65, 66, 70, 71, 89])).tolist() == [-1, 0, 0, 1, 4]
    assert folds_of(ROWS, 66, None) == [Fold(0, 66, 66, 89)]
    with pytest.raises(ConfigError, match=r"evaluation\.folds must be at most the 24 test rows; got 25"):
        build_task(config_of(rolling(folds=25)))


@pytest.mark.parametrize("window", ["expanding", "sliding"])
@pytest.mark.parametrize("every", [1, 2])
@pytest.mark.parametrize("scaler", ["minmax", "window"])
def test_each_fold_is_forecast_as_by_a_run_of_its_own(window, every, scaler):
    """Trained on the rows before it, to the last bit, and the baselines with it."""
    keys = (f"data.scaler={scaler}", "data.horizon=2", "data.strategy=direct")
    store, summary = run_of(*keys, rolling(folds=4, window=window, retrain_every=every))
    rows = store.read_table("predictions.csv")
    for first in range(66, 90, 6 * every):
        end = min(first + 6 * every, ROWS)
        start = first - 66 if window == "sliding" else 0
        write(VALUES[start:end], "part.csv")
        alone = run_of(*keys, "data.path=part.csv", f"data.test_rows={end - first}")[0].read_table("predictions.csv")
        stamps = np.datetime64("2020-01-01") + np.arange(first, end)
        here = np.isin(rows["date"].astype("datetime64[D]"), stamps)
        assert here.sum() == 2 * 2 * (end - first)
        for name in ("predicted", "actual", "naive", "median"):
            np.testing.assert_array_equal(rows[name][here], alone[name])
    assert any("Rolling origin over 4 folds" in note for note in summary.notes)
    folds = store.read_table("folds.csv")
    assert folds["fold"].max() == 4
    mean_square = np.sum(folds["rmse"] ** 2 * folds["rows"], where=folds["forecaster"] == "median") / 24
    assert summary.record["combined"]["metrics"]["rmse"] == pytest.approx(math.sqrt(mean_square), rel=1e-12)


def test_what_comes_after_a_fold_changes_nothing_in_it():
    clean = run_of(rolling(folds=4), "training.epochs=2")[0].read_table("predictions.csv")
    write(np.where(np.arange(ROWS) < 78, VALUES, 1e3 * np.arange(ROWS)))
    late = run_of(rolling(folds=4), "training.epochs=2")[0].read_table("predictions.csv")
    before = clean["date"].astype("datetime64[D]") < np.datetime64("2020-03-19")
    np.testing.assert_array_equal(clean["predicted"][before], late["predicted"][before])
    np.testing.assert_array_equal(clean["median"][before], late["median"][before])
    assert not np.array_equal(clean["predicted"][~before], late["predicted"][~before])


def test_a_fold_may_go_on_from_the_one_before():
    afresh = run_of(rolling(folds=3))[0].read_table("predictions.csv")
    goes_on = run_of(rolling(folds=3, retrain_epochs=2))[0].read_table("predictions.csv")
    first = afresh["date"].astype("datetime64[D]") < np.datetime64("2020-03-15")
    np.testing.assert_array_equal(afresh["predicted"][first], goes_on["predicted"][first])
    assert (afresh["predicted"][~first] != goes_on["predicted"][~first]).all()


@pytest.mark.parametrize("at", [3, 7, 11])
def test_a_run_that_is_stopped_among_the_folds_measures_nothing_and_goes_on(tmp_path, at):
    from rnnlab.experiments.resume import resume

    whole = train(config_of(rolling(folds=4)), runs_dir=tmp_path / "one", command=[])
    asked = iter(range(1000))
    stopped = train(
        config_of(rolling(folds=4)), runs_dir=tmp_path / "two", command=[], should_stop=lambda: next(asked) >= at
    )
    assert stopped.run is not None
    assert stopped.record["status"] == "interrupted"
    began = "Stopped after update 3 of 6" if at == 3 else "Stopped among the folds of the evaluation"
    assert stopped.headline.startswith(began)
    assert not (stopped.run / "predictions.csv").exists()
    assert not any("could not be drawn" in one for one in stopped.warnings)
    resume(stopped.run, command=[])
    for name in ("predictions.csv", "folds.csv"):
        assert whole.run is not None
        assert (stopped.run / name).read_bytes() == (whole.run / name).read_bytes()
    assert RunFolder.open(stopped.run).record.plain()["status"] == "completed"


def test_intervals_are_those_of_the_rows_kept_for_them():
    store, summary = run_of(
        "evaluation={levels: [80, 90], calibration: 0.3}", "data.horizon=2", "data.strategy=direct", "seeds=3"
    )
    table, said = store.read_table("intervals.csv"), store.read_table("predictions.csv")
    bounds = store.read_table("prediction_intervals.csv")
    # The calibration rows are the test rows of a run that has no others after them.
    write(VALUES[:66], "part.csv")
    alone = run_of("data.path=part.csv", "data.test_rows=19", "data.horizon=2", "data.strategy=direct", "seeds=3")
    kept = alone[0].read_table("predictions.csv")
    one_seed = said["seed"] == 0
    for level in (80, 90):
        for step in (1, 2):
            errors = np.sort(np.abs(kept["actual"] - kept["median"])[(kept["step"] == step) & (kept["seed"] == 0)])
            half = errors[math.ceil(20 * level / 100) - 1]
            here = (bounds["level"] == level) & (bounds["method"] == "split") & (bounds["step"] == step)
            middle = said["median"][one_seed & (said["step"] == step)]
            np.testing.assert_allclose(bounds["low"][here], middle - half, rtol=1e-12)
            np.testing.assert_allclose(bounds["high"][here], middle + half, rtol=1e-12)
            actual = said["actual"][one_seed & (said["step"] == step)]
            row = (table["level"] == level) & (table["method"] == "split") & (table["forecaster"] == "median")
            row &= table["step"] == step
            covered = np.sum((bounds["low"][here] <= actual) & (actual <= bounds["high"][here]))
            assert (table["covered"][row], table["rows"][row]) == (covered, 24)
    assert sum("from 19 calibration rows" in note for note in summary.notes) == 2
    assert set(table["forecaster"]) > {"median", "naive", "drift", "window_map"}
    assert set(table["method"]) == {"split", "adaptive"}


def test_the_rows_of_the_intervals_are_neither_trained_on_nor_those_of_early_stopping():
    stopping = "training.early_stopping={patience: 2, validation_fraction: 0.2}"
    plain = build_task(config_of(stopping))
    kept = build_task(config_of(stopping, "evaluation={levels: [80], calibration: 0.25}"))
    total = plain.sequences.sequences
    assert kept.sequences.sequences == total - 16  # of 66 training rows
    np.testing.assert_allclose(
        np.diff(kept.sequences.targets[:, 0]) * np.ptp(np.diff(VALUES[:50])),
        np.diff(np.diff(VALUES))[4 : 4 + total - 17],
        rtol=1e-9,
        atol=1e-12,
    )


def test_a_level_needs_its_rows():
    with pytest.raises(ConfigError) as caught:
        build_task(config_of("evaluation={levels: [99]}"))
    assert (
        "evaluation.levels: 99 needs at least 99 calibration rows; evaluation.calibration, 0.2 of 66 training rows, "
        "gives 13."
    ) in str(caught.value)


def test_steps_and_folds_are_drawn(tmp_path):
    summary = train(
        config_of(rolling(folds=3), "data.horizon=2", "data.strategy=direct"), runs_dir=tmp_path / "runs", command=[]
    )
    assert summary.run is not None
    assert {"forecast.png", "forecast_steps.png", "forecast_folds.png"} <= {
        path.name for path in (summary.run / "plots").iterdir()
    }


def test_a_check_counts_the_trainings_of_the_folds():
    from rnnlab.experiments.check import check

    assert check(config_of(rolling(folds=6, retrain_every=2))).further == 2
    assert check(config_of()).further == 0


def test_what_later_folds_measured_is_not_verified(tmp_path):
    from rnnlab.experiments.verify import verify

    summary = train(config_of(rolling(folds=3)), runs_dir=tmp_path / "runs", command=[])
    assert summary.run is not None
    found = verify(summary.run)
    assert found.passed
    assert [one.result for one in found.checks if one.name == "metrics"] == ["not checked"]


@pytest.mark.parametrize("strategy", ["single", "direct", "recursive"])
@pytest.mark.parametrize("scaler", ["minmax", "window"])
def test_nothing_learned_is_newer_than_what_a_forecast_comes_from(strategy, scaler):
    """Rows 70 and 71 precede test row 72, which is forecast from row 69: neither network nor baselines know them."""
    changed = VALUES.copy()
    changed[70:72] += [40, -30]
    keys = ["data.horizon=3", f"data.strategy={strategy}", f"data.scaler={scaler}", "data.test_rows=18"]
    found = []
    for values in (VALUES, changed):
        write(values)
        task: Any = build_task(config_of(*keys, rolling(folds=3)))
        said = task._said(*networks(task), task.trainings[0], task._followed(task.trainings[0]))
        first = [said.forecasts[..., -1, 0], *(rival[-1, 0] for rival in said.rivals[0].values())]
        found.append(
            [
                task.sequences.inputs.tobytes(),
                task.sequences.targets.tobytes(),
                *(np.asarray(one).tobytes() for one in first),
            ]
        )
        assert task.windowed.train_rows == 70
    assert found[0] == found[1]


def networks(task: Any):
    """Of untrained models."""
    setup = build_setup(task.config, task)
    return setup.network, setup.theta


def test_an_error_counts_for_adaptive_intervals_when_it_is_known():
    """Three rows ahead and no other: the error of a row changes no interval of the two rows after it."""
    keys = ["evaluation={levels: [80], calibration: 0.3}", "data.horizon=3", "training.epochs=2"]
    widths = []
    for value in (0.0, 500.0):
        values = VALUES.copy()
        values[75] += value
        write(values)
        table = run_of(*keys)[0].read_table("prediction_intervals.csv")
        adaptive = table["method"] == "adaptive"
        widths.append((table["high"] - table["low"])[adaptive])
    same = np.isclose(*widths, rtol=1e-9, atol=0)
    rows = np.arange(66, 90)
    assert same[rows < 78].all()
    assert not same[rows == 78].any()


def test_a_sliding_fold_begins_with_a_value():
    values = VALUES.copy()
    values[[6, 7, 12, 40]] = np.nan
    for missing in ("interpolate", "carry_forward"):
        write(values)
        task: Any = build_task(config_of(rolling(folds=4, window="sliding"), f"data.missing={missing}"))
        assert [fold.first for fold in task.trainings] == [0, 8, 13, 18]
        for fold in task.trainings:
            assert task._windowed(fold, 0).values[0] == values[fold.first]
