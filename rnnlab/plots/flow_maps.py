"""Heat maps of the gradient by lag over the updates, one per rho, in one scale of colours."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from rnnlab.plots.bands import drawable, label_seeds, quantiles
from rnnlab.plots.canvas import blank, new_figure
from rnnlab.plots.colours import colour_scale, draw_colours
from rnnlab.plots.isolation import own_settings
from rnnlab.plots.style import INK

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
    maps = {rho: _median(values, len(updates), len(lags)) for rho, values in norms.items()}
    scale = colour_scale(*maps.values())
    mesh = None
    for place, (rho, values) in enumerate(maps.items()):
        panel = axes[0, place]
        panel.set(xlabel="update")
        panel.set_title(f"ρ = {rho:.4g}", fontsize=10, color=INK)
        panel.grid(False)
        panel.set_facecolor("#DDDDDD")
        panel.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
        panel.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
        panel.tick_params(labelleft=place == 0)
        if scale is None or not (values > 0).any():
            blank(panel, "no gradient")
            continue
        mesh = panel.pcolormesh(_edges(updates), _edges(lags), _shown(values).T, norm=scale, cmap="cividis")
    axes[0, 0].set_ylabel("lag k (steps back in time)")
    if mesh is not None:
        place = axes[0, -1].get_position()
        bar_axes = figure.add_axes((place.x1 + 0.2 / size[0], place.y0, 0.14 / size[0], place.height))
        draw_colours(figure, mesh, list(maps.values()), cax=bar_axes)
    seeds = max((len(np.asarray(values)) for values in norms.values()), default=1)
    figure.text(
        0.25 / size[0], 1 - 0.45 / size[1], f"{quantity}, {label_seeds(seeds)}; {GREY}", size=9, color=INK, va="top"
    )
    return figure


def _median(values: ArrayLike, updates: int, lags: int) -> NDArray[np.float64]:
    """(U, K), NaN for updates that no model reached."""
    values = drawable(values)
    models, reached, _ = values.shape
    full = np.full((updates, lags), np.nan)
    (median,) = quantiles(values.reshape(models, reached * lags), [0.5])
    full[:reached] = median.reshape(reached, lags)
    return full


def _shown(values: NDArray) -> np.ma.MaskedArray:
    return np.ma.masked_array(values, ~(np.isfinite(values) & (values > 0)))


def _edges(centres: NDArray) -> NDArray[np.float64]:
    """Borders of cells around their centres: half-way between neighbours."""
    if len(centres) == 1:
        return np.array([centres[0] - 0.5, centres[0] + 0.5])
    middle = (centres[1:] + centres[:-1]) / 2
    first, last = centres[0] - (middle[0] - centres[0]), centres[-1] + (centres[-1] - middle[-1])
    return np.concatenate(([first], middle, [last]))
