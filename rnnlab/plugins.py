"""What installed packages add to rnnlab, by entry point: found here, loaded elsewhere, so that help stays quick."""

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint

LAYERS, TASKS = "rnnlab.layers", "rnnlab.tasks"
METADATA = (".dist-info", ".egg-info")  # ends of the folders in which packages list their entry points


def points(group: str) -> "list[EntryPoint]":
    """The entry points of a group in a fixed order, none of them loaded; a package whose list is damaged has none."""
    if not any(_may_have_some(folder) for folder in sys.path):
        return []
    from importlib.metadata import distributions, entry_points

    try:
        found = list(entry_points(group=group))
    except Exception:  # one damaged list hides them all
        found = [point for package in distributions() for point in _of(package, group)]
    return sorted(found, key=lambda point: (point.name, point.value))


def _may_have_some(folder: str) -> bool:
    """Whether a package in a folder of the import path names a group of ours.

    Only then is `importlib.metadata` needed, whose import alone takes a seventh of the time of help. It is asked too
    where this look finds what it does not know, such as an archive.
    """
    try:
        with os.scandir(folder or os.curdir) as entries:
            names = [entry.name for entry in entries]
    except FileNotFoundError:
        return False
    except OSError:
        return True
    if any(name.endswith(".egg") for name in names):
        return True
    lists = (os.path.join(folder, name, "entry_points.txt") for name in names if name.endswith(METADATA))
    return any(_names_a_group(path) for path in lists)


def _names_a_group(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            text = file.read()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return LAYERS.encode() in text or TASKS.encode() in text


def _of(package: "Distribution", group: str) -> "list[EntryPoint]":
    try:
        return list(package.entry_points.select(group=group))
    except Exception:
        return []


def names(group: str, own: tuple[str, ...]) -> tuple[str, ...]:
    """The package's own names, then those that others add."""
    return tuple(dict.fromkeys((*own, *(point.name for point in points(group)))))


def origin(point: "EntryPoint") -> str:
    """Distribution and version of the package that brings it."""
    return f"{point.dist.name} {point.dist.version}" if point.dist else "an installed package"
