"""What layers share in row form: products, and slopes from the pre-activation alone.

The slopes are derived apart from those of `rnnlab.engine.activations`.
"""

import numpy as np


def shut(a: np.ndarray) -> np.ndarray:
    """1 - sigmoid(a), which keeps its digits where the gate is open."""
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(a))


def sigmoid_slope(a: np.ndarray) -> np.ndarray:
    """sigmoid'(a) = 1 / (4 cosh(a / 2)^2)."""
    return 0.25 * tanh_slope(0.5 * a)


def tanh_slope(a: np.ndarray) -> np.ndarray:
    """tanh'(a) = 1 / cosh(a)^2."""
    with np.errstate(over="ignore", under="ignore"):
        return np.square(1 / np.cosh(a))


SLOPES = {
    "tanh": tanh_slope,
    "sigmoid": sigmoid_slope,
    "relu": lambda a: (a > 0).astype(a.dtype),
    "identity": np.ones_like,
}


def scaled(slopes: np.ndarray, W: np.ndarray) -> np.ndarray:
    """diag(slopes) W of one step: (1, R, B, H) and (R, H, H) to (R, B, H, H)."""
    return slopes[0, ..., None] * W[:, None]


def product(rows: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Rows (n, R, B, F) times their model's matrix (R, F, K) or their sequence's (R, B, F, K), all n in one product."""
    matrix = matrix[:, None] if matrix.ndim == 3 else matrix
    return np.matmul(rows.transpose(1, 2, 0, 3), matrix).transpose(2, 0, 1, 3)
