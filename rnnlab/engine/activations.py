"""Activations and their slopes, right in relative terms wherever a gate shuts or opens and a unit saturates.

    sigmoid    s = 1 / (1 + e)      1 - s = e s      s' = e s^2                 e = exp(-a)
    tanh       h = tanh(a)                           h' = 4 e / (1 + e)^2       e = exp(-2 |a|)
    relu       h = max(a, 0)                         h' = 1 where a > 0
    identity   h = a                                 h' = 1

Not from the value alone: (1 + tanh(a / 2)) / 2 has no digits left of a gate that is shut, 1 - s none of a gate that is
open, and 1 - h^2, cheap and right elsewhere, none of a unit that saturates. The e of a gate is kept finite, so that no
number below the smallest normal one comes out of a shut gate.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np

FEW = 8  # below one saturated unit in so many they are picked out


class Constants(NamedTuple):
    """Numbers of a precision, as arrays without axes: an operation takes those faster than Python's own.

    Attributes
    ----------
    one, two, minus_one, minus_two : ()
    cap : ()
        Largest exponent: exp(cap) is finite, and 1 / exp(cap) the smallest normal number.
    saturated : ()
        Slope of tanh below which 1 - h^2 has lost a digit.
    """

    one: np.ndarray
    two: np.ndarray
    minus_one: np.ndarray
    minus_two: np.ndarray
    cap: np.ndarray
    saturated: np.ndarray


@lru_cache
def constants(dtype: np.dtype) -> Constants:
    """Those of a real precision, or of the parts of a complex one."""
    finfo = np.finfo(dtype)
    cap = np.nextafter(-np.log(finfo.tiny), finfo.dtype.type(0))
    return Constants(*(np.asarray(value, finfo.dtype) for value in (1, 2, -1, -2, cap, 0.1)))


def open_gates(e: np.ndarray, s: np.ndarray, cap: np.ndarray, numbers: Constants) -> None:
    """Sigmoid gates of any shape, given -a in `e`: leaves exp(-a) there and writes the gates to `s`.

    `cap` is that of the constants; in the shape of `e` it makes for four times as fast an operation in float32.
    """
    np.minimum(e, cap, out=e)
    np.exp(e, out=e)
    np.add(e, numbers.one, out=s)
    np.reciprocal(s, out=s)


def gates_again(e: np.ndarray, s: np.ndarray, numbers: Constants) -> None:
    """The gates once more from what `open_gates` left, and 1 - s in place of `e`."""
    np.add(e, numbers.one, out=s)
    np.reciprocal(s, out=s)
    np.multiply(e, s, out=e)


def tanh_slope(a: np.ndarray, h: np.ndarray, out: np.ndarray, numbers: Constants) -> None:
    """tanh'(a) written to `out`, given h = tanh(a): 1 - h^2, but from `a` where units saturate."""
    np.multiply(h, h, out=out)
    np.subtract(numbers.one, out, out=out)
    flat = np.less(out, numbers.saturated)
    count = np.count_nonzero(flat)
    if count > flat.size // FEW:
        _saturated_slope(a, out, numbers)
    elif count:
        slopes = a[flat]
        _saturated_slope(slopes, slopes, numbers)
        out[flat] = slopes


def _saturated_slope(a: np.ndarray, out: np.ndarray, numbers: Constants) -> None:
    e = np.abs(a)
    np.multiply(e, numbers.minus_two, out=e)
    np.exp(e, out=e)
    np.add(e, numbers.one, out=out)
    np.divide(numbers.two, out, out=out)
    np.multiply(e, out, out=e)
    np.multiply(e, out, out=out)


class Activation(NamedTuple):
    """One phi.

    Attributes
    ----------
    value : (a, h) -> None
        Writes phi(a) to h.
    slope : (a, h, out) -> None
        Writes phi'(a) to out, given h = phi(a).
    gamma : float
        Largest slope.
    """

    value: Callable[[np.ndarray, np.ndarray], object]
    slope: Callable[[np.ndarray, np.ndarray, np.ndarray], object]
    gamma: float


def _sigmoid(a: np.ndarray, h: np.ndarray) -> None:
    numbers = constants(a.dtype)
    np.multiply(a, numbers.minus_one, out=h)  # np.negative is wrong on some strides of NumPy 2.4
    open_gates(h, h, numbers.cap, numbers)


def _sigmoid_slope(a: np.ndarray, h: np.ndarray, out: np.ndarray) -> None:
    numbers = constants(a.dtype)
    np.minimum(a, numbers.cap, out=out)
    np.exp(out, out=out)
    np.add(out, numbers.one, out=out)
    np.divide(h, out, out=out)  # s (1 - s), 1 - s = 1 / (1 + exp(a))


def _tanh_slope(a: np.ndarray, h: np.ndarray, out: np.ndarray) -> None:
    tanh_slope(a, h, out, constants(a.dtype))


def _relu(a: np.ndarray, h: np.ndarray) -> None:
    np.maximum(a, 0, out=h)


def _relu_slope(a: np.ndarray, h: np.ndarray, out: np.ndarray) -> None:
    np.greater(a, 0, out=out, casting="unsafe")


def _identity_slope(a: np.ndarray, h: np.ndarray, out: np.ndarray) -> None:
    out[...] = 1


ACTIVATIONS = {
    "tanh": Activation(np.tanh, _tanh_slope, 1.0),
    "sigmoid": Activation(_sigmoid, _sigmoid_slope, 0.25),
    "relu": Activation(_relu, _relu_slope, 1.0),
    "identity": Activation(np.positive, _identity_slope, 1.0),
}
