"""The rows of all runs, column by column, in a hidden file of the runs folder that may be lost at any time.

Reading ten thousand runs takes a second or two; reading one file with a line per column, and decoding the few columns
that a question needs, takes milliseconds. A run is read again where one of its files has another modification time,
size or inode than when it was read. The file is checked by a sum and never needed: where it is missing, damaged or of
another form, runs are read, and where it cannot be written, they are read each time.
"""

import gc
import json
import os
import time
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

from rnnlab.errors import RunFolderError, RunWriteError
from rnnlab.experiments.registry.rows import DAMAGED, FILES, read_row
from rnnlab.runs.files import reading, replace
from rnnlab.runs.find import is_id, is_run, run_folders

FILE = ".index"
FORM = "rnnlab index 1"  # with another number, an index is built anew
MOST_BYTES = 2**30
WORTH = 16  # changes of which the index takes note; fewer runs are read each time
SETTLED = 2_000_000_000  # nanoseconds; what changes again sooner may keep its modification time
STAMPS = "_stamps"


class Index:
    """The columns of an index file, decoded when they are asked for.

    Attributes
    ----------
    keys : list of str
        Of the columns.
    places : dict of (str, int) to int
        Name and stamp of a run to its place in every column.
    """

    def __init__(self, lines: dict[str, bytes]) -> None:
        self._lines = lines
        self.keys = [key for key in lines if key != STAMPS]
        self.places = {(name, stamp): place for place, (name, stamp) in enumerate(json.loads(lines[STAMPS]))}

    def column(self, key: str) -> list[Any]:
        """The values of all runs; None where a run has none. `ValueError` where the line is no column."""
        values = json.loads(self._lines[key]) if key in self._lines else [None]
        if not isinstance(values, list) or len(values) not in (1, len(self.places)):
            raise ValueError(f"{key} must have {len(self.places)} values")
        return values * len(self.places) if len(values) == 1 else values


class Registry:
    """The runs of a folder as a table, as they are at this moment.

    Parameters
    ----------
    runs_dir : Path
    write : bool
        Whether the index may be written.

    Attributes
    ----------
    names : list of str
        Names of the run folders, in the order of every column.
    keys : list of str
        Those that some run has.
    read : int
        How many runs were read, not being in the index as they are.

    Raises
    ------
    RunFolderError
        If the folder exists and cannot be read.
    """

    def __init__(self, runs_dir: Path, *, write: bool = True) -> None:
        self.runs_dir = runs_dir
        stamps = _stamps(runs_dir)
        self.names = list(stamps)
        self._index = read_index(runs_dir) if stamps else None
        known = self._index.places if self._index else {}
        self._places = [known.get((name, stamp), -1) for name, (stamp, _) in stamps.items()]
        stale = [at for at, place in enumerate(self._places) if place < 0]
        self.read = len(stale)
        self._read_columns = _read(runs_dir, [self.names[at] for at in stale])
        for row, at in enumerate(stale):
            self._places[at] = -1 - row
        self.keys = list(dict.fromkeys([*(self._index.keys if self._index else ()), *self._read_columns]))
        self._columns: dict[str, list[Any]] = {}
        if write:
            self._write_index(stamps, gone=len(known) - (len(self.names) - self.read))

    def column(self, key: str) -> list[Any]:
        """The values of a key for all runs; None where a run has none."""
        if self._index is not None and self.read < len(self.names) and key not in self._columns:
            try:
                known = self._index.column(key)
                read = self._read_columns.get(key) or [None] * self.read
                self._columns[key] = [known[place] if place >= 0 else read[-1 - place] for place in self._places]
            except (ValueError, RecursionError):
                self._read_all()
        if key not in self._columns:
            self._columns[key] = self._read_columns.get(key) or [None] * self.read
        return self._columns[key]

    def _read_all(self) -> None:
        """Do without the index."""
        self._index, self.read = None, len(self.names)
        self._places = [-1 - at for at in range(len(self.names))]
        self._read_columns, self._columns = _read(self.runs_dir, self.names), {}
        self.keys = list(self._read_columns)

    def _write_index(self, stamps: dict[str, tuple[int, int]], gone: int) -> None:
        """Write the index where enough has changed; in a folder that cannot be written, there is none."""
        lasting = time.time_ns() - SETTLED
        # A damaged file may be mended without a trace: by a permission that is given.
        damaged = self.column(DAMAGED)
        out = {
            at
            for at, place in enumerate(self._places)
            if place < 0 and (damaged[at] or stamps[self.names[at]][1] > lasting)
        }
        if self.read - len(out) + gone <= WORTH:
            return
        kept = [at for at in range(len(self.names)) if at not in out]
        lines = [_line(STAMPS, [(self.names[at], stamps[self.names[at]][0]) for at in kept])]
        for key in self.keys:
            column = self.column(key)
            values = [column[at] for at in kept] if out else column
            lines.append(_line(key, values[:1] if values and values.count(values[0]) == len(values) else values))
        body = b"".join(lines)
        with suppress(RunWriteError):
            replace(self.runs_dir / FILE, f"{FORM} {zlib.crc32(body):08x}\n".encode() + body)


def _read(runs_dir: Path, names: list[str]) -> dict[str, list[Any]]:
    """The columns of these runs, read from their folders."""
    columns: dict[str, list[Any]] = {}
    folder = os.fspath(runs_dir)
    collecting = gc.isenabled()
    gc.disable()  # nothing here goes in circles; to look for such among so many values takes as long as to read them
    try:
        for count, name in enumerate(names):
            for key, value in read_row(folder, name).items():
                if key not in columns:
                    columns[key] = [None] * len(names)
                columns[key][count] = value
    finally:
        if collecting:
            gc.enable()
    return columns


def read_index(runs_dir: Path) -> Index | None:
    """The index of a runs folder; None where there is none that is whole."""
    try:
        with reading(runs_dir / FILE, MOST_BYTES) as file:
            head, _, body = file.read().partition(b"\n")
        if head != f"{FORM} {zlib.crc32(body):08x}".encode():
            return None
        lines = (line.partition(b"\t") for line in body.splitlines())
        return Index({json.loads(key): values for key, _, values in lines})
    except (RunFolderError, ValueError, TypeError, KeyError, RecursionError):
        return None


def _line(key: str, values: list[Any]) -> bytes:
    """A column: its key and its values, which one alone stands for where all are the same."""
    return f"{json.dumps(key)}\t{json.dumps(values, separators=(',', ':'))}\n".encode()


def _stamps(runs_dir: Path) -> dict[str, tuple[int, int]]:
    """By the name of each run folder: a number made of its files' times, sizes and inodes, and the latest time."""
    found = {}
    folder = os.path.join(os.fspath(runs_dir), "")
    for name in run_folders(runs_dir):
        path = f"{folder}{name}/"
        marks: list[int] = []
        latest = 0
        for file in FILES:
            try:
                one = os.stat(path + file)
            except (OSError, ValueError):
                marks.append(0)
                continue
            marks += (one.st_mtime_ns, one.st_size, one.st_ino)
            latest = max(latest, one.st_mtime_ns)
        if is_id(name) or is_run(path):
            found[name] = hash(tuple(marks)), latest  # of whole numbers, the same in every process
    return found
