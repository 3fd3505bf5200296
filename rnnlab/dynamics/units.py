"""How units are used: saturated, dead, and how open gates stand."""

import numpy as np

from rnnlab.engine.layers.layer import Trajectory


def saturated_share(trajectory: Trajectory) -> np.ndarray:
    """Share of states (over units, steps and sequences) in the flat part of their activation: (R,), in [0, 1].

    |h| > 0.95 for tanh (and the bounded states of the gated cells), h within 0.05 of 0 or 1 for sigmoid, h = 0 for
    relu; 0 for the identity, which has no flat part.
    """
    return trajectory.layer.saturated(trajectory).mean(axis=(0, 2, 3))


def dead_share(trajectory: Trajectory) -> np.ndarray:
    """Share of units that no step of no sequence moves: (R,), in [0, 1]. For relu, units that are 0 throughout."""
    h = trajectory.h[1:]
    still = np.all(h == h[:1, :, :1], axis=(0, 2))
    return still.mean(axis=-1)


def gate_openness(trajectory: Trajectory) -> dict[str, np.ndarray]:
    """Mean value of each gate over units, steps and sequences: name -> (R,), in [0, 1]; empty without gates."""
    return {name: trajectory.activations[name].mean(axis=(0, 2, 3)) for name in trajectory.layer.gates}
