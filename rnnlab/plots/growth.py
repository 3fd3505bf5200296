"""The phase diagram of a sweep: growth rate of the gradient per step over rho, with theory and verdicts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from rnnlab.plots.bands import drawable, summarise
from rnnlab.plots.canvas import new_figure
from rnnlab.plots.isolation import own_settings
from rnnlab.plots.style import BLACK, BLUE, INK, ORANGE, VERMILLION, legend_above, scale_y
from rnnlab.words import count, seeds_shown


@dataclass(frozen=True)
class Theory:
    """What mean-field theory predicts.

    Parameters
    ----------
    rho, rate : arrays of shape (M,)
        Finely spaced; the rate in nats per step.
    edge : float
        The rho at which the predicted rate is 0.
    label : str
        For example "mean field, log(ρ/√2)".
    """

    rho: NDArray[np.float64]
    rate: NDArray[np.float64]
    edge: float
    label: str


@own_settings()
def growth(
    rho: ArrayLike,
    rates: ArrayLike,
    *,
    steps: int,
    decisive_factor: float = 10.0,
    theory: Theory | None = None,
    median: ArrayLike | None = None,
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
    mixed: ArrayLike | None = None,
    seeds: Sequence[int] | None = None,
    title: str = "Growth rate of the gradient through time",
) -> Figure:
    """One panel: growth rate over rho with intervals, the zero line, the predicted edge, and verdict regions.

    Over `steps` steps a rate acts as the factor exp(rate steps): `vanishing` lies where that is below
    1 / decisive_factor, `exploding` where it is above decisive_factor, `critical` between.

    Parameters
    ----------
    rho : array of shape (P,)
    rates : array of shape (P, R)
        Nats per step, per rho and seed. -inf for a gradient of exactly 0, inf or NaN where states overflow: these
        are left out, and the rho is marked with a cross.
    steps : int
        Length of the chunk.
    decisive_factor : float > 1
    theory : Theory, optional
    median, low, high : arrays of shape (P,), optional
        Rate and interval over seeds; infinite ends run to the edge of the panel. Of the finite rates where left out.
    mixed : array of bool of shape (P,), optional
        Where the verdict is `mixed`: a hollow marker.
    seeds : sequence of int, optional
        How many there are of each rho; R where left out.
    """
    figure, axes = new_figure(title, size=(9.0, 5.2), right=1.0, top=0.9)
    panel = axes[0, 0]
    rho, rates = np.atleast_1d(np.asarray(rho, dtype=np.float64)), np.atleast_2d(drawable(rates))
    band = summarise(rho, rates.T)
    if low is None or high is None:
        low, high = band.low, band.high
    median = band.median if median is None else median
    median, low, high = (np.asarray(drawable(one), float) for one in (median, low, high))
    decisive = math.log(decisive_factor) / steps
    scale_y(panel, [median, low, high, [-2 * decisive, 2 * decisive]], log=False)
    label = f"measured ({seeds_shown(*(seeds or [rates.shape[1]]))})"
    measured = _draw_measured(panel, rho, median, low, high, label)
    _draw_mixed(panel, rho, median, mixed)
    if theory is not None:
        _draw_theory(panel, theory)
    panel.axhline(0.0, color=BLACK, linewidth=1.0)
    panel.set(xlabel="ρ, scale of the recurrent weights", ylabel="growth rate (nats per step)")
    _fit_x(panel, rho, theory)
    change = f"{decisive_factor:g} or more\nin {count(steps, 'step')}"
    _shade_verdicts(panel, decisive, change)
    _mark_dead(panel, rho, rates)
    legend_above(panel, columns=2, first=measured)
    return figure


def _draw_measured(
    axes: Axes, rho: NDArray, median: NDArray, low: NDArray, high: NDArray, label: str
) -> ErrorbarContainer:
    bottom, top = axes.get_ylim()
    low, high = np.maximum(low, bottom), np.minimum(high, top)
    reach = np.nan_to_num(np.stack([median - low, high - median]), posinf=0.0, neginf=0.0)
    return axes.errorbar(
        rho, median, np.maximum(reach, 0.0), fmt="o", markersize=4, color=BLUE, elinewidth=1.2, capsize=2,
        label=label, zorder=3,
    )  # fmt: skip


def _draw_mixed(axes: Axes, rho: NDArray, median: NDArray, mixed: ArrayLike | None) -> None:
    hollow = np.zeros(len(rho), bool) if mixed is None else np.asarray(mixed, bool) & np.isfinite(median)
    if hollow.any():
        axes.plot(
            rho[hollow], median[hollow], linestyle="none", marker="o", markersize=4, markerfacecolor="white",
            markeredgecolor=BLUE, zorder=3.5, label=f"verdict mixed ({hollow.sum()} of {len(rho)})",
        )  # fmt: skip


def _draw_theory(axes: Axes, theory: Theory) -> None:
    axes.plot(theory.rho, theory.rate, color=ORANGE, linewidth=1.6, label=theory.label)
    edge = f"predicted edge, ρ = {theory.edge:.4g}"
    axes.axvline(theory.edge, color=ORANGE, linewidth=1.0, linestyle=":", label=edge)


def _shade_verdicts(axes: Axes, decisive: float, change: str) -> None:
    bottom, top = axes.get_ylim()
    regions = (
        (bottom, -decisive, BLUE, "vanishing", "÷"),
        (-decisive, decisive, BLACK, "critical", ""),
        (decisive, top, VERMILLION, "exploding", "×"),
    )
    for low, high, color, name, sign in regions:
        axes.axhspan(low, high, color=color, alpha=0.07, linewidth=0, zorder=0)
        text = f"{name}\n{sign} {change}" if sign else name
        axes.text(1.01, (low + high) / 2, text, transform=axes.get_yaxis_transform(), size=8, color=INK, va="center")
    axes.set_ylim(bottom, top)


def _mark_dead(axes: Axes, rho: NDArray, rates: NDArray) -> None:
    lost = np.sum(~np.isfinite(rates), axis=1)
    if not lost.any():
        return
    places = rho[lost > 0]
    axes.plot(
        places, np.full(len(places), axes.get_ylim()[0]), linestyle="none", marker="x", markersize=7,
        markeredgewidth=1.8, color=VERMILLION, clip_on=False, zorder=4,
        label=f"no rate: gradient 0 or infinite ({int(lost.sum())} of {rates.size})",
    )  # fmt: skip


def _fit_x(axes: Axes, rho: NDArray, theory: Theory | None) -> None:
    """All rhos, and the predicted edge where it is not too far off to compare them with."""
    shown = list(rho)
    if theory is not None and rho.min() / 2 < theory.edge < rho.max() * 2:
        shown.append(theory.edge)
    margin = 0.04 * float(np.ptp(shown)) or 0.1 * abs(float(rho[0])) or 0.1
    axes.set_xlim(float(min(shown)) - margin, float(max(shown)) + margin)
