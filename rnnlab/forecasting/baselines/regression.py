"""Linear forecasts by least squares: from the last values of the series, and from the network's own window."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from rnnlab.forecasting.baselines.floats import Standard, origins_of

MOST_LAGS = 30
MOST_CELLS = 1 << 24  # of the training windows, the newest first


def autoregression(values: ArrayLike, rows: ArrayLike, horizon: int = 1, *, training_rows: int) -> NDArray[np.float64]:
    """AR(p) with a constant: y_t = c + phi_1 y_{t-1} + ... + phi_p y_{t-p} + e_t, iterated over the horizon.

    Fitted by least squares on the training rows; p, from 0 to 30 and at most a quarter of the rows, has the smallest
    AICc of them all on the same rows.

    Source: Hyndman and Athanasopoulos 2021, section 9.3; the AICc of Hurvich and Tsai 1989.
    """
    origins = origins_of(rows, horizon)
    standard = Standard(values, training_rows)
    known = standard.values[:training_rows]
    constant, weights = fit_autoregression(known)
    last = _windows(standard.values, origins, len(weights))  # newest first
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(horizon):
            following = constant + last @ weights
            last = np.concatenate([following[:, np.newaxis], last], axis=1)[:, : len(weights)]
    return standard.restored(following)


def fit_autoregression(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """The constant and the weights of the last values, newest first, (p,).

    All orders are compared from one factorization: with the columns 1, y_{t-1}, y_{t-2}, ... = Q R, the sum of squares
    that is left after p lags is |y|^2 - sum_{j <= p} (q_j y)^2.

    Parameters
    ----------
    values : array of shape (n,)
        None larger than about 1.
    """
    most = min(MOST_LAGS, (len(values) - 1) // 4)
    design = np.column_stack(
        [np.ones(len(values) - most), _windows(values, np.arange(most - 1, len(values) - 1), most)]
    )
    target = values[most:]
    q, r = np.linalg.qr(design)
    rest = target @ target - np.cumsum((q.T @ target) ** 2)
    count, orders = len(target), np.arange(most + 1)
    parameters = orders + 2.0  # constant and variance
    room = count - parameters - 1
    floor = count * np.finfo(np.float64).eps ** 2  # of values whose largest is 1
    independent = np.abs(np.diag(r)) > 1e-10 * np.abs(np.diag(r)).max()
    allowed = np.logical_and.accumulate(independent) & (room > 0)
    if not allowed.any():
        return float(target.mean()), np.zeros(0)
    scores = count * np.log(np.maximum(rest, floor)) + 2 * parameters * (1 + (parameters + 1) / np.maximum(room, 1))
    order = int(np.argmin(np.where(allowed, scores, np.inf)))
    constant, *weights = np.linalg.solve(r[: order + 1, : order + 1], (q.T @ target)[: order + 1]).tolist()
    return constant, np.array(weights, dtype=np.float64)


def window_map(
    values: ArrayLike,
    rows: ArrayLike,
    horizon: int = 1,
    *,
    training_rows: int,
    window: int,
    beside: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """A linear map of what the network sees: y_t - y_s = c + w_0 y_s + sum_k w_k (y_{s-k} - y_s) + the same of x.

    Fitted directly for the horizon, s = t - horizon, by least squares on the training windows. Where these are fewer
    than the weights, the smallest weights that fit: with few rows it comes close to persistence. `beside` are the
    further columns x, (n, C); each is read as y is, in the unit of its own training rows.
    """
    origins = origins_of(rows, horizon)
    standard = Standard(values, training_rows)
    read = [standard.values]
    if beside is not None:
        read += [Standard(column, training_rows).values for column in beside.T]
    most = max(1, MOST_CELLS // (window * len(read)))
    ends = np.arange(window - 1, training_rows - horizon)[-most:]
    if not len(ends):
        return np.asarray(values, dtype=np.float64)[origins]
    seen = np.concatenate([_levels_and_changes(column, ends, window) for column in read], axis=1)
    change = standard.values[ends + horizon] - standard.values[ends]
    constant, *weights = np.linalg.lstsq(np.column_stack([np.ones(len(ends)), seen]), change, rcond=None)[0]
    weights = np.reshape(weights, (len(read), window))
    weights[0, 0] += 1.0  # the change counts from the newest value
    forecast = np.full(len(standard.values), constant)
    with np.errstate(over="ignore", invalid="ignore"):
        for column, of in zip(read, weights, strict=True):
            taps = np.array([of[0] - np.sum(of[1:]), *of[1:]])
            padded = np.concatenate([np.full(window - 1, column[0]), column])
            forecast = forecast + np.convolve(padded, taps, "valid")
        return standard.restored(forecast[origins])


def _levels_and_changes(values: NDArray[np.float64], ends: NDArray[np.intp], width: int) -> NDArray[np.float64]:
    """The value at each of the rows, and how the values before it differ from it, newest first, (N, width)."""
    seen = _windows(values, ends, width)
    seen[:, 1:] -= seen[:, :1]
    return seen


def _windows(values: NDArray[np.float64], ends: NDArray[np.intp], width: int) -> NDArray[np.float64]:
    """The last `width` values at each of the rows, newest first, (N, width); before the first, the first value."""
    if not width:
        return np.zeros((len(ends), 0))
    padded = np.concatenate([np.full(width - 1, values[0]), values])
    return sliding_window_view(padded, width)[ends, ::-1]
