"""Terms added to the loss: L2 on the weights, and Pascanu's Omega against vanishing gradients."""

from collections.abc import Callable

import numpy as np

from rnnlab.engine.layers.gated import GatedRecurrence
from rnnlab.engine.layers.layer import Trace
from rnnlab.engine.parameters import Layout
from rnnlab.engine.products import sum_over_time
from rnnlab.engine.stack import Stack

FORMS = ("squared", "norm")
# A gradient with a smaller ||g||^2 has no direction worth keeping: such steps count as q = 1.
NEGLIGIBLE = 1e-20


def l2(theta: np.ndarray, gradient: np.ndarray, layout: Layout, weight: float) -> np.ndarray:
    """L2 regularization, 0.5 weight ||W||^2 over the weights; biases and initial states are left out.

    Parameters
    ----------
    theta : (P,) or (R, P)
    gradient : as theta
        weight W is added to it in place.
    layout : Layout
    weight : float

    Returns
    -------
    float64, () or (R,)
        What is to be added to the loss.
    """
    squares = np.zeros(theta.shape[:-1])
    for name in layout.names:
        if name.rpartition(".")[2].startswith("W_") and name not in layout.frozen:
            W, dW = layout.view(theta, name), layout.view(gradient, name)
            dW += weight * W
            squares += np.square(W, dtype=np.float64).sum(axis=(-2, -1))
    return 0.5 * weight * squares


def omega(alpha: float, form: str = "squared") -> Callable[..., np.ndarray]:
    """Omega, which asks that the gradient keep its norm from step to step: a penalty for `Network.gradients`.

    With g_t = dL/dh_t of a sequence's own loss, v_t = W_hh da_t, which is what reaches h_{t-1} through step
    t, and q_t = ||v_t||^2 / ||g_t||^2,

        squared   Omega = mean over sequences of the mean over their steps of (q_t - 1)^2
        norm      the same of (sqrt(q_t) - 1)^2

    summed over the recurrences of the network. The derivative is the immediate one, g and h held constant:

        squared   dW_hh += mean of 4 (q - 1) / ||g||^2  v da^T
        norm      dW_hh += mean of 2 (1 - 1 / sqrt(q)) / ||g||^2  v da^T

    Steps with ||g||^2 below 1e-20 count as q = 1. All T steps count, the one into the initial state too.

    Parameters
    ----------
    alpha : float
        Factor on the term and on its derivative.
    form : str
        squared, as in the paper's code; norm, as in its equation 9.

    Returns
    -------
    function
        (stack, gradient, traces, scale, mask=None) -> alpha Omega of the shard, float64 () or (R,); adds
        alpha times the derivative to each W_hh of the gradient (..., P). `scale` is 1 / number of sequences
        in the whole batch, so that shards add up; `mask` (T, ..., 1, B) is True where a sequence has ended.

    Raises
    ------
    ValueError
        An unknown form; and when called, a cell other than the vanilla one.

    Source: Pascanu, Mikolov, Bengio 2013, arXiv:1211.5063, eq. 9 and 10; the squared form from the authors'
    published code, which divides by the number of steps that are not negligible where this divides by all.
    """
    if form not in FORMS:
        raise ValueError(f"The 'form' of Omega must be squared or norm; got {form!r}.")

    def add(
        stack: Stack, gradient: np.ndarray, traces: list[Trace], scale: float, mask: np.ndarray | None = None
    ) -> np.ndarray:
        architecture = stack.architecture
        if not architecture.layer.additive:
            raise ValueError(f"Omega is defined for the vanilla cell, 'rnn', alone; got {architecture.layer.name!r}.")
        layout, value = architecture.layout(), np.zeros(gradient.shape[:-1])
        for (name, _, reverse), recurrence, trace in zip(
            architecture.recurrences(), stack.recurrences, traces, strict=True
        ):
            masked = mask[::-1] if reverse and mask is not None else mask
            assert isinstance(recurrence, GatedRecurrence)
            term, derivative = _omega(trace, recurrence.da, scale, form, masked)
            value += alpha * term
            layout.view(gradient, f"{name}.W_hh")[...] += alpha * derivative
        return value

    return add


def _omega(trace: Trace, da: np.ndarray, scale: float, form: str, mask: np.ndarray | None):
    """Omega of one recurrence and its derivative, (...) and (..., H, H), from columns (T, ..., H, B)."""
    g_squared, v_squared = _squared_norms(trace.dh), _squared_norms(trace.through)
    # The trace has scale times the gradient of a sequence's own loss. What is not a number counts, and shows.
    counts = ~(g_squared < NEGLIGIBLE * scale**2)
    steps = len(da)
    if mask is not None:
        counts &= ~mask[..., 0, :]
        steps = np.maximum((~mask[..., 0, :]).sum(axis=0), 1)  # (..., B)
    share = scale / steps
    g_squared = np.where(counts, g_squared, 1.0)
    q = np.where(counts, v_squared / g_squared, 1.0)
    if form == "squared":
        terms, slope = np.square(q - 1), 4 * (q - 1)
    else:
        root = np.sqrt(q)
        terms = np.square(root - 1)
        slope = 2 * (1 - 1 / np.where(root > 0, root, 1.0))  # v = 0: no direction to go
    norm = np.sqrt(g_squared)
    left = trace.through * (share * slope / norm).astype(da.dtype)[..., None, :]
    right = da * (1 / norm).astype(da.dtype)[..., None, :]
    return (share * terms).sum(axis=(0, -1)), sum_over_time(left, right)


def _squared_norms(columns: np.ndarray) -> np.ndarray:
    """||column||^2 of (T, ..., H, B), in float64: (T, ..., B)."""
    return np.square(columns, dtype=np.float64).sum(axis=-2)
