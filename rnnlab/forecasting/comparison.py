"""Is one forecast better than another, or luckier? The Diebold-Mariano test, and its verdict in words."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnlab.forecasting.student import two_sided_p_value


@dataclass(frozen=True)
class AccuracyTest:
    """What a test of equal accuracy said.

    Parameters
    ----------
    statistic : float
        Negative where the first forecast has the smaller loss.
    p_value : float in [0, 1]
        Two-sided: how probable a statistic this far from 0 is if both forecasts are equally accurate.
    """

    statistic: float
    p_value: float


def diebold_mariano(
    actual: ArrayLike, predicted: ArrayLike, rival: ArrayLike, *, horizon: int = 1, power: float = 2.0
) -> AccuracyTest:
    """Test whether two forecasts of the same rows have equal expected loss |error|^power.

        d_t = |y_t - f_t|^power - |y_t - rival_t|^power,    DM = mean d / sqrt(V / N)
        V = gamma_0 + 2 sum_{k=1}^{h-1} gamma_k             (autocovariances of d, divided by N)
        S = DM sqrt((N + 1 - 2 h + h (h - 1) / N) / N)

    S is held against Student's t with N - 1 degrees of freedom. Where the sum V is not positive, which it can
    be for h > 1, gamma_k is weighted with 1 - k / h (Bartlett). Two forecasts with the same losses at every
    row give S = 0, p = 1. Forecasts that are not finite give NaN.

    Parameters
    ----------
    actual, predicted, rival : arrays of shape (N,), in the order of time, N > horizon
    horizon : int >= 1
        Forecast horizon h; errors of forecasts h steps ahead overlap, and are correlated up to lag h - 1.
    power : float > 0
        2 compares squared errors (RMSE), 1 absolute errors (MAE).

    Raises
    ------
    ValueError
        For N <= horizon or N < 2.

    Source: Diebold and Mariano 1995, "Comparing predictive accuracy", section 1.1; S is equation 9 of Harvey,
    Leybourne and Newbold 1997, "Testing the equality of prediction mean squared errors".
    """
    losses = _losses(actual, predicted, power), _losses(actual, rival, power)
    count = len(losses[0])
    if count < 2 or count <= horizon:
        raise ValueError(f"The test needs at least 2 rows and more than the horizon {horizon}; got {count}.")
    with np.errstate(over="ignore", invalid="ignore"):
        difference = losses[0] - losses[1]
        mean = float(difference.mean())
        variance = _long_run_variance(difference - mean, horizon)
    if not np.isfinite([mean, variance]).all():
        return AccuracyTest(float("nan"), float("nan"))
    if mean == 0.0:
        return AccuracyTest(0.0, 1.0)
    if variance <= 0.0:
        return AccuracyTest(float(np.copysign(np.inf, mean)), 0.0)
    correction = (count + 1 - 2 * horizon + horizon * (horizon - 1) / count) / count
    statistic = mean / np.sqrt(variance / count) * np.sqrt(correction)
    return AccuracyTest(float(statistic), two_sided_p_value(float(statistic), count - 1))


@dataclass(frozen=True)
class Verdict:
    """Whether a model beats persistence, over all its seeds.

    Parameters
    ----------
    word : {"better", "equal", "worse"}
        `better` (`worse`) where the median RMSE is below (above) that of persistence and more than half of
        all seeds are significantly better (worse); else `equal`: the data cannot tell them apart.
    sentence : str
        The same for a reader, with the numbers.
    """

    word: Literal["better", "equal", "worse"]
    sentence: str


def judge(rmse: ArrayLike, naive_rmse: float, p_values: ArrayLike, *, significance: float = 0.05) -> Verdict:
    """Say whether a model beats persistence, from the RMSE and the Diebold-Mariano p-value of each seed.

    Parameters
    ----------
    rmse, p_values : arrays of shape (R,), R >= 1
        Per seed, against persistence on the same rows; a seed that diverged has an RMSE that is not finite.
    naive_rmse : float
        Of persistence, in the same unit.
    significance : float in (0, 1)
        A p-value below it counts.
    """
    rmse, p_values = np.atleast_1d(np.asarray(rmse, float)), np.atleast_1d(np.asarray(p_values, float))
    finite = rmse[np.isfinite(rmse)]
    if finite.size == 0:
        return Verdict("worse", "The network does not beat persistence: every seed diverged.")
    better, worse = rmse < naive_rmse, np.isfinite(rmse) & (rmse > naive_rmse)
    significant = p_values < significance
    median, majority = float(np.median(finite)), rmse.size / 2
    if median < naive_rmse and np.sum(better & significant) > majority:
        word, claim = "better", "The network beats persistence"
    elif median > naive_rmse and np.sum(worse & significant) > majority:
        word, claim = "worse", "The network does not beat persistence"
    else:
        word, claim = "equal", "The network cannot be told apart from persistence"
    counts = [_count(better, significant, "better"), _count(worse, significant, "worse")]
    diverged = rmse.size - finite.size
    if diverged:
        counts.append(f"{diverged} diverged")
    evidence = ", ".join(text for text in counts if text) or "both are equal on every row"
    return Verdict(
        word,
        f"{claim}: RMSE {_seeds(finite)} against {naive_rmse:.4g}; "
        f"{evidence} (Diebold-Mariano test at {100 * significance:g} %).",
    )


def _count(which: NDArray, significant: NDArray, word: str) -> str:
    count, sure = int(which.sum()), int((which & significant).sum())
    if count == 0:
        return ""
    seeds = "the one seed is" if which.size == 1 else f"{count} of {which.size} seeds {'is' if count == 1 else 'are'}"
    if sure == count:
        return f"{seeds} significantly {word}"
    return f"{seeds} {word}, {sure or 'none'} significantly" if count > 1 else f"{seeds} {word}, not significantly"


def _seeds(rmse: NDArray) -> str:
    if rmse.size == 1:
        return f"{rmse[0]:.4g}"
    return f"{np.median(rmse):.4g} (median of {rmse.size} seeds, {rmse.min():.4g} to {rmse.max():.4g})"


def _losses(actual: ArrayLike, predicted: ArrayLike, power: float) -> NDArray[np.float64]:
    with np.errstate(over="ignore", invalid="ignore"):
        return np.abs(np.asarray(actual, dtype=np.float64) - np.asarray(predicted, dtype=np.float64)) ** power


def _long_run_variance(centred: NDArray, horizon: int) -> float:
    covariances = [float(centred[k:] @ centred[: len(centred) - k]) / len(centred) for k in range(horizon)]
    variance = covariances[0] + 2 * sum(covariances[1:])
    if variance > 0.0:
        return variance
    return covariances[0] + 2 * sum(c * (1 - k / horizon) for k, c in enumerate(covariances[1:], start=1))
