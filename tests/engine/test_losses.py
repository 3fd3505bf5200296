"""Losses against their definitions, far out where they must stay finite, and their gradients against themselves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnlab.engine.losses import LOSSES, loss_function

S, R, O, B = 4, 2, 3, 5  # noqa: E741
SCALE = 0.3


def draw(kind, seed=0, lead=()):
    rng = np.random.default_rng(seed)
    o = 2 * rng.standard_normal((S, *lead, O, B))
    if kind == "cross_entropy":
        return o, rng.integers(O, size=(S, *lead, B))
    y = 2 * rng.standard_normal(o.shape)
    return o, (y > 0).astype(float) if kind == "binary_cross_entropy" else y


def by_definition(kind, o, y):
    """Each (S, ..., O, B) or (S, ..., B) term, written down naively."""
    if kind == "half_squared_error":
        return 0.5 * (o - y) ** 2
    if kind == "huber":
        d = np.abs(o - y)
        return np.where(d <= 1, 0.5 * d**2, d - 0.5)
    if kind == "binary_cross_entropy":
        p = 1 / (1 + np.exp(-o))
        return -y * np.log(p) - (1 - y) * np.log(1 - p)
    p = np.exp(o) / np.exp(o).sum(axis=-2, keepdims=True)
    return -np.log(np.take_along_axis(p, y[..., None, :], axis=-2))


@pytest.mark.parametrize("lead", [(), (R,)])
@pytest.mark.parametrize("kind", LOSSES)
def test_values_are_those_of_the_definition(kind, lead):
    o, y = draw(kind, lead=lead)
    value, _ = LOSSES[kind](o, y, None, SCALE)
    assert np.shape(value) == lead
    np.testing.assert_allclose(value, SCALE * by_definition(kind, o, y).sum(axis=(0, -2, -1)), rtol=1e-13)


@pytest.mark.parametrize("lead", [(), (R,)])
@pytest.mark.parametrize("kind", LOSSES)
def test_steps_that_do_not_count_add_nothing(kind, lead):
    o, y = draw(kind, lead=lead)
    counts = np.random.default_rng(1).random((S, *lead, B)) < 0.6
    value, gradient = LOSSES[kind](o, y, counts, SCALE)
    kept = np.where(counts[..., None, :], by_definition(kind, o, y), 0)
    np.testing.assert_allclose(value, SCALE * kept.sum(axis=(0, -2, -1)), rtol=1e-13)
    np.testing.assert_array_equal((gradient != 0).any(axis=-2), counts)
    _, everywhere = LOSSES[kind](o, y, None, SCALE)
    np.testing.assert_array_equal(gradient, np.where(counts[..., None, :], everywhere, 0))


@pytest.mark.parametrize("lead", [(), (R,)])
@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_weights_multiply_each_term_and_nothing_is_nothing(kind, lead, dtype):
    o, y = draw(kind, lead=lead)
    rng = np.random.default_rng(2)
    weights = np.where(rng.random((S, *lead, B)) < 0.3, 0.0, 3 * rng.random((S, *lead, B)))
    o[np.broadcast_to((weights == 0)[..., None, :], o.shape)] = np.nan  # whatever the network says there
    value, gradient = LOSSES[kind](o.astype(dtype), y if kind == "cross_entropy" else y.astype(dtype), weights, SCALE)
    with np.errstate(invalid="ignore"):
        terms = weights[..., None, :] * np.nan_to_num(by_definition(kind, o, y))
    tolerance = 1e-12 if dtype == "float64" else 3e-6
    np.testing.assert_allclose(value, SCALE * terms.sum(axis=(0, -2, -1)), rtol=tolerance)
    _, plain = LOSSES[kind](np.nan_to_num(o), y, None, SCALE)
    np.testing.assert_allclose(gradient, weights[..., None, :] * plain, rtol=tolerance, atol=tolerance)
    assert gradient.dtype == dtype
    assert (gradient[np.broadcast_to((weights == 0)[..., None, :], gradient.shape)] == 0).all()


@given(st.sampled_from(sorted(LOSSES)), st.integers(0, 2**32 - 1))
def test_gradients_are_those_of_the_values(kind, seed):
    o, y = draw(kind, seed)
    direction = np.random.default_rng(seed).standard_normal(o.shape)
    value, _ = LOSSES[kind](o + 1e-20j * direction, y, None, SCALE)
    _, gradient = LOSSES[kind](o, y, None, SCALE)
    np.testing.assert_allclose((gradient * direction).sum(), value.imag / 1e-20, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("kind", LOSSES)
def test_single_precision_gradients_and_double_precision_sums(kind):
    o, y = draw(kind)
    value, gradient = LOSSES[kind](o.astype("float32"), y if y.dtype == int else y.astype("float32"), None, SCALE)
    assert (np.asarray(value).dtype, gradient.dtype) == (np.float64, np.float32)


@pytest.mark.parametrize("size", [50.0, 1e4, 1e300])
def test_logits_of_any_size_stay_finite(size):
    o = size * np.array([1.0, -1.0, 0.5]).reshape(1, 3, 1)
    for right, expected in ((0, 0.0), (1, 2 * size)):
        value, gradient = loss_function("cross_entropy")(o, np.full((1, 1), right), None, 1.0)
        np.testing.assert_allclose(value, expected, atol=1e-10)
        np.testing.assert_allclose(gradient[0, :, 0], np.eye(3)[0] - np.eye(3)[right], atol=1e-10)
    for y, expected in (([[[1.0], [0.0], [1.0]]], 0.0), ([[[0.0], [1.0], [0.0]]], 2.5 * size)):
        value, gradient = loss_function("binary_cross_entropy")(o, np.array(y), None, 1.0)
        np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-10)
        np.testing.assert_allclose(gradient, (o > 0) - np.array(y), atol=1e-10)


def test_cross_entropy_of_equal_logits_is_the_logarithm_of_their_number():
    value, _ = loss_function("cross_entropy")(np.full((1, 7, 1), 3.0), np.zeros((1, 1), int), None, 1.0)
    np.testing.assert_allclose(value, np.log(7), rtol=1e-15)


def test_huber_is_a_parabola_then_a_line_with_slope_delta():
    o = np.array([-9.0, -2.0, -1.0, 0.0, 1.0, 2.0, 9.0]).reshape(-1, 1, 1)
    value = [loss_function("huber", delta=2.0)(o[k : k + 1], np.zeros((1, 1, 1)), None, 1.0)[0] for k in range(7)]
    _, gradient = loss_function("huber", delta=2.0)(o, np.zeros_like(o), None, 1.0)
    np.testing.assert_allclose(value, [16, 2, 0.5, 0, 0.5, 2, 16])
    np.testing.assert_allclose(gradient.ravel(), [-2, -2, -1, 0, 1, 2, 2])


def test_a_wide_huber_is_half_squared_error():
    o, y = draw("huber")
    wide = loss_function("huber", delta=1e6)(o, y, None, SCALE)
    for ours, expected in zip(wide, LOSSES["half_squared_error"](o, y, None, SCALE), strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-14)
