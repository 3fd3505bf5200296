"""`rnnlab compare`: runs side by side."""

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

import rnnlab
from rnnlab.api.drawing import check_plot_file, write_plot
from rnnlab.cli import comparison_table
from rnnlab.cli.help import Command
from rnnlab.cli.options import JSON, RUNS_FROM
from rnnlab.display import console
from rnnlab.files import user_path
from rnnlab.printable import on_one_line

if TYPE_CHECKING:
    from rnnlab.experiments.comparison.compare import Comparison

EXAMPLES = """\b
Examples:
  rnnlab compare runs/*-gradients-* runs/*-lstm-*
  rnnlab compare latest 20261121T1703 --plot overlay.png
  rnnlab compare stock-adam stock-gru --against stock
  rnnlab compare 'stock/*'"""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("compare", cls=Command, epilog=EXAMPLES)(compare)


def compare(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN...",
            help="Two or more: paths, ids, beginnings of ids, names, latest; or bundled configs by a pattern.",
        ),
    ],
    against: Annotated[
        str | None, typer.Option("--against", metavar="RUN", help="The run that all others are held against.")
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot",
            parser=user_path,
            metavar="FILE",
            help="Draw losses, and growth rates of sweeps, over each other; with --against or a pattern, the metric "
            "that is judged: FILE.png, .pdf or .svg.",
        ),
    ] = None,
    runs_dir: Annotated[Path, RUNS_FROM] = Path("runs"),
    as_json: Annotated[bool, JSON] = False,
) -> int:
    """Show runs side by side: which is better, what differs, their metrics, and what they do to gradients."""
    if plot is not None:
        check_plot_file(plot)
    found = rnnlab.compare(runs, runs_dir, against=against, on_warning=console.warning)
    for warning in found.warnings:
        console.warning(warning)
    if plot is not None:
        write_plot(found.plot(), plot)
    if as_json:
        console.document({**found.plain(), "plot": plot and str(plot)})
        return 0
    comparison_table.show(found)
    if plot is not None:
        console.result(f"{console.out.style('plot', 'dim')}  {on_one_line(str(plot))}")
    console.next_step(*_next(found))
    return 0


def _next(found: "Comparison") -> tuple[str, str]:
    """Why two runs of one kind differ; where there are none, what the first one can be compared with."""
    for runs in (*(group.runs for group in found.groups), found.swept):
        if len(runs) > 1:
            pair = " ".join(quote(str(one.run)) for one in runs[:2])
            return f"rnnlab why {pair}", "everything that differs between the two"
    if not found.runs:
        return "rnnlab runs", "other runs"
    first = found.runs[0]
    return f"rnnlab runs --where {quote(f'task={first.task}')}", f"runs with the task of {first.label}"
