"""The gradient norm over the updates, per rho: the figure from which the norm's own story is read."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from rnnlab.plots.bands import draw_band, extent, mark_diverged, summarise
from rnnlab.plots.canvas import new_figure
from rnnlab.plots.isolation import own_settings
from rnnlab.plots.style import CATEGORIES, FAINT, INK, count_x, legend_above, scale_y
from rnnlab.words import seeds_shown

Masks = Mapping[float, NDArray[np.bool_]]
MOST_ABOVE = 1e6  # a model on its way to infinity would squeeze all others into a line


@own_settings()
def sweep(
    updates: ArrayLike,
    norms: Mapping[float, ArrayLike],
    *,
    diverged: Masks | None = None,
    quantity: str = r"$\|\partial L\,/\,\partial W_{\mathrm{hh}}\|$",
    title: str = "Gradient norm over training, per ρ",
) -> Figure:
    """One panel, logarithmic: median over seeds per rho, with bands and crosses for up to seven of them.

    More than seven rhos get a continuous colour and a colour bar in place of bands and a legend.

    Parameters
    ----------
    updates : array of shape (U,)
    norms : mapping of rho to array of shape (R, U)
        NaN or infinite from where a model ended. What lies a million times above the median is cut off.
    diverged : mapping of rho to bool array of shape (R,), optional
        Which of its models diverged, the last update included; those that ended early where left out.
    quantity : str
        What the norms are of, for the y axis.
    """
    few = len(norms) <= len(CATEGORIES)
    figure, axes = new_figure(title, size=(9.0, 4.8), right=0.25 if few else 0.15, top=0.9)
    panel = axes[0, 0]
    norms = {rho: np.atleast_2d(values) for rho, values in norms.items()}
    lost = diverged or {rho: np.array(~np.isfinite(values).all(axis=1)) for rho, values in norms.items()}
    shown = _within_reach([(norms[rho], ~lost[rho]) for rho in norms])
    panel.set(xlabel="update", ylabel=quantity)
    scale_y(panel, shown, log=True)
    if few:
        _draw_few(panel, updates, norms, lost)
    else:
        _draw_many(figure, panel, updates, norms, lost)
    count_x(panel)
    return figure


def _within_reach(norms: list[tuple[NDArray, NDArray]]) -> list[NDArray]:
    """What the axis fits: the models that survive, up to so many decades above the middle of them all."""
    alive = [extent(one, stopped) for one, stopped in norms if stopped.any()] or [extent(one) for one, _ in norms]
    positive = np.concatenate([one[np.isfinite(one) & (one > 0)] for one in alive])
    if not positive.size:
        return alive
    most = float(np.median(positive)) * MOST_ABOVE
    return [np.minimum(one, most) for one in alive]


def _draw_few(axes: Axes, updates: ArrayLike, norms: Mapping[float, NDArray], diverged: Masks) -> None:
    for color, (rho, values) in zip(CATEGORIES, norms.items(), strict=False):
        lost = diverged[rho]
        mark_diverged(axes, updates, values[lost], color=color, label="")
        label = f"ρ = {rho:g}" + (f" ({lost.sum()} diverged: ×)" if lost.any() else "")
        draw_band(axes, summarise(updates, values), label, color=color)
    if norms:
        legend_above(axes, title=seeds_shown(*map(len, norms.values())))


def _draw_many(figure: Figure, axes: Axes, updates: ArrayLike, norms: Mapping[float, NDArray], diverged: Masks) -> None:
    bands = [summarise(updates, values) for values in norms.values()]
    paths = [np.column_stack([band.x, band.median]) for band in bands]
    if len(paths[0]) == 1:
        points = np.concatenate(paths)
        lines = axes.scatter(points[:, 0], points[:, 1], s=16)
    else:
        lines = LineCollection(paths, linewidths=1.1)
        axes.add_collection(lines)
    lines.set(array=np.array(list(norms)), cmap="viridis")
    bar = figure.colorbar(lines, ax=axes, pad=0.02)
    # The bar took some of the panel's width: the label would come to stand on the numbers.
    axes.yaxis.set_label_coords(-0.68 / (axes.get_position().width * figure.get_figwidth()), 0.5)
    bar.set_label("ρ", color=INK)
    bar.ax.tick_params(labelsize=9, colors=INK, color=FAINT)
    bar.outline.set_visible(False)  # type: ignore[operator]
    models, lost = [len(values) for values in norms.values()], sum(int(one.sum()) for one in diverged.values())
    seeds = seeds_shown(*models, interval=False)
    note = f"; {lost} of {sum(models)} models diverged" if lost else ""
    axes.plot([], [], color=INK, linewidth=1.1, label=f"per ρ: {seeds}{note}")
    legend_above(axes)
