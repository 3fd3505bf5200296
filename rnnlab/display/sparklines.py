"""A course of numbers as one line of blocks of different heights."""

import math
from collections.abc import Sequence
from itertools import pairwise

BLOCKS = "▁▂▃▄▅▆▇█"
RATIO = 100.0  # between largest and smallest, from which on heights are logarithms


def sparkline(values: Sequence[float], width: int) -> str:
    """The values, of more than `width` the means of as many shares, as blocks between the least and the largest.

    Infinite ones are left out; "" where nothing is left.
    """
    values = [value for value in values if math.isfinite(value)]
    if not values:
        return ""
    if len(values) > width:
        ends = [round(place * len(values) / width) for place in range(width + 1)]
        values = [sum(values[a:b]) / (b - a) for a, b in pairwise(ends)]
    if min(values) > 0 and max(values) / min(values) > RATIO:
        values = [math.log(value) for value in values]
    low, high = min(values), max(values)
    heights = [(value - low) / (high - low) if high > low else 0.0 for value in values]
    return "".join(BLOCKS[min(int(height * len(BLOCKS)), len(BLOCKS) - 1)] for height in heights)
