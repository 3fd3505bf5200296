"""The models of a sweep: one per rho and seed, trained and measured in slices that fit in memory."""

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from threading import Event

import numpy as np
from threadpoolctl import threadpool_limits

from rnnlab.config.schema.initial_weights import NormalInit, SpectralInit
from rnnlab.dynamics.diagnostics import Diagnostics, diagnose
from rnnlab.engine.network import Network
from rnnlab.engine.training import Training
from rnnlab.experiments.gradient_flow import FlowLog
from rnnlab.experiments.probes import long_probe, probe, top
from rnnlab.experiments.setup import Setup, architecture_of, build_setup, draw_parameters, start_training, threads
from rnnlab.experiments.sweep.course import Course
from rnnlab.tasks.task import Task

# Slices depend on the models alone, never on the machine, so that a sweep gives the same numbers everywhere.
MOST_MODELS = 16
SLICE_BYTES = 128 << 20
LYAPUNOV_STEPS = 500
LOOKS = 10  # at the gradients by lag, evenly over the training, where the config does not say how often

Tick = Callable[["Slice", Training], bool]


@dataclass
class Slice:
    """Some models of a sweep: before, during and after training.

    Attributes
    ----------
    rho, seed : (R,)
    diagnostics : Diagnostics
        Before the first update.
    updates : int
        To be made.
    course : Course
        NaN from where a model diverged.
    flow : FlowLog
    diverged : dict of model to (update, tensor)
    counted : int
        Updates that the progress has taken note of.
    """

    rho: np.ndarray
    seed: np.ndarray
    diagnostics: Diagnostics
    updates: int
    course: Course
    flow: FlowLog
    diverged: dict[int, tuple[int, str]] = field(default_factory=dict)
    counted: int = 0


@dataclass(frozen=True)
class Failure:
    """A model that could not be measured at all, and why: memory that ran out, a spectrum that did not converge."""

    rho: float
    seed: int
    reason: str


def at_rho(config, rho: float, *, exact: bool):
    """The config with its recurrent weights at the scale rho.

    A kind with a scale of its own keeps its kind (normal, spectral, sparse: rho; orthogonal, identity: gain); any other
    becomes normal. `exact` makes the spectral radius of every recurrent block exactly rho.
    """
    weights = config.model.init.W_hh
    if exact:
        weights = SpectralInit(rho=rho)
    elif weights.kind in ("orthogonal", "identity"):
        weights = weights.model_copy(update={"gain": rho})
    elif weights.kind in ("spectral", "sparse"):
        weights = weights.model_copy(update={"rho": rho})
    else:
        weights = NormalInit(rho=rho)
    init = config.model.init.model_copy(update={"W_hh": weights})
    return config.model_copy(update={"model": config.model.model_copy(update={"init": init})})


def run_slices(
    config,
    task: Task,
    rhos: Sequence[float],
    *,
    exact: bool,
    folder: Path,
    tick: Tick,
) -> Iterator[Slice | Failure]:
    """Train and measure every (rho, seed), slice by slice, as many at once as there are processors.

    Parameters
    ----------
    folder : Path
        The run folder, for what memory does not hold.
    tick : function of (slice, training)
        Called before every update, from any thread; False ends the training of the slice.

    Yields
    ------
    Slice
        In the order of rhos, then seeds.
    Failure
        For each model of a slice that failed, in its place.
    """
    members = [(rho, seed) for rho in rhos for seed in config.seeds]
    size = models_per_slice(config, task)
    cuts = np.linspace(0, len(members), -(-len(members) // size) + 1).round().astype(int)
    parts = [members[a:b] for a, b in pairwise(cuts)]
    # Slices go to threads of their own; BLAS threads on top of them would only get in each other's way.
    executor, left = ThreadPoolExecutor(threads()), Event()

    def go_on(part: Slice, training: Training) -> bool:
        return not left.is_set() and tick(part, training)

    try:
        with threadpool_limits(limits=1, user_api="blas"):
            pending = []
            for part in parts:
                pending.append((part, executor.submit(_run_slice, config, task, part, exact, folder, go_on)))
                if len(pending) > 2 * threads():  # finished slices wait in memory: not too many of them
                    yield from _result(*pending.pop(0))
            for waiting in pending:
                yield from _result(*waiting)
    finally:
        left.set()  # who leaves early does not wait for the others, and they end after their update
        executor.shutdown(wait=False, cancel_futures=True)


def _result(members, future: Future) -> Iterator[Slice | Failure]:
    """What became of a slice."""
    try:
        yield future.result()
    except (MemoryError, np.linalg.LinAlgError) as error:
        reason = "memory ran out" if isinstance(error, MemoryError) else str(error)
        yield from (Failure(rho, seed, reason) for rho, seed in members)


def _run_slice(config, task: Task, members, exact: bool, folder: Path, tick: Tick) -> Slice:
    setup = draw_setup(config, task, members, exact)
    training = start_training(config, setup)
    with np.errstate(all="ignore"):
        part = Slice(
            np.array([rho for rho, _ in members]),
            np.array([seed for _, seed in members]),
            diagnose(
                setup.network,
                setup.theta,
                probe(setup.sampling),
                setup.loss,
                np.random.default_rng(0),
                long=long_probe(setup.sampling, LYAPUNOV_STEPS),
                recurrence=top(setup.network.architecture),
            ),
            setup.updates,
            Course(len(members), setup.network.layout.names, folder),
            FlowLog(setup.loss, flow_every(config, setup.updates), folder),
        )
        steps = iter(training)
        while tick(part, training):
            part.flow.look(training)
            if (update := next(steps, None)) is None:
                break
            part.course.add(update)
            for model, tensor in update.diverged.items():
                part.diverged[model] = (update.number, tensor)
    return part


def flow_every(config, updates: int) -> int:
    """Updates between two looks at the gradients by lag."""
    return config.training.log_gradient_flow_every or max(1, updates // LOOKS)


def draw_setup(config, task: Task, members, exact: bool) -> Setup:
    """The engine for these members: a model for each, with the weights and the order of sequences of its own seed."""
    seeds = [seed for _, seed in members]
    setup = build_setup(config.model_copy(update={"seeds": seeds}), task)
    architecture = setup.network.architecture
    theta = [
        draw_parameters(at_rho(config, rho, exact=exact).model_copy(update={"seeds": [seed]}), architecture)
        for rho, seed in members
    ]
    return replace(setup, network=Network(architecture), theta=np.concatenate(theta))


def models_per_slice(config, task: Task) -> int:
    """How many models go together: few enough that their parameters, states and Jacobians fit in a slice."""
    architecture = architecture_of(config, task)
    I, H = task.input_size, architecture.hidden_size  # noqa: E741
    parameters = sum(math.prod(one.shape) for one in architecture.layer.parameters(I, H).values())
    state_size = sum(state.size for state in architecture.states)
    steps = max(task.sequences.steps, LYAPUNOV_STEPS if config.training.stateful else 0)
    width = 2 * architecture.layer.numbers_per_step(I, H)
    bytes_per_model = 8 * (10 * parameters + 6 * state_size**2 + 4 * steps * width)
    return int(np.clip(SLICE_BYTES // bytes_per_model, 1, MOST_MODELS))
