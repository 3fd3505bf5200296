"""Heat maps of the gradient by lag over the updates, one per rho, in one scale of colours."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from rnnlab.plots.canvas import blank, new_figure
from rnnlab.plots.heat_maps import colour_scale, draw_colours, draw_map, median_map
from rnnlab.plots.isolation import own_settings
from rnnlab.plots.style import INK
from rnnlab.words import seeds_shown

FLOW = r"$\|\partial L_T\,/\,\partial h_{T-k}\|$"
GREY = "grey: 0, diverged or stopped"


@own_settings()
def flow_maps(
    updates: ArrayLike,
    lags: ArrayLike,
    norms: Mapping[float, ArrayLike],
    *,
    quantity: str = FLOW,
    title: str = "Gradient by lag while the network learns",
) -> Figure:
    """Small multiples side by side, one per rho: the median norm by lag and update, grey where there is none.

    Parameters
    ----------
    updates : array of shape (U,)
        Increasing, at any distances.
    lags : array of shape (K,)
    norms : mapping of rho to array of shape (R, up to U, K)
    quantity : str
    """
    updates, lags = np.atleast_1d(updates), np.atleast_1d(lags)
    columns = max(len(norms), 1)
    size = (max(2.1 + 2.75 * columns, 6.4), 4.2)  # the title needs its room
    figure, axes = new_figure(title, columns=columns, size=size, right=1.25, gap=(0.3, 0.8), top=0.95)
    maps = {rho: median_map(values, len(updates)) for rho, values in norms.items()}
    scale = colour_scale(*maps.values())
    mesh = None
    for place, (rho, values) in enumerate(maps.items()):
        panel = axes[0, place]
        panel.set(xlabel="update")
        panel.set_title(f"ρ = {rho:.4g}", fontsize=10, color=INK)
        panel.grid(False)
        panel.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True, min_n_ticks=1))
        panel.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
        panel.tick_params(labelleft=place == 0)
        if scale is None or not (values > 0).any():
            blank(panel, "no gradient")
            continue
        mesh = draw_map(panel, updates, lags, values, scale)
    axes[0, 0].set_ylabel("lag k (steps back in time)")
    if mesh is not None:
        place = axes[0, -1].get_position()
        bar_axes = figure.add_axes((place.x1 + 0.2 / size[0], place.y0, 0.14 / size[0], place.height))
        draw_colours(figure, mesh, list(maps.values()), cax=bar_axes)
    seeds = [len(np.asarray(values)) for values in norms.values()] or [1]
    text = f"{quantity}, {seeds_shown(*seeds, interval=False)}; {GREY}"
    figure.text(0.25 / size[0], 1 - 0.45 / size[1], text, size=9, color=INK, va="top")
    return figure
