"""A task: sequences to train on, and how a trained network is measured. One file for each task."""

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from numbers import Integral
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from rnnlab.config import registry
from rnnlab.config.schema.experiment import Config
from rnnlab.engine.batch import Batch
from rnnlab.engine.network import Network

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Tables and plots of a run, whatever its task.
OF_EVERY_RUN = (
    "metrics.csv", "gradient_norms.csv", "gradient_flow.csv", "training.png", "gradient_norms.png", "gradient_flow.png"
)  # fmt: skip


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
        File name -> columns, (N,) or one row (N,) for each model, for the run folder.
    figures : mapping of str to callable
        File name -> what draws the figure.
    tests : mapping
        What the headline rests on: name -> statistics and p-values per seed.
    """

    metrics: Mapping[str, np.ndarray]
    units: Mapping[str, str]
    baselines: Mapping[str, Mapping[str, float]]
    headline: str
    warnings: Sequence[str] = ()
    tables: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    figures: Mapping[str, "Callable[[], Figure]"] = field(default_factory=dict)
    tests: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class LossUnit:
    """A name for the loss of whole sequences, and what turns that loss into it."""

    name: str
    of: Callable[[float], float]


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
    class_unit : (str, float)
        What a cross-entropy is told in, and how many nats that is.
    scaled : bool
        Whether targets are scaled, so that their errors have no unit.
    """

    class_unit: ClassVar[tuple[str, float]] = ("nats", 1.0)
    scaled: ClassVar[bool] = False

    sequences: Batch
    input_size: int
    output_size: int
    record: Mapping[str, object]
    description: str
    warnings: Sequence[str] = ()

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


NEEDED = {
    "config": Config,
    "sequences": Batch,
    "input_size": Integral,
    "output_size": Integral,
    "record": Mapping,
    "description": str,
}


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
        for name, kind in NEEDED.items():
            if not isinstance(value := getattr(task, name, None), kind):
                raise TypeError(f"the {name} of the task must be of type {kind.__name__}; got {type(value).__name__}")
        if not _sentences(task.warnings):
            raise TypeError(f"the warnings of the task must be a list of str; got {task.warnings!r}")
    return task


def draw(task: Task, rng: np.random.Generator, sequences: int) -> Batch:
    """Fresh training sequences: `task.draw`, whose answer is checked."""
    with registry.task_entry(task.config.data).blamed():
        batch = task.draw(rng, sequences)
        if not isinstance(batch, Batch) or batch.sequences != sequences:
            raise TypeError(f"draw must give a Batch of {sequences} sequences; it gives {type(batch).__name__}")
    return batch


def evaluate(task: Task, network: Network, theta: np.ndarray) -> Evaluation:
    """What R trained models, theta (R, P), are worth: `task.evaluate`, whose answer is checked."""
    entry = registry.task_entry(task.config.data)
    with entry.blamed():
        evaluation = task.evaluate(network, theta)
        if not isinstance(evaluation, Evaluation):
            raise TypeError(f"evaluate must give an Evaluation; it gives {type(evaluation).__name__}")
        if fault := _fault_of(evaluation, len(theta)):
            raise TypeError(fault)
    drawn = {name: partial(_draw, entry, name, figure) for name, figure in evaluation.figures.items()}
    return replace(evaluation, figures=drawn)


def _fault_of(found: Evaluation, models: int) -> str:
    """What must hold and does not; "" where nothing is wrong."""
    metrics = found.metrics
    for name, values in metrics.items():
        if not _numeric(values, (models,)):
            given = f"{np.asarray(values).dtype} of shape {np.shape(values)}"
            return f"{name} must be {models} numbers, one for each model; it is {given}"
    for name, unit in found.units.items():
        if name not in metrics or not isinstance(unit, str):
            return f"units must give a metric ({', '.join(metrics)}) a text; got {name}: {unit!r}"
    for baseline, scores in found.baselines.items():
        for name, value in scores.items():
            if name not in metrics or not _numeric(value, ()):
                return f"baseline {baseline} must give a metric ({', '.join(metrics)}) a number; got {name}: {value!r}"
    if not isinstance(found.headline, str):
        return f"the headline must be a str; got {type(found.headline).__name__}"
    if not _sentences(found.warnings):
        return f"warnings must be a list of str; got {found.warnings!r}"
    for filename, columns in found.tables.items():
        if not _may_be_written(filename, ".csv"):
            return f"tables must have names such as answers.csv, other than those of every run; got {filename}"
        shapes = {name: np.shape(np.asarray(column)) for name, column in columns.items()}
        N = max((shape[-1] for shape in shapes.values() if shape), default=0)
        if not shapes or "seed" in shapes or not {*shapes.values()} <= {(N,), (models, N)}:
            return f"columns of {filename} must be of shape (N,) or ({models}, N), none of them seed; got {shapes}"
    for filename, figure in found.figures.items():
        if not _may_be_written(filename, ".png"):
            return f"figures must have names such as answers.png, other than those of every run; got {filename}"
        if not callable(figure):
            return f"{filename} must be a function that draws the figure; got {type(figure).__name__}"
    return ""


def _numeric(values: Any, shape: tuple[int, ...]) -> bool:
    array = np.asarray(values)
    return array.shape == shape and array.dtype.kind in "biuf"


def _sentences(texts: object) -> bool:
    return isinstance(texts, list | tuple) and all(isinstance(text, str) for text in texts)


def _may_be_written(filename: object, ending: str) -> bool:
    """Whether it is the name of a file of a task's own."""
    return bool(re.fullmatch(rf"\w[\w.-]*\{ending}", str(filename))) and str(filename).casefold() not in OF_EVERY_RUN


def _draw(entry: registry.TaskEntry, filename: str, figure: "Callable[[], Figure]") -> "Figure":
    with entry.blamed():
        drawn = figure()
        if drawn is None:
            raise TypeError(f"{filename} must be drawn as a Figure; got nothing")
    return drawn
