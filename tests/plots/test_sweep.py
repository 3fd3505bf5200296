"""The gradient norm over updates, for few and for many rhos."""

import numpy as np
from matplotlib.collections import LineCollection

from rnnlab.plots.sweep import sweep

UPDATES = np.arange(1, 5)


def test_few_rhos_get_a_line_and_a_band_each(line, legend_texts):
    norms = {rho: np.outer([1.0, 2.0, 3.0], rho * np.ones(4)) for rho in (0.9, 0.99, 1.2)}
    (axes,) = sweep(UPDATES, norms).axes
    assert axes.get_yscale() == "log"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("update", r"$\|\partial L\,/\,\partial W_{\mathrm{hh}}\|$")
    np.testing.assert_allclose(line(axes, "ρ = 1.2").get_ydata(), 2.4)
    assert legend_texts(axes) == ["median of 3 seeds, 5–95 %", "ρ = 0.9", "ρ = 0.99", "ρ = 1.2"]
    assert len(axes.collections) == 3


def test_diverged_models_are_crossed_and_counted(line, legend_texts):
    norms = {0.9: np.ones((2, 4)), 1.2: np.array([[1, 5, 1e90, np.inf], [2, 2, 2, 2]])}
    (axes,) = sweep(UPDATES, norms).axes
    assert legend_texts(axes)[1:] == ["ρ = 0.9", "ρ = 1.2 (1 diverged: ×)"]
    (cross,) = (one for one in axes.get_lines() if one.get_marker() == "x")
    np.testing.assert_array_equal(cross.get_xydata(), [[3, axes.get_ylim()[1]]])
    assert cross.get_color() == line(axes, "ρ = 1.2").get_color()
    assert axes.get_ylim()[1] < 100


def test_many_rhos_are_one_artist_with_a_colour_bar(legend_texts):
    rhos = np.linspace(0.5, 2.0, 31)
    norms = {float(rho): np.full((20, 4), rho) for rho in rhos}
    norms[2.0][:3, 2:] = np.nan
    axes, bar = sweep(UPDATES, norms).axes
    (lines,) = axes.collections
    assert isinstance(lines, LineCollection)
    np.testing.assert_allclose(lines.get_array(), rhos)
    for segment, rho in zip(lines.get_segments(), rhos, strict=True):
        np.testing.assert_allclose(segment, np.column_stack([UPDATES, np.full(4, rho)]))
    assert bar.get_ylabel() == "ρ"
    assert legend_texts(axes) == ["per ρ: median of 20 seeds; 3 of 620 models diverged"]


def test_many_rhos_after_one_update_are_dots():
    axes = sweep([1], {float(rho): [[rho]] for rho in range(1, 12)}).axes[0]
    (dots,) = axes.collections
    np.testing.assert_array_equal(dots.get_offsets(), [[1, rho] for rho in range(1, 12)])


def test_a_model_on_its_way_to_infinity_does_not_squeeze_the_others():
    norms = {
        1.0: np.full((3, 4), 2.0),
        1.5: np.array([[2, 1e90, 2, 2]] * 3),
        2.0: np.array([[1e200, np.inf, np.nan, np.nan]]),
    }
    (axes,) = sweep(UPDATES, norms).axes
    assert 1e6 < axes.get_ylim()[1] < 1e7
    assert axes.get_ylim()[0] < 2


def test_where_every_model_diverges_they_set_the_scale():
    (axes,) = sweep(UPDATES, {2.0: np.array([[1e3, 1e5, np.inf, np.nan]])}).axes
    assert axes.get_ylim()[0] < 1e3
    assert axes.get_ylim()[1] > 1e5
