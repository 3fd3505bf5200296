"""`rnnlab why`: everything that differs between two runs."""

import math
from itertools import groupby
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

import rnnlab
from rnnlab.api.facts import metric_names
from rnnlab.cli import summary
from rnnlab.cli.help import Command
from rnnlab.cli.options import JSON, RUNS_FROM
from rnnlab.display import console, numbers, tables
from rnnlab.printable import cut_apart, on_one_line, shortened
from rnnlab.words import MEDIANS, count

if TYPE_CHECKING:
    from rnnlab.experiments.comparison.table_differences import FirstDifference, TableDifference
    from rnnlab.experiments.comparison.why import Explanation, Ranked

EXAMPLES = """\b
Examples:
  rnnlab why latest 20261121T1703
  rnnlab why runs/*-gradients-* runs/*-lstm-* --json"""
NARROWEST, WIDEST = 12, 40  # characters of a value beside its key
LONGEST = 100  # characters of a value on a line of its own
HASH = 12  # characters of a hash
MOST_DIGITS = 17  # that a number of 64 bits can need
RUN = "A path, an id, the beginning of one, a name, or latest."


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("why", cls=Command, epilog=EXAMPLES)(why)


def why(
    a: Annotated[str, typer.Argument(metavar="A", help=f"A run. {RUN}")],
    b: Annotated[str, typer.Argument(metavar="B", help="Another run.")],
    runs_dir: Annotated[Path, RUNS_FROM] = Path("runs"),
    as_json: Annotated[bool, JSON] = False,
) -> int:
    """Show all that differs between two runs, the likeliest cause first, and where their numbers first differ."""
    found = rnnlab.why(a, b, runs_dir, on_warning=console.warning)
    for warning in found.warnings:
        console.warning(warning)
    if as_json:
        console.document(found.plain())
        return 0
    show(found)
    if found.same_run:
        console.next_step("rnnlab runs", "other runs")
    else:
        console.next_step(f"rnnlab verify {quote(str(found.runs[0]))}", "whether its numbers can be repeated")
    return 0


def show(found: "Explanation") -> None:
    """Print what differs, where the numbers begin to differ, the metrics, and what follows."""
    for letter, label, run in zip("AB", found.labels, found.runs, strict=True):
        name = console.out.style(on_one_line(label), "bold")
        console.result(f"{letter}  {name}  {console.out.style(on_one_line(str(run)), 'dim')}")
    if not found.same_run:
        _show_all(found)
    console.result()
    for sentence in found.sentences:
        console.result(console.out.fold(console.printable(sentence)))


def _show_all(found: "Explanation") -> None:
    if found.ranked:
        console.result()
        _show_differences(found.ranked)
    if any(one.rows or one.only_a or one.only_b for one in found.tables):
        console.result()
        for one in found.tables:
            console.result(console.out.fold(_table(one)))
    if found.metrics:
        console.result()
        _show_metrics(found)


def _show_differences(ranked: "list[Ranked]") -> None:
    """A block for each group, numbered by its rank."""
    keys = [shortened(one.difference.key, 40) for one in ranked]
    keys = [f"{key} ({one.file})" if keys.count(key) > 1 else key for key, one in zip(keys, ranked, strict=True)]
    room = (console.out.width or 1000) - max(map(len, keys)) - 2 * len(tables.GAP) - 3
    room = max(NARROWEST, min(room // 2, WIDEST))
    rows = [["", "A", "B"]]
    members = groupby(zip(keys, ranked, strict=True), key=lambda pair: pair[1].group)
    for rank, (group, pairs) in enumerate(members, start=1):
        rows.append([f"{rank}. {group}", "", ""])
        rows += [[f"   {key}", *_values(one)] for key, one in pairs]
    short = [row for row in rows if max(map(len, row[1:])) <= room]
    widths = [max(len(row[place]) for row in short) for place in range(2)]
    for name, a, b in rows:
        if max(len(a), len(b)) > room:  # each on a line of its own, below the key
            console.result(name)
            for letter, value in zip("AB", cut_apart(a, b, min((console.out.width or 1000) - 9, LONGEST)), strict=True):
                console.result(f"      {letter}  {value}")
            continue
        line = f"{name.ljust(widths[0])}{tables.GAP}{a.ljust(widths[1])}{tables.GAP}{b}".rstrip()
        is_group = name[:1].isdigit()
        console.result(console.out.style(line, "bold") if is_group else line)


def _values(one: "Ranked") -> list[str]:
    """Both values; of hashes, the beginning."""
    is_hash = one.difference.key.rpartition(".")[2] == "sha256"
    return [shortened(value, HASH + 1) if is_hash else on_one_line(value) for value in one.difference.shown]


def _table(one: "TableDifference") -> str:
    """A sentence on one table."""
    alone = [f"{count(rows, 'row')} only in {side}" for side, rows in (("A", one.only_a), ("B", one.only_b)) if rows]
    beside = f" ({', '.join(alone)})" if alone else ""
    if not one.rows:
        return f"{one.table}: no row in common{beside}."
    if one.first is None:
        return f"{one.table}: {count(one.rows, 'row')} in common, and all the same{beside}."
    return f"{one.table}: first difference at {_first(one.first)}{beside}."


def _first(first: "FirstDifference") -> str:
    place = ", ".join(f"{name} {value:.6g}" if isinstance(value, float) else f"{name} {value}"
                      for name, value in first.place.items())  # fmt: skip
    digits = _digits(first.relative)
    a, b = (value if isinstance(value, str) else _number(value, digits) for value in (first.a, first.b))
    size = "" if first.relative is None else f", a relative difference of {numbers.significant(first.relative, 2)}"
    more = f"; {count(first.columns - 1, 'more column')} of that row {'differs' if first.columns == 2 else 'differ'}"
    return f"{place} in {shortened(first.column)}: {a or 'empty'} and {b or 'empty'}{size}" + more * (first.columns > 1)


def _digits(relative: float | None) -> int:
    """Significant digits that show a relative difference."""
    if relative is None or not 0 < relative < math.inf:
        return MOST_DIGITS
    return min(max(numbers.FEWEST_DIGITS + 1, 2 - math.floor(math.log10(relative))), MOST_DIGITS)


def _number(value: float, digits: int) -> str:
    return "empty" if value != value else numbers.significant(value, digits)


def _show_metrics(found: "Explanation") -> None:
    names = metric_names(found.tasks)
    rows = []
    for metric, (a, b) in found.metrics.items():
        same = "same" if a == b else numbers.significant(_relative(a.median, b.median), 2)
        rows.append([summary.label(metric, names), numbers.with_interval(a), numbers.with_interval(b), same])
    for line in tables.render(["", "A", "B", "relative"], rows, console.out.width):
        console.result(line)
    spread = any(one.low != one.high for pair in found.metrics.values() for one in pair)
    legend = f"{MEDIANS}. " * spread + "Relative: difference of the two, over the larger."
    console.result(console.out.style(console.out.fold(legend), "dim"))


def _relative(a: float, b: float) -> float:
    scale = max(abs(a), abs(b))
    return abs(a / scale - b / scale) if scale else 0.0
