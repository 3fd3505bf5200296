"""Tables of a forecast: every forecaster beside the others, for each column, step ahead and fold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnnlab.forecasting import metrics
from rnnlab.tasks.forecast.folds import Fold, places
from rnnlab.tasks.forecast.scoring import Scoring


@dataclass(frozen=True, eq=False)
class Said:
    """What the networks of one training and the baselines forecast of the rows after those that were trained on.

    Attributes
    ----------
    forecasts : (R, C, K, N)
    actual : (K, N)
        What came in the judged column.
    rivals : sequence of mapping of str to (K, N)
        Of each column.
    tested : bool (N,)
        Rows that are tested; the others calibrate.
    """

    forecasts: np.ndarray
    actual: np.ndarray
    rivals: Sequence[Mapping[str, np.ndarray]]
    tested: np.ndarray


class Scores:
    """The table of scores: a row for each column, step ahead and forecaster."""

    def __init__(self) -> None:
        self._rows: dict[str, list[np.ndarray]] = {}

    def add(
        self,
        scoring: Scoring,
        column: str,
        seeds: Sequence[int],
        predicted: np.ndarray,
        median: np.ndarray,
        rivals: Mapping[str, np.ndarray],
    ) -> None:
        """Measure every forecaster of a column."""
        count = len(scoring.steps)
        for name, forecast in forecasters(seeds, predicted, median, rivals).items():
            found = {
                "column": np.repeat(column, count),
                "step": np.array(scoring.steps),
                "forecaster": np.repeat(name, count),
                **scoring.by_step(forecast),
            }
            for key, values in found.items():
                self._rows.setdefault(key, []).append(values)

    def columns(self) -> dict[str, np.ndarray]:
        return {name: np.concatenate(rows) for name, rows in self._rows.items()}


def forecasters(
    seeds: Sequence[int], predicted: np.ndarray, median: np.ndarray, rivals: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """The forecasts (K, N) of the median, of every seed and of every baseline, by their names in tables."""
    return {"median": median, **{f"seed_{seed}": row for seed, row in zip(seeds, predicted, strict=True)}, **rivals}


def joined(each: Sequence[Mapping[str, np.ndarray]], tested: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """The forecasts of the tested rows of all trainings, one after the other."""
    return {
        name: np.concatenate([one[name][:, here] for one, here in zip(each, tested, strict=True)], axis=-1)
        for name in each[0]
    }


def errors_of_folds(
    tests: Sequence[Fold],
    trainings: Sequence[Fold],
    scoring: Scoring,
    each: Mapping[str, np.ndarray],
    stamps: NDArray,
) -> dict[str, np.ndarray]:
    """The errors of every forecaster in each fold, and the rows that its networks were trained on.

    Parameters
    ----------
    tests, trainings : sequence of Fold
    scoring : Scoring
        Of all folds.
    each : mapping of str to (K, N)
    stamps : (n,)
        Of the series.
    """
    which = places(tests, scoring.rows)
    rows: list[dict[str, object]] = []
    for number, fold in enumerate(tests, start=1):
        here = which == number - 1
        if not here.any():  # no row of it has a value
            continue
        serves = next(one for one in reversed(trainings) if one.train_rows <= fold.train_rows)
        tested = stamps[scoring.rows[here]]
        for name, forecast in each.items():
            pair = scoring.actual[:, here].ravel(), forecast[:, here].ravel()
            rows.append({
                "fold": number, "first": tested[0], "last": tested[-1], "rows": int(here.sum()),
                "trained_from": stamps[serves.first], "trained_to": stamps[serves.fit_rows - 1],
                "forecaster": name, "rmse": float(metrics.rmse(*pair)), "mae": float(metrics.mae(*pair)),
            })  # fmt: skip
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}
