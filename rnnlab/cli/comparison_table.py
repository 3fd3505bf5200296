"""What `rnnlab compare` prints: for each task a table of metrics and one of gradients, a table of the sweeps."""

import math
import sys
from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

from rnnlab.api.facts import metric_names
from rnnlab.cli import against_reference, summary
from rnnlab.display import console, numbers, tables
from rnnlab.printable import on_one_line, shortened
from rnnlab.words import MEDIANS, count, listed

if TYPE_CHECKING:
    from rnnlab.experiments.comparison.compare import Comparison, Group
    from rnnlab.experiments.comparison.differences import Difference
    from rnnlab.experiments.comparison.sweeps import ComparedSweep
    from rnnlab.experiments.comparison.trainings import Compared
    from rnnlab.experiments.comparison.verdicts import Contest

MOST_METRICS = 8
MOST_KEYS = 6  # columns of keys that differ
MOST_BESIDE_METRICS = 2  # of them: more are in a table of their own
MOST_VALUE = 20  # characters of a key's value
MOST_NAMED = 5  # keys in a sentence
MOST_TESTS = 6  # sentences of one contest
RATES = "Growth rates in nats per step, before and after training; verdict and horizon, in steps, before training"


def show(found: "Comparison") -> None:
    """Print the tables, what they mean, and which folder each name stands for."""
    several = len(found.groups) + bool(found.swept) > 1
    for place, group in enumerate(found.groups):
        _heading(group.task, place, several)
        _show_trainings(group)
    if found.sweeps:
        _heading("sweeps", len(found.groups), several)
        _show_sweeps(found.sweeps)
    _dim(_legend(found))
    everyone = [*found.runs, *found.swept]
    widest = max(len(one.label) for one in everyone)
    console.result()
    for one in everyone:
        console.result(f"{console.out.style(one.label.ljust(widest), 'dim')}  {on_one_line(str(one.run))}")


def _heading(title: str, place: int, several: bool) -> None:
    if several:
        if place:
            console.result()
        console.result(console.out.style(shortened(title), "bold"))


def _show_trainings(group: "Group[Compared]") -> None:
    contest = next((one for one in group.verdicts.contests if one.reference), None)
    if contest is not None:
        _show_against(group, contest)
        return
    runs = group.runs
    said = [sentence for contest in group.verdicts.contests for sentence in _verdicts(contest, runs)]
    _sentences([*said, *group.verdicts.reasons], "bold")
    keys = _key_columns(group.differences, len(runs))
    places = _places(runs)
    beside = keys if len(keys) <= MOST_BESIDE_METRICS else {}
    if len(beside) < len(keys):
        _table([_key_row(one, keys, place) for place, one in enumerate(runs)])
        console.result()
    metrics = [_key_row(one, beside, place) | _metric_row(one, runs, places) for place, one in enumerate(runs)]
    left_out = _table_that_fits([*metrics, *_baseline_rows(runs, places)], {_title(name, runs) for name in places})
    _show_gradients(runs)
    rest = [f"A wider terminal shows {listed(left_out)} too, and --json has them."] if left_out else []
    _show_differ([*_differ(group, len(keys)), *rest])


def _show_against(group: "Group[Compared]", contest: "Contest") -> None:
    """Each run beside the reference: what is changed, the metric that is judged, and whether it differs."""
    runs = [*contest.standings, *(one for one in group.runs if one not in contest.runs)]
    unlike = [one for other in group.verdicts.contests if other is not contest for one in _verdicts(other, runs)]
    _sentences([*against_reference.sentences(contest, runs), *unlike, *group.verdicts.reasons], "bold")
    _table(against_reference.rows(group, contest, runs))
    _show_gradients(runs)
    _show_differ([*_differ(group, len(group.differences)), "--json has the other metrics."])


def _show_gradients(runs: "list[Compared]") -> None:
    for rows in _gradient_tables(runs):
        console.result()
        _table(rows)


def _show_differ(said: Sequence[str]) -> None:
    if said:
        console.result()
    _sentences(said)


def _table(rows: Sequence[dict[str, str]]) -> None:
    """Rows with the cells that they have, the columns in the order of the longest row's."""
    columns = list(dict.fromkeys(title for row in sorted(rows, key=len, reverse=True) for title in row))
    cells = [[row.get(title, "") for title in columns] for row in rows]
    for line in tables.render(["" if title == "run" else title for title in columns], cells, console.out.width):
        console.result(line)


def _table_that_fits(rows: Sequence[dict[str, str]], titles: set[str]) -> list[str]:
    """Print as many of the columns with these titles as the screen has room for, and return the titles of the others.

    One of them is shown in any case.
    """
    columns = list(dict.fromkeys(title for row in sorted(rows, key=len, reverse=True) for title in row))
    widths = {title: max(len(title), *(len(row.get(title, "")) for row in rows)) + 2 for title in columns}
    room = (console.out.width or math.inf) - sum(widths[title] for title in columns if title not in titles)
    shown: list[str] = []
    for title in (title for title in columns if title in titles):
        if shown and sum(widths[one] for one in (*shown, title)) > room:
            break
        shown.append(title)
    left_out = [title for title in columns if title in titles and title not in shown]
    _table([{title: cell for title, cell in row.items() if title not in left_out} for row in rows])
    return left_out


def _sentences(sentences: Sequence[str], style: str | None = None) -> None:
    for sentence in sentences:
        for line in console.out.fold(console.printable(sentence)).split("\n"):
            console.result(console.out.style(line, style) if style else line)
    if sentences and style:
        console.result()


def _dim(text: str) -> None:
    if text:
        console.result()
        for line in console.out.fold(text).split("\n"):
            console.result(console.out.style(line, "dim"))


def _key_columns(differences: "Sequence[Difference]", runs: int) -> dict[str, list[str]]:
    """Title -> the value of each run, of the first keys that differ; none where there is one run."""
    shown = [(_short(one.key), one) for one in differences[:MOST_KEYS]] if runs > 1 else []
    titles = [title for title, _ in shown]
    return {
        (title if titles.count(title) == 1 else shortened(one.key.removesuffix(".kind"))): [
            shortened(value, MOST_VALUE) for value in one.shown
        ]
        for title, one in shown
    }


def _short(key: str) -> str:
    """The last part of a key; the section whose kind it is."""
    return shortened(key.removesuffix(".kind").rpartition(".")[2])


def _places(runs: "list[Compared]") -> dict[str, int]:
    """The metrics to show, and the place that all rows of each are written down to: what the middle run needs."""
    ranks = zip_longest(*dict.fromkeys(tuple(one.metrics) for one in runs))  # the first of each kind of run first
    shown = list(dict.fromkeys(name for rank in ranks for name in rank if name is not None))[:MOST_METRICS]
    places = {}
    for metric in shown:
        needed = sorted(numbers.place_for(one.metrics[metric].spread) for one in runs if metric in one.metrics)
        places[metric] = needed[len(needed) // 2]
    return places


def _key_row(one: "Compared | ComparedSweep", keys: dict[str, list[str]], place: int) -> dict[str, str]:
    return {"run": one.label} | {title: values[place] for title, values in keys.items()}


def _metric_row(one: "Compared", runs: "list[Compared]", places: dict[str, int]) -> dict[str, str]:
    row = {}
    if any(other.status != "completed" for other in runs):
        row["status"] = one.status
    if any(other.diverged for other in runs):
        row["diverged"] = f"{one.diverged} of {one.seeds}"
    for metric in places:
        measured = one.metrics.get(metric)
        row[_title(metric, runs)] = numbers.with_interval(measured.spread) if measured else numbers.MISSING
    return row


def _gradient_tables(runs: "list[Compared]") -> list[list[dict[str, str]]]:
    """What the runs do to gradients and how their training went: one table, or two where the screen is narrow."""
    rates = [_rate_row(one, runs) for one in runs]
    courses = [_course_row(one) for one in runs]
    together = [rate | course for rate, course in zip(rates, courses, strict=True)]
    columns = dict.fromkeys(title for row in together for title in row)
    width = sum(max(len(title), *(len(row.get(title, "")) for row in together)) + 2 for title in columns)
    tables_shown = [together] if width <= (console.out.width or math.inf) else [rates, courses]
    return [rows for rows in tables_shown if any(len(row) > 1 for row in rows)]


def _rate_row(one: "Compared", runs: "list[Compared]") -> dict[str, str]:
    row = {"run": one.label}
    if one.looks:
        before, after = (look.verdict for look in one.looks)
        row |= {
            "verdict": before.word,
            "growth rate": numbers.rate_with_interval(before.rate, before.low, before.high),
            "after": numbers.rate(after.rate),
            "horizon": numbers.significant(before.horizon, 2),
        }
    elif any(other.looks for other in runs):
        row |= dict.fromkeys(("verdict", "growth rate", "after", "horizon"), numbers.MISSING)
    return row


def _course_row(one: "Compared") -> dict[str, str]:
    row = {"run": one.label}
    if one.loss:
        row["loss"] = " → ".join(numbers.significant(value, 4) for value in one.loss[one.fitted :])
    if one.clipped is not None:
        row["clipped"] = numbers.percent(one.clipped)
    return row


def _title(metric: str, runs: "list[Compared]") -> str:
    """What a metric is called, with its unit where all runs have the same."""
    units = {one.record.units.get(metric) for one in runs if metric in one.metrics}
    unit = shortened(units.pop() or "") if len(units) == 1 else None
    return summary.with_unit(summary.label(metric, _names(runs)), unit)


def _names(runs: "Sequence[Compared]") -> dict[str, str]:
    return metric_names(one.task for one in runs)


def _baseline_rows(runs: "list[Compared]", places: dict[str, int]) -> list[dict[str, str]]:
    """A row per baseline that is the same for all runs that have any: one that is fitted may see other windows."""
    having = [one for one in runs if one.baselines]
    rows = []
    for name, values in having[0].baselines.items() if having else ():
        if any(one.baselines.get(name) != values for one in having):
            continue
        row = {"run": summary.label(name, _names(runs), having[0].season)}
        rows.append(row | {_title(metric, runs): numbers.beside(values.get(metric), place)
                           for metric, place in places.items()})  # fmt: skip
    return rows


def _verdicts(contest: "Contest", runs: "list[Compared]") -> list[str]:
    """The best run against each of the others."""
    metric = summary.label(contest.metric, _names(runs))
    unit = shortened(contest.runs[0].record.units.get(contest.metric) or "")
    said = []
    for test in contest.against_best[:MOST_TESTS]:
        best, other = contest.runs[test.first].label, contest.runs[test.second].label
        is_beyond = abs(test.difference) == sys.float_info.max
        size = "more than 1.79e+308" if is_beyond else numbers.significant(abs(test.difference))
        size += f" {unit}" if unit else ""
        which = "lower" if test.difference < 0 else "higher"
        method = _method(test)
        if test.is_significant:
            said.append(f"{best} is better than {other}: its {metric} is {which} by {size} on average ({method}).")
        elif not test.difference:
            said.append(f"{best} and {other} have the same {metric} on average.")
        else:
            said.append(f"{best} and {other} do not differ in {metric} beyond the noise of the seeds: {size} on "
                        f"average ({method}).")  # fmt: skip
    rest = len(contest.against_best) - len(said)
    return [*said, f"--json has {count(rest, 'more test')}."] if rest > 0 else said


def _method(test) -> str:
    a, b = test.seeds
    name = f"paired t-test, {count(a, 'seed')}" if test.paired else f"Welch's t-test, {a} and {b} seeds"
    p_value = "p < 0.001" if test.p_value < 0.001 else f"p = {test.p_value:.2g}"
    return f"{name}, {p_value}" + (f" after Holm's correction for {test.pairs} pairs" if test.pairs > 1 else "")


def _differ(group: "Group[Compared] | Group[ComparedSweep]", shown: int) -> list[str]:
    """Sentences on the keys that are not among the first `shown`, and on data, code and environment."""
    said = []
    if rest := [one.key for one in group.differences[shown:]]:
        said.append(f"They {'also ' * bool(shown)}differ in {_few(rest)}.")
    elif not group.differences and len(group.runs) > 1 and all(one.config is not None for one in group.runs):
        said.append("Their configs are the same.")
    if group.loss_scales:
        said.append(f"Their training losses are not on one scale: they differ in {_few(group.loss_scales)}.")
    known = {one.key for one in group.differences}
    recorded = [one.key for one in group.recorded if one.key not in known]
    if recorded and len(group.runs) > 1:
        said.append(f"By run.json they {'also ' * bool(known)}differ in {_few(recorded)}.")
    return said


def _few(keys: Sequence[str]) -> str:
    shown = [shortened(key) for key in keys[: MOST_NAMED if len(keys) > MOST_NAMED + 1 else None]]
    return listed([*shown, *[f"{len(keys) - len(shown)} more"] * (len(keys) > len(shown))])


def _show_sweeps(group: "Group[ComparedSweep]") -> None:
    """Which keys differ, then of each rho the verdicts and the rates side by side."""
    sweeps, keys = group.runs, _key_columns(group.differences, len(group.runs))
    rows = []
    for place, one in enumerate(sweeps):
        row = _key_row(one, keys, place)
        if any(other.status != "completed" for other in sweeps):
            row["status"] = one.status
        row["seeds"] = str(one.seeds)
        row["steps"] = numbers.MISSING if one.steps is None else f"{one.steps:,}"
        row["rate 0 at rho"] = numbers.significant(one.edge)
        rows.append(row)
    _table(rows)
    console.result()
    rhos = sorted({rho for one in sweeps for rho in one.rates})
    _table([_rho_row(rho, sweeps) for rho in rhos] or [{"run": "no rho was measured"}])
    _show_differ(_differ(group, len(keys)))


def _rho_row(rho: float, sweeps: "list[ComparedSweep]") -> dict[str, str]:
    row = {"rho": f"{rho:.4g}"}
    for one in sweeps:
        verdict, word = one.verdict(rho), one.word(rho) or numbers.MISSING
        rate = numbers.rate_with_interval(verdict.rate, verdict.low, verdict.high) if verdict else numbers.MISSING
        if len(sweeps) == 1:
            row |= {"verdict": word, "growth rate": rate}
        else:
            row[one.label] = f"{word}  {rate}" if verdict else word
    return row


def _legend(found: "Comparison") -> str:
    """What the tables show."""
    looked = [one.looks for one in found.runs if one.looks]
    rates = [
        rate
        for before, after in looked
        for rate in (before.verdict.rate, before.verdict.low, before.verdict.high, after.verdict.rate)
    ]
    swept = [one.verdict(rho) for one in found.swept for rho in one.rates]
    rates += [rate for one in swept if one for rate in (one.rate, one.low, one.high)]
    said = [f"{MEDIANS}."] * any(one.seeds > 1 for one in (*found.runs, *found.swept))
    said += [f"{RATES}."] * bool(looked)
    said += [f"The loss is {_losses(found.runs)}."] * any(one.loss for one in found.runs)
    said += ["Sweeps: rates in nats per step before training."] * bool(found.swept)
    return " ".join(filter(None, [*said, numbers.infinite_rates(rates)]))


def _losses(runs: "list[Compared]") -> str:
    """What the column of losses shows."""
    fitted = "the one after a fit in closed form"
    if all(one.fitted for one in runs):
        return fitted
    said = "that of the first and of the last epoch"
    if any(one.endless for one in runs):
        said += ", of fresh sequences in the first and in the last row of metrics.csv"
    return f"{said}, or {fitted}" if any(one.fitted for one in runs) else said
