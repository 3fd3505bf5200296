"""Which runs there are, and which one is meant."""

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rnnlab.errors import RunFolderError
from rnnlab.files import name_of, user_path
from rnnlab.printable import on_one_line, shortened
from rnnlab.runs.files import reason
from rnnlab.runs.record import load_record
from rnnlab.suggestions import nearest

if TYPE_CHECKING:
    from rnnlab.runs.schema import RunRecord

LATEST = "latest"  # the newest run of all, and no name of one
_SHOWN = 5


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
    found = []
    for path in _candidates(Path(runs_dir)):
        try:
            record = load_record(path)
        except RunFolderError:
            found.append(FoundRun(path))
        else:
            found.append(FoundRun(path, record, record.current_status))
    return sorted(found, key=_age)


def run_ids(runs_dir: Path) -> list[str]:
    """The ids of the runs in a folder, the newest first; none where it cannot be read. No run is opened."""
    try:
        return sorted((path.name for path in runs_dir.iterdir() if _is_run(path)), reverse=True)
    except (OSError, ValueError):
        return []


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
        The run folder; its run.json exists.

    Raises
    ------
    RunFolderError
        If no run, or more than one, is meant; the message lists the ids that come near.
    """
    runs_dir = Path(runs_dir)
    if run and _is_run(user_path(run)):
        return user_path(run)
    paths = _candidates(runs_dir)
    exact = [path for path in paths if path.name == run]
    meant = exact or [path for path in paths if run and path.name.startswith(run)]
    if len(meant) == 1:
        return meant[0]
    found = list_runs(runs_dir)
    if run == LATEST:
        return _newest(found, run, runs_dir, on_warning)
    named = [one for one in found if _may_be_called(one, run)]
    if any(one.status != "unreadable" for one in named):
        return _newest(named, run, runs_dir, on_warning)
    if meant:
        raise RunFolderError(
            f"The prefix '{shortened(run)}' must begin one id, not {len(meant)}: {_some([p.name for p in meant])}.",
            hint="Give more of the id.",
        )
    raise RunFolderError(
        f"RUN must be a path, an id, the beginning of one, a name, or '{LATEST}'; got '{shortened(run, 255)}', "
        f"no run in '{name_of(runs_dir)}'.",
        hint=_hint(run, found),
    )


def _newest(found: list[FoundRun], run: str, runs_dir: Path, on_warning: Callable[[str], None]) -> Path:
    """The newest run that can be read."""
    if not found:
        raise RunFolderError(f"There is no run in '{name_of(runs_dir)}' yet.", hint=_START)
    readable = [place for place, one in enumerate(found) if one.status != "unreadable"]
    if not readable:
        raise RunFolderError(
            f"No run in '{name_of(runs_dir)}' can be read: {_some([one.id for one in found])}.",
            hint="Name one of them to see what is wrong with it.",
        )
    if newer := [one.id for one in found[readable[-1] + 1 :]]:
        on_warning(f"{on_one_line(run)} passes over {_some(newer)}, which cannot be read.")
    return found[readable[-1]].path


def _may_be_called(one: FoundRun, name: str) -> bool:
    """Whether a run has a name; of one that cannot be read, whether its id says so."""
    return one.record.name == name if one.record else name_in(one.id) == name


def _hint(run: str, found: list[FoundRun]) -> str:
    """The ids that come near what was typed, else what there is."""
    ids = [one.id for one in found]
    near = [one for one in ids if run in one] or nearest(run[:255], ids, most=_SHOWN, cutoff=0.3)
    if near:
        return f"Near it: {_some(near)}."
    good = [one.id for one in found if one.status != "unreadable"]
    if not ids:
        return _START
    return f"There are {len(ids)}" + (f"; '{LATEST}' means {good[-1]}." if good else ".")


_START = "`rnnlab train CONFIG` makes one; --runs-dir DIR or RNNLAB_RUNS looks elsewhere."


def _is_run(path: Path) -> bool:
    try:
        return stat.S_ISREG(os.stat(path / "run.json").st_mode)
    except PermissionError:
        return True  # reading it says what is wrong
    except (OSError, ValueError):
        return False


def _candidates(runs_dir: Path) -> list[Path]:
    """The run folders in a folder, by name."""
    try:
        return sorted(path for path in runs_dir.iterdir() if _is_run(path))
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        why = reason(error, "read") if isinstance(error, OSError) else "its name holds a null byte"
        raise RunFolderError(f"The runs folder '{name_of(runs_dir)}' cannot be read: {why}.") from error


def _age(run: FoundRun) -> tuple[str, str, str]:
    """Second of the id, then the millisecond the run began, then the id."""
    return run.id[:16], run.record.started_at if run.record else "", run.id


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(map(on_one_line, names[:_SHOWN])) + more
