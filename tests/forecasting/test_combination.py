"""The median forecast: by hand, with models that have none, at the ends of the floats."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnlab.forecasting.combination import median_forecast
from rnnlab.forecasting.metrics import mae


def test_the_median_is_taken_row_by_row():
    found = median_forecast([[1.0, 9.0, 4.0], [3.0, 1.0, 4.0], [2.0, 2.0, 7.0]])
    np.testing.assert_array_equal(found.values, [2.0, 2.0, 4.0])
    assert found.of.tolist() == [True, True, True]


def test_two_models_meet_in_the_middle():
    np.testing.assert_array_equal(median_forecast([[1.0, -2.0], [4.0, 2.0]]).values, [2.5, 0.0])


def test_one_model_is_its_own_median_to_the_last_bit():
    row = np.random.default_rng(0).normal(size=50) * 10.0 ** np.arange(-300, 300, 12)
    np.testing.assert_array_equal(median_forecast(row[np.newaxis]).values, row)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_model_with_one_value_that_is_not_finite_is_left_out_of_every_row(bad):
    found = median_forecast([[1.0, 1.0], [50.0, bad], [2.0, 2.0]])
    np.testing.assert_array_equal(found.values, [1.5, 1.5])
    assert found.of.tolist() == [True, False, True]


def test_of_no_model_there_is_no_forecast():
    found = median_forecast([[np.nan, 1.0], [np.inf, np.nan]])
    assert np.isnan(found.values).all()
    assert not found.of.any()


def test_the_ends_of_the_floats():
    np.testing.assert_array_equal(median_forecast([[1.5e308, 5e-324], [1.7e308, 5e-324]]).values, [1.6e308, 5e-324])


@given(st.integers(0, 500), st.integers(1, 9))
def test_it_is_numpys_median_and_at_most_twice_as_far_off_as_the_models_are_on_average(seed, models):
    """At every row at least half of the models lie beyond the median, as seen from the actual value."""
    rng = np.random.default_rng(seed)
    actual, predicted = rng.normal(size=20), rng.normal(size=(models, 20))
    values = median_forecast(predicted).values
    np.testing.assert_allclose(values, np.median(predicted, axis=0), rtol=1e-15, atol=1e-15)
    assert mae(actual, values) <= 2 * np.mean(mae(actual, predicted)) * (1 + 1e-12)
