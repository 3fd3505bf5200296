"""The phase diagram: measured rates, theory, and the regions of the verdicts."""

import math

import numpy as np
import pytest
from matplotlib.container import ErrorbarContainer
from matplotlib.patches import Rectangle

from rnnlab.plots.growth import Theory, growth

RHO = np.array([0.9, 1.2, 2.0])
RATES = np.array([[-0.5, -0.4, -0.3], [-0.2, -0.1, 0.0], [0.3, 0.4, 0.5]])


def measured(axes):
    (container,) = axes.containers
    points, _caps, (bars,) = container.lines
    return points.get_xydata(), [segment[:, 1] for segment in bars.get_segments()]


def test_points_intervals_and_labels(legend_texts):
    (axes,) = growth(RHO, RATES, steps=50).axes
    points, bars = measured(axes)
    np.testing.assert_allclose(points, np.column_stack([RHO, [-0.4, -0.1, 0.4]]))
    np.testing.assert_allclose(bars, [[-0.49, -0.31], [-0.19, -0.01], [0.31, 0.49]])
    assert axes.get_xlabel() == "ρ, scale of the recurrent weights"
    assert axes.get_ylabel() == "growth rate (nats per step)"
    assert legend_texts(axes) == ["measured (median of 3 seeds, 5–95 %)"]


def test_given_intervals_replace_the_band(legend_texts):
    (axes,) = growth(RHO, RATES, steps=50, low=RATES[:, 1] - 1, high=RATES[:, 1] + 2).axes
    np.testing.assert_allclose(measured(axes)[1], np.stack([RATES[:, 1] - 1, RATES[:, 1] + 2], axis=1))
    assert legend_texts(axes) == ["measured (median of 3 seeds, 5–95 %)"]


def test_theory_edge_and_zero_line(line, legend_texts):
    fine = np.linspace(0.5, 2.5, 9)
    theory = Theory(fine, np.log(fine / math.sqrt(2)), math.sqrt(2), "mean field, log(ρ/√2)")
    (axes,) = growth(RHO, RATES, steps=50, theory=theory).axes
    np.testing.assert_array_equal(line(axes, "mean field").get_ydata(), theory.rate)
    assert set(line(axes, "predicted edge").get_xdata()) == {math.sqrt(2)}
    assert legend_texts(axes)[1:] == ["mean field, log(ρ/√2)", "predicted edge, ρ = 1.414"]
    assert any(set(one.get_ydata()) == {0.0} for one in axes.get_lines())


def test_an_edge_beyond_the_rhos_is_still_shown():
    theory = Theory(RHO, RHO, 1.4142, "th")
    (axes,) = growth(RHO[:2], RATES[:2], steps=50, theory=theory).axes
    assert axes.get_xlim()[1] > 1.4142
    far = Theory(RHO, RHO, 40.0, "th")
    (axes,) = growth(RHO[:2], RATES[:2], steps=50, theory=far).axes
    assert axes.get_xlim()[1] < 1.5


@pytest.mark.parametrize(("steps", "factor"), [(50, 10.0), (20, 100.0)])
def test_regions_meet_where_the_chunk_changes_by_the_decisive_factor(steps, factor):
    (axes,) = growth(RHO, RATES, steps=steps, decisive_factor=factor).axes
    regions = [one for one in axes.patches if isinstance(one, Rectangle)]
    assert len(regions) == len(axes.patches)
    borders = sorted({round(y, 9) for one in regions for y in (one.get_y(), one.get_y() + one.get_height())})
    assert math.exp(borders[1] * steps) == pytest.approx(1 / factor)
    assert math.exp(borders[2] * steps) == pytest.approx(factor)
    texts = [text.get_text() for text in axes.texts]
    assert texts == [
        f"vanishing\n÷ {factor:g} or more\nin {steps} steps",
        "critical",
        f"exploding\n× {factor:g} or more\nin {steps} steps",
    ]


def test_dead_and_diverged_models_are_marked_and_counted(line, legend_texts):
    rates = RATES.copy()
    rates[2, :2] = -np.inf, np.nan
    (axes,) = growth(RHO, rates, steps=50).axes
    np.testing.assert_allclose(measured(axes)[0][2], [2.0, 0.5])
    np.testing.assert_array_equal(line(axes, "no rate").get_xdata(), [2.0])
    assert legend_texts(axes)[1] == "no rate: gradient 0 or infinite (2 of 9)"


def test_mixed_verdicts_are_hollow_and_counted(line):
    (axes,) = growth(RHO, RATES, steps=50, mixed=[False, True, False]).axes
    hollow = line(axes, "verdict mixed (1 of 3)")
    np.testing.assert_array_equal(hollow.get_xdata(), [RHO[1]])
    assert hollow.get_markerfacecolor() == "white"


def test_the_rate_is_that_of_the_verdict_and_infinite_ends_run_to_the_edge():
    rates = np.array([[-np.inf, -np.inf, 0.2], [-0.1, 0.0, 0.1]])
    (axes,) = growth([1.0, 2.0], rates, steps=50, median=[-np.inf, 0.0], low=[-np.inf, -np.inf], high=[0.2, 0.1]).axes
    container = axes.containers[0]
    assert isinstance(container, ErrorbarContainer)
    points, _caps, (bars,) = container.lines
    assert not np.isfinite(points.get_ydata()[0])  # the finite rates alone would have their median at 0.2
    assert points.get_ydata()[1] == 0
    np.testing.assert_allclose(bars.get_segments()[-1][:, 1], [axes.get_ylim()[0], 0.1])
