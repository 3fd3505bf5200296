"""Times as people and sources write them. What could be read two ways is asked about, never guessed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from rnnlab.data.reading.cells import shown
from rnnlab.errors import DataError

STEP_NAMES = frozenset({"step", "steps", "t", "index", "n", "i", "k", "row", "obs", "sample", "point", "cycle"})
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = r"(?P<name>(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))[a-zA-Z]{0,6}\.?"
_WEEKDAY = r"(?:(?i:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}\.?,? )?"
_CLOCK = (
    r"(?:(?:T|,? +)(?P<H>\d{1,2})(?::?(?P<M>\d{2})(?::?(?P<S>\d{2})(?:[.,](?P<f>\d{1,9}))?)?)?"
    r"(?: ?(?P<half>(?i:am|pm)))?(?: ?(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2}))?)?"
)
_DAYS = {
    "year first": rf"(?P<y>\d{{4}})([-/.])(?P<m>\d{{1,2}})\2(?P<d>\d{{1,2}}){_CLOCK}",
    "compact": rf"(?P<y>\d{{4}})(?P<m>\d{{2}})(?P<d>\d{{2}}){_CLOCK}",
    "year last": rf"(?P<a>\d{{1,2}})([-/.])(?P<b>\d{{1,2}})\2(?P<y>\d{{4}}){_CLOCK}",
    "day and name": rf"{_WEEKDAY}(?P<d>\d{{1,2}})[ -]{_MONTH}[ ,-]{{1,2}}(?P<y>\d{{4}}){_CLOCK}",
    "name and day": rf"{_WEEKDAY}{_MONTH} (?P<d>\d{{1,2}}),? (?P<y>\d{{4}}){_CLOCK}",
    "year, name and day": rf"(?P<y>\d{{4}})[ -]{_MONTH}[ -](?P<d>\d{{1,2}}){_CLOCK}",
}
_PERIODS = {
    "year and month": r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})",
    "month and year": r"(?P<m>\d{1,2})[-/.](?P<y>\d{4})",
    "year and M": r"(?P<y>\d{4})-?M(?P<m>\d{1,2})",
    "name and year": rf"{_MONTH}[ ,/-]{{0,2}}(?P<y>\d{{4}})",
    "year and name": rf"(?P<y>\d{{4}})[ /-]?{_MONTH}",
    "short year and month": r"(?P<y>\d)-(?P<m>\d{2})",
    "quarter last": r"(?P<y>\d{4})[ :/-]?(?i:Q)(?P<q>[1-4])",
    "quarter first": r"(?i:Q)(?P<q>[1-4])[ /-]?(?P<y>\d{4})",
    "number before Q": r"(?P<q>[1-4])(?i:Q)[ /-]?(?P<y>\d{4})",
    "week": r"(?P<y>\d{4})[ -]?W(?P<w>\d{2})(?:-?(?P<wd>[1-7]))?",
}
_STYLES = {name: re.compile(pattern, re.ASCII) for name, pattern in {**_DAYS, **_PERIODS}.items()}
_WHOLE = re.compile(r"\d{1,19}(?:\.0{1,6})?", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d{1,19}(?:\.\d{0,17})?|\.\d{1,17})(?:[eE][+-]?\d{1,3})?", re.ASCII)
_MONTH_NUMBER = re.compile(r"(?:0[1-9]|1[0-2])\.\d{4}|[12]\d{3}\.(?:0[1-9]|1[0-2])", re.ASCII)
_EPOCHS = {10: "s", 13: "ms", 16: "us", 19: "ns"}
_TOKENS = {"YYYY": "%Y", "YY": "%y", "MM": "%m", "DD": "%d"}
_EXCEL = np.datetime64("1899-12-30", "D")


@dataclass(frozen=True, eq=False)
class Times:
    """The times of N rows as they stand in the file.

    Attributes
    ----------
    stamps : ndarray, shape (N,)
        datetime64[D] where all rows have the same time of day, which is dropped; else datetime64 of seconds or finer;
        int64 or float64 for step numbers.
    period : {"Y", "Q", "M", "W"} or None
        The rows are written as whole years, quarters, months or weeks, each stamped with its first day.
    zone : str or None
        ``UTC`` or an offset such as ``-05:00``, where the texts state one and the times of day count.
    """

    stamps: np.ndarray
    period: str | None = None
    zone: str | None = None


def looks_like_time(text: str) -> bool:
    """Whether a cell is a day, a time or a period in one of the styles :func:`parse_times` knows; the only number among
    them is ``20240131``.
    """
    if _NUMBER.fullmatch(text):
        return len(text) == 8 and _STYLES["compact"].fullmatch(text) is not None
    return any(style.fullmatch(text) for style in _STYLES.values())


def looks_like_stamp(text: str) -> bool:
    """Whether a cell can stand in a column of times: as for :func:`looks_like_time`, and any number."""
    return looks_like_time(text) or bool(_NUMBER.fullmatch(text))


def parse_times(
    texts: Sequence[str], lines: Sequence[int], label: str, date_format: str | None = None, name: str = ""
) -> Times:
    """Texts as times.

    Parameters
    ----------
    texts : sequence of str, length N
        All in one style: days (``2024-01-31``, ``2024/1/31``, ``20240131``, ``31 Jan 2024``, ``Jan 31, 2024``, or
        ``01/31/2024`` where some day above 12 tells day and month apart), each with or without a time of day and a
        zone; months (``2024-01``, ``Jan 2000``, ``2024M01``), quarters (``2024-Q1``), weeks (``2024-W05``), years;
        seconds, milli-, micro- or nanoseconds since 1970; decimal years in months or quarters (``1949.083``); numbers.
    lines : sequence of int, length N
        Where they stand, for messages.
    label : str
        Name of the text they stand in, for messages.
    date_format : str, optional
        ``"DD/MM/YYYY"``, ``"MM/DD/YYYY"``, a pattern of `strptime` such as ``"%d.%m.%y"``, ``"excel"`` for the day
        numbers of Excel, or ``"step"`` for plain numbers.
    name : str
        Of the column, in lower case: a column called ``step`` holds no years.

    Raises
    ------
    DataError
        Text that is no time, a second style among the first, or days that could be months.
    """
    if date_format == "excel":
        return Times(_EXCEL + _numbers(texts, lines, label).astype("timedelta64[D]"))
    if date_format == "step":
        return Times(_steps(texts, lines, label))
    if date_format is not None:
        pattern = _pattern(date_format)
        found = _joined(_by_format(texts, lines, label, pattern), [None] * len(texts))
        return found if "%d" in pattern or "%j" in pattern else Times(found.stamps, "M")
    if all(_NUMBER.fullmatch(text) for text in texts):
        found = _from_numbers(texts, lines, label, name)
        if found is not None:
            return found
    style, matches = _one_style(texts, lines, label)
    where = [f"{label}:{line}" for line in lines]
    if style in _PERIODS:
        return _periods(matches, texts, where)
    month_first = _month_first(texts, matches, label) if style == "year last" else False
    moments = [
        (_day(one, month_first, text, at), *_time_of_day(one, text, at))
        for one, text, at in zip(matches, texts, where, strict=True)
    ]
    return _joined([(day, nanoseconds) for day, nanoseconds, _ in moments], [zone for _, _, zone in moments])


def parse_days(texts: Sequence[str], lines: Sequence[int], label: str, date_format: str | None = None) -> np.ndarray:
    """Texts as days, datetime64[D] of shape (N,): as :func:`parse_times`, the times of day dropped.

    Raises
    ------
    DataError
        As there, and for numbers that are no times.
    """
    stamps = parse_times(texts, lines, label, date_format).stamps
    if not np.issubdtype(stamps.dtype, np.datetime64):
        raise DataError(f"{label}:{lines[0]}: must be a date such as 2024-01-31; got {shown(texts[0])}.")
    return stamps.astype("datetime64[D]")


def _joined(moments: list[tuple[date, int]], zones: Sequence[str | None]) -> Times:
    """Days and nanoseconds into them as one array: days alone where the time of day is the same in all rows."""
    days = np.array([day for day, _ in moments], dtype="datetime64[D]")
    into = np.array([nanoseconds for _, nanoseconds in moments], dtype=np.int64)
    if (into == into[0]).all():
        return Times(days)
    unit, size = next(
        (unit, size) for unit, size in (("s", 10**9), ("ms", 10**6), ("us", 1000), ("ns", 1)) if not (into % size).any()
    )
    stamps = days.astype(f"datetime64[{unit}]") + (into // size).astype(f"timedelta64[{unit}]")
    if None in zones:
        return Times(stamps)
    offsets = {zone or "" for zone in zones}
    if len(offsets) == 1:
        return Times(stamps, zone=offsets.pop())
    minutes = np.array([_minutes(zone or "") for zone in zones], dtype="timedelta64[m]")
    return Times(stamps - minutes, zone="UTC")  # the clock was put back or forward: hours are told apart in UTC alone


def _minutes(zone: str) -> int:
    """Of an offset from UTC."""
    if not zone.startswith(("+", "-")):
        return 0
    digits = zone[1:].replace(":", "")
    return int(zone[0] + "1") * (60 * int(digits[:2]) + int(digits[2:] or 0))


def _time_of_day(found: re.Match[str], text: str, where: str) -> tuple[int, str | None]:
    """Nanoseconds since midnight, and the zone as written, in one form."""
    hour = found["H"]
    if hour is None:
        return 0, None
    hour, minute, second = int(hour), int(found["M"] or 0), int(found["S"] or 0)
    if found["half"]:
        if not 1 <= hour <= 12:
            raise DataError(f"{where}: must be a time of day; got {shown(text)}.")
        hour = hour % 12 + 12 * (found["half"].lower() == "pm")
    if hour > 23 or minute > 59 or second > 59:
        raise DataError(f"{where}: must be a time of day; got {shown(text)}.")
    zone = found["zone"]
    if zone is not None:
        zone = "UTC" if zone in ("Z", "UTC", "GMT") else f"{zone[:3]}:{zone[3:].lstrip(':') or '00'}"
        zone = "UTC" if zone in ("+00:00", "-00:00") else zone
    return ((60 * hour + minute) * 60 + second) * 10**9 + int((found["f"] or "0").ljust(9, "0")), zone


def _periods(matches: Sequence[re.Match[str]], texts: Sequence[str], where: Sequence[str]) -> Times:
    """Months, quarters and weeks, each stamped with its first day."""
    days, period = [], "M"
    for found, text, at in zip(matches, texts, where, strict=True):
        parts = found.groupdict()
        try:
            if "w" in parts:
                period = "W"
                days.append(date.fromisocalendar(int(parts["y"]), int(parts["w"]), int(parts["wd"] or 1)))
            elif "q" in parts:
                period = "Q"
                days.append(date(int(parts["y"]), 3 * int(parts["q"]) - 2, 1))
            else:
                days.append(date(int(parts["y"]), _month_of(parts), 1))
        except ValueError:
            what = {"W": "a week", "Q": "a quarter", "M": "a month"}[period]
            raise DataError(f"{at}: must be {what} of the calendar; got {shown(text)}.") from None
    if period == "W" and any(found["wd"] for found in matches):
        return Times(np.array(days, dtype="datetime64[D]"))
    return Times(np.array(days, dtype="datetime64[D]"), period)


def _month_of(parts: dict[str, str]) -> int:
    return int(parts["m"]) if parts.get("m") else _MONTHS.index(parts["name"].lower()) + 1


def _from_numbers(texts: Sequence[str], lines: Sequence[int], label: str, name: str) -> Times | None:
    """Times written as numbers alone; None where they are days or months (``20240131``, ``01.2024``)."""
    is_step = name in STEP_NAMES
    whole = all(_WHOLE.fullmatch(text) for text in texts)
    digits = {len(text.split(".")[0]) for text in texts}
    if whole and not is_step:
        if digits == {8} and all(_STYLES["compact"].fullmatch(text) for text in texts):
            return None
        if digits == {4} and all(1000 <= int(float(text)) < 3000 for text in texts):
            years = [f"{int(float(text)):04d}" for text in texts]
            return Times(np.array(years, dtype="datetime64[Y]").astype("datetime64[D]"), "Y")
        found = _compact(texts, lines, label, digits)
        if found is not None:
            return found
    if not is_step and not whole:
        if all(_MONTH_NUMBER.fullmatch(text) for text in texts):
            return None
        found = _decimal_years(np.array([float(text) for text in texts]))
        if found is not None:
            return found
    if name in ("date", "day", "datum") and whole and all(20_000 <= float(text) < 80_000 for text in texts):
        day = _EXCEL + np.timedelta64(int(float(texts[0])), "D")
        raise DataError(
            f"{label}: the dates could be the day numbers of Excel ({texts[0]} is {day}), or plain numbers.",
            hint="Say which: --date-format (in a config data.date_format) excel or step.",
        )
    return Times(_steps(texts, lines, label))


def _compact(texts: Sequence[str], lines: Sequence[int], label: str, digits: set[int]) -> Times | None:
    """Whole numbers that are months (``202401``), moments (``20240131 1530``) or counts since 1970, by their length."""
    if digits == {6} and all(1 <= int(text[4:6]) <= 12 and 1000 <= int(text[:4]) < 3000 for text in texts):
        return Times(np.array([f"{t[:4]}-{t[4:6]}" for t in texts], dtype="datetime64[M]").astype("datetime64[D]"), "M")
    if digits in ({12}, {14}) and all("." not in text for text in texts):
        pattern = "%Y%m%d%H%M" if digits == {12} else "%Y%m%d%H%M%S"
        return _joined(_by_format(texts, lines, label, pattern), [None] * len(texts))
    unit = _EPOCHS.get(max(digits)) if max(digits) - min(digits) < 2 and max(digits) in _EPOCHS else None
    if unit is None:
        return None
    stamps = np.array([int(text.split(".")[0]) for text in texts], dtype=np.int64).astype(f"datetime64[{unit}]")
    days = stamps.astype("datetime64[D]")
    if (stamps - days == stamps[0] - days[0]).all():
        return Times(days)
    return Times(stamps, zone="UTC")


def _decimal_years(values: np.ndarray) -> Times | None:
    """Months or quarters written as 1949.083: a year and a fraction; None for other numbers."""
    months = values * 12
    near = np.round(months)
    if not ((values >= 1000) & (values < 3000)).all() or (np.abs(months - near) > 0.02).any():
        return None
    days = (near.astype(np.int64) - 12 * 1970).astype("datetime64[M]").astype("datetime64[D]")
    return Times(days, "Q" if not (near % 3).any() else "M")


def _steps(texts: Sequence[str], lines: Sequence[int], label: str) -> np.ndarray:
    values = _numbers(texts, lines, label)
    whole = values.astype(np.int64) if (np.abs(values) < 2**53).all() else values
    return whole if np.array_equal(whole, values) else values


def _numbers(texts: Sequence[str], lines: Sequence[int], label: str) -> np.ndarray:
    for text, line in zip(texts, lines, strict=True):
        if not _NUMBER.fullmatch(text):
            raise DataError(f"{label}:{line}: must be a number, as the other rows have; got {shown(text)}.")
    return np.array([float(text) for text in texts])


def _one_style(texts: Sequence[str], lines: Sequence[int], label: str) -> tuple[str, list[re.Match[str]]]:
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


def _month_first(texts: Sequence[str], matches: Sequence[re.Match[str]], label: str) -> bool:
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
        month, day = _month_of(parts), parts["d"]
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
    has_month = "%j" in pattern or any(month in pattern for month in ("%m", "%b", "%B"))
    if not has_month or not ("%Y" in pattern or "%y" in pattern):
        raise DataError(
            f"The date format must name month and year; got {shown(date_format)}.",
            hint="Examples: DD/MM/YYYY, MM/DD/YYYY, %d.%m.%y, '%d %B %Y', %b-%y, excel, step.",
        )
    return pattern


def _by_format(texts: Sequence[str], lines: Sequence[int], label: str, pattern: str) -> list[tuple[date, int]]:
    moments = []
    for text, line in zip(texts, lines, strict=True):
        try:
            moment = datetime.strptime(text, pattern)
        except (ValueError, re.error):
            raise DataError(f"{label}:{line}: must be a date of the form {pattern!r}; got {shown(text)}.") from None
        into = ((60 * moment.hour + moment.minute) * 60 + moment.second) * 10**9 + 1000 * moment.microsecond
        moments.append((moment.date(), into))
    return moments
