"""Windows over a series: the chronological split, what a network reads and predicts, and the way back.

Row t of the series holds value y_t. A window predicts row t from the `lookback` rows that end at t - horizon,
its *anchor*: the last value known when the prediction is made.

| target       | one input step       | what is predicted    | back to a value         |
|--------------|----------------------|----------------------|-------------------------|
| `price`      | y_s                  | y_t                  | prediction              |
| `difference` | y_s - y_{s-1}        | y_t - y_{t-horizon}  | anchor + prediction     |
| `log_return` | log(y_s / y_{s-1})   | log(y_t/y_{t-horizon}) | anchor exp(prediction) |

Inputs and targets are scaled, each with a scaling fitted on the training rows alone.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from rnnlab.data.missing import Missing, filled
from rnnlab.data.scaling import ScalerKind, Scaling, fit_scaling
from rnnlab.data.series import label
from rnnlab.errors import DataError

TargetKind = Literal["price", "difference", "log_return"]


@dataclass(frozen=True)
class Encoding:
    """How values become what a network reads and predicts, and how predictions become values again.

    Parameters
    ----------
    target : {"price", "difference", "log_return"}
    horizon : int
        How many rows ahead the network predicts.
    inputs, targets : Scaling
        Of the input steps and of the predicted quantity; equal for a horizon of 1 and for `price`.
    """

    target: TargetKind
    horizon: int
    inputs: Scaling
    targets: Scaling

    @property
    def rows_before(self) -> int:
        """Rows that an input step needs before its own: 1 where it is a change, else 0."""
        return 0 if self.target == "price" else 1

    def encode_inputs(self, values: ArrayLike) -> NDArray[np.float64]:
        """Scaled input steps of a whole series: shape (n,) -> (n - rows_before,), oldest first."""
        return self.inputs.transform(_steps(np.asarray(values, dtype=np.float64), self.target, 1))

    def encode_targets(self, values: ArrayLike) -> NDArray[np.float64]:
        """Scaled targets of every row that has one, oldest first; the last one belongs to the last row."""
        return self.targets.transform(_steps(np.asarray(values, dtype=np.float64), self.target, self.horizon))

    def windows_of(self, values: ArrayLike, lookback: int) -> NDArray[np.float64]:
        """Every window of a series, the one that ends at the last row included (the one to forecast from).

        Returns a read-only view of shape (T, N, 1), T = lookback, N = n - rows_before - lookback + 1, in
        which column j ends at row j + rows_before + lookback - 1.
        """
        return sliding_window_view(self.encode_inputs(values), lookback).T[:, :, np.newaxis]

    def to_values(self, predictions: ArrayLike, anchors: ArrayLike) -> NDArray[np.float64]:
        """Invert scaling and target: predictions of a network -> values of the series.

        Parameters
        ----------
        predictions : array of shape (..., N)
            What the network said, scaled.
        anchors : array of shape (N,)
            The last known value of each window.

        Returns
        -------
        array of shape (..., N), in the series' unit; infinite or NaN where the predictions are or overflow.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            predicted = self.targets.inverse(predictions)
            if self.target == "difference":
                return np.asarray(anchors) + predicted
            if self.target == "log_return":
                return np.asarray(anchors) * np.exp(predicted)
        return predicted


@dataclass(frozen=True)
class Windows:
    """N windows in the order of time.

    Parameters
    ----------
    inputs : read-only float array of shape (T, N, 1)
        Scaled input steps, oldest first; a strided view, so that overlapping windows share their memory.
    targets : float array of shape (N, 1)
        Scaled targets.
    rows : int array of shape (N,)
        Row of the series that each window predicts.
    actual, anchors : float arrays of shape (N,)
        The value of that row, and the last value known `horizon` rows before; in the series' unit.
    stamps : array of shape (N,), or None
        Time of that row.
    """

    inputs: NDArray[np.float64]
    targets: NDArray[np.float64]
    rows: NDArray[np.intp]
    actual: NDArray[np.float64]
    anchors: NDArray[np.float64]
    stamps: NDArray[Any] | None

    @property
    def size(self) -> int:
        """Number of windows, N."""
        return len(self.rows)

    def part(self, start: int, stop: int) -> "Windows":
        """Windows start..stop-1 as views; `windows.part(0, k)` and `windows.part(k, N)` hold a tail out."""
        return self.where(slice(start, stop))

    def where(self, here: slice | NDArray[Any]) -> "Windows":
        """The windows that a slice, a mask of shape (N,) or an index array picks."""
        return Windows(
            self.inputs[:, here],
            self.targets[here],
            self.rows[here],
            self.actual[here],
            self.anchors[here],
            None if self.stamps is None else self.stamps[here],
        )


@dataclass(frozen=True)
class WindowedSeries:
    """A series cut into training and test windows.

    Parameters
    ----------
    values : float array of shape (rows,)
        The whole series, in its unit.
    train_rows : int
        Rows 0..train_rows-1 are for training. Training windows lie in them whole; a test window predicts
        a later row, and its inputs may reach back into them.
    encoding : Encoding
    train, test : Windows
    """

    values: NDArray[np.float64]
    train_rows: int
    encoding: Encoding
    train: Windows
    test: Windows

    @property
    def training_values(self) -> NDArray[np.float64]:
        """Values of the training rows, shape (train_rows,)."""
        return self.values[: self.train_rows]

    def share_outside_training_range(self) -> float:
        """Share in [0, 1] of the input steps at the test rows that leave the range of the training rows.

        Measured on what the network reads: values, differences or log returns, as `target` has it.
        """
        steps = _steps(self.values, self.encoding.target, 1)
        return self.encoding.inputs.share_outside(steps[self.train_rows - self.encoding.rows_before :])


def count_train_rows(rows: int, train_fraction: float) -> int:
    """Floor of train_fraction * rows: how many rows, from the first on, are for training.

    A product that misses a whole number by rounding error alone (0.29 * 100) counts as that number.

    Raises
    ------
    ValueError
        For a fraction outside (0, 1).
    """
    if not 0.0 < train_fraction < 1.0:
        raise ValueError(f"The 'train_fraction' must be in (0, 1); got {train_fraction!r}.")
    return int(round(train_fraction * rows, 9))


def make_windows(
    values: ArrayLike,
    stamps: NDArray[Any] | None = None,
    *,
    lookback: int,
    horizon: int = 1,
    target: TargetKind = "price",
    train_fraction: float = 0.8,
    scaler: ScalerKind = "minmax",
    missing: Missing = "error",
) -> WindowedSeries:
    """Split a series by rows, in the order of time, and cut both parts into windows.

    Parameters
    ----------
    values : array of shape (rows,)
        Oldest first; finite, and positive for `log_return`; NaN where `missing` fills it. Not written to.
    stamps : array of shape (rows,), optional
        Times, for messages.
    lookback : int >= 1
        Input steps of a window, T.
    horizon : int >= 1
        A window predicts the row this many rows after its last input.
    target : {"price", "difference", "log_return"}
    train_fraction : float in (0, 1)
        Share of the rows, from the first on, that is for training. Every later row is predicted once.
    scaler : {"minmax", "standard", "none"}
    missing : {"interpolate", "carry_forward", ...}
        How NaN is filled (:func:`rnnlab.data.missing.filled`); a filled row is read, but neither learned nor scored.

    Raises
    ------
    DataError
        For too few rows for one training and one test window (with the number needed), a value that is not
        finite or not when scaled, or, for `log_return`, a value that is not positive.
    """
    values = np.ascontiguousarray(values, dtype=np.float64)
    rows_before = 0 if target == "price" else 1
    train_rows = count_train_rows(len(values), train_fraction)
    observed = ~np.isnan(values)
    if missing in ("interpolate", "carry_forward"):
        values = filled(values, missing, train_rows)
    _check_values(values, stamps, target)
    _check_rows(len(values), train_rows, rows_before + lookback + horizon, train_fraction)
    known = values[:train_rows]
    with np.errstate(over="ignore", invalid="ignore"):
        encoding = Encoding(
            target,
            horizon,
            inputs=fit_scaling(_steps(known, target, 1), scaler),
            targets=fit_scaling(_steps(known, target, horizon), scaler),
        )
        everything = _all_windows(values, stamps, encoding, lookback)
        _check_scaled(encoding, values, stamps)
    if not observed.all():
        everything = everything.where(observed[everything.rows])
    n_train = int(np.searchsorted(everything.rows, train_rows))
    if n_train in (0, everything.size):
        raise DataError("One training and one test window need a row with a value each.")
    return WindowedSeries(
        values, train_rows, encoding, everything.part(0, n_train), everything.part(n_train, everything.size)
    )


def _all_windows(values: NDArray, stamps: NDArray | None, encoding: Encoding, lookback: int) -> Windows:
    horizon = encoding.horizon
    rows = np.arange(encoding.rows_before + lookback + horizon - 1, len(values))
    inputs = encoding.windows_of(values, lookback)[:, : len(rows)]
    steps = encoding.encode_targets(values)
    return Windows(
        inputs=inputs,
        targets=steps[len(steps) - len(rows) :, np.newaxis],
        rows=rows,
        actual=values[rows],
        anchors=values[rows - horizon],
        stamps=None if stamps is None else np.asarray(stamps)[rows],
    )


def _steps(values: NDArray, target: TargetKind, horizon: int) -> NDArray:
    """What the target says of values, `horizon` rows apart; shape (n,) or (n - horizon,)."""
    if target == "price":
        return values
    if target == "log_return":
        values = np.log(values)
    elif target != "difference":
        raise ValueError(f"The target must be price, difference or log_return; got {target!r}.")
    return values[horizon:] - values[:-horizon]


def _check_values(values: NDArray, stamps: NDArray | None, target: str) -> None:
    _refuse(~np.isfinite(values), "Every value must be finite", values, stamps)
    if target == "log_return":
        hint = "Use target: difference, which takes any sign."
        _refuse(values <= 0, "Log returns need positive values", values, stamps, hint)


def _check_scaled(encoding: Encoding, values: NDArray, stamps: NDArray | None) -> None:
    """Rows whose change, or whose distance from the training rows in their scale, is larger than a float can be."""
    bad = np.zeros(len(values), dtype=bool)
    for encoded in (encoding.encode_inputs(values), encoding.encode_targets(values)):
        bad[len(values) - len(encoded) :] |= ~np.isfinite(encoded)
    hint = "Train on rows of that size too (data.train_fraction), or use target: log_return."
    _refuse(bad, "Every scaled value must fit a float", values, stamps, hint)


def _refuse(bad: NDArray, rule: str, values: NDArray, stamps: NDArray | None, hint: str | None = None) -> None:
    if not bad.any():
        return
    row = int(np.argmax(bad))
    place = f"row {row + 1}" + ("" if stamps is None else f" ({label(stamps[row])})")
    others = int(bad.sum()) - 1
    more = f", and {others} more" if others else ""
    raise DataError(f"{rule}; got {values[row]} in {place}{more}.", hint=hint)


def _check_rows(rows: int, train_rows: int, needed: int, train_fraction: float) -> None:
    if train_rows >= needed and rows > train_rows:
        return
    enough = int(needed / train_fraction)
    while count_train_rows(enough, train_fraction) < needed:
        enough += 1
    raise DataError(
        f"One training and one test window need at least {enough} rows "
        f"({needed} for training, at train_fraction {train_fraction:g}); got {rows}.",
        hint="Give more rows, a larger train_fraction, or a smaller lookback or horizon."
        if train_rows < needed
        else "Give more rows or a smaller train_fraction.",
    )
