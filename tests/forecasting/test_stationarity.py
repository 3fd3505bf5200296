"""The KPSS statistic against other implementations, its definition as loops, and what it must not depend on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rnnlab.forecasting.stationarity import CRITICAL, kpss

STEPS = np.arange(1, 201.0)
# Annual flow of the Nile at Aswan, 1871 to 1970, 10^8 m^3 (Durbin and Koopman 2012, appendix).
NILE = [
    1120, 1160, 963, 1210, 1160, 1160, 813, 1230, 1370, 1140, 995, 935, 1110, 994, 1020, 960, 1180, 799, 958, 1140,
    1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774, 840, 874, 694, 940, 833, 701, 916, 692, 1020, 1050, 969,
    831, 726, 456, 824, 702, 1120, 1100, 832, 764, 821, 768, 845, 864, 862, 698, 845, 744, 796, 1040, 759,
    781, 865, 845, 944, 984, 897, 822, 1010, 771, 676, 649, 846, 812, 742, 801, 1040, 860, 874, 848, 890,
    744, 749, 838, 1050, 918, 986, 797, 923, 975, 815, 1020, 906, 901, 1170, 912, 746, 919, 718, 714, 740,
]  # fmt: skip


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (NILE, 0.96543490775266),
        (np.sin(STEPS), 0.04026402011907398),
        (STEPS % 7, 0.010801392241361963),
        (np.sqrt(STEPS), 3.950572812145391),
        ([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4], 0.22745829846040044),
    ],
)
def test_the_values_of_statsmodels(values, expected):
    """statsmodels 0.15.0, kpss(values, "c", nlags=int(4 * (T / 100) ** 0.25))."""
    assert kpss(values) == pytest.approx(expected, rel=1e-12)


@given(arrays(np.float64, st.integers(2, 60), elements=st.integers(-1000, 1000).map(float)))
def test_the_definition_as_loops(values):
    T, mean = len(values), sum(values) / len(values)
    e = [y - mean for y in values]
    lags = min(int(4 * (T / 100) ** 0.25), T - 1)
    s2 = sum(x * x for x in e) / T
    for k in range(1, lags + 1):
        s2 += 2 / T * (1 - k / (lags + 1)) * sum(e[t] * e[t - k] for t in range(k, T))
    total, sums = 0.0, 0.0
    for x in e:
        total += x
        sums += total**2
    if len(set(values)) == 1:
        assert kpss(values) == 0
    else:
        assert kpss(values) == pytest.approx(sums / T**2 / s2, rel=1e-6)


@pytest.mark.parametrize("exponent", [-1000, -500, 500, 1013])
def test_the_unit_makes_no_difference(exponent):
    assert kpss(np.ldexp(np.array(NILE, float), exponent)) == kpss(NILE)


def test_a_constant_has_no_trend_whatever_its_size():
    for value in (0.0, 0.1, -1e300, 5e-324, 1e-300):
        assert kpss(np.full(40, value)) == 0


def test_noise_is_rejected_as_rarely_as_the_level_says_and_a_walk_is_always_rejected():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(2000, 400))
    rejected = np.mean([kpss(row) > CRITICAL for row in noise])
    assert 0.035 < rejected < 0.065  # three standard errors about 5 %
    assert all(kpss(np.cumsum(row)) > CRITICAL for row in rng.normal(size=(50, 2000)))
