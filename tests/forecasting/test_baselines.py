"""Baselines: small cases by hand, and no look into the future."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnlab.forecasting.baselines import BASELINES, Baseline, forecasts, table
from rnnlab.forecasting.baselines.simple import drift, mean, moving_average, naive, seasonal_naive

VALUES = np.array([10.0, 12.0, 11.0, 17.0, 20.0, 8.0])
ROWS = np.array([3, 4, 5])


def forecast(name, values, rows, horizon=1, *, training_rows=20, window=4, season=5, beside=None):
    known = {"training_rows": training_rows, "window": window, "season": season, "beside": beside}
    baseline = BASELINES[name]
    return baseline.rule(values, rows, horizon, **{need: known[need] for need in baseline.needs})


def test_by_hand_one_step_ahead():
    np.testing.assert_array_equal(naive(VALUES, ROWS), [11, 17, 20])
    np.testing.assert_allclose(drift(VALUES, ROWS), [11 + 1 / 2, 17 + 7 / 3, 20 + 10 / 4])
    np.testing.assert_allclose(mean(VALUES, ROWS), [11, 12.5, 14])
    np.testing.assert_allclose(moving_average(VALUES, ROWS, width=2), [11.5, 14, 18.5])
    np.testing.assert_array_equal(seasonal_naive(VALUES, ROWS, season=2), [12, 11, 17])


def test_by_hand_two_steps_ahead():
    np.testing.assert_array_equal(naive(VALUES, ROWS, 2), [12, 11, 17])
    np.testing.assert_allclose(drift(VALUES, ROWS, 2), [12 + 2 * 2, 11 + 2 * 0.5, 17 + 2 * 7 / 3])
    np.testing.assert_allclose(mean(VALUES, ROWS, 2), [11, 11, 12.5])
    np.testing.assert_allclose(moving_average(VALUES, ROWS, 2, width=3), [11, 11, 40 / 3])
    np.testing.assert_array_equal(seasonal_naive(VALUES, ROWS, 2, season=3), [10, 12, 11])


def test_before_there_is_a_past_they_fall_back_on_what_is_known():
    first = np.array([1])
    assert drift(VALUES, first) == 10.0
    assert moving_average(VALUES, first, width=20) == 10.0
    assert seasonal_naive(VALUES, first, season=5) == 10.0


@given(name=st.sampled_from(sorted(BASELINES)), horizon=st.integers(1, 4), seed=st.integers(0, 9))
def test_no_baseline_looks_beyond_its_origin(name, horizon, seed):
    values = np.random.default_rng(seed).normal(size=30)
    row = 20
    spoilt = values.copy()
    spoilt[row - horizon + 1 :] = np.nan
    known, hidden = (forecast(name, v, np.array([row]), horizon, training_rows=row - 3) for v in (values, spoilt))
    assert np.isfinite(known).all()
    np.testing.assert_array_equal(known, hidden)


@given(name=st.sampled_from(sorted(BASELINES)), horizon=st.integers(1, 4), seed=st.integers(0, 9))
def test_no_baseline_is_fitted_on_test_rows(name, horizon, seed):
    values = np.random.default_rng(seed).normal(size=60)
    other = np.concatenate([values[:50], np.random.default_rng(99).normal(size=10)])
    here, there = (forecast(name, v, np.array([50]), horizon, training_rows=50) for v in (values, other))
    np.testing.assert_array_equal(here, there)


def test_every_baseline_has_a_name_for_sentences():
    titles = {name: baseline.title_with(7) for name, baseline in BASELINES.items()}
    assert titles["naive"] == "persistence"
    assert titles["seasonal_naive"] == "the seasonal baseline (season 7)"
    assert all(titles.values())


def test_without_a_season_there_is_no_seasonal_baseline():
    found = forecasts(np.arange(60.0), np.arange(50, 60), 1, training_rows=50, window=5, season=None)
    assert found.keys() == BASELINES.keys() - {"seasonal_naive"}


@pytest.mark.parametrize(
    ("forecast", "got"),
    [
        ([1.0, 2.0], r"shape \(2,\)"),
        ([[1.0], [2.0], [3.0]], r"shape \(3, 1\)"),
        ([1.0, np.nan, np.inf], "2 that are not"),
    ],
)
def test_a_baseline_that_forecasts_something_else_is_named(forecast, got, monkeypatch):
    odd = Baseline(lambda _values, _rows, _horizon: forecast, "odd")
    monkeypatch.setattr(table, "BASELINES", {"odd": odd})
    with pytest.raises(ValueError, match=rf"The baseline odd must give finite numbers of shape \(3,\), .* got {got}\."):
        forecasts(VALUES, ROWS, 1, training_rows=3, window=2, season=None)


@pytest.mark.parametrize(("rows", "horizon"), [([0], 1), ([1], 2), ([5], 0)])
def test_rows_before_the_horizon_are_refused(rows, horizon):
    with pytest.raises(ValueError, match="at least the horizon"):
        naive(VALUES, rows, horizon)


def test_a_width_or_season_below_one_is_refused():
    with pytest.raises(ValueError, match="'width'"):
        moving_average(VALUES, ROWS, width=0)
    with pytest.raises(ValueError, match="'season'"):
        seasonal_naive(VALUES, ROWS, season=0)


def test_a_constant_is_forecast_exactly():
    values = np.full(60, 0.1)
    for name in BASELINES:
        np.testing.assert_array_equal(forecast(name, values, np.arange(20, 60)), np.full(40, 0.1), err_msg=name)


@given(st.sampled_from(sorted(BASELINES)), st.integers(0, 9))
def test_sums_of_huge_values_stay_finite(name, seed):
    values = np.random.default_rng(seed).uniform(-1.0, 1.0, 60)
    rows = np.arange(30, 60)
    here = forecast(name, values, rows, training_rows=30)
    huge = forecast(name, 1e308 * values, rows, training_rows=30)
    np.testing.assert_allclose(huge, 1e308 * here, rtol=1e-10, atol=1e294)


def test_a_huge_value_spoils_only_the_windows_it_is_in():
    values = np.ones(60)
    values[5] = 1e300
    np.testing.assert_array_equal(moving_average(values, np.arange(27, 60), width=20), np.ones(33))


def test_the_linear_map_of_the_window_reads_what_stands_beside():
    """y follows x by two rows: three weights of x's window say it all."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=200)
    y = np.concatenate([[0.0, 0.0], 3.0 * x[:-2] + 1.0])
    rows = np.arange(150, 200)
    found = forecast("window_map", y, rows, 1, training_rows=150, window=3, beside=x[:, np.newaxis])
    np.testing.assert_allclose(found, y[rows], rtol=1e-9, atol=1e-9)
    blind = forecast("window_map", y, rows, 1, training_rows=150, window=3)
    assert np.std(blind - y[rows]) > 1.0
    poisoned = np.where(np.arange(200) >= 180, 1e9, x)
    late = forecast("window_map", y, rows, 1, training_rows=150, window=3, beside=poisoned[:, np.newaxis])
    np.testing.assert_allclose(late[:31], found[:31], rtol=1e-12)  # row 180 is forecast from row 179
