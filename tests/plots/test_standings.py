"""Runs beside a reference: a row each, in the order given, beside the best baseline."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from rnnlab.plots.canvas import render
from rnnlab.plots.standings import COLORS, Mark, Standing, standings

ROWS = [
    Standing("stock", np.array([300.0, 310.0, 250.0]), 302.0, "reference"),
    Standing("differences", np.array([10.1, 10.3, 10.2]), 10.15, "better"),
    Standing("worse one", np.array([400.0, np.nan, 420.0]), None, "worse"),
]


PERSISTENCE = Mark("persistence", 10.0)


def drawn(rows=ROWS, baseline=PERSISTENCE, metric="RMSE (USD)"):
    (axes,) = standings(rows, baseline, metric=metric, reference=rows[0].label, title="3 runs").axes
    return axes


def dots(axes):
    found = [one for one in axes.get_lines() if one.get_marker() == "o" and len(one.get_xdata())]
    return [(float(one.get_xdata()[0]), float(one.get_ydata()[0]), to_hex(one.get_color())) for one in found]


def test_each_run_has_its_row_colour_dot_and_number():
    axes = drawn()
    assert [text.get_text() for text in axes.get_yticklabels()] == ["stock", "differences", "worse one"]
    assert axes.yaxis_inverted()
    colors = [to_hex(COLORS[kind]) for kind in ("reference", "better", "worse")]
    # without a combined answer the dot is the median of the seeds that have a number
    assert dots(axes) == [(302.0, 0.0, colors[0]), (10.15, 1.0, colors[1]), (410.0, 2.0, colors[2])]
    assert [text.get_text() for text in axes.texts] == ["302.0", "10.15", "410.0"]


def test_strokes_are_the_seeds_and_bars_their_interval():
    axes = drawn()
    strokes = [one.get_xdata() for one in axes.get_lines() if one.get_marker() == "|"]
    np.testing.assert_array_equal(strokes[0], [300, 310, 250])
    np.testing.assert_array_equal(strokes[2], [400, 420])
    bars = [one.get_xdata() for one in axes.get_lines() if one.get_marker() == "None" and len(one.get_xdata()) == 2]
    np.testing.assert_allclose(bars[0], [255.0, 309.0])


def test_the_baseline_is_a_line_with_its_number(line, legend_texts):
    axes = drawn()
    assert set(line(axes, "persistence").get_xdata()) == {10.0}
    title, *entries = legend_texts(axes)
    assert title == "dot and number: median forecast; strokes: single seeds; bar: 5–95 %"
    assert entries == [
        "stock",
        "better than stock, beyond seed noise",
        "worse than stock, beyond seed noise",
        "persistence, the best baseline: 10.00",
    ]
    assert "best baseline" not in " ".join(legend_texts(drawn(baseline=None)))


def test_the_axis_is_logarithmic_where_it_spans_decades_and_holds_everything():
    axes = drawn()
    assert axes.get_xscale() == "log"
    assert axes.get_xlim()[0] < 10.0
    assert axes.get_xlim()[1] > 420.0
    near = drawn([ROWS[0], Standing("near", np.array([250.0, 290.0]), 270.0, "same")], Mark("best", 240.0))
    assert near.get_xscale() == "linear"
    assert near.get_xlim()[0] < 240.0


def test_numbers_below_zero_are_drawn_on_a_linear_axis():
    rows = [
        Standing("a", np.array([-28.0, -31.0]), -29.0, "reference"),
        Standing("b", np.array([0.1, 0.2]), 0.15, "better"),
    ]
    axes = drawn(rows, Mark("persistence", 0.0), "skill")
    assert axes.get_xscale() == "linear"
    assert axes.texts[0].get_text() == "−29.00"


@pytest.mark.parametrize("values", [[np.nan, np.nan], [], [5.0]])
def test_runs_without_a_number_leave_their_row_empty(values):
    rows = [ROWS[0], Standing("x" * 60, np.array(values, float), None, "untested")]
    axes = drawn(rows, None)
    assert len(dots(axes)) == 1 + (values == [5.0])
    assert render(axes.figure).startswith(b"\x89PNG")


@pytest.mark.painted
def test_labels_and_numbers_are_within_the_figure():
    axes = drawn([*ROWS, Standing("a label that is as long as they get", np.array([20.0, 30.0]), 25.0, "same")])
    figure = axes.figure
    render(figure)
    texts = [*axes.get_yticklabels(), *axes.texts, axes.get_legend()]
    assert all(one.get_window_extent().x0 >= 0 and one.get_window_extent().x1 <= figure.bbox.x1 for one in texts)
