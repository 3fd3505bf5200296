"""The configs that come with the package, found by their names: `stock`, `remedies/clipping`, or `clipping` alone.

A pattern, such as `stock/*`, means several of them.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from types import MappingProxyType

_PACKAGE = Path(__file__).resolve().parents[1]
SUFFIX = ".yaml"
COMPANIONS = (".csv", ".md")  # what configs read, and where it comes from
_PATTERN = re.compile(r"[*?\[]")


@dataclass(frozen=True)
class Bundled(os.PathLike):
    """A bundled config.

    Attributes
    ----------
    name : str
        Its path below the folder, without the suffix: `remedies/clipping`.
    path : Path
        Its file.
    """

    name: str
    path: Path

    def __fspath__(self) -> str:
        return str(self.path)

    @property
    def label(self) -> str:
        """How messages name it."""
        return f"{self.name} (bundled)"


def folder() -> Path:
    """Where the files are: within the package, or beside it in a checkout."""
    inside = _PACKAGE / "configs"
    return inside if inside.is_dir() else _PACKAGE.parent / "configs"


@cache
def configs() -> Mapping[str, Bundled]:
    """All of them by name, in alphabetical order, those of subfolders last."""
    top = folder()
    found = [(path.relative_to(top).with_suffix("").as_posix(), path) for path in top.rglob(f"*{SUFFIX}")]
    ordered = sorted(found, key=lambda one: (one[0].count("/"), one[0]))
    return MappingProxyType({name: Bundled(name, path) for name, path in ordered})


def companions() -> list[Path]:
    """The files beside the configs that they need or that say where their data come from, in alphabetical order."""
    return sorted(path for path in folder().rglob("*") if path.suffix in COMPANIONS)


def find(word: str) -> Bundled | None:
    """The config of this name, whole or its last part where only one ends so; None where there is none."""
    known = configs()
    if word in known:
        return known[word]
    ends = ending_in(word)
    return ends[0] if len(ends) == 1 else None


def ending_in(word: str) -> list[Bundled]:
    """The configs whose name has this last part."""
    return [one for name, one in configs().items() if name.rpartition("/")[2] == word]


def matching(pattern: str) -> list[Bundled]:
    """The configs whose names match a pattern, such as `stock/*`; none for a word that is no pattern."""
    if not _PATTERN.search(pattern):
        return []
    return [one for name, one in configs().items() if fnmatchcase(name, pattern)]


def at(path: str | Path) -> Bundled | None:
    """The bundled config that a path leads to; None where it leads elsewhere."""
    return next((one for one in configs().values() if os.path.normpath(one.path) == os.path.normpath(path)), None)


def words() -> list[str]:
    """All words that `find` knows."""
    known = configs()
    ends = [name.rpartition("/")[2] for name in known]
    return list(dict.fromkeys([*known, *(end for end in ends if ends.count(end) == 1)]))
