"""`rnnlab train`: one config in, one run folder out."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

import rnnlab
from rnnlab.cli.configs import CONFIG, read_config
from rnnlab.cli.help import Command
from rnnlab.cli.options import QUIET, RECORD_JSON, RUNS_TO, SEEDS, SET
from rnnlab.cli.outcome import carry_out

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
    as_json: Annotated[bool, RECORD_JSON] = False,
    quiet: Annotated[bool, QUIET] = False,
) -> int:
    """Train the networks of a config, one per seed, and measure them on held-out data."""
    chosen = read_config(config, overrides=overrides or (), seeds=seeds, name=name)
    train_networks = rnnlab.train  # loaded while a signal still ends the process at once
    return carry_out(partial(train_networks, chosen, runs_dir), as_json=as_json, quiet=quiet)
