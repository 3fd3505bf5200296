"""A network's run over a batch, opened up: states, gates, and how a gradient steps back through each step.

Rows here, as in the formulas: a state is (H,), a_t = h_{t-1} W_hh + x_t W_xh + b_h. Arrays are (R, B, T, ...), models
and sequences first, so that one trajectory's steps lie side by side. The derivation is independent of the engine's
BPTT, which works on columns and in place; the tests hold one against the other.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rnnlab.engine.batch import Batch
from rnnlab.engine.network import Network, States

# phi' written in terms of h = phi(a), and its largest value, gamma.
SLOPES = {
    "tanh": (lambda h: 1 - h * h, 1.0),
    "sigmoid": (lambda h: h * (1 - h), 0.25),
    "relu": (lambda h: (h > 0).astype(h.dtype), 1.0),
    "identity": (np.ones_like, 1.0),
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
        ``i f g o c_prev tanh_c`` (LSTM), ``r z m n`` (GRU), nothing for the vanilla cell.
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
        return SLOPES[self.activation][1]

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
        after = slice(steps.start + 1, steps.stop + 1)
        return SLOPES[self.activation][0](self.h[..., after, :])


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
    i, f, g, o, c_prev, tanh_c = (t.gates[k][..., steps, :] for k in ("i", "f", "g", "o", "c_prev", "tanh_c"))
    dh, dc = adjoint[..., :H], adjoint[..., H:]
    dc = dc + dh * o * (1 - tanh_c**2)
    da = np.concatenate(
        (
            dc * g * i * (1 - i),
            dc * c_prev * f * (1 - f),
            dc * i * (1 - g**2),
            dh * tanh_c * o * (1 - o),
        ),
        axis=-1,
    )
    return da, np.concatenate((np.matmul(da, t.weights_back), dc * f), axis=-1)


def _pull_gru(t: Trajectory, steps: slice, dh: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r, z, m, n = (t.gates[k][..., steps, :] for k in ("r", "z", "m", "n"))
    h_prev = t.h[..., steps, :]
    du = dh * (1 - z) * (1 - n**2)
    da = np.concatenate((du * m * r * (1 - r), dh * (h_prev - n) * z * (1 - z), du * r), axis=-1)
    return da, np.matmul(da, t.weights_back) + dh * z


_PULL_BACK = {"rnn": _pull_vanilla, "lstm": _pull_lstm, "gru": _pull_gru}


def _carry_vanilla(t: Trajectory, step: int, dh: np.ndarray) -> np.ndarray:
    return np.matmul(dh, _scaled(t.slopes(slice(step, step + 1)), t.gates_back[:, :, 0]))


def _carry_lstm(t: Trajectory, step: int, adjoint: np.ndarray) -> np.ndarray:
    H, W = t.hidden_size, t.gates_back
    i, f, g, o, c_prev, tanh_c = (t.gates[k][..., step : step + 1, :] for k in ("i", "f", "g", "o", "c_prev", "tanh_c"))
    dh, dc = adjoint[..., :H], adjoint[..., H:]
    dc = dc + dh * (o * (1 - tanh_c**2))
    through_c = _scaled(g * i * (1 - i), W[:, :, 0])
    through_c += _scaled(c_prev * f * (1 - f), W[:, :, 1])
    through_c += _scaled(i * (1 - g**2), W[:, :, 2])
    before = np.empty_like(adjoint)
    before[..., :H] = np.matmul(dc, through_c) + np.matmul(dh, _scaled(tanh_c * o * (1 - o), W[:, :, 3]))
    before[..., H:] = dc * f
    return before


def _carry_gru(t: Trajectory, step: int, dh: np.ndarray) -> np.ndarray:
    W, h_prev = t.gates_back, t.h[..., step : step + 1, :]
    r, z, m, n = (t.gates[k][..., step : step + 1, :] for k in ("r", "z", "m", "n"))
    u = (1 - z) * (1 - n**2)
    J = _scaled(u * m * r * (1 - r), W[:, :, 0])
    J += _scaled((h_prev - n) * z * (1 - z), W[:, :, 1])
    J += _scaled(u * r, W[:, :, 2])
    return np.matmul(dh, J) + dh * z


def _scaled(factors: np.ndarray, W: np.ndarray) -> np.ndarray:
    """diag(factors) W: (R, B, 1, H) and (R, 1, H, H) to (R, B, H, H)."""
    return np.swapaxes(factors, -1, -2) * W


_CARRY_BACK = {"rnn": _carry_vanilla, "lstm": _carry_lstm, "gru": _carry_gru}
