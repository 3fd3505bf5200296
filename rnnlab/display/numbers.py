"""Numbers for people: as many digits as mean something."""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rnnlab.seeds import Spread

MOST_DIGITS = 6
FEWEST_DIGITS = 3
ROUNDING = 1e-9  # an interval whose width is at most this share of the median is none: the seeds agree
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


def bracketed(median: str, low: str, high: str) -> str:
    """`median [low, high]`; the median alone where the three are the same."""
    return median if low == median == high else f"{median} [{low}, {high}]"


def with_interval(spread: "Spread") -> str:
    """Median and interval of the seeds, with as many digits as show how wide it is."""
    place = place_for(spread)
    if _agree(spread):
        return beside(spread.median, place)
    return bracketed(*(beside(value, place) for value in (spread.median, spread.low, spread.high)))


def interval(spread: "Spread") -> str:
    """The interval of the seeds alone; nothing where they agree, or none has a number."""
    place = place_for(spread)
    return (
        ""
        if _agree(spread) or math.isnan(spread.median)
        else f"[{beside(spread.low, place)}, {beside(spread.high, place)}]"
    )


def place_for(spread: "Spread") -> int:
    """The power of ten that numbers of a row are written down to: the second digit of the interval's width.

    The third digit of the median where it has none.
    """
    if not _agree(spread) and (width := spread.high - spread.low) < math.inf:
        return _magnitude(width) - 1
    if not math.isfinite(spread.median) or spread.median == 0:
        return 0
    return _magnitude(spread.median) + 1 - FEWEST_DIGITS


def _agree(spread: "Spread") -> bool:
    """Whether the seeds have one value, but for rounding."""
    return spread.high - spread.low <= ROUNDING * abs(spread.median) < math.inf


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
    shorter = 2 if float(f"{low:.2f}") <= middle <= float(f"{high:.2f}") and rate(low) != rate(high) else 3
    return bracketed(rate(middle), rate(low, shorter), rate(high, shorter))


def infinite_rates(rates: Iterable[float]) -> str:
    """What -inf and inf stand for, where they occur among the rates; else nothing."""
    rates = set(rates)
    said = ["Rate -inf: the gradient is exactly 0."] * (-math.inf in rates)
    said += ["Rate inf: the gradient overflows."] * (math.inf in rates)
    return " ".join(said)


def _magnitude(value: float, digits: int = 3) -> int:
    """The power of ten of the leading digit, once the value is rounded to so many digits."""
    return int(f"{abs(value):.{digits - 1}e}".partition("e")[2])
