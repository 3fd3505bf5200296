"""The forecast figure: what came, persistence, the models, and where training ended."""

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from rnnlab.plots.forecast import Baseline, TrainingPart, forecast

DATES = np.datetime64("2012-01-02") + np.arange(4)
ACTUAL = np.array([10.0, 12.0, 11.0, 14.0])
NAIVE = np.array([9.0, 10.0, 12.0, 11.0])
PREDICTED = np.array([[9.0, 9.5, 10.0, 11.0], [10.0, 10.5, 11.0, 12.0], [11.0, 11.5, 12.0, 13.0]])
TRAINING = TrainingPart(DATES[0] - np.arange(3, 0, -1), np.array([7.0, 8.0, 9.0]), low=3.0, high=9.0)


def draw(predicted=PREDICTED, rmse=1.5, training=None, unit="USD"):
    figure = forecast(
        DATES, ACTUAL, NAIVE, predicted, unit=unit, rmse=rmse, naive_rmse=1.9, model="GRU", training=training
    )
    return figure.axes


def test_lines_and_legend(line, legend_texts):
    prices, errors = draw()
    np.testing.assert_array_equal(line(prices, "actual").get_ydata(), ACTUAL)
    np.testing.assert_array_equal(line(prices, "persistence").get_ydata(), NAIVE)
    np.testing.assert_array_equal(line(prices, "GRU").get_ydata(), PREDICTED[1])
    np.testing.assert_array_equal(line(errors, "persistence").get_ydata(), NAIVE - ACTUAL)
    np.testing.assert_array_equal(line(errors, "model").get_ydata(), PREDICTED[1] - ACTUAL)
    assert legend_texts(prices) == [
        "actual",
        "persistence: last known price (RMSE 1.9)",
        "GRU, median forecast of 3 seeds (RMSE 1.5), 5–95 %",
    ]


def test_labels_units_and_dates():
    prices, errors = draw()
    assert (prices.get_ylabel(), errors.get_ylabel(), errors.get_xlabel()) == (
        "price (USD)",
        "error (USD)",
        "date",
    )
    assert draw(unit="")[0].get_ylabel() == "price"
    figure = errors.get_figure()
    figure.canvas.draw()
    assert "2012-Jan" in errors.xaxis.get_offset_text().get_text()
    days = [text.get_text() for text in errors.get_xticklabels()]
    assert {"02", "03", "04", "05"} <= set(days)


def test_the_training_part_is_drawn_with_its_range_and_the_split(line, legend_texts):
    prices, _ = draw(training=TRAINING)
    np.testing.assert_array_equal(line(prices, "actual, in training").get_ydata(), TRAINING.values)
    (span,) = prices.patches
    assert isinstance(span, Rectangle)
    assert (span.get_y(), span.get_y() + span.get_height()) == (3.0, 9.0)
    assert set(legend_texts(prices)[3:]) == {"actual, in training", "range of price in training"}
    split = [one for one in prices.get_lines() if one.get_linestyle() == ":"]
    assert split[0].get_xdata()[0] == DATES[0]


@pytest.mark.usefixtures("line")
def test_a_prediction_that_runs_away_does_not_flatten_the_prices():
    runaway = PREDICTED.copy()
    runaway[:, 2:] = 1e200
    prices, errors = draw(predicted=runaway)
    assert prices.get_ylim()[1] < 10 * ACTUAL.max()
    assert errors.get_ylim()[1] < 10 * ACTUAL.max()


def test_diverged_models_are_left_out_of_the_median(line, legend_texts):
    predicted = PREDICTED.copy()
    predicted[0] = np.nan
    prices = draw(predicted=predicted)[0]
    np.testing.assert_array_equal(line(prices, "GRU").get_ydata(), PREDICTED[1:].mean(axis=0))
    assert legend_texts(prices)[2] == "GRU, median forecast of 2 seeds (RMSE 1.5), 5–95 %"


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_model_with_one_value_that_is_not_finite_is_left_out_of_every_row(line, bad):
    predicted = PREDICTED.copy()
    predicted[0, 3] = bad
    np.testing.assert_array_equal(line(draw(predicted=predicted)[0], "GRU").get_ydata(), PREDICTED[1:].mean(axis=0))


def test_where_no_model_has_a_forecast_the_figure_says_so(legend_texts):
    prices = draw(predicted=np.full((3, 4), np.nan), rmse=np.nan)[0]
    assert prices.texts[0].get_text() == "no model has a finite forecast"
    assert legend_texts(prices)[2] == "GRU: no finite forecast"


def test_an_error_beyond_the_floats_is_not_called_nan(legend_texts):
    assert legend_texts(draw(rmse=np.nan)[0])[2] == "GRU, median forecast of 3 seeds (RMSE more than 1.8e+308), 5–95 %"


@pytest.mark.parametrize("rows", [1, 2])
def test_hardly_any_rows(rows, line):
    figure = forecast(
        DATES[:rows], ACTUAL[:rows], NAIVE[:rows], PREDICTED[:1, :rows], unit="", rmse=1.0, naive_rmse=1.0
    )
    figure.canvas.draw()
    assert len(line(figure.axes[0], "model, 1 seed").get_xdata()) == rows


def test_the_baseline_to_beat_is_drawn_and_named(line, legend_texts):
    prices, _ = forecast(
        DATES, ACTUAL, NAIVE, PREDICTED, unit="", rmse=1.5, naive_rmse=1.9, model="GRU",
        best=Baseline("the mean", NAIVE + 1, 1.25),
    ).axes  # fmt: skip
    np.testing.assert_array_equal(line(prices, "the mean").get_ydata(), NAIVE + 1)
    assert "the mean (RMSE 1.25)" in legend_texts(prices)


def test_the_seeds_in_the_legend_are_those_that_have_a_forecast(legend_texts):
    prices, _ = draw(np.where([[True], [False], [True]], PREDICTED, np.nan))
    assert "GRU, median forecast of 2 seeds" in legend_texts(prices)[-1]
