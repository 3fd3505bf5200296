"""Forecasts of a dated series: no look into the future, targets by hand, persistence as published, honest warnings."""

import re

import numpy as np
import pytest

from rnnlab.config import load
from rnnlab.engine.batch import Batch
from rnnlab.errors import DataError
from rnnlab.experiments.problems import build_problem
from rnnlab.experiments.setup import build_setup, start_training


def problem_of(*overrides, seeds=None):
    return build_problem(load("small.yaml", overrides=overrides, seeds=seeds))


def constant(problem, outputs):
    """What evaluating a network that always says `outputs` gives: its weights are zero but for the last bias."""
    config = load("small.yaml", seeds=str(len(outputs)))
    setup = build_setup(config, problem)
    theta = np.zeros_like(setup.theta)
    setup.network.layout.view(theta, "readout.b_o")[:, 0] = outputs
    return problem.evaluate(setup.network, theta)


# The published numbers


@pytest.mark.parametrize(
    ("symbol", "rows", "test_rows", "rmse", "mae"),
    [("AAPL", 2015, 403, 10.149, 7.203), ("GOOG", 2148, 430, 10.376, 7.236)],
)
def test_persistence_of_the_bundled_prices(folder, symbol, rows, test_rows, rmse, mae):
    (folder / "small.yaml").write_text(f"data: {{kind: prices, symbol: {symbol}}}\n")
    problem = problem_of()
    assert problem.record["rows"] == rows
    assert problem.record["test_rows"] == test_rows
    evaluation = constant(problem, [0.0])
    naive = evaluation.baselines["naive"]
    assert round(naive["rmse"], 3) == rmse
    assert round(naive["mae"], 3) == mae
    assert evaluation.units["rmse"] == "USD"


def test_the_stock_experiment_warns_that_prices_left_the_training_range(folder):
    (folder / "small.yaml").write_text("data: {kind: prices, symbol: AAPL}\n")
    assert any("83 % of the test rows lie outside the range of the training rows" in w for w in problem_of().warnings)


# No look into the future


@pytest.mark.parametrize("target", ["price", "difference", "log_return"])
@pytest.mark.parametrize("scaler", ["minmax", "standard"])
@pytest.mark.parametrize("readout", ["last", "every"])
def test_test_rows_change_neither_the_scaler_nor_a_weight(folder, write_series, values, target, scaler, readout):
    thetas, inputs = [], []
    for corrupt in (False, True):
        series = values.copy()
        if corrupt:
            series[48:] = 1e6 * (1 + np.arange(12))
        write_series(series)
        keys = (f"data.target={target}", f"data.scaler={scaler}", f"model.readout={readout}", "data.horizon=2")
        config = load("small.yaml", overrides=keys, seeds="2")
        problem = build_problem(config)
        training = start_training(config, build_setup(config, problem))
        assert len(list(training)) == 4
        thetas.append(training.theta)
        inputs.append((problem.sequences.inputs, problem.sequences.targets))
    np.testing.assert_array_equal(inputs[0][0], inputs[1][0])
    np.testing.assert_array_equal(inputs[0][1], inputs[1][1])
    np.testing.assert_array_equal(thetas[0], thetas[1])


def test_the_last_training_row_does_change_them(folder, write_series, values):
    """What the test above would miss if nothing ever changed anything."""
    before = problem_of().sequences
    values[47] += 1
    write_series(values)
    after = problem_of().sequences
    assert not np.array_equal(before.targets, after.targets)


# Windows and targets by hand


@pytest.mark.parametrize("horizon", [1, 3])
def test_windows_and_targets_by_hand(folder, values, horizon):
    problem = problem_of("data.scaler=none", f"data.horizon={horizon}")
    inputs, targets = problem.sequences.inputs, problem.sequences.targets
    N = 48 - 4 - horizon + 1
    assert inputs.shape == (4, N, 1)
    for n in range(N):
        np.testing.assert_array_equal(inputs[:, n, 0], values[n : n + 4])
        assert targets[n, 0] == values[n + 3 + horizon]


@pytest.mark.parametrize("horizon", [1, 3])
@pytest.mark.parametrize("target", ["price", "difference", "log_return"])
def test_a_readout_at_every_step_looks_equally_far_ahead(folder, values, horizon, target):
    keys = ("data.scaler=none", f"data.horizon={horizon}", f"data.target={target}", "model.readout=every")
    problem = problem_of(*keys)
    inputs, targets = problem.sequences.inputs, problem.sequences.targets
    assert targets.shape == inputs.shape
    before = {"price": 0, "difference": 1, "log_return": 1}[target]
    for n in range(inputs.shape[1]):
        for t in range(4):
            row = n + before + t  # the row that step t reads last
            now, then = values[row], values[row + horizon]
            expected = {"price": then, "difference": then - now, "log_return": np.log(then / now)}[target]
            assert targets[t, n, 0] == pytest.approx(expected, rel=1e-12)
    assert n + before + 3 + horizon == 47  # the last window ends with the last training row


@pytest.mark.parametrize(
    ("target", "said", "expected"),
    [
        ("price", 25.0, lambda known: np.full_like(known, 25.0)),
        ("difference", 0.5, lambda known: known + 0.5),
        ("log_return", 0.1, lambda known: known * np.exp(0.1)),
    ],
)
@pytest.mark.parametrize("horizon", [1, 3])
def test_outputs_become_prices_again(folder, values, target, said, expected, horizon):
    problem = problem_of("data.scaler=none", f"data.target={target}", f"data.horizon={horizon}")
    table = constant(problem, [said]).tables["predictions.csv"]
    known = values[48 - horizon : 60 - horizon]
    np.testing.assert_allclose(table["predicted"][0], expected(known), rtol=1e-12)
    np.testing.assert_array_equal(table["naive"], known)
    np.testing.assert_array_equal(table["actual"], values[48:])
    assert table["date"][0] == np.datetime64("2020-02-18")
    assert table["date"][-1] == np.datetime64("2020-02-29")


@pytest.mark.parametrize("scaler", ["minmax", "standard"])
def test_scaling_is_undone(folder, values, scaler):
    train = values[:48]
    low, high, mean, sd = train.min(), train.max(), train.mean(), train.std()
    problem = problem_of(f"data.scaler={scaler}")
    table = constant(problem, [0.25, 2.0]).tables["predictions.csv"]
    for row, said in zip(table["predicted"], (0.25, 2.0), strict=True):
        expected = low + said * (high - low) if scaler == "minmax" else mean + said * sd
        np.testing.assert_allclose(row, expected, rtol=1e-12)


def test_scores_are_in_the_unit_of_the_values(folder, values):
    evaluation = constant(problem_of("data.scaler=minmax"), [0.0, 1.0])
    low, high = values[:48].min(), values[:48].max()
    expected = [np.sqrt(np.mean((values[48:] - said) ** 2)) for said in (low, high)]
    np.testing.assert_allclose(evaluation.metrics["rmse"], expected, rtol=1e-12)
    naive = np.sqrt(np.mean((values[48:] - values[47:59]) ** 2))
    assert evaluation.baselines["naive"]["rmse"] == pytest.approx(naive)
    np.testing.assert_allclose(evaluation.metrics["skill"], 1 - np.array(expected) / naive, rtol=1e-12)


# What is said


def test_the_headline_says_who_won(folder):
    problem = problem_of("data.target=difference", "data.scaler=none")
    assert constant(problem, [50.0]).headline.startswith("The network does not beat persistence: RMSE ")
    assert constant(problem, [1e-9]).headline.startswith("The network cannot be told apart from persistence: ")


def test_it_can_win(folder, write_series):
    rng = np.random.default_rng(0)
    slope = np.round(10 + 1.0 * np.arange(200) + 0.1 * rng.standard_normal(200), 4)
    write_series(slope)
    problem = problem_of("data.target=difference", "data.scaler=none")
    assert constant(problem, [1.0]).headline.startswith("The network beats persistence: RMSE ")


def test_the_warning_counts_the_rows_outside(folder, values):
    low, high = values[:48].min(), values[:48].max()
    outside = np.mean((values[48:] < low) | (values[48:] > high))
    assert 0 < outside < 1
    (warning,) = problem_of().warnings
    assert warning.startswith(f"{100 * outside:.0f} % of the test rows lie outside the range of the training rows ")
    assert f"({low:.6g} to {high:.6g})" in warning


def test_no_warning_where_the_test_rows_stay_inside(folder, write_series):
    write_series(np.round(10 + np.sin(np.arange(60)), 2))
    assert not any("outside" in warning for warning in problem_of().warnings)


@pytest.mark.parametrize(("fraction", "horizon"), [(0.99, 1), (0.97, 2)])
def test_too_few_rows_for_a_test_are_no_error(folder, fraction, horizon):
    evaluation = constant(problem_of(f"data.train_fraction={fraction}", f"data.horizon={horizon}"), [0.5])
    assert np.isfinite(evaluation.metrics["rmse"]).all()


def test_too_short_a_series(folder, write_series, values):
    write_series(values[:4])
    with pytest.raises(DataError, match=r"at least 7 rows .*; got 4\."):
        problem_of()


def test_the_record_names_the_data(folder):
    record = problem_of().record
    assert record["path"].endswith("series.csv")
    assert re.fullmatch(r"[0-9a-f]{64}", record["sha256"])
    assert (record["train_rows"], record["test_rows"]) == (48, 12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numbers_have_the_precision_asked_for(folder, dtype):
    sequences = problem_of(f"model.dtype={dtype}").sequences
    assert sequences.inputs.dtype == sequences.targets.dtype == dtype
    single = problem_of(f"model.dtype={dtype}", "model.readout=every").sequences
    assert single.targets.dtype == dtype


@pytest.mark.parametrize("readout", ["last", "every"])
def test_the_forecast_is_what_the_network_says_after_the_whole_window(folder, values, readout):
    config = load("small.yaml", overrides=(f"model.readout={readout}", "data.scaler=none"), seeds="2")
    problem = build_problem(config)
    setup = build_setup(config, problem)
    predicted = problem.evaluate(setup.network, setup.theta).tables["predictions.csv"]["predicted"]
    for n in range(12):
        window = Batch(values[44 + n : 48 + n].reshape(4, 1, 1))
        outputs, _ = setup.network.outputs(setup.theta, window)
        said = outputs[-1] if readout == "every" else outputs
        np.testing.assert_allclose(predicted[:, n], said[:, 0, 0], rtol=1e-12)
