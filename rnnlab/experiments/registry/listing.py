"""`rnnlab runs`: the runs of a folder, filtered and sorted."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from rnnlab.errors import RunFolderError, UsageError
from rnnlab.experiments.registry.index import Registry
from rnnlab.experiments.registry.query import as_text, keys_in, parse, unknown_key
from rnnlab.experiments.registry.rows import DAMAGED, PROCESS, UNREADABLE
from rnnlab.printable import on_one_line, shortened
from rnnlab.runs.find import age
from rnnlab.runs.notes import read_notes
from rnnlab.runs.record import STATUSES, load_record, status
from rnnlab.suggestions import did_you_mean

# Other words for a key.
ALIASES = {"labels": "label", "started": "started_at", "ended": "ended_at", "task": "data.task", "note": "notes"}
# What every record has, or may come to have: known where no run has it yet.
RECORD_KEYS = (
    "id", "name", "status", "verb", "kind", "started_at", "ended_at", "seeds", "label", "notes", "headline", "seconds",
    "command", "warnings", "diverged", "stopped_early", "clipped_share", "data.task",
)  # fmt: skip
METRICS = "metrics."
SHOWN = (*STATUSES, "lost", UNREADABLE)  # every status that a run can have in the list


@dataclass
class Listing:
    """Runs of a folder, in an order.

    Attributes
    ----------
    runs_dir : Path
    registry : Registry
        All runs of the folder.
    order : list of int
        The places of those that are listed.
    keys : list of str
        The keys that were asked for, to filter or sort by.
    """

    runs_dir: Path
    registry: Registry
    order: list[int] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    def values(self, key: str) -> list[Any]:
        """The values of a key for the runs that are listed; None for a run that has none."""
        column = self.column(key)
        return [column[at] for at in self.order]

    def column(self, key: str) -> Sequence[Any]:
        """The values of a key for all runs of the folder."""
        key = ALIASES.get(key, key)
        if key == "id":
            return self.registry.names
        return self._statuses if key == "status" else self.registry.column(key)

    @cached_property
    def _statuses(self) -> list[str]:
        """As they are now: ``lost`` where the process of a run is gone."""
        written, processes = self.registry.column("status"), self.registry.column(PROCESS)
        return [
            status({"status": one, "process": process}) if one == "running" else one
            for one, process in zip(written, processes, strict=True)
        ]

    @property
    def metrics(self) -> list[str]:
        """The names of the metrics that a run of the folder has."""
        return [key.removeprefix(METRICS) for key in self.registry.keys if key.startswith(METRICS)]

    def plain(self) -> list[dict[str, Any]]:
        """For JSON: a mapping per run, with the keys that were asked for under `values`."""
        names = ("id", "name", "status", "verb", "kind", "task", "started_at", "ended_at", "seeds", "headline", "label")
        columns = {name: self.values(name) for name in names}
        metrics = {name: self.values(METRICS + name) for name in self.metrics}
        asked = {key: self.values(key) for key in self.keys}
        found = []
        for at in range(len(self.order)):
            one: dict[str, Any] = {name: column[at] for name, column in columns.items()}
            one["labels"] = one.pop("label") or []
            one["path"] = str(self.runs_dir / one["id"])
            one["metrics"] = {name: column[at] for name, column in metrics.items() if column[at] is not None}
            found.append(one | ({"values": {key: column[at] for key, column in asked.items()}} if asked else {}))
        return found

    @property
    def warnings(self) -> list[str]:
        """A sentence where runs of the folder, listed or not, cannot be read: why, or of several, which."""
        damaged = self.registry.column(DAMAGED)
        unread = [at for at, one in enumerate(self.registry.column("status")) if one == UNREADABLE]
        unread += [at for at, files in enumerate(damaged) if files and "notes.json" in files and at not in unread]
        names = sorted((self.registry.names[at] for at in unread), reverse=True)
        if len(names) == 1:
            return [_why(self.runs_dir / names[0])]
        if not names:
            return []
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        shown = ", ".join(map(on_one_line, names[:3]))
        return [f"{len(names)} runs cannot be read in full: {shown}{more}; `rnnlab doctor` says why."]


def list_runs(
    runs_dir: Path,
    *,
    where: str | None = None,
    status: str | None = None,
    label: str | None = None,
    sort: str | None = None,
    reverse: bool = False,
    limit: int | None = None,
) -> Listing:
    """List the runs of a folder, the newest first.

    Parameters
    ----------
    runs_dir : Path
    where : str, optional
        A condition (see `rnnlab.experiments.registry.query`).
    status, label : str, optional
        What the runs must have.
    sort : str, optional
        A key; with a ``-`` before it the largest come first. Runs without a value come last.
    reverse : bool
        The other order.
    limit : int, optional
        At most so many.

    Raises
    ------
    UsageError
        For a condition that cannot be read, and a key or a status that there is not.
    RunFolderError
        If the folder exists and cannot be read.
    """
    if status is not None and status not in SHOWN:
        raise UsageError(
            f"status must be one of {', '.join(SHOWN)}; got {shortened(status)!r}{did_you_mean(status, SHOWN) or '.'}"
        )
    condition = parse(where) if where is not None else None
    found = Listing(runs_dir, Registry(runs_dir))
    wanted = [True] * len(found.registry.names)
    if condition is not None:
        found.keys += _known(found, keys_in(condition), "where")
        wanted = condition.matches(found.column)
    if status is not None:
        wanted = [one and has == status for one, has in zip(wanted, found.column("status"), strict=True)]
    if label is not None:
        wanted = [one and label in (has or ()) for one, has in zip(wanted, found.column("label"), strict=True)]
    found.order = [at for at in _by_age(found.registry) if wanted[at]]
    if sort is not None:
        key = sort.removeprefix("-")
        found.keys += [one for one in _known(found, [key], "sort") if one not in found.keys]
        found.order = _sorted(found, key, reverse != sort.startswith("-"))
    elif reverse:
        found.order.reverse()
    found.order = found.order[:limit]
    return found


def _by_age(registry: Registry) -> list[int]:
    """The places of all runs, the newest first."""
    started = registry.column("started_at")
    ages = [age(name, began) for name, began in zip(registry.names, started, strict=True)]
    return sorted(range(len(ages)), key=ages.__getitem__, reverse=True)


def _sorted(found: Listing, key: str, largest_first: bool) -> list[int]:
    """Numbers before texts, and runs without a value last, in either order."""
    column = found.column(key)
    has = [at for at in found.order if column[at] is not None and column[at] != []]
    numbers = [at for at in has if isinstance(column[at], int | float)]
    texts = [at for at in has if not isinstance(column[at], int | float)]
    numbers.sort(key=column.__getitem__, reverse=largest_first)
    texts.sort(key=lambda at: _text(column[at]), reverse=largest_first)
    ordered = [*texts, *numbers] if largest_first else [*numbers, *texts]
    return ordered + [at for at in found.order if at not in set(has)] if len(has) < len(found.order) else ordered


def _text(value: Any) -> str:
    return ", ".join(map(as_text, value)) if isinstance(value, list) else as_text(value)


def _known(found: Listing, keys: Sequence[str], option: str) -> list[str]:
    """The keys, where each is one that some run has, or that a config or a record may have."""
    has = {key for key in found.registry.keys if not key.startswith("_")}
    for key in keys:
        if ALIASES.get(key, key) in has or key in RECORD_KEYS or key in ALIASES:
            continue
        from rnnlab.config.vocabulary import vocabulary

        words = vocabulary()
        if key not in words:
            raise unknown_key(key, [*RECORD_KEYS, *sorted(has), *words], option)
    return list(dict.fromkeys(keys))


def _why(run: Path) -> str:
    """What is wrong with a run that cannot be read in full."""
    for read in (load_record, read_notes):
        try:
            read(run)
        except RunFolderError as error:
            return error.message
    return f"{on_one_line(run.name)} could not be read."
