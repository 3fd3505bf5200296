"""Vanishing, critical, mixed or exploding: a growth rate with its spread over seeds, and the rule that names it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from rnnlab.seeds import spread

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
        The interval of the seeds.
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


def judge(rates: np.ndarray, steps: int) -> Verdict:
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
    """
    rate, threshold = spread(rates), decisive_rate(steps)
    if rate.high < -threshold:
        word: Word = "vanishing"
    elif rate.low > threshold:
        word = "exploding"
    elif -threshold <= rate.low and rate.high <= threshold:
        word = "critical"
    else:
        word = "mixed"
    with np.errstate(divide="ignore"):
        horizon = float(np.inf if rate.median == 0 else 1 / np.abs(rate.median))
    return Verdict(word, rate.median, rate.low, rate.high, horizon)


def decisive_rate(steps: int) -> float:
    """The growth rate, in nats per step, that makes a factor of `FACTOR` over so many steps."""
    return float(np.log(FACTOR) / steps)
