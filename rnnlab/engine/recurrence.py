"""The time loop and backpropagation through time (BPTT), written once for all cells.

The state and the input stand one above the other in one buffer, z_t = [h_{t-1}; x_t; 1], and the weights in one matrix,
W = [W_hh; W_xh; b_h], so that a step costs one product; the state is written straight into z_{t+1}:

    forward    a_t = W^T z_t,               h_t from a_t by the cell                        t = 0 .. T - 1
    backward   da_t from dh_t by the cell,  dh_{t-1} = W_hh da_t + what the loss adds       t = T - 1 .. 0
    after      dW = sum_t z_t da_t^T        all weight gradients of the layer in one product

Arrays inside are time-major columns: (T, F, B), or (T, R, F, B) with a model axis.
Source: Werbos 1990, doi:10.1109/5.58337; Pascanu, Mikolov, Bengio 2013, arXiv:1211.5063, eq. 3 to 5.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from rnnlab.engine.buffers import zeros, zeros_per_step
from rnnlab.engine.cells import CELLS
from rnnlab.engine.products import StepProduct, sum_by_token, sum_over_time

# Steps whose local derivatives are worked out at once: as many as stay in the processor's nearest caches.
CHUNK_BYTES = 1 << 18
CHUNK_STEPS = 64
CUT_EVERY = 16  # steps between two looks for gradients that have vanished

Upstream = Callable[[int, int], np.ndarray | None]


@dataclass(frozen=True)
class Trace:
    """What BPTT keeps on request.

    Attributes
    ----------
    dh : (T, ..., H, B)
        dL/dh_t, the total gradient at every step.
    through : (T, ..., H, B)
        W_hh da_t: the part of dh_{t-1} that came back through step t.
    """

    dh: np.ndarray
    through: np.ndarray


class Recurrence:
    """One layer in one direction: the buffers of T steps of B sequences, its forward and its backward pass.

    Parameters
    ----------
    cell : str
        rnn, lstm or gru.
    activation : str
        Activation of the vanilla cell; the gated cells have theirs fixed.
    steps, batch_size, input_size, hidden_size : int
        T, B, I and H.
    lead : tuple of int
        () for a lone model, (R,) for R models side by side.
    dtype : numpy dtype
        float64 or float32; complex128 for the complex-step check of smooth cells.
    gathered : bool
        Inputs are tokens whose row of W_xh is looked up, not multiplied with a one-hot column.
    """

    def __init__(
        self,
        cell: str,
        activation: str,
        *,
        steps: int,
        lead: tuple[int, ...],
        batch_size: int,
        input_size: int,
        hidden_size: int,
        dtype,
        gathered: bool = False,
    ) -> None:
        T, B, I, H = steps, batch_size, input_size, hidden_size  # noqa: E741
        kind = CELLS[cell]
        self.input_size, self.hidden_size, self.gathered, self.lead = I, H, gathered, lead
        self.z = zeros_per_step(T + 1, (*lead, H if gathered else H + I + 1, B), dtype)
        if not gathered:
            self.z[..., -1, :] = 1
        self.h = self.z[..., :H, :]
        tape = zeros_per_step(T if kind.SLOTS == 1 else T + 1, (*lead, kind.SLOTS * H, B), dtype)
        self._chunk = int(np.clip(CHUNK_BYTES // max(1, tape[0].nbytes), 1, min(T, CHUNK_STEPS)))
        self.cell = kind(self.h, tape, self._chunk, activation)
        self.states = [self.h] if self.cell.memory is None else [self.h, self.cell.memory]
        self._dh = zeros((*lead, H, B), dtype)
        target = self.cell.preactivation
        if gathered:  # the tokens' part is there before the loop, which adds the state's
            target = target[..., : self.cell.recurrent_rows, :]
        read, da = self.h[:-1] if gathered else self.z[:-1], self.cell.gradient[..., : self.cell.recurrent_rows, :]
        self._forth = forth = StepProduct(target.shape[-2], read.shape[-2], B, lead)
        self._back = back = StepProduct(H, da.shape[-2], B, lead)
        self._from_h = zeros(target[0].shape, dtype) if gathered else None
        self._into = None if self._from_h is None else forth.out(self._from_h)
        # The views of every step are made once: making them anew would cost as much as the arithmetic of a small step.
        places = target if gathered else forth.out(target)
        self._forward_steps = list(zip(forth.columns(read), places, self.cell.forward_steps, strict=True))
        carry = self.cell.carry[:-1] if self.cell.carry else [None] * T
        self._backward_steps = list(zip(back.columns(da), carry, self.cell.backward_steps, strict=True))

    def load_weights(self, W: np.ndarray, extra: np.ndarray | None = None) -> None:
        """Take the weights for the passes to come: W = [W_hh; W_xh; b_h], (..., H + I + 1, G H), and the GRU's b_hn."""
        self._forward, self._backward = self.cell.pack(W, extra)

    def forward(
        self, inputs: np.ndarray, initial: Sequence[np.ndarray] | None = None, ended: np.ndarray | None = None
    ) -> list[np.ndarray]:
        """Run the recurrence over all steps.

        Parameters
        ----------
        inputs : (T, ..., I, B) numbers, or (T, ..., B) int tokens
            A model axis of length one where all models read the same. Values behind a sequence's end are not looked at.
        initial : sequence of (..., H, B), optional
            h_{-1}, and c_{-1} for the LSTM; zero if left out.
        ended : (T, ..., 1, B) bool, optional
            True where a sequence has no step t: there the state stands still.

        Returns
        -------
        list of (..., H, B)
            The states after the last step: copies.
        """
        for k, state in enumerate(self.states):
            state[0] = 0 if initial is None else initial[k]
        self._take_inputs(inputs, ended)
        weights = self._forward
        if self.gathered:
            weights = np.ascontiguousarray(weights[..., : self.cell.recurrent_rows, : self.hidden_size])
        weights = self._forth.matrix(weights)
        product, advance = self._forth.multiply, self.cell.forward
        from_h, into = self._from_h, self._into
        for t, (z_t, a_t, step) in enumerate(self._forward_steps):
            if from_h is None:
                product(weights, z_t, out=a_t)
            else:
                product(weights, z_t, out=into)
                np.add(a_t, from_h, out=a_t)
            advance(*step)
            if ended is not None:
                for state in self.states:
                    np.copyto(state[t + 1], state[t], where=ended[t])
        return [state[-1].copy() for state in self.states]

    def backward(
        self,
        upstream: Upstream,
        final: Sequence[np.ndarray | None] = (),
        ended: np.ndarray | None = None,
        trace: Trace | None = None,
        *,
        refilled: bool = False,
    ) -> list[np.ndarray]:
        """Backpropagation through time; leaves da_t of every step in the tape, where `weight_gradient` finds it.

        Parameters
        ----------
        upstream : (start, stop) -> (stop - start, ..., H, B) or None
            What the loss and the layers above add to dh_t; None where they add nothing.
        final : sequence of (..., H, B) or None
            Gradient of the final states; zero if left out.
        ended : as in `forward`
        trace : Trace, optional
            Arrays to fill with dh_t and W_hh da_t.
        refilled : bool
            The loss adds to every step, so that no gradient can vanish on its way back.

        Returns
        -------
        list of (..., H, B)
            Gradient of the initial states: views, valid until the next pass.
        """
        dh, T = self._dh, len(self._backward_steps)
        dh[...] = 0 if not final or final[0] is None else final[0]
        if self.cell.memory is not None:
            self.cell.memory_gradient[-1] = 0 if len(final) < 2 or final[1] is None else final[1]
        W_hh = np.ascontiguousarray(self._backward[..., : self.hidden_size, : self.cell.recurrent_rows])
        W_hh = self._back.matrix(W_hh)
        product, back = self._back.multiply, self._back.out(dh)
        retreat, factors = self.cell.backward, self.cell.factor_steps
        negligible = _negligible(dh.dtype)
        for stop in range(T, 0, -self._chunk):
            start = max(0, stop - self._chunk)
            self.cell.derivatives(start, stop)
            added = upstream(start, stop)
            if ended is not None:
                self._stand_still(start, stop, ended)
            for t in range(stop - 1, start - 1, -1):
                da_t, carry, step = self._backward_steps[t]
                if not refilled and (T - t) % CUT_EVERY == 0:  # before numbers get so small that they slow everything
                    _cut_off(dh, negligible)
                    if self.cell.memory is not None:
                        _cut_off(self.cell.memory_gradient[t + 1], negligible)
                if added is not None:
                    np.add(dh, added[t - start], out=dh)
                held = None if ended is None else dh.copy()
                if trace is not None:
                    trace.dh[t] = dh
                retreat(dh, *factors[t - start], *step)
                product(W_hh, da_t, out=back)
                if trace is not None:
                    trace.through[t] = dh
                if carry is not None:
                    np.add(dh, carry, out=dh)
                if held is not None and ended is not None:
                    np.copyto(dh, held, where=ended[t])
        return [dh] if self.cell.memory is None else [dh, self.cell.memory_gradient[0]]

    def input_gradient(self, start: int, stop: int) -> np.ndarray:
        """dL/dx_t of the steps start..stop - 1 after `backward`: (stop - start, ..., I, B)."""
        W_xh = self._backward[..., self.hidden_size : -1, :]
        return np.matmul(W_xh, self.cell.gradient[start:stop])

    def weight_gradient(self, dW: np.ndarray, d_extra: np.ndarray | None = None) -> None:
        """Write dL/dW, shaped as W in `load_weights`, and dL/db_hn where the cell has it, after `backward`."""
        da = self.cell.gradient
        total = sum_over_time(self.z[:-1], da)
        if self.gathered:
            by_token = sum_by_token(da, self._tokens, self.input_size)
            bias = da.sum(axis=(0, -1))[..., None, :]
            total = np.concatenate((total, by_token, bias), axis=-2)
        self.cell.unpack(total, dW, d_extra)

    def _take_inputs(self, inputs: np.ndarray, ended: np.ndarray | None) -> None:
        """Put the inputs where the loop reads them: rows of z_t, or the pre-activations that they alone determine."""
        H, I = self.hidden_size, self.input_size  # noqa: E741
        if self.gathered:
            table = np.swapaxes(self._forward[..., H:-1] + self._forward[..., -1:], -1, -2)  # (..., I, A)
            self._tokens = inputs
            self.cell.preactivation[...] = np.swapaxes(_look_up(table, inputs, self.lead), -1, -2)
            if ended is not None:
                np.copyto(self.cell.preactivation, self._forward[..., -1:], where=ended)
            return
        place = self.z[:-1, ..., H : H + I, :]
        if np.issubdtype(inputs.dtype, np.integer):
            place[...] = inputs[..., None, :] == np.arange(I)[:, None]  # one-hot columns
        else:
            place[...] = inputs
        if ended is not None:
            np.copyto(place, 0, where=ended)

    def _stand_still(self, start: int, stop: int, ended: np.ndarray) -> None:
        """Where a sequence has ended no gradient leaves the step, and the memory's passes through unchanged."""
        still, steps = ended[start:stop], slice(stop - start)
        np.copyto(self.cell.factors[steps], 0, where=still[..., None, :, :])
        if self.cell.memory is not None:
            np.copyto(self.cell.memory_factor[steps], 1, where=still)


def _negligible(dtype: np.dtype) -> float:
    """Magnitude below which a gradient is zero for all purposes: far enough above the denormal numbers."""
    return float(np.finfo(dtype).tiny) * 1e8


def _cut_off(gradient: np.ndarray, negligible: float) -> None:
    np.copyto(gradient, 0, where=np.abs(gradient) < negligible)


def _look_up(table: np.ndarray, tokens: np.ndarray, lead: tuple[int, ...]) -> np.ndarray:
    """Rows of `table` (..., I, A) for `tokens` (T, ..., B): (T, ..., B, A)."""
    return table[np.arange(lead[0])[:, None], tokens] if lead else table[tokens]
