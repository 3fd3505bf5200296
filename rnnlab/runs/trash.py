"""Runs that are removed: into the trash of their runs folder, from which they can come back, or for good."""

import errno
import os
import shutil
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from rnnlab.errors import RunBusyError, RunFolderError, UsageError
from rnnlab.files import make_folders, name_of
from rnnlab.printable import on_one_line, shortened
from rnnlab.runs import process
from rnnlab.runs.files import writing
from rnnlab.runs.find import TRASH, name_in, trashed
from rnnlab.runs.lock import RunLock
from rnnlab.runs.record import read_json
from rnnlab.suggestions import did_you_mean

_TRIES = 100
_MEANWHILE = {errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST}


def remove(runs: Sequence[Path], *, purge: bool = False) -> list[tuple[Path, Path | None]]:
    """Move run folders to the trash folder beside them, or delete them; all of them or none is started on.

    Parameters
    ----------
    runs : sequence of Path
    purge : bool
        Delete them for good; such as are in the trash too.

    Returns
    -------
    list of (Path, Path or None)
        Each folder, and where it is now; None where it is deleted.

    Raises
    ------
    RunBusyError
        If another process holds or trains one of them.
    UsageError
        If one is in the trash already, without `purge`.
    RunWriteError
        If a folder cannot be moved or deleted.
    """
    # A link is moved, not what it leads to; the folder that a path such as "." lies in is told by its whole path.
    paths = {Path(os.path.abspath(run)): run for run in runs}
    for path in paths:
        if path.parent.name == TRASH and not purge:
            raise UsageError(f"'{name_of(path)}' is in the trash already.", hint="A purge deletes it for good.")
    with ExitStack() as held:
        for path, named in paths.items():
            if (pid := trained_by(path)) is not None:
                raise running_in(named, pid)
            lock = RunLock(path)
            lock.acquire()
            held.callback(lock.release)
            if (pid := trained_by(path)) is not None:  # it began in between
                raise running_in(named, pid)
        return [(path, _delete(path) if purge else _move(path, path.parent / TRASH)) for path in paths]


def restore(name: str, runs_dir: Path) -> Path:
    """Bring a run back from the trash of a runs folder, by its id, the unique beginning of one, or its name.

    Of several runs of one name, the newest comes back.

    Raises
    ------
    RunFolderError
        If no run, or more than one, is meant, or its place is taken.
    """
    trash, meant = runs_dir / TRASH, trashed(name, runs_dir)
    if meant and not meant[0].startswith(name):  # a name, which means its newest run
        meant = meant[:1]
    if not meant:
        there = [*_contents(trash)]
        near = did_you_mean(name, dict.fromkeys(map(name_in, there))) or "."
        hint = f"In the trash: {', '.join(map(on_one_line, there[:5]))}." if there else "The trash is empty."
        raise RunFolderError(f"There is no run {shortened(name)!r} in the trash, '{name_of(trash)}'{near}", hint=hint)
    if len(meant) > 1:
        raise RunFolderError(
            f"{len(meant)} runs in the trash have an id that begins with {shortened(name)!r}.",
            hint=f"Give more of the id: {', '.join(map(on_one_line, meant[:5]))}.",
        )
    place = runs_dir / meant[0]
    if os.path.lexists(place):
        raise RunFolderError(f"'{name_of(place)}' exists already; '{name_of(trash / meant[0])}' stays in the trash.")
    with writing(place):
        os.rename(trash / meant[0], place)
    return place


def running_in(run: Path, pid: int) -> RunBusyError:
    """The error for a run that a living process trains."""
    return RunBusyError(f"'{name_of(run)}' is running in process {pid}.", hint=f"Wait for it, or stop it: kill {pid}")


def _contents(trash: Path) -> list[str]:
    """The names of the runs in the trash, the newest first."""
    try:
        with os.scandir(trash) as entries:
            return sorted((entry.name for entry in entries if entry.is_dir()), reverse=True)
    except OSError:
        return []


def trained_by(run: Path) -> int | None:
    """The number of the living process that a run's record names as its own; None where there is none."""
    try:
        record = read_json(run / "run.json")
    except RunFolderError:
        return None
    owner = record.get("process")
    if record.get("status") != "running" or not isinstance(owner, dict) or not process.is_alive(owner):
        return None
    return owner["pid"]


def _move(path: Path, trash: Path) -> Path:
    """Into the trash, which another process may empty and take away at any moment, or fill with a run of this name."""
    with writing(trash):
        for tries_left in reversed(range(_TRIES)):
            try:
                make_folders(trash)
                place, number = trash / path.name, 1
                while os.path.lexists(place):
                    number += 1
                    place = trash / f"{path.name}.{number}"
                os.rename(path, place)
            except OSError as error:
                if error.errno not in _MEANWHILE or not os.path.lexists(path) or not tries_left:
                    raise
                continue
            return place
    raise AssertionError  # the last try returns or raises


def _delete(path: Path) -> None:
    """By way of the trash, so that a deletion which fails half way leaves no half of a run among the runs."""
    if path.parent.name != TRASH:
        path = _move(path, path.parent / TRASH)
    with writing(path):
        if path.is_symlink():
            path.unlink(missing_ok=True)
        else:
            while os.path.lexists(path):
                with suppress(FileNotFoundError):  # another process deletes it too
                    shutil.rmtree(path)
    with suppress(OSError):  # it has other runs, or another process has taken it away
        path.parent.rmdir()
