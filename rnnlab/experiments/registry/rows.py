"""A run as one row of values by dotted key: the entries of its record, its metrics, its config, labels and notes."""

import math
import os
import shlex
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from rnnlab.errors import RunFolderError
from rnnlab.runs import notes
from rnnlab.runs.files import content_of
from rnnlab.runs.find import name_in
from rnnlab.runs.record import MOST_BYTES, load_content

Row = dict[str, Any]

UNREADABLE = "unreadable"
PROCESS = "_process"  # whom to ask whether a run goes on, of a record that says `running`
DAMAGED = "_damaged"  # the files that are there and cannot be read, and a run.json that is missing
FILES = ("run.json", "config.yaml", notes.FILE)  # what a row is made of
LISTS = ("seeds", "warnings", "diverged", "stopped_early")  # of which the row has the number of entries
# Entries that are no values by themselves, or have a place of their own.
LEFT_OUT = {
    "schema_version",
    "id",
    "process",
    "command",
    "metrics",
    "baselines",
    "units",
    "tests",
    "tables",
    "files",
    "rhos",
    *LISTS,
}


def read_row(runs_dir: str, name: str) -> Row:
    """The row of a run folder; what cannot be read is missing, and its file is named under `DAMAGED`."""
    from rnnlab.config.flat import flat_text  # a listing from the index starts without PyYAML

    folder = f"{runs_dir}{os.sep}{name}"
    damaged = []
    text = content_of(f"{folder}{os.sep}config.yaml", MOST_BYTES)
    config = flat_text(text) if text is not None else None
    if config is None and os.path.lexists(f"{folder}{os.sep}config.yaml"):
        damaged.append("config.yaml")
    row: Row = config or {}
    try:
        row |= _recorded(load_content(folder))
    except RunFolderError:
        damaged.append("run.json")
        row |= {"name": name_in(name) or name, "status": UNREADABLE}
    try:
        row |= _said(folder)
    except RunFolderError:
        damaged.append(notes.FILE)
    if damaged:
        row[DAMAGED] = damaged
    return row


def _recorded(record: Mapping[str, Any]) -> Row:
    """The entries of a record, with the median over the seeds for each metric."""
    from rnnlab.config.flat import flat
    from rnnlab.runs.schema import SWEEP_RHO, TRAIN

    values = flat({key: value for key, value in record.items() if key not in LEFT_OUT})
    row = {key: value for key, value in values.items() if type(value) is not list}
    if not row.get("verb") and row.get("kind"):
        row["verb"] = SWEEP_RHO if row["kind"] == SWEEP_RHO else TRAIN
    for key in LISTS:
        value = record.get(key)
        row[key] = len(value) if isinstance(value, list | dict) else value if isinstance(value, int) else 0
    command = record.get("command")
    if isinstance(command, list):
        row["command"] = shlex.join(map(str, command))
    for name, metric in record.get("metrics", {}).items():
        row[f"metrics.{name}"] = median(metric.get("per_seed", ()))
    row["seconds"] = seconds_between(record.get("started_at"), record.get("ended_at"))
    if record["status"] == "running":
        row[PROCESS] = record.get("process") or {}
    return row


def _said(folder: str) -> Row:
    """Labels and notes; `RunFolderError` where notes.json is damaged."""
    if not os.path.lexists(f"{folder}{os.sep}{notes.FILE}"):
        return {"label": []}
    said = notes.read_notes(Path(folder))
    return {"label": list(said.labels), "notes": "\n".join(one.text for one in said.notes) or None}


def median(values: Sequence[float | None]) -> float | None:
    """The median of the seeds as `rnnlab.seeds.spread` has it, without NumPy; None where no seed has a number."""
    ordered = sorted([value for value in values if value is not None and not math.isnan(value)])
    if not ordered:
        return None
    low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return low if low == high else 0.5 * low + 0.5 * high


def seconds_between(started: Any, ended: Any) -> float | None:
    """From the start of a run to its end, pauses included, as its record writes them; None where one is missing."""
    with suppress(ValueError, TypeError):
        if started and ended:
            return (datetime.fromisoformat(ended) - datetime.fromisoformat(started)).total_seconds()
    return None
