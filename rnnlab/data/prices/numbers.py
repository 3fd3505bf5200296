"""Numbers as people and sources write them: currency signs, thousands marks, decimal commas."""

import math
import re
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from rnnlab.data.prices.tables import shown
from rnnlab.errors import DataError

MISSING = frozenset({"", ".", "-", "n/a", "na", "nan", "null", "none", "#n/a", "nd", "n/d"})
LONGEST = 400  # characters of a number; a float has at most 309 digits before its point


class UnclearMark(DataError):  # noqa: N818 (what it is, not that it is one)
    """Figures that could be read with a decimal point as well as with a decimal comma."""


_MARKS = {"point": ".", "comma": ","}


def _pattern(decimal: str, thousands: str) -> re.Pattern[str]:
    """Numbers with one decimal mark. No two ways lead through a text, so that no long one takes long."""
    plain = rf"(?:\d+(?:{decimal}\d*)?|{decimal}\d+)(?:[eE][+-]?\d{{1,4}})?"
    grouped = rf"[1-9]\d{{0,2}}(?P<mark>[{thousands} ])\d{{3}}(?:(?P=mark)\d{{3}})*(?:{decimal}\d*)?"
    return re.compile(rf"[+-]?(?:{plain}|{grouped})", re.ASCII)


_PATTERNS = {".": _pattern(r"\.", ","), ",": _pattern(",", r"\.")}
_OTHER = {".": ",", ",": "."}


def is_missing(text: str) -> bool:
    """Whether a cell says that there is no value: empty, ``.``, ``N/A``, ``null`` and the like."""
    return text.casefold() in MISSING


def looks_like_number(text: str) -> bool:
    """Whether a cell is a finite number in any of the ways :func:`parse_numbers` knows."""
    return bool(_readings(text))


def told_marks(texts: Iterable[str]) -> Iterator[str]:
    """The decimal mark of each text that has one reading only."""
    return (marks[0] for text in texts if len(marks := _readings(text)) == 1)


def decimal_mark(
    texts: Sequence[str],
    label: str,
    stated: str | None = None,
    *,
    others: Iterable[str] = (),
    has_bare_commas: bool = False,
) -> str:
    """The decimal mark of a column of figures, ``"."`` or ``","``: as stated, else from the figures.

    A figure tells its mark where it can be read one way only: both marks in it, a mark that stands twice, a
    leading zero, more or fewer than three digits behind a mark or more than three before it, an exponent.
    The mark of ``1.234`` and ``1,234`` is told by another figure, or by the commas between the cells: a
    figure with a decimal comma would need quotes there. But ``900, 974, 1.011`` is what thousands look like,
    between commas too: where whole numbers without a mark stand among figures that could be thousands, the
    commas do not decide.

    Parameters
    ----------
    texts : sequence of str
        The figures; all have one mark.
    label : str
        Name of the text they stand in, for messages.
    stated : {"point", "comma"}, optional
    others : iterable of str
        Cells of other columns, which decide where the figures do not and all of these agree.
    has_bare_commas : bool
        Whether commas stand between the cells and no figure stands in quotes.

    Raises
    ------
    UnclearMark
        Every mark could be a decimal mark as well as one of thousands.
    """
    if stated is not None:
        return _MARKS[stated]
    told = next(told_marks(texts), None)
    if told is not None:
        return told
    unclear = next((text for text in texts if len(_readings(text)) == 2 and {*".,"} & {*text}), None)
    if unclear is None:
        return "."
    agreed = set(told_marks(others))
    if len(agreed) == 1:
        return agreed.pop()
    if has_bare_commas and not any(_is_whole(text) for text in texts):
        return "."
    decimal, thousands = (_plain(unclear, mark) for mark in (".,", ",.")["," in unclear])
    raise UnclearMark(
        f"{label}: {shown(unclear)} could be {decimal} or {thousands}, and no other row tells which.",
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
        ``187.15``, ``$1,187.15``, ``-$37.63``, ``1.187,15`` (where ``decimal`` is ``","``), ``1e3``.
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
    for row, text in enumerate(texts):
        if decimal in _readings(text):
            values[row] = float(_plain(text, decimal))
        elif missing and is_missing(text):
            values[row] = math.nan
        else:
            hint = "`rnnlab fetch NAME --from-file FILE` leaves out days without a value." if is_missing(text) else None
            raise DataError(f"{label}:{lines[row]}: {shown(column)} must be a number; got {_named(text)}.", hint=hint)
        if math.isinf(values[row]):
            raise DataError(f"{label}:{lines[row]}: {shown(column)} must be finite; got {shown(text)}.")
    return values


def _readings(text: str) -> list[str]:
    """The decimal marks with which a text is a number; both for a whole number without marks."""
    bare = _bare(text)
    if len(bare) > LONGEST:
        return []
    return [mark for mark, pattern in _PATTERNS.items() if pattern.fullmatch(bare)]


def _is_whole(text: str) -> bool:
    """Whether a text is a whole number other than 0, without marks."""
    return bool(_readings(text)) and not {*".,"} & {*text} and float(_plain(text, ".")) != 0


def _plain(text: str, decimal: str) -> str:
    """A number as Python writes it."""
    return _bare(text).replace(_OTHER[decimal], "").replace(" ", "").replace(decimal, ".")


def _bare(text: str) -> str:
    """The text without currency signs, before the sign or after it, and with common blanks for unusual ones."""
    text = text.replace("\u00a0", " ").replace("\u202f", " ").strip(" ")
    unsigned = text.lstrip("$€£ ")
    if unsigned[:1] in ("-", "+"):
        return unsigned[0] + unsigned[1:].lstrip("$€£")
    if text[:1] in ("-", "+"):
        return text[0] + text[1:].lstrip("$€£")
    return unsigned


def _named(text: str) -> str:
    return "an empty cell" if not text else shown(text)
