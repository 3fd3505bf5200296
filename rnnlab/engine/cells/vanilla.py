"""The vanilla recurrence (Elman 1990), with the activation phi one of tanh, sigmoid, relu, identity.

    (1) a_t = h_{t-1} W_hh + x_t W_xh + b_h
    (2) h_t = phi(a_t)

Backward, from dh_t to da_t; the number is that of the step it differentiates:

    (2') da_t = dh_t * phi'(a_t)            phi' written in terms of h_t, so that a_t need not be kept
    (1') dh_{t-1} = da_t W_hh^T             done by the time loop

Source: Elman 1990, doi:10.1207/s15516709cog1402_1; notation of Pascanu, Mikolov, Bengio 2013, arXiv:1211.5063.
"""

from collections.abc import Callable

import numpy as np

from rnnlab.engine.buffers import zeros_per_step


class Vanilla:
    """Forward and backward step of the vanilla recurrence on the blocks of a tape.

    Parameters
    ----------
    h : (T + 1, ..., H, B) view
        States; `h[t]` is h_{t-1} of step t, `h[t + 1]` is where step t writes its state.
    tape : (T + 1, ..., H, B)
        One block a step: da_t.
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
        self.forward, self._slope = ACTIVATIONS[activation]
        self.preactivation = h[1:]  # (1) is written straight into the place of h_t
        self.gradient = tape
        self.recurrent_rows = h.shape[-2]
        self.memory = None
        self.carry = None
        self.factors = zeros_per_step(chunk, (*h.shape[1:-2], 1, *h.shape[-2:]), h.dtype)
        self.factor_steps = [(step[..., 0, :, :],) for step in self.factors]
        self.forward_steps = [(h_t,) for h_t in h[1:]]
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
        """What the cell did at each step besides h, (T, ..., H, B) by name, after a forward pass: nothing here."""
        return {}

    def derivatives(self, start: int, stop: int) -> None:
        """phi'(a_t) for the steps start..stop - 1, the factors of dh."""
        self._slope(self._h[start + 1 : stop + 1], self.factors[: stop - start, ..., 0, :, :])

    @staticmethod
    def backward(dh: np.ndarray, slope: np.ndarray, da: np.ndarray) -> None:
        np.multiply(slope, dh, da)  # (2')


def _tanh(a: np.ndarray) -> None:
    np.tanh(a, out=a)


def _tanh_slope(h: np.ndarray, slope: np.ndarray) -> None:
    np.multiply(h, h, out=slope)
    np.subtract(1, slope, out=slope)


def _sigmoid(a: np.ndarray) -> None:
    np.multiply(a, 0.5, out=a)
    np.tanh(a, out=a)
    np.multiply(a, 0.5, out=a)
    np.add(a, 0.5, out=a)


def _sigmoid_slope(h: np.ndarray, slope: np.ndarray) -> None:
    np.subtract(1, h, out=slope)
    np.multiply(slope, h, out=slope)


def _relu(a: np.ndarray) -> None:
    np.maximum(a, 0, out=a)


def _relu_slope(h: np.ndarray, slope: np.ndarray) -> None:
    np.greater(h, 0, out=slope, casting="unsafe")


def _identity(a: np.ndarray) -> None:
    pass


def _identity_slope(h: np.ndarray, slope: np.ndarray) -> None:
    slope[...] = 1


ACTIVATIONS: dict[str, tuple[Callable, Callable]] = {
    "tanh": (_tanh, _tanh_slope),
    "sigmoid": (_sigmoid, _sigmoid_slope),
    "relu": (_relu, _relu_slope),
    "identity": (_identity, _identity_slope),
}
