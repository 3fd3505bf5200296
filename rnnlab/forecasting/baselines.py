"""Forecasts that need no training: what a model must beat to have learnt anything.

Every baseline is a function `baseline(values, rows, horizon, ...) -> predictions`: for each row t it predicts
values[t] from the rows up to its origin t - horizon, and from nothing later.

Parameters of all of them: `values`, float array of shape (n,), oldest first; `rows`, int array of shape (N,),
each at least `horizon`; `horizon`, int >= 1. They return a float array of shape (N,) in the unit of the
values, write to none of their arguments, and raise ValueError for a row before the horizon.
"""

from collections.abc import Callable
from functools import wraps

import numpy as np
from numpy.typing import ArrayLike, NDArray


def naive(values: ArrayLike, rows: ArrayLike, horizon: int = 1) -> NDArray[np.float64]:
    """Persistence: the last known value, y_{t-horizon}.

    The best forecast of a random walk, which prices are close to.

    Source: Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 3rd edition 2021, section 5.2.
    """
    return np.asarray(values, dtype=np.float64)[_origins(rows, horizon)]


def drift(values: ArrayLike, rows: ArrayLike, horizon: int = 1) -> NDArray[np.float64]:
    """Persistence with the mean change so far: y_s + horizon (y_s - y_0) / s, at the origin s = t - horizon.

    An origin at row 0 knows of no change yet, and gives y_0.

    Source: Hyndman and Athanasopoulos 2021, section 5.2.
    """
    origins = _origins(rows, horizon)
    values, exponent = _with_head_room(values)
    return _ldexp(values[origins] + horizon * (values[origins] - values[0]) / np.maximum(origins, 1), exponent)


def mean(values: ArrayLike, rows: ArrayLike, horizon: int = 1) -> NDArray[np.float64]:
    """Mean of all values up to the origin.

    Source: Hyndman and Athanasopoulos 2021, section 5.2.
    """
    origins = _origins(rows, horizon)
    values, exponent = _with_head_room(values)
    # Sums of the distances from the first value: a constant series has exactly its own mean.
    return _ldexp(values[0] + np.cumsum(values - values[0])[origins] / (origins + 1), exponent)


def moving_average(values: ArrayLike, rows: ArrayLike, horizon: int = 1, width: int = 20) -> NDArray[np.float64]:
    """Mean of the last `width` values up to the origin, or of all of them where there are fewer."""
    if width < 1:
        raise ValueError(f"The 'width' must be at least 1; got {width}.")
    origins = _origins(rows, horizon)
    values, exponent = _with_head_room(values)
    # Each window by itself: a running sum would carry the rounding error of a huge value into every later window.
    steps = np.arange(width)
    places = np.maximum(origins[:, np.newaxis] - steps, 0)
    known = steps <= origins[:, np.newaxis]
    last = values[origins]
    distances = np.where(known, values[places] - last[:, np.newaxis], 0.0)
    return _ldexp(last + distances.sum(axis=1) / known.sum(axis=1), exponent)


def seasonal_naive(values: ArrayLike, rows: ArrayLike, horizon: int = 1, season: int = 5) -> NDArray[np.float64]:
    """The last known value of the same season: y_{t - k season} with the smallest k that reaches the origin.

    Rows before the first full season fall back on the last known value.

    Source: Hyndman and Athanasopoulos 2021, section 5.2.
    """
    if season < 1:
        raise ValueError(f"The 'season' must be at least 1; got {season}.")
    origins = _origins(rows, horizon)
    same_season = origins + horizon - season * (-(-horizon // season))
    return np.asarray(values, dtype=np.float64)[np.where(same_season < 0, origins, same_season)]


def season_of(dates: ArrayLike) -> int | None:
    """Rows in the season that the calendar of the dates suggests; None where it suggests none.

    - Several rows a week, over two weeks or more: the number of weekdays that occur in more than half of the weeks
      with rows: 5 for trading days, 6 without Sundays, 7 for every day. None where more than a fifth of the rows
      fall on other weekdays: rows of every other day have no season.
    - Weeks: 52, months 12, quarters 4.

    Parameters
    ----------
    dates : datetime64[D] array of shape (n,), increasing
        Of the training rows.
    """
    days = np.asarray(dates, dtype="datetime64[D]").astype(np.int64)
    if len(days) < 2:
        return None
    distance = float(np.median(np.diff(days)))
    if distance < 7:
        if days[-1] - days[0] < 13:
            return None  # less than two weeks show no week
        week, weekday = np.divmod(days + 3, 7)  # 1970-01-01 was a Thursday; Monday is 0
        times = np.bincount(weekday, minlength=7)
        regular = times[times > len(np.unique(week)) / 2]
        return len(regular) if len(regular) > 1 and regular.sum() > 0.8 * len(days) else None
    seasons = (((7, 7), 52), ((28, 31), 12), ((89, 92), 4))
    return next((rows for (low, high), rows in seasons if low <= distance <= high), None)


Baseline = Callable[..., NDArray[np.float64]]


def checked(name: str, rule: Baseline) -> Baseline:
    """The same baseline; what it forecasts must be one finite number for each row, or a ValueError says so."""

    @wraps(rule)
    def forecast(values: ArrayLike, rows: ArrayLike, horizon: int = 1, **options: int) -> NDArray[np.float64]:
        found, wanted = np.asarray(rule(values, rows, horizon, **options)), np.shape(rows)
        bad = np.count_nonzero(~np.isfinite(found)) if found.dtype.kind in "biuf" else found.size
        if found.shape == wanted and not bad:
            return found
        got = f"{bad} that are not" if found.shape == wanted else f"shape {found.shape}"
        raise ValueError(
            f"The baseline {name} must give finite numbers of shape {wanted}, one for each row; got {got}."
        )

    return forecast


BASELINES: dict[str, Baseline] = {
    name: checked(name, rule)
    for name, rule in {
        "naive": naive,
        "drift": drift,
        "mean": mean,
        "moving_average": moving_average,
        "seasonal_naive": seasonal_naive,
    }.items()
}
# As they stand in a sentence.
NAMES = {
    "naive": "persistence",
    "drift": "drift",
    "mean": "the mean",
    "moving_average": "the moving average",
    "seasonal_naive": "the seasonal baseline (season {season})",
}


def _with_head_room(values: ArrayLike) -> tuple[NDArray[np.float64], int]:
    """Values divided by the power of two that keeps their sums and differences finite, and its exponent.

    The exponent is 0 where nothing can overflow, which is nearly always.
    """
    values = np.asarray(values, dtype=np.float64)
    largest = int(np.frexp(values[np.isfinite(values)])[1].max(initial=0))
    exponent = max(0, largest + 2 + int(values.size).bit_length() - np.finfo(np.float64).maxexp)
    return np.ldexp(values, -exponent), exponent


def _ldexp(values: NDArray[np.float64], exponent: int) -> NDArray[np.float64]:
    with np.errstate(over="ignore"):
        return np.ldexp(values, exponent)


def _origins(rows: ArrayLike, horizon: int) -> NDArray[np.intp]:
    origins = np.asarray(rows, dtype=np.intp) - horizon
    if horizon < 1 or (origins.size and origins.min() < 0):
        raise ValueError(f"Rows must lie at least the horizon (1 or more) after row 0; got horizon {horizon}.")
    return origins
