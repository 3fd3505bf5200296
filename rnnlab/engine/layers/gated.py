"""The family of layers whose state feeds back through a matrix: the time loop and backpropagation, written once.

The state and the input stand one above the other in one buffer, z_t = [h_{t-1}; x_t; 1], and the weights in one
matrix, W = [W_hh; W_xh; b_h], so that a step costs one product; the state is written straight into z_{t+1}. A layer
supplies its `Step`, what stands between a_t and h_t and between dh_t and da_t:

    (1)  a_t = W^T z_t,           h_t from a_t by the step                          t = 0 .. T - 1
    (1') dh_{t-1} = W_hh da_t,    da_t from dh_t by the step                        t = T - 1 .. 0
         dW = sum_t z_t da_t^T    all weight gradients of the layer in one product  after the loop

Arrays inside are time-major columns: (T, F, B), or (T, R, F, B) with a model axis. Each gate is then one contiguous
block whatever the batch, and the products serve all gates at once; the row form of the formulas, `a_t = z_t W`, is the
same read sideways.

A step keeps what it needs in `SAVED` blocks of h rows. Forward fills the blocks with gates. `differentiate` works out
the local Jacobians of several steps at a time, as many as stay in the processor's nearest caches; `backward` multiplies
these with the gradient that arrives and leaves da_t where the gates were. So nothing is kept twice.

Source: Werbos 1990, doi:10.1109/5.58337; Pascanu, Mikolov, Bengio 2013, arXiv:1211.5063, eq. 3 to 5.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from rnnlab.engine.buffers import zeros, zeros_per_step
from rnnlab.engine.layers.layer import Layer, Parameter, Recurrence, Sizes, State, Trace, Trajectory, Upstream
from rnnlab.engine.parameters import Layout
from rnnlab.engine.products import StepProduct, sum_by_token, sum_over_time

# Steps whose local Jacobians are worked out at once: as many as stay in the processor's nearest caches.
CHUNK_BYTES = 1 << 18
CHUNK_STEPS = 64
CUT_EVERY = 16  # steps between two looks for gradients that have vanished
SATURATED = 0.95  # beyond it a tanh unit passes less than a tenth of a gradient


class Step(ABC):
    """What a layer of the family does between the products, on buffers that it is given.

    Attributes
    ----------
    preactivation, gradient : (T, ..., A, B)
        Where the loop writes W^T z_t, and where it finds da_t.
    recurrent_rows : int
        Rows of them that see the state; the rest sees the input alone.
    cell_state, d_cell_state : (T + 1, ..., H, B) or None
        A second state, c_{t-1} at place t, and its gradient.
    skip_path : list of T arrays (..., H, B), or None
        What dh_{t-1} gets from dh_t beside W_hh da_t.
    local_jacobians : (chunk, ..., K, H, B)
        Of the steps that `differentiate` was last asked for.
    jacobian_of_step : list
        The local Jacobians step by step, as `backward` takes them.
    views : list
        Named views of each step, as `forward` and `backward` take them: made once, since making them anew would cost as
        much as the arithmetic of a small step.
    """

    preactivation: np.ndarray
    gradient: np.ndarray
    recurrent_rows: int
    cell_state: np.ndarray | None = None
    d_cell_state: np.ndarray | None = None
    skip_path: list[np.ndarray] | None = None
    local_jacobians: np.ndarray
    jacobian_of_step: list[Any]
    views: list[Any]

    def pack(self, W: np.ndarray, others: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Weights as the loop wants them, (forward (..., A, K), backward (..., K, A)), from W and what is not in it."""
        return np.swapaxes(W, -1, -2), W

    def unpack(self, dW_loop: np.ndarray, dW: np.ndarray, d_others: Mapping[str, np.ndarray]) -> None:
        """The gradient of the packed weights, written into the gradient of the parameters."""
        dW[...] = dW_loop

    @abstractmethod
    def forward(self, now: Any) -> None:
        """h_t, and what is to be kept, from the pre-activations."""

    @abstractmethod
    def activations(self) -> dict[str, np.ndarray]:
        """What the layer did at each step besides h, (T, ..., H, B) by name, after a forward pass."""

    @abstractmethod
    def differentiate(self, start: int, stop: int) -> None:
        """Work out the local Jacobians of the steps start..stop - 1; the activations may be lost.

        What is kept is read at [start:stop], and `local_jacobians` filled at [: stop - start].
        """

    @abstractmethod
    def backward(self, dh: np.ndarray, jacobian: Any, now: Any) -> None:
        """da_t, and the gradient of the cell state and the skip path, from dh_t."""

    def stand_still(self, mask: np.ndarray) -> None:
        """Where the mask (n, ..., 1, B) is True no gradient leaves the step."""
        np.copyto(self.local_jacobians[: len(mask)], 0, where=mask[..., None, :, :])


class GatedLayer(Layer):
    """A layer of the family.

    Attributes
    ----------
    GATES : int
        Blocks of h columns in W.
    SAVED : int
        Blocks of h rows that a step keeps.
    """

    GATES = 1
    SAVED = 1

    def states(self, hidden_size: int) -> tuple[State, ...]:
        return (State("h", (hidden_size,)),)

    def parameters(self, input_size: int, hidden_size: int) -> dict[str, Parameter]:
        H, G = hidden_size, self.GATES
        return {
            "W_hh": Parameter((H, G * H), gates=G),
            "W_xh": Parameter((input_size, G * H), gates=G),
            "b_h": Parameter((G * H,), "zeros", gates=G),
        }

    def numbers_per_step(self, input_size: int, hidden_size: int) -> int:
        return hidden_size + input_size + 1 + self.SAVED * hidden_size

    def work_per_step(self, input_size: int, hidden_size: int) -> int:
        return (hidden_size + input_size + 1) * self.GATES * hidden_size

    @abstractmethod
    def step(self, h: np.ndarray, saved: np.ndarray, chunk: int) -> Step:
        """The layer's step on buffers.

        Parameters
        ----------
        h : (T + 1, ..., H, B) view
            `h[t]` is h_{t-1} of step t, `h[t + 1]` is where step t writes its state.
        saved : (T, ..., SAVED H, B), or (T + 1, ...) where SAVED > 1
            The last row is for a second state kept in one of the blocks, which has T + 1 values as h has; a layer
            without one uses `saved[:-1]`.
        chunk : int
            Most steps whose local Jacobians are worked out at once.
        """

    def recurrence(self, sizes: Sizes, layout: Layout) -> "GatedRecurrence":
        return GatedRecurrence(self, sizes, layout)

    def saturated(self, trajectory: Trajectory) -> np.ndarray:
        return np.abs(trajectory.h[1:]) > SATURATED


class GatedRecurrence(Recurrence):
    """The loop and its buffers."""

    def __init__(self, layer: GatedLayer, sizes: Sizes, layout: Layout) -> None:
        T, B, I, H = sizes.steps, sizes.batch_size, sizes.input_size, sizes.hidden_size  # noqa: E741
        ensemble, dtype = sizes.ensemble, sizes.dtype
        self._sizes, self._layout = sizes, layout
        self._others = [name for name in layout.names if name not in ("W_hh", "W_xh", "b_h")]
        self.z = zeros_per_step(T + 1, (*ensemble, H if sizes.lookup else H + I + 1, B), dtype)
        if not sizes.lookup:
            self.z[..., -1, :] = 1
        h = self.z[..., :H, :]
        saved = zeros_per_step(T if layer.SAVED == 1 else T + 1, (*ensemble, layer.SAVED * H, B), dtype)
        chunk = sizes.chunk or CHUNK_BYTES // max(1, saved[0].nbytes)
        self._chunk = int(np.clip(chunk, 1, min(T, CHUNK_STEPS)))
        self.step = step = layer.step(h, saved, self._chunk)
        self.states = [h] if step.cell_state is None else [h, step.cell_state]
        self._dh = zeros((*ensemble, H, B), dtype)
        self._negligible = _negligible(self._dh.dtype)
        target = step.preactivation
        if sizes.lookup:  # the tokens' part is there before the loop, which adds the state's
            target = target[..., : step.recurrent_rows, :]
        read, da = self.h[:-1] if sizes.lookup else self.z[:-1], self.da[..., : step.recurrent_rows, :]
        self._product = StepProduct(target.shape[-2], read.shape[-2], B, ensemble)
        self._product_back = StepProduct(H, da.shape[-2], B, ensemble)
        self._from_h = zeros(target[0].shape, dtype) if sizes.lookup else None
        places = target if sizes.lookup else self._product.out(target)
        self._forward_steps = list(zip(self._product.columns(read), places, step.views, strict=True))
        self._backward_steps = list(zip(self._product_back.columns(da), step.views, strict=True))

    @property
    def da(self) -> np.ndarray:
        """(T, ..., A, B): da_t of every step after `backward`."""
        return self.step.gradient

    def load(self, theta: np.ndarray) -> None:
        self._forward, self._backward = self.step.pack(*self._weights(theta))

    def forward(
        self, inputs: np.ndarray, initial: Sequence[np.ndarray] | None = None, mask: np.ndarray | None = None
    ) -> list[np.ndarray]:
        for k, state in enumerate(self.states):
            state[0] = 0 if initial is None else initial[k]
        self._take_inputs(inputs, mask)
        product, W = self._step_product()
        forward = self.step.forward
        for t, (z_t, a_t, now) in enumerate(self._forward_steps):
            product(W, z_t, out=a_t)  # (1) a_t = W^T z_t
            forward(now)  # h_t from a_t
            if mask is not None:
                self._keep_states(t, mask[t])
        return [state[-1].copy() for state in self.states]

    def backward(
        self,
        upstream: Upstream,
        final: Sequence[np.ndarray | None] = (),
        mask: np.ndarray | None = None,
        trace: Trace | None = None,
        *,
        loss_at_every_step: bool = False,
    ) -> list[np.ndarray]:
        dh, step, T = self._dh, self.step, self._sizes.steps
        self._take_final(final)
        W_hh = self._product_back.matrix(
            np.ascontiguousarray(self._backward[..., : self._sizes.hidden_size, : step.recurrent_rows])
        )
        product, into_dh, skip_path = self._product_back.multiply, self._product_back.out(dh), step.skip_path
        backward, jacobians, aside = step.backward, step.jacobian_of_step, _Aside(dh, mask, trace)
        for stop in range(T, 0, -self._chunk):
            start = max(0, stop - self._chunk)
            step.differentiate(start, stop)
            added = upstream(start, stop)
            if mask is not None:
                step.stand_still(mask[start:stop])
            for t in range(stop - 1, start - 1, -1):
                da_t, now = self._backward_steps[t]
                if not loss_at_every_step and (T - t) % CUT_EVERY == 0:
                    self._drop_vanished(t)
                if added is not None:
                    np.add(dh, added[t - start], out=dh)
                if aside.asked:
                    aside.arrived(t)
                backward(dh, jacobians[t - start], now)  # da_t from dh_t
                product(W_hh, da_t, out=into_dh)  # (1') dh_{t-1} = W_hh da_t
                if aside.asked:
                    aside.left(t)
                if skip_path is not None:
                    np.add(dh, skip_path[t], out=dh)
                if mask is not None:
                    aside.keep(t)
        return [dh] if step.d_cell_state is None else [dh, step.d_cell_state[0]]

    def input_gradient(self, start: int, stop: int) -> np.ndarray:
        W_xh = self._backward[..., self._sizes.hidden_size : -1, :]
        return np.matmul(W_xh, self.da[start:stop])

    def write_gradient(self, d_theta: np.ndarray) -> None:
        da = self.da
        total = sum_over_time(self.z[:-1], da)
        if self._sizes.lookup:
            by_token = sum_by_token(da, self._tokens, self._sizes.input_size)
            bias = da.sum(axis=(0, -1))[..., None, :]
            total = np.concatenate((total, by_token, bias), axis=-2)
        self.step.unpack(total, *self._weights(d_theta))

    def activations(self) -> dict[str, np.ndarray]:
        return self.step.activations()

    def _weights(self, flat: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """[W_hh; W_xh; b_h] as one matrix (..., H + I + 1, G H), and the other parameters by name."""
        others = {name: self._layout.view(flat, name) for name in self._others}
        return self._layout.joined(flat, "W_hh", "W_xh", "b_h"), others

    def _step_product(self) -> tuple[Callable[..., object], np.ndarray]:
        """A product (W, z_t, out=a_t) and its W; where tokens are looked up, it adds W_hh^T h_{t-1} to their part."""
        multiply, from_h = self._product.multiply, self._from_h
        if from_h is None:
            return multiply, self._product.matrix(self._forward)
        W_hh = self._forward[..., : self.step.recurrent_rows, : self._sizes.hidden_size]
        into = self._product.out(from_h)

        def add_product(W, h_t, *, out):
            multiply(W, h_t, out=into)
            np.add(out, from_h, out=out)

        return add_product, self._product.matrix(np.ascontiguousarray(W_hh))

    def _take_inputs(self, inputs: np.ndarray, mask: np.ndarray | None) -> None:
        """Put the inputs where the loop reads them: rows of z_t, or the pre-activations that they alone determine."""
        H, I = self._sizes.hidden_size, self._sizes.input_size  # noqa: E741
        if self._sizes.lookup:
            table = np.swapaxes(self._forward[..., H:-1] + self._forward[..., -1:], -1, -2)  # (..., I, A)
            self._tokens = inputs
            rows = _look_up(table, inputs, self._sizes.ensemble)
            self.step.preactivation[...] = np.swapaxes(rows, -1, -2)
            if mask is not None:
                np.copyto(self.step.preactivation, self._forward[..., -1:], where=mask)
            return
        place = self.z[:-1, ..., H : H + I, :]
        if np.issubdtype(inputs.dtype, np.integer):
            place[...] = inputs[..., None, :] == np.arange(I)[:, None]  # one-hot columns
        else:
            place[...] = inputs
        if mask is not None:
            np.copyto(place, 0, where=mask)

    def _take_final(self, final: Sequence[np.ndarray | None]) -> None:
        """Start from the gradient of the final states."""
        self._dh[...] = 0 if not final or final[0] is None else final[0]
        if self.step.d_cell_state is not None:
            self.step.d_cell_state[-1] = 0 if len(final) < 2 or final[1] is None else final[1]

    def _keep_states(self, t: int, mask: np.ndarray) -> None:
        """Where a sequence has no step t its states stay as they were."""
        for state in self.states:
            np.copyto(state[t + 1], state[t], where=mask)

    def _drop_vanished(self, t: int) -> None:
        """Set gradients that have vanished to 0, before numbers get so small that they slow everything."""
        _drop_below(self._dh, self._negligible)
        if self.step.d_cell_state is not None:
            _drop_below(self.step.d_cell_state[t + 1], self._negligible)


class _Aside:
    """What a backward pass does beside its two equations: keep a trace, and the gradient of ended sequences."""

    def __init__(self, dh: np.ndarray, mask: np.ndarray | None, trace: Trace | None) -> None:
        self._dh, self._mask, self._trace = dh, mask, trace
        self._arrived = None if mask is None else np.empty_like(dh)
        self.asked = mask is not None or trace is not None

    def arrived(self, t: int) -> None:
        """dh_t is complete."""
        if self._arrived is not None:
            np.copyto(self._arrived, self._dh)
        if self._trace is not None:
            self._trace.dh[t] = self._dh

    def left(self, t: int) -> None:
        """W_hh da_t stands where dh_{t-1} will."""
        if self._trace is not None:
            self._trace.through[t] = self._dh

    def keep(self, t: int) -> None:
        """Where a sequence has no step t its gradient goes on as it arrived."""
        if self._mask is not None and self._arrived is not None:
            np.copyto(self._dh, self._arrived, where=self._mask[t])


def _negligible(dtype: np.dtype) -> float:
    """Magnitude below which a gradient is zero for all purposes: far enough above the denormal numbers."""
    return float(np.finfo(dtype).tiny) * 1e8


def _drop_below(gradient: np.ndarray, negligible: float) -> None:
    np.copyto(gradient, 0, where=np.abs(gradient) < negligible)


def _look_up(table: np.ndarray, tokens: np.ndarray, ensemble: tuple[int, ...]) -> np.ndarray:
    """Rows of `table` (..., I, A) for `tokens` (T, ..., B): (T, ..., B, A)."""
    return table[np.arange(ensemble[0])[:, None], tokens] if ensemble else table[tokens]
