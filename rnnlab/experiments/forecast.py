"""`rnnlab forecast`: the values that come next, with intervals, beside what the baselines forecast."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from rnnlab.config import load
from rnnlab.config.schema.series import CsvData, PricesData, SeriesData
from rnnlab.data.calendar import Irregular
from rnnlab.data.calendar_features import calendar_features
from rnnlab.data.encoding import Encoding
from rnnlab.data.missing import filled, told
from rnnlab.data.reading.reader import understood
from rnnlab.data.series import Series
from rnnlab.engine.network import Network
from rnnlab.errors import DataError, RunFolderError, RunWriteError
from rnnlab.experiments.drawing import draw_into, into_plots
from rnnlab.experiments.refit import theta_of
from rnnlab.experiments.setup import Sizes, architecture_of, threads
from rnnlab.experiments.trained import Trained, config_file, diverged_places
from rnnlab.files import name_of
from rnnlab.forecasting import comparison, intervals, metrics
from rnnlab.forecasting.baselines import BASELINES
from rnnlab.printable import shortened
from rnnlab.runs import RunFolder, RunStore, checkpoints
from rnnlab.runs.schema import REFIT, TRAIN
from rnnlab.tasks.forecast.ahead import Forecaster
from rnnlab.tasks.forecast.learned import LEARNED, Learned
from rnnlab.tasks.forecast.loading import load_series, season_of
from rnnlab.tasks.forecast.outlook import Course, Outlook, Refit, outlook
from rnnlab.words import count

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TABLE, NUMBERS, PLOT = "forecast.csv", "forecast.json", "ahead.png"
WORDS_OF_TARGETS = {
    "price": "values",
    "value": "values",
    "difference": "changes",
    "log_return": "log returns",
    "seasonal_difference": "changes over a season",
}
UNTESTED = (
    "The forecast is of networks that were trained once more on all {rows:,} rows: no test measures these, and the "
    "intervals, whose widths are from the errors of the tested networks, are uncalibrated for them."
)
DRAWN_ROWS = 90  # before the forecast


@dataclass(frozen=True, eq=False)
class Forecasts:
    """What `rnnlab forecast` prints.

    Attributes
    ----------
    name : str
        Of the run.
    series : Series
    outlook : Outlook
    times : array of shape (K,) or None
        When the next rows come; None for an irregular series.
    level : float
        Of the intervals, in (0, 1).
    seeds : list of int
    season : int or None
    refit : int or None
        Rows that the networks were trained on once more after the test, all there were; None where the tested ones
        forecast.
    verdict : list of str
        Whether the network is worth anything beside the best baseline, and what its intervals have been worth.
    sentences : list of str
        What was read, how the forecast was made, what its errors over all steps have been.
    warnings : list of str
    run : Path or None
    files : list of Path
        What was written.
    """

    name: str
    series: Series
    outlook: Outlook
    times: np.ndarray | None
    level: float
    seeds: list[int]
    season: int | None
    refit: int | None
    verdict: list[str]
    sentences: list[str]
    warnings: list[str]
    run: Path | None
    files: list[Path]

    @property
    def time_name(self) -> str:
        """What the labels are."""
        return "step" if self.times is None or not isinstance(self.times[0], np.datetime64) else "date"

    def title(self, baseline: str) -> str:
        """The name of a baseline, for a table."""
        return BASELINES[baseline].title_with(self.season).removeprefix("the ").removeprefix("a ")

    @property
    def labels(self) -> list[str]:
        """The next times as a reader writes them; `+1`, `+2`, ... for an irregular series."""
        if self.times is None:
            return [f"+{step}" for step in range(1, self.outlook.steps + 1)]
        return [self.series.label(time) for time in self.times]

    def columns(self) -> dict[str, np.ndarray]:
        """The table: a row for each step."""
        steps = np.arange(1, self.outlook.steps + 1)
        dates = np.array(self.labels) if self.times is None else self.times
        found = {"step": steps, "date": dates, **self._course("forecast", self.outlook.network)}
        for name, course in self.outlook.rivals.items():
            found |= self._course(name, course)
        found |= {f"forecast_{name}": values for name, values in self.outlook.others.items()}
        return found | {f"seed_{seed}": row for seed, row in zip(self.seeds, self.outlook.models, strict=True)}

    @property
    def networks(self) -> str:
        """Which networks forecast: ``tested`` ones, or those of a ``refit``."""
        return "tested" if self.refit is None else "refit"

    @property
    def intervals(self) -> str:
        """What the intervals are for these networks: ``calibrated``, or ``uncalibrated``."""
        return "calibrated" if self.refit is None else "uncalibrated"

    def table(self) -> dict[str, np.ndarray]:
        """The columns with those that say of every row which networks forecast, and what their intervals are."""
        steps = self.outlook.steps
        return self.columns() | {
            "networks": np.full(steps, self.networks),
            "intervals": np.full(steps, self.intervals),
        }

    def plain(self) -> dict[str, object]:
        """For JSON."""
        checked, columns = self.outlook.checked(self.level), self.columns()
        return {
            "run": self.run and str(self.run),
            "name": self.name,
            "column": self.series.target,
            "frequency": self.series.calendar.words,
            "rows": self.series.rows,
            "last": str(self.series.stamps[-1]),
            "source": self.series.source,
            "level": round(100 * self.level, 9),
            "networks": self.networks,
            "intervals": self.intervals,
            "calibration_rows": self.outlook.rows,
            "coverage": {
                "rows": int(checked.rows),
                "fraction": _plain(checked.coverage),
                "interval": [_plain(checked.coverage_low), _plain(checked.coverage_high)],
            },
            "direct_steps": self.outlook.direct,
            "best_baseline": self.outlook.best,
            "best_baseline_one_step": self.outlook.best_at(1),
            "rmse": {name: _plain(np.float64(course.rmse)) for name, course in self._courses.items()},
            "rmse_one_step": {name: _plain(np.float64(course.rmse_at(1))) for name, course in self._courses.items()},
            "rows_ahead": [
                {name: _plain(column[row]) for name, column in columns.items()} for row in range(self.outlook.steps)
            ],
            "verdict": self.verdict,
            "sentences": self.sentences,
            "warnings": self.warnings,
        }

    @property
    def _courses(self) -> dict[str, Course]:
        return {"forecast": self.outlook.network, **self.outlook.rivals}

    def _course(self, name: str, course: Course) -> dict[str, np.ndarray]:
        half = course.half_widths(self.level)
        low, high = intervals.around(course.values, half)
        return {name: course.values, f"{name}_low": low, f"{name}_high": high}


def forecast(
    run: Path | Trained, *, data: Path | None = None, steps: int | None = None, level: float = 0.9
) -> Forecasts:
    """Forecast the rows that follow the last one of a run's series, or of another file.

    Leaves `forecast.csv`, `forecast.json` and `plots/ahead.png` in the run folder, where there is one, or a warning
    where it cannot be written.

    Parameters
    ----------
    run : Path or Trained
        A run of `rnnlab train` on a series.
    data : Path, optional
        A CSV file to forecast from in place of the run's data, read as those were.
    steps : int, optional
        How many values; left out, a season of up to 31 rows, else 10, at least the run's horizon.
    level : float in (0, 1)
        Of the intervals.

    Raises
    ------
    RunFolderError
        The run forecasts no series, or its parameters cannot be read.
    ConfigError, DataError
        Its config or the data cannot be read, or have fewer rows than a forecast needs.
    """
    store, config, tested, refit, warnings = _loaded(run)
    used = refit or tested
    if not used.alive:
        raise RunFolderError(f"'{store.record.name}' forecasts nothing: every model diverged.", hint="Train it again.")
    series, encoding = load_series(_data(config.data, data)), tested.learned.encoding
    first_unseen = tested.learned.known(series)
    season = config.data.season or _season_of_run(store, series) or season_of(series, max(first_unseen, 2))
    network = Network(architecture_of(config, Sizes(encoding.features, encoding.targets)), threads=threads())
    wanted = steps or _usual_steps(encoding, season)
    times = series.calendar.after(series.stamps, wanted)
    with threadpool_limits(limits=1, user_api="blas"):
        found = outlook(
            tested.forecaster(network),
            _columns(config, tested.learned, series),
            _calendar(encoding, series, times, wanted),
            ~np.isnan(series.values),
            steps=wanted,
            first_unseen=first_unseen,
            season=season,
            refit=refit
            and Refit(refit.forecaster(network), _columns(config, refit.learned, series), refit.learned.known(series)),
        )
    new = max(0, series.rows - used.learned.rows) if data is None else 0
    warnings = [
        *([] if data is None else _another_series(store, config.name, series)),
        *warnings,
        *series.notes,
        *told(series),
        *_cautions(series, found, level, new),
        *([] if refit else _first_of_several(config.evaluation, used.learned)),
    ]
    result = Forecasts(
        name=config.name,
        series=series,
        outlook=found,
        times=times,
        level=level,
        seeds=config.seeds,
        season=season,
        refit=refit and refit.learned.train_rows,
        verdict=[
            *_judged(found, season, "tested " * bool(refit)),
            *_worth_of_intervals(found, season, level),
            *([UNTESTED.format(rows=refit.learned.train_rows)] if refit else []),
        ],
        sentences=[
            _read(series, data),
            _trained_on(config, used.learned, "" if data is None else f" of {_source(store)}"),
            *_sentences(found, _who(used.alive, len(config.seeds)), season, " by the tested networks" * bool(refit)),
        ],
        warnings=warnings,
        run=store.path,
        files=[],
    )
    _keep(result, store)
    return result


def _usual_steps(encoding: Encoding, season: int | None) -> int:
    """A season of up to 31 rows, else 10, at least the horizon; no more where more cannot be forecast."""
    usual = steps_by_default(season)
    return max(encoding.horizon, usual) if encoding.feeds_itself else encoding.horizon


def _calendar(encoding: Encoding, series: Series, times: np.ndarray | None, steps: int) -> np.ndarray:
    """Calendar features of the rows, and of those to come where the calendar knows them."""
    known = calendar_features(series.stamps, encoding.calendar)
    if times is not None:
        return np.concatenate([known, calendar_features(times, encoding.calendar)])
    if encoding.calendar and steps > encoding.horizon:
        raise DataError(
            f"{series.name}: the series is irregular, and when the rows come that data.calendar is about is not known.",
            hint=f"Ask for at most {encoding.horizon} steps.",
        )
    return np.concatenate([known, np.zeros((steps, known.shape[1]))])


def steps_by_default(season: int | None) -> int:
    """How many values are forecast where nobody says: a season of up to 31 rows, else 10."""
    return season if season and season <= 31 else 10


@dataclass(frozen=True, eq=False)
class _Networks:
    """Parameters (R, P), NaN for models that diverged, and what was learned of the data besides."""

    theta: np.ndarray
    learned: Learned

    @property
    def alive(self) -> int:
        return int(np.isfinite(self.theta).all(axis=1).sum())

    def forecaster(self, network: Network) -> Forecaster:
        return Forecaster(network, self.theta, self.learned.encoding, self.learned.lookback)


def _columns(config: Any, learned: Learned, series: Series) -> dict[str, np.ndarray]:
    """The columns that networks read, filled in as their training would have."""
    encoding = learned.encoding
    columns = {**series.columns, next(iter(encoding.outputs)): series.values}  # another file may name it differently
    known = learned.known(series)
    return {name: filled(columns[name], config.data.missing, known) for name in encoding.columns}


def _loaded(run: Path | Trained) -> tuple[RunStore, Any, _Networks, _Networks | None, list[str]]:
    """Run, config, the networks that were tested, those that were trained on all rows, and warnings.

    Neither the data of the training nor its state is needed: the file may have grown since, or be gone.
    """
    if isinstance(run, Trained):
        config, name, theta = run.config, run.record.name, run.theta.copy()
        theta[run.diverged] = np.nan
        tested, warnings = _Networks(theta, _learned(run.store, name)), list(run.warnings)
        return run.store, _on_a_series(config, name), tested, _refitted(run.store, theta, warnings), warnings
    store = RunFolder.open(run)
    if store.record.verb != TRAIN:
        raise RunFolderError(f"'{name_of(run)}' must be a run of `rnnlab train`; it is a sweep.")
    config: Any = _on_a_series(load(config_file(run)), name_of(run))
    learned = _learned(store, name_of(run))
    sizes = Sizes(learned.encoding.features, learned.encoding.targets)
    size = architecture_of(config, sizes).layout().size
    like = {"theta": np.zeros((len(config.seeds), size), config.model.dtype)}
    found = checkpoints.latest(run / "checkpoints", like)
    if found is None:
        raise RunFolderError(f"'{name_of(run)}' has no checkpoint.", hint="Train it again, or name another run.")
    theta = found.arrays["theta"].copy()
    theta[diverged_places(store.record, config.seeds, found.metadata.get("update", 0))] = np.nan
    warnings = list(found.skipped)
    return store, config, _Networks(theta, learned), _refitted(store, theta, warnings), warnings


def _refitted(store: RunStore, like: np.ndarray, warnings: list[str]) -> _Networks | None:
    """The networks that were trained on all rows; None where there are none, with a warning where there should be."""
    if store.record.refit is None:
        return None
    try:
        theta = theta_of(store, like)
        content = store.read_json(LEARNED).get(REFIT)
        if theta is None or not isinstance(content, Mapping):
            raise RunFolderError(f"{LEARNED} does not hold what they learned of the data besides.")
        networks = _Networks(theta, Learned.of(content, LEARNED))
    except RunFolderError as error:
        warnings.append(f"The tested networks forecast, since those of all rows cannot be read: {error.message}")
        return None
    if not networks.alive:
        warnings.append("The tested networks forecast, since every one that was trained on all rows diverged.")
        return None
    return networks


def _on_a_series(config: Any, name: str) -> Any:
    if not isinstance(config.data, SeriesData):
        raise RunFolderError(
            f"'{name}' forecasts no series: its data are of kind {config.data.kind}.",
            hint="`rnnlab runs --where kind=csv` lists runs that do.",
        )
    return config


def _learned(store: RunStore, name: str) -> Learned:
    """Of the tested networks."""
    if not store.has(LEARNED):
        raise RunFolderError(
            f"'{name}' has no {LEARNED}, which holds the scaling of its data.",
            hint="It is of an earlier version, or was damaged: train it again.",
        )
    return Learned.of(store.read_json(LEARNED), f"{name}/{LEARNED}")


def _data(section: PricesData | CsvData, path: Path | None) -> PricesData | CsvData:
    """The data section, with another file in place of its own."""
    if path is None:
        return section
    if isinstance(section, CsvData):
        return section.model_copy(update={"path": str(path)})
    shared = {name: getattr(section, name) for name in SeriesData.model_fields if name not in ("kind", "sha256")}
    return CsvData(kind="csv", path=str(path), **shared)


def _source(store: RunStore) -> str:
    """What the networks of a run were trained on: the name of the file, or the source in words."""
    record = _data_record(store)
    path = record.get("path")
    return shortened(Path(path).name if isinstance(path, str) else str(record.get("source", "the run's own data")))


def _data_record(store: RunStore) -> Mapping[str, object]:
    found = store.record.plain().get("data")
    return found if isinstance(found, Mapping) else {}


def _season_of_run(store: RunStore, series: Series) -> int | None:
    """The season that the run was tested with, where the rows of a series have the same distance."""
    seasonal = store.record.tests.seasonal_naive if store.record.tests else None
    alike = _data_record(store).get("frequency") == series.calendar.words
    return seasonal.season if seasonal is not None and alike else None


def _another_series(store: RunStore, name: str, series: Series) -> list[str]:
    """A caution where another file holds another column, or rows at other distances, than the one trained on."""
    trained = _data_record(store)
    column, frequency = (str(trained.get(key)) for key in ("column", "frequency"))
    if column.casefold() == series.target.casefold() and frequency == series.calendar.words:
        return []
    return [
        f"The networks of {name!r} learned {shortened(column)!r} ({shortened(frequency)}) of {_source(store)}, and "
        f"this is {shortened(series.target)!r} ({series.calendar.words}): what they forecast of another series may be "
        "worth nothing."
    ]


def _first_of_several(evaluation: Any, learned: Learned) -> list[str]:
    """A caution where a rolling origin has trained networks on newer rows, too."""
    if evaluation is None or evaluation.kind != "rolling" or evaluation.folds <= evaluation.retrain_every:
        return []
    return [
        f"The forecast is of the networks of the first fold, trained on {count(learned.train_rows, 'row')}: those of "
        "the others are not kept. With training.refit: all, networks of all rows forecast."
    ]


def _cautions(series: Series, found: Outlook, level: float, new: int) -> list[str]:
    """What the reader must know before relying on the numbers."""
    said = []
    if isinstance(series.calendar, Irregular):
        said.append("The series is irregular: when the next rows come is not known.")
    missing = np.isnan(found.network.half_widths(level))
    if missing.any():
        first = int(np.argmax(missing)) + 1
        which = "No step has an" if first == 1 else f"Steps from {first} on have no"
        said.append(
            f"{which} interval of {_percent(level)}: it needs at least {intervals.rows_needed(level)} forecasts of rows"
            f" that have come; one step ahead there are {found.rows}."
        )
    if not np.isfinite(found.network.values).all():
        said.append("Not every step has a finite forecast.")
    if new:
        rows = count(new, "row")
        said.append(f"The models were trained before the last {rows} came; they have not learned from them.")
    return said


def _who(alive: int, seeds: int) -> str:
    """Whose forecast it is."""
    if seeds == 1:
        return "the forecast of the one seed"
    if alive == seeds:
        return f"the median of {seeds} seeds"
    diverged = count(seeds - alive, "other")
    return f"the median of {alive} of {seeds} seeds; the {diverged} diverged"


def _judged(found: Outlook, season: int | None, which: str) -> list[str]:
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


def _worth_of_intervals(found: Outlook, season: int | None, level: float) -> list[str]:
    """How often intervals of the same making held what they promise; nothing without rows."""
    checked, best = found.checked(level), found.best_at(1)
    if not found.rows:
        return []
    if not checked.rows:
        needed = 2 * intervals.rows_needed(level)
        return [
            f"What intervals of {_percent(level)} are worth is not known: the check needs at least {needed} forecasts "
            f"of rows that have come; there are {found.rows}."
        ]
    low, middle, high = (100 * float(getattr(checked, f"coverage{end}")) for end in ("_low", "", "_high"))
    width, other = (2 * of.half_widths(level)[0] for of in (found.network, found.rivals[best]))
    return [
        f"Intervals of {_percent(level)} one step ahead from the older half of these rows cover {middle:.0f} % of the "
        f"newer half (95 % Wilson interval: {low:.0f} to {high:.0f} %); the interval of the forecast is {width:.4g} "
        f"wide, that of {BASELINES[best].title_with(season)} {other:.4g}."
    ]


def _read(series: Series, data: Path | None) -> str:
    """What was understood of the series, which file took the place of the run's data, and how many values it lacks."""
    lacking = int(np.isnan(series.values).sum())
    which = "" if data is None else f"{name_of(data)}: "
    filled_in = f"; {lacking:,} of these without a value, filled in" if lacking else ""
    return f"Read {which}{understood(series)}{filled_in}."


def _trained_on(config: Any, learned: Learned, of: str) -> str:
    """What the networks are, and what they learned from."""
    data, model = config.data, config.model
    networks = f"{count(len(config.seeds), 'network')} ({model.cell.kind}, {count(model.hidden_size, 'unit')})"
    first = "all" if learned.train_rows == learned.rows else "the first"
    rows = f"{first} {count(learned.train_rows, 'row')}{of}"
    return f"Trained {networks} on the {WORDS_OF_TARGETS[data.target]} of {rows}, in windows of {data.lookback}."


def _sentences(found: Outlook, who: str, season: int | None, by: str) -> list[str]:
    """How the forecast was made, and how large the errors of such forecasts have been."""
    direct = min(found.direct, found.steps)
    how = "step 1 is direct" if direct == 1 else f"steps 1 to {direct} are direct"
    rest = ", the others are recursive, from the forecasts before them" if found.steps > direct else ""
    said = [f"{count(found.steps, 'step')} ahead, {who}: {how}{rest}."]
    if found.rows:
        ours, best = found.network, found.rivals[found.best]
        than = "smaller than" if ours.rmse < best.rmse else "larger than" if ours.rmse > best.rmse else "equal to"
        said.append(
            f"Made in the same way{by} for {_rows_that_came(found, 1, found.rows)}, it has an RMSE of {ours.rmse:.4g} "
            f"over all steps, {than} the {best.rmse:.4g} of {BASELINES[found.best].title_with(season)}, the best "
            "baseline over all steps."
        )
    return said


def _percent(level: float) -> str:
    return f"{round(100 * level, 9):g} %"


def _keep(result: Forecasts, store: RunStore) -> None:
    """Write table, numbers and plot into the run folder, where there is one; a warning where that cannot be."""
    try:
        with store, store.rewriting(lambda name: name in (TABLE, NUMBERS, f"plots/{PLOT}")):
            store.write_table(TABLE, result.table())
            store.write_json(NUMBERS, result.plain())
            if store.path is not None:
                result.files.extend([store.path / TABLE, store.path / NUMBERS])
                note = partial(_warn_of_plot, result)
                result.files.extend(
                    draw_into(into_plots(store), {PLOT: partial(_draw, result)}, note, shown_in="plots/")
                )
    except RunWriteError as error:
        result.warnings.append(f"The forecast is not kept: {error.message}")


def _warn_of_plot(result: Forecasts, sentence: str, _error: Exception) -> None:
    result.warnings.append(sentence)


def _draw(result: Forecasts) -> "Figure":
    from rnnlab.plots.ahead import ahead

    found, series = result.outlook, result.series
    best = found.rivals[found.best]
    shown = slice(-DRAWN_ROWS, None)
    times = result.times
    if times is None:  # an irregular series goes on in steps of its median distance
        steps = np.diff(series.stamps)
        distance = np.median(steps.astype(np.int64)).astype(np.int64).astype(steps.dtype)
        times = series.stamps[-1] + np.arange(1, found.steps + 1) * distance
    half, rival_half = (course.half_widths(result.level) for course in (found.network, best))
    return ahead(
        (series.stamps[shown], series.values[shown]),
        times,
        (found.network.values, half),
        (BASELINES[found.best].title_with(result.season), best.values, rival_half),
        quantity=series.target,
        unit=series.currency or "",
        interval=f"{_percent(result.level)} interval" + f" ({result.intervals})" * (result.refit is not None),
        title=f"{result.name}: the next {count(found.steps, 'value')} of {series.name}",
    )


def _plain(value: Any) -> object:
    """A cell for JSON: a number, None for what is not finite, or text."""
    if isinstance(value, np.datetime64 | np.str_):
        return str(value)
    number = value.item()
    return number if np.isfinite(number) else None
