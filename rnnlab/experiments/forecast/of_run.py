"""The forecast of a run: its networks, the series as it is now, and what follows from them."""

from contextlib import suppress
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from rnnlab.config.schema.series import CsvData, PricesData, SeriesData
from rnnlab.data.calendar_features import calendar_features
from rnnlab.data.encoding import Encoding
from rnnlab.data.missing import told
from rnnlab.data.series import Series
from rnnlab.engine.network import Network
from rnnlab.errors import DataError, RunFolderError
from rnnlab.experiments.forecast import sentences
from rnnlab.experiments.forecast.keeping import keep
from rnnlab.experiments.forecast.networks import Loaded, load_networks
from rnnlab.experiments.forecast.result import Forecasts
from rnnlab.experiments.setup import Sizes, architecture_of, threads
from rnnlab.experiments.trained import Trained
from rnnlab.runs import RunStore
from rnnlab.tasks.forecast.loading import check_size, load_series, season_of
from rnnlab.tasks.forecast.outlook import outlook
from rnnlab.words import count


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
    loaded = load_networks(run)
    config, tested, used, refit = loaded.config, loaded.tested, loaded.used, loaded.refit
    if not used.alive:
        raise RunFolderError(
            f"'{loaded.store.record.name}' forecasts nothing: every model diverged.", hint="Train it again."
        )
    series, encoding = _series(loaded, data), tested.learned.encoding
    check_size(series)
    season = config.data.season or _season_of_run(loaded.store, series)
    season = season or season_of(series, max(tested.learned.known(series), 2))
    network = Network(architecture_of(config, Sizes(encoding.features, encoding.targets)), threads=threads())
    wanted = steps or _usual_steps(encoding, season)
    times = series.calendar.after(series.stamps, wanted)
    with threadpool_limits(limits=1, user_api="blas"):
        found = outlook(
            tested.before(series, network, config.data.missing),
            _calendar(encoding, series, times, wanted),
            ~np.isnan(series.values),
            steps=wanted,
            season=season,
            refit=refit and refit.before(series, network, config.data.missing),
        )
    result = Forecasts(
        name=config.name,
        series=series,
        outlook=found,
        times=times,
        level=level,
        seeds=config.seeds,
        season=season,
        refit=refit and refit.learned.train_rows,
        checkpoint=loaded.checkpoint,
        verdict=[
            *sentences.judged(found, season, "tested " * bool(refit)),
            *sentences.worth_of_intervals(found, season, level),
            *([sentences.UNTESTED.format(rows=refit.learned.train_rows)] if refit else []),
        ],
        sentences=[
            sentences.read(series, data),
            sentences.trained_on(loaded, series.rows, other_file=data is not None),
            *sentences.how_made(found, loaded, season),
        ],
        warnings=[
            *sentences.of_data(loaded, series, other_file=data is not None),
            *sentences.lost(loaded, series, other_file=data is not None),
            *loaded.warnings,
            *series.notes,
            *told(series),
            *sentences.cautions(series, found, level),
            *sentences.first_of_several(config, tested.learned, refit=refit is not None),
        ],
        run=loaded.store.path,
        files=[],
    )
    keep(result, loaded.store)
    return result


def _usual_steps(encoding: Encoding, season: int | None) -> int:
    """A season of up to 31 rows, else 10, at least the horizon; no more where more cannot be forecast."""
    usual = steps_by_default(season)
    return max(encoding.horizon, usual) if encoding.feeds_itself else encoding.horizon


def steps_by_default(season: int | None) -> int:
    """How many values are forecast where nobody says: a season of up to 31 rows, else 10."""
    return season if season and season <= 31 else 10


def _calendar(encoding: Encoding, series: Series, times: np.ndarray | None, steps: int) -> np.ndarray:
    """Calendar features of the rows, and of those to come where the calendar knows them."""
    known = calendar_features(series.stamps, encoding.calendar)
    if times is not None:
        return np.concatenate([known, calendar_features(times, encoding.calendar)])
    if encoding.calendar and steps > encoding.horizon:
        raise DataError(
            f"{series.name}: the series is irregular, and when the rows come that data.calendar is about is not known.",
            hint=f"Ask for at most {count(encoding.horizon, 'step')}.",
        )
    return np.concatenate([known, np.zeros((steps, known.shape[1]))])


def _series(loaded: Loaded, path: Path | None) -> Series:
    """The series of the run or of another file: of several columns that could be it, the one named as that learned."""
    section = _data(loaded.config.data, path)
    try:
        return load_series(section)
    except DataError:
        learned = sentences.data_record(loaded.store).get("column")
        if not isinstance(section, CsvData) or section.judged is not None or not isinstance(learned, str):
            raise
        with suppress(DataError):  # the first error says what is wrong
            return load_series(section.model_copy(update={"value_column": learned}))
        raise


def _data(section: PricesData | CsvData, path: Path | None) -> PricesData | CsvData:
    """The data section, with another file in place of its own."""
    if path is None:
        return section
    if isinstance(section, CsvData):
        return section.model_copy(update={"path": str(path)})
    shared = {name: getattr(section, name) for name in SeriesData.model_fields if name not in ("kind", "sha256")}
    return CsvData(kind="csv", path=str(path), **shared)


def _season_of_run(store: RunStore, series: Series) -> int | None:
    """The season that the run was tested with, where the rows of a series have the same distance."""
    seasonal = store.record.tests.seasonal_naive if store.record.tests else None
    alike = sentences.data_record(store).get("frequency") == series.calendar.words
    return seasonal.season if seasonal is not None and alike else None
