"""Activations and slopes against mpmath, in relative terms, as far out as numbers go."""

import mpmath
import numpy as np
import pytest

from rnnlab.engine.activations import ACTIVATIONS, constants, gates_again, open_gates, tanh_slope
from rnnlab.engine.layers import rows

DTYPES = [np.float32, np.float64]
MAGNITUDES = np.concatenate((np.geomspace(1e-12, 1, 9), [2.5, 5, 9, 12, 16, 20, 30, 40, 43, 80, 170, 340]))


def points(dtype) -> np.ndarray:
    """Both signs of all magnitudes whose sigmoid and slopes are normal numbers of the precision."""
    largest = 43 if dtype is np.float32 else 340
    positive = MAGNITUDES[largest >= MAGNITUDES]
    return np.concatenate((-positive[::-1], [0.0], positive)).astype(dtype)


def exactly(function, a: np.ndarray) -> np.ndarray:
    with mpmath.workdps(400):
        return np.array([float(function(mpmath.mpf(float(x)))) for x in a])


def sigmoid(a):
    return 1 / (1 + mpmath.exp(-a))


EXACT = {
    "tanh": (mpmath.tanh, lambda a: 1 - mpmath.tanh(a) ** 2),
    "sigmoid": (sigmoid, lambda a: sigmoid(a) * (1 - sigmoid(a))),
    "relu": (lambda a: max(a, 0), lambda a: int(a > 0)),
    "identity": (lambda a: a, lambda _a: 1),
}


def close(values, expected, dtype):
    assert values.dtype == dtype
    np.testing.assert_allclose(values, expected, rtol=16 * np.finfo(dtype).eps, atol=0)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_value_and_slope(name, dtype):
    a = points(dtype)
    padded = np.zeros((3, len(a), 64 // a.itemsize), dtype)  # a cache line for each, as the steps of one unit have
    h, slope, here = padded[..., 0]
    here[...] = a
    ACTIVATIONS[name].value(here, h)
    ACTIVATIONS[name].slope(here, h, slope)
    assert np.array_equal(here, a)
    close(h, exactly(EXACT[name][0], a), dtype)
    close(slope, exactly(EXACT[name][1], a), dtype)
    assert slope.max() == pytest.approx(ACTIVATIONS[name].gamma, rel=4 * float(np.finfo(dtype).eps))


@pytest.mark.parametrize("dtype", DTYPES)
def test_gates_and_what_is_left_of_them(dtype):
    a, numbers = points(dtype), constants(np.dtype(dtype))
    e, s, again = -a, np.empty_like(a), np.empty_like(a)
    open_gates(e, s, numbers.cap, numbers)
    close(s, exactly(sigmoid, a), dtype)
    gates_again(e, again, numbers)
    assert np.array_equal(again, s)
    close(e, exactly(lambda x: sigmoid(-x), a), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("saturated", [0, 1, 3, 64])
def test_the_slope_of_tanh_whether_none_few_or_all_saturate(saturated, dtype):
    a = np.random.default_rng(3).uniform(-1, 1, 64).astype(dtype)
    a[:saturated] *= 30
    out = np.empty_like(a)
    tanh_slope(a, np.tanh(a), out, constants(np.dtype(dtype)))
    close(out, exactly(EXACT["tanh"][1], a), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_far_out_nothing_overflows_and_nothing_turns_denormal(dtype):
    finfo = np.finfo(dtype)
    a, numbers = np.array([-finfo.max, -1e4, 1e4, finfo.max], dtype), constants(np.dtype(dtype))
    with np.errstate(all="raise", under="ignore"):
        e, s = -a, np.empty_like(a)
        open_gates(e, s, numbers.cap, numbers)
        assert (s >= finfo.tiny).all()
        np.testing.assert_array_equal(s[2:], 1)
        gates_again(e, s, numbers)
        np.testing.assert_array_equal(e[:2], 1)
        assert np.isfinite(e * s).all()
    with np.errstate(under="ignore", over="ignore"):  # -2 times the largest number
        tanh_slope(a, np.tanh(a), s, numbers)
    np.testing.assert_allclose(s, 0, atol=16 * finfo.tiny)


def test_a_complex_step_passes():
    a = np.array([-30.0, -1.0, 0.5, 20.0])
    for name in ("tanh", "sigmoid"):
        h = np.empty(4, complex)
        ACTIVATIONS[name].value(a + 1e-200j, h)
        np.testing.assert_allclose(np.imag(h) / 1e-200, exactly(EXACT[name][1], a), rtol=1e-13)


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_the_slopes_of_the_dynamics(name):
    a = points(np.float64)
    np.testing.assert_allclose(rows.SLOPES[name](a), exactly(EXACT[name][1], a), rtol=2e-15 * 340, atol=0)
    np.testing.assert_allclose(rows.shut(a), exactly(lambda x: sigmoid(-x), a), rtol=4e-16, atol=0)
