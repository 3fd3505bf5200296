"""Numbers as people and sources write them: currency signs, thousands marks, decimal commas."""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

import numpy as np

from rnnlab.data.reading.cells import shown
from rnnlab.errors import DataError

MISSING = frozenset(
    {"", ".", "..", "...", ":", "?", "-", "--", "\u2013", "\u2014", "n/a", "n.a.", "na", "nan", "nat", "nd", "n/d"}
    | {"nil", "none", "null", "missing", "#n/a", "#n/a n/a", "#value!", "#ref!", "#num!", "#div/0!"}
)
LONGEST = 400  # characters of a number; a float has at most 309 digits before its point


class UnclearMark(DataError):  # noqa: N818 (what it is, not that it is one)
    """Figures that could be read with a decimal point as well as with a decimal comma."""


_SAY = "Say which: --decimal (in a config data.decimal) point or comma."
_MARKS = {"point": ".", "comma": ","}
_OTHER = {".": ",", ",": "."}
_USUAL = str.maketrans({**dict.fromkeys("\u00a0\u2007\u2009\u202f", " "), "\u2212": "-", "\u2019": "'"})
_UNIT = (
    r"(?:[$\u20ac\u00a3\u00a5\u20b9\u20bd\u20a9\u20ba]|[A-Z]{1,2}\$|kr\.?|z\u0142|K\u010d|Ft|Fr\.|Rs\.?"
    r"|USD|EUR|GBP|CHF|JPY|CNY|INR|AUD|CAD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|BRL)"
)
# What stands around a figure: a sign, parentheses for one below zero, a currency before or after it, a percent sign.
_DRESS = re.compile(
    rf"(?P<open>\(?) ?(?P<sign>[-+]?) ?{_UNIT}? ?(?P<inner>[-+]?)(?P<bare>[0-9.,'][0-9.,' ]*(?:[eE][-+]?[0-9]{{1,4}})?)"
    rf"(?P<behind>-?) ?(?:{_UNIT}|%)? ?(?P<close>\)?)"
)


def _pattern(decimal: str, thousands: str) -> re.Pattern[str]:
    """Figures with one decimal mark. No two ways lead through a text, so that no long one takes long."""
    plain = rf"(?:\d+(?:{decimal}\d*)?|{decimal}\d+)(?:[eE][+-]?\d{{1,4}})?"
    grouped = rf"[1-9]\d{{0,2}}(?P<mark>[{thousands} '])\d{{3}}(?:(?P=mark)\d{{3}})*(?:{decimal}\d*)?"
    lakhs = rf"[1-9]\d?(?:{thousands}\d\d)+{thousands}\d{{3}}(?:{decimal}\d*)?"
    return re.compile(rf"(?:{plain}|{grouped}|{lakhs})", re.ASCII)


_PATTERNS = {".": _pattern(r"\.", ","), ",": _pattern(",", r"\.")}


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
        Every mark could be a decimal mark as well as one of thousands, or two figures tell two marks.
    """
    if stated is not None:
        return _MARKS[stated]
    told = next(told_marks(texts), None)
    if told is not None:
        _check_agreement(texts, told, label)
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
        hint=_SAY,
    )


def _check_agreement(texts: Sequence[str], told: str, label: str) -> None:
    one, other = (next((text for text in texts if _readings(text) == [mark]), None) for mark in (told, _OTHER[told]))
    if other is not None:
        names = {".": "point", ",": "comma"}
        raise UnclearMark(
            f"{label}: {shown(one or '')} has a decimal {names[told]}, {shown(other)} a decimal {names[_OTHER[told]]}.",
            hint=_SAY,
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
        ``187.15``, ``$1,187.15``, ``-$37.63``, ``(37.63)``, ``1'187.15``, ``1,23,456.78``, ``12.5 %`` (as 12.5),
        ``1e3``; ``1.187,15 \u20ac`` where ``decimal`` is ``","``.
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
            raise DataError(f"{label}:{lines[row]}: {shown(column)} must be a number; got {_named(text)}.")
        if math.isinf(values[row]):
            raise DataError(f"{label}:{lines[row]}: {shown(column)} must be finite; got {shown(text)}.")
    return values


def numbers_or_nan(texts: Sequence[str], decimal: str = ".") -> np.ndarray:
    """Texts as numbers, NaN for every one that is no finite number; shape (N,)."""
    values = np.array([float(_plain(text, decimal)) if decimal in _readings(text) else math.nan for text in texts])
    values[np.isinf(values)] = math.nan
    return values


def marks_in_words(texts: Iterable[str], decimal: str) -> str | None:
    """Which marks stand in the figures: ``decimal comma, thousands point``; None where none do."""
    used = {mark for text in texts if _readings(text) for mark in text.translate(_USUAL) if mark in ".,' "}
    names = {".": "point", ",": "comma", "'": "apostrophe", " ": "blank"}
    decimals = [f"decimal {names[decimal]}"] if decimal in used else []
    thousands = [f"thousands {names[mark]}" for mark in (_OTHER[decimal], "'") if mark in used]
    return ", ".join(decimals + thousands) or None


def _readings(text: str) -> list[str]:
    """The decimal marks with which a text is a number; both for a whole number without marks."""
    bare = _bare(text)
    return [mark for mark, pattern in _PATTERNS.items() if pattern.fullmatch(bare.lstrip("-"))]


def _is_whole(text: str) -> bool:
    """Whether a text is a whole number other than 0, without marks."""
    return bool(_readings(text)) and not {*".,"} & {*text} and float(_plain(text, ".")) != 0


def _plain(text: str, decimal: str) -> str:
    """A number as Python writes it."""
    return _bare(text).replace(_OTHER[decimal], "").replace(" ", "").replace("'", "").replace(decimal, ".")


@lru_cache(maxsize=4096)
def _bare(text: str) -> str:
    """The figure alone, with `-` before it where it is below zero; empty for what is not dressed as a number."""
    if len(text) > LONGEST:
        return ""
    found = _DRESS.fullmatch(text.translate(_USUAL).strip(" "))
    if found is None or bool(found["open"]) != bool(found["close"]):
        return ""
    signs = found["sign"] + found["inner"] + found["behind"] + ("-" if found["open"] else "")
    if len(signs) > 1:
        return ""
    return signs.replace("+", "") + found["bare"].rstrip(" ")


def _named(text: str) -> str:
    return "an empty cell" if not text else shown(text)
