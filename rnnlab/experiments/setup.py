"""From a config and its task to an engine that is ready to train."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial

import numpy as np

from rnnlab.config import registry
from rnnlab.engine.architecture import Architecture
from rnnlab.engine.batch import Batch
from rnnlab.engine.initializers import initial_parameters
from rnnlab.engine.losses import loss_function
from rnnlab.engine.network import Loss, Network
from rnnlab.engine.optimizers import make_optimizer
from rnnlab.engine.regularizers import l2, omega
from rnnlab.engine.ridge import RidgeFit
from rnnlab.engine.sampling import Endless, Sampling, Source
from rnnlab.engine.schedules import learning_rate
from rnnlab.engine.stopping import EarlyStopping
from rnnlab.engine.training import GradientDescent, Training
from rnnlab.errors import ConfigError
from rnnlab.experiments.memory import check_memory
from rnnlab.tasks.task import Task, draw

# A seed gives independent streams of random numbers, one for each purpose.
WEIGHTS, ORDER, FRESH = 0, 1, 2
RIDGE_AT_ONCE = 64  # sequences that a fit in closed form reads at a time: it makes no difference but to memory
ENDLESS_REPORTS = 100  # rows of metrics.csv for each seed, where there are no epochs


@dataclass(frozen=True)
class Setup:
    """A network, its parameters (R, P), its loss and what each update sees."""

    network: Network
    theta: np.ndarray
    loss: Loss
    sampling: Source
    updates: int
    stopping: EarlyStopping | None

    def batch(self, update: int) -> Batch:
        """What an update sees, counted from 0: with a model axis where the models see different sequences."""
        return self.sampling.minibatch(update).batch


def threads() -> int:
    """Processors this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


@dataclass(frozen=True)
class Sizes:
    """What of its data a network must know: a task has it too."""

    input_size: int
    output_size: int


def architecture_of(config, task: "Task | Sizes") -> Architecture:
    """The network that a config describes for its data."""
    model = config.model
    return Architecture(
        task.input_size,
        model.hidden_size,
        task.output_size,
        cell=registry.layer(model),
        activation=model.activation,
        layers=model.layers,
        bidirectional=model.bidirectional,
        initial_state=model.initial_state,
        readout=model.readout,
    )


def check_network(config, task: Task) -> None:
    """Refuse what memory cannot hold, before anything is made.

    Raises
    ------
    ConfigError
        With what it would need and what there is.
    """
    check_memory(architecture_of(config, task), **memory_of(config, task))


def memory_of(config, task: Task) -> dict[str, int]:
    """What the memory of a training depends on besides its architecture, as `check_memory` takes it."""
    batch_size, steps = config.training.batch_size, task.steps
    sequences = batch_size if task.endless else task.sequences.sequences
    return {
        "models": len(config.seeds),
        "steps": min(steps, config.training.tbptt_steps or steps),
        "sequences": min(_batch_size(config) or sequences, sequences),
        "itemsize": np.dtype(config.model.dtype).itemsize,
        "threads": threads(),
    }


def draw_parameters(config, architecture: Architecture) -> np.ndarray:
    """Initial parameters of every seed, (R, P): each seed has a stream of its own."""
    init, dtype = config.model.init, np.dtype(config.model.dtype)
    kinds = init.model_dump(exclude={"forget_bias"}, exclude_none=True)
    forget_bias = None if init.forget_bias is None else init.forget_bias.model_dump()
    if forget_bias is not None and forget_bias["kind"] == "constant":
        forget_bias = forget_bias["value"]
    return np.stack(
        [
            initial_parameters(
                architecture,
                np.random.default_rng([seed, WEIGHTS]),
                kinds,
                forget_bias=forget_bias,
                dtype=dtype,
            )
            for seed in config.seeds
        ]
    )


def loss_of(config) -> Loss:
    """The loss that a config names."""
    return loss_function(**config.training.loss.model_dump())


def build_setup(config, task: Task) -> Setup:
    """Network, parameters and sampling of a config.

    Raises
    ------
    ConfigError
        For settings that the data rule out.
    """
    training, architecture = config.training, architecture_of(config, task)
    stopping = None
    if task.endless:
        sampling: Source = _endless(config, task)
    else:
        sequences = task.sequences
        if training.early_stopping is not None:
            sequences, stopping = _hold_out(task, config, architecture.readout)
        batch_size, descends = _batch_size(config), training.fit.kind == "gradient"
        shuffled = descends and training.shuffle and batch_size is not None and batch_size < sequences.sequences
        sampling = Sampling(
            sequences,
            architecture.readout,
            batch_size=batch_size,
            orders=_orders(config.seeds, sequences.sequences) if shuffled else None,
            stateful=training.stateful,
            tbptt_steps=training.tbptt_steps,
        )
    updates = training.updates or training.epochs * sampling.updates_per_epoch
    network = Network(architecture, threads=threads())
    return Setup(network, draw_parameters(config, architecture), loss_of(config), sampling, updates, stopping)


def schedule_of(config, updates: int) -> Callable[[int], float]:
    """The learning rate of update number 0, 1, ... of so many."""
    training = config.training
    base, schedule = training.optimizer.learning_rate, training.schedule.model_dump()
    return partial(learning_rate, base=base, total=updates, **schedule)


def ragged(setup: Setup) -> bool:
    """Whether the training sequences differ in length."""
    return setup.sampling.sequences.lengths is not None


def start_training(config, setup: Setup) -> Training:
    """The training of a config, at update 0; the parameters of the setup stay as they are."""
    training, theta = config.training, setup.theta.copy()
    if training.fit.kind == "ridge":
        return RidgeFit(setup.network, theta, setup.sampling, alpha=training.fit.alpha)
    options = training.optimizer.model_dump()
    kind, _ = options.pop("kind"), options.pop("learning_rate")
    clip = training.clip.model_dump()
    return GradientDescent(
        setup.network,
        theta,
        setup.sampling,
        setup.loss,
        make_optimizer(kind, theta.shape, theta.dtype, **options),
        updates=setup.updates,
        learning_rate=schedule_of(config, setup.updates),
        clipping=(clip["kind"], clip.get("threshold", np.inf)),
        weight_penalty=partial(l2, layout=setup.network.layout, weight=training.l2) if training.l2 else None,
        penalty=None if training.omega is None else omega(training.omega.alpha, form=training.omega.form),
        stopping=setup.stopping,
    )


def _batch_size(config) -> int | None:
    """Sequences that are worked on at a time; None for all of them."""
    training = config.training
    if training.fit.kind == "ridge" and not training.stateful:
        return RIDGE_AT_ONCE
    return None if training.batch_size == "full" else training.batch_size


def _endless(config, task: Task) -> Endless:
    """Fresh sequences for each model, from a stream of its own seed and the data's."""
    training, data, seeds = config.training, config.data, config.seeds
    source = Endless(
        task.sequences,
        config.model.readout,
        training.batch_size,
        lambda model, number: draw(
            task, np.random.default_rng([seeds[model], FRESH, getattr(data, "seed", 0), number, 1]), training.batch_size
        ),
        models=len(seeds),
        longest=task.steps,
        tbptt_steps=training.tbptt_steps,
    )
    reports = -(-training.updates // (ENDLESS_REPORTS * source.updates_per_epoch))
    return replace(source, batches_per_epoch=max(1, reports))


def _orders(seeds: list[int], sequences: int) -> Callable[[int], np.ndarray]:
    """The order of the sequences in an epoch, for each seed: a function of seed and epoch alone."""

    @lru_cache(maxsize=1)
    def orders(epoch: int) -> np.ndarray:
        return np.stack([np.random.default_rng([seed, ORDER, epoch]).permutation(sequences) for seed in seeds])

    return orders


def _hold_out(task: Task, config, readout: str) -> tuple[Batch, EarlyStopping]:
    """Training sequences without their tail, and the tail to validate on; whole batches where the state is carried."""
    training, early_stopping = config.training, config.training.early_stopping
    unit = training.batch_size if training.stateful else 1
    total = task.sequences.sequences
    tail = unit * max(1, int(early_stopping.validation_fraction * total / unit))
    if tail >= total:
        raise ConfigError(
            [
                f"training.early_stopping needs at least {2 * unit} training sequences to hold {unit} out; "
                f"there {'is' if total == 1 else 'are'} {total}."
            ]
        )
    rest = task.sequences.take(slice(0, total - tail), readout)
    validation = task.sequences.take(slice(total - tail, total), readout)
    return rest, EarlyStopping(validation, early_stopping.patience, early_stopping.min_delta)
