"""`data` of a dated series: daily prices of a symbol, or any CSV of dates and values."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator

from rnnlab.config.schema.section import Conflict, Number, Text, Whole, key, refuse
from rnnlab.config.schema.task import StoredTask

Target = Literal["price", "difference", "log_return"]
Scaler = Literal["minmax", "standard", "none"]
Missing = Literal["error", "drop", "interpolate", "carry_forward"]
COLUMN = "the name of a column, or null"


def _read_day(value: Any) -> Any:
    """Turn the text 2013-01-31 into a date (YAML 1.2 has no dates of its own)."""
    if value is None or isinstance(value, date):
        return value
    must = "a day written as YYYY-MM-DD"
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise refuse(must)
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise refuse(f"{must} that is in the calendar") from None


Day = Annotated[date, BeforeValidator(_read_day)]


class SeriesData(StoredTask):
    """What every series of dated values has in common: how it is cut into windows."""

    batch_size: ClassVar[Literal["full"]] = "full"
    length_key: ClassVar[str] = "lookback"
    metric_names: ClassVar[dict[str, str]] = {
        **StoredTask.metric_names,
        "mape": "MAPE", "smape": "sMAPE", "mase": "MASE", "rmsse": "RMSSE",
        "directional_accuracy": "direction hits", "naive": "persistence", "moving_average": "moving avg (20)",
        "seasonal_naive": "seasonal", "exponential_smoothing": "exp. smoothing", "window_map": "linear window",
    }  # fmt: skip

    start: Day | None = key(
        None, "first day to use; null starts at the first row", must="a day written as YYYY-MM-DD, or null"
    )
    end: Day | None = key(
        None, "last day to use; null ends at the last row", must="a day written as YYYY-MM-DD, or null"
    )
    lookback: Whole = key(20, "length of the input window", unit="rows", ge=1)
    horizon: Whole = key(1, "distance from the last value of the window to the forecast value", unit="rows", ge=1)
    target: Target = key(
        "price", "what to forecast: the value, its change since the last value of the window, or the log of their ratio"
    )
    train_fraction: Number = key(0.8, "fraction of the rows used for training, from the oldest on", gt=0, lt=1)
    missing: Missing = key(
        "error",
        "what to do about rows without a value: refuse them, leave them out, or fill them and the rows that a regular "
        "calendar lacks; filled rows are read, but neither learned nor scored, and after the training rows they carry "
        "the last value forward",
    )
    scaler: Scaler = key("minmax", "scaling of the values, fitted on the training rows only")
    season: Whole | None = key(
        None,
        "length of the season of the seasonal baseline; by the calendar of the training rows, it is the number of "
        "weekdays that most weeks have (5 for business days), 52 for weeks, 12 for months, 4 for quarters, the rows of "
        "a day for hours and minutes, else none",
        unit="rows",
        must="a whole number of at least 2, or null",
        shown_default="derived from the calendar",
        ge=2,
    )

    def conflicts(self) -> Iterator[Conflict]:
        if self.start and self.end and self.end < self.start:
            yield Conflict(
                ("data.end", "data.start"),
                f"data.end must not be before data.start ({self.start}); got {self.end}.",
            )


class PricesData(SeriesData):
    """Daily prices of one symbol."""

    kind: Literal["prices"] = key("prices", "daily prices of a symbol, as fetched, else from the bundled snapshot")
    symbol: Text = key(
        ...,
        "ticker symbol",
        must="a ticker symbol: up to 32 letters, digits and . - ^ = _",
        example="AAPL",
        pattern=r"\A\^?[A-Za-z0-9][A-Za-z0-9.=&_-]{0,30}\z",
    )
    column: Text = key("close", "column of the price table", must="the name of a column", min_length=1)


class CsvData(SeriesData):
    """A series of values over times from any CSV file."""

    kind: Literal["csv"] = key("csv", "time series of any frequency from a CSV file")
    path: Text = key(
        ...,
        "CSV file; a relative path starts at the folder of the config",
        must="the path of a CSV file",
        example="prices.csv",
        pattern=r"\A[^\x00]+\z",
    )
    date_column: Text | None = key(
        None,
        "name of the column of times: dates, times of day, months, quarters, weeks, years, epoch seconds or steps",
        must=COLUMN,
        shown_default="detected",
        min_length=1,
    )
    value_column: Text | None = key(
        None,
        "name of the column of values; needed where several columns hold numbers",
        must=COLUMN,
        shown_default="the close of a table of prices, else the only column of numbers",
        min_length=1,
    )
    date_format: Text | None = key(
        None,
        "date format; needed where the dates are ambiguous",
        must="DD/MM/YYYY, MM/DD/YYYY, a pattern of strptime, excel (day numbers) or step (plain numbers)",
        shown_default="detected",
        min_length=1,
    )
    decimal: Literal["point", "comma"] | None = key(
        None, "decimal mark; needed where the numbers are ambiguous", shown_default="detected"
    )
