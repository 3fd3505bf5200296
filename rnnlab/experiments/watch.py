"""Everything that watches the training of a run: what fills its folder, what warns, what shows progress."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rnnlab.experiments.gradient_flow import FlowTable
from rnnlab.experiments.observers import Observer, check_names
from rnnlab.experiments.observers.checkpoints import Checkpoints
from rnnlab.experiments.observers.divergence import DivergenceLog
from rnnlab.experiments.observers.progress import ProgressReport
from rnnlab.experiments.observers.recorder import Recorder
from rnnlab.experiments.observers.warning_log import WarningLog
from rnnlab.experiments.reports import Progress
from rnnlab.experiments.setup import Setup
from rnnlab.runs import RunStore
from rnnlab.tasks.task import Task, loss_unit

OWN = (Recorder, FlowTable, DivergenceLog, WarningLog, Checkpoints, ProgressReport)


@dataclass(frozen=True)
class Watch:
    """The observers of a run.

    Attributes
    ----------
    recorder : Recorder
    flow : FlowTable
    divergence : DivergenceLog
    warnings : WarningLog
    saved : list of Observer
        Those whose states checkpoints hold, the user's too.
    checkpoints : Checkpoints
    observers : list of Observer
        All of them, in the order in which they are told.
    tell : function of a Progress, or None
        Shows what follows the training.
    """

    recorder: Recorder
    flow: FlowTable
    divergence: DivergenceLog
    warnings: WarningLog
    saved: list[Observer]
    checkpoints: Checkpoints
    observers: list[Observer]
    tell: Callable[[Progress], None] | None = None


def check_further(observers: Sequence[Observer]) -> None:
    """Refuse observers of the user's whose names clash (ValueError)."""
    check_names([*OWN, *observers])


def watch(
    config,
    task: Task,
    setup: Setup,
    run: RunStore,
    on_progress: Callable[[Progress], None] | None = None,
    on_warning: Callable[[str], None] | None = None,
    further: Sequence[Observer] = (),
) -> Watch:
    """The observers of a training of this config in this run, which have seen nothing yet."""
    warnings = WarningLog(run, on_warning)
    recorder = Recorder(run, config.seeds, setup.network.layout.names, validates=setup.stopping is not None)
    flow = FlowTable(config, setup.loss, run)
    divergence = DivergenceLog(run, config.seeds, warnings)
    saved = [recorder, flow, divergence, warnings, *further]
    checkpoints = Checkpoints(run, config.training.checkpoint, recorder, saved)
    shown = []
    if on_progress is not None:
        unit = loss_unit(task)
        shown.append(ProgressReport(on_progress, unit.name, unit.of, recorder))
    return Watch(recorder, flow, divergence, warnings, saved, checkpoints, [*saved, checkpoints, *shown], on_progress)
