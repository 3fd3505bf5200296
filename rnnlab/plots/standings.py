"""A metric of several runs beside that of a reference and of the best baseline."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator
from matplotlib.transforms import blended_transform_factory
from numpy.typing import NDArray

from rnnlab.plots.canvas import literal, new_figure, one_line
from rnnlab.plots.isolation import own_settings
from rnnlab.plots.style import BLACK, BLUE, FAINT, INK, ORANGE, VERMILLION, legend_above, spans_decades, write_number
from rnnlab.seeds import spread
from rnnlab.words import INTERVAL

Kind = Literal["reference", "better", "same", "worse", "untested"]
COLORS: dict[Kind, str] = {"reference": BLACK, "better": BLUE, "same": FAINT, "worse": VERMILLION, "untested": ORANGE}
MOST_LETTERS = 28  # of a label
TICKS = (1.0, 2.0, 5.0)


@dataclass(frozen=True)
class Standing:
    """One run.

    Parameters
    ----------
    label : str
    seeds : array of shape (R,)
        The metric of each seed; what is not finite is not drawn.
    combined : float or None
        That of the one answer made of all seeds.
    kind : str
        How it compares with the reference beyond the noise of the seeds; ``untested`` where that is not known.
    """

    label: str
    seeds: NDArray[np.float64]
    combined: float | None
    kind: Kind


@dataclass(frozen=True)
class Mark:
    """A vertical line: the name of a baseline and its metric."""

    name: str
    value: float


@own_settings()
def standings(rows: Sequence[Standing], baseline: Mark | None, *, metric: str, reference: str, title: str) -> Figure:
    """A row for each run, from the top down: its seeds, their median with the interval, and the combined answer.

    Parameters
    ----------
    rows : sequence of Standing, at least one
    baseline : Mark or None
        The best one.
    metric : str
        With its unit; the axis is logarithmic where the values span more than a factor of 10.
    reference : str
        The label of the run that the others are held against.
    title : str
    """
    longest = max(len(literal(one.label, MOST_LETTERS)) for one in rows)
    height = 1.6 + 0.27 * len(rows)
    figure, axes = new_figure(title, size=(9.0, height), left=0.35 + 0.082 * longest, right=0.8, top=0.95)
    axis = axes[0, 0]
    for place, one in enumerate(rows):
        _draw(axis, place, one)
    shown = [one.seeds for one in rows] + [np.array([one.combined for one in rows if one.combined is not None])]
    _scale(axis, np.concatenate([*shown, [baseline.value] if baseline else []]))
    _label(axis, rows, metric)
    _name_colors(axis, rows, reference)
    if baseline is not None:
        label = f"{literal(baseline.name)}, the best baseline: {_written(baseline.value)}"
        axis.axvline(baseline.value, color=ORANGE, linewidth=1.4, linestyle="--", zorder=1, label=label)
    _explain_marks(axis, rows)
    return figure


def _draw(axis: Axes, place: int, one: Standing) -> None:
    color = COLORS[one.kind]
    seeds = one.seeds[np.isfinite(one.seeds)]
    if seeds.size:
        middle = spread(seeds)
        axis.plot([middle.low, middle.high], [place, place], color=color, linewidth=1.4, zorder=2)
        axis.plot(seeds, np.full(seeds.size, place), linestyle="none", marker="|", markersize=8, color=color, zorder=2)
    value = one.combined if one.combined is not None else spread(seeds).median
    if np.isfinite(value):
        axis.plot(value, place, marker="o", markersize=6, color=color, markeredgecolor="white", zorder=3)
        where = blended_transform_factory(axis.transAxes, axis.transData)
        axis.text(1.015, place, _written(value), transform=where, size=9, color=INK, va="center")


def _written(value: float) -> str:
    """Four significant digits."""
    return f"{value:#.4g}".rstrip(".").replace("-", "−")


def _scale(axis: Axes, values: NDArray[np.float64]) -> None:
    values = values[np.isfinite(values)]
    if not values.size:
        return
    low, high = float(values.min()), float(values.max())
    if not spans_decades(values) or low <= 0:
        margin = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
        axis.set_xlim(low - margin, high + margin)
        return
    axis.set_xscale("log")
    axis.set_xlim(low / 1.12, high * 1.12)
    powers = np.arange(np.floor(np.log10(low)), np.log10(high) + 1)
    axis.xaxis.set_major_locator(FixedLocator([step * 10.0**power for power in powers for step in TICKS]))
    axis.xaxis.set_major_formatter(FuncFormatter(write_number))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_minor_formatter(NullFormatter())


def _label(axis: Axes, rows: Sequence[Standing], metric: str) -> None:
    axis.set_ylim(len(rows) - 0.4, -0.6)
    axis.set_yticks(range(len(rows)), [literal(one.label, MOST_LETTERS) for one in rows])
    axis.tick_params(axis="y", length=0)
    axis.grid(False, axis="y")
    axis.set_xlabel(one_line(metric), parse_math=False)


def _name_colors(axis: Axes, rows: Sequence[Standing], reference: str) -> None:
    """An entry of the legend for each colour that occurs."""
    name = literal(reference, MOST_LETTERS)
    words: dict[Kind, str] = {
        "reference": name,
        "better": f"better than {name}, beyond seed noise",
        "same": f"no difference from {name} beyond seed noise",
        "worse": f"worse than {name}, beyond seed noise",
        "untested": "not tested",
    }
    kinds = {one.kind for one in rows}
    for kind, said in words.items():
        if kind in kinds:
            axis.plot([], [], linestyle="none", marker="o", markersize=6, color=COLORS[kind], label=said)


def _explain_marks(axis: Axes, rows: Sequence[Standing]) -> None:
    """The legend, and above it what dots, strokes and bars are."""
    several = max(one.seeds.size for one in rows) > 1
    dot = "median forecast" if any(one.combined is not None for one in rows) else "median of the seeds"
    legend_above(
        axis, columns=2, title=f"dot and number: {dot}; strokes: single seeds; bar: {INTERVAL}" if several else ""
    )
