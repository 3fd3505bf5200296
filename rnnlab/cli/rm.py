"""`rnnlab rm`: runs into the trash, out of it, or deleted."""

import math
import sys
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

import rnnlab
from rnnlab.cli.help import Command
from rnnlab.cli.options import JSON, RUNS_FROM, YES
from rnnlab.display import console
from rnnlab.errors import UsageError
from rnnlab.printable import on_one_line
from rnnlab.words import count

EXAMPLES = """\b
Examples:
  rnnlab rm 20261121T170305Z-gradients-aaaa
  rnnlab rm latest --purge --yes"""

INDENT = len("removed  ")


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("rm", cls=Command, epilog=EXAMPLES)(rm)


def rm(
    runs: Annotated[
        list[str],
        typer.Argument(metavar="RUN...", help="Paths, ids, beginnings of ids, names (the newest run), latest."),
    ],
    purge: Annotated[bool, typer.Option("--purge", help="Delete for good; asks first.")] = False,
    restore: Annotated[bool, typer.Option("--restore", help="Bring runs back from the trash, by id or name.")] = False,
    yes: Annotated[bool, YES] = False,
    runs_dir: Annotated[Path, RUNS_FROM] = Path("runs"),
    as_json: Annotated[bool, JSON] = False,
) -> int:
    """Move runs to the trash, the folder .trash in the runs folder."""
    if purge and restore:
        raise UsageError("--purge and --restore exclude each other.")
    if restore:
        return _restore(runs, runs_dir, as_json)
    paths = list(dict.fromkeys(rnnlab.find_run(run, runs_dir, on_warning=console.warning) for run in runs))
    if purge and not yes:
        names = "\n".join(f"  {on_one_line(str(path))}" for path in paths)
        if not confirmed(f"{names}\nDelete {count(len(paths), 'run')} for good?", "--purge"):
            console.note("nothing is deleted")
            return 0
    moved = rnnlab.remove(paths, purge=purge)
    if as_json:
        rows = [{"run": str(path), "trash": place and str(place)} for path, place in moved]
        console.document({"removed": rows})
        return 0
    for path, place in moved:
        if place is None:
            console.result(f"{console.out.style('deleted', 'dim')}  {on_one_line(_near(path))}")
        else:
            console.result(f"{console.out.style('removed', 'dim')}  {on_one_line(_near(path))}")
            back = f"mv {quote(_near(place))} {quote(_near(path))}"
            if len(back) + INDENT > (console.out.width or math.inf):  # two lines that can be copied as one command
                back = f"mv {quote(_near(place))} \\\n{' ' * INDENT}{quote(_near(path))}"
            console.result(f"{console.out.style('undo', 'dim')}     {back}")
    console.next_step("rnnlab runs", "the runs that are left")
    return 0


def _restore(names: list[str], runs_dir: Path, as_json: bool) -> int:
    back = [rnnlab.restore(name, runs_dir) for name in names]
    if as_json:
        console.document({"restored": [str(path) for path in back]})
        return 0
    for path in back:
        console.result(f"{console.out.style('run', 'dim')}  {on_one_line(str(path))}")
    console.next_step(f"rnnlab show {quote(str(back[0]))}", "the run")
    return 0


def confirmed(question: str, option: str) -> bool:
    """Ask on the terminal; off a terminal nobody can answer, and `--yes` is needed.

    Raises
    ------
    UsageError
        Off a terminal.
    """
    if sys.stdin is None or not sys.stdin.isatty() or not console.err.is_terminal:
        raise UsageError(
            f"{option} asks for confirmation, which needs a terminal.", hint=f"{option} --yes does not ask."
        )
    console.note(f"{question} [y/N]")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _near(path: Path) -> str:
    """The path from the working folder on, where it lies in it."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
