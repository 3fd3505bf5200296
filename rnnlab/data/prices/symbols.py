"""Ticker symbols: what may be one, and the name of the file that keeps it."""

import re

from rnnlab.data.reading.cells import shown
from rnnlab.errors import DataError
from rnnlab.printable import described

LONGEST = 32

_SYMBOL = re.compile(r"\^?[A-Za-z0-9](?:[A-Za-z0-9&=_-]|\.(?!\.|$))*", re.ASCII)
_DEVICES = re.compile(r"(?:CON|PRN|AUX|NUL|COM\d|LPT\d)(?:\..*)?")  # Windows keeps these names for devices


def check_symbol(text: str) -> str:
    """A symbol in capitals, so that ``aapl`` and ``AAPL`` are one, on any file system.

    Parameters
    ----------
    text : str
        As typed: ``AAPL``, ``BRK.B``, ``^SPX``, ``EURUSD=X``, ``BTC-USD``, ``VOD.L``.

    Raises
    ------
    DataError
        Anything that could not be a symbol: nothing at all, blanks, slashes, control codes, per cent signs,
        too long.
    """
    if not isinstance(text, str):
        raise DataError(f"A symbol must be a text; got {described(text)}.", hint='Example: "AAPL".')
    if not text:
        raise DataError("A symbol must not be empty.", hint="Example: rnnlab fetch AAPL.")
    if len(text) > LONGEST:
        raise DataError(f"A symbol has at most {LONGEST} characters; got {len(text):,}: {shown(text, 24)}.")
    if not _SYMBOL.fullmatch(text):
        raise DataError(
            f"A symbol is made of letters, digits and . - = & _, an index begins with ^; got {shown(text)}.",
            hint="Examples: AAPL, BRK.B, ^SPX, EURUSD=X, BTC-USD.",
        )
    return text.upper()


def is_symbol(text: str) -> bool:
    """Whether :func:`check_symbol` would return the text as it is."""
    return len(text) <= LONGEST and text == text.upper() and _SYMBOL.fullmatch(text) is not None


def file_stem(symbol: str) -> str:
    """Name of a checked symbol's files without ending: the symbol, but for names Windows reserves."""
    return f"{symbol}~" if _DEVICES.fullmatch(symbol) else symbol


def symbol_of(stem: str) -> str:
    """The symbol whose files are called so; the inverse of :func:`file_stem`."""
    return stem.removesuffix("~")
