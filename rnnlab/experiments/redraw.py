"""The plots of a run, drawn again from its last checkpoint and its data."""

from datetime import UTC, datetime

from rnnlab.errors import RunFolderError
from rnnlab.experiments.drawing import Figures
from rnnlab.experiments.gradient_flow import FlowTable
from rnnlab.experiments.observers import restore
from rnnlab.experiments.observers.recorder import Recorder
from rnnlab.experiments.outcome import course_figures, worth
from rnnlab.experiments.setup import start_training
from rnnlab.experiments.trained import Trained
from rnnlab.runs.in_memory import RunInMemory


def figures_of(trained: Trained) -> Figures:
    """File name -> what draws the figure: those that stand in `plots/` when the run ends.

    Raises
    ------
    RunFolderError
        If the run has no checkpoint, or one that is not of this training.
    """
    config, setup = trained.config, trained.setup
    checkpoint = trained.store.latest_checkpoint()
    if checkpoint is None:
        raise RunFolderError(f"'{trained.record.name}' has no checkpoint to draw from.")
    training = start_training(config, setup)
    # What the observers write goes nowhere: the tables of the run are there.
    scratch = RunInMemory(trained.record.name, now=datetime.now(UTC), fields={})
    seeds, names = config.seeds, setup.network.layout.names  # type: ignore[attr-defined]
    recorder = Recorder(scratch, seeds, names, validates=setup.stopping is not None)
    flow = FlowTable(config, setup.loss, scratch)
    try:
        training.restore(checkpoint.arrays)
        restore([recorder, flow], checkpoint.arrays)
        recorder.end(training)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        message = f"The checkpoint {checkpoint.path.stem} of '{trained.record.name}' is not of this training: {error}."
        raise RunFolderError(message) from error
    figures = course_figures(config, recorder, training) | flow.figures(training)
    if len(trained.diverged) < len(trained.theta) and trained.record.metrics:
        figures |= worth(trained.task, setup.network, training.result, trained.diverged).figures
    return figures
