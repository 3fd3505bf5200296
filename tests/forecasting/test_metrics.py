"""Metrics: definitions worked out by hand, their invariances, and forecasts that diverged."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnlab.forecasting import metrics

ACTUAL = np.array([10.0, 20.0, 40.0, 50.0])
PREDICTED = np.array([12.0, 19.0, 40.0, 44.0])
NAIVE = np.array([11.0, 10.0, 20.0, 50.0])
TRAINING = np.array([1.0, 3.0, 2.0, 2.0])
NAMES = ["rmse", "mae", "mape", "smape", "mase", "rmsse", "skill", "directional_accuracy"]


def test_by_hand():
    measured = metrics.measure(ACTUAL, PREDICTED, NAIVE, TRAINING)
    assert list(measured) == NAMES
    assert measured["rmse"] == pytest.approx(np.sqrt(41 / 4))
    assert measured["mae"] == pytest.approx(9 / 4)
    assert measured["mape"] == pytest.approx(100 * (0.2 + 0.05 + 0 + 0.12) / 4)
    assert measured["smape"] == pytest.approx(100 * (4 / 22 + 2 / 39 + 0 + 12 / 94) / 4)
    assert measured["mase"] == pytest.approx((9 / 4) / (3 / 3))
    assert measured["rmsse"] == pytest.approx(np.sqrt((41 / 4) / (5 / 3)))
    assert measured["skill"] == pytest.approx(1 - np.sqrt(41 / 501))
    # Row 0 fell and was forecast to rise; rows 1 and 2 rose as forecast; row 3 did not move.
    assert measured["directional_accuracy"] == pytest.approx(2 / 3)


def test_persistence_scores_no_skill_and_no_direction():
    measured = metrics.measure(ACTUAL, NAIVE, NAIVE, TRAINING)
    assert measured["skill"] == 0.0
    assert measured["directional_accuracy"] == 0.0


def test_in_sample_persistence_has_a_mase_and_rmsse_of_one():
    series = np.random.default_rng(0).normal(size=50).cumsum()
    assert metrics.mase(series[1:], series[:-1], series) == pytest.approx(1.0)
    assert metrics.rmsse(series[1:], series[:-1], series) == pytest.approx(1.0)


@given(st.integers(0, 1000), st.floats(1e-3, 1e3))
def test_metrics_without_a_unit_do_not_feel_it(seed, unit):
    rng = np.random.default_rng(seed)
    arrays = [rng.uniform(1.0, 2.0, 12) for _ in range(4)]
    here, there = metrics.measure(*arrays), metrics.measure(*(unit * a for a in arrays))
    for name in NAMES:
        factor = unit if name in ("rmse", "mae") else 1.0
        assert there[name] == pytest.approx(factor * here[name], rel=1e-9)


def test_many_models_at_once_equal_one_by_one():
    rng = np.random.default_rng(1)
    predicted = rng.normal(size=(3, 4)) + ACTUAL
    together = metrics.measure(ACTUAL, predicted, NAIVE, TRAINING)
    for r, one in enumerate(predicted):
        for name, value in metrics.measure(ACTUAL, one, NAIVE, TRAINING).items():
            assert together[name][r] == value


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_diverged_model_is_not_finite_and_spoils_no_other(value):
    predicted = np.stack([PREDICTED, np.full(4, value)])
    measured = metrics.measure(ACTUAL, predicted, NAIVE, TRAINING)
    for name in NAMES:
        alone = metrics.measure(ACTUAL, PREDICTED, NAIVE, TRAINING)[name]
        assert measured[name][0] == alone
    assert not np.isfinite(measured["rmse"][1])
    assert np.isnan(measured["directional_accuracy"][1])


@given(st.integers(0, 1000), st.integers(-990, 990))
def test_no_size_of_the_values_overflows_or_vanishes(seed, exponent):
    """Powers of two scale without rounding: sizes from 1e-298 to 1e298 give the same metrics, bit for bit."""
    rng = np.random.default_rng(seed)
    arrays = [rng.uniform(1.0, 2.0, 12) for _ in range(4)]
    here, there = metrics.measure(*arrays), metrics.measure(*(np.ldexp(a, exponent) for a in arrays))
    for name in NAMES:
        assert there[name] == (np.ldexp(here[name], exponent) if name in ("rmse", "mae") else here[name]), name


@given(st.integers(0, 1000))
def test_plain_formulas_agree(seed):
    y, f, last, known = np.random.default_rng(seed).normal(30, 9, (4, 25))
    e, steps = y - f, np.diff(known)
    plain = {
        "rmse": np.sqrt(np.mean(e**2)),
        "mae": np.mean(np.abs(e)),
        "mape": 100 * np.mean(np.abs(e / y)),
        "smape": 100 * np.mean(2 * np.abs(e) / (np.abs(y) + np.abs(f))),
        "mase": np.mean(np.abs(e)) / np.mean(np.abs(steps)),
        "rmsse": np.sqrt(np.mean(e**2) / np.mean(steps**2)),
        "skill": 1 - np.sqrt(np.mean(e**2) / np.mean((y - last) ** 2)),
        "directional_accuracy": np.mean((f > last) == (y > last)),
    }
    measured = metrics.measure(y, f, last, known)
    for name in NAMES:
        assert measured[name] == pytest.approx(plain[name], rel=1e-12, abs=1e-12)


def test_errors_that_are_no_floats():
    """A difference of 2e308 is none; its mean with an error of 0 is."""
    huge = np.array([1e308, 1.0]), np.array([-1e308, 1.0])
    assert metrics.mae(*huge) == 1e308
    assert metrics.rmse(*huge) == pytest.approx(2**0.5 * 1e308, rel=1e-15)
    assert metrics.rmse(*(one[:1] for one in huge)) == np.inf
    assert metrics.smape(*huge) == 100.0
    assert metrics.mape(*huge) == 100.0
    assert metrics.mape([1e-300], [1e300]) == np.inf
    assert metrics.directional_accuracy([1e308], [1e308], [-1e308]) == 1.0


def test_a_ratio_of_errors_that_are_no_floats_is_one():
    """Errors of 3e308 and 1e308 or 2e308, of which only the middle one is a float."""
    actual, predicted = np.full(2, 1.5e308), np.full((2, 2), [[-1.5e308], [1.4e308]])
    assert metrics.mase(actual, predicted, [1e308, -1e308]).tolist() == pytest.approx([1.5, 0.05], rel=1e-14)
    assert metrics.rmsse(actual, predicted, [1e308, 0.0]).tolist() == pytest.approx([3.0, 0.1], rel=1e-14)
    assert metrics.skill(actual, predicted, [-5e307] * 2).tolist() == pytest.approx([-0.5, 0.95], rel=1e-14)
    assert metrics.mase(actual, [np.inf, 0.0], [1e308, -1e308]) == np.inf


def test_a_huge_row_leaves_the_small_ones_their_digits():
    assert metrics.rmse([1e300, 1e-20], [1e300, 3e-20]) == pytest.approx(2e-20 / 2**0.5, rel=1e-15)


def test_undefined_metrics_are_nan():
    assert np.isnan(metrics.mape([0.0, 1.0], [1.0, 1.0]))
    assert np.isnan(metrics.mase([1.0], [2.0], [3.0, 3.0, 3.0]))
    assert np.isnan(metrics.rmsse([1.0], [2.0], [3.0]))
    assert np.isnan(metrics.skill([1.0], [2.0], [1.0]))
    assert np.isnan(metrics.directional_accuracy([1.0], [2.0], [1.0]))
    assert metrics.smape([0.0, 1.0], [0.0, 1.0]) == 0.0
