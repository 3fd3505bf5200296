"""Arrays that wait until they are wanted: in memory while they are few, then in a nameless file of the run folder."""

from array import array
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import SpooledTemporaryFile
from weakref import finalize

import numpy as np

from rnnlab.runs.files import writing

IN_MEMORY = 4 << 20  # bytes


class Spool:
    """A sequence of numeric arrays that grows at its end and is read from its beginning.

    Parameters
    ----------
    folder : Path
        Where the file lies once there is one; it vanishes with the process, whatever ends that.
    in_memory : int
        Bytes that are held before that.
    """

    def __init__(self, folder: Path, in_memory: int = IN_MEMORY) -> None:
        self._folder, self._starts = folder, array("q")
        self._file = SpooledTemporaryFile(in_memory, dir=str(folder))  # noqa: SIM115 - it lives as long as this
        finalize(self, _discard, self._file)

    def append(self, item: np.ndarray) -> None:
        """Take an array in.

        Raises
        ------
        RunWriteError
            Where the disk is full.
        """
        with writing(self._folder):
            start = self._file.seek(0, 2)
            np.save(self._file, item, allow_pickle=False)  # type: ignore[arg-type]
        self._starts.append(start)

    def __len__(self) -> int:
        return len(self._starts)

    def __iter__(self) -> Iterator[np.ndarray]:
        return self.tail(0)

    def tail(self, first: int) -> Iterator[np.ndarray]:
        """All arrays from number `first` on, counted from 0; nothing may be appended meanwhile."""
        with writing(self._folder):  # what waits in a buffer
            self._file.seek(*((self._starts[first], 0) if first < len(self) else (0, 2)))
        for _ in range(first, len(self)):
            yield np.load(self._file, allow_pickle=False)  # type: ignore[arg-type]


def _discard(file: SpooledTemporaryFile) -> None:
    with suppress(OSError):  # of a disk that is full: nobody wants it any more
        file.close()
