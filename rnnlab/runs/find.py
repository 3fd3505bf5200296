"""Which runs there are, and which one is meant."""

import os
import re
import stat
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from rnnlab.errors import RunFolderError
from rnnlab.files import name_of, user_path
from rnnlab.printable import on_one_line, shortened
from rnnlab.runs.files import reason
from rnnlab.runs.record import load_record
from rnnlab.runs.start import label_of
from rnnlab.suggestions import did_you_mean, nearest

if TYPE_CHECKING:
    from rnnlab.runs.schema import RunRecord

LATEST = "latest"  # the newest run of all, and no name of one
TRASH = ".trash"  # the folder of the runs that were removed, in their runs folder
_SHOWN = 5
_SEARCHED = 1000  # ids, the newest, among which those that resemble an unknown one are looked for
_ALIKE = 0.6  # how near an id must be to be named, from 0 (any) to 1 (the same)
_PATTERN = re.compile(r"[*?\[]")
_ID = re.compile(r"\d{8}T\d{6}Z-.+-[0-9a-f]{4}", re.DOTALL)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


@dataclass(frozen=True)
class FoundRun:
    """A run in the list.

    Attributes
    ----------
    path : Path
    record : RunRecord or None
        Its run.json; None if that is damaged.
    status : str
        As now (``lost`` if the process is gone), or ``unreadable``.
    """

    path: Path
    record: "RunRecord | None" = None
    status: str = "unreadable"

    @property
    def id(self) -> str:
        """The folder's name."""
        return self.path.name


def list_runs(runs_dir: Path | str) -> list[FoundRun]:
    """List the runs in a folder, the oldest first; a folder that does not exist has none.

    Raises
    ------
    RunFolderError
        If the folder exists and cannot be read.
    """
    return list(newest_first(Path(runs_dir)))[::-1]


def newest_first(runs_dir: Path, among: Callable[[str], bool] = lambda _name: True) -> Iterator[FoundRun]:
    """The runs in a folder, the newest first; records are read only as far as they are asked for.

    Parameters
    ----------
    runs_dir : Path
    among : function of str
        Of the names of folders: those for which it is False are passed over.

    Raises
    ------
    RunFolderError
        If the folder exists and cannot be read.
    """
    seconds: dict[str, list[FoundRun | str]] = {}
    for name in run_folders(runs_dir):
        if not among(name):
            continue
        if is_id(name):
            seconds.setdefault(name[:16], []).append(name)
        elif is_run(os.path.join(runs_dir, name)):  # a folder that was given another name: its record says how old
            one = _found(runs_dir / name)
            seconds.setdefault(age(name, one.record and one.record.started_at)[0], []).append(one)
    for second in sorted(seconds, reverse=True):
        group = [_found(runs_dir / one) if isinstance(one, str) else one for one in seconds[second]]
        yield from sorted(group, key=lambda one: age(one.id, one.record and one.record.started_at), reverse=True)


def _found(path: Path) -> FoundRun:
    try:
        record = load_record(path)
    except RunFolderError:
        return FoundRun(path)
    return FoundRun(path, record, record.current_status)


def run_folders(runs_dir: Path) -> list[str]:
    """The names of the folders in a runs folder that may be runs, in no order; hidden ones, as the trash, are none.

    Raises
    ------
    RunFolderError
        If the folder exists and cannot be read.
    """
    try:
        with os.scandir(runs_dir) as entries:
            return [entry.name for entry in entries if not entry.name.startswith(".") and _is_folder(entry)]
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        why = reason(error, "read") if isinstance(error, OSError) else "its name holds a null byte"
        raise RunFolderError(f"The runs folder '{name_of(runs_dir)}' cannot be read: {why}.") from error


def run_ids(runs_dir: Path) -> list[str]:
    """The ids of the runs in a folder, the newest first; none where it cannot be read. No run is opened."""
    try:
        names = run_folders(runs_dir)
    except RunFolderError:
        return []
    return sorted((name for name in names if _counts(runs_dir, name)), reverse=True)


def is_id(name: str) -> bool:
    """Whether the name of a folder is made as an id is: time-NAME-digits."""
    return _ID.fullmatch(name) is not None


def age(name: str, started_at: str | None) -> tuple[str, str, str]:
    """What runs are sorted by: the second in the id, or in the record where the name is no id; the moment; the name."""
    began = started_at if started_at and _MOMENT.match(started_at) else ""
    second = name[:16] if is_id(name) else began[:19].replace("-", "").replace(":", "") + "Z" * bool(began)
    return second, began, name


def name_in(run_id: str) -> str:
    """The name in an id: time-NAME-digits."""
    return "-".join(run_id.split("-")[1:-1])


def resolve(run: str, runs_dir: Path | str, on_warning: Callable[[str], None] = lambda _sentence: None) -> Path:
    """Find the run that is meant by a path, an id, a unique prefix of one, a name (its newest run), or ``latest``.

    Parameters
    ----------
    run : str
    runs_dir : Path or str
    on_warning : callable, optional
        Is told which newer runs a name or ``latest`` passes over because they cannot be read.

    Returns
    -------
    Path
        The run folder. It may lack a run.json where it is named as a run is.

    Raises
    ------
    RunFolderError
        If no run, or more than one, is meant; the message lists the ids that come near.
    """
    runs_dir = Path(runs_dir)
    if run and is_run_path(user_path(run)):
        return user_path(run)
    names = run_folders(runs_dir)
    begun = [name for name in names if run and name.startswith(run)]
    exact = [name for name in begun if name == run]
    meant = sorted(name for name in exact or begun if _counts(runs_dir, name))
    if len(meant) == 1:
        return runs_dir / meant[0]
    if run == LATEST:
        return _newest(newest_first(runs_dir), run, runs_dir, on_warning)
    label = label_of(run)
    called = newest_first(runs_dir, lambda name: not is_id(name) or name_in(name) == label)
    named = [one for one in called if _may_be_called(one, run)]
    if any(one.status != "unreadable" for one in named):
        return _newest(iter(named), run, runs_dir, on_warning)
    if meant:
        raise RunFolderError(
            f"'{shortened(run)}' is the beginning of {len(meant)} ids: {_some(meant)}.",
            hint="Give more of the id.",
        )
    ids = run_ids(runs_dir)
    meant_name = did_you_mean(run[:255], dict.fromkeys(map(name_in, ids[:_SEARCHED]))) or "."
    raise RunFolderError(
        f"There is no run '{shortened(run, 255)}' in '{name_of(runs_dir)}'{meant_name}", hint=_hint(run, ids, runs_dir)
    )


def newest_completed(names: Collection[str], runs_dir: Path) -> dict[str, Path]:
    """Of each of these names the newest training that was completed, where there is one.

    Raises
    ------
    RunFolderError
        If the folder exists and cannot be read.
    """
    from rnnlab.runs.schema import TRAIN

    labels = {label_of(name) for name in names}
    found: dict[str, Path] = {}
    for one in newest_first(runs_dir, lambda folder: not is_id(folder) or name_in(folder) in labels):
        record = one.record
        if record is not None and record.name in names and (one.status, record.verb) == ("completed", TRAIN):
            found.setdefault(record.name, one.path)
        if len(found) == len(names):
            break
    return found


def _newest(found: Iterator[FoundRun], run: str, runs_dir: Path, on_warning: Callable[[str], None]) -> Path:
    """The newest run that can be read."""
    newer = []
    for one in found:
        if one.status != "unreadable":
            if newer:
                on_warning(f"{on_one_line(run)} passes over {_some(newer)}, which cannot be read.")
            return one.path
        newer.append(one.id)
    if not newer:
        raise RunFolderError(f"There is no run in '{name_of(runs_dir)}' yet.", hint=_START)
    raise RunFolderError(
        f"No run in '{name_of(runs_dir)}' can be read: {_some(newer)}.",
        hint="Name one of them to see what is wrong with it.",
    )


def _may_be_called(one: FoundRun, name: str) -> bool:
    """Whether a run has a name; of one that cannot be read, whether its id says so."""
    return one.record.name == name if one.record else name_in(one.id) == name


def _hint(run: str, ids: list[str], runs_dir: Path) -> str:
    """Where a run that is not there may be found: in the trash, under another id; else how runs are named."""
    if removed := trashed(run, runs_dir):
        typed = removed[0] if len(removed) > 1 and removed[0].startswith(run) else run
        return f"{_some(removed[:1])} is in the trash: `rnnlab rm --restore {quote(typed)}` brings it back."
    if _PATTERN.search(run):
        return (
            "No file matches this pattern, or it is in quotes: the shell expands patterns of files. "
            "`rnnlab runs` lists the runs."
        )
    near = [one for one in ids if run and run in one]
    near = near or nearest(run[:255], ids[:_SEARCHED], most=_SHOWN, cutoff=_ALIKE)
    if near:
        return f"Similar ids: {_some(near)}."
    if not ids:
        return _START
    ways = f"its path, its id, the beginning of its id, its name, or '{LATEST}'"
    return f"A run is named by {ways}. `rnnlab runs` lists them."


def trashed(run: str, runs_dir: Path) -> list[str]:
    """The runs in the trash of a runs folder that an id, the beginning of one, or a name means, the newest first."""
    try:
        with os.scandir(runs_dir / TRASH) as entries:
            names = sorted((entry.name for entry in entries if _is_folder(entry)), reverse=True)
    except (OSError, ValueError):
        return []
    if os.path.abspath(os.path.dirname(run)) == os.path.abspath(runs_dir):  # a path, as it is printed
        run = os.path.basename(run)
    exact, begun = [one for one in names if one == run], [one for one in names if run and one.startswith(run)]
    return exact or begun or [one for one in names if run and name_in(one) == label_of(run)]


_START = "`rnnlab train CONFIG` makes one. If the runs are in another folder, RNNLAB_RUNS names it."


def is_run(folder: str | Path) -> bool:
    """Whether a folder holds a run.json, or forbids to look."""
    try:
        return stat.S_ISREG(os.stat(os.path.join(folder, "run.json")).st_mode)
    except PermissionError:
        return True  # reading it says what is wrong
    except (OSError, ValueError):
        return False


def is_run_path(path: Path) -> bool:
    """Whether a path leads to a run, or to a folder that is named as one: what is left of a run is found too."""
    try:
        return is_run(path) or (is_id(os.path.basename(os.path.abspath(path))) and os.path.isdir(path))
    except (OSError, ValueError):  # a working folder that is gone; a null byte
        return False


def _counts(runs_dir: Path, name: str) -> bool:
    """Whether a folder is a run: by its name, or by its run.json."""
    return is_id(name) or is_run(os.path.join(runs_dir, name))


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # links that lead round in a circle
        return False


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(map(on_one_line, names[:_SHOWN])) + more
