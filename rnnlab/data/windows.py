"""Windows over a series: the chronological split, and what training may see of it.

Rows 0..train_rows-1 are for training: scalings are fitted on them, and training windows lie in them whole, with the
rows that they predict. Every later row is a test row, but for a gap between them: what forecasts a test row from h rows
before it must not have learned from the rows between, so that h - 1 rows are neither learned nor scored.

What a window reads and predicts is defined in :mod:`rnnlab.data.encoding`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnlab.data.calendar_features import calendar_features
from rnnlab.data.encoding import Base, Columns, Encoding, Float, TargetKind, changes, gathered, rows_before, steps_of
from rnnlab.data.missing import Missing, filled
from rnnlab.data.scaling import ScalerKind, fit_scaling
from rnnlab.data.series import label
from rnnlab.errors import DataError

COLUMN = "value"  # of an array without a name


@dataclass(frozen=True)
class Windows:
    """N windows in the order of time.

    Parameters
    ----------
    inputs : float array of shape (T, N, F)
        Scaled input steps, oldest first.
    targets : float array of shape (N, C K)
        Scaled targets.
    origins : int array of shape (N,)
        The last row that each window reads.
    """

    inputs: Float
    targets: Float
    origins: NDArray[np.intp]

    @property
    def size(self) -> int:
        """Number of windows, N."""
        return len(self.origins)


@dataclass(frozen=True)
class WindowedSeries:
    """A series cut into training windows and test rows.

    Parameters
    ----------
    columns : mapping of str to float array of shape (rows,)
        The whole series, in its unit, missing values filled in.
    calendar : float array of shape (rows, 2 C)
        Calendar features.
    lookback : int
        Input steps of a window, T.
    train_rows : int
    encoding : Encoding
    origins : int array
        Of the training windows.
    test_rows : int array
        Rows to be scored: those after the training rows and the gap in which every output has a value.
    learnable : bool array of shape (rows,)
        Rows that a window may learn to predict: in which every output has a value of its own.
    readable : bool array of shape (rows,)
        Rows that may be the last which a window reads: not those that were filled in from a later one.
    """

    columns: Columns
    calendar: Float
    lookback: int
    train_rows: int
    encoding: Encoding
    origins: NDArray[np.intp]
    test_rows: NDArray[np.intp]
    learnable: NDArray[np.bool_]
    readable: NDArray[np.bool_]

    @property
    def values(self) -> Float:
        """The column that is judged: the first output."""
        return self.columns[next(iter(self.encoding.outputs))]

    @property
    def training_values(self) -> Float:
        """Its training rows, shape (train_rows,)."""
        return self.values[: self.train_rows]

    @property
    def reach(self) -> int:
        """Rows that a window needs up to its origin."""
        return self.lookback + self.encoding.rows_before

    def windows_at(self, origins: NDArray[np.intp]) -> tuple[Float, Base]:
        """Inputs (T, N, F) of the windows that end at these rows, and what their outputs are to be read with."""
        encoding = self.encoding
        past = gathered(self.columns, encoding.columns, origins, self.reach)
        calendar = self.calendar[origins + np.arange(1 - self.lookback, 1)[:, np.newaxis]]
        return encoding.windows(past, calendar)

    def train(self) -> Windows:
        """The training windows."""
        inputs, base = self.windows_at(self.origins)
        return Windows(inputs, self.encoding.targets_at(self.columns, self.origins, base), self.origins)

    def targets_of_steps(self) -> Float:
        """The targets after every step of each training window, (T, N, C K); not for windows scaled by themselves."""
        back = np.arange(self.lookback - 1, -1, -1)
        return self.encoding.targets_at(self.columns, self.origins - back[:, np.newaxis])

    def weights_of_steps(self) -> Float | None:
        """Of the targets after every step, (T, N): 0 for those that are not to be learned; None where all are."""
        origins = self.origins - np.arange(self.lookback - 1, -1, -1)[:, np.newaxis]
        learned = _learned(origins, self.encoding.steps, self.learnable, self.readable)
        return None if learned.all() else learned.astype(np.float64)

    def outside_training_range(self, first: int) -> dict[str, float]:
        """Of each column that is read, the share in [0, 1] of the steps from row `first` on outside the training range.

        Measured on what the network reads: values or changes, as the target has it.
        """
        encoding = self.encoding
        found = {}
        for name, scaling in encoding.inputs.items():
            steps = steps_of(self.columns[name], encoding.target, encoding.season)
            found[name] = scaling.share_outside(steps[first - encoding.rows_before :])
        return found


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
    values: ArrayLike | Mapping[str, ArrayLike],
    stamps: NDArray[Any] | None = None,
    *,
    lookback: int,
    steps: Sequence[int] = (1,),
    target: TargetKind = "price",
    inputs: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
    calendar: Sequence[str] = (),
    season: int | None = None,
    train_fraction: float = 0.8,
    test_rows: int | None = None,
    scaler: ScalerKind | str = "minmax",
    missing: Missing = "error",
    gap: int = 0,
) -> WindowedSeries:
    """Split a series by rows, in the order of time, and cut the training rows into windows.

    Parameters
    ----------
    values : array of shape (rows,), or mapping of str to such arrays
        Oldest first; finite, and positive for `log_return`; NaN where `missing` fills it. Not written to.
    stamps : array of shape (rows,), optional
        Times, for messages and calendar features.
    lookback : int >= 1
        Input steps of a window, T.
    steps : sequence of int >= 1
        How many rows after its last input a window predicts, ascending.
    target : {"price", "difference", "log_return", "seasonal_difference"}
    inputs, outputs : sequence of str, optional
        Columns that are read, and predicted; all of them if left out.
    calendar : sequence of {"weekday", "month", "hour"}
        Calendar features that are read too.
    season : int >= 2, optional
        Rows of a season, which `seasonal_difference` needs.
    train_fraction : float in (0, 1)
        Share of the rows, from the first on, that is for training.
    test_rows : int >= 0, optional
        How many rows, the last ones, are not for training; takes the place of `train_fraction`.
    scaler : {"minmax", "standard", "robust", "none", "window"}
    missing : {"interpolate", "carry_forward", ...}
        How NaN is filled (:func:`rnnlab.data.missing.filled`); a filled row is read, but neither learned nor scored.
    gap : int >= 0
        How many of the rows for training, the last ones, are left out.

    Raises
    ------
    DataError
        For too few rows for one training and one test window (with the number needed), a value that is not
        finite or not when scaled, or, for `log_return`, a value that is not positive.
    """
    given = values if isinstance(values, Mapping) else {COLUMN: values}
    columns = {name: np.ascontiguousarray(one, dtype=np.float64) for name, one in given.items()}
    inputs, outputs = tuple(columns if inputs is None else inputs), tuple(columns if outputs is None else outputs)
    rows = len(next(iter(columns.values())))
    if target == "seasonal_difference" and season is None:
        raise ValueError("A seasonal difference needs a season.")
    lag = season if season is not None and target == "seasonal_difference" else 1
    reach = lookback + rows_before(target, lag)
    train_rows = count_train_rows(rows, train_fraction) if test_rows is None else rows - test_rows
    absent = {name: np.isnan(one) for name, one in columns.items()}
    learnable = ~np.any([absent[name] for name in outputs], axis=0)
    readable = ~np.any([absent[name] & (missing == "interpolate") for name in (*inputs, *outputs)], axis=0)
    first_test, train_rows = train_rows, train_rows - gap
    if missing in ("interpolate", "carry_forward"):
        columns = {name: filled(one, missing, train_rows) for name, one in columns.items()}
    for name, one in columns.items():
        _check_values(one, stamps, target, "" if len(columns) == 1 else f" of {name!r}")
    _check_rows(rows, first_test, reach + steps[-1] + gap, train_fraction, test_rows)
    kind: Any = "standard" if scaler == "window" else scaler
    with np.errstate(over="ignore", invalid="ignore"):
        encoding = Encoding(
            target,
            tuple(steps),
            {name: fit_scaling(steps_of(columns[name][:train_rows], target, lag), kind) for name in inputs},
            {name: _target_scalings(columns[name][:train_rows], target, lag, steps, kind) for name in outputs},
            tuple(calendar),
            lag,
            scaler == "window",
        )
        _check_scaled(encoding, columns, stamps)
    features = calendar_features(np.arange(rows) if stamps is None else stamps, calendar)
    origins = np.arange(reach - 1, train_rows - steps[-1])
    learned = origins[_learned(origins, steps, learnable, readable)]
    scored = np.flatnonzero(learnable[first_test:]) + first_test
    if not (len(learned) and (len(scored) or test_rows == 0)):
        raise DataError("One training and one test window need a row with a value each.")
    return WindowedSeries(columns, features, lookback, train_rows, encoding, learned, scored, learnable, readable)


def _learned(
    origins: NDArray[np.intp], steps: Sequence[int], learnable: NDArray[np.bool_], readable: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Whether what follows an origin is learned: it has values, and the last row that is read was not drawn from it."""
    return readable[origins] & np.all([learnable[origins + step] for step in steps], axis=0)


def _target_scalings(known: Float, target: TargetKind, season: int, steps: Sequence[int], kind: ScalerKind) -> tuple:
    """The scaling of each step ahead; a seasonal change is over whole seasons."""
    distances = [season * -(-step // season) if target == "seasonal_difference" else step for step in steps]
    return tuple(fit_scaling(changes(known, target, distance), kind) for distance in distances)


def _check_values(values: Float, stamps: NDArray | None, target: str, of: str) -> None:
    _refuse(~np.isfinite(values), f"Every value{of} must be finite", values, stamps)
    if target == "log_return":
        hint = "Use target: difference, which takes any sign."
        _refuse(values <= 0, f"Log returns need positive values{of}", values, stamps, hint)


def _check_scaled(encoding: Encoding, columns: Columns, stamps: NDArray | None) -> None:
    """Rows whose change, or whose distance from the training rows in their scale, is larger than a float can be."""
    rows = len(next(iter(columns.values())))
    bad = {name: np.zeros(rows, dtype=bool) for name in columns}
    for name, scaling in encoding.inputs.items():
        steps = scaling.transform(steps_of(columns[name], encoding.target, encoding.season))
        bad[name][rows - len(steps) :] |= ~np.isfinite(steps)
    origins = np.arange(encoding.rows_before, rows - encoding.horizon)
    targets = encoding.targets_at(columns, origins).reshape(len(origins), len(encoding.outputs), -1)
    for place, name in enumerate(encoding.outputs):
        for step, scaled in zip(encoding.steps, targets[:, place].T, strict=True):
            bad[name][origins + step] |= ~np.isfinite(scaled)
    hint = "Train on rows of that size too (data.train_fraction), or use target: log_return."
    for name, rows_of in bad.items():
        of = "" if len(bad) == 1 else f" of {name!r}"
        _refuse(rows_of, f"Every scaled value{of} must fit a float", columns[name], stamps, hint)


def _refuse(bad: NDArray, rule: str, values: NDArray, stamps: NDArray | None, hint: str | None = None) -> None:
    if not bad.any():
        return
    row = int(np.argmax(bad))
    place = f"row {row + 1}" + ("" if stamps is None else f" ({label(stamps[row])})")
    others = int(bad.sum()) - 1
    more = f", and {others} more" if others else ""
    raise DataError(f"{rule}; got {values[row]} in {place}{more}.", hint=hint)


def _check_rows(rows: int, train_rows: int, needed: int, train_fraction: float, test_rows: int | None) -> None:
    if train_rows >= needed and (rows > train_rows or test_rows == 0):
        return
    if test_rows is not None:
        raise DataError(
            f"{test_rows} rows held out and one training window need at least {needed + test_rows} rows; got {rows}.",
            hint="Give more rows, hold out fewer (data.test_rows, evaluation.calibration), or give a smaller lookback "
            "or horizon.",
        )
    enough = int(needed / train_fraction)
    while count_train_rows(enough, train_fraction) < needed:
        enough += 1
    raise DataError(
        f"One training and one test window need at least {enough} rows "
        f"({needed} for training, at train_fraction {train_fraction:g}); got {rows}.",
        hint=f"Give more rows, {'a larger train_fraction, ' * (needed < rows)}or a smaller lookback or horizon."
        if train_rows < needed
        else "Give more rows or a smaller train_fraction.",
    )
