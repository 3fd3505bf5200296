"""`rnnlab train`: one config in, one run folder out."""

import sys
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, cast

import typer

import rnnlab
from rnnlab.cli import summary
from rnnlab.cli.configs import CONFIG, read_config
from rnnlab.cli.help import Command
from rnnlab.cli.interrupts import Interrupts
from rnnlab.cli.options import RUNS_TO, SEEDS, SET
from rnnlab.display import console, progress
from rnnlab.errors import RunWriteError

if TYPE_CHECKING:
    from rnnlab.experiments.reports import TrainSummary

EXAMPLES = """\b
Examples:
  rnnlab train stock
  rnnlab train stock --seeds 10 --name ten
  rnnlab train my.yaml --set model.cell=lstm
  rnnlab train runs/RUN/config.yaml"""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("train", cls=Command, epilog=EXAMPLES)(train)


def train(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help=CONFIG)],
    overrides: Annotated[list[str] | None, SET] = None,
    seeds: Annotated[str | None, SEEDS] = None,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="Name of the run.")] = None,
    runs_dir: Annotated[Path, RUNS_TO] = Path("runs"),
    as_json: Annotated[
        bool, typer.Option("--json", help="Standard output is one JSON document: the record of the run.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print one line, the run folder.")] = False,
) -> int:
    """Train the networks of a config, one per seed, and measure them on held-out data."""
    chosen = read_config(config, overrides=overrides or (), seeds=seeds, name=name)
    train_networks = rnnlab.train  # loaded while a signal still ends the process at once
    with progress.display(quiet=quiet) as screen, Interrupts(screen.note) as interrupts:
        try:
            run = train_networks(
                chosen,
                runs_dir,
                progress=screen,
                should_stop=interrupts.should_stop,
                command=["rnnlab", *sys.argv[1:]],
            )
        except RunWriteError as error:
            if error.summary is not None and not as_json and not quiet:
                summary.show(cast("TrainSummary", error.summary), screen.last)
            raise
    assert run.path is not None
    assert run.summary is not None
    was_interrupted = run.status == "interrupted"
    with console.results_of(run.path):
        if as_json:
            console.document(run.record.plain())
        elif quiet:
            console.result(str(run.path))
        elif was_interrupted:
            summary.show_interrupted(run.summary)
        else:
            summary.show(run.summary, screen.last)
            console.next_step(f"rnnlab inspect {quote(str(run.path))}", "what the training did to gradients")
    return interrupts.exit_code if was_interrupted else 0
