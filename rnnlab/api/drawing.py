"""Figures into files of the user's choice."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from rnnlab.errors import UsageError
from rnnlab.files import name_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def check_plot_file(path: Path) -> str:
    """The format that a file's suffix says.

    Raises
    ------
    UsageError
        For another suffix than those of `FORMATS`, and for a folder.
    """
    from rnnlab.experiments.drawing import FORMATS  # help starts without NumPy

    form = path.suffix[1:].lower()
    if form not in FORMATS:
        raise UsageError(f"a plot must be a file that ends in .png, .pdf or .svg; got '{name_of(path)}'.")
    if os.path.isdir(path):
        raise UsageError(f"a plot must be a file; '{name_of(path)}' is a folder.")
    return form


def write_plot(figure: "Figure", path: Path) -> None:
    """Write a figure; a file of that name is replaced in one step.

    Raises
    ------
    UsageError
        See `check_plot_file`.
    RunWriteError
        If it cannot be written.
    """
    form = check_plot_file(path)
    from rnnlab.plots import canvas
    from rnnlab.runs.files import replace

    replace(path, canvas.render(figure, form))
