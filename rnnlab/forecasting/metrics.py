"""Errors of forecasts, with exact definitions; those with a unit are in price units.

e_t = y_t - f_t for actual y and forecast f; every mean runs over the last axis, so that predictions of shape
(R, N), one row per model, give R numbers. A forecast that is not finite gives NaN or infinity, no warning.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Float = NDArray[np.float64]


def measure(actual: ArrayLike, predicted: ArrayLike, naive: ArrayLike, training: ArrayLike) -> dict[str, Float]:
    """Every metric of a forecast, by its name in `run.json`.

    Parameters
    ----------
    actual : array of shape (N,)
        Prices that came.
    predicted : array of shape (..., N)
        Prices that were forecast, one row per model.
    naive : array of shape (N,)
        The last price known at each forecast: the forecast of persistence.
    training : array of shape (n,)
        Prices of the training rows, which scale `mase` and `rmsse`.

    Returns
    -------
    dict of str to array of shape (...)
    """
    return {
        "rmse": rmse(actual, predicted),
        "mae": mae(actual, predicted),
        "mape": mape(actual, predicted),
        "smape": smape(actual, predicted),
        "mase": mase(actual, predicted, training),
        "rmsse": rmsse(actual, predicted, training),
        "skill": skill(actual, predicted, naive),
        "directional_accuracy": directional_accuracy(actual, predicted, naive),
    }


def rmse(actual: ArrayLike, predicted: ArrayLike) -> Float:
    """Root mean squared error, sqrt(mean e^2), in price units."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.sqrt(np.mean(np.square(_error(actual, predicted)), axis=-1))


def mae(actual: ArrayLike, predicted: ArrayLike) -> Float:
    """Mean absolute error, mean |e|, in price units."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.mean(np.abs(_error(actual, predicted)), axis=-1)


def mape(actual: ArrayLike, predicted: ArrayLike) -> Float:
    """Mean absolute percentage error, 100 mean |e / y|, in percent; NaN where an actual value is 0.

    Source: Hyndman and Koehler 2006, "Another look at measures of forecast accuracy", section 2.2.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        return 100.0 * np.mean(np.abs(_error(actual, predicted) / _nan_for_zero(actual)), axis=-1)


def smape(actual: ArrayLike, predicted: ArrayLike) -> Float:
    """Symmetric mean absolute percentage error, 100 mean 2|e| / (|y| + |f|), in percent, from 0 to 200.

    A term with y = f = 0 counts as 0.

    Source: Makridakis, Spiliotis and Assimakopoulos 2020, "The M4 competition", section 2.3.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        size = np.abs(np.asarray(actual, dtype=np.float64)) + np.abs(np.asarray(predicted, dtype=np.float64))
        terms = 2.0 * np.abs(_error(actual, predicted)) / np.where(size == 0.0, 1.0, size)
        return 100.0 * np.mean(terms, axis=-1)


def mase(actual: ArrayLike, predicted: ArrayLike, training: ArrayLike) -> Float:
    """Mean absolute scaled error: mae / mean |y_t - y_{t-1}| over the training rows.

    Below 1 is better than persistence was there. NaN where the training rows never change.

    Source: Hyndman and Koehler 2006, section 3.
    """
    steps = np.diff(np.asarray(training, dtype=np.float64))
    return mae(actual, predicted) / _scale(np.abs(steps))


def rmsse(actual: ArrayLike, predicted: ArrayLike, training: ArrayLike) -> Float:
    """Root mean squared scaled error: rmse / sqrt(mean (y_t - y_{t-1})^2) over the training rows.

    NaN where the training rows never change.

    Source: Makridakis, Spiliotis and Assimakopoulos 2022, "M5 accuracy competition", section 4.
    """
    steps = np.diff(np.asarray(training, dtype=np.float64))
    return rmse(actual, predicted) / np.sqrt(_scale(np.square(steps)))


def skill(actual: ArrayLike, predicted: ArrayLike, naive: ArrayLike) -> Float:
    """1 - rmse / rmse of naive: above 0 beats persistence, 1 is perfect; NaN where naive is perfect."""
    return 1.0 - rmse(actual, predicted) / _nan_for_zero(rmse(actual, naive))


def directional_accuracy(actual: ArrayLike, predicted: ArrayLike, naive: ArrayLike) -> Float:
    """Share in [0, 1] of the rows where forecast and price left the last known price in the same direction.

    mean [sign(f_t - last_t) = sign(y_t - last_t)] over the rows where the price moved. A forecast of no
    change counts as wrong, so that persistence itself scores 0, and a coin 1/2. NaN where no price moved, or
    for a forecast that is not finite.

    Source: Pesaran and Timmermann 1992, "A simple nonparametric test of predictive performance", section 1.
    """
    last = np.asarray(naive, dtype=np.float64)
    way = np.sign(np.asarray(actual, dtype=np.float64) - last)
    with np.errstate(invalid="ignore"):
        forecast_way = np.sign(np.asarray(predicted, dtype=np.float64) - last)
    moved = way != 0
    if not moved.any():
        return np.full(forecast_way.shape[:-1], np.nan)
    share = np.mean((forecast_way == way)[..., moved], axis=-1)
    return np.where(np.isfinite(predicted).all(axis=-1), share, np.nan)


def _error(actual: ArrayLike, predicted: ArrayLike) -> Float:
    return np.asarray(actual, dtype=np.float64) - np.asarray(predicted, dtype=np.float64)


def _scale(sizes: Float) -> Float:
    return _nan_for_zero(np.mean(sizes) if sizes.size else 0.0)


def _nan_for_zero(values: ArrayLike) -> Float:
    values = np.asarray(values, dtype=np.float64)
    return np.where(values == 0.0, np.nan, values)
