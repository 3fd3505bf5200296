"""Linear forecasts: against least squares done the long way, and on series of which the weights are known."""

import numpy as np
import pytest

from rnnlab.forecasting.baselines.regression import MOST_LAGS, autoregression, fit_autoregression, window_map


def process(weights, rows=3000, noise=1.0, seed=0, constant=0.0):
    """An autoregressive process."""
    random = np.random.default_rng(seed)
    p, values = len(weights), list(random.normal(size=len(weights)))
    for error in noise * random.normal(size=rows):
        values.append(constant + float(np.dot(weights, values[: -p - 1 : -1])) + error)
    return np.array(values[p:])


def lagged(values, p, first):
    """Rows (1, y_{t-1}, ..., y_{t-p}) for t >= first, and y_t."""
    rows = [[1.0, *(values[t - lag] for lag in range(1, p + 1))] for t in range(first, len(values))]
    return np.array(rows), values[first:]


def aicc(values, p, first):
    design, target = lagged(values, p, first)
    rest = np.sum((target - design @ np.linalg.lstsq(design, target, rcond=None)[0]) ** 2)
    n, k = len(target), p + 2
    return n * np.log(rest) + 2 * k + 2 * k * (k + 1) / (n - k - 1)


@pytest.mark.parametrize("weights", [[0.6], [0.5, 0.3], [1.2, -0.7, 0.2, 0.1], [0.0, 0.0, 0.0, 0.0, 0.0, 0.9]])
@pytest.mark.parametrize("rows", [60, 400])
def test_the_order_has_the_smallest_aicc_and_the_weights_are_those_of_least_squares(weights, rows):
    values = process(weights, rows)
    values /= np.abs(values).max()
    most = min(MOST_LAGS, (rows - 1) // 4)
    constant, found = fit_autoregression(values)
    scores = [aicc(values, p, most) for p in range(most + 1)]
    assert len(found) == int(np.argmin(scores))
    design, target = lagged(values, len(found), most)
    np.testing.assert_allclose(
        [constant, *found], np.linalg.lstsq(design, target, rcond=None)[0], rtol=1e-8, atol=1e-10
    )


def test_the_weights_of_a_long_series_are_found():
    constant, found = fit_autoregression(process([0.5, 0.3], 100_000, noise=0.1, constant=0.02))
    np.testing.assert_allclose(found[:2], [0.5, 0.3], atol=0.01)
    assert np.abs(found[2:]).max(initial=0) < 0.02
    assert constant == pytest.approx(0.02, abs=0.01)


@pytest.mark.parametrize("horizon", [1, 2, 5])
def test_it_is_iterated_over_the_horizon(horizon):
    values = process([0.9, -0.3], 500, constant=3.0)
    rows = np.array([410, 450, 499])
    scale = np.abs(values[:400] - values[399]).max()
    constant, weights = fit_autoregression((values[:400] - values[399]) / scale)
    for row, forecast in zip(rows, autoregression(values, rows, horizon, training_rows=400), strict=True):
        known = ((values[: row - horizon + 1] - values[399]) / scale).tolist()
        for _ in range(horizon):
            known.append(constant + sum(w * known[-k] for k, w in enumerate(weights, start=1)))
        assert forecast == pytest.approx(values[399] + scale * known[-1], rel=1e-10)


def test_a_line_and_a_wave_without_noise_are_forecast_exactly():
    steps = np.arange(300.0)
    for values in (7 + 0.5 * steps, np.sin(steps / 3), 1e-200 * np.cos(steps / 5), 1e200 * (3 + np.sin(steps))):
        for forecast in (
            autoregression(values, np.arange(210, 300), 3, training_rows=200),
            window_map(values, np.arange(210, 300), 3, training_rows=200, window=12),
        ):
            np.testing.assert_allclose(forecast, values[210:], atol=1e-7 * np.abs(values).max())


@pytest.mark.parametrize("horizon", [1, 3])
def test_the_window_map_is_least_squares_on_the_training_windows(horizon):
    values = process([0.7, 0.2], 300)
    window, train = 6, 200
    ends = range(window - 1, train - horizon)
    design = np.array([[1.0, *values[end - window + 1 : end + 1]] for end in ends])
    weights = np.linalg.lstsq(design, values[[end + horizon for end in ends]], rcond=None)[0]
    rows = np.arange(train, 300)
    expected = [weights @ [1.0, *values[row - horizon - window + 1 : row - horizon + 1]] for row in rows]
    found = window_map(values, rows, horizon, training_rows=train, window=window)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_with_fewer_windows_than_weights_it_stays_near_persistence():
    values = np.cumsum(np.random.default_rng(0).normal(size=40))
    found = window_map(values, np.arange(35, 40), training_rows=31, window=28)
    assert np.abs(found - values[34:39]).max() < 5 * np.abs(np.diff(values)).max()
    np.testing.assert_array_equal(window_map(values, [35], training_rows=5, window=28), values[[34]])


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5, 9, 13])
def test_few_rows_are_enough(rows):
    values = np.random.default_rng(rows).normal(size=rows + 6)
    for horizon in (1, 2):
        wanted = np.arange(rows + horizon, rows + horizon + 3)
        assert np.isfinite(autoregression(values, wanted, horizon, training_rows=rows)).all()
        assert np.isfinite(window_map(values, wanted, horizon, training_rows=rows, window=4)).all()
