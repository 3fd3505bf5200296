"""Errors of forecasts, with exact definitions; those with a unit are in the series' unit.

e_t = y_t - f_t for actual y and forecast f; every mean runs over the last axis, so that predictions of shape
(R, N), one row per model, give R numbers. A forecast that is not finite gives NaN or infinity, no warning. Sizes from
1e-300 to 1e300 are measured without overflow.
"""

from collections.abc import Callable

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
        The last value known at each forecast: the forecast of persistence.
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
    """Root mean square error, sqrt(mean e^2), in the series' unit; infinite only where it exceeds the largest float."""
    return power_mean(*difference(actual, predicted), power=2)


def mae(actual: ArrayLike, predicted: ArrayLike) -> Float:
    """Mean absolute error, mean |e|, in the series' unit; infinite only where it exceeds the largest float."""
    return power_mean(*difference(actual, predicted), power=1)


def mape(actual: ArrayLike, predicted: ArrayLike) -> Float:
    """Mean absolute percentage error, 100 mean |e / y|, in percent; NaN where an actual value is 0.

    Source: Hyndman and Koehler 2006, "Another look at measures of forecast accuracy", section 2.2.
    """
    divisible = np.asarray(actual) != 0
    actual, predicted = _by_row(actual, predicted)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        terms = np.where(divisible, np.abs((actual - predicted) / actual), np.nan)
        return 100.0 * power_mean(terms, power=1)


def smape(actual: ArrayLike, predicted: ArrayLike) -> Float:
    """Symmetric mean absolute percentage error, 100 mean 2|e| / (|y| + |f|), in percent, from 0 to 200.

    A term with y = f = 0 counts as 0.

    Source: Makridakis, Spiliotis and Assimakopoulos 2020, "The M4 competition", section 2.3.
    """
    actual, predicted = _by_row(actual, predicted)
    with np.errstate(over="ignore", invalid="ignore"):
        size = np.abs(actual) + np.abs(predicted)
        terms = 2.0 * np.abs(actual - predicted) / np.where(size == 0.0, 1.0, size)
        return 100.0 * np.mean(terms, axis=-1)


def mase(actual: ArrayLike, predicted: ArrayLike, training: ArrayLike) -> Float:
    """Mean absolute scaled error: mae / mean |y_t - y_{t-1}| over the training rows.

    Below 1 is better than persistence was there. NaN where the training rows never change.

    Source: Hyndman and Koehler 2006, section 3.
    """
    return _ratio(mae, (actual, predicted), _persistence_in(training))


def rmsse(actual: ArrayLike, predicted: ArrayLike, training: ArrayLike) -> Float:
    """Root mean squared scaled error: rmse / sqrt(mean (y_t - y_{t-1})^2) over the training rows.

    NaN where the training rows never change.

    Source: Makridakis, Spiliotis and Assimakopoulos 2022, "M5 accuracy competition", section 4.
    """
    return _ratio(rmse, (actual, predicted), _persistence_in(training))


def skill(actual: ArrayLike, predicted: ArrayLike, naive: ArrayLike) -> Float:
    """1 - rmse / rmse of naive: above 0 beats persistence, 1 is perfect; NaN where naive is perfect."""
    return 1.0 - _ratio(rmse, (actual, predicted), (actual, naive))


def directional_accuracy(actual: ArrayLike, predicted: ArrayLike, naive: ArrayLike) -> Float:
    """Share in [0, 1] of the rows where forecast and value left the last known value in the same direction.

    mean [sign(f_t - last_t) = sign(y_t - last_t)] over the rows where the value moved. A forecast of no
    change counts as wrong, so that persistence itself scores 0, and a coin 1/2. NaN where no value moved, or
    for a forecast that is not finite.

    Source: Pesaran and Timmermann 1992, "A simple nonparametric test of predictive performance", section 1.
    """
    last = np.asarray(naive, dtype=np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        way = np.sign(np.asarray(actual, dtype=np.float64) - last)
        forecast_way = np.sign(np.asarray(predicted, dtype=np.float64) - last)
    moved = way != 0
    if not moved.any():
        return np.full(forecast_way.shape[:-1], np.nan)
    share = np.mean((forecast_way == way)[..., moved], axis=-1)
    return np.where(np.isfinite(predicted).all(axis=-1), share, np.nan)


def difference(actual: ArrayLike, predicted: ArrayLike) -> tuple[Float, NDArray[np.intp]]:
    """Differences actual - predicted (..., N) and how often each row was halved, (...).

    Once where a difference of finite values overflows, else not at all: what `power_mean` takes.
    """
    actual, predicted = np.asarray(actual, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        error = actual - predicted
        overflows = np.asarray((np.isinf(error) & np.isfinite(actual) & np.isfinite(predicted)).any(axis=-1))
        if overflows.any():
            error = np.where(overflows[..., np.newaxis], actual / 2 - predicted / 2, error)
    return error, overflows.astype(np.intp)


def power_mean(values: ArrayLike, halvings: ArrayLike = 0, *, power: int) -> Float:
    """(mean |x|^power)^(1/power) over the last axis, for power 1 or 2, of x = values 2^halvings.

    Each row is first divided by the power of two next to its largest value. That division is exact: the result is the
    plain formula's, bit for bit, except that nothing overflows or underflows on the way.

    Parameters
    ----------
    values : array of shape (..., N)
    halvings : int or int array of shape (...)

    Returns
    -------
    array of shape (...); NaN for N = 0
    """
    sizes = np.abs(np.asarray(values, dtype=np.float64))
    if sizes.shape[-1] == 0:
        return np.full(sizes.shape[:-1], np.nan)
    exponents = np.frexp(sizes.max(axis=-1))[1]
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = np.ldexp(sizes, -exponents[..., np.newaxis])
        mean = np.mean(scaled, axis=-1) if power == 1 else np.sqrt(np.mean(np.square(scaled), axis=-1))
        return np.ldexp(mean, exponents + np.asarray(halvings))


def _by_row(actual: ArrayLike, predicted: ArrayLike) -> tuple[Float, Float]:
    """Both, each pair divided by the power of two next to four times its larger size, which no percentage feels."""
    actual, predicted = np.asarray(actual, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
    exponents = np.frexp(np.maximum(np.abs(actual), np.abs(predicted)))[1]
    return np.ldexp(actual, -exponents - 2), np.ldexp(predicted, -exponents - 2)


def _persistence_in(training: ArrayLike) -> tuple[Float, Float]:
    """What came, and the forecast y_{t-1} of it, over the training rows."""
    training = np.asarray(training, dtype=np.float64)
    return training[1:], training[:-1]


def _ratio(
    metric: Callable[[ArrayLike, ArrayLike], Float],
    forecast: tuple[ArrayLike, ArrayLike],
    reference: tuple[ArrayLike, ArrayLike],
) -> Float:
    """A metric of a forecast over that of another, each given behind its actual values; NaN where the divisor is 0.

    Where one of them exceeds the largest float, both are those of quarters of the values, which no ratio feels.
    """
    above, below = metric(*forecast), metric(*reference)
    beyond = np.isinf(above) | np.isinf(below)
    if beyond.any():
        quarters = [metric(*(np.asarray(one, dtype=np.float64) / 4 for one in pair)) for pair in (forecast, reference)]
        above, below = (np.where(beyond, fourth, whole) for fourth, whole in zip(quarters, (above, below), strict=True))
    with np.errstate(over="ignore", invalid="ignore"):
        return above / np.where((below == 0.0) | np.isinf(below), np.nan, below)
