"""Activations and their slopes, right in relative terms wherever a gate shuts or opens and a unit saturates.

    sigmoid    s = 1 / (1 + e)      1 - s = e s      s' = e s^2                 e = exp(-a)
    tanh       h = tanh(a)                           h' = 4 e / (1 + e)^2       e = exp(-2 a)
    relu       h = max(a, 0)                         h' = 1 where a > 0
    identity   h = a                                 h' = 1

Slopes are worked out from a, or from e, never from the value: (1 + tanh(a / 2)) / 2 has no digits left of a gate that
is shut, 1 - s none of a gate that is open, and 1 - h^2 none of a unit that saturates. e is kept finite, so that no
value below the smallest normal number comes out of a shut gate.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np


class Constants(NamedTuple):
    """Numbers of a precision, as arrays without axes: an operation takes those faster than Python's own.

    Attributes
    ----------
    one, two, minus_one, minus_two : ()
    cap : ()
        Largest exponent: exp(cap) is finite, and 1 / exp(cap) the smallest normal number.
    """

    one: np.ndarray
    two: np.ndarray
    minus_one: np.ndarray
    minus_two: np.ndarray
    cap: np.ndarray


@lru_cache
def constants(dtype: np.dtype) -> Constants:
    """Those of a real precision, or of the parts of a complex one."""
    finfo = np.finfo(dtype)
    cap = np.nextafter(-np.log(finfo.tiny), finfo.dtype.type(0))
    return Constants(*(np.asarray(value, finfo.dtype) for value in (1, 2, -1, -2, cap)))


def open_gates(e: np.ndarray, s: np.ndarray, numbers: Constants) -> None:
    """Sigmoid gates of any shape, given -a in `e`: leaves exp(-a) there and writes the gates to `s`."""
    np.minimum(e, numbers.cap, out=e)
    np.exp(e, out=e)
    np.add(e, numbers.one, out=s)
    np.reciprocal(s, out=s)


def gates_again(e: np.ndarray, s: np.ndarray, numbers: Constants) -> None:
    """The gates once more from what `open_gates` left, and 1 - s in place of `e`."""
    np.add(e, numbers.one, out=s)
    np.reciprocal(s, out=s)
    np.multiply(e, s, out=e)


def tanh_slope(a: np.ndarray, out: np.ndarray, scratch: np.ndarray, numbers: Constants) -> None:
    """tanh'(a) written to `out`; `scratch`, which may be `a` itself, is lost."""
    np.multiply(a, numbers.minus_two, out=scratch)
    np.minimum(scratch, numbers.cap, out=scratch)
    np.exp(scratch, out=scratch)
    np.add(scratch, numbers.one, out=out)
    np.divide(numbers.two, out, out=out)
    np.multiply(scratch, out, out=scratch)
    np.multiply(scratch, out, out=out)


class Activation(NamedTuple):
    """One phi.

    Attributes
    ----------
    value : (a, h) -> None
        Writes phi(a) to h. Neither is read afterwards as the other: they may be the same array.
    slope : (a, out) -> None
        Writes phi'(a) to out; a is lost.
    gamma : float
        Largest slope.
    """

    value: Callable[[np.ndarray, np.ndarray], object]
    slope: Callable[[np.ndarray, np.ndarray], object]
    gamma: float


def _sigmoid(a: np.ndarray, h: np.ndarray) -> None:
    numbers = constants(a.dtype)
    np.multiply(a, numbers.minus_one, out=h)  # np.negative is wrong on some strides of NumPy 2.4
    open_gates(h, h, numbers)


def _sigmoid_slope(a: np.ndarray, out: np.ndarray) -> None:
    numbers = constants(a.dtype)
    np.multiply(a, numbers.minus_one, out=a)
    open_gates(a, out, numbers)
    np.multiply(a, out, out=a)
    np.multiply(a, out, out=out)


def _tanh_slope(a: np.ndarray, out: np.ndarray) -> None:
    tanh_slope(a, out, a, constants(a.dtype))


def _relu(a: np.ndarray, h: np.ndarray) -> None:
    np.maximum(a, 0, out=h)


def _relu_slope(a: np.ndarray, out: np.ndarray) -> None:
    np.greater(a, 0, out=out, casting="unsafe")


def _identity_slope(a: np.ndarray, out: np.ndarray) -> None:
    out[...] = 1


ACTIVATIONS = {
    "tanh": Activation(np.tanh, _tanh_slope, 1.0),
    "sigmoid": Activation(_sigmoid, _sigmoid_slope, 0.25),
    "relu": Activation(_relu, _relu_slope, 1.0),
    "identity": Activation(np.positive, _identity_slope, 1.0),
}
