"""One forecast from those of several models."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnlab.seeds import quantiles


@dataclass(frozen=True)
class Combined:
    """The forecast of several models, and which of them it is made of.

    Attributes
    ----------
    values : array of shape (N,)
        NaN where it is made of no model.
    of : bool array of shape (R,)
    """

    values: NDArray[np.float64]
    of: NDArray[np.bool_]


def median_forecast(predicted: ArrayLike) -> Combined:
    """The median of R models, row by row; a model without a finite value in every row is left out of all rows.

    Parameters
    ----------
    predicted : array of shape (R, N), R >= 1
        NaN or infinite for a model that diverged.

    Source: Stock and Watson 2004, "Combination forecasts of output growth in a seven-country data set".
    """
    predicted = np.asarray(predicted, dtype=np.float64)
    of = np.asarray(np.isfinite(predicted).all(axis=-1))
    return Combined(quantiles(predicted[of] if of.any() else np.full((1, predicted.shape[-1]), np.nan), (0.5,))[0], of)
