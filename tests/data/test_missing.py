"""Values that are missing: refused, left out, filled from the past alone."""

from dataclasses import replace

import numpy as np
import pytest

from rnnlab.data.missing import filled, settled, told
from rnnlab.data.series import Series
from rnnlab.data.windows import make_windows
from rnnlab.errors import DataError

NAN = float("nan")


def months(values, start="2000-01", **others):
    stamps = (np.datetime64(start, "M") + np.arange(len(values))).astype("datetime64[D]")
    return Series(
        stamps, {"x": np.array(values), **others}, "x", "file", "", "x", "M", lines=np.arange(2, len(values) + 2)
    )


def test_missing_values_are_refused_with_the_rows_named():
    with pytest.raises(DataError) as caught:
        settled(months([1, NAN, 3, NAN]), "error")
    assert caught.value.message == "x: 2 rows have no number in 'x': 2000-02 on line 3, 2000-04 on line 5."
    assert caught.value.hint == "Say what to do: data.missing (in a config) drop, interpolate or carry_forward."
    with pytest.raises(
        DataError, match=r"6 rows have no number in 'x': 2000-02 on line 3, .*2000-06 on line 7, \.\.\.\."
    ):
        settled(months([1, *[NAN] * 6, 8]), "error")


def test_rows_can_be_left_out_and_a_note_names_them():
    series = settled(months([NAN, 2, NAN, 4]), "drop")
    assert series.values.tolist() == [2, 4]
    assert series.notes == (
        "2 rows (2000-01 on line 2, 2000-03 on line 4) without a value were left out (data.missing: drop)",
    )
    assert (series.calendar.words, told(series)) == ("every 2 months", ())
    with pytest.raises(DataError, match="no row has a value in 'x'"):
        settled(months([NAN, NAN]), "drop")


@pytest.mark.parametrize("how", ["interpolate", "carry_forward"])
def test_the_rows_of_a_hole_are_added(how):
    series = months([1.0, 2, 3, 4, 5, 6, 7, 8])
    cut = series.where(np.array([0, 1, 4, 5, 6, 7]))
    assert told(cut) == ("the monthly calendar lacks 2 rows between 2000-02 and 2000-05",)
    whole = settled(cut, how)
    np.testing.assert_array_equal(whole.stamps, series.stamps)
    np.testing.assert_array_equal(whole.values, [1, 2, NAN, NAN, 5, 6, 7, 8])
    assert settled(cut, "drop").rows == 6


def test_the_longest_hole_is_told():
    series = months(np.arange(24.0)).where(np.delete(np.arange(24), [3, 10, 11, 12]))
    assert told(series) == (
        "the monthly calendar lacks 4 rows in 2 holes: the first between 2000-03 and 2000-05, the longest (3 rows) "
        "between 2000-10 and 2001-02",
    )


def test_rows_before_the_first_value_are_left_out():
    series = settled(months([NAN, NAN, 3, NAN, 5]), "interpolate")
    assert series.rows == 3
    assert series.notes == ("2 rows before the first value were left out",)


def test_a_gap_is_interpolated_between_its_ends_where_both_were_known():
    values = np.array([1, NAN, NAN, 4, NAN, 8, NAN, 16])
    np.testing.assert_array_equal(filled(values, "interpolate", 8), [1, 2, 3, 4, 6, 8, 12, 16])
    np.testing.assert_array_equal(filled(values, "interpolate", 6), [1, 2, 3, 4, 6, 8, 8, 16])
    np.testing.assert_array_equal(filled(values, "interpolate", 5), [1, 2, 3, 4, 4, 8, 8, 16])
    np.testing.assert_array_equal(filled(values, "carry_forward", 8), [1, 1, 1, 4, 4, 8, 8, 16])
    assert np.isnan(values).sum() == 4


@pytest.mark.parametrize("how", ["interpolate", "carry_forward"])
def test_poisoned_futures_change_no_input_of_the_past(how):
    rng = np.random.default_rng(1)
    values = rng.normal(size=200)
    values[rng.random(200) < 0.2] = NAN
    values[0] = 0.0
    for cut in range(150, 199, 7):
        poisoned = values.copy()
        poisoned[cut:] = np.where(np.isnan(values[cut:]), NAN, 1e9)
        one, two = (make_windows(v, lookback=5, train_fraction=0.7, missing=how) for v in (values, poisoned))
        before = np.arange(140, cut)
        np.testing.assert_array_equal(one.windows_at(before)[0], two.windows_at(before)[0])
        np.testing.assert_array_equal(one.train().inputs, two.train().inputs)
        np.testing.assert_array_equal(one.train().targets, two.train().targets)


def test_rows_that_were_filled_are_neither_learned_nor_scored():
    values = np.arange(20.0)
    values[[4, 8, 17]] = NAN
    options = {"lookback": 3, "train_fraction": 0.7, "scaler": "none"}
    windowed = make_windows(values, missing="carry_forward", **options)
    assert (windowed.train().origins + 1).tolist() == [3, 5, 6, 7, 9, 10, 11, 12, 13]
    windowed = make_windows(values, missing="interpolate", **options)
    # Rows 5 and 9 would be read from what was interpolated up to them.
    assert (windowed.train().origins + 1).tolist() == [3, 6, 7, 10, 11, 12, 13]
    weights = windowed.weights_of_steps()
    assert weights is not None
    origins = windowed.train().origins - np.array([2, 1, 0])[:, np.newaxis]
    np.testing.assert_array_equal(weights, ~np.isin(origins, [3, 4, 7, 8]))
    assert windowed.test_rows.tolist() == [14, 15, 16, 18, 19]
    np.testing.assert_array_equal(windowed.values, np.where(np.arange(20) == 17, 16, np.arange(20)))


def test_one_row_before_the_first_value():
    series = settled(months([NAN, 2, 3]), "carry_forward")
    assert (series.rows, series.notes) == (2, ("1 row before the first value was left out",))
    with pytest.raises(DataError, match="no row has a value in 'x'"):
        settled(months([NAN, NAN]), "carry_forward")


def test_rows_after_the_last_value_are_left_out():
    """What comes next follows the last value, however many rows without one the source has written since."""
    series = settled(months([1, NAN, 3, 4, NAN, NAN]), "interpolate")
    np.testing.assert_array_equal(series.values, [1, NAN, 3, 4])
    assert series.notes == ("2 rows after the last value were left out",)
    whole = months([1, 2, 3])
    beside = replace(whole, columns={**whole.columns, "beside": np.array([1, NAN, NAN])})
    assert settled(beside, "carry_forward").rows == 3
