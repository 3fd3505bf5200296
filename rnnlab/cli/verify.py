"""`rnnlab verify`: whether a run is what it was, and whether its numbers come out again."""

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

import rnnlab
from rnnlab.api.finding import choose_kernel_of
from rnnlab.cli.help import Command
from rnnlab.cli.interrupts import raising
from rnnlab.cli.options import JSON, RUN, RUNS_FROM
from rnnlab.display import console
from rnnlab.printable import printable, shortened
from rnnlab.words import count, listed

if TYPE_CHECKING:
    from rnnlab.experiments.verify import Verification

WRONG = 7
EXAMPLES = """\b
Examples:
  rnnlab verify latest
  rnnlab verify runs/RUN --updates 100"""
COLORS = {"ok": "green", "failed": "red", "not checked": "yellow"}


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("verify", cls=Command, epilog=EXAMPLES)(verify)


def verify(
    run: Annotated[str, RUN],
    updates: Annotated[
        int, typer.Option("--updates", metavar="N", help="Updates to replay, at most to the next checkpoint.")
    ] = 10,
    runs_dir: Annotated[Path, RUNS_FROM] = Path("runs"),
    as_json: Annotated[bool, JSON] = False,
) -> int:
    """Check the hashes of a run and replay some of its updates. Exit 7 where something does not verify."""
    choose_kernel_of(run, runs_dir)
    with raising():
        found = rnnlab.verify(run, runs_dir, updates=updates, on_warning=console.warning)
    _warn(found)
    if as_json:
        console.document(found.plain())
    else:
        _show(found)
        if found.advice is not None:
            console.advice(found.advice)
        if found.passed:
            console.next_step(f"rnnlab verify {quote(str(found.run))} --updates {10 * updates}", "replay more of it")
    return 0 if found.passed else WRONG


def _warn(found: "Verification") -> None:
    """Say what is not as it was, so that bytes cannot be promised."""
    if not found.differences:
        return
    what = listed([shortened(str(one), 200) for one in found.differences])
    held = "" if found.tolerance is None else f" Numbers must agree within {found.tolerance:g} of themselves."
    console.warning(f"The run was made elsewhere or with other versions: {what}.{held}")
    if found.hint:
        console.advice(found.hint)


def _show(found: "Verification") -> None:
    name = console.out.style(shortened(found.name), "bold")
    console.result(f"{name}: {count(len(found.checks), 'check')} of {shortened(str(found.run), 200)}")
    console.result()
    widest = max(len(check.name) for check in found.checks)
    words = max(len(check.result) for check in found.checks)
    for check in found.checks:
        result = console.out.style(check.result.ljust(words), COLORS[check.result])
        head = f"  {check.name.ljust(widest)}  {result}  "
        console.result(head + console.out.fold(printable(check.detail), indent=6 + widest + words))
    console.result()
    console.result(console.out.fold(_verdict(found)))


def _verdict(found: "Verification") -> str:
    failed = [check.name for check in found.checks if check.result == "failed"]
    if failed:
        does = "does" if len(failed) == 1 else "do"
        return f"{console.out.style('failed:', 'red')} {listed(failed)} {does} not verify"
    skipped = [check.name for check in found.checks if check.result == "not checked"]
    but = f"; not checked: {listed(skipped)}" if skipped else ""
    if "replay" in skipped:
        return f"{console.out.style('verified:', 'green')} all recorded hashes match{but}"
    exact = found.tolerance is None or found.worst == 0
    how = "byte for byte" if exact else f"within a relative difference of {found.tolerance:g}"
    return f"{console.out.style('verified:', 'green')} what was replayed repeats {how}{but}"
