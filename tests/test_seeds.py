"""One number for many seeds."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnlab.seeds import median


@given(st.lists(st.floats(-1e300, 1e300), min_size=1))
def test_the_median_is_numpys(values):
    assert median(values) == np.median(values)


def test_what_is_not_finite_is_left_out():
    assert median([math.nan, 3.0, math.inf, 1.0]) == 2.0
    assert math.isnan(median([math.nan, math.inf]))
    assert math.isnan(median([]))


@pytest.mark.parametrize("values", [[1.7e308, 1.5e308], [-1.5e308, -1.7e308]])
def test_the_middle_of_two_large_floats_is_finite(values):
    assert median(values) == pytest.approx(math.copysign(1.6e308, values[0]))
