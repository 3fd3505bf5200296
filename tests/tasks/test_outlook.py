"""Forecasts of several steps: no row is off by one, none sees the future, and errors are those of past forecasts."""

import numpy as np
import pytest

from rnnlab.data.calendar_features import calendar_features
from rnnlab.data.encoding import Base
from rnnlab.data.windows import make_windows
from rnnlab.engine.architecture import Architecture
from rnnlab.engine.network import Network
from rnnlab.errors import DataError, RunFolderError
from rnnlab.forecasting import baselines, intervals
from rnnlab.tasks.forecast.ahead import Forecaster, median_of
from rnnlab.tasks.forecast.learned import Learned
from rnnlab.tasks.forecast.outlook import Fitted, outlook

LOOKBACK = 6


def forecaster(values, target="price", horizon=1, theta=None, seeds=1, train_fraction=0.7):
    """A network that says its last input again; or one with the parameters given."""
    encoding = make_windows(
        values, lookback=LOOKBACK, steps=(horizon,), target=target, train_fraction=train_fraction, scaler="standard"
    ).encoding
    network = Network(Architecture(1, 1, 1, activation="identity"))
    if theta is None:
        theta = np.zeros((seeds, network.layout.size))
        views = network.layout.views(theta)
        views["layer0.W_xh"][:] = 1.0
        views["readout.W_ho"][:] = 1.0
    return Forecaster(network, theta, encoding, LOOKBACK)


def ahead(one, values, origins, steps):
    """(R, O, steps) of a series of one column."""
    return one.ahead({"value": values}, np.empty((len(values) + steps, 0)), origins, steps)[:, :, 0]


def outlook_of(one, values, observed, *, steps, first_unseen, **options):
    tested = Fitted(one, {"value": values}, first_unseen)
    return outlook(tested, np.empty((len(values) + steps, 0)), observed, steps=steps, **options)


RAMP = 10.0 + np.arange(80.0)


@pytest.mark.parametrize("horizon", [1, 2, 5])
def test_on_a_ramp_no_step_is_off_by_one(horizon):
    """A network that repeats its last input gives, `horizon` rows later, the value of the last row that it read."""
    origins = np.arange(40, 80)
    found = ahead(forecaster(RAMP, horizon=horizon), RAMP, origins, 12)[0]
    for k in range(1, 13):
        read = k - horizon if k <= horizon else (k - 1) % horizon + 1 - horizon  # the row after the origin, 0 or before
        np.testing.assert_allclose(found[:, k - 1], RAMP[origins] + read, rtol=1e-12)


@pytest.mark.parametrize("target", ["difference", "log_return"])
def test_changes_are_added_to_the_last_forecast(target):
    """On a ramp the last change repeated is the ramp itself; of growth, growth itself."""
    values = RAMP if target == "difference" else 1.02 ** np.arange(80.0)
    encoding_of = forecaster(values + np.random.default_rng(0).normal(size=80) * 1e-3, target)
    coming = RAMP[-1] + np.arange(1, 11) if target == "difference" else values[-1] * 1.02 ** np.arange(1, 11)
    np.testing.assert_allclose(ahead(encoding_of, values, [79], 10)[0, 0], coming, rtol=1e-9)


@pytest.mark.parametrize("target", ["price", "difference"])
@pytest.mark.parametrize("horizon", [1, 3])
def test_rows_after_an_origin_change_nothing(target, horizon):
    rng = np.random.default_rng(1)
    values = rng.normal(size=120).cumsum()
    network = Network(Architecture(1, 4, 1))
    theta = rng.normal(size=(3, network.layout.size))
    one = forecaster(values, target, horizon, theta)
    one = Forecaster(network, theta, one.encoding, LOOKBACK)
    origins = np.arange(60, 110, 7)
    clean = ahead(one, values, origins, 9)
    for place, origin in enumerate(origins):
        poisoned = values.copy()
        poisoned[origin + 1 :] = np.nan
        np.testing.assert_array_equal(ahead(one, poisoned, origins, 9)[:, place], clean[:, place])


def test_beyond_the_horizon_the_median_of_the_models_is_read():
    rng = np.random.default_rng(2)
    values = rng.normal(size=60).cumsum()
    network = Network(Architecture(1, 3, 1))
    theta = rng.normal(size=(5, network.layout.size))
    one = Forecaster(network, theta, forecaster(values).encoding, LOOKBACK)
    path = values.copy()
    for step in range(8):
        each = ahead(one, path, [len(path) - 1], 1)[:, 0, 0]
        np.testing.assert_allclose(ahead(one, values, [59], 8)[:, 0, step], each, rtol=1e-12)
        path = np.append(path, np.median(each))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_window_gives_the_same_bits_whichever_stand_beside_it(dtype):
    rng = np.random.default_rng(7)
    network = Network(Architecture(1, 7, 1, layers=2))
    theta = rng.normal(size=(3, network.layout.size)).astype(dtype)
    one = Forecaster(network, theta, forecaster(RAMP).encoding, LOOKBACK)
    inputs, base = rng.normal(size=(LOOKBACK, 150, 1)), Base(*np.ones((3, 1, 1)))
    together = one.values(inputs, base)
    for _ in range(20):
        some = rng.permutation(150)[: rng.integers(1, 150)]
        np.testing.assert_array_equal(one.values(inputs[:, some], base), together[:, some])


def test_a_model_that_diverged_is_left_out_of_the_median():
    said = np.array([[1.0, np.nan], [np.nan, np.inf], [3.0, np.nan]])[:, np.newaxis]
    np.testing.assert_array_equal(median_of(said), [[2.0, np.nan]])
    values = np.random.default_rng(3).normal(size=60)
    one = forecaster(values, seeds=2)
    one.theta[1] = np.nan
    found = ahead(one, values, [50], 4)
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1]).all()


def test_too_few_rows_are_refused():
    with pytest.raises(DataError, match="needs at least 8 rows before it; there are 7"):
        ahead(forecaster(RAMP, "difference", 2), RAMP[:7], [6], 1)


def test_errors_are_those_of_forecasts_made_before_the_rows_came():
    rng = np.random.default_rng(4)
    values, observed = rng.normal(size=100).cumsum(), np.ones(100, dtype=bool)
    observed[90] = False
    found = outlook_of(forecaster(values), values, observed, steps=5, first_unseen=70, season=7)
    assert (found.steps, found.rows, found.direct, found.first_unseen) == (5, 29, 1, 70)
    assert [found.without_value(step) for step in range(1, 6)] == [1] * 5
    naive = found.rivals["naive"]
    for step in range(1, 6):
        assert naive.rmse_at(step) == pytest.approx(np.sqrt(np.nanmean(naive.errors[:, step - 1] ** 2)), rel=1e-12)
        assert found.best_at(step) == min(found.rivals, key=lambda name, k=step: found.rivals[name].rmse_at(k))
    np.testing.assert_allclose(found.network.values, values[-1], rtol=1e-12)
    np.testing.assert_allclose(found.network.errors, naive.errors, atol=1e-12)  # the network is persistence
    for k in range(1, 6):
        for place, origin in enumerate(range(69, 99)):
            row = origin + k
            if row > 99 or row == 90:
                assert np.isnan(naive.errors[place, k - 1])
            else:
                assert naive.errors[place, k - 1] == values[row] - values[origin]
        expected = np.array([values[r] - values[r - k] for r in range(69 + k, 100) if r != 90])
        assert naive.half_widths(0.9)[k - 1] == intervals.half_widths(expected, 0.9)
    assert set(found.rivals) == set(baselines.BASELINES)
    for name, course in found.rivals.items():
        alone = baselines.forecasts(values, [99 + 3], 3, training_rows=70, window=LOOKBACK, season=7)[name]
        assert course.values[2] == alone[0]
    assert found.best == min(found.rivals, key=lambda name: found.rivals[name].rmse)
    checked = found.checked(0.5)
    errors = naive.errors[:, 0][~np.isnan(naive.errors[:, 0])]
    half = intervals.half_widths(errors[:14], 0.5)
    assert (int(checked.rows), int(checked.covered)) == (15, int(np.sum(np.abs(errors[14:]) <= half)))


def test_poisoned_rows_that_come_later_change_no_error_made_before():
    values = np.random.default_rng(5).normal(size=100).cumsum()
    seen = np.ones(100, dtype=bool)
    one = forecaster(values)
    clean = outlook_of(one, values, seen, steps=3, first_unseen=60, season=None)
    poisoned = values.copy()
    poisoned[80:] = 1e6
    late = outlook_of(one, poisoned, seen, steps=3, first_unseen=60, season=None)
    for name, course in clean.rivals.items():
        np.testing.assert_array_equal(course.errors[:17], late.rivals[name].errors[:17], err_msg=name)
    np.testing.assert_array_equal(clean.network.errors[:17], late.network.errors[:17])


@pytest.mark.parametrize("last", [np.datetime64("2020-01-31"), np.datetime64("2020-01-31T15:30:00"), np.int64(17)])
def test_what_was_learned_comes_back_to_the_last_bit(last):
    encoding = make_windows(np.random.default_rng(6).normal(size=50) / 3, lookback=4, target="difference").encoding
    learned = Learned(encoding, 4, 50, 40, last)
    assert Learned.of(learned.plain(), "x") == learned


@pytest.mark.parametrize(
    "content", [{}, {"encoding": 1}, {"encoding": {"inputs": {}, "targets": {}}}, {"lookback": "x"}]
)
def test_a_damaged_file_is_one_sentence(content):
    with pytest.raises(RunFolderError, match=r"'task\.json' is damaged: "):
        Learned.of(content, "task.json")


@pytest.mark.parametrize("change", [
    {"lookback": 0}, {"rows": True}, {"train_rows": 1.5}, {"last": None}, {"lookback": 10**30},
    {"encoding": {"steps": [-1]}}, {"encoding": {"steps": [2, 1]}}, {"encoding": {"steps": [1, 2]}},
    {"encoding": {"target": "x"}}, {"encoding": {"inputs": {"value": {"scale": 0.0}}}}, {"encoding": {"outputs": 5}},
    {"encoding": {"inputs": {"value": {"offset": float("nan")}}}}, {"encoding": {"season": 0}},
    {"encoding": {"inputs": {"value": {"offset": "1"}}}}, {"encoding": {"calendar": ["x"]}},
    {"encoding": {"by_window": 1}},
])  # fmt: skip
def test_numbers_that_no_training_writes_are_damage(change):
    def changed(content, change):
        return content | {k: changed(content[k], v) if isinstance(v, dict) else v for k, v in change.items()}

    encoding = make_windows(np.random.default_rng(6).normal(size=50), lookback=4).encoding
    content = Learned(encoding, 4, 50, 40, np.int64(39)).plain()
    assert Learned.of(content, "x").plain() == content
    with pytest.raises(RunFolderError, match="'x' is damaged"):
        Learned.of(changed(content, change), "x")


def directly(columns, steps, target="difference", scaler="none", **options):
    """A linear network over windows of `columns`, its weights to be set: output c, k from the last input step of c."""
    windowed = make_windows(columns, lookback=LOOKBACK, steps=steps, target=target, scaler=scaler, **options)
    encoding = windowed.encoding
    names, size = list(encoding.inputs), encoding.features
    network = Network(Architecture(size, size, encoding.targets, activation="identity"))
    theta = np.zeros((1, network.layout.size))
    views = network.layout.views(theta)
    views["layer0.W_xh"][0] = np.eye(size)
    for place, (name, k) in enumerate((name, k) for name in encoding.outputs for k in range(len(steps))):
        views["readout.W_ho"][0, names.index(name), place] = encoding.steps[k]
    return windowed, Forecaster(network, theta, encoding, LOOKBACK)


@pytest.mark.parametrize("steps", [(1,), (4,), (1, 2, 3), tuple(range(1, 8))])
@pytest.mark.parametrize("target", ["difference", "seasonal_difference"])
@pytest.mark.parametrize("stride", ["D", "M", "h", "step"])
def test_on_ramps_of_several_columns_no_step_is_off_by_one(steps, target, stride):
    """The change over one row, times the rows ahead, is the change to come, in every calendar."""
    rows = 90
    columns = {"a": 10.0 + np.arange(rows), "b": 5.0 - 3.0 * np.arange(rows)}
    times = np.arange(rows) if stride == "step" else np.datetime64("2020-01", stride) + np.arange(rows)
    calendar = () if stride == "step" else ("weekday", "month")
    windowed, one = directly(columns, steps, target, stamps=times, calendar=calendar, season=6)
    if target == "seasonal_difference":  # of a ramp it is the same at every row, and so is what is forecast
        views = one.network.layout.views(one.theta)
        distances = [6 * -(-k // 6) for k in steps]
        views["readout.W_ho"][0, :2] = 0.0
        for c in range(2):
            for k, distance in enumerate(distances):
                views["readout.W_ho"][0, c, c * len(steps) + k] = distance / 6
    later = times[-1] + np.arange(1, 21)
    features = calendar_features(np.concatenate([times, later]), calendar)
    origins = np.arange(40, rows)
    found = one.ahead(columns, features, origins, 20)[0]
    for c, slope in enumerate((1.0, -3.0)):
        last = list(columns.values())[c][origins]
        for k in range(1, 21):
            if steps == (4,) and k < 4:
                continue  # from a window that ends before the origin, which is as good on a ramp
            np.testing.assert_allclose(found[:, c, k - 1], last + slope * k, rtol=1e-9)
    rows_scored = windowed.test_rows
    said = one.scored(columns, windowed.calendar, rows_scored, steps)[0]
    for c, values in enumerate(columns.values()):
        np.testing.assert_allclose(said[c], np.broadcast_to(values[rows_scored], said[c].shape), rtol=1e-9)


@pytest.mark.parametrize("steps", [(1,), (3,), (1, 2, 3)])
@pytest.mark.parametrize("scaler", ["minmax", "robust", "window"])
@pytest.mark.parametrize("target", ["price", "log_return", "difference", "seasonal_difference"])
def test_nothing_after_an_origin_changes_a_forecast_of_several_columns(steps, scaler, target):
    rng = np.random.default_rng(8)
    columns = {name: np.exp(rng.normal(size=120).cumsum() / 20) for name in ("a", "b", "x")}
    options = {"lookback": LOOKBACK, "steps": steps, "target": target, "scaler": scaler, "season": 4}
    encoding = make_windows(columns, outputs=("a", "b"), **options).encoding
    network = Network(Architecture(3, 4, encoding.targets))
    one = Forecaster(network, rng.normal(size=(2, network.layout.size)), encoding, LOOKBACK)
    origins, features = np.arange(60, 110, 7), np.empty((130, 0))
    clean = one.ahead(columns, features, origins, steps[-1])
    for place, origin in enumerate(origins):
        poisoned = {name: np.where(np.arange(120) > origin, np.nan, values) for name, values in columns.items()}
        np.testing.assert_array_equal(one.ahead(poisoned, features, origins, steps[-1])[:, place], clean[:, place])
    rows = np.arange(70, 110)
    said = one.scored(columns, features, rows, steps)
    for n, row in enumerate(rows):
        for k, step in enumerate(steps):
            alone = one.at(columns, features, [row - step])[:, 0, :, k]
            np.testing.assert_array_equal(said[:, :, k, n], alone)


def test_what_is_read_and_not_forecast_ends_at_the_horizon():
    columns = {"a": RAMP, "x": RAMP[::-1].copy()}
    _, one = directly(columns, (1, 2, 3), outputs=("a",))
    features = np.empty((90, 0))
    assert one.ahead(columns, features, [60], 3).shape == (1, 1, 1, 3)
    with pytest.raises(DataError, match="forecasts 3 rows ahead; 4 would need what x will be") as caught:
        one.ahead(columns, features, [60], 4)
    assert "at most 3" in (caught.value.hint or "")


def test_recursion_of_several_columns_reads_the_median_of_each():
    rng = np.random.default_rng(9)
    columns = {"a": rng.normal(size=60).cumsum(), "b": rng.normal(size=60).cumsum()}
    encoding = make_windows(columns, lookback=LOOKBACK).encoding
    network = Network(Architecture(2, 3, 2))
    one = Forecaster(network, rng.normal(size=(5, network.layout.size)), encoding, LOOKBACK)
    path = {name: values.copy() for name, values in columns.items()}
    far = one.ahead(columns, np.empty((70, 0)), [59], 6)[:, 0]
    for step in range(6):
        each = one.at(path, np.empty((70, 0)), [59 + step])[:, 0, :, 0]
        np.testing.assert_allclose(far[:, :, step], each, rtol=1e-12)
        for c, name in enumerate(path):
            path[name] = np.append(path[name], np.median(each[:, c]))
