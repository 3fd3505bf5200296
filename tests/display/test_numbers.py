import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnlab.display import numbers
from rnnlab.seeds import Spread


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1.0, "1.00"),
        (0.9999, "1.00"),
        (9.96, "9.96"),
        (9.996, "10.0"),
        (1.4e-07, "1.40e-07"),
        (999999.9, "1.00e+06"),
        (1e-300, "1.00e-300"),
        (-1.5e300, "-1.50e+300"),
        (5e-324, "4.94e-324"),
        (-math.inf, "-inf"),
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
    ("median", "low", "high", "text"),
    [
        (14.7345, 13.7, 15.7, "14.7 [13.7, 15.7]"),
        (302.7, 248.4, 327.1, "303 [248, 327]"),
        (2.7512, 2.7506, 2.7521, "2.7512 [2.7506, 2.7521]"),  # as many digits as show the interval
        (14.7345, 14.7345, 14.734501, "14.7345"),  # no more than six
        (0.01, -0.34, 0.351, "0.0100 [-0.340, 0.351]"),
        (0.504, 0.504, 0.504, "0.504"),
        (0.504, 0.504, 0.5040000000000001, "0.504"),  # the seeds agree, but for rounding
        (-2.5, -2.5000000000000004, -2.5, "-2.50"),
        (0.5045, 0.5044999999999999, 0.5045000000000001, "0.504"),
        (math.inf, 1.0, math.inf, "inf [1.00, inf]"),
        (0.0, 0.0, 0.0, "0"),
        (2.5, 2.5, 2.5, "2.50"),
        (math.nan, math.nan, math.nan, "–"),
        (1.2e300, -1.7e308, 1.7e308, "1.20e+300 [-1.70000e+308, 1.70000e+308]"),
        (1.4e-300, 1.2e-300, 3e-300, "1.40e-300 [1.20e-300, 3.00e-300]"),
    ],
)
def test_median_and_interval(median, low, high, text):
    assert numbers.with_interval(Spread(median, low, high)) == text


@pytest.mark.parametrize(
    ("value", "median", "low", "high", "text"),
    [
        (2.7545, 14.7, 13.7, 15.7, "2.75"),  # three digits of its own
        (0.5909, 8_915_742.0, 8_000_000.0, 9_000_000.0, "0.591"),
        (1.4e-07, 0.5909, 0.5, 0.7, "1.40e-07"),
        (2.7546, 2.7512, 2.7506, 2.7521, "2.7546"),  # down to the place of what it is compared with
        (2.7546, 0.504, 0.504, 0.5040000000000001, "2.755"),
        (337.7, 302.7, 248.4, 327.1, "338"),
        (0.0, 14.7, 13.7, 15.7, "0"),
        (-1e300, 14.7, 13.7, 15.7, "-1.00000e+300"),
        (1e-300, 14.7, 13.7, 15.7, "1.00e-300"),
        (None, 1.0, 1.0, 1.0, "–"),
        (math.nan, 1.0, 1.0, 1.0, "–"),
        (math.inf, 1.0, 1.0, 1.0, "inf"),
    ],
)
def test_beside(value, median, low, high, text):
    assert numbers.beside(value, numbers.place_for(Spread(median, low, high))) == text


@given(st.floats(-1e308, 1e308) | st.sampled_from([math.inf, -math.inf]), st.integers(-320, 320))
def test_every_number_of_a_row_keeps_three_significant_digits(value, place):
    shown = float(numbers.beside(value, place).replace(",", ""))
    if math.isfinite(value):
        assert abs(shown - value) <= max(0.00501 * abs(value), 5e-324)
    else:
        assert shown == value


@given(st.tuples(*[st.floats(allow_nan=False, allow_infinity=False)] * 3))
def test_any_number_is_short(values):
    low, median, high = sorted(values)
    assert len(numbers.with_interval(Spread(median, low, high))) <= 45


@pytest.mark.parametrize(
    ("share", "text"), [(0, "0 %"), (1e-4, "<1 %"), (0.043, "4 %"), (0.995, ">99 %"), (1, "100 %")]
)
def test_percent(share, text):
    assert numbers.percent(share) == text


def test_rates_and_what_infinite_ones_mean():
    assert [numbers.rate(value) for value in (-0.0144, 0.05, -math.inf, math.inf, math.nan, None)] == [
        "-0.014", "+0.050", "-inf", "inf", "–", "–",
    ]  # fmt: skip
    assert numbers.rate(-0.0144, 2) == "-0.01"
    assert numbers.infinite_rates([0.1, math.nan]) == ""
    assert numbers.infinite_rates([0.1, -math.inf, -math.inf]) == "Rate -inf: the gradient is exactly 0."
    assert numbers.infinite_rates([math.inf]) == "Rate inf: the gradient overflows."


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ((-0.441, -0.54, -0.31), "-0.441 [-0.54, -0.31]"),
        ((0.0144, 0.0143, 0.0146), "+0.014 [+0.014, +0.015]"),  # not [+0.01, +0.01], which it lies outside of
        ((-0.014, -math.inf, -0.01), "-0.014 [-inf, -0.01]"),
        ((-0.3421, -0.3424, -0.3418), "-0.342"),
        ((math.nan, -math.inf, math.inf), "– [-inf, inf]"),
        ((math.nan, math.nan, math.nan), "–"),
    ],
)
def test_a_rate_lies_within_its_interval_as_it_is_written(values, text):
    assert numbers.rate_with_interval(*values) == text
