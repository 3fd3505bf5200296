"""How good are prediction intervals? Coverage, width and proper scores, per step ahead.

Sizes from 1e-300 to 1e300 are measured without overflow or loss of digits, as in `rnnlab.forecasting.metrics`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnlab.forecasting.intervals.levels import exact, exact_level, quantiles_of
from rnnlab.forecasting.intervals.split import by_step
from rnnlab.forecasting.metrics import difference, power_mean
from rnnlab.seeds import quantiles

Float = NDArray[np.float64]


@dataclass(frozen=True)
class Evaluation:
    """Intervals against the actual values, per step ahead: arrays of shape () or (H,), NaN at a step without rows.

    Parameters
    ----------
    rows, covered, unbounded, empty : int arrays
        Rows with an actual value and an interval; of these, rows whose interval contains the value (ends included), has
        an infinite end, or has its lower end above its upper end.
    coverage, coverage_low, coverage_high : float arrays in [0, 1]
        Fraction of rows covered and its 95 % interval by `wilson`, which assumes independent rows: errors of forecasts
        more than one step ahead overlap, so that their interval is too narrow.
    mean_width, median_width : float arrays >= 0
        In the unit of the series; an empty interval has width 0, an unbounded one makes the mean infinite.
    interval_score : float array >= 0
        `interval_score`, in the unit of the series: the smaller the better.
    pinball_low, pinball_high : float arrays >= 0
        `pinball_loss` of the two ends as the quantiles `quantiles_of(level)`.
    """

    rows: NDArray[np.intp]
    covered: NDArray[np.intp]
    unbounded: NDArray[np.intp]
    empty: NDArray[np.intp]
    coverage: Float
    coverage_low: Float
    coverage_high: Float
    mean_width: Float
    median_width: Float
    interval_score: Float
    pinball_low: Float
    pinball_high: Float


def evaluate(actual: ArrayLike, lower: ArrayLike, upper: ArrayLike, level: float) -> Evaluation:
    """Measure intervals of one level against the actual values.

    Parameters
    ----------
    actual, lower, upper : arrays of the same shape (N,) or (N, H)
        Rows with NaN in one of them do not count.
    level : float in (0, 1)
        Nominal coverage of the intervals.

    Raises
    ------
    ValueError
        For a level outside (0, 1), or shapes that differ.
    """
    quantile_low, quantile_high = quantiles_of(level)
    y, low, high = _same_shape(actual, lower, upper)
    there = ~(np.isnan(y) | np.isnan(low) | np.isnan(high))
    rows, covered = there.sum(axis=0), (there & (low <= y) & (y <= high)).sum(axis=0)
    bounds = [wilson(k, n) for k, n in zip(covered.flat, rows.flat, strict=True)]
    coverage_low, coverage_high = np.reshape(bounds, (*rows.shape, 2)).T
    return Evaluation(
        rows=rows,
        covered=covered,
        unbounded=(there & (low <= high) & (np.isinf(low) | np.isinf(high))).sum(axis=0),
        empty=(there & (low > high)).sum(axis=0),
        coverage=covered / np.where(rows == 0, np.nan, rows),
        coverage_low=coverage_low,
        coverage_high=coverage_high,
        mean_width=_by_step(lambda _, *ends: power_mean(*_widths(*ends), power=1), y, low, high),
        median_width=_by_step(lambda _, *ends: _median(*_widths(*ends)), y, low, high),
        interval_score=interval_score(y, low, high, level),
        pinball_low=pinball_loss(y, np.where(there, low, np.nan), quantile_low),
        pinball_high=pinball_loss(y, np.where(there, high, np.nan), quantile_high),
    )


def interval_score(actual: ArrayLike, lower: ArrayLike, upper: ArrayLike, level: float) -> Float:
    """Mean interval score (Winkler score): width plus a penalty for each value outside; the smaller the better.

        mean [(u - l) + 2/alpha max(l - y, 0) + 2/alpha max(y - u, 0)],    alpha = 1 - level

    Its expectation is smallest for the true quantiles. It is 2/alpha times the sum of the pinball losses of both ends.

    Parameters
    ----------
    actual, lower, upper : arrays of the same shape (N,) or (N, H)
        Rows with NaN in one of them do not count.
    level : float in (0, 1)

    Returns
    -------
    array of shape () or (H,)
        In the unit of the series; infinite where an interval is unbounded, NaN without rows.

    Raises
    ------
    ValueError
        For a level outside (0, 1), or shapes that differ.

    Source: Gneiting and Raftery 2007, "Strictly proper scoring rules, prediction, and estimation", equation 43;
    Winkler 1972, "A decision-theoretic approach to interval estimation".
    """
    alpha = 1 - exact_level(level)
    # u - l = (y - l) + (u - y): each end has a term, of weight 1 where the value lies on its inner side.
    outside = float(2 / alpha - 1)
    low = _by_step(lambda y, end, _: _mean_tilted(y, end, 1.0, outside), actual, lower, upper)
    high = _by_step(lambda y, _, end: _mean_tilted(y, end, outside, 1.0), actual, lower, upper)
    with np.errstate(over="ignore"):
        return low + high


def pinball_loss(actual: ArrayLike, predicted: ArrayLike, quantile: float) -> Float:
    """Mean pinball (quantile) loss of forecasts of one quantile q; the smaller the better.

        mean [q (y - f)] where y >= f,    mean [(1 - q) (f - y)] where y < f

    Parameters
    ----------
    actual, predicted : arrays of the same shape (N,) or (N, H)
        Rows with NaN in one of them do not count.
    quantile : float in (0, 1)

    Returns
    -------
    array of shape () or (H,)
        In the unit of the series; half the mean absolute error for q = 1/2; NaN without rows.

    Raises
    ------
    ValueError
        For a quantile outside (0, 1), or shapes that differ.

    Source: Koenker and Bassett 1978, "Regression quantiles", equation 3.1; a proper score by Gneiting and Raftery 2007,
    equation 40.
    """
    if not 0.0 < quantile < 1.0:
        raise ValueError(f"A quantile is a fraction between 0 and 1; got {quantile:g}.")
    below = float(1 - exact(quantile))
    return _by_step(lambda y, f: _mean_tilted(y, f, quantile, below), actual, predicted)


def wilson(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a probability, from k successes in n independent trials.

        (k + z^2/2 -+ z sqrt(k (n - k) / n + z^2/4)) / (n + z^2),    z = Phi^-1((1 + confidence) / 2)

    Returns
    -------
    (low, high) in [0, 1]; NaN for n = 0

    Raises
    ------
    ValueError
        Unless 0 <= k <= n and 0 < confidence < 1.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"Successes are between 0 and the number of trials; got {successes} of {trials}.")
    z = NormalDist().inv_cdf(quantiles_of(confidence)[1])
    if trials == 0:
        return np.nan, np.nan
    centre = successes + z * z / 2
    spread = z * np.sqrt(successes * (trials - successes) / trials + z * z / 4)
    low = (centre - spread) / (trials + z * z)
    # The sum of rounded numbers need not be the divisor; the difference above is exactly 0 for no success.
    high = (centre + spread) / (trials + z * z) if successes < trials else 1.0
    return float(low), float(high)


def _same_shape(*arrays: ArrayLike) -> list[Float]:
    first, *rest = found = [by_step(one) for one in arrays]
    if any(one.shape != first.shape for one in rest):
        raise ValueError(f"Arrays of one shape are needed; got {', '.join(str(one.shape) for one in found)}.")
    return found


def _by_step(measure: Callable[..., Float], *arrays: ArrayLike) -> Float:
    """A measure of each step's rows without NaN, () or (H,)."""
    same = _same_shape(*arrays)
    steps = np.stack([np.atleast_2d(one.T) for one in same], axis=1)
    found = [np.asarray(measure(*step[:, ~np.isnan(step).any(axis=0)])) for step in steps]
    return np.reshape(found, same[0].shape[1:])


def _widths(lower: Float, upper: Float) -> tuple[Float, NDArray[np.intp]]:
    """Widths, an empty interval's being 0, and how often they were halved."""
    widths, halvings = difference(upper, lower)
    return np.maximum(widths, 0.0), halvings


def _median(values: Float, halvings: NDArray[np.intp]) -> Float:
    with np.errstate(over="ignore"):
        return np.ldexp(quantiles(values, [0.5])[0], halvings)


def _mean_tilted(actual: Float, predicted: Float, above: float, below: float) -> Float:
    """mean |y - f| times a weight for values above and one for values below the forecast."""
    errors, halvings = difference(actual, predicted)
    sizes = np.abs(errors)
    # Sizes first to about 1, which is exact: their products with the weights neither overflow nor vanish.
    exponent = np.frexp(sizes.max(initial=0.0))[1]
    terms = np.ldexp(sizes, -exponent) * np.where(errors >= 0.0, above, below)
    return power_mean(terms, exponent + halvings, power=1)
