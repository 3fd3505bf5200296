"""Forecasting a dated series: prices of a symbol, or any CSV of dates and values."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from rnnlab.data import missing
from rnnlab.data.calendar import holes
from rnnlab.data.reading.reader import understood
from rnnlab.data.series import Series
from rnnlab.data.windows import WindowedSeries, count_train_rows, make_windows
from rnnlab.engine.batch import Batch
from rnnlab.engine.network import Network
from rnnlab.errors import ConfigError, DataError
from rnnlab.forecasting import baselines, comparison
from rnnlab.forecasting.combination import median_forecast
from rnnlab.forecasting.multiple import holm
from rnnlab.memory import check_data
from rnnlab.seeds import quantiles
from rnnlab.tasks.forecast import coverage, remarks
from rnnlab.tasks.forecast.ahead import Forecaster
from rnnlab.tasks.forecast.figures import figures
from rnnlab.tasks.forecast.folds import Fold, folds_of, trained
from rnnlab.tasks.forecast.learned import Learned, digest_of
from rnnlab.tasks.forecast.loading import check_columns, columns_of, load_series, season_of
from rnnlab.tasks.forecast.scoring import Scoring, fit_beforehand, seen_beside
from rnnlab.tasks.forecast.tables import Said, Scores, errors_of_folds, forecasters, joined
from rnnlab.tasks.task import Combination, Completed, Evaluation, Task

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Years of training data drawn before the forecast, so that the eye sees where the test rows begin.
DRAWN_TRAINING_ROWS = 250
FOLDS_TOGETHER = 16  # of which the baselines are fitted in one pass
DIRECT, RECURSIVE = "each by an output of its own", "each from the forecasts before it"


class Forecast(Task):
    """Windows of a series, each with the values of rows after it."""

    scaled = True

    def __init__(self, config) -> None:
        super().__init__(config)
        data = config.data
        self.series = series = load_series(data)
        check_columns(data, series)
        train_rows, evaluation = self._train_rows(), config.evaluation
        self.season = self._season(train_rows)
        self.tests = folds_of(series.rows, train_rows, evaluation)
        every = evaluation.retrain_every if len(self.tests) > 1 else 1
        self.trainings = [self._begun(fold) for fold in trained(self.tests, every)]
        self.further_trainings = len(self.trainings) - 1
        self.windowed = windowed = self._windowed(self.trainings[0], self._gap)
        self._check_levels(windowed, train_rows)
        encoding = windowed.encoding
        self.learned = learned_from(windowed, series).plain()
        check_data(len(windowed.origins) * data.lookback * encoding.features, "data.lookback")
        self.sequences = sequences_of(windowed, every=self.every, dtype=self.dtype)
        self.held_out = int(np.sum(windowed.test_rows >= train_rows))
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
        self.warnings = (*series.notes, *missing.told(series), *remarks.before_training(series, windowed, train_rows))

    @property
    def _gap(self) -> int:
        """Rows before those that are measured of which a forecast of them has not known."""
        return self.config.data.scored_steps[-1] - 1

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

    def _check_levels(self, windowed: WindowedSeries, train_rows: int) -> None:
        evaluation = self.config.evaluation
        if evaluation is not None:
            rows = int(np.sum(windowed.test_rows < train_rows))
            coverage.check_levels(evaluation.levels, rows, evaluation.calibration, train_rows)

    def _begun(self, fold: Fold) -> Fold:
        """A fold from the first row on in which every column has a value of its own."""
        lacking = np.any([np.isnan(values[fold.first :]) for values in self.series.columns.values()], axis=0)
        return replace(fold, first=fold.first + int(np.argmin(lacking)))

    def _windowed(self, fold: Fold, gap: int) -> WindowedSeries:
        """The rows from the first of a fold on, cut where its training ends, but for a gap."""
        data, series = self.config.data, self.series.where(slice(fold.first, None))
        plain = data.test_rows is None and fold.fit_rows == fold.train_rows == self._train_rows() and not fold.first
        inputs, outputs = columns_of(data, series)
        try:
            return make_windows(
                series.columns,
                series.stamps,
                lookback=data.lookback,
                steps=data.steps,
                target="price" if data.target == "value" else data.target,
                inputs=inputs,
                outputs=outputs,
                calendar=data.calendar,
                season=self.season,
                train_fraction=data.train_fraction,
                test_rows=None if plain else self.series.rows - fold.fit_rows,
                scaler=data.scaler,
                missing=data.missing,
                gap=gap,
            )
        except DataError as error:
            message = error.message[0].lower() + error.message[1:]
            raise DataError(f"{series.place}: {message}", hint=error.hint) from error

    def folds(self) -> "Iterator[Task]":
        for fold in self.trainings[1:]:
            yield Training(self.config, self._windowed(fold, self._gap))

    def refit(self) -> "Training":
        rows = self.series.rows
        windowed = self._windowed(Fold(0, rows, rows, rows - 1), 0)
        return Training(self.config, windowed, learned_from(windowed, self.series).plain())

    def evaluate(self, network: Network, theta: np.ndarray) -> Evaluation:
        """Measure each network, and test the median of their forecasts against every baseline."""
        return self.evaluate_folds(network, [theta])

    def evaluate_folds(self, network: Network, thetas: Sequence[np.ndarray]) -> Evaluation:
        judged = self._scoring(self.series.target)
        said = [*self._said_of_folds(network, thetas)]
        of_tests = np.concatenate([one.forecasts[..., one.tested] for one in said], axis=-1)
        predicted, rivals = of_tests[:, 0], joined([one.rivals[0] for one in said], [one.tested for one in said])
        combined = median_forecast(predicted.reshape(len(predicted), -1))
        median = combined.values.reshape(judged.actual.shape)
        measured, together = judged.measured(predicted), _plain(judged.measured(median))
        scored = {name: _plain(judged.measured(row)) for name, row in rivals.items()}
        best = min(scored, key=lambda name: scored[name]["rmse"])
        against = {name: judged.test(median, row) for name, row in rivals.items()} if combined.of.any() else {}
        unit = self.series.currency or ""
        made_of = comparison.made_of(combined.of, np.isnan(np.max([theta[:, 0] for theta in thetas], axis=0)))
        finite = {name: np.append(values[combined.of], together[name]) for name, values in measured.items()}
        titled = {self._title(name): scores for name, scores in scored.items()}
        ranges = self._intervals(judged, said, combined.of, median, rivals) if combined.of.any() else []
        of_folds = self._tables_of_folds(judged, predicted, median, rivals)
        return Evaluation(
            metrics=measured,
            units={"rmse": unit, "mae": unit, "mape": "%", "smape": "%"},
            baselines=scored,
            headline=self._judged(together["rmse"], scored, against, made_of),
            notes=[
                *self._note_of_folds(of_folds, best),
                *self._note_of_intervals(ranges, said, best),
            ],
            warnings=(
                *remarks.of_forecast(median, judged),
                *remarks.of_overflow(finite, titled, self.config.data.metric_names),
            ),
            tables={
                "predictions.csv": self._predictions(judged, predicted, median, rivals, best),
                "training_rows.csv": self._last_training_rows(),
                **self._tables_of_columns(of_tests, median, rivals, said),
                **of_folds,
                **self._tables_of_intervals(ranges, median),
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

    def _said_of_folds(self, network: Network, thetas: Sequence[np.ndarray]) -> Iterator[Said]:
        """Fold by fold; the baselines of some of them are fitted together."""
        for start in range(0, len(self.trainings), FOLDS_TOGETHER):
            some = slice(start, start + FOLDS_TOGETHER)
            each = [self._followed(fold) for fold in self.trainings[some]]
            fit_beforehand([one for _, scorings in each for one in scorings.values()], self.season)
            for theta, fold, followed in zip(thetas[some], self.trainings[some], each, strict=True):
                yield self._said(network, theta, fold, followed)

    def _followed(self, fold: Fold) -> tuple[WindowedSeries, dict[str, Scoring]]:
        """The rows of a fold, and of each column that is forecast those for calibration and test."""
        windowed = self.windowed if fold is self.trainings[0] else self._windowed(fold, self._gap)
        rows, steps = windowed.test_rows[windowed.test_rows + fold.first <= fold.last], self.config.data.scored_steps
        columns = {name: windowed.columns[name] for name in windowed.encoding.outputs}
        return windowed, {name: Scoring(of, rows, steps, windowed.train_rows) for name, of in columns.items()}

    def _said(
        self, network: Network, theta: np.ndarray, fold: Fold, followed: tuple[WindowedSeries, dict[str, Scoring]]
    ) -> Said:
        """What the networks of one training, and the baselines, forecast of its calibration and test rows."""
        windowed, scorings = followed
        judged = scorings[self.series.target]
        forecaster = Forecaster(network, theta, windowed.encoding, windowed.lookback)
        return Said(
            forecaster.scored(windowed.columns, windowed.calendar, judged.rows, judged.steps),
            judged.actual,
            [self._baselines(windowed, name, scoring) for name, scoring in scorings.items()],
            judged.rows + fold.first >= fold.train_rows,
        )

    def _scoring(self, column: str) -> Scoring:
        """All test rows."""
        windowed = self.windowed
        rows = windowed.test_rows[windowed.test_rows >= self.tests[0].train_rows]
        return Scoring(windowed.columns[column], rows, self.config.data.scored_steps, windowed.train_rows)

    def _baselines(self, windowed: WindowedSeries, column: str, scoring: Scoring) -> Mapping[str, np.ndarray]:
        """What each baseline forecasts of a column at the rows, from what the network sees."""
        return scoring.baselines(
            window=windowed.reach,
            season=self.season,
            beside=seen_beside(column, windowed.encoding, windowed.columns, windowed.calendar),
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

    def _tables_of_columns(
        self, forecasts: np.ndarray, median: np.ndarray, rivals: Mapping[str, np.ndarray], said: Sequence[Said]
    ) -> dict[str, dict[str, np.ndarray]]:
        """Where there are several columns or steps ahead: the scores of each, and the forecasts of the others."""
        outputs = list(self.windowed.encoding.outputs)
        if len(outputs) == 1 and len(median) == 1:
            return {}
        scores, seeds = Scores(), self.config.seeds
        scores.add(self._scoring(outputs[0]), outputs[0], seeds, forecasts[:, 0], median, rivals)
        others: list[dict[str, np.ndarray]] = []
        for place, name in enumerate(outputs[1:], start=1):
            scoring, predicted = self._scoring(name), forecasts[:, place]
            combined = median_forecast(predicted.reshape(len(predicted), -1)).values.reshape(scoring.actual.shape)
            against = joined([one.rivals[place] for one in said], [one.tested for one in said])
            scores.add(scoring, name, seeds, predicted, combined, against)
            rows = self._predictions(scoring, predicted, combined, against, "naive")
            del rows["best_baseline"]
            others.append({"column": np.repeat(name, scoring.actual.size)} | rows)
        if not others:
            return {"scores.csv": scores.columns()}
        together = {name: np.concatenate([one[name] for one in others], axis=-1) for name in others[0]}
        return {"scores.csv": scores.columns(), "other_columns.csv": together}

    def _tables_of_folds(
        self, judged: Scoring, predicted: np.ndarray, median: np.ndarray, rivals: Mapping[str, np.ndarray]
    ) -> dict[str, dict[str, np.ndarray]]:
        """The errors of every forecaster in each fold, where there are several."""
        if len(self.tests) == 1:
            return {}
        each = forecasters(self.config.seeds, predicted, median, rivals)
        return {"folds.csv": errors_of_folds(self.tests, self.trainings, judged, each, self.series.stamps)}

    def _note_of_folds(self, tables: Mapping[str, Mapping[str, np.ndarray]], best: str) -> list[str]:
        """In how many folds the network has a smaller error than the best baseline."""
        if (folds := tables.get("folds.csv")) is None:
            return []
        ours, rival = (folds["rmse"][folds["forecaster"] == name] for name in ("median", best))
        evaluation = self.config.evaluation
        every = "" if evaluation.retrain_every == 1 else f", trained anew for every {evaluation.retrain_every}"
        return [
            f"Rolling origin over {len(ours)} folds ({evaluation.window} window{every}): the network has a smaller "
            f"RMSE than {self._title(best)} in {np.sum(ours < rival)} of {len(ours)}."
        ]

    def _intervals(
        self,
        judged: Scoring,
        said: Sequence[Said],
        of: np.ndarray,
        median: np.ndarray,
        rivals: Mapping[str, np.ndarray],
    ) -> list[coverage.Tested]:
        """The intervals of the median of the models `of` and of every baseline; none where no level is asked for."""
        evaluation = self.config.evaluation
        if evaluation is None or not evaluation.levels:
            return []
        ours = [(one.actual - quantiles(one.forecasts[of, 0], (0.5,))[0])[:, ~one.tested] for one in said]
        everyone = {"median": coverage.Forecasts(ours, median)}
        for name, values in rivals.items():
            errors = [(one.actual - one.rivals[0][name])[:, ~one.tested] for one in said]
            everyone[name] = coverage.Forecasts(errors, values)
        which = np.repeat(np.arange(len(said)), [one.tested.sum() for one in said])
        return coverage.tested(evaluation.levels, everyone, judged.actual, which, judged.steps)

    def _note_of_intervals(self, ranges: "Sequence[coverage.Tested]", said: Sequence[Said], best: str) -> list[str]:
        rows = [int((~one.tested).sum()) for one in said]
        return coverage.sentences(ranges, "median", best, self._title(best), rows, len(self.config.data.scored_steps))

    def _tables_of_intervals(
        self, ranges: "Sequence[coverage.Tested]", median: np.ndarray
    ) -> dict[str, dict[str, np.ndarray]]:
        if not ranges:
            return {}
        steps, rows = self.config.data.scored_steps, self._scoring(self.series.target).rows
        ours = [one for one in ranges if one.forecaster == "median"]
        return {
            "intervals.csv": coverage.table(ranges, steps),
            "prediction_intervals.csv": coverage.bounds(ours, median, self.series.stamps[rows], steps),
        }

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


class Training(Task):
    """What one further training sees: of a rolling origin, which is measured with the others, or on all rows."""

    def __init__(self, config, windowed: WindowedSeries, learned: Mapping[str, object] = MappingProxyType({})) -> None:
        super().__init__(config)
        self.learned = learned
        self.sequences = sequences_of(windowed, every=self.every, dtype=self.dtype)
        self.input_size, self.output_size = windowed.encoding.features, windowed.encoding.targets

    def evaluate(self, network: Network, theta: np.ndarray) -> Evaluation:
        raise NotImplementedError("A further training is measured with the first one.")


def learned_from(windowed: WindowedSeries, series: Series) -> Learned:
    """What is learned of the training rows besides parameters, of windows over a series."""
    rows, encoding = windowed.train_rows, windowed.encoding
    digest = digest_of(series, encoding, rows)
    return Learned(encoding, windowed.lookback, series.rows, rows, series.stamps[rows - 1], digest)


def sequences_of(windowed: WindowedSeries, *, every: bool, dtype: np.dtype) -> Batch:
    """The training windows, with a target after the last step or after every one."""
    train = windowed.train()
    targets = windowed.targets_of_steps() if every else train.targets
    remarks.check_dtype(windowed, (train.inputs, targets), dtype)
    weights = windowed.weights_of_steps() if every else None
    return Batch(np.ascontiguousarray(train.inputs, dtype=dtype), targets.astype(dtype), weights=weights)


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
