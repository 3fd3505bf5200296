"""Recurrent layers one above the other and a linear readout, forward and backward, for one block of sequences.

    x -> layer 0 -> layer 1 -> ... -> h -> o = W_ho^T h + b_o

Arrays are columns inside: (T, ..., F, B). A bidirectional layer is two recurrences, the second on the steps reversed.
"""

from collections.abc import Callable

import numpy as np

from rnnlab.engine.architecture import Architecture
from rnnlab.engine.layers.layer import Recurrence, Sizes, Trace
from rnnlab.engine.parameters import Layout
from rnnlab.engine.products import apply_to_steps, sum_over_time

# From this vocabulary on, looking a token's weights up costs less than the product with its one-hot column. So it does
# for many models of one sequence each, which wait for their weights to come from memory.
LOOK_UP_FROM = 96


class Stack:
    """Buffers and passes of a network for blocks of one shape.

    Parameters
    ----------
    architecture : Architecture
    layout : Layout
    steps, batch_size : int
        T and B.
    ensemble : tuple of int
        () or (R,).
    dtype : numpy dtype
    tokens : bool
        Inputs are integers.
    chunk : int, optional
        As in `Network`.
    """

    def __init__(
        self,
        architecture: Architecture,
        layout: Layout,
        *,
        steps: int,
        batch_size: int,
        ensemble: tuple[int, ...],
        dtype,
        tokens: bool,
        chunk: int | None = None,
    ) -> None:
        self.architecture, self._layout, self._steps, self._ensemble = architecture, layout, steps, ensemble
        self._parts = architecture.recurrences()
        self.recurrences: list[Recurrence] = []
        self.top: np.ndarray  # what the readout reads, (S, ..., F, B), after `forward`
        for index, (name, input_size, _) in enumerate(self._parts):
            lookup = tokens and index < architecture.directions and _look_up(ensemble, batch_size, input_size)
            shape = (steps, batch_size, input_size, architecture.hidden_size, ensemble)
            sizes = Sizes(*shape, np.dtype(dtype), lookup, chunk)
            keys = architecture.layer.parameters(input_size, architecture.hidden_size)
            self.recurrences.append(architecture.layer.recurrence(sizes, layout.part(name, keys)))

    def forward(self, theta: np.ndarray, inputs: np.ndarray, states=None, mask: np.ndarray | None = None):
        """Outputs (S, ..., O, B) and final states, given inputs as columns (T, ..., I, B) or tokens (T, ..., B).

        `states` holds per recurrence the list of its initial states (..., H, B); None means the architecture's own.
        """
        self._theta, finals, below = theta, [], inputs
        self._starts_from_own = states is None
        for layer in range(self.architecture.layers):
            above = []
            for index in self._of_layer(layer):
                name, _, reverse = self._parts[index]
                recurrence = self.recurrences[index]
                recurrence.load(theta)
                initial = self._initial(theta, name) if states is None else states[index]
                read, masked = (below[::-1], _reversed(mask)) if reverse else (below, mask)
                finals.append(recurrence.forward(read, initial, masked))
                above.append(recurrence.h[:0:-1] if reverse else recurrence.h[1:])
            below = above[0] if len(above) == 1 else np.concatenate(above, axis=-2)
        self.top = self._read_from(below, finals)
        W_ho, b_o = self._layout.view(theta, "readout.W_ho"), self._layout.view(theta, "readout.b_o")
        outputs = apply_to_steps(np.swapaxes(W_ho, -1, -2), self.top)
        outputs += b_o[..., None]
        return outputs, finals

    def backward(
        self,
        d_outputs: np.ndarray,
        d_theta: np.ndarray,
        mask: np.ndarray | None = None,
        traces: list[Trace] | None = None,
        d_finals: list[list[np.ndarray]] | None = None,
    ) -> list[list[np.ndarray]]:
        """Write dL/dtheta into `d_theta` and return the gradient of the initial states, after `forward`.

        `d_finals` is what the loss says to the final states themselves, shaped as they are.
        """
        self._layout.view(d_theta, "readout.W_ho")[...] = sum_over_time(self.top, d_outputs)
        self._layout.view(d_theta, "readout.b_o")[...] = d_outputs.sum(axis=(0, -1))
        W_ho = self._layout.view(self._theta, "readout.W_ho")
        d_initial: list[list[np.ndarray]] = [[] for _ in self._parts]
        for layer in reversed(range(self.architecture.layers)):
            for direction, index in enumerate(self._of_layer(layer)):
                name, _, reverse = self._parts[index]
                final: list = [None] * len(self.architecture.states) if d_finals is None else list(d_finals[index])
                if layer < self.architecture.layers - 1:
                    source = self._from_layer(layer + 1, direction)
                elif self.architecture.readout == "every":
                    source = _from_readout(self._rows(W_ho, direction), d_outputs)
                else:
                    source, read = _nothing, np.matmul(self._rows(W_ho, direction), d_outputs[0])
                    final[0] = read if final[0] is None else final[0] + read
                if reverse:
                    source = _in_reverse(source, self._steps)
                masked = _reversed(mask) if reverse else mask
                trace = None if traces is None else traces[index]
                everywhere = self.architecture.readout == "every" and bool(np.any(d_outputs[self._steps // 2]))
                recurrence = self.recurrences[index]
                d_initial[index] = recurrence.backward(source, final, masked, trace, loss_at_every_step=everywhere)
                recurrence.write_gradient(d_theta)
                if self.architecture.initial_state == "learned":
                    for view, gradient in zip(self._learned(d_theta, name), d_initial[index], strict=True):
                        view[...] = gradient.sum(axis=-1) if self._starts_from_own else 0
        for name in self._layout.frozen:
            self._layout.view(d_theta, name)[...] = 0
        return d_initial

    def traces(self) -> list[Trace]:
        """Empty arrays for what BPTT is to keep, one pair per recurrence."""
        shape = [recurrence.h[1:] for recurrence in self.recurrences]
        return [Trace(np.empty(h.shape, h.dtype), np.empty(h.shape, h.dtype)) for h in shape]

    def input_gradient(self) -> np.ndarray:
        """dL/dx, (T, ..., I, B), after `backward`."""
        return self._from_layer(0, None)(0, self._steps)

    def _of_layer(self, layer: int) -> range:
        return range(layer * self.architecture.directions, (layer + 1) * self.architecture.directions)

    def _learned(self, flat: np.ndarray, name: str) -> list[np.ndarray]:
        if self.architecture.initial_state != "learned":
            return []
        return [self._layout.view(flat, f"{name}.{state.initial}") for state in self.architecture.states]

    def _initial(self, theta: np.ndarray, name: str) -> list[np.ndarray] | None:
        return [state[..., None] for state in self._learned(theta, name)] or None

    def _rows(self, W_ho: np.ndarray, direction: int) -> np.ndarray:
        H = self.architecture.hidden_size
        return W_ho[..., direction * H : (direction + 1) * H, :]

    def _read_from(self, states: np.ndarray, finals: list) -> np.ndarray:
        """What the readout reads: the states of every step, or each direction's state after its last step."""
        if self.architecture.readout == "every":
            return states
        return np.concatenate([final[0] for final in finals[-self.architecture.directions :]], axis=-2)[None]

    def _from_layer(self, layer: int, direction: int | None) -> Callable:
        """Gradient of what a layer reads: the rows that come from `direction` of the layer below, or all of them."""
        H = self.architecture.hidden_size
        rows = slice(None) if direction is None else slice(direction * H, (direction + 1) * H)
        parts = [(self.recurrences[index].input_gradient, self._parts[index][2]) for index in self._of_layer(layer)]
        gradients = [_in_reverse(part, self._steps) if reverse else part for part, reverse in parts]
        return lambda start, stop: sum(gradient(start, stop)[..., rows, :] for gradient in gradients)


def _from_readout(W_ho: np.ndarray, d_outputs: np.ndarray) -> Callable:
    return lambda start, stop: apply_to_steps(W_ho, d_outputs[start:stop])


def _nothing(_start: int, _stop: int) -> None:
    return None


def _in_reverse(source: Callable, steps: int) -> Callable:
    """The same source for a recurrence that counts its steps from the end."""

    def reversed_source(start: int, stop: int):
        gradient = source(steps - stop, steps - start)
        return None if gradient is None else gradient[::-1]

    return reversed_source


def _reversed(mask: np.ndarray | None) -> np.ndarray | None:
    return None if mask is None else mask[::-1]


def _look_up(ensemble: tuple[int, ...], batch_size: int, vocabulary: int) -> bool:
    return vocabulary >= LOOK_UP_FROM or (bool(ensemble) and batch_size == 1)
