"""The models of a sweep: one per rho and seed, trained and measured in slices that fit in memory."""

import math
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
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
from rnnlab.experiments.observers import observe
from rnnlab.experiments.probes import long_probe, probe, top
from rnnlab.experiments.setup import Setup, architecture_of, build_setup, draw_parameters, start_training, threads
from rnnlab.experiments.sweep.course import Course
from rnnlab.experiments.sweep.slice_checkpoints import SliceCheckpoints
from rnnlab.tasks.task import Task

# Slices depend on the models alone, never on the machine, so that a sweep gives the same numbers everywhere.
MOST_MODELS = 16
SLICE_BYTES = 128 << 20
LYAPUNOV_STEPS = 500
LOOKS = 10  # at the gradients by lag, evenly over the training, where the config does not say how often


@dataclass
class Slice:
    """Some models of a sweep: before, during and after training.

    Attributes
    ----------
    rho, seed : (R,)
    diagnostics : Diagnostics
        Before the first update.
    training : Training
    course : Course
        NaN from where a model diverged.
    flow : FlowLog
    checkpoints : SliceCheckpoints
    counted : int
        Updates that the progress has taken note of.
    """

    rho: np.ndarray
    seed: np.ndarray
    diagnostics: Diagnostics
    training: Training
    course: Course
    flow: FlowLog
    checkpoints: SliceCheckpoints
    counted: int = 0

    @property
    def whole(self) -> bool:
        """Whether it has made all of its updates."""
        return self.training.ended

    @property
    def steps(self) -> int:
        """T of the sequences that were measured."""
        return self.diagnostics.log_jacobian.shape[-1] - 1

    def save(self) -> None:
        """Write a checkpoint of it (RunWriteError)."""
        self.checkpoints.save(self)

    def take_in(self, kind: str, item: np.ndarray) -> None:
        """Give it what it knew back: updates (``course``) or a look (``flow``); ValueError for what is none."""
        if kind == "course":
            self.course.take_in(item)
        else:
            self.flow.take_in(item, len(self.rho))


Tick = Callable[[Slice], bool]


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


def slices_of(config, task: Task, rhos: Sequence[float]) -> list[list[tuple[float, int]]]:
    """Every (rho, seed), in the order of rhos, then seeds, slice by slice."""
    members = [(rho, seed) for rho in rhos for seed in config.seeds]
    size = models_per_slice(config, task)
    cuts = np.linspace(0, len(members), -(-len(members) // size) + 1).round().astype(int)
    return [members[a:b] for a, b in pairwise(cuts)]


def measure(setup: Setup) -> Diagnostics:
    """What the models do to gradients before the first update."""
    return diagnose(
        setup.network,
        setup.theta,
        probe(setup.sampling),
        setup.loss,
        np.random.default_rng(0),
        long=long_probe(setup.sampling, LYAPUNOV_STEPS),
        recurrence=top(setup.network.architecture),
    )


def run_slices(
    config,
    task: Task,
    slices: Sequence[Sequence[tuple[float, int]]],
    *,
    exact: bool,
    folder: Path,
    tick: Tick,
    stopped: Callable[[], bool],
) -> Iterator[Slice | Failure | None]:
    """Train and measure slices, as many at once as there are processors; each goes on from its own checkpoint.

    Parameters
    ----------
    slices : sequence of sequence of (rho, seed)
        Some of `slices_of`.
    folder : Path
        The run folder, for checkpoints and for what memory does not hold.
    tick : function of Slice
        Called before every update, from any thread; False ends the training of the slice.
    stopped : function
        True where no further slice shall begin; one that has a checkpoint is taken up, and makes no update.

    Yields
    ------
    Slice
        In their order. One that `tick` ended before its last update is saved, and not whole.
    Failure
        For each model of a slice that failed, in its place.
    None
        In the place of a slice that did not begin.
    """
    # Slices go to threads of their own; BLAS threads on top of them would only get in each other's way.
    executor, left = ThreadPoolExecutor(threads()), Event()

    def go_on(part: Slice) -> bool:
        return not left.is_set() and tick(part)

    def run(members) -> Slice | None:
        # One that has a checkpoint is brought back even then: what it holds is to be shown.
        begins = not stopped() or slice_folder(folder, members).is_dir()
        return _run_slice(config, task, members, exact, folder, go_on) if begins and not left.is_set() else None

    try:
        with threadpool_limits(limits=1, user_api="blas"):
            pending = []
            for members in slices:
                pending.append((members, executor.submit(run, members)))
                if len(pending) > 2 * threads():  # finished slices wait in memory: not too many of them
                    yield from _result(*pending.pop(0))
            for waiting in pending:
                yield from _result(*waiting)
    finally:
        left.set()  # who leaves early does not wait for the others, and they end after their update
        executor.shutdown(wait=False, cancel_futures=True)


def _result(members, future: Future) -> Iterator[Slice | Failure | None]:
    """What became of a slice."""
    try:
        yield future.result()
    except (MemoryError, np.linalg.LinAlgError) as error:
        reason = "memory ran out" if isinstance(error, MemoryError) else str(error)
        yield from (Failure(rho, seed, reason) for rho, seed in members)


def _run_slice(config, task: Task, members, exact: bool, folder: Path, tick: Tick) -> Slice:
    setup = draw_setup(config, task, members, exact)
    checkpoints = SliceCheckpoints(slice_folder(folder, members), config.training.checkpoint)
    with np.errstate(all="ignore"):
        before = measure(setup)

        def begin() -> Slice:
            return Slice(
                np.array([rho for rho, _ in members]),
                np.array([seed for _, seed in members]),
                before,
                start_training(config, setup),
                Course(len(members), setup.network.layout.names, folder),
                FlowLog(setup.loss, flow_every(config, setup.updates), folder),
                checkpoints,
            )

        part = checkpoints.take_up(begin)
        updates = observe(part.training, [part.flow, part.course])
        while tick(part) and next(updates, None) is not None:
            if checkpoints.is_due(part):
                part.save()
        if not part.whole:
            part.save()
    return part


def slice_folder(run: Path, members: Sequence[tuple[float, int]]) -> Path:
    """Where a slice of these models has its checkpoints."""
    rho, seed = members[0]
    return run / "checkpoints" / f"slice-{rho!r}-{seed}"


def remove_folders(run: Path, keep: Sequence[Sequence[tuple[float, int]]]) -> None:
    """Remove the checkpoints of all slices but these."""
    kept = {slice_folder(run, members) for members in keep}
    for folder in slice_folders(run):
        if folder not in kept:
            shutil.rmtree(folder, ignore_errors=True)


def slice_folders(run: Path) -> list[Path]:
    """The folders with checkpoints of slices that are there; what a link leads to is not the run's."""
    folder = run / "checkpoints"
    return [] if folder.is_symlink() else sorted(one for one in folder.glob("slice-*") if not one.is_symlink())


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
