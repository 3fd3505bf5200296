"""Prove the gradients of a config's own network on a small batch of its own data."""

from dataclasses import dataclass, replace

import numpy as np
from threadpoolctl import threadpool_limits

from rnnlab.engine.architecture import Architecture
from rnnlab.engine.batch import Batch
from rnnlab.engine.gradcheck import DIFFERENCES, GradientCheck, check_gradients
from rnnlab.engine.layers.layer import Layer
from rnnlab.engine.network import Network, States
from rnnlab.experiments.memory import check_memory
from rnnlab.experiments.setup import architecture_of, draw_parameters, loss_of
from rnnlab.tasks.task import build_task

MOST_MODELS, MOST_SEQUENCES, MOST_STEPS = 2, 3, 20
CHUNK = 3  # steps that a layer works out at once: a long sequence has many chunks, so 20 steps must have several
SPREAD = 0.02  # by which every parameter is moved, so that none is exactly zero and no relu sits on its kink
STATE_SPREAD = 0.5
DIRECTIONS = 10
# Multiplications that may be spent on single entries: a few seconds, whatever the size of the network.
WORK = 2_000_000_000
FEWEST_ENTRIES, MOST_ENTRIES = 5, 100
COMPLEX = 16  # bytes of a number


@dataclass(frozen=True)
class Gradcheck:
    """What a check found, and on what.

    Attributes
    ----------
    name : str
        Of the config.
    check : GradientCheck
    seeds : list of int
        The models that were checked.
    steps, sequences : int
    data_steps : int
        Of the config's own sequences, before they were cut.
    notes : tuple of str
        What the reader must know to judge it.
    """

    name: str
    check: GradientCheck
    seeds: list[int]
    steps: int
    sequences: int
    data_steps: int
    notes: tuple[str, ...]


def gradcheck(config, *, seed: int = 0) -> Gradcheck:
    """Compare hand-derived gradients with the loss: parameters, inputs and initial state of a config's network.

    The network, its first parameters and the data are the config's own, cut to at most 2 models, 3 sequences and 20
    steps, which are taken back in several chunks as a long sequence is; parameters are moved a little, and a zero
    initial state is replaced by a random one, so that no mistake can hide behind a zero.

    Parameters
    ----------
    config : Config
    seed : int
        Of the random directions.

    Raises
    ------
    DataError
        If the data cannot be read or are too few.
    ConfigError
        If memory cannot hold the network.
    """
    task = build_task(config)
    rng = np.random.default_rng(seed)
    architecture = architecture_of(config, task)
    chosen = config.model_copy(update={"seeds": config.seeds[:MOST_MODELS]})
    batch = _small(task.sequences, architecture.readout, config.training.batch_size)
    check_memory(
        architecture,
        models=len(chosen.seeds),
        steps=batch.steps,
        sequences=batch.sequences,
        itemsize=COMPLEX,
        threads=1,
    )
    theta = draw_parameters(chosen, architecture).astype(np.float64)
    theta += SPREAD * rng.standard_normal(theta.shape)
    states = _states(architecture, len(theta), batch.sequences, rng)
    with threadpool_limits(limits=1, user_api="blas"):  # products this small lose by being shared
        check = check_gradients(
            Network(architecture, chunk=CHUNK),
            theta,
            batch,
            loss_of(config),
            states=states,
            rng=rng,
            directions=DIRECTIONS,
            entries=_entries(architecture, theta.size * batch.steps * batch.sequences),
        )
    notes = tuple(_notes(config, check, batch, architecture.layer))
    steps, sequences, data_steps = batch.steps, batch.sequences, task.sequences.steps
    return Gradcheck(config.name, check, list(chosen.seeds), steps, sequences, data_steps, notes)


def _small(sequences: Batch, readout: str, batch_size: int | str | None) -> Batch:
    """A few sequences from all over the data and their first steps; one alone where updates see one alone."""
    most = min(MOST_SEQUENCES, batch_size) if isinstance(batch_size, int) else MOST_SEQUENCES
    apart = max(1, sequences.sequences // most)
    batch = sequences.take(slice(None, None, apart), readout).take(slice(0, most), readout)
    batch = batch.steps_between(0, min(MOST_STEPS, batch.steps), readout)
    if batch.targets is not None and np.issubdtype(batch.targets.dtype, np.floating):
        batch = replace(batch, targets=batch.targets.astype(np.float64))
    return batch


def _states(architecture: Architecture, models: int, sequences: int, rng: np.random.Generator) -> States | None:
    if architecture.initial_state == "learned":
        return None
    sizes = [state.size for state in architecture.states]
    return [
        [STATE_SPREAD * rng.standard_normal((models, sequences, size)) for size in sizes]
        for _ in architecture.recurrences()
    ]


def _entries(architecture: Architecture, work: int) -> int:
    """How many entries of each tensor to compare one by one."""
    tensors = len(architecture.layout().names) + len(architecture.recurrences()) + 1
    complex_work = 4 * work * tensors
    return int(np.clip(WORK // complex_work, FEWEST_ENTRIES, MOST_ENTRIES))


def _notes(config, check: GradientCheck, batch: Batch, layer: Layer) -> list[str]:
    notes = []
    if config.model.dtype == "float32":
        notes.append("checked in float64: the same code, and float32 has no digits to spare for a proof.")
    if check.method == DIFFERENCES:
        kink = "the Huber loss" if layer.smooth else config.model.activation if layer.additive else layer.name
        notes.append(f"{kink} has kinks, where no complex step is right: differences are compared between kinks.")
    skipped = sum(tensor.on_kinks for tensor in check.tensors)
    if skipped:
        notes.append(f"{skipped} entries were left out: they have a kink within the smallest step.")
    if batch.tokens:
        notes.append("inputs are tokens, which have no gradient.")
    if config.model.initial_state == "learned":
        notes.append("the initial state is learned: it is among the parameters.")
    zero = [tensor.name for tensor in check.tensors if tensor.largest == 0]
    if zero:
        notes.append(f"no gradient reaches {', '.join(zero)} here, so little is proved of it.")
    if config.training.l2:
        notes.append("l2 is left out: it adds l2 times the weights to the gradient, whatever the network.")
    if config.training.omega is not None:
        notes.append("omega is left out: its published gradient holds the states fixed, and is not the derivative.")
    return notes
