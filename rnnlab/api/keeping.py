"""Runs labelled, annotated, removed and repaired."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rnnlab.api.arguments import listed, text
from rnnlab.api.finding import find_run, runs_folder, warn
from rnnlab.api.run import Run
from rnnlab.errors import UsageError

if TYPE_CHECKING:
    from rnnlab.experiments.doctor import Diagnosis, Finding
    from rnnlab.experiments.show import Shown
    from rnnlab.runs.notes import Annotations

AnyRun = str | os.PathLike[str] | Run


def show(
    run: AnyRun,
    folder: str | os.PathLike[str] | None = None,
    *,
    on_warning: Callable[[str], None] = warn,
) -> "Shown":
    """What there is to know of a run, damaged ones and sweeps too: config, results, loss, notes, files.

    Parameters
    ----------
    run : Run, str or path
        With a run folder; or a path, an id, the beginning of one, a name (its newest run), or "latest".
    folder : str or path, optional
        The runs folder; ``RNNLAB_RUNS``, else ``runs``, if left out.
    on_warning : callable, optional
        As for :func:`find_run`.

    Returns
    -------
    Shown
        ``config``, ``departures`` (where it differs from the defaults), ``loss``, ``files``, ``problems`` and more.

    Raises
    ------
    RunFolderError
        If no run, or more than one, is meant.
    """
    from rnnlab.experiments.show import show as shown

    return shown(path_of(run, folder, on_warning))


def label(
    run: AnyRun,
    labels: str | Sequence[str],
    folder: str | os.PathLike[str] | None = None,
    *,
    remove: bool = False,
    on_warning: Callable[[str], None] = warn,
) -> "Annotations":
    """Give a run labels, or take them from it; one that is being trained too.

    Parameters
    ----------
    run, folder, on_warning
        As for :func:`show`.
    labels : str or sequence of str
        Each of 1 to 64 printable characters.
    remove : bool
        Take them away.

    Returns
    -------
    Annotations
        ``labels`` has all labels that the run has then.

    Raises
    ------
    UsageError
        For a label that cannot be one, or that is to be removed and not there.
    RunFolderError
        If no run, or more than one, is meant, or its notes.json cannot be read or written.
    """
    from rnnlab.runs.notes import add_labels, remove_labels

    words = [text(one, "a label") for one in ([labels] if isinstance(labels, str) else listed(labels, "labels"))]
    return (remove_labels if remove else add_labels)(path_of(run, folder, on_warning), words)


def note(
    run: AnyRun,
    words: str | None = None,
    folder: str | os.PathLike[str] | None = None,
    *,
    on_warning: Callable[[str], None] = warn,
) -> "Annotations":
    """Write a note to a run, one that is being trained too.

    Parameters
    ----------
    run, folder, on_warning
        As for :func:`show`.
    words : str, optional
        The note; none is written if left out.

    Returns
    -------
    Annotations
        ``notes`` has all notes of the run, the oldest first, each with ``at`` (UTC) and ``text``.

    Raises
    ------
    UsageError
        For a note that is empty.
    RunFolderError
        If no run, or more than one, is meant, or its notes.json cannot be read or written.
    """
    from rnnlab.runs.notes import add_note, read_notes

    path = path_of(run, folder, on_warning)
    return read_notes(path) if words is None else add_note(path, text(words, "a note"))


def remove(
    runs: AnyRun | Sequence[AnyRun],
    folder: str | os.PathLike[str] | None = None,
    *,
    purge: bool = False,
    on_warning: Callable[[str], None] = warn,
) -> list[tuple[Path, Path | None]]:
    """Move run folders to the trash, the folder ``.trash`` of their runs folder, or delete them.

    Parameters
    ----------
    runs : Run, str or path, or a sequence of them
        As for :func:`show`. All of them are moved, or none where one of them cannot be.
    folder, on_warning
        As for :func:`show`.
    purge : bool
        Delete them for good.

    Returns
    -------
    list of (Path, Path or None)
        Each folder, and where it is now; None where it is deleted.

    Raises
    ------
    RunBusyError
        If another process holds or trains one of them.
    RunFolderError
        If no run, or more than one, is meant, or a folder cannot be moved.
    """
    from rnnlab.runs.trash import remove as removed

    several = [runs] if isinstance(runs, str | os.PathLike | Run) else listed(runs, "runs")
    return removed([path_of(one, folder, on_warning) for one in several], purge=purge)


def restore(run: str, folder: str | os.PathLike[str] | None = None) -> Path:
    """Bring a run back from the trash.

    Parameters
    ----------
    run : str
        Its id, the unique beginning of one, or its name (of several runs of that name, the newest).
    folder : str or path, optional
        The runs folder; ``RNNLAB_RUNS``, else ``runs``, if left out.

    Returns
    -------
    Path
        Its folder.

    Raises
    ------
    RunFolderError
        If no run of the trash, or more than one, is meant, or its place is taken.
    """
    from rnnlab.runs.trash import restore as restored

    return restored(text(run, "a run"), runs_folder(folder))


def doctor(folder: str | os.PathLike[str] | None = None) -> "Diagnosis":
    """Look for damage in all runs of a folder. Nothing is changed; :func:`repair` does that.

    Parameters
    ----------
    folder : str or path, optional
        The runs folder; ``RNNLAB_RUNS``, else ``runs``, if left out.

    Returns
    -------
    Diagnosis
        ``findings``, each with its run, what is wrong and how it can be repaired.

    Raises
    ------
    RunFolderError
        If the folder exists and cannot be read.
    """
    from rnnlab.experiments.doctor import examine

    return examine(runs_folder(folder))


def repair(diagnosis: "Diagnosis") -> "list[tuple[Finding, str | None]]":
    """Repair what a diagnosis found, but for runs that another process holds.

    Parameters
    ----------
    diagnosis : Diagnosis
        From :func:`doctor`.

    Returns
    -------
    list of (Finding, str or None)
        Each finding, with what stands in the way of its repair; None where it is repaired.

    Raises
    ------
    OSError
        If a file cannot be read or written for a reason that has no sentence of its own.
    """
    from rnnlab.experiments.doctor import repair as repaired

    return repaired(diagnosis)


def path_of(run: AnyRun, folder: str | os.PathLike[str] | None, on_warning: Callable[[str], None]) -> Path:
    """The folder of a run, however it is named."""
    if not isinstance(run, Run):
        return find_run(run, folder, on_warning=on_warning)
    if run.path is None:
        raise UsageError(
            f"'{run.name}' is in memory; a run folder is needed.", hint='rnnlab.train(config, "runs") makes one.'
        )
    return run.path
