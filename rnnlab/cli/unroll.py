"""`rnnlab unroll`: one sequence through a network, forward and back, every number beside its formula."""

from typing import TYPE_CHECKING, Annotated

import typer

import rnnlab
from rnnlab.cli.configs import CONFIG, command_with, read_config
from rnnlab.cli.help import Command
from rnnlab.cli.options import JSON, SET
from rnnlab.display import console
from rnnlab.errors import UsageError

if TYPE_CHECKING:
    from rnnlab.experiments.unroll import Unroll

WRONG = 7
MOST_STEPS, MOST_UNITS = 100, 16  # beyond that nobody reads the numbers
EXAMPLES = """\b
Examples:
  rnnlab unroll stock
  rnnlab unroll gradients --steps 4
  rnnlab unroll stock --set model.cell=lstm"""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("unroll", cls=Command, epilog=EXAMPLES)(unroll)


def unroll(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help=CONFIG)],
    steps: Annotated[int, typer.Option("--steps", metavar="T", help="Steps of the sequence to take.")] = 3,
    hidden: Annotated[int, typer.Option("--hidden", metavar="H", help="Hidden units, in place of the config's.")] = 2,
    overrides: Annotated[list[str] | None, SET] = None,
    as_json: Annotated[bool, JSON] = False,
) -> int:
    """Show every number of a small network on one sequence beside its formula. Exit 7 if the engine disagrees."""
    for option, number, most in (("--steps", steps, MOST_STEPS), ("--hidden", hidden, MOST_UNITS)):
        if not 1 <= number <= most:
            hint = "rnnlab.unroll in Python has no upper limit" if number > most else None
            raise UsageError(f"{option} must be a whole number from 1 to {most}; got {number}.", hint=hint)
    found = rnnlab.unroll(read_config(config, overrides=overrides or ()), steps, hidden)
    if as_json:
        console.document(found.plain())
    else:
        _show(found, command_with("gradcheck", config, overrides))
    return 0 if found.passed else WRONG


def _show(found: "Unroll", proof: str) -> None:
    from rnnlab.display import unrolled

    console.result(console.out.fold(unrolled.headline(found)))
    for note in found.notes:
        console.result(console.out.fold(f"note: {note}"))
    console.result("\n".join(unrolled.report(found, console.out.width)))
    console.result(console.out.fold(_verdict(found)))
    console.next_step(proof, "verify the gradients of the network in its full size")


def _verdict(found: "Unroll") -> str:
    if found.passed:
        return f"{console.out.style('passed:', 'green')} the engine computes the same gradients as the formulas"
    wrong = ", ".join(one.name for one in found.comparisons if not one.difference <= found.tolerance)
    return f"{console.out.style('failed:', 'red')} the engine's gradients differ from the formulas: {wrong}"
