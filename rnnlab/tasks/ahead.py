"""A trained network as a forecaster: any number of steps ahead, from any rows of a series."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnlab.data.windows import Encoding
from rnnlab.engine.batch import Batch
from rnnlab.engine.network import Network
from rnnlab.errors import DataError
from rnnlab.seeds import quantiles

BLOCK = 64  # windows at a time, filled up: a matrix product rounds by its shape, and a window alone must give the same


@dataclass(frozen=True)
class Forecaster:
    """R trained models that read `lookback` steps and forecast a value `horizon` rows after the last one.

    Attributes
    ----------
    network : Network
    theta : array of shape (R, P)
        NaN for a model that diverged: it has nothing to say.
    encoding : Encoding
        As fitted on the training rows.
    lookback : int
    """

    network: Network
    theta: NDArray[np.floating]
    encoding: Encoding
    lookback: int

    @property
    def reach(self) -> int:
        """Rows up to an origin that the first step ahead rests on."""
        return self.lookback + self.encoding.rows_before + self.encoding.horizon - 1

    def values(self, inputs: ArrayLike, anchors: ArrayLike) -> NDArray[np.float64]:
        """What each model forecasts from scaled windows: of each, the same to the last bit, whichever stand beside it.

        Parameters
        ----------
        inputs : array of shape (T, N, 1)
        anchors : array of shape (N,)
            The last known value of each window.

        Returns
        -------
        array of shape (R, N), in the series' unit.
        """
        inputs = np.asarray(inputs, dtype=self.theta.dtype)
        windows = inputs.shape[1]
        said = np.empty((len(self.theta), windows))
        for start in range(0, windows, BLOCK):
            places = np.minimum(np.arange(start, start + BLOCK), windows - 1)
            outputs, _ = self.network.outputs(self.theta, Batch(np.ascontiguousarray(inputs[:, places])))
            last = outputs[-1] if self.network.architecture.readout == "every" else outputs
            said[:, start : start + BLOCK] = last[:, : windows - start, 0]
        return self.encoding.to_values(said, anchors)

    def ahead(self, values: ArrayLike, origins: ArrayLike, steps: int) -> NDArray[np.float64]:
        """What each model forecasts 1 to `steps` rows after each origin.

        Step k reads the window that ends at row o + k - horizon. Up to k = horizon all its rows are known: the forecast
        is direct. Beyond, it is recursive: rows after the origin hold the forecasts made for them, of the median of the
        models (:func:`median_of`).

        Parameters
        ----------
        values : array of shape (n,)
            Finite; rows after an origin are not read.
        origins : int array of shape (O,)
            Rows, at least `reach` - 1.
        steps : int >= 1

        Returns
        -------
        array of shape (R, O, steps), in the series' unit; NaN from where a model or all of them say nothing finite.

        Raises
        ------
        DataError
            For an origin with too few rows before it.
        """
        values, origins = np.asarray(values, dtype=np.float64), np.asarray(origins)
        reach, horizon, width = self.reach, self.encoding.horizon, self.lookback + self.encoding.rows_before
        if origins.min(initial=reach) < reach - 1:
            raise DataError(f"A forecast needs at least {reach} rows before it; there are {origins.min() + 1}.")
        known = values[origins + np.arange(1 - reach, 1)[:, np.newaxis]]
        path = np.concatenate([known, np.full((steps, len(origins)), np.nan)])
        found = np.empty((len(self.theta), len(origins), steps))
        with np.errstate(over="ignore", invalid="ignore"):
            for step in range(steps):
                end = reach + step + 1 - horizon
                window = self.encoding.encode_inputs(path[end - width : end])[..., np.newaxis]
                found[:, :, step] = self.values(window, path[end - 1])
                path[reach + step] = median_of(found[:, :, step])
        return found


def median_of(predicted: NDArray[np.float64]) -> NDArray[np.float64]:
    """The median of the models of which a forecast is finite: (R, ...) -> (...); NaN where none is.

    Each forecast by itself: what a model says of another row does not matter.
    """
    flat = predicted.reshape(len(predicted), -1)
    patterns, which = np.unique(np.isfinite(flat), axis=1, return_inverse=True)
    found = np.full(flat.shape[1], np.nan)
    for place, models in enumerate(patterns.T):
        if models.any():
            here = which.ravel() == place
            found[here] = quantiles(flat[np.ix_(models, here)], (0.5,))[0]
    return found.reshape(predicted.shape[1:])
