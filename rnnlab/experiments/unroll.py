"""One sequence of a config's own data through its network, number by number, and the fast engine beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from rnnlab.engine.architecture import Architecture
from rnnlab.engine.batch import Batch
from rnnlab.engine.network import Network
from rnnlab.engine.reference.losses import LOSSES, Loss
from rnnlab.engine.reference.network import unroll as work_out
from rnnlab.engine.reference.record import Output, Recurrence, Step, Unrolled
from rnnlab.errors import DivergedError, UsageError
from rnnlab.experiments.memory import check_memory
from rnnlab.experiments.setup import architecture_of, draw_parameters, loss_of
from rnnlab.plain import plain
from rnnlab.tasks.task import build_task
from rnnlab.words import count

__all__ = ["Comparison", "Output", "Recurrence", "Step", "Unroll", "unroll"]

TOLERANCE = 1e-9  # of the engine's gradients beside the formulas'; both are right to rounding
SMALL = 1e-5  # a gradient below it is compared as if it were that large: the plain formulas lose digits near 0


@dataclass(frozen=True)
class Comparison:
    """One gradient of the engine beside that of the formulas.

    Attributes
    ----------
    name : str
        As in the layout; `inputs`.
    largest : float
        Largest absolute entry.
    difference : float
        Largest difference, as a share of it.
    """

    name: str
    largest: float
    difference: float


@dataclass(frozen=True)
class Unroll:
    """A network on one sequence, by the formulas and by the engine.

    Attributes
    ----------
    name : str
        Of the config.
    architecture : Architecture
    seed : int
        Of the initial parameters.
    steps, data_steps : int
        Steps that were taken, and those of the whole sequence.
    endless : bool
        Whether the sequence was drawn for the occasion.
    parameters : dict of str to array
        By name, ``layer0.W_hh``.
    inputs : (T, I) numbers or (T,) int tokens
    names : sequence of str or None
        What tokens and classes stand for, by their number.
    loss_formulas : Loss
    numbers : Unrolled
        Every number by its symbol, every term of every sum.
    engine : dict of str to array
        The engine's gradients by name; `inputs` where they are numbers.
    comparisons : tuple of Comparison
        Every trained parameter, and `inputs` where they are numbers.
    notes : tuple of str
        What the reader must know.
    """

    name: str
    architecture: Architecture
    seed: int
    steps: int
    data_steps: int
    endless: bool
    parameters: dict[str, np.ndarray]
    inputs: np.ndarray
    names: Sequence[str] | None
    loss_formulas: Loss
    numbers: Unrolled
    engine: dict[str, np.ndarray]
    comparisons: tuple[Comparison, ...]
    notes: tuple[str, ...]

    @property
    def loss(self) -> float:
        """L of the sequence."""
        return float(self.numbers.loss)

    @property
    def gradients(self) -> dict[str, np.ndarray]:
        """Of every parameter by name, by the formulas."""
        return self.numbers.gradients

    @property
    def tolerance(self) -> float:
        """Largest difference that the engine may show, as a share of the largest entry."""
        return TOLERANCE

    @property
    def tokens(self) -> bool:
        """Whether the inputs are tokens."""
        return self.inputs.ndim == 1

    @property
    def passed(self) -> bool:
        """Whether the engine gives the same gradients."""
        return all(one.difference <= TOLERANCE for one in self.comparisons)

    def plain(self) -> dict[str, object]:
        """Everything as strict JSON can hold it; symbols end in `_t`, and t stands beside them."""
        a, numbers = self.architecture, self.numbers
        return plain(  # type: ignore[return-value]
            {
                "schema_version": 1,
                "name": self.name,
                "passed": self.passed,
                "tolerance": TOLERANCE,
                "cell": a.layer.name,
                "hidden_size": a.hidden_size,
                "seed": self.seed,
                "steps": self.steps,
                "data_steps": self.data_steps,
                "parameters": self.parameters,
                "inputs": self.inputs,
                "recurrences": [_recurrence(one) for one in numbers.recurrences],
                "outputs": [
                    {
                        "t": output.time,
                        "o_t": output.o,
                        "p_t": output.p,
                        "y_t": output.y,
                        "weight": output.weight,
                        "l_t": output.loss,
                        "dL/do_t": output.do,
                        "terms": output.terms,
                    }
                    for output in numbers.outputs
                ],
                "loss": self.loss,
                "gradients": self.gradients | ({} if self.tokens else {"inputs": numbers.d_inputs}),
                "engine": self.engine,
                "comparisons": [vars(one) for one in self.comparisons],
                "notes": self.notes,
            }
        )


def unroll(config, steps: int = 3, hidden: int = 2) -> Unroll:
    """Take one sequence of a config's data through its network and back, by the formulas and by the engine.

    Parameters
    ----------
    config : Config
    steps : int
        Steps to take, from the first; fewer where the sequence ends before.
    hidden : int
        Hidden units of every recurrence, in place of the config's. The initial parameters are those that `train` draws
        for that size and the config's first seed.

    Raises
    ------
    UsageError
        If `steps` or `hidden` is below 1.
    DataError
        If the data cannot be read or are too few.
    ConfigError
        If memory cannot hold the network.
    DivergedError
        If the loss or a gradient is not finite.
    """
    for name, number in (("steps", steps), ("hidden", hidden)):
        if number < 1:
            raise UsageError(f"'{name}' must be at least 1; got {number}.")
    config = _small(config, hidden)
    task = build_task(config)
    architecture = architecture_of(config, task)
    batch, data_steps = _first_steps(task.sequences, architecture.readout, steps)
    check_memory(architecture, models=1, steps=batch.steps, itemsize=8, threads=1)
    theta = draw_parameters(config, architecture)[0].astype(np.float64)
    network, parameters = Network(architecture), architecture.layout().views(theta)
    loss = LOSSES[config.training.loss.kind](**config.training.loss.model_dump(exclude={"kind"}))
    with np.errstate(over="ignore", invalid="ignore"), threadpool_limits(limits=1, user_api="blas"):
        numbers = work_out(
            architecture,
            parameters,
            batch.inputs[:, 0],
            _of_one(batch.targets, architecture.readout),
            loss,
            weights=_counts(batch, architecture.readout),
        )
        if not np.isfinite(numbers.loss):
            raise DivergedError(
                f"{config.name}: the loss of {batch.steps} steps is not finite: {float(numbers.loss)}.",
                hint="Start from smaller weights (model.init), or take fewer steps.",
            )
        result = network.gradients(theta, batch, loss_of(config), inputs=not batch.tokens)
    engine = {name: view.copy() for name, view in network.layout.views(result.parameters).items()}
    ours = {name: one for name, one in numbers.gradients.items() if name not in network.layout.frozen}
    if result.inputs is not None:
        engine["inputs"], ours["inputs"] = result.inputs[:, 0], numbers.d_inputs
    if not all(np.isfinite(one).all() for one in (*ours.values(), *engine.values())):
        raise DivergedError(
            f"{config.name}: a gradient of {batch.steps} steps is not finite, though the loss is.",
            hint="Start from smaller weights (model.init), or take fewer steps.",
        )
    comparisons = tuple(_compare(name, one, engine[name]) for name, one in ours.items())
    return Unroll(
        config.name,
        architecture,
        config.seeds[0],
        batch.steps,
        data_steps,
        task.endless,
        parameters,
        batch.inputs[:, 0],
        task.names,
        loss,
        numbers,
        engine,
        comparisons,
        tuple(_notes(config, architecture, numbers, batch, steps, data_steps)),
    )


def _small(config, hidden: int):
    """The config with its first seed alone and another hidden size."""
    model = config.model.model_copy(update={"hidden_size": hidden})
    return config.model_copy(update={"seeds": config.seeds[:1], "model": model})


def _first_steps(sequences: Batch, readout: str, steps: int) -> tuple[Batch, int]:
    """The first steps of the first sequence in float64, and how many it has in all."""
    one = sequences.take(slice(0, 1), readout)
    data_steps = one.steps if one.lengths is None else int(one.lengths[0])
    one = one.steps_between(0, min(steps, data_steps), readout)
    inputs, targets = (_float64(array) for array in (one.inputs, one.targets))
    return Batch(inputs, targets, weights=one.weights, ignored=one.ignored), data_steps


def _float64(array: np.ndarray | None) -> np.ndarray:
    assert array is not None
    return array.astype(np.float64) if np.issubdtype(array.dtype, np.floating) else array


def _of_one(array: np.ndarray | None, readout: str) -> np.ndarray:
    """Targets or weights of the one sequence."""
    assert array is not None
    return array[:, 0] if readout == "every" else array[0]


def _counts(batch: Batch, readout: str) -> np.ndarray:
    """What each output counts."""
    targets = np.atleast_1d(_of_one(batch.targets, readout))
    outputs = batch.steps if readout == "every" else 1
    counts = np.ones(outputs) if batch.weights is None else np.reshape(_of_one(batch.weights, readout), outputs)
    if batch.ignored is not None:
        counts = counts * (targets != batch.ignored)
    return counts


def _compare(name: str, ours: np.ndarray, engine: np.ndarray) -> Comparison:
    largest = float(np.abs(ours).max())
    return Comparison(name, largest, float(np.abs(engine - ours).max() / max(largest, SMALL)))


def _recurrence(one: Recurrence) -> dict[str, object]:
    cell = one.cell
    return {
        "name": one.name,
        "reverse": one.reverse,
        "worked": cell.worked,
        "formulas": {
            **cell.formulas.forward,
            **cell.formulas.backward,
            "dL/dh_t": cell.formulas.carried["h"],
            **{f"dL/d{name}": f"sum_t {term}" for name, term in cell.formulas.terms.items()},
        },
        "initial": {f"{state}_0": value for state, value in one.initial.items()},
        "steps": [
            {
                "t": step.time,
                "x_t": step.inputs,
                **step.forward,
                **step.backward,
                "dL/dx_t": step.d_inputs,
                "terms": step.terms,
            }
            for step in one.steps
        ],
        "d_initial": {f"dL/d{state}_0": value for state, value in one.d_initial.items()},
    }


def _notes(
    config, architecture: Architecture, numbers: Unrolled, batch: Batch, steps: int, data_steps: int
) -> list[str]:
    notes, layer = [], architecture.layer
    if batch.steps < steps:
        notes.append(f"the sequence has {count(data_steps, 'step')}, fewer than {steps}.")
    if architecture.readout == "last" and batch.steps < data_steps:
        notes.append(f"the target is that of the whole sequence of {data_steps} steps; its later steps are left out.")
    if config.model.dtype == "float32":
        notes.append("worked out in float64; training is in float32.")
    if not numbers.recurrences[0].cell.worked:
        notes.append(
            f"{layer.name} brings no formulas in rnnlab's form: the values and terms of each step are its own, step by "
            "step; layers, loss and sums over time are worked out here."
        )
    if architecture.bidirectional:
        notes.append("what reads both directions has a row for every unit of each: a direction takes its own rows.")
    if architecture.layout().frozen:
        notes.append(f"not trained, so the engine's gradient is 0: {', '.join(architecture.layout().frozen)}.")
    if not any(output.weight for output in numbers.outputs):
        notes.append("none of these targets counts in the loss, so every gradient is 0: take more steps.")
    if config.training.l2:
        notes.append("l2 is left out: it adds l2 times the weights to the gradient.")
    if config.training.omega is not None:
        notes.append("omega is left out: its published gradient holds the states fixed.")
    return notes
