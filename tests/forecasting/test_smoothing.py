"""Exponential smoothing: the equations by hand, the parameters of series that follow them, published figures."""

import numpy as np
import pytest

from rnnlab.forecasting.baselines import forecasts, smoothing
from rnnlab.forecasting.baselines.smoothing import (
    ALPHA,
    BETA,
    GAMMA,
    HIGHEST,
    LOWEST,
    PHI,
    TOGETHER,
    Smoothing,
    _Kind,
    _mean_squares,
    exponential_smoothing,
    fit_smoothing,
    fit_together,
)

# Monthly totals of international airline passengers in thousands, 1949 to 1960: Box and Jenkins 1976, series G.
AIR = np.array([
    112, 118, 132, 129, 121, 135, 148, 148, 136, 119, 104, 118,
    115, 126, 141, 135, 125, 149, 170, 170, 158, 133, 114, 140,
    145, 150, 178, 163, 172, 178, 199, 199, 184, 162, 146, 166,
    171, 180, 193, 181, 183, 218, 230, 242, 209, 191, 172, 194,
    196, 196, 236, 235, 229, 243, 264, 272, 237, 211, 180, 201,
    204, 188, 235, 227, 234, 264, 302, 293, 259, 229, 203, 229,
    242, 233, 267, 269, 270, 315, 364, 347, 312, 274, 237, 278,
    284, 277, 317, 313, 318, 374, 413, 405, 355, 306, 271, 306,
    315, 301, 356, 348, 355, 422, 465, 467, 404, 347, 305, 336,
    340, 318, 362, 348, 363, 435, 491, 505, 404, 359, 310, 337,
    360, 342, 406, 396, 420, 472, 548, 559, 463, 407, 362, 405,
    417, 391, 419, 461, 472, 535, 622, 606, 508, 461, 390, 432,
], float)  # fmt: skip


def rmse(found, values, rows):
    return float(np.sqrt(np.mean((found - values[rows]) ** 2)))


def by_hand(values, model, horizon):
    """The equations of the docstring, with every state kept."""
    alpha, beta, gamma, phi = model.parameters
    m = len(model.seasons)
    level, trend, season = [model.level], [model.trend], {t - m: s for t, s in enumerate(model.seasons)}
    for t, y in enumerate(values):
        error = y - (level[-1] + phi * trend[-1] + season[t - m])
        level.append(level[-1] + phi * trend[-1] + alpha * error)
        trend.append(phi * trend[-1] + alpha * beta * error)
        season[t] = season[t - m] + (1 - alpha) * gamma * error
    t = len(values) - 1
    same = t + horizon - m * -(-horizon // m)
    return level[-1] + sum(phi**j for j in range(1, horizon + 1)) * trend[-1] + season[same]


@pytest.mark.parametrize("m", [1, 4])
@pytest.mark.parametrize("horizon", [1, 2, 4, 7])
def test_a_forecast_is_that_of_its_equations(m, horizon):
    values = np.random.default_rng(0).normal(size=40)
    seasons = np.linspace(-1, 1, m) if m > 1 else np.zeros(1)
    model = Smoothing(np.array([0.3, 0.2, 0.4 * (m > 1), 0.9]), 0.5, 0.1, seasons)
    origins = np.array([5, 20, 39])
    found = model.forecast(values, origins, horizon)
    np.testing.assert_allclose(found, [by_hand(values[: s + 1], model, horizon) for s in origins], rtol=1e-12)


def test_simple_smoothing_finds_its_alpha():
    random, level, values = np.random.default_rng(1), 0.0, []
    for error in random.normal(size=2000):
        values.append(level + error)
        level += 0.3 * error
    model = fit_smoothing(np.array(values) / 100)
    assert model.parameters[0] == pytest.approx(0.3, abs=0.04)
    assert model.parameters[1] == 0


def test_it_finds_no_better_parameters_among_any_nor_in_their_neighbourhood():
    kind, best = _Kind.of(AIR, True, 12), fit_smoothing(AIR, 12).parameters
    assert np.count_nonzero(best) == len(kind.free)  # that kind is the one it chose
    random = np.random.default_rng(0)
    anywhere = random.uniform(LOWEST, HIGHEST, size=(300, 4))
    half = (HIGHEST - LOWEST) / 512  # of the last steps that it tries
    beside = [
        np.clip(best + sign * half * (np.arange(4) == place), LOWEST, HIGHEST) for place in range(4) for sign in (-1, 1)
    ]
    (found,) = _mean_squares([kind], [np.concatenate([best[np.newaxis], anywhere, beside])])
    assert found[0] <= found.min() * (1 + 1e-4)


def test_a_random_walk_is_forecast_by_persistence():
    values = np.cumsum(np.random.default_rng(3).normal(size=1500))
    rows = np.arange(1200, 1500)
    found = exponential_smoothing(values, rows, training_rows=1200, season=5)
    assert rmse(found, values, rows) == pytest.approx(rmse(values[rows - 1], values, rows), rel=0.01)


def test_a_trend_with_a_season_is_followed():
    steps = np.arange(240.0)
    values = 100 + 0.5 * steps + 10 * np.sin(2 * np.pi * steps / 12)
    rows = np.arange(200, 240)
    for horizon in (1, 6, 12):
        found = exponential_smoothing(values, rows, horizon, training_rows=200, season=12)
        assert np.abs(found - values[rows]).max() < 1.0


def test_monthly_passengers():
    rows = np.arange(96, 144)
    found = forecasts(AIR, rows, 1, training_rows=96, window=12, season=12)
    scores = {name: rmse(one, AIR, rows) for name, one in found.items()}
    assert scores["naive"] == pytest.approx(48.04, abs=0.005)
    assert scores["exponential_smoothing"] < 17
    assert scores["autoregression"] < 14
    assert scores["window_map"] == pytest.approx(20.95, abs=0.005)  # an AR(12) by least squares
    assert min(scores["seasonal_naive"], scores["moving_average"], scores["mean"]) > 40


@pytest.mark.parametrize("rows", [1, 2, 3, 10, 11, 21, 22, 40])
@pytest.mark.parametrize("season", [None, 1, 2, 7, 52])
def test_few_rows_are_enough(rows, season):
    values = np.random.default_rng(rows).normal(size=rows + 9)
    for horizon in (1, 3):
        wanted = np.arange(rows + horizon, rows + horizon + 4)
        assert np.isfinite(exponential_smoothing(values, wanted, horizon, training_rows=rows, season=season)).all()
    assert exponential_smoothing(values, [], training_rows=rows, season=season).shape == (0,)


def test_of_a_long_series_the_newest_rows_are_fitted():
    random = np.random.default_rng(5)
    values = np.concatenate([1e6 * random.normal(size=4000), np.cumsum(random.normal(size=3000))])
    rows = np.arange(6900, 7000)
    found = exponential_smoothing(values, rows, training_rows=6900, season=None)
    assert rmse(found, values, rows) < 1.1 * rmse(values[rows - 1], values, rows)


def test_it_begins_with_the_first_three_seasons():
    """Of a line with a season both are found exactly; of the first rows of a line, its slope."""
    for m in (2, 5):
        season = np.array([1.5, -1.5]) if m == 2 else np.array([2.0, -1.0, 0.5, -2.5, 1.0])
        values = 7 + 0.25 * np.arange(60) + season[np.arange(60) % m]
        kind = _Kind.of(values, True, m)
        np.testing.assert_allclose(kind.seasons, season, atol=1e-12)
        np.testing.assert_allclose([kind.level, kind.trend], [7 - 0.25, 0.25], rtol=1e-12)
        assert (kind.free, kind.spared) == ([ALPHA, BETA, PHI, GAMMA], m)
        assert _Kind.of(values, False, m).trend == 0.0
    line = _Kind.of(7 + 0.25 * np.arange(60), True, 1)
    np.testing.assert_allclose([line.level, line.trend], [6.75, 0.25], rtol=1e-12)
    assert (line.free, line.spared) == ([ALPHA, BETA, PHI], 10)


def test_the_criterion_is_the_corrected_one_of_akaike():
    """n log s^2 + 2 k + 2 k (k + 1) / (n - k - 1): the parameters, the states before the first row, and s."""
    values = AIR[:48]
    for trended, m, states in ((False, 1, 1), (True, 1, 2), (False, 12, 13), (True, 12, 14)):
        kind = _Kind.of(values, trended, m)
        n, k = 48 - kind.spared, len(kind.free) + states + 1
        expected = n * np.log(2.5) + 2 * k + 2 * k * (k + 1) / (n - k - 1)
        assert kind.aicc(2.5) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("m", [1, 12])
def test_its_mean_square_is_that_of_its_equations(m):
    kind = _Kind.of(AIR, True, m)
    random = np.random.default_rng(0)
    tried = np.array([random.uniform(LOWEST, HIGHEST) * kind.are_free for _ in range(3)])
    (found,) = _mean_squares([kind], [tried])
    for parameters, error in zip(tried, found, strict=True):
        model = Smoothing(parameters, kind.level, kind.trend, kind.seasons)
        ahead = [by_hand(AIR[:t], model, 1) for t in range(max(kind.spared, 1), len(AIR))]
        assert error == pytest.approx(np.mean((AIR[kind.spared :] - ahead) ** 2), rel=1e-10)


@pytest.mark.parametrize("season", [None, 12])
def test_series_of_any_lengths_have_beside_each_other_the_models_that_they_have_alone(season):
    lengths = [1, 2, 11, 12, 21, 31, 32, 33, 36, 64, 65, 95, 96, 144]
    series = [AIR[-n:] / (n + 1) for n in np.random.default_rng(0).permutation(lengths)] + [np.zeros(40)]
    for values, model in zip(series, fit_together(series, season), strict=True):
        alone = fit_smoothing(values, season)
        np.testing.assert_array_equal(model.parameters, alone.parameters)
        assert (model.level, model.trend) == (alone.level, alone.trend)
        np.testing.assert_array_equal(model.seasons, alone.seasons)


def test_a_model_that_was_fitted_beforehand_is_the_one_that_is_used(monkeypatch):
    cases = [(AIR[:n], np.arange(n - 10, n), n - 10) for n in range(60, 60 + TOGETHER + 3)]
    expected = [exponential_smoothing(v, rows, 3, training_rows=n, season=12) for v, rows, n in cases]
    monkeypatch.setattr(smoothing, "_FITS", smoothing._Fits())
    smoothing.fit_beforehand(cases, 3, season=12)
    monkeypatch.setattr(smoothing, "fit_together", None)  # there is nothing left to fit
    for (values, rows, n), forecast in zip(cases, expected, strict=True):
        np.testing.assert_array_equal(exponential_smoothing(values, rows, 3, training_rows=n, season=12), forecast)


def test_only_so_many_models_are_kept(monkeypatch):
    fits, made = smoothing._Fits(), []
    monkeypatch.setattr(smoothing, "KEPT", 5)
    monkeypatch.setattr(smoothing, "fit_together", lambda some, _season: made.append(len(some)) or [None] * len(some))
    series = [np.full(3, value) for value in range(8)]
    for some in (series[:3], series[2:4], series[2:5], series[4:7], series, series, series[:1]):
        fits.of(some, None)
    assert made == [3, 1, 1, 2, 5]  # of the fourth call on the first three are forgotten, of the fifth on none
