"""A config for a CSV file of which nothing else is known, chosen by its length, its calendar and its level.

The choices were measured on 18 series of 40 to 8,759 rows: share prices, monthly and quarterly economics, temperatures
by the hour and the day, sales, flows of a river. One step ahead and over all steps:

- a vanilla network of 32 units came as near to the best baseline as one of 64, or as gated cells, in a fraction of the
  time; so did five seeds beside ten, and float32 beside float64;
- the calendar took a few percent off the error of series with a season, but not where there were some dozens of rows;
- values in place of changes did the same for series that keep to their level, and multiplied the error of others.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnlab.config import Config, load
from rnnlab.config.loading import default_name
from rnnlab.config.schema.series import CsvData
from rnnlab.config.sources import Written
from rnnlab.data.calendar import Irregular, Months, holes
from rnnlab.data.missing import Missing, filled, settled
from rnnlab.data.series import Series
from rnnlab.data.windows import count_train_rows
from rnnlab.errors import DataError
from rnnlab.experiments.forecast import steps_by_default
from rnnlab.files import name_of, user_path
from rnnlab.forecasting.intervals import rows_needed
from rnnlab.forecasting.stationarity import CRITICAL, kpss
from rnnlab.tasks.forecast.ahead import needs_unknown
from rnnlab.tasks.forecast.loading import check_size, columns_of, read_series, season_of

# Settings that say which rows and columns are read: they hold before anything else is chosen.
READING = {f"data.{name}" for name in (
    "date_column", "value_column", "date_format", "decimal", "missing", "start", "end", "inputs", "outputs",
)}  # fmt: skip
FEWEST_ROWS = 20  # a third to measure on, and of the others a quarter in each window
TRAIN_FRACTION, MOST_TEST = 0.8, 1 / 3
LOOKBACK, SHORTEST, LONGEST_SEASON = 20, 4, 60  # rows
WHOLE_SEASONS = 12  # rows that the seasons of a window hold at least
DAYS_OF_WEEK = 7
MOST_FILLED = 0.1  # of the rows that there are
UPDATES, MOST_EPOCHS, FEWEST_EPOCHS = 1500, 200, 3
ALIKE = 1e-6  # the spread of values as a part of the largest, below which their changes are no growth
ENOUGH_ROWS = 200  # for the test of a level
FEW_WINDOWS = 60  # below, further inputs are learned by heart
ENOUGH_WINDOWS = 200  # of fewer, early stopping needs a fifth to see more than noise


def config_of_file(
    path: Path,
    *,
    column: str | None = None,
    steps: int | None = None,
    level: float = 0.9,
    overrides: Sequence[str] = (),
    seeds: str | int | None = None,
    name: str | None = None,
) -> Config:
    """The config with which the series of a file is forecast.

    Parameters
    ----------
    path : Path
    column : str, optional
        Name of the column of values.
    steps, level
        What is to be forecast: so many rows are held out that the intervals can be had, as far as there are enough.
    overrides, seeds, name
        As for :func:`rnnlab.config.load`; left out, the name is that of the file.

    Raises
    ------
    DataError
        A file that cannot be read, several columns of numbers with none named, or too few rows.
    ConfigError
        For overrides.
    """
    path = user_path(path)
    source = {"kind": "csv", "path": os.path.abspath(path), **({} if column is None else {"value_column": column})}
    label = f"<config for {name_of(path)}>"
    reading = [word for word in overrides if word.partition("=")[0].strip() in READING]
    read: Any = load(Written(json.dumps({"data": source}), label=label), overrides=reading).data
    series, missing = _read(read)
    settings = {"name": default_name(os.fspath(path)), "seeds": 5, **settings_of(series, steps=steps, level=level)}
    settings["data"] |= source | {"missing": missing}
    config = load(Written(json.dumps(settings, indent=2), label=label), overrides=overrides, seeds=seeds, name=name)
    _check_steps(config.data, series, steps)
    return config


def _check_steps(data: Any, series: Series, steps: int | None) -> None:
    """Refuse, before anything is trained, steps that need what no network forecasts."""
    if said := needs_unknown(*columns_of(data, series), steps or 0, data.horizon):
        raise DataError(
            f"{series.place}: {said}",
            hint=f"Ask for {data.horizon}, or give --set data.horizon={steps} --set data.strategy=direct.",
        )


def settings_of(series: Series, *, steps: int | None = None, level: float = 0.9) -> dict[str, dict[str, Any]]:
    """What is chosen for a series: the sections of a config, without its source.

    Raises
    ------
    DataError
        For fewer rows than `FEWEST_ROWS`.
    """
    rows = series.rows
    if rows < FEWEST_ROWS:
        raise DataError(
            f"{series.place}: a forecast needs at least {FEWEST_ROWS} rows; got {rows}.",
            hint="Give more rows; a config of its own can be trained on fewer: `rnnlab manual configs`.",
        )
    train_rows = _train_rows(series, steps, level)
    season = season_of(series, train_rows)
    lookback = min(_lookback(season), max(SHORTEST, train_rows // 4))
    windows = train_rows - lookback
    # Powers of two that cut the windows into 16 batches or more: as many updates of less noise gain nothing.
    batch_size = int(min(64, max(8, 2 ** int(np.log2(windows / 16)))))
    per_epoch = -(-windows // batch_size)
    epochs = min(MOST_EPOCHS, max(FEWEST_EPOCHS, UPDATES // per_epoch))
    return {
        "data": {
            "target": _target(series, train_rows),
            "lookback": lookback,
            "calendar": _calendar(series, season) if windows >= FEW_WINDOWS else [],
            **({} if train_rows == _fraction_of(rows) else {"test_rows": rows - train_rows}),
            "scaler": "standard",
        },
        "model": {"cell": "rnn", "hidden_size": 32, "dtype": "float32"},
        "training": {
            "optimizer": {"kind": "adam", "learning_rate": 0.005},
            "batch_size": batch_size,
            "epochs": epochs,
            "early_stopping": {
                "patience": max(3, epochs // 8),
                "validation_fraction": 0.1 if windows > ENOUGH_WINDOWS else 0.2,
            },
        },
    }


def _read(data: CsvData) -> tuple[Series, Missing]:
    """The series of a file with its missing values settled, and how they are, here and in rows that come later."""
    series, how = read_series(data), data.missing
    check_size(series)
    if "missing" not in data.model_fields_set:
        lacking = sum(hole.rows for hole in holes(series.calendar, series.stamps))
        irregular = isinstance(series.calendar, Irregular)
        how = "drop" if irregular or lacking > MOST_FILLED * series.rows else "interpolate"
    return settled(series, how), how


def _train_rows(series: Series, steps: int | None, level: float) -> int:
    """Four fifths of the rows; fewer where the intervals of all steps need more to be measured on, up to a third."""
    rows = series.rows
    season = season_of(series, _fraction_of(rows))
    wanted = rows_needed(level) + (steps or steps_by_default(season)) - 1
    return min(_fraction_of(rows), rows - min(wanted, int(MOST_TEST * rows)))


def _fraction_of(rows: int) -> int:
    """The training rows where nothing is said: those of the config's own default."""
    return count_train_rows(rows, TRAIN_FRACTION)


def _lookback(season: int | None) -> int:
    """The fewest whole seasons that hold `WHOLE_SEASONS` rows, and the row before them."""
    if season is None or season > LONGEST_SEASON:
        return LOOKBACK
    return season * -(-WHOLE_SEASONS // season) + 1


def _calendar(series: Series, season: int | None) -> list[str]:
    """The features of the calendar in which a season shows."""
    if season is None:
        return []
    if series.stamps.dtype != np.dtype("datetime64[D]"):
        return ["weekday", "hour"]
    return ["weekday"] if season <= DAYS_OF_WEEK and not isinstance(series.calendar, Months) else ["month"]


def _target(series: Series, train_rows: int) -> str:
    """The values of a series that keeps to its level, else their changes; relative ones where all are positive."""
    values = filled(series.values, "interpolate", train_rows)
    if _keeps_to_its_level(values[:train_rows]):
        return "price"
    if np.ptp(values / np.abs(values).max()) < ALIKE:  # relative changes would be lost in the rounding of a logarithm
        return "difference"
    return "log_return" if (values > 0).all() else "difference"


def _keeps_to_its_level(values: NDArray[np.float64]) -> bool:
    """Whether no test says that the level moves; in few rows, which hardly show it, the mean must forecast better, too.

    Better than the last value, that is: then changes are the noisier series.
    """
    if kpss(values) >= CRITICAL:
        return False
    values = np.ldexp(values, -np.frexp(np.abs(values).max())[1] - 1)  # so that no change overflows
    changes, errors = np.diff(values), values - values.mean()
    scale = np.abs(errors).max() or 1.0
    return len(values) >= ENOUGH_ROWS or bool(np.mean((changes / scale) ** 2) >= np.mean((errors / scale) ** 2))
