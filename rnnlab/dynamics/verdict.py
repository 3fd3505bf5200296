"""Vanishing, edge or exploding: a growth rate with its uncertainty over seeds, and the rule that names it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

# Over a chunk the gradient must shrink or grow by this factor before it is called vanishing or exploding.
FACTOR = 10.0


@dataclass(frozen=True)
class Verdict:
    """What a set of seeds says about one setting.

    Attributes
    ----------
    word : "vanishing", "edge" or "exploding"
    rate : float
        Median growth rate over seeds, in nats per step.
    low, high : float
        Its interval over seeds: the 5 % and 95 % quantiles.
    horizon : float
        1 / |rate| steps: how long until a gradient has changed by a factor of e.
    """

    word: Literal["vanishing", "edge", "exploding"]
    rate: float
    low: float
    high: float
    horizon: float


def growth_rate(log_norms: np.ndarray) -> np.ndarray:
    """Slope of log ||dh_T / dh_{T-k}|| against the lag k, by least squares: (...), in nats per step.

    Parameters
    ----------
    log_norms : (..., K)
        By lag, lag 0 first, K >= 2. A curve that reaches -inf (every unit dead) has the rate -inf; one that leaves the
        finite numbers otherwise has inf.
    """
    log_norms = np.asarray(log_norms, float)
    lags = np.arange(log_norms.shape[-1]) - (log_norms.shape[-1] - 1) / 2
    finite = np.all(np.isfinite(log_norms), axis=-1)
    slope = np.where(finite[..., None], log_norms, 0.0) @ lags / (lags @ lags)
    overflows = (np.isnan(log_norms) | (log_norms == np.inf)).any(axis=-1)
    return np.where(finite, slope, np.where(overflows, np.inf, -np.inf))


def judge(rates: np.ndarray, steps: int, *, coverage: float = 0.9) -> Verdict:
    """Name a setting from the growth rates of its seeds.

    Over a chunk of T steps the gradient changes by exp(rate T): `vanishing` where the seeds' whole interval lies below
    1/10, `exploding` where it lies above 10, else `edge`.

    Parameters
    ----------
    rates : (R,)
        In nats per step; -inf for a dead model. NaN is left out.
    steps : int
        T, the chunk over which the verdict is meant.
    coverage : float
        Share of the seeds inside the interval.
    """
    middle, low, high = interval(rates, coverage)
    threshold = np.log(FACTOR) / steps
    word = "vanishing" if high < -threshold else "exploding" if low > threshold else "edge"
    with np.errstate(divide="ignore"):
        horizon = float(np.inf if middle == 0 else 1 / np.abs(middle))
    return Verdict(word, middle, low, high, horizon)


def interval(values: np.ndarray, coverage: float = 0.9) -> tuple[float, float, float]:
    """Median of the seeds, and the quantiles between which `coverage` of them lie: (median, low, high).

    Infinite values count, NaN is left out; NaN where nothing is left.
    """
    values = np.asarray(values, float)
    values = np.sort(values[~np.isnan(values)])
    if not values.size:
        return float("nan"), float("nan"), float("nan")
    middle, low, high = (_quantile(values, q) for q in (0.5, (1 - coverage) / 2, (1 + coverage) / 2))
    return middle, low, high


def _quantile(ordered: np.ndarray, share: float) -> float:
    """Linear interpolation between order statistics that an infinite neighbour of weight zero does not spoil."""
    place = share * (len(ordered) - 1)
    below = int(np.floor(place))
    weight = place - below
    if weight == 0 or ordered[below] == ordered[min(below + 1, len(ordered) - 1)]:
        return float(ordered[below])
    return float((1 - weight) * ordered[below] + weight * ordered[below + 1])
