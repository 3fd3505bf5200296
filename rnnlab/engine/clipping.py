"""Clipping of gradients, in place, with a record of what it did.

    norm           g <- g tau / ||g||  where ||g||, the norm of all parameters together, exceeds tau
    per_parameter  the same for the gradient of each parameter by itself
    value          g_k <- min(max(g_k, -tau), tau)  for each entry
    none           g stays as it is

A gradient that is not finite is left as it is: no factor makes it a gradient, and whoever trains must see it.

Cost: one pass over the vector for all norms, and a second one where something has to be clipped.

Source: Pascanu, Mikolov, Bengio 2013, arXiv:1211.5063, algorithm 1; Mikolov 2012 (by value).
"""

from dataclasses import dataclass

import numpy as np

from rnnlab.engine.parameters import Layout

KINDS = ("norm", "per_parameter", "value", "none")


@dataclass(frozen=True)
class Clipped:
    """What clipping did. The model axis R leads where the gradient has one.

    Attributes
    ----------
    norm : float64, () or (R,)
        Norm of the whole gradient before clipping.
    norms : float64, (n,) or (R, n)
        Norm of each parameter's gradient before clipping, in the layout's order.
    scale : float64, () or (R,)
        Norm after over norm before, which for kind `norm` is the factor on the gradient; 1 where nothing
        fired, NaN where the gradient is not finite.
    fired : bool, () or (R,)
        Whether anything was changed.
    """

    norm: np.ndarray
    norms: np.ndarray
    scale: np.ndarray
    fired: np.ndarray


def clip(gradient: np.ndarray, layout: Layout, kind: str = "none", threshold: float = np.inf) -> Clipped:
    """Clip the gradient in place.

    Parameters
    ----------
    gradient : (P,) or (R, P)
        Written to.
    layout : Layout
        Where the parameters lie in it.
    kind : str
        norm, per_parameter, value or none.
    threshold : float
        tau > 0: largest norm, or for `value` largest absolute value of an entry. Not looked at for `none`.

    Returns
    -------
    Clipped

    Raises
    ------
    ValueError
        An unknown kind, or a threshold that is not above 0.
    """
    if kind not in KINDS:
        raise ValueError(f"The kind of clipping must be one of {', '.join(KINDS)}; got {kind!r}.")
    if kind != "none" and not threshold > 0:
        raise ValueError(f"The 'threshold' of clipping must be above 0; got {threshold}.")
    norms = layout.norms(gradient)
    norm = np.hypot.reduce(norms, axis=-1)  # hypot does not overflow where a sum of squares would
    finite = np.isfinite(norm)
    after, over = norm, np.zeros_like(finite)
    if kind == "norm":
        over = finite & (norm > threshold)
        if over.any():
            factors = np.divide(threshold, norm, out=np.ones_like(norm), where=over)
            _scale(gradient, factors[..., None])
            after = norm * factors
    elif kind == "per_parameter":
        beyond = finite[..., None] & (norms > threshold)
        over = beyond.any(axis=-1)
        if over.any():
            factors = np.divide(threshold, norms, out=np.ones_like(norms), where=beyond)
            for k, part in enumerate(np.split(gradient, layout.starts[1:], axis=-1)):
                _scale(part, factors[..., k, None])
            after = np.hypot.reduce(norms * factors, axis=-1)
    elif kind == "value":
        over = finite & (norm > threshold)  # an entry beyond tau has a norm beyond tau: only then look closer
        if over.any():
            over &= np.abs(gradient).max(axis=-1) > threshold
            where = True if over.all() else over[..., None]
            np.clip(gradient, -threshold, threshold, out=gradient, where=where)
            after = np.hypot.reduce(layout.norms(gradient), axis=-1)
    scale = np.divide(after, norm, out=np.where(finite, 1.0, np.nan), where=over)
    return Clipped(norm, norms, scale, np.asarray(over))


def _scale(gradient: np.ndarray, factors: np.ndarray) -> None:
    """Multiply in the gradient's own precision; a factor of 1 changes nothing, finite or not."""
    np.multiply(gradient, factors.astype(gradient.dtype), out=gradient)
