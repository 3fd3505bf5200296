"""What an experiment tells its caller: progress while it runs, a summary when it is done. Plain records, no screens."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnlab.seeds import Spread, spread

if TYPE_CHECKING:
    from rnnlab.experiments.trained import Trained


@dataclass(frozen=True)
class Progress:
    """One look at a running training.

    Attributes
    ----------
    update, updates : int
        Parameter updates done, and in all.
    epoch, epochs : int
        Epochs begun, and in all; one in all where training ends within one, so that updates measure it.
    loss : float
        Training loss now in the unit of the task, median over the models still running.
    gradient_norm : float
        Global gradient norm before clipping, median over the models still running.
    clipped_share : float
        Share of all updates so far in which clipping fired, in [0, 1].
    elapsed : float
        Seconds of training, those of earlier sessions of a resumed run too; NaN where no time is to be shown.
    loss_name : str
        What to call the loss: "bits per character", or "loss" where it has no unit.
    words : str
        What to say in place of these figures, where there is more to count than updates.
    """

    update: int
    updates: int
    epoch: int
    epochs: int
    loss: float
    gradient_norm: float
    clipped_share: float
    elapsed: float
    words: str = ""
    loss_name: str = "loss"


@dataclass(frozen=True)
class Measured:
    """A number measured for each seed; None for a seed that has none.

    ``sd`` is the sample standard deviation, None for a single seed.
    """

    mean: float
    sd: float | None
    per_seed: Sequence[float | None]

    @property
    def spread(self) -> Spread:
        """Median and interval of the seeds that have a number."""
        return spread(self.per_seed)


@dataclass(frozen=True)
class TrainSummary:
    """What `rnnlab train` prints when it is done.

    Attributes
    ----------
    run : Path or None
        The run folder; None for a run in memory.
    name, kind : str
        Name of the experiment and kind of its data.
    seeds : sequence of int
    metrics : mapping of str to Measured
        Held-out metrics, e.g. ``rmse`` in the series' unit.
    units : mapping of str to str
        Unit of a metric where it has one, e.g. ``{"rmse": "USD"}``.
    baselines : mapping of str to mapping of str to float
        Baseline -> metric -> value, on the same rows.
    headline : str
        The one sentence that says what came out (beats persistence or not).
    notes : sequence of str
        Further honest sentences: how often clipping fired, what was trained on.
    warnings : sequence of str
        What the reader must know: inputs out of the training range, seeds that diverged.
    record : mapping
        The content of run.json, for ``--json``.
    trained : Trained
        The networks themselves, with their data.
    combined : mapping, optional
        Where all seeds give one answer: ``combined`` of run.json, its ``rule``, ``seeds`` and ``metrics``.
    """

    run: Path | None
    name: str
    kind: str
    seeds: Sequence[int]
    metrics: Mapping[str, Measured]
    units: Mapping[str, str]
    baselines: Mapping[str, Mapping[str, float]]
    headline: str
    notes: Sequence[str] = ()
    warnings: Sequence[str] = ()
    record: Mapping[str, object] = field(default_factory=dict)
    trained: "Trained | None" = None
    combined: Mapping[str, Any] | None = None

    @property
    def task(self) -> str:
        """The task by its name; the kind of the data where the record does not say it."""
        data = self.record.get("data")
        return str((data.get("task") if isinstance(data, Mapping) else None) or self.kind)

    @property
    def season(self) -> int | None:
        """Rows in the season of the seasonal baseline, where there is one."""
        return recorded_season(self.record)


def recorded_season(record: Mapping[str, object]) -> int | None:
    """Rows in the season of a run's seasonal baseline, by its run.json; None where it has none."""
    tests = record.get("tests")
    seasonal = tests.get("seasonal_naive") if isinstance(tests, Mapping) else None
    return seasonal.get("season") if isinstance(seasonal, Mapping) else None
