"""The figures of a forecast, from what a completed run left."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from rnnlab.forecasting import baselines, metrics
from rnnlab.forecasting.combination import median_forecast
from rnnlab.tasks.task import Completed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from rnnlab.plots.forecast import Baseline, TrainingPart

Rows = Mapping[str, np.ndarray]


def figures(config: Any, run: Completed) -> "dict[str, Callable[[], Figure]]":
    """The forecast of the test rows, and where there are several steps ahead or folds the error of each."""
    found = {"forecast.png": partial(_forecast, config, run)}
    if len(config.data.scored_steps) > 1:
        found["forecast_steps.png"] = partial(_by_step, config, run)
    if config.evaluation is not None and config.evaluation.kind == "rolling":
        found["forecast_folds.png"] = partial(_by_fold, config, run)
    return found


def _forecast(config: Any, run: Completed) -> "Figure":
    """The furthest step ahead, of the median of the models."""
    from rnnlab.plots.bands import drawable
    from rnnlab.plots.forecast import forecast

    data, rows = run.record["data"], run.read_table("predictions.csv")
    several = "step" in rows
    if several:
        furthest = rows["step"] == rows["step"].max()
        rows = {name: column[furthest] for name, column in rows.items()}
    by_seed = [rows["seed"] == seed for seed in config.seeds]
    shared = {name: column[by_seed[0]] for name, column in rows.items()}
    predicted = np.stack([rows["predicted"][of_seed] for of_seed in by_seed])
    ahead = f", {config.data.horizon} rows ahead" if several else ""
    return forecast(
        _times(shared["date"]),
        drawable(shared["actual"]),
        drawable(shared["naive"]),
        predicted,
        quantity="price" if data["currency"] or data["adjustment"] else data["name"],
        unit=data["currency"] or "",
        rmse=_combined_rmse(run, shared["actual"], predicted, of_rows=several),
        naive_rmse=_rmse(run, "naive", shared if several else None),
        model="network",
        title=f"{config.name}: forecast of the test rows of {data['name']}{ahead}",
        best=_best(run, shared, of_rows=several),
        training=_training_part(run, data.get("train_range")),
    )


def _by_step(config: Any, run: Completed) -> "Figure":
    scores = run.read_table("scores.csv")
    judged = scores["column"] == run.record["data"]["column"]
    of = {name: column[judged] for name, column in scores.items()}
    title = f"{config.name}: error of each step ahead ({config.data.strategy})"
    return _along(config, run, of, "step", "steps ahead (rows)", title)


def _by_fold(config: Any, run: Completed) -> "Figure":
    window = config.evaluation.window
    title = f"{config.name}: error in each fold of the rolling origin ({window} window)"
    return _along(config, run, run.read_table("folds.csv"), "fold", "fold, in the order of time", title)


def _along(config: Any, run: Completed, rows: Rows, place: str, along: str, title: str) -> "Figure":
    """The errors of the network, of persistence and of the best baseline over the places of a table."""
    from rnnlab.plots.steps import Course, errors_along

    tests = run.record["tests"]
    best, season = tests["diebold_mariano"]["against"], tests["seasonal_naive"]["season"]

    def course(forecaster: str, name: str) -> Course:
        return Course(name, rows["rmse"][rows["forecaster"] == forecaster])

    return errors_along(
        rows[place][rows["forecaster"] == "median"],
        np.stack([course(f"seed_{seed}", "").rmse for seed in config.seeds]),
        course("median", "network"),
        [course(name, baselines.BASELINES[name].title_with(season)) for name in dict.fromkeys(["naive", best])],
        along=along,
        unit=run.record["data"]["currency"] or "",
        title=title,
    )


def _combined_rmse(run: Completed, actual: np.ndarray, predicted: np.ndarray, *, of_rows: bool) -> float:
    """Of the median forecast; NaN where it is beyond the floats. Runs of old have it in their table alone."""
    combined = run.record.get("combined")
    if of_rows or combined is None:
        return float(metrics.rmse(actual, median_forecast(predicted).values))
    return float(np.array(combined["metrics"]["rmse"], float))


def _times(written: np.ndarray) -> np.ndarray:
    """Times of a table: step numbers, or text as datetime64 of its own resolution."""
    return written if written.dtype.kind in "if" else written.astype("datetime64")


def _rmse(run: Completed, baseline: str, rows: Rows | None = None) -> float:
    """Of a baseline on the test rows, or on some of them; NaN where it is beyond the floats."""
    if rows is not None:
        return float(metrics.rmse(rows["actual"], rows["naive" if baseline == "naive" else "best_baseline"]))
    return float(np.array(run.record["baselines"][baseline]["rmse"], float))


def _best(run: Completed, rows: Rows, *, of_rows: bool) -> "Baseline | None":
    """The baseline to beat, where that is not persistence; runs of old have no column of it."""
    from rnnlab.plots.forecast import Baseline

    tests = run.record["tests"]
    best, values = tests["diebold_mariano"]["against"], rows.get("best_baseline")
    if best == "naive" or values is None:
        return None
    name = baselines.BASELINES[best].title_with(tests["seasonal_naive"]["season"])
    return Baseline(name, values, _rmse(run, best, rows if of_rows else None))


def _training_part(run: Completed, ends: Any) -> "TrainingPart | None":
    """What came before the forecast; runs of old have no table of it."""
    from rnnlab.plots.bands import drawable
    from rnnlab.plots.forecast import TrainingPart

    if ends is None:
        return None
    rows = run.read_table("training_rows.csv")
    return TrainingPart(_times(rows["date"]), drawable(rows["value"]), *(float(drawable(end)) for end in ends))
