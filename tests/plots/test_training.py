"""The training figure shows the numbers it was given, and what clipping and divergence did."""

import numpy as np

from rnnlab.plots.training import training

EPOCHS = np.arange(1, 7)
LOSS = np.outer([1.0, 2.0, 4.0], [1.0, 0.5, 0.1, 0.02, 0.01, 0.01])
NORM = np.outer([1.0, 2.0, 9.0], np.ones(6))
UNCLIPPED = np.ones((3, 6))


def draw(loss=LOSS, norm=NORM, clip_scale=UNCLIPPED, threshold=10.0, **more):
    return training(EPOCHS, loss, EPOCHS, norm, clip_scale, threshold, "half squared error", **more).axes


def test_labels_and_scales():
    loss, norm = draw()
    assert (loss.get_xlabel(), loss.get_ylabel()) == ("epoch", "half squared error")
    assert (norm.get_xlabel(), norm.get_ylabel()) == ("update", "gradient norm")
    assert loss.get_yscale() == "log"
    assert draw(loss=LOSS[:, :1] * np.ones(6))[0].get_yscale() == "linear"


def test_medians_and_tau(line, legend_texts):
    loss, norm = draw()
    np.testing.assert_array_equal(line(loss, "training").get_ydata(), LOSS[1])
    np.testing.assert_array_equal(line(norm, "before clipping").get_ydata(), NORM[1])
    assert set(line(norm, "τ").get_ydata()) == {10.0}
    assert legend_texts(loss) == ["training (median of 3 seeds, 5–95 %)"]
    assert legend_texts(norm) == [
        "before clipping (median of 3 seeds, 5–95 %)",
        "τ = 10 (never exceeded)",
    ]
    assert norm.get_ylim()[1] > 10.0


def test_clipped_updates_are_marked_at_their_norm(line, legend_texts):
    clip_scale = UNCLIPPED.copy()
    clip_scale[2, 1] = clip_scale[2, 4] = 5 / 9
    norm = draw(clip_scale=clip_scale, threshold=5.0)[1]
    np.testing.assert_array_equal(line(norm, "clipped").get_xydata(), [[2, 9], [5, 9]])
    assert legend_texts(norm)[1:] == ["τ = 5", "clipped (11.1 % of updates)"]


def test_very_many_marks_are_thinned_but_counted():
    many = np.arange(20_000)
    figure = training([1], [1.0], many, np.full((1, 20_000), 9.0), np.full((1, 20_000), 0.5), 5.0, "loss")
    marks = [one for one in figure.axes[1].get_lines() if str(one.get_label()).startswith("clipped")]
    assert marks[0].get_label() == "clipped (100 % of updates)"
    assert 1000 < len(marks[0].get_xdata()) <= 3000


def test_without_clipping_there_is_no_tau(legend_texts):
    assert legend_texts(draw(threshold=None)[1]) == ["whole gradient (median of 3 seeds, 5–95 %)"]


def test_validation_is_a_second_line(line, legend_texts):
    loss = draw(validation=3 * LOSS)[0]
    np.testing.assert_array_equal(line(loss, "validation").get_ydata(), 3 * LOSS[1])
    assert legend_texts(loss)[1] == "validation"
    assert loss.get_ylim()[1] > 3 * LOSS.max()


def test_a_seed_that_runs_away_does_not_set_the_scale(line, legend_texts):
    loss = LOSS.copy()
    loss[1] = [1.0, 1e20, 1e80, np.inf, np.nan, np.nan]
    axes = draw(loss=loss)[0]
    assert axes.get_ylim()[1] < 10.0
    np.testing.assert_array_equal(line(axes, "diverged").get_xydata(), [[3, axes.get_ylim()[1]]])
    assert legend_texts(axes)[1] == "diverged (1 of 3)"


def test_one_seed_one_update(line, legend_texts):
    loss, norm = training([1], [[0.5]], [1], [[2.0]], [[1.0]], None, "loss").axes
    assert line(loss, "training").get_marker() == "o"
    assert legend_texts(loss) == ["training (1 seed)"]
    assert line(norm, "whole gradient").get_ydata() == [2.0]


def test_a_model_that_early_stopping_ended_did_not_diverge(line, legend_texts):
    loss = LOSS.copy()
    loss[1, 4:] = np.nan  # stopped
    loss[2, 3:] = np.nan  # diverged
    axes = draw(loss=loss, stopped=np.array([False, True, False]))[0]
    assert legend_texts(axes)[1:] == ["diverged (1 of 3)", "stopped early (1 of 3)"]
    np.testing.assert_array_equal(line(axes, "stopped early").get_xydata(), [[4, loss[1, 3]]])


def test_the_loss_of_a_short_training_is_drawn_over_updates():
    assert draw(loss_axis="update")[0].get_xlabel() == "update"
