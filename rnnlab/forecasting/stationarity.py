"""Whether a series keeps to one level: the test of Kwiatkowski, Phillips, Schmidt and Shin."""

import numpy as np
from numpy.typing import ArrayLike

CRITICAL = 0.463  # at 5 %: a larger statistic rejects a constant level


def kpss(values: ArrayLike) -> float:
    """The KPSS statistic for the hypothesis that a series varies about a constant level.

        e_t = y_t - mean y,    S_t = e_1 + ... + e_t,    l = floor(4 (T / 100)^(1/4))
        s^2 = 1/T sum_t e_t^2 + 2/T sum_{k=1}^{l} (1 - k / (l + 1)) sum_{t>k} e_t e_{t-k}
        eta = 1/T^2 sum_t S_t^2 / s^2

    It does not depend on the unit of the series nor on where its zero is. 0 for a constant series.

    Parameters
    ----------
    values : array of shape (T,), T >= 2
        Finite, in the order of time.

    Source: Kwiatkowski, Phillips, Schmidt and Shin 1992, "Testing the null hypothesis of stationarity against the
    alternative of a unit root", J. Econometrics 54: the statistic eta_mu with the lag l4; table 1 has `CRITICAL`.
    """
    values = np.asarray(values, dtype=np.float64)
    # Divided by powers of two, which is exact: neither the mean nor the squares overflow or vanish.
    values = np.ldexp(values, -np.frexp(np.abs(values).max())[1])
    errors = values - values.mean()
    largest = np.abs(errors).max()
    if largest <= np.finfo(np.float64).eps * np.abs(values).max():
        return 0.0
    errors = np.ldexp(errors, -np.frexp(largest)[1])
    count = len(errors)
    lags = min(int(4 * (count / 100) ** 0.25), count - 1)
    covariances = [float(errors[lag:] @ errors[: count - lag]) for lag in range(lags + 1)]
    variance = covariances[0] + 2 * sum((1 - lag / (lags + 1)) * covariances[lag] for lag in range(1, lags + 1))
    sums = np.cumsum(errors)
    return float(sums @ sums / count / variance)
