"""`rnnlab doctor`: damage in a runs folder, found and repaired."""

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import rnnlab
from rnnlab.cli.help import Command
from rnnlab.cli.options import JSON, RUNS_FROM, YES
from rnnlab.cli.rm import confirmed
from rnnlab.display import console
from rnnlab.errors import UsageError
from rnnlab.printable import on_one_line, printable
from rnnlab.words import count

if TYPE_CHECKING:
    from rnnlab.experiments.doctor import Diagnosis, Finding

EXAMPLES = """\b
Examples:
  rnnlab doctor
  rnnlab doctor --repair --yes

It ends with exit code 7 where something is wrong and not repaired."""
WRONG = 7
NAMED = 5  # runs in training that are named


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("doctor", cls=Command, epilog=EXAMPLES)(doctor)


def doctor(
    mend: Annotated[bool, typer.Option("--repair", help="Repair what can be repaired; asks first.")] = False,
    yes: Annotated[bool, YES] = False,
    runs_dir: Annotated[Path, RUNS_FROM] = Path("runs"),
    as_json: Annotated[bool, JSON] = False,
) -> int:
    """Look for damage in all runs: torn files, lost runs, broken checkpoints."""
    if yes and not mend:
        raise UsageError("--yes belongs to --repair.", hint="`rnnlab doctor --repair --yes` repairs without asking.")
    found = rnnlab.doctor(runs_dir)
    can = [one for one in found.findings if one.remedy]
    if not as_json:
        show(found)
    mending = bool(mend and can) and (yes or confirmed(f"Repair {count(len(can), 'finding')}?", "--repair"))
    outcome: list[tuple[Finding, str | None]]
    outcome = rnnlab.repair(found) if mending else [(one, one.advice or "") for one in found.findings]
    left = [one for one, why in outcome if why is not None]
    if as_json:
        rows = [{**one.plain(), "run": str(one.run), "repaired": why is None} for one, why in outcome]
        console.document({"runs": found.runs, "in_training": list(map(str, found.busy)), "findings": rows})
    elif mending:
        _told(outcome)
    if left and any(one.remedy for one in left) and not mending:
        console.next_step("rnnlab doctor --repair", "repair what can be repaired")
    else:
        console.next_step("rnnlab runs", "all runs")
    return WRONG if left else 0


def show(found: "Diagnosis") -> None:
    """Print what is wrong, run by run."""
    for run, group in groupby(found.findings, key=lambda one: one.run):
        console.result(console.out.style(on_one_line(str(run)), "bold"))
        for one in group:
            _line(one)
    wrong = len({one.run for one in found.findings if one.run != found.runs_dir})
    if found.findings:
        console.result()
    where = on_one_line(str(found.runs_dir))
    verdict = f"{wrong:,} with damage" if wrong else "none with damage"
    console.result(f"{count(found.runs, 'run')} in {where}, {verdict}")
    if found.busy:
        names = ", ".join(on_one_line(run.name) for run in found.busy[:NAMED])
        more = f" and {len(found.busy) - NAMED} more" if len(found.busy) > NAMED else ""
        console.result(console.out.fold(f"in training, not examined: {names}{more}"))


def _line(one: "Finding") -> None:
    for text, style in ((one.sentence, None), (one.remedy and f"repair: {one.remedy}", "dim"), (one.advice, "dim")):
        if text:
            first, *rest = console.out.fold(printable(text), indent=4).split("\n")
            for line in [("  " if style is None else "    ") + first, *rest]:
                console.result(console.out.style(line, style) if style else line)


def _told(outcome: "list[tuple[Finding, str | None]]") -> None:
    console.result()
    done = sum(why is None for _, why in outcome)
    console.result(f"{done:,} of {count(len(outcome), 'finding')} repaired")
    for one, why in outcome:
        if why is not None:
            console.result(console.out.fold(f"  {on_one_line(one.run.name)}: not repaired: {printable(why)}", indent=2))
