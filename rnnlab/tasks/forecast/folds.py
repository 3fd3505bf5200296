"""Which rows are trained on, which calibrate intervals and which are tested: once, or in folds of a rolling origin.

    | trained on          | calibration | tested        |
    first             fit_rows    train_rows        last

The rows of a fold are numbered in the whole series. An expanding window begins with its first row, a sliding one is as
long as that of the first fold.

Source: Tashman 2000, "Out-of-sample tests of forecasting accuracy: an analysis and review", section 2.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnlab.errors import ConfigError
from rnnlab.words import count


@dataclass(frozen=True)
class Fold:
    """Rows first..fit_rows-1 are trained on, fit_rows..train_rows-1 calibrate, train_rows..last are tested."""

    first: int
    fit_rows: int
    train_rows: int
    last: int


def folds_of(rows: int, train_rows: int, evaluation: Any) -> list[Fold]:
    """The folds of a series, in the order of time; one where nothing rolls.

    Parameters
    ----------
    rows : int
        Of the series.
    train_rows : int
        Before the first test row, those for calibration too.
    evaluation : section of a config, or None

    Raises
    ------
    ConfigError
        For more folds than test rows.
    """
    starts = [train_rows]
    if evaluation is not None and evaluation.kind == "rolling":
        if evaluation.folds > rows - train_rows:
            raise ConfigError(
                [
                    f"evaluation.folds must be at most the {count(rows - train_rows, 'test row')}; "
                    f"got {evaluation.folds}. Give fewer, or more test rows (data.test_rows, data.train_fraction)."
                ]
            )
        starts = [int(part[0]) for part in np.array_split(np.arange(train_rows, rows), evaluation.folds)]
    ends = [*(start - 1 for start in starts[1:]), rows - 1]
    calibration = int(evaluation.calibration * train_rows) if evaluation is not None and evaluation.levels else 0
    slides = len(starts) > 1 and evaluation is not None and evaluation.window == "sliding"
    return [
        Fold(start - train_rows if slides else 0, start - calibration, start, end)
        for start, end in zip(starts, ends, strict=True)
    ]


def trained(folds: list[Fold], every: int) -> list[Fold]:
    """The folds with a training of their own, each with the tested rows of those that it serves."""
    return [
        Fold(of[0].first, of[0].fit_rows, of[0].train_rows, of[-1].last)
        for of in (folds[start : start + every] for start in range(0, len(folds), every))
    ]


def places(folds: Sequence[Fold], rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Which fold tests each of the rows, -1 before the first."""
    return np.searchsorted([fold.train_rows for fold in folds], rows, side="right") - 1
