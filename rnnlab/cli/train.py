"""`rnnlab train`: one config in, one run folder out."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from rnnlab.cli import console, progress, summary
from rnnlab.cli.help import Command
from rnnlab.cli.interrupts import Interrupts
from rnnlab.errors import UsageError

RUNS = "RNNLAB_RUNS"
EXAMPLES = """\b
Examples:
  rnnlab train configs/stock.yaml
  rnnlab train configs/stock.yaml --seeds 10 --set model.hidden_size=32
  rnnlab train runs/20261121T170305Z-stock-3f9a/config.yaml"""


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
    runs_dir: Annotated[
        Path,
        typer.Option(
            "--runs-dir", metavar="DIR", envvar=RUNS, show_envvar=True, help="Where run folders go."
        ),
    ] = Path("runs"),
    as_json: Annotated[
        bool, typer.Option("--json", help="Standard output is one JSON document: the record of the run.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print one line, the run folder.")] = False,
) -> int:
    """Train the networks of a config, one per seed, and measure them on held-out data."""
    from rnnlab.config import load
    from rnnlab.experiments.train import train as run_training

    chosen = load(config, overrides=overrides or (), seeds=_seeds(seeds), name=name)
    with Interrupts() as interrupts, progress.display(quiet=quiet) as screen:

        def should_stop() -> bool:
            if interrupts.received is not None and not interrupts.is_announced:
                interrupts.is_announced = True
                screen.note("stopping after this update; Ctrl-C once more stops at once")
            return interrupts.received is not None

        trained = run_training(
            chosen,
            runs_dir=runs_dir,
            command=["rnnlab", *sys.argv[1:]],
            on_progress=screen.update,
            on_warning=screen.warning,
            should_stop=should_stop,
        )
    if as_json:
        console.document(trained.record)
    elif quiet:
        console.result(str(trained.run))
    else:
        summary.show(trained, screen.last)
    if trained.record.get("status") != "interrupted":
        return 0
    if not quiet:
        summary.show_interrupted(trained, screen.last)
    return interrupts.exit_code


def _seeds(text: str | None) -> int | list[int] | None:
    """`5` as a count, `3,7,11` as the seeds themselves."""
    if text is None:
        return None
    try:
        if "," in text:
            return [int(word) for word in text.split(",") if word.strip()]
        return int(text)
    except ValueError:
        raise UsageError(
            f"--seeds must be a count such as 5 or a list such as 3,7,11; got {text!r}"
        ) from None
