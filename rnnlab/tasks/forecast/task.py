"""Forecasting a dated series: prices of a symbol, or any CSV of dates and values."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from rnnlab.data import missing
from rnnlab.data.calendar import holes
from rnnlab.data.encoding import rows_before
from rnnlab.data.reading.reader import understood
from rnnlab.data.windows import WindowedSeries, count_train_rows, make_windows
from rnnlab.engine.batch import Batch
from rnnlab.engine.network import Network
from rnnlab.errors import ConfigError, DataError
from rnnlab.forecasting import baselines, comparison
from rnnlab.forecasting.combination import median_forecast
from rnnlab.forecasting.multiple import holm
from rnnlab.memory import check_data
from rnnlab.tasks.forecast import remarks
from rnnlab.tasks.forecast.ahead import Forecaster
from rnnlab.tasks.forecast.figures import figures
from rnnlab.tasks.forecast.learned import Learned
from rnnlab.tasks.forecast.loading import load_series, season_of
from rnnlab.tasks.forecast.scoring import Scoring
from rnnlab.tasks.task import Combination, Completed, Evaluation, Task

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Years of training data drawn before the forecast, so that the eye sees where the test rows begin.
DRAWN_TRAINING_ROWS = 250
DIRECT, RECURSIVE = "each by an output of its own", "each from the forecasts before it"


class Forecast(Task):
    """Windows of a series, each with the values of rows after it."""

    scaled = True

    def __init__(self, config) -> None:
        super().__init__(config)
        data = config.data
        self.series = series = load_series(data)
        train_rows = self._train_rows()
        self.season = self._season(train_rows)
        self.windowed = windowed = self._windowed()
        encoding, last = windowed.encoding, series.stamps[train_rows - 1]
        self.learned = Learned(encoding, data.lookback, series.rows, train_rows, last).plain()
        check_data(len(windowed.origins) * data.lookback * encoding.features, "data.lookback")
        train = windowed.train()
        targets = windowed.targets_of_steps() if self.every else train.targets
        remarks.check_dtype(windowed, (train.inputs, targets), self.dtype)
        self.sequences = Batch(np.ascontiguousarray(train.inputs, dtype=self.dtype), targets.astype(self.dtype))
        self.held_out = len(windowed.test_rows)
        self.input_size, self.output_size = encoding.features, encoding.targets
        self.record = {
            "source": series.source,
            "name": series.name,
            "column": series.target,
            "inputs": [*encoding.inputs, *encoding.calendar],
            "outputs": [*encoding.outputs],
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
            "train_rows": train_rows,
            "train_range": [float(end(windowed.training_values)) for end in (np.min, np.max)],
            "test_rows": self.held_out,
        }
        self.description = (
            f"{series.name}, {series.source}: {understood(series)}; "
            f"{len(windowed.origins)} windows of {data.lookback} rows to train on, {self.held_out} rows to forecast."
        )
        self.warnings = (*series.notes, *missing.told(series), *remarks.before_training(series, windowed))

    def _train_rows(self) -> int:
        data, rows = self.config.data, self.series.rows
        return count_train_rows(rows, data.train_fraction) if data.test_rows is None else rows - data.test_rows

    def _season(self, train_rows: int) -> int | None:
        """Rows of a season: the config's, else the calendar's.

        Raises
        ------
        ConfigError
            It does not fit the training rows, or the target needs one and there is none.
        """
        data = self.config.data
        if data.season is not None and data.season >= train_rows:
            raise ConfigError(
                [
                    f"data.season must be below the {train_rows} training rows; got {data.season}. "
                    "Give a smaller one, or leave it out."
                ]
            )
        season = data.season or (season_of(self.series, train_rows) if train_rows > 0 else None)
        if data.target == "seasonal_difference" and season is None:
            raise ConfigError(
                [
                    "data.target: seasonal_difference needs a season, and the calendar of the training rows has none. "
                    "Give data.season, in rows."
                ]
            )
        return season

    def _windowed(self) -> WindowedSeries:
        data, series = self.config.data, self.series
        outputs = data.outputs or (series.target,)
        judged_first = sorted(outputs, key=lambda name: name != series.target)
        try:
            return make_windows(
                series.columns,
                series.stamps,
                lookback=data.lookback,
                steps=data.steps,
                target="price" if data.target == "value" else data.target,
                inputs=data.inputs or judged_first,
                outputs=judged_first,
                calendar=data.calendar,
                season=self.season,
                train_fraction=data.train_fraction,
                test_rows=data.test_rows,
                scaler=data.scaler,
                missing=data.missing,
            )
        except DataError as error:
            where = series.name if series.path is None else series.path
            message = error.message[0].lower() + error.message[1:]
            raise DataError(f"{where}: {message}", hint=error.hint) from error

    def evaluate(self, network: Network, theta: np.ndarray) -> Evaluation:
        """Measure each network, and test the median of their forecasts against every baseline."""
        judged, said = self._scoring(self.series.target), self._said(network, theta)
        predicted, rivals = said[:, 0], self._baselines(judged)
        combined = median_forecast(predicted.reshape(len(theta), -1))
        median = combined.values.reshape(judged.actual.shape)
        measured, together = judged.measured(predicted), _plain(judged.measured(median))
        scored = {name: _plain(judged.measured(row)) for name, row in rivals.items()}
        best = min(scored, key=lambda name: scored[name]["rmse"])
        against = {name: judged.test(median, row) for name, row in rivals.items()} if combined.of.any() else {}
        unit = self.series.currency or ""
        made_of = comparison.made_of(combined.of, np.isnan(theta[:, 0]))
        finite = {name: np.append(values[combined.of], together[name]) for name, values in measured.items()}
        titled = {self._title(name): scores for name, scores in scored.items()}
        return Evaluation(
            metrics=measured,
            units={"rmse": unit, "mae": unit, "mape": "%", "smape": "%"},
            baselines=scored,
            headline=self._judged(together["rmse"], scored, against, made_of),
            warnings=(
                *remarks.of_forecast(median, judged),
                *remarks.of_overflow(finite, titled, self.config.data.metric_names),
            ),
            tables={
                "predictions.csv": self._predictions(judged, predicted, median, rivals, best),
                "training_rows.csv": self._last_training_rows(),
                **self._further_tables(said, median, rivals),
            },
            tests={
                "diebold_mariano": {
                    "against": best,
                    **_listed([judged.test(row, rivals[best]) for row in predicted]),
                    "median": _by_name(against),
                },
                "seasonal_naive": {"season": self.season},
            },
            combined=Combination("median", np.flatnonzero(combined.of).tolist(), together),
        )

    def _said(self, network: Network, theta: np.ndarray) -> np.ndarray:
        """What each network forecasts of the test rows, (R, C, K, N), in the unit of the series."""
        windowed = self.windowed
        forecaster = Forecaster(network, theta, windowed.encoding, windowed.lookback)
        return forecaster.scored(windowed.columns, windowed.calendar, windowed.test_rows, self.config.data.scored_steps)

    def _scoring(self, column: str) -> Scoring:
        windowed = self.windowed
        return Scoring(windowed.columns[column], windowed.test_rows, self.config.data.scored_steps, windowed.train_rows)

    def _baselines(self, scoring: Scoring) -> Mapping[str, np.ndarray]:
        """What each baseline forecasts at the test rows, from what the network sees."""
        windowed = self.windowed
        encoding = windowed.encoding
        seen = [windowed.columns[name] for name in encoding.inputs if windowed.columns[name] is not scoring.values]
        return scoring.baselines(
            window=windowed.lookback + rows_before(encoding.target, encoding.season),
            season=self.season,
            beside=np.stack([*seen, *windowed.calendar.T], axis=1) if seen or encoding.calendar else None,
        )

    def _predictions(
        self, judged: Scoring, predicted: np.ndarray, median: np.ndarray, rivals: Mapping[str, np.ndarray], best: str
    ) -> dict[str, np.ndarray]:
        """The forecasts of the judged column: a row for each step ahead and test row."""
        several = {"step": np.repeat(judged.steps, len(judged.rows))} if len(judged.steps) > 1 else {}
        return several | {
            "date": np.tile(self.series.stamps[judged.rows], len(judged.steps)),
            "actual": judged.actual.ravel(),
            "predicted": predicted.reshape(len(predicted), -1),
            "naive": rivals["naive"].ravel(),
            "best_baseline": rivals[best].ravel(),
            "median": median.ravel(),
        }

    def _further_tables(
        self, said: np.ndarray, median: np.ndarray, rivals: Mapping[str, np.ndarray]
    ) -> dict[str, dict[str, np.ndarray]]:
        """Where there are several columns or steps ahead: the scores of each, and the forecasts of the others."""
        outputs = list(self.windowed.encoding.outputs)
        if len(outputs) == 1 and len(median) == 1:
            return {}
        scores = _Scores()
        scores.add(self._scoring(outputs[0]), outputs[0], self.config.seeds, said[:, 0], median, rivals)
        others: list[dict[str, np.ndarray]] = []
        for place, name in enumerate(outputs[1:], start=1):
            scoring = self._scoring(name)
            combined = median_forecast(said[:, place].reshape(len(said), -1)).values.reshape(scoring.actual.shape)
            against = self._baselines(scoring)
            scores.add(scoring, name, self.config.seeds, said[:, place], combined, against)
            rows = self._predictions(scoring, said[:, place], combined, against, "naive")
            del rows["best_baseline"]
            others.append({"column": np.repeat(name, scoring.actual.size)} | rows)
        if not others:
            return {"scores.csv": scores.columns()}
        together = {name: np.concatenate([one[name] for one in others], axis=-1) for name in others[0]}
        return {"scores.csv": scores.columns(), "other_columns.csv": together}

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
        sentence = comparison.judge_forecast(
            rmse, list(rivals.values()), made or None, aside=aside, also=rivals["naive"]
        ).sentence
        steps = self.config.data.scored_steps
        if len(steps) == 1:
            return sentence
        how = DIRECT if self.config.data.strategy == "direct" else RECURSIVE
        return f"{sentence} All of it is over {len(steps)} steps ahead together, {how}; scores.csv has them one by one."

    def _title(self, baseline: str) -> str:
        return baselines.BASELINES[baseline].title_with(self.season)

    def _last_training_rows(self) -> dict[str, np.ndarray]:
        """What the plot shows before the forecast."""
        n = self.windowed.train_rows
        shown = slice(max(0, n - DRAWN_TRAINING_ROWS), n)
        return {"date": self.series.stamps[shown], "value": self.windowed.training_values[shown]}

    @classmethod
    def figures(cls, config, run: Completed) -> "dict[str, Callable[[], Figure]]":
        return figures(config, run)


class _Scores:
    """The table of scores: a row for each column, step ahead and forecaster."""

    def __init__(self) -> None:
        self._rows: dict[str, list[np.ndarray]] = {}

    def add(
        self,
        scoring: Scoring,
        column: str,
        seeds: Sequence[int],
        predicted: np.ndarray,
        median: np.ndarray,
        rivals: Mapping[str, np.ndarray],
    ) -> None:
        """Measure every forecaster of a column."""
        each = {"median": median, **{f"seed_{seed}": row for seed, row in zip(seeds, predicted, strict=True)}, **rivals}
        count = len(scoring.steps)
        for name, forecast in each.items():
            found = {
                "column": np.repeat(column, count),
                "step": np.array(scoring.steps),
                "forecaster": np.repeat(name, count),
                **scoring.by_step(forecast),
            }
            for key, values in found.items():
                self._rows.setdefault(key, []).append(values)

    def columns(self) -> dict[str, np.ndarray]:
        return {name: np.concatenate(rows) for name, rows in self._rows.items()}


def _plain(measured: Mapping[str, np.ndarray]) -> dict[str, float]:
    """The metrics of one forecast."""
    return {key: float(value) for key, value in measured.items()}


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
