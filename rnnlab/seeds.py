"""One number for many seeds."""

import math
from collections.abc import Iterable
from statistics import median_high, median_low


def median(values: Iterable[float]) -> float:
    """Median of the finite values, NaN where there is none; the mean of the two in the middle does not overflow."""
    finite = [float(value) for value in values if math.isfinite(value)]
    if not finite:
        return math.nan
    one, other = median_low(finite), median_high(finite)
    total = one + other
    return total / 2 if math.isfinite(total) else one / 2 + other / 2
