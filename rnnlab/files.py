"""Paths as users write them, and as messages show them."""

import errno
import os
from pathlib import Path

from rnnlab.errors import UsageError
from rnnlab.printable import shortened

PACKAGED = "package:"  # before a file of an installed package, in place of a path
LARGEST_FILE = 256 * 2**20  # bytes of data that are read: a century of days is under 3 MB


def user_path(text: str | os.PathLike[str]) -> Path:
    """A path with ``~`` or ``~name`` at its start replaced by that home folder, as a shell does out of quotes.

    Raises
    ------
    UsageError
        Where there is no such user, and no folder of that name.
    """
    path = Path(os.path.expanduser(text))
    first = path.parts[0] if path.parts else ""
    if first.startswith("~") and not os.path.lexists(first):
        raise UsageError(f"{shortened(str(path), 200)}: there is no user {shortened(first[1:], 100)!r}.",
                         hint=f"./{shortened(first, 100)} means a folder of that name.")  # fmt: skip
    return path


def name_of(path: Path) -> str:
    """How messages name a path: on one line, cut short, control codes escaped."""
    return shortened(str(path), 200)


def make_folders(folder: Path) -> None:
    """Make a folder and those it lies in, where they are missing; `OSError` where that cannot be."""
    try:
        os.makedirs(folder, exist_ok=True)
    except RecursionError:  # it goes a level deeper for every part of a path
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), str(folder)) from None


def write_synced(path: Path, content: bytes) -> None:
    """Write a new file and wait until the disk has it, so that it may take another's place."""
    with open(path, "xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
