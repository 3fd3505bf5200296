"""The plots of a run, drawn last: whatever goes wrong with one of them costs that plot and nothing else."""

import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rnnlab.errors import PluginError, RunFolderError
from rnnlab.runs import RunStore
from rnnlab.runs.files import reason

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Figures = Mapping[str, Callable[[], "Figure"]]


def draw_plots(run: RunStore, figures: Figures, warn: Callable[[str], None]) -> list[Path]:
    """Draw figures into the run folder, and say of each that cannot be drawn why not.

    Call it when the tables, the metrics and the status of the run are written.

    Parameters
    ----------
    run : RunStore
        One in memory takes no plots.
    figures : mapping of str to callable
        File name in ``plots/`` -> what draws the figure.
    warn : callable
        Is told one sentence for each plot that failed; run.json gets them too.

    Returns
    -------
    list of Path
        The plots that were written.
    """
    written, failed = [], []
    for filename, draw in figures.items() if run.path is not None else ():
        try:
            written.append(run.write(f"plots/{filename}", _render(draw)))
        except Exception as error:
            failed.append(f"plots/{filename} could not be drawn: {_why(error)}.")
            # The disk that took no plot may take no line of the log either.
            with suppress(RunFolderError):
                warn(failed[-1])
    if failed:
        with suppress(RunFolderError):
            run.update(warnings=list(dict.fromkeys([*run.record.warnings, *failed])))
    return written


def _render(draw: Callable[[], "Figure"]) -> bytes:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        from rnnlab.plots.canvas import render

        return render(draw())


def _why(error: BaseException) -> str:
    while error.__cause__ is not None and not isinstance(error, PluginError):
        error = error.__cause__
    if isinstance(error, PluginError):
        return error.message.rstrip(".")
    if isinstance(error, OSError):
        return reason(error)
    if isinstance(error, MemoryError):
        return "there is not enough memory"
    return " ".join(f"{type(error).__name__}: {error}".split()).rstrip(".: ")[:300]
