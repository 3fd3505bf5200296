"""Student's t distribution by the regularised incomplete beta function, for tests on small samples."""

import math


def two_sided_p_value(statistic: float, degrees_of_freedom: float) -> float:
    """P(|t| >= |statistic|) under Student's t: I_x(nu / 2, 1 / 2) at x = nu / (nu + statistic^2).

    Parameters
    ----------
    statistic : float
        Infinite gives 0; NaN gives NaN.
    degrees_of_freedom : float
        nu > 0.

    Source: Abramowitz and Stegun 1964, equation 26.7.1 with 26.5.27.
    """
    if math.isnan(statistic):
        return math.nan
    # A product, not a power: a product of floats that overflows is infinite, a power raises.
    x = 1.0 / (1.0 + statistic * statistic / degrees_of_freedom)
    return regularised_incomplete_beta(degrees_of_freedom / 2.0, 0.5, x)


def regularised_incomplete_beta(a: float, b: float, x: float) -> float:
    """I_x(a, b), the integral of t^(a-1) (1-t)^(b-1) from 0 to x over that to 1.

    Parameters
    ----------
    a, b : float
        Positive.
    x : float in [0, 1]

    Source: the continued fraction of Abramowitz and Stegun 1964, equation 26.5.8, and the symmetry 26.5.2,
    I_x(a, b) = 1 - I_{1-x}(b, a), which keeps it on the side where it converges fast.
    """
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - regularised_incomplete_beta(b, a, 1.0 - x)
    log_beta = math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    front = math.exp(a * math.log(x) + b * math.log1p(-x) - log_beta) / a
    return front * _continued_fraction(a, b, x)


def _continued_fraction(a: float, b: float, x: float) -> float:
    """1 / (1 + d_1 / (1 + d_2 / ...)) by Lentz's method, forwards until a factor is 1 to rounding."""
    tiny = 1e-300
    above, below = 1.0, 0.0
    value = 1.0
    for step in range(10_000):
        m = step // 2
        if step == 0:
            numerator = 1.0
        elif step % 2 == 0:
            numerator = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        else:
            numerator = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        below = 1.0 / ((1.0 + numerator * below) or tiny)
        above = (1.0 + numerator / above) or tiny
        value *= above * below
        if step and abs(above * below - 1.0) < 1e-15:
            break
    return value - 1.0
