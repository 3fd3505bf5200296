"""Is one model better than another, or luckier? Tests of equal accuracy, and their verdict in words."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnlab.forecasting.multiple import holm
from rnnlab.forecasting.student import two_sided_p_value
from rnnlab.seeds import spread
from rnnlab.words import LARGEST_FLOAT, count, listed, spread_aside

_METHOD = "Diebold-Mariano test"


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
    actual, predicted, rival : arrays of shape (N,) or (K, N), in the order of time, N > horizon
        The losses of K forecasts of a row, such as those of several steps ahead, count as one, their mean.
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
    losses = losses.reshape(2, -1, losses.shape[-1]).mean(axis=1)
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
    """A baseline that a model is judged against.

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
    brief : str
        Of a forecast, what is said of the best baseline alone, with the p-value: the end of a sentence.
    """

    word: Literal["better", "equal", "worse", "mixed", "untested"]
    sentence: str
    brief: str = ""


def judge_forecast(
    score: float,
    rivals: Sequence[Rival],
    tests: Sequence[AccuracyTest] | None,
    *,
    aside: str = "",
    also: Rival | None = None,
    significance: float = 0.05,
) -> Judgement:
    """Say which baselines a forecast beats, from its RMSE and its Diebold-Mariano test against each of them.

    That it beats all of them is said where each test is significant by itself: an intersection-union test needs no
    correction. Where it beats some, these are the ones whose test is significant after Holm's correction for all.

    Parameters
    ----------
    score : float
        Its RMSE; NaN for a forecast that is not finite, infinite where the error exceeds the largest float.
    rivals : sequence of Rival, at least one
    tests : sequence of AccuracyTest, or None
        Against each of the rivals; None where there are too few rows for a test.
    aside : str
        What the forecast is, in parentheses behind its error (`made_of`); why there is none where there is none.
    also : Rival, optional
        Whose error is told too, where it is not the best one.
    significance : float in (0, 1)

    Source: Berger 1982, "Multiparameter hypothesis testing and acceptance sampling", theorem 1; Holm 1979.
    """
    best = min(rivals, key=lambda rival: rival.score)
    named = best.name if len(rivals) == 1 else f"{best.name}, the best baseline"
    if np.isnan(score):
        said = f"network cannot be held against {named}: {aside}."
        return Judgement("untested", f"The {said}", f"the {said}")
    shown = _beside(score, best, f" ({aside})" * bool(aside), also)
    if tests is None:
        said = f"here are too few rows to test whether the network beats {named}: {shown}."
        return Judgement("untested", f"T{said}", f"t{said}")
    level = f"at {100 * significance:g} %"
    wins = [test.statistic < 0 for test in tests]
    place, corrected = rivals.index(best), holm([test.p_value for test in tests])
    numbers = _beside(score, best, "", None)
    if all(won and test.p_value < significance for won, test in zip(wins, tests, strict=True)):
        others = len(rivals) - 1
        rest = f", and {'the other one' if others == 1 else f'each of the {others} others'}" if others else ""
        return Judgement(
            "better",
            f"The network beats {named}{rest}: {shown} ({_METHOD}{'s' * bool(others)} {level}).",
            f"the network beats {named}: {numbers} ({_METHOD}, {_written_p(tests[place].p_value)}).",
        )
    sure = [p_value < significance for p_value in corrected]
    beaten = [rival for rival, won, is_sure in zip(rivals, wins, sure, strict=True) if won and is_sure]
    word, claim = _claim(best in beaten, sure[place])
    said = f"{claim} {named}: {shown}{', the same error in all rows' * tests[place].identical}"
    claim = "the network is worse than" if word == "worse" else f"t{claim[1:]}"
    aftermath = " after Holm's correction" if len(rivals) > 1 else ""
    brief = f"{claim} {named}: {numbers} ({_METHOD}, {_written_p(corrected[place])}{aftermath})."
    if len(rivals) == 1:
        return Judgement(word, f"{said} ({_METHOD} {level}).", brief)
    return Judgement(word, f"{said}. {_beaten(beaten, rivals)} ({_METHOD}s {level}, Holm's correction).", brief)


def made_of(of: ArrayLike, diverged: ArrayLike) -> str:
    """Say which seeds a median forecast is made of; nothing where it is that of the only seed.

    Parameters
    ----------
    of, diverged : bool arrays of shape (R,)
        Seeds that it is made of; of the others, those that diverged in training.
    """
    of, diverged = np.asarray(of, bool), np.asarray(diverged, bool)
    seeds, used = of.size, int(of.sum())
    if seeds == 1:
        return "" if used else "it diverged" if diverged.all() else "its forecast is not finite"
    groups = [(diverged & ~of, "diverged"), (~diverged & ~of, "has|have no finite forecast")]
    left_out = ", ".join(_count(int(which.sum()), seeds, what) for which, what in groups if which.any())
    if not used:
        return "every seed diverged" if diverged.all() else left_out
    return f"median forecast of {count(used, 'seed')}" + f"; {left_out}" * bool(left_out)


def _written_p(p_value: float) -> str:
    return f"p = {p_value:.2g}" if p_value >= 1e-4 else "p < 0.0001"


def _claim(is_beaten: bool, differs: bool) -> tuple[Literal["better", "worse", "equal"], str]:
    if is_beaten:
        return "better", "The network beats"
    if differs:
        return "worse", "The network does not beat"
    return "equal", "The network is not distinguishable from"


def _beaten(beaten: Sequence[Rival], rivals: Sequence[Rival]) -> str:
    """Which of the baselines are beaten: the shorter list of the two that say so."""
    standing = [rival for rival in rivals if rival not in beaten]
    all_of_them = count(len(rivals), "baseline")
    if not beaten:
        return f"It beats none of the {all_of_them}"
    if len(beaten) <= len(standing):
        return f"Of the {all_of_them} it beats {listed([rival.name for rival in beaten])}"
    return f"It beats all of the {all_of_them} but {listed([rival.name for rival in standing])}"


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
        return f"{measure.format(written(np.inf))} against {written(rival)}"
    found = spread(finite)
    digits = _digits(found.median, rival)
    middle, low, high, other = (written(value, digits) for value in (*astuple(found), rival))
    return f"{measure.format(middle)}{spread_aside(finite.size, low, high)} against {other}"


def _beside(score: float, best: Rival, aside: str, also: Rival | None) -> str:
    """The error beside that of the best baseline, with as many digits as tell them apart."""
    digits = _digits(score, best.score)
    further = "" if also is None or also == best else f"; {also.name} has {written(also.score, digits)}"
    return f"RMSE {written(score, digits)}{aside} against {written(best.score, digits)}{further}"


def _digits(one: float, other: float) -> int:
    """How many digits tell two numbers apart; 4 where eight do not."""
    return next((d for d in (4, 5, 6, 8) if f"{one:.{d}g}" != f"{other:.{d}g}"), 4)


def written(error: float, digits: int = 4) -> str:
    """An error as a sentence has it: one that exceeds the largest float is said to do so."""
    return f"more than {LARGEST_FLOAT}" if error == np.inf else f"{error:.{digits}g}"


def _scaled_errors(actual: ArrayLike, predicted: ArrayLike, rival: ArrayLike) -> NDArray[np.float64]:
    """|error| of both forecasts, (2, ..., N), over the power of two next to the largest: their squares stay floats."""
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
