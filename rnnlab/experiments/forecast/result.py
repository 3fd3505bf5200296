"""What a forecast is, as numbers: a table for people and programs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rnnlab.data.series import Series
from rnnlab.forecasting import intervals
from rnnlab.forecasting.baselines import BASELINES
from rnnlab.tasks.forecast.outlook import Course, Outlook


@dataclass(frozen=True, eq=False)
class Forecasts:
    """What `rnnlab forecast` prints.

    Attributes
    ----------
    name : str
        Of the run.
    series : Series
    outlook : Outlook
    times : array of shape (K,) or None
        When the next rows come; None for an irregular series.
    level : float
        Of the intervals, in (0, 1).
    seeds : list of int
    season : int or None
    refit : int or None
        Rows that the networks were trained on once more after the test, all there were; None where the tested ones
        forecast.
    checkpoint : str
        Of the networks that forecast.
    verdict : list of str
        Whether the network is worth anything beside the best baseline, and what its intervals have been worth.
    sentences : list of str
        What was read, how the forecast was made, what its errors over all steps have been.
    warnings : list of str
    run : Path or None
    files : list of Path
        What was written.
    """

    name: str
    series: Series
    outlook: Outlook
    times: np.ndarray | None
    level: float
    seeds: list[int]
    season: int | None
    refit: int | None
    checkpoint: str
    verdict: list[str]
    sentences: list[str]
    warnings: list[str]
    run: Path | None
    files: list[Path]

    @property
    def time_name(self) -> str:
        """What the labels are."""
        return "step" if self.times is None or not isinstance(self.times[0], np.datetime64) else "date"

    def title(self, baseline: str) -> str:
        """The name of a baseline, for a table."""
        return BASELINES[baseline].title_with(self.season).removeprefix("the ").removeprefix("a ")

    @property
    def labels(self) -> list[str]:
        """The next times as a reader writes them; `+1`, `+2`, ... for an irregular series."""
        if self.times is None:
            return [f"+{step}" for step in range(1, self.outlook.steps + 1)]
        return [self.series.label(time) for time in self.times]

    def columns(self) -> dict[str, np.ndarray]:
        """The table: a row for each step."""
        steps = np.arange(1, self.outlook.steps + 1)
        dates = np.array(self.labels) if self.times is None else self.times
        found = {"step": steps, "date": dates, **self._course("forecast", self.outlook.network)}
        for name, course in self.outlook.rivals.items():
            found |= self._course(name, course)
        found |= {f"forecast_{name}": values for name, values in self.outlook.others.items()}
        return found | {f"seed_{seed}": row for seed, row in zip(self.seeds, self.outlook.models, strict=True)}

    @property
    def networks(self) -> str:
        """Which networks forecast: ``tested`` ones, or those of a ``refit``."""
        return "tested" if self.refit is None else "refit"

    @property
    def intervals(self) -> str:
        """What the intervals are for these networks: ``calibrated``, or ``uncalibrated``."""
        return "calibrated" if self.refit is None else "uncalibrated"

    def table(self) -> dict[str, np.ndarray]:
        """The columns with those that say of every row which networks forecast, and what their intervals are."""
        steps = self.outlook.steps
        return self.columns() | {
            "networks": np.full(steps, self.networks),
            "intervals": np.full(steps, self.intervals),
        }

    def plain(self) -> dict[str, object]:
        """For JSON."""
        checked, columns = self.outlook.checked(self.level), self.columns()
        return {
            "run": self.run and str(self.run),
            "name": self.name,
            "column": self.series.target,
            "frequency": self.series.calendar.words,
            "rows": self.series.rows,
            "last": str(self.series.stamps[-1]),
            "source": self.series.source,
            "level": round(100 * self.level, 9),
            "networks": self.networks,
            "checkpoint": self.checkpoint,
            "intervals": self.intervals,
            "calibration_rows": self.outlook.rows,
            "coverage": {
                "rows": int(checked.rows),
                "fraction": _plain(checked.coverage),
                "interval": [_plain(checked.coverage_low), _plain(checked.coverage_high)],
            },
            "direct_steps": self.outlook.direct,
            "best_baseline": self.outlook.best,
            "best_baseline_one_step": self.outlook.best_at(1),
            "rmse": {name: _plain(np.float64(course.rmse)) for name, course in self._courses.items()},
            "rmse_one_step": {name: _plain(np.float64(course.rmse_at(1))) for name, course in self._courses.items()},
            "rows_ahead": [
                {name: _plain(column[row]) for name, column in columns.items()} for row in range(self.outlook.steps)
            ],
            "verdict": self.verdict,
            "sentences": self.sentences,
            "warnings": self.warnings,
        }

    @property
    def _courses(self) -> dict[str, Course]:
        return {"forecast": self.outlook.network, **self.outlook.rivals}

    def _course(self, name: str, course: Course) -> dict[str, np.ndarray]:
        half = course.half_widths(self.level)
        low, high = intervals.around(course.values, half)
        return {name: course.values, f"{name}_low": low, f"{name}_high": high}


def _plain(value: Any) -> object:
    """A cell for JSON: a number, None for what is not finite, or text."""
    if isinstance(value, np.datetime64 | np.str_):
        return str(value)
    number = value.item()
    return number if np.isfinite(number) else None
