"""Nested values, entry by entry."""

import pytest

from rnnlab.experiments.comparison.differences import MISSING, config_of, differences


def keys(*values):
    return {one.key: one.values for one in differences(values)}


def test_equal_values_have_no_differences():
    assert keys({"a": {"b": [1, None]}}, {"a": {"b": [1, None]}}) == {}


def test_mappings_are_entered_and_everything_else_is_a_whole():
    a, b = {"a": {"b": 1, "c": [1, 2]}, "d": None}, {"a": {"b": 2, "c": [1]}, "d": {"e": 1}}
    assert keys(a, b) == {"a.b": (1, 2), "a.c": ([1, 2], [1]), "d": (None, {"e": 1})}


def test_what_one_alone_has_is_missing_in_the_other_and_no_choice():
    found = differences([{"clip": {"kind": "none"}}, {"clip": {"kind": "norm", "threshold": 5.0}}])
    assert [(one.key, one.values, one.is_choice) for one in found] == [
        ("clip.kind", ("none", "norm"), True),
        ("clip.threshold", (MISSING, 5.0), False),
    ]
    assert found[1].shown == ["–", "5.0"]


def test_a_key_that_two_of_three_have_differently_is_a_choice():
    found = differences([{"t": 1}, {}, {"t": 2}])
    assert [(one.values, one.is_choice) for one in found] == [((1, MISSING, 2), True)]


def test_lists_of_mappings_are_entered_by_their_places():
    assert keys({"blas": [{"threads": 1}]}, {"blas": [{"threads": 2}]}) == {"blas.0.threads": (1, 2)}
    assert keys({"blas": [{"t": 1}]}, {"blas": [{"t": 1}, {"t": 1}]}).keys() == {"blas"}
    assert keys({"blas": []}, {"blas": [{"t": 1}]}).keys() == {"blas"}


@pytest.mark.parametrize("content", [None, "{", "[1, 2]", "", "a: &x [*x]"])
def test_a_config_that_cannot_be_read_is_none(tmp_path, content):
    if content is not None:
        (tmp_path / "config.yaml").write_text(content)
    assert config_of(tmp_path) is None
