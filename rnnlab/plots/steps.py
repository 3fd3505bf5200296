"""The error of a forecast over the steps ahead, or over the folds of a rolling origin, beside baselines."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from rnnlab.plots.bands import draw_band, drawable, summarise
from rnnlab.plots.canvas import literal, new_figure, one_line
from rnnlab.plots.isolation import own_settings
from rnnlab.plots.style import BLUE, GREEN, ORANGE, legend_above, scale_y
from rnnlab.words import INTERVAL


@dataclass(frozen=True)
class Course:
    """A forecaster's name in the legend, and its RMSE at each place, (K,)."""

    name: str
    rmse: NDArray[np.float64]


@own_settings()
def errors_along(
    places: NDArray[np.intp],
    seeds: NDArray[np.float64],
    network: Course,
    rivals: Sequence[Course],
    *,
    along: str,
    unit: str,
    title: str,
) -> Figure:
    """RMSE of the median forecast of a network, with a band over seeds, and of up to two baselines.

    Parameters
    ----------
    places : array of shape (K,)
        Rows ahead, or numbers of folds.
    seeds : array of shape (R, K)
        RMSE of each model.
    along : str
        What the places are.
    unit : str
        Of the errors; may be empty.
    """
    figure, axes = new_figure(title)
    axis = axes[0, 0]
    seeds, median = drawable(seeds), drawable(network.rmse)
    if len(seeds) > 1:
        draw_band(axis, summarise(places, seeds), f"single seeds: median, {INTERVAL}", color=BLUE, linestyle=":")
    axis.plot(places, median, color=BLUE, linewidth=1.6, marker="o", markersize=4, label=network.name)
    for rival, color, marker in zip(rivals, (ORANGE, GREEN), ("s", "^"), strict=False):
        axis.plot(places, drawable(rival.rmse), color=color, marker=marker, markersize=4, label=literal(rival.name))
    axis.set_xlabel(along)
    axis.set_ylabel(one_line(f"RMSE ({unit})" if unit else "RMSE"), parse_math=False)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    scale_y(axis, [seeds, median, *(drawable(rival.rmse) for rival in rivals)])
    legend_above(axis, columns=4)
    return figure
