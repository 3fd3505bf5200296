"""Formulas with their numbers: `a_1 = h_0 W_hh + x_1 W_xh + b_h`, and the vector or matrix beside it."""

import re
from collections.abc import Sequence
from typing import Any

from rnnlab.display import numbers

DIGITS = 4
CELL = 11  # columns of a number
WIDEST = 100
MOST, FIRST = 8, 4  # an axis of more entries shows the first of them and the last
INDENT = "  "
GAP = "..."


def at_step(text: str, t: int, *, reverse: bool = False) -> str:
    """A formula at a step: `h_{t-1}` becomes `h_1` at t = 2, and `h_3` where the steps are visited in reverse."""
    before, after = (t + 1, t - 1) if reverse else (t - 1, t + 1)
    text = text.replace("_{t-1}", f"_{before}").replace("_{t+1}", f"_{after}")
    return re.sub(r"_t(?!\w)", f"_{t}", text)


class Page:
    """Where formulas end and numbers begin, on a screen of some width.

    Parameters
    ----------
    width : int, optional
        Columns; a hundred at most.
    texts : sequence of int
        Lengths of the formulas to come: numbers begin behind the longest that leaves room for two of them.
    """

    def __init__(self, width: int | None, texts: Sequence[int] = ()) -> None:
        width = min(width or WIDEST, WIDEST)
        room = max(width - 2 * CELL, width // 2)
        self.texts: list[int] = []
        self._text = max((length for length in texts if length <= room), default=0)
        self._fit = max(1, (width - self._text) // CELL)

    def row(self, text: str, value: Any, depth: int = 1) -> list[str]:
        """A formula and a vector or a number; what does not fit goes to the lines below."""
        cells = _abbreviated([_number(one) for one in _listed(value)])
        return self._beside(text, [cells[at : at + self._fit] for at in range(0, len(cells), self._fit)], depth)

    def matrix(self, text: str, value: Any, gates: Sequence[str] = (), depth: int = 1) -> list[str]:
        """A formula and a matrix, row below row, its gates side by side as far as they fit."""
        rows = [list(row) for row in value.tolist()]
        gates = gates or ("",)
        size = len(rows[0]) // len(gates)
        blocks = [_block(rows, gate, start * size, size) for start, gate in enumerate(gates)]
        together = max(1, self._fit // len(blocks[0][0]))
        found: list[str] = []
        for at in range(0, len(blocks), together):
            band = [sum(parts, []) for parts in zip(*blocks[at : at + together], strict=True)]
            shown = [row[start : start + self._fit] for row in band for start in range(0, len(row), self._fit)]
            found += self._beside(text if at == 0 else "", shown if any(gates) else shown[len(shown) // len(band) :], depth)
        return found

    def plain(self, text: str, depth: int = 1) -> list[str]:
        """A line without numbers."""
        return [depth * INDENT + text]

    def _beside(self, text: str, rows: list[list[str]], depth: int) -> list[str]:
        text = depth * INDENT + text
        self.texts.append(len(text))
        texts = [text] + [""] * (len(rows) - 1)
        if len(text) > self._text:
            texts, rows = [text] + [""] * len(rows), [[], *rows]
        return [
            (text.ljust(self._text) + "".join(cell.rjust(CELL) for cell in row)).rstrip()
            for text, row in zip(texts, rows, strict=True)
        ]


def _number(value: Any) -> str:
    return str(value) if isinstance(value, int) else numbers.significant(value, DIGITS)


def _listed(value: Any) -> list:
    value = value.tolist() if hasattr(value, "tolist") else value
    return value if isinstance(value, list) else [value]


def _abbreviated(entries: list) -> list:
    return entries if len(entries) <= MOST else [*entries[:FIRST], GAP, entries[-1]]


def _block(rows: list[list[float]], gate: str, start: int, size: int) -> list[list[str]]:
    """A gate's columns below its name, abbreviated both ways."""
    cells = [_abbreviated([_number(one) for one in row[start : start + size]]) for row in rows]
    if len(cells) > MOST:
        cells = [*cells[:FIRST], [GAP] * len(cells[0]), cells[-1]]
    return [[gate, *[""] * (len(cells[0]) - 1)], *cells]
