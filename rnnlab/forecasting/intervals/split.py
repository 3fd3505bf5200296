"""Split conformal intervals: quantiles of the residuals on rows that the forecaster was not fitted to."""

from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnlab.errors import DataError
from rnnlab.forecasting.intervals.levels import exact, exact_level, rank_of, rows_needed
from rnnlab.words import count

Float = NDArray[np.float64]


def half_widths(residuals: ArrayLike, level: float) -> Float:
    """Half the width of a symmetric interval around a forecast, per step ahead.

        w = s_(k),    k = ceil((n + 1) level),    s_(1) <= ... <= s_(n) the ordered |residuals|

    An interval f - w <= y <= f + w covers a new value whose residual is exchangeable with those given with probability
    k / (n + 1), which is in [level, level + 1 / (n + 1)), where residuals have no ties, and more often with ties.

    Parameters
    ----------
    residuals : array of shape (n,) or (n, H)
        actual - forecast on calibration rows; NaN does not count.
    level : float in (0, 1)

    Returns
    -------
    array of shape () or (H,)
        In the unit of the residuals; NaN at steps with fewer than `rows_needed(level)` residuals, infinite where one
        that is infinite has the rank.

    Raises
    ------
    ValueError
        For a level outside (0, 1), or residuals of another number of axes.

    Source: Vovk, Gammerman and Shafer 2005, "Algorithmic learning in a random world", section 2.2; Lei, G'Sell,
    Rinaldo, Tibshirani and Wasserman 2018, "Distribution-free predictive inference for regression", algorithm 2 and
    theorem 2.2.
    """
    inside = exact_level(level)
    residuals = by_step(residuals)
    widths = [_score_at_rank(np.abs(column), inside) for column in np.atleast_2d(residuals.T)]
    return np.reshape(widths, residuals.shape[1:])


def quantile_offsets(residuals: ArrayLike, quantile: float) -> Float:
    """The distance of one quantile from the forecast: an end of the central interval that ends there.

        offset_q = w(2 q - 1) for q > 1/2,    0 for q = 1/2,    -w(1 - 2 q) for q < 1/2

    Quantiles 0.05 and 0.95 are the ends of level 0.9, to the last bit.

    Parameters
    ----------
    residuals : array of shape (n,) or (n, H)
        As in `half_widths`.
    quantile : float in (0, 1)

    Returns
    -------
    array of shape () or (H,); NaN at steps with too few rows

    Raises
    ------
    ValueError
        For a quantile outside (0, 1), or residuals of another number of axes.
    """
    if not 0.0 < quantile < 1.0:
        raise ValueError(f"A quantile is a fraction between 0 and 1; got {quantile:g}.")
    if quantile == 0.5:
        return np.zeros(by_step(residuals).shape[1:])
    level = float(abs(2 * exact(quantile) - 1))
    return np.copysign(1.0, quantile - 0.5) * half_widths(residuals, level)


def around(forecasts: ArrayLike, half_widths: ArrayLike) -> tuple[Float, Float]:
    """The ends of symmetric intervals: forecast - half width and forecast + half width, of their common shape.

    An infinite half width gives (-inf, inf), minus infinity the empty interval (inf, -inf). An end beyond the floats is
    infinite.
    """
    forecasts, half_widths = np.asarray(forecasts, dtype=np.float64), np.asarray(half_widths, dtype=np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        return forecasts - half_widths, forecasts + half_widths


def check_rows(residuals: ArrayLike, level: float) -> None:
    """Refuse a level for which a step ahead has too few calibration rows.

    Parameters
    ----------
    residuals : array of shape (n,) or (n, H)
        As in `half_widths`.
    level : float in (0, 1)

    Raises
    ------
    DataError
        Naming the level, the rows needed, and the rows there at the step with the fewest.
    ValueError
        For a level outside (0, 1), or residuals of another number of axes.
    """
    needed, residuals = rows_needed(level), by_step(residuals)
    there = np.sum(~np.isnan(residuals), axis=0)
    fewest = int(there.min(initial=needed))
    if fewest == needed:
        return
    step = f" at step {int(np.argmin(there)) + 1} ahead" if there.ndim else ""
    hint = "Give more calibration rows"
    if fewest:  # rounded down: advice that works
        hint += f", or a level of at most {10_000 * fewest // (fewest + 1) / 10_000:g}"
    raise DataError(
        f"Level {level:g} needs at least {count(needed, 'calibration row')}; got {fewest:,}{step}.", hint=f"{hint}."
    )


def by_step(residuals: ArrayLike) -> Float:
    """Residuals as floats, (n,) or (n, H) (ValueError for another number of axes)."""
    residuals = np.asarray(residuals, dtype=np.float64)
    if residuals.ndim not in (1, 2):
        raise ValueError(f"Residuals have shape (rows,) or (rows, steps ahead); got {residuals.shape}.")
    return residuals


def _score_at_rank(scores: Float, level: Fraction) -> float:
    """The score with the rank of the level among those that exist; NaN where the rank is beyond them."""
    scores = np.sort(scores[~np.isnan(scores)])
    rank = rank_of(level, scores.size)
    return float(scores[rank - 1]) if rank <= scores.size else np.nan
