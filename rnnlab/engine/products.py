"""The two matrix products of a recurrent network, each in the form that is fastest for its shape.

The choice depends on shapes alone, never on the machine or the number of threads: the same batch gives the same bits.
"""

import numpy as np


def step_product(lead: tuple[int, ...]):
    """`f(matrix, columns, out=)`: `np.dot` for a lone model, which costs less a call, `np.matmul` along a model axis."""
    return np.matmul if lead else np.dot


def sum_over_time(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """sum_t left_t right_t^T, the weight gradient of a whole sequence in one product.

    Parameters
    ----------
    left : (T, ..., K, B)
    right : (T, ..., A, B)

    Returns
    -------
    (..., K, A)
    """
    T, *lead, K, B = left.shape
    A = right.shape[-2]
    if B == 1:  # one sequence: the steps themselves are the rows
        rows, columns = _time_inside(left[..., 0]), _time_inside(right[..., 0])
        return np.matmul(np.swapaxes(rows, -1, -2), columns)
    if K * A < 3 * B * (K + A):  # a tall batch: a small product per step, then their sum
        return np.matmul(left, np.swapaxes(right, -1, -2)).sum(axis=0)
    wide_left = np.moveaxis(left, 0, -2).reshape(*lead, K, T * B)
    wide_right = np.moveaxis(right, 0, -2).reshape(*lead, A, T * B)
    return np.matmul(wide_left, np.swapaxes(wide_right, -1, -2))


def _time_inside(a: np.ndarray) -> np.ndarray:
    """(T, F) as it is, (T, R, F) as (R, T, F): a view."""
    return np.moveaxis(a, 0, -2)


def sum_by_token(gradient: np.ndarray, tokens: np.ndarray, size: int) -> np.ndarray:
    """sum_t onehot(token_t) da_t^T without the one-hot matrix: rows of equal tokens are added up.

    Parameters
    ----------
    gradient : (T, ..., A, B)
    tokens : (T, ..., B) int, or (T, B) where all models read the same
    size : int
        Number of different tokens, I.

    Returns
    -------
    (..., I, A)
    """
    T, *lead, A, B = gradient.shape
    models = lead[0] if lead else 1
    rows = np.swapaxes(gradient, -1, -2).reshape(T * models * B, A)
    tokens = tokens.reshape(T, -1, B) + size * np.arange(models)[:, None]  # a model's tokens get numbers of their own
    tokens = tokens.reshape(-1)
    order = np.argsort(tokens, kind="stable")
    firsts = np.flatnonzero(np.diff(tokens[order], prepend=-1))
    total = np.zeros((models * size, A), gradient.dtype)
    total[tokens[order[firsts]]] = np.add.reduceat(rows[order], firsts, axis=0)
    return total.reshape(*lead, size, A)


def apply_to_steps(matrix: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """matrix · columns_t for every step: (..., A, K) and (T, ..., K, B) to (T, ..., A, B)."""
    if columns.shape[-1] > 1:
        return np.matmul(matrix, columns)
    rows = _time_inside(columns[..., 0])  # one sequence: all steps in one product
    return np.moveaxis(np.matmul(rows, np.swapaxes(matrix, -1, -2)), -2, 0)[..., None]
