"""What `rnnlab compare` prints of runs that are held against one of them."""

from typing import TYPE_CHECKING

from rnnlab.api.facts import in_flow, metric_names
from rnnlab.cli import summary
from rnnlab.display import numbers
from rnnlab.printable import shortened
from rnnlab.words import INTERVAL, count, listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rnnlab.experiments.comparison.compare import Group
    from rnnlab.experiments.comparison.seed_tests import SeedTest
    from rnnlab.experiments.comparison.trainings import Compared
    from rnnlab.experiments.comparison.verdicts import Contest

MOST_VALUE = 24  # characters of a key's value
BESIDE = {"better": "better than", "equal": "level with", "worse": "worse than"}


def sentences(contest: "Contest", runs: "Sequence[Compared]") -> list[str]:
    """Which runs are better than the reference and which worse, beyond the noise of the seeds; the best baseline."""
    metric = summary.label(contest.metric, _names(runs))
    return [_seeds_said(contest, metric), *_baseline_said(contest, runs, metric)]


def rows(group: "Group[Compared]", contest: "Contest", runs: "Sequence[Compared]") -> list[dict[str, str]]:
    """A row per run, and one per baseline that is the same for all of them."""
    metric, names = contest.metric, _names(runs)
    unit = shortened(contest.runs[0].record.units.get(metric) or "")
    title = summary.with_unit(summary.label(metric, names), unit)
    made = [_row(one, group, contest, title) for one in runs]
    common = [name for name, of in runs[0].baselines.items() if all(one.baselines.get(name) == of for one in runs)]
    column = _combined_title(title) if any(one.combined(metric) is not None for one in runs) else title
    for name in common:
        value = runs[0].baselines[name].get(metric)
        made.append({"run": summary.label(name, names, runs[0].season), column: numbers.significant(value, 4)})
    return made


def _row(one: "Compared", group: "Group[Compared]", contest: "Contest", title: str) -> dict[str, str]:
    row = {"run": one.label, "change": _change(one, group)}
    if any(other.status != "completed" for other in group.runs):
        row["status"] = one.status
    combined, measured = one.combined(contest.metric), one.metrics.get(contest.metric)
    if any(other.combined(contest.metric) is not None for other in group.runs):
        row[_combined_title(title)] = numbers.significant(combined, 4)
        title = "single seeds"
    row[f"{title} [{INTERVAL}]"] = numbers.with_interval(measured.spread) if measured else numbers.MISSING
    return row | _test_cells(one, contest) | _baseline_cell(one, group, contest.metric)


def _combined_title(title: str) -> str:
    return f"{title}: median forecast"


def _change(one: "Compared", group: "Group[Compared]") -> str:
    """The keys of its config that are not those of the reference, as `--set` takes them, in short."""
    reference = group.reference
    place = group.runs.index(one)
    base = group.runs.index(reference) if reference is not None else place
    keys = [each.key.removesuffix(".kind").rpartition(".")[2] for each in group.differences]
    changed = []
    for each, key in zip(group.differences, keys, strict=True):
        value = each.values[place]
        if value != each.values[base] and repr(value) != numbers.MISSING:
            name = key if keys.count(key) == 1 else each.key.removesuffix(".kind")
            changed.append(f"{shortened(name)}={shortened(in_flow(value), MOST_VALUE)}")
    return ", ".join(changed)


def _test_cells(one: "Compared", contest: "Contest") -> dict[str, str]:
    """By how much the mean of its seeds differs from the reference's, and whether that is beyond their noise."""
    assert contest.reference is not None
    difference, noise = f"minus {contest.reference.label}", "beyond seed noise"
    if one is contest.reference:
        return {difference: "", noise: ""}
    test = contest.against_reference.get(one.label)
    if test is None:
        return {difference: numbers.MISSING, noise: numbers.MISSING}
    said = "no" if not test.is_significant else "better" if contest.is_better(test) else "worse"
    return {difference: _signed(test.difference), noise: f"{said}, {_p_value(test)}"}


def _signed(value: float) -> str:
    return f"{'+' * (value > 0)}{numbers.significant(value)}"


def _p_value(test: "SeedTest") -> str:
    return "p < 0.001" if test.p_value < 0.001 else f"p = {test.p_value:.2g}"


def _baseline_cell(one: "Compared", group: "Group[Compared]", metric: str) -> dict[str, str]:
    if not any(other.beside_baseline for other in group.runs):
        return {}
    best, outcome = one.best_baseline(metric), one.beside_baseline
    if best is None or outcome is None:
        return {"best baseline": numbers.MISSING}
    name = summary.label(best[0], _names(group.runs), one.season)
    return {"best baseline": f"{BESIDE[outcome]} {name} ({numbers.significant(best[1], 4)})"}


def _seeds_said(contest: "Contest", metric: str) -> str:
    assert contest.reference is not None
    tests = contest.against_reference
    sure = {label: contest.is_better(test) for label, test in tests.items() if test.is_significant}
    parts = [
        f"{which} than {contest.reference.label} {_is_are(found)} {_few_of(found, tests)}"
        for which, wanted in (("better", True), ("worse", False))
        if (found := [label for label, better in sure.items() if better is wanted])
    ]
    if equal := [label for label in tests if label not in sure]:
        parts.append(f"{_few_of(equal, tests)} {'does' if len(equal) == 1 else 'do'} not differ from it" if sure else
                     f"{_few_of(equal, tests)} {'does' if len(equal) == 1 else 'do'} not differ from "
                     f"{contest.reference.label}")  # fmt: skip
    return f"In {metric}, beyond the noise of the seeds: {'; '.join(parts)} ({_method(list(tests.values()))})."


def _few_of(labels: "Sequence[str]", tests: "Mapping[str, SeedTest]") -> str:
    return f"all {count(len(labels), 'other run')}" if len(labels) == len(tests) > 2 else listed(labels)


def _is_are(labels: "Sequence[str]") -> str:
    return "is" if len(labels) == 1 else "are"


def _method(tests: "Sequence[SeedTest]") -> str:
    kinds = {(test.paired, test.seeds) for test in tests}
    name = "t-tests" if len(tests) > 1 else "t-test"
    if len(kinds) == 1:
        name = f"{'paired' if tests[0].paired else 'Welch'} {name}, {count(tests[0].seeds[0], 'seed')}"
    return f"{name}, 5 %" + (f", Holm's correction for {len(tests)}" if len(tests) > 1 else "")


def _baseline_said(contest: "Contest", runs: "Sequence[Compared]", metric: str) -> list[str]:
    """Which of the median forecasts beat their best baseline; nothing where no run has one."""
    outcomes = {one.label: one.beside_baseline for one in runs if one.beside_baseline}
    if not outcomes:
        return []
    bests = {best for one in runs if (best := one.best_baseline(contest.metric))}
    name, value = next(iter(bests))
    unit = shortened(contest.runs[0].record.units.get(contest.metric) or "")
    what = "its best baseline"
    if len(bests) == 1:
        what = f"{summary.label(name, _names(runs), runs[0].season)}, the best baseline ({metric} " \
               f"{numbers.significant(value, 4)}{f' {unit}' if unit else ''})"  # fmt: skip
    of = {which: [label for label, one in outcomes.items() if one == which] for which in ("better", "equal", "worse")}
    said = f"{listed(of['better'])} {'beats' if len(of['better']) == 1 else 'beat'} {what}" if of["better"] else \
           f"No median forecast beats {what}"  # fmt: skip
    if of["equal"]:
        said += f"; {listed(of['equal'])} {_is_are(of['equal'])} not distinguishable from it"
    if of["worse"]:
        said += f"; {listed(of['worse'])} {_is_are(of['worse'])} worse"
    return [f"{said} (Diebold-Mariano tests, 5 %)."]


def _names(runs: "Sequence[Compared]") -> "dict[str, str]":
    return metric_names(one.task for one in runs)
