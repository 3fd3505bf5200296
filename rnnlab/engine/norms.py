"""Euclidean norms that are right wherever the entries are finite, however small or large.

A plain sum of squares loses entries below 1e-154 and overflows above 1e154; a gradient that vanishes passes the first
mark long before it is zero.
"""

import numpy as np

# Between these a norm has kept all its digits: what was too small to be squared is too small to count.
SMALLEST, LARGEST = 1e-140, 1e150


def norm(a: np.ndarray, axis: int | tuple[int, ...], *, keepdims: bool = False) -> np.ndarray:
    """sqrt(sum |a|^2) over some axes, in float64; NaN or inf where an entry is."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        total = np.sqrt(np.square(a, dtype=np.float64).sum(axis=axis, keepdims=True))
        if not trusted(total).all():
            size = np.abs(a).max(axis=axis, keepdims=True).astype(np.float64)
            size = np.where((size > 0) & np.isfinite(size), size, 1.0)
            total = np.where(trusted(total), total, size * np.sqrt(np.square(a / size).sum(axis=axis, keepdims=True)))
    return total if keepdims else total.squeeze(axis)


def trusted(norms: np.ndarray) -> np.ndarray:
    """Where a norm taken by squares is right."""
    return (norms > SMALLEST) & (norms < LARGEST)
