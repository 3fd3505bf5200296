"""Clipping: closed forms, what must not change, and gradients that no clipping can save."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnlab.engine.clipping import clip
from rnnlab.engine.parameters import Layout

LAYOUT = Layout({"layer0.W_hh": (3, 3), "layer0.b_h": (3,), "readout.W_ho": (3, 2)})
PAIR = Layout({"a": (1,), "b": (1,)})
KINDS = ["norm", "per_parameter", "value"]

seeds = st.integers(0, 2**32 - 1)
dtypes = st.sampled_from([np.float32, np.float64])


def gradients(seed: int, lead: tuple[int, ...] = (), dtype=np.float64) -> np.ndarray:
    """Entries of very different sizes, from parameter to parameter and from model to model."""
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(*lead, LAYOUT.size)) * 10 ** rng.uniform(-3, 3, (*lead, 1))).astype(dtype)


def test_global_norm_by_hand():
    gradient = np.array([3.0, 4.0])
    clipped = clip(gradient, PAIR, "norm", 1.0)
    assert gradient == pytest.approx([0.6, 0.8])
    assert (clipped.norm, clipped.scale) == pytest.approx((5.0, 0.2))
    assert clipped.norms.tolist() == [3.0, 4.0]
    assert clipped.fired


def test_per_parameter_by_hand():
    gradient = np.array([0.5, -4.0])
    clipped = clip(gradient, PAIR, "per_parameter", 1.0)
    assert gradient.tolist() == [0.5, -1.0]
    assert clipped.scale == pytest.approx(math.sqrt(1.25 / 16.25))
    assert clipped.fired


def test_by_value_by_hand():
    layout = Layout({"a": (3,), "b": (1,)})
    gradient = np.array([0.5, -4.0, 2.0, 1.0])
    clipped = clip(gradient, layout, "value", 1.0)
    assert gradient.tolist() == [0.5, -1.0, 1.0, 1.0]
    assert clipped.norms == pytest.approx([math.sqrt(20.25), 1.0])
    assert clipped.scale == pytest.approx(math.sqrt(3.25 / 21.25))
    assert clipped.fired


def test_by_value_does_not_fire_for_a_large_norm_of_small_entries():
    gradient = np.array([0.9, 0.9])
    clipped = clip(gradient, PAIR, "value", 1.0)
    assert clipped.norm > 1
    assert not clipped.fired
    assert gradient.tolist() == [0.9, 0.9]


@given(seeds, dtypes, st.floats(1e-3, 1e3))
def test_global_norm_keeps_the_direction_and_reaches_the_threshold(seed, dtype, threshold):
    before = gradients(seed, (4,), dtype)
    gradient = before.copy()
    clipped = clip(gradient, LAYOUT, "norm", threshold)
    tolerance = 4 * np.finfo(dtype).eps
    assert clipped.norm == pytest.approx(np.linalg.norm(before.astype(np.float64), axis=-1), rel=1e-13)
    np.testing.assert_array_equal(clipped.fired, clipped.norm > threshold)
    np.testing.assert_allclose(gradient, before * clipped.scale[:, None], rtol=tolerance)
    norm_after = np.linalg.norm(gradient.astype(np.float64), axis=-1)
    np.testing.assert_allclose(norm_after, np.minimum(clipped.norm, threshold), rtol=tolerance)


@given(seeds, dtypes, st.floats(1e-3, 1e3), st.sampled_from(KINDS))
def test_no_kind_leaves_anything_above_the_threshold(seed, dtype, threshold, kind):
    gradient = gradients(seed, (4,), dtype)
    clipped = clip(gradient, LAYOUT, kind, threshold)
    norms = LAYOUT.norms(gradient)
    largest = {
        "norm": np.linalg.norm(norms, axis=-1),
        "per_parameter": norms.max(axis=-1),
        "value": np.abs(gradient).max(axis=-1),
    }[kind]
    limit = threshold * (1 + 4 * np.finfo(dtype).eps)
    assert (largest <= limit).all()
    scale = np.linalg.norm(norms, axis=-1) / clipped.norm
    np.testing.assert_allclose(clipped.scale, scale, rtol=4 * np.finfo(dtype).eps)


@given(seeds, dtypes, st.sampled_from([*KINDS, "none"]))
def test_what_lies_below_the_threshold_is_not_touched(seed, dtype, kind):
    before = gradients(seed, (3,), dtype)
    gradient = before.copy()
    clipped = clip(gradient, LAYOUT, kind, 1e9)
    assert gradient.tobytes() == before.tobytes()
    assert not clipped.fired.any()
    assert clipped.scale.tolist() == [1.0] * 3


@given(seeds, dtypes, st.sampled_from([*KINDS, "none"]), st.integers(1, 5))
def test_each_model_is_clipped_as_if_alone_to_the_last_bit(seed, dtype, kind, models):
    together = gradients(seed, (models,), dtype)
    alone = together.copy()
    clipped = clip(together, LAYOUT, kind, 0.5)
    for model in range(models):
        lone = clip(alone[model], LAYOUT, kind, 0.5)
        assert alone[model].tobytes() == together[model].tobytes()
        for name in ("norm", "norms", "scale", "fired"):
            assert np.array_equal(getattr(lone, name), getattr(clipped, name)[model]), name


def test_each_model_is_clipped_as_if_alone_where_models_are_cut_into_blocks(monkeypatch):
    monkeypatch.setattr("rnnlab.engine.parameters.BLOCK_ENTRIES", 2 * LAYOUT.size)
    gradient = gradients(3, (7,))
    norms = LAYOUT.norms(gradient)
    assert norms.tolist() == [LAYOUT.norms(row).tolist() for row in gradient]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_gradient_that_is_not_finite_stays_so_and_disturbs_no_other(kind, bad, dtype):
    gradient = 10 * gradients(0, (3,), dtype)
    gradient[1, 4] = bad
    before, others = gradient.copy(), gradient[[0, 2]].copy()
    clipped = clip(gradient, LAYOUT, kind, 0.01)
    assert gradient[1].tobytes() == before[1].tobytes()
    assert not np.isfinite(clipped.norm[1])
    assert np.isnan(clipped.scale[1])
    assert clipped.fired.tolist() == [True, False, True]
    clip(others, LAYOUT, kind, 0.01)
    assert gradient[[0, 2]].tobytes() == others.tobytes()


def test_squares_that_overflow_are_no_obstacle():
    gradient = np.array([[3e200, -4e200], [3.0, 4.0]])
    clipped = clip(gradient, PAIR, "norm", 1.0)
    assert clipped.norm == pytest.approx([5e200, 5.0])
    assert gradient == pytest.approx(np.array([[0.6, -0.8], [0.6, 0.8]]))
    single = np.array([3e30, -4e30], np.float32)
    assert clip(single, PAIR, "norm", 1.0).norm == pytest.approx(5e30)
    assert single == pytest.approx([0.6, -0.8])


@pytest.mark.parametrize("size", [1e-170, 1e-300, 1e-320, 1e170, 1e300])
def test_norms_are_right_where_squares_do_not_fit(size):
    gradient = np.array([[3 * size, 4 * size], [3.0, 0.0]])
    np.testing.assert_allclose(PAIR.norms(gradient), np.abs(gradient), rtol=1e-14)
    whole = Layout({"both": (2,)}).norms(gradient)
    np.testing.assert_allclose(whole, [[5 * size], [3.0]], rtol=1e-3 if size < 1e-308 else 1e-14)
    clipped = clip(gradient, PAIR, "norm", 0.5 * size)
    np.testing.assert_allclose(clipped.norm, [5 * size, 3.0], rtol=1e-3 if size < 1e-308 else 1e-14)


def test_a_gradient_of_zero_has_a_scale_of_one():
    for kind in KINDS:
        clipped = clip(np.zeros(LAYOUT.size), LAYOUT, kind, 1.0)
        assert (clipped.norm, clipped.scale, bool(clipped.fired)) == (0.0, 1.0, False)


def test_what_cannot_be_clipped_is_refused():
    with pytest.raises(ValueError, match="must be one of norm, per_parameter, value, none; got 'global'"):
        clip(np.zeros(2), PAIR, "global", 1.0)
    for threshold in (0.0, -1.0, np.nan):
        with pytest.raises(ValueError, match="must be above 0"):
            clip(np.zeros(2), PAIR, "norm", threshold)
    assert clip(np.ones(2), PAIR, "none", 0.0).scale == 1
