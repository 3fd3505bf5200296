"""Runs over each other: training losses over the updates, growth rates over rho, with bands over the seeds."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from rnnlab.plots.bands import draw_band, drawable, extent, mark_diverged, summarise
from rnnlab.plots.canvas import blank, literal, new_figure
from rnnlab.plots.isolation import own_settings
from rnnlab.plots.style import BLACK, INK, VERMILLION, count_x, legend_above, legend_beside, line_style, scale_y
from rnnlab.words import count, seeds_shown

MOST_ABOVE = 4  # curves whose legend has room above a panel
MOST_LETTERS = 28  # of a label


@dataclass(frozen=True)
class Curve:
    """What one run has at each point of the axis.

    Parameters
    ----------
    label : str
    x : array of shape (U,)
    values : array of shape (R, U)
        Per seed; NaN where a seed has none.
    diverged : bool array of shape (R,)
        Seeds that left the finite numbers: a cross stands where their curve ends.
    """

    label: str
    x: NDArray
    values: NDArray[np.float64]
    diverged: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))


@dataclass(frozen=True)
class Panel:
    """Curves on one axis.

    Parameters
    ----------
    name : str
        Above the panel.
    xlabel, ylabel : str
    curves : sequence of Curve
    rates : bool
        Growth rates over rho: linear, with the line of rate 0 and a marker at each point. Infinite rates are crosses at
        the edge. Else a loss over updates, logarithmic where it spans decades.
    """

    name: str
    xlabel: str
    ylabel: str
    curves: Sequence[Curve]
    rates: bool = False


@own_settings()
def overlay(panels: Sequence[Panel], *, title: str) -> Figure:
    """A panel above the other, in each the median of the seeds of every run with a band, their interval.

    Parameters
    ----------
    panels : sequence of Panel
        One at least.
    title : str
    """
    beside = any(len(panel.curves) > MOST_ABOVE for panel in panels)
    longest = max(len(curve.label) for panel in panels for curve in panel.curves)
    figure, axes = new_figure(
        title,
        rows=len(panels),
        size=(9.0, 0.9 + 3.5 * len(panels)),
        right=0.8 + 0.08 * min(longest, MOST_LETTERS + 10) if beside else 0.25,
        top=0.85,
        gap=(0.9, 1.1),
    )
    for place, panel in enumerate(panels):
        _draw(axes[place, 0], panel, beside)
    return figure


def _draw(axes: Axes, panel: Panel, beside: bool) -> None:
    axes.set(xlabel=panel.xlabel, ylabel=panel.ylabel)
    curves = [one for one in panel.curves if np.isfinite(one.values).any()]
    if not curves:
        blank(axes, f"{literal(panel.name)}: nothing to draw")
        return
    scale_y(axes, [extent(one.values, ~np.isfinite(one.values).all(axis=1)) for one in curves],
            log=False if panel.rates else None)  # fmt: skip
    sizes = {len(one.values) for one in panel.curves}
    for place, one in enumerate(curves):
        seeds = "" if len(sizes) == 1 else f" ({count(len(one.values), 'seed')})"
        style = {**line_style(place), **({"marker": "o", "markersize": 4} if panel.rates else {})}
        color = style.pop("color")
        label = f"{literal(one.label, MOST_LETTERS)}{seeds}"
        draw_band(axes, summarise(one.x, one.values), label, color=color, shade=0.15, **style)
        if one.diverged.any():
            label = f"{one.diverged.sum()} of {count(len(one.values), 'seed')} diverged"
            mark_diverged(axes, one.x, one.values[one.diverged], color=color, label=label)
    if panel.rates:
        axes.axhline(0.0, color=BLACK, linewidth=1.0, zorder=1)
        _mark_infinite(axes, curves)
    else:
        count_x(axes)
    several = max(sizes) > 1
    shown = seeds_shown(*sizes)
    name = f"{literal(panel.name)}: {shown}" if several else literal(panel.name)
    if beside:
        legend_beside(axes)
        axes.set_title(name, loc="left", size=9, pad=4, color=INK)
    else:
        legend_above(axes, columns=4, title=name)


def _mark_infinite(axes: Axes, curves: Sequence[Curve]) -> None:
    """Crosses where a seed has no finite rate: below, the gradient is 0; above, it overflows."""
    bottom, top = axes.get_ylim()
    for sign, edge, what in ((-np.inf, bottom, "gradient 0"), (np.inf, top, "overflow")):
        places = np.concatenate([one.x[(one.values == sign).any(axis=0)] for one in curves])
        if places.size:
            axes.plot(places, np.full(places.size, float(drawable(edge))), linestyle="none", marker="x", markersize=7,
                      markeredgewidth=1.8, color=VERMILLION, clip_on=False, zorder=4, label=what)  # fmt: skip
