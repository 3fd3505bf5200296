"""Gradient by lag: how much of the loss's gradient reaches back how far.

Two curves, which must not be confused. *Total*, ||dL/dh_{T-k}|| with a loss at every step: it is refilled at each
step and hides decay. *Transport*, ||dL_T/dh_{T-k}|| for a loss at the last step alone: this is what vanishes or
explodes.
"""

from collections.abc import Iterator

import numpy as np

from rnnlab.engine.batch import Batch
from rnnlab.engine.layers.layer import Trajectory
from rnnlab.engine.network import Loss, Network, States
from rnnlab.engine.norms import norm


def total(
    network: Network,
    theta: np.ndarray,
    batch: Batch,
    loss: Loss,
    *,
    states: States | None = None,
    layer: int = -1,
) -> np.ndarray:
    """||dL/dh_{T-k}||_F of the whole loss, for k = 0 .. T - 1: (T,) or (R, T), by backpropagation through time.

    The norm runs over the batch and the units; L is the mean over the batch. `layer` is an index of a recurrence.
    """
    flow = network.gradients(theta, batch, loss, states=states, flow=True).flow
    assert flow is not None
    return _norm_by_lag(flow[layer])


def transport(
    network: Network,
    theta: np.ndarray,
    batch: Batch,
    loss: Loss,
    *,
    states: States | None = None,
    layer: int = -1,
) -> np.ndarray:
    """||dL_T/dh_{T-k}||_F for a loss at the recurrence's last step alone, k = 0 .. T - 1: (T,) or (R, T).

    That is the last step of the sequences, and for a recurrence that runs backwards their first. A network that reads
    at the last step has a loss there alone.
    """
    if network.architecture.readout == "every":
        reverse = network.architecture.recurrences()[layer][2]
        loss = _at_one_step(loss, 0 if reverse else batch.steps - 1)
    return total(network, theta, batch, loss, states=states, layer=layer)


def _at_one_step(loss: Loss, step: int) -> Loss:
    """What a loss says at one step of sequences of equal length, nothing at the others."""

    def one_step(o, y, weights, scale):
        now = slice(step, step + 1)
        value, gradient = loss(o[now], y[now], None if weights is None else weights[now], scale)
        everywhere = np.zeros_like(o)
        everywhere[now] = gradient
        return value, everywhere

    return one_step


def loss_adjoints(
    network: Network, theta: np.ndarray, batch: Batch, loss: Loss, *, states: States | None = None
) -> np.ndarray:
    """dl_t/dh_t, what the loss at step t alone says to the top state of step t: (T, R, B, H).

    L is the mean over the batch.

    A network that reads at the last step has a loss there alone: all other steps are 0. Of a bidirectional network, the
    states of its forward direction.
    """
    every, lead = network.architecture.readout == "every", theta.ndim == 2
    outputs, _ = network.outputs(theta, batch, states=states)
    columns = np.swapaxes(outputs if every else outputs[None], -1, -2)
    _, d_outputs = loss(
        columns, batch.target_columns(every, lead), batch.weight_columns(every, lead), 1.0 / batch.sequences
    )
    W_ho = network.layout.view(theta, "readout.W_ho")[..., : network.architecture.hidden_size, :]
    d_outputs = np.swapaxes(d_outputs, -1, -2)  # (T or 1, [R,] B, O)
    dh = np.matmul(d_outputs, np.swapaxes(W_ho, -1, -2))
    dh = dh if lead else dh[:, None]
    if every:
        return dh
    adjoints = np.zeros((batch.steps, *dh.shape[1:]))
    adjoints[-1:] = dh
    return adjoints


def lag_gradients(trajectory: Trajectory, adjoints: np.ndarray, *, lags: int | None = None) -> Iterator[np.ndarray]:
    """G_k, the part of dL/dW_hh that comes from lag k, for k = 0 .. lags - 1; over all lags they add up to dL/dW_hh.

        G_k = sum_t h_{t-k-1}^T (D_{t-k} * dl_t/dh_{t-k})

    At lag k the gradient of the loss at step t stands at step t - k, for all t at once.

    Parameters
    ----------
    trajectory : Trajectory
        Of the top recurrence.
    adjoints : (T, R, B, H)
        dl_t/dh_t of every step, see `loss_adjoints`.
    lags : int, optional
        All T if left out.

    Yields
    ------
    (R, H, G H)

    Source: Pascanu, Mikolov, Bengio 2013, arXiv:1211.5063, eq. 3 to 5.
    """
    T, H, S = trajectory.steps, trajectory.hidden_size, trajectory.state_size
    adjoint = np.zeros((*adjoints.shape[:-1], S))
    adjoint[..., :H] = adjoints
    h_prev = np.swapaxes(_by_model(trajectory.h[:-1]), -1, -2)
    for k in range(T if lags is None else min(lags, T)):
        steps = slice(0, T - k)
        da, before = trajectory.pull_back(steps, adjoint)
        da = _by_model(da)
        yield np.matmul(h_prev[..., : da.shape[1]], da)
        adjoint = before[1:]


def lag_norms(trajectory: Trajectory, adjoints: np.ndarray, *, lags: int | None = None) -> np.ndarray:
    """||G_k||_F for k = 0 .. lags - 1: (R, lags), without keeping the matrices."""
    return np.stack([norm(G, (-2, -1)) for G in lag_gradients(trajectory, adjoints, lags=lags)], axis=-1)


def lag_share(norms: np.ndarray, *, from_lag: int = 5) -> np.ndarray:
    """Share of ||G_k|| with k >= from_lag: (R,), in [0, 1]; NaN where there is no gradient at all."""
    with np.errstate(invalid="ignore"):
        return norms[..., from_lag:].sum(axis=-1) / norms.sum(axis=-1)


def _by_model(rows: np.ndarray) -> np.ndarray:
    """All rows of a model below each other, step by step: (n, R, B, F) to (R, n B, F)."""
    return np.swapaxes(rows, 0, 1).reshape(rows.shape[1], -1, rows.shape[-1])


def _norm_by_lag(gradient: np.ndarray) -> np.ndarray:
    """(T, ..., B, H) to (..., T): the norm over batch and units, last step first."""
    norms = norm(gradient, (-2, -1))
    return np.moveaxis(norms[::-1], 0, -1)
