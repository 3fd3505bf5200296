"""A network's run over a batch, opened up: states, gates, and how a gradient steps back through each step.

Rows here, as in the formulas: a state is (H,), a_t = h_{t-1} W_hh + x_t W_xh + b_h. What a step's derivative is, the
layer says; the derivation is independent of its backpropagation, which works on columns and in place; the tests hold
one against the other.
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
    activations, architecture = network.activations(theta, batch, states=states)[layer], network.architecture
    if theta.ndim == 1:
        theta, activations = theta[None], {name: values[:, None] for name, values in activations.items()}
    name, input_size, _ = architecture.recurrences()[layer]
    keys = architecture.layer.parameters(input_size, architecture.hidden_size)
    weights = {key: network.layout.view(theta, f"{name}.{key}") for key in keys}
    return Trajectory(architecture.layer, weights, activations.pop("h"), activations)
