"""A network's run over a batch, opened up: states, gates, and how a gradient steps back through each step.

Rows here, as in the formulas: a state is (H,), a_t = h_{t-1} W_hh + x_t W_xh + b_h. Arrays are (R, B, T, ...), models
and sequences first, so that one trajectory's steps lie side by side. What a step's derivative is, the layer says; the
derivation is independent of its backpropagation, which works on columns and in place; the tests hold one against the
other.
"""

import numpy as np

from rnnlab.engine.batch import Batch
from rnnlab.engine.layers.layer import Trajectory
from rnnlab.engine.network import Network, States

__all__ = ["Trajectory", "follow"]


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
    activations = network.activations(theta, batch, states=states)[layer]
    lone, architecture = theta.ndim == 1, network.architecture
    activations = {name: _models_first(values, lone) for name, values in activations.items()}
    name, input_size, _ = architecture.recurrences()[layer]
    keys = architecture.layer.parameters(input_size, architecture.hidden_size)
    weights = {key: network.layout.view(theta, f"{name}.{key}") for key in keys}
    weights = {key: view[None, None] if lone else view[:, None] for key, view in weights.items()}
    return Trajectory(architecture.layer, weights, activations.pop("h"), activations)


def _models_first(values: np.ndarray, lone: bool) -> np.ndarray:
    """(T, [R,] B, H) to (R, B, T, H)."""
    return np.ascontiguousarray(np.moveaxis(values[:, None] if lone else values, 0, 2))
