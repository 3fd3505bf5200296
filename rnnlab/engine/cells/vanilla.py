"""The vanilla recurrence (Elman 1990), with the activation phi one of tanh, sigmoid, relu, identity.

    (1) a_t = h_{t-1} W_hh + x_t W_xh + b_h
    (2) h_t = phi(a_t)

Backward, from dh_t to da_t; the number is that of the step it differentiates:

    (2') da_t = dh_t * phi'(a_t)            a_t stands where da_t will
    (1') dh_{t-1} = da_t W_hh^T             done by the time loop

Source: Elman 1990, doi:10.1207/s15516709cog1402_1; notation of Pascanu, Mikolov, Bengio 2013, arXiv:1211.5063.
"""

import numpy as np

from rnnlab.engine.activations import ACTIVATIONS
from rnnlab.engine.buffers import zeros_per_step


class Vanilla:
    """Forward and backward step of the vanilla recurrence on the blocks of a tape.

    Parameters
    ----------
    h : (T + 1, ..., H, B) view
        States; `h[t]` is h_{t-1} of step t, `h[t + 1]` is where step t writes its state.
    tape : (T + 1, ..., H, B)
        One block a step: a_t, after the backward pass da_t.
    chunk : int
        Steps whose local derivatives are worked out at once.
    activation : str
        tanh, sigmoid, relu or identity.
    """

    GATES = 1
    SLOTS = 1
    STATES = ("h_0",)

    def __init__(self, h: np.ndarray, tape: np.ndarray, chunk: int, activation: str = "tanh") -> None:
        self._h = h
        self.forward, self._slope = ACTIVATIONS[activation].value, ACTIVATIONS[activation].slope
        self.preactivation = self.gradient = tape
        self.recurrent_rows = h.shape[-2]
        self.memory = None
        self.carry = None
        self.factors = zeros_per_step(chunk, (*h.shape[1:-2], 1, *h.shape[-2:]), h.dtype)
        self.factor_steps = [(step[..., 0, :, :],) for step in self.factors]
        self.forward_steps = list(zip(tape, h[1:], strict=True))
        self.backward_steps = [(da_t,) for da_t in tape]

    @staticmethod
    def shapes(input_size: int, hidden_size: int) -> dict[str, tuple[int, ...]]:
        H = hidden_size
        return {"W_hh": (H, H), "W_xh": (input_size, H), "b_h": (H,)}

    @staticmethod
    def pack(W: np.ndarray, extra: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """Weights as the loop wants them: (forward (A, K), backward (K, A)). Views here, nothing to rearrange."""
        return np.swapaxes(W, -1, -2), W

    @staticmethod
    def unpack(dW_loop: np.ndarray, dW: np.ndarray, d_extra: np.ndarray | None) -> None:
        """The gradient of the packed weights, written into the gradient of the parameters."""
        dW[...] = dW_loop

    def activity(self) -> dict[str, np.ndarray]:
        """What the cell did at each step besides h, (T, ..., H, B) by name, after a forward pass: a view."""
        return {"a": self.preactivation}

    def derivatives(self, start: int, stop: int) -> None:
        """phi'(a_t) for the steps start..stop - 1, the factors of dh."""
        h, slope = self._h[start + 1 : stop + 1], self.factors[: stop - start, ..., 0, :, :]
        self._slope(self.preactivation[start:stop], h, slope)

    @staticmethod
    def backward(dh: np.ndarray, slope: np.ndarray, da: np.ndarray) -> None:
        np.multiply(slope, dh, da)  # (2')
