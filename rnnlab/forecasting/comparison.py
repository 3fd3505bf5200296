"""Is one model better than another, or luckier? Tests of equal accuracy, and their verdict in words."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnlab.forecasting.student import two_sided_p_value
from rnnlab.seeds import spread
from rnnlab.words import spread_aside


@dataclass(frozen=True)
class AccuracyTest:
    """What a test of equal accuracy said.

    Parameters
    ----------
    statistic : float
        Negative where the first forecast has the smaller loss; NaN where a loss is not finite.
    p_value : float in [0, 1]
        Two-sided: how probable a statistic this far from 0 is if both forecasts are equally accurate.
    identical : bool
        Both have the same loss at every row.
    """

    statistic: float
    p_value: float
    identical: bool = False


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
    errors = _scaled_errors(actual, predicted, rival)
    losses = errors**power
    test = equal_accuracy(losses[0] - losses[1], horizon=horizon)
    return replace(test, identical=test.identical and np.array_equal(*errors))


def equal_accuracy(differences: ArrayLike, *, horizon: int = 1) -> AccuracyTest:
    """Test whether the mean of loss differences is zero: `diebold_mariano` from its d_t on.

    With a horizon of 1 this is Student's paired t-test, for losses of independent sequences.

    Parameters
    ----------
    differences : array of shape (N,), N > horizon
        Loss of the first minus loss of the second, in any unit: the test does not depend on it.
    horizon : int >= 1
        Differences are taken as correlated up to lag horizon - 1.

    Raises
    ------
    ValueError
        For N <= horizon or N < 2.
    """
    differences = np.asarray(differences, dtype=np.float64)
    count = len(differences)
    if not enough_for_test(count, horizon):
        raise ValueError(f"The test needs at least 2 rows and more than the horizon {horizon}; got {count}.")
    if not np.isfinite(differences).all():
        return AccuracyTest(float("nan"), float("nan"))
    if not differences.any():
        return AccuracyTest(0.0, 1.0, identical=True)
    # Divided by a power of two, which is exact: their squares neither overflow nor vanish.
    differences = np.ldexp(differences, -np.frexp(np.abs(differences).max())[1])
    mean = float(differences.mean())
    variance = _long_run_variance(differences - mean, horizon)
    if mean == 0.0:
        return AccuracyTest(0.0, 1.0)
    if variance <= 0.0:
        return AccuracyTest(float(np.copysign(np.inf, mean)), 0.0)
    correction = (count + 1 - 2 * horizon + horizon * (horizon - 1) / count) / count
    statistic = mean / np.sqrt(variance / count) * np.sqrt(correction)
    return AccuracyTest(float(statistic), two_sided_p_value(float(statistic), count - 1))


def enough_for_test(count: int, horizon: int = 1) -> bool:
    """Whether `count` rows are enough for a test of equal accuracy."""
    return count > max(1, horizon)


@dataclass(frozen=True)
class Rival:
    """The baseline that a model is judged against.

    Parameters
    ----------
    name : str
        As it stands in a sentence, e.g. "persistence" or "the moving average".
    score : float
        Its error, in the unit of the model's.
    alone : bool
        There is no other baseline: it is not called the best one.
    """

    name: str
    score: float
    alone: bool = False


@dataclass(frozen=True)
class Judgement:
    """Whether a model beats its best baseline, over all its seeds.

    Parameters
    ----------
    word : {"better", "worse", "equal", "mixed", "untested"}
        `better` (`worse`) where more than half of all seeds are significantly better (worse); `equal` where no seed
        differs significantly; `mixed` where some do, but no such majority; `untested` where no seed could be tested.
    sentence : str
        The same for a reader, with the numbers and with what was tested.
    """

    word: Literal["better", "equal", "worse", "mixed", "untested"]
    sentence: str


def judge_errors(
    scores: ArrayLike,
    rival: Rival,
    tests: Sequence[AccuracyTest] | None,
    *,
    measure: str = "RMSE {}",
    method: str = "Diebold-Mariano test",
    rows: str = "rows",
    diverged: ArrayLike = False,
    significance: float = 0.05,
) -> Judgement:
    """Say whether a model beats the best baseline, from the error and the test of each seed.

    Parameters
    ----------
    scores : array of shape (R,), R >= 1
        Error of each seed, the smaller the better; not finite for a seed without a finite forecast, or where the error
        exceeds the largest float.
    rival : Rival
    tests : sequence of R AccuracyTest, or None
        Each seed against the baseline; None where there are too few rows for a test.
    measure : str
        How an error is written, e.g. "RMSE {}" or "{} nats".
    method, rows : str
        Name of the test, and what it counts as its sample.
    diverged : bool array of shape (R,)
        Seeds that diverged in training.
    significance : float in (0, 1)
        A p-value below it counts.
    """
    scores = np.atleast_1d(np.asarray(scores, float))
    diverged = np.broadcast_to(np.asarray(diverged, bool), scores.shape)
    seeds = scores.size
    best = rival.name if rival.alone else f"{rival.name}, the best baseline"
    shown = _numbers(scores, rival.score, measure)
    if tests is None:
        return Judgement(
            "untested",
            f"There are too few {rows} to test whether the network beats {best}: {shown}.",
        )
    statistic = np.array([test.statistic for test in tests])
    sure = np.array([test.p_value for test in tests]) < significance
    better, worse = statistic < 0, statistic > 0
    missing = np.isnan(statistic)
    identical = np.array([test.identical for test in tests])
    if missing.all():
        why = "every seed diverged" if diverged.all() else "no seed has a finite error"
        return Judgement("untested", f"The network cannot be held against {best}: {why}.")
    if np.sum(better & sure) > seeds / 2:
        word, claim = "better", f"The network beats {best}"
    elif np.sum(worse & sure) > seeds / 2:
        word, claim = "worse", f"The network does not beat {best}"
    elif sure.any():
        word, claim = "mixed", f"The seeds do not settle whether the network beats {best}"
    else:
        word, claim = "equal", f"The network is not distinguishable from {best}"
    groups = [
        (better & sure, "is|are significantly better"),
        (better & ~sure, "is|are better, not significantly"),
        (worse & sure, "is|are significantly worse"),
        (worse & ~sure, "is|are worse, not significantly"),
        ((statistic == 0) & ~identical, "is|are equally accurate on average"),
        (identical, f"has|have the same error in all {rows}"),
        (missing & diverged, "diverged"),
        (missing & ~diverged, "has|have no finite error"),
    ]
    counts = [_count(int(which.sum()), seeds, what) for which, what in groups if which.any()]
    percent = f"{100 * significance:g} %"
    return Judgement(word, f"{claim}: {shown}; {', '.join(counts)} ({method} at {percent}).")


def _count(count: int, seeds: int, what: str) -> str:
    verb, _, rest = what.partition(" ")
    one, _, many = verb.partition("|")
    who = "the one seed" if seeds == 1 else f"{count} of {seeds} seeds"
    return f"{who} {one if count == 1 else many or one} {rest}".rstrip()


def _numbers(scores: NDArray, rival: float, measure: str) -> str:
    """Median and interval of the seeds beside the baseline, with as many digits as tell them apart."""
    finite = scores[np.isfinite(scores)]
    if not finite.size:
        return f"{measure.format('too large for a float')} against {rival:.4g}"
    found = spread(finite)
    digits = next((d for d in (4, 5, 6, 8) if f"{found.median:.{d}g}" != f"{rival:.{d}g}"), 4)
    middle, low, high, other = (f"{value:.{digits}g}" for value in (*astuple(found), rival))
    return f"{measure.format(middle)}{spread_aside(finite.size, low, high)} against {other}"


def _scaled_errors(actual: ArrayLike, predicted: ArrayLike, rival: ArrayLike) -> NDArray[np.float64]:
    """|error| of both forecasts, (2, N), divided by the power of two next to the largest: their squares stay floats."""
    actual = np.asarray(actual, dtype=np.float64)
    forecasts = np.stack([np.asarray(predicted, dtype=np.float64), np.asarray(rival, dtype=np.float64)])
    with np.errstate(over="ignore", invalid="ignore"):
        errors = np.abs(forecasts - actual)
        if np.isinf(errors).any():
            errors = np.abs(forecasts / 2 - actual / 2)
        return np.ldexp(errors, -np.frexp(errors.max())[1])


def _long_run_variance(centred: NDArray, horizon: int) -> float:
    covariances = [float(centred[k:] @ centred[: len(centred) - k]) / len(centred) for k in range(horizon)]
    variance = covariances[0] + 2 * sum(covariances[1:])
    if variance > 0.0:
        return variance
    return covariances[0] + 2 * sum(c * (1 - k / horizon) for k, c in enumerate(covariances[1:], start=1))
