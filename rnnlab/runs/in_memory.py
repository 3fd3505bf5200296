"""A run in memory: what a run folder would hold, for a notebook."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from rnnlab.errors import RunFolderError
from rnnlab.plain import plain
from rnnlab.runs.checkpoints import Checkpoint, not_there
from rnnlab.runs.log import without_control_codes
from rnnlab.runs.schema import RunRecord
from rnnlab.runs.store import RunStore


class RunInMemory(RunStore):
    """One run, kept in memory; of its checkpoints, the newest.

    Parameters
    ----------
    name : str
        The experiment's name.
    now : datetime
        Aware; when the run started.
    fields : mapping
        Further entries of the record, such as ``kind``, ``verb``, ``seeds``, ``data``.

    Attributes
    ----------
    files : dict of str to object
        Whole files by name; of JSON, the value.
    lines : list of str
        The log.
    """

    path = None

    def __init__(self, name: str, *, now: datetime, fields: Mapping[str, object]) -> None:
        self.record = RunRecord.first("", name, now, fields)
        self.files: dict[str, object] = {}
        self.lines: list[str] = []
        self._tables: dict[str, dict[str, list[np.ndarray]]] = {}
        self._checkpoints: dict[str, Checkpoint] = {}

    def update(self, **fields: object) -> None:
        """Set entries of the record."""
        self.record = self.record.changed(fields)

    def write(self, filename: str, content: str | bytes) -> Path:
        """Keep a whole file."""
        self.files[filename] = content
        return Path(filename)

    def write_json(self, filename: str, value: object) -> Path:
        """Keep a value as strict JSON can hold it."""
        self.files[filename] = plain(value)
        return Path(filename)

    def append_columns(self, filename: str, columns: Mapping[str, object]) -> None:
        """Append rows to a table (see `RunStore.append_columns`)."""
        values = np.broadcast_arrays(*map(np.atleast_1d, map(np.asarray, columns.values())))
        table = self._tables.setdefault(filename, {name: [] for name in columns})
        if table.keys() != columns.keys():
            raise ValueError(f"The columns must be {list(table)}; got {list(columns)}.")
        for name, column in zip(columns, values, strict=True):
            table[name].append(column.copy())

    def write_table(self, filename: str, columns: Mapping[str, object]) -> None:
        """Keep a whole table."""
        self._tables.pop(filename, None)
        self.append_columns(filename, columns)

    @property
    def tables(self) -> list[str]:
        """Names of the tables that were written."""
        return list(self._tables)

    def read_table(self, filename: str) -> dict[str, np.ndarray]:
        """The table as one array of shape (rows,) per column."""
        if filename not in self._tables:
            raise RunFolderError(f"The run has no {filename}.")
        return {name: np.concatenate(blocks) for name, blocks in self._tables[filename].items()}

    def read_blocks(self, filename: str) -> Iterator[dict[str, np.ndarray]]:
        """The table in one block."""
        yield {name: np.asarray(column, float) for name, column in self.read_table(filename).items()}

    def read_json(self, filename: str) -> dict[str, Any]:
        """A value as strict JSON can hold it."""
        if not isinstance(value := self.files.get(filename), dict):
            raise RunFolderError(f"The run has no {filename}.")
        return value

    def has(self, filename: str) -> bool:
        """Whether there is such a file or table."""
        return filename in self.files or filename in self._tables

    def table_sizes(self) -> dict[str, int]:
        """Nothing: a run in memory does not continue from a checkpoint."""
        return {}

    def log(self, text: str) -> None:
        """Append to the log."""
        self.lines.append(without_control_codes(text))

    def save_checkpoint(self, arrays: Mapping[str, np.ndarray], metadata: Mapping, part: str = "") -> Path:
        """Keep a checkpoint in place of the one before it."""
        before = self._checkpoints.get(part)
        number = 1 if before is None else int(before.path.stem) + 1
        self._checkpoints[part] = Checkpoint(Path(f"{number:04d}.json"), dict(arrays), dict(metadata))
        return self._checkpoints[part].path

    def latest_checkpoint(
        self,
        take_up: Callable[[Checkpoint], object] = lambda _found: None,
        part: str = "",
        like: Mapping[str, np.ndarray] | None = None,  # noqa: ARG002
    ) -> Checkpoint | None:
        """The newest checkpoint, or None if there is none."""
        if (found := self._checkpoints.get(part)) is not None:
            take_up(found)
        return found

    def read_checkpoint(self, name: str, part: str, like: Mapping[str, np.ndarray]) -> Checkpoint:  # noqa: ARG002
        """The newest checkpoint, where that is its name."""
        found = self._checkpoints.get(part)
        if found is None or found.path.stem != name:
            raise not_there(part, name)
        return found

    def cut_checkpoints(self, newest: Checkpoint | None, part: str = "") -> None:
        """Forget the checkpoint of a part, unless that is the one."""
        if newest is None:
            self._checkpoints.pop(part, None)

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is open."""
