"""Days as people and sources write them. What could be read two ways is asked about, never guessed."""

import re
from collections.abc import Sequence
from datetime import date, datetime

import numpy as np

from rnnlab.data.prices.tables import shown
from rnnlab.errors import DataError

_TIME = r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?(?:Z|UTC|[+-]\d{2}:?\d{2}))?)?"
_MONTHS: list[str] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = r"(?P<name>(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))[a-zA-Z]{0,6}\.?"
_STYLES = {
    "year first": re.compile(rf"(?P<y>\d{{4}})([-/.])(?P<m>\d{{1,2}})\2(?P<d>\d{{1,2}}){_TIME}", re.ASCII),
    "compact": re.compile(rf"(?P<y>\d{{4}})(?P<m>\d{{2}})(?P<d>\d{{2}}){_TIME}", re.ASCII),
    "year last": re.compile(rf"(?P<a>\d{{1,2}})([-/.])(?P<b>\d{{1,2}})\2(?P<y>\d{{4}}){_TIME}", re.ASCII),
    "day and name": re.compile(rf"(?P<d>\d{{1,2}})[ -]{_MONTH}[ ,-]{{1,2}}(?P<y>\d{{4}})", re.ASCII),
    "name and day": re.compile(rf"{_MONTH} (?P<d>\d{{1,2}}),? (?P<y>\d{{4}})", re.ASCII),
}
_TOKENS = {"YYYY": "%Y", "YY": "%y", "MM": "%m", "DD": "%d"}


def looks_like_date(text: str) -> bool:
    """Whether a cell is written in one of the styles :func:`parse_dates` knows."""
    return any(style.fullmatch(text) for style in _STYLES.values())


def parse_dates(texts: Sequence[str], lines: Sequence[int], label: str, date_format: str | None = None) -> np.ndarray:
    """Texts as days. A time of day and its zone are dropped: the day is taken as written.

    Parameters
    ----------
    texts : sequence of str, length N
        All in one style: ``2024-01-31``, ``2024-01-31 00:00:00-05:00``, ``2024/1/31``, ``20240131``, ``31
        Jan 2024``, ``Jan 31, 2024``, or ``01/31/2024`` where some day above 12 tells day and month apart.
    lines : sequence of int, length N
        Where they stand, for messages.
    label : str
        Name of the text they stand in, for messages.
    date_format : str, optional
        ``"DD/MM/YYYY"``, ``"MM/DD/YYYY"``, or a pattern of `strptime` such as ``"%d.%m.%y"``.

    Returns
    -------
    ndarray of datetime64[D], shape (N,)

    Raises
    ------
    DataError
        Text that is no date, a second style among the first, or days that could be months.
    """
    if date_format is not None:
        return _by_format(texts, lines, label, _pattern(date_format))
    style, matches = _one_style(texts, lines, label)
    month_first = _month_first(texts, matches, label) if style == "year last" else False
    days = [
        _day(found, month_first, text, f"{label}:{line}")
        for found, text, line in zip(matches, texts, lines, strict=True)
    ]
    return np.array(days, dtype="datetime64[D]")


def _one_style(texts, lines, label):
    name = next((name for name, style in _STYLES.items() if style.fullmatch(texts[0])), None)
    if name is None:
        raise DataError(
            f"{label}:{lines[0]}: must be a date such as 2024-01-31; got {shown(texts[0])}.",
            hint="Name another pattern with --date-format (in a config data.date_format), e.g. DD/MM/YYYY.",
        )
    matches = []
    for text, line in zip(texts, lines, strict=True):
        found = _STYLES[name].fullmatch(text)
        if found is None:
            raise DataError(f"{label}:{line}: must be a date written like {texts[0]!r}; got {shown(text)}.")
        matches.append(found)
    return name, matches


def _month_first(texts, matches, label) -> bool:
    """Whether a/b/year means month/day: some number above 12 must say so."""
    day_is_first = next((t for t, m in zip(texts, matches, strict=True) if int(m["a"]) > 12), None)
    day_is_second = next((t for t, m in zip(texts, matches, strict=True) if int(m["b"]) > 12), None)
    if day_is_first and day_is_second:
        raise DataError(
            f"{label}: dates must all be written one way; {day_is_first!r} has the day first,"
            f" {day_is_second!r} the month."
        )
    open_to_both = next((k for k, m in enumerate(matches) if int(m["a"]) != int(m["b"])), None)
    if not day_is_first and not day_is_second and open_to_both is not None:
        found = matches[open_to_both]
        a, b, year = int(found["a"]), int(found["b"]), int(found["y"])
        raise DataError(
            f"{label}: {texts[open_to_both]!r} could be {_words(year, b, a)} or {_words(year, a, b)},"
            " and no other row tells day from month.",
            hint="Say which: --date-format (in a config data.date_format) DD/MM/YYYY or MM/DD/YYYY.",
        )
    return day_is_second is not None


def _words(year: int, month: int, day: int) -> str:
    return f"{day} {_MONTHS[month - 1].title() if 1 <= month <= 12 else month} {year}"


def _day(found: re.Match[str], month_first: bool, text: str, where: str) -> date:
    parts = found.groupdict()
    if "a" in parts:
        month, day = (parts["a"], parts["b"]) if month_first else (parts["b"], parts["a"])
    else:
        month, day = parts.get("m") or _MONTHS.index(parts["name"].lower()) + 1, parts["d"]
    try:
        return date(int(parts["y"]), int(month), int(day))
    except ValueError:
        raise DataError(f"{where}: must be a day of the calendar; got {shown(text)}.") from None


def _pattern(date_format: str) -> str:
    """`strptime`'s pattern for what the user wrote."""
    pattern = date_format
    if "%" not in pattern:
        for token, directive in _TOKENS.items():
            pattern = pattern.replace(token, directive)
    has_month_and_day = "%j" in pattern or ("%d" in pattern and any(m in pattern for m in ("%m", "%b", "%B")))
    if not has_month_and_day or not ("%Y" in pattern or "%y" in pattern):
        raise DataError(
            f"The date format must name day, month and year; got {shown(date_format)}.",
            hint="Examples: DD/MM/YYYY, MM/DD/YYYY, %d.%m.%y, '%d %B %Y'.",
        )
    return pattern


def _by_format(texts, lines, label, pattern) -> np.ndarray:
    days = []
    for text, line in zip(texts, lines, strict=True):
        try:
            days.append(datetime.strptime(text, pattern).date())
        except (ValueError, re.error):
            raise DataError(f"{label}:{line}: must be a date of the form {pattern!r}; got {shown(text)}.") from None
    return np.array(days, dtype="datetime64[D]")
