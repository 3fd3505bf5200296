"""Where two tables begin to differ."""

import pytest

from rnnlab.experiments.comparison.table_differences import table_difference

HEADER = "seed,update,total,clip_scale,layer0.W_hh"


def difference(tmp_path, a, b, name="gradient_norms.csv", header=HEADER):
    for side, rows in (("a", a), ("b", b)):
        (tmp_path / side).mkdir(exist_ok=True)
        (tmp_path / side / name).write_text("\n".join([header, *rows]) + "\n")
    warnings = []
    found = table_difference(tmp_path / "a", tmp_path / "b", name, warnings)
    assert warnings == []
    return found


def test_the_first_row_by_time_is_found_whatever_the_order_of_the_rows(tmp_path):
    a = ["0,2,5,1,1", "1,2,5,1,1", "0,1,5,1,1", "1,1,5,1,1"]
    b = ["0,1,5,1,1", "1,1,5,1,1", "0,2,5,1,1", "1,2,4,1,2", "1,3,4,1,1"]
    found = difference(tmp_path, a, b)
    assert (found.rows, found.only_a, found.only_b) == (4, 0, 1)
    first = found.first
    assert (first.place, first.column, first.a, first.b, first.columns) == ({"update": 2, "seed": 1}, "total", 5, 4, 2)
    assert first.relative == pytest.approx(0.2)
    assert not found.before_any_update


def test_equal_tables_have_none_and_empty_cells_are_equal(tmp_path):
    found = difference(tmp_path, ["0,1,,1,1"], ["0,1,,1,1"])
    assert (found.rows, found.first) == (1, None)
    found = difference(tmp_path, ["0,1,,1,1"], ["0,1,2.5,1,1"])
    assert found.first.relative is None


def test_the_clock_and_the_settings_are_no_results(tmp_path):
    header = "seed,epoch,update,train_loss,learning_rate,seconds"
    found = difference(tmp_path, ["0,1,1,0.5,0.1,3"], ["0,2,1,0.5,0.2,4"], "metrics.csv", header)
    assert found.first is None


def test_the_first_gradient_is_that_before_clipping(tmp_path):
    assert difference(tmp_path, ["0,1,5,1,1"], ["0,1,6,1,1"]).before_any_update
    assert not difference(tmp_path, ["0,1,5,1,1"], ["0,1,5,0.5,1"]).before_any_update
    assert not difference(tmp_path, ["0,2,5,1,1"], ["0,2,6,1,1"]).before_any_update


def test_rounding_is_told_from_more(tmp_path):
    assert difference(tmp_path, ["0,1,1,1,1"], ["0,1,1.0000000000000002,1,1"]).first.is_rounding
    assert not difference(tmp_path, ["0,1,1,1,1"], ["0,1,1.000001,1,1"]).first.is_rounding


@pytest.mark.parametrize("values", [("1e308", "-1e308"), ("inf", "1"), ("-inf", "inf"), ("true", "false")])
def test_huge_infinite_and_other_cells_are_compared(tmp_path, values):
    a, b = (f"0,1,{value},1,1" for value in values)
    assert difference(tmp_path, [a], [b]).first.column == "total"


def test_other_seeds_have_no_row_in_common(tmp_path):
    found = difference(tmp_path, ["0,1,5,1,1"], ["1,1,5,1,1"])
    assert (found.rows, found.only_a, found.only_b, found.first) == (0, 1, 1, None)


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", 'x,"', "seed,update\nx,1\n", None])
def test_a_table_that_cannot_be_compared_is_a_warning(tmp_path, content):
    difference(tmp_path, ["0,1,5,1,1"], ["0,1,5,1,1"])
    path = tmp_path / "b" / "gradient_norms.csv"
    path.unlink() if content is None else path.write_text(content)
    warnings = []
    assert table_difference(tmp_path / "a", tmp_path / "b", path.name, warnings) is None
    assert len(warnings) == 1
    assert warnings[0].startswith("B: ")
