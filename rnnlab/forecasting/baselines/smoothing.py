"""Exponential smoothing: level, damped trend and season, each moved by a part of the last error."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnlab.forecasting.baselines.floats import Standard, origins_of

MOST_ROWS = 2048  # the newest training rows, on which the model is fitted
START = 10  # rows without a season, after which the errors count
ALPHA, BETA, GAMMA, PHI = range(4)
LOWEST, HIGHEST = np.array([1e-4, 1e-4, 1e-4, 0.8]), np.array([0.9999, 0.9999, 0.9999, 0.98])
LEVELS = (0.02, 0.3, 0.7, 0.98)  # of each parameter, as parts of its range, where the search begins
ROUNDS = 7  # in which its steps are halved


def exponential_smoothing(
    values: ArrayLike, rows: ArrayLike, horizon: int = 1, *, training_rows: int, season: int | None
) -> NDArray[np.float64]:
    """Forecast with additive errors, a damped trend and an additive season (Holt-Winters).

        f_t = l + phi b + s_{t-m},    e_t = y_t - f_t
        l <- l + phi b + alpha e_t,   b <- phi b + alpha beta e_t,   s_t = s_{t-m} + (1 - alpha) gamma e_t
        y_{t+h} = l + (phi + ... + phi^h) b + s_{t+h-m ceil(h / m)}

    alpha, beta, gamma and phi have the smallest mean square of e_t on the training rows. The trend and the season are
    left out where the AICc on these rows is smaller without, the season too where there are fewer than three of it.

    Source: Hyndman and Athanasopoulos 2021, sections 8.2 to 8.6.
    """
    origins = origins_of(rows, horizon)
    if not len(origins):
        return np.zeros(0)
    start = max(0, min(training_rows - MOST_ROWS, int(origins.min())))
    standard = Standard(values, training_rows)
    model = _fitted(standard.values[start:training_rows].tobytes(), season)
    with np.errstate(over="ignore", invalid="ignore"):
        return standard.restored(model.forecast(standard.values[start : origins.max() + 1], origins - start, horizon))


@lru_cache(maxsize=4)
def _fitted(content: bytes, season: int | None) -> "Smoothing":
    """The model of the values with these bytes: the fit does not depend on the horizon, and forecasts of many steps ask
    for it at each.
    """
    return fit_smoothing(np.frombuffer(content), season)


@dataclass(frozen=True)
class Smoothing:
    """A fitted model.

    Attributes
    ----------
    parameters : (4,)
        alpha, beta, gamma, phi.
    level, trend : float
        Before the first row.
    seasons : (m,)
        Before the first row, in the order of the rows that they are of; one 0 without a season.
    """

    parameters: NDArray[np.float64]
    level: float
    trend: float
    seasons: NDArray[np.float64]

    def forecast(self, values: NDArray[np.float64], origins: NDArray[np.intp], horizon: int) -> NDArray[np.float64]:
        """Forecasts `horizon` rows after each origin, (N,)."""
        alpha, beta, gamma, phi = self.parameters.tolist()
        level, trend, seasons = self.level, self.trend, self.seasons.tolist()
        m, ahead = len(seasons), float(np.sum(phi ** np.arange(1, horizon + 1)))
        found = np.empty(len(values))
        for t, value in enumerate(values.tolist()):
            level += phi * trend
            error = value - level - seasons[t % m]
            level += alpha * error
            trend = phi * trend + alpha * beta * error
            seasons[t % m] += (1 - alpha) * gamma * error
            found[t] = level + ahead * trend + seasons[(t + horizon) % m]
        return found[origins]


def fit_smoothing(values: NDArray[np.float64], season: int | None = None) -> Smoothing:
    """The model with the smallest AICc: with and without a trend, with and without the season.

    Parameters
    ----------
    values : (n,), n >= 1
    season : int, or None
    """
    seasons = [1, season] if season is not None and 1 < season <= len(values) // 3 else [1]
    trends = [False, True] if len(values) > 2 * START else [False]
    kinds = [_Kind.of(values, trended, m) for m in seasons for trended in trends]
    tried = [_grid(kind.free, np.asarray(LEVELS)) * (HIGHEST - LOWEST) + LOWEST * kind.are_free for kind in kinds]
    steps = (HIGHEST - LOWEST) / len(LEVELS)
    for _ in range(ROUNDS + 1):
        found = list(zip(tried, _mean_squares(values, kinds, tried), strict=True))
        best = [each[np.argmin(errors)] for each, errors in found]
        tried = [
            np.clip(one + steps * _grid(kind.free, np.array([-1.0, 0.0, 1.0])), LOWEST, HIGHEST) * kind.are_free
            for kind, one in zip(kinds, best, strict=True)
        ]
        steps /= 2
    scores = [kind.aicc(len(values), float(errors.min())) for kind, (_, errors) in zip(kinds, found, strict=True)]
    place = int(np.argmin(scores))
    return Smoothing(best[place], kinds[place].level, kinds[place].trend, kinds[place].seasons)


@dataclass(frozen=True)
class _Kind:
    """A model with or without a trend and a season: which of its parameters are free, and where it begins.

    Attributes
    ----------
    level, trend, seasons
        Before the first row, as in :class:`Smoothing`.
    free : list of int
    spared : int
        Rows whose errors do not count.
    """

    level: float
    trend: float
    seasons: NDArray[np.float64]
    free: list[int]
    spared: int

    @classmethod
    def of(cls, values: NDArray[np.float64], trended: bool, m: int) -> "_Kind":
        free = [ALPHA, *([BETA, PHI] if trended else ()), *([GAMMA] if m > 1 else ())]
        return cls(*_before(values, trended, m), free, min(START if m == 1 else m, len(values) - 1))

    @property
    def are_free(self) -> NDArray[np.float64]:
        """1 for the free parameters, 0 for those that are 0, (4,)."""
        return np.isin(np.arange(4), self.free).astype(float)

    def aicc(self, rows: int, error: float) -> float:
        """Of a fit with this mean square."""
        m, trended = len(self.seasons), BETA in self.free
        count, parameters = rows - self.spared, len(self.free) + 2 + trended + (m if m > 1 else 0)
        room = max(count - parameters - 1, 0.5)
        smallest = np.finfo(float).eps ** 2
        return count * np.log(max(error, smallest)) + 2 * parameters * (1 + (parameters + 1) / room)


def _grid(free: list[int], levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Every combination of levels for the free parameters, (K, 4); 0 for the others."""
    found = np.zeros((len(levels) ** len(free), 4))
    found[:, free] = np.stack(np.meshgrid(*[levels] * len(free)), axis=-1).reshape(-1, len(free))
    return found


def _before(values: NDArray[np.float64], trended: bool, m: int) -> tuple[float, float, NDArray[np.float64]]:
    """Level, trend and seasons before the first row: from the first three seasons, or the first rows."""
    if m == 1:
        first = values[: START + 1]
        trend = float(first[-1] - first[0]) / (len(first) - 1) if trended else 0.0
        return float(values[0]) - trend, trend, np.zeros(1)
    means = values[: 3 * m].reshape(3, m).mean(axis=1)
    slope = float(means[2] - means[0]) / (2 * m)
    line = means[1] + slope * (np.arange(3 * m) - (3 * m - 1) / 2)
    seasons = (values[: 3 * m] - line).reshape(3, m).mean(axis=0)
    return float(line[0]) - slope, slope if trended else 0.0, seasons


def _mean_squares(
    values: NDArray[np.float64], kinds: list[_Kind], tried: list[NDArray[np.float64]]
) -> list[NDArray[np.float64]]:
    """Mean squared errors one step ahead, (K,), of the K parameters (K, 4) that are tried of each kind.

    All of them pass over the rows beside each other, those without a trend or season with one that stays 0.
    """
    sizes, m = [len(each) for each in tried], max(len(kind.seasons) for kind in kinds)
    level, trend = state = np.repeat([(kind.level, kind.trend) for kind in kinds], sizes, axis=0).T.copy()
    seasons = np.repeat([np.resize(kind.seasons, m) for kind in kinds], sizes, axis=0).T.copy()
    alpha, beta, gamma, phi = np.concatenate(tried).T.copy()
    moves, on_season = np.stack([alpha, alpha * beta]), (1 - alpha) * gamma
    errors = np.repeat(values[:, np.newaxis], sum(sizes), axis=1)  # until the forecast is taken off
    with np.errstate(over="ignore", invalid="ignore"):
        for t, error in enumerate(errors):
            trend *= phi
            level += trend
            error -= level
            if m > 1:
                season = seasons[t % m]
                error -= season
                season += on_season * error
            state += moves * error
        each = zip(kinds, np.split(errors, np.cumsum(sizes)[:-1], axis=1), strict=True)
        means = [np.mean(np.square(of_kind[kind.spared :]), axis=0) for kind, of_kind in each]
    return [np.where(np.isfinite(one), one, np.inf) for one in means]
