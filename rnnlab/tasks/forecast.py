"""Forecasting a dated series: prices of a symbol, or any CSV of dates and values."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnlab.data import missing
from rnnlab.data.calendar import calendar_of, holes
from rnnlab.data.prices import between, load_prices
from rnnlab.data.reading.reader import load_csv, understood
from rnnlab.data.series import Series
from rnnlab.data.windows import WindowedSeries, Windows, make_windows
from rnnlab.engine.batch import Batch
from rnnlab.engine.network import Network
from rnnlab.errors import ConfigError, DataError
from rnnlab.forecasting import baselines, comparison, metrics
from rnnlab.forecasting.combination import median_forecast
from rnnlab.forecasting.multiple import holm
from rnnlab.memory import check_data
from rnnlab.tasks.ahead import Forecaster
from rnnlab.tasks.learned import Learned
from rnnlab.tasks.task import Combination, Completed, Evaluation, Task
from rnnlab.words import LARGEST_FLOAT, count, listed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from rnnlab.plots.forecast import Baseline, TrainingPart

# Years of training data drawn before the forecast, so that the eye sees where the test rows begin.
DRAWN_TRAINING_ROWS = 250
FEW_WINDOWS, FEW_ROWS = 30, 10  # to train on, to forecast
_TOO_FEW = "Too few rows to forecast for a test of equal accuracy: {rows}. Give more rows or a smaller train_fraction."


class Forecast(Task):
    """Windows of a series, each with the value `horizon` rows after it."""

    scaled = True

    def __init__(self, config) -> None:
        super().__init__(config)
        data = config.data
        self.series = series = load_series(data)
        try:
            self.windowed = windowed = make_windows(
                series.values,
                series.stamps,
                lookback=data.lookback,
                horizon=data.horizon,
                target=data.target,
                train_fraction=data.train_fraction,
                scaler=data.scaler,
                missing=data.missing,
            )
        except DataError as error:
            where = series.name if series.path is None else series.path
            message = error.message[0].lower() + error.message[1:]
            raise DataError(f"{where}: {message}", hint=error.hint) from error
        check_data(windowed.train.inputs.size, "data.lookback")
        train_rows, last = windowed.train_rows, series.stamps[windowed.train_rows - 1]
        self.learned = Learned(windowed.encoding, data.lookback, series.rows, train_rows, last).plain()
        self.season = data.season or season_of(series, train_rows)
        if data.season is not None and data.season >= windowed.train_rows:
            raise ConfigError(
                [
                    f"data.season must be below the {windowed.train_rows} training rows; got {data.season}. "
                    "Give a smaller one, or leave it out."
                ]
            )
        _check_dtype(windowed, self.dtype)
        inputs = np.ascontiguousarray(windowed.train.inputs, dtype=self.dtype)
        targets = _targets(windowed.train, windowed, self.every).astype(self.dtype)
        self.sequences = Batch(inputs, targets)
        self.held_out = windowed.test.inputs.shape[1]
        self.input_size = self.output_size = 1
        self.record = {
            "source": series.source,
            "name": series.name,
            "column": series.target,
            "frequency": series.calendar.words,
            "offset": series.calendar.offset,
            "holes": sum(hole.rows for hole in holes(series.calendar, series.stamps)),
            "missing": data.missing,
            "filled_rows": int(np.isnan(series.values).sum()),
            "path": None if series.path is None else str(series.path),
            "sha256": series.sha256,
            "rows": series.rows,
            "first": series.first,
            "last": series.last,
            "adjustment": series.adjustment,
            "currency": series.currency,
            "train_rows": windowed.train_rows,
            "train_range": [float(end(windowed.training_values)) for end in (np.min, np.max)],
            "test_rows": windowed.test.size,
        }
        self.description = (
            f"{series.name}, {series.source}: {understood(series)}; "
            f"{windowed.train.size} windows of {data.lookback} rows to train on, {windowed.test.size} rows to forecast."
        )
        self.warnings = (
            *series.notes,
            *missing.told(series),
            *_warn_of_filled(series, windowed),
            *_warn_of_few_windows(windowed),
            *_warn_of_extrapolation(windowed),
        )

    def evaluate(self, network: Network, theta: np.ndarray) -> Evaluation:
        """Measure each network, and test the median of their forecasts against every baseline."""
        test = self.windowed.test
        predicted, rivals = self._predicted(network, theta), self._baselines()
        combined = median_forecast(predicted)
        measured, together = self._measured(predicted), self._scores(combined.values)
        scored = {name: self._scores(row) for name, row in rivals.items()}
        best = min(scored, key=lambda name: scored[name]["rmse"])
        against = {name: self._test(combined.values, row) for name, row in rivals.items()} if combined.of.any() else {}
        unit = self.series.currency or ""
        made_of = comparison.made_of(combined.of, np.isnan(theta[:, 0]))
        finite = {name: np.append(values[combined.of], together[name]) for name, values in measured.items()}
        return Evaluation(
            metrics=measured,
            units={"rmse": unit, "mae": unit, "mape": "%", "smape": "%"},
            baselines=scored,
            headline=self._judged(together["rmse"], scored, against, made_of),
            warnings=(*self._warn_of_few_rows(), *self._warn_of_overflow(finite, scored)),
            tables={
                "predictions.csv": {
                    "date": self.series.stamps[test.rows],
                    "actual": test.actual,
                    "predicted": predicted,
                    "naive": rivals["naive"],
                    "best_baseline": rivals[best],
                    "median": combined.values,
                },
                "training_rows.csv": self._last_training_rows(),
            },
            tests={
                "diebold_mariano": {
                    "against": best,
                    **_listed([self._test(row, rivals[best]) for row in predicted]),
                    "median": _by_name(against),
                },
                "seasonal_naive": {"season": self.season},
            },
            combined=Combination("median", np.flatnonzero(combined.of).tolist(), together),
        )

    def _predicted(self, network: Network, theta: np.ndarray) -> np.ndarray:
        """What each network forecasts at the test rows, (R, N), in the unit of the series."""
        test = self.windowed.test
        forecaster = Forecaster(network, theta, self.windowed.encoding, self.config.data.lookback)
        return forecaster.values(test.inputs, test.anchors)

    def _measured(self, predicted: np.ndarray) -> dict[str, np.ndarray]:
        """The metrics of forecasts (..., N) of the test rows."""
        windowed = self.windowed
        naive = windowed.values[windowed.test.rows - windowed.encoding.horizon]
        return metrics.measure(windowed.test.actual, predicted, naive, windowed.training_values)

    def _scores(self, forecast: np.ndarray) -> dict[str, float]:
        """The metrics of one forecast, (N,)."""
        return {key: float(value) for key, value in self._measured(forecast).items()}

    def _test(self, forecast: np.ndarray, rival: np.ndarray) -> comparison.AccuracyTest | None:
        """The Diebold-Mariano test of two forecasts; None where the rows are too few for one."""
        test, horizon = self.windowed.test, self.windowed.encoding.horizon
        if not comparison.enough_for_test(test.size, horizon):
            return None
        return comparison.diebold_mariano(test.actual, forecast, rival, horizon=horizon)

    def _judged(
        self,
        rmse: float,
        scored: Mapping[str, Mapping[str, float]],
        tests: Mapping[str, comparison.AccuracyTest | None],
        aside: str,
    ) -> str:
        """The headline."""
        rivals = {name: comparison.Rival(self._title(name), scores["rmse"]) for name, scores in scored.items()}
        made = [test for test in tests.values() if test is not None]
        return comparison.judge_forecast(
            rmse, list(rivals.values()), made or None, aside=aside, also=rivals["naive"]
        ).sentence

    def _title(self, baseline: str) -> str:
        return baselines.BASELINES[baseline].title_with(self.season)

    def _warn_of_few_rows(self) -> tuple[str, ...]:
        test = self.windowed.test
        enough = comparison.enough_for_test(test.size, self.windowed.encoding.horizon)
        return () if enough else (_TOO_FEW.format(rows=test.size),)

    def _warn_of_overflow(
        self, finite: Mapping[str, np.ndarray], scored: Mapping[str, Mapping[str, float]]
    ) -> tuple[str, ...]:
        """Which metrics of finite forecasts, of the network and of each baseline, are too large for a float."""
        everyone = {"the network": finite} | {self._title(name): scores for name, scores in scored.items()}
        groups: dict[tuple[str, ...], list[str]] = {}
        for who, of in everyone.items():
            names = [self.config.data.metric_names.get(metric, metric) for metric in of if np.isinf(of[metric]).any()]
            groups.setdefault(tuple(names), []).append(who)
        said = [
            f"{listed(names)} of {'every forecast' if len(who) == len(everyone) else listed(who)}"
            for names, who in groups.items()
            if names
        ]
        if not said:
            return ()
        return (f"Metrics beyond the largest float, {LARGEST_FLOAT}, are null in run.json: {'; '.join(said)}.",)

    def _last_training_rows(self) -> dict[str, np.ndarray]:
        """What the plot shows before the forecast."""
        n = self.windowed.train_rows
        shown = slice(max(0, n - DRAWN_TRAINING_ROWS), n)
        return {"date": self.series.stamps[shown], "value": self.windowed.training_values[shown]}

    @classmethod
    def figures(cls, config, run: Completed) -> "dict[str, Callable[[], Figure]]":
        return {"forecast.png": partial(_draw, config, run)}

    def _baselines(self) -> dict[str, np.ndarray]:
        """What each baseline forecasts at the test rows."""
        windowed = self.windowed
        return baselines.forecasts(
            windowed.values,
            windowed.test.rows,
            windowed.encoding.horizon,
            training_rows=windowed.train_rows,
            window=self.config.data.lookback + windowed.encoding.rows_before,
            season=self.season,
        )


def _draw(config, run: Completed) -> "Figure":
    from rnnlab.plots.bands import drawable
    from rnnlab.plots.forecast import forecast

    data, rows = run.record["data"], run.read_table("predictions.csv")
    by_seed = [rows["seed"] == seed for seed in config.seeds]
    shared = {name: column[by_seed[0]] for name, column in rows.items()}
    predicted = np.stack([rows["predicted"][of_seed] for of_seed in by_seed])
    return forecast(
        _times(shared["date"]),
        drawable(shared["actual"]),
        drawable(shared["naive"]),
        predicted,
        quantity="price" if data["currency"] or data["adjustment"] else data["name"],
        unit=data["currency"] or "",
        rmse=_combined_rmse(run, shared["actual"], predicted),
        naive_rmse=_rmse(run, "naive"),
        model="network",
        title=f"{config.name}: forecast of the test rows of {data['name']}",
        best=_best(run, shared.get("best_baseline")),
        training=_training_part(run, data.get("train_range")),
    )


def _combined_rmse(run: Completed, actual: np.ndarray, predicted: np.ndarray) -> float:
    """Of the median forecast; NaN where it is beyond the floats. Runs of old have it in their table alone."""
    if (combined := run.record.get("combined")) is None:
        return float(metrics.rmse(actual, median_forecast(predicted).values))
    return float(np.array(combined["metrics"]["rmse"], float))


def _times(written: np.ndarray) -> np.ndarray:
    """Times of a table: step numbers, or text as datetime64 of its own resolution."""
    return written if written.dtype.kind in "if" else written.astype("datetime64")


def _rmse(run: Completed, baseline: str) -> float:
    """Of a baseline on the test rows; NaN where it is beyond the floats."""
    return float(np.array(run.record["baselines"][baseline]["rmse"], float))


def _best(run: Completed, values: np.ndarray | None) -> "Baseline | None":
    """The baseline to beat, where that is not persistence; runs of old have no column of it."""
    from rnnlab.plots.forecast import Baseline

    tests = run.record["tests"]
    best = tests["diebold_mariano"]["against"]
    if best == "naive" or values is None:
        return None
    name = baselines.BASELINES[best].title_with(tests["seasonal_naive"]["season"])
    return Baseline(name, values, _rmse(run, best))


def _training_part(run: Completed, ends: Any) -> "TrainingPart | None":
    """What came before the forecast; runs of old have no table of it."""
    from rnnlab.plots.bands import drawable
    from rnnlab.plots.forecast import TrainingPart

    if ends is None:
        return None
    rows = run.read_table("training_rows.csv")
    return TrainingPart(_times(rows["date"]), drawable(rows["value"]), *(float(drawable(end)) for end in ends))


def load_series(data) -> Series:
    """The series that a `data` section names, between its start and end, its missing values settled."""
    if data.kind == "prices":
        found = load_prices(data.symbol, data.column, start=data.start, end=data.end)
        return missing.settled(found, data.missing)
    series = load_csv(
        data.path,
        data.date_column,
        data.value_column,
        date_format=data.date_format,
        decimal=data.decimal,
    )
    return missing.settled(between(series, data.start, data.end), data.missing)


def season_of(series: Series, train_rows: int) -> int | None:
    """Rows of a season by the calendar of the training rows, which must hold two of them."""
    season = calendar_of(series.stamps[:train_rows]).season
    return season if season is not None and train_rows >= 2 * season else None


def _warn_of_filled(series: Series, windowed: WindowedSeries) -> tuple[str, ...]:
    absent = np.isnan(series.values)
    if not absent.any():
        return ()
    late = int(absent[windowed.train_rows :].sum())
    return (
        f"{count(int(absent.sum()), 'row')} without a value {'was' if absent.sum() == 1 else 'were'} filled in"
        + (f"; {'it is' if late == 1 else f'the {late} test rows among them are'} not scored" if late else "")
        + ".",
    )


def _check_dtype(windowed: WindowedSeries, dtype: np.dtype) -> None:
    encoding, values = windowed.encoding, windowed.values
    largest = max(float(np.abs(one).max()) for one in (encoding.encode_inputs(values), encoding.encode_targets(values)))
    if largest > float(np.finfo(dtype).max):
        raise ConfigError(
            [
                f"model.dtype must hold every scaled value, which {dtype.name} does not; got {largest:.4g}. "
                "Use dtype: float64 or another data.scaler."
            ]
        )


def _targets(windows: Windows, windowed: WindowedSeries, every: bool) -> np.ndarray:
    """(N, 1), or for a readout at every step (T, N, 1): the target `horizon` rows after each step of the window."""
    if not every:
        return windows.targets
    steps = windowed.encoding.encode_targets(windowed.values)
    back = np.arange(windows.inputs.shape[0] - 1, -1, -1)
    first = len(windowed.values) - len(steps)
    return steps[windows.rows[None, :] - back[:, None] - first][..., None]


def _warn_of_extrapolation(windowed: WindowedSeries) -> tuple[str, ...]:
    share, rows = windowed.share_outside_training_range(), windowed.test.size
    if share == 0:
        return ()
    encoding = windowed.encoding
    kind = {"price": "", "difference": "changes at the ", "log_return": "log returns at the "}[encoding.target]
    if share < 0.01:
        outside = round(share * rows)
        much = f"{outside} of the {rows} {kind}test rows {'lies' if outside == 1 else 'lie'}"
    else:
        percent = f"{100 * share:.0f} %" if share < 0.995 or share == 1 else "More than 99 %"
        much = f"{percent} of the {kind}test rows lie"
    return (
        f"{much} outside the range of the training rows ({encoding.inputs.low:.6g} to {encoding.inputs.high:.6g}): "
        "there the network has to extrapolate.",
    )


def _warn_of_few_windows(windowed: WindowedSeries) -> tuple[str, ...]:
    counts = (
        (windowed.train.size, FEW_WINDOWS, "window", "to train on"),
        (windowed.test.size, FEW_ROWS, "row", "to forecast"),
    )
    return tuple(
        f"There {'is' if size == 1 else 'are'} only {size} {what}{'s' * (size > 1)} {purpose}."
        for size, few, what, purpose in counts
        if size < few
    )


def _listed(tests: Sequence[comparison.AccuracyTest | None]) -> dict[str, list[float] | None]:
    """Statistic and p-value of each seed; None where there are too few rows."""
    made = [test for test in tests if test is not None]
    if not made:
        return {"statistic": None, "p_value": None}
    return {"statistic": [test.statistic for test in made], "p_value": [test.p_value for test in made]}


def _by_name(tests: Mapping[str, comparison.AccuracyTest | None]) -> dict[str, dict[str, float]] | None:
    """Statistic and p-value against each baseline, the latter after Holm's correction too; None without a test."""
    made = {name: test for name, test in tests.items() if test is not None}
    corrected = holm([test.p_value for test in made.values()])
    return {
        name: {"statistic": test.statistic, "p_value": test.p_value, "holm_p_value": p_value}
        for (name, test), p_value in zip(made.items(), corrected, strict=True)
    } or None
