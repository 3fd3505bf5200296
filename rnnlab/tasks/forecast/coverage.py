"""Intervals around forecasts of the test rows, from rows neither trained on nor tested, and what they cover."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnnlab.errors import ConfigError
from rnnlab.forecasting import intervals
from rnnlab.words import count

Float = NDArray[np.float64]
METHODS = ("split", "adaptive")


@dataclass(frozen=True, eq=False)
class Forecasts:
    """What one forecaster says of the calibration rows of each training, and of all test rows.

    Attributes
    ----------
    calibration : sequence of (K, M)
        Actual - forecast, for each training.
    values : (K, N)
    """

    calibration: Sequence[Float]
    values: Float


@dataclass(frozen=True, eq=False)
class Tested:
    """Half widths of the intervals of one level, one method and one forecaster, and what they cover.

    Attributes
    ----------
    level : float
        In percent.
    method : str
    forecaster : str
    half_widths : (K, N)
        Infinite for an unbounded interval, minus infinity for an empty one.
    scores : intervals.Evaluation
        Of each step, (K,).
    """

    level: float
    method: str
    forecaster: str
    half_widths: Float
    scores: intervals.Evaluation


def check_levels(levels: Sequence[float], rows: int, calibration: float, train_rows: int) -> None:
    """Refuse levels that need more calibration rows than there are (ConfigError)."""
    for level in levels:
        needed = intervals.rows_needed(fraction(level))
        if rows < needed:
            raise ConfigError(
                [
                    f"evaluation.levels: {level:g} needs at least {count(needed, 'calibration row')}; "
                    f"evaluation.calibration, {calibration:g} of {count(train_rows, 'training row')}, gives {rows}. "
                    "Give a larger calibration, more rows or a lower level."
                ]
            )


def fraction(percent: float) -> float:
    """A level in percent as a fraction: 90 gives 0.9, to the last bit."""
    return float(intervals.exact(percent) / 100)


def tested(
    levels: Sequence[float],
    said: Mapping[str, Forecasts],
    actual: Float,
    training: NDArray[np.intp],
    steps: Sequence[int],
) -> list[Tested]:
    """Both kinds of intervals of every forecaster.

    Split conformal ones rest on the calibration rows of the training that a test row belongs to. Adaptive ones begin
    with those of the first training, and follow the misses from then on.

    Parameters
    ----------
    levels : sequence of float
        In percent.
    said : mapping of str to Forecasts
        By forecaster.
    actual : (K, N)
    training : (N,)
        Whose forecast each test row has.
    steps : sequence of int (K,)
        How many rows ahead: so much later is an error known.
    """
    found = []
    for level in levels:
        inside = fraction(level)
        for name, one in said.items():
            split = np.stack([intervals.half_widths(errors.T, inside) for errors in one.calibration], axis=-1)
            with np.errstate(over="ignore", invalid="ignore"):
                errors = actual - one.values
            adapted = intervals.adaptive(errors.T, inside, calibration=one.calibration[0].T, delay=steps)
            for method, half in (("split", split[:, training]), ("adaptive", adapted.half_widths.T)):
                low, high = intervals.around(one.values, half)
                scores = intervals.evaluate(actual.T, low.T, high.T, inside)
                found.append(Tested(level, method, name, half, scores))
    return found


def table(found: Sequence[Tested], steps: Sequence[int]) -> dict[str, NDArray]:
    """A row for each level, method, forecaster and step."""
    columns: dict[str, list] = {}
    for one in found:
        rows = {
            "level": np.repeat(one.level, len(steps)),
            "method": np.repeat(one.method, len(steps)),
            "forecaster": np.repeat(one.forecaster, len(steps)),
            "step": np.array(steps),
            **{name: np.asarray(getattr(one.scores, name)) for name in (
                "rows", "covered", "unbounded", "empty", "coverage", "coverage_low", "coverage_high", "mean_width",
                "median_width", "interval_score",
            )},
        }  # fmt: skip
        for name, values in rows.items():
            columns.setdefault(name, []).append(values)
    return {name: np.concatenate(parts) for name, parts in columns.items()}


def bounds(found: Sequence[Tested], values: Float, stamps: NDArray, steps: Sequence[int]) -> dict[str, NDArray]:
    """The intervals themselves: a row for each level, method, step and test row."""
    columns: dict[str, list] = {}
    for one in found:
        low, high = intervals.around(values, one.half_widths)
        size = values.size
        rows = {
            "level": np.repeat(one.level, size),
            "method": np.repeat(one.method, size),
            "step": np.repeat(steps, values.shape[1]),
            "date": np.tile(stamps, len(steps)),
            "low": low.ravel(),
            "high": high.ravel(),
        }
        for name, column in rows.items():
            columns.setdefault(name, []).append(column)
    return {name: np.concatenate(parts) for name, parts in columns.items()}


def sentences(found: Sequence[Tested], ours: str, best: str, title: str, rows: Sequence[int], steps: int) -> list[str]:
    """What the intervals are worth at the first step ahead, one sentence for each level.

    Parameters
    ----------
    ours, best : str
        The forecaster that is judged, and the baseline beside it.
    title : str
        Of that baseline.
    rows : sequence of int
        Calibration rows of each training.
    steps : int
    """
    said = []
    of = {(one.level, one.method, one.forecaster): one.scores for one in found}
    for level in dict.fromkeys(one.level for one in found):
        parts = []
        for method in METHODS:
            scores = of[level, method, ours]
            low, middle, high = (
                100 * float(np.ravel(getattr(scores, f"coverage{end}"))[0]) for end in ("_low", "", "_high")
            )
            parts.append(
                f"{method} conformal ones cover {middle:.0f} % of the test rows (95 % Wilson interval: {low:.0f} to "
                f"{high:.0f} %) and have a median width of {_width(scores)}"
            )
        beside = " and ".join(_width(of[level, method, best]) for method in METHODS)
        some = f"{min(rows):,}" if min(rows) == max(rows) else f"{min(rows):,} to {max(rows):,}"
        ahead = "One step ahead, intervals" if steps > 1 else "Intervals"
        said.append(
            f"{ahead} of {level:g} % from {some} calibration rows: {'; '.join(parts)}. Those of {title} are {beside} "
            "wide."
        )
    return said


def _width(scores: intervals.Evaluation) -> str:
    return f"{float(np.ravel(scores.median_width)[0]):.4g}"
