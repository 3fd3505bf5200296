"""What `rnnlab train` says when it is done."""

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from rnnlab.api.facts import metric_names
from rnnlab.display import console, numbers, tables
from rnnlab.display.progress import counts_epochs
from rnnlab.printable import shortened
from rnnlab.words import INTERVAL, count, duration

if TYPE_CHECKING:
    from rnnlab.experiments.reports import Progress, TrainSummary
    from rnnlab.seeds import Spread


def show(summary: "TrainSummary", last: "Progress | None") -> None:
    """Print title, table, headline, notes and the path of the run.

    Parameters
    ----------
    summary : TrainSummary
    last : Progress or None
        The last progress heard of, for how far it went and how long it took.
    """
    console.result(_title(summary, last))
    if summary.metrics:
        console.result()
        header, *rows = table(summary, console.out.width)
        console.result(console.out.style(header, "dim"))
        for row in rows:
            console.result(row)
    if summary.headline:
        console.result()
        _sentence(summary.headline, "bold")
    if summary.notes:
        console.result()
        for note in summary.notes:
            _sentence(note)
    console.result()
    console.result(f"{console.out.style('run', 'dim')}  {summary.run}")


def table(summary: "TrainSummary", width: int | None) -> list[str]:
    """A column per metric, a line for what the network is worth, over all seeds and of single ones, and each baseline.

    Where the seeds give one answer, its line comes first: its metrics are not the medians of the seeds' metrics.
    """
    written = metric_names([summary.task])
    spreads = {metric: measured.spread for metric, measured in summary.metrics.items()}
    places = {metric: numbers.place_for(spread) for metric, spread in spreads.items()}
    rows = _network_rows(summary, spreads, places)
    for name, scores in summary.baselines.items():
        rows.append([label(name, written, summary.season), *_beside(scores, places)])
    header = ["", *(with_unit(label(metric, written), summary.units.get(metric)) for metric in spreads)]
    return tables.render(header, rows, width)


def _network_rows(
    summary: "TrainSummary", spreads: Mapping[str, "Spread"], places: Mapping[str, int]
) -> list[list[str]]:
    """The answer of all seeds where there is one, then the median and the interval of the seeds' metrics."""
    medians = list(_beside({metric: spread.median for metric, spread in spreads.items()}, places))
    if len(summary.seeds) == 1:
        return [["network", *medians]]
    ends = [numbers.interval(spread) for spread in spreads.values()]
    interval = [[f"  {INTERVAL}", *ends]] if any(ends) else []
    if summary.combined is None:
        return [["network, median", *medians], *interval]
    together = _beside(summary.combined.get("metrics", {}), places)
    return [["network, median forecast", *together], ["single seeds, median", *medians], *interval]


def _beside(scores: Mapping[str, float | None], places: Mapping[str, int]) -> Iterator[str]:
    """Metrics in the columns of the table; one beyond the floats is missing, as it is in run.json."""
    for metric, place in places.items():
        value = scores.get(metric)
        yield numbers.beside(None if value is None or math.isinf(value) else value, place)


def label(name: str, names: Mapping[str, str], season: int | None = None) -> str:
    """A metric's or baseline's name as people write it; with the season of a seasonal one."""
    written = names.get(name) or shortened(name.replace("_", " "))
    return f"{written} ({season})" if name == "seasonal_naive" and season is not None else written


def with_unit(name: str, unit: str | None) -> str:
    """`RMSE (USD)`, or the name alone."""
    return f"{name} ({unit})" if unit else name


def _title(summary: "TrainSummary", last: "Progress | None") -> str:
    parts = [count(len(summary.seeds), "seed")]
    if last is not None:
        noun = "epoch" if counts_epochs(last) else "update"
        most = "up to " if len(summary.seeds) > 1 and summary.record.get("stopped_early") else ""
        parts.append(most + count(last.epoch if noun == "epoch" else last.update, noun))
        parts.append(duration(last.elapsed))
    return f"{console.out.style(summary.name, 'bold')}: {', '.join(parts)}"


def _sentence(text: str, style: str | None = None) -> None:
    """Print a sentence, folded to the screen where there is one."""
    for line in console.out.fold(console.printable(text)).split("\n"):
        console.result(console.out.style(line, style) if style else line)
