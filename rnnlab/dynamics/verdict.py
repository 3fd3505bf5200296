"""Vanishing, edge or exploding: a growth rate with its uncertainty over seeds, and the rule that names it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

# Over a chunk the gradient must shrink or grow by this factor before it is called vanishing or exploding.
FACTOR = 10.0
# Below this share of the first norm rounding, not dynamics, decides.
NEGLIGIBLE = 1e-280


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


def growth_rate(norms: np.ndarray) -> np.ndarray:
    """Slope of log ||dh_T / dh_{T-k}|| against the lag k, by least squares: (...), in nats per step.

    Parameters
    ----------
    norms : (..., K)
        By lag, lag 0 first. A curve that reaches exactly zero (every unit dead) has the rate -inf; one that overflows inf.
    """
    norms = np.asarray(norms, float)
    lags = np.arange(norms.shape[-1])
    usable = np.isfinite(norms) & (norms > NEGLIGIBLE)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(usable, np.log(np.where(usable, norms, 1.0)), 0.0)
        n = usable.sum(axis=-1)
        x = np.where(usable, lags, 0.0)
        mean_x, mean_y = x.sum(axis=-1) / n, logs.sum(axis=-1) / n
        dx = np.where(usable, lags - mean_x[..., None], 0.0)
        slope = (dx * (logs - mean_y[..., None])).sum(axis=-1) / (dx * dx).sum(axis=-1)
    slope = np.where((norms == 0).any(axis=-1), -np.inf, slope)
    return np.where(~np.isfinite(norms).all(axis=-1), np.nan if norms.size == 0 else np.inf, slope)


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
    rates = np.sort(rates[~np.isnan(rates)])
    if not rates.size:
        nan = float("nan")
        return Verdict("edge", nan, nan, nan, nan)
    low, middle, high = (_quantile(rates, q) for q in ((1 - coverage) / 2, 0.5, (1 + coverage) / 2))
    threshold = np.log(FACTOR) / steps
    word = "vanishing" if high < -threshold else "exploding" if low > threshold else "edge"
    with np.errstate(divide="ignore"):
        horizon = float(np.inf if middle == 0 else 1 / abs(middle))
    return Verdict(word, middle, low, high, horizon)


def _quantile(ordered: np.ndarray, share: float) -> float:
    """Linear interpolation between order statistics that an infinite neighbour of weight zero does not spoil."""
    place = share * (len(ordered) - 1)
    below = int(np.floor(place))
    weight = place - below
    if weight == 0 or ordered[below] == ordered[min(below + 1, len(ordered) - 1)]:
        return float(ordered[below])
    return float((1 - weight) * ordered[below] + weight * ordered[below + 1])
