"""Gradients through time: transport by lag, and how it changed while the model was trained."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from rnnlab.plots.bands import draw_band, drawable, summarise
from rnnlab.plots.canvas import blank, new_figure
from rnnlab.plots.flow_maps import FLOW, GREY
from rnnlab.plots.heat_maps import colour_scale, draw_colours, draw_map, median_map
from rnnlab.plots.isolation import own_settings
from rnnlab.plots.style import (
    FAINT,
    INK,
    count_x,
    legend_above,
    legend_beside,
    line_style,
    scale_y,
    write_power,
)
from rnnlab.words import seeds_shown

MOST_COLUMNS = 800
POOR = 10.0  # a fitted rate that misses its curve by this factor somewhere says little
TRANSPORT = r"$\|\partial h_T\,/\,\partial h_{T-k}\|_F\,/\,\sqrt{h}$"


@dataclass(frozen=True)
class Transport:
    """Transport of one setting, or of one moment of training.

    Parameters
    ----------
    norms : array of shape (R, K)
        For each seed and lag. NaN where a model diverged; 0 has no place on a log axis and leaves a gap.
    bound : array of shape (K,), optional
        Upper bound by lag, drawn dotted.
    rate : float, optional
        Fitted growth rate, in nats per step, drawn dashed through the middle of the median.
    """

    norms: NDArray[np.float64]
    bound: NDArray[np.float64] | None = None
    rate: float | None = None


@own_settings()
def transport_by_lag(
    lags: ArrayLike,
    curves: Mapping[str, Transport],
    *,
    quantity: str = TRANSPORT,
    title: str = "Gradient transport by lag",
) -> Figure:
    """One panel, logarithmic: a line per curve with its band over seeds, its bound and its fitted rate.

    Parameters
    ----------
    lags : array of shape (K,)
        Steps back in time.
    curves : mapping of label to Transport
        For example by rho, or before and after training.
    quantity : str
        What the norms are of, for the y axis.
    """
    figure, axes = new_figure(title, size=(9.0, 4.8), right=2.75, top=0.6)
    _draw_transport(axes[0, 0], np.atleast_1d(lags), curves, quantity)
    legend_beside(axes[0, 0], _name_seeds(curves))
    return figure


@own_settings()
def gradient_flow(
    updates: ArrayLike,
    lags: ArrayLike,
    norms: ArrayLike,
    *,
    curves: Mapping[str, Transport] | None = None,
    quantity: str = FLOW,
    title: str = "Gradient flow through time",
) -> Figure:
    """Two panels: norm by lag at the first and the last update, and a heat map of the norm by lag and update.

    Parameters
    ----------
    updates : array of shape (U,)
        Increasing, at any distances.
    lags : array of shape (K,)
    norms : array of shape (R, U, K)
        The heat map shows the median of the finite ones; grey where there is none, and for 0.
    curves : mapping of label to Transport, optional
        What the left panel shows in place of the first and last update of `norms`.
    quantity : str
    """
    figure, axes = new_figure(title, columns=2, size=(11.0, 4.8), right=0.2, gap=(0.95, 0.8), top=0.95)
    updates, lags = np.atleast_1d(updates), np.atleast_1d(lags)
    norms = drawable(norms)
    if curves is None:
        moments = {0: f"update {updates[0]}", len(updates) - 1: f"update {updates[-1]}"}
        curves = {label: Transport(norms[:, place]) for place, label in moments.items()}
    _draw_transport(axes[0, 0], lags, curves, quantity)
    legend_above(axes[0, 0], columns=2, title=_name_seeds(curves))
    _draw_heat_map(figure, axes[0, 1], updates, lags, median_map(norms), quantity)
    return figure


def _draw_transport(axes: Axes, lags: NDArray, curves: Mapping[str, Transport], quantity: str) -> None:
    shown: list[NDArray] = []
    for index, (label, curve) in enumerate(curves.items()):
        style = line_style(index)
        band = summarise(lags, curve.norms)
        rate = "" if curve.rate is None else f", {_write_rate(curve.rate)}{_write_fit(lags, band.median, curve.rate)}"
        draw_band(axes, band, label + rate, **style)  # type: ignore[arg-type]
        shown += [band.median, band.low, band.high]
        if curve.bound is not None:
            bound = drawable(curve.bound)
            axes.plot(lags, bound, color=style["color"], linestyle=":", linewidth=1.2)
            shown.append(bound)
        if curve.rate is not None and np.isfinite(curve.rate):
            _draw_rate(axes, lags, band.median, curve.rate)
    if any(curve.bound is not None for curve in curves.values()):
        axes.plot(
            [], [], color=FAINT, linestyle=":", linewidth=1.2, label=r"upper bound $(\gamma\,\|W_{\mathrm{hh}}\|)^k$"
        )
    if any(curve.rate is not None for curve in curves.values()):
        axes.plot([], [], color=INK, linestyle="--", linewidth=0.9, label="fitted rate")
    axes.set(xlabel="lag k (steps back in time)", ylabel=quantity)
    count_x(axes)
    scale_y(axes, shown, log=True)


def _name_seeds(curves: Mapping[str, Transport]) -> str:
    if curves:
        return seeds_shown(*(len(np.atleast_2d(curve.norms)) for curve in curves.values()))
    return ""


def _write_rate(rate: float) -> str:
    return f"{rate:+.3f} nats a step".replace("-", "−") if np.isfinite(rate) else "no rate"


def _write_fit(lags: NDArray, median: NDArray, rate: float) -> str:
    """How well the line of the rate goes through the median: R², and where it misses it most."""
    known = np.flatnonzero(np.isfinite(median) & (median > 0))
    if known.size < 3 or not np.isfinite(rate):
        return ""
    logs = np.log(median[known])
    misses = logs - _line(lags, median, rate)[known]
    worst = int(np.argmax(np.abs(misses)))
    factor = math.exp(min(abs(misses[worst]), 345.0))
    spread = float(np.sum((logs - logs.mean()) ** 2))
    squared = f"R² {1 - float(np.sum(misses**2)) / spread:.2f}".replace("-", "−") if spread > 1e-12 else ""
    poor = "poor fit: " if factor > POOR else ""
    return f"\n{poor}{squared}\noff by ×{write_power(float(f'{factor:.2g}'))} at lag {lags[known][worst]}"


def _line(lags: NDArray, median: NDArray, rate: float) -> NDArray:
    """Logarithms of the line of a rate: a least-squares line goes through the middle of its points."""
    known = np.flatnonzero(np.isfinite(median) & (median > 0))
    return np.log(median[known]).mean() + rate * (lags - lags[known].mean())


def _draw_rate(axes: Axes, lags: NDArray, median: NDArray, rate: float) -> None:
    if not (np.isfinite(median) & (median > 0)).any():
        return
    line = np.exp(np.clip(_line(lags, median, rate), -345, 345))
    axes.plot(lags, line, color=INK, linestyle="--", linewidth=0.9, zorder=3)


def _draw_heat_map(figure: Figure, axes: Axes, updates: NDArray, lags: NDArray, norms: NDArray, quantity: str) -> None:
    axes.set(xlabel="update", ylabel="lag k (steps back in time)", title=f"median of {quantity}; {GREY}")
    axes.title.set(fontsize=9, color=INK)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=9, integer=True, min_n_ticks=1))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=9, integer=True, min_n_ticks=1))
    axes.grid(False)
    scale = colour_scale(norms)
    if scale is None:
        blank(axes, "no gradient: every norm is zero or not finite")
        return
    mesh = draw_map(axes, *_thin(updates, lags, norms), scale)
    draw_colours(figure, mesh, [norms], ax=axes)


def _thin(updates: NDArray, lags: NDArray, norms: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Leave out updates that would share a pixel column with their neighbours."""
    step = -(-len(updates) // MOST_COLUMNS)
    return updates[::step], lags, norms[::step]
