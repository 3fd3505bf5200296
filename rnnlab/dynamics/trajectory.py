"""A network's run over a batch, opened up: states, gates, and how a gradient steps back through each step.

Rows here, as in the formulas: a state is (H,), a_t = h_{t-1} W_hh + x_t W_xh + b_h. Arrays are (R, B, T, ...), models
and sequences first, so that one trajectory's steps lie side by side. The derivation is independent of the engine's
BPTT, which works on columns and in place; the tests hold one against the other.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rnnlab.engine.activations import ACTIVATIONS
from rnnlab.engine.batch import Batch
from rnnlab.engine.network import Network, States


def shut(a: np.ndarray) -> np.ndarray:
    """1 - sigmoid(a), which keeps its digits where the gate is open."""
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(a))


def sigmoid_slope(a: np.ndarray) -> np.ndarray:
    """sigmoid'(a) = 1 / (4 cosh(a / 2)^2)."""
    return 0.25 * tanh_slope(0.5 * a)


def tanh_slope(a: np.ndarray) -> np.ndarray:
    """tanh'(a) = 1 / cosh(a)^2."""
    with np.errstate(over="ignore", under="ignore"):
        return np.square(1 / np.cosh(a))


SLOPES = {
    "tanh": tanh_slope,
    "sigmoid": sigmoid_slope,
    "relu": lambda a: (a > 0).astype(a.dtype),
    "identity": np.ones_like,
}


@dataclass(frozen=True)
class Trajectory:
    """What one recurrence did over T steps.

    Attributes
    ----------
    cell, activation : str
    W_hh : (R, 1, H, G H)
        Recurrent weights, gates in the parameters' order.
    h : (R, B, T + 1, H)
        States, the initial one first.
    gates : mapping of str to (R, B, T, H)
        ``i f g o c c_prev tanh_c`` (LSTM), ``r z m n`` (GRU), and the pre-activations ``a_i``, ``a_r``, ...; ``a`` of
        the vanilla cell.
    """

    cell: str
    activation: str
    W_hh: np.ndarray
    h: np.ndarray
    gates: dict[str, np.ndarray]

    @property
    def steps(self) -> int:
        return self.h.shape[-2] - 1

    @property
    def hidden_size(self) -> int:
        return self.h.shape[-1]

    @property
    def state_size(self) -> int:
        """Numbers that go from one step to the next: H, and 2 H for the LSTM, whose state is [h, c]."""
        return self.hidden_size * (2 if self.cell == "lstm" else 1)

    @property
    def gamma(self) -> float:
        """Largest slope of the vanilla cell's activation."""
        return ACTIVATIONS[self.activation].gamma

    def pull_back(self, steps: slice, adjoint: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Take gradients back through steps.

        Parameters
        ----------
        steps : slice
            Either one step for n gradients, or n steps for one gradient each.
        adjoint : (R, B, n, S)
            Gradients with respect to the states after these steps; for the LSTM dh and dc side by side.

        Returns
        -------
        da : (R, B, n, G H)
            Gradient of h_{t-1} W_hh, by the gates' order.
        before : (R, B, n, S)
            Gradient with respect to the states before these steps.
        """
        return _PULL_BACK[self.cell](self, steps, adjoint)

    def carry_back(self, step: int, adjoint: np.ndarray) -> np.ndarray:
        """Take many gradients (R, B, n, S) back through one step: `before` of `pull_back`, faster for large n.

        The step's Jacobian is put together first, H x H however many gates there are, and multiplied once.
        """
        return _CARRY_BACK[self.cell](self, step, adjoint)

    @cached_property
    def weights_back(self) -> np.ndarray:
        """(R, 1, G H, H): W_hh^T, contiguous, which products are fastest with."""
        return np.ascontiguousarray(np.swapaxes(self.W_hh, -1, -2))

    @cached_property
    def gates_back(self) -> np.ndarray:
        """(R, 1, G, H, H): weights_back gate by gate, a view."""
        return self.weights_back.reshape(*self.weights_back.shape[:2], -1, self.hidden_size, self.hidden_size)

    def slopes(self, steps: slice) -> np.ndarray:
        """phi'(a_t) of the vanilla cell: (R, B, n, H)."""
        return SLOPES[self.activation](self.gates["a"][..., steps, :])

    def gate(self, steps: slice, *names: str) -> tuple[np.ndarray, ...]:
        """What is in `gates` under these names, (R, B, n, H) each."""
        return tuple(self.gates[name][..., steps, :] for name in names)


def follow(
    network: Network, theta: np.ndarray, batch: Batch, *, states: States | None = None, layer: int = 0
) -> Trajectory:
    """Run a network over a batch and keep what a recurrence did.

    Parameters
    ----------
    network : Network
    theta : (P,) or (R, P)
        A lone model counts as R = 1.
    batch : Batch
        Sequences of equal length.
    states : optional
        Initial states.
    layer : int
        Index of the recurrence, bottom layer first, forward direction before the reverse one.
    """
    activity = network.activity(theta, batch, states=states)[layer]
    lone = theta.ndim == 1
    activity = {name: _models_first(values, lone) for name, values in activity.items()}
    W_hh = network.layout.view(theta, f"{network.architecture.recurrences()[layer][0]}.W_hh")
    W_hh = W_hh[None, None] if lone else W_hh[:, None]
    a = network.architecture
    return Trajectory(a.cell, a.activation, W_hh, activity.pop("h"), activity)


def _models_first(values: np.ndarray, lone: bool) -> np.ndarray:
    """(T, [R,] B, H) to (R, B, T, H)."""
    return np.ascontiguousarray(np.moveaxis(values[:, None] if lone else values, 0, 2))


def _pull_vanilla(t: Trajectory, steps: slice, dh: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    da = dh * t.slopes(steps)
    return da, np.matmul(da, t.weights_back)


def _pull_lstm(t: Trajectory, steps: slice, adjoint: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    H = t.hidden_size
    i, f, g, o, c, c_prev, tanh_c = t.gate(steps, "i", "f", "g", "o", "c", "c_prev", "tanh_c")
    a_i, a_f, a_g, a_o = t.gate(steps, "a_i", "a_f", "a_g", "a_o")
    dh, dc = adjoint[..., :H], adjoint[..., H:]
    dc = dc + dh * o * tanh_slope(c)
    da = np.concatenate(
        (
            dc * g * sigmoid_slope(a_i),
            dc * c_prev * sigmoid_slope(a_f),
            dc * i * tanh_slope(a_g),
            dh * tanh_c * sigmoid_slope(a_o),
        ),
        axis=-1,
    )
    return da, np.concatenate((np.matmul(da, t.weights_back), dc * f), axis=-1)


def _pull_gru(t: Trajectory, steps: slice, dh: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r, z, m, n, a_r, a_z, a_n = t.gate(steps, "r", "z", "m", "n", "a_r", "a_z", "a_n")
    h_prev = t.h[..., steps, :]
    du = dh * shut(a_z) * tanh_slope(a_n)
    da = np.concatenate((du * m * sigmoid_slope(a_r), dh * (h_prev - n) * sigmoid_slope(a_z), du * r), axis=-1)
    return da, np.matmul(da, t.weights_back) + dh * z


_PULL_BACK = {"rnn": _pull_vanilla, "lstm": _pull_lstm, "gru": _pull_gru}


def _carry_vanilla(t: Trajectory, step: int, dh: np.ndarray) -> np.ndarray:
    return np.matmul(dh, _scaled(t.slopes(slice(step, step + 1)), t.gates_back[:, :, 0]))


def _carry_lstm(t: Trajectory, step: int, adjoint: np.ndarray) -> np.ndarray:
    H, W = t.hidden_size, t.gates_back
    now = slice(step, step + 1)
    i, f, g, o, c, c_prev, tanh_c = t.gate(now, "i", "f", "g", "o", "c", "c_prev", "tanh_c")
    a_i, a_f, a_g, a_o = t.gate(now, "a_i", "a_f", "a_g", "a_o")
    dh, dc = adjoint[..., :H], adjoint[..., H:]
    dc = dc + dh * (o * tanh_slope(c))
    through_c = _scaled(g * sigmoid_slope(a_i), W[:, :, 0])
    through_c += _scaled(c_prev * sigmoid_slope(a_f), W[:, :, 1])
    through_c += _scaled(i * tanh_slope(a_g), W[:, :, 2])
    before = np.empty_like(adjoint)
    before[..., :H] = np.matmul(dc, through_c) + np.matmul(dh, _scaled(tanh_c * sigmoid_slope(a_o), W[:, :, 3]))
    before[..., H:] = dc * f
    return before


def _carry_gru(t: Trajectory, step: int, dh: np.ndarray) -> np.ndarray:
    W, now = t.gates_back, slice(step, step + 1)
    r, z, m, n, a_r, a_z, a_n = t.gate(now, "r", "z", "m", "n", "a_r", "a_z", "a_n")
    h_prev = t.h[..., now, :]
    u = shut(a_z) * tanh_slope(a_n)
    J = _scaled(u * m * sigmoid_slope(a_r), W[:, :, 0])
    J += _scaled((h_prev - n) * sigmoid_slope(a_z), W[:, :, 1])
    J += _scaled(u * r, W[:, :, 2])
    return np.matmul(dh, J) + dh * z


def _scaled(factors: np.ndarray, W: np.ndarray) -> np.ndarray:
    """diag(factors) W: (R, B, 1, H) and (R, 1, H, H) to (R, B, H, H)."""
    return np.swapaxes(factors, -1, -2) * W


_CARRY_BACK = {"rnn": _carry_vanilla, "lstm": _carry_lstm, "gru": _carry_gru}
