"""What a network reads of a series and what it predicts, and the way back to values.

The network stands at a row o, its *origin*, reads the `lookback` rows that end there, and predicts y_{o+k} for
each of its steps ahead k.

| target                | one input step       | what is predicted     | back to a value         |
|-----------------------|----------------------|-----------------------|-------------------------|
| `price`               | y_s                  | y_{o+k}               | prediction              |
| `difference`          | y_s - y_{s-1}        | y_{o+k} - a, a = y_o  | a + prediction          |
| `log_return`          | log(y_s / y_{s-1})   | log(y_{o+k} / a)      | a exp(prediction)       |
| `seasonal_difference` | y_s - y_{s-m}        | y_{o+k} - a           | a + prediction          |

The *anchor* a of a seasonal difference is the last known value of the same season, y_{o+k-jm} with the smallest j
that reaches the origin. Every column that is read becomes input steps of the same kind. Steps and targets are scaled:
with scalings fitted on the training rows, or each window by itself (`window`): steps by their own mean and standard
deviation, targets by those of the column they belong to; a change over k rows has k times the mean and sqrt(k) times
the deviation of a change over one, as in a random walk.

Source of scaling by window: Kim, Kim, Tae, Park, Choi and Choo 2022, "Reversible instance normalization for accurate
time-series forecasting against distribution shift", equations 1 and 2 (without the learned part).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnnlab.data.scaling import Scaling, no_spread

TargetKind = Literal["price", "difference", "log_return", "seasonal_difference"]
Float = NDArray[np.float64]
Columns = Mapping[str, Float]


class Base(NamedTuple):
    """What turns outputs of windows into values: anchors, and offset and scale of the targets.

    Each of shape (..., C, K) or what broadcasts to it, for windows (...), columns C and steps ahead K.
    """

    anchors: Float
    offset: Float
    scale: Float


@dataclass(frozen=True)
class Encoding:
    """How values become what a network reads and predicts, and how predictions become values again.

    Parameters
    ----------
    target : {"price", "difference", "log_return", "seasonal_difference"}
    steps : tuple of int
        Rows ahead that the network predicts, ascending.
    inputs : mapping of str to Scaling
        Columns that are read, and the scaling of their steps.
    outputs : mapping of str to tuple of Scaling
        Columns that are predicted, and the scaling of each step ahead.
    calendar : tuple of str
        Calendar features that are read after the columns (:mod:`rnnlab.data.calendar_features`).
    season : int
        Rows of a season, m; 1 where the target needs none.
    by_window : bool
        Whether each window is scaled by itself; the scalings then stand in for windows without spread.
    """

    target: TargetKind
    steps: tuple[int, ...]
    inputs: Mapping[str, Scaling]
    outputs: Mapping[str, tuple[Scaling, ...]]
    calendar: tuple[str, ...] = ()
    season: int = 1
    by_window: bool = False

    @property
    def horizon(self) -> int:
        """The furthest row ahead that the network predicts."""
        return self.steps[-1]

    @property
    def rows_before(self) -> int:
        """Rows that an input step needs before its own."""
        return rows_before(self.target, self.season)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is read or predicted."""
        return tuple(dict.fromkeys([*self.inputs, *self.outputs]))

    @property
    def features(self) -> int:
        """Numbers that the network reads at a step."""
        return len(self.inputs) + 2 * len(self.calendar)

    @property
    def targets(self) -> int:
        """Numbers that the network predicts: each step ahead of the first column, then of the next."""
        return len(self.outputs) * len(self.steps)

    @property
    def feeds_itself(self) -> bool:
        """Whether all it reads is predicted or known beforehand, so that it can go on from its own forecasts."""
        return set(self.inputs) <= set(self.outputs)

    def windows(self, past: Columns, calendar: Float) -> tuple[Float, Base]:
        """Inputs of windows, and what their outputs are to be read with.

        Parameters
        ----------
        past : mapping of str to array of shape (rows_before + T, N)
            Of each column, the rows up to the origin of each window, in the unit of the series.
        calendar : array of shape (T, N, 2 C)
            Calendar features of the last T of these rows.

        Returns
        -------
        inputs : array of shape (T, N, F)
        base : Base
            For windows (N,).
        """
        steps = {name: steps_of(past[name], self.target, self.season) for name in self.inputs}
        end = len(next(iter(past.values()))) - 1
        anchors = self.anchors(past, end)
        if not self.by_window:
            scaled = [self.inputs[name].transform(values) for name, values in steps.items()]
            return _features(scaled, calendar), Base(anchors, *self._fitted())
        local = {name: _local(values, self.inputs[name]) for name, values in steps.items()}
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = [(values - local[name][0]) / local[name][1] for name, values in steps.items()]
        return _features(scaled, calendar), Base(anchors, *self._by_window(local))

    def anchors(self, columns: Columns, end: NDArray[np.intp] | int) -> Float:
        """What predictions from origins at the rows `end` are changes of, (..., C, K)."""
        return np.stack(
            [
                np.stack([values[end + shift] for shift in self._anchor_rows()], axis=-1)
                for values in (columns[name] for name in self.outputs)
            ],
            axis=-2,
        )

    def targets_at(self, columns: Columns, origins: NDArray[np.intp], base: Base | None = None) -> Float:
        """What the network is to say at origins of any shape (...): (..., C K); each needs `horizon` rows after it."""
        if base is None:
            base = Base(self.anchors(columns, origins), *self._fitted())
        actual = np.stack(
            [np.stack([columns[name][origins + step] for step in self.steps], axis=-1) for name in self.outputs],
            axis=-2,
        )
        with np.errstate(over="ignore", invalid="ignore"):
            if self.target == "log_return":
                said = np.log(actual) - np.log(base.anchors)
            else:
                said = actual if self.target == "price" else actual - base.anchors
            scaled = (said - base.offset) / base.scale
        return scaled.reshape(*scaled.shape[:-2], self.targets)

    def to_values(self, said: Float, base: Base) -> Float:
        """The inverse of :meth:`targets_at`: outputs (..., N, C K) -> values (..., N, C, K), in the series' unit.

        Infinite or NaN where the outputs are or overflow.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            outputs = np.reshape(said, (*np.shape(said)[:-1], len(self.outputs), len(self.steps)))
            predicted = outputs * base.scale + base.offset
            if self.target == "price":
                return predicted
            return base.anchors * np.exp(predicted) if self.target == "log_return" else base.anchors + predicted

    def _anchor_rows(self) -> list[int]:
        """Rows from the origin to the anchor of each step ahead, none above 0."""
        if self.target != "seasonal_difference":
            return [0] * len(self.steps)
        return [step - self.season * -(-step // self.season) for step in self.steps]

    def _fitted(self) -> tuple[Float, Float]:
        """Offsets and scales of the targets, (C, K), from the training rows."""
        scalings = [[(one.offset, one.scale) for one in of] for of in self.outputs.values()]
        offset, scale = np.moveaxis(np.array(scalings), -1, 0)
        return offset, scale

    def _by_window(self, local: Mapping[str, tuple[Float, Float]]) -> tuple[Float, Float]:
        """Offsets and scales of the targets, (N, C, K), from those of the steps of each window."""
        rows = np.array(self.steps, dtype=np.float64)
        if self.target == "price":
            rows = np.ones_like(rows)
        elif self.target == "seasonal_difference":
            rows = np.ceil(rows / self.season)  # whole seasons, each of one step's spread
        offset, scale = (np.stack([local[name][place] for name in self.outputs], axis=-1) for place in (0, 1))
        return offset[..., np.newaxis] * rows, scale[..., np.newaxis] * np.sqrt(rows)


def rows_before(target: TargetKind, season: int = 1) -> int:
    """Rows that an input step needs before its own: those that its change is over."""
    if target == "seasonal_difference":
        return season
    return 0 if target == "price" else 1


def steps_of(values: Float, target: TargetKind, season: int = 1) -> Float:
    """Input steps of rows of values, along the first axis: shape (n, ...) -> (n - rows_before, ...)."""
    return changes(values, target, rows_before(target, season))


def changes(values: Float, target: TargetKind, distance: int) -> Float:
    """What the target says of values that are `distance` rows apart, along the first axis."""
    if target == "price":
        return values
    if target == "log_return":
        values = np.log(values)
    return values[distance:] - values[:-distance]


def gathered(columns: Columns, names: Sequence[str], origins: NDArray[np.intp], rows: int) -> dict[str, Float]:
    """The last `rows` rows up to each origin: (rows, N) of each column."""
    places = origins + np.arange(1 - rows, 1)[:, np.newaxis]
    return {name: columns[name][places] for name in names}


def _features(scaled: Sequence[Float], calendar: Float) -> Float:
    return np.concatenate([np.stack(scaled, axis=-1), calendar], axis=-1) if scaled else calendar


def _local(steps: Float, fitted: Scaling) -> tuple[Float, Float]:
    """Mean and standard deviation of each window, (N,); the scale of the training rows where it has no spread."""
    largest = np.abs(steps).max(axis=0)
    exponents = np.frexp(largest)[1]
    with np.errstate(over="ignore", invalid="ignore"):
        sizes = np.ldexp(steps, -exponents)  # exact: their squares neither overflow nor vanish
        mean, deviation = (np.ldexp(one, exponents) for one in (sizes.mean(axis=0), sizes.std(axis=0)))
    return mean, np.where(no_spread(deviation, largest), fitted.scale, deviation)
