"""`rnnlab train`: one config in, one run folder out."""

import sys
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, cast

import typer

from rnnlab.cli import summary
from rnnlab.cli.configs import read_config
from rnnlab.cli.help import Command
from rnnlab.cli.interrupts import Interrupts
from rnnlab.cli.options import RUNS_TO
from rnnlab.display import console, progress
from rnnlab.errors import RunWriteError

if TYPE_CHECKING:
    from rnnlab.experiments.reports import TrainSummary

EXAMPLES = """\b
Examples:
  rnnlab train configs/stock.yaml
  rnnlab train configs/stock.yaml --seeds 10 --name ten
  rnnlab train configs/stock.yaml --set model.cell=lstm
  rnnlab train runs/RUN/config.yaml"""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("train", cls=Command, epilog=EXAMPLES)(train)


def train(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help="A YAML file; - reads standard input.")],
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Set a key of the config; repeatable."),
    ] = None,
    seeds: Annotated[
        str | None,
        typer.Option("--seeds", metavar="N|LIST", help="How many models to train; or their seeds: 3,7,11."),
    ] = None,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="Name of the run.")] = None,
    runs_dir: Annotated[Path, RUNS_TO] = Path("runs"),
    as_json: Annotated[
        bool, typer.Option("--json", help="Standard output is one JSON document: the record of the run.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print one line, the run folder.")] = False,
) -> int:
    """Train the networks of a config, one per seed, and measure them on held-out data."""
    chosen = read_config(config, overrides=overrides or (), seeds=seeds, name=name)
    from rnnlab.experiments.train import train as run_training

    with progress.display(quiet=quiet) as screen, Interrupts(screen.note) as interrupts:
        try:
            trained = run_training(
                chosen,
                runs_dir=runs_dir,
                command=["rnnlab", *sys.argv[1:]],
                on_progress=screen.update,
                on_warning=screen.warning,
                should_stop=interrupts.should_stop,
            )
        except RunWriteError as error:
            if error.summary is not None and not as_json and not quiet:
                summary.show(cast("TrainSummary", error.summary), screen.last)
            raise
        for warning in trained.warnings:
            screen.warning(warning)
    was_interrupted = trained.record["status"] == "interrupted"
    with console.results_of(trained.run):
        if as_json:
            console.document(trained.record)
        elif quiet:
            console.result(str(trained.run))
        elif was_interrupted:
            summary.show_interrupted(trained)
        else:
            summary.show(trained, screen.last)
            console.next_step(f"rnnlab inspect {quote(str(trained.run))}", "what the training did to gradients")
    return interrupts.exit_code if was_interrupted else 0
