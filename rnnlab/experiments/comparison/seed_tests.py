"""Whether one run is better than another, or luckier in its seeds: t-tests over the seeds."""

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from rnnlab.forecasting.multiple import holm
from rnnlab.forecasting.student import two_sided_p_value

LARGEST = sys.float_info.max
LEVEL = 0.05
FEWEST_SEEDS = 3  # fewer do not show how much seeds differ
ROUNDING = 1e-9  # a difference of this share of the metric is none


@dataclass(frozen=True)
class SeedTest:
    """Student's t-test of a metric of two runs over their seeds.

    Attributes
    ----------
    first, second : int
        Places of the runs.
    difference : float
        Mean over the seeds of the first run, less that of the second; the largest number there is where it is larger.
    paired : bool
        Whether the runs have the same seeds.
    seeds : (int, int)
        Of the first run, and of the second.
    p_value : float
        Two-sided; after Holm's correction for all tests that were made together.
    pairs : int
        Tests that were made together.
    """

    first: int
    second: int
    difference: float
    paired: bool
    seeds: tuple[int, int]
    p_value: float
    pairs: int = 1

    @property
    def is_significant(self) -> bool:
        """Whether the difference is larger than the seeds let one expect by chance."""
        return self.p_value < LEVEL


def seed_tests(values: Mapping[int, Mapping[int, float]], against: int | None = None) -> list[SeedTest]:
    """Test every pair of runs: paired by seed where both have the same seeds, else Welch's test.

    The p-values are corrected for their number by Holm's method.

    Parameters
    ----------
    values : mapping of int to mapping of int to float
        Place of a run -> seed -> its metric. Three seeds or more, all finite.
    against : int, optional
        The place of the only run that the others are tested against, each as the first of its pair.

    Source: Welch 1947, "The generalization of Student's problem when several different population variances are
    involved".
    """
    pairs = combinations(values, 2) if against is None else ((one, against) for one in values if one != against)
    found = [_test(first, values[first], second, values[second]) for first, second in pairs]
    p_values = holm([one.p_value for one in found])
    return [
        SeedTest(one.first, one.second, one.difference, one.paired, one.seeds, p_value, len(found))
        for one, p_value in zip(found, p_values, strict=True)
    ]


def _test(first: int, ours: Mapping[int, float], second: int, theirs: Mapping[int, float]) -> SeedTest:
    paired = ours.keys() == theirs.keys()
    a = np.array(list(ours.values()))
    b = np.array([theirs[seed] for seed in ours] if paired else list(theirs.values()))
    scale = float(max(np.abs(a).max(), np.abs(b).max())) or 1.0  # so that no square overflows
    a, b = a / scale, b / scale
    mean = float(np.mean(a) - np.mean(b))
    if paired:
        variance, freedom = float(np.var(a - b, ddof=1)) / len(a), len(a) - 1.0
    else:
        variance, freedom = _welch(a, b)
    difference = float(np.clip(mean * scale, -LARGEST, LARGEST))
    return SeedTest(first, second, difference, paired, (len(a), len(b)), _p_value(mean, variance, freedom))


def _welch(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """Variance of the difference of the means, and its degrees of freedom."""
    parts = [float(np.var(one, ddof=1)) / len(one) for one in (a, b)]
    below = sum(part**2 / (len(one) - 1) for part, one in zip(parts, (a, b), strict=True))
    return sum(parts), sum(parts) ** 2 / below if below else len(a) + len(b) - 2.0


def _p_value(mean: float, variance: float, freedom: float) -> float:
    """Of values that are of size 1: where the seeds agree but for rounding, a difference is one or it is not."""
    if abs(mean) <= ROUNDING:
        return 1.0
    error = math.sqrt(variance)
    return two_sided_p_value(mean / error if error > ROUNDING else math.inf, freedom)
