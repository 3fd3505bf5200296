"""Daily closes that come with the package: the first run needs no network. See ORIGIN.md beside this file."""

from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rnnlab.data.series import Series

SYMBOLS = ("AAPL", "GOOG")


def load_snapshot(symbol: str) -> "Series":
    """The bundled closes of one of :data:`SYMBOLS`, raw, in US dollars, up to 2013-03-01."""
    from rnnlab.data.prices.csv import series_from  # a list of the symbols need not wait for NumPy
    from rnnlab.data.prices.tables import parse_text_table
    from rnnlab.data.series import Series

    content = (files(__name__) / f"{symbol}.csv").read_bytes()
    found = series_from(parse_text_table(content, f"bundled {symbol}.csv"), "date", "close", decimal="point")
    return Series(found.dates, found.values, symbol, "bundled snapshot", found.sha256, currency="USD", adjustment="raw")
