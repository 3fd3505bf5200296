"""Many models in one line and one band: median and interval of the seeds, and the seeds that diverged."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from rnnlab.plots.style import VERMILLION
from rnnlab.seeds import HIGH, LOW, quantiles

MOST_POINTS = 1500
# Limits of an axis and the ticks around them must not overflow: nothing is drawn beyond these.
SMALLEST, LARGEST = 1e-150, 1e150


@dataclass(frozen=True)
class Band:
    """Median and interval of R models, of their finite values; NaN where there is none.

    Parameters
    ----------
    x, median, low, high : arrays of shape (U,)
    shaded : bool
        Whether low and high are more than the median: of several seeds, or of one with several values at a point.
    """

    x: NDArray
    median: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    shaded: bool


@dataclass(frozen=True)
class Thinned:
    """Curves of R models of which each point may stand for several: one of them, and the extremes of all.

    Parameters
    ----------
    values, lowest, highest : arrays of shape (R, U)
    """

    values: NDArray
    lowest: NDArray
    highest: NDArray

    @classmethod
    def whole(cls, values: ArrayLike) -> Self:
        """Curves of which each point stands for itself, (R, U) or (U,)."""
        rows = np.atleast_2d(np.asarray(values))
        return cls(rows, rows, rows)

    @property
    def is_whole(self) -> bool:
        """Whether each point stands for itself."""
        return self.lowest is self.values

    def drawable(self) -> Self:
        """With values that an axis can hold."""
        if self.is_whole:
            return self.whole(drawable(self.values))
        return type(self)(drawable(self.values), drawable(self.lowest), drawable(self.highest))


def thinned(values: "ArrayLike | Thinned") -> Thinned:
    """Drawable curves of arrays of shape (R, U) or (U,) too."""
    return (values if isinstance(values, Thinned) else Thinned.whole(values)).drawable()


def drawable(values: ArrayLike) -> NDArray[np.float64]:
    """Values that an axis can hold: sizes are drawn into [1e-150, 1e150]; 0, NaN and infinities stay."""
    values = np.asarray(values, dtype=np.float64)
    moved = np.copysign(np.clip(np.abs(values), SMALLEST, LARGEST), values)
    return np.where(np.isfinite(values) & (values != 0.0), moved, values)


def summarise(x: ArrayLike, values: ArrayLike | Thinned) -> Band:
    """Median and interval over the first axis.

    Parameters
    ----------
    x : array of shape (U,)
    values : array of shape (R, U) or (U,), or Thinned
        Of thinned curves, the low ends are those of the lowest values and the high ends those of the highest. More
        than 1,500 columns are put together in bins: median of the medians, least of the low ends, largest of the high
        ends, so that no spike is lost.
    """
    x, curves = np.atleast_1d(np.asarray(x)), thinned(values)
    width = -(-len(x) // MOST_POINTS)
    low, median, high = finite_quantiles(curves.values, [LOW, 0.5, HIGH])
    if not curves.is_whole:
        low, high = finite_quantiles(curves.lowest, [LOW])[0], finite_quantiles(curves.highest, [HIGH])[0]
    if width > 1:
        low, median, high = (
            quantiles(_bins(one, width), [fraction])[0] for one, fraction in ((low, 0.0), (median, 0.5), (high, 1.0))
        )
        x = x[np.minimum(np.arange(len(median)) * width + width // 2, len(x) - 1)]
    return Band(x, median, low, high, shaded=len(curves.values) > 1 or not curves.is_whole or width > 1)


def finite_quantiles(values: NDArray[np.float64], fractions: Sequence[float]) -> list[NDArray[np.float64]]:
    """`rnnlab.seeds.quantiles` of the finite values."""
    return quantiles(np.where(np.isfinite(values), values, np.nan), fractions)


def draw_band(axes: Axes, band: Band, label: str, *, color: str, shade: float = 0.2, **line: object) -> None:
    """Draw the median as a line, and the interval as a shade of the same colour; a lone point as a dot.

    On a log axis values that are not positive are left out of the line and cut off the shade.
    """
    if np.isfinite(band.median).sum() == 1:
        line["marker"] = "o"
    axes.plot(band.x, band.median, label=label, color=color, **{"linewidth": 1.5, **line})  # type: ignore
    if band.shaded:
        axes.fill_between(band.x, band.low, band.high, color=color, alpha=shade, linewidth=0, zorder=1.5)


def surviving(values: ArrayLike | Thinned, stopped: ArrayLike = False) -> NDArray[np.bool_]:
    """Which rows of an array of shape (R, U) are finite throughout, or `stopped`; all of them where none is.

    What an axis should fit: one model that runs away would squeeze all others into a line.
    """
    finite = np.isfinite(thinned(values).values).all(axis=1) | np.asarray(stopped, bool)
    return finite if finite.any() else np.ones_like(finite)


def extent(values: ArrayLike | Thinned, stopped: ArrayLike = False) -> NDArray[np.float64]:
    """The ends of the band of the surviving rows, (2, points): a seed beyond them is not drawn, and needs no room."""
    curves, rows = thinned(values), surviving(values, stopped)
    kept = Thinned(curves.values[rows], curves.lowest[rows], curves.highest[rows])
    if curves.is_whole:
        kept = Thinned.whole(kept.values)
    band = summarise(np.arange(kept.values.shape[1]), kept)
    return np.stack([band.low, band.high])


def mark_diverged(
    axes: Axes,
    x: ArrayLike,
    values: ArrayLike,
    *,
    color: str = VERMILLION,
    label: str | None = None,
    marker: str = "x",
    of: int | None = None,
) -> int:
    """Put a cross at the last finite value of each model that leaves the finite numbers, and count them.

    Parameters
    ----------
    axes : Axes
        Written to. Its y limits must stand: a cross above or below them is drawn at their edge.
    x : array of shape (U,)
    values : array of shape (R, U)
    color : str
    label : str, optional
        For the legend; how many of how many where left out, no entry where empty.
    marker : str
    of : int, optional
        How many models there are, where `values` holds some of them.
    """
    x, values = np.asarray(x), np.atleast_2d(drawable(values))
    bad = ~np.isfinite(values)
    models = np.flatnonzero(bad.any(axis=1))
    if models.size == 0:
        return 0
    last = np.argmax(bad[models], axis=1) - 1
    seen = last >= 0
    axes.plot(
        x[last[seen]],
        np.clip(values[models[seen], last[seen]], *axes.get_ylim()),
        linestyle="none",
        marker=marker,
        markerfacecolor="none",
        markersize=7,
        markeredgewidth=1.8,
        color=color,
        zorder=4,
        clip_on=False,
        label=f"diverged ({models.size} of {of or len(values)})" if label is None else label or "_",
    )
    return int(models.size)


def _bins(values: NDArray, width: int) -> NDArray:
    """(U,) as (width, bins), filled up with NaN."""
    bins = -(-len(values) // width)
    padded = np.full(bins * width, np.nan)
    padded[: len(values)] = values
    return padded.reshape(bins, width).T
