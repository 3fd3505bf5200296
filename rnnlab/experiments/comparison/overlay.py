"""The curves of a comparison, from the tables of its runs, in one figure."""

from typing import TYPE_CHECKING

import numpy as np

from rnnlab.errors import RunFolderError, UsageError
from rnnlab.runs.tables import read_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from rnnlab.experiments.comparison.compare import Comparison, Group
    from rnnlab.experiments.comparison.sweeps import ComparedSweep
    from rnnlab.experiments.comparison.trainings import Compared
    from rnnlab.plots.overlay import Curve, Panel


def draw(found: "Comparison") -> "Figure":
    """A panel for each task with its training losses, and one for the growth rates of the sweeps.

    Runs of one task that are held against one of them: a row for each with its metric.

    Raises
    ------
    UsageError
        Where no run has anything to draw.
    """
    from rnnlab.plots.overlay import Panel, overlay

    contests = [one for group in found.groups for one in group.verdicts.contests if one.reference]
    if len(contests) == 1 and len(found.groups) == 1 and not found.swept:
        from rnnlab.experiments.comparison.standings import draw_standings

        return draw_standings(contests[0], found.groups[0].name)
    panels = [_losses(group) for group in found.groups]
    if found.swept:
        curves = [_rates(one) for one in found.swept if one.rates]
        panels.append(Panel("sweeps", "ρ, scale of the recurrent weights", "growth rate (nats per step)", curves,
                            rates=True))  # fmt: skip
    panels = [panel for panel in panels if panel.curves]
    if not panels:
        raise UsageError("there is nothing to draw: none of these runs has a table of losses or rates.")
    labels = [one.label for one in (*found.runs, *found.swept)]
    return overlay(panels, title=" and ".join(labels) if len(labels) < 3 else f"{len(labels)} runs compared")


def _losses(group: "Group[Compared]") -> "Panel":
    from rnnlab.plots.overlay import Panel

    curves = [curve for one in group.runs if (curve := _course(one)) is not None]
    label = "training loss" + " (of different scales)" * bool(group.loss_scales)
    return Panel(group.task, "update", label, curves)


def _course(one: "Compared") -> "Curve | None":
    """The losses of metrics.csv by seed and update; None where there are none."""
    from rnnlab.plots.overlay import Curve

    try:
        table = read_table(one.run / "metrics.csv", numbers=("seed", "update", "train_loss"))
    except RunFolderError:  # a warning says so
        return None
    known = np.isfinite(table["seed"]) & np.isfinite(table["update"])
    seeds, rows = np.unique(table["seed"][known], return_inverse=True)
    updates, columns = np.unique(table["update"][known], return_inverse=True)
    if not updates.size:
        return None
    losses = np.full((len(seeds), len(updates)), np.nan)
    losses[rows, columns] = table["train_loss"][known]
    ends = one.record.diverged
    lost = ends if isinstance(ends, dict) else {}
    return Curve(one.label, updates, losses, np.array([f"{seed:g}" in lost for seed in seeds]))


def _rates(one: "ComparedSweep") -> "Curve":
    from rnnlab.plots.overlay import Curve

    most = max(map(len, one.rates.values()))
    rates = np.full((most, len(one.rates)), np.nan)
    for column, values in enumerate(one.rates.values()):
        rates[: len(values), column] = values
    return Curve(one.label, np.array(list(one.rates)), rates)
