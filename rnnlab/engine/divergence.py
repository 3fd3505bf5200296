"""Where a model diverged: the first tensor, in the order of computation, that is not finite, or its weights."""

import numpy as np

from rnnlab.engine.batch import Batch
from rnnlab.engine.network import Loss, Network, States

# Parameters that grew by this factor (from a norm of at least 1) hold nothing of what they were: that the loss is still
# a number says nothing.
MOST_GROWTH = 1e6
RUNAWAY = "weights"  # stands for the tensor where all of them are finite


def largest_norm(theta: np.ndarray) -> np.ndarray:
    """The norm that parameters (R, P) may come to before their model counts as diverged: (R,)."""
    with np.errstate(over="ignore", invalid="ignore"):
        return MOST_GROWTH * np.maximum(np.linalg.norm(theta.astype(np.float64, copy=False), axis=1), 1.0)


def describe(tensor: str) -> str:
    """A clause about the tensor in which a model diverged."""
    if tensor == RUNAWAY:
        return f"the weights have grown by a factor of more than {MOST_GROWTH:,.0f}"
    return f"{tensor} is not finite"


def first_non_finite(
    network: Network, theta: np.ndarray, batch: Batch, loss: Loss, states: States | None = None
) -> str:
    """Name the first non-finite tensor of a lone model's pass: parameter, state, output, loss or gradient.

    Parameters
    ----------
    network : Network
    theta : (P,)
    batch : Batch
        Without a model axis.
    loss : function
    states : per recurrence a list of (B, H), optional

    Returns
    -------
    str
        For example ``layer0.h at step 17``, ``loss`` or ``gradient of layer0.W_hh``; empty where all is finite.
    """
    for name, value in network.layout.views(theta).items():
        if not np.isfinite(value).all():
            return name
    parts = network.architecture.recurrences()
    for (name, _, reverse), activations in zip(parts, network.activations(theta, batch, states=states), strict=True):
        h = activations["h"][1:]
        bad = ~np.isfinite(h).all(axis=(1, 2))
        if bad.any():
            step = int(np.argmax(bad))
            return f"{name}.h at step {len(h) - 1 - step if reverse else step}"
    outputs, _ = network.outputs(theta, batch, states=states)
    if not np.isfinite(outputs).all():
        return "outputs"
    result = network.gradients(theta, batch, loss, states=states)
    if not np.isfinite(result.loss).all():
        return "loss"
    for name, value in network.layout.views(result.parameters).items():
        if not np.isfinite(value).all():
            return f"gradient of {name}"
    if not np.isfinite(network.layout.norms(result.parameters)).all():
        return "norm of the gradient"
    return ""
