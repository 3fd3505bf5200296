"""Many seeds in three numbers: their median, and the interval between their 5 % and 95 % quantiles."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

LOW, HIGH = 0.05, 0.95  # `rnnlab.words.INTERVAL` says so


@dataclass(frozen=True)
class Spread:
    """Median of the seeds, and the ends of their interval; NaN where no seed has a number."""

    median: float
    low: float
    high: float


def spread(values: Iterable[float | None]) -> Spread:
    """Median and interval of the seeds, by the rule of `quantiles`; None counts as NaN."""
    return Spread(*map(float, quantiles(np.array(list(values), float), (0.5, LOW, HIGH))))


def quantiles(values: ArrayLike, fractions: Sequence[float]) -> list[NDArray[np.float64]]:
    """Quantiles over the first axis, linear between order statistics, as numpy's own.

    NaN is left out; infinite values count. The result is NaN where nothing is left, and between -inf and inf.
    `numpy.nanquantile` goes through every column in Python, and spoils a value that has an infinite neighbour.

    Parameters
    ----------
    values : array of shape (R, ...)
    fractions : sequence of float in [0, 1]

    Returns
    -------
    list of arrays of shape (...)
    """
    values = np.asarray(values, float)
    if not len(values):
        values = np.full((1, *values.shape[1:]), np.nan)
    ordered = np.sort(values, axis=0)
    last = np.maximum(np.sum(~np.isnan(values), axis=0) - 1, 0)
    found = []
    for fraction in fractions:
        place = fraction * last
        weight = place - np.floor(place)
        lower, upper = (
            np.take_along_axis(ordered, end(place).astype(int)[np.newaxis], axis=0)[0] for end in (np.floor, np.ceil)
        )
        with np.errstate(invalid="ignore"):
            found.append(np.where(lower == upper, lower, (1 - weight) * lower + weight * upper))
    return found


def places_of(values: NDArray, seeds: NDArray) -> NDArray[np.intp]:
    """The place of each of the values, (N,), among the seeds, (R,), which are all different.

    Raises
    ------
    ValueError
        For a value that is none of them.
    """
    order = np.argsort(seeds)
    places = order[np.minimum(np.searchsorted(seeds, values, sorter=order), len(seeds) - 1)]
    if len(strange := values[seeds[places] != values]):
        raise ValueError(f"got {strange[0]:g}")
    return places
