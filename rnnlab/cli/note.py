"""`rnnlab note`: notes to a run."""

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

import rnnlab
from rnnlab.cli.help import Command
from rnnlab.cli.options import JSON, RUN, RUNS_FROM
from rnnlab.display import console, tables
from rnnlab.printable import printable

if TYPE_CHECKING:
    from rnnlab.api.keeping import Annotations

EXAMPLES = """\b
Examples:
  rnnlab note latest "the learning rate of the paper"
  rnnlab note latest"""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("note", cls=Command, epilog=EXAMPLES)(note)


def note(
    run: Annotated[str, RUN],
    words: Annotated[
        str | None, typer.Argument(metavar="TEXT", help="The note; without it, the notes are shown.")
    ] = None,
    runs_dir: Annotated[Path, RUNS_FROM] = Path("runs"),
    as_json: Annotated[bool, JSON] = False,
) -> int:
    """Write a note to a run, or show its notes."""
    path = rnnlab.find_run(run, runs_dir, on_warning=console.warning)
    found = rnnlab.note(path, words)
    if as_json:
        console.document({"run": str(path), "notes": found.plain()["notes"]})
        return 0
    console.result(f"{console.out.style('run', 'dim')}  {console.printable(str(path))}")
    show(found)
    console.next_step(f"rnnlab show {quote(str(path))}", "the run with its notes")
    return 0


def show(found: "Annotations") -> None:
    """Print the notes, each beside its time."""
    rows = [(printable(one.at)[:16].replace("T", " "), printable(one.text)) for one in found.notes]
    for line in tables.definitions(rows, console.out.width) if rows else ["  no notes"]:
        console.result(line)
