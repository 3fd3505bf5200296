"""The test rows of a column: what came, what was known so many rows before, and what forecasts of them are worth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnnlab.data.encoding import Columns, Encoding, Float
from rnnlab.forecasting import baselines, comparison, metrics


def seen_beside(column: str, encoding: Encoding, columns: Columns, calendar: Float) -> Float | None:
    """What a network reads beside a column, (n, C): further columns and the calendar; None where there is nothing."""
    seen = [columns[name] for name in encoding.inputs if name != column]
    return np.stack([*seen, *calendar.T], axis=1) if seen or encoding.calendar else None


def fit_beforehand(scorings: "Sequence[Scoring]", season: int | None) -> None:
    """Fit what the baselines of several scorings at the same steps need, which takes less time together."""
    cases = [(one.values, one.rows, one.train_rows) for one in scorings]
    baselines.fit_beforehand(cases, scorings[0].steps[0], season=season)  # of every step: no row is a training row


@dataclass(frozen=True, eq=False)
class Scoring:
    """The test rows of one column, each forecast from K distances.

    Attributes
    ----------
    values : (n,)
        The column, finite.
    rows : (N,)
        Those that are scored, in the order of time.
    steps : tuple of int
        How many rows before each there is a forecast of it, ascending.
    train_rows : int
    """

    values: Float
    rows: NDArray[np.intp]
    steps: tuple[int, ...]
    train_rows: int

    @property
    def horizon(self) -> int:
        """The largest distance."""
        return self.steps[-1]

    @property
    def actual(self) -> Float:
        """What came, (K, N)."""
        return np.broadcast_to(self.values[self.rows], (len(self.steps), len(self.rows)))

    @property
    def last(self) -> Float:
        """The last value known to each forecast, (K, N): what persistence forecasts."""
        return self.values[self.rows - np.array(self.steps)[:, np.newaxis]]

    def measured(self, predicted: Float) -> dict[str, Float]:
        """The metrics of forecasts (..., K, N), over all steps together, (...)."""
        flat = predicted.reshape(*predicted.shape[:-2], -1)
        training = self.values[: self.train_rows]
        return metrics.measure(self.actual.ravel(), flat, self.last.ravel(), training)

    def by_step(self, predicted: Float) -> dict[str, Float]:
        """The metrics of forecasts (..., K, N) of each step, (..., K)."""
        training, each = self.values[: self.train_rows], []
        for place, (actual, last) in enumerate(zip(self.actual, self.last, strict=True)):
            each.append(metrics.measure(actual, predicted[..., place, :], last, training))
        return {name: np.stack([one[name] for one in each], axis=-1) for name in each[0]}

    def test(self, forecast: Float, rival: Float) -> comparison.AccuracyTest | None:
        """The Diebold-Mariano test of two forecasts (K, N), of the mean loss over the steps; None for too few rows."""
        if not self.enough:
            return None
        return comparison.diebold_mariano(self.actual, forecast, rival, horizon=self.horizon)

    @property
    def enough(self) -> bool:
        """Whether the rows are enough for a test of equal accuracy."""
        return comparison.enough_for_test(len(self.rows), self.horizon)

    def baselines(self, *, window: int, season: int | None, beside: Float | None = None) -> Mapping[str, Float]:
        """What each baseline forecasts, (K, N), from the same information; see :func:`baselines.forecasts`."""
        each = [
            baselines.forecasts(
                self.values,
                self.rows,
                step,
                training_rows=self.train_rows,
                window=window,
                season=season,
                beside=beside,
            )
            for step in self.steps
        ]
        return {name: np.stack([one[name] for one in each]) for name in each[0]}
