"""Which of some runs is better, in sentences that say no more than their seeds bear out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from rnnlab.experiments.comparison.seed_tests import FEWEST_SEEDS, SeedTest, seed_tests
from rnnlab.words import count, listed

if TYPE_CHECKING:
    from rnnlab.experiments.comparison.trainings import Compared

BETTER_LOW = ("rmse", "mae", "mape", "smape", "mase", "rmsse", "cross_entropy", "bits_per_character")
PERSISTENCE = "naive"
BETTER_HIGH = ("skill", "accuracy", "directional_accuracy")


@dataclass(frozen=True)
class Contest:
    """Runs whose metric was measured on the same rows, held against each other over their seeds.

    Attributes
    ----------
    metric : str
        Its key, such as ``rmse``.
    runs : list of Compared
        The best first, by the mean over the seeds.
    tests : list of SeedTest
        Every pair; places are those in `runs`. With a reference, each of the other runs against it.
    reference : Compared or None
        The one of the runs that the others are held against.
    """

    metric: str
    runs: list["Compared"]
    tests: list[SeedTest]
    reference: "Compared | None" = None

    @property
    def against_best(self) -> list[SeedTest]:
        """The best run against each of the others."""
        return [test for test in self.tests if test.first == 0]

    @property
    def against_reference(self) -> dict[str, SeedTest]:
        """Label -> the test of that run against the reference; nothing where there is none."""
        return {self.runs[test.first].label: test for test in self.tests} if self.reference else {}

    @property
    def standings(self) -> list["Compared"]:
        """The reference, where there is one, then the others, the best first.

        What counts is the combined answer where all have one, else the mean over the seeds.
        """
        others = [one for one in self.runs if one is not self.reference]
        combined = {one.label: value for one in others if (value := one.combined(self.metric)) is not None}
        if len(combined) == len(others):
            sign = 1 if self.metric in BETTER_LOW else -1
            others.sort(key=lambda one: sign * combined[one.label])
        return [*([self.reference] if self.reference else []), *others]

    def is_better(self, test: SeedTest) -> bool:
        """Whether the first run of a test has the better metric on average."""
        return (test.difference < 0) == (self.metric in BETTER_LOW)

    def plain(self) -> dict[str, object]:
        """For JSON."""
        return {
            "metric": self.metric,
            "tests": [
                {
                    **{name: value for name, value in asdict(test).items() if name not in ("first", "second")},
                    "first": str(self.runs[test.first].run),
                    "second": str(self.runs[test.second].run),
                    "better": str(self.runs[self._better(test)].run) if test.is_significant else None,
                }
                for test in self.tests
            ],
        }

    def _better(self, test: SeedTest) -> int:
        """The place of the run with the better metric."""
        return test.first if self.is_better(test) else test.second


@dataclass(frozen=True)
class Verdicts:
    """What can be said of which run is better, and why nothing can be said of the others."""

    contests: list[Contest] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)


def judge_runs(runs: Sequence["Compared"], name: Callable[[str], str], reference: "Compared | None" = None) -> Verdicts:
    """Hold the runs of one task against each other by their first metric, as far as they can be.

    Parameters
    ----------
    runs : sequence of Compared
    name : function of str
        How a metric is written.
    reference : Compared, optional
        The one of the runs that alone the others are held against, where they can be.
    """
    metric = next((metric for one in runs for metric in one.metrics), None)
    if metric is None or len(runs) < 2:
        return Verdicts()
    if metric not in BETTER_LOW + BETTER_HIGH:
        return Verdicts([], [f"No verdict: whether more or less of {name(metric)} is better is not known."])
    excluded = {one.label: why for one in runs if (why := _unfit(one, metric, name(metric)))}
    fit = [one for one in runs if one.label not in excluded]
    sets: dict[str, list[Compared]] = {}
    for one in fit:
        sets.setdefault(measured_on(one, metric), []).append(one)
    contests = [_contest(metric, few, reference) for few in sets.values() if len(few) > 1]
    alone = [few[0].label for few in sets.values() if len(few) == 1] if len(sets) > 1 else []
    reasons = _grouped(excluded)
    if alone:
        reasons.append(f"No verdict on {listed(alone)}: no other run was measured on the same rows of the same data.")
    elif len(fit) == 1 and excluded:
        reasons.append(f"No verdict on {fit[0].label}: there is no other run to compare it with.")
    return Verdicts(contests, reasons)


def measured_on(one: "Compared", metric: str) -> str:
    """What is the same for runs whose metric measures the same thing: data, rows, unit.

    Baselines are computed from the rows that were measured. Of forecasts persistence alone is asked: others are fitted
    to what the network sees, and may be new. Where there are none, the keys of the data stand for them.
    """
    data, config = one.record.data, one.config or {}
    baselines = {PERSISTENCE: one.baselines[PERSISTENCE]} if PERSISTENCE in one.baselines else one.baselines
    rows = {name: dict(sorted(of.items())) for name, of in sorted(baselines.items())}
    return repr((data and data.sha256, one.record.units.get(metric), rows or config.get("data")))


def _unfit(one: "Compared", metric: str, name: str) -> str | None:
    """Why a run cannot be judged."""
    if one.status != "completed":
        return f"is {one.status}"
    found = len(one.per_seed(metric))
    if found < one.seeds or not found:
        return f"has no {name}" if not found else f"has no {name} for {one.seeds - found} of {count(one.seeds, 'seed')}"
    if found < FEWEST_SEEDS:
        return f"has {'a single seed' if found == 1 else f'{found} seeds'}; a verdict needs {FEWEST_SEEDS} or more"
    return None


def _grouped(excluded: Mapping[str, str]) -> list[str]:
    """A sentence for each reason."""
    labels: dict[str, list[str]] = {}
    for label, why in excluded.items():
        labels.setdefault(why, []).append(label)
    return [f"No verdict on {listed(of)}: {'it' if len(of) == 1 else 'each'} {why}." for why, of in labels.items()]


def _contest(metric: str, runs: Sequence["Compared"], reference: "Compared | None") -> Contest:
    sign = 1 if metric in BETTER_LOW else -1
    ordered = sorted(runs, key=lambda one: sign * one.metrics[metric].mean)
    place = next((place for place, one in enumerate(ordered) if one is reference), None)
    values = {place: one.per_seed(metric) for place, one in enumerate(ordered)}
    return Contest(metric, ordered, seed_tests(values, place), None if place is None else reference)
