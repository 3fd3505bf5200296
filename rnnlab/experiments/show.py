"""`rnnlab show`: what there is to know of a run from its folder alone, whatever state that is in."""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePath
from typing import Any

from rnnlab.config.departures import departures
from rnnlab.config.flat import Flat, flat, nested
from rnnlab.errors import RunFolderError
from rnnlab.experiments.registry.rows import UNREADABLE, median, seconds_between
from rnnlab.experiments.reports import Measured, TrainSummary
from rnnlab.files import name_of
from rnnlab.runs.files import content_of, reason
from rnnlab.runs.notes import Annotations, read_notes
from rnnlab.runs.record import MOST_BYTES, load_record, read_json
from rnnlab.runs.schema import SWEEP_RHO, RunRecord
from rnnlab.runs.tables import read_table

MOST_FILES = 10_000


@dataclass(frozen=True)
class Shown:
    """A run as its folder has it.

    Attributes
    ----------
    run : Path
    status : str
        As now, or ``unreadable``.
    record : RunRecord or None
        None where run.json cannot be read.
    config : dict of str to value or None
        By dotted key; None where config.yaml is missing or cannot be read.
    departures : dict of str to value
        Those that differ from the defaults.
    summary : TrainSummary or None
        Of a training that has metrics: they, and the baseline that they were tested against.
    seconds : float or None
        How long it took: from its start to its end; of a training that was resumed, the time in training, without the
        pauses between its sessions. None where that is not known.
    loss : list of float
        Training loss by epoch, or by row of metrics.csv: the median over the seeds.
    rhos : list of mapping
        Of a sweep: what summary.json says of each rho.
    said : Annotations
        Labels and notes.
    files : list of (str, int)
        Name and size in bytes of each file.
    checkpoints : list of str
        Their names, the oldest first; without those of single slices of a sweep.
    problems : list of str
        A sentence for each thing that cannot be read.
    """

    run: Path
    status: str
    record: RunRecord | None
    config: Flat | None
    departures: Flat
    summary: TrainSummary | None
    seconds: float | None
    loss: list[float]
    rhos: list[Mapping[str, Any]]
    said: Annotations
    files: list[tuple[str, int]]
    checkpoints: list[str]
    problems: list[str] = field(default_factory=list)

    @property
    def is_sweep(self) -> bool:
        """Whether it is one of `rnnlab sweep-rho`."""
        return self.record is not None and self.record.verb == SWEEP_RHO

    @property
    def resumable(self) -> bool:
        """Whether it ended before its time and has the config with which `rnnlab resume` continues it."""
        return self.status in ("lost", "interrupted", "failed") and self.config is not None

    @property
    def elsewhere(self) -> str | None:
        """The machine that a run in training was started on, where this one cannot know whether it goes on."""
        from rnnlab.runs.process import is_alive

        owner = self.record.process if self.record is not None and self.status == "running" else None
        return owner.host if owner is not None and is_alive(owner.model_dump()) is None else None

    def plain(self) -> dict[str, object]:
        """For JSON."""
        summary = self.summary
        return {
            "run": str(self.run),
            "status": self.status,
            "record": self.record and self.record.plain(),
            "metrics": {name: asdict(one.spread) for name, one in summary.metrics.items()} if summary else {},
            "best_baseline": next(iter(summary.baselines), None) if summary else None,
            "config": self.config,
            "departures": self.departures,
            "seconds": self.seconds,
            "loss": self.loss,
            "rhos": self.rhos,
            **self.said.plain(),
            "files": [{"name": name, "bytes": size} for name, size in self.files],
            "checkpoints": self.checkpoints,
            "problems": self.problems,
        }


def show(run: Path) -> Shown:
    """Read all that can be read of a run; what cannot be is told under `problems`.

    Raises
    ------
    RunFolderError
        If the folder itself cannot be read.
    """
    problems: list[str] = []
    files = _files(run)
    record = _tried(lambda: load_record(run), problems)
    values = _config(run, problems)
    said = _tried(lambda: read_notes(run), problems) or Annotations()
    sweep = record is not None and record.verb == SWEEP_RHO
    status = record.current_status if record is not None else UNREADABLE
    rhos, loss, trained = [], [], None
    if sweep and _has(files, "summary.json"):
        rhos = _tried(lambda: _rhos(run), problems) or []
    elif _has(files, "metrics.csv"):
        # Of a run in training, the last line may be half written.
        read = _tried(lambda: _loss(run), [] if status == "running" else problems)
        loss, trained = read or ([], None)
    names = [path.name for path in map(PurePath, (name for name, _ in files)) if str(path.parent) == "checkpoints"]
    return Shown(
        run,
        status,
        record,
        _flat(values),
        departures(values) if values is not None else {},
        _summary(run, record) if record is not None and record.metrics else None,
        trained if record is None or record.resumed else seconds_between(record.started_at, record.ended_at),
        loss,
        rhos,
        said,
        files,
        sorted(name.removesuffix(".json") for name in names if name.endswith(".json")),
        problems,
    )


def _tried(read, problems: list[str]):
    """What is read; None with a sentence under `problems` where it cannot be."""
    try:
        return read()
    except RunFolderError as error:
        problems.append(error.message)
        return None


def _has(files: list[tuple[str, int]], name: str) -> bool:
    return any(one == name for one, _ in files)


def _flat(values: dict[str, Any] | None) -> Flat | None:
    return flat(values) if values is not None else None


def _config(run: Path, problems: list[str]) -> dict[str, Any] | None:
    path = run / "config.yaml"
    content = content_of(os.fspath(path), MOST_BYTES)
    values = nested(content) if content is not None else None
    if values is None:
        why = "it cannot be read as a config" if os.path.lexists(path) else "there is no such file"
        problems.append(f"'{name_of(path)}' could not be read: {why}.")
    return values


def _summary(run: Path, record: RunRecord) -> TrainSummary:
    """The metrics as `rnnlab train` shows them, beside the baseline that they were tested against."""
    plain = record.plain()
    return TrainSummary(
        run,
        record.name,
        str(record.kind),
        record.seeds,
        {name: Measured(one.mean, one.sd, one.per_seed) for name, one in record.metrics.items()},  # type: ignore[arg-type]
        record.units,
        _best(record),
        record.headline or "",
        record=plain,
        combined=record.combined and record.combined.model_dump(),
    )


def _best(record: RunRecord) -> dict[str, dict[str, Any]]:
    """The baseline that the tests of the record are against; all of them where it names none."""
    tests = record.plain().get("tests")
    against = [one.get("against") for one in tests.values() if isinstance(one, dict)] if isinstance(tests, dict) else []
    named = {name: values for name, values in record.baselines.items() if name in against}
    return dict(named or record.baselines)


def _loss(run: Path) -> tuple[list[float], float | None]:
    """The training losses, and the seconds that the training took."""
    table = read_table(run / "metrics.csv", numbers=("update", "train_loss"))
    rows: dict[Any, list[float]] = {}
    for update, loss in zip(table["update"].tolist(), table["train_loss"].tolist(), strict=True):
        rows.setdefault(update, []).append(loss)
    medians = (median(rows[update]) for update in sorted(rows))
    seconds = [one for one in table["seconds"].tolist() if isinstance(one, float)] if "seconds" in table else []
    return [one for one in medians if one is not None], max(seconds, default=None)


def _rhos(run: Path) -> list[Mapping[str, Any]]:
    path = run / "summary.json"
    rhos = read_json(path).get("rhos")
    if not isinstance(rhos, list) or not all(isinstance(one, dict) for one in rhos):
        raise RunFolderError(f"'{name_of(path)}' is damaged: rhos must be a list of mappings.")
    return rhos


def _files(run: Path) -> list[tuple[str, int]]:
    """Every file but hidden ones, with its size; links are not followed."""
    found: list[tuple[str, int]] = []
    waiting = [""]
    try:
        while waiting and len(found) < MOST_FILES:
            below = waiting.pop()
            with os.scandir(run / below) as entries:
                for entry in entries:
                    name = f"{below}{entry.name}"
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(f"{name}/")
                    elif not entry.name.startswith("."):
                        found.append((name, entry.stat(follow_symlinks=False).st_size))
    except OSError as error:
        if not found:
            raise RunFolderError(f"'{name_of(run)}' cannot be read: {reason(error, 'read')}.") from error
    return sorted(found)
