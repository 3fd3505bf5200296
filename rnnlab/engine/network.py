"""A network as functions: parameters and a batch in, loss and hand-derived gradients out."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from rnnlab.engine.architecture import Architecture
from rnnlab.engine.batch import Batch
from rnnlab.engine.blocks import Block, assemble, plan, run
from rnnlab.engine.cells import CELLS
from rnnlab.engine.gradients import Gradients, States, add_up, assemble_states, join
from rnnlab.engine.recurrence import Trace
from rnnlab.engine.stack import Stack

Loss = Callable[[np.ndarray, np.ndarray, np.ndarray | None, float], tuple[np.ndarray, np.ndarray]]
Penalty = Callable[[Stack, np.ndarray, list[Trace], float, np.ndarray | None], np.ndarray]


@dataclass(frozen=True)
class _Forward:
    """A block after its forward pass: its part of batch and parameters, and what the stack says, as columns."""

    stack: Stack
    part: Batch
    parameters: np.ndarray
    ended: np.ndarray | None
    outputs: np.ndarray
    finals: list[list[np.ndarray]]

    def loss(self, loss: Loss, scale: float) -> tuple[np.ndarray, np.ndarray]:
        """The loss of the block and its gradient with respect to the outputs."""
        every = self.stack.architecture.readout == "every"
        counts = None if self.ended is None or not every else ~self.ended[..., 0, :]
        return loss(self.outputs, self.part.target_columns(every, self.parameters.ndim == 2), counts, scale)

    @property
    def states(self) -> States:
        """The states after the last step, as rows."""
        return [[_rows(state) for state in of_layer] for of_layer in self.finals]


class Network:
    """Loss, gradients and outputs of a stack of recurrent layers.

    Parameters are a flat vector (P,), or (R, P) for R models side by side: then every result gains the model axis, and
    model r equals the lone model with the parameters theta[r], to rounding.

    Parameters
    ----------
    architecture : Architecture
    threads : int
        Threads that work on the blocks of a large batch. The results do not depend on it.
    """

    def __init__(self, architecture: Architecture, *, threads: int = 1) -> None:
        self.architecture = architecture
        self.layout = architecture.layout()
        self._executor = ThreadPoolExecutor(threads) if threads > 1 else None
        self._idle: dict[tuple, list[Stack]] = defaultdict(list)
        self._lock = threading.Lock()

    def gradients(
        self,
        theta: np.ndarray,
        batch: Batch,
        loss: Loss,
        *,
        states: States | None = None,
        inputs: bool = False,
        initial: bool = False,
        flow: bool = False,
        penalty: Penalty | None = None,
    ) -> Gradients:
        """Loss and gradients: one forward and one backward pass.

        Parameters
        ----------
        theta : (P,) or (R, P)
        batch : Batch
        loss : function
            One of `rnnlab.engine.losses`.
        states : per recurrence a list of (..., B, H), optional
            Initial states; the architecture's own (zero or learned) if left out.
        inputs, initial, flow : bool
            Whether to return these gradients too.
        penalty : function, optional
            A regularizer of the gradient flow (`rnnlab.engine.regularizers`): adds to loss and gradient.
        """
        scale = 1.0 / batch.sequences

        def work(block: Block) -> Gradients:
            with self._forward(theta, batch, states, block) as done:
                stack = done.stack
                value, d_outputs = done.loss(loss, scale)
                gradient = np.empty_like(done.parameters)
                traces = stack.traces() if flow or penalty else None
                d_initial = stack.backward(d_outputs, gradient, done.ended, traces)
                if penalty is not None and traces is not None:
                    value = value + penalty(stack, gradient, traces, scale, done.ended)
                return Gradients(
                    value,
                    gradient,
                    done.states,
                    _rows(stack.input_gradient()) if inputs else None,
                    [[_rows(state).copy() for state in states] for states in d_initial] if initial else None,
                    [_rows(trace.dh) for trace in traces] if flow and traces else None,
                )

        blocks = self._blocks(theta, batch)
        return join(list(run(work, blocks, self._executor)), blocks, theta)

    def loss(self, theta: np.ndarray, batch: Batch, loss: Loss, *, states: States | None = None) -> np.ndarray:
        """The loss alone, () or (R,): one forward pass. Complex parameters give a complex loss (complex step)."""
        scale = 1.0 / batch.sequences

        def work(block: Block) -> np.ndarray:
            with self._forward(theta, batch, states, block) as done:
                return done.loss(loss, scale)[0]

        blocks = self._blocks(theta, batch)
        return add_up(list(run(work, blocks, self._executor)), blocks, theta.shape[:-1])

    def outputs(self, theta: np.ndarray, batch: Batch, *, states: States | None = None) -> tuple[np.ndarray, States]:
        """Outputs, (..., B, O) or (T, ..., B, O), and the states after the last step: the forward pass alone.

        The targets of `batch` are not looked at.
        """
        last = self.architecture.readout == "last"

        def work(block: Block) -> tuple[np.ndarray, States]:
            with self._forward(theta, batch, states, block) as done:
                return _rows(done.outputs[0] if last else done.outputs), done.states

        blocks = self._blocks(theta, batch)
        parts = list(run(work, blocks, self._executor))
        lead = theta.ndim == 2
        outputs = assemble([part[0] for part in parts], blocks, lead=lead, time=not last)
        return outputs, assemble_states([part[1] for part in parts], blocks, lead)

    def activity(self, theta: np.ndarray, batch: Batch, *, states: States | None = None) -> list[dict[str, np.ndarray]]:
        """What every recurrence did, step by step: one forward pass.

        Returns
        -------
        list over recurrences of dict
            ``h``, (T + 1, ..., B, H), the initial state first; and by cell, (T, ..., B, H): ``a`` (vanilla),
            ``i f g o c c_prev tanh_c a_i a_f a_g a_o`` (LSTM) or ``r z m n a_r a_z a_n`` (GRU). A reverse recurrence
            counts its steps from the end.
        """

        def work(block: Block) -> list[dict[str, np.ndarray]]:
            with self._forward(theta, batch, states, block) as done:
                return [
                    {name: _rows(values).copy() for name, values in ({"h": r.h} | r.cell.activity()).items()}
                    for r in done.stack.recurrences
                ]

        blocks = self._blocks(theta, batch)
        parts = list(run(work, blocks, self._executor))
        return [
            {
                name: assemble([part[k][name] for part in parts], blocks, lead=theta.ndim == 2, time=True)
                for name in first
            }
            for k, first in enumerate(parts[0])
        ]

    def step(self, theta: np.ndarray, states: States | None, x: np.ndarray) -> tuple[np.ndarray, States]:
        """One element of a stream as it arrives: x (..., B, I) or (..., B) int to outputs (..., B, O) and new states.

        Feeding a sequence step by step gives what the whole sequence gives at once. A bidirectional network cannot: its
        outputs depend on elements that have not arrived yet.
        """
        if self.architecture.bidirectional:
            raise ValueError("A bidirectional network reads a sequence from both ends: it cannot be fed step by step.")
        tokens = np.issubdtype(x.dtype, np.integer)
        per_model = theta.ndim == 2 and x.ndim == (2 if tokens else 3)
        batch = Batch(x[None], per_model=per_model)
        outputs, states = self.outputs(theta, batch, states=states)
        return (outputs if self.architecture.readout == "last" else outputs[0]), states

    def _blocks(self, theta: np.ndarray, batch: Batch) -> list[Block]:
        a, itemsize = self.architecture, theta.itemsize
        cell, K = CELLS[a.cell], a.hidden_size + a.input_size + 1
        per_step = (K + cell.SLOTS * a.hidden_size) * itemsize * a.layers * a.directions
        work = K * cell.GATES * a.hidden_size
        return plan(len(theta) if theta.ndim == 2 else None, batch.sequences, batch.steps * per_step, work)

    @contextmanager
    def _forward(self, theta: np.ndarray, batch: Batch, states: States | None, block: Block) -> Iterator[_Forward]:
        """The forward pass of a block, on a stack that is its own until the context ends."""
        part, parameters = batch.cut(block, self.architecture.readout), _models(theta, block)
        lead = parameters.ndim == 2
        ended, initial = part.ended(lead), _cut_states(states, block, theta)
        with self._stack(part, parameters) as stack:
            outputs, finals = stack.forward(parameters, part.input_columns(lead), initial, ended)
            yield _Forward(stack, part, parameters, ended, outputs, finals)

    @contextmanager
    def _stack(self, part: Batch, parameters: np.ndarray) -> Iterator[Stack]:
        """A stack of the block's shape that no other thread is using, made where there is none."""
        lead = parameters.shape[:-1]
        key = (part.steps, part.sequences, lead, parameters.dtype, part.tokens)
        with self._lock:
            idle = self._idle[key]
            stack = idle.pop() if idle else None
        if stack is None:
            stack = Stack(
                self.architecture,
                self.layout,
                steps=part.steps,
                batch_size=part.sequences,
                lead=lead,
                dtype=parameters.dtype,
                tokens=part.tokens,
            )
        yield stack
        with self._lock:
            self._idle[key].append(stack)


def _rows(columns: np.ndarray) -> np.ndarray:
    return np.swapaxes(columns, -1, -2)


def _models(theta: np.ndarray, block: Block) -> np.ndarray:
    return theta if block.models is None else theta[block.which]


def _cut_states(states: States | None, block: Block, theta: np.ndarray) -> States | None:
    """The block's part of the states, as columns."""
    if states is None:
        return None
    index = (block.sequences,) if block.models is None else (block.which, block.sequences)
    return [[_rows(state[index]) for state in of_layer] for of_layer in states]
