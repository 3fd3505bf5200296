"""What `rnnlab train` says when it is done."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rnnlab.api.facts import metric_names
from rnnlab.display import console, numbers, tables
from rnnlab.display.progress import counts_epochs
from rnnlab.printable import shortened
from rnnlab.words import INTERVAL, count, duration

if TYPE_CHECKING:
    from rnnlab.experiments.reports import Progress, TrainSummary


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
    """A column per metric: the median of the seeds, with several the interval below, and each baseline in a line."""
    written = metric_names([summary.task])
    spreads = {metric: measured.spread for metric, measured in summary.metrics.items()}
    places = {metric: numbers.place_for(spread) for metric, spread in spreads.items()}
    several = len(summary.seeds) > 1
    rows = [["network, median" if several else "network"]]
    rows[0] += [numbers.beside(spread.median, places[metric]) for metric, spread in spreads.items()]
    if several:
        rows.append([f"  {INTERVAL}", *(numbers.interval(spread) for spread in spreads.values())])
    for name, scores in summary.baselines.items():
        values = (numbers.beside(scores.get(metric), place) for metric, place in places.items())
        rows.append([label(name, written, summary.season), *values])
    header = ["", *(with_unit(label(metric, written), summary.units.get(metric)) for metric in spreads)]
    return tables.render(header, rows, width)


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
