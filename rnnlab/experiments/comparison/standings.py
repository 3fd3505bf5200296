"""The figure of runs that are held against one of them: the metric of each beside the best baseline's."""

from typing import TYPE_CHECKING

import numpy as np

from rnnlab.experiments.comparison.verdicts import Contest
from rnnlab.printable import shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.figure import Figure

    from rnnlab.experiments.comparison.trainings import Compared
    from rnnlab.plots.standings import Kind, Mark


def draw_standings(contest: Contest, name: "Callable[[str], str]") -> "Figure":
    """The reference first, then the others from the best to the worst.

    Parameters
    ----------
    contest : Contest
        With a reference.
    name : function of str
        How metrics and baselines are written.
    """
    from rnnlab.plots.standings import Standing, standings

    reference, metric = contest.reference, contest.metric
    assert reference is not None
    runs = contest.standings
    rows = [
        Standing(one.label, np.array(list(one.per_seed(metric).values())), one.combined(metric), _kind(one, contest))
        for one in runs
    ]
    unit = shortened(reference.record.units.get(metric) or "")
    written = f"{name(metric)} ({unit})" if unit else name(metric)
    title = (
        f"{len(runs) - 1} runs beside {reference.label}" if len(runs) > 2 else f"{runs[1].label} beside {runs[0].label}"
    )
    return standings(rows, _best(runs, metric, name), metric=written, reference=reference.label, title=title)


def _kind(one: "Compared", contest: Contest) -> "Kind":
    if one is contest.reference:
        return "reference"
    test = contest.against_reference[one.label]
    return "same" if not test.is_significant else "better" if contest.is_better(test) else "worse"


def _best(runs: "Sequence[Compared]", metric: str, name: "Callable[[str], str]") -> "Mark | None":
    """The best baseline of the reference, where it is that of all runs."""
    from rnnlab.plots.standings import Mark

    bests = {one.best_baseline(metric) for one in runs}
    best = bests.pop()
    return Mark(name(best[0]), best[1]) if best is not None and not bests else None
