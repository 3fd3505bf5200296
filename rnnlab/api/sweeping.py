"""Sweeps over the scale of the recurrent weights."""

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rnnlab.api.arguments import listed
from rnnlab.api.configs import as_config
from rnnlab.api.finding import runs_folder
from rnnlab.api.training import watched
from rnnlab.display.progress import Silence
from rnnlab.experiments.sweep.rho import STARTER, check_rhos
from rnnlab.experiments.sweep.rho import sweep_rho as run_sweep

if TYPE_CHECKING:
    from rnnlab.config import Config
    from rnnlab.experiments.sweep.rho import SweepSummary

__all__ = ["STARTER", "check_rhos", "sweep_rho"]


def sweep_rho(
    rhos: Sequence[float],
    config: "Config | str | os.PathLike[str]" = STARTER,
    folder: str | os.PathLike[str] | None = None,
    *,
    exact: bool = False,
    progress: bool | Silence = True,
    should_stop: Callable[[], bool] | None = None,
    command: Sequence[str] = ("rnnlab.sweep_rho",),
) -> "SweepSummary":
    """Measure what gradients do through time at each scale of the recurrent weights.

    Parameters
    ----------
    rhos : sequence of float
        Standard deviations of W_hh times sqrt(H); the spectral radius itself where `exact`.
    config : Config, str or path, optional
        From :func:`rnnlab.load`, or what that takes; the bundled config "gradients" if left out, whatever files are
        here. Its own scale of W_hh is replaced by each rho.
    folder : str or path, optional
        Runs folder in which the sweep gets a folder of its own; ``RNNLAB_RUNS``, else ``runs``, if left out.
    exact : bool
        Make the spectral radius of each block exactly rho.
    progress, should_stop, command
        As for :func:`rnnlab.train`.

    Returns
    -------
    SweepSummary
        ``run``, the run folder; of each rho in ``rhos`` verdict, medians and intervals; ``sentences``.

    Raises
    ------
    UsageError, ConfigError, DataError
        Before a run folder is made.
    RunFolderError
        If the run folder cannot be written.
    """
    rhos = listed(rhos, "rhos")
    check_rhos(rhos)
    chosen = as_config(config)
    with watched(progress, should_stop) as (screen, asked):
        return run_sweep(
            chosen,
            rhos,
            exact=exact,
            runs_dir=runs_folder(folder),
            command=list(command),
            on_progress=screen.update,
            on_warning=screen.warning,
            should_stop=asked,
        )
