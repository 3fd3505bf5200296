"""Prediction intervals: exact ranks, exact coverage, no look ahead, and scores held against their formulas."""

import math
from dataclasses import astuple
from fractions import Fraction
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnlab.errors import DataError
from rnnlab.forecasting import baselines, metrics
from rnnlab.forecasting.intervals import (
    adaptive,
    around,
    check_rows,
    evaluate,
    half_widths,
    interval_score,
    level_between,
    pinball_loss,
    quantile_offsets,
    quantiles_of,
    rows_needed,
    wilson,
)

THOUSANDTHS = [Fraction(k, 1000) for k in range(1, 1000)]
NOT_LEVELS = [0.0, 1.0, 90, -0.1, math.nan]
# Few distinct values, so that there are ties, and what else a residual may be.
RESIDUALS = st.lists(st.sampled_from([0.0, -1.0, 1.0, 2.0, -3.0, 1e300, -1e-300, math.inf, math.nan]), max_size=30)
DECIMAL_LEVELS = st.sampled_from([0.1, 0.3, 0.5, 0.55, 0.7, 0.8, 0.9, 0.95])


# Levels, quantiles, ranks


def test_rows_needed_by_hand():
    assert [rows_needed(level) for level in (0.5, 0.8, 0.9, 0.95, 0.99, 0.01)] == [1, 4, 9, 19, 99, 1]


@pytest.mark.parametrize("level", [*THOUSANDTHS[::49], Fraction(99, 100), Fraction(999, 1000)])
def test_rows_needed_is_the_first_count_with_a_rank(level):
    first = next(n for n in range(2000) if math.ceil((n + 1) * level) <= n)
    assert rows_needed(float(level)) == first
    check_rows(np.zeros(first), float(level))
    with pytest.raises(DataError):
        check_rows(np.zeros(first - 1), float(level))


def test_half_width_of_the_first_integers_is_the_rank():
    """ceil((n + 1) level) of the decimal: in floats, 100 * 0.55 is above 55."""
    assert math.ceil(100 * 0.55) == 56
    assert half_widths(np.arange(1, 100), 0.55) == 55
    for level in THOUSANDTHS[::3]:
        for n in (1, 2, 9, 10, 19, 99, 199, 999):
            rank = math.ceil((n + 1) * level)
            found = half_widths(np.arange(1.0, n + 1), float(level))
            np.testing.assert_equal(found, rank if rank <= n else np.nan)


def test_quantiles_are_those_one_writes():
    assert quantiles_of(0.9) == (0.05, 0.95)
    assert quantiles_of(0.8) == (0.1, 0.9)
    assert quantiles_of(0.95) == (0.025, 0.975)
    assert quantiles_of(0.99) == (0.005, 0.995)
    assert level_between(0.05, 0.95) == 0.9 != 0.95 - 0.05
    for level in THOUSANDTHS:
        low, high = quantiles_of(float(level))
        assert (low, high) == (float((1 - level) / 2), float((1 + level) / 2))
        assert level_between(low, high) == float(level)


def test_levels_and_quantiles_are_the_same_numbers():
    residuals = np.random.default_rng(0).normal(size=(500, 3))
    for level in THOUSANDTHS[::11]:
        low, high = quantiles_of(float(level))
        wide = half_widths(residuals, float(level))
        np.testing.assert_array_equal(quantile_offsets(residuals, low), -wide)
        np.testing.assert_array_equal(quantile_offsets(residuals, high), wide)
    np.testing.assert_array_equal(quantile_offsets(residuals, 0.5), np.zeros(3))
    assert quantile_offsets(residuals, 0.5).shape == (3,)
    assert quantile_offsets(residuals[:, 0], 0.5).shape == ()
    assert np.isnan(quantile_offsets(residuals[:8], 0.05)).all()


@pytest.mark.parametrize("level", NOT_LEVELS)
def test_what_is_no_level_is_refused(level):
    y = np.zeros(20)
    for call in (
        lambda: quantiles_of(level),
        lambda: rows_needed(level),
        lambda: half_widths(y, level),
        lambda: check_rows(y, level),
        lambda: adaptive(y, level, calibration=y),
        lambda: evaluate(y, y, y, level),
        lambda: interval_score(y, y, y, level),
        lambda: wilson(1, 2, level),
    ):
        with pytest.raises(ValueError, match="A level is a fraction between 0 and 1"):
            call()
    for call in (lambda: quantile_offsets(y, level), lambda: pinball_loss(y, y, level)):
        with pytest.raises(ValueError, match="A quantile is a fraction between 0 and 1"):
            call()


@pytest.mark.parametrize("pair", [(0.05, 0.9), (0.95, 0.05), (0.5, 0.5), (0.0, 1.0), (-0.1, 1.1), (math.nan, 0.5)])
def test_quantiles_that_are_no_level_are_refused(pair):
    with pytest.raises(ValueError, match="Two quantiles that sum to 1"):
        level_between(*pair)


# Split conformal


@given(st.lists(st.floats(0, 1e300), min_size=2, max_size=40, unique=True), DECIMAL_LEVELS, st.randoms())
def test_exact_coverage_where_each_row_in_turn_is_the_new_one(scores, level, random):
    """Exchangeability without chance: of n + 1 distinct scores exactly k = ceil((n + 1) level) are covered."""
    scores = np.array([random.choice((-1, 1)) * score for score in scores])
    covered = [
        abs(scores[i]) <= np.nan_to_num(half_widths(np.delete(scores, i), level), nan=np.inf)
        for i in range(len(scores))
    ]
    assert sum(covered) == math.ceil(len(scores) * Fraction(str(level)))


@given(RESIDUALS.filter(len), DECIMAL_LEVELS)
def test_ties_cover_more_never_less(residuals, level):
    scores = np.abs([one for one in residuals if not math.isnan(one)])
    covered = [
        score <= np.nan_to_num(half_widths(np.delete(scores, i), level), nan=np.inf) for i, score in enumerate(scores)
    ]
    assert sum(covered) >= math.ceil(len(scores) * Fraction(str(level)))


@pytest.mark.parametrize(("level", "n"), [(0.9, 9), (0.9, 50), (0.55, 99), (0.8, 23)])
def test_marginal_coverage_over_calibration_draws(level, n):
    """With |residual| uniform on [0, 1] the half width is the coverage of its draw, Beta(k, n + 1 - k)."""
    draws = 4000
    rng = np.random.default_rng(n)
    coverage = half_widths(rng.uniform(-1, 1, (n, draws)), level)
    k = math.ceil((n + 1) * Fraction(str(level)))
    expected = k / (n + 1)
    assert level <= expected < level + 1 / (n + 1)
    deviation = math.sqrt(expected * (1 - expected) / (n + 2))
    assert coverage.mean() == pytest.approx(expected, abs=4 * deviation / math.sqrt(draws))
    assert coverage.std() == pytest.approx(deviation, rel=0.1)
    # The same for residuals whose distribution is not uniform, counted on values that come.
    normal = half_widths(rng.normal(size=(n, draws)), level)
    hits = np.mean(np.abs(rng.normal(size=(50, draws))) <= normal)
    assert hits == pytest.approx(expected, abs=5 * deviation / math.sqrt(draws))


def test_each_step_has_its_own_count():
    residuals = np.random.default_rng(3).normal(size=(30, 4)) * [1, 10, 100, 1000]
    residuals[5:, 1] = np.nan
    residuals[::2, 2] = np.nan
    residuals[:, 3] = np.nan
    found = half_widths(residuals, 0.9)
    assert found[0] == np.sort(np.abs(residuals[:, 0]))[27]  # ceil(31 * 0.9) = 28
    assert np.isnan(found[1])
    assert found[2] == np.sort(np.abs(residuals[1::2, 2]))[14]  # ceil(16 * 0.9) = 15
    assert np.isnan(found[3])
    assert half_widths(residuals[:, 0], 0.9).shape == ()
    assert half_widths(residuals[:, 0], 0.9) == found[0]


def test_no_rows_and_no_steps():
    assert np.isnan(half_widths([], 0.9))
    np.testing.assert_array_equal(half_widths(np.zeros((0, 2)), 0.9), [np.nan, np.nan])
    assert half_widths(np.zeros((20, 0)), 0.9).shape == (0,)
    check_rows(np.zeros((0, 0)), 0.9)
    no_rows = adaptive([], 0.9, calibration=np.zeros(9))
    assert no_rows.half_widths.shape == no_rows.alphas.shape == (0,)
    assert (no_rows.unbounded, no_rows.empty) == (0, 0)
    no_steps = adaptive(np.zeros((5, 0)), 0.9, calibration=np.zeros((9, 0)))
    assert no_steps.half_widths.shape == no_steps.alphas.shape == (5, 0)
    assert no_steps.unbounded.shape == (0,)
    assert evaluate(*np.zeros((3, 5, 0)), 0.9).interval_score.shape == (0,)


def test_infinite_residuals_count_as_the_largest():
    residuals = np.append(np.arange(1.0, 19), [-np.inf, np.nan])
    assert half_widths(residuals, 0.9) == 18
    assert half_widths(residuals, 0.95) == np.inf


@given(st.integers(0, 1000), st.integers(-990, 990))
def test_half_widths_follow_the_unit(seed, exponent):
    residuals = np.random.default_rng(seed).uniform(1.0, 2.0, (20, 2))
    np.testing.assert_array_equal(
        half_widths(np.ldexp(residuals, exponent), 0.9), np.ldexp(half_widths(residuals, 0.9), exponent)
    )


def test_too_few_rows_are_refused_by_name():
    residuals = np.zeros((12, 3))
    residuals[8:, 1] = np.nan
    check_rows(residuals[:, 0], 0.9)
    with pytest.raises(DataError) as caught:
        check_rows(residuals, 0.9)
    assert caught.value.message == "Level 0.9 needs at least 9 calibration rows; got 8 at step 2 ahead."
    assert caught.value.hint == "Give more calibration rows, or a level of at most 0.8888."
    check_rows(residuals, 0.8888)
    with pytest.raises(DataError, match=r"Level 0.99 needs at least 99 calibration rows; got 12\.$"):
        check_rows(residuals[:, 0], 0.99)
    with pytest.raises(DataError, match=r"Level 0.5 needs at least 1 calibration row; got 0\.$") as caught:
        check_rows([np.nan], 0.5)
    assert caught.value.hint == "Give more calibration rows."


def test_residuals_of_three_axes_are_refused():
    for call in (half_widths, check_rows):
        with pytest.raises(ValueError, match=r"shape \(rows,\) or \(rows, steps ahead\); got \(20, 2, 2\)"):
            call(np.zeros((20, 2, 2)), 0.9)


def test_ends_of_intervals():
    lower, upper = around([[1.0, 2.0], [3.0, 4.0]], [0.5, np.inf])
    np.testing.assert_array_equal(lower, [[0.5, -np.inf], [2.5, -np.inf]])
    np.testing.assert_array_equal(upper, [[1.5, np.inf], [3.5, np.inf]])
    assert [float(end) for end in around(7.0, -np.inf)] == [np.inf, -np.inf]
    assert [float(end) for end in around(1e308, 1e308)] == [0.0, np.inf]
    assert np.isnan(around(1.0, np.nan)).all()
    assert np.isnan(around(np.inf, np.inf)[0])


@pytest.mark.parametrize("horizon", [1, 3])
def test_every_forecaster_gets_its_intervals_by_the_same_function(horizon):
    """All baselines on an autoregression x_t = 0.8 x_{t-1} + N(0, 1), each from its own residuals."""
    rng, values = np.random.default_rng(5), np.zeros(1500)
    for t in range(1, 1500):
        values[t] = 0.8 * values[t - 1] + rng.normal()
    rows, widths = np.arange(300, 1500), {}
    for name, found in baselines.forecasts(values, rows, horizon, training_rows=300, season=4, window=3).items():
        width = half_widths(values[rows[:500]] - found[:500], 0.8)
        scores = evaluate(values[rows[500:]], *around(found[500:], width), 0.8)
        assert scores.coverage == pytest.approx(0.8, abs=0.06), name
        widths[name] = scores.mean_width
    assert len(widths) == len(baselines.BASELINES)
    deviation = math.sqrt(sum(0.8 ** (2 * k) for k in range(horizon)))
    assert widths["autoregression"] == pytest.approx(2 * NormalDist().inv_cdf(0.9) * deviation, rel=0.1)
    assert widths["autoregression"] < 1.05 * min(widths.values())


# Adaptive conformal inference


def by_definition(calibration, residuals, level, gamma, window, delay):
    """Half widths and alphas, each row from scratch."""
    alpha, gamma = 1 - Fraction(str(level)), Fraction(str(gamma))
    everything = [abs(one) for one in calibration + residuals]
    first, widths, alphas = len(calibration), [], []
    for row in range(first, len(everything)):
        rows = [s for s in range(max(0, row - delay + 1)) if not math.isnan(everything[s])]
        errors = [everything[s] > widths[s - first] for s in rows if s >= first]
        now = alpha + gamma * sum((alpha - error for error in errors), Fraction(0))
        scores = sorted([everything[s] for s in rows][-window if window else 0 :])
        rank = math.ceil((len(scores) + 1) * (1 - now))
        widths.append(math.inf if rank > len(scores) else -math.inf if rank < 1 else scores[rank - 1])
        alphas.append(float(now))
    return widths, alphas


@given(
    RESIDUALS,
    RESIDUALS,
    DECIMAL_LEVELS,
    st.sampled_from([0.0, 0.005, 0.3, 1.0]),
    st.none() | st.integers(0, 5),
    st.integers(1, 5),
)
@settings(max_examples=200)
def test_the_definition_row_by_row(calibration, residuals, level, gamma, extra, delay):
    window = None if extra is None else rows_needed(level) + extra
    found = adaptive(residuals, level, calibration=calibration, gamma=gamma, window=window, delay=delay)
    widths, alphas = by_definition(calibration, residuals, level, gamma, window, delay)
    np.testing.assert_array_equal(found.half_widths, np.array(widths))
    np.testing.assert_array_equal(found.alphas, np.array(alphas))
    assert found.unbounded == widths.count(math.inf)
    assert found.empty == widths.count(-math.inf)


@given(
    st.lists(st.floats(allow_nan=False), min_size=1, max_size=60),
    RESIDUALS,
    DECIMAL_LEVELS,
    st.sampled_from([0.005, 0.05, 0.3, 1.0, 2.5]),
    st.integers(1, 4),
)
@settings(max_examples=200)
def test_coverage_is_bounded_whatever_comes(residuals, calibration, level, gamma, delay):
    """Proposition 4.1 of Gibbs and Candes for a delay of 1, and lemma 4.1, with h gamma for gamma otherwise."""
    found = adaptive(residuals, level, calibration=calibration, gamma=gamma, delay=delay)
    missed = np.mean(np.abs(residuals) > found.half_widths)
    alpha, rows = 1 - level, len(residuals)
    rounding = 1e-12
    assert abs(missed - alpha) <= (max(alpha, 1 - alpha) + delay * gamma) / (rows * gamma) + rounding
    assert -delay * gamma - rounding <= found.alphas.min()
    assert found.alphas.max() <= 1 + delay * gamma + rounding


def test_an_adversary_only_has_his_share():
    """Residuals that grow without end are missed wherever the interval is bounded: at first 22 times, 0.1 / 0.0045."""
    residuals = 2.0 ** np.arange(900)
    found = adaptive(residuals, 0.9, calibration=np.zeros(400))
    missed = np.abs(residuals) > found.half_widths
    assert missed[:22].all()
    assert not missed[22]
    assert found.unbounded == np.sum(~missed)
    assert 90 < np.sum(missed) < 90 + 23


@pytest.mark.parametrize("delay", [1, 2, 5])
@pytest.mark.parametrize("poison", [np.nan, np.inf, 1e300, 0.0])
def test_no_row_sees_what_is_not_known_yet(delay, poison):
    rng = np.random.default_rng(delay)
    calibration, residuals = rng.normal(size=12), rng.normal(size=60)
    clean = adaptive(residuals, 0.8, calibration=calibration, gamma=0.1, delay=delay)
    together = np.concatenate([calibration, residuals])
    for row in range(60):
        future = np.arange(72) > 12 + row - delay
        poisoned = np.where(future, poison, together)
        found = adaptive(poisoned[12:], 0.8, calibration=poisoned[:12], gamma=0.1, delay=delay)
        assert found.half_widths[row] == clean.half_widths[row]
        assert found.alphas[row] == clean.alphas[row]


def test_a_row_sees_what_has_just_become_known():
    calibration = np.arange(1.0, 10)
    one = adaptive([0.5, 0.5, 0.5], 0.5, calibration=calibration, gamma=0.5, delay=2)
    other = adaptive([99.0, 0.5, 0.5], 0.5, calibration=calibration, gamma=0.5, delay=2)
    np.testing.assert_array_equal(one.alphas, [0.5, 0.5, 0.75])
    np.testing.assert_array_equal(other.alphas, [0.5, 0.5, 0.25])


def test_without_adaptation_the_first_row_is_the_split_interval():
    calibration = np.random.default_rng(1).normal(size=(60, 2))
    found = adaptive(np.full((3, 2), np.nan), 0.9, calibration=calibration, gamma=0.0, delay=1)
    np.testing.assert_array_equal(found.half_widths, np.tile(half_widths(calibration, 0.9), (3, 1)))
    np.testing.assert_array_equal(found.alphas, np.full((3, 2), 0.1))


def test_steps_ahead_are_adapted_each_by_itself():
    rng = np.random.default_rng(2)
    calibration, residuals = rng.normal(size=(15, 3)), rng.normal(size=(80, 3))
    together = adaptive(residuals, 0.8, calibration=calibration)
    named = adaptive(residuals, 0.8, calibration=calibration, delay=[1, 2, 3])
    assert together.half_widths.shape == together.alphas.shape == (80, 3)
    assert together.unbounded.shape == (3,)
    for k in range(3):
        alone = adaptive(residuals[:, k], 0.8, calibration=calibration[:, k], delay=k + 1)
        np.testing.assert_array_equal(together.half_widths[:, k], alone.half_widths)
        np.testing.assert_array_equal(named.alphas[:, k], alone.alphas)
    default = adaptive(residuals[:, 0], 0.8, calibration=calibration[:, 0], delay=1, gamma=0.005)
    np.testing.assert_array_equal(together.half_widths[:, 0], default.half_widths)
    np.testing.assert_array_equal(
        adaptive(residuals[:, 0], 0.8, calibration=calibration[:, 0]).half_widths, default.half_widths
    )


def test_unbounded_and_empty_intervals_by_hand():
    """Level 1/2, gamma 1/2: a row covered raises alpha by 1/4, one missed lowers it by 1/4."""
    calibration = np.ones(9)
    missed = adaptive([5.0, 5.0, 5.0, 5.0], 0.5, calibration=calibration, gamma=0.5)
    np.testing.assert_array_equal(missed.alphas, [0.5, 0.25, 0.0, 0.25])
    np.testing.assert_array_equal(missed.half_widths, [1.0, 1.0, np.inf, 5.0])
    assert (missed.unbounded, missed.empty) == (1, 0)
    covered = adaptive([0.0, 0.0, 0.0, 0.0], 0.5, calibration=calibration, gamma=0.5)
    np.testing.assert_array_equal(covered.alphas, [0.5, 0.75, 1.0, 0.75])
    np.testing.assert_array_equal(covered.half_widths, [1.0, 1.0, -np.inf, 1.0])
    assert (covered.unbounded, covered.empty) == (0, 1)


def test_adaptive_intervals_repair_what_drift_breaks():
    """Residuals that grow fourfold: fixed intervals cover ever less, adapted ones keep near the level."""
    rng = np.random.default_rng(7)
    calibration = rng.normal(size=(100, 40))
    residuals = rng.normal(size=(1000, 40)) * np.linspace(1, 4, 1000)[:, np.newaxis]
    fixed = np.abs(residuals) <= half_widths(calibration, 0.9)
    frozen = np.abs(residuals) <= adaptive(residuals, 0.9, calibration=calibration, gamma=0.0, delay=1).half_widths
    slow, fast, rolling = (
        np.abs(residuals) <= adaptive(residuals, 0.9, calibration=calibration, delay=1, **options).half_widths
        for options in ({}, {"gamma": 0.05}, {"window": 100})
    )
    assert fixed.mean() < 0.7
    assert fixed[500:].mean() < 0.55
    assert 0.75 < frozen.mean() < 0.82
    assert frozen.mean() + 0.05 < slow.mean() < 0.9
    assert fast.mean() == pytest.approx(0.9, abs=0.01)
    assert fast[500:].mean() == pytest.approx(0.9, abs=0.01)
    assert rolling.mean() == pytest.approx(0.9, abs=0.01)


def test_adaptive_intervals_keep_the_level_where_nothing_changes():
    rng = np.random.default_rng(8)
    calibration, residuals = rng.normal(size=(200, 30)), rng.normal(size=(500, 30))
    found = adaptive(residuals, 0.9, calibration=calibration, delay=1)
    assert np.mean(np.abs(residuals) <= found.half_widths) == pytest.approx(0.9, abs=0.01)
    assert not found.unbounded.any()
    assert not found.empty.any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gamma": -0.1}, "'gamma' must be at least 0 and finite; got -0.1"),
        ({"gamma": np.inf}, "'gamma' must be at least 0 and finite; got inf"),
        ({"gamma": np.nan}, "'gamma' must be at least 0 and finite; got nan"),
        ({"window": 8}, "'window' for level 0.9 holds at least 9 scores; got 8"),
        ({"delay": 0}, "'delay' of at least 1 row is needed for each of 2 steps ahead; got 0"),
        ({"delay": [1, 0]}, r"for each of 2 steps ahead; got \[1, 0\]"),
        ({"delay": [1]}, r"for each of 2 steps ahead; got \[1\]"),
        ({"calibration": np.zeros((20, 3))}, r"same steps ahead; got shapes \(20, 2\), \(20, 3\)"),
        ({"calibration": np.zeros(20)}, r"same steps ahead; got shapes \(20, 2\), \(20,\)"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(options, message):
    residuals = np.zeros((20, 2))
    with pytest.raises(ValueError, match=message):
        adaptive(residuals, 0.9, **{"calibration": residuals, **options})
    assert adaptive(residuals, 0.9, calibration=residuals, window=9).half_widths.shape == (20, 2)


# Evaluation

ACTUAL = np.array([1.0, 2.0, 3.0, 9.0, 5.0])
LOWER = np.array([0.0, 2.0, 4.0, 1.0, 4.0])
UPPER = np.array([2.0, 6.0, 5.0, 7.0, 5.0])


def test_evaluation_by_hand():
    found = evaluate(ACTUAL, LOWER, UPPER, 0.8)
    assert (found.rows, found.covered, found.unbounded, found.empty) == (5, 3, 0, 0)
    assert found.coverage == 0.6
    assert (found.coverage_low, found.coverage_high) == wilson(3, 5)
    assert found.mean_width == pytest.approx((2 + 4 + 1 + 6 + 1) / 5)
    assert found.median_width == 2
    # 2 / alpha is 10; row 2 lies 1 below, row 3 lies 2 above.
    assert found.interval_score == pytest.approx((14 + 10 * 1 + 10 * 2) / 5)
    assert found.pinball_low == pytest.approx((0.1 * (1 + 0 + 8 + 1) + 0.9 * 1) / 5)
    assert found.pinball_high == pytest.approx((0.1 * (1 + 4 + 2 + 0) + 0.9 * 2) / 5)
    assert all(np.shape(one) == () for one in astuple(found))


@given(st.integers(0, 1000), DECIMAL_LEVELS)
def test_plain_formulas_agree(seed, level):
    rng = np.random.default_rng(seed)
    y = rng.normal(30, 9, (25, 2))
    lower, upper = np.sort(rng.normal(30, 9, (2, 25, 2)), axis=0)
    found, alpha = evaluate(y, lower, upper, level), 1 - level
    below, above = np.maximum(lower - y, 0), np.maximum(y - upper, 0)
    plain = np.mean(upper - lower + 2 / alpha * below + 2 / alpha * above, axis=0)
    np.testing.assert_allclose(found.interval_score, plain, rtol=1e-13)
    np.testing.assert_allclose(2 / alpha * (found.pinball_low + found.pinball_high), plain, rtol=1e-13)
    for ends, quantile, loss in zip(
        (lower, upper), quantiles_of(level), (found.pinball_low, found.pinball_high), strict=True
    ):
        plain = np.mean(np.where(y >= ends, quantile * (y - ends), (1 - quantile) * (ends - y)), axis=0)
        np.testing.assert_allclose(loss, plain, rtol=1e-13)
    np.testing.assert_allclose(found.mean_width, np.mean(upper - lower, axis=0), rtol=1e-13)
    np.testing.assert_array_equal(found.median_width, np.median(upper - lower, axis=0))
    np.testing.assert_array_equal(found.covered, np.sum((below == 0) & (above == 0), axis=0))


def test_pinball_loss_of_the_median_is_half_the_absolute_error():
    y, f = np.random.default_rng(4).normal(size=(2, 30))
    assert pinball_loss(y, f, 0.5) == pytest.approx(metrics.mae(y, f) / 2, rel=1e-15)


def test_scores_are_smallest_at_the_true_quantiles():
    y = np.random.default_rng(9).normal(size=20_000)
    ends = NormalDist().inv_cdf(0.95) * np.linspace(0.5, 1.5, 11)
    scores = [interval_score(y, *around(np.zeros_like(y), end), 0.9) for end in ends]
    losses = [pinball_loss(y, np.full_like(y, end), 0.95) for end in ends]
    assert np.argmin(scores) == np.argmin(losses) == 5


@given(st.integers(0, 1000), st.integers(-990, 990), st.sampled_from([1e-12, 0.5, 0.9, 1 - 1e-12]))
def test_no_size_of_the_values_overflows_or_vanishes(seed, exponent, level):
    """Powers of two scale without rounding: sizes from 1e-298 to 1e298 give the same scores, bit for bit."""
    arrays = np.random.default_rng(seed).uniform(1.0, 2.0, (3, 12))
    here, there = (evaluate(*np.ldexp(arrays, size), level) for size in (0, exponent))
    for name in ("rows", "covered", "coverage", "coverage_low", "coverage_high", "empty"):
        assert getattr(there, name) == getattr(here, name), name
    for name in ("mean_width", "median_width", "interval_score", "pinball_low", "pinball_high"):
        with np.errstate(over="ignore"):
            assert getattr(there, name) == np.ldexp(getattr(here, name), exponent), name


def test_widths_and_errors_that_are_no_floats():
    """A width of 2e308 is none; its mean with widths of 0 is, and its pinball loss of the 5 % quantile."""
    y, ends = np.array([1e308, 0.0, 0.0]), np.array([-1e308, 0.0, 0.0])
    found = evaluate(y, ends, y, 0.9)
    assert found.mean_width == pytest.approx(2 * (1e308 / 3), rel=1e-15)
    assert found.median_width == 0
    assert found.pinball_low == pytest.approx(0.1 * (1e308 / 3), rel=1e-15)
    assert found.pinball_high == 0
    assert found.interval_score == pytest.approx(2 * (1e308 / 3), rel=1e-15)
    alone = evaluate(y[:1], ends[:1], y[:1], 0.9)
    assert alone.mean_width == alone.median_width == alone.interval_score == np.inf
    assert alone.unbounded == 0
    # Losses of 0.4, 0.4 and 0.8 smallest floats have a mean of 0.53: it is rounded once, after the mean.
    assert pinball_loss(np.array([2.0, 2.0, 4.0]) * 5e-324, np.zeros(3), 0.2) == 5e-324


def test_unbounded_and_empty_intervals_are_counted():
    lower, upper = np.array([-np.inf, 0.0, np.inf, 0.0, -np.inf]), np.array([np.inf, 2.0, -np.inf, 3.0, 1.0])
    found = evaluate(np.ones(5), lower, upper, 0.8)
    assert (found.rows, found.covered, found.unbounded, found.empty) == (5, 4, 2, 1)
    assert found.median_width == 3
    for value in (found.mean_width, found.interval_score, found.pinball_low, found.pinball_high):
        assert value == np.inf
    emptied = evaluate([1.0, 1.0], [2.0, np.inf], [0.0, -np.inf], 0.8)
    assert (emptied.covered, emptied.empty, emptied.mean_width, emptied.median_width) == (0, 2, 0, 0)
    assert emptied.interval_score == np.inf


def test_rows_without_a_value_do_not_count():
    actual, lower, upper = (np.column_stack([one, one, one]) for one in (ACTUAL, LOWER, UPPER))
    actual[1, 0] = lower[2, 1] = upper[4, 1] = np.nan
    actual[:, 2] = np.nan
    found = evaluate(actual, lower, upper, 0.8)
    for step, kept in enumerate(([0, 2, 3, 4], [0, 1, 3], [])):
        alone = evaluate(ACTUAL[kept], LOWER[kept], UPPER[kept], 0.8)
        np.testing.assert_equal([one[step] for one in astuple(found)], list(astuple(alone)))
    assert found.rows.tolist() == [4, 3, 0]
    assert np.isnan([one[2] for one in astuple(found)[4:]]).all()


def test_shapes_that_differ_are_refused():
    for call in (evaluate, interval_score):
        with pytest.raises(ValueError, match=r"one shape are needed; got \(5,\), \(5,\), \(1,\)"):
            call(ACTUAL, LOWER, UPPER[:1], 0.8)
    with pytest.raises(ValueError, match=r"one shape are needed; got \(5,\), \(5, 1\)"):
        pinball_loss(ACTUAL, LOWER[:, np.newaxis], 0.8)


# Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3.
@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_printed_wilson_intervals(successes, trials, low, high):
    assert wilson(successes, trials) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 10_000), st.floats(0, 1), DECIMAL_LEVELS)
def test_wilson_ends_solve_their_equation(trials, share, confidence):
    """|k/n - p| = z sqrt(p (1 - p) / n) at both ends p."""
    successes = round(share * trials)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    low, high = wilson(successes, trials, confidence)
    assert 0 <= low <= successes / trials <= high <= 1
    for p in (low, high):
        assert abs(successes / trials - p) == pytest.approx(z * math.sqrt(p * (1 - p) / trials), rel=1e-6, abs=1e-12)
    mirrored = wilson(trials - successes, trials, confidence)
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-14)


def test_wilson_at_its_ends():
    assert np.isnan(wilson(0, 0)).all()
    for trials in range(1, 300):
        assert wilson(0, trials)[0] == 0.0 < wilson(1, trials)[0]
        assert wilson(trials - 1, trials)[1] < 1.0 == wilson(trials, trials)[1]
    for successes in (-1, 8):
        with pytest.raises(ValueError, match=f"got {successes} of 7"):
            wilson(successes, 7)
