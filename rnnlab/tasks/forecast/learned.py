"""What a forecaster has learned of its series besides its parameters: the scaling, and which rows it was trained on."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from rnnlab.data.calendar_features import CalendarFeature
from rnnlab.data.encoding import Encoding, TargetKind
from rnnlab.data.scaling import Scaling
from rnnlab.data.series import Series
from rnnlab.errors import DataError, RunFolderError

LEARNED = "task.json"  # in the run folder


@dataclass(frozen=True)
class Learned:
    """Content of `task.json`.

    Attributes
    ----------
    encoding : Encoding
        As fitted on the training rows.
    lookback : int
    rows : int
        Of the series, as it was.
    train_rows : int
    last : datetime64 or number
        Time of the last training row.
    digest : str or None
        Of the training rows (:func:`digest_of`); None where a run of an earlier version does not say.
    """

    encoding: Encoding
    lookback: int
    rows: int
    train_rows: int
    last: Any
    digest: str | None = None

    def plain(self) -> dict[str, object]:
        """For JSON; every number comes back bit for bit."""
        last = str(self.last) if isinstance(self.last, np.datetime64) else np.asarray(self.last).item()
        return {**asdict(self), "last": last}

    @classmethod
    def of(cls, content: Mapping[str, Any], where: str) -> "Learned":
        """The inverse of :meth:`plain`.

        Raises
        ------
        RunFolderError
            For another content.
        """
        try:
            encoding, last = _encoding(content["encoding"]), content["last"]
            lookback, rows, train_rows = (content[name] for name in ("lookback", "rows", "train_rows"))
            _check_counts([lookback, rows, train_rows])
            return cls(
                encoding,
                lookback,
                rows,
                train_rows,
                np.datetime64(last) if isinstance(last, str) else last + 0,
                content.get("digest"),
            )
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
            raise RunFolderError(f"'{where}' is damaged: {type(error).__name__}: {str(error)[:100]}.") from error

    def known(self, series: Series) -> int:
        """How many rows of a series, from the first on, are not after the last training row.

        Raises
        ------
        DataError
            The series has dates where the training had numbered rows, or the other way round.
        """
        dated = np.issubdtype(series.stamps.dtype, np.datetime64)
        if dated != isinstance(self.last, np.datetime64):
            kinds = ("numbered rows", "dates")
            raise DataError(
                f"{series.name}: has {kinds[dated]}; the run was trained on a series with {kinds[not dated]}."
            )
        return int(np.searchsorted(series.stamps, self.last, side="right"))

    def was_trained_on(self, series: Series) -> bool:
        """Whether its rows up to the last training row are the training rows, as far as that is on record."""
        known = self.known(series)
        return known == self.train_rows and self.digest in (None, digest_of(series, self.encoding, known))


def digest_of(series: Series, encoding: Encoding, rows: int) -> str:
    """SHA-256, in hexadecimal, of what networks read of the first rows of a series, whatever its column is called."""
    found = sha256()
    for values in columns_read(series, encoding).values():
        found.update(values[:rows].astype("<f8").tobytes())
    return found.hexdigest()


def columns_read(series: Series, encoding: Encoding) -> dict[str, NDArray[np.float64]]:
    """What networks read of a series, by the names that they know; the judged column may be called otherwise."""
    judged = next(iter(encoding.outputs))
    return {name: series.values if name == judged else series.columns[series.column(name)] for name in encoding.columns}


def _encoding(content: Mapping[str, Any]) -> Encoding:
    """The encoding; ValueError and others for what no training writes."""
    inputs = {name: _scaling(one) for name, one in content["inputs"].items()}
    outputs = {name: tuple(map(_scaling, of)) for name, of in content["outputs"].items()}
    steps, calendar = tuple(content["steps"]), tuple(content["calendar"])
    if content["target"] not in get_args(TargetKind):
        raise ValueError(f"no target {content['target']!r}")
    if not set(calendar) <= set(get_args(CalendarFeature)):
        raise ValueError(f"no calendar feature {calendar!r}")
    if not isinstance(content["by_window"], bool):
        raise ValueError("by_window must be true or false")
    _check_counts([*steps, content["season"]])
    if not (steps and outputs and (inputs or calendar)) or list(steps) != sorted(set(steps)):
        raise ValueError("steps, columns or their order are missing")
    if any(len(of) != len(steps) for of in outputs.values()):
        raise ValueError("every step of an output must have a scaling")
    return Encoding(content["target"], steps, inputs, outputs, calendar, content["season"], content["by_window"])


def _scaling(content: Mapping[str, Any]) -> Scaling:
    scaling = Scaling(**content)
    if not np.isfinite([scaling.offset, scaling.scale, scaling.low, scaling.high]).all() or scaling.scale <= 0:
        raise ValueError("a scaling must have finite numbers and a scale above 0")
    return scaling


def _check_counts(counts: Sequence[object]) -> None:
    for number in counts:
        if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number < 2**40:
            raise ValueError(f"{number!r} is no number of rows")
