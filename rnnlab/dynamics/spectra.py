"""Spectra of recurrent weights: eigenvalues, singular values, and where mean field theory puts the edge."""

import numpy as np

# E[phi'^2] sigma_w^2 = 1 at the edge; relu halves the variance (phi' = 1 half of the time), tanh near zero has slope 1,
# the sigmoid 1/4 there, the identity 1 everywhere.
_CRITICAL_RHO = {"tanh": 1.0, "relu": np.sqrt(2.0), "sigmoid": 4.0, "identity": 1.0}


def blocks(W_hh: np.ndarray) -> np.ndarray:
    """The square blocks of recurrent weights (..., H, G H), one per gate: (..., G, H, H)."""
    H = W_hh.shape[-2]
    return np.stack(np.split(W_hh, W_hh.shape[-1] // H, axis=-1), axis=-3)


def eigenvalues(W_hh: np.ndarray) -> np.ndarray:
    """Eigenvalues of each block, (..., G, H) complex, largest modulus first; NaN where a weight is not finite."""
    matrices = blocks(W_hh)
    finite = np.all(np.isfinite(matrices), axis=(-2, -1), keepdims=True)
    values = np.linalg.eigvals(np.where(finite, matrices, 0.0))
    order = np.argsort(-np.abs(values), axis=-1)
    values = np.take_along_axis(values, order, axis=-1)
    return np.where(finite[..., 0], values, np.nan)


def spectral_radius(W_hh: np.ndarray) -> np.ndarray:
    """Largest modulus of an eigenvalue of any block: (...); NaN where a weight is not finite."""
    return np.abs(eigenvalues(W_hh)).max(axis=(-2, -1))


def sigma_max(W_hh: np.ndarray) -> np.ndarray:
    """Largest singular value of any block, ||W||_2: (...).

    sigma_max < 1/gamma is sufficient for vanishing; sigma_max > 1/gamma is necessary for exploding, not sufficient.
    Source: Pascanu, Mikolov, Bengio 2013, arXiv:1211.5063, section 2.1.
    """
    matrices = blocks(W_hh)
    size = np.abs(matrices).max(axis=(-2, -1), keepdims=True)
    usable = np.isfinite(size) & (size > 0)
    scaled = np.where(usable, matrices, 0.0) / np.where(usable, size, 1.0)  # so that no square overflows
    largest = np.linalg.eigvalsh(np.matmul(np.swapaxes(scaled, -1, -2), scaled))[..., -1]
    return (np.sqrt(np.maximum(largest, 0.0)) * size[..., 0, 0]).max(axis=-1)


def mean_field_edge(activation: str) -> float:
    """The rho at which W_hh ~ N(0, rho / sqrt(h)) is critical: chi = rho^2 E[phi'^2] = 1, near the zero state.

    relu: sqrt(2), for any variance of its input. tanh: 1. sigmoid: 4, an upper slope of 1/4 everywhere, so a lower
    limit.
    Source: Poole et al. 2016, arXiv:1606.05340; He et al. 2015, arXiv:1502.01852 (relu).
    """
    return float(_CRITICAL_RHO[activation])


def mean_field_rate(rho: np.ndarray | float, activation: str) -> np.ndarray:
    """log(rho / edge): mean field's growth rate of the transport, in nats per step, near the zero state.

    For relu at any state; for the others an upper limit, since slopes only fall away from zero.
    """
    with np.errstate(divide="ignore"):
        return np.log(np.asarray(rho, float) / mean_field_edge(activation))
