"""Windows: the split by rows, what training may see, and the way back to values."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rnnlab
from rnnlab.data.windows import count_train_rows, make_windows
from rnnlab.errors import DataError

SNAPSHOTS = Path(rnnlab.__file__).parent / "data" / "prices" / "snapshots"
TARGETS = ("price", "difference", "log_return")
SCALERS = ("minmax", "standard", "robust", "none")


def closes(symbol):
    return np.loadtxt(SNAPSHOTS / f"{symbol}.csv", delimiter=",", skiprows=1, usecols=1)


def walk(rows, seed=0):
    return 100.0 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.02, rows)))


# Row counts and persistence errors were computed independently from the raw data, one step ahead.
@pytest.mark.parametrize(
    ("symbol", "train_rows", "test_rows", "rmse", "mae"),
    [("AAPL", 1612, 403, 10.149, 7.203), ("GOOG", 1718, 430, 10.376, 7.236)],
)
def test_persistence_on_the_snapshots(symbol, train_rows, test_rows, rmse, mae):
    series = make_windows(closes(symbol), lookback=20)
    assert (series.train_rows, len(series.test_rows)) == (train_rows, test_rows)
    error = np.diff(series.values)[series.test_rows - 1]
    assert np.sqrt(np.mean(error**2)) == pytest.approx(rmse, abs=5e-4)
    assert np.abs(error).mean() == pytest.approx(mae, abs=5e-4)


def test_most_test_rows_of_aapl_leave_the_training_range():
    values = closes("AAPL")
    above = np.mean(values[1612:] > values[:1612].max())
    share = make_windows(values, lookback=20).outside_training_range(1612)["value"]
    assert share == above
    assert share == pytest.approx(0.83, abs=0.005)
    assert make_windows(values, lookback=20, target="log_return").outside_training_range(1612)["value"] < 0.01


@given(
    rows=st.integers(30, 80),
    lookback=st.integers(1, 6),
    steps=st.sampled_from([(1,), (3,), (1, 2, 3, 4)]),
    target=st.sampled_from([*TARGETS, "seasonal_difference"]),
    scaler=st.sampled_from(SCALERS),
)
def test_every_window_is_what_the_definition_says(rows, lookback, steps, target, scaler):
    columns = {"a": walk(rows), "b": walk(rows, 1), "c": walk(rows, 2)}
    series = make_windows(
        columns, lookback=lookback, steps=steps, target=target, inputs=("b", "a"), outputs=("a", "c"), season=5,
        train_fraction=0.7, scaler=scaler,
    )  # fmt: skip
    train, distance = series.train(), {"price": 0, "seasonal_difference": 5}.get(target, 1)
    assert train.inputs.shape == (lookback, train.size, 2)
    assert train.targets.shape == (train.size, 2 * len(steps))
    np.testing.assert_array_equal(train.origins, np.arange(lookback + distance - 1, series.train_rows - steps[-1]))
    np.testing.assert_array_equal(series.test_rows, np.arange(series.train_rows, rows))

    def change(value, before):
        if target == "price":
            return value
        return np.log(value / before) if target == "log_return" else value - before

    for n, origin in enumerate(train.origins):
        for place, name in enumerate(("b", "a")):
            values = columns[name]
            unscaled = series.encoding.inputs[name].inverse(train.inputs[:, n, place])
            seen = [change(values[s], values[s - distance]) for s in range(origin - lookback + 1, origin + 1)]
            np.testing.assert_allclose(unscaled, seen, rtol=1e-9, atol=1e-9)
        for place, (name, k) in enumerate((name, k) for name in ("a", "c") for k in steps):
            values, anchor = columns[name], origin
            if target == "seasonal_difference":
                anchor = next(row for row in range(origin + k - 5, -1, -5) if row <= origin)
            scaling = series.encoding.outputs[name][steps.index(k)]
            unscaled = scaling.inverse(train.targets[n, place])
            np.testing.assert_allclose(unscaled, change(values[origin + k], values[anchor]), rtol=1e-9, atol=1e-9)
    _, base = series.windows_at(train.origins)
    back = series.encoding.to_values(train.targets, base)
    for place, name in enumerate(("a", "c")):
        for at, k in enumerate(steps):
            np.testing.assert_allclose(back[:, place, at], columns[name][train.origins + k], rtol=1e-12)
    later = series.targets_of_steps()
    assert later.shape == (lookback, train.size, 2 * len(steps))
    np.testing.assert_array_equal(later[-1], train.targets)
    if lookback > 1:  # what was to be said one step earlier is what the window before was to say
        np.testing.assert_array_equal(later[-2, 1:], train.targets[:-1])


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("scaler", [*SCALERS, "window"])
def test_corrupt_test_rows_change_nothing_about_training(target, scaler):
    values = walk(200)
    corrupt = values.copy()
    corrupt[160:] = 1e6 * np.random.default_rng(1).random(40) + 1.0
    options = {"lookback": 5, "steps": (1, 2), "target": target, "scaler": scaler}
    clean, spoilt = (make_windows({"a": v, "b": np.sqrt(v)}, **options) for v in (values, corrupt))
    assert clean.encoding == spoilt.encoding
    one, two = clean.train(), spoilt.train()
    assert one.inputs.tobytes() == two.inputs.tobytes()
    assert one.targets.tobytes() == two.targets.tobytes()
    assert clean.outside_training_range(160) != spoilt.outside_training_range(160)
    for origin in range(158, 199):
        poisoned = corrupt.copy()
        poisoned[: origin + 1] = values[: origin + 1]
        inputs, base = make_windows({"a": poisoned, "b": np.sqrt(poisoned)}, **options).windows_at(np.array([origin]))
        seen, known = clean.windows_at(np.array([origin]))
        assert inputs.tobytes() == seen.tobytes()
        assert all(np.array_equal(a, b) for a, b in zip(base, known, strict=True))


def test_minmax_training_values_fill_the_unit_interval():
    read = make_windows(walk(100), lookback=3).train()
    assert (min(read.inputs.min(), read.targets.min()), max(read.inputs.max(), read.targets.max())) == (0.0, 1.0)


def test_the_newest_rows_are_kept_for_the_test():
    series = make_windows(walk(50), lookback=4, test_rows=12)
    assert (series.train_rows, series.test_rows.tolist()) == (38, list(range(38, 50)))
    with pytest.raises(DataError, match="12 rows held out and one training window need at least 17 rows; got 16"):
        make_windows(walk(16), lookback=4, test_rows=12)
    assert make_windows(walk(17), lookback=4, test_rows=12).train().size == 1


def test_all_rows_may_be_for_training():
    values = np.random.default_rng(0).normal(size=30)
    whole = make_windows(values, lookback=4, test_rows=0, scaler="standard")
    followed = make_windows([*values, 9.0, -9.0], lookback=4, test_rows=2, scaler="standard")
    assert (whole.train_rows, len(whole.test_rows)) == (30, 0)
    assert whole.encoding == followed.encoding
    np.testing.assert_array_equal(whole.train().inputs, followed.train().inputs)
    np.testing.assert_array_equal(whole.train().targets, followed.train().targets)
    with pytest.raises(DataError, match="0 rows held out and one training window need at least 5 rows; got 4"):
        make_windows(values[:4], lookback=4, test_rows=0)


def test_predictions_of_many_models_invert_in_one_call():
    series = make_windows(walk(80), lookback=4, target="log_return")
    _, base = series.windows_at(series.test_rows - 1)
    predictions = np.random.default_rng(0).normal(size=(3, len(series.test_rows), 1))
    together = series.encoding.to_values(predictions, base)
    for one, all_at_once in zip(predictions, together, strict=True):
        np.testing.assert_array_equal(series.encoding.to_values(one, base), all_at_once)


def test_a_diverged_prediction_inverts_to_infinity_without_a_warning():
    series = make_windows(walk(80), lookback=4, target="log_return", scaler="none")
    _, base = series.windows_at(np.array([70, 71]))
    values = series.encoding.to_values(np.array([[1e300], [np.nan]]), base)
    assert values[0, 0, 0] == np.inf
    assert np.isnan(values[1, 0, 0])


def test_a_window_may_be_scaled_by_itself():
    """By its own mean and deviation, so that a level that was never seen reads like any other."""
    values = np.concatenate([walk(60), 1e6 + walk(40, 1), np.full(10, 7.0)])
    series = make_windows(values, lookback=6, steps=(1, 4), scaler="window", train_fraction=0.5)
    inputs, base = series.windows_at(np.arange(5, 100))
    seen = np.lib.stride_tricks.sliding_window_view(values, 6)[:95].T
    np.testing.assert_allclose(inputs[..., 0], (seen - seen.mean(axis=0)) / seen.std(axis=0), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(base.offset[:, 0, 1], seen.mean(axis=0), rtol=1e-12)
    flat, flat_base = series.windows_at(np.array([107]))
    assert not flat.any()
    np.testing.assert_array_equal(flat_base.scale[0, 0], series.encoding.outputs["value"][0].scale)
    train = series.train()
    _, known = series.windows_at(train.origins)
    back = series.encoding.to_values(train.targets, known)
    np.testing.assert_allclose(back[:, 0], values[train.origins[:, np.newaxis] + [1, 4]], rtol=1e-12)
    changes = make_windows(values, lookback=6, steps=(1, 4), scaler="window", train_fraction=0.5, target="difference")
    _, moved = changes.windows_at(np.array([50]))
    steps = np.diff(values)[44:50]
    np.testing.assert_allclose(moved.offset[0, 0], steps.mean() * np.array([1, 4]), rtol=1e-12)
    np.testing.assert_allclose(moved.scale[0, 0], steps.std() * np.array([1, 2]), rtol=1e-12)


def test_calendar_features_are_read_after_the_columns():
    days = np.datetime64("2024-01-01") + np.arange(60)  # a Monday
    series = make_windows(walk(60), days, lookback=3, calendar=("weekday", "month"))
    train = series.train()
    assert (series.encoding.features, train.inputs.shape[2]) == (5, 5)
    for n, origin in enumerate(train.origins):
        for t in range(3):
            row = origin - 2 + t
            day, month = 2 * np.pi * (row % 7) / 7, 2 * np.pi * (int(str(days[row])[5:7]) - 1) / 12
            expected = [np.sin(day), np.cos(day), np.sin(month), np.cos(month)]
            np.testing.assert_allclose(train.inputs[t, n, 1:], expected, atol=1e-12)


@pytest.mark.parametrize(("rows", "fraction", "train_rows"), [(2015, 0.8, 1612), (100, 0.29, 29), (9, 0.5, 4)])
def test_train_rows_is_the_floor_of_the_exact_product(rows, fraction, train_rows):
    assert count_train_rows(rows, fraction) == train_rows


@pytest.mark.parametrize("fraction", [0.0, 1.0, float("nan")])
def test_a_fraction_that_leaves_a_part_empty_is_refused(fraction):
    with pytest.raises(ValueError, match="must be in"):
        count_train_rows(10, fraction)


@given(
    lookback=st.integers(1, 30),
    horizon=st.integers(1, 5),
    target=st.sampled_from(TARGETS),
    fraction=st.sampled_from([0.29, 0.5, 0.8, 0.95]),
)
def test_too_few_rows_names_exactly_how_many_are_needed(lookback, horizon, target, fraction):
    options = {"lookback": lookback, "steps": (horizon,), "target": target, "train_fraction": fraction}
    with pytest.raises(DataError, match="need at least") as caught:
        make_windows(walk(2), **options)
    needed = int(str(caught.value).split("at least ")[1].split()[0])
    with pytest.raises(DataError):
        make_windows(walk(needed - 1), **options)
    enough = make_windows(walk(needed), **options)
    assert enough.train().size >= 1
    assert len(enough.test_rows) >= 1


def test_log_returns_refuse_values_that_are_not_positive():
    values = walk(50)
    values[[7, 9]] = -1.0
    dates = np.datetime64("2020-01-01") + np.arange(50)
    with pytest.raises(DataError, match=r"positive values; got -1.0 in row 8 \(2020-01-08\), and 1 more"):
        make_windows(values, dates, lookback=3, target="log_return")
    assert make_windows(values, dates, lookback=3, target="difference").train().size > 0


def test_a_value_that_is_not_finite_is_refused_with_its_row():
    values = walk(50)
    values[4] = np.nan
    with pytest.raises(DataError, match="must be finite; got nan in row 5"):
        make_windows(values, lookback=3)


def test_values_that_leave_the_floats_when_they_are_scaled_are_refused_by_row():
    """No warning of NumPy's is let through: they are errors in this suite."""
    values = np.array([*(1e-300 * np.arange(1, 31)), 1e150, 1.0])
    with pytest.raises(DataError, match=r"Every scaled value must fit a float; got 1e\+150 in row 31"):
        make_windows(values, lookback=3, target="price", scaler="minmax")


@pytest.mark.parametrize(
    ("stamps", "feature", "message"),
    [
        (np.datetime64("2024-01-01") + np.arange(60), "hour", "names the hour, and the times of the series have none"),
        (np.arange(60), "weekday", "names the weekday, and the rows of the series are numbered, not dated"),
    ],
)
def test_a_feature_that_the_times_have_not_is_refused(stamps, feature, message):
    with pytest.raises(DataError, match=message) as caught:
        make_windows(walk(60), stamps, lookback=3, calendar=(feature,))
    assert "data.calendar" in (caught.value.hint or "")


@pytest.mark.parametrize(("lookback", "offered"), [(30, True), (80, False)])
def test_a_larger_fraction_is_offered_where_it_can_help(lookback, offered):
    with pytest.raises(DataError, match="need at least") as caught:
        make_windows(walk(60), lookback=lookback, train_fraction=0.5)
    assert ("a larger train_fraction" in (caught.value.hint or "")) == offered
