"""A network's run over a batch, opened up: states, gates, and how a gradient steps back through each step.

Rows here, as in the formulas: a state is (H,), a_t = h_{t-1} W_hh + x_t W_xh + b_h. Arrays are (R, B, T, ...), models
and sequences first, so that one trajectory's steps lie side by side. The derivation is independent of the engine's
BPTT, which works on columns and in place; the tests hold one against the other.
"""

from dataclasses import dataclass

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


def _back_through(W_hh: np.ndarray, da: np.ndarray) -> np.ndarray:
    return np.matmul(da, np.swapaxes(W_hh, -1, -2))


def _pull_vanilla(t: Trajectory, steps: slice, dh: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    da = dh * t.slopes(steps)
    return da, _back_through(t.W_hh, da)


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
    return da, np.concatenate((_back_through(t.W_hh, da), dc * f), axis=-1)


def _pull_gru(t: Trajectory, steps: slice, dh: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r, z, m, n = (t.gates[k][..., steps, :] for k in ("r", "z", "m", "n"))
    h_prev = t.h[..., steps, :]
    du = dh * (1 - z) * (1 - n**2)
    da = np.concatenate((du * m * r * (1 - r), dh * (h_prev - n) * z * (1 - z), du * r), axis=-1)
    return da, _back_through(t.W_hh, da) + dh * z


_PULL_BACK = {"rnn": _pull_vanilla, "lstm": _pull_lstm, "gru": _pull_gru}
