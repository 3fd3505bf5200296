"""Forecasts of a dated series: no look into the future, targets by hand, persistence as published, honest warnings."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rnnlab.config import load
from rnnlab.engine.batch import Batch
from rnnlab.errors import ConfigError, DataError
from rnnlab.experiments.setup import build_setup, start_training
from rnnlab.forecasting.baselines import BASELINES, table
from rnnlab.tasks.task import build_task

pytestmark = pytest.mark.usefixtures("folder")


def task_of(*overrides, seeds=None):
    return build_task(load("small.yaml", overrides=overrides, seeds=seeds))


def constant(task, outputs):
    """What evaluating a network that always says `outputs` gives: its weights are zero but for the last bias."""
    config = load("small.yaml", seeds=str(len(outputs)))
    setup = build_setup(config, task)
    theta = np.zeros_like(setup.theta)
    setup.network.layout.view(theta, "readout.b_o")[:, 0] = outputs
    return task.evaluate(setup.network, theta)


def evaluated(task, forecasts):
    """What evaluating networks gives that forecast this, (R, N) in the unit of the series."""
    honest, shaped = task._said, np.asarray(forecasts)[:, np.newaxis, np.newaxis]
    untrained = build_setup(task.config, task)
    task._said = lambda _network, _theta, *of: replace(
        honest(untrained.network, untrained.theta, *of), forecasts=shaped
    )
    return task.evaluate(None, np.zeros((len(forecasts), 1)))


# The published numbers


@pytest.mark.parametrize(
    ("symbol", "rows", "test_rows", "rmse", "mae"),
    [("AAPL", 2015, 403, 10.149, 7.203), ("GOOG", 2148, 430, 10.376, 7.236)],
)
def test_persistence_of_the_bundled_prices(folder, symbol, rows, test_rows, rmse, mae):
    (folder / "small.yaml").write_text(f"data: {{kind: prices, symbol: {symbol}}}\n")
    task = task_of()
    assert task.record["rows"] == rows
    assert task.record["test_rows"] == test_rows
    evaluation = constant(task, [0.0])
    naive = evaluation.baselines["naive"]
    assert round(naive["rmse"], 3) == rmse
    assert round(naive["mae"], 3) == mae
    assert evaluation.units["rmse"] == "USD"


def test_the_stock_experiment_warns_that_prices_left_the_training_range(folder):
    (folder / "small.yaml").write_text("data: {kind: prices, symbol: AAPL}\n")
    assert any("83 % of the test rows lie outside the range of the training rows" in w for w in task_of().warnings)


# No look into the future


@pytest.mark.parametrize("target", ["price", "difference", "log_return"])
@pytest.mark.parametrize("scaler", ["minmax", "standard"])
@pytest.mark.parametrize("readout", ["last", "every"])
def test_test_rows_change_neither_the_scaler_nor_a_weight(write_series, values, target, scaler, readout):
    thetas, inputs = [], []
    for corrupt in (False, True):
        series = values.copy()
        if corrupt:
            series[48:] = 1e6 * (1 + np.arange(12))
        write_series(series)
        keys = (f"data.target={target}", f"data.scaler={scaler}", f"model.readout={readout}", "data.horizon=2")
        config = load("small.yaml", overrides=keys, seeds="2")
        task = build_task(config)
        training = start_training(config, build_setup(config, task))
        assert len(list(training)) == 4
        thetas.append(training.theta)
        inputs.append((task.sequences.inputs, task.sequences.targets))
    np.testing.assert_array_equal(inputs[0][0], inputs[1][0])
    np.testing.assert_array_equal(inputs[0][1], inputs[1][1])
    np.testing.assert_array_equal(thetas[0], thetas[1])


def test_the_last_training_row_does_change_them(write_series, values):
    """What the test above would miss if nothing ever changed anything."""
    before = task_of().sequences
    values[47] += 1
    write_series(values)
    after = task_of().sequences
    assert not np.array_equal(before.targets, after.targets)


# Windows and targets by hand


@pytest.mark.parametrize("horizon", [1, 3])
def test_windows_and_targets_by_hand(values, horizon):
    task = task_of("data.scaler=none", f"data.horizon={horizon}")
    inputs, targets = task.sequences.inputs, task.sequences.targets
    N = 48 - (horizon - 1) - 4 - horizon + 1  # what is forecast first comes from row 48 - horizon
    assert inputs.shape == (4, N, 1)
    for n in range(N):
        np.testing.assert_array_equal(inputs[:, n, 0], values[n : n + 4])
        assert targets[n, 0] == values[n + 3 + horizon]


@pytest.mark.parametrize("horizon", [1, 3])
@pytest.mark.parametrize("target", ["price", "difference", "log_return"])
def test_a_readout_at_every_step_looks_equally_far_ahead(values, horizon, target):
    keys = ("data.scaler=none", f"data.horizon={horizon}", f"data.target={target}", "model.readout=every")
    task = task_of(*keys)
    inputs, targets = task.sequences.inputs, task.sequences.targets
    assert targets.shape == inputs.shape
    before = {"price": 0, "difference": 1, "log_return": 1}[target]
    for n in range(inputs.shape[1]):
        for t in range(4):
            row = n + before + t  # the row that step t reads last
            now, then = values[row], values[row + horizon]
            expected = {"price": then, "difference": then - now, "log_return": np.log(then / now)}[target]
            assert targets[t, n, 0] == pytest.approx(expected, rel=1e-12)
    assert n + before + 3 + horizon == 48 - horizon  # the last row that the first forecast knows


@pytest.mark.parametrize(
    ("target", "said", "expected"),
    [
        ("price", 25.0, lambda known: np.full_like(known, 25.0)),
        ("difference", 0.5, lambda known: known + 0.5),
        ("log_return", 0.1, lambda known: known * np.exp(0.1)),
    ],
)
@pytest.mark.parametrize("horizon", [1, 3])
def test_outputs_become_prices_again(values, target, said, expected, horizon):
    task = task_of("data.scaler=none", f"data.target={target}", f"data.horizon={horizon}")
    table = constant(task, [said]).tables["predictions.csv"]
    known = values[48 - horizon : 60 - horizon]
    np.testing.assert_allclose(table["predicted"][0], expected(known), rtol=1e-12)
    np.testing.assert_array_equal(table["naive"], known)
    np.testing.assert_array_equal(table["actual"], values[48:])
    assert table["date"][0] == np.datetime64("2020-02-18")
    assert table["date"][-1] == np.datetime64("2020-02-29")


@pytest.mark.parametrize("scaler", ["minmax", "standard"])
def test_scaling_is_undone(values, scaler):
    train = values[:48]
    low, high, mean, sd = train.min(), train.max(), train.mean(), train.std()
    task = task_of(f"data.scaler={scaler}")
    table = constant(task, [0.25, 2.0]).tables["predictions.csv"]
    for row, said in zip(table["predicted"], (0.25, 2.0), strict=True):
        expected = low + said * (high - low) if scaler == "minmax" else mean + said * sd
        np.testing.assert_allclose(row, expected, rtol=1e-12)


def test_scores_are_in_the_unit_of_the_values(values):
    evaluation = constant(task_of("data.scaler=minmax"), [0.0, 1.0])
    low, high = values[:48].min(), values[:48].max()
    expected = [np.sqrt(np.mean((values[48:] - said) ** 2)) for said in (low, high)]
    np.testing.assert_allclose(evaluation.metrics["rmse"], expected, rtol=1e-12)
    naive = np.sqrt(np.mean((values[48:] - values[47:59]) ** 2))
    assert evaluation.baselines["naive"]["rmse"] == pytest.approx(naive)
    np.testing.assert_allclose(evaluation.metrics["skill"], 1 - np.array(expected) / naive, rtol=1e-12)


# What is said


def best(evaluation):
    """The best baseline, as it stands in a sentence."""
    scores = {name: one["rmse"] for name, one in evaluation.baselines.items()}
    return BASELINES[min(scores, key=scores.__getitem__)].title_with(evaluation.tests["seasonal_naive"]["season"])


def test_the_headline_says_who_won(write_series):
    write_series(np.round(100 + np.random.default_rng(11).normal(size=120).cumsum(), 3))
    task = task_of("data.target=difference", "data.scaler=none")
    lost, same = (constant(task, [said]) for said in (50.0, 1e-9))
    assert lost.headline.startswith(f"The network does not beat {best(lost)}, the best baseline: RMSE ")
    assert same.headline.startswith(f"The network is not distinguishable from {best(same)}, the best baseline: RMSE ")


def test_it_can_win(write_series):
    """It knows of a slope that no training row shows."""
    steps = np.where(np.arange(200) < 160, 0.0, 1.0) + 0.1 * np.random.default_rng(0).standard_normal(200)
    write_series(np.round(10 + np.cumsum(steps), 4))
    task = task_of("data.target=difference", "data.scaler=none")
    evaluation = constant(task, [1.0])
    assert best(evaluation) != "persistence"
    assert evaluation.headline.startswith(
        f"The network beats {best(evaluation)}, the best baseline, and each of the 7 others: RMSE "
    )
    assert evaluation.headline.endswith(
        f"; persistence has {evaluation.baselines['naive']['rmse']:.4g} (Diebold-Mariano tests at 5 %)."
    )
    tests = evaluation.tests["diebold_mariano"]["median"]
    assert all(test["statistic"] < 0 and test["p_value"] < 0.05 for test in tests.values())


def t_statistic(differences):
    """Student's, of a mean against zero: what the Diebold-Mariano statistic is one step ahead."""
    return differences.mean() / (differences.std(ddof=1) / np.sqrt(len(differences)))


def test_it_is_the_best_baseline_that_is_tested(write_series):
    """A network that says the moving average's value beats persistence by far, and that is not what counts."""
    rng = np.random.default_rng(1)
    values = np.round(20 + rng.normal(size=200), 4)
    write_series(values)
    task = task_of("data.scaler=none")
    evaluation = constant(task, [20.0, values[:160].mean(), 15.0])
    scores = {name: one["rmse"] for name, one in evaluation.baselines.items()}
    assert min(scores, key=scores.__getitem__) == "mean"
    past = np.array([values[:row].mean() for row in range(160, 200)])
    assert scores["mean"] == pytest.approx(np.sqrt(np.mean((values[160:] - past) ** 2)), rel=1e-12)
    test = evaluation.tests["diebold_mariano"]
    assert test["against"] == "mean"
    for said, statistic in zip((20.0, values[:160].mean(), 15.0), test["statistic"], strict=True):
        expected = t_statistic((values[160:] - said) ** 2 - (values[160:] - past) ** 2)
        assert statistic == pytest.approx(expected, rel=1e-9)
    assert (evaluation.metrics["rmse"][:2] < 0.9 * scores["naive"]).all()
    assert evaluation.headline.startswith("The network is not distinguishable from the mean, the best baseline: RMSE ")
    assert " (median forecast of 3 seeds) against " in evaluation.headline
    assert f"; persistence has {scores['naive']:.4g}. " in evaluation.headline


# The median forecast


def test_the_forecast_is_the_median_of_the_seeds_row_by_row(write_series):
    """Three seeds that cross: the median follows each of them somewhere, and none is as good as it."""
    rng = np.random.default_rng(4)
    values = np.round(20 + rng.normal(size=200), 4)
    write_series(values)
    task = task_of("data.scaler=none")
    said = 20 + rng.normal(size=(3, 40))
    evaluation = evaluated(task, said)
    expected = np.median(said, axis=0)
    table = evaluation.tables["predictions.csv"]
    assert [*table] == ["date", "actual", "predicted", "naive", "best_baseline", "median"]
    np.testing.assert_array_equal(table["median"], expected)
    error = values[160:] - expected
    assert evaluation.combined.models == [0, 1, 2]
    assert evaluation.combined.metrics["rmse"] == pytest.approx(np.sqrt(np.mean(error**2)), rel=1e-12)
    assert evaluation.combined.metrics["mae"] == pytest.approx(np.mean(np.abs(error)), rel=1e-12)
    assert evaluation.combined.metrics["rmse"] < evaluation.metrics["rmse"].min()
    assert f": RMSE {evaluation.combined.metrics['rmse']:.4g} (median forecast of 3 seeds) against " in (
        evaluation.headline
    )


def test_the_median_forecast_is_tested_against_every_baseline(write_series):
    rng = np.random.default_rng(4)
    values = np.round(20 + rng.normal(size=400), 4)
    write_series(values)
    task: Any = task_of("data.scaler=none")
    said = 20 + 0.1 * rng.normal(size=(3, 80))
    evaluation = evaluated(task, said)
    tests = evaluation.tests["diebold_mariano"]["median"]
    assert tests.keys() == evaluation.baselines.keys()
    for name, rival in {
        name: row[0]
        for name, row in task._baselines(task.windowed, task.series.target, task._scoring(task.series.target)).items()
    }.items():
        expected = t_statistic((values[320:] - np.median(said, axis=0)) ** 2 - (values[320:] - rival) ** 2)
        assert tests[name]["statistic"] == pytest.approx(expected, rel=1e-9)
    ordered = sorted(tests.values(), key=lambda test: test["p_value"])
    assert ordered[0]["holm_p_value"] == pytest.approx(min(1, 8 * ordered[0]["p_value"]))
    beaten = [name for name, test in tests.items() if test["statistic"] < 0 and test["holm_p_value"] < 0.05]
    assert 0 < len(beaten) < 4
    listed = evaluation.headline.partition("Of the 8 baselines it beats ")[2].partition(" (Diebold")[0]
    assert re.split(", | and ", listed) == [BASELINES[name].title_with(task.season) for name in beaten]


@pytest.mark.parametrize(
    ("bad", "aside"),
    [
        ([0, 1, 0], "median forecast of 2 seeds; 1 of 3 seeds has no finite forecast"),
        ([1, 1, 0], "median forecast of 1 seed; 2 of 3 seeds have no finite forecast"),
    ],
)
def test_a_seed_whose_forecast_is_not_finite_is_left_out(write_series, bad, aside):
    write_series(np.round(20 + np.random.default_rng(4).normal(size=200), 4))
    task = task_of("data.scaler=none")
    said = 20 + np.random.default_rng(5).normal(size=(3, 40))
    left = np.array(bad) == 0
    with_bad = np.where(left[:, None] | (np.arange(40) != 7), said, np.inf)
    evaluation = evaluated(task, with_bad)
    assert evaluation.combined.models == np.flatnonzero(left).tolist()
    np.testing.assert_array_equal(evaluation.tables["predictions.csv"]["median"], np.median(said[left], axis=0))
    assert f" ({aside}) against " in evaluation.headline
    assert evaluation.warnings == ()


def test_without_a_finite_forecast_nothing_is_judged(write_series):
    write_series(np.round(20 + np.random.default_rng(4).normal(size=200), 4))
    evaluation = evaluated(task_of("data.scaler=none"), np.full((2, 40), np.inf))
    assert evaluation.combined.models == []
    assert np.isnan(evaluation.combined.metrics["rmse"])
    assert evaluation.tests["diebold_mariano"]["median"] is None
    assert evaluation.headline.endswith(", the best baseline: 2 of 2 seeds have no finite forecast.")


def test_one_seed_is_the_forecast_and_no_median_is_spoken_of():
    evaluation = constant(task_of(), [0.5])
    assert evaluation.combined.models == [0]
    assert evaluation.combined.metrics == {name: found[0] for name, found in evaluation.metrics.items()}
    assert "median" not in evaluation.headline
    assert "seed" not in evaluation.headline
    table = evaluation.tables["predictions.csv"]
    np.testing.assert_array_equal(table["median"], table["predicted"][0])


def test_where_persistence_is_the_best_baseline_it_is_named_once(write_series):
    write_series(np.round(100 + np.random.default_rng(11).normal(size=120).cumsum(), 3))
    headline = constant(task_of(), [0.5]).headline
    assert headline.startswith("The network does not beat persistence, the best baseline: RMSE ")
    assert headline.lower().count("persistence") == 1


# The season


def shop(weeks=30, closed=(6,)):
    """Days from a Monday on without some weekdays, and sales that hang on the weekday."""
    first = np.datetime64("2020-01-06")
    dates = [first + np.timedelta64(7 * w + d, "D") for w in range(weeks) for d in range(7) if d not in closed]
    rng = np.random.default_rng(0)
    level = np.array([50.0, 20, 30, 40, 80, 120, 10])
    return dates, np.array([round(level[(day - first).astype(int) % 7] + rng.normal(), 3) for day in dates])


def test_the_season_of_a_shop_that_closes_on_sundays_has_six_rows(write_series):
    dates, values = shop()
    write_series(values, days=dates)
    evaluation = constant(task_of(), [0.5])
    assert evaluation.tests["seasonal_naive"] == {"season": 6}
    test = np.arange(int(0.8 * len(values)), len(values))
    expected = np.sqrt(np.mean((values[test] - values[test - 6]) ** 2))
    assert evaluation.baselines["seasonal_naive"]["rmse"] == pytest.approx(expected, rel=1e-12)
    assert "does not beat exponential smoothing, the best baseline: RMSE " in evaluation.headline
    assert evaluation.baselines["exponential_smoothing"]["rmse"] < 1.1  # the noise has 1, the seasonal baseline 1.4


def test_the_season_stands_in_the_sentence(write_series, monkeypatch):
    dates, values = shop()
    write_series(values, days=dates)
    monkeypatch.setattr(table, "BASELINES", {name: BASELINES[name] for name in ("naive", "seasonal_naive")})
    assert "the seasonal baseline (season 6), the best baseline: RMSE " in constant(task_of(), [0.5]).headline


def test_the_season_follows_from_the_training_rows_alone(write_series):
    dates, values = shop(weeks=40)
    daily = [dates[191] + np.timedelta64(k, "D") for k in range(1, 49)]
    write_series(values, days=[*dates[:192], *daily])
    assert constant(task_of(), [0.5]).tests["seasonal_naive"] == {"season": 6}


def test_the_season_can_be_set(values):
    evaluation = constant(task_of("data.season=11"), [0.5])
    assert evaluation.tests["seasonal_naive"] == {"season": 11}
    expected = np.sqrt(np.mean((values[48:] - values[37:49]) ** 2))
    assert evaluation.baselines["seasonal_naive"]["rmse"] == pytest.approx(expected, rel=1e-12)
    with pytest.raises(ConfigError, match=r"data.season must be below the 48 training rows; got 48\. Give a smaller"):
        task_of("data.season=48")


def test_dates_without_a_season_have_no_seasonal_baseline(write_series, values):
    write_series(values, days=[np.datetime64("2020-01-01") + np.timedelta64(10 * k, "D") for k in range(60)])
    evaluation = constant(task_of(), [0.5])
    assert "seasonal_naive" not in evaluation.baselines
    assert evaluation.tests["seasonal_naive"] == {"season": None}


# Values that no formula likes

WAVE = np.round(20 + 0.2 * np.arange(60) + 2 * np.sin(0.9 * np.arange(60)), 3)


@pytest.mark.parametrize("exponent", [-300, -165, -155, 150, 154, 300])
def test_tiny_and_huge_values_are_measured(write_series, exponent):
    scale = 10.0**exponent
    write_series([repr(float(value)) for value in scale * WAVE])
    evaluation = constant(task_of("data.season=6"), [0.25, 0.5])
    low, high = WAVE[:48].min(), WAVE[:48].max()
    expected = [np.sqrt(np.mean((WAVE[48:] - low - said * (high - low)) ** 2)) for said in (0.25, 0.5)]
    np.testing.assert_allclose(evaluation.metrics["rmse"] / scale, expected, rtol=1e-9)
    assert evaluation.headline.startswith("The network does not beat the linear autoregression, the best baseline: ")
    assert "same error" not in evaluation.headline


POWERS = (-996, -512, -128, 128, 512, 996)  # of two: 1e-300 to 1e300, exactly


def scores_of(evaluation):
    """Every number of an evaluation that says how good a forecast is, by name; errors in a unit come first."""
    rows = {"seeds": evaluation.metrics, "median": evaluation.combined.metrics, **evaluation.baselines}
    numbers = {f"{who} {metric}": np.array(of[metric]) for who, of in rows.items() for metric in of}
    tests = evaluation.tests["diebold_mariano"]["median"]
    return numbers | {f"{name} {key}": np.array(of[key]) for name, of in tests.items() for key in of}


@pytest.mark.parametrize(
    "keys",
    [
        (),
        ("data.scaler=standard", "data.horizon=3"),
        ("data.scaler=none", "data.target=difference"),
        ("data.target=log_return", "data.horizon=2"),
    ],
    ids=str,
)
def test_the_unit_of_the_values_changes_no_score(write_series, keys):
    """Of networks and all baselines, metrics and tests; here any warning of NumPy is a failure."""
    found = {}
    for power in (0, *POWERS):
        write_series([repr(float(value)) for value in np.ldexp(WAVE, power)])
        said = np.ldexp([0.25, 0.5], power if "data.scaler=none" in keys else 0)
        evaluation = constant(task_of("data.season=6", *keys), said)
        assert not any("beyond" in warning for warning in evaluation.warnings)
        found[power] = scores_of(evaluation)
    for power in POWERS:
        assert found[power].keys() == found[0].keys()
        for name, expected in found[0].items():
            in_a_unit = name.endswith((" rmse", " mae"))
            here = np.ldexp(found[power][name], -power if in_a_unit else 0)
            np.testing.assert_allclose(here, expected, rtol=1e-6, atol=1e-9, err_msg=f"{name}, 2^{power}")


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("keys", [(), ("data.scaler=none",), ("data.target=difference", "data.horizon=2")], ids=str)
def test_values_of_all_magnitudes_together_are_scored_or_refused_by_name(write_series, seed, keys):
    """From 1e-300 to 1e300 in one series; here any warning of NumPy is a failure."""
    rng = np.random.default_rng(seed)
    values = rng.choice([-1.0, 1.0], 60) * 10.0 ** rng.uniform(-300, 300, 60)
    write_series([repr(float(value)) for value in values])
    try:
        task: Any = task_of(*keys)
    except DataError as error:
        refused = error.message
    else:
        refused, evaluation = None, constant(task, [0.25, 0.5])
    if refused is not None:
        assert "every scaled value must fit a float; got" in refused
        return
    assert np.isfinite(evaluation.metrics["rmse"]).all()
    assert all(np.isfinite(of["rmse"]) for of in evaluation.baselines.values())
    assert "diverged" not in evaluation.headline
    everyone = (evaluation.combined.metrics, *evaluation.baselines.values())
    beyond = {name for of in everyone for name in of if np.isinf(of[name])}
    warning = "".join(said for said in evaluation.warnings if "are null in run.json" in said)
    names = task.config.data.metric_names
    assert {name for name in evaluation.metrics if re.search(rf"\b{names.get(name, name)}\b", warning)} == beyond


def test_a_metric_that_no_float_holds_is_named_and_no_divergence(write_series):
    """MAPE of the last row, whose value is 1e-308: 100 |e / y| is near 1e311."""
    write_series([*map(repr, WAVE[:59].tolist()), "1e-308"])
    evaluation = constant(task_of(), [0.25, 0.5])
    assert np.isinf(evaluation.combined.metrics["mape"])
    assert np.isfinite(evaluation.combined.metrics["rmse"])
    assert [said for said in evaluation.warnings if "float" in said] == [
        "Metrics beyond the largest float, 1.8e+308, are null in run.json: MAPE of every forecast."
    ]
    assert "diverged" not in evaluation.headline


def test_an_error_that_no_float_holds_is_named_and_no_divergence(write_series):
    """Actual values near 1.7e308, forecasts near -1.7e308: the error is no float, its ratio to another is."""
    values = np.where(np.arange(60) % 2, 1.7e308, 1.6e308)
    write_series([repr(float(value)) for value in values])
    evaluation = evaluated(task_of("data.scaler=none"), np.full((2, 12), -1.7e308))
    assert evaluation.combined.models == [0, 1]
    assert np.isinf(evaluation.combined.metrics["rmse"])
    assert "RMSE more than 1.8e+308 (median forecast of 2 seeds) against " in evaluation.headline
    assert evaluation.headline.startswith("The network does not beat ")
    (warning,) = [said for said in evaluation.warnings if "float" in said]
    assert warning.endswith("null in run.json: RMSE and MAE of the network.")
    assert evaluation.combined.metrics["mase"] == pytest.approx(33.5, rel=1e-12)
    assert evaluation.combined.metrics["skill"] == pytest.approx(1 - (33.5**2 + 0.25) ** 0.5, rel=1e-12)


@pytest.mark.parametrize("scaler", ["minmax", "standard"])
def test_the_scale_of_tiny_and_huge_values(write_series, scaler):
    scaled = []
    for scale in (1.0, 1e-300, 1e300):
        write_series([repr(float(value)) for value in scale * WAVE])
        scaled.append(task_of(f"data.scaler={scaler}").sequences.inputs)
    np.testing.assert_allclose(scaled[1], scaled[0], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(scaled[2], scaled[0], rtol=1e-9, atol=1e-12)


def test_values_too_large_for_the_training_scale_are_refused_by_name(write_series):
    write_series([*(1e-200 * WAVE[:48]), 1e200, *(1e-200 * WAVE[49:])])
    with pytest.raises(DataError, match=r"every scaled value must fit a float; got 1e\+200 in row 49 \(2020-02-18\)\."):
        task_of()
    write_series(np.where(np.arange(60) % 2, 1e308, -1e308))
    with pytest.raises(DataError, match="must be finite and their spread must fit a float"):
        task_of("data.target=difference")


def test_values_too_large_for_single_precision_are_refused_by_name(write_series):
    write_series(1e300 * WAVE)
    assert task_of("model.dtype=float32").sequences.inputs.dtype == np.float32  # scaled to [0, 1]
    with pytest.raises(
        ConfigError, match=r"model.dtype must hold .* float32 does not; got .*e\+301\. Use dtype: float64"
    ):
        task_of("model.dtype=float32", "data.scaler=none")


HARD = {
    "constant": np.full(60, 0.1),
    "zeros": np.zeros(60),
    "1, 5e307": np.where(np.arange(60) % 2, 1.0, 5e307),
    "1e308 at the end": np.where(np.arange(60) > 50, 1e308, WAVE),
    "1e302": 1e302 * np.sin(np.arange(60)),
    "1e-320": 1e-320 * (1 + np.arange(60) % 5),
    "negative": -WAVE,
    "short": WAVE[:9],
}


@pytest.mark.painted
@pytest.mark.parametrize("kind", HARD)
@pytest.mark.parametrize("keys", [(), ("data.horizon=2",), ("data.target=difference",)], ids=str)
def test_hard_series_are_measured_and_drawn_without_a_warning(run_of, write_series, kind, keys):
    """Here any warning of NumPy or matplotlib is a failure."""
    write_series([repr(float(value)) for value in HARD[kind]])
    run = run_of(*keys, seeds="2", plots=not keys)
    assert run.record["metrics"]["rmse"]["per_seed"] != [None, None]
    assert "RMSE " in run.summary.headline
    assert "diverged" not in run.summary.headline


@pytest.mark.painted
def test_a_hard_series_leaves_nothing_but_sentences_on_standard_error(rnnlab, write_series):
    write_series(np.where(np.arange(60) % 3 == 1, 1e308, 1.0))
    done = rnnlab("train", "small.yaml", "--seeds", "2")
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stderr.splitlines() if not line.startswith(("epoch ", "warning: "))] == []


def test_a_constant_series_is_forecast_exactly_by_every_baseline(write_series):
    write_series(np.full(60, 0.1))
    evaluation = constant(task_of(), [0.5, 0.0])
    assert {name: one["rmse"] for name, one in evaluation.baselines.items()} == dict.fromkeys(evaluation.baselines, 0.0)
    assert "does not beat persistence, the best baseline: RMSE 0.25 (median forecast of 2 seeds)" in evaluation.headline
    assert "RMSE 0 against 0, the same error in all rows. " in constant(task_of(), [0.0]).headline


def test_a_network_that_diverged_is_counted_apart():
    config = load("small.yaml", seeds="3")
    task = build_task(config)
    setup = build_setup(config, task)
    theta = np.zeros_like(setup.theta)
    theta[1] = np.nan
    with np.errstate(invalid="ignore"):
        headline = task.evaluate(setup.network, theta).headline
    assert "1 of 3 seeds diverged" in headline


def test_the_warning_counts_the_rows_outside(values):
    low, high = values[:48].min(), values[:48].max()
    outside = np.mean((values[48:] < low) | (values[48:] > high))
    assert 0 < outside < 1
    (warning,) = task_of().warnings
    assert "changes at the test rows lie" in task_of("data.target=difference").warnings[0]
    assert warning.startswith(f"{100 * outside:.0f} % of the test rows lie outside the range of the training rows ")
    assert f"({low:.6g} to {high:.6g})" in warning


def test_no_warning_where_the_test_rows_stay_inside(write_series):
    write_series(np.round(10 + np.sin(np.arange(60)), 2))
    assert not any("outside" in warning for warning in task_of().warnings)


@pytest.mark.parametrize(("fraction", "horizon"), [(0.99, 1), (0.97, 2)])
def test_too_few_rows_for_a_test_are_no_error(fraction, horizon):
    evaluation = constant(task_of(f"data.train_fraction={fraction}", f"data.horizon={horizon}"), [0.5])
    assert np.isfinite(evaluation.metrics["rmse"]).all()
    assert evaluation.headline.startswith("There are too few rows to test whether the network beats ")
    assert evaluation.tests["diebold_mariano"]["p_value"] is None


def test_too_short_a_series(write_series, values):
    write_series(values[:4])
    with pytest.raises(DataError, match=r"at least 7 rows .*; got 4\."):
        task_of()


def test_the_record_names_the_data():
    record: Any = task_of().record
    assert record["path"].endswith("series.csv")
    assert re.fullmatch(r"[0-9a-f]{64}", record["sha256"])
    assert (record["train_rows"], record["test_rows"]) == (48, 12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numbers_have_the_precision_asked_for(dtype):
    sequences = task_of(f"model.dtype={dtype}").sequences
    assert sequences.inputs.dtype == sequences.targets.dtype == dtype
    single = task_of(f"model.dtype={dtype}", "model.readout=every").sequences
    assert single.targets.dtype == dtype


@pytest.mark.parametrize("readout", ["last", "every"])
def test_the_forecast_is_what_the_network_says_after_the_whole_window(values, readout):
    config = load("small.yaml", overrides=(f"model.readout={readout}", "data.scaler=none"), seeds="2")
    task = build_task(config)
    setup = build_setup(config, task)
    predicted = task.evaluate(setup.network, setup.theta).tables["predictions.csv"]["predicted"]
    for n in range(12):
        window = Batch(values[44 + n : 48 + n].reshape(4, 1, 1))
        outputs, _ = setup.network.outputs(setup.theta, window)
        said = outputs[-1] if readout == "every" else outputs
        np.testing.assert_allclose(predicted[:, n], said[:, 0, 0], rtol=1e-12)


def test_few_rows_to_forecast_are_told():
    (warning,) = [one for one in build_task(load("small.yaml", overrides=["data.train_fraction=0.98"])).warnings
                  if "only" in one]  # fmt: skip
    assert re.fullmatch(r"There (is|are) only \d+ rows? to forecast\.", warning)


@pytest.mark.parametrize(("gaps", "said"), [
    ([], None), ([20], "1 row without a value was filled in."),
    ([55], "1 row without a value was filled in; it is not scored."),
    ([20, 55], "2 rows without a value were filled in; the test row among them is not scored."),
    ([20, 53, 55], "3 rows without a value were filled in; the 2 test rows among them are not scored."),
])  # fmt: skip
def test_rows_that_were_filled_in_are_told(write_series, gaps, said):
    write_series(["" if row in gaps else value for row, value in enumerate(WAVE)])
    warnings = task_of("data.missing=interpolate").warnings
    assert [one for one in warnings if "filled in" in one] == ([] if said is None else [said])
