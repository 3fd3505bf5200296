"""`data` of a dated series: daily prices of a symbol, or any CSV of dates and values."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, PlainValidator, WithJsonSchema

from rnnlab.config.schema.section import Conflict, Number, Text, Whole, key, refuse
from rnnlab.config.schema.task import StoredTask
from rnnlab.words import alike

Target = Literal["price", "value", "difference", "log_return", "seasonal_difference"]
Scaler = Literal["minmax", "standard", "robust", "none", "window"]
Strategy = Literal["single", "direct", "recursive"]
CALENDAR_FEATURES = ("weekday", "month", "hour")
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

NAMES = "a list of distinct names of columns, or null"
FEATURES = f"a list of some of {', '.join(CALENDAR_FEATURES)}"


def _distinct(value: Any, must: str, choices: tuple[str, ...] | None = None) -> list[str]:
    if not isinstance(value, list | tuple):
        raise refuse(must)
    if not all(isinstance(one, str) and one and (choices is None or one in choices) for one in value):
        raise refuse(must)
    if len(set(value)) < len(value):
        raise refuse(f"{must} ({next(one for one in value if value.count(one) > 1)} is there more than once)")
    return list(value)


def _read_names(value: Any) -> list[str] | None:
    if value is not None and value != [] and value != ():
        return _distinct(value, NAMES)
    if value is None:
        return None
    raise refuse(f"{NAMES}; it is empty")


def _list_of(items: dict[str, Any], least: int) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": least, "uniqueItems": True}


Names = Annotated[
    list[str] | None,
    PlainValidator(_read_names),
    WithJsonSchema({"anyOf": [_list_of({"type": "string", "minLength": 1}, 1), {"type": "null"}]}),
]
Features = Annotated[
    list[str],
    PlainValidator(lambda value: _distinct(value, FEATURES, CALENDAR_FEATURES)),
    WithJsonSchema(_list_of({"enum": list(CALENDAR_FEATURES)}, 0)),
]


class SeriesData(StoredTask):
    """What every series of dated values has in common: how it is cut into windows."""

    batch_size: ClassVar[Literal["full"]] = "full"
    length_key: ClassVar[str] = "lookback"
    forecasts: ClassVar[bool] = True
    column_key: ClassVar[str] = "data.column"
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
    inputs: Names = key(
        None,
        "columns that the network reads, in the kind of steps that target has; null reads those that it forecasts",
        must=NAMES,
        example=["open", "high", "low", "close", "volume"],
    )
    outputs: Names = key(
        None,
        "columns that the network forecasts; null forecasts the one that is judged",
        must=NAMES,
        example=["close", "volume"],
    )
    calendar: Features = key(
        [],
        "features of the calendar that the network reads too, each as sine and cosine",
        must=FEATURES,
        shown_default="[]",
    )
    lookback: Whole = key(20, "length of the input window", unit="rows", ge=1)
    horizon: Whole = key(
        1, "distance from the last value of the window to the furthest forecast value", unit="rows", ge=1
    )
    strategy: Strategy = key(
        "single",
        "which rows up to the horizon are forecast: the last one alone; or each, by an output of its own (direct) or "
        "by a forecast of the next row that is fed back (recursive)",
    )
    target: Target = key(
        "price",
        "what to forecast: the value (also written price), its change since the last value of the window, the log of "
        "their ratio, or its change since the last known value of the same season; always scored as values",
    )
    train_fraction: Number = key(0.8, "fraction of the rows used for training, from the oldest on", gt=0, lt=1)
    test_rows: Whole | None = key(
        None,
        "how many rows, the newest, are kept for the test; takes the place of train_fraction",
        unit="rows",
        must="a whole number of at least 1, or null",
        ge=1,
    )
    missing: Missing = key(
        "error",
        "what to do about rows without a value: refuse them, leave them out, or fill them and the rows that a regular "
        "calendar lacks; filled rows are read, but neither learned nor scored, and after the training rows they carry "
        "the last value forward",
    )
    scaler: Scaler = key(
        "minmax",
        "scaling of what is read and forecast: by minimum and maximum, mean and standard deviation, or median and "
        "quartiles (robust) of the training rows; or by mean and standard deviation of each window",
    )
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

    @property
    def judged(self) -> str | None:
        """The column that is forecast and judged; None where the file decides."""
        raise NotImplementedError

    @property
    def steps(self) -> tuple[int, ...]:
        """How many rows after its last input the network forecasts by itself."""
        if self.strategy == "recursive":
            return (1,)
        return (self.horizon,) if self.strategy == "single" else tuple(range(1, self.horizon + 1))

    @property
    def scored_steps(self) -> tuple[int, ...]:
        """How many rows ahead there is a forecast to be scored."""
        return (self.horizon,) if self.strategy == "single" else tuple(range(1, self.horizon + 1))

    def conflicts(self) -> Iterator[Conflict]:
        if self.start and self.end and self.end < self.start:
            yield Conflict(
                ("data.end", "data.start"),
                f"data.end must not be before data.start ({self.start}); got {self.end}.",
            )
        yield from self.conflicts_of_columns(self.judged, self.inputs, self.outputs, _unlike)

    def conflicts_of_columns(
        self,
        judged: str | None,
        inputs: Sequence[str] | None,
        outputs: Sequence[str] | None,
        without: Callable[[Iterable[str], Sequence[str]], list[str]],
    ) -> Iterator[Conflict]:
        """Columns that cannot stand together: as the config names them, or as the file does.

        Parameters
        ----------
        judged, inputs, outputs
            Names of columns; None where nobody says.
        without : function
            Those of some names that are none of others.
        """
        key = self.column_key
        if outputs is not None and judged is not None and without([judged], outputs):
            yield Conflict(
                ("data.outputs", key),
                f"data.outputs must hold {key}, {judged}, which is judged; got {', '.join(outputs)}.",
            )
        if inputs is None:
            return
        forecast = outputs or ((judged,) if judged is not None else ())
        lacking = without(forecast, inputs)
        if self.scaler == "window" and lacking:
            yield Conflict(
                ("data.scaler", "data.inputs"),
                f"data.scaler: window needs every forecast column among data.inputs, which lacks {', '.join(lacking)}. "
                "Add it, or use another scaler.",
            )
        beyond = without(inputs, forecast)
        if self.strategy == "recursive" and forecast and beyond:
            yield Conflict(
                ("data.strategy", "data.inputs"),
                f"data.strategy: recursive needs forecasts of every column that is read; data.outputs lacks "
                f"{', '.join(beyond)}. Add it there, or use direct.",
            )


def _unlike(names: Iterable[str], among: Sequence[str]) -> list[str]:
    """The columns that are not among others, whichever case and punctuation they are written in."""
    return [name for name in names if not any(alike(name, other) for other in among)]


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

    @property
    def judged(self) -> str:
        return self.column


class CsvData(SeriesData):
    """A series of values over times from any CSV file."""

    column_key: ClassVar[str] = "data.value_column"
    kind: Literal["csv"] = key("csv", "time series of any frequency from a CSV file")
    path: Text = key(
        ...,
        "CSV file; a relative path starts at the folder of the config, and package:NAME/FILE is a file of an installed "
        "package",
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

    @property
    def judged(self) -> str | None:
        if self.value_column is None and self.outputs is not None:
            return self.outputs[0]
        return self.value_column
