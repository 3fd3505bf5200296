"""Levels, quantiles and ranks in exact arithmetic.

The float 0.9 is not 9/10, and 100 * 0.55 is above 55: a ceiling of floats is one too high now and then. A level is
therefore read as the shortest decimal of its float, which is what a user writes.
"""

import math
from fractions import Fraction


def exact(number: float) -> Fraction:
    """The shortest decimal that gives this float: 0.1 is 1/10 (ValueError unless finite)."""
    if not math.isfinite(number):
        raise ValueError(f"A finite number is needed; got {number}.")
    return Fraction(repr(float(number)))


def exact_level(level: float) -> Fraction:
    """A level as `exact` reads it (ValueError unless 0 < level < 1)."""
    if not 0.0 < level < 1.0:
        raise ValueError(f"A level is a fraction between 0 and 1, as in 0.9; got {level:g}.")
    return exact(level)


def quantiles_of(level: float) -> tuple[float, float]:
    """The quantiles at the ends of the central interval: (1 - level) / 2 and (1 + level) / 2.

    Level 0.9 gives 0.05 and 0.95, to the last bit.

    Raises
    ------
    ValueError
        Unless 0 < level < 1.
    """
    inside = exact_level(level)
    return float((1 - inside) / 2), float((1 + inside) / 2)


def level_between(low: float, high: float) -> float:
    """The level of the central interval between two quantiles: high - low, to the last bit; inverse of `quantiles_of`.

    Raises
    ------
    ValueError
        Unless 0 < low < high < 1 and low + high = 1 as decimals.
    """
    if not 0.0 < low < high < 1.0 or exact(low) + exact(high) != 1:
        raise ValueError(
            f"Two quantiles that sum to 1, the lower first, are needed, as in 0.05, 0.95; got {low}, {high}."
        )
    return float(exact(high) - exact(low))


def rank_of(level: Fraction, count: int) -> int:
    """ceil((n + 1) level): which of n ordered scores, from 1 on, bounds a new one with at least this probability."""
    return math.ceil((count + 1) * level)


def rows_needed(level: float) -> int:
    """ceil(level / (1 - level)): the fewest calibration rows n whose rank ceil((n + 1) level) exists, i.e. is <= n.

    9 for level 0.9, 19 for 0.95, 99 for 0.99.

    Raises
    ------
    ValueError
        Unless 0 < level < 1.
    """
    inside = exact_level(level)
    return math.ceil(inside / (1 - inside))
