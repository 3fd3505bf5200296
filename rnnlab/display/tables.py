"""Aligned tables that fit the screen."""

from collections.abc import Sequence
from textwrap import wrap

from rnnlab.display.console import WIDEST

GAP = "  "
LEAST = 20  # columns of a text, however narrow the screen
INDENT = "  "


def render(header: Sequence[str], rows: Sequence[Sequence[str]], width: int | None = None) -> list[str]:
    """Lines of a table: the first column flush left, the others flush right.

    Columns that do not fit follow in a further block below, beside the first column repeated.

    Parameters
    ----------
    header : sequence of str
        One title per column.
    rows : sequence of sequence of str
        Cells, as many as there are titles.
    width : int, optional
        Columns of the screen; unlimited if left out.

    Returns
    -------
    list of str
        Lines; the header of each block is its first line, and an empty line stands between blocks.
    """
    columns = [[title, *cells] for title, *cells in zip(header, *rows, strict=True)]
    sizes = [max(map(len, column)) for column in columns]
    lines: list[str] = []
    for block in _blocks(sizes, width):
        if lines:
            lines.append("")
        for position in range(len(rows) + 1):
            cells = [columns[0][position].ljust(sizes[0])]
            cells += [columns[index][position].rjust(sizes[index]) for index in block]
            lines.append((INDENT + GAP.join(cells)).rstrip())
    return lines


def definitions(rows: Sequence[tuple[str, str]], width: int | None = None, *, indent: int = 2) -> list[str]:
    """Lines with names flush left and beside each its text, broken between words to fit the screen.

    Parameters
    ----------
    rows : sequence of (str, str)
        Names and texts; a text may have several lines.
    width : int, optional
        Columns of the screen; unlimited if left out.
    indent : int
        Spaces before the names.
    """
    size = max((len(name) for name, _ in rows), default=0)
    hanging = " " * (indent + size + len(GAP))
    room = None if width is None else max(min(width, WIDEST) - len(hanging), LEAST)
    lines: list[str] = []
    for name, text in rows:
        parts = text.split("\n") if room is None else [part for line in text.split("\n") for part in wrap(line, room)]
        first, *rest = parts or [""]
        lines += [f"{' ' * indent}{name.ljust(size)}{GAP}{first}", *(hanging + part for part in rest)]
    return lines


def _blocks(sizes: Sequence[int], width: int | None) -> list[list[int]]:
    """Indices of the columns beside the first, cut so that every block fits the width."""
    start = len(INDENT) + sizes[0]
    blocks: list[list[int]] = [[]]
    used = start
    for index, size in enumerate(sizes[1:], start=1):
        if blocks[-1] and width is not None and used + len(GAP) + size > width:
            blocks.append([])
            used = start
        blocks[-1].append(index)
        used += len(GAP) + size
    return blocks
