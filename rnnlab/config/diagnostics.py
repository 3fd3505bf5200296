"""How a problem in a config is shown: where it is, what is wrong, and the line itself with carets beneath.

configs/stock.yaml:14:3: model.hiden_size: no such key; did you mean hidden_size?
   14 |   hiden_size: 16
      |   ^^^^^^^^^^
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from rnnlab.config.locations import Location, SourceText
from rnnlab.printable import cut, escaped

WIDTH = 100


@dataclass(frozen=True)
class Mark:
    """A location to put carets under, with a word beside them."""

    location: Location
    note: str = ""


@dataclass(frozen=True)
class Diagnostic:
    """One thing to put right.

    Attributes
    ----------
    message : str
        A sentence, or several, that begins with the dotted key.
    marks : tuple of Mark
        The first is the location of the problem, the others what it has to do with.
    source : SourceText, optional
        What the problem is in, where it has no location there: something that is missing.
    in_the_way : tuple of str
        Keys of a file that an argument cannot stand beside, and that may be null.
    """

    message: str
    marks: tuple[Mark, ...] = ()
    source: SourceText | None = None
    in_the_way: tuple[str, ...] = ()

    @property
    def origin(self) -> SourceText | None:
        """The text that the problem is in, if any."""
        return self.marks[0].location.source if self.marks else self.source

    def render(self) -> str:
        """Write the problem as lines of text without a newline at the end."""
        message = drawn(self.message)
        if not self.marks:
            return f"{drawn(cut(self.source.name, WIDTH))}: {message}" if self.source else message
        first = self.marks[0].location
        name = drawn(cut(first.source.name, WIDTH))
        where = f"{name}:{first.line + 1}:{first.start + 1}" if first.source.numbered else name
        return "\n".join([f"{where}: {message}", *self._excerpts()])

    def _excerpts(self) -> list[str]:
        home = self.marks[0].location.source
        lines: list[str] = []
        by_location = sorted(self.marks, key=lambda mark: (mark.location.source is not home, *mark.location.position))
        for (source, _), marks in groupby(by_location, key=lambda mark: (mark.location.source, mark.location.line)):
            if source is not home:
                name = drawn(cut(source.name, WIDTH))
                lines.append(f"    in {name}:" if source.numbered else "    with the argument:")
            lines += excerpt(list(marks))
        return lines

    def order(self) -> tuple[int, int]:
        """Sort key: by line and column; problems without a location come first."""
        return self.marks[0].location.position if self.marks else (-1, -1)


def excerpt(marks: Sequence[Mark]) -> list[str]:
    """Draw a line, cut to a readable width, and under it the carets of the marks in it, ordered by column."""
    location = marks[0].location
    line = location.source.lines[location.line] if location.line < len(location.source.lines) else ""
    first = max(0, location.start - WIDTH // 2) if len(line) > WIDTH else 0
    last = first + WIDTH
    before, after = "…" * (first > 0), "…" * (last < len(line))
    rows = [""]
    for mark in marks:
        start, end = min(mark.location.start, last), min(mark.location.end, last)
        indent = len(before) + display_width(line[first:start])
        if indent < len(rows[-1]):
            rows.append("")
        carets = "^" * max(display_width(line[start:end]), 1)
        rows[-1] += " " * (indent - len(rows[-1])) + carets + (f" {mark.note} " if mark.note else "")
    number = f"{location.line + 1:>5}" if location.source.numbered else " " * 5
    text = f"{number} | {before}{drawn(line[first:last])}{after}"
    return [text.rstrip(), *(f"      | {row}".rstrip() for row in rows)]


def drawn(text: str) -> str:
    """The text as an excerpt shows it: tabs as four spaces, other control codes as their escapes."""
    return "".join(_shown(character) for character in text)


def display_width(text: str) -> int:
    """Count the terminal columns that `drawn(text)` takes."""
    return sum(_columns(character) for character in text)


def quoted(text: str) -> str:
    """Put a text into quotes for a sentence."""
    return f'"{cut(text)}"'


def _shown(character: str) -> str:
    if character == "\t":
        return "    "
    if character == "\n":
        return "\\n"
    return escaped(character)


def _columns(character: str) -> int:
    shown = _shown(character)
    if len(shown) > 1:
        return len(shown)
    if unicodedata.combining(shown):
        return 0
    return 2 if unicodedata.east_asian_width(shown) in ("W", "F") else 1
