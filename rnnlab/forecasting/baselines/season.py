"""How long the season of a series is, from its dates."""

import numpy as np
from numpy.typing import ArrayLike


def season_of(dates: ArrayLike) -> int | None:
    """Rows in the season that the calendar of the dates suggests; None where it suggests none.

    - Several rows a week, over two weeks or more: the number of weekdays that occur in more than half of the weeks
      with rows: 5 for trading days, 6 without Sundays, 7 for every day. None where more than a fifth of the rows
      fall on other weekdays: rows of every other day have no season.
    - Weeks: 52, months 12, quarters 4.

    Parameters
    ----------
    dates : datetime64[D] array of shape (n,), increasing
        Of the training rows.
    """
    days = np.asarray(dates, dtype="datetime64[D]").astype(np.int64)
    if len(days) < 2:
        return None
    distance = float(np.median(np.diff(days)))
    if distance < 7:
        if days[-1] - days[0] < 13:
            return None  # less than two weeks show no week
        week, weekday = np.divmod(days + 3, 7)  # 1970-01-01 was a Thursday; Monday is 0
        times = np.bincount(weekday, minlength=7)
        regular = times[times > len(np.unique(week)) / 2]
        return len(regular) if len(regular) > 1 and regular.sum() > 0.8 * len(days) else None
    seasons = (((7, 7), 52), ((28, 31), 12), ((89, 92), 4))
    return next((rows for (low, high), rows in seasons if low <= distance <= high), None)
