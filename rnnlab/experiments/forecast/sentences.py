"""What `rnnlab forecast` says of a forecast: what it is worth, how it was made, what to know before relying on it."""

from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import Any

import numpy as np

from rnnlab.data.calendar import Irregular
from rnnlab.data.reading.reader import understood
from rnnlab.data.series import Series
from rnnlab.experiments.forecast.networks import Loaded
from rnnlab.files import name_of
from rnnlab.forecasting import comparison, intervals, metrics
from rnnlab.forecasting.baselines import BASELINES
from rnnlab.printable import shortened
from rnnlab.runs import RunStore
from rnnlab.tasks.forecast.learned import Learned, columns_read
from rnnlab.tasks.forecast.outlook import Outlook
from rnnlab.words import alike, count

WORDS_OF_TARGETS = {
    "price": "values",
    "value": "values",
    "difference": "changes",
    "log_return": "log returns",
    "seasonal_difference": "changes over a season",
}
UNTESTED = (
    "The forecast is of networks that were trained once more on all {rows:,} rows there were: no test measures these, "
    "and the intervals, whose widths are from the errors of the tested networks, are uncalibrated for them."
)


def judged(found: Outlook, season: int | None, which: str) -> list[str]:
    """What the network is worth beside the best baseline, at the step that it was trained for; nothing without rows."""
    step = found.judged_step
    ours = found.network.errors[:, step - 1]
    came = ~np.isnan(ours)
    rows = int(came.sum())
    if not rows:
        return []
    errors = {name: course.errors[came, step - 1] for name, course in found.rivals.items()}
    zeros = np.zeros(rows)  # as actual values, so that forecasts are errors
    titles = {name: BASELINES[name].title_with(season) for name in errors}
    rivals = [comparison.Rival(titles[name], float(metrics.rmse(zeros, of))) for name, of in errors.items()]
    tests = None
    if comparison.enough_for_test(rows, step):
        tests = [comparison.diebold_mariano(zeros, ours[came], of, horizon=step) for of in errors.values()]
    said = comparison.judge_forecast(float(metrics.rmse(zeros, ours[came])), rivals, tests).brief
    ahead = "One step" if step == 1 else count(step, "step")
    unseen = f"which the {which}models were not trained on"
    return [f"{ahead} ahead, over {_rows_that_came(found, step, rows)}, {unseen}, {said}"]


def _rows_that_came(found: Outlook, step: int, rows: int) -> str:
    """The rows that errors so many steps ahead are of."""
    lacking = found.without_value(step)
    return f"the last {count(rows, 'row')}" + f" with a value, of {rows + lacking}" * bool(lacking)


def worth_of_intervals(found: Outlook, season: int | None, level: float) -> list[str]:
    """How often intervals of the same making held what they promise; nothing without rows."""
    checked, best = found.checked(level), found.best_at(1)
    if not found.rows:
        return []
    if not checked.rows:
        needed = 2 * intervals.rows_needed(level)
        return [
            f"What intervals of {percent(level)} are worth is not known: the check needs at least {needed} forecasts "
            f"of rows that came after those that were trained on; there are {found.rows}."
        ]
    low, middle, high = (100 * float(getattr(checked, f"coverage{end}")) for end in ("_low", "", "_high"))
    width, other = (2 * of.half_widths(level)[0] for of in (found.network, found.rivals[best]))
    return [
        f"Intervals of {percent(level)} one step ahead from the older half of these rows cover {middle:.0f} % of the "
        f"newer half (95 % Wilson interval: {low:.0f} to {high:.0f} %); the interval of the forecast is {width:.4g} "
        f"wide, that of {BASELINES[best].title_with(season)} {other:.4g}."
    ]


def read(series: Series, data: Path | None) -> str:
    """What was understood of the series, which file took the place of the run's data, and how many values it lacks."""
    lacking = int(np.isnan(series.values).sum())
    which = "" if data is None else f"{name_of(data)}: "
    filled_in = f"; {lacking:,} of these without a value, filled in" if lacking else ""
    return f"Read {which}{understood(series)}{filled_in}."


def trained_on(loaded: Loaded, rows: int, *, other_file: bool) -> str:
    """What the networks are, and what they learned from; of how many `rows` by now."""
    data, model, learned = loaded.config.data, loaded.config.model, loaded.used.learned
    networks = f"{count(len(loaded.config.seeds), 'network')} ({model.cell.kind}, {count(model.hidden_size, 'unit')})"
    first = "all" if learned.train_rows == learned.rows and (other_file or rows == learned.rows) else "the first"
    which = f"{first} {count(learned.train_rows, 'row')}" + f" of {_source(loaded.store)}" * other_file
    return f"Trained {networks} on the {WORDS_OF_TARGETS[data.target]} of {which}, in windows of {data.lookback}."


def how_made(found: Outlook, loaded: Loaded, season: int | None) -> list[str]:
    """How the forecast was made, and how large the errors of such forecasts have been."""
    direct = min(found.direct, found.steps)
    how = "step 1 is direct" if direct == 1 else f"steps 1 to {direct} are direct"
    rest = ", the others are recursive, from the forecasts before them" if found.steps > direct else ""
    who = _whose(loaded.used.alive, len(loaded.config.seeds))
    said = [f"{count(found.steps, 'step')} ahead, {who}: {how}{rest}."]
    if found.rows:
        ours, best = found.network, found.rivals[found.best]
        measured = found.measured_steps
        first = "the first step" if measured == 1 else f"the first {measured} steps"
        over = "all steps" if measured == found.steps else first
        than = "smaller than" if ours.rmse < best.rmse else "larger than" if ours.rmse > best.rmse else "equal to"
        by = " by the tested networks" if loaded.refit else ""
        said.append(
            f"Made in the same way{by} for {_rows_that_came(found, 1, found.rows)}, it has an RMSE of {ours.rmse:.4g} "
            f"over {over}, {than} the {best.rmse:.4g} of {BASELINES[found.best].title_with(season)}, the best "
            f"baseline over {over}."
        )
    return said


def _whose(alive: int, seeds: int) -> str:
    """Whose forecast it is."""
    if seeds == 1:
        return "the forecast of the one seed"
    if alive == seeds:
        return f"the median of {seeds} seeds"
    diverged = count(seeds - alive, "other")
    return f"the median of {alive} of {seeds} seeds; the {diverged} diverged"


def cautions(series: Series, found: Outlook, level: float) -> list[str]:
    """What the reader must know before relying on the numbers."""
    said = []
    if isinstance(series.calendar, Irregular):
        said.append("The series is irregular: when the next rows come is not known.")
    missing = np.isnan(found.network.half_widths(level))
    if missing.any():
        first = int(np.argmax(missing)) + 1
        which = "No step has an" if first == 1 else f"Steps from {first} on have no"
        said.append(
            f"{which} interval of {percent(level)}: it needs at least {intervals.rows_needed(level)} forecasts of rows"
            f" that came after those that were trained on; one step ahead there are {found.rows}."
        )
    if not np.isfinite(found.network.values).all():
        said.append("Not every step has a finite forecast.")
    return said


def lost(loaded: Loaded, series: Series, *, other_file: bool) -> list[str]:
    """Why the networks of all rows do not forecast, and what to do about it; nothing where none are missing."""
    if loaded.lost is None or loaded.store.path is None:
        return [loaded.lost] if loaded.lost else []
    resumes = f"`rnnlab resume {quote(str(loaded.store.path))}` trains them"
    if other_file:
        return [f"{loaded.lost} {resumes}, if the data of the run are as they were."]
    if data_record(loaded.store).get("sha256") == series.sha256:
        return [f"{loaded.lost} {resumes}."]
    return [f"{loaded.lost} Since the data have changed, only a new run has such networks: {_anew(loaded)}."]


def _anew(loaded: Loaded) -> str:
    """What trains on the data as they are now."""
    assert loaded.store.path is not None
    return f"`rnnlab train {quote(str(loaded.store.path / 'config.yaml'))}`"


def of_data(loaded: Loaded, series: Series, *, other_file: bool) -> list[str]:
    """What the series is to the networks, where that is not the one that they were trained on."""
    learned = loaded.used.learned
    known, another = learned.known(series), _another_series(loaded, series) if other_file else None
    said = [another] if another else []
    if not another and (known == learned.train_rows or not other_file) and not learned.was_trained_on(series):
        last, now = series.label(learned.last), count(known, "row")
        others = known == learned.train_rows
        changed = "their values are others" if others else f"there are {now}, and there were {learned.train_rows:,}"
        said.append(f"The rows up to {last} are not those that the networks were trained on: {changed}.")
        if loaded.store.path is not None and not other_file:
            said[-1] += f" {_anew(loaded)} learns from them."
    without = 0
    if learned.encoding.target == "log_return":
        columns = columns_read(series, learned.encoding).values()
        without = int(np.any([values <= 0 for values in columns], axis=0).sum())
    if without:
        said.append(
            f"{count(without, 'row')} {'has a value that is' if without == 1 else 'have values that are'} "
            "not positive, of which there is no log return: what reads them forecasts nothing finite."
        )
    if not other_file and series.rows > learned.rows and known == learned.train_rows:
        rows = count(series.rows - learned.rows, "row")
        said.append(f"The models were trained before the last {rows} came; they have not learned from them.")
    return said


def _another_series(loaded: Loaded, series: Series) -> str | None:
    """A caution where another file holds another column, or rows at other distances, than the one trained on."""
    trained = data_record(loaded.store)
    column, frequency = (str(trained.get(key)) for key in ("column", "frequency"))
    if alike(column, series.target) and frequency == series.calendar.words:
        return None
    return (
        f"The networks of {loaded.config.name!r} learned {shortened(column)!r} ({shortened(frequency)}) of "
        f"{_source(loaded.store)}, and this is {shortened(series.target)!r} ({series.calendar.words}): what they "
        "forecast of another series may be worth nothing."
    )


def first_of_several(config: Any, learned: Learned, *, refit: bool) -> list[str]:
    """A caution where a rolling origin has trained networks on newer rows, too, than the tested ones."""
    evaluation = config.evaluation
    if evaluation is None or evaluation.kind != "rolling" or evaluation.folds <= evaluation.retrain_every:
        return []
    what = "The errors, and the widths of the intervals, are" if refit else "The forecast is"
    more = " With training.refit: all, networks of all rows forecast." * (config.training.refit == "none")
    return [
        f"{what} of the networks of the first fold, trained on {count(learned.train_rows, 'row')}: those of the others "
        f"are not kept.{more}"
    ]


def _source(store: RunStore) -> str:
    """What the networks of a run were trained on: the name of the file, or the source in words."""
    record = data_record(store)
    path = record.get("path")
    return shortened(Path(path).name if isinstance(path, str) else str(record.get("source", "the run's own data")))


def data_record(store: RunStore) -> Mapping[str, object]:
    """What run.json says of the data."""
    found = store.record.plain().get("data")
    return found if isinstance(found, Mapping) else {}


def percent(level: float) -> str:
    """How sentences write a level."""
    return f"{round(100 * level, 9):g} %"
