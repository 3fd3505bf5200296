"""Student's t against closed forms and printed tables."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnlab.forecasting.student import regularised_incomplete_beta, two_sided_p_value


# Quantiles from the NIST/SEMATECH e-Handbook of Statistical Methods, section 1.3.6.7.2 (three decimals).
@pytest.mark.parametrize(
    ("quantile", "degrees", "one_sided"),
    [
        (6.314, 1, 0.05),
        (12.706, 1, 0.025),
        (2.015, 5, 0.05),
        (2.571, 5, 0.025),
        (2.228, 10, 0.025),
        (3.169, 10, 0.005),
        (2.086, 20, 0.025),
        (2.750, 30, 0.005),
        (1.984, 100, 0.025),
    ],
)
def test_printed_table(quantile, degrees, one_sided):
    below, above = (two_sided_p_value(quantile + d, degrees) / 2 for d in (5e-4, -5e-4))
    assert below <= one_sided <= above


@given(st.floats(1e-6, 1e6))
def test_one_two_and_four_degrees_of_freedom_in_closed_form(t):
    assert two_sided_p_value(t, 1) == pytest.approx(1 - 2 / math.pi * math.atan(t), rel=1e-9, abs=1e-15)
    root = math.sqrt(2 + t * t)
    assert two_sided_p_value(t, 2) == pytest.approx(2 / (root * (root + t)), rel=1e-9)
    s = t / math.sqrt(4 + t * t)
    assert two_sided_p_value(t, 4) == pytest.approx(1 - 1.5 * s * (1 - s * s / 3), rel=1e-9, abs=1e-14)


@pytest.mark.parametrize("z", [0.1, 1.0, 1.96, 4.0])
def test_many_degrees_of_freedom_approach_the_normal(z):
    assert two_sided_p_value(z, 1e8) == pytest.approx(math.erfc(z / math.sqrt(2)), rel=1e-6)


@given(st.integers(1, 12), st.integers(1, 12), st.floats(0.0, 1.0))
def test_whole_parameters_are_a_binomial_tail(a, b, x):
    n = a + b - 1
    tail = math.fsum(math.comb(n, j) * x**j * (1 - x) ** (n - j) for j in range(a, n + 1))
    assert regularised_incomplete_beta(a, b, x) == pytest.approx(tail, rel=1e-12, abs=1e-14)


def test_the_ends():
    assert two_sided_p_value(0.0, 7) == 1.0
    assert two_sided_p_value(-math.inf, 7) == 0.0
    assert two_sided_p_value(1e300, 7) == 0.0
    assert math.isnan(two_sided_p_value(math.nan, 7))
    assert two_sided_p_value(-2.5, 7) == two_sided_p_value(2.5, 7)
