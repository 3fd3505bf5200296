"""Heat maps side by side: one scale of colours, nothing drawn where there is nothing."""

import numpy as np

from rnnlab.plots.canvas import render
from rnnlab.plots.flow_maps import flow_maps


def meshes(figure):
    return [mesh for axes in figure.axes for mesh in axes.collections if hasattr(mesh, "get_array")]


def test_each_rho_has_its_median_map_in_one_scale():
    norms = np.array([[[1.0, 1e-3]], [[3.0, 1e-5]], [[2.0, 1e-4]]])  # 3 seeds, 1 update, 2 lags
    figure = flow_maps([1], [0, 1], {0.9: norms, 1.2: 10 * norms})
    first, second = meshes(figure)[:2]
    np.testing.assert_allclose(np.ravel(first.get_array()), [2.0, 1e-4])
    np.testing.assert_allclose(np.ravel(second.get_array()), [20.0, 1e-3])
    assert first.norm is second.norm
    assert (first.norm.vmin, first.norm.vmax) == (1e-4, 20.0)
    assert [axes.get_title() for axes in figure.axes[:2]] == ["ρ = 0.9", "ρ = 1.2"]


def test_what_is_zero_or_missing_is_left_grey():
    norms = np.array([[[1.0, 0.0], [np.nan, np.inf]]])
    (mesh, *_) = meshes(flow_maps([1, 2, 3], [0, 1], {0.9: norms}))
    assert np.ma.getmaskarray(mesh.get_array()).sum() == 5


def test_a_rho_without_any_gradient_says_so():
    figure = flow_maps([1], [0], {1e300: np.full((2, 1, 1), np.nan), 1.0: np.ones((2, 1, 1))})
    assert "no gradient" in [text.get_text() for text in figure.axes[0].texts]
    assert render(figure).startswith(b"\x89PNG")
