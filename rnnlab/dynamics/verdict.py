"""Vanishing, critical, mixed or exploding: a growth rate with its spread over seeds, and the rule that names it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

# Over a sequence the gradient must shrink or grow by this factor before it is called vanishing or exploding.
FACTOR = 10.0
Word = Literal["vanishing", "critical", "mixed", "exploding"]


@dataclass(frozen=True)
class Verdict:
    """What a set of seeds says about one setting.

    Attributes
    ----------
    word : "vanishing", "critical", "mixed" or "exploding"
    rate : float
        Median growth rate over seeds, in nats per step.
    low, high : float
        Its interval over seeds: the 5 % and 95 % quantiles.
    horizon : float
        1 / |rate| steps: how long until a gradient has changed by a factor of e.
    """

    word: Word
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

    Over a sequence of T steps the gradient changes by exp(rate T): `vanishing` where the seeds' whole interval lies
    below 1/10, `exploding` where it lies above 10, `critical` where it lies between the two, `mixed` where it reaches
    across one of them: the seeds disagree.

    Parameters
    ----------
    rates : (R,)
        In nats per step; -inf for a gradient that is exactly 0, inf for states that overflow. NaN is left out.
    steps : int
        T, the steps over which the verdict is meant.
    coverage : float
        Share of the seeds inside the interval.
    """
    middle, low, high = interval(rates, coverage)
    threshold = decisive_rate(steps)
    if high < -threshold:
        word: Word = "vanishing"
    elif low > threshold:
        word = "exploding"
    elif -threshold <= low and high <= threshold:
        word = "critical"
    else:
        word = "mixed"
    with np.errstate(divide="ignore"):
        horizon = float(np.inf if middle == 0 else 1 / np.abs(middle))
    return Verdict(word, middle, low, high, horizon)


def decisive_rate(steps: int) -> float:
    """The growth rate, in nats per step, that makes a factor of `FACTOR` over so many steps."""
    return float(np.log(FACTOR) / steps)


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
    """Linear interpolation between order statistics that an infinite neighbour of weight zero does not spoil.

    NaN between -inf and inf, where nothing lies in the middle.
    """
    place = share * (len(ordered) - 1)
    below = int(np.floor(place))
    weight = place - below
    if weight == 0 or ordered[below] == ordered[min(below + 1, len(ordered) - 1)]:
        return float(ordered[below])
    with np.errstate(invalid="ignore"):
        return float((1 - weight) * ordered[below] + weight * ordered[below + 1])
