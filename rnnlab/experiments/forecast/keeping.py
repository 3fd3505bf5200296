"""A forecast in its run folder: the table, the numbers and the plot."""

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from rnnlab.errors import RunWriteError
from rnnlab.experiments.drawing import draw_into, into_plots
from rnnlab.experiments.forecast.result import Forecasts
from rnnlab.experiments.forecast.sentences import percent
from rnnlab.forecasting.baselines import BASELINES
from rnnlab.runs import RunStore
from rnnlab.words import count

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TABLE, NUMBERS, PLOT = "forecast.csv", "forecast.json", "ahead.png"
DRAWN_ROWS = 90  # before the forecast


def keep(result: Forecasts, store: RunStore) -> None:
    """Write table, numbers and plot into the run folder, where there is one; a warning where that cannot be."""
    try:
        with store, store.rewriting(lambda name: name in (TABLE, NUMBERS, f"plots/{PLOT}")):
            store.write_table(TABLE, result.table())
            store.write_json(NUMBERS, result.plain())
            if store.path is not None:
                result.files.extend([store.path / TABLE, store.path / NUMBERS])
                note = partial(_warn_of_plot, result)
                result.files.extend(
                    draw_into(into_plots(store), {PLOT: partial(_draw, result)}, note, shown_in="plots/")
                )
    except RunWriteError as error:
        result.warnings.append(f"The forecast is not kept: {error.message}")


def _warn_of_plot(result: Forecasts, sentence: str, _error: Exception) -> None:
    result.warnings.append(sentence)


def _draw(result: Forecasts) -> "Figure":
    from rnnlab.plots.ahead import ahead

    found, series = result.outlook, result.series
    best = found.rivals[found.best]
    shown = slice(-DRAWN_ROWS, None)
    times = result.times
    if times is None:  # an irregular series goes on in steps of its median distance
        steps = np.diff(series.stamps)
        distance = np.median(steps.astype(np.int64)).astype(np.int64).astype(steps.dtype)
        times = series.stamps[-1] + np.arange(1, found.steps + 1) * distance
    half, rival_half = (course.half_widths(result.level) for course in (found.network, best))
    return ahead(
        (series.stamps[shown], series.values[shown]),
        times,
        (found.network.values, half),
        (BASELINES[found.best].title_with(result.season), best.values, rival_half),
        quantity=series.target,
        unit=series.currency or "",
        interval=f"{percent(result.level)} interval" + f" ({result.intervals})" * (result.refit is not None),
        title=f"{result.name}: the next {count(found.steps, 'value')} of {series.name}",
    )
