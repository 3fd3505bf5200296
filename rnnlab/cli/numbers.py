"""Numbers for people: as many digits as mean something."""

import math

MOST_DIGITS = 6
MOST_PLACES = 8
NEGLIGIBLE = 1e-3
MISSING = "–"


def significant(value: float | None, digits: int = 3) -> str:
    """The value with `digits` significant digits, in scientific form where it is very small or very large."""
    if value is None or not math.isfinite(value):
        return MISSING if value is None or math.isnan(value) else str(value)
    if value == 0:
        return "0"
    if not 1e-3 <= abs(value) < 1e6:
        return f"{value:.{digits - 1}e}"
    return f"{value:,.{max(digits - 1 - _magnitude(value), 0)}f}"


def with_spread(mean: float | None, sd: float | None, decimals: int) -> str:
    """`mean ± sd` with `decimals` places; the mean alone where there is no spread."""
    if sd is None or not math.isfinite(sd):
        return fixed(mean, decimals)
    return f"{fixed(mean, decimals)} ± {fixed(sd, decimals)}"


def fixed(value: float | None, decimals: int) -> str:
    """The value with `decimals` places, in scientific form where that would be long."""
    if value is None or not math.isfinite(value):
        return significant(value)
    if abs(value) >= 1e9 or decimals > MOST_PLACES:
        digits = min(max(decimals + _magnitude(value), 1), MOST_DIGITS - 1)
        return f"{value:.{digits}e}" if value else "0"
    text = f"{value:,.{decimals}f}"
    return text if text.strip("-0.,") else text.lstrip("-")


def decimals_for(mean: float | None, sd: float | None) -> int:
    """How many places `mean ± sd` needs.

    Two significant digits of the standard deviation, three of the mean where there is no spread, and no more
    than `MOST_DIGITS` of the mean.
    """
    if sd is not None and math.isfinite(sd) and sd > 0:
        most = MOST_DIGITS - 1 - _magnitude(mean) if mean and math.isfinite(mean) else MOST_PLACES
        return max(min(1 - _magnitude(sd), most), 0)
    if mean is None or not math.isfinite(mean) or mean == 0:
        return 0
    return max(2 - _magnitude(mean), 0)


def beside(value: float | None, mean: float | None, decimals: int) -> str:
    """A value to be compared with a mean shown with `decimals` places: as many, and at least three digits."""
    if value is None or not math.isfinite(value):
        return significant(value)
    if abs(value) <= NEGLIGIBLE * abs(mean or 0.0):
        return fixed(value, decimals)
    return fixed(value, max(decimals, 2 - _magnitude(value)))


def duration(seconds: float) -> str:
    """`0.8 s`, `12 s`, `3 min 20 s`, `2 h 05 min`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def percent(share: float) -> str:
    """A share in [0, 1] as a percentage: a whole one, but never 0 % or 100 % for what is not exactly that."""
    if 0 < share < 0.01:
        return "<1 %"
    if 0.99 < share < 1:
        return ">99 %"
    return f"{100 * share:.0f} %"


def count(number: int, noun: str) -> str:
    """`1 seed`, `5 seeds`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _magnitude(value: float) -> int:
    """The power of ten of the leading digit, once the value is rounded to two digits."""
    return int(f"{abs(value):.1e}".partition("e")[2])
