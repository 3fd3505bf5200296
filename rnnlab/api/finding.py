"""The runs in a runs folder."""

import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rnnlab.api.arguments import path_text
from rnnlab.api.run import Run

if TYPE_CHECKING:
    import pandas as pd


def warn(sentence: str) -> None:
    """Tell whoever called from Python."""
    warnings.warn(sentence, stacklevel=2)


def runs_folder(folder: str | os.PathLike[str] | None = None) -> Path:
    """The runs folder that is meant: the one given, else the variable ``RNNLAB_RUNS``, else ``runs``."""
    from rnnlab.files import user_path

    if folder is None:
        return user_path(os.environ.get("RNNLAB_RUNS") or "runs")
    return user_path(path_text(folder, "folder"))


def find_run(
    run: str | os.PathLike[str],
    folder: str | os.PathLike[str] | None = None,
    *,
    on_warning: Callable[[str], None] = warn,
) -> Path:
    """The folder of the run that is meant.

    Parameters
    ----------
    run : str or path
        A path, an id, the beginning of one, a name (its newest run), or "latest".
    folder : str or path, optional
        The runs folder; ``RNNLAB_RUNS``, else ``runs``, if left out.
    on_warning : callable, optional
        Is told which newer runs a name or "latest" passes over because they cannot be read; a UserWarning if left out.

    Returns
    -------
    Path

    Raises
    ------
    RunFolderError
        If no run, or more than one, is meant.
    """
    from rnnlab.runs.find import resolve

    return resolve(path_text(run, "a run"), runs_folder(folder), on_warning)


def open(
    run: str | os.PathLike[str],
    folder: str | os.PathLike[str] | None = None,
    *,
    on_warning: Callable[[str], None] = warn,
) -> Run:
    """Open a run: ``rnnlab.open("latest")``.

    Parameters
    ----------
    run : str or path
        A path, an id, the beginning of one, a name (its newest run), or "latest".
    folder : str or path, optional
        The runs folder; ``RNNLAB_RUNS``, else ``runs``, if left out.
    on_warning : callable, optional
        As for :func:`find_run`.

    Raises
    ------
    RunFolderError
        If no run, or more than one, is meant, or it cannot be read.
    """
    from rnnlab.runs import RunFolder

    return Run(RunFolder.open(find_run(run, folder, on_warning=on_warning)))


def list_runs(folder: str | os.PathLike[str] | None = None) -> "pd.DataFrame":
    """The runs in a folder, the oldest first.

    Parameters
    ----------
    folder : str or path, optional
        The runs folder; ``RNNLAB_RUNS``, else ``runs``, if left out.

    Returns
    -------
    DataFrame
        By id: name, status, verb, task, started (UTC), seeds (their number), headline, path; then a column per metric,
        the median over the seeds. A run that cannot be read has a status of ``unreadable`` and nothing else.

    Raises
    ------
    RunFolderError
        If the folder exists and cannot be read.
    """
    import pandas as pd

    from rnnlab.runs.find import FoundRun
    from rnnlab.runs.find import list_runs as found_in
    from rnnlab.seeds import spread

    def row(one: FoundRun) -> dict[str, object]:
        record = one.record
        if record is None:
            return {"id": one.id, "status": one.status, "path": str(one.path)}
        said: dict[str, object] = {
            "id": one.id,
            "name": record.name,
            "status": one.status,
            "verb": record.verb,
            "task": record.data and record.data.task,
            "started": record.started_at,
            "seeds": len(record.seeds),
            "headline": record.headline,
            "path": str(one.path),
        }
        return said | {name: spread(metric.per_seed).median for name, metric in record.metrics.items()}

    columns = ["id", "name", "status", "verb", "task", "started", "seeds", "headline", "path"]
    rows = [row(one) for one in found_in(runs_folder(folder))]
    metrics = [name for one in rows for name in one if name not in columns]
    frame = pd.DataFrame(rows, columns=[*columns, *dict.fromkeys(metrics)]).set_index("id")
    frame["started"] = pd.to_datetime(frame["started"], utc=True, errors="coerce")
    frame["seeds"] = frame["seeds"].astype("Int64")
    return frame
