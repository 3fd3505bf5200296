"""Formulas with their numbers: `a_1 = h_0 W_hh + x_1 W_xh + b_h`, and the vector or matrix beside it."""

import re
from collections.abc import Sequence
from itertools import chain
from textwrap import wrap
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


def one_step_before(text: str) -> str:
    """A formula of step t as one of step t - 1: `h_{t+1}` becomes `h_t`, and `h_t` becomes `h_{t-1}`."""
    return re.sub(r"_t(?!\w)", "_{t-1}", text).replace("_{t+1}", "_t")


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
        self._width = width = min(width or WIDEST, WIDEST)
        room = max(width - 2 * CELL, width // 2)
        self.texts: list[int] = []
        self._text = max((length for length in texts if length <= room), default=0)
        self._fit = max(1, (width - self._text) // CELL)

    def row(self, text: str, value: Any, depth: int = 1) -> list[str]:
        """A formula with a vector or a number beside it, or below it where there are too many numbers."""
        cells = _abbreviated([_number(one) for one in _listed(value)])
        return self._beside(text, [cells], depth) if len(cells) <= self._fit else self._below(text, [[cells]], depth)

    def matrix(self, text: str, value: Any, gates: Sequence[str] = (), depth: int = 1) -> list[str]:
        """A formula with a matrix beside it; below it, gate by gate, where the columns belong to gates."""
        rows = [list(row) for row in value.tolist()]
        size = len(rows[0]) // max(1, len(gates))
        blocks = [_block(rows, start * size, size) for start in range(max(1, len(gates)))]
        if not gates and len(blocks[0][0]) <= self._fit:
            return self._beside(text, blocks[0], depth)
        named = (
            [[_heading(gate, block), *block] for gate, block in zip(gates, blocks, strict=True)] if gates else blocks
        )
        return self._below(text, named, depth)

    def plain(self, text: str, depth: int = 1) -> list[str]:
        """A line without numbers."""
        return self._folded(text, depth)

    def _beside(self, text: str, rows: list[list[str]], depth: int) -> list[str]:
        text = depth * INDENT + text
        self.texts.append(len(text))
        above = self._folded(text.strip(), depth) if len(text) > self._text else []
        texts = ["" if above else text] + [""] * (len(rows) - 1)
        return above + [_line(text.ljust(self._text), row) for text, row in zip(texts, rows, strict=True)]

    def _folded(self, text: str, depth: int) -> list[str]:
        return wrap(
            text, self._width, initial_indent=depth * INDENT, subsequent_indent=(depth + 2) * INDENT,
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip

    def _below(self, text: str, blocks: list[list[list[str]]], depth: int) -> list[str]:
        """The text, then the blocks side by side, as many as the screen takes; a block that is too wide is cut."""
        margin = (depth + 1) * INDENT
        fit = max(1, (self._width - len(margin)) // CELL)
        together = max(1, fit // len(blocks[0][0]))
        lines = self._folded(text, depth)
        for at in range(0, len(blocks), together):
            band = [list(chain(*parts)) for parts in zip(*blocks[at : at + together], strict=True)]
            for start in range(0, len(band[0]), fit):
                lines += [_line(margin, row[start : start + fit]) for row in band]
        return lines


def _line(text: str, cells: list[str]) -> str:
    return (text + "".join(cell.rjust(CELL) for cell in cells)).rstrip()


def _number(value: Any) -> str:
    return str(value) if isinstance(value, int) else numbers.significant(value, DIGITS)


def _listed(value: Any) -> list:
    value = value.tolist() if hasattr(value, "tolist") else value
    return value if isinstance(value, list) else [value]


def _abbreviated(entries: list) -> list:
    return entries if len(entries) <= MOST else [*entries[:FIRST], GAP, entries[-1]]


def _block(rows: list[list[float]], start: int, size: int) -> list[list[str]]:
    """Some columns of a matrix, abbreviated both ways."""
    cells = [_abbreviated([_number(one) for one in row[start : start + size]]) for row in rows]
    return cells if len(cells) <= MOST else [*cells[:FIRST], [GAP] * len(cells[0]), cells[-1]]


def _heading(gate: str, block: list[list[str]]) -> list[str]:
    return [gate] + [""] * (len(block[0]) - 1)
