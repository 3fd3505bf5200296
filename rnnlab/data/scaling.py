"""Affine scalings of a series, fitted on training rows only and inverted for every reported number."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnlab.errors import DataError

ScalerKind = Literal["minmax", "standard", "robust", "none"]


@dataclass(frozen=True)
class Scaling:
    """The map x -> (x - offset) / scale, and the range of the rows it was fitted on.

    Plain numbers, so that `dataclasses.asdict` stores it and `Scaling(**stored)` brings it back, bit for bit.

    Parameters
    ----------
    kind : {"minmax", "standard", "robust", "none"}
        How offset and scale were chosen.
    offset, scale : float
        In the unit of the series; scale > 0.
    low, high : float
        Smallest and largest fitted value, in the unit of the series.
    """

    kind: ScalerKind
    offset: float
    scale: float
    low: float
    high: float

    def transform(self, values: ArrayLike) -> NDArray[np.float64]:
        """(values - offset) / scale, in a new array of the same shape."""
        with np.errstate(over="ignore"):  # infinite where it leaves the floats
            return (np.asarray(values, dtype=np.float64) - self.offset) / self.scale

    def inverse(self, scaled: ArrayLike) -> NDArray[np.float64]:
        """Scaled * scale + offset, in a new array of the same shape, in the unit of the series."""
        return np.asarray(scaled, dtype=np.float64) * self.scale + self.offset

    def share_outside(self, values: ArrayLike) -> float:
        """Share in [0, 1] of the values (in the unit of the series) outside the fitted range [low, high].

        A network that was trained on values inside this range extrapolates on the others. NaN for no values.
        """
        values = np.asarray(values, dtype=np.float64)
        if values.size == 0:
            return float("nan")
        return float(np.mean((values < self.low) | (values > self.high)))


def fit_scaling(training_values: ArrayLike, kind: ScalerKind) -> Scaling:
    """Fit a scaling on training values.

    - `minmax`: offset = min, scale = max - min; training values land in [0, 1].
    - `standard`: offset = mean, scale = standard deviation (divided by N, not N - 1).
    - `robust`: offset = median, scale = distance of the quartiles (linear interpolation), or the standard deviation
      where half of the values are equal: a few extreme values move neither.
    - `none`: offset = 0, scale = 1.

    Constant training values have no spread to divide by: their scale is 1, in the unit of the series, so that
    they land on 0 and later changes stay visible. Spread below rounding error counts as none.

    Parameters
    ----------
    training_values : array of shape (n,), n >= 1
        Training rows only; finite. Not written to.
    kind : {"minmax", "standard", "robust", "none"}

    Raises
    ------
    DataError
        For no values, values that are not finite, or a spread that is too large for a float.
    """
    values = np.asarray(training_values, dtype=np.float64)
    if values.size == 0:
        raise DataError("A scaling needs at least one training row; got none.")
    low, high = float(values.min()), float(values.max())
    with np.errstate(over="ignore", invalid="ignore"):
        offset, scale = _offset_and_scale(values, kind, low, high)
    if not np.isfinite([low, high, offset, scale]).all():
        raise DataError(
            f"Training values must be finite and their spread must fit a float; got values from {low} to {high}."
        )
    if no_spread(scale, max(abs(low), abs(high))):
        scale = 1.0
    return Scaling(kind, offset, scale, low, high)


def no_spread(scale: ArrayLike, largest: ArrayLike) -> NDArray[np.bool_]:
    """Whether a scale is no more than rounding error of values of that size."""
    return np.asarray(scale) <= 8 * np.finfo(np.float64).eps * np.asarray(largest)


def _offset_and_scale(values: NDArray, kind: str, low: float, high: float) -> tuple[float, float]:
    if kind == "minmax":
        return low, high - low
    if kind == "none":
        return 0.0, 1.0
    # Divided by a power of two, which is exact: their squares neither overflow nor vanish.
    exponent = np.frexp(max(abs(low), abs(high)))[1]
    scaled = np.ldexp(values, -exponent)
    if kind == "standard":
        offset, scale = scaled.mean(), scaled.std()
    elif kind == "robust":
        lower, offset, upper = np.percentile(scaled, [25, 50, 75])
        scale = scaled.std() if no_spread(upper - lower, 1.0) else upper - lower
    else:
        raise ValueError(f"The scaler must be minmax, standard, robust or none; got {kind!r}.")
    return float(np.ldexp(offset, exponent)), float(np.ldexp(scale, exponent))
