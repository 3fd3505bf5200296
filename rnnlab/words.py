"""Words of a sentence, and names of columns."""

import re
from collections.abc import Sequence

INTERVAL = "5–95 %"  # of the seeds: between these quantiles
QUANTILES = "5 % to 95 % quantiles of the seeds"
MEDIANS = f"Medians of the seeds [{INTERVAL}]"  # what a table shows

LARGEST_FLOAT = "1.8e+308"


def count(number: int, noun: str) -> str:
    """`1 seed`, `5 seeds`, `1,200 seeds`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def listed(words: Sequence[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


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


def rough_duration(seconds: float) -> str:
    """`45 seconds`, `2 minutes`, `3 hours`: rounded up, in the largest unit of which there are two."""
    units = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
    size, unit = next((one for one in units if seconds >= 2 * one[0]), units[-1])
    return count(max(1, -int(-seconds // size)), unit)


def seeds_shown(*seeds: int, interval: bool = True) -> str:
    """`1 seed`; `median of 5 seeds, 5–95 %`, or without the interval; `median of 5 to 10 seeds` of several numbers."""
    fewest, most = min(seeds), max(seeds)
    if most == 1:
        return count(most, "seed")
    return f"median of {f'{fewest:,} to ' * (fewest < most)}{count(most, 'seed')}" + f", {INTERVAL}" * interval


def spread_aside(seeds: int, low: str, high: str, unit: str = "") -> str:
    """` (median of 5 seeds, 5–95 %: 248 to 327)`, to follow the median; nothing where both ends are the same."""
    return "" if low == high else f" ({seeds_shown(seeds)}: {low} to {high}{unit})"


def key_of(name: str) -> str:
    """A name in whichever case and punctuation: ``Adj Close`` and ``<CLOSE>`` as ``adj_close`` and ``close``."""
    return re.sub(r"[\W_]+", "_", name.casefold()).strip("_")


def alike(name: str, other: str) -> bool:
    """Whether two names are the same but for case and punctuation; names of punctuation alone must be the same."""
    return name == other or key_of(name) == key_of(other) != ""
