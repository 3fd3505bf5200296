"""Jacobians of the recurrence: of many steps multiplied, their condition and their bound."""

import numpy as np

from rnnlab.engine.layers.layer import Trajectory
from rnnlab.engine.norms import norm, trusted

LARGE = 1e100  # a product whose norm leaves [1 / LARGE, LARGE] is rescaled


def suffix_products(trajectory: Trajectory) -> tuple[np.ndarray, np.ndarray]:
    """The products of the last k Jacobians, dh_T / dh_{T-k}, from one walk back through all T steps. They need no loss.

    Returns
    -------
    log_norms : (T + 1, R, B)
        log(||dh_T / dh_{T-k}||_F / sqrt(H)) for every lag k: 0 at lag 0, -inf where nothing gets through (every unit
        dead), inf or NaN where the states are not finite. Logarithms neither underflow nor overflow, however long the
        product.
    product : (R, B, H, S)
        dh_T / ds_0 divided by its Frobenius norm.

    Of the LSTM, whose state is [h, c], the norms are those of the block that belongs to h.
    """
    H, S, T = trajectory.hidden_size, trajectory.state_size, trajectory.steps
    R, B = trajectory.h.shape[1:3]
    adjoint = np.broadcast_to(np.eye(H, S)[:, None, None], (H, R, B, S))
    log_scale = np.zeros((R, B))
    log_norms = np.zeros((T + 1, R, B))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        for k in range(1, T + 1):
            adjoint = trajectory.carry_back(T - k, adjoint)
            of_h = _frobenius(adjoint[..., :H])
            log_norms[k] = np.log(of_h) + log_scale - 0.5 * np.log(H)
            if np.fmax.reduce(of_h, axis=None) > LARGE or np.fmin.reduce(of_h, axis=None) < 1 / LARGE:
                size = _frobenius(adjoint) if S > H else of_h
                size = np.where((size > 0) & np.isfinite(size), size, 1.0)
                adjoint = adjoint / size[..., None]
                log_scale += np.log(size)
        return log_norms, np.moveaxis(adjoint / _frobenius(adjoint)[..., None], 0, -2)


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


def log_norm_bound(trajectory: Trajectory, sigma: np.ndarray) -> np.ndarray | None:
    """log (gamma ||W_hh||_2)^k for k = 0 .. T: (R, T + 1), an upper bound on the vanilla cell's ||dh_T/dh_{T-k}||_2.

    gamma is the largest slope of the activation: 1 for tanh, relu and identity, 1/4 for sigmoid. The Frobenius norm
    over sqrt(H) of `suffix_products` is no larger than the 2-norm, so the bound holds for it too. None for a gated
    cell, whose Jacobian has no such bound.

    Parameters
    ----------
    trajectory : Trajectory
    sigma : (R,)
        ||W_hh||_2, see `spectra.sigma_max`.

    Source: Pascanu, Mikolov, Bengio 2013, arXiv:1211.5063, eq. 6 and 7.
    """
    if trajectory.layer.slope is None:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        bound = np.log(trajectory.layer.slope * sigma)[:, None] * np.arange(trajectory.steps + 1)
    bound[:, 0] = 0.0  # with W_hh = 0 the product would be 0 times infinity
    return bound


def _frobenius(rows: np.ndarray) -> np.ndarray:
    """||.||_F of matrices whose rows come first, (n, R, B, F) to (R, B); without a copy unless squares do not fit."""
    norms = np.sqrt(np.einsum("n...f,n...f->...", rows, rows))
    return norms if (trusted(norms) | np.isnan(norms)).all() else norm(rows, (0, -1))
