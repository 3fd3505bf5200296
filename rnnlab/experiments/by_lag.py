"""Diagnostics as tables: the gradient by lag, and the eigenvalues of the recurrent weights."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from rnnlab.dynamics.diagnostics import Diagnostics
from rnnlab.errors import RunFolderError

if TYPE_CHECKING:
    from rnnlab.plots.gradient_flow import Transport

Columns = Mapping[str, np.ndarray]


def lag_columns(models: Mapping[str, ArrayLike], found: Diagnostics) -> dict[str, np.ndarray]:
    """A row per model and lag: its own columns, (R,) or one value for all, then lag, log_jacobian, log_bound."""
    jacobian = found.log_jacobian
    bound = np.full_like(jacobian, np.nan) if found.log_bound is None else found.log_bound
    R, K = jacobian.shape
    lags = np.tile(np.arange(K), R)
    return _repeated(models, R, K) | {"lag": lags, "log_jacobian": jacobian.ravel(), "log_bound": bound.ravel()}


def eigenvalue_columns(models: Mapping[str, ArrayLike], found: Diagnostics) -> dict[str, np.ndarray]:
    """A row per model and eigenvalue of W_hh: its own columns, the number of the gate, real and imaginary part."""
    R, G, H = found.eigenvalues.shape
    values = found.eigenvalues.ravel()
    gates = np.tile(np.repeat(np.arange(G), H), R)
    return _repeated(models, R, G * H) | {"gate": gates, "real": np.real(values), "imag": np.imag(values)}


def _repeated(models: Mapping[str, ArrayLike], R: int, times: int) -> dict[str, np.ndarray]:
    return {name: np.repeat(np.broadcast_to(values, R), times) for name, values in models.items()}


def curves_of(rows: Columns, column: str) -> np.ndarray:
    """A column of `lag_columns` by model: (R, K)."""
    K = int(rows["lag"].max(initial=-1)) + 1
    if not K or not np.array_equal(rows["lag"], np.resize(np.arange(K), len(rows["lag"]))) or len(rows["lag"]) % K:
        raise RunFolderError("The table of the gradients by lag must have a row for each model and lag.")
    return rows[column].reshape(-1, K)


def transport_of(rows: Columns, rate: float) -> "Transport":
    """What a plot by lag shows of some rows of `lag_columns`, with the rate that was fitted."""
    from rnnlab.plots.gradient_flow import Transport

    bound = curves_of(rows, "log_bound")
    with np.errstate(over="ignore", invalid="ignore"):
        shown = None if np.isnan(bound).all() else np.exp(np.median(bound, axis=0))
        return Transport(np.exp(curves_of(rows, "log_jacobian")), shown, rate)


def complex_of(rows: Columns) -> np.ndarray:
    """The eigenvalues in some rows of `eigenvalue_columns`."""
    values = np.empty(len(rows["real"]), complex)
    values.real, values.imag = rows["real"], rows["imag"]
    return values


def where(rows: Columns, **keys: object) -> dict[str, np.ndarray]:
    """The rows that have these values in their columns."""
    chosen = np.logical_and.reduce([rows[name] == value for name, value in keys.items()])
    return {name: column[chosen] for name, column in rows.items()}
