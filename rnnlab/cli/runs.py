"""`rnnlab runs`: the runs of a folder, filtered and sorted."""

import csv
import io
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

import rnnlab
from rnnlab.cli.help import Command
from rnnlab.cli.options import JSON, RUNS_FROM, whole
from rnnlab.display import console, numbers, tables
from rnnlab.errors import UsageError
from rnnlab.printable import on_one_line, shortened
from rnnlab.words import count

if TYPE_CHECKING:
    from rnnlab.experiments.registry.listing import Listing

EXAMPLES = """\b
Examples:
  rnnlab runs
  rnnlab runs --where "metrics.rmse<9" --sort metrics.rmse
  rnnlab runs --where "model.cell=rnn" --csv

A condition compares keys with values by = != < <= > >= and ~ (contains),
joined by and, or, not and parentheses. Keys are those of the record (name,
status, kind, started_at, seeds, label), metrics.NAME (the median over the
seeds), and those of the config (model.cell)."""
COLORS = {"completed": "green", "running": "cyan", "unreadable": "red", "failed": "red", "diverged": "yellow",
          "lost": "yellow", "interrupted": "yellow"}  # fmt: skip
RIGHT_AWAY = ("id", "name", "status", "label", "seeds", "model.cell")  # keys that have a column already
LONGEST = 40  # characters of a cell


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("runs", cls=Command, epilog=EXAMPLES)(runs)


def runs(
    where: Annotated[
        str | None, typer.Option("--where", metavar="CONDITION", help="Only runs for which a condition holds.")
    ] = None,
    sort: Annotated[
        str | None, typer.Option("--sort", metavar="KEY", help="Sort by a key, the smallest first; -KEY: the largest.")
    ] = None,
    reverse: Annotated[bool, typer.Option("--reverse", help="Reverse the order.")] = False,
    status: Annotated[
        str | None, typer.Option("--status", metavar="S", help="Only runs of this status, such as completed or lost.")
    ] = None,
    label: Annotated[str | None, typer.Option("--label", metavar="L", help="Only runs with this label.")] = None,
    limit: Annotated[Any, typer.Option("--limit", metavar="N", parser=whole, help="At most N runs.")] = None,
    runs_dir: Annotated[Path, RUNS_FROM] = Path("runs"),
    as_json: Annotated[bool, JSON] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Standard output is a CSV table.")] = False,
) -> int:
    """List the runs, the newest first."""
    if as_json and as_csv:
        raise UsageError("--json and --csv exclude each other.")
    found = rnnlab.find_runs(where, runs_dir, status=status, label=label, sort=sort, reverse=reverse, limit=limit)
    for warning in found.warnings:
        console.warning(warning)
    if as_json:
        console.document({"runs": found.plain(), "of": len(found.registry.names)})
    elif as_csv:
        console.result(_csv(found))
    else:
        show(found)
        console.next_step(*_next(found))
    return 0


def show(found: "Listing") -> None:
    """Print the table, and below it how many runs it leaves out."""
    total = len(found.registry.names)
    if not found.order:
        where = on_one_line(str(found.runs_dir))
        none = "The run in" if total == 1 else f"None of the {total:,} runs in"
        verb = "does not match" if total == 1 else "matches"
        console.result(f"{none} {where} {verb} the filters." if total else f"There is no run in {where}.")
        return
    columns = _fitting(_columns(found), console.out.width)
    for number, line in enumerate(tables.render(list(columns), list(zip(*columns.values(), strict=True)))):
        console.result(console.out.style(line, "dim") if number == 0 else _colored(line, columns, number - 1))
    if len(found.order) < total:
        console.result()
        console.result(console.out.style(f"{len(found.order):,} of {count(total, 'run')}", "dim"))


def _columns(found: "Listing") -> dict[str, list[str]]:
    """Title and cells of each column, the first to keep where the screen is narrow first."""
    columns = {
        "run": [on_one_line(one) for one in found.values("id")],
        "status": [str(one) for one in found.values("status")],
    }
    for key in found.keys:
        if key not in RIGHT_AWAY:
            columns[shortened(key, LONGEST)] = [_cell(one) for one in found.values(key)]
    metrics = {name: found.values(f"metrics.{name}") for name in found.metrics}
    usual = [_usual({name: one[at] for name, one in metrics.items()}) for at in range(len(found.order))]
    if any(name is not None and f"metrics.{name}" not in found.keys for name, _ in usual):
        columns["result"] = ["" if name is None else f"{name} {numbers.significant(value)}" for name, value in usual]
    columns |= {
        "labels": [shortened(", ".join(one or []), LONGEST) for one in found.values("label")],
        "seeds": [numbers.MISSING if one is None else f"{one:,}" for one in found.values("seeds")],
        "cell": [_cell(one) for one in found.values("model.cell")],
    }
    return {title: cells for title, cells in columns.items() if any(cells)}


def _fitting(columns: dict[str, list[str]], width: int | None) -> dict[str, list[str]]:
    """The columns for which the screen has room, two at the least."""
    fitting: dict[str, list[str]] = {}
    used = 0
    for title, cells in columns.items():
        used += max(map(len, [title, *cells])) + 2
        if width is None or used <= width or len(fitting) < 2:
            fitting[title] = cells
        else:  # a later one may be narrower
            used -= max(map(len, [title, *cells])) + 2
    return fitting


def _usual(metrics: dict[str, Any]) -> tuple[str | None, Any]:
    """The first metric that a run has, with its value."""
    return next(((name, one) for name, one in metrics.items() if one is not None), (None, None))


def _cell(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return numbers.MISSING if value is None else str(value).lower()
    if isinstance(value, list):
        return shortened(", ".join(map(str, value)), LONGEST)
    return numbers.significant(value, 4) if isinstance(value, float) else shortened(str(value), LONGEST)


def _colored(line: str, columns: dict[str, list[str]], row: int) -> str:
    status = columns["status"][row]
    start = len(columns["run"][row])  # the status follows the id, which may hold the same word
    head, tail = line[: 2 + start], line[2 + start :]
    return head + tail.replace(status, console.out.style(status, COLORS.get(status, "dim")), 1)


def _csv(found: "Listing") -> str:
    names = ["id", "name", "status", "verb", "task", "started_at", "ended_at", "seeds", "headline"]
    columns = {name: found.values(name) for name in names}
    columns["labels"] = [", ".join(one or []) for one in found.values("label")]
    columns["path"] = [str(found.runs_dir / one) for one in found.values("id")]
    columns |= {key: found.values(key) for key in [*(f"metrics.{name}" for name in found.metrics), *found.keys]
                if key not in columns and key != "label"}  # fmt: skip
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    rows = zip(*columns.values(), strict=True)
    writer.writerows([_csv_cell(one) for one in row] for row in rows)
    return text.getvalue().rstrip("\n")


def _csv_cell(value: Any) -> Any:
    text = ", ".join(map(str, value)) if isinstance(value, list) else value
    return str(value).lower() if isinstance(value, bool) else text


def _next(found: "Listing") -> tuple[str, str]:
    if not found.order:
        return ("rnnlab runs", "all runs") if found.registry.names else ("rnnlab train stock", "make a run")
    first = quote(str(found.runs_dir / found.values("id")[0]))
    return f"rnnlab show {first}", "the newest of them" if not found.keys else "the first of them"
