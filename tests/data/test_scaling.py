"""Scalings: closed forms, inversion, ranges, and what has no spread."""

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnlab.data.scaling import Scaling, fit_scaling
from rnnlab.errors import DataError

KINDS = ["minmax", "standard", "none"]
finite = st.floats(-1e9, 1e9)


def test_closed_forms():
    values = [2.0, 4.0, 10.0]
    assert fit_scaling(values, "minmax") == Scaling("minmax", 2.0, 8.0, 2.0, 10.0)
    standard = fit_scaling(values, "standard")
    assert standard.offset == pytest.approx(16 / 3)
    assert standard.scale == pytest.approx(np.sqrt(104 / 9))
    np.testing.assert_array_equal(fit_scaling(values, "none").transform(values), values)


@given(st.lists(finite, min_size=1, max_size=20), finite, st.sampled_from(KINDS))
def test_inverse_undoes_transform(training, other, kind):
    scaling = fit_scaling(training, kind)
    size = max(abs(scaling.offset), abs(other), scaling.scale)
    assert scaling.inverse(scaling.transform(other)) == pytest.approx(other, abs=1e-14 * size)


@given(st.lists(finite, min_size=2, max_size=20, unique=True))
def test_minmax_lands_in_the_unit_interval(training):
    scaled = fit_scaling(training, "minmax").transform(training)
    assert scaled.min() >= 0.0
    assert scaled.max() <= 1.0


@pytest.mark.parametrize("kind", ["minmax", "standard"])
@pytest.mark.parametrize("constant", [0.0, 7.25, 0.1, -1e12])
def test_constant_training_values_get_unit_scale(kind, constant):
    scaling = fit_scaling(np.full(49, constant), kind)
    assert scaling.scale == 1.0
    np.testing.assert_allclose(scaling.transform([constant, constant + 1]), [0, 1], atol=1e-3)


def test_share_outside_counts_both_sides_and_not_the_edges():
    scaling = fit_scaling([1.0, 3.0], "minmax")
    assert scaling.share_outside([0.5, 1.0, 2.0, 3.0, 3.5]) == pytest.approx(0.4)
    assert np.isnan(scaling.share_outside([]))


@given(st.lists(finite, min_size=1, max_size=5), st.sampled_from(KINDS))
def test_a_scaling_survives_json(training, kind):
    scaling = fit_scaling(training, kind)
    assert Scaling(**json.loads(json.dumps(dataclasses.asdict(scaling)))) == scaling


@pytest.mark.parametrize("training", [[], [1.0, np.nan], [np.inf, 1.0], [-1.7e308, 1.7e308]])
def test_values_that_cannot_be_scaled_are_refused(training):
    with pytest.raises(DataError):
        fit_scaling(training, "minmax")


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="minmax, standard, robust or none; got 'best'"):
        fit_scaling([1.0, 2.0], "best")  # type: ignore


def test_the_robust_scaling_is_median_and_quartiles():
    values = np.append(np.arange(101.0), [1e9, -1e9])
    scaling = fit_scaling(values, "robust")
    assert (scaling.offset, scaling.scale) == (50.0, 51.0)  # quartiles of 103 values: 24.5 and 75.5
    mostly = np.append(np.zeros(50), np.arange(10.0))
    assert fit_scaling(mostly, "robust").scale == pytest.approx(mostly.std(), rel=1e-12)
    tiny = fit_scaling(1e-300 * values[:101], "robust")
    assert (tiny.offset, tiny.scale) == pytest.approx((50e-300, 50e-300), rel=1e-12)
