"""Where a value was written: sources, locations in them, and the tree of values that remembers both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class SourceText:
    """A text that values come from.

    Attributes
    ----------
    name : str
        As shown to the user: the path as it was given, `<stdin>`, or the whole command line argument.
    lines : tuple of str
        The text, for excerpts.
    folder : Path
        Where relative paths in the text start.
    numbered : bool
        Whether lines and columns mean anything to the user; not so for an argument.
    """

    name: str
    lines: tuple[str, ...]
    folder: Path
    numbered: bool = True


@dataclass(frozen=True)
class Location:
    """A stretch of one line: `line`, `start` and `end` count characters from 0, `end` is left out."""

    source: SourceText
    line: int
    start: int
    end: int

    @property
    def position(self) -> tuple[int, int]:
        """Line and column, for sorting."""
        return self.line, self.start


@dataclass(frozen=True)
class Origin:
    """Where a value that was given comes from.

    Attributes
    ----------
    kind : str
        `file`, `extended` for a file that the config extends, or `argument`.
    where : str
        The file with its line, `configs/stock.yaml:12`, or the whole argument.
    """

    kind: str
    where: str


@dataclass
class Node:
    """A value and where it was written.

    Attributes
    ----------
    value : object
        A scalar; None for a mapping or a list.
    location : Location
        The value itself.
    key_location : Location or None
        The key that it stands at.
    raw : str
        The scalar as it was written.
    children : dict of str to Node, list of Node, or None
        What a mapping or a list holds.
    """

    value: Any
    location: Location
    key_location: Location | None = None
    raw: str = ""
    children: dict[str, Node] | list[Node] | None = field(default=None)

    @property
    def mapping(self) -> dict[str, Node] | None:
        """The children by key, or None where this is no mapping."""
        return self.children if isinstance(self.children, dict) else None

    def plain(self) -> Any:
        """Return the value as plain Python: dict, list and scalars."""
        if isinstance(self.children, dict):
            return {key: child.plain() for key, child in self.children.items()}
        if isinstance(self.children, list):
            return [child.plain() for child in self.children]
        return self.value

    def leaves(self, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Node]]:
        """Yield every scalar and every list below with its path."""
        if self.mapping is None:
            yield path, self
            return
        for key, child in self.mapping.items():
            yield from child.leaves((*path, key))


def find(tree: Node | None, path: tuple[str, ...]) -> Node | None:
    """Follow `path` through mappings and lists; None where it leads nowhere."""
    for part in path:
        if tree is None or tree.children is None:
            return None
        if isinstance(tree.children, dict):
            tree = tree.children.get(part)
        else:
            tree = tree.children[int(part)] if part.isdigit() and int(part) < len(tree.children) else None
    return tree
