"""`rnnlab check`: what a config would train, and about how long that takes, without training it."""

import math
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from threadpoolctl import threadpool_limits

from rnnlab.config.schema.initial_weights import InitialWeights
from rnnlab.engine.architecture import Architecture
from rnnlab.engine.batch import Batch
from rnnlab.engine.shards import Shard
from rnnlab.experiments.memory import needed_bytes, parameters
from rnnlab.experiments.setup import (
    Setup,
    architecture_of,
    build_setup,
    check_network,
    loss_of,
    memory_of,
    start_training,
)
from rnnlab.memory import available_bytes
from rnnlab.tasks.task import Task, build_task

Clock = Callable[[], float]
STOP = object()
SECONDS = 1.0  # that the timed updates may take together
MOST_TIMED = 50  # updates
WORK = 4e9  # additions and multiplications that are timed at a time: about a second on a slow machine
FLOPS = 6  # per parameter and step, forward and backward
SEVERAL = 1_000_000  # parameters from which initial weights are drawn in the quickest way


@dataclass(frozen=True)
class Stage:
    """A part of the network in one update of one model.

    Attributes
    ----------
    name : str
    shape : tuple of int
        (T, B, F) where there is a value at every step, else (B, F); without F for tokens and classes.
    parameters : dict of str to tuple of int
        The shapes of its parameters.
    """

    name: str
    shape: tuple[int, ...]
    parameters: dict[str, tuple[int, ...]]

    @property
    def count(self) -> int:
        """How many numbers its parameters are."""
        return sum(math.prod(shape) for shape in self.parameters.values())


@dataclass(frozen=True)
class Timing:
    """Seconds of an update of all models, and how they were found.

    Attributes
    ----------
    seconds : float
        Median over the updates that were timed.
    timed : int
        How many those were.
    share : float
        How much of an update of all models was timed; below 1 the rest is extrapolated.
    """

    seconds: float
    timed: int
    share: float


@dataclass(frozen=True)
class CheckSummary:
    """What a config would train.

    Attributes
    ----------
    name, cell : str
    seeds : list of int
    description : str
        The data, in a sentence.
    stages : tuple of Stage
        From the inputs to the targets.
    parameters : int
        Of one model.
    endless : bool
        Whether every update draws fresh sequences.
    training, validation : int
        Sequences; those of one update where they are endless.
    held_out : int or None
        Sequences that the models are measured on; None where the task does not say.
    updates, updates_per_epoch : int
    memory : int
        Bytes that parameters and the buffers of a pass need, at least.
    data : int
        Bytes of the training sequences.
    available : int or None
        Bytes that are free; None where the system does not say.
    timing : Timing or None
        None where there was nothing to be timed.
    warnings : tuple of str
    further : int
        Trainings that follow for the folds of the evaluation.
    refit : bool
        Whether one more follows, on all rows.
    """

    name: str
    cell: str
    seeds: list[int]
    description: str
    stages: tuple[Stage, ...]
    parameters: int
    endless: bool
    training: int
    validation: int
    held_out: int | None
    updates: int
    updates_per_epoch: int
    memory: int
    data: int
    available: int | None
    timing: Timing | None
    warnings: tuple[str, ...]
    further: int = 0
    refit: bool = False

    @property
    def epochs(self) -> float | None:
        """Passes over the training sequences; None where there is no end of them."""
        return None if self.endless else self.updates / self.updates_per_epoch

    @property
    def seconds(self) -> float | None:
        """About how long the updates take, without measuring, writing and plots."""
        return None if self.timing is None else self.timing.seconds * self.updates

    def plain(self) -> dict[str, Any]:
        """All of it, as JSON can hold it."""
        stages = [{**asdict(stage), "parameter_count": stage.count} for stage in self.stages]
        return {**asdict(self), "stages": stages, "epochs": self.epochs, "seconds": self.seconds}


def check(config: Any, *, clock: Clock = time.perf_counter) -> CheckSummary:
    """Build the data and the network of a config, and time a few of its updates.

    Parameters
    ----------
    config : Config
    clock : function
        Seconds since any moment.

    Raises
    ------
    ConfigError
        For settings that the data rule out, and a network that memory cannot hold.
    DataError
        If the data cannot be read or are too few.
    """
    task = build_task(config)
    check_network(config, task)
    if config.training.refit == "all":
        task.refit()  # what its rows rule out
    architecture = architecture_of(config, task)
    needs, size, ridge = memory_of(config, task), parameters(architecture), config.training.fit.kind == "ridge"
    sequences = task.sequences.sequences if ridge else needs["sequences"]
    work = FLOPS * size * needs["steps"] * sequences  # of one model
    few = _with_seeds(config, int(max(1, WORK // work)), size)
    setup = build_setup(few, task)
    batch = setup.sampling.minibatch(0).batch
    timing = _time(few, setup, batch, WORK / work, len(config.seeds), clock)
    stopping = setup.stopping
    return CheckSummary(
        config.name,
        config.model.cell.kind,
        list(config.seeds),
        task.description,
        tuple(_stages(architecture, batch)),
        size,
        task.endless,
        batch.sequences if task.endless else setup.sampling.sequences.sequences,
        0 if stopping is None else stopping.validation.sequences,
        task.held_out,
        1 if ridge else setup.updates,
        1 if ridge else setup.sampling.updates_per_epoch,
        needed_bytes(architecture, **needs),
        _bytes(task),
        available_bytes(),
        timing,
        tuple(task.warnings),
        task.further_trainings,
        config.training.refit == "all",
    )


def _with_seeds(config: Any, most: int, size: int) -> Any:
    """The config with as many seeds as can be timed, and weights that are drawn quickly where they are many."""
    changes: dict[str, Any] = {"seeds": config.seeds[:most]}
    if size > SEVERAL:
        changes["model"] = config.model.model_copy(update={"init": InitialWeights()})
    return config.model_copy(update=changes)


def _stages(architecture: Architecture, batch: Batch) -> Iterator[Stage]:
    T, B, H = batch.steps, batch.sequences, architecture.hidden_size
    shapes = {name: one.shape for name, one in architecture.parameters().items()}
    every = (T,) if architecture.readout == "every" else ()
    yield Stage("inputs", (T, B) if batch.tokens else (T, B, architecture.input_size), {})
    for name, _, _ in architecture.recurrences():
        yield Stage(name, (T, B, H), _under(name, shapes))
    yield Stage("readout", (*every, B, architecture.output_size), _under("readout", shapes))
    if batch.targets is not None:
        classes = batch.targets.dtype.kind in "iu"
        yield Stage("targets", (*every, B) if classes else (*every, B, architecture.output_size), {})


def _under(part: str, shapes: dict[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """The parameters of one part: `layer0.W_hh`, not `layer0.reverse.W_hh`."""
    split = {name: name.rpartition(".") for name in shapes}
    return {name: shapes[name] for name, (of, _, _) in split.items() if of == part}


def _time(config: Any, setup: Setup, batch: Batch, allowed: float, models: int, clock: Clock) -> Timing | None:
    """Time updates of the models that there are; a part of a pass where even that of one model would take long.

    Parameters
    ----------
    allowed : float
        How much of an update of one model may be timed.
    models : int
        Of the whole config.
    """
    if allowed >= 1:
        updates: Iterator[Any] = iter(start_training(config, setup))
        share = len(setup.theta) / models
    elif config.training.fit.kind == "ridge":
        return None
    else:
        part = _part(batch, allowed, setup.network.architecture.readout)
        updates = _passes(config, setup, part)
        share = part.sequences * part.steps / (batch.sequences * batch.steps * models)
    # Shards go to threads of their own; BLAS threads on top of them would only get in each other's way.
    with threadpool_limits(limits=1, user_api="blas"):
        taken = _seconds(updates, clock)
    return Timing(statistics.median(taken[1:] or taken) / share, len(taken), share) if taken else None


def _part(batch: Batch, allowed: float, readout: str) -> Batch:
    """As many sequences as may be timed, and of a single one as many steps."""
    sequences = max(1, int(allowed * batch.sequences))
    steps = max(1, min(batch.steps, int(allowed * batch.sequences * batch.steps)))
    return batch.cut(Shard(slice(0, 1), slice(0, sequences)), readout).steps_between(0, steps, readout)


def _passes(config: Any, setup: Setup, part: Batch) -> Iterator[None]:
    loss = loss_of(config)
    while True:
        setup.network.gradients(setup.theta, part, loss)
        yield


def _seconds(updates: Iterator[Any], clock: Clock) -> list[float]:
    """What each update took, for about a second."""
    taken: list[float] = []
    while len(taken) < MOST_TIMED and sum(taken) < SECONDS:
        start = clock()
        if next(updates, STOP) is STOP:
            break
        taken.append(clock() - start)
    return taken


def _bytes(task: Task) -> int:
    arrays = (task.sequences.inputs, task.sequences.targets, task.sequences.lengths, task.sequences.weights)
    return sum(array.nbytes for array in arrays if array is not None)
