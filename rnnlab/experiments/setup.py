"""From a config and its problem to an engine that is ready to train."""

import os
from collections.abc import Callable
from dataclasses import dataclass
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
from rnnlab.engine.sampling import Sampling
from rnnlab.engine.schedules import learning_rate
from rnnlab.engine.stopping import EarlyStopping
from rnnlab.engine.training import Training
from rnnlab.errors import ConfigError
from rnnlab.experiments.memory import check_memory
from rnnlab.experiments.problems import Problem

# A seed gives independent streams of random numbers, one for each purpose.
WEIGHTS, ORDER = 0, 1


@dataclass(frozen=True)
class Setup:
    """A network, its parameters (R, P), its loss and what each update sees."""

    network: Network
    theta: np.ndarray
    loss: Loss
    sampling: Sampling
    updates: int
    stopping: EarlyStopping | None


def threads() -> int:
    """Processors this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def architecture_of(config, problem: Problem) -> Architecture:
    """The network that a config describes for its data."""
    model = config.model
    return Architecture(
        problem.input_size,
        model.hidden_size,
        problem.output_size,
        cell=registry.layer(model),
        activation=model.activation,
        layers=model.layers,
        bidirectional=model.bidirectional,
        initial_state=model.initial_state,
        readout=model.readout,
    )


def check_network(config, problem: Problem) -> None:
    """Refuse what memory cannot hold, before anything is made.

    Raises
    ------
    ConfigError
        With what it would need and what there is.
    """
    batch_size, steps = config.training.batch_size, problem.sequences.steps
    sequences = problem.sequences.sequences
    check_memory(
        architecture_of(config, problem),
        models=len(config.seeds),
        steps=min(steps, config.training.truncate or steps),
        sequences=sequences if batch_size == "full" else min(batch_size, sequences),
        itemsize=np.dtype(config.model.dtype).itemsize,
        threads=threads(),
    )


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


def build_setup(config, problem: Problem) -> Setup:
    """Network, parameters and sampling of a config.

    Raises
    ------
    ConfigError
        For settings that the data rule out.
    """
    training, architecture = config.training, architecture_of(config, problem)
    sequences, stopping = problem.sequences, None
    if training.early_stopping is not None:
        sequences, stopping = _hold_out(problem, config, architecture.readout)
    batch_size = None if training.batch_size == "full" else training.batch_size
    shuffled = training.shuffle and batch_size is not None and batch_size < sequences.sequences
    sampling = Sampling(
        sequences,
        architecture.readout,
        batch_size=batch_size,
        orders=_orders(config.seeds, sequences.sequences) if shuffled else None,
        carry_state=training.carry_state,
        truncate=training.truncate,
    )
    updates = training.updates or training.epochs * sampling.updates_per_epoch
    network = Network(architecture, threads=threads())
    return Setup(network, draw_parameters(config, architecture), loss_of(config), sampling, updates, stopping)


def start_training(config, setup: Setup) -> Training:
    """The update loop of a config, at update 0."""
    training = config.training
    options = training.optimizer.model_dump()
    kind, base = options.pop("kind"), options.pop("learning_rate")
    schedule = training.schedule.model_dump()
    clip = training.clip.model_dump()
    return Training(
        setup.network,
        setup.theta,
        setup.sampling,
        setup.loss,
        make_optimizer(kind, setup.theta.shape, setup.theta.dtype, **options),
        updates=setup.updates,
        learning_rate=partial(learning_rate, base=base, total=setup.updates, **schedule),
        clipping=(clip["kind"], clip.get("threshold", np.inf)),
        weight_penalty=partial(l2, layout=setup.network.layout, weight=training.l2) if training.l2 else None,
        penalty=None if training.omega is None else omega(training.omega.alpha, form=training.omega.form),
        stopping=setup.stopping,
    )


def _orders(seeds: list[int], sequences: int) -> Callable[[int], np.ndarray]:
    """The order of the sequences in an epoch, for each seed: a function of seed and epoch alone."""

    @lru_cache(maxsize=1)
    def orders(epoch: int) -> np.ndarray:
        return np.stack([np.random.default_rng([seed, ORDER, epoch]).permutation(sequences) for seed in seeds])

    return orders


def _hold_out(problem: Problem, config, readout: str) -> tuple[Batch, EarlyStopping]:
    """Training sequences without their tail, and the tail to validate on; whole batches where the state is carried."""
    training, early_stopping = config.training, config.training.early_stopping
    unit = training.batch_size if training.carry_state else 1
    total = problem.sequences.sequences
    tail = unit * max(1, int(early_stopping.validation_fraction * total / unit))
    if tail >= total:
        raise ConfigError(
            [
                f"training.early_stopping needs at least {2 * unit} training sequences to hold {unit} out; "
                f"there {'is' if total == 1 else 'are'} {total}."
            ]
        )
    rest = problem.sequences.take(slice(0, total - tail), readout)
    validation = problem.sequences.take(slice(total - tail, total), readout)
    return rest, EarlyStopping(validation, early_stopping.patience, early_stopping.min_delta)
