"""The course of training: the loss, and the gradient norm with what clipping did to it."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from rnnlab.plots.bands import (
    Thinned,
    draw_band,
    drawable,
    extent,
    mark_diverged,
    summarise,
    surviving,
    thinned,
)
from rnnlab.plots.canvas import new_figure
from rnnlab.plots.isolation import own_settings
from rnnlab.plots.style import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    VERMILLION,
    count_x,
    legend_above,
    scale_y,
    write_power,
)
from rnnlab.words import INTERVAL, seeds_shown

MOST_MARKS = 3000
MOST_AWAY = 6.0  # decades between the norms and a threshold that is drawn beside them


@own_settings()
def training(
    epochs: ArrayLike,
    loss: ArrayLike | Thinned,
    updates: ArrayLike,
    gradient_norm: ArrayLike | Thinned,
    clip_scale: ArrayLike | Thinned,
    threshold: float | None,
    loss_name: str,
    validation: ArrayLike | Thinned | None = None,
    *,
    clipped_share: float | None = None,
    loss_axis: str = "epoch",
    stopped: ArrayLike | None = None,
    title: str = "Training",
) -> Figure:
    """Two panels: loss over epochs, and norm of the whole gradient before clipping over updates.

    Each is the median of the seeds with a band, their interval; both axes are logarithmic where values span decades.
    Diverged seeds end in a cross, and the axes fit the others. Clipped updates are dots at their norm.

    Parameters
    ----------
    epochs : array of shape (E,)
    loss : array of shape (R, E), or Thinned
        NaN or infinite from where a model diverged.
    updates : array of shape (U,)
    gradient_norm, clip_scale : arrays of shape (R, U), or Thinned
        Norm before clipping, and what the gradient was multiplied with: below 1 where clipping fired.
    threshold : float or None
        tau of clipping by global norm.
    loss_name : str
        For example "half squared error".
    validation : array of shape (R, E), or Thinned, optional
    clipped_share : float, optional
        Share of the updates in which clipping fired, where not all of them are drawn.
    loss_axis : str
        What `epochs` counts.
    stopped : bool array of shape (R,), optional
        Models that early stopping ended: where their curves end they did not diverge.
    """
    figure, axes = new_figure(title, rows=2, size=(9.0, 6.4), gap=(0.9, 0.95))
    loss, norm, scale = thinned(loss), thinned(gradient_norm), thinned(clip_scale)
    early = np.zeros(len(loss.values), bool) if stopped is None else np.asarray(stopped, bool)
    _draw_loss(axes[0, 0], epochs, loss, validation, loss_name, loss_axis, early)
    _draw_norm(axes[1, 0], np.atleast_1d(updates), norm, scale, threshold, early, clipped_share)
    return figure


def _draw_loss(
    axes: Axes,
    epochs: ArrayLike,
    loss: Thinned,
    validation: ArrayLike | Thinned | None,
    loss_name: str,
    loss_axis: str,
    early: NDArray,
) -> None:
    band = summarise(epochs, loss)
    draw_band(axes, band, f"training ({_name_seeds(len(loss.values), early)})", color=BLUE)
    shown = [extent(loss, early), _last(loss.values[early])]
    if validation is not None:
        held_out = summarise(epochs, validation)
        draw_band(axes, held_out, "validation", color=ORANGE)
        shown.append(extent(validation, early))
    axes.set(xlabel=loss_axis, ylabel=loss_name)
    scale_y(axes, shown)
    _mark_ends(axes, epochs, loss.values, early)
    count_x(axes)
    legend_above(axes)


def _name_seeds(seeds: int, early: NDArray) -> str:
    """What the line is; where early stopping thins the seeds out, of which of them."""
    if not early.any() or seeds == 1:
        return seeds_shown(seeds)
    return f"median of the seeds still training, {INTERVAL}"


def _mark_ends(axes: Axes, x: ArrayLike, values: NDArray, early: NDArray) -> None:
    """A cross where a model diverged, a ring where early stopping ended it."""
    mark_diverged(axes, x, values[~early], of=len(values))
    if early.any():
        label = f"stopped early ({early.sum()} of {len(early)})"
        mark_diverged(axes, x, values[early], color=INK, label=label, marker="o")


def _draw_norm(
    axes: Axes,
    updates: NDArray,
    norm: Thinned,
    clip_scale: Thinned,
    threshold: float | None,
    early: NDArray,
    share: float | None,
) -> None:
    band = summarise(updates, norm)
    clipped = (clip_scale.lowest < 1.0) & np.isfinite(norm.highest)  # of several updates, the largest gradient is
    name = "before clipping" if clipped.any() or threshold is not None else "whole gradient"
    draw_band(axes, band, f"{name} ({_name_seeds(len(norm.values), early)})", color=GREEN)
    if threshold is not None:
        text = f"τ = {threshold:g}" + ("" if clipped.any() else " (never exceeded)")
        axes.axhline(float(drawable(threshold)), color=INK, linewidth=1.0, linestyle="--", label=text)
    if clipped.any():
        if share is None:
            share = float(clipped.sum() / np.isfinite(clip_scale.values).sum())
        _mark_clipped(axes, updates, norm.highest, clipped, share)
    axes.set(xlabel="update", ylabel="gradient norm")
    fitted = extent(norm, early)
    dots = norm.highest[clipped & surviving(norm, early)[:, None]]
    scale_y(axes, [fitted, dots, _last(norm.values[early]), _within_reach(threshold, fitted)])
    _mark_ends(axes, updates, norm.values, early)
    count_x(axes)
    legend_above(axes)


def _last(values: NDArray) -> NDArray:
    """The last finite value of each model, where a ring stands."""
    known = [one[np.isfinite(one)] for one in values]
    return np.array([one[-1] for one in known if one.size])


def _within_reach(threshold: float | None, norm: NDArray) -> float:
    """The threshold where it can be shown beside the norms without squeezing them into a line, else NaN."""
    positive = norm[np.isfinite(norm) & (norm > 0)]
    if not threshold or not positive.size:
        return np.nan if not threshold else float(drawable(threshold))
    away = abs(math.log10(threshold) - math.log10(float(np.median(positive))))
    return threshold if away <= MOST_AWAY else np.nan


def _mark_clipped(axes: Axes, updates: NDArray, norm: NDArray, clipped: NDArray, share: float) -> None:
    models, places = np.nonzero(clipped)
    step = -(-models.size // MOST_MARKS)
    models, places = models[::step], places[::step]
    axes.plot(
        updates[places],
        norm[models, places],
        linestyle="none",
        marker=".",
        markersize=5,
        markeredgewidth=0,
        color=VERMILLION,
        alpha=0.7,
        zorder=3,
        label=f"clipped ({write_power(100 * share)} % of updates)",
    )
