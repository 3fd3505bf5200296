"""Runs over each other in one figure."""

import numpy as np
import pytest

from rnnlab.plots.canvas import FORMATS, render
from rnnlab.plots.overlay import Curve, Panel, overlay

UPDATES = np.arange(1, 6)


def curve(label="a", seeds=3, scale=1.0, **more):
    return Curve(label, UPDATES, scale * (np.arange(seeds)[:, None] + 1.0) / UPDATES, **more)


def losses(*curves):
    return Panel("text", "update", "training loss", curves)


def test_every_curve_is_a_median_with_a_band():
    (axes,) = overlay([losses(curve(), curve("b", scale=2.0))], title="t").axes
    assert [line.get_label() for line in axes.lines] == ["a", "b"]
    np.testing.assert_allclose(axes.lines[1].get_ydata(), 4.0 / UPDATES)
    assert len(axes.collections) == 2


def test_numbers_of_seeds_stand_beside_the_names_where_they_differ():
    (axes,) = overlay([losses(curve(seeds=1), curve("b"))], title="t").axes
    assert [line.get_label() for line in axes.lines] == ["a (1 seed)", "b (3 seeds)"]


def test_seeds_that_diverged_end_in_a_cross():
    values = np.ones((2, 5))
    values[1, 3:] = np.nan
    (axes,) = overlay([losses(Curve("a", UPDATES, values, np.array([False, True])))], title="t").axes
    assert axes.lines[-1].get_label() == "1 of 2 seeds diverged"
    assert list(axes.lines[-1].get_xdata()) == [3]


def test_infinite_rates_are_crosses_at_the_edges():
    rates = np.array([[-0.1, 0.1], [-np.inf, np.inf]])
    panel = Panel("sweeps", "rho", "rate", [Curve("a", np.array([0.9, 1.1]), rates)], rates=True)
    (axes,) = overlay([panel], title="t").axes
    crosses = {line.get_label(): (line.get_xdata()[0], line.get_ydata()[0]) for line in axes.lines[-2:]}
    bottom, top = axes.get_ylim()
    assert crosses == {"gradient 0": (0.9, bottom), "overflow": (1.1, top)}


@pytest.mark.painted
@pytest.mark.parametrize("curves", [1, 5, 30])
@pytest.mark.parametrize("label", ["a", "x" * 300, "$x$_{", "\x1b[2J"])
def test_any_number_of_curves_and_any_label_can_be_drawn(curves, label):
    panels = [losses(*[curve(f"{label}{k}") for k in range(curves)]), Panel("none", "x", "y", [])]
    assert render(overlay(panels, title=label)).startswith(b"\x89PNG")


@pytest.mark.painted
@pytest.mark.parametrize(
    "values", [np.full((2, 5), np.nan), np.full((2, 5), 1e308), np.zeros((2, 5)), np.full((1, 5), -1e-320)]
)
def test_hard_values_can_be_drawn(values):
    assert render(overlay([losses(Curve("a", UPDATES, values), curve())], title="t")).startswith(b"\x89PNG")


@pytest.mark.painted
@pytest.mark.parametrize("form", FORMATS)
def test_a_file_of_each_format_is_the_same_every_time(form):
    first, second = (render(overlay([losses(curve())], title="t"), form) for _ in range(2))
    assert first == second
    assert first.startswith({"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}[form])
