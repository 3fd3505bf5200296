"""Several columns and several steps ahead, from the config to the tables."""

import csv

import numpy as np
import pytest

from rnnlab.config import load
from rnnlab.errors import ConfigError, DataError
from rnnlab.experiments.setup import build_setup
from rnnlab.forecasting import metrics
from rnnlab.tasks.task import build_task

ROWS = 80
TRAIN = 64


@pytest.fixture
def columns(tmp_path, monkeypatch):
    """A file of three columns over days, in the working folder."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(3)
    found = {"a": rng.normal(size=ROWS).cumsum(), "b": 5 + rng.normal(size=ROWS).cumsum(), "c": rng.normal(size=ROWS)}
    write(found)
    return found


def write(columns):
    days = np.datetime64("2020-01-01") + np.arange(ROWS)
    with open("many.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["date", *columns])
        table.writerows(zip(days, *([repr(float(v)) for v in values] for values in columns.values()), strict=True))


def config_of(*overrides, seeds="2"):
    with open("many.yaml", "w", encoding="utf-8") as file:
        file.write("data: {kind: csv, path: many.csv, value_column: a, lookback: 4}\nmodel: {hidden_size: 3}\n")
    return load("many.yaml", overrides=overrides, seeds=seeds)


def evaluated(*overrides, seeds="2", seed=0):
    """The task and what networks of random weights are worth."""
    config = config_of(*overrides, seeds=seeds)
    task = build_task(config)
    setup = build_setup(config, task)
    theta = np.random.default_rng(seed).normal(size=setup.theta.shape) / 3
    return task, task.evaluate(setup.network, theta)


@pytest.mark.parametrize("strategy", ["direct", "recursive"])
def test_every_step_is_scored_on_the_same_rows(columns, strategy):
    task, found = evaluated("data.horizon=3", f"data.strategy={strategy}")
    table, scores = found.tables["predictions.csv"], found.tables["scores.csv"]
    actual = columns["a"][TRAIN:]
    np.testing.assert_array_equal(table["step"], np.repeat([1, 2, 3], 16))
    np.testing.assert_array_equal(table["actual"], np.tile(actual, 3))
    for step in (1, 2, 3):
        here = table["step"] == step
        np.testing.assert_array_equal(table["naive"][here], columns["a"][TRAIN - step : ROWS - step])
        forecasts = {"median": table["median"], "seed_0": table["predicted"][0], "naive": table["naive"]}
        for name, forecast in forecasts.items():
            row = (scores["step"] == step) & (scores["forecaster"] == name)
            assert scores["rmse"][row] == metrics.rmse(actual, forecast[here])
    assert found.metrics["rmse"][1] == metrics.rmse(table["actual"], table["predicted"][1])
    assert found.combined is not None
    assert found.combined.metrics["mae"] == metrics.mae(table["actual"], table["median"])
    assert "All of it is over 3 steps ahead together" in found.headline
    assert (task.input_size, task.output_size) == (1, 3 if strategy == "direct" else 1)


@pytest.mark.usefixtures("columns")
def test_the_test_of_several_steps_is_that_of_their_mean_loss():
    from rnnlab.forecasting.comparison import equal_accuracy

    _, found = evaluated("data.horizon=3", "data.strategy=direct", seeds="1")
    table = found.tables["predictions.csv"]
    losses = [(table["actual"] - table[name]) ** 2 for name in ("median", "naive")]
    expected = equal_accuracy((losses[0] - losses[1]).reshape(3, -1).mean(axis=0), horizon=3)
    test = found.tests["diebold_mariano"]["median"]["naive"]
    assert test["statistic"] == pytest.approx(expected.statistic, rel=1e-9)
    assert test["p_value"] == pytest.approx(expected.p_value, rel=1e-9)


@pytest.mark.usefixtures("columns")
def test_a_recursive_forecast_is_that_of_one_step_ahead_fed_back():
    _, once = evaluated("data.horizon=1", seeds="1")
    _, fed_back = evaluated("data.horizon=3", "data.strategy=recursive", seeds="1")
    table = fed_back.tables["predictions.csv"]
    first = table["step"] == 1
    np.testing.assert_array_equal(table["predicted"][0][first], once.tables["predictions.csv"]["predicted"][0])


def test_several_columns_in_and_out(columns):
    task, found = evaluated("data.inputs=[c, a, b]", "data.outputs=[b, a]", "data.calendar=[weekday]")
    assert (task.input_size, task.output_size) == (5, 2)
    assert (task.record["column"], task.record["inputs"]) == ("a", ["c", "a", "b", "weekday"])
    assert task.record["outputs"] == ["a", "b"]
    np.testing.assert_array_equal(found.tables["predictions.csv"]["actual"], columns["a"][TRAIN:])
    other = found.tables["other_columns.csv"]
    assert set(other["column"]) == {"b"}
    np.testing.assert_array_equal(other["actual"], columns["b"][TRAIN:])
    scores = found.tables["scores.csv"]
    row = (scores["column"] == "b") & (scores["forecaster"] == "seed_1")
    assert scores["rmse"][row] == metrics.rmse(other["actual"], other["predicted"][1])
    _, alone = evaluated("data.inputs=[c, a, b]")
    both, one = found.baselines, alone.baselines
    assert both["naive"] == one["naive"]
    assert both["window_map"] != one["window_map"]  # the calendar is information too


def test_poisoned_test_rows_change_nothing_that_is_learned(columns):
    keys = (
        "data.inputs=[a, b, c]",
        "data.outputs=[a, c]",
        "data.horizon=2",
        "data.strategy=direct",
        "data.scaler=robust",
    )
    clean = build_task(config_of(*keys))
    write(
        {
            name: np.where(np.arange(ROWS) < TRAIN, values, 1e6 * (2 + np.arange(ROWS)))
            for name, values in columns.items()
        }
    )
    spoilt = build_task(config_of(*keys))
    np.testing.assert_array_equal(clean.sequences.inputs, spoilt.sequences.inputs)
    np.testing.assert_array_equal(clean.sequences.targets, spoilt.sequences.targets)
    assert clean.learned == spoilt.learned


def test_a_column_that_holds_the_answer_is_called_leakage(columns):
    write(columns | {"c": np.roll(columns["a"], -1)})
    warnings = build_task(config_of("data.inputs=[a, c]")).warnings
    assert any(warning.startswith("c all but says what a will be 1 row later") for warning in warnings)
    write(columns | {"c": np.roll(columns["a"], 1)})  # known the day before: no leakage
    assert not any("leakage" in warning for warning in build_task(config_of("data.inputs=[a, c]")).warnings)


def test_a_readout_at_every_step_learns_every_step_ahead(columns):
    task = build_task(config_of("model.readout=every", "data.horizon=3", "data.strategy=direct", "data.scaler=none"))
    targets = task.sequences.targets
    for n in range(targets.shape[1]):
        for t in range(4):
            np.testing.assert_array_equal(targets[t, n], columns["a"][n + t + 1 : n + t + 4])


@pytest.mark.usefixtures("columns")
def test_what_is_not_there_is_named():
    with pytest.raises(DataError, match="no column 'd' to take the values from"):
        build_task(config_of("data.inputs=[a, d]"))
    with pytest.raises(DataError, match="'date' holds the dates"):
        build_task(config_of("data.inputs=[a, date]"))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["data.outputs=[b]"], "data.outputs must hold data.value_column, a, which is judged; got b."),
        (["data.inputs=[a, b]", "data.strategy=recursive"], "data.outputs lacks b"),
        (["data.inputs=[b]", "data.scaler=window"], "data.scaler: window needs every forecast column"),
        (["data.inputs=[]"], "data.inputs must be a list of distinct names of columns, or null; it is empty"),
        (["data.inputs=[a, a]"], "(a is there more than once)"),
        (["data.calendar=[monday]"], "data.calendar must be a list of some of weekday, month, hour"),
        (["data.scaler=window", "model.readout=every"], "data.scaler: window"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("columns")
def test_what_cannot_stand_together_is_refused(overrides, message):
    with pytest.raises(ConfigError) as caught:
        config_of(*overrides)
    assert message in str(caught.value)


def test_a_seasonal_difference_needs_a_season(columns):
    days = np.datetime64("2020-01-01") + np.arange(ROWS) * np.array([1, 2] * 40).cumsum()[:ROWS] // np.arange(
        1, ROWS + 1
    )
    with open("odd.csv", "w", encoding="utf-8") as file:
        file.write("date,a\n" + "".join(f"{day},{i}\n" for i, day in enumerate(np.unique(days + np.arange(ROWS) ** 2))))
    with pytest.raises(ConfigError, match="seasonal_difference needs a season"):
        build_task(config_of("data.path=odd.csv", "data.target=seasonal_difference"))
    task = build_task(config_of("data.target=seasonal_difference", "data.scaler=none", "data.horizon=2"))
    assert task.season == 7  # type: ignore[attr-defined]
    targets, values = task.sequences.targets, columns["a"]
    for n in range(targets.shape[0]):
        origin = n + 7 + 3
        assert targets[n, 0] == pytest.approx(values[origin + 2] - values[origin - 5], rel=1e-12)
