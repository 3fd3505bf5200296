"""Where a run keeps what it makes: one interface, for a folder on disk and for memory."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rnnlab.errors import RnnlabError, RunFolderError
from rnnlab.plain import timestamp
from rnnlab.runs.record import STATUSES

if TYPE_CHECKING:
    import numpy as np

    from rnnlab.runs.checkpoints import Checkpoint
    from rnnlab.runs.schema import RunRecord


class RunStore(ABC):
    """One run: its record, tables, checkpoints and log. Close it, or use ``with``.

    Attributes
    ----------
    path : Path or None
        The run folder; None for a run in memory.
    record : RunRecord
        run.json as last written; change it through `update`.
    """

    path: Path | None
    record: "RunRecord"

    @abstractmethod
    def update(self, **fields: object) -> None:
        """Set entries of the record."""

    @abstractmethod
    def write(self, filename: str, content: str | bytes) -> Path:
        """Write a whole file, e.g. ``plots/training.png``, and return its path."""

    @abstractmethod
    def write_json(self, filename: str, value: object) -> Path:
        """Write a value as strict JSON (NaN becomes null), e.g. ``summary.json``, and return its path."""

    @abstractmethod
    def append_columns(self, filename: str, columns: Mapping[str, object]) -> None:
        """Append rows to a table, column by column.

        Parameters
        ----------
        filename : str
            Such as ``metrics.csv``.
        columns : mapping of str to array or list of shape (rows,), or a scalar that holds for every row
            The first block decides the names; later blocks must have the same names.
        """

    @abstractmethod
    def write_table(self, filename: str, columns: Mapping[str, object]) -> None:
        """Write a whole table in one step, in place of an older one of that name; columns as for `append_columns`."""

    @abstractmethod
    def read_table(self, filename: str) -> "dict[str, np.ndarray]":
        """Read a table as one array of shape (rows,) per column.

        Raises
        ------
        RunFolderError
            If there is no such table, or it cannot be read.
        """

    @abstractmethod
    def read_blocks(self, filename: str) -> "Iterator[dict[str, np.ndarray]]":
        """Read a table of numbers block by block, float64 arrays of shape (rows,).

        Raises
        ------
        RunFolderError
            If there is no such table, or it cannot be read.
        """

    @abstractmethod
    def read_json(self, filename: str) -> dict[str, Any]:
        """Read what `write_json` wrote.

        Raises
        ------
        RunFolderError
            If there is no such file, or it cannot be read.
        """

    @abstractmethod
    def has(self, filename: str) -> bool:
        """Whether there is such a file or table."""

    @abstractmethod
    def table_sizes(self) -> dict[str, int]:
        """Sizes of the tables written so far, for a checkpoint."""

    @abstractmethod
    def log(self, text: str) -> None:
        """Append to the log what was said, without control codes."""

    @abstractmethod
    def save_checkpoint(self, arrays: "Mapping[str, np.ndarray]", metadata: Mapping, part: str = "") -> Path:
        """Keep a checkpoint, and return its path; a ``loss`` in the metadata tells which is the best.

        Those of a `part` of the run that bears a name, a further training, are counted and kept by themselves.
        """

    def keep_checkpoints(self, newest: int, *, best: bool, part: str = "") -> None:  # noqa: B027
        """Remove all checkpoints but so many of the newest and, where `best`, the one with the lowest loss."""

    @abstractmethod
    def latest_checkpoint(
        self,
        take_up: "Callable[[Checkpoint], object]" = lambda _found: None,
        part: str = "",
        like: "Mapping[str, np.ndarray] | None" = None,
    ) -> "Checkpoint | None":
        """The newest checkpoint that is whole and can be taken up, or None if there is none.

        Where there is `like`, it has these arrays alone, each of the shape and type of its like, and finite.

        Raises
        ------
        RunFolderError
            If there are some and none of them is good.
        """

    @abstractmethod
    def read_checkpoint(self, name: str, part: str, like: "Mapping[str, np.ndarray]") -> "Checkpoint":
        """The checkpoint of that name, with arrays like these alone.

        Raises
        ------
        RunFolderError
            It is not there, or not good.
        """

    def cut_checkpoints(self, newest: "Checkpoint | None", part: str = "") -> None:  # noqa: B027
        """Remove those of a part after one, or all of them."""

    @abstractmethod
    def flush(self) -> None:
        """Write the rows that wait in memory."""

    @abstractmethod
    def close(self) -> None:
        """Write the rows that wait and close every file; the record is left as it is."""

    def finish(self, status: str, now: datetime, **fields: object) -> None:
        """Write out everything and set the final status, with further entries of the record.

        Parameters
        ----------
        status : {"completed", "interrupted", "diverged", "failed"}
        now : datetime
            Aware; when the run ended.
        """
        if status not in STATUSES[1:]:
            raise ValueError(f"The 'status' must be one of {STATUSES[1:]}; got {status!r}.")
        self.close()
        self.update(status=status, ended_at=timestamp(now), **fields)

    def mark_failed(self, error: BaseException, now: datetime) -> None:
        """Log what broke into the run and close it as failed or interrupted, where it can still be written.

        A run that had a final status keeps it: only its plots were missing.
        """
        interrupted = isinstance(error, (KeyboardInterrupt, SystemExit))
        why = error.message if isinstance(error, RnnlabError) else f"{type(error).__name__}: {error}"
        with suppress(RnnlabError, OSError):
            self.log(f"error: {'interrupted' if interrupted else why}")
            if self.record.status == "running":
                with suppress(RnnlabError):  # rows that the disk does not take
                    self.close()
                self.finish("interrupted" if interrupted else "failed", now)

    def seal(self) -> None:  # noqa: B027
        """Keep the hashes of what was written beside the tables, at the very end."""

    @contextmanager
    def rewriting(self, _which: Callable[[str], bool]) -> Iterator[None]:
        """While entered, the files of a run that has ended whose names are such are written anew."""
        yield

    def release(self) -> None:  # noqa: B027
        """Let others write to the run."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close()
        except RunFolderError:
            if error is None:
                raise
        finally:
            self.release()
