"""Calendars, held against the offsets of pandas; holes; what comes next."""

import numpy as np
import pandas as pd
import pytest

from rnnlab.data.calendar import Hole, Irregular, Trading, calendar_of, holes

OFFSETS = {
    "D": ("daily", 7), "2D": ("every 2 days", None), "B": ("business days", 5), "W-SUN": ("weekly", 52),
    "W-WED": ("weekly", 52), "2W-MON": ("every 2 weeks", None), "MS": ("monthly", 12), "ME": ("monthly", 12),
    "BME": ("monthly", 12), "BMS": ("monthly", 12), "QS": ("quarterly", 4), "QE": ("quarterly", 4),
    "YS": ("yearly", None), "YE": ("yearly", None), "2MS": ("every 2 months", None), "6ME": ("half-yearly", None),
    "h": ("hourly", 24), "6h": ("every 6 hours", 4), "30min": ("every 30 minutes", 48),
    "15min": ("every 15 minutes", 96), "min": ("every minute", 60), "5s": ("every 5 seconds", 12),
    "100ms": ("every 100 milliseconds", None),
}  # fmt: skip


def stamps_of(offset, start, rows=80):
    stamps = pd.date_range(start, periods=rows, freq=offset)
    unit = "D" if (stamps == stamps.normalize()).all() else "ms"
    return stamps.to_numpy().astype(f"datetime64[{unit}]")


@pytest.mark.parametrize("start", ["2000-01-01", "2019-12-30", "1950-06-17"])
@pytest.mark.parametrize("offset", OFFSETS)
def test_a_calendar_is_that_of_pandas_and_goes_on_as_pandas_does(offset, start):
    stamps = stamps_of(offset, start)
    known, coming = stamps[:60], stamps[60:]
    calendar = calendar_of(known)
    assert (calendar.words, calendar.season) == OFFSETS[offset]
    assert calendar.offset == offset
    np.testing.assert_array_equal(calendar.after(known, 20), coming)
    np.testing.assert_array_equal(np.diff(calendar.position(stamps)), 1)
    assert holes(calendar, known) == []


@pytest.mark.parametrize("offset", [name for name in OFFSETS if name != "B"])
def test_holes_are_found_where_rows_were_taken_out(offset):
    stamps = stamps_of(offset, "2001-01-01", 60)
    kept = np.delete(stamps, [10, 11, 12, 40])
    assert holes(calendar_of(kept), kept) == [Hole(stamps[9], stamps[13], 3), Hole(stamps[39], stamps[41], 1)]
    np.testing.assert_array_equal(calendar_of(kept).after(kept, 5), calendar_of(stamps).after(stamps, 5))


def test_a_day_without_trading_is_no_hole_and_weekends_are_not_forecast():
    days = stamps_of("B", "2023-01-02", 250)
    kept = np.delete(days, [0, 34, 68, 104, 105])
    calendar = calendar_of(kept)
    assert (calendar.words, holes(calendar, kept)) == ("business days", [])
    friday = kept[: int(np.flatnonzero(kept == np.datetime64("2023-06-30"))[0]) + 1]
    assert calendar.after(friday, 2).astype(str).tolist() == ["2023-07-03", "2023-07-04"]


def test_the_days_of_a_shop_have_a_mask():
    days = np.arange("2024-01-01", "2024-06-01", dtype="datetime64[D]")
    days = days[(days.astype(int) + 3) % 7 != 6]
    calendar = calendar_of(days)
    assert (calendar.words, calendar.offset, calendar.season) == ("Mon to Sat", "C", 6)
    coming = pd.date_range(
        "2024-06-01", periods=10, freq=pd.offsets.CustomBusinessDay(weekmask="Mon Tue Wed Thu Fri Sat")
    )
    np.testing.assert_array_equal(calendar.after(days, 10), coming.to_numpy().astype("datetime64[D]"))


def test_hours_of_trading_have_sessions():
    days = stamps_of("B", "2024-01-01", 30).astype("datetime64[m]")
    times = np.arange(570, 960, 5).astype("timedelta64[m]")
    stamps = (days[:, None] + times).ravel()
    cut = np.delete(stamps, slice(78 * 10 + 40, 78 * 11))  # a short day
    for one in (stamps, cut):
        calendar = calendar_of(one)
        assert isinstance(calendar, Trading)
        assert (calendar.words, calendar.season, holes(calendar, one)) == ("78 times a day, Mon to Fri", 78, [])
    assert str(stamps[-1]) == "2024-02-09T15:55"
    assert calendar.after(stamps, 79).astype(str)[[0, 77, 78]].tolist() == [
        "2024-02-12T09:30",
        "2024-02-12T15:55",
        "2024-02-13T09:30",
    ]
    assert calendar.after(stamps[:10], 1).astype(str).tolist() == ["2024-01-01T10:20"]


def days(start="2020-01-01", stop="2021-01-01", step=1, without=()):
    found = np.arange(start, stop, step, dtype="datetime64[D]")
    return found[~np.isin((found.astype(int) + 3) % 7, without)]


@pytest.mark.parametrize(
    ("dates", "season"),
    [
        (days(), 7),
        (days(without=(5, 6)), 5),
        (days(without=(6,)), 6),
        (days(without=(0, 6)), 5),
        (days(without=(1, 3, 5, 6)), 3),
        (np.delete(days(without=(6,)), [3, 9, 10, 40, 41, 42, 43, 44, 77]), 6),
        (np.union1d(days(without=(5, 6)), days(without=range(5))[::4]), 5),
        (np.concatenate([days("2012-01-01", "2012-04-01", without=(6,)), days(without=(6,))]), 6),
        (days(step=2), None),
        (days(step=3), None),
        (np.delete(days(step=7, stop="2022-06-01"), [4, 30]), 52),
        (days("2000-01-01", "2020-01-01", step=10), None),
        (days(stop="2020-01-02"), None),
        (days(stop="2020-01-01"), None),
    ],
    ids=[
        "days", "trading days", "without Sundays", "closed on Sundays and Mondays", "three days a week",
        "days missing", "a Saturday or Sunday now and then", "years missing", "every other day", "every third day",
        "weeks", "ten days", "one row", "none",
    ],
)  # fmt: skip
def test_the_season_follows_from_the_calendar(dates, season):
    assert calendar_of(dates).season == season


def test_times_without_a_pattern_are_irregular():
    rng = np.random.default_rng(0)
    stamps = np.datetime64("2024-01-01", "s") + np.cumsum(rng.integers(1, 10**6, 200))
    calendar = calendar_of(stamps)
    assert calendar == Irregular()
    assert calendar.after(stamps, 3) is None
    assert holes(calendar, stamps) == []


def test_steps_are_numbered_as_they_are():
    steps = np.array([10, 20, 30, 50, 60])
    calendar = calendar_of(steps)
    assert (calendar.words, calendar.after(steps, 2).tolist()) == ("steps of 10", [70, 80])
    assert holes(calendar, steps) == [Hole(30, 50, 1)]
    thirds = np.arange(30) / 3
    np.testing.assert_allclose(calendar_of(thirds).after(thirds, 3), np.arange(30, 33) / 3, rtol=1e-12)


def test_years_before_the_common_range_of_computers_are_years():
    years = np.arange("0001", "0400", dtype="datetime64[Y]").astype("datetime64[D]")
    assert calendar_of(years).words == "yearly"
    assert calendar_of(years).after(years, 1).astype(str).tolist() == ["0400-01-01"]


@pytest.mark.parametrize(("last", "words"), [(19, "steps"), (20, "irregular")])
def test_a_calendar_has_a_row_at_half_of_its_times_or_more(last, words):
    assert calendar_of(np.array([*range(9), last])).words == words


def test_a_week_whose_row_came_early_goes_on_at_its_usual_day():
    days = np.array(["2024-01-05", "2024-01-12", "2024-01-18", "2024-01-26", "2024-02-02"], dtype="datetime64[D]")
    calendar = calendar_of(days)
    assert (calendar.words, calendar.offset) == ("weekly", "W-FRI")
    assert calendar.after(days, 2).astype(str).tolist() == ["2024-02-09", "2024-02-16"]
    assert holes(calendar, np.delete(days, 3)) == [Hole(days[2], days[4], 1)]
    early = days[days != np.datetime64("2024-01-05")]
    assert calendar_of(early[[1, 0, 2, 3]][np.argsort(early[[1, 0, 2, 3]])]).offset == "W-FRI"


@pytest.mark.parametrize(
    ("mask", "times", "words"),
    [
        ("1111100", 0, "business days"), ("1111110", 0, "Mon to Sat"), ("0111110", 0, "Tue to Sat"),
        ("1010100", 0, "Mon, Wed, Fri"), ("1100000", 0, "every Mon, Tue"), ("1010000", 0, "every Mon, Wed"),
        ("1111100", 7, "7 times a day, Mon to Fri"), ("1010000", 2, "2 times a day, Mon, Wed"),
    ],
)  # fmt: skip
def test_days_of_the_week_have_words(mask, times, words):
    days = tuple(digit == "1" for digit in mask)
    assert Trading(days, tuple(np.arange(times).astype("timedelta64[h]"))).words == words


def trading(days, times=(9, 10, 11, 12, 13)):
    stamps = [np.datetime64(day, "h") + np.timedelta64(hour, "h") for day in days for hour in times]
    return np.array(stamps, dtype="datetime64[h]")


def test_sessions_need_three_days_and_two_times():
    week = ["2024-01-01", "2024-01-02", "2024-01-03"]
    assert calendar_of(trading(week, (9, 10, 12))).words == "3 times a day, Mon to Wed"
    assert calendar_of(trading(week[:2], (9, 10, 19))).words == "irregular"
    assert calendar_of(trading(["2024-01-01", "2024-01-02", "2024-01-06"], (9, 19))).words != "hourly"


@pytest.mark.parametrize(("dropped", "words"), [(20, "5 times a day, Mon to Fri"), (21, "irregular")])
def test_sessions_have_a_row_at_four_fifths_of_their_times_or_more(dropped, words):
    stamps = trading(stamps_of("B", "2024-01-01", 20))
    inner = np.setdiff1d(np.arange(1, 99), np.arange(0, 100, 5))
    kept = np.delete(stamps, inner[:: len(inner) // 21][:dropped])
    assert calendar_of(kept).words == words


def test_two_times_may_lie_centuries_apart():
    calendar = calendar_of(np.array(["0001-01-01", "2024-01-02"], "datetime64[D]"))
    assert (calendar.words, calendar.season) == ("every 738886 days", None)
