"""The next values of a series with their interval, beside the best baseline's."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from rnnlab.plots.bands import drawable
from rnnlab.plots.canvas import blank, literal, new_figure, one_line
from rnnlab.plots.forecast import write_times
from rnnlab.plots.isolation import own_settings
from rnnlab.plots.style import BLACK, BLUE, FAINT, GREEN, legend_above, scale_y

Float = NDArray[np.float64]


@own_settings()
def ahead(
    past: tuple[NDArray[Any], Float],
    times: NDArray[Any],
    forecast: tuple[Float, Float],
    rival: tuple[str, Float, Float],
    *,
    quantity: str,
    unit: str,
    interval: str,
    title: str,
) -> Figure:
    """One panel: the last rows, the forecast with a band, and the best baseline with the ends of its interval.

    Parameters
    ----------
    past : times and values, arrays of shape (N,)
    times : array of shape (K,)
    forecast : values and half widths, arrays of shape (K,)
        NaN where a step has no interval.
    rival : name, values and half widths of the best baseline
    quantity, unit : str
    interval : str
        What the band is called.
    title : str
    """
    figure, axes = new_figure(title, size=(10.0, 4.6))
    axis = axes[0, 0]
    stamps, values = past[0], drawable(past[1])
    middle, half = drawable(forecast[0]), drawable(forecast[1])
    name, other, other_half = rival[0], drawable(rival[1]), drawable(rival[2])
    axis.plot(stamps, values, color=BLACK, linewidth=1.1, label="actual", zorder=3)
    alone = _alone(values)
    axis.plot(stamps[alone], values[alone], color=BLACK, linestyle="", marker="o", markersize=2, zorder=3)
    axis.plot(times, other, color=GREEN, linewidth=1.0, label=f"{literal(name)}, {interval} dashed", zorder=3)
    for end in (other - other_half, other + other_half):
        axis.plot(times, end, color=GREEN, linewidth=0.8, linestyle="--", zorder=2.5)
    axis.plot(times, middle, color=BLUE, linewidth=1.6, marker="o", markersize=3, label="forecast", zorder=4)
    low, high = middle - half, middle + half
    axis.fill_between(times, low, high, color=BLUE, alpha=0.18, linewidth=0, label=interval, zorder=2)
    axis.axvline(stamps[-1], color=FAINT, linewidth=1.0, linestyle=":")
    axis.set_ylabel(one_line(f"{quantity} ({unit})" if unit else quantity), parse_math=False)
    shown = [one[np.isfinite(one)] for one in (values, middle, other, low, high)]
    scale_y(axis, [one for one in shown if len(one)], log=False)
    legend_above(axis, columns=4)
    write_times(axis, np.concatenate([stamps, times]))
    if not np.isfinite(middle).any():
        blank(axis, "every model diverged: there is no forecast to show")
    return figure


def _alone(values: Float) -> NDArray[np.bool_]:
    """Values between two gaps, through which no line leads, (N,)."""
    known = np.concatenate([[False], np.isfinite(values), [False]])
    return known[1:-1] & ~known[:-2] & ~known[2:]
