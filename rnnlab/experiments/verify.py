"""`rnnlab verify`: whether a run folder is what it was, and whether its numbers come out again."""

import csv
import hashlib
import io
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from shlex import quote
from typing import Any

import numpy as np

from rnnlab.config import fingerprint, load
from rnnlab.errors import PluginError, RnnlabError, RunFolderError, UsageError
from rnnlab.experiments.needs import missing_packages
from rnnlab.experiments.outcome import worth
from rnnlab.experiments.replay import (
    TOLERANCES,
    Comparison,
    Mismatch,
    first_of_replay,
    replay_refit,
    replay_sweep,
    replay_training,
    take_up,
    update_of,
)
from rnnlab.experiments.resume import other_data_hint
from rnnlab.experiments.setup import build_setup, check_network
from rnnlab.experiments.trained import config_file
from rnnlab.files import name_of
from rnnlab.printable import shortened
from rnnlab.runs import RunFolder, checkpoints
from rnnlab.runs.checkpoints import Checkpoint
from rnnlab.runs.environment import Difference, differences, kernel_hint
from rnnlab.runs.files import file_sha256, reading
from rnnlab.runs.schema import REFIT, SWEEP_RHO, TRAIN, RunRecord
from rnnlab.tasks.task import build_task
from rnnlab.words import count, listed

UPDATES = 10  # that are replayed where nobody says how many
PASSED, FAILED, SKIPPED = "ok", "failed", "not checked"
SAME = "sha256 as recorded"
NO_HASH = "no sha256 is recorded"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes
    ----------
    name : str
        A file, "data", "metrics" or "replay".
    result : {"ok", "failed", "not checked"}
    detail : str
        What was found, in a phrase.
    """

    name: str
    result: str
    detail: str


@dataclass(frozen=True)
class Verification:
    """What came out.

    Attributes
    ----------
    run : Path
    name : str
    checks : list of Check
    differences : list of Difference
        Of CPU, versions and kernel, between the run and now: bytes are promised where there are none.
    tolerance : float or None
        Largest relative difference that passes; None where bytes must be equal.
    worst : float
        Largest relative difference of the replay.
    mismatch : Mismatch or None
        The first difference beyond the tolerance.
    advice : str or None
        What to do about data that have changed.
    """

    run: Path
    name: str
    checks: list[Check]
    differences: list[Difference]
    tolerance: float | None
    worst: float
    mismatch: Mismatch | None
    advice: str | None = None

    @property
    def passed(self) -> bool:
        """Whether nothing failed."""
        return all(check.result != FAILED for check in self.checks)

    @property
    def hint(self) -> str | None:
        """How to compute with the BLAS kernel of the run, where that is not the one in use."""
        return kernel_hint(self.differences)

    def plain(self) -> dict[str, object]:
        """As `--json` has it."""
        return {
            "run": self.run,
            "name": self.name,
            "passed": self.passed,
            "checks": [asdict(check) for check in self.checks],
            "differences": [asdict(one) for one in self.differences],
            "tolerance": self.tolerance,
            "largest_relative_difference": self.worst,
            "advice": self.advice,
            "first_difference": None if self.mismatch is None else asdict(self.mismatch),
        }


def verify(run: Path, updates: int = UPDATES) -> Verification:
    """Hash the files of a run again, and repeat some of its updates.

    Parameters
    ----------
    run : Path
        The run folder. Nothing in it is changed.
    updates : int
        To replay at most; the replay ends with the next checkpoint.

    Raises
    ------
    UsageError
        If `updates` is below 1, or the run has not ended.
    """
    if updates < 1:
        raise UsageError(f"updates must be a whole number of at least 1; got {updates}.")
    try:
        record = RunFolder.open(run).record
    except RunFolderError as error:
        damaged = Check("run.json", FAILED, _reason(error))
        return Verification(run, run.name, [damaged], [], None, 0.0, None)
    if record.current_status == "running":
        raise UsageError(f"'{name_of(run)}' is still running.", hint="Verify it when it has ended.")
    return _Verifying(run, record).verify(updates)


class _Verifying:
    """One verification: what is found on the way is needed further on."""

    def __init__(self, run: Path, record: RunRecord) -> None:
        self.run, self.record = run, record
        self.checks: list[Check] = []
        self.config: Any = None
        self.task: Any = None
        self.setup: Any = None
        self.good: list[Checkpoint] = []
        self.newest_is_good = False
        self.refit: list[Checkpoint] = []
        self.files = record.files if isinstance(record.files, Mapping) else {}
        self.tables = {**self.files, **(record.tables if isinstance(record.tables, Mapping) else {})}
        self.advice: str | None = None

    def verify(self, updates: int) -> Verification:
        """Look at everything, the cheapest first."""
        self._look("config.yaml", self._check_config)
        for entry in ("code", "folder"):
            self._check_patch(getattr(self.record, entry))
        self._look("data", self._check_data)
        self._check_checkpoints()
        for name in self._table_names():
            self._look(name, lambda name=name: self._check_table(name))
        self._check_files()
        found = differences(self.record)
        dtype = "float64" if self.config is None else self.config.model.dtype
        comparison = Comparison(TOLERANCES[dtype] if found else None)
        why = self._cannot_repeat()
        if self.record.verb == TRAIN:
            self._look("metrics", lambda: why or self._check_metrics(comparison.tolerance))
        self._look("replay", lambda: why or self._replay(updates, comparison))
        if self.record.refit is not None:
            self._look(REFIT, lambda: why or self._replay_refit(updates, comparison))
        return Verification(
            self.run,
            self.record.name,
            self.checks,
            found,
            comparison.tolerance,
            comparison.worst,
            comparison.first,
            self.advice,
        )

    def _look(self, name: str, check: Callable[[], "str | tuple[str, str]"]) -> None:
        """Take note of what a check finds: a detail, with the result where that is not ok; an error is a failure."""
        try:
            found = check()
        except PluginError:
            raise
        except (RnnlabError, OSError) as error:
            found = FAILED, _reason(error)
        result, detail = (PASSED, found) if isinstance(found, str) else found
        self.checks.append(Check(name, result, detail))

    def _check_config(self):
        path = config_file(self.run)
        with reading(path) as file:
            text = file.read().decode("utf-8", "replace")
        expected, record = _text(self.record.config, "sha256"), self.record
        before = _text(self.record.config, "before")  # of a run whose lengthening was broken off
        if expected is not None and (found := fingerprint(text)) not in (expected, before):
            return FAILED, _differ(expected, found)
        if needed := missing_packages(record):
            return SKIPPED, f"it needs {needed}"
        self.config = config = load(path)
        pin, data = getattr(config.data, "sha256", None), record.data and record.data.sha256
        for name, old, new in (("name", record.name, config.name), ("seeds", record.seeds, config.seeds)):
            if old != new:
                return FAILED, f"its {name} is not the one in run.json"
        if None not in (pin, data) and pin != data:
            return FAILED, "its data.sha256 is not the one in run.json"
        return SAME if expected else (SKIPPED, NO_HASH)

    def _check_patch(self, entry: object) -> None:
        """Hash a patch again, where there is one."""
        patch = entry.get("patch") if isinstance(entry, Mapping) else None
        file, expected = _text(patch, "file"), _text(patch, "sha256")
        if file is None or expected is None:
            return
        self._look(file, lambda: self._check_hash(Path(file).name, expected))

    def _check_hash(self, name: str, expected: str):
        """Hash a file of the run folder again."""
        with reading(self.run / name) as file:
            found = file_sha256(file)
        if found != expected:
            return FAILED, _differ(expected, found)
        return SAME

    def _check_data(self):
        if self.config is None:
            return SKIPPED, "config.yaml does not say which"
        self.task = task = build_task(self.config)
        old, new = self.record.data and self.record.data.sha256, task.record.get("sha256")
        if old != new:
            self.task, self.advice = None, other_data_hint(self.run, task)
            return FAILED, f"{task.record.get('source')}: {_differ(old, new)}"
        return f"{task.record.get('source')}: {'drawn again, not hashed' if new is None else SAME}"

    def _check_checkpoints(self) -> None:
        paths = sorted((self.run / "checkpoints").glob("*.json"))
        for path in paths:
            self._look(f"checkpoint {path.stem}", lambda path=path: self._check_checkpoint(path))
        if not paths and self.record.verb == TRAIN:
            ended = self.record.status == "completed"
            self.checks.append(Check("checkpoints", FAILED if ended else SKIPPED, "there is none"))
        self.newest_is_good = bool(self.good) and self.good[-1].path == paths[-1]
        self.good.sort(key=update_of)
        for path in sorted((self.run / "checkpoints" / REFIT).glob("*.json")):
            self._look(f"checkpoint {REFIT}/{path.stem}", lambda path=path: self._check_refit(path))
        self.refit.sort(key=update_of)

    def _check_refit(self, path: Path) -> str:
        self.refit.append(found := checkpoints.load(path))
        return f"after update {shortened(f'{update_of(found):,}', 30)} on all rows; {SAME}"

    def _check_checkpoint(self, path: Path) -> str:
        self.good.append(found := checkpoints.load(path))
        return f"after update {shortened(f'{update_of(found):,}', 30)}; {SAME}" if self.record.verb == TRAIN else SAME

    def _table_names(self) -> list[str]:
        """Tables that run.json or a checkpoint knows, and the others that are there."""
        known = {*self.tables, *(name for one in self.good for name in one.metadata.get("tables", {}))}
        known = {name for name in known if name.endswith(".csv")}
        return sorted({Path(name).name for name in known} | {path.name for path in self.run.glob("*.csv")})

    def _check_table(self, name: str):
        least = self.good[-1].metadata.get("tables", {}).get(name, 0) if self.good else 0
        expected = self.tables.get(name)
        if not (self.run / name).exists() and not least and not expected:
            return "there are no rows, and none at the last checkpoint"
        with reading(self.run / name) as file:
            size = os.fstat(file.fileno()).st_size
            if size < least:
                return (
                    FAILED,
                    f"{size:,} bytes; there were {shortened(f'{least:,}', 30)} at checkpoint {self.good[-1].path.stem}",
                )
            rows = _rows(file)
        if (sha256 := _text(expected, "sha256")) is not None:
            found = self._check_hash(name, sha256)
            return found if isinstance(found, tuple) else f"{count(rows, 'row')}; {found}"
        return f"{count(rows, 'row')}, all of them whole; {NO_HASH}"

    def _check_files(self) -> None:
        """Hash the plots and all else that is no table, and say of which no hash is recorded."""
        named = sorted(name for name in self.files if not name.endswith(".csv"))
        for name in named:
            self._look(shortened(name), lambda name=name: self._check_file(name))
        there = [self.run / "summary.json", self.run / "log.txt", self.run / "inspect.json"]
        there += sorted((self.run / "plots").glob("*"))
        others = [str(path.relative_to(self.run)) for path in there if path.is_file() and not path.name.startswith(".")]
        if rest := [name for name in others if name not in named]:
            self.checks.append(Check("other files", SKIPPED, f"{NO_HASH} of {shortened(listed(rest), 300)}"))

    def _check_file(self, name: str):
        entry, path = self.files[name], Path(name)
        expected, size = _text(entry, "sha256"), entry.get("bytes") if isinstance(entry, Mapping) else None
        if expected is None or path.is_absolute() or ".." in path.parts:
            return FAILED, "run.json does not say what it must be"
        if name != "log.txt" or not isinstance(size, int):
            return self._check_hash(name, expected)
        with reading(self.run / name) as file:  # which what happens to a run later is added to
            found, more = hashlib.sha256(file.read(max(size, 0))).hexdigest(), file.read(1)
        if found != expected:
            return FAILED, _differ(expected, found)
        return f"{SAME}; lines were added since" if more else SAME

    def _cannot_repeat(self) -> tuple[str, str] | None:
        """Why nothing can be computed again; else the network is made."""
        if self.task is None:
            return SKIPPED, "config or data are not those of the run"
        if self.record.verb not in (TRAIN, SWEEP_RHO):
            return SKIPPED, f"nothing of a run of {shortened(str(self.record.verb))} is computed again"
        if self.record.verb == TRAIN and not self.good:
            return SKIPPED, "there is no good checkpoint"
        try:
            check_network(self.config, self.task)
            self.setup = build_setup(self.config, self.task)
        except RnnlabError as error:
            return FAILED, _reason(error)
        return None

    def _check_metrics(self, tolerance: float | None):
        """Measure the networks of the last checkpoint again."""
        if not self.record.metrics:
            return SKIPPED, "there are none"
        if not self.newest_is_good:
            return SKIPPED, "the last checkpoint is damaged"
        if self.task.further_trainings:
            return SKIPPED, "the networks of the later folds are not kept, and are not trained again"
        training, watched, _ = take_up(self.config, self.task, self.setup, self.good[-1])
        found = worth(self.task, training.network, training.result, watched.divergence.diverged)
        measured = {f"metrics.{name}": list(values) for name, values in found.metrics.items()}
        recorded = {f"metrics.{name}": metric.per_seed for name, metric in self.record.metrics.items()}
        for rival, scores in self.record.baselines.items():
            recorded |= {f"baselines.{rival}.{name}": [value] for name, value in scores.items()}
        for rival, scores in found.baselines.items():
            if rival not in self.record.baselines:  # which a later version has
                continue
            measured |= {f"baselines.{rival}.{name}": [value] for name, value in scores.items()}
        if found.combined is not None and self.record.combined is not None:  # which runs of old have not
            measured |= {f"combined.{name}": [value] for name, value in found.combined.metrics.items()}
            recorded |= {f"combined.{name}": [value] for name, value in self.record.combined.metrics.items()}
        if other := [name for name, values in measured.items() if len(recorded.get(name, ())) != len(values)]:
            return FAILED, f"run.json has no {other[0]} of every seed"
        for name, values in measured.items():
            for place, (old, new) in enumerate(zip(recorded[name], values, strict=True)):
                if not _same(old, new, tolerance):
                    seed = f", seed {self.record.seeds[place]}" if name.startswith("metrics") else ""
                    return FAILED, f"run.json, {name}{seed}: {old!r} is recorded, {float(new)!r} measured"
        of = ", of the tested networks" * (self.record.refit is not None)
        return f"{count(sum(map(len, measured.values())), 'number')} of run.json measured again{of}"

    def _replay(self, updates: int, comparison: Comparison):
        if self.record.verb == TRAIN and self.config.training.schedule.kind == "cosine":
            first = first_of_replay(self.good)
            if any(_lengthened_after(first, one) for one in self.record.resumed):
                return SKIPPED, "the learning rates of these updates may be those of a shorter total"
        if self.record.verb == SWEEP_RHO:
            said = replay_sweep(self.run, self.config, self.task, self.record, updates, comparison)
            if said is None:
                return (FAILED if self.record.status == "completed" else SKIPPED), "no model has been measured"
        else:
            said = replay_training(
                self.run, self.config, self.task, self.setup, self.good, self.record.resumed, updates, comparison
            )
        return _compared(said, comparison)

    def _replay_refit(self, updates: int, comparison: Comparison):
        entry, newest = self.record.refit or {}, self.refit[-1] if self.refit else None
        if newest is None or entry.get("checkpoint") != newest.path.stem:
            again = f"`rnnlab resume {quote(str(self.run))}` trains the networks of all rows"
            self.advice = self.advice or f"{again}, if the data are as they were."
            return FAILED, "the checkpoint that run.json names is not there, or damaged"
        if not self.newest_is_good:
            return SKIPPED, "the last checkpoint of the tested networks is damaged"
        held, last = Comparison(comparison.tolerance), max(self.good, key=update_of)
        said = replay_refit(self.config, self.task, self.setup, last, self.refit, updates, held)
        comparison.worst, comparison.first = max(comparison.worst, held.worst), comparison.first or held.first
        return _compared(said, held) if said else (SKIPPED, "no checkpoint is that few updates from the end")


def _compared(said: str, comparison: Comparison):
    """What a replay came to."""
    if comparison.first is not None:
        return FAILED, f"{comparison.first}; in {said}"
    if comparison.worst == 0:
        return f"{said}; byte for byte"
    return f"{said}; the largest relative difference is {comparison.worst:.1e}"


def _lengthened_after(update: int, resumed: Mapping[str, object]) -> bool:
    """Whether a run that had made so many updates, or more, was given a new total; runs of old do not say whether."""
    since = resumed.get("from_update")
    return bool(resumed.get("lengthened", True)) and (not isinstance(since, int) or since > update)


def _reason(error: Exception) -> str:
    return (error.message if isinstance(error, RnnlabError) else str(error)).rstrip(".")


def _differ(old: object, new: object) -> str:
    recorded, found = (f"{str(one)[:12]}..." if one else "none" for one in (old, new))
    return f"sha256 {recorded} is recorded; it is {found}"


def _text(entry: object, key: str) -> str | None:
    value = entry.get(key) if isinstance(entry, Mapping) else None
    return value if isinstance(value, str) else None


def _rows(file) -> int:
    """How many rows a table has, all of them whole and of one length (RunFolderError)."""
    name = name_of(Path(file.name))
    if file.seek(0, os.SEEK_END) and file.seek(-1, os.SEEK_END) and file.read(1) != b"\n":
        raise RunFolderError(f"'{name}' must end with a whole line; its last one is not.")
    file.seek(0)
    try:
        with io.TextIOWrapper(file, "utf-8", newline="") as text:
            return _counted(csv.reader(text), name)
    except (UnicodeDecodeError, csv.Error) as error:
        raise RunFolderError(f"'{name}' must be a CSV table; {shortened(str(error), 200)}.") from error


def _counted(rows: Iterator[list[str]], name: str) -> int:
    columns, number = len(next(rows, [])), 0
    for number, row in enumerate(rows, start=1):
        if len(row) != columns:
            raise RunFolderError(f"'{name}' must have {columns} cells in every row; row {number} has {len(row)}.")
    return number


def _same(old: float | None, new: float, tolerance: float | None) -> bool:
    if old is None or not np.isfinite(new):
        return old is None and not np.isfinite(new)
    return old == new or (tolerance is not None and abs(old - new) <= tolerance * max(abs(old), abs(new)))
