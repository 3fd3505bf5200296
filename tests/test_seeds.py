"""Median and interval of the seeds: numpy's own quantiles, but for values that are not finite."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rnnlab import words
from rnnlab.seeds import HIGH, LOW, Spread, quantiles, spread

few_values = arrays(
    np.float64,
    st.tuples(st.integers(1, 12), st.integers(1, 5)),
    elements=st.floats(-1e300, 1e300) | st.just(float("nan")),
)


@given(few_values, st.sampled_from([0.0, LOW, 0.1, 0.5, HIGH, 1.0]))
def test_quantiles_are_numpys_over_the_values_there_are(values, fraction):
    (found,) = quantiles(values, [fraction])
    for column, value in zip(values.T, found, strict=True):
        kept = column[~np.isnan(column)]
        expected = np.quantile(kept, fraction) if kept.size else np.nan
        np.testing.assert_allclose(value, expected, rtol=0, atol=1e-14 * np.abs(kept).max(initial=1e-300))


def test_the_interval_holds_nine_in_ten_of_the_seeds():
    assert spread(range(21)) == Spread(10.0, 1.0, 19.0)
    found = spread([248.4, 327.1, 302.7])
    assert (found.median, found.low, found.high) == pytest.approx((302.7, 253.83, 324.66))


def test_one_seed_is_its_own_interval():
    assert spread([None, 3.0, math.nan]) == Spread(3.0, 3.0, 3.0)


@pytest.mark.parametrize("values", [[], [None], [math.nan, math.nan]])
def test_without_a_number_there_is_nothing(values):
    assert all(map(math.isnan, vars(spread(values)).values()))


def test_infinite_values_count_and_spoil_no_neighbour():
    assert spread([-math.inf, 1.0, 2.0]) == Spread(1.0, -math.inf, 1.9)
    assert spread([1.0, math.inf, math.inf]).median == math.inf
    assert math.isnan(spread([-math.inf, math.inf]).median)


@pytest.mark.parametrize("values", [[1.7e308, 1.5e308], [-1.5e308, -1.7e308]])
def test_the_middle_of_two_large_floats_is_finite(values):
    assert spread(values).median == pytest.approx(math.copysign(1.6e308, values[0]))


def test_the_words_for_the_interval_are_true():
    assert f"{100 * LOW:g}–{100 * HIGH:g} %" == words.INTERVAL
    assert f"{100 * LOW:g} % to {100 * HIGH:g} % quantiles of the seeds" == words.QUANTILES
