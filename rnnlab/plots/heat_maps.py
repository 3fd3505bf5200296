"""Heat maps of norms by lag and update, in a logarithmic scale that one absurd norm does not stretch."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from numpy.typing import ArrayLike, NDArray

from rnnlab.plots.bands import drawable, finite_quantiles
from rnnlab.plots.style import FAINT, INK, write_power

# A gradient that much below the largest is as good as zero: no colours are spent on it.
MOST_DECADES = 20.0


def colour_scale(*maps: NDArray) -> LogNorm | None:
    """A scale for all maps: their range without outliers (Tukey's far-out ones, in decades); None where all are 0."""
    decades = _decades(maps)
    if not decades.size:
        return None
    below, above = np.quantile(decades, [0.25, 0.75])
    fence = 3.0 * max(above - below, 1.0)
    high = min(decades.max(), above + fence)
    low = max(decades.min(), below - fence, high - MOST_DECADES)
    return LogNorm(float(f"{10.0 ** min(low, high - 1.0):.12g}"), float(f"{10.0**high:.12g}"))


def draw_colours(
    figure: Figure, mesh: QuadMesh, maps: list[NDArray], *, ax: Axes | None = None, cax: Axes | None = None
) -> None:
    """A colour bar that says by arrows, and above itself in numbers, what lies beyond its ends."""
    decades, (low, high) = _decades(maps), (float(end or 0.0) for end in mesh.get_clim())
    over, under = 10.0 ** decades.max() > 1.01 * high, 10.0 ** decades.min() < 0.99 * low
    extend = {(True, True): "both", (True, False): "max", (False, True): "min"}.get((over, under), "neither")
    where = {"cax": cax} if cax is not None else {"ax": ax, "pad": 0.03}
    bar = figure.colorbar(mesh, ticks=LogLocator(numticks=9), format=FuncFormatter(write_power), extend=extend, **where)  # type: ignore[arg-type]
    bar.ax.yaxis.set_minor_locator(NullLocator())
    bar.ax.tick_params(labelsize=9, colors=INK, color=FAINT)
    bar.outline.set_visible(False)  # type: ignore[operator]
    ends = [f"up to {write_power(10.0 ** np.round(decades.max()))}"] if over else []
    ends += [f"down to {write_power(10.0 ** np.round(decades.min()))}"] if under else []
    if ends:
        text = "clipped;\n" + "\n".join(ends)
        bar.ax.text(1.0, -0.03, text, transform=bar.ax.transAxes, size=7, color=INK, ha="center", va="top")


def median_map(norms: ArrayLike, updates: int | None = None) -> NDArray[np.float64]:
    """Medians over the models of norms (R, up to U, K): (U, K), NaN for updates that no model reached."""
    norms = drawable(norms)
    models, reached, lags = norms.shape
    (median,) = finite_quantiles(norms.reshape(models, reached * lags), [0.5])
    full = np.full((updates or reached, lags), np.nan)
    full[:reached] = median.reshape(reached, lags)
    return full


def draw_map(axes: Axes, updates: NDArray, lags: NDArray, norms: NDArray, scale: LogNorm) -> QuadMesh:
    """Draw norms (U, K) as a map, grey where one is 0 or not finite."""
    axes.set_facecolor("#DDDDDD")
    shown = np.ma.masked_array(norms, ~(np.isfinite(norms) & (norms > 0)))
    return axes.pcolormesh(_edges(updates), _edges(lags), shown.T, norm=scale, cmap="cividis")


def _edges(centres: NDArray) -> NDArray[np.float64]:
    """Borders of cells around their centres: half-way between neighbours."""
    if len(centres) == 1:
        return np.array([centres[0] - 0.5, centres[0] + 0.5])
    middle = (centres[1:] + centres[:-1]) / 2
    first, last = centres[0] - (middle[0] - centres[0]), centres[-1] + (centres[-1] - middle[-1])
    return np.concatenate(([first], middle, [last]))


def _decades(maps) -> NDArray[np.float64]:
    return np.log10(np.concatenate([np.empty(0), *(one[np.isfinite(one) & (one > 0)] for one in maps)]))
