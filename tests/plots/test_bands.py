"""Median and interval of the seeds, and models that leave the finite numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnlab.plots.bands import (
    draw_band,
    drawable,
    extent,
    mark_diverged,
    summarise,
    surviving,
)
from rnnlab.plots.canvas import new_figure


def test_the_band_holds_nine_in_ten_of_the_seeds_however_many_there_are():
    values = np.arange(11.0)[:, np.newaxis] * np.ones(3)
    few, many = summarise([1, 2, 3], values[:5]), summarise([1, 2, 3], values)
    np.testing.assert_allclose([few.low[0], few.median[0], few.high[0]], [0.2, 2.0, 3.8])
    np.testing.assert_allclose([many.low[0], many.median[0], many.high[0]], [0.5, 5.0, 9.5])
    assert few.shaded
    assert not summarise([1, 2, 3], values[0]).shaded


def test_a_diverged_seed_is_left_out_of_the_median():
    band = summarise([0, 1], [[1.0, np.inf], [3.0, 3.0], [2.0, np.nan]])
    np.testing.assert_array_equal(band.median, [2.0, 3.0])


def test_long_series_are_binned_without_losing_a_spike():
    values = np.ones((2, 100_000))
    values[1, 77_777] = 50.0
    band = summarise(np.arange(100_000), values)
    assert len(band.x) == len(band.median) <= 1500
    assert band.high.max() == pytest.approx(0.95 * 50 + 0.05)
    assert (band.median == 1.0).all()
    assert band.x[np.argmax(band.high)] == pytest.approx(77_777, abs=100)


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_drawable_sizes_stay_within_what_an_axis_can_hold(value):
    drawn = float(drawable(value))
    if not np.isfinite(value) or value == 0:
        assert drawn == value or np.isnan(drawn)
    else:
        assert 1e-150 <= abs(drawn) <= 1e150
        assert np.sign(drawn) == np.sign(value)
        assert drawn == value or not 1e-150 <= abs(value) <= 1e150


def test_axes_fit_the_band_of_the_models_that_survive():
    values = np.array([[1.0, 2.0], [1.0, np.nan], [np.inf, 1.0]])
    np.testing.assert_array_equal(surviving(values), [True, False, False])
    assert surviving(values[1:]).all()
    np.testing.assert_array_equal(extent(values), [[1.0, 2.0], [1.0, 2.0]])
    many = np.linspace(1.0, 2.0, 21)[:, np.newaxis]
    np.testing.assert_allclose(extent(many).ravel(), [1.05, 1.95])


def test_crosses_stand_at_the_last_finite_value_within_the_axis():
    axes = new_figure("")[1][0, 0]
    axes.set_ylim(0.0, 10.0)
    values = [[1, 2, 3], [1, 4, np.nan], [5, 1e9, np.inf], [np.nan, 1, 1]]
    assert mark_diverged(axes, [10, 20, 30], values) == 3
    (crosses,) = axes.get_lines()
    np.testing.assert_array_equal(crosses.get_xydata(), [[20, 4], [20, 10]])
    assert crosses.get_label() == "diverged (3 of 4)"


def test_no_cross_without_divergence():
    axes = new_figure("")[1][0, 0]
    assert mark_diverged(axes, [1, 2], [[1.0, 2.0]]) == 0
    assert not axes.get_lines()


def test_a_band_is_a_line_and_a_shade_and_a_lone_point_a_dot():
    axes = new_figure("")[1][0, 0]
    draw_band(axes, summarise([1, 2], [[1.0, 2.0], [3.0, 6.0]]), "two", color="red")
    (line,), (shade,) = axes.get_lines(), axes.collections
    np.testing.assert_array_equal(line.get_ydata(), [2.0, 4.0])
    corners = shade.get_paths()[0].vertices
    for corner in ([1, 1.1], [1, 2.9], [2, 2.2], [2, 5.8]):
        assert np.isclose(corners, corner).all(axis=1).any()
    draw_band(axes, summarise([1], [[4.0]]), "one", color="blue")
    assert axes.get_lines()[1].get_marker() == "o"
    assert len(axes.collections) == 1
