"""`data`: what is learnt from."""

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from rnnlab.config.schema.section import Number, Section, Text, Whole, key, refuse
from rnnlab.config.schema.synthetic import Synthetic

Target = Literal["price", "difference", "log_return"]
Scaler = Literal["minmax", "standard", "none"]
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


class SeriesData(Section):
    """What every series of dated values has in common: how it is cut into windows."""

    start: Day | None = key(None, "first day to use; null uses all", must="a day written as YYYY-MM-DD, or null")
    end: Day | None = key(None, "last day to use; null uses all", must="a day written as YYYY-MM-DD, or null")
    lookback: Whole = key(20, "values in a window: what the network reads before it forecasts", unit="rows", ge=1)
    horizon: Whole = key(1, "how far after the window's last value the forecast lies", unit="rows", ge=1)
    target: Target = key("price", "what is forecast: the value, its change, or the log of its ratio to the last one")
    train_fraction: Number = key(0.8, "share of the rows, from the oldest on, that is trained on", gt=0, lt=1)
    scaler: Scaler = key("minmax", "how values are scaled; fitted on the training rows only")
    season: Whole | None = key(
        None,
        "length of the season of the seasonal baseline; by the training dates it is the number of weekdays that occur "
        "in more than half of the weeks (5 for trading days), 52 for weeks, 12 for months, 4 for quarters, else none",
        unit="rows",
        must="a whole number of at least 2, or null",
        shown_default="from the dates",
        ge=2,
    )


class PricesData(SeriesData):
    """Daily prices of one symbol."""

    kind: Literal["prices"] = key("prices", "daily prices of a symbol: fetched, else the bundled snapshot")
    symbol: Text = key(
        ...,
        "ticker symbol",
        must="a ticker symbol: up to 32 letters, digits and . - ^ = _",
        example="AAPL",
        pattern=r"\A\^?[A-Za-z0-9][A-Za-z0-9.=&_-]{0,30}\z",
    )
    column: Text = key("close", "which column of the prices", must="the name of a column", min_length=1)


class CsvData(SeriesData):
    """A series of dated values from any CSV file."""

    kind: Literal["csv"] = key("csv", "dated values from a CSV file")
    path: Text = key(
        ...,
        "the file; a relative path starts at the config's folder",
        must="the path of a CSV file",
        example="prices.csv",
        pattern=r"\A[^\x00]+\z",
    )
    date_column: Text | None = key(
        None, "name of the column of dates", must=COLUMN, shown_default="found by itself", min_length=1
    )
    value_column: Text | None = key(
        None, "name of the column of values", must=COLUMN, shown_default="found by itself", min_length=1
    )
    date_format: Text | None = key(
        None,
        "how dates are written, where they could be read in two ways",
        must="DD/MM/YYYY, MM/DD/YYYY or a pattern of strptime",
        shown_default="found by itself",
        min_length=1,
    )
    decimal: Literal["point", "comma"] | None = key(
        None, "the decimal mark, where numbers could be read in two ways", shown_default="found by itself"
    )


class TextData(Section):
    """A text, read character by character; the target is the next character."""

    kind: Literal["text"] = key("text", "a text, of which the next character is to be told")
    text: Text | None = key(
        None,
        "the text itself",
        must="a text in quotes, not empty",
        shown_default="give this or path",
        min_length=1,
    )
    path: Text | None = key(
        None,
        "a file in UTF-8 that holds the text; a relative path starts at the config's folder",
        must="the path of a text file",
        shown_default="give this or text",
        pattern=r"\A[^\x00]+\z",
    )
    repeat: Whole = key(1, "how often the text is repeated", unit="times", ge=1)
    chunk: Whole = key(50, "length of the sequences that the text is cut into", unit="characters", ge=1)
    level: Literal["char"] = key("char", "what one step of a sequence is")
    train_fraction: Number = key(1.0, "share of the text, from its start, that is trained on", gt=0, le=1)


Data = Annotated[PricesData | CsvData | TextData | Synthetic, Field(discriminator="kind")]
