"""Baselines: small cases by hand, and no look into the future."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnlab.forecasting.baselines import BASELINES, drift, mean, moving_average, naive, season_of, seasonal_naive

VALUES = np.array([10.0, 12.0, 11.0, 17.0, 20.0, 8.0])
ROWS = np.array([3, 4, 5])


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
    known, hidden = (BASELINES[name](v, np.array([row]), horizon) for v in (values, spoilt))
    assert np.isfinite(known).all()
    np.testing.assert_array_equal(known, hidden)


@pytest.mark.parametrize(("rows", "horizon"), [([0], 1), ([1], 2), ([5], 0)])
def test_rows_before_the_horizon_are_refused(rows, horizon):
    with pytest.raises(ValueError, match="at least the horizon"):
        naive(VALUES, rows, horizon)


def test_a_width_or_season_below_one_is_refused():
    with pytest.raises(ValueError, match="'width'"):
        moving_average(VALUES, ROWS, width=0)
    with pytest.raises(ValueError, match="'season'"):
        seasonal_naive(VALUES, ROWS, season=0)


@pytest.mark.parametrize(
    ("dates", "season"),
    [
        (np.arange("2020-01-01", "2020-06-01", dtype="datetime64[D]"), 7),
        (
            np.arange("2020-01-01", "2020-06-01", dtype="datetime64[D]")[
                np.is_busday(np.arange("2020-01-01", "2020-06-01", dtype="datetime64[D]"))
            ],
            5,
        ),
        (np.arange("2020-01-01", "2022-06-01", 7, dtype="datetime64[D]"), 52),
        (np.arange("2015-01", "2020-06", dtype="datetime64[M]").astype("datetime64[D]"), 12),
        (np.arange("2015-01", "2020-06", 3, dtype="datetime64[M]").astype("datetime64[D]"), 4),
        (np.arange("2000-01-01", "2020-01-01", 10, dtype="datetime64[D]"), 1),
        (np.array(["2020-01-01"], dtype="datetime64[D]"), 1),
    ],
    ids=["days", "business days", "weeks", "months", "quarters", "ten days", "one row"],
)
def test_the_season_follows_from_the_distance_of_the_dates(dates, season):
    assert season_of(dates) == season
