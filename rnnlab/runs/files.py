"""Writing files so that a crash or a full disk leaves the old content or whole lines, never half a thing."""

import errno
import hashlib
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rnnlab.errors import RunFolderError, RunWriteError
from rnnlab.files import name_of, write_synced

if TYPE_CHECKING:
    from io import BufferedReader

_REASONS = {
    errno.ENOSPC: "the disk is full",
    getattr(errno, "EDQUOT", errno.ENOSPC): "the disk quota is used up",
    errno.EFBIG: "the limit on the size of a file is reached",
    errno.EROFS: "the file system is read-only",
    errno.ENOTDIR: "a part of the path is a file, not a folder",
    errno.EEXIST: "a file of that name is in the way",
    errno.ENOENT: "the folder it belongs in does not exist",
    errno.ENAMETOOLONG: "the path is too long",
    errno.EIO: "the disk failed",
    errno.ELOOP: "a link is in the way, or links lead round in a circle",
    errno.EMFILE: "this process has too many open files",
    errno.ENFILE: "the machine has too many open files",
}


_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{8}")


def reason(error: OSError, act: str = "write") -> str:
    """Say in a few words why the operating system refused to read or to write."""
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"there is no permission to {act} there"
    return _REASONS.get(error.errno or 0) or error.strerror or str(error)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an OSError inside the block into a RunWriteError that names `path`."""
    try:
        yield
    except OSError as error:
        raise RunWriteError(f"'{name_of(path)}' could not be written: {reason(error)}.") from error


def refuse_link(folder: Path) -> None:
    """Refuse a link in place of a folder of a run (RunWriteError): what it leads to is not the run's to change."""
    if folder.is_symlink():
        raise RunWriteError(f"'{name_of(folder)}' must be a folder; it is a link.")


@contextmanager
def reading(path: Path, most: int | None = None) -> "Iterator[BufferedReader]":
    """Open a regular file to read it; a pipe is not waited for.

    Parameters
    ----------
    path : Path
    most : int, optional
        Largest size in bytes.

    Raises
    ------
    RunFolderError
        If the file is missing, of another kind or too large, or an OSError ends the block.
    """
    name = name_of(path)
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise RunFolderError(f"'{name}' must be a file; it is a folder, a pipe or a device.")
            if most is not None and found.st_size > most:
                raise RunFolderError(f"'{name}' must have at most {most:,} bytes; it has {found.st_size:,}.")
            yield file
    except FileNotFoundError as error:
        raise RunFolderError(f"'{name}' could not be read: there is no such file.") from error
    except IsADirectoryError as error:
        raise RunFolderError(f"'{name}' could not be read: it is a folder.") from error
    except OSError as error:
        raise RunFolderError(f"'{name}' could not be read: {reason(error, 'read')}.") from error
    except ValueError as error:
        if "null byte" not in str(error):
            raise
        raise RunFolderError(f"'{name}' could not be read: a path must not hold a null byte.") from error


def content_of(path: str, most: int) -> bytes | None:
    """The content of a regular file, quickly; None where it cannot be read or has more than `most` bytes."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError):
        return None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size > most:
            return None
        return os.read(descriptor, found.st_size)
    except OSError:
        return None
    finally:
        os.close(descriptor)


def file_sha256(file: "BufferedReader") -> str:
    """The sha256 of an open file from where it stands, in hexadecimal."""
    return hashlib.file_digest(file, "sha256").hexdigest()


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def replace(path: Path, content: bytes) -> None:
    """Give `path` new content in one step: a reader sees the old file or the new one, and so does a crash.

    Parameters
    ----------
    path : Path
        Its folder must exist.
    content : bytes

    Raises
    ------
    RunWriteError
        If the content cannot be written; the old file, if any, is untouched and nothing else is left behind.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with writing(path):
        try:
            write_synced(temporary, content)
            os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise


def leftovers(folder: Path) -> list[Path]:
    """Temporary files of `replace` in a run folder, left by a process that was killed while it wrote."""
    return [path for path in folder.rglob(".*") if is_leftover(path.name)]


def is_leftover(name: str) -> bool:
    """Whether a file of this name is a temporary one of `replace`."""
    return _TEMPORARY.fullmatch(name) is not None


def whole_lines(descriptor: int, size: int) -> int:
    """How many of the first `size` bytes of an open file are whole lines."""
    end, block = size, 65536
    while end > 0:
        start = max(0, end - block)
        os.lseek(descriptor, start, os.SEEK_SET)
        newline = os.read(descriptor, end - start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0


class LineFile:
    """A file that only grows, by whole lines.

    A line that a killed process left unfinished is cut off when the file is opened again; a line that a full
    disk did not take whole is cut off at once. A link is refused: what it leads to is not the run's to cut.

    Parameters
    ----------
    path : Path
        Created if missing; its folder must exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = -1
        with writing(path):
            if os.path.lexists(path) and not stat.S_ISREG(os.lstat(path).st_mode):
                raise RunWriteError(f"'{name_of(path)}' must be a file; it is a link, a folder, a pipe or a device.")
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
            self._descriptor = os.open(path, flags, 0o666)
            self._size = os.fstat(self._descriptor).st_size
            whole = whole_lines(self._descriptor, self._size)
        if whole != self._size:
            self.cut(whole)

    @property
    def size(self) -> int:
        """Bytes in the file, all of them whole lines."""
        return self._size

    def append(self, lines: bytes) -> None:
        """Write `lines`, each with its newline; on failure RunWriteError, and the lines that fitted stay."""
        written = 0
        try:
            with writing(self.path):
                while written < len(lines):
                    written += os.write(self._descriptor, memoryview(lines)[written:])
        finally:
            self._size += lines.rfind(b"\n", 0, written) + 1
            if written < len(lines):
                with suppress(OSError):
                    os.ftruncate(self._descriptor, self._size)

    def sync(self) -> None:
        """Wait until the disk has what was written."""
        with writing(self.path):
            os.fsync(self._descriptor)

    def cut(self, size: int) -> None:
        """Forget everything after the first `size` bytes."""
        with writing(self.path):
            os.ftruncate(self._descriptor, size)
            self._size = size

    def close(self) -> None:
        """Close the file; closing twice does nothing."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            with writing(self.path):
                os.close(descriptor)
