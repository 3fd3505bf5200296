"""What is wrong with a forecast whose errors look fine: it lags, it hardly moves, or its inputs hold the answer."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnlab.forecasting import metrics

HARDLY = 0.1  # of the standard deviation of what came
TOLD = 0.999  # of the variance of what is to be forecast
FEW = 10  # rows, too few to judge by


def lag(actual: ArrayLike, forecast: ArrayLike, last: ArrayLike) -> str:
    """A sentence where a forecast lies nearer to the last value that was known than to the value that came.

    Nearer, too, than these two are to each other: a forecast that is far from both does not lag. The
    best forecast of a random walk lags: that is no fault of the network then, and nothing to be proud of.

    Parameters
    ----------
    actual, forecast, last : arrays of shape (N,)
    """
    actual, forecast, last = (np.asarray(one, dtype=np.float64) for one in (actual, forecast, last))
    if len(actual) < FEW or not np.isfinite(forecast).all() or np.array_equal(actual, last):
        return ""
    behind, ahead, moved = (
        float(metrics.rmse(*pair)) for pair in ((last, forecast), (actual, forecast), (actual, last))
    )
    if not behind < min(ahead, moved):
        return ""
    return (
        f"The forecast lies nearer to the last known value (RMSE {behind:.4g}) than to the value that came "
        f"({ahead:.4g}): in a plot it looks like the series, one step late."
    )


def collapse(actual: ArrayLike, forecast: ArrayLike) -> str:
    """A sentence where a forecast hardly moves: its standard deviation is below a tenth of that of what came."""
    actual, forecast = (np.asarray(one, dtype=np.float64) for one in (actual, forecast))
    if len(actual) < FEW or not np.isfinite(forecast).all():
        return ""
    moves, moved = (float(metrics.rmse(one, np.full(len(one), _mean(one)))) for one in (forecast, actual))
    if not moves < HARDLY * moved:
        return ""
    return f"The forecast hardly moves: its standard deviation is {moves:.4g}, that of what came {moved:.4g}."


def tells(column: ArrayLike, values: ArrayLike, step: int) -> bool:
    """Whether a column says today what the values will be `step` rows later.

    It does where a linear map of its value and theirs leaves less than 1 - `TOLD` of the variance of the change
    y_{t+step} - y_t. Rows without a number are left out.

    Parameters
    ----------
    column, values : arrays of shape (n,)
    step : int >= 1
    """
    column, values = _unit(column), _unit(values)
    change = values[step:] - values[:-step]
    known = np.column_stack([np.ones(len(change)), column[:-step], values[:-step]])
    sound = np.isfinite(known).all(axis=1) & np.isfinite(change)
    if sound.sum() < FEW:
        return False
    known, change = known[sound], change[sound] - change[sound].mean()
    rest = change - known @ np.linalg.lstsq(known, change, rcond=None)[0]
    return float(rest @ rest) < (1 - TOLD) * float(change @ change)


def _unit(values: ArrayLike) -> NDArray[np.float64]:
    """Values divided by the power of two next to the largest, which is exact."""
    values = np.asarray(values, dtype=np.float64)
    return np.ldexp(values, -np.frexp(np.nanmax(np.abs(values)))[1])


def _mean(values: NDArray[np.float64]) -> float:
    exponent = np.frexp(np.abs(values).max())[1]
    return float(np.ldexp(np.ldexp(values, -exponent).mean(), exponent))
