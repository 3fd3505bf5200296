"""Eigenvalues of the recurrent weights in the complex plane."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from rnnlab.plots.bands import drawable
from rnnlab.plots.canvas import new_figure
from rnnlab.plots.isolation import own_settings
from rnnlab.plots.style import BLUE, FAINT, INK, ORANGE, write_power

MOST_PANELS = 8
MOST_COLUMNS = 4
MOST_IN_ONES = 1e4
LEAST_WIDTH = 6.4  # inches, for the title and the legend


@own_settings()
def spectrum(
    eigenvalues: Mapping[float, ArrayLike] | Mapping[str, ArrayLike],
    *,
    prefix: str = "ρ = ",
    title: str = "Eigenvalues of the recurrent weights",
) -> Figure:
    """Small multiples, one per rho: eigenvalues of all seeds, the unit circle, and the circle of radius rho.

    Panels may also be named ("before training"); they then have no circle of their own.

    A radius above 1 says that the linear recurrence grows; it is no more than a part of what a gradient does.

    Parameters
    ----------
    eigenvalues : mapping of rho, or name, to complex array of shape (R, h) or (h,)
        Values that are not finite are left out. Of more than eight rhos, eight are shown, evenly chosen.
    prefix : str
        What stands before rho above each panel.
    """
    chosen = _choose(list(eigenvalues))
    columns = min(len(chosen), MOST_COLUMNS) or 1
    rows = -(-len(chosen) // columns) or 1
    unit = _unit([eigenvalues[rho] for rho in chosen], chosen)
    values = {rho: _in_units(eigenvalues[rho], unit) for rho in chosen}
    reach = _reach(values, unit)
    size = (1.25 + 2.6 * columns + 0.35 * (columns - 1), 1.75 + 2.6 * rows + 0.75 * (rows - 1))
    right = 0.4 + max(0.0, LEAST_WIDTH - size[0])
    size = max(size[0], LEAST_WIDTH), size[1]
    figure, axes = new_figure(title, rows=rows, columns=columns, size=size, right=right, gap=(0.35, 0.75), top=1.15)
    for place, panel in enumerate(axes.flat):
        if place >= len(chosen):
            panel.set_visible(False)
            continue
        shown = chosen[place]
        label = shown if isinstance(shown, str) else f"{prefix}{shown:.4g}"
        _draw_plane(panel, shown, values[shown], unit, reach, label)
        panel.tick_params(labelleft=place % columns == 0, labelbottom=place + columns >= len(chosen))
    if chosen:
        _name(figure, axes[0, 0], unit)
    return figure


def _unit(eigenvalues: Sequence[ArrayLike], rhos: Sequence[float | str]) -> float:
    """The power of ten in which the axes count: 1 where the numbers are short as they are."""
    parts = (float(np.abs(_finite(one).view(np.float64)).max(initial=0.0)) for one in eigenvalues)
    most = max([*parts, *(abs(float(rho)) for rho in rhos if not isinstance(rho, str))], default=0.0)
    return 1.0 if most < MOST_IN_ONES else 10.0 ** math.floor(math.log10(most))


def _in_units(values: ArrayLike, unit: float) -> NDArray[np.complex128]:
    """The finite values in one row, their parts drawn into what an axis can hold."""
    parts = _finite(values)
    return drawable(parts.real / unit) + 1j * drawable(parts.imag / unit)


def _finite(values: ArrayLike) -> NDArray[np.complex128]:
    values = np.ravel(np.asarray(values, dtype=np.complex128))
    return np.ascontiguousarray(values[np.isfinite(values)])


def _draw_plane(axes: Axes, rho: float | str, values: NDArray, unit: float, reach: float, title: str) -> None:
    angle = np.linspace(0.0, 2.0 * np.pi, 181)
    circle = np.cos(angle), np.sin(angle)
    axes.plot(
        np.real(values),
        np.imag(values),
        linestyle="none",
        marker=".",
        markersize=5 if values.size < 200 else 3.5,
        markeredgewidth=0,
        color=BLUE,
        alpha=0.7 if values.size < 200 else 0.5,
        label="eigenvalues, all seeds",
        zorder=3,  # orthogonal weights have theirs on the circle
    )
    axes.plot(circle[0] / unit, circle[1] / unit, color=FAINT, linewidth=1.0, label="unit circle", zorder=1.5)
    if not isinstance(rho, str):
        radius = rho / unit
        axes.plot(radius * circle[0], radius * circle[1], color=ORANGE, linewidth=1.3, linestyle="--",
                  label="radius ρ", zorder=2)  # fmt: skip
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    largest = f", largest {float(np.abs(values).max()) * unit:.3g}" if values.size else ": none is finite"
    axes.set_title(title + largest, fontsize=9, color=INK)


def _name(figure: Figure, axes: Axes, unit: float) -> None:
    """Name the axes of all panels and what they show, once."""
    height, of = figure.get_figheight(), "" if unit == 1.0 else f" ({write_power(unit)})"
    figure.text(0.5, 0.15 / height, "real part" + of, ha="center", size=10, color=INK)
    figure.text(0.2 / figure.get_figwidth(), 0.5, "imaginary part" + of, va="center", rotation=90, size=10, color=INK)
    figure.legend(
        *axes.get_legend_handles_labels(),
        loc="upper left",
        bbox_to_anchor=(0.1 / figure.get_figwidth(), 1 - 0.45 / height),
        frameon=False,
        fontsize=9,
        labelcolor=INK,
        ncols=3,
        handlelength=1.5,
        columnspacing=1.2,
    )


def _reach(values: Mapping, unit: float) -> float:
    """Half the width of every panel: all eigenvalues and both circles, with a margin."""
    radii = (0.0 if isinstance(rho, str) else abs(float(rho)) / unit for rho in values)
    sizes = [np.abs(one).max(initial=radius) for one, radius in zip(values.values(), radii, strict=True)]
    return 1.08 * max(1.0 / unit, *sizes) if sizes else 1.08


def _choose(rhos: list) -> list:
    if len(rhos) <= MOST_PANELS:
        return rhos
    return [rhos[place] for place in np.linspace(0, len(rhos) - 1, MOST_PANELS).round().astype(int)]
