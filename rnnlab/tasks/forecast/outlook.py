"""What comes next in a series: forecasts with intervals, of a network and of every baseline, from the same rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rnnlab.data.encoding import Columns
from rnnlab.errors import DataError
from rnnlab.forecasting import baselines, intervals, metrics
from rnnlab.tasks.forecast.ahead import Forecaster, median_of
from rnnlab.tasks.forecast.scoring import seen_beside

MOST_ORIGINS = 2_000  # the newest, whose forecasts show how large the errors are
Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Course:
    """One forecaster's next K values, and the errors of its forecasts of rows that have come.

    Attributes
    ----------
    values : (K,)
    errors : (O, K)
        Actual - forecast, k steps after each origin; NaN where the row has no value or has not come.
    """

    values: Float
    errors: Float

    def half_widths(self, level: float) -> Float:
        """Half the width of the split conformal interval of each step, (K,); NaN where the errors are too few."""
        return intervals.half_widths(self.errors, level)

    @cached_property
    def rmse(self) -> float:
        """Of all forecasts of rows that have come, over all steps; NaN where there are none."""
        return _rmse(self.errors)

    def rmse_at(self, step: int) -> float:
        """Of those so many steps ahead."""
        return _rmse(self.errors[:, step - 1])


@dataclass(frozen=True, eq=False)
class Outlook:
    """The next K values of a series.

    Attributes
    ----------
    network : Course
        Of the median of the models.
    models : (R, K)
        What each model says; beyond the horizon, of the median's path.
    rivals : mapping of str to Course
        The baselines, by name.
    first_unseen : int
        The first row that was not trained on: errors are those of rows from here on.
    direct : int
        Steps that rest on known rows alone; the others on forecasts.
    others : mapping of str to (K,)
        Forecasts of the other columns, of the median of the models.
    """

    network: Course
    models: Float
    rivals: Mapping[str, Course]
    first_unseen: int
    direct: int
    others: Mapping[str, Float]

    @property
    def steps(self) -> int:
        """How many values are forecast, K."""
        return len(self.network.values)

    @property
    def best(self) -> str:
        """The baseline with the smallest error on the rows that have come; persistence where none have."""
        return _least({name: course.rmse for name, course in self.rivals.items()})

    @property
    def judged_step(self) -> int:
        """The step that the network was trained for: the furthest of those that are forecast."""
        return min(self.direct, self.steps)

    def best_at(self, step: int) -> str:
        """The baseline with the smallest error so many steps ahead; persistence where no row has come."""
        return _least({name: course.rmse_at(step) for name, course in self.rivals.items()})

    @property
    def rows(self) -> int:
        """Rows that have come and were forecast one step ahead."""
        return int(np.sum(~np.isnan(self.network.errors[:, 0])))

    @property
    def measured_steps(self) -> int:
        """How many steps ahead there are forecasts of rows that have come."""
        return int((~np.isnan(self.network.errors)).any(axis=0).sum())

    def without_value(self, step: int) -> int:
        """Rows without a value, between the first and the last that have come and were forecast so many steps ahead."""
        came = np.flatnonzero(~np.isnan(self.network.errors[:, step - 1]))
        return int(came[-1] - came[0] + 1 - len(came)) if len(came) else 0

    def checked(self, level: float) -> intervals.Evaluation:
        """What intervals from the older half of the errors cover of the newer half, one step ahead."""
        errors = self.network.errors[:, 0]
        errors = errors[~np.isnan(errors)]
        older, newer = errors[: len(errors) // 2], errors[len(errors) // 2 :]
        half = np.broadcast_to(intervals.half_widths(older, level), newer.shape)
        return intervals.evaluate(newer, *intervals.around(np.zeros(len(newer)), half), level)


def _rmse(errors: Float) -> float:
    found = errors[~np.isnan(errors)]
    return float(metrics.rmse(found, np.zeros(len(found)))) if len(found) else float("nan")


def _least(scores: Mapping[str, float]) -> str:
    finite = {name: score for name, score in scores.items() if np.isfinite(score)}
    return min(finite, key=lambda name: finite[name], default="naive")


@dataclass(frozen=True, eq=False)
class Fitted:
    """Models, and the rows of a series as they read them.

    Attributes
    ----------
    forecaster : Forecaster
    columns : mapping of str to array of shape (n,)
        Finite.
    known : int
        Rows that they were trained on, or could have been: the first that they have not seen.
    """

    forecaster: Forecaster
    columns: Columns
    known: int

    @property
    def judged(self) -> Float:
        """The values that are forecast, (n,)."""
        return self.columns[next(iter(self.forecaster.encoding.outputs))]

    @property
    def baselines_know(self) -> int:
        """Rows that baselines are fitted on: those that the models know; if fewer than half, the first half."""
        rows = len(self.judged)
        return min(max(self.known, rows // 2, self.forecaster.reach), rows)


def outlook(
    tested: Fitted,
    calendar: Float,
    observed: NDArray[np.bool_],
    *,
    steps: int,
    season: int | None,
    refit: Fitted | None = None,
) -> Outlook:
    """Forecast the rows after the last one; and every row that was not seen, to learn the size of the errors.

    Parameters
    ----------
    tested : Fitted
    calendar : array of shape (n + steps, 2 C)
        Calendar features of all rows and of those to come.
    observed : (n,)
        Whether a value of the judged column is one of the series, and was not filled in.
    steps : int >= 1
    season : int or None
    refit : Fitted, optional
        What forecasts the rows to come, in place of `tested`, whose errors, and those of baselines fitted on the same
        rows, stay as they are.

    Raises
    ------
    DataError
        For fewer rows than one forecast needs, or steps for which not everything that is read is forecast.
    """
    encoding, values = tested.forecaster.encoding, tested.judged
    rows, reach = len(values), tested.forecaster.reach
    if rows < reach:
        raise DataError(f"A forecast needs at least {reach} rows; there are {rows}.")
    first = max(tested.baselines_know - 1, reach - 1, rows - 1 - MOST_ORIGINS)
    origins = np.arange(first, rows)  # the last one is now
    places = origins[:, np.newaxis] + np.arange(1, steps + 1)
    came = (places < rows) & observed[np.minimum(places, rows - 1)]
    actual = np.where(came, values[np.minimum(places, rows - 1)], np.nan)

    def course(forecasts: Float, now: Float) -> Course:
        with np.errstate(over="ignore", invalid="ignore"):
            return Course(now[-1], (actual - forecasts)[:-1])

    each, rivals = _ahead(tested, calendar, origins, steps, season)
    now, rivals_now = (each[:, -1:], rivals) if refit is None else _ahead(refit, calendar, origins[-1:], steps, season)
    median, median_now = median_of(each), median_of(now)
    others = list(encoding.outputs)[1:]
    return Outlook(
        course(median[:, 0], median_now[:, 0]),
        now[:, -1, 0],
        {name: course(forecasts, rivals_now[name]) for name, forecasts in rivals.items()},
        tested.baselines_know,
        encoding.horizon,
        {name: median_now[-1, place] for place, name in enumerate(others, start=1)},
    )


def _ahead(
    fitted: Fitted, calendar: Float, origins: NDArray[np.intp], steps: int, season: int | None
) -> tuple[Float, dict[str, Float]]:
    """What the models, (R, O, C, K), and each baseline, (O, K), say after each origin."""
    forecaster, columns = fitted.forecaster, fitted.columns
    judged, rows = next(iter(forecaster.encoding.outputs)), len(fitted.judged)
    beside = seen_beside(judged, forecaster.encoding, columns, calendar[:rows])
    by_step = [
        baselines.forecasts(
            fitted.judged,
            origins + step,
            step,
            training_rows=fitted.baselines_know,
            window=forecaster.width,
            season=season,
            beside=beside,
        )
        for step in range(1, steps + 1)
    ]
    rivals = {name: np.stack([one[name] for one in by_step], axis=1) for name in by_step[0]}
    return forecaster.ahead(columns, calendar, origins, steps), rivals
