"""Eigenvalues in the complex plane, beside the circles they are held against."""

import numpy as np
import pytest

from rnnlab.plots.spectrum import spectrum


def radius(one):
    return np.hypot(one.get_xdata(), one.get_ydata())


def test_points_and_circles(line, legend_texts):
    values = {0.9: np.array([[0.5 + 0.5j, 0.5 - 0.5j], [-0.9 + 0j, 0.1 + 0j]]), 1.2: np.array([1.3 + 0j])}
    figure = spectrum(values)
    first, second = figure.axes
    np.testing.assert_allclose(line(first, "eigenvalues").get_xydata(), [[0.5, 0.5], [0.5, -0.5], [-0.9, 0], [0.1, 0]])
    np.testing.assert_allclose(radius(line(first, "unit circle")), 1.0)
    np.testing.assert_allclose(radius(line(first, "radius ρ")), 0.9)
    np.testing.assert_allclose(radius(line(second, "radius ρ")), 1.2)
    assert [axes.get_title() for axes in figure.axes] == ["ρ = 0.9, largest 0.9", "ρ = 1.2, largest 1.3"]
    assert legend_texts(figure) == ["eigenvalues, all seeds", "unit circle", "radius ρ"]
    assert {"real part", "imaginary part"} <= {text.get_text() for text in figure.texts}


def test_all_panels_share_limits_that_hold_everything():
    figure = spectrum({0.5: np.array([0.1 + 0j]), 1.0: np.array([0.2 - 3.0j])})
    for axes in figure.axes:
        assert axes.get_xlim() == axes.get_ylim()
        assert axes.get_xlim()[1] == pytest.approx(1.08 * abs(0.2 - 3.0j))
        assert axes.get_aspect() == 1.0


def test_of_many_rhos_eight_are_shown_ends_included():
    rhos = np.linspace(0.5, 2.0, 31)
    figure = spectrum({float(rho): rho * np.ones((2, 3)) for rho in rhos})
    titles = [axes.get_title() for axes in figure.axes]
    assert len(titles) == 8
    assert titles[0].startswith("ρ = 0.5,")
    assert titles[-1].startswith("ρ = 2,")


def test_unused_panels_are_hidden():
    figure = spectrum({rho: np.ones(2) for rho in (0.1, 0.2, 0.3, 0.4, 0.5)})
    assert [axes.get_visible() for axes in figure.axes] == [True] * 5 + [False] * 3


def test_eigenvalues_that_are_not_finite_are_left_out(line):
    (axes,) = spectrum({1.0: np.array([np.nan, np.inf, 0.5])}).axes
    np.testing.assert_array_equal(line(axes, "eigenvalues").get_xydata(), [[0.5, 0.0]])
    assert spectrum({1.0: np.array([np.nan])}).axes[0].get_title() == "ρ = 1: none is finite"
