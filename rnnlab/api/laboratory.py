"""What networks do to gradients: proved, measured, compared."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rnnlab.api.arguments import listed, path_text, text, whole_number
from rnnlab.api.configs import as_config
from rnnlab.api.finding import runs_folder, warn
from rnnlab.api.keeping import path_of
from rnnlab.api.run import Run

if TYPE_CHECKING:
    from rnnlab.config import Config
    from rnnlab.experiments.comparison.compare import Comparison
    from rnnlab.experiments.comparison.why import Explanation
    from rnnlab.experiments.gradcheck import Gradcheck
    from rnnlab.experiments.inspect import Inspection
    from rnnlab.experiments.redraw import Drawn
    from rnnlab.experiments.unroll import Unroll
    from rnnlab.experiments.verify import Verification


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

    Leaves `inspect.json`, `inspect_*.csv` and `plots/inspect_*.png` in the run folder, where there is one.

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


def plot(
    run: str | os.PathLike[str] | Run,
    plots: str | Sequence[str] = (),
    folder: str | os.PathLike[str] | None = None,
    *,
    format: str = "png",
    out: str | os.PathLike[str] | None = None,
    on_warning: Callable[[str], None] = warn,
) -> "Drawn":
    """Draw the plots of a run again, from its files: neither its data nor its checkpoints are needed.

    Parameters
    ----------
    run : Run, str or path
        One with a run folder, as :func:`inspect` takes them; a sweep too, and a run that did not end.
    plots : str or sequence of str
        Names such as "training" (see ``Run.plots``); all if left out.
    folder : str or path, optional
        The runs folder; ``RNNLAB_RUNS``, else ``runs``, if left out.
    format : {"png", "pdf", "svg"}
    out : str or path, optional
        The folder to write to; ``plots`` in the run folder if left out.
    on_warning : callable, optional
        As for :func:`find_run`; is also told of plots that cannot be drawn, and of what plots lack.

    Returns
    -------
    Drawn
        ``files``, and the ``warnings``.

    Raises
    ------
    UsageError
        For a plot that the run does not have, or another format.
    RunFolderError, ConfigError
        If the run cannot be read, or none of the plots can be drawn.
    RunWriteError
        If nothing can be written there.
    """
    from rnnlab.experiments.redraw import plot as run_plot
    from rnnlab.files import user_path

    return run_plot(
        path_of(run, folder, on_warning),
        [plots] if isinstance(plots, str) else [text(one, "a plot") for one in listed(plots, "plots")],
        format=text(format, "format"),
        out=None if out is None else user_path(path_text(out, "out")),
        on_warning=on_warning,
    )


def compare(
    runs: Sequence[str | os.PathLike[str] | Run],
    folder: str | os.PathLike[str] | None = None,
    *,
    against: str | os.PathLike[str] | Run | None = None,
    on_warning: Callable[[str], None] = warn,
) -> "Comparison":
    """Runs side by side.

    Parameters
    ----------
    runs : sequence of Run, str or path
        Two or more, each with a run folder, as :func:`inspect` takes them. A pattern of bundled configs, ``"stock/*"``,
        means the newest completed run of each of them, held against that of the config which they extend.
    folder : str or path, optional
        The runs folder; ``RNNLAB_RUNS``, else ``runs``, if left out.
    against : Run, str or path, optional
        The run that all others are held against; it need not be one of the runs.
    on_warning : callable, optional
        As for :func:`find_run`.

    Returns
    -------
    Comparison
        ``groups``, one per task, with ``runs``, ``differences`` and ``verdicts``; ``sweeps``; ``warnings``; ``plot()``
        draws the runs over each other.

    Raises
    ------
    RunFolderError
        If a run cannot be read.
    UsageError
        For fewer than two runs.
    """
    from rnnlab.experiments.comparison.compare import compare as run_comparison
    from rnnlab.experiments.comparison.variants import find_variants

    found: list[Path] = []
    references = [] if against is None else [path_of(against, folder, on_warning)]
    for run in listed(runs, "runs"):
        variants = find_variants(run, runs_folder(folder), on_warning) if isinstance(run, str) else None
        if variants is None:
            found.append(path_of(run, folder, on_warning))
            continue
        base = [] if variants.reference is None else [variants.reference]
        found += [*base, *variants.runs]
        references += base if against is None else []
    return run_comparison(found, references)


def why(
    a: str | os.PathLike[str] | Run,
    b: str | os.PathLike[str] | Run,
    folder: str | os.PathLike[str] | None = None,
    *,
    on_warning: Callable[[str], None] = warn,
) -> "Explanation":
    """Everything that differs between two runs, the likeliest cause first, and where their numbers first differ.

    Parameters
    ----------
    a, b : Run, str or path
        Each with a run folder, as :func:`inspect` takes them; sweeps too.
    folder : str or path, optional
        The runs folder; ``RNNLAB_RUNS``, else ``runs``, if left out.
    on_warning : callable, optional
        As for :func:`find_run`.

    Returns
    -------
    Explanation
        ``differences``, a DataFrame with the columns group, file, key, a and b; ``partings``, of each table the first
        row that differs; ``metrics`` of both; ``sentences``, what follows; ``warnings``, what could not be read.

    Raises
    ------
    RunFolderError
        If no run, or more than one, is meant.
    """
    from rnnlab.experiments.comparison.why import why as explain

    return explain(path_of(a, folder, on_warning), path_of(b, folder, on_warning))


def verify(
    run: str | os.PathLike[str] | Run,
    folder: str | os.PathLike[str] | None = None,
    *,
    updates: int = 10,
    on_warning: Callable[[str], None] = warn,
) -> "Verification":
    """Check the hashes of a run again, and replay some of its updates.

    Parameters
    ----------
    run : Run, str or path
        With a run folder, as :func:`inspect` takes it.
    folder : str or path, optional
        The runs folder; ``RNNLAB_RUNS``, else ``runs``, if left out.
    updates : int
        To replay at most; the replay ends with the next checkpoint.
    on_warning : callable, optional
        As for :func:`find_run`.

    Returns
    -------
    Verification
        ``passed``, and what was found in ``checks``, ``differences`` and ``mismatch``.

    Raises
    ------
    RunFolderError
        If there is no such run.
    UsageError
        If the run has not ended, or is in memory.
    """
    from rnnlab.experiments.verify import verify as run_verification

    return run_verification(path_of(run, folder, on_warning), whole_number(updates, "'updates'"))
