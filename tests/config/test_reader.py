"""YAML 1.2: what a plain word means, and where each value stands."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnlab.config.locations import SourceText, find
from rnnlab.config.reader import read
from rnnlab.config.scalars import ScalarError, value_of
from rnnlab.config.sources import lines_of


def tree_of(text):
    document = read(text, SourceText("c.yaml", lines_of(text), Path()))
    assert document.problems == []
    return document.tree


@pytest.mark.parametrize(
    ("word", "value"),
    [
        # YAML 1.2.2, section 10.3.2, and the words on which YAML 1.1 differs.
        ("1e-3", 1e-3), ("1E3", 1000.0), ("+.5", 0.5), ("5.", 5.0), ("-0.0", -0.0), ("12", 12), ("-7", -7),
        ("+3", 3), ("007", 7), ("0o17", 15), ("0x1F", 31), ("0b1", "0b1"), ("1_000", "1_000"),
        ("190:20:30", "190:20:30"), ("2001-12-14", "2001-12-14"), ("no", "no"), ("on", "on"), ("Yes", "Yes"),
        ("y", "y"), ("true", True), ("False", False), ("TRUE", True), ("tRUE", "tRUE"), ("null", None),
        ("~", None), ("NULL", None), ("nULL", "nULL"), (".inf", math.inf), ("-.INF", -math.inf),
        ("inf", "inf"), ("nan", "nan"), ("0x", "0x"), ("0o8", "0o8"), ("1e", "1e"), (".", "."),
        ("=", "="), ("1.5.2", "1.5.2"),
    ],
)  # fmt: skip
def test_a_plain_word_means_what_yaml_1_2_says(word, value):
    read_value = tree_of(f"key: {word}").plain()["key"]
    assert (type(read_value), read_value) == (type(value), value)


def test_not_a_number_is_a_float():
    assert math.isnan(tree_of("key: .NaN").plain()["key"])


def test_nothing_after_a_colon_is_null():
    assert tree_of("a:\nb:").plain() == {"a": None, "b": None}


def test_quotes_make_a_text_of_anything():
    assert tree_of("[\"1\", '1e3', \"true\", 'null']").plain() == ["1", "1e3", "true", "null"]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_text_as_json_writes_it_is_read_to_the_last_character(text):
    assert tree_of(f"key: {json.dumps(text)}").plain() == {"key": text}


@pytest.mark.parametrize("half", [r"\ud83d", r"\ude00", r"\ude00\ud83d"])
def test_half_a_character_has_no_value(half):
    document = read(f'key: "{half}"', SourceText("c.yaml", (f'key: "{half}"',), Path()))
    (problem,) = document.problems
    assert "holds half a character" in problem.message


def test_an_explicit_tag_of_the_core_schema_is_obeyed():
    assert tree_of("[!!str 5, !!float 5, !!int '5']").plain() == ["5", 5.0, 5]


def test_a_tag_that_could_make_an_object_has_no_value():
    with pytest.raises(ScalarError):
        value_of("tag:yaml.org,2002:python/name:os.system", "")


def test_an_alias_repeats_its_anchor():
    tree = tree_of("a: &x {k: 1}\nb: *x\nc: [*x, *x]")
    assert tree.plain() == {"a": {"k": 1}, "b": {"k": 1}, "c": [{"k": 1}, {"k": 1}]}


def test_every_value_knows_its_place():
    node = find(tree_of("a:\n  b: [10, 200]\n"), ("a", "b", "1"))
    assert (node.location.line, node.location.start, node.location.end) == (1, 10, 13)
    key = find(tree_of("a:\n  b: [10, 200]\n"), ("a", "b")).key_location
    assert (key.line, key.start, key.end) == (1, 2, 3)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r", "\x85", "\u2028"])
def test_places_follow_every_kind_of_line_break(newline):
    text = f"a: 1{newline}b: 2"
    node = find(tree_of(text), ("b",))
    assert node.location.source.lines[node.location.line][node.location.start] == "2"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_as_python_writes_it_is_read_to_the_last_bit(number):
    assert tree_of(f"key: {number!r}").plain()["key"] == number
