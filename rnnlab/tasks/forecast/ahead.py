"""A trained network as a forecaster: any number of steps ahead, from any rows of a series."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnlab.data.encoding import Base, Columns, Encoding, Float, gathered
from rnnlab.engine.batch import Batch
from rnnlab.engine.network import Network
from rnnlab.errors import DataError
from rnnlab.seeds import quantiles
from rnnlab.words import count, listed

BLOCK = 64  # windows at a time, filled up: a matrix product rounds by its shape, and a window alone must give the same


@dataclass(frozen=True)
class Forecaster:
    """R trained models that read `lookback` steps and forecast the rows `encoding.steps` after the last one.

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
    def width(self) -> int:
        """Rows that a window needs up to its origin."""
        return self.lookback + self.encoding.rows_before

    @property
    def stride(self) -> int:
        """Rows that are forecast at once."""
        return len(self.encoding.steps)

    @property
    def reach(self) -> int:
        """Rows up to an origin that the first step ahead rests on."""
        return self.width + self.encoding.horizon - self.stride

    def values(self, inputs: Float, base: Base) -> Float:
        """What each model forecasts from scaled windows: of each, the same to the last bit, whichever stand beside it.

        Parameters
        ----------
        inputs : array of shape (T, N, F)
        base : Base
            See :meth:`rnnlab.data.encoding.Encoding.windows`.

        Returns
        -------
        array of shape (R, N, C, K), in the unit of the series.
        """
        read = np.asarray(inputs, dtype=self.theta.dtype)
        windows = read.shape[1]
        said = np.empty((len(self.theta), windows, self.encoding.targets))
        for start in range(0, windows, BLOCK):
            places = np.minimum(np.arange(start, start + BLOCK), windows - 1)
            outputs, _ = self.network.outputs(self.theta, Batch(np.ascontiguousarray(read[:, places])))
            last = outputs[-1] if self.network.architecture.readout == "every" else outputs
            said[:, start : start + BLOCK] = last[:, : windows - start]
        return self.encoding.to_values(said, base)

    def at(self, columns: Columns, calendar: Float, origins: ArrayLike) -> Float:
        """What each model forecasts from each origin by itself, (R, O, C, K): the rows `encoding.steps` ahead."""
        origins = np.asarray(origins)
        past = gathered(columns, self.encoding.columns, origins, self.width)
        return self.values(*self.encoding.windows(past, self._calendar(calendar, origins, 0)))

    def ahead(self, columns: Columns, calendar: Float, origins: ArrayLike, steps: int) -> Float:
        """What each model forecasts 1 to `steps` rows after each origin.

        A network that forecasts K rows at once up to its horizon h gives steps jK + 1 to jK + K from the window that
        ends at row o + (j + 1) K - h. As long as all its rows are known, the forecast is direct. Beyond, it is
        recursive: rows after the origin hold the forecasts made for them, of the median of the models
        (:func:`median_of`).

        Parameters
        ----------
        columns : mapping of str to array of shape (n,)
            Finite; rows after an origin are not read.
        calendar : array of shape (at least o + steps for the last origin o, 2 C)
            Calendar features of these rows and of those to come.
        origins : int array of shape (O,)
            Rows, at least `reach` - 1.
        steps : int >= 1

        Returns
        -------
        array of shape (R, O, C, steps), in the unit of the series; NaN from where a model or all of them say nothing
        finite.

        Raises
        ------
        DataError
            For an origin with too few rows before it, or steps that need values of columns that are not forecast.
        """
        origins, encoding = np.asarray(origins), self.encoding
        reach, stride, width = self.reach, self.stride, self.width
        if origins.min(initial=reach) < reach - 1:
            raise DataError(f"A forecast needs at least {reach} rows before it; there are {origins.min() + 1}.")
        self._check_goes_on(steps)
        blocks = -(-steps // stride)
        room = np.full((blocks * stride, len(origins)), np.nan)
        path = {
            name: np.concatenate([known, room])
            for name, known in gathered(columns, encoding.columns, origins, reach).items()
        }
        found = np.empty((len(self.theta), len(origins), len(encoding.outputs), blocks * stride))
        with np.errstate(over="ignore", invalid="ignore"):
            for start in range(0, blocks * stride, stride):
                end = reach + start + stride - encoding.horizon
                past = {name: rows[end - width : end] for name, rows in path.items()}
                window = encoding.windows(past, self._calendar(calendar, origins, end - reach))
                found[..., start : start + stride] = self.values(*window)
                said = median_of(found[..., start : start + stride])
                for place, name in enumerate(encoding.outputs):
                    path[name][reach + start : reach + start + stride] = said[:, place].T
        return found[..., :steps]

    def scored(self, columns: Columns, calendar: Float, rows: NDArray[np.intp], steps: tuple[int, ...]) -> Float:
        """What each model forecasts of rows from so many rows before: (R, C, K, N) for steps (K,) and rows (N,)."""
        places = rows - np.array(steps)[:, np.newaxis]
        origins, which = np.unique(places, return_inverse=True)
        which = which.reshape(places.shape)
        if steps == self.encoding.steps:
            said = self.at(columns, calendar, origins)
        else:
            room = np.zeros((steps[-1], calendar.shape[1]))  # of rows after the last one, which are not scored
            reaching = np.concatenate([calendar, room])
            said = self.ahead(columns, reaching, origins, steps[-1])[..., np.array(steps) - 1]
        return np.stack([said[..., k][:, which[k]].swapaxes(1, 2) for k in range(len(steps))], axis=2)

    def _calendar(self, calendar: Float, origins: NDArray[np.intp], shift: int) -> Float:
        """Calendar features of the windows that end `shift` rows after the origins, (T, O, 2 C)."""
        back = np.arange(1 - self.lookback, 1)[:, np.newaxis]
        return calendar[origins + shift + back]

    def _check_goes_on(self, steps: int) -> None:
        horizon = self.encoding.horizon
        if said := needs_unknown(self.encoding.inputs, self.encoding.outputs, steps, horizon):
            raise DataError(
                said[0].upper() + said[1:],
                hint=f"Ask for at most {horizon}, or train with a larger data.horizon and data.strategy: direct.",
            )


def needs_unknown(inputs: Iterable[str], outputs: Collection[str], steps: int, horizon: int) -> str | None:
    """What is wrong with so many steps where a network reads columns that it does not forecast; None where nothing."""
    beyond = [name for name in inputs if name not in outputs]
    if not beyond or steps <= horizon:
        return None
    return (
        f"the network forecasts {count(horizon, 'row')} ahead; {steps} would need what {listed(beyond)} will be, which "
        "it does not forecast."
    )


def median_of(predicted: Float) -> Float:
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
