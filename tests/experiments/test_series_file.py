"""The settings that are chosen for a file: what they are, that they can be trained, and what is refused."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from rnnlab.config import dump, load
from rnnlab.errors import ConfigError, DataError
from rnnlab.experiments.series_file import FEWEST_ROWS, config_of_file
from rnnlab.tasks.forecast.loading import load_series
from rnnlab.tasks.task import build_task

RNG = np.random.default_rng(0)
NOISE = RNG.normal(size=3000)


def times(kind, rows):
    start = date(2001, 1, 1)  # a Monday
    if kind == "days":
        return [start + timedelta(days=k) for k in range(rows)]
    if kind == "business days":
        return np.busday_offset("2001-01-01", np.arange(rows)).tolist()
    if kind == "hours":
        return [f"{start + timedelta(days=k // 24)} {k % 24:02d}:00" for k in range(rows)]
    step, form = {"months": (1, "{}-{:02d}"), "quarters": (3, "{}-{:02d}"), "years": (12, "{}")}[kind]
    return [form.format(2001 + step * k // 12, step * k % 12 + 1) for k in range(rows)]


@pytest.fixture
def write(tmp_path):
    def to(kind, values, name="sales.csv"):
        path = tmp_path / name
        cells = ["" if np.isnan(value) else repr(float(value)) for value in values]
        rows = [f"{time},{cell}\n" for time, cell in zip(times(kind, len(cells)), cells, strict=True)]
        path.write_text("date,value\n" + "".join(rows))
        return path

    return to


@pytest.mark.parametrize(
    ("kind", "rows", "lookback", "calendar"),
    [
        ("months", 150, 13, ["month"]),
        ("quarters", 150, 13, ["month"]),
        ("days", 200, 15, ["weekday"]),
        ("business days", 300, 16, ["weekday"]),
        ("hours", 300, 25, ["weekday", "hour"]),
        ("years", 150, 20, []),
        ("months", 40, 6, []),  # a quarter of the training rows; too few windows for more inputs
    ],
)
def test_windows_hold_a_season_of_the_calendar(write, kind, rows, lookback, calendar):
    data = config_of_file(write(kind, 50 + np.cumsum(NOISE[:rows]))).data
    assert (data.lookback, data.calendar) == (lookback, calendar)


@pytest.mark.parametrize(
    ("values", "target"),
    [
        (100 * np.exp(0.01 * np.cumsum(NOISE[:500])), "log_return"),
        (np.cumsum(NOISE[:500]), "difference"),
        (np.cumsum(NOISE[:500]) - 1000, "difference"),
        (50 + NOISE[:500], "price"),
        (50 + NOISE[:60], "price"),
        (50 + 0.1 * np.arange(500) + NOISE[:500], "log_return"),  # about a line: each value is far from the mean
        # The test does not see in 40 rows that the level moves, but the last value forecasts better than the mean.
        (50 + np.cumsum(NOISE[:40]), "log_return"),
        (np.full(100, 7.0), "price"),
        (1e300 * (1 + 0.1 * NOISE[:500]), "price"),
        (1e-300 * np.exp(0.01 * np.cumsum(NOISE[:500])), "log_return"),
    ],
)
def test_what_is_forecast_follows_from_the_level(write, values, target):
    assert config_of_file(write("days", values)).data.target == target


@pytest.mark.parametrize(
    ("rows", "asked", "test_rows"),
    [
        (150, {}, None),  # a fifth is enough for 9 errors 12 steps ahead
        (150, {"level": 0.95}, 30),  # 19 of them: 19 + 11
        (80, {"steps": 1}, None),
        (80, {"steps": 15}, 23),  # 9 + 14
        (40, {}, 13),  # a third, at most
    ],
)
def test_as_many_rows_are_held_out_as_the_intervals_need(write, rows, asked, test_rows):
    data = config_of_file(write("months", 50 + NOISE[:rows]), **asked).data
    assert (data.test_rows, data.train_fraction) == (test_rows if test_rows != rows - 4 * rows // 5 else None, 0.8)


def test_fewer_windows_get_fewer_updates_in_an_epoch_and_a_larger_share_to_stop_by(write):
    few, many = (config_of_file(write("days", np.cumsum(NOISE[:rows]))).training for rows in (40, 3000))
    assert (few.batch_size, few.epochs, few.early_stopping.validation_fraction) == (8, 200, 0.2)
    assert (many.batch_size, many.early_stopping.validation_fraction) == (64, 0.1)
    assert 1400 <= many.epochs * -(-(2400 - 15) // 64) <= 1500


@pytest.mark.parametrize("rows", [FEWEST_ROWS, 27, 41, 64, 150, 1000])
@pytest.mark.parametrize("kind", ["months", "days", "years", "hours"])
def test_what_is_chosen_can_be_trained_and_is_repeated_by_its_config(write, tmp_path, rows, kind):
    config = config_of_file(write(kind, 50 + NOISE[:rows] + np.sin(np.arange(rows))))
    task = build_task(config)
    assert task.sequences.sequences >= 5
    assert task.held_out >= 4
    (tmp_path / "config.yaml").write_text(dump(config))
    assert load(tmp_path / "config.yaml") == config


@pytest.mark.parametrize("rows", [2, 19])
def test_too_few_rows_are_refused_with_the_number_needed(write, rows):
    with pytest.raises(DataError, match=rf"sales.csv: a forecast needs at least 20 rows; got {rows}\.$"):
        config_of_file(write("days", NOISE[:rows]))


def test_missing_values_and_rows_are_filled_but_not_where_they_are_many(write):
    whole = write("days", 50 + NOISE[:100]).read_text().splitlines(keepends=True)
    path = write("days", np.where(np.arange(100) % 50 == 10, np.nan, 50 + NOISE[:100]))
    gaps = path.read_text().splitlines(keepends=True)
    assert build_task(config_of_file(path)).record["filled_rows"] == 2
    for lines, missing, rows in [
        (gaps, "interpolate", 100),
        (whole, "interpolate", 100),
        ([*whole[:20], *whole[25:]], "interpolate", 100),
        ([*whole[:20], *whole[40:]], "drop", 80),
        ([*gaps[:20], *gaps[40:]], "drop", 78),
    ]:
        path.write_text("".join(lines))
        config = config_of_file(path)
        assert (config.data.missing, build_task(config).record["rows"]) == (missing, rows)


def test_several_columns_are_asked_about(tmp_path):
    path = tmp_path / "two.csv"
    path.write_text("date,a,b\n" + "".join(f"{day},{k},{k * k % 7}\n" for k, day in enumerate(times("days", 60))))
    with pytest.raises(DataError, match="more than one column could hold the values; name one") as caught:
        config_of_file(path)
    assert "--column" in str(caught.value.hint)
    assert config_of_file(path, column="b").data.value_column == "b"


def test_settings_seeds_and_name_are_taken_over(write):
    path = write("days", NOISE[:100], name="a b!.csv")
    config = config_of_file(path)
    assert (config.name, config.seeds) == ("a-b", [0, 1, 2, 3, 4])
    config = config_of_file(path, overrides=["model.cell=gru", "data.lookback=3"], seeds="7,9", name="mine")
    assert (config.name, config.seeds, config.model.cell.kind, config.data.lookback) == ("mine", [7, 9], "gru", 3)
    with pytest.raises(ConfigError, match=r"model\.hiden: no such key") as caught:
        config_of_file(path, overrides=["model.hiden=3"])
    assert "--set model.hiden=3" in str(caught.value)


def test_settings_about_the_reading_hold_from_the_first_reading_on(tmp_path):
    path = tmp_path / "unclear.csv"
    days = [date(2001, 1, 1) + timedelta(days=31 * k) for k in range(40)]
    rows = [f"01/{k % 12 + 1:02d}/{2001 + k // 12};1,{100 + k};9,{500 - k};{day}\n" for k, day in enumerate(days)]
    path.write_text("day;north;south;seen\n" + "".join(rows))
    with pytest.raises(DataError, match="more than one column could hold the values"):
        config_of_file(path)
    with pytest.raises(DataError, match="could be"):
        config_of_file(path, column="south")
    said = ["data.value_column=south", "data.date_format=DD/MM/YYYY", "data.decimal=comma", "data.start=2001-05-01"]
    config: Any = config_of_file(path, overrides=[*said, "training.epochs=3"])
    task = build_task(config)
    assert (task.record["rows"], task.record["first"], task.record["frequency"]) == (36, "2001-05-01", "monthly")
    assert load_series(config.data).values[0] == 9.496
    assert config.training.epochs == 3
    strict: Any = config_of_file(path, overrides=[said[0], said[2], "data.missing=error", "data.date_column=seen"])
    assert (strict.data.missing, strict.data.date_column) == ("error", "seen")


def test_changes_that_a_logarithm_would_round_away_are_differences(write):
    walk = np.cumsum(NOISE[:500])
    assert config_of_file(write("days", 1e17 + 100 * walk)).data.target == "difference"
    assert config_of_file(write("days", 1e6 + walk)).data.target == "log_return"


def test_steps_that_need_what_is_not_forecast_are_refused_before_the_training(tmp_path):
    path = tmp_path / "two.csv"
    rows = [f"{day},{value},{2 * value}\n" for day, value in zip(times("days", 200), 50 + NOISE, strict=False)]
    path.write_text("date,value,other\n" + "".join(rows))
    words = ["data.inputs=[value, other]"]
    with pytest.raises(DataError, match="forecasts 1 row ahead; 5 would need what other will be") as refused:
        config_of_file(path, column="value", steps=5, overrides=words)
    assert refused.value.hint == "Ask for 1, or give --set data.horizon=5 --set data.strategy=direct."
    config_of_file(path, column="value", steps=1, overrides=words)
    config_of_file(path, column="value", steps=5, overrides=[*words, "data.outputs=[value, other]"])
    config_of_file(path, column="value", steps=5, overrides=[*words, "data.horizon=5", "data.strategy=direct"])


def test_values_that_a_baseline_could_carry_beyond_the_largest_float_are_refused(write):
    with pytest.raises(DataError, match=r"at most 1e\+305 in size; got 1.7e\+308 in 'value'") as refused:
        config_of_file(write("days", np.where(np.arange(60) == 5, -1.7e308, 1.0)))
    assert refused.value.hint == "Divide them by a power of ten."
    config_of_file(write("days", 1e304 * np.cos(np.arange(60))))
