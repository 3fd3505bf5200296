"""Transport by lag with bound and rate, and the heat map over the updates."""

import numpy as np
import pytest
from matplotlib.collections import QuadMesh
from matplotlib.colors import LogNorm

from rnnlab.plots.gradient_flow import Transport, gradient_flow, transport_by_lag

LAGS = np.arange(6)
DECAY = 0.5**LAGS


def test_transport_shows_median_bound_and_rate(line, legend_texts):
    norms = np.outer([1.0, 2.0, 3.0], DECAY)
    curves = {"ρ = 0.9": Transport(norms, bound=1.5**LAGS, rate=np.log(0.5)), "ρ = 1.2": Transport(norms)}
    (axes,) = transport_by_lag(LAGS, curves).axes
    assert axes.get_yscale() == "log"
    assert axes.get_xlabel() == "lag k (steps back in time)"
    np.testing.assert_array_equal(line(axes, "ρ = 0.9").get_ydata(), norms[1])
    lines = [one.get_ydata() for one in axes.get_lines() if len(one.get_xdata()) == 6]
    assert any(np.array_equal(y, 1.5**LAGS) for y in lines)
    # The fitted rate runs through the middle of the median: here it is the median itself.
    assert sum(np.allclose(y, norms[1], rtol=1e-12) for y in lines) == 3
    assert legend_texts(axes) == [
        "median of 3 seeds, 5–95 %",
        "ρ = 0.9, −0.693 nats a step\nR² 1.00\noff by ×1 at lag 0",
        "ρ = 1.2",
        r"upper bound $(\gamma\,\|W_{\mathrm{hh}}\|)^k$",
        "fitted rate",
    ]


def test_a_rate_that_is_unknown_is_named_and_not_drawn(legend_texts):
    (axes,) = transport_by_lag(LAGS, {"dead": Transport(np.zeros((2, 6)), rate=np.nan)}).axes
    assert "dead, no rate" in legend_texts(axes)
    assert sum(len(one.get_xdata()) == 6 for one in axes.get_lines()) == 1


def test_flow_shows_first_and_last_update_and_all_between(line):
    updates = np.array([0, 10, 50])
    norms = np.stack([DECAY, 0.1 * DECAY, 0.01 * DECAY]) * np.array([1.0, 3.0, 2.0])[:, np.newaxis, np.newaxis]
    left, right, bar = gradient_flow(updates, LAGS, norms).axes
    np.testing.assert_allclose(line(left, "update 0").get_ydata(), 2 * DECAY)
    np.testing.assert_allclose(line(left, "update 50").get_ydata(), 0.02 * DECAY)
    (mesh,) = right.collections
    shown = np.asarray(mesh.get_array())
    np.testing.assert_allclose(shown, np.median(norms, axis=0).T)
    assert isinstance(mesh.norm, LogNorm)
    assert (right.get_xlabel(), right.get_ylabel()) == ("update", "lag k (steps back in time)")
    # Cells reach half-way to their neighbours, however far apart those are.
    assert isinstance(mesh, QuadMesh)
    np.testing.assert_allclose(np.unique(mesh.get_coordinates()[..., 0]), [-5, 5, 30, 70])
    assert bar.get_ylim() == pytest.approx((mesh.norm.vmin, mesh.norm.vmax))


@pytest.mark.parametrize("updates", [[1], [1, 2]])
def test_updates_are_counted_in_whole_numbers_however_few_there_are(updates):
    right = gradient_flow(updates, LAGS, np.ones((1, len(updates), 6)) * DECAY).axes[1]
    low, high = right.get_xlim()
    ticks = [tick for tick in right.get_xticks() if low <= tick <= high]
    assert ticks == pytest.approx(updates)


def test_cells_without_a_gradient_are_masked():
    norms = np.ones((1, 2, 3))
    norms[0, 0, 1], norms[0, 1, 2] = 0.0, np.nan
    right = gradient_flow([1, 2], [0, 1, 2], norms).axes[1]
    np.testing.assert_array_equal(
        np.ma.getmaskarray(right.collections[0].get_array()), [[False, False], [True, False], [False, True]]
    )


def test_colours_span_at_most_twenty_decades():
    norms = np.array([[[1.0, 1e-90]]])
    norm = gradient_flow([1], [0, 1], norms).axes[1].collections[0].norm
    assert (norm.vmin, norm.vmax) == (pytest.approx(1e-20), 1.0)


def test_many_updates_share_columns():
    right = gradient_flow(np.arange(5000), [0, 1], np.ones((1, 5000, 2))).axes[1]
    assert right.collections[0].get_array().shape[1] <= 800


def test_where_no_gradient_is_left_the_figure_says_so():
    right = gradient_flow([1, 2], [0, 1], np.full((2, 2, 2), np.nan)).axes[1]
    assert "no gradient" in right.texts[0].get_text()
