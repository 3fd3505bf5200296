"""Losses on columns: the value for each model and the gradient with respect to the outputs.

The loss of a sequence is the sum over its steps and outputs, that of a batch the mean over its sequences. Losses and
gradients are right in relative terms where a class is all but certain: 1 - p comes from the other classes, not from p.

Every function takes

    o : (S, ..., O, B)     outputs; S = T for a readout at every step, 1 for one at the last
    y : (S, ..., O, B)     targets; for `cross_entropy` (S, ..., B) int, the right class
    weights : (S, ..., B) or None    what each output counts: numbers, or False where a sequence has no step
    scale : float          1 / number of sequences in the whole batch

and returns (loss (...), do (S, ..., O, B)), both times `scale`.
"""

from functools import partial

import numpy as np


def half_squared_error(o, y, weights, scale):
    """0.5 (o - y)^2."""
    difference = o - y
    loss = difference * difference
    _weigh(loss, weights)
    _weigh(difference, weights)
    return _total(loss, 0.5 * scale), _scaled(difference, scale)


def huber(o, y, weights, scale, *, delta: float = 1.0):
    """0.5 d^2 where |d| <= delta, else delta (|d| - delta / 2), with d = o - y.

    Source: Huber 1964, doi:10.1214/aoms/1177703732.
    """
    d = o - y
    size = np.where(d.real < 0, -d, d)  # |d|, but analytic, for the complex-step check
    inside = np.abs(d.real) <= delta
    loss = np.where(inside, 0.5 * d * d, delta * (size - 0.5 * delta))
    gradient = np.where(inside, d, delta * np.sign(d.real)).astype(o.dtype, copy=False)
    _weigh(loss, weights)
    _weigh(gradient, weights)
    return _total(loss, scale), _scaled(gradient, scale)


def cross_entropy(o, y, weights, scale):
    """-log softmax(o)[y]; `do = softmax(o) - onehot(y)`, of the right class minus the sum of the others."""
    shifted = o - o.real.max(axis=-2, keepdims=True)
    *grids, last = np.ogrid[tuple(slice(n) for n in (*o.shape[:-2], o.shape[-1]))]
    right = (*grids, y, last)  # where the right classes stand
    of_right = shifted[right]
    e = np.exp(shifted, out=shifted)
    e_right = e[right]
    e[right] = 0
    others = e.sum(axis=-2)
    likeliest = of_right.real == 0
    minus_log_p = np.where(likeliest, np.log1p(others / np.where(likeliest, e_right, 1)), 0)
    np.copyto(minus_log_p, np.log(others + e_right) - of_right, where=~likeliest)
    e[right] = -others
    e *= (scale / (others + e_right))[..., None, :]
    _weigh(minus_log_p[..., None, :], weights)
    _weigh(e, weights)
    return _total(minus_log_p[..., None, :], scale), e


def binary_cross_entropy(o, y, weights, scale):
    """-y log s(o) - (1 - y) log(1 - s(o)) with the sigmoid s, from the logits o; `do = (1 - y) s - y (1 - s)`."""
    positive = o.real >= 0
    e = np.exp(np.where(positive, -o, o))  # exp(-|o|) never overflows
    loss = np.where(positive, o, 0) - o * y + np.log1p(e)
    likelier, rest = 1 / (1 + e), e / (1 + e)
    difference = (1 - y) * np.where(positive, likelier, rest) - y * np.where(positive, rest, likelier)
    _weigh(loss, weights)
    _weigh(difference, weights)
    return _total(loss, scale), _scaled(difference, scale)


LOSSES = {
    "half_squared_error": half_squared_error,
    "huber": huber,
    "cross_entropy": cross_entropy,
    "binary_cross_entropy": binary_cross_entropy,
}


def takes_numbers(kind: object) -> bool:
    """Whether a loss compares numbers with numbers, as all of ours but the cross-entropy of classes do."""
    return kind in (half_squared_error, huber, binary_cross_entropy)


def loss_function(kind: str, **options):
    """The loss called `kind`, with its options (`delta` for huber) fixed."""
    return partial(LOSSES[kind], **options) if options else LOSSES[kind]


def _weigh(values: np.ndarray, weights: np.ndarray | None) -> None:
    """Multiply (S, ..., O, B) by the weights (S, ..., B); what counts nothing adds nothing, NaN too."""
    if weights is None:
        return
    if weights.dtype != bool:
        values *= weights[..., None, :].astype(np.real(values).dtype, copy=False)
    np.copyto(values, 0, where=weights[..., None, :] == 0)


def _scaled(gradient: np.ndarray, scale: float) -> np.ndarray:
    gradient *= scale
    return gradient


def _total(values: np.ndarray, scale: float) -> np.ndarray:
    """Sum over steps, outputs and sequences, per model, in double precision."""
    dtype = np.complex128 if np.iscomplexobj(values) else np.float64
    return values.sum(axis=(0, -2, -1), dtype=dtype) * scale
