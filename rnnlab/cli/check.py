"""`rnnlab check`: whether a config is valid, and what it would train."""

from typing import TYPE_CHECKING, Annotated

import typer

import rnnlab
from rnnlab.cli.configs import CONFIG, command_with, read_config
from rnnlab.cli.help import Command
from rnnlab.cli.interrupts import raising
from rnnlab.cli.options import JSON, SEEDS, SET
from rnnlab.display import console, numbers, tables
from rnnlab.memory import readable
from rnnlab.printable import shortened
from rnnlab.words import count, duration, rough_duration

if TYPE_CHECKING:
    from rnnlab.experiments.check import CheckSummary, Stage

EXAMPLES = """\b
Examples:
  rnnlab check stock
  rnnlab check stock --set model.cell=lstm --seeds 20
  rnnlab check my.yaml --json"""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("check", cls=Command, epilog=EXAMPLES)(check)


def check(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help=CONFIG)],
    overrides: Annotated[list[str] | None, SET] = None,
    seeds: Annotated[str | None, SEEDS] = None,
    as_json: Annotated[bool, JSON] = False,
) -> int:
    """Validate a config and show what it would train: shapes, parameters, samples, memory and time."""
    chosen = read_config(config, overrides=overrides or (), seeds=seeds)
    with raising():
        found = rnnlab.check(chosen)
    for warning in found.warnings:
        console.warning(warning)
    if as_json:
        console.document({"valid": True, **found.plain()})
        return 0
    _show(found, command_with("train", config, overrides, seeds))
    return 0


def _show(found: "CheckSummary", following: str) -> None:
    name = console.out.style(shortened(found.name), "bold")
    console.result(f"{name} is valid: {found.cell}, {count(found.parameters, 'parameter')}, {_models(found)}")
    console.result()
    header = ("part", "shape", "parameters", "tensors")
    for line in tables.render(header, [_row(stage) for stage in found.stages], console.out.width):
        console.result(line)
    console.result(console.out.fold("Shapes in one update of one model: steps x sequences x features."))
    console.result()
    rows = [
        ("data", found.description),
        ("samples", _samples(found)),
        ("updates", _updates(found)),
        ("memory", _memory(found)),
        ("time", _time(found)),
    ]
    for line in tables.definitions(rows, console.out.width, indent=0):
        console.result(line)
    console.next_step(following, "train it")


def _models(found: "CheckSummary") -> str:
    return count(len(found.seeds), "model")


def _row(stage: "Stage") -> tuple[str, str, str, str]:
    shapes = ", ".join(f"{name.rpartition('.')[2]} {_by(shape)}" for name, shape in stage.parameters.items())
    return stage.name, _by(stage.shape), f"{stage.count:,}" if stage.parameters else "", shapes


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _samples(found: "CheckSummary") -> str:
    parts = [f"{found.training:,} sequences to train on"]
    if found.endless:
        parts = [f"{found.training:,} fresh sequences for every update"]
    if found.validation:
        parts.append(f"{found.validation:,} to validate on")
    if found.held_out is not None:
        parts.append(f"{found.held_out:,} held out" if found.held_out else "none held out")
    return ", ".join(parts)


def _updates(found: "CheckSummary") -> str:
    if found.epochs is None:
        return f"{found.updates:,}, without epochs"
    epochs = f"{found.epochs:,.4g} {'epoch' if found.epochs == 1 else 'epochs'}"
    return f"{found.updates:,}: {epochs} of {count(found.updates_per_epoch, 'update')}"


def _memory(found: "CheckSummary") -> str:
    free = f"; {readable(found.available)} are free" if found.available is not None else ""
    return f"at least {readable(found.memory)}, and {readable(found.data)} of training data{free}"


def _time(found: "CheckSummary") -> str:
    timing = found.timing
    if timing is None or found.seconds is None:
        return "not estimated: one update does it all"
    how = f"median of {timing.timed} timed" if timing.timed > 1 else "one timed"
    if timing.share < 1:
        how += f" on {numbers.percent(timing.share)} of the work, extrapolated"
    update = f"{1e3 * timing.seconds:.3g} ms" if timing.seconds < 1 else _rough(timing.seconds)
    together = _models(found) + " together" * (len(found.seeds) > 1)
    folds = f"; {count(found.further, 'further training')} for the folds of the evaluation" * (found.further > 0)
    again = "; one more training on all rows" * found.refit
    return (
        f"about {_rough(found.seconds)} for {together}: {update} an update ({how}){folds}{again}; "
        "without measuring, writing and plots"
    )


def _rough(seconds: float) -> str:
    if seconds < 0.1:
        return "0.1 s"
    return duration(seconds) if seconds < 3600 else rough_duration(seconds)
