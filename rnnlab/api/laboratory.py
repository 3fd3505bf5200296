"""What networks do to gradients: proved, measured, compared."""

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rnnlab.api.arguments import listed, whole_number
from rnnlab.api.configs import as_config
from rnnlab.api.finding import warn
from rnnlab.api.keeping import path_of
from rnnlab.api.run import Run

if TYPE_CHECKING:
    from rnnlab.config import Config
    from rnnlab.experiments.compare import Comparison
    from rnnlab.experiments.gradcheck import Gradcheck
    from rnnlab.experiments.inspect import Inspection
    from rnnlab.experiments.unroll import Unroll


def gradcheck(config: "Config | str | os.PathLike[str]") -> "Gradcheck":
    """Compare the gradients of a config's network with numerical ones.

    Parameters
    ----------
    config : Config, str or path
        From :func:`rnnlab.load`, or what that takes.

    Returns
    -------
    Gradcheck
        ``check.passed``, and of each tensor in ``check.tensors`` the worst relative error.

    Raises
    ------
    ConfigError, DataError
        If the config or its data cannot be used.
    """
    from rnnlab.experiments.gradcheck import gradcheck as run_check

    return run_check(as_config(config))


def unroll(config: "Config | str | os.PathLike[str]", steps: int = 3, hidden: int = 2) -> "Unroll":
    """Take one sequence of a config's data through its network and back, by the formulas and by the engine.

    Parameters
    ----------
    config : Config, str or path
        From :func:`rnnlab.load`, or what that takes.
    steps : int
        Steps to take, from the first; fewer where the sequence ends before.
    hidden : int
        Hidden units of every recurrence, in place of the config's. The initial parameters are those that
        :func:`rnnlab.train` draws for that size and the config's first seed.

    Returns
    -------
    Unroll
        Every number of the formulas, and the engine's gradients beside theirs.

    Raises
    ------
    UsageError
        If `steps` or `hidden` is below 1.
    ConfigError, DataError
        If the config or its data cannot be used.
    DivergedError
        If the loss or a gradient is not finite.
    """
    from rnnlab.experiments.unroll import unroll as run_unroll

    return run_unroll(as_config(config), whole_number(steps, "'steps'"), whole_number(hidden, "'hidden'"))


def inspect(
    run: str | os.PathLike[str] | Run,
    folder: str | os.PathLike[str] | None = None,
    *,
    checkpoint: str | int | None = None,
    on_warning: Callable[[str], None] = warn,
) -> "Inspection":
    """Measure what a trained network does to gradients, before training and after.

    Leaves `inspect.json` and `plots/inspect_*.png` in the run folder, where there is one.

    Parameters
    ----------
    run : Run, str or path
        From :func:`rnnlab.train`; or a path, an id, the beginning of one, a name (its newest run), or "latest".
    folder : str or path, optional
        The runs folder; ``RNNLAB_RUNS``, else ``runs``, if left out.
    checkpoint : str or int, optional
        Number of a checkpoint; the newest if left out.
    on_warning : callable, optional
        As for :func:`find_run`.

    Returns
    -------
    Inspection
        ``looks`` has, by recurrence, a verdict and quantities with their interval over the seeds, before and after.

    Raises
    ------
    RunFolderError, ConfigError, DataError
        If the run cannot be loaded.
    """
    from rnnlab.experiments.inspect import inspect as run_inspection

    if isinstance(run, Run) and checkpoint is None:
        return run_inspection(run.trained)
    if checkpoint is not None and not isinstance(checkpoint, str):
        checkpoint = str(whole_number(checkpoint, "checkpoint"))
    return run_inspection(path_of(run, folder, on_warning), checkpoint=checkpoint)


def compare(
    runs: Sequence[str | os.PathLike[str] | Run],
    folder: str | os.PathLike[str] | None = None,
    *,
    on_warning: Callable[[str], None] = warn,
) -> "Comparison":
    """Runs side by side.

    Parameters
    ----------
    runs : sequence of Run, str or path
        Two or more, each with a run folder, as :func:`inspect` takes them.
    folder : str or path, optional
        The runs folder; ``RNNLAB_RUNS``, else ``runs``, if left out.
    on_warning : callable, optional
        As for :func:`find_run`.

    Returns
    -------
    Comparison
        ``runs``, the keys of the config in which they differ (``differences``), and ``warnings``.

    Raises
    ------
    RunFolderError
        If a run cannot be read.
    UsageError
        For fewer than two runs.
    """
    from rnnlab.experiments.compare import compare as run_comparison

    return run_comparison([path_of(run, folder, on_warning) for run in listed(runs, "runs")])
