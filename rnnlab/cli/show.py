"""`rnnlab show`: a run on one screen."""

from pathlib import Path
from shlex import join, quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

import rnnlab
from rnnlab.api.facts import in_flow
from rnnlab.cli import note, summary
from rnnlab.cli.help import Command
from rnnlab.cli.options import JSON, RUN, RUNS_FROM
from rnnlab.display import console, numbers, tables
from rnnlab.display.sparklines import sparkline
from rnnlab.printable import on_one_line, printable, shortened
from rnnlab.words import count, duration

if TYPE_CHECKING:
    from rnnlab.experiments.show import Shown

EXAMPLES = """\b
Examples:
  rnnlab show latest
  rnnlab show stock --all"""
SPARK, LEAST_SPARK = 40, 8  # columns
LONGEST = 60  # characters of a value of the config
CHECKPOINTS = "checkpoints/"  # the folder
PINS = ("data.sha256",)  # keys that a run sets by itself: shown with the whole config only


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("show", cls=Command, epilog=EXAMPLES)(show)


def show(
    run: Annotated[str, RUN],
    whole: Annotated[
        bool, typer.Option("--all", help="The whole config, not only what differs from the defaults.")
    ] = False,
    runs_dir: Annotated[Path, RUNS_FROM] = Path("runs"),
    as_json: Annotated[bool, JSON] = False,
) -> int:
    """Show a run: results, training loss, config, labels, notes and files."""
    found = rnnlab.show(run, runs_dir, on_warning=console.warning)
    for problem in found.problems:
        console.warning(problem)
    if as_json:
        console.document(found.plain())
        return 0
    _head(found)
    _results(found)
    _section("config" if whole else "config, where it differs from the defaults", _config(found, whole))
    if found.said.notes:
        _title("notes")
        note.show(found.said)
    _section("files", _files(found), flush=True)
    _foot(found)
    path = quote(str(found.run))
    if found.resumable:
        said = "continue it" if found.is_sweep else "continue it from its last checkpoint"
        said = said if found.checkpoints else "start it over: it has no checkpoint yet"
        console.next_step(f"rnnlab resume {path}", said)
    elif found.status == "completed" and not found.is_sweep:
        console.next_step(f"rnnlab inspect {path}", "what its training did to gradients")
    else:
        console.next_step("rnnlab runs", "all runs")
    return 0


def _head(found: "Shown") -> None:
    record = found.record
    name = record.name if record else found.run.name
    parts = [found.status]
    if record:
        parts += [record.verb or "", count(len(record.seeds), "seed"), record.started_at[:16].replace("T", " ")]
        if found.seconds is not None:
            sessions = f" of training in {count(len(record.resumed) + 1, 'session')}" * bool(record.resumed)
            parts.append(f"{duration(found.seconds)}{sessions}")
    told = ", ".join(shortened(part) for part in parts if part)
    console.result(f"{console.out.style(shortened(name), 'bold')}: {told}")
    if found.said.labels:
        console.result(f"labels: {', '.join(map(shortened, found.said.labels))}")
    if found.elsewhere is not None:
        _sentence(f"It was started on {shortened(found.elsewhere)}; this machine cannot tell whether it still runs.")
    if found.status == "lost":
        _sentence("Its process is gone without having closed the run: it was killed, or the machine went down.")


def _results(found: "Shown") -> None:
    if found.summary is not None:
        console.result()
        header, *rows = summary.table(found.summary, console.out.width)
        console.result(console.out.style(header, "dim"))
        for row in rows:
            console.result(row)
    if found.rhos:
        console.result()
        for line in tables.render(*_rhos(found.rhos), console.out.width):
            console.result(line)
    if found.record and found.record.headline:
        console.result()
        _sentence(str(found.record.headline), "bold")
    if found.loss:
        console.result()
        first, last = (numbers.significant(found.loss[at], 4) for at in (0, -1))
        seeds = (
            f" (median of {count(len(found.record.seeds), 'seed')})" if found.record and found.record.seeds[1:] else ""
        )
        head = f"training loss{seeds}  {first} "
        room = min(console.out.width or console.WIDEST, console.WIDEST) - len(head) - len(last) - 1
        console.result(f"{head}{sparkline(found.loss, min(SPARK, max(room, LEAST_SPARK)))} {last}")
    for warning in found.record.warnings if found.record and isinstance(found.record.warnings, list) else ():
        console.result()
        _sentence(f"warning: {warning}")


def _rhos(rhos: "list[Any]") -> tuple[list[str], list[list[str]]]:
    """The verdicts of a sweep, as summary.json has them."""
    rows = []
    for one in rhos:
        rate = one.get("growth_rate") if isinstance(one.get("growth_rate"), dict) else {}
        three = [
            value if isinstance(value := rate.get(name), int | float) else float("nan")
            for name in ("median", "low", "high")
        ]
        horizon, diverged = one.get("horizon"), one.get("diverged")
        rows.append(
            [
                shortened(str(one.get("rho", numbers.MISSING))),
                shortened(str(one.get("verdict", numbers.MISSING))),
                numbers.rate_with_interval(*three),
                numbers.significant(horizon if isinstance(horizon, int | float) else None, 2),
                f"{len(diverged) if isinstance(diverged, list) else 0} of {shortened(str(one.get('seeds')))}",
            ]
        )
    return ["rho", "verdict", "growth rate", "horizon", "diverged"], rows


def _config(found: "Shown", whole: bool) -> list[tuple[str, str]]:
    """Keys and values, each pair on one line."""
    keys = found.config if whole and found.config is not None else found.departures
    shown = {
        shortened(key): value for key, value in keys.items() if not key.endswith(".kind") and (whole or key not in PINS)
    }
    beside = max(map(len, shown), default=0) + 2 * len(tables.GAP)
    room = min(LONGEST, max((console.out.width or console.WIDEST) - beside, tables.LEAST))
    return [(key, shortened(_value(value), room)) for key, value in shown.items()]


def _value(value: Any) -> str:
    """A value as a config writes it, a number with no more digits than mean something."""
    return f"{value:.6g}" if isinstance(value, float) else in_flow(value)


def _files(found: "Shown") -> list[tuple[str, str]]:
    """Names and sizes of the files; those of the checkpoints together."""
    parts = {name: size for name, size in found.files if name.startswith(CHECKPOINTS)}
    rows = [(name, _size(size)) for name, size in found.files if name not in parts]
    if parts:
        rows.append((f"{CHECKPOINTS} ({count(len(parts), 'file')})", _size(sum(parts.values()))))
    return sorted(rows)


def _section(title: str, rows: list[tuple[str, str]], *, flush: bool = False) -> None:
    """A title with names and what stands beside them; nothing where there are none."""
    if not rows:
        return
    _title(title)
    if flush:
        widest = max(len(size) for _, size in rows)
        for name, size in rows:
            console.result(f"  {size.rjust(widest)}  {on_one_line(name)}")
    else:
        for line in tables.definitions(rows, console.out.width):
            console.result(line)


def _title(title: str) -> None:
    console.result()
    console.result(console.out.style(title, "dim"))


def _foot(found: "Shown") -> None:
    rows = []
    if found.checkpoints:
        rows.append(("checkpoints", f"{len(found.checkpoints)}, the newest {on_one_line(found.checkpoints[-1])}"))
    if found.record:
        command = found.record.command
        if isinstance(command, list):
            rows.append(("command", printable(join(map(str, command)))))
        rows.append(("computed by", _environment(found.record.plain())))
    console.result()
    for line in tables.definitions([(name, text) for name, text in rows if text], console.out.width, indent=0):
        console.result(line)
    console.result(f"{console.out.style('run', 'dim')}  {on_one_line(str(found.run))}")


def _environment(record: "dict[str, Any]") -> str:
    """Versions and processor in a line, as far as the record has them."""
    code, machine = (part if isinstance(part := record.get(name), dict) else {} for name in ("code", "environment"))
    commit = (
        f" ({str(code['git_commit'])[:7]}{', changed' * bool(code.get('git_dirty'))})" if code.get("git_commit") else ""
    )
    parts = [f"rnnlab {code['version']}{commit}" if code.get("version") else ""]
    parts += [
        f"{title} {machine[key]}" for title, key in (("Python", "python"), ("NumPy", "numpy")) if machine.get(key)
    ]
    parts.append(str(machine.get("cpu") or ""))
    return on_one_line(", ".join(part for part in parts if part))


def _size(size: int) -> str:
    """`812 B`, `28 kB`, `1.4 MB`."""
    for unit, step in (("B", 1), ("kB", 1e3), ("MB", 1e6), ("GB", 1e9)):
        if size < 999.5 * step or unit == "GB":
            return f"{size / step:.0f} {unit}" if step == 1 or size >= 9.95 * step else f"{size / step:.1f} {unit}"
    raise AssertionError


def _sentence(text: str, style: str | None = None) -> None:
    for line in console.out.fold(printable(text)).split("\n"):
        console.result(console.out.style(line, style) if style else line)
