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
    assert (series.train_rows, series.test.size) == (train_rows, test_rows)
    error = series.test.anchors - series.test.actual
    assert np.sqrt(np.mean(error**2)) == pytest.approx(rmse, abs=5e-4)
    assert np.abs(error).mean() == pytest.approx(mae, abs=5e-4)


def test_most_test_rows_of_aapl_leave_the_training_range():
    values = closes("AAPL")
    above = np.mean(values[1612:] > values[:1612].max())
    share = make_windows(values, lookback=20).share_outside_training_range()
    assert share == above
    assert share == pytest.approx(0.83, abs=0.005)
    assert make_windows(values, lookback=20, target="log_return").share_outside_training_range() < 0.01


@given(
    rows=st.integers(30, 80),
    lookback=st.integers(1, 6),
    horizon=st.integers(1, 4),
    target=st.sampled_from(TARGETS),
    scaler=st.sampled_from(["minmax", "standard", "none"]),
)
def test_every_window_is_what_the_definition_says(rows, lookback, horizon, target, scaler):
    values = walk(rows)
    dates = np.datetime64("2020-01-01") + np.arange(rows)
    series = make_windows(
        values, dates, lookback=lookback, horizon=horizon, target=target, train_fraction=0.7, scaler=scaler
    )
    change = np.diff(np.log(values) if target == "log_return" else values, prepend=np.nan)
    step = values if target == "price" else change
    for windows in (series.train, series.test):
        assert windows.inputs.shape == (lookback, windows.size, 1)
        assert windows.targets.shape == (windows.size, 1)
        for n, row in enumerate(windows.rows):
            last = row - horizon
            unscaled = series.encoding.inputs.inverse(windows.inputs[:, n, 0])
            np.testing.assert_allclose(unscaled, step[last - lookback + 1 : last + 1], rtol=1e-9, atol=1e-9)
            assert windows.anchors[n] == values[last]
            assert windows.actual[n] == values[row]
            assert windows.stamps[n] == dates[row]
        back = series.encoding.to_values(windows.targets[:, 0], windows.anchors)
        np.testing.assert_allclose(back, windows.actual, rtol=1e-12)
    first = lookback + horizon - (target == "price")
    np.testing.assert_array_equal(series.train.rows, np.arange(first, series.train_rows))
    np.testing.assert_array_equal(series.test.rows, np.arange(series.train_rows, rows))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("scaler", ["minmax", "standard", "none"])
def test_corrupt_test_rows_change_nothing_about_training(target, scaler):
    values = walk(200)
    corrupt = values.copy()
    corrupt[160:] = 1e6 * np.random.default_rng(1).random(40) + 1.0
    clean, spoilt = (make_windows(v, lookback=5, horizon=2, target=target, scaler=scaler) for v in (values, corrupt))
    assert clean.encoding == spoilt.encoding
    assert clean.train.inputs.tobytes() == spoilt.train.inputs.tobytes()
    assert clean.train.targets.tobytes() == spoilt.train.targets.tobytes()
    assert clean.test.targets.tobytes() != spoilt.test.targets.tobytes()


def test_minmax_training_values_fill_the_unit_interval():
    series = make_windows(walk(100), lookback=3)
    read = series.encoding.encode_inputs(series.training_values)
    assert (read.min(), read.max()) == (0.0, 1.0)


def test_windows_share_the_memory_of_the_series():
    series = make_windows(walk(5_000), lookback=500)
    assert np.shares_memory(series.train.inputs, series.test.inputs)
    assert series.train.inputs.strides[0] == series.train.inputs.strides[1] == 8
    assert not series.train.inputs.flags.writeable


def test_part_holds_out_the_tail_in_the_order_of_time():
    train = make_windows(walk(60), lookback=4).train
    fit, held_out = train.part(0, 30), train.part(30, train.size)
    assert fit.size + held_out.size == train.size
    assert fit.rows[-1] < held_out.rows[0]
    np.testing.assert_array_equal(held_out.inputs, train.inputs[:, 30:])
    assert fit.stamps is None


def test_the_last_window_of_all_reaches_the_last_row():
    values = walk(50)
    for target in TARGETS:
        encoding = make_windows(values, lookback=4, target=target).encoding
        windows = encoding.windows_of(values, 4)
        np.testing.assert_array_equal(windows[:, -1, 0], encoding.encode_inputs(values)[-4:])


def test_predictions_of_many_models_invert_in_one_call():
    series = make_windows(walk(80), lookback=4, target="log_return")
    predictions = np.random.default_rng(0).normal(size=(3, series.test.size))
    together = series.encoding.to_values(predictions, series.test.anchors)
    for one, all_at_once in zip(predictions, together, strict=True):
        np.testing.assert_array_equal(series.encoding.to_values(one, series.test.anchors), all_at_once)


def test_a_diverged_prediction_inverts_to_infinity_without_a_warning():
    series = make_windows(walk(80), lookback=4, target="log_return", scaler="none")
    values = series.encoding.to_values(np.array([1e300, np.nan]), np.array([1.0, 1.0]))
    assert values[0] == np.inf
    assert np.isnan(values[1])


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
    options = {"lookback": lookback, "horizon": horizon, "target": target, "train_fraction": fraction}
    with pytest.raises(DataError, match="need at least") as caught:
        make_windows(walk(2), **options)
    needed = int(str(caught.value).split("at least ")[1].split()[0])
    with pytest.raises(DataError):
        make_windows(walk(needed - 1), **options)
    enough = make_windows(walk(needed), **options)
    assert enough.train.size >= 1
    assert enough.test.size >= 1


def test_log_returns_refuse_values_that_are_not_positive():
    values = walk(50)
    values[[7, 9]] = -1.0
    dates = np.datetime64("2020-01-01") + np.arange(50)
    with pytest.raises(DataError, match=r"positive values; got -1.0 in row 8 \(2020-01-08\), and 1 more"):
        make_windows(values, dates, lookback=3, target="log_return")
    assert make_windows(values, dates, lookback=3, target="difference").train.size > 0


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
