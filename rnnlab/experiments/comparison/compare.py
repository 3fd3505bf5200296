"""`rnnlab compare`: runs side by side, a table for each task and one for the sweeps."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from threadpoolctl import threadpool_limits

from rnnlab.config import registry
from rnnlab.errors import UsageError
from rnnlab.experiments.comparison.differences import Difference, differences
from rnnlab.experiments.comparison.sweeps import ComparedSweep, read_sweep
from rnnlab.experiments.comparison.trainings import Compared, read_training, task_of
from rnnlab.experiments.comparison.verdicts import Verdicts, judge_runs, measured_on
from rnnlab.printable import on_one_line, shortened
from rnnlab.runs.record import load_record
from rnnlab.runs.schema import SWEEP_RHO, RunRecord
from rnnlab.words import listed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RECORDED = ("data", "code", "environment")  # what run.json says of where a run comes from
NOT_COMPARED = ("name",)
# What sets the scale of a training loss: the values, how many steps it is summed over, its own form.
_SCALED_BY = ("data.scaler", "data.target", "data.chunk", "data.length", "data.level", "model.readout", "training.loss")
_SCALES = tuple(f"{key}." for key in _SCALED_BY)
R = TypeVar("R", Compared, ComparedSweep)


@dataclass(frozen=True)
class Group(Generic[R]):
    """Runs of one task, or the sweeps: what is in one table.

    Attributes
    ----------
    task : str
        The task's name; ``sweep-rho`` for sweeps.
    runs : list of Compared or of ComparedSweep
        In the order in which they were named.
    differences : list of Difference
        Keys of the config in which they differ; sections of different kinds by their kind and the keys that they share.
    recorded : list of Difference
        In which entries of `data`, `code` and `environment` of run.json they differ.
    verdicts : Verdicts
        None for sweeps.
    reference : Compared, optional
        The one of the runs that the others are held against.
    """

    task: str
    runs: list[R]
    differences: list[Difference]
    recorded: list[Difference]
    verdicts: Verdicts = field(default_factory=Verdicts)
    reference: Compared | None = None

    @property
    def loss_scales(self) -> list[str]:
        """Keys that differ and because of which the training losses are not on one scale."""
        return [one.key for one in self.differences if self.task != SWEEP_RHO and f"{one.key}.".startswith(_SCALES)]

    def name(self, key: str) -> str:
        """How a metric or a baseline of this task is written."""
        return metric_name(self.task)(key)

    def plain(self) -> dict[str, object]:
        """For JSON."""
        return {
            "task": self.task,
            "runs": [str(one.run) for one in self.runs],
            "differences": [one.plain() for one in self.differences],
            "recorded_differences": [one.plain() for one in self.recorded],
            "verdicts": [contest.plain() for contest in self.verdicts.contests],
            "no_verdict": self.verdicts.reasons,
            "reference": self.reference and str(self.reference.run),
        }


@dataclass(frozen=True)
class Comparison:
    """What `rnnlab compare` prints.

    Attributes
    ----------
    groups : list of Group
        Of trainings: a group per task, in the order in which the runs were named.
    sweeps : Group or None
    warnings : list of str
    """

    groups: list[Group[Compared]]
    sweeps: Group[ComparedSweep] | None
    warnings: list[str]

    @property
    def runs(self) -> list[Compared]:
        """All trainings, by task."""
        return [one for group in self.groups for one in group.runs]

    @property
    def swept(self) -> list[ComparedSweep]:
        """All sweeps."""
        return self.sweeps.runs if self.sweeps else []

    @property
    def differences(self) -> list[str]:
        """Keys of the config in which runs of one task, or the sweeps, differ."""
        return list(dict.fromkeys(one.key for group in self._tables for one in group.differences))

    @property
    def _tables(self) -> "list[Group[Compared] | Group[ComparedSweep]]":
        return [*self.groups, *([self.sweeps] if self.sweeps else [])]

    def plain(self) -> dict[str, object]:
        """For JSON."""
        return {
            "runs": [one.plain() for one in self.runs],
            "sweeps": [one.plain() for one in self.swept],
            "groups": [group.plain() for group in self._tables],
            "differences": self.differences,
            "warnings": self.warnings,
        }

    def plot(self) -> "Figure":
        """Training losses over the updates, a panel per task, and growth rates over rho, with bands over the seeds.

        Of runs of one task that are held against one of them: their metric, beside that one's and the best baseline's.
        """
        from rnnlab.experiments.comparison.overlay import draw

        return draw(self)


def compare(runs: Sequence[Path], references: Sequence[Path] = ()) -> Comparison:
    """Read runs and measure their networks.

    Parameters
    ----------
    runs : sequence of Path
    references : sequence of Path
        Runs that all others of their task are held against. They come first, where they are not among the runs.

    Raises
    ------
    UsageError
        For fewer than two different runs.
    RunFolderError
        If the run.json of one of them cannot be read.
    """
    different: dict[str, Path] = {}
    named = set(map(os.path.realpath, runs))
    for run in (*(one for one in references if os.path.realpath(one) not in named), *runs):
        different.setdefault(os.path.realpath(run), run)
    held_against = set(map(os.path.realpath, references))
    runs = list(different.values())
    if len(runs) < 2:
        raise UsageError(f"a comparison needs at least two different runs; got {len(runs)}.")
    records = [load_record(run) for run in runs]
    warnings: list[str] = []
    tasks: dict[str, list[Compared]] = {}
    swept: list[ComparedSweep] = []
    with threadpool_limits(limits=1, user_api="blas"):
        for run, record, label in zip(runs, records, labels(runs, records), strict=True):
            if record.verb == SWEEP_RHO:
                swept.append(read_sweep(run, record, label, warnings))
            else:
                tasks.setdefault(task_of(record), []).append(read_training(run, record, label, warnings))
    groups = [
        _of_task(task, found, [one for one in found if os.path.realpath(one.run) in held_against])
        for task, found in tasks.items()
    ]
    sweeps = Group(SWEEP_RHO, swept, *_differences(swept)) if swept else None
    found = Comparison(groups, sweeps, warnings)
    warnings[:0] = [
        *_unfinished(found),
        *_unmeasured(found),
        *_alone(found),
        *(one for group in groups for one in _unlike(group.runs)),
    ]
    return found


def labels(runs: Sequence[Path], records: Sequence[RunRecord]) -> list[str]:
    """Names of the runs; with the end of the id where two have one name, as paths where that is not enough."""
    names = [shortened(record.name) for record in records]
    longer = [f"{name} {on_one_line(run.name[-4:])}" for name, run in zip(names, runs, strict=True)]
    chosen = [name if names.count(name) == 1 else long for name, long in zip(names, longer, strict=True)]
    return [label if chosen.count(label) == 1 else shortened(str(run)) for label, run in zip(chosen, runs, strict=True)]


def metric_name(task: str) -> Callable[[str], str]:
    """How the metrics of a task are written in a sentence."""
    names = registry.section_of(task).metric_names
    return lambda key: names.get(key) or shortened(key.replace("_", " "))


def _of_task(task: str, runs: list[Compared], references: list[Compared]) -> Group[Compared]:
    reference = references[0] if len(references) == 1 and len(runs) > 1 else None
    return Group(task, runs, *_differences(runs), judge_runs(runs, metric_name(task), reference), reference)


def _differences(runs: Sequence[Compared] | Sequence[ComparedSweep]) -> tuple[list[Difference], list[Difference]]:
    """Of their configs, where all can be read, and of what run.json records."""
    configs = [
        {key: value for key, value in one.config.items() if key not in NOT_COMPARED}
        for one in runs
        if one.config is not None
    ]
    known = configs if len(configs) == len(runs) else []
    contents = [one.record.plain() for one in runs]
    recorded = [{part: content.get(part) for part in RECORDED} for content in contents]
    return [one for one in differences(known) if one.is_choice] if known else [], differences(recorded)


def _unfinished(found: Comparison) -> list[str]:
    """What runs have not come to their end."""
    said = {
        "running": "is still running: its numbers are provisional",
        "diverged": "diverged in every seed",
    }
    return [
        f"{one.label} {said.get(one.status, f'is {one.status}: its training did not finish')}."
        for one in (*found.runs, *found.swept)
        if one.status != "completed"
    ]


def _unmeasured(found: Comparison) -> list[str]:
    """Which trainings have no growth rates because their networks are not those that they would come to."""
    left = [one.label for one in found.runs if one.status not in ("completed", "diverged")]
    if not left:
        return []
    return [f"Growth rates are measured for completed runs only; {listed(left)} {'has' if len(left) == 1 else 'have'} "
            "none."]  # fmt: skip


def _alone(found: Comparison) -> list[str]:
    """Say so where no two runs are of one kind."""
    sizes = [len(found.swept), *(len(group.runs) for group in found.groups)]
    return ["No two of these runs have the same task: there is no verdict."] if max(sizes) == 1 else []


def _unlike(runs: Sequence[Compared]) -> list[str]:
    """What the metrics of one table do not have in common."""
    measured = [one for one in runs if one.metrics]
    if len({one.record.data and one.record.data.sha256 for one in runs}) > 1:
        return [f"{listed([one.label for one in runs])} were trained on different data: "
                "their metrics cannot be compared."]  # fmt: skip
    if len({measured_on(one, next(iter(one.metrics))) for one in measured}) > 1:
        return [f"{listed([one.label for one in measured])} were measured on different rows of the same data, or "
                "against other baselines: their metrics cannot be compared."]  # fmt: skip
    return []
