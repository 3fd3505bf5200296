"""Writing into the price folder: one process at a time per symbol, both files or none."""

import contextlib
import hashlib
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from rnnlab.data.prices.store import SCHEMA_VERSION, file_of, pending
from rnnlab.data.prices.symbols import file_stem
from rnnlab.errors import DataError
from rnnlab.files import name_of, write_synced


@contextlib.contextmanager
def locked(folder: Path, symbol: str, patience: float = 120.0) -> Iterator[None]:
    """Hold a symbol's lock, making the folder if need be; the system frees it if the process dies.

    Parameters
    ----------
    folder : Path
    symbol : str
        Checked.
    patience : float
        Seconds to wait for another process that holds it.

    Raises
    ------
    DataError
        The folder cannot be written, or the other process takes longer than ``patience``.
    """
    path = folder / f".{file_stem(symbol)}.lock"
    lock = FileLock(path, timeout=patience, poll_interval=0.02, fallback_to_soft=False)
    try:
        was_there = folder.exists()
        while not lock.is_locked:  # a process that failed may take its empty folder away between any two calls
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except FileExistsError as error:
                if _stands_in_the_way(Path(error.filename or folder)):  # it, or one that it lies in
                    raise
                continue
            try:
                lock.acquire()
            except FileNotFoundError:
                if _gone_for_good(folder):
                    raise
    except Timeout:
        raise DataError(
            f"Another process has been fetching {symbol} into {name_of(folder)} for {patience:g} s.",
            hint="Wait for it, or end it; its lock goes with it.",
        ) from None
    except (OSError, ValueError) as problem:
        raise _cannot_write(folder, problem) from None
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink()  # while it is held: whoever locks the old file sees that its name is gone
        lock.release()
        if not was_there:
            with contextlib.suppress(OSError):
                folder.rmdir()  # only works while it is empty


def write_pair(folder: Path, symbol: str, content: bytes, origin: dict) -> dict:
    """Replace a symbol's CSV and JSON files; call with its lock held.

    Parameters
    ----------
    folder : Path
    symbol : str
        Checked.
    content : bytes
        Of the CSV file.
    origin : dict
        For the JSON file, which also gets ``schema_version`` and the ``sha256`` of ``content``.

    Returns
    -------
    dict
        What the JSON file holds now.

    Raises
    ------
    DataError
        The disk is full or the folder not writable; the old files are as they were.
    """
    path = file_of(folder, symbol)
    described = path.with_suffix(".json")
    record = {"schema_version": SCHEMA_VERSION, **origin, "sha256": hashlib.sha256(content).hexdigest()}
    text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
    try:
        _settle(described)
    except OSError as problem:
        raise _cannot_write(folder, problem) from None
    try:
        for new, written in ((pending(path), content), (pending(described), text.encode())):
            new.unlink(missing_ok=True)  # what a crash left there, or a pipe, which would be waited for
            write_synced(new, written)
        os.replace(pending(path), path)
    except OSError as problem:
        for leftover in (pending(path), pending(described)):
            with contextlib.suppress(OSError):
                leftover.unlink()
        raise _cannot_write(folder, problem) from None
    with contextlib.suppress(OSError):  # it is found under its other name too
        os.replace(pending(described), described)
    _sync_folder(folder)
    return record


def _settle(described: Path) -> None:
    """Finish a replacement that a crash cut in two: the CSV file is new, its JSON file still waits."""
    waiting, path = pending(described), described.with_suffix(".csv")
    if not waiting.is_file() or not path.is_file():
        return
    with contextlib.suppress(ValueError, AttributeError, RecursionError):
        sha256 = json.loads(waiting.read_bytes()).get("sha256")
        if sha256 == hashlib.sha256(path.read_bytes()).hexdigest():
            os.replace(waiting, described)


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # not every system can open a folder
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _cannot_write(folder: Path, problem: OSError | ValueError) -> DataError:
    reason = getattr(problem, "strerror", None) or "not a usable path"
    return DataError(
        f"{name_of(folder)}: cannot be written: {reason}; what was there is as it was.",
        hint="Free some space or mend the permissions, or name another folder with --data-dir.",
    )


def _gone_for_good(folder: Path) -> bool:
    """Whether it is the folder we are in, and has been removed."""
    try:
        return folder.stat().st_nlink == 0
    except FileNotFoundError:
        return False


def _stands_in_the_way(folder: Path) -> bool:
    """Whether something of that name is no folder; one look, since the folder may come and go meanwhile."""
    try:
        mode = os.lstat(folder).st_mode
    except FileNotFoundError:
        return False
    return not stat.S_ISDIR(mode) and not folder.is_dir()  # a link to a folder is one
