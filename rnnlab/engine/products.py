"""The two matrix products of a recurrent network, each in the form that is fastest for its shape.

The choice depends on shapes alone, never on the machine or the number of threads: the same batch gives the same bits.
"""

import math

import numpy as np

WORKSPACE = 1 << 20  # bytes that a sum over time may take beside what it sums, or an eighth of that where it is more
UNPACKED_WORK = 1_000_000  # rows x depth x columns: OpenBLAS's limit for small matrices
FEW_TOKENS = 256  # up to which a product with one-hot columns costs less than sorting
LEAST_ROWS = 8  # of a group: with fewer the small kernels lose


class StepProduct:
    """matrix · columns of one step, prepared once for all steps: `multiply(matrix, columns, out=out)`.

    OpenBLAS multiplies matrices as they stand while rows x depth x columns stay below a limit, and copies both into
    another order above it, which would cost as much as the product itself at every step. A matrix too large for that is
    cut into groups of rows, which `np.matmul` takes one after the other in a single call.

    Parameters
    ----------
    rows, depth, columns : int
        (rows, depth) · (depth, columns).
    ensemble : tuple of int
        () for a lone model, (R,) along a model axis.
    """

    def __init__(self, rows: int, depth: int, columns: int, ensemble: tuple[int, ...]) -> None:
        self._groups = _groups(rows, depth * columns)
        self._ensemble = ensemble
        self.multiply = np.matmul if ensemble or self._groups > 1 else np.dot  # np.dot costs less a call

    def matrix(self, matrix: np.ndarray) -> np.ndarray:
        """The (..., rows, depth) matrix as `multiply` wants it: contiguous, or a transposed view of what is."""
        return matrix if self._groups == 1 else self.out(np.ascontiguousarray(matrix))

    def columns(self, columns: np.ndarray) -> np.ndarray:
        """(..., depth, columns) as `multiply` wants them: a view."""
        return columns[..., None, :, :] if self._ensemble and self._groups > 1 else columns

    def out(self, out: np.ndarray) -> np.ndarray:
        """The place of the (..., rows, columns) result as `multiply` wants it: a view."""
        if self._groups == 1:
            return out
        return out.reshape(*out.shape[:-2], self._groups, out.shape[-2] // self._groups, out.shape[-1])


def _groups(rows: int, work_per_row: int) -> int:
    """The fewest equal groups of rows below the limit; one where there are none of at least `LEAST_ROWS`."""
    for groups in range(1, rows // LEAST_ROWS + 1):
        if rows % groups == 0 and rows // groups * work_per_row <= UNPACKED_WORK:
            return groups
    return 1


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
    T, *ensemble, K, B = left.shape
    A = right.shape[-2]
    if B == 1:  # one sequence: the steps themselves are the rows
        rows, columns = _time_inside(left[..., 0]), _time_inside(right[..., 0])
        return np.matmul(np.swapaxes(rows, -1, -2), columns)
    models, size = math.prod(ensemble), left.itemsize
    if 2 * K * A < 3 * B * (K + A):  # a tall batch: a small product per step, then their sum
        product, steps = _products_summed, WORKSPACE // (models * K * A * size)
    else:
        product, steps = _wide_product, max(T // 8, WORKSPACE // (models * B * (K + A) * size))
    steps = max(1, steps)
    total = product(left[:steps], right[:steps])
    for start in range(steps, T, steps):
        total += product(left[start : start + steps], right[start : start + steps])
    return total


def _products_summed(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.matmul(left, np.swapaxes(right, -1, -2)).sum(axis=0)


def _wide_product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Steps and sequences side by side as columns, (..., K, T B), for one large product."""
    wide_left, wide_right = (
        np.moveaxis(a, 0, -2).reshape(*a.shape[1:-1], a.shape[0] * a.shape[-1]) for a in (left, right)
    )
    return np.matmul(wide_left, np.swapaxes(wide_right, -1, -2))


def _time_inside(a: np.ndarray) -> np.ndarray:
    """(T, F) as it is, (T, R, F) as (R, T, F): a view."""
    return np.moveaxis(a, 0, -2)


def sum_by_token(gradient: np.ndarray, tokens: np.ndarray, size: int) -> np.ndarray:
    """sum_t onehot(token_t) da_t^T; where there are many different tokens, rows of equal ones are added up instead.

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
    T, *ensemble, A, B = gradient.shape
    if B == 1 and size <= FEW_TOKENS:
        onehot = (np.moveaxis(tokens, 0, -1)[..., 0, None, :] == np.arange(size)[:, None]).astype(gradient.dtype)
        return np.matmul(onehot, _time_inside(gradient[..., 0]))
    models = ensemble[0] if ensemble else 1
    rows = np.swapaxes(gradient, -1, -2).reshape(T * models * B, A)
    tokens = tokens.reshape(T, -1, B) + size * np.arange(models)[:, None]  # a model's tokens get numbers of their own
    tokens = tokens.reshape(-1)
    order = np.argsort(tokens, kind="stable")
    firsts = np.flatnonzero(np.diff(tokens[order], prepend=-1))
    total = np.zeros((models * size, A), gradient.dtype)
    total[tokens[order[firsts]]] = np.add.reduceat(rows[order], firsts, axis=0)
    return total.reshape(*ensemble, size, A)


def apply_to_steps(matrix: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """matrix · columns_t for every step: (..., A, K) and (T, ..., K, B) to (T, ..., A, B)."""
    if columns.shape[-1] > 1:
        return np.matmul(matrix, columns)
    rows = _time_inside(columns[..., 0])  # one sequence: all steps in one product
    return np.moveaxis(np.matmul(rows, np.swapaxes(matrix, -1, -2)), -2, 0)[..., None]
