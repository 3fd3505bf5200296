"""A task: sequences to train on, and how a trained network is measured. One file for each task."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from rnnlab.config import registry
from rnnlab.config.schema.task import StoredTask
from rnnlab.engine.batch import Batch
from rnnlab.engine.network import Network
from rnnlab.tasks import answers

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Combination:
    """What the one answer of R models is worth, where there is one: of values, their median.

    Attributes
    ----------
    rule : str
        How the answer is made of theirs, e.g. "median".
    models : sequence of int
        Places of those that it is made of; the others have no finite answer.
    metrics : mapping of str to float
        Those of `Evaluation.metrics`; NaN where it is made of none.
    """

    rule: str
    models: Sequence[int]
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Evaluation:
    """What R trained models are worth on held-out data.

    Attributes
    ----------
    metrics : mapping of str to (R,)
        NaN for a model that diverged before it could say anything.
    units : mapping of str to str
        Of the metrics that have one.
    baselines : mapping of str to mapping of str to float
        Baseline -> metric -> value, on the same rows.
    headline : str
        The one sentence that says what came out.
    warnings : sequence of str
    tables : mapping of str to mapping of str to array
        File name -> columns, (N,) or one row (N,) for each model, for the run folder: with a column `seed` where
        some column has a row for each model.
    figures : mapping of str to callable
        File name -> what draws the figure, where it shows more than the tables hold (see `Task.figures`).
    tests : mapping
        What the headline rests on: name -> statistics and p-values, as JSON can hold them.
    combined : Combination, optional
        Where the headline judges one answer of all models.
    notes : sequence of str
        Further sentences, which stand below the tables.
    """

    metrics: Mapping[str, np.ndarray]
    units: Mapping[str, str]
    baselines: Mapping[str, Mapping[str, float]]
    headline: str
    warnings: Sequence[str] = ()
    tables: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    figures: Mapping[str, "Callable[[], Figure]"] = field(default_factory=dict)
    tests: Mapping[str, object] = field(default_factory=dict)
    combined: Combination | None = None
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class LossUnit:
    """A name for the loss of whole sequences, and what turns that loss into it."""

    name: str
    of: Callable[[float], float]


@dataclass(frozen=True)
class Completed:
    """What a completed run left.

    Attributes
    ----------
    record : mapping
        The content of run.json.
    read_table : function
        File name -> columns, such as one of `Evaluation.tables`; raises what is fit to be told where it cannot.
    """

    record: Mapping[str, Any]
    read_table: Callable[[str], Mapping[str, np.ndarray]]


class Task(ABC):
    """What a config's `data` section stands for. A subclass reads or draws its data when it is made, `Task(config)`.

    What the rest of a config must know of it before that stands in the section itself: readouts, kind of targets,
    key of the length (`rnnlab.config.schema.task.TaskSection`).

    Attributes
    ----------
    config : Config
    sequences : Batch
        All training sequences, without a model axis; some of them where `draw` gives fresh ones.
    input_size, output_size : int
    record : mapping
        The `data` entry of run.json: source, sha256, rows, first, last.
    description : str
        One sentence: what is trained on.
    warnings : sequence of str
        What can be said before training.
    held_out : int or None
        Sequences that the networks are measured on and not trained on; None where the task does not say.
    class_unit : (str, float)
        What a cross-entropy is told in, and how many nats that is.
    scaled : bool
        Whether targets are scaled, so that their errors have no unit.
    learned : mapping
        What is learned of the data besides parameters and needed in use, as JSON can hold it: `task.json` of a run.
    names : sequence of str or None
        What tokens and classes stand for, by their number; None where they are numbers and nothing else.
    further_trainings : int
        How many `folds` there are.
    """

    class_unit: ClassVar[tuple[str, float]] = ("nats", 1.0)
    scaled: ClassVar[bool] = False

    sequences: Batch
    input_size: int
    output_size: int
    record: Mapping[str, object]
    description: str
    warnings: Sequence[str] = ()
    names: Sequence[str] | None = None
    held_out: int | None = None
    learned: Mapping[str, object] = MappingProxyType({})
    further_trainings: int = 0

    def __init__(self, config: Any) -> None:
        self.config = config

    @property
    def endless(self) -> bool:
        """Whether every update trains on fresh sequences."""
        return self.config.data.endless

    @property
    def every(self) -> bool:
        """Whether there is an output after every step."""
        return self.config.model.readout == "every"

    @property
    def steps(self) -> int:
        """Steps of the longest sequence that there can be."""
        ends = self.config.data.ends
        return self.sequences.steps if ends is None else ends[1]

    @property
    def dtype(self) -> np.dtype:
        """Of all numbers in the network."""
        return np.dtype(self.config.model.dtype)

    @abstractmethod
    def evaluate(self, network: Network, theta: np.ndarray) -> Evaluation:
        """Measure R trained models, theta (R, P), on held-out data; a model that diverged is NaN."""

    def folds(self) -> "Iterable[Task]":
        """Further trainings that the evaluation needs, in their order: each a task of its own data."""
        return ()

    def refit(self) -> "Task":
        """The task of all its data, what was held out too, to train on once the networks were measured."""
        raise NotImplementedError(f"{type(self).__name__} trains on all it has.")

    def evaluate_folds(self, network: Network, thetas: Sequence[np.ndarray]) -> Evaluation:
        """Measure the models of the run, theta (R, P), and after them those of its `folds`."""
        if len(thetas) == 1:
            return self.evaluate(network, thetas[0])
        raise NotImplementedError(f"{type(self).__name__} has no folds.")

    @classmethod
    def figures(cls, config: Any, run: "Completed") -> Mapping[str, "Callable[[], Figure]"]:  # noqa: ARG003
        """File name -> what draws the figure, from what a completed run left in its folder, without its data."""
        return {}

    def draw(self, rng: np.random.Generator, sequences: int) -> Batch:
        """Fresh training sequences, without a model axis; asked for only where the task is endless."""
        raise NotImplementedError(f"{type(self).__name__} has no fresh sequences.")

    def loss_unit(self) -> LossUnit:
        """How the training loss reads to those who watch it.

        The loss of a sequence is the sum over its outputs. It stays as it is where a penalty is part of it, where the
        sequences differ in length or their outputs in weight, and where targets are scaled or the loss is a mixture.
        """
        training, kind = self.config.training, self.config.training.loss.kind
        plain = LossUnit("loss", lambda loss: loss)
        ragged = self.every and self.sequences.lengths is not None
        ragged |= self.sequences.weights is not None or self.sequences.ignored is not None
        if training.l2 or training.omega is not None or ragged:
            return plain
        outputs = self.sequences.steps if self.every else 1
        if kind == "cross_entropy":
            name, nats = self.class_unit
            return LossUnit(name, lambda loss: loss / outputs / nats)
        if kind == "half_squared_error" and not self.scaled:
            return LossUnit("RMSE", lambda loss: math.sqrt(2 * loss / outputs / self.output_size))
        return plain


def build_task(config: Any) -> Task:
    """The task of a config, with its data.

    Raises
    ------
    DataError
        If they cannot be read or are too few.
    """
    entry = registry.task_entry(config.data)
    with entry.blamed():
        task = entry.load()(config)
        if not isinstance(task, Task):
            raise TypeError(f"its code must make a Task; it makes {type(task).__name__}")
        answers.check_task(task)
    if changed := _changed(config, task):
        task.warnings = (*task.warnings, changed)
    return task


def pinned(config: Any, task: Task) -> Any:
    """The config with the hash of its data in `data.sha256`, where there is such a key and such a hash."""
    sha256 = task.record.get("sha256")
    if not isinstance(config.data, StoredTask) or sha256 is None:
        return config
    return config.model_copy(update={"data": config.data.model_copy(update={"sha256": sha256})})


def _changed(config: Any, task: Task) -> str:
    """What to say where the data are not those of the config's hash."""
    pin, found = getattr(config.data, "sha256", None), task.record.get("sha256")
    if not isinstance(config.data, StoredTask) or pin is None or found in (None, pin):
        return ""
    return (
        f"The data are not those that data.sha256 names: {task.record.get('source')} has the sha256 "
        f"{str(found)[:12]}..., not {pin[:12]}...; results will differ."
    )


def draw(task: Task, rng: np.random.Generator, sequences: int) -> Batch:
    """Fresh training sequences: `task.draw`, whose answer is checked."""
    with registry.task_entry(task.config.data).blamed():
        batch = task.draw(rng, sequences)
        answers.check_drawn(task, batch, sequences)
    return batch


def loss_unit(task: Task) -> LossUnit:
    """How the training loss reads: `task.loss_unit`, whose answer is checked."""
    entry = registry.task_entry(task.config.data)
    with entry.blamed():
        unit = task.loss_unit()
        answers.check_loss_unit(unit)

    def of(loss: float) -> float:
        with entry.blamed():
            return float(unit.of(loss))

    return LossUnit(unit.name, of)


def evaluate(task: Task, network: Network, theta: np.ndarray, *further: np.ndarray) -> Evaluation:
    """What R trained models, theta (R, P), are worth: `task.evaluate`, whose answer is checked.

    `further` are the models of its folds, where it has some.
    """
    entry = registry.task_entry(task.config.data)
    with entry.blamed():
        evaluation = task.evaluate_folds(network, [theta, *further]) if further else task.evaluate(network, theta)
        if not isinstance(evaluation, Evaluation):
            raise TypeError(f"evaluate must give an Evaluation; it gives {type(evaluation).__name__}")
        answers.check_evaluation(evaluation, len(theta))
    return replace(evaluation, figures=_checked(entry, evaluation.figures))


def task_figures(config: Any, run: Completed) -> dict[str, "Callable[[], Figure]"]:
    """File name -> what draws the figure: `Task.figures`, whose answer is checked."""
    entry = registry.task_entry(config.data)
    with entry.blamed():
        figures = getattr(entry.load(), "figures", Task.figures)(config, run)
        answers.check_figures(figures)
    return _checked(entry, figures)


def _checked(
    entry: registry.TaskEntry, figures: Mapping[str, "Callable[[], Figure]"]
) -> dict[str, "Callable[[], Figure]"]:
    return {name: partial(_draw, entry, name, figure) for name, figure in figures.items()}


def _draw(entry: registry.TaskEntry, filename: str, figure: "Callable[[], Figure]") -> "Figure":
    with entry.blamed():
        drawn = figure()
        answers.check_figure(filename, drawn)
    return drawn
