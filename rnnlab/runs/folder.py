"""The run folder: made with one mkdir, filled while the run goes on, closed with a status."""

import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, Self

from rnnlab.errors import RunBusyError, RunFolderError, RunWriteError
from rnnlab.files import name_of
from rnnlab.runs import checkpoints, environment, notes, process, start, tables
from rnnlab.runs.files import LineFile, file_sha256, leftovers, reading, refuse_link, replace, writing
from rnnlab.runs.lock import RunLock
from rnnlab.runs.log import without_control_codes
from rnnlab.runs.record import load_record, read_json, write_json
from rnnlab.runs.store import RunStore

if TYPE_CHECKING:
    import numpy as np

    from rnnlab.runs.schema import RunRecord

WAIT = 10.0  # seconds for another process that writes files of a run anew


class RunFolder(RunStore):
    """One run on disk. Make one with `create`, or go back to one with `open`; close it, or use ``with``.

    Attributes
    ----------
    path : Path
        The folder.
    record : RunRecord
        run.json as last written; change it through `update`.
    """

    path: Path

    def __init__(self, path: Path, record: "RunRecord", lock: RunLock | None = None) -> None:
        self.path = path
        self.record = record
        self._tables: dict[str, tables.Table] = {}
        self._log: LineFile | None = None
        self._written: set[str] = set()  # whole files, by their names, and the log
        self._lock = lock or RunLock(path)

    @classmethod
    def create(
        cls,
        runs_dir: Path | str,
        name: str,
        *,
        now: datetime,
        fields: Mapping[str, object] | None = None,
        files: Mapping[str, str] | None = None,
        digits: Callable[[], str] = lambda: secrets.token_hex(2),
    ) -> Self:
        """Make the folder of a new run, with its run.json (status ``running``) and first files.

        Parameters
        ----------
        runs_dir : Path or str
            Where runs live; created if missing.
        name : str
            The experiment's name; the id keeps its letters, digits, dots, underscores and hyphens.
        now : datetime
            Aware; when the run started.
        fields : mapping, optional
            Further entries of run.json, such as ``kind``, ``verb``, ``command``, ``seeds``, ``data``.
        files : mapping of str to str, optional
            Name and text of each further first file, such as ``config.yaml``.
        digits : callable returning str
            Draws the end of the id; called again if a run of that id exists.

        Raises
        ------
        RunFolderError
            If the folder or one of its first files cannot be written; nothing is left behind.
        """
        runs_dir = Path(runs_dir)
        existed = os.path.exists(runs_dir)
        path = start.make_folder(runs_dir, name, now, digits)
        lock = RunLock(path)
        try:
            lock.acquire()
            from rnnlab.runs.schema import RunRecord  # `rnnlab --help` starts without pydantic

            sources, patches = _sources()
            run = cls(path, RunRecord.first(path.name, name, now, {**sources, **(fields or {})}), lock)
            first = {filename: text.encode() for filename, text in (files or {}).items()} | patches
            for filename, content in first.items():
                replace(path / filename, content)
            write_json(path / "run.json", run.record.plain())
        except BaseException as error:
            lock.release()
            shutil.rmtree(path, ignore_errors=True)
            if not existed:
                with suppress(OSError):
                    runs_dir.rmdir()
            if isinstance(error, RunWriteError):
                raise RunWriteError(f"No run was started: {error.message}", hint=start.ELSEWHERE) from error
            raise
        return run

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """Go back to an existing run, to read it or to go on with it.

        Raises
        ------
        RunFolderError
            If there is no readable run.json in `path`.
        """
        return cls(Path(path), load_record(Path(path)))

    @property
    def id(self) -> str:
        """The folder's name, e.g. ``20261121T170305Z-stock-3f9a``."""
        return self.path.name

    def update(self, **fields: object) -> None:
        """Set entries of run.json and replace the file in one step.

        Raises
        ------
        RunFolderError
            If it cannot be written; the old run.json is kept.
        """
        record = self.record.changed(fields)
        self._keeping(lambda: write_json(self.path / "run.json", record.plain()))
        self.record = record

    def hold(self) -> None:
        """Become the one writer of the run, until this object is left or this process ends.

        Raises
        ------
        RunBusyError
            If another process holds it.
        RunWriteError
            If the folder cannot be written, or a folder in it is a link.
        """
        for name in ("checkpoints", "plots"):
            refuse_link(self.path / name)
        self._lock.acquire()

    def refresh(self) -> None:
        """Read run.json again, as its last holder left it (RunFolderError if that cannot be)."""
        self.record = load_record(self.path)

    def take_over(self, **fields: object) -> None:
        """Go on with a run that stopped: its status is ``running`` again, and this process, which holds it, runs it."""
        for path in leftovers(self.path):
            with suppress(OSError):
                if not path.name.startswith(f".{notes.FILE}"):  # which another process may write at any moment
                    path.unlink()
        again = {"status": "running", "ended_at": None, "process": process.identity(), "tables": {}, "files": {}}
        self.update(**again, **fields)
        for path in (self.path / "plots").glob("*"):  # of what the run was before
            with suppress(OSError):
                if not path.name.startswith("inspect_"):
                    path.unlink()

    def finish(self, status: str, now: datetime, **fields: object) -> None:
        """As for any run; run.json keeps the size and the sha256 of every table too."""
        self.close()
        super().finish(status, now, **fields, tables=self._tables_now())

    def seal(self) -> None:
        """Keep the sizes and hashes of the plots and of all else that this object wrote beside the tables in run.json.

        The last thing that is done to a run; what a full disk does not take is lost.
        """
        written = self._written - {"config.yaml", *_entries(self.record.tables)}
        with suppress(RunFolderError):
            self.update(files={**_entries(self.record.files), **self._hashes(written)})

    @contextmanager
    def rewriting(self, which: Callable[[str], bool]) -> Iterator[None]:
        """While entered, some files of a run that has ended are written anew; run.json is given their new hashes.

        It has none of them meanwhile, so that a process that is killed leaves files whose hash is not known. Another
        that does the same is waited for. Where the run is in training, or cannot be written, run.json is left alone.

        Parameters
        ----------
        which : function of str
            Whether a file of this name may be written.
        """
        lock = RunLock(self.path, patience=WAIT)
        try:
            self.refresh()
            if self.record.current_status == "running":
                raise RunBusyError(f"'{name_of(self.path)}' is running.")
            lock.acquire()
        except RunFolderError:
            yield
            return
        try:
            self.refresh()
            has_ended = self.record.status in ("completed", "diverged", "interrupted", "failed")
            files = _entries(self.record.files)
            if has_ended and any(map(which, files)):
                self.update(files={name: entry for name, entry in files.items() if not which(name)})
            self._written.clear()  # what was written before has its hash, or is as another left it
            yield
            if has_ended:
                self.seal()
        finally:
            lock.release()

    def release(self) -> None:
        """Let others hold the run."""
        self._lock.release()

    def write(self, filename: str, content: str | bytes) -> Path:
        """Write a whole file in one step, e.g. ``plots/training.png``, and return its path.

        Raises
        ------
        RunFolderError
            If it cannot be written; an older file of that name is kept.
        """
        path = self.path / filename
        data = content.encode() if isinstance(content, str) else content

        def put() -> None:
            if path.parent != self.path:
                refuse_link(path.parent)
            with writing(path):
                path.parent.mkdir(exist_ok=True)
            replace(path, data)

        self._keeping(put)
        self._written.add(filename)
        return path

    def write_json(self, filename: str, value: object) -> Path:
        """Write a value as strict JSON in one step (NaN becomes null), e.g. ``summary.json``."""
        path = self.path / filename
        self._keeping(lambda: write_json(path, value))
        self._written.add(filename)
        return path

    def append_columns(self, filename: str, columns: Mapping[str, object]) -> None:
        """Append rows to a CSV table, column by column (see `rnnlab.runs.tables.Table.append_columns`)."""
        self._keeping(lambda: self._table(filename).append_columns(columns))

    def write_table(self, filename: str, columns: Mapping[str, object]) -> None:
        """Write a whole CSV table in one step."""
        self.write(filename, tables.whole(columns))

    def read_table(self, filename: str) -> "dict[str, np.ndarray]":
        """Read a CSV table as one array of shape (rows,) per column."""
        self.flush()
        return tables.read_table(self.path / filename)

    def read_blocks(self, filename: str) -> "Iterator[dict[str, np.ndarray]]":
        """Read a CSV table of numbers block by block."""
        self.flush()
        return tables.read_blocks(self.path / filename)

    def read_json(self, filename: str) -> dict[str, Any]:
        """Read a JSON object."""
        return read_json(self.path / filename)

    def has(self, filename: str) -> bool:
        """Whether there is such a file."""
        return (self.path / filename).is_file()

    def table_sizes(self) -> dict[str, int]:
        """Bytes of each table that the disk has: what a checkpoint keeps for `cut_tables`."""
        self._keeping(lambda: [table.sync() for table in self._tables.values()])
        return {name: table.size for name, table in self._tables.items()}

    def cut_checkpoints(self, newest: checkpoints.Checkpoint | None, part: str = "") -> None:
        """Remove those after the one that a resumed run goes on from: its tables come to fit them by length alone."""
        number = int(newest.path.stem) if newest else 0
        self._keeping(lambda: checkpoints.cut(self.path / "checkpoints" / part, number))

    def cut_tables(self, sizes: Mapping[str, int]) -> None:
        """Take tables back to their sizes in a checkpoint, so that a resumed run repeats no row; 0 removes a table."""
        for name, size in sizes.items():
            if size:
                self._table(name).cut(size)
                continue
            if table := self._tables.pop(name, None):
                table.cut(0)
                table.close()
            with writing(self.path / name):
                (self.path / name).unlink(missing_ok=True)

    def log(self, text: str) -> None:
        """Append to log.txt what was said, without control codes, and write it at once."""
        line = without_control_codes(text).rstrip("\n") + "\n"

        def put() -> None:
            if self._log is None:
                self._log = LineFile(self.path / "log.txt")
            self._log.append(line.encode("utf-8", "backslashreplace"))

        self._keeping(put)
        self._written.add("log.txt")

    def save_checkpoint(self, arrays: "Mapping[str, np.ndarray]", metadata: Mapping, part: str = "") -> Path:
        """Write the next checkpoint (see `rnnlab.runs.checkpoints.save`)."""
        saved: list[Path] = []

        def put() -> None:
            if part:
                checkpoints.make_folder(self.path / "checkpoints")
            saved.append(checkpoints.save(self.path / "checkpoints" / part, arrays, metadata))

        self._keeping(put)
        return saved[0]

    def keep_checkpoints(self, newest: int, *, best: bool, part: str = "") -> None:
        """Remove the other checkpoints (see `rnnlab.runs.checkpoints.prune`)."""
        with suppress(OSError):  # they are in nobody's way
            checkpoints.prune(self.path / "checkpoints" / part, newest, best)

    def latest_checkpoint(
        self,
        take_up: Callable[[checkpoints.Checkpoint], object] = lambda _found: None,
        part: str = "",
        like: "Mapping[str, np.ndarray] | None" = None,
    ) -> checkpoints.Checkpoint | None:
        """Read the newest checkpoint that is whole and can be taken up, or None if there is none."""
        return checkpoints.latest(self.path / "checkpoints" / part, like, take_up)

    def read_checkpoint(self, name: str, part: str, like: "Mapping[str, np.ndarray]") -> checkpoints.Checkpoint:
        """Read the checkpoint of that name."""
        path = self.path / "checkpoints" / part / f"{name}.json"
        if path not in checkpoints.described(self.path / "checkpoints" / part):
            raise checkpoints.not_there(part, name)
        return checkpoints.load(path, like)

    def flush(self) -> None:
        """Write the rows that wait in memory."""
        self._keeping(lambda: [table.flush() for table in self._tables.values()])

    def close(self) -> None:
        """Write the rows that wait and close every file; run.json is left as it is."""
        closing = [*self._tables.values(), *([self._log] if self._log else [])]
        self._tables, self._log = {}, None

        def close_all() -> None:
            with ExitStack() as stack:  # each of them, whatever the others raise
                for file in closing:
                    stack.callback(file.close)

        self._keeping(close_all)

    def _table(self, filename: str) -> tables.Table:
        if filename not in self._tables:
            self._tables[filename] = tables.Table(self.path / filename)
        return self._tables[filename]

    def _tables_now(self) -> dict[str, dict[str, object]]:
        """Size and hash of the tables on disk, by name; without those of later commands, which may come again."""
        names = (path.name for path in self.path.glob("*.csv"))
        return self._hashes(name for name in names if not name.startswith(("inspect_", "forecast.")))

    def _hashes(self, names: Iterable[str]) -> dict[str, dict[str, object]]:
        """Size and hash of files, by name."""
        found = {}
        for name in sorted(names):
            with suppress(RunFolderError), reading(self.path / name) as file:
                found[name] = {"bytes": os.fstat(file.fileno()).st_size, "sha256": file_sha256(file)}
        return found

    def _keeping(self, action: Callable[[], object]) -> None:
        """Do something that writes; if it fails, say what of the run survives."""
        try:
            action()
        except RunWriteError as error:
            names = _names(self.path)
            survives = f" What was written before is kept in '{name_of(self.path)}': {', '.join(names)}."
            gone = "" if os.path.isdir(self.path) else f" The run folder '{name_of(self.path)}' is gone."
            raise RunWriteError(error.message + (survives if names else gone), hint=self._hint(bool(gone))) from error

    def _hint(self, is_gone: bool) -> str:
        """What to do about a run that takes no more."""
        if is_gone or self.record.status not in ("running", "interrupted", "failed"):
            return start.ELSEWHERE
        return f"Once it can be written again: rnnlab resume {quote(str(self.path))}"


def _entries(value: object) -> Mapping[str, Any]:
    """An entry of run.json that names files, which may be damaged."""
    return value if isinstance(value, dict) else {}


def _sources() -> tuple[dict[str, object], dict[str, bytes]]:
    """Entries of run.json on rnnlab's source, and on the working folder where asked for; and their patches."""
    code, folder = environment.code(), environment.folder()
    if folder is None:
        return {"code": code.record}, code.files
    return {"code": code.record, "folder": folder.record}, code.files | folder.files


def _names(run: Path) -> list[str]:
    """What a run folder holds."""
    try:
        return sorted(path.name for path in run.glob("[!.]*") if path.is_dir() or path.stat().st_size)
    except OSError:
        return []
