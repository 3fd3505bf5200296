"""One look for all figures: colours that colour-blind readers can tell apart, scales, numbers, legends."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.legend import Legend
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator
from numpy.typing import ArrayLike, NDArray

# Okabe and Ito 2008, "Color Universal Design".
BLACK = "#000000"
ORANGE = "#E69F00"
SKY = "#56B4E9"
GREEN = "#009E73"
YELLOW = "#F0E442"
BLUE = "#0072B2"
VERMILLION = "#D55E00"
PURPLE = "#CC79A7"

INK = "#222222"
FAINT = "#8C8C8C"
CATEGORIES = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION, YELLOW)
LINE_STYLES = ("-", "--", ":", "-.")


def style_axes(axes: Axes) -> None:
    """Remove the box, draw a faint grid behind the data, set small dark labels."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.tick_params(which="both", colors=INK, labelsize=9, color=FAINT)
    axes.grid(True, color="#E6E6E6", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.xaxis.label.set(size=10, color=INK)
    axes.yaxis.label.set(size=10, color=INK)


def line_style(index: int) -> dict[str, str]:
    """Colour and dashes of the index-th of many lines, all different for the first 28."""
    return {
        "color": CATEGORIES[index % len(CATEGORIES)],
        "linestyle": LINE_STYLES[index // len(CATEGORIES) % len(LINE_STYLES)],
    }


def legend_above(axes: Axes, *, columns: int = 6, title: str = "", first: object = None) -> Legend:
    """A legend above the panel, where it hides no data.

    Parameters
    ----------
    axes : Axes
        Written to.
    columns : int
    title : str
        A line above the entries.
    first : artist, optional
        The one to name before all others.
    """
    handles = sorted(axes.get_legend_handles_labels()[0], key=lambda handle: handle is not first)
    figure = axes.get_figure(root=True)
    room = figure.bbox.x1 - axes.get_window_extent().x0  # type: ignore[union-attr]
    for ncols in range(min(columns, len(handles)) or 1, 0, -1):
        legend = axes.legend(
            handles=handles,
            title=title or None,
            title_fontsize=9,
            alignment="left",
            loc="lower left",
            bbox_to_anchor=(0.0, 1.005),
            ncols=ncols,
            frameon=False,
            fontsize=9 if len(handles) <= 2 * ncols else 7.5,
            labelcolor=INK,
            borderpad=0.1,
            borderaxespad=0.15,
            handlelength=1.7,
            handletextpad=0.5,
            columnspacing=1.4,
            labelspacing=0.25,
        )
        if legend.get_window_extent().width <= room:
            break
    legend.get_title().set_color(INK)  # type: ignore[reportPossiblyUnboundVariable]
    return legend  # type: ignore[reportPossiblyUnboundVariable]


def legend_beside(axes: Axes, title: str = "") -> Legend:
    """A legend to the right of the panel, smaller where it is long."""
    handles, labels = axes.get_legend_handles_labels()
    legend = axes.legend(
        handles,
        labels,
        loc="upper left",
        bbox_to_anchor=(1.01, 1.02),
        frameon=False,
        fontsize=9 if len(labels) <= 16 else 6,
        labelcolor=INK,
        handlelength=2.2,
        title=title,
        title_fontsize=9,
        alignment="left",
    )
    legend.get_title().set_color(INK)
    return legend


def spans_decades(values: NDArray[np.float64]) -> bool:
    """True where all finite values are at least 0, and the positive ones span more than a factor of 10."""
    values = values[np.isfinite(values)]
    positive = values[values > 0]
    return bool(positive.size and (values >= 0).all() and positive.max() / 10 > positive.min())


def scale_y(axes: Axes, shown: Sequence[ArrayLike], *, log: bool | None = None) -> None:
    """Fit the y axis to everything that is shown: logarithmic where it spans decades, or where told.

    Parameters
    ----------
    axes : Axes
        Written to.
    shown : sequence of arrays of any shape
        Drawable sizes. NaN and infinite values are passed over, and on a log axis those not above 0.
    log : bool, optional
    """
    values = np.concatenate([np.empty(0), *(np.ravel(np.asarray(one, dtype=np.float64)) for one in shown)])
    values = values[np.isfinite(values)]
    if log is None:
        log = spans_decades(values)
    if log:
        values = values[values > 0]
    if values.size == 0:
        return
    low, high = float(values.min()), float(values.max())
    if log:
        _scale_log(axes, low, high)
    else:
        _scale_linear(axes, low, high)


def write_number(value: float, _position: object = None) -> str:
    """Six digits at most, with a true minus sign."""
    return f"{value:,.6g}".replace("-", "−")


def count_x(axes: Axes) -> None:
    """An x axis that counts (epochs, updates, lags): whole numbers, and room around a single one."""
    axes.xaxis.set_major_locator(MaxNLocator(nbins=9, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))
    axes.margins(x=0.01)
    axes.autoscale_view(scaley=False)
    low, high = axes.get_xlim()
    if high - low < 1.0:
        axes.set_xlim((low + high) / 2 - 0.5, (low + high) / 2 + 0.5)


def write_power(value: float, _position: object = None) -> str:
    """0.001, 1, 1,000 where that is short, a power of ten (in mathtext) elsewhere."""
    if 9e-4 <= abs(value) < 20_000:
        return f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    if value <= 0:
        return f"{value:g}"
    exponent = math.floor(math.log10(value) + 1e-9)
    digits = round(value / 10.0**exponent)
    power = f"10^{{{exponent}}}"
    return f"${power}$" if digits == 1 else rf"${digits}\times {power}$"


def write_symbol(name: str) -> str:
    """The name of a parameter with its index set as one: layer0.W_hh."""
    head, _, last = name.rpartition(".")
    letter, _, index = last.partition("_")
    symbol = rf"${letter}_{{\mathrm{{{index}}}}}$" if letter.isalpha() and index.isalpha() else last
    return f"{head}.{symbol}" if head else symbol


def _scale_log(axes: Axes, low: float, high: float) -> None:
    decades = math.log10(high) - math.log10(low)
    padding = 10.0 ** max(0.04 * decades, 0.05)
    axes.set_yscale("log")
    axes.set_ylim(low / padding, high * padding)
    steps = (1.0,) if decades > 2 else (1.0, 2.0, 5.0) if decades > 0.8 else tuple(range(1, 10))
    axes.yaxis.set_major_locator(LogLocator(subs=steps, numticks=9))
    axes.yaxis.set_major_formatter(FuncFormatter(write_power))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_formatter(NullFormatter())


def _scale_linear(axes: Axes, low: float, high: float) -> None:
    margin = 0.05 * (high - low)
    # What six digits cannot tell apart is drawn as a constant.
    if margin < 1e-6 * max(abs(low), abs(high)) or margin == 0.0:
        margin = 0.05 * abs(high) or 1.0
    axes.set_ylim(low - margin, high + margin)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(write_number))
