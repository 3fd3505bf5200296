"""`rnnlab why`: everything that differs between two runs, the likeliest cause first."""

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rnnlab.errors import RunFolderError
from rnnlab.experiments.comparison.compare import labels
from rnnlab.experiments.comparison.differences import MISSING, Difference, config_of, differences
from rnnlab.experiments.comparison.table_differences import TABLES, TableDifference, table_difference
from rnnlab.experiments.comparison.trainings import task_of
from rnnlab.printable import shortened
from rnnlab.runs.record import load_record, read_json, status
from rnnlab.seeds import Spread, spread

if TYPE_CHECKING:
    import pandas as pd

# What can change a number, the likeliest first; what cannot comes last.
GROUPS = ("data", "seeds", "model", "training", "sweep", "code", "environment", "command", "status", "bookkeeping")
CHANGE_NO_NUMBER = ("name", "training.log_gradient_flow_every", "training.checkpoint", "training.checkpoint_every")
OUTCOMES = ("command", "status", "bookkeeping")  # groups that explain no number
# Entries of run.json, and the group that each is told in; those of `data`, `code` and `environment` are entered.
RECORDED = {
    "data": "data",
    "seeds": "seeds",
    "verb": "sweep",
    "rhos": "sweep",
    "exact": "sweep",
    "code": "code",
    "plugins": "code",
    "environment": "environment",
}


@dataclass(frozen=True)
class Ranked:
    """One entry that differs.

    Attributes
    ----------
    group : str
        One of `GROUPS`.
    file : str
        config.yaml or run.json.
    difference : Difference
    """

    group: str
    file: str
    difference: Difference


@dataclass(frozen=True)
class Explanation:
    """What `rnnlab why` prints.

    Attributes
    ----------
    runs : (Path, Path)
    labels : (str, str)
    tasks : list of str
        Of the runs whose run.json can be read.
    ranked : list of Ranked
        What differs, in the order of `GROUPS`.
    tables : list of TableDifference
        Of each table that both runs have, where its numbers begin to differ.
    metrics : dict of str to (Spread, Spread)
        Of the metrics that both have, over the seeds.
    metrics_differ : bool
        Whether one of them differs for a seed that both have.
    uncommitted : bool
        Whether both ran from a checkout with changes that no entry of `code` pins down.
    warnings : list of str
        What could not be read.
    """

    runs: tuple[Path, Path]
    labels: tuple[str, str]
    tasks: list[str]
    ranked: list[Ranked]
    tables: list[TableDifference]
    metrics: dict[str, tuple[Spread, Spread]]
    metrics_differ: bool
    uncommitted: bool
    warnings: list[str]

    @property
    def same_run(self) -> bool:
        """Whether both are one folder."""
        return os.path.samefile(*self.runs)

    @property
    def causes(self) -> list[Ranked]:
        """What differs and can change a number."""
        return [one for one in self.ranked if one.group not in OUTCOMES]

    @property
    def numbers_differ(self) -> bool | None:
        """Whether a number differs in what both have; None where nothing can be compared."""
        if not self.metrics and not any(one.rows for one in self.tables):
            return None
        return self.metrics_differ or any(one.first is not None for one in self.tables)

    @property
    def sentences(self) -> list[str]:
        """What follows, and no more."""
        if self.same_run:
            return ["A and B are the same run."]
        return [*self._conclusion(), *self._caveats()]

    def _conclusion(self) -> list[str]:
        numbers, unread = self.numbers_differ, " in what can be read" * bool(self.warnings)
        if not self.causes:
            what = f"Nothing that can change a number differs{unread}"
            if numbers is None:
                return [f"{what}; there are no numbers to compare."]
            if not numbers:
                nothing = "Nothing differs: record, config and numbers are the same."
                return [f"{what}, and no number does." if self.ranked or unread else nothing]
            where = "may lie in what cannot be read" if unread else "is not on record"
            return [f"{what}, but the numbers do: the cause {where}."]
        if numbers is None:
            return ["There are no numbers to compare."]
        if not numbers:
            return ["All numbers that both have are the same, despite these differences."]
        return ["This list is ordered by how much a difference usually matters; it is not a proof of the cause."]

    def _caveats(self) -> list[str]:
        """What is to be minded about the code, and about the size and the moment of the first difference."""
        said = []
        if self.uncommitted and self.numbers_differ:
            said.append(
                "Both ran with uncommitted changes of the code, which may differ: the record does not hold them."
            )
        if any(one.first is not None and one.first.is_rounding for one in self.tables):
            said.append("The first difference is no larger than rounding: other versions, threads or processors can "
                        "cause it.")  # fmt: skip
        if any(one.before_any_update for one in self.tables):
            said.append("The first gradient differs, before any update: optimizer, learning rate, clipping and the "
                        "number of updates are not the first cause.")  # fmt: skip
        return said

    @property
    def differences(self) -> "pd.DataFrame":
        """What differs, a row each, the likeliest cause first: group, file, key, a, b; missing values are NA."""
        import pandas as pd

        rows = [
            (one.group, one.file, one.difference.key, *(pd.NA if v is MISSING else v for v in one.difference.values))
            for one in self.ranked
        ]
        return pd.DataFrame(rows, columns=["group", "file", "key", "a", "b"], dtype=object)

    def plain(self) -> dict[str, object]:
        """For JSON."""
        return {
            "a": str(self.runs[0]),
            "b": str(self.runs[1]),
            "differences": [
                {"group": one.group, "file": one.file, "key": one.difference.key}
                | {name: value for name, value in zip("ab", one.difference.values, strict=True) if value is not MISSING}
                for one in self.ranked
            ],
            "numbers_differ": self.numbers_differ,
            "tables": [one.plain() for one in self.tables],
            "metrics": {name: {"a": vars(a), "b": vars(b)} for name, (a, b) in self.metrics.items()},
            "sentences": self.sentences,
            "warnings": self.warnings,
        }


def why(a: Path, b: Path) -> Explanation:
    """Compare two runs in all that their folders hold; what is damaged is left out, with a warning."""
    warnings: list[str] = []
    sides = [_Side(run, name, warnings) for run, name in ((a, "A"), (b, "B"))]
    ranked = [one for one in (*_of_records(sides), *_of_configs(sides)) if not _is_empty(one.difference)]
    ranked = [_settled(one, ranked) for one in ranked]
    ranked.sort(key=_rank)
    first, second = sides
    shared = [name for name in first.metrics if name in second.metrics]
    return Explanation(
        (a, b),
        _labels(sides),
        [task_of(side.record) for side in sides if side.record is not None],
        ranked,
        [found for name in _tables(sides) if (found := table_difference(a, b, name, warnings)) is not None],
        {name: (spread(first.metrics[name]), spread(second.metrics[name])) for name in shared},
        any(_by_seed_differ(first, second, name) for name in shared),
        _uncommitted(sides),
        list(dict.fromkeys(warnings)),
    )


def _rank(one: Ranked) -> tuple[int, bool, bool]:
    """Groups in their order; in each the hash first, and last what one run alone has."""
    return GROUPS.index(one.group), one.difference.key != "data.sha256", not one.difference.is_choice


class _Side:
    """One of the two runs: what can be read of it."""

    def __init__(self, run: Path, name: str, warnings: list[str]) -> None:
        self.run, self.record, self.metrics = run, None, {}
        try:
            self.record = load_record(run)
            self.content = self.record.plain()
            self.metrics = {key: one.per_seed for key, one in self.record.metrics.items()}
        except RunFolderError as error:
            warnings.append(f"{name}: {error.message}")
            self.content = _content(run)
        self.config = config_of(run)
        if self.config is None:
            warnings.append(f"{name}: its config.yaml cannot be read.")


def _by_seed_differ(a: _Side, b: _Side, metric: str) -> bool:
    """Whether a metric differs for a seed that both have."""
    ours, theirs = (
        dict(zip(side.record.seeds, side.metrics[metric], strict=False)) for side in (a, b) if side.record is not None
    )
    return any(ours[seed] != theirs[seed] for seed in ours.keys() & theirs.keys())


def _content(run: Path) -> dict[str, object]:
    """What there is of a damaged run.json."""
    try:
        return read_json(run / "run.json")
    except RunFolderError:
        return {}


def _tables(sides: "list[_Side]") -> list[str]:
    """The tables that both runs should have; a training and a sweep have no rows that mean the same."""
    alike = len({str(side.content.get("verb")) for side in sides if side.content}) < 2
    return [name for name in TABLES if alike and any((side.run / name).exists() for side in sides)]


def _labels(sides: "list[_Side]") -> tuple[str, str]:
    records, runs = [side.record for side in sides if side.record is not None], [side.run for side in sides]
    if len(records) < 2:
        return runs[0].name, runs[1].name
    found = labels(runs, records) if not os.path.samefile(*runs) else [shortened(one.name) for one in records]
    return found[0], found[1]


def _of_records(sides: "list[_Side]") -> list[Ranked]:
    """What differs by run.json; nothing where one of them cannot be read."""
    contents = [side.content for side in sides]
    if not all(contents):
        return []
    found = []
    for entry, group in RECORDED.items():
        values = [content.get(entry, MISSING) for content in contents]
        found += [Ranked(group, "run.json", one) for one in differences(values, entry)]
    commands = [_command(content.get("command")) for content in contents]
    found += [Ranked("command", "run.json", one) for one in differences(commands, "command")]
    statuses = [status(content) for content in contents]
    return [*found, *(Ranked("status", "run.json", one) for one in differences(statuses, "status"))]


def _command(words: object) -> object:
    """A command as it is typed."""
    is_list = isinstance(words, list) and all(isinstance(word, str) for word in words)
    return shlex.join(words) if is_list else words  # type: ignore[arg-type]


def _of_configs(sides: "list[_Side]") -> list[Ranked]:
    """What differs by config.yaml; nothing where one of them cannot be read."""
    configs = [side.config for side in sides]
    if not all(configs):
        return []
    found = differences(configs)
    # The seeds of run.json are those that were trained, whatever way of writing them down: 2, or [0, 1].
    known = all(isinstance(side.content.get("seeds"), list) for side in sides)
    return [Ranked(_group_of(one.key), "config.yaml", one) for one in found if not (known and one.key == "seeds")]


def _group_of(key: str) -> str:
    """The group of a key of the config; one of a later version is of the training."""
    if any(key == one or key.startswith(f"{one}.") for one in CHANGE_NO_NUMBER):
        return "bookkeeping"
    part_of = key.partition(".")[0]
    return part_of if part_of in ("data", "seeds", "model") else "training"


def _is_empty(one: Difference) -> bool:
    """Whether one run does not have the entry, and the other has null there: both come to nothing."""
    return all(value is MISSING or value is None for value in one.values)


def _settled(one: Ranked, ranked: list[Ranked]) -> Ranked:
    """Of data with one hash, it does not matter where they lie."""
    settled = one.difference.key in ("data.path", "data.source", "data.name") and not any(
        other.difference.key == "data.sha256" or other.difference.key == "data" for other in ranked
    )
    return Ranked("bookkeeping", one.file, one.difference) if settled else one


def _uncommitted(sides: "list[_Side]") -> bool:
    """Whether both ran with changes of one commit, and nothing on record tells the changes apart."""
    codes = [side.content.get("code") for side in sides]
    if not all(isinstance(code, Mapping) and code.get("git_dirty") is True for code in codes):
        return False
    code: Mapping = codes[0]  # type: ignore[assignment]
    patch = code.get("patch")
    is_told = isinstance(patch, Mapping) and not patch.get("cut") and not code.get("untracked")
    return code == codes[1] and not is_told
