"""`rnnlab resume`: a run goes on from its last good checkpoint."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

import rnnlab
from rnnlab.api.finding import choose_kernel_of
from rnnlab.cli.help import Command
from rnnlab.cli.options import QUIET, RECORD_JSON, RUN, RUNS_FROM
from rnnlab.cli.outcome import carry_out

EXAMPLES = """\b
Examples:
  rnnlab resume latest
  rnnlab resume runs/RUN --updates 400"""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("resume", cls=Command, epilog=EXAMPLES)(resume)


def resume(
    run: Annotated[str, RUN],
    epochs: Annotated[int | None, typer.Option("--epochs", metavar="N", help="New total of epochs.")] = None,
    updates: Annotated[int | None, typer.Option("--updates", metavar="N", help="New total of updates.")] = None,
    runs_dir: Annotated[Path, RUNS_FROM] = Path("runs"),
    as_json: Annotated[bool, RECORD_JSON] = False,
    quiet: Annotated[bool, QUIET] = False,
) -> int:
    """Continue a run that was interrupted or killed, or lengthen one."""
    choose_kernel_of(run, runs_dir)
    go_on = rnnlab.resume  # loaded while a signal still ends the process at once
    work = partial(go_on, run, runs_dir, epochs=epochs, updates=updates)
    return carry_out(work, as_json=as_json, quiet=quiet)
