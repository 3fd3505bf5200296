"""Jacobians of the recurrence: of one step, and of many steps multiplied."""

import numpy as np

from rnnlab.dynamics.spectra import sigma_max
from rnnlab.engine.layers.layer import Trajectory
from rnnlab.engine.norms import norm, trusted

LARGE = 1e100  # a product whose norm leaves [1 / LARGE, LARGE] is rescaled


def step_jacobians(trajectory: Trajectory, steps: slice | None = None) -> np.ndarray:
    """J_t = ds_t / ds_{t-1}, where s are all states side by side: h, and [h, c] for the LSTM.

    vanilla: J_t = diag(phi'(a_t)) W_hh^T; for the gated cells see their backward equations.

    Parameters
    ----------
    trajectory : Trajectory
    steps : slice, optional
        Which steps; all if left out.

    Returns
    -------
    (R, B, n, S, S)
        Entry [i, j] is d s_t[i] / d s_{t-1}[j].

    Source: Pascanu, Mikolov, Bengio 2013, arXiv:1211.5063, eq. 5.
    """
    start, stop, _ = (steps or slice(None)).indices(trajectory.steps)
    identity = np.eye(trajectory.state_size)
    R, B = trajectory.h.shape[:2]
    adjoint = np.broadcast_to(identity, (R, B, *identity.shape))
    rows = [trajectory.carry_back(t, adjoint) for t in range(start, stop)]
    return np.stack(rows, axis=2)


def suffix_products(trajectory: Trajectory) -> tuple[np.ndarray, np.ndarray]:
    """The products of the last k Jacobians, dh_T / dh_{T-k}, from one walk back through all T steps. They need no loss.

    Returns
    -------
    log_norms : (R, B, T + 1)
        log(||dh_T / dh_{T-k}||_F / sqrt(H)) for every lag k: 0 at lag 0, -inf where nothing gets through (every unit
        dead), inf or NaN where the states are not finite. Logarithms neither underflow nor overflow, however long the
        product.
    product : (R, B, H, S)
        dh_T / ds_0 divided by its Frobenius norm.

    Of the LSTM, whose state is [h, c], the norms are those of the block that belongs to h.
    """
    H, S, T = trajectory.hidden_size, trajectory.state_size, trajectory.steps
    R, B = trajectory.h.shape[:2]
    adjoint = np.broadcast_to(np.eye(H, S), (R, B, H, S))
    log_scale = np.zeros((R, B))
    log_norms = np.zeros((R, B, T + 1))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        for k in range(1, T + 1):
            adjoint = trajectory.carry_back(T - k, adjoint)
            of_h = _frobenius(adjoint[..., :H])
            log_norms[..., k] = np.log(of_h) + log_scale - 0.5 * np.log(H)
            if np.fmax.reduce(of_h, axis=None) > LARGE or np.fmin.reduce(of_h, axis=None) < 1 / LARGE:
                size = _frobenius(adjoint) if S > H else of_h
                size = np.where((size > 0) & np.isfinite(size), size, 1.0)
                adjoint = adjoint / size[..., None, None]
                log_scale += np.log(size)
        return log_norms, adjoint / _frobenius(adjoint)[..., None, None]


def product_norms(trajectory: Trajectory) -> np.ndarray:
    """||dh_T / dh_{T-k}||_F / sqrt(H) for every lag k = 0 .. T: (R, B, T + 1); 1 at lag 0. See `suffix_products`."""
    with np.errstate(over="ignore", under="ignore"):
        return np.exp(suffix_products(trajectory)[0])


def long_product(trajectory: Trajectory) -> np.ndarray:
    """ds_T / ds_0, the product of all T Jacobians: (R, B, S, S)."""
    R, B = trajectory.h.shape[:2]
    adjoint = np.broadcast_to(np.eye(trajectory.state_size), (R, B, *(trajectory.state_size,) * 2))
    for t in range(trajectory.steps - 1, -1, -1):
        adjoint = trajectory.carry_back(t, adjoint)
    return np.ascontiguousarray(adjoint)


def condition_number(product: np.ndarray) -> np.ndarray:
    """s_1 / s_median of a long Jacobian product (..., H, S): how unlike each other the directions fare, (...).

    NaN where the product is zero or not finite, inf where more than half of the directions are lost. 1 for an
    orthogonal matrix; some 1e8 for a Gaussian W_hh of 100 tanh units after 50 steps.
    Source: Saxe, McClelland, Ganguli 2014, arXiv:1312.6120 (dynamical isometry).
    """
    finite = np.all(np.isfinite(product), axis=(-2, -1))
    singular = np.linalg.svd(np.where(finite[..., None, None], product, 0.0), compute_uv=False)
    with np.errstate(divide="ignore", invalid="ignore"):
        return singular[..., 0] / np.median(singular, axis=-1)


def norm_bound(trajectory: Trajectory, lags: int) -> np.ndarray:
    """(gamma ||W_hh||_2)^k for k = 0 .. lags: (R, lags + 1), an upper bound on the vanilla cell's ||dh_T/dh_{T-k}||_2.

    gamma is the largest slope of the activation: 1 for tanh, relu and identity, 1/4 for sigmoid. The Frobenius norm
    over sqrt(H) of `suffix_products` is no larger than the 2-norm, so the bound holds for it too.

    Raises
    ------
    ValueError
        For a gated cell, whose Jacobian has no such bound.

    Source: Pascanu, Mikolov, Bengio 2013, arXiv:1211.5063, eq. 6 and 7.
    """
    if trajectory.layer.slope is None:
        raise ValueError(f"The bound belongs to the vanilla cell, 'rnn'; got {trajectory.layer.name!r}.")
    sigma = sigma_max(trajectory.weights["W_hh"][:, 0])
    with np.errstate(over="ignore"):
        return (trajectory.layer.slope * sigma)[:, None] ** np.arange(lags + 1)


def _frobenius(matrices: np.ndarray) -> np.ndarray:
    """||.||_F over the last two axes; without a copy unless squares do not fit."""
    norms = np.sqrt(np.einsum("...ij,...ij->...", matrices, matrices))
    return norms if (trusted(norms) | np.isnan(norms)).all() else norm(matrices, (-2, -1))
