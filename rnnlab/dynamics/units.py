"""How units are used: saturated, dead, and how open gates stand."""

import numpy as np

from rnnlab.dynamics.trajectory import Trajectory

# A tanh unit beyond this passes less than a tenth of a gradient; a sigmoid within this of 0 or 1 less than 9 % of one.
SATURATED_TANH = 0.95
SATURATED_SIGMOID = 0.05


def saturated_share(trajectory: Trajectory) -> np.ndarray:
    """Share of states (over units, steps and sequences) in the flat part of their activation: (R,), in [0, 1].

    |h| > 0.95 for tanh (and the bounded states of the gated cells), h within 0.05 of 0 or 1 for sigmoid, h = 0 for
    relu; 0 for the identity, which has no flat part.
    """
    h = trajectory.h[..., 1:, :]
    if trajectory.cell != "rnn" or trajectory.activation == "tanh":
        flat = np.abs(h) > SATURATED_TANH
    elif trajectory.activation == "sigmoid":
        flat = np.minimum(h, 1 - h) < SATURATED_SIGMOID
    elif trajectory.activation == "relu":
        flat = h <= 0
    else:
        flat = np.zeros(h.shape, bool)
    return flat.mean(axis=(1, 2, 3))


def dead_share(trajectory: Trajectory) -> np.ndarray:
    """Share of units that no step of no sequence moves: (R,), in [0, 1]. For relu, units that are 0 throughout."""
    h = trajectory.h[..., 1:, :]
    still = np.all(h == h[:, :1, :1], axis=(1, 2))
    return still.mean(axis=-1)


def gate_openness(trajectory: Trajectory) -> dict[str, np.ndarray]:
    """Mean value of each sigmoid gate over units, steps and sequences: name -> (R,), in [0, 1]; empty without gates."""
    names = {"lstm": ("i", "f", "o"), "gru": ("r", "z"), "rnn": ()}[trajectory.cell]
    return {name: trajectory.gates[name].mean(axis=(1, 2, 3)) for name in names}
