"""Numbers for people: as many digits as mean something."""

import math
from collections.abc import Iterable

MOST_DIGITS = 6
FEWEST_DIGITS = 3
MISSING = "–"


def significant(value: float | None, digits: int = 3) -> str:
    """The value with `digits` significant digits, in scientific form where it is very small or very large."""
    if value is None or not math.isfinite(value):
        return MISSING if value is None or math.isnan(value) else str(value)
    if value == 0:
        return "0"
    magnitude = _magnitude(value, digits)
    if not -3 <= magnitude < 6:
        return f"{value:.{digits - 1}e}"
    return f"{value:,.{max(digits - 1 - magnitude, 0)}f}"


def with_range(median: float | None, low: float | None, high: float | None) -> str:
    """`median [low, high]`; the median alone where there is no range."""
    place = place_for(median, low, high)
    middle = beside(median, place)
    if low is None or high is None:
        return middle
    return f"{middle} [{beside(low, place)}, {beside(high, place)}]"


def place_for(median: float | None, low: float | None, high: float | None) -> int:
    """The power of ten that numbers of a row are written down to: the second digit of the range of the seeds.

    The third digit of the median where there is no range.
    """
    if low is not None and high is not None and 0 < (width := high - low) < math.inf:
        return _magnitude(width) - 1
    if median is None or not math.isfinite(median) or median == 0:
        return 0
    return _magnitude(median) + 1 - FEWEST_DIGITS


def beside(value: float | None, place: int) -> str:
    """A value written down to the power of ten `place`, but with three to six significant digits of its own."""
    if value is None or not math.isfinite(value) or value == 0:
        return significant(value)
    return significant(value, min(max(_magnitude(value) - place + 1, FEWEST_DIGITS), MOST_DIGITS))


def percent(share: float) -> str:
    """A share in [0, 1] as a percentage: a whole one, but never 0 % or 100 % for what is not exactly that."""
    if 0 < share < 0.01:
        return "<1 %"
    if 0.99 < share < 1:
        return ">99 %"
    return f"{100 * share:.0f} %"


def rate(value: float | None, places: int = 3) -> str:
    """A growth rate with its sign, `-inf` and `inf` as such."""
    if value is None or math.isnan(value):
        return MISSING
    return f"{value:+.{places}f}" if math.isfinite(value) else str(value)


def rate_with_interval(middle: float, low: float, high: float) -> str:
    """`-0.441 [-0.54, -0.31]`: the ends shorter, unless the rate would then lie outside of them."""
    for places in (2, 3):
        if float(f"{low:.{places}f}") <= middle <= float(f"{high:.{places}f}"):
            break
    return f"{rate(middle)} [{rate(low, places)}, {rate(high, places)}]"


def infinite_rates(rates: Iterable[float]) -> str:
    """What -inf and inf stand for, where they occur among the rates; else nothing."""
    rates = set(rates)
    said = ["Rate -inf: the gradient is exactly 0."] * (-math.inf in rates)
    said += ["Rate inf: the gradient overflows."] * (math.inf in rates)
    return " ".join(said)


def _magnitude(value: float, digits: int = 3) -> int:
    """The power of ten of the leading digit, once the value is rounded to so many digits."""
    return int(f"{abs(value):.{digits - 1}e}".partition("e")[2])
