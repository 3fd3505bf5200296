"""`Repeat` on long horizons against plain loops over standardized columns, windows, steps and batches."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnlab.errors import DataError
from rnnlab.forecasting.long_horizon import BY_FRACTION, ETT_HOURLY, ETT_MINUTES, score_repeat

SHARES = (0.7, 0.1, 0.2)


def walk(rows, columns=3, seed=0):
    return np.random.default_rng(seed).normal(size=(rows, columns)).cumsum(axis=0) + 5


def plain(rows, train, first, end, horizon, batch_size):
    """(windows, MSE, MAE) twice: of all windows of rows first..end-1, and of those in full batches; lists and loops."""
    columns = list(zip(*rows, strict=True))
    scaled = []
    for column in columns:
        known = column[:train]
        mean = math.fsum(known) / train
        spread = math.sqrt(math.fsum((one - mean) ** 2 for one in known) / train)
        scaled.append([(one - mean) / (spread or 1.0) for one in column])
    batches, batch = [], []
    for start in range(first, end - horizon + 1):
        batch.append([[column[start + step] - column[start - 1] for column in scaled] for step in range(horizon)])
        if len(batch) == batch_size:
            batches.append(batch)
            batch = []
    found = []
    for group in ([*batches, batch], batches):
        errors = [error for one in group for window in one for step in window for error in step]
        windows = sum(map(len, group))
        found += [windows]
        found += (
            [math.fsum(e * e for e in errors) / len(errors), math.fsum(map(abs, errors)) / len(errors)]
            if errors
            else [math.nan] * 2
        )
    return found


def flat(scores):
    return [
        number
        for score in (scores.all_windows, scores.full_batches)
        for number in (score.windows, score.mse, score.mae)
    ]


@settings(deadline=None, max_examples=60)
@given(
    rows=st.integers(20, 90),
    horizon=st.integers(1, 4),
    batch_size=st.integers(1, 9),
    columns=st.integers(1, 3),
    seed=st.integers(0, 99),
)
def test_both_figures_are_those_of_plain_loops(rows, horizon, batch_size, columns, seed):
    values = walk(rows, columns, seed)
    train, test = int(rows * 0.7), int(rows * 0.2)
    found = score_repeat(values, horizon=horizon, lookback=3, batch_size=batch_size)
    wanted = plain(values.tolist(), train, rows - test, rows, horizon, batch_size)
    assert flat(found) == pytest.approx(wanted, rel=1e-11, nan_ok=True)


def test_a_split_into_rows_leaves_the_rest_out():
    values = walk(100)
    found = score_repeat(values, horizon=5, lookback=10, split=(40, 20, 30), batch_size=8)
    assert flat(found) == pytest.approx(plain(values.tolist(), 40, 60, 90, 5, 8), rel=1e-11)
    assert found.all_windows.windows == 26
    assert found.full_batches.windows == 24
    assert found == score_repeat(values[:90], horizon=5, lookback=10, split=(40, 20, 30), batch_size=8)


@pytest.mark.parametrize(
    ("rows", "split", "horizon", "windows", "kept"),
    [
        (7588, BY_FRACTION, 720, 798, 768),  # exchange_rate: the 798 windows of which 30 are dropped
        (7588, BY_FRACTION, 96, 1422, 1408),
        (17420, ETT_HOURLY, 720, 2161, 2144),  # ETTh1
        (69680, ETT_MINUTES, 96, 11425, 11424),  # ETTm1
    ],
)
def test_the_windows_of_the_known_files(rows, split, horizon, windows, kept):
    """A line with the slope 1/s per row in standardized units: e = k/s at step k, so that both means are known."""
    line = np.arange(rows, dtype=float)[:, None]
    found = score_repeat(line, horizon=horizon, split=split)
    train = 8640 if split is ETT_HOURLY else 34560 if split is ETT_MINUTES else int(rows * 0.7)
    spread = math.sqrt((train**2 - 1) / 12)
    mse = (horizon + 1) * (2 * horizon + 1) / 6 / spread**2
    mae = (horizon + 1) / 2 / spread
    assert flat(found) == pytest.approx([windows, mse, mae, kept, mse, mae], rel=1e-11)


def test_dropping_the_last_batch_drops_the_newest_windows():
    values = np.zeros((100, 1))
    values[:70, 0] = [-1, 1] * 35  # standardized: mean 0, deviation 1
    values[99] = 2.0  # seen by the last window alone
    found = score_repeat(values, horizon=1, lookback=1, batch_size=6)
    assert flat(found) == pytest.approx([20, 4 / 20, 2 / 20, 18, 0, 0], rel=1e-12)
    assert score_repeat(values, horizon=1, lookback=1, batch_size=5).full_batches == found.all_windows
    none = score_repeat(values, horizon=1, lookback=1, batch_size=21).full_batches
    assert (none.windows, math.isnan(none.mse), math.isnan(none.mae)) == (0, True, True)


@pytest.mark.parametrize("exponent", [-1000, -300, 300, 900, 1000])
def test_the_unit_of_the_values_makes_no_difference(exponent):
    values = walk(60)
    plainly = score_repeat(values, horizon=4, lookback=2, batch_size=2)
    found = score_repeat(np.ldexp(values, exponent), horizon=4, lookback=2, batch_size=2)
    assert flat(found) == pytest.approx(flat(plainly), rel=1e-12)


def test_a_test_that_leaves_the_training_rows_far_behind_does_not_overflow():
    values = walk(50)
    values[-1] = 1e150
    spread = values[:35].std(axis=0)
    found = score_repeat(values, horizon=1, lookback=1, batch_size=3)
    assert found.all_windows.mae == pytest.approx(np.mean(1e150 / spread) / 10, rel=1e-12)
    assert found.all_windows.mse == pytest.approx(np.mean((1e150 / spread) ** 2) / 10, rel=1e-12)
    assert found.full_batches.mse < 10


def test_a_constant_column_is_not_divided():
    values = walk(50, 2)
    values[:, 1] = 3.0
    values[45:, 1] = 3.5
    found = score_repeat(values, horizon=2, lookback=1, batch_size=4)
    assert flat(found) == pytest.approx(plain(values.tolist(), 35, 40, 50, 2, 4), rel=1e-11)


HEADER = "date,0,1,OT"


def rows_of(values, times=True, header=HEADER):
    lines = [",".join(map(repr, row)) for row in values.tolist()]
    if times:
        lines = [f"2016-07-01 {i % 24:02d}:00:00,{line}" for i, line in enumerate(lines)]
    return "\n".join([*([header] if header else []), *lines]) + "\n"


@pytest.mark.parametrize(
    "write",
    [
        lambda values: rows_of(values),
        lambda values: rows_of(values, header=None),
        lambda values: rows_of(values, times=False, header=None),
        lambda values: rows_of(values, times=False, header="a,b,OT"),
        lambda values: (
            "date,a,b,OT\n"
            + "".join(f"{20160701 + i},{','.join(map(repr, row))}\n" for i, row in enumerate(values.tolist()))
        ),
    ],
    ids=["times and header", "times", "bare", "header", "times as numbers"],
)
def test_a_file_is_read_with_or_without_times_and_header(tmp_path, write):
    values = walk(40)
    (tmp_path / "file.csv").write_text(write(values))
    found = score_repeat(tmp_path / "file.csv", horizon=2, lookback=4, batch_size=3)
    assert found == score_repeat(values, horizon=2, lookback=4, batch_size=3)
    assert found == score_repeat(str(tmp_path / "file.csv"), horizon=2, lookback=4, batch_size=3)
    assert found.all_windows.windows == 7


def test_a_compressed_file_is_read(tmp_path):
    import gzip

    values = walk(40)
    (tmp_path / "file.txt.gz").write_bytes(gzip.compress(rows_of(values, times=False, header=None).encode()))
    found = score_repeat(tmp_path / "file.txt.gz", horizon=2, lookback=4, batch_size=3)
    assert found == score_repeat(values, horizon=2, lookback=4, batch_size=3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"file.csv: cannot be read as CSV: No such file or directory."),
        ("", r"file.csv: cannot be read as CSV: No columns"),
        ("date,OT\n", r"file.csv: must have rows of numbers."),
        (
            "date,a,OT\n2016,1,2\n2017,,3\n",
            r"file.csv: every value must be a finite number; row 2 has none in column 1",
        ),
        ("1,2\n3,inf\n", r"file.csv: every value must be a finite number; row 2 has none in column 2"),
        ("nan,2\n3,4\n", r"file.csv: every value must be a finite number; row 1 has none in column 1"),
        ("1,2\n3,4,5,6\n", r"file.csv: cannot be read as CSV: Error tokenizing"),
    ],
)
def test_a_file_without_numbers_is_an_error(tmp_path, content, message):
    if content is not None:
        (tmp_path / "file.csv").write_text(content)
    with pytest.raises(DataError, match=message):
        score_repeat(tmp_path / "file.csv", horizon=1)


@pytest.mark.parametrize("name", ["horizon", "lookback", "batch_size"])
def test_a_size_below_1_is_an_error(name):
    with pytest.raises(ValueError, match=f"The '{name}' must be at least 1; got 0"):
        score_repeat(walk(50), **{"horizon": 1, name: 0})


@pytest.mark.parametrize("split", [(0.7, 0.2, 0.2), (-0.1, 0.9, 0.2), (40, 20, -1), (40, 20, 41)])
def test_a_split_that_is_none_is_an_error(split):
    with pytest.raises(ValueError, match="'split'"):
        score_repeat(walk(100), horizon=1, split=split)


@pytest.mark.parametrize(
    "options",
    [{"horizon": 21}, {"horizon": 1, "lookback": 81}, {"horizon": 1, "split": (0, 90, 10)}],
)
def test_too_few_rows_are_an_error(options):
    with pytest.raises(DataError, match="One window of"):
        score_repeat(walk(100), **{"lookback": 5, **options})
    assert score_repeat(walk(100), horizon=20, lookback=80).all_windows.windows == 1


def test_values_must_be_a_table():
    with pytest.raises(ValueError, match=r"shape \(rows, columns\); got \(5,\)"):
        score_repeat(np.arange(5.0), horizon=1)
    with pytest.raises(DataError, match="row 3 has none in column 2"):
        score_repeat([[1, 2], [3, 4], [5, math.nan]], horizon=1)
