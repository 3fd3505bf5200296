"""Adaptive conformal intervals: the level follows the misses, so that coverage survives a shift of the series."""

import bisect
import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnlab.forecasting.intervals.levels import exact, exact_level, rows_needed
from rnnlab.forecasting.intervals.split import by_step

Float = NDArray[np.float64]

# "Found to give relatively stable trajectories for alpha_t while still being sufficiently large as to allow alpha_t to
# adapt to observed shifts": Gibbs and Candes 2021, end of section 2.1.
GAMMA = 0.005


@dataclass(frozen=True)
class Adapted:
    """Half widths adapted row by row.

    Parameters
    ----------
    half_widths : array of shape (N,) or (N, H)
        In the unit of the residuals; infinite for an unbounded interval, minus infinity for an empty one.
    alphas : array of shape (N,) or (N, H)
        alpha_t, the miscoverage that each row aims at; at most 0 where the interval is the whole line, at least 1 where
        it is empty.
    unbounded, empty : int arrays of shape () or (H,)
        Rows with an unbounded and with an empty interval.
    """

    half_widths: Float
    alphas: Float
    unbounded: NDArray[np.intp]
    empty: NDArray[np.intp]


def adaptive(
    residuals: ArrayLike,
    level: float,
    *,
    calibration: ArrayLike,
    gamma: float = GAMMA,
    window: int | None = None,
    delay: int | Sequence[int] | None = None,
) -> Adapted:
    """Half widths of symmetric intervals by adaptive conformal inference, row by row.

        w_t = s_(k),    k = ceil((n + 1) (1 - alpha_t)),    s_(1) <= ... <= s_(n) the |residuals| known in row t
        err_t = [|e_t| > w_t],    alpha_{t+1} = alpha_t + gamma (alpha - err_t),    alpha_1 = alpha = 1 - level

    A rank k > n, as for every alpha_t <= 0, makes the interval the whole line; k < 1, for alpha_t >= 1, makes it empty.
    The residual of a forecast h steps ahead is known h rows later and counts only from then on, both as a score and in
    alpha: row t uses the residuals of rows up to t - h. Whatever the N residuals that exist are,

        |mean err - alpha| <= (max(alpha, 1 - alpha) + h gamma) / (N gamma)

    Parameters
    ----------
    residuals : array of shape (N,) or (N, H)
        actual - forecast, one row per time step, indexed by origin or by target: a residual is known h rows later
        under either. A row with NaN (the future, a missing value) has an interval, and leaves alpha as it is.
    level : float in (0, 1)
        Nominal coverage.
    calibration : array of shape (n,) or (n, H)
        Residuals of the rows just before: the first scores, under the same delay; n may be 0.
    gamma : float >= 0
        Step size: a larger one adapts faster and is less stable; 0 keeps alpha. The default is the authors' value.
    window : int >= `rows_needed(level)`, optional
        Number of scores kept, the newest ones; all by default.
    delay : int >= 1 or H of them, optional
        Rows until a residual is known, h; by default 1 for residuals of shape (N,) and 1 to H for (N, H).

    Raises
    ------
    ValueError
        For an argument outside its range, or shapes that do not match.

    Source: Gibbs and Candes 2021, "Adaptive conformal inference under distribution shift", equation 2, lemma 4.1 and
    proposition 4.1, whose bound this is for h = 1. With a delay alpha_t leaves [0, 1] by less than h gamma, since only
    the h errors that are pending when it crosses an end can take it further; the rest of the proof is theirs.
    """
    residuals, calibration = by_step(residuals), by_step(calibration)
    if residuals.shape[1:] != calibration.shape[1:]:
        raise ValueError(
            f"Residuals and calibration need the same steps ahead; got shapes {residuals.shape}, {calibration.shape}."
        )
    _check(level, gamma, window)
    scores = np.abs(np.concatenate([calibration, residuals]))
    columns = np.atleast_2d(scores.T)
    delays = _delays(delay, len(columns), residuals.ndim)
    found = [
        _adapt(column.tolist(), len(calibration), lag, _Level(level, gamma), _Scores(window))
        for column, lag in zip(columns, delays, strict=True)
    ]
    widths, alphas = (np.reshape(np.transpose([one[which] for one in found]), residuals.shape) for which in (0, 1))
    return Adapted(widths, alphas, np.sum(np.isposinf(widths), axis=0), np.sum(np.isneginf(widths), axis=0))


def _check(level: float, gamma: float, window: int | None) -> None:
    exact_level(level)
    if not 0.0 <= gamma < np.inf:
        raise ValueError(f"The step size 'gamma' must be at least 0 and finite; got {gamma}.")
    if window is not None and window < rows_needed(level):
        raise ValueError(f"A 'window' for level {level:g} holds at least {rows_needed(level)} scores; got {window}.")


def _delays(delay: int | Sequence[int] | None, steps: int, ndim: int) -> list[int]:
    """The delay of each column."""
    if delay is None:
        delay = 1 if ndim == 1 else range(1, steps + 1)
    delays = [delay] * steps if isinstance(delay, int) else list(delay)
    if len(delays) != steps or min(delays, default=1) < 1:
        raise ValueError(f"A 'delay' of at least 1 row is needed for each of {steps} steps ahead; got {delay}.")
    return delays


class _Level:
    """alpha_t in whole multiples of a unit that alpha and gamma alpha have in common: the sum never rounds."""

    def __init__(self, level: float, gamma: float) -> None:
        alpha, step = 1 - exact_level(level), exact(gamma)
        self._unit = alpha.denominator * step.denominator
        self._alpha = alpha.numerator * step.denominator
        self._rise = step.numerator * alpha.numerator
        self._fall = step.numerator * (alpha.denominator - alpha.numerator)

    @property
    def alpha(self) -> float:
        return self._alpha / self._unit

    def learn(self, missed: bool) -> None:
        """alpha + gamma (alpha - err)."""
        self._alpha += -self._fall if missed else self._rise

    def rank(self, count: int) -> int:
        """ceil((n + 1) (1 - alpha_t)), by a floor division of the negative."""
        return -((count + 1) * (self._alpha - self._unit) // self._unit)


class _Scores:
    """The newest scores, in order of size."""

    def __init__(self, window: int | None) -> None:
        self._window = window
        self._newest: deque[float] = deque()
        self._ordered: list[float] = []

    def add(self, score: float) -> None:
        bisect.insort(self._ordered, score)
        self._newest.append(score)
        if self._window is not None and len(self._newest) > self._window:
            del self._ordered[bisect.bisect_left(self._ordered, self._newest.popleft())]

    def __len__(self) -> int:
        return len(self._ordered)

    def at(self, rank: int) -> float:
        """The score with this rank; infinite above the last, minus infinity below the first."""
        if rank > len(self._ordered):
            return np.inf
        return self._ordered[rank - 1] if rank >= 1 else -np.inf


def _adapt(scores: list[float], first: int, delay: int, level: _Level, known: _Scores) -> tuple[list, list]:
    """Half widths and alphas of the rows from `first` on."""
    widths, alphas = [], []
    for row in range(len(scores)):
        news = row - delay
        if news >= 0 and not math.isnan(scores[news]):
            known.add(scores[news])
            if news >= first:
                level.learn(scores[news] > widths[news - first])
        if row >= first:
            alphas.append(level.alpha)
            widths.append(known.at(level.rank(len(known))))
    return widths, alphas
