"""The gradient norm of each parameter over the updates."""

from collections.abc import Mapping

from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from rnnlab.plots.bands import Thinned, draw_band, extent, summarise, thinned
from rnnlab.plots.canvas import new_figure
from rnnlab.plots.isolation import own_settings
from rnnlab.plots.style import BLACK, count_x, legend_beside, line_style, scale_y, write_symbol
from rnnlab.words import seeds_shown


@own_settings()
def gradient_norms(
    updates: ArrayLike,
    norms: Mapping[str, ArrayLike | Thinned],
    *,
    unclipped: bool = False,
    title: str = "Gradient norm per parameter",
) -> Figure:
    """One panel, logarithmic: a line per parameter with a band over seeds, and the total in black.

    Parameters
    ----------
    updates : array of shape (U,)
    norms : mapping of parameter name to array of shape (R, U), or Thinned
        Norms before clipping; the key "total" is the norm of the whole gradient. NaN where a model diverged;
        a norm of exactly 0 has no place on a log axis and leaves a gap.
    unclipped : bool
        There was no clipping, so that there is no "before" it.
    """
    figure, axes = new_figure(title, size=(9.0, 4.8), right=2.0, top=0.6)
    panel = axes[0, 0]
    shown, seeds = [], ""
    names = [name for name in norms if name != "total"]
    for index, name in enumerate(names):
        band = summarise(updates, norms[name])
        draw_band(panel, band, write_symbol(name), shade=0.12, **line_style(index))  # type: ignore[arg-type]
        shown.append(extent(norms[name]))
        seeds = seeds_shown(len(thinned(norms[name]).values))
    if "total" in norms:
        band = summarise(updates, norms["total"])
        draw_band(panel, band, "total", color=BLACK, shade=0.12, linewidth=2.0)
        shown.append(extent(norms["total"]))
        seeds = seeds_shown(len(thinned(norms["total"]).values))
    panel.set(xlabel="update", ylabel="gradient norm" if unclipped else "gradient norm before clipping")
    count_x(panel)
    scale_y(panel, shown, log=True)
    legend_beside(panel, seeds.replace(", ", ",\n"))
    return figure
