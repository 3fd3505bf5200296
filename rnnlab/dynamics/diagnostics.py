"""Everything that the laboratory measures on a network and a batch, in one record."""

from dataclasses import dataclass

import numpy as np

from rnnlab.dynamics import flow, jacobians, lyapunov, spectra, units
from rnnlab.dynamics.verdict import growth_rate
from rnnlab.engine.batch import Batch
from rnnlab.engine.layers.layer import Trajectory
from rnnlab.engine.network import Loss, Network, States
from rnnlab.engine.trajectory import follow

LATE = 5  # lags from here on make up `lag_share`


@dataclass(frozen=True)
class Diagnostics:
    """What R networks do to gradients on one batch of T steps, a row each. NaN or infinite where states are not finite.

    Attributes
    ----------
    log_jacobian : (R, T + 1)
        log(||dh_T / dh_{T-k}||_F / sqrt(H)) by lag, of the root mean square over the sequences.
    transport, total : (R, T)
        ||dL_T / dh_{T-k}|| for a loss at the last step alone, and ||dL / dh_{T-k}|| of the whole loss.
    log_bound : (R, T + 1) or None
        log (gamma ||W_hh||)^k, of the vanilla cell.
    growth_rate, lyapunov : (R,)
        Nats per step.
    eigenvalues : (R, G, H) complex
        Of W_hh, gate by gate.
    spectral_radius, sigma_max, condition : (R,)
        condition is s_1 / s_median of the T-step product, the median over the sequences.
    lag_share : (R,)
        Share of the lag gradients ||G_k|| of dL/dW_hh with k >= 5.
    saturated, dead : (R,)
        Shares in [0, 1].
    gates : dict of str to (R,)
        Mean openness of each gate.
    """

    log_jacobian: np.ndarray
    transport: np.ndarray
    total: np.ndarray
    log_bound: np.ndarray | None
    growth_rate: np.ndarray
    lyapunov: np.ndarray
    eigenvalues: np.ndarray
    spectral_radius: np.ndarray
    sigma_max: np.ndarray
    condition: np.ndarray
    lag_share: np.ndarray
    saturated: np.ndarray
    dead: np.ndarray
    gates: dict[str, np.ndarray]


@dataclass(frozen=True)
class Flow:
    """Gradients by lag k = 0 .. T - 1, a row per model, (R, T); `jacobian` is exp(log_jacobian)."""

    transport: np.ndarray
    jacobian: np.ndarray
    total: np.ndarray


def diagnose(
    network: Network,
    theta: np.ndarray,
    batch: Batch,
    loss: Loss,
    rng: np.random.Generator,
    *,
    long: Batch | None = None,
    states: States | None = None,
    recurrence: int = 0,
) -> Diagnostics:
    """Measure R networks on a batch.

    Parameters
    ----------
    network : Network
    theta : (R, P)
        Measured in float64, whatever it was trained in.
    batch : Batch
        A few sequences of equal length.
    loss : function
        One of `rnnlab.engine.losses`.
    rng : Generator
        Draws the directions whose growth gives the Lyapunov exponents.
    long : Batch, optional
        A longer sequence for the Lyapunov exponents; the batch if left out.
    states : optional
        Initial states.
    recurrence : int
        Which recurrence of the network, bottom layer first; gradients by lag of dL/dW_hh belong to the top one.
    """
    theta = theta.astype(np.float64, copy=False)
    with np.errstate(all="ignore"):
        trajectory = follow(network, theta, batch, states=states, layer=recurrence)
        log_norms, product = jacobians.suffix_products(trajectory)
        log_jacobian = _of_finite(trajectory, _over_sequences(log_norms))
        distant = trajectory if long is None else follow(network, theta, long, layer=recurrence)
        W_hh = trajectory.weights["W_hh"]
        eigenvalues, sigma = spectra.eigenvalues(W_hh), spectra.sigma_max(W_hh)
        gradient = {"states": states, "layer": recurrence}
        return Diagnostics(
            log_jacobian,
            flow.transport(network, theta, batch, loss, **gradient),
            flow.total(network, theta, batch, loss, **gradient),
            jacobians.log_norm_bound(trajectory, sigma),
            growth_rate(log_jacobian),
            _of_finite(distant, lyapunov.largest(distant, rng).mean(axis=1)),
            eigenvalues,
            np.abs(eigenvalues).max(axis=(-2, -1)),
            sigma,
            np.median(jacobians.condition_number(product), axis=1),
            _lag_share(network, theta, batch, loss, states, trajectory, recurrence),
            units.saturated_share(trajectory),
            units.dead_share(trajectory),
            units.gate_openness(trajectory),
        )


def measure_growth(network: Network, theta: np.ndarray, batch: Batch, *, recurrence: int = 0) -> np.ndarray:
    """Growth rates alone, (R,), in nats per step; parameters as for `diagnose`."""
    theta = theta.astype(np.float64, copy=False)
    with np.errstate(all="ignore"):
        trajectory = follow(network, theta, batch, layer=recurrence)
        return growth_rate(_of_finite(trajectory, _over_sequences(jacobians.suffix_products(trajectory)[0])))


def take_flow(
    network: Network,
    theta: np.ndarray,
    batch: Batch,
    loss: Loss,
    *,
    states: States | None = None,
    recurrence: int = 0,
) -> Flow:
    """Gradients by lag alone; parameters as for `diagnose`."""
    theta = theta.astype(np.float64, copy=False)
    with np.errstate(all="ignore"):
        trajectory = follow(network, theta, batch, states=states, layer=recurrence)
        log_jacobian = _of_finite(trajectory, _over_sequences(jacobians.suffix_products(trajectory)[0]))
        gradient = {"states": states, "layer": recurrence}
        return Flow(
            flow.transport(network, theta, batch, loss, **gradient),
            np.exp(log_jacobian[:, :-1]),
            flow.total(network, theta, batch, loss, **gradient),
        )


def _over_sequences(log_norms: np.ndarray) -> np.ndarray:
    """The log of the root mean square over sequences, (K, R, B) to (R, K): -inf where nothing of any gets through."""
    largest = log_norms.max(axis=-1, keepdims=True)
    shift = np.where(np.isfinite(largest), largest, 0.0)
    return (shift[..., 0] + 0.5 * np.log(np.square(np.exp(log_norms - shift)).mean(axis=-1))).T


def _of_finite(trajectory: Trajectory, values: np.ndarray) -> np.ndarray:
    """(R, ...), NaN for models whose states overflow: a slope of 0 beyond that point would look like a dead unit's."""
    finite = np.all(np.isfinite(trajectory.h), axis=(0, 2, 3))
    return np.where(finite.reshape(-1, *(1,) * (values.ndim - 1)), values, np.nan)


def _lag_share(network, theta, batch, loss, states, trajectory, recurrence: int) -> np.ndarray:
    top = len(network.architecture.recurrences()) - network.architecture.directions
    if recurrence != top:
        return np.full(len(theta), np.nan)  # what the loss says to a lower layer at one step reaches it from many
    adjoints = flow.loss_adjoints(network, theta, batch, loss, states=states)
    return flow.lag_share(flow.lag_norms(trajectory, adjoints), from_lag=LATE)
