"""Writing into the price folder: one process at a time per symbol, both files or none."""

import contextlib
import errno
import hashlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

from rnnlab.data.prices.store import SCHEMA_VERSION, file_of, pending
from rnnlab.data.prices.symbols import file_stem
from rnnlab.errors import DataError
from rnnlab.files import name_of

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
    import msvcrt

_BUSY = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}


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
    deadline = time.monotonic() + patience
    handle = None
    try:
        was_there = folder.exists()
        while (handle := _try_lock(path)) is None:
            if time.monotonic() > deadline:
                raise DataError(
                    f"Another process has been fetching {symbol} into {name_of(folder)} for {patience:g} s.",
                    hint="Wait for it, or end it; its lock goes with it.",
                )
            time.sleep(0.02)
    except (OSError, ValueError) as problem:
        raise _cannot_write(folder, problem) from None
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink()  # while it is held: whoever locks the old file sees that its name is gone
        os.close(handle)
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
        _write(pending(path), content)
        _write(pending(described), text.encode())
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


def _try_lock(path: Path) -> int | None:
    """An open and locked file, or None while another process holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o644)
    except FileNotFoundError:  # a process that failed has just taken its empty folder away
        if os.stat(path.parent).st_nlink == 0:  # the folder we are in, which is gone for good
            raise
        return None
    try:
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # pyright: ignore
        if os.path.samestat(os.fstat(handle), os.stat(path)):
            return handle
    except FileNotFoundError:
        pass  # the process before us took the name away
    except OSError as problem:
        if problem.errno not in _BUSY:
            os.close(handle)
            raise
    os.close(handle)
    return None


def _write(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)  # what a crash left there, or a pipe, which would be waited for
    with open(path, "xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


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
