"""Several tests made together: p-values that may all be held against one level."""

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct the p-values of m tests for their number.

    With p_(1) <= ... <= p_(m):  p'_(k) = max_{j <= k} min(1, (m + 1 - j) p_(j))

    Rejecting where p' < alpha errs in at least one true hypothesis with a probability of at most alpha, however the
    tests depend on each other.

    Parameters
    ----------
    p_values : sequence of float in [0, 1]

    Returns
    -------
    list of float, in the order of the p-values

    Source: Holm 1979, "A simple sequentially rejective multiple test procedure".
    """
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    corrected, largest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        corrected[place] = largest
    return corrected
