"""What a figure says stays inside it, whatever the user's names are, and is drawn as it was written."""

import matplotlib
import numpy as np
import pytest

from rnnlab.plots.canvas import literal, new_figure, one_line, render
from rnnlab.plots.forecast import forecast
from rnnlab.plots.gradient_flow import Transport, gradient_flow, transport_by_lag
from rnnlab.plots.spectrum import spectrum
from rnnlab.plots.training import training

X = np.arange(1, 7)
SUM = "half squared error (sum over the steps)"
NAMES = ["Price ($) # sold ($)", "US$$", "x" * 300, "a\x00b\nc\td", r"\$\frac{", "_hidden", "%s {0}", "\udcff"]


def draw_forecast(name: str):
    values = 1e6 * X
    return forecast(
        np.datetime64("2020-03-05") + X, values, values, [values] * 3, quantity=name, unit=name,
        rmse=1.0, naive_rmse=1.0, title=f"{name}: forecast of {name}",
    )  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names_stay_inside_the_figure(name):
    figure = draw_forecast(name)
    render(figure)
    width, height = figure.bbox.size
    texts = [*figure.texts, *(axes.yaxis.label for axes in figure.axes), *figure.axes[0].get_legend().get_texts()]
    for text in texts:
        box = text.get_window_extent()
        assert box.x0 >= 0
        assert box.x1 <= width
        assert box.y0 >= 0
        assert box.y1 <= height
    for axes in figure.axes:
        label = axes.yaxis.label.get_window_extent()
        assert all(label.x1 <= one.get_window_extent().x0 for one in axes.get_yticklabels() if one.get_text())


def test_dollar_signs_are_dollar_signs():
    figure = draw_forecast("Price ($) vs Cost ($)")
    assert not figure.texts[0].get_parse_math()
    assert not figure.axes[0].yaxis.label.get_parse_math()
    (persistence,) = (t for t in figure.axes[0].get_legend().get_texts() if t.get_text().startswith("persistence"))
    assert persistence.get_text() == r"persistence: last known Price (\$) vs Cost (\$) (RMSE 1)"
    assert literal("US$$") == r"US\$\$"


def test_a_long_name_keeps_both_ends():
    assert one_line("begin" + "-" * 100 + "the end", 20) == "begin-----…--the end"
    assert one_line("a\x00\x1b[1mb\n\tc\udcff") == "a [1mb c?"


@pytest.mark.parametrize(
    ("figure"),
    [
        lambda: spectrum({1.0: np.ones(3)}, title="gradients: eigenvalues of the recurrent weights"),
        lambda: transport_by_lag(X, {"ρ = 0.9999": Transport(np.exp(-((X - 3.0) ** 2) * 9)[None], rate=-0.1)}),
        lambda: training(
            X, [1.0 / X**4.0] * 9, X, [X] * 9, np.ones((9, 6)), 5.0, "half squared error (sum over the steps)"
        ),
    ],
)
def test_nothing_of_a_figure_is_cut_off(figure):
    drawn = figure()
    render(drawn)
    box = drawn.get_tightbbox()
    assert box.x0 >= 0
    assert box.y0 >= 0
    assert box.x1 <= drawn.get_figwidth()
    assert box.y1 <= drawn.get_figheight()


def test_settings_of_the_users_do_not_change_a_figure():
    plain = render(draw_forecast("price"))
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red", "lines.linewidth": 9, "text.usetex": True}):
        assert render(draw_forecast("price")) == plain


def test_a_bad_fit_says_where(legend_texts):
    curve = np.exp(np.where(X < 4, 0.0, -9.0 * X))[None]
    (axes,) = transport_by_lag(X, {"bent": Transport(curve, rate=-0.5)}).axes
    entry = legend_texts(axes)[1]
    assert entry.startswith("bent, −0.500 nats a step\npoor fit: R² 0.")
    assert entry.endswith("at lag 6")


def test_one_absurd_norm_does_not_stretch_the_colours():
    norms = np.exp(np.random.default_rng(0).normal(size=(1, 10, 6)))
    norms[0, 3, 2] = 3e111
    _, right, bar = gradient_flow(np.arange(10), X, norms).axes
    assert right.collections[0].norm.vmax < 1e5
    assert [text.get_text() for text in bar.texts] == ["clipped;\nup to $10^{111}$"]


def test_the_network_is_drawn_over_persistence():
    lines = {str(line.get_label()).split(":")[0].split(",")[0]: line for line in draw_forecast("p").axes[0].get_lines()}
    assert lines["model"].get_zorder() > lines["actual"].get_zorder() > lines["persistence"].get_zorder()
    assert lines["model"].get_linewidth() > lines["persistence"].get_linewidth()


def test_the_first_date_has_its_year():
    figure = draw_forecast("p")
    figure.canvas.draw()
    assert figure.axes[1].get_xticklabels()[0].get_text().startswith("2020-Mar-")


def test_eigenvalues_of_any_size_keep_their_values():
    figure = spectrum({1e300: np.array([1e300, -2e300j])})
    (axes,) = figure.axes
    assert axes.get_title() == "ρ = 1e+300, largest 2e+300"
    assert "real part ($10^{300}$)" in [text.get_text() for text in figure.texts]
    np.testing.assert_allclose(axes.get_lines()[0].get_xydata(), [[1, 0], [0, -2]], atol=1e-12)


def test_points_lie_over_the_unit_circle():
    points, circle, _ = spectrum({1.0: np.ones(2)}).axes[0].get_lines()
    assert points.get_zorder() > circle.get_zorder()


def test_a_seed_that_stopped_early_counts_for_the_axis_and_the_median_is_named():
    loss = np.array([[1.0, 0.5, np.nan], [0.1, 0.05, 0.01]])
    axes = training([1, 2, 3], loss, [1], [[1.0]] * 2, [[1.0]] * 2, None, "loss", stopped=[True, False]).axes[0]
    assert axes.get_ylim()[1] > 1.0
    assert axes.get_legend().get_texts()[0].get_text() == "training (median of the seeds still training, 5–95 %)"


@pytest.mark.parametrize("threshold", [1e290, 1e-320])
def test_a_threshold_far_from_the_norms_does_not_set_the_scale(threshold):
    axes = training(X, X, X, X, np.ones(6), threshold, "loss").axes[1]
    assert axes.get_ylim()[1] < 100
    assert axes.get_ylim()[0] > 0.01


def test_a_title_is_made_smaller_before_it_is_cut():
    figure, _ = new_figure("gradients: " + "n" * 64, size=(9.0, 4.0))
    assert "…" not in figure.texts[0].get_text()
    assert 10 <= figure.texts[0].get_fontsize() < 13
