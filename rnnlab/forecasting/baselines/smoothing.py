"""Exponential smoothing: level, damped trend and season, each moved by a part of the last error."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnlab.forecasting.baselines.floats import Standard, origins_of

MOST_ROWS = 2048  # the newest training rows, on which the model is fitted
START = 10  # rows without a season, after which the errors count
ALPHA, BETA, GAMMA, PHI = range(4)
LOWEST, HIGHEST = np.array([1e-4, 1e-4, 1e-4, 0.8]), np.array([0.9999, 0.9999, 0.9999, 0.98])
LEVELS = (0.02, 0.3, 0.7, 0.98)  # of each parameter, as parts of its range, where the search begins
ROUNDS = 7  # in which its steps are halved
TOGETHER = 16  # series that are fitted in one pass
BLOCK = 32  # rows of all of them that are looked at together
KEPT = 256  # models; more where more are asked for at once


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
    case = _Case(values, rows, horizon, training_rows)
    if not len(case.origins):
        return np.zeros(0)
    (model,) = _FITS.of([case.fitted_on], season)
    read = case.standard.values[case.start : case.origins.max() + 1]
    with np.errstate(over="ignore", invalid="ignore"):
        return case.standard.restored(model.forecast(read, case.origins - case.start, horizon))


def fit_beforehand(cases: Iterable[tuple[ArrayLike, ArrayLike, int]], horizon: int = 1, *, season: int | None) -> None:
    """Fit the models for values, rows and training rows that :func:`exponential_smoothing` will be asked about.

    The models are the same to the last bit. Series that pass beside each other take hardly longer than one.
    """
    parts = [_Case(values, rows, horizon, training_rows).fitted_on.copy() for values, rows, training_rows in cases]
    _FITS.of(parts, season)


class _Case:
    """Where the forecasts of rows begin, and which values their model is fitted on."""

    def __init__(self, values: ArrayLike, rows: ArrayLike, horizon: int, training_rows: int) -> None:
        self.origins = origins_of(rows, horizon)
        self.start = max(0, min(training_rows - MOST_ROWS, int(self.origins.min(initial=training_rows))))
        self.standard = Standard(values, training_rows)
        self.fitted_on = self.standard.values[self.start : training_rows]


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
    (model,) = fit_together([values], season)
    return model


def fit_together(series: Sequence[NDArray[np.float64]], season: int | None) -> list[Smoothing]:
    """The model of each series, to the last bit that of :func:`fit_smoothing`."""
    each = [_kinds(values, season) for values in series]
    kinds = [kind for of in each for kind in of]
    tried = [_grid(kind.free, np.asarray(LEVELS)) * (HIGHEST - LOWEST) + LOWEST * kind.are_free for kind in kinds]
    steps = (HIGHEST - LOWEST) / len(LEVELS)
    for _ in range(ROUNDS + 1):
        found = list(zip(tried, _mean_squares(kinds, tried), strict=True))
        best = [parameters[np.argmin(errors)] for parameters, errors in found]
        tried = [
            np.clip(one + steps * _grid(kind.free, np.array([-1.0, 0.0, 1.0])), LOWEST, HIGHEST) * kind.are_free
            for kind, one in zip(kinds, best, strict=True)
        ]
        steps /= 2
    scored = zip(kinds, best, [float(errors.min()) for _, errors in found], strict=True)
    models = []
    for of in each:
        kind, parameters, _ = min(islice(scored, len(of)), key=lambda one: one[0].aicc(one[2]))
        models.append(Smoothing(parameters, kind.level, kind.trend, kind.seasons))
    return models


class _Fits:
    """The models that were fitted last: forecasts of many steps ask for the same one at each."""

    def __init__(self) -> None:
        self._models: dict[tuple[bytes, int | None], Smoothing] = {}

    def of(self, series: Sequence[NDArray[np.float64]], season: int | None) -> list[Smoothing]:
        """The model of each series."""
        kept = self._models  # is never written to: threads may read it
        wanted = {(values.tobytes(), season): values for values in series}
        found = {key: kept[key] for key in wanted if key in kept}
        new = {key: values for key, values in wanted.items() if key not in found}
        for start in range(0, len(new), TOGETHER):
            some = dict(islice(new.items(), start, start + TOGETHER))
            found |= zip(some, fit_together([*some.values()], season), strict=True)
        if new:
            self._models = found if len(kept) + len(new) > KEPT else kept | found
        return [found[values.tobytes(), season] for values in series]


_FITS = _Fits()


@dataclass(frozen=True)
class _Kind:
    """A model with or without a trend and a season: which of its parameters are free, and where it begins.

    Attributes
    ----------
    values : (n,)
        What it is fitted on.
    level, trend, seasons
        Before the first row, as in :class:`Smoothing`.
    free : list of int
    spared : int
        Rows whose errors do not count.
    """

    values: NDArray[np.float64]
    level: float
    trend: float
    seasons: NDArray[np.float64]
    free: list[int]
    spared: int

    @classmethod
    def of(cls, values: NDArray[np.float64], trended: bool, m: int) -> "_Kind":
        free = [ALPHA, *([BETA, PHI] if trended else ()), *([GAMMA] if m > 1 else ())]
        return cls(values, *_before(values, trended, m), free, min(START if m == 1 else m, len(values) - 1))

    @property
    def are_free(self) -> NDArray[np.float64]:
        """1 for the free parameters, 0 for those that are 0, (4,)."""
        return np.isin(np.arange(4), self.free).astype(float)

    def aicc(self, error: float) -> float:
        """Of a fit with this mean square."""
        m, trended = len(self.seasons), BETA in self.free
        count, parameters = len(self.values) - self.spared, len(self.free) + 2 + trended + (m if m > 1 else 0)
        room = max(count - parameters - 1, 0.5)
        smallest = np.finfo(float).eps ** 2
        return count * np.log(max(error, smallest)) + 2 * parameters * (1 + (parameters + 1) / room)


def _kinds(values: NDArray[np.float64], season: int | None) -> list[_Kind]:
    """Those that so many values allow, the simplest first."""
    seasons = [1, season] if season is not None and 1 < season <= len(values) // 3 else [1]
    trends = [False, True] if len(values) > 2 * START else [False]
    return [_Kind.of(values, trended, m) for m in seasons for trended in trends]


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


def _mean_squares(kinds: list[_Kind], tried: list[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """Mean squared errors one step ahead, (K,), of the K parameters (K, 4) that are tried of each kind.

    All of them pass over the rows beside each other, those without a trend or season with one that stays 0.
    """
    order = sorted(range(len(kinds)), key=lambda place: -len(kinds[place].values))  # those that go on are first
    kinds, sizes = [kinds[place] for place in order], np.array([len(tried[place]) for place in order])
    lengths = np.array([len(kind.values) for kind in kinds])
    spared, m = np.array([kind.spared for kind in kinds]), max(len(kind.seasons) for kind in kinds)
    table = np.zeros((lengths[0], len(kinds)))
    for place, kind in enumerate(kinds):
        table[: lengths[place], place] = kind.values
    state = np.repeat([(kind.level, kind.trend) for kind in kinds], sizes, axis=0).T.copy()
    seasons = np.repeat([np.resize(kind.seasons, m) for kind in kinds], sizes, axis=0).T.copy()
    alpha, beta, gamma, phi = np.concatenate([tried[place] for place in order]).T.copy()
    moves, on_season, sums = np.stack([alpha, alpha * beta]), (1 - alpha) * gamma, np.zeros(len(alpha))
    with np.errstate(over="ignore", invalid="ignore"):
        for first in range(0, lengths[0], BLOCK):
            going = int(np.sum(lengths > first))
            some = slice(0, int(sizes[:going].sum()))
            errors = np.repeat(table[first : first + BLOCK, :going], sizes[:going], axis=1)  # less the forecasts
            _pass(errors, first, state[:, some], seasons[:, some], phi[some], moves[:, some], on_season[some])
            rows = np.arange(first, first + len(errors))[:, np.newaxis]
            counted = (rows >= spared[:going]) & (rows < lengths[:going])
            squares = np.where(np.repeat(counted, sizes[:going], axis=1), np.square(errors), 0)
            sums[some] += squares.sum(axis=0)
    found = np.split(np.where(np.isfinite(sums), sums, np.inf), np.cumsum(sizes)[:-1])
    means = {place: of / (len(kind.values) - kind.spared) for place, kind, of in zip(order, kinds, found, strict=True)}
    return [means[place] for place in range(len(order))]


def _pass(errors, first, state, seasons, phi, moves, on_season) -> None:
    """Take the forecasts off some rows from the row `first` on, (N, K), and move the state over them, all in place."""
    level, trend = state
    m = len(seasons)
    for t, error in enumerate(errors, start=first):
        trend *= phi
        level += trend
        error -= level
        if m > 1:
            season = seasons[t % m]
            error -= season
            season += on_season * error
        state += moves * error
