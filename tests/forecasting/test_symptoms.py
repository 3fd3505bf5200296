"""A forecast that lags or hardly moves, and columns that hold the answer."""

import numpy as np
import pytest

from rnnlab.forecasting.symptoms import collapse, lag, tells

SIZES = (1e-300, 1.0, 1e150, 1e300)


def walk(rows=200, seed=0):
    return np.random.default_rng(seed).normal(size=rows).cumsum()


@pytest.mark.parametrize("size", SIZES)
def test_a_forecast_that_repeats_the_last_value_lags(size):
    values = size * walk() / 20
    actual, last = values[1:], values[:-1]
    rng = np.random.default_rng(1)
    assert lag(actual, last + size * 0.001 * rng.normal(size=199), last).startswith(
        "The forecast lies nearer to the last known value (RMSE "
    )
    assert lag(actual, actual + size * 0.001 * rng.normal(size=199), last) == ""
    assert lag(actual, 0.3 * actual + 0.7 * last, last) != ""
    assert lag(actual, 0.7 * actual + 0.3 * last, last) == ""


def test_what_is_far_from_both_does_not_lag():
    values = walk()
    assert lag(values[1:], np.full(199, 1e3), values[:-1]) == ""
    flat = np.ones(50)
    assert lag(flat, flat, flat) == ""
    assert lag(values[1:10], values[:9], values[:9]) == ""  # too few to tell
    assert lag(values[1:], np.full(199, np.inf), values[:-1]) == ""


@pytest.mark.parametrize("size", SIZES)
def test_a_forecast_that_hardly_moves(size):
    values = size * walk() / 20
    for share, says in ((0.0, True), (0.09, True), (0.11, False), (1.0, False)):
        assert bool(collapse(values, 0.5 * size + share * values)) == says
    assert collapse(values[:9], np.zeros(9)) == ""
    assert collapse(np.ones(50), np.ones(50)) == ""


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("step", [1, 3])
def test_a_column_that_holds_the_answer_tells(size, step):
    values = size * walk() / 20
    rng = np.random.default_rng(2)
    ahead = np.append(values[step:], np.full(step, np.nan))
    assert tells(ahead, values, step)
    assert tells(7.0 - 3e-5 * ahead / size, values, step)  # in another unit
    assert tells(ahead - values, values, step)
    assert not tells(np.roll(values, 1), values, step)
    assert not tells(values, values, step)
    assert not tells(ahead + size * 0.05 * rng.normal(size=200), values, step)
    assert not tells(ahead[:8], values[:8], step)
