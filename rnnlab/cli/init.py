"""`rnnlab init`: the starter configs, to be changed."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

import rnnlab
from rnnlab.cli.help import Command
from rnnlab.cli.interrupts import raising
from rnnlab.cli.options import JSON
from rnnlab.display import console, tables
from rnnlab.printable import on_one_line

EXAMPLES = """\b
Examples:
  rnnlab init
  rnnlab init configs"""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("init", cls=Command, epilog=EXAMPLES)(init)


def init(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="Folder to write to; created if it is missing.")] = ".",
    as_json: Annotated[bool, JSON] = False,
) -> int:
    """Write the starter configs with their comments, and the schema for editors; overwrite nothing."""
    with raising():
        written = rnnlab.init(folder)
    if as_json:
        console.document({"folder": str(Path(folder)), "written": [str(path) for path in written]})
        return 0
    top = Path(folder)
    console.result(on_one_line(f"Wrote {len(written)} files to {top.absolute() if folder == '.' else top}:"))
    rows = [(on_one_line(path.name), _first_words(path)) for path in written if path.parent == written[0].parent]
    groups = dict.fromkeys(path.parent for path in written if path.parent != written[0].parent)
    rows += [
        (f"{on_one_line(group.name)}/", ", ".join(_short(path) for path in written if path.parent == group))
        for group in groups
    ]
    for line in tables.definitions(rows, console.out.width):
        console.result(line)
    first = next(path for path in written if path.stem == "stock")
    console.next_step(f"rnnlab train {on_one_line(shlex.quote(str(first)))}", "train the first of them")
    return 0


def _short(path: Path) -> str:
    """A config by the name that commands know, another file by its own."""
    return path.stem if path.suffix == ".yaml" else path.name


def _first_words(path: Path) -> str:
    """What a config says of itself: its first comment."""
    if path.suffix == ".json":
        return "what editors check configs against while they are typed"
    lines = path.read_text(encoding="utf-8").splitlines()
    comments = [line.removeprefix("# ") for line in lines if line.startswith("# ") and "$schema" not in line]
    return comments[0].partition(". ")[0].rstrip(".:") if comments else ""
