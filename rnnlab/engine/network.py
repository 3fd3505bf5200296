"""A network as functions: parameters and a batch in, loss and hand-derived gradients out."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from rnnlab.engine.architecture import Architecture
from rnnlab.engine.batch import Batch
from rnnlab.engine.checks import check_pass, check_upstream
from rnnlab.engine.gradients import Gradients, States, add_up, assemble_states, join
from rnnlab.engine.layers.layer import Trace
from rnnlab.engine.shards import Shard, assemble, plan, run
from rnnlab.engine.stack import Stack

# Shapes of shards whose buffers are kept: a training has a few (the last minibatch, the last segment are shorter), and
# sequences of all lengths, one by one, must not keep buffers for each of them.
KEPT_SHAPES = 8

Loss = Callable[[np.ndarray, np.ndarray, np.ndarray | None, float], tuple[np.ndarray, np.ndarray]]
Penalty = Callable[[Stack, np.ndarray, list[Trace], float, np.ndarray | None], np.ndarray]


@dataclass(frozen=True)
class _Forward:
    """A shard after its forward pass: its part of batch and parameters, and what the stack says, as columns."""

    stack: Stack
    part: Batch
    parameters: np.ndarray
    mask: np.ndarray | None
    outputs: np.ndarray
    finals: list[list[np.ndarray]]

    def loss(self, loss: Loss, scale: float) -> tuple[np.ndarray, np.ndarray]:
        """The loss of the shard and its gradient with respect to the outputs."""
        every, ensemble = self.stack.architecture.readout == "every", self.parameters.ndim == 2
        weights = self.part.weight_columns(every, ensemble)
        return loss(self.outputs, self.part.target_columns(every, ensemble), weights, scale)

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
        Threads that work on the shards of a large batch. The results do not depend on it.
    chunk : int, optional
        Most steps that a layer works out at once on its way back; its own choice if left out. The results do not
        depend on it: a small one lets a proof on a few steps meet the borders that a long sequence has.
    """

    def __init__(self, architecture: Architecture, *, threads: int = 1, chunk: int | None = None) -> None:
        self.architecture, self._chunk = architecture, chunk
        self.layout = architecture.layout()
        self._executor = ThreadPoolExecutor(threads) if threads > 1 else None
        self._idle: OrderedDict[tuple, list[Stack]] = OrderedDict()  # the shapes used last at the end
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
        check_pass(self.architecture, self.layout.size, theta, batch, states, loss)
        scale = 1.0 / batch.sequences

        def work(shard: Shard) -> Gradients:
            with self._forward(theta, batch, states, shard) as done:
                stack = done.stack
                value, d_outputs = done.loss(loss, scale)
                gradient = np.empty_like(done.parameters)
                traces = stack.traces() if flow or penalty else None
                d_initial = stack.backward(d_outputs, gradient, done.mask, traces)
                if penalty is not None and traces is not None:
                    value = value + penalty(stack, gradient, traces, scale, done.mask)
                return Gradients(
                    value,
                    gradient,
                    done.states,
                    _rows(stack.input_gradient()) if inputs else None,
                    [[_rows(state).copy() for state in states] for states in d_initial] if initial else None,
                    [_rows(trace.dh) for trace in traces] if flow and traces else None,
                )

        shards = self._shards(theta, batch)
        return join(list(run(work, shards, self._executor)), shards, theta)

    def pull_back(
        self,
        theta: np.ndarray,
        batch: Batch,
        d_outputs: np.ndarray,
        d_finals: States | None = None,
        *,
        states: States | None = None,
        inputs: bool = False,
        initial: bool = False,
    ) -> Gradients:
        """The gradient of any loss of outputs and final states, from its gradient with respect to them.

        So an encoder is trained through what reads its final states, and a network through whatever reads its outputs.

        Parameters
        ----------
        theta, batch, states, inputs, initial : as in `gradients`
            The targets of the batch are not looked at.
        d_outputs : shaped as the outputs, (..., B, O) or (T, ..., B, O)
            What stands where a sequence has no step is not looked at.
        d_finals : shaped as the final states, optional
            Zero if left out.

        Returns
        -------
        Gradients
            `loss` is the inner product of the upstream gradient with outputs and final states.
        """
        check_pass(self.architecture, self.layout.size, theta, batch, states)
        check_upstream(self.architecture, theta, batch, d_outputs, d_finals)

        def work(shard: Shard) -> Gradients:
            with self._forward(theta, batch, states, shard) as done:
                upstream, d_last = self._cut_upstream(d_outputs, shard, done.mask), _cut_states(d_finals, shard)
                gradient = np.empty_like(done.parameters)
                value = (upstream * done.outputs).sum(axis=(0, -2, -1))
                for of_layer, finals in zip(d_last or (), done.finals, strict=False):
                    value += sum((d * state).sum(axis=(-2, -1)) for d, state in zip(of_layer, finals, strict=True))
                d_initial = done.stack.backward(upstream, gradient, done.mask, d_finals=d_last)
                return Gradients(
                    value,
                    gradient,
                    done.states,
                    _rows(done.stack.input_gradient()) if inputs else None,
                    [[_rows(state).copy() for state in of] for of in d_initial] if initial else None,
                )

        shards = self._shards(theta, batch)
        return join(list(run(work, shards, self._executor)), shards, theta)

    def loss(self, theta: np.ndarray, batch: Batch, loss: Loss, *, states: States | None = None) -> np.ndarray:
        """The loss alone, () or (R,): one forward pass. Complex parameters give a complex loss (complex step)."""
        check_pass(self.architecture, self.layout.size, theta, batch, states, loss)
        scale = 1.0 / batch.sequences

        def work(shard: Shard) -> np.ndarray:
            with self._forward(theta, batch, states, shard) as done:
                return done.loss(loss, scale)[0]

        shards = self._shards(theta, batch)
        return add_up(list(run(work, shards, self._executor)), shards, theta.shape[:-1])

    def outputs(self, theta: np.ndarray, batch: Batch, *, states: States | None = None) -> tuple[np.ndarray, States]:
        """Outputs, (..., B, O) or (T, ..., B, O), and the states after the last step: the forward pass alone.

        The targets of `batch` are not looked at.
        """
        return self._read(theta, batch, states, lambda done: _rows(done.outputs))

    def top_states(self, theta: np.ndarray, batch: Batch, *, states: States | None = None) -> tuple[np.ndarray, States]:
        """What the readout reads, (..., B, F) or (T, ..., B, F), and the states after the last step.

        F is H, or 2 H where the layers are bidirectional. So a readout is fitted by other means.
        """
        return self._read(theta, batch, states, lambda done: _rows(done.stack.top).copy())

    def _read(
        self, theta: np.ndarray, batch: Batch, states: States | None, rows: Callable[[_Forward], np.ndarray]
    ) -> tuple[np.ndarray, States]:
        """Rows (S, ..., B, F) of a forward pass and the states after its last step."""
        check_pass(self.architecture, self.layout.size, theta, batch, states)
        last = self.architecture.readout == "last"

        def work(shard: Shard) -> tuple[np.ndarray, States]:
            with self._forward(theta, batch, states, shard) as done:
                found = rows(done)
                return (found[0] if last else found), done.states

        shards = self._shards(theta, batch)
        parts = list(run(work, shards, self._executor))
        ensemble = theta.ndim == 2
        whole = assemble([part[0] for part in parts], shards, ensemble=ensemble, time=not last)
        return whole, assemble_states([part[1] for part in parts], shards, ensemble)

    def activations(
        self, theta: np.ndarray, batch: Batch, *, states: States | None = None
    ) -> list[dict[str, np.ndarray]]:
        """What every recurrence did, step by step: one forward pass.

        Returns
        -------
        list over recurrences of dict
            ``h``, (T + 1, ..., B, H), the initial state first; and by cell, (T, ..., B, H): ``a`` (vanilla),
            ``i f g o c c_prev tanh_c a_i a_f a_g a_o`` (LSTM) or ``r z m n a_r a_z a_n`` (GRU). A reverse recurrence
            counts its steps from the end.
        """
        check_pass(self.architecture, self.layout.size, theta, batch, states)

        def work(shard: Shard) -> list[dict[str, np.ndarray]]:
            with self._forward(theta, batch, states, shard) as done:
                return [
                    {name: _rows(values).copy() for name, values in ({"h": r.h} | r.activations()).items()}
                    for r in done.stack.recurrences
                ]

        shards = self._shards(theta, batch)
        parts = list(run(work, shards, self._executor))
        return [
            {
                name: assemble([part[k][name] for part in parts], shards, ensemble=theta.ndim == 2, time=True)
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

    def _cut_upstream(self, d_outputs: np.ndarray, shard: Shard, mask: np.ndarray | None) -> np.ndarray:
        """The shard's part of a gradient of the outputs, as columns (S, ..., O, B), zero where there is no step."""
        every = self.architecture.readout == "every"
        which = () if shard.models is None else (shard.which,)
        columns = _rows(d_outputs[(slice(None),) * every + which + (shard.sequences,)])
        columns = np.array(columns if every else columns[None], order="C")
        if every and mask is not None:
            np.copyto(columns, 0, where=mask)
        return columns

    def _shards(self, theta: np.ndarray, batch: Batch) -> list[Shard]:
        a = self.architecture
        per_step = a.layer.numbers_per_step(a.input_size, a.hidden_size) * theta.itemsize * a.layers * a.directions
        work = a.layer.work_per_step(a.input_size, a.hidden_size)
        return plan(len(theta) if theta.ndim == 2 else None, batch.sequences, batch.steps * per_step, work)

    @contextmanager
    def _forward(self, theta: np.ndarray, batch: Batch, states: States | None, shard: Shard) -> Iterator[_Forward]:
        """The forward pass of a shard, on a stack that is its own until the context ends."""
        part, parameters = batch.cut(shard, self.architecture.readout), _models(theta, shard)
        ensemble = parameters.ndim == 2
        mask, initial = part.mask(ensemble), _cut_states(states, shard)
        with self._stack(part, parameters) as stack:
            outputs, finals = stack.forward(parameters, part.input_columns(ensemble), initial, mask)
            yield _Forward(stack, part, parameters, mask, outputs, finals)

    @contextmanager
    def _stack(self, part: Batch, parameters: np.ndarray) -> Iterator[Stack]:
        """A stack of the shard's shape that no other thread is using, made where there is none."""
        ensemble = parameters.shape[:-1]
        key = (part.steps, part.sequences, ensemble, parameters.dtype, part.tokens)
        with self._lock:
            idle = self._idle.get(key)
            stack = idle.pop() if idle else None
        if stack is None:
            stack = Stack(
                self.architecture,
                self.layout,
                steps=part.steps,
                batch_size=part.sequences,
                ensemble=ensemble,
                dtype=parameters.dtype,
                tokens=part.tokens,
                chunk=self._chunk,
            )
        yield stack
        with self._lock:
            self._idle.setdefault(key, []).append(stack)
            self._idle.move_to_end(key)
            while len(self._idle) > KEPT_SHAPES:
                self._idle.popitem(last=False)


def _rows(columns: np.ndarray) -> np.ndarray:
    return np.swapaxes(columns, -1, -2)


def _models(theta: np.ndarray, shard: Shard) -> np.ndarray:
    return theta if shard.models is None else theta[shard.which]


def _cut_states(states: States | None, shard: Shard) -> States | None:
    """The shard's part of the states, as columns."""
    if states is None:
        return None
    index = (shard.sequences,) if shard.models is None else (shard.which, shard.sequences)
    return [[_rows(state[index]) for state in of_layer] for of_layer in states]
