"""Losses of one output: l_t and dl_t/do_t. L is the sum of the l_t.

Source: Huber 1964, doi:10.1214/aoms/1177703732.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rnnlab.engine.reference.cell import sigmoid

Number = np.ndarray | np.number


@dataclass(frozen=True)
class Loss:
    """A loss of one output o (O,) and its target y, (O,) numbers or a class.

    Attributes
    ----------
    formula, slope_formula : str
        l_t and dl_t/do_t.
    value, slope : function of (o, y)
        What they come to: (), and (O,).
    probability_formula, probability : str and function of o, or None
        What the outputs say of the classes, (O,), where they speak of classes.
    """

    formula: str
    slope_formula: str
    value: Callable[[np.ndarray, np.ndarray], Number]
    slope: Callable[[np.ndarray, np.ndarray], np.ndarray]
    probability_formula: str | None = None
    probability: Callable[[np.ndarray], np.ndarray] | None = None


def softmax(o: np.ndarray) -> np.ndarray:
    """exp(o) / sum exp(o)."""
    e = np.exp(o - np.max(np.real(o)))
    return e / e.sum()


def half_squared_error() -> Loss:
    """l = sum 0.5 (o - y)^2."""
    return Loss(
        "sum 0.5 (o_t - y_t)^2",
        "o_t - y_t",
        value=lambda o, y: np.sum(0.5 * (o - y) ** 2),
        slope=lambda o, y: o - y,
    )


def huber(delta: float = 1.0) -> Loss:
    """l = sum 0.5 d^2 where |d| <= delta, else delta (|d| - delta / 2), with d = o - y."""

    def value(o, y):
        d = o - y
        size = np.where(d.real < 0, -d, d)
        return np.sum(np.where(abs(d.real) <= delta, 0.5 * d**2, delta * (size - delta / 2)))

    def slope(o, y):
        d = o - y
        return np.where(abs(d.real) <= delta, d, delta * np.sign(d.real))

    return Loss(
        f"sum 0.5 d^2 where |d| <= {delta:g}, else {delta:g} (|d| - {delta / 2:g}); d = o_t - y_t",
        f"d where |d| <= {delta:g}, else {delta:g} sign(d); d = o_t - y_t",
        value,
        slope,
    )


def cross_entropy() -> Loss:
    """l = -log softmax(o)[y], of a class y."""

    def value(o, y):
        highest = np.max(np.real(o))
        return highest + np.log(np.sum(np.exp(o - highest))) - o[y]

    return Loss(
        "-log p_t[y_t]",
        "p_t - onehot(y_t)",
        value,
        slope=lambda o, y: softmax(o) - np.eye(len(o))[y],
        probability_formula="softmax(o_t)",
        probability=softmax,
    )


def binary_cross_entropy() -> Loss:
    """l = sum -y log p - (1 - y) log(1 - p), with p = sigmoid(o)."""
    return Loss(
        "sum -y_t log p_t - (1 - y_t) log(1 - p_t)",
        "p_t - y_t",
        value=lambda o, y: np.sum(-y * np.log(sigmoid(o)) - (1 - y) * np.log(sigmoid(-o))),
        slope=lambda o, y: sigmoid(o) - y,
        probability_formula="sigmoid(o_t)",
        probability=sigmoid,
    )


LOSSES = {
    "half_squared_error": half_squared_error,
    "huber": huber,
    "cross_entropy": cross_entropy,
    "binary_cross_entropy": binary_cross_entropy,
}
