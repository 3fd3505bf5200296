"""The runs in a runs folder."""

import os
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rnnlab.api.arguments import path_text, text, whole_number
from rnnlab.api.run import Run
from rnnlab.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

    from rnnlab.experiments.registry.listing import Listing


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


def choose_kernel_of(run: str | os.PathLike[str], folder: str | os.PathLike[str] | None = None) -> None:
    """Let NumPy, where it is not loaded yet, load with the BLAS kernel of a run that was computed on this processor."""
    from rnnlab.errors import RnnlabError
    from rnnlab.runs.environment import choose_kernel
    from rnnlab.runs.record import load_record

    with suppress(RnnlabError):  # whoever uses the run says what is wrong with it
        choose_kernel(load_record(find_run(run, folder, on_warning=lambda _sentence: None)))


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


def find_runs(
    where: str | None = None,
    folder: str | os.PathLike[str] | None = None,
    *,
    status: str | None = None,
    label: str | None = None,
    sort: str | None = None,
    reverse: bool = False,
    limit: int | None = None,
) -> "Listing":
    """The runs in a folder for which a condition holds, the newest first; without pandas.

    Parameters
    ----------
    where : str, optional
        A condition: ``"metrics.rmse<20 and model.cell=lstm"``.
    folder : str or path, optional
        The runs folder; ``RNNLAB_RUNS``, else ``runs``, if left out.
    status, label : str, optional
        What the runs must have.
    sort : str, optional
        A key; with a ``-`` before it the largest come first. Runs without a value come last.
    reverse : bool
        The other order.
    limit : int, optional
        At most so many.

    Returns
    -------
    Listing
        ``values("metrics.rmse")`` has the values of a key, in the order of the runs; ``plain()`` a mapping per run.

    Raises
    ------
    UsageError
        For a condition that cannot be read, and a key that there is not.
    RunFolderError
        If the folder exists and cannot be read.
    """
    from rnnlab.experiments.registry.listing import list_runs as found_in

    texts = {"where": where, "status": status, "label": label, "sort": sort}
    given = {name: None if one is None else text(one, name) for name, one in texts.items()}
    if limit is not None and (limit := whole_number(limit, "limit")) < 0:
        raise UsageError(f"limit must be at least 0; got {limit}.")
    return found_in(runs_folder(folder), **given, reverse=bool(reverse), limit=limit)


def list_runs(
    folder: str | os.PathLike[str] | None = None,
    where: str | None = None,
    *,
    status: str | None = None,
    label: str | None = None,
) -> "pd.DataFrame":
    """The runs in a folder, the oldest first.

    Parameters
    ----------
    folder : str or path, optional
        The runs folder; ``RNNLAB_RUNS``, else ``runs``, if left out.
    where, status, label : str, optional
        As for :func:`find_runs`.

    Returns
    -------
    DataFrame
        By id: name, status, verb, task, started (UTC), seeds (their number), headline, labels, path; then a column per
        metric, the median over the seeds. Of a run that cannot be read, status ``unreadable`` and the name in its id.

    Raises
    ------
    UsageError
        For a condition that cannot be read, and a key that there is not.
    RunFolderError
        If the folder exists and cannot be read.
    """
    import pandas as pd

    found = find_runs(where, folder, status=status, label=label, reverse=True)
    names = ("id", "name", "status", "verb", "task", "started_at", "seeds", "headline", "label")
    frame = pd.DataFrame({name: pd.Series(found.values(name), dtype=object) for name in names})
    frame = frame.rename(columns={"started_at": "started", "label": "labels"}).set_index("id")
    frame["started"] = pd.to_datetime(frame["started"], utc=True, errors="coerce")
    frame["seeds"] = frame["seeds"].astype("Int64")
    frame["labels"] = [one or [] for one in frame["labels"]]
    frame["path"] = [str(found.runs_dir / one) for one in frame.index]
    metrics = {name: found.values(f"metrics.{name}") for name in found.metrics}
    shown = {name: values for name, values in metrics.items() if any(one is not None for one in values)}
    return frame.join(pd.DataFrame(shown, frame.index, dtype=float))
