"""Numbers as people and sources write them: currency signs, thousands marks, decimal commas."""

import math
import re
from collections.abc import Sequence

import numpy as np

from rnnlab.data.prices.tables import shown
from rnnlab.errors import DataError

MISSING = frozenset({"", ".", "-", "n/a", "na", "nan", "null", "none", "#n/a", "nd", "n/d"})

_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)
_THOUSANDS = {
    ".": re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?", re.ASCII),  # decimal point, commas every three digits
    ",": re.compile(r"[+-]?\d{1,3}(?:[. ]\d{3})*(?:,\d*)?|[+-]?\d+,\d*", re.ASCII),
}
_MARKS = {"point": ".", "comma": ","}
_EITHER_WAY = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)


def is_missing(text: str) -> bool:
    """Whether a cell says that there is no value: empty, ``.``, ``N/A``, ``null`` and the like."""
    return text.casefold() in MISSING


def looks_like_number(text: str) -> bool:
    """Whether a cell is a finite number in any of the ways :func:`parse_numbers` knows."""
    bare = _bare(text)
    return any(pattern.fullmatch(bare) for pattern in (_PLAIN, *_THOUSANDS.values()))


def decimal_mark(texts: Sequence[str], label: str, stated: str | None = None) -> str:
    """The decimal mark of a column of figures, ``"."`` or ``","``: as stated, else from the figures.

    Raises
    ------
    DataError
        Every comma could be a thousands mark as well as a decimal mark (``1,234``).
    """
    if stated is not None:
        return _MARKS[stated]
    with_comma = [bare for bare in map(_bare, texts) if "," in bare]
    if not with_comma:
        return "."
    unclear = None
    for bare in with_comma:
        if _EITHER_WAY.fullmatch(bare):
            unclear = unclear or bare
        elif bare.count(",") > 1 or "." in bare[bare.rindex(",") :]:
            return "."
        else:
            return ","
    assert unclear is not None
    raise DataError(
        f"{label}: {unclear!r} could be {unclear.replace(',', '.')} or {unclear.replace(',', '')},"
        " and no other row tells which.",
        hint="Say which: --decimal (in a config data.decimal) point or comma.",
    )


def parse_numbers(
    texts: Sequence[str],
    lines: Sequence[int],
    label: str,
    column: str,
    decimal: str = ".",
    *,
    missing: bool = False,
) -> np.ndarray:
    """Texts as numbers.

    Parameters
    ----------
    texts : sequence of str, length N
        ``187.15``, ``$1,187.15``, ``1.187,15`` (where ``decimal`` is ``","``), ``1e3``.
    lines : sequence of int, length N
        Where they stand, for messages.
    label, column : str
        Names of the text and of the column, for messages.
    decimal : {".", ","}
    missing : bool
        Whether empty cells, ``.``, ``N/A`` and the like are allowed, and become NaN.

    Returns
    -------
    ndarray of float64, shape (N,)
        Finite, but for missing cells.

    Raises
    ------
    DataError
        At the first text that is no finite number.
    """
    values = np.empty(len(texts))
    thousands = _THOUSANDS[decimal]
    drop, swap = (",", None) if decimal == "." else (". ", ",")
    for row, text in enumerate(texts):
        bare = _bare(text)
        if _PLAIN.fullmatch(bare) and (decimal == "." or "." not in bare):
            values[row] = float(bare)
        elif thousands.fullmatch(bare):
            digits = bare.translate({ord(mark): None for mark in drop})
            values[row] = float(digits.replace(swap, ".") if swap else digits)
        elif missing and is_missing(text):
            values[row] = math.nan
        else:
            hint = "`rnnlab fetch NAME --from-file FILE` leaves out days without a value." if is_missing(text) else None
            raise DataError(f"{label}:{lines[row]}: {column!r} must be a number; got {_named(text)}.", hint=hint)
        if math.isinf(values[row]):
            raise DataError(f"{label}:{lines[row]}: {column!r} must be finite; got {shown(text)}.")
    return values


def _bare(text: str) -> str:
    return text.lstrip("$€£ ").replace("\u00a0", " ").replace("\u202f", " ")


def _named(text: str) -> str:
    return "an empty cell" if not text else shown(text)
