"""The calendar of a series: a numbering of its times, in which neighbours differ by one and a hole by more.

| calendar    | times                                            | pandas offsets          |
|-------------|--------------------------------------------------|-------------------------|
| `Months`    | one day in every k-th month                      | MS, ME, BME, QS, YS, ... |
| `Every`     | a fixed distance apart, in time or as numbers    | D, W-SUN, h, 15min, ... |
| `Trading`   | some days of the week, at some times of the day  | B, C                    |
| `Irregular` | none that can be told                            | none                    |

A day without trading is no hole: the gaps of a `Trading` calendar are never counted or filled.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

LEAST_COVERAGE = 0.5  # of its times that must have a row
TRADING_COVERAGE = 0.8  # holidays take a few per cent
_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_UNITS = (("day", "D", 86_400_000_000_000), ("hour", "h", 3_600_000_000_000), ("minute", "min", 60_000_000_000),
          ("second", "s", 1_000_000_000), ("millisecond", "ms", 1_000_000), ("microsecond", "us", 1_000),
          ("nanosecond", "ns", 1))  # fmt: skip

ONE_DAY = np.timedelta64(1, "D")
Stamps = NDArray[Any]


@dataclass(frozen=True)
class Months:
    """One day in every ``step``-th month: the ``day``-th, or the last where the month is shorter.

    Parameters
    ----------
    step : int
        1 for months, 3 for quarters, 12 for years.
    day : int
        31 for the last day of each month.
    business : bool
        The nearest working day within the month instead: from the first on, or before the last.
    """

    step: int
    day: int
    business: bool = False
    has_holes: ClassVar[bool] = True

    @property
    def words(self) -> str:
        """``monthly``, ``quarterly``, ..."""
        known = {1: "monthly", 3: "quarterly", 6: "half-yearly", 12: "yearly"}
        return known.get(self.step, f"every {self.step} months")

    @property
    def offset(self) -> str | None:
        """The alias of the pandas offset, for the first or last day."""
        if self.day not in (1, 31):
            return None
        step, unit = {3: ("", "Q"), 12: ("", "Y"), 1: ("", "M")}.get(self.step, (str(self.step), "M"))
        return f"{step}{'B' * self.business}{unit}{'S' if self.day == 1 else 'E'}"

    @property
    def season(self) -> int | None:
        """Rows of a year."""
        return {1: 12, 3: 4}.get(self.step)

    def position(self, stamps: Stamps) -> NDArray[np.int64]:
        """The number of each time."""
        return _months(stamps) // self.step

    def after(self, stamps: Stamps, rows: int) -> Stamps:
        """The next times, shape (rows,)."""
        months = _months(stamps[-1:]) + self.step * np.arange(1, rows + 1)
        begin = _first_days(months)
        length = (_first_days(months + 1) - begin).astype(int)
        days = begin + (np.minimum(self.day, length) - 1).astype("timedelta64[D]")
        return np.busday_offset(days, 0, "following" if self.day == 1 else "preceding") if self.business else days


@dataclass(frozen=True)
class Every:
    """Times a fixed distance apart, from ``anchor`` on in both directions.

    Parameters
    ----------
    step : timedelta64, int or float
        A number for series over step numbers.
    anchor : datetime64 or number
    """

    step: Any
    anchor: Any
    has_holes: ClassVar[bool] = True

    @property
    def words(self) -> str:
        """``daily``, ``weekly``, ``every 15 minutes``, ``every 2 steps``."""
        if self.is_numbered:
            return "steps" if self.step == 1 else f"steps of {self.step:g}"
        size, unit, _ = self._size()
        if unit == "day" and size % 7 == 0:
            size, unit = size // 7, "week"
        known = {"day": "daily", "week": "weekly", "hour": "hourly"}
        return known.get(unit, f"every {unit}") if size == 1 else f"every {size} {unit}s"

    @property
    def offset(self) -> str | None:
        """The alias of the pandas offset."""
        if self.is_numbered:
            return None
        size, unit, alias = self._size()
        if unit == "day" and size % 7 == 0:
            size, alias = size // 7, f"W-{_NAMES[int(_weeks(self.anchor)[1])].upper()}"
        return f"{size if size > 1 else ''}{alias}"

    @property
    def season(self) -> int | None:
        """Rows of a week of days, of a year of weeks; else of a day, an hour or a minute, up to 96."""
        if self.is_numbered:
            return None
        size, unit, _ = self._size()
        if unit == "day":
            return {1: 7, 7: 52}.get(size)
        step, spans = self._nanoseconds, (span for name, _, span in _UNITS if name in ("day", "hour", "minute"))
        return next((span // step for span in spans if span % step == 0 and 2 <= span // step <= 96), None)

    @property
    def is_numbered(self) -> bool:
        """Whether the times are numbers."""
        return not isinstance(self.step, np.timedelta64)

    def position(self, stamps: Stamps) -> NDArray[np.int64]:
        """The number of each time: the nearest, for a week whose row came a day early."""
        return np.floor((stamps - self.anchor) / self.step + 0.5).astype(np.int64)

    def after(self, stamps: Stamps, rows: int) -> Stamps:
        """The next times, shape (rows,)."""
        return self.anchor + self.step * (int(self.position(stamps[-1:])[0]) + np.arange(1, rows + 1))

    @property
    def _nanoseconds(self) -> int:
        """The distance in nanoseconds, of which 64 bits hold no more than 292 years."""
        seconds, rest = divmod(self.step, np.timedelta64(1, "s"))
        return int(seconds) * 10**9 + int(rest // np.timedelta64(1, "ns"))

    def _size(self) -> tuple[int, str, str]:
        """The distance as a number of the largest unit it is a whole number of: the unit, and pandas's alias."""
        step = self._nanoseconds
        return next((step // size, unit, alias) for unit, alias, size in _UNITS if step % size == 0)


@dataclass(frozen=True)
class Trading:
    """Some days of the week, whole or at some times of the day.

    Parameters
    ----------
    mask : tuple of 7 bool
        The days, from Monday on.
    times : tuple of timedelta64
        Since midnight, increasing; empty for whole days.
    """

    mask: tuple[bool, ...]
    times: tuple[np.timedelta64, ...] = ()
    has_holes: ClassVar[bool] = False

    @property
    def words(self) -> str:
        """``business days``, ``Mon to Sat``, ``78 times a day, Mon to Fri``."""
        used = [name for name, on in zip(_NAMES, self.mask, strict=True) if on]
        in_a_row = list(_NAMES[_NAMES.index(used[0]) :][: len(used)]) == used and len(used) > 2
        days = f"{used[0]} to {used[-1]}" if in_a_row else ", ".join(used)
        if self.times:
            return f"{len(self.times)} times a day, {days}"
        return "business days" if self._is_business() else f"every {days}" if len(used) < 3 else days

    @property
    def offset(self) -> str | None:
        """The alias of the pandas offset; C takes a mask of weekdays."""
        return None if self.times else "B" if self._is_business() else "C"

    @property
    def season(self) -> int | None:
        """Rows of a week of days, or of a day."""
        return len(self.times) or sum(self.mask)

    def position(self, stamps: Stamps) -> NDArray[np.int64]:
        """The number of each time; one that is not of the calendar has the number of the one before."""
        days = stamps.astype("datetime64[D]")
        week, weekday = _weeks(days)
        number = week * sum(self.mask) + np.cumsum(self.mask)[weekday] - 1
        if not self.times:
            return number
        at = np.searchsorted(np.array(self.times), stamps - days, side="right") - 1
        return number * len(self.times) + at

    def after(self, stamps: Stamps, rows: int) -> Stamps:
        """The next times, shape (rows,)."""
        per_day = max(1, len(self.times))
        last = stamps[-1].astype("datetime64[D]")
        days = last + np.arange(0, 7 * (rows // (per_day * sum(self.mask)) + 3)).astype("timedelta64[D]")
        days = days[np.array(self.mask)[_weeks(days)[1]]]
        times = days if not self.times else (days[:, None] + np.array(self.times)).ravel()
        return times[times > stamps[-1]][:rows]

    def _is_business(self) -> bool:
        return self.mask == (True,) * 5 + (False,) * 2


@dataclass(frozen=True)
class Irregular:
    """Times without a pattern: nobody can say when the next row comes."""

    has_holes: ClassVar[bool] = False
    words: ClassVar[str] = "irregular"
    offset: ClassVar[None] = None
    season: ClassVar[None] = None

    def position(self, stamps: Stamps) -> NDArray[np.int64]:
        """The rows, counted."""
        return np.arange(len(stamps))

    def after(self, _stamps: Stamps, _rows: int) -> None:
        """None: the next times are not known."""


Calendar = Months | Every | Trading | Irregular


@dataclass(frozen=True)
class Hole:
    """Rows that a calendar has and a series lacks.

    Parameters
    ----------
    before, after : datetime64 or number
        The rows on both sides.
    rows : int
        How many are missing.
    """

    before: Any
    after: Any
    rows: int


def calendar_of(stamps: Stamps) -> Calendar:
    """The calendar that strictly increasing times, shape (N,), come from."""
    if len(stamps) < 2:
        return Irregular()
    if not np.issubdtype(stamps.dtype, np.datetime64):
        return _numbered(stamps) or Irregular()
    if stamps.dtype == np.dtype("datetime64[D]"):
        return _exact_months(stamps) or _week(stamps) or _fixed(stamps) or _loose(stamps) or Irregular()
    return _fixed(stamps) or _sessions(stamps) or Irregular()


def holes(calendar: Calendar, stamps: Stamps) -> list[Hole]:
    """Where rows are missing between strictly increasing times; none for calendars that know no holes."""
    if not calendar.has_holes:
        return []
    missing = np.diff(calendar.position(stamps)) - 1
    return [Hole(stamps[k], stamps[k + 1], int(missing[k])) for k in np.flatnonzero(missing > 0)]


def _numbered(stamps: Stamps) -> Every | None:
    if np.issubdtype(stamps.dtype, np.integer):
        return _covering(Every(int(np.gcd.reduce(np.diff(stamps))), stamps[0]), stamps)
    steps = np.diff(stamps)
    step = float(np.median(steps))
    return Every(step, stamps[0]) if np.allclose(steps, step, rtol=1e-6, atol=0) else None


def _fixed(stamps: Stamps) -> Every | None:
    steps = np.diff(stamps)
    return _covering(Every(np.gcd.reduce(steps.astype(np.int64)).astype(steps.dtype), stamps[0]), stamps)


def _covering(calendar: Any, stamps: Stamps, least: float = LEAST_COVERAGE) -> Any:
    """The calendar where it numbers every time differently and enough of its times have a row, else None."""
    numbers = calendar.position(stamps)
    covered = len(stamps) / (numbers[-1] - numbers[0] + 1)
    return calendar if (np.diff(numbers) > 0).all() and covered >= least else None


def _exact_months(days: Stamps) -> Months | None:
    """Months whose rows all stand on one day of theirs."""
    begin, end = _first_days(_months(days)), _first_days(_months(days) + 1) - ONE_DAY
    place = (days - begin).astype(int) + 1
    rules = (
        (place == place[0], int(place[0]), False),
        (days == end, 31, False),
        (days == np.busday_offset(end, 0, "preceding"), 31, True),
        (days == np.busday_offset(begin, 0, "following"), 1, True),
    )
    rule = next(((day, business) for holds, day, business in rules if holds.all()), None)
    return None if rule is None else _in_months(days, *rule)


def _in_months(days: Stamps, day: int, business: bool) -> Months | None:
    steps = np.diff(_months(days))
    if (steps < 1).any():
        return None
    return _covering(Months(int(np.gcd.reduce(steps)), day, business), days)


def _week(days: Stamps) -> Trading | None:
    """The days of the week that occur in more than half of the weeks, where most rows fall on them and most have one.

    Every day of the week is no such calendar, nor is a single one.
    """
    week, weekday = _weeks(days)
    used = np.bincount(weekday, minlength=7) > len(np.unique(week)) / 2
    if days[-1] - days[0] < np.timedelta64(13, "D"):
        used = np.arange(7) < 5  # less than two weeks show no week: days of work are likely
        if not used[weekday].all() or len(days) < 5:
            return None
    if not 1 < used.sum() < 7 or used[weekday].mean() < 0.8:
        return None
    expected = np.busday_count(days[0], days[-1] + ONE_DAY, weekmask=list(used))
    expected = min(expected, used.sum() * len(np.unique(week)))  # of the weeks with rows: years may be missing
    return Trading(tuple(used.tolist())) if len(days) >= TRADING_COVERAGE * expected else None


def _loose(days: Stamps) -> Every | Months | None:
    """Weeks or months with a row each, on a day that varies."""
    distance = float(np.median(np.diff(days).astype(int)))
    if 5 <= distance <= 9:
        weekday = _weeks(days)[1]
        return _covering(Every(np.timedelta64(7, "D"), days[weekday == np.bincount(weekday).argmax()][0]), days)
    if distance < 25:
        return None
    place = int(np.median((days - _first_days(_months(days))).astype(int))) + 1
    return _in_months(days, 31 if place > 25 else place, False)


def _sessions(stamps: Stamps) -> Trading | None:
    """The times of day that most days have, on the days of the week that most weeks do."""
    days = stamps.astype("datetime64[D]")
    unique = np.unique(days)
    times, counts = np.unique(stamps - days, return_counts=True)
    times = times[counts > len(unique) / 2]
    if len(unique) < 3 or len(times) < 2:
        return None
    week, weekday = _weeks(unique)
    used = np.bincount(weekday, minlength=7) > len(np.unique(week)) / 2
    if not used.any():
        return None
    return _covering(Trading(tuple(used.tolist()), tuple(times)), stamps, TRADING_COVERAGE)


def _months(stamps: Stamps) -> NDArray[np.int64]:
    return stamps.astype("datetime64[M]").astype(np.int64)


def _first_days(months: NDArray[np.int64]) -> Stamps:
    return months.astype("datetime64[M]").astype("datetime64[D]")


def _weeks(days: Any) -> tuple[Any, Any]:
    """The week of each day, counted, and the day in it: Monday is 0 (1970-01-01 was a Thursday)."""
    return np.divmod(np.asarray(days).astype("datetime64[D]").astype(np.int64) + 3, 7)
