"""What installed packages add to rnnlab, by entry point: found here, loaded elsewhere, so that help stays quick."""

from importlib.metadata import Distribution, EntryPoint, distributions, entry_points

LAYERS, TASKS = "rnnlab.layers", "rnnlab.tasks"


def points(group: str) -> list[EntryPoint]:
    """The entry points of a group in a fixed order, none of them loaded; a package whose list is damaged has none."""
    try:
        found = list(entry_points(group=group))
    except Exception:  # one damaged list hides them all
        found = [point for package in distributions() for point in _of(package, group)]
    return sorted(found, key=lambda point: (point.name, point.value))


def _of(package: Distribution, group: str) -> list[EntryPoint]:
    try:
        return list(package.entry_points.select(group=group))
    except Exception:
        return []


def names(group: str, own: tuple[str, ...]) -> tuple[str, ...]:
    """The package's own names, then those that others add."""
    return tuple(dict.fromkeys((*own, *(point.name for point in points(group)))))


def origin(point: EntryPoint) -> str:
    """Distribution and version of the package that brings it."""
    return f"{point.dist.name} {point.dist.version}" if point.dist else "an installed package"
