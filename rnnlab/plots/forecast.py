"""A forecast beside what came, and beside persistence."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, num2date
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from rnnlab.plots.bands import Band, draw_band, drawable, summarise
from rnnlab.plots.canvas import blank, literal, new_figure, one_line
from rnnlab.plots.isolation import own_settings
from rnnlab.plots.style import BLACK, BLUE, FAINT, GREEN, INK, ORANGE, legend_above, scale_y
from rnnlab.words import INTERVAL, LARGEST_FLOAT, count


@dataclass(frozen=True)
class TrainingPart:
    """What the model was trained on.

    Parameters
    ----------
    dates, values : arrays of shape (M,)
        The last rows of the training part, drawn before the forecast.
    low, high : float
        Range of all training rows, in the unit of the values.
    """

    dates: NDArray[Any]
    values: NDArray[np.float64]
    low: float
    high: float


@dataclass(frozen=True)
class Baseline:
    """A baseline's forecasts, arrays of shape (N,), with its name in the legend and its RMSE."""

    name: str
    values: NDArray[np.float64]
    rmse: float


@own_settings()
def forecast(
    dates: ArrayLike,
    actual: ArrayLike,
    naive: ArrayLike,
    predicted: ArrayLike,
    *,
    quantity: str = "price",
    unit: str,
    rmse: float,
    naive_rmse: float,
    model: str = "model",
    title: str = "Forecast",
    training: TrainingPart | None = None,
    best: Baseline | None = None,
) -> Figure:
    """Two panels: values (actual, naive, prediction with a band over seeds), and errors, forecast - actual.

    Parameters
    ----------
    dates : datetime64 or numeric array of shape (N,)
    actual, naive : arrays of shape (N,)
        What came, and the last value known at each forecast.
    predicted : array of shape (R, N)
        Drawn as their median, row by row; a model that is not finite throughout is left out.
    quantity : str
        What is forecast.
    unit : str
        Of the values, for example "USD"; may be empty.
    rmse : float
        Of the median forecast, in that unit; where it is not finite it is beyond the floats.
    naive_rmse : float
    model : str
        Its name in the legend, for example "LSTM".
    best : Baseline, optional
        The baseline to beat, where that is not persistence.
    training : TrainingPart, optional
        Draws the end of the training rows with the split, and shades their range: outside it the model
        extrapolates.
    """
    figure, axes = new_figure(title, rows=2, size=(10.0, 6.4), gap=(0.9, 0.3), height_ratios=(2.2, 1.0), share_x=True)
    dates = np.atleast_1d(np.asarray(dates))
    actual, naive = (np.atleast_1d(np.asarray(one, dtype=np.float64)) for one in (actual, naive))
    predicted = _finite(np.atleast_2d(drawable(predicted)))
    band = summarise(dates, predicted)
    label = _label(model, predicted, rmse)
    upper, errors = axes[0, 0], axes[1, 0]
    upper.plot(dates, actual, color=BLACK, linewidth=1.1, label="actual", zorder=3)
    naive_label = f"persistence: last known {literal(quantity)} ({_error(naive_rmse)})"
    upper.plot(dates, naive, color=ORANGE, linewidth=0.8, label=naive_label, zorder=2.5)
    if best is not None:
        best_label = f"{best.name} ({_error(best.rmse)})"
        values = drawable(best.values)
        upper.plot(dates, values, color=GREEN, linewidth=0.8, label=best_label, zorder=2.6)
    draw_band(upper, band, label, color=BLUE, linewidth=1.4, zorder=4)
    if training is not None:
        _draw_training(upper, training, dates[0], literal(quantity))
    upper.set_ylabel(one_line(f"{quantity} ({unit})" if unit else quantity), parse_math=False)
    _scale_values(upper, actual, band, training)
    legend_above(upper, columns=3)
    _draw_errors(errors, actual, naive, dates, predicted, unit)
    write_times(errors, dates if training is None else np.concatenate([training.dates, dates]))
    if not np.isfinite(predicted).any():
        blank(upper, "no model has a finite forecast")
    return figure


def _finite(predicted: NDArray[np.float64]) -> NDArray[np.float64]:
    """The models that are finite throughout; one row of NaN where there is none."""
    finite = predicted[np.isfinite(predicted).all(axis=1)]
    return finite if len(finite) else np.full((1, predicted.shape[1]), np.nan)


def _label(model: str, predicted: NDArray[np.float64], rmse: float) -> str:
    seeds = len(predicted)
    if np.isnan(predicted).any():
        return f"{model}: no finite forecast"
    if seeds == 1:
        return f"{model}, 1 seed ({_error(rmse)})"
    return f"{model}, median forecast of {count(seeds, 'seed')} ({_error(rmse)}), {INTERVAL}"


def _error(rmse: float) -> str:
    return f"RMSE {rmse:.4g}" if np.isfinite(rmse) else f"RMSE more than {LARGEST_FLOAT}"


def _draw_training(axes: Axes, training: TrainingPart, split: Any, quantity: str) -> None:
    label = f"range of {quantity} in training"
    axes.axhspan(training.low, training.high, color="#EFEFEF", linewidth=0, zorder=0, label=label)
    axes.plot(training.dates, training.values, color=FAINT, linewidth=1.0, label="actual, in training")
    axes.axvline(split, color=FAINT, linewidth=1.0, linestyle=":")  # type: ignore[arg-type]


def _draw_errors(axes: Axes, actual: NDArray, naive: NDArray, dates: NDArray, predicted: NDArray, unit: str) -> None:
    band = summarise(dates, predicted - actual)
    axes.axhline(0.0, color=BLACK, linewidth=1.0)
    axes.plot(dates, naive - actual, color=ORANGE, linewidth=0.8, label="persistence", zorder=2.5)
    draw_band(axes, band, "model", color=BLUE, linewidth=1.1, zorder=4)
    axes.set_ylabel(one_line(f"error ({unit})" if unit else "error"), parse_math=False)
    axes.text(0.008, 0.04, "error = forecast − actual", transform=axes.transAxes, size=8, color=INK)
    reach = float(np.ptp(actual)) * 6.0 or abs(float(actual[0])) or 1.0
    scale_y(axes, [naive - actual, [0.0], *_within(band, -reach, reach)], log=False)


def _scale_values(axes: Axes, actual: NDArray, band: Band, training: TrainingPart | None) -> None:
    shown = [actual] if training is None else [actual, training.values]
    low, high = (float(f([f(one) for one in shown])) for f in (np.min, np.max))
    reach = 1.5 * (high - low) or abs(high) or 1.0
    scale_y(axes, [*shown, *_within(band, low - reach, high + reach)], log=False)


def _within(band: Band, low: float, high: float) -> list[NDArray]:
    """Keep a prediction that runs away from squeezing everything else into a line."""
    return [np.clip(one, low, high) for one in (band.median, band.low, band.high)]


def write_times(axes: Axes, times: NDArray) -> None:
    """Ticks and a label for an axis of dates, times or steps."""
    first, last = times.min(), times.max()
    if not isinstance(first, np.datetime64):
        margin = max((last - first) / 100, 1)
        axes.set_xlabel("step")
    else:
        locator = AutoDateLocator(minticks=4, maxticks=9)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(_Dates(locator))
        margin = max((last - first) // 100, np.timedelta64(1, np.datetime_data(first)[0]))
        axes.set_xlabel("date" if times.dtype == np.dtype("datetime64[D]") else "time")
    axes.set_xlim(first - margin, last + margin)  # type: ignore[arg-type]


class _Dates(ConciseDateFormatter):
    """Concise dates whose first one has all that the reader needs, its year above all."""

    def format_ticks(self, values):  # type: ignore[override]
        texts = super().format_ticks(values)
        if texts:
            first, last = (num2date(value) for value in (values[0], values[-1]))
            day = "" if last.year - first.year >= len(values) - 1 else "-%b" if first.day == 1 else "-%b-%d"
            if (last - first).days < len(values) - 1:
                day = "-%b-%d" if (first.hour, first.minute) == (0, 0) else "-%b-%d %H:%M"
            texts[0] = first.strftime(f"%Y{day}")
        return texts
