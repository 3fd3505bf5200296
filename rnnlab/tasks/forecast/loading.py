"""The series that a `data` section names, and its season."""

from collections.abc import Iterable, Sequence

import numpy as np

from rnnlab.config.schema.series import CsvData, PricesData
from rnnlab.data import missing
from rnnlab.data.calendar import calendar_of
from rnnlab.data.prices import between, load_prices
from rnnlab.data.reading.cells import shown
from rnnlab.data.reading.reader import load_csv
from rnnlab.data.series import Series
from rnnlab.errors import ConfigError, DataError

LARGEST = 1e305


def load_series(data: PricesData | CsvData) -> Series:
    """The series between its start and end, with every column that is read or forecast, missing values settled."""
    return missing.settled(read_series(data), data.missing)


def read_series(data: PricesData | CsvData) -> Series:
    """The series between its start and end as it was read: NaN where a value is missing."""
    beside = tuple(dict.fromkeys([*(data.outputs or ()), *(data.inputs or ())]))
    if isinstance(data, PricesData):
        return load_prices(data.symbol, data.column, start=data.start, end=data.end, beside=beside)
    series = load_csv(
        data.path,
        data.date_column,
        data.judged,
        date_format=data.date_format,
        decimal=data.decimal,
        beside=beside,
    )
    return between(series, data.start, data.end)


def check_columns(data: PricesData | CsvData, series: Series) -> None:
    """ConfigError for columns that cannot stand together, now that it is known which of the series they are."""

    def names(asked: Iterable[str] | None) -> list[str] | None:
        return None if asked is None else [*map(series.column, asked)]

    def without(some: Iterable[str], others: Sequence[str]) -> list[str]:
        return [name for name in some if name not in others]

    found = data.conflicts_of_columns(series.target, names(data.inputs), names(data.outputs), without)
    if said := [conflict.message for conflict in found]:
        raise ConfigError(said)


def columns_of(data: PricesData | CsvData, series: Series) -> tuple[list[str], list[str]]:
    """The columns that are read, and those that are forecast, the judged one first, as the series names them."""
    asked = map(series.column, data.outputs or ())
    outputs = list(dict.fromkeys([series.target, *asked]))
    return list(dict.fromkeys(map(series.column, data.inputs or outputs))), outputs


def check_size(series: Series) -> None:
    """Refuse to forecast what is not yet there from the values of :func:`too_large` (DataError)."""
    if found := too_large(series):
        name, largest = found
        raise DataError(
            f"{series.place}: a forecast needs values of at most {LARGEST:g} in size; got {largest:g} in "
            f"{shown(name)}.",
            hint="Divide them by a power of ten.",
        )


def too_large(series: Series) -> tuple[str, float] | None:
    """A column whose values are so large that what a baseline makes of them many steps ahead may be no float."""
    for name, values in series.columns.items():
        if (largest := float(np.nanmax(np.abs(values), initial=0.0))) > LARGEST:
            return name, largest
    return None


def season_of(series: Series, train_rows: int) -> int | None:
    """Rows of a season by the calendar of the training rows, which must hold two of them."""
    season = calendar_of(series.stamps[:train_rows]).season
    return season if season is not None and train_rows >= 2 * season else None
