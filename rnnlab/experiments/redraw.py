"""The plots of a run, drawn again from its record, config and tables; it needs neither data nor checkpoints."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rnnlab.config import load, registry
from rnnlab.errors import RnnlabError, RunFolderError, RunWriteError, UsageError
from rnnlab.experiments.drawing import FORMATS, Figures, draw_into, into, into_plots
from rnnlab.experiments.figures import course_figures
from rnnlab.experiments.gradient_flow import flow_figures
from rnnlab.experiments.inspect import inspection_figures
from rnnlab.experiments.outcome import worth
from rnnlab.experiments.restoring import restore
from rnnlab.experiments.setup import start_training
from rnnlab.experiments.stored import StoredTraining
from rnnlab.experiments.sweep.plots import sweep_figures
from rnnlab.experiments.trained import Trained, config_file, load_run
from rnnlab.files import name_of
from rnnlab.printable import shortened
from rnnlab.runs import RunFolder, RunStore
from rnnlab.runs.schema import SWEEP_RHO
from rnnlab.suggestions import did_you_mean
from rnnlab.tasks.task import Completed, task_figures


@dataclass(frozen=True)
class Drawn:
    """What `rnnlab plot` prints.

    Attributes
    ----------
    run : Path
    files : list of Path
        In the order of the plots.
    warnings : list of str
        Of plots that could not be drawn, and of what those that were drawn lack.
    """

    run: Path
    files: list[Path]
    warnings: list[str]

    def plain(self) -> dict[str, object]:
        """For JSON."""
        return {"run": str(self.run), "files": list(map(str, self.files)), "warnings": self.warnings}


def plot(
    run: Path,
    names: Sequence[str] = (),
    *,
    format: str = "png",
    out: Path | None = None,
    on_warning: Callable[[str], None] | None = None,
) -> Drawn:
    """Draw plots of a run again, from its files alone.

    Parameters
    ----------
    run : Path
        A run folder, of whatever status.
    names : sequence of str
        Such as "training"; all that the run has if left out.
    format : {"png", "pdf", "svg"}
    out : Path, optional
        Where to, made if it is not there; the folder `plots` of the run if left out.
    on_warning : function, optional
        Is told of each plot that cannot be drawn, and of what a plot lacks.

    Raises
    ------
    UsageError
        For a plot that the run does not have, or another format.
    RunFolderError, ConfigError
        If the run cannot be read, or none of the plots can be drawn.
    RunWriteError
        If nothing can be written there.
    """
    if format not in FORMATS:
        raise UsageError(f"the format must be one of {', '.join(FORMATS)}; got {shortened(format)}.")
    warnings: list[str] = []
    refused: list[Exception] = []

    def warn(sentence: str) -> None:
        warnings.append(sentence)
        if on_warning is not None:
            on_warning(sentence)

    def note(sentence: str, error: Exception) -> None:
        refused.append(error)
        warn(sentence)

    store = RunFolder.open(run)
    figures = stored_figures(store, load(config_file(run)), warn, lambda: load_run(run))
    if names:
        figures = {found: figures[found] for found in (named(name, figures) for name in dict.fromkeys(names))}
    if out is None:
        drawn = {f"plots/{name.removesuffix('.png')}.{format}" for name in figures}
        with store.rewriting(drawn.__contains__):
            files = draw_into(into_plots(store), figures, note, format=format)
    else:
        files = draw_into(into(out), figures, note, format=format)
    if not files:
        for error in refused:
            if isinstance(error, RunWriteError):
                raise error
        why = "none of its plots could be drawn" if refused else "it has no plots"
        raise RunFolderError(f"'{name_of(run)}': {why}.")
    return Drawn(run, files, warnings)


def named(name: str, figures: Figures) -> str:
    """The file name of the figure that is meant by a name, with or without its ending.

    Raises
    ------
    UsageError
        Where there is none.
    """
    found = f"{name.removesuffix('.png')}.png"
    if found not in figures:
        there = [one.removesuffix(".png") for one in figures]
        hint = f"The plots of this run are {', '.join(there)}." if there else "This run has none."
        raise UsageError(f"no such plot: {shortened(name)}{did_you_mean(name, there)}", hint=hint)
    return found


def stored_figures(run: RunStore, config, warn: Callable[[str], None], load_trained: Callable[[], Trained]) -> Figures:
    """File name -> what draws the figure, from the files of a run.

    A training that was measured has those of its task; of a task that a package brings they may show more than
    the tables hold, and are measured again with the trained networks.

    Parameters
    ----------
    run : RunStore
    config : Config
    warn : function
        Is told of what the figures lack.
    load_trained : function
        Loads the networks and their data, where nothing else does.
    """
    record = run.record
    if record.verb == SWEEP_RHO:
        return sweep_figures(config, run)
    stored = StoredTraining(config, run, warn)
    figures = dict(course_figures(config, lambda: stored.course))
    if run.has("gradient_flow.csv"):
        data = record.plain()["data"]
        ragged = isinstance(data, dict) and bool(data.get("ragged"))
        figures |= flow_figures(config, lambda: stored.looks, ragged=ragged)
    if record.metrics:
        figures |= task_figures(config, Completed(run.record.plain(), run.read_table))
        if registry.task_entry(config.data).origin:
            figures |= _measured_again(load_trained, warn)
    return {**figures, **inspection_figures(run)}


def _measured_again(load_trained: Callable[[], Trained], warn: Callable[[str], None]) -> Figures:
    """The figures of a task that only its evaluation can draw."""
    try:
        trained = load_trained()
        training = start_training(trained.config, trained.setup)
        if (checkpoint := trained.store.latest_checkpoint()) is not None:
            restore(checkpoint, training, [])
        return worth(trained.task, trained.setup.network, training.result, trained.diverged).figures
    except RnnlabError as error:
        warn(f"The plots of the task may be missing: {error.message}")
        return {}
