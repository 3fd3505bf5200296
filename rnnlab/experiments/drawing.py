"""The plots of a run, drawn last: whatever goes wrong with one of them costs that plot and nothing else."""

import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rnnlab.errors import RnnlabError, RunFolderError, RunWriteError
from rnnlab.files import make_folders
from rnnlab.runs import RunStore
from rnnlab.runs.files import reason, replace, writing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Figures = Mapping[str, Callable[[], "Figure"]]
Write = Callable[[str, bytes], Path]
FORMATS = ("png", "pdf", "svg")


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
    failed: list[str] = []

    def note(sentence: str, _error: Exception) -> None:
        failed.append(sentence)
        # The disk that took no plot may take no line of the log either.
        with suppress(RunFolderError):
            warn(sentence)

    written = [] if run.path is None else draw_into(into_plots(run), figures, note, shown_in="plots/")
    if failed:
        with suppress(RunFolderError):
            run.update(warnings=list(dict.fromkeys([*run.record.warnings, *failed])))
    return written


def into_plots(run: RunStore) -> Write:
    """Writes into the folder `plots` of a run."""
    return lambda name, content: run.write(f"plots/{name}", content)


def into(folder: Path) -> Write:
    """Writes into a folder, which is made with the first file."""

    def write(name: str, content: bytes) -> Path:
        with writing(folder / name):
            make_folders(folder)
        replace(folder / name, content)
        return folder / name

    return write


def draw_into(
    write: Write,
    figures: Figures,
    note: Callable[[str, Exception], None],
    *,
    format: str = "png",
    shown_in: str = "",
) -> list[Path]:
    """Draw figures into files, each written in one step.

    Parameters
    ----------
    write : callable
        Takes a name and a content, and gives the path of the file.
    figures : mapping of str to callable
        File name, with the ending ``.png``, -> what draws the figure.
    note : callable
        Is told one sentence for each plot that failed, and the error.
    format : {"png", "pdf", "svg"}
        The file's ending too.
    shown_in : str
        What stands before the name of a plot in that sentence.

    Returns
    -------
    list of Path
        The plots that were written.
    """
    written = []
    for filename, draw in figures.items():
        name = f"{filename.removesuffix('.png')}.{format}"
        try:
            written.append(write(name, _render(draw, format)))
        except Exception as error:
            note(f"{shown_in}{name} could not be drawn: {_why(error)}.", error)
    return written


def _render(draw: Callable[[], "Figure"], format: str) -> bytes:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        from rnnlab.plots.canvas import render

        return render(draw(), format)


def _why(error: BaseException) -> str:
    # A table that cannot be read is named; of a plot that cannot be written the reason is enough.
    while error.__cause__ is not None and (isinstance(error, RunWriteError) or not isinstance(error, RnnlabError)):
        error = error.__cause__
    if isinstance(error, RnnlabError):
        return error.message.rstrip(".")
    if isinstance(error, OSError):
        return reason(error)
    if isinstance(error, MemoryError):
        return "there is not enough memory"
    return " ".join(f"{type(error).__name__}: {error}".split()).rstrip(".: ")[:300]
