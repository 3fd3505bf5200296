"""Numbers near the ends of the floats, and rows before the first: what all baselines take care of alike."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def with_head_room(values: ArrayLike) -> tuple[NDArray[np.float64], int]:
    """Values divided by the power of two that keeps their sums and differences finite, and its exponent.

    The exponent is 0 where nothing can overflow, which is nearly always.
    """
    values = np.asarray(values, dtype=np.float64)
    largest = int(np.frexp(values[np.isfinite(values)])[1].max(initial=0))
    exponent = max(0, largest + 2 + int(values.size).bit_length() - np.finfo(np.float64).maxexp)
    return np.ldexp(values, -exponent), exponent


def without_head_room(values: NDArray[np.float64], exponent: int) -> NDArray[np.float64]:
    """The inverse: values times 2^exponent; infinite where that is beyond the floats."""
    with np.errstate(over="ignore"):
        return np.ldexp(values, exponent)


def origins_of(rows: ArrayLike, horizon: int) -> NDArray[np.intp]:
    """The last row that is known, `horizon` rows before each row (ValueError where that is before row 0)."""
    origins = np.asarray(rows, dtype=np.intp) - horizon
    if horizon < 1 or (origins.size and origins.min() < 0):
        raise ValueError(f"Rows must lie at least the horizon (1 or more) after row 0; got horizon {horizon}.")
    return origins


class Standard:
    """Values as distances from the last training value, in units of the spread of the training values around it.

    What is fitted in this scale neither overflows nor loses its digits, whatever the unit of the series.

    Parameters
    ----------
    values : float array of shape (n,)
    training_rows : int >= 1
    """

    def __init__(self, values: ArrayLike, training_rows: int) -> None:
        roomy, self._exponent = with_head_room(values)
        known = roomy[:training_rows]
        self._centre = known[-1]
        distances = np.abs(known - self._centre)
        self._scale = distances.max(initial=0.0) or 1.0
        self.is_constant = not distances.any()
        with np.errstate(over="ignore"):
            self.values = (roomy - self._centre) / self._scale

    def restored(self, scaled: NDArray[np.float64]) -> NDArray[np.float64]:
        """Scaled values in the unit of the series; what is beyond the floats is the largest of them."""
        largest = np.finfo(np.float64).max
        with np.errstate(over="ignore", invalid="ignore"):
            found = without_head_room(self._centre + self._scale * scaled, self._exponent)
        return np.clip(np.nan_to_num(found, nan=0.0), -largest, largest)
