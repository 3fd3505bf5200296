"""Who holds a run: a lock on a file in its folder, which ends with the process that holds it, however that ends."""

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

from rnnlab.errors import RunBusyError
from rnnlab.files import name_of
from rnnlab.runs.files import writing

if TYPE_CHECKING:
    from filelock import FileLock

NAME = ".lock"
_NO_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP}  # file systems that have none, such as some of a network


class RunLock:
    """The one writer of a run folder; `acquire` it before anything in the folder is changed.

    Parameters
    ----------
    run : Path
        The run folder. Its lock file stays when the lock is released: to take it away would let two processes hold
        two files of one name.
    name : str
        Of the lock file.
    patience : float
        Seconds to wait for another holder.
    what : str
        What stands before the name of the run in a message, where not all of it is held.
    """

    def __init__(self, run: Path, name: str = NAME, *, patience: float = 0, what: str = "") -> None:
        self._run, self._name, self._patience, self._what = run, name, patience, what
        self._lock: FileLock | None = None

    def acquire(self) -> None:
        """Hold the run until `release`, or until this process ends.

        Raises
        ------
        RunBusyError
            If another holds it: a process, or a `RunLock` of this one.
        RunWriteError
            If the folder cannot be written.
        """
        from filelock import FileLock, Timeout

        path = self._run / self._name
        lock = FileLock(path, timeout=self._patience, fallback_to_soft=False)
        with writing(path):
            os.stat(self._run)  # a folder that is gone stays gone: the lock would make it anew
            try:
                lock.acquire()
            except Timeout:
                raise RunBusyError(f"{self._what}'{name_of(self._run)}' is in use by another process.") from None
            except OSError as error:
                if error.errno not in _NO_LOCKS:
                    raise
                return  # better a run without a lock than none: the number of its process is in run.json
        self._lock = lock

    def release(self) -> None:
        """Let others have the run; twice does nothing."""
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.release()
