import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnlab.cli import numbers


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1.0, "1.00"),
        (0.9999, "1.00"),
        (12.345, "12.3"),
        (123456.7, "123,457"),
        (2e6, "2.00e+06"),
        (0.00123, "0.00123"),
        (1.19e-4, "1.19e-04"),
        (-4.3481, "-4.35"),
        (None, "–"),
        (math.nan, "–"),
        (math.inf, "inf"),
    ],
)
def test_significant(value, text):
    assert numbers.significant(value) == text


@pytest.mark.parametrize(
    ("mean", "sd", "text"),
    [
        (14.7345, 1.0312, "14.7 ± 1.0"),
        (288.63, 31.36, "289 ± 31"),
        (2.7512, 0.0123, "2.751 ± 0.012"),
        (14.7345, 1e-9, "14.7345 ± 0.0000"),  # no more than six digits of the mean
        (0.01, 0.351, "0.01 ± 0.35"),
        (1234567.0, 2000.0, "1,234,567 ± 2,000"),
        (0.504, 0.0, "0.504 ± 0.000"),
        (0.0, 0.0, "0 ± 0"),
        (2.5, None, "2.50"),
        (None, None, "–"),
    ],
)
def test_mean_and_spread(mean, sd, text):
    assert numbers.with_spread(mean, sd, numbers.decimals_for(mean, sd)) == text


@pytest.mark.parametrize(
    ("value", "mean", "decimals", "text"),
    [
        (2.7545, 14.7, 1, "2.75"),  # three digits
        (1.42, 156.0, 0, "1.42"),
        (2.7546, 2.7512, 3, "2.755"),  # as many places as what it is compared with
        (0.0004, -4.35, 2, "0.00"),  # nothing beside the mean
        (0.0, 0.0, 0, "0"),
        (337.7, 289.0, 0, "338"),
        (None, 1.0, 2, "–"),
        (math.nan, 1.0, 2, "–"),
    ],
)
def test_beside(value, mean, decimals, text):
    assert numbers.beside(value, mean, decimals) == text


def test_spread():
    assert numbers.with_spread(14.7345, 1.0312, 2) == "14.73 ± 1.03"
    assert numbers.with_spread(14.7345, None, 2) == "14.73"
    assert numbers.with_spread(None, None, 2) == "–"
    assert numbers.fixed(-0.001, 2) == "0.00"
    assert numbers.fixed(1.5e-9, 11) == "1.50e-09"
    assert numbers.fixed(0.0, 11) == "0"


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(min_value=0, allow_infinity=False))
def test_any_number_is_short(mean, sd):
    decimals = numbers.decimals_for(mean, sd)
    assert len(numbers.with_spread(mean, sd, decimals)) <= 40


@given(st.floats(min_value=1e-6, max_value=1e6), st.floats(min_value=1e-4, max_value=10))
def test_shown_mean_is_within_the_spread_that_is_shown(mean, relative):
    sd = mean * relative
    decimals = numbers.decimals_for(mean, sd)
    assert abs(float(numbers.fixed(mean, decimals).replace(",", "")) - mean) <= 0.051 * sd


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.6, "1 min 00 s"),
        (200, "3 min 20 s"),
        (3599.7, "1 h 00 min"),
        (7500, "2 h 05 min"),
    ],
)
def test_duration(seconds, text):
    assert numbers.duration(seconds) == text


@pytest.mark.parametrize(
    ("share", "text"), [(0, "0 %"), (1e-4, "<1 %"), (0.043, "4 %"), (0.995, ">99 %"), (1, "100 %")]
)
def test_percent(share, text):
    assert numbers.percent(share) == text


def test_count():
    assert (numbers.count(1, "seed"), numbers.count(5000, "epoch")) == ("1 seed", "5,000 epochs")
