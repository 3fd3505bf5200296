"""`rnnlab gradcheck`: the proof of a config's gradients."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

import rnnlab
from rnnlab.cli.configs import CONFIG, command_with, read_config
from rnnlab.cli.help import Command
from rnnlab.cli.options import JSON, SET
from rnnlab.display import console, numbers, tables
from rnnlab.words import count

if TYPE_CHECKING:
    from rnnlab.experiments.gradcheck import Gradcheck

WRONG = 7
EXAMPLES = """\b
Examples:
  rnnlab gradcheck stock
  rnnlab gradcheck stock --set model.cell=lstm"""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("gradcheck", cls=Command, epilog=EXAMPLES)(gradcheck)


def gradcheck(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help=CONFIG)],
    overrides: Annotated[list[str] | None, SET] = None,
    as_json: Annotated[bool, JSON] = False,
) -> int:
    """Verify the hand-derived gradients of a config's network. Exit 7 where one is wrong."""
    found = rnnlab.gradcheck(read_config(config, overrides=overrides or ()))
    if as_json:
        console.document(_record(found))
    else:
        _show(found)
        if found.check.passed and config != "-":
            console.next_step(command_with("train", config, overrides), "train with these gradients")
    return 0 if found.check.passed else WRONG


def _show(found: "Gradcheck") -> None:
    check = found.check
    models, sequences = count(len(found.seeds), "model"), count(found.sequences, "sequence")
    steps = f" of {count(found.steps, 'step')}"
    if found.steps < found.data_steps:
        steps = f", the first {found.steps} of {count(found.data_steps, 'step')}"
    console.result(f"{found.name}: {models}, {sequences}{steps}; {check.method}")
    header = ("tensor", "entries", "compared", "largest gradient", "worst relative error")
    rows = [
        (t.name, f"{t.size:,}", f"{t.compared:,}", numbers.significant(t.largest), _error(t.error))
        for t in check.tensors
    ]
    total = sum(t.size for t in check.tensors)
    directions = count(check.directions, "direction")
    rows.append(("all together", f"{total:,}", directions, "", _error(check.direction_error)))
    console.result("\n".join(tables.render(header, rows, console.out.width)))
    for note in found.notes:
        console.result(console.out.fold(f"note: {note}"))
    console.result(console.out.fold(_verdict(found)))


def _verdict(found: "Gradcheck") -> str:
    check = found.check
    tolerance = f"the tolerance of {check.tolerance:.0e}"
    if check.passed:
        return f"{console.out.style('passed:', 'green')} every error is within {tolerance}"
    wrong = [t.name for t in check.tensors if not t.error <= check.tolerance]
    if not check.direction_error <= check.tolerance:
        wrong.append("all together")
    return f"{console.out.style('failed:', 'red')} not within {tolerance}: {', '.join(wrong)}"


def _error(error: float) -> str:
    return "not compared" if error != error else f"{error:.1e}"


def _record(found: "Gradcheck") -> dict[str, Any]:
    check = found.check
    return {
        "name": found.name,
        "passed": check.passed,
        "method": check.method,
        "tolerance": check.tolerance,
        "seeds": found.seeds,
        "sequences": found.sequences,
        "steps": found.steps,
        "data_steps": found.data_steps,
        "directions": check.directions,
        "direction_error": check.direction_error,
        "tensors": [vars(tensor) for tensor in check.tensors],
        "notes": list(found.notes),
    }
