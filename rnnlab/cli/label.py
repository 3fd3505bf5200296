"""`rnnlab label`: labels of a run."""

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

import rnnlab
from rnnlab.cli.help import Command
from rnnlab.cli.options import JSON, RUN, RUNS_FROM
from rnnlab.display import console
from rnnlab.printable import shortened

EXAMPLES = """\b
Examples:
  rnnlab label latest paper baseline
  rnnlab label stock reference"""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("label", cls=Command, epilog=EXAMPLES)(label)


def label(
    run: Annotated[str, RUN],
    labels: Annotated[list[str], typer.Argument(metavar="LABEL...", help="Words of your own, such as paper.")],
    remove: Annotated[bool, typer.Option("--remove", help="Remove these labels from the run.")] = False,
    runs_dir: Annotated[Path, RUNS_FROM] = Path("runs"),
    as_json: Annotated[bool, JSON] = False,
) -> int:
    """Give a run labels, by which `rnnlab runs` finds it."""
    path = rnnlab.find_run(run, runs_dir, on_warning=console.warning)
    found = rnnlab.label(path, labels, remove=remove)
    if as_json:
        console.document({"run": str(path), "labels": list(found.labels)})
        return 0
    console.result(f"{console.out.style('run', 'dim')}     {console.printable(str(path))}")
    console.result(f"{console.out.style('labels', 'dim')}  {', '.join(map(shortened, found.labels)) or 'none'}")
    if found.labels:
        console.next_step(f"rnnlab runs --label {quote(found.labels[-1])}", "the runs with this label")
    else:
        console.next_step("rnnlab runs", "all runs")
    return 0
