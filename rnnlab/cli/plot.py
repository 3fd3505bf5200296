"""`rnnlab plot`: the plots of a run, drawn again from its files."""

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

import rnnlab
from rnnlab.cli.help import Command
from rnnlab.cli.interrupts import raising
from rnnlab.cli.options import JSON, RUNS_FROM
from rnnlab.display import console
from rnnlab.files import user_path
from rnnlab.printable import on_one_line

if TYPE_CHECKING:
    from rnnlab.experiments.redraw import Drawn

EXAMPLES = """\b
Examples:
  rnnlab plot latest
  rnnlab plot stock training forecast --format pdf"""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("plot", cls=Command, epilog=EXAMPLES)(plot)


def plot(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A path, an id, the beginning of one, a name, or latest.")],
    plots: Annotated[
        list[str] | None, typer.Argument(metavar="PLOT...", help="Such as training; all plots if left out.")
    ] = None,
    format: Annotated[str, typer.Option("--format", metavar="FORMAT", help="png, pdf or svg.")] = "png",
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", parser=user_path, help="Folder to write to; the run's plots/ by default."),
    ] = None,
    runs_dir: Annotated[Path, RUNS_FROM] = Path("runs"),
    as_json: Annotated[bool, JSON] = False,
) -> int:
    """Draw the plots of a run again from its tables, also as PDF or SVG."""
    with raising():
        drawn = rnnlab.plot(run, plots or (), runs_dir, format=format, out=out, on_warning=console.warning)
    if as_json:
        console.document(drawn.plain())
    else:
        _show(drawn)
    return 0


def _show(drawn: "Drawn") -> None:
    for file in drawn.files:
        console.result(f"{console.out.style('plot', 'dim')}  {on_one_line(str(file))}")
    console.next_step(f"rnnlab compare {quote(str(drawn.run))} RUN", "this run next to another")
