"""What `rnnlab train` says when it is done."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rnnlab.cli import console, numbers, tables
from rnnlab.cli.progress import counts_epochs
from rnnlab.printable import shortened

if TYPE_CHECKING:
    from rnnlab.experiments.reports import Progress, TrainSummary

LABELS = {
    "rmse": "RMSE",
    "mae": "MAE",
    "mape": "MAPE",
    "smape": "sMAPE",
    "mase": "MASE",
    "rmsse": "RMSSE",
    "directional_accuracy": "direction hits",
    "naive": "persistence",
    "moving_average": "moving avg",
    "seasonal_naive": "seasonal",
}


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


def show_interrupted(summary: "TrainSummary") -> None:
    """Print what is there of a training that was stopped; on standard error, what can be done about it."""
    show(summary, None)
    console.advice(f"`rnnlab train {summary.run / 'config.yaml'}` repeats it from the start")


def table(summary: "TrainSummary", width: int | None) -> list[str]:
    """A line per metric: the network with its spread over seeds, each baseline beside it."""
    names = list(summary.baselines)
    model = "network" if len(summary.seeds) == 1 else "network ± sd"
    rows = [_row(summary, metric, names) for metric in summary.metrics]
    return tables.render(["", model, *map(label, names)], rows, width)


def label(name: str) -> str:
    """A metric's or baseline's name as people write it."""
    return LABELS.get(name) or shortened(name.replace("_", " "))


def _row(summary: "TrainSummary", metric: str, baselines: Sequence[str]) -> list[str]:
    spread = summary.metrics[metric]
    unit = summary.units.get(metric)
    decimals = numbers.decimals_for(spread.mean, spread.sd)
    others = [summary.baselines[name].get(metric) for name in baselines]
    return [
        f"{label(metric)} ({unit})" if unit else label(metric),
        numbers.with_spread(spread.mean, spread.sd, decimals),
        *(numbers.beside(value, spread.mean, decimals) for value in others),
    ]


def _title(summary: "TrainSummary", last: "Progress | None") -> str:
    parts = [numbers.count(len(summary.seeds), "seed")]
    if last is not None:
        noun = "epoch" if counts_epochs(last) else "update"
        parts.append(numbers.count(last.epoch if noun == "epoch" else last.update, noun))
        parts.append(numbers.duration(last.elapsed))
    return f"{console.out.style(summary.name, 'bold')}: {', '.join(parts)}"


def _sentence(text: str, style: str | None = None) -> None:
    """Print a sentence, folded to the screen where there is one."""
    for line in console.out.fold(console.printable(text)).split("\n"):
        console.result(console.out.style(line, style) if style else line)
